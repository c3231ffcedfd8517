/* recurrent_lower.c: a stack of recurrent layers as per-step kernels and long products.
 *
 * Takes: a Cell (its equations), the layer, the value below. Gives: buffers, kernels, schedules over time, one streaming
 * step. Does not: know what the gates mean (lstm_lower.c and its like), or choose tiles.
 *
 * Forward, every step t: one TILE kernel adds input and recurrent products to the bias and runs the cell's equations while
 * the tile is in registers. Reverse, every step: the gates' gradients in place, then dh = dgates . W_hh. After the last
 * step, over all rows at once: dW_ih, dW_hh, db, and the input's gradient; where those rows exceed the second cache, after
 * every few steps, over the rows of these.
 */
#include "recurrent_lower.h"
#include "value_lower.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Run {
    Plan *plan;
    const Layer *layer;
    const Cell *cell;
    Value in;
    int l, K, H, Hp, G; /* layer of the stack, input width, units, padded units, slots * padded units */
    int row;            /* from one row of gates to the next */
    int chunk;          /* steps of the backward pass after which their gradients of weights are made; 0: of all at the end */
    bool reverse, bias;
    bool ends;          /* nobody but `last` takes the output: only the state behind a sequence has a gradient from outside, and dh starts as that */
    char base[200];     /* "lstm_l0_reverse" */
    int w_ih, w_hh, b_ih, b_hh, bias_sum, w_hh_t, w_ih_t[2];
    int gates, c, tc, h, dy, dh, dc, dh_part, h0, c0;
    int s_h, s_c, s_h1, s_c1;
} Run;

/* ---- arguments of a kernel's call, and its params when it is new ---- */

typedef struct Args { Text text; Kernel *kernel; /* NULL: exists already */ } Args;

static void arg(Args *args, const char *param, bool writes, int stride, const char *format, ...) __attribute__((format(printf, 5, 6)));
static void arg(Args *args, const char *param, bool writes, int stride, const char *format, ...)
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

