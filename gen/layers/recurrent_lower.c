/* recurrent_lower.c: a stack of recurrent layers as per-step kernels and long products.
 *
 * Takes: a Cell (its equations), the layer, the value below. Gives: buffers, kernels, schedules over time, one streaming
 * step. Does not: know what the gates mean (lstm_lower.c and its like), or choose tiles.
 *
 * Forward, every step t: one TILE kernel adds input and recurrent products to the bias and runs the cell's equations while
 * the tile is in registers; where plan_hoist says so, the input products of some steps are made before the first of them.
 * Reverse, every step: the gates' gradients in place, then dh = dgates . W_hh. After the last step, over all rows at once:
 * dW_ih, dW_hh, db, and the input's gradient; where those rows exceed the second cache, after every few steps, over the rows
 * of these, and perhaps for each half of the batch apart (recurrent_parts_lower.c).
 */
#include "recurrent_run.h"
#include "value_lower.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- arguments of a kernel's call, and its params when it is new ---- */

void recurrent_arg(Args *args, const char *param, bool writes, int stride, const char *format, ...)
{
    if (args->kernel)
        kernel_param(args->kernel, param, writes, stride);
    char ref[512];
    va_list list;
    va_start(list, format);
    vsnprintf(ref, sizeof ref, format, list);
    va_end(list);
    text_add(&args->text, ", %s", ref);
}

static const SeqrtTensor *tensor(const Run *r, const char *part)
{
    char name[80];
    snprintf(name, sizeof name, "%s_l%d%s", part, r->l, r->reverse ? "_reverse" : "");
    return graph_find(r->plan->graph, r->layer, name);
}

/* ---- buffers ---- */

static Pack *pack_gates(Run *r, const char *part, int buffer, const int *slot_of, int slots, int inputs)
{
    Pack *pack = plan_pack(r->plan, tensor(r, part), buffer);
    pack->gates = r->cell->gates;
    pack->units = r->H;
    pack->inputs = inputs;
    memcpy(pack->slot, slot_of, sizeof pack->slot);
    pack->k_stride = (int64_t)slots * r->plan->P;
    pack->panel_stride = pack->k_stride * inputs;
    pack->from_q = (int64_t)r->H * inputs;
    pack->from_j = inputs;
    pack->from_k = 1;
    return pack;
}

static int weight_buffer(Run *r, const char *part, int inputs, int slots)
{
    return plan_buffer(r->plan, BLOCK_PARAM, r->Hp / r->plan->P * (int64_t)inputs, (int64_t)slots * r->plan->P, "[panel][k][slot][P]", "%s_%s",
                       r->base, part);
}

static bool one_hot(const Run *r) { return r->in.tokens && !r->in.vector; }

static void weights(Run *r)
{
    const Cell *cell = r->cell;
    Plan *plan = r->plan;
    int rel[4];
    for (int q = 0; q < 4; q++)
        rel[q] = cell->x_of[q] - cell->x_slot;
    if (one_hot(r)) {
        r->w_ih = plan_buffer(plan, BLOCK_PARAM, r->K, (int64_t)cell->x_slots * r->Hp, "[token][panel][slot][P]: row lookup", "%s_weight_ih", r->base);
        Pack *pack = pack_gates(r, "weight_ih", r->w_ih, rel, cell->x_slots, r->K);
        pack->panel_stride = (int64_t)cell->x_slots * plan->P;
        pack->k_stride = (int64_t)cell->x_slots * r->Hp;
        r->table = r->w_ih;
    } else {
        r->w_ih = weight_buffer(r, "weight_ih", r->K, cell->x_slots);
        pack_gates(r, "weight_ih", r->w_ih, rel, cell->x_slots, r->K);
        if (r->in.tokens)
            recurrent_table(r);
    }
    for (int q = 0; q < 4; q++)
        rel[q] = cell->h_of[q] - cell->h_slot;
    r->w_hh = weight_buffer(r, "weight_hh", r->H, cell->h_slots);
    pack_gates(r, "weight_hh", r->w_hh, rel, cell->h_slots, r->H);
    r->bias = r->layer->spec->p.bias;
    if (!r->bias)
        return;
    r->b_ih = plan_buffer(plan, BLOCK_PARAM, 1, r->G, "[panel][slot][P]", "%s_bias_ih", r->base);
    pack_gates(r, "bias_ih", r->b_ih, cell->x_of, cell->slots, 1);
    r->b_hh = plan_buffer(plan, BLOCK_PARAM, 1, r->G, "[panel][slot][P]", "%s_bias_hh", r->base);
    pack_gates(r, "bias_hh", r->b_hh, cell->h_of, cell->slots, 1);
}

