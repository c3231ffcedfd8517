/* probe.c: the `probe` command: every number of a small run, so that another implementation can be held against it.
 *
 * Takes: weights (a file or the seed), a batch (a file or SEQRT_STREAM_PROBE). Gives a safetensors file:
 *   batch.lengths, batch.tokens or batch.x, batch.labels or batch.y     the batch
 *   loss, grad.NAME          training mode, seed, step 0                loss is F64 [1], others are the model's reals
 *   eval_loss, output        evaluation mode: [b,O] or [b,T,O]
 *   stream                   [b,T,O]: step() over each row's valid steps; only if the model can
 *   alone.loss, alone.grad.NAME   each row as a batch of its own, weighted into the mean; not with dropout
 *   junk.loss, junk.grad.NAME     the same batch with NaN, the last token, the last class past every row's end
 *   grad_norm, after.NAME    the first step's norm; the weights after N steps on this batch (epoch 0 of 1)
 *   slack32.grad.NAME        F64 [1], from double models: how far grad.NAME is off (Euclidean norm) when each row's part of it is off by what float32 rounds
 *   slack32.after.NAME       how far after.NAME moves when every gradient is
 *   slack64.*                the same of float64; of after.*, where slack32 is not next to nothing
 * Carried state is zero before each gradient and forward. Does not: compare (tests do).
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trainer.h"

typedef struct Probe {
    Trainer *t;
    const SeqrtModel *model;
    const SeqrtTask *task;
    Synthetic s;
    uint64_t seed;
    double loss, eval_loss, norm; /* for the summary */
    void *block;           /* weights block, scratch */
    double *sums;          /* [weights_count] */
    double *sizes;         /* [tensors_count]: Euclidean norms of each row's part of a gradient, added up */
    SafeTensor *list;      /* the results; names and data are allocated */
    int count, room;
    SeqrtError error;
} Probe;

/* ---- results ---- */

/* Room for a tensor of the results; sizes of 0 end the shape. Fill what is returned. */
static void *result_new(Probe *p, const char *name, SafeType type, int a, int b, int c)
{
    int shape[3] = {a, b, c};
    if (p->count == p->room) {
        p->room = p->room * 2 + 16;
        SafeTensor *list = seqrt_need((size_t)p->room, sizeof *list);
        if (p->count)
            memcpy(list, p->list, (size_t)p->count * sizeof *list);
        free(p->list);
        p->list = list;
    }
    SafeTensor *s = &p->list[p->count++];
    s->name = strdup(name);
    s->type = type;
    s->count = 1;
    for (s->rank = 0; s->rank < 3 && shape[s->rank] > 0; s->rank++) {
        s->shape[s->rank] = shape[s->rank];
        s->count *= (size_t)shape[s->rank];
    }
    return (void *)(s->data = seqrt_need(s->count, seqrt_safe_type_bytes(type)));
}

static void result_copy(Probe *p, const char *name, SafeType type, const void *from, int a, int b, int c)
{
    if (!from)
        return;
    void *to = result_new(p, name, type, a, b, c);
    memcpy(to, from, p->list[p->count - 1].count * seqrt_safe_type_bytes(type));
}

static void result_number(Probe *p, const char *name, double v) { *(double *)result_new(p, name, SAFE_F64, 1, 0, 0) = v; }

/* A number of a tensor */
static void result_numbered(Probe *p, const char *prefix, const SeqrtTensor *t, double v)
{
    char name[1024];
    snprintf(name, sizeof name, "%s%s", prefix, t->name);
    result_number(p, name, v);
}

/* The tensors of p->block as PREFIX + name. */
static void result_tensors(Probe *p, const char *prefix)
{
    for (int i = 0; i < p->model->tensors_count; i++) {
        const SeqrtTensor *t = &p->model->tensors[i];
        char name[1024];
        snprintf(name, sizeof name, "%s%s", prefix, t->name);
        result_copy(p, name, seqrt_real_type(p->model), (char *)p->block + t->offset * (size_t)p->model->real_bytes,
                    t->shape[0], t->rank == 2 ? t->shape[1] : 0, 0);
    }
}

static void result_block(Probe *p, const char *prefix, int block)
{
    p->model->get(p->t->memory, block, p->block);
    result_tensors(p, prefix);
}

static void results_free(Probe *p)
{
    for (int i = 0; i < p->count; i++) {
        free((char *)p->list[i].name);
        free((void *)p->list[i].data);
    }
    free(p->list);
}

