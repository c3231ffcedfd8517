/* run.c: see run.h. The commands eval and sample do the work, with standard output turned into a file for a moment. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"
#include "support.h"
#include "weights.h"

static char *place(const char *dir, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

bool seqrt_run_begin(Trainer *t, SeqrtError *error)
{
    Options *o = &t->options;
    static char log[4096]; /* options hold texts that live as long as the program */
    char results[4096];
    if (!o->report)
        return true;
    if (mkdir(o->report, 0777) != 0 && errno != EEXIST)
        return seqrt_fail(error, "%s: cannot be made: %s", o->report, strerror(errno));
    snprintf(results, sizeof results, "%s/results.json", o->report);
    if (!seqrt_replace_check(results, error))
        return false;
    snprintf(log, sizeof log, "%s/log.csv", o->report);
    if (!o->log)
        o->log = log;
    return true;
}

/* ---- a command into a file ---- */

static int captured(Trainer *t, int (*command)(Trainer *t), const char *path)
{
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    FILE *file = fopen(path, "w");
    int code = EXIT_SYSTEM;
    if (kept >= 0 && file && dup2(fileno(file), STDOUT_FILENO) >= 0) {
        code = command(t);
        fflush(stdout);
        dup2(kept, STDOUT_FILENO);
    }
    if (file)
        fclose(file);
    if (kept >= 0)
        close(kept);
    return code;
}

/* What is judged: held-out data where there is any, as eval chooses, but never a --data that was trained on. */
static const char *part_of(const Trainer *t, bool validated)
{
    const char *test = t->model->task->test_path;
    return test && access(test, R_OK) == 0 ? "test" : validated ? "valid" : "train";
}

static int judge(Trainer *t, const char *part, const char *weights, const char *details, const char *json)
{
    Options kept = t->options, *o = &t->options;
    bool own_file = strcmp(part, "valid") == 0 && (o->valid || t->model->task->valid_path);
    o->load = weights;
    o->details = details;
    o->json = true;
    o->part = part;
    if (strcmp(part, "test") == 0)
        o->data = NULL;
    if (own_file && kept.valid) {
        o->part = NULL;
        o->data = kept.valid;
    } else if (own_file) {
        o->data = NULL;
    }
    int code = captured(t, seqrt_eval, json);
    t->options = kept;
    return code;
}

static int write_sample(Trainer *t, const char *weights, const char *path)
{
    Options kept = t->options;
    t->options.load = weights;
    t->options.length = 300;
    t->options.seed = 1;
    t->options.json = false;
    t->options.prompt = NULL;
    int code = captured(t, seqrt_sample, path);
    t->options = kept;
    return code;
}

/* ---- results.json ---- */

static const char *const target_words[] = {"class", "value", "tag", "next", "forecast", "signal"};

static json_t *words(int count, const char *const *list)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(array, json_string(list[i]));
    return array;
}

static void set_text(json_t *object, const char *key, const char *text)
{
    json_t *value = text ? json_string(text) : NULL;
    if (value)
        json_object_set_new(object, key, value);
}

static json_t *task_json(const Trainer *t, const char *part)
{
    const SeqrtTask *task = t->model->task;
    const Options *o = &t->options;
    json_t *object = json_pack("{s:s,s:s,s:s,s:s,s:b}", "name", task->name, "input", seqrt_input_words[task->input], "target",
                               target_words[task->target], "judged_on", part, "series",
                               (int)(task->input == SEQRT_ROWS && !task->sequence_column));
    json_object_set_new(object, "columns", words(task->target_columns_count, task->target_columns));
    if (task->window_stride)
        json_object_set_new(object, "stride", json_integer(task->window_stride));
    set_text(object, "train", o->data ? o->data : task->train_path);
    set_text(object, "valid", o->valid ? o->valid : task->valid_path);
    set_text(object, "test", task->test_path);
    return object;
}

/* The options that change a result, as they were given. */
static char *command_text(const Trainer *t)
{
    const Options *o = &t->options;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fprintf(out, "%s train --seed %llu", t->program, (unsigned long long)o->seed);
    const struct { const char *name, *value; } texts[] = {{"data", o->data}, {"valid", o->valid}, {"load", o->load}, {"resume", o->resume}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].value)
            fprintf(out, " --%s %s", texts[i].name, texts[i].value);
    if (o->epochs >= 0)
        fprintf(out, " --epochs %ld", o->epochs);
    if (o->steps >= 0)
        fprintf(out, " --steps %ld", o->steps);
    if (!isnan(o->lr))
        fprintf(out, " --lr %g", o->lr);
    fprintf(out, "%s --report %s", o->no_shuffle ? " --no-shuffle" : "", o->report);
    fclose(out);
    return text;
}

static void set_lines(json_t *object, const char *key, const char *const *lines)
{
    size_t bytes = 1;
    for (int i = 0; lines && lines[i]; i++)
        bytes += strlen(lines[i]) + 1;
    char *text = seqrt_need(bytes, 1), *end = text;
    for (int i = 0; lines && lines[i]; i++)
        end += sprintf(end, "%s\n", lines[i]);
    set_text(object, key, text);
    free(text);
}

