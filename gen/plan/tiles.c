/* tiles.c: the register tile of every kernel, for each width of vectors.
 *
 * Takes: a kernel's shape and the batch. Gives: rows x vectors of units held in registers. Does not: see the machine it
 * runs on: the C picks the column for its own vectors when it is compiled.
 *
 * A tile of R rows and N vectors does R N multiply-adds a k, loads N weights and broadcasts R inputs; two of each go
 * through a core of today every cycle. Rows that do not fill the last tile are done twice, or one by one. So a k costs
 * max(R N, R + N, latency) / 2 cycles, times the tiles the batch needs.
 */
#include "plan.h"

typedef struct Level {
    int registers;  /* vector registers the tile may use */
    int most_units; /* vectors of units side by side, at most */
} Level;

/* vectors of 64 bytes (AVX-512), 32 (AVX2), 16 (SSE2; NEON has more), one number */
static const Level LEVELS[TARGET_LEVELS] = {{31, 6}, {16, 2}, {16, 2}, {16, 1}};
enum { CACHED_WEIGHTS = 36 << 10 }; /* of a first cache of 48 KB or 32 KB */
enum { CHAINS = 8 }; /* independent sums that hide the latency of a multiply-add: 4 cycles, two a cycle */

static int most(int a, int b) { return a > b ? a : b; }

/* Rows of a tile with `vectors` accumulators a row. */
static int choose_rows(const Level *level, int vectors, int rows)
{
    int best = 1;
    double best_cost = 1e300;
    for (int r = 1; r <= 14 && r * vectors + vectors + (vectors > 1) <= level->registers; r++) {
        int tiles = (rows + r - 1) / r;
        double cost = tiles * (most(most(r * vectors, r + vectors), CHAINS) + 0.5);
        if (cost < best_cost * 0.999)
            best_cost = cost, best = r;
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

/* One row: as many sums as hide the latency, of units side by side .. */
static int stream_units(const Kernel *k, int panels, int limit)
{
    int n = most(1, (2 * CHAINS) / k->slots);
    return divisor(panels, n < limit ? n : limit);
}

/* .. and where there are too few, of slices of k: 1, 2, 4 or 8 */
static int stream_slices(const Kernel *k, const Level *level, int units)
{
    int slices = 1;
    while (slices < 8 && slices * units * k->slots < 2 * CHAINS && 2 * slices * units * k->slots + 2 < level->registers)
        slices *= 2;
    return slices;
}

/* Vectors of units side by side whose weights, read again by every tile of rows, stay in the first cache; two share what a row is read for */
static int cached_units(const Kernel *k, int limit)
{
    int64_t inputs = 0;
    for (int i = 0; i < k->sources_count; i++)
        inputs += (int64_t)k->sources[i].reps * k->sources[i].run;
    const int64_t fit = inputs > 0 ? CACHED_WEIGHTS / (inputs * k->slots * 64) : limit;
    return fit < 2 ? 2 : fit < limit ? (int)fit : limit;
}

static void choose(const Plan *plan, Kernel *k)
{
    const int panels = k->units / plan->P;
    for (int i = 0; i < TARGET_LEVELS; i++) {
        const Level *level = &LEVELS[i];
        const int vectors_a_panel = 1 << i; /* 64-byte panels: 1, 2, 4 vectors; scalars: any */
        if (k->kind == KERNEL_TILE) {
            int units = 1;
            if (i == 0)
                units = k->one_row ? stream_units(k, panels, 4) : k->slots == 1 ? divisor(panels, cached_units(k, level->most_units)) : 1;
            else if (k->slots == 1 && i < 3)
                units = divisor(vectors_a_panel, level->most_units);
            k->units_tile[i] = units;
            k->rows_tile[i] = k->one_row ? i < 3 ? stream_slices(k, level, units) : 1 : choose_rows(level, units * k->slots, plan->B);
        } else if (k->kind == KERNEL_OUTER) {
            int units = i == 0 && k->slots == 1 ? divisor(panels, 4) : 1;
            k->units_tile[i] = units;
            k->rows_tile[i] = choose_rows(level, units * k->slots, k->inputs);
        }
    }
}

void plan_tiles(Plan *plan)
{
    for (int i = 0; i < plan->kernels_count; i++)
        choose(plan, &plan->kernels[i]);
}
