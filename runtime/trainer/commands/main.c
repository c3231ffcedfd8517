/* main.c: seqrt_main: the contract's number, the command, its options, the model's memory; and `info`.
 *
 * Takes: a model and argv. Gives: the exit code. Does not: do any command's work but info's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "seqtrain.h"
#include "team.h"
#include "trainer.h"

int seqrt_stop(const Trainer *t, int code, const SeqrtError *error)
{
    fprintf(stderr, "%s: %s\n", t->program, error->text);
    return code;
}

const char *seqrt_data_path(const Trainer *t)
{
    const SeqrtTask *task = t->model->task;
    return t->options.data ? t->options.data : task->test_path ? task->test_path : task->train_path;
}

bool seqrt_data_found(const char *path, const char *given, const char *option, SeqrtError *error)
{
    if (path == given || access(path, F_OK) == 0)
        return true;
    return seqrt_fail(error, "%.500s: %s; the spec's paths start in the directory that a trainer is started in; %s F names another file", path, strerror(errno), option);
}

bool seqrt_weights_load(Trainer *t, const char *path, SeqrtError *error)
{
    void *block = seqrt_block(t->model);
    bool good = seqrt_load(t->model, block, path, error);
    if (good)
        t->model->set(t->memory, SEQRT_WEIGHTS, block);
    if (good && error->text[0])
        seqrt_stop(t, 0, error);
    free(block);
    return good;
}

void seqrt_weights_init(Trainer *t, uint64_t seed)
{
    void *block = seqrt_block(t->model);
    seqrt_init_weights(t->model, seed, block);
    t->model->set(t->memory, SEQRT_WEIGHTS, block);
    free(block);
}

double seqrt_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

const char *seqrt_number_text(double v, char text[32])
{
    bool plain = v == 0 || (fabs(v) >= 1e-3 && fabs(v) < 1e5);
    snprintf(text, 32, plain ? "%.4f" : "%.4g", seqrt_shown(v));
    return text;
}

void seqrt_json_print(void *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    putchar('\n');
    json_decref(json);
}

/* ---- info ---- */

static json_t *tensor_json(const SeqrtTensor *t)
{
    json_t *shape = t->rank == 2 ? json_pack("[i, i]", t->shape[0], t->shape[1]) : json_pack("[i]", t->shape[0]);
    return json_pack("{s:s, s:o}", "name", t->name, "shape", shape);
}

static json_t *info_json(const SeqrtModel *m)
{
    json_t *tensors = json_array(), *slots = json_array();
    for (int i = 0; i < m->tensors_count; i++)
        json_array_append_new(tensors, tensor_json(&m->tensors[i]));
    for (int i = 0; i < m->slots_count; i++)
        json_array_append_new(slots, json_string(m->slot_names[i]));
    const SeqrtTask *task = m->task;
    return json_pack("{s:s, s:s, s:s, s:i, s:s, s:I, s:I, s:I, s:i, s:i, s:i, s:i, s:i, s:i, s:b, s:b, s:f, s:f, s:o, s:o}",
                     "name", task->name, "generator", m->generator, "spec_hash", m->spec_hash, "contract", m->contract,
                     "real", m->real_bytes == 8 ? "float64" : "float32", "parameters", (json_int_t)m->weights_count,
                     "weights_bytes", (json_int_t)(m->weights_count * (size_t)m->real_bytes),
                     "model_bytes", (json_int_t)m->model_bytes, "batch", m->B, "steps", m->T, "vocab", task->vocab_count,
                     "features", task->features, "classes", task->classes_count, "outputs", task->outputs,
                     "per_step", m->per_step, "can_stream", m->can_stream, "macs_step", m->macs_step,
                     "flops_train_step", m->flops_train_step, "optimizer_slots", slots, "tensors", tensors);
}

int seqrt_info(Trainer *t)
{
    const SeqrtModel *m = t->model;
    if (t->options.json) {
        seqrt_json_print(info_json(m));
        return EXIT_DONE;
    }
    printf("%s, by %s, spec %s\n", m->task->name, m->generator, m->spec_hash);
    for (int i = 0; m->summary && m->summary[i]; i++)
        puts(m->summary[i]);
    printf("parameters %zu (%zu bytes of %s), model with buffers %zu bytes, batch %d, steps %d\n", m->weights_count,
           m->weights_count * (size_t)m->real_bytes, m->real_bytes == 8 ? "float64" : "float32", m->model_bytes, m->B, m->T);
    return EXIT_DONE;
}

/* ---- the entry ---- */

/* The exit code, once all that was said has been written */
static int said(const Trainer *t, int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "%s: standard output cannot be written\n", t->program);
    return code ? code : EXIT_SYSTEM;
}

static int command_run(Trainer *t, const Command *command)
{
    t->memory = seqrt_need(1, t->model->model_bytes);
    t->model->init(t->memory);
    t->team = seqrt_team_new(t->model, t->options.threads);
    int code = command->run(t);
    seqrt_team_free(t->team);
    free(t->memory);
    return said(t, code);
}

int seqrt_main(const SeqrtModel *model, int argc, char **argv)
{
    Trainer t = {.model = model, .program = argc > 0 ? argv[0] : "trainer"};
    if (model->contract != SEQRT_CONTRACT) {
        fprintf(stderr, "%s: the model was generated for runtime contract %d, this runtime has %d; generate and compile it anew\n",
                t.program, model->contract, SEQRT_CONTRACT);
        return EXIT_SYSTEM;
    }
    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        seqrt_help(t.program);
        return said(&t, argc < 2 ? EXIT_USAGE : EXIT_DONE);
    }
    const Command *command = seqrt_command_find(t.program, argv[1]);
    t.options = (Options){.epochs = -1, .steps = -1, .threads = -1, .length = -1, .rows = -1, .top_k = -1, .lr = NAN,
                          .temperature = NAN, .seed = model->seed};
    if (!command || !seqrt_options_read(&t.options, t.program, command, argc - 1, argv + 1))
        return EXIT_USAGE;
    if (t.options.help) {
        seqrt_command_help(t.program, command);
        return said(&t, EXIT_DONE);
    }
    return seqrt_outputs_check(model->task, &t.options, t.program) ? command_run(&t, command) : EXIT_USAGE;
}
