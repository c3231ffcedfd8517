/* batch.c: which items train and which validate, and in what order they come as batches.
 *
 * Takes: a dataset, a seed, an epoch. Gives: parts, and batches padded to [B][T] in the model's reals.
 * Does not: read files, or keep any random state: every order is a function of (seed, epoch).
 */
#include "data_own.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- order ---- */

/* Fisher-Yates from the end, draw i for place i. */
static void permute(int *order, int count, uint64_t seed, uint64_t stream)
{
    for (int i = count - 1; i > 0; i--) {
        int j = (int)(seqrt_random(seed, stream, (uint64_t)i) % ((uint64_t)i + 1));
        int other = order[i];
        order[i] = order[j];
        order[j] = other;
    }
}

static int *numbers(int count)
{
    int *order = seqrt_resize(NULL, (size_t)count, sizeof *order);
    for (int i = 0; order && i < count; i++) order[i] = i;
    return order;
}

/* ---- parts ---- */

SeqrtPart seqrt_part_whole(const SeqrtDataset *data)
{
    SeqrtPart part = {data->items_count, numbers(data->items_count), 0, data->steps};
    if (!part.items) part.count = 0;
    return part;
}

void seqrt_part_free(SeqrtPart *part)
{
    free(part->items);
    *part = (SeqrtPart){0, NULL, 0, 0};
}

/* Part of a whole that a fraction is: rounded, neither nothing nor all. */
static size_t share(double fraction, size_t whole)
{
    double part = round(fraction * (double)whole);
    return part < 1 ? 1 : part > (double)(whole - 1) ? whole - 1 : (size_t)part;
}

/* 1 for each sequence that validates, else 0. */
static char *sequences_draw(const SeqrtDataset *data, double fraction, uint64_t seed)
{
    int count = data->sequences_count;
    int *order = numbers(count);
    char *drawn = calloc((size_t)count, 1);
    if (order && drawn) {
        permute(order, count, seed, SEQRT_STREAM(SEQRT_STREAM_SPLIT, 0));
        for (size_t i = 0; i < share(fraction, (size_t)count); i++) drawn[order[i]] = 1;
    }
    if (!order) {
        free(drawn);
        drawn = NULL;
    }
    free(order);
    return drawn;
}

static bool parts_by_sequence(const SeqrtDataset *data, double fraction, uint64_t seed, SeqrtPart *train, SeqrtPart *valid)
{
    char *drawn = sequences_draw(data, fraction, seed);
    if (!drawn) return false;
    for (int i = 0; i < data->items_count; i++) {
        SeqrtPart *part = drawn[data->items[i].sequence] ? valid : train;
        part->items[part->count++] = i;
    }
    free(drawn);
    return true;
}

/* Windows that touch both sides of the cut, by an input or by a target, go to neither. */
static void parts_by_time(const SeqrtDataset *data, size_t cut, SeqrtPart *train, SeqrtPart *valid)
{
    size_t ahead = seqrt_look_ahead(data->task);
    for (int i = 0; i < data->items_count; i++) {
        size_t at = data->items[i].at, past = at + (size_t)data->items[i].length + ahead;
        if (past <= cut) train->items[train->count++] = i;
        if (at >= cut) valid->items[valid->count++] = i;
    }
}

static void parts_of_stream(size_t cut, SeqrtPart *train, SeqrtPart *valid)
{
    train->items[train->count++] = 0;
    valid->items[valid->count++] = 0;
    train->last_step = cut;
    valid->first_step = cut;
}

static bool parts_check(const SeqrtDataset *data, double fraction, const SeqrtPart *train, const SeqrtPart *valid, SeqrtError *error)
{
    size_t ahead = seqrt_look_ahead(data->task);
    bool enough = train->count > 0 && valid->count > 0;
    if (data->task->carry_state) enough = train->last_step > ahead && valid->last_step - valid->first_step > ahead;
    return enough || seqrt_fail(error, "%s: a fraction of %g of %zu steps leaves a part without a whole window; shorter windows, or a "
                                     "validation file, are expected", data->path, fraction, data->steps);
}

