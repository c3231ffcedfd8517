/* recurrent_lower.h: what rnn, lstm and gru have in common: stacks, directions, time. A cell is its equations. */
#ifndef SEQGEN_RECURRENT_LOWER_H
#define SEQGEN_RECURRENT_LOWER_H

#include "../plan/plan.h"

/* One cell's equations, as programs over the kernel parameters
 *   forward: a0.. accumulated slots; h0, c0 the state before; gates, c, h what is kept
 *   stream:  the same without what only backward needs
 *   tail:    the same, of few units whose slots stand side by side in a vector: below0.. are v_sigmoid_below of the slots, all made at once
 *   reverse: d is the gradient of h; reads gates (and c0, h0, h, dc), leaves the slots' gradients in `gates`; dh_part is what
 *            reaches h0 past the recurrent product (GRU) */
typedef struct Cell {
    const char *kind;
    int gates;                 /* PyTorch's gates per unit */
    int slots;                 /* S: accumulators per unit */
    int x_slot, x_slots, h_slot, h_slots; /* the slots that the input and the recurrent product add to */
    int x_of[4], h_of[4];      /* PyTorch's gate q -> slot, for weight_ih/bias_ih and weight_hh/bias_hh */
    bool has_c, keeps_gates;   /* cell state; forward keeps the gates */
    bool forward_h0;           /* forward's program reads h0 */
    bool reverse_h0, reverse_h; /* reverse reads the state before, the state after */
    bool dh_part;
    Program forward, stream, stream_soon, reverse, tail; /* stream_soon: shorter chains, more instructions, for a row of one vector */
    int late;                  /* of the recurrent product's slots the first ones, which the first pass of `stream` does without; 0: there is one pass */
    bool staggers;             /* a row of several vectors has each one's equations beside the next one's sums; else `late` */
    int tail_twice;            /* the slot that tail wants doubled, + 1; 0: none */
    const char *equations;     /* for comments */
} Cell;

void recurrent_lower(Plan *plan, const Layer *layer, const Cell *cell);

#endif
