/* linear_oracle.c: torch.nn.Linear: y = x W^T + b; of tokens x is one-hot, so x W^T is a column of W. */
#include "../interp/oracle.h"

static Value linear_apply(Pass *pass, const Layer *layer, Value x, int t)
{
    const Value turned = oracle_transposed(pass, layer, "weight"), bias = oracle_weight(pass, layer, "bias");
    const Value product = layer->in.tokens ? tape_gather(pass->tape, turned, pass->b, oracle_ids(pass, t))
                                           : tape_matmul(pass->tape, x, turned);
    return bias == VALUE_NONE ? product : tape_add_row(pass->tape, product, bias);
}

void linear_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    oracle_map(pass, layer, in, out, linear_apply);
}
