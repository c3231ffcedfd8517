/* cost.c: what a plan's C will take: lines, seconds of the compiler, bytes of flash.
 *
 * Takes: Plan. Gives: EmitInfo, memory counted, the rest predicted (seqgen info counts the lines). Does not: print, or refuse.
 */
#include <string.h>

#include "parts.h"

/* Lines of all schedules over time */
static int64_t schedule_lines(const Plan *plan)
{
    int64_t lines = 0;
    for (int i = 0; i < plan->functions_count; i++)
        if (plan->functions[i]->step)
            lines += plan->unrolled ? (int64_t)plan->T + plan->T / 8 : 2;
    return lines;
}

static int64_t predict_lines(const Plan *plan)
{
    int64_t lines = 700;
    for (int i = 0; i < plan->kernels_count; i++)
        lines += plan->kernels[i].kind == KERNEL_TILE ? 60 + 16 * plan->kernels[i].sources_count : 30;
    for (int i = 0; i < plan->functions_count; i++)
        lines += 5 + plan->functions[i]->count;
    const SeqrtTask *task = &plan->graph->spec->task;
    return lines + schedule_lines(plan) + task->vocab_count + task->classes_count + task->input_columns_count + 3 * plan->graph->tensors_count + 2 * plan->buffers_count;
}

/* gcc 12 -O2, seconds: kernels cost most, as their tiles are unrolled; a line of a schedule costs little. */
static double predict_seconds(const Plan *plan)
{
    double seconds = 0.4 + 0.00002 * (double)predict_lines(plan);
    for (int i = 0; i < plan->kernels_count; i++)
        seconds += plan->kernels[i].kind == KERNEL_TILE || plan->kernels[i].kind == KERNEL_OUTER ? 0.06 : 0.01;
    return seconds;
}

/* ---- flash ----
 *
 * Weights and words are counted. The code is mostly tiles, which are unrolled, once for each number of rows; what an instruction of them, an equation's
 * function, a statement or a line of a schedule takes was fitted to what gcc 12 -O2 made of 21 models, with training and without.
 */

/* Bytes of code. product: a multiply-add of a tile; equation: a function behind it; both by the width of vectors as in Kernel.rows_tile (64, 32, 16 bytes,
 * scalars). base: once; gradient, statement, scheduled: once a level of the machine. */
typedef struct Code {
    double base, product[TARGET_LEVELS], equation[TARGET_LEVELS], gradient, statement, scheduled;
} Code;

/* Inference only, and with training */
static const Code CODES[][2] = {
    [TARGET_HOST] = {{1990, {28, 15, 0, 0}, {72, 10, 0, 0}, 0, 53, 31},
                     {10900, {38, 35, 0, 0}, {112, 10, 0, 0}, 1000, 20, 30}},
    [TARGET_PORTABLE] = {{0, {0, 0, 0, 5}, {0, 0, 0, 2}, 0, 197, 27},
                         {9260, {0, 0, 0, 10}, {0, 0, 0, 2}, 1000, 101, 30}},
    [TARGET_X86_64] = {{3650, {49, 15, 15, 0}, {20, 10, 42, 0}, 0, 20, 69},
                       {16210, {43, 15, 60, 0}, {114, 10, 10, 0}, 1000, 30, 39}},
    [TARGET_X86_64_V3] = {{0, {0, 34, 0, 0}, {0, 10, 0, 0}, 0, 20, 34},
                          {8560, {0, 43, 0, 0}, {0, 10, 0, 0}, 2160, 20, 35}},
    [TARGET_X86_64_V4] = {{1990, {28, 15, 0, 0}, {72, 10, 0, 0}, 0, 53, 31},
                          {10900, {38, 35, 0, 0}, {112, 10, 0, 0}, 1000, 20, 30}},
    [TARGET_AARCH64] = {{0, {0, 0, 21, 0}, {0, 0, 58, 0}, 0, 20, 25},
                        {8410, {0, 0, 25, 0}, {0, 0, 137, 0}, 1000, 44, 30}},
    [TARGET_CORTEX_M] = {{0, {0, 0, 0, 22}, {0, 0, 0, 57}, 0, 20, 34},
                         {4230, {0, 0, 0, 38}, {0, 0, 0, 10}, 1000, 58, 19}},
};

