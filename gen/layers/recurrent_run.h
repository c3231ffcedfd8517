/* recurrent_run.h: one layer of a recurrent stack in one direction, while it is lowered; recurrent_lower.c and recurrent_reverse_lower.c. */
#ifndef SEQGEN_RECURRENT_RUN_H
#define SEQGEN_RECURRENT_RUN_H

#include "recurrent_lower.h"
#include "value_lower.h"

typedef struct Run {
    Plan *plan;
    const Layer *layer;
    const Cell *cell;
    Value in;
    int l, K, H, Hp, G; /* layer of the stack, inputs of weight_ih, units, padded units, slots * padded units */
    int row;            /* from one row of gates to the next */
    int hoist;          /* steps whose input products are made together, into `products`; 0: each step makes its own */
    int chunk;          /* steps of the backward pass after which their gradients of weights are made; 0: of all at the end */
    bool by_units;      /* threads share the units of a step, not its sequences, and meet before they read what all have written */
    bool parts;         /* sequences in two parts, each with sums of its own for these gradients */
    bool reverse, bias;
    bool ends;          /* nobody but `last` takes the output: only the state behind a sequence has a gradient from outside, and dh starts as that */
    char base[200];     /* "lstm_l0_reverse" */
    int tail, w_tail;   /* of a row alone: plan_tail, and the weights of it; -1: there is none */
    int tail_rows;      /* rows of w_tail before those of the state: biases and inputs, where some kernel makes these sums, too */
    int w_ih, w_hh, b_ih, b_hh, bias_sum, w_hh_t, w_ih_t[2];
    int gates, c, h, dy, dh, dc, dh_part, h0, c0, products;
    int table, table_grad; /* tokens: a row of input products for each; of one-hot tokens these are weight_ih itself and, not here, its gradient */
    int part_w_ih, part_w_hh, part_b;
    int s_h, s_c, s_h1, s_c1;
} Run;

/* Arguments of a kernel's call, and its params when it is new */
typedef struct Args { Text text; Kernel *kernel; /* NULL: exists already */ } Args;
void recurrent_arg(Args *args, const char *param, bool writes, int stride, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Packed row where the thread's sequences begin at step t (a C expression) */
const char *recurrent_step_at(const Run *r, const char *t);
/* "at" and "rows" of step t; in reverse also "kept", those that go on to step t + 1 */
void recurrent_step_rows(Run *r, Function *f);
/* A pointer `name` to the state before step t: kept + row of step t - 1, or start */
void recurrent_state_before(Run *r, Function *f, const char *name, const char *kept, const char *start);
/* A function that calls `step` for every t */
Function *recurrent_schedule(Run *r, bool ascending, const char *what, const Function *step, const char *comment);

/* A program that stores sums of so many slots in the rows of `products` */
Program recurrent_slots(int slots);

void recurrent_backward(Run *r);

/* recurrent_table_lower.c, for tokens that stand for vectors: the table and its gradient's place; makes it; zeroes its gradient; turns that, when it is
 * complete, into those of weight_ih, of the vectors, and of the bias if recurrent_sums_beside says so */
void recurrent_table(Run *r);
void recurrent_table_refresh(Run *r, Function *f);
void recurrent_table_start(Run *r, Function *f);
void recurrent_table_gradients(Run *r, Function *f);

/* dW_hh and, of a piece of the input, dW_ih as products; rows, a and d are the caller's */
Outer recurrent_outer_h(const Run *r);
Outer recurrent_outer_x(const Run *r, int piece);
/* Whether the product that makes the input weights' gradient sums all slots of the gates, too, so that the bias's costs little more */
bool recurrent_sums_beside(const Run *r);

/* recurrent_parts_lower.c: decides and makes the sums; zeroes them; the products of one chunk, `t`, `past`, `from` and `end` being known; adds them up */
void recurrent_parts(Run *r);
void recurrent_parts_start(Run *r, Function *f);
void recurrent_part_gradients(Run *r, Function *f);
Function *recurrent_parts_join(Run *r);

#endif
