/* diag.h: errors and warnings with a place. "FILE:LINE:COL: error: TEXT", the line, a caret, then "note: ..." hints. */
#ifndef SEQGEN_DIAG_H
#define SEQGEN_DIAG_H

#include <stdbool.h>

/* Both from 1, columns in characters. line 0: no place, only the file; line -k: column of the k-th setting (--set). */
typedef struct Loc { int line, col; } Loc;

typedef struct Diag {
    const char *path;  /* the spec's, as given */
    const char *text;  /* its text, for the line and the caret; may be NULL */
    int errors;        /* found so far; all but the first hundred are counted only */
    const char *const *settings; /* "KEY=VALUE" as given with --set, for places in them; may be NULL */
    int settings_count;
} Diag;

/* Prints one error to standard error. hint: what is accepted or to do, or NULL. */
void diag_error(Diag *diag, Loc loc, const char *hint, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* "seqgen: warning: PLACE: TEXT" on standard error. */
void diag_warning(const Diag *diag, Loc loc, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The nearest of `count` words by edit distance (at most 2, or a third of the length), or NULL. */
const char *diag_nearest(const char *word, const char *const *words, int count);

#endif
