/* graph.c: builds the rolled network from a Spec and checks that it fits together.
 *
 * Takes: a complete Spec. Gives: Graph, or errors with the layer's place. Does not: know any kind's mathematics.
 */
#include "graph.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"

/* ---- tensors ---- */

static int64_t sum_or_max(int64_t a, int64_t b)
{
    int64_t sum;
    return size_add(a, b, &sum) ? sum : INT64_MAX;
}

static int64_t product_or_max(int64_t a, int64_t b)
{
    int64_t product;
    return size_mul(a, b, &product) ? product : INT64_MAX;
}

/* A size out of range is clamped here and refused by check_size, which knows the layer's place. */
void graph_tensor(Graph *graph, Layer *layer, const char *name, int64_t rows, int64_t cols, SeqrtInit init, double scale)
{
    const size_t count = (size_t)graph->tensors_count;
    graph->tensors = mem_grow(graph->tensors, count * sizeof *graph->tensors, (count + 1) * sizeof *graph->tensors);
    graph->tensors[count] = (SeqrtTensor){
        .name = mem_format("%s.%s", layer->name, name),
        .rank = cols ? 2 : 1,
        .shape = {rows > INT_MAX ? INT_MAX : (int)rows, cols > INT_MAX ? INT_MAX : (int)cols},
        .offset = (size_t)graph->weights_count,
        .init = init,
        .init_scale = scale,
    };
    graph->weights_count = sum_or_max(graph->weights_count, product_or_max(rows, cols ? cols : 1));
    graph->tensors_count++;
    layer->tensors_count++;
}

const SeqrtTensor *graph_find(const Graph *graph, const Layer *layer, const char *name)
{
    const size_t prefix = strlen(layer->name) + 1;
    for (int i = layer->first_tensor; i < layer->first_tensor + layer->tensors_count; i++)
        if (strcmp(graph->tensors[i].name + prefix, name) == 0)
            return &graph->tensors[i];
    return NULL;
}

static bool check_size(const Graph *graph, const Layer *layer, Diag *diag)
{
    if (graph->weights_count <= INT32_MAX)
        return true;
    diag_error(diag, layer->spec->loc, "make hidden, layers, dim or out smaller",
               "with layer '%s' (%s) the model has %lld parameters; at most 2147483647 are possible",
               layer->name, layer->kind->name, (long long)graph->weights_count);
    return false;
}

/* ---- layers ---- */

static Shape input_shape(const SeqrtTask *task)
{
    const bool tokens = task->vocab_count > 0;
    return (Shape){.tokens = tokens, .steps = true, .width = tokens ? task->vocab_count : task->features, .directions = 1};
}

static bool add_layer(Graph *graph, const LayerSpec *spec, const Shape *in, Diag *diag)
{
    Layer *layer = &graph->layers[graph->layers_count];
    *layer = (Layer){.kind = spec->kind, .spec = spec, .name = spec->name, .index = graph->layers_count, .in = *in};
    layer->first_tensor = graph->tensors_count;
    if (!spec->kind->shape(spec, graph->T, in, &layer->out, diag))
        return false;
    graph->layers_count++;
    if (spec->kind->tensors)
        spec->kind->tensors(graph, layer);
    return check_size(graph, layer, diag);
}

/* A later layer's shape depends on this one's, so the first error ends the chain. */
static bool add_layers(Graph *graph, const Spec *spec, Diag *diag)
{
    graph->in = graph->out = input_shape(&spec->task);
    graph->layers = mem_alloc((size_t)spec->layers_count * sizeof *graph->layers);
    for (int i = 0; i < spec->layers_count; i++) {
        if (!add_layer(graph, &spec->layers[i], &graph->out, diag))
            return false;
        graph->out = graph->layers[i].out;
    }
    graph->outputs = graph->out.width;
    return true;
}

/* ---- the network against the target ---- */

static const char *const target_names[] = {"class", "value", "tag", "next", "forecast", "signal"};
static const char *const loss_names[] = {"cross_entropy", "mse", "mae", "huber", "bce"};

static int labels_count(const SeqrtTask *task)
{
    return task->target == SEQRT_NEXT ? task->vocab_count : task->classes_count;
}

/* O as the target and the loss ask for it. */
static int64_t outputs_wanted(const SeqrtTask *task)
{
    if (!seqrt_is_numbers(task->target))
        return task->loss == SEQRT_BCE ? 1 : labels_count(task);
    return task->target == SEQRT_FORECAST ? product_or_max(task->horizon, task->target_columns_count) : task->target_columns_count;
}

static bool check_loss(const Spec *spec, Diag *diag)
{
    const SeqrtTask *task = &spec->task;
    const bool fits = !seqrt_is_numbers(task->target) ? task->loss == SEQRT_CROSS_ENTROPY || task->loss == SEQRT_BCE
                                             : task->loss != SEQRT_CROSS_ENTROPY;
    if (!fits)
        diag_error(diag, spec->train.loss_loc, !seqrt_is_numbers(task->target) ? "accepted: cross_entropy, bce" : "accepted: mse, mae, huber, bce",
                   "loss %s does not fit a %s target", loss_names[task->loss], target_names[task->target]);
    else if (!seqrt_is_numbers(task->target) && task->loss == SEQRT_BCE && labels_count(task) != 2)
        diag_error(diag, spec->train.loss_loc, "use cross_entropy", "loss bce needs 2 classes, but the %s target has %d",
                   target_names[task->target], labels_count(task));
    else
        return true;
    return false;
}

