/* mem.h: memory and text helpers of the generator. Out of memory ends the program with exit code 5. */
#ifndef SEQGEN_MEM_H
#define SEQGEN_MEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *mem_alloc(size_t bytes);                          /* zeroed */
void *mem_grow(void *old, size_t old_bytes, size_t new_bytes);
char *mem_copy(const char *text);
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *mem_real(double value);                           /* the shortest decimal that reads back as the same number */

/* Sizes are multiplied checked: false on overflow of 63 bits. */
bool size_mul(int64_t a, int64_t b, int64_t *product);
bool size_add(int64_t a, int64_t b, int64_t *sum);

/* A text that grows. */
typedef struct Text { char *data; size_t length, capacity; } Text;
void text_add(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(Text *text, const char *bytes, size_t count);

bool word_char(char c);                                 /* of a name in C */
bool text_starts(const char *text, const char *with);
bool text_mentions(const char *text, const char *name); /* as a whole word */

#endif
