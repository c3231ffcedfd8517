/* gru_kind.c: keys, shape and tensors of gru. Its equations stand in gru_lower.c and gru_oracle.c. */
#include "kind_rules.h"

static const SchemaField fields[] = {KIND_RECURRENT_FIELDS, KIND_BIAS, {.key = NULL}};

static void declare(Graph *graph, Layer *layer)
{
    recurrent_tensors(graph, layer, 3);
}

const LayerKind gru_kind = {
    .name = "gru",
    .meaning = "as torch.nn.GRU; gates r, z, n; reset after the recurrent product",
    .fields = fields,
    .shape = recurrent_shape,
    .tensors = declare,
};
