/* unused.c: of what the vector layer offers (templates/isa/vector.m4), a file has what it uses.
 *
 * Takes: m4's output, the vector layer between two markers. Gives: the same without the markers and without the layer's functions and constants that
 * nobody names, conditions that would be empty and comments that would stand above nothing. Does not: look at the rest, or know C beyond how our
 * templates begin a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"

#define BEGIN "@vectors@\n"
#define END "@vectors end@\n"

typedef enum ItemKind { ITEM_BLANK, ITEM_COMMENT, ITEM_IF, ITEM_ELSE, ITEM_ENDIF, ITEM_DEFINITION, ITEM_OTHER } ItemKind;

/* A line, or the lines of a function or a comment, of the outermost level */
typedef struct Item {
    ItemKind kind;
    const char *begin, *end;
    bool kept; /* of a definition: named by what is kept. Others are kept until there is nothing for them to be about */
} Item;

typedef struct Items { Item *item; int count; } Items;

static const char *line_end(const char *line, const char *end)
{
    const char *next = memchr(line, '\n', (size_t)(end - line));
    return next ? next + 1 : end;
}

static ItemKind kind_of(const char *line)
{
    if (*line == '\n')
        return ITEM_BLANK;
    if (text_starts(line, "/*"))
        return ITEM_COMMENT;
    if (text_starts(line, "#if"))
        return ITEM_IF;
    if (text_starts(line, "#el"))
        return ITEM_ELSE;
    if (text_starts(line, "#endif"))
        return ITEM_ENDIF;
    return text_starts(line, "INLINE ") || text_starts(line, "enum {") || text_starts(line, "#define V_LOG2E") || text_starts(line, "#define V_ROUND") ? ITEM_DEFINITION : ITEM_OTHER;
}

/* Behind the item that begins here: a comment ends where it says, a function with a '}' at a line's beginning if it has more than one line */
static const char *item_end(const char *line, ItemKind kind, const char *end)
{
    const char *next = line_end(line, end);
    if (kind == ITEM_COMMENT)
        while (next < end && next[-2] != '/')
            next = line_end(next, end);
    else if (kind == ITEM_DEFINITION && text_starts(line, "INLINE ") && next < end && *next == '{') {
        while (next < end && *next != '}')
            next = line_end(next, end);
        next = line_end(next, end);
    }
    return next;
}

static Items items_of(const char *begin, const char *end)
{
    Items all = {0};
    int capacity = 0;
    for (const char *line = begin; line < end;) {
        if (all.count == capacity) {
            all.item = mem_grow(all.item, sizeof *all.item * (size_t)capacity, sizeof *all.item * (size_t)(2 * capacity + 64));
            capacity = 2 * capacity + 64;
        }
        Item *item = &all.item[all.count++];
        *item = (Item){.kind = kind_of(line), .begin = line};
        item->end = item_end(line, item->kind, end);
        item->kept = item->kind != ITEM_DEFINITION;
        line = item->end;
    }
    return all;
}

/* ---- who names whom ---- */

/* Whether a definition gives a meaning to the word: a function's name, a constant of an enum, a macro */
static bool defines(const Item *item, const char *word, size_t length)
{
    const bool constants = text_starts(item->begin, "enum {"), macro = *item->begin == '#';
    for (const char *p = item->begin; p + length < item->end; p++) {
        if (!constants && !macro && *p == '(')
            return p - item->begin > (ptrdiff_t)length && strncmp(p - length, word, length) == 0 && !word_char(p[-(ptrdiff_t)length - 1]);
        if (macro && *p == ' ')
            return strncmp(p + 1, word, length) == 0 && !word_char(p[1 + length]);
        if (constants && !word_char(p[0]) && strncmp(p + 1, word, length) == 0 && text_starts(p + 1 + length, " ="))
            return true;
    }
    return false;
}

static bool keep_word(const Items *all, const char *word, size_t length)
{
    bool more = false;
    for (int i = 0; i < all->count; i++)
        if (all->item[i].kind == ITEM_DEFINITION && !all->item[i].kept && defines(&all->item[i], word, length))
            more = all->item[i].kept = true;
    return more;
}

