/* diag.c: errors with a place, and the nearest of some words.
 *
 * Takes: a place in the spec's text or in a --set option. Gives: the message, the line, a caret and a note, on standard
 * error. Does not: end the program; the stage goes on and reports the rest.
 */
#include "diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

enum { SHOWN_ERRORS = 100, SHOWN_BEFORE = 60, SHOWN_WIDTH = 120, WORD_MAX = 64 };

/* ---- text: what a file or a command line brings may hold anything ---- */

static bool starts_character(char c) { return ((unsigned char)c & 0xc0) != 0x80; }

/* Bytes of the character at bytes; 0: it cannot be printed. */
static size_t printable(const char *bytes, size_t count)
{
    const unsigned char c = (unsigned char)bytes[0];
    const size_t length = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
    if (length > count || c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)bytes[1] < 0xa0))
        return 0;
    for (size_t i = 1; i < length; i++)
        if (starts_character(bytes[i]))
            return 0;
    return length;
}

static void print_clean(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count;) {
        const size_t length = printable(bytes + i, count - i);
        if (length)
            fwrite(bytes + i, 1, length, stderr);
        else
            fputc(bytes[i] == '\t' ? ' ' : '?', stderr);
        i += length ? length : 1;
    }
}

/* Bytes of the first `count` characters of text. */
static size_t characters(const char *text, size_t bytes, size_t count)
{
    size_t at = 0;
    for (; count > 0 && at < bytes; count--)
        for (at++; at < bytes && !starts_character(text[at]); at++)
            ;
    return at;
}

/* Lines end as in YAML: LF, CR LF or CR. */
static const char *find_line(const char *text, int line, size_t *bytes)
{
    for (; line > 1 && *text; line--) {
        text += strcspn(text, "\r\n");
        if (*text)
            text += text[0] == '\r' && text[1] == '\n' ? 2 : 1;
    }
    *bytes = strcspn(text, "\r\n");
    return text;
}

/* ---- one error ---- */

static const char *setting_at(const Diag *diag, Loc loc)
{
    return loc.line < 0 && diag->settings && -loc.line <= diag->settings_count ? diag->settings[-loc.line - 1] : NULL;
}

static void print_place(const Diag *diag, Loc loc)
{
    const char *setting = setting_at(diag, loc);
    if (setting) {
        fputs("--set ", stderr);
        print_clean(setting, strlen(setting));
    } else {
        print_clean(diag->path, strlen(diag->path));
        if (loc.line > 0)
            fprintf(stderr, ":%d:%d", loc.line, loc.col);
    }
}

/* The line, or the part of a long one around the caret. */
static void print_line(const Diag *diag, Loc loc)
{
    const char *line = setting_at(diag, loc);
    size_t bytes = line ? strlen(line) : 0;
    if (!line && loc.line > 0 && diag->text)
        line = find_line(diag->text, loc.line, &bytes);
    if (!line || loc.col < 1)
        return;
    const size_t before = (size_t)loc.col - 1;
    const bool cut = characters(line, bytes, SHOWN_WIDTH) < bytes;
    const size_t first = cut && before > SHOWN_BEFORE ? before - SHOWN_BEFORE : 0;
    const size_t skip = characters(line, bytes, first);
    const size_t shown = characters(line + skip, bytes - skip, SHOWN_WIDTH);
    fputs(skip ? "  ..." : "  ", stderr);
    print_clean(line + skip, shown);
    fputs(skip + shown < bytes ? "...\n" : "\n", stderr);
    fprintf(stderr, "%*s^\n", (int)(2 + (skip ? 3 : 0) + before - first), "");
}

static void print_error(const Diag *diag, Loc loc, const char *hint, const char *message)
{
    print_place(diag, loc);
    fputs(": error: ", stderr);
    print_clean(message, strlen(message));
    fputc('\n', stderr);
    print_line(diag, loc);
    if (!hint)
        return;
    fputs("note: ", stderr);
    print_clean(hint, strlen(hint));
    fputc('\n', stderr);
}

static char *message_text(const char *format, va_list args)
{
    char small[1];
    va_list again;
    va_copy(again, args);
    const int count = vsnprintf(small, sizeof small, format, args);
    char *message = mem_alloc((size_t)(count < 0 ? 0 : count) + 1);
    vsnprintf(message, (size_t)(count < 0 ? 0 : count) + 1, format, again);
    va_end(again);
    return message;
}

void diag_error(Diag *diag, Loc loc, const char *hint, const char *format, ...)
{
    if (++diag->errors > SHOWN_ERRORS) {
        if (diag->errors == SHOWN_ERRORS + 1)
            fputs("note: more errors follow; they are not shown\n", stderr);
        return;
    }
    va_list args;
    va_start(args, format);
    char *message = message_text(format, args);
    va_end(args);
    print_error(diag, loc, hint, message);
    free(message);
}

void diag_warning(const Diag *diag, Loc loc, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = message_text(format, args);
    va_end(args);
    fputs("seqgen: warning: ", stderr);
    print_place(diag, loc);
    fputs(": ", stderr);
    print_clean(message, strlen(message));
    fputc('\n', stderr);
    free(message);
}

/* ---- the nearest word ---- */

static int least(int a, int b) { return a < b ? a : b; }

/* Levenshtein's distance, a swap of neighbours counted once; words longer than WORD_MAX are never near. */
static int edit_distance(const char *a, const char *b)
{
    const int m = (int)strlen(a), n = (int)strlen(b);
    int rows[3][WORD_MAX + 1];
    for (int j = 0; j <= n; j++)
        rows[0][j] = j;
    for (int i = 1; i <= m; i++) {
        int *now = rows[i % 3];
        const int *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= n; j++) {
            now[j] = least(least(up[j], now[j - 1]) + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], up2[j - 2] + 1);
        }
    }
    return rows[m % 3][n];
}

const char *diag_nearest(const char *word, const char *const *words, int count)
{
    const size_t length = strlen(word);
    const char *nearest = NULL;
    int best = length < 3 ? 1 : length < 9 ? 2 : (int)(length / 3);
    if (length == 0 || length > WORD_MAX)
        return NULL;
    for (int i = 0; i < count; i++) {
        if (strlen(words[i]) > WORD_MAX)
            continue;
        const int distance = edit_distance(word, words[i]);
        if (distance < best || (distance == best && !nearest)) {
            nearest = words[i];
            best = distance;
        }
    }
    return nearest;
}
