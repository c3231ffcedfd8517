/* trainer.c: the model as seqrt sees it: the task's facts, the table of functions, main. */
#include <stdlib.h>

#include "parts.h"

static void field(Emitter *e, const char *name, char *value)
{
    stream_op(e->stream, "sg_field", name, value, NULL);
    free(value);
}

static void doubles(Emitter *e, const char *name, const double *items, int count)
{
    if (count == 0 || !items)
        return;
    char *n = stream_int(count);
    stream_op(e->stream, "sg_doubles_begin", name, n, NULL);
    for (int i = 0; i < count; i++) {
        char *item = stream_real(items[i]);
        stream_op(e->stream, "sg_item", item, NULL);
        free(item);
    }
    stream_op(e->stream, "sg_list_end", NULL);
    free(n);
}

static void list_field(Emitter *e, const char *name, bool present)
{
    if (present)
        field(e, name, mem_format("task_%s", name));
}

static void task_lists(Emitter *e)
{
    const SeqrtTask *t = &e->spec->task;
    emit_strings(e, "sg_strings_begin", "task_input_columns", t->input_columns, t->input_columns_count);
    emit_strings(e, "sg_strings_begin", "task_target_columns", t->target_columns, t->target_columns_count);
    doubles(e, "task_input_shift", t->input_shift, t->features);
    doubles(e, "task_input_scale", t->input_scale, t->features);
    doubles(e, "task_target_shift", t->target_shift, t->target_columns_count);
    doubles(e, "task_target_scale", t->target_scale, t->target_columns_count);
}

static const char *const INPUTS[] = {"SEQRT_CHARS", "SEQRT_BYTES", "SEQRT_WORDS", "SEQRT_ROWS", "SEQRT_SHAPED", "SEQRT_TEXT"};
static const char *const TARGETS[] = {"SEQRT_CLASS", "SEQRT_VALUE", "SEQRT_TAG", "SEQRT_NEXT", "SEQRT_FORECAST", "SEQRT_SIGNAL"};
static const char *const LOSSES[] = {"SEQRT_CROSS_ENTROPY", "SEQRT_MSE", "SEQRT_MAE", "SEQRT_HUBER", "SEQRT_BCE"};

static void optional_string(Emitter *e, const char *name, const char *value)
{
    if (value)
        field(e, name, stream_string(value));
}

static void optional_int(Emitter *e, const char *name, long long value)
{
    if (value)
        field(e, name, stream_int(value));
}

static void task(Emitter *e)
{
    const SeqrtTask *t = &e->spec->task;
    stream_op(e->stream, "sg_title", "the task: from raw text and numbers to batches, and back", NULL);
    task_lists(e);
    stream_op(e->stream, "sg_table_begin", "SeqrtTask", "seqrt_task", NULL);
    field(e, "name", stream_string(t->name));
    field(e, "input", mem_copy(INPUTS[t->input]));
    field(e, "target", mem_copy(TARGETS[t->target]));
    field(e, "loss", mem_copy(LOSSES[t->loss]));
    optional_string(e, "train_path", t->train_path);
    optional_string(e, "valid_path", t->valid_path);
    optional_string(e, "test_path", t->test_path);
    field(e, "valid_fraction", stream_real(t->valid_fraction));
    field(e, "seed", mem_format("%lluu", (unsigned long long)t->seed));
    optional_string(e, "text_column", t->text_column);
    optional_int(e, "vocab_count", t->vocab_count);
    if (t->vocab_count)
        field(e, "vocab", mem_format("%s_vocabulary", e->spec->name));
    if (t->lowercase)
        field(e, "lowercase", mem_copy("true"));
    optional_int(e, "features", t->features);
    optional_int(e, "input_columns_count", t->input_columns_count);
    list_field(e, "input_columns", t->input_columns_count > 0);
    list_field(e, "input_shift", t->input_shift && t->features > 0);
    list_field(e, "input_scale", t->input_scale && t->features > 0);
    optional_string(e, "sequence_column", t->sequence_column);
    optional_int(e, "target_columns_count", t->target_columns_count);
    list_field(e, "target_columns", t->target_columns_count > 0);
    optional_int(e, "classes_count", t->classes_count);
    if (t->classes_count)
        field(e, "classes", mem_format("%s_classes", e->spec->name));
    list_field(e, "target_shift", t->target_shift && t->target_columns_count > 0);
    list_field(e, "target_scale", t->target_scale && t->target_columns_count > 0);
    optional_int(e, "horizon", t->horizon);
    field(e, "max_length", stream_int(t->max_length));
    if (t->too_long_error)
        field(e, "too_long_error", mem_copy("true"));
    optional_int(e, "window_length", t->window_length);
    optional_int(e, "window_stride", t->window_stride);
    if (t->carry_state)
        field(e, "carry_state", mem_copy("true"));
    field(e, "outputs", stream_int(t->outputs));
    stream_op(e->stream, "sg_list_end", NULL);
}

