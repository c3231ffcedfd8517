/* facts_numbers.c: statistics of the training part: normalisation, class weights.
 *
 * Takes: a task complete but for these. Gives: input and target shift and scale, class weights; every row of train has
 * been read by then, as training will read it. Does not: look at the validation part.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"
#include "facts.h"

typedef struct Numbers {
    Facts *facts;
    SeqrtDataset *data;
    SeqrtPart part;
    bool *used;       /* [steps] of the training part, the rows a forecast is compared with included */
} Numbers;

/* ---- the training part ---- */

static void mark(Numbers *n, size_t from, size_t to)
{
    for (size_t step = from; step < to && step < n->data->steps; step++)
        n->used[step] = true;
}

/* Overlapping windows count a step once. */
static void mark_part(Numbers *n)
{
    const SeqrtTask *task = n->data->task;
    n->used = mem_alloc(n->data->steps * sizeof *n->used);
    if (task->carry_state) {
        mark(n, n->part.first_step, n->part.last_step);
        return;
    }
    size_t done = 0; /* items come in file order: nothing below is marked again */
    for (int i = 0; i < n->part.count; i++) {
        const SeqrtItem *item = &n->data->items[n->part.items[i]];
        const size_t end = item->at + (size_t)item->length + (size_t)task->horizon;
        mark(n, item->at > done ? item->at : done, end);
        done = end > done ? end : done;
    }
}

static bool cut_part(Numbers *n)
{
    const Spec *spec = n->facts->spec;
    SeqrtPart valid = {0};
    SeqrtError error;
    if (spec->task.valid_path || !(spec->task.valid_fraction > 0)) {
        n->part = seqrt_part_whole(n->data);
        return true;
    }
    if (!seqrt_part_split(n->data, spec->task.valid_fraction, spec->task.seed, &n->part, &valid, &error))
        return facts_fail(n->facts, &n->facts->draft->valid, &error);
    seqrt_part_free(&valid);
    return true;
}

/* ---- statistics of one column ---- */

typedef struct Statistics {
    double count, mean, squares, least, most;
} Statistics;

/* Welford's update */
static void statistics_add(Statistics *s, double x)
{
    const double before = x - s->mean;
    s->least = s->count == 0 || x < s->least ? x : s->least;
    s->most = s->count == 0 || x > s->most ? x : s->most;
    s->count++;
    s->mean += before / s->count;
    s->squares += before * (x - s->mean);
}

/* A constant column keeps its unit; told by its range, since a deviation of 0 may come out as a rounding error. */
static bool statistics_scale(const Statistics *s, int normalize, double *shift, double *scale)
{
    const bool constant = s->count == 0 || s->most == s->least;
    *shift = constant ? s->least : normalize == NORMALIZE_STANDARD ? s->mean : s->least;
    *scale = constant ? 1 : normalize == NORMALIZE_STANDARD ? sqrt(s->squares / s->count) : s->most - s->least;
    return isfinite(*shift) && isfinite(*scale) && *scale > 0;
}

static bool store(const Numbers *n, const Statistics *statistics, int count, const char *const *names, const double **shift, const double **scale)
{
    const Reader *reader = n->facts->reader;
    double *shifts = pool_alloc(reader->pool, (size_t)count * sizeof *shifts), *scales = pool_alloc(reader->pool, (size_t)count * sizeof *scales);
    *shift = shifts;
    *scale = scales;
    for (int i = 0; i < count; i++)
        if (!statistics_scale(&statistics[i], n->facts->spec->normalize, &shifts[i], &scales[i])) {
            diag_error(reader->diag, n->facts->draft->normalize_loc, "normalize: none", "column '%.64s': its numbers are too large or too near to each other",
                       names[i]);
            return false;
        }
    return true;
}

/* ---- normalisation ---- */

static bool normalize_steps(Numbers *n, const double *values, int width, const char *const *names, const double **shift, const double **scale)
{
    Statistics *statistics = mem_alloc((size_t)width * sizeof *statistics);
    for (size_t step = 0; step < n->data->steps; step++)
        for (int i = 0; i < width && n->used[step]; i++)
            statistics_add(&statistics[i], values[step * (size_t)width + (size_t)i]);
    const bool good = store(n, statistics, width, names, shift, scale);
    free(statistics);
    return good;
}

