/* spec_model.c: the model section: a list of layers, each a word or a one-key map.
 *
 * Takes: the list. Gives: LayerSpec[] with kinds, names and parameters. Does not: know shapes (graph/ does).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../layers/kind.h"
#include "../support/mem.h"
#include "reader.h"

enum { MAX_LAYERS = 256 };

const SchemaField layer_fields[] = {
    {.key = "name", .type = SCHEMA_STRING, .offset = offsetof(LayerSpec, name),
     .help = "name of the layer's tensors; default: the kind, for the second of a kind KIND_2, and so on"},
    {.key = NULL},
};

static void report_kind(Reader *reader, const Node *word)
{
    char lower[64];
    const char *words[64];
    const int count = kind_count() < 64 ? kind_count() : 64;
    Text hint = {0};
    snprintf(lower, sizeof lower, "%s", word->text);
    for (char *c = lower; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    for (int i = 0; i < count; i++)
        words[i] = kind_at(i)->name;
    const char *near = diag_nearest(lower, words, count);
    if (near)
        text_add(&hint, "did you mean '%s'? ", near);
    text_add(&hint, "accepted: ");
    for (int i = 0; i < count; i++)
        text_add(&hint, "%s%s", i ? ", " : "", words[i]);
    diag_error(reader->diag, word->loc, hint.data, "unknown layer '%.64s'", word->text);
    free(hint.data);
}

static bool read_layer(Reader *reader, const Node *node, LayerSpec *layer)
{
    const Node *key, *map;
    layer->loc = node->loc;
    if (!read_one_of(reader, node, "a layer of the model", "- lstm: {hidden: 64, name: encoder}", &key, &map))
        return false;
    layer->loc = key->loc;
    layer->kind = kind_find(key->text);
    if (!layer->kind) {
        report_kind(reader, key);
        return false;
    }
    const SchemaPart parts[] = {{layer->kind->fields, &layer->p}, {layer_fields, layer}};
    return schema_read(reader, map, key->loc, layer->kind->name, parts, 2);
}

/* The n-th layer of a kind, whatever the others are called, is kind_n by default. */
static void fill_name(Reader *reader, Spec *spec, int at)
{
    LayerSpec *layer = &spec->layers[at];
    int nth = 1;
    for (int i = 0; i < at; i++)
        nth += spec->layers[i].kind == layer->kind;
    if (!layer->name && layer->kind)
        layer->name = nth == 1 ? pool_copy(reader->pool, layer->kind->name) : pool_format(reader->pool, "%s_%d", layer->kind->name, nth);
}

/* Whether the name is one that C gives a part of the recurrent layer `other`: other_l0, other_l0_reverse, other_l1_dropout */
static bool names_part(const char *name, const LayerSpec *other)
{
    if (other->p.hidden <= 0 || !other->name)
        return false;
    const size_t length = strlen(other->name);
    return strncmp(name, other->name, length) == 0 && strncmp(name + length, "_l", 2) == 0 && isdigit((unsigned char)name[length + 2]);
}

static bool check_parts(Reader *reader, const Spec *spec, int at)
{
    const LayerSpec *layer = &spec->layers[at];
    for (int i = 0; i < spec->layers_count && layer->name; i++) {
        if (!names_part(layer->name, &spec->layers[i]))
            continue;
        diag_error(reader->diag, layer->loc, "choose another: name: encoder", "the layer name '%.64s' is what a part of layer %d, '%.64s', is called in C", layer->name, i + 1,
                   spec->layers[i].name);
        return false;
    }
    return true;
}

static bool check_name(Reader *reader, const Spec *spec, int at)
{
    const LayerSpec *layer = &spec->layers[at];
    const char *problem = layer->name ? name_problem(layer->name) : NULL;
    if (!problem && layer->name && strcmp(layer->name, "optimizer") == 0)
        problem = "is what checkpoints call the optimiser's tensors";
    if (problem) {
        diag_error(reader->diag, layer->loc, "choose another: letters, digits and _, the first no digit", "the layer name '%.64s' %s", layer->name, problem);
        return false;
    }
    for (int i = 0; i < at; i++) {
        const LayerSpec *other = &spec->layers[i];
        if (!layer->name || !other->name || strcmp(layer->name, other->name) != 0)
            continue;
        diag_error(reader->diag, layer->loc, "give one of them another: name: encoder", "two layers are called '%s'; the first is layer %d of the model",
                   layer->name, i + 1);
        return false;
    }
    return true;
}

bool read_model(Reader *reader, const Node *list, Spec *spec)
{
    char found[NODE_FOUND];
    spec->model_loc = list->loc;
    if (list->type != NODE_LIST || list->count == 0) {
        diag_error(reader->diag, list->loc, "model:, then lines such as - lstm: {hidden: 64}", "model: found %s, expected a list of layers",
                   list->type == NODE_LIST ? "an empty list" : node_found(list, found));
        return false;
    }
    if (list->count > MAX_LAYERS) {
        diag_error(reader->diag, list->loc, NULL, "model: found %d layers, expected at most %d", list->count, MAX_LAYERS);
        return false;
    }
    spec->layers = pool_alloc(reader->pool, (size_t)list->count * sizeof *spec->layers);
    spec->layers_count = list->count;
    bool good = true;
    for (int i = 0; i < list->count; i++)
        good = read_layer(reader, list->items[i], &spec->layers[i]) && good;
    for (int i = 0; i < list->count; i++) {
        fill_name(reader, spec, i);
        good = check_name(reader, spec, i) && good;
    }
    for (int i = 0; i < list->count; i++)
        good = check_parts(reader, spec, i) && good;
    return good;
}
