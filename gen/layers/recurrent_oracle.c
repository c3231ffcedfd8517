/* recurrent_oracle.c: layers stacked, directions side by side, rows held at their end by a mask.
 *
 * Takes: a cell's step. Gives: the output of every step. From torch.nn.RNN: "the input of the l-th layer (l >= 2) is the
 * hidden state of the previous layer multiplied by dropout"; bidirectional: forward and reverse concatenated.
 * Does not: know the gates.
 */
#include "recurrent_oracle.h"

#include <stdio.h>

#include "../interp/tape_node.h"

/* What one layer of the stack reads: the layer's own input, tokens perhaps, or the layer below. */
typedef struct Source {
    const Value *steps; /* NULL: tokens */
    int l;
    bool reverse;
    CellStep step;
    bool has_c;
} Source;

Value cell_recurrent(Tape *tape, const Cell *cell, Value h)
{
    const Value product = tape_matmul(tape, h, cell->weight_hh);
    return cell->bias_hh == VALUE_NONE ? product : tape_add_row(tape, product, cell->bias_hh);
}

Value cell_gate(Tape *tape, const Cell *cell, Value gates, int g)
{
    return tape_columns(tape, gates, g * cell->H, cell->H);
}

static Value bias(const Pass *pass, const Layer *layer, const Source *from, const char *part)
{
    char name[64];
    snprintf(name, sizeof name, "bias_%s_l%d%s", part, from->l, from->reverse ? "_reverse" : "");
    return oracle_weight(pass, layer, name);
}

static Value matrix(Pass *pass, const Layer *layer, const Source *from, const char *part)
{
    char name[64];
    snprintf(name, sizeof name, "weight_%s_l%d%s", part, from->l, from->reverse ? "_reverse" : "");
    return oracle_transposed(pass, layer, name);
}

static Cell make_cell(Pass *pass, const Layer *layer, const Source *from)
{
    return (Cell){
        .weight_ih = matrix(pass, layer, from, "ih"),
        .weight_hh = matrix(pass, layer, from, "hh"),
        .bias_ih = bias(pass, layer, from, "ih"),
        .bias_hh = bias(pass, layer, from, "hh"),
        .H = (int)layer->spec->p.hidden,
        .p = &layer->spec->p,
    };
}

/* A one-hot row times a matrix is a row of the matrix. */
static Value cell_input(Pass *pass, const Cell *cell, const Source *from, int t)
{
    const Value product = from->steps ? tape_matmul(pass->tape, from->steps[t], cell->weight_ih)
                                      : tape_gather(pass->tape, cell->weight_ih, pass->b, oracle_ids(pass, t));
    return cell->bias_ih == VALUE_NONE ? product : tape_add_row(pass->tape, product, cell->bias_ih);
}

/* ---- state carried in and out; a reverse direction always starts from zero ---- */

static double *slot_of(const Pass *pass, const Layer *layer, const Source *from, int c)
{
    double *block = from->reverse ? NULL : oracle_carried(pass, layer);
    const size_t slot = (size_t)from->l * (from->has_c ? 2 : 1) + (size_t)c;
    return block ? block + slot * (size_t)pass->carry->rows * (size_t)layer->spec->p.hidden : NULL;
}

static CellState first_state(Pass *pass, const Layer *layer, const Source *from)
{
    const int H = (int)layer->spec->p.hidden;
    return (CellState){
        .h = oracle_load(pass, slot_of(pass, layer, from, 0), H),
        .c = from->has_c ? oracle_load(pass, slot_of(pass, layer, from, 1), H) : VALUE_NONE,
    };
}

static void keep_state(const Pass *pass, const Layer *layer, const Source *from, CellState state)
{
    if (!slot_of(pass, layer, from, 0))
        return;
    oracle_store(pass, state.h, slot_of(pass, layer, from, 0));
    if (from->has_c)
        oracle_store(pass, state.c, slot_of(pass, layer, from, 1));
}

/* ---- over time ---- */

/* A row that has ended (reverse: not begun) keeps its state. */
static CellState masked_step(Pass *pass, const Cell *cell, const Source *from, int t, CellState state)
{
    const CellState next = from->step(pass->tape, cell, cell_input(pass, cell, from, t), state);
    const bool *mask = oracle_mask(pass, t);
    return (CellState){
        .h = tape_blend(pass->tape, mask, next.h, state.h),
        .c = from->has_c ? tape_blend(pass->tape, mask, next.c, state.c) : VALUE_NONE,
    };
}

static Value *run_direction(Pass *pass, const Layer *layer, const Source *from)
{
    const Cell cell = make_cell(pass, layer, from);
    CellState state = first_state(pass, layer, from);
    Value *h = oracle_steps(pass);
    for (int i = 0; i < pass->T; i++) {
        const int t = from->reverse ? pass->T - 1 - i : i;
        state = masked_step(pass, &cell, from, t, state);
        h[t] = state.h;
    }
    keep_state(pass, layer, from, state);
    return h;
}

static Value *run_layer(Pass *pass, const Layer *layer, Source from)
{
    Value *forward = run_direction(pass, layer, &from);
    if (!layer->spec->p.bidirectional)
        return forward;
    from.reverse = true;
    const Value *reverse = run_direction(pass, layer, &from);
    for (int t = 0; t < pass->T; t++)
        forward[t] = tape_concat(pass->tape, 2, (Value[]){forward[t], reverse[t]});
    return forward;
}

void recurrent_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out, CellStep step, bool has_c)
{
    const LayerParams *p = &layer->spec->p;
    Source from = {.steps = in->steps, .step = step, .has_c = has_c};
    for (from.l = 0; from.l < p->layers; from.l++) {
        out->steps = run_layer(pass, layer, from);
        for (int t = 0; from.l + 1 < p->layers && t < pass->T; t++)
            out->steps[t] = oracle_dropout(pass, out->steps[t], p->dropout, layer->index * 64 + 1 + from.l, t);
        from.steps = out->steps;
    }
}
