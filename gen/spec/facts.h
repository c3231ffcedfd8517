/* facts.h: what the files of facts share. Inside spec/ only. */
#ifndef SEQGEN_FACTS_H
#define SEQGEN_FACTS_H

#include "seqrt_data.h"
#include "reader.h"

typedef struct Facts {
    Reader *reader;
    Spec *spec;
    DataDraft *draft;
    char *train, *valid, *test; /* paths as opened; NULL: absent */
} Facts;

/* Where each data file is. False after errors. */
bool facts_paths(Facts *facts);
/* Names of the columns, globs expanded, into the task; the files valid and test have them too. */
bool facts_columns(Facts *facts, const SeqrtTable *train);
bool facts_other_file(Facts *facts, const char *path, const Place *place);
/* Vocabulary, classes and the longest sequence, in one pass over train. */
bool facts_pass(Facts *facts);
/* Statistics and class weights, of the training part. */
bool facts_numbers(Facts *facts);

/* The fault of train that a reader stopped at, and those of its other rows. Always false. */
bool facts_rows(const Facts *facts, const SeqrtError *known);

/* The runtime's message, at the place that names the file. Always false. */
bool facts_fail(const Facts *facts, const Place *place, const SeqrtError *error);

enum { FACTS_MAX_T = 1000000, FACTS_MAX_V = 1000000 };

#endif
