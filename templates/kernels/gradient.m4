m4_dnl gradient.m4: gradients of weights and biases, summed over rows (KERNEL_OUTER, KERNEL_SUM).
m4_dnl
m4_dnl sg_outer(NAME, COMMENT, R by width, N by width, SLOTS, INPUTS, A_STRIDE, D_STRIDE, D_SLOTS, D_SLOT, W_ROWS, W_FIRST, UNITS, sums or nothing)
m4_dnl A tile is R inputs x N vectors of units x S slots; rows run past it in blocks that stay in the cache. Threads share the
m4_dnl units: every sum runs over all rows in their order, so its bits do not depend on how many threads there are. sums: the
m4_dnl last tile, of REST inputs, perhaps of none, has registers free to add up the rows of d as well: the gradient of a bias.
m4_define(<|sg_if_sums|>, <|m4_ifelse(<|$1|>, <|sums|>, <|$2|>, <|$3|>)|>)m4_dnl
sg_defop(<|sg_outer|>, 14, <|
/* $2 */
enum { $1_R = BY_WIDTH($3), $1_N = BY_WIDTH($4) };

INLINE void $1_tile(const int R, const int k, const int u, const ptrdiff_t rows, const Real *a, const Real *d, Real *dw<||>sg_if_sums(<|$14|>, <|, const int with_db, Real *db|>))
{
    enum { N = $1_N, S = $5 };
    V acc[$1_R][N * S]<||>sg_if_sums(<|$14|>, <|, sum[N * S]|>);
    Real *out = dw + $12 * S * P + SPAN(u, $11 * S * P);
    UNROLL for (int b = 0; b < R; b++)
        UNROLL for (int j = 0; j < N; j++)
            UNROLL for (int q = 0; q < S; q++)
                acc[b][j * S + q] = v_load(out + b * S * P + SPAN(j * W, $11 * S * P) + q * P);
sg_if_sums(<|$14|>, <|    UNROLL for (int j = 0; j < N; j++)
        UNROLL for (int q = 0; q < S; q++)
            sum[j * S + q] = with_db ? v_load(db + SPAN(u, S * P) + SPAN(j * W, S * P) + q * P) : v_zero();
|>)m4_dnl
    a += k;
    d += SPAN(u, $9 * P)$10;
    UNROLL_4 for (ptrdiff_t r = 0; r < rows; r++, a += $7, d += $8) {
        V dr[N * S];
        UNROLL for (int j = 0; j < N; j++)
            UNROLL for (int q = 0; q < S; q++)
                dr[j * S + q] = v_load(d + SPAN(j * W, $9 * P) + q * P);
        UNROLL for (int b = 0; b < R; b++) {
            const V ak = v_set(a[b]);
            UNROLL for (int j = 0; j < N * S; j++)
                acc[b][j] += ak * dr[j];
        }
sg_if_sums(<|$14|>, <|        if (with_db) {
            UNROLL for (int j = 0; j < N * S; j++)
                sum[j] += dr[j];
        }
|>)m4_dnl
    }
sg_if_sums(<|$14|>, <|    if (with_db) {
        UNROLL for (int j = 0; j < N; j++)
            UNROLL for (int q = 0; q < S; q++)
                v_store(db + SPAN(u, S * P) + SPAN(j * W, S * P) + q * P, sum[j * S + q]);
    }
|>)m4_dnl
    UNROLL for (int b = 0; b < R; b++)
        UNROLL for (int j = 0; j < N; j++)
            UNROLL for (int q = 0; q < S; q++)
                v_store(out + b * S * P + SPAN(j * W, $11 * S * P) + q * P, acc[b][j * S + q]);
}

static void $1(const Share *s, const int rows, const Real *a, const Real *d, Real *dw<||>sg_if_sums(<|$14|>, <|, Real *db|>))
{
    enum { INPUTS = $6, REST = INPUTS % $1_R };
    const Range units = share_range(s, $13, $1_N * W);
    for (int u = (int)units.first; u < units.end; u += $1_N * W)
        for (ptrdiff_t first = 0; first < rows; first += ROW_BLOCK) {
            const ptrdiff_t count = rows - first < ROW_BLOCK ? rows - first : ROW_BLOCK;
            for (int k = 0; k + $1_R <= INPUTS; k += $1_R)
                $1_tile($1_R, k, u, count, a + first * $7, d + first * $8, dw<||>sg_if_sums(<|$14|>, <|, 0, db|>));
sg_if_sums(<|$14|>, <|            /* these few have registers free for the sums of d */
|>, <|            if (REST > 0)
    |>)            $1_tile(REST, INPUTS - REST, u, count, a + first * $7, d + first * $8, dw<||>sg_if_sums(<|$14|>, <|, 1, db|>));
        }
}|>)m4_dnl
m4_dnl
m4_dnl sg_sum(NAME, COMMENT, COUNT, STRIDE of d)
sg_defop(<|sg_sum|>, 4, <|
/* $2 */
static void $1(const Share *s, const int rows, const Real *d, Real *db)
{
    enum { SIDE = 8 }; /* sums side by side: an addition takes several cycles, but one can start every half */
    const Range units = share_range(s, $3, W);
    ptrdiff_t v = units.first;
    for (; v + SIDE * W <= units.end; v += SIDE * W) {
        V sum[SIDE];
        UNROLL for (int j = 0; j < SIDE; j++)
            sum[j] = v_load(db + v + j * W);
        for (ptrdiff_t r = 0; r < rows; r++)
            UNROLL for (int j = 0; j < SIDE; j++)
                sum[j] += v_load(d + r * $4 + v + j * W);
        UNROLL for (int j = 0; j < SIDE; j++)
            v_store(db + v + j * W, sum[j]);
    }
    for (; v < units.end; v += W) {
        V sum = v_load(db + v);
        for (ptrdiff_t r = 0; r < rows; r++)
            sum += v_load(d + r * $4 + v);
        v_store(db + v, sum);
    }
}|>)m4_dnl
