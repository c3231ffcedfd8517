/* facts_pass.c: one pass over train for vocabulary, classes and the longest sequence.
 *
 * Takes: the train file, what was written out. Gives: task.vocab, task.classes, task.max_length, the columns.
 * Does not: read numbers; the dataset does, and finds what is wrong with them.
 */
#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"
#include "data_own.h"
#include "facts.h"
#include "tally.h"

typedef struct Pass {
    Facts *facts;
    Tally tokens, classes;
    int text, sequence, target; /* columns, -1: none */
    int64_t longest, run, rows;
    char *group;                /* value of the sequence column in this run */
} Pass;

/* ---- counting ---- */

static void longer(Pass *pass, int64_t steps)
{
    if (steps > pass->longest)
        pass->longest = steps;
}

static int64_t count_tokens(Pass *pass, const char *text)
{
    const SeqrtTask *task = &pass->facts->spec->task;
    const bool tally = !pass->facts->draft->vocab_written;
    char token[256];
    int64_t steps = 0;
    for (; seqrt_token_next(task->input, task->lowercase, &text, token); steps++)
        if (tally)
            tally_add(&pass->tokens, token);
    return steps;
}

static void count_run(Pass *pass, const SeqrtTable *table)
{
    const char *cell = pass->sequence < 0 ? "" : seqrt_table_cell(table, pass->sequence);
    if (!pass->group || strcmp(pass->group, cell) != 0) {
        free(pass->group);
        pass->group = mem_copy(cell);
        pass->run = 0;
    }
    longer(pass, ++pass->run);
}

static void count_row(Pass *pass, const SeqrtTable *table)
{
    const SeqrtTask *task = &pass->facts->spec->task;
    pass->rows++;
    if (pass->text >= 0)
        longer(pass, count_tokens(pass, seqrt_table_cell(table, pass->text)) - (task->target == SEQRT_NEXT));
    else if (task->input == SEQRT_ROWS)
        count_run(pass, table);
    if (pass->target >= 0 && seqrt_table_cell(table, pass->target)[0])
        tally_add(&pass->classes, seqrt_table_cell(table, pass->target));
}

/* ---- files ---- */

static void find_columns(Pass *pass, const SeqrtTable *table)
{
    const SeqrtTask *task = &pass->facts->spec->task;
    const bool classes = (task->target == SEQRT_CLASS || task->target == SEQRT_TAG) && !pass->facts->draft->classes_written;
    pass->text = task->text_column ? seqrt_table_find(table, task->text_column) : -1;
    pass->sequence = task->sequence_column ? seqrt_table_find(table, task->sequence_column) : -1;
    pass->target = classes ? seqrt_table_find(table, task->target_columns[0]) : -1;
}

static bool pass_table(Pass *pass)
{
    const Place *place = &pass->facts->draft->train;
    SeqrtError error;
    SeqrtTable *table = seqrt_table_open(pass->facts->train, &error);
    if (!table)
        return facts_fail(pass->facts, place, &error);
    bool good = facts_columns(pass->facts, table);
    int row = 0;
    if (good) {
        find_columns(pass, table);
        while ((row = seqrt_table_next(table, &error)) == 1)
            count_row(pass, table);
    }
    seqrt_table_close(table);
    if (row < 0)
        return facts_rows(pass->facts, &error);
    if (!good || pass->rows > 0)
        return good;
    diag_error(pass->facts->reader->diag, place->loc, NULL, "%s has a header and no rows", pass->facts->train);
    return false;
}

static bool pass_text(Pass *pass)
{
    SeqrtError error;
    char *text = seqrt_text_read(pass->facts->train, &error);
    if (!text)
        return facts_fail(pass->facts, &pass->facts->draft->train, &error);
    longer(pass, count_tokens(pass, seqrt_text_start(text)) - 1);
    free(text);
    return true;
}

/* ---- what was counted, into the task ---- */

static const char *const *texts_of(Pool *pool, const Tally *tally, int reserved)
{
    const char **texts = pool_alloc(pool, ((size_t)tally->count + (size_t)reserved) * sizeof *texts);
    for (int i = 0; i < reserved; i++)
        texts[i] = "";
    for (int64_t i = 0; i < tally->count; i++)
        texts[reserved + i] = tally->entries[i].text;
    return texts;
}

/* Written-out names as a tally, so that both come the same way. */
static void take_written(Tally *tally, const Names *names)
{
    for (int i = 0; i < names->count; i++)
        tally_add(tally, names->text[i]);
}

