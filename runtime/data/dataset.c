/* dataset.c: a file, or texts, as sequences of steps with their targets.
 *
 * Takes: a path or strings, a SeqrtTask. Gives: a SeqrtDataset: steps in flat arrays, items that point into them.
 * Does not: choose vocabulary, classes or normalisation (they come with the task), or order batches.
 */
#define _GNU_SOURCE
#include "data_own.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A dataset in the making, and the sequence being read. */
typedef struct Builder {
    const SeqrtTask *task;
    SeqrtDataset *data;
    SeqrtError *error;
    bool need_target;
    bool reads_target;       /* the target's columns are there */
    bool no_memory;
    SeqrtVocab *vocab, *classes;
    int *inputs, *targets;   /* columns of the file */
    int text_column, sequence_column;
    int32_t *labels;         /* [steps] class of each row (ROWS), -1 where empty */
    long *rows;              /* [steps] row of the file (ROWS) */
    size_t steps_capacity, items_capacity;
    size_t start;            /* first step of the sequence */
    long row, given;         /* row where it starts; its number, from 1 */
    char *group;             /* its value in the sequence column */
    SeqrtGroups *groups;     /* all of them; NULL: not asked for */
    int32_t label;           /* its class and value where one row is a sequence */
    double *value;           /* [target columns] */
    char *text;
    bool has_target;         /* as in data, from the first row on */
    bool held;               /* the table's current row begins the next piece */
    bool any;                /* a piece had an item */
} Builder;

static bool no_memory(Builder *b) { return seqrt_fail(b->error, "%s: out of memory", b->data->path); }

/* ---- room for steps and items ---- */

static void *grown(Builder *b, void *old, size_t count, size_t size)
{
    void *array = seqrt_resize(old, count, size);
    if (!array) b->no_memory = true;
    return array ? array : old;
}

static bool is_rows(const Builder *b) { return b->task->input == SEQRT_ROWS; }

static bool has_series(const Builder *b)
{
    return is_rows(b) && b->reads_target && seqrt_is_numbers(b->task->target);
}

static bool reads_class(const Builder *b, SeqrtTarget target) { return b->reads_target && b->task->target == target; }

static bool steps_grow(Builder *b, size_t count)
{
    SeqrtDataset *data = b->data;
    size_t features = (size_t)b->task->features, columns = (size_t)b->task->target_columns_count;
    if (features) data->x = grown(b, data->x, count, features * sizeof *data->x);
    else data->tokens = grown(b, data->tokens, count, sizeof *data->tokens);
    if (is_rows(b)) b->rows = grown(b, b->rows, count, sizeof *b->rows);
    if (is_rows(b) && reads_class(b, SEQRT_CLASS)) b->labels = grown(b, b->labels, count, sizeof *b->labels);
    if (reads_class(b, SEQRT_TAG)) data->tags = grown(b, data->tags, count, sizeof *data->tags);
    if (has_series(b)) data->series = grown(b, data->series, count, columns * sizeof *data->series);
    if (!b->no_memory) b->steps_capacity = count;
    return !b->no_memory || no_memory(b);
}

static bool steps_reserve(Builder *b, size_t more)
{
    size_t need = b->data->steps + more;
    if (need <= b->steps_capacity) return true;
    if (need > INT32_MAX) return seqrt_fail(b->error, "%s:%ld: more than 2^31-1 steps", b->data->path, b->row);
    return steps_grow(b, seqrt_capacity(b->steps_capacity, need));
}

static bool items_reserve(Builder *b)
{
    SeqrtDataset *data = b->data;
    size_t need = (size_t)data->items_count + 1, width = seqrt_value_width(b->task);
    if (need <= b->items_capacity) return true;
    if (need > INT32_MAX) return seqrt_fail(b->error, "%s:%ld: more than 2^31-1 sequences", data->path, b->row);
    size_t count = seqrt_capacity(b->items_capacity, need);
    data->items = grown(b, data->items, count, sizeof *data->items);
    if (b->text) data->texts = grown(b, data->texts, count, sizeof *data->texts);
    if (width && data->has_target) data->values = grown(b, data->values, count, width * sizeof *data->values);
    if (!b->no_memory) b->items_capacity = count;
    return !b->no_memory || no_memory(b);
}

/* ---- targets ---- */

