/* schema_dump.c: the tables the language is read with, as the tables people read.
 *
 * Takes: every section's SchemaField table. Gives: Markdown; specs/README.md holds a copy, which a test compares.
 * Does not: know what a key means.
 */
#include <stdlib.h>
#include <string.h>

#include "../layers/kind.h"
#include "../support/mem.h"
#include "reader.h"

/* A bar would end the cell. */
static void add_cell(Text *text, const char *s)
{
    for (; *s; s++)
        text_add(text, *s == '|' ? "\\|" : "%c", *s);
}

static void add_row(Text *text, const SchemaField *field)
{
    char *expected = schema_expected(field);
    text_add(text, "| `%s` | ", field->key);
    add_cell(text, expected);
    text_add(text, " | ");
    add_cell(text, field->required ? "required" : field->fallback ? field->fallback : "");
    text_add(text, " | ");
    add_cell(text, field->help ? field->help : "");
    text_add(text, " |\n");
    free(expected);
}

static void add_section(Text *text, const char *name, const char *meaning, const SchemaField *fields)
{
    text_add(text, "#### %s\n\n", name);
    if (meaning)
        text_add(text, "%s\n\n", meaning);
    if (!fields || !fields->key) {
        text_add(text, "No keys.\n\n");
        return;
    }
    text_add(text, "| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
    for (; fields->key; fields++)
        add_row(text, fields);
    text_add(text, "\n");
}

static void add_named(Text *text, const char *prefix, const char *name, const char *meaning, const SchemaField *fields)
{
    char *section = mem_format("%s%s", prefix, name);
    add_section(text, section, meaning, fields);
    free(section);
}

char *schema_dump(void)
{
    Text text = {0};
    add_section(&text, "The spec", NULL, spec_fields);
    add_section(&text, "data", NULL, data_fields);
    add_section(&text, "data.input", "Exactly one of chars, bytes, words, columns, text.", input_fields);
    add_section(&text, "data.input.vocab", NULL, vocab_fields);
    add_section(&text, "data.target", "Exactly one of class, value, tag, signal, next, forecast.", target_fields);
    add_section(&text, "data.target.forecast", NULL, forecast_fields);
    add_section(&text, "data.window", NULL, window_fields);
    add_section(&text, "model: every layer", "A layer is a word (`last`) or a one-key map (`lstm: {hidden: 64}`).", layer_fields);
    for (int i = 0; i < kind_count(); i++)
        add_named(&text, "model: ", kind_at(i)->name, kind_at(i)->meaning, kind_at(i)->fields);
    add_section(&text, "train", NULL, train_fields);
    for (int i = 0; optimizer_names[i]; i++)
        add_named(&text, "train.optimizer: ", optimizer_names[i], NULL, optimizer_fields[i]);
    for (int i = 0; schedule_names[i]; i++)
        add_named(&text, "train.schedule: ", schedule_names[i], NULL, schedule_fields[i]);
    add_section(&text, "codegen", NULL, codegen_fields);
    return text.data;
}
