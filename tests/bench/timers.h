/* timers.h: the clock cycles that chosen functions take within a training step; tiles.tcl wraps their calls.
 *
 * Takes: TIMERS, how many. Gives: timer_in, timer_out(which), and the median of what steps took them. Does not: nest.
 *
 * The clock of a core wanders by a tenth within milliseconds, more than tiles differ by. So after each step a chain of multiplications that wait
 * for each other, three cycles and one for the addition, is timed as well, and all is counted in that.
 */
#ifndef BENCH_TIMERS_H
#define BENCH_TIMERS_H
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

enum { TIMER_STEPS = 4096, TIMER_LINKS = 4000, CYCLES_A_LINK = 4 };
static double timer_began, timer_step[TIMERS], timer_cycles[TIMERS][TIMER_STEPS];
static int timer_steps;
static uint64_t timer_chain = 1;

static double timer_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}
static inline void timer_in(void) { timer_began = timer_now(); }
static inline void timer_out(int which) { timer_step[which] += timer_now() - timer_began; }

/* Nanoseconds of a cycle, now */
static double timer_cycle(void)
{
    const double start = timer_now();
    for (int i = 0; i < TIMER_LINKS; i++)
        timer_chain = timer_chain * 6364136223846793005u + 1442695040888963407u;
    return (timer_now() - start) / (TIMER_LINKS * CYCLES_A_LINK);
}

/* After each step */
static void timers_keep(void)
{
    const double cycle = timer_cycle();
    for (int i = 0; i < TIMERS; i++) {
        if (timer_steps < TIMER_STEPS)
            timer_cycles[i][timer_steps] = timer_step[i] / cycle;
        timer_step[i] = 0;
    }
    timer_steps += timer_steps < TIMER_STEPS;
}

static int timer_order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double timer_median(int which)
{
    qsort(timer_cycles[which], (size_t)timer_steps, sizeof timer_cycles[which][0], timer_order);
    return timer_cycles[which][timer_steps / 2];
}
#endif
