m4_dnl gradient.m4: gradients of weights and biases, summed over rows (KERNEL_OUTER, KERNEL_SUM).
m4_dnl
m4_dnl sg_outer(NAME, COMMENT, R by width, N by width, SLOTS, INPUTS, A_STRIDE, D_STRIDE, D_SLOTS, D_SLOT, W_ROWS, W_FIRST, UNITS, sums or nothing, runs or
m4_dnl   nothing, fetches or nothing)
m4_dnl A tile is R inputs x N vectors of units x S slots; rows run past it in blocks that stay in the cache. Threads share the
m4_dnl units: every sum runs over its rows in their order (all, or those of a fixed part of the batch), so its bits do not depend on how many
m4_dnl threads there are. sums: the
m4_dnl last tile, of REST inputs, perhaps of none, has registers free to add up the rows of d as well: the gradient of a bias. runs: the
m4_dnl rows come in runs of `rows`, `pitch` rows apart: some sequences of a batch, step by step.
m4_define(<|sg_if_sums|>, <|m4_ifelse(<|$1|>, <|sums|>, <|$2|>, <|$3|>)|>)m4_dnl
m4_define(<|sg_more|>, <|sg_if_runs(<|$1|>, <|    |>)|>)m4_dnl
m4_define(<|sg_if_runs|>, <|m4_ifelse(<|$1|>, <|runs|>, <|$2|>, <|$3|>)|>)m4_dnl
sg_defop(<|sg_outer|>, 16, <|
/* $2 */
enum { $1_R = $3, $1_N = $4 };

INLINE void $1_tile(const int R, const int k, const int u, sg_if_runs(<|$15|>, <|const ptrdiff_t runs, const ptrdiff_t pitch, |>)const ptrdiff_t rows, const Real *a, const Real *d,
    Real *dw<||>sg_if_sums(<|$14|>, <|, const int with_db, Real *db|>))
{
    enum { N = $1_N, S = $5 };
    V acc[$1_R][N * S]<||>sg_if_sums(<|$14|>, <|, sum[N * S]|>);
    Real *out = dw + $12 * S * P + SPAN(u, $11 * S * P);
    UNROLL for (int b = 0; b < R; b++)
        UNROLL for (int q = 0; q < S; q++)
            UNROLL for (int j = 0; j < N; j++)
                acc[b][q * N + j] = v_get(out + b * S * P + SPAN(j * W, $11 * S * P) + q * P);
sg_if_sums(<|$14|>, <|    UNROLL for (int q = 0; q < S; q++)
        UNROLL for (int j = 0; j < N; j++)
            sum[q * N + j] = with_db ? v_get(db + SPAN(u, S * P) + SPAN(j * W, S * P) + q * P) : v_zero();
|>)m4_dnl
m4_ifelse(<|$16|>, <|fetches|>, <|    const Real *next = k + 2 * R <= $6 ? out + R * S * P : out; /* the next tile's sums come from afar, while this one's grow */
    UNROLL for (int b = 0; b < R; b++)
        UNROLL for (int q = 0; q < S; q++)
            UNROLL for (int j = 0; j < N; j++)
                v_fetch_near(next + b * S * P + SPAN(j * W, $11 * S * P) + q * P);
|>)m4_dnl
    a += k;
    d += SPAN(u, $9 * P)$10;
sg_if_runs(<|$15|>, <|    for (ptrdiff_t run = 0; run < runs; run++, a += (pitch - rows) * $7, d += (pitch - rows) * $8)
|>)m4_dnl
sg_more(<|$15|>)    UNROLL_4 for (ptrdiff_t r = 0; r < rows; r++, a += $7, d += $8) {
sg_more(<|$15|>)        V dr[N * S];
sg_more(<|$15|>)        UNROLL for (int q = 0; q < S; q++)
sg_more(<|$15|>)            UNROLL for (int j = 0; j < N; j++)
sg_more(<|$15|>)                dr[q * N + j] = v_get(d + SPAN(j * W, $9 * P) + q * P);
sg_more(<|$15|>)        UNROLL for (int b = 0; b < R; b++) {
sg_more(<|$15|>)            const V ak = v_set(a[b]);
sg_more(<|$15|>)            UNROLL for (int j = 0; j < N * S; j++)
sg_more(<|$15|>)                acc[b][j] += ak * dr[j];
sg_more(<|$15|>)        }
sg_if_sums(<|$14|>, <|sg_more(<|$15|>)        if (with_db) {
sg_more(<|$15|>)            UNROLL for (int j = 0; j < N * S; j++)
sg_more(<|$15|>)                sum[j] += dr[j];
sg_more(<|$15|>)        }
|>)m4_dnl
sg_more(<|$15|>)    }
sg_if_sums(<|$14|>, <|    if (with_db) {
        UNROLL for (int q = 0; q < S; q++)
            UNROLL for (int j = 0; j < N; j++)
                v_put(db + SPAN(u, S * P) + SPAN(j * W, S * P) + q * P, sum[q * N + j]);
    }
|>)m4_dnl
    UNROLL for (int b = 0; b < R; b++)
        UNROLL for (int q = 0; q < S; q++)
            UNROLL for (int j = 0; j < N; j++)
                v_put(out + b * S * P + SPAN(j * W, $11 * S * P) + q * P, acc[b][q * N + j]);
}

static void $1(const Share *s, sg_if_runs(<|$15|>, <|const int runs, const ptrdiff_t pitch, |>)const int rows, const Real *a, const Real *d, Real *dw<||>sg_if_sums(<|$14|>, <|, Real *db|>))
{
    enum { INPUTS = $6, REST = INPUTS % $1_R };
    const Range units = share_range(s, $13, $1_N * W);
sg_if_runs(<|$15|>, <|    const int block = rows > 0 && rows < ROW_BLOCK ? ROW_BLOCK / rows : 1; /* runs of a block of rows */
|>)m4_dnl
    for (int u = (int)units.first; u < units.end; u += $1_N * W)
sg_if_runs(<|$15|>, <|        for (int run = 0; run < runs; run += block)
            for (ptrdiff_t first = 0; first < rows; first += ROW_BLOCK) {
                const ptrdiff_t row = run * pitch + first, several = runs - run < block ? runs - run : block;
                const ptrdiff_t count = rows - first < ROW_BLOCK ? rows - first : ROW_BLOCK;
|>, <|        for (ptrdiff_t row = 0; row < rows; row += ROW_BLOCK) {
            const ptrdiff_t count = rows - row < ROW_BLOCK ? rows - row : ROW_BLOCK;
|>)m4_dnl
sg_more(<|$15|>)            for (int k = 0; k + $1_R <= INPUTS; k += $1_R)
sg_more(<|$15|>)                $1_tile($1_R, k, u, sg_if_runs(<|$15|>, <|several, pitch, |>)count, a + row * $7, d + row * $8, dw<||>sg_if_sums(<|$14|>, <|, 0, db|>));
sg_if_sums(<|$14|>, <|sg_more(<|$15|>)            /* these few inputs, or none, leave registers free for the sums of d */
|>, <|sg_more(<|$15|>)            if (REST > 0)
    |>)sg_more(<|$15|>)            $1_tile(REST, INPUTS - REST, u, sg_if_runs(<|$15|>, <|several, pitch, |>)count, a + row * $7, d + row * $8, dw<||>sg_if_sums(<|$14|>, <|, 1, db|>));
sg_more(<|$15|>)        }
}|>)m4_dnl
m4_dnl
m4_dnl sg_sum(NAME, COMMENT, COUNT, STRIDE of d, runs or nothing)
sg_defop(<|sg_sum|>, 5, <|
/* $2 */
static void $1(const Share *s, sg_if_runs(<|$5|>, <|const int runs, const ptrdiff_t pitch, |>)const int rows, const Real *d, Real *db)
{
    enum { SIDE = 8 }; /* sums side by side: an addition takes several cycles, but one can start every half */
    const Range units = share_range(s, $3, W);
    ptrdiff_t v = units.first;
    for (; v + SIDE * W <= units.end; v += SIDE * W) {
        V sum[SIDE];
        UNROLL for (int j = 0; j < SIDE; j++)
            sum[j] = v_get(db + v + j * W);
sg_if_runs(<|$5|>, <|        for (ptrdiff_t run = 0; run < runs; run++)
            for (ptrdiff_t r = run * pitch; r < run * pitch + rows; r++)
                UNROLL for (int j = 0; j < SIDE; j++)
                    sum[j] += v_get(d + r * $4 + v + j * W);
|>, <|        for (ptrdiff_t r = 0; r < rows; r++)
            UNROLL for (int j = 0; j < SIDE; j++)
                sum[j] += v_get(d + r * $4 + v + j * W);
|>)m4_dnl
        UNROLL for (int j = 0; j < SIDE; j++)
            v_put(db + v + j * W, sum[j]);
    }
    for (; v < units.end; v += W) {
        V sum = v_get(db + v);
sg_if_runs(<|$5|>, <|        for (ptrdiff_t run = 0; run < runs; run++)
            for (ptrdiff_t r = run * pitch; r < run * pitch + rows; r++)
                sum += v_get(d + r * $4 + v);
|>, <|        for (ptrdiff_t r = 0; r < rows; r++)
            sum += v_get(d + r * $4 + v);
|>)m4_dnl
        v_put(db + v, sum);
    }
}|>)m4_dnl
