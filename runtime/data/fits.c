/* fits.c: numbers of a dataset that are too large for a model's reals.
 *
 * Takes: a dataset, normalised. Gives: whether float32 holds its inputs and values; else the file, the line and the column.
 * Does not: look at what the model makes of them, or at the targets of a carried series.
 */
#include "data_own.h"

#include <float.h>
#include <math.h>

static size_t first_beyond(const double *x, size_t from, size_t count)
{
    while (from < count && fabs(x[from]) <= FLT_MAX) from++;
    return from;
}

static bool beyond(const SeqrtDataset *data, int item, const char *column, size_t step, SeqrtError *error)
{
    return seqrt_fail(error, "%s:%ld: column \"%.200s\": a number beyond float32 in step %zu of what starts here; scale the column, or set"
                      " codegen.real to float64", data->path, data->items[item].row, column, step + 1);
}

/* F numbers a step. Steps that no item holds do not come to the model. */
static bool steps_fit(const SeqrtDataset *data, const double *numbers, size_t F, const char *const *columns, SeqrtError *error)
{
    size_t count = numbers ? data->steps * F : 0;
    for (size_t i = 0; (i = first_beyond(numbers, i, count)) < count; i++)
        for (int k = 0; k < data->items_count; k++) {
            const SeqrtItem *item = &data->items[k];
            size_t at = i / F - item->at, column = data->task->input == SEQRT_SHAPED ? at * F + i % F : i % F;
            if (i / F >= item->at && at < (size_t)item->length) return beyond(data, k, columns[column], at, error);
        }
    return true;
}

bool seqrt_dataset_fits(const SeqrtModel *model, const SeqrtDataset *data, SeqrtError *error)
{
    if (model->real_bytes == 8) return true;
    size_t width = seqrt_value_width(data->task), count = data->values ? (size_t)data->items_count * width : 0;
    size_t columns = (size_t)data->task->target_columns_count, i = first_beyond(data->values, 0, count);
    if (i < count) return beyond(data, (int)(i / width), data->task->target_columns[i % width % columns], i % width / columns, error);
    if (data->task->target == SEQRT_SIGNAL && !steps_fit(data, data->series, columns, data->task->target_columns, error)) return false;
    return steps_fit(data, data->x, (size_t)data->task->features, data->task->input_columns, error);
}
