/* compare_results.c: what came out: the best, results.json (runtime/trainer/report/report.h says what is in it), the table. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "report/report.h"
#include "support/mem.h"

static const char *const target_words[] = {"class", "value", "tag", "next", "forecast", "signal"};
static const char *const loss_words[] = {"cross_entropy", "mse", "mae", "huber", "bce"};

/* ---- figures ---- */

static int by_number(const void *a, const void *b)
{
    double d = *(const double *)a - *(const double *)b;
    return d < 0 ? -1 : d > 0;
}

static double median(double *list, int count)
{
    qsort(list, (size_t)count, sizeof *list, by_number);
    return count == 0 ? NAN : count % 2 ? list[count / 2] : (list[count / 2 - 1] + list[count / 2]) / 2;
}

Summary compare_summary(const Compare *c, const Candidate *candidate)
{
    double *figures = mem_alloc(3 * (size_t)c->seeds * sizeof *figures), *seconds = figures + c->seeds, *epochs = seconds + c->seeds;
    Summary s = {.min = NAN, .max = NAN};
    for (int i = 0; i < c->seeds; i++) {
        const Trial *trial = &candidate->trials[i];
        if (!trial->done)
            continue;
        figures[s.good] = trial->figure;
        seconds[s.good] = trial->seconds;
        epochs[s.good++] = trial->epochs;
        s.min = fmin(s.min, trial->figure);
        s.max = fmax(s.max, trial->figure);
    }
    s.median = median(figures, s.good);
    s.seconds = median(seconds, s.good);
    s.epochs = median(epochs, s.good);
    free(figures);
    return s;
}

static bool better(const Compare *c, double a, double b) { return isnan(b) || (c->higher ? a > b : a < b); }

/* The candidate with the best median, and its best trial. */
void compare_best(Compare *c)
{
    double best = NAN, figure = NAN;
    for (int i = 0; i < c->count; i++) {
        Summary s = compare_summary(c, &c->candidates[i]);
        if (s.good && better(c, s.median, best)) {
            best = s.median;
            c->best = &c->candidates[i];
        }
    }
    for (int k = 0; c->best && k < c->seeds; k++)
        if (c->best->trials[k].done && better(c, c->best->trials[k].figure, figure)) {
            figure = c->best->trials[k].figure;
            c->best_trial = &c->best->trials[k];
        }
}

/* ---- commands as one would type them ---- */

static void word_add(Text *text, const char *word)
{
    bool plain = *word != '\0';
    for (const char *at = word; *at; at++)
        plain = plain && (strchr("_-./,=:+@%", *at) || (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z'));
    text_add(text, "%s", text->length ? " " : "");
    if (plain) {
        text_add(text, "%s", word);
        return;
    }
    text_add(text, "'");
    for (const char *at = word; *at; at++)
        text_add(text, *at == '\'' ? "'\\''" : "%c", *at);
    text_add(text, "'");
}

static void settings_add(const Cli *cli, Text *text)
{
    for (int i = 0; i < cli->overrides_count; i++) {
        char *setting = mem_format("%s=%s", cli->overrides[i].key, cli->overrides[i].value);
        text_add(text, " --set");
        word_add(text, setting);
        free(setting);
    }
}

static char *compare_command(const Compare *c)
{
    Text text = {0};
    text_add(&text, "seqgen compare");
    for (int i = 0; i < c->count; i++)
        word_add(&text, c->candidates[i].path);
    settings_add(c->cli, &text);
    text_add(&text, " --seeds %d -o", c->seeds);
    word_add(&text, c->shown);
    return text.data;
}

static char *build_command(const Compare *c, const Candidate *candidate)
{
    Text text = {0};
    text_add(&text, "seqgen build");
    word_add(&text, candidate->path);
    settings_add(c->cli, &text);
    text_add(&text, " -o trainer");
    return text.data;
}

/* ---- JSON: NULL and NaN are left out ---- */

static void set_text(json_t *object, const char *key, const char *text)
{
    json_t *value = text ? json_string(text) : NULL;
    if (text && !value) /* no UTF-8 */
        value = json_string("(not UTF-8)");
    if (value)
        json_object_set_new(object, key, value);
}

static void set_number(json_t *object, const char *key, double v)
{
    if (isfinite(v))
        json_object_set_new(object, key, v == floor(v) && fabs(v) < 1e15 ? json_integer((json_int_t)v) : json_real(v));
}

static json_t *words_json(int count, const char *const *words)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_string(words[i]));
    return list;
}

static json_t *task_json(const Compare *c)
{
    const Spec *spec = c->candidates[0].spec;
    const SeqrtTask *task = &spec->task;
    json_t *object = json_pack("{s:s,s:s,s:s,s:s,s:s,s:b}", "name", spec->name, "input", seqrt_input_words[task->input], "target",
                               target_words[task->target], "loss", loss_words[task->loss], "judged_on", c->judged_on, "series",
                               (int)(task->input == SEQRT_ROWS && !task->sequence_column));
    json_object_set_new(object, "columns", words_json(task->target_columns_count, task->target_columns));
    if (task->classes_count)
        json_object_set_new(object, "classes", words_json(task->classes_count, task->classes));
    set_text(object, "train", task->train_path);
    set_text(object, "valid", task->valid_path);
    set_text(object, "test", task->test_path);
    if (task->window_stride)
        set_number(object, "stride", task->window_stride);
    if (!task->valid_path && task->valid_fraction > 0)
        set_number(object, "valid_fraction", task->valid_fraction);
    return object;
}

