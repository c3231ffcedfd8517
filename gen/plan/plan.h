/* plan.h: what the generated program does, in order, with every buffer placed and every tile chosen.
 *
 * Takes: Graph (layers/<kind>_lower.c fill the plan in). Gives: buffers, kernels, functions, calls. Does not: know C's
 * layout or m4.
 *
 * Rows. A batch is packed: sequences sorted by falling length, the rows of step 0 first, then those of step 1, .. Row r of
 * step t stands at at[t] + r; rows[t] sequences are still running there, total = sum of rows[t]. So every product over all
 * steps is one long product over valid rows only, and padding costs nothing.
 *
 * Panels. Units (output columns) are stored in panels of P (64 bytes, or 32) so that a vector never ends in the middle; the
 * units added to fill the last panel have zero weights and stay exactly zero. A matrix with S slots (gates) a unit is
 * [panel][k][slot][P]; a row of gates is [panel][slot][P].
 */
#ifndef SEQGEN_PLAN_H
#define SEQGEN_PLAN_H

#include "../graph/graph.h"
#include "../support/mem.h"

/* ---- buffers ---- */
typedef enum Block {
    BLOCK_PARAM,   /* weights as the kernels read them; gradients and optimiser slots have the same layout */
    BLOCK_DERIVED, /* refreshed from the weights after each update: transposed copies, sums of biases */
    BLOCK_BATCH,   /* the packed batch */
    BLOCK_STATE,   /* state carried from window to window */
    BLOCK_FORWARD, /* kept by forward for backward */
    BLOCK_BACKWARD, /* gradients of values, scratch of backward */
    BLOCK_STREAM    /* N_State: what one streaming step leaves for the next */
} Block;
enum { BLOCK_COUNT = 7 };

typedef enum Element { ELEMENT_REAL, ELEMENT_INT32, ELEMENT_INT64, ELEMENT_DOUBLE } Element; /* what a buffer is an array of */

typedef struct Buffer {
    char *name;
    Block block;
    Element element;
    bool unread;       /* a constant that nothing reads: left out of the C (place.c) */
    bool carried;      /* BLOCK_STATE: part of SEQRT_STATE, rows as the batch */
    int64_t rows, stride;
    char *comment;
    int64_t bytes, offset; /* filled by plan_place; the offset is within N_Model (params: within N_Packed) */
} Buffer;

typedef enum Space { SPACE_STEPS, SPACE_BATCH } Space; /* rows of a value: packed steps, or sequences */

typedef struct Piece {
    int buffer, grad; /* grad -1: nobody needs it */
    int stream;       /* the same piece in a streaming step; -1 where the model cannot stream */
    int width, stride;
} Piece;

/* What a layer hands to the next: one piece, or two side by side (both directions). */
typedef struct Value {
    Space space;
    bool tokens;      /* the batch's tokens; width = vocabulary */
    int vectors, vector; /* tokens that stand for vectors: the buffer of these, numbers of one; vector 0: tokens are one-hot */
    bool final_states; /* of a recurrent layer: behind each sequence, the second piece's before it */
    bool grad_ends;    /* its gradient has a row a sequence: that of the final state, as no other has one */
    int width;
    int pieces;
    Piece piece[2];
} Value;

/* ---- where a PyTorch tensor lives: packed[to + panel(j) * panel_stride + k * k_stride + slot[q] * P + j mod P]
 *      = torch[q * from_q + j * from_j + k * from_k], gate q < gates, unit j < units, input k < inputs ---- */
typedef struct Pack {
    int tensor, buffer;
    int gates, units, inputs;
    int slot[4];
    int64_t panel_stride, k_stride, from_q, from_j, from_k;
    bool copy; /* the tensor lives elsewhere: constants beside constants */
    int first; /* a copy of the units from this one on, slots `apart` numbers from each other (0: P) */
    int apart;
    int64_t to;   /* it begins here in the buffer */
    int twice;    /* this slot + 1 is stored doubled; 0: none */
} Pack;

