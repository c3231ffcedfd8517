/* rnn_oracle.c: torch.nn.RNN.
 *
 * h_t = tanh(x_t W_ih^T + b_ih + h_(t-1) W_hh^T + b_hh), or relu in place of tanh
 */
#include "recurrent_oracle.h"

static CellState rnn_step(Tape *tape, const Cell *cell, Value input, CellState state)
{
    const Value sum = tape_add(tape, input, cell_recurrent(tape, cell, state.h));
    const bool relu = cell->p->nonlinearity == NONLINEARITY_RELU;
    return (CellState){.h = relu ? tape_relu(tape, sum) : tape_tanh(tape, sum), .c = VALUE_NONE};
}

void rnn_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    recurrent_oracle(pass, layer, in, out, rnn_step, false);
}
