/* out.h: what the program leaves behind, whole or not at all.
 *
 * Takes: paths and bytes. Gives: the files, each written beside its place, synced and renamed over it.
 * Does not: replace what is no regular file (/dev/null, a pipe): that is written to directly, and gets no companion.
 */
#ifndef SEQGEN_OUT_H
#define SEQGEN_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "seqrt.h"

typedef struct OutFile {
    const char *path;
    const char *bytes;
    size_t count;
} OutFile;

/* All of them are complete on disk before the first takes its place. False: *error, and nothing was replaced. */
bool out_write(const OutFile *files, int count, SeqrtError *error);
/* Puts a copy of the program `from` at `path`, executable. */
bool out_program(const char *from, const char *path, SeqrtError *error);

/* Whether a companion (model.h beside model.c) can stand beside path: false for /dev/null, a pipe, a terminal. */
bool out_has_place(const char *path);
/* "dir/model.c" gives "dir/model.h"; a name that does not end in .c gets .h appended. Caller frees. */
char *out_header_path(const char *path);

#endif
