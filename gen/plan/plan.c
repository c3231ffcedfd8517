/* plan.c: the plan's lists and the order in which it is made.
 *
 * Takes: Graph. Gives: Plan, through the layers' lowering. Does not: choose tiles (tiles.c), place buffers (place.c),
 * check (check.c).
 */
#include "plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *format_name(const char *format, va_list args)
{
    char name[512];
    vsnprintf(name, sizeof name, format, args);
    return mem_copy(name);
}

/* Kernels and functions are static, but their names must not be those of the model's own functions, NAME_step and so on. */
static char *private_name(const Plan *plan, char *name)
{
    const char *model = plan->graph->spec->name;
    const size_t length = strlen(model);
    if (strncmp(name, model, length) != 0 || name[length] != '_')
        return name;
    char *longer = mem_format("the_%s", name);
    free(name);
    return longer;
}

/* ---- buffers ---- */

int plan_pad(const Plan *plan, int units) { return (units + plan->P - 1) / plan->P * plan->P; }

/* A cache line's place follows from its address modulo 4 KB (64 sets of 64 bytes). A product of gradients keeps a panel of some sixty rows
 * in the first cache: where the rows are a multiple of a kilobyte apart, there are too few places for them. */
int plan_apart(const Plan *plan, int numbers)
{
    return (int64_t)numbers * plan->graph->spec->codegen.real_bytes % 1024 == 0 ? numbers + plan->P : numbers;
}

int plan_buffer(Plan *plan, Block block, int64_t rows, int64_t stride, const char *comment, const char *name, ...)
{
    size_t size = sizeof *plan->buffers;
    int i = plan->buffers_count++;
    plan->buffers = mem_grow(plan->buffers, size * (size_t)i, size * (size_t)(i + 1));
    va_list args;
    va_start(args, name);
    plan->buffers[i] = (Buffer){.name = format_name(name, args), .block = block, .rows = rows, .stride = stride, .comment = mem_copy(comment)};
    va_end(args);
    return i;
}

int plan_zeros(Plan *plan, int stride)
{
    if (plan->zeros < 0)
        plan->zeros = plan_buffer(plan, BLOCK_FORWARD, plan->B, stride, "zeros: the state before a sequence", "zeros");
    Buffer *zeros = &plan->buffers[plan->zeros];
    if (zeros->stride < stride)
        zeros->stride = stride;
    return plan->zeros;
}

int plan_element_bytes(const Plan *plan, Element element)
{
    switch (element) {
    case ELEMENT_INT32: return 4;
    case ELEMENT_INT64:
    case ELEMENT_DOUBLE: return 8;
    case ELEMENT_REAL:
    default: return plan->graph->spec->codegen.real_bytes;
    }
}

int64_t plan_rows(const Plan *plan, Space space) { return space == SPACE_STEPS ? (int64_t)plan->T * plan->B : plan->B; }

char *plan_ref(const Plan *plan, int buffer)
{
    const Buffer *b = &plan->buffers[buffer];
    const char *block = b->block == BLOCK_PARAM ? (plan->infer_only ? "weights." : "m->w.")
                        : b->block == BLOCK_DERIVED ? (plan->infer_only ? "derived." : "m->d.") : b->block == BLOCK_STREAM ? "s->" : "m->";
    return mem_format("%s%s", block, b->name);
}

char *plan_grad_ref(const Plan *plan, int param_buffer) { return mem_format("m->g.%s", plan->buffers[param_buffer].name); }

const char *plan_share(Plan *plan, Function *f, Space space)
{
    if (plan->infer_only)
        return space == SPACE_STEPS ? "m->total" : "m->count";
    f->uses_steps = f->uses_steps || space == SPACE_STEPS;
    return space == SPACE_STEPS ? "steps.count" : "s->rows";
}

char *plan_row(const char *ref, const char *row, int stride)
{
    if (!row)
        return mem_copy(ref);
    return stride == 1 ? mem_format("%s + %s", ref, row) : mem_format("%s + %s * %d", ref, row, stride);
}

char *plan_first(const Plan *plan, Space space, const char *ref, int stride)
{
    return plan_row(ref, plan->infer_only ? NULL : space == SPACE_STEPS ? "steps.first" : "s->first", stride);
}

const char *plan_thread(const Plan *plan) { return plan->infer_only ? "" : ", s"; }

Pack *plan_pack(Plan *plan, const SeqrtTensor *tensor, int buffer)
{
    size_t size = sizeof *plan->packs;
    int i = plan->packs_count++;
    plan->packs = mem_grow(plan->packs, size * (size_t)i, size * (size_t)(i + 1));
    plan->packs[i] = (Pack){.tensor = (int)(tensor - plan->graph->tensors), .buffer = buffer, .gates = 1, .inputs = 1};
    return &plan->packs[i];
}

/* ---- kernels ---- */