static json_t *trial_json(const Trial *trial)
{
    json_t *object = json_pack("{s:I,s:s,s:s,s:i}", "seed", (json_int_t)trial->seed, "log", trial->log, "weights", trial->weights,
                               "epochs", trial->epochs);
    set_number(object, "figure", trial->figure);
    set_number(object, "seconds", trial->seconds);
    set_text(object, "error", trial->error);
    if (trial->eval)
        json_object_set(object, "eval", trial->eval);
    return object;
}

static bool is_recurrent(const Graph *graph)
{
    for (int i = 0; i < graph->layers_count; i++) {
        const char *kind = graph->layers[i].kind->name;
        if (strcmp(kind, "rnn") == 0 || strcmp(kind, "lstm") == 0 || strcmp(kind, "gru") == 0)
            return true;
    }
    return false;
}

static void figures_json(const Compare *c, const Candidate *candidate, json_t *object)
{
    Summary s = compare_summary(c, candidate);
    json_t *figure = json_object();
    set_number(figure, "median", s.median);
    set_number(figure, "min", s.min);
    set_number(figure, "max", s.max);
    if (s.good)
        json_object_set(object, "figure", figure);
    json_decref(figure);
    set_number(object, "seconds", s.seconds);
    set_number(object, "epochs", s.epochs);
}

static json_t *candidate_json(const Compare *c, const Candidate *candidate)
{
    const Graph *graph = candidate->graph;
    char *build = build_command(c, candidate);
    json_t *runs = json_array();
    json_t *object = json_pack("{s:s,s:b,s:b,s:I,s:I,s:I,s:I}", "name", candidate->name, "recurrent", (int)is_recurrent(graph),
                               "keeps_best", (int)(candidate->spec->train.patience > 0), "parameters",
                               (json_int_t)graph->weights_count, "macs_step", (json_int_t)graph->macs_step, "macs_sequence",
                               (json_int_t)(graph->macs_step * graph->T + graph->macs_pooled), "ram_bytes",
                               (json_int_t)candidate->info.ram_bytes);
    set_text(object, "spec", candidate->path);
    set_text(object, "build", build);
    set_text(object, "text", candidate->text);
    set_text(object, "error", candidate->error);
    figures_json(c, candidate, object);
    for (int i = 0; i < c->seeds && !candidate->error; i++)
        json_array_append_new(runs, trial_json(&candidate->trials[i]));
    json_object_set_new(object, "runs", runs);
    free(build);
    return object;
}

static json_t *best_json(const Compare *c)
{
    json_t *object = json_pack("{s:s,s:I}", "model", c->best->name, "seed", (json_int_t)c->best_trial->seed);
    char *details = mem_format("%s/details.csv", c->best->name);
    set_text(object, "details", c->details ? details : NULL);
    set_text(object, "sample", c->sample);
    free(details);
    return object;
}

json_t *compare_json(const Compare *c)
{
    char *command = compare_command(c);
    json_t *models = json_array();
    json_t *all = json_pack("{s:i,s:s,s:s,s:o,s:{s:s,s:s}}", "format", REPORT_FORMAT, "seqgen", "seqgen " SEQGEN_VERSION, "kind",
                            "compare", "task", task_json(c), "metric", "name", c->metric, "better", c->higher ? "higher" : "lower");
    set_text(all, "command", command);
    for (int i = 0; i < c->count; i++)
        json_array_append_new(models, candidate_json(c, &c->candidates[i]));
    json_object_set_new(all, "models", models);
    if (c->best)
        json_object_set_new(all, "best", best_json(c));
    free(command);
    return all;
}

/* ---- the table ---- */

static const char *figure_text(const Compare *c, double v, char text[32])
{
    if (isnan(v))
        return strcpy(text, "-");
    snprintf(text, 32, strcmp(c->metric, "accuracy") == 0 ? "%.3f" : "%.4g", v);
    return text;
}

static void table_row(const Compare *c, const Candidate *candidate, int width)
{
    char a[32], b[32], ram[32], figure[32], low[32], high[32], time[32] = "-", epochs[32] = "-";
    const Graph *graph = candidate->graph;
    Summary s = compare_summary(c, candidate);
    if (s.good) {
        snprintf(time, sizeof time, "%.1f s", s.seconds);
        snprintf(epochs, sizeof epochs, "%g", s.epochs);
    }
    printf("%-*s %12s %14s %10s %10s %7s %10s", width, candidate->name, cli_thousands((double)graph->weights_count, a),
           cli_thousands((double)graph->macs_step * graph->T + (double)graph->macs_pooled, b),
           cli_bytes((double)candidate->info.ram_bytes, ram), time, epochs, figure_text(c, s.median, figure));
    if (s.good > 1)
        printf("  (%s..%s)", figure_text(c, s.min, low), figure_text(c, s.max, high));
    if (s.good < c->seeds)
        printf("  %d of %d runs failed", c->seeds - s.good, c->seeds);
    putchar('\n');
}

void compare_table(const Compare *c)
{
    int width = 5;
    for (int i = 0; i < c->count; i++)
        width = (int)strlen(c->candidates[i].name) > width ? (int)strlen(c->candidates[i].name) : width;
    printf("%-*s %12s %14s %10s %10s %7s %10s  %s\n", width, "model", "parameters", "MACs/sequence", "RAM", "training", "epochs", c->metric,
           c->seeds > 1 ? "(over seeds)" : "");
    for (int i = 0; i < c->count; i++)
        table_row(c, &c->candidates[i], width);
}
