/* cases.h: the small networks every gradient test goes through, and batches for them. Spec built by hand.
 *
 * A model is a line of layers: KIND or KIND:NUMBER,OPTION.. with lN layers, bi, dX dropout, relu, nobias.
 */
#ifndef TESTS_GRAD_CASES_H
#define TESTS_GRAD_CASES_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "graph/graph.h"
#include "support/mem.h"

enum { CASE_B = 4, CASE_T = 5, CASE_V = 7, CASE_F = 3, CASE_CLASSES = 3, CASE_TARGETS = 2 };

typedef struct Case {
    const char *name, *layers;
    bool tokens;
    SeqrtTarget target;
    SeqrtLossKind loss;
    bool carry, weighted;
} Case;

static const Case cases[] = {
    /* every cell: one layer, a stack, both directions, on numbers and on tokens */
    {"rnn", "rnn:4 last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"rnn_relu_stack", "rnn:4,l2,relu last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"rnn_bi_nobias", "rnn:3,l2,bi,nobias last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"lstm", "lstm:4 last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"lstm_stack_dropout", "lstm:3,l3,d0.4 last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"lstm_bi_stack", "lstm:3,l2,bi,d0.2 last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"lstm_onehot", "lstm:4 last linear:3", true, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"lstm_nobias_tag", "embedding:3 lstm:3,nobias linear:3", true, SEQRT_TAG, SEQRT_CROSS_ENTROPY, 0, 0},
    {"gru", "gru:4 last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"gru_bi_stack", "gru:3,l2,bi,d0.3 last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"gru_onehot_nobias", "gru:4,nobias last linear:3", true, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"gru_next", "embedding:3 gru:4 linear:7", true, SEQRT_NEXT, SEQRT_CROSS_ENTROPY, 0, 0},
    {"gru_carry", "embedding:3 gru:3,l2 linear:7", true, SEQRT_NEXT, SEQRT_CROSS_ENTROPY, 1, 0},
    {"lstm_carry", "lstm:4,l2 linear:7", true, SEQRT_NEXT, SEQRT_CROSS_ENTROPY, 1, 0},
    {"rnn_carry", "rnn:4 last linear:2", false, SEQRT_VALUE, SEQRT_MSE, 1, 0},
    /* the other layers */
    {"bi_last_through", "lstm:3,bi dropout:d0.3 tanh last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"bi_norm_last", "gru:3,bi layer_norm last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"bi_linear_last", "gru:3,bi linear:4 last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"mean", "embedding:4 gru:3,bi mean linear:3", true, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"max", "linear:5 gelu lstm:4 max linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"flatten", "linear:4 tanh flatten linear:5 relu dropout:d0.25 linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"flatten_tokens", "flatten linear:5 sigmoid linear:3", true, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"linear_onehot", "linear:4 relu mean layer_norm linear:3", true, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"two_cells", "lstm:4 layer_norm gelu gru:3 last gelu linear:3,nobias", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    {"norm_numbers", "layer_norm dropout:d0.2 rnn:4 max linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0},
    /* the losses */
    {"weighted", "gru:3 last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 1},
    {"weighted_tag", "gru:3 linear:3", false, SEQRT_TAG, SEQRT_CROSS_ENTROPY, 0, 1},
    {"mse", "lstm:3 last linear:2", false, SEQRT_VALUE, SEQRT_MSE, 0, 0},
    {"mae", "lstm:3 last linear:2", false, SEQRT_VALUE, SEQRT_MAE, 0, 0},
    {"huber", "lstm:3 last linear:2", false, SEQRT_VALUE, SEQRT_HUBER, 0, 0},
    {"bce_value", "lstm:3 last linear:2", false, SEQRT_VALUE, SEQRT_BCE, 0, 0},
    {"bce", "gru:3 last linear:1", true, SEQRT_CLASS, SEQRT_BCE, 0, 0},
    {"bce_tag", "gru:3 linear:1", true, SEQRT_TAG, SEQRT_BCE, 0, 1},
    {"forecast", "gru:3 last linear:4", false, SEQRT_FORECAST, SEQRT_MSE, 0, 0},
};
enum { CASES = sizeof cases / sizeof cases[0] };

/* ---- specs ---- */

static void read_option(LayerParams *p, const char *option)
{
    if (strcmp(option, "bi") == 0)
        p->bidirectional = true;
    else if (strcmp(option, "nobias") == 0)
        p->bias = false;
    else if (strcmp(option, "relu") == 0)
        p->nonlinearity = NONLINEARITY_RELU;
    else if (*option == 'l')
        p->layers = atoi(option + 1);
    else if (*option == 'd')
        p->dropout = atof(option + 1);
    else
        p->dim = p->hidden = p->out = atoi(option);
}

static void read_layer(LayerSpec *layer, char *text, int index)
{
    char *options = strchr(text, ':'), *rest = NULL;
    if (options)
        *options++ = '\0';
    layer->kind = kind_find(text);
    layer->name = mem_format("%s_%d", text, index);
    layer->p = (LayerParams){.layers = 1, .bias = true, .eps = 1e-5};
    for (char *option = options ? strtok_r(options, ",", &rest) : NULL; option; option = strtok_r(NULL, ",", &rest))
        read_option(&layer->p, option);
}

static void read_layers(Spec *spec, const char *line)
{
    char *text = mem_copy(line), *rest = NULL;
    spec->layers = mem_alloc(16 * sizeof *spec->layers);
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest), spec->layers_count++)
        read_layer(&spec->layers[spec->layers_count], word, spec->layers_count);
    free(text);
}

