/* header.c: model.h: sizes, structs, functions. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"

char *emit_member(const char *tensor_name)
{
    char *name = mem_copy(tensor_name);
    for (char *p = name; *p; p++)
        if (*p == '.')
            *p = '_';
    return name;
}

static void size(Emitter *e, const char *name, long long value, const char *comment)
{
    char *text = stream_int(value);
    stream_op(e->stream, "sg_enum_member", name, text, comment, NULL);
    free(text);
}

static void sizes(Emitter *e)
{
    stream_op(e->stream, "sg_enum_begin", NULL);
    size(e, "T", e->graph->T, "longest sequence, steps");
    size(e, "B", e->graph->B, "largest batch, sequences");
    if (e->graph->in.tokens)
        size(e, "VOCABULARY", e->graph->in.width, "tokens: 0 padding, 1 unknown, then the entries");
    else
        size(e, "FEATURES", e->graph->in.width, "numbers of a step");
    size(e, "OUTPUTS", e->graph->outputs, e->graph->out.steps ? "outputs of a step" : "outputs of a sequence");
    if (!e->plan->infer_only) {
        size(e, "PARAMETERS", e->graph->weights_count, "numbers in the Weights below");
        size(e, "TENSORS", e->graph->tensors_count, "entries of the table of tensors");
    }
    stream_op(e->stream, "sg_enum_end", NULL);
}

static void weights(Emitter *e)
{
    stream_op(e->stream, "sg_struct_begin", "The weights as PyTorch shapes them", "Weights", NULL);
    for (int i = 0; i < e->graph->tensors_count; i++) {
        const SeqrtTensor *t = &e->graph->tensors[i];
        char *member = emit_member(t->name), *rows = stream_int(t->shape[0]), *cols = stream_int(t->shape[1]);
        if (t->rank == 1)
            stream_op(e->stream, "sg_weight1", member, rows, t->name, NULL);
        else
            stream_op(e->stream, "sg_weight2", member, rows, cols, t->name, NULL);
        free(member), free(rows), free(cols);
    }
    stream_op(e->stream, "sg_struct_end", "Weights", NULL);
}

static void member(Emitter *e, const Buffer *b)
{
    static const char *const array[] = {[ELEMENT_REAL] = "sg_reals", [ELEMENT_INT32] = "sg_ints", [ELEMENT_INT64] = "sg_wides", [ELEMENT_DOUBLE] = "sg_doubles"};
    char *count = stream_int(b->bytes / plan_element_bytes(e->plan, b->element)), *comment = stream_comment(b->comment);
    char *shape = b->rows > 1 ? mem_format("[%lld][%lld] %s", (long long)b->rows, (long long)b->stride, comment) : mem_format("[%lld] %s", (long long)b->stride, comment);
    stream_op(e->stream, array[b->element], b->name, count, shape, NULL);
    free(count), free(comment), free(shape);
}

static void members(Emitter *e, Block block)
{
    for (int i = 0; i < e->plan->buffers_count; i++)
        if (e->plan->buffers[i].block == block && !e->plan->buffers[i].unread)
            member(e, &e->plan->buffers[i]);
}

static bool has_block(const Emitter *e, Block block) { return e->plan->block_bytes[block] > 0; }

void emit_packed_structs(Emitter *e)
{
    const bool derived = has_block(e, BLOCK_DERIVED);
    if (has_block(e, BLOCK_PARAM) || !e->plan->infer_only) {
        stream_op(e->stream, "sg_struct_begin", "The weights as the kernels read them: units in panels, padded with zeros to whole vectors", "Packed", NULL);
        members(e, BLOCK_PARAM);
        stream_op(e->stream, "sg_struct_end", "Packed", NULL);
    }
    if (derived) {
        stream_op(e->stream, "sg_struct_begin", e->plan->infer_only ? "Sums and copies of weights" : "What follows from the weights, made anew when they change", "Derived", NULL);
        members(e, BLOCK_DERIVED);
        stream_op(e->stream, "sg_struct_end", "Derived", NULL);
    }
}

static void model(Emitter *e)
{
    const bool derived = has_block(e, BLOCK_DERIVED) && !e->plan->infer_only;
    if (!e->plan->infer_only)
        emit_packed_structs(e);
    stream_op(e->stream, "sg_struct_begin", e->plan->infer_only ? "The memory of a batch; the weights are constants" : "The model: weights, and the memory of a batch", "Model", NULL);
    stream_op(e->stream, e->plan->infer_only ? "sg_model_head_infer" : "sg_model_head", NULL);
    if (!e->plan->infer_only) {
        stream_op(e->stream, "sg_packed_member", "w", "weights", NULL);
        stream_op(e->stream, "sg_packed_member", "g", "their gradients", NULL);
        for (int i = 0; i < e->facts.slots_count; i++) {
            char *name = mem_format("s%d", i), *comment = mem_format("optimiser: %s", e->facts.slot_names[i]);
            stream_op(e->stream, "sg_packed_member", name, comment, NULL);
            free(name), free(comment);
        }
    }
    if (derived)
        stream_op(e->stream, "sg_derived_member", "d", "derived", NULL);
    for (Block b = BLOCK_BATCH; b < BLOCK_STREAM; b++)
        members(e, b);
    stream_op(e->stream, "sg_struct_end", "Model", NULL);
}

static void streaming(Emitter *e)
{
    stream_op(e->stream, "sg_struct_begin", "The state of one sequence fed step by step", "State", NULL);
    stream_op(e->stream, "sg_wides", "steps", "8", "[0]: steps so far", NULL);
    members(e, BLOCK_STREAM);
    stream_op(e->stream, "sg_struct_end", "State", NULL);
}

/* A type as model.h names it: there is no Real outside model.c. */
static const char *public_type(const char *type) { return strcmp(type, "Real") == 0 ? "sg_id(Real)" : type; }

