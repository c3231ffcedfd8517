/* lstm_oracle.c: torch.nn.LSTM.
 *
 * i_t = sigmoid(W_ii x_t + b_ii + W_hi h_(t-1) + b_hi)
 * f_t = sigmoid(W_if x_t + b_if + W_hf h_(t-1) + b_hf)
 * g_t = tanh(W_ig x_t + b_ig + W_hg h_(t-1) + b_hg)
 * o_t = sigmoid(W_io x_t + b_io + W_ho h_(t-1) + b_ho)
 * c_t = f_t * c_(t-1) + i_t * g_t
 * h_t = o_t * tanh(c_t)
 */
#include "recurrent_oracle.h"

static CellState lstm_step(Tape *tape, const Cell *cell, Value input, CellState state)
{
    const Value gates = tape_add(tape, input, cell_recurrent(tape, cell, state.h));
    const Value i = tape_sigmoid(tape, cell_gate(tape, cell, gates, 0));
    const Value f = tape_sigmoid(tape, cell_gate(tape, cell, gates, 1));
    const Value g = tape_tanh(tape, cell_gate(tape, cell, gates, 2));
    const Value o = tape_sigmoid(tape, cell_gate(tape, cell, gates, 3));
    const Value c = tape_add(tape, tape_mul(tape, f, state.c), tape_mul(tape, i, g));
    return (CellState){.h = tape_mul(tape, o, tape_tanh(tape, c)), .c = c};
}

void lstm_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    recurrent_oracle(pass, layer, in, out, lstm_step, true);
}
