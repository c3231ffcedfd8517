/* synthetic.c: batches without data, for gradcheck, bench and probe. SEQRT_STREAM_PROBE, one stream an array.
 *
 * Takes: a model's sizes, a seed. Gives: lengths, tokens or normal numbers, labels, values. Does not: train the model.
 */
#include <math.h>
#include <stdlib.h>

#include "trainer.h"

enum { DRAW_ORDER, DRAW_TOKENS, DRAW_X, DRAW_LABELS, DRAW_Y };

static uint64_t draw(uint64_t seed, int what, size_t i, uint64_t below)
{
    return seqrt_random(seed, SEQRT_STREAM(SEQRT_STREAM_PROBE, what), i) % below;
}

static double draw_normal(uint64_t seed, int what, size_t i)
{
    return seqrt_normal(seed, SEQRT_STREAM(SEQRT_STREAM_PROBE, what), i);
}

Synthetic seqrt_synthetic_new(const SeqrtModel *model, int rows)
{
    const SeqrtTask *task = model->task;
    size_t b = (size_t)rows, T = (size_t)model->T, real = (size_t)model->real_bytes;
    Synthetic s = {.lengths = seqrt_need(b, sizeof(int32_t))};
    if (task->features)
        s.x = seqrt_need(b * T * (size_t)task->features, real);
    else
        s.tokens = seqrt_need(b * T, sizeof(int32_t));
    if (seqrt_labels(task))
        s.labels = seqrt_need(b * (model->per_step ? T : 1), sizeof(int32_t));
    else
        s.y = seqrt_need(seqrt_outputs(model, rows), real);
    for (size_t i = 0; i < b; i++)
        s.lengths[i] = model->T;
    s.batch = (SeqrtBatch){rows, s.lengths, s.tokens, s.x, s.labels, s.y};
    return s;
}

void seqrt_synthetic_free(Synthetic *s)
{
    free(s->lengths);
    free(s->tokens);
    free(s->labels);
    free(s->x);
    free(s->y);
}

/* Row 0 keeps T; the others spread over 1..T in a drawn order, so that short and long rows are neighbours. A row alone has three quarters of T. */
static void lengths_fill(const SeqrtModel *model, Synthetic *s, uint64_t seed)
{
    int rest = s->batch.rows - 1;
    if (rest == 0 && model->T > 1)
        s->lengths[0] = model->T - (model->T + 3) / 4;
    for (int i = 0; i < rest; i++)
        s->lengths[i + 1] = rest == 1 ? (model->T + 1) / 2 : 1 + (int)((int64_t)(model->T - 1) * i / (rest - 1));
    for (int i = rest; i > 1; i--) {
        int j = 1 + (int)draw(seed, DRAW_ORDER, (size_t)i, (uint64_t)i);
        int32_t other = s->lengths[i];
        s->lengths[i] = s->lengths[j];
        s->lengths[j] = other;
    }
}

static void inputs_fill(const SeqrtModel *model, Synthetic *s, uint64_t seed)
{
    size_t steps = (size_t)s->batch.rows * (size_t)model->T, F = (size_t)model->task->features;
    for (size_t i = 0; s->tokens && i < steps; i++)
        s->tokens[i] = model->task->vocab_count < 2 ? 0 : 1 + (int32_t)draw(seed, DRAW_TOKENS, i, (uint64_t)model->task->vocab_count - 1);
    for (size_t i = 0; s->x && i < steps * F; i++)
        seqrt_real_set(model, s->x, i, draw_normal(seed, DRAW_X, i));
}

/* The next token is never padding; a value under bce is 0 or 1. */
static void targets_fill(const SeqrtModel *model, Synthetic *s, uint64_t seed)
{
    const SeqrtTask *task = model->task;
    size_t b = (size_t)s->batch.rows, labels = b * (model->per_step ? (size_t)model->T : 1);
    int32_t first = task->target == SEQRT_NEXT && task->vocab_count > 1;
    for (size_t i = 0; s->labels && i < labels; i++)
        s->labels[i] = first + (int32_t)draw(seed, DRAW_LABELS, i, (uint64_t)(seqrt_labels(task) - first));
    for (size_t i = 0; s->y && i < seqrt_outputs(model, s->batch.rows); i++)
        seqrt_real_set(model, s->y, i, task->loss == SEQRT_BCE ? (double)draw(seed, DRAW_Y, i, 2) : draw_normal(seed, DRAW_Y, i));
}

/* Sequences of these tasks are never shorter than T. */
static bool always_full(const SeqrtTask *task) { return task->input == SEQRT_SHAPED || task->target == SEQRT_FORECAST; }

void seqrt_synthetic_fill(const SeqrtModel *model, Synthetic *s, uint64_t seed, bool full)
{
    for (int i = 0; i < s->batch.rows; i++)
        s->lengths[i] = model->T;
    if (!full && !always_full(model->task))
        lengths_fill(model, s, seed);
    inputs_fill(model, s, seed);
    targets_fill(model, s, seed);
}

/* Where some classes weigh nothing, a small batch may hold them alone, and its mean loss is 0 / 0: then another is drawn. */
void seqrt_synthetic_with_loss(const SeqrtModel *model, void *memory, Synthetic *s, uint64_t seed)
{
    enum { DRAWS = 100 };
    for (uint64_t i = 0; i < DRAWS; i++) {
        seqrt_synthetic_fill(model, s, seed + i, false);
        model->reset(memory);
        if (model->forward(memory, &s->batch, NULL).weight > 0)
            return;
    }
}
