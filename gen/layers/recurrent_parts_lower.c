/* recurrent_parts_lower.c: gradients of a recurrent layer's weights, the sequences of a batch in parts.
 *
 * Takes: a Run whose gradients are made chunk by chunk. Gives: sums for each part but the first, whose sums are the arena's own; the products
 * that fill them, one part after the other; what adds them up. Does not: decide whether parts pay (plan_parts).
 *
 * A thread that has a part's sequences reads gates that it wrote itself, where the columns of a gradient shared between threads need those of all.
 * The parts are cut by the batch, not by how many threads there are: so are the bits of what they add up to.
 */
#include "recurrent_run.h"

#include <string.h>

Outer recurrent_outer_h(const Run *r)
{
    const Cell *cell = r->cell;
    return (Outer){.share = "s", .inputs = r->H, .a_stride = r->Hp, .d_stride = r->row, .units = r->Hp, .slots = cell->slots, .slot = cell->h_slot,
                   .used = cell->h_slots, .dw = plan_grad_ref(r->plan, r->w_hh), .w_rows = r->H};
}

bool recurrent_sums_beside(const Run *r) { return r->bias && (!r->in.tokens || r->in.vector) && r->cell->x_slots == r->cell->slots; }

Outer recurrent_outer_x(const Run *r, int piece)
{
    const Cell *cell = r->cell;
    const Piece *in = &r->in.piece[piece];
    return (Outer){.share = "s", .inputs = in->width, .a_stride = in->stride, .d_stride = r->row, .units = r->Hp, .slots = cell->slots, .slot = cell->x_slot,
                   .used = cell->x_slots, .dw = plan_grad_ref(r->plan, r->w_ih), .w_rows = r->K, .w_first = piece ? r->in.piece[0].width : 0,
                   .db = piece == 0 && recurrent_sums_beside(r) ? plan_grad_ref(r->plan, r->b_ih) : NULL};
}

void recurrent_parts(Run *r)
{
    const int64_t weights = (int64_t)(r->K * r->cell->x_slots + r->H * r->cell->h_slots) * r->Hp;
    r->parts = !r->in.tokens && plan_parts(r->plan, r->chunk, weights);
    if (!r->parts)
        return;
    r->plan->parts = true;
    const char *comment = "gradients that the second part of the batch adds up to";
    r->part_w_ih = plan_buffer(r->plan, BLOCK_BACKWARD, r->K, (int64_t)r->cell->x_slots * r->Hp, comment, "%s_part_weight_ih", r->base);
    r->part_w_hh = plan_buffer(r->plan, BLOCK_BACKWARD, r->H, (int64_t)r->cell->h_slots * r->Hp, comment, "%s_part_weight_hh", r->base);
    if (r->bias)
        r->part_b = plan_buffer(r->plan, BLOCK_BACKWARD, 1, r->G, comment, "%s_part_bias", r->base);
}

typedef struct Both { int part, arena; } Both;

static int both(const Run *r, Both *list)
{
    const Both all[] = {{r->part_w_ih, r->w_ih}, {r->part_w_hh, r->w_hh}, {r->part_b, r->b_ih}};
    const int count = r->bias ? 3 : 2;
    memcpy(list, all, sizeof *all * (size_t)count);
    return count;
}

static long long numbers(const Plan *plan, int buffer) { return (long long)(plan->buffers[buffer].rows * plan->buffers[buffer].stride); }

void recurrent_parts_start(Run *r, Function *f)
{
    Both list[3];
    for (int i = 0, count = both(r, list); i < count; i++)
        function_line(f, "zero_share(s, %s, %lld);", plan_ref(r->plan, list[i].part), numbers(r->plan, list[i].part));
}

