/* trainer.h: what the commands of seqrt_main share. Internal: nothing outside runtime/ includes it.
 *
 * Takes: seqrt.h and data.h. Gives: the options, the model in its memory, blocks of reals, metrics, random batches.
 * Does not: know any arithmetic of a model.
 */
#ifndef SEQRT_TRAINER_H
#define SEQRT_TRAINER_H

#include <stdio.h>

#include "data.h"
#include "file.h"
#include "weights.h"

/* Exit codes of every command. 130 is train's alone: stopped by SIGINT, checkpoint written. */
enum { EXIT_DONE = 0, EXIT_USAGE = 1, EXIT_DATA = 2, EXIT_MISMATCH = 4, EXIT_SYSTEM = 5, EXIT_INTERRUPTED = 130 };

typedef struct Options {
    const char *data, *valid, *log, *load, *save, *checkpoint, *resume, *prompt, *batch; /* NULL: not given */
    long epochs, steps, threads, length, rows;                                           /* -1: not given */
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
bool seqrt_options_read(Options *options, const char *program, const Command *command, int argc, char **argv);

/* ---- messages ---- */
int seqrt_stop(const Trainer *t, int code, const SeqrtError *error); /* prints "PROGRAM: text"; returns code */
void seqrt_json_print(void *json);                                    /* a json_t to standard output; frees it */
const char *seqrt_data_path(const Trainer *t);                        /* --data, else test, else train; NULL: none */
double seqrt_seconds(void);                                           /* of a clock that never goes back */
const char *seqrt_number_text(double v, char text[32]);               /* 0.4312, 1.2e-07 */

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
bool seqrt_checkpoint_load(Trainer *t, TrainState *state, const char *path, SeqrtError *error);

/* ---- eval.c ---- */
enum { METRICS_MAX = 8 };
typedef struct Metrics {
    SeqrtLoss loss;
    uint64_t count, judged, right;     /* sequences or valid steps; of them judged for accuracy, right */
    int columns;                       /* target columns: value, forecast */
    double *squares, *absolutes, *percents; /* [columns] sums of errors */
    uint64_t *values, *nonzero;        /* [columns] how many, and how many with a target that is not 0 */
} Metrics;
typedef struct Metric { const char *name; double value; } Metric;
/* Whole part in evaluation mode; carried state is reset before and put back after. */
Metrics seqrt_evaluate(Trainer *t, SeqrtLoader *loader);
Metrics seqrt_metrics_new(const SeqrtTask *task); /* nothing measured yet */
void seqrt_metrics_free(Metrics *m);
/* The metrics that apply to the task, always the same names in the same order; NaN where nothing was measured.
 * column -1: all columns together. */
int seqrt_metrics_list(const SeqrtTask *task, const Metrics *m, int column, Metric list[METRICS_MAX]);
void seqrt_metrics_print(const SeqrtTask *task, const Metrics *m, const char *title);
double seqrt_own_units(const SeqrtTask *task, int output, double v);  /* undoes the target's normalisation */

/* ---- predict.c: CSV to standard output ---- */
void seqrt_csv_cell(const char *text);                    /* quoted where RFC 4180 asks */
void seqrt_csv_real(const SeqrtModel *model, double v);   /* all digits the model's reals have */

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

#endif
