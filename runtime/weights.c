/* weights.c: weights blocks from and to safetensors.
 *
 * Takes: a model's tensor table, a block of reals, a path. Gives: the block filled, or the file. Every tensor of the
 * table is found exactly once, of its shape, finite; nothing else may be there but what marks a checkpoint.
 * Does not: know optimisers (checkpoint.c).
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights.h"

void *seqrt_block(const SeqrtModel *model)
{
    return seqrt_need(model->weights_count, (size_t)model->real_bytes);
}

/* ---- faults: all that fit in a message ---- */

typedef struct Faults {
    const SeqrtModel *model;
    const char *path;
    int count, shown;
    char text[900];
} Faults;

static void fault_add(Faults *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fault_add(Faults *f, const char *format, ...)
{
    char line[400];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    size_t at = strlen(f->text);
    f->count++;
    if (f->shown == f->count - 1 && at + strlen(line) + 4 < sizeof f->text - 40) {
        snprintf(f->text + at, sizeof f->text - at, "\n  %s", line);
        f->shown++;
    }
}

static bool faults_report(const Faults *f, SeqrtError *error)
{
    if (!f->count)
        return true;
    char more[40] = "";
    if (f->count > f->shown)
        snprintf(more, sizeof more, "\n  and %d more", f->count - f->shown);
    return seqrt_fail(error, "%.120s: does not fit model %.60s:%s%s", f->path, f->model->task->name, f->text, more);
}

/* ---- reading ---- */

static const char *shape_text(const SeqrtTensor *t, char text[48])
{
    snprintf(text, 48, t->rank == 2 ? "[%d, %d]" : "[%d]", t->shape[0], t->shape[1]);
    return text;
}

const char *seqrt_place_text(const SeqrtTensor *tensor, size_t at, char text[48])
{
    if (tensor->rank == 2)
        snprintf(text, 48, "[%zu, %zu]", at / (size_t)tensor->shape[1], at % (size_t)tensor->shape[1]);
    else
        snprintf(text, 48, "[%zu]", at);
    return text;
}

static bool shape_fits(const SafeTensor *s, const SeqrtTensor *t)
{
    bool fits = s->rank == t->rank && s->type <= SAFE_BF16;
    for (int d = 0; fits && d < t->rank; d++)
        fits = s->shape[d] == t->shape[d];
    return fits;
}

/* A double too large for a float counts as not finite. */
static void values_check(Faults *f, const SafeTensor *s, const SeqrtTensor *t)
{
    char place[48];
    for (size_t i = 0; i < s->count; i++) {
        double v = seqrt_safe_number(s, i);
        if (isfinite(v) && (f->model->real_bytes == 8 || isfinite((float)v)))
            continue;
        fault_add(f, "%.200s%s is %g; expected a finite number", s->name, seqrt_place_text(t, i, place), v);
        return;
    }
}

static const SafeTensor *tensor_match(Faults *f, const SafeFile *file, const char *prefix, const SeqrtTensor *t)
{
    char name[1024], found[160], expected[48];
    snprintf(name, sizeof name, "%s%s", prefix, t->name);
    const SafeTensor *s = seqrt_safe_find(file, name);
    if (!s)
        fault_add(f, "%.200s is missing; expected %s", name, shape_text(t, expected));
    else if (!shape_fits(s, t))
        fault_add(f, "%.200s is %s; expected F64, F32, F16 or BF16 %s", name, seqrt_safe_describe(s, found), shape_text(t, expected));
    else
        values_check(f, s, t);
    return s;
}

static void block_fill(const SeqrtModel *model, const SafeFile *file, const char *prefix, void *block)
{
    for (int i = 0; i < model->tensors_count; i++) {
        char name[1024];
        snprintf(name, sizeof name, "%s%s", prefix, model->tensors[i].name);
        const SafeTensor *s = seqrt_safe_find(file, name);
        for (size_t j = 0; j < s->count; j++)
            seqrt_real_set(model, block, model->tensors[i].offset + j, seqrt_safe_number(s, j));
    }
}

bool seqrt_block_read(const SeqrtModel *model, const SafeFile *file, const char *path, const char *prefix, void *block,
                      SeqrtError *error)
{
    Faults f = {.model = model, .path = path};
    for (int i = 0; i < model->tensors_count; i++)
        tensor_match(&f, file, prefix, &model->tensors[i]);
    if (!faults_report(&f, error))
        return false;
    block_fill(model, file, prefix, block);
    return true;
}

bool seqrt_checkpoint_extra(const SafeFile *file, const char *name)
{
    return seqrt_safe_meta(file, SEQRT_CHECKPOINT_MARK) && (!strncmp(name, "optimizer.", 10) || !strncmp(name, "best.", 5) || !strcmp(name, "state.carried"));
}

bool seqrt_tensor_known(const SeqrtModel *model, const char *name)
{
    for (int i = 0; i < model->tensors_count; i++)
        if (!strcmp(model->tensors[i].name, name))
            return true;
    return false;
}

static void extras_check(Faults *f, const SafeFile *file)
{
    char text[160];
    for (int i = 0; i < file->count; i++) {
        const SafeTensor *s = &file->tensors[i];
        if (!seqrt_tensor_known(f->model, s->name) && !seqrt_checkpoint_extra(file, s->name))
            fault_add(f, "%.200s %s is not in the model", s->name, seqrt_safe_describe(s, text));
    }
}

bool seqrt_metas_check(const SafeFile *file, const char *path, SeqrtError *error)
{
    const char *format = seqrt_safe_meta(file, "seqgen"), *order = seqrt_safe_meta(file, "gate_order");
    if (format && strcmp(format, SEQRT_FORMAT))
        return seqrt_fail(error, "%.300s: weights of format \"%.40s\"; expected \"" SEQRT_FORMAT "\": use the seqgen that wrote them, or remove"
                          " \"seqgen\" from the metadata if they are PyTorch's", path, format);
    if (order && strcmp(order, SEQRT_GATE_ORDER))
        return seqrt_fail(error, "%.300s: gates in the order \"%.60s\"; expected \"" SEQRT_GATE_ORDER "\" (LSTM / GRU, as PyTorch): put the rows"
                          " of the gates in that order, then correct or remove \"gate_order\" in the metadata", path, order);
    return true;
}

void seqrt_hash_check(const SeqrtModel *model, const SafeFile *file, const char *path, SeqrtError *error)
{
    const char *hash = seqrt_safe_meta(file, "spec_hash");
    if (hash && strcmp(hash, model->spec_hash))
        seqrt_fail(error, "%.300s: warning: of spec %.20s, the model is of spec %s; the shapes agree", path, hash, model->spec_hash);
}

/* Weights mean the same for every way to train them, and for every target */
static void meaning_check(const SeqrtModel *model, const SafeFile *file, const char *path, SeqrtError *error)
{
    const char *hash = seqrt_safe_meta(file, "model_hash");
    if (!hash)
        seqrt_hash_check(model, file, path, error);
    else if (strcmp(hash, model->model_hash))
        seqrt_fail(error, "%.300s: warning: of a model with other data or layers (%.20s, this one is %s); the shapes agree", path, hash, model->model_hash);
}

bool seqrt_load(const SeqrtModel *model, void *weights, const char *path, SeqrtError *error)
{
    SafeFile *file = seqrt_safe_read(path, error);
    if (!file)
        return false;
    Faults f = {.model = model, .path = path};
    for (int i = 0; i < model->tensors_count; i++)
        tensor_match(&f, file, "", &model->tensors[i]);
    extras_check(&f, file);
    bool good = seqrt_metas_check(file, path, error) && faults_report(&f, error);
    if (good) {
        error->text[0] = 0;
        block_fill(model, file, "", weights);
        meaning_check(model, file, path, error);
    }
    seqrt_safe_free(file);
    return good;
}

/* ---- writing ---- */

void seqrt_block_list(const SeqrtModel *model, const void *block, const char *prefix, SafeTensor *list)
{
    for (int i = 0; i < model->tensors_count; i++) {
        const SeqrtTensor *t = &model->tensors[i];
        char *name = seqrt_need(strlen(prefix) + strlen(t->name) + 1, 1);
        strcat(strcpy(name, prefix), t->name);
        list[i] = (SafeTensor){.name = name, .type = seqrt_real_type(model), .rank = t->rank,
                               .shape = {t->shape[0], t->rank == 2 ? t->shape[1] : 0}, .count = seqrt_tensor_count(t),
                               .data = (const char *)block + t->offset * (size_t)model->real_bytes};
    }
}

void seqrt_names_free(int count, SafeTensor *list)
{
    for (int i = 0; i < count; i++)
        free((char *)list[i].name);
}

bool seqrt_save(const SeqrtModel *model, const void *weights, const char *path, SeqrtError *error)
{
    SafeTensor *list = seqrt_need((size_t)model->tensors_count, sizeof *list);
    SafeMeta metas[] = {{"format", "pt"}, {"seqgen", SEQRT_FORMAT}, {"spec_hash", model->spec_hash}, {"model_hash", model->model_hash}, {"gate_order", SEQRT_GATE_ORDER}};
    seqrt_block_list(model, weights, "", list);
    bool good = seqrt_safe_write(path, model->tensors_count, list, (int)(sizeof metas / sizeof *metas), metas, error);
    seqrt_names_free(model->tensors_count, list);
    free(list);
    return good;
}

const SeqrtTensor *seqrt_block_unsound(const SeqrtModel *model, const void *block, size_t *at)
{
    for (int i = 0; i < model->tensors_count; i++) {
        const SeqrtTensor *t = &model->tensors[i];
        for (*at = 0; *at < seqrt_tensor_count(t); ++*at)
            if (!isfinite(seqrt_real(model, block, t->offset + *at)))
                return t;
    }
    return NULL;
}
