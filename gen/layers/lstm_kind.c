/* lstm_kind.c: keys, shape and tensors of lstm. Its equations stand in lstm_lower.c and lstm_oracle.c. */
#include "kind_rules.h"

static const SchemaField fields[] = {KIND_RECURRENT_FIELDS, KIND_BIAS, {.key = NULL}};

static void declare(Graph *graph, Layer *layer)
{
    recurrent_tensors(graph, layer, 4);
}

const LayerKind lstm_kind = {
    .name = "lstm",
    .meaning = "as torch.nn.LSTM; gates i, f, g, o",
    .fields = fields,
    .shape = recurrent_shape,
    .tensors = declare,
};
