m4_dnl tile.m4: products in register tiles, with a program behind them (KERNEL_TILE of gen/plan/plan.h).
m4_dnl
m4_dnl Inside: R rows, N vectors of units, S slots a unit; row the first row, u the first unit. SPAN(u, X) is where unit u
m4_dnl stands when a panel of P units takes X numbers.
m4_dnl
m4_dnl sg_tile_begin(NAME, COMMENT, R by vector width, N by vector width, SLOTS, PARAMS)
sg_defop(<|sg_tile_begin|>, 6, <|
/* $2 */
enum { $1_R = $3, $1_N = $4 };

INLINE void $1_tile(const int R, const ptrdiff_t row, const int u, $6)
{
    enum { N = $1_N, S = $5 };
    V acc[$1_R][N * S];|>)m4_dnl
m4_dnl
m4_dnl What the sums start from. sg_init_lookup(BIAS or ZERO, TOKENS, TABLE, SLOTS of the table, floats of a row)
sg_defop(<|sg_init_zero|>, 0, <|    UNROLL for (int b = 0; b < R; b++)
        UNROLL for (int j = 0; j < N * S; j++)
            acc[b][j] = v_zero();|>)m4_dnl
sg_defop(<|sg_init_bias|>, 1, <|    UNROLL for (int b = 0; b < R; b++)
        UNROLL for (int q = 0; q < S; q++)
            UNROLL for (int j = 0; j < N; j++)
                acc[b][q * N + j] = v_get($1 + SPAN(u, S * P) + SPAN(j * W, S * P) + q * P);|>)m4_dnl
m4_dnl sg_init_row(PRODUCTS, STRIDE): made before
sg_defop(<|sg_init_row|>, 2, <|    UNROLL for (int b = 0; b < R; b++)
        UNROLL for (int q = 0; q < S; q++)
            UNROLL for (int j = 0; j < N; j++)
                acc[b][q * N + j] = v_get($1 + (row + b) * $2 + SPAN(u, S * P) + SPAN(j * W, S * P) + q * P);|>)m4_dnl
sg_defop(<|sg_init_lookup|>, 4, <|    UNROLL for (int b = 0; b < R; b++) {
        const Real *entry = $2 + (ptrdiff_t)$1[row + b] * $4 + SPAN(u, $3 * P);
        UNROLL for (int q = 0; q < $3; q++)
            UNROLL for (int j = 0; j < N; j++)
                acc[b][q * N + j] += v_get(entry + SPAN(j * W, $3 * P) + q * P);
    }|>)m4_dnl
m4_dnl
m4_dnl sg_source(A, A_STRIDE, OFFSET, RUN, W, W_ROWS, W_OFFSET, SLOT, SLOTS, NEXT): acc[slot..] += a[k] w[k], k < RUN
m4_dnl OFFSET, W_OFFSET and SLOT come as the C term, " + 16" and "1 + ", or empty where they are zero; NEXT is empty, or what is read soon.
m4_define(<|sg_fetch_next|>, <|m4_ifelse(<|$2|>, , , <|
$1v_fetch_near($2);|>)|>)m4_dnl
m4_dnl sg_tile_k(INDENT, A_STRIDE, W_ROWS, SLOT, SLOTS): one k
m4_define(<|sg_tile_k|>, <|$1V wk[N * $5];
$1UNROLL for (int q = 0; q < $5; q++)
$1    UNROLL for (int j = 0; j < N; j++)
$1        wk[q * N + j] = v_get(from + SPAN(j * W, $3 * $5 * P) + q * P);
$1UNROLL for (int b = 0; b < R; b++) {
$1    const V xk = v_set(in[b * $2 + k]);
$1    UNROLL for (int q = 0; q < $5; q++)
$1        UNROLL for (int j = 0; j < N; j++)
$1            acc[b][m4_ifelse(<|$4|>, , <|q|>, <|($4q)|>) * N + j] += xk * wk[q * N + j];
$1}|>)m4_dnl
sg_defop(<|sg_source|>, 10, <|    {
        const Real *in = $1 + row * $2$3, *from = $5$7 + SPAN(u, $6 * $9 * P);
        UNROLL_4 for (int k = 0; k < $4; k++, from += $9 * P) {sg_fetch_next(<|            |>, <|$10|>)
sg_tile_k(<|            |>, <|$2|>, <|$6|>, <|$8|>, <|$9|>)
        }
    }|>)m4_dnl
m4_dnl sg_source_runs(.., REPS, PITCH): the same where a's elements come in REPS runs, PITCH apart
sg_defop(<|sg_source_runs|>, 12, <|    {
        const Real *in = $1 + row * $2$3, *from = $5$7 + SPAN(u, $6 * $9 * P);
        for (int run = 0; run < $11; run++, in += $12)
            UNROLL_4 for (int k = 0; k < $4; k++, from += $9 * P) {sg_fetch_next(<|                |>, <|$10|>)
sg_tile_k(<|                |>, <|$2|>, <|$6|>, <|$8|>, <|$9|>)
            }
    }|>)m4_dnl
m4_dnl
m4_dnl The program behind the sums: sg_program_begin, sg_slot for each slot, sg_load, sg_let, sg_note, sg_store, sg_program_end; where it
m4_dnl goes over the rows twice, sg_keep, behind sg_keeps, puts what the second pass takes from the first into the place of a sum.
sg_defop(<|sg_program_begin|>, 0, <|    UNROLL for (int b = 0; b < R; b++)
        UNROLL for (int j = 0; j < N; j++) {
            const ptrdiff_t at = row + b;
            const int v = u + j * W;|>)m4_dnl
m4_dnl sg_program_of_sums: neither reads nor writes anything else
sg_defop(<|sg_program_of_sums|>, 0, <|    UNROLL for (int b = 0; b < R; b++)
        UNROLL for (int j = 0; j < N; j++) {|>)m4_dnl
sg_defop(<|sg_program_again|>, 0, <|    /* a row waits for each of its own results: so the rows go side by side through either half of the equations */
sg_program_begin|>)m4_dnl
sg_defop(<|sg_slot|>, 2, <|            const V $1 = acc[b][$2 * N + j];|>)m4_dnl
sg_defop(<|sg_keeps|>, 0, <|            /* for the second half of the equations, in the place of sums that are done with */|>)m4_dnl
sg_defop(<|sg_keep|>, 2, <|            acc[b][$1 * N + j] = $2;|>)m4_dnl
sg_defop(<|sg_load|>, 3, <|            const V $1 = v_get($2 + at * $3 + v);|>)m4_dnl
sg_defop(<|sg_load_slot|>, 5, <|            const V $1 = v_get($2 + at * $3 + SPAN(v, $4 * P)$5);|>)m4_dnl
sg_defop(<|sg_let|>, 2, <|            const V $1 = $2;|>)m4_dnl
sg_defop(<|sg_note|>, 1, <|            /* $1 */|>)m4_dnl
sg_defop(<|sg_store|>, 3, <|            v_put($2 + at * $3 + v, $1);|>)m4_dnl
sg_defop(<|sg_store_slot|>, 5, <|            v_put($2 + at * $3 + SPAN(v, $4 * P)$5, $1);|>)m4_dnl
sg_defop(<|sg_program_end|>, 0, <|        }|>)m4_dnl
m4_dnl What is stored is fetched before: sg_fetch_begin(blocked or nothing), sg_fetch or sg_fetch_slot for each store, as those with a value, sg_program_end
sg_defop(<|sg_fetch_begin|>, 1, <|    /* what is written behind the sums, a line of the cache at a time */
sg_program_begin
            if (m4_ifelse(<|$1|>, <|blocked|>, <|block < BLOCKS - 1 || (W < P && v % P > 0)|>, <|W < P && v % P > 0|>))
                continue;|>)m4_dnl
sg_defop(<|sg_fetch|>, 3, <|            v_fetch_near($2 + at * $3 + v);|>)m4_dnl
sg_defop(<|sg_fetch_slot|>, 5, <|            v_fetch_near($2 + at * $3 + SPAN(v, $4 * P)$5);|>)m4_dnl
m4_dnl
m4_dnl sg_tile_rows(NAME, PARAMS, ARGS, FIRST UNIT, END, even or again): the kernel over all rows. again: rows past the last whole tile are
m4_dnl done together with rows done already, which gives those the same values again. even: so are they where rows are few; else
m4_dnl some tiles have a row less, so that none is left over: faster, and longer by the code of that tile.
m4_dnl sg_tiles(INDENT, NAME, the arguments before row, those behind it, even or again)
m4_define(<|sg_tiles_less|>, <|m4_ifelse(<|$2|>, <|even|>, <|
    const int less = ($1_R - rows % $1_R) % $1_R; /* tiles of a row less, so that no row is left over */|>)|>)m4_dnl
m4_define(<|sg_tiles|>, <|$1if (rows < $2_R) {
$1    for (int row = 0; row < rows; row++)
$1        $2_tile(1, $3row, $4);
$1} else m4_ifelse(<|$5|>, <|even|>, <|if (less * ($2_R - 1) > rows) |>){
$1    for (int row = 0; row < rows; row += $2_R)
$1        $2_tile($2_R, $3row + $2_R <= rows ? row : rows - $2_R, $4);
m4_ifelse(<|$5|>, <|even|>, <|$1} else {
$1    int row = 0;
$1    for (; row < rows - less * ($2_R - 1); row += $2_R)
$1        $2_tile($2_R, $3row, $4);
$1    for (; row < rows; row += $2_R - 1)
$1        $2_tile($2_R - 1, $3row, $4);
|>)m4_dnl
$1}|>)m4_dnl
m4_dnl shared: threads share the units, in whole tiles
m4_define(<|sg_if_shared|>, <|m4_ifelse(<|$1|>, <|shared|>, <|$2|>, <|$3|>)|>)m4_dnl
m4_define(<|sg_units_share|>, <|sg_if_shared(<|$4|>, <|    const Range units = share_range(s, m4_eval($3 - $2), $1_N * W);
|>)|>)m4_dnl
m4_define(<|sg_units_each|>, <|sg_if_shared(<|$4|>, <|for (int u = m4_ifelse($2, 0, , $2 + )(int)units.first; u < m4_ifelse($2, 0, , $2 + )units.end; u += $1_N * W)|>, <|for (int u = $2; u < $3; u += $1_N * W)|>)|>)m4_dnl
sg_defop(<|sg_tile_rows|>, 7, <|}

static void $1(sg_if_shared(<|$7|>, <|const Share *s, |>)const int rows, $2)
{sg_tiles_less(<|$1|>, <|$6|>)
sg_units_share(<|$1|>, $4, $5, <|$7|>)m4_dnl
    sg_units_each(<|$1|>, $4, $5, <|$7|>) {
sg_tiles(<|        |>, <|$1|>, , <|u, $3|>, <|$6|>)
    }
}|>)m4_dnl
m4_dnl sg_tile_rows_in_place: no row may be done twice
sg_defop(<|sg_tile_rows_in_place|>, 5, <|}

static void $1(const int rows, $2)
{
    for (int u = $4; u < $5; u += $1_N * W) {
        int row = 0;
        for (; row + $1_R <= rows; row += $1_R)
            $1_tile($1_R, row, u, $3);
        for (; row < rows; row++)
            $1_tile(1, row, u, $3);
    }
}|>)m4_dnl
m4_dnl
m4_dnl Weights of a tile beyond the first cache: the k's go in blocks of K, and all rows are done with the weights of one before those
m4_dnl of the next are fetched. What is summed so far waits in `sums`, a place a row; a tile's own, as rows may be in two tiles.
m4_dnl sg_blocked_begin(NAME, COMMENT, R by vector width, N by vector width, SLOTS, PARAMS, K, BLOCKS), inits, sg_blocked_resume,
m4_dnl sg_blocked_source(those of sg_source but NEXT, its blocks as a C condition, the first k of one, the k behind it, NEXT) .., sg_blocked_pause, program, sg_blocked_rows(.., the most rows, even or again)
sg_defop(<|sg_blocked_begin|>, 8, <|
/* $2;
 * $7 inputs at a time, so that their weights stay in the first cache from rows to rows */
enum { $1_R = $3, $1_N = $4, $1_BLOCKS = $8 };

INLINE void $1_tile(const int R, const int block, const ptrdiff_t row, const int u, V sums[][$1_N * $5], $6)
{
    enum { N = $1_N, S = $5, K = $7, BLOCKS = $1_BLOCKS };
    V acc[$1_R][N * S];|>)m4_dnl
sg_defop(<|sg_blocked_resume|>, 0, <|    if (block > 0) {
        UNROLL for (int b = 0; b < R; b++)
            UNROLL for (int j = 0; j < N * S; j++)
                acc[b][j] = sums[b][j];
    }|>)m4_dnl
m4_define(<|sg_blocked_run|>, <|    if ($10) {
        const int k0 = $11 * K, k1 = $12;
        const Real *in = $1 + row * $2$3, *from = $5$7 + SPAN(u, $6 * $9 * P) + k0 * $9 * P;$14
        UNROLL_4 for (int k = k0; k < k1; k++, from += $9 * P) {sg_fetch_next(<|            |>, <|$13|>)$15
sg_tile_k(<|            |>, <|$2|>, <|$6|>, <|$8|>, <|$9|>)
        }
    }|>)m4_dnl
sg_defop(<|sg_blocked_source|>, 13, <|sg_blocked_run($@)|>)m4_dnl
m4_dnl The weights a block further on come from beyond the second cache: each tile of rows has one of the block's SLOTS parts of them fetched.
m4_dnl sg_blocked_source_ahead(those of sg_blocked_source, END of the units)
sg_defop(<|sg_blocked_source_ahead|>, 14, <|sg_blocked_run(m4_dnl
<|$1|>, <|$2|>, <|$3|>, <|$4|>, <|$5|>, <|$6|>, <|$7|>, <|$8|>, <|$9|>, <|$10|>, <|$11|>, <|$12|>, <|$13|>, <|
        /* this tile's part of the weights a block further on; behind the last block, and for tiles beyond S, what is there anyway */
        const int more = row / R < S && (k1 + K <= $4 || u + W < $14);
        const Real *ahead = more ? from + K * $9 * P + row / R * K * P : from;|>, <|
            v_fetch_far(ahead + (k - k0) * P);|>)|>)m4_dnl
sg_defop(<|sg_blocked_pause|>, 0, <|    if (block < BLOCKS - 1) {
        UNROLL for (int b = 0; b < R; b++)
            UNROLL for (int j = 0; j < N * S; j++)
                sums[b][j] = acc[b][j];
        return;
    }|>)m4_dnl
sg_defop(<|sg_blocked_rows|>, 9, <|}

static void $1(sg_if_shared(<|$9|>, <|const Share *s, |>)const int rows, $2)
{sg_tiles_less(<|$1|>, <|$8|>)
    V sums[$7 + $1_R][$1_N * $6]; /* on the stack */
sg_units_share(<|$1|>, $4, $5, <|$9|>)m4_dnl
    sg_units_each(<|$1|>, $4, $5, <|$9|>)
        for (int block = 0; block < $1_BLOCKS; block++) {
sg_tiles(<|            |>, <|$1|>, <|block, |>, <|u, sums + row, $3|>, <|$8|>)
        }
}|>)m4_dnl
m4_dnl
m4_dnl One row alone (streaming, a batch of one) waits for its own sums: K slices of k are summed side by side, then folded.
m4_dnl sg_single_begin(NAME, COMMENT, K by vector width, N by vector width, SLOTS, PARAMS, UNITS, turns or nothing, LANES of a tail or nothing,
m4_dnl slots that come late, or staggered, or nothing);
m4_dnl NAME_WHOLE: one tile has all units, so it may write where it reads. sg_single_source* are sg_source*'s, without the stride of a row.
m4_dnl
m4_dnl tail: the last units, fewer than a panel. Of their products with the state each input's weights for all gates stand in one vector, or few
m4_dnl (w_tail), where a panel for each gate would be padding for the most part. The first tile sums them beside its own: with_tail.
m4_define(<|sg_if_tail|>, <|m4_ifelse(<|$1|>, , <|$3|>, <|$2|>)|>)m4_dnl
m4_dnl
m4_dnl late: the first slots of the last source, the state, are summed behind the first half of the program. While its functions wait for each other, these sums
m4_dnl run. Where a tile has but a part of the units, those of the next one do that already: LATE is 0 then, and all are summed before.
m4_dnl
m4_dnl staggered: where a tile has all units, in N vectors, the functions of each run beside the products of the next one, and those of the last one beside the
m4_dnl products of the next step with all of the state but its last vector, which that one waits for. Where it has a vector, that is the tile as it would be.
m4_dnl Where there are only scalars, K is 1, and nothing is sliced or folded.
sg_defop(<|sg_single_begin|>, 10, <|m4_define(<|sg_sliced|>, <|m4_ifelse(<|$3|>, 1, no, yes)|>)
/* $2; one row<||>m4_ifelse(sg_sliced, yes, <|, K slices of k side by side|>)<||>m4_ifelse(<|$10|>, , , <|$10|>, staggered, <|;
 * each vector of units runs through its equations while the next one is summed|>, <|; the state's slots before LATE come behind the first half of the equations|>) */
enum { $1_K = $3, $1_N = $4, $1_WHOLE = $1_N * W == $7 };

INLINE void $1_tile(m4_ifelse(<|$8|>, <|turns|>, <|const int turn, |>)sg_if_tail(<|$9|>, <|const int with_tail, V *tail, |>)const int u, $6)
{
    enum { R = 1, row = 0, K = $1_K, N = $1_N, S = $5<||>sg_if_tail(<|$9|>, <|, L = $9 / W|>)<||>m4_ifelse(<|$10|>, , , <|$10|>, staggered, <|, EARLY = $1_WHOLE ? (N - 1) * W : 0|>, <|, LATE = $1_WHOLE ? $10 : 0|>) };
    V acc[K][N * S]<||>sg_if_tail(<|$9|>, <|, rest[K][L]|>);
    UNROLL for (int b = 0; b < K; b++)
        UNROLL for (int j = 0; j < N * S; j++)
            acc[b][j] = v_zero();sg_if_tail(<|$9|>, <|
    UNROLL for (int b = 0; b < K; b++)
        UNROLL for (int j = 0; j < L; j++)
            rest[b][j] = v_zero();|>)|>)m4_dnl
sg_defop(<|sg_single_bias|>, 1, <|    UNROLL for (int q = 0; q < S; q++)
        UNROLL for (int j = 0; j < N; j++)
            acc[0][q * N + j] = v_get($1 + SPAN(u, S * P) + SPAN(j * W, S * P) + q * P);|>)m4_dnl
sg_defop(<|sg_single_row|>, 2, <|sg_single_bias(<|$1|>)|>)m4_dnl
sg_defop(<|sg_single_lookup|>, 4, <|    const Real *entry = $2 + (ptrdiff_t)$1[0] * $4 + SPAN(u, $3 * P);
    UNROLL for (int q = 0; q < $3; q++)
        UNROLL for (int j = 0; j < N; j++)
            acc[0][q * N + j] += v_get(entry + SPAN(j * W, $3 * P) + q * P);|>)m4_dnl
m4_dnl sg_single_k(INDENT, slice, index of the input, where its weights stand, W_ROWS, SLOT, SLOTS, from which slot, to which, LANES of a tail or nothing, where its
m4_dnl weights stand): one input
m4_define(<|sg_single_k|>, <|$1UNROLL for (int q = $8; q < $9; q++)
$1    UNROLL for (int j = 0; j < N; j++)
$1        acc[$2][m4_ifelse(<|$6|>, , <|q|>, <|($6q)|>) * N + j] += v_set(in[$3]) * v_get($4 + SPAN(j * W, $5 * $7 * P) + q * P);sg_if_tail(<|$10|>, <|
$1if (with_tail) {
$1    UNROLL for (int j = 0; j < L; j++)
$1        rest[$2][j] += v_set(in[$3]) * v_get($11 + j * W);
$1}|>)|>)m4_dnl
m4_dnl sg_single_run(INDENT, RUN, W_ROWS, SLOT, SLOTS, from which slot, to which)
m4_define(<|sg_single_run|>, <|m4_ifelse(sg_sliced, no, <|$1for (int k = 0; k < $2; k++, from += $5 * P)
sg_single_k(<|$1    |>, <|0|>, <|k|>, <|from|>, <|$3|>, <|$4|>, <|$5|>, <|$6|>, <|$7|>)|>, <|$1int k = 0;
$1for (; k + K <= $2; k += K, from += K * $5 * P)
$1    UNROLL for (int b = 0; b < K; b++)
sg_single_k(<|$1        |>, <|b|>, <|k + b|>, <|from + b * $5 * P|>, <|$3|>, <|$4|>, <|$5|>, <|$6|>, <|$7|>)
$1for (; k < $2; k++, from += $5 * P)
sg_single_k(<|$1    |>, <|0|>, <|k|>, <|from|>, <|$3|>, <|$4|>, <|$5|>, <|$6|>, <|$7|>)|>)|>)m4_dnl
m4_dnl sg_single_source(those of sg_source, without the stride, from which slot, to which)
sg_defop(<|sg_single_source|>, 10, <|    {
        const Real *in = $1$2, *from = $4$6 + SPAN(u, $5 * $8 * P);
sg_single_run(<|        |>, <|$3|>, <|$5|>, <|$7|>, <|$8|>, <|$9|>, <|$10|>)
    }|>)m4_dnl
sg_defop(<|sg_single_late|>, 0, <|    /* what the equations so far do without is summed while their functions wait for each other */|>)m4_dnl
m4_dnl sg_staggered_source(those of sg_source, without the stride), then sg_staggered_second, a program, sg_staggered_first, a program, sg_staggered_end
m4_define(<|sg_staggered_k|>, <|$1UNROLL for (int q = 0; q < $6; q++)
$1    acc[$2][m4_ifelse(<|$5|>, , <|q|>, <|($5q)|>) * N + j] += v_set(in[$3]) * v_get($4 + q * P);|>)m4_dnl
sg_defop(<|sg_staggered_source|>, 8, <|    { /* all of the state but its last vector, which is there last: for all units */
        const Real *in = $1$2, *from = $4$6 + SPAN(u, $5 * $8 * P);
        for (int k = 0; k < EARLY; k += K, from += K * $8 * P)
            UNROLL for (int b = 0; b < K; b++)
sg_single_k(<|                |>, <|b|>, <|k + b|>, <|from + b * $8 * P|>, <|$5|>, <|$7|>, <|$8|>, <|0|>, <|$8|>)
    }
    /* the last vector, for one vector of units after the other; the functions of each run beside the sums of the next */
    UNROLL for (int i = 0; i <= N; i++) {
        if (i < N) {
            const int j = i;
            const Real *in = $1$2, *from = $4$6 + SPAN(u, $5 * $8 * P) + SPAN(j * W, $5 * $8 * P) + EARLY * $8 * P;
            int k = EARLY;
            for (; k + K <= $3; k += K, from += K * $8 * P)
                UNROLL for (int b = 0; b < K; b++)
sg_staggered_k(<|                    |>, <|b|>, <|k + b|>, <|from + b * $8 * P|>, <|$7|>, <|$8|>)
            for (; k < $3; k++, from += $8 * P)
sg_staggered_k(<|                |>, <|0|>, <|k|>, <|from|>, <|$7|>, <|$8|>)
            UNROLL for (int half = K / 2; half > 0; half /= 2)
                UNROLL for (int b = 0; b < half; b++)
                    UNROLL for (int q = 0; q < S; q++)
                        acc[b][q * N + j] += acc[b + half][q * N + j];
        }|>)m4_dnl
m4_dnl sg_staggered_turns_source(the same): where every other call goes backwards, turn being a constant in each of two copies of the tile
sg_defop(<|sg_staggered_turns_source|>, 8, <|    /* Of the state the vector that was there last comes last: where one tile has all units, that is the one that the call before came to at its end. This call
     * begins with that vector of units, and writes over what the others still read: it is kept. */
    enum { ALL = $3, STEP = $8 * P };
    const Real *state = $1$2, *weights = $4$6 + SPAN(u, $5 * STEP);
    const int late = EARLY && !turn ? EARLY : 0, past = EARLY && turn ? W : ALL; /* k's of it; without EARLY all */
    _Alignas(V_BYTES) Real kept[W];
    if (EARLY)
        v_put(kept, v_get(state + late));
    { /* the others, for all units: from the end whose weights were read last */
        const int first = turn ? past : 0, count = ALL - (past - late), whole = count / K * K;
        const Real *in = state + first;
        for (int k = whole; k < count; k++) {
            const Real *from = weights + (first + k) * STEP;
sg_single_k(<|            |>, <|0|>, <|k|>, <|from|>, <|$5|>, <|$7|>, <|$8|>, <|0|>, <|$8|>)
        }
        UNROLL_4 for (int i = 0; i < whole; i += K) {
            const int k = turn ? whole - K - i : i;
            const Real *from = weights + (first + k) * STEP;
            UNROLL for (int b = 0; b < K; b++)
sg_single_k(<|                |>, <|b|>, <|k + b|>, <|from + b * STEP|>, <|$5|>, <|$7|>, <|$8|>, <|0|>, <|$8|>)
        }
    }
    /* the last vector, for one vector of units after the other; the functions of each run beside the sums of the next */
    UNROLL for (int i = 0; i <= N; i++) {
        if (i < N) {
            const int j = turn ? i : N - 1 - i, count = past - late, whole = count / K * K;
            const Real *in = EARLY ? kept : state, *from = weights + late * STEP + SPAN(j * W, $5 * STEP);
            for (int k = whole; k < count; k++)
sg_staggered_k(<|                |>, <|0|>, <|k|>, <|from + k * STEP|>, <|$7|>, <|$8|>)
            UNROLL_4 for (int n = 0; n < whole; n += K) {
                const int k = turn ? whole - K - n : n;
                UNROLL for (int b = 0; b < K; b++)
sg_staggered_k(<|                    |>, <|b|>, <|k + b|>, <|from + (k + b) * STEP|>, <|$7|>, <|$8|>)
            }
            UNROLL for (int half = K / 2; half > 0; half /= 2)
                UNROLL for (int b = 0; b < half; b++)
                    UNROLL for (int q = 0; q < S; q++)
                        acc[b][q * N + j] += acc[b + half][q * N + j];
        }|>)m4_dnl
m4_dnl sg_staggered_second(turns or nothing), sg_staggered_first(the same)
sg_defop(<|sg_staggered_second|>, 1, <|        if (i > 0) { /* the vector before: second half of the equations */
            enum { b = 0, at = row };
            const int j = m4_ifelse(<|$1|>, <|turns|>, <|turn ? i - 1 : N - i|>, <|i - 1|>), v = u + j * W;|>)m4_dnl
sg_defop(<|sg_staggered_first|>, 1, <|        if (i < N) { /* first half */
            enum { b = 0, at = row };
            const int j = m4_ifelse(<|$1|>, <|turns|>, <|turn ? i : N - 1 - i|>, <|i|>), v = u + j * W;|>)m4_dnl
sg_defop(<|sg_staggered_end|>, 0, <|    }|>)m4_dnl
m4_dnl sg_single_source_state(those of sg_single_source, turns or nothing, LANES of a tail or nothing, " + where its rows begin in w_tail"): where every
m4_dnl other call goes backwards, this does from the last input to the first.
sg_defop(<|sg_single_source_state|>, 11, <|    {
        enum { WHOLE = $3 / K * K, STEP = $8 * P };
        const Real *in = $1$2, *from = $4$6 + SPAN(u, $5 * STEP)<||>sg_if_tail(<|$10|>, <|, *beside = w_tail$11|>);
        for (int k = WHOLE; k < $3; k++) {
sg_single_k(<|            |>, <|0|>, <|k|>, <|from + k * STEP|>, <|$5|>, <|$7|>, <|$8|>, <|0|>, <|$8|>, <|$10|>, <|beside + k * $10|>)
        }
m4_ifelse(<|$9|>, <|turns|>, <|        const ptrdiff_t step = turn ? -K : K, first = turn ? WHOLE - K : 0;
        in += first, from += first * STEP<||>sg_if_tail(<|$10|>, <|, beside += first * $10|>);
|>, <|        enum { step = K };
|>)m4_dnl
        UNROLL_4 for (int i = 0; i < WHOLE; i += K, in += step, from += step * STEP<||>sg_if_tail(<|$10|>, <|, beside += step * $10|>))
            UNROLL for (int b = 0; b < K; b++) {
sg_single_k(<|                |>, <|b|>, <|b|>, <|from + b * STEP|>, <|$5|>, <|$7|>, <|$8|>, <|0|>, <|$8|>, <|$10|>, <|beside + b * $10|>)
            }
    }|>)m4_dnl
sg_defop(<|sg_single_source_runs|>, 10, <|    {
        const Real *in = $1$2, *from = $4$6 + SPAN(u, $5 * $8 * P);
        for (int run = 0; run < $9; run++, in += $10) {
sg_single_run(<|            |>, <|$3|>, <|$5|>, <|$7|>, <|$8|>, <|0|>, <|$8|>)
        }
    }|>)m4_dnl
m4_dnl sg_single_fold(LANES of a tail or nothing, from which sum, to which)
sg_defop(<|sg_single_fold|>, 3, <|    UNROLL for (int half = K / 2; half > 0; half /= 2)
        UNROLL for (int b = 0; b < half; b++)
            UNROLL for (int j = $2; j < $3; j++)
                acc[b][j] += acc[b + half][j];sg_if_tail(<|$1|>, <|
    if (with_tail) {
        UNROLL for (int half = K / 2; half > 0; half /= 2)
            UNROLL for (int b = 0; b < half; b++)
                UNROLL for (int j = 0; j < L; j++)
                    rest[b][j] += rest[b + half][j];
        UNROLL for (int j = 0; j < L; j++)
            tail[j] = rest[0][j];
    }|>)|>)m4_dnl
m4_dnl sg_tail_begin(NAME, UNITS, FIRST, the same rounded up to a power of two, SLOTS, PARAMS), the other sources, sg_tail_add, program
sg_defop(<|sg_tail_begin|>, 6, <|}

/* $2 units from $3 on: of the state's part of their gates the sums are there, side by side */
INLINE void $1_tail(const int u, const V *tail, $6)
{
    enum { UNITS = $4, R = 1, row = 0, K = 1, N = UNITS > W ? UNITS / W : 1, S = $5 };
    V acc[K][N * S];
    UNROLL for (int j = 0; j < N * S; j++)
        acc[0][j] = v_zero();|>)m4_dnl
m4_dnl sg_tail_add(the slot whose sums are doubled, or nothing)
sg_defop(<|sg_tail_add|>, 1, <|    UNROLL for (int q = 0; q < S; q++)
        UNROLL for (int j = 0; j < N; j++)
            acc[0][q * N + j] += v_lanes(tail, q * UNITS + j * W, UNITS - j * W, 0)m4_ifelse(<|$1|>, , , <| * (Real)(q == $1 ? 0.5 : 1)|>);|>)m4_dnl
m4_dnl Or, where the first tile sums all that their gates are made of: sg_tail_bias behind its other sums' start; sg_gates_begin(those of sg_tail_begin, LANES),
m4_dnl a program with sg_gates_sum and sg_gates_below of slots. Behind the last unit a gate is 1/2 and a sum is 0, so that the state stays 0.
sg_defop(<|sg_tail_bias|>, 1, <|    if (with_tail) {
        UNROLL for (int j = 0; j < L; j++)
            rest[0][j] = v_get(w_tail + j * W) + v_get(w_tail + $1 + j * W);
    }|>)m4_dnl
sg_defop(<|sg_gates_begin|>, 7, <|}

/* $2 units from $3 on: the sums of all their gates are there, side by side */
INLINE void $1_tail(const int u, const V *tail, $6)
{
    enum { UNITS = $4, R = 1, row = 0, N = UNITS > W ? UNITS / W : 1, L = $7 / W };
    V below[L];
    UNROLL for (int j = 0; j < L; j++)
        below[j] = v_sigmoid_below(tail[j]);|>)m4_dnl
sg_defop(<|sg_gates_sum|>, 2, <|            const V $1 = v_lanes(tail, $2 * UNITS + j * W, UNITS - j * W, 0);|>)m4_dnl
sg_defop(<|sg_gates_below|>, 2, <|            const V $1 = v_lanes(below, $2 * UNITS + j * W, UNITS - j * W, 2);|>)m4_dnl
m4_define(<|sg_turn_comment|>, <|/* turn: every other call goes backwards, from the last unit and input to the first, where the first cache still has weights of the call before. */
|>)m4_dnl
m4_dnl sg_single_tail_end(NAME, PARAMS, ARGS, END of the whole panels, LANES, ARGS of the tail, turns or nothing)
sg_defop(<|sg_single_tail_end|>, 7, <|}

m4_ifelse(<|$7|>, <|turns|>, <|sg_turn_comment<||>|>)m4_dnl
static void $1(const int rows, m4_ifelse(<|$7|>, <|turns|>, <|const int turn, |>)$2)
{
    if (rows == 0)
        return;
    V tail[$5 / W];
m4_ifelse(<|$7|>, <|turns|>, <|    const int step = turn ? -$1_N * W : $1_N * W, first = turn ? $4 + step : 0;
    $1_tile(turn, 1, tail, first, $3);
    for (int u = first + step; u >= 0 && u < $4; u += step)
        $1_tile(turn, 0, tail, u, $3);
|>, <|    $1_tile(1, tail, 0, $3);
    for (int u = $1_N * W; u < $4; u += $1_N * W)
        $1_tile(0, tail, u, $3);
|>)m4_dnl
    $1_tail($4, tail, $6);
}|>)m4_dnl
m4_dnl sg_single_turns: the first cache does not hold the weights; what the last call read last is read first.
m4_dnl The sixth argument: staggered, or nothing
sg_defop(<|sg_single_turns|>, 6, <|}

sg_turn_comment<||>static void $1(const int rows, const int turn, $2)
{
    const int step = turn ? -$1_N * W : $1_N * W;
    for (int u = turn ? $5 + step : $4; u >= $4 && u < $5 && rows > 0; u += step)
m4_ifelse(<|$6|>, <|staggered|>, <|        if (turn)
            $1_tile(1, u, $3);
        else
            $1_tile(0, u, $3);|>, <|        $1_tile(turn, u, $3);|>)
}|>)m4_dnl
sg_defop(<|sg_single_end|>, 5, <|}

static void $1(const int rows, $2)
{
    for (int u = $4; u < $5 && rows > 0; u += $1_N * W)
        $1_tile(u, $3);
}|>)m4_dnl
m4_dnl
m4_dnl sg_dots(NAME, COMMENT, PARAMS, UNITS, W_ROWS, INPUTS padded, BIAS): one row and few units (KERNEL_DOTS)
sg_defop(<|sg_dots|>, 7, <|
/* $2 */
static void $1($3)
{
    V sum[$4];
    UNROLL for (int j = 0; j < $4; j++)
        sum[j] = v_zero();
    for (int k = 0; k < $6; k += W)
        UNROLL for (int j = 0; j < $4; j++)
            sum[j] += v_get(x + k) * v_get(w + SPAN(k, $5 * P) + j * P);
    UNROLL for (int j = 0; j < $4; j++)
        y[j] = $7v_sum(sum[j]);
}|>)m4_dnl
