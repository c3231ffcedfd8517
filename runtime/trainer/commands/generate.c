/* generate.c: the commands that write on: `sample` (text from a language model) and `forecast` (rows of a series).
 *
 * Takes: weights, a prompt or a series. Gives: text, or CSV rows in the data's own units. Does not: train or measure.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data_own.h"
#include "trainer.h"

/* ---- sample ---- */

typedef struct Sampler {
    Trainer *t;
    const SeqrtModel *model;
    const SeqrtTask *task;
    SeqrtVocab *vocab;
    void *out;         /* [V] of the last step */
    double *chances;   /* [V] */
    double *sorted;    /* [V] for top-k */
    double temperature;
    long top_k;        /* -1: all */
    FILE *to;          /* where the text goes */
    uint64_t seed, drawn;
    bool any;          /* something was written */
    SeqrtError error;
} Sampler;

static void token_feed(Sampler *s, int token) { s->model->step(s->t->memory, token, NULL, s->out); }

/* A byte is written "\xHH" in the vocabulary where it is not ASCII text. */
static void token_print(Sampler *s, int token)
{
    const char *text = s->task->vocab[token];
    unsigned byte;
    if (s->task->input == SEQRT_WORDS)
        fprintf(s->to, "%s%s", s->any ? " " : "", text);
    else if (s->task->input == SEQRT_BYTES && strlen(text) == 4 && sscanf(text, "\\x%2x", &byte) == 1)
        putc((int)byte, s->to);
    else
        fputs(text, s->to);
    s->any = true;
}

/* exp((logit - top) / temperature), padding and unknown left out; the sum is at least 1. */
static double chances_fill(Sampler *s, int *best)
{
    double sum = 0;
    *best = 2;
    for (int v = 3; v < s->task->vocab_count; v++)
        if (seqrt_real(s->model, s->out, (size_t)v) > seqrt_real(s->model, s->out, (size_t)*best))
            *best = v;
    double top = seqrt_real(s->model, s->out, (size_t)*best);
    for (int v = 2; v < s->task->vocab_count; v++)
        sum += s->chances[v] = s->temperature > 0 ? exp((seqrt_real(s->model, s->out, (size_t)v) - top) / s->temperature) : v == *best;
    return sum;
}

