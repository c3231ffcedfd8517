/* seqrt_data.h: from files to sequences, from sequences to batches. Used by the trainer, by seqgen's spec stage and by
 * programs that run a generated model on files of their own.
 *
 * Takes: a path, a SeqrtTask. Gives: rows of text; a dataset of sequences; batches in a fixed order.
 * Does not: train, print, or know the model. Every function that can fail returns false or NULL and fills *error
 * with "FILE:ROW: ..." (row = line of the file, 1 is the header).
 */
#ifndef SEQRT_DATA_H
#define SEQRT_DATA_H

#include "seqrt.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- table: streams a .csv (header, RFC 4180) or .tsv (header, no quoting) row by row; memory is one row ----
 * A UTF-8 byte order mark is skipped; so are blank lines, unless the table has one column: there they are empty cells. */
typedef struct SeqrtTable SeqrtTable;
SeqrtTable *seqrt_table_open(const char *path, SeqrtError *error); /* format by the name's ending; "-" is standard input as CSV */
void seqrt_table_close(SeqrtTable *table);
int seqrt_table_columns(const SeqrtTable *table);
const char *seqrt_table_header(const SeqrtTable *table, int column);
int seqrt_table_find(const SeqrtTable *table, const char *name);        /* -1: no such column, -2: several */
bool seqrt_table_row_is_whole(const SeqrtTable *table);                /* after an error: its row was read to the end, the next one can be */
int seqrt_table_next(SeqrtTable *table, SeqrtError *error);             /* 1 a row, 0 the end, -1 error (wrong field count, stray quote, NUL, not UTF-8) */
const char *seqrt_table_cell(const SeqrtTable *table, int column);      /* of the current row, NUL-terminated, until the next call */
long seqrt_table_row(const SeqrtTable *table);                          /* line number where the current row starts */
bool seqrt_table_number(const SeqrtTable *table, int column, double *value, SeqrtError *error); /* finite decimal numbers only */

/* ---- tokens ---- */
const char *seqrt_text_start(const char *text); /* past a byte order mark, which is no text */
/* Cuts the next token off *text. chars: one UTF-8 character; bytes: one byte; words: a maximal run of letters of
 * any script, digits and apostrophes, or one other character that is no space (so punctuation is a word of its own).
 * Writes it NUL-terminated into token (at most 255 bytes; a longer word is cut), lowered if asked.
 * Returns its length, 0 at the end. Invalid UTF-8 gives U+FFFD. A byte >= 0x80 or < 0x20 in bytes mode is written "\xHH". */
int seqrt_token_next(SeqrtInput input, bool lowercase, const char **text, char token[256]);
typedef struct SeqrtVocab SeqrtVocab;                                   /* a hash index over task->vocab */
SeqrtVocab *seqrt_vocab_new(const char *const *entries, int count);
void seqrt_vocab_free(SeqrtVocab *vocab);
int seqrt_vocab_find(const SeqrtVocab *vocab, const char *token);       /* 1 (unknown) when absent */

/* ---- dataset: all steps of all sequences in flat arrays; items are sequences, or windows into a long series ---- */
typedef struct SeqrtItem {
    size_t at;       /* first step */
    int length;      /* valid steps, 1..T */
    int32_t label;   /* class target, else -1 */
    long row;        /* row of the file it came from; of a window over rows, its first */
    int sequence;    /* items of equal number are windows of one sequence; numbered from 0 without gaps */
    long given;      /* the same, as the file or the texts give it: from 1, those that give no item counted */
} SeqrtItem;

/* Which steps make an item. max_length 0 means no limit (the spec stage reads before it knows T).
 *   no window    the sequence; longer than T: its first T steps, or an error
 *   window       steps at..at+T-1, at = 0, S, 2S.., the last one shorter where the series ends; a forecast takes only
 *                full windows with their full horizon
 *   next         inputs are the steps but the last, which is only a label; a sequence of one token gives no item
 * Class and value are those of the item's last row (ROWS), else those of the row of the file. Cells of the class or value
 * column may be empty in rows no item ends with. A text cell without a token is one unknown token, so that predictions
 * keep a line a row. */

