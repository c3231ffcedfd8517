/* check.c: the `gradcheck` command: the model's gradients against central differences of its own loss.
 *
 * Takes: weights from the seed, a random batch. Gives: a line a tensor (or JSON), exit 4 if one is wrong. Dropout is a function of
 * (seed, step), so every loss here sees the same mask.
 * Does not: compare with another implementation (probe, seqgen verify).
 */
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trainer.h"

enum { SAMPLES = 40 };

typedef struct Check {
    Trainer *t;
    const SeqrtModel *model;
    Synthetic batch;
    uint64_t seed, drawn;
    void *weights, *work;   /* blocks: as they are, and moved */
    double *gradient;       /* [weights_count] what the model says */
    double *direction;      /* [weights_count] of one tensor */
    json_t *report;         /* --json: a list of tensors; else NULL */
    double step, noise, tolerance; /* h; error of a difference by rounding, times h; largest relative error allowed */
} Check;

typedef struct Worst {
    double error, says, is;
    char where[64];
} Worst;

static uint64_t draw(Check *c) { return seqrt_random(c->seed, SEQRT_STREAM(SEQRT_STREAM_PROBE, 100), c->drawn++); }

/* Mean loss of the weights in `block`. */
static double loss_at(Check *c, const void *block)
{
    c->model->set(c->t->memory, SEQRT_WEIGHTS, block);
    c->model->reset(c->t->memory);
    SeqrtLoss loss = c->model->gradient(c->t->memory, &c->batch.batch, c->seed, 0, NULL);
    return loss.sum / loss.weight;
}

/* Weight i of `work` moved by `by`; what it moved after rounding to a real. */
static double nudge(Check *c, size_t i, double by)
{
    double old = seqrt_real(c->model, c->weights, i);
    seqrt_real_set(c->model, c->work, i, old + by);
    return seqrt_real(c->model, c->work, i) - old;
}

static void restore(Check *c, size_t i) { seqrt_real_set(c->model, c->work, i, seqrt_real(c->model, c->weights, i)); }

/* Relative error, forgiving what rounding of the loss can make of a difference over 2h. */
static double error_of(const Check *c, double says, double is, double scale, double h)
{
    return fabs(says - is) / (fmax(fmax(fabs(says), fabs(is)), scale) + c->noise / (h * c->tolerance));
}

static void worst_keep(Worst *w, double error, double says, double is, const char *where)
{
    if (isnan(w->error) || error <= w->error)
        return;
    *w = (Worst){.error = error, .says = says, .is = is};
    snprintf(w->where, sizeof w->where, "%s", where);
}

/* One element; halved steps get past a kink (relu, max) that lies within h, but not past a wrong gradient. */
static void element_check(Check *c, const SeqrtTensor *t, size_t at, double scale, Worst *worst)
{
    size_t i = t->offset + at;
    double best = INFINITY, is_best = NAN, h = c->step;
    char place[48];
    for (int attempt = 0; attempt < 3 && !(best <= c->tolerance); attempt++, h /= 4) {
        double up = nudge(c, i, h), high = loss_at(c, c->work);
        double down = nudge(c, i, -h), is = (high - loss_at(c, c->work)) / (up - down);
        double error = error_of(c, c->gradient[i], is, scale, h);
        if (attempt == 0 || error < best) {
            best = error;
            is_best = is;
        }
    }
    restore(c, i);
    worst_keep(worst, best, c->gradient[i], is_best, seqrt_place_text(t, at, place));
}

/* Unit normal direction over the whole tensor. */
static void direction_draw(Check *c, size_t n)
{
    double norm = 0;
    for (size_t i = 0; i < n; i++) {
        double u = (double)(draw(c) >> 11) * 0x1p-53, v = (double)(draw(c) >> 11) * 0x1p-53;
        c->direction[i] = sqrt(-2 * log(1 - u)) * cos(6.283185307179586 * v);
        norm += c->direction[i] * c->direction[i];
    }
    for (size_t i = 0; i < n; i++)
        c->direction[i] /= sqrt(norm);
}

/* The loss at weights + h * direction; *says grows by what the gradient expects of the move as rounded. */
static double direction_loss(Check *c, const SeqrtTensor *t, double h, double *says)
{
    for (size_t i = 0; i < seqrt_tensor_count(t); i++)
        *says += c->gradient[t->offset + i] * nudge(c, t->offset + i, h * c->direction[i]) * (h < 0 ? -1 : 1);
    return loss_at(c, c->work);
}

