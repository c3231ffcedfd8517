/* table.c: tables as text, one row at a time.
 *
 * Takes: a .csv (RFC 4180) or .tsv (no quoting) with a header, or standard input as CSV. Gives: cells of the current
 * row, numbers. Does not: keep rows, or know what a column means. Memory is the longest row.
 */
#include "data_own.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER = 1 << 16, END = -1, LINE = -2 };

struct SeqrtTable {
    char *path;
    FILE *file;
    char delimiter;
    bool quoting;
    unsigned char buffer[BUFFER];
    size_t at, end;            /* unread bytes of buffer */
    long line, row;            /* line being read; line where the current row starts */
    bool high;                 /* the current row has a byte >= 0x80 */
    bool whole;                /* the row was read to its end */
    char *text;                /* the row's cells, each ended by NUL */
    size_t used, capacity;
    size_t *cells;             /* [fields] offsets in text */
    size_t fields, fields_capacity;
    int columns;
    char *header_text;
    const char **header;       /* [columns] into header_text */
};

/* ---- bytes ---- */

static bool table_refill(SeqrtTable *table)
{
    table->at = 0;
    table->end = fread(table->buffer, 1, BUFFER, table->file);
    return table->end > 0;
}

static inline int table_peek(SeqrtTable *table)
{
    if (table->at == table->end && !table_refill(table)) return END;
    return table->buffer[table->at];
}

/* The next byte outside quotes; LINE for LF, CR LF and a CR that ends the file. Any other CR is a byte like others. */
static inline int table_symbol(SeqrtTable *table)
{
    int byte = table_peek(table);
    if (byte == END) return END;
    table->at++;
    if (byte == '\r') {
        int next = table_peek(table);
        if (next == END) return LINE;
        if (next != '\n') return byte;
        table->at++;
        byte = '\n';
    }
    if (byte != '\n') return byte;
    table->line++;
    return LINE;
}

static bool table_push(SeqrtTable *table, int byte)
{
    if (table->used == table->capacity) {
        size_t capacity = seqrt_capacity(table->capacity, table->used + 1);
        char *text = seqrt_resize(table->text, capacity, 1);
        if (!text) return false;
        table->text = text;
        table->capacity = capacity;
    }
    table->text[table->used++] = (char)byte;
    return true;
}

static bool table_fail(const SeqrtTable *table, SeqrtError *error, const char *what)
{
    return seqrt_fail(error, "%s:%ld: %s", table->path, table->row, what);
}

/* ---- fields ---- */
typedef enum FieldEnd { FIELD_MORE, FIELD_LAST, FIELD_BAD } FieldEnd;

static FieldEnd field_bad(const SeqrtTable *table, SeqrtError *error, const char *what)
{
    table_fail(table, error, what);
    return FIELD_BAD;
}

/* One byte of content, checked. */
static inline bool field_add(SeqrtTable *table, int byte, SeqrtError *error)
{
    if (byte == 0) return table_fail(table, error, "a NUL byte; text is expected");
    table->high |= byte >= 0x80;
    return table_push(table, byte) || table_fail(table, error, "a row too long for the memory");
}

static FieldEnd field_plain(SeqrtTable *table, SeqrtError *error)
{
    for (;;) {
        int symbol = table_symbol(table);
        if (symbol == table->delimiter) return FIELD_MORE;
        if (symbol < 0) return FIELD_LAST;
        if (symbol == '"' && table->quoting)
            return field_bad(table, error, "a quote inside an unquoted field; quote the whole field and double its quotes");
        if (!field_add(table, symbol, error)) return FIELD_BAD;
    }
}

static FieldEnd field_quoted(SeqrtTable *table, SeqrtError *error)
{
    table->at++;
    for (;;) {
        int byte = table_peek(table);
        if (byte == END) return field_bad(table, error, "a quoted field that is never closed");
        table->at++;
        if (byte == '"') {
            if (table_peek(table) != '"') break;
            table->at++;
        }
        table->line += byte == '\n';
        if (!field_add(table, byte, error)) return FIELD_BAD;
    }
    int symbol = table_symbol(table);
    if (symbol == table->delimiter) return FIELD_MORE;
    if (symbol < 0) return FIELD_LAST;
    return field_bad(table, error, "text after a field's closing quote; a delimiter or the line's end is expected");
}

