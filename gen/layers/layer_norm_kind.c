/* layer_norm_kind.c: keys, shape and tensors of layer_norm, over the features of a step or of the pooled vector. */
#include "kind_rules.h"

static const SchemaField fields[] = {
    {.key = "eps", .type = SCHEMA_REAL, .offset = KIND_FIELD(eps), .min = 0, .min_open = true, .max = 1,
     .fallback = "1e-5", .help = "added to the variance"},
    {.key = NULL},
};

/* It mixes both directions at one step: the directions' final states cannot be told apart behind it. */
static bool shape(const LayerSpec *spec, int T, const Shape *in, Shape *out, Diag *diag)
{
    (void)T;
    if (!kind_want_numbers(spec, in, diag))
        return false;
    *out = (Shape){.steps = in->steps, .width = in->width, .directions = 1};
    return true;
}

static void declare(Graph *graph, Layer *layer)
{
    graph_tensor(graph, layer, "weight", layer->in.width, 0, SEQRT_INIT_CONSTANT, 1.0);
    graph_tensor(graph, layer, "bias", layer->in.width, 0, SEQRT_INIT_CONSTANT, 0.0);
}

const LayerKind layer_norm_kind = {
    .name = "layer_norm",
    .meaning = "(x - mean) / sqrt(variance + eps) * weight + bias over the features",
    .fields = fields,
    .shape = shape,
    .tensors = declare,
};
