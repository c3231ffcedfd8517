/* cli.h: what the user typed, read once by two tables: the commands and the options.
 *
 * Takes: argc, argv. Gives: Cli; help; usage errors with the nearest word. Does not: open files or run anything.
 */
#ifndef SEQGEN_CLI_H
#define SEQGEN_CLI_H

#include <stdbool.h>

#include "graph/graph.h"

#ifndef SEQGEN_VERSION
#define SEQGEN_VERSION "0.1.0"
#endif

/* The contract's exit codes. */
enum { EXIT_DONE = 0, EXIT_USAGE = 1, EXIT_SPEC = 2, EXIT_BUDGET = 3, EXIT_MISMATCH = 4, EXIT_SYSTEM = 5 };

typedef struct Cli Cli;

/* One bit a command: which options it takes. Makers: of C, which alone has a budget. */
enum { IN_GENERATE = 1, IN_BUILD = 2, IN_VERIFY = 4, IN_RUN = 8, IN_INFO = 16, IN_COMPARE = 32, IN_ALL = 63, IN_MAKERS = IN_ALL & ~IN_RUN };

typedef struct Command {
    const char *name;      /* "" is generating, which has no word */
    unsigned bit;
    const char *words;     /* after the name, for help */
    const char *summary;   /* one line */
    const char *more;      /* paragraphs and examples for its own help */
    int (*run)(const Cli *cli, const Graph *graph); /* returns the exit code */
} Command;

struct Cli {
    const Command *command;
    const char *spec_path;           /* NULL only with --dump schema, and for compare's page anew */
    SpecOverride *overrides;         /* --set, and the options that stand for one */
    int overrides_count;
    int args_count;
    char **args;                     /* run: what goes to the trainer's command line; compare: the specs behind the first */
    const char *output;              /* -o, or NULL */
    const char *weights, *dump, *emit, *seeds, *jobs;
    bool json, quiet, keep, help, version;
};

/* -1: go on with *cli. Else the exit code: help or version was printed, or what is wrong with the words. */
int cli_read(Cli *cli, const Command *commands, int commands_count, int argc, char **argv);
void cli_free(Cli *cli);

/* "seqgen: error: TEXT" on standard error; returns code, so that one can `return cli_fail(EXIT_SYSTEM, ...)`. */
bool cli_infer(const Cli *cli); /* --emit infer */
int cli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* 1234567 as "1,234,567"; returns text. */
const char *cli_thousands(double number, char text[32]);
/* Bytes as "512 B", "1.5 KiB"; returns text. */
const char *cli_bytes(double bytes, char text[32]);

#endif
