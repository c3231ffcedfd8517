/* figures.c: see figures.h. Margins are set by hand, in pixels of a drawing WIDTH wide: labels stand beside lines. */
#include "figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "finding.h"
#include "html.h"
#include "plot.h"

enum { WIDTH = 760, LINE_GAP = 17 };

typedef struct Range { double low, high; } Range;

static void range_add(Range *range, double v)
{
    if (!isfinite(v))
        return;
    range->low = fmin(range->low, v);
    range->high = fmax(range->high, v);
}

static Range range_wider(Range range, double share)
{
    double more = (range.high - range.low) * share;
    if (!(more > 0))
        more = fabs(range.high) * 0.05 + 1e-6;
    return (Range){range.low - more, range.high + more};
}

static void margins(FILE *s, int height, int left, int right, int bottom, int top)
{
    fprintf(s, "set lmargin at screen %.5f\nset rmargin at screen %.5f\nset bmargin at screen %.5f\nset tmargin at screen %.5f\n",
            (double)left / WIDTH, (double)right / WIDTH, (double)bottom / height, 1 - (double)top / height);
}

/* The longest label decides how much room names get; about 7.2 pixels a character at this size. */
static int label_room(const Report *r)
{
    size_t longest = 4;
    for (int i = 0; i < r->models_count; i++)
        longest = strlen(r->models[i].label) > longest ? strlen(r->models[i].label) : longest;
    return (int)fmin(20 + 7.4 * (double)longest, 260);
}

/* ---- final figures: a row a model, best on top; a dot a seed, a large one the median ---- */

static void final_model(const Report *r, Plot *plot, int row, const Model *model, char texts[][32])
{
    FILE *s = plot->script;
    unsigned colour = seqrt_plot_colour(model->colour);
    double y = r->ranked_count - row;
    int name = seqrt_plot_name(plot, model->label);
    int value = seqrt_plot_name(plot, seqrt_html_figure(r->metric, model->median, texts[row]));
    fprintf(s, "set label '@%d@' at graph 0, first %g right offset character -1.6,0 textcolor rgb " COLOUR_SERIES " font ',15'\n",
            name, y, colour);
    fprintf(s, "set label '@%d@' at graph 1, first %g left offset character 1.2,0 textcolor rgb " COLOUR_INK " font ',15'\n", value, y);
    fprintf(s, "$m%d << E\n%.9g %g %.9g\nE\n$r%d << E\n", row, model->median, y, model->max - model->min, row);
    for (int i = 0; i < model->runs_count; i++)
        if (isfinite(model->runs[i].figure))
            fprintf(s, "%.9g %g\n", model->runs[i].figure, y);
    fprintf(s, "E\n");
}

static void final_draw(const Report *r, FILE *s)
{
    fprintf(s, "plot ");
    for (int row = 0; row < r->ranked_count; row++) {
        const Model *model = r->ranked[row];
        unsigned colour = seqrt_plot_colour(model->colour);
        fprintf(s, "%s$m%d using (%.9g):2:3:(0) with vectors nohead lw 7 lc rgb " COLOUR_FAINT, row ? ", " : "", row, model->min, colour);
        fprintf(s, ", $r%d using 1:2 with points pt 7 ps 0.55 lc rgb " COLOUR_SERIES, row, colour);
        fprintf(s, ", $m%d using 1:2 with points pt 7 ps 1.35 lc rgb " COLOUR_SERIES, row, colour);
    }
    fprintf(s, "\n");
}

