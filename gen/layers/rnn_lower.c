/* rnn_lower.c: the simple cell's equation and its reverse. torch.nn.RNN:
 *   (1) a = W_ih x_t + b_ih + W_hh h_(t-1) + b_hh
 *   (2) h_t = tanh(a), or relu(a)
 */
#include "recurrent_lower.h"

static const Load FORWARD_LOADS[] = {{0}};
static const Let TANH_LETS[] = {{NULL, "(2) h_t = tanh(a)"}, {"ht", "v_tanh(a0)"}, {0}};
static const Let RELU_LETS[] = {{NULL, "(2) h_t = relu(a)"}, {"ht", "v_relu(a0)"}, {0}};
static const Store FORWARD_STORES[] = {{"h", -1, "ht"}, {0}};

static const Load REVERSE_LOADS[] = {{"ht", "h", -1}, {0}};
static const Let TANH_REVERSE[] = {{NULL, "(2) reversed; d is the gradient of h_t"}, {"da0", "d * (1 - ht * ht)"}, {0}};
static const Let RELU_REVERSE[] = {{NULL, "(2) reversed; d is the gradient of h_t"}, {"da0", "v_select_lt(v_zero(), ht, d, v_zero())"}, {0}};
static const Store REVERSE_STORES[] = {{"gates", 0, "da0"}, {0}};

#define RNN_CELL(KIND, LETS, REVERSE, EQUATIONS)                                                                              \
    {                                                                                                                         \
        .kind = KIND, .gates = 1, .slots = 1, .x_slots = 1, .h_slots = 1, .reverse_h = true,                                  \
        .forward = {FORWARD_LOADS, LETS, FORWARD_STORES}, .stream = {FORWARD_LOADS, LETS, FORWARD_STORES},                    \
        .reverse = {REVERSE_LOADS, REVERSE, REVERSE_STORES}, .equations = EQUATIONS,                                          \
    }
static const Cell RNN_TANH = RNN_CELL("rnn", TANH_LETS, TANH_REVERSE, "h' = tanh(W x + U h + b)");
static const Cell RNN_RELU = RNN_CELL("rnn_relu", RELU_LETS, RELU_REVERSE, "h' = relu(W x + U h + b)");

void rnn_lower(Plan *plan, const Layer *layer)
{
    recurrent_lower(plan, layer, layer->spec->p.nonlinearity == NONLINEARITY_RELU ? &RNN_RELU : &RNN_TANH);
}
