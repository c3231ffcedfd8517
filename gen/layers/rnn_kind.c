/* rnn_kind.c: keys, shape and tensors of rnn. Its equations stand in rnn_lower.c and rnn_oracle.c. */
#include "kind_rules.h"

static const char *const nonlinearities[] = {"tanh", "relu", NULL}; /* NONLINEARITY_TANH, NONLINEARITY_RELU */

static const SchemaField fields[] = {
    KIND_RECURRENT_FIELDS,
    {.key = "nonlinearity", .type = SCHEMA_CHOICE, .offset = KIND_FIELD(nonlinearity), .fallback = "tanh",
     .choices = nonlinearities, .help = "what the sum goes through"},
    KIND_BIAS,
    {.key = NULL},
};

static void declare(Graph *graph, Layer *layer)
{
    recurrent_tensors(graph, layer, 1);
}

const LayerKind rnn_kind = {
    .name = "rnn",
    .meaning = "as torch.nn.RNN",
    .fields = fields,
    .shape = recurrent_shape,
    .tensors = declare,
};
