/* data_own.h: what the data files of the runtime share among themselves; no part of the contract. */
#ifndef SEQRT_DATA_OWN_H
#define SEQRT_DATA_OWN_H

#include "file.h"
#include "seqrt_data.h"

/* What some editors write before a text: no part of it */
#define SEQRT_BOM "\xef\xbb\xbf"
/* Bytes of the valid UTF-8 character at text (1..4; no overlong form, no surrogate), 0 if there is none.
 * Never looks past a NUL. */
int seqrt_utf8_length(const char *text);
const char *seqrt_utf8_end(const char *text); /* the first byte that begins no such character: the NUL, if all of it is UTF-8 */
/* The whole file as seqrt_read_file gives it: UTF-8, not empty. */
char *seqrt_text_read(const char *path, SeqrtError *error);
/* Index of an entry, whatever it is (classes use this), or -1. */
int seqrt_vocab_get(const SeqrtVocab *vocab, const char *entry);
/* A column that a table lacks, as an error that lists what it has, or has twice. Always false. */
bool seqrt_table_no_column(const SeqrtTable *table, const char *name, SeqrtError *error);

/* The values of a sequence column, as their rows begin: to tell that one begins again. */
typedef struct SeqrtGroups {
    int count;
    size_t capacity;
    char **ids;
    long *rows;
} SeqrtGroups;
bool seqrt_groups_add(SeqrtGroups *groups, const char *id, long row); /* false: out of memory */
/* Where the first begins again, and what to do; caller frees. NULL: none does. */
char *seqrt_groups_warning(const SeqrtGroups *groups, const char *path, const char *column);
void seqrt_groups_free(SeqrtGroups *groups);

/* Reals of one item's value: the columns of a value target, horizon * columns of a forecast, else 0. A signal's belong to the steps. */
static inline size_t seqrt_value_width(const SeqrtTask *task)
{
    size_t columns = (size_t)task->target_columns_count;
    if (task->target == SEQRT_VALUE) return columns;
    return task->target == SEQRT_FORECAST ? columns * (size_t)task->horizon : 0;
}

/* Steps after an input step that its target needs: one token for next, the horizon for a forecast. */
static inline size_t seqrt_look_ahead(const SeqrtTask *task)
{
    if (task->target == SEQRT_NEXT) return 1;
    return task->target == SEQRT_FORECAST ? (size_t)task->horizon : 0;
}

/* The whole file is one series: text, or rows that no column groups into sequences. */
static inline bool seqrt_one_series(const SeqrtTask *task)
{
    return task->input == SEQRT_TEXT || (task->input == SEQRT_ROWS && !task->sequence_column);
}

#endif
