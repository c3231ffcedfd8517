/* seqrt.h: the contract between a generated model (or the interpreter) and the runtime, libseqrt.a.
 *
 * Takes: nothing but the C library. Gives: the task (what the data looks like), the model (a table of facts and
 * functions), the batch, counter-based random numbers, weights from and to files.
 * Does not: know any layer, gradient or optimiser: those are generated, or interpreted. Nor a command line: that is the
 * trainer's, seqtrain.h, which stands on this. Data files are read by seqrt_data.h.
 *
 * Dimension letters, here and everywhere: B rows of a batch, T steps, F features of a step, O outputs, V vocabulary.
 * "Reals" are float or double as SeqrtModel.real_bytes says (4 or 8).
 */
#ifndef SEQRT_H
#define SEQRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Number of this contract. A generated file carries the number it was made for; seqrt_main refuses any other. */
enum { SEQRT_CONTRACT = 3 };

/* ---- errors: one line of text, "file:row: what was found; what was expected" ---- */
typedef struct SeqrtError {
    char text[1024];
} SeqrtError;

/* ---- the task: how raw text and raw numbers become tokens, features, labels and values ---- */
typedef enum SeqrtInput {
    SEQRT_CHARS,   /* text column, one step a Unicode character */
    SEQRT_BYTES,   /* text column, one step a byte */
    SEQRT_WORDS,   /* text column, one step a word */
    SEQRT_ROWS,    /* number columns, one row of the file a step */
    SEQRT_SHAPED,  /* number columns, one row of the file a whole sequence, row-major in time */
    SEQRT_TEXT     /* a .txt file, one step a Unicode character */
} SeqrtInput;

typedef enum SeqrtTarget {
    SEQRT_CLASS,    /* one class a sequence */
    SEQRT_VALUE,    /* O numbers a sequence */
    SEQRT_TAG,      /* one class a step */
    SEQRT_NEXT,     /* the next token, every step */
    SEQRT_FORECAST, /* the next `horizon` rows of `target_columns`; O = horizon * columns, row-major in time */
    SEQRT_SIGNAL    /* O numbers a step */
} SeqrtTarget;

/* Numbers (batch.y), not classes or tokens (batch.labels) */
static inline bool seqrt_is_numbers(SeqrtTarget t) { return t == SEQRT_VALUE || t == SEQRT_FORECAST || t == SEQRT_SIGNAL; }
/* One a step, not one a sequence */
static inline bool seqrt_is_every_step(SeqrtTarget t) { return t == SEQRT_TAG || t == SEQRT_NEXT || t == SEQRT_SIGNAL; }

typedef enum SeqrtLossKind { SEQRT_CROSS_ENTROPY, SEQRT_MSE, SEQRT_MAE, SEQRT_HUBER, SEQRT_BCE } SeqrtLossKind;

typedef struct SeqrtTask {
    const char *name;
    SeqrtInput input;
    SeqrtTarget target;
    SeqrtLossKind loss;
    const char *train_path, *valid_path, *test_path; /* as written in the spec; NULL where absent */
    double valid_fraction;                            /* of train, when valid_path is NULL; 0: no validation part */
    uint64_t seed;                                    /* the spec's seed: cuts the validation part */

    const char *text_column;                          /* chars, bytes, words */
    int vocab_count;                                  /* V, with padding (0) and unknown (1); 0 for numbers */
    const char *const *vocab;                         /* [V] UTF-8; entries 0 and 1 are "" */
    bool lowercase;                                   /* words, chars: ASCII letters are lowered first */

    int features;                                     /* F: numbers a step; 0 for tokens */
    int input_columns_count;                          /* F for SEQRT_ROWS, T*F for SEQRT_SHAPED */
    const char *const *input_columns;
    const double *input_shift, *input_scale;          /* [F] x' = (x - shift) / scale; NULL: none */
    const char *sequence_column;                      /* SEQRT_ROWS: rows of equal value are one sequence; or NULL */

    int target_columns_count;
    const char *const *target_columns;                /* class and tag: one; value, forecast, signal: one or more; next: 0 */
    int classes_count;
    const char *const *classes;                       /* [classes_count], class and tag */
    const double *target_shift, *target_scale;        /* [target_columns_count]; NULL: none */
    int horizon;                                      /* forecast; else 0 */

    int max_length;                                   /* T: no sequence or window is longer */
    bool too_long_error;                              /* a longer sequence is an error instead of being cut to T */
    int window_length, window_stride;                 /* 0: no windows */
    bool carry_state;                                 /* windows follow each other, batch rows are parallel streams */
    int outputs;                                      /* O: reals a row (or a step) of the model's output */
} SeqrtTask;

