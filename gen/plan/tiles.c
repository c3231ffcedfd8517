/* tiles.c: the register tile of every kernel, for each width of vectors.
 *
 * Takes: a kernel's shape and the batch. Gives: rows x vectors of units held in registers. Does not: see the machine it
 * runs on: the C picks the column for its own vectors when it is compiled.
 *
 * A tile of R rows and N vectors does R N multiply-adds a k, loads N weights and broadcasts R inputs. A core of today does two
 * multiply-adds a cycle, and a load beside them still costs a quarter of a cycle (measured, 64-byte vectors: 16 multiply-adds take
 * 8.0 cycles, with 8 loads 9.9, with 16 loads 12.7), one from the second cache a little more. Of this the tiles' cost is made.
 * tests/bench/tiles.tcl measures what the choices miss.
 */
#include "plan.h"

typedef struct Level {
    int registers;  /* vector registers the tile may use */
    int most_units; /* vectors of units side by side, at most */
    int most_rows;
    bool beside;    /* units side by side with several slots, too */
    double load;    /* of a multiply-add, from the first cache */
} Level;

/* vectors of 64 bytes (AVX-512), 32 (AVX2), 16 (SSE2), one number (an FPU has 32 registers); NEON, where the target says so: gcc loads a tile's inputs early, and with
 * sums in more than 20 of the 32 registers it keeps some on the stack; and its smaller cores run in order, where a load takes a multiply-add's turn (tiles.tcl --core). In portable C nothing asks for
 * loops to be unrolled: what counts is that a compiler sees vectors of four in them, and keeps the two rows that it does unroll. (LSTM 32, plain -O2: two
 * rows of four units take 11.7 ms a layer; rows of one unit 19, four of four 18.) With four slots a unit, four rows of two units are better still, and two
 * inputs of one in a gradient: LSTM 32, 64 and 100 train in 12, 20 and 12% less time, GRU 64 in 7 to 14% less. */
static const Level LEVELS[TARGET_LEVELS] = {{30, 6, 14, false, 0.5}, {16, 2, 14, false, 0.5}, {16, 4, 14, false, 0.5}, {28, 4, 14, false, 0.5}}, NEON = {26, 4, 14, false, 1};
static const Level PORTABLE = {64, 4, 2, true, 0.5}, PORTABLE_FOUR = {64, 2, 4, true, 0.5}, PORTABLE_FOUR_GRADIENT = {64, 1, 2, true, 0.5};

static const Level *level_of(const Plan *plan, const Kernel *k, int i)
{
    const Target target = plan->graph->spec->codegen.target;
    if (i == 3 && target == TARGET_PORTABLE)
        return k->slots != 4 || k->one_row ? &PORTABLE : k->kind == KERNEL_OUTER ? &PORTABLE_FOUR_GRADIENT : &PORTABLE_FOUR;
    return i == 2 && target == TARGET_AARCH64 ? &NEON : &LEVELS[i];
}
static const double FAR_LOAD = 0.8;             /* of a multiply-add; from the second cache, where LEVELS have that of the first */
static const double HALVED = 0.25;              /* of the cost with one thread */
static const double SECOND_TILE = 2;            /* its code and its constants, once a call */
enum { BLOCK_BYTES = 32 << 10 }; /* of a tile's weights, where they go in blocks */
/* Gates of the steps whose gradients are made together: in the second cache, beside the weights, unless a few steps are more than that already;
 * what is known of `portable`'s cache is less. */
enum { CHUNK_BYTES = 512 << 10, SMALL_CHUNK_BYTES = 128 << 10, BLOCK_ROWS = 64, LEAST_CHUNK_ROWS = 256 };
enum { FETCHED_BYTES = 32 << 10, LEAST_FETCHED = 8 }; /* of all steps' rows, more than the first cache holds beside weights; rows of a batch */
enum { PART_BYTES = 160 << 10, LEAST_PARTED = 32 }; /* of gradients; sequences of a batch */
enum { AHEAD_BYTES = 1 << 20 }; /* weights of a step that the second cache does not keep from step to step */
enum { HOIST_INPUTS = 8, HOIST_STEPS = 12 }; /* the least inputs, the most steps whose products are made together */
/* Independent sums that hide the latency of a multiply-add: 4 cycles, two a cycle; just so many have no slack, and lose some */
enum { CHAINS = 8, TIGHT = 2 };
enum { LEAST_HALVED = 16 }; /* rows; two threads gain little from fewer */

