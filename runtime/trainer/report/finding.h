/* finding.h: the results in words. Takes: the results. Gives: plain text, computed from the figures alone; caller frees.
 * Does not: escape, or claim more than the spread over seeds allows. */
#ifndef SEQRT_FINDING_H
#define SEQRT_FINDING_H

#include "results.h"

char *seqrt_finding(const Report *report);           /* who is best, by how much; what the one run came to */
char *seqrt_finding_curves(const Report *report);    /* where training and validation part */
char *seqrt_finding_confusion(const Report *report); /* the largest confusion, the most frequent class; or NULL */
/* "accuracy", "root mean square error", "nats a character" */
const char *seqrt_metric_words(const Report *report);
const char *seqrt_part_words(const Report *report); /* "test", "validation", "training" */

#endif
