/* facts.c: completes a spec from its data files.
 *
 * Takes: Spec and DataDraft as written. Gives: T, F, O, and through the other facts_*.c columns, vocabulary, classes,
 * statistics; errors at the place that named the file. Does not: change what was written out.
 */
#include "facts.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

bool facts_fail(const Facts *facts, const Place *place, const SeqrtError *error)
{
    diag_error(facts->reader->diag, place->loc, NULL, "%s", error->text);
    return false;
}

/* ---- paths: relative to the spec, else to the working directory ---- */

static char *beside_spec(const Facts *facts, const char *path)
{
    const char *slash = strrchr(facts->spec->path, '/');
    if (!slash || path[0] == '/')
        return pool_copy(facts->reader->pool, path);
    return pool_format(facts->reader->pool, "%.*s%s", (int)(slash - facts->spec->path) + 1, facts->spec->path, path);
}

static bool fail_missing(const Facts *facts, const Place *place, const char *what, const char *first, int reason)
{
    const bool same = strcmp(first, place->text) == 0;
    diag_error(facts->reader->diag, place->loc, "paths are relative to the spec file, else to the working directory",
               "data.%s: cannot find the file: tried '%s'%s%s%s: %s", what, first, same ? "" : ", then '", same ? "" : place->text,
               same ? "" : "'", strerror(reason));
    return false;
}

static bool find_file(const Facts *facts, const Place *place, const char *what, char **path)
{
    struct stat status;
    if (!place->text)
        return true;
    *path = beside_spec(facts, place->text);
    if (stat(*path, &status) != 0) {
        const char *first = *path;
        *path = place->text;
        if (stat(*path, &status) != 0) {
            *path = NULL;
            return fail_missing(facts, place, what, first, errno);
        }
    }
    if (S_ISREG(status.st_mode))
        return true;
    const char *found = *path;
    *path = NULL;
    diag_error(facts->reader->diag, place->loc, NULL, "data.%s: '%s' is no regular file", what, found);
    return false;
}

bool facts_paths(Facts *facts)
{
    const DataDraft *draft = facts->draft;
    bool good = find_file(facts, &draft->train, "train", &facts->train);
    good = find_file(facts, &draft->valid, "valid", &facts->valid) && good;
    return find_file(facts, &draft->test, "test", &facts->test) && good;
}

/* ---- O, and the words that stand for it ---- */

static int64_t outputs_of(const SeqrtTask *task)
{
    const bool bce = task->loss == SEQRT_BCE;
    switch (task->target) {
    case SEQRT_CLASS:
    case SEQRT_TAG: return bce ? 1 : task->classes_count;
    case SEQRT_NEXT: return task->vocab_count;
    case SEQRT_FORECAST: return (int64_t)task->horizon * task->target_columns_count;
    default: return task->target_columns_count;
    }
}

/* Sets layer->p.out, or says which word fits. */
static bool fill_out(Facts *facts, LayerSpec *layer)
{
    const SeqrtTask *task = &facts->spec->task;
    const bool classes = task->target == SEQRT_CLASS || task->target == SEQRT_TAG;
    const bool numbers = seqrt_is_numbers(task->target);
    const char *wants = NULL;
    switch (layer->p.out_word) {
    case OUT_CLASSES: wants = classes ? NULL : "a class or tag target"; break;
    case OUT_VOCAB: wants = task->vocab_count ? NULL : "chars, bytes, words or text as input"; break;
    case OUT_TARGETS: wants = numbers ? NULL : "a value, signal or forecast target"; break;
    default: return true;
    }
    static const char *const words[] = {"", "classes", "vocab", "targets"};
    if (wants)
        diag_error(facts->reader->diag, layer->loc, classes ? "out: classes" : numbers ? "out: targets" : "out: vocab",
                   "layer '%s': out: %s needs %s", layer->name, words[layer->p.out_word], wants);
    layer->p.out = layer->p.out_word == OUT_VOCAB ? task->vocab_count : task->outputs;
    return !wants;
}

static bool fill_outputs(Facts *facts)
{
    Spec *spec = facts->spec;
    const int64_t outputs = outputs_of(&spec->task);
    bool good = true;
    if (outputs > INT_MAX) {
        diag_error(facts->reader->diag, spec->target_loc, "a smaller horizon", "the forecast has %lld numbers; at most %d are possible",
                   (long long)outputs, INT_MAX);
        return false;
    }
    spec->task.outputs = (int)outputs;
    for (int i = 0; i < spec->layers_count; i++)
        if (spec->layers[i].p.out_word != OUT_NUMBER)
            good = fill_out(facts, &spec->layers[i]) && good;
    return good;
}

static bool check_bce(Facts *facts)
{
    const SeqrtTask *task = &facts->spec->task;
    if (task->loss != SEQRT_BCE || seqrt_is_numbers(task->target) || task->classes_count == 2)
        return true;
    diag_error(facts->reader->diag, facts->spec->train.loss_loc, "loss: cross_entropy", "loss bce needs exactly two classes, but there are %d",
               task->classes_count);
    return false;
}

bool facts_read(Reader *reader, Spec *spec, DataDraft *draft)
{
    Facts facts = {.reader = reader, .spec = spec, .draft = draft};
    bool good = facts_paths(&facts);
    if (!facts.train || !facts_pass(&facts))
        return false;
    good = facts_other_file(&facts, facts.valid, &draft->valid) && good;
    good = facts_other_file(&facts, facts.test, &draft->test) && good;
    good = check_bce(&facts) && good;
    good = fill_outputs(&facts) && good;
    return good && facts_numbers(&facts);
}