bool seqrt_figure_final(const Report *r, FILE *out)
{
    enum { ROWS = 30 };
    char texts[ROWS][32];
    Plot plot;
    int height = 72 + 38 * r->ranked_count;
    if (r->ranked_count == 0 || r->ranked_count > ROWS || !seqrt_plot_begin(&plot, WIDTH, height, "Final figures"))
        return false;
    Range x = {INFINITY, -INFINITY};
    for (int i = 0; i < r->ranked_count; i++) {
        range_add(&x, r->ranked[i]->min);
        range_add(&x, r->ranked[i]->max);
        final_model(r, &plot, i, r->ranked[i], texts);
    }
    x = range_wider(x, 0.06);
    margins(plot.script, height, label_room(r), WIDTH - 72, 56, 6);
    fprintf(plot.script, "set xrange [%.9g:%.9g]\nset yrange [0.4:%d.6]\nunset ytics\nset grid noytics xtics\n"
            "set label '@%d@' at graph 0.5, screen 0 center offset character 0,0.6 textcolor rgb " COLOUR_MUTED "\n",
            x.low, x.high, r->ranked_count, seqrt_plot_name(&plot, seqrt_metric_words(r)));
    if (strcmp(r->metric, "accuracy") == 0)
        fprintf(plot.script, "set format x '%%.3f'\n");
    final_draw(r, plot.script);
    return seqrt_plot_end(&plot, out);
}

/* ---- learning curves ---- */

bool seqrt_has_validation(const Report *r)
{
    for (int i = 0; i < r->models_count; i++)
        for (int k = 0; k < r->models[i].runs_count; k++)
            for (int e = 0; e < r->models[i].runs[k].curve.count; e++)
                if (isfinite(r->models[i].runs[k].curve.valid[e]))
                    return true;
    return false;
}

static Range curves_range(const Report *r, int *epochs)
{
    Range y = {INFINITY, -INFINITY};
    *epochs = 0;
    for (int i = 0; i < r->models_count; i++)
        for (int k = 0; k < r->models[i].runs_count; k++) {
            const Curve *curve = &r->models[i].runs[k].curve;
            *epochs = curve->count > *epochs ? curve->count : *epochs;
            for (int e = 0; e < curve->count; e++) {
                range_add(&y, curve->train[e]);
                range_add(&y, curve->valid[e]);
            }
        }
    return y;
}

static void curve_data(FILE *s, int model, int run, const Curve *curve)
{
    fprintf(s, "$c%d_%d << E\n", model, run);
    for (int e = 0; e < curve->count; e++)
        fprintf(s, "%d %.9g %.9g\n", e + 1, isfinite(curve->train[e]) ? curve->train[e] : NAN,
                isfinite(curve->valid[e]) ? curve->valid[e] : NAN);
    fprintf(s, "E\n");
}

static void curves_data(const Report *r, FILE *s)
{
    for (int i = 0; i < r->models_count; i++)
        for (int k = 0; k < r->models[i].runs_count; k++)
            if (r->models[i].runs[k].curve.count)
                curve_data(s, i, k, &r->models[i].runs[k].curve);
}

/* Faint lines for all seeds first, the median seed's on top. column: 2 training, 3 validation. */
static void curves_draw(const Report *r, FILE *s, int column)
{
    const char *between = "plot ";
    for (int strong = 0; strong < 2; strong++)
        for (int i = 0; i < r->models_count; i++) {
            const Model *model = &r->models[i];
            const Run *median = seqrt_median_run(model);
            for (int k = 0; k < model->runs_count; k++) {
                if (!model->runs[k].curve.count || (&model->runs[k] == median) != strong)
                    continue;
                fprintf(s, strong ? "%s$c%d_%d using 1:%d with lines lw 2.4 lc rgb " COLOUR_SERIES
                                  : "%s$c%d_%d using 1:%d with lines lw 1 lc rgb " COLOUR_FAINT,
                        between, i, k, column, seqrt_plot_colour(model->colour));
                between = ", ";
            }
        }
    fprintf(s, "\n");
}

/* A label at the right end of a line, moved up or down so that none stands on another. */
typedef struct EndLabel { double y; int name, colour; } EndLabel;

static int label_order(const void *a, const void *b)
{
    double d = ((const EndLabel *)a)->y - ((const EndLabel *)b)->y;
    return d < 0 ? -1 : d > 0;
}

/* y: shares of the axis. Spread from the bottom up, then pushed down again from the top where they stick out. */
static void labels_spread(EndLabel *labels, int count, double gap)
{
    qsort(labels, (size_t)count, sizeof *labels, label_order);
    for (int i = 1; i < count; i++)
        labels[i].y = fmax(labels[i].y, labels[i - 1].y + gap);
    for (int i = count - 1; i >= 0; i--)
        labels[i].y = fmin(labels[i].y, i == count - 1 ? 1 : labels[i + 1].y - gap);
}