/* Forward stores what backward will ask for. */
static bool keeps(const Run *r) { return !r->plan->infer_only; }

/* A row alone, whose gates nobody asks for: in streaming, or in a file that does not train and has one sequence */
static bool alone(const Run *r, bool stream) { return stream || (r->plan->B == 1 && !keeps(r)); }

/* Whether the kernel starts from products made before */
static bool hoisted(const Run *r, bool stream) { return r->hoist && !stream; }

/* Whether a row's kernel makes the sums of the last units' gates whole, side by side; else inputs and biases come from rows that are not packed so. */
static bool tail_gates(const Run *r, bool stream) { return r->tail && alone(r, stream) && !hoisted(r, stream) && !r->in.tokens; }

static int tail_lanes(const Run *r) { return plan_pad(r->plan, r->tail * r->cell->slots); }

/* These units' part of a weight, into rows of w_tail from `row` on; a slot is where slot_of says, of the `slots` of the weight the first being `slot` */
static void tail_part(Run *r, Function *refresh, const char *part, int weight, const int *slot_of, int inputs, int slot, int slots, int row)
{
    Plan *plan = r->plan;
    const int whole = r->H / plan->P * plan->P, lanes = tail_lanes(r);
    if (!plan->infer_only) {
        char *to = row ? mem_format("%s + %d", plan_ref(plan, r->w_tail), row * lanes) : mem_copy(plan_ref(plan, r->w_tail));
        function_line(refresh, "pack_tail(s, %s + %lld, %d, %d, %d, %d, %d, %d, %s);", plan_ref(plan, weight), (long long)whole * inputs * slots, inputs, slots,
                      slot, r->tail, lanes, r->cell->tail_twice - 1, to);
        free(to);
        return;
    }
    Pack *pack = pack_gates(r, part, r->w_tail, slot_of, slots, inputs);
    pack->copy = true;
    pack->to = (int64_t)row * lanes;
    pack->first = whole, pack->units = r->H - whole, pack->apart = r->tail;
    pack->twice = r->cell->tail_twice;
    pack->panel_stride = 0, pack->k_stride = lanes;
}

/* The weights of the last units once more, [input][slot][unit] without padding between the slots */
static void tail(Run *r, Function *refresh)
{
    Plan *plan = r->plan;
    const Cell *cell = r->cell;
    r->w_tail = -1;
    r->tail = plan->stream || alone(r, false) ? plan_tail(plan, r->H, cell->slots) : 0;
    if (!r->tail)
        return;
    const bool gates = tail_gates(r, plan->stream);
    r->tail_rows = gates ? (r->bias ? 2 : 0) + r->K : 0;
    const char *parts = !gates ? "weight_hh" : r->bias ? "bias_ih, bias_hh, weight_ih, weight_hh" : "weight_ih, weight_hh";
    char *twice = cell->tail_twice ? mem_format(", slot %d doubled", cell->tail_twice - 1) : mem_copy("");
    char *comment = mem_format("%s of the last units: [k][slot][unit]%s", parts, twice);
    r->w_tail = plan_buffer(plan, BLOCK_DERIVED, r->tail_rows + r->H, tail_lanes(r), comment, "%s_tail", r->base);
    free(comment), free(twice);
    if (gates && r->bias) {
        tail_part(r, refresh, "bias_ih", r->b_ih, cell->x_of, 1, 0, cell->slots, 0);
        tail_part(r, refresh, "bias_hh", r->b_hh, cell->h_of, 1, 0, cell->slots, 1);
    }
    if (gates)
        tail_part(r, refresh, "weight_ih", r->w_ih, cell->x_of, r->K, cell->x_slot, cell->x_slots, r->tail_rows - r->K);
    tail_part(r, refresh, "weight_hh", r->w_hh, cell->h_of, r->H, cell->h_slot, cell->h_slots, r->tail_rows);
}

