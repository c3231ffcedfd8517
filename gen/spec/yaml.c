/* yaml.c: libyaml's events into a tree, in the strict subset the language allows.
 *
 * Takes: text. Gives: scalars, lists and maps with their places. Does not: interpret a scalar (schema.c does), or
 * follow anything: anchors, aliases, tags, merge keys, directives and further documents are errors.
 */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "yaml_tree.h"

typedef struct Builder {
    Pool *pool;
    const YamlText *text;
    Diag *diag;
    yaml_parser_t parser;
    Node *root;
    Node *open[YAML_MAX_DEPTH];     /* lists and maps being filled, outermost first */
    Node *keys[YAML_MAX_DEPTH];     /* of each open map: the key whose value comes next */
    int depth, documents;
} Builder;

static Loc place(const Builder *b, const yaml_mark_t *mark)
{
    if (b->text->setting)
        return (Loc){-b->text->setting, b->text->skip + (int)mark->index + 1};
    return (Loc){(int)mark->line + 1, (int)mark->column + 1};
}

/* ---- filling the tree ---- */

static bool attach(Builder *b, Node *node)
{
    if (b->depth == 0) {
        b->root = node;
        return true;
    }
    Node *parent = b->open[b->depth - 1];
    Node **key = &b->keys[b->depth - 1];
    if (parent->type == NODE_LIST) {
        node_add(b->pool, parent, NULL, node);
    } else if (*key) {
        node_add(b->pool, parent, *key, node);
        *key = NULL;
    } else if (node->type != NODE_SCALAR) {
        diag_error(b->diag, node->loc, "a key is one word before a colon", "a key cannot be a list or a map");
        return false;
    } else {
        *key = node;
    }
    return true;
}

static bool refuse_properties(Builder *b, Loc loc, const void *anchor, const void *tag)
{
    if (anchor)
        diag_error(b->diag, loc, "write the value out where it is needed", "anchors (&name) are not part of the spec language");
    if (tag)
        diag_error(b->diag, loc, "leave the tag out; quote a value to make it a text", "tags (!name) are not part of the spec language");
    return !anchor && !tag;
}

static bool open_node(Builder *b, NodeType type, Loc loc)
{
    if (b->depth == YAML_MAX_DEPTH) {
        diag_error(b->diag, loc, NULL, "lists and maps stand more than %d deep", YAML_MAX_DEPTH);
        return false;
    }
    Node *node = node_new(b->pool, type, loc);
    if (!attach(b, node))
        return false;
    b->keys[b->depth] = NULL;
    b->open[b->depth++] = node;
    return true;
}

static bool add_scalar(Builder *b, const yaml_event_t *event, Loc loc)
{
    const char *value = (const char *)event->data.scalar.value;
    const size_t length = event->data.scalar.length;
    if (memchr(value, '\0', length)) {
        diag_error(b->diag, loc, NULL, "a text holds a NUL character");
        return false;
    }
    Node *node = node_new(b->pool, NODE_SCALAR, loc);
    node->text = pool_text(b->pool, value, length);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    const bool key = b->depth > 0 && b->open[b->depth - 1]->type == NODE_MAP && !b->keys[b->depth - 1];
    if (key && !node->quoted && strcmp(node->text, "<<") == 0) {
        diag_error(b->diag, loc, "write the keys out", "merge keys (<<) are not part of the spec language");
        return false;
    }
    return attach(b, node);
}

static bool start_document(Builder *b, const yaml_event_t *event, Loc loc)
{
    if (event->data.document_start.version_directive
        || event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end)
        diag_error(b->diag, loc, "leave the line out", "directives (%%YAML, %%TAG) are not part of the spec language");
    else if (b->documents++ > 0)
        diag_error(b->diag, loc, "one file, one spec", "a second document starts here");
    else
        return true;
    return false;
}

/* ---- duplicate keys: found by sorting, so a large map costs no more than its size ---- */

static int by_key_and_place(const void *a, const void *b)
{
    const Node *x = *(Node *const *)a, *y = *(Node *const *)b;
    const int order = strcmp(x->text, y->text);
    if (order)
        return order;
    return x->loc.line != y->loc.line ? (x->loc.line > y->loc.line) - (x->loc.line < y->loc.line) : x->loc.col - y->loc.col;
}