Kernel *plan_kernel(Plan *plan, KernelKind kind, bool *fresh, const char *name, ...)
{
    va_list args;
    va_start(args, name);
    char *full = private_name(plan, format_name(name, args));
    va_end(args);
    *fresh = false;
    for (int i = 0; i < plan->kernels_count; i++)
        if (strcmp(plan->kernels[i].name, full) == 0) {
            free(full);
            return &plan->kernels[i];
        }
    size_t size = sizeof *plan->kernels;
    int i = plan->kernels_count++;
    plan->kernels = mem_grow(plan->kernels, size * (size_t)i, size * (size_t)(i + 1));
    plan->kernels[i] = (Kernel){.kind = kind, .name = full, .slots = 1};
    *fresh = true;
    return &plan->kernels[i];
}

void kernel_param(Kernel *kernel, const char *name, bool writes, int stride)
{
    kernel->params[kernel->params_count++] = (Param){.name = name, .writes = writes, .stride = stride};
}

/* ---- functions ---- */

Function *plan_function(Plan *plan, FunctionForm form, const char *comment, const char *name, ...)
{
    size_t size = sizeof *plan->functions;
    int i = plan->functions_count++;
    plan->functions = mem_grow(plan->functions, size * (size_t)i, size * (size_t)(i + 1));
    va_list args;
    va_start(args, name);
    Function *f = mem_alloc(sizeof *f);
    *f = (Function){.name = private_name(plan, format_name(name, args)), .comment = mem_copy(comment), .form = form};
    va_end(args);
    return plan->functions[i] = f;
}

static Statement *function_add(Function *f)
{
    if (f->count == f->capacity) {
        int capacity = f->capacity ? 2 * f->capacity : 8;
        f->statements = mem_grow(f->statements, sizeof(Statement) * (size_t)f->capacity, sizeof(Statement) * (size_t)capacity);
        f->capacity = capacity;
    }
    return &f->statements[f->count++];
}

static char *format_text(const char *format, va_list args)
{
    char text[4096];
    int count = vsnprintf(text, sizeof text, format, args);
    if (count >= (int)sizeof text) {
        fputs("seqgen: internal error: a statement is too long\n", stderr);
        abort();
    }
    return mem_copy(text);
}

void function_line(Function *function, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *function_add(function) = (Statement){.text = format_text(format, args)};
    va_end(args);
}

void function_call(Function *function, const char *kernel, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *function_add(function) = (Statement){.call = true, .text = mem_copy(kernel), .args = format_text(format, args)};
    va_end(args);
}

static void list_insert(char ***list, int *count, int at, const char *name)
{
    *list = mem_grow(*list, sizeof(char *) * (size_t)*count, sizeof(char *) * (size_t)(*count + 1));
    memmove(*list + at + 1, *list + at, sizeof(char *) * (size_t)(*count - at));
    (*list)[at] = mem_copy(name);
    ++*count;
}

void plan_forward(Plan *plan, const Function *f) { list_insert(&plan->forward, &plan->forward_count, plan->forward_count, f->name); }
void plan_backward(Plan *plan, const Function *f) { list_insert(&plan->backward, &plan->backward_count, 0, f->name); }
void plan_refresh(Plan *plan, const Function *f) { list_insert(&plan->refresh, &plan->refresh_count, plan->refresh_count, f->name); }

void plan_sum(Plan *plan, int a, int b, int sum, int count)
{
    size_t size = sizeof *plan->sums;
    int i = plan->sums_count++;
    plan->sums = mem_grow(plan->sums, size * (size_t)i, size * (size_t)(i + 1));
    plan->sums[i] = (Sum){a, b, sum, count};
}

/* ---- the whole ---- */

static void batch_array(Plan *plan, Element element, const char *name, int64_t count, const char *comment)
{
    int buffer = plan_buffer(plan, BLOCK_BATCH, 1, count, comment, "%s", name);
    plan->buffers[buffer].element = element;
}

static void lower_batch(Plan *plan)
{
    const SeqrtTarget target = plan->graph->spec->task.target;
    batch_array(plan, ELEMENT_INT32, "rows", plan->T + 1, "sequences running at step t");
    batch_array(plan, ELEMENT_INT64, "at", plan->T + 1, "packed row where step t begins");
    if (plan->apart)
        batch_array(plan, ELEMENT_INT64, "part_at", 2 * (plan->T + 1), "the same for each of two threads, less its first sequence");
    batch_array(plan, ELEMENT_INT32, "order", plan->B, "row of the batch that packed sequence b is");
    batch_array(plan, ELEMENT_INT32, "lengths", plan->B, "steps of packed sequence b");
    if (plan->infer_only)
        return;
    const int64_t rows = plan_rows(plan, plan->graph->out.steps ? SPACE_STEPS : SPACE_BATCH);
    if (seqrt_is_numbers(target))
        plan_buffer(plan, BLOCK_BATCH, rows, plan->graph->outputs, "targets", "target");
    else
        batch_array(plan, ELEMENT_INT32, "labels", rows, "classes of the packed rows");
    batch_array(plan, ELEMENT_DOUBLE, "losses", (rows + LOSS_ROWS - 1) / LOSS_ROWS, "sums over so many packed rows");
}

