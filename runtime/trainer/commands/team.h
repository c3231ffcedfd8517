/* team.h: threads that take a training step, or a batch to judge or to answer, together. Internal: nothing outside trainer/ includes it.
 *
 * Takes: a model that can share its work (SeqrtModel.can_share), a number of threads. Gives: batch, forward, gradient and update, done by
 * all of them, with the bits that one thread gives. Does not: cut the work; the model knows how.
 */
#ifndef SEQRT_TEAM_H
#define SEQRT_TEAM_H

#include "seqrt.h"
#include "seqrt_data.h"

typedef struct SeqrtTeam SeqrtTeam;

/* NULL: the calling thread stays alone, because threads < 2, the model cannot share, a step is too short to gain from a
 * second thread, or there is no memory. A system that gives no thread ends the program. Every function below takes NULL for that. */
SeqrtTeam *seqrt_team_new(const SeqrtModel *model, long threads);
void seqrt_team_free(SeqrtTeam *team);
/* Batch i of the loader; its arrays are the loader's until the next call */
SeqrtBatch seqrt_team_batch(SeqrtTeam *team, SeqrtLoader *loader, int i);
SeqrtLoss seqrt_team_gradient(SeqrtTeam *team, const SeqrtModel *model, void *memory, const SeqrtBatch *batch, uint64_t seed, uint64_t step);
SeqrtLoss seqrt_team_forward(SeqrtTeam *team, const SeqrtModel *model, void *memory, const SeqrtBatch *batch, void *out);
double seqrt_team_update(SeqrtTeam *team, const SeqrtModel *model, void *memory, const SeqrtUpdate *update);

#endif
