/* schema.h: the table that a map of the spec is read with. Keys, types, ranges, defaults and one line of help;
 * specs/README.md is checked against it (`seqgen --dump schema`). */
#ifndef SEQGEN_SCHEMA_H
#define SEQGEN_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

typedef enum SchemaType {
    SCHEMA_INT,      /* int64_t */
    SCHEMA_REAL,     /* double, finite */
    SCHEMA_BOOL,     /* bool */
    SCHEMA_CHOICE,   /* int: index into choices */
    SCHEMA_PAIR,     /* double[2]: [a, b] */
    SCHEMA_OUT,      /* linear's out: a number or a word; sets LayerParams.out or out_word */
    SCHEMA_STRING,   /* char * */
    SCHEMA_CUSTOM    /* read by hand; listed for the reference and for unknown keys. choices[0] says the type in words */
} SchemaType;

typedef struct SchemaField {
    const char *key;        /* NULL ends the table */
    SchemaType type;
    size_t offset;          /* in the struct it fills */
    bool required;
    double min, max;        /* inclusive, INT, REAL and PAIR; min_open: min itself is refused; max <= min: no upper limit */
    bool min_open, max_open;
    const char *fallback;   /* default, as text; NULL: zero */
    const char *const *choices; /* CHOICE, NULL-ended */
    const char *help;
} SchemaField;

/* Every section of the language as Markdown tables, for specs/README.md. Caller frees. */
char *schema_dump(void);

#endif