static void weights(Run *r)
{
    const Cell *cell = r->cell;
    Plan *plan = r->plan;
    int rel[4];
    for (int q = 0; q < 4; q++)
        rel[q] = cell->x_of[q] - cell->x_slot;
    if (r->in.tokens) {
        r->w_ih = plan_buffer(plan, BLOCK_PARAM, r->K, (int64_t)cell->x_slots * r->Hp, "[token][panel][slot][P]: row lookup", "%s_weight_ih", r->base);
        Pack *pack = pack_gates(r, "weight_ih", r->w_ih, rel, cell->x_slots, r->K);
        pack->panel_stride = (int64_t)cell->x_slots * plan->P;
        pack->k_stride = (int64_t)cell->x_slots * r->Hp;
    } else {
        r->w_ih = weight_buffer(r, "weight_ih", r->K, cell->x_slots);
        pack_gates(r, "weight_ih", r->w_ih, rel, cell->x_slots, r->K);
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

static void derived(Run *r)
{
    Plan *plan = r->plan;
    const int P = plan->P;
    Function *f = plan_function(plan, FORM_PLAIN, "sum of biases and transposed copies, after the weights have changed", "%s_refresh", r->base);
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
    if (f->count)
        plan_refresh(plan, f);
}

static void carried(Plan *plan, const Run *r, const char *which)
{
    int buffer = plan_buffer(plan, BLOCK_STATE, plan->B, r->H, "state carried, rows as the batch", "%s_state_%s", r->base, which);
    plan->buffers[buffer].carried = true;
}

/* Forward stores what backward will ask for. */
static bool keeps(const Run *r) { return !r->plan->infer_only; }

static void state_buffers(Run *r)
{
    Plan *plan = r->plan;
    const int64_t rows = plan_rows(plan, SPACE_STEPS);
    r->gates = r->c = r->tc = r->h0 = r->c0 = -1;
    if (keeps(r) && r->cell->keeps_gates)
        r->gates = plan_buffer(plan, BLOCK_FORWARD, rows, r->row, "gates; backward turns them into their gradients", "%s_gates", r->base);
    else if (!plan->infer_only)
        r->gates = plan_buffer(plan, BLOCK_BACKWARD, rows, r->row, "gradient of a", "%s_gates", r->base);
    if (r->cell->has_c) {
        r->c = plan_buffer(plan, BLOCK_FORWARD, rows, r->Hp, "cell state", "%s_c", r->base);
        if (keeps(r))
            r->tc = plan_buffer(plan, BLOCK_FORWARD, rows, r->Hp, "tanh of it", "%s_tc", r->base);
    }
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
        snprintf(name, size, "tokens%d", r->K);
        return;
    }
    int at = 0;
    for (int i = 0; i < r->in.pieces; i++) {
        const Piece *piece = &r->in.piece[i];
        at += snprintf(name + at, size - (size_t)at, piece->stride == piece->width ? "%s%d" : "%s%dp", i ? "_" : "", piece->width);
    }
}

/* One sequence, and weights that the first cache does not hold: read from alternate ends, a part of them is still there. */
static bool turns(const Run *r, bool stream)
{
    const int64_t inputs = (r->in.tokens ? 0 : (int64_t)r->K * r->cell->x_slots) + (int64_t)r->H * r->cell->h_slots;
    return (stream || r->plan->B == 1) && r->Hp > r->plan->P && inputs * r->Hp * r->plan->graph->spec->codegen.real_bytes > UNCACHED_WEIGHTS;
}

static Kernel *step_kernel(Run *r, bool stream, bool *fresh)
{
    char input[100];
    input_name(r, input, sizeof input);
    Kernel *kernel = plan_kernel(r->plan, KERNEL_TILE, fresh, "%s_%s_%d%s%s", r->cell->kind, input, r->H, r->bias ? "" : "_nobias", stream ? "_stream" : "_step");
    if (!*fresh)
        return kernel;
    kernel->comment = mem_format("%s cell, %d -> %d: %s", r->cell->kind, r->K, r->H, r->cell->equations);
    kernel->units = r->Hp;
    kernel->slots = r->cell->slots;
    kernel->one_row = stream || r->plan->B == 1;
    kernel->turns = turns(r, stream);
    kernel->program = stream || !keeps(r) ? r->cell->stream : r->cell->forward;
    kernel->flops_row = 2.0 * r->H * ((r->in.tokens ? 0.0 : (double)r->K * r->cell->x_slots) + (double)r->H * r->cell->h_slots);
    kernel->init = r->in.tokens ? INIT_LOOKUP : r->bias ? INIT_BIAS : INIT_ZERO;
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
        arg(args, "bias", false, 0, "%s", plan_ref(plan, r->bias_sum));
    if (r->in.tokens) {
        const Piece *piece = &r->in.piece[0];
        arg(args, "tokens", false, 1, "%s%s", plan_ref(plan, stream ? piece->stream : piece->buffer), first_row);
        if (args->kernel)
            args->kernel->params[args->kernel->params_count - 1].ints = true;
        arg(args, "table", false, 0, "%s", plan_ref(plan, r->w_ih));
        return;
    }
    static const char *const X[2] = {"x", "x1"};
    arg(args, "w_ih", false, 0, "%s", plan_ref(plan, r->w_ih));
    for (int i = 0, first = 0; i < r->in.pieces; first += r->in.piece[i++].width) {
        const Piece *piece = &r->in.piece[i];
        if (*first_row)
            arg(args, X[i], false, piece->stride, "%s%s * %d", plan_ref(plan, piece->buffer), first_row, piece->stride);
        else
            arg(args, X[i], false, piece->stride, "%s", plan_ref(plan, stream ? piece->stream : piece->buffer));
        if (args->kernel)
            source(args->kernel, X[i], "w_ih", piece->stride, piece->width, r->K, first, r->cell->x_slot, r->cell->x_slots);
    }
}

/* One call of the step kernel. rows, at: C expressions; h0, c0: the state before, row 0. */
static void forward_call(Run *r, Function *f, const char *rows, const char *at, const char *h0, const char *c0)
{
    Plan *plan = r->plan;
    bool fresh;
    Kernel *kernel = step_kernel(r, false, &fresh);
    Args args = {.kernel = fresh ? kernel : NULL};
    text_add(&args.text, "%s%s", rows, turns(r, false) ? ", t & 1" : "");
    char first_row[100];
    snprintf(first_row, sizeof first_row, " + %s", at);
    input_args(r, &args, first_row, false);
    arg(&args, "w_hh", false, 0, "%s", plan_ref(plan, r->w_hh));
    arg(&args, "h0", false, r->Hp, "%s", h0);
    if (fresh)
        source(kernel, "h0", "w_hh", r->Hp, r->H, r->H, 0, r->cell->h_slot, r->cell->h_slots);
    if (r->cell->has_c)
        arg(&args, "c0", false, r->Hp, "%s", c0);
    if (keeps(r) && r->cell->keeps_gates)
        arg(&args, "gates", true, r->row, "%s + %s * %d", plan_ref(plan, r->gates), at, r->row);
    if (r->cell->has_c)
        arg(&args, "c", true, r->Hp, "%s + %s * %d", plan_ref(plan, r->c), at, r->Hp);
    if (keeps(r) && r->cell->has_c)
        arg(&args, "tc", true, r->Hp, "%s + %s * %d", plan_ref(plan, r->tc), at, r->Hp);
    arg(&args, "h", true, r->Hp, "%s + %s * %d", plan_ref(plan, r->h), at, r->Hp);
    function_call(f, kernel->name, "%s", args.text.data);
    free(args.text.data);
}

/* Packed row where the thread's sequences begin at step t; t - 1 and t + 1 likewise */
static const char *step_at(const Run *r, const char *t) { return mem_format(r->plan->infer_only ? "m->at[%s]" : "m->at[%s] + s->first", t); }

/* "at" and "rows" of step t; in reverse also "kept", those that go on to step t + 1 */
static void step_rows(Run *r, Function *f)
{
    const bool shared = !r->plan->infer_only;
    function_line(f, "const int64_t at = %s;", step_at(r, "t"));
    const char *kept = !r->reverse ? "" : shared ? ", kept = running(m, s, t + 1)" : ", kept = m->rows[t + 1]";
    function_line(f, "const int rows = %s%s;", shared ? "running(m, s, t)" : "m->rows[t]", kept);
}

static void state_before(Run *r, Function *f, const char *name, const char *kept, const char *start)
{
    const char *first = r->plan->carry ? plan_first(r->plan, SPACE_BATCH, start, r->Hp) : start;
    function_line(f, "const Real *%s = t > 0 ? %s + (%s) * %d : %s;", name, kept, step_at(r, "t - 1"), r->Hp, first);
}

static void forward_step(Run *r, Function *f)
{
    Plan *plan = r->plan;
    const char *h = plan_ref(plan, r->h), *c = r->cell->has_c ? plan_ref(plan, r->c) : NULL, *h0 = plan_ref(plan, r->h0);
    const char *c0 = r->cell->has_c ? plan_ref(plan, r->c0) : NULL;
    step_rows(r, f);
    if (!r->reverse) {
        state_before(r, f, "h0", h, h0);
        if (c)
            state_before(r, f, "c0", c, c0);
        forward_call(r, f, "rows", "at", "h0", "c0");
        return;
    }
    function_line(f, "const int64_t after = %s, fresh = at + kept; /* the rows that end here start from zero */", step_at(r, "t + 1"));
    char *h1 = mem_format("%s + after * %d", h, r->Hp), *c1 = c ? mem_format("%s + after * %d", c, r->Hp) : NULL;
    forward_call(r, f, "kept", "at", h1, c1);
    forward_call(r, f, "rows - kept", "fresh", h0, c0);
}

static Function *schedule(Run *r, bool ascending, const char *what, const Function *step, const char *comment)
{
    Function *f = plan_function(r->plan, ascending ? FORM_ASCENDING : FORM_DESCENDING, comment, "%s_%s", r->base, what);
    f->step = mem_copy(step->name);
    f->cut = CUT_SEQUENCES;
    return f;
}

static void forward(Run *r)
{
    Plan *plan = r->plan;
    const char *direction = r->reverse ? ", last step first" : "";
    char *comment = mem_format("layer %s, stack layer %d%s, step t: %s", r->layer->name, r->l, direction, r->cell->equations);
    Function *step = plan_function(plan, FORM_STEP, comment, "%s_step", r->base);
    forward_step(r, step);
    if (plan->carry) {
        Function *in = plan_function(plan, FORM_PLAIN, "state left by the window before, rows as packed", "%s_carry_in", r->base);
        in->cut = CUT_SEQUENCES;
        function_line(in, "carry_in(m%s, %s, m->%s_state_h, %d, %d);", plan_thread(plan), plan_ref(plan, r->h0), r->base, r->H, r->Hp);
        if (r->cell->has_c)
            function_line(in, "carry_in(m%s, %s, m->%s_state_c, %d, %d);", plan_thread(plan), plan_ref(plan, r->c0), r->base, r->H, r->Hp);
        plan_forward(plan, in);
    }
    plan_forward(plan, schedule(r, !r->reverse, "forward", step, mem_format("layer %s: all steps%s", r->layer->name, direction)));
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
    arg(&args, "w_hh", false, 0, "%s", plan_ref(plan, r->w_hh));
    arg(&args, "h0", false, r->Hp, "%s", plan_ref(plan, r->s_h));
    if (fresh)
        source(kernel, "h0", "w_hh", r->Hp, r->H, r->H, 0, r->cell->h_slot, r->cell->h_slots);
    if (r->cell->has_c) { /* read and written at the same place by the same lanes */
        arg(&args, "c0", false, r->Hp, "%s", plan_ref(plan, r->s_c));
        arg(&args, "c", true, r->Hp, "%s", plan_ref(plan, r->s_c));
    }
    arg(&args, "h", true, r->Hp, "%s_WHOLE ? %s : %s", kernel->name, plan_ref(plan, r->s_h), plan_ref(plan, r->s_h1));
    function_call(plan->stream, kernel->name, "%s", args.text.data);
    function_line(plan->stream, "if (!%s_WHOLE) copy_reals(%s, %s, %d);", kernel->name, plan_ref(plan, r->s_h1), plan_ref(plan, r->s_h), r->Hp);
    free(args.text.data);
}

/* ---- backward ---- */

static const Load D_LOADS[] = {{"dyt", "dy", -1}, {"dht", "dh", -1}, {0}}, END_LOADS[] = {{"d", "dh", -1}, {0}};
static const Let D_LETS[] = {{NULL, "h_t reaches the output and the next step"}, {"d", "dyt + dht"}, {0}}, END_LETS[] = {{0}};

static int loads_count(const Load *loads)
{
    int count = 0;
    while (loads[count].name)
        count++;
    return count;
}

static int lets_count(const Let *lets)
{
    int count = 0;
    while (lets[count].expr)
        count++;
    return count;
}

/* The cell's, with what makes d in front; it lives as long as the process. */
static Program reverse_program(const Run *r)
{
    const Program *cell = &r->cell->reverse;
    const Load *loads = r->ends ? END_LOADS : D_LOADS;
    const Let *lets = r->ends ? END_LETS : D_LETS;
    const int a = loads_count(loads), b = loads_count(cell->loads), c = lets_count(lets), d = lets_count(cell->lets);
    Load *all_loads = mem_alloc(sizeof *all_loads * (size_t)(a + b + 1));
    Let *all_lets = mem_alloc(sizeof *all_lets * (size_t)(c + d + 1));
    memcpy(all_loads, loads, sizeof *loads * (size_t)a);
    memcpy(all_loads + a, cell->loads, sizeof *loads * (size_t)(b + 1));
    memcpy(all_lets, lets, sizeof *lets * (size_t)c);
    memcpy(all_lets + c, cell->lets, sizeof *lets * (size_t)(d + 1));
    return (Program){.loads = all_loads, .lets = all_lets, .stores = cell->stores};
}

static void reverse_call(Run *r, Function *f, const char *rows, const char *at, const char *from, const char *h0, const char *c0)
{
    Plan *plan = r->plan;
    const Cell *cell = r->cell;
    bool fresh;
    Kernel *kernel = plan_kernel(plan, KERNEL_EACH, &fresh, "%s_%d_reverse%s", cell->kind, r->H, r->ends ? "_from_end" : "");
    Args args = {.kernel = fresh ? kernel : NULL};
    if (fresh) {
        kernel->comment = mem_format("%s cell, %d units: gradients of the gates, in place", cell->kind, r->H);
        kernel->units = r->Hp;
        kernel->slots = cell->slots;
        kernel->in_place = true;
        kernel->program = reverse_program(r);
    }
    text_add(&args.text, "%s", rows);
    arg(&args, "gates", true, r->row, "%s + %s * %d", plan_ref(plan, r->gates), at, r->row);
    if (cell->reverse_h0)
        arg(&args, "h0", false, r->Hp, "%s", h0);
    if (cell->reverse_h)
        arg(&args, "h", false, r->Hp, "%s + %s * %d", plan_ref(plan, r->h), at, r->Hp);
    if (cell->has_c) {
        arg(&args, "c0", false, r->Hp, "%s", c0);
        arg(&args, "tc", false, r->Hp, "%s + %s * %d", plan_ref(plan, r->tc), at, r->Hp);
    }
    if (!r->ends)
        arg(&args, "dy", false, r->Hp, "%s + %s * %d", plan_ref(plan, r->dy), at, r->Hp);
    arg(&args, "dh", false, r->Hp, "%s%s", plan_ref(plan, r->dh), from);
    if (cell->has_c)
        arg(&args, "dc", true, r->Hp, "%s%s", plan_ref(plan, r->dc), from);
    if (cell->dh_part)
        arg(&args, "dh_part", true, r->Hp, "%s%s", plan_ref(plan, r->dh_part), from);
    function_call(f, kernel->name, "%s", args.text.data);
    free(args.text.data);
}

static const Let ADD_LETS[] = {{"sum", "a0 + rest"}, {NULL, NULL}};
static const Load ADD_LOADS[] = {{"rest", "more", -1}, {NULL, NULL, 0}};
static const Store ADD_STORES[] = {{"y", -1, "sum"}, {NULL, 0, NULL}};
static const Program ADD = {.loads = ADD_LOADS, .lets = ADD_LETS, .stores = ADD_STORES};

/* y = gates' slots [slot, slot + slots) . wt (+ more): the gradient of what the slots were made from */
static void gates_product(Run *r, Function *f, const char *what, const char *rows, const char *at, int slot, int slots, int wt, int units, const char *y,
                          int y_stride, const char *more, bool in_place)
{
    const int P = r->plan->P;
    const bool all = slots == r->cell->slots;
    char *a = mem_format("%s + %s * %d", plan_ref(r->plan, r->gates), at, r->row);
    char *name = mem_format("%s_%d_to_%d_%s%s", r->cell->kind, r->H, units, what, in_place ? "_add" : "");
    char *comment = mem_format("%s = dgates[%d] . transposed weights", what, slots * r->Hp);
    Product product = {.name = name, .comment = comment, .rows = rows, .units = plan_pad(r->plan, units), .operands_count = 1,
                       .y = y, .y_stride = y_stride, .in_place = in_place, .all_steps = strcmp(what, "dx") == 0};
    product.operands[0] = (Operand){.a = a, .a_stride = r->row, .offset = slot * P, .reps = all ? 1 : r->Hp / P, .run = all ? r->G : slots * P,
                                    .pitch = r->cell->slots * P, .w = plan_ref(r->plan, wt), .w_rows = slots * r->Hp};
    if (more) {
        product.program = &ADD;
        product.other = "more";
        product.other_ref = more;
    }
    product_call(r->plan, f, &product);
    free(a), free(name), free(comment);
}

/* Where a chunk of steps ends: gradients of weights are made of them, while they are in the cache. */
static void chunk_call(Run *r, Function *step, const Function *sums)
{
    if (!sums)
        return;
    if (r->reverse)
        function_line(step, "if ((t + 1) %% %d == 0 || t + 1 == m->steps)", r->chunk);
    else
        function_line(step, "if (t %% %d == 0)", r->chunk);
    function_line(step, r->reverse ? "    %s(m, s, t / %d * %d);" : "    %s(m, s, t);", sums->name, r->chunk, r->chunk);
}

static void backward_step(Run *r, Function *f, const Function *sums)
{
    Plan *plan = r->plan;
    const char *h = plan_ref(plan, r->h), *h0 = plan_ref(plan, r->h0), *dh = plan_ref(plan, r->dh);
    const char *c = r->cell->has_c ? plan_ref(plan, r->c) : NULL, *c0 = c ? plan_ref(plan, r->c0) : NULL;
    const char *more = r->cell->dh_part ? plan_ref(plan, r->dh_part) : NULL;
    char *first = mem_format(" + s->first * %d", r->Hp), *own_dh = mem_format("%s%s", dh, first), *own_more = more ? mem_format("%s%s", more, first) : NULL;
    step_rows(r, f);
    if (!r->reverse) {
        if (r->cell->reverse_h0)
            state_before(r, f, "h0", h, h0);
        if (c)
            state_before(r, f, "c0", c, c0);
        reverse_call(r, f, "rows", "at", first, "h0", "c0");
        chunk_call(r, f, sums);
        function_line(f, "if (t == 0)");
        function_line(f, "    return; /* nothing before it learns */");
        gates_product(r, f, "dh", "rows", "at", r->cell->h_slot, r->cell->h_slots, r->w_hh_t, r->H, own_dh, r->Hp, own_more, false);
        return;
    }
    function_line(f, "const int64_t after = %s; /* the first `kept` rows go on to step t + 1 */", step_at(r, "t + 1"));
    char *h1 = mem_format("%s + after * %d", h, r->Hp), *c1 = c ? mem_format("%s + after * %d", c, r->Hp) : NULL;
    char *from = mem_format(" + (s->first + kept) * %d", r->Hp);
    reverse_call(r, f, "kept", "at", first, h1, c1);
    reverse_call(r, f, "rows - kept", "(at + kept)", from, h0, c0);
    chunk_call(r, f, sums);
    gates_product(r, f, "dh", "kept", "at", r->cell->h_slot, r->cell->h_slots, r->w_hh_t, r->H, own_dh, r->Hp, own_more, false);
}

/* ---- gradients of weights and input: over all rows at once, or over `chunk` steps as soon as backward has passed them ---- */

/* C expressions of packed rows: how many, and where they begin (NULL: at 0) */
typedef struct Rows {
    const char *count, *first;
    const char *own, *own_first;                /* the thread's part of them */
    const char *pairs, *later, *before;         /* of steps with one before them: how many rows, where they and those before begin */
    const char *from, *end;                     /* the same steps, one by one */
} Rows;

static const Rows ALL_ROWS = {.count = "m->total", .own = "steps.count", .own_first = "steps.first", .pairs = "m->total - m->rows[0]", .later = "first",
                              .from = "1", .end = "m->steps"};
static const Rows CHUNK_ROWS = {.count = "rows", .first = "first", .own = "own.count", .own_first = "(first + own.first)",
                                .pairs = "(int)(m->at[end] - m->at[from])", .later = "m->at[from]", .before = "m->at[from - 1]", .from = "from", .end = "end"};

static char *row_ref(const char *ref, const char *row, int stride)
{
    if (!row)
        return mem_copy(ref);
    return stride == 1 ? mem_format("%s + %s", ref, row) : mem_format("%s + %s * %d", ref, row, stride);
}

static const Rows *gradient_rows(const Run *r) { return r->chunk ? &CHUNK_ROWS : &ALL_ROWS; }

/* dW_hh: the state before each step against the gates' gradients; one long product when every row has every step. */
static void recurrent_gradient(Run *r, Function *f)
{
    Plan *plan = r->plan;
    const Cell *cell = r->cell;
    const Rows *rows = gradient_rows(r);
    const char *h = plan_ref(plan, r->h), *gates = plan_ref(plan, r->gates), *dw = plan_grad_ref(plan, r->w_hh);
    if (!r->chunk)
        function_line(f, "const size_t first = (size_t)m->rows[0];");
    function_line(f, "if (m->dense)");
    outer_call(plan, f, rows->pairs, row_ref(h, r->reverse ? rows->later : rows->before, r->Hp), r->Hp, r->H,
               row_ref(gates, r->reverse ? rows->before : rows->later, r->row), r->row, r->Hp, cell->slots, cell->h_slot, cell->h_slots, dw, r->H, 0);
    function_line(f, "else");
    function_line(f, r->chunk ? "    for (int i = from; i < end; i++)" : "    for (int t = 1; t < m->steps; t++)");
    const char *later = r->chunk ? "m->at[i]" : "m->at[t]", *before = r->chunk ? "m->at[i - 1]" : "m->at[t - 1]";
    outer_call(plan, f, r->chunk ? "m->rows[i]" : "m->rows[t]", row_ref(h, r->reverse ? later : before, r->Hp), r->Hp, r->H,
               row_ref(gates, r->reverse ? before : later, r->row), r->row, r->Hp, cell->slots, cell->h_slot, cell->h_slots, dw, r->H, 0);
    if (!plan->carry)
        return;
    if (r->chunk)
        function_line(f, "if (t == 0)");
    outer_call(plan, f, "m->rows[0]", plan_ref(plan, r->h0), r->Hp, r->H, gates, r->row, r->Hp, cell->slots, cell->h_slot, cell->h_slots, dw, r->H, 0);
}

static void input_gradient(Run *r, Function *f)
{
    Plan *plan = r->plan;
    const Cell *cell = r->cell;
    const Rows *rows = gradient_rows(r);
    const char *gates = row_ref(plan_ref(plan, r->gates), rows->first, r->row), *dw = plan_grad_ref(plan, r->w_ih);
    if (r->in.tokens) {
        function_line(f, "scatter_slots(s, %s, %s, %s, %d, %d, %d, %d, %s);", rows->count, row_ref("m->tokens", rows->first, 1), gates, r->row,
                      r->Hp / plan->P, cell->slots * plan->P, cell->x_slots * plan->P, dw);
        return;
    }
    for (int i = 0, first = 0; i < r->in.pieces; first += r->in.piece[i++].width) {
        const Piece *piece = &r->in.piece[i];
        outer_call(plan, f, rows->count, row_ref(plan_ref(plan, piece->buffer), rows->first, piece->stride), piece->stride, piece->width, gates, r->row, r->Hp,
                   cell->slots, cell->x_slot, cell->x_slots, dw, r->K, first);
        if (piece->grad < 0)
            continue;
        /* backward meets the reverse direction first: it sets dx, the forward direction adds to it */
        const bool add = r->layer->spec->p.bidirectional && !r->reverse;
        char *own_dx = row_ref(plan_ref(plan, piece->grad), rows->own_first, piece->stride);
        f->uses_steps = !r->chunk;
        gates_product(r, f, "dx", rows->own, rows->own_first, cell->x_slot, cell->x_slots, r->w_ih_t[i], piece->width, own_dx, piece->stride,
                      add ? own_dx : NULL, add);
    }
}

static void bias_sums(Run *r, Function *f)
{
    const Rows *rows = gradient_rows(r);
    sum_call(r->plan, f, rows->count, row_ref(plan_ref(r->plan, r->gates), rows->first, r->row), r->row, r->Hp, r->cell->slots, plan_grad_ref(r->plan, r->b_ih));
}

/* Both biases have the same sums, but for the slots that only one of them reaches. */
static void bias_copies(Run *r, Function *f)
{
    Plan *plan = r->plan;
    const Cell *cell = r->cell;
    const char *ih = plan_grad_ref(plan, r->b_ih), *hh = plan_grad_ref(plan, r->b_hh);
    function_line(f, "if (s->index > 0)");
    function_line(f, "    return;");
    function_line(f, "copy_reals(%s, %s, %d);", ih, hh, r->G);
    if (cell->x_slots < cell->slots)
        function_line(f, "zero_slot(%s, %d, %d, %d);", ih, r->Hp / plan->P, cell->slots, cell->x_slot + cell->x_slots);
    if (cell->h_slots < cell->slots)
        function_line(f, "zero_slot(%s, %d, %d, %d);", hh, r->Hp / plan->P, cell->slots, cell->h_slot - 1);
}

static void gradients(Run *r)
{
    Plan *plan = r->plan;
    Function *f = plan_function(plan, FORM_PLAIN, mem_format("layer %s: gradients of weights and input, over all rows at once", r->layer->name),
                                "%s_gradients", r->base);
    input_gradient(r, f);
    recurrent_gradient(r, f);
    if (r->bias) {
        bias_sums(r, f);
        function_line(f, "meet(s);");
        bias_copies(r, f);
    }
    plan_backward(plan, f);
}

/* The same for the steps from t on, `chunk` at most; `end` and `from` are such that each state meets the gates it went into. */
static Function *chunk_gradients(Run *r)
{
    Plan *plan = r->plan;
    bool wants_dx = false;
    for (int i = 0; i < r->in.pieces; i++)
        wants_dx |= r->in.piece[i].grad >= 0;
    Function *f = plan_function(plan, FORM_STEP, mem_format("layer %s: gradients of weights and input, over %d steps from t on, while their gates are in the cache",
                                                            r->layer->name, r->chunk), "%s_gradients", r->base);
    function_line(f, "const int past = t + %d < m->steps ? t + %d : m->steps;", r->chunk, r->chunk);
    function_line(f, "const ptrdiff_t first = m->at[t];");
    function_line(f, "const int rows = (int)(m->at[past] - first);");
    function_line(f, "meet(s); /* the other threads' sequences have passed these steps, too */");
    if (wants_dx)
        function_line(f, "const Range own = share_range(s, rows, 16);");
    input_gradient(r, f);
    function_line(f, r->reverse ? "const int from = t + 1, end = past < m->steps ? past + 1 : past; /* step i went into step i - 1 */"
                                : "const int from = t > 0 ? t : 1, end = past; /* step i - 1 went into step i */");
    recurrent_gradient(r, f);
    if (r->bias)
        bias_sums(r, f);
    return f;
}

static void backward(Run *r)
{
    Plan *plan = r->plan;
    r->chunk = plan_chunk(plan, r->row);
    const Function *sums = r->chunk ? chunk_gradients(r) : NULL;
    Function *step = plan_function(plan, FORM_STEP, mem_format("layer %s, stack layer %d, step t reversed", r->layer->name, r->l), "%s_step_back", r->base);
    backward_step(r, step, sums);
    Function *clear = plan_function(plan, FORM_PLAIN, "nothing comes back from beyond the last step", "%s_backward_start", r->base);
    clear->cut = CUT_SEQUENCES;
    if (!r->ends)
        function_line(clear, "zero_rows(s->rows, %s, %d);", plan_first(plan, SPACE_BATCH, plan_ref(plan, r->dh), r->Hp), r->Hp);
    if (r->cell->has_c)
        function_line(clear, "zero_rows(s->rows, %s, %d);", plan_first(plan, SPACE_BATCH, plan_ref(plan, r->dc), r->Hp), r->Hp);
    if (!r->chunk) {
        gradients(r);
    } else if (r->bias) {
        Function *copies = plan_function(plan, FORM_PLAIN, "both biases' gradients", "%s_bias_gradients", r->base);
        bias_copies(r, copies);
        plan_backward(plan, copies);
    }
    Function *all = schedule(r, r->reverse, "backward", step, mem_format("layer %s: all steps, reversed", r->layer->name));
    if (r->chunk)
        all->cut = CUT_OTHER;
    plan_backward(plan, all);
    if (clear->count)
        plan_backward(plan, clear);
}

/* ---- the layer ---- */

static Piece cell_lower(Run *r)
{
    Plan *plan = r->plan;
    r->H = (int)r->layer->spec->p.hidden;
    r->K = r->in.width;
    r->Hp = plan_pad(plan, r->H);
    r->G = r->cell->slots * r->Hp;
    r->row = plan_apart(plan, r->G);
    snprintf(r->base, sizeof r->base, "%s_l%d%s", r->layer->name, r->l, r->reverse ? "_reverse" : "");
    weights(r);
    derived(r);
    state_buffers(r);
    forward(r);
    r->s_h = -1;
    if (plan->stream)
        stream(r);
    if (!plan->infer_only)
        backward(r);
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