/* The packed batch: tokens or numbers of every valid step. */
static void lower_input(Plan *plan)
{
    const Graph *graph = plan->graph;
    lower_batch(plan);
    plan->value = (Value){.space = SPACE_STEPS, .tokens = graph->in.tokens, .width = graph->in.width, .pieces = 1};
    Piece *piece = &plan->value.piece[0];
    *piece = (Piece){.grad = -1, .stream = -1, .width = graph->in.width, .stride = graph->in.tokens ? 1 : graph->in.width};
    piece->buffer = plan_buffer(plan, BLOCK_BATCH, plan_rows(plan, SPACE_STEPS), piece->stride,
                                graph->in.tokens ? "tokens of the valid steps" : "features of the valid steps", graph->in.tokens ? "tokens" : "x");
    plan->buffers[piece->buffer].element = graph->in.tokens ? ELEMENT_INT32 : ELEMENT_REAL;
    if (plan->stream) {
        piece->stream = plan_buffer(plan, BLOCK_STREAM, 1, piece->stride, "the step's input", graph->in.tokens ? "token" : "x");
        plan->buffers[piece->stream].element = graph->in.tokens ? ELEMENT_INT32 : ELEMENT_REAL;
    }
}

static bool target_vectors(Target target) { return target != TARGET_PORTABLE && target != TARGET_CORTEX_M; }

static bool choose_unroll(const Graph *graph)
{
    enum { AUTO_STEPS = 4096 }; /* a straight-line step costs about two lines a layer, and no measurable compile time to there */
    Unroll unroll = graph->spec->codegen.unroll;
    return unroll == UNROLL_FULL || (unroll == UNROLL_AUTO && graph->T <= AUTO_STEPS);
}

/* A processor multiplies and adds as many vectors of 32 bytes as of 64, and divides them in two thirds of the time. */
static bool is_narrow(const Graph *graph)
{
    const int most = 32 / graph->spec->codegen.real_bytes;
    for (int i = 0; i < graph->layers_count; i++) {
        const Shape *out = &graph->layers[i].out;
        if (out->width > most * (out->directions > 1 ? out->directions : 1))
            return false;
    }
    return true;
}

static Plan *lower(const Graph *graph, bool infer_only, bool apart)
{
    Plan *plan = mem_alloc(sizeof *plan);
    plan->graph = graph;
    plan->infer_only = infer_only;
    plan->vectors = target_vectors(graph->spec->codegen.target);
    plan->narrow = plan->vectors && is_narrow(graph);
    plan->P = !plan->vectors ? 4 : (plan->narrow ? 32 : 64) / graph->spec->codegen.real_bytes;
    plan->T = graph->T;
    plan->B = graph->B;
    plan->carry = graph->spec->task.carry_state;
    plan->apart = apart;
    plan->together = graph->out.steps; /* losses are added up */
    plan->unrolled = choose_unroll(graph);
    plan->zeros = -1;
    if (graph->can_stream)
        plan->stream = plan_function(plan, FORM_PLAIN, "one streaming step", "stream");
    lower_input(plan);
    for (int i = 0; i < graph->layers_count; i++)
        lower_find(graph->layers[i].kind->name)->lower(plan, &graph->layers[i]);
    return plan;
}

/* A core that runs through its rows of a step fetches ahead what follows them. Where each of two threads adds up the gradients of its own sequences (parts),
 * these have their rows in memory of their own, so that what follows is not the other's. (LSTM 9 -> 64, 64 sequences: a Zen 5 whose cores are far from
 * each other takes 2.6 ms for 3.3, a Xeon 7% less.) Whether all of a network can be lowered so is known when it is. */
static Plan *lowered(const Graph *graph, bool infer_only)
{
    Plan *plan = lower(graph, infer_only, !infer_only);
    if (!plan->apart || (plan->parts && !plan->together))
        return plan;
    plan_free(plan);
    return lower(graph, infer_only, false);
}

Plan *plan_build(const Graph *graph, bool infer_only)
{
    Plan *plan = lowered(graph, infer_only);
    plan_tiles(plan);
    if (!plan_place(plan) || !plan_check(plan)) {
        plan_free(plan);
        return NULL;
    }
    return plan;
}

static void free_names(char **names, int count)
{
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

void plan_free(Plan *plan)
{
    if (!plan)
        return;
    for (int i = 0; i < plan->buffers_count; i++)
        free(plan->buffers[i].name), free(plan->buffers[i].comment);
    for (int i = 0; i < plan->kernels_count; i++)
        free(plan->kernels[i].name), free(plan->kernels[i].comment);
    for (int i = 0; i < plan->functions_count; i++) {
        Function *f = plan->functions[i];
        for (int j = 0; j < f->count; j++)
            free(f->statements[j].text), free(f->statements[j].args);
        free(f->statements), free(f->name), free(f->comment), free(f->step), free(f);
    }
    free_names(plan->forward, plan->forward_count);
    free_names(plan->backward, plan->backward_count);
    free_names(plan->refresh, plan->refresh_count);
    free(plan->buffers), free(plan->sums), free(plan->packs), free(plan->kernels), free(plan->functions), free(plan);
}
