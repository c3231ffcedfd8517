/* dropout_lower.c: inverted dropout, torch.nn.Dropout.
 *   (1) y = keep x / (1 - p)            reverse: dx = keep dy / (1 - p)
 * keep is a function of (seed, step, site, element): backward asks again instead of storing a mask. Outside training y = x; a file that
 * does not train has no y.
 */
#include "value_lower.h"

#include <math.h>

static void dropout_call(Function *f, const char *indent, const Value *value, int i, const char *x, int x_stride, const char *y, int y_stride, int site, double p)
{
    const Piece *piece = &value->piece[i];
    const char *rows_of = value->space == SPACE_STEPS ? "steps" : "rows";
    int first = 0;
    for (int j = 0; j < i; j++)
        first += value->piece[j].width;
    function_line(f, "%sdropout_%s(m, s, %s, %d, %s, %d, %d, %d, %d, %d, %uu, (Real)%s);", indent, rows_of, x, x_stride, y, y_stride, first, piece->width,
                  value->width, site, (unsigned)floor(p * 16777216.0), mem_real(1.0 / (1.0 - p)));
}

void dropout_lower_value(Plan *plan, const char *name, int site, double p)
{
    if (plan->infer_only) /* the value itself: no copy, no buffer */
        return;
    const Value in = plan->value;
    const Value out = value_like(plan, name, "after dropout");
    Function *f = plan_function(plan, FORM_PLAIN, mem_format("%s: inverted dropout, p = %g", name, p), "%s_forward", name);
    Function *b = plan_function(plan, FORM_PLAIN, mem_format("%s: the same mask again", name), "%s_backward", name);
    for (int i = 0; i < in.pieces; i++) {
        const Piece *x = &in.piece[i], *y = &out.piece[i];
        const char *from = plan_ref(plan, x->buffer), *to = plan_ref(plan, y->buffer);
        function_line(f, "if (m->training)");
        dropout_call(f, "    ", &out, i, from, x->stride, to, y->stride, site, p);
        function_line(f, "else");
        function_line(f, "    widen_rows(%s, %s, %d, %d, %s, %d);", plan_share(plan, f, in.space), plan_first(plan, in.space, from, x->stride), x->width, x->stride,
                      plan_first(plan, in.space, to, y->stride), y->stride);
        if (plan->stream)
            function_line(plan->stream, "widen_rows(1, %s, %d, %d, %s, %d);", plan_ref(plan, x->stream), x->width, x->stride, plan_ref(plan, y->stream), y->stride);
        if (x->grad >= 0)
            dropout_call(b, "", &out, i, plan_ref(plan, y->grad), y->stride, plan_ref(plan, x->grad), x->stride, site, p);
    }
    plan_forward(plan, f);
    if (b->count)
        plan_backward(plan, b);
    plan->value = out;
    plan->value.final_states = in.final_states;
}

void dropout_lower(Plan *plan, const Layer *layer)
{
    if (layer->spec->p.dropout > 0)
        dropout_lower_value(plan, layer->name, layer->index * 64, layer->spec->p.dropout);
}
