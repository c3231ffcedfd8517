/* limit.c: what stands in the way of a step of one row, and of a whole layer's training, of an LSTM, a GRU or an RNN, measured on this core.
 *
 * Takes: cc -DVECTOR_LAYER='"vectors.h"' limit.c, the vector layer of generated files (tests/unit/make_vector.sh); CELL I H of a step,
 * or: sequence CELL I H, of a step of a whole sequence, or: layer CELL I H T B. Gives, in nanoseconds, on one line:
 *   chain   one vector of units: the multiply-adds with the state that its first function waits for, each with a load of its own, as they wait for the state
 *           before, or the additions of one sum in pairs, if that is longer; then its functions, one after the other. (An LSTM's c needs three gates' sums,
 *           the fourth's can run beside its functions; a GRU's r needs one)
 *   pairs   all multiply-adds of a step (of a sequence: those with the state; an input's weights can be read for several steps at once), each with a load of its
 *           own from as many bytes of weights, those read last first; nothing else
 *   ports   multiply-adds at the FMA peak (of a layer forward and backward), and behind them the cell's functions, as many side by side as a core can: both take
 *           the same ports, and no order of instructions gets far below. Loads, stores and what the caches do not hold are not in it
 * Does not: time the model (ours.c).
 */
#define _GNU_SOURCE
#include VECTOR_LAYER

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cycle.h"

enum { SIDE = 16, MOST = 512, SUMS = 16, VECTORS = 1 << 16 };
static V sums[4][SIDE], state_h[SIDE], state_c[SIDE], kept[6][SIDE];
static V stored[VECTORS], spread[SUMS];

/* ---- the equations of gen/layers/lstm_lower.c, gru_lower.c and rnn_lower.c ---- */

/* Streaming, one vector: shorter chains */
INLINE void lstm_soon(const V a0, const V a1, const V a2, const V a3, V *c, V *h)
{
    const V i_below = v_sigmoid_below_soon(a0), f_below = v_sigmoid_below_soon(a1), g_below = v_tanh_below(a2), o_below = v_sigmoid_below_soon(a3);
    *c = v_quick_quotient((*c * g_below) * i_below + v_tanh_above(a2) * f_below, f_below * (i_below * g_below));
    *h = v_quick_quotient(v_tanh_above_times(v_set(1), *c), v_tanh_below_times(o_below, *c));
}

INLINE void gru_soon(const V a0, const V a1, const V a2, const V a3, V *h)
{
    const V z_below = v_sigmoid_below(a2), an = a0 + v_quick_quotient(a3, v_sigmoid_below_soon(a1));
    *h = v_quick_quotient(v_tanh_above_times(z_below - 1, an) + v_tanh_below_times(*h, an), v_tanh_below_times(z_below, an));
}

/* More of them */
INLINE void lstm(const V a0, const V a1, const V a2, const V a3, V *c, V *h)
{
    const V i_below = v_sigmoid_below(a0), f_below = v_sigmoid_below(a1), g_below = v_tanh_below(a2), o_below = v_sigmoid_below(a3), i_g = i_below * g_below;
    *c = v_quick_quotient(*c * i_g + v_tanh_above(a2) * f_below, f_below * i_g);
    *h = v_quick_quotient(v_tanh_above(*c), o_below * v_tanh_below(*c));
}

INLINE void gru(const V a0, const V a1, const V a2, const V a3, V *h)
{
    const V r = v_inverse(v_sigmoid_below(a1)), z_below = v_sigmoid_below(a2), an = a0 + r * a3, n_below = v_tanh_below(an);
    *h = v_quick_quotient((z_below - 1) * v_tanh_above(an) + *h * n_below, z_below * n_below);
}

/* Of units behind the last whole vector, whose gates' sigmoids are side by side in so many vectors of their own; what spreads them again is not counted */
INLINE void tail(const bool is_lstm, const int packed, const int n)
{
    V below = v_sigmoid_below(sums[0][n]), an = sums[1][n], *c = &state_c[n], *h = &state_h[n];
    for (int i = 1; i < packed; i++)
        below = below + v_sigmoid_below(sums[i][n]);
    if (is_lstm) {
        *c = v_quick_quotient(*c * below + (2 - below) * below, below * below);
        *h = v_quick_quotient(v_tanh_above(*c), below * v_tanh_below(*c));
    } else {
        an = an + v_inverse(below) * an;
        *h = v_quick_quotient((below - 1) * v_tanh_above(an) + *h * v_tanh_below(an), below * v_tanh_below(an));
    }
}

