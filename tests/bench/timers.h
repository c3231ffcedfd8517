/* timers.h: the time that chosen functions take within a training step; tiles.tcl wraps their calls.
 *
 * Takes: TIMERS, how many. Gives: timer_in, timer_out(which), and what a step took them. Does not: nest.
 */
#ifndef BENCH_TIMERS_H
#define BENCH_TIMERS_H
#define _GNU_SOURCE
#include <time.h>

static double timer_began, timer_step[TIMERS], timer_least[TIMERS];

static double timer_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}
static inline void timer_in(void) { timer_began = timer_now(); }
static inline void timer_out(int which) { timer_step[which] += timer_now() - timer_began; }

/* After each step */
static void timers_keep(void)
{
    for (int i = 0; i < TIMERS; i++) {
        if (timer_least[i] == 0 || timer_step[i] < timer_least[i])
            timer_least[i] = timer_step[i];
        timer_step[i] = 0;
    }
}
#endif