/* Reading goes on without a target that cannot be used and is not needed. */
static bool target_drop(Builder *b)
{
    SeqrtDataset *data = b->data;
    b->reads_target = b->has_target = data->has_target = false;
    free(data->tags);
    free(data->series);
    free(data->values);
    free(b->labels);
    data->tags = b->labels = NULL;
    data->series = data->values = NULL;
    return true;
}

/* Rows that end no item need no class and no value. */
static bool may_be_empty(const Builder *b)
{
    return is_rows(b) && !b->task->carry_state && (b->task->target == SEQRT_CLASS || b->task->target == SEQRT_VALUE);
}

static bool class_unknown(Builder *b, const SeqrtTable *table)
{
    const SeqrtTask *task = b->task;
    char known[600] = "";
    size_t used = 0;
    int i = 0;
    for (; i < task->classes_count && i < 12 && used < sizeof known - 100; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s\"%.40s\"", i ? ", " : "", task->classes[i]);
    return seqrt_fail(b->error, "%s:%ld: column \"%.100s\": unknown class \"%.100s\"; the %d known ones are %s%s; in the spec,"
                           " classes: [..] beside the target writes all of them out", b->data->path, seqrt_table_row(table), task->target_columns[0],
                           seqrt_table_cell(table, b->targets[0]), task->classes_count, known, i < task->classes_count ? ", .." : "");
}

static bool label_read(Builder *b, const SeqrtTable *table, int32_t *label)
{
    const char *cell = seqrt_table_cell(table, b->targets[0]);
    *label = seqrt_vocab_get(b->classes, cell);
    if (*label >= 0 || (may_be_empty(b) && !*cell)) return true;
    return b->need_target ? class_unknown(b, table) : target_drop(b);
}

/* bce compares with chances. */
static bool is_chance(const Builder *b, double value) { return b->task->loss != SEQRT_BCE || (value >= 0 && value <= 1); }

static bool value_beyond(Builder *b, long row, int column, double value)
{
    if (!b->need_target) return target_drop(b);
    return seqrt_fail(b->error, "%s:%ld: column \"%.200s\": %g; loss: bce expects numbers from 0 to 1", b->data->path, row,
                           b->task->target_columns[column], value);
}

static bool value_read(Builder *b, const SeqrtTable *table, double *value)
{
    const SeqrtTask *task = b->task;
    for (int c = 0; c < task->target_columns_count; c++) {
        value[c] = NAN;
        if (may_be_empty(b) && !*seqrt_table_cell(table, b->targets[c])) continue;
        if (!seqrt_table_number(table, b->targets[c], &value[c], b->error)) return b->need_target ? false : target_drop(b);
        if (task->target == SEQRT_SIGNAL && !is_chance(b, value[c])) return value_beyond(b, seqrt_table_row(table), c, value[c]);
        if (task->target_shift) value[c] = (value[c] - task->target_shift[c]) / task->target_scale[c];
    }
    return true;
}

/* The target of one row, into step arrays (step < SIZE_MAX) or the sequence's own label and value. */
static bool target_read(Builder *b, const SeqrtTable *table, size_t step)
{
    bool own = step == SIZE_MAX;
    size_t columns = (size_t)b->task->target_columns_count;
    if (!b->reads_target) return true;
    if (b->task->target == SEQRT_CLASS) return label_read(b, table, own ? &b->label : &b->labels[step]);
    if (b->task->target == SEQRT_TAG) return label_read(b, table, &b->data->tags[step]);
    return value_read(b, table, own ? b->value : b->data->series + step * columns);
}

/* ---- items ---- */

static bool target_missing(Builder *b, size_t last)
{
    if (!b->need_target) return target_drop(b);
    return seqrt_fail(b->error, "%s:%ld: column \"%.200s\": empty, where a sequence or window ends; a %s is expected", b->data->path,
                           b->rows ? b->rows[last] : b->row, b->task->target_columns[0], b->task->target == SEQRT_CLASS ? "class" : "number");
}

static bool item_values(Builder *b, size_t last)
{
    size_t width = seqrt_value_width(b->task), columns = (size_t)b->task->target_columns_count;
    size_t from = b->task->target == SEQRT_FORECAST ? last + 1 : last;
    const double *source = b->data->series ? b->data->series + from * columns : b->value;
    for (size_t i = 0; i < width; i++)
        if (isnan(source[i])) return target_missing(b, last);
        else if (!is_chance(b, source[i])) return value_beyond(b, b->rows ? b->rows[last] : b->row, (int)(i % columns), source[i]);
    memcpy(b->data->values + (size_t)b->data->items_count * width, source, width * sizeof *source);
    return true;
}

