/* override.c: --set options, put into the tree before it is read, so they are checked as the file's own text is.
 *
 * Takes: "train.epochs" and "3"; numbers walk lists (model.0.lstm.hidden), names walk layers (model.lstm.hidden).
 * Gives: the changed tree, with places that name the option. Does not: know which keys exist; the schema does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"
#include "reader.h"

typedef struct Override {
    Pool *pool;
    Diag *diag;
    const Node *root;
    int number;       /* from 1 */
    const char *key;  /* the whole path */
} Override;

/* One word of the path. */
typedef struct Step {
    char *word;
    Loc loc;
    bool last;
} Step;

/* ---- layers by name ---- */

static const char *layer_word(const Node *entry)
{
    if (entry->type == NODE_SCALAR)
        return entry->text;
    return entry->type == NODE_MAP && entry->count > 0 ? entry->keys[0]->text : "";
}

/* The name read_model will give it. */
static const char *layer_name(const Override *o, const Node *list, int at)
{
    const Node *entry = list->items[at];
    const char *word = layer_word(entry);
    const Node *name = entry->type == NODE_MAP && entry->count > 0 ? node_get(entry->items[0], "name") : NULL;
    if (name && name->type == NODE_SCALAR)
        return name->text;
    int nth = 1;
    for (int i = 0; i < at; i++)
        nth += strcmp(layer_word(list->items[i]), word) == 0;
    return nth == 1 ? word : pool_format(o->pool, "%s_%d", word, nth);
}

static int find_layer(const Override *o, const Node *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(layer_name(o, list, i), name) == 0)
            return i;
    return -1;
}

/* ---- one step down ---- */

static bool fail_list(const Override *o, const Node *list, const Step *step, bool layers)
{
    Text hint = {0};
    text_add(&hint, list->count ? "accepted: 0 to %d" : "the list is empty", list->count - 1);
    for (int i = 0; layers && i < list->count; i++)
        text_add(&hint, ", %s", layer_name(o, list, i));
    diag_error(o->diag, step->loc, hint.data, "'%.64s' is no %s of this list", step->word, layers ? "number or layer" : "number");
    free(hint.data);
    return false;
}

/* A word that takes keys (adam, last) becomes a map with them: {adam: {}}. */
static void open_word(const Override *o, Node *node, Loc loc)
{
    if (node->type != NODE_SCALAR)
        return;
    Node word = *node;
    *node = (Node){.type = NODE_MAP, .loc = word.loc};
    if (node_is_nothing(&word))
        return;
    Node *key = node_new(o->pool, NODE_SCALAR, word.loc);
    *key = word;
    node_add(o->pool, node, key, node_new(o->pool, NODE_MAP, loc));
}

static Node **list_place(const Override *o, Node *list, const Step *step)
{
    const bool layers = list == node_get(o->root, "model");
    int64_t at;
    if (number_int(step->word, &at)) {
        if (at >= 0 && at < list->count)
            return &list->items[at];
    } else if (layers && (at = find_layer(o, list, step->word)) >= 0) {
        open_word(o, list->items[at], step->loc);
        return &list->items[at]->items[0];
    }
    fail_list(o, list, step, layers);
    return NULL;
}

static Node **map_place(const Override *o, Node *map, const Step *step)
{
    int at = node_find(map, step->word);
    if (at < 0) {
        Node *key = node_new(o->pool, NODE_SCALAR, step->loc);
        key->text = step->word;
        at = map->count;
        node_add(o->pool, map, key, node_new(o->pool, NODE_MAP, step->loc));
    }
    return &map->items[at];
}

/* Where the value of `step` stands in node; made if absent. NULL after an error. */
static Node **place_of(const Override *o, Node *node, const Step *step)
{
    char found[NODE_FOUND];
    if (node->type == NODE_SCALAR && (node_is_nothing(node) || strcmp(node->text, step->word) == 0))
        open_word(o, node, step->loc);
    if (node->type == NODE_MAP)
        return map_place(o, node, step);
    if (node->type == NODE_LIST)
        return list_place(o, node, step);
    diag_error(o->diag, step->loc, NULL, "'%.64s' cannot be set in %s", step->word, node_found(node, found));
    return NULL;
}

/* ---- the path ---- */

static bool next_step(const Override *o, const char **rest, Step *step)
{
    const size_t length = strcspn(*rest, ".");
    step->loc = (Loc){-o->number, (int)(*rest - o->key) + 1};
    step->word = pool_text(o->pool, *rest, length);
    step->last = !(*rest)[length];
    *rest += length + !step->last;
    if (length > 0)
        return true;
    diag_error(o->diag, step->loc, "--set train.epochs=3", "a key is words with dots between them");
    return false;
}

static bool put(const Override *o, Node *root, Node *value)
{
    const char *rest = o->key;
    Node **place = &root;
    Step step = {0};
    while (!step.last) {
        if (!next_step(o, &rest, &step))
            return false;
        place = place_of(o, *place, &step);
        if (!place)
            return false;
    }
    *place = value;
    return true;
}

static Node *parse_value(const Override *o, const char *value)
{
    const YamlText text = {value, strlen(value), o->number, (int)strlen(o->key) + 1};
    const int errors = o->diag->errors;
    Node *node = yaml_parse(o->pool, &text, o->diag);
    if (!node && o->diag->errors == errors) { /* nothing but white space: the empty value */
        node = node_new(o->pool, NODE_SCALAR, (Loc){-o->number, text.skip + 1});
        node->text = pool_copy(o->pool, "");
    }
    return node;
}

bool override_apply(Pool *pool, Node *root, const SpecOverride *overrides, int count, Diag *diag)
{
    const int errors = diag->errors;
    for (int i = 0; i < count; i++) {
        const Override o = {pool, diag, root, i + 1, overrides[i].key};
        const Loc key = {-o.number, 1}, after = {-o.number, (int)strlen(o.key) + 2};
        if (!yaml_check_text(o.key, strlen(o.key), key, diag) || !yaml_check_text(overrides[i].value, strlen(overrides[i].value), after, diag))
            continue;
        Node *value = parse_value(&o, overrides[i].value);
        if (value)
            put(&o, root, value);
    }
    return diag->errors == errors;
}
