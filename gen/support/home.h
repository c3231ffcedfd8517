/* home.h: where the parts lie that seqgen needs beside itself: templates, the runtime's header and its library.
 *
 * Takes: the place of the running program, or $SEQGEN_HOME. Gives: three paths. Does not: read them.
 * Works in a build tree, under a prefix (also with lib/TRIPLET), and from a build tree inside the sources.
 */
#ifndef SEQGEN_HOME_H
#define SEQGEN_HOME_H

#include <stdbool.h>

typedef struct Home {
    char *include;   /* directory of seqrt.h */
    char *library;   /* libseqrt.a */
    char *templates; /* directory of base.m4 */
} Home;

/* Prints an error that lists the paths tried for each missing part; false if any is missing.
 * runtime: header and library are needed too, not the templates alone. */
bool home_find(Home *home, bool runtime);
void home_free(Home *home);

#endif