/* `last`: the step whose row a class or value stands in */
static bool item_target(Builder *b, SeqrtItem *item, size_t last)
{
    if (!b->data->has_target) return true;
    if (seqrt_value_width(b->task)) return item_values(b, last);
    if (b->task->target != SEQRT_CLASS) return true;
    item->label = b->labels ? b->labels[last] : b->label;
    return item->label >= 0 || target_missing(b, last);
}

static bool item_add(Builder *b, size_t at, size_t length, size_t last)
{
    SeqrtDataset *data = b->data;
    SeqrtItem item = {at, (int)length, -1, b->rows ? b->rows[at] : b->row, data->sequences_count, b->given};
    if (!items_reserve(b) || !item_target(b, &item, last)) return false;
    if (b->text) data->texts[data->items_count] = b->text;
    data->items[data->items_count++] = item;
    return true;
}

static bool windows_add(Builder *b, size_t usable)
{
    const SeqrtTask *task = b->task;
    size_t window = (size_t)task->window_length, stride = (size_t)task->window_stride;
    if (task->max_length && task->max_length < task->window_length) window = (size_t)task->max_length;
    if (!stride) stride = window;
    for (size_t at = 0; at < usable; at += stride) {
        size_t length = usable - at < window ? usable - at : window;
        if (length < window && task->target == SEQRT_FORECAST) break;
        if (!item_add(b, b->start + at, length, b->start + at + length - 1)) return false;
        if (at + length == usable) break; /* a further window would hold nothing new */
    }
    return true;
}

static bool sequence_cut(Builder *b)
{
    const SeqrtTask *task = b->task;
    size_t most_ahead = seqrt_look_ahead(task), ahead = b->need_target ? most_ahead : 0; /* else what follows the end is asked for */
    size_t steps = b->data->steps - b->start, longest = (size_t)task->max_length;
    if (steps <= ahead) return true;
    size_t usable = steps - ahead;
    if (task->window_length && !task->carry_state) return windows_add(b, usable);
    if (!task->carry_state && longest && usable > longest) {
        if (task->too_long_error && steps > longest + most_ahead)
            return seqrt_fail(b->error, "%s:%ld: a sequence of %zu steps; at most %zu are expected (max_length)", b->data->path,
                                   b->row, steps - most_ahead, longest);
        usable = longest;
    }
    return item_add(b, b->start, usable, b->start + (steps - ahead) - 1); /* that of a sequence cut short is the whole one's */
}

static void sequence_start(Builder *b, long row)
{
    b->start = b->data->steps;
    b->row = row;
    b->given++;
}

/* Items share the text. A sequence without any leaves no trace. */
static bool sequence_end(Builder *b)
{
    int before = b->data->items_count;
    bool ok = sequence_cut(b), none = b->data->items_count == before;
    b->data->short_row = none ? b->row : 0;
    b->data->short_steps = b->data->steps - b->start;
    if (none) {
        b->data->steps = b->start;
        free(b->text);
    } else b->data->sequences_count++;
    b->text = NULL;
    return ok;
}

/* ---- steps ---- */

static bool token_add(Builder *b, int token)
{
    if (!steps_reserve(b, 1)) return false;
    b->data->tokens[b->data->steps++] = token;
    return true;
}

static bool tokens_add(Builder *b, const char *text)
{
    char token[256];
    size_t before = b->data->steps;
    while (seqrt_token_next(b->task->input, b->task->lowercase, &text, token))
        if (!token_add(b, seqrt_vocab_find(b->vocab, token))) return false;
    return b->data->steps > before || token_add(b, 1);
}

/* The row's input columns as `steps` steps of F features. */
static bool numbers_add(Builder *b, const SeqrtTable *table, size_t steps)
{
    const SeqrtTask *task = b->task;
    if (!steps_reserve(b, steps)) return false;
    double *x = b->data->x + b->data->steps * (size_t)task->features;
    for (int c = 0; c < task->input_columns_count; c++) {
        int f = c % task->features;
        if (!seqrt_table_number(table, b->inputs[c], &x[c], b->error)) return false;
        if (task->input_shift) x[c] = (x[c] - task->input_shift[f]) / task->input_scale[f];
    }
    b->data->steps += steps;
    return true;
}

/* ---- rows of a table ---- */

