/* predict.c: the `predict` command: a line a sequence, or a line a step for targets of every step; CSV, or with --json an
 * object a line.
 *
 * Takes: a file, texts, or standard input ("-": lines of text, or number rows as CSV). Gives: class names and chances, or
 * values in the data's own units. Read and answered in pieces, so memory does not grow with the file; only one long series
 * (windows, carried state) is held whole.
 * Does not: need targets; know sampling or forecasting (generate.c).
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "data_own.h"
#include "team.h"
#include "trainer.h"

/* Sequences of a piece: enough that what is done once a piece costs nothing. */
enum { PIECE = 4096 };

typedef struct Predict {
    Trainer *t;
    const SeqrtModel *model;
    const SeqrtTask *task;
    void *out;
    double *chances;  /* [outputs or 2] of the current line */
    long lines;       /* of standard input, done before */
    long windows, step; /* windows done, where there are such; steps of a carried stream */
    bool headed;      /* the header is out: only once something could be read */
    Progress progress;
    SeqrtError error;
} Predict;

/* ---- CSV ---- */

static void header_print(Predict *p)
{
    char name[1024];
    int labels = seqrt_labels(p->task), columns = labels ? labels : p->task->outputs;
    if (p->headed || p->t->options.json)
        return;
    p->headed = true;
    if (p->model->per_step)
        fputs("sequence,step,", stdout);
    if (labels)
        fputs(p->task->target == SEQRT_NEXT ? "next," : "class,", stdout);
    for (int i = 0; i < columns; i++) {
        seqrt_csv_cell(stdout, labels ? seqrt_label_name(p->task, i) : seqrt_output_name(p->task, i, name));
        putchar(i + 1 < columns ? ',' : '\n');
    }
}

static void label_csv(Predict *p, size_t at)
{
    seqrt_csv_cell(stdout, seqrt_label_name(p->task, seqrt_chances(p->model, p->out, at, p->chances)));
    for (int i = 0; i < seqrt_labels(p->task); i++) {
        putchar(',');
        seqrt_csv_real(stdout, p->model, p->chances[i]);
    }
}

static double value_at(const Predict *p, size_t at, int o)
{
    return seqrt_value(p->task, o, seqrt_real(p->model, p->out, at + (size_t)o));
}

static void value_csv(Predict *p, size_t at)
{
    for (int o = 0; o < p->task->outputs; o++) {
        if (o)
            putchar(',');
        seqrt_csv_real(stdout, p->model, value_at(p, at, o));
    }
}

/* ---- JSON ---- */

static void label_json(Predict *p, size_t at)
{
    int best = seqrt_chances(p->model, p->out, at, p->chances);
    printf(", \"%s\": ", p->task->target == SEQRT_NEXT ? "next" : "class");
    seqrt_json_text(stdout, seqrt_label_name(p->task, best));
    fputs(", \"chances\": {", stdout);
    for (int i = 0; i < seqrt_labels(p->task); i++) {
        fputs(i ? ", " : "", stdout);
        seqrt_json_text(stdout, seqrt_label_name(p->task, i));
        fputs(": ", stdout);
        seqrt_json_real(stdout, p->model, p->chances[i]);
    }
    putchar('}');
}

static void value_json(Predict *p, size_t at)
{
    char name[1024];
    fputs(", \"values\": {", stdout);
    for (int o = 0; o < p->task->outputs; o++) {
        fputs(o ? ", " : "", stdout);
        seqrt_json_text(stdout, seqrt_output_name(p->task, o, name));
        fputs(": ", stdout);
        seqrt_json_real(stdout, p->model, value_at(p, at, o));
    }
    putchar('}');
}

/* ---- lines ---- */

/* step 0: the sequence as a whole; text NULL: none. */
static void line_print(Predict *p, long sequence, long step, const char *text, size_t at)
{
    bool labels = seqrt_labels(p->task) > 0;
    if (!p->t->options.json) {
        if (step)
            printf("%ld,%ld,", sequence, step);
        (labels ? label_csv : value_csv)(p, at);
        putchar('\n');
        return;
    }
    printf("{\"sequence\": %ld", sequence);
    if (step)
        printf(", \"step\": %ld", step);
    else if (text) {
        fputs(", \"text\": ", stdout);
        seqrt_json_text(stdout, text);
    }
    (labels ? label_json : value_json)(p, at);
    fputs("}\n", stdout);
}

/* Rows of a batch; a carried stream goes on where the batch before ended. */
static void batch_print(Predict *p, const SeqrtDataset *data, const SeqrtBatch *batch, const int *items)
{
    size_t T = (size_t)p->model->T, O = (size_t)p->task->outputs;
    bool carry = p->task->carry_state, windows = p->task->window_length > 0 && !carry;
    for (size_t b = 0; b < (size_t)batch->rows; b++) {
        long sequence = windows ? ++p->windows : p->lines + data->items[items[b]].given, before = carry ? p->step : 0;
        if (!p->model->per_step && batch->lengths[b] > 0)
            line_print(p, sequence, 0, data->texts ? data->texts[items[b]] : NULL, b * O);
        for (size_t t = 0; p->model->per_step && t < (size_t)batch->lengths[b]; t++)
            line_print(p, sequence, before + (long)t + 1, NULL, (b * T + t) * O);
        p->step += batch->lengths[b];
    }
}

/* ---- pieces ---- */

/* A series whose state is carried is one stream, however many of them a training batch has side by side: every prediction has all that came before. */
static SeqrtLoader *loader_new(const Predict *p, const SeqrtDataset *data, const SeqrtPart *part)
{
    SeqrtModel model = *p->model;
    if (p->task->carry_state)
        model.B = 1;
    return seqrt_loader_new(&model, data, part);
}

