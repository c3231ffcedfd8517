/* check.h: counting failures, distances, numbers without a pattern. VERBOSE=1 prints what passes too. */
#ifndef TESTS_GRAD_CHECK_H
#define TESTS_GRAD_CHECK_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int failures;

static inline void check(bool good, const char *what, const char *name, double found, double limit)
{
    if (!good)
        failures++;
    if (!good || getenv("VERBOSE"))
        printf("%s %-28s %-20s found %.3g, at most %.3g\n", good ? "ok  " : "FAIL", what, name, found, limit);
}

/* |a - b| / |b|, both [n] */
static inline double distance(size_t n, const double *a, const double *b)
{
    double difference = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        norm += b[i] * b[i];
    }
    return sqrt(difference) / fmax(sqrt(norm), 1e-300);
}

static int report(const char *program, int count)
{
    printf("%s: %d checked, %d failed\n", program, count, failures);
    return failures ? 1 : 0;
}

#endif
