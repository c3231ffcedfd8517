/* verify_inputs.h: what every build that is compared takes: the same weights, the same batch; and which unrolling is "the other".
 *
 * Takes: a graph, the interpreter's probe. Gives: safetensors files. Does not: run anything.
 */
#ifndef SEQGEN_VERIFY_INPUTS_H
#define SEQGEN_VERIFY_INPUTS_H

#include "graph/graph.h"
#include "safetensors.h"
#include "seqtrain.h"

/* The spec's initial values, rounded to float32 so that every build reads the same numbers. */
bool verify_write_weights(const Graph *graph, const char *path, SeqrtError *error);
/* The batch that the interpreter drew: its batch.tokens becomes tokens, and so on. */
bool verify_write_batch(const SafeFile *probe, const char *path, SeqrtError *error);
/* full for a spec whose own unrolling comes out as none, and the other way round */
Unroll verify_other_unroll(const Graph *graph);

#endif
