/* commands.c: generate, build, run, info; verify is in verify.c, compare in compare.c. A new command is a line in command_table. */
#include "commands.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit/emit.h"
#include "file.h"
#include "info.h"
#include "interp/interp.h"
#include "seqtrain.h"
#include "support/compiler.h"
#include "support/home.h"
#include "support/mem.h"
#include "support/out.h"

/* ---- what must not be written over ---- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* As the spec reader looks for it: beside the spec, or here. */
static bool is_data(const char *output, const char *spec_path, const char *path)
{
    if (!path)
        return false;
    char *beside = mem_format("%.*s%s", (int)(last_part(spec_path) - spec_path), spec_path, path);
    bool same = seqrt_same_file(output, path) || (*path != '/' && seqrt_same_file(output, beside));
    free(beside);
    return same;
}

/* EXIT_USAGE where an output would take the place of what it is made from. */
static int output_check(const Cli *cli, const Graph *graph, const char *output)
{
    const SeqrtTask *task = &graph->spec->task;
    const char *what = seqrt_same_file(output, cli->spec_path) ? "the spec"
                     : is_data(output, cli->spec_path, task->train_path) ? "data.train"
                     : is_data(output, cli->spec_path, task->valid_path) ? "data.valid"
                     : is_data(output, cli->spec_path, task->test_path) ? "data.test"
                     : seqrt_same_file(output, cli->weights) ? "the weights file" : NULL;
    return what ? cli_fail(EXIT_USAGE, "-o: %s is %s itself, and would be overwritten; another name is expected", output, what) : EXIT_DONE;
}

/* ---- generate ---- */

static void result_free(EmitResult *result)
{
    free(result->model_c);
    free(result->model_h);
}

/* The paths of the C file and of the header that stands beside it; the C includes them by their last parts. */
static EmitOptions emit_options(const Cli *cli, const Home *home, const char *source, const char *header)
{
    return (EmitOptions){
        .header_name = last_part(header),
        .source_name = last_part(source),
        .infer_only = cli_infer(cli),
        .weights_path = cli->weights,
        .quiet = cli->quiet,
        .templates_dir = home->templates,
        .dump = cli->dump,
    };
}

static int pair_write(const char *path, const EmitResult *result)
{
    char *header = out_header_path(path);
    const OutFile files[] = {
        {path, result->model_c, result->model_c_bytes},
        {header, result->model_h, result->model_h_bytes},
    };
    SeqrtError error;
    bool good = out_write(files, out_has_place(path) ? 2 : 1, &error);
    free(header);
    return good ? EXIT_DONE : cli_fail(EXIT_SYSTEM, "%s", error.text);
}

/* What was made: "model.c: 4,210 lines, 21,058 parameters, 1.2 MiB RAM, 0.02 s", or the same as JSON. compiler NULL: it was not compiled. */
static int report(const Cli *cli, const Graph *graph, const char *path, const EmitResult *result, double generating, const char *compiler, double compiling)
{
    char lines[32], parameters[32], ram[32];
    EmitInfo info;
    if (cli->quiet && !cli->json)
        return EXIT_DONE;
    int status = emit_info(graph, cli_infer(cli), &info);
    if (status != EXIT_DONE)
        return status;
    if (cli->json) {
        json_t *all = json_pack("{s:s,s:I,s:I,s:I,s:I,s:f}", "output", path, "lines", (json_int_t)result->lines, "parameters", (json_int_t)graph->weights_count,
                                "ram_bytes", (json_int_t)info.ram_bytes, "flash_bytes", (json_int_t)info.flash_bytes, "generate_seconds", generating);
        if (compiler)
            json_object_update_new(all, json_pack("{s:s,s:f}", "compiler", compiler, "compile_seconds", compiling));
        const int failed = json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        json_decref(all);
        return failed || putchar('\n') == EOF ? EXIT_SYSTEM : EXIT_DONE;
    }
    fprintf(stderr, "%s: %s lines, %s parameters, %s RAM, ", path, cli_thousands((double)result->lines, lines),
            cli_thousands((double)graph->weights_count, parameters), cli_bytes((double)info.ram_bytes, ram));
    if (compiler)
        fprintf(stderr, "generated in %.2f s, compiled in %.2f s (%s)\n", generating, compiling, compiler);
    else
        fprintf(stderr, "%.2f s\n", generating);
    return EXIT_DONE;
}

