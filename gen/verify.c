/* verify.c: `seqgen verify`: generated code against the interpreter, by programs that are really compiled and run.
 *
 * Takes: a graph. Gives: the comparison (verify_compare.h) as a table, exit code 4 on a mismatch.
 * Does not: any arithmetic of its own. All of it happens in a temporary directory, two jobs at a time:
 *
 *   weights    w.safetensors: the spec's initial values, rounded to float32 so that every build reads the same numbers
 *   oracle     interpreter.out: the interpreter's probe (runtime/trainer/check/probe.c says what is in it), and the batch it drew
 *   builds     float64, float32, float32 with the other unrolling: generated, compiled; the precision the spec asks for as
 *              `seqgen build` compiles it, the other at -O1: there the arithmetic is the question, not the compiler
 *   probes     each build, on those weights and that batch
 */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "emit/emit.h"
#include "interp/interp.h"
#include "seqrt_data.h"
#include "seqtrain.h"
#include "support/compiler.h"
#include "support/mem.h"
#include "support/out.h"
#include "verify_compare.h"
#include "verify_inputs.h"
#include "verify_report.h"

/* A build that nobody wants to wait for is left out, and the summary says so. */
static const double patience_seconds = 60;

typedef struct Verify Verify;

typedef struct Build {
    Verify *all;
    Spec spec;        /* the given one, but for codegen */
    const Compiler *compiler;
    Graph *graph;     /* NULL: left out */
    char *stem;       /* DIRECTORY/float64: .c, .h, the program, .out */
} Build;

struct Verify {
    const Cli *cli;
    const Graph *graph;
    Home home;
    Compiler compiler, quick;
    char *directory, *weights, *batch;
    Build builds[SOURCES]; /* FROM_INTERPRETER has no build of its own, but a stem */
    char *note;
};

static const char *const source_stems[SOURCES] = {"interpreter", "float64", "float32", "other"};

/* ---- jobs ---- */

typedef struct Job {
    int (*run)(Build *build);
    Build *build;
    const char *what;
    int failure;      /* exit code of seqgen when it fails */
} Job;

static int job_run(void *context)
{
    Job *job = context;
    return job->run(job->build);
}

/* What the child said has been captured; it is shown only when it failed. */
static int job_judge(const Verify *v, const Job *job, const ProcessResult *result)
{
    char status[80];
    if (result->status == 0)
        return EXIT_DONE;
    fputs(result->err, stderr);
    if (!v->cli->keep)
        fputs("note: --keep keeps the generated files\n", stderr);
    bool told = result->status == EXIT_SPEC || result->status == EXIT_BUDGET || result->status == EXIT_SYSTEM;
    int code = told && job->failure == EXIT_SYSTEM ? result->status : job->failure;
    return cli_fail(code, "%s, %s: %s", v->graph->spec->name, job->what, process_status(result->status, status));
}

/* Runs them all, two at a time; the first failure's exit code. */
static int jobs_run(const Verify *v, Job *jobs, int count)
{
    enum { WIDTH = 2 };
    Process running[SOURCES] = {{0}};
    int next = 0, active = 0, code = EXIT_DONE;
    while (active > 0 || (next < count && code == EXIT_DONE)) {
        SeqrtError error;
        for (; active < WIDTH && next < count && code == EXIT_DONE; next++, active++)
            if (!process_fork(&running[next], job_run, &jobs[next], &error))
                return cli_fail(EXIT_SYSTEM, "%s", error.text);
        ProcessResult result;
        int ended = process_wait_any(running, count, &result);
        int judged = job_judge(v, &jobs[ended], &result);
        if (code == EXIT_DONE)
            code = judged;
        process_result_free(&result);
        active--;
    }
    return code;
}

/* ---- the oracle ---- */

static char *file_of(const Build *build, const char *ending) { return mem_format("%s%s", build->stem, ending); }

static int oracle_job(Build *build)
{
    Verify *v = build->all;
    SeqrtModel model = interp_model(v->graph);
    char *out = file_of(build, ".out");
    char *argv[] = {"seqgen verify: the interpreter", "probe", "--load", v->weights, "--save", out, NULL};
    int status = seqrt_main(&model, 6, argv);
    free(out);
    return status;
}