static void result_batch(Probe *p)
{
    const SeqrtBatch *b = &p->s.batch;
    int T = p->model->T;
    result_copy(p, "batch.lengths", SAFE_I32, b->lengths, b->rows, 0, 0);
    result_copy(p, "batch.tokens", SAFE_I32, b->tokens, b->rows, T, 0);
    result_copy(p, "batch.x", seqrt_real_type(p->model), b->x, b->rows, T, p->task->features);
    result_copy(p, "batch.labels", SAFE_I32, b->labels, b->rows, p->model->per_step ? T : 0, 0);
    result_copy(p, "batch.y", seqrt_real_type(p->model), b->y, b->rows, p->model->per_step ? T : p->task->outputs, p->model->per_step ? p->task->outputs : 0);
}

/* ---- a batch from a file ---- */

static const SafeTensor *batch_tensor(Probe *p, const SafeFile *file, const char *name, int rank, const int64_t *shape)
{
    char other[64];
    snprintf(other, sizeof other, "batch.%s", name); /* as this command writes it */
    const SafeTensor *s = seqrt_safe_find(file, name);
    if (!s)
        s = seqrt_safe_find(file, other);
    SafeTensor expected = {.type = SAFE_I32, .rank = rank};
    bool fits = s && s->rank == rank;
    for (int d = 0; d < rank; d++) {
        expected.shape[d] = shape[d];
        fits = fits && (s->shape[d] == shape[d] || shape[d] < 0);
    }
    char is[160] = "missing", should[160];
    if (fits)
        return s;
    seqrt_fail(&p->error, "%s: tensor %s is %s; expected %s (-1: any)", p->t->options.batch, name,
               s ? seqrt_safe_describe(s, is) : is, strchr(seqrt_safe_describe(&expected, should), '['));
    return NULL;
}

static bool integers_read(Probe *p, const SafeTensor *s, int32_t *to, size_t row_size, double low, double high)
{
    for (size_t i = 0; i < s->count; i++) {
        double v = seqrt_safe_number(s, i);
        bool counts = row_size <= 1 || i % row_size < (size_t)p->s.lengths[i / row_size];
        if (counts && !(v >= low && v <= high && v == floor(v)))
            return seqrt_fail(&p->error, "%s: %s[%zu] is %g; expected a whole number from %g to %g", p->t->options.batch, s->name, i, v, low, high);
        to[i] = v >= low && v <= high ? (int32_t)v : 0;
    }
    return true;
}

static bool reals_read(Probe *p, const SafeTensor *s, void *to)
{
    for (size_t i = 0; i < s->count; i++)
        seqrt_real_set(p->model, to, i, seqrt_safe_number(s, i));
    return true;
}

static bool inputs_read(Probe *p, const SafeFile *file, int64_t rows)
{
    int64_t T = p->model->T, shape[3] = {rows, T, p->task->features};
    if (p->s.x) {
        const SafeTensor *x = batch_tensor(p, file, "x", 3, shape);
        return x && reals_read(p, x, p->s.x);
    }
    const SafeTensor *tokens = batch_tensor(p, file, "tokens", 2, shape);
    return tokens && integers_read(p, tokens, p->s.tokens, (size_t)T, 0, p->task->vocab_count - 1);
}

static bool targets_read(Probe *p, const SafeFile *file, int64_t rows)
{
    int64_t T = p->model->T, O = p->task->outputs, steps[2] = {rows, T}, values[3] = {rows, p->model->per_step ? T : O, O};
    if (p->s.y) {
        const SafeTensor *y = batch_tensor(p, file, "y", p->model->per_step ? 3 : 2, values);
        return y && reals_read(p, y, p->s.y);
    }
    const SafeTensor *labels = batch_tensor(p, file, "labels", p->model->per_step ? 2 : 1, steps);
    return labels && integers_read(p, labels, p->s.labels, p->model->per_step ? (size_t)T : 1, 0, seqrt_labels(p->task) - 1);
}

static bool batch_read(Probe *p, const SafeFile *file)
{
    int64_t any[1] = {-1};
    const SafeTensor *lengths = batch_tensor(p, file, "lengths", 1, any);
    if (!lengths)
        return false;
    if (lengths->count < 1 || lengths->count > (size_t)p->model->B)
        return seqrt_fail(&p->error, "%s: %zu rows; expected 1 to the model's batch of %d", p->t->options.batch, lengths->count, p->model->B);
    p->s = seqrt_synthetic_new(p->model, (int)lengths->count);
    return integers_read(p, lengths, p->s.lengths, 0, 1, p->model->T) && inputs_read(p, file, lengths->shape[0])
        && targets_read(p, file, lengths->shape[0]);
}