/* ---- element-wise programs: equations over vectors of W units, printed as they stand ---- */
typedef struct Load { const char *name, *param; int slot; } Load;   /* slot -1: a unit buffer */
typedef struct Let { const char *name, *expr; } Let;                /* name NULL: expr is a comment, the equation's number */
typedef struct Store { const char *param; int slot; const char *value; } Store;
typedef struct Keep { int slot; const char *value; } Keep;
typedef struct Program {
    const Load *loads;   /* ended by name NULL */
    const Let *lets;     /* ended by expr NULL */
    const Store *stores; /* ended by param NULL */
    /* TILE: a second pass over the tile's rows, with values of the first in the place of sums. A row's chain of functions that wait for each
     * other leaves the core idle; cut in two, each half has the other rows' beside it, or a row alone the sums that its first half does without. */
    const Keep *keeps;   /* ended by value NULL; NULL: there is one pass */
    const Let *rest;     /* behind `lets` */
} Program;

/* ---- kernels ---- */
typedef enum KernelKind {
    KERNEL_TILE,  /* acc = init + sum of sources; then the program, with a0.. the accumulated slots */
    KERNEL_DOTS,  /* one row, few units: each is a sum over vectors of inputs */
    KERNEL_EACH,  /* the program on every row and unit */
    KERNEL_OUTER, /* gradient of a matrix: dW[panel][k][slot] += sum over rows of a[k] * d[slot] */
    KERNEL_SUM    /* gradient of a bias: db[slot] += sum over rows of d[slot] */
} KernelKind;

typedef enum InitKind {
    INIT_ZERO,
    INIT_BIAS,   /* acc = bias */
    INIT_ROW,    /* acc = row of `products`, made before (hoisted), a slot for each of S */
    INIT_LOOKUP  /* acc = bias + table[token of the row] */
} InitKind;

typedef struct Param {
    const char *name;
    bool writes, ints;
    int stride;       /* elements between rows; 0: no rows (weights) */
} Param;

/* acc slots [slot, slot + slots) += a[k] * w[k]; k runs over `reps` runs of `run` elements, `pitch` apart, from `offset`. */
typedef struct Source {
    const char *a, *w;      /* params */
    int a_stride, offset, reps, run, pitch;
    int w_rows, w_first;    /* k rows of a panel of w; the first one used here */
    int slot, slots;
    const char *next;       /* a param: rows as a's, read soon, and fetched meanwhile; NULL: there are none */
} Source;

/* Bytes of weights that stay in a first cache of 48 KB or 32 KB, beside what else is used; and how many are clearly more than it holds. */
enum { TURNED_WEIGHTS = 28 << 10, CACHED_WEIGHTS = 36 << 10, UNCACHED_WEIGHTS = 56 << 10 };
enum { LOSS_ROWS = 16 }; /* rows whose losses one thread adds up, so that the sum is the same for any number of threads */
enum { TARGET_LEVELS = 4 }; /* vectors of 64, 32, 16 bytes, and scalars */
enum { SOURCES_MAX = 4, PARAMS_MAX = 24 };

