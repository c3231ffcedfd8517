/* yaml_node.c: nodes of the tree, and the check of the raw text before any of it is parsed.
 *
 * Takes: nodes, bytes. Gives: look-ups, words for messages. Does not: parse.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "yaml_tree.h"

Node *node_new(Pool *pool, NodeType type, Loc loc)
{
    Node *node = pool_alloc(pool, sizeof *node);
    node->type = type;
    node->loc = loc;
    return node;
}

static Node **grown(Pool *pool, Node **old, int count, int capacity)
{
    Node **more = pool_alloc(pool, (size_t)capacity * sizeof *more);
    if (count)
        memcpy(more, old, (size_t)count * sizeof *more);
    return more;
}

void node_add(Pool *pool, Node *parent, Node *key, Node *item)
{
    if (parent->count == parent->capacity) {
        parent->capacity = parent->capacity ? 2 * parent->capacity : 4;
        parent->items = grown(pool, parent->items, parent->count, parent->capacity);
        if (parent->type == NODE_MAP)
            parent->keys = grown(pool, parent->keys, parent->count, parent->capacity);
    }
    if (parent->type == NODE_MAP)
        parent->keys[parent->count] = key;
    parent->items[parent->count++] = item;
}

int node_find(const Node *map, const char *key)
{
    for (int i = 0; map && map->type == NODE_MAP && i < map->count; i++)
        if (strcmp(map->keys[i]->text, key) == 0)
            return i;
    return -1;
}

Node *node_get(const Node *map, const char *key)
{
    const int i = node_find(map, key);
    return i < 0 ? NULL : map->items[i];
}

bool node_is_nothing(const Node *node)
{
    if (node->type != NODE_SCALAR || node->quoted)
        return false;
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(node->text, words[i]) == 0)
            return true;
    return false;
}

const char *node_found(const Node *node, char buffer[NODE_FOUND])
{
    const bool scalar = node->type == NODE_SCALAR;
    const bool cut = scalar && strlen(node->text) > 40;
    int shown = cut ? 40 : 80;
    while (cut && shown > 0 && ((unsigned char)node->text[shown] & 0xc0) == 0x80)
        shown--;
    if (!scalar)
        snprintf(buffer, NODE_FOUND, node->type == NODE_LIST ? "a list" : "a map");
    else if (!node->quoted && !node->text[0])
        snprintf(buffer, NODE_FOUND, "nothing");
    else
        snprintf(buffer, NODE_FOUND, node->quoted ? "the text \"%.*s%s\"" : "%.*s%s", shown, node->text, cut ? "..." : "");
    return buffer;
}

/* ---- raw text ---- */

/* Bytes of the well-formed character at text, 0 if there is none; *code is its code point. */
static int decode(const unsigned char *text, size_t bytes, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const int length = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 : text[0] >> 4 == 14 ? 3 : text[0] >> 3 == 30 ? 4 : 0;
    if (!length || (size_t)length > bytes)
        return 0;
    *code = length == 1 ? text[0] : text[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (text[i] & 0x3f);
    }
    return *code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : length;
}

/* What libyaml accepts, without the line ends only Unicode knows (they would make our lines differ from an editor's). */
static bool allowed(uint32_t code)
{
    if (code < 0x20)
        return code == '\t' || code == '\n' || code == '\r';
    return !(code >= 0x7f && code < 0xa0) && code != 0x2028 && code != 0x2029 && code != 0xfeff && code != 0xfffe && code != 0xffff;
}

static bool refuse_character(Diag *diag, Loc loc, unsigned char byte, int length, uint32_t code)
{
    if (length == 0)
        diag_error(diag, loc, "save the file as UTF-8", "byte 0x%02x is not UTF-8", byte);
    else if (code == 0)
        diag_error(diag, loc, "is this a text file?", "the file holds a NUL byte");
    else
        diag_error(diag, loc, "is this a text file? between double quotes, a control character is written \\u and four hexadecimal digits", "control character U+%04X", (unsigned)code);
    return false;
}

bool yaml_check_text(const char *text, size_t bytes, Loc start, Diag *diag)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + bytes;
    Loc loc = start;
    while (at < end) {
        uint32_t code = 0;
        const int length = decode(at, (size_t)(end - at), &code);
        if (length == 0 || !allowed(code))
            return refuse_character(diag, loc, *at, length, code);
        const bool line = start.line > 0 && (code == '\n' || (code == '\r' && at[1] != '\n'));
        loc = line ? (Loc){loc.line + 1, 1} : (Loc){loc.line, loc.col + 1};
        at += length;
    }
    return true;
}
