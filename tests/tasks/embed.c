/* embed.c: a program of the user's own that reads data and weights and runs a model, and trains one, with the runtime
 * alone: no command line, no trainer.
 *
 * Takes: embed WEIGHTS DATA, and a.h of runtime.tcl's spec (chars -> 3 classes).
 * Gives: the class of each sequence, a line, as the trainer's `predict` chooses it; then trains a few steps, and saves.
 */
#include <stdio.h>

#include "a.h"
#include "seqrt.h"
#include "seqrt_data.h"

static a_Model model;

static int stop(const char *why)
{
    fprintf(stderr, "embed: %s\n", why);
    return 1;
}

static int best_of(const a_Real out[A_OUTPUTS])
{
    int best = 0;
    for (int i = 1; i < A_OUTPUTS; i++)
        best = out[i] > out[best] ? i : best;
    return best;
}

static void predict(SeqrtLoader *loader)
{
    a_Real out[A_B][A_OUTPUTS];
    SeqrtBatch batch;
    for (int i = 0; i < seqrt_loader_batches(loader); i++) {
        seqrt_loader_get(loader, i, &batch, NULL);
        a_forward(&model, batch.rows, batch.lengths, batch.tokens, &out[0][0]);
        for (int r = 0; r < batch.rows; r++)
            printf("%s\n", a_seqrt.task->classes[best_of(out[r])]);
    }
}

/* Three epochs in an order drawn from a seed; whether the loss fell */
static int train(SeqrtLoader *loader)
{
    double losses[3] = {0, 0, 0};
    SeqrtBatch batch;
    a_init_weights(&model, 5);
    for (int epoch = 0; epoch < 3; epoch++) {
        seqrt_loader_epoch(loader, 5, epoch, true);
        for (int i = 0; i < seqrt_loader_batches(loader); i++) {
            seqrt_loader_get(loader, i, &batch, NULL);
            losses[epoch] += a_train_step(&model, batch.rows, batch.lengths, batch.tokens, batch.labels);
        }
    }
    return losses[2] < losses[0];
}

int main(int argc, char **argv)
{
    char why[300];
    SeqrtError error;
    if (argc != 3)
        return stop("expected WEIGHTS DATA");
    a_init(&model);
    if (!a_load(&model, argv[1], why, sizeof why))
        return stop(why);
    SeqrtDataset *data = seqrt_dataset_read(a_seqrt.task, argv[2], true, &error);
    if (!data)
        return stop(error.text);
    SeqrtPart part = seqrt_part_whole(data);
    SeqrtLoader *loader = seqrt_loader_new(&a_seqrt, data, &part);
    predict(loader);
    const int fell = train(loader);
    seqrt_loader_free(loader);
    seqrt_part_free(&part);
    seqrt_dataset_free(data);
    if (!fell)
        return stop("the loss did not fall");
    return a_save(&model, "trained.safetensors", why, sizeof why) ? 0 : stop(why);
}