/* Notes where the next cell starts in text. */
static bool cell_start(SeqrtTable *table, SeqrtError *error)
{
    if (table->fields == table->fields_capacity) {
        size_t capacity = seqrt_capacity(table->fields_capacity, table->fields + 1);
        size_t *cells = seqrt_resize(table->cells, capacity, sizeof *cells);
        if (!cells) return table_fail(table, error, "a row too long for the memory");
        table->cells = cells;
        table->fields_capacity = capacity;
    }
    table->cells[table->fields++] = table->used;
    return true;
}

/* ---- rows ---- */

/* Cells hold no NUL, so each one's own ends the check of it. */
static bool row_is_utf8(const SeqrtTable *table)
{
    for (const char *at = table->text; at < table->text + table->used; at++)
        if (*(at = seqrt_utf8_end(at))) return false;
    return true;
}

/* 1 a row, 0 the end of the file, -1 error. */
static int row_read(SeqrtTable *table, SeqrtError *error)
{
    table->used = table->fields = 0;
    table->whole = false;
    table->high = false;
    table->row = table->line;
    int first = table_peek(table);
    FieldEnd end = first == END ? FIELD_LAST : FIELD_MORE;
    while (end == FIELD_MORE) {
        if (!cell_start(table, error)) return -1;
        bool quoted = table->quoting && table_peek(table) == '"';
        end = quoted ? field_quoted(table, error) : field_plain(table, error);
        if (end == FIELD_BAD) return -1;
        if (!table_push(table, 0)) return table_fail(table, error, "a row too long for the memory") - 1;
    }
    if (ferror(table->file)) return table_fail(table, error, strerror(errno)) - 1;
    if (first == END) return 0;
    table->whole = true;
    if (table->high && !row_is_utf8(table)) return table_fail(table, error, "bytes that are not UTF-8") - 1;
    return 1;
}

static bool row_is_blank(const SeqrtTable *table) { return table->fields == 1 && !table->text[0]; }

int seqrt_table_next(SeqrtTable *table, SeqrtError *error)
{
    int got;
    do got = row_read(table, error);
    while (got == 1 && table->columns > 1 && row_is_blank(table));
    if (got != 1 || table->fields == (size_t)table->columns) return got;
    seqrt_fail(error, "%s:%ld: %zu field%s where the header has %d", table->path, table->row, table->fields, table->fields == 1 ? "" : "s", table->columns);
    return -1;
}

bool seqrt_table_row_is_whole(const SeqrtTable *table) { return table->whole; }

/* ---- header ---- */

static bool header_read(SeqrtTable *table, SeqrtError *error)
{
    if (table_peek(table) != END && table->end >= 3 && !memcmp(table->buffer, SEQRT_BOM, 3)) table->at = 3;
    int got = row_read(table, error);
    if (got < 0) return false;
    if (got == 0) return seqrt_fail(error, "%s: empty; a header line is expected", table->path);
    if (row_is_blank(table)) return table_fail(table, error, "an empty line; the header is expected");
    if (table->fields > INT32_MAX) return table_fail(table, error, "too many columns");
    table->columns = (int)table->fields;
    table->header_text = seqrt_resize(NULL, table->used, 1);
    table->header = seqrt_resize(NULL, table->fields, sizeof *table->header);
    if (!table->header_text || !table->header) return table_fail(table, error, "a header too long for the memory");
    memcpy(table->header_text, table->text, table->used);
    for (size_t i = 0; i < table->fields; i++) table->header[i] = table->header_text + table->cells[i];
    return true;
}

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), tail = strlen(ending);
    return length > tail && !strcmp(text + length - tail, ending);
}

