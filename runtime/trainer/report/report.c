/* report.c: see report.h. */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "finding.h"
#include "page.h"
#include "plot.h"
#include "support.h"

const char *const seqrt_report_no_plots = "gnuplot cannot be started. With it installed (apt-get install gnuplot-nox), write the page again.";

const char *seqrt_report_metric(const SeqrtTask *task, bool *higher)
{
    *higher = false;
    if (task->target == SEQRT_NEXT)
        return "loss";
    if (seqrt_is_numbers(task->target) && task->loss != SEQRT_BCE)
        return task->loss == SEQRT_MAE ? "mae" : "rmse";
    *higher = true;
    return "accuracy";
}

const char *const seqrt_input_words[] = {"chars", "bytes", "words", "rows", "shaped", "text"};

TokenWords seqrt_token_words(SeqrtInput input)
{
    return input == SEQRT_WORDS ? (TokenWords){"nats a word", "bits_per_word"}
         : input == SEQRT_BYTES ? (TokenWords){"nats a byte", "bits_per_byte"} : (TokenWords){"nats a character", "bits_per_char"};
}

static bool page_replace(const Report *report, bool plots, SeqrtError *error)
{
    SeqrtReplace replace;
    char *path = seqrt_results_path(report, "report.html");
    bool good = path && seqrt_replace_begin(&replace, path, error);
    if (good) {
        seqrt_page_write(report, plots, replace.stream);
        good = seqrt_replace_end(&replace, true, error);
    }
    free(path);
    return good;
}

bool seqrt_report_write(const char *dir, bool *plots, char **finding, SeqrtError *error)
{
    Report report;
    bool good = seqrt_results_read(&report, dir, error);
    *plots = seqrt_plot_possible();
    if (finding)
        *finding = good ? seqrt_finding(&report) : NULL;
    good = good && page_replace(&report, *plots, error);
    seqrt_results_free(&report);
    return good;
}