Function *recurrent_parts_join(Run *r)
{
    Plan *plan = r->plan;
    Function *f = plan_function(plan, FORM_PLAIN, mem_format("layer %s: what the parts of the batch have added up to", r->layer->name), "%s_join", r->base);
    Both list[3];
    for (int i = 0, count = both(r, list); i < count; i++) {
        const char *sum = plan_grad_ref(plan, list[i].arena);
        function_line(f, "add_vectors(s, %s, %s, %lld, %s);", sum, plan_ref(plan, list[i].part), numbers(plan, list[i].part), sum);
    }
    return f;
}

static char *row(const Run *r, const char *ref, const char *step, int stride)
{
    return mem_format("%s + (%sat[%s] + p.first) * %d", ref, r->plan->apart ? "p." : "m->", step, stride);
}

/* A product over the part's rows of steps [from, past); a and d of step i are those of the steps `a_step` and `d_step` name, which hold an i */
static void part_product(Run *r, Function *f, Outer o, const char *from, const char *past, const char *a, const char *a_step[2], const char *d_step[2])
{
    Plan *plan = r->plan;
    const char *gates = plan_ref(plan, r->gates);
    void (*call)(Plan *, Function *, const Outer *) = a ? outer_call : sum_call;
    o.share = "&p", o.pitch = plan->apart ? "pitch" : "m->count";
    o.runs = mem_format("%s - %s", past, from), o.rows = "p.rows";
    o.a = a ? row(r, a, a_step[0], o.a_stride) : NULL, o.d = row(r, gates, d_step[0], r->row);
    function_line(f, "    if (m->dense)");
    call(plan, f, &o);
    o.runs = "1", o.rows = "running(m, &p, i)";
    o.a = a ? row(r, a, a_step[1], o.a_stride) : NULL, o.d = row(r, gates, d_step[1], r->row);
    function_line(f, "    else");
    function_line(f, "        for (int i = %s; i < %s; i++)", from, past);
    call(plan, f, &o);
}

void recurrent_part_gradients(Run *r, Function *f)
{
    Plan *plan = r->plan;
    static const char *same[2] = {"t", "i"}, *later[2] = {"from", "i"}, *before[2] = {"from - 1", "i - 1"};
    const char *h = plan_ref(plan, r->h);
    function_line(f, "for (int part = 0; part < PARTS; part++) {");
    function_line(f, "    const Share p = share_part(m, s, part);");
    if (plan->apart)
        function_line(f, "    const ptrdiff_t pitch = p.at[1] - p.at[0]; /* from step to step, where every sequence has every step */");
    function_line(f, "    Real *dw_ih = part ? %s : %s;", plan_ref(plan, r->part_w_ih), plan_grad_ref(plan, r->w_ih));
    function_line(f, "    Real *dw_hh = part ? %s : %s;", plan_ref(plan, r->part_w_hh), plan_grad_ref(plan, r->w_hh));
    if (r->bias)
        function_line(f, "    Real *db = part ? %s : %s;", plan_ref(plan, r->part_b), plan_grad_ref(plan, r->b_ih));
    for (int i = 0; i < r->in.pieces; i++) {
        Outer o = recurrent_outer_x(r, i);
        o.dw = "dw_ih", o.db = o.db ? "db" : NULL;
        part_product(r, f, o, "t", "past", plan_ref(plan, r->in.piece[i].buffer), same, same);
    }
    Outer o = recurrent_outer_h(r);
    o.dw = "dw_hh";
    part_product(r, f, o, "from", "end", h, r->reverse ? later : before, r->reverse ? before : later);
    if (plan->carry) {
        o.share = "&p", o.runs = "1", o.pitch = "0", o.rows = "running(m, &p, 0)";
        o.a = mem_format("%s + p.first * %d", plan_ref(plan, r->h0), r->Hp), o.d = mem_format("%s + p.first * %d", plan_ref(plan, r->gates), r->row);
        function_line(f, "    if (t == 0)");
        outer_call(plan, f, &o);
    }
    if (r->bias && !recurrent_sums_beside(r)) {
        o.db = "db";
        part_product(r, f, o, "t", "past", NULL, same, same);
    }
    function_line(f, "}");
}
