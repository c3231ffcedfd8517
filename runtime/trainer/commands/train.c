/* train.c: the `train` command: epochs, validation, early stop, log, checkpoints.
 *
 * Takes: data parts, options, TrainState. Gives: weights, a line an epoch, files. The state after step n is a function of
 * the first n batches alone, so a resumed run equals an uninterrupted one bit for bit.
 * Does not: compute gradients or updates (the model does), or know file formats (checkpoint.c, weights.c).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "team.h"
#include "report/run.h"
#include "trainer.h"

/* Why an epoch or the run ends. */
typedef enum Stop { STOP_NOT, STOP_EPOCHS, STOP_STEPS, STOP_STALE, STOP_SIGNAL, STOP_UNSOUND, STOP_SYSTEM } Stop;

typedef struct Training {
    Trainer *t;
    const SeqrtModel *model;
    SeqrtDataset *data, *valid_data, *test_data;
    SeqrtPart part, valid_part, test_part;
    SeqrtLoader *loader, *valid, *test; /* valid, test NULL: there is no such part */
    TrainState state;
    int64_t steps_limit, epochs_limit; /* INT64_MAX: none */
    FILE *log;
    double epoch_start, train_loss; /* of the last epoch, whole or cut by --steps; NaN: none */
    Progress progress;
    SeqrtError error;
} Training;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

