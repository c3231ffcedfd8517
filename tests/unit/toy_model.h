/* toy_model.h: the smallest models that have everything the runtime asks of one: out = bias + weight * phi, where phi is
 * the mean of the sequence's steps (class), each step itself (next), or the last step (forecast); dropout on phi; SGD with
 * momentum; a carried count of steps per row. Hand-written; shares nothing with the generator or the interpreter.
 */
#ifndef TOY_MODEL_H
#define TOY_MODEL_H

#include "seqrt.h"

typedef struct Toy {
    SeqrtModel model;
    int broken;          /* a gradient is wrong from here on: 1 weight, 2 bias */
    long unsound_at;     /* optimiser step from which the loss is NaN; -1: never */
    double dropout;
} Toy;

extern Toy toy;          /* the functions of a SeqrtModel get only its memory, so there is one toy at a time */

/* Sets `toy` up for a task (class, next or forecast), real_bytes 4 or 8. */
const SeqrtModel *toy_make(const SeqrtTask *task, int B, int T, int real_bytes);

#endif
