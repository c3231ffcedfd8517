/* parts.h: the parts of the stream, in the order of the file. */
#ifndef SEQGEN_PARTS_H
#define SEQGEN_PARTS_H

#include "../plan/plan.h"
#include "emit.h"
#include "stream.h"

typedef struct Emitter {
    const Plan *plan;
    const Graph *graph;
    const Spec *spec;
    const EmitOptions *options;
    Stream *stream;
    SeqrtModel facts;          /* graph_model's */
    const char *input_type;    /* "int32_t" or "Real" */
    const char *target_type;
    const double *weights;     /* --emit infer: to be stored in the C, in PyTorch's layout; else NULL */
} Emitter;

void emit_header(Emitter *e);     /* header.c: model.h */
void emit_kernels(Emitter *e);    /* kernels.c */
void emit_functions(Emitter *e);  /* functions.c: helpers, layers' functions, schedules */
void emit_program(Emitter *e);    /* program.c: top, batch, loss, update, API, streaming */
bool emit_carries(const Plan *plan); /* whether some layer's state goes on from batch to batch; program.c */
void emit_trainer(Emitter *e);    /* trainer.c: what seqrt sees */
void emit_helpers(Emitter *e);
bool emit_mentions(const Plan *plan, const char *name); /* whether a line of the layers' functions does; functions.c */
void emit_packed_structs(Emitter *e);
void emit_stored(Emitter *e);     /* stored.c: --emit infer: weights as constants */
void emit_numbers(Emitter *e, const double *values, int64_t count); /* stored.c: items of a list of Real */
void emit_meaning_declared(Emitter *e); /* meaning.c: vocabulary, classes, normalisation */
void emit_meaning(Emitter *e);
void emit_strings(Emitter *e, const char *begin, const char *name, const char *const *items, int count); /* begin: the op that takes name and count */
void emit_banner(Emitter *e);
EmitInfo emit_cost(const Plan *plan); /* cost.c */

/* levels.c: the part of the file that depends on the width of vectors */
typedef enum Levels { LEVELS_COMPILER, LEVELS_ONE, LEVELS_SEVERAL } Levels; /* as the compiler targets; one that the spec names; all of x86-64 */
Levels emit_levels(const Spec *spec);
void emit_levels_begin(Emitter *e);
void emit_levels_end(Emitter *e);
void emit_levels_close(Emitter *e);  /* at the end of the file */
char *levels_name(char *text);       /* takes m4's output, frees it, and gives it back with a macro for each name of the part */
void emit_stream_body(Emitter *e);

char *unused_drop(char *text); /* takes m4's output, frees it, and gives it back without what of the vector layer nobody names. unused.c */

/* What stands for the names of model.h and model.c until m4 has run */
#define HEADER_PLACE "@header@"
#define SOURCE_PLACE "@source@"

/* Runs m4 on a stream: *out is its output. 0, or 5 after a message. m4.c */
int m4_run(const char *templates_dir, const Stream *stream, const Graph *graph, char **out);

/* A tensor's member name in Weights: '.' becomes '_'. */
char *emit_member(const char *tensor_name);

#endif
