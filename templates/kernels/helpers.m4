m4_dnl helpers.m4: small functions that the layers' functions call. Each is printed only where something calls it.
m4_dnl sg_helper(NAME, BODY)
m4_define(<|sg_helper|>, <|sg_defop(<|sg_helper_$1|>, 0, <|$2|>)|>)m4_dnl
sg_helper(<|add_vectors|>, <|
static void add_vectors(const Share *s, const Real *a, const Real *b, const int count, Real *sum)
{
    const Range all = share_range(s, count, W);
    for (ptrdiff_t i = all.first; i < all.end; i += W)
        v_put(sum + i, v_get(a + i) + v_get(b + i));
}|>)m4_dnl
sg_helper(<|zero_share|>, <|
static void zero_share(const Share *s, Real *to, const int count)
{
    const Range own = share_range(s, count, W);
    memset(to + own.first, 0, (size_t)own.count * sizeof(Real));
}|>)m4_dnl
sg_helper(<|transpose_panels|>, <|
/* w: [panels][inputs][columns], columns = slots * P. t: the inputs [first, first + count) as units,
 * [panel of them][panels * columns][P]. */
static void transpose_panels(const Share *s, const Real *w, const int panels, const int inputs, const int first, const int count, const int columns, Real *t)
{
    const Range units = share_range(s, count, P);
    for (ptrdiff_t u = units.first; u < units.end; u += P) {
        const int wide = units.end - u < P ? (int)(units.end - u) : P;
        for (int p = 0; p < panels; p++) {
            const Real *from = w + ((ptrdiff_t)p * inputs + first + u) * columns;
            Real *to = t + (u / P * panels + p) * columns * P;
            for (int g = 0; g < columns; g++, to += P)
                for (int i = 0; i < wide; i++)
                    to[i] = from[i * columns + g];
        }
    }
}|>)m4_dnl
sg_helper(<|pack_tail|>, <|
/* panel: [inputs][slots][P], of which the first `units` count. to: [inputs][lanes], slot q's units from (first + q) * units on; those of slot `twice` doubled */
static void pack_tail(const Share *s, const Real *panel, const int inputs, const int slots, const int first, const int units, const int lanes,
    const int twice, Real *to)
{
    const Range own = share_range(s, inputs, 1);
    for (ptrdiff_t k = own.first; k < own.end; k++)
        for (int q = 0; q < slots; q++)
            for (int i = 0; i < units; i++)
                to[k * lanes + (first + q) * units + i] = panel[(k * slots + q) * P + i] * (Real)(first + q == twice ? 2 : 1);
}|>)m4_dnl
sg_helper(<|copy_reals|>, <|
static void copy_reals(const Real *from, Real *to, const int count)
{
    for (int i = 0; i < count; i += W)
        v_put(to + i, v_get(from + i));
}|>)m4_dnl
sg_helper(<|zero_rows|>, <|
static void zero_rows(const int rows, Real *to, const int stride)
{
    memset(to, 0, (size_t)rows * (size_t)stride * sizeof(Real));
}|>)m4_dnl
sg_helper(<|zero_slot|>, <|
/* One slot of [panels][slots][P] */
static void zero_slot(Real *to, const int panels, const int slots, const int slot)
{
    for (int s = 0; s < panels; s++)
        for (int i = 0; i < P; i++)
            to[(s * slots + slot) * P + i] = 0;
}|>)m4_dnl
sg_helper(<|gather_rows|>, <|
/* y[r] = table[tokens[r]], rows of `width`. y goes along: with y + r * width gcc 12 may take the function to write nothing, and leave out its call. */
static void gather_rows(const int rows, const int32_t *tokens, const Real *table, const int width, Real *y)
{
    for (ptrdiff_t r = 0; r < rows; r++, y += width) {
        const Real *from = table + (ptrdiff_t)tokens[r] * width;
        for (int i = 0; i < width; i += W)
            v_put(y + i, v_get(from + i));
    }
}|>)m4_dnl
sg_helper(<|scatter_slots|>, <|
/* table[tokens[r]][panel][0..used) += d[r][panel][0..columns), in the order of the rows; threads share the tokens */
static void scatter_slots(const Share *s, const int rows, const int32_t *tokens, const Real *d, const int d_stride, const int panels, const int columns, const int used, Real *table)
{
    for (ptrdiff_t r = 0; r < rows; r++) {
        if (tokens[r] % s->count != s->index)
            continue;
        Real *to = table + (ptrdiff_t)tokens[r] * panels * used;
        const Real *from = d + r * d_stride;
        for (int p = 0; p < panels; p++)
            for (int i = 0; i < used; i += W)
                v_put(to + p * used + i, v_get(to + p * used + i) + v_get(from + p * columns + i));
    }
}|>)m4_dnl
sg_helper(<|widen_rows|>, <|
/* Rows of `width` numbers, `from_stride` apart, to rows `to_stride` apart; the rest stays zero. */
static void widen_rows(const int rows, const Real *from, const int width, const int from_stride, Real *to, const int to_stride)
{
    for (ptrdiff_t r = 0; r < rows; r++)
        memcpy(to + r * to_stride, from + r * from_stride, (size_t)width * sizeof(Real));
}|>)m4_dnl
sg_helper(<|dropout_row|>, <|
/* Inverted dropout of one row; its element f is number index + f of the site. */
static void dropout_row(const uint64_t key, const uint32_t index, const uint32_t limit, const Real scale, const int width, const Real *x, Real *y)
{
    for (int f = 0; f < width; f++)
        y[f] = seqrt_dropout_keep(key, index + (uint32_t)f, limit) ? x[f] * scale : (Real)0;
}|>)m4_dnl
sg_helper(<|dropout_steps|>, <|
/* Features [first, first + width) of `all`, on every valid step */
static void dropout_steps(const Model *m, const Share *s, const Real *x, const int x_stride, Real *y, const int y_stride, const int first,
                          const int width, const int all, const int site, const uint32_t limit, const Real scale)
{
    const uint64_t key = seqrt_dropout_key(m->seed, m->step, site);
    for (int t = 0; t < m->steps; t++)
        for (ptrdiff_t b = s->first, end = b + running(m, s, t); b < end; b++) {
            const int64_t r = sg_at[t] + b;
            const uint32_t index = ((uint32_t)m->order[b] * T + (uint32_t)t) * (uint32_t)all + (uint32_t)first;
            dropout_row(key, index, limit, scale, width, x + r * x_stride, y + r * y_stride);
        }
}|>)m4_dnl
sg_helper(<|dropout_rows|>, <|
/* Features [first, first + width) of `all`, of every sequence */
static void dropout_rows(const Model *m, const Share *s, const Real *x, const int x_stride, Real *y, const int y_stride, const int first,
                         const int width, const int all, const int site, const uint32_t limit, const Real scale)
{
    const uint64_t key = seqrt_dropout_key(m->seed, m->step, site);
    for (ptrdiff_t b = s->first; b < s->first + s->rows; b++)
        dropout_row(key, (uint32_t)m->order[b] * (uint32_t)all + (uint32_t)first, limit, scale, width, x + b * x_stride, y + b * y_stride);
}|>)m4_dnl
sg_helper(<|pool_last|>, <|
/* y[b]: x at the last step of sequence b */
static void pool_last(const Model *m<||>sg_share, const Real *x, const int width, const int x_stride, Real *y, const int y_stride)
{
    sg_each(sg_rows)
        memcpy(y + b * y_stride, x + (sg_at[m->lengths[b] - 1] + b) * x_stride, (size_t)width * sizeof(Real));
}|>)m4_dnl
sg_helper(<|pool_first|>, <|
/* y[b]: x at step 0, where a reverse layer ends */
static void pool_first(const Model *m<||>sg_share, const Real *x, const int width, const int x_stride, Real *y, const int y_stride)
{
    sg_each(sg_rows)
        memcpy(y + b * y_stride, x + (sg_at[0] + b) * x_stride, (size_t)width * sizeof(Real));
}|>)m4_dnl
sg_helper(<|pool_last_back|>, <|
static void pool_last_back(const Model *m, const Share *s, const Real *dy, const int width, const int y_stride, Real *dx, const int x_stride)
{
    for (int t = 0; t < m->steps; t++)
        memset(dx + (sg_at[t] + s->first) * x_stride, 0, (size_t)running(m, s, t) * (size_t)x_stride * sizeof(Real));
    for (ptrdiff_t b = s->first, end = b + s->rows; b < end; b++)
        memcpy(dx + (sg_at[m->lengths[b] - 1] + b) * x_stride, dy + b * y_stride, (size_t)width * sizeof(Real));
}|>)m4_dnl
sg_helper(<|pool_first_back|>, <|
static void pool_first_back(const Model *m, const Share *s, const Real *dy, const int width, const int y_stride, Real *dx, const int x_stride)
{
    for (int t = 0; t < m->steps; t++)
        memset(dx + (sg_at[t] + s->first) * x_stride, 0, (size_t)running(m, s, t) * (size_t)x_stride * sizeof(Real));
    for (ptrdiff_t b = s->first, end = b + s->rows; b < end; b++)
        memcpy(dx + (sg_at[0] + b) * x_stride, dy + b * y_stride, (size_t)width * sizeof(Real));
}|>)m4_dnl
sg_helper(<|pool_mean|>, <|
static void pool_mean(const Model *m<||>sg_share, const Real *x, const int width, const int x_stride, Real *y, const int y_stride)
{
    memset(y<||>sg_if(sg_threads, <| + s->first * y_stride|>), 0, (size_t)sg_rows * (size_t)y_stride * sizeof(Real));
    for (int t = 0; t < m->steps; t++)
        sg_each(sg_running)
            for (int i = 0; i < width; i++)
                y[b * y_stride + i] += x[(sg_at[t] + b) * x_stride + i];
    sg_each(sg_rows)
        for (int i = 0; i < width; i++)
            y[b * y_stride + i] /= (Real)m->lengths[b];
}|>)m4_dnl
sg_helper(<|pool_mean_back|>, <|
static void pool_mean_back(const Model *m, const Share *s, const Real *dy, const int width, const int y_stride, Real *dx, const int x_stride)
{
    for (int t = 0; t < m->steps; t++)
        for (ptrdiff_t b = s->first, end = b + running(m, s, t); b < end; b++) {
            const Real share = 1 / (Real)m->lengths[b];
            for (int i = 0; i < width; i++)
                dx[(sg_at[t] + b) * x_stride + i] = dy[b * y_stride + i] * share;
        }
}|>)m4_dnl
sg_helper(<|pool_max|>, <|
/* from: the row that each maximum came from, for the way back */
static void pool_max(const Model *m<||>sg_share, const Real *x, const int width, const int x_stride, Real *y, const int y_stride, int32_t *from)
{
    for (int t = 0; t < m->steps; t++)
        sg_each(sg_running)
            for (int i = 0; i < width; i++) {
                const ptrdiff_t to = b * y_stride + i;
                const Real value = x[(sg_at[t] + b) * x_stride + i];
                if (t > 0 && !(value > y[to]))
                    continue;
                y[to] = value;
                from[to] = (int32_t)(sg_at[t] + b);
            }
}|>)m4_dnl
sg_helper(<|pool_max_back|>, <|
static void pool_max_back(const Model *m, const Share *s, const Real *dy, const int width, const int y_stride, Real *dx, const int x_stride, const int32_t *from)
{
    for (int t = 0; t < m->steps; t++)
        memset(dx + (sg_at[t] + s->first) * x_stride, 0, (size_t)running(m, s, t) * (size_t)x_stride * sizeof(Real));
    for (ptrdiff_t b = s->first, end = b + s->rows; b < end; b++)
        for (int i = 0; i < width; i++)
            dx[(ptrdiff_t)from[b * y_stride + i] * x_stride + i] = dy[b * y_stride + i];
}|>)m4_dnl
sg_helper(<|flatten_tokens|>, <|
/* y[b][t * all + token] = 1 */
static void flatten_tokens(const Model *m<||>sg_share, const int32_t *tokens, const int all, Real *y, const int y_stride)
{
    for (int t = 0; t < m->steps; t++)
        sg_each(sg_running)
            y[b * y_stride + t * all + tokens[sg_at[t] + b]] = 1;
}|>)m4_dnl
sg_helper(<|flatten_steps|>, <|
/* y[b][t * all + first + f] = x_t[b][f] */
static void flatten_steps(const Model *m<||>sg_share, const Real *x, const int width, const int x_stride, const int first, const int all, Real *y, const int y_stride)
{
    for (int t = 0; t < m->steps; t++)
        sg_each(sg_running)
            memcpy(y + b * y_stride + t * all + first, x + (sg_at[t] + b) * x_stride, (size_t)width * sizeof(Real));
}|>)m4_dnl
sg_helper(<|flatten_back|>, <|
static void flatten_back(const Model *m, const Share *s, const Real *dy, const int y_stride, const int width, const int first, const int all, Real *dx, const int x_stride)
{
    for (int t = 0; t < m->steps; t++)
        for (ptrdiff_t b = s->first, end = b + running(m, s, t); b < end; b++)
            memcpy(dx + (sg_at[t] + b) * x_stride, dy + b * y_stride + t * all + first, (size_t)width * sizeof(Real));
}|>)m4_dnl
sg_helper(<|norm_row|>, <|
/* Sums of a row of `width` numbers: whole vectors first, then what is left */
static Real sum_row(const Real *x, const int width)
{
    V sum = v_zero();
    int i = 0;
    for (; i + W <= width; i += W)
        sum += v_getu(x + i);
    Real all = v_sum(sum);
    for (; i < width; i++)
        all += x[i];
    return all;
}

static Real sum_squares_row(const Real *x, const int width, const Real mean)
{
    V sum = v_zero();
    int i = 0;
    for (; i + W <= width; i += W) {
        const V d = v_getu(x + i) - v_set(mean);
        sum += d * d;
    }
    Real all = v_sum(sum);
    for (; i < width; i++)
        all += (x[i] - mean) * (x[i] - mean);
    return all;
}|>)m4_dnl
sg_helper(<|norm_rows|>, <|
#define REAL_SQRT(x) (sizeof(Real) == 4 ? (Real)sqrtf((float)(x)) : (Real)sqrt((double)(x)))
/* (1), (2) of layer_norm; x1, y1: the second half of a bidirectional value, or NULL. stats: mean, 1 / sqrt(var + eps) */
static void norm_rows(const int rows, const Real *x, const Real *x1, const int width, const int x_stride, const Real *g, const Real *b, const Real eps,
                         Real *y, Real *y1, const int y_stride, Real *stats)
{
    const Real all = (Real)(x1 ? 2 * width : width);
    for (ptrdiff_t r = 0; r < rows; r++) {
        const Real *const in[2] = {x + r * x_stride, x1 ? x1 + r * x_stride : NULL};
        Real *const out[2] = {y + r * y_stride, y1 ? y1 + r * y_stride : NULL};
        Real mean = 0, square = 0;
        for (int p = 0; p < 2 && in[p]; p++)
            mean += sum_row(in[p], width);
        mean /= all;
        for (int p = 0; p < 2 && in[p]; p++)
            square += sum_squares_row(in[p], width, mean);
        const Real scale = 1 / REAL_SQRT(square / all + eps);
        for (int p = 0; p < 2 && in[p]; p++)
            for (int i = 0; i < width; i++)
                out[p][i] = (in[p][i] - mean) * scale * g[p * y_stride + i] + b[p * y_stride + i];
        stats[2 * r] = mean;
        stats[2 * r + 1] = scale;
    }
}|>)m4_dnl
sg_helper(<|norm_rows_back|>, <|
/* sums[0] += sum of dn, sums[1] += sum of dn n, over a row of `width` numbers: whole vectors first, then what is left */
static void norm_row_sums(const Real *x, const Real *dy, const Real *g, const int width, const Real mean, const Real scale, Real *sums)
{
    V dn_sum = v_zero(), dnn_sum = v_zero();
    int i = 0;
    for (; i + W <= width; i += W) {
        const V n = (v_getu(x + i) - v_set(mean)) * v_set(scale), dn = v_get(dy + i) * v_get(g + i);
        dn_sum += dn;
        dnn_sum += dn * n;
    }
    sums[0] += v_sum(dn_sum);
    sums[1] += v_sum(dnn_sum);
    for (; i < width; i++) {
        const Real n = (x[i] - mean) * scale, dn = dy[i] * g[i];
        sums[0] += dn;
        sums[1] += dn * n;
    }
}

/* dn = dy g, n = (x - mean) scale; dx = (dn - mean(dn) - n mean(dn n)) scale */
static void norm_rows_back(const int rows, const Real *x, const Real *x1, const int width, const int x_stride, const Real *g, const Real *stats, const Real *dy,
                          const Real *dy1, const int y_stride, Real *dx, Real *dx1)
{
    const Real all = (Real)(x1 ? 2 * width : width);
    for (ptrdiff_t r = 0; r < rows; r++) {
        const Real mean = stats[2 * r], scale = stats[2 * r + 1];
        const Real *const in[2] = {x + r * x_stride, x1 ? x1 + r * x_stride : NULL};
        const Real *const d[2] = {dy + r * y_stride, dy1 ? dy1 + r * y_stride : NULL};
        Real *const out[2] = {dx + r * x_stride, dx1 ? dx1 + r * x_stride : NULL};
        Real sums[2] = {0, 0};
        for (int p = 0; p < 2 && in[p]; p++)
            norm_row_sums(in[p], d[p], g + p * y_stride, width, mean, scale, sums);
        const Real mean_dn = sums[0] / all, mean_dnn = sums[1] / all;
        for (int p = 0; p < 2 && out[p]; p++)
            for (int i = 0; i < width; i++) {
                const Real n = (in[p][i] - mean) * scale, dn = d[p][i] * g[p * y_stride + i];
                out[p][i] = (dn - mean_dn - n * mean_dnn) * scale;
            }
    }
}|>)m4_dnl
sg_helper(<|norm_sums|>, <|
/* dg += sum of dy n, db += sum of dy over rows, n = (x - mean) scale; threads share the features */
static void norm_sums(const Share *s, const int rows, const Real *x, const int width, const int x_stride, const Real *stats, const Real *dy, const int y_stride,
                      Real *dg, Real *db)
{
    enum { SIDE = 4 }; /* vectors side by side */
    const Range own = share_range(s, y_stride, W);
    ptrdiff_t i = own.first;
    for (; i + SIDE * W <= own.end && i + SIDE * W <= width; i += SIDE * W) {
        V g[SIDE], b[SIDE];
        UNROLL for (int j = 0; j < SIDE; j++)
            g[j] = v_get(dg + i + j * W), b[j] = v_get(db + i + j * W);
        for (ptrdiff_t r = 0; r < rows; r++)
            UNROLL for (int j = 0; j < SIDE; j++) {
                const V d = v_get(dy + r * y_stride + i + j * W);
                g[j] += d * ((v_getu(x + r * x_stride + i + j * W) - v_set(stats[2 * r])) * v_set(stats[2 * r + 1]));
                b[j] += d;
            }
        UNROLL for (int j = 0; j < SIDE; j++)
            v_put(dg + i + j * W, g[j]), v_put(db + i + j * W, b[j]);
    }
    for (; i < own.end && i < width; i++)
        for (ptrdiff_t r = 0; r < rows; r++) {
            const Real d = dy[r * y_stride + i];
            dg[i] += d * ((x[r * x_stride + i] - stats[2 * r]) * stats[2 * r + 1]);
            db[i] += d;
        }
}|>)m4_dnl
sg_helper(<|stream_mean|>, <|
static void stream_mean(const int64_t steps, const Real *x, const int width, Real *sum, Real *y)
{
    for (int i = 0; i < width; i++) {
        sum[i] += x[i];
        y[i] = sum[i] / (Real)(steps + 1);
    }
}|>)m4_dnl
sg_helper(<|stream_max|>, <|
static void stream_max(const int64_t steps, const Real *x, const int width, Real *y)
{
    for (int i = 0; i < width; i++)
        if (steps == 0 || x[i] > y[i])
            y[i] = x[i];
}|>)m4_dnl
sg_helper(<|carry_in|>, <|
/* The state before this window, from the batch's order to the packed one, rows padded to panels */
static void carry_in(const Model *m<||>sg_share, Real *packed, const Real *state, const int width, const int stride)
{
    sg_each(sg_rows)
        memcpy(packed + b * stride, state + (ptrdiff_t)m->order[b] * width, (size_t)width * sizeof(Real));
}|>)m4_dnl
sg_helper(<|carry_out|>, <|
/* The state after each row's last step; a row with no step keeps what it had */
static void carry_out(const Model *m<||>sg_share, const Real *x, Real *state, const int width, const int stride)
{
    sg_each(sg_rows)
        if (m->lengths[b] > 0)
            memcpy(state + (ptrdiff_t)m->order[b] * width, x + (sg_at[m->lengths[b] - 1] + b) * stride, (size_t)width * sizeof(Real));
}|>)m4_dnl