/* Frees the piece. */
static int piece_predict(Predict *p, SeqrtDataset *data)
{
    if (!data || !seqrt_dataset_fits(p->model, data, &p->error)) {
        seqrt_dataset_free(data);
        return seqrt_stop(p->t, EXIT_DATA, &p->error);
    }
    SeqrtPart part = seqrt_part_whole(data);
    SeqrtLoader *loader = loader_new(p, data, &part);
    if (!loader)
        fprintf(stderr, "%s: out of memory\n", p->t->program);
    header_print(p);
    p->model->reset(p->t->memory);
    for (int i = 0; loader && i < seqrt_loader_batches(loader); i++) {
        SeqrtBatch batch;
        const int *items;
        seqrt_loader_get(loader, i, &batch, &items);
        seqrt_team_forward(p->t->team, p->model, p->t->memory, &batch, p->out);
        batch_print(p, data, &batch, items);
        seqrt_progress_count(&p->progress, batch.rows);
    }
    seqrt_loader_free(loader);
    seqrt_part_free(&part);
    seqrt_dataset_free(data);
    return loader ? EXIT_DONE : EXIT_SYSTEM;
}

/* Whole batches: sequences fall into the same ones as if all were read at once. Standard input is answered a batch at a time. */
static int piece_items(const Predict *p, bool standard)
{
    int B = p->model->B;
    return standard || B > PIECE ? B : PIECE / B * B;
}

static int table_predict(Predict *p, const char *path)
{
    bool standard = !strcmp(path, "-");
    bool found = standard || seqrt_data_found(path, p->t->options.data, "--data", &p->error);
    SeqrtReader *reader = found ? seqrt_reader_open(p->task, path, false, &p->error) : NULL;
    SeqrtDataset *piece;
    int code = EXIT_DONE, got = reader ? 1 : -1;
    while (code == EXIT_DONE && got == 1) {
        got = seqrt_reader_next(reader, piece_items(p, standard), &piece, &p->error);
        if (got != 1)
            break;
        code = piece_predict(p, piece);
        if (standard)
            fflush(stdout);
    }
    seqrt_reader_close(reader);
    return got < 0 ? seqrt_stop(p->t, EXIT_DATA, &p->error) : code;
}

/* ---- lines of standard input ---- */

static bool line_read(char **line, size_t *room)
{
    ssize_t got = getline(line, room, stdin);
    if (got < 0)
        return false;
    while (got > 0 && ((*line)[got - 1] == '\n' || (*line)[got - 1] == '\r'))
        (*line)[--got] = 0;
    return true;
}

static bool line_is_text(Predict *p, const char *line, long number)
{
    return p->task->input == SEQRT_BYTES || !*seqrt_utf8_end(line) || seqrt_fail(&p->error, "-:%ld: bytes that are not UTF-8", number);
}

static int chunk_predict(Predict *p, char **lines, int count)
{
    int code = piece_predict(p, seqrt_dataset_from_texts(p->task, count, lines, &p->error));
    p->lines += count;
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
    bool good = true;
    while (code == EXIT_DONE && line_read(&line, &room) && (good = line_is_text(p, line, p->lines + count + 1))) {
        if (p->lines + count == 0)
            memmove(line, seqrt_text_start(line), strlen(seqrt_text_start(line)) + 1);
        lines[count++] = line;
        line = NULL;
        if (count == p->model->B) {
            code = chunk_predict(p, lines, count);
            count = 0;
        }
    }
    if (count)
        code = chunk_predict(p, lines, count);
    if (!good)
        code = seqrt_stop(p->t, EXIT_DATA, &p->error);
    free(line);
    free(lines);
    return code;
}

/* ---- the command ---- */

static bool texts_are(const Options *o, const char *text) { return o->texts_count == 1 && !strcmp(o->texts[0], text); }

static int source_predict(Predict *p)
{
    const Options *o = &p->t->options;
    bool standard = texts_are(o, "-");
    if (o->texts_count && !standard)
        return piece_predict(p, seqrt_dataset_from_texts(p->task, o->texts_count, o->texts, &p->error));
    seqrt_progress_start(&p->progress, o->quiet, 0);
    int code = !standard         ? table_predict(p, seqrt_data_path(p->t))
             : p->task->features ? table_predict(p, "-")
                                 : lines_predict(p);
    seqrt_progress_rate(&p->progress, o->quiet || code != EXIT_DONE);
    return code;
}

static bool source_check(Predict *p)
{
    const Options *o = &p->t->options;
    if (o->texts_count && o->data)
        return seqrt_fail(&p->error, "found --data and text; expected one of them");
    if (o->texts_count && p->task->features && !texts_are(o, "-"))
        return seqrt_fail(&p->error, "the model reads numbers: expected --data F, or - for CSV on standard input; found text");
    return o->texts_count || seqrt_data_path(p->t) || seqrt_fail(&p->error, "the spec names no data; predict expects --data F or text");
}

int seqrt_predict(Trainer *t)
{
    Predict p = {.t = t, .model = t->model, .task = t->model->task};
    if (!source_check(&p))
        return seqrt_stop(t, EXIT_USAGE, &p.error);
    if (!seqrt_weights_load(t, t->options.load, &p.error))
        return seqrt_stop(t, EXIT_DATA, &p.error);
    p.out = seqrt_need(seqrt_outputs(p.model, p.model->B), (size_t)p.model->real_bytes);
    p.chances = seqrt_need((size_t)p.task->outputs + 1, sizeof *p.chances);
    int code = source_predict(&p);
    free(p.out);
    free(p.chances);
    return code;
}
