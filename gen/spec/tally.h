/* tally.h: how often each text occurs. */
#ifndef SEQGEN_TALLY_H
#define SEQGEN_TALLY_H

#include <stdint.h>

#include "pool.h"

typedef struct TallyEntry {
    const char *text;
    int64_t count;
} TallyEntry;

typedef struct Tally {
    Pool *pool;           /* keeps the texts */
    TallyEntry *entries;  /* in order of first sight, until sorted */
    int64_t count, capacity;
    int64_t *slots;       /* entry + 1, or 0; a power of two of them, at most half full */
    int64_t slots_count;
} Tally;

void tally_add(Tally *tally, const char *text);
/* Drops what is seen less than min_count times, keeps the `max` most frequent (0: all; ties by code point), and sorts by
 * code point. No tally_add afterwards. */
void tally_choose(Tally *tally, int64_t min_count, int64_t max);
void tally_free(Tally *tally);

#endif
