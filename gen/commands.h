/* commands.h: what seqgen can do with a graph.
 *
 * Takes: what the user typed, the graph. Gives: files, a report, an exit code. Does not: read the spec (main.c did).
 */
#ifndef SEQGEN_COMMANDS_H
#define SEQGEN_COMMANDS_H

#include "cli.h"

extern const Command command_table[];
extern const int command_count;

/* Before any of them but run: whether `unroll: auto` fits within max_lines is known when the C is made. */
int command_unroll_auto(const Cli *cli, const Graph *graph, Spec *spec);

int command_build(const Cli *cli, const Graph *graph);
int command_verify(const Cli *cli, const Graph *graph);  /* verify.c */
int command_compare(const Cli *cli, const Graph *graph); /* compare.c; graph NULL: only the page anew */

#endif