/* A row's argument w_tail, for a kernel that wants all of it or the state's part */
static void tail_arg(Run *r, Args *args, bool stream)
{
    if (!r->tail || !alone(r, stream))
        return;
    if (tail_gates(r, stream) || !r->tail_rows)
        recurrent_arg(args, "w_tail", false, 0, "%s", plan_ref(r->plan, r->w_tail));
    else
        recurrent_arg(args, "w_tail", false, 0, "%s + %d", plan_ref(r->plan, r->w_tail), r->tail_rows * tail_lanes(r));
}

static void derived(Run *r)
{
    Plan *plan = r->plan;
    const int P = plan->P;
    Function *f = plan_function(plan, FORM_PLAIN, r->in.vector ? "sum of biases, transposed copies, the product of each token's vector and weight_ih; after the weights have changed"
                                                                  : "sum of biases and transposed copies, after the weights have changed", "%s_refresh", r->base);
    if (r->bias) {
        r->bias_sum = plan_buffer(plan, BLOCK_DERIVED, 1, r->G, "bias_ih + bias_hh", "%s_bias", r->base);
        plan_sum(plan, r->b_ih, r->b_hh, r->bias_sum, r->G);
        if (!plan->infer_only)
            function_line(f, "add_vectors(s, %s, %s, %d, %s);", plan_ref(plan, r->b_ih), plan_ref(plan, r->b_hh), r->G, plan_ref(plan, r->bias_sum));
    }
    if (!plan->infer_only) {
        r->w_hh_t = plan_buffer(plan, BLOCK_DERIVED, (int64_t)r->Hp / P * r->cell->h_slots * r->Hp, P, "[panel of h][gate column][P]", "%s_weight_hh_t", r->base);
        function_line(f, "transpose_panels(s, %s, %d, %d, 0, %d, %d, %s);", plan_ref(plan, r->w_hh), r->Hp / P, r->H, r->H, r->cell->h_slots * P,
                      plan_ref(plan, r->w_hh_t));
        for (int i = 0, first = 0; i < r->in.pieces; first += r->in.piece[i++].width) {
            const Piece *piece = &r->in.piece[i];
            if (piece->grad < 0)
                continue;
            r->w_ih_t[i] = plan_buffer(plan, BLOCK_DERIVED, (int64_t)plan_pad(plan, piece->width) / P * r->cell->x_slots * r->Hp, P,
                                       "[panel of x][gate column][P]", "%s_weight_ih_t%d", r->base, i);
            function_line(f, "transpose_panels(s, %s, %d, %d, %d, %d, %d, %s);", plan_ref(plan, r->w_ih), r->Hp / P, r->K, first, piece->width,
                          r->cell->x_slots * P, plan_ref(plan, r->w_ih_t[i]));
        }
    }
    if (r->in.vector)
        recurrent_table_refresh(r, f);
    tail(r, f);
    if (f->count)
        plan_refresh(plan, f);
}

static void carried(Plan *plan, const Run *r, const char *which)
{
    int buffer = plan_buffer(plan, BLOCK_STATE, plan->B, r->H, "state carried, rows as the batch", "%s_state_%s", r->base, which);
    plan->buffers[buffer].carried = true;
}


static void state_buffers(Run *r)
{
    Plan *plan = r->plan;
    const int64_t rows = plan_rows(plan, SPACE_STEPS);
    r->gates = r->c = r->h0 = r->c0 = -1;
    if (r->hoist) {
        char *comment = mem_format("input products of %d steps, and the bias", r->hoist);
        r->products = plan_buffer(plan, BLOCK_FORWARD, r->hoist, r->row, comment, "%s_products", r->base);
        free(comment);
    }
    if (keeps(r) && r->cell->keeps_gates)
        r->gates = plan_buffer(plan, BLOCK_FORWARD, rows, r->row, "gates; backward turns them into their gradients", "%s_gates", r->base);
    else if (!plan->infer_only)
        r->gates = plan_buffer(plan, BLOCK_BACKWARD, rows, r->row, "gradient of a", "%s_gates", r->base);
    if (r->cell->has_c)
        r->c = plan_buffer(plan, BLOCK_FORWARD, rows, r->Hp, "cell state", "%s_c", r->base);
    r->h = plan_buffer(plan, BLOCK_FORWARD, rows, r->Hp, "hidden state, the output", "%s_h", r->base);
    if (plan->carry) {
        r->h0 = plan_buffer(plan, BLOCK_STATE, plan->B, r->Hp, "state carried in, rows as packed", "%s_h0", r->base);
        carried(plan, r, "h");
        if (r->cell->has_c) {
            r->c0 = plan_buffer(plan, BLOCK_STATE, plan->B, r->Hp, "state carried in, rows as packed", "%s_c0", r->base);
            carried(plan, r, "c");
        }
    } else {
        r->h0 = plan_zeros(plan, r->Hp);
        r->c0 = r->h0;
    }
    if (plan->infer_only)
        return;
    if (!r->ends)
        r->dy = plan_buffer(plan, BLOCK_BACKWARD, rows, r->Hp, "gradient of the output", "%s_dy", r->base);
    r->dh = plan_buffer(plan, BLOCK_BACKWARD, plan->B, r->Hp, r->ends ? "gradient of h: of the last one, then from the step after" : "gradient of h from the step after",
                        "%s_dh", r->base);
    if (r->cell->has_c)
        r->dc = plan_buffer(plan, BLOCK_BACKWARD, plan->B, r->Hp, "gradient of c from the step after", "%s_dc", r->base);
    if (r->cell->dh_part)
        r->dh_part = plan_buffer(plan, BLOCK_BACKWARD, plan->B, r->Hp, "the part of it past the product", "%s_dh_part", r->base);
}

