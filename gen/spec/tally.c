/* tally.c: a hash table of counts.
 *
 * Takes: texts. Gives: each once, with its count, sorted. Does not: know tokens or classes.
 */
#include "tally.h"

#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"

/* FNV-1a, its high half folded in */
static uint64_t hash_text(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

/* The slot that holds text, or the free one where it belongs. */
static int64_t *find_slot(const Tally *tally, const char *text)
{
    const uint64_t mask = (uint64_t)tally->slots_count - 1;
    uint64_t at = hash_text(text) & mask;
    while (tally->slots[at] && strcmp(tally->entries[tally->slots[at] - 1].text, text) != 0)
        at = (at + 1) & mask;
    return &tally->slots[at];
}

static void grow_slots(Tally *tally)
{
    free(tally->slots);
    tally->slots_count = tally->slots_count ? 2 * tally->slots_count : 256;
    tally->slots = mem_alloc((size_t)tally->slots_count * sizeof *tally->slots);
    for (int64_t i = 0; i < tally->count; i++)
        *find_slot(tally, tally->entries[i].text) = i + 1;
}

static void append(Tally *tally, const char *text)
{
    if (tally->count == tally->capacity) {
        const int64_t capacity = tally->capacity ? 2 * tally->capacity : 64;
        tally->entries = mem_grow(tally->entries, (size_t)tally->capacity * sizeof *tally->entries, (size_t)capacity * sizeof *tally->entries);
        tally->capacity = capacity;
    }
    tally->entries[tally->count++] = (TallyEntry){pool_copy(tally->pool, text), 1};
}

void tally_add(Tally *tally, const char *text)
{
    if (2 * (tally->count + 1) > tally->slots_count)
        grow_slots(tally);
    int64_t *slot = find_slot(tally, text);
    if (*slot) {
        tally->entries[*slot - 1].count++;
    } else {
        append(tally, text);
        *slot = tally->count;
    }
}

/* strcmp orders UTF-8 by code point. */
static int by_text(const void *a, const void *b)
{
    return strcmp(((const TallyEntry *)a)->text, ((const TallyEntry *)b)->text);
}

static int by_count(const void *a, const void *b)
{
    const int64_t x = ((const TallyEntry *)a)->count, y = ((const TallyEntry *)b)->count;
    return x != y ? (x < y) - (x > y) : by_text(a, b);
}

static void sort(Tally *tally, int (*order)(const void *, const void *))
{
    if (tally->count > 1)
        qsort(tally->entries, (size_t)tally->count, sizeof *tally->entries, order);
}

void tally_choose(Tally *tally, int64_t min_count, int64_t max)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < tally->count; i++)
        if (tally->entries[i].count >= min_count)
            tally->entries[kept++] = tally->entries[i];
    tally->count = kept;
    if (max > 0 && tally->count > max) {
        sort(tally, by_count);
        tally->count = max;
    }
    sort(tally, by_text);
}

void tally_free(Tally *tally)
{
    free(tally->entries);
    free(tally->slots);
    *tally = (Tally){0};
}