static double share_of(Range y, bool logarithmic, double v)
{
    return logarithmic ? log(v / y.low) / log(y.high / y.low) : (v - y.low) / (y.high - y.low);
}

static double last_of(const double *values, int count)
{
    for (int e = count - 1; e >= 0; e--)
        if (isfinite(values[e]))
            return values[e];
    return NAN;
}

static void labels_write(FILE *s, const EndLabel *labels, int count)
{
    for (int i = 0; i < count; i++)
        fprintf(s, "set label %d '@%d@' at graph 1, graph %.5f left offset character 0.8,0 textcolor rgb " COLOUR_SERIES "\n", i + 1,
                labels[i].name, labels[i].y, seqrt_plot_colour(labels[i].colour));
}

static int models_labels(const Report *r, Plot *plot, Range y, bool logarithmic, EndLabel labels[30])
{
    int count = 0;
    for (int i = 0; i < r->models_count && count < 30; i++) {
        const Run *run = seqrt_median_run(&r->models[i]);
        if (!run || !run->curve.count)
            continue;
        double valid = last_of(run->curve.valid, run->curve.count), train = last_of(run->curve.train, run->curve.count);
        double at = share_of(y, logarithmic, isfinite(valid) ? valid : train);
        labels[count++] = (EndLabel){at, seqrt_plot_name(plot, r->models[i].label), r->models[i].colour};
    }
    return count;
}

/* 1, 2, 5, 10, ..: at most ten ticks. Of these, 2, 20, 200, .. are 2 modulo 9. */
static int between_ticks(int epochs)
{
    int step = 1;
    while (step < epochs / 10 + 1 && step < 100000000)
        step = step % 9 == 2 ? step / 2 * 5 : step * 2;
    return step;
}

static void axes(Plot *plot, Range y, bool logarithmic, int epochs)
{
    FILE *s = plot->script;
    if (logarithmic)
        fprintf(s, "set logscale y\n");
    fprintf(s, "set xrange [1:%d]\nset yrange [%.9g:%.9g]\n", epochs > 1 ? epochs : 2, y.low, y.high);
    fprintf(s, "set xtics %d\nset xlabel '@%d@' textcolor rgb " COLOUR_MUTED " offset 0,0.2\n", between_ticks(epochs), seqrt_plot_name(plot, "epoch"));
}

static void panel_title(Plot *plot, const char *text)
{
    fprintf(plot->script, "set label 99 '@%d@' at graph 0, graph 1 left offset character 0,1 textcolor rgb " COLOUR_INK " font ',15'\n",
            seqrt_plot_name(plot, text));
}

static void panels_draw(const Report *r, Plot *plot, Range y, bool logarithmic)
{
    EndLabel labels[30];
    int right = WIDTH - label_room(r), middle = (56 + right) / 2, height = plot->height;
    int count = models_labels(r, plot, y, logarithmic, labels);
    labels_spread(labels, count, (double)LINE_GAP / (height - 86));
    margins(plot->script, height, 56, middle - 16, 46, 40);
    panel_title(plot, "training loss");
    curves_draw(r, plot->script, 2);
    margins(plot->script, height, middle + 16, right, 46, 40);
    fprintf(plot->script, "set format y ''\n");
    panel_title(plot, "validation loss");
    labels_write(plot->script, labels, count);
    curves_draw(r, plot->script, 3);
}