/* ---- forward ---- */

static void input_name(const Run *r, char *name, size_t size)
{
    if (r->in.tokens) {
        snprintf(name, size, "tokens%d", r->in.width);
        return;
    }
    int at = 0;
    for (int i = 0; i < r->in.pieces; i++) {
        const Piece *piece = &r->in.piece[i];
        at += snprintf(name + at, size - (size_t)at, piece->stride == piece->width ? "%s%d" : "%s%dp", i ? "_" : "", piece->width);
    }
}

/* Of a unit */
static int64_t x_weights(const Run *r) { return r->in.tokens ? 0 : (int64_t)r->K * r->cell->x_slots; }
static int64_t h_weights(const Run *r) { return (int64_t)r->H * r->cell->h_slots; }

/* One sequence, and weights that the first cache may not hold: read from alternate ends, a part of them is still there. (GRU 64, 48 KB in a cache of
 * 48 KB: 5 to 12% faster; where all of them fit, as fast: LSTM 40 and 48, GRU 48 and 56.) */
static int64_t step_bytes(const Run *r, bool stream)
{
    const int64_t weights = h_weights(r) + (hoisted(r, stream) ? 0 : x_weights(r));
    return weights * r->Hp * r->plan->graph->spec->codegen.real_bytes;
}

static bool turns(const Run *r, bool stream)
{
    return (stream || r->plan->B == 1) && r->Hp > r->plan->P && step_bytes(r, stream) > TURNED_WEIGHTS;
}

/* A row alone waits for its own functions. Where it is one vector of units, it can sum meanwhile what the first of them do without; where it is more,
 * an LSTM's functions of each run beside the next one's sums (staggered). (Zen 5: LSTM 32 10% less than by what comes late, GRU as much. A Xeon: LSTM 64, whose
 * weights turn, 8% less; LSTM 48, whose weights the first cache holds, 3% more.) */
static bool waits(const Run *r, bool stream) { return alone(r, stream) && r->plan->vectors && !r->tail && r->cell->late; }

static bool staggers(const Run *r, bool stream, const Kernel *k)
{
    const bool pays = !k->turns || step_bytes(r, stream) > UNCACHED_WEIGHTS;
    return waits(r, stream) && r->cell->staggers && pays && k->units > r->plan->P && plan_whole(r->plan, k);
}

