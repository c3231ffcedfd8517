/* main.c: the table of contents.
 *
 *   YAML text -> Spec -> Graph -> ops -> Plan -> m4 -> model.c + model.h
 *                          |
 *                          +-> interpreter, the oracle
 *
 * Takes: the command line. Gives: an exit code. Does not: any stage itself.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

static bool dump_asked(const Cli *cli, const char *seam) { return cli->dump && strcmp(cli->dump, seam) == 0; }

static int dump(char *text)
{
    fputs(text, stdout);
    free(text);
    return EXIT_DONE;
}

/* Shapes, parameters, checks between layers (graph/); then what was asked for: generating (plan/, emit/, templates/, see
 * commands.c for the seams ops, plan and m4), the interpreter (interp/), or both (verify.c). */
static int graph_stage(const Cli *cli, Spec *spec, Diag *diag)
{
    Graph *graph = graph_build(spec, diag);
    if (!graph)
        return EXIT_SPEC;
    int status = EXIT_DONE;
    if (dump_asked(cli, "graph"))
        status = dump(graph_dump(graph, false));
    else if (strcmp(cli->command->name, "run") == 0 || (status = command_unroll_auto(cli, graph, spec)) == EXIT_DONE)
        status = cli->command->run(cli, graph);
    graph_free(graph);
    return status;
}

/* The text, its defaults, its data files (spec/). */
static int spec_stage(const Cli *cli)
{
    if (dump_asked(cli, "schema"))
        return dump(schema_dump());
    if (!cli->spec_path)
        return cli->command->run(cli, NULL);
    Diag diag = {.path = cli->spec_path};
    Spec *spec = spec_read(cli->spec_path, cli->overrides, cli->overrides_count, &diag);
    if (!spec)
        return EXIT_SPEC;
    if (!cli->quiet)
        spec_warn(spec, &diag, strcmp(cli->command->name, "run") != 0); /* what is run reads the data again, and says so */
    int status = dump_asked(cli, "spec") ? dump(spec_dump(spec)) : graph_stage(cli, spec, &diag);
    spec_free(spec);
    return status;
}

/* Where a standard stream is closed, the next file opened would take its place, and a child would write into it. To write to such a standard output still fails. */
static void streams_open(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR) < 0)
            return;
}

int main(int argc, char **argv)
{
    Cli cli;
    streams_open();
    int status = cli_read(&cli, command_table, command_count, argc, argv);
    if (status < 0)
        status = spec_stage(&cli);
    cli_free(&cli);
    if (fflush(stdout) != 0 || ferror(stdout))
        return cli_fail(EXIT_SYSTEM, "standard output cannot be written");
    return status;
}
