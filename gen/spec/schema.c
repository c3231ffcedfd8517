/* schema.c: reads a map with a table: unknown and missing keys, types, ranges, choices, defaults.
 *
 * Takes: nodes, SchemaField tables. Gives: filled structs, every error of a map. Does not: know any section.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"
#include "reader.h"

static const char *const out_words[] = {"classes", "vocab", "targets", NULL}; /* OUT_CLASSES.. in order */

/* ---- numbers ---- */

static const char *skip_digits(const char *at, bool *any)
{
    for (; *at >= '0' && *at <= '9'; at++)
        *any = true;
    return at;
}

static bool is_integer(const char *text)
{
    bool digits = false;
    text += *text == '-' || *text == '+';
    return !*skip_digits(text, &digits) && digits;
}

static bool is_decimal(const char *text)
{
    bool digits = false, exponent = false;
    text = skip_digits(text + (*text == '-' || *text == '+'), &digits);
    if (*text == '.')
        text = skip_digits(text + 1, &digits);
    if (!digits || (*text != 'e' && *text != 'E'))
        return digits && !*text;
    text++;
    text = skip_digits(text + (*text == '-' || *text == '+'), &exponent);
    return exponent && !*text;
}

bool number_int(const char *text, int64_t *value)
{
    if (!is_integer(text))
        return false;
    errno = 0;
    *value = strtoll(text, NULL, 10);
    return errno == 0;
}

bool number_real(const char *text, double *value)
{
    if (!is_decimal(text))
        return false;
    *value = strtod(text, NULL);
    return isfinite(*value);
}

static bool in_range(const SchemaField *field, double value)
{
    if (value < field->min || (field->min_open && value == field->min))
        return false;
    return field->max <= field->min || value < field->max || (!field->max_open && value == field->max);
}

/* ---- what a field expects, in words ---- */

static void add_choices(Text *text, const char *const *choices)
{
    for (int i = 0; choices[i]; i++)
        text_add(text, "%s%s", i == 0 ? "" : choices[i + 1] ? ", " : " or ", choices[i]);
}

static void add_range(Text *text, const SchemaField *field)
{
    const bool limited = field->max > field->min;
    if (limited && (field->type == SCHEMA_INT || field->type == SCHEMA_OUT))
        text_add(text, " from %.0f to %lld", field->min, field->max >= 0x1p63 ? (long long)INT64_MAX : (long long)field->max);
    else if (limited && !field->min_open)
        text_add(text, " from %.15g to %s%.15g", field->min, field->max_open ? "below " : "", field->max);
    else if (limited)
        text_add(text, " above %.15g %s %.15g", field->min, field->max_open ? "and below" : "up to", field->max);
    else if (field->type != SCHEMA_OUT)
        text_add(text, field->min_open ? " above %.15g" : " of at least %.15g", field->min);
}

char *schema_expected(const SchemaField *field)
{
    static const char *const words[] = {
        [SCHEMA_INT] = "an integer", [SCHEMA_REAL] = "a number", [SCHEMA_BOOL] = "true or false", [SCHEMA_CHOICE] = "",
        [SCHEMA_PAIR] = "a list of two numbers, each", [SCHEMA_OUT] = "an integer", [SCHEMA_STRING] = "a text", [SCHEMA_CUSTOM] = "",
    };
    Text text = {0};
    text_add(&text, "%s", words[field->type]);
    if (field->type == SCHEMA_INT || field->type == SCHEMA_REAL || field->type == SCHEMA_PAIR || field->type == SCHEMA_OUT)
        add_range(&text, field);
    if (field->type == SCHEMA_OUT) {
        text_add(&text, ", ");
        add_choices(&text, out_words);
    } else if (field->type == SCHEMA_CHOICE) {
        add_choices(&text, field->choices);
    } else if (field->type == SCHEMA_CUSTOM && field->choices) {
        text_add(&text, "%s", field->choices[0]);
    }
    return text.data;
}

/* ---- one value ---- */

