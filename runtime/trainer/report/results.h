/* results.h: results.json and its logs as structs; shared by the files that make the page, internal.
 *
 * Takes: a directory. Gives: Report, whose texts live as long as it does. Does not: write anything.
 */
#ifndef SEQRT_RESULTS_H
#define SEQRT_RESULTS_H

#include <jansson.h>
#include <stdio.h>

#include "report.h"

typedef struct Curve {   /* a log: a value an epoch, NaN where there is none */
    int count;
    double *train, *valid;
} Curve;

typedef struct Run {
    long long seed;
    const char *error;   /* NULL: it went well */
    double figure, seconds;
    int epochs;
    const char *log;
    const json_t *eval;
    Curve curve;
} Run;

typedef struct Model {
    const char *name, *spec, *text, *build, *error;
    char *label;         /* its name without what all names begin with */
    bool recurrent, keeps_best;
    int colour;          /* index of a series colour; -1: the neutral one */
    double parameters, macs, ram, seconds, epochs;
    double median, min, max;  /* NaN: no run went well */
    int runs_count;
    Run *runs;
} Model;

typedef struct Report {
    const char *dir;
    json_t *root;
    const json_t *task;
    const char *target, *metric, *judged_on;
    bool higher, compare;
    int models_count, ranked_count; /* ranked: those with a figure */
    Model *models;
    Model **ranked;      /* [models_count] best first; those without a figure last */
    const Run *best;     /* NULL: nothing went well */
    const Model *best_model;
    char *title;
} Report;

bool seqrt_results_read(Report *report, const char *dir, SeqrtError *error);
void seqrt_results_free(Report *report);

const char *seqrt_result_text(const json_t *object, const char *key);  /* or NULL */
double seqrt_result_number(const json_t *object, const char *key);     /* or NaN */
/* DIR/path of a file that results.json names; caller frees. */
char *seqrt_results_path(const Report *report, const char *path);
/* The run whose figure is the model's median (or nearest to it), or NULL. */
const Run *seqrt_median_run(const Model *model);

/* ---- CSV, a row at a time: RFC 4180 ---- */
enum { ROW_CELLS = 64 };
typedef struct RowFile {
    FILE *stream;
    char *bytes;         /* of the current row */
    size_t length, capacity;
    int count;
    const char *cells[ROW_CELLS];
} RowFile;
bool seqrt_row_open(RowFile *file, const char *path);
bool seqrt_row_next(RowFile *file);                          /* false: the end */
int seqrt_row_column(const RowFile *header, const char *name); /* -1: there is none */
void seqrt_row_close(RowFile *file);

#endif
