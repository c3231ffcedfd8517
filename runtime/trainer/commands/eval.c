/* eval.c: the `eval` command: one part of the data, judged as a whole, class by class, and line by line.
 *
 * Takes: weights; --data, or --part of the spec's data. Gives: metrics as text or JSON; with --details a CSV file, a line for
 * each judged sequence, step or value.
 * Does not: measure (metrics.c, confusion.c).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "trainer.h"

/* ---- which data ---- */

typedef struct Judged {
    SeqrtDataset *data;
    SeqrtPart part;
    const char *name;      /* "train", "valid", "test", "data" */
} Judged;

static bool has_valid(const SeqrtTask *task) { return task->valid_path || task->valid_fraction > 0; }

/* What --part says; without it a --data file whole, else held-out data where there is any. */
static const char *part_choose(const Trainer *t)
{
    const SeqrtTask *task = t->model->task;
    if (t->options.part)
        return t->options.part;
    return t->options.data ? "data" : task->test_path ? "test" : has_valid(task) ? "valid" : "train";
}

static bool part_check(const Trainer *t, const char *part, SeqrtError *error)
{
    const SeqrtTask *task = t->model->task;
    bool test = !strcmp(part, "test"), valid = !strcmp(part, "valid");
    if (t->options.part && !test && !valid && strcmp(part, "train"))
        return seqrt_fail(error, "--part \"%.60s\"; expected train, valid or test", part);
    if (t->options.data && t->options.part && (test || (valid && task->valid_path)))
        return seqrt_fail(error, "--part %s is a file of its own in the spec; --data with --part stands for the training file only", part);
    if (valid && !has_valid(task))
        return seqrt_fail(error, "the spec has no validation data (data.valid: a file or a fraction); expected --part train or test, or --data F");
    if (test && !task->test_path)
        return seqrt_fail(error, "the spec names no test file (data.test); expected --part train or valid, or --data F");
    if (!t->options.data && !test && !(valid && task->valid_path) && !task->train_path)
        return seqrt_fail(error, "the spec names no data; eval expects --data F");
    return true;
}

static const char *part_path(const Trainer *t, const char *part)
{
    const SeqrtTask *task = t->model->task;
    if (t->options.data)
        return t->options.data;
    if (!strcmp(part, "valid") && task->valid_path)
        return task->valid_path;
    return !strcmp(part, "test") ? task->test_path : task->train_path;
}

static bool judged_open(Judged *j, const Trainer *t, SeqrtError *error)
{
    const SeqrtTask *task = t->model->task;
    bool valid = !strcmp(j->name, "valid"), train = !strcmp(j->name, "train");
    const char *path = part_path(t, j->name);
    if (!seqrt_data_found(path, t->options.data, "--data", error) || !(j->data = seqrt_dataset_read(task, path, true, error)) || !seqrt_dataset_fits(t->model, j->data, error))
        return false;
    if (task->valid_path || task->valid_fraction <= 0 || (!valid && !train)) {
        j->part = seqrt_part_whole(j->data);
        return j->part.items || seqrt_fail(error, "out of memory");
    }
    SeqrtPart other;
    if (!seqrt_part_split(j->data, task->valid_fraction, task->seed, valid ? &other : &j->part, valid ? &j->part : &other, error))
        return false;
    seqrt_part_free(&other);
    return true;
}

/* ---- details: a line a judgement ---- */

typedef struct Details {
    const SeqrtModel *model;
    const SeqrtDataset *data;
    FILE *file;
    double *chances;
    long sequence;         /* done so far; carried streams are numbered by their row of the batch */
} Details;

static void details_header(const Details *d)
{
    bool text = d->data->texts && !d->model->per_step;
    if (seqrt_is_numbers(d->model->task->target))
        fputs("sequence,step,column,true,predicted\n", d->file);
    else
        fprintf(d->file, "sequence,%srow,%strue,predicted,chance\n", d->model->per_step ? "step," : "", text ? "text," : "");
}

/* step 0: the sequence as a whole */
static void label_details(Details *d, long step, int item, const void *out, size_t at, int32_t label)
{
    const SeqrtTask *task = d->model->task;
    int best = seqrt_chances(d->model, out, at, d->chances);
    fprintf(d->file, "%ld,", d->sequence);
    if (step)
        fprintf(d->file, "%ld,", step);
    fprintf(d->file, "%ld,", d->data->items[item].row);
    if (d->data->texts && !step) {
        seqrt_csv_cell(d->file, d->data->texts[item]);
        putc(',', d->file);
    }
    seqrt_csv_cell(d->file, seqrt_label_name(task, label));
    putc(',', d->file);
    seqrt_csv_cell(d->file, seqrt_label_name(task, best));
    fprintf(d->file, ",%.6g\n", seqrt_shown(d->chances[best]));
}

