/* compare_same.c: whether figures of several specs may stand in one table.
 *
 * Takes: the candidates. Gives: errors where they predict different things or see different data, each with its place
 * and the first spec's; warnings where the figures are comparable with care. Does not: read data.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "support/mem.h"

static const char *const target_words[] = {"class", "value", "tag", "next", "forecast", "signal"};
static const char *const input_words[] = {"chars", "bytes", "words", "columns", "columns with shape", "text"};

typedef struct Pair {
    const Candidate *first, *other;
    Diag diag;
} Pair;

static void differs(Pair *pair, Loc loc, const char *what, const char *found, const char *expected)
{
    char *hint = mem_format("%s: %s; what is compared must predict the same thing on the same data", pair->first->path, expected);
    diag_error(&pair->diag, loc, hint, "%s: found %s, but the first spec has %s", what, found, expected);
    free(hint);
}

/* ---- files ---- */

/* The file that a data path means, with no other name; caller frees. */
static char *file_of(const Candidate *candidate, const char *path)
{
    if (!path)
        return mem_copy("none");
    char *joined = mem_format("%s%s", candidate->data_directory && *path != '/' ? candidate->data_directory : "", path);
    char *real = realpath(joined, NULL);
    if (!real)
        return joined;
    free(joined);
    return real;
}

static void same_file(Pair *pair, Loc loc, const char *what, const char *first, const char *other)
{
    char *a = file_of(pair->first, first), *b = file_of(pair->other, other);
    bool alike = first && other && strcmp(first, other) == 0; /* as they are written: the whole paths tell them apart */
    if (strcmp(a, b) != 0)
        differs(pair, loc, what, alike ? b : other ? other : "none", alike ? a : first ? first : "none");
    free(a);
    free(b);
}

static void same_split(Pair *pair, const SeqrtTask *a, const SeqrtTask *b)
{
    char found[40], expected[40];
    snprintf(found, sizeof found, "%g", b->valid_fraction);
    snprintf(expected, sizeof expected, "%g", a->valid_fraction);
    if (!a->valid_path && !b->valid_path && a->valid_fraction != b->valid_fraction)
        differs(pair, pair->other->spec->valid_loc, "data.valid", found, expected);
    else if (a->valid_path || b->valid_path)
        same_file(pair, pair->other->spec->valid_loc, "data.valid", a->valid_path, b->valid_path);
}

/* ---- lists of words ---- */

static bool same_words(int a_count, const char *const *a, int b_count, const char *const *b)
{
    for (int i = 0; a_count == b_count && i < a_count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return a_count == b_count;
}

/* "[a, b, c]", the first few; caller frees. */
static char *words_text(int count, const char *const *words)
{
    enum { SHOWN = 8 };
    Text text = {0};
    text_add(&text, "[");
    for (int i = 0; i < count && i < SHOWN; i++)
        text_add(&text, "%s%s", i ? ", " : "", words[i]);
    text_add(&text, "%s]", count > SHOWN ? ", .." : "");
    return text.data;
}

static void same_list(Pair *pair, const char *what, int a_count, const char *const *a, int b_count, const char *const *b)
{
    if (same_words(a_count, a, b_count, b))
        return;
    char *expected = words_text(a_count, a), *found = words_text(b_count, b);
    differs(pair, pair->other->spec->target_loc, what, found, expected);
    free(expected);
    free(found);
}

/* ---- the target ---- */

static void same_numbers(Pair *pair, const SeqrtTask *a, const SeqrtTask *b)
{
    char found[24], expected[24];
    snprintf(found, sizeof found, "%d", b->horizon);
    snprintf(expected, sizeof expected, "%d", a->horizon);
    if (a->horizon != b->horizon)
        differs(pair, pair->other->spec->target_loc, "horizon", found, expected);
    if (a->loss != b->loss && seqrt_is_numbers(a->target))
        fprintf(stderr, "seqgen: warning: %s: another train.loss than %s; they are compared by %s\n", pair->other->path,
                pair->first->path, a->loss == SEQRT_MAE ? "mae" : "rmse");
}

/* A language model's loss counts tokens: of another kind or vocabulary it says nothing. */
static void same_tokens(Pair *pair, const SeqrtTask *a, const SeqrtTask *b)
{
    char found[40], expected[40];
    snprintf(found, sizeof found, "%d entries", b->vocab_count);
    snprintf(expected, sizeof expected, "%d entries", a->vocab_count);
    if (a->input != b->input)
        differs(pair, pair->other->spec->input_loc, "a step", input_words[b->input], input_words[a->input]);
    else if (!same_words(a->vocab_count, a->vocab, b->vocab_count, b->vocab))
        differs(pair, pair->other->spec->input_loc, "vocabulary", found,
                a->vocab_count == b->vocab_count ? "other ones" : expected);
}

static void same_target(Pair *pair, const SeqrtTask *a, const SeqrtTask *b)
{
    if (a->target != b->target) {
        differs(pair, pair->other->spec->target_loc, "target", target_words[b->target], target_words[a->target]);
        return;
    }
    same_list(pair, "target", a->target_columns_count, a->target_columns, b->target_columns_count, b->target_columns);
    same_list(pair, "classes", a->classes_count, a->classes, b->classes_count, b->classes);
    same_numbers(pair, a, b);
    if (a->target == SEQRT_NEXT)
        same_tokens(pair, a, b);
}

static void same_windows(const Pair *pair, const SeqrtTask *a, const SeqrtTask *b)
{
    bool cut = seqrt_is_every_step(a->target);
    if (a->window_length != b->window_length || a->window_stride != b->window_stride || (cut && a->max_length != b->max_length))
        fprintf(stderr, "seqgen: warning: %s: other windows or lengths than %s: not exactly the same steps are judged\n",
                pair->other->path, pair->first->path);
}

static bool pair_same(Pair *pair)
{
    const SeqrtTask *a = &pair->first->spec->task, *b = &pair->other->spec->task;
    same_file(pair, pair->other->spec->train_loc, "data.train", a->train_path, b->train_path);
    same_split(pair, a, b);
    same_file(pair, pair->other->spec->test_loc, "data.test", a->test_path, b->test_path);
    same_target(pair, a, b);
    if (pair->diag.errors == 0)
        same_windows(pair, a, b);
    return pair->diag.errors == 0;
}

bool compare_same(const Compare *c)
{
    bool same = true;
    const char **settings = mem_alloc((size_t)(c->cli->overrides_count + 1) * sizeof *settings);
    for (int i = 0; i < c->cli->overrides_count; i++)
        settings[i] = mem_format("%s=%s", c->cli->overrides[i].key, c->cli->overrides[i].value);
    for (int i = 1; i < c->count; i++) {
        const Candidate *other = &c->candidates[i];
        Pair pair = {&c->candidates[0], other, {.path = other->path, .text = other->text, .settings = settings, .settings_count = c->cli->overrides_count}};
        same = pair_same(&pair) && same;
    }
    for (int i = 0; i < c->cli->overrides_count; i++)
        free((char *)settings[i]);
    free(settings);
    return same;
}