static bool text_row(Builder *b, const SeqrtTable *table)
{
    const char *cell = seqrt_table_cell(table, b->text_column);
    sequence_start(b, seqrt_table_row(table));
    b->text = strdup(cell);
    if (!b->text) return no_memory(b);
    return tokens_add(b, cell) && target_read(b, table, SIZE_MAX) && sequence_end(b);
}

static bool shaped_row(Builder *b, const SeqrtTable *table)
{
    sequence_start(b, seqrt_table_row(table));
    return numbers_add(b, table, (size_t)(b->task->input_columns_count / b->task->features)) && target_read(b, table, SIZE_MAX) && sequence_end(b);
}

/* Ends the sequence where the sequence column's value changes; the row that changed it waits where that makes a piece. */
static bool group_follow(Builder *b, const SeqrtTable *table, int items)
{
    const char *cell = b->sequence_column < 0 ? "" : seqrt_table_cell(table, b->sequence_column);
    if (b->group && !strcmp(b->group, cell)) return true;
    if (b->group && !sequence_end(b)) return false;
    b->held = b->group && b->data->items_count >= items;
    free(b->group);
    b->group = NULL;
    if (b->held) return true;
    b->group = strdup(cell);
    sequence_start(b, seqrt_table_row(table));
    bool known = b->group && (!b->groups || seqrt_groups_add(b->groups, cell, b->row));
    return known || no_memory(b);
}

static bool series_row(Builder *b, const SeqrtTable *table, int items)
{
    if (!group_follow(b, table, items)) return false;
    if (b->held) return true;
    size_t step = b->data->steps;
    if (!numbers_add(b, table, 1)) return false;
    b->rows[step] = seqrt_table_row(table);
    return target_read(b, table, step);
}

static bool column_find(Builder *b, const SeqrtTable *table, const char *name, int *column)
{
    *column = seqrt_table_find(table, name);
    return *column >= 0 || seqrt_table_no_column(table, name, b->error);
}

static bool columns_find(Builder *b, const SeqrtTable *table)
{
    const SeqrtTask *task = b->task;
    b->text_column = b->sequence_column = -1;
    if (!task->features && !column_find(b, table, task->text_column, &b->text_column)) return false;
    if (task->sequence_column && !column_find(b, table, task->sequence_column, &b->sequence_column)) return false;
    for (int i = 0; i < task->input_columns_count; i++)
        if (!column_find(b, table, task->input_columns[i], &b->inputs[i])) return false;
    bool found = true;
    for (int i = 0; i < task->target_columns_count && found; i++) {
        found = column_find(b, table, task->target_columns[i], &b->targets[i]);
        if (!found && b->need_target) return false;
    }
    b->reads_target = found && task->target != SEQRT_NEXT;
    b->has_target = found && (b->need_target || !seqrt_look_ahead(task));
    return true;
}

/* Rows until there are `items` items, or the end. */
static bool rows_read(Builder *b, SeqrtTable *table, int items, bool *end)
{
    SeqrtInput input = b->task->input;
    int got = 1;
    bool ok = true, held = b->held;
    b->held = false;
    while (ok && !b->held && (input == SEQRT_ROWS || b->data->items_count < items)) {
        got = held ? 1 : seqrt_table_next(table, b->error);
        held = false;
        if (got != 1) break;
        ok = input == SEQRT_ROWS ? series_row(b, table, items) : input == SEQRT_SHAPED ? shaped_row(b, table) : text_row(b, table);
    }
    *end = got == 0;
    if (!ok || got < 0) return false;
    if (!b->row) return seqrt_fail(b->error, "%s: no rows below the header", b->data->path);
    return input != SEQRT_ROWS || !*end || sequence_end(b);
}

/* ---- one text ---- */

char *seqrt_text_read(const char *path, SeqrtError *error)
{
    size_t bytes;
    char *text = seqrt_read_file(path, &bytes, error);
    const char *end = text ? seqrt_utf8_end(text) : NULL;
    if (end && bytes && end == text + bytes) return text;
    long line = 1;
    for (const char *s = text; s < end; s++) line += *s == '\n';
    if (text && !bytes) seqrt_fail(error, "%s: empty; text is expected", path);
    else if (text) seqrt_fail(error, "%s:%ld: %s", path, line, *end ? "bytes that are not UTF-8" : "a NUL byte; text is expected");
    free(text);
    return NULL;
}

