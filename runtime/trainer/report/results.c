/* results.c: see results.h. */
#include "results.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* ---- JSON ---- */

const char *seqrt_result_text(const json_t *object, const char *key) { return json_string_value(json_object_get(object, key)); }

double seqrt_result_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

char *seqrt_results_path(const Report *report, const char *path)
{
    size_t size = strlen(report->dir) + strlen(path) + 2;
    char *joined = malloc(size);
    if (joined)
        snprintf(joined, size, "%s/%s", report->dir, path);
    return joined;
}

/* ---- a run and its log ---- */

static double cell_number(const RowFile *file, int column)
{
    if (column < 0 || column >= file->count || !*file->cells[column])
        return NAN;
    char *end;
    double v = strtod(file->cells[column], &end);
    return *end ? NAN : v;
}

static bool curve_add(Curve *curve, double train, double valid)
{
    size_t size = (size_t)(curve->count + 1) * sizeof(double);
    double *t = realloc(curve->train, size), *v = t ? realloc(curve->valid, size) : NULL;
    curve->train = t ? t : curve->train;
    curve->valid = v ? v : curve->valid;
    if (!t || !v)
        return false;
    t[curve->count] = train;
    v[curve->count++] = valid;
    return true;
}

/* A log that is missing or cut gives what there is: the page then has a shorter curve. */
static void curve_read(const Report *report, Run *run)
{
    RowFile file;
    char *path = seqrt_results_path(report, run->log);
    if (path && seqrt_row_open(&file, path)) {
        seqrt_row_next(&file);
        int train = seqrt_row_column(&file, "loss"), valid = seqrt_row_column(&file, "valid_loss");
        while (seqrt_row_next(&file) && curve_add(&run->curve, cell_number(&file, train), cell_number(&file, valid)))
            ;
        seqrt_row_close(&file);
    }
    free(path);
}

static void run_read(const Report *report, const json_t *json, Run *run)
{
    double seed = seqrt_result_number(json, "seed"), epochs = seqrt_result_number(json, "epochs");
    *run = (Run){
        .seed = isfinite(seed) ? (long long)seed : 0,
        .error = seqrt_result_text(json, "error"),
        .figure = seqrt_result_number(json, "figure"),
        .seconds = seqrt_result_number(json, "seconds"),
        .epochs = epochs >= 0 && epochs < 1e9 ? (int)epochs : 0,
        .log = seqrt_result_text(json, "log"),
        .eval = json_object_get(json, "eval"),
    };
    if (run->log)
        curve_read(report, run);
}

/* ---- a model ---- */

static bool model_read(const Report *report, const json_t *json, Model *model)
{
    const json_t *figure = json_object_get(json, "figure"), *runs = json_object_get(json, "runs");
    *model = (Model){
        .name = seqrt_result_text(json, "name"), .spec = seqrt_result_text(json, "spec"), .text = seqrt_result_text(json, "text"),
        .build = seqrt_result_text(json, "build"), .error = seqrt_result_text(json, "error"),
        .recurrent = json_is_true(json_object_get(json, "recurrent")),
        .keeps_best = json_is_true(json_object_get(json, "keeps_best")),
        .parameters = seqrt_result_number(json, "parameters"), .macs = seqrt_result_number(json, "macs_sequence"),
        .ram = seqrt_result_number(json, "ram_bytes"), .seconds = seqrt_result_number(json, "seconds"),
        .epochs = seqrt_result_number(json, "epochs"), .median = seqrt_result_number(figure, "median"),
        .min = seqrt_result_number(figure, "min"), .max = seqrt_result_number(figure, "max"),
        .runs = calloc(json_array_size(runs) + 1, sizeof(Run)),
    };
    if (!model->name)
        model->name = "model";
    for (size_t i = 0; model->runs && i < json_array_size(runs); i++)
        run_read(report, json_array_get(runs, i), &model->runs[model->runs_count++]);
    return model->runs != NULL;
}

const Run *seqrt_median_run(const Model *model)
{
    const Run *nearest = NULL;
    for (int i = 0; i < model->runs_count; i++) {
        const Run *run = &model->runs[i];
        double off = fabs(run->figure - model->median);
        if (isfinite(off) && (!nearest || off < fabs(nearest->figure - model->median)))
            nearest = run;
    }
    return nearest;
}

/* ---- what the models have in common, and who is best ---- */

/* Length of what all names begin with, up to a '_', '-' or '.': "first_names_" of first_names_lstm, first_names_gru. */
static size_t common_prefix(const Report *r)
{
    size_t common = strlen(r->models[0].name), cut = 0;
    for (int i = 1; i < r->models_count; i++)
        for (size_t at = 0; at < common; at++)
            if (r->models[i].name[at] != r->models[0].name[at])
                common = at;
    for (size_t at = 0; at < common; at++)
        if (strchr("_-.", r->models[0].name[at]))
            cut = at + 1;
    return r->models_count > 1 ? cut : 0;
}