static int find_word(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

static int count_words(const char *const *words)
{
    int count = 0;
    while (words[count])
        count++;
    return count;
}

static bool store_int(const SchemaField *field, const char *text, char *into)
{
    int64_t value;
    if (!number_int(text, &value) || !in_range(field, (double)value))
        return false;
    memcpy(into, &value, sizeof value);
    return true;
}

static bool store_real(const SchemaField *field, const char *text, char *into)
{
    double value;
    if (!number_real(text, &value) || !in_range(field, value))
        return false;
    value += 0.0; /* -0 */
    memcpy(into, &value, sizeof value);
    return true;
}

static bool store_bool(const char *text, char *into)
{
    const bool value = strcmp(text, "true") == 0;
    if (!value && strcmp(text, "false") != 0)
        return false;
    memcpy(into, &value, sizeof value);
    return true;
}

static bool store_choice(const SchemaField *field, const char *text, char *into)
{
    const int value = find_word(field->choices, text);
    if (value < 0)
        return false;
    memcpy(into, &value, sizeof value);
    return true;
}

/* `into` is the whole struct's start: out and out_word stand apart in it. */
static bool store_out(const SchemaField *field, const char *text, char *base)
{
    LayerParams *p = (LayerParams *)(void *)base;
    const int word = find_word(out_words, text);
    p->out_word = word < 0 ? OUT_NUMBER : OUT_CLASSES + word;
    return word >= 0 || store_int(field, text, base + field->offset);
}

static bool store_scalar(const SchemaField *field, const char *text, void *base)
{
    char *into = (char *)base + field->offset;
    switch (field->type) {
    case SCHEMA_INT: return store_int(field, text, into);
    case SCHEMA_REAL: return store_real(field, text, into);
    case SCHEMA_BOOL: return store_bool(text, into);
    case SCHEMA_CHOICE: return store_choice(field, text, into);
    case SCHEMA_OUT: return store_out(field, text, base);
    default: return false;
    }
}

static bool store_pair(const SchemaField *field, const Node *node, void *base)
{
    if (node->type != NODE_LIST || node->count != 2)
        return false;
    for (int i = 0; i < 2; i++) {
        const Node *item = node->items[i];
        if (item->type != NODE_SCALAR || item->quoted
            || !store_real(field, item->text, (char *)base + field->offset + (size_t)i * sizeof(double)))
            return false;
    }
    return true;
}

static bool store_string(Reader *reader, const SchemaField *field, const Node *node, void *base)
{
    char *text = read_text(reader, node, field->key);
    if (text)
        memcpy((char *)base + field->offset, &text, sizeof text);
    return text != NULL;
}

static void report_value(Reader *reader, const SchemaField *field, const Node *node, const char *where)
{
    char found[NODE_FOUND];
    char *expected = schema_expected(field), *hint = NULL;
    const bool scalar = node->type == NODE_SCALAR;
    if (scalar && field->choices && field->type == SCHEMA_CHOICE) {
        const char *near = diag_nearest(node->text, field->choices, count_words(field->choices));
        hint = near ? mem_format("did you mean %s?", near) : NULL;
    } else if (scalar && node->quoted && field->type != SCHEMA_STRING) {
        hint = mem_copy("in quotes it is a text; write it without quotes");
    }
    diag_error(reader->diag, node->loc, hint, "%s%s%s: found %s, expected %s", where ? where : "", where ? "." : "", field->key,
               node_found(node, found), expected);
    free(expected);
    free(hint);
}

static bool read_value(Reader *reader, const SchemaField *field, const Node *node, const char *where, void *base)
{
    if (field->type == SCHEMA_CUSTOM)
        return true;
    if (field->type == SCHEMA_STRING)
        return store_string(reader, field, node, base);
    const bool plain = node->type == NODE_SCALAR && (!node->quoted || field->type == SCHEMA_CHOICE); /* a word is the same word in quotes */
    const bool good = field->type == SCHEMA_PAIR ? store_pair(field, node, base) : plain && store_scalar(field, node->text, base);
    if (!good)
        report_value(reader, field, node, where);
    return good;
}

bool read_int(Reader *reader, const Node *node, const char *where, const SchemaField *field, int64_t *value)
{
    SchemaField own = *field;
    own.offset = 0;
    return read_value(reader, &own, node, where, value);
}

/* ---- a map ---- */

static void fill_default(const SchemaField *field, void *base)
{
    if (!field->fallback || field->type == SCHEMA_CUSTOM || field->type == SCHEMA_STRING)
        return;
    double pair[2];
    if (field->type != SCHEMA_PAIR) {
        if (!store_scalar(field, field->fallback, base))
            abort(); /* a table contradicts itself: no spec can cause it */
    } else {
        char *end;
        pair[0] = strtod(field->fallback + 1, &end);
        pair[1] = strtod(end + 1, NULL);
        memcpy((char *)base + field->offset, pair, sizeof pair);
    }
}

static const SchemaField *find_field(const SchemaPart *parts, int count, const char *key, void **into)
{
    for (int i = 0; i < count; i++)
        for (const SchemaField *field = parts[i].fields; field && field->key; field++)
            if (strcmp(field->key, key) == 0) {
                *into = parts[i].into;
                return field;
            }
    return NULL;
}

/* How PyTorch and others call what this language has. */
static const char *const synonyms[][2] = {
    {"hidden_size", "hidden"}, {"num_layers", "layers"}, {"embedding_dim", "dim"}, {"out_features", "out"}, {"units", "hidden"},
    {"learning_rate", "lr"}, {"batch_size", "batch"}, {"num_epochs", "epochs"}, {"grad_clip", "clip_norm"}, {"lr", "optimizer"},
    {"learning_rate", "optimizer"}, {"early_stopping", "patience"}, {"scheduler", "schedule"}, {"step_size", "every"}, {"validation", "valid"},
    {"dtype", "real"}, {"label", "class"}, {"labels", "classes"}, {"p", "dropout"}, {"random_seed", "seed"}, {"criterion", "loss"},
};

static const char *suggest(const char *word, const char *const *words, int count)
{
    const char *near = diag_nearest(word, words, count);
    for (size_t i = 0; !near && i < sizeof synonyms / sizeof synonyms[0]; i++)
        for (int w = 0; w < count; w++)
            if (strcmp(synonyms[i][0], word) == 0 && strcmp(synonyms[i][1], words[w]) == 0)
                return words[w];
    return near;
}

static void report_unknown(Reader *reader, const Node *key, const char *where, const SchemaPart *parts, int parts_count)
{
    const char *words[64] = {0};
    int count = 0;
    Text hint = {0};
    for (int i = 0; i < parts_count; i++)
        for (const SchemaField *field = parts[i].fields; field && field->key && count < 64; field++)
            words[count++] = field->key;
    const char *near = suggest(key->text, words, count);
    if (near)
        text_add(&hint, "did you mean '%s'? ", near);
    text_add(&hint, count ? "accepted: " : "it takes no keys");
    for (int i = 0; i < count; i++)
        text_add(&hint, "%s%s", i ? ", " : "", words[i]);
    diag_error(reader->diag, key->loc, hint.data, "unknown key '%.64s' in %s", key->text, where ? where : "the spec");
    free(hint.data);
}

static bool check_required(Reader *reader, const Node *map, Loc loc, const char *where, const SchemaField *fields)
{
    bool good = true;
    for (const SchemaField *field = fields; field && field->key; field++) {
        if (!field->required || node_get(map, field->key))
            continue;
        char *expected = schema_expected(field);
        char *hint = mem_format("%s: %s%s%s", field->key, expected, *expected ? "; " : "", field->help);
        diag_error(reader->diag, loc, hint, "%s lacks the key '%s'", where ? where : "the spec", field->key);
        free(expected);
        free(hint);
        good = false;
    }
    return good;
}

bool schema_want_map(Reader *reader, const Node *node, const char *where)
{
    if (node->type == NODE_MAP)
        return true;
    char found[NODE_FOUND];
    diag_error(reader->diag, node->loc, NULL, "%s: found %s, expected a map (key: value)", where, node_found(node, found));
    return false;
}

bool schema_read(Reader *reader, const Node *map, Loc loc, const char *where, const SchemaPart *parts, int parts_count)
{
    bool good = !map || schema_want_map(reader, map, where ? where : "the spec"), known = true;
    for (int i = 0; i < parts_count; i++)
        for (const SchemaField *field = parts[i].fields; field && field->key; field++)
            fill_default(field, parts[i].into);
    if (!good)
        return false;
    for (int i = 0; map && i < map->count; i++) {
        void *into = NULL;
        const SchemaField *field = find_field(parts, parts_count, map->keys[i]->text, &into);
        if (!field)
            report_unknown(reader, map->keys[i], where, parts, parts_count);
        known = known && field;
        good = field && read_value(reader, field, map->items[i], where, into) && good;
    }
    for (int i = 0; known && i < parts_count; i++) /* an unknown key is most often a required one, misspelt */
        good = check_required(reader, map, loc, where, parts[i].fields) && good;
    return good;
}
