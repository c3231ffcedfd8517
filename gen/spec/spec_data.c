/* spec_data.c: the data section as written.
 *
 * Takes: the map of `data`. Gives: DataDraft, and what of SeqrtTask follows from the text alone; errors where input,
 * target and window do not fit each other. Does not: open a data file (facts.c does).
 */
#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"
#include "seqrt_data.h"
#include "reader.h"

#define FIELD(member) offsetof(DataDraft, member)
#define CUSTOM(key_, type_, help_) {.key = key_, .type = SCHEMA_CUSTOM, .choices = (const char *const[]){type_, NULL}, .help = help_}

const char *const normalize_names[] = {"none", "standard", "minmax", NULL};
const char *const too_long_names[] = {"truncate", "error", NULL};
const char *const input_names[] = {"chars", "bytes", "words", "columns", "columns", "text", NULL}; /* by SeqrtInput */
const char *const target_names[] = {"class", "value", "tag", "next", "forecast", "signal", NULL};  /* by SeqrtTarget */
static const char *const input_keys[] = {"chars", "bytes", "words", "columns", "text"};

const SchemaField data_fields[] = {
    {.key = "train", .type = SCHEMA_CUSTOM, .required = true, .choices = (const char *const[]){"a path", NULL},
     .help = "training data: .csv (header, RFC 4180), .tsv (header, no quoting) or .txt (one text)"},
    CUSTOM("valid", "a path, or a number from 0 to below 1", "validation data: a file, or the fraction cut off train with the seed"),
    CUSTOM("test", "a path", "test data"),
    {.key = "input", .type = SCHEMA_CUSTOM, .required = true, .choices = (const char *const[]){"a map, see data.input", NULL},
     .help = "what the network reads"},
    {.key = "target", .type = SCHEMA_CUSTOM, .required = true, .choices = (const char *const[]){"a map, see data.target", NULL},
     .help = "what it learns to say"},
    {.key = "sequence", .type = SCHEMA_CUSTOM, .choices = (const char *const[]){"a column", NULL},
     .help = "with columns: consecutive rows of equal value are one sequence; without it the file is one long series"},
    {.key = "max_length", .type = SCHEMA_INT, .offset = FIELD(max_length), .min = 1, .max = 1000000,
     .help = "longest sequence T; default: the longest in train (with a window or a shape: their length)"},
    {.key = "too_long", .type = SCHEMA_CHOICE, .offset = FIELD(too_long), .fallback = "truncate", .choices = too_long_names,
     .help = "what becomes of a longer sequence"},
    CUSTOM("window", "a map, see data.window", "cuts a long series or text into pieces"),
    CUSTOM("carry_state", "true or false", "the same as data.window.carry_state"),
    {.key = NULL},
};

const SchemaField input_fields[] = {
    CUSTOM("chars", "a column", "text, one step a Unicode character"),
    CUSTOM("bytes", "a column", "text, one step a byte"),
    CUSTOM("words", "a column", "text, one step a word or a punctuation mark"),
    CUSTOM("columns", "a column or a list; `a*` is every column that starts with a", "numbers, one row a step; with shape, one row a sequence"),
    CUSTOM("text", "true", "a .txt file, one step a Unicode character"),
    CUSTOM("shape", "[T, F]", "with columns: one row is a whole sequence of T steps of F numbers, row-major in time"),
    {.key = "normalize", .type = SCHEMA_CHOICE, .offset = FIELD(normalize), .fallback = "none", .choices = normalize_names,
     .help = "with columns: (x - mean) / deviation, or (x - min) / (max - min), of the training part; value, signal and forecast targets too"},
    CUSTOM("vocab", "a list, or a map, see data.input.vocab", "with chars, bytes, words, text: the tokens; index 0 is padding, 1 unknown"),
    {.key = NULL},
};

const SchemaField vocab_fields[] = {
    {.key = "max", .type = SCHEMA_INT, .offset = FIELD(vocab_max), .min = 1, .max = 999998,
     .help = "keeps the most frequent tokens; default: all"},
    {.key = "min_count", .type = SCHEMA_INT, .offset = FIELD(vocab_min_count), .min = 1, .max = 1e15, .fallback = "1",
     .help = "leaves out tokens seen less often in train"},
    {.key = "lowercase", .type = SCHEMA_BOOL, .offset = FIELD(lowercase), .fallback = "false", .help = "ASCII letters are lowered first"},
    CUSTOM("entries", "a list", "the tokens written out, as vocab: [..] does; excludes max and min_count"),
    {.key = NULL},
};

