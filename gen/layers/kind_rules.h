/* kind_rules.h: what several kinds check and declare in the same way. For *_kind.c alone. */
#ifndef SEQGEN_KIND_RULES_H
#define SEQGEN_KIND_RULES_H

#include "../graph/graph.h"

#define KIND_FIELD(member) offsetof(LayerParams, member)
#define KIND_SIZE_MAX 1000000.0
#define KIND_SIZE(key_, member, help_) \
    {.key = key_, .type = SCHEMA_INT, .offset = KIND_FIELD(member), .required = true, .min = 1, .max = KIND_SIZE_MAX, .help = help_}
#define KIND_FLAG(key_, member, fallback_, help_) \
    {.key = key_, .type = SCHEMA_BOOL, .offset = KIND_FIELD(member), .fallback = fallback_, .help = help_}

/* The keys rnn, lstm and gru have in common, `bias` excepted: it comes last, after what is rnn's own. */
#define KIND_RECURRENT_FIELDS \
    KIND_SIZE("hidden", hidden, "width H of the state of one direction"), \
    {.key = "layers", .type = SCHEMA_INT, .offset = KIND_FIELD(layers), .min = 1, .max = 64, .fallback = "1", \
     .help = "layers stacked on each other"}, \
    KIND_FLAG("bidirectional", bidirectional, "false", "a second direction reads from the last valid step to the first"), \
    {.key = "dropout", .type = SCHEMA_REAL, .offset = KIND_FIELD(dropout), .min = 0, .max = 1, .max_open = true, \
     .fallback = "0", .help = "dropout on the output of every layer of the stack but the last"}

#define KIND_BIAS KIND_FLAG("bias", bias, "true", "whether there are bias vectors")

/* False after an error, when tokens (or a pooled vector) arrive where numbers (or steps) are needed. */
bool kind_want_numbers(const LayerSpec *spec, const Shape *in, Diag *diag);
bool kind_want_steps(const LayerSpec *spec, const Shape *in, Diag *diag);

/* Shape and tensors of rnn (1 gate), lstm (4), gru (3). */
bool recurrent_shape(const LayerSpec *spec, int T, const Shape *in, Shape *out, Diag *diag);
void recurrent_tensors(Graph *graph, Layer *layer, int gates);

#endif
