/* check_vector.c: the vector layer of the generated C against the C library in long double.
 *
 * Takes: VECTOR_BLOCK, the name of a file made by make_vector.sh. Gives: one line a function with its worst error over dense
 * random arguments, exit 1 where one is too large or a primitive is wrong.
 * Does not: try every float; exhaustive_vector.c does.
 */
#include VECTOR_BLOCK

#include "vector_error.h"
#include <stdlib.h>

#ifndef SAMPLES
#define SAMPLES 200000 /* an emulator takes fewer */
#endif
#define SQRT1_2 0.70710678118654752440084436210484903928L
#define SQRT1_2_LOW 1.895032558893257879655e-20L /* 1/sqrt 2 - SQRT1_2 as an x87 long double */

static int failures;

#define CHECK(condition) \
    do { \
        if (!(condition)) failures++, printf("FAILED %s:%d: %s\n", __FILE__, __LINE__, #condition); \
    } while (0)

static uint64_t random_bits(void)
{
    static uint64_t state = 1;
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Half of them uniform in [low, high], half with a uniform exponent and sign */
static Real random_argument(double low, double high)
{
    double u = (double)(random_bits() >> 11) * 0x1p-53;
    if (random_bits() & 1) return (Real)(low + u * (high - low));
    double size = ldexp(1 + u, -(int)(random_bits() % (sizeof(Real) == 4 ? 150 : 1075)) + 10);
    double sign = random_bits() & 1 ? -1 : 1;
    return (Real)(fmin(size, high > -low ? high : -low) * sign);
}

/* ---- right values ---- */
static long double normal_cdf(long double x)
{
    long double y = x * SQRT1_2, rest = fmal(x, SQRT1_2, -y);
    if (LDBL_MANT_DIG == 64) rest += x * SQRT1_2_LOW;
    /* erfc(-y - rest), by its derivative where that counts */
    return erfcl(-y) / 2 * (y < -1 ? 1 + 2 * -y * rest * (1 + 1 / (2 * y * y)) : 1);
}
static long double right_exp(long double x) { return expl(x); }
static long double right_tanh(long double x) { return tanhl(x); }
static long double right_sigmoid(long double x) { return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x)); }
static long double right_gelu(long double x) { return x * normal_cdf(x); }
static long double right_gelu_grad(long double x)
{
    return normal_cdf(x) + x * expl(-x * x / 2) * 0.398942280401432677939946059934381868L;
}

/* ---- the functions, out of line ---- */
typedef void Function(Real *out, const Real *in);
static void run_exp(Real *out, const Real *in) { v_putu(out, v_exp(v_getu(in))); }
static void run_tanh(Real *out, const Real *in) { v_putu(out, v_tanh(v_getu(in))); }
static void run_sigmoid(Real *out, const Real *in) { v_putu(out, v_sigmoid(v_getu(in))); }
static void run_gelu(Real *out, const Real *in) { v_putu(out, v_gelu(v_getu(in))); }
static void run_gelu_grad(Real *out, const Real *in) { v_putu(out, v_gelu_grad(v_getu(in))); }

/* of cells; a quotient that they leave open */
static void run_gate(Real *out, const Real *in) { v_putu(out, v_gate(v_getu(in))); }
static void run_gate_soon(Real *out, const Real *in) { v_putu(out, v_inverse(v_sigmoid_below_soon(v_getu(in)))); }
static void run_tanh_times(Real *out, const Real *in)
{
    const V x = v_getu(in);
    v_putu(out, v_quick_quotient(v_tanh_above_times(v_set(3), x), v_tanh_below_times(v_set(3), x)));
}
static void run_gate_tanh(Real *out, const Real *in) { v_putu(out, v_quick_quotient(v_tanh_above(v_getu(in)), v_tanh_below(v_getu(in)))); }

static Real at(Function *run, Real x)
{
    Real in[W], out[W];
    for (int i = 0; i < W; i++) in[i] = x;
    run(out, in);
    return out[W - 1];
}

static void try_function(const char *name, Function *run, long double (*right)(long double), double low, double high, double limit,
                         bool absolute)
{
    Tally tally = {name, limit, 0, 0};
    for (int k = 0; k < SAMPLES; k += W) {
        Real in[W], out[W];
        for (int i = 0; i < W; i++) in[i] = random_argument(low, high);
        run(out, in);
        for (int i = 0; i < W; i++) {
            long double want = right(in[i]);
            tally_add(&tally, in[i], absolute ? (double)fabsl(out[i] - want) / (sizeof(Real) == 4 ? FLT_EPSILON : DBL_EPSILON)
                                              : ulps(out[i], want));
        }
    }
    failures += !tally_report(&tally);
}

static bool same(Real a, Real b) { return (isnan(a) && isnan(b)) || (a == b && !signbit(a) == !signbit(b)); }

