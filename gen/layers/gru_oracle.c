/* gru_oracle.c: torch.nn.GRU.
 *
 * r_t = sigmoid(W_ir x_t + b_ir + W_hr h_(t-1) + b_hr)
 * z_t = sigmoid(W_iz x_t + b_iz + W_hz h_(t-1) + b_hz)
 * n_t = tanh(W_in x_t + b_in + r_t * (W_hn h_(t-1) + b_hn))
 * h_t = (1 - z_t) * n_t + z_t * h_(t-1)
 */
#include "recurrent_oracle.h"

static CellState gru_step(Tape *tape, const Cell *cell, Value input, CellState state)
{
    const Value recurrent = cell_recurrent(tape, cell, state.h);
    const Value both = tape_add(tape, input, recurrent);
    const Value r = tape_sigmoid(tape, cell_gate(tape, cell, both, 0));
    const Value z = tape_sigmoid(tape, cell_gate(tape, cell, both, 1));
    const Value reset = tape_mul(tape, r, cell_gate(tape, cell, recurrent, 2));
    const Value n = tape_tanh(tape, tape_add(tape, cell_gate(tape, cell, input, 2), reset));
    const Value one_minus_z = tape_shift(tape, tape_scale(tape, z, -1), 1);
    return (CellState){.h = tape_add(tape, tape_mul(tape, one_minus_z, n), tape_mul(tape, z, state.h)), .c = VALUE_NONE};
}

void gru_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    recurrent_oracle(pass, layer, in, out, gru_step, false);
}
