/* trainer.h: what the commands of seqrt_main share. Internal: nothing outside trainer/ includes it.
 *
 * Takes: seqrt.h and seqrt_data.h. Gives: the options, the model in its memory, blocks of reals, metrics, random batches.
 * Does not: know any arithmetic of a model.
 */
#ifndef SEQRT_TRAINER_H
#define SEQRT_TRAINER_H

#include <math.h>
#include <stdio.h>

#include "seqrt_data.h"
#include "file.h"
#include "weights.h"

/* Exit codes of every command. 130 is train's alone: stopped by SIGINT, checkpoint written. */
enum { EXIT_DONE = 0, EXIT_USAGE = 1, EXIT_DATA = 2, EXIT_MISMATCH = 4, EXIT_SYSTEM = 5, EXIT_INTERRUPTED = 130 };

typedef struct Options {
    const char *data, *valid, *log, *load, *save, *checkpoint, *resume, *prompt, *batch; /* NULL: not given */
    const char *part, *details, *report;
    long epochs, steps, threads, length, rows, top_k;                                           /* -1: not given */
    double lr, temperature;                                                              /* NaN: not given */
    uint64_t seed;                                                                       /* the model's, unless given */
    bool seed_given, no_shuffle, quiet, json, help;
    int texts_count;
    char **texts;
} Options;

/* A model with the block its functions work on. */
typedef struct Trainer {
    const SeqrtModel *model;
    const char *program;  /* for messages: argv[0] */
    Options options;
    void *memory;         /* [model_bytes], 64-byte aligned, after init() */
    struct SeqrtTeam *team; /* --threads; NULL: one thread */
} Trainer;

/* ---- commands: each returns an exit code ---- */
int seqrt_train(Trainer *t);
int seqrt_eval(Trainer *t);
int seqrt_predict(Trainer *t);
int seqrt_sample(Trainer *t);
int seqrt_forecast(Trainer *t);
int seqrt_gradcheck(Trainer *t);
int seqrt_bench(Trainer *t);
int seqrt_info(Trainer *t);
int seqrt_probe(Trainer *t);

/* ---- cli.c ---- */
typedef struct Command {
    const char *name, *arguments, *summary, *examples;
    int (*run)(Trainer *t);
    bool needs_load, takes_texts;
} Command;
const Command *seqrt_command_find(const char *program, const char *name); /* NULL after a message */
void seqrt_help(const char *program);
void seqrt_command_help(const char *program, const Command *command);
/* No file that is written is one of the data; false after a message. */
bool seqrt_outputs_check(const SeqrtTask *task, const Options *options, const char *program);
bool seqrt_options_read(Options *options, const char *program, const Command *command, int argc, char **argv);

/* ---- messages ---- */
int seqrt_stop(const Trainer *t, int code, const SeqrtError *error); /* prints "PROGRAM: text"; returns code */
void seqrt_json_print(void *json);                                    /* a json_t to standard output; frees it */
const char *seqrt_data_path(const Trainer *t);                        /* --data, else test, else train; NULL: none */
/* False, and what to do in *error, where the spec's path leads nowhere from here; `given`: of option --data or --valid, or NULL. */
bool seqrt_data_found(const char *path, const char *given, const char *option, SeqrtError *error);
double seqrt_seconds(void);                                           /* of a clock that never goes back */
const char *seqrt_number_text(double v, char text[32]);               /* 0.4312, 1.2e-07, nan */
static inline double seqrt_shown(double v) { return isnan(v) ? NAN : v; } /* printf shows the sign that a NaN may have */

/* ---- the model's outputs ---- */
/* Reals of the model's output for `rows` rows. */
static inline size_t seqrt_outputs(const SeqrtModel *model, int rows)
{
    return (size_t)rows * (size_t)(model->per_step ? model->T : 1) * (size_t)model->task->outputs;
}

/* Choices a label is one of. */
static inline int seqrt_labels(const SeqrtTask *task)
{
    return task->target == SEQRT_NEXT ? task->vocab_count
         : task->target == SEQRT_CLASS || task->target == SEQRT_TAG ? task->classes_count : 0;
}

/* ---- the model's weights, from a file (the warning, if any, is printed) or from a seed ---- */
bool seqrt_weights_load(Trainer *t, const char *path, SeqrtError *error);
void seqrt_weights_init(Trainer *t, uint64_t seed);

/* ---- checkpoint.c ---- */
typedef struct TrainState {
    uint64_t step, seed;       /* optimiser steps done */
    int epoch, batch, batches; /* the next batch, and how many an epoch has */
    int epochs;                /* the schedule's total */
    bool shuffle;
    double lr;
    SeqrtLoss loss;            /* of the epoch so far */
    double best_loss;          /* on validation; infinite: none yet */
    int stale;                 /* epochs since then */
    void *best;                /* weights block of best_loss */
} TrainState;
bool seqrt_checkpoint_save(const Trainer *t, const TrainState *state, const char *path, SeqrtError *error);
/* Everything the file holds has a place, or false; the warning of another spec, if any, is printed. */
bool seqrt_checkpoint_load(Trainer *t, TrainState *state, const char *path, SeqrtError *error);