static bool file_open(SeqrtTable *table, const char *path, SeqrtError *error)
{
    bool tsv = ends_with(path, ".tsv"), standard = !strcmp(path, "-");
    if (!tsv && !standard && !ends_with(path, ".csv"))
        return seqrt_fail(error, "%s: no table; a name that ends in .csv or .tsv is expected", path);
    table->delimiter = tsv ? '\t' : ',';
    table->quoting = !tsv;
    table->line = 1;
    table->path = seqrt_resize(NULL, strlen(path) + 1, 1);
    if (!table->path) return seqrt_fail(error, "%s: out of memory", path);
    strcpy(table->path, path);
    table->file = standard ? stdin : fopen(path, "rb");
    return table->file || seqrt_fail(error, "%s: %s", path, strerror(errno));
}

SeqrtTable *seqrt_table_open(const char *path, SeqrtError *error)
{
    SeqrtTable *table = calloc(1, sizeof *table);
    if (!table) return seqrt_fail(error, "%s: out of memory", path), NULL;
    if (file_open(table, path, error) && header_read(table, error)) return table;
    seqrt_table_close(table);
    return NULL;
}

void seqrt_table_close(SeqrtTable *table)
{
    if (!table) return;
    if (table->file && table->file != stdin) fclose(table->file);
    free(table->path);
    free(table->text);
    free(table->cells);
    free(table->header_text);
    free(table->header);
    free(table);
}

/* ---- what a table says ---- */

int seqrt_table_columns(const SeqrtTable *table) { return table->columns; }

const char *seqrt_table_header(const SeqrtTable *table, int column) { return table->header[column]; }

const char *seqrt_table_cell(const SeqrtTable *table, int column) { return table->text + table->cells[column]; }

long seqrt_table_row(const SeqrtTable *table) { return table->row; }

int seqrt_table_find(const SeqrtTable *table, const char *name)
{
    int found = -1;
    for (int i = 0; i < table->columns; i++)
        if (!strcmp(table->header[i], name)) found = found == -1 ? i : -2;
    return found;
}

bool seqrt_table_no_column(const SeqrtTable *table, const char *name, SeqrtError *error)
{
    char list[600];
    size_t used = 0;
    if (seqrt_table_find(table, name) == -2)
        return seqrt_fail(error, "%s:1: two columns are named \"%.200s\"; give one of them another name", table->path, name);
    list[0] = '\0';
    for (int i = 0; i < table->columns && used < sizeof list - 1; i++) {
        int wrote = snprintf(list + used, sizeof list - used, "%s\"%.80s\"", i ? ", " : "", table->header[i]);
        used += (size_t)wrote;
    }
    return seqrt_fail(error, "%s:1: no column \"%.200s\"; it has %s%s", table->path, name, list, used >= sizeof list ? ".." : "");
}

/* sign? digits with at most one point, then an exponent perhaps: what strtod takes beyond that (hex, inf, nan) is refused. */
static bool is_decimal(const char *text, const char *end)
{
    int digits = 0;
    if (text < end && (*text == '+' || *text == '-')) text++;
    for (; text < end && *text >= '0' && *text <= '9'; text++) digits++;
    if (text < end && *text == '.') text++;
    for (; text < end && *text >= '0' && *text <= '9'; text++) digits++;
    if (!digits || text == end) return digits > 0;
    if (*text != 'e' && *text != 'E') return false;
    text++;
    if (text < end && (*text == '+' || *text == '-')) text++;
    if (text == end) return false;
    while (text < end && *text >= '0' && *text <= '9') text++;
    return text == end;
}

static bool is_blank(char byte) { return byte == ' ' || byte == '\t'; }

/* strtod in the C locale, which a program has unless it calls setlocale. */
bool seqrt_table_number(const SeqrtTable *table, int column, double *value, SeqrtError *error)
{
    const char *cell = seqrt_table_cell(table, column), *text = cell;
    while (is_blank(*text)) text++;
    const char *end = text + strlen(text);
    while (end > text && is_blank(end[-1])) end--;
    char *stop = NULL;
    if (is_decimal(text, end)) *value = strtod(text, &stop);
    if (stop == end && isfinite(*value)) return true;
    return seqrt_fail(error, "%s:%ld: column \"%.200s\": \"%.200s\" is no number", table->path, table->row, table->header[column], cell);
}
