/* spec_dump.c: a complete spec as YAML that reads back as the same spec.
 *
 * Takes: Spec. Gives: stable text: every default filled in, globs expanded, vocabulary and classes written out; what
 * data brought beyond that (statistics, weights) as comments. Does not: hold anything of this machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../layers/kind.h"
#include "../support/mem.h"
#include "reader.h"

enum { LINE = 100 };

/* ---- scalars ---- */

static void add_real(Text *text, double value)
{
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    text_add(text, "%s", digits);
}

/* Words stand as they are; what could be read as something else is quoted. */
static bool is_word(const char *s)
{
    static const char *const other[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", NULL}; /* booleans of YAML 1.1 */
    for (int i = 0; other[i]; i++)
        if (strcasecmp(s, other[i]) == 0)
            return false;
    if (!((s[0] >= 'a' && s[0] <= 'z') || (s[0] >= 'A' && s[0] <= 'Z')))
        return false;
    return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-")] == '\0';
}

/* Characters YAML refuses as they are, beside the quote and the backslash. C1 and U+2028, U+2029, U+FEFF are two or
 * three bytes of UTF-8. Returns the bytes taken, 0: an ordinary byte. */
static int add_escape(Text *text, const unsigned char *at)
{
    if (*at == '"' || *at == '\\')
        return text_add(text, "\\%c", *at), 1;
    if (*at < 0x20 || *at == 0x7f)
        return text_add(text, "\\x%02x", *at), 1;
    if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
        return text_add(text, "\\x%02x", at[1]), 2;
    if (at[0] == 0xe2 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9))
        return text_add(text, "\\u20%02x", at[2] - 0x80), 3;
    if (at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf)
        return text_add(text, "\\ufeff"), 3;
    if (at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe)
        return text_add(text, "\\uff%02x", at[2] + 0x40), 3;
    return 0;
}

static void add_text(Text *text, const char *s)
{
    if (is_word(s)) {
        text_add(text, "%s", s);
        return;
    }
    text_add(text, "\"");
    for (const unsigned char *at = (const unsigned char *)s; *at;) {
        const int taken = add_escape(text, at);
        if (!taken)
            text_add_bytes(text, (const char *)at, 1);
        at += taken ? taken : 1;
    }
    text_add(text, "\"");
}

/* ---- lists, wrapped ---- */

typedef struct List {
    Text *text;
    size_t line;  /* where the current line starts */
    int indent, count;
} List;

static List list_open(Text *text, int indent)
{
    text_add(text, "[");
    return (List){text, text->length, indent, 0};
}

static void list_next(List *list)
{
    if (list->count++ == 0)
        return;
    text_add(list->text, ",");
    if (list->text->length - list->line < LINE) {
        text_add(list->text, " ");
        return;
    }
    text_add(list->text, "\n%*s", list->indent, "");
    list->line = list->text->length;
}

static void add_texts(Text *text, const char *const *texts, int count, int indent)
{
    List list = list_open(text, indent);
    for (int i = 0; i < count; i++) {
        list_next(&list);
        add_text(text, texts[i]);
    }
    text_add(text, "]\n");
}

/* A fact of the data, which no key of the language sets. */
static void add_fact(Text *text, const char *name, const double *values, int count)
{
    text_add(text, "# %s: ", name);
    for (int i = 0; i < count; i++) {
        text_add(text, i == 0 ? "" : i % 8 ? ", " : ",\n#   ");
        add_real(text, values[i]);
    }
    text_add(text, "\n");
}

/* ---- a struct by its table ---- */

static void add_field(Text *text, const SchemaField *field, const char *base)
{
    const char *at = base + field->offset;
    int64_t integer;
    double real[2];
    int choice;
    switch (field->type) {
    case SCHEMA_INT: memcpy(&integer, at, sizeof integer); text_add(text, "%lld", (long long)integer); break;
    case SCHEMA_REAL: memcpy(real, at, sizeof *real); add_real(text, real[0]); break;
    case SCHEMA_BOOL: text_add(text, *(const bool *)(const void *)at ? "true" : "false"); break;
    case SCHEMA_CHOICE: memcpy(&choice, at, sizeof choice); text_add(text, "%s", field->choices[choice]); break;
    case SCHEMA_PAIR:
        memcpy(real, at, sizeof real);
        text_add(text, "[");
        add_real(text, real[0]);
        text_add(text, ", ");
        add_real(text, real[1]);
        text_add(text, "]");
        break;
    default: break;
    }
}