static int most(int a, int b) { return a > b ? a : b; }

/* What the load of a row's input and that of a vector of weights is worth, in multiply-adds */
typedef struct Loads {
    double input, weights;
} Loads;

/* A tile's multiply-adds a k, and what its loads are worth */
static double tile_cost(int rows, int vectors, Loads loads)
{
    const int sums = rows * vectors, tight = sums == CHAINS ? TIGHT : 0;
    return most(sums, CHAINS) + tight + rows * loads.input + vectors * loads.weights + 0.5;
}

typedef struct Choice {
    int rows, units;
    double cost;
} Choice;

/* What becomes of the rows that do not fill the last tile: some tiles have a row less, if there are rows enough for that (sg_tile_rows'
 * even); rows done already are done again with them; a smaller tile does them. */
typedef enum Rest { REST_EVEN, REST_AGAIN, REST_ALONE } Rest;

static double tiles_cost(int64_t rows, int r, Rest rest, int vectors, Loads loads)
{
    const int64_t whole = rows / r, over = rows % r, less = (r - over) % r;
    const double cost = tile_cost(r, vectors, loads);
    if (over == 0)
        return (double)whole * cost;
    if (rest == REST_ALONE)
        return (double)whole * cost + tile_cost((int)over, vectors, loads);
    if (rest == REST_EVEN && less * (r - 1) <= rows)
        return SECOND_TILE + (double)(whole + 1 - less) * cost + (double)less * tile_cost(r - 1, vectors, loads);
    return (double)(whole + 1) * cost;
}

/* The rows that a kernel has in one call, and what becomes of some */
typedef struct Rows {
    int64_t count;
    Rest rest;
    bool halved; /* by a second thread: then a tile that fits half of them, too, is worth a little */
} Rows;

static double rows_cost(const Rows *rows, int r, int vectors, Loads loads)
{
    const double cost = tiles_cost(rows->count, r, rows->rest, vectors, loads);
    return rows->halved ? cost + tiles_cost(rows->count / 2, r, rows->rest, vectors, loads) * HALVED : cost;
}

/* Rows of a tile with `vectors` accumulators a row. */
static Choice choose_rows(const Level *level, int vectors, const Rows *rows, double weights)
{
    const Loads loads = {level->load, weights};
    Choice best = {1, 1, 1e300};
    for (int r = 1; r <= level->most_rows && r * vectors + vectors + (vectors > 1) <= level->registers; r++) {
        const double cost = rows_cost(rows, r, vectors, loads);
        if (cost < best.cost * 0.999)
            best = (Choice){r, 1, cost};
    }
    return best;
}

static int divisor(int count, int limit)
{
    for (int n = limit; n > 1; n--)
        if (count % n == 0)
            return n;
    return 1;
}

/* One row: all units side by side where there are sums for them, so that a cell's new state can replace the old one; else as many as hide the
 * latency .. */
enum { MOST_BESIDE = 4 };
static bool all_beside(const Kernel *k, int panels) { return panels * k->slots <= 4 * CHAINS && panels <= MOST_BESIDE; }
bool plan_whole(const Plan *plan, const Kernel *k) { return all_beside(k, k->units / plan->P); }

static int stream_units(const Kernel *k, int panels)
{
    if (all_beside(k, panels))
        return panels;
    const int n = k->turns ? 1 : most(1, (2 * CHAINS) / k->slots);
    return divisor(panels, n < MOST_BESIDE ? n : MOST_BESIDE);
}

