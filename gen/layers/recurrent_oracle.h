/* recurrent_oracle.h: the stack and the two directions around one cell. For rnn, lstm and gru's oracles. */
#ifndef SEQGEN_RECURRENT_ORACLE_H
#define SEQGEN_RECURRENT_ORACLE_H

#include "../interp/oracle.h"

/* One layer of the stack in one direction. Matrices are transposed, so that a row of the batch stands on the left. */
typedef struct Cell {
    Value weight_ih, weight_hh; /* [in, G H], [H, G H] */
    Value bias_ih, bias_hh;     /* [1, G H], or VALUE_NONE */
    int H;
    const LayerParams *p;
} Cell;

typedef struct CellState {
    Value h, c; /* [b, H]; c: lstm alone */
} CellState;

/* One step. input = x W_ih^T + b_ih, [b, G H]. */
typedef CellState (*CellStep)(Tape *tape, const Cell *cell, Value input, CellState state);

/* h W_hh^T + b_hh, [b, G H] */
Value cell_recurrent(Tape *tape, const Cell *cell, Value h);
/* Gate number g of [b, G H] */
Value cell_gate(Tape *tape, const Cell *cell, Value gates, int g);

void recurrent_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out, CellStep step, bool has_c);

#endif
