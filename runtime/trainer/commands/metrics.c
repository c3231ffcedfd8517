/* metrics.c: what a model's outputs are worth on a part of the data.
 *
 * Takes: batches with targets, the model's outputs. Gives: loss, accuracy, perplexity, bits a token; rmse, mae, mape
 * (percent, over targets that are not zero) in the data's own units, by column and by step of the horizon; the counts of a
 * confusion matrix.
 * Does not: compute the loss (the model does), judge class by class (confusion.c), or read files.
 */
#define _GNU_SOURCE
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "report/report.h"
#include "team.h"
#include "trainer.h"

/* More classes than this, and the matrix is not kept: it would be larger than the model. */
enum { CONFUSION_MOST = 2048 };

/* ---- one prediction ---- */

static void label_count(Metrics *m, const SeqrtModel *model, const void *out, size_t at, int32_t label)
{
    int best = seqrt_best(model, out, at);
    m->count++;
    m->judged++;
    m->right += best == label;
    if (m->confusion && label >= 0)
        m->confusion[label * m->classes + best]++;
}

/* A zero that went through normalisation comes back as rounding noise. */
static bool is_zero(const SeqrtTask *task, int column, double v)
{
    return fabs(v) <= (task->target_scale ? 1e-6 * (fabs(task->target_scale[column]) + fabs(task->target_shift[column])) : 0);
}

static void error_count(Errors *e, const SeqrtTask *task, int column, double is, double should)
{
    e->squares += (is - should) * (is - should);
    e->absolutes += fabs(is - should);
    e->values++;
    if (is_zero(task, column, should))
        return;
    e->percents += 100 * fabs((is - should) / should);
    e->nonzero++;
}

static void value_count(Metrics *m, const SeqrtModel *model, const void *out, const void *y, size_t at)
{
    const SeqrtTask *task = model->task;
    m->count++;
    for (int o = 0; o < task->outputs; o++) {
        double is = seqrt_real(model, out, at + (size_t)o), should = seqrt_real(model, y, at + (size_t)o);
        if (task->loss == SEQRT_BCE) {
            m->judged++;
            m->right += (is > 0) == (should > 0.5);
        } else {
            error_count(&m->errors[o], task, o % m->columns, seqrt_own_units(task, o, is), seqrt_own_units(task, o, should));
        }
    }
}

static void batch_count(Metrics *m, const SeqrtModel *model, const SeqrtBatch *batch, const void *out)
{
    size_t T = (size_t)model->T, O = (size_t)model->task->outputs;
    for (size_t b = 0; b < (size_t)batch->rows; b++) {
        if (batch->lengths[b] == 0)
            continue;
        const size_t first = model->per_step ? b * T : b, count = model->per_step ? (size_t)batch->lengths[b] : 1;
        for (size_t i = first; i < first + count; i++)
            if (batch->y)
                value_count(m, model, out, batch->y, i * O);
            else
                label_count(m, model, out, i * O, batch->labels[i]);
    }
}

/* ---- a part ---- */

Metrics seqrt_metrics_new(const SeqrtTask *task)
{
    bool values = seqrt_is_numbers(task->target);
    bool classes = task->target == SEQRT_CLASS || task->target == SEQRT_TAG;
    Metrics m = {.columns = values ? task->target_columns_count : 0, .horizon = task->horizon > 0 ? task->horizon : 1};
    m.errors = seqrt_need(values ? (size_t)task->outputs : 0, sizeof *m.errors);
    if (classes && task->classes_count <= CONFUSION_MOST) {
        m.classes = task->classes_count;
        m.confusion = seqrt_need((size_t)m.classes * (size_t)m.classes, sizeof *m.confusion);
    }
    return m;
}

void seqrt_metrics_free(Metrics *m)
{
    free(m->errors);
    free(m->confusion);
}

static void batches_run(Trainer *t, SeqrtLoader *loader, const Watch *watch, Metrics *m)
{
    const SeqrtModel *model = t->model;
    void *out = seqrt_need(seqrt_outputs(model, model->B), (size_t)model->real_bytes);
    for (int i = 0; i < seqrt_loader_batches(loader); i++) {
        SeqrtBatch batch;
        const int *items;
        seqrt_loader_get(loader, i, &batch, &items);
        SeqrtLoss loss = seqrt_team_forward(t->team, model, t->memory, &batch, out);
        m->loss.sum += loss.sum;
        m->loss.weight += loss.weight;
        batch_count(m, model, &batch, out);
        if (watch)
            watch->batch(watch->context, &batch, i, items, out);
    }
    free(out);
}

