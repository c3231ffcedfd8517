/* test_graph.c: networks that do not fit together are refused with the layer's name and what would fit; shapes, MACs,
 * slots and carried state of those that do.
 */
#define _GNU_SOURCE
#include "cases.h"

#include <unistd.h>

typedef struct Refusal {
    Case c;
    const char *message, *hint;
} Refusal;

static const Refusal refusals[] = {
    {{"no_pool", "lstm:4 linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0}, "needs one output a sequence, but layer 'linear_1' (linear)", "add last, mean, max or flatten"},
    {{"pooled_tag", "lstm:4 last linear:3", false, SEQRT_TAG, SEQRT_CROSS_ENTROPY, 0, 0}, "needs an output at every step", "leave out last"},
    {{"two_pools", "lstm:4 last mean linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0}, "layer 'mean_2' (mean) needs a value of every step", "before last"},
    {{"cell_on_pooled", "mean gru:3 last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0}, "layer 'gru_1' (gru) needs a value of every step", "before last"},
    {{"embedding_numbers", "embedding:4 gru:3 last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0}, "needs tokens, but what arrives is 3 numbers", "use linear"},
    {{"relu_tokens", "relu last linear:3", true, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0}, "layer 'relu_0' (relu) needs numbers", "embedding"},
    {{"last_tokens", "last linear:3", true, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0}, "layer 'last_0' (last) needs numbers", "embedding"},
    {{"dropout_tokens", "dropout:d0.5 last linear:3", true, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0}, "needs numbers", "embedding"},
    {{"width", "gru:4 last linear:5", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0}, "needs an output of width 3, but layer 'linear_2' (linear) gives 5", "{out: classes}"},
    {{"width_next", "gru:4 linear:6", true, SEQRT_NEXT, SEQRT_CROSS_ENTROPY, 0, 0}, "width 7", "{out: vocab}"},
    {{"width_bce", "gru:4 last linear:2", false, SEQRT_CLASS, SEQRT_BCE, 0, 0}, "width 1", "{out: 1}"},
    {{"width_forecast", "gru:4 last linear:2", false, SEQRT_FORECAST, SEQRT_MSE, 0, 0}, "width 4", "{out: targets}"},
    {{"mse_class", "gru:4 last linear:3", false, SEQRT_CLASS, SEQRT_MSE, 0, 0}, "loss mse does not fit a class target", "accepted: cross_entropy, bce"},
    {{"ce_value", "gru:4 last linear:2", false, SEQRT_VALUE, SEQRT_CROSS_ENTROPY, 0, 0}, "loss cross_entropy does not fit a value target", "accepted: mse"},
    {{"bce_next", "gru:4 linear:1", true, SEQRT_NEXT, SEQRT_BCE, 0, 0}, "loss bce needs 2 classes, but the next target has 7", "cross_entropy"},
    {{"bi_carry", "gru:4,bi linear:7", true, SEQRT_NEXT, SEQRT_CROSS_ENTROPY, 1, 0}, "no state can be carried", "bidirectional: false"},
    {{"too_large", "lstm:50000 last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0}, "layer 'lstm_0' (lstm) the model has 10001000000 parameters", "smaller"},
    {{"largest", "lstm:1000000,l64,bi last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0}, "at most 2147483647", "smaller"},
    {{"flatten_large", "linear:500000000 flatten linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0}, "(flatten) would give a vector of 5 steps x 500000000", "pool"},
    {{"nothing", "last", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0}, "no parameters to train", "add a recurrent layer"},
};

/* What graph_build writes to standard error. */
static char *build_and_listen(const Spec *spec, Graph **graph, Diag *diag)
{
    static char text[4096];
    FILE *file = tmpfile();
    const int old = dup(2);
    fflush(stderr);
    dup2(fileno(file), 2);
    *graph = graph_build(spec, diag);
    fflush(stderr);
    dup2(old, 2);
    close(old);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void check_refusal(const Refusal *r)
{
    Spec *spec = case_spec(&r->c);
    Diag diag = {.path = "spec.yaml"};
    Graph *graph;
    for (int i = 0; i < spec->layers_count; i++)
        spec->layers[i].loc = (Loc){.line = 10 + i, .col = 5};
    const char *text = build_and_listen(spec, &graph, &diag);
    const bool good = !graph && diag.errors > 0 && strstr(text, r->message) && strstr(text, r->hint);
    check(good, "refused", r->c.name, diag.errors, 0);
    if (!good || getenv("VERBOSE"))
        printf("%s", text);
    graph_free(graph);
    spec_release(spec);
}

static void check_facts(const char *layers, bool tokens, bool carry, int64_t macs_step, int64_t macs_pooled, double flops, size_t state)
{
    const Case c = {layers, layers, tokens, carry ? SEQRT_NEXT : SEQRT_CLASS, SEQRT_CROSS_ENTROPY, carry, 0};
    Graph *graph = case_graph(&c);
    const SeqrtModel model = graph_model(graph);
    check(graph->macs_step == macs_step, "MACs a step", layers, (double)graph->macs_step, (double)macs_step);
    check(graph->macs_pooled == macs_pooled, "MACs pooled", layers, (double)graph->macs_pooled, (double)macs_pooled);
    check(model.flops_train_step == flops, "FLOPs", layers, model.flops_train_step, flops);
    check(model.state_count == state, "state", layers, (double)model.state_count, (double)state);
    case_free(graph);
}

static void check_tensors(void)
{
    const Case c = {"t", "lstm:4,l2,bi last linear:3", false, SEQRT_CLASS, SEQRT_CROSS_ENTROPY, 0, 0};
    static const char *const names[] = {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse",
                                        "weight_hh_l0_reverse", "bias_ih_l0_reverse", "bias_hh_l0_reverse", "weight_ih_l1"};
    Graph *graph = case_graph(&c);
    for (int i = 0; i < 9; i++)
        check(graph_find(graph, &graph->layers[0], names[i]) == &graph->tensors[i], "order of tensors", names[i], i, i);
    check(!graph_find(graph, &graph->layers[0], "weight_ih_l2"), "absent tensor", "", 0, 0);
    check(graph->tensors[8].shape[0] == 16 && graph->tensors[8].shape[1] == 8, "width above both directions", "", graph->tensors[8].shape[1], 8);
    size_t offset = 0;
    for (int i = 0; i < graph->tensors_count; i++) {
        check(graph->tensors[i].offset == offset, "offset", graph->tensors[i].name, (double)graph->tensors[i].offset, (double)offset);
        offset += (size_t)graph->tensors[i].shape[0] * (size_t)(graph->tensors[i].rank == 2 ? graph->tensors[i].shape[1] : 1);
    }
    check(offset == (size_t)graph->weights_count, "parameters", "", (double)graph->weights_count, (double)offset);
    check(!graph->can_stream, "both directions do not stream", "", graph->can_stream, 0);
    case_free(graph);
}

int main(void)
{
    const int count = sizeof refusals / sizeof refusals[0];
    for (int k = 0; k < count; k++)
        check_refusal(&refusals[k]);
    /* T 5, B 4, F 3, V 7. lstm on numbers: 4*4*(3+4) = 112, head 12; the 48 on the data need no gradient of their input */
    check_facts("lstm:4 last linear:3", false, false, 112, 12, 2.0 * 4 * (3 * (5 * 112 + 12) - 5 * 48), 0);
    check_facts("lstm:4 last linear:3", true, false, 64, 12, 2.0 * 4 * 3 * (5 * 64 + 12), 0);
    check_facts("embedding:3 gru:4,l2 linear:7", true, true, 3 * 4 * (3 + 4) + 3 * 4 * 8 + 28, 0, 2.0 * 4 * 3 * 5 * (84 + 96 + 28), 4 * 2 * 4);
    check_facts("lstm:4,l2 linear:7", true, true, 64 + 128 + 28, 0, 2.0 * 4 * 3 * 5 * 220, 4 * 2 * 4 * 2);
    check_tensors();
    return report("test_graph", count);
}