static bool batch_open(Probe *p)
{
    const Options *o = &p->t->options;
    if (!o->batch) {
        p->s = seqrt_synthetic_new(p->model, o->rows > 0 ? (int)o->rows : p->model->B);
        seqrt_synthetic_with_loss(p->model, p->t->memory, &p->s, p->seed);
        return true;
    }
    SafeFile *file = seqrt_safe_read(o->batch, &p->error);
    bool good = file && batch_read(p, file);
    seqrt_safe_free(file);
    return good;
}

/* ---- runs ---- */

static SeqrtLoss gradient_run(Probe *p, const SeqrtBatch *batch, uint64_t seed, uint64_t step)
{
    p->model->reset(p->t->memory);
    return p->model->gradient(p->t->memory, batch, seed, step, NULL);
}

static void whole_run(Probe *p)
{
    const SeqrtBatch *batch = &p->s.batch;
    SeqrtLoss loss = gradient_run(p, batch, p->seed, 0);
    result_number(p, "loss", p->loss = loss.sum / loss.weight);
    result_block(p, "grad.", SEQRT_GRADIENTS);
    int T = p->model->T, O = p->task->outputs;
    void *out = result_new(p, "output", seqrt_real_type(p->model), batch->rows, p->model->per_step ? T : O, p->model->per_step ? O : 0);
    p->model->reset(p->t->memory);
    loss = p->model->forward(p->t->memory, batch, out);
    result_number(p, "eval_loss", p->eval_loss = loss.sum / loss.weight);
}

/* Row r of the batch as a batch of its own. */
static SeqrtBatch row_batch(const Probe *p, int r)
{
    const SeqrtBatch *b = &p->s.batch;
    size_t row = (size_t)r, T = (size_t)p->model->T, real = (size_t)p->model->real_bytes;
    return (SeqrtBatch){.rows = 1, .lengths = b->lengths + row, .tokens = b->tokens ? b->tokens + row * T : NULL,
                        .x = b->x ? (char *)p->s.x + row * T * (size_t)p->task->features * real : NULL,
                        .labels = b->labels ? b->labels + row * (p->model->per_step ? T : 1) : NULL,
                        .y = b->y ? (char *)p->s.y + row * seqrt_outputs(p->model, 1) * real : NULL};
}

static bool has_dropout(Probe *p)
{
    double loss = gradient_run(p, &p->s.batch, p->seed, 0).sum;
    for (uint64_t k = 1; k <= 3; k++)
        if (gradient_run(p, &p->s.batch, p->seed + k, 0).sum != loss)
            return true;
    return false;
}

/* Of a tensor, how far its numbers in p->block are from these, or from 0: a Euclidean norm */
static double tensor_distance(const Probe *p, const SeqrtTensor *t, const void *other)
{
    double squares = 0;
    const size_t count = (size_t)t->shape[0] * (size_t)(t->rank == 2 ? t->shape[1] : 1);
    for (size_t i = t->offset; i < t->offset + count; i++) {
        const double apart = seqrt_real(p->model, p->block, i) - (other ? seqrt_real(p->model, other, i) : 0);
        squares += apart * apart;
    }
    return sqrt(squares);
}

static SeqrtLoss row_add(Probe *p, int r)
{
    SeqrtBatch batch = row_batch(p, r);
    SeqrtLoss loss = gradient_run(p, &batch, p->seed, 0);
    p->model->get(p->t->memory, SEQRT_GRADIENTS, p->block);
    for (size_t i = 0; i < p->model->weights_count; i++)
        p->sums[i] += loss.weight * seqrt_real(p->model, p->block, i);
    for (int i = 0; i < p->model->tensors_count; i++)
        p->sizes[i] += loss.weight * tensor_distance(p, &p->model->tensors[i], NULL);
    return loss;
}

/* Rows' gradients may cancel: what is left of them in float32 is off by the rounding of the parts. */
static void gradient_slack(Probe *p, const char *prefix, double unit)
{
    for (int i = 0; i < p->model->tensors_count; i++)
        result_numbered(p, prefix, &p->model->tensors[i], unit * p->sizes[i]);
}

