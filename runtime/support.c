/* support.c: see support.h. */
#define _GNU_SOURCE
#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool seqrt_fail(SeqrtError *error, const char *format, ...)
{
    if (!error)
        return false;
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return false;
}

void *seqrt_need(size_t count, size_t bytes)
{
    enum { SYSTEM_FAILED = 5 };
    void *block = NULL;
    if (!bytes || count <= (SIZE_MAX - 64) / bytes)
        block = aligned_alloc(64, (count * bytes + 64) / 64 * 64);
    if (!block) {
        fprintf(stderr, "out of memory: %zu times %zu bytes\n", count, bytes);
        exit(SYSTEM_FAILED);
    }
    return memset(block, 0, count * bytes);
}

void *seqrt_resize(void *old, size_t count, size_t size)
{
    if (count > PTRDIFF_MAX / size)
        return NULL;
    return realloc(old, count ? count * size : 1);
}

size_t seqrt_capacity(size_t capacity, size_t need)
{
    if (need <= capacity)
        return capacity;
    if (capacity < 64)
        capacity = 64;
    while (capacity < need)
        capacity = capacity > PTRDIFF_MAX / 2 ? need : capacity * 2;
    return capacity;
}
