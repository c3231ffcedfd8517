/* optimizer.c: the optimisers' equations, as torch.optim defines them, and the schedules of spec.h.
 *
 * sgd      b = mu b + g; p -= lr b, or p -= lr (g + mu b) with Nesterov's momentum
 * adam     m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)
 * adamw    p -= lr wd p first; then adam without decay in the gradient
 * rmsprop  v = a v + (1 - a) g^2; d = g / (sqrt(v) + eps); p -= lr d, or b = mu b + d, p -= lr b
 * adagrad  s = s + g^2; p -= lr g / (sqrt(s) + eps)
 * Weight decay elsewhere is added to the gradient: g += wd p. Parameters that only pad a panel have g = p = 0 and stay so.
 */
#include "optimizer.h"

static char *number(double x) { return mem_format("(Real)%s", mem_real(x)); }

static void let(OptimizerRule *rule, const char *name, char *expr)
{
    int i = 0;
    while (rule->lets[i].expr)
        i++;
    rule->lets[i] = (Let){name, expr};
}

static void scalar(OptimizerRule *rule, const char *name, char *fact)
{
    int i = 0;
    while (rule->scalars[i])
        i++;
    rule->scalars[i] = name;
    rule->facts[i] = fact;
}

static void rule_sgd(OptimizerRule *rule, const OptimizerSpec *spec)
{
    rule->comment = "SGD: p -= lr g";
    scalar(rule, "lr", mem_copy("lr"));
    if (spec->momentum <= 0) {
        let(rule, "w1", mem_copy("w0 - lr * gi"));
        return;
    }
    rule->slots = 1;
    rule->comment = spec->nesterov ? "SGD: b = momentum b + g; p -= lr (g + momentum b)" : "SGD: b = momentum b + g; p -= lr b";
    let(rule, "s0_1", mem_format("%s * s0 + gi", number(spec->momentum)));
    let(rule, "w1", spec->nesterov ? mem_format("w0 - lr * (gi + %s * s0_1)", number(spec->momentum)) : mem_copy("w0 - lr * s0_1"));
}

static void rule_adam(OptimizerRule *rule, const OptimizerSpec *spec)
{
    const bool decoupled = spec->kind == OPT_ADAMW;
    rule->slots = 2;
    rule->comment = decoupled ? "AdamW: p -= lr wd p; then p -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)"
                              : "Adam: p -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)";
    scalar(rule, "rate", mem_format("lr / (1 - pow(%s, done))", mem_real(spec->beta1)));
    scalar(rule, "root", mem_format("1 / sqrt(1 - pow(%s, done))", mem_real(spec->beta2)));
    if (decoupled)
        scalar(rule, "keep", mem_format("1 - lr * %s", mem_real(spec->weight_decay)));
    let(rule, "s0_1", mem_format("%s * s0 + %s * gi", number(spec->beta1), number(1 - spec->beta1)));
    let(rule, "s1_1", mem_format("%s * s1 + %s * gi * gi", number(spec->beta2), number(1 - spec->beta2)));
    let(rule, "w1", mem_format("%s - rate * s0_1 / (v_sqrt(s1_1) * root + %s)", decoupled ? "keep * w0" : "w0", number(spec->eps)));
}

static void rule_rmsprop(OptimizerRule *rule, const OptimizerSpec *spec)
{
    rule->slots = 1;
    rule->comment = "RMSprop: v = alpha v + (1 - alpha) g^2; p -= lr g / (sqrt(v) + eps)";
    scalar(rule, "lr", mem_copy("lr"));
    let(rule, "s0_1", mem_format("%s * s0 + %s * gi * gi", number(spec->alpha), number(1 - spec->alpha)));
    let(rule, "d", mem_format("gi / (v_sqrt(s0_1) + %s)", number(spec->eps)));
    if (spec->momentum > 0) {
        rule->slots = 2;
        let(rule, "s1_1", mem_format("%s * s1 + d", number(spec->momentum)));
    }
    let(rule, "w1", mem_copy(spec->momentum > 0 ? "w0 - lr * s1_1" : "w0 - lr * d"));
}

static void rule_adagrad(OptimizerRule *rule, const OptimizerSpec *spec)
{
    rule->slots = 1;
    rule->comment = "Adagrad: s += g^2; p -= lr g / (sqrt(s) + eps)";
    scalar(rule, "lr", mem_copy("lr"));
    let(rule, "s0_1", mem_copy("s0 + gi * gi"));
    let(rule, "w1", mem_format("w0 - lr * gi / (v_sqrt(s0_1) + %s)", number(spec->eps)));
}

OptimizerRule optimizer_rule(const OptimizerSpec *spec)
{
    OptimizerRule rule = {0};
    const bool decay = spec->weight_decay != 0 && spec->kind != OPT_ADAMW;
    let(&rule, "gi", decay ? mem_format("g0 * scale + %s * w0", number(spec->weight_decay)) : mem_copy("g0 * scale"));
    switch (spec->kind) {
    case OPT_SGD: rule_sgd(&rule, spec); break;
    case OPT_ADAM:
    case OPT_ADAMW: rule_adam(&rule, spec); break;
    case OPT_RMSPROP: rule_rmsprop(&rule, spec); break;
    case OPT_ADAGRAD: rule_adagrad(&rule, spec); break;
    }
    return rule;
}

char *schedule_rule(const ScheduleSpec *s, const char **comment)
{
    switch (s->kind) {
    case SCHEDULE_STEP:
        *comment = "lr gamma^(epoch / every)";
        return mem_format("lr * pow(%s, (double)(epoch / %lld))", mem_real(s->gamma), (long long)s->every);
    case SCHEDULE_EXPONENTIAL:
        *comment = "lr gamma^epoch";
        return mem_format("lr * pow(%s, (double)epoch)", mem_real(s->gamma));
    case SCHEDULE_COSINE: {
        *comment = "linear warm-up, then half a cosine down to min_lr";
        long long w = (long long)s->warmup;
        char *min_lr = mem_real(s->min_lr), *rest = mem_format("(epochs - %lld > 1 ? epochs - %lld : 1)", w, w);
        return mem_format("epoch < %lld ? lr * (epoch + 1) / %lld.0 : %s + (lr - %s) * (1 + cos(3.14159265358979324 * (epoch - %lld) / %s)) / 2", w,
                          w ? w : 1, min_lr, min_lr, w, rest);
    }
    case SCHEDULE_CONSTANT: break;
    }
    *comment = "constant";
    return mem_copy("lr");
}