static bool labels_set(Report *r)
{
    size_t cut = common_prefix(r);
    bool whole = false;
    for (int i = 0; i < r->models_count; i++)
        whole |= !r->models[i].name[cut];
    for (int i = 0; i < r->models_count; i++)
        if (!(r->models[i].label = strdup(r->models[i].name + (whole ? 0 : cut))))
            return false;
    const char *name = seqrt_result_text(r->task, "name");
    r->title = cut > 1 ? strndup(r->models[0].name, cut - 1) : strdup(name ? name : r->models[0].name);
    return r->title != NULL;
}

/* The first feedforward network is drawn in the neutral colour: what the others are measured by. */
static void colours_set(Report *r)
{
    int next = 0;
    bool neutral = r->models_count > 1;
    for (int i = 0; i < r->models_count; i++) {
        bool base = neutral && !r->models[i].recurrent;
        r->models[i].colour = base ? -1 : next++;
        neutral = neutral && !base;
    }
}

static bool better(const Report *r, double a, double b) { return r->higher ? a > b : a < b; }

static void rank(Report *r)
{
    for (int i = 0; i < r->models_count; i++) {
        Model *model = &r->models[i];
        int at = i;
        for (; at > 0 && isfinite(model->median); at--) {
            Model *before = r->ranked[at - 1];
            if (isfinite(before->median) && !better(r, model->median, before->median))
                break;
            r->ranked[at] = before;
        }
        r->ranked[at] = model;
        r->ranked_count += isfinite(model->median);
    }
}

static void best_find(Report *r)
{
    const json_t *best = json_object_get(r->root, "best");
    const char *name = seqrt_result_text(best, "model");
    double seed = seqrt_result_number(best, "seed");
    for (int i = 0; name && i < r->models_count; i++)
        for (int k = 0; strcmp(name, r->models[i].name) == 0 && k < r->models[i].runs_count; k++)
            if ((double)r->models[i].runs[k].seed == seed) {
                r->best_model = &r->models[i];
                r->best = &r->models[i].runs[k];
            }
}

/* ---- the whole ---- */

static bool root_read(Report *r, SeqrtError *error)
{
    json_error_t why;
    char *path = seqrt_results_path(r, "results.json");
    if (!path)
        return seqrt_fail(error, "out of memory");
    r->root = json_load_file(path, 0, &why);
    bool good = r->root && seqrt_result_number(r->root, "format") == REPORT_FORMAT &&
                json_array_size(json_object_get(r->root, "models")) > 0;
    if (!r->root && json_error_code(&why) == json_error_cannot_open_file)
        seqrt_fail(error, "%s: %s; `seqgen compare SPEC .. -o DIR` writes it", path, strerror(errno));
    else if (!r->root)
        seqrt_fail(error, "%s:%d: %s", path, why.line, why.text);
    else if (!good)
        seqrt_fail(error, "%s: not what `seqgen compare` writes; expected \"format\": %d and at least one of \"models\"", path,
                   REPORT_FORMAT);
    free(path);
    return good;
}

static void facts_read(Report *r)
{
    const json_t *metric = json_object_get(r->root, "metric");
    const char *kind = seqrt_result_text(r->root, "kind"), *way = seqrt_result_text(metric, "better");
    r->task = json_object_get(r->root, "task");
    r->target = seqrt_result_text(r->task, "target");
    r->judged_on = seqrt_result_text(r->task, "judged_on");
    r->metric = seqrt_result_text(metric, "name");
    r->target = r->target ? r->target : "";
    r->judged_on = r->judged_on ? r->judged_on : "test";
    r->metric = r->metric ? r->metric : "loss";
    r->higher = way && strcmp(way, "higher") == 0;
    r->compare = kind && strcmp(kind, "compare") == 0;
}

bool seqrt_results_read(Report *r, const char *dir, SeqrtError *error)
{
    *r = (Report){.dir = dir};
    if (!root_read(r, error))
        return false;
    facts_read(r);
    const json_t *models = json_object_get(r->root, "models");
    size_t count = json_array_size(models);
    r->models = calloc(count, sizeof *r->models);
    r->ranked = calloc(count, sizeof *r->ranked);
    bool good = r->models && r->ranked;
    for (size_t i = 0; good && i < count; i++)
        good = model_read(r, json_array_get(models, i), &r->models[r->models_count++]);
    if (!good || !labels_set(r))
        return seqrt_fail(error, "out of memory");
    colours_set(r);
    rank(r);
    best_find(r);
    return true;
}

static void model_free(Model *model)
{
    for (int i = 0; i < model->runs_count; i++) {
        free(model->runs[i].curve.train);
        free(model->runs[i].curve.valid);
    }
    free(model->runs);
    free(model->label);
}

void seqrt_results_free(Report *r)
{
    for (int i = 0; i < r->models_count; i++)
        model_free(&r->models[i]);
    free(r->models);
    free(r->ranked);
    free(r->title);
    json_decref(r->root);
}
