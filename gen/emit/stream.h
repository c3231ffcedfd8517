/* stream.h: the one place that quotes. What m4 reads: a flat list of calls, one a line. */
#ifndef SEQGEN_STREAM_H
#define SEQGEN_STREAM_H

#include "../support/mem.h"

typedef struct Stream { Text text; } Stream;

/* NAME(<|a|>, <|b|>..), arguments ended by NULL. */
void stream_op(Stream *stream, const char *name, ...) __attribute__((sentinel));
/* m4_define(NAME, VALUE) */
void stream_define(Stream *stream, const char *name, const char *value);
/* A C string literal that is safe for m4 and for every C compiler; static text of a Stream is never needed twice, so it is
 * simply allocated. NULL gives NULL. */
char *stream_string(const char *text);
/* A comment's text: printable ASCII, no comment's end, nothing that m4 would read. */
char *stream_comment(const char *text);
char *stream_int(long long value);
char *stream_real(double value); /* mem_real, always with a point or exponent */

#endif
