/* finding.c: see finding.h. */
#define _GNU_SOURCE
#include "finding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"

static SeqrtInput input_of(const Report *r)
{
    const char *input = seqrt_result_text(r->task, "input");
    int i = SEQRT_CHARS;
    while (input && i < SEQRT_TEXT && strcmp(input, seqrt_input_words[i]) != 0)
        i++;
    return (SeqrtInput)i;
}

const char *seqrt_metric_words(const Report *r)
{
    if (strcmp(r->target, "next") == 0 && strcmp(r->metric, "loss") == 0)
        return seqrt_token_words(input_of(r)).nats;
    if (strcmp(r->metric, "rmse") == 0)
        return "root mean square error";
    return strcmp(r->metric, "mae") == 0 ? "mean absolute error" : r->metric;
}

const char *seqrt_part_words(const Report *r)
{
    return strcmp(r->judged_on, "valid") == 0 ? "validation" : strcmp(r->judged_on, "train") == 0 ? "training" : r->judged_on;
}

/* "accuracy 0.880", "1.53 nats a character" */
static void value_words(const Report *r, double v, FILE *out)
{
    char text[32];
    const char *words = seqrt_metric_words(r);
    seqrt_html_figure(r->metric, v, text);
    if (strncmp(words, "nats", 4) == 0)
        fprintf(out, "%s %s", text, words);
    else
        fprintf(out, "%s %s", words, text);
}

static bool overlap(const Model *a, const Model *b) { return a->min <= b->max && b->min <= a->max; }

/* "2.3 points above", "12 % below" */
static void difference(const Report *r, FILE *out, double a, double b)
{
    const char *way = a > b ? "above" : "below";
    if (strcmp(r->metric, "accuracy") == 0)
        fprintf(out, "%.1f points %s", 100 * fabs(a - b), way);
    else
        fprintf(out, "%.2g %% %s", 100 * fabs((a - b) / b), way);
}

/* What the best is measured by: the best feedforward network, else the next in rank. */
static const Model *rival(const Report *r)
{
    for (int i = 1; i < r->ranked_count; i++)
        if (r->ranked[0]->recurrent && !r->ranked[i]->recurrent)
            return r->ranked[i];
    return r->ranked_count > 1 ? r->ranked[1] : NULL;
}

static void rival_words(const Report *r, FILE *out)
{
    const Model *best = r->ranked[0], *other = rival(r);
    if (!other)
        return;
    if (other->median == best->median) {
        fprintf(out, ", level with %s", other->label);
        return;
    }
    fputs(", ", out);
    difference(r, out, best->median, other->median);
    fprintf(out, best->recurrent && !other->recurrent ? " the feedforward network %s" : " %s", other->label);
}

/* Those that the seeds do not tell from the best. */
static void ties_words(const Report *r, FILE *out)
{
    int ties = 0, named = 0;
    for (int i = 1; i < r->ranked_count; i++)
        ties += overlap(r->ranked[0], r->ranked[i]);
    if (ties == 0)
        return;
    for (int i = 1; i < r->ranked_count; i++)
        if (overlap(r->ranked[0], r->ranked[i])) {
            fprintf(out, "%s%s", named == 0 ? " The seeds do not separate it from " : named == ties - 1 ? " and " : ", ", r->ranked[i]->label);
            named++;
        }
    fputs(".", out);
}

static void best_words(const Report *r, FILE *out)
{
    const Model *best = r->ranked[0];
    char b[32], c[32];
    int runs = 0;
    for (int i = 0; i < best->runs_count; i++)
        runs += isfinite(best->runs[i].figure);
    fprintf(out, "%s is best: ", best->label);
    value_words(r, best->median, out);
    if (runs > 1)
        fprintf(out, " (%s to %s over %d seeds)", seqrt_html_figure(r->metric, best->min, b), seqrt_html_figure(r->metric, best->max, c), runs);
    rival_words(r, out);
    fputs(".", out);
    ties_words(r, out);
}

