/* optimizer.h: an optimiser's equations, as one pass over all parameters. */
#ifndef SEQGEN_OPTIMIZER_RULE_H
#define SEQGEN_OPTIMIZER_RULE_H

#include "plan.h"

/* In the equations: w0, g0, s0, s1 what the arrays hold; gi the clipped gradient; scalars by name. They define w1 and, for
 * as many slots as the optimiser has, s0_1 and s1_1. */
typedef struct OptimizerRule {
    const char *comment;
    int slots;
    Let lets[10];            /* ended by expr NULL */
    const char *scalars[4];  /* names, ended by NULL, in the order of `facts` */
    const char *facts[4];    /* C expressions in double: of lr, done (steps with this one) */
} OptimizerRule;

OptimizerRule optimizer_rule(const OptimizerSpec *spec);

/* C expression of the learning rate of `epoch` out of `epochs`, from lr. */
char *schedule_rule(const ScheduleSpec *schedule, const char **comment);

#endif
