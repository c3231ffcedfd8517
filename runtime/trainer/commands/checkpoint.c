/* checkpoint.c: training's whole state in one file: weights, optimizer.SLOT.NAME, state.carried, best.NAME, and counters
 * as metadata (decimal text, exact both ways).
 *
 * Takes: the model in its memory, TrainState. Gives: the file, or both restored. Does not: decide when.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trainer.h"

/* ---- counters ---- */

typedef enum CounterType { COUNTER_U64, COUNTER_INT, COUNTER_BOOL, COUNTER_REAL } CounterType;
static const struct { const char *key; CounterType type; size_t offset; } counters[] = {
    {"step", COUNTER_U64, offsetof(TrainState, step)},
    {"seed", COUNTER_U64, offsetof(TrainState, seed)},
    {"epoch", COUNTER_INT, offsetof(TrainState, epoch)},
    {"batch", COUNTER_INT, offsetof(TrainState, batch)},
    {"batches", COUNTER_INT, offsetof(TrainState, batches)},
    {"epochs", COUNTER_INT, offsetof(TrainState, epochs)},
    {"shuffle", COUNTER_BOOL, offsetof(TrainState, shuffle)},
    {"lr", COUNTER_REAL, offsetof(TrainState, lr)},
    {"loss_sum", COUNTER_REAL, offsetof(TrainState, loss.sum)},
    {"loss_weight", COUNTER_REAL, offsetof(TrainState, loss.weight)},
    {"best_loss", COUNTER_REAL, offsetof(TrainState, best_loss)},
    {"stale", COUNTER_INT, offsetof(TrainState, stale)},
};
enum { COUNTERS = sizeof counters / sizeof *counters, METAS = COUNTERS + 6 };

static void counter_text(const TrainState *state, int i, char text[32])
{
    const char *field = (const char *)state + counters[i].offset;
    switch (counters[i].type) {
    case COUNTER_U64: snprintf(text, 32, "%" PRIu64, *(const uint64_t *)field); break;
    case COUNTER_INT: snprintf(text, 32, "%d", *(const int *)field); break;
    case COUNTER_BOOL: snprintf(text, 32, "%d", *(const bool *)field); break;
    case COUNTER_REAL: snprintf(text, 32, "%.17g", *(const double *)field); break;
    }
}

/* Only what counter_text writes: no sign, no NaN, whole numbers in range. */
static bool counter_read(TrainState *state, int i, const char *text)
{
    char *field = (char *)state + counters[i].offset, *end;
    errno = 0;
    if (counters[i].type == COUNTER_REAL) {
        double v = strtod(text, &end);
        *(double *)field = v;
        return end != text && !*end && !isnan(v);
    }
    uint64_t v = strtoull(text, &end, 10);
    bool good = *text >= '0' && *text <= '9' && !*end && errno == 0;
    switch (counters[i].type) {
    case COUNTER_U64: *(uint64_t *)field = v; return good;
    case COUNTER_BOOL: *(bool *)field = v != 0; return good && v <= 1;
    default: *(int *)field = (int)(v & INT_MAX); return good && v < INT_MAX;
    }
}

/* ---- saving ---- */

typedef struct List {
    SafeTensor *tensors;
    int count, blocks_count;
    void **blocks;
} List;

static void list_block(List *list, const Trainer *t, int block, const char *prefix)
{
    void *copy = seqrt_block(t->model);
    t->model->get(t->memory, block, copy);
    list->blocks[list->blocks_count++] = copy;
    seqrt_block_list(t->model, copy, prefix, list->tensors + list->count);
    list->count += t->model->tensors_count;
}

static void list_state(List *list, const Trainer *t)
{
    void *copy = seqrt_need(t->model->state_count, (size_t)t->model->real_bytes);
    t->model->get(t->memory, SEQRT_STATE, copy);
    list->blocks[list->blocks_count++] = copy;
    list->tensors[list->count++] = (SafeTensor){.name = strdup("state.carried"), .type = seqrt_real_type(t->model), .rank = 1,
                                                .shape = {(int64_t)t->model->state_count}, .data = copy};
}

static List list_make(const Trainer *t, const TrainState *state)
{
    const SeqrtModel *m = t->model;
    List list = {.tensors = seqrt_need((size_t)m->tensors_count * (size_t)(m->slots_count + 2) + 1, sizeof(SafeTensor)),
                 .blocks = seqrt_need((size_t)m->slots_count + 2, sizeof(void *))};
    list_block(&list, t, SEQRT_WEIGHTS, "");
    for (int k = 0; k < m->slots_count; k++) {
        char prefix[1024];
        snprintf(prefix, sizeof prefix, "optimizer.%s.", m->slot_names[k]);
        list_block(&list, t, SEQRT_SLOT + k, prefix);
    }
    if (m->state_count)
        list_state(&list, t);
    if (isfinite(state->best_loss)) {
        seqrt_block_list(m, state->best, "best.", list.tensors + list.count);
        list.count += m->tensors_count;
    }
    return list;
}

static void list_free(List *list)
{
    seqrt_names_free(list->count, list->tensors);
    for (int i = 0; i < list->blocks_count; i++)
        free(list->blocks[i]);
    free(list->blocks);
    free(list->tensors);
}

