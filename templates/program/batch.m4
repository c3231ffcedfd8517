m4_dnl batch.m4: packing a batch, and the way back to the user's order.
m4_dnl
m4_dnl A batch of one has its steps in order.
sg_defop(<|sg_pack_length|>, 0, <|
/* One sequence at most: step t is packed row t. */
static void pack_lengths(Model *m, const int count, const int32_t *lengths)
{
    const int steps = count > 0 ? lengths[0] : 0;
    m->count = count;
    m->order[0] = 0;
    m->lengths[0] = m->steps = m->total = steps;
    for (int t = 0; t <= T; t++) {
        m->rows[t] = t < steps;
        m->at[t] = t < steps ? t : steps;
    }
sg_if(sg_dense, <|    m->dense = count > 0;
|>)m4_dnl
}|>)m4_dnl
m4_dnl sg_pack_one(TYPE, MEMBER, " * numbers of a step" or nothing)
sg_defop(<|sg_pack_one|>, 3, <|
static void pack_input(Model *m<||>sg_share, const $1 *input)
{
    if (sg_rows > 0)
        memcpy(m->$2, input, (size_t)m->steps$3 * sizeof *input);
}|>)m4_dnl
sg_defop(<|sg_pack_lengths|>, 0, <|
sg_if(sg_apart, <|
/* The same rows part by part, and then step by step; less the first sequence of the part, which is added where they are looked for */
static void lay_apart(Model *m)
{
    const int cut = share_cut(m, 1, PARTS);
    int64_t *first = m->part_at, *second = m->part_at + T + 1, before = 0;
    for (int t = 0; t <= T; t++) {
        first[t] = before;
        second[t] = m->at[t] - before - cut;
        before += m->rows[t] < cut ? m->rows[t] : cut;
    }
    for (int t = 0; t <= T; t++)
        second[t] += before;
}
|>)m4_dnl
/* Rows by falling length, equal ones in their order; the valid steps of all rows, step by step. */
static void pack_lengths(Model *m, const int count, const int32_t *lengths<||>sg_if(sg_apart, <|, const int threads|>))
{
    int at = 0, longest = 0;
    for (int b = 0; b < count; b++)
        longest = lengths[b] > longest ? lengths[b] : longest;
    for (int t = 0; t <= T; t++)
        m->rows[t] = 0;
    for (int b = 0; b < count; b++)
        m->rows[lengths[b]]++;
    for (int t = longest, first = 0; t >= 0; t--) { /* rows[t]: where the rows of length t begin */
        const int equal = m->rows[t];
        m->rows[t] = first;
        first += equal;
    }
    for (int b = 0; b < count; b++) {
        const int slot = m->rows[lengths[b]]++;
        m->order[slot] = b;
        m->lengths[slot] = lengths[b];
    }
    /* now rows[t] counts the rows of length t or more; at step t those longer than t are running */
    m->count = count;
    m->steps = longest;
    for (int t = 0; t < T; t++) {
        m->rows[t] = t < longest ? m->rows[t + 1] : 0;
        m->at[t] = at;
        at += m->rows[t];
    }
    m->rows[T] = 0;
    m->at[T] = at;
    m->total = at;
sg_if(sg_dense, <|    m->dense = count > 0 && m->lengths[count - 1] == longest;
|>)m4_dnl
sg_if(sg_apart, <|    m->apart = threads == PARTS;
    if (m->apart)
        lay_apart(m);
|>)m4_dnl
}|>)m4_dnl
sg_defop(<|sg_place|>, 0, <|
/* Where step t of packed sequence b stands in the caller's array: [rows][T], or [T][rows] */
static ptrdiff_t place(const Model *m, const ptrdiff_t b, const int t)
{
    const ptrdiff_t row = m->order[b];
    return m->batch_first ? row * T + t : (ptrdiff_t)t * m->count + row;
}|>)m4_dnl
m4_dnl
m4_dnl sg_pack_tokens .. sg_pack_values: a thread packs the sequences that it works on
sg_defop(<|sg_pack_tokens|>, 0, <|
static void pack_input(Model *m<||>sg_share, const int32_t *input)
{
    for (int t = 0; t < m->steps; t++)
        sg_each(sg_running)
            m->tokens[sg_at[t] + b] = input[place(m, b, t)];
}|>)m4_dnl
sg_defop(<|sg_pack_features|>, 0, <|
static void pack_input(Model *m<||>sg_share, const Real *input)
{
    for (int t = 0; t < m->steps; t++)
        sg_each(sg_running)
            memcpy(m->x + (sg_at[t] + b) * IN, input + place(m, b, t) * IN, IN * sizeof(Real));
}|>)m4_dnl
sg_defop(<|sg_pack_labels_steps|>, 0, <|
static void pack_target(Model *m, const Share *s, const int32_t *target)
{
    for (int t = 0; t < m->steps; t++)
        sg_each(sg_running)
            m->labels[sg_at[t] + b] = target[place(m, b, t)];
}|>)m4_dnl
sg_defop(<|sg_pack_labels|>, 0, <|
static void pack_target(Model *m, const Share *s, const int32_t *target)
{
    sg_each(sg_rows)
        m->labels[b] = target[m->order[b]];
}|>)m4_dnl
sg_defop(<|sg_pack_values_steps|>, 0, <|
static void pack_target(Model *m, const Share *s, const Real *target)
{
    for (int t = 0; t < m->steps; t++)
        sg_each(sg_running)
            memcpy(m->target + (sg_at[t] + b) * O, target + place(m, b, t) * O, O * sizeof(Real));
}|>)m4_dnl
sg_defop(<|sg_pack_values|>, 0, <|
static void pack_target(Model *m, const Share *s, const Real *target)
{
    sg_each(sg_rows)
        memcpy(m->target + b * O, target + (ptrdiff_t)m->order[b] * O, O * sizeof(Real));
}|>)m4_dnl
m4_dnl sg_unpack_steps(Y, STRIDE), sg_unpack_rows(Y, STRIDE): the output in the user's order
sg_defop(<|sg_unpack_steps|>, 2, <|
static void unpack_output(const Model *m, Real *output)
{
    memset(output, 0, (size_t)m->count * T * O * sizeof(Real));
    for (int t = 0; t < m->steps; t++)
        for (int b = 0; b < m->rows[t]; b++)
            memcpy(output + place(m, b, t) * O, $1 + (m->at[t] + b) * $2, O * sizeof(Real));
}|>)m4_dnl
sg_defop(<|sg_unpack_rows|>, 2, <|
static void unpack_output(const Model *m, Real *output)
{
    for (ptrdiff_t b = 0; b < m->count; b++)
        memcpy(output + (ptrdiff_t)m->order[b] * O, $1 + b * $2, O * sizeof(Real));
}|>)m4_dnl
