/* pool_kind.c: last, mean, max: from a value of every step to one vector a sequence, over its valid steps. */
#include "kind_rules.h"

static const SchemaField fields[] = {{.key = NULL}};

static bool shape(const LayerSpec *spec, int T, const Shape *in, Shape *out, Diag *diag)
{
    (void)T;
    if (!kind_want_numbers(spec, in, diag) || !kind_want_steps(spec, in, diag))
        return false;
    *out = (Shape){.width = in->width, .directions = 1};
    return true;
}

#define POOL(name_, meaning_) \
    const LayerKind name_##_kind = {.name = #name_, .meaning = meaning_, .fields = fields, .shape = shape}

POOL(last, "the last valid step; right behind a bidirectional layer, activations and dropout aside, both directions' final states");
POOL(mean, "mean over the valid steps");
POOL(max, "largest over the valid steps, each feature for itself");
