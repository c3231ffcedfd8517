/* peak.c: what this core can do, in the same run: multiply-adds of the widest vectors, bytes from the second cache and from memory.
 *
 * Takes: nothing, or "bytes" for the bandwidths as well. Gives: GFLOP/s, and then GB/s twice, on one line. Does not: use several cores.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#if defined __AVX512F__
typedef float V __attribute__((vector_size(64)));
#elif defined __AVX__
typedef float V __attribute__((vector_size(32)));
#else
typedef float V __attribute__((vector_size(16)));
#endif

/* Ten chains: enough for two units of five cycles, few enough for sixteen registers. */
enum { CHAINS = 10, LINKS = 4000, LANES = (int)(sizeof(V) / sizeof(float)) };
static V seeds[CHAINS];

static V same(float x) { return x - (V){0}; }

static void chains(void)
{
    V c[CHAINS], a = same(.999f), b = same(1e-3f);
    memcpy(c, seeds, sizeof c);
    for (int i = 0; i < LINKS; i++) {
#pragma GCC unroll 10
        for (int k = 0; k < CHAINS; k++)
            c[k] = c[k] * a + b;
        __asm__ volatile(""); /* the loop stays a loop */
    }
    memcpy(seeds, c, sizeof c);
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

int main(int argc, char **argv)
{
    printf("%.2f", 2e-9 * CHAINS * LINKS * LANES / clock_best(chains));
    if (argc > 1 && strcmp(argv[1], "bytes") == 0)
        printf(" %.2f %.2f", bandwidth(512 << 10), bandwidth((size_t)96 << 20));
    putchar('\n');
    return 0;
}
