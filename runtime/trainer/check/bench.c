/* bench.c: the `bench` command: medians of repetitions on a full random batch.
 *
 * Takes: nothing but the model. Gives: milliseconds of a training step and its phases, microseconds of one inference,
 * nanoseconds of one streaming step. Does not: read data; the learning rate is 0, so that numbers stay ordinary.
 */
#define _GNU_SOURCE
#include <jansson.h>
#include <stdlib.h>

#include "team.h"
#include "trainer.h"

enum { REPETITIONS = 9 };
static const double repetition_seconds = 0.03;

typedef struct Bench {
    const SeqrtModel *model;
    void *memory;
    SeqrtTeam *team;
    Synthetic full, one;  /* B rows, 1 row */
    void *out;
    uint64_t step;
    size_t at;            /* streaming: the next step of row 0 */
} Bench;

static void run_forward(Bench *b) { b->model->forward(b->memory, &b->full.batch, b->out); }
static void run_infer(Bench *b) { b->model->forward(b->memory, &b->one.batch, b->out); }
static void run_gradient(Bench *b) { seqrt_team_gradient(b->team, b->model, b->memory, &b->full.batch, b->model->seed, b->step++); }

static void run_update(Bench *b)
{
    SeqrtUpdate update = {.step = b->step, .epochs = 1};
    seqrt_team_update(b->team, b->model, b->memory, &update);
}

static void run_train(Bench *b)
{
    run_gradient(b);
    run_update(b);
}

static void run_stream(Bench *b)
{
    size_t F = (size_t)b->model->task->features * (size_t)b->model->real_bytes;
    if (b->at == 0)
        b->model->reset_step(b->memory);
    b->model->step(b->memory, b->full.tokens ? b->full.tokens[b->at] : 0, b->full.x ? (char *)b->full.x + b->at * F : NULL, b->out);
    b->at = (b->at + 1) % (size_t)b->model->T;
}

static double seconds_of(Bench *b, void (*run)(Bench *), long times)
{
    double start = seqrt_seconds();
    for (long i = 0; i < times; i++)
        run(b);
    return seqrt_seconds() - start;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median seconds of one run; the warm-up finds how many runs make a repetition long enough to be timed. */
static double median_of(Bench *b, void (*run)(Bench *))
{
    long times = 1;
    double took, all[REPETITIONS];
    while ((took = seconds_of(b, run, times)) < repetition_seconds)
        times = took > repetition_seconds / 100 ? (long)((double)times * repetition_seconds / took * 1.1) + 1 : times * 10;
    for (int i = 0; i < REPETITIONS; i++)
        all[i] = seconds_of(b, run, times) / (double)times;
    qsort(all, REPETITIONS, sizeof *all, compare);
    return all[REPETITIONS / 2];
}

static json_t *bench_json(Bench *b)
{
    const SeqrtModel *m = b->model;
    double train = median_of(b, run_train), forward = median_of(b, run_forward), gradient = median_of(b, run_gradient);
    double update = median_of(b, run_update), infer = median_of(b, run_infer);
    json_t *step = m->can_stream ? json_real(median_of(b, run_stream) * 1e9) : json_null();
    return json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:o, s:f, s:i, s:i, s:f}", "name", m->task->name, "train_step_ms",
                     train * 1e3, "forward_ms", forward * 1e3, "gradient_ms", gradient * 1e3, "update_ms", update * 1e3,
                     "infer_us", infer * 1e6, "step_ns", step, "flops_train_step", m->flops_train_step, "batch", m->B,
                     "steps", m->T, "gflops", m->flops_train_step / train * 1e-9);
}

static void bench_print(json_t *result)
{
    const char *key;
    json_t *value;
    json_object_foreach(result, key, value) {
        if (json_is_string(value))
            printf("%-18s %s\n", key, json_string_value(value));
        else if (json_is_null(value))
            printf("%-18s -\n", key);
        else
            printf("%-18s %.6g\n", key, json_number_value(value));
    }
    json_decref(result);
}

int seqrt_bench(Trainer *t)
{
    Bench b = {.model = t->model, .memory = t->memory, .team = t->team};
    b.full = seqrt_synthetic_new(t->model, t->model->B);
    b.one = seqrt_synthetic_new(t->model, 1);
    seqrt_synthetic_fill(t->model, &b.full, t->model->seed, true);
    seqrt_synthetic_fill(t->model, &b.one, t->model->seed, true);
    b.out = seqrt_need(seqrt_outputs(t->model, t->model->B), (size_t)t->model->real_bytes);
    seqrt_weights_init(t, t->model->seed);
    json_t *result = bench_json(&b);
    if (t->options.json)
        seqrt_json_print(result);
    else
        bench_print(result);
    seqrt_synthetic_free(&b.full);
    seqrt_synthetic_free(&b.one);
    free(b.out);
    return EXIT_DONE;
}
