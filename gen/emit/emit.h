/* emit.h: from a graph to the text of model.c and model.h.
 *
 * Takes: Graph. Gives: two texts, byte for byte the same for the same spec. Does not: write files, or decide (plan/ does).
 */
#ifndef SEQGEN_EMIT_H
#define SEQGEN_EMIT_H

#include "../graph/graph.h"

typedef struct EmitOptions {
    bool infer_only;            /* --emit infer: no training, weights stored in the C */
    const char *weights_path;   /* --weights FILE, or NULL */
    bool quiet;                 /* no warnings */
    const char *templates_dir;
    const char *header_name;    /* what model.c includes: "model.h" */
    const char *source_name;    /* its own name, "model.c": one with several levels includes itself */
    const char *dump;           /* "m4": print the stream that m4 is given, and stop; or NULL */
} EmitOptions;

typedef struct EmitResult {
    char *model_c, *model_h;
    size_t model_c_bytes, model_h_bytes;
    int64_t lines; /* of model.c */
} EmitResult;

/* Exit code: 0; 2 the weights file is wrong; 3 a budget of codegen is exceeded; 5 m4 failed. Messages are printed. */
int emit_model(const Graph *graph, const EmitOptions *options, EmitResult *result);

typedef struct EmitInfo {
    int64_t ram_bytes;          /* sizeof the model's struct */
    int64_t state_bytes;        /* sizeof a streaming step's; 0: the model cannot stream */
    int64_t flash_bytes;        /* code, predicted, and constants */
    int64_t lines;              /* of model.c, predicted; emit_lines counts them */
    double compile_seconds;     /* gcc -O2, predicted */
} EmitInfo;
int emit_info(const Graph *graph, bool infer_only, EmitInfo *info);
/* Lines of model.c, counted: it is generated, and thrown away; weights that it would store count as zeros. Budgets are not looked at.
 * Exit code as emit_model's. */
int emit_lines(const Graph *graph, const EmitOptions *options, int64_t *lines);
/* unroll: auto becomes none where straight-line calls are more lines than max_lines allows; *codegen is that of the graph's spec. */
int emit_unroll_auto(const Graph *graph, const EmitOptions *options, CodegenSpec *codegen);
/* Whether codegen's budgets allow it, lines that were counted included; each one that does not is printed. */
bool emit_within(const Spec *spec, const EmitInfo *info);
char *emit_dump(const Graph *graph, const char *seam, bool infer_only); /* "ops" or "plan"; NULL: there is no plan, and why is printed */

#endif