bool seqrt_part_split(const SeqrtDataset *data, double fraction, uint64_t seed, SeqrtPart *train, SeqrtPart *valid, SeqrtError *error)
{
    bool by_time = seqrt_one_series(data->task);
    size_t cut = data->steps - (data->steps < 2 ? 0 : share(fraction, data->steps));
    *train = seqrt_part_whole(data);
    *valid = seqrt_part_whole(data);
    train->count = valid->count = 0;
    bool ok = train->items && valid->items;
    if (!ok) seqrt_fail(error, "%s: out of memory", data->path);
    if (ok && !by_time && data->sequences_count < 2)
        ok = seqrt_fail(error, "%s: %d sequence; two or more are expected to split off a fraction of %g", data->path, data->sequences_count, fraction);
    if (ok && data->task->carry_state) parts_of_stream(cut, train, valid);
    else if (ok && by_time) parts_by_time(data, cut, train, valid);
    else if (ok && !parts_by_sequence(data, fraction, seed, train, valid)) ok = seqrt_fail(error, "%s: out of memory", data->path);
    if (ok && parts_check(data, fraction, train, valid, error)) return true;
    seqrt_part_free(train);
    seqrt_part_free(valid);
    return false;
}

/* ---- loader ---- */
struct SeqrtLoader {
    const SeqrtDataset *data;
    const SeqrtPart *part;
    size_t B, T, F, O;        /* F 0 for tokens, O (of a sequence, or of a step) 0 where the target is no number */
    int real_bytes;
    bool carry, per_step;     /* per_step: the target */
    size_t window;            /* most steps of a row, <= T */
    size_t usable, stream;    /* carry: input steps of the part, of one batch row */
    int *order;               /* [part count] */
    int32_t *lengths, *tokens, *labels;
    void *x, *y;
    int *items;               /* [B] */
};

static size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* A carried part as B streams side by side, each of the same length but the last ones. */
static void loader_streams(SeqrtLoader *loader)
{
    const SeqrtTask *task = loader->data->task;
    size_t steps = loader->part->last_step - loader->part->first_step;
    size_t ahead = loader->data->has_target ? seqrt_look_ahead(task) : 0;
    loader->usable = steps > ahead ? steps - ahead : 0;
    loader->stream = divide_up(loader->usable, loader->B);
}

/* rows * per_row elements of zeros; per_row 0: none. False when there is no memory. */
static bool block_new(void **block, size_t rows, size_t per_row, size_t size)
{
    if (per_row && rows <= PTRDIFF_MAX / per_row) *block = calloc(rows * per_row, size);
    return !per_row || *block;
}

static bool integers_new(int32_t **block, size_t rows, size_t per_row)
{
    void *zeros = NULL;
    bool ok = block_new(&zeros, rows, per_row, sizeof **block);
    *block = zeros;
    return ok;
}

static bool loader_blocks(SeqrtLoader *loader)
{
    const SeqrtDataset *data = loader->data;
    size_t B = loader->B, T = loader->T, real = (size_t)loader->real_bytes;
    bool labels = data->has_target && !loader->O;
    return integers_new(&loader->lengths, B, 1) && integers_new(&loader->tokens, B, data->tokens ? T : 0) &&
           block_new(&loader->x, B * T, loader->F, real) && block_new(&loader->y, loader->per_step ? B * T : B, data->has_target ? loader->O : 0, real) &&
           integers_new(&loader->labels, B, !labels ? 0 : loader->per_step ? T : 1) &&
           (loader->items = calloc(B, sizeof *loader->items)) && (loader->order = numbers(loader->part->count));
}

SeqrtLoader *seqrt_loader_new(const SeqrtModel *model, const SeqrtDataset *data, const SeqrtPart *part)
{
    SeqrtLoader *loader = calloc(1, sizeof *loader);
    const SeqrtTask *task = data->task;
    if (!loader) return NULL;
    loader->data = data;
    loader->part = part;
    loader->B = (size_t)model->B;
    loader->T = (size_t)model->T;
    loader->F = data->x ? (size_t)task->features : 0;
    loader->O = task->target == SEQRT_SIGNAL ? (size_t)task->target_columns_count : seqrt_value_width(task);
    loader->real_bytes = model->real_bytes;
    loader->carry = task->carry_state;
    loader->per_step = seqrt_is_every_step(task->target);
    loader->window = task->window_length ? smaller(loader->T, (size_t)task->window_length) : loader->T;
    if (loader->carry) loader_streams(loader);
    if (loader_blocks(loader)) {
        seqrt_loader_epoch(loader, 0, 0, false);
        return loader;
    }
    seqrt_loader_free(loader);
    return NULL;
}

void seqrt_loader_free(SeqrtLoader *loader)
{
    if (!loader) return;
    free(loader->order);
    free(loader->lengths);
    free(loader->tokens);
    free(loader->labels);
    free(loader->x);
    free(loader->y);
    free(loader->items);
    free(loader);
}