/* An optional integer without a default is 0 when it was not given. */
static bool is_absent(const SchemaField *field, const char *base)
{
    int64_t value = 1;
    if (field->type == SCHEMA_INT && !field->required && !field->fallback)
        memcpy(&value, base + field->offset, sizeof value);
    return value == 0 || field->type == SCHEMA_CUSTOM || field->type == SCHEMA_STRING;
}

static void add_out(Text *text, const LayerParams *p)
{
    static const char *const words[] = {"", "classes", "vocab", "targets"};
    if (p->out_word == OUT_NUMBER)
        text_add(text, "%lld", (long long)p->out);
    else
        text_add(text, "%s", words[p->out_word]);
}

/* "key: value" for every field, `before` each and `between` two. */
static void add_fields(Text *text, const SchemaField *fields, const void *base, const char *before, const char *between)
{
    bool first = true;
    for (const SchemaField *field = fields; field && field->key; field++) {
        if (is_absent(field, base))
            continue;
        text_add(text, "%s%s%s: ", first ? "" : between, before, field->key);
        if (field->type == SCHEMA_OUT)
            add_out(text, base);
        else
            add_field(text, field, base);
        first = false;
    }
}

/* ---- sections ---- */

static void add_path(Text *text, const char *key, const char *path)
{
    if (!path)
        return;
    text_add(text, "  %s: ", key);
    add_text(text, path);
    text_add(text, "\n");
}

static void add_input(Text *text, const Spec *spec)
{
    const SeqrtTask *task = &spec->task;
    const char *key = input_names[task->input];
    text_add(text, "  input:\n    %s: ", key);
    if (task->features) {
        add_texts(text, task->input_columns, task->input_columns_count, 6);
        if (task->input == SEQRT_SHAPED)
            text_add(text, "    shape: [%d, %d]\n", task->max_length, task->features);
        text_add(text, "    normalize: %s\n", normalize_names[spec->normalize]);
        return;
    }
    if (task->input == SEQRT_TEXT)
        text_add(text, "true");
    else
        add_text(text, task->text_column);
    text_add(text, "\n    vocab:\n      lowercase: %s\n      entries: ", task->lowercase ? "true" : "false");
    add_texts(text, task->vocab + 2, task->vocab_count - 2, 8);
}

static void add_target(Text *text, const SeqrtTask *task)
{
    text_add(text, "  target:\n    %s:%s", target_names[task->target], task->target == SEQRT_FORECAST ? "" : " ");
    if (task->target == SEQRT_NEXT) {
        text_add(text, "true\n");
    } else if (task->target == SEQRT_FORECAST) {
        text_add(text, "\n      columns: ");
        add_texts(text, task->target_columns, task->target_columns_count, 8);
        text_add(text, "      horizon: %d\n", task->horizon);
    } else if (seqrt_is_numbers(task->target)) {
        add_texts(text, task->target_columns, task->target_columns_count, 6);
    } else {
        add_text(text, task->target_columns[0]);
        text_add(text, "\n    classes: ");
        add_texts(text, task->classes, task->classes_count, 6);
    }
}