/* ---- one batch, as data/batch.c lays it out and a model takes it. Rows are in the loader's order. ---- */
typedef struct SeqrtBatch {
    int rows;                /* b, 1..B */
    const int32_t *lengths;  /* [b] 1..T; carried streams may have 0: nothing left in this row */
    const int32_t *tokens;   /* [b][T], or NULL. Entries past a row's length may hold anything */
    const void *x;           /* [b][T][F] reals, or NULL */
    const int32_t *labels;   /* class [b]; tag, next [b][T]; or NULL (no target: predict) */
    const void *y;           /* value, forecast: [b][O] reals, signal [b][T][O], normalised; or NULL */
} SeqrtBatch;

/* Sum of the batch's losses and of their weights: the mean loss is sum / weight. A sequence (or a valid step, for
 * targets per step) weighs 1, or its class's weight; a loss of O numbers is the mean over them. */
typedef struct SeqrtLoss {
    double sum, weight;
} SeqrtLoss;

/* ---- the model ---- */
typedef enum SeqrtInit {
    SEQRT_INIT_UNIFORM, /* U(-scale, scale) */
    SEQRT_INIT_NORMAL,  /* N(0, scale^2) */
    SEQRT_INIT_CONSTANT /* scale */
} SeqrtInit;

typedef struct SeqrtTensor {
    const char *name;  /* PyTorch's, e.g. "lstm.weight_ih_l0" */
    int rank;          /* 1 or 2 */
    int shape[2];      /* PyTorch's */
    size_t offset;     /* in reals, within a weights block */
    SeqrtInit init;
    double init_scale;
} SeqrtTensor;

/* Blocks a model can copy out and in. Weights, gradients and every optimiser slot have the layout of `tensors`. */
enum { SEQRT_WEIGHTS = 0, SEQRT_GRADIENTS = 1, SEQRT_STATE = 2, SEQRT_SLOT = 3 /* SEQRT_SLOT + k: slot k */ };

typedef struct SeqrtUpdate {
    uint64_t step;    /* optimiser steps done before this one */
    int epoch;        /* 0.. */
    int epochs;       /* total, for the schedule */
    double lr;        /* base learning rate before the schedule */
} SeqrtUpdate;

/* One thread of a team that works on one batch. NULL stands for a thread that is alone. */
typedef struct SeqrtThread {
    int index, count;         /* 0 .. count - 1 */
    void (*wait)(void *team); /* returns when all threads of the team have called it */
    void *team;
} SeqrtThread;

typedef struct SeqrtModel {
    int contract;                 /* SEQRT_CONTRACT */
    const char *generator;        /* "seqgen 0.1.0" */
    const char *spec_hash;        /* 16 hex digits */
    const SeqrtTask *task;
    int real_bytes;               /* 4 or 8 */
    int B, T;
    int tensors_count;
    const SeqrtTensor *tensors;
    size_t weights_count;         /* reals in a weights block = number of parameters */
    size_t state_count;           /* reals of carried state; 0 without carry_state */
    int slots_count;              /* optimiser slots: Adam 2 ("exp_avg", "exp_avg_sq"), SGD with momentum 1, .. */
    const char *const *slot_names;
    size_t model_bytes;           /* of the block handed to every function below, 64-byte aligned */
    /* training defaults of the spec */
    int epochs, patience;         /* patience 0: no early stop */
    uint64_t seed;
    double lr;
    bool per_step;                /* the output is [b][T][O], else [b][O] */
    bool can_share;               /* gradient, update and forward_shared work on teams; else they are called with thread NULL */
    bool can_stream;              /* step() works: nothing in the model looks ahead */
    double macs_step, flops_train_step; /* multiply-accumulates of one step of one sequence; FLOPs of one full batch */
    const char *const *summary;   /* layers with shapes, memory map: what `info` prints, in lines; NULL ends them. NULL: none */

    void (*init)(void *model);                        /* zeroes everything; call first */
    void (*set)(void *model, int block, const void *from);    /* copy a block in (reals, layout of `tensors`) */
    void (*get)(const void *model, int block, void *to);
    /* Evaluation mode. out: [b][O] or [b][T][O] reals in the batch's row order (past a row's length: zero), or NULL.
     * The loss is {0, 0} where the batch has no target. */
    SeqrtLoss (*forward)(void *model, const SeqrtBatch *batch, void *out);
    /* Training mode (dropout on): forward, loss, backward of the MEAN loss into the gradient block. Every thread of a team
     * calls it with the same arguments; the first one gets the loss. Same bits for any number of threads. */
    SeqrtLoss (*gradient)(void *model, const SeqrtBatch *batch, uint64_t seed, uint64_t step, const SeqrtThread *thread);
    /* Clip, schedule, optimiser; called by every thread of a team, after gradient. Returns the gradients' norm before clipping. */
    double (*update)(void *model, const SeqrtUpdate *u, const SeqrtThread *thread);
    void (*reset)(void *model);                       /* carried state to zero */
    /* One streaming step in evaluation mode from the state the previous step left; reset_step starts a sequence.
     * Exactly one of token and x counts. out: [O] reals (for a pooled model: the output had the sequence ended here). */
    void (*reset_step)(void *model);
    void (*step)(void *model, int32_t token, const void *x, void *out);
    /* forward by a team, as gradient: every thread calls it, the first one gets the loss, and the output is there when all have returned. NULL where
     * can_share is false. */
    SeqrtLoss (*forward_shared)(void *model, const SeqrtBatch *batch, void *out, const SeqrtThread *thread);
    const char *model_hash;       /* 16 hex digits, of the spec without train and codegen: what weights mean */
} SeqrtModel;

