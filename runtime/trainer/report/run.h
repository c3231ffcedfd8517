/* run.h: `train --report DIR`: the page of one run, made as `seqgen compare` makes it of several.
 *
 * Takes: a trainer whose options name DIR. Gives: DIR/log.csv, weights.safetensors, eval.json, details.csv or sample.txt,
 * results.json, report.html. Does not: train.
 */
#ifndef SEQRT_RUN_H
#define SEQRT_RUN_H

#include "trainer.h"

/* Before training: makes DIR, and sends the log there unless --log names another place. */
bool seqrt_run_begin(Trainer *t, SeqrtError *error);
/* After it, with the weights that are kept in the model. Returns an exit code; messages are printed. */
int seqrt_run_report(Trainer *t, double seconds, int epochs, bool validated);

#endif