Metrics seqrt_evaluate_watched(Trainer *t, SeqrtLoader *loader, const Watch *watch)
{
    const SeqrtModel *model = t->model;
    Metrics m = seqrt_metrics_new(model->task);
    void *state = seqrt_need(model->state_count, (size_t)model->real_bytes);
    if (model->state_count)
        model->get(t->memory, SEQRT_STATE, state);
    model->reset(t->memory);
    seqrt_loader_epoch(loader, 0, 0, false);
    batches_run(t, loader, watch, &m);
    if (model->state_count)
        model->set(t->memory, SEQRT_STATE, state);
    free(state);
    return m;
}

Metrics seqrt_evaluate(Trainer *t, SeqrtLoader *loader) { return seqrt_evaluate_watched(t, loader, NULL); }

/* ---- metrics by name ---- */

static double share(double sum, double count) { return count > 0 ? sum / count : NAN; }

int seqrt_errors_list(const Metrics *m, int column, int step, Metric list[METRICS_MAX])
{
    Errors all = {0, 0, 0, 0, 0};
    for (int o = 0; o < m->columns * m->horizon; o++) {
        const Errors *e = &m->errors[o];
        if ((column >= 0 && o % m->columns != column) || (step >= 0 && o / m->columns != step))
            continue;
        all.squares += e->squares;
        all.absolutes += e->absolutes;
        all.percents += e->percents;
        all.values += e->values;
        all.nonzero += e->nonzero;
    }
    list[0] = (Metric){"rmse", sqrt(share(all.squares, (double)all.values))};
    list[1] = (Metric){"mae", share(all.absolutes, (double)all.values)};
    list[2] = (Metric){"mape", share(all.percents, (double)all.nonzero)};
    return 3;
}

bool seqrt_has_errors(const SeqrtTask *task, const Metrics *m) { return m->columns > 0 && task->loss != SEQRT_BCE; }

double seqrt_metrics_loss(const Metrics *m) { return share(m->loss.sum, m->loss.weight); }

int seqrt_metrics_list(const SeqrtTask *task, const Metrics *m, int column, Metric list[METRICS_MAX])
{
    int n = 0;
    if (seqrt_has_errors(task, m))
        return seqrt_errors_list(m, column, -1, list);
    list[n++] = (Metric){"accuracy", share((double)m->right, (double)m->judged)};
    if (task->target == SEQRT_NEXT) {
        list[n++] = (Metric){"perplexity", exp(seqrt_metrics_loss(m))};
        list[n++] = (Metric){seqrt_token_words(task->input).bits, seqrt_metrics_loss(m) / log(2)};
    }
    return n;
}

void seqrt_metrics_print(const SeqrtTask *task, const Metrics *m, const char *title)
{
    Metric list[METRICS_MAX];
    char text[32];
    int n = seqrt_metrics_list(task, m, -1, list);
    printf("%sloss %s  count %llu", title, seqrt_number_text(seqrt_metrics_loss(m), text), (unsigned long long)m->count);
    for (int i = 0; i < n; i++)
        printf("  %s %s", list[i].name, seqrt_number_text(list[i].value, text));
    putchar('\n');
}

/* ---- JSON: it has no NaN. A loss is always there, of the rest what was not measured is left out ---- */

static void list_json(json_t *object, const Metric *list, int count)
{
    for (int i = 0; i < count; i++)
        if (isfinite(list[i].value))
            json_object_set_new(object, list[i].name, json_real(list[i].value));
}

static json_t *errors_json(const Metrics *m, int column, int step)
{
    Metric list[METRICS_MAX];
    json_t *object = json_object();
    list_json(object, list, seqrt_errors_list(m, column, step, list));
    return object;
}

static json_t *columns_json(const SeqrtTask *task, const Metrics *m, int step)
{
    json_t *columns = json_object();
    for (int c = 0; c < m->columns; c++)
        json_object_set_new(columns, task->target_columns[c], errors_json(m, c, step));
    return columns;
}

static json_t *steps_json(const SeqrtTask *task, const Metrics *m)
{
    json_t *steps = json_array();
    for (int s = 0; s < m->horizon; s++) {
        json_t *one = errors_json(m, -1, s);
        json_object_set_new(one, "step", json_integer(s + 1));
        json_object_set_new(one, "targets", columns_json(task, m, s));
        json_array_append_new(steps, one);
    }
    return steps;
}

void *seqrt_metrics_json(const SeqrtTask *task, const Metrics *m)
{
    Metric list[METRICS_MAX];
    json_t *object = json_object();
    double loss = seqrt_metrics_loss(m); /* null where all that occurs weighs 0 */
    json_object_set_new(object, "loss", isfinite(loss) ? json_real(loss) : json_null());
    json_object_set_new(object, "count", json_integer((json_int_t)m->count));
    list_json(object, list, seqrt_metrics_list(task, m, -1, list));
    if (!seqrt_has_errors(task, m))
        return object;
    json_object_set_new(object, "targets", columns_json(task, m, -1));
    if (task->target == SEQRT_FORECAST)
        json_object_set_new(object, "steps", steps_json(task, m));
    return object;
}