typedef struct SeqrtDataset {
    const SeqrtTask *task;
    char *path;
    size_t steps;            /* total, of the sequences that gave an item */
    int32_t *tokens;         /* [steps] or NULL */
    double *x;               /* [steps][F] normalised, or NULL */
    int32_t *tags;           /* [steps] tag target, or NULL */
    double *series;          /* [steps][target columns] normalised: forecast and value over rows; else NULL */
    int sequences_count;     /* sequences that gave at least one item */
    long short_row;          /* the last sequence, where it was too short to give an item: row where it starts, else 0 */
    size_t short_steps;      /* and its steps */
    int items_count;
    SeqrtItem *items;
    double *values;          /* [items][O] normalised: value and forecast, or NULL */
    char **texts;            /* [items] the raw text (chars, bytes, words, texts given), or NULL; windows of a sequence share one */
    bool has_target;         /* false: target columns absent from the file or not usable, and not required; tokens whose last one is an input, too */
    char *warning;           /* where need_target: a sequence's value begins again after others, "FILE:ROW: .."; else NULL */
} SeqrtDataset;

/* Reads the file. need_target: absence of the target's columns is an error (train, eval), else the labels are -1 (predict),
 * as they are when a cell is no known class or number. Without need_target a forecast's windows need no horizon: they reach
 * to the last row, `values` is NULL, and `series` is there if the columns are.
 * carry_state: every series is ONE item here (its length may exceed T); the loader cuts it into streams and windows. */
SeqrtDataset *seqrt_dataset_read(const SeqrtTask *task, const char *path, bool need_target, SeqrtError *error);
/* The same in pieces, for files that memory need not hold. A piece ends with a sequence, after `items` items or more; one long
 * series is one piece. 1: a piece, to be freed; 0: the end; -1: error, also where the whole file has no item. */
typedef struct SeqrtReader SeqrtReader;
SeqrtReader *seqrt_reader_open(const SeqrtTask *task, const char *path, bool need_target, SeqrtError *error);
int seqrt_reader_next(SeqrtReader *reader, int items, SeqrtDataset **piece, SeqrtError *error);
void seqrt_reader_close(SeqrtReader *reader);
/* From strings (predict TEXT...): text inputs only, of UTF-8 but for bytes. */
SeqrtDataset *seqrt_dataset_from_texts(const SeqrtTask *task, int count, char **texts, SeqrtError *error);
/* False where a number, after normalisation, is beyond the model's reals: a float32 model would compute infinities from it. */
bool seqrt_dataset_fits(const SeqrtModel *model, const SeqrtDataset *data, SeqrtError *error);
void seqrt_dataset_free(SeqrtDataset *data);

/* A part of a dataset: item numbers in file order. */
typedef struct SeqrtPart {
    int count;
    int *items;
    size_t first_step, last_step; /* carry_state: the part's own range of steps [first, last) */
} SeqrtPart;

/* Whole: everything. (count 0 only when out of memory; free it like any other.) Split: `fraction` of the sequences
 * (round(fraction * n), at least 1, at most n-1), drawn with the seed; of one long series (text, rows without sequence_column) its last part by time, no window crossing the cut. */
SeqrtPart seqrt_part_whole(const SeqrtDataset *data);
bool seqrt_part_split(const SeqrtDataset *data, double fraction, uint64_t seed, SeqrtPart *train, SeqrtPart *valid, SeqrtError *error);
void seqrt_part_free(SeqrtPart *part);

/* ---- loader: the order of batches, a function of (seed, epoch) alone ---- */
typedef struct SeqrtLoader SeqrtLoader;
/* NULL: out of memory. The dataset and the part must outlive it. */
SeqrtLoader *seqrt_loader_new(const SeqrtModel *model, const SeqrtDataset *data, const SeqrtPart *part);
void seqrt_loader_free(SeqrtLoader *loader);
/* Fixes the order for an epoch: Fisher-Yates with SEQRT_STREAM_SHUFFLE, or file order. Carried state: never shuffled. */
void seqrt_loader_epoch(SeqrtLoader *loader, uint64_t seed, int epoch, bool shuffle);
int seqrt_loader_batches(const SeqrtLoader *loader);                    /* the last, smaller one counts */
/* Fills batch i; arrays belong to the loader until the next call. items (may be NULL): [rows] item numbers. */
void seqrt_loader_get(SeqrtLoader *loader, int i, SeqrtBatch *batch, const int **items);
/* The same by `count` threads at a time, each with its own `index`, and all of them for the same i: every one fills its rows of the
 * batch, which is whole when all have returned. */
void seqrt_loader_share(SeqrtLoader *loader, int i, int index, int count, SeqrtBatch *batch, const int **items);

#ifdef __cplusplus
}
#endif
#endif
