/* layer_norm_lower.c: torch.nn.LayerNorm over the features of a row.
 *   (1) n = (x - mean(x)) / sqrt(var(x) + eps)       (2) y = n g + b
 * reverse:
 *   (2) dg = sum of dy n, db = sum of dy, dn = dy g
 *   (1) dx = (dn - mean(dn) - n mean(dn n)) / sqrt(var(x) + eps)
 */
#include "value_lower.h"

#include <stdlib.h>

/* g or b: one vector of the pieces' widths, each padded to panels */
static int vector_param(Plan *plan, const Layer *layer, const char *what, const Value *in)
{
    const Piece *first = &in->piece[0];
    int padded = plan_pad(plan, first->width);
    int buffer = plan_buffer(plan, BLOCK_PARAM, 1, (int64_t)padded * in->pieces, "[P..]", "%s_%s", layer->name, what);
    Pack *pack = plan_pack(plan, graph_find(plan->graph, layer, what), buffer);
    pack->gates = in->pieces, pack->units = first->width, pack->panel_stride = plan->P;
    pack->from_q = first->width, pack->from_j = 1;
    pack->slot[1] = padded / plan->P;
    return buffer;
}

typedef struct Norm {
    Plan *plan;
    const Layer *layer;
    Value in, out;
    int g, b, stats; /* buffers */
} Norm;

static bool wants_dx(const Norm *n) { return n->in.piece[0].grad >= 0; }

static void dx(const Norm *n, Function *f)
{
    Plan *plan = n->plan;
    const Piece *x = n->in.piece, *y = n->out.piece;
    const Space space = n->in.space;
    const char *ref[3][2];
    for (int i = 0; i < 2; i++) {
        const bool there = i < n->in.pieces;
        ref[0][i] = there ? plan_first(plan, space, plan_ref(plan, x[i].buffer), x[i].stride) : "NULL";
        ref[1][i] = there ? plan_first(plan, space, plan_ref(plan, y[i].grad), y[i].stride) : "NULL";
        ref[2][i] = there ? plan_first(plan, space, plan_ref(plan, x[i].grad), x[i].stride) : "NULL";
    }
    function_line(f, "norm_rows_back(%s, %s, %s, %d, %d, %s, %s, %s, %s, %d, %s, %s);", plan_share(plan, f, space), ref[0][0], ref[0][1], x[0].width, x[0].stride,
                  plan_ref(plan, n->g), plan_first(plan, space, plan_ref(plan, n->stats), 2), ref[1][0], ref[1][1], y[0].stride, ref[2][0], ref[2][1]);
}

/* dg and db of rows that begin at `row`; to: where the sums of the first piece stand */
static void sums(const Norm *n, Function *f, const char *share, const char *rows, const char *row, const char *dg, const char *db, const char *indent)
{
    Plan *plan = n->plan;
    for (int i = 0; i < n->in.pieces; i++) {
        const Piece *x = &n->in.piece[i], *y = &n->out.piece[i];
        char *to = i ? mem_format(" + %d", i * y->stride) : mem_copy("");
        function_line(f, "%snorm_sums(%s, %s, %s, %d, %d, %s, %s, %d, %s%s, %s%s);", indent, share, rows, plan_row(plan_ref(plan, x->buffer), row, x->stride), x->width,
                      x->stride, plan_row(plan_ref(plan, n->stats), row, 2), plan_row(plan_ref(plan, y->grad), row, y->stride), y->stride, dg, to, db, to);
        free(to);
    }
}

