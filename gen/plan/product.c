/* product.c: matrix products as register-tile kernels, forward and reverse.
 *
 * Takes: operands in C's terms. Gives: kernels (one per distinct shape) and calls. Does not: choose the tile (tiles.c).
 */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Let STORE_LETS[] = {{NULL, NULL}};
static const Load STORE_LOADS[] = {{NULL, NULL, 0}};
static const Store STORE_STORES[] = {{"y", -1, "a0"}, {NULL, 0, NULL}};
static const Program STORE = {.loads = STORE_LOADS, .lets = STORE_LETS, .stores = STORE_STORES};

static const Let ADD_LETS[] = {{"sum", "a0 + rest"}, {NULL, NULL}};
static const Load ADD_LOADS[] = {{"rest", "more", -1}, {NULL, NULL, 0}};
static const Store ADD_STORES[] = {{"y", -1, "sum"}, {NULL, 0, NULL}};
static const Program ADD = {.loads = ADD_LOADS, .lets = ADD_LETS, .stores = ADD_STORES};

void product_add(Product *product, const char *more)
{
    product->program = &ADD;
    product->other = "more";
    product->other_ref = more;
}

/* Panels that one tile can span without a remainder: the widest divisor up to 6; a large prime is cut in two. */
static int first_range(int panels)
{
    if (panels <= 6)
        return panels;
    for (int n = 6; n >= 3; n--)
        if (panels % n == 0)
            return panels;
    return panels - panels % 4;
}

static void fill_sources(Kernel *kernel, const Product *p)
{
    static const char *const A[SOURCES_MAX] = {"x", "x1", "x2", "x3"}, *const W[SOURCES_MAX] = {"w", "w1", "w2", "w3"};
    for (int i = 0; i < p->operands_count; i++) {
        const Operand *o = &p->operands[i];
        kernel_param(kernel, A[i], false, o->a_stride);
        kernel_param(kernel, W[i], false, 0);
        if (o->next)
            kernel_param(kernel, "next", false, o->a_stride);
        kernel->sources[i] = (Source){.a = A[i], .w = W[i], .a_stride = o->a_stride, .offset = o->offset, .reps = o->reps, .run = o->run,
                                      .pitch = o->pitch, .w_rows = o->w_rows, .w_first = o->w_first, .slots = 1, .next = o->next ? "next" : NULL};
        kernel->flops_row += 2.0 * o->reps * o->run * kernel->units;
    }
    kernel->sources_count = p->operands_count;
}

static void fill_init(Kernel *kernel, const Product *p)
{
    kernel->init = p->init;
    if (p->init == INIT_BIAS)
        kernel_param(kernel, "bias", false, 0);
    if (p->init == INIT_LOOKUP) {
        if (p->init_ref)
            kernel_param(kernel, "bias", false, 0);
        kernel_param(kernel, "tokens", false, 1);
        kernel->params[kernel->params_count - 1].ints = true;
        kernel_param(kernel, "table", false, 0);
        kernel->lookup_slots = 1;
        kernel->lookup_stride = p->units;
    }
}

static void product_range(Plan *plan, Function *f, const Product *p, int first, int panels)
{
    bool fresh, whole = panels * plan->P == p->units;
    Kernel *kernel = whole ? plan_kernel(plan, KERNEL_TILE, &fresh, "%s", p->name)
                           : plan_kernel(plan, KERNEL_TILE, &fresh, "%s_%d", p->name, first);
    if (fresh) {
        kernel->comment = mem_copy(p->comment);
        kernel->units = panels * plan->P;
        kernel->first_panel = first;
        kernel->in_place = p->in_place;
        kernel->one_row = p->one_row;
        kernel->shared = p->shared;
        kernel->rows = p->most_rows;
        fill_init(kernel, p);
        fill_sources(kernel, p);
        kernel_param(kernel, "y", true, p->y_stride);
        if (p->other)
            kernel_param(kernel, p->other, false, p->y_stride);
        kernel->program = p->program ? *p->program : STORE;
    }
    kernel->all_steps |= p->all_steps; /* one kernel may serve a layer of every step and one behind the pooling */
    Text args = {0};
    text_add(&args, "%s%s", p->shared ? "s, " : "", p->rows);
    if (p->init == INIT_BIAS || (p->init == INIT_LOOKUP && p->init_ref))
        text_add(&args, ", %s", p->init_ref);
    if (p->init == INIT_LOOKUP)
        text_add(&args, ", %s, %s", p->tokens, p->table);
    for (int i = 0; i < p->operands_count; i++)
        text_add(&args, ", %s, %s%s%s", p->operands[i].a, p->operands[i].w, p->operands[i].next ? ", " : "", p->operands[i].next ? p->operands[i].next : "");
    text_add(&args, ", %s", p->y);
    if (p->other)
        text_add(&args, ", %s", p->other_ref);
    function_call(f, kernel->name, "%s", args.data);
    free(args.data);
}

void product_call(Plan *plan, Function *function, const Product *product)
{
    int panels = product->units / plan->P, range = plan->vectors ? first_range(panels) : panels;
    product_range(plan, function, product, 0, range);
    if (range < panels)
        product_range(plan, function, product, range, panels - range);
}