static void try_special(void)
{
    const Real big = sizeof(Real) == 4 ? (Real)FLT_MAX : (Real)DBL_MAX, inf = (Real)INFINITY, nan = (Real)NAN;
    const struct { Function *run; Real x, y; } table[] = {
        {run_exp, 0, 1}, {run_exp, (Real)-0.0, 1}, {run_exp, inf, inf}, {run_exp, big, inf}, {run_exp, -inf, 0}, {run_exp, -big, 0},
        {run_exp, nan, nan},
        {run_tanh, 0, 0}, {run_tanh, (Real)-0.0, (Real)-0.0}, {run_tanh, inf, 1}, {run_tanh, -inf, -1}, {run_tanh, big, 1},
        {run_tanh, -big, -1}, {run_tanh, nan, nan}, {run_tanh, 20, 1}, {run_tanh, -20, -1},
        {run_sigmoid, 0, (Real)0.5}, {run_sigmoid, (Real)-0.0, (Real)0.5}, {run_sigmoid, inf, 1}, {run_sigmoid, -inf, 0},
        {run_sigmoid, big, 1}, {run_sigmoid, -big, 0}, {run_sigmoid, nan, nan},
        {run_gate, 0, (Real)0.5}, {run_gate, inf, 1}, {run_gate, big, 1}, {run_gate, nan, nan},
        {run_gate_tanh, 0, 0}, {run_gate_tanh, nan, nan},
        {run_gelu, 0, 0}, {run_gelu, (Real)-0.0, (Real)-0.0}, {run_gelu, inf, inf}, {run_gelu, big, big}, {run_gelu, nan, nan},
        {run_gelu_grad, 0, (Real)0.5}, {run_gelu_grad, inf, 1}, {run_gelu_grad, -inf, (Real)-0.0}, {run_gelu_grad, big, 1},
        {run_gelu_grad, -big, (Real)-0.0}, {run_gelu_grad, nan, nan},
    };
    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        Real y = at(table[k].run, table[k].x);
        if (!same(y, table[k].y))
            failures++, printf("FAILED special value %zu: f(%g) = %.17g, not %g\n", k, (double)table[k].x, (double)y, (double)table[k].y);
    }
    CHECK(at(run_gelu, -inf) == 0 && at(run_gelu, -big) == 0);
    CHECK(at(run_gate, -inf) >= 0 && at(run_gate, -inf) < 1e-7 && at(run_gate, -big) >= 0 && at(run_gate, -big) < 1e-7);
}

static void try_tanh_shape(void)
{
    for (int k = 0; k < SAMPLES; k++) {
        Real x = random_argument(-12, 12), y = at(run_tanh, x);
        if (!same(at(run_tanh, -x), -y) || y > 1 || y < -1) {
            failures++, printf("FAILED tanh(%.17g) = %.17g, tanh(-x) = %.17g\n", (double)x, (double)y, (double)at(run_tanh, -x));
            return;
        }
    }
}

static void try_memory(void)
{
    _Alignas(64) Real a[3 * W + 1], b[3 * W + 1];
    for (int i = 0; i < 3 * W + 1; i++) a[i] = (Real)i, b[i] = -1;
    v_put(b + W, v_get(a + W));
    for (int i = 0; i < 3 * W; i++) CHECK(b[i] == (i / W == 1 ? a[i] : -1));
    v_putu(b + 1, v_getu(a + 1));
    for (int i = 0; i < W; i++) CHECK(b[1 + i] == a[1 + i]);
    CHECK(b[0] == -1);
    v_putu(b, v_set((Real)2.5));
    for (int i = 0; i < W; i++) CHECK(b[i] == (Real)2.5);
    v_putu(b, v_set((Real)-0.0));
    for (int i = 0; i < W; i++) CHECK(same(b[i], (Real)-0.0));
    v_putu(b, v_zero());
    for (int i = 0; i < W; i++) CHECK(same(b[i], 0));
}