static void alone_run(Probe *p, bool dropout)
{
    SeqrtLoss all = {0, 0};
    memset(p->sums, 0, p->model->weights_count * sizeof *p->sums);
    for (int r = 0; r < p->s.batch.rows; r++) {
        SeqrtLoss loss = row_add(p, r);
        all.sum += loss.sum;
        all.weight += loss.weight;
    }
    for (int i = 0; i < p->model->tensors_count; i++)
        p->sizes[i] /= all.weight;
    if (p->model->real_bytes == 8) {
        gradient_slack(p, "slack32.grad.", 0x1p-24);
        gradient_slack(p, "slack64.grad.", 0x1p-53);
    }
    if (dropout)
        return; /* a row alone has a mask of its own */
    for (size_t i = 0; i < p->model->weights_count; i++)
        seqrt_real_set(p->model, p->block, i, p->sums[i] / all.weight);
    result_number(p, "alone.loss", all.sum / all.weight);
    result_tensors(p, "alone.grad.");
}

static void junk_step(Probe *p, size_t step)
{
    size_t F = (size_t)p->task->features;
    if (p->s.tokens)
        p->s.tokens[step] = p->task->vocab_count - 1;
    for (size_t f = 0; p->s.x && f < F; f++)
        seqrt_real_set(p->model, p->s.x, step * F + f, NAN);
    for (size_t o = 0; p->s.y && p->model->per_step && o < (size_t)p->task->outputs; o++)
        seqrt_real_set(p->model, p->s.y, step * (size_t)p->task->outputs + o, NAN);
    if (p->s.labels && p->model->per_step)
        p->s.labels[step] = seqrt_labels(p->task) - 1;
}

/* Spoils the batch: comes last. */
static void junk_run(Probe *p)
{
    size_t T = (size_t)p->model->T;
    for (size_t r = 0; r < (size_t)p->s.batch.rows; r++)
        for (size_t t = (size_t)p->s.lengths[r]; t < T; t++)
            junk_step(p, r * T + t);
    SeqrtLoss loss = gradient_run(p, &p->s.batch, p->seed, 0);
    result_number(p, "junk.loss", loss.sum / loss.weight);
    result_block(p, "junk.grad.", SEQRT_GRADIENTS);
}

static void stream_run(Probe *p)
{
    size_t T = (size_t)p->model->T, F = (size_t)p->task->features, O = (size_t)p->task->outputs, real = (size_t)p->model->real_bytes;
    char *out = result_new(p, "stream", seqrt_real_type(p->model), p->s.batch.rows, p->model->T, p->task->outputs);
    for (size_t r = 0; r < (size_t)p->s.batch.rows; r++) {
        p->model->reset_step(p->t->memory);
        for (size_t i = r * T; i < r * T + (size_t)p->s.lengths[r]; i++)
            p->model->step(p->t->memory, p->s.tokens ? p->s.tokens[i] : 0, p->s.x ? (char *)p->s.x + i * F * real : NULL, out + i * O * real);
    }
}

/* How gradients are shaken: by so much, in one of several ways; NULL stands for not at all */
typedef struct Shake {
    double unit; /* in a number's last place */
    int way;     /* 1.. */
} Shake;

/* Gradients off by a unit of themselves and of a quarter of their norm: sums of many terms may be small or 0. In each step the same way,
 * as a program's rounding of much the same numbers is */
static void gradients_shake(Probe *p, const Shake *shake)
{
    const double quarter = 0.25;
    double squares = 0;
    p->model->get(p->t->memory, SEQRT_GRADIENTS, p->block);
    for (size_t i = 0; i < p->model->weights_count; i++)
        squares += seqrt_real(p->model, p->block, i) * seqrt_real(p->model, p->block, i);
    for (size_t i = 0; i < p->model->weights_count; i++) {
        const double g = seqrt_real(p->model, p->block, i), size = fabs(g) + quarter * sqrt(squares);
        seqrt_real_set(p->model, p->block, i, g + shake->unit * size * (2 * seqrt_uniform(p->seed, SEQRT_STREAM(SEQRT_STREAM_PROBE, shake->way), i) - 1));
    }
    p->model->set(p->t->memory, SEQRT_GRADIENTS, p->block);
}