/* A tile loads and multiplies once an input and panel of units; here that is once a unit and panel of inputs, and adding up a vector's lanes. */
bool dots_pay(const Plan *plan, int inputs, int units)
{
    enum { LANES_SUM = 6 };
    return plan->vectors && units * (plan_pad(plan, inputs) / plan->P + LANES_SUM) < inputs;
}

void dots_call(Plan *plan, Function *f, const char *name, const char *bias, const char *x, int inputs, const char *w, int w_rows, int units,
               const char *y)
{
    bool fresh;
    Kernel *kernel = plan_kernel(plan, KERNEL_DOTS, &fresh, "%s", name);
    if (fresh) {
        kernel->comment = mem_copy("y = x W' + b; one row, each unit a sum over vectors of inputs");
        kernel->units = plan_pad(plan, units);
        kernel->slots = units;
        kernel->inputs = inputs;
        kernel->w_rows = w_rows;
        kernel->flops_row = 2.0 * inputs * units;
        if (bias)
            kernel_param(kernel, "bias", false, 0);
        kernel_param(kernel, "x", false, 0);
        kernel_param(kernel, "w", false, 0);
        kernel_param(kernel, "y", true, 0);
    }
    function_call(f, kernel->name, "%s%s%s, %s, %s", bias ? bias : "", bias ? ", " : "", x, w, y);
}

static bool outer_equal(const Kernel *a, const Kernel *b)
{
    return a->units == b->units && a->slots == b->slots && a->inputs == b->inputs && a->a_stride == b->a_stride && a->d_stride == b->d_stride &&
           a->d_slot == b->d_slot && a->d_slots == b->d_slots && a->w_rows == b->w_rows && a->w_first == b->w_first && a->sums == b->sums && a->runs == b->runs;
}

static void outer_shape(Kernel *k, const Outer *o)
{
    k->units = o->units, k->slots = o->used, k->inputs = o->inputs;
    k->a_stride = o->a_stride, k->d_stride = o->d_stride, k->d_slot = o->slot, k->d_slots = o->slots;
    k->w_rows = o->w_rows, k->w_first = o->w_first, k->sums = o->db != NULL, k->runs = o->runs != NULL;
}

/* gradient_64x256: inputs x columns, _sums: with those of the columns; others of that size and another layout have a number behind it */
static Kernel *outer_kernel(Plan *plan, const Outer *o, bool *fresh)
{
    Kernel shape = {0};
    outer_shape(&shape, o);
    for (int i = 1;; i++) {
        char number[20] = "";
        if (i > 1)
            snprintf(number, sizeof number, "_%d", i);
        Kernel *kernel = plan_kernel(plan, KERNEL_OUTER, fresh, "gradient_%dx%d%s%s", o->inputs, o->units * o->used, o->db ? "_sums" : "", number);
        if (*fresh || outer_equal(kernel, &shape))
            return kernel;
    }
}

static char *rows_args(const Outer *o)
{
    return o->runs ? mem_format("%s, %s, %s, %s", o->share, o->runs, o->pitch, o->rows) : mem_format("%s, %s", o->share, o->rows);
}

void outer_call(Plan *plan, Function *f, const Outer *o)
{
    bool fresh;
    Kernel *kernel = outer_kernel(plan, o, &fresh);
    if (fresh) {
        outer_shape(kernel, o);
        kernel->comment = mem_format("dW[%d][%d units x %d] += sum over rows of a' d%s", o->inputs, o->units, o->used, o->db ? "; db += that of d" : "");
        kernel->flops_row = 2.0 * o->inputs * o->units * o->used;
        kernel_param(kernel, "a", false, o->a_stride);
        kernel_param(kernel, "d", false, o->d_stride);
        kernel_param(kernel, "dw", true, 0);
        if (o->db)
            kernel_param(kernel, "db", true, 0);
    }
    char *rows = rows_args(o);
    function_call(f, kernel->name, "%s, %s, %s, %s%s%s", rows, o->a, o->d, o->dw, o->db ? ", " : "", o->db ? o->db : "");
    free(rows);
}

void sum_call(Plan *plan, Function *f, const Outer *o)
{
    bool fresh;
    const int columns = o->units * o->slots;
    char size[40];
    snprintf(size, sizeof size, o->d_stride == columns ? "%d" : "%d_of_%d", columns, o->d_stride);
    Kernel *kernel = plan_kernel(plan, KERNEL_SUM, &fresh, "sum_%s_%s", o->runs ? "runs" : "rows", size);
    if (fresh) {
        kernel->comment = mem_format("db[%d] += sum over rows of d", columns);
        kernel->units = columns;
        kernel->d_stride = o->d_stride;
        kernel->runs = o->runs != NULL;
        kernel_param(kernel, "d", false, kernel->d_stride);
        kernel_param(kernel, "db", true, 0);
    }
    char *rows = rows_args(o);
    function_call(f, kernel->name, "%s, %s, %s", rows, o->d, o->db);
    free(rows);
}
