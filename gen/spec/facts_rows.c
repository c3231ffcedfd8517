/* facts_rows.c: what else is wrong with the rows of train, once one is.
 *
 * Takes: a task whose columns are known, the fault that a reader stopped at. Gives: an error a fault, at the place that names the file. Does not: look for
 * what depends on other rows (a sequence's last one, its length), or read a file that is right a second time.
 */
#include "facts.h"

#include <stdio.h>
#include <string.h>

enum { FAULTS_SHOWN = 10 };

typedef struct Faults {
    const Facts *facts;
    const SeqrtTable *table;
    const char *known; /* the fault that is told already, and perhaps more of it */
    int count;
} Faults;

static void fault_add(Faults *f, const SeqrtError *error)
{
    if (strncmp(f->known, error->text, strlen(error->text)) != 0 && f->count++ < FAULTS_SHOWN)
        facts_fail(f->facts, &f->facts->draft->train, error);
}

static void number_check(Faults *f, const char *name, bool may_be_empty)
{
    SeqrtError error;
    double value;
    const int column = seqrt_table_find(f->table, name);
    if (may_be_empty && !*seqrt_table_cell(f->table, column))
        return;
    if (!seqrt_table_number(f->table, column, &value, &error))
        fault_add(f, &error);
}

static void class_check(Faults *f)
{
    const SeqrtTask *task = &f->facts->spec->task;
    const char *cell = seqrt_table_cell(f->table, seqrt_table_find(f->table, task->target_columns[0]));
    if (!*cell)
        return;
    for (int i = 0; i < task->classes_count; i++)
        if (strcmp(task->classes[i], cell) == 0)
            return;
    SeqrtError error;
    snprintf(error.text, sizeof error.text, "%s:%ld: column \"%.100s\": unknown class \"%.100s\"", f->facts->train, seqrt_table_row(f->table),
             task->target_columns[0], cell);
    fault_add(f, &error);
}

static void row_check(Faults *f)
{
    const SeqrtTask *task = &f->facts->spec->task;
    for (int i = 0; i < task->input_columns_count; i++)
        number_check(f, task->input_columns[i], false);
    for (int i = 0; seqrt_is_numbers(task->target) && i < task->target_columns_count; i++)
        number_check(f, task->target_columns[i], task->target == SEQRT_VALUE);
    if (task->classes_count > 0)
        class_check(f);
}

bool facts_rows(const Facts *facts, const SeqrtError *known)
{
    SeqrtError error;
    facts_fail(facts, &facts->draft->train, known);
    SeqrtTable *table = facts->spec->task.input == SEQRT_TEXT ? NULL : seqrt_table_open(facts->train, &error);
    if (!table)
        return false;
    Faults f = {facts, table, known->text, 1};
    for (int got = 1; got != 0;) {
        got = seqrt_table_next(table, &error);
        if (got > 0)
            row_check(&f);
        else if (got < 0)
            fault_add(&f, &error);
        if (got < 0 && !seqrt_table_row_is_whole(table))
            break;
    }
    seqrt_table_close(table);
    if (f.count > FAULTS_SHOWN)
        diag_error(facts->reader->diag, facts->draft->train.loc, NULL, "%s: %d more faults in its rows", facts->train, f.count - FAULTS_SHOWN);
    return false;
}