typedef struct Kernel {
    KernelKind kind;
    char *name, *comment;
    int units;              /* padded to panels */
    int slots;              /* S */
    int first_panel;        /* TILE: units start at this panel of the weights and of the output */
    InitKind init;
    int lookup_slots, lookup_stride; /* INIT_LOOKUP: the table has slots 0.. of S; numbers of one of its rows */
    int init_stride;        /* INIT_ROW: from row to row of `products` */
    bool in_place;          /* reads what it writes: a row must not be done twice */
    bool all_steps;         /* called for the rows of all steps */
    int rows;               /* most rows of a call, where that is neither the batch's nor all steps' */
    int tail;               /* one_row: units behind the last whole panel, rounded up to a power of two, whose products with the state `w_tail` makes; 0: none */
    int tail_units;         /* .. as they are */
    int tail_lanes;
    int tail_twice;         /* the slot, + 1, whose weights stand in `w_tail` doubled; 0: none */
    Program tail_program;   /* for these units, whose sums `w_tail` makes whole, with rows for the biases (if there is one), each source's inputs, the state; no stores: `program` */
    bool turns;             /* one_row: every other call goes through the units backwards (a parameter behind the rows says which) */
    int block;              /* k's that all rows are done with before the next, where a tile's weights exceed the first cache; 0: all at once */
    bool ahead;             /* with a block: the next one's weights are fetched meanwhile, as the second cache does not keep them from step to step */
    int late;               /* one_row: of the last source's slots the first ones, summed behind the first pass of the program; 0: all are there before it */
    bool staggered;         /* one_row: vectors of units one behind the other: each one's products with the last vector of the state stand beside the functions of the one before */
    bool one_row;           /* streaming, or a batch of one: never called for more than a row */
    bool shared;            /* threads share the units (a Share * stands before the rows), not the rows */
    bool fetches;           /* what it writes is far from the core. TILE: it is fetched before the sums are made; OUTER: the next tile's while this one's grow */
    int sources_count;
    Source sources[SOURCES_MAX];
    int params_count;
    Param params[PARAMS_MAX];
    Program program;
    int rows_tile[TARGET_LEVELS], units_tile[TARGET_LEVELS]; /* the register tile: rows (one_row: slices of k) x (vectors of units) */
    /* OUTER */
    int inputs, a_stride, d_stride, d_slot, d_slots, w_rows, w_first;
    bool runs;              /* rows come in runs */
    bool sums;              /* and the gradient of a bias, whose slots are those of d: db[slot] += sum over rows of d[slot] */
    double flops_row;       /* for the banner and the dump */
} Kernel;

/* ---- functions: statements, each a call of a kernel or a line ---- */
typedef enum FunctionForm {
    FORM_PLAIN,      /* static void NAME(N_Model *m), and where threads may share the work, const Share *s */
    FORM_STEP,       /* static NOINLINE void NAME(N_Model *m, int t), the same */
    FORM_ASCENDING,  /* a schedule over time: calls `step` for t = 0, 1, .. steps - 1 */
    FORM_DESCENDING
} FunctionForm;

typedef struct Statement {
    bool call;
    char *text;      /* a line, or the kernel's name */
    char *args;      /* of a call */
} Statement;

/* What each thread of a team takes of a function's work. Between two functions the threads meet, unless both are cut alike
 * and along rows: what a thread reads there, it has written itself. */
typedef enum Cut {
    CUT_OTHER,     /* units, rows and units, or one thread alone */
    CUT_STEPS,     /* packed rows, evenly */
    CUT_SEQUENCES  /* sequences: all steps of them, or the pooled rows */
} Cut;

typedef struct Function {
    char *name, *comment;
    FunctionForm form;
    Cut cut;
    bool uses_steps; /* "steps": the packed rows of the thread */
    char *step;      /* schedules: the step function's name */
    int count, capacity;
    Statement *statements;
} Function;

typedef struct Sum { int a, b, sum, count; } Sum; /* buffers */

typedef struct Plan {
    const Graph *graph;
    bool infer_only;
    int P;                 /* units of a panel: 64 bytes of reals, 32 where all is narrow; 4 on targets without vectors */
    bool narrow;           /* no layer has more units than 32 bytes hold: wider vectors would be half empty */
    bool vectors;          /* false: strict C11, lanes 1 */
    int T, B;
    bool carry;
    bool parts;            /* some gradients have sums of their own for parts of the batch */
    bool apart;            /* two threads have their rows apart: part_at of the C, not at, says where a step's are */
    bool together;         /* something adds up rows of all threads, in the order of steps: they are not to stand apart */
    bool unrolled;         /* time schedules are straight-line */
    int buffers_count, packs_count, kernels_count, functions_count;
    Buffer *buffers;
    Pack *packs;
    Kernel *kernels;
    Function **functions;
    int forward_count, backward_count, refresh_count, stream_count;
    char **forward, **backward, **refresh; /* names of functions, in calling order (backward: already reversed) */
    Function *stream;      /* statements of one streaming step; NULL: cannot stream */
    Value value;           /* what the next layer takes; after the last layer the output */
    int sums_count;
    Sum *sums;             /* derived vectors that are a sum of two weights */
    int zeros;             /* a buffer of zeros, B rows as wide as anyone asked for; -1: nobody did */
    int64_t block_bytes[BLOCK_COUNT], model_bytes, state_bytes; /* state: of N_State; 0: cannot stream */
    int64_t lines;         /* predicted lines of model.c */
} Plan;