/* Keeps what a stretch of C names, comments and words in quotes aside. All that can be named begins with a v or V and a '_', or is W. */
static bool keep_named(const Items *all, const char *begin, const char *end)
{
    bool more = false;
    for (const char *p = begin; p < end; p++) {
        if (text_starts(p, "/*")) {
            p = strstr(p, "*/") + 1;
        } else if (*p == '"' || *p == '\'') {
            for (const char quote = *p++; p < end && *p != quote; p++)
                p += *p == '\\';
        } else if (word_char(*p)) {
            const char *word = p;
            while (p < end && word_char(*p))
                p++;
            const bool vectors = (word[0] == 'v' || word[0] == 'V') && word[1] == '_';
            if (vectors || (p - word == 1 && *word == 'W'))
                more |= keep_word(all, word, (size_t)(p - word));
            p--;
        }
    }
    return more;
}

static void keep_used(const Items *all, const char *text, const char *begin, const char *end)
{
    keep_named(all, text, begin);
    keep_named(all, end, end + strlen(end));
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < all->count; i++)
            if (all->item[i].kept && all->item[i].kind != ITEM_COMMENT)
                more |= keep_named(all, all->item[i].begin, all->item[i].end);
    }
}

/* ---- what is about nothing any more ---- */

/* The #endif of the condition that begins at item i */
static int endif_of(const Items *all, int i)
{
    int depth = 0;
    for (; i < all->count; i++) {
        depth += all->item[i].kind == ITEM_IF;
        depth -= all->item[i].kind == ITEM_ENDIF;
        if (depth == 0)
            break;
    }
    return i;
}

static bool says_something(const Item *item) { return item->kept && (item->kind == ITEM_DEFINITION || item->kind == ITEM_OTHER); }

static void drop_empty_conditions(const Items *all)
{
    for (int i = 0; i < all->count; i++) {
        if (all->item[i].kind != ITEM_IF)
            continue;
        const int end = endif_of(all, i);
        bool something = false;
        for (int j = i; j < end; j++)
            something |= says_something(&all->item[j]);
        for (int j = i; !something && j <= end && j < all->count; j++)
            all->item[j].kept = false;
    }
}

/* A comment that stood directly above what is gone; where more stands there without a blank line between, it is about that, too. */
static void drop_comments(const Items *all)
{
    for (int i = all->count - 2; i >= 0; i--) {
        if (all->item[i].kind != ITEM_COMMENT || all->item[i + 1].kind == ITEM_BLANK)
            continue;
        int j = i + 1;
        while (j < all->count && !all->item[j].kept)
            j++;
        all->item[i].kept = j < all->count && all->item[j].kind != ITEM_BLANK && all->item[j].kind != ITEM_ELSE && all->item[j].kind != ITEM_ENDIF;
    }
}

static void add_items(const Items *all, Text *out)
{
    bool blank = false; /* one is due, if anything comes behind it */
    for (int i = 0; i < all->count; i++) {
        const Item *item = &all->item[i];
        if (item->kept && item->kind != ITEM_BLANK) {
            text_add(out, blank ? "\n" : "");
            text_add_bytes(out, item->begin, (size_t)(item->end - item->begin));
        }
        blank = item->kind == ITEM_BLANK || (blank && !item->kept);
    }
}

char *unused_drop(char *text)
{
    const char *begin = strstr(text, BEGIN), *end = begin ? strstr(begin, END) : NULL;
    if (!end) {
        fprintf(stderr, "seqgen: internal error: templates: no line %s", begin ? END : BEGIN);
        abort();
    }
    Items all = items_of(begin + strlen(BEGIN), end);
    keep_used(&all, text, begin, end + strlen(END));
    drop_empty_conditions(&all);
    drop_comments(&all);
    Text out = {0};
    text_add_bytes(&out, text, (size_t)(begin - text));
    add_items(&all, &out);
    text_add(&out, "%s", end + strlen(END));
    free(all.item);
    free(text);
    return out.data;
}
