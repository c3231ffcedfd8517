/* embedding_lower.c: torch.nn.Embedding.
 *   (1) y_r = W[token_r]                reverse: dW[token_r] += dy_r, in the order of the rows
 * A row lookup and a scatter-add, never a product. Where a recurrent layer follows and plan_multiplies_vocabulary says so, nothing of this happens: that
 * layer looks up the product of the token's vector and its own weights (recurrent_table_lower.c).
 */
#include "value_lower.h"

/* Only recurrent layers begin final states. */
static bool recurrent_follows(const Graph *graph, const Layer *layer)
{
    return layer->index + 1 < graph->layers_count && graph->layers[layer->index + 1].out.final_states;
}

void embedding_lower(Plan *plan, const Layer *layer)
{
    const SeqrtTensor *weight = graph_find(plan->graph, layer, "weight");
    const Value in = plan->value;
    const int V = weight->shape[0], D = weight->shape[1], Dp = plan_pad(plan, D);
    int table = plan_buffer(plan, BLOCK_PARAM, V, Dp, "[token][P..]", "%s_weight", layer->name);
    Pack *pack = plan_pack(plan, weight, table);
    pack->units = D, pack->inputs = V;
    pack->panel_stride = plan->P, pack->k_stride = Dp, pack->from_j = 1, pack->from_k = D;
    if (recurrent_follows(plan->graph, layer) && plan_multiplies_vocabulary(plan, V, D)) {
        plan->value.vectors = table, plan->value.vector = D;
        return;
    }

    Value out = {.space = SPACE_STEPS, .width = D, .pieces = 1};
    out.piece[0] = value_piece(plan, SPACE_STEPS, D, -1, "embedded tokens", mem_format("%s_y", layer->name));
    Function *f = plan_function(plan, FORM_PLAIN, mem_format("layer %s: rows of the table, by token", layer->name), "%s_forward", layer->name);
    f->cut = CUT_STEPS;
    function_line(f, "gather_rows(%s, %s, %s, %d, %s);", plan_share(plan, f, SPACE_STEPS), plan_first(plan, SPACE_STEPS, "m->tokens", 1), plan_ref(plan, table), Dp,
                  plan_first(plan, SPACE_STEPS, plan_ref(plan, out.piece[0].buffer), Dp));
    plan_forward(plan, f);
    if (plan->stream)
        function_line(plan->stream, "gather_rows(1, %s, %s, %d, %s);", plan_ref(plan, in.piece[0].stream), plan_ref(plan, table), Dp,
                      plan_ref(plan, out.piece[0].stream));
    if (!plan->infer_only) {
        Function *b = plan_function(plan, FORM_PLAIN, mem_format("layer %s: gradients added to their tokens' rows", layer->name), "%s_backward", layer->name);
        plan->together = true;
        function_line(b, "scatter_slots(s, m->total, m->tokens, %s, %d, 1, %d, %d, %s);", plan_ref(plan, out.piece[0].grad), Dp, Dp, Dp, plan_grad_ref(plan, table));
        plan_backward(plan, b);
    }
    plan->value = out;
}