/* Each part of the batch has sums of its own, and the thread that has the part reads none of the other's rows. */
static void part_sums(const Norm *n, Function *f)
{
    Plan *plan = n->plan;
    const int count = n->in.pieces * n->out.piece[0].stride;
    const char *comment = "gradient that the second part of the batch adds up to", *name = n->layer->name;
    const char *g = plan_ref(plan, plan_buffer(plan, BLOCK_BACKWARD, 1, count, comment, "%s_part_weight", name));
    const char *b = plan_ref(plan, plan_buffer(plan, BLOCK_BACKWARD, 1, count, comment, "%s_part_bias", name));
    function_line(f, "zero_share(s, %s, %d);", g, count);
    function_line(f, "zero_share(s, %s, %d);", b, count);
    function_line(f, "meet(s);");
    function_line(f, "for (int part = 0; part < PARTS; part++) {");
    function_line(f, "    const Share p = share_part(m, s, part);");
    function_line(f, "    Real *dg = part ? %s : %s;", g, plan_grad_ref(plan, n->g));
    function_line(f, "    Real *db = part ? %s : %s;", b, plan_grad_ref(plan, n->b));
    function_line(f, "    for (int t = 0; t < m->steps; t++)%s", n->in.pieces > 1 ? " {" : "");
    sums(n, f, "&p", "running(m, &p, t)", "(p.at[t] + p.first)", "dg", "db", "        ");
    if (n->in.pieces > 1)
        function_line(f, "    }");
    function_line(f, "}");
    function_line(f, "meet(s);");
    function_line(f, "add_vectors(s, %s, %s, %d, %s);", plan_grad_ref(plan, n->g), g, count, plan_grad_ref(plan, n->g));
    function_line(f, "add_vectors(s, %s, %s, %d, %s);", plan_grad_ref(plan, n->b), b, count, plan_grad_ref(plan, n->b));
}

static void backward(const Norm *n)
{
    Plan *plan = n->plan;
    Function *f = plan_function(plan, FORM_PLAIN, mem_format("layer %s reversed", n->layer->name), "%s_backward", n->layer->name);
    if (wants_dx(n))
        dx(n, f);
    if (plan->apart && n->in.space == SPACE_STEPS)
        part_sums(n, f);
    else
        sums(n, f, "s", n->in.space == SPACE_STEPS ? "m->total" : "m->count", NULL, plan_grad_ref(plan, n->g), plan_grad_ref(plan, n->b), "");
    plan_backward(plan, f);
}

void layer_norm_lower(Plan *plan, const Layer *layer)
{
    const Value in = plan->value;
    const int pieces = in.pieces;
    const char *name = layer->name;
    const double eps = layer->spec->p.eps;
    int g = vector_param(plan, layer, "weight", &in), b = vector_param(plan, layer, "bias", &in);
    Value out = value_like(plan, name, "layer_norm");
    const Piece *x = in.piece, *y = out.piece;
    int stats = plan_buffer(plan, BLOCK_FORWARD, plan_rows(plan, in.space), 2, "mean, 1 / sqrt(var + eps)", "%s_stats", name);
    Function *f = plan_function(plan, FORM_PLAIN, mem_format("layer %s: (x - mean) / sqrt(var + %g) g + b", name, eps), "%s_forward", name);
    const int w = x[0].width, xs = x[0].stride, ys = y[0].stride;
    const char *weight = plan_ref(plan, g), *bias = plan_ref(plan, b);
    const char *x1 = pieces > 1 ? plan_ref(plan, x[1].buffer) : NULL, *y1 = pieces > 1 ? plan_ref(plan, y[1].buffer) : NULL;
    f->cut = in.space == SPACE_STEPS ? CUT_STEPS : CUT_SEQUENCES;
    function_line(f, "norm_rows(%s, %s, %s, %d, %d, %s, %s, (Real)%s, %s, %s, %d, %s);", plan_share(plan, f, in.space),
                  plan_first(plan, in.space, plan_ref(plan, x[0].buffer), xs), x1 ? plan_first(plan, in.space, x1, xs) : "NULL", w, xs, weight, bias, mem_real(eps),
                  plan_first(plan, in.space, plan_ref(plan, y[0].buffer), ys), y1 ? plan_first(plan, in.space, y1, ys) : "NULL", ys,
                  plan_first(plan, in.space, plan_ref(plan, stats), 2));
    plan_forward(plan, f);
    if (plan->stream) {
        int s_stats = plan_buffer(plan, BLOCK_STREAM, 1, 2, "mean, 1 / sqrt(var + eps)", "%s_stats", name);
        function_line(plan->stream, "norm_rows(1, %s, NULL, %d, %d, %s, %s, (Real)%s, %s, NULL, %d, %s);", plan_ref(plan, x[0].stream), w, xs, weight, bias, mem_real(eps),
                      plan_ref(plan, y[0].stream), ys, plan_ref(plan, s_stats));
    }
    if (!plan->infer_only)
        backward(&(Norm){.plan = plan, .layer = layer, .in = in, .out = out, .g = g, .b = b, .stats = stats});
    plan->value = out;
    plan->value.final_states = false;
}