/* In a file for one sequence that does not train a step is a streaming one. */
static Kernel *step_kernel(Run *r, bool stream, bool *fresh)
{
    char input[100];
    input_name(r, input, sizeof input);
    const char *what = alone(r, stream) && !hoisted(r, stream) ? "stream" : "step";
    Kernel *kernel = plan_kernel(r->plan, KERNEL_TILE, fresh, "%s_%s_%d%s_%s", r->cell->kind, input, r->H, r->bias ? "" : "_nobias", what);
    if (!*fresh)
        return kernel;
    kernel->comment = mem_format("%s cell, %d -> %d: %s", r->cell->kind, r->K, r->H, r->cell->equations);
    kernel->units = r->Hp;
    kernel->slots = r->cell->slots;
    kernel->one_row = stream || r->plan->B == 1;
    kernel->shared = r->by_units && !stream;
    kernel->turns = turns(r, stream);
    kernel->fetches = keeps(r) && !kernel->one_row && plan_fetch_written(r->plan, r->row);
    if (r->tail && alone(r, stream)) {
        kernel->tail = r->tail;
        kernel->tail_units = r->H % r->plan->P;
        kernel->tail_lanes = tail_lanes(r);
        kernel->tail_twice = r->cell->tail_twice;
        if (tail_gates(r, stream))
            kernel->tail_program = r->cell->tail;
    }
    kernel->program = stream || !keeps(r) ? r->cell->stream : r->cell->forward;
    if (waits(r, stream) && kernel->units == r->plan->P)
        kernel->program = r->cell->stream_soon;
    kernel->staggered = staggers(r, stream, kernel);
    kernel->late = waits(r, stream) && !kernel->staggered && !kernel->turns ? r->cell->late : 0;
    if (alone(r, stream) ? !kernel->staggered && !kernel->late : !keeps(r) || kernel->one_row)
        kernel->program.keeps = NULL;
    kernel->flops_row = 2.0 * r->H * (double)(h_weights(r) + (hoisted(r, stream) ? 0 : x_weights(r)));
    kernel->init_stride = r->row;
    kernel->init = hoisted(r, stream) ? INIT_ROW : r->in.tokens ? INIT_LOOKUP : r->bias ? INIT_BIAS : INIT_ZERO;
    kernel->lookup_slots = r->in.tokens ? r->cell->x_slots : 0;
    kernel->lookup_stride = kernel->lookup_slots * r->Hp;
    return kernel;
}

static void source(Kernel *kernel, const char *a, const char *w, int a_stride, int run, int w_rows, int w_first, int slot, int slots)
{
    kernel->sources[kernel->sources_count++] = (Source){.a = a, .w = w, .a_stride = a_stride, .reps = 1, .run = run, .w_rows = w_rows,
                                                        .w_first = w_first, .slot = slot, .slots = slots};
}

static void input_args(Run *r, Args *args, const char *first_row, bool stream)
{
    Plan *plan = r->plan;
    if (r->bias)
        recurrent_arg(args, "bias", false, 0, "%s", plan_ref(plan, r->bias_sum));
    if (r->in.tokens) {
        const Piece *piece = &r->in.piece[0];
        recurrent_arg(args, "tokens", false, 1, "%s%s", plan_ref(plan, stream ? piece->stream : piece->buffer), first_row);
        if (args->kernel)
            args->kernel->params[args->kernel->params_count - 1].ints = true;
        recurrent_arg(args, "table", false, 0, "%s", plan_ref(plan, r->table));
        return;
    }
    static const char *const X[2] = {"x", "x1"};
    recurrent_arg(args, "w_ih", false, 0, "%s", plan_ref(plan, r->w_ih));
    for (int i = 0, first = 0; i < r->in.pieces; first += r->in.piece[i++].width) {
        const Piece *piece = &r->in.piece[i];
        if (*first_row)
            recurrent_arg(args, X[i], false, piece->stride, "%s%s * %d", plan_ref(plan, piece->buffer), first_row, piece->stride);
        else
            recurrent_arg(args, X[i], false, piece->stride, "%s", plan_ref(plan, stream ? piece->stream : piece->buffer));
        if (args->kernel)
            source(args->kernel, X[i], "w_ih", piece->stride, piece->width, r->K, first, r->cell->x_slot, r->cell->x_slots);
    }
}

/* Sums of 1 to 4 slots as they are, into the rows of `products` */
static const Program SLOTS[4] = {
    {.stores = (const Store[]){{"products", 0, "a0"}, {0}}},
    {.stores = (const Store[]){{"products", 0, "a0"}, {"products", 1, "a1"}, {0}}},
    {.stores = (const Store[]){{"products", 0, "a0"}, {"products", 1, "a1"}, {"products", 2, "a2"}, {0}}},
    {.stores = (const Store[]){{"products", 0, "a0"}, {"products", 1, "a1"}, {"products", 2, "a2"}, {"products", 3, "a3"}, {0}}},
};

Program recurrent_slots(int slots) { return SLOTS[slots - 1]; }

