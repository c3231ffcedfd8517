/* layer_norm_lower.c: torch.nn.LayerNorm over the features of a row.
 *   (1) n = (x - mean(x)) / sqrt(var(x) + eps)       (2) y = n g + b
 * reverse:
 *   (2) dg = sum of dy n, db = sum of dy, dn = dy g
 *   (1) dx = (dn - mean(dn) - n mean(dn n)) / sqrt(var(x) + eps)
 */
#include "value_lower.h"

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
    if (!plan->infer_only) {
        Function *back = plan_function(plan, FORM_PLAIN, mem_format("layer %s reversed", name), "%s_backward", name);
        plan->together |= in.space == SPACE_STEPS;
        const char *none = "NULL", *dx = x[0].grad >= 0 ? plan_ref(plan, x[0].grad) : none;
        function_line(back, "if (s->index == 0) /* dg and db are sums over all rows */");
        function_line(back, "    norm_rows_back(%s, %s, %s, %d, %d, %s, %s, %s, %s, %d, %s, %s, %s, %s);", in.space == SPACE_STEPS ? "m->total" : "m->count",
                      plan_ref(plan, x[0].buffer), x1 ? x1 : none, w, xs, weight,
                      plan_ref(plan, stats), plan_ref(plan, y[0].grad), pieces > 1 ? plan_ref(plan, y[1].grad) : none, ys, dx,
                      pieces > 1 && x[1].grad >= 0 ? plan_ref(plan, x[1].grad) : none, plan_grad_ref(plan, g), plan_grad_ref(plan, b));
        plan_backward(plan, back);
    }
    plan->value = out;
    plan->value.final_states = false;
}
