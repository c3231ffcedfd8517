/* test_init.c: initial weights against their distributions, and element by element against the stream they come from. */
#include <math.h>
#include <stdio.h>

#include "seqrt_data.h"

static int failures;

static void check(const char *name, bool holds)
{
    printf("%s %s\n", holds ? "ok" : "FAIL", name);
    failures += !holds;
}

static void test_weights(void)
{
    enum { N = 20000 };
    static double w[2 * N + 3];
    static float f[2 * N + 3];
    SeqrtTensor tensors[] = {{"u", 2, {100, 200}, 0, SEQRT_INIT_UNIFORM, 0.5}, {"c", 1, {3, 77}, N, SEQRT_INIT_CONSTANT, 1.5},
                             {"n", 2, {200, 100}, N + 3, SEQRT_INIT_NORMAL, 2}};
    SeqrtModel model = {.tensors = tensors, .tensors_count = 3, .real_bytes = 8};
    seqrt_init_weights(&model, 5, w);
    double sum = 0, squares = 0, low = 0, high = 0, normal = 0, spread = 0;
    for (int i = 0; i < N; i++) {
        sum += w[i], squares += w[i] * w[i];
        low = fmin(low, w[i]), high = fmax(high, w[i]);
        normal += w[N + 3 + i], spread += w[N + 3 + i] * w[N + 3 + i];
    }
    check("uniform", low >= -0.5 && low < -0.499 && high < 0.5 && high > 0.499 && fabs(sum / N) < 0.01 && fabs(squares / N - 1.0 / 12) < 0.002);
    check("constant", w[N] == 1.5 && w[N + 1] == 1.5 && w[N + 2] == 1.5);
    check("normal", fabs(normal / N) < 0.06 && fabs(spread / N - 4) < 0.15);
    check("element j of tensor 0", w[7] == seqrt_uniform(5, 0, 7) - 0.5);
    check("element j of tensor 2", fabs(w[N + 3 + 9] - 2 * sqrt(-2 * log(1 - seqrt_uniform(5, 2, 18))) *
          cos(2 * acos(-1.0) * seqrt_uniform(5, 2, 19))) < 1e-12);
    model.real_bytes = 4;
    seqrt_init_weights(&model, 5, f);
    bool rounded = true;
    for (int i = 0; i < 2 * N + 3; i++) rounded &= f[i] == (float)w[i];
    check("floats are the doubles rounded", rounded);
}

int main(void)
{
    test_weights();
    printf("# %d failed\n", failures);
    return failures != 0;
}
