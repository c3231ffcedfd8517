/* home.h: where the parts lie that seqgen needs beside itself: templates, headers and libraries.
 *
 * Takes: the place of the running program, or $SEQGEN_HOME. Gives: four paths. Does not: read them.
 * Works in a build tree, under a prefix (also with lib/TRIPLET), and from a build tree inside the sources.
 */
#ifndef SEQGEN_HOME_H
#define SEQGEN_HOME_H

#include <stdbool.h>

typedef struct Home {
    char *include;   /* directory of seqrt.h and seqtrain.h */
    char *trainer;   /* libseqtrain.a */
    char *runtime;   /* libseqrt.a */
    char *templates; /* directory of base.m4 */
} Home;

/* Prints an error that lists the paths tried for each missing part; false if any is missing.
 * linking: headers and libraries are needed too, not the templates alone. */
bool home_find(Home *home, bool linking);
void home_free(Home *home);

#endif
