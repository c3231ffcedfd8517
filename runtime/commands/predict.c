/* predict.c: the `predict` command: a CSV line a sequence, or a line a step for targets of every step.
 *
 * Takes: a file, texts, or lines of standard input ("-"). Gives: class names and probabilities, or values in the data's
 * own units. Lines of standard input are answered a batch at a time.
 * Does not: need targets; know sampling or forecasting (generate.c).
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trainer.h"

typedef struct Predict {
    Trainer *t;
    const SeqrtModel *model;
    const SeqrtTask *task;
    void *out;
    double *chances;  /* [outputs or 2] of the current line */
    long sequence;    /* sequences done; carried streams: 0 */
    bool headed;      /* the header is out: only once something could be read */
    SeqrtError error;
} Predict;

/* ---- CSV ---- */

void seqrt_csv_cell(const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

void seqrt_csv_real(const SeqrtModel *model, double v)
{
    printf(model->real_bytes == 8 ? "%.17g" : "%.9g", v);
}

/* ---- labels ---- */

static const char *label_name(const SeqrtTask *task, int i)
{
    if (task->target != SEQRT_NEXT)
        return task->classes[i];
    return i == 0 ? "<pad>" : i == 1 ? "<unk>" : task->vocab[i];
}

/* Softmax; a single output is the chance of class 1. */
static int chances_fill(Predict *p, size_t at)
{
    int O = p->task->outputs, best = 0;
    if (O == 1) {
        p->chances[1] = 1 / (1 + exp(-seqrt_real(p->model, p->out, at)));
        p->chances[0] = 1 - p->chances[1];
        return p->chances[1] > 0.5;
    }
    for (int o = 1; o < O; o++)
        if (seqrt_real(p->model, p->out, at + (size_t)o) > seqrt_real(p->model, p->out, at + (size_t)best))
            best = o;
    double top = seqrt_real(p->model, p->out, at + (size_t)best), sum = 0;
    for (int o = 0; o < O; o++)
        sum += p->chances[o] = exp(seqrt_real(p->model, p->out, at + (size_t)o) - top);
    for (int o = 0; o < O; o++)
        p->chances[o] /= sum;
    return best;
}

/* Independent chances, where bce has one output a class. */
static int sigmoids_fill(Predict *p, size_t at)
{
    int best = chances_fill(p, at);
    for (int o = 0; p->task->outputs > 1 && o < p->task->outputs; o++)
        p->chances[o] = 1 / (1 + exp(-seqrt_real(p->model, p->out, at + (size_t)o)));
    return best;
}

static void label_line(Predict *p, size_t at)
{
    int best = p->task->loss == SEQRT_BCE ? sigmoids_fill(p, at) : chances_fill(p, at);
    seqrt_csv_cell(label_name(p->task, best));
    for (int i = 0; i < seqrt_labels(p->task); i++) {
        putchar(',');
        seqrt_csv_real(p->model, p->chances[i]);
    }
    putchar('\n');
}

static void value_line(Predict *p, size_t at)
{
    for (int o = 0; o < p->task->outputs; o++) {
        double v = seqrt_real(p->model, p->out, at + (size_t)o);
        v = p->task->loss == SEQRT_BCE ? 1 / (1 + exp(-v)) : seqrt_own_units(p->task, o, v);
        if (o)
            putchar(',');
        seqrt_csv_real(p->model, v);
    }
    putchar('\n');
}

/* ---- lines ---- */

static void header_values(const SeqrtTask *task)
{
    for (int o = 0; o < task->outputs; o++) {
        char name[1024];
        const char *column = task->target_columns[o % task->target_columns_count];
        snprintf(name, sizeof name, task->horizon > 1 ? "%.1000s_%d" : "%.1000s", column, o / task->target_columns_count + 1);
        if (o)
            putchar(',');
        seqrt_csv_cell(name);
    }
    putchar('\n');
}

static void header_print(Predict *p)
{
    if (p->headed)
        return;
    p->headed = true;
    if (p->model->per_step)
        fputs("sequence,step,", stdout);
    if (!seqrt_labels(p->task)) {
        header_values(p->task);
        return;
    }
    fputs(p->task->target == SEQRT_NEXT ? "next" : "class", stdout);
    for (int i = 0; i < seqrt_labels(p->task); i++) {
        putchar(',');
        seqrt_csv_cell(label_name(p->task, i));
    }
    putchar('\n');
}

static void line_print(Predict *p, size_t at)
{
    if (seqrt_labels(p->task))
        label_line(p, at);
    else
        value_line(p, at);
}

/* Rows of batch i; carried streams go on where the batch before ended. */
static void batch_print(Predict *p, const SeqrtBatch *batch, int i)
{
    size_t T = (size_t)p->model->T, O = (size_t)p->task->outputs;
    bool carry = p->task->carry_state;
    for (size_t b = 0; b < (size_t)batch->rows; b++) {
        p->sequence += !carry;
        long sequence = carry ? (long)b + 1 : p->sequence, before = carry ? (long)i * p->model->T : 0;
        if (!p->model->per_step && batch->lengths[b] > 0)
            line_print(p, b * O);
        for (size_t t = 0; p->model->per_step && t < (size_t)batch->lengths[b]; t++) {
            printf("%ld,%ld,", sequence, before + (long)t + 1);
            line_print(p, (b * T + t) * O);
        }
    }
}

static int dataset_predict(Predict *p, SeqrtDataset *data)
{
    if (!data)
        return seqrt_stop(p->t, EXIT_DATA, &p->error);
    SeqrtPart part = seqrt_part_whole(data);
    SeqrtLoader *loader = seqrt_loader_new(p->model, data, &part);
    if (!loader)
        fprintf(stderr, "%s: out of memory\n", p->t->program);
    header_print(p);
    p->model->reset(p->t->memory);
    for (int i = 0; loader && i < seqrt_loader_batches(loader); i++) {
        SeqrtBatch batch;
        seqrt_loader_get(loader, i, &batch, NULL);
        p->model->forward(p->t->memory, &batch, p->out);
        batch_print(p, &batch, i);
    }
    seqrt_loader_free(loader);
    seqrt_part_free(&part);
    seqrt_dataset_free(data);
    return loader ? EXIT_DONE : EXIT_SYSTEM;
}

/* ---- standard input ---- */

static bool line_read(char **line, size_t *room)
{
    ssize_t got = getline(line, room, stdin);
    if (got < 0)
        return false;
    while (got > 0 && ((*line)[got - 1] == '\n' || (*line)[got - 1] == '\r'))
        (*line)[--got] = 0;
    return true;
}

static int chunk_predict(Predict *p, char **lines, int count)
{
    int code = dataset_predict(p, seqrt_dataset_from_texts(p->task, count, lines, &p->error));
    for (int i = 0; i < count; i++)
        free(lines[i]);
    fflush(stdout);
    return code;
}

static int lines_predict(Predict *p)
{
    char **lines = seqrt_need((size_t)p->model->B, sizeof *lines), *line = NULL;
    size_t room = 0;
    int count = 0, code = EXIT_DONE;
    while (code == EXIT_DONE && line_read(&line, &room)) {
        lines[count++] = line;
        line = NULL;
        if (count == p->model->B) {
            code = chunk_predict(p, lines, count);
            count = 0;
        }
    }
    if (count)
        code = chunk_predict(p, lines, count);
    free(line);
    free(lines);
    return code;
}

/* ---- the command ---- */

static int source_predict(Predict *p)
{
    const Options *o = &p->t->options;
    const char *path = seqrt_data_path(p->t);
    if (o->texts_count == 1 && !strcmp(o->texts[0], "-"))
        return lines_predict(p);
    if (o->texts_count)
        return dataset_predict(p, seqrt_dataset_from_texts(p->task, o->texts_count, o->texts, &p->error));
    return dataset_predict(p, seqrt_dataset_read(p->task, path, false, &p->error));
}

int seqrt_predict(Trainer *t)
{
    Predict p = {.t = t, .model = t->model, .task = t->model->task};
    const Options *o = &t->options;
    if (o->texts_count && (p.task->features || o->data)) {
        seqrt_fail(&p.error, p.task->features ? "the model reads numbers: expected --data F, found text" : "found --data and text; expected one of them");
        return seqrt_stop(t, EXIT_USAGE, &p.error);
    }
    if (!o->texts_count && !seqrt_data_path(t)) {
        seqrt_fail(&p.error, "the spec names no data; predict expects --data F or text");
        return seqrt_stop(t, EXIT_USAGE, &p.error);
    }
    if (!seqrt_weights_load(t, o->load, &p.error))
        return seqrt_stop(t, EXIT_DATA, &p.error);
    p.out = seqrt_need(seqrt_outputs(p.model, p.model->B), (size_t)p.model->real_bytes);
    p.chances = seqrt_need((size_t)p.task->outputs + 1, sizeof *p.chances);
    int code = source_predict(&p);
    free(p.out);
    free(p.chances);
    return code;
}
