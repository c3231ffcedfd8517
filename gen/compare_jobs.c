/* compare_jobs.c: the children of `seqgen compare`: builds, trainings, judgements, at most `jobs` of them at a time.
 *
 * Takes: the candidates. Gives: their trials filled in, a line a finished job, one redrawn line on a terminal.
 * Does not: stop at a failure: what a child said is kept, and the others go on.
 */
#define _GNU_SOURCE
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "compare.h"
#include "support/mem.h"

typedef enum JobKind { JOB_BUILD, JOB_TRAIN, JOB_EVAL } JobKind;
typedef struct Job {
    JobKind kind;
    Candidate *candidate;
    Trial *trial;      /* NULL: a build */
} Job;

typedef struct Jobs {
    Compare *compare;
    Job *waiting;      /* a stack: what a finished job makes possible comes first */
    int waiting_count, running_count;
    Job *current;      /* [compare->jobs], beside `processes` */
    Process *processes;
    bool bar;
    double start;
} Jobs;

static char *place(const Compare *c, const char *relative) { return mem_format("%s/%s", c->directory, relative); }

/* ---- what is said ---- */

static void bar_clear(const Jobs *jobs)
{
    if (jobs->bar)
        fputs("\r\033[K", stderr);
}

static void say(Jobs *jobs, const char *text)
{
    bar_clear(jobs);
    if (!jobs->compare->cli->quiet)
        fprintf(stderr, "%s\n", text);
    fprintf(jobs->compare->log, "%s\n", text);
    fflush(jobs->compare->log);
}

/* A child's last words, without the empty lines at their end. */
static char *last_words(const ProcessResult *result)
{
    enum { MOST = 2000 };
    char status[80];
    size_t length = strlen(result->err);
    const char *from = length > MOST ? result->err + length - MOST : result->err;
    char *text = *from ? mem_copy(from) : mem_copy(process_status(result->status, status));
    for (size_t i = strlen(text); i > 0 && (text[i - 1] == '\n' || text[i - 1] == ' '); i--)
        text[i - 1] = '\0';
    return text;
}

static void job_failed(Jobs *jobs, const Job *job, char *words)
{
    static const char *const what[] = {"build", "train", "eval"};
    char seed[40] = "";
    if (job->trial) {
        snprintf(seed, sizeof seed, " seed %lld", job->trial->seed);
        free(job->trial->error);
        job->trial->error = words;
    } else {
        free(job->candidate->error);
        job->candidate->error = words;
    }
    char *line = mem_format("%s%s: %s failed: %s", job->candidate->name, seed, what[job->kind], words);
    bar_clear(jobs);
    fprintf(stderr, "%s\n", line);
    fprintf(jobs->compare->log, "%s\n", line);
    fflush(jobs->compare->log);
    free(line);
    jobs->compare->failed++;
}

/* ---- the log of a training ---- */

/* A row an epoch, behind the header; one that is being written has no line end yet. */
static int epochs_done(const Compare *c, const Trial *trial)
{
    char *path = place(c, trial->log);
    FILE *file = fopen(path, "r");
    int lines = 0, byte;
    while (file && (byte = getc(file)) != EOF)
        lines += byte == '\n';
    if (file)
        fclose(file);
    free(path);
    return lines > 0 ? lines - 1 : 0;
}

/* ---- starting ---- */

static int build_child(void *context)
{
    const Job *job = context;
    Cli cli = {.spec_path = job->candidate->path, .output = job->candidate->trainer, .quiet = true};
    return command_build(&cli, job->candidate->graph);
}

/* A trainer ends a step and writes a checkpoint on SIGINT, which a terminal sends to children too. Here it shall just
 * end: it starts with SIGINT blocked, and SIGTERM from process.c ends it. */
static bool quiet_start(const Job *job, const char *const argv[], Process *process, SeqrtError *error)
{
    sigset_t interrupt, before;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    sigprocmask(SIG_BLOCK, &interrupt, &before);
    bool good = process_start(process, argv, job->candidate->data_directory, NULL, error);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return good;
}

static bool train_start(const Compare *c, const Job *job, Process *process, SeqrtError *error)
{
    char *log = place(c, job->trial->log), *weights = place(c, job->trial->weights), *seed = mem_format("%lld", job->trial->seed);
    const char *const argv[] = {job->candidate->trainer, "train", "--quiet", "--threads", "1", "--seed", seed, "--log", log,
                                "--save", weights, NULL};
    remove(log);
    bool good = quiet_start(job, argv, process, error);
    free(log);
    free(weights);
    free(seed);
    return good;
}

