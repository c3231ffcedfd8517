/* plot.h: one plot by gnuplot, as SVG that lives in a page: its colours are the page's, in light and in dark.
 *
 * Takes: a script with numbers and identifiers only, and the texts of its labels. Gives: <svg> on a stream.
 * Does not: decide what is drawn (figures.c).
 *
 * Texts never reach gnuplot: a script writes the label "@3@" and names[3] takes its place afterwards, escaped. Colours
 * are stand-ins too: COLOUR_INK is "#010000", and becomes var(--ink).
 */
#ifndef SEQRT_PLOT_H
#define SEQRT_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#define COLOUR_INK "'#010000'"
#define COLOUR_MUTED "'#010001'"
#define COLOUR_GRID "'#010002'"
/* Series colours, for printf: COLOUR_SERIES with seqrt_plot_colour(i); COLOUR_FAINT the same, half transparent */
#define COLOUR_SERIES "'#0101%02x'"
#define COLOUR_FAINT "'#0102%02x'"
enum { PLOT_COLOURS = 7 };

/* i >= 0: a series, again from the first beyond PLOT_COLOURS; -1: the neutral colour. */
unsigned seqrt_plot_colour(int i);
/* Whether gnuplot can be started. */
bool seqrt_plot_possible(void);

typedef struct Plot {
    FILE *script;
    int width, height;
    const char *alt;           /* for who cannot see it */
    const char *names[64];
    int names_count;
} Plot;

bool seqrt_plot_begin(Plot *plot, int width, int height, const char *alt);
int seqrt_plot_name(Plot *plot, const char *text); /* its number, for "@%d@" */
/* Runs gnuplot, writes the SVG. False: gnuplot failed; nothing was written. Frees the script. */
bool seqrt_plot_end(Plot *plot, FILE *out);

#endif
