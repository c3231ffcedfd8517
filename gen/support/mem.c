#include "mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *check(void *p)
{
    if (!p) {
        fputs("seqgen: error: out of memory\n", stderr);
        exit(5);
    }
    return p;
}

void *mem_alloc(size_t bytes) { return check(calloc(1, bytes ? bytes : 1)); }

void *mem_grow(void *old, size_t old_bytes, size_t new_bytes)
{
    char *p = check(realloc(old, new_bytes ? new_bytes : 1));
    if (new_bytes > old_bytes)
        memset(p + old_bytes, 0, new_bytes - old_bytes);
    return p;
}

char *mem_copy(const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(mem_alloc(bytes), text, bytes);
}

static void text_reserve(Text *text, size_t more)
{
    if (text->length + more + 1 <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity : 256;
    while (capacity < text->length + more + 1)
        capacity *= 2;
    text->data = mem_grow(text->data, text->capacity, capacity);
    text->capacity = capacity;
}

static void text_vadd(Text *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int count = vsnprintf(NULL, 0, format, again);
    va_end(again);
    text_reserve(text, (size_t)count);
    vsnprintf(text->data + text->length, (size_t)count + 1, format, args);
    text->length += (size_t)count;
}

void text_add(Text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vadd(text, format, args);
    va_end(args);
}

void text_add_bytes(Text *text, const char *bytes, size_t count)
{
    text_reserve(text, count);
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

char *mem_format(const char *format, ...)
{
    Text text = {0};
    va_list args;
    va_start(args, format);
    text_vadd(&text, format, args);
    va_end(args);
    return text.data;
}

char *mem_real(double value)
{
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return mem_copy(text);
}

bool word_char(char c) { return isalnum((unsigned char)c) || c == '_'; }

bool text_starts(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

bool text_mentions(const char *text, const char *name)
{
    const size_t length = strlen(name);
    for (const char *p = strstr(text, name); p; p = strstr(p + 1, name))
        if (!word_char(p[length]) && (p == text || !word_char(p[-1])))
            return true;
    return false;
}

bool size_mul(int64_t a, int64_t b, int64_t *product) { return !__builtin_mul_overflow(a, b, product); }
bool size_add(int64_t a, int64_t b, int64_t *sum) { return !__builtin_add_overflow(a, b, sum); }
