/* graph_model.c: what the runtime is told about a model, as far as it follows from the graph; and the graph as text.
 *
 * Takes: Graph. Gives: SeqrtModel without functions; the table `--dump graph` and `info` print. Does not: change the graph.
 */
#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"
#include "graph.h"

#ifndef SEQGEN_VERSION
#define SEQGEN_VERSION "0.1.0"
#endif

int graph_slots(const OptimizerSpec *optimizer, const char *const **names)
{
    static const char *const adam[] = {"exp_avg", "exp_avg_sq"};
    static const char *const sgd[] = {"momentum_buffer"};
    static const char *const rmsprop[] = {"square_avg", "momentum_buffer"};
    static const char *const adagrad[] = {"sum"};
    const int momentum = optimizer->momentum > 0;
    switch (optimizer->kind) {
    case OPT_SGD: *names = sgd; return momentum;
    case OPT_ADAM:
    case OPT_ADAMW: *names = adam; return 2;
    case OPT_RMSPROP: *names = rmsprop; return 1 + momentum;
    case OPT_ADAGRAD: *names = adagrad; return 1;
    }
    *names = NULL;
    return 0;
}

/* The recurrent products are weight_hh_*, and the input products of the upper layers of a stack weight_ih_l1.. */
bool graph_reads_input(const Layer *layer, const SeqrtTensor *tensor)
{
    const char *name = tensor->name + strlen(layer->name) + 1;
    return strcmp(name, "weight") == 0 || strcmp(name, "weight_ih_l0") == 0 || strcmp(name, "weight_ih_l0_reverse") == 0;
}

/* The products with the data itself: no parameter stands before them, so backward needs no gradient of their input. */
static double macs_on_data(const Graph *graph, const Layer *layer)
{
    double macs = 0;
    for (int i = layer->first_tensor; i < layer->first_tensor + layer->tensors_count; i++) {
        const SeqrtTensor *tensor = &graph->tensors[i];
        if (tensor->rank == 2 && !layer->in.tokens && graph_reads_input(layer, tensor))
            macs += (double)tensor->shape[0] * tensor->shape[1];
    }
    return macs * (layer->in.steps ? graph->T : 1);
}

/* FLOPs of one training step of a full batch: 2 a multiply-accumulate; every product of the forward pass once, its
 * weight gradient once, its input gradient once. Left out: the input gradient of the first layer that has parameters;
 * embedding and one-hot lookups; everything element-wise; the optimiser. */
static double flops_train_step(const Graph *graph)
{
    const double macs = (double)graph->macs_step * graph->T + (double)graph->macs_pooled;
    int first = 0;
    while (graph->layers[first].tensors_count == 0)
        first++;
    return 2.0 * graph->B * (3.0 * macs - macs_on_data(graph, &graph->layers[first]));
}

/* Blocks of carried state: every recurrent layer, every layer of its stack: h, for lstm then c; each [B][H]. */
static size_t state_count(const Graph *graph)
{
    size_t count = 0;
    for (int i = 0; graph->spec->task.carry_state && i < graph->layers_count; i++) {
        const Layer *layer = &graph->layers[i];
        if (graph_find(graph, layer, "weight_hh_l0"))
            count += (size_t)layer->spec->p.layers * (strcmp(layer->kind->name, "lstm") == 0 ? 2 : 1) *
                     (size_t)graph->B * (size_t)layer->spec->p.hidden;
    }
    return count;
}

SeqrtModel graph_model(const Graph *graph)
{
    const Spec *spec = graph->spec;
    SeqrtModel model = {
        .contract = SEQRT_CONTRACT,
        .generator = "seqgen " SEQGEN_VERSION,
        .spec_hash = spec->hash,
        .model_hash = spec->model_hash,
        .task = &spec->task,
        .real_bytes = spec->codegen.real_bytes,
        .B = graph->B,
        .T = graph->T,
        .tensors_count = graph->tensors_count,
        .tensors = graph->tensors,
        .weights_count = (size_t)graph->weights_count,
        .state_count = state_count(graph),
        .epochs = (int)spec->train.epochs,
        .patience = (int)spec->train.patience,
        .seed = spec->train.seed,
        .lr = spec->train.optimizer.lr,
        .per_step = graph->out.steps,
        .can_stream = graph->can_stream,
        .macs_step = (double)graph->macs_step,
        .flops_train_step = flops_train_step(graph),
        .summary = (const char *const *)graph->summary,
    };
    model.slots_count = graph_slots(&spec->train.optimizer, &model.slot_names);
    return model;
}

/* ---- the graph as text ---- */

static char *shape_text(const Shape *shape, int T)
{
    if (shape->tokens)
        return mem_format("%d tokens of %d", T, shape->width);
    if (shape->steps)
        return shape->directions == 2 ? mem_format("%d x (2 x %d)", T, shape->width / 2) : mem_format("%d x %d", T, shape->width);
    return mem_format("%d", shape->width);
}

static long long layer_parameters(const Graph *graph, const Layer *layer)
{
    long long count = 0;
    for (int i = layer->first_tensor; i < layer->first_tensor + layer->tensors_count; i++)
        count += (long long)graph->tensors[i].shape[0] * (graph->tensors[i].rank == 2 ? graph->tensors[i].shape[1] : 1);
    return count;
}

static void dump_layer(const Graph *graph, const Layer *layer, Text *text)
{
    char *in = shape_text(&layer->in, graph->T), *out = shape_text(&layer->out, graph->T);
    text_add(text, "%-16s %-10s %-18s %-18s %7d %12lld\n", layer->name, layer->kind->name, in, out, layer->tensors_count,
             layer_parameters(graph, layer));
    free(in);
    free(out);
}

static void dump_tensor(const SeqrtTensor *tensor, bool trained, Text *text)
{
    char *shape = tensor->rank == 2 ? mem_format("[%d, %d]", tensor->shape[0], tensor->shape[1]) : mem_format("[%d]", tensor->shape[0]);
    if (trained) {
        text_add(text, "%-40s %s\n", tensor->name, shape);
        free(shape);
        return;
    }
    text_add(text, "%-40s %-18s at %-10zu ", tensor->name, shape, tensor->offset);
    switch (tensor->init) {
    case SEQRT_INIT_UNIFORM: text_add(text, "U(-%.6g, %.6g)\n", tensor->init_scale, tensor->init_scale); break;
    case SEQRT_INIT_NORMAL: text_add(text, "N(0, %.6g)\n", tensor->init_scale * tensor->init_scale); break;
    case SEQRT_INIT_CONSTANT: text_add(text, "%.6g\n", tensor->init_scale); break;
    }
    free(shape);
}

char *graph_dump(const Graph *graph, bool trained)
{
    Text text = {0};
    text_add(&text, "model %s: T %d, B %d, O %d%s, %s\n\n", graph->spec->name, graph->T, graph->B, graph->outputs,
             graph->out.steps ? " a step" : "", graph->can_stream ? "can stream" : "cannot stream");
    text_add(&text, "%-16s %-10s %-18s %-18s %7s %12s\n", "layer", "kind", "in", "out", "tensors", "parameters");
    for (int i = 0; i < graph->layers_count; i++)
        dump_layer(graph, &graph->layers[i], &text);
    text_add(&text, "\n");
    for (int i = 0; i < graph->tensors_count; i++)
        dump_tensor(&graph->tensors[i], trained, &text);
    text_add(&text, "\n%lld parameters; %lld MACs a step, %lld more a sequence\n", (long long)graph->weights_count,
             (long long)graph->macs_step, (long long)graph->macs_pooled);
    return text.data;
}
