/* progress.c: one line on a terminal, redrawn in place; elsewhere nothing but the rate at the end, where it is asked for. */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "trainer.h"

enum { BAR = 24 };

void seqrt_progress_start(Progress *p, bool quiet, uint64_t total)
{
    *p = (Progress){.bar = !quiet && isatty(STDERR_FILENO), .start = seqrt_seconds(), .total = total ? total : 1};
}

static void progress_draw(const Progress *p, const char *title, double loss, double seconds)
{
    static const char full[] = "########################", empty[] = "........................";
    char text[32];
    int filled = (int)(BAR * p->done / p->total);
    double left = seconds / (double)p->done * (double)(p->total - p->done);
    fprintf(stderr, "\r%s [%.*s%.*s] loss %s  %.0f seq/s  %d:%02d left\033[K", title, filled, full, BAR - filled, empty,
            seqrt_number_text(loss, text), (double)p->sequences / (seconds > 0 ? seconds : 1e-9), (int)left / 60, (int)left % 60);
    fflush(stderr);
}

/* At most ten times a second: drawing costs more than a small model's step. */
static bool draw_is_due(Progress *p)
{
    const double now = p->bar ? seqrt_seconds() : 0;
    if (!p->bar || now - p->drawn < 0.1)
        return false;
    p->drawn = now;
    return true;
}

void seqrt_progress_step(Progress *p, const char *title, int sequences, double loss)
{
    p->sequences += (uint64_t)sequences;
    if (p->done < p->total)
        p->done++;
    if (!draw_is_due(p))
        return;
    progress_draw(p, title, loss, p->drawn - p->start);
}

void seqrt_progress_clear(Progress *p)
{
    if (p->bar && p->drawn > 0)
        fputs("\r\033[K", stderr);
    p->drawn = 0;
}

/* ---- sequences without a known end ---- */

void seqrt_progress_count(Progress *p, int sequences)
{
    p->sequences += (uint64_t)sequences;
    if (!draw_is_due(p))
        return;
    const double seconds = p->drawn - p->start;
    fprintf(stderr, "\r%llu sequences  %.0f a second\033[K", (unsigned long long)p->sequences, (double)p->sequences / (seconds > 0 ? seconds : 1e-9));
    fflush(stderr);
}

void seqrt_progress_rate(Progress *p, bool quiet)
{
    double seconds = seqrt_seconds() - p->start;
    seqrt_progress_clear(p);
    if (!quiet)
        fprintf(stderr, "%llu sequences in %.2f s: %.0f a second\n", (unsigned long long)p->sequences, seconds,
                (double)p->sequences / (seconds > 0 ? seconds : 1e-9));
}
