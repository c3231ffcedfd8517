/* functions.c: helpers that are called, then the layers' functions and schedules. */
#include <stdlib.h>
#include <string.h>

#include "parts.h"

/* Helpers in the order they are printed; `needs` must stand before its users. */
typedef struct Helper { const char *name, *used_by; } Helper;
static const Helper HELPERS[] = {
    {"add_vectors", NULL}, {"zero_share", NULL}, {"transpose_panels", NULL}, {"copy_reals", NULL}, {"pack_tail", NULL}, {"zero_rows", NULL}, {"zero_slot", NULL},
    {"gather_rows", NULL}, {"scatter_slots", NULL}, {"widen_rows", NULL}, {"dropout_row", "dropout_steps dropout_rows"}, {"dropout_steps", NULL},
    {"dropout_rows", NULL}, {"pool_last", NULL}, {"pool_first", NULL}, {"pool_last_back", NULL}, {"pool_first_back", NULL}, {"pool_mean", NULL}, {"pool_mean_back", NULL}, {"pool_max", NULL},
    {"pool_max_back", NULL}, {"flatten_tokens", NULL}, {"flatten_steps", NULL}, {"flatten_back", NULL}, {"norm_row", "norm_rows"},
    {"norm_rows", NULL}, {"norm_rows_back", NULL}, {"norm_sums", NULL}, {"stream_mean", NULL}, {"stream_max", NULL}, {"carry_in", NULL}, {"carry_out", NULL},
};

bool emit_mentions(const Plan *plan, const char *name)
{
    for (int i = 0; i < plan->functions_count; i++)
        for (int j = 0; j < plan->functions[i]->count; j++)
            if (!plan->functions[i]->statements[j].call && text_mentions(plan->functions[i]->statements[j].text, name))
                return true;
    return false;
}

static bool wanted(const Plan *plan, const Helper *helper)
{
    if (emit_mentions(plan, helper->name))
        return true;
    if (!helper->used_by)
        return false;
    char *users = mem_copy(helper->used_by);
    bool yes = false;
    for (char *user = strtok(users, " "); user; user = strtok(NULL, " "))
        yes = yes || emit_mentions(plan, user);
    free(users);
    return yes;
}

void emit_helpers(Emitter *e)
{
    for (size_t i = 0; i < sizeof HELPERS / sizeof *HELPERS; i++) {
        if (!wanted(e->plan, &HELPERS[i]))
            continue;
        char *op = mem_format("sg_helper_%s", HELPERS[i].name);
        stream_op(e->stream, op, NULL);
        free(op);
    }
}

/* Spaces that a call needs behind this line: below an `if`, `else` or `for` that ends with it, one step more than it has. */
static const char *indent_after(const char *line)
{
    static const char SPACES[] = "            ";
    enum { MOST = sizeof SPACES - 1 };
    const char *word = line;
    while (*word == ' ')
        word++;
    const bool control = strncmp(word, "if (", 4) == 0 || strcmp(word, "else") == 0 || strncmp(word, "for (", 5) == 0;
    const size_t length = strlen(line), depth = control && line[length - 1] != ';' ? (size_t)(word - line) + 4 : 0;
    return SPACES + (depth < MOST ? MOST - depth : 0);
}

/* Arguments broken into lines of about a hundred characters. */
static char *wrap(const char *name, const char *args, const char *indent)
{
    Text text = {0};
    size_t column = 4 + strlen(indent) + strlen(name);
    for (const char *p = args; *p; p++) {
        text_add_bytes(&text, p, 1);
        const char *next = strstr(p + 1, ", ");
        const size_t word = next ? (size_t)(next - p) : strlen(p);
        column++;
        if (p[0] == ',' && p[1] == ' ' && column + word > 118) {
            text_add(&text, "\n        %s", indent);
            column = 8 + strlen(indent);
            p++;
        }
    }
    return text.data;
}

