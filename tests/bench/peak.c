/* peak.c: what this core can do, in the same run: multiply-adds of the widest vectors, alone and beside the loads that products need;
 * bytes from the second cache and from memory; how often something takes the core away.
 *
 * Takes: nothing, or "limits" for the rest as well. Gives, on one line: GFLOP/s; then of a register tile, of one row, GFLOP/s; GB/s twice; interruptions
 * a second, and the share of the time that they take.
 * Does not: use several cores.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cycle.h"

typedef CycleV V;
enum { LINKS = 4000, LANES = (int)(sizeof(V) / sizeof(float)) };

static V same(float x) { return x - (V){0}; }
static void chains(void) { cycle_work(LINKS); }

/* What a product reaches whose operands all are in the first cache. A tile of rows: a load for each vector of weights, one for each row's
 * input. One row: a load for every multiply-add. */
#if defined __AVX512F__
enum { ROWS = 6, VECTORS = 4, ALONE = 16 };
#else
enum { ROWS = 6, VECTORS = 2, ALONE = 8 };
#endif
enum { INPUTS = 64, REPEATS = 100 };
static V weights[INPUTS * VECTORS], sums[ROWS * VECTORS + ALONE];
static float inputs[ROWS][INPUTS];

static void tile(void)
{
    V acc[ROWS][VECTORS];
    memcpy(acc, sums, sizeof acc);
    for (int i = 0; i < REPEATS; i++)
        for (int k = 0; k < INPUTS; k++)
#pragma GCC unroll 6
            for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
                for (int n = 0; n < VECTORS; n++)
                    acc[r][n] += same(inputs[r][k]) * weights[k * VECTORS + n];
    memcpy(sums, acc, sizeof acc);
}

static void row(void)
{
    V acc[ALONE];
    memcpy(acc, sums, sizeof acc);
    for (int i = 0; i < REPEATS; i++)
        for (int k = 0; k < INPUTS * VECTORS / ALONE; k++) {
            const V x = same(inputs[0][k]);
#pragma GCC unroll 16
            for (int n = 0; n < ALONE; n++)
                acc[n] += x * weights[k * ALONE + n];
        }
    memcpy(sums, acc, sizeof acc);
}

/* a = b + s c over `floats` numbers each: two streams in, one out */
static float *arrays[3];
static size_t floats;

static void triad(void)
{
    V *a = (V *)arrays[0];
    const V *b = (const V *)arrays[1], *c = (const V *)arrays[2];
    const V s = same(3);
    for (size_t i = 0; i < floats / LANES; i++)
        a[i] = b[i] + s * c[i];
    __asm__ volatile("" ::: "memory");
}

static double bandwidth(size_t bytes)
{
    floats = bytes / 3 / sizeof(float) / 64 * 64;
    for (int i = 0; i < 3; i++)
        if (!(arrays[i] = aligned_alloc(64, floats * sizeof(float))))
            abort();
        else
            memset(arrays[i], i, floats * sizeof(float));
    const double seconds = clock_best(triad);
    for (int i = 0; i < 3; i++)
        free(arrays[i]);
    return 3e-9 * (double)(floats * sizeof(float)) / seconds;
}

/* Reading the clock takes some 30 ns; where two readings lie further apart than 500, something else had the core: the kernel, or a host that this one cannot see */
static void interruptions(double *a_second, double *share)
{
    const double start = cycle_clock(), length = 2e8;
    double before = start, now = start, lost = 0;
    int count = 0;
    for (; now - start < length; before = now) {
        now = cycle_clock();
        if (now - before > 500)
            lost += now - before, count++;
    }
    *a_second = count / length * 1e9;
    *share = lost / length;
}

int main(int argc, char **argv)
{
    (void)cycle_of;
    printf("%.2f", 2e-9 * CYCLE_CHAINS * LINKS * LANES / clock_best(chains));
    if (argc > 1 && strcmp(argv[1], "limits") == 0) {
        memset(weights, argc - 2, sizeof weights); /* zeros that the compiler cannot know */
        memset(inputs, argc - 2, sizeof inputs);
        printf(" %.2f", 2e-9 * REPEATS * INPUTS * ROWS * VECTORS * LANES / clock_best(tile));
        printf(" %.2f", 2e-9 * REPEATS * INPUTS * VECTORS * LANES / clock_best(row));
        printf(" %.2f %.2f", bandwidth(512 << 10), bandwidth((size_t)96 << 20));
        double a_second, share;
        interruptions(&a_second, &share);
        printf(" %.0f %.4f", a_second, share);
    }
    putchar('\n');
    return 0;
}
