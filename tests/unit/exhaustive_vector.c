/* exhaustive_vector.c: every float through the vector functions, against the C library in double.
 *
 * Takes: VECTOR_BLOCK (float). Gives: one line a function with its worst error, exit 1 where it is too large, where tanh is not
 * odd or leaves [-1, 1], where sigmoid leaves [0, 1], or where a NaN does not stay one. Minutes: not part of the ordinary run.
 * Does not: try special values by name (check_vector.c), they are among the floats.
 */
#include VECTOR_BLOCK

#include "vector_error.h"

_Static_assert(sizeof(Real) == 4, "every double would take a while");

enum { CHUNK = 4096 };

/* Between the limits the C library; outside, where double has no digit left to show, the first terms. */
static double right_tanh(double x)
{
    if (fabs(x) < 0x1p-13) return x - x * x * x / 3;
    return fabs(x) > 20 ? copysign(1, x) : tanh(x);
}
static double right_sigmoid(double x)
{
    if (fabs(x) < 0x1p-13) return 0.5 + x / 4 - x * x * x / 48;
    if (x > 50) return 1;
    return x < -800 ? 0 : 1 / (1 + exp(-x));
}
static double right_exp(double x)
{
    if (fabs(x) < 0x1p-20) return 1 + x + x * x / 2;
    return x > 100 ? HUGE_VAL : x < -800 ? 0 : exp(x);
}
static double right_cdf(double x)
{
    return fabs(x) < 0x1p-26 ? 0.5 + x * 0.39894228040143268 : x > 40 ? 1 : x < -40 ? 0 : erfc(-x * 0.70710678118654752) / 2;
}
static double right_gelu(double x) { return isinf(x) && x < 0 ? 0 : x * right_cdf(x); }
static double right_gelu_grad(double x)
{
    return right_cdf(x) + (fabs(x) > 40 ? 0 : x * exp(-x * x / 2) * 0.39894228040143268);
}

static bool any_value(Real y, Real mirrored) { return (void)y, (void)mirrored, true; }
static bool tanh_holds(Real y, Real mirrored) { return y == -mirrored && !signbit(y) != !signbit(mirrored) && y >= -1 && y <= 1; }
static bool sigmoid_holds(Real y, Real mirrored) { return y >= 0 && y <= 1 && mirrored >= 0 && mirrored <= 1; }

typedef enum Unit {
    ULPS,
    OF_SIZE, /* 1e-7 of max(|x|, 1e-3) */
    OF_ONE   /* FLT_EPSILON */
} Unit;

typedef struct Trial {
    Tally tally;
    Unit unit;
    void (*run)(Real *out, const Real *in);
    double (*right)(double x);
    bool (*holds)(Real y, Real mirrored);
} Trial;

#define RUN(name) \
    static void run_##name(Real *out, const Real *in) \
    { \
        for (int i = 0; i < CHUNK; i += W) v_putu(out + i, v_##name(v_getu(in + i))); \
    }
RUN(tanh)
RUN(sigmoid)
RUN(gate)
RUN(exp)
RUN(gelu)
RUN(gelu_grad)

/* As ulps(), without the C library: 2^(24 - e) from the exponent bits of the right value */
static double float_ulps(Real y, double want)
{
    uint64_t bits;
    if (isnan(want) || isnan(y)) return isnan(want) && isnan(y) ? 0 : HUGE_VAL;
    if (isinf(y) || isinf((Real)want)) return y == (Real)want ? 0 : HUGE_VAL;
    memcpy(&bits, &want, sizeof bits);
    uint64_t exponent = bits >> 52 & 2047;
    bits = (2 * 1023 + 23 - (exponent < 1023 - 126 ? 1023 - 126 : exponent)) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return fabs(y - want) * scale;
}

static double error_of(const Trial *trial, Real x, Real y)
{
    double want = trial->right(x);
    if (trial->unit == OF_ONE && !isnan(want)) return fabs(y - want) / FLT_EPSILON;
    if (trial->unit == ULPS || isnan(want) || isinf(x)) return float_ulps(y, want);
    return fabs(y - want) / (1e-7 * fmax(fabs((double)x), 1e-3));
}

/* x in [from, from + CHUNK) of the bit patterns, and -x */
static bool try_chunk(Trial *trial, uint32_t from)
{
    static Real in[CHUNK], out[CHUNK], mirrored[CHUNK];
    for (int i = 0; i < CHUNK; i++) {
        uint32_t bits = from + (uint32_t)i;
        memcpy(&in[i], &bits, sizeof bits);
    }
    trial->run(out, in);
    for (int i = 0; i < CHUNK; i++) tally_add(&trial->tally, in[i], error_of(trial, in[i], out[i]));
    for (int i = 0; i < CHUNK; i++) in[i] = -in[i];
    trial->run(mirrored, in);
    for (int i = 0; i < CHUNK; i++) {
        if (isnan(in[i])) continue;
        tally_add(&trial->tally, in[i], error_of(trial, in[i], mirrored[i]));
        if (!trial->holds(out[i], mirrored[i])) {
            printf("FAILED %s(%.9g) = %.9g, of the opposite %.9g\n", trial->tally.name, (double)-in[i], (double)out[i],
                   (double)mirrored[i]);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    Trial trials[] = {
        {{"tanh", 4, 0, 0}, ULPS, run_tanh, right_tanh, tanh_holds},
        {{"sigmoid", 4, 0, 0}, ULPS, run_sigmoid, right_sigmoid, sigmoid_holds},
        {{"gate", 1, 0, 0}, OF_ONE, run_gate, right_sigmoid, sigmoid_holds},
        {{"exp", 2, 0, 0}, ULPS, run_exp, right_exp, any_value},
        {{"gelu", 4, 0, 0}, OF_SIZE, run_gelu, right_gelu, any_value},
        {{"gelu_grad", 2, 0, 0}, OF_ONE, run_gelu_grad, right_gelu_grad, any_value},
    };
    bool ok = true;
    for (size_t k = 0; k < sizeof trials / sizeof *trials; k++) {
        if (argc > 1 && strcmp(argv[1], trials[k].tally.name)) continue;
        for (uint32_t from = 0; from < 0x80000000u && ok; from += CHUNK) ok = try_chunk(&trials[k], from);
        ok = tally_report(&trials[k].tally) && ok;
        fflush(stdout);
    }
    return !ok;
}
