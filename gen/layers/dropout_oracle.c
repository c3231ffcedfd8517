/* dropout_oracle.c: torch.nn.Dropout: y = x * keep / (1 - p) in training, y = x otherwise. */
#include "../interp/oracle.h"

static Value dropout_apply(Pass *pass, const Layer *layer, Value x, int t)
{
    return oracle_dropout(pass, x, layer->spec->p.dropout, layer->index * 64, t);
}

void dropout_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    oracle_map(pass, layer, in, out, dropout_apply);
}
