/* stored.c: --emit infer: the weights as constants of the C file, laid out as the kernels read them.
 *
 * Takes: weights in PyTorch's layout. Gives: `weights`, and as `derived` sums of biases and copies in a second layout. A target with
 * flash keeps both there; the model's struct holds activations alone.
 */
#include <stdlib.h>
#include <string.h>

#include "parts.h"

static double *packed_values(const Emitter *e, int buffer)
{
    const Plan *plan = e->plan;
    const Buffer *b = &plan->buffers[buffer];
    double *values = mem_alloc(sizeof *values * (size_t)(b->rows * b->stride));
    for (int i = 0; i < plan->packs_count; i++) {
        const Pack *p = &plan->packs[i];
        const double *from = e->weights + e->graph->tensors[p->tensor].offset;
        for (int q = 0; q < p->gates && p->buffer == buffer; q++)
            for (int j = 0; j < p->units; j++)
                for (int k = 0; k < p->inputs; k++)
                    values[p->to + j / plan->P * p->panel_stride + k * p->k_stride + p->slot[q] * (p->apart ? p->apart : plan->P) + j % plan->P] =
                        from[q * p->from_q + (p->first + j) * p->from_j + k * p->from_k] * (p->slot[q] + 1 == p->twice ? 2 : 1);
    }
    return values;
}

/* A sum of others, or a copy in another layout */
static double *derived_values(const Emitter *e, int buffer)
{
    for (int i = 0; i < e->plan->sums_count; i++) {
        const Sum *s = &e->plan->sums[i];
        if (s->sum != buffer)
            continue;
        double *a = packed_values(e, s->a), *b = packed_values(e, s->b);
        for (int j = 0; j < s->count; j++)
            a[j] = e->spec->codegen.real_bytes == 4 ? (double)((float)a[j] + (float)b[j]) : a[j] + b[j];
        free(b);
        return a;
    }
    return packed_values(e, buffer);
}

/* %.9g leaves out the point of 3.0; with an f behind it that is no C. */
static void add_number(Text *line, int real_bytes, bool comma, double value)
{
    char *text = mem_format(real_bytes == 4 ? "%.9g" : "%.17g", value);
    text_add(line, "%s%s%s%s", comma ? ", " : "", text, strpbrk(text, ".e") ? "" : ".0", real_bytes == 4 ? "f" : "");
    free(text);
}

void emit_numbers(Emitter *e, const double *values, int64_t count)
{
    enum { A_LINE = 8 };
    for (int64_t i = 0; i < count; i += A_LINE) {
        Text line = {0};
        for (int64_t j = i; j < count && j < i + A_LINE; j++)
            add_number(&line, e->spec->codegen.real_bytes, j > i, values[j]);
        stream_op(e->stream, "sg_item", line.data, NULL);
        free(line.data);
    }
}

static void block(Emitter *e, Block which, const char *type, const char *name)
{
    const Plan *plan = e->plan;
    if (plan->block_bytes[which] == 0)
        return;
    stream_op(e->stream, "sg_stored_begin", type, name, NULL);
    for (int i = 0; i < plan->buffers_count; i++) {
        const Buffer *b = &plan->buffers[i];
        if (b->block != which || b->unread)
            continue;
        double *values = which == BLOCK_PARAM ? packed_values(e, i) : derived_values(e, i);
        stream_op(e->stream, "sg_stored_member", b->name, NULL);
        emit_numbers(e, values, b->rows * b->stride);
        stream_op(e->stream, "sg_stored_member_end", NULL);
        free(values);
    }
    stream_op(e->stream, "sg_list_end", NULL);
}

void emit_stored(Emitter *e)
{
    stream_op(e->stream, "sg_title", "weights", NULL);
    emit_packed_structs(e);
    block(e, BLOCK_PARAM, "Packed", "weights");
    block(e, BLOCK_DERIVED, "Derived", "derived");
}
