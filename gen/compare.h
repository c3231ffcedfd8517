/* compare.h: what the files of `seqgen compare` share.
 *
 * A candidate is one spec, a trial one candidate with one seed. Everything lies below the output directory:
 *
 *   NAME/trainer, NAME/seed-S.csv, NAME/seed-S.safetensors, NAME/details.csv (of the best), compare.log, results.json,
 *   report.html
 */
#ifndef SEQGEN_COMPARE_H
#define SEQGEN_COMPARE_H

#include <jansson.h>

#include "cli.h"
#include "emit/emit.h"
#include "support/process.h"

typedef struct Trial {
    long long seed;
    char *log, *weights;   /* relative to the output directory */
    char *error;           /* what a failed child said, or NULL */
    double seconds, figure; /* NaN: none */
    int epochs;
    bool done;
    json_t *eval;
} Trial;

typedef struct Candidate {
    const char *path;
    const Spec *spec;
    const Graph *graph;
    Spec *own_spec;        /* of the specs behind the first; NULL: main.c's */
    Graph *own_graph;
    char *name, *text;     /* of the directory, unique; of the spec file */
    char *seed_text;       /* of the first spec, where it cuts the validation part of this one */
    char *trainer;         /* absolute */
    char *data_directory;  /* where its data paths start; NULL: here */
    EmitInfo info;
    char *error;           /* of the build */
    Trial *trials;         /* [seeds] */
} Candidate;

typedef struct Compare {
    const Cli *cli;
    char *directory;       /* absolute */
    const char *shown;     /* as given */
    int seeds, jobs, count;
    Candidate *candidates;
    const char *metric, *judged_on;
    bool higher;
    const Candidate *best; /* NULL: nothing went well */
    const Trial *best_trial;
    bool details;
    char *sample;
    int failed;            /* builds and trials */
    FILE *log;
} Compare;

/* compare_same.c: whether all predict the same on the same data; what differs is an error with its place, or a warning. */
bool compare_same(const Compare *compare);

/* compare_jobs.c: builds, trains and judges all, `jobs` at a time. */
void compare_run(Compare *compare);
/* The best trial once more, with details; a sample of its text. */
void compare_look(Compare *compare);

/* compare_results.c */
typedef struct Summary { double median, min, max, seconds, epochs; int good; } Summary;
Summary compare_summary(const Compare *compare, const Candidate *candidate);
void compare_best(Compare *compare);
json_t *compare_json(const Compare *compare);
void compare_table(const Compare *compare);

#endif
