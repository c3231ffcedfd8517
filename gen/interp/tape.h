/* tape.h: matrices of Scalar, elementary operations on them, and a tape that runs their reverse rules backwards.
 *
 * Takes: numbers. Gives: values at once (an operation computes when it is called), gradients after tape_backward.
 * Does not: know layers, losses or sequences. A row is a sequence of the batch in nearly every use, hence "row".
 */
#ifndef SEQGEN_TAPE_H
#define SEQGEN_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scalar.h"

typedef struct Tape Tape;
typedef int Value; /* a node's number on the tape, until tape_clear */
enum { VALUE_NONE = -1 };

Tape *tape_new(void);
void tape_free(Tape *tape);
void tape_clear(Tape *tape); /* forgets all nodes, keeps the memory */

/* ---- leaves: [rows, cols], copied; from NULL: zeros ---- */
Value tape_constant(Tape *tape, int rows, int cols, const double *from);
Value tape_parameter(Tape *tape, int rows, int cols, const Scalar *from); /* has a gradient */
void tape_freeze(Tape *tape, Value leaf); /* from here on it has none, and what is computed from it neither */

int tape_rows(const Tape *tape, Value v);
int tape_cols(const Tape *tape, Value v);
Scalar *tape_value(const Tape *tape, Value v);
/* After tape_backward; NULL: nothing flowed into it, so it is zero. */
const Scalar *tape_gradient(const Tape *tape, Value v);
/* d end / d everything; end is [1, 1]. Once between two tape_clear. */
void tape_backward(Tape *tape, Value end);

/* ---- operations; shapes as written, anything else is a bug in the caller and ends the program ---- */
Value tape_matmul(Tape *tape, Value a, Value b);        /* [m, k] [k, n] -> [m, n] */
Value tape_transpose(Tape *tape, Value a);              /* [m, n] -> [n, m] */
Value tape_add(Tape *tape, Value a, Value b);           /* [m, n] [m, n] -> [m, n], as the next three */
Value tape_sub(Tape *tape, Value a, Value b);
Value tape_mul(Tape *tape, Value a, Value b);
Value tape_max(Tape *tape, Value a, Value b);           /* equal elements: a's */
Value tape_add_row(Tape *tape, Value a, Value row);     /* [m, n] [1, n]: row added to every row */
Value tape_mul_row(Tape *tape, Value a, Value row);
Value tape_add_col(Tape *tape, Value a, Value col);     /* [m, n] [m, 1]: col added to every column */
Value tape_mul_col(Tape *tape, Value a, Value col);
Value tape_scale(Tape *tape, Value a, double factor);   /* factor * a */
Value tape_shift(Tape *tape, Value a, double term);     /* a + term */
Value tape_tanh(Tape *tape, Value a);
Value tape_sigmoid(Tape *tape, Value a);
Value tape_relu(Tape *tape, Value a);                   /* slope 0 at 0 */
Value tape_abs(Tape *tape, Value a);                    /* slope 0 at 0 */
Value tape_erf(Tape *tape, Value a);
Value tape_exp(Tape *tape, Value a);
Value tape_log(Tape *tape, Value a);
Value tape_sqrt(Tape *tape, Value a);
Value tape_reciprocal(Tape *tape, Value a);
Value tape_gather(Tape *tape, Value table, int rows, const int32_t *ids); /* row ids[i] of table; id < 0: a row of zeros */
Value tape_pick(Tape *tape, Value a, const int32_t *ids);                 /* [m, n] -> [m, 1]: column ids[i] of row i */
Value tape_columns(Tape *tape, Value a, int from, int count);             /* [m, n] -> [m, count] */
Value tape_concat(Tape *tape, int count, const Value *parts);             /* [m, n_i].. -> [m, sum n_i] */
Value tape_blend(Tape *tape, const bool *mask, Value a, Value b);         /* row i of a where mask[i], else of b */
Value tape_row_sum(Tape *tape, Value a);                /* [m, n] -> [m, 1] */
Value tape_sum(Tape *tape, Value a);                    /* [m, n] -> [1, 1] */
/* Constants: nothing flows back through them. */
Value tape_detach(Tape *tape, Value a);                 /* the real part */
Value tape_row_max(Tape *tape, Value a);                /* [m, n] -> [m, 1] */

#endif