static bool check_pooling(const Graph *graph, Diag *diag)
{
    const SeqrtTarget target = graph->spec->task.target;
    if (graph->out.steps == seqrt_is_every_step(target))
        return true;
    const Layer *end = &graph->layers[graph->layers_count - 1];
    if (graph->out.steps)
        diag_error(diag, end->spec->loc, "add last, mean, max or flatten",
                   "a %s target needs one output a sequence, but layer '%s' (%s) gives one at every step",
                   target_names[target], end->name, end->kind->name);
    else
        diag_error(diag, end->spec->loc, "leave out last, mean, max and flatten",
                   "a %s target needs an output at every step, but layer '%s' (%s) gives one a sequence",
                   target_names[target], end->name, end->kind->name);
    return false;
}

static const char *out_word(const SeqrtTask *task)
{
    if (task->loss == SEQRT_BCE && !seqrt_is_numbers(task->target))
        return "1";
    return task->target == SEQRT_NEXT ? "vocab" : !seqrt_is_numbers(task->target) ? "classes" : "targets";
}

static bool check_width(const Graph *graph, Diag *diag)
{
    const SeqrtTask *task = &graph->spec->task;
    const int64_t wanted = outputs_wanted(task);
    if (!graph->out.tokens && graph->outputs == wanted && graph->outputs == task->outputs)
        return true;
    const Layer *end = &graph->layers[graph->layers_count - 1];
    char *hint = mem_format("end the model with linear: {out: %s}", out_word(task));
    diag_error(diag, end->spec->loc, hint, "a %s target with loss %s needs an output of width %lld, but layer '%s' (%s) gives %d",
               target_names[task->target], loss_names[task->loss], (long long)wanted, end->name, end->kind->name, graph->outputs);
    free(hint);
    return false;
}

static bool check_carry(const Graph *graph, Diag *diag)
{
    if (!graph->spec->task.carry_state)
        return true;
    for (int i = 0; i < graph->layers_count; i++) {
        if (graph->layers[i].out.directions == 1)
            continue;
        diag_error(diag, graph->layers[i].spec->loc, "set bidirectional: false, or data.window.carry_state: false",
                   "layer '%s' (%s) reads its window from the end, so no state can be carried into it",
                   graph->layers[i].name, graph->layers[i].kind->name);
        return false;
    }
    return true;
}

static bool check_parameters(const Graph *graph, Diag *diag)
{
    if (graph->weights_count > 0)
        return true;
    diag_error(diag, graph->spec->model_loc, "add a recurrent layer or linear", "the model has no parameters to train");
    return false;
}

/* Independent of each other, so all are reported; but a wrong width behind a wrong pooling only repeats it. */
static bool check_network(const Graph *graph, Diag *diag)
{
    const bool loss = check_loss(graph->spec, diag);
    const bool pooling = check_pooling(graph, diag);
    const bool width = !loss || !pooling || check_width(graph, diag);
    const bool carry = check_carry(graph, diag);
    return check_parameters(graph, diag) && loss && pooling && width && carry;
}

/* ---- facts ---- */

/* Every matrix is one product a step, except where its input is a token: that is a row lookup. */
static int64_t layer_macs(const Graph *graph, const Layer *layer)
{
    int64_t macs = 0;
    for (int i = layer->first_tensor; i < layer->first_tensor + layer->tensors_count; i++) {
        const SeqrtTensor *tensor = &graph->tensors[i];
        if (tensor->rank == 2 && !(layer->in.tokens && graph_reads_input(layer, tensor)))
            macs += (int64_t)tensor->shape[0] * tensor->shape[1];
    }
    return macs;
}

static void count_macs(Graph *graph)
{
    for (int i = 0; i < graph->layers_count; i++)
        *(graph->layers[i].in.steps ? &graph->macs_step : &graph->macs_pooled) += layer_macs(graph, &graph->layers[i]);
}

static const char *no_stream(const Graph *graph)
{
    for (int i = 0; i < graph->layers_count; i++)
        if (graph->layers[i].out.directions == 2)
            return "some layer looks ahead";
        else if (strcmp(graph->layers[i].kind->name, "flatten") == 0)
            return "flatten needs a whole sequence";
    return NULL;
}

static Graph *fail(Graph *graph)
{
    graph_free(graph);
    return NULL;
}

/* A text's lines, each ended where its line break was, and NULL; they are in the text, which begins with the first. */
static char **lines_of(char *text)
{
    int count = 0;
    for (const char *p = text; *p; p++)
        count += *p == '\n' || !p[1];
    char **lines = mem_alloc(((size_t)count + 1) * sizeof *lines);
    for (int i = 0; i < count; i++) {
        lines[i] = text;
        text += strcspn(text, "\n");
        if (*text)
            *text++ = '\0';
    }
    return lines;
}

Graph *graph_build(const Spec *spec, Diag *diag)
{
    Graph *graph = mem_alloc(sizeof *graph);
    *graph = (Graph){.spec = spec, .T = spec->task.max_length, .B = (int)spec->train.batch};
    if (spec->layers_count == 0) {
        diag_error(diag, spec->model_loc, "give at least one layer", "the model is empty");
        return fail(graph);
    }
    if (!add_layers(graph, spec, diag) || !check_network(graph, diag))
        return fail(graph);
    graph->no_stream = no_stream(graph);
    graph->can_stream = !graph->no_stream;
    count_macs(graph);
    graph->summary = lines_of(graph_dump(graph, false));
    return graph;
}

void graph_free(Graph *graph)
{
    if (!graph)
        return;
    for (int i = 0; i < graph->tensors_count; i++)
        free((char *)graph->tensors[i].name);
    free(graph->tensors);
    free(graph->layers);
    if (graph->summary)
        free(graph->summary[0]);
    free(graph->summary);
    free(graph);
}
