m4_dnl share.m4: how a team of threads shares the work of a training step.
m4_dnl
m4_dnl Rows of the batch are cut between the threads for all that runs along time, units for the gradients of weights, or sequences of one of two
m4_dnl parts of the batch. Every number is computed by one thread in an order that the number of threads does not change, and so are its bits.
sg_defop(<|sg_share_block|>, 0, <|
/* ---- one thread's share of the work ---- */

typedef struct Share {
    int index, until, count;  /* its part of what is cut: from index / count to until / count; a whole thread: until = index + 1 */
    int rows;                 /* its sequences of the packed batch .. */
    ptrdiff_t first;          /* .. and the first of them */
sg_if(sg_apart, <|    const int64_t *at;        /* step t of it is the packed rows from at[t] + first on */
|>)m4_dnl
    void (*wait)(void *team); /* returns when all threads have called it; NULL: there is only one */
    void *team;
} Share;

typedef struct Range {
    ptrdiff_t first, end;
    int count;
} Range;

typedef struct Loss {
    double sum, weight; /* the batch's mean loss is sum / weight */
} Loss;

static const Share alone = {.until = 1, .count = 1};

static void meet(const Share *s)
{
    if (s->wait)
        s->wait(s->team);
}

/* `count` things, cut between the threads at multiples of `group` */
static Range share_range(const Share *s, const ptrdiff_t count, const ptrdiff_t group)
{
    const ptrdiff_t groups = (count + group - 1) / group, first = groups * s->index / s->count * group, end = groups * s->until / s->count * group;
    const Range range = {first < count ? first : count, end < count ? end : count, (int)((end < count ? end : count) - (first < count ? first : count))};
    return range;
}

/* The first sequence of thread `index`: all have about equally many steps */
static int share_cut(const Model *m, const int index, const int count)
{
    int b = 0;
    if (index == count)
        return m->count;
    for (int64_t steps = 0; b < m->count && steps < (int64_t)m->total * index / count; b++)
        steps += m->lengths[b];
    return b;
}

sg_if(sg_apart, <|enum { PARTS = 2 };

/* Rows of the packed batch where the steps of a part of it begin, less its first sequence. Two threads have a part each, and its rows in memory of
 * its own: a core that runs through its rows of a step fetches ahead what follows them. */
static const int64_t *part_at(const Model *m, const int part) { return m->apart ? m->part_at + part * (T + 1) : m->at; }

|>)m4_dnl
static Share share_of(const Model *m, const Share *thread)
{
    Share s = *thread;
    s.first = share_cut(m, s.index, s.count);
    s.rows = share_cut(m, s.index + 1, s.count) - (int)s.first;
sg_if(sg_apart, <|    s.at = part_at(m, s.index);
|>)m4_dnl
    return s;
}

/* How many of the thread's sequences are longer than t */
static int running(const Model *m, const Share *s, const int t)
{
    const ptrdiff_t rows = m->rows[t] - s->first;
    return rows < 0 ? 0 : rows < s->rows ? (int)rows : s->rows;
}|>)m4_dnl
m4_dnl
m4_dnl Printed where a function works on steps without running along time
sg_defop(<|sg_share_steps|>, 0, <|
/* Packed rows of the steps from t to `past`, for what does not run along time */
static Range share_steps(const Model *m, const Share *s, const int t, const int past)
{
sg_if(sg_apart, <|    if (m->apart)
        return (Range){s->at[t] + s->first, s->at[past] + s->first, (int)(s->at[past] - s->at[t])};
|>)m4_dnl
    Range own = share_range(s, m->at[past] - m->at[t], 16);
    own.first += m->at[t], own.end += m->at[t];
    return own;
}|>)m4_dnl
m4_dnl
m4_dnl Printed where gradients of weights have sums of their own for parts of the batch
sg_defop(<|sg_share_parts|>, 0, <|
sg_if(sg_apart, , <|enum { PARTS = 2 };

|>)m4_dnl
/* What the thread does for the gradients that sequences of `part` add up to. The parts are the same however many threads there are: with two,
 * each reads the gates that it wrote itself. */
static Share share_part(const Model *m, const Share *s, const int part)
{
    Share p = *s;
    const int from = PARTS * s->index - part * s->count, until = from + PARTS;
    p.index = from < 0 ? 0 : from < s->count ? from : s->count;
    p.until = until < 0 ? 0 : until < s->count ? until : s->count;
    p.first = share_cut(m, part, PARTS);
    p.rows = share_cut(m, part + 1, PARTS) - (int)p.first;
sg_if(sg_apart, <|    p.at = part_at(m, part);
|>)m4_dnl
    return p;
}|>)m4_dnl
