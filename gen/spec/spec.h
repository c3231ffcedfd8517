/* spec.h: the architecture spec, complete: every default filled in, every field with its place in the text.
 *
 * Takes: YAML text and the data files it names. Gives: Spec. Does not: know shapes between layers (graph/), or C.
 */
#ifndef SEQGEN_SPEC_H
#define SEQGEN_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "../support/diag.h"
#include "seqrt.h"

typedef struct LayerKind LayerKind; /* layers/kind.h */

/* Parameters of every kind in one flat struct; a kind's schema table says which it has. */
typedef struct LayerParams {
    int64_t dim;            /* embedding */
    int64_t hidden, layers; /* rnn, lstm, gru */
    bool bidirectional, bias;
    double dropout;         /* rnn, lstm, gru: between stacked layers; dropout's own p is here too */
    int nonlinearity;       /* rnn: index into its choices: tanh, relu */
    int64_t out;            /* linear: a number, or after data is read what classes/vocab/targets stand for */
    int out_word;           /* linear: 0 a number, else OUT_CLASSES.. as written */
    double eps;             /* layer_norm */
} LayerParams;
enum { OUT_NUMBER, OUT_CLASSES, OUT_VOCAB, OUT_TARGETS };
enum { NONLINEARITY_TANH, NONLINEARITY_RELU };

typedef struct LayerSpec {
    const LayerKind *kind;
    char *name;        /* given, or the kind's name, or kind_2.. */
    Loc loc;
    LayerParams p;
} LayerSpec;

typedef enum OptimizerKind { OPT_SGD, OPT_ADAM, OPT_ADAMW, OPT_RMSPROP, OPT_ADAGRAD } OptimizerKind;
typedef struct OptimizerSpec {
    OptimizerKind kind;
    double lr, momentum, weight_decay, beta1, beta2, eps, alpha;
    bool nesterov;
} OptimizerSpec;

typedef enum ScheduleKind { SCHEDULE_CONSTANT, SCHEDULE_STEP, SCHEDULE_EXPONENTIAL, SCHEDULE_COSINE } ScheduleKind;
/* Every schedule moves once an epoch, as PyTorch's schedulers are stepped. e: epoch from 0, E: epochs.
 * step: lr * gamma^(e div every); exponential: lr * gamma^e;
 * cosine: e < warmup: lr * (e + 1) / warmup; else min_lr + (lr - min_lr) * (1 + cos(pi * (e - warmup) / max(1, E - warmup))) / 2 */
typedef struct ScheduleSpec {
    ScheduleKind kind;
    int64_t every, warmup;
    double gamma, min_lr;
} ScheduleSpec;

typedef struct TrainSpec {
    SeqrtLossKind loss;
    Loc loss_loc;
    OptimizerSpec optimizer;
    ScheduleSpec schedule;
    int64_t batch, epochs, patience; /* patience 0: off */
    uint64_t seed;
    double clip_norm;                /* 0: off */
    double *class_weights;           /* [classes] after data is read, or NULL */
    bool class_weights_balanced;     /* n / (classes * count of the class), as scikit-learn */
    Loc class_weights_loc;
} TrainSpec;

typedef enum Unroll { UNROLL_AUTO, UNROLL_FULL, UNROLL_NONE } Unroll;
typedef enum Target { TARGET_HOST, TARGET_PORTABLE, TARGET_X86_64, TARGET_X86_64_V3, TARGET_X86_64_V4, TARGET_AARCH64, TARGET_CORTEX_M } Target;
typedef struct CodegenSpec {
    Unroll unroll;
    int real_bytes;                  /* 4 or 8 */
    Target target;
    int64_t max_ram, max_flash, max_lines; /* 0: no limit */
} CodegenSpec;

typedef struct Spec {
    const char *path;     /* as given */
    char *name;
    char hash[17];        /* of the spec as resolved (canonical dump), 16 hex digits */
    char model_hash[17];  /* of its data and model alone: what weights mean */
    SeqrtTask task;       /* complete: vocabulary, classes, columns, normalisation, T, O */
    Loc input_loc, target_loc, window_loc;
    Loc train_loc, valid_loc, test_loc; /* of absent ones: the section */
    bool window_given, text_series; /* one long series */
    int normalize;        /* NORMALIZE_NONE.. of the input columns, as written */
    LayerSpec *layers;
    int layers_count;
    Loc model_loc;
    TrainSpec train;
    CodegenSpec codegen;
    const char *warning;  /* of the training file, "FILE:ROW: .."; NULL: none */
    Loc numbers_loc;      /* of a class or tag column whose many classes are all decimal numbers; line 0: it is none */
    struct Pool *pool;    /* owns everything above */
} Spec;
enum { NORMALIZE_NONE, NORMALIZE_STANDARD, NORMALIZE_MINMAX };

typedef struct SpecOverride { const char *key, *value; } SpecOverride; /* --set train.epochs=3 */

/* Reads, checks and completes a spec: YAML, schema, data files. Every error of a stage goes to diag; NULL if any.
 * Data paths are opened relative to the spec file's directory (falling back to the working directory). */
Spec *spec_read(const char *path, const SpecOverride *overrides, int overrides_count, Diag *diag);
/* What is no error and hardly meant, on standard error; of_data: its training file's warning, too */
void spec_warn(const Spec *spec, const Diag *diag, bool of_data);
void spec_free(Spec *spec);
/* The spec with every default filled in, as YAML (--dump spec); stable bytes. */
char *spec_dump(const Spec *spec);

#endif