/* The widest vectors of each level of the machine that the file holds */
static const int LEVELS[][TARGET_LEVELS] = {
    [TARGET_HOST] = {0, -1},      [TARGET_PORTABLE] = {3, -1},   [TARGET_X86_64] = {0, 1, 2, -1}, [TARGET_X86_64_V3] = {1, -1},
    [TARGET_X86_64_V4] = {0, -1}, [TARGET_AARCH64] = {2, -1},    [TARGET_CORTEX_M] = {3, -1},
};

static int occurrences(const char *text, const char *word)
{
    int count = 0;
    for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
        count++;
    return count;
}

/* Functions that take some dozen instructions */
static int functions_in(const Let *lets)
{
    static const char *const WORDS[] = {"v_tanh", "v_sigmoid", "v_gate(", "v_exp", "v_gelu", "v_erf", "v_inverse(", "v_quick_quotient("};
    int count = 0;
    for (const Let *l = lets; l && l->expr; l++)
        for (size_t i = 0; l->name && i < sizeof WORDS / sizeof *WORDS; i++)
            count += occurrences(l->expr, WORDS[i]);
    return count;
}

static int tile_functions(const Kernel *k) { return functions_in(k->program.lets) + functions_in(k->program.rest) + functions_in(k->tail_program.lets); }

static double tile_bytes(const Plan *plan, const Kernel *k, const Code *code, int level)
{
    enum { PASSES = 4 }; /* of a loop over inputs side by side: UNROLL_4 */
    const int R = k->rows_tile[level], N = k->units_tile[level], functions = tile_functions(k);
    const int rows = k->one_row ? (k->tail ? 2 : 1) : plan->vectors ? 3 * R : 1 + R; /* of all tiles: R, R, R - 1 and 1, or R and 1; one row, with a tail and without */
    double products = 0;
    for (int i = 0; i < k->sources_count; i++) {
        const Source *s = &k->sources[i];
        const int times = !k->one_row ? s->run < PASSES ? s->run : PASSES : 1 + R * (i == k->sources_count - 1 ? PASSES : 1); /* one row: R slices of the inputs */
        products += (double)rows * times * N * s->slots;
    }
    return code->product[level] * products + code->equation[level] * rows * N * functions;
}

static double level_bytes(const Plan *plan, const Code *code, int widest)
{
    const int level = plan->narrow && widest == 0 ? 1 : widest;
    double bytes = code->scheduled * (double)schedule_lines(plan);
    for (int i = 0; i < plan->kernels_count; i++) {
        const Kernel *k = &plan->kernels[i];
        if (k->kind == KERNEL_TILE)
            bytes += tile_bytes(plan, k, code, level);
        else
            bytes += k->kind == KERNEL_OUTER ? code->gradient : code->equation[level] * functions_in(k->program.lets);
    }
    for (int i = 0; i < plan->functions_count; i++)
        bytes += code->statement * (plan->functions[i]->count + (plan->functions[i]->step ? 2 : 1));
    return bytes;
}

/* Pointers and what they point to */
static int64_t names_bytes(const char *const *names, int count)
{
    int64_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += 8 + (int64_t)strlen(names[i]) + 1;
    return bytes;
}

static int64_t predict_flash(const Plan *plan)
{
    const Spec *spec = plan->graph->spec;
    const SeqrtTask *task = &spec->task;
    const Code *code = &CODES[spec->codegen.target][plan->infer_only ? 0 : 1];
    double bytes = code->base;
    for (const int *level = LEVELS[spec->codegen.target]; *level >= 0; level++)
        bytes += level_bytes(plan, code, *level);
    const int scales = (task->input_shift ? 2 * task->features : 0) + (task->target_shift ? 2 * task->target_columns_count : 0);
    int64_t constants = (int64_t)scales * spec->codegen.real_bytes;
    if (plan->infer_only)
        constants += plan->block_bytes[BLOCK_PARAM] + plan->block_bytes[BLOCK_DERIVED];
    constants += names_bytes(task->vocab, task->vocab_count) + names_bytes(task->classes, task->classes_count);
    return (int64_t)bytes + constants;
}

EmitInfo emit_cost(const Plan *plan)
{
    return (EmitInfo){.ram_bytes = plan->model_bytes, .state_bytes = plan->state_bytes, .flash_bytes = predict_flash(plan), .lines = predict_lines(plan),
                      .compile_seconds = predict_seconds(plan)};
}