static void add_data(Text *text, const Spec *spec, bool paths)
{
    const SeqrtTask *task = &spec->task;
    text_add(text, "\ndata:\n");
    if (paths)
        add_path(text, "train", task->train_path);
    if (!task->valid_path && task->valid_fraction > 0) {
        text_add(text, "  valid: ");
        add_real(text, task->valid_fraction);
        text_add(text, "\n");
    } else if (paths) {
        add_path(text, "valid", task->valid_path);
    }
    if (paths)
        add_path(text, "test", task->test_path);
    add_input(text, spec);
    add_target(text, task);
    add_path(text, "sequence", task->sequence_column);
    text_add(text, "  max_length: %d\n  too_long: %s\n", task->max_length, too_long_names[task->too_long_error]);
    if (spec->window_given)
        text_add(text, "  window: {length: %d, stride: %d, carry_state: %s}\n", task->window_length, task->window_stride,
                 task->carry_state ? "true" : "false");
}

static void add_scales(Text *text, const SeqrtTask *task)
{
    if (task->input_shift) {
        add_fact(text, "input shift", task->input_shift, task->features);
        add_fact(text, "input scale", task->input_scale, task->features);
    }
    if (task->target_shift) {
        add_fact(text, "target shift", task->target_shift, task->target_columns_count);
        add_fact(text, "target scale", task->target_scale, task->target_columns_count);
    }
}

static void add_facts(Text *text, const Spec *spec)
{
    const SeqrtTask *task = &spec->task;
    text_add(text, "# T = %d, F = %d, V = %d, O = %d\n", task->max_length, task->features, task->vocab_count, task->outputs);
    add_scales(text, task);
    if (spec->train.class_weights)
        add_fact(text, "class weights", spec->train.class_weights, task->classes_count);
}

static void add_model(Text *text, const Spec *spec)
{
    text_add(text, "\nmodel:\n");
    for (int i = 0; i < spec->layers_count; i++) {
        const LayerSpec *layer = &spec->layers[i];
        text_add(text, "  - %s: {name: %s", layer->kind->name, layer->name);
        if (layer->kind->fields && layer->kind->fields->key)
            text_add(text, ", ");
        add_fields(text, layer->kind->fields, &layer->p, "", ", ");
        text_add(text, "}\n");
    }
}

static void add_weights(Text *text, const TrainSpec *train, int classes)
{
    if (!train->class_weights)
        return;
    text_add(text, "  class_weights: ");
    if (train->class_weights_balanced) {
        text_add(text, "balanced\n");
        return;
    }
    List list = list_open(text, 4);
    for (int i = 0; i < classes; i++) {
        list_next(&list);
        add_real(text, train->class_weights[i]);
    }
    text_add(text, "]\n");
}

static void add_train(Text *text, const Spec *spec)
{
    const TrainSpec *train = &spec->train;
    text_add(text, "\ntrain:\n  loss: %s\n  optimizer: {%s: {", loss_names[train->loss], optimizer_names[train->optimizer.kind]);
    add_fields(text, optimizer_fields[train->optimizer.kind], &train->optimizer, "", ", ");
    text_add(text, "}}\n  schedule: {%s: {", schedule_names[train->schedule.kind]);
    add_fields(text, schedule_fields[train->schedule.kind], &train->schedule, "", ", ");
    text_add(text, "}}\n");
    add_fields(text, train_fields, train, "  ", "\n");
    text_add(text, "\n");
    add_weights(text, train, spec->task.classes_count);
}

static void add_codegen(Text *text, const Spec *spec)
{
    CodegenSpec codegen = spec->codegen;
    codegen.real_bytes = codegen.real_bytes == 8; /* the index its table reads and writes */
    text_add(text, "\ncodegen:\n");
    add_fields(text, codegen_fields, &codegen, "  ", "\n");
    text_add(text, "\n");
}

char *spec_dump_text(const Spec *spec, bool paths)
{
    Text text = {0};
    text_add(&text, "seqgen: 1\nname: %s\n", spec->name);
    add_data(&text, spec, paths);
    add_facts(&text, spec);
    add_model(&text, spec);
    add_train(&text, spec);
    add_codegen(&text, spec);
    return text.data;
}

char *spec_meaning_text(const Spec *spec)
{
    Text text = {0};
    add_data(&text, spec, false);
    add_scales(&text, &spec->task);
    add_model(&text, spec);
    return text.data;
}

char *spec_dump(const Spec *spec) { return spec_dump_text(spec, true); }