/* .. and where there are too few, of slices of k: 1, 2, 4 or 8 */
static int stream_slices(const Kernel *k, const Level *level, int units, bool whole)
{
    enum { LATE = 4 }; /* with late slots two runs, each of fewer sums (AVX-512: LSTM of 16 and GRU of 16, 28 and 32 take 3 to 6% less than without, with 2 or 8 slices they do not) */
    if (k->late && whole && LATE * units * (k->slots - 1) <= level->registers)
        return LATE;
    const int enough = k->tail ? CHAINS : 2 * CHAINS; /* a tail's sums run beside these */
    int slices = 1;
    while (slices < 8 && slices * units * k->slots < enough && 2 * slices * units * k->slots + 2 < level->registers)
        slices *= 2;
    return slices;
}

static int64_t tile_inputs(const Kernel *k)
{
    int64_t inputs = 0;
    for (int i = 0; i < k->sources_count; i++)
        inputs += (int64_t)k->sources[i].reps * k->sources[i].run;
    return inputs;
}

/* One slot a unit: rows, and how many vectors of units side by side. With some registers to spare: measured on AVX-512, 24 sums take 2% more a
 * multiply-add than 20. (With four slots a unit they take 1% less.) */
static Choice choose_units(const Kernel *k, int panels, const Rows *rows)
{
    const Level with_spare = {LEVELS[0].registers - 3, LEVELS[0].most_units, LEVELS[0].most_rows, false, LEVELS[0].load}, *level = &with_spare;
    Choice best = {1, 1, 1e300};
    for (int n = 1; n <= level->most_units && n <= panels; n++) {
        const bool near = tile_inputs(k) * n * 64 <= CACHED_WEIGHTS;
        Choice choice = choose_rows(level, n, rows, near ? level->load : FAR_LOAD);
        choice.cost *= (double)panels / n;
        choice.units = n;
        if (panels % n == 0 && choice.cost < best.cost * 0.999)
            best = choice;
    }
    return best;
}

/* Of 64 bytes, in a narrow plan of 32: 1, 2 or 4 vectors, 2 of the widest; scalars */
static int vectors_a_panel(const Plan *plan, int i) { return i == 3 ? plan->P : plan->narrow && i > 0 ? 1 << (i - 1) : 1 << i; }

/* Vectors of units, where there is one slot a unit. Portable C has a panel's units side by side in any case: their weights stand one behind the other, and
 * four of them make a vector, if the compiler sees it. */
static int side_by_side(const Kernel *k, const Level *level, int a_panel)
{
    return k->slots == 1 || level->beside ? divisor(a_panel, level->most_units) : 1;
}

static Choice choose_tile(const Plan *plan, const Kernel *k, int i)
{
    const Level *level = level_of(plan, k, i);
    const int panels = (k->units - (k->tail ? plan->P : 0)) / plan->P; /* without that of a tail */
    const int a_panel = vectors_a_panel(plan, i);
    const int64_t all = k->all_steps ? (int64_t)plan->B * plan->T : plan->B;
    const Rows rows = {k->rows ? k->rows : all, plan->vectors && !k->in_place ? REST_EVEN : REST_AGAIN, !plan->infer_only && !k->rows && !k->shared && all >= LEAST_HALVED && all % 2 == 0};
    if (k->one_row) {
        const int units = i == 0 ? stream_units(k, panels) : side_by_side(k, level, a_panel);
        return (Choice){i < 3 ? stream_slices(k, level, units, units == panels * a_panel) : 1, units, 0};
    }
    if (i == 0 && k->slots == 1)
        return choose_units(k, panels, &rows);
    const int units = side_by_side(k, level, a_panel);
    Choice choice = choose_rows(level, units * k->slots, &rows, level->load);
    choice.units = units;
    return choice;
}

/* Of each block the weights of a tile, the rows' inputs and their sums stay in the first cache. A step's kernel alone comes to the same
 * weights so often that it pays: one over all steps, or once a step over a table, has them for many rows each time. */
