/* compare.c: `seqgen compare`: several specs on the same data, each with several seeds, one table and one page.
 *
 * Takes: specs, the output directory. Gives: trainers, weights, logs, results.json and report.html in it, a table.
 * Does not: run anything itself (compare_jobs.c does), or write HTML (runtime/trainer/report does).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "compare.h"
#include "report/report.h"
#include "support/home.h"
#include "support/mem.h"
#include "support/out.h"

/* ---- options ---- */

static int number_option(const char *name, const char *value, int fallback, int high, int *number)
{
    char *end;
    *number = fallback;
    if (!value)
        return EXIT_DONE;
    long n = strtol(value, &end, 10);
    if (end == value || *end || n < 1 || n > high)
        return cli_fail(EXIT_USAGE, "--%s: found '%s'; expected a whole number from 1 to %d", name, value, high);
    *number = (int)n;
    return EXIT_DONE;
}

static int cores(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 200 ? 200 : count;
}

static int options_read(Compare *c)
{
    int status = number_option("seeds", c->cli->seeds, 3, 1000, &c->seeds);
    return status == EXIT_DONE ? number_option("jobs", c->cli->jobs, cores(), 200, &c->jobs) : status;
}

/* ---- budgets ---- */

static int lines_count(const Candidate *candidate, int64_t *lines)
{
    Home home;
    if (!home_find(&home, false))
        return EXIT_SYSTEM;
    int status = emit_lines(candidate->graph, &(EmitOptions){.templates_dir = home.templates}, lines);
    home_free(&home);
    return status;
}

/* Of all specs, before anything is made. */
static int budgets_check(const Compare *c)
{
    int status = EXIT_DONE;
    for (int i = 0; i < c->count; i++) {
        const Candidate *candidate = &c->candidates[i];
        EmitInfo info = candidate->info;
        int counted = candidate->spec->codegen.max_lines ? lines_count(candidate, &info.lines) : EXIT_DONE;
        if (counted != EXIT_DONE)
            return counted;
        if (!emit_within(candidate->spec, &info))
            status = EXIT_BUDGET;
    }
    return status;
}

/* ---- the output directory ---- */

/* Makes every part of path that is not there. */
static bool directory_make(const char *path)
{
    char *part = mem_copy(path);
    bool good = true;
    for (char *at = part + 1; good && *at; at++)
        if (*at == '/') {
            *at = '\0';
            good = mkdir(part, 0777) == 0 || errno == EEXIST;
            *at = '/';
        }
    good = good && (mkdir(part, 0777) == 0 || errno == EEXIST);
    free(part);
    return good;
}

static int directory_open(Compare *c)
{
    c->shown = c->cli->output ? c->cli->output : "comparison";
    if (!directory_make(c->shown) || !(c->directory = realpath(c->shown, NULL)) || access(c->directory, W_OK) != 0)
        return cli_fail(EXIT_SYSTEM, "%s: cannot be made, or written to: %s", c->shown, strerror(errno));
    return EXIT_DONE;
}

static int directories_make(Compare *c)
{
    for (int i = 0; i < c->count; i++) {
        Candidate *candidate = &c->candidates[i];
        candidate->trainer = mem_format("%s/%s/trainer", c->directory, candidate->name);
        char *path = mem_format("%s/%s", c->directory, candidate->name);
        bool good = directory_make(path);
        if (!good)
            cli_fail(EXIT_SYSTEM, "%s: cannot be made: %s", path, strerror(errno));
        free(path);
        if (!good)
            return EXIT_SYSTEM;
    }
    char *path = mem_format("%s/compare.log", c->directory);
    c->log = fopen(path, "w");
    int status = c->log ? EXIT_DONE : cli_fail(EXIT_SYSTEM, "%s: cannot be written: %s", path, strerror(errno));
    free(path);
    return status;
}

/* ---- candidates ---- */

static char *file_text(const char *path)
{
    enum { MOST = 1 << 20 };
    Text text = {0};
    char block[4096];
    size_t got;
    FILE *file = fopen(path, "r");
    text_add_bytes(&text, "", 0);
    while (file && text.length < MOST && (got = fread(block, 1, sizeof block, file)) > 0)
        text_add_bytes(&text, block, got);
    if (file)
        fclose(file);
    return text.data;
}

