/* emit.c: a plan as two streams for m4, model.h and model.c, and the budgets. See emit.h. */
#include "emit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"

static const char *const TEMPLATES[] = {
    "base.m4", "c.m4", "isa/vector.m4", "isa/levels.m4", "kernels/tile.m4", "kernels/each.m4", "kernels/gradient.m4", "kernels/helpers.m4", "program/top.m4", "program/share.m4",
    "program/header.m4", "program/batch.m4", "program/loss.m4", "program/update.m4", "program/program.m4", "program/trainer.m4",
};

static void stream_head(Stream *stream, const Plan *plan)
{
    const Spec *spec = plan->graph->spec;
    for (size_t i = 0; i < sizeof TEMPLATES / sizeof *TEMPLATES; i++)
        text_add(&stream->text, i ? "m4_include(<|%s|>)m4_dnl\n" : "m4_include(%s)m4_dnl\n", TEMPLATES[i]);
    char *upper = mem_copy(spec->name);
    for (char *p = upper; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    stream_define(stream, "sg_name", spec->name);
    stream_define(stream, "sg_NAME", upper);
    stream_define(stream, "sg_real", spec->codegen.real_bytes == 4 ? "float" : "double");
    stream_define(stream, "sg_header_name", HEADER_PLACE);
    stream_define(stream, "sg_widest", plan->narrow ? "32" : "64");
    stream_define(stream, "sg_levels", emit_levels(spec) == LEVELS_SEVERAL ? "several" : "one");
    stream_define(stream, "sg_threads", plan->infer_only ? "0" : "1");
    stream_define(stream, "sg_streams", plan->stream ? "1" : "0");
    stream_define(stream, "sg_dropout", emit_mentions(plan, "training") ? "1" : "0");
    stream_define(stream, "sg_dense", emit_mentions(plan, "dense") ? "1" : "0");
    stream_define(stream, "sg_apart", plan->apart ? "1" : "0");
    free(upper);
}

static Emitter emitter(const Graph *graph, const Plan *plan, const EmitOptions *options)
{
    const SeqrtTarget target = graph->spec->task.target;
    return (Emitter){.plan = plan, .graph = graph, .spec = graph->spec, .options = options, .facts = graph_model(graph),
                     .input_type = graph->in.tokens ? "int32_t" : "Real",
                     .target_type = seqrt_is_numbers(target) ? "Real" : "int32_t"};
}

/* Takes m4's output, frees it, and gives it back with the name of a file in its directives: it is the user's, and m4 would take some for macros. */
static char *name_put(char *text, const char *directive, const char *place, const char *name)
{
    char *start = mem_format("#%s \"%s", directive, place);
    Text out = {0};
    const char *from = text;
    for (const char *at; (at = strstr(from, start)) != NULL; from = at + strlen(start)) {
        text_add_bytes(&out, from, (size_t)(at - from));
        text_add(&out, "#%s \"%s", directive, name);
    }
    text_add(&out, "%s", from);
    free(start);
    free(text);
    return out.data;
}

static char *names_put(char *text, const EmitOptions *options, const Spec *spec)
{
    char *header = options->header_name ? mem_copy(options->header_name) : mem_format("%s.h", spec->name);
    char *source = options->source_name ? mem_copy(options->source_name) : mem_format("%s.c", spec->name);
    text = name_put(text, "include", HEADER_PLACE, header);
    text = name_put(text, "include", SOURCE_PLACE, source);
    text = name_put(text, "error", SOURCE_PLACE, source);
    free(header);
    free(source);
    return text;
}

static int run_part(Emitter *e, const EmitOptions *options, bool header, char **out, size_t *bytes)
{
    Stream stream = {0};
    e->stream = &stream;
    stream_head(&stream, e->plan);
    if (header) {
        emit_header(e);
    } else {
        emit_program(e);
        if (!e->plan->infer_only)
            emit_trainer(e);
        emit_levels_close(e);
    }
    int status = 0;
    if (options->dump && strcmp(options->dump, "m4") == 0)
        fputs(stream.text.data, stdout);
    else
        status = m4_run(options->templates_dir, &stream, e->graph, out);
    if (status == 0 && *out && !header)
        *out = unused_drop(*out);
    if (status == 0 && *out && !header && emit_levels(e->spec) == LEVELS_SEVERAL)
        *out = levels_name(*out);
    if (status == 0 && *out)
        *out = names_put(*out, options, e->spec);
    *bytes = *out ? strlen(*out) : 0;
    free(stream.text.data);
    return status;
}

/* ---- what it will cost ---- */

int emit_info(const Graph *graph, bool infer_only, EmitInfo *info)
{
    Plan *plan = plan_build(graph, infer_only);
    if (!plan)
        return 2;
    *info = emit_cost(plan);
    plan_free(plan);
    return 0;
}

static bool within(const Spec *spec, const char *what, int64_t value, int64_t limit, const char *hint)
{
    if (limit == 0 || value <= limit)
        return true;
    fprintf(stderr, "%s: error: %s: %lld, codegen allows %lld; %s\n", spec->path, what, (long long)value, (long long)limit, hint);
    return false;
}

static bool check_memory(const Spec *spec, const EmitInfo *info)
{
    bool ok = within(spec, "bytes of RAM", info->ram_bytes, spec->codegen.max_ram, "lower train.batch, data.max_length or hidden, or raise max_ram");
    return within(spec, "bytes of flash, predicted for gcc -O2 to within a third", info->flash_bytes, spec->codegen.max_flash, "lower hidden or layers, or raise max_flash") && ok;
}

static int64_t lines_of(const char *text)
{
    int64_t lines = 0;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    return lines;
}

/* Lines are not predicted but counted */
static bool check_lines(const Spec *spec, int64_t lines)
{
    return within(spec, "lines of C", lines, spec->codegen.max_lines, spec->codegen.unroll == UNROLL_NONE ? "lower layers, or raise max_lines" : "set unroll: none, or raise max_lines");
}

bool emit_within(const Spec *spec, const EmitInfo *info)
{
    bool ok = check_memory(spec, info);
    return check_lines(spec, info->lines) && ok;
}

/* --emit infer: the weights that go into the C, in double and PyTorch's layout */
static int read_weights(const Graph *graph, const EmitOptions *options, double **weights)
{
    SeqrtModel facts = graph_model(graph);
    SeqrtError error;
    facts.real_bytes = 8;
    *weights = mem_alloc(sizeof **weights * (size_t)graph->weights_count);
    if (options->weights_path && seqrt_load(&facts, *weights, options->weights_path, &error)) {
        if (error.text[0] && !options->quiet)
            fprintf(stderr, "seqgen: %s\n", error.text);
        return 0;
    }
    fprintf(stderr, "seqgen: error: %s\n", options->weights_path ? error.text : "--emit infer stores weights in the C: name them with --weights FILE");
    return 2;
}

/* ---- entry points ---- */

/* Both texts; budgets of the plan aside */
static int generate(const Graph *graph, const Plan *plan, const EmitOptions *options, const double *weights, EmitResult *result)
{
    Emitter e = emitter(graph, plan, options);
    e.weights = weights;
    int status = run_part(&e, options, true, &result->model_h, &result->model_h_bytes);
    if (status == 0)
        status = run_part(&e, options, false, &result->model_c, &result->model_c_bytes);
    if (status == 0 && result->model_c)
        result->lines = lines_of(result->model_c);
    return status;
}

int emit_model(const Graph *graph, const EmitOptions *options, EmitResult *result)
{
    *result = (EmitResult){0};
    Plan *plan = plan_build(graph, options->infer_only);
    if (!plan)
        return 2;
    const Spec *spec = graph->spec;
    const EmitInfo info = emit_cost(plan);
    const bool fits = check_memory(spec, &info);
    int status = fits || (spec->codegen.max_lines && !options->dump) ? 0 : 3; /* all budgets are told of: lines are counted nevertheless */
    double *weights = NULL;
    if (status == 0 && options->infer_only)
        status = read_weights(graph, options, &weights);
    if (status == 0)
        status = generate(graph, plan, options, weights, result);
    if (status == 0 && (!check_lines(spec, result->lines) || !fits))
        status = 3;
    free(weights);
    plan_free(plan);
    return status;
}

int emit_lines(const Graph *graph, const EmitOptions *options, int64_t *lines)
{
    Plan *plan = plan_build(graph, options->infer_only);
    if (!plan)
        return 2;
    EmitResult result = {0};
    double *weights = options->infer_only ? mem_alloc(sizeof *weights * (size_t)graph->weights_count) : NULL;
    const int status = generate(graph, plan, options, weights, &result);
    *lines = result.lines;
    free(weights);
    free(result.model_c), free(result.model_h);
    plan_free(plan);
    return status;
}

int emit_unroll_auto(const Graph *graph, const EmitOptions *options, CodegenSpec *codegen)
{
    int64_t lines = 0;
    if (codegen->unroll != UNROLL_AUTO || codegen->max_lines == 0)
        return 0;
    const int status = emit_lines(graph, options, &lines);
    if (status == 0 && lines > codegen->max_lines)
        codegen->unroll = UNROLL_NONE;
    return status;
}

char *emit_dump(const Graph *graph, const char *seam, bool infer_only)
{
    Plan *plan = plan_build(graph, infer_only);
    char *text = plan ? plan_dump(plan, strcmp(seam, "ops") == 0) : NULL;
    plan_free(plan);
    return text;
}
