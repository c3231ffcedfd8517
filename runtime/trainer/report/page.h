/* page.h: the sections of the page, in the order a reader needs them.
 *
 * Takes: the results, a stream. Gives: HTML. Does not: open or replace report.html (report.c).
 */
#ifndef SEQRT_PAGE_H
#define SEQRT_PAGE_H

#include "results.h"

extern const char *const seqrt_page_style[]; /* ends with NULL */

/* plots false: a sentence stands where a plot would be. */
void seqrt_page_write(const Report *report, bool plots, FILE *out);

/* sections.c */
void seqrt_section_table(const Report *report, FILE *out);
void seqrt_section_confusion(const Report *report, FILE *out);
void seqrt_section_mistakes(const Report *report, const char *heading, FILE *out);
void seqrt_section_sample(const Report *report, FILE *out);
void seqrt_section_failures(const Report *report, FILE *out);
void seqrt_section_again(const Report *report, FILE *out);

#endif
