/* kernels.c: every kernel of the plan as a run of template calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"

/* One number of four, by the vectors' width; where there are only scalars, theirs */
static char *by_width(const Emitter *e, const int *of_level)
{
    if (!e->plan->vectors)
        return stream_int(of_level[TARGET_LEVELS - 1]);
    return mem_format("BY_WIDTH(%d, %d, %d, %d)", of_level[0], of_level[1], of_level[2], of_level[3]);
}

/* The params of a kernel, but for those of a list ended by NULL */
static bool listed(const char *const *list, const char *name)
{
    for (; list && *list; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

/* "const Real *x, Real *y", at most five a line */
static char *declare(const Kernel *k, const char *const *without)
{
    enum { A_LINE = 5 };
    Text text = {0};
    for (int i = 0, n = 0; i < k->params_count; i++) {
        const Param *p = &k->params[i];
        if (listed(without, p->name))
            continue;
        const char *before = n % A_LINE ? ", " : n ? ",\n    " : "";
        text_add(&text, "%s%s%s *%s", before, p->writes ? "" : "const ", p->ints ? "int32_t" : "Real", p->name);
        n++;
    }
    return text.data;
}

static char *names(const Kernel *k, const char *const *without)
{
    Text text = {0};
    for (int i = 0; i < k->params_count; i++)
        if (!listed(without, k->params[i].name))
            text_add(&text, "%s%s", text.data ? ", " : "", k->params[i].name);
    return text.data;
}

static int stride_of(const Kernel *k, const char *param)
{
    for (int i = 0; i < k->params_count; i++)
        if (strcmp(k->params[i].name, param) == 0)
            return k->params[i].stride;
    abort();
}

/* A C term, or nothing where it is zero */
static char *term(const char *format, int value)
{
    char text[40] = "";
    if (value == 1 && strstr(format, "* P"))
        return mem_copy(" + P");
    if (value)
        snprintf(text, sizeof text, format, value);
    return mem_copy(text);
}

/* ---- the program behind the sums, in one pass over the rows or in two ---- */

static bool mentions(const Let *lets, const char *name)
{
    for (const Let *l = lets; l && l->expr; l++)
        if (l->name && text_mentions(l->expr, name))
            return true;
    return false;
}

static bool defines(const Let *lets, const char *name)
{
    for (const Let *l = lets; l && l->expr; l++)
        if (l->name && strcmp(l->name, name) == 0)
            return true;
    return false;
}

/* op: sg_load or sg_store, a vector of units; OP_slot: one slot of them */
static void access(Stream *s, const Kernel *k, const char *op, const char *value, const char *param, int of_slot)
{
    char *slots = stream_int(k->slots), *stride = stream_int(stride_of(k, param)), *slot = term(" + %d * P", of_slot), *op_slot = mem_format("%s_slot", op);
    if (of_slot < 0)
        stream_op(s, op, value, param, stride, NULL);
    else
        stream_op(s, op_slot, value, param, stride, slots, slot, NULL);
    free(slots), free(stride), free(slot), free(op_slot);
}

static void load(Stream *s, const Kernel *k, const Load *l) { access(s, k, "sg_load", l->name, l->param, l->slot); }
static void store(Stream *s, const Kernel *k, const Store *t) { access(s, k, "sg_store", t->value, t->param, t->slot); }

static void lets(Stream *s, const Let *list)
{
    for (const Let *l = list; l && l->expr; l++)
        if (l->name)
            stream_op(s, "sg_let", l->name, l->expr, NULL);
        else
            stream_op(s, "sg_note", l->expr, NULL);
}

/* All of it in one pass */
static void program(Stream *s, const Kernel *k)
{
    const Program *p = &k->program;
    for (const Load *l = p->loads; l && l->name; l++)
        load(s, k, l);
    lets(s, p->lets);
    lets(s, p->rest);
    for (const Store *t = p->stores; t && t->param; t++)
        store(s, k, t);
}

static void slot_value(Stream *s, const char *name, int slot)
{
    char *number = stream_int(slot);
    stream_op(s, "sg_slot", name, number, NULL);
    free(number);
}

/* Sums that are still there, by name: a0, a1, .. */
static void slots(Stream *s, const Kernel *k, const Let *users)
{
    for (int q = 0; q < k->slots; q++) {
        char *name = mem_format("a%d", q);
        bool stored = false;
        for (const Store *t = k->program.stores; t && t->param; t++)
            stored |= users != k->program.rest && strcmp(t->value, name) == 0;
        if (!users || stored || mentions(users, name))
            slot_value(s, name, q);
        free(name);
    }
}

/* Whether a pass reads or writes more than the sums */
static bool has_access(const Program *p, bool second)
{
    for (const Load *l = p->loads; l && l->name; l++)
        if (mentions(second ? p->rest : p->lets, l->name))
            return true;
    for (const Store *t = p->stores; t && t->param; t++)
        if (defines(p->rest, t->value) == second)
            return true;
    return false;
}

static void pass(Stream *s, const Kernel *k, bool second)
{
    const Program *p = &k->program;
    const Let *list = second ? p->rest : p->lets;
    if (k->staggered)
        stream_op(s, second ? "sg_staggered_second" : "sg_staggered_first", k->turns ? "turns" : "", NULL);
    else
        stream_op(s, !has_access(p, second) ? "sg_program_of_sums" : second && !k->late ? "sg_program_again" : "sg_program_begin", NULL);
    slots(s, k, list);
    for (const Keep *keep = second ? p->keeps : NULL; keep && keep->value; keep++)
        slot_value(s, keep->value, keep->slot);
    for (const Load *l = p->loads; l && l->name; l++)
        if (mentions(list, l->name))
            load(s, k, l);
    lets(s, list);
    for (const Store *t = p->stores; t && t->param; t++)
        if (defines(p->rest, t->value) == second)
            store(s, k, t);
    if (!second)
        stream_op(s, "sg_keeps", NULL);
    for (const Keep *keep = second ? NULL : p->keeps; keep && keep->value; keep++) {
        char *number = stream_int(keep->slot);
        stream_op(s, "sg_keep", number, keep->value, NULL);
        free(number);
    }
    stream_op(s, "sg_program_end", NULL);
}

static void tile_program(Stream *s, const Kernel *k)
{
    if (k->program.keeps) {
        if (!k->late)
            pass(s, k, false);
        pass(s, k, true);
        return;
    }
    stream_op(s, "sg_program_begin", NULL);
    slots(s, k, NULL);
    program(s, k);
    stream_op(s, "sg_program_end", NULL);
}

static int blocks_of(const Kernel *k)
{
    int count = 0;
    for (int i = 0; i < k->sources_count; i++)
        count += kernel_blocks(k, &k->sources[i]);
    return count;
}

/* Whether `block` is one of first .. end - 1 */
static char *blocks_condition(int first, int end, int all)
{
    if (first == 0)
        return end == all ? mem_copy("block < BLOCKS") : mem_format("block < %d", end);
    return end == all ? mem_format("block >= %d", first) : mem_format("block >= %d && block < %d", first, end);
}

/* Where a source fetches rows that are read soon: a tile's R of them, spread over its k's; "": it fetches none */
static char *next_at(const Source *c)
{
    if (!c->next)
        return mem_copy("");
    char *k = c->reps == 1 ? mem_copy("k") : mem_format("(run * %d + k)", c->run);
    char *at = mem_format("%s + row * %d + %s * (R * %d / %d)", c->next, c->a_stride, k, c->a_stride, c->reps * c->run);
    free(k);
    return at;
}

/* a: the arguments that all sources have. first: the block this one begins with */
static void blocked_source(Stream *s, const Kernel *k, const Source *c, char *const a[], const char *next, int first, int panel)
{
    const int end = first + kernel_blocks(k, c);
    char *which = blocks_condition(first, end, blocks_of(k));
    char *k0 = first == 0 ? mem_copy("block") : mem_format("(block - %d)", first);
    char *k1 = c->run % k->block ? mem_format("k0 + K < %d ? k0 + K : %d", c->run, c->run) : mem_copy("k0 + K");
    char *past = k->ahead ? stream_int(k->first_panel * panel + k->units) : NULL; /* ends the arguments where it is none */
    stream_op(s, k->ahead ? "sg_blocked_source_ahead" : "sg_blocked_source", c->a, a[0], a[1], a[2], c->w, a[3], a[4], a[5], a[6], which, k0, k1, next, past, NULL);
    free(which), free(k0), free(k1), free(past);
}

static bool has_bias(const Kernel *k)
{
    for (int i = 0; i < k->params_count; i++)
        if (strcmp(k->params[i].name, "bias") == 0)
            return true;
    return false;
}

static bool tail_gates(const Kernel *k) { return k->tail && k->tail_program.stores; }

/* Where in w_tail the source's inputs begin */
static int beside_of(const Kernel *k, const Source *c)
{
    int rows = 0;
    if (tail_gates(k)) {
        rows = has_bias(k) ? 2 : 0;
        for (const Source *before = k->sources; before < c; before++)
            rows += before->reps * before->run;
    }
    return rows * k->tail_lanes;
}

/* first_block: of a kernel in blocks, where this source begins; panel: P; from, end: of its slots those that are wanted, as the C has them, or NULL: all */
static void source(Stream *s, const Kernel *k, const Source *c, int first_block, int panel, const char *from, const char *end)
{
    char *a[8] = {stream_int(c->a_stride), term(" + %d", c->offset), stream_int(c->run), stream_int(c->w_rows),
                  c->w_first ? mem_format(" + %d * %d * P", c->w_first, c->slots) : mem_copy(""), term("%d + ", c->slot), stream_int(c->slots), NULL};
    char *reps = stream_int(c->reps), *pitch = stream_int(c->pitch), *lanes = k->tail ? stream_int(k->tail_lanes) : mem_copy(""), *next = next_at(c);
    const bool last = c == &k->sources[k->sources_count - 1], state = (k->turns || k->tail) && last;
    char *beside = term(" + %d", beside_of(k, c));
    if (k->block)
        blocked_source(s, k, c, a, next, first_block, panel);
    else if (k->staggered && last)
        stream_op(s, k->turns ? "sg_staggered_turns_source" : "sg_staggered_source", c->a, a[1], a[2], c->w, a[3], a[4], a[5], a[6], NULL);
    else if (k->one_row && (state || tail_gates(k)))
        stream_op(s, "sg_single_source_state", c->a, a[1], a[2], c->w, a[3], a[4], a[5], a[6], k->turns && last ? "turns" : "", lanes, beside, NULL);
    else if (k->one_row && c->reps == 1)
        stream_op(s, "sg_single_source", c->a, a[1], a[2], c->w, a[3], a[4], a[5], a[6], from ? from : "0", end ? end : a[6], NULL);
    else if (k->one_row)
        stream_op(s, "sg_single_source_runs", c->a, a[1], a[2], c->w, a[3], a[4], a[5], a[6], reps, pitch, NULL);
    else if (c->reps == 1)
        stream_op(s, "sg_source", c->a, a[0], a[1], a[2], c->w, a[3], a[4], a[5], a[6], next, NULL);
    else
        stream_op(s, "sg_source_runs", c->a, a[0], a[1], a[2], c->w, a[3], a[4], a[5], a[6], next, reps, pitch, NULL);
    for (int i = 0; i < 7; i++)
        free(a[i]);
    free(reps), free(pitch), free(lanes), free(next), free(beside);
}

/* The last source and the first pass of the program, where that can do without some slots: these are summed behind it. */
static void late_source(Stream *s, const Kernel *k, int panel)
{
    const Source *c = &k->sources[k->sources_count - 1];
    char *slots = stream_int(c->slots), *first = c->slot ? mem_format("N * %d", c->slot) : mem_copy("0"), *behind = c->slot ? mem_format("N * (%d + LATE)", c->slot) : mem_copy("N * LATE");
    source(s, k, c, 0, panel, "LATE", slots);
    if (c->slot)
        stream_op(s, "sg_single_fold", "", "0", first, NULL);
    stream_op(s, "sg_single_fold", "", behind, "N * S", NULL);
    pass(s, k, false);
    stream_op(s, "sg_single_late", NULL);
    source(s, k, c, 0, panel, "0", "LATE");
    stream_op(s, "sg_single_fold", "", first, behind, NULL);
    free(slots), free(first), free(behind);
}

/* The last source and both passes of the program, vector of units by vector */
static void staggered_source(Stream *s, const Kernel *k, int panel)
{
    source(s, k, &k->sources[k->sources_count - 1], 0, panel, NULL, NULL);
    pass(s, k, true);
    pass(s, k, false);
    stream_op(s, "sg_staggered_end", NULL);
}

/* What the sums start from */
static void inits(Stream *s, const Kernel *k)
{
    if (k->init == INIT_ROW) {
        char *stride = stream_int(k->init_stride);
        stream_op(s, k->one_row ? "sg_single_row" : "sg_init_row", "products", stride, NULL);
        free(stride);
    } else if (has_bias(k))
        stream_op(s, k->one_row ? "sg_single_bias" : "sg_init_bias", "bias", NULL);
    else if (!k->one_row)
        stream_op(s, "sg_init_zero", NULL);
    if (k->init == INIT_LOOKUP) {
        char *lookup = stream_int(k->lookup_slots), *stride = stream_int(k->lookup_stride);
        stream_op(s, k->one_row ? "sg_single_lookup" : "sg_init_lookup", "tokens", "table", lookup, stride, NULL);
        free(lookup), free(stride);
    }
}

/* What the program stores comes into the first cache while the sums are made. */
static void fetches(Stream *s, const Kernel *k)
{
    stream_op(s, "sg_fetch_begin", k->block ? "blocked" : "", NULL);
    for (const Store *t = k->program.stores; t && t->param; t++)
        access(s, k, "sg_fetch", "", t->param, t->slot);
    stream_op(s, "sg_program_end", NULL);
}

static void tile_begin(Emitter *e, const Kernel *k, const char *slots, const char *params)
{
    char *rows = by_width(e, k->rows_tile), *units = by_width(e, k->units_tile), *comment = stream_comment(k->comment), *all = stream_int(k->units - (k->tail ? e->plan->P : 0));
    char *block = stream_int(k->block), *blocks = stream_int(blocks_of(k)), *lanes = k->tail ? stream_int(k->tail_lanes) : mem_copy("");
    char *late = k->late ? stream_int(k->late) : mem_copy(k->staggered ? "staggered" : "");
    if (k->one_row)
        stream_op(e->stream, "sg_single_begin", k->name, comment, rows, units, slots, params, all, k->turns ? "turns" : "", lanes, late, NULL);
    else if (k->block)
        stream_op(e->stream, "sg_blocked_begin", k->name, comment, rows, units, slots, params, block, blocks, NULL);
    else
        stream_op(e->stream, "sg_tile_begin", k->name, comment, rows, units, slots, params, NULL);
    free(rows), free(units), free(comment), free(all), free(block), free(blocks), free(lanes), free(late);
}

static void tile_end(Emitter *e, const Kernel *k, const char *slots, const char *params)
{
    const int first_unit = k->first_panel * e->plan->P;
    char *first = stream_int(first_unit), *end = stream_int(first_unit + k->units), *args = names(k, NULL), *most = stream_int(e->plan->B);
    const char *tiles = e->plan->vectors ? "even" : "again";
    if (k->block)
        stream_op(e->stream, "sg_blocked_rows", k->name, params, args, first, end, slots, most, tiles, k->shared ? "shared" : "", NULL);
    else if (k->turns)
        stream_op(e->stream, "sg_single_turns", k->name, params, args, first, end, k->staggered ? "staggered" : "", NULL);
    else if (k->one_row || k->in_place)
        stream_op(e->stream, k->one_row ? "sg_single_end" : "sg_tile_rows_in_place", k->name, params, args, first, end, NULL);
    else
        stream_op(e->stream, "sg_tile_rows", k->name, params, args, first, end, tiles, k->shared ? "shared" : "", NULL);
    free(first), free(end), free(args), free(most);
}

/* ---- the last units of a row alone, gates side by side ---- */

static bool program_loads(const Program *p, const char *param)
{
    for (const Load *l = p->loads; l && l->name; l++)
        if (strcmp(l->param, param) == 0)
            return true;
    return false;
}

/* Sums and v_sigmoid_below of them, a0.. and below0.., that the equations mention */
static void gates(Stream *s, const Kernel *k)
{
    static const char *const FORMS[2][2] = {{"a%d", "sg_gates_sum"}, {"below%d", "sg_gates_below"}};
    for (int q = 0; q < 2 * k->slots; q++) {
        char *name = mem_format(FORMS[q % 2][0], q / 2), *slot = stream_int(q / 2);
        if (mentions(k->tail_program.lets, name))
            stream_op(s, FORMS[q % 2][1], name, slot, NULL);
        free(name), free(slot);
    }
}

/* Behind the tile of the whole panels: the same for the other units. The tile left their sums with the state, its last source, or all of their sums. */
static void tail(Emitter *e, const Kernel *k, const char *slots, const char *params)
{
    Stream *s = e->stream;
    const bool whole = tail_gates(k);
    Kernel rest = *k;
    rest.program = whole ? k->tail_program : k->program;
    const char *without[2 + 2 * SOURCES_MAX + 1] = {"w_tail"};
    int count = 1;
    if (whole)
        without[count++] = "bias";
    for (int i = whole ? 0 : k->sources_count - 1; i < k->sources_count; i++) {
        without[count++] = k->sources[i].w;
        if (!program_loads(&rest.program, k->sources[i].a))
            without[count++] = k->sources[i].a;
    }
    char *own = declare(k, without), *args = names(k, NULL), *own_args = names(k, without), *units = stream_int(k->tail), *used = stream_int(k->tail_units);
    char *end = stream_int(k->units - e->plan->P), *lanes = stream_int(k->tail_lanes), *twice = k->tail_twice ? stream_int(k->tail_twice - 1) : mem_copy("");
    if (whole) {
        stream_op(s, "sg_gates_begin", k->name, used, end, units, slots, own, lanes, NULL);
        stream_op(s, "sg_program_begin", NULL);
        gates(s, k);
        program(s, &rest);
        stream_op(s, "sg_program_end", NULL);
    } else {
        stream_op(s, "sg_tail_begin", k->name, used, end, units, slots, own, NULL);
        inits(s, k);
        for (int i = 0; i < k->sources_count - 1; i++)
            source(s, k, &k->sources[i], 0, e->plan->P, NULL, NULL);
        stream_op(s, "sg_tail_add", twice, NULL);
        tile_program(s, k);
    }
    stream_op(s, "sg_single_tail_end", k->name, params, args, end, lanes, own_args, k->turns ? "turns" : "", NULL);
    free(own), free(args), free(own_args), free(units), free(used), free(end), free(lanes), free(twice);
}

static void tile(Emitter *e, const Kernel *k)
{
    Stream *s = e->stream;
    char *slots = stream_int(k->slots), *params = declare(k, NULL), *lanes = k->tail ? stream_int(k->tail_lanes) : mem_copy("");
    const int sources = k->sources_count - (k->late || k->staggered);
    tile_begin(e, k, slots, params);
    inits(s, k);
    if (tail_gates(k) && has_bias(k))
        stream_op(s, "sg_tail_bias", lanes, NULL);
    if (k->fetches)
        fetches(s, k);
    if (k->block)
        stream_op(s, "sg_blocked_resume", NULL);
    for (int i = 0, block = 0; i < sources; block += kernel_blocks(k, &k->sources[i++]))
        source(s, k, &k->sources[i], block, e->plan->P, NULL, NULL);
    if (k->block)
        stream_op(s, "sg_blocked_pause", NULL);
    if (k->staggered)
        staggered_source(s, k, e->plan->P);
    else if (k->late)
        late_source(s, k, e->plan->P);
    else if (k->one_row && e->plan->vectors)
        stream_op(s, "sg_single_fold", lanes, "0", "N * S", NULL);
    if (!k->staggered)
        tile_program(s, k);
    if (k->tail)
        tail(e, k, slots, params);
    else
        tile_end(e, k, slots, params);
    free(slots), free(params), free(lanes);
}

static void each(Emitter *e, const Kernel *k)
{
    char *params = declare(k, NULL), *units = stream_int(k->units), *comment = stream_comment(k->comment);
    stream_op(e->stream, "sg_each_begin", k->name, comment, params, units, k->shared ? "shared" : "", NULL);
    program(e->stream, k);
    stream_op(e->stream, "sg_each_end", NULL);
    free(params), free(units), free(comment);
}

static void dots(Emitter *e, const Kernel *k)
{
    char *params = declare(k, NULL), *units = stream_int(k->slots), *w_rows = stream_int(k->w_rows), *inputs = stream_int(plan_pad(e->plan, k->inputs));
    stream_op(e->stream, "sg_dots", k->name, k->comment, params, units, w_rows, inputs, has_bias(k) ? "bias[j] + " : "", NULL);
    free(params), free(units), free(w_rows), free(inputs);
}

static void outer(Emitter *e, const Kernel *k)
{
    char *rows = by_width(e, k->rows_tile), *units = by_width(e, k->units_tile), *a[9];
    const int numbers[9] = {k->slots, k->inputs, k->a_stride, k->d_stride, k->d_slots, k->d_slot, k->w_rows, k->w_first, k->units};
    for (int i = 0; i < 9; i++)
        a[i] = i == 5 ? term(" + %d * P", numbers[i]) : i == 7 && numbers[i] ? mem_format("(k + %d)", numbers[i]) : i == 7 ? mem_copy("k") : stream_int(numbers[i]);
    stream_op(e->stream, "sg_outer", k->name, k->comment, rows, units, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], k->sums ? "sums" : "", k->runs ? "runs" : "",
              k->fetches ? "fetches" : "", NULL);
    for (int i = 0; i < 9; i++)
        free(a[i]);
    free(rows), free(units);
}

void emit_kernels(Emitter *e)
{
    for (int i = 0; i < e->plan->kernels_count; i++) {
        const Kernel *k = &e->plan->kernels[i];
        char *count = stream_int(k->units), *stride = stream_int(k->d_stride);
        switch (k->kind) {
        case KERNEL_TILE: tile(e, k); break;
        case KERNEL_DOTS: dots(e, k); break;
        case KERNEL_EACH: each(e, k); break;
        case KERNEL_OUTER: outer(e, k); break;
        case KERNEL_SUM: stream_op(e->stream, "sg_sum", k->name, k->comment, count, stride, k->runs ? "runs" : "", NULL); break;
        }
        free(count), free(stride);
    }
}
