/* embedding_kind.c: keys, shape and tensor of embedding: a row of the table for a token. */
#include "kind_rules.h"

static const SchemaField fields[] = {KIND_SIZE("dim", dim, "width of a token's vector"), {.key = NULL}};

static bool shape(const LayerSpec *spec, int T, const Shape *in, Shape *out, Diag *diag)
{
    (void)T;
    if (!in->tokens) {
        diag_error(diag, spec->loc, "embedding comes first, on chars, bytes, words or text; for numbers use linear",
                   "layer '%s' (embedding) needs tokens, but what arrives is %d numbers", spec->name, in->width);
        return false;
    }
    *out = (Shape){.steps = true, .width = (int)spec->p.dim, .directions = 1};
    return true;
}

static void declare(Graph *graph, Layer *layer)
{
    graph_tensor(graph, layer, "weight", layer->in.width, layer->spec->p.dim, SEQRT_INIT_NORMAL, 1.0);
}

const LayerKind embedding_kind = {
    .name = "embedding",
    .meaning = "token to vector; without it a recurrent or linear layer sees tokens one-hot over the whole vocabulary",
    .fields = fields,
    .shape = shape,
    .tensors = declare,
};