/* The input products of the steps from t on, of the one sequence there is: no thread but its own has work here. */
static Function *products(Run *r)
{
    Plan *plan = r->plan;
    char *comment = mem_format("layer %s, stack layer %d: bias and input products of %d steps from t on", r->layer->name, r->l, r->hoist), input[100];
    Function *f = plan_function(plan, FORM_STEP, comment, "%s_products", r->base);
    bool fresh;
    input_name(r, input, sizeof input);
    Kernel *kernel = plan_kernel(plan, KERNEL_TILE, &fresh, "%s_%s_%d%s_products", r->cell->kind, input, r->H, r->bias ? "" : "_nobias");
    if (fresh) {
        kernel->comment = mem_format("%s cell, %d -> %d: W x + b", r->cell->kind, r->K, r->H);
        kernel->units = r->Hp;
        kernel->slots = r->cell->slots;
        kernel->rows = r->hoist;
        kernel->program = recurrent_slots(r->cell->slots);
        kernel->flops_row = 2.0 * r->H * (double)x_weights(r);
        kernel->init = r->bias ? INIT_BIAS : INIT_ZERO;
    }
    function_line(f, "const int past = t + %d < m->steps ? t + %d : m->steps;", r->hoist, r->hoist);
    function_line(f, "const int64_t at = m->at[t];");
    Args args = {.kernel = fresh ? kernel : NULL};
    text_add(&args.text, plan->infer_only ? "past - t" : "s->rows * (past - t)");
    input_args(r, &args, " + at", false);
    recurrent_arg(&args, "products", true, r->row, "%s", plan_ref(plan, r->products));
    function_call(f, kernel->name, "%s", args.text.data);
    free(args.text.data), free(comment);
    return f;
}

/* One call of the step kernel. rows, at: C expressions; h0, c0: the state before, row 0. */
static void forward_call(Run *r, Function *f, const char *rows, const char *at, const char *h0, const char *c0)
{
    Plan *plan = r->plan;
    bool fresh;
    Kernel *kernel = step_kernel(r, false, &fresh);
    Args args = {.kernel = fresh ? kernel : NULL};
    text_add(&args.text, "%s%s%s", r->by_units ? "s, " : "", rows, turns(r, false) ? ", t & 1" : "");
    if (r->hoist) {
        recurrent_arg(&args, "products", false, r->row, "%s + t %% %d * %d", plan_ref(plan, r->products), r->hoist, r->row);
    } else {
        char first_row[100];
        snprintf(first_row, sizeof first_row, " + %s", at);
        input_args(r, &args, first_row, false);
    }
    recurrent_arg(&args, "w_hh", false, 0, "%s", plan_ref(plan, r->w_hh));
    tail_arg(r, &args, false);
    recurrent_arg(&args, "h0", false, r->Hp, "%s", h0);
    if (fresh)
        source(kernel, "h0", "w_hh", r->Hp, r->H, r->H, 0, r->cell->h_slot, r->cell->h_slots);
    if (r->cell->has_c)
        recurrent_arg(&args, "c0", false, r->Hp, "%s", c0);
    if (keeps(r) && r->cell->keeps_gates)
        recurrent_arg(&args, "gates", true, r->row, "%s + %s * %d", plan_ref(plan, r->gates), at, r->row);
    if (r->cell->has_c)
        recurrent_arg(&args, "c", true, r->Hp, "%s + %s * %d", plan_ref(plan, r->c), at, r->Hp);
    recurrent_arg(&args, "h", true, r->Hp, "%s + %s * %d", plan_ref(plan, r->h), at, r->Hp);
    function_call(f, kernel->name, "%s", args.text.data);
    free(args.text.data);
}

static bool has_sequences(const Run *r) { return !r->plan->infer_only && !r->by_units; }

/* Packed row where the thread's sequences begin at step t; t - 1 and t + 1 likewise */
const char *recurrent_step_at(const Run *r, const char *t)
{
    return mem_format(!has_sequences(r) ? "m->at[%s]" : r->plan->apart ? "s->at[%s] + s->first" : "m->at[%s] + s->first", t);
}

/* "at" and "rows" of step t; in reverse also "kept", those that go on to step t + 1 */
void recurrent_step_rows(Run *r, Function *f)
{
    const bool shared = has_sequences(r);
    function_line(f, "const int64_t at = %s;", recurrent_step_at(r, "t"));
    const char *kept = !r->reverse ? "" : shared ? ", kept = running(m, s, t + 1)" : ", kept = m->rows[t + 1]";
    function_line(f, "const int rows = %s%s;", shared ? "running(m, s, t)" : "m->rows[t]", kept);
}

