/* safetensors.h: named, shaped arrays in one file: 8 bytes of header length, a JSON header, the data.
 *
 * Takes: a path, or a list of tensors. Gives: the list with its data, or the file, replaced atomically.
 * Does not: know models; trust anything in a file (lengths, offsets, shapes and types are checked before use).
 */
#ifndef SEQRT_SAFETENSORS_H
#define SEQRT_SAFETENSORS_H

#include "seqrt.h"

/* Types a file may hold; the order is that of safe_types in safetensors.c. */
typedef enum SafeType {
    SAFE_F64, SAFE_F32, SAFE_F16, SAFE_BF16, SAFE_I64, SAFE_I32, SAFE_I16, SAFE_I8,
    SAFE_U64, SAFE_U32, SAFE_U16, SAFE_U8, SAFE_BOOL, SAFE_TYPES
} SafeType;

enum { SAFE_RANK = 8 };

typedef struct SafeTensor {
    const char *name;
    SafeType type;
    int rank;                 /* 0..SAFE_RANK; 0 is one number */
    int64_t shape[SAFE_RANK];
    const void *data;         /* little-endian as in the file; of a read file not necessarily aligned */
    size_t count;             /* elements; the product of shape. Set by reading; the writer computes its own */
} SafeTensor;

typedef struct SafeMeta { const char *key, *value; } SafeMeta; /* __metadata__: text to text */

typedef struct SafeFile {
    int count, metas_count;
    SafeTensor *tensors;      /* in the order of their data */
    SafeMeta *metas;
    void *bytes, *header;     /* what the pointers above point into */
} SafeFile;

/* NULL: *error says what is wrong with the file. Free with seqrt_safe_free (NULL is allowed). */
SafeFile *seqrt_safe_read(const char *path, SeqrtError *error);
void seqrt_safe_free(SafeFile *file);
const SafeTensor *seqrt_safe_find(const SafeFile *file, const char *name); /* NULL: absent */
const char *seqrt_safe_meta(const SafeFile *file, const char *key);        /* NULL: absent */
double seqrt_safe_number(const SafeTensor *tensor, size_t i);              /* element i as a double, row-major */
const char *seqrt_safe_type_name(SafeType type);                           /* "F32" */
size_t seqrt_safe_type_bytes(SafeType type);
/* "F32 [128, 64]", for messages; returns text. */
const char *seqrt_safe_describe(const SafeTensor *tensor, char text[160]);

/* Writes the tensors (wider types first, else in order, so that every one is aligned) and the metadata. Deterministic
 * bytes. Data is taken as the machine has it: little-endian machines only, checked at compile time. */
bool seqrt_safe_write(const char *path, int count, const SafeTensor *tensors, int metas_count, const SafeMeta *metas,
                      SeqrtError *error);

#endif
