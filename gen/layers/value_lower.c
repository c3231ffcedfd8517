/* value_lower.c: values between layers. See value_lower.h. */
#include "value_lower.h"

#include <string.h>

Piece value_piece(Plan *plan, Space space, int width, int stream, const char *comment, const char *name)
{
    Piece piece = {.grad = -1, .stream = stream, .width = width, .stride = plan_pad(plan, width)};
    piece.buffer = plan_buffer(plan, BLOCK_FORWARD, plan_rows(plan, space), piece.stride, comment, "%s", name);
    if (!plan->infer_only)
        piece.grad = plan_buffer(plan, BLOCK_BACKWARD, plan_rows(plan, space), piece.stride, "its gradient", "%s_grad", name);
    if (plan->stream && stream < 0)
        piece.stream = plan_buffer(plan, BLOCK_STREAM, 1, piece.stride, comment, "%s", name);
    return piece;
}

Value value_like(Plan *plan, const char *name, const char *comment)
{
    Value out = plan->value;
    out.tokens = false;
    for (int i = 0; i < out.pieces; i++) {
        char *piece_name = mem_format(i ? "%s_y%d" : "%s_y", name, i);
        out.piece[i] = value_piece(plan, out.space, plan->value.piece[i].width, -1, comment, piece_name);
    }
    return out;
}

const char *fused_activation(const Graph *graph, const Layer *layer)
{
    if (strcmp(layer->kind->name, "linear") != 0 || layer->index + 1 >= graph->layers_count)
        return NULL;
    const char *next = graph->layers[layer->index + 1].kind->name;
    static const char *const FUSED[] = {"relu", "tanh", "sigmoid"};
    for (int i = 0; i < 3; i++)
        if (strcmp(next, FUSED[i]) == 0)
            return FUSED[i];
    return NULL;
}
