/* dropout_lower.c: inverted dropout, torch.nn.Dropout.
 *   (1) y = keep x / (1 - p)            reverse: dx = keep dy / (1 - p)
 * keep is a function of (seed, step, site, element): backward asks again instead of storing a mask. Outside training y = x.
 */
#include "value_lower.h"

#include <math.h>

static void dropout_call(Function *f, const char *indent, const char *rows_of, const Value *value, int i, const char *x, const char *y, int site, double p)
{
    const Piece *piece = &value->piece[i];
    int first = 0;
    for (int j = 0; j < i; j++)
        first += value->piece[j].width;
    function_line(f, "%sdropout_%s(m, %s, %s, %d, %d, %d, %d, %d, %uu, (Real)%.17g);", indent, rows_of, x, y, piece->stride, first, piece->width, value->width, site,
                  (unsigned)floor(p * 16777216.0), 1.0 / (1.0 - p));
}

void dropout_lower_value(Plan *plan, const char *name, int site, double p)
{
    const Value in = plan->value;
    const char *full = name;
    const Value out = value_like(plan, full, "after dropout");
    const char *rows_of = in.space == SPACE_STEPS ? "steps" : "rows", *rows = value_rows(in.space);
    Function *f = plan_function(plan, FORM_PLAIN, mem_format("%s: inverted dropout, p = %g", name, p), "%s_forward", full);
    Function *b = plan->infer_only ? NULL : plan_function(plan, FORM_PLAIN, mem_format("%s: the same mask again", name), "%s_backward", full);
    for (int i = 0; i < in.pieces; i++) {
        const Piece *x = &in.piece[i], *y = &out.piece[i];
        const char *from = plan_ref(plan, x->buffer), *to = plan_ref(plan, y->buffer);
        function_line(f, "widen_rows(%s, %s, %d, %d, %s, %d);", rows, from, x->width, x->stride, to, y->stride);
        if (!plan->infer_only) {
            function_line(f, "if (m->training)");
            dropout_call(f, "    ", rows_of, &out, i, to, to, site, p);
        }
        if (plan->stream)
            function_line(plan->stream, "widen_rows(1, %s, %d, %d, %s, %d);", plan_ref(plan, x->stream), x->width, x->stride, plan_ref(plan, y->stream), y->stride);
        if (b && x->grad >= 0)
            dropout_call(b, "", rows_of, &out, i, plan_ref(plan, y->grad), plan_ref(plan, x->grad), site, p);
    }
    plan_forward(plan, f);
    if (b && b->count)
        plan_backward(plan, b);
    plan->value = out;
    plan->value.final_states = in.final_states;
}

void dropout_lower(Plan *plan, const Layer *layer)
{
    if (layer->spec->p.dropout > 0)
        dropout_lower_value(plan, layer->name, layer->index * 64, layer->spec->p.dropout);
}