static bool text_read(Builder *b)
{
    char *text = seqrt_text_read(b->data->path, b->error);
    sequence_start(b, 1);
    b->data->has_target = b->has_target = b->need_target;
    bool ok = text && tokens_add(b, seqrt_text_start(text)) && sequence_end(b);
    free(text);
    return ok;
}

/* ---- beginning and end ---- */

/* What each target may stand on */
static bool task_check(Builder *b)
{
    const SeqrtTask *task = b->task;
    static const unsigned sequence = 1u << SEQRT_CLASS | 1u << SEQRT_VALUE;
    static const unsigned text = 1u << SEQRT_CLASS | 1u << SEQRT_VALUE | 1u << SEQRT_NEXT;
    static const unsigned rows = 1u << SEQRT_CLASS | 1u << SEQRT_VALUE | 1u << SEQRT_TAG | 1u << SEQRT_FORECAST | 1u << SEQRT_SIGNAL;
    const unsigned allowed[] = {text, text, text, rows, sequence, 1u << SEQRT_NEXT}; /* by SeqrtInput */
    bool numbers = task->input == SEQRT_ROWS || task->input == SEQRT_SHAPED;
    if (!(allowed[task->input] >> task->target & 1))
        return seqrt_fail(b->error, "%s: this target needs another input: tags, signals and forecasts need rows, next needs text", b->data->path);
    if (numbers != (task->features > 0) || (numbers && task->input_columns_count % task->features))
        return seqrt_fail(b->error, "%s: %d columns for %d features a step", b->data->path, task->input_columns_count, task->features);
    if (task->carry_state && (!seqrt_one_series(task) || task->target == SEQRT_CLASS))
        return seqrt_fail(b->error, "%s: carry_state needs one long series, and a target other than class", b->data->path);
    return true;
}

static void arrays_free(Builder *b)
{
    free(b->labels);
    free(b->rows);
    free(b->text);
    b->labels = NULL;
    b->rows = NULL;
    b->text = NULL;
}

/* A dataset for the next piece, with nothing in it. */
static bool piece_start(Builder *b, const char *path)
{
    arrays_free(b);
    b->steps_capacity = b->items_capacity = 0;
    b->data = calloc(1, sizeof *b->data);
    if (!b->data) return seqrt_fail(b->error, "%s: out of memory", path);
    b->data->task = b->task;
    b->data->has_target = b->has_target;
    b->data->path = strdup(path);
    return b->data->path || seqrt_fail(b->error, "%s: out of memory", path);
}

static bool builder_start(Builder *b, const char *path)
{
    if (!piece_start(b, path) || !task_check(b)) return false;
    b->vocab = seqrt_vocab_new(b->task->vocab, b->task->vocab_count);
    b->classes = seqrt_vocab_new(b->task->classes, b->task->classes_count);
    b->inputs = seqrt_resize(NULL, (size_t)b->task->input_columns_count, sizeof *b->inputs);
    b->targets = seqrt_resize(NULL, (size_t)b->task->target_columns_count, sizeof *b->targets);
    b->value = seqrt_resize(NULL, (size_t)b->task->target_columns_count, sizeof *b->value);
    return (b->vocab && b->classes && b->inputs && b->targets && b->value) || no_memory(b);
}

static bool items_check(Builder *b)
{
    SeqrtDataset *data = b->data;
    for (int i = 0; i < data->items_count && !data->has_target; i++) data->items[i].label = -1;
    b->any |= data->items_count > 0;
    if (b->any) return true;
    if (b->task->target == SEQRT_NEXT)
        return seqrt_fail(b->error, "%s: no sequence has a next token; two tokens or more are expected", data->path);
    if (!b->need_target)
        return seqrt_fail(b->error, "%s: no sequence is long enough; a window of %d rows is expected", data->path, b->task->window_length);
    return seqrt_fail(b->error, "%s: no sequence is long enough; a window of %d rows and a horizon of %d are expected", data->path,
                           b->task->window_length, b->task->horizon);
}

static SeqrtDataset *piece_take(Builder *b)
{
    SeqrtDataset *piece = b->data;
    b->data = NULL;
    return piece;
}

/* Frees what only reading needed, and a piece that nobody took. */
static void builder_end(Builder *b)
{
    seqrt_vocab_free(b->vocab);
    seqrt_vocab_free(b->classes);
    free(b->inputs);
    free(b->targets);
    free(b->group);
    free(b->value);
    arrays_free(b);
    seqrt_dataset_free(b->data);
}