static void direction_check(Check *c, const SeqrtTensor *t, double scale, Worst *worst)
{
    double best = INFINITY, says_best = NAN, is_best = NAN, h = c->step;
    direction_draw(c, seqrt_tensor_count(t));
    for (int attempt = 0; attempt < 3 && !(best <= c->tolerance); attempt++, h /= 4) {
        double says = 0, high = direction_loss(c, t, h, &says), is = (high - direction_loss(c, t, -h, &says)) / (2 * h);
        double error = error_of(c, says / (2 * h), is, scale, h);
        if (attempt == 0 || error < best) {
            best = error;
            says_best = says / (2 * h);
            is_best = is;
        }
    }
    memcpy(c->work, c->weights, c->model->weights_count * (size_t)c->model->real_bytes);
    worst_keep(worst, best, says_best, is_best, "a random direction");
}

/* Every second sample is moved on to an element with a gradient: most rows of an embedding have none. */
static size_t sample_draw(Check *c, const SeqrtTensor *t, int k)
{
    size_t n = seqrt_tensor_count(t), at = n <= SAMPLES ? (size_t)k : (size_t)(draw(c) % n);
    for (size_t i = 0; n > SAMPLES && k % 2 && i < n && c->gradient[t->offset + at] == 0; i++)
        at = (at + 1) % n;
    return at;
}

static void tensor_report(Check *c, const SeqrtTensor *t, const Worst *worst, bool good)
{
    if (c->report) {
        json_t *one = json_pack("{s:s, s:b, s:s}", "name", t->name, "ok", good, "where", worst->where);
        if (isfinite(worst->error))
            json_object_set_new(one, "error", json_real(worst->error));
        json_array_append_new(c->report, one);
        return;
    }
    printf("%-32s %.2e at %-18s %s", t->name, worst->error, worst->where, good ? "ok\n" : "FAIL");
    if (!good)
        printf("  gradient %.9g, differences %.9g, at most %.0e\n", worst->says, worst->is, c->tolerance);
    fflush(stdout);
}

static bool tensor_check(Check *c, const SeqrtTensor *t)
{
    size_t n = seqrt_tensor_count(t);
    double squares = 0;
    Worst worst = {.error = -1};
    for (size_t i = 0; i < n; i++)
        squares += c->gradient[t->offset + i] * c->gradient[t->offset + i];
    double scale = 0.5 * sqrt(squares / (double)n);
    for (int k = 0; k < SAMPLES && (size_t)k < n; k++)
        element_check(c, t, sample_draw(c, t, k), scale, &worst);
    direction_check(c, t, scale, &worst);
    bool good = worst.error <= c->tolerance;
    tensor_report(c, t, &worst, good);
    return good;
}

/* The rounding of a loss, a mean of many, is some units in the last place of the reals it is made of. */
static void precision_choose(Check *c, double loss)
{
    bool wide = c->model->real_bytes == 8;
    c->step = wide ? 1e-5 : 1e-2;
    c->tolerance = wide ? 1e-6 : 2e-2;
    c->noise = 4 * (wide ? DBL_EPSILON : (double)FLT_EPSILON) * fmax(fabs(loss), 1);
}

static void check_open(Check *c)
{
    const SeqrtModel *m = c->model;
    c->batch = seqrt_synthetic_new(m, m->B);
    seqrt_synthetic_fill(m, &c->batch, c->seed, false);
    c->weights = seqrt_block(m);
    c->work = seqrt_block(m);
    c->gradient = seqrt_need(m->weights_count, sizeof(double));
    c->direction = seqrt_need(m->weights_count, sizeof(double));
    seqrt_init_weights(m, c->seed, c->weights);
    precision_choose(c, loss_at(c, c->weights));
    m->get(c->t->memory, SEQRT_GRADIENTS, c->work);
    for (size_t i = 0; i < m->weights_count; i++)
        c->gradient[i] = seqrt_real(m, c->work, i);
    memcpy(c->work, c->weights, m->weights_count * (size_t)m->real_bytes);
}

static void check_close(Check *c)
{
    seqrt_synthetic_free(&c->batch);
    free(c->weights);
    free(c->work);
    free(c->gradient);
    free(c->direction);
}

int seqrt_gradcheck(Trainer *t)
{
    Check c = {.t = t, .model = t->model, .seed = t->options.seed};
    int wrong = 0;
    c.report = t->options.json ? json_array() : NULL;
    check_open(&c);
    for (int i = 0; i < c.model->tensors_count; i++)
        wrong += !tensor_check(&c, &c.model->tensors[i]);
    check_close(&c);
    if (c.report)
        seqrt_json_print(json_pack("{s:b, s:f, s:o}", "ok", wrong == 0, "tolerance", c.tolerance, "tensors", c.report));
    if (wrong)
        fprintf(stderr, "%s: gradcheck: %d of %d tensors are wrong\n", t->program, wrong, c.model->tensors_count);
    return wrong ? EXIT_MISMATCH : EXIT_DONE;
}
