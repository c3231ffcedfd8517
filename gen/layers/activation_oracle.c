/* activation_oracle.c: torch.nn.ReLU, Tanh, Sigmoid, GELU (its erf form), element by element. */
#include "../interp/oracle.h"

static Value relu_apply(Pass *pass, const Layer *layer, Value x, int t)
{
    (void)layer, (void)t;
    return tape_relu(pass->tape, x);
}

static Value tanh_apply(Pass *pass, const Layer *layer, Value x, int t)
{
    (void)layer, (void)t;
    return tape_tanh(pass->tape, x);
}

static Value sigmoid_apply(Pass *pass, const Layer *layer, Value x, int t)
{
    (void)layer, (void)t;
    return tape_sigmoid(pass->tape, x);
}

/* GELU(x) = x * (1 + erf(x / sqrt 2)) / 2 */
static Value gelu_apply(Pass *pass, const Layer *layer, Value x, int t)
{
    (void)layer, (void)t;
    const Value e = tape_erf(pass->tape, tape_scale(pass->tape, x, 0.70710678118654752));
    return tape_mul(pass->tape, x, tape_scale(pass->tape, tape_shift(pass->tape, e, 1), 0.5));
}

void relu_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    oracle_map(pass, layer, in, out, relu_apply);
}

void tanh_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    oracle_map(pass, layer, in, out, tanh_apply);
}

void sigmoid_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    oracle_map(pass, layer, in, out, sigmoid_apply);
}

void gelu_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    oracle_map(pass, layer, in, out, gelu_apply);
}
