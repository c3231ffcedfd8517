/* timers.h: the clock cycles that chosen functions take within a training step; tiles.tcl wraps their calls.
 *
 * Takes: TIMERS, how many. Gives: timer_in, timer_out(which), and the median of what steps took them, in cycles measured before and after each
 * step (cycle.h). Does not: nest.
 */
#ifndef BENCH_TIMERS_H
#define BENCH_TIMERS_H
#define _GNU_SOURCE
#include <stdlib.h>

#include "cycle.h"

enum { TIMER_STEPS = 4096 };
static double timer_began, timer_step[TIMERS], timer_cycles[TIMERS][TIMER_STEPS], timer_before;
static int timer_steps;

static inline void timer_in(void) { timer_began = cycle_clock(); }
static inline void timer_out(int which) { timer_step[which] += cycle_clock() - timer_began; }

/* After each step */
static void timers_keep(void)
{
    const double after = cycle_now(), cycle = timer_before > 0 ? (timer_before + after) / 2 : after;
    for (int i = 0; i < TIMERS; i++) {
        if (timer_steps < TIMER_STEPS)
            timer_cycles[i][timer_steps] = timer_step[i] / cycle;
        timer_step[i] = 0;
    }
    timer_steps += timer_steps < TIMER_STEPS;
    timer_before = cycle_now();
}

static double timer_median(int which)
{
    qsort(timer_cycles[which], (size_t)timer_steps, sizeof timer_cycles[which][0], cycle_order);
    return timer_cycles[which][timer_steps / 2];
}
#endif