/* Builds, places, chooses tiles, checks. NULL after printing why (a size that no machine has). */
Plan *plan_build(const Graph *graph, bool infer_only);
void plan_free(Plan *plan);
char *plan_dump(const Plan *plan, bool ops_only);

/* ---- for layers/<kind>_lower.c ---- */
int plan_pad(const Plan *plan, int units);  /* up to whole panels */
int plan_apart(const Plan *plan, int numbers); /* from row to row of so many numbers, so that rows do not compete for a few places of the cache */
int plan_buffer(Plan *plan, Block block, int64_t rows, int64_t stride, const char *comment, const char *name, ...)
    __attribute__((format(printf, 6, 7)));
int plan_element_bytes(const Plan *plan, Element element);
int64_t plan_rows(const Plan *plan, Space space);
/* "m->NAME", "m->w.NAME"; where only inference is generated, weights are constants: "weights.NAME", "derived.NAME" */
char *plan_ref(const Plan *plan, int buffer);
char *plan_grad_ref(const Plan *plan, int param_buffer); /* "m->g.NAME" */
/* Rows that a function works on. Training code may run on a team of threads: then C expressions of how many rows are the
 * thread's, and of the first of them in `ref`. Where only inference is generated: all rows, and `ref` itself. */
const char *plan_share(Plan *plan, Function *f, Space space);
char *plan_row(const char *ref, const char *row, int stride); /* C expression of a row in `ref`; row: an expression too, NULL: the first */
char *plan_first(const Plan *plan, Space space, const char *ref, int stride);
const char *plan_thread(const Plan *plan); /* ", s" behind the m of a helper that works on the thread's sequences; or "" */
Pack *plan_pack(Plan *plan, const SeqrtTensor *tensor, int buffer);
/* A kernel of this name; *fresh tells whether it is to be filled in (else an equal one exists already). */
Kernel *plan_kernel(Plan *plan, KernelKind kind, bool *fresh, const char *name, ...) __attribute__((format(printf, 4, 5)));
void kernel_param(Kernel *kernel, const char *name, bool writes, int stride);
Function *plan_function(Plan *plan, FunctionForm form, const char *comment, const char *name, ...) __attribute__((format(printf, 4, 5)));
void function_line(Function *function, const char *format, ...) __attribute__((format(printf, 2, 3)));
void function_call(Function *function, const char *kernel, const char *format, ...) __attribute__((format(printf, 3, 4)));
void plan_forward(Plan *plan, const Function *function);   /* appended */
void plan_backward(Plan *plan, const Function *function);  /* put in front: backward runs in reverse */
void plan_refresh(Plan *plan, const Function *function);
void plan_sum(Plan *plan, int a, int b, int sum, int count);

/* The generator's half of a layer kind */
typedef struct LowerKind {
    const char *name;
    void (*lower)(Plan *plan, const Layer *layer);
} LowerKind;
const LowerKind *lower_find(const char *name);

