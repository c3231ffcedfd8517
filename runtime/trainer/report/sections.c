/* sections.c: the parts of the page that are text and tables; see page.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "details.h"
#include "finding.h"
#include "html.h"
#include "page.h"
#include "plot.h"

static void element(FILE *out, const char *open, const char *text, const char *close)
{
    fputs(open, out);
    seqrt_html_text(out, text);
    fputs(close, out);
}

/* "--c:var(--s2)" of a model */
static void colour_style(FILE *out, int colour)
{
    if (colour < 0)
        fputs("--c:var(--base)", out);
    else
        fprintf(out, "--c:var(--s%u)", seqrt_plot_colour(colour));
}

/* ---- the table ---- */

static void figure_cell(const Report *r, const Model *model, FILE *out)
{
    char a[32], b[32], c[32];
    fprintf(out, "<td>%s", seqrt_html_figure(r->metric, model->median, a));
    if (model->runs_count > 1 && isfinite(model->median))
        fprintf(out, "<span class=spread>%s … %s</span>", seqrt_html_figure(r->metric, model->min, b), seqrt_html_figure(r->metric, model->max, c));
    fputs("</td>", out);
}

static void table_row(const Report *r, const Model *model, FILE *out)
{
    char a[32], b[32], c[32], d[32];
    fprintf(out, "<tr%s><td class=t>", r->ranked_count > 1 && model == r->ranked[0] ? " class=best" : "");
    if (r->models_count > 1) {
        fputs("<span class=dot style=\"", out);
        colour_style(out, model->colour);
        fputs("\"></span>", out);
    }
    element(out, "", model->label, "</td>");
    figure_cell(r, model, out);
    fprintf(out, "<td>%s</td><td>%s</td><td>%s</td><td>%s</td>", seqrt_html_count(model->parameters, a), seqrt_html_count(model->macs, b),
            seqrt_html_bytes(model->ram, c), seqrt_html_seconds(model->seconds, d));
    fprintf(out, isfinite(model->epochs) ? "<td>%.0f</td></tr>\n" : "<td>–</td></tr>\n", model->epochs);
}

void seqrt_section_table(const Report *r, FILE *out)
{
    fputs("<h2>What it costs</h2>\n<div class=scroll><table class=wide><thead><tr><th class=t>model</th><th>", out);
    seqrt_html_text(out, seqrt_metric_words(r));
    fputs("</th><th>parameters</th><th>multiply-adds<br>a sequence</th><th>memory<br>to train</th><th>training</th><th>epochs</th></tr></thead>\n<tbody>\n", out);
    for (int i = 0; i < r->models_count; i++)
        table_row(r, r->ranked[i], out);
    fputs("</tbody></table></div>\n<p class=caption>", out);
    fputs(r->models[0].runs_count > 1 ? "Figure: median over the seeds, smallest … largest. Training time and epochs: medians; " : "", out);
    fputs(r->models[0].runs_count > 1 ? "time is wall-clock" : "Time is wall-clock", out);
    fputs(r->compare ? ", with as many runs at a time as the command allowed.</p>\n" : ".</p>\n", out);
}

/* ---- confusion ---- */

static double cell_of(const json_t *matrix, size_t row, size_t column)
{
    return json_number_value(json_array_get(json_array_get(matrix, row), column));
}

static void confusion_row(const json_t *matrix, size_t n, size_t row, FILE *out)
{
    char count[32];
    double sum = 0;
    for (size_t j = 0; j < n; j++)
        sum += cell_of(matrix, row, j);
    for (size_t j = 0; j < n; j++) {
        double v = cell_of(matrix, row, j), share = sum > 0 ? v / sum : 0;
        fprintf(out, "<td%s style=\"--v:%.3f\">%s<small>%.0f %%</small></td>", share > 0.55 ? " class=hot" : "", 0.06 + 0.86 * share,
                seqrt_html_count(v, count), 100 * share);
    }
}

static void confusion_table(const json_t *matrix, const json_t *classes, size_t n, FILE *out)
{
    fprintf(out, "<div class=scroll><table class=\"confusion%s\"><tr><th></th><th class=\"c axis\" colspan=%zu>predicted</th></tr>\n<tr><th class=axis>true</th>",
            n > 6 ? " many" : "", n);
    for (size_t j = 0; j < n; j++)
        element(out, "<th class=c>", json_string_value(json_array_get(classes, j)), "</th>");
    fputs("</tr>\n", out);
    for (size_t i = 0; i < n; i++) {
        element(out, "<tr><th class=r>", json_string_value(json_array_get(classes, i)), "</th>");
        confusion_row(matrix, n, i, out);
        fputs("</tr>\n", out);
    }
    fputs("</table></div>\n", out);
}

static void best_words(const Report *r, FILE *out)
{
    if (r->models_count > 1)
        element(out, ", by <b>", r->best_model->label, "</b>");
    if (r->best_model->runs_count > 1)
        fprintf(out, ", seed %lld (its best)", r->best->seed);
}

void seqrt_section_confusion(const Report *r, FILE *out)
{
    enum { CLASSES = 40 };
    const json_t *matrix = r->best ? json_object_get(r->best->eval, "confusion") : NULL;
    const json_t *classes = r->best ? json_object_get(r->best->eval, "classes") : NULL;
    size_t n = json_array_size(matrix);
    if (n == 0 || n > CLASSES || json_array_size(classes) != n)
        return;
    fputs("<h2>What is taken for what</h2>\n", out);
    confusion_table(matrix, classes, n, out);
    char *words = seqrt_finding_confusion(r);
    fputs("<p class=caption>", out);
    seqrt_html_text(out, words ? words : "");
    fprintf(out, " Counts on the %s part", seqrt_part_words(r));
    best_words(r, out);
    fputs("; shares and shades are of the row.</p>\n", out);
    free(words);
}

