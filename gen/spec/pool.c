/* pool.c: blocks handed out from large chunks.
 *
 * Takes: sizes. Gives: zeroed memory until pool_free. Does not: free one block.
 */
#include "pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"

enum { CHUNK = 1 << 16, ALIGN = 16 };

typedef struct Chunk {
    struct Chunk *next;
    size_t used, size; /* of bytes */
    _Alignas(ALIGN) char bytes[];
} Chunk;

struct Pool {
    Chunk *chunks; /* the first is the one being filled */
};

Pool *pool_new(void) { return mem_alloc(sizeof(Pool)); }

void pool_free(Pool *pool)
{
    if (!pool)
        return;
    for (Chunk *chunk = pool->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(pool);
}

static Chunk *add_chunk(Pool *pool, size_t bytes)
{
    const size_t size = bytes > CHUNK ? bytes : CHUNK;
    Chunk *chunk = mem_alloc(sizeof *chunk + size);
    chunk->size = size;
    chunk->next = pool->chunks;
    return pool->chunks = chunk;
}

void *pool_alloc(Pool *pool, size_t bytes)
{
    const size_t rounded = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    Chunk *chunk = pool->chunks;
    if (!chunk || chunk->size - chunk->used < rounded)
        chunk = add_chunk(pool, rounded);
    void *block = chunk->bytes + chunk->used;
    chunk->used += rounded;
    return block;
}

char *pool_text(Pool *pool, const char *bytes, size_t count)
{
    char *text = pool_alloc(pool, count + 1);
    memcpy(text, bytes, count);
    return text;
}

char *pool_copy(Pool *pool, const char *text) { return pool_text(pool, text, strlen(text)); }

char *pool_format(Pool *pool, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int count = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = pool_alloc(pool, (size_t)count + 1);
    vsnprintf(text, (size_t)count + 1, format, args);
    va_end(args);
    return text;
}
