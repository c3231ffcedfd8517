/* diag.h: errors with a place. "FILE:LINE:COL: error: TEXT", the line, a caret, then "note: ..." hints. */
#ifndef SEQGEN_DIAG_H
#define SEQGEN_DIAG_H

#include <stdbool.h>

typedef struct Loc { int line, col; } Loc; /* from 1; line 0: no place, only the file */

typedef struct Diag {
    const char *path;  /* the spec's, as given */
    const char *text;  /* its text, for the line and the caret; may be NULL */
    int errors;        /* printed so far */
} Diag;

/* Prints one error to standard error. hint: what is accepted or to do, or NULL. */
void diag_error(Diag *diag, Loc loc, const char *hint, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The nearest of `count` words by edit distance (at most 2, or a third of the length), or NULL. */
const char *diag_nearest(const char *word, const char *const *words, int count);

#endif