/* product.c: y = init + sum of a . W, as one or two TILE kernels, and the products of its reverse */
typedef struct Operand {
    const char *a;         /* C expression of row 0 */
    int a_stride, offset, reps, run, pitch;
    const char *w;
    int w_rows, w_first;
    const char *next;      /* C expression of row 0 of what is to be fetched meanwhile, or NULL */
} Operand;
typedef struct Product {
    const char *name, *comment;    /* of the kernel; equal names mean equal kernels */
    const char *rows;              /* C expression */
    int most_rows;                 /* 0: those of a batch or of all steps */
    int units;                     /* padded */
    InitKind init;
    const char *init_ref;          /* bias, pre row */
    const char *table, *tokens;    /* INIT_LOOKUP */
    int operands_count;
    Operand operands[SOURCES_MAX];
    const Program *program;        /* loads and stores name params below; default: store a0 to y */
    const char *y;                 /* C expression of row 0 */
    int y_stride;
    const char *other, *other_ref; /* one more row param of the program, or NULL; stride y_stride */
    bool in_place;
    bool all_steps, one_row, shared;
} Product;
/* y = more + the sums; more: C expression of row 0, as y's rows; y itself, where the product is in_place */
void product_add(Product *product, const char *more);
void product_call(Plan *plan, Function *function, const Product *product);
/* dW[w_first ..] += a' d: rows x inputs of a, rows x (units x slots) of d. Of a unit's slots those of [slot, slot + used) go into dW. */
typedef struct Outer {
    const char *share;         /* C expression: a Share *, whose part of the units is done */
    const char *rows;          /* C expressions: how many rows .. */
    const char *runs, *pitch;  /* .. or of each of so many runs, from one of which to the next there are so many rows; NULL: one run */
    const char *a, *d;         /* row 0 */
    int inputs, a_stride, d_stride;
    int units, slots, slot, used;
    const char *dw;            /* w_rows inputs */
    int w_rows, w_first;
    const char *db;            /* NULL or, where all slots are used, += the sum of d's rows */
} Outer;
void outer_call(Plan *plan, Function *function, const Outer *outer);
/* y = x w' + bias (NULL: none) of one row, units beside each other; x has whole panels; w: [panel of x][w_rows][P], of which
 * the first `units` are taken, zeros behind `inputs`. */
void dots_call(Plan *plan, Function *function, const char *name, const char *bias, const char *x, int inputs, const char *w, int w_rows, int units,
               const char *y);
/* Whether that takes less than a tile of one row, most of whose units are padding */
bool dots_pay(const Plan *plan, int inputs, int units);
/* db += the sum of d's rows, and nothing else of it */
void sum_call(Plan *plan, Function *function, const Outer *outer);

int plan_zeros(Plan *plan, int stride);

void plan_tiles(Plan *plan);  /* tiles.c */
int kernel_blocks(const Kernel *kernel, const Source *source); /* blocks of k that a source takes; 0: the kernel has none */
/* Steps of a recurrent layer whose input products are made together, before the first of them runs (hoisted); 0: each step makes its own (folded) */
int plan_hoist(const Plan *plan, int inputs);

/* Whether a tile of the widest vectors has all units of a row alone */
bool plan_whole(const Plan *plan, const Kernel *k);
/* Units behind the last whole panel whose gates are packed side by side for one row, rounded up to a power of two; 0: they are padded to a panel as all are */
int plan_tail(const Plan *plan, int units, int slots);
/* Whether each token's vector, of so many numbers, is multiplied by the next layer's weights once a step, instead of once wherever the token stands */
bool plan_multiplies_vocabulary(const Plan *plan, int tokens, int vector);
/* Whether a product of a step's rows fetches those of the next step meanwhile, a row having so many reals */
bool plan_fetch(const Plan *plan, int64_t row);
/* .. and whether those that a step writes are fetched before */
bool plan_fetch_written(const Plan *plan, int64_t row);
/* Whether the gradients of so many weights have sums of their own for parts of the batch (PARTS of the C), being made every `chunk` steps (0: at the
 * end, and then they have not) */
bool plan_parts(const Plan *plan, int chunk, int64_t weights);
/* Whether threads share the units of a step instead of its sequences, where so many weights are multiplied with the state */
bool plan_shares_units(const Plan *plan, int64_t weights);
/* Steps of a backward pass after which their gradients of weights are made, a row having so many reals; 0: those of all at the end */
int plan_chunk(const Plan *plan, int64_t row);
bool plan_place(Plan *plan);  /* place.c: offsets; false: beyond 2^62 bytes */
bool plan_check(const Plan *plan); /* check.c: always runs; prints what is inconsistent */

#endif
