/* recurrent_reverse_lower.c: the way back through a recurrent layer.
 *
 * Takes: a Run, whose forward pass is lowered. Gives: kernels and schedules: every step, the gates' gradients in place, then
 * dh = dgates . W_hh; over all rows, or over the rows of some steps, dW_ih, dW_hh, db and the input's gradient. Does not: know
 * what the gates mean, or choose tiles.
 */
#include "recurrent_run.h"

#include <stdlib.h>
#include <string.h>

/* ---- one step ---- */

static const Load D_LOADS[] = {{"dyt", "dy", -1}, {"dht", "dh", -1}, {0}}, END_LOADS[] = {{"d", "dh", -1}, {0}};
static const Let D_LETS[] = {{NULL, "h_t reaches the output and the next step"}, {"d", "dyt + dht"}, {0}}, END_LETS[] = {{0}};

static int loads_put(Load *to, int at, const Load *loads)
{
    for (; loads->name; loads++)
        to[at++] = *loads;
    return at;
}

static int lets_put(Let *to, int at, const Let *lets)
{
    for (; lets->expr; lets++)
        to[at++] = *lets;
    return at;
}

/* The cell's, with what makes d in front; it lives as long as the process. */
static Program reverse_program(const Run *r)
{
    enum { MOST = 24 };
    const Program *cell = &r->cell->reverse;
    Load *loads = mem_alloc(sizeof *loads * MOST);
    Let *lets = mem_alloc(sizeof *lets * MOST);
    int at = loads_put(loads, 0, r->ends ? END_LOADS : D_LOADS);
    loads[loads_put(loads, at, cell->loads)] = (Load){0};
    at = lets_put(lets, 0, r->ends ? END_LETS : D_LETS);
    lets[lets_put(lets, at, cell->lets)] = (Let){0};
    return (Program){.loads = loads, .lets = lets, .stores = cell->stores};
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
        kernel->shared = r->by_units;
        kernel->program = reverse_program(r);
    }
    text_add(&args.text, "%s%s", r->by_units ? "s, " : "", rows);
    recurrent_arg(&args, "gates", true, r->row, "%s + %s * %d", plan_ref(plan, r->gates), at, r->row);
    if (cell->reverse_h0)
        recurrent_arg(&args, "h0", false, r->Hp, "%s", h0);
    if (cell->reverse_h)
        recurrent_arg(&args, "h", false, r->Hp, "%s + %s * %d", plan_ref(plan, r->h), at, r->Hp);
    if (cell->has_c)
        recurrent_arg(&args, "c0", false, r->Hp, "%s", c0);
    if (!r->ends)
        recurrent_arg(&args, "dy", false, r->Hp, "%s + %s * %d", plan_ref(plan, r->dy), at, r->Hp);
    recurrent_arg(&args, "dh", false, r->Hp, "%s%s", plan_ref(plan, r->dh), from);
    if (cell->has_c)
        recurrent_arg(&args, "dc", true, r->Hp, "%s%s", plan_ref(plan, r->dc), from);
    if (cell->dh_part)
        recurrent_arg(&args, "dh_part", true, r->Hp, "%s%s", plan_ref(plan, r->dh_part), from);
    function_call(f, kernel->name, "%s", args.text.data);
    free(args.text.data);
}

/* y = gates' slots [slot, slot + slots) . wt (+ more): the gradient of what the slots were made from. next: the row where the next step's begin, NULL:
 * there is none */
