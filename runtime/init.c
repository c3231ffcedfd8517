/* init.c: initial weights, the same bits for every model of the same tensors and seed.
 *
 * Takes: a model's tensor table, a seed. Gives: a weights block. Does not: choose distributions (the tensors name them).
 */
#include <math.h>

#include "weights.h"

double seqrt_normal(uint64_t seed, uint64_t stream, uint64_t j)
{
    const double turn = 6.283185307179586476925;
    double radius = sqrt(-2 * log(1 - seqrt_uniform(seed, stream, 2 * j))); /* 1 - u: never log 0 */
    return radius * cos(turn * seqrt_uniform(seed, stream, 2 * j + 1));
}

static double draw(const SeqrtTensor *tensor, uint64_t seed, uint64_t stream, uint64_t j)
{
    if (tensor->init == SEQRT_INIT_CONSTANT) return tensor->init_scale;
    if (tensor->init == SEQRT_INIT_UNIFORM) return (2 * seqrt_uniform(seed, stream, j) - 1) * tensor->init_scale;
    return seqrt_normal(seed, stream, j) * tensor->init_scale;
}

void seqrt_init_weights(const SeqrtModel *model, uint64_t seed, void *weights)
{
    for (int i = 0; i < model->tensors_count; i++) {
        const SeqrtTensor *tensor = &model->tensors[i];
        for (size_t j = 0; j < seqrt_tensor_count(tensor); j++)
            seqrt_real_set(model, weights, tensor->offset + j, draw(tensor, seed, (uint64_t)i, j));
    }
}
