/* facts_columns.c: names of columns against a file's header.
 *
 * Takes: names as written, `a*` among them. Gives: the task's columns; errors with the nearest name.
 * Does not: read a row.
 */
#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"
#include "facts.h"

/* ---- a name that is not there ---- */

static void report_missing(const Facts *facts, const SeqrtTable *table, const char *path, Loc loc, const char *name)
{
    const int count = seqrt_table_columns(table), shown = count < 20 ? count : 20;
    const char **header = mem_alloc((size_t)count * sizeof *header);
    Text hint = {0};
    for (int i = 0; i < count; i++)
        header[i] = seqrt_table_header(table, i);
    const bool twice = seqrt_table_find(table, name) == -2;
    const char *near = diag_nearest(name, header, count);
    if (near && !twice)
        text_add(&hint, "did you mean '%s'? ", near);
    text_add(&hint, twice ? "give one of them another name; its columns: " : "its columns: ");
    for (int i = 0; i < shown; i++)
        text_add(&hint, "%s%.64s", i ? ", " : "", header[i]);
    text_add(&hint, "%s", shown < count ? ", ..." : "");
    diag_error(facts->reader->diag, loc, hint.data, twice ? "%s has two columns '%.64s'" : "%s has no column '%.64s'", path, name);
    free(hint.data);
    free(header);
}

static bool want_column(const Facts *facts, const SeqrtTable *table, const char *path, Loc loc, const char *name)
{
    if (!name || seqrt_table_find(table, name) >= 0)
        return true;
    report_missing(facts, table, path, loc, name);
    return false;
}

/* ---- lists with globs ---- */

typedef struct Expansion {
    const Facts *facts;
    const SeqrtTable *table;
    bool *taken;          /* [columns of the file] */
    const char **names;   /* [columns of the file] */
    int count;
} Expansion;

static bool take(Expansion *e, int column, Loc loc)
{
    const char *name = seqrt_table_header(e->table, column);
    if (seqrt_table_find(e->table, name) == -2) {
        report_missing(e->facts, e->table, e->facts->train, loc, name);
        return false;
    }
    if (e->taken[column]) {
        diag_error(e->facts->reader->diag, loc, "leave it out", "the column '%.64s' is taken twice", name);
        return false;
    }
    e->taken[column] = true;
    e->names[e->count++] = pool_copy(e->facts->reader->pool, name);
    return true;
}

/* A glob passes over what names the sequence, and over inputs that answer the question: the targets are known by then. */
static bool passed_over(const Expansion *e, const char *name, bool inputs)
{
    const SeqrtTask *task = &e->facts->spec->task;
    const char *sequence = e->facts->draft->sequence.text;
    if (sequence && strcmp(sequence, name) == 0)
        return true;
    for (int i = 0; inputs && i < task->target_columns_count && task->target != SEQRT_FORECAST; i++)
        if (strcmp(task->target_columns[i], name) == 0)
            return true;
    return false;
}

static bool take_glob(Expansion *e, const char *pattern, Loc loc, bool inputs)
{
    const size_t prefix = strlen(pattern) - 1;
    const int before = e->count;
    bool good = true;
    for (int c = 0; c < seqrt_table_columns(e->table) && good; c++) {
        const char *name = seqrt_table_header(e->table, c);
        if (strncmp(name, pattern, prefix) == 0 && !passed_over(e, name, inputs))
            good = take(e, c, loc);
    }
    if (e->count > before || !good)
        return good;
    report_missing(e->facts, e->table, e->facts->train, loc, pattern);
    return false;
}

static bool take_name(Expansion *e, const char *name, Loc loc, bool inputs)
{
    const int column = seqrt_table_find(e->table, name);
    if (column >= 0)
        return take(e, column, loc);
    if (name[strlen(name) - 1] == '*')
        return take_glob(e, name, loc, inputs);
    report_missing(e->facts, e->table, e->facts->train, loc, name);
    return false;
}

static bool expand(const Facts *facts, const SeqrtTable *table, const Names *written, bool inputs, int *count, const char *const **columns)
{
    const size_t all = (size_t)seqrt_table_columns(table);
    Expansion e = {.facts = facts, .table = table, .taken = mem_alloc(all * sizeof(bool))};
    e.names = pool_alloc(facts->reader->pool, all * sizeof *e.names);
    bool good = true;
    for (int i = 0; i < written->count; i++)
        good = take_name(&e, written->text[i], written->loc[i], inputs) && good;
    free(e.taken);
    *count = e.count;
    *columns = e.names;
    return good;
}

/* ---- the task's columns ---- */

static bool check_shape(const Facts *facts)
{
    SeqrtTask *task = &facts->spec->task;
    const DataDraft *draft = facts->draft;
    const int64_t cells = draft->shape_T * draft->shape_F;
    task->features = task->input_columns_count;
    if (task->input != SEQRT_SHAPED)
        return true;
    task->features = (int)draft->shape_F;
    if (cells == task->input_columns_count)
        return true;
    diag_error(facts->reader->diag, facts->spec->input_loc, NULL, "shape [%lld, %lld] takes %lld columns, but %d are named",
               (long long)draft->shape_T, (long long)draft->shape_F, (long long)cells, task->input_columns_count);
    return false;
}

bool facts_columns(Facts *facts, const SeqrtTable *train)
{
    SeqrtTask *task = &facts->spec->task;
    const DataDraft *draft = facts->draft;
    bool good = want_column(facts, train, facts->train, draft->text_column.loc, draft->text_column.text);
    good = want_column(facts, train, facts->train, draft->sequence.loc, draft->sequence.text) && good;
    good = expand(facts, train, &draft->targets, false, &task->target_columns_count, &task->target_columns) && good;
    good = expand(facts, train, &draft->columns, true, &task->input_columns_count, &task->input_columns) && good;
    if (good && task->target_columns_count > 1 && (task->target == SEQRT_CLASS || task->target == SEQRT_TAG)) {
        diag_error(facts->reader->diag, draft->targets.loc[0], NULL, "the %s target takes one column, but '%s' stands for %d",
                   target_names[task->target], draft->targets.text[0], task->target_columns_count);
        return false;
    }
    return good && check_shape(facts);
}

static bool check_header(const Facts *facts, const SeqrtTable *table, const char *path, const Place *place)
{
    const SeqrtTask *task = &facts->spec->task;
    bool good = want_column(facts, table, path, place->loc, task->text_column);
    good = want_column(facts, table, path, place->loc, task->sequence_column) && good;
    const bool names = good;
    for (int i = 0; i < task->input_columns_count && good == names; i++) /* of a long list the first one says it all */
        good = want_column(facts, table, path, place->loc, task->input_columns[i]) && good;
    const bool inputs = good;
    for (int i = 0; i < task->target_columns_count && good == inputs; i++)
        good = want_column(facts, table, path, place->loc, task->target_columns[i]) && good;
    return good;
}

bool facts_other_file(Facts *facts, const char *path, const Place *place)
{
    SeqrtError error;
    if (!path || facts->spec->task.input == SEQRT_TEXT)
        return true;
    SeqrtTable *table = seqrt_table_open(path, &error);
    if (!table)
        return facts_fail(facts, place, &error);
    const bool good = check_header(facts, table, path, place);
    seqrt_table_close(table);
    return good;
}
