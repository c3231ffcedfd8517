/* oracle.c: runs the layers in order, and what they share: masks, tokens, dropout, carried state.
 *
 * Takes: Pass with tape, graph, batch. Gives: nodes. Does not: know a layer's mathematics (layers/<kind>_oracle.c).
 */
#include "oracle.h"

#include "tape_node.h"

static Oracle oracle_of(const LayerKind *kind)
{
    static const Oracle oracles[] = {
#define KIND(name) name##_oracle,
#include "../layers/kinds.def"
#undef KIND
    };
    int i = 0;
    while (kind_at(i) != kind)
        i++;
    return oracles[i];
}

/* ---- for the layers ---- */

void oracle_map(Pass *pass, const Layer *layer, const Flow *in, Flow *out, Value (*f)(Pass *, const Layer *, Value x, int t))
{
    if (!layer->in.steps) {
        out->pooled = f(pass, layer, in->pooled, -1);
        return;
    }
    out->steps = oracle_steps(pass);
    for (int t = 0; t < pass->T; t++)
        out->steps[t] = f(pass, layer, in->steps ? in->steps[t] : VALUE_NONE, t);
}

Value *oracle_steps(Pass *pass)
{
    return tape_memory(pass->tape, (size_t)pass->T * sizeof(Value));
}

Value oracle_weight(const Pass *pass, const Layer *layer, const char *name)
{
    const SeqrtTensor *tensor = graph_find(pass->graph, layer, name);
    return tensor ? pass->weights[tensor - pass->graph->tensors] : VALUE_NONE;
}

Value oracle_transposed(Pass *pass, const Layer *layer, const char *name)
{
    const size_t i = (size_t)(graph_find(pass->graph, layer, name) - pass->graph->tensors);
    if (pass->turned[i] == VALUE_NONE)
        pass->turned[i] = tape_transpose(pass->tape, pass->weights[i]);
    return pass->turned[i];
}

bool *oracle_mask(const Pass *pass, int t)
{
    bool *mask = tape_memory(pass->tape, (size_t)pass->b * sizeof *mask);
    for (int i = 0; i < pass->b; i++)
        mask[i] = t < pass->batch->lengths[i];
    return mask;
}

/* A token outside the vocabulary is the unknown one. */
int32_t *oracle_ids(const Pass *pass, int t)
{
    int32_t *ids = tape_memory(pass->tape, (size_t)pass->b * sizeof *ids);
    for (int i = 0; i < pass->b; i++) {
        const int32_t *row = pass->batch->tokens + (size_t)i * (size_t)pass->graph->T;
        ids[i] = t < pass->batch->lengths[i] ? row[t] : -1;
        if (t < pass->batch->lengths[i] && (ids[i] < 0 || ids[i] >= pass->graph->in.width))
            ids[i] = 1;
    }
    return ids;
}

/* y = x * keep / (1 - p); seqrt.h says which elements are kept. */
Value oracle_dropout(Pass *pass, Value x, double p, int site, int t)
{
    if (!pass->training || p == 0)
        return x;
    const int F = tape_cols(pass->tape, x);
    const uint64_t key = seqrt_dropout_key(pass->seed, pass->step, site);
    const uint32_t limit = (uint32_t)(p * 0x1p24);
    const Value mask = tape_constant(pass->tape, pass->b, F, NULL);
    Scalar *factor = tape_value(pass->tape, mask);
    for (uint64_t row = 0; row < (uint64_t)pass->b; row++)
        for (uint64_t f = 0; f < (uint64_t)F; f++) {
            const uint64_t at = t < 0 ? row : row * (uint64_t)pass->graph->T + (uint64_t)t;
            *factor++ = seqrt_dropout_keep(key, (uint32_t)(at * (uint64_t)F + f), limit) ? 1.0 / (1.0 - p) : 0.0;
        }
    return tape_mul(pass->tape, x, mask);
}

double *oracle_carried(const Pass *pass, const Layer *layer)
{
    return pass->carry ? pass->carry->at[layer->index] : NULL;
}

Value oracle_load(Pass *pass, const double *slot, int width)
{
    return tape_constant(pass->tape, pass->b, width, slot);
}

void oracle_store(const Pass *pass, Value v, double *slot)
{
    const Scalar *from = tape_value(pass->tape, v);
    for (size_t i = 0, n = (size_t)pass->b * (size_t)tape_cols(pass->tape, v); i < n; i++)
        slot[i] = scalar_real(from[i]);
}

/* ---- the pass ---- */

static void place_weights(Pass *pass, const Scalar *weights)
{
    const Graph *graph = pass->graph;
    pass->weights = tape_memory(pass->tape, (size_t)graph->tensors_count * sizeof(Value));
    pass->turned = tape_memory(pass->tape, (size_t)graph->tensors_count * sizeof(Value));
    for (int i = 0; i < graph->tensors_count; i++) {
        pass->turned[i] = VALUE_NONE;
        const SeqrtTensor *tensor = &graph->tensors[i];
        const int rows = tensor->rank == 2 ? tensor->shape[0] : 1, cols = tensor->shape[tensor->rank - 1];
        pass->weights[i] = tape_parameter(pass->tape, rows, cols, weights + tensor->offset);
        if (!pass->training)
            tape_freeze(pass->tape, pass->weights[i]);
    }
}

/* Numbers past a row's end may be anything, NaN too, so they are not even read. */
static Value read_step(Pass *pass, int t)
{
    const int F = pass->graph->in.width;
    const double *x = pass->batch->x;
    const Value v = tape_constant(pass->tape, pass->b, F, NULL);
    Scalar *to = tape_value(pass->tape, v);
    for (int i = 0; i < pass->b; i++)
        for (int f = 0; f < F; f++, to++)
            if (t < pass->batch->lengths[i])
                *to = x[((size_t)i * (size_t)pass->graph->T + (size_t)t) * (size_t)F + (size_t)f];
    return v;
}

static Flow read_input(Pass *pass)
{
    Flow in = {NULL, VALUE_NONE};
    if (pass->graph->in.tokens)
        return in;
    in.steps = oracle_steps(pass);
    for (int t = 0; t < pass->T; t++)
        in.steps[t] = read_step(pass, t);
    return in;
}

/* At least one step, so that a batch of ended streams has nodes too. */
static int longest(const SeqrtBatch *batch)
{
    int T = 1;
    for (int i = 0; i < batch->rows; i++)
        T = batch->lengths[i] > T ? batch->lengths[i] : T;
    return T;
}

void oracle_run(Pass *pass, const Scalar *weights)
{
    pass->b = pass->batch->rows;
    pass->T = longest(pass->batch);
    place_weights(pass, weights);
    Flow flow = read_input(pass);
    for (int i = 0; i < pass->graph->layers_count; i++) {
        const Layer *layer = &pass->graph->layers[i];
        Flow out = {NULL, VALUE_NONE};
        oracle_of(layer->kind)(pass, layer, &flow, &out);
        flow = out;
    }
    pass->out = flow;
}
