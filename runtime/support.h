/* support.h: what every file of the runtime needs: a message, and memory.
 *
 * Takes: nothing but the C library. Gives: errors as one line of text; blocks whose sizes are checked.
 * Does not: read or write files (file.h).
 */
#ifndef SEQRT_SUPPORT_H
#define SEQRT_SUPPORT_H

#include "seqrt.h"

#ifdef __GNUC__
#define SEQRT_PRINTF(at) __attribute__((format(printf, at, at + 1)))
#else
#define SEQRT_PRINTF(at)
#endif

/* *error (which may be NULL) = formatted text; returns false, so that a failing function can say `return seqrt_fail(...)`. */
bool seqrt_fail(SeqrtError *error, const char *format, ...) SEQRT_PRINTF(2);

void *seqrt_need(size_t count, size_t bytes); /* zeroed, 64-byte aligned; out of memory exits 5 */
/* realloc to count elements, the product checked; NULL leaves the old block as it was. */
void *seqrt_resize(void *old, size_t count, size_t size);
/* Capacity that holds `need`, grown by doubling so that appending stays linear. */
size_t seqrt_capacity(size_t capacity, size_t need);

#endif
