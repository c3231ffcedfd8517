/* interp.h: the oracle. A rolled graph run by elementary operations and a tape, in double. */
#ifndef SEQGEN_INTERP_H
#define SEQGEN_INTERP_H

#include "../graph/graph.h"

/* A model for the runtime whose functions interpret the graph: real_bytes 8; model memory is one pointer-sized block
 * (model_bytes) that init fills. The graph must outlive it. */
SeqrtModel interp_model(const Graph *graph);
/* init makes a model of the graph interp_model was last called with. interp_free gives back what an init took. */
void interp_free(void *model);

#endif
