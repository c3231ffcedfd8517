/* optimizer.h: clipping, schedule and optimiser, as torch.nn.utils.clip_grad_norm_ and torch.optim define them. */
#ifndef SEQGEN_OPTIMIZER_H
#define SEQGEN_OPTIMIZER_H

#include "../spec/spec.h"

/* The schedule's learning rate in an epoch (spec.h). */
double optimizer_rate(const ScheduleSpec *schedule, double lr, int epoch, int epochs);

/* One step on w[n] with gradients g[n]; slots as graph_slots names them. Returns the gradients' norm before clipping;
 * g itself is left as it is. */
double optimizer_update(const TrainSpec *train, const SeqrtUpdate *u, size_t n, double *w, const double *g, double *const *slots);

#endif
