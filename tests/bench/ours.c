/* ours.c: times a generated model through its own interface.
 *
 * Takes: cc -DMODEL='"model.c"' [-DCLASSES=n] [-DTOKENS=v] [-DLAYER] [-DINFER: the file was made by --emit infer] ours.c, for a spec named bench (without MODEL it includes model.h,
 * and the model is linked to it); an argument, what to time:
 *   step      a training step: gradient of a full batch, clip, optimiser
 *   forward   a full batch
 *   infer     one sequence of T steps
 *   stream    one streaming step
 *   layer     the recurrent layer `cell` alone, forward and backward, with its own functions (-DLAYER)
 *   timers    its kernels, one by one, in cycles (-DTIMERS=n, see tiles.tcl)
 * Gives: nanoseconds of one call, its cycles, of how many FLOPs each; of a layer also the nanoseconds of its phases. `count` runs step, forward and stream a few times each, for callgrind.
 * Does not: read data: inputs and targets are drawn.
 */
#define _GNU_SOURCE
#if defined MODEL
#define SEQGEN_NO_MAIN
#include MODEL
#else
#include "model.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cycle.h"

enum {
    STEPS = BENCH_T * BENCH_B,
#if defined TOKENS
    INPUTS = 1,
#else
    INPUTS = BENCH_FEATURES,
#endif
    SAMPLES = 1024 /* inputs of a stream, round and round */
};

typedef union Number {
    float real;
    int32_t index;
} Number;

static bench_Model model;
static Number input[STEPS * INPUTS];
#if !defined INFER
static Number target[STEPS * BENCH_OUTPUTS];
#endif
static int32_t lengths[BENCH_B];
static bench_Real output[STEPS * BENCH_OUTPUTS];
#if BENCH_CAN_STREAM
static bench_State state;
static Number samples[SAMPLES * INPUTS];
static int sample;
#endif

static uint32_t draw(void)
{
    static uint32_t seed = 1;
    return (seed = seed * 1664525u + 1013904223u) >> 8;
}

/* classes 0: real numbers from -1 to 1 */
static void fill(Number *to, size_t count, uint32_t classes)
{
    for (size_t i = 0; i < count; i++)
        if (classes > 0)
            to[i].index = (int32_t)(draw() % classes);
        else
            to[i].real = (float)draw() / (float)(1 << 23) - 1;
}

#if !defined TOKENS
#define TOKENS 0
#endif
#if !defined CLASSES
#define CLASSES 0
#endif

static void start(void)
{
    bench_init(&model);
    fill(input, sizeof input / sizeof *input, TOKENS);
#if !defined INFER
    bench_init_weights(&model, 1);
    fill(target, sizeof target / sizeof *target, CLASSES);
#endif
    for (int b = 0; b < BENCH_B; b++)
        lengths[b] = BENCH_T;
#if BENCH_CAN_STREAM
    fill(samples, sizeof samples / sizeof *samples, TOKENS);
    bench_reset(&state);
#endif
}

#if !defined INFER
__attribute__((noinline)) static void run_step(void) { bench_train_step(&model, BENCH_B, lengths, (void *)input, (void *)target); }
#endif
__attribute__((noinline)) static void run_forward(void) { bench_forward(&model, BENCH_B, lengths, (void *)input, output); }
static void run_infer(void) { bench_forward(&model, 1, lengths, (void *)input, output); }

#if BENCH_CAN_STREAM
__attribute__((noinline)) static void run_stream(void)
{
    const Number *at = samples + sample * INPUTS;
#if TOKENS
    bench_step(&model, &state, at->index, output);
#else
    bench_step(&model, &state, &at->real, output);
#endif
    sample = (sample + 1) % SAMPLES;
}
#endif

/* ---- one layer: the names are those of the generated file's functions for a layer called cell ---- */
#if defined LAYER
static Share share;

static void layer_refresh(void) { cell_l0_refresh(&model, &share); }
static void layer_forward(void) { cell_l0_forward(&model, &share); }

static void layer_backward(void)
{
    cell_l0_backward_start(&model, &share);
    cell_l0_backward(&model, &share);
}

static void layer_gradients(void)
{
    memset(&model.g, 0, sizeof model.g);
#if defined PARTS_JOIN /* and sums them in parts */
    cell_l0_join(&model, &share);
#endif
#if defined CHUNKS /* the backward pass makes them on its way */
    cell_l0_bias_gradients(&model, &share);
#else
    cell_l0_gradients(&model, &share);
#endif
}

/* Backward turns the gates into their gradients, and turning those again gives numbers of no meaning: forward stands before it. */
static void layer_all(void)
{
    layer_refresh();
    layer_forward();
    layer_backward();
    layer_gradients();
}

static void layer_time(void)
{
    run_step(); /* the sequences are packed now, and the gradient of the output of the layer is there */
    share = share_of(&model, &alone);
    const double all = clock_best(layer_all), refresh = clock_best(layer_refresh), forward = clock_best(layer_forward);
    const double gradients = clock_best(layer_gradients);
    printf("%.1f refresh %.1f forward %.1f gradients %.1f backward %.1f cycles %.0f of %d\n", all * 1e9, refresh * 1e9, forward * 1e9, gradients * 1e9,
           (all - refresh - forward - gradients) * 1e9, cycle_of(layer_all), FLOPS_A_CYCLE);
}
#endif

/* Two training steps, forwards and sixteen streaming steps, to be counted by function. */
static void count(void)
{
#if !defined INFER
    for (int i = 0; i < 2; i++)
        run_step();
#endif
    for (int i = 0; i < 2; i++)
        run_forward();
#if BENCH_CAN_STREAM
    for (int i = 0; i < 16; i++)
        run_stream();
#endif
}

#if defined TIMERS
/* Steps for a fifth of a second; the cycles that each timed kernel took */
static void timers_time(void)
{
    for (const double start = clock_now(); clock_now() - start < 0.2; timers_keep())
        run_step();
    for (int i = 0; i < TIMERS; i++)
        printf("%s %.0f ", timer_names[i], timer_median(i));
    putchar('\n');
}
#endif

static const struct {
    const char *name;
    void (*call)(void);
} calls[] = {
#if !defined INFER
    {"step", run_step},
#endif
    {"forward", run_forward}, {"infer", run_infer},
#if BENCH_CAN_STREAM
    {"stream", run_stream},
#endif
};

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    start();
    if (strcmp(what, "count") == 0)
        return count(), 0;
#if defined LAYER
    if (strcmp(what, "layer") == 0)
        return layer_time(), 0;
#endif
#if defined TIMERS
    if (strcmp(what, "timers") == 0)
        return timers_time(), 0;
#endif
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(what, calls[i].name) == 0)
            return printf("%.2f cycles %.0f of %d\n", clock_best(calls[i].call) * 1e9, cycle_of(calls[i].call), FLOPS_A_CYCLE), 0;
    fprintf(stderr, "ours: found '%s', expected step, forward, infer, stream or layer, as the model and the flags allow\n", what);
    return 1;
}
