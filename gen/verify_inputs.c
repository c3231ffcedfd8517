/* verify_inputs.c: see verify_inputs.h. */
#include "verify_inputs.h"

#include <stdlib.h>
#include <string.h>

#include "emit/emit.h"
#include "interp/interp.h"
#include "support/mem.h"

bool verify_write_weights(const Graph *graph, const char *path, SeqrtError *error)
{
    SeqrtModel model = interp_model(graph);
    double *exact = mem_alloc(model.weights_count * sizeof *exact);
    float *rounded = mem_alloc(model.weights_count * sizeof *rounded);
    SafeTensor *tensors = mem_alloc((size_t)model.tensors_count * sizeof *tensors);
    seqrt_init_weights(&model, model.seed, exact);
    for (size_t i = 0; i < model.weights_count; i++)
        rounded[i] = (float)exact[i];
    for (int i = 0; i < model.tensors_count; i++) {
        const SeqrtTensor *t = &model.tensors[i];
        tensors[i] = (SafeTensor){.name = t->name, .type = SAFE_F32, .rank = t->rank,
                                  .shape = {t->shape[0], t->rank == 2 ? t->shape[1] : 0}, .data = rounded + t->offset};
    }
    bool good = seqrt_safe_write(path, model.tensors_count, tensors, 0, NULL, error);
    free(tensors);
    free(rounded);
    free(exact);
    return good;
}

bool verify_write_batch(const SafeFile *probe, const char *path, SeqrtError *error)
{
    SafeTensor *tensors = mem_alloc((size_t)probe->count * sizeof *tensors);
    int count = 0;
    for (int i = 0; i < probe->count; i++)
        if (strncmp(probe->tensors[i].name, "batch.", 6) == 0) {
            tensors[count] = probe->tensors[i];
            tensors[count++].name += 6;
        }
    bool good = seqrt_safe_write(path, count, tensors, 0, NULL, error);
    free(tensors);
    return good;
}

Unroll verify_other_unroll(const Graph *graph)
{
    if (graph->spec->codegen.unroll != UNROLL_AUTO)
        return graph->spec->codegen.unroll == UNROLL_FULL ? UNROLL_NONE : UNROLL_FULL;
    Spec rolled = *graph->spec;
    Graph copy = *graph;
    EmitInfo chosen = {0}, none = {0};
    rolled.codegen.unroll = UNROLL_NONE;
    copy.spec = &rolled;
    emit_info(graph, false, &chosen);
    emit_info(&copy, false, &none);
    return chosen.lines == none.lines ? UNROLL_FULL : UNROLL_NONE;
}