static bool eval_start(const Compare *c, const Job *job, Process *process, SeqrtError *error)
{
    char *weights = place(c, job->trial->weights);
    const char *const argv[] = {job->candidate->trainer, "eval", "--load", weights, "--json", NULL};
    bool good = process_start(process, argv, job->candidate->data_directory, NULL, error);
    free(weights);
    return good;
}

static void job_start(Jobs *jobs)
{
    SeqrtError error;
    Job job = jobs->waiting[--jobs->waiting_count];
    int slot = 0;
    while (jobs->processes[slot].pid)
        slot++;
    jobs->current[slot] = job;
    Process *process = &jobs->processes[slot];
    bool good = job.kind == JOB_BUILD ? process_fork(process, build_child, &jobs->current[slot], &error)
              : job.kind == JOB_TRAIN ? train_start(jobs->compare, &job, process, &error)
                                      : eval_start(jobs->compare, &job, process, &error);
    if (good)
        jobs->running_count++;
    else
        job_failed(jobs, &job, mem_copy(error.text));
}

static void job_add(Jobs *jobs, Job job) { jobs->waiting[jobs->waiting_count++] = job; }

/* ---- a job has ended ---- */

static void build_ended(Jobs *jobs, const Job *job, const ProcessResult *result)
{
    char *line = mem_format("%s: built in %.1f s", job->candidate->name, result->seconds);
    say(jobs, line);
    free(line);
    for (int i = jobs->compare->seeds - 1; i >= 0; i--)
        job_add(jobs, (Job){JOB_TRAIN, job->candidate, &job->candidate->trials[i]});
}

static void trial_line(Jobs *jobs, const Job *job)
{
    const Trial *trial = job->trial;
    char *line = mem_format("%s seed %lld: %s %.4g, %d epoch%s, %.1f s", job->candidate->name, trial->seed, jobs->compare->metric,
                            trial->figure, trial->epochs, trial->epochs == 1 ? "" : "s", trial->seconds);
    say(jobs, line);
    free(line);
}

static void trial_judged(Jobs *jobs, const Job *job, json_t *eval)
{
    const json_t *figure = json_object_get(eval, jobs->compare->metric);
    job->trial->eval = eval;
    if (!json_is_number(figure)) {
        job_failed(jobs, job, mem_format("eval gave no %s", jobs->compare->metric));
        return;
    }
    job->trial->figure = json_number_value(figure);
    job->trial->done = true;
    trial_line(jobs, job);
}

static void train_ended(Jobs *jobs, const Job *job, const ProcessResult *result)
{
    job->trial->seconds = result->seconds;
    job->trial->epochs = epochs_done(jobs->compare, job->trial);
    job_add(jobs, (Job){JOB_EVAL, job->candidate, job->trial});
}

static void eval_ended(Jobs *jobs, const Job *job, const ProcessResult *result)
{
    json_error_t why;
    json_t *eval = json_loads(result->out, 0, &why);
    if (eval)
        trial_judged(jobs, job, eval);
    else
        job_failed(jobs, job, mem_format("eval --json: %s", why.text));
}

static void job_ended(Jobs *jobs, int slot, const ProcessResult *result)
{
    static void (*const ended[])(Jobs *, const Job *, const ProcessResult *) = {build_ended, train_ended, eval_ended};
    Job job = jobs->current[slot];
    jobs->running_count--;
    if (result->status != 0)
        job_failed(jobs, &job, last_words(result));
    else
        ended[job.kind](jobs, &job, result);
}

/* ---- the line on a terminal ---- */

static double trial_share(const Jobs *jobs, const Candidate *candidate, const Trial *trial, bool running)
{
    double epochs = (double)candidate->spec->train.epochs;
    if (trial->done || trial->error || candidate->error)
        return 1;
    return running && epochs > 0 ? fmin(epochs_done(jobs->compare, trial) / epochs, 0.99) : 0;
}

static double share_done(const Jobs *jobs, int *done)
{
    const Compare *c = jobs->compare;
    double share = 0;
    *done = 0;
    for (int i = 0; i < c->count; i++)
        for (int k = 0; k < c->seeds; k++) {
            const Trial *trial = &c->candidates[i].trials[k];
            bool running = false;
            for (int slot = 0; slot < c->jobs; slot++)
                running |= jobs->processes[slot].pid && jobs->current[slot].trial == trial;
            double part = trial_share(jobs, &c->candidates[i], trial, running);
            share += part;
            *done += part >= 1;
        }
    return share / (c->count * c->seeds);
}