const SchemaField target_fields[] = {
    CUSTOM("class", "a column", "one class a sequence"),
    CUSTOM("value", "a column or a list", "regression: numbers, one row of them a sequence"),
    CUSTOM("tag", "a column", "one class a step; needs columns"),
    CUSTOM("signal", "a column or a list", "numbers, one row of them a step: what a filter or a sensor should say; needs columns"),
    CUSTOM("next", "true", "the next token at every step: a language model"),
    CUSTOM("forecast", "a map, see data.target.forecast", "the next rows of some columns; needs columns and a window"),
    CUSTOM("classes", "a list", "with class and tag: the classes written out, in this order; default: read from train, sorted"),
    {.key = NULL},
};

const SchemaField forecast_fields[] = {
    {.key = "columns", .type = SCHEMA_CUSTOM, .required = true, .choices = (const char *const[]){"a column or a list", NULL}, .help = "columns to foretell"},
    {.key = "horizon", .type = SCHEMA_INT, .offset = FIELD(horizon), .required = true, .min = 1, .max = 1000000, .help = "rows to foretell"},
    {.key = NULL},
};

const SchemaField window_fields[] = {
    {.key = "length", .type = SCHEMA_INT, .offset = FIELD(window_length), .required = true, .min = 1, .max = 1000000, .help = "steps T of a window"},
    {.key = "stride", .type = SCHEMA_INT, .offset = FIELD(window_stride), .min = 1, .max = 1000000,
     .help = "steps from one window's start to the next; default: 1 for numbers, length for text, a signal and with carry_state"},
    {.key = "carry_state", .type = SCHEMA_BOOL, .offset = FIELD(carry_state), .fallback = "false",
     .help = "truncated back-propagation: the state goes on from window to window, batch rows are parallel streams"},
    {.key = NULL},
};

/* ---- small forms ---- */

/* Fields whose struct is the draft itself. */
static bool read_map(Reader *reader, const Node *map, const char *where, const SchemaField *fields, DataDraft *draft)
{
    const SchemaPart part = {fields, draft};
    return schema_read(reader, map, map->loc, where, &part, 1);
}

static bool read_place(Reader *reader, const Node *node, const char *what, Place *place)
{
    if (!node)
        return true;
    place->loc = node->loc;
    place->text = read_text(reader, node, what);
    return place->text != NULL;
}

static bool read_true(Reader *reader, const Node *node, const char *what)
{
    char found[NODE_FOUND];
    if (node->type == NODE_SCALAR && !node->quoted && strcmp(node->text, "true") == 0)
        return true;
    diag_error(reader->diag, node->loc, NULL, "%s: found %s, expected true", what, node_found(node, found));
    return false;
}

static bool read_switch(Reader *reader, const Node *node, const char *where, const char *key, bool *value)
{
    const SchemaField fields[] = {{.key = key, .type = SCHEMA_BOOL}, {.key = NULL}};
    Node *keys[] = {&(Node){.text = (char *)key, .loc = node->loc}}, *items[] = {(Node *)node};
    const Node map = {.type = NODE_MAP, .loc = node->loc, .count = 1, .keys = keys, .items = items};
    const SchemaPart part = {fields, value};
    return schema_read(reader, &map, node->loc, where, &part, 1);
}

/* Which of `words` are keys of the map: exactly one should be. Its index, or -1 after an error. */
static int find_form(Reader *reader, const Node *map, const char *where, const char *const *words, int count)
{
    int form = -1;
    for (int i = 0; i < map->count; i++)
        for (int w = 0; w < count; w++) {
            if (strcmp(map->keys[i]->text, words[w]) != 0)
                continue;
            if (form >= 0) {
                diag_error(reader->diag, map->keys[i]->loc, "keep one of them", "%s: '%s' and '%s' exclude each other", where, words[form], words[w]);
                return -1;
            }
            form = w;
        }
    if (form >= 0)
        return form;
    Text hint = {0};
    for (int w = 0; w < count; w++)
        text_add(&hint, "%s%s", w ? ", " : "one of: ", words[w]);
    diag_error(reader->diag, map->loc, hint.data, "%s says nothing about what it is", where);
    free(hint.data);
    return -1;
}