/* No validation: one panel. One model: its training and validation losses as two lines. */
static void panel_draw(const Report *r, Plot *plot, Range y, bool logarithmic, bool validation)
{
    FILE *s = plot->script;
    EndLabel labels[30];
    int count = models_labels(r, plot, y, logarithmic, labels);
    margins(s, plot->height, 56, WIDTH - (validation ? 100 : label_room(r)), 46, 40);
    panel_title(plot, validation ? "loss" : "training loss");
    if (!validation) {
        labels_spread(labels, count, (double)LINE_GAP / (plot->height - 86));
        labels_write(s, labels, count);
        curves_draw(r, s, 2);
        return;
    }
    const Run *run = seqrt_median_run(&r->models[0]);
    run = run ? run : &r->models[0].runs[0];
    labels[0] = (EndLabel){share_of(y, logarithmic, last_of(run->curve.train, run->curve.count)), seqrt_plot_name(plot, "training"), 0};
    labels[1] = (EndLabel){share_of(y, logarithmic, last_of(run->curve.valid, run->curve.count)), seqrt_plot_name(plot, "validation"), 1};
    labels_spread(labels, 2, (double)LINE_GAP / (plot->height - 86));
    labels_write(s, labels, 2);
    for (int k = 0; k < r->models[0].runs_count; k++)
        for (int column = 2; column <= 3 && r->models[0].runs[k].curve.count; column++)
            fprintf(s, "%s$c0_%d using 1:%d with lines lw %s lc rgb '#01%02x%02x'", k || column > 2 ? ", " : "plot ", k, column,
                    &r->models[0].runs[k] == run ? "2.4" : "1", &r->models[0].runs[k] == run ? 1 : 2, seqrt_plot_colour(column - 2));
    fprintf(s, "\n");
}

bool seqrt_figure_curves(const Report *r, FILE *out)
{
    int epochs;
    Plot plot;
    Range y = curves_range(r, &epochs);
    bool validation = seqrt_has_validation(r), logarithmic = y.low > 0 && y.high / y.low > 12;
    bool panels = validation && r->models_count > 1;
    if (epochs == 0 || !(y.low <= y.high) || !seqrt_plot_begin(&plot, WIDTH, 330, "Loss by epoch"))
        return false;
    y = logarithmic ? (Range){y.low / 1.1, y.high * 1.1} : range_wider(y, 0.04);
    axes(&plot, y, logarithmic, epochs);
    curves_data(r, plot.script);
    if (panels) {
        fprintf(plot.script, "set multiplot\n");
        panels_draw(r, &plot, y, logarithmic);
        fprintf(plot.script, "unset multiplot\n");
    } else {
        panel_draw(r, &plot, y, logarithmic, validation);
    }
    return seqrt_plot_end(&plot, out);
}

/* ---- judged numbers: truth and prediction over time, or one against the other ---- */

static Range judged_data(const Judged *judged, FILE *s)
{
    Range range = {INFINITY, -INFINITY};
    fprintf(s, "$d << E\n");
    for (int i = 0; i < judged->count; i++) {
        fprintf(s, "%d %.9g %.9g\n", i - judged->count + 1, judged->should[i], judged->is[i]);
        range_add(&range, judged->should[i]);
        range_add(&range, judged->is[i]);
    }
    fprintf(s, "E\n");
    return range_wider(range, 0.05);
}

static void series_draw(const Judged *judged, Plot *plot, Range y)
{
    FILE *s = plot->script;
    int last = judged->count - 1;
    EndLabel labels[2] = {{share_of(y, false, judged->should[last]), seqrt_plot_name(plot, "truth"), 0},
                          {share_of(y, false, judged->is[last]), seqrt_plot_name(plot, "predicted"), 1}};
    int truth = labels[0].name;
    labels_spread(labels, 2, (double)LINE_GAP / (plot->height - 76));
    for (int i = 0; i < 2; i++)
        fprintf(s, "set label '@%d@' at graph 1, graph %.5f left offset character 0.8,0 textcolor rgb '#01%s'\n", labels[i].name,
                labels[i].y, labels[i].name == truth ? "0000" : "0101");
    fprintf(s, "set xrange [%d:0]\nset yrange [%.9g:%.9g]\n", -last, y.low, y.high);
    fprintf(s, "plot $d using 1:2 with linespoints lw 1.2 pt 7 ps 0.35 lc rgb " COLOUR_INK ", $d using 1:3 with lines lw 2.2 lc rgb '#010101'\n");
}

static void scatter_draw(Plot *plot, Range y)
{
    FILE *s = plot->script;
    fprintf(s, "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\nset grid xtics\n", y.low, y.high, y.low, y.high);
    fprintf(s, "set ylabel '@%d@' textcolor rgb " COLOUR_MUTED "\n", seqrt_plot_name(plot, "predicted"));
    fprintf(s, "plot x with lines lw 1 lc rgb " COLOUR_MUTED ", $d using 2:3 with points pt 7 ps 0.5 lc rgb '#010200'\n");
}

