/* figures.h: what is drawn: final figures, learning curves, forecast against truth.
 *
 * Takes: the results. Gives: <svg> on a stream. Does not: write captions (page.c), or know SVG (plot.c).
 * False: gnuplot failed, or there is nothing to draw; nothing was written.
 */
#ifndef SEQRT_FIGURES_H
#define SEQRT_FIGURES_H

#include "results.h"

bool seqrt_figure_final(const Report *report, FILE *out);
bool seqrt_figure_curves(const Report *report, FILE *out);

/* Judged numbers of one target column, as `eval --details` writes them; in time order when `series`. */
typedef struct Judged {
    char column[128];
    bool series;
    int count;            /* at most JUDGED_MAX, the last ones */
    double *should, *is;
} Judged;
enum { JUDGED_MAX = 150, JUDGED_SCATTER = 2000 };
bool seqrt_figure_judged(const Judged *judged, FILE *out);

/* Forecasts of several steps: one column's root mean square error by how far ahead, a line a model. */
bool seqrt_figure_ahead(const Report *report, const char *column, FILE *out);
/* That error of one run, `steps` (1 and up) ahead, in the column's own units; NaN: not judged. */
double seqrt_error_ahead(const Run *run, const char *column, int steps);

/* Whether any run has a validation loss. */
bool seqrt_has_validation(const Report *report);

#endif