static int case_outputs(const Case *c)
{
    if (c->target == SEQRT_FORECAST)
        return 2 * CASE_TARGETS;
    if (c->target == SEQRT_VALUE)
        return CASE_TARGETS;
    return c->loss == SEQRT_BCE ? 1 : c->target == SEQRT_NEXT ? CASE_V : CASE_CLASSES;
}

static SeqrtTask case_task(const Case *c)
{
    static const char *const columns[] = {"a", "b"};
    return (SeqrtTask){
        .name = c->name,
        .input = c->tokens ? SEQRT_CHARS : SEQRT_ROWS,
        .target = c->target,
        .loss = c->loss,
        .vocab_count = c->tokens ? CASE_V : 0,
        .features = c->tokens ? 0 : CASE_F,
        .target_columns = columns,
        .target_columns_count = c->target == SEQRT_VALUE || c->target == SEQRT_FORECAST ? CASE_TARGETS : 1,
        .classes_count = c->loss == SEQRT_BCE ? 2 : CASE_CLASSES,
        .horizon = c->target == SEQRT_FORECAST ? 2 : 0,
        .max_length = CASE_T,
        .carry_state = c->carry,
        .outputs = case_outputs(c),
    };
}

static Spec *case_spec(const Case *c)
{
    static double class_weights[] = {0.5, 2.0, 1.25};
    Spec *spec = mem_alloc(sizeof *spec);
    spec->name = mem_copy(c->name);
    spec->task = case_task(c);
    spec->codegen.real_bytes = 8;
    spec->train = (TrainSpec){.loss = c->loss, .batch = CASE_B, .epochs = 1, .optimizer = {.kind = OPT_ADAM, .lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}};
    spec->train.class_weights = c->weighted ? class_weights : NULL;
    read_layers(spec, c->layers);
    return spec;
}

static inline Graph *case_graph(const Case *c)
{
    Diag diag = {.path = c->name};
    Graph *graph = graph_build(case_spec(c), &diag);
    if (!graph)
        exit(1);
    return graph;
}

static inline void spec_release(Spec *spec)
{
    for (int i = 0; i < spec->layers_count; i++)
        free(spec->layers[i].name);
    free(spec->layers);
    free(spec->name);
    free(spec);
}

static inline void case_free(Graph *graph)
{
    Spec *spec = (Spec *)graph->spec;
    graph_free(graph);
    spec_release(spec);
}

/* ---- data ---- */

/* In (-1, 1); every use has its own stream. */
static double noise(uint64_t stream, uint64_t i)
{
    return 2 * seqrt_uniform(42, 1000 + stream, i) - 1;
}

static inline double *case_weights(const Graph *graph)
{
    double *w = mem_alloc((size_t)graph->weights_count * sizeof *w);
    for (int64_t i = 0; i < graph->weights_count; i++)
        w[i] = 0.8 * noise(1, (uint64_t)i);
    return w;
}

typedef struct Data {
    SeqrtBatch batch;
    int32_t lengths[CASE_B], tokens[CASE_B * CASE_T], labels[CASE_B * CASE_T];
    double x[CASE_B * CASE_T * CASE_F], y[CASE_B * 2 * CASE_TARGETS];
} Data;

/* Unequal lengths in no order; past a row's end what must never be read: NaN, and tokens that do not exist. */
static inline void case_data(const Graph *graph, Data *data)
{
    static const int32_t lengths[CASE_B] = {3, 5, 1, 4};
    const SeqrtTask *task = &graph->spec->task;
    const bool values = task->target == SEQRT_VALUE || task->target == SEQRT_FORECAST, per_step = graph->out.steps;
    const int labels = task->target == SEQRT_NEXT ? CASE_V : task->classes_count;
    memcpy(data->lengths, lengths, sizeof lengths);
    for (int i = 0; i < CASE_B * CASE_T; i++) {
        const bool valid = i % CASE_T < lengths[i / CASE_T];
        data->tokens[i] = valid ? (int32_t)(CASE_V * fabs(noise(2, (uint64_t)i))) : 1000000;
        data->labels[i] = valid || !per_step ? (int32_t)(labels * fabs(noise(3, (uint64_t)i))) : 1000000;
        for (int f = 0; f < CASE_F; f++)
            data->x[i * CASE_F + f] = valid ? noise(4, (uint64_t)(i * CASE_F + f)) : NAN;
    }
    for (int i = 0; i < CASE_B * 2 * CASE_TARGETS; i++)
        data->y[i] = task->loss == SEQRT_BCE ? fabs(noise(5, (uint64_t)i)) : 2 * noise(5, (uint64_t)i);
    data->batch = (SeqrtBatch){.rows = CASE_B, .lengths = data->lengths};
    data->batch.tokens = graph->in.tokens ? data->tokens : NULL;
    data->batch.x = graph->in.tokens ? NULL : data->x;
    data->batch.labels = values ? NULL : data->labels;
    data->batch.y = values ? data->y : NULL;
}

#endif
