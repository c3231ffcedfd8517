/* info.c: see info.h. Counts come from the graph, memory, flash and compile time from the plan, lines from the text, which is generated and thrown away.
 *
 * The JSON's keys are part of the contract with scripts: add, do not rename.
 */
#include "info.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit/emit.h"
#include "support/home.h"
#include "support/mem.h"

static const char *const input_words[] = {"chars", "bytes", "words", "rows", "shaped", "text"};
static const char *const target_words[] = {"class", "value", "tag", "next", "forecast", "signal"};
static const char *const loss_words[] = {"cross_entropy", "mse", "mae", "huber", "bce"};
static const char *const unroll_words[] = {"auto", "full", "none"};
static const char *const machine_words[] = {"host", "portable", "x86-64", "x86-64-v3", "x86-64-v4", "aarch64", "cortex-m"};

static int64_t layer_parameters(const Graph *graph, const Layer *layer)
{
    int64_t count = 0;
    for (int i = 0; i < layer->tensors_count; i++) {
        const SeqrtTensor *tensor = &graph->tensors[layer->first_tensor + i];
        count += (int64_t)tensor->shape[0] * (tensor->rank == 2 ? tensor->shape[1] : 1);
    }
    return count;
}

/* ---- budgets ---- */

typedef struct Budget {
    const char *name;
    int64_t value, limit; /* limit 0: none */
} Budget;
enum { BUDGETS = 3 };

static void budgets_fill(const Graph *graph, const EmitInfo *info, Budget budgets[BUDGETS])
{
    const CodegenSpec *codegen = &graph->spec->codegen;
    budgets[0] = (Budget){"max_ram", info->ram_bytes, codegen->max_ram};
    budgets[1] = (Budget){"max_flash", info->flash_bytes, codegen->max_flash};
    budgets[2] = (Budget){"max_lines", info->lines, codegen->max_lines};
}

static bool exceeded(const Budget *budget) { return budget->limit > 0 && budget->value > budget->limit; }

/* ", beyond max_ram", or nothing; returns text. */
static const char *budget_mark(const Budget *budget, char text[32])
{
    snprintf(text, 32, exceeded(budget) ? ", beyond %s" : "", budget->name);
    return text;
}

/* ---- text ---- */

/* "20 tokens of 58", "20 x 16", "64"; returns text. */
static const char *shape_text(const Graph *graph, const Shape *shape, char text[64])
{
    if (shape->tokens)
        snprintf(text, 64, "%d tokens of %d", graph->T, shape->width);
    else if (shape->steps)
        snprintf(text, 64, "%d x %d", graph->T, shape->width);
    else
        snprintf(text, 64, "%d", shape->width);
    return text;
}

static void print_layers(const Graph *graph)
{
    char in[64], out[64], count[32];
    printf("%-14s %-12s %-18s %-12s %12s\n", "layer", "kind", "in", "out", "parameters");
    for (int i = 0; i < graph->layers_count; i++) {
        const Layer *layer = &graph->layers[i];
        printf("%-14s %-12s %-18s %-12s %12s\n", layer->name, layer->kind->name, shape_text(graph, &layer->in, in),
               shape_text(graph, &layer->out, out), cli_thousands((double)layer_parameters(graph, layer), count));
        for (int j = 0; j < layer->tensors_count; j++) {
            const SeqrtTensor *tensor = &graph->tensors[layer->first_tensor + j];
            printf("  %s [%d", tensor->name, tensor->shape[0]);
            printf(tensor->rank == 2 ? ", %d]\n" : "]\n", tensor->shape[1]);
        }
    }
}

static void print_counts(const Graph *graph, const EmitInfo *info, bool infer)
{
    char a[32], b[32];
    Budget budgets[BUDGETS];
    budgets_fill(graph, info, budgets);
    double sequence = (double)graph->macs_step * graph->T + (double)graph->macs_pooled;
    printf("\nparameters    %s\n", cli_thousands((double)graph->weights_count, a));
    printf("MACs          %s a step, %s a sequence\n", cli_thousands((double)graph->macs_step, a), cli_thousands(sequence, b));
    if (!infer)
        printf("training      %s FLOP a step of %d sequences\n", cli_thousands(graph_model(graph).flops_train_step, a), graph->B);
    printf("RAM           %s%s\n", cli_bytes((double)info->ram_bytes, a), budget_mark(&budgets[0], b));
    printf("flash         %s, predicted%s\n", cli_bytes((double)info->flash_bytes, a), budget_mark(&budgets[1], b));
    printf("C             %s lines%s, compiled in about %.1f s, predicted\n", cli_thousands((double)info->lines, a),
           budget_mark(&budgets[2], b), info->compile_seconds);
    if (graph->can_stream)
        printf("streaming     yes, a state of %s\n", cli_bytes((double)info->state_bytes, a));
    else
        printf("streaming     no: %s\n", graph->no_stream);
}