/* Read or write a weights block (layout of `tensors`, reals) as safetensors. False: *error says why. */
bool seqrt_load(const SeqrtModel *model, void *weights, const char *path, SeqrtError *error);
bool seqrt_save(const SeqrtModel *model, const void *weights, const char *path, SeqrtError *error);

/* Initial weights: tensor i's element j comes from stream i, counter j (two uniforms, 2j and 2j+1, for normal, Box-Muller). */
void seqrt_init_weights(const SeqrtModel *model, uint64_t seed, void *weights);

/* ---- random numbers: pure functions of (seed, stream, counter) ---- */

/* splitmix64's finaliser (Steele, Lea, Flood 2014) */
static inline uint64_t seqrt_mix64(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint64_t seqrt_random(uint64_t seed, uint64_t stream, uint64_t counter)
{
    return seqrt_mix64(seqrt_mix64(seqrt_mix64(seed) ^ stream) + counter);
}

/* Uniform in [0, 1), 53 bits */
static inline double seqrt_uniform(uint64_t seed, uint64_t stream, uint64_t counter)
{
    return (double)(seqrt_random(seed, stream, counter) >> 11) / 9007199254740992.0; /* 2^53 */
}

/* Streams 0..2^32-1 are the tensors' (initial values, by index in `tensors`); the others have names. */
enum { SEQRT_STREAM_SHUFFLE = 1, SEQRT_STREAM_SPLIT, SEQRT_STREAM_SAMPLE, SEQRT_STREAM_PROBE, SEQRT_STREAM_DROPOUT };
#define SEQRT_STREAM(kind, index) (((uint64_t)(kind) << 32) + (uint64_t)(index))

/* The key of one dropout site in one optimiser step. site: layer index * 64 for a dropout layer, layer index * 64 + 1 + l
 * for the dropout after layer l of a stack. */
static inline uint64_t seqrt_dropout_key(uint64_t seed, uint64_t step, int site)
{
    return seqrt_random(seed, SEQRT_STREAM(SEQRT_STREAM_DROPOUT, site), step);
}

/* triple32 (Wellons 2018), a bijection of 32 bits */
static inline uint32_t seqrt_mix32(uint32_t x)
{
    x = (x ^ (x >> 17)) * 0xed5ad4bbu;
    x = (x ^ (x >> 11)) * 0xac4c1b51u;
    x = (x ^ (x >> 15)) * 0x31848babu;
    return x ^ (x >> 14);
}

/* Whether element `index` is kept. index: (row * T + t) * F + f for a value of every step, row * F + f for a pooled one,
 * row in the batch's order, f the feature in PyTorch's order, modulo 2^32. limit: p * 2^24, truncated. */
static inline bool seqrt_dropout_keep(uint64_t key, uint32_t index, uint32_t limit)
{
    return seqrt_mix32(seqrt_mix32(index ^ (uint32_t)key) ^ (uint32_t)(key >> 32)) >> 8 >= limit;
}

#ifdef __cplusplus
}
#endif
#endif
