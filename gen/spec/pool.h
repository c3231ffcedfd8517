/* pool.h: memory that lives and dies together: a tree, a spec. Zeroed; freed as a whole. */
#ifndef SEQGEN_POOL_H
#define SEQGEN_POOL_H

#include <stddef.h>

typedef struct Pool Pool;
Pool *pool_new(void);
void pool_free(Pool *pool);
void *pool_alloc(Pool *pool, size_t bytes);
char *pool_text(Pool *pool, const char *bytes, size_t count); /* a copy, NUL-terminated */
char *pool_copy(Pool *pool, const char *text);
char *pool_format(Pool *pool, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