void recurrent_state_before(Run *r, Function *f, const char *name, const char *kept, const char *start)
{
    const char *first = r->plan->carry && !r->by_units ? plan_first(r->plan, SPACE_BATCH, start, r->Hp) : start;
    function_line(f, "const Real *%s = t > 0 ? %s + (%s) * %d : %s;", name, kept, recurrent_step_at(r, "t - 1"), r->Hp, first);
}

/* before: what makes the input products of some steps; NULL: each step makes its own */
static void forward_step(Run *r, Function *f, const Function *before)
{
    Plan *plan = r->plan;
    const char *h = plan_ref(plan, r->h), *c = r->cell->has_c ? plan_ref(plan, r->c) : NULL, *h0 = plan_ref(plan, r->h0);
    const char *c0 = r->cell->has_c ? plan_ref(plan, r->c0) : NULL;
    if (r->by_units)
        function_line(f, "meet(s); /* each thread has some of the units, and now those of the step before are all there */");
    recurrent_step_rows(r, f);
    if (before) {
        if (r->reverse)
            function_line(f, "if ((t + 1) %% %d == 0 || t + 1 == m->steps)", r->hoist);
        else
            function_line(f, "if (t %% %d == 0)", r->hoist);
        function_line(f, r->reverse ? "    %s(m%s, t / %d * %d);" : "    %s(m%s, t);", before->name, plan_thread(plan), r->hoist, r->hoist);
    }
    if (!r->reverse) {
        recurrent_state_before(r, f, "h0", h, h0);
        if (c)
            recurrent_state_before(r, f, "c0", c, c0);
        forward_call(r, f, "rows", "at", "h0", "c0");
        return;
    }
    function_line(f, "const int64_t after = %s, fresh = at + kept; /* the rows that end here start from zero */", recurrent_step_at(r, "t + 1"));
    char *h1 = mem_format("%s + after * %d", h, r->Hp), *c1 = c ? mem_format("%s + after * %d", c, r->Hp) : NULL;
    forward_call(r, f, "kept", "at", h1, c1);
    forward_call(r, f, "rows - kept", "fresh", h0, c0);
}

Function *recurrent_schedule(Run *r, bool ascending, const char *what, const Function *step, const char *comment)
{
    Function *f = plan_function(r->plan, ascending ? FORM_ASCENDING : FORM_DESCENDING, comment, "%s_%s", r->base, what);
    f->step = mem_copy(step->name);
    f->cut = r->by_units ? CUT_OTHER : CUT_SEQUENCES;
    return f;
}

static void forward(Run *r)
{
    Plan *plan = r->plan;
    const char *direction = r->reverse ? ", last step first" : "";
    char *comment = mem_format("layer %s, stack layer %d%s, step t: %s", r->layer->name, r->l, direction, r->cell->equations);
    const Function *before = r->hoist ? products(r) : NULL;
    Function *step = plan_function(plan, FORM_STEP, comment, "%s_step", r->base);
    forward_step(r, step, before);
    if (plan->carry) {
        Function *in = plan_function(plan, FORM_PLAIN, "state left by the window before, rows as packed", "%s_carry_in", r->base);
        in->cut = CUT_SEQUENCES;
        function_line(in, "carry_in(m%s, %s, m->%s_state_h, %d, %d);", plan_thread(plan), plan_ref(plan, r->h0), r->base, r->H, r->Hp);
        if (r->cell->has_c)
            function_line(in, "carry_in(m%s, %s, m->%s_state_c, %d, %d);", plan_thread(plan), plan_ref(plan, r->c0), r->base, r->H, r->Hp);
        plan_forward(plan, in);
    }
    plan_forward(plan, recurrent_schedule(r, !r->reverse, "forward", step, mem_format("layer %s: all steps%s", r->layer->name, direction)));
    if (plan->carry) {
        Function *out = plan_function(plan, FORM_PLAIN, "state for the window after, rows as the batch", "%s_carry_out", r->base);
        out->cut = CUT_SEQUENCES;
        function_line(out, "carry_out(m%s, %s, m->%s_state_h, %d, %d);", plan_thread(plan), plan_ref(plan, r->h), r->base, r->H, r->Hp);
        if (r->cell->has_c)
            function_line(out, "carry_out(m%s, %s, m->%s_state_c, %d, %d);", plan_thread(plan), plan_ref(plan, r->c), r->base, r->H, r->Hp);
        plan_forward(plan, out);
    }
}

/* ---- streaming ---- */