static bool batch_write(const Verify *v, SeqrtError *error)
{
    char *path = file_of(&v->builds[FROM_INTERPRETER], ".out");
    SafeFile *probe = seqrt_safe_read(path, error);
    bool good = probe && verify_write_batch(probe, v->batch, error);
    seqrt_safe_free(probe);
    free(path);
    return good;
}

/* ---- a build ---- */

static int build_write(Build *build)
{
    char *source = file_of(build, ".c"), *header = file_of(build, ".h");
    EmitOptions options = {.templates_dir = build->all->home.templates, .header_name = strrchr(header, '/') + 1, .source_name = strrchr(source, '/') + 1};
    EmitResult result = {0};
    int status = emit_model(build->graph, &options, &result);
    if (status != EXIT_DONE) {
        free(source);
        free(header);
        return status;
    }
    const OutFile files[] = {{source, result.model_c, result.model_c_bytes}, {header, result.model_h, result.model_h_bytes}};
    SeqrtError error;
    bool good = out_write(files, 2, &error);
    free(source);
    free(header);
    free(result.model_c);
    free(result.model_h);
    return good ? EXIT_DONE : cli_fail(EXIT_SYSTEM, "%s", error.text);
}

static int build_job(Build *build)
{
    int status = build_write(build);
    if (status != EXIT_DONE)
        return status;
    char *source = file_of(build, ".c");
    ProcessResult compiled;
    SeqrtError error;
    if (!compiler_run(build->compiler, &build->all->home, source, build->stem, &compiled, &error))
        status = cli_fail(EXIT_SYSTEM, "%s", error.text);
    else if (compiled.status != 0) {
        fputs(compiled.err, stderr);
        status = EXIT_SYSTEM;
    }
    process_result_free(&compiled);
    free(source);
    return status;
}

static int probe_job(Build *build)
{
    char *out = file_of(build, ".out");
    const char *const argv[] = {build->stem, "probe", "--load", build->all->weights, "--batch", build->all->batch,
                                "--save", out, NULL};
    ProcessResult result;
    SeqrtError error;
    if (!process_run(argv, NULL, NULL, &result, &error))
        return cli_fail(EXIT_SYSTEM, "%s", error.text);
    fputs(result.err, stderr);
    int status = result.status;
    process_result_free(&result);
    free(out);
    return status;
}

/* ---- which builds ---- */

/* The budgets bind the build the spec asks for, not its variations. */
static bool build_prepare(Build *build, int real_bytes, Unroll unroll)
{
    const Graph *given = build->all->graph;
    build->spec = *given->spec;
    CodegenSpec *codegen = &build->spec.codegen;
    if (codegen->real_bytes != real_bytes || codegen->unroll != unroll)
        codegen->max_ram = codegen->max_flash = codegen->max_lines = 0;
    codegen->real_bytes = real_bytes;
    codegen->unroll = unroll;
    /* by precision alone: equal bits need equal flags */
    build->compiler = real_bytes == given->spec->codegen.real_bytes ? &build->all->compiler : &build->all->quick;
    Diag diag = {.path = given->spec->path};
    build->graph = graph_build(&build->spec, &diag);
    return build->graph != NULL;
}

static void build_leave_out(Build *build, const char *unroll)
{
    EmitInfo info = {0};
    emit_info(build->graph, false, &info);
    if (info.compile_seconds <= patience_seconds)
        return;
    build->all->note = mem_format("unroll: %s was left out, it would compile for about %.0f s", unroll, info.compile_seconds);
    graph_free(build->graph);
    build->graph = NULL;
}

static int builds_prepare(Verify *v)
{
    const Unroll unroll = v->graph->spec->codegen.unroll, other = verify_other_unroll(v->graph);
    if (!build_prepare(&v->builds[FROM_FLOAT64], 8, unroll) || !build_prepare(&v->builds[FROM_FLOAT32], 4, unroll) ||
        !build_prepare(&v->builds[FROM_OTHER], 4, other))
        return EXIT_SPEC;
    build_leave_out(&v->builds[FROM_OTHER], other == UNROLL_FULL ? "full" : "none");
    return EXIT_DONE;
}

