/* linear_lower.c: torch.nn.Linear, on every step or on the pooled vector.
 *   (1) y = x W' + b                    reverse: dW = dy' x, db = sum of dy, dx = dy W
 * Tokens are one-hot: (1) is b + W'[token], and dW a scatter-add. A following relu, tanh or sigmoid runs in the same kernel. A streaming
 * step of few units takes them one by one, from the copy of W that dx is made with.
 */
#include "activation_lower.h"
#include "value_lower.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Linear {
    Plan *plan;
    const Layer *layer;
    Value in;
    Piece y;
    int K, O, Op;
    int w, b, w_t[2];    /* buffers; b -1: no bias */
    bool dots;           /* the streaming step's product is one of dots_call */
    const Activation *activation;
} Linear;

static const Load NO_LOADS[] = {{NULL, NULL, 0}};
static const Store OUT_STORES[] = {{"y", -1, "out"}, {NULL, 0, NULL}};

static void weights(Linear *n)
{
    Plan *plan = n->plan;
    n->w = n->in.tokens ? plan_buffer(plan, BLOCK_PARAM, n->K, n->Op, "[token][P..]: row lookup", "%s_weight", n->layer->name)
                        : plan_buffer(plan, BLOCK_PARAM, (int64_t)n->Op / plan->P * n->K, plan->P, "[panel][k][P]", "%s_weight", n->layer->name);
    Pack *pack = plan_pack(plan, graph_find(plan->graph, n->layer, "weight"), n->w);
    pack->units = n->O, pack->inputs = n->K, pack->from_j = n->K, pack->from_k = 1;
    pack->panel_stride = n->in.tokens ? plan->P : (int64_t)n->K * plan->P;
    pack->k_stride = n->in.tokens ? n->Op : plan->P;
    n->b = -1;
    if (!n->layer->spec->p.bias)
        return;
    n->b = plan_buffer(plan, BLOCK_PARAM, 1, n->Op, "[P..]", "%s_bias", n->layer->name);
    pack = plan_pack(plan, graph_find(plan->graph, n->layer, "bias"), n->b);
    pack->units = n->O, pack->panel_stride = plan->P, pack->from_j = 1;
}

static bool takes_dots(const Linear *n)
{
    const Plan *plan = n->plan;
    const Piece *x = &n->in.piece[0];
    return plan->stream && !n->in.tokens && !n->activation && n->in.pieces == 1 && dots_pay(plan, n->K, n->O) && (plan->infer_only || x->grad >= 0) &&
           plan->buffers[x->stream].stride >= plan_pad(plan, n->K);
}

static int transposed(Linear *n, int i, int units)
{
    Plan *plan = n->plan;
    return plan_buffer(plan, BLOCK_DERIVED, (int64_t)plan_pad(plan, n->in.piece[i].width) / plan->P * units, plan->P, "[panel of x][unit][P]",
                       "%s_weight_t%d", n->layer->name, i);
}

/* Inference only: a constant */
static void transposed_constant(Linear *n)
{
    Plan *plan = n->plan;
    n->w_t[0] = transposed(n, 0, n->O);
    Pack *pack = plan_pack(plan, graph_find(plan->graph, n->layer, "weight"), n->w_t[0]);
    pack->copy = true;
    pack->units = n->K, pack->inputs = n->O, pack->from_j = 1, pack->from_k = n->K;
    pack->panel_stride = (int64_t)n->O * plan->P, pack->k_stride = plan->P;
}

static void refresh(Linear *n)
{
    Plan *plan = n->plan;
    if (plan->infer_only && n->dots)
        transposed_constant(n);
    Function *f = plan_function(plan, FORM_PLAIN, "transposed copy, after the weights have changed", "%s_refresh", n->layer->name);
    for (int i = 0, first = 0; i < n->in.pieces && !plan->infer_only; first += n->in.piece[i++].width) {
        const Piece *x = &n->in.piece[i];
        if (x->grad < 0)
            continue;
        n->w_t[i] = transposed(n, i, n->Op);
        function_line(f, "transpose_panels(s, %s, %d, %d, %d, %d, %d, %s);", plan_ref(plan, n->w), n->Op / plan->P, n->K, first, x->width, plan->P,
                      plan_ref(plan, n->w_t[i]));
    }
    if (f->count)
        plan_refresh(plan, f);
}

static void forward_call(Linear *n, Function *f, bool stream)
{
    Plan *plan = n->plan;
    char name[300], input[120] = "";
    Program program = {.loads = NO_LOADS, .lets = n->activation ? n->activation->from_a0 : NULL, .stores = OUT_STORES};
    Product p = {.name = name, .comment = "y = x W' + b", .rows = stream ? "1" : plan_share(plan, f, n->in.space), .units = n->Op,
                 .init = n->in.tokens ? INIT_LOOKUP : n->b >= 0 ? INIT_BIAS : INIT_ZERO, .init_ref = n->b >= 0 ? plan_ref(plan, n->b) : NULL,
                 .program = n->activation ? &program : NULL,
                 .y = stream ? plan_ref(plan, n->y.stream) : plan_first(plan, n->in.space, plan_ref(plan, n->y.buffer), n->y.stride),
                 .y_stride = n->y.stride, .all_steps = n->in.space == SPACE_STEPS, .one_row = stream};
    for (int i = 0, first = 0; i < n->in.pieces; first += n->in.piece[i++].width) {
        const Piece *x = &n->in.piece[i];
        const char *a = stream ? plan_ref(plan, x->stream) : plan_first(plan, n->in.space, plan_ref(plan, x->buffer), x->stride);
        size_t at = strlen(input);
        snprintf(input + at, sizeof input - at, "%s%d%s", i ? "_" : "", x->width, x->stride == x->width ? "" : "p");
        if (n->in.tokens)
            p.tokens = a, p.table = plan_ref(plan, n->w);
        else
            p.operands[p.operands_count++] = (Operand){.a = a, .a_stride = x->stride, .reps = 1, .run = x->width, .w = plan_ref(plan, n->w), .w_rows = n->K, .w_first = first};
    }
    snprintf(name, sizeof name, "linear_%s%s_%d%s%s%s%s", n->in.tokens ? "tokens" : "", input, n->O, n->b >= 0 ? "" : "_nobias", n->activation ? "_" : "",
             n->activation ? n->activation->name : "", stream ? "_stream" : "");
    product_call(plan, f, &p);
}

