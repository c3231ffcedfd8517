/* interp.c: a SeqrtModel whose functions run the oracle.
 *
 * Takes: Graph. Gives: the functions of seqrt.h, in double. Does not: any arithmetic of a layer, loss or optimiser.
 * The model's memory holds one pointer; what it points to is found by interp_free, or at the program's end by nobody.
 */
#include "interp.h"

#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"
#include "optimizer.h"
#include "oracle.h"

typedef struct Interp Interp;
struct Interp {
    SeqrtModel model;
    const Graph *graph;
    Tape *tape;
    double *weights, *gradients; /* [weights_count] */
    double **slots;              /* [slots_count][weights_count] */
    double *state, *stream_state;
    size_t stream_count;
    Carry carry, stream;         /* over state, over stream_state */
    Interp *next;
};

/* init is told only where its memory is, so the graph it is for stands here. */
static const Graph *latest;
static Interp *all;

static Interp *interp_of(const void *model)
{
    Interp *in;
    memcpy(&in, model, sizeof in);
    return in;
}

/* ---- blocks of state ---- */

/* Reals a layer keeps for each row: of carried windows, or of a stream. */
static size_t kept_per_row(const Graph *graph, const Layer *layer, bool streaming)
{
    const LayerParams *p = &layer->spec->p;
    const char *kind = layer->kind->name;
    if (graph_find(graph, layer, "weight_hh_l0"))
        return (size_t)p->layers * (size_t)p->hidden * (strcmp(kind, "lstm") == 0 ? 2 : 1);
    const bool pool = strcmp(kind, "mean") == 0 || strcmp(kind, "max") == 0;
    return streaming && pool ? (size_t)layer->in.width : 0;
}

/* Places every layer's block in one new array and returns its size. */
static size_t carry_make(const Graph *graph, int rows, bool streaming, Carry *carry, double **block)
{
    size_t count = 0;
    for (int i = 0; i < graph->layers_count; i++)
        count += kept_per_row(graph, &graph->layers[i], streaming) * (size_t)rows;
    *block = mem_alloc(count * sizeof **block);
    *carry = (Carry){.at = mem_alloc((size_t)graph->layers_count * sizeof *carry->at), .rows = rows, .streaming = streaming};
    size_t offset = 0;
    for (int i = 0; i < graph->layers_count; i++) {
        const size_t kept = kept_per_row(graph, &graph->layers[i], streaming) * (size_t)rows;
        carry->at[i] = kept ? *block + offset : NULL;
        offset += kept;
    }
    return count;
}

/* ---- init, set, get ---- */

static void interp_init(void *model)
{
    Interp *in = mem_alloc(sizeof *in);
    in->model = interp_model(latest);
    in->graph = latest;
    in->tape = tape_new();
    in->weights = mem_alloc(in->model.weights_count * sizeof(double));
    in->gradients = mem_alloc(in->model.weights_count * sizeof(double));
    in->slots = mem_alloc((size_t)in->model.slots_count * sizeof *in->slots);
    for (int k = 0; k < in->model.slots_count; k++)
        in->slots[k] = mem_alloc(in->model.weights_count * sizeof(double));
    if (in->model.state_count)
        carry_make(in->graph, in->graph->B, false, &in->carry, &in->state);
    if (in->model.can_stream)
        in->stream_count = carry_make(in->graph, 1, true, &in->stream, &in->stream_state);
    in->next = all;
    all = in;
    memcpy(model, &in, sizeof in);
}

void interp_free(void *model)
{
    Interp *in = interp_of(model), **at = &all;
    while (*at != in)
        at = &(*at)->next;
    *at = in->next;
    for (int k = 0; k < in->model.slots_count; k++)
        free(in->slots[k]);
    void *const parts[] = {in->slots, in->weights, in->gradients, in->state, in->stream_state, in->carry.at, in->stream.at, in};
    tape_free(in->tape);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        free(parts[i]);
}

static double *block_of(Interp *in, int block, size_t *count)
{
    *count = block == SEQRT_STATE ? in->model.state_count : in->model.weights_count;
    switch (block) {
    case SEQRT_WEIGHTS: return in->weights;
    case SEQRT_GRADIENTS: return in->gradients;
    case SEQRT_STATE: return in->state;
    default: return in->slots[block - SEQRT_SLOT];
    }
}

static void interp_set(void *model, int block, const void *from)
{
    size_t count;
    double *to = block_of(interp_of(model), block, &count);
    if (count)
        memcpy(to, from, count * sizeof *to);
}

static void interp_get(const void *model, int block, void *to)
{
    size_t count;
    const double *from = block_of(interp_of(model), block, &count);
    if (count)
        memcpy(to, from, count * sizeof *from);
}

