/* dump.c: the plan as text, for people and goldens: buffers, kernels with their tiles, functions, order. */
#include "plan.h"

#include <stdio.h>

static const char *const BLOCKS[BLOCK_COUNT] = {"param", "derived", "batch", "state", "forward", "backward", "stream"};
static const char *const KINDS[] = {"tile", "dots", "each", "outer", "sum"};

static void dump_buffers(const Plan *plan, Text *t)
{
    text_add(t, "buffers (block, offset in it, bytes, rows x stride)\n");
    for (int i = 0; i < plan->buffers_count; i++) {
        const Buffer *b = &plan->buffers[i];
        text_add(t, "  %-8s %10lld %10lld  %lldx%lld  %s  # %s\n", BLOCKS[b->block], (long long)b->offset, (long long)b->bytes, (long long)b->rows,
                 (long long)b->stride, b->name, b->comment);
    }
}

static void dump_lets(const Let *lets, Text *t)
{
    for (const Let *l = lets; l && l->expr; l++)
        text_add(t, l->name ? "      %s = %s\n" : "      %s# %s\n", l->name ? l->name : "", l->expr);
}

static void dump_program(const Program *p, Text *t)
{
    for (const Load *l = p->loads; l && l->name; l++)
        text_add(t, l->slot < 0 ? "      %s <- %s\n" : "      %s <- %s.%d\n", l->name, l->param, l->slot);
    dump_lets(p->lets, t);
    if (p->keeps)
        text_add(t, "      second pass\n");
    dump_lets(p->rest, t);
    for (const Store *s = p->stores; s && s->param; s++)
        text_add(t, s->slot < 0 ? "      %s -> %s\n" : "      %s -> %s.%d\n", s->value, s->param, s->slot);
}

static void dump_kernel(const Kernel *k, bool ops_only, Text *t)
{
    text_add(t, "  %s %s: %d units x %d slots, %.0f FLOPs a row  # %s\n", KINDS[k->kind], k->name, k->units, k->slots, k->flops_row, k->comment);
    if (!ops_only && (k->kind == KERNEL_TILE || k->kind == KERNEL_OUTER))
        text_add(t, "      tile rows x vectors: v64 %dx%d, v32 %dx%d, v16 %dx%d, scalar %dx%d\n", k->rows_tile[0], k->units_tile[0] * k->slots, k->rows_tile[1],
                 k->units_tile[1] * k->slots, k->rows_tile[2], k->units_tile[2] * k->slots, k->rows_tile[3], k->units_tile[3] * k->slots);
    if (!ops_only && k->block)
        text_add(t, "      inputs in blocks of %d%s\n", k->block, k->ahead ? ", the next one fetched ahead" : "");
    if (!ops_only && k->sources_count > 0 && k->sources[0].next)
        text_add(t, "      the next step's rows fetched meanwhile\n");
    if (!ops_only && k->fetches)
        text_add(t, k->kind == KERNEL_OUTER ? "      the next tile's sums fetched meanwhile\n" : "      what it writes is fetched before the sums\n");
    if (!ops_only && k->turns)
        text_add(t, "      every other step reads the weights backwards\n");
    if (!ops_only && k->tail)
        text_add(t, "      the last %d units packed, %d lanes an input for all their slots%s\n", k->tail_units, k->tail_lanes,
                 k->tail_program.stores ? ", and by equations of their own" : "");
    for (int i = 0; i < k->sources_count; i++) {
        const Source *s = &k->sources[i];
        text_add(t, "      slots %d..%d += %s[%d x %d] . %s", s->slot, s->slot + s->slots - 1, s->a, s->reps, s->run, s->w);
        if (!ops_only && k->late && i == k->sources_count - 1)
            text_add(t, "; %d..%d behind the first pass, where one tile has all units", s->slot, s->slot + k->late - 1);
        if (!ops_only && k->staggered && i == k->sources_count - 1)
            text_add(t, "; with the last vector of it for each vector of units beside the functions of the one before, where one tile has all units");
        text_add(t, "\n");
    }
    dump_program(&k->program, t);
    if (k->tail_program.stores) {
        text_add(t, "      of the last units\n");
        dump_program(&k->tail_program, t);
    }
}

static void dump_function(const Function *f, Text *t)
{
    static const char *const FORMS[] = {"", " (t)", " for t rising", " for t falling"};
    text_add(t, "  %s%s  # %s\n", f->name, FORMS[f->form], f->comment);
    if (f->step)
        text_add(t, "      %s(t)\n", f->step);
    for (int i = 0; i < f->count; i++) {
        const Statement *s = &f->statements[i];
        if (s->call)
            text_add(t, "      %s(%s)\n", s->text, s->args);
        else
            text_add(t, "      %s\n", s->text);
    }
}

static void dump_order(const char *what, char **names, int count, Text *t)
{
    text_add(t, "%s:", what);
    for (int i = 0; i < count; i++)
        text_add(t, " %s", names[i]);
    text_add(t, "\n");
}

char *plan_dump(const Plan *plan, bool ops_only)
{
    Text t = {0};
    text_add(&t, "plan of %s: T %d, B %d, panels of %d, time %s\n", plan->graph->spec->name, plan->T, plan->B, plan->P, plan->unrolled ? "unrolled" : "in loops");
    if (!ops_only)
        dump_buffers(plan, &t);
    text_add(&t, "kernels\n");
    for (int i = 0; i < plan->kernels_count; i++)
        dump_kernel(&plan->kernels[i], ops_only, &t);
    text_add(&t, "functions\n");
    for (int i = 0; i < plan->functions_count; i++)
        dump_function(plan->functions[i], &t);
    dump_order("refresh", plan->refresh, plan->refresh_count, &t);
    dump_order("forward", plan->forward, plan->forward_count, &t);
    dump_order("backward", plan->backward, plan->backward_count, &t);
    return t.data;
}
