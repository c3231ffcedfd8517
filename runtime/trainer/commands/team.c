/* team.c: see team.h. A step of a small network takes a few tenths of a millisecond and meets some twenty times, and waking a thread takes
 * longer than what it waits for. So threads that wait look for about that long before they sleep, if each has a core.
 */
#include "team.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <threads.h>
#include <unistd.h>

enum { THREADS_MAX = 256, LOOKS = 300000, LOOKS_ON_SHARED_CORES = 100 };
static const double flops_worth_a_team = 6e7; /* with two threads, RNNs of 3 and 4e7 take 6 to 9% longer, GRUs of 9 and 11e7 16 to 18% less */

/* What all threads do next; job NULL: they end. */
typedef struct Work {
    void (*job)(SeqrtTeam *team, const SeqrtThread *thread);
    const SeqrtModel *model;
    void *memory;
    SeqrtLoader *loader;
    int number; /* of the batch that the loader gives */
    SeqrtBatch read; /* .. and that batch, written by thread 0 */
    const SeqrtBatch *batch;
    void *out;
    const SeqrtUpdate *update;
    uint64_t seed, step;
    SeqrtLoss loss; /* written by thread 0 */
    double norm;
} Work;

struct SeqrtTeam {
    int count, looks;
    atomic_int arrived, sleeping;
    atomic_uint meeting; /* number of meetings so far */
    mtx_t lock;
    cnd_t woken;
    Work work;
    thrd_t threads[THREADS_MAX];
    SeqrtThread members[THREADS_MAX];
};

static void sleep_until(SeqrtTeam *team, unsigned meeting)
{
    mtx_lock(&team->lock);
    atomic_fetch_add(&team->sleeping, 1);
    while (atomic_load(&team->meeting) == meeting)
        cnd_wait(&team->woken, &team->lock);
    atomic_fetch_sub(&team->sleeping, 1);
    mtx_unlock(&team->lock);
}

/* The last to arrive opens the next meeting. It looks for sleepers after that, and they look at the meeting after they have
 * said that they sleep: one of the two sees the other. */
static void team_meet(void *of)
{
    SeqrtTeam *team = of;
    const unsigned meeting = atomic_load(&team->meeting);
    if (atomic_fetch_add(&team->arrived, 1) + 1 == team->count) {
        atomic_store(&team->arrived, 0);
        atomic_fetch_add(&team->meeting, 1);
        if (atomic_load(&team->sleeping) > 0) {
            mtx_lock(&team->lock);
            cnd_broadcast(&team->woken);
            mtx_unlock(&team->lock);
        }
        return;
    }
    for (int look = 0; look < team->looks; look++)
        if (atomic_load_explicit(&team->meeting, memory_order_acquire) != meeting)
            return;
    sleep_until(team, meeting);
}

static int member_run(void *of)
{
    const SeqrtThread *thread = of;
    SeqrtTeam *team = thread->team;
    for (;;) {
        team_meet(team);
        if (!team->work.job)
            return 0;
        team->work.job(team, thread);
        team_meet(team);
    }
}

/* The calling thread is the first of the team. */
static void team_run(SeqrtTeam *team)
{
    team_meet(team);
    team->work.job(team, &team->members[0]);
    team_meet(team);
}

SeqrtTeam *seqrt_team_new(const SeqrtModel *model, long threads)
{
    if (threads < 2 || !model->can_share || model->flops_train_step < flops_worth_a_team)
        return NULL;
    SeqrtTeam *team = calloc(1, sizeof *team);
    if (!team)
        return NULL;
    team->count = threads < model->B ? (int)threads : model->B;
    team->count = team->count < THREADS_MAX ? team->count : THREADS_MAX;
    team->looks = team->count <= sysconf(_SC_NPROCESSORS_ONLN) ? LOOKS : LOOKS_ON_SHARED_CORES;
    mtx_init(&team->lock, mtx_plain);
    cnd_init(&team->woken);
    for (int i = 0; i < team->count; i++)
        team->members[i] = (SeqrtThread){i, team->count, team_meet, team};
    for (int i = 1; i < team->count; i++)
        if (thrd_create(&team->threads[i], member_run, &team->members[i]) != thrd_success)
            abort(); /* the others wait for it already */
    return team;
}

void seqrt_team_free(SeqrtTeam *team)
{
    if (!team)
        return;
    team->work.job = NULL;
    team_meet(team);
    for (int i = 1; i < team->count; i++)
        thrd_join(team->threads[i], NULL);
    cnd_destroy(&team->woken);
    mtx_destroy(&team->lock);
    free(team);
}

/* ---- a training step, a batch to judge or to answer ---- */

static void batch_job(SeqrtTeam *team, const SeqrtThread *thread)
{
    const Work *w = &team->work;
    SeqrtBatch batch;
    seqrt_loader_share(w->loader, w->number, thread->index, thread->count, &batch, NULL);
    if (thread->index == 0)
        team->work.read = batch;
}

static void gradient_job(SeqrtTeam *team, const SeqrtThread *thread)
{
    const Work *w = &team->work;
    const SeqrtLoss loss = w->model->gradient(w->memory, w->batch, w->seed, w->step, thread);
    if (thread->index == 0)
        team->work.loss = loss;
}

static void forward_job(SeqrtTeam *team, const SeqrtThread *thread)
{
    const Work *w = &team->work;
    const SeqrtLoss loss = w->model->forward_shared(w->memory, w->batch, w->out, thread);
    if (thread->index == 0)
        team->work.loss = loss;
}

static void update_job(SeqrtTeam *team, const SeqrtThread *thread)
{
    const Work *w = &team->work;
    const double norm = w->model->update(w->memory, w->update, thread);
    if (thread->index == 0)
        team->work.norm = norm;
}

SeqrtBatch seqrt_team_batch(SeqrtTeam *team, SeqrtLoader *loader, int i)
{
    SeqrtBatch batch;
    if (!team) {
        seqrt_loader_get(loader, i, &batch, NULL);
        return batch;
    }
    team->work = (Work){.job = batch_job, .loader = loader, .number = i};
    team_run(team);
    return team->work.read;
}

SeqrtLoss seqrt_team_gradient(SeqrtTeam *team, const SeqrtModel *model, void *memory, const SeqrtBatch *batch, uint64_t seed, uint64_t step)
{
    if (!team)
        return model->gradient(memory, batch, seed, step, NULL);
    team->work = (Work){.job = gradient_job, .model = model, .memory = memory, .batch = batch, .seed = seed, .step = step};
    team_run(team);
    return team->work.loss;
}

SeqrtLoss seqrt_team_forward(SeqrtTeam *team, const SeqrtModel *model, void *memory, const SeqrtBatch *batch, void *out)
{
    if (!team || !model->forward_shared)
        return model->forward(memory, batch, out);
    team->work = (Work){.job = forward_job, .model = model, .memory = memory, .batch = batch, .out = out};
    team_run(team);
    return team->work.loss;
}

double seqrt_team_update(SeqrtTeam *team, const SeqrtModel *model, void *memory, const SeqrtUpdate *update)
{
    if (!team)
        return model->update(memory, update, NULL);
    team->work = (Work){.job = update_job, .model = model, .memory = memory, .update = update};
    team_run(team);
    return team->work.norm;
}