static bool refuse_key(Reader *reader, const Node *map, const char *key, const char *where, const char *belongs)
{
    const int i = node_find(map, key);
    if (i >= 0)
        diag_error(reader->diag, map->keys[i]->loc, "leave it out", "%s: '%s' belongs to %s", where, key, belongs);
    return i < 0;
}

/* ---- input ---- */

/* A token as the runtime cuts it: a written entry must be one whole token. */
static bool check_entry(Reader *reader, SeqrtInput input, bool lowercase, const char *entry, Loc loc)
{
    static const char *const words[] = {"one character", "one byte ('\\xHH' below 0x20 and from 0x80)", "one word or punctuation mark"};
    static const char hex[] = "0123456789abcdef";
    char token[256];
    const char *rest = entry;
    if (input == SEQRT_BYTES && strlen(entry) == 4 && entry[0] == '\\' && entry[1] == 'x' && strchr(hex, entry[2]) && strchr(hex, entry[3])
        && (entry[2] >= '8' || entry[2] < '2'))
        return true;
    seqrt_token_next(input, lowercase, &rest, token);
    if (!*rest && strcmp(token, entry) == 0)
        return true;
    diag_error(reader->diag, loc, NULL, "vocab: found '%.64s', expected %s%s", entry, words[input == SEQRT_BYTES ? 1 : input == SEQRT_WORDS ? 2 : 0],
               lowercase ? " in lower case" : "");
    return false;
}

static bool read_entries(Reader *reader, const Node *list, SeqrtInput input, DataDraft *draft)
{
    draft->vocab_written = true;
    if (!read_names(reader, list, "vocab", &draft->vocab))
        return false;
    bool good = names_check_twice(reader, &draft->vocab, "vocab");
    for (int i = 0; i < draft->vocab.count; i++)
        good = check_entry(reader, input, draft->lowercase, draft->vocab.text[i], draft->vocab.loc[i]) && good;
    return good;
}

static bool read_vocab(Reader *reader, const Node *node, SeqrtInput input, DataDraft *draft)
{
    char found[NODE_FOUND];
    draft->vocab_loc = node->loc;
    if (node->type == NODE_LIST)
        return read_entries(reader, node, input, draft);
    if (node->type != NODE_MAP) {
        diag_error(reader->diag, node->loc, "vocab: {max: 5000, min_count: 2}", "data.input.vocab: found %s, expected a map or a list of tokens",
                   node_found(node, found));
        return false;
    }
    bool good = read_map(reader, node, "data.input.vocab", vocab_fields, draft);
    const Node *entries = node_get(node, "entries");
    if (!entries)
        return good;
    good = refuse_key(reader, node, "max", "data.input.vocab", "a vocabulary read from train") && good;
    good = refuse_key(reader, node, "min_count", "data.input.vocab", "a vocabulary read from train") && good;
    return read_entries(reader, entries, input, draft) && good;
}

static bool read_shape(Reader *reader, const Node *node, DataDraft *draft)
{
    static const SchemaField size = {.key = "shape", .type = SCHEMA_INT, .min = 1, .max = 1000000};
    char found[NODE_FOUND];
    if (node->type == NODE_LIST && node->count == 2) {
        const bool steps = read_int(reader, node->items[0], "data.input", &size, &draft->shape_T);
        return read_int(reader, node->items[1], "data.input", &size, &draft->shape_F) && steps;
    }
    diag_error(reader->diag, node->loc, "shape: [28, 28] is 28 steps of 28 numbers", "data.input.shape: found %s, expected a list of two integers",
               node->type == NODE_LIST ? "a list of another length" : node_found(node, found));
    return false;
}

static bool read_numbers(Reader *reader, const Node *map, Spec *spec, DataDraft *draft)
{
    const Node *shape = node_get(map, "shape");
    spec->task.input = shape ? SEQRT_SHAPED : SEQRT_ROWS;
    const bool columns = read_names(reader, node_get(map, "columns"), "data.input.columns", &draft->columns);
    const bool good = refuse_key(reader, map, "vocab", "data.input", "chars, bytes, words and text");
    return (!shape || read_shape(reader, shape, draft)) && columns && good;
}