/* ---- the whole ---- */

static int stage_builds(Verify *v)
{
    Job jobs[SOURCES] = {{oracle_job, &v->builds[FROM_INTERPRETER], "the interpreter's probe", EXIT_SYSTEM}};
    int count = 1;
    for (int i = FROM_FLOAT64; i < SOURCES; i++)
        if (v->builds[i].graph)
            jobs[count++] = (Job){build_job, &v->builds[i], source_stems[i], EXIT_SYSTEM};
    return jobs_run(v, jobs, count);
}

static int stage_probes(Verify *v)
{
    Job jobs[SOURCES];
    int count = 0;
    for (int i = FROM_FLOAT64; i < SOURCES; i++)
        if (v->builds[i].graph)
            jobs[count++] = (Job){probe_job, &v->builds[i], source_stems[i], EXIT_MISMATCH};
    return jobs_run(v, jobs, count);
}

static int stage_compare(Verify *v, double start)
{
    SafeFile *files[SOURCES] = {NULL};
    SeqrtError error;
    bool good = true;
    for (int i = 0; i < SOURCES && good; i++) {
        char *path = file_of(&v->builds[i], ".out");
        if (i == FROM_INTERPRETER || v->builds[i].graph)
            good = (files[i] = seqrt_safe_read(path, &error)) != NULL;
        free(path);
    }
    int status = good ? EXIT_DONE : cli_fail(EXIT_SYSTEM, "%s", error.text);
    if (good) {
        VerifyLines lines = verify_compare(files);
        good = verify_report(v->cli, v->graph->spec->name, &lines, seconds_now() - start, v->note);
        status = good ? EXIT_DONE : EXIT_MISMATCH;
        free(lines.lines);
    }
    for (int i = 0; i < SOURCES; i++)
        seqrt_safe_free(files[i]);
    return status;
}

static int verify_stages(Verify *v)
{
    SeqrtError error;
    double start = seconds_now();
    if (!compiler_find(&v->compiler, v->graph->spec->codegen.target, &error))
        return cli_fail(EXIT_SYSTEM, "%s; is a C compiler installed? $CC names another", error.text);
    compiler_quick(&v->quick, &v->compiler);
    int status = builds_prepare(v);
    if (status == EXIT_DONE && !verify_write_weights(v->graph, v->weights, &error))
        status = cli_fail(EXIT_SYSTEM, "%s", error.text);
    if (status == EXIT_DONE)
        status = stage_builds(v);
    if (status == EXIT_DONE && !batch_write(v, &error))
        status = cli_fail(EXIT_SYSTEM, "%s", error.text);
    if (status == EXIT_DONE)
        status = stage_probes(v);
    return status == EXIT_DONE ? stage_compare(v, start) : status;
}

static void verify_free(Verify *v)
{
    if (v->cli->keep && v->directory) {
        fprintf(stderr, "kept: %s\n", v->directory);
        temp_keep(v->directory);
    } else if (v->directory) {
        temp_remove(v->directory);
    }
    for (int i = 0; i < SOURCES; i++) {
        free(v->builds[i].stem);
        if (v->builds[i].graph)
            graph_free(v->builds[i].graph);
    }
    free(v->weights);
    free(v->batch);
    free(v->note);
    home_free(&v->home);
    compiler_free(&v->compiler);
    compiler_free(&v->quick);
}

int command_verify(const Cli *cli, const Graph *graph)
{
    Verify v = {.cli = cli, .graph = graph};
    SeqrtError error;
    if (!home_find(&v.home, true)) {
        home_free(&v.home);
        return EXIT_SYSTEM;
    }
    v.directory = temp_directory(&error);
    if (!v.directory) {
        home_free(&v.home);
        return cli_fail(EXIT_SYSTEM, "%s", error.text);
    }
    v.weights = mem_format("%s/w.safetensors", v.directory);
    v.batch = mem_format("%s/batch.safetensors", v.directory);
    for (int i = 0; i < SOURCES; i++) {
        v.builds[i].all = &v;
        v.builds[i].stem = mem_format("%s/%s", v.directory, source_stems[i]);
    }
    int status = verify_stages(&v);
    verify_free(&v);
    return status;
}