static void stream(Run *r)
{
    Plan *plan = r->plan;
    r->s_h = plan_buffer(plan, BLOCK_STREAM, 1, r->Hp, "hidden state", "%s_h", r->base);
    r->s_h1 = plan_buffer(plan, BLOCK_STREAM, 1, r->Hp, "the next one, while the kernel still reads the old", "%s_h1", r->base);
    if (r->cell->has_c)
        r->s_c = plan_buffer(plan, BLOCK_STREAM, 1, r->Hp, "cell state", "%s_c", r->base);
    bool fresh;
    Kernel *kernel = step_kernel(r, true, &fresh);
    Args args = {.kernel = fresh ? kernel : NULL};
    text_add(&args.text, "1%s", turns(r, true) ? ", s->steps[0] & 1" : "");
    input_args(r, &args, "", true);
    recurrent_arg(&args, "w_hh", false, 0, "%s", plan_ref(plan, r->w_hh));
    tail_arg(r, &args, true);
    recurrent_arg(&args, "h0", false, r->Hp, "%s", plan_ref(plan, r->s_h));
    if (fresh)
        source(kernel, "h0", "w_hh", r->Hp, r->H, r->H, 0, r->cell->h_slot, r->cell->h_slots);
    if (r->cell->has_c) { /* read and written at the same place by the same lanes */
        recurrent_arg(&args, "c0", false, r->Hp, "%s", plan_ref(plan, r->s_c));
        recurrent_arg(&args, "c", true, r->Hp, "%s", plan_ref(plan, r->s_c));
    }
    recurrent_arg(&args, "h", true, r->Hp, "%s_WHOLE ? %s : %s", kernel->name, plan_ref(plan, r->s_h), plan_ref(plan, r->s_h1));
    function_call(plan->stream, kernel->name, "%s", args.text.data);
    function_line(plan->stream, "if (!%s_WHOLE) copy_reals(%s, %s, %d);", kernel->name, plan_ref(plan, r->s_h1), plan_ref(plan, r->s_h), r->Hp);
    free(args.text.data);
}

/* ---- the layer ---- */

static Piece cell_lower(Run *r)
{
    Plan *plan = r->plan;
    r->H = (int)r->layer->spec->p.hidden;
    r->K = r->in.vector ? r->in.vector : r->in.width;
    r->Hp = plan_pad(plan, r->H);
    r->G = r->cell->slots * r->Hp;
    r->row = plan_apart(plan, r->G);
    r->hoist = r->in.tokens ? 0 : plan_hoist(plan, r->K);
    r->by_units = plan_shares_units(plan, h_weights(r) * r->Hp);
    snprintf(r->base, sizeof r->base, "%s_l%d%s", r->layer->name, r->l, r->reverse ? "_reverse" : "");
    weights(r);
    derived(r);
    state_buffers(r);
    forward(r);
    r->s_h = -1;
    if (plan->stream)
        stream(r);
    if (!plan->infer_only)
        recurrent_backward(r);
    return (Piece){.buffer = r->h, .grad = plan->infer_only ? -1 : r->ends ? r->dh : r->dy, .stream = r->s_h, .width = r->H, .stride = r->Hp};
}

static bool last_follows(const Graph *graph, const Layer *layer)
{
    return layer->index + 1 < graph->layers_count && strcmp(graph->layers[layer->index + 1].kind->name, "last") == 0;
}

void recurrent_lower(Plan *plan, const Layer *layer, const Cell *cell)
{
    const LayerParams *p = &layer->spec->p;
    const int directions = p->bidirectional ? 2 : 1;
    for (int l = 0; l < p->layers; l++) {
        const bool ends = l + 1 == p->layers && !plan->infer_only && last_follows(plan->graph, layer);
        Value in = plan->value, out = {.space = SPACE_STEPS, .final_states = true, .grad_ends = ends, .width = (int)p->hidden * directions, .pieces = directions};
        for (int d = 0; d < directions; d++) {
            Run r = {.plan = plan, .layer = layer, .cell = cell, .in = in, .l = l, .reverse = d == 1, .ends = ends};
            out.piece[d] = cell_lower(&r);
        }
        plan->value = out;
        if (l + 1 < p->layers && p->dropout > 0) {
            char name[160];
            snprintf(name, sizeof name, "%s_l%d_dropout", layer->name, l);
            dropout_lower_value(plan, name, layer->index * 64 + 1 + l, p->dropout);
        }
    }
}
