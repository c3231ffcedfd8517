/* groups.c: values of a sequence column that come again after others, as in a file sorted by time.
 *
 * Takes: the values in the order in which their rows begin. Gives: a text for the first that begins again, linear in their number.
 * Does not: refuse such a file: rows of equal value that do not follow each other may well be two sequences.
 */
#define _GNU_SOURCE
#include "data_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static bool groups_reserve(SeqrtGroups *groups)
{
    if ((size_t)groups->count < groups->capacity) return true;
    size_t capacity = seqrt_capacity(groups->capacity, (size_t)groups->count + 1);
    char **ids = seqrt_resize(groups->ids, capacity, sizeof *ids);
    if (ids) groups->ids = ids;
    long *rows = seqrt_resize(groups->rows, capacity, sizeof *rows);
    if (rows) groups->rows = rows;
    if (ids && rows) groups->capacity = capacity;
    return ids && rows;
}

bool seqrt_groups_add(SeqrtGroups *groups, const char *id, long row)
{
    char *own = strdup(id);
    if (!own || !groups_reserve(groups)) return free(own), false;
    groups->ids[groups->count] = own;
    groups->rows[groups->count++] = row;
    return true;
}

char *seqrt_groups_warning(const SeqrtGroups *groups, const char *path, const char *column)
{
    SeqrtVocab *first = seqrt_vocab_new((const char *const *)groups->ids, groups->count); /* of equal ones it knows the first */
    int again = 0, where = 0, before = 0;
    char *text = NULL;
    for (int i = 0; first && i < groups->count; i++) {
        int at = seqrt_vocab_get(first, groups->ids[i]);
        if (at != i && !again++)
            where = i, before = at;
    }
    seqrt_vocab_free(first);
    if (again && asprintf(&text, "%.300s:%ld: column \"%.100s\": \"%.100s\" begins again, after row %ld: rows of equal value are one sequence only "
                                 "where they follow each other, so %d values make %d sequences; to join them, sort the file by that column",
                          path, groups->rows[where], column, groups->ids[where], groups->rows[before], groups->count - again, groups->count) < 0)
        return NULL;
    return text;
}

void seqrt_groups_free(SeqrtGroups *groups)
{
    for (int i = 0; i < groups->count; i++) free(groups->ids[i]);
    free(groups->ids);
    free(groups->rows);
}
