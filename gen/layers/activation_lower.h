/* activation_lower.h: one element-wise function: its equation and its derivative by the result (or, gelu, by the input). */
#ifndef SEQGEN_ACTIVATION_LOWER_H
#define SEQGEN_ACTIVATION_LOWER_H

#include "../plan/plan.h"

typedef struct Activation {
    const char *name;
    const Let *from_a0;     /* out = f(a0): as a product's epilogue */
    const Let *forward;     /* out = f(x) */
    const Let *reverse;     /* dx = dy f'(y) with y, or x where reads_x */
    bool reads_x;
} Activation;

const Activation *activation_find(const char *name);

#endif
