/* gru_lower.c: the GRU's equations and their reverse. torch.nn.GRU, reset after the recurrent product:
 *   (1) r = sigmoid(W_ir x + b_ir + W_hr h + b_hr), z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
 *   (2) n = tanh(W_in x + b_in + r (W_hn h + b_hn))
 *   (3) h_t = (1 - z) n + z h_(t-1)
 * Four slots a unit, ordered n (input's part), z, r, n (recurrent part), so that the input adds to slots 0..2 and the state
 * to slots 1..3; of these r and n, whose functions wait for each other, stand together, and z can be late (Cell).
 */
#include "recurrent_lower.h"

static const Load FORWARD_LOADS[] = {{"h_before", "h0", -1}, {0}};
static const Let FORWARD_LETS[] = {
    {NULL, "(1) gates"},
    {"r", "v_gate(a2)"},
    {"z", "v_gate(a1)"},
    {0},
};
static const Keep FORWARD_KEEPS[] = {{2, "r"}, {1, "z"}, {0}};
static const Let FORWARD_REST[] = {
    {NULL, "(2) n = tanh(W_in x + b_in + r (W_hn h + b_hn))"},
    {"n", "v_tanh(a0 + r * a3)"},
    {NULL, "(3) h_t = (1 - z) n + z h_(t-1)"},
    {"ht", "n + z * (h_before - n)"},
    {0},
};
static const Store FORWARD_STORES[] = {{"gates", 0, "n"}, {"gates", 1, "z"}, {"gates", 2, "r"}, {"gates", 3, "a3"}, {"h", -1, "ht"}, {0}};
/* Where nobody asks for the gates: a division for r, one for h_t; see lstm_lower.c */
static const Let STREAM_LETS[] = {
    {NULL, "(1) gates: r = 1 / below, z = 1 / z_below"},
    {"r", "v_inverse(v_sigmoid_below(a2))"},
    {0},
};
static const Keep STREAM_KEEPS[] = {{2, "r"}, {0}};
static const Let STREAM_REST[] = {
    {"z_below", "v_sigmoid_below(a1)"},
    {NULL, "(2) n = tanh(W_in x + b_in + r (W_hn h + b_hn))"},
    {"an", "a0 + r * a3"},
    {"n_below", "v_tanh_below(an)"},
    {NULL, "(3) h_t = (1 - z) n + z h_(t-1), over one denominator"},
    {"ht", "v_quick_quotient((z_below - 1) * v_tanh_above(an) + h_before * n_below, z_below * n_below)"},
    {0},
};
/* A row of one vector waits for nothing but its own functions: shorter chains of them, for some multiplications more */
static const Let SOON_LETS[] = {
    {NULL, "(1) gates: r = 1 / below, z = 1 / z_below; of r there is r (W_hn h + b_hn) alone"},
    {"r_hn", "v_quick_quotient(a3, v_sigmoid_below_soon(a2))"},
    {0},
};
static const Keep SOON_KEEPS[] = {{2, "r_hn"}, {0}};
static const Let SOON_REST[] = {
    {"z_below", "v_sigmoid_below(a1)"},
    {NULL, "(2) n = tanh(W_in x + b_in + r (W_hn h + b_hn))"},
    {"an", "a0 + r_hn"},
    {NULL, "(3) h_t = (1 - z) n + z h_(t-1), over one denominator"},
    {"above", "v_tanh_above_times(z_below - 1, an) + v_tanh_below_times(h_before, an)"},
    {"ht", "v_quick_quotient(above, v_tanh_below_times(z_below, an))"},
    {0},
};
static const Store STREAM_STORES[] = {{"h", -1, "ht"}, {0}};
static const Let TAIL_LETS[] = {
    {NULL, "(1) gates: r = 1 / below2, z = 1 / below1"},
    {NULL, "(2) n = tanh(W_in x + b_in + r (W_hn h + b_hn))"},
    {"an", "a0 + v_inverse(below2) * a3"},
    {"n_below", "v_tanh_below(an)"},
    {NULL, "(3) h_t = (1 - z) n + z h_(t-1), over one denominator"},
    {"ht", "v_quick_quotient((below1 - 1) * v_tanh_above(an) + h_before * n_below, below1 * n_below)"},
    {0},
};

static const Load REVERSE_LOADS[] = {{"n", "gates", 0}, {"z", "gates", 1}, {"r", "gates", 2}, {"hn", "gates", 3},
                                     {"h_before", "h0", -1}, {0}};
static const Let REVERSE_LETS[] = {
    {NULL, "(3) d is the gradient of h_t"},
    {"dn", "d * (1 - z) * (1 - n * n)"},
    {"dz", "d * (h_before - n) * z * (1 - z)"},
    {NULL, "(2) and (1)"},
    {"dr", "dn * hn * r * (1 - r)"},
    {"dhn", "dn * r"},
    {"dh0", "d * z"},
    {0},
};
static const Store REVERSE_STORES[] = {{"gates", 0, "dn"}, {"gates", 1, "dz"}, {"gates", 2, "dr"}, {"gates", 3, "dhn"}, {"dh_part", -1, "dh0"}, {0}};

static const Cell GRU = {
    .kind = "gru",
    .gates = 3,
    .slots = 4,
    .x_slots = 3,
    .h_slot = 1,
    .h_slots = 3,
    .x_of = {2, 1, 0},
    .h_of = {2, 1, 3},
    .late = 1,
    .keeps_gates = true,
    .forward_h0 = true,
    .reverse_h0 = true,
    .dh_part = true,
    .forward = {FORWARD_LOADS, FORWARD_LETS, FORWARD_STORES, FORWARD_KEEPS, FORWARD_REST},
    .stream = {.loads = FORWARD_LOADS, .lets = STREAM_LETS, .stores = STREAM_STORES, .keeps = STREAM_KEEPS, .rest = STREAM_REST},
    .stream_soon = {.loads = FORWARD_LOADS, .lets = SOON_LETS, .stores = STREAM_STORES, .keeps = SOON_KEEPS, .rest = SOON_REST},
    .reverse = {.loads = REVERSE_LOADS, .lets = REVERSE_LETS, .stores = REVERSE_STORES},
    .tail = {.loads = FORWARD_LOADS, .lets = TAIL_LETS, .stores = STREAM_STORES},
    .equations = "r,z = sigmoid(W x + U h + b); n = tanh(W_n x + b_in + r (U_n h + b_hn)); h' = (1 - z) n + z h",
};

void gru_lower(Plan *plan, const Layer *layer) { recurrent_lower(plan, layer, &GRU); }