static json_t *model_json(const Trainer *t, json_t *eval, double figure, double seconds, int epochs)
{
    const SeqrtModel *m = t->model;
    json_t *run = json_pack("{s:I,s:f,s:f,s:i,s:s,s:s,s:O}", "seed", (json_int_t)t->options.seed, "figure", figure, "seconds", seconds,
                            "epochs", epochs, "log", "log.csv", "weights", "weights.safetensors", "eval", eval);
    json_t *model = json_pack("{s:s,s:b,s:f,s:f,s:f,s:f,s:f,s:i,s:{s:f,s:f,s:f},s:[o]}", "name", m->task->name, "keeps_best",
                              (int)(m->patience > 0), "parameters", (double)m->weights_count, "macs_step", m->macs_step, "macs_sequence",
                              m->macs_step * m->T, "ram_bytes", (double)m->model_bytes, "seconds", seconds, "epochs", epochs, "figure",
                              "median", figure, "min", figure, "max", figure, "runs", run);
    set_text(model, "spec", "the layers");
    set_lines(model, "text", m->summary);
    return model;
}

static char *file_text(const char *path)
{
    char text[4096];
    FILE *file = fopen(path, "r");
    size_t got = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[got] = '\0';
    return strdup(text);
}

static json_t *best_json(const Trainer *t, const char *sample)
{
    bool next = t->model->task->target == SEQRT_NEXT;
    json_t *best = json_pack("{s:s,s:I}", "model", t->model->task->name, "seed", (json_int_t)t->options.seed);
    char *text = next ? file_text(sample) : NULL;
    set_text(best, "sample", text);
    set_text(best, "details", next ? NULL : "details.csv");
    free(text);
    return best;
}

static bool results_write(const Trainer *t, const char *path, json_t *model, json_t *best, const char *part)
{
    bool higher;
    const char *metric = seqrt_report_metric(t->model->task, &higher);
    char *command = command_text(t);
    json_t *all = json_pack("{s:i,s:s,s:s,s:o,s:{s:s,s:s},s:[o],s:o}", "format", REPORT_FORMAT, "seqgen", t->model->generator, "kind",
                            "run", "task", task_json(t, part), "metric", "name", metric, "better", higher ? "higher" : "lower", "models",
                            model, "best", best);
    set_text(all, "command", command);
    int failed = json_dump_file(all, path, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    json_decref(all);
    free(command);
    return failed == 0;
}

/* ---- the whole ---- */

static bool log_copy(const Trainer *t, const char *path)
{
    char block[4096];
    size_t got;
    if (strcmp(t->options.log, path) == 0)
        return true;
    FILE *from = fopen(t->options.log, "r"), *to = fopen(path, "w");
    while (from && to && (got = fread(block, 1, sizeof block, from)) > 0)
        fwrite(block, 1, got, to);
    if (from)
        fclose(from);
    return (to && fclose(to) == 0) && from;
}

static bool weights_write(const Trainer *t, const char *path, SeqrtError *error)
{
    void *block = seqrt_block(t->model);
    t->model->get(t->memory, SEQRT_WEIGHTS, block);
    bool good = seqrt_save(t->model, block, path, error);
    free(block);
    return good;
}

static int page_write(const Trainer *t, SeqrtError *error)
{
    bool plots;
    if (!seqrt_report_write(t->options.report, &plots, NULL, error))
        return seqrt_stop(t, EXIT_SYSTEM, error);
    if (!plots)
        fprintf(stderr, "%s: the page has no plots: %s\n", t->program, seqrt_report_no_plots);
    if (!t->options.quiet)
        fprintf(stderr, "%s/report.html\n", t->options.report);
    return EXIT_DONE;
}

static int report_in(Trainer *t, char *const paths[6], double seconds, int epochs, const char *part)
{
    bool higher, next = t->model->task->target == SEQRT_NEXT;
    SeqrtError error;
    if (!log_copy(t, paths[0]))
        return seqrt_fail(&error, "%s: cannot be written", paths[0]), seqrt_stop(t, EXIT_SYSTEM, &error);
    if (!weights_write(t, paths[1], &error))
        return seqrt_stop(t, EXIT_SYSTEM, &error);
    int code = judge(t, part, paths[1], next ? NULL : paths[3], paths[2]);
    if (code == EXIT_DONE && next)
        code = write_sample(t, paths[1], paths[4]);
    json_t *eval = code == EXIT_DONE ? json_load_file(paths[2], 0, NULL) : NULL;
    if (!eval)
        return code == EXIT_DONE ? EXIT_SYSTEM : code;
    double figure = json_number_value(json_object_get(eval, seqrt_report_metric(t->model->task, &higher)));
    bool good = results_write(t, paths[5], model_json(t, eval, figure, seconds, epochs), best_json(t, paths[4]), part);
    json_decref(eval);
    if (!good)
        return seqrt_fail(&error, "%s: cannot be written", paths[5]), seqrt_stop(t, EXIT_SYSTEM, &error);
    return page_write(t, &error);
}

int seqrt_run_report(Trainer *t, double seconds, int epochs, bool validated)
{
    static const char *const names[] = {"log.csv", "weights.safetensors", "eval.json", "details.csv", "sample.txt", "results.json"};
    char *paths[6];
    bool good = true;
    if (!t->options.report)
        return EXIT_DONE;
    for (int i = 0; i < 6; i++)
        good = (paths[i] = place(t->options.report, names[i])) && good;
    int code = good ? report_in(t, paths, seconds, epochs, part_of(t, validated)) : EXIT_SYSTEM;
    for (int i = 0; i < 6; i++)
        free(paths[i]);
    return code;
}