/* step 0: of a sequence, where the steps are those of the horizon */
static void value_details(Details *d, long step, const void *out, const void *y, size_t at)
{
    const SeqrtTask *task = d->model->task;
    for (int o = 0; o < task->outputs; o++) {
        double should = seqrt_real(d->model, y, at + (size_t)o);
        fprintf(d->file, "%ld,%ld,", d->sequence, step ? step : o / task->target_columns_count + 1);
        seqrt_csv_cell(d->file, task->target_columns[o % task->target_columns_count]);
        putc(',', d->file);
        seqrt_csv_real(d->file, d->model, seqrt_own_units(task, o, should));
        putc(',', d->file);
        seqrt_csv_real(d->file, d->model, seqrt_value(task, o, seqrt_real(d->model, out, at + (size_t)o)));
        putc('\n', d->file);
    }
}

static void details_batch(void *context, const SeqrtBatch *batch, int i, const int *items, const void *out)
{
    Details *d = context;
    size_t T = (size_t)d->model->T, O = (size_t)d->model->task->outputs;
    bool carry = d->model->task->carry_state;
    for (size_t b = 0; b < (size_t)batch->rows; b++) {
        d->sequence = carry ? (long)b + 1 : d->sequence + 1;
        if (batch->lengths[b] == 0)
            continue;
        const size_t first = d->model->per_step ? b * T : b, count = d->model->per_step ? (size_t)batch->lengths[b] : 1;
        for (size_t k = 0; k < count; k++) {
            const long step = d->model->per_step ? (carry ? (long)i * d->model->T : 0) + (long)k + 1 : 0;
            if (batch->y)
                value_details(d, step, out, batch->y, (first + k) * O);
            else
                label_details(d, step, items[b], out, (first + k) * O, batch->labels[first + k]);
        }
    }
}

/* ---- the command ---- */

static void errors_row(const char *title, const Metrics *m, int column, int step)
{
    Metric list[METRICS_MAX];
    char text[32];
    int n = seqrt_errors_list(m, column, step, list);
    printf("%-20.20s", title);
    for (int i = 0; i < n; i++)
        printf(" %11s", seqrt_number_text(list[i].value, text));
    putchar('\n');
}

static void errors_print(const SeqrtTask *task, const Metrics *m)
{
    char title[32];
    if (m->columns < 2 && m->horizon < 2)
        return;
    printf("\n%-20s %11s %11s %11s\n", m->columns > 1 ? "column" : "step", "rmse", "mae", "mape");
    for (int c = 0; c < m->columns && m->columns > 1; c++)
        errors_row(task->target_columns[c], m, c, -1);
    for (int s = 0; s < m->horizon && m->horizon > 1; s++) {
        snprintf(title, sizeof title, m->columns > 1 ? "step %d" : "%d", s + 1);
        errors_row(title, m, -1, s);
    }
}

static void result_print(const Trainer *t, const Judged *j, const Metrics *m)
{
    const SeqrtTask *task = t->model->task;
    if (t->options.json) {
        json_t *object = seqrt_metrics_json(task, m);
        json_object_set_new(object, "part", json_string(j->name));
        json_object_set_new(object, "data", json_string(j->data->path));
        if (m->confusion)
            seqrt_confusion_json(task, m, object);
        seqrt_json_print(object);
        return;
    }
    seqrt_metrics_print(task, m, "");
    printf(t->options.part || !t->options.data ? "on the %s part of the data: %s\n" : "on the %s: %s\n", j->name, j->data->path);
    if (m->confusion)
        seqrt_confusion_print(task, m);
    if (seqrt_has_errors(task, m))
        errors_print(task, m);
}

static Metrics judged_measure(Trainer *t, const Judged *j, SeqrtLoader *loader, FILE *file)
{
    Details d = {.model = t->model, .data = j->data, .file = file};
    Watch watch = {details_batch, &d};
    if (!file)
        return seqrt_evaluate(t, loader);
    d.chances = seqrt_need((size_t)t->model->task->outputs + 1, sizeof *d.chances);
    details_header(&d);
    Metrics m = seqrt_evaluate_watched(t, loader, &watch);
    free(d.chances);
    return m;
}

static int judged_eval(Trainer *t, const Judged *j, SeqrtError *error)
{
    const char *path = t->options.details;
    SeqrtReplace details = {0};
    SeqrtLoader *loader = seqrt_loader_new(t->model, j->data, &j->part);
    if (!loader)
        seqrt_fail(error, "out of memory");
    if (!loader || (path && !seqrt_replace_begin(&details, path, error))) {
        seqrt_loader_free(loader);
        return seqrt_stop(t, EXIT_SYSTEM, error);
    }
    Metrics m = judged_measure(t, j, loader, details.stream);
    bool good = !path || seqrt_replace_end(&details, true, error);
    result_print(t, j, &m);
    seqrt_metrics_free(&m);
    seqrt_loader_free(loader);
    return good ? EXIT_DONE : seqrt_stop(t, EXIT_SYSTEM, error);
}

int seqrt_eval(Trainer *t)
{
    Judged j = {.name = part_choose(t)};
    SeqrtError error;
    if (!part_check(t, j.name, &error))
        return seqrt_stop(t, EXIT_USAGE, &error);
    if (!seqrt_weights_load(t, t->options.load, &error))
        return seqrt_stop(t, EXIT_DATA, &error);
    bool good = judged_open(&j, t, &error);
    int code = good ? judged_eval(t, &j, &error) : seqrt_stop(t, EXIT_DATA, &error);
    seqrt_part_free(&j.part);
    seqrt_dataset_free(j.data);
    return code;
}
