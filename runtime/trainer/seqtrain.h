/* seqtrain.h: the trainer's command line, libseqtrain.a: what the main of a generated model calls.
 *
 * Takes: a model as seqrt.h describes it. Gives: train, eval, predict, sample, forecast, gradcheck, bench, info, probe.
 * Does not: serve programs that only use a model: for them there is the runtime alone, libseqrt.a, which names nothing of this.
 */
#ifndef SEQTRAIN_H
#define SEQTRAIN_H

#include "seqrt.h"

#ifdef __cplusplus
extern "C" {
#endif

/* argv[0] is the command's own name for messages ("./trainer", or "seqgen run spec.yaml"). Returns the exit code. */
int seqrt_main(const SeqrtModel *model, int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