/* The spec's file name without its ending; a second one of that name gets _2, and so on. */
static char *name_unique(const Compare *c, const char *path)
{
    const char *slash = strrchr(path, '/'), *stem = slash ? slash + 1 : path, *dot = strrchr(stem, '.');
    int length = dot && dot > stem ? (int)(dot - stem) : (int)strlen(stem);
    char *name = mem_format("%.*s", length, stem);
    for (int number = 2, i = 0; i < c->count; i++)
        if (c->candidates[i].name && strcmp(c->candidates[i].name, name) == 0) {
            free(name);
            name = mem_format("%.*s_%d", length, stem, number++);
            i = -1;
        }
    return name;
}

/* Where the spec reader found the data: beside the spec, or here. */
static char *data_directory(const char *path, const SeqrtTask *task)
{
    const char *slash = strrchr(path, '/');
    if (!slash || !task->train_path || *task->train_path == '/')
        return NULL;
    char *directory = mem_format("%.*s", (int)(slash - path + 1), path);
    char *beside = mem_format("%s%s", directory, task->train_path);
    bool there = access(beside, F_OK) == 0;
    free(beside);
    if (there)
        return directory;
    free(directory);
    return NULL;
}

static void trials_prepare(const Compare *c, Candidate *candidate)
{
    candidate->trials = mem_alloc((size_t)c->seeds * sizeof *candidate->trials);
    for (int i = 0; i < c->seeds; i++)
        candidate->trials[i] = (Trial){.seed = i + 1, .figure = NAN, .seconds = NAN,
                                       .log = mem_format("%s/seed-%d.csv", candidate->name, i + 1),
                                       .weights = mem_format("%s/seed-%d.safetensors", candidate->name, i + 1)};
}

static int candidate_prepare(Compare *c, Candidate *candidate)
{
    int status = emit_info(candidate->graph, false, &candidate->info);
    candidate->name = name_unique(c, candidate->path);
    candidate->text = file_text(candidate->path);
    candidate->data_directory = data_directory(candidate->path, &candidate->spec->task);
    trials_prepare(c, candidate);
    return status;
}

/* Of its training file, unless a spec before it has that file too. */
static void warn(const Compare *c, const Candidate *candidate)
{
    const char *warning = candidate->spec->warning;
    for (const Candidate *before = c->candidates; warning && before < candidate; before++)
        if (before->spec && before->spec->warning && strcmp(before->spec->warning, warning) == 0)
            return;
    if (warning && !c->cli->quiet)
        fprintf(stderr, "seqgen: warning: %s\n", warning);
}

/* All are judged on the same split: where another train.seed would cut off another validation part, the spec is read with the first one's. (Weights and
 * order come from the seeds of the comparison in any case.) */
static bool candidate_spec(Compare *c, Candidate *candidate, Diag *diag)
{
    const SeqrtTask *first = &c->candidates[0].spec->task;
    const int count = c->cli->overrides_count;
    candidate->own_spec = spec_read(candidate->path, c->cli->overrides, count, diag);
    const SeqrtTask *task = candidate->own_spec ? &candidate->own_spec->task : NULL;
    if (!task || task->valid_path || task->valid_fraction <= 0 || task->seed == first->seed)
        return task;
    if (!c->cli->quiet)
        fprintf(stderr, "seqgen: note: %s: train.seed %llu would cut off another validation part than that of %s; taken as %llu\n", candidate->path,
                (unsigned long long)task->seed, c->candidates[0].path, (unsigned long long)first->seed);
    SpecOverride *all = mem_alloc((size_t)(count + 1) * sizeof *all);
    for (int i = 0; i < count; i++)
        all[i] = c->cli->overrides[i];
    candidate->seed_text = mem_format("%llu", (unsigned long long)first->seed);
    all[count] = (SpecOverride){.key = "train.seed", .value = candidate->seed_text};
    spec_free(candidate->own_spec);
    candidate->own_spec = spec_read(candidate->path, all, count + 1, diag);
    free(all);
    return candidate->own_spec;
}

static int candidate_read(Compare *c, Candidate *candidate, const char *path)
{
    Diag diag = {.path = path};
    candidate->path = path;
    if (!candidate_spec(c, candidate, &diag) ||
        !(candidate->own_graph = graph_build(candidate->own_spec, &diag)))
        return EXIT_SPEC;
    candidate->spec = candidate->own_spec;
    warn(c, candidate);
    candidate->graph = candidate->own_graph;
    const int status = command_unroll_auto(c->cli, candidate->graph, candidate->own_spec);
    return status == EXIT_DONE ? candidate_prepare(c, candidate) : status;
}