static void print_text(const Graph *graph, const EmitInfo *info, bool infer)
{
    const SeqrtTask *task = &graph->spec->task;
    const CodegenSpec *codegen = &graph->spec->codegen;
    printf("%s: %s to %s, loss %s, T = %d, B = %d, %s, target %s, unroll %s\n\n", graph->spec->name,
           input_words[task->input], target_words[task->target], loss_words[task->loss], graph->T, graph->B,
           codegen->real_bytes == 8 ? "float64" : "float32", machine_words[codegen->target],
           unroll_words[codegen->unroll]);
    print_layers(graph);
    print_counts(graph, info, infer);
}

/* ---- JSON ---- */

static json_t *json_shape(const Graph *graph, const Shape *shape)
{
    if (shape->tokens)
        return json_pack("[i]", graph->T);
    return shape->steps ? json_pack("[i,i]", graph->T, shape->width) : json_pack("[i]", shape->width);
}

static json_t *json_tensors(const Graph *graph, const Layer *layer)
{
    json_t *list = json_array();
    for (int i = 0; i < layer->tensors_count; i++) {
        const SeqrtTensor *tensor = &graph->tensors[layer->first_tensor + i];
        json_t *shape = tensor->rank == 2 ? json_pack("[i,i]", tensor->shape[0], tensor->shape[1])
                                          : json_pack("[i]", tensor->shape[0]);
        json_array_append_new(list, json_pack("{s:s,s:o}", "name", tensor->name, "shape", shape));
    }
    return list;
}

static json_t *json_layers(const Graph *graph)
{
    json_t *list = json_array();
    for (int i = 0; i < graph->layers_count; i++) {
        const Layer *layer = &graph->layers[i];
        json_array_append_new(list, json_pack("{s:s,s:s,s:o,s:o,s:I,s:o}", "name", layer->name, "kind", layer->kind->name,
                                              "in", json_shape(graph, &layer->in), "out", json_shape(graph, &layer->out),
                                              "parameters", (json_int_t)layer_parameters(graph, layer), "tensors",
                                              json_tensors(graph, layer)));
    }
    return list;
}

static json_t *json_task(const Graph *graph)
{
    const SeqrtTask *task = &graph->spec->task;
    const CodegenSpec *codegen = &graph->spec->codegen;
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:s,s:s,s:s}", "name", graph->spec->name, "spec_hash",
                     graph->spec->hash, "input", input_words[task->input], "target", target_words[task->target], "loss",
                     loss_words[task->loss], "length", graph->T, "batch", graph->B, "vocab", task->vocab_count,
                     "features", task->features, "classes", task->classes_count, "outputs", graph->outputs, "real",
                     codegen->real_bytes == 8 ? "float64" : "float32", "machine", machine_words[codegen->target], "unroll",
                     unroll_words[codegen->unroll]);
}

static json_t *json_counts(const Graph *graph, const EmitInfo *info)
{
    json_int_t sequence = (json_int_t)graph->macs_step * graph->T + graph->macs_pooled;
    return json_pack("{s:I,s:I,s:I,s:I,s:f,s:I,s:I,s:I,s:I,s:f,s:b}", "parameters", (json_int_t)graph->weights_count, "macs_step",
                     (json_int_t)graph->macs_step, "macs_pooled", (json_int_t)graph->macs_pooled, "macs_sequence", sequence,
                     "flops_train_step", graph_model(graph).flops_train_step, "ram_bytes", (json_int_t)info->ram_bytes,
                     "state_bytes", (json_int_t)info->state_bytes, "flash_bytes", (json_int_t)info->flash_bytes, "lines", (json_int_t)info->lines, "compile_seconds",
                     info->compile_seconds, "can_stream", (int)graph->can_stream);
}

/* Names of codegen's keys. */
static json_t *json_exceeded(const Graph *graph, const EmitInfo *info)
{
    json_t *list = json_array();
    Budget budgets[BUDGETS];
    budgets_fill(graph, info, budgets);
    for (int i = 0; i < BUDGETS; i++)
        if (exceeded(&budgets[i]))
            json_array_append_new(list, json_string(budgets[i].name));
    return list;
}

static int print_json(const Graph *graph, const EmitInfo *info)
{
    json_t *all = json_task(graph), *counts = json_counts(graph, info);
    json_object_set_new(all, "layers", json_layers(graph));
    json_object_update(all, counts);
    json_decref(counts);
    json_object_set_new(all, "exceeded", json_exceeded(graph, info));
    int failed = json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    json_decref(all);
    return failed || putchar('\n') == EOF ? EXIT_SYSTEM : EXIT_DONE;
}

int command_info(const Cli *cli, const Graph *graph)
{
    const bool infer = cli_infer(cli);
    EmitInfo info;
    Home home;
    int status = emit_info(graph, infer, &info);
    if (status != EXIT_DONE)
        return status;
    if (!home_find(&home, false))
        return EXIT_SYSTEM;
    status = emit_lines(graph, &(EmitOptions){.infer_only = infer, .templates_dir = home.templates}, &info.lines);
    home_free(&home);
    if (status != EXIT_DONE)
        return status;
    if (cli->json)
        status = print_json(graph, &info);
    else
        print_text(graph, &info, infer);
    return status == EXIT_DONE && !emit_within(graph->spec, &info) ? EXIT_BUDGET : status;
}
