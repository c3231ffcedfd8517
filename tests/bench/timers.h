/* timers.h: the clock cycles that chosen functions take within a training step; tiles.tcl wraps their calls.
 *
 * Takes: TIMERS, how many. Gives: timer_in, timer_out(which), and the median of what steps took them. Does not: nest.
 *
 * The clock of a core wanders by a tenth within milliseconds, more than tiles differ by, and it is another one beside wide vectors. So before
 * and after each step multiply-adds that the core does two of in a cycle are timed as well, and all is counted in that.
 */
#ifndef BENCH_TIMERS_H
#define BENCH_TIMERS_H
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef float TimerV __attribute__((vector_size(64)));
enum { TIMER_STEPS = 4096, TIMER_LINKS = 2000, TIMER_CHAINS = 10, A_CYCLE = 2 };
static double timer_began, timer_step[TIMERS], timer_cycles[TIMERS][TIMER_STEPS], timer_before;
static int timer_steps;
static TimerV timer_seeds[TIMER_CHAINS];

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
    TimerV c[TIMER_CHAINS], a = .999f - (TimerV){0}, b = 1e-3f - (TimerV){0};
    memcpy(c, timer_seeds, sizeof c);
    const double start = timer_now();
    for (int i = 0; i < TIMER_LINKS; i++) {
#pragma GCC unroll 10
        for (int k = 0; k < TIMER_CHAINS; k++)
            c[k] = c[k] * a + b;
        __asm__ volatile(""); /* the loop stays a loop */
    }
    const double took = timer_now() - start;
    memcpy(timer_seeds, c, sizeof c);
    return took * A_CYCLE / (TIMER_LINKS * TIMER_CHAINS);
}

/* After each step */
static void timers_keep(void)
{
    const double after = timer_cycle(), cycle = timer_before > 0 ? (timer_before + after) / 2 : after;
    for (int i = 0; i < TIMERS; i++) {
        if (timer_steps < TIMER_STEPS)
            timer_cycles[i][timer_steps] = timer_step[i] / cycle;
        timer_step[i] = 0;
    }
    timer_steps += timer_steps < TIMER_STEPS;
    timer_before = timer_cycle();
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
