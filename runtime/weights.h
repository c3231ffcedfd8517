/* weights.h: blocks of reals with the layout of a model's tensor table, from and to files.
 *
 * Takes: a model's facts, blocks, safetensors files. Gives: blocks read and listed, single reals, normal numbers.
 * Does not: call a function of the model.
 */
#ifndef SEQRT_WEIGHTS_H
#define SEQRT_WEIGHTS_H

#include "safetensors.h"
#include "support.h"

/* ---- reals: float or double as the model says ---- */
static inline double seqrt_real(const SeqrtModel *model, const void *block, size_t i)
{
    return model->real_bytes == 8 ? ((const double *)block)[i] : (double)((const float *)block)[i];
}

static inline void seqrt_real_set(const SeqrtModel *model, void *block, size_t i, double v)
{
    if (model->real_bytes == 8)
        ((double *)block)[i] = v;
    else
        ((float *)block)[i] = (float)v;
}

static inline SafeType seqrt_real_type(const SeqrtModel *model) { return model->real_bytes == 8 ? SAFE_F64 : SAFE_F32; }

static inline size_t seqrt_tensor_count(const SeqrtTensor *t)
{
    return (size_t)t->shape[0] * (size_t)(t->rank == 2 ? t->shape[1] : 1);
}

/* ---- blocks ---- */
void *seqrt_block(const SeqrtModel *model);                    /* room for one weights block */
/* The tensors PREFIX + name of a file into a block: all there, each of its shape, finite; or false, all faults listed. */
bool seqrt_block_read(const SeqrtModel *model, const SafeFile *file, const char *path, const char *prefix, void *block,
                      SeqrtError *error);
/* A block as [tensors_count] entries for seqrt_safe_write. Names are allocated: seqrt_names_free. */
void seqrt_block_list(const SeqrtModel *model, const void *block, const char *prefix, SafeTensor *list);
void seqrt_names_free(int count, SafeTensor *list);
/* First tensor of a block with a value that is not finite, or NULL; *at: its element. */
const SeqrtTensor *seqrt_block_unsound(const SeqrtModel *model, const void *block, size_t *at);
/* Names `at` as PyTorch indexes it: "[3, 7]" */
const char *seqrt_place_text(const SeqrtTensor *tensor, size_t at, char text[48]);

/* What a file says of itself. Without metadata it is taken as it is, as PyTorch's users write it. */
#define SEQRT_FORMAT "1"
#define SEQRT_GATE_ORDER "i,f,g,o / r,z,n"
bool seqrt_metas_check(const SafeFile *file, const char *path, SeqrtError *error);
/* *error is a warning, or as it was: weights may well fit a spec that changed. */
void seqrt_hash_check(const SeqrtModel *model, const SafeFile *file, const char *path, SeqrtError *error);
bool seqrt_tensor_known(const SeqrtModel *model, const char *name);

/* Metadata that marks a checkpoint; only there may a tensor `name` stand beside the weights. */
#define SEQRT_CHECKPOINT_MARK "seqgen_checkpoint"
bool seqrt_checkpoint_extra(const SafeFile *file, const char *name);

/* ---- init.c ---- */
double seqrt_normal(uint64_t seed, uint64_t stream, uint64_t j); /* N(0, 1) number j of a stream */

#endif
