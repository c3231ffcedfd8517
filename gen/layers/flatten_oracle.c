/* flatten_oracle.c: torch.nn.Flatten of [T, F]: y[t F + f] = x_t[f], zero past the row's end; tokens one-hot. */
#include "../interp/oracle.h"

#include "../interp/tape_node.h"

static Value one_hot(Pass *pass, int t)
{
    const int V = pass->graph->in.width;
    const int32_t *ids = oracle_ids(pass, t);
    const Value v = tape_constant(pass->tape, pass->b, V, NULL);
    for (size_t i = 0; i < (size_t)pass->b; i++)
        if (ids[i] >= 0)
            tape_value(pass->tape, v)[i * (size_t)V + (size_t)ids[i]] = 1.0;
    return v;
}

void flatten_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    Tape *tape = pass->tape;
    const int T = pass->graph->T;
    const Value zero = tape_constant(tape, pass->b, layer->in.width, NULL);
    Value *parts = tape_memory(tape, (size_t)T * sizeof *parts);
    for (int t = 0; t < T; t++) {
        if (t >= pass->T)
            parts[t] = zero;
        else
            parts[t] = layer->in.tokens ? one_hot(pass, t) : tape_blend(tape, oracle_mask(pass, t), in->steps[t], zero);
    }
    out->pooled = tape_concat(tape, T, parts);
}
