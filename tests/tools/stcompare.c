/* stcompare.c: compares two safetensors files, tensor by tensor.
 *
 * Takes: stcompare FOUND EXPECTED TOLERANCE. Gives: a line a tensor: "ok" or "BAD", its name, the normwise error
 * ||found - expected|| / ||expected|| (of a zero tensor: ||found||), and the place of the worst element. Exit 1 where
 * one is beyond the tolerance, is missing or misshapen, or where FOUND has one too many of a group (what stands before
 * the first dot) that EXPECTED knows; 2 where a file cannot be read.
 * Does not: compare metadata, types (float32 against float64 is its purpose), or groups that EXPECTED has not.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/safetensors.h"

typedef struct Difference {
    double error;             /* normwise */
    size_t worst;             /* element with the largest absolute difference */
    double found, expected;   /* there */
} Difference;

static bool same_shape(const SafeTensor *a, const SafeTensor *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->shape[i] != b->shape[i])
            return false;
    return true;
}

/* A NaN on either side makes the error NaN, which no tolerance admits. */
static Difference difference(const SafeTensor *found, const SafeTensor *expected)
{
    Difference d = {0};
    double apart = 0, size = 0, worst = -1;
    for (size_t i = 0; i < expected->count; i++) {
        double a = seqrt_safe_number(found, i), b = seqrt_safe_number(expected, i), gap = fabs(a - b);
        apart += gap * gap;
        size += b * b;
        if (!(gap <= worst)) {
            worst = gap;
            d.worst = i;
            d.found = a;
            d.expected = b;
        }
    }
    d.error = size > 0 ? sqrt(apart / size) : sqrt(apart);
    return d;
}

static void print_place(const SafeTensor *t, size_t element)
{
    size_t at[SAFE_RANK] = {0};
    for (int i = t->rank - 1; i >= 0; i--) {
        at[i] = element % (size_t)t->shape[i];
        element /= (size_t)t->shape[i];
    }
    putchar('[');
    for (int i = 0; i < t->rank; i++)
        printf(i ? ", %zu" : "%zu", at[i]);
    putchar(']');
}

static bool compare_one(const SafeFile *found_file, const SafeTensor *expected, double tolerance)
{
    char a[160], b[160];
    const SafeTensor *found = seqrt_safe_find(found_file, expected->name);
    if (!found) {
        printf("BAD %s: missing; expected %s\n", expected->name, seqrt_safe_describe(expected, b));
        return false;
    }
    if (!same_shape(found, expected)) {
        printf("BAD %s: found %s; expected %s\n", expected->name, seqrt_safe_describe(found, a),
               seqrt_safe_describe(expected, b));
        return false;
    }
    Difference d = difference(found, expected);
    bool good = d.error <= tolerance;
    printf("%s %s: %.2e; worst at ", good ? "ok " : "BAD", expected->name, d.error);
    print_place(expected, d.worst);
    printf(": found %.17g, expected %.17g\n", d.found, d.expected);
    return good;
}

static bool knows_group(const SafeFile *file, const char *name)
{
    size_t length = strcspn(name, ".");
    for (int i = 0; i < file->count; i++)
        if (strcspn(file->tensors[i].name, ".") == length && strncmp(file->tensors[i].name, name, length) == 0)
            return true;
    return false;
}

static bool compare(const SafeFile *found, const SafeFile *expected, double tolerance)
{
    bool good = expected->count > 0;
    for (int i = 0; i < expected->count; i++)
        good = compare_one(found, &expected->tensors[i], tolerance) && good;
    for (int i = 0; i < found->count; i++) {
        const char *name = found->tensors[i].name;
        if (seqrt_safe_find(expected, name) || !knows_group(expected, name))
            continue;
        printf("BAD %s: not expected\n", name);
        good = false;
    }
    return good;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: stcompare FOUND EXPECTED TOLERANCE\n");
        return 2;
    }
    SeqrtError error;
    SafeFile *found = seqrt_safe_read(argv[1], &error);
    SafeFile *expected = found ? seqrt_safe_read(argv[2], &error) : NULL;
    if (!expected) {
        fprintf(stderr, "stcompare: %s\n", error.text);
        seqrt_safe_free(found);
        return 2;
    }
    bool good = compare(found, expected, strtod(argv[3], NULL));
    seqrt_safe_free(found);
    seqrt_safe_free(expected);
    return good ? 0 : 1;
}
