/* lstm_lower.c: the LSTM's equations and their reverse, in the units' vectors. torch.nn.LSTM:
 *   (1) a = W_ih x_t + b_ih + W_hh h_(t-1) + b_hh, four slots o, i, f, g
 *   (2) i = sigmoid(a_i), f = sigmoid(a_f), g = tanh(a_g), o = sigmoid(a_o)
 *   (3) c_t = f c_(t-1) + i g
 *   (4) h_t = o tanh(c_t)
 */
#include "recurrent_lower.h"

static const Load FORWARD_LOADS[] = {{"c_before", "c0", -1}, {0}};
static const Let FORWARD_LETS[] = {
    {NULL, "(2) gates"},
    {"i", "v_gate(a1)"},
    {"f", "v_gate(a2)"},
    {"g", "v_tanh(a3)"},
    {"o", "v_gate(a0)"},
    {NULL, "(3) c_t = f c_(t-1) + i g"},
    {"ct", "f * c_before + i * g"},
    {0},
};
static const Keep FORWARD_KEEPS[] = {{1, "ct"}, {0, "o"}, {0}};
static const Let FORWARD_REST[] = {
    {NULL, "(4) h_t = o tanh(c_t)"},
    {"tct", "v_tanh(ct)"},
    {"ht", "o * tct"},
    {0},
};
static const Store FORWARD_STORES[] = {{"gates", 0, "o"}, {"gates", 1, "i"}, {"gates", 2, "f"}, {"gates", 3, "g"},
                                       {"c", -1, "ct"},   {"h", -1, "ht"},   {0}};
/* Where nobody asks for the gates: one division for c_t and one for h_t, as one row waits for each of them. (Where many rows
 * run side by side nothing waits, and the divisions saved cost as much in multiplications.) */
static const Let STREAM_LETS[] = {
    {NULL, "(2) gates: i, f, o = 1 / below, g = above / below"},
    {"i_below", "v_sigmoid_below(a1)"},
    {"f_below", "v_sigmoid_below(a2)"},
    {"g_below", "v_tanh_below(a3)"},
    {NULL, "(3) c_t = f c_(t-1) + i g, over one denominator"},
    {"i_g", "i_below * g_below"},
    {"ct", "v_quick_quotient(c_before * i_g + v_tanh_above(a3) * f_below, f_below * i_g)"},
    {0},
};
static const Keep STREAM_KEEPS[] = {{1, "ct"}, {0}};
static const Let STREAM_REST[] = {
    {"o_below", "v_sigmoid_below(a0)"},
    {NULL, "(4) h_t = o tanh(c_t)"},
    {"ht", "v_quick_quotient(v_tanh_above(ct), o_below * v_tanh_below(ct))"},
    {0},
};
/* A row of one vector waits for nothing but its own functions: shorter chains of them, for some multiplications more */
static const Let SOON_LETS[] = {
    {NULL, "(2) gates: i, f, o = 1 / below, g = above / below"},
    {"i_below", "v_sigmoid_below_soon(a1)"},
    {"f_below", "v_sigmoid_below_soon(a2)"},
    {"g_below", "v_tanh_below(a3)"},
    {NULL, "(3) c_t = f c_(t-1) + i g, over one denominator"},
    {"ct", "v_quick_quotient((c_before * g_below) * i_below + v_tanh_above(a3) * f_below, f_below * (i_below * g_below))"},
    {0},
};
static const Let SOON_REST[] = {
    {"o_below", "v_sigmoid_below_soon(a0)"},
    {NULL, "(4) h_t = o tanh(c_t)"},
    {"ht", "v_quick_quotient(v_tanh_above_times(v_set(1), ct), v_tanh_below_times(o_below, ct))"},
    {0},
};
static const Store STREAM_STORES[] = {{"c", -1, "ct"}, {"h", -1, "ht"}, {0}};
/* tanh(a) = 2 sigmoid(2 a) - 1, so all four are one function's: less exact than v_tanh for small a, as exact as the other gates */
static const Let TAIL_LETS[] = {
    {NULL, "(2) gates: i, f, o = 1 / below1, 1 / below2, 1 / below0; a3 stands here doubled, so g = tanh = (2 - below3) / below3"},
    {NULL, "(3) c_t = f c_(t-1) + i g, over one denominator"},
    {"i_g", "below1 * below3"},
    {"ct", "v_quick_quotient(c_before * i_g + (2 - below3) * below2, below2 * i_g)"},
    {NULL, "(4) h_t = o tanh(c_t)"},
    {"ht", "v_quick_quotient(v_tanh_above(ct), below0 * v_tanh_below(ct))"},
    {0},
};

static const Load REVERSE_LOADS[] = {{"o", "gates", 0}, {"i", "gates", 1}, {"f", "gates", 2}, {"g", "gates", 3}, {"c_before", "c0", -1},
                                     {"ht", "h", -1}, {"dct", "dc", -1}, {0}};
/* tanh(c_t) is h_t / o, a division instead of a tanh, and nothing more to store. Where o is so small that it says nothing of tanh(c_t), the gradients
 * that it goes into are as small. */
static const Let REVERSE_LETS[] = {
    {NULL, "(4) d is the gradient of h_t; o (1 - tanh(c_t)^2) = o - h_t tanh(c_t)"},
    {"tct", "v_quick_quotient(ht, v_max(o, v_set((Real)1e-30)))"},
    {"dc1", "dct + d * (o - ht * tct)"},
    {NULL, "(3) and (2): slots o, i, f, g"},
    {"da1", "dc1 * g * i * (1 - i)"},
    {"da2", "dc1 * c_before * f * (1 - f)"},
    {"da3", "dc1 * i * (1 - g * g)"},
    {"da0", "d * ht * (1 - o)"},
    {"dc_before", "dc1 * f"},
    {0},
};
static const Store REVERSE_STORES[] = {{"gates", 0, "da0"}, {"gates", 1, "da1"}, {"gates", 2, "da2"}, {"gates", 3, "da3"}, {"dc", -1, "dc_before"}, {0}};

static const Cell LSTM = {
    .kind = "lstm",
    .gates = 4,
    .slots = 4,
    .x_slots = 4,
    .h_slots = 4,
    .x_of = {1, 2, 3, 0},
    .h_of = {1, 2, 3, 0},
    .late = 1,
    .has_c = true,
    .keeps_gates = true,
    .reverse_h = true,
    .forward = {FORWARD_LOADS, FORWARD_LETS, FORWARD_STORES, FORWARD_KEEPS, FORWARD_REST},
    .stream = {.loads = FORWARD_LOADS, .lets = STREAM_LETS, .stores = STREAM_STORES, .keeps = STREAM_KEEPS, .rest = STREAM_REST},
    .stream_soon = {.loads = FORWARD_LOADS, .lets = SOON_LETS, .stores = STREAM_STORES, .keeps = STREAM_KEEPS, .rest = SOON_REST},
    .staggers = true,
    .reverse = {.loads = REVERSE_LOADS, .lets = REVERSE_LETS, .stores = REVERSE_STORES},
    .tail = {.loads = FORWARD_LOADS, .lets = TAIL_LETS, .stores = STREAM_STORES},
    .tail_twice = 4,
    .equations = "i,f,o = sigmoid(W x + U h + b), g = tanh(..); c' = f c + i g; h' = o tanh(c')",
};

void lstm_lower(Plan *plan, const Layer *layer) { recurrent_lower(plan, layer, &LSTM); }