static int falling(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Leaves the K likeliest tokens their chances, of equal ones the first; gives the sum that is left. */
static double chances_cut(Sampler *s, double sum)
{
    size_t tokens = (size_t)s->task->vocab_count - 2, K = (size_t)s->top_k, above = 0;
    if (s->top_k < 0 || K >= tokens || !isfinite(sum))
        return sum;
    memcpy(s->sorted, s->chances + 2, tokens * sizeof *s->sorted);
    qsort(s->sorted, tokens, sizeof *s->sorted, falling);
    double least = s->sorted[K - 1];
    while (s->sorted[above] > least)
        above++;
    sum = 0;
    for (int v = 2, equal = (int)(K - above); v < s->task->vocab_count; v++) {
        if (s->chances[v] < least || (s->chances[v] == least && equal-- <= 0))
            s->chances[v] = 0;
        sum += s->chances[v];
    }
    return sum;
}

static int token_draw(Sampler *s)
{
    int best, v = 2;
    double sum = chances_cut(s, chances_fill(s, &best));
    double left = sum * seqrt_uniform(s->seed, SEQRT_STREAM(SEQRT_STREAM_SAMPLE, 0), s->drawn++);
    if (!isfinite(sum))
        return -1;
    while (v < s->task->vocab_count - 1 && (left -= s->chances[v]) >= 0)
        v++;
    return s->chances[v] > 0 ? v : best;
}

static void prompt_feed(Sampler *s, const char *prompt)
{
    char token[256];
    int unknown = 0;
    for (const char *text = prompt; seqrt_token_next(s->task->input, s->task->lowercase, &text, token);) {
        int v = seqrt_vocab_find(s->vocab, token);
        unknown += v == 1;
        token_feed(s, v);
    }
    if (!s->t->options.json)
        fputs(prompt, s->to);
    s->any = !s->t->options.json;
    if (unknown)
        fprintf(stderr, "%s: %d tokens of the prompt are not in the vocabulary\n", s->t->program, unknown);
}

/* Without a prompt: as after a line end, or where there is none, from a token drawn evenly, which is the first of what is written. Gives how many are. */
static long start_feed(Sampler *s, long length)
{
    int start = seqrt_vocab_find(s->vocab, "\n");
    if (start > 1) {
        token_feed(s, start);
        return 0;
    }
    if (length == 0)
        return 0;
    start = 2 + (int)(seqrt_random(s->seed, SEQRT_STREAM(SEQRT_STREAM_SAMPLE, 1), 0) % (uint64_t)(s->task->vocab_count - 2));
    token_print(s, start);
    token_feed(s, start);
    return 1;
}

static int text_write(Sampler *s, long done, long length)
{
    for (long i = done; i < length; i++) {
        int token = token_draw(s);
        if (token < 0) {
            seqrt_fail(&s->error, "token %ld: the outputs are not finite; the weights are no trained model's", i + 1);
            return seqrt_stop(s->t, EXIT_DATA, &s->error);
        }
        token_print(s, token);
        token_feed(s, token);
    }
    return EXIT_DONE;
}

/* The text, as it comes; or as an object, once it is whole. */
static int text_deliver(Sampler *s)
{
    const Options *o = &s->t->options;
    long length = o->length >= 0 ? o->length : 200;
    const char *prompt = o->prompt ? o->prompt : "";
    char *text = NULL;
    size_t bytes;
    s->to = o->json ? open_memstream(&text, &bytes) : stdout;
    long done = 0;
    if (*prompt)
        prompt_feed(s, prompt);
    else
        done = start_feed(s, length);
    int code = text_write(s, done, length);
    if (!o->json) {
        putchar('\n');
        return code;
    }
    fclose(s->to);
    if (code == EXIT_DONE) {
        fputs("{\"prompt\": ", stdout);
        seqrt_json_text(stdout, prompt);
        fputs(", \"text\": ", stdout);
        seqrt_json_text(stdout, text);
        printf(", \"tokens\": %ld, \"seed\": %llu, \"temperature\": %.9g}\n", length, (unsigned long long)s->seed, s->temperature);
    }
    free(text);
    return code;
}

static bool sample_possible(const SeqrtModel *model, SeqrtError *error)
{
    if (model->task->target != SEQRT_NEXT)
        return seqrt_fail(error, "sample needs a language model (target: {next: true})");
    if (!model->can_stream)
        return seqrt_fail(error, "sample needs a model that runs step by step; a layer of this one looks ahead");
    return model->task->vocab_count > 2 || seqrt_fail(error, "the vocabulary is empty");
}

int seqrt_sample(Trainer *t)
{
    const Options *o = &t->options;
    Sampler s = {.t = t, .model = t->model, .task = t->model->task, .seed = o->seed,
                 .temperature = isnan(o->temperature) ? 1 : o->temperature, .top_k = o->top_k};
    if (!sample_possible(s.model, &s.error))
        return seqrt_stop(t, EXIT_USAGE, &s.error);
    if (o->prompt && s.task->input != SEQRT_BYTES && *seqrt_utf8_end(o->prompt)) {
        seqrt_fail(&s.error, "--prompt: bytes that are not UTF-8");
        return seqrt_stop(t, EXIT_DATA, &s.error);
    }
    if (!seqrt_weights_load(t, o->load, &s.error))
        return seqrt_stop(t, EXIT_DATA, &s.error);
    s.vocab = seqrt_vocab_new(s.task->vocab, s.task->vocab_count);
    s.out = seqrt_need((size_t)s.task->outputs, (size_t)s.model->real_bytes);
    s.chances = seqrt_need((size_t)s.task->vocab_count, sizeof *s.chances);
    s.sorted = seqrt_need((size_t)s.task->vocab_count, sizeof *s.sorted);
    s.model->reset_step(t->memory);
    int code = text_deliver(&s);
    seqrt_vocab_free(s.vocab);
    free(s.out);
    free(s.chances);
    free(s.sorted);
    return code;
}

/* ---- forecast ---- */

typedef struct Forecast {
    Trainer *t;
    const SeqrtModel *model;
    const SeqrtTask *task;
    double *window;      /* [window steps][F] normalised: the last rows, forecasts appended as they come */
    size_t steps;        /* of the window */
    void *x, *out;       /* [T][F] and [O] reals */
    int *from;           /* [F] target column of each input column; -1 where there is none */
    SeqrtError error;
} Forecast;

static size_t window_steps(const SeqrtTask *task)
{
    return (size_t)(task->window_length && task->window_length < task->max_length ? task->window_length : task->max_length);
}

/* Runs `steps` rows at `rows` through the model, as one row of a batch. */
static void rows_run(Forecast *f, const double *rows, size_t steps)
{
    int32_t length = (int32_t)steps;
    for (size_t i = 0; i < steps * (size_t)f->task->features; i++)
        seqrt_real_set(f->model, f->x, i, rows[i]);
    SeqrtBatch batch = {.rows = 1, .lengths = &length, .x = f->x};
    f->model->forward(f->t->memory, &batch, f->out);
}

/* What is continued is the last sequence, or nothing. */
static bool last_long_enough(Forecast *f, const SeqrtDataset *data)
{
    return !data->short_row || seqrt_fail(&f->error, "%s:%ld: the last sequence starts here and has %zu row%s; a window of %zu rows is expected",
                                          data->path, data->short_row, data->short_steps, data->short_steps == 1 ? "" : "s", window_steps(f->task));
}

/* The last window of the last series; a carried model first runs what comes before it. */
static bool window_read(Forecast *f, const char *path)
{
    bool found = seqrt_data_found(path, f->t->options.data, "--data", &f->error);
    SeqrtDataset *data = found ? seqrt_dataset_read(f->task, path, false, &f->error) : NULL;
    if (!data || !last_long_enough(f, data) || !seqrt_dataset_fits(f->model, data, &f->error)) {
        seqrt_dataset_free(data);
        return false;
    }
    size_t F = (size_t)f->task->features, first = data->items_count - 1u, T = window_steps(f->task);
    while (first > 0 && data->items[first - 1].sequence == data->items[first].sequence)
        first--;
    size_t start = data->items[first].at, all = data->steps - start;
    f->steps = all < T ? all : T;
    f->model->reset(f->t->memory);
    for (size_t at = start, end = data->steps - f->steps; f->model->state_count && at < end;) {
        size_t part = (end - at) % T ? (end - at) % T : T;
        rows_run(f, data->x + at * F, part);
        at += part;
    }
    memcpy(f->window, data->x + (data->steps - f->steps) * F, f->steps * F * sizeof *f->window);
    seqrt_dataset_free(data);
    return true;
}

/* False with the first input column that no target forecasts. */
static bool columns_match(Forecast *f, const char **missing)
{
    bool all = true;
    for (int i = f->task->features - 1; i >= 0; i--) {
        f->from[i] = -1;
        for (int c = 0; c < f->task->target_columns_count; c++)
            if (!strcmp(f->task->input_columns[i], f->task->target_columns[c]))
                f->from[i] = c;
        if (f->from[i] < 0) {
            all = false;
            *missing = f->task->input_columns[i];
        }
    }
    return all;
}

/* CSV: the columns' names as a header, a line a row. JSON: the names, then the rows as lists. */
static void columns_print(const Forecast *f)
{
    bool json = f->t->options.json;
    int columns = f->task->target_columns_count;
    fputs(json ? "{\"columns\": [" : "", stdout);
    for (int c = 0; c < columns; c++) {
        fputs(!c ? "" : json ? ", " : ",", stdout);
        (json ? seqrt_json_text : seqrt_csv_cell)(stdout, f->task->target_columns[c]);
    }
    fputs(json ? "], \"rows\": [" : "\n", stdout);
}

static void row_print(const Forecast *f, int row, bool first)
{
    bool json = f->t->options.json;
    int columns = f->task->target_columns_count;
    fputs(!json ? "" : first ? "[" : ", [", stdout);
    for (int c = 0; c < columns; c++) {
        int o = row * columns + c;
        fputs(!c ? "" : json ? ", " : ",", stdout);
        (json ? seqrt_json_real : seqrt_csv_real)(stdout, f->model, seqrt_own_units(f->task, o, seqrt_real(f->model, f->out, (size_t)o)));
    }
    fputs(json ? "]" : "\n", stdout);
}

/* Row `row` of the forecast in the input's normalisation, at the window's end. */
static void row_append(Forecast *f, int row)
{
    const SeqrtTask *task = f->task;
    size_t F = (size_t)task->features;
    memmove(f->window, f->window + F, (f->steps - 1) * F * sizeof *f->window);
    for (size_t i = 0; i < F; i++) {
        int o = row * task->target_columns_count + f->from[i];
        double v = seqrt_own_units(task, o, seqrt_real(f->model, f->out, (size_t)o));
        f->window[(f->steps - 1) * F + i] = task->input_shift ? (v - task->input_shift[i]) / task->input_scale[i] : v;
    }
}

/* A carried model has already seen the window: of what follows it runs only the new rows. */
static void rows_write(Forecast *f, long count)
{
    int K = f->task->horizon;
    size_t F = (size_t)f->task->features, fresh = f->steps;
    for (long done = 0; done < count;) {
        rows_run(f, f->window + (f->steps - fresh) * F, fresh);
        int rows = count - done < K ? (int)(count - done) : K;
        for (int r = 0; r < rows; r++)
            row_print(f, r, done + r == 0);
        done += rows;
        for (int r = 0; r < rows && done < count; r++)
            row_append(f, r);
        if (f->model->state_count && (size_t)K < f->steps)
            fresh = (size_t)K;
    }
}

static int forecast_run(Forecast *f, long count)
{
    const char *missing = "", *path = seqrt_data_path(f->t);
    if (count > f->task->horizon && !columns_match(f, &missing)) {
        seqrt_fail(&f->error, "--steps %ld is beyond the horizon of %d, and input column \"%s\" is not forecast, so forecasts cannot be fed back",
                   count, f->task->horizon, missing);
        return seqrt_stop(f->t, EXIT_USAGE, &f->error);
    }
    if (!path)
        seqrt_fail(&f->error, "the spec names no data; forecast expects --data F");
    if (!path || !seqrt_weights_load(f->t, f->t->options.load, &f->error) || !window_read(f, path))
        return seqrt_stop(f->t, EXIT_DATA, &f->error);
    columns_print(f);
    rows_write(f, count);
    fputs(f->t->options.json ? "]}\n" : "", stdout);
    return EXIT_DONE;
}

int seqrt_forecast(Trainer *t)
{
    Forecast f = {.t = t, .model = t->model, .task = t->model->task};
    const SeqrtTask *task = f.task;
    if (task->target != SEQRT_FORECAST || !task->features) {
        seqrt_fail(&f.error, "forecast needs a model of a series (target: {forecast: ..}); predict runs this one");
        return seqrt_stop(t, EXIT_USAGE, &f.error);
    }
    size_t T = window_steps(task), F = (size_t)task->features;
    f.window = seqrt_need(T * F, sizeof *f.window);
    f.x = seqrt_need((size_t)f.model->T * F, (size_t)f.model->real_bytes);
    f.out = seqrt_need((size_t)task->outputs, (size_t)f.model->real_bytes);
    f.from = seqrt_need(F, sizeof *f.from);
    int code = forecast_run(&f, t->options.steps >= 0 ? t->options.steps : task->horizon);
    free(f.window);
    free(f.x);
    free(f.out);
    free(f.from);
    return code;
}