/* A line that calls a helper, the same */
static char *wrap_line(const char *line)
{
    const size_t depth = strspn(line, " "), length = strlen(line);
    const char *name = line + depth, *open = strchr(line, '(');
    if (length <= 114 || !open || strcspn(name, " ") < (size_t)(open - name) || strcmp(line + length - 2, ");") != 0)
        return mem_copy(line);
    char *head = mem_format("%.*s", (int)(open - name), name), *args = mem_format("%.*s", (int)(line + length - 2 - open - 1), open + 1);
    char *indent = mem_format("%*s", (int)depth, ""), *wrapped = wrap(head, args, indent), *whole = mem_format("%s%s(%s);", indent, head, wrapped);
    free(head), free(args), free(indent), free(wrapped);
    return whole;
}

static void statements(Stream *s, const Function *f)
{
    for (int i = 0; i < f->count; i++) {
        const Statement *st = &f->statements[i];
        if (st->call) {
            const char *indent = i > 0 && !f->statements[i - 1].call ? indent_after(f->statements[i - 1].text) : "";
            char *args = wrap(st->text, st->args, indent);
            stream_op(s, "sg_call", st->text, args, indent, NULL);
            free(args);
        } else {
            char *line = wrap_line(st->text);
            stream_op(s, "sg_line", line, NULL);
            free(line);
        }
    }
}

/* ---- schedules: straight-line in functions of bounded length ---- */

enum { STEPS_A_FUNCTION = 64 };

static void schedule_part(Emitter *e, const Function *f, bool up, int first, int end, const char *name)
{
    stream_op(e->stream, "sg_function", f->comment, name, NULL);
    stream_op(e->stream, "sg_line", "const int steps = m->steps;", NULL);
    for (int i = first; i < end; i++) {
        char *t = stream_int(up ? i : first + end - 1 - i);
        stream_op(e->stream, "sg_step", f->step, t, NULL);
        free(t);
    }
    stream_op(e->stream, "sg_end", NULL);
}

static void schedule_unrolled(Emitter *e, const Function *f, bool up)
{
    const int T = e->plan->T, parts = (T + STEPS_A_FUNCTION - 1) / STEPS_A_FUNCTION;
    if (parts == 1) {
        schedule_part(e, f, up, 0, T, f->name);
        return;
    }
    for (int p = 0; p < parts; p++) {
        char *name = mem_format("%s_%d", f->name, p);
        const int end = (p + 1) * STEPS_A_FUNCTION;
        schedule_part(e, f, up, p * STEPS_A_FUNCTION, end < T ? end : T, name);
        free(name);
    }
    stream_op(e->stream, "sg_function", f->comment, f->name, NULL);
    for (int i = 0; i < parts; i++) {
        char *name = mem_format("%s_%d", f->name, up ? i : parts - 1 - i);
        stream_op(e->stream, "sg_run", name, NULL);
        free(name);
    }
    stream_op(e->stream, "sg_end", NULL);
}

static void schedule(Emitter *e, const Function *f, bool up)
{
    if (e->plan->unrolled) {
        schedule_unrolled(e, f, up);
        return;
    }
    stream_op(e->stream, "sg_function", f->comment, f->name, NULL);
    stream_op(e->stream, up ? "sg_loop_up" : "sg_loop_down", f->step, NULL);
    stream_op(e->stream, "sg_end", NULL);
}

static void function(Emitter *e, const Function *f)
{
    if (f == e->plan->stream || (f->count == 0 && !f->step))
        return;
    switch (f->form) {
    case FORM_ASCENDING: schedule(e, f, true); return;
    case FORM_DESCENDING: schedule(e, f, false); return;
    case FORM_PLAIN: stream_op(e->stream, "sg_function", f->comment, f->name, NULL); break;
    case FORM_STEP: stream_op(e->stream, "sg_step_function", f->comment, f->name, NULL); break;
    }
    if (f->uses_steps)
        stream_op(e->stream, "sg_line", "const Range steps = share_steps(m, s, 0, m->steps);", NULL);
    statements(e->stream, f);
    stream_op(e->stream, "sg_end", NULL);
}

void emit_functions(Emitter *e)
{
    for (int i = 0; i < e->plan->functions_count; i++)
        function(e, e->plan->functions[i]);
}

void emit_stream_body(Emitter *e) { statements(e->stream, e->plan->stream); }