static int by_place(const void *a, const void *b)
{
    const Node *x = ((Node *const *)a)[0], *y = ((Node *const *)b)[0];
    return x->loc.line != y->loc.line ? x->loc.line - y->loc.line : x->loc.col - y->loc.col;
}

static void check_keys(Builder *b, const Node *map)
{
    if (map->count < 2)
        return;
    const size_t count = (size_t)map->count;
    Node **sorted = malloc(count * sizeof *sorted), *(*twice)[2] = malloc(count * sizeof *twice);
    size_t found = 0;
    if (sorted && twice) {
        memcpy(sorted, map->keys, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, by_key_and_place);
        for (size_t i = 1; i < count; i++)
            if (strcmp(sorted[i]->text, sorted[i - 1]->text) == 0) {
                twice[found][0] = sorted[i];
                twice[found++][1] = sorted[i - 1];
            }
        qsort(twice, found, sizeof *twice, by_place);
    }
    for (size_t i = 0; i < found; i++) {
        const Node *again = twice[i][0], *first = twice[i][1];
        diag_error(b->diag, again->loc, "keep one of them", "the key '%.64s' stands twice in this map; before at line %d, column %d",
                   again->text, first->loc.line < 0 ? 1 : first->loc.line, first->loc.col);
    }
    free(sorted);
    free(twice);
}

static void close_node(Builder *b)
{
    const Node *node = b->open[--b->depth];
    if (node->type == NODE_MAP)
        check_keys(b, node);
}

/* ---- events ---- */

static bool take(Builder *b, const yaml_event_t *event)
{
    const Loc loc = place(b, &event->start_mark);
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return start_document(b, event, loc);
    case YAML_ALIAS_EVENT:
        diag_error(b->diag, loc, "write the value out where it is needed", "aliases (*name) are not part of the spec language");
        return false;
    case YAML_SCALAR_EVENT:
        return refuse_properties(b, loc, event->data.scalar.anchor, event->data.scalar.tag) && add_scalar(b, event, loc);
    case YAML_SEQUENCE_START_EVENT:
        return refuse_properties(b, loc, event->data.sequence_start.anchor, event->data.sequence_start.tag)
            && open_node(b, NODE_LIST, loc);
    case YAML_MAPPING_START_EVENT:
        return refuse_properties(b, loc, event->data.mapping_start.anchor, event->data.mapping_start.tag)
            && open_node(b, NODE_MAP, loc);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_node(b);
        return true;
    default:
        return true;
    }
}

static bool report_problem(Builder *b)
{
    const yaml_parser_t *p = &b->parser;
    const Loc context = place(b, &p->context_mark);
    const char *problem = p->problem ? p->problem : "unreadable";
    const char *hint = strstr(problem, "cannot start any token") ? "YAML is indented with spaces; quote a text that starts with a special character"
                                                                 : NULL;
    if (p->context && context.line > 0)
        diag_error(b->diag, place(b, &p->problem_mark), hint, "not YAML: %s, %s that starts at line %d, column %d", problem,
                   p->context, context.line, context.col);
    else
        diag_error(b->diag, place(b, &p->problem_mark), hint, "not YAML: %s", problem);
    return false;
}

static bool read_events(Builder *b)
{
    for (yaml_event_type_t type = YAML_NO_EVENT; type != YAML_STREAM_END_EVENT;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&b->parser, &event))
            return report_problem(b);
        type = event.type;
        const bool good = take(b, &event);
        yaml_event_delete(&event);
        if (!good)
            return false;
    }
    return true;
}

Node *yaml_parse(Pool *pool, const YamlText *text, Diag *diag)
{
    Builder b = {.pool = pool, .text = text, .diag = diag};
    const int errors = diag->errors;
    if (!yaml_parser_initialize(&b.parser)) {
        diag_error(diag, (Loc){0, 0}, NULL, "out of memory");
        return NULL;
    }
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)text->text, text->bytes);
    const bool good = read_events(&b);
    yaml_parser_delete(&b.parser);
    return good && diag->errors == errors ? b.root : NULL;
}
