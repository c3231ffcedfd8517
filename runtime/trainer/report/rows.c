/* rows.c: CSV a row at a time, RFC 4180: quoted cells may hold commas, quotes and line ends. Cells past ROW_CELLS are
 * passed over. */
#include <stdlib.h>
#include <string.h>

#include "results.h"

bool seqrt_row_open(RowFile *file, const char *path)
{
    *file = (RowFile){.stream = fopen(path, "r")};
    return file->stream != NULL;
}

void seqrt_row_close(RowFile *file)
{
    if (file->stream)
        fclose(file->stream);
    free(file->bytes);
    *file = (RowFile){0};
}

static bool put(RowFile *file, int c)
{
    if (file->length == file->capacity) {
        size_t capacity = file->capacity ? 2 * file->capacity : 256;
        char *bytes = realloc(file->bytes, capacity);
        if (!bytes)
            return false;
        file->bytes = bytes;
        file->capacity = capacity;
    }
    file->bytes[file->length++] = (char)c;
    return true;
}

/* One row's characters, its cells ended by NUL. False: nothing was left, or memory ran out. */
static bool row_fill(RowFile *file, int *cells)
{
    bool quoted = false, good = true;
    int c;
    *cells = 0;
    file->length = 0;
    while (good && (c = getc(file->stream)) != EOF && (quoted || c != '\n')) {
        if (c == '"')
            quoted = !quoted;
        if (c == '"' && !(quoted && file->length && file->bytes[file->length - 1] == '"'))
            good = put(file, c);
        else if (c == ',' && !quoted)
            good = put(file, '\0'), ++*cells;
        else if (c != '\r' && c != '\0')
            good = put(file, c);
    }
    if (!good || (c == EOF && file->length == 0 && *cells == 0))
        return false;
    ++*cells;
    return put(file, '\0');
}

/* A quoted cell without its quotes; row_fill has made "" inside it one. */
static char *unquoted(char *cell)
{
    size_t length = strlen(cell);
    if (*cell != '"')
        return cell;
    if (length > 1 && cell[length - 1] == '"')
        cell[length - 1] = '\0';
    return cell + 1;
}

bool seqrt_row_next(RowFile *file)
{
    int cells;
    if (!row_fill(file, &cells))
        return false;
    char *at = file->bytes;
    file->count = cells < ROW_CELLS ? cells : ROW_CELLS;
    for (int i = 0; i < file->count; i++) {
        size_t length = strlen(at) + 1;
        file->cells[i] = unquoted(at);
        at += length;
    }
    return true;
}

int seqrt_row_column(const RowFile *header, const char *name)
{
    for (int i = 0; i < header->count; i++)
        if (strcmp(header->cells[i], name) == 0)
            return i;
    return -1;
}