static bool normalize_values(Numbers *n, const double **shift, const double **scale)
{
    const SeqrtTask *task = n->data->task;
    const int width = task->target_columns_count;
    Statistics *statistics = mem_alloc((size_t)width * sizeof *statistics);
    for (int p = 0; p < n->part.count; p++)
        for (int i = 0; i < width; i++)
            statistics_add(&statistics[i], n->data->values[(size_t)n->part.items[p] * (size_t)width + (size_t)i]);
    const bool good = store(n, statistics, width, task->target_columns, shift, scale);
    free(statistics);
    return good;
}

/* Probabilities, which bce compares with, stay what they are. */
static bool normalize(Numbers *n)
{
    SeqrtTask *task = &n->facts->spec->task;
    const double *shift[2] = {NULL, NULL}, *scale[2] = {NULL, NULL};
    if (n->facts->spec->normalize == NORMALIZE_NONE)
        return true;
    bool good = normalize_steps(n, n->data->x, task->features, task->input_columns, &shift[0], &scale[0]);
    if (task->target == SEQRT_FORECAST || (task->target == SEQRT_SIGNAL && task->loss != SEQRT_BCE))
        good = normalize_steps(n, n->data->series, task->target_columns_count, task->target_columns, &shift[1], &scale[1]) && good;
    else if (task->target == SEQRT_VALUE && task->loss != SEQRT_BCE)
        good = normalize_values(n, &shift[1], &scale[1]) && good;
    task->input_shift = shift[0];
    task->input_scale = scale[0];
    task->target_shift = shift[1];
    task->target_scale = scale[1];
    return good;
}

/* ---- class weights ---- */

static int64_t *count_classes(const Numbers *n, int64_t *total)
{
    const SeqrtTask *task = n->data->task;
    int64_t *counts = mem_alloc((size_t)task->classes_count * sizeof *counts);
    if (task->target == SEQRT_TAG) {
        for (size_t step = 0; step < n->data->steps; step++)
            if (n->used[step])
                counts[n->data->tags[step]]++, ++*total;
    } else {
        for (int i = 0; i < n->part.count; i++)
            counts[n->data->items[n->part.items[i]].label]++, ++*total;
    }
    return counts;
}

/* A class that train lacks weighs 1: it may come up in other data. */
static double *balanced_weights(const Numbers *n)
{
    const int classes = n->data->task->classes_count;
    int64_t total = 0;
    int64_t *counts = count_classes(n, &total);
    double *weights = pool_alloc(n->facts->reader->pool, (size_t)classes * sizeof *weights);
    for (int c = 0; c < classes; c++)
        weights[c] = counts[c] ? (double)total / ((double)classes * (double)counts[c]) : 1;
    free(counts);
    return weights;
}

static bool fill_weights(Numbers *n)
{
    TrainSpec *train = &n->facts->spec->train;
    const DataDraft *draft = n->facts->draft;
    const int classes = n->data->task->classes_count;
    if (train->class_weights_balanced)
        train->class_weights = balanced_weights(n);
    else
        train->class_weights = draft->weights;
    if (!draft->weights || draft->weights_count == classes)
        return true;
    diag_error(n->facts->reader->diag, train->class_weights_loc, NULL, "train.class_weights: found %d numbers, expected one for each of the %d classes",
               draft->weights_count, classes);
    return false;
}

bool facts_numbers(Facts *facts)
{
    SeqrtError error;
    Numbers n = {.facts = facts, .data = seqrt_dataset_read(&facts->spec->task, facts->train, true, &error)};
    if (!n.data)
        return facts_rows(facts, &error);
    if (n.data->warning)
        facts->spec->warning = pool_copy(facts->reader->pool, n.data->warning);
    bool good = cut_part(&n);
    if (good) {
        mark_part(&n);
        good = normalize(&n);
        good = fill_weights(&n) && good;
    }
    seqrt_part_free(&n.part);
    seqrt_dataset_free(n.data);
    free(n.used);
    return good;
}