/* The first SIGINT ends the step, a second one the program. */
static void interrupt_watch(bool watch)
{
    struct sigaction action = {.sa_handler = watch ? on_interrupt : SIG_DFL, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    interrupted = 0;
    sigaction(SIGINT, &action, NULL);
}

/* ---- data ---- */

static bool file_read(Training *g, const char *path, SeqrtDataset **data)
{
    if (!(*data = seqrt_dataset_read(g->model->task, path, true, &g->error)) || !seqrt_dataset_fits(g->model, *data, &g->error))
        return false;
    if ((*data)->warning && !g->t->options.quiet)
        fprintf(stderr, "%s: warning: %s\n", g->t->program, (*data)->warning);
    return true;
}

static bool valid_open(Training *g)
{
    const char *path = g->t->options.valid ? g->t->options.valid : g->model->task->valid_path;
    if (!path)
        return true;
    if (!seqrt_data_found(path, g->t->options.valid, "--valid", &g->error) || !file_read(g, path, &g->valid_data))
        return false;
    g->valid_part = seqrt_part_whole(g->valid_data);
    return true;
}

/* Read before the training, and with --quiet too: what is wrong in it is not found out when all is done. A file that is not there
 * is passed over. */
static bool test_open(Training *g)
{
    const char *path = g->model->task->test_path;
    if (!path || access(path, R_OK) != 0)
        return true;
    if (!file_read(g, path, &g->test_data))
        return false;
    g->test_part = seqrt_part_whole(g->test_data);
    return true;
}

static bool parts_open(Training *g)
{
    const SeqrtTask *task = g->model->task;
    const char *path = g->t->options.data ? g->t->options.data : task->train_path;
    if (!path)
        return seqrt_fail(&g->error, "the spec names no training data; expected --data F");
    if (!seqrt_data_found(path, g->t->options.data, "--data", &g->error) || !file_read(g, path, &g->data) || !valid_open(g) || !test_open(g))
        return false;
    if (g->valid_data || task->valid_fraction <= 0) {
        g->part = seqrt_part_whole(g->data);
        return true;
    }
    return seqrt_part_split(g->data, task->valid_fraction, task->seed, &g->part, &g->valid_part, &g->error);
}

static bool data_open(Training *g)
{
    if (!parts_open(g))
        return false;
    g->loader = seqrt_loader_new(g->model, g->data, &g->part);
    if (g->valid_part.count)
        g->valid = seqrt_loader_new(g->model, g->valid_data ? g->valid_data : g->data, &g->valid_part);
    if (g->test_data)
        g->test = seqrt_loader_new(g->model, g->test_data, &g->test_part);
    if (!g->loader || (g->valid_part.count && !g->valid) || (g->test_data && !g->test))
        return seqrt_fail(&g->error, "out of memory");
    if (seqrt_loader_batches(g->loader) == 0)
        return seqrt_fail(&g->error, "%s: no sequence to train on", g->data->path);
    return true;
}

static void training_close(Training *g)
{
    seqrt_loader_free(g->loader);
    seqrt_loader_free(g->valid);
    seqrt_loader_free(g->test);
    seqrt_part_free(&g->part);
    seqrt_part_free(&g->valid_part);
    seqrt_part_free(&g->test_part);
    seqrt_dataset_free(g->data);
    seqrt_dataset_free(g->valid_data);
    seqrt_dataset_free(g->test_data);
    free(g->state.best);
    if (g->log)
        fclose(g->log);
}

/* ---- start ---- */

static bool resume_agrees(Training *g, const char *path, int batches)
{
    const Options *o = &g->t->options;
    TrainState *s = &g->state;
    if (s->batches != batches || s->batch > batches)
        return seqrt_fail(&g->error, "%s: made with %d batches an epoch; this data gives %d, so the run cannot continue exactly",
                          path, s->batches, batches);
    if (o->seed_given && o->seed != s->seed)
        return seqrt_fail(&g->error, "%s: made with seed %llu; --seed %llu cannot continue it", path,
                          (unsigned long long)s->seed, (unsigned long long)o->seed);
    if (o->no_shuffle && s->shuffle)
        return seqrt_fail(&g->error, "%s: made with shuffling; --no-shuffle cannot continue it", path);
    return true;
}

static bool weights_start(Training *g)
{
    const Options *o = &g->t->options;
    if (o->load)
        return seqrt_weights_load(g->t, o->load, &g->error);
    seqrt_weights_init(g->t, o->seed);
    return true;
}

static bool state_start(Training *g)
{
    const Options *o = &g->t->options;
    int batches = seqrt_loader_batches(g->loader);
    g->state = (TrainState){.seed = o->seed, .batches = batches, .epochs = g->model->epochs, .shuffle = !o->no_shuffle,
                            .lr = g->model->lr, .best_loss = INFINITY, .best = seqrt_block(g->model)};
    bool good = o->resume ? seqrt_checkpoint_load(g->t, &g->state, o->resume, &g->error) && resume_agrees(g, o->resume, batches)
                          : weights_start(g);
    if (o->epochs >= 0)
        g->state.epochs = (int)o->epochs;
    if (!isnan(o->lr))
        g->state.lr = o->lr;
    g->steps_limit = o->steps >= 0 ? o->steps : INT64_MAX;
    g->epochs_limit = o->steps >= 0 && o->epochs < 0 ? INT64_MAX : g->state.epochs;
    return good;
}

/* ---- log ---- */

static bool log_failed(Training *g)
{
    return seqrt_fail(&g->error, "%s: cannot be written: %s", g->t->options.log, strerror(errno));
}

/* Rows of epochs that come (again) now: of one that was stopped in its middle, of those trained behind the checkpoint. */
static bool log_rows_drop(Training *g)
{
    char line[4096];
    long at = 0, cut = -1;
    FILE *log = fopen(g->t->options.log, "r+");
    if (!log)
        return errno == ENOENT || log_failed(g); /* no log yet: it begins here */
    while (cut < 0 && (at = ftell(log), fgets(line, sizeof line, log)))
        if (atoi(line) > g->state.epoch)
            cut = at;
    bool good = cut < 0 || ftruncate(fileno(log), cut) == 0 || log_failed(g);
    fclose(log);
    return good;
}

/* A resumed run goes on in the same file; a fresh one starts it anew. */
static bool log_open(Training *g)
{
    const Options *o = &g->t->options;
    if (!o->log)
        return true;
    if (o->resume && !log_rows_drop(g))
        return false;
    g->log = fopen(o->log, o->resume ? "a" : "w");
    if (!g->log || fseek(g->log, 0, SEEK_END) != 0)
        return log_failed(g);
    if (ftell(g->log) > 0)
        return true;
    Metrics none = seqrt_metrics_new(g->model->task);
    Metric list[METRICS_MAX];
    int n = seqrt_metrics_list(g->model->task, &none, -1, list);
    seqrt_metrics_free(&none);
    fprintf(g->log, "epoch,step,loss,valid_loss");
    for (int i = 0; i < n; i++)
        fprintf(g->log, ",valid_%s", list[i].name);
    fprintf(g->log, ",seconds\n");
    return fflush(g->log) == 0 || log_failed(g);
}

/* What is written at the end is tried before the first epoch, and before the log is begun anew. */
static bool files_open(Training *g)
{
    const Options *o = &g->t->options;
    return (!o->save || seqrt_replace_check(o->save, &g->error)) && (!o->checkpoint || seqrt_replace_check(o->checkpoint, &g->error))
        && seqrt_run_begin(g->t, &g->error) && log_open(g);
}

static void log_cell(FILE *log, double v)
{
    if (isnan(v))
        fputs(",", log);
    else
        fprintf(log, ",%.9g", v);
}

static bool log_row(Training *g, double loss, double valid_loss, const Metric *list, int n, double seconds)
{
    if (!g->log)
        return true;
    fprintf(g->log, "%d,%llu", g->state.epoch + 1, (unsigned long long)g->state.step);
    log_cell(g->log, loss);
    log_cell(g->log, valid_loss);
    for (int i = 0; i < n; i++)
        log_cell(g->log, list[i].value);
    fprintf(g->log, ",%.3f\n", seconds);
    return fflush(g->log) == 0 || log_failed(g);
}

/* ---- one step ---- */

/* Names the first tensor of a block that holds a value that is not finite. */
static bool unsound_in(Training *g, int block, const char *what, char text[300])
{
    void *copy = seqrt_block(g->model);
    size_t at;
    char place[48];
    g->model->get(g->t->memory, block, copy);
    const SeqrtTensor *tensor = seqrt_block_unsound(g->model, copy, &at);
    if (tensor)
        snprintf(text, 300, "%s %.200s%s is %g", what, tensor->name, seqrt_place_text(tensor, at, place),
                 seqrt_shown(seqrt_real(g->model, copy, tensor->offset + at)));
    free(copy);
    return tensor != NULL;
}

/* A bad norm: gradients first, a bad update's weights follow from them. A bad loss: weights first, it follows from those. */
static Stop unsound_stop(Training *g, const char *what, double value, bool weights_first)
{
    char text[300] = "every weight and gradient is finite: numbers overflow in between";
    const Options *o = &g->t->options;
    const char *kept = o->checkpoint ? o->checkpoint : o->resume;
    bool found = weights_first && unsound_in(g, SEQRT_WEIGHTS, "weight", text);
    if (!found && !unsound_in(g, SEQRT_GRADIENTS, "gradient", text))
        unsound_in(g, SEQRT_WEIGHTS, "weight", text);
    seqrt_fail(&g->error, "step %llu: the %s is %g; %s; %s%s%s", (unsigned long long)g->state.step + 1, what, seqrt_shown(value), text,
               "a lower --lr or clip_norm may help", kept && access(kept, F_OK) == 0 ? "; last good checkpoint: " : "",
               kept && access(kept, F_OK) == 0 ? kept : "");
    return STOP_UNSOUND;
}

/* A run longer than the schedule stays at its end. */
static SeqrtUpdate update_now(const TrainState *s)
{
    return (SeqrtUpdate){.step = s->step, .epoch = s->epoch, .epochs = s->epochs > s->epoch ? s->epochs : s->epoch + 1, .lr = s->lr};
}

static Stop step_run(Training *g, int *rows)
{
    TrainState *s = &g->state;
    const SeqrtBatch batch = seqrt_team_batch(g->t->team, g->loader, s->batch);
    SeqrtLoss loss = seqrt_team_gradient(g->t->team, g->model, g->t->memory, &batch, s->seed, s->step);
    if (!isfinite(loss.sum) || !isfinite(loss.weight))
        return unsound_stop(g, "loss", loss.sum / loss.weight, true);
    SeqrtUpdate update = update_now(s);
    double norm = seqrt_team_update(g->t->team, g->model, g->t->memory, &update);
    if (!isfinite(norm))
        return unsound_stop(g, "gradients' norm", norm, false);
    s->loss.sum += loss.sum;
    s->loss.weight += loss.weight;
    s->batch++;
    s->step++;
    *rows = batch.rows;
    return STOP_NOT;
}

/* ---- one epoch ---- */

static int64_t epochs_shown(const Training *g)
{
    if (g->epochs_limit != INT64_MAX)
        return g->epochs_limit;
    return (g->steps_limit + g->state.batches - 1) / g->state.batches;
}

static void epoch_title(const Training *g, char text[64])
{
    char total[24];
    int width = snprintf(total, sizeof total, "%lld", (long long)epochs_shown(g));
    snprintf(text, 64, "epoch %*d/%s", width, g->state.epoch + 1, total);
}

static void epoch_print(Training *g, double loss, double valid_loss, const Metric *list, double seconds)
{
    char title[64], text[32];
    if (g->t->options.quiet)
        return;
    epoch_title(g, title);
    fprintf(stderr, "%s  loss %s", title, seqrt_number_text(loss, text));
    if (g->valid)
        fprintf(stderr, "  valid %s", seqrt_number_text(valid_loss, text));
    if (g->valid && !strcmp(list[0].name, "accuracy"))
        fprintf(stderr, "  accuracy %.3f", list[0].value);
    else if (g->valid)
        fprintf(stderr, "  %s %s", list[0].name, seqrt_number_text(list[0].value, text));
    fprintf(stderr, "  %.1f s\n", seconds);
}

/* Validates, prints and logs; weights and state stay as they are. *valid_loss: NaN without validation. */
static bool epoch_report(Training *g, double *valid_loss)
{
    Metric list[METRICS_MAX];
    seqrt_progress_clear(&g->progress);
    Metrics m = g->valid ? seqrt_evaluate(g->t, g->valid) : seqrt_metrics_new(g->model->task);
    int n = seqrt_metrics_list(g->model->task, &m, -1, list);
    double loss = g->state.loss.sum / g->state.loss.weight, seconds = seqrt_seconds() - g->epoch_start;
    *valid_loss = m.loss.sum / m.loss.weight;
    g->train_loss = loss;
    seqrt_metrics_free(&m);
    epoch_print(g, loss, *valid_loss, list, seconds);
    return log_row(g, loss, *valid_loss, list, n, seconds);
}

static Stop epoch_steps(Training *g)
{
    TrainState *s = &g->state;
    char title[64];
    int rows = 0;
    epoch_title(g, title);
    while (s->batch < s->batches) {
        if ((int64_t)s->step >= g->steps_limit)
            return STOP_STEPS;
        if (interrupted)
            return STOP_SIGNAL;
        Stop stop = step_run(g, &rows);
        if (stop)
            return stop;
        seqrt_progress_step(&g->progress, title, rows, s->loss.sum / s->loss.weight);
    }
    return STOP_NOT;
}

static void best_keep(Training *g, double valid_loss)
{
    TrainState *s = &g->state;
    if (!g->valid || g->model->patience <= 0)
        return;
    s->stale++;
    if (!(valid_loss < s->best_loss))
        return;
    s->stale = 0;
    s->best_loss = valid_loss;
    g->model->get(g->t->memory, SEQRT_WEIGHTS, s->best);
}

static bool checkpoint_write(Training *g)
{
    const char *path = g->t->options.checkpoint;
    return !path || seqrt_checkpoint_save(g->t, &g->state, path, &g->error);
}

static Stop epoch_end(Training *g)
{
    TrainState *s = &g->state;
    double valid_loss;
    if (s->loss.weight == 0) {
        seqrt_fail(&g->error, "%s: train.class_weights gives 0 to every class that occurs in what is trained on, so there is no loss; "
                   "a weight above 0 is expected", g->data->path);
        return STOP_UNSOUND;
    }
    if (!epoch_report(g, &valid_loss))
        return STOP_SYSTEM;
    best_keep(g, valid_loss);
    s->epoch++;
    s->batch = 0;
    s->loss = (SeqrtLoss){0, 0};
    return checkpoint_write(g) ? STOP_NOT : STOP_SYSTEM;
}

/* An epoch that --steps cuts is reported, but counts neither for patience nor as an epoch: it may be resumed. */
static Stop epoch_run(Training *g)
{
    TrainState *s = &g->state;
    uint64_t before = s->step;
    double valid_loss;
    seqrt_loader_epoch(g->loader, s->seed, s->epoch, s->shuffle);
    if (s->batch == 0)
        g->model->reset(g->t->memory);
    g->epoch_start = seqrt_seconds();
    Stop stop = epoch_steps(g);
    if (stop == STOP_NOT)
        return epoch_end(g);
    if (stop == STOP_STEPS && s->step > before && !epoch_report(g, &valid_loss))
        return STOP_SYSTEM;
    return stop;
}

/* ---- all epochs, and after ---- */

static uint64_t steps_to_do(const Training *g)
{
    const TrainState *s = &g->state;
    int64_t steps = g->steps_limit;
    if (g->epochs_limit != INT64_MAX && g->epochs_limit * s->batches < steps)
        steps = g->epochs_limit * s->batches;
    return steps > (int64_t)s->step ? (uint64_t)steps - s->step : 0;
}

static Stop epochs_run(Training *g)
{
    seqrt_progress_start(&g->progress, g->t->options.quiet, steps_to_do(g));
    Stop stop = STOP_NOT;
    while (stop == STOP_NOT) {
        if (g->state.epoch >= g->epochs_limit)
            stop = STOP_EPOCHS;
        else if ((int64_t)g->state.step >= g->steps_limit)
            stop = STOP_STEPS;
        else if (g->model->patience > 0 && g->state.stale >= g->model->patience)
            stop = STOP_STALE;
        else
            stop = epoch_run(g);
    }
    seqrt_progress_clear(&g->progress);
    return stop;
}

static int interrupted_end(Training *g)
{
    char own[300];
    Options *o = &g->t->options;
    snprintf(own, sizeof own, "%.250s.interrupted.safetensors", g->model->task->name);
    if (!o->checkpoint)
        o->checkpoint = own;
    if (!checkpoint_write(g))
        return seqrt_stop(g->t, EXIT_SYSTEM, &g->error);
    fprintf(stderr, "%s: interrupted after step %llu; continue with: %s train --resume %s --checkpoint %s (and the other options as before)\n",
            g->t->program, (unsigned long long)g->state.step, g->t->program, o->checkpoint, o->checkpoint);
    return EXIT_INTERRUPTED;
}

static bool weights_save(Training *g)
{
    const char *path = g->t->options.save;
    if (!path)
        return true;
    void *block = seqrt_block(g->model);
    g->model->get(g->t->memory, SEQRT_WEIGHTS, block);
    bool good = seqrt_save(g->model, block, path, &g->error);
    free(block);
    return good;
}

/* The spec's test file, where there is one: to standard output, as eval does; or into the summary. */
static void test_run(Training *g, json_t *summary)
{
    if (!g->test || (g->t->options.quiet && !summary))
        return;
    Metrics m = seqrt_evaluate(g->t, g->test);
    if (summary)
        json_object_set_new(summary, "test", seqrt_metrics_json(g->model->task, &m));
    else
        seqrt_metrics_print(g->model->task, &m, "test ");
    seqrt_metrics_free(&m);
}

/* Figures of the weights that are kept: with patience those best on validation, else the last. */
static json_t *summary_json(Training *g, Stop stop, double seconds)
{
    const TrainState *s = &g->state;
    bool best = isfinite(s->best_loss);
    const char *why = stop == STOP_STALE ? "patience" : stop == STOP_STEPS ? "steps" : "epochs";
    json_t *summary = json_pack("{s:i, s:I, s:f, s:i, s:s}", "epochs", s->epoch, "steps", (json_int_t)s->step, "seconds", seconds,
                                "best_epoch", best ? s->epoch - s->stale : s->epoch, "stopped_by", why);
    if (isfinite(g->train_loss))
        json_object_set_new(summary, "train_loss", json_real(g->train_loss));
    if (g->valid) {
        Metrics m = seqrt_evaluate(g->t, g->valid);
        json_object_set_new(summary, "valid", seqrt_metrics_json(g->model->task, &m));
        seqrt_metrics_free(&m);
    }
    return summary;
}

static int result_report(Training *g, Stop stop, double seconds)
{
    json_t *summary = g->t->options.json ? summary_json(g, stop, seconds) : NULL;
    test_run(g, summary);
    if (summary) {
        json_dumpf(summary, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
        putchar('\n');
    }
    json_decref(summary);
    return seqrt_run_report(g->t, seconds, g->state.epoch, g->valid != NULL);
}

/* A training that leaves nothing behind may be meant: for its figures. */
static void hint(const Training *g)
{
    const Options *o = &g->t->options;
    if (!o->quiet && !o->save && !o->checkpoint && !o->report)
        fprintf(stderr, "%s: the weights are not kept; --save W.safetensors keeps them\n", g->t->program);
}

static int training_end(Training *g, Stop stop)
{
    double seconds = seqrt_seconds() - g->progress.start;
    if (stop == STOP_UNSOUND || stop == STOP_SYSTEM)
        return seqrt_stop(g->t, stop == STOP_SYSTEM ? EXIT_SYSTEM : EXIT_DATA, &g->error);
    if (stop == STOP_SIGNAL)
        return interrupted_end(g);
    if (stop == STOP_STALE && !g->t->options.quiet)
        fprintf(stderr, "no better validation loss for %d epochs: stopped\n", g->state.stale);
    bool good = checkpoint_write(g);
    if (isfinite(g->state.best_loss))
        g->model->set(g->t->memory, SEQRT_WEIGHTS, g->state.best);
    if (!good || !weights_save(g))
        return seqrt_stop(g->t, EXIT_SYSTEM, &g->error);
    int code = result_report(g, stop, seconds);
    hint(g);
    return code;
}

int seqrt_train(Trainer *t)
{
    Training g = {.t = t, .model = t->model, .train_loss = NAN};
    int code;
    if (t->options.load && t->options.resume) {
        seqrt_fail(&g.error, "--load and --resume both bring weights; expected one of them");
        return seqrt_stop(t, EXIT_USAGE, &g.error);
    }
    if (!data_open(&g) || !state_start(&g)) {
        code = seqrt_stop(t, EXIT_DATA, &g.error);
    } else if (!files_open(&g)) {
        code = seqrt_stop(t, EXIT_SYSTEM, &g.error);
    } else {
        if (t->model->patience > 0 && !g.valid && !t->options.quiet)
            fprintf(stderr, "%s: no validation data, so patience does nothing\n", t->program);
        interrupt_watch(true);
        code = training_end(&g, epochs_run(&g));
        interrupt_watch(false);
    }
    training_close(&g);
    return code;
}