/* ---- the surest mistakes ---- */

static const char *number_short(const char *text, char to[32])
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end)
        return text;
    snprintf(to, 32, "%.5g", v);
    return to;
}

static void mistake_row(const Mistake *m, bool numbers, bool texts, bool steps, FILE *out)
{
    char a[32], b[32];
    fputs("<tr>", out);
    if (texts)
        element(out, "<td class=\"t text\">", m->text ? m->text : "", "</td>");
    else
        fprintf(out, "<td>%lld</td>", m->row);
    if (steps && m->step >= 0)
        fprintf(out, "<td>%lld</td>", m->step);
    element(out, numbers ? "<td>" : "<td class=t>", number_short(m->should ? m->should : "", a), "</td>");
    element(out, numbers ? "<td>" : "<td class=t>", number_short(m->is ? m->is : "", b), "</td>");
    if (numbers)
        fprintf(out, "<td>%.4g</td></tr>\n", m->weight);
    else
        fprintf(out, "<td>%.3f<span class=bar><i style=\"--w:%.1f%%\"></i></span></td></tr>\n", m->weight, 100 * fmin(fmax(m->weight, 0), 1));
}

static void mistakes_table(const Details *d, FILE *out)
{
    bool texts = false, steps = false;
    for (int i = 0; i < d->mistakes_count; i++) {
        texts |= d->mistakes[i].text != NULL;
        steps |= d->mistakes[i].step > 1;
    }
    fprintf(out, "<div class=scroll><table><thead><tr><th%s>%s</th>%s<th%s>true</th><th%s>predicted</th><th>%s</th></tr></thead>\n<tbody>\n",
            texts ? " class=t" : "", texts ? "text" : "sequence", steps ? "<th>step</th>" : "", d->numbers ? "" : " class=t", d->numbers ? "" : " class=t",
            d->numbers ? "off by" : "chance it gave");
    for (int i = 0; i < d->mistakes_count; i++)
        mistake_row(&d->mistakes[i], d->numbers, texts, steps, out);
    fputs("</tbody></table></div>\n", out);
}

void seqrt_section_mistakes(const Report *r, const char *heading, FILE *out)
{
    const char *file = seqrt_result_text(json_object_get(r->root, "best"), "details");
    char *path = file && strcmp(r->target, "next") != 0 ? seqrt_results_path(r, file) : NULL;
    Details d;
    if (path && seqrt_details_read(&d, path, true, true)) {
        if (d.mistakes_count) {
            fprintf(out, "<h2>%s</h2>\n", heading);
            mistakes_table(&d, out);
            fprintf(out, "<p class=caption>%s", d.numbers ? "The largest errors" : "Wrong, and sure of it: the mistakes with the highest chance");
            best_words(r, out);
            fprintf(out, " on the %s part.%s</p>\n", seqrt_part_words(r), d.numbers ? "" : " Where to look for wrong labels in the data, too.");
        }
        seqrt_details_free(&d);
    }
    free(path);
}

/* ---- a language model's text ---- */

void seqrt_section_sample(const Report *r, FILE *out)
{
    const char *sample = seqrt_result_text(json_object_get(r->root, "best"), "sample");
    if (!sample || !*sample || !r->best)
        return;
    element(out, "<h2>What it writes</h2>\n<blockquote>", sample, "</blockquote>\n<p class=caption>A sample");
    best_words(r, out);
    fputs(", drawn character by character at temperature 1 from the chances it gives.</p>\n", out);
}

/* ---- what failed ---- */

static int failures(const Report *r)
{
    int count = 0;
    for (int i = 0; i < r->models_count; i++) {
        count += r->models[i].error != NULL;
        for (int k = 0; k < r->models[i].runs_count; k++)
            count += r->models[i].runs[k].error != NULL;
    }
    return count;
}

void seqrt_section_failures(const Report *r, FILE *out)
{
    if (failures(r) == 0)
        return;
    fprintf(out, "<h2>What failed</h2>\n");
    for (int i = 0; i < r->models_count; i++) {
        const Model *model = &r->models[i];
        if (model->error) {
            element(out, "<p class=note><b>", model->label, "</b><br>");
            element(out, "", model->error, "</p>\n");
        }
        for (int k = 0; k < model->runs_count; k++)
            if (model->runs[k].error) {
                element(out, "<p class=note><b>", model->label, "</b>");
                fprintf(out, ", seed %lld<br>", model->runs[k].seed);
                element(out, "", model->runs[k].error, "</p>\n");
            }
    }
}

/* ---- once more ---- */

static void commands_write(const Report *r, FILE *out)
{
    const char *command = seqrt_result_text(r->root, "command");
    element(out, "<pre class=command>", command ? command : "", "</pre>\n");
    if (!r->compare || !r->best || !r->best_model->build)
        return;
    element(out, "<p class=caption>The best run alone:</p>\n<pre>", r->best_model->build, "\n");
    fprintf(out, "./trainer train --seed %lld --save w.safetensors\n./trainer eval --load w.safetensors</pre>\n", r->best->seed);
}

void seqrt_section_again(const Report *r, FILE *out)
{
    fputs("<h2>To do it again</h2>\n", out);
    commands_write(r, out);
    for (int i = 0; i < r->models_count; i++) {
        const Model *model = &r->models[i];
        if (!model->text)
            continue;
        element(out, "<details><summary><code>", model->spec ? model->spec : model->name, "</code></summary><pre>");
        element(out, "", model->text, "</pre></details>\n");
    }
    fputs("<p class=caption>The same spec, seed and compiler give the same bits. Logs, weights and every number on this page are beside it;"
          " <code>results.json</code> lists them.</p>\n", out);
}
