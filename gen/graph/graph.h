/* graph.h: the rolled network: layers in order, shapes between them, parameters with PyTorch's names.
 *
 * Takes: Spec. Gives: Graph. Does not: copy a layer per step, choose a layout, or know C.
 */
#ifndef SEQGEN_GRAPH_H
#define SEQGEN_GRAPH_H

#include "../layers/kind.h"

struct Layer {
    const LayerKind *kind;
    const LayerSpec *spec;
    const char *name;
    int index;                          /* in Graph.layers */
    Shape in, out;
    int first_tensor, tensors_count;    /* in Graph.tensors */
};

/* SeqrtTensor is the parameter's description: name "lstm.weight_ih_l0", rank, shape, offset in the weights block
 * (tensors follow each other without gaps, in graph order), initial values. */
struct Graph {
    const Spec *spec;
    int layers_count;
    Layer *layers;
    int tensors_count;
    SeqrtTensor *tensors;
    int64_t weights_count;              /* parameters */
    Shape in, out;                      /* of the whole network */
    int T, B, outputs;                  /* outputs = out.width */
    bool can_stream;                    /* no bidirectional layer, no flatten */
    const char *no_stream;              /* which of them it is, in words; NULL: none */
    int64_t macs_step;                  /* forward multiply-accumulates of one step of one sequence (pooled part not counted) */
    int64_t macs_pooled;                /* of the layers after pooling, once a sequence */
    char **summary;                     /* graph_dump's lines, for SeqrtModel.summary */
};

/* Builds and checks: shapes, a pooled value before a class, loss and output against the target, sizes (every product
 * checked; more than 2^31-1 parameters, or a tensor of more, is refused). NULL after errors. */
Graph *graph_build(const Spec *spec, Diag *diag);
void graph_free(Graph *graph);
/* For kinds: appends "LAYER.NAME"; cols 0 makes it rank 1. */
void graph_tensor(Graph *graph, Layer *layer, const char *name, int64_t rows, int64_t cols, SeqrtInit init, double scale);
/* A layer's tensor by its name after the dot; NULL if absent. */
const SeqrtTensor *graph_find(const Graph *graph, const Layer *layer, const char *name);
/* Whether a matrix multiplies the layer's own input (of tokens: a lookup): weight, weight_ih_l0, weight_ih_l0_reverse. */
bool graph_reads_input(const Layer *layer, const SeqrtTensor *tensor);
/* trained: the tensors' shapes alone, not where they stand in N_Weights and what they are drawn from */
char *graph_dump(const Graph *graph, bool trained);

/* Optimiser slots by PyTorch's names: adam exp_avg, exp_avg_sq; sgd momentum_buffer (momentum > 0);
 * rmsprop square_avg, momentum_buffer (momentum > 0); adagrad sum. Returns the count. */
int graph_slots(const OptimizerSpec *optimizer, const char *const **names);
/* Everything of a SeqrtModel that follows from the graph alone (task, tensors, slots, training defaults, flops);
 * emit/ writes it into the C, interp/ uses it as it is. Functions and model_bytes stay empty. */
SeqrtModel graph_model(const Graph *graph);

#endif
