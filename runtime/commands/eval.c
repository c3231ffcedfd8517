/* eval.c: metrics over a part of the data, and the `eval` command.
 *
 * Takes: batches with targets, the model's outputs. Gives: loss, accuracy, perplexity, bits per character, rmse, mae,
 * mape (percent, over targets that are not zero), the errors in the data's own units.
 * Does not: compute the loss (the model does), or train.
 */
#define _GNU_SOURCE
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "trainer.h"

/* ---- one prediction ---- */

double seqrt_own_units(const SeqrtTask *task, int output, double v)
{
    int c = task->target_columns_count ? output % task->target_columns_count : 0;
    return task->target_shift ? v * task->target_scale[c] + task->target_shift[c] : v;
}

/* Whether the O outputs at `at` choose `label`: the largest wins; a single output (bce) is positive for class 1. */
static bool label_right(const SeqrtModel *model, const void *out, size_t at, int32_t label)
{
    int O = model->task->outputs, best = 0;
    if (O == 1)
        return (seqrt_real(model, out, at) > 0) == (label != 0);
    for (int o = 1; o < O; o++)
        if (seqrt_real(model, out, at + (size_t)o) > seqrt_real(model, out, at + (size_t)best))
            best = o;
    return best == label;
}

static void label_count(Metrics *m, const SeqrtModel *model, const void *out, size_t at, int32_t label)
{
    m->count++;
    m->judged++;
    m->right += label_right(model, out, at, label);
}

static void value_count(Metrics *m, const SeqrtModel *model, const void *out, const void *y, size_t at)
{
    const SeqrtTask *task = model->task;
    m->count++;
    for (int o = 0; o < task->outputs; o++) {
        double is = seqrt_real(model, out, at + (size_t)o), should = seqrt_real(model, y, at + (size_t)o);
        int c = o % m->columns;
        if (task->loss == SEQRT_BCE) {
            m->judged++;
            m->right += (is > 0) == (should > 0.5);
            continue;
        }
        is = seqrt_own_units(task, o, is);
        should = seqrt_own_units(task, o, should);
        m->squares[c] += (is - should) * (is - should);
        m->absolutes[c] += fabs(is - should);
        m->values[c]++;
        /* a zero that went through normalisation comes back as rounding noise */
        const double noise = task->target_scale ? 1e-6 * (fabs(task->target_scale[c]) + fabs(task->target_shift[c])) : 0;
        if (fabs(should) > noise) {
            m->percents[c] += 100 * fabs((is - should) / should);
            m->nonzero[c]++;
        }
    }
}

static void batch_count(Metrics *m, const SeqrtModel *model, const SeqrtBatch *batch, const void *out)
{
    size_t T = (size_t)model->T, O = (size_t)model->task->outputs;
    for (size_t b = 0; b < (size_t)batch->rows; b++) {
        if (batch->lengths[b] == 0)
            continue;
        if (batch->y)
            value_count(m, model, out, batch->y, b * O);
        else if (!model->per_step)
            label_count(m, model, out, b * O, batch->labels[b]);
        for (size_t t = 0; model->per_step && t < (size_t)batch->lengths[b]; t++)
            label_count(m, model, out, (b * T + t) * O, batch->labels[b * T + t]);
    }
}

/* ---- a part ---- */

Metrics seqrt_metrics_new(const SeqrtTask *task)
{
    bool values = task->target == SEQRT_VALUE || task->target == SEQRT_FORECAST;
    Metrics m = {.columns = values ? task->target_columns_count : 0};
    size_t n = (size_t)m.columns;
    m.squares = seqrt_need(n, sizeof(double));
    m.absolutes = seqrt_need(n, sizeof(double));
    m.percents = seqrt_need(n, sizeof(double));
    m.values = seqrt_need(n, sizeof(uint64_t));
    m.nonzero = seqrt_need(n, sizeof(uint64_t));
    return m;
}

void seqrt_metrics_free(Metrics *m)
{
    free(m->squares);
    free(m->absolutes);
    free(m->percents);
    free(m->values);
    free(m->nonzero);
}

Metrics seqrt_evaluate(Trainer *t, SeqrtLoader *loader)
{
    const SeqrtModel *model = t->model;
    Metrics m = seqrt_metrics_new(model->task);
    void *state = seqrt_need(model->state_count, (size_t)model->real_bytes);
    void *out = seqrt_need(seqrt_outputs(model, model->B), (size_t)model->real_bytes);
    if (model->state_count)
        model->get(t->memory, SEQRT_STATE, state);
    model->reset(t->memory);
    seqrt_loader_epoch(loader, 0, 0, false);
    for (int i = 0; i < seqrt_loader_batches(loader); i++) {
        SeqrtBatch batch;
        seqrt_loader_get(loader, i, &batch, NULL);
        SeqrtLoss loss = model->forward(t->memory, &batch, out);
        m.loss.sum += loss.sum;
        m.loss.weight += loss.weight;
        batch_count(&m, model, &batch, out);
    }
    if (model->state_count)
        model->set(t->memory, SEQRT_STATE, state);
    free(state);
    free(out);
    return m;
}

