/* cycle.h: the time of a clock cycle, now, as multiply-adds of the widest vectors show it.
 *
 * Takes: nothing. Gives: cycle_now, in nanoseconds; cycle_of, the cycles of a call; FLOPS_A_CYCLE, of a core that does two such multiply-adds a cycle. Does not: see scalars' clock:
 * beside wide vectors a core has another one, and it wanders by a tenth within milliseconds, more than tiles of a kernel differ by. What is counted
 * in cycles measured just before and just after it does not wander with it.
 */
#ifndef BENCH_CYCLE_H
#define BENCH_CYCLE_H
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined __AVX512F__
typedef float CycleV __attribute__((vector_size(64)));
#elif defined __AVX__
typedef float CycleV __attribute__((vector_size(32)));
#else
typedef float CycleV __attribute__((vector_size(16)));
#endif
enum { CYCLE_CHAINS = 10, CYCLE_LINKS = 2000, FLOPS_A_CYCLE = 2 * 2 * (int)(sizeof(CycleV) / sizeof(float)) };
static CycleV cycle_seeds[CYCLE_CHAINS];

static double cycle_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

/* So many multiply-adds in each of CYCLE_CHAINS chains: enough of them for two units of five cycles, few enough for sixteen registers */
static void cycle_work(int links)
{
    CycleV c[CYCLE_CHAINS], a = .999f - (CycleV){0}, b = 1e-3f - (CycleV){0};
    memcpy(c, cycle_seeds, sizeof c);
    for (int i = 0; i < links; i++) {
#pragma GCC unroll 10
        for (int k = 0; k < CYCLE_CHAINS; k++)
            c[k] = c[k] * a + b;
        __asm__ volatile(""); /* the loop stays a loop */
    }
    memcpy(cycle_seeds, c, sizeof c);
}

static double cycle_chains(int links)
{
    const double start = cycle_clock();
    cycle_work(links);
    return (cycle_clock() - start) * 2 / ((double)links * CYCLE_CHAINS);
}

/* The first microseconds of such work are slower, and an interruption adds: the least of four */
static double cycle_now(void)
{
    double least = cycle_chains(CYCLE_LINKS);
    for (int i = 0; i < 3; i++) {
        const double cycle = cycle_chains(CYCLE_LINKS);
        least = cycle < least ? cycle : least;
    }
    return least;
}

static int cycle_order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of one call: the median of runs of some thirty microseconds or one call, each by the cycle that multiply-adds show just before and just after it. They go on for
 * as long as the run, so that a host that takes a core away for some microseconds, twenty thousand times a second, takes as much of both; but no
 * longer than the clock needs to rise again when no loads stand beside them. */
static double cycle_of(void (*call)(void))
{
    enum { RUNS = 101, RUNS_LEAST = 11 };
    const double call_least = 3e4, chains_most = 2e5; /* nanoseconds */
    static double runs[RUNS];
    const double cycle = cycle_now(), began = cycle_clock();
    double took;
    int times = 0, count = 0;
    do
        call(), times++, took = cycle_clock() - began;
    while (took < call_least);
    const int links = (int)((took < chains_most ? took : chains_most) * 2 / (cycle * CYCLE_CHAINS));
    double before = cycle_chains(links);
    while (count < RUNS_LEAST || (count < RUNS && cycle_clock() - began < 1e9)) {
        const double start = cycle_clock();
        for (int k = 0; k < times; k++)
            call();
        const double each = (cycle_clock() - start) / times, after = cycle_chains(links);
        runs[count++] = each * 2 / (before + after);
        before = after;
    }
    qsort(runs, (size_t)count, sizeof *runs, cycle_order);
    return runs[count / 2];
}
#endif
