/* activation_kind.c: relu, tanh, sigmoid, gelu: element-wise, no keys, no tensors. */
#include "kind_rules.h"

static const SchemaField fields[] = {{.key = NULL}};

static bool shape(const LayerSpec *spec, int T, const Shape *in, Shape *out, Diag *diag)
{
    (void)T;
    if (!kind_want_numbers(spec, in, diag))
        return false;
    *out = *in;
    return true;
}

#define ACTIVATION(name_, meaning_) \
    const LayerKind name_##_kind = {.name = #name_, .meaning = meaning_, .fields = fields, .shape = shape}

ACTIVATION(relu, "max(x, 0), element-wise");
ACTIVATION(tanh, "tanh(x), element-wise");
ACTIVATION(sigmoid, "1 / (1 + exp(-x)), element-wise");
ACTIVATION(gelu, "x (1 + erf(x / sqrt 2)) / 2, element-wise, as torch.nn.GELU");
