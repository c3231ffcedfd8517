/* scalar.h: the number the tape computes with. double; with TAPE_COMPLEX a complex double, so that the tests can take
 * derivatives by a complex step through the very same source.
 *
 * Gives: Scalar and its functions. Does not: order complex numbers; whoever compares takes scalar_real.
 */
#ifndef SEQGEN_SCALAR_H
#define SEQGEN_SCALAR_H

#include <math.h>

#ifdef TAPE_COMPLEX

#include <complex.h>
#undef I /* a dimension letter here */

typedef double _Complex Scalar;
#define scalar_real(x) creal(x)
#define scalar_exp(x) cexp(x)
#define scalar_log(x) clog(x)
#define scalar_sqrt(x) csqrt(x)
#define scalar_tanh(x) ctanh(x)

/* erf has no complex form in the C library; for the tiny imaginary part of a complex step its Taylor series ends here. */
static inline Scalar scalar_erf(Scalar x)
{
    const double slope = 1.1283791670955126 /* 2 / sqrt(pi) */ * exp(-creal(x) * creal(x));
    return erf(creal(x)) + _Complex_I * (cimag(x) * slope);
}

#else

typedef double Scalar;
#define scalar_real(x) (x)
#define scalar_exp(x) exp(x)
#define scalar_log(x) log(x)
#define scalar_sqrt(x) sqrt(x)
#define scalar_tanh(x) tanh(x)
#define scalar_erf(x) erf(x)

#endif

#endif