/* Training, forward */
INLINE void lstm_ahead(const int n)
{
    const V i = v_gate(sums[0][n]), f = v_gate(sums[1][n]), g = v_tanh(sums[2][n]), o = v_gate(sums[3][n]), c = f * state_c[n] + i * g;
    kept[0][n] = i, kept[1][n] = f, kept[2][n] = g, kept[3][n] = o, kept[4][n] = c, kept[5][n] = o * v_tanh(c);
}
INLINE void gru_ahead(const int n)
{
    const V r = v_gate(sums[1][n]), z = v_gate(sums[2][n]), a = v_tanh(sums[0][n] + r * sums[3][n]);
    kept[0][n] = a, kept[1][n] = r, kept[2][n] = z, kept[3][n] = sums[3][n], kept[4][n] = a + z * (state_h[n] - a);
}

/* and backward: d is the gradient of h */
INLINE void lstm_back(const int n)
{
    const V i = sums[0][n], f = sums[1][n], g = sums[2][n], o = sums[3][n], h = state_h[n], c0 = state_c[n], d = spread[n];
    const V dc = kept[5][n] + d * (o - h * v_quick_quotient(h, v_max(o, v_set((Real)1e-30))));
    kept[0][n] = dc * g * i * (1 - i), kept[1][n] = dc * c0 * f * (1 - f), kept[2][n] = dc * i * (1 - g * g);
    kept[3][n] = d * h * (1 - o), kept[5][n] = dc * f;
}
INLINE void gru_back(const int n)
{
    const V a = sums[0][n], r = sums[1][n], z = sums[2][n], hn = sums[3][n], h = state_h[n], d = spread[n], dn = d * (1 - z) * (1 - a * a);
    kept[0][n] = dn, kept[1][n] = dn * hn * r * (1 - r), kept[2][n] = d * (h - a) * z * (1 - z), kept[3][n] = dn * r, kept[4][n] = d * z;
}

/* Other numbers for every vector: nothing waits */
#define BESIDE(name, call) \
    static void name(void) \
    { \
        for (int n = 0; n < SIDE; n++) \
            call; \
        __asm__ volatile("" ::: "memory"); \
    }
BESIDE(lstm_forward, lstm_ahead(n))
BESIDE(lstm_backward, lstm_back(n))
BESIDE(gru_forward, gru_ahead(n))
BESIDE(gru_backward, gru_back(n))
BESIDE(lstm_step, lstm(sums[0][n], sums[1][n], sums[2][n], sums[3][n], &state_c[n], &state_h[n]))
BESIDE(gru_step, gru(sums[0][n], sums[1][n], sums[2][n], sums[3][n], &state_h[n]))
BESIDE(lstm_tail, tail(true, 1, n))
BESIDE(lstm_tail_2, tail(true, 2, n))
BESIDE(gru_tail, tail(false, 1, n))
BESIDE(gru_tail_2, tail(false, 2, n))
BESIDE(rnn_forward, kept[0][n] = v_tanh(sums[0][n]))
BESIDE(rnn_backward, kept[0][n] = spread[n] * (1 - state_h[n] * state_h[n]))

/* ---- chain ---- */

/* Each needs the h of the one before, by way of memory and one multiply-add, as a step does */
INLINE V after(int q) { return sums[q][0] + v_set(((const volatile Real *)state_h)[0]) * sums[q][1]; }
static void lstm_behind(void)
{
    for (int i = 0; i < SIDE; i++) {
        lstm_soon(after(0), after(1), after(2), after(3), &state_c[0], &state_h[0]);
        __asm__ volatile("" ::: "memory");
    }
}
static void gru_behind(void)
{
    for (int i = 0; i < SIDE; i++) {
        gru_soon(after(0), after(1), after(2), after(3), &state_h[0]);
        __asm__ volatile("" ::: "memory");
    }
}

/* ---- pairs ---- */

static int weights; /* vectors of them, a multiple of SUMS */
static bool backwards;

/* From alternate ends: what the first cache still has is read first */
static void weights_once(void)
{
    V acc[SUMS];
    memcpy(acc, spread, sizeof acc);
    const ptrdiff_t forth = backwards ? -SUMS : SUMS;
    const V *from = backwards ? stored + weights - SUMS : stored;
    for (int i = 0; i < weights; i += SUMS, from += forth)
#pragma GCC unroll 16
        for (int q = 0; q < SUMS; q++)
            acc[q] += sums[0][0] * from[q];
    memcpy(spread, acc, sizeof acc);
    backwards = !backwards;
    __asm__ volatile("" ::: "memory");
}

static double pairs(bool is_lstm, int I, int H)
{
    const double vectors = (is_lstm ? 4.0 : 3.0) * H * (H + I) / W;
    weights = vectors > SUMS ? (int)vectors / SUMS * SUMS : SUMS;
    return clock_best(weights_once) * vectors / weights;
}