static void choose_block(const Plan *plan, Kernel *k)
{
    const int64_t weights = tile_inputs(k) * k->units_tile[0] * k->slots * 64;
    bool runs = false;
    for (int i = 0; i < k->sources_count; i++)
        runs |= k->sources[i].reps > 1;
    if (k->kind != KERNEL_TILE || k->one_row || k->all_steps || k->rows || k->in_place || runs || weights <= UNCACHED_WEIGHTS || plan->B < 2 * k->rows_tile[0])
        return;
    k->block = BLOCK_BYTES / (k->units_tile[0] * k->slots * 64);
    k->ahead = plan->vectors && k->slots > 1 && tile_inputs(k) * k->units * k->slots * plan->graph->spec->codegen.real_bytes >= AHEAD_BYTES;
}

int kernel_blocks(const Kernel *k, const Source *source) { return k->block ? (source->run + k->block - 1) / k->block : 0; }

/* A step's inputs are known before the step runs. Folded into its sums they cost no store and no load of these; hoisted, the rows of several
 * steps share what is read of the weights. That pays where there is one sequence: its row alone has a load for each multiply-add, and
 * weights that the first cache could keep for the state. (A batch's weights beyond the second cache: a layer takes 0 to 1% less, 2 MB beside 1 MB, Zen 5.) */
int plan_hoist(const Plan *plan, int inputs)
{
    if (plan->B > 1 || plan->T < 2 || inputs < HOIST_INPUTS)
        return 0;
    const int parts = (plan->T + HOIST_STEPS - 1) / HOIST_STEPS; /* of equal size, so that the last one fills its tiles, too */
    return (plan->T + parts - 1) / parts;
}

/* Wherever a token stands its vector is multiplied by the same weights, so a row of a table can hold the product: V products a step instead of one for each
 * row of the batch, forward and backward; for a row there remains to be added what the table has, and to the table's gradient what the row has. (Sequences
 * of unequal length leave about half of a batch's rows empty.) Where a file does not train, the table would be longer than what it is made of. */
bool plan_multiplies_vocabulary(const Plan *plan, int tokens, int vector)
{
    enum { LEAST_VECTOR = 8 };
    return !plan->infer_only && vector >= LEAST_VECTOR && 2 * (int64_t)tokens <= plan_rows(plan, SPACE_STEPS);
}

/* Each row of gates is read once for each product of gradients: from the second cache, if that is soon after it was written. The
 * gradients of the weights are read and written once for a chunk: so it has some hundred rows at least, even if their gates then come from further away. A chunk has whole blocks of rows (ROW_BLOCK of the C) if it can. */
int plan_chunk(const Plan *plan, int64_t row)
{
    const int64_t cache = plan->vectors ? CHUNK_BYTES : SMALL_CHUNK_BYTES, step = row * plan->graph->spec->codegen.real_bytes * plan->B;
    const int64_t least = ((plan->vectors ? LEAST_CHUNK_ROWS : BLOCK_ROWS) + plan->B - 1) / plan->B, fits = cache / step, most_steps = fits > least ? fits : least;
    int64_t whole = BLOCK_ROWS; /* steps that are whole blocks of rows, those of a half of the batch, too */
    for (int64_t rows = plan->B >= LEAST_PARTED && plan->B % 2 == 0 ? plan->B / 2 : plan->B; whole > 1 && rows % 2 == 0; rows /= 2)
        whole /= 2;
    const int64_t steps = most_steps < whole ? most_steps : most_steps / whole * whole;
    return steps * 3 > plan->T ? 0 : (int)steps;
}

/* A panel of P units takes a vector for each slot, however few of them there are. Where all slots of the last units fit in fewer vectors, a row
 * alone multiplies those; it pays for them with a shuffle a slot. (Rows of a batch would need one a row: there the padding stays.) */
int plan_tail(const Plan *plan, int units, int slots)
{
    const int rest = units % plan->P;
    int tail = 1;
    while (tail < rest)
        tail *= 2;
    const bool fewer = (tail * slots + plan->P - 1) / plan->P < slots;
    return plan->vectors && slots > 1 && units > plan->P && rest > 0 && fewer ? tail : 0;
}

/* Whether all steps' rows, of so many reals, take more than that */
static bool rows_exceed(const Plan *plan, int64_t row, int64_t bytes)
{
    return plan->vectors && plan->B >= LEAST_FETCHED && row * plan->T * plan->B * plan->graph->spec->codegen.real_bytes > bytes;
}

