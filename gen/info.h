/* info.h: `seqgen info`: what a model is made of and what it will cost, before anything is written. */
#ifndef SEQGEN_INFO_H
#define SEQGEN_INFO_H

#include "cli.h"

int command_info(const Cli *cli, const Graph *graph);

#endif