int command_unroll_auto(const Cli *cli, const Graph *graph, Spec *spec)
{
    Home home;
    if (spec->codegen.unroll != UNROLL_AUTO || spec->codegen.max_lines == 0)
        return EXIT_DONE;
    if (!home_find(&home, false))
        return EXIT_SYSTEM;
    int status = emit_unroll_auto(graph, &(EmitOptions){.infer_only = cli_infer(cli), .templates_dir = home.templates}, &spec->codegen);
    home_free(&home);
    return status;
}

static int generated_write(const Cli *cli, const Graph *graph, const EmitResult *result, double seconds)
{
    if (cli->output && strcmp(cli->output, "-") == 0)
        return fwrite(result->model_c, 1, result->model_c_bytes, stdout) == result->model_c_bytes ? EXIT_DONE : EXIT_SYSTEM;
    char *path = cli->output ? mem_copy(cli->output) : mem_format("%s.c", graph->spec->name);
    int status = pair_write(path, result);
    if (status == EXIT_DONE)
        status = report(cli, graph, path, result, seconds, NULL, 0);
    free(path);
    return status;
}

static int generate(const Cli *cli, const Graph *graph, const char *source, const char *header)
{
    Home home;
    if (!home_find(&home, false))
        return EXIT_SYSTEM;
    double start = seconds_now();
    EmitOptions options = emit_options(cli, &home, source, header);
    EmitResult result = {0};
    int status = emit_model(graph, &options, &result);
    if (status == EXIT_DONE && !cli->dump)
        status = generated_write(cli, graph, &result, seconds_now() - start);
    result_free(&result);
    home_free(&home);
    return status;
}

/* The C includes its header by name */
static int name_check(const char *source)
{
    static const char *const refused[] = {"\"", "\\", "\n"};
    const char *slash = strrchr(source, '/'), *name = slash ? slash + 1 : source;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strstr(name, refused[i]))
            return cli_fail(EXIT_USAGE, "-o: found %s in the file's name; expected one that C can include", *refused[i] == '\n' ? "a line end" : refused[i]);
    return EXIT_DONE;
}

static int command_generate(const Cli *cli, const Graph *graph)
{
    if (cli->dump && strcmp(cli->dump, "m4") != 0) {
        char *text = emit_dump(graph, cli->dump, cli_infer(cli));
        if (!text)
            return EXIT_SPEC;
        fputs(text, stdout);
        free(text);
        return EXIT_DONE;
    }
    bool writes = !cli->dump && !(cli->output && strcmp(cli->output, "-") == 0);
    char *source = cli->output && strcmp(cli->output, "-") != 0 ? mem_copy(cli->output) : mem_format("%s.c", graph->spec->name);
    char *header = out_header_path(source);
    int status = writes ? output_check(cli, graph, source) : EXIT_DONE;
    if (status == EXIT_DONE && writes)
        status = output_check(cli, graph, header);
    if (status == EXIT_DONE)
        status = name_check(source);
    if (status == EXIT_DONE)
        status = generate(cli, graph, source, header);
    free(source);
    free(header);
    return status;
}

/* ---- build ---- */

typedef struct Build {
    const Cli *cli;
    const Graph *graph;
    const char *output;
    Home home;
    Compiler compiler;
    char *directory, *source, *program; /* temporary */
    EmitResult result;
    double generating;
} Build;

static int build_generate(Build *b)
{
    double start = seconds_now();
    char *header = out_header_path(b->source);
    EmitOptions options = emit_options(b->cli, &b->home, b->source, header);
    int status = emit_model(b->graph, &options, &b->result);
    free(header);
    b->generating = seconds_now() - start;
    return status == EXIT_DONE ? pair_write(b->source, &b->result) : status;
}

