m4_dnl loss.m4: each loss with its gradient, over the rows of the output. sg_loss_*(ROWS, Y, STRIDE, DY)
m4_dnl Every loss function adds up losses and weights of the batch and, where dy is wanted, writes the gradient of the mean.
m4_dnl
sg_defop(<|sg_class_weights_begin|>, 1, <|static const double class_weights[$1] = {|>)m4_dnl
sg_defop(<|sg_class_weights_item|>, 1, <|    $1,|>)m4_dnl
sg_defop(<|sg_class_weights_end|>, 0, <|};|>)m4_dnl
m4_dnl sg_loss_weights(ROWS, WEIGHT OF LABEL)
sg_defop(<|sg_loss_weights_one|>, 0, <|static double label_weight(const int32_t label)
{
    (void)label;
    return 1;
}|>)m4_dnl
sg_defop(<|sg_loss_weights_class|>, 0, <|static double label_weight(const int32_t label) { return class_weights[label]; }|>)m4_dnl
sg_defop(<|sg_loss_cross_entropy|>, 4, <|
/* p = exp(y - max) of one row, zero past O. Returns its sum; *top is the largest y. */
static Real softmax_row(const Real *y, Real *p, Real *top)
{
    Real most = y[0];
    for (int j = 1; j < O; j++)
        most = y[j] > most ? y[j] : most;
    V sum = v_zero();
    for (int j = 0; j < $3; j += W)
        v_store(p + j, v_exp(v_load(y + j) - v_set(most)));
    for (int j = O; j < $3; j++)
        p[j] = 0;
    for (int j = 0; j < $3; j += W)
        sum += v_load(p + j);
    *top = most;
    return v_sum(sum);
}

/* Cross entropy: -log softmax(y)[label]; dy = (softmax(y) - onehot(label)) weight / total */
static Loss loss(Model *m)
{
    Loss all = {0, 0};
    for (ptrdiff_t r = 0; r < $1; r++)
        all.weight += label_weight(m->labels[r]);
    const double share = all.weight > 0 ? 1 / all.weight : 0;
    for (ptrdiff_t r = 0; r < $1; r++) {
        const int32_t label = m->labels[r];
        const Real *y = $2 + r * $3;
        Real *dy = $4 + r * $3, top;
        const Real sum = softmax_row(y, dy, &top);
        all.sum += label_weight(label) * (log((double)sum) - ((double)y[label] - (double)top));
        const Real scale = (Real)(label_weight(label) * share), norm = scale / sum;
        for (int j = 0; j < $3; j += W)
            v_store(dy + j, v_load(dy + j) * v_set(norm));
        dy[label] -= scale;
    }
    return all;
}|>)m4_dnl
m4_dnl sg_loss_bce_labels: one output, the class is 0 or 1
sg_defop(<|sg_loss_bce_labels|>, 4, <|
/* Binary cross entropy of logits: max(y, 0) - y label + log(1 + exp(-|y|)); dy = (sigmoid(y) - label) weight / total */
static Loss loss(Model *m)
{
    Loss all = {0, 0};
    for (ptrdiff_t r = 0; r < $1; r++)
        all.weight += label_weight(m->labels[r]);
    const double share = all.weight > 0 ? 1 / all.weight : 0;
    for (ptrdiff_t r = 0; r < $1; r++) {
        const double y = (double)$2[r * $3], label = m->labels[r], weight = label_weight(m->labels[r]);
        all.sum += weight * ((y > 0 ? y : 0) - y * label + log1p(exp(-fabs(y))));
        $4[r * $3] = (Real)((1 / (1 + exp(-y)) - label) * weight * share);
    }
    return all;
}|>)m4_dnl
m4_dnl sg_loss_values(ROWS, Y, STRIDE, DY, COMMENT, LOSS of y and t, GRADIENT of it): mean over the outputs of a row
sg_defop(<|sg_loss_values|>, 7, <|
/* $5, mean over the outputs of a row */
static Loss loss(Model *m)
{
    Loss all = {0, (double)$1};
    for (ptrdiff_t r = 0; r < $1; r++)
        for (int j = 0; j < O; j++) {
            const double y = (double)$2[r * $3 + j], t = (double)m->target[r * O + j], d = y - t;
            all.sum += ($6) / O;
            $4[r * $3 + j] = (Real)(($7) / (O * all.weight));
        }
    return all;
}|>)m4_dnl
