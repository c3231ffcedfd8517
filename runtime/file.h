/* file.h: a file is read whole; it is replaced whole or not at all.
 *
 * Takes: a path and bytes. Gives: the file, written beside its place, synced and renamed over it, with the old file's
 * mode; or its bytes. Does not: replace what is no regular file (a terminal, a pipe, /dev/null): those are written to directly.
 */
#ifndef SEQRT_FILE_H
#define SEQRT_FILE_H

#include <stdio.h>

#include "support.h"

/* A file's bytes and a NUL; NULL on error. Grows as bytes arrive, so pipes work and no size is believed; more than `most`
 * bytes are an error. Caller frees. */
char *seqrt_file_bytes(const char *path, size_t most, size_t *bytes, SeqrtError *error);
/* The same, at most 1 GiB. */
char *seqrt_read_file(const char *path, size_t *bytes, SeqrtError *error);

/* Whether two paths, either may be NULL, lead to one regular file: what writes one would write over the other. */
bool seqrt_same_file(const char *a, const char *b);

typedef struct SeqrtReplace {
    FILE *stream;  /* write here; failures are noticed by seqrt_replace_end */
    char *path;    /* what will be replaced, symbolic links followed */
    char *temp;    /* beside it; NULL when `path` is written to directly */
    int keep_mode; /* of the old file; -1: there was none */
} SeqrtReplace;

/* Fills *error with "FILE: what failed: why" when false. */
bool seqrt_replace_begin(SeqrtReplace *r, const char *path, SeqrtError *error);
/* commit false: everything written is thrown away, the old file stays. Frees *r in every case. */
bool seqrt_replace_end(SeqrtReplace *r, bool commit, SeqrtError *error);
/* Whether it could be, before the work that makes what goes into it; nothing is changed. */
bool seqrt_replace_check(const char *path, SeqrtError *error);

#endif
