/* report.h: the page a person looks at: one self-contained report.html from a directory of results.
 *
 * Takes: DIR/results.json and the files it names (logs, details). Gives: DIR/report.html, written whole or not at all.
 * Does not: train, judge, or compute a figure that results.json does not hold or follow from. `seqgen compare` and
 * `./trainer train --report` write the same results.json:
 *
 *   format 1, seqgen, kind "compare" or "run", command
 *   task     {name, input, target, loss, columns, classes, train, valid, test, judged_on, series, stride}
 *   metric   {name, better: "higher" or "lower"}
 *   models   [{name, spec, text, build, recurrent, keeps_best, parameters, macs_step, macs_sequence, ram_bytes,
 *              figure {median, min, max}, seconds, epochs, error,
 *              runs [{seed, figure, seconds, epochs, log, weights, eval {as `eval --json`}, error}]}]
 *   best     {model, seed, details, sample}
 *
 * Paths are relative to DIR. What does not apply or failed is absent.
 */
#ifndef SEQRT_REPORT_H
#define SEQRT_REPORT_H

#include "seqrt.h"

enum { REPORT_FORMAT = 1 };

/* Without gnuplot the page says so where its plots would be, *plots is false, and the result is still true.
 * finding (may be NULL): the page's first sentence, caller frees. */
bool seqrt_report_write(const char *dir, bool *plots, char **finding, SeqrtError *error);
/* What to tell the user when *plots is false. */
extern const char *const seqrt_report_no_plots;

/* The figure that a task is judged by, a name in `eval --json`; *higher: more is better. */
const char *seqrt_report_metric(const SeqrtTask *task, bool *higher);

extern const char *const seqrt_input_words[]; /* by SeqrtInput: "input" in results.json */
/* A token's loss in words, and what `eval` calls it in bits. */
typedef struct TokenWords { const char *nats, *bits; } TokenWords;
TokenWords seqrt_token_words(SeqrtInput input);

#endif
