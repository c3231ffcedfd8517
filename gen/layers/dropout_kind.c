/* dropout_kind.c: keys and shape of dropout; its p is LayerParams.dropout. */
#include "kind_rules.h"

static const SchemaField fields[] = {
    {.key = "p", .type = SCHEMA_REAL, .offset = KIND_FIELD(dropout), .required = true, .min = 0, .max = 1, .max_open = true,
     .help = "share of elements set to zero in training; the others are divided by 1 - p"},
    {.key = NULL},
};

static bool shape(const LayerSpec *spec, int T, const Shape *in, Shape *out, Diag *diag)
{
    (void)T;
    if (!kind_want_numbers(spec, in, diag))
        return false;
    *out = *in;
    return true;
}

const LayerKind dropout_kind = {
    .name = "dropout",
    .meaning = "inverted dropout, off outside training",
    .fields = fields,
    .shape = shape,
};
