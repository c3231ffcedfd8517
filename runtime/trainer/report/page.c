/* page.c: the page's order, its head, and its figures with their captions; see page.h. */
#include "page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "details.h"
#include "figures.h"
#include "finding.h"
#include "html.h"

/* ---- head ---- */

static void title_write(const Report *r, FILE *out)
{
    char *title = strdup(r->title);
    for (char *at = title; at && *at; at++)
        *at = strchr("_-.", *at) ? ' ' : *at;
    if (title && *title >= 'a' && *title <= 'z')
        *title -= 'a' - 'A';
    seqrt_html_text(out, title ? title : r->title);
    free(title);
}

static void list_write(const json_t *list, FILE *out)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        fputs(i == 0 ? "" : i + 1 == json_array_size(list) ? " and " : ", ", out);
        seqrt_html_text(out, json_string_value(json_array_get(list, i)));
    }
}

static const char *target_words(const Report *r)
{
    static const char *const words[][2] = {
        {"class", "One class a sequence: "}, {"tag", "One class a step: "}, {"value", "Numbers a sequence: "},
        {"signal", "Numbers a step: "},        {"forecast", "A forecast of "}, {"next", "The next token"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i][0], r->target) == 0)
            return words[i][1];
    return "";
}

/* "One class a sequence: label. Trained on data/names.csv, judged on 1,601 of data/test.csv." */
static void task_write(const Report *r, FILE *out)
{
    const char *train = seqrt_result_text(r->task, "train"), *judged = seqrt_result_text(r->task, r->judged_on);
    char count[32];
    double n = r->best ? seqrt_result_number(r->best->eval, "count") : NAN;
    bool steps = strcmp(r->target, "next") == 0 || strcmp(r->target, "tag") == 0 || strcmp(r->target, "signal") == 0;
    fputs("<p class=task>", out);
    fputs(target_words(r), out);
    list_write(json_object_get(r->task, "columns"), out);
    fputs(". Trained on <code>", out);
    seqrt_html_text(out, train ? train : "");
    fputs("</code>, judged on ", out);
    if (isfinite(n))
        fprintf(out, "%s %s of ", seqrt_html_count(n, count), steps ? "steps" : "sequences");
    if (judged) {
        fputs("<code>", out);
        seqrt_html_text(out, judged);
        fputs("</code>", out);
    } else {
        fprintf(out, "its %s part", seqrt_part_words(r));
    }
    fputs(strcmp(r->judged_on, "train") == 0 ? ".</p>\n" : ", which no network has seen in training.</p>\n", out);
}

static void head_write(const Report *r, FILE *out)
{
    fputs("<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
          "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n<title>", out);
    title_write(r, out);
    fputs("</title>\n<style>\n", out);
    for (int i = 0; seqrt_page_style[i]; i++)
        fputs(seqrt_page_style[i], out);
    fputs("</style>\n</head>\n<body>\n<header>\n<h1>", out);
    title_write(r, out);
    fputs("</h1>\n", out);
    task_write(r, out);
    char *finding = seqrt_finding(r);
    fputs("</header>\n<p class=finding>", out);
    seqrt_html_text(out, finding ? finding : "");
    fputs("</p>\n", out);
    free(finding);
}

/* ---- figures ---- */

static void plot_missing(FILE *out)
{
    fputs("<p class=note>No plot here: ", out);
    seqrt_html_text(out, seqrt_report_no_plots);
    fputs("</p>\n", out);
}

static void final_write(const Report *r, bool plots, FILE *out)
{
    if (r->ranked_count < 1 || (r->models_count == 1 && r->models[0].runs_count == 1))
        return;
    fputs("<figure>\n", out);
    if (!plots || !seqrt_figure_final(r, out))
        plot_missing(out);
    fprintf(out, "<figcaption><b>%c%s</b> on the %s part; %s is better.", seqrt_metric_words(r)[0] & ~0x20, seqrt_metric_words(r) + 1,
            seqrt_part_words(r), r->higher ? "more" : "less");
    fprintf(out, "%s</figcaption>\n</figure>\n",
            r->models[0].runs_count > 1 ? " Large dot: median over the seeds; small dots: the seeds; bar: their span." : "");
}

static void curves_write(const Report *r, bool plots, FILE *out)
{
    bool validation = seqrt_has_validation(r), any = false, seeds = false;
    for (int i = 0; i < r->models_count; i++)
        for (int k = 0; k < r->models[i].runs_count; k++) {
            any |= r->models[i].runs[k].curve.count > 0;
            seeds |= k > 0;
        }
    if (!any)
        return;
    char *finding = validation ? seqrt_finding_curves(r) : NULL;
    fprintf(out, "<h2>How %s learnt</h2>\n<figure>\n", r->models_count > 1 ? "they" : "it");
    if (!plots || !seqrt_figure_curves(r, out))
        plot_missing(out);
    fputs("<figcaption>", out);
    if (finding) {
        fputs("<b>", out);
        seqrt_html_text(out, finding);
        fputs("</b> ", out);
    }
    fprintf(out, "Mean loss by epoch%s.%s</figcaption>\n</figure>\n", validation ? ", both on one scale" : "",
            seeds ? " Strong line: the seed with the median figure; faint lines: the others." : "");
    free(finding);
}

/* Root mean square of the errors; of the truth about its mean; of the truth about its own value a step before. */
typedef struct Errors { double own, spread, repeated; } Errors;

