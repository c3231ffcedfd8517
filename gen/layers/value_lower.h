/* value_lower.h: small things that several kinds' lowering shares. */
#ifndef SEQGEN_VALUE_LOWER_H
#define SEQGEN_VALUE_LOWER_H

#include "../plan/plan.h"

/* A fresh value of the same shape as plan->value: buffers NAME_y (and NAME_y1), gradients, streaming rows. */
Value value_like(Plan *plan, const char *name, const char *comment);
/* One piece of a new value; its place in a streaming step is a new one, or, where `stream` is not -1, that one. */
Piece value_piece(Plan *plan, Space space, int width, int stream, const char *comment, const char *name);
/* Inverted dropout of plan->value, which becomes the result. site: seqrt_dropout_key's. */
void dropout_lower_value(Plan *plan, const char *name, int site, double p);
/* The activation that follows this layer and is folded into its kernel, or NULL. */
const char *fused_activation(const Graph *graph, const Layer *layer);

#endif