/* Going back, a step's gates come from the second cache, which has nothing to do while the product of the step before it runs from the first. (LSTM, T = 64,
 * 32 sequences: H = 16, 32 and 64 take 1.0 to 1.4% less, 128 0.5%.) */
bool plan_fetch(const Plan *plan, int64_t row) { return rows_exceed(plan, row, FETCHED_BYTES); }

/* Going forward, a step writes rows that no cache has had since the last batch went through, if all steps' are more than the second one holds. (Zen 4, a
 * training step: LSTM 64 with 64 sequences of 128 steps 5% less, two layers LSTM 128 2%, GRU 256 1%; a layer LSTM 32, 1 MB, 1% more.) */
bool plan_fetch_written(const Plan *plan, int64_t row) { return rows_exceed(plan, row, 2 << 20); }

/* Gradients of so many weights do not stay in the second cache beside the gates that they are sums of: a tile's sums come from further away, and are
 * waited for. (Zen 4, LSTM 256 and GRU 256: 1% less of a layer's time; weights that stay there, LSTM 64 and 128: nothing.) */
static bool fetches_sums(const Plan *plan, const Kernel *k)
{
    enum { NEAR_SUMS = 256 << 10 };
    return plan->vectors && (int64_t)k->w_rows * k->units * k->slots * plan->graph->spec->codegen.real_bytes > NEAR_SUMS;
}

/* Two cores are slow to read what the other wrote. Where there is far more of the gates than of the gradients they add up to, each half of the
 * batch has gradients of its own, read and written by the core that wrote the gates. */
bool plan_parts(const Plan *plan, int chunk, int64_t weights)
{
    return chunk > 0 && plan->B >= LEAST_PARTED && weights * plan->graph->spec->codegen.real_bytes <= PART_BYTES;
}

/* A thread that has some of the sequences reads all weights in every step. Where there are more of them than the second cache holds, and few rows for each, it
 * waits for them: then each has some of the units for all sequences, and they meet in every step. (Two threads on a Xeon, times as fast as one: LSTM 512 with 20
 * sequences 1.93 for 1.64, LSTM 384 1.95 for 1.57, RNN 1024 with 32 1.98 for 1.70, GRU 512 1.92 for 1.82. Not so LSTM 512 with 64: 1.88 for 1.93, nor LSTM 256
 * with 32, 1.75 for 1.83, or 16, 1.67 for 1.71.) */
bool plan_shares_units(const Plan *plan, int64_t weights)
{
    enum { SHARED_BYTES = 2 << 20, MOST_SHARED = 32 };
    return !plan->infer_only && plan->B > 1 && plan->B <= MOST_SHARED && weights * plan->graph->spec->codegen.real_bytes > SHARED_BYTES;
}

static void choose(const Plan *plan, Kernel *k)
{
    for (int i = 0; i < TARGET_LEVELS; i++) {
        Choice choice = {0, 0, 0};
        if (k->kind == KERNEL_TILE) {
            choice = choose_tile(plan, k, i);
        } else if (k->kind == KERNEL_OUTER) {
            const Level *level = level_of(plan, k, i);
            const int units = i == 0 && k->slots == 1 ? divisor(k->units / plan->P, 4) : side_by_side(k, level, vectors_a_panel(plan, i));
            const Rows inputs = {k->inputs + k->sums, REST_ALONE, false}; /* the bias's sums take as much as one more input, in the last tile */
            choice = choose_rows(level, units * k->slots, &inputs, level->load);
            choice.units = units;
            k->fetches = fetches_sums(plan, k);
        } else {
            continue;
        }
        k->rows_tile[i] = choice.rows;
        k->units_tile[i] = choice.units;
    }
    if (plan->narrow) /* vectors of 64 bytes do not occur */
        k->rows_tile[0] = k->rows_tile[1], k->units_tile[0] = k->units_tile[1];
    choose_block(plan, k);
}

void plan_tiles(Plan *plan)
{
    for (int i = 0; i < plan->kernels_count; i++)
        choose(plan, &plan->kernels[i]);
}