/* ---- ports ---- */

static double pair; /* seconds of a multiply-add at the FMA peak */
static void multiply_adds(void) { cycle_work(CYCLE_LINKS); }

/* Multiply-adds with a load each, from the first cache: as many sums side by side as hide their latency */
enum { LOADED = 64, LOADED_SUMS = 12 };
static void loaded(void)
{
    V acc[LOADED_SUMS];
    memcpy(acc, spread, sizeof acc);
    for (int k = 0; k < LOADED; k++)
#pragma GCC unroll 12
        for (int q = 0; q < LOADED_SUMS; q++)
            acc[q] += stored[k * LOADED_SUMS + q] * sums[0][0];
    memcpy(spread, acc, sizeof acc);
    __asm__ volatile("" ::: "memory");
}

/* Additions that wait for each other */
static void linked(void)
{
    V sum = spread[0];
    for (int k = 0; k < LOADED; k++) {
        sum += sums[0][0];
        __asm__ volatile("" : "+v"(sum));
    }
    spread[0] = sum;
}

static double chain(bool is_lstm, int H)
{
    double in_pairs = 0;
    for (int terms = 1; terms < H; terms *= 2)
        in_pairs += clock_best(linked) / LOADED;
    const double side_by_side = (is_lstm ? 3 : 1) * H * clock_best(loaded) / (LOADED * LOADED_SUMS);
    return clock_best(is_lstm ? lstm_behind : gru_behind) / SIDE + (in_pairs > side_by_side ? in_pairs : side_by_side);
}

static double step_ports(bool is_lstm, int I, int H)
{
    static void (*const tails[2][2])(void) = {{gru_tail, gru_tail_2}, {lstm_tail, lstm_tail_2}};
    const int whole = H / W, rest = H % W;
    const bool packs = whole > 0 && rest > 0 && rest <= W / 2;
    const double vectors = (is_lstm ? 4.0 : 3.0) * H * (H + I) / W, step = clock_best(is_lstm ? lstm_step : gru_step) / SIDE;
    const double last = packs ? clock_best(tails[is_lstm][rest > W / 4]) / SIDE : rest > 0 ? step : 0;
    return vectors * pair + whole * step + last;
}

static double layer_ports(int cell, double I, double H, double T, double B)
{
    static void (*const training[][2])(void) = {{rnn_forward, rnn_backward}, {gru_forward, gru_backward}, {lstm_forward, lstm_backward}};
    static const int gates[] = {1, 3, 4};
    const double vectors = T * B * H / W, both = clock_best(training[cell][0]) + clock_best(training[cell][1]);
    return vectors * (3 * gates[cell] * (I + H) * pair + both / SIDE);
}

static int number(const char *text) { return text ? atoi(text) : 0; }

int main(int argc, char **argv)
{
    static const char *const cells[] = {"rnn", "gru", "lstm"};
    const bool layer = argc == 7 && strcmp(argv[1], "layer") == 0, sequence = argc == 5 && strcmp(argv[1], "sequence") == 0;
    char **const args = argv + (layer || sequence ? 2 : 1);
    int cell = 2;
    while (cell >= 0 && (argc < 4 || strcmp(args[0], cells[cell]) != 0))
        cell--;
    const int I = cell < 0 ? 0 : number(args[1]), H = cell < 0 ? 0 : number(args[2]);
    if ((!layer && (argc != 4 + sequence || cell == 0)) || cell < 0 || I < 1 || H < 1 || I + H > 2 * MOST || (!layer && 4 * H / W * (H + I) > VECTORS))
        return fprintf(stderr, "usage: limit [sequence] lstm|gru I H\n       limit layer lstm|gru|rnn I H T B\n"), 1;
    for (int n = 0; n < SIDE; n++) {
        for (int q = 0; q < 4; q++)
            sums[q][n] = v_set((Real)(.1 * (q + 1) - .02 * n));
        state_h[n] = state_c[n] = v_set((Real)(.3 - .02 * n));
    }
    for (int i = 0; i < VECTORS; i++)
        stored[i] = v_set((Real)1e-3); /* memory of its own: what nobody has written is one page of zeros */
    (void)cycle_of;
    pair = clock_best(multiply_adds) / (CYCLE_CHAINS * CYCLE_LINKS);
    if (layer)
        return printf("ports %.1f\n", 1e9 * layer_ports(cell, I, H, atoi(args[3]), atoi(args[4]))), 0;
    printf("chain %.1f pairs %.1f ports %.1f\n", 1e9 * chain(cell == 2, H), 1e9 * pairs(cell == 2, sequence ? 0 : I, H), 1e9 * step_ports(cell == 2, I, H));
    return 0;
}
