m4_dnl loss.m4: each loss with its gradient, over the rows of the output.
m4_dnl
m4_dnl sg_loss_*(Y, STRIDE, DY) prints loss_row: the loss of one row, and the gradient dy of the batch's mean. Then sg_loss_weight_*(ROWS)
m4_dnl prints what the rows weigh together, and sg_loss(ROWS, LOSS_ROWS) the sum over them, that threads share.
m4_dnl
sg_defop(<|sg_class_weights_begin|>, 1, <|
static const double class_weights[$1] = {|>)m4_dnl
sg_defop(<|sg_class_weights_item|>, 1, <|    $1,|>)m4_dnl
sg_defop(<|sg_class_weights_end|>, 0, <|};|>)m4_dnl
sg_defop(<|sg_label_weight_one|>, 0, <|
static double label_weight(const int32_t label)
{
    (void)label;
    return 1;
}|>)m4_dnl
sg_defop(<|sg_label_weight|>, 0, <|
static double label_weight(const int32_t label) { return class_weights[label]; }|>)m4_dnl
sg_defop(<|sg_loss_cross_entropy|>, 3, <|
/* The largest output of a row */
static Real largest(const Real *y)
{
    const int count = O;
    Real most = y[0];
    if (count >= W) { /* the last vector may overlap the one before it */
        V m = v_getu(y + count - W);
        for (int j = 0; j + W <= count; j += W)
            m = v_max(m, v_get(y + j));
        return v_hmax(m);
    }
    for (int j = 1; j < count; j++)
        most = y[j] > most ? y[j] : most;
    return most;
}

/* p = exp(y - top) of one row, zero past O. Returns its sum. */
static Real softmax_row(const Real *y, Real *p, const Real top)
{
    V sum = v_zero();
    for (int j = 0; j < $2; j += W)
        v_put(p + j, v_exp(v_get(y + j) - v_set(top)));
    for (int j = O; j < $2; j++)
        p[j] = 0;
    for (int j = 0; j < $2; j += W)
        sum += v_get(p + j);
    return v_sum(sum);
}

/* Cross entropy: -log softmax(y)[label]; dy = (softmax(y) - onehot(label)) weight / total */
static double loss_row(Model *m, const ptrdiff_t r, const double total)
{
    const int32_t label = m->labels[r];
    const double weight = label_weight(label);
    const Real *y = $1 + r * $2, top = largest(y);
    Real *dy = $3 + r * $2;
    const Real sum = softmax_row(y, dy, top), scale = (Real)(total > 0 ? weight / total : 0), norm = scale / sum;
    for (int j = 0; j < $2; j += W)
        v_put(dy + j, v_get(dy + j) * v_set(norm));
    dy[label] -= scale;
    return weight * (log((double)sum) - ((double)y[label] - (double)top));
}|>)m4_dnl
m4_dnl sg_loss_bce_labels: one output, the class is 0 or 1
sg_defop(<|sg_loss_bce_labels|>, 3, <|
/* Binary cross entropy of logits: max(y, 0) - y label + log(1 + exp(-|y|)); dy = (sigmoid(y) - label) weight / total */
static double loss_row(Model *m, const ptrdiff_t r, const double total)
{
    const double y = (double)$1[r * $2], label = m->labels[r], weight = label_weight(m->labels[r]);
    $3[r * $2] = (Real)(total > 0 ? (1 / (1 + exp(-y)) - label) * weight / total : 0);
    return weight * ((y > 0 ? y : 0) - y * label + log1p(exp(-fabs(y))));
}|>)m4_dnl
m4_dnl sg_loss_values(Y, STRIDE, DY, COMMENT, LOSS of y and t, GRADIENT of it): mean over the outputs of a row
sg_defop(<|sg_loss_values|>, 6, <|
/* $4, mean over the outputs of a row */
static double loss_row(Model *m, const ptrdiff_t r, const double total)
{
    double sum = 0;
    for (int j = 0; j < O; j++) {
        const double y = (double)$1[r * $2 + j], t = (double)m->target[r * O + j], d = y - t;
        sum += ($5) / O;
        $3[r * $2 + j] = (Real)(($6) / (O * total));
    }
    return sum;
}|>)m4_dnl
m4_dnl
sg_defop(<|sg_loss_weight_labels|>, 1, <|
/* What the rows weigh together */
static double loss_weight(const Model *m)
{
    double sum = 0;
    for (ptrdiff_t r = 0; r < $1; r++)
        sum += label_weight(m->labels[r]);
    return sum;
}|>)m4_dnl
sg_defop(<|sg_loss_weight_rows|>, 1, <|
/* What the rows weigh together */
static double loss_weight(const Model *m) { return (double)$1; }|>)m4_dnl
sg_defop(<|sg_loss|>, 2, <|
enum { LOSS_ROWS = $2 };

/* The thread's share of the loss, in sums over LOSS_ROWS rows: so the total is the same for any number of threads */
static void loss_rows(Model *m, const Share *s)
{
    const double total = loss_weight(m);
    const Range own = share_range(s, $1, LOSS_ROWS);
    for (ptrdiff_t first = own.first; first < own.end; first += LOSS_ROWS) {
        double sum = 0;
        for (ptrdiff_t r = first; r < own.end && r < first + LOSS_ROWS; r++)
            sum += loss_row(m, r, total);
        m->losses[first / LOSS_ROWS] = sum;
    }
}

static Loss loss_sum(const Model *m)
{
    Loss all = {0, loss_weight(m)};
    for (ptrdiff_t i = 0; i * LOSS_ROWS < $1; i++)
        all.sum += m->losses[i];
    return all;
}|>)m4_dnl