/* ---- reading in pieces ---- */
struct SeqrtReader {
    Builder builder;
    SeqrtTable *table;   /* NULL: one text */
    char *path;
    bool end;
};

static bool reader_start(SeqrtReader *reader, const char *path)
{
    Builder *b = &reader->builder;
    reader->path = strdup(path);
    if (!reader->path) return seqrt_fail(b->error, "%s: out of memory", path);
    if (!builder_start(b, path)) return false;
    if (b->task->input == SEQRT_TEXT) return true;
    reader->table = seqrt_table_open(path, b->error);
    if (!reader->table || !columns_find(b, reader->table)) return false;
    b->data->has_target = b->has_target;
    return true;
}

SeqrtReader *seqrt_reader_open(const SeqrtTask *task, const char *path, bool need_target, SeqrtError *error)
{
    SeqrtReader *reader = calloc(1, sizeof *reader);
    if (!reader) return seqrt_fail(error, "%s: out of memory", path), NULL;
    reader->builder = (Builder){.task = task, .error = error, .need_target = need_target};
    if (reader_start(reader, path)) return reader;
    seqrt_reader_close(reader);
    return NULL;
}

int seqrt_reader_next(SeqrtReader *reader, int items, SeqrtDataset **piece, SeqrtError *error)
{
    Builder *b = &reader->builder;
    b->error = error;
    if (reader->end) return 0;
    if (!b->data && !piece_start(b, reader->path)) return -1;
    reader->end = !reader->table;
    bool ok = reader->table ? rows_read(b, reader->table, items, &reader->end) : text_read(b);
    if (!ok || !items_check(b)) return -1;
    *piece = piece_take(b);
    if ((*piece)->items_count) return 1;
    seqrt_dataset_free(*piece);
    return 0;
}

void seqrt_reader_close(SeqrtReader *reader)
{
    if (!reader) return;
    builder_end(&reader->builder);
    seqrt_table_close(reader->table);
    free(reader->path);
    free(reader);
}

/* ---- reading whole ---- */

SeqrtDataset *seqrt_dataset_read(const SeqrtTask *task, const char *path, bool need_target, SeqrtError *error)
{
    SeqrtDataset *data = NULL;
    SeqrtGroups groups = {0};
    SeqrtReader *reader = seqrt_reader_open(task, path, need_target, error);
    if (reader && need_target && task->sequence_column) reader->builder.groups = &groups;
    if (reader && seqrt_reader_next(reader, INT_MAX, &data, error) < 1) data = NULL;
    if (data) data->warning = seqrt_groups_warning(&groups, path, task->sequence_column);
    seqrt_groups_free(&groups);
    seqrt_reader_close(reader);
    return data;
}

static bool texts_add(Builder *b, int count, char **texts)
{
    if (b->task->features)
        return seqrt_fail(b->error, "%s: text, where the model reads columns of numbers; a file is expected", b->data->path);
    if (b->task->carry_state && count > 1)
        return seqrt_fail(b->error, "%s: %d texts, where carry_state makes one series; one is expected", b->data->path, count);
    b->data->has_target = b->has_target = false;
    for (int i = 0; i < count; i++) {
        sequence_start(b, i + 1);
        if (b->task->input != SEQRT_BYTES && *seqrt_utf8_end(texts[i])) return seqrt_fail(b->error, "%s:%d: bytes that are not UTF-8", b->data->path, i + 1);
        b->text = strdup(texts[i]);
        if (!b->text) return no_memory(b);
        if (!tokens_add(b, texts[i]) || !sequence_end(b)) return false;
    }
    return true;
}

SeqrtDataset *seqrt_dataset_from_texts(const SeqrtTask *task, int count, char **texts, SeqrtError *error)
{
    Builder b = {.task = task, .error = error};
    bool ok = builder_start(&b, "TEXT") && texts_add(&b, count, texts) && items_check(&b);
    SeqrtDataset *data = ok ? piece_take(&b) : NULL;
    builder_end(&b);
    return data;
}

void seqrt_dataset_free(SeqrtDataset *data)
{
    if (!data) return;
    for (int i = 0; data->texts && i < data->items_count; i++)
        if (!i || data->texts[i] != data->texts[i - 1]) free(data->texts[i]);
    free(data->path);
    free(data->warning);
    free(data->tokens);
    free(data->x);
    free(data->tags);
    free(data->series);
    free(data->items);
    free(data->values);
    free(data->texts);
    free(data);
}