static void tensors(Emitter *e)
{
    static const char *const INITS[] = {"SEQRT_INIT_UNIFORM", "SEQRT_INIT_NORMAL", "SEQRT_INIT_CONSTANT"};
    stream_op(e->stream, "sg_seqrt_tensors_begin", NULL);
    for (int i = 0; i < e->graph->tensors_count; i++) {
        const SeqrtTensor *t = &e->graph->tensors[i];
        char *name = stream_string(t->name), *rank = stream_int(t->rank), *rows = stream_int(t->shape[0]), *cols = stream_int(t->shape[1]);
        char *member = emit_member(t->name), *scale = stream_real(t->init_scale);
        stream_op(e->stream, "sg_seqrt_tensor", name, rank, rows, cols, member, INITS[t->init], scale, NULL);
        free(name), free(rank), free(rows), free(cols), free(member), free(scale);
    }
    stream_op(e->stream, "sg_list_end", NULL);
}

static void carried(Emitter *e)
{
    const Plan *plan = e->plan;
    for (int set = 0; set < 2; set++) {
        stream_op(e->stream, set ? "sg_state_set_begin" : "sg_state_get_begin", NULL);
        for (int i = 0; i < plan->buffers_count; i++) {
            const Buffer *b = &plan->buffers[i];
            if (!b->carried)
                continue;
            char *ref = plan_ref(plan, i), *count = stream_int((long long)(b->rows * b->stride));
            stream_op(e->stream, set ? "sg_state_set" : "sg_state_get", ref, count, NULL);
            free(ref), free(count);
        }
        stream_op(e->stream, set ? "sg_state_set_end" : "sg_state_get_end", NULL);
    }
}

static void session(Emitter *e)
{
    const bool values = seqrt_is_numbers(e->spec->task.target);
    stream_op(e->stream, "sg_adapters", e->graph->in.tokens ? "tokens" : "x", values ? "y" : "labels", NULL);
    stream_op(e->stream, "sg_blocks_begin", NULL);
    for (int i = 0; i < e->facts.slots_count; i++) {
        char *slot = stream_int(i);
        stream_op(e->stream, "sg_block_slot", slot, NULL);
        free(slot);
    }
    stream_op(e->stream, "sg_blocks_end", NULL);
    const bool carries = emit_carries(e->plan);
    if (carries)
        carried(e);
    stream_op(e->stream, "sg_session_blocks", carries ? "carry" : "", NULL);
    stream_op(e->stream, carries ? "sg_session_reset_carry" : "sg_session_reset_nothing", NULL);
    if (e->plan->stream)
        stream_op(e->stream, "sg_session_stream", e->graph->in.tokens ? "token" : "x", e->graph->in.tokens ? "x" : "token", NULL);
}

/* NULL at their end among them */
static int summary_lines(const char *const *summary)
{
    int count = 0;
    while (summary[count])
        count++;
    return count + 1;
}

static void table(Emitter *e)
{
    const SeqrtModel *m = &e->facts;
    stream_op(e->stream, "sg_model_table_begin", NULL);
    field(e, "contract", stream_int(SEQRT_CONTRACT));
    field(e, "generator", stream_string(m->generator));
    field(e, "spec_hash", stream_string(m->spec_hash));
    field(e, "model_hash", stream_string(m->model_hash));
    field(e, "task", mem_copy("&seqrt_task"));
    field(e, "real_bytes", mem_copy("sizeof(Real)"));
    field(e, "B", mem_copy("B"));
    field(e, "T", mem_copy("T"));
    field(e, "tensors_count", stream_int(m->tensors_count));
    field(e, "tensors", mem_copy("seqrt_tensors"));
    field(e, "weights_count", mem_copy("sizeof(Weights) / sizeof(Real)"));
    field(e, "state_count", stream_int((long long)m->state_count));
    field(e, "slots_count", stream_int(m->slots_count));
    if (m->slots_count > 0)
        field(e, "slot_names", mem_copy("seqrt_slots"));
    field(e, "model_bytes", mem_copy("sizeof(Session)"));
    field(e, "epochs", stream_int(m->epochs));
    field(e, "patience", stream_int(m->patience));
    field(e, "seed", mem_format("%lluu", (unsigned long long)m->seed));
    field(e, "lr", stream_real(m->lr));
    field(e, "per_step", mem_copy(m->per_step ? "true" : "false"));
    field(e, "can_share", mem_copy("true"));
    field(e, "can_stream", mem_copy(e->plan->stream ? "true" : "false"));
    field(e, "macs_step", stream_real(m->macs_step));
    field(e, "flops_train_step", stream_real(m->flops_train_step));
    field(e, "summary", mem_copy("seqrt_summary"));
    static const char *const FUNCTIONS[] = {"init", "set", "get", "forward", "gradient", "update", "reset"};
    for (int i = 0; i < 7; i++)
        field(e, FUNCTIONS[i], mem_format("%s_session", FUNCTIONS[i]));
    field(e, "forward_shared", mem_copy("forward_shared"));
    if (e->plan->stream) {
        field(e, "reset_step", mem_copy("reset_step_session"));
        field(e, "step", mem_copy("step_session"));
    }
    stream_op(e->stream, "sg_list_end", NULL);
}

void emit_trainer(Emitter *e)
{
    task(e);
    tensors(e);
    emit_strings(e, "sg_strings_begin", "seqrt_slots", e->facts.slot_names, e->facts.slots_count);
    emit_strings(e, "sg_strings_begin", "seqrt_summary", e->facts.summary, summary_lines(e->facts.summary));
    session(e);
    table(e);
    stream_op(e->stream, "sg_main", NULL);
}
