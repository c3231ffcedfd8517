/* recurrent_kind.c: what rnn, lstm and gru share: shapes, and tensors in PyTorch's order.
 *
 * Takes: LayerParams. Gives: output shape, weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, then the same with
 * _reverse, then the next layer of the stack. Does not: know the gates' meaning, only their count.
 */
#include <math.h>
#include <stdio.h>

#include "kind_rules.h"

bool recurrent_shape(const LayerSpec *spec, int T, const Shape *in, Shape *out, Diag *diag)
{
    (void)T;
    if (!kind_want_steps(spec, in, diag))
        return false;
    const int directions = spec->p.bidirectional ? 2 : 1;
    *out = (Shape){.steps = true, .width = (int)spec->p.hidden * directions, .directions = directions, .final_states = true};
    return true;
}

/* One layer of the stack in one direction. in: the width it reads. */
static void declare_cell(Graph *graph, Layer *layer, int gates, int l, bool reverse, int64_t in)
{
    const int64_t H = layer->spec->p.hidden;
    const double bound = 1.0 / sqrt((double)H);
    const char *parts[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
    const int64_t cols[] = {in, H, 0, 0};
    for (int i = 0; i < (layer->spec->p.bias ? 4 : 2); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s_l%d%s", parts[i], l, reverse ? "_reverse" : "");
        graph_tensor(graph, layer, name, gates * H, cols[i], SEQRT_INIT_UNIFORM, bound);
    }
}

void recurrent_tensors(Graph *graph, Layer *layer, int gates)
{
    const LayerParams *p = &layer->spec->p;
    const int directions = p->bidirectional ? 2 : 1;
    for (int l = 0; l < p->layers; l++)
        for (int d = 0; d < directions; d++)
            declare_cell(graph, layer, gates, l, d == 1, l == 0 ? layer->in.width : p->hidden * directions);
}