/* ---- metrics.c ---- */
enum { METRICS_MAX = 8 };
typedef struct Errors {                /* sums, in the data's own units */
    double squares, absolutes, percents;
    uint64_t values, nonzero;          /* how many, and how many with a target that is not 0 */
} Errors;
typedef struct Metrics {
    SeqrtLoss loss;
    uint64_t count, judged, right;     /* sequences or valid steps; of them judged for accuracy, right */
    int columns, horizon;              /* value, forecast: target columns (else 0), steps of the horizon (else 1) */
    Errors *errors;                    /* [horizon][columns] */
    int classes;
    uint64_t *confusion;               /* class, tag: [true][predicted]; else, or with very many classes, NULL */
} Metrics;
typedef struct Metric { const char *name; double value; } Metric;
/* Sees every batch and its outputs; items: of each row, its item. */
typedef struct Watch {
    void (*batch)(void *context, const SeqrtBatch *batch, int i, const int *items, const void *out);
    void *context;
} Watch;
/* Whole part in evaluation mode, in file order; carried state is reset before and put back after. */
Metrics seqrt_evaluate(Trainer *t, SeqrtLoader *loader);
Metrics seqrt_evaluate_watched(Trainer *t, SeqrtLoader *loader, const Watch *watch); /* NULL: not watched */
Metrics seqrt_metrics_new(const SeqrtTask *task); /* nothing measured yet */
void seqrt_metrics_free(Metrics *m);
double seqrt_metrics_loss(const Metrics *m);      /* mean; NaN where nothing was measured */
/* The metrics that apply to the task, always the same names in the same order; NaN where nothing was measured.
 * column -1: all columns together. */
int seqrt_metrics_list(const SeqrtTask *task, const Metrics *m, int column, Metric list[METRICS_MAX]);
bool seqrt_has_errors(const SeqrtTask *task, const Metrics *m);
/* rmse, mae, mape of a column and a step of the horizon, from 0; -1: all */
int seqrt_errors_list(const Metrics *m, int column, int step, Metric list[METRICS_MAX]);
void seqrt_metrics_print(const SeqrtTask *task, const Metrics *m, const char *title);
void *seqrt_metrics_json(const SeqrtTask *task, const Metrics *m); /* a json_t object */

/* ---- confusion.c: where m->confusion is ---- */
void seqrt_confusion_print(const SeqrtTask *task, const Metrics *m);
void seqrt_confusion_json(const SeqrtTask *task, const Metrics *m, void *object); /* adds to a json_t */

/* ---- outputs.c: what the O outputs at `at` mean ---- */
double seqrt_own_units(const SeqrtTask *task, int output, double v);  /* undoes the target's normalisation */
double seqrt_value(const SeqrtTask *task, int output, double v);      /* a value: in its own units; of bce, a chance */
int seqrt_best(const SeqrtModel *model, const void *out, size_t at);  /* the label chosen */
/* Softmax, or sigmoids with bce; chances: [labels]. A single output is the chance of class 1. Gives the label chosen. */
int seqrt_chances(const SeqrtModel *model, const void *out, size_t at, double *chances);
const char *seqrt_label_name(const SeqrtTask *task, int label);
const char *seqrt_output_name(const SeqrtTask *task, int output, char name[1024]); /* of a value: "load", "load_3" */
void seqrt_csv_cell(FILE *file, const char *text);                       /* quoted where RFC 4180 asks */
void seqrt_csv_real(FILE *file, const SeqrtModel *model, double v);      /* all digits the model's reals have */
void seqrt_json_text(FILE *file, const char *text);                      /* quoted; what is not UTF-8 is U+FFFD */
void seqrt_json_real(FILE *file, const SeqrtModel *model, double v);     /* null where it is not finite */

/* ---- synthetic.c: batches without data ---- */
typedef struct Synthetic {
    SeqrtBatch batch;
    int32_t *lengths, *tokens, *labels; /* the same arrays, writable */
    void *x, *y;
} Synthetic;
/* Every array the task has, zeroed; lengths T. */
Synthetic seqrt_synthetic_new(const SeqrtModel *model, int rows);
/* Fills it from SEQRT_STREAM_PROBE. full: every row has length T; else row 0 has, the others 1..T. */
void seqrt_synthetic_fill(const SeqrtModel *model, Synthetic *s, uint64_t seed, bool full);
void seqrt_synthetic_with_loss(const SeqrtModel *model, void *memory, Synthetic *s, uint64_t seed);
void seqrt_synthetic_free(Synthetic *s);

/* ---- progress.c ---- */
typedef struct Progress {
    bool bar;          /* a terminal: drawn in place */
    double start, drawn;
    uint64_t done, total; /* batches */
    uint64_t sequences;
} Progress;
void seqrt_progress_start(Progress *p, bool quiet, uint64_t total);
void seqrt_progress_step(Progress *p, const char *title, int sequences, double loss);
void seqrt_progress_clear(Progress *p);
/* Where the end is not known: sequences and their rate; at the end as a line. */
void seqrt_progress_count(Progress *p, int sequences);
void seqrt_progress_rate(Progress *p, bool quiet);

#endif