/* main.c has read the first; the rest are read here, all of them, so that all errors are seen at once. */
static int candidates_read(Compare *c, const Graph *first)
{
    c->candidates = mem_alloc((size_t)(c->cli->args_count + 1) * sizeof *c->candidates);
    c->candidates[0] = (Candidate){.path = c->cli->spec_path, .spec = first->spec, .graph = first};
    c->count = 1;
    int status = candidate_prepare(c, &c->candidates[0]);
    for (int i = 0; i < c->cli->args_count; i++) {
        int read = candidate_read(c, &c->candidates[c->count++], c->cli->args[i]);
        status = status == EXIT_DONE ? read : status;
    }
    return status;
}

static void judging_set(Compare *c)
{
    const SeqrtTask *task = &c->candidates[0].spec->task;
    c->metric = seqrt_report_metric(task, &c->higher);
    c->judged_on = task->test_path ? "test" : task->valid_path || task->valid_fraction > 0 ? "valid" : "train";
    if (strcmp(c->judged_on, "train") == 0)
        fprintf(stderr, "seqgen: warning: no test and no valid part in data: judged on what they were trained on\n");
}

/* ---- what is left behind ---- */

static int results_write(const Compare *c)
{
    json_t *all = compare_json(c);
    char *text = json_dumps(all, JSON_INDENT(1) | JSON_REAL_PRECISION(9)), *path = mem_format("%s/results.json", c->directory);
    json_decref(all);
    SeqrtError error = {"out of memory"};
    bool good = text && out_write(&(OutFile){path, text, strlen(text)}, 1, &error);
    if (good && c->cli->json)
        puts(text);
    free(path);
    free(text);
    return good ? EXIT_DONE : cli_fail(EXIT_SYSTEM, "%s", error.text);
}

static int page_write(const char *directory, const char *shown, const Cli *cli)
{
    SeqrtError error;
    bool plots;
    char *finding;
    if (!seqrt_report_write(directory, &plots, &finding, &error))
        return cli_fail(EXIT_SYSTEM, "%s", error.text);
    if (!plots)
        fprintf(stderr, "seqgen: the page has no plots: %s (seqgen compare -o %s)\n", seqrt_report_no_plots, shown);
    if (!cli->quiet && !cli->json)
        printf("%s%s\n", finding ? finding : "", finding ? "\n" : "");
    if (!cli->quiet)
        fprintf(stderr, "%s/report.html\n", shown);
    free(finding);
    return EXIT_DONE;
}

static int everything(Compare *c)
{
    int status = directories_make(c);
    if (status != EXIT_DONE)
        return status;
    compare_run(c);
    compare_best(c);
    compare_look(c);
    status = results_write(c);
    if (status == EXIT_DONE && !c->cli->json && !c->cli->quiet)
        compare_table(c);
    if (status == EXIT_DONE)
        status = page_write(c->directory, c->shown, c->cli);
    return status == EXIT_DONE && c->failed ? EXIT_SYSTEM : status;
}

static void candidate_free(const Compare *c, Candidate *candidate)
{
    for (int i = 0; candidate->trials && i < c->seeds; i++) {
        free(candidate->trials[i].log);
        free(candidate->trials[i].weights);
        free(candidate->trials[i].error);
        json_decref(candidate->trials[i].eval);
    }
    free(candidate->trials);
    free(candidate->name);
    free(candidate->text);
    free(candidate->trainer);
    free(candidate->seed_text);
    free(candidate->data_directory);
    free(candidate->error);
    if (candidate->own_graph)
        graph_free(candidate->own_graph);
    if (candidate->own_spec)
        spec_free(candidate->own_spec);
}

static void compare_free(Compare *c)
{
    for (int i = 0; i < c->count; i++)
        candidate_free(c, &c->candidates[i]);
    free(c->candidates);
    free(c->directory);
    free(c->sample);
    if (c->log)
        fclose(c->log);
}

/* No spec: the page anew, from the results of an earlier run. */
int command_compare(const Cli *cli, const Graph *first)
{
    Compare c = {.cli = cli};
    if (!first)
        return page_write(cli->output, cli->output, cli);
    int status = options_read(&c);
    if (status == EXIT_DONE)
        status = candidates_read(&c, first);
    if (status == EXIT_DONE && !compare_same(&c))
        status = EXIT_SPEC;
    if (status == EXIT_DONE)
        status = budgets_check(&c);
    if (status == EXIT_DONE)
        status = directory_open(&c);
    if (status == EXIT_DONE) {
        judging_set(&c);
        status = everything(&c);
    }
    compare_free(&c);
    return status;
}