static bool fill_vocab(Pass *pass)
{
    const Facts *facts = pass->facts;
    SeqrtTask *task = &facts->spec->task;
    const DataDraft *draft = facts->draft;
    if (draft->vocab_written)
        take_written(&pass->tokens, &draft->vocab);
    else
        tally_choose(&pass->tokens, draft->vocab_min_count, draft->vocab_max);
    if (pass->tokens.count == 0) {
        diag_error(facts->reader->diag, draft->vocab_loc.line ? draft->vocab_loc : facts->spec->input_loc, NULL,
                   "no token of %s is seen %lld times; the vocabulary would be empty", facts->train, (long long)draft->vocab_min_count);
        return false;
    }
    if (pass->tokens.count + 2 > FACTS_MAX_V) {
        diag_error(facts->reader->diag, facts->spec->input_loc, "vocab: {max: 50000}", "%s has %lld different tokens; at most %d are possible",
                   facts->train, (long long)pass->tokens.count, FACTS_MAX_V - 2);
        return false;
    }
    task->vocab_count = (int)pass->tokens.count + 2;
    task->vocab = texts_of(facts->reader->pool, &pass->tokens, 2);
    return true;
}

/* "0.25", "-1.5e-3"; "12" and "1.2.3" may well be names */
static bool is_decimal(const char *text)
{
    char *end;
    strtod(text, &end);
    return strchr(text, '.') && *end == '\0' && text[strspn(text, "+-.0123456789eE")] == '\0';
}

/* A measured number as a label: a class or more every ten cells, and hardly one without a point ("0", "1") */
static bool classes_are_numbers(const Tally *classes)
{
    enum { MANY = 50 };
    int64_t cells = 0, decimals = 0;
    for (int64_t i = 0; i < classes->count; i++) {
        cells += classes->entries[i].count;
        if (is_decimal(classes->entries[i].text))
            decimals += classes->entries[i].count;
    }
    return classes->count > MANY && 10 * classes->count > cells && 10 * decimals > 9 * cells;
}

static bool fill_classes(Pass *pass)
{
    const Facts *facts = pass->facts;
    SeqrtTask *task = &facts->spec->task;
    const int64_t count = facts->draft->classes_written ? facts->draft->classes.count : pass->classes.count;
    if (count < 2 || count > FACTS_MAX_V) {
        diag_error(facts->reader->diag, facts->draft->targets.loc[0], count < 2 ? "classes: [no, yes] writes them out" : "for numbers: target: {value: COLUMN}",
                   "column '%s' of %s: found %lld class%s, expected from 2 to %d", task->target_columns[0], facts->train,
                   (long long)count, count == 1 ? "" : "es", FACTS_MAX_V);
        return false;
    }
    if (!facts->draft->classes_written && classes_are_numbers(&pass->classes))
        facts->spec->numbers_loc = facts->draft->targets.loc[0];
    if (facts->draft->classes_written)
        take_written(&pass->classes, &facts->draft->classes);
    else
        tally_choose(&pass->classes, 1, 0);
    task->classes_count = (int)count;
    task->classes = texts_of(facts->reader->pool, &pass->classes, 0);
    return true;
}

static bool fill_length(Pass *pass)
{
    const Facts *facts = pass->facts;
    const DataDraft *draft = facts->draft;
    const int64_t fixed = facts->spec->window_given ? draft->window_length : draft->shape_T ? draft->shape_T : draft->max_length;
    const int64_t T = fixed ? fixed : pass->longest > 0 ? pass->longest : 1;
    facts->spec->task.max_length = (int)T;
    if (T <= FACTS_MAX_T)
        return true;
    diag_error(facts->reader->diag, draft->train.loc, "max_length: 1000 in data", "the longest sequence of %s has %lld steps; at most %d are possible",
               facts->train, (long long)T, FACTS_MAX_T);
    return false;
}

bool facts_pass(Facts *facts)
{
    const SeqrtTask *task = &facts->spec->task;
    Pool *pool = facts->reader->pool;
    Pass pass = {.facts = facts, .tokens = {.pool = pool}, .classes = {.pool = pool}, .text = -1, .sequence = -1, .target = -1};
    bool good = task->input == SEQRT_TEXT ? pass_text(&pass) : pass_table(&pass);
    if (good) {
        good = task->input == SEQRT_ROWS || task->input == SEQRT_SHAPED || fill_vocab(&pass);
        good = ((task->target != SEQRT_CLASS && task->target != SEQRT_TAG) || fill_classes(&pass)) && good;
        good = fill_length(&pass) && good;
    }
    free(pass.group);
    tally_free(&pass.tokens);
    tally_free(&pass.classes);
    return good;
}
