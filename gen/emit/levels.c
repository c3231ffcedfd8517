/* levels.c: the part of model.c that depends on the width of vectors, for one level of the machine or for several.
 *
 * Takes: the spec's target, and m4's output. Gives: what stands around the part, and, where the file holds several levels
 * (templates/isa/levels.m4), a macro for every name that the part gives to something at the outermost level of C.
 * Does not: know C beyond how our templates begin a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"

Levels emit_levels(const Spec *spec)
{
    switch (spec->codegen.target) {
    case TARGET_X86_64: return LEVELS_SEVERAL;
    case TARGET_X86_64_V3:
    case TARGET_X86_64_V4: return LEVELS_ONE;
    default: return LEVELS_COMPILER;
    }
}

void emit_levels_begin(Emitter *e)
{
    const Levels levels = emit_levels(e->spec);
    if (levels == LEVELS_ONE)
        stream_op(e->stream, "sg_level_begin", e->spec->codegen.target == TARGET_X86_64_V3 ? "v3" : "v4", NULL);
    if (levels == LEVELS_SEVERAL)
        stream_op(e->stream, "sg_levels_begin", SOURCE_PLACE, e->spec->hash, NULL);
}

static void entries(Emitter *e)
{
    if (e->plan->infer_only) {
        stream_op(e->stream, "sg_level_entry", "void", "forward_all", "Model *m", "m", NULL);
    } else {
        stream_op(e->stream, "sg_level_entry", "void", "forward_all", "Model *m, const Share *s", "m, s", NULL);
        stream_op(e->stream, "sg_level_entry", "void", "backward_all", "Model *m, const Share *s", "m, s", NULL);
        stream_op(e->stream, "sg_level_entry", "void", "refresh", "Model *m, const Share *s", "m, s", NULL);
        stream_op(e->stream, "sg_level_entry", "void", "loss_rows", "Model *m, const Share *s", "m, s", NULL);
        stream_op(e->stream, "sg_level_entry", "Loss", "loss_sum", "const Model *m", "m", NULL);
        stream_op(e->stream, "sg_level_entry", "double", "update_share", "Model *m, const Share *s", "m, s", NULL);
    }
    if (e->plan->stream && e->graph->in.tokens)
        stream_op(e->stream, "sg_level_entry", "void", "step_once", "const Model *m, State *s, int32_t token, Real *output", "m, s, token, output", NULL);
    else if (e->plan->stream)
        stream_op(e->stream, "sg_level_entry", "void", "step_once", "const Model *m, State *s, const Real *features, Real *output", "m, s, features, output", NULL);
}

void emit_levels_end(Emitter *e)
{
    const Levels levels = emit_levels(e->spec);
    if (levels == LEVELS_ONE)
        stream_op(e->stream, "sg_level_end", NULL);
    if (levels == LEVELS_SEVERAL) {
        stream_op(e->stream, "sg_levels_end", NULL);
        entries(e);
        stream_op(e->stream, "sg_levels_entries_end", NULL);
    }
}

void emit_levels_close(Emitter *e)
{
    if (emit_levels(e->spec) == LEVELS_SEVERAL)
        stream_op(e->stream, "sg_levels_close", NULL);
}

/* ---- the names of the part ---- */

typedef struct Names {
    Text defines;
    char **seen;
    int count;
} Names;

/* A function is renamed where it is called: so a local variable may have its name. */
static void names_add(Names *names, const char *word, size_t length, bool function)
{
    for (int i = 0; i < names->count; i++)
        if (strlen(names->seen[i]) == length && strncmp(names->seen[i], word, length) == 0)
            return;
    names->seen = mem_grow(names->seen, sizeof *names->seen * (size_t)names->count, sizeof *names->seen * (size_t)(names->count + 1));
    names->seen[names->count] = mem_format("%.*s", (int)length, word);
    const char *name = names->seen[names->count++];
    text_add(&names->defines, function ? "#define %s(...) AT(%s)(__VA_ARGS__)\n" : "#define %s AT(%s)\n", name, name);
}

/* The word that ends at `end`, spaces between them aside */
static void names_add_before(Names *names, const char *begin, const char *end, bool function)
{
    while (end > begin && !word_char(end[-1]))
        end--;
    const char *word = end;
    while (word > begin && word_char(word[-1]))
        word--;
    if (end > word)
        names_add(names, word, (size_t)(end - word), function);
}

/* enum { A = 1, B = f(2, 3) }: every word with a single '=' behind it */
static void names_add_enum(Names *names, const char *line, const char *end)
{
    for (const char *p = line; p < end; p++)
        if (p[0] == '=' && p[1] != '=' && p[-1] == ' ')
            names_add_before(names, line, p, false);
}

/* One declaration at the outermost level, from `line` to the end of what it declares */
static void names_add_line(Names *names, const char *line, const char *end)
{
    const char *stop = line;
    if (text_starts(line, "enum {")) {
        names_add_enum(names, line, end);
    } else if (text_starts(line, "typedef ")) {
        const char *attribute = strstr(line, " __attribute__");
        names_add_before(names, line, attribute && attribute < end ? attribute : end, false);
    } else if (text_starts(line, "static ") || text_starts(line, "INLINE ")) {
        while (stop < end && !strchr("(=[;", *stop))
            stop++;
        names_add_before(names, line, stop, *stop == '(');
    }
}

static char *names_of(const char *begin, const char *end)
{
    Names names = {0};
    for (const char *line = begin; line < end;) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        next = next ? next : end;
        names_add_line(&names, line, next);
        line = next + 1;
    }
    for (int i = 0; i < names.count; i++)
        free(names.seen[i]);
    free(names.seen);
    return names.defines.data;
}

static const char *marker(const char *text, const char *line)
{
    const char *at = strstr(text, line);
    if (!at) {
        fprintf(stderr, "seqgen: internal error: templates: no line %s\n", line);
        abort();
    }
    return at;
}

char *levels_name(char *text)
{
    const char *list = marker(text, "@names@\n"), *begin = marker(list, "@begin@\n"), *end = marker(begin, "@end@\n");
    char *names = names_of(begin, end);
    Text out = {0};
    text_add_bytes(&out, text, (size_t)(list - text));
    text_add(&out, "%s", names);
    text_add_bytes(&out, list + strlen("@names@\n"), (size_t)(begin - list) - strlen("@names@\n"));
    text_add_bytes(&out, begin + strlen("@begin@\n"), (size_t)(end - begin) - strlen("@begin@\n"));
    text_add(&out, "%s", end + strlen("@end@\n"));
    free(names);
    free(text);
    return out.data;
}
