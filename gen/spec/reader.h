/* reader.h: what the readers of the sections share. Inside spec/ only. */
#ifndef SEQGEN_READER_H
#define SEQGEN_READER_H

#include "schema.h"
#include "spec.h"
#include "yaml_tree.h"

typedef struct Reader {
    Diag *diag;
    Pool *pool; /* the spec's */
} Reader;

/* A table, and the struct it fills. A map may be read with several tables at once (a layer's own keys, and `name`). */
typedef struct SchemaPart {
    const SchemaField *fields;
    void *into;
} SchemaPart;

/* Fills in every default, then what the map says. map NULL: no map was written, at loc. where: "train", "lstm", for
 * messages; NULL: the spec itself. False after errors; all of the map's errors are reported. */
bool schema_read(Reader *reader, const Node *map, Loc loc, const char *where, const SchemaPart *parts, int parts_count);
bool schema_want_map(Reader *reader, const Node *node, const char *where);
/* "an integer from 1 to 64", into a text the caller frees. */
char *schema_expected(const SchemaField *field);

/* A word or a one-key map: {key: map}. *map is NULL for a word and for a key with nothing behind it. */
bool read_one_of(Reader *reader, const Node *node, const char *what, const char *example, const Node **key, const Node **map);
/* Any scalar as text (a column, a class, a path). NULL after an error. */
char *read_text(Reader *reader, const Node *node, const char *what);
/* A scalar, or a list of them. */
typedef struct Names {
    int count;
    char **text;
    Loc *loc;
} Names;
bool read_names(Reader *reader, const Node *node, const char *what, Names *names);
/* Reports every entry that stands twice. */
bool names_check_twice(Reader *reader, const Names *names, const char *what);
bool read_int(Reader *reader, const Node *node, const char *where, const SchemaField *field, int64_t *value);

/* Numbers of the language: decimal, finite. False: no such number. */
bool number_int(const char *text, int64_t *value);
bool number_real(const char *text, double *value);

/* An identifier of C that generated code can take: no keyword of C or C++. NULL: fine; else what is wrong. */
const char *name_problem(const char *name);

/* The data section as written, before any data file was opened. */
typedef struct Place {
    char *text; /* NULL: absent */
    Loc loc;
} Place;

typedef struct DataDraft {
    Loc loc;
    Place train, valid, test;
    double valid_fraction;
    Place text_column, sequence;
    Names columns;               /* input: globs not yet expanded */
    int64_t shape_T, shape_F;    /* 0: no shape */
    int normalize;
    Loc normalize_loc;
    bool vocab_written;
    Names vocab;
    Loc vocab_loc;
    int64_t vocab_max, vocab_min_count; /* 0: no limit */
    bool lowercase;
    Names targets;               /* columns */
    bool classes_written;
    Names classes;
    int64_t horizon;
    int64_t max_length;          /* 0: not given */
    Loc max_length_loc;
    int too_long;
    int64_t window_length, window_stride; /* 0: not given */
    bool carry_state;
    Loc carry_loc;
    double *weights;             /* train.class_weights as written, or NULL */
    int weights_count;
} DataDraft;

extern const SchemaField spec_fields[], data_fields[], input_fields[], vocab_fields[], target_fields[], forecast_fields[],
    window_fields[], layer_fields[], train_fields[], codegen_fields[];
extern const SchemaField *const optimizer_fields[], *const schedule_fields[];
extern const char *const optimizer_names[], *const schedule_names[], *const loss_names[], *const unroll_names[],
    *const real_names[], *const target_machine_names[], *const normalize_names[], *const too_long_names[],
    *const input_names[], *const target_names[];

bool read_data(Reader *reader, const Node *map, Spec *spec, DataDraft *draft);
bool read_model(Reader *reader, const Node *list, Spec *spec);
bool read_train(Reader *reader, const Node *map, Spec *spec, DataDraft *draft);
bool read_codegen(Reader *reader, const Node *map, Spec *spec);

/* Applies --set options to the tree, in order. */
bool override_apply(Pool *pool, Node *root, const SpecOverride *overrides, int count, Diag *diag);

/* Opens the data files and completes the spec: columns, vocabulary, classes, T, statistics, class weights, O. */
bool facts_read(Reader *reader, Spec *spec, DataDraft *draft);

/* The dump; paths false: without the names of data files (what the hash is of). */
char *spec_dump_text(const Spec *spec, bool paths);
/* Of it what gives weights their meaning: data (without names of files), its scales, the model */
char *spec_meaning_text(const Spec *spec);

#endif
