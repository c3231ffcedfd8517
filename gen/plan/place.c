/* place.c: every buffer's bytes and offset. Blocks lie behind each other, each buffer on a 64-byte boundary.
 *
 * The generated struct N_Model is this layout; the C asserts that its size is what stands here.
 */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>

enum { ALIGN = 64, HEAD_BYTES = 64 }; /* the head: sg_model_head of the templates, and the steps of a N_State; static assertions in the C compare */
static const int64_t MODEL_BYTES_MAX = (int64_t)1 << 38; /* 256 GiB: beyond it a spec has a mistake */

static bool place(Plan *plan, Buffer *b)
{
    int64_t bytes;
    if (!size_mul(b->rows, b->stride, &bytes) || !size_mul(bytes, plan_element_bytes(plan, b->element), &bytes) ||
        !size_add(bytes, ALIGN - 1, &bytes))
        return false;
    b->bytes = b->unread ? 0 : bytes / ALIGN * ALIGN;
    b->offset = plan->block_bytes[b->block];
    return size_add(plan->block_bytes[b->block], b->bytes, &plan->block_bytes[b->block]);
}

static bool is_read(const Plan *plan, const char *ref)
{
    for (int i = 0; i < plan->functions_count; i++)
        for (int j = 0; j < plan->functions[i]->count; j++) {
            const Statement *s = &plan->functions[i]->statements[j];
            if (text_mentions(s->call ? s->args : s->text, ref))
                return true;
        }
    return false;
}

/* Constants of which only sums or copies are read, such as biases: they would take flash for nothing. */
static void leave_out_unread(Plan *plan)
{
    for (int i = 0; i < plan->buffers_count; i++) {
        Buffer *b = &plan->buffers[i];
        if (b->block != BLOCK_PARAM && b->block != BLOCK_DERIVED)
            continue;
        char *ref = plan_ref(plan, i);
        b->unread = !is_read(plan, ref);
        free(ref);
    }
}

bool plan_place(Plan *plan)
{
    if (plan->infer_only)
        leave_out_unread(plan);
    for (int i = 0; i < plan->buffers_count; i++)
        if (!place(plan, &plan->buffers[i])) {
            fprintf(stderr, "seqgen: error: buffer %s has %lld x %lld numbers, more than any machine holds\n", plan->buffers[i].name,
                    (long long)plan->buffers[i].rows, (long long)plan->buffers[i].stride);
            return false;
        }
    const char *const *names;
    int copies = plan->infer_only ? 0 : 2 + graph_slots(&plan->graph->spec->train.optimizer, &names);
    int64_t total = HEAD_BYTES;
    for (int i = 0; i < BLOCK_COUNT; i++)
        if (i != BLOCK_STREAM && !(plan->infer_only && i == BLOCK_DERIVED) && !size_add(total, i == BLOCK_PARAM ? copies * plan->block_bytes[i] : plan->block_bytes[i], &total))
            return false;
    plan->model_bytes = total;
    plan->state_bytes = plan->stream ? plan->block_bytes[BLOCK_STREAM] + HEAD_BYTES : 0;
    if (total > MODEL_BYTES_MAX) {
        fprintf(stderr, "%s: error: the model would need %.1f GiB of memory (longest sequence %d, batch %d); lower data.max_length or train.batch\n",
                plan->graph->spec->path, (double)total / 1073741824.0, plan->T, plan->B);
        return false;
    }
    return true;
}