static int compile_failed(Build *b, const ProcessResult *compiled)
{
    char status[80], *command = compiler_text(&b->compiler);
    fputs(compiled->err, stderr);
    cli_fail(EXIT_SYSTEM, "%s: %s; the C file is kept: %s", command, process_status(compiled->status, status), b->source);
    free(command);
    temp_keep(b->directory);
    b->directory = NULL;
    return EXIT_SYSTEM;
}

static int build_compile(Build *b)
{
    ProcessResult compiled;
    SeqrtError error;
    if (!compiler_run(&b->compiler, &b->home, b->source, b->program, &compiled, &error))
        return cli_fail(EXIT_SYSTEM, "%s; is a C compiler installed? $CC names another", error.text);
    int status = EXIT_DONE;
    if (compiled.status != 0)
        status = compile_failed(b, &compiled);
    else if (!out_program(b->program, b->output, &error))
        status = cli_fail(EXIT_SYSTEM, "%s", error.text);
    else
        fputs(compiled.err, stderr); /* warnings */
    if (status == EXIT_DONE) {
        char *command = compiler_text(&b->compiler);
        status = report(b->cli, b->graph, b->output, &b->result, b->generating, command, compiled.seconds);
        free(command);
    }
    process_result_free(&compiled);
    return status;
}

static int build_in(Build *b)
{
    SeqrtError error;
    if (!compiler_find(&b->compiler, b->graph->spec->codegen.target, &error))
        return cli_fail(EXIT_SYSTEM, "%s; is a C compiler installed? $CC names another", error.text);
    if (!(b->directory = temp_directory(&error)))
        return cli_fail(EXIT_SYSTEM, "%s", error.text);
    b->source = mem_format("%s/%s.c", b->directory, b->graph->spec->name);
    b->program = mem_format("%s/trainer", b->directory);
    int status = build_generate(b);
    return status == EXIT_DONE ? build_compile(b) : status;
}

static void build_free(Build *b)
{
    if (b->cli->keep && b->directory) {
        fprintf(stderr, "kept: %s\n", b->directory);
        temp_keep(b->directory);
    } else if (b->directory) {
        temp_remove(b->directory);
    }
    result_free(&b->result);
    home_free(&b->home);
    compiler_free(&b->compiler);
    free(b->source);
    free(b->program);
}

int command_build(const Cli *cli, const Graph *graph)
{
    Build build = {.cli = cli, .graph = graph, .output = cli->output ? cli->output : graph->spec->name};
    int status = output_check(cli, graph, build.output);
    if (status == EXIT_DONE)
        status = home_find(&build.home, true) ? build_in(&build) : EXIT_SYSTEM;
    build_free(&build);
    return status;
}

/* ---- run ---- */

/* A data path as the trainer would open it; where it is only found beside the spec, that one. Caller frees. */
static char *path_resolve(const char *spec_path, const char *path)
{
    if (!path)
        return NULL;
    const char *slash = strrchr(spec_path, '/');
    char *beside = mem_format("%.*s%s", slash ? (int)(slash - spec_path + 1) : 0, spec_path, path);
    bool use = *path != '/' && access(path, F_OK) != 0 && access(beside, F_OK) == 0;
    char *resolved = mem_copy(use ? beside : path);
    free(beside);
    return resolved;
}

static int interpret(const Cli *cli, const Graph *graph, const SeqrtTask *task)
{
    SeqrtModel model = interp_model(graph);
    model.task = task;
    char *name = mem_format("seqgen run %s", cli->spec_path);
    char **argv = mem_alloc((size_t)(cli->args_count + 2) * sizeof *argv);
    argv[0] = name;
    memcpy(argv + 1, cli->args, (size_t)cli->args_count * sizeof *argv);
    int status = seqrt_main(&model, cli->args_count + 1, argv);
    free(argv);
    free(name);
    return status;
}

