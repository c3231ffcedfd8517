/* vector_error.h: errors of the vector functions in units in the last place, for check_vector.c and exhaustive_vector.c.
 *
 * Takes: Real, from the vector block included before. Gives: ulps, a tally of the worst.
 * Does not: know what the right value is.
 */
#ifndef VECTOR_ERROR_H
#define VECTOR_ERROR_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct Tally {
    const char *name;
    double limit;   /* largest error allowed */
    double worst;
    Real where;     /* argument of the worst error */
} Tally;

enum { REAL_DIGITS = sizeof(Real) == 4 ? FLT_MANT_DIG : DBL_MANT_DIG, REAL_EMIN = sizeof(Real) == 4 ? FLT_MIN_EXP : DBL_MIN_EXP };

/* Distance in units of the last place `want` would have as a Real; 0 where both are the same infinity, or NaN. */
static inline double ulps(Real got, long double want)
{
    int exponent;
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : HUGE_VAL;
    if (isinf(got) || isinf((Real)want)) return got == (Real)want ? 0 : HUGE_VAL;
    frexpl(want, &exponent);
    if (exponent < REAL_EMIN) exponent = REAL_EMIN;
    return (double)fabsl(ldexpl(got - want, REAL_DIGITS - exponent));
}

static inline void tally_add(Tally *tally, Real x, double error)
{
    if (!(error <= tally->worst)) { /* a NaN is the worst of all */
        tally->worst = error;
        tally->where = x;
    }
}

static inline bool tally_report(const Tally *tally)
{
    bool ok = tally->worst <= tally->limit; /* not if it is a NaN */
    printf("%s %-10s worst %.3f at %.17g; allowed %g\n", ok ? "ok    " : "FAILED", tally->name, tally->worst,
           (double)tally->where, tally->limit);
    return ok;
}

#endif
