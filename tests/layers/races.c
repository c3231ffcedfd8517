/* races.c: a team trains and evaluates one generated model, under ThreadSanitizer.
 *
 * Takes: cc -fsanitize=thread -DSEQGEN_NO_MAIN races.c m.c, the model's spec being named `model`; how many threads. Gives: exit 0; what TSan says of
 * threads that read what another may be writing goes to standard error, and then its exit code is 66. Does not: look at the numbers (threads.tcl).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seqrt.h"

extern const SeqrtModel model_seqrt;
enum { THREADS_MAX = 8, STEPS = 2 };

/* Zeros serve as tokens, as numbers, as classes. */
static void *memory, *zeros, *out;
static int32_t *lengths;
static int count;
static atomic_int arrived;
static atomic_uint meeting;

static void meet(void *team)
{
    (void)team;
    const unsigned now = atomic_load(&meeting);
    if (atomic_fetch_add(&arrived, 1) + 1 == count) {
        atomic_store(&arrived, 0);
        atomic_fetch_add(&meeting, 1);
    }
    while (atomic_load(&meeting) == now)
        continue;
}

static void *member(void *of)
{
    const SeqrtModel *m = &model_seqrt;
    const SeqrtThread thread = {(int)(intptr_t)of, count, meet, NULL};
    const SeqrtBatch batch = {.rows = m->B, .lengths = lengths, .tokens = zeros, .x = zeros, .labels = zeros, .y = zeros};
    for (uint64_t step = 0; step < STEPS; step++) {
        m->gradient(memory, &batch, 1, step, &thread);
        meet(NULL);
        m->update(memory, &(SeqrtUpdate){.step = step, .epochs = 1, .lr = 0.1}, &thread);
        meet(NULL);
        m->forward_shared(memory, &batch, out, &thread);
        meet(NULL);
    }
    return NULL;
}

static void *zeroed(size_t bytes)
{
    const size_t rounded = (bytes + 63) / 64 * 64;
    void *p = aligned_alloc(64, rounded);
    if (!p)
        abort();
    return memset(p, 0, rounded);
}

int main(int argc, char **argv)
{
    const SeqrtModel *m = &model_seqrt;
    const size_t rows = (size_t)m->B * (size_t)m->T, width = (size_t)m->task->features + (size_t)m->task->outputs + 1;
    pthread_t threads[THREADS_MAX];
    count = argc > 1 ? atoi(argv[1]) : 2;
    if (count < 1 || count > THREADS_MAX || !m->can_share)
        return 2;
    memory = zeroed(m->model_bytes);
    zeros = zeroed(rows * width * sizeof(double));
    out = zeroed(rows * width * sizeof(double));
    lengths = zeroed((size_t)m->B * sizeof *lengths);
    for (int b = 0; b < m->B; b++)
        lengths[b] = 1 + b * 7 % m->T;
    m->init(memory);
    for (intptr_t i = 1; i < count; i++)
        if (pthread_create(&threads[i], NULL, member, (void *)i) != 0)
            abort();
    member(NULL);
    for (int i = 1; i < count; i++)
        pthread_join(threads[i], NULL);
    free(memory), free(zeros), free(out), free(lengths);
    return 0;
}
