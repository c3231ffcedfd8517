/* flatten_kind.c: T steps of F features as one vector of T * F, zero past a sequence's end; tokens one-hot. */
#include "kind_rules.h"

#include <limits.h>

#include "../support/mem.h"

static const SchemaField fields[] = {{.key = NULL}};

static bool shape(const LayerSpec *spec, int T, const Shape *in, Shape *out, Diag *diag)
{
    if (!kind_want_steps(spec, in, diag))
        return false;
    int64_t width;
    if (!size_mul(T, in->width, &width) || width > INT_MAX) {
        diag_error(diag, spec->loc, "pool with last, mean or max, or set data.max_length",
                   "layer '%s' (flatten) would give a vector of %d steps x %d, more than 2^31-1", spec->name, T, in->width);
        return false;
    }
    *out = (Shape){.width = (int)width, .directions = 1};
    return true;
}

const LayerKind flatten_kind = {
    .name = "flatten",
    .meaning = "T x F to one vector, padding zero: the feedforward baseline",
    .fields = fields,
    .shape = shape,
};