static void running_text(const Jobs *jobs, Text *text)
{
    for (int slot = 0; slot < jobs->compare->jobs; slot++) {
        const Job *job = &jobs->current[slot];
        if (!jobs->processes[slot].pid)
            continue;
        if (!job->trial)
            text_add(text, "  %s: building", job->candidate->name);
        else
            text_add(text, "  %s:%lld epoch %d/%lld", job->candidate->name, job->trial->seed, epochs_done(jobs->compare, job->trial),
                     (long long)job->candidate->spec->train.epochs);
    }
}

static void bar_draw(const Jobs *jobs)
{
    enum { BAR = 24, COLUMNS = 110 };
    static const char full[] = "########################", empty[] = "........................";
    int done, all = jobs->compare->count * jobs->compare->seeds;
    double share = share_done(jobs, &done), seconds = seconds_now() - jobs->start;
    long left = share > 0.01 ? lround(seconds / share * (1 - share)) : -1;
    int filled = (int)(BAR * share);
    Text text = {0};
    text_add(&text, "%d/%d runs [%.*s%.*s] ", done, all, filled, full, BAR - filled, empty);
    if (left >= 0)
        text_add(&text, "%ld:%02ld left", left / 60, left % 60);
    running_text(jobs, &text);
    fprintf(stderr, "\r%.*s\033[K", COLUMNS, text.data);
    fflush(stderr);
    free(text.data);
}

/* ---- all of them ---- */

static int job_wait(Jobs *jobs, ProcessResult *result)
{
    const struct timespec quarter = {.tv_nsec = 250000000};
    int slot;
    if (!jobs->bar)
        return process_wait_any(jobs->processes, jobs->compare->jobs, result);
    while ((slot = process_poll_any(jobs->processes, jobs->compare->jobs, result)) < 0) {
        bar_draw(jobs);
        nanosleep(&quarter, NULL);
    }
    return slot;
}

void compare_run(Compare *c)
{
    Jobs jobs = {.compare = c, .bar = !c->cli->quiet && isatty(STDERR_FILENO), .start = seconds_now()};
    jobs.waiting = mem_alloc((size_t)(c->count * (c->seeds + 1) + 1) * sizeof *jobs.waiting);
    jobs.current = mem_alloc((size_t)c->jobs * sizeof *jobs.current);
    jobs.processes = mem_alloc((size_t)c->jobs * sizeof *jobs.processes);
    for (int i = c->count - 1; i >= 0; i--)
        job_add(&jobs, (Job){JOB_BUILD, &c->candidates[i], NULL});
    while (jobs.waiting_count || jobs.running_count) {
        ProcessResult result;
        while (jobs.waiting_count && jobs.running_count < c->jobs)
            job_start(&jobs);
        int slot = jobs.running_count ? job_wait(&jobs, &result) : -1;
        if (slot < 0)
            continue;
        job_ended(&jobs, slot, &result);
        process_result_free(&result);
    }
    bar_clear(&jobs);
    free(jobs.waiting);
    free(jobs.current);
    free(jobs.processes);
}

/* ---- a closer look at the best ---- */

/* One child; false: it failed, which takes a section from the page and nothing else. */
static bool child_run(const Candidate *candidate, const char *const argv[], ProcessResult *result)
{
    SeqrtError error;
    return process_run(argv, candidate->data_directory, NULL, result, &error) && result->status == 0;
}

static void details_write(Compare *c, const char *weights)
{
    char *path = mem_format("%s/%s/details.csv", c->directory, c->best->name);
    const char *const argv[] = {c->best->trainer, "eval", "--load", weights, "--details", path, "--json", NULL};
    ProcessResult result;
    remove(path);
    c->details = child_run(c->best, argv, &result) && access(path, R_OK) == 0;
    process_result_free(&result);
    free(path);
}

static void sample_write(Compare *c, const char *weights)
{
    const char *const argv[] = {c->best->trainer, "sample", "--load", weights, "--length", "300", "--seed", "1", NULL};
    ProcessResult result;
    if (child_run(c->best, argv, &result))
        c->sample = mem_copy(result.out);
    process_result_free(&result);
}

void compare_look(Compare *c)
{
    if (!c->best)
        return;
    char *weights = place(c, c->best_trial->weights);
    if (c->best->spec->task.target == SEQRT_NEXT)
        sample_write(c, weights);
    else
        details_write(c, weights);
    free(weights);
}
