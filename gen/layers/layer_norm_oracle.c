/* layer_norm_oracle.c: torch.nn.LayerNorm over the features.
 *
 * y = (x - E[x]) / sqrt(Var[x] + eps) * weight + bias, Var divided by F
 */
#include "../interp/oracle.h"

static Value layer_norm_apply(Pass *pass, const Layer *layer, Value x, int t)
{
    (void)t;
    Tape *tape = pass->tape;
    const double over_F = 1.0 / layer->in.width;
    const Value minus_mean = tape_scale(tape, tape_row_sum(tape, x), -over_F);
    const Value d = tape_add_col(tape, x, minus_mean);
    const Value variance = tape_scale(tape, tape_row_sum(tape, tape_mul(tape, d, d)), over_F);
    const Value deviation = tape_sqrt(tape, tape_shift(tape, variance, layer->spec->p.eps));
    const Value normal = tape_mul_col(tape, d, tape_reciprocal(tape, deviation));
    const Value scaled = tape_mul_row(tape, normal, oracle_weight(pass, layer, "weight"));
    return tape_add_row(tape, scaled, oracle_weight(pass, layer, "bias"));
}

void layer_norm_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    oracle_map(pass, layer, in, out, layer_norm_apply);
}
