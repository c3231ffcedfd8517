m4_dnl update.m4: clipping, schedule, optimiser, over all parameters as one array.
m4_dnl
m4_dnl sg_schedule(WHAT IT IS, RATE, a cast of what that does not read, or nothing)
sg_defop(<|sg_schedule|>, 3, <|
/* Learning rate of an epoch: $1 */
static double learning_rate(const double lr, const int epoch, const int epochs)
{
m4_ifelse(<|$3|>, , , <|    $3;
|>)m4_dnl
    return $2;
}|>)m4_dnl
m4_dnl sg_norm(COUNT)
sg_defop(<|sg_norm|>, 1, <|
/* Norm of all gradients, the same in every thread */
static double gradient_norm(const Real *g)
{
    double sum = 0;
    for (ptrdiff_t first = 0; first < $1; first += 4096) {
        const ptrdiff_t end = first + 4096 < $1 ? first + 4096 : $1;
        V part = v_zero();
        for (ptrdiff_t i = first; i < end; i += W) {
            const V gi = v_get(g + i);
            part += gi * gi;
        }
        sum += (double)v_sum(part);
    }
    return sqrt(sum);
}|>)m4_dnl
m4_dnl sg_update(CLIP, FACTS, CALL): the step itself. FACTS computes the optimiser's scalars, CALL is the pass over the arrays.
sg_defop(<|sg_update_begin|>, 0, <|
/* One thread's share of the update */
static double update_share(Model *m, const Share *s)
{
    const Range own = share_range(s, sizeof m->w / sizeof(Real), P);
    Real *g = (Real *)&m->g, *w = (Real *)&m->w;
    const double norm = gradient_norm(g), lr = learning_rate(m->lr, m->epoch, m->epochs);|>)m4_dnl
sg_defop(<|sg_update_end|>, 0, <|    meet(s);
    refresh(m, s);
    return norm;
}|>)m4_dnl
