/* inplace.c: generated trainers compiled and run inside one process, by libtcc: no compiler, linker or program is started.
 *
 * Takes: inplace verify SPEC [KEY=VALUE ...]   what `seqgen verify SPEC --target portable` compares, with its bounds
 *        inplace run SPEC [KEY=VALUE ...] -- ARG ... [-- ARG ...]   a trainer of portable C, with each list of arguments in turn
 * Gives: verify's table, or what the trainer writes; exit codes of seqgen.
 * Does not: test the way to a program (tests/tasks does), vectors, or a compiler that anybody would use. A test that is about
 * what generated C computes takes this, as a hundred of them would otherwise spend their time starting programs.
 */
#include <libtcc.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "emit/emit.h"
#include "interp/interp.h"
#include "seqtrain.h"
#include "support/home.h"
#include "support/mem.h"
#include "support/process.h"
#include "verify_inputs.h"
#include "verify_report.h"

enum { SETTINGS = 16, WORDS = 32 };

static Home home;
static char *place; /* a temporary directory */

static char *in_place(const char *stem, const char *ending) { return mem_format("%s/%s%s", place, stem, ending); }

/* ---- from a spec to functions ---- */

typedef struct Trainer {
    Spec spec;                /* the given one, but for codegen */
    Graph *graph;
    TCCState *compiler;
    int (*main)(int argc, char **argv);
} Trainer;

static bool text_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    return file && fputs(text, file) >= 0 && fclose(file) == 0;
}

static void compiler_says(void *unused, const char *message)
{
    (void)unused;
    fprintf(stderr, "%s\n", message);
}

/* What generated C calls; anything else is an error of the linker, by name. */
static bool compile(Trainer *trainer, const char *source)
{
    TCCState *c = trainer->compiler = tcc_new();
    tcc_set_error_func(c, NULL, compiler_says);
    tcc_set_output_type(c, TCC_OUTPUT_MEMORY);
    tcc_add_include_path(c, home.include);
    char *entry = mem_format("%s_main", trainer->spec.name);
    if (tcc_add_file(c, source) == 0 && tcc_relocate(c, TCC_RELOCATE_AUTO) == 0)
        *(void **)&trainer->main = tcc_get_symbol(c, entry);
    free(entry);
    return trainer->main != NULL;
}

static int trainer_write(const Trainer *trainer, const char *stem, const char *source, const char *header)
{
    char *name = mem_format("%s.h", stem);
    EmitOptions options = {.templates_dir = home.templates, .header_name = name, .source_name = "unused.c"};
    EmitResult text = {0};
    int status = emit_model(trainer->graph, &options, &text);
    if (status == EXIT_DONE && (!text_write(source, text.model_c) || !text_write(header, text.model_h)))
        status = cli_fail(EXIT_SYSTEM, "%s cannot be written", source);
    free(name);
    free(text.model_c);
    free(text.model_h);
    return status;
}

static int trainer_make(Trainer *trainer, const Spec *spec, const char *stem)
{
    Diag diag = {.path = spec->path};
    trainer->spec = *spec;
    trainer->spec.codegen.target = TARGET_PORTABLE;
    trainer->graph = graph_build(&trainer->spec, &diag);
    if (!trainer->graph)
        return EXIT_SPEC;
    char *source = in_place(stem, ".c"), *header = in_place(stem, ".h");
    int status = trainer_write(trainer, stem, source, header);
    if (status == EXIT_DONE && !compile(trainer, source))
        status = cli_fail(EXIT_SYSTEM, "%s, %s: does not compile", spec->path, stem);
    free(source);
    free(header);
    return status;
}

static void trainer_free(Trainer *trainer)
{
    if (trainer->compiler)
        tcc_delete(trainer->compiler);
    if (trainer->graph)
        graph_free(trainer->graph);
}

/* ---- verify ---- */

static const char *const stems[SOURCES] = {"interpreter", "float64", "float32", "other"};

static int oracle_probe(const Graph *graph, char *weights, SafeFile **found)
{
    SeqrtModel model = interp_model(graph);
    SeqrtError error;
    char *out = in_place("interpreter", ".out"), *batch = in_place("batch", ".safetensors");
    char *words[] = {"the interpreter", "probe", "--load", weights, "--save", out, NULL};
    int status = EXIT_DONE;
    if (!verify_write_weights(graph, weights, &error))
        status = cli_fail(EXIT_SYSTEM, "%s", error.text);
    else if ((status = seqrt_main(&model, 6, words)) == EXIT_DONE &&
             (!(*found = seqrt_safe_read(out, &error)) || !verify_write_batch(*found, batch, &error)))
        status = cli_fail(EXIT_SYSTEM, "%s", error.text);
    free(out);
    free(batch);
    return status;
}

