/* test_optimizer.c: optimisers, schedules and clipping against PyTorch's own numbers (optimizer_torch.h). */
#include "check.h"

#include <string.h>

#include "interp/optimizer.h"
#include "optimizer_torch.h"

enum { RUNS = sizeof torch_runs / sizeof torch_runs[0] };
static const double limit = 1e-14;

static void check_run(int k)
{
    double w[TORCH_N], slot0[TORCH_N] = {0}, slot1[TORCH_N] = {0}, *slots[] = {slot0, slot1};
    TrainSpec train = {.optimizer = torch_runs[k].optimizer, .clip_norm = torch_runs[k].clip_norm};
    train.schedule = (ScheduleSpec){.kind = torch_runs[k].schedule, .every = 2, .gamma = 0.9, .min_lr = 0.01};
    if (train.schedule.kind == SCHEDULE_STEP)
        train.schedule.gamma = 0.5;
    memcpy(w, torch_start, sizeof w);
    for (int s = 0; s < TORCH_STEPS; s++) {
        const SeqrtUpdate u = {.step = (uint64_t)s, .epoch = s, .epochs = TORCH_STEPS, .lr = train.optimizer.lr};
        double norm = 0;
        for (int i = 0; i < TORCH_N; i++)
            norm += torch_gradients[s][i] * torch_gradients[s][i];
        const double found = optimizer_update(&train, &u, TORCH_N, w, torch_gradients[s], slots);
        check(fabs(found - sqrt(norm)) <= limit * found, "norm", "", found, sqrt(norm));
    }
    char name[64];
    snprintf(name, sizeof name, "run %d, optimizer %d", k, (int)train.optimizer.kind);
    const double far = distance(TORCH_N, w, torch_runs[k].weights);
    check(far <= limit, "weights after 6 steps", name, far, limit);
}

/* The parts of the schedules that PyTorch has no single scheduler for. */
static void check_warmup(void)
{
    const ScheduleSpec cosine = {.kind = SCHEDULE_COSINE, .warmup = 4, .min_lr = 0.1};
    const double pi = acos(-1.0);
    const double expected[] = {0.5, 1.0, 1.5, 2.0, 2.0, 0.1 + 1.9 * (1 + cos(pi / 6)) / 2};
    for (int e = 0; e < 6; e++) {
        const double found = optimizer_rate(&cosine, 2.0, e, 10);
        check(fabs(found - expected[e]) <= limit, "cosine with warmup", "", found, expected[e]);
    }
    const ScheduleSpec all = {.kind = SCHEDULE_COSINE, .warmup = 3};
    check(optimizer_rate(&all, 2.0, 2, 3) == 2.0, "warmup to the end", "", optimizer_rate(&all, 2.0, 2, 3), 2.0);
}

int main(void)
{
    for (int k = 0; k < RUNS; k++)
        check_run(k);
    check_warmup();
    return report("test_optimizer", RUNS);
}
