/* activation_lower.c: relu, tanh, sigmoid, gelu, element by element.
 *   relu     y = max(x, 0)              dx = dy where y > 0
 *   tanh     y = tanh(x)                dx = dy (1 - y^2)
 *   sigmoid  y = 1 / (1 + exp(-x))      dx = dy y (1 - y)
 *   gelu     y = x Phi(x)               dx = dy (Phi(x) + x phi(x))      torch.nn.GELU, the exact form
 * Behind a linear layer the first three run in that product's kernel (linear_lower.c).
 */
#include "activation_lower.h"
#include "value_lower.h"

#include <string.h>

#define FORWARD(NAME, FUNCTION)                                              \
    static const Let NAME##_A0[] = {{"out", FUNCTION "(a0)"}, {NULL, NULL}}; \
    static const Let NAME##_FORWARD[] = {{"out", FUNCTION "(xt)"}, {NULL, NULL}};
FORWARD(RELU, "v_relu")
FORWARD(TANH, "v_tanh")
FORWARD(SIGMOID, "v_sigmoid")
FORWARD(GELU, "v_gelu")
static const Let RELU_REVERSE[] = {{"dxt", "v_select_lt(v_zero(), yt, dyt, v_zero())"}, {NULL, NULL}};
static const Let TANH_REVERSE[] = {{"dxt", "dyt * (1 - yt * yt)"}, {NULL, NULL}};
static const Let SIGMOID_REVERSE[] = {{"dxt", "dyt * yt * (1 - yt)"}, {NULL, NULL}};
static const Let GELU_REVERSE[] = {{"dxt", "dyt * v_gelu_grad(xt)"}, {NULL, NULL}};

static const Activation ACTIVATIONS[] = {
    {"relu", RELU_A0, RELU_FORWARD, RELU_REVERSE, false},
    {"tanh", TANH_A0, TANH_FORWARD, TANH_REVERSE, false},
    {"sigmoid", SIGMOID_A0, SIGMOID_FORWARD, SIGMOID_REVERSE, false},
    {"gelu", GELU_A0, GELU_FORWARD, GELU_REVERSE, true},
};

const Activation *activation_find(const char *name)
{
    for (size_t i = 0; i < sizeof ACTIVATIONS / sizeof *ACTIVATIONS; i++)
        if (strcmp(ACTIVATIONS[i].name, name) == 0)
            return &ACTIVATIONS[i];
    return NULL;
}

static const Load FORWARD_LOADS[] = {{"xt", "x", -1}, {NULL, NULL, 0}};
static const Store FORWARD_STORES[] = {{"y", -1, "out"}, {NULL, 0, NULL}};
static const Load REVERSE_LOADS[] = {{"yt", "y", -1}, {"dyt", "dy", -1}, {NULL, NULL, 0}};
static const Load REVERSE_X_LOADS[] = {{"xt", "x", -1}, {"dyt", "dy", -1}, {NULL, NULL, 0}};
static const Store REVERSE_STORES[] = {{"dx", -1, "dxt"}, {NULL, 0, NULL}};

static Kernel *each(Plan *plan, const char *name, const char *what, int units, const Program *program, const char *const params[3], int writes)
{
    bool fresh;
    Kernel *kernel = plan_kernel(plan, KERNEL_EACH, &fresh, "%s_%d%s", name, units, what);
    if (!fresh)
        return kernel;
    kernel->comment = mem_format("%s%s, element by element, rows of %d", name, *what ? ", reversed" : "", units);
    kernel->units = units;
    kernel->program = *program;
    for (int i = 0; i < 3 && params[i]; i++)
        kernel_param(kernel, params[i], i == writes, units);
    return kernel;
}

static void activation_lower(Plan *plan, const Layer *layer)
{
    const Graph *graph = plan->graph;
    if (layer->index > 0 && fused_activation(graph, layer - 1))
        return;
    const Activation *a = activation_find(layer->kind->name);
    const Value in = plan->value, out = value_like(plan, layer->name, a->name);
    const Program forward = {.loads = FORWARD_LOADS, .lets = a->forward, .stores = FORWARD_STORES};
    const Program reverse = {.loads = a->reads_x ? REVERSE_X_LOADS : REVERSE_LOADS, .lets = a->reverse, .stores = REVERSE_STORES};
    Function *f = plan_function(plan, FORM_PLAIN, mem_format("layer %s: %s", layer->name, a->name), "%s_forward", layer->name);
    Function *b = plan->infer_only ? NULL : plan_function(plan, FORM_PLAIN, mem_format("layer %s: %s, reversed", layer->name, a->name), "%s_backward", layer->name);
    const Cut cut = in.space == SPACE_STEPS ? CUT_STEPS : CUT_SEQUENCES;
    f->cut = cut;
    for (int i = 0; i < in.pieces; i++) {
        const Piece *x = &in.piece[i], *y = &out.piece[i];
        const char *rows = plan_share(plan, f, in.space);
        static const char *const XY[3] = {"x", "y", NULL}, *const YD[3] = {"y", "dy", "dx"}, *const XD[3] = {"x", "dy", "dx"};
        if (x->stride != y->stride) /* the raw features, not padded to panels */
            function_line(f, "widen_rows(%s, %s, %d, %d, %s, %d);", rows, plan_first(plan, in.space, plan_ref(plan, x->buffer), x->stride), x->width, x->stride,
                          plan_first(plan, in.space, plan_ref(plan, y->buffer), y->stride), y->stride);
        Kernel *k = each(plan, a->name, "", y->stride, &forward, XY, 1);
        const char *from = plan_ref(plan, x->stride == y->stride ? x->buffer : y->buffer);
        function_call(f, k->name, "%s, %s, %s", rows, plan_first(plan, in.space, from, y->stride), plan_first(plan, in.space, plan_ref(plan, y->buffer), y->stride));
        if (plan->stream) {
            if (x->stride != y->stride)
                function_line(plan->stream, "widen_rows(1, %s, %d, %d, %s, %d);", plan_ref(plan, x->stream), x->width, x->stride, plan_ref(plan, y->stream), y->stride);
            function_call(plan->stream, k->name, "1, %s, %s", plan_ref(plan, x->stride == y->stride ? x->stream : y->stream), plan_ref(plan, y->stream));
        }
        if (b && x->grad >= 0) {
            k = each(plan, a->name, "_reverse", y->stride, &reverse, a->reads_x ? XD : YD, 2);
            b->cut = cut;
            function_call(b, k->name, "%s, %s, %s, %s", plan_share(plan, b, in.space), plan_first(plan, in.space, plan_ref(plan, a->reads_x ? x->buffer : y->buffer), y->stride),
                          plan_first(plan, in.space, plan_ref(plan, y->grad), y->stride), plan_first(plan, in.space, plan_ref(plan, x->grad), y->stride));
        }
    }
    plan_forward(plan, f);
    if (b && b->count)
        plan_backward(plan, b);
    plan->value = out;
    plan->value.final_states = in.final_states;
}

void relu_lower(Plan *plan, const Layer *layer) { activation_lower(plan, layer); }
void tanh_lower(Plan *plan, const Layer *layer) { activation_lower(plan, layer); }
void sigmoid_lower(Plan *plan, const Layer *layer) { activation_lower(plan, layer); }
void gelu_lower(Plan *plan, const Layer *layer) { activation_lower(plan, layer); }