/* A build of its own name, so that it is told apart in messages: its probe on those weights and that batch. */
static int build_probe(const Spec *given, int source, Unroll unroll, char *weights, SafeFile **found)
{
    Spec spec = *given;
    Trainer trainer = {.main = NULL};
    SeqrtError error;
    char *out = in_place(stems[source], ".out"), *batch = in_place("batch", ".safetensors");
    char *words[] = {(char *)stems[source], "probe", "--load", weights, "--batch", batch, "--save", out, NULL};
    spec.codegen.real_bytes = source == FROM_FLOAT64 ? 8 : 4;
    spec.codegen.unroll = unroll;
    spec.codegen.max_ram = spec.codegen.max_flash = spec.codegen.max_lines = 0;
    int status = trainer_make(&trainer, &spec, stems[source]);
    if (status == EXIT_DONE && (status = trainer.main(8, words)) != EXIT_DONE)
        status = cli_fail(EXIT_MISMATCH, "%s, %s: its probe ended with %d", given->path, stems[source], status);
    if (status == EXIT_DONE && !(*found = seqrt_safe_read(out, &error)))
        status = cli_fail(EXIT_SYSTEM, "%s", error.text);
    trainer_free(&trainer);
    free(out);
    free(batch);
    return status;
}

static int verify(const Spec *spec, const Graph *graph)
{
    SafeFile *files[SOURCES] = {NULL};
    const Unroll own = spec->codegen.unroll, other = verify_other_unroll(graph);
    char *weights = in_place("w", ".safetensors");
    int status = oracle_probe(graph, weights, &files[FROM_INTERPRETER]);
    for (int i = FROM_FLOAT64; i < SOURCES && status == EXIT_DONE; i++)
        status = build_probe(spec, i, i == FROM_OTHER ? other : own, weights, &files[i]);
    if (status == EXIT_DONE) {
        const double start = seconds_now();
        const Cli cli = {.quiet = false};
        VerifyLines lines = verify_compare(files);
        status = verify_report(&cli, spec->name, &lines, seconds_now() - start, NULL) ? EXIT_DONE : EXIT_MISMATCH;
        free(lines.lines);
    }
    for (int i = 0; i < SOURCES; i++)
        seqrt_safe_free(files[i]);
    free(weights);
    return status;
}

/* ---- run ---- */

/* words: "--", then a trainer's arguments, up to the next "--" or the end; the first exit code that is not 0. */
static int run(const Spec *spec, int count, char **words)
{
    Trainer trainer = {.main = NULL};
    int status = trainer_make(&trainer, spec, "model");
    for (int i = 0; i < count && status == EXIT_DONE;) {
        char *argv[WORDS] = {"trainer"};
        int argc = 1;
        for (i++; i < count && strcmp(words[i], "--") != 0 && argc < WORDS - 1; i++)
            argv[argc++] = words[i];
        status = trainer.main(argc, argv);
        fflush(stdout);
    }
    trainer_free(&trainer);
    return status;
}

/* ---- main ---- */

static int usage(void)
{
    fputs("usage: inplace verify SPEC [KEY=VALUE ...]\n       inplace run SPEC [KEY=VALUE ...] -- ARG ... [-- ARG ...]\n", stderr);
    return EXIT_USAGE;
}

/* KEY=VALUE words up to the first "--"; their count, or -1. */
static int settings_read(int count, char **words, SpecOverride settings[SETTINGS])
{
    int n = 0;
    for (; n < count && strcmp(words[n], "--") != 0; n++) {
        char *equals = strchr(words[n], '=');
        if (!equals || n == SETTINGS)
            return -1;
        *equals = '\0';
        settings[n] = (SpecOverride){words[n], equals + 1};
    }
    return n;
}

static int spec_stage(const char *path, SpecOverride *settings, int settings_count, bool verifies, int count, char **words)
{
    Diag diag = {.path = path};
    Spec *spec = spec_read(path, settings, settings_count, &diag);
    Graph *graph = spec ? graph_build(spec, &diag) : NULL;
    int status = !graph ? EXIT_SPEC : verifies ? verify(spec, graph) : run(spec, count, words);
    if (graph)
        graph_free(graph);
    if (spec)
        spec_free(spec);
    return status;
}

int main(int argc, char **argv)
{
    SpecOverride settings[SETTINGS];
    SeqrtError error;
    const int n = argc < 3 ? -1 : settings_read(argc - 3, argv + 3, settings);
    const bool verifies = argc > 1 && strcmp(argv[1], "verify") == 0;
    if (n < 0 || (!verifies && strcmp(argv[1], "run") != 0) || verifies != (n == argc - 3))
        return usage();
    mallopt(M_MMAP_THRESHOLD, 1 << 30); /* what one build gave back serves the next: new memory costs more than the work in it */
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    place = temp_directory(&error);
    if (!place)
        return cli_fail(EXIT_SYSTEM, "%s", error.text);
    int status = home_find(&home, true) ? EXIT_DONE : EXIT_SYSTEM;
    if (status == EXIT_DONE)
        status = spec_stage(argv[2], settings, n, verifies, argc - 3 - n, argv + 3 + n);
    home_free(&home);
    temp_remove(place);
    return status;
}
