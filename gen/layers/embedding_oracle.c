/* embedding_oracle.c: torch.nn.Embedding: y_t = weight[token_t]; past a row's end zero. */
#include "../interp/oracle.h"

static Value embedding_apply(Pass *pass, const Layer *layer, Value x, int t)
{
    (void)x;
    return tape_gather(pass->tape, oracle_weight(pass, layer, "weight"), pass->b, oracle_ids(pass, t));
}

void embedding_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    oracle_map(pass, layer, in, out, embedding_apply);
}