/* ---- metrics by name ---- */

static double share(double sum, double count) { return count > 0 ? sum / count : NAN; }

/* Sums of the error columns; column -1: all. */
static double total(const double *sums, int columns, int column)
{
    double all = 0;
    for (int c = 0; c < columns; c++)
        all += column < 0 || c == column ? sums[c] : 0;
    return all;
}

static double total_count(const uint64_t *counts, int columns, int column)
{
    double all = 0;
    for (int c = 0; c < columns; c++)
        all += column < 0 || c == column ? (double)counts[c] : 0;
    return all;
}

static int errors_list(const Metrics *m, int column, Metric *list)
{
    double n = total_count(m->values, m->columns, column);
    list[0] = (Metric){"rmse", sqrt(share(total(m->squares, m->columns, column), n))};
    list[1] = (Metric){"mae", share(total(m->absolutes, m->columns, column), n)};
    list[2] = (Metric){"mape", share(total(m->percents, m->columns, column), total_count(m->nonzero, m->columns, column))};
    return 3;
}

int seqrt_metrics_list(const SeqrtTask *task, const Metrics *m, int column, Metric list[METRICS_MAX])
{
    double loss = share(m->loss.sum, m->loss.weight);
    int n = 0;
    if (m->columns && task->loss != SEQRT_BCE)
        return errors_list(m, column, list);
    list[n++] = (Metric){"accuracy", share((double)m->right, (double)m->judged)};
    if (task->target == SEQRT_NEXT) {
        list[n++] = (Metric){"perplexity", exp(loss)};
        list[n++] = (Metric){"bits_per_char", loss / log(2)};
    }
    return n;
}

void seqrt_metrics_print(const SeqrtTask *task, const Metrics *m, const char *title)
{
    Metric list[METRICS_MAX];
    char text[32];
    int n = seqrt_metrics_list(task, m, -1, list);
    printf("%sloss %s  count %llu", title, seqrt_number_text(share(m->loss.sum, m->loss.weight), text), (unsigned long long)m->count);
    for (int i = 0; i < n; i++)
        printf("  %s %s", list[i].name, seqrt_number_text(list[i].value, text));
    putchar('\n');
}

/* What was not measured is left out: JSON has no NaN. */
static void list_json(json_t *object, const Metric *list, int count)
{
    for (int i = 0; i < count; i++)
        if (isfinite(list[i].value))
            json_object_set_new(object, list[i].name, json_real(list[i].value));
}

static json_t *metrics_json(const SeqrtTask *task, const Metrics *m)
{
    Metric list[METRICS_MAX];
    json_t *object = json_object(), *targets = json_object();
    list_json(object, &(Metric){"loss", share(m->loss.sum, m->loss.weight)}, 1);
    json_object_set_new(object, "count", json_integer((json_int_t)m->count));
    list_json(object, list, seqrt_metrics_list(task, m, -1, list));
    for (int c = 0; c < m->columns && task->loss != SEQRT_BCE; c++) {
        json_t *one = json_object();
        list_json(one, list, errors_list(m, c, list));
        json_object_set_new(targets, task->target_columns[c], one);
    }
    if (json_object_size(targets))
        json_object_set(object, "targets", targets);
    json_decref(targets);
    return object;
}

/* ---- the command ---- */

static int dataset_eval(Trainer *t, const SeqrtDataset *data)
{
    SeqrtPart part = seqrt_part_whole(data);
    SeqrtLoader *loader = seqrt_loader_new(t->model, data, &part);
    if (!loader) {
        fprintf(stderr, "%s: out of memory\n", t->program);
        seqrt_part_free(&part);
        return EXIT_SYSTEM;
    }
    Metrics m = seqrt_evaluate(t, loader);
    if (t->options.json)
        seqrt_json_print(metrics_json(t->model->task, &m));
    else
        seqrt_metrics_print(t->model->task, &m, "");
    seqrt_metrics_free(&m);
    seqrt_loader_free(loader);
    seqrt_part_free(&part);
    return EXIT_DONE;
}

int seqrt_eval(Trainer *t)
{
    const SeqrtTask *task = t->model->task;
    SeqrtError error;
    const char *path = seqrt_data_path(t);
    if (!seqrt_weights_load(t, t->options.load, &error))
        return seqrt_stop(t, EXIT_DATA, &error);
    SeqrtDataset *data = path ? seqrt_dataset_read(task, path, true, &error) : NULL;
    if (!path)
        seqrt_fail(&error, "the spec names no data; eval expects --data F");
    if (!data)
        return seqrt_stop(t, EXIT_DATA, &error);
    int code = dataset_eval(t, data);
    seqrt_dataset_free(data);
    return code;
}