static void one_words(const Report *r, FILE *out)
{
    const Model *model = r->ranked[0];
    char count[32];
    double judged = r->best ? seqrt_result_number(r->best->eval, "count") : NAN;
    fprintf(out, "%s: ", r->title);
    value_words(r, model->median, out);
    if (isfinite(judged))
        fprintf(out, " on the %s of the %s part", seqrt_html_count(judged, count), seqrt_part_words(r));
    fprintf(out, ", after %.0f epoch%s.", model->epochs, model->epochs == 1 ? "" : "s");
}

char *seqrt_finding(const Report *r)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    if (r->ranked_count == 0)
        fputs("No run went well; what each said is below.", out);
    else if (r->models_count > 1)
        best_words(r, out);
    else
        one_words(r, out);
    fclose(out);
    return text;
}

/* ---- curves ---- */

/* The model whose validation loss has risen most since its lowest point, as a share of that. */
static const Model *overfitted(const Report *r, int *epoch)
{
    const Model *worst = NULL;
    double most = 0.05;
    for (int i = 0; i < r->models_count; i++) {
        const Run *run = seqrt_median_run(&r->models[i]);
        int low = 0;
        for (int e = 1; run && e < run->curve.count; e++)
            low = run->curve.valid[e] < run->curve.valid[low] ? e : low;
        double rise = run && run->curve.count ? run->curve.valid[run->curve.count - 1] / run->curve.valid[low] - 1 : 0;
        if (rise > most) {
            most = rise;
            worst = &r->models[i];
            *epoch = low + 1;
        }
    }
    return worst;
}

char *seqrt_finding_curves(const Report *r)
{
    char *text = NULL;
    int epoch = 0;
    const Model *model = overfitted(r, &epoch);
    if (!model)
        return strdup("No validation loss has risen by more than a twentieth from its lowest point.");
    const char *kept = model->keeps_best ? " The weights of the best epoch were kept." : " The last epoch's weights were used: patience would keep the best ones.";
    int length = r->models_count > 1
        ? asprintf(&text, "%s overfits most: its validation loss is lowest after epoch %d and rises from there.%s", model->label, epoch, kept)
        : asprintf(&text, "The validation loss is lowest after epoch %d and rises from there: overfitting.%s", epoch, kept);
    return length < 0 ? NULL : text;
}

/* ---- confusion ---- */

static double cell(const json_t *matrix, size_t row, size_t column)
{
    return json_number_value(json_array_get(json_array_get(matrix, row), column));
}

/* The largest share of a true class that was taken for one other. */
static double confused_most(const json_t *matrix, size_t n, size_t *row, size_t *column)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += cell(matrix, i, j);
        for (size_t j = 0; j < n; j++)
            if (i != j && sum > 0 && cell(matrix, i, j) / sum > most) {
                most = cell(matrix, i, j) / sum;
                *row = i;
                *column = j;
            }
    }
    return most;
}

static double frequent_share(const json_t *matrix, size_t n, size_t *row)
{
    double most = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += cell(matrix, i, j);
        all += sum;
        if (sum > most) {
            most = sum;
            *row = i;
        }
    }
    return all > 0 ? most / all : 0;
}

char *seqrt_finding_confusion(const Report *r)
{
    const json_t *matrix = r->best ? json_object_get(r->best->eval, "confusion") : NULL;
    const json_t *classes = r->best ? json_object_get(r->best->eval, "classes") : NULL;
    size_t n = json_array_size(matrix), row = 0, column = 0, usual = 0;
    char *text = NULL;
    if (n == 0 || json_array_size(classes) != n)
        return NULL;
    double share = confused_most(matrix, n, &row, &column), base = frequent_share(matrix, n, &usual);
    const char *is = json_string_value(json_array_get(classes, row)), *as = json_string_value(json_array_get(classes, column));
    const char *often = json_string_value(json_array_get(classes, usual));
    int length = share > 0
        ? asprintf(&text, "Most often confused: of true %s, %.1f %% are taken for %s. To answer %s always would be right in %.1f %%.",
                   is ? is : "", 100 * share, as ? as : "", often ? often : "", 100 * base)
        : asprintf(&text, "No mistake. To answer %s always would be right in %.1f %%.", often ? often : "", 100 * base);
    return length < 0 ? NULL : text;
}
