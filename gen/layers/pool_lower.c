/* pool_lower.c: last, mean, max over a sequence's valid steps.
 *   last   y = x at the last step; behind a bidirectional layer the reverse half is its state at step 0
 *   mean   y = sum of x_t / length             reverse: dx_t = dy / length
 *   max    y = max of x_t, first of equals     reverse: dx at that step = dy
 */
#include "value_lower.h"

#include <stdio.h>
#include <string.h>

typedef struct Pool {
    Plan *plan;
    const char *kind, *name;
    Function *f, *b;
} Pool;

/* The final state's gradient, where the layer below begins with it */
static void last_gradient(Pool *p, const Piece *x, const Piece *y)
{
    Plan *plan = p->plan;
    function_line(p->b, "copy_reals(%s, %s, s->rows * %d);", plan_first(plan, SPACE_BATCH, plan_ref(plan, y->grad), y->stride),
                  plan_first(plan, SPACE_BATCH, plan_ref(plan, x->grad), x->stride), x->stride);
}

static void pool_piece(Pool *p, const Piece *x, Piece *y, bool at_start, int i)
{
    Plan *plan = p->plan;
    const char *xs = plan_ref(plan, x->buffer), *ys = plan_ref(plan, y->buffer), *kind = at_start && strcmp(p->kind, "last") == 0 ? "first" : p->kind;
    char where[200] = "";
    if (strcmp(p->kind, "max") == 0) {
        int from = plan_buffer(plan, BLOCK_FORWARD, plan->B, y->stride, "rows the maxima came from", i ? "%s_from%d" : "%s_from", p->name, i);
        plan->buffers[from].element = ELEMENT_INT32;
        snprintf(where, sizeof where, ", %s", plan_ref(plan, from));
    }
    function_line(p->f, "pool_%s(m%s, %s, %d, %d, %s, %d%s);", kind, plan_thread(plan), xs, x->width, x->stride, ys, y->stride, where);
    if (p->b && plan->value.grad_ends)
        last_gradient(p, x, y);
    else if (p->b && x->grad >= 0)
        function_line(p->b, "pool_%s_back(m, s, %s, %d, %d, %s, %d%s);", kind, plan_ref(plan, y->grad), x->width, y->stride, plan_ref(plan, x->grad), x->stride, where);
    if (!plan->stream)
        return;
    const char *sx = plan_ref(plan, x->stream), *sy = plan_ref(plan, y->stream);
    if (strcmp(p->kind, "mean") == 0) {
        int sum = plan_buffer(plan, BLOCK_STREAM, 1, y->stride, "sum so far", i ? "%s_sum%d" : "%s_sum", p->name, i);
        function_line(plan->stream, "stream_mean(s->steps[0], %s, %d, %s, %s);", sx, x->width, plan_ref(plan, sum), sy);
    } else if (strcmp(p->kind, "max") == 0) {
        function_line(plan->stream, "stream_max(s->steps[0], %s, %d, %s);", sx, x->width, sy);
    }
}

static void pool_lower(Plan *plan, const Layer *layer)
{
    const Value in = plan->value;
    Value out = {.space = SPACE_BATCH, .width = in.width, .pieces = in.pieces};
    Pool p = {.plan = plan, .kind = layer->kind->name, .name = layer->name};
    p.f = plan_function(plan, FORM_PLAIN, mem_format("layer %s: %s over each sequence's steps", p.name, p.kind), "%s_forward", p.name);
    p.b = plan->infer_only ? NULL : plan_function(plan, FORM_PLAIN, mem_format("layer %s: back to the steps", p.name), "%s_backward", p.name);
    p.f->cut = CUT_SEQUENCES;
    if (p.b)
        p.b->cut = CUT_SEQUENCES;
    const bool last = strcmp(p.kind, "last") == 0; /* of a streaming step it is the step's own */
    for (int i = 0; i < in.pieces; i++) {
        out.piece[i] = value_piece(plan, SPACE_BATCH, in.piece[i].width, last ? in.piece[i].stream : -1, p.kind, mem_format(i ? "%s_y%d" : "%s_y", p.name, i));
        pool_piece(&p, &in.piece[i], &out.piece[i], i == 1 && in.final_states, i);
    }
    plan_forward(plan, p.f);
    if (p.b && p.b->count)
        plan_backward(plan, p.b);
    plan->value = out;
}

void last_lower(Plan *plan, const Layer *layer) { pool_lower(plan, layer); }
void mean_lower(Plan *plan, const Layer *layer) { pool_lower(plan, layer); }
void max_lower(Plan *plan, const Layer *layer) { pool_lower(plan, layer); }