static bool read_tokens(Reader *reader, const Node *map, const char *form, Spec *spec, DataDraft *draft)
{
    const Node *node = node_get(map, form), *vocab = node_get(map, "vocab");
    bool good = spec->task.input == SEQRT_TEXT ? read_true(reader, node, "data.input.text") : read_place(reader, node, form, &draft->text_column);
    good = refuse_key(reader, map, "shape", "data.input", "columns") && good;
    good = refuse_key(reader, map, "normalize", "data.input", "columns") && good;
    return (!vocab || read_vocab(reader, vocab, spec->task.input, draft)) && good;
}

static bool read_input(Reader *reader, const Node *map, Spec *spec, DataDraft *draft)
{
    static const SeqrtInput inputs[] = {SEQRT_CHARS, SEQRT_BYTES, SEQRT_WORDS, SEQRT_ROWS, SEQRT_TEXT};
    spec->input_loc = map->loc;
    if (!schema_want_map(reader, map, "data.input"))
        return false;
    const bool good = read_map(reader, map, "data.input", input_fields, draft);
    const int form = good ? find_form(reader, map, "data.input", input_keys, 5) : -1;
    if (form < 0)
        return false;
    spec->task.input = inputs[form];
    const Node *normalize = node_get(map, "normalize");
    draft->normalize_loc = normalize ? normalize->loc : map->loc;
    return inputs[form] == SEQRT_ROWS ? read_numbers(reader, map, spec, draft) : read_tokens(reader, map, input_keys[form], spec, draft);
}

/* ---- target ---- */

static bool read_forecast(Reader *reader, const Node *map, DataDraft *draft)
{
    if (!schema_want_map(reader, map, "data.target.forecast"))
        return false;
    const Node *columns = node_get(map, "columns");
    const bool good = read_map(reader, map, "data.target.forecast", forecast_fields, draft);
    return (!columns || read_names(reader, columns, "data.target.forecast.columns", &draft->targets)) && good;
}

static bool read_classes(Reader *reader, const Node *node, DataDraft *draft)
{
    draft->classes_written = true;
    if (node->type == NODE_LIST && node->count >= 2)
        return read_names(reader, node, "data.target.classes", &draft->classes)
            && names_check_twice(reader, &draft->classes, "data.target.classes");
    char found[NODE_FOUND];
    diag_error(reader->diag, node->loc, "classes: [no, yes]", "data.target.classes: found %s, expected a list of at least two classes",
               node->type == NODE_LIST ? "a shorter list" : node_found(node, found));
    return false;
}

static bool read_one_column(Reader *reader, const Node *node, const char *what, Names *names)
{
    char found[NODE_FOUND];
    if (node->type == NODE_SCALAR)
        return read_names(reader, node, what, names);
    diag_error(reader->diag, node->loc, NULL, "%s: found %s, expected one column", what, node_found(node, found));
    return false;
}

static bool read_form(Reader *reader, const Node *node, SeqrtTarget form, DataDraft *draft)
{
    switch (form) {
    case SEQRT_CLASS: return read_one_column(reader, node, "data.target.class", &draft->targets);
    case SEQRT_TAG: return read_one_column(reader, node, "data.target.tag", &draft->targets);
    case SEQRT_VALUE: return read_names(reader, node, "data.target.value", &draft->targets);
    case SEQRT_SIGNAL: return read_names(reader, node, "data.target.signal", &draft->targets);
    case SEQRT_FORECAST: return read_forecast(reader, node, draft);
    default: return read_true(reader, node, "data.target.next");
    }
}

static bool read_target(Reader *reader, const Node *map, Spec *spec, DataDraft *draft)
{
    spec->target_loc = map->loc;
    if (!schema_want_map(reader, map, "data.target"))
        return false;
    const bool known = read_map(reader, map, "data.target", target_fields, draft);
    const int form = known ? find_form(reader, map, "data.target", target_names, 6) : -1;
    if (form < 0)
        return false;
    spec->task.target = (SeqrtTarget)form;
    const Node *classes = node_get(map, "classes");
    bool good = read_form(reader, node_get(map, target_names[form]), spec->task.target, draft);
    if (form != SEQRT_CLASS && form != SEQRT_TAG)
        return refuse_key(reader, map, "classes", "data.target", "class and tag") && good;
    return (!classes || read_classes(reader, classes, draft)) && good;
}

/* ---- files, window ---- */

