/* details.h: what `eval --details` wrote: the surest mistakes, and numbers to draw.
 *
 * Takes: the CSV, a row at a time, of any size. Gives: a few rows. Does not: keep the file in memory.
 */
#ifndef SEQRT_DETAILS_H
#define SEQRT_DETAILS_H

#include "figures.h"

enum { MISTAKES = 12, DRAWN_COLUMNS = 8 };

typedef struct Mistake {
    char *text, *should, *is; /* text: of the sequence, or NULL */
    double weight;            /* chance of the wrong class; for numbers the error's size */
    long long row, step;      /* of the file; -1: not given */
} Mistake;

typedef struct Details {
    bool numbers;             /* values or forecasts, not classes */
    int mistakes_count, judged_count;
    Mistake mistakes[MISTAKES]; /* the surest first */
    Judged judged[DRAWN_COLUMNS];
} Details;

/* series: the rows are in time order. False: there is no such file. */
bool seqrt_details_read(Details *details, const char *path, bool series, bool every_step);
void seqrt_details_free(Details *details);

#endif
