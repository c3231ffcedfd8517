/* clock.h: the best of repetitions, in the process's own time, which stands still while another process has the core. What disturbs
 * only ever adds time, so the least is the truest.
 *
 * Takes: a function. Gives: seconds of one call. Does not: pin; whoever starts the program does that.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H
#include <time.h>

static const double clock_repetition = 0.002; /* seconds: longer than the clock's grain, shorter than a turn of the scheduler */
static const double clock_enough = 0.04;      /* seconds of repetitions, and their least number */
enum { CLOCK_REPETITIONS = 5 };

static double clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double clock_calls(void (*call)(void), long times)
{
    const double start = clock_now();
    for (long i = 0; i < times; i++)
        call();
    return clock_now() - start;
}

static double clock_best(void (*call)(void))
{
    long times = 1;
    double took, best;
    while ((took = clock_calls(call, times)) < clock_repetition)
        times = took > clock_repetition / 100 ? (long)((double)times * clock_repetition / took * 1.1) + 1 : times * 10;
    best = took / (double)times;
    const double start = clock_now();
    for (int i = 0; i < CLOCK_REPETITIONS || clock_now() - start < clock_enough; i++)
        if ((took = clock_calls(call, times) / (double)times) < best)
            best = took;
    return best;
}
#endif
