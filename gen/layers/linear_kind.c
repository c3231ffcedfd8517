/* linear_kind.c: keys, shape and tensors of linear: y = x W^T + b on every step, or on the pooled vector. */
#include <math.h>

#include "kind_rules.h"

static const SchemaField fields[] = {
    {.key = "out", .type = SCHEMA_OUT, .offset = KIND_FIELD(out), .required = true, .min = 1, .max = KIND_SIZE_MAX,
     .help = "width of the output: a number, classes, vocab or targets"},
    KIND_BIAS,
    {.key = NULL},
};

/* A mix of both directions at one step: the directions' final states cannot be told apart behind it. */
static bool shape(const LayerSpec *spec, int T, const Shape *in, Shape *out, Diag *diag)
{
    (void)T, (void)diag;
    *out = (Shape){.steps = in->steps, .width = (int)spec->p.out, .directions = 1};
    return true;
}

static void declare(Graph *graph, Layer *layer)
{
    const LayerParams *p = &layer->spec->p;
    const double bound = 1.0 / sqrt((double)layer->in.width);
    graph_tensor(graph, layer, "weight", p->out, layer->in.width, SEQRT_INIT_UNIFORM, bound);
    if (p->bias)
        graph_tensor(graph, layer, "bias", p->out, 0, SEQRT_INIT_UNIFORM, bound);
}

const LayerKind linear_kind = {
    .name = "linear",
    .meaning = "x W^T + b, on every step or on the pooled vector",
    .fields = fields,
    .shape = shape,
    .tensors = declare,
};