static void try_lanes(void)
{
    Real a[W], b[W], c[6][W], sum = 0, max = -100;
    for (int round = 0; round < 100; round++, sum = 0, max = -100) {
        for (int i = 0; i < W; i++) {
            a[i] = (Real)((int)(random_bits() % 41) - 20), b[i] = (Real)((int)(random_bits() % 41) - 20);
            sum += a[i], max = a[i] > max ? a[i] : max;
        }
        V x = v_getu(a), y = v_getu(b);
        v_putu(c[0], v_max(x, y)), v_putu(c[1], v_min(x, y)), v_putu(c[2], v_select_lt(x, y, v_set(1), v_set(2)));
        v_putu(c[3], v_abs(x)), v_putu(c[4], v_sqrt(v_abs(x))), v_putu(c[5], x * y + 1);
        for (int i = 0; i < W; i++) {
            CHECK(c[0][i] == (a[i] > b[i] ? a[i] : b[i]) && c[1][i] == (a[i] < b[i] ? a[i] : b[i]));
            CHECK(c[2][i] == (a[i] < b[i] ? 1 : 2) && same(c[3][i], (Real)fabs((double)a[i])));
            CHECK(c[4][i] == (Real)sqrt(fabs((double)a[i])) && c[5][i] == a[i] * b[i] + 1);
        }
        CHECK(v_sum(x) == sum && v_hmax(x) == max);
    }
    v_putu(a, v_max(v_set(1), v_set((Real)NAN))), v_putu(b, v_min(v_set(1), v_set((Real)NAN)));
    v_putu(c[0], v_max(v_set((Real)NAN), v_set(1))), v_putu(c[1], v_sqrt(v_set(-1)));
    CHECK(isnan(a[W - 1]) && isnan(b[W - 1]) && c[0][W - 1] == 1 && isnan(c[1][W - 1]));
}

/* What several gates multiply stays a number, however large their sums are. */
static void try_below(void)
{
    Real a[W], b[W];
    v_putu(a, v_sigmoid_below(v_set(-1e6f))), v_putu(b, v_sigmoid_below_soon(v_set(-1e6f)));
    const double most = exp(V_GATE_LIMIT + 1);
    CHECK((double)a[W - 1] < most && (double)b[W - 1] < most);
    v_putu(a, v_sigmoid_below(v_set(1e6f))), v_putu(b, v_sigmoid_below_soon(v_set(1e6f)));
    CHECK(a[W - 1] >= 1 && a[W - 1] < (Real)1.001 && b[W - 1] >= 1 && b[W - 1] < (Real)1.001);
}

/* Quotients that several gates share: by anything from 1 to 2^90 */
static void try_quotients(void)
{
    double worst = 0;
    for (int k = 0; k < SAMPLES; k += W) {
        Real a[W], d[W], q[W], r[W];
        for (int i = 0; i < W; i++) {
            a[i] = random_argument(-10, 10);
            d[i] = (Real)ldexp(1 + (double)(random_bits() >> 11) * 0x1p-53, (int)(random_bits() % 91));
        }
        v_putu(q, v_quick_quotient(v_getu(a), v_getu(d))), v_putu(r, v_inverse(v_getu(d)));
        for (int i = 0; i < W; i++) {
            if (fabs((double)a[i]) > 1e-3) worst = fmax(worst, ulps(q[i], (long double)a[i] / d[i]));
            worst = fmax(worst, ulps(r[i], 1 / (long double)d[i]));
        }
    }
    CHECK(worst < 2.5);
}

/* The tree: lane i with lane i + W/2, and so on; sums of numbers that do not commute tell. */
static void try_sum_tree(void)
{
    Real a[W], tree[W];
    for (int i = 0; i < W; i++) a[i] = tree[i] = random_argument(-1, 1);
    for (int half = W / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) tree[i] += tree[i + half];
    CHECK(v_sum(v_getu(a)) == tree[0]);
}

int main(void)
{
    const bool is_float = sizeof(Real) == 4;
    printf("%s, %d lanes\n", is_float ? "float" : "double", (int)W);
    try_memory();
    try_lanes();
    for (int k = 0; k < 100; k++) try_sum_tree();
    try_special();
    try_tanh_shape();
    try_below();
    try_quotients();
    try_function("exp", run_exp, right_exp, is_float ? -110 : -750, is_float ? 89 : 710, 2, false);
    try_function("tanh", run_tanh, right_tanh, -10, 10, 4, false);
    try_function("sigmoid", run_sigmoid, right_sigmoid, is_float ? -110 : -750, 40, 4, false);
    try_function("sigmoid", run_sigmoid, right_sigmoid, -10, 10, 4, false);
    try_function("gate", run_gate, right_sigmoid, -1000, 1000, 1, true);
    try_function("gate", run_gate, right_sigmoid, -6, 6, 1, true);
    try_function("gate_soon", run_gate_soon, right_sigmoid, -1000, 1000, 1.5, true);
    try_function("gate_soon", run_gate_soon, right_sigmoid, -6, 6, 1.5, true);
    try_function("gate_tanh", run_gate_tanh, right_tanh, -20, 20, 6, false);
    try_function("tanh_times", run_tanh_times, right_tanh, -20, 20, 7, false);
    try_function("gelu", run_gelu, right_gelu, is_float ? -14 : -38, 10, 4, false);
    try_function("gelu", run_gelu, right_gelu, -3, 3, 4, false);
    try_function("gelu_grad", run_gelu_grad, right_gelu_grad, is_float ? -14 : -38, 10, 2, true);
    if (failures) printf("FAILED: %d\n", failures);
    return failures != 0;
}