static int command_run(const Cli *cli, const Graph *graph)
{
    SeqrtTask task = graph->spec->task;
    char *train = path_resolve(cli->spec_path, task.train_path);
    char *valid = path_resolve(cli->spec_path, task.valid_path);
    char *test = path_resolve(cli->spec_path, task.test_path);
    task.train_path = train;
    task.valid_path = valid;
    task.test_path = test;
    int status = interpret(cli, graph, &task);
    free(train);
    free(valid);
    free(test);
    return status;
}

/* ---- the table ---- */

const Command command_table[] = {
    {"", IN_GENERATE, "SPEC -o model.c", "write model.c, and model.h beside it",
     "Both files are replaced whole or not at all. -o - writes the C to standard output. Without -o: NAME.c.\n"
     "Compile with: cc -O2 -ftree-vectorize -ffp-contract=fast -march=native model.c -lseqtrain -lseqrt -ljansson -lm -lpthread\n",
     command_generate},
    {"build", IN_BUILD, "SPEC -o trainer", "the same, then compile and link a trainer",
     "The compiler is $CC (default cc) with $CFLAGS (default: what full speed on this machine needs), both split on\n"
     "spaces. Header and library are found beside seqgen, or under $SEQGEN_HOME. The trainer opens the spec's data paths from\n"
     "the directory that it is started in.\n\n"
     "Example: cd specs && CC=clang seqgen build first_names_lstm.yaml -o trainer && ./trainer train --save w.safetensors\n",
     command_build},
    {"verify", IN_VERIFY, "SPEC", "generate, compile, run, compare with the interpreter",
     "Three builds (float64, float32, float32 with the other unrolling) run one batch and ten steps from the same\n"
     "weights as the interpreter. A line a tensor: the difference's norm by the interpreter's norm, at most 1e-10 in\n"
     "float64 and 1e-5 in float32, or what rounding noise in the gradients makes of the ten steps. Padding, streaming and unrolling are checked too. Exit code 4 on a mismatch.\n\n"
     "Example: seqgen verify specs/first_names_lstm.yaml --set train.batch=5\n",
     command_verify},
    {"run", IN_RUN, "SPEC ARGS...", "the interpreter, with the trainer's own arguments",
     "Needs no C compiler; slow, in double precision. No C is made, so its budgets (codegen.max_ram, ..) do not count.\n"
     "What stands after SPEC's options goes to the trainer's command line: train, eval, predict, sample, forecast,\n"
     "gradcheck, bench, info.\n\n"
     "Example: seqgen run specs/first_names_lstm.yaml train --epochs 1 --save w.safetensors\n",
     command_run},
    {"info", IN_INFO, "SPEC", "layers, shapes, parameters, MACs, memory, lines, compile time",
     "Lines are counted; flash and compile time are predicted. What is beyond a budget (--max-ram, ..) is marked, in JSON\n"
     "named in \"exceeded\", and makes the exit code 3. With --emit infer, of the file that only runs.\n\nExample: seqgen info specs/first_names_lstm.yaml --json\n",
     command_info},
    {"compare", IN_COMPARE, "SPEC... -o DIR", "train each with several seeds on the same data; one table, one page",
     "Each spec is built, trained with the seeds 1..N and judged on its test part (else the validation part). All must\n"
     "predict the same thing on the same data. DIR gets report.html, results.json, and for each spec its trainer, logs and\n"
     "weights. A run that fails is reported, the others go on, and the exit code is 5. Plots are drawn by gnuplot.\n"
     "Without a spec, DIR's page is written anew from its results.json.\n\n"
     "Examples:\n"
     "  seqgen compare specs/first_names_*.yaml -o names\n"
     "  seqgen compare small.yaml large.yaml --seeds 5 --jobs 2 --set train.epochs=10 -o sizes --json > sizes.json\n"
     "  seqgen compare -o names\n",
     command_compare},
};
const int command_count = sizeof command_table / sizeof command_table[0];
