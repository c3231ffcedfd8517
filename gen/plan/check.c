/* check.c: what must hold of every plan before it is printed. Always runs: a broken plan is a bug, and is never emitted. */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(const char *what, const char *name)
{
    fprintf(stderr, "seqgen: internal error: plan: %s: %s\n", name, what);
    return false;
}

static const Kernel *find_kernel(const Plan *plan, const char *name)
{
    for (int i = 0; i < plan->kernels_count; i++)
        if (strcmp(plan->kernels[i].name, name) == 0)
            return &plan->kernels[i];
    return NULL;
}

/* Arguments at the top level of "a, f(b, c), d". */
static int count_args(const char *args)
{
    int depth = 0, count = 1;
    for (const char *p = args; *p; p++) {
        depth += (*p == '(' || *p == '[') - (*p == ')' || *p == ']');
        count += *p == ',' && depth == 0;
    }
    return count;
}

static bool check_calls(const Plan *plan, const Function *f)
{
    for (int i = 0; i < f->count; i++) {
        if (!f->statements[i].call)
            continue;
        const Kernel *k = find_kernel(plan, f->statements[i].text);
        if (!k)
            return fail("calls a kernel that does not exist", f->name);
        const int before = k->kind == KERNEL_DOTS ? 0 : k->runs ? 4 : k->kind == KERNEL_OUTER || k->kind == KERNEL_SUM || k->turns || k->shared ? 2 : 1; /* the thread's share, runs and their pitch, rows, which turn */
        if (count_args(f->statements[i].args) != k->params_count + before)
            return fail("calls a kernel with the wrong number of arguments", f->name);
    }
    return true;
}

static bool has_param(const Kernel *k, const char *name)
{
    for (int i = 0; i < k->params_count; i++)
        if (strcmp(k->params[i].name, name) == 0)
            return true;
    return false;
}

static bool check_program(const Kernel *k, const Program *p)
{
    for (const Load *load = p->loads; load && load->name; load++)
        if (!has_param(k, load->param))
            return fail("the program loads from no parameter", k->name);
    for (const Store *store = p->stores; store && store->param; store++)
        if (!has_param(k, store->param))
            return fail("the program stores to no parameter", k->name);
    return true;
}

static bool check_kernel(const Plan *plan, const Kernel *k)
{
    if (k->kind != KERNEL_SUM && (k->units <= 0 || k->units % plan->P))
        return fail("units are not whole panels", k->name);
    for (int i = 0; i < k->sources_count; i++) {
        const Source *s = &k->sources[i];
        if (!has_param(k, s->a) || !has_param(k, s->w))
            return fail("a source is no parameter", k->name);
        if (s->w_first + s->reps * s->run > s->w_rows || s->slot + s->slots > k->slots)
            return fail("a source reaches beyond its weights or slots", k->name);
    }
    if (k->late && (!k->program.keeps || !k->sources_count || k->late >= k->sources[k->sources_count - 1].slots))
        return fail("late slots without a second pass, or all of them", k->name);
    if (k->sums && (k->d_slot != 0 || k->slots != k->d_slots))
        return fail("sums for a bias that not all slots reach", k->name);
    return check_program(k, &k->program) && check_program(k, &k->tail_program);
}

/* Where the weights are constants, a streaming step takes no model: its pointer may be NULL. */
static bool check_stream(const Plan *plan)
{
    const Function *f = plan->infer_only ? plan->stream : NULL;
    for (int i = 0; f && i < f->count; i++)
        if (strstr(f->statements[i].text, "m->") || (f->statements[i].args && strstr(f->statements[i].args, "m->")))
            return fail("a streaming step needs the model's memory", f->statements[i].text);
    return true;
}

/* Every tensor lives in exactly one buffer that is large enough. */
static bool check_packs(const Plan *plan)
{
    for (int t = 0; t < plan->graph->tensors_count; t++) {
        int found = 0;
        for (int i = 0; i < plan->packs_count; i++)
            found += plan->packs[i].tensor == t && !plan->packs[i].copy;
        if (found != 1)
            return fail("is not packed exactly once", plan->graph->tensors[t].name);
    }
    for (int i = 0; i < plan->packs_count; i++) {
        const Pack *p = &plan->packs[i];
        const Buffer *b = &plan->buffers[p->buffer];
        const SeqrtTensor *t = &plan->graph->tensors[p->tensor];
        int64_t last = p->to + (p->units - 1) / plan->P * p->panel_stride + (p->inputs - 1) * p->k_stride + (p->units - 1) % plan->P;
        int64_t slot = 0, count = (int64_t)t->shape[0] * (t->rank > 1 ? t->shape[1] : 1);
        for (int q = 0; q < p->gates; q++)
            slot = p->slot[q] > slot ? p->slot[q] : slot;
        if (last + slot * (p->apart ? p->apart : plan->P) >= b->rows * b->stride)
            return fail("reaches beyond its buffer", t->name);
        if ((int64_t)p->gates * (p->first + p->units) * p->inputs != count)
            return fail("is not packed whole", t->name);
    }
    return true;
}

static bool check_names(const Plan *plan)
{
    for (int i = 0; i < plan->buffers_count; i++)
        for (int j = 0; j < i; j++) {
            const Buffer *a = &plan->buffers[i], *b = &plan->buffers[j];
            bool same_struct = a->block == b->block || (a->block != BLOCK_PARAM && a->block != BLOCK_DERIVED && a->block != BLOCK_STREAM &&
                                                        b->block != BLOCK_PARAM && b->block != BLOCK_DERIVED && b->block != BLOCK_STREAM);
            if (same_struct && strcmp(a->name, b->name) == 0)
                return fail("two buffers of one name", a->name);
        }
    return true;
}

bool plan_check(const Plan *plan)
{
    for (int i = 0; i < plan->kernels_count; i++)
        if (!check_kernel(plan, &plan->kernels[i]))
            return false;
    for (int i = 0; i < plan->functions_count; i++)
        if (!check_calls(plan, plan->functions[i]))
            return false;
    return check_stream(plan) && check_packs(plan) && check_names(plan);
}