/* The first step's norm; p->block gets the weights after the steps */
static double steps_from(Probe *p, const void *start, long steps, const Shake *shake)
{
    double first = NAN;
    for (int slot = 0; slot < p->model->slots_count; slot++)
        p->model->set(p->t->memory, SEQRT_SLOT + slot, p->sums);
    p->model->set(p->t->memory, SEQRT_WEIGHTS, start);
    for (long n = 0; n < steps; n++) {
        gradient_run(p, &p->s.batch, p->seed, (uint64_t)n);
        if (shake)
            gradients_shake(p, shake);
        SeqrtUpdate update = {.step = (uint64_t)n, .epoch = 0, .epochs = 1, .lr = p->model->lr};
        double norm = p->model->update(p->t->memory, &update, NULL);
        if (n == 0)
            first = norm;
    }
    p->model->get(p->t->memory, SEQRT_WEIGHTS, p->block);
    return first;
}

/* The largest distance of three ways, or of one where that is next to none; whether it is more */
static bool slack_run(Probe *p, const void *start, const void *after, long steps, const char *prefix, double unit)
{
    enum { WAYS = 3 };
    const double none = 1e-6;
    double *slack = seqrt_need((size_t)p->model->tensors_count, sizeof *slack);
    bool moved = true;
    for (int way = 1; way <= WAYS && moved; way++) {
        steps_from(p, start, steps, &(Shake){unit, way});
        moved = false;
        for (int i = 0; i < p->model->tensors_count; i++) {
            const double apart = tensor_distance(p, &p->model->tensors[i], after);
            slack[i] = way == 1 ? apart : fmax(slack[i], apart);
            moved |= slack[i] > none * tensor_distance(p, &p->model->tensors[i], NULL);
        }
    }
    for (int i = 0; i < p->model->tensors_count; i++)
        result_numbered(p, prefix, &p->model->tensors[i], slack[i]);
    free(slack);
    return moved;
}

static void steps_run(Probe *p, long steps)
{
    void *start = seqrt_block(p->model), *after = seqrt_block(p->model);
    p->model->get(p->t->memory, SEQRT_WEIGHTS, start);
    memset(p->sums, 0, p->model->weights_count * sizeof *p->sums); /* the optimiser's first moments */
    const double norm = steps_from(p, start, steps, NULL);
    if (steps > 0)
        result_number(p, "grad_norm", p->norm = norm);
    result_tensors(p, "after.");
    if (p->model->real_bytes == 8) {
        memcpy(after, p->block, p->model->weights_count * (size_t)p->model->real_bytes);
        if (slack_run(p, start, after, steps, "slack32.after.", 0x1p-24))
            slack_run(p, start, after, steps, "slack64.after.", 0x1p-53);
    }
    p->model->set(p->t->memory, SEQRT_WEIGHTS, start);
    free(after);
    free(start);
}

static int probe_run(Probe *p)
{
    const Options *o = &p->t->options;
    p->block = seqrt_block(p->model);
    p->sums = seqrt_need(p->model->weights_count, sizeof *p->sums);
    p->sizes = seqrt_need((size_t)p->model->tensors_count, sizeof *p->sizes);
    result_batch(p);
    whole_run(p);
    alone_run(p, has_dropout(p));
    if (p->model->can_stream)
        stream_run(p);
    steps_run(p, o->steps >= 0 ? o->steps : 10);
    junk_run(p);
    if (o->save && !seqrt_safe_write(o->save, p->count, p->list, 0, NULL, &p->error))
        return seqrt_stop(p->t, EXIT_SYSTEM, &p->error);
    printf("loss %.9g  eval_loss %.9g  grad_norm %.9g\n", p->loss, p->eval_loss, p->norm);
    return EXIT_DONE;
}

int seqrt_probe(Trainer *t)
{
    Probe p = {.t = t, .model = t->model, .task = t->model->task, .seed = t->options.seed, .norm = NAN};
    const Options *o = &t->options;
    if (o->rows > t->model->B || (o->rows > 0 && o->batch)) {
        seqrt_fail(&p.error, "--rows %ld; expected at most the model's batch of %d, and no --batch", o->rows, t->model->B);
        return seqrt_stop(t, EXIT_USAGE, &p.error);
    }
    int code = EXIT_DATA;
    if (!o->load)
        seqrt_weights_init(t, p.seed);
    if ((o->load && !seqrt_weights_load(t, o->load, &p.error)) || !batch_open(&p))
        seqrt_stop(t, code, &p.error);
    else
        code = probe_run(&p);
    seqrt_synthetic_free(&p.s);
    free(p.block);
    free(p.sums);
    free(p.sizes);
    results_free(&p);
    return code;
}