static Errors errors_of(const Judged *judged)
{
    Errors e = {0, 0, 0};
    double mean = 0;
    int n = judged->count;
    for (int i = 0; i < n; i++)
        mean += judged->should[i] / n;
    for (int i = 0; i < n; i++) {
        double before = judged->should[i ? i - 1 : 0];
        e.own += (judged->is[i] - judged->should[i]) * (judged->is[i] - judged->should[i]) / n;
        e.spread += (judged->should[i] - mean) * (judged->should[i] - mean) / n;
        e.repeated += (judged->should[i] - before) * (judged->should[i] - before) / (n - 1);
    }
    return (Errors){sqrt(e.own), sqrt(e.spread), sqrt(e.repeated)};
}

static void judged_caption(const Report *r, const Judged *judged, FILE *out)
{
    bool forecast = strcmp(r->target, "forecast") == 0, every = seqrt_result_number(r->task, "stride") == 1;
    Errors e = errors_of(judged);
    fprintf(out, "<figcaption><b>Root mean square error over these %d: %.4g; ", judged->count, e.own);
    if (forecast && every && judged->series)
        fprintf(out, "to repeat the value before gives %.4g, to say their mean %.4g.</b> ", e.repeated, e.spread);
    else
        fprintf(out, "to say their mean gives %.4g.</b> ", e.spread);
    fprintf(out, judged->series ? "The last of the %s part, " : "The %s part, ", seqrt_part_words(r));
    fputs(forecast ? "each forecast one step ahead, by " : "by ", out);
    seqrt_html_text(out, r->best_model->label);
    fprintf(out, ", seed %lld.</figcaption>\n</figure>\n", r->best->seed);
}

static void ahead_caption(const Report *r, const char *column, int steps, FILE *out)
{
    fprintf(out, "<figcaption><b>%.4g one step ahead, %.4g %d steps ahead, by ", seqrt_error_ahead(r->best, column, 1),
            seqrt_error_ahead(r->best, column, steps), steps);
    seqrt_html_text(out, r->best_model->label);
    fprintf(out, ", seed %lld.</b></figcaption>\n</figure>\n", r->best->seed);
}

/* Forecasts of several steps: how the error grows, a figure a column */
static void ahead_write(const Report *r, bool plots, FILE *out)
{
    const json_t *columns = json_object_get(r->task, "columns");
    const int steps = r->best ? (int)json_array_size(json_object_get(r->best->eval, "steps")) : 0;
    if (steps < 2)
        return;
    fputs("<h2>How far ahead</h2>\n", out);
    for (size_t i = 0; i < json_array_size(columns) && i < DRAWN_COLUMNS; i++) {
        const char *column = json_string_value(json_array_get(columns, i));
        fputs("<figure>\n", out);
        if (!plots || !seqrt_figure_ahead(r, column, out))
            plot_missing(out);
        ahead_caption(r, column, steps, out);
    }
    fprintf(out, "<p class=caption>Root mean square error on the %s part, by how many steps ahead the forecast is%s.</p>\n",
            seqrt_part_words(r), r->models[0].runs_count > 1 ? "; a line is the seed with the model's median figure" : "");
}

/* Forecasts and values beside the truth, a figure a column */
static void judged_write(const Report *r, bool plots, FILE *out)
{
    const char *file = seqrt_result_text(json_object_get(r->root, "best"), "details");
    char *path = file && r->best ? seqrt_results_path(r, file) : NULL;
    bool signal = strcmp(r->target, "signal") == 0, series = json_is_true(json_object_get(r->task, "series"));
    Details d;
    if (path && seqrt_details_read(&d, path, series || signal, signal)) {
        if (d.judged_count)
            fprintf(out, "<h2>%s</h2>\n", strcmp(r->target, "forecast") == 0 ? "Forecast and truth" : "Prediction and truth");
        for (int i = 0; i < d.judged_count; i++) {
            fputs("<figure>\n", out);
            if (!plots || !seqrt_figure_judged(&d.judged[i], out))
                plot_missing(out);
            judged_caption(r, &d.judged[i], out);
        }
        size_t columns = json_array_size(json_object_get(r->task, "columns"));
        if (d.judged_count == DRAWN_COLUMNS && columns > DRAWN_COLUMNS)
            fprintf(out, "<p class=caption>Of %zu columns the first %d are drawn; all are in <code>%s</code>.</p>\n", columns, DRAWN_COLUMNS, file);
        seqrt_details_free(&d);
    }
    free(path);
}

/* ---- the whole ---- */

void seqrt_page_write(const Report *r, bool plots, FILE *out)
{
    const char *generator = seqrt_result_text(r->root, "seqgen");
    bool numbers = strcmp(r->target, "value") == 0 || strcmp(r->target, "forecast") == 0 || strcmp(r->target, "signal") == 0;
    head_write(r, out);
    final_write(r, plots, out);
    seqrt_section_failures(r, out);
    seqrt_section_table(r, out);
    curves_write(r, plots, out);
    seqrt_section_confusion(r, out);
    if (numbers)
        judged_write(r, plots, out);
    ahead_write(r, plots, out);
    seqrt_section_mistakes(r, numbers ? "The largest errors" : "The surest mistakes", out);
    seqrt_section_sample(r, out);
    seqrt_section_again(r, out);
    fputs("<footer>Made by ", out);
    seqrt_html_text(out, generator ? generator : "seqgen");
    fputs(".</footer>\n</body>\n</html>\n", out);
}