void seqrt_loader_epoch(SeqrtLoader *loader, uint64_t seed, int epoch, bool shuffle)
{
    int count = loader->part->count;
    for (int i = 0; i < count; i++) loader->order[i] = loader->part->items[i];
    if (shuffle && !loader->carry) permute(loader->order, count, seed, SEQRT_STREAM(SEQRT_STREAM_SHUFFLE, epoch));
}

int seqrt_loader_batches(const SeqrtLoader *loader)
{
    if (loader->carry) return (int)divide_up(loader->stream, loader->window);
    return (int)divide_up((size_t)loader->part->count, loader->B);
}

/* ---- batches ---- */

/* count reals at from, then zeros up to room, as element `at` of a block of the model's reals. */
static void reals_put(const SeqrtLoader *loader, void *block, size_t at, const double *from, size_t count, size_t room)
{
    if (loader->real_bytes == 8) {
        double *to = (double *)block + at;
        memcpy(to, from, count * sizeof *to);
        memset(to + count, 0, (room - count) * sizeof *to);
        return;
    }
    float *to = (float *)block + at;
    for (size_t i = 0; i < count; i++) to[i] = (float)from[i];
    memset(to + count, 0, (room - count) * sizeof *to);
}

static void integers_put(int32_t *to, const int32_t *from, size_t count, size_t room)
{
    memcpy(to, from, count * sizeof *to);
    memset(to + count, 0, (room - count) * sizeof *to);
}

/* Inputs of the steps at..at+length-1, and what they have of a target, as row `row`. */
static void row_steps(SeqrtLoader *loader, size_t row, size_t at, size_t length)
{
    const SeqrtDataset *data = loader->data;
    size_t T = loader->T, F = loader->F;
    loader->lengths[row] = (int32_t)length;
    if (loader->tokens) integers_put(loader->tokens + row * T, data->tokens + at, length, T);
    if (loader->x) reals_put(loader, loader->x, row * T * F, data->x + at * F, length * F, T * F);
    if (!loader->per_step) return;
    if (loader->y) reals_put(loader, loader->y, row * T * loader->O, data->series + at * loader->O, length * loader->O, T * loader->O);
    if (!loader->labels) return;
    const int32_t *labels = data->task->target == SEQRT_NEXT ? data->tokens + at + 1 : data->tags + at;
    integers_put(loader->labels + row * T, labels, length, T);
}

static void item_put(SeqrtLoader *loader, size_t row, int number)
{
    const SeqrtItem *item = &loader->data->items[number];
    row_steps(loader, row, item->at, smaller((size_t)item->length, loader->T));
    if (loader->labels && !loader->per_step) loader->labels[row] = item->label;
    if (loader->y && !loader->per_step) reals_put(loader, loader->y, row * loader->O, loader->data->values + (size_t)number * loader->O, loader->O, loader->O);
    loader->items[row] = number;
}

/* Row `row` of window w of the streams; what is left of its stream may be nothing. */
static void stream_put(SeqrtLoader *loader, size_t row, size_t w)
{
    const SeqrtDataset *data = loader->data;
    size_t start = smaller(row * loader->stream + w * loader->window, loader->usable);
    size_t end = smaller((row + 1) * loader->stream, loader->usable);
    size_t length = start < end ? smaller(end - start, loader->window) : 0, at = loader->part->first_step + start;
    row_steps(loader, row, length ? at : 0, length);
    loader->items[row] = loader->part->items[0];
    if (!loader->y || loader->per_step) return;
    size_t from = data->task->target == SEQRT_FORECAST ? at + length : at + length - 1;
    const double *value = data->series + (length ? from * (size_t)data->task->target_columns_count : 0);
    reals_put(loader, loader->y, row * loader->O, value, length ? loader->O : 0, loader->O);
}

void seqrt_loader_share(SeqrtLoader *loader, int i, int index, int count, SeqrtBatch *batch, const int **items)
{
    size_t first = (size_t)i * loader->B, rows = loader->B;
    if (!loader->carry) rows = smaller((size_t)loader->part->count - first, loader->B);
    size_t row = rows * (size_t)index / (size_t)count, end = rows * ((size_t)index + 1) / (size_t)count;
    for (; row < end; row++) {
        if (loader->carry) stream_put(loader, row, (size_t)i);
        else item_put(loader, row, loader->order[first + row]);
    }
    *batch = (SeqrtBatch){(int)rows, loader->lengths, loader->tokens, loader->x, loader->labels, loader->y};
    if (items) *items = loader->items;
}

void seqrt_loader_get(SeqrtLoader *loader, int i, SeqrtBatch *batch, const int **items)
{
    seqrt_loader_share(loader, i, 0, 1, batch, items);
}
