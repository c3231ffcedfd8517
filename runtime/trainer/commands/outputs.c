/* outputs.c: a model's outputs in words: the class chosen, chances, the data's own units; and the texts they are written in.
 *
 * Takes: outputs of a row or a step. Gives: indices, chances, CSV cells, JSON strings and numbers.
 * Does not: run the model, or know which command writes.
 */
#define _GNU_SOURCE
#include <math.h>
#include <string.h>

#include "data_own.h"
#include "trainer.h"

/* ---- meaning ---- */

double seqrt_own_units(const SeqrtTask *task, int output, double v)
{
    int c = task->target_columns_count ? output % task->target_columns_count : 0;
    return task->target_shift ? v * task->target_scale[c] + task->target_shift[c] : v;
}

static double sigmoid(double v) { return 1 / (1 + exp(-v)); }

double seqrt_value(const SeqrtTask *task, int output, double v)
{
    return task->loss == SEQRT_BCE ? sigmoid(v) : seqrt_own_units(task, output, v);
}

int seqrt_best(const SeqrtModel *model, const void *out, size_t at)
{
    int O = model->task->outputs, best = 0;
    if (O == 1)
        return seqrt_real(model, out, at) > 0;
    for (int o = 1; o < O; o++)
        if (seqrt_real(model, out, at + (size_t)o) > seqrt_real(model, out, at + (size_t)best))
            best = o;
    return best;
}

static void softmax(const SeqrtModel *model, const void *out, size_t at, int best, double *chances)
{
    double top = seqrt_real(model, out, at + (size_t)best), sum = 0;
    int O = model->task->outputs;
    for (int o = 0; o < O; o++)
        sum += chances[o] = exp(seqrt_real(model, out, at + (size_t)o) - top);
    for (int o = 0; o < O; o++)
        chances[o] /= sum;
}

int seqrt_chances(const SeqrtModel *model, const void *out, size_t at, double *chances)
{
    int O = model->task->outputs, best = seqrt_best(model, out, at);
    if (O == 1) {
        chances[1] = sigmoid(seqrt_real(model, out, at));
        chances[0] = 1 - chances[1];
    } else if (model->task->loss == SEQRT_BCE) {
        for (int o = 0; o < O; o++)
            chances[o] = sigmoid(seqrt_real(model, out, at + (size_t)o));
    } else {
        softmax(model, out, at, best, chances);
    }
    return best;
}

const char *seqrt_label_name(const SeqrtTask *task, int i)
{
    if (task->target != SEQRT_NEXT)
        return task->classes[i];
    return i == 0 ? "<pad>" : i == 1 ? "<unk>" : task->vocab[i];
}

const char *seqrt_output_name(const SeqrtTask *task, int output, char name[1024])
{
    const char *column = task->target_columns[output % task->target_columns_count];
    snprintf(name, 1024, task->horizon > 1 ? "%.1000s_%d" : "%.1000s", column, output / task->target_columns_count + 1);
    return name;
}

/* ---- CSV ---- */

void seqrt_csv_cell(FILE *file, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, file);
        return;
    }
    putc('"', file);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', file);
        putc(*text, file);
    }
    putc('"', file);
}

void seqrt_csv_real(FILE *file, const SeqrtModel *model, double v)
{
    fprintf(file, model->real_bytes == 8 ? "%.17g" : "%.9g", seqrt_shown(v));
}

/* ---- JSON, a line at a time: a tree would cost more than the model ---- */

void seqrt_json_text(FILE *file, const char *text)
{
    putc('"', file);
    while (*text) {
        int length = seqrt_utf8_length(text);
        if (!length)
            fputs("\\ufffd", file);
        else if ((unsigned char)*text < 0x20)
            fprintf(file, "\\u%04x", (unsigned)*text);
        else if (*text == '"' || *text == '\\')
            fprintf(file, "\\%c", *text);
        else
            fwrite(text, 1, (size_t)length, file);
        text += length ? length : 1;
    }
    putc('"', file);
}

void seqrt_json_real(FILE *file, const SeqrtModel *model, double v)
{
    if (isfinite(v))
        seqrt_csv_real(file, model, v);
    else
        fputs("null", file);
}
