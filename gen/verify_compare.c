/* verify_compare.c: see verify_compare.h. Which tensors a probe writes is said in runtime/trainer/check/probe.c. */
#include "verify_compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/mem.h"

static const double bounds[SOURCES] = {1e-10, 1e-10, 1e-5, 1e-5};
static const double unroll_bound = 1e-6; /* the same sums, perhaps contracted in another place */

/* ---- one tensor against another ---- */

static Difference problem(const char *tensor, const char *text)
{
    Difference d = {.used = true, .tensor = tensor, .error = NAN};
    snprintf(d.problem, sizeof d.problem, "%s", text);
    return d;
}

static bool same_shape(const SafeTensor *a, const SafeTensor *b)
{
    return a->rank == b->rank && memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

static Difference shape_problem(const SafeTensor *found, const SafeTensor *expected)
{
    char text[160], f[160], e[160];
    snprintf(text, sizeof text, "%.60s, expected %.60s", seqrt_safe_describe(found, f), seqrt_safe_describe(expected, e));
    return problem(expected->name, text);
}

/* Element number `at` of a tensor as indices of its dimensions. */
static void place(Difference *d, const SafeTensor *tensor, size_t at)
{
    d->rank = tensor->rank;
    for (int k = tensor->rank - 1; k >= 0; k--) {
        d->worst[k] = (int64_t)(at % (size_t)tensor->shape[k]);
        at /= (size_t)tensor->shape[k];
    }
}

/* Sums while elements are visited; the worst one is kept. */
typedef struct Norms {
    double difference, expected, worst;
    size_t at;
    bool finite;
} Norms;

static void norms_add(Norms *n, double found, double expected, size_t at)
{
    double apart = fabs(found - expected);
    n->finite &= isfinite(found) && isfinite(expected);
    n->difference += apart * apart;
    n->expected += expected * expected;
    if (apart > n->worst || (!n->finite && isfinite(n->worst))) {
        n->worst = n->finite ? apart : INFINITY;
        n->at = at;
    }
}

static Difference norms_judge(const Norms *n, const SafeTensor *found, const SafeTensor *expected, size_t expected_at,
                              double floor, double bound)
{
    Difference d = {.used = true, .tensor = expected->name, .bound = bound};
    double scale = fmax(sqrt(n->expected), floor);
    d.error = n->finite ? sqrt(n->difference) / scale : NAN;
    d.ok = n->finite && d.error <= bound;
    d.found = seqrt_safe_number(found, n->at);
    d.expected = seqrt_safe_number(expected, expected_at);
    place(&d, found, n->at);
    if (!n->finite)
        snprintf(d.problem, sizeof d.problem, "not finite");
    return d;
}

static Difference compare(const char *name, const SafeTensor *found, const SafeTensor *expected, double floor, double bound)
{
    if (!found || !expected)
        return problem(name, !found ? "missing" : "not expected");
    if (!same_shape(found, expected))
        return shape_problem(found, expected);
    Norms n = {.finite = true, .worst = -1};
    for (size_t i = 0; i < found->count; i++)
        norms_add(&n, seqrt_safe_number(found, i), seqrt_safe_number(expected, i), i);
    return norms_judge(&n, found, expected, n.at, floor, bound);
}

static double number(const SafeFile *file, const char *name)
{
    const SafeTensor *tensor = seqrt_safe_find(file, name);
    return tensor && tensor->count > 0 ? seqrt_safe_number(tensor, 0) : 0;
}

/* The absolute size below which a tensor of this name counts as zero. */
static double floor_of(const SafeFile *reference, const char *name)
{
    double norm = number(reference, "grad_norm");
    return text_starts(name, "grad.") && isfinite(norm) && norm > 0 ? 1e-2 * norm : 1e-3;
}

/* What a build may be apart in a gradient, or in the weights after some steps: rows' gradients may cancel to less than their own rounding, and an optimiser
 * that divides by the gradients' own size makes as much of one that is rounding noise as of any other. The interpreter says how much float32 may
 * lose there, or float64: of a gradient from what the rows have of it, of weights by steps with such noise. */
static double bound_of(const SafeFile *reference, const char *name, int build, double bound)
{
    const double times = 4;
    char *slack_name = mem_format("slack%s.%s", build == FROM_FLOAT64 || build == FROM_INTERPRETER ? "64" : "32", name);
    const SafeTensor *tensor = seqrt_safe_find(reference, name);
    const double slack = number(reference, slack_name);
    free(slack_name);
    double squares = 0;
    for (size_t i = 0; slack > 0 && tensor && i < tensor->count; i++)
        squares += seqrt_safe_number(tensor, i) * seqrt_safe_number(tensor, i);
    const double noise = times * slack / fmax(sqrt(squares), floor_of(reference, name));
    return noise > bound ? noise : bound;
}

/* ---- properties: a build against itself ---- */

/* Keeps the worse of two: what is not ok first, then the larger error by its bound. */
static void worse(Difference *kept, const Difference *other)
{
    bool first = !kept->used, failed = kept->ok && !other->ok;
    if (first || failed || (kept->ok == other->ok && other->error > kept->error))
        *kept = *other;
}

/* Every tensor PREFIX.NAME of a build against its NAME. */
static Difference prefixed(SafeFile *const files[SOURCES], int build, const char *prefix, bool bits)
{
    const SafeFile *file = files[build];
    Difference all = {0};
    for (int i = 0; i < file->count; i++) {
        const SafeTensor *found = &file->tensors[i];
        if (!text_starts(found->name, prefix))
            continue;
        const char *name = found->name + strlen(prefix);
        const SafeTensor *expected = seqrt_safe_find(file, name);
        Difference d = compare(name, found, expected, floor_of(file, name), bits ? 0 : bound_of(files[FROM_INTERPRETER], name, build, bounds[build]));
        bool equal = expected && found->type == expected->type && same_shape(found, expected) &&
                     memcmp(found->data, expected->data, found->count * seqrt_safe_type_bytes(found->type)) == 0;
        if (bits && !equal)
            d.ok = false;
        worse(&all, &d);
    }
    return all;
}

/* stream [b][T][O] against output, [b][T][O] or [b][O]: a per-step model in every valid step, a pooled one at the end. */
static Difference streamed(SafeFile *const files[SOURCES], int build)
{
    const SafeFile *file = files[build];
    const SafeTensor *stream = seqrt_safe_find(file, "stream"), *output = seqrt_safe_find(file, "output");
    const SafeTensor *lengths = seqrt_safe_find(file, "batch.lengths");
    if (!stream)
        return (Difference){0};
    if (!output || !lengths || stream->rank != 3 || (output->rank != 2 && output->rank != 3))
        return problem("stream", "output or batch.lengths is missing or has another rank");
    const size_t T = (size_t)stream->shape[1], O = (size_t)stream->shape[2];
    const bool steps = output->rank == 3;
    if (output->count != (size_t)stream->shape[0] * O * (steps ? T : 1) || lengths->count != (size_t)stream->shape[0])
        return shape_problem(stream, output);
    Norms n = {.finite = true, .worst = -1};
    size_t expected_at = 0;
    for (size_t b = 0; b < lengths->count; b++) {
        size_t length = (size_t)seqrt_safe_number(lengths, b);
        for (size_t t = steps || length == 0 ? 0 : length - 1; t < length && t < T; t++)
            for (size_t o = 0; o < O; o++) {
                size_t at = (b * T + t) * O + o, other = steps ? at : b * O + o;
                norms_add(&n, seqrt_safe_number(stream, at), seqrt_safe_number(output, other), at);
                if (n.at == at)
                    expected_at = other;
            }
    }
    return norms_judge(&n, stream, output, expected_at, 1e-3, bounds[build]);
}

/* ---- lines ---- */

static VerifyLine *line_add(VerifyLines *all, const char *name, bool property)
{
    size_t size = sizeof *all->lines, count = (size_t)all->count++;
    all->lines = mem_grow(all->lines, count * size, (count + 1) * size);
    all->lines[count] = (VerifyLine){.name = name, .property = property};
    return &all->lines[count];
}

/* Compared by their names between builds; the others belong to a property. */
static bool is_result(const char *name)
{
    return !text_starts(name, "batch.") && !text_starts(name, "alone.") && !text_starts(name, "junk.") &&
           !text_starts(name, "slack") && strcmp(name, "stream") != 0;
}

static void tensor_line(VerifyLines *all, SafeFile *const files[SOURCES], const char *name)
{
    const SafeFile *reference = files[FROM_INTERPRETER];
    VerifyLine *line = line_add(all, name, false);
    for (int i = FROM_FLOAT64; i <= FROM_FLOAT32; i++)
        line->by[i] = compare(name, seqrt_safe_find(files[i], name), seqrt_safe_find(reference, name), floor_of(reference, name),
                              bound_of(reference, name, i, bounds[i]));
}

/* In the order a person reads them: numbers and outputs, gradients, weights after ten steps. */
static void tensor_lines(VerifyLines *all, SafeFile *const files[SOURCES])
{
    const SafeFile *reference = files[FROM_INTERPRETER];
    static const char *const groups[] = {"", "grad.", "after."};
    for (int g = 0; g < 3; g++)
        for (int i = 0; i < reference->count; i++) {
            const char *name = reference->tensors[i].name;
            int group = text_starts(name, "grad.") ? 1 : text_starts(name, "after.") ? 2 : 0;
            if (is_result(name) && group == g && text_starts(name, groups[g]))
                tensor_line(all, files, name);
        }
    for (int f = FROM_FLOAT64; f <= FROM_FLOAT32; f++)
        for (int i = 0; i < files[f]->count; i++)
            if (is_result(files[f]->tensors[i].name) && !seqrt_safe_find(reference, files[f]->tensors[i].name))
                tensor_line(all, files, files[f]->tensors[i].name);
}

typedef Difference Property(SafeFile *const files[SOURCES], int build);
static Difference alone(SafeFile *const files[SOURCES], int build) { return prefixed(files, build, "alone.", false); }
static Difference junk(SafeFile *const files[SOURCES], int build) { return prefixed(files, build, "junk.", true); }

/* A line, if the interpreter has the property (a bidirectional model cannot stream); then every build must show it. */
static void property_line(VerifyLines *all, SafeFile *const files[SOURCES], const char *name, Property *property)
{
    VerifyLine line = {.name = name, .property = true};
    for (int i = 0; i < SOURCES; i++) {
        if (files[i])
            line.by[i] = property(files, i);
        if (files[i] && line.by[i].used != line.by[FROM_INTERPRETER].used)
            line.by[i] = problem(name, "missing");
    }
    if (line.by[FROM_INTERPRETER].used)
        *line_add(all, name, true) = line;
}

static void property_lines(VerifyLines *all, SafeFile *const files[SOURCES])
{
    property_line(all, files, "rows alone, no padding", alone);
    property_line(all, files, "junk in the padding", junk);
    property_line(all, files, "streaming, step by step", streamed);
}

/* Everything the two float32 builds computed. */
static void unroll_line(VerifyLines *all, SafeFile *const files[SOURCES])
{
    VerifyLine *line = line_add(all, "the other unrolling", true);
    const SafeFile *reference = files[FROM_FLOAT32];
    for (int i = 0; i < reference->count; i++) {
        const char *name = reference->tensors[i].name;
        Difference d = compare(name, seqrt_safe_find(files[FROM_OTHER], name), &reference->tensors[i],
                               floor_of(reference, name), bound_of(files[FROM_INTERPRETER], name, FROM_OTHER, unroll_bound));
        worse(&line->by[FROM_OTHER], &d);
    }
}

VerifyLines verify_compare(SafeFile *const files[SOURCES])
{
    VerifyLines all = {0};
    tensor_lines(&all, files);
    property_lines(&all, files);
    if (files[FROM_OTHER])
        unroll_line(&all, files);
    return all;
}

bool verify_line_ok(const VerifyLine *line)
{
    bool used = false;
    for (int i = 0; i < SOURCES; i++) {
        if (line->by[i].used && !line->by[i].ok)
            return false;
        used |= line->by[i].used;
    }
    return used;
}

const Difference *verify_line_worst(const VerifyLine *line)
{
    const Difference *last = &line->by[0];
    for (int i = 0; i < SOURCES; i++) {
        if (line->by[i].used && !line->by[i].ok)
            return &line->by[i];
        if (line->by[i].used)
            last = &line->by[i];
    }
    return last;
}
