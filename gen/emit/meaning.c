/* meaning.c: what the numbers mean that go in and come out: entries of the vocabulary, classes, units of the data. Declared in model.h, defined in model.c.
 *
 * Takes: the task. Gives: N_vocabulary, N_classes, N_input_shift .. N_target_scale, where there are such. Does not: compute with them; the caller does.
 */
#include <stdlib.h>

#include "parts.h"

static bool is_labelled(const SeqrtTask *task) { return task->target == SEQRT_CLASS || task->target == SEQRT_TAG; }

void emit_meaning_declared(Emitter *e)
{
    const SeqrtTask *task = &e->spec->task;
    char *classes = stream_int(task->classes_count), *columns = stream_int(task->target_columns_count);
    if (task->vocab_count)
        stream_op(e->stream, "sg_header_vocabulary", NULL);
    if (task->input_shift)
        stream_op(e->stream, "sg_header_input_scale", NULL);
    if (is_labelled(task))
        stream_op(e->stream, task->loss == SEQRT_BCE ? "sg_header_two_classes" : "sg_header_classes", classes, NULL);
    else if (task->target == SEQRT_NEXT)
        stream_op(e->stream, "sg_header_next", NULL);
    else if (task->loss == SEQRT_BCE)
        stream_op(e->stream, "sg_header_chances", NULL);
    else if (task->target_shift)
        stream_op(e->stream, "sg_header_target_scale", columns, e->graph->outputs > task->target_columns_count ? mem_format("output i of column i %% %s", columns) : "by output", NULL);
    free(classes), free(columns);
}

void emit_strings(Emitter *e, const char *begin, const char *name, const char *const *items, int count)
{
    if (count == 0 || !items)
        return;
    char *n = stream_int(count);
    stream_op(e->stream, begin, name, n, NULL);
    for (int i = 0; i < count; i++) {
        char *item = stream_string(items[i]);
        stream_op(e->stream, "sg_item", item, NULL);
        free(item);
    }
    stream_op(e->stream, "sg_list_end", NULL);
    free(n);
}

static void scale(Emitter *e, const char *name, const double *values, int count)
{
    if (!values)
        return;
    char *n = stream_int(count);
    stream_op(e->stream, "sg_scale_begin", name, n, NULL);
    emit_numbers(e, values, count);
    stream_op(e->stream, "sg_list_end", NULL);
    free(n);
}

void emit_meaning(Emitter *e)
{
    const SeqrtTask *task = &e->spec->task;
    emit_strings(e, "sg_names_begin", "vocabulary", task->vocab, task->vocab_count);
    emit_strings(e, "sg_names_begin", "classes", task->classes, is_labelled(task) ? task->classes_count : 0);
    scale(e, "input_shift", task->input_shift, task->features);
    scale(e, "input_scale", task->input_scale, task->features);
    scale(e, "target_shift", task->target_shift, task->target_columns_count);
    scale(e, "target_scale", task->target_scale, task->target_columns_count);
}