static void backward(Linear *n)
{
    Plan *plan = n->plan;
    const Space space = n->in.space;
    const char *rows = space == SPACE_STEPS ? "m->total" : "m->count", *dy = plan_ref(plan, n->y.grad);
    char *own_dy = plan_first(plan, space, dy, n->Op);
    plan->together |= space == SPACE_STEPS;
    Function *f = plan_function(plan, FORM_PLAIN, mem_format("layer %s: gradients of weights and input", n->layer->name), "%s_backward", n->layer->name);
    if (n->activation) {
        bool fresh;
        Kernel *k = plan_kernel(plan, KERNEL_EACH, &fresh, "%s_%d_reverse_in_place", n->activation->name, n->Op);
        if (fresh) {
            static const Load LOADS[] = {{"yt", "y", -1}, {"dyt", "dy", -1}, {NULL, NULL, 0}};
            static const Store STORES[] = {{"dy", -1, "dxt"}, {NULL, 0, NULL}};
            k->comment = mem_format("%s, reversed, in place, rows of %d", n->activation->name, n->Op);
            k->units = n->Op;
            k->program = (Program){.loads = LOADS, .lets = n->activation->reverse, .stores = STORES};
            kernel_param(k, "y", false, n->Op);
            kernel_param(k, "dy", true, n->Op);
        }
        function_call(f, k->name, "%s, %s, %s", plan_share(plan, f, space), plan_first(plan, space, plan_ref(plan, n->y.buffer), n->Op), own_dy);
        function_line(f, "meet(s);");
    }
    if (n->in.tokens)
        function_line(f, "scatter_slots(s, m->total, m->tokens, %s, %d, 1, %d, %d, %s);", dy, n->Op, n->Op, n->Op, plan_grad_ref(plan, n->w));
    for (int i = 0, first = 0; i < n->in.pieces && !n->in.tokens; first += n->in.piece[i++].width) {
        const Piece *x = &n->in.piece[i];
        outer_call(plan, f, &(Outer){.share = "s", .rows = rows, .a = plan_ref(plan, x->buffer), .inputs = x->width, .a_stride = x->stride, .d = dy, .d_stride = n->Op,
                                     .units = n->Op, .slots = 1, .used = 1, .dw = plan_grad_ref(plan, n->w), .w_rows = n->K, .w_first = first,
                                     .db = i == 0 && n->b >= 0 ? plan_grad_ref(plan, n->b) : NULL});
        if (x->grad < 0)
            continue;
        char *name = mem_format("linear_%d_to_%d_dx", n->O, x->width);
        Product p = {.name = name, .comment = "dx = dy W", .rows = plan_share(plan, f, space), .units = plan_pad(plan, x->width), .operands_count = 1,
                     .y = plan_first(plan, space, plan_ref(plan, x->grad), x->stride), .y_stride = x->stride, .all_steps = space == SPACE_STEPS};
        p.operands[0] = (Operand){.a = own_dy, .a_stride = n->Op, .reps = 1, .run = n->O, .w = plan_ref(plan, n->w_t[i]), .w_rows = n->Op};
        product_call(plan, f, &p);
        free(name);
    }
    if (n->b >= 0 && n->in.tokens)
        sum_call(plan, f, &(Outer){.share = "s", .rows = rows, .d = dy, .d_stride = n->Op, .units = n->Op, .slots = 1, .db = plan_grad_ref(plan, n->b)});
    plan_backward(plan, f);
}

void linear_lower(Plan *plan, const Layer *layer)
{
    Linear n = {.plan = plan, .layer = layer, .in = plan->value, .K = plan->value.width, .O = layer->out.width};
    n.Op = plan_pad(plan, n.O);
    const char *fused = fused_activation(plan->graph, layer);
    n.activation = fused ? activation_find(fused) : NULL;
    n.dots = takes_dots(&n);
    weights(&n);
    refresh(&n);
    n.y = value_piece(plan, n.in.space, n.O, -1, fused ? fused : "linear", mem_format("%s_y", layer->name));
    Function *f = plan_function(plan, FORM_PLAIN, mem_format("layer %s: y = x W' + b%s%s", layer->name, fused ? ", then " : "", fused ? fused : ""), "%s_forward", layer->name);
    f->cut = n.in.space == SPACE_STEPS ? CUT_STEPS : CUT_SEQUENCES;
    forward_call(&n, f, false);
    plan_forward(plan, f);
    if (n.dots)
        dots_call(plan, plan->stream, mem_format("linear_%d_%d%s_dots", n.K, n.O, n.b >= 0 ? "" : "_nobias"), n.b >= 0 ? plan_ref(plan, n.b) : NULL,
                  plan_ref(plan, n.in.piece[0].stream), n.K, plan_ref(plan, n.w_t[0]), plan->infer_only ? n.O : n.Op, n.O, plan_ref(plan, n.y.stream));
    else if (plan->stream)
        forward_call(&n, plan->stream, true);
    if (!plan->infer_only)
        backward(&n);
    plan->value = (Value){.space = n.in.space, .width = n.O, .pieces = 1, .piece = {n.y}};
}
