/* flatten_lower.c: T steps of F features as one row of T * F, zeros past a sequence's end.
 *   (1) y[t F + f] = x_t[f]             reverse: dx_t[f] = dy[t F + f]
 * Tokens are one-hot: y[t V + token_t] = 1.
 */
#include "value_lower.h"

void flatten_lower(Plan *plan, const Layer *layer)
{
    const Value in = plan->value;
    const char *name = layer->name;
    Value out = {.space = SPACE_BATCH, .width = layer->out.width, .pieces = 1};
    out.piece[0] = value_piece(plan, SPACE_BATCH, out.width, -1, "the steps side by side", mem_format("%s_y", name));
    const Piece *y = &out.piece[0];
    Function *f = plan_function(plan, FORM_PLAIN, mem_format("layer %s: steps side by side", name), "%s_forward", name);
    Function *b = plan->infer_only ? NULL : plan_function(plan, FORM_PLAIN, mem_format("layer %s: back to the steps", name), "%s_backward", name);
    const char *to = plan_ref(plan, y->buffer);
    f->cut = CUT_SEQUENCES;
    if (b)
        b->cut = CUT_SEQUENCES;
    const char *thread = plan_thread(plan);
    function_line(f, "zero_rows(%s, %s, %d);", plan_share(plan, f, SPACE_BATCH), plan_first(plan, SPACE_BATCH, to, y->stride), y->stride);
    if (in.tokens)
        function_line(f, "flatten_tokens(m%s, m->tokens, %d, %s, %d);", thread, in.width, to, y->stride);
    for (int i = 0, first = 0; i < in.pieces && !in.tokens; first += in.piece[i++].width) {
        const Piece *x = &in.piece[i];
        function_line(f, "flatten_steps(m%s, %s, %d, %d, %d, %d, %s, %d);", thread, plan_ref(plan, x->buffer), x->width, x->stride, first, in.width, to, y->stride);
        if (b && x->grad >= 0)
            function_line(b, "flatten_back(m, s, %s, %d, %d, %d, %d, %s, %d);", plan_ref(plan, y->grad), y->stride, x->width, first, in.width, plan_ref(plan, x->grad),
                          x->stride);
    }
    plan_forward(plan, f);
    if (b && b->count)
        plan_backward(plan, b);
    plan->value = out;
}