static bool read_valid(Reader *reader, const Node *node, DataDraft *draft)
{
    double fraction;
    if (!node || node->type != NODE_SCALAR || node->quoted || !number_real(node->text, &fraction))
        return read_place(reader, node, "data.valid", &draft->valid);
    draft->valid_fraction = fraction;
    draft->valid.loc = node->loc;
    if (fraction >= 0 && fraction < 1)
        return true;
    diag_error(reader->diag, node->loc, "valid: 0.1 cuts a tenth off train", "data.valid: found %s, expected a path or a number from 0 to below 1", node->text);
    return false;
}

static bool check_ending(Reader *reader, const Place *place, const char *what, bool text)
{
    const char *dot = place->text ? strrchr(place->text, '.') : NULL;
    if (!place->text || (dot && (text ? strcmp(dot, ".txt") == 0 : strcmp(dot, ".csv") == 0 || strcmp(dot, ".tsv") == 0)))
        return true;
    diag_error(reader->diag, place->loc, NULL, "data.%s: found '%.200s', expected %s", what, place->text,
               text ? "a .txt file (input: {text: true})" : "a .csv or .tsv file (a table with a header)");
    return false;
}

static bool read_window(Reader *reader, const Node *map, Spec *spec, DataDraft *draft)
{
    spec->window_given = true;
    spec->window_loc = map->loc;
    const Node *carry = node_get(map, "carry_state");
    if (carry)
        draft->carry_loc = carry->loc;
    return schema_want_map(reader, map, "data.window") && read_map(reader, map, "data.window", window_fields, draft);
}

static bool read_carry(Reader *reader, const Node *data, DataDraft *draft)
{
    const Node *node = node_get(data, "carry_state"), *window = node_get(data, "window");
    if (!node)
        return true;
    if (window && window->type == NODE_MAP && node_get(window, "carry_state"))
        return refuse_key(reader, data, "carry_state", "data", "data.window, where it stands already");
    draft->carry_loc = node->loc;
    return read_switch(reader, node, "data", "carry_state", &draft->carry_state);
}

/* ---- what fits what ---- */

static bool is_tokens(const Spec *spec) { return spec->task.input != SEQRT_ROWS && spec->task.input != SEQRT_SHAPED; }

static bool check_target(Reader *reader, const Spec *spec)
{
    const SeqrtTarget target = spec->task.target;
    const char *wants = NULL;
    if (target == SEQRT_NEXT && !is_tokens(spec))
        wants = "input chars, bytes, words or text; for numbers use forecast";
    else if (spec->task.input == SEQRT_TEXT && target != SEQRT_NEXT)
        wants = "a table; with input {text: true} the target is {next: true}";
    else if ((target == SEQRT_TAG || target == SEQRT_SIGNAL || target == SEQRT_FORECAST) && spec->task.input != SEQRT_ROWS)
        wants = "input {columns: [..]}, one row a step, without shape";
    if (wants)
        diag_error(reader->diag, spec->target_loc, NULL, "the %s target needs %s", target_names[target], wants);
    return !wants;
}

static bool check_series(Reader *reader, const Spec *spec, const DataDraft *draft)
{
    const bool rows = spec->task.input == SEQRT_ROWS;
    bool good = true;
    if (draft->sequence.text && !rows) {
        diag_error(reader->diag, draft->sequence.loc, "leave it out", "data.sequence groups rows of {columns: [..]}; here one row is a whole sequence");
        good = false;
    }
    if (spec->window_given && spec->task.input == SEQRT_SHAPED) {
        diag_error(reader->diag, spec->window_loc, "leave the window out", "data.window cuts a long series; with shape one row is a whole sequence");
        good = false;
    }
    const bool forecast = spec->task.target == SEQRT_FORECAST;
    if (spec->window_given || (!forecast && !spec->text_series))
        return good;
    diag_error(reader->diag, forecast ? spec->target_loc : spec->input_loc,
               rows && !forecast ? "window: {length: 50}, or sequence: COLUMN" : "window: {length: 50}",
               forecast ? "a forecast needs data.window: how many rows it looks back on" : "the file is one long series, which needs data.window");
    return false;
}