bool seqrt_figure_judged(const Judged *judged, FILE *out)
{
    Plot plot;
    int height = judged->series ? 300 : 420;
    if (judged->count < 2 || !seqrt_plot_begin(&plot, WIDTH, height, judged->column))
        return false;
    Range y = judged_data(judged, plot.script);
    margins(plot.script, height, judged->series ? 64 : 180, WIDTH - (judged->series ? 90 : 180), 46, 30);
    panel_title(&plot, judged->column);
    fprintf(plot.script, "set xlabel '@%d@' textcolor rgb " COLOUR_MUTED " offset 0,0.2\n",
            seqrt_plot_name(&plot, judged->series ? "steps before the last one judged" : "truth"));
    if (judged->series)
        series_draw(judged, &plot, y);
    else
        scatter_draw(&plot, y);
    return seqrt_plot_end(&plot, out);
}

/* ---- the error by how far ahead: a line a model, of its median seed ---- */

double seqrt_error_ahead(const Run *run, const char *column, int s)
{
    const json_t *step = run ? json_array_get(json_object_get(run->eval, "steps"), (size_t)s - 1) : NULL;
    return seqrt_result_number(json_object_get(json_object_get(step, "targets"), column), "rmse");
}

static int steps_ahead(const Report *r)
{
    size_t most = 0;
    for (int i = 0; i < r->models_count; i++) {
        const Run *run = seqrt_median_run(&r->models[i]);
        size_t steps = run ? json_array_size(json_object_get(run->eval, "steps")) : 0;
        most = steps > most ? steps : most;
    }
    return (int)most;
}

static Range ahead_data(const Report *r, const char *column, int steps, FILE *s)
{
    Range range = {INFINITY, -INFINITY};
    for (int i = 0; i < r->models_count; i++) {
        fprintf(s, "$a%d << E\n", i);
        for (int k = 1; k <= steps; k++) {
            double error = seqrt_error_ahead(seqrt_median_run(&r->models[i]), column, k);
            fprintf(s, "%d %.9g\n", k, error);
            range_add(&range, error);
        }
        fprintf(s, "E\n");
    }
    return range_wider(range, 0.08);
}

static void ahead_draw(const Report *r, const char *column, Range y, int steps, Plot *plot)
{
    EndLabel labels[30];
    int count = 0;
    for (int i = 0; i < r->models_count && count < 30; i++) {
        double last = seqrt_error_ahead(seqrt_median_run(&r->models[i]), column, steps);
        if (isfinite(last))
            labels[count++] = (EndLabel){share_of(y, false, last), seqrt_plot_name(plot, r->models[i].label), r->models[i].colour};
    }
    labels_spread(labels, count, (double)LINE_GAP / (plot->height - 76));
    labels_write(plot->script, labels, count);
    for (int i = 0; i < r->models_count; i++)
        fprintf(plot->script, "%s$a%d using 1:2 with linespoints lw 2 pt 7 ps 0.5 lc rgb " COLOUR_SERIES, i ? ", " : "plot ", i,
                seqrt_plot_colour(r->models[i].colour));
    fprintf(plot->script, "\n");
}

bool seqrt_figure_ahead(const Report *r, const char *column, FILE *out)
{
    Plot plot;
    int steps = steps_ahead(r), height = 260;
    if (steps < 2 || !seqrt_plot_begin(&plot, WIDTH, height, column))
        return false;
    Range y = ahead_data(r, column, steps, plot.script);
    margins(plot.script, height, 64, WIDTH - label_room(r), 46, 30);
    panel_title(&plot, column);
    fprintf(plot.script, "set xrange [%g:%g]\nset yrange [%.9g:%.9g]\nset xtics %d\nset xlabel '@%d@' textcolor rgb " COLOUR_MUTED
            " offset 0,0.2\n", 1 - 0.02 * steps, steps + 0.02 * steps, y.low, y.high, between_ticks(steps), seqrt_plot_name(&plot, "steps ahead"));
    ahead_draw(r, column, y, steps, &plot);
    return seqrt_plot_end(&plot, out);
}
