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

enum { SAMPLES = 40, POINTS = 64 };

typedef struct Check {
    Trainer *t;
    const SeqrtModel *model;
    Synthetic batch;
    uint64_t seed, drawn;
    void *weights, *work, *there; /* blocks: as they are, and moved; gradients of the moved ones */
    double *gradient;       /* [weights_count] what the model says */
    double *direction, *moved; /* [weights_count] of one tensor: as drawn, as rounded to reals */
    json_t *report;         /* --json: a list of tensors; else NULL */
    double step, noise, tolerance; /* h; error of a difference by rounding, times h; largest relative error allowed */
} Check;

typedef struct Worst {
    double error, says, is;
    int kinks; /* lines that only the mean over the step explains */
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

/* Elements first .. first + count - 1 of a tensor, moved together along c->direction[0 .. count - 1]. */
typedef struct Line {
    size_t first, count;
} Line;

/* The loss at weights + by * direction; the moved weights stay in `work`. */
static double loss_along(Check *c, Line line, double by)
{
    for (size_t i = 0; i < line.count; i++)
        seqrt_real_set(c->model, c->work, line.first + i, seqrt_real(c->model, c->weights, line.first + i) + by * c->direction[i]);
    return loss_at(c, c->work);
}

/* (L(w + h d) - L(w - h d)) / 2h; c->moved: d as rounded to reals. */
static double central_difference(Check *c, Line line)
{
    double high = loss_along(c, line, c->step);
    for (size_t i = 0; i < line.count; i++)
        c->moved[i] = seqrt_real(c->model, c->work, line.first + i);
    double low = loss_along(c, line, -c->step);
    for (size_t i = 0; i < line.count; i++)
        c->moved[i] = (c->moved[i] - seqrt_real(c->model, c->work, line.first + i)) / (2 * c->step);
    return (high - low) / (2 * c->step);
}

/* What the model's gradients say of the move, at points along the step: at[] ascends from -1 to 1 times the step. */
typedef struct Slopes {
    int count;
    double at[POINTS], slope[POINTS];
} Slopes;

static void slope_add(Check *c, Line line, Slopes *s, double at)
{
    double slope = 0;
    int k = s->count++;
    loss_along(c, line, c->step * at);
    c->model->get(c->t->memory, SEQRT_GRADIENTS, c->there);
    for (size_t i = 0; i < line.count; i++)
        slope += seqrt_real(c->model, c->there, line.first + i) * c->moved[i];
    for (; k > 0 && s->at[k - 1] > at; k--) {
        s->at[k] = s->at[k - 1];
        s->slope[k] = s->slope[k - 1];
    }
    s->at[k] = at;
    s->slope[k] = slope;
}

/* Where to look next: in the middle of the interval the mean knows least about; every fourth time in the widest, where kinks may hide. */
static double slope_place(const Slopes *s)
{
    double most = -1, place = 0;
    for (int k = 1; k < s->count; k++) {
        double width = s->at[k] - s->at[k - 1], unsure = s->count % 4 ? width * fabs(s->slope[k] - s->slope[k - 1]) : width;
        if (unsure > most) {
            most = unsure;
            place = s->at[k - 1] + width / 2;
        }
    }
    return place;
}

/* By trapezoids. */
static double slopes_mean(const Slopes *s)
{
    double area = 0;
    for (int k = 1; k < s->count; k++)
        area += (s->at[k] - s->at[k - 1]) * (s->slope[k] + s->slope[k - 1]) / 2;
    return area / 2;
}

/* Relative error, forgiving what rounding of the loss can make of a difference over 2h. */
static double error_of(const Check *c, double says, double is, double scale)
{
    return fabs(says - is) / (fmax(fmax(fabs(says), fabs(is)), scale) + c->noise / (c->step * c->tolerance));
}

static void worst_keep(Worst *w, double error, double says, double is, const char *where)
{
    if (isnan(w->error) || error <= w->error)
        return;
    *w = (Worst){.error = error, .says = says, .is = is, .kinks = w->kinks};
    snprintf(w->where, sizeof w->where, "%s", where);
}

/* A central difference is the derivative's mean over the step. Where a kink (relu, max) or a bend lies within the step, that is not
 * the gradient at w, but still the mean of the gradients along the step: nothing is skipped, and a wrong gradient is wrong in the
 * mean as well. */
static void line_check(Check *c, Line line, double scale, Worst *worst, const char *where)
{
    double is = central_difference(c, line), says = 0;
    for (size_t i = 0; i < line.count; i++)
        says += c->gradient[line.first + i] * c->moved[i];
    double error = error_of(c, says, is, scale);
    Slopes slopes = {0};
    for (int points = 4; points <= POINTS && error > c->tolerance; points *= 4) {
        while (slopes.count < points)
            slope_add(c, line, &slopes, slopes.count < 2 ? 2 * slopes.count - 1 : slope_place(&slopes));
        double mean = slopes_mean(&slopes), closer = error_of(c, mean, is, scale);
        says = closer < error ? mean : says;
        error = fmin(error, closer);
    }
    worst->kinks += slopes.count && error <= c->tolerance;
    memcpy(c->work, c->weights, c->model->weights_count * (size_t)c->model->real_bytes);
    worst_keep(worst, error, says, is, where);
}

static void element_check(Check *c, const SeqrtTensor *t, size_t at, double scale, Worst *worst)
{
    char place[48];
    c->direction[0] = 1;
    line_check(c, (Line){t->offset + at, 1}, scale, worst, seqrt_place_text(t, at, place));
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

static void direction_check(Check *c, const SeqrtTensor *t, double scale, Worst *worst)
{
    size_t n = seqrt_tensor_count(t);
    direction_draw(c, n);
    line_check(c, (Line){t->offset, n}, scale, worst, "a random direction");
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
        json_t *one = json_pack("{s:s, s:b, s:s, s:i}", "name", t->name, "ok", good, "where", worst->where, "kinks", worst->kinks);
        if (isfinite(worst->error))
            json_object_set_new(one, "error", json_real(worst->error));
        json_array_append_new(c->report, one);
        return;
    }
    printf("%-32s %.2e at %-18s %s", t->name, worst->error, worst->where, good ? "ok" : "FAIL");
    if (good && worst->kinks)
        printf("  %d at kinks, by the mean gradient over the step", worst->kinks);
    if (good)
        putchar('\n');
    else
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
    seqrt_synthetic_with_loss(m, c->t->memory, &c->batch, c->seed);
    c->weights = seqrt_block(m);
    c->work = seqrt_block(m);
    c->there = seqrt_block(m);
    c->gradient = seqrt_need(m->weights_count, sizeof(double));
    c->direction = seqrt_need(m->weights_count, sizeof(double));
    c->moved = seqrt_need(m->weights_count, sizeof(double));
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
    free(c->there);
    free(c->gradient);
    free(c->direction);
    free(c->moved);
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
