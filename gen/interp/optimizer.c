/* optimizer.c: one optimiser step, parameter by parameter, in torch.optim's order of operations.
 *
 * Takes: weights, gradients, slots. Gives: new weights and slots. Does not: average gradients, or know tensors.
 */
#include "optimizer.h"

#include <math.h>

static double cosine_rate(const ScheduleSpec *schedule, double lr, int epoch, int epochs)
{
    if (epoch < schedule->warmup)
        return lr * (double)(epoch + 1) / (double)schedule->warmup;
    const double span = fmax(1.0, (double)(epochs - schedule->warmup));
    const double angle = 3.14159265358979323846 * (double)(epoch - schedule->warmup) / span;
    return schedule->min_lr + (lr - schedule->min_lr) * (1.0 + cos(angle)) / 2.0;
}

double optimizer_rate(const ScheduleSpec *schedule, double lr, int epoch, int epochs)
{
    switch (schedule->kind) {
    case SCHEDULE_CONSTANT: return lr;
    case SCHEDULE_STEP: return lr * pow(schedule->gamma, (double)(epoch / schedule->every));
    case SCHEDULE_EXPONENTIAL: return lr * pow(schedule->gamma, epoch);
    case SCHEDULE_COSINE: return cosine_rate(schedule, lr, epoch, epochs);
    }
    return lr;
}

/* What one step is made of; slots are named as graph_slots names them. */
typedef struct Step {
    const OptimizerSpec *o;
    double lr;
    double correction1, correction2; /* adam: 1 - beta^step */
} Step;

/* b = momentum b + g; w -= lr b, or with nesterov lr (g + momentum b). The first b is g: b starts at 0. */
static void sgd(const Step *s, double *w, double g, double *momentum_buffer)
{
    g += s->o->weight_decay * *w;
    if (momentum_buffer) {
        *momentum_buffer = s->o->momentum * *momentum_buffer + g;
        g = s->o->nesterov ? g + s->o->momentum * *momentum_buffer : *momentum_buffer;
    }
    *w -= s->lr * g;
}

/* m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps).
 * adam adds weight_decay w to g; adamw first takes lr weight_decay w off w. */
static void adam(const Step *s, double *w, double g, double *exp_avg, double *exp_avg_sq)
{
    const OptimizerSpec *o = s->o;
    if (o->kind == OPT_ADAMW)
        *w *= 1.0 - s->lr * o->weight_decay;
    else
        g += o->weight_decay * *w;
    *exp_avg += (1.0 - o->beta1) * (g - *exp_avg);
    *exp_avg_sq = o->beta2 * *exp_avg_sq + (1.0 - o->beta2) * g * g;
    const double denominator = sqrt(*exp_avg_sq) / sqrt(s->correction2) + o->eps;
    *w -= s->lr / s->correction1 * *exp_avg / denominator;
}

/* v = alpha v + (1 - alpha) g^2; d = g / (sqrt(v) + eps); w -= lr d, or with momentum b = momentum b + d, w -= lr b */
static void rmsprop(const Step *s, double *w, double g, double *square_avg, double *momentum_buffer)
{
    const OptimizerSpec *o = s->o;
    g += o->weight_decay * *w;
    *square_avg = o->alpha * *square_avg + (1.0 - o->alpha) * g * g;
    double d = g / (sqrt(*square_avg) + o->eps);
    if (momentum_buffer)
        d = *momentum_buffer = o->momentum * *momentum_buffer + d;
    *w -= s->lr * d;
}

/* v = v + g^2; w -= lr g / (sqrt(v) + eps) */
static void adagrad(const Step *s, double *w, double g, double *sum)
{
    g += s->o->weight_decay * *w;
    *sum += g * g;
    *w -= s->lr * g / (sqrt(*sum) + s->o->eps);
}

static void step_one(const Step *s, double *w, double g, double *const *slots, size_t i)
{
    const bool momentum = s->o->momentum > 0;
    switch (s->o->kind) {
    case OPT_SGD:
        sgd(s, w, g, momentum ? &slots[0][i] : NULL);
        break;
    case OPT_ADAM:
    case OPT_ADAMW:
        adam(s, w, g, &slots[0][i], &slots[1][i]);
        break;
    case OPT_RMSPROP:
        rmsprop(s, w, g, &slots[0][i], momentum ? &slots[1][i] : NULL);
        break;
    case OPT_ADAGRAD:
        adagrad(s, w, g, &slots[0][i]);
        break;
    }
}

static double norm_of(size_t n, const double *g)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += g[i] * g[i];
    return sqrt(sum);
}

/* clip_grad_norm_: g max / (norm + 1e-6), never larger than g */
static double clip_factor(double max, double norm)
{
    const double factor = max / (norm + 1e-6);
    return max > 0 && factor < 1.0 ? factor : 1.0;
}

double optimizer_update(const TrainSpec *train, const SeqrtUpdate *u, size_t n, double *w, const double *g, double *const *slots)
{
    const OptimizerSpec *o = &train->optimizer;
    const double done = (double)u->step + 1;
    const Step step = {
        .o = o,
        .lr = optimizer_rate(&train->schedule, u->lr, u->epoch, u->epochs),
        .correction1 = 1.0 - pow(o->beta1, done),
        .correction2 = 1.0 - pow(o->beta2, done),
    };
    const double norm = norm_of(n, g), factor = clip_factor(train->clip_norm, norm);
    for (size_t i = 0; i < n; i++)
        step_one(&step, &w[i], g[i] * factor, slots, i);
    return norm;
}
