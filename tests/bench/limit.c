/* limit.c: what no order of instructions gets below in a step of one row, measured on this core: of an LSTM or a GRU.
 *
 * Takes: cc -DMODEL='"model.c"' limit.c, a generated file whose vectors and functions are used; CELL I H. Gives, in nanoseconds, on one line:
 *   ports     multiply-adds at the FMA peak, and behind them the cell's functions, as many side by side as a core can: both take the same ports
 *   chain     one vector of units: its multiply-adds with the state, all of which wait for the state before, then its functions, one after the other
 *   products  the multiply-adds alone, each with a load of its own from as many bytes of weights, those read last first; nothing waits
 * A step takes as long as the longest of them, at least. Does not: time the model (ours.c), or count what a step does besides.
 */
#define _GNU_SOURCE
#define SEQGEN_NO_MAIN
#include MODEL

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cycle.h"

enum { SIDE = 16, MOST = 512, SUMS = 16, EACH = 8, VECTORS = 1 << 16 };
static V sums[4][SIDE], state_h[SIDE], state_c[SIDE];
static V stored[VECTORS], spread[SUMS];
static Real inputs[MOST];
static int vectors, backwards;

/* The equations of gen/layers/lstm_lower.c and gru_lower.c, of streaming */
INLINE void lstm(const V a0, const V a1, const V a2, const V a3, V *c, V *h)
{
    const V i_below = v_sigmoid_below(a0), f_below = v_sigmoid_below(a1), g_below = v_tanh_below(a2), o_below = v_sigmoid_below(a3), i_g = i_below * g_below;
    *c = v_quick_quotient(*c * i_g + v_tanh_above(a2) * f_below, f_below * i_g);
    *h = v_quick_quotient(v_tanh_above(*c), o_below * v_tanh_below(*c));
}

INLINE void gru(const V a0, const V a1, const V a2, const V a3, V *h)
{
    const V r = v_inverse(v_sigmoid_below(a1)), z_below = v_sigmoid_below(a2), an = a0 + r * a3, n_below = v_tanh_below(an);
    *h = v_quick_quotient((z_below - ONE) * v_tanh_above(an) + *h * n_below, z_below * n_below);
}

/* Other sums for every vector: nothing waits */
static void lstm_beside(void)
{
    for (int i = 0; i < SIDE; i++)
        lstm(sums[0][i], sums[1][i], sums[2][i], sums[3][i], &state_c[i], &state_h[i]);
    __asm__ volatile("" ::: "memory");
}
static void gru_beside(void)
{
    for (int i = 0; i < SIDE; i++)
        gru(sums[0][i], sums[1][i], sums[2][i], sums[3][i], &state_h[i]);
    __asm__ volatile("" ::: "memory");
}

/* Each needs the h of the one before, by way of memory and one multiply-add, as a step does */
INLINE V after(int q) { return sums[q][0] + v_set(((const volatile Real *)state_h)[0]) * sums[q][1]; }
static void lstm_behind(void)
{
    for (int i = 0; i < SIDE; i++) {
        lstm(after(0), after(1), after(2), after(3), &state_c[0], &state_h[0]);
        __asm__ volatile("" ::: "memory");
    }
}
static void gru_behind(void)
{
    for (int i = 0; i < SIDE; i++) {
        gru(after(0), after(1), after(2), after(3), &state_h[0]);
        __asm__ volatile("" ::: "memory");
    }
}

/* From alternate ends: what the first cache still has is read first */
static void products(void)
{
    V acc[SUMS];
    memcpy(acc, spread, sizeof acc);
    const V *from = backwards ? stored + vectors - SUMS : stored;
    const Real *in = inputs;
    for (int i = 0; i < vectors; i += SUMS, from += backwards ? -SUMS : SUMS, in += SUMS / EACH) {
#pragma GCC unroll 2
        for (int k = 0; k < SUMS / EACH; k++) {
            const V x = v_set(in[k]);
#pragma GCC unroll 8
            for (int n = 0; n < EACH; n++)
                acc[k * EACH + n] += x * from[k * EACH + n];
        }
        in = in - inputs < MOST - SUMS ? in : inputs;
    }
    memcpy(spread, acc, sizeof acc);
    backwards = !backwards;
}

int main(int argc, char **argv)
{
    const bool is_lstm = argc == 4 && strcmp(argv[1], "lstm") == 0, is_gru = argc == 4 && strcmp(argv[1], "gru") == 0;
    const int I = argc == 4 ? atoi(argv[2]) : 0, H = argc == 4 ? atoi(argv[3]) : 0, gates = is_lstm ? 4 : 3;
    if ((!is_lstm && !is_gru) || I < 1 || H < 1 || H > MOST / 2)
        return fprintf(stderr, "usage: limit lstm|gru I H\n"), 1;
    for (int q = 0; q < 4; q++)
        for (int i = 0; i < SIDE; i++)
            sums[q][i] = v_set((Real)(.1 * (q + 1) - .02 * i));
    for (int i = 0; i < VECTORS; i++)
        stored[i] = v_set((Real)1e-3); /* memory of its own: what nobody has written is one page of zeros */
    (void)cycle_of;
    const double blocks = (double)((H + W - 1) / W), pair = cycle_now() * 1e-9 / 2;
    const double functions = clock_best(is_lstm ? lstm_beside : gru_beside) / SIDE * blocks;
    const double chain = clock_best(is_lstm ? lstm_behind : gru_behind) / SIDE;
    const double pairs = gates * (double)H * H / W;
    vectors = (int)(gates * H * blocks + SUMS - 1) / SUMS * SUMS;
    if (vectors > VECTORS)
        return fprintf(stderr, "limit: found H = %d, expected fewer units\n", H), 1;
    printf("ports %.1f chain %.1f products %.1f\n", 1e9 * ((pairs + gates * (double)H * I / W) * pair + functions), 1e9 * (chain + gates * H * pair),
           1e9 * clock_best(products));
    return 0;
}