/* ---- forward, gradient, update ---- */

static Pass run(Interp *in, const SeqrtBatch *batch, bool training, uint64_t seed, uint64_t step)
{
    tape_clear(in->tape);
    Pass pass = {.tape = in->tape, .graph = in->graph, .batch = batch, .training = training, .seed = seed, .step = step};
    pass.carry = in->model.state_count ? &in->carry : NULL;
    oracle_run(&pass, in->weights);
    return pass;
}

static void write_output(const Pass *pass, double *out)
{
    const size_t O = (size_t)pass->graph->outputs, T = pass->graph->out.steps ? (size_t)pass->graph->T : 1;
    memset(out, 0, (size_t)pass->b * T * O * sizeof *out);
    for (size_t i = 0; i < (size_t)pass->b; i++)
        for (size_t t = 0; t < T && (int)t < pass->batch->lengths[i]; t++) {
            const Value v = pass->graph->out.steps ? pass->out.steps[t] : pass->out.pooled;
            memcpy(out + (i * T + t) * O, tape_value(pass->tape, v) + i * O, O * sizeof *out);
        }
}

static SeqrtLoss loss_value(const Pass *pass, OracleLoss loss)
{
    return loss.sum == VALUE_NONE ? (SeqrtLoss){0, 0} : (SeqrtLoss){tape_value(pass->tape, loss.sum)[0], loss.weight};
}

static SeqrtLoss interp_forward(void *model, const SeqrtBatch *batch, void *out)
{
    Pass pass = run(interp_of(model), batch, false, 0, 0);
    if (out)
        write_output(&pass, out);
    return loss_value(&pass, oracle_loss(&pass));
}

static void read_gradients(const Interp *in, const Pass *pass)
{
    memset(in->gradients, 0, in->model.weights_count * sizeof *in->gradients);
    for (int i = 0; i < in->graph->tensors_count; i++) {
        const double *from = tape_gradient(in->tape, pass->weights[i]);
        const size_t count = (size_t)tape_rows(in->tape, pass->weights[i]) * (size_t)tape_cols(in->tape, pass->weights[i]);
        if (from)
            memcpy(in->gradients + in->graph->tensors[i].offset, from, count * sizeof *from);
    }
}

static SeqrtLoss interp_gradient(void *model, const SeqrtBatch *batch, uint64_t seed, uint64_t step, const SeqrtThread *thread)
{
    (void)thread; /* always alone */
    Interp *in = interp_of(model);
    Pass pass = run(in, batch, true, seed, step);
    const OracleLoss loss = oracle_loss(&pass);
    if (loss.weight > 0)
        tape_backward(in->tape, tape_scale(in->tape, loss.sum, 1.0 / loss.weight));
    read_gradients(in, &pass);
    return loss_value(&pass, loss);
}

static double interp_update(void *model, const SeqrtUpdate *u, const SeqrtThread *thread)
{
    (void)thread;
    Interp *in = interp_of(model);
    return optimizer_update(&in->graph->spec->train, u, in->model.weights_count, in->weights, in->gradients, in->slots);
}

static void interp_reset(void *model)
{
    Interp *in = interp_of(model);
    if (in->state)
        memset(in->state, 0, in->model.state_count * sizeof *in->state);
}

/* ---- streams ---- */

static void interp_reset_step(void *model)
{
    Interp *in = interp_of(model);
    in->stream.seen = 0;
    if (in->stream_state)
        memset(in->stream_state, 0, in->stream_count * sizeof *in->stream_state);
}

static void interp_step(void *model, int32_t token, const void *x, void *out)
{
    Interp *in = interp_of(model);
    const int32_t one = 1;
    const SeqrtBatch batch = {.rows = 1, .lengths = &one, .tokens = &token, .x = x};
    tape_clear(in->tape);
    Pass pass = {.tape = in->tape, .graph = in->graph, .batch = &batch, .carry = &in->stream};
    oracle_run(&pass, in->weights);
    const Value v = in->graph->out.steps ? pass.out.steps[0] : pass.out.pooled;
    memcpy(out, tape_value(in->tape, v), (size_t)in->graph->outputs * sizeof(double));
    in->stream.seen++;
}

SeqrtModel interp_model(const Graph *graph)
{
    SeqrtModel model = graph_model(graph);
    latest = graph;
    model.real_bytes = 8;
    model.model_bytes = 64;
    model.init = interp_init;
    model.set = interp_set;
    model.get = interp_get;
    model.forward = interp_forward;
    model.gradient = interp_gradient;
    model.update = interp_update;
    model.reset = interp_reset;
    model.reset_step = interp_reset_step;
    model.step = interp_step;
    return model;
}
