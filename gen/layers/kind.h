/* kind.h: what a layer kind is to the language and to shapes. One kind, one file <kind>_kind.c, one line in kinds.def.
 *
 * The mathematics stands in <kind>_lower.c (generator) and <kind>_oracle.c (interpreter); neither is known here.
 */
#ifndef SEQGEN_KIND_H
#define SEQGEN_KIND_H

#include "../spec/spec.h"
#include "../spec/schema.h"

/* What flows between layers. Tokens: one token a step, width = vocabulary. Else `width` features, of every step
 * (steps) or of the sequence (!steps). directions: 2 after a bidirectional layer (width = 2 * hidden, forward first). */
typedef struct Shape {
    bool tokens, steps;
    int width;
    int directions;
    bool final_states; /* the value comes from a recurrent layer, possibly through dropout or element-wise layers */
} Shape;

typedef struct Layer Layer; /* graph/graph.h */
typedef struct Graph Graph;

struct LayerKind {
    const char *name;
    const char *meaning;        /* one line for specs/README.md */
    const SchemaField *fields;  /* into LayerParams, ended by a field with no key */
    /* The output's shape; false after diag_error (hint: what would fit). T is the longest sequence. */
    bool (*shape)(const LayerSpec *spec, int T, const Shape *in, Shape *out, Diag *diag);
    /* Declares the layer's tensors with graph_tensor, in PyTorch's order; NULL: none */
    void (*tensors)(Graph *graph, Layer *layer);
};

const LayerKind *kind_find(const char *name);
int kind_count(void);
const LayerKind *kind_at(int i);

#endif