bool seqrt_checkpoint_save(const Trainer *t, const TrainState *state, const char *path, SeqrtError *error)
{
    char texts[COUNTERS][32];
    SafeMeta metas[METAS] = {{"format", "pt"}, {"seqgen", SEQRT_FORMAT}, {"spec_hash", t->model->spec_hash},
                             {"model_hash", t->model->model_hash}, {"gate_order", SEQRT_GATE_ORDER}, {SEQRT_CHECKPOINT_MARK, "1"}};
    for (int i = 0; i < COUNTERS; i++) {
        counter_text(state, i, texts[i]);
        metas[METAS - COUNTERS + i] = (SafeMeta){counters[i].key, texts[i]};
    }
    List list = list_make(t, state);
    bool good = seqrt_safe_write(path, list.count, list.tensors, METAS, metas, error);
    list_free(&list);
    return good;
}

/* ---- loading ---- */

static bool counters_load(TrainState *state, const SafeFile *file, const char *path, SeqrtError *error)
{
    if (!seqrt_safe_meta(file, SEQRT_CHECKPOINT_MARK))
        return seqrt_fail(error, "%s: weights only; --resume expects a file that --checkpoint wrote (--load takes weights)", path);
    for (int i = 0; i < COUNTERS; i++) {
        const char *text = seqrt_safe_meta(file, counters[i].key);
        if (!text || !counter_read(state, i, text))
            return seqrt_fail(error, "%s: checkpoint's \"%s\" is \"%.40s\"; expected a number", path, counters[i].key, text ? text : "(missing)");
    }
    return true;
}

static bool block_load(Trainer *t, const SafeFile *file, const char *path, int block, const char *prefix, SeqrtError *error)
{
    void *copy = seqrt_block(t->model);
    bool good = seqrt_block_read(t->model, file, path, prefix, copy, error);
    if (good)
        t->model->set(t->memory, block, copy);
    free(copy);
    return good;
}

static bool state_load(Trainer *t, const SafeFile *file, const char *path, SeqrtError *error)
{
    const SeqrtModel *m = t->model;
    const SafeTensor *s = seqrt_safe_find(file, "state.carried");
    if (!m->state_count)
        return true;
    if (!s || s->count != m->state_count || s->type > SAFE_F32)
        return seqrt_fail(error, "%s: state.carried has %zu elements; expected %zu of F32 or F64", path, s ? s->count : 0, m->state_count);
    void *copy = seqrt_need(m->state_count, (size_t)m->real_bytes);
    for (size_t i = 0; i < s->count; i++)
        seqrt_real_set(m, copy, i, seqrt_safe_number(s, i));
    m->set(t->memory, SEQRT_STATE, copy);
    free(copy);
    return true;
}

static bool blocks_load(Trainer *t, TrainState *state, const SafeFile *file, const char *path, SeqrtError *error)
{
    bool good = block_load(t, file, path, SEQRT_WEIGHTS, "", error);
    for (int k = 0; good && k < t->model->slots_count; k++) {
        char prefix[1024];
        snprintf(prefix, sizeof prefix, "optimizer.%s.", t->model->slot_names[k]);
        good = block_load(t, file, path, SEQRT_SLOT + k, prefix, error);
    }
    if (good && isfinite(state->best_loss))
        good = seqrt_block_read(t->model, file, path, "best.", state->best, error);
    return good && state_load(t, file, path, error);
}

/* What follows PREFIX in a name, or NULL */
static const char *behind(const char *name, const char *prefix)
{
    const size_t length = strlen(prefix);
    return strncmp(name, prefix, length) ? NULL : name + length;
}

/* Whether loading has taken the tensor */
static bool was_taken(const Trainer *t, const TrainState *state, const char *name)
{
    const SeqrtModel *m = t->model;
    const char *tensor = behind(name, "best.");
    if (seqrt_tensor_known(m, name) || (tensor && isfinite(state->best_loss) && seqrt_tensor_known(m, tensor)))
        return true;
    for (int k = 0; k < m->slots_count; k++) {
        char prefix[1024];
        snprintf(prefix, sizeof prefix, "optimizer.%s.", m->slot_names[k]);
        tensor = behind(name, prefix);
        if (tensor && seqrt_tensor_known(m, tensor))
            return true;
    }
    return m->state_count && !strcmp(name, "state.carried");
}

/* A run goes on with all that the file holds, or not at all: moments of another optimiser are no mere surplus. */
static bool extras_check(const Trainer *t, const TrainState *state, const SafeFile *file, const char *path, SeqrtError *error)
{
    char text[160];
    for (int i = 0; i < file->count; i++)
        if (!was_taken(t, state, file->tensors[i].name))
            return seqrt_fail(error, "%s: %.200s %s has no place in this training; expected a checkpoint of the same model and optimizer (--load takes the weights alone)",
                              path, file->tensors[i].name, seqrt_safe_describe(&file->tensors[i], text));
    return true;
}

bool seqrt_checkpoint_load(Trainer *t, TrainState *state, const char *path, SeqrtError *error)
{
    SafeFile *file = seqrt_safe_read(path, error);
    bool good = file && seqrt_metas_check(file, path, error) && counters_load(state, file, path, error)
             && blocks_load(t, state, file, path, error) && extras_check(t, state, file, path, error);
    if (good) {
        error->text[0] = 0;
        seqrt_hash_check(t->model, file, path, error);
        if (error->text[0])
            seqrt_stop(t, 0, error);
    }
    seqrt_safe_free(file);
    return good;
}
