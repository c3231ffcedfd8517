/* html.h: text into HTML. Takes: a stream, data's text and numbers. Gives: escaped text, numbers as people write them.
 * Does not: know what a page holds. */
#ifndef SEQRT_HTML_H
#define SEQRT_HTML_H

#include <stdio.h>

/* Any bytes: what is no UTF-8 and what HTML forbids becomes U+FFFD; & < > " ' become references. */
void seqrt_html_text(FILE *out, const char *text);

const char *seqrt_html_count(double v, char text[32]);   /* 1,234,567 */
const char *seqrt_html_bytes(double v, char text[32]);   /* 1.5 MiB */
const char *seqrt_html_seconds(double v, char text[32]); /* 8.2 s, 3 min 20 s */
/* A metric's value: accuracy with three decimals, others with four digits. */
const char *seqrt_html_figure(const char *metric, double v, char text[32]);

#endif
