/* reader.c: the forms of value that several sections share: a word or a one-key map, names, lists of names.
 *
 * Takes: nodes. Gives: copies in the spec's pool, with their places. Does not: know any section.
 */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"

bool read_one_of(Reader *reader, const Node *node, const char *what, const char *example, const Node **key, const Node **map)
{
    char found[NODE_FOUND];
    *map = NULL;
    if (node->type == NODE_SCALAR && !node_is_nothing(node)) {
        *key = node;
        return true;
    }
    if (node->type != NODE_MAP || node->count == 0) {
        diag_error(reader->diag, node->loc, example, "%s: found %s, expected a word or a map with one key", what,
                   node->type == NODE_MAP ? "an empty map" : node_found(node, found));
        return false;
    }
    if (node->count > 1) {
        diag_error(reader->diag, node->keys[1]->loc, example, "%s: found a second key '%.64s' after '%.64s', expected a map with one key",
                   what, node->keys[1]->text, node->keys[0]->text);
        return false;
    }
    *key = node->keys[0];
    if (node->items[0]->type != NODE_SCALAR || !node_is_nothing(node->items[0]))
        *map = node->items[0];
    return true;
}

char *read_text(Reader *reader, const Node *node, const char *what)
{
    char found[NODE_FOUND];
    if (node->type == NODE_SCALAR && !node_is_nothing(node) && node->text[0])
        return pool_copy(reader->pool, node->text);
    const bool empty = node->type == NODE_SCALAR && node->quoted;
    diag_error(reader->diag, node->loc, empty || node->type != NODE_SCALAR ? NULL : "a name that looks like nothing stands in quotes: \"null\"",
               "%s: found %s, expected a text", what, empty ? "an empty text" : node_found(node, found));
    return NULL;
}

bool read_names(Reader *reader, const Node *node, const char *what, Names *names)
{
    const bool list = node->type == NODE_LIST;
    const int count = list ? node->count : 1;
    bool good = true;
    if (count == 0) {
        diag_error(reader->diag, node->loc, NULL, "%s: found an empty list, expected at least one entry", what);
        return false;
    }
    names->text = pool_alloc(reader->pool, (size_t)count * sizeof *names->text);
    names->loc = pool_alloc(reader->pool, (size_t)count * sizeof *names->loc);
    for (int i = 0; i < count; i++) {
        const Node *item = list ? node->items[i] : node;
        char *text = read_text(reader, item, what);
        good = good && text;
        if (text) {
            names->loc[names->count] = item->loc;
            names->text[names->count++] = text;
        }
    }
    return good;
}

/* ---- entries that stand twice, found by sorting ---- */

typedef struct Entry {
    const char *text;
    int at;
} Entry;

static int by_text(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    const int order = strcmp(x->text, y->text);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

bool names_check_twice(Reader *reader, const Names *names, const char *what)
{
    const size_t count = (size_t)names->count;
    Entry *sorted = mem_alloc(count * sizeof *sorted);
    bool good = true;
    for (size_t i = 0; i < count; i++)
        sorted[i] = (Entry){names->text[i], (int)i};
    qsort(sorted, count, sizeof *sorted, by_text);
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i].text, sorted[i - 1].text) == 0) {
            diag_error(reader->diag, names->loc[sorted[i].at], "leave it out", "%s: '%.64s' stands twice", what, sorted[i].text);
            good = false;
        }
    free(sorted);
    return good;
}

/* ---- names of models and layers ---- */

static const char *const keywords[] = {
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char", "char16_t",
    "char32_t", "char8_t", "class", "co_await", "co_return", "co_yield", "compl", "complex", "concept", "const", "const_cast",
    "consteval", "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double", "dynamic_cast", "else", "enum",
    "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if", "imaginary", "inline", "int", "long", "main",
    "mutable", "namespace", "new", "noexcept", "noreturn", "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private",
    "protected", "public", "register", "reinterpret_cast", "requires", "restrict", "return", "short", "signed", "sizeof", "static",
    "static_assert", "static_cast", "struct", "switch", "template", "this", "thread_local", "throw", "true", "try", "typedef", "typeid",
    "typename", "typeof", "union", "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq", NULL};

/* What the generated file, the runtime and m4 keep for themselves. */
static const char *const reserved[] = {"seqrt", "sg_", "m4_", "__", NULL};

static bool is_identifier(const char *name)
{
    for (size_t i = 0; name[i]; i++) {
        const char c = name[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return *name != '\0';
}

const char *name_problem(const char *name)
{
    if (!is_identifier(name))
        return "is no C identifier";
    if (strlen(name) > 60)
        return "is longer than 60 characters";
    for (int i = 0; keywords[i]; i++)
        if (strcmp(name, keywords[i]) == 0)
            return "is a word of C or C++";
    for (int i = 0; reserved[i]; i++)
        if (strncmp(name, reserved[i], strlen(reserved[i])) == 0)
            return "starts as the generated code's own names do";
    if (name[0] == '_' && name[1] >= 'A' && name[1] <= 'Z')
        return "is reserved in C (an underscore and a capital letter)";
    return NULL;
}