static void functions(Emitter *e)
{
    const char *input_type = public_type(e->input_type), *target_type = public_type(e->target_type);
    const Graph *g = e->graph;
    const bool steps = g->out.steps, tokens = g->in.tokens;
    const SeqrtTarget target = e->spec->task.target;
    const char *in_scaled = e->spec->task.input_shift ? ", normalised" : "", *out_scaled = e->spec->task.target_shift ? ", normalised" : "";
    char *input = tokens ? mem_format("[rows][%d] tokens", g->T) : mem_format("[rows][%d][%d] features%s", g->T, g->in.width, in_scaled);
    char *output = steps ? mem_format("[rows][%d][%d]%s, zero past a row's length", g->T, g->outputs, out_scaled) : mem_format("[rows][%d]%s", g->outputs, out_scaled);
    char *lr = stream_real(e->facts.lr);
    stream_op(e->stream, "sg_header_init", lr, NULL);
    if (!e->plan->infer_only)
        stream_op(e->stream, "sg_header_weights", NULL);
    stream_op(e->stream, "sg_header_forward", input, output, input_type, NULL);
    if (!e->plan->infer_only) {
        char *shape = steps ? mem_format("[rows][%d]", g->T) : mem_copy("[rows]");
        char *what = seqrt_is_numbers(target) ? mem_format("%s[%d] values%s", shape, g->outputs, out_scaled) : mem_format("%s classes", shape);
        stream_op(e->stream, "sg_header_train", input_type, what, target_type, NULL);
        free(shape), free(what);
    }
    if (e->plan->stream)
        stream_op(e->stream, "sg_header_stream", tokens ? "a token" : e->spec->task.input_shift ? "the features of a step, normalised," : "the features of a step", tokens ? "int32_t token" : mem_format("const %s *features", input_type),
                  mem_format("%s%s", out_scaled, steps ? "" : ", as if the sequence ended here"),
                  e->plan->infer_only ? "`m` is never looked at and may be NULL: a program that only streams needs no model." : "The model's weights are only read.",
                  tokens ? "" : "\n * features and output may be the same array: features are copied first.", NULL);
    if (e->plan->carry)
        stream_op(e->stream, "sg_header_carry", NULL);
    free(input), free(output), free(lr);
}

void emit_header(Emitter *e)
{
    char *top = stream_comment(mem_format("a %s model of %lld parameters, generated by %s", e->spec->codegen.real_bytes == 4 ? "float" : "double",
                                          (long long)e->graph->weights_count, e->facts.generator));
    stream_op(e->stream, "sg_header_top", top, e->plan->stream ? "" : e->graph->no_stream, NULL);
    sizes(e);
    emit_meaning_declared(e);
    if (!e->plan->infer_only) {
        weights(e);
        stream_op(e->stream, "sg_header_tensor", NULL);
    }
    model(e);
    if (e->plan->stream)
        streaming(e);
    functions(e);
    stream_op(e->stream, "sg_header_end", NULL);
    free(top);
}