static bool check_carry(Reader *reader, const Spec *spec, const DataDraft *draft)
{
    const SeqrtTarget target = spec->task.target;
    if (!draft->carry_state)
        return true;
    if (!spec->window_given)
        diag_error(reader->diag, draft->carry_loc, "window: {length: 50, carry_state: true}", "carry_state needs data.window");
    else if (!spec->text_series)
        diag_error(reader->diag, draft->carry_loc, NULL, "carry_state needs one long series: {text: true}, or {columns: [..]} without data.sequence");
    else if (!seqrt_is_every_step(target))
        diag_error(reader->diag, draft->carry_loc, "accepted targets: next, tag, signal", "carry_state needs a target of every step, but the target is %s", target_names[target]);
    else if (draft->window_stride && draft->window_stride != draft->window_length)
        diag_error(reader->diag, spec->window_loc, "leave stride out", "carry_state needs windows that follow each other, but stride %lld is not length %lld",
                   (long long)draft->window_stride, (long long)draft->window_length);
    else
        return true;
    return false;
}

static bool check_length(Reader *reader, const Spec *spec, const DataDraft *draft)
{
    const int64_t fixed = spec->window_given ? draft->window_length : draft->shape_T;
    if (!draft->max_length || !fixed || draft->max_length == fixed)
        return true;
    diag_error(reader->diag, draft->max_length_loc, "leave max_length out", "data.max_length is %lld, but data.%s says %lld steps",
               (long long)draft->max_length, spec->window_given ? "window.length" : "input.shape", (long long)fixed);
    return false;
}

static bool check_fit(Reader *reader, const Spec *spec, const DataDraft *draft)
{
    const bool text = spec->task.input == SEQRT_TEXT;
    bool good = check_ending(reader, &draft->train, "train", text);
    good = check_ending(reader, &draft->valid, "valid", text) && good;
    good = check_ending(reader, &draft->test, "test", text) && good;
    good = check_target(reader, spec) && good;
    good = check_series(reader, spec, draft) && good;
    good = check_carry(reader, spec, draft) && good;
    return check_length(reader, spec, draft) && good;
}

/* ---- the section ---- */

static void fill_task(Spec *spec, const DataDraft *draft)
{
    SeqrtTask *task = &spec->task;
    task->train_path = draft->train.text;
    task->valid_path = draft->valid.text;
    task->test_path = draft->test.text;
    spec->train_loc = draft->train.loc;
    spec->valid_loc = draft->valid.text || draft->valid_fraction > 0 ? draft->valid.loc : draft->loc;
    spec->test_loc = draft->test.text ? draft->test.loc : draft->loc;
    task->valid_fraction = draft->valid_fraction;
    task->text_column = draft->text_column.text;
    task->sequence_column = draft->sequence.text;
    task->lowercase = draft->lowercase;
    task->horizon = (int)draft->horizon;
    task->too_long_error = draft->too_long == 1;
    task->carry_state = draft->carry_state;
    task->window_length = (int)draft->window_length;
    const bool adjacent = is_tokens(spec) || draft->carry_state || task->target == SEQRT_SIGNAL;
    task->window_stride = (int)(draft->window_stride ? draft->window_stride : adjacent ? draft->window_length : spec->window_given);
    spec->normalize = draft->normalize;
}

bool read_data(Reader *reader, const Node *map, Spec *spec, DataDraft *draft)
{
    if (!schema_want_map(reader, map, "data"))
        return false;
    draft->loc = map->loc;
    draft->vocab_min_count = 1;
    bool good = read_map(reader, map, "data", data_fields, draft);
    const Node *input = node_get(map, "input"), *target = node_get(map, "target"), *window = node_get(map, "window");
    const Node *max_length = node_get(map, "max_length");
    draft->max_length_loc = max_length ? max_length->loc : map->loc;
    good = read_place(reader, node_get(map, "train"), "data.train", &draft->train) && good;
    good = read_valid(reader, node_get(map, "valid"), draft) && good;
    good = read_place(reader, node_get(map, "test"), "data.test", &draft->test) && good;
    good = read_place(reader, node_get(map, "sequence"), "data.sequence", &draft->sequence) && good;
    good = input && read_input(reader, input, spec, draft) && good;
    good = target && read_target(reader, target, spec, draft) && good;
    good = (!window || read_window(reader, window, spec, draft)) && good;
    good = read_carry(reader, map, draft) && good;
    if (!good)
        return false;
    spec->text_series = spec->task.input == SEQRT_TEXT || (spec->task.input == SEQRT_ROWS && !draft->sequence.text);
    fill_task(spec, draft);
    return check_fit(reader, spec, draft);
}
