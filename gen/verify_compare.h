/* verify_compare.h: what `seqgen verify` compares, and how far apart numbers may be.
 *
 * Takes: the probe files of the interpreter and of three builds. Gives: lines, one a tensor and one a property.
 * Does not: build, run or print.
 *
 * An error is ||a - b|| / max(||b||, floor), b the interpreter's. The floor keeps a tensor whose true value is zero (a
 * bias before layer_norm) from being judged by its rounding noise: 1e-2 of the gradients' norm for a gradient, 1e-3
 * elsewhere. A wrong small tensor is still caught by the float64 build. The weights after some steps may be as far apart as rounding noise in the gradients puts
 * them (slack in runtime/trainer/check/probe.c), which with Adam is a lot where a gradient is 0 by chance (mae: as many errors up as down).
 */
#ifndef SEQGEN_VERIFY_COMPARE_H
#define SEQGEN_VERIFY_COMPARE_H

#include "safetensors.h"

/* Where numbers come from. OTHER: float32 with the other unrolling. */
enum { FROM_INTERPRETER, FROM_FLOAT64, FROM_FLOAT32, FROM_OTHER, SOURCES };

typedef struct Difference {
    bool used, ok;
    char problem[160];   /* "missing", "not finite"; or "" */
    const char *tensor;  /* where the worst element is */
    double error, bound;
    int rank;
    int64_t worst[SAFE_RANK];
    double found, expected;
} Difference;

typedef struct VerifyLine {
    const char *name;    /* of a tensor, or the property in words */
    bool property;
    Difference by[SOURCES];
} VerifyLine;

typedef struct VerifyLines {
    VerifyLine *lines;
    int count;
} VerifyLines;

/* files[FROM_OTHER] may be NULL (not built). The lines point into the files. */
VerifyLines verify_compare(SafeFile *const files[SOURCES]);
bool verify_line_ok(const VerifyLine *line);
/* The difference to show for a line: the first that is not ok, else the last that is used. */
const Difference *verify_line_worst(const VerifyLine *line);

#endif
