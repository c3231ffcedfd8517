/* oracle.h: one pass of a batch through the network, layer by layer, on a tape.
 *
 * Takes: Graph, weights, a padded batch. Gives: the output's nodes and the loss's node. Does not: pack, sort or skip
 * rows: a row past its end is computed like any other, and a mask keeps what comes out of it from counting.
 */
#ifndef SEQGEN_ORACLE_H
#define SEQGEN_ORACLE_H

#include "../graph/graph.h"
#include "tape.h"

/* State that outlives a pass: of carried windows, or of a stream. A layer's block is [slot][rows][width]:
 * recurrent: slots are l = 0.. of the stack, for lstm h and c of each; a stream's mean and max: one slot, the pool so far. */
typedef struct Carry {
    double **at;       /* [layers], NULL where a layer keeps nothing */
    int rows;          /* B of the blocks */
    bool streaming;    /* a pass is one step of a stream */
    int64_t seen;      /* steps of the stream before this one */
} Carry;

/* What flows between two layers: steps[t] is [b, width]; or tokens; or pooled, [b, width]. */
typedef struct Flow {
    Value *steps;
    Value pooled;
} Flow;

typedef struct Pass {
    Tape *tape;
    const Graph *graph;
    const SeqrtBatch *batch;
    int b, T;                 /* rows; longest length in this batch */
    bool training;            /* dropout on, weights have gradients */
    uint64_t seed, step;      /* dropout */
    Carry *carry;             /* or NULL */
    Value *weights, *turned;  /* [tensors]; turned: their transposes, once asked for */
    Flow out;
} Pass;

/* A layer's forward pass, <kind>_oracle. Tokens are not in `in`: oracle_ids gives them. */
typedef void (*Oracle)(Pass *pass, const Layer *layer, const Flow *in, Flow *out);
#define KIND(name) void name##_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out);
#include "../layers/kinds.def"
#undef KIND

/* Fills pass->weights and pass->out. */
void oracle_run(Pass *pass, const Scalar *weights);

/* ---- the loss ---- */
typedef struct OracleLoss {
    Value sum;     /* [1, 1]; VALUE_NONE where the batch has no target */
    double weight;
} OracleLoss;
OracleLoss oracle_loss(Pass *pass);

/* ---- for the layers ---- */
/* out = f of every step, or of the pooled value (t -1). */
void oracle_map(Pass *pass, const Layer *layer, const Flow *in, Flow *out, Value (*f)(Pass *, const Layer *, Value x, int t));
Value *oracle_steps(Pass *pass);                                   /* room for T nodes */
Value oracle_weight(const Pass *pass, const Layer *layer, const char *name); /* VALUE_NONE: the layer has no such tensor */
Value oracle_transposed(Pass *pass, const Layer *layer, const char *name);   /* of a matrix the layer has */
bool *oracle_mask(const Pass *pass, int t);                        /* [b] whether step t is valid */
int32_t *oracle_ids(const Pass *pass, int t);                      /* [b] tokens of step t, -1 past the end */
Value oracle_dropout(Pass *pass, Value x, double p, int site, int t); /* t -1: pooled */
double *oracle_carried(const Pass *pass, const Layer *layer);      /* the layer's block, or NULL */
Value oracle_load(Pass *pass, const double *slot, int width);      /* [b, width] of a slot [rows][width]; from NULL: zeros */
void oracle_store(const Pass *pass, Value v, double *slot);

#endif