static void gates_product(Run *r, Function *f, const char *what, const char *rows, const char *at, const char *next, int slot, int slots, int wt, int units,
                          const char *y, int y_stride, const char *more, bool in_place)
{
    const int P = r->plan->P;
    const bool all = slots == r->cell->slots;
    char *a = mem_format("%s + %s * %d", plan_ref(r->plan, r->gates), at, r->row);
    char *soon = next && plan_fetch(r->plan, r->row) ? mem_format("%s + %s * %d", plan_ref(r->plan, r->gates), next, r->row) : NULL;
    char *name = mem_format("%s_%d_to_%d_%s%s", r->cell->kind, r->H, units, what, in_place ? "_add" : "");
    char *comment = mem_format("%s = dgates[%d] . transposed weights%s", what, slots * r->Hp, soon ? "; meanwhile the next step's gates come into the first cache" : "");
    Product product = {.name = name, .comment = comment, .rows = rows, .units = plan_pad(r->plan, units), .operands_count = 1,
                       .y = y, .y_stride = y_stride, .in_place = in_place, .all_steps = strcmp(what, "dx") == 0,
                       .shared = r->by_units && strcmp(what, "dh") == 0};
    product.operands[0] = (Operand){.a = a, .a_stride = r->row, .offset = slot * P, .reps = all ? 1 : r->Hp / P, .run = all ? r->G : slots * P,
                                    .pitch = r->cell->slots * P, .w = plan_ref(r->plan, wt), .w_rows = slots * r->Hp, .next = soon};
    if (more)
        product_add(&product, more);
    product_call(r->plan, f, &product);
    free(a), free(soon), free(name), free(comment);
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

static void all_gates(const Run *r, Function *f)
{
    if (r->by_units)
        function_line(f, "meet(s); /* and those of the gates' gradients */");
}

static void backward_step(Run *r, Function *f, const Function *sums)
{
    Plan *plan = r->plan;
    const char *h = plan_ref(plan, r->h), *h0 = plan_ref(plan, r->h0), *dh = plan_ref(plan, r->dh);
    const char *c = r->cell->has_c ? plan_ref(plan, r->c) : NULL, *c0 = c ? plan_ref(plan, r->c0) : NULL;
    const char *more = r->cell->dh_part ? plan_ref(plan, r->dh_part) : NULL;
    char *first = r->by_units ? mem_copy("") : mem_format(" + s->first * %d", r->Hp), *own_dh = mem_format("%s%s", dh, first), *own_more = more ? mem_format("%s%s", more, first) : NULL;
    if (r->by_units)
        function_line(f, "meet(s); /* each thread has some of the units, and now those of dh are all there */");
    recurrent_step_rows(r, f);
    if (!r->reverse) {
        if (r->cell->reverse_h0)
            recurrent_state_before(r, f, "h0", h, h0);
        if (c)
            recurrent_state_before(r, f, "c0", c, c0);
        reverse_call(r, f, "rows", "at", first, "h0", "c0");
        all_gates(r, f);
        chunk_call(r, f, sums);
        function_line(f, "if (t == 0)");
        function_line(f, "    return; /* nothing before it learns */");
        char *before = mem_format("(%s)", recurrent_step_at(r, "t - 1"));
        gates_product(r, f, "dh", "rows", "at", before, r->cell->h_slot, r->cell->h_slots, r->w_hh_t, r->H, own_dh, r->Hp, own_more, false);
        free(before);
        return;
    }
    if (r->cell->reverse_h0 || c || plan_fetch(plan, r->row))
        function_line(f, "const int64_t after = %s; /* the first `kept` rows go on to step t + 1 */", recurrent_step_at(r, "t + 1"));
    char *h1 = mem_format("%s + after * %d", h, r->Hp), *c1 = c ? mem_format("%s + after * %d", c, r->Hp) : NULL;
    char *from = mem_format(r->by_units ? " + kept * %d" : " + (s->first + kept) * %d", r->Hp);
    reverse_call(r, f, "kept", "at", first, h1, c1);
    reverse_call(r, f, "rows - kept", "(at + kept)", from, h0, c0);
    all_gates(r, f);
    chunk_call(r, f, sums);
    gates_product(r, f, "dh", "kept", "at", "after", r->cell->h_slot, r->cell->h_slots, r->w_hh_t, r->H, own_dh, r->Hp, own_more, false);
}

/* ---- gradients of weights and input: over all rows at once, or over `chunk` steps as soon as backward has passed them ---- */

/* C expressions of packed rows: how many, and where they begin (NULL: at 0) */
typedef struct Rows {
    const char *count, *first;
    const char *own, *own_first;                /* the thread's part of them */
    const char *pairs, *later, *before;         /* of steps with one before them: how many rows, where they and those before begin */
    const char *from, *end;                     /* the same steps */
} Rows;

static const Rows ALL_ROWS = {.count = "m->total", .own = "steps.count", .own_first = "steps.first", .pairs = "m->total - m->rows[0]", .later = "first",
                              .from = "1", .end = "m->steps"};
static const Rows CHUNK_ROWS = {.count = "rows", .first = "first", .own = "own.count", .own_first = "own.first",
                                .pairs = "(int)(m->at[end] - m->at[from])", .later = "m->at[from]", .before = "m->at[from - 1]", .from = "from", .end = "end"};

static const Rows *gradient_rows(const Run *r) { return r->chunk ? &CHUNK_ROWS : &ALL_ROWS; }

/* dW_hh: the state before each step against the gates' gradients; one long product when every row has every step. */
static void recurrent_gradient(Run *r, Function *f)
{
    Plan *plan = r->plan;
    const Rows *rows = gradient_rows(r);
    const char *h = plan_ref(plan, r->h), *gates = plan_ref(plan, r->gates);
    Outer o = recurrent_outer_h(r);
    o.rows = rows->pairs;
    o.a = plan_row(h, r->reverse ? rows->later : rows->before, r->Hp), o.d = plan_row(gates, r->reverse ? rows->before : rows->later, r->row);
    if (!r->chunk)
        function_line(f, "const size_t first = (size_t)m->rows[0];");
    function_line(f, "if (m->dense)");
    outer_call(plan, f, &o);
    function_line(f, "else");
    function_line(f, "    for (int i = %s; i < %s; i++)", rows->from, rows->end);
    const char *later = "m->at[i]", *before = "m->at[i - 1]";
    o.rows = "m->rows[i]";
    o.a = plan_row(h, r->reverse ? later : before, r->Hp), o.d = plan_row(gates, r->reverse ? before : later, r->row);
    outer_call(plan, f, &o);
    if (!plan->carry)
        return;
    if (r->chunk)
        function_line(f, "if (t == 0)");
    o.rows = "m->rows[0]", o.a = plan_ref(plan, r->h0), o.d = gates;
    outer_call(plan, f, &o);
}

static void token_gradient(Run *r, Function *f)
{
    Plan *plan = r->plan;
    const Rows *rows = gradient_rows(r);
    function_line(f, "scatter_slots(s, %s, %s, %s, %d, %d, %d, %d, %s);", rows->count, plan_row("m->tokens", rows->first, 1),
                  plan_row(plan_ref(plan, r->gates), rows->first, r->row), r->row, r->Hp / plan->P, r->cell->slots * plan->P, r->cell->x_slots * plan->P,
                  r->in.vector ? plan_ref(plan, r->table_grad) : plan_grad_ref(plan, r->w_ih));
}

static void input_gradient(Run *r, Function *f)
{
    Plan *plan = r->plan;
    const Rows *rows = gradient_rows(r);
    if (r->in.tokens) {
        token_gradient(r, f);
        return;
    }
    for (int i = 0; i < r->in.pieces; i++) {
        const Piece *piece = &r->in.piece[i];
        Outer o = recurrent_outer_x(r, i);
        o.rows = rows->count, o.a = plan_row(plan_ref(plan, piece->buffer), rows->first, piece->stride), o.d = plan_row(plan_ref(plan, r->gates), rows->first, r->row);
        outer_call(plan, f, &o);
    }
}

static bool wants_dx(const Run *r)
{
    for (int i = 0; i < r->in.pieces; i++)
        if (r->in.piece[i].grad >= 0)
            return true;
    return false;
}

/* The input's own gradient: dx = dgates . W_ih */
static void input_products(Run *r, Function *f)
{
    const Rows *rows = gradient_rows(r);
    for (int i = 0; i < r->in.pieces; i++) {
        const Piece *piece = &r->in.piece[i];
        if (piece->grad < 0)
            continue;
        /* backward meets the reverse direction first: it sets dx, the forward direction adds to it */
        const bool add = r->layer->spec->p.bidirectional && !r->reverse;
        char *own_dx = plan_row(plan_ref(r->plan, piece->grad), rows->own_first, piece->stride);
        f->uses_steps = !r->chunk;
        gates_product(r, f, "dx", rows->own, rows->own_first, NULL, r->cell->x_slot, r->cell->x_slots, r->w_ih_t[i], piece->width, own_dx, piece->stride,
                      add ? own_dx : NULL, add);
    }
}

static void bias_sums(Run *r, Function *f)
{
    if (recurrent_sums_beside(r))
        return;
    const Rows *rows = gradient_rows(r);
    Outer o = recurrent_outer_h(r);
    o.rows = rows->count, o.d = plan_row(plan_ref(r->plan, r->gates), rows->first, r->row), o.db = plan_grad_ref(r->plan, r->b_ih);
    sum_call(r->plan, f, &o);
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
    input_products(r, f);
    recurrent_gradient(r, f);
    if (r->bias)
        bias_sums(r, f);
    if (r->in.vector) {
        function_line(f, "meet(s);");
        recurrent_table_gradients(r, f);
    }
    if (r->bias) {
        function_line(f, "meet(s);");
        bias_copies(r, f);
    }
    plan_backward(plan, f);
}

/* What remains to be done with the sums of all chunks */
static void after_chunks(Run *r)
{
    if (!r->in.vector && !r->bias)
        return;
    Function *f = plan_function(r->plan, FORM_PLAIN, r->in.vector ? "gradients of weights and vectors, from the table's" : "both biases' gradients",
                                r->in.vector ? "%s_table_gradients" : "%s_bias_gradients", r->base);
    if (r->in.vector)
        recurrent_table_gradients(r, f);
    if (r->in.vector && r->bias)
        function_line(f, "meet(s);");
    if (r->bias)
        bias_copies(r, f);
    plan_backward(r->plan, f);
}

/* The same for the steps from t on, `chunk` at most; `end` and `from` are such that each state meets the gates it went into. */
static Function *chunk_gradients(Run *r)
{
    Function *f = plan_function(r->plan, FORM_STEP, mem_format("layer %s: gradients of weights and input, over %d steps from t on, while their gates are in the cache",
                                                               r->layer->name, r->chunk), "%s_gradients", r->base);
    const bool dx = wants_dx(r);
    function_line(f, "const int past = t + %d < m->steps ? t + %d : m->steps;", r->chunk, r->chunk);
    function_line(f, r->reverse ? "const int from = t + 1, end = past < m->steps ? past + 1 : past; /* step i went into step i - 1 */"
                                : "const int from = t > 0 ? t : 1, end = past; /* step i - 1 went into step i */");
    const bool own = r->parts && (!dx || r->plan->apart); /* of two threads each has all that it reads */
    if (own)
        function_line(f, "if (s->count > PARTS)");
    if (!r->by_units)
        function_line(f, own ? "    meet(s); /* more threads than parts: the others' sequences have passed these steps, too */"
                             : "meet(s); /* the other threads' sequences have passed these steps, too */");
    if (dx) {
        function_line(f, "const Range own = share_steps(m, s, t, past);");
        input_products(r, f);
    }
    if (r->parts) {
        recurrent_part_gradients(r, f);
        return f;
    }
    function_line(f, "const ptrdiff_t first = m->at[t];");
    function_line(f, "const int rows = (int)(m->at[past] - first);");
    input_gradient(r, f);
    recurrent_gradient(r, f);
    if (r->bias)
        bias_sums(r, f);
    return f;
}

void recurrent_backward(Run *r)
{
    Plan *plan = r->plan;
    r->chunk = plan_chunk(plan, r->row);
    recurrent_parts(r);
    plan->together |= !r->parts;
    const Function *sums = r->chunk ? chunk_gradients(r) : NULL;
    Function *step = plan_function(plan, FORM_STEP, mem_format("layer %s, stack layer %d, step t reversed", r->layer->name, r->l), "%s_step_back", r->base);
    backward_step(r, step, sums);
    Function *clear = plan_function(plan, FORM_PLAIN, "nothing comes back from beyond the last step", "%s_backward_start", r->base);
    clear->cut = r->parts || r->in.vector ? CUT_OTHER : CUT_SEQUENCES; /* a part's sums are cleared by units, a table's, too */
    if (!r->ends)
        function_line(clear, "zero_rows(s->rows, %s, %d);", plan_first(plan, SPACE_BATCH, plan_ref(plan, r->dh), r->Hp), r->Hp);
    if (r->cell->has_c)
        function_line(clear, "zero_rows(s->rows, %s, %d);", plan_first(plan, SPACE_BATCH, plan_ref(plan, r->dc), r->Hp), r->Hp);
    if (r->parts)
        recurrent_parts_start(r, clear);
    if (r->in.vector)
        recurrent_table_start(r, clear);
    if (r->chunk)
        after_chunks(r);
    else
        gradients(r);
    if (r->parts)
        plan_backward(plan, recurrent_parts_join(r));
    Function *all = recurrent_schedule(r, r->reverse, "backward", step, mem_format("layer %s: all steps, reversed", r->layer->name));
    if (r->chunk)
        all->cut = CUT_OTHER;
    plan_backward(plan, all);
    if (clear->count)
        plan_backward(plan, clear);
}
