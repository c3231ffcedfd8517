/* loss.c: the losses, as torch.nn defines them, from elementary operations.
 *
 * Takes: a pass that has run. Gives: the sum over sequences (targets per step: over valid steps) and its weight; the
 * mean is sum / weight. Does not: run the network.
 */
#include "oracle.h"

#include "tape_node.h"

/* ---- one row of logits or values at a time: [b, O] -> [b, 1] ---- */

/* CrossEntropyLoss: -log(exp(x_label) / sum_j exp(x_j)). The row's maximum m only keeps exp in range. */
static Value cross_entropy(Tape *tape, Value x, const int32_t *labels)
{
    const Value m = tape_row_max(tape, x);
    const Value shifted = tape_add_col(tape, x, tape_scale(tape, m, -1));
    const Value total = tape_log(tape, tape_row_sum(tape, tape_exp(tape, shifted)));
    return tape_sub(tape, total, tape_pick(tape, shifted, labels));
}

/* BCEWithLogitsLoss: -(y log s(x) + (1 - y) log(1 - s(x))) = log(1 + e^x) - x y = m + log(e^-m + e^(x-m)) - x y for
 * every m; m = max(x, 0) keeps exp in range. */
static Value bce(Tape *tape, Value x, Value y)
{
    const Value m = tape_relu(tape, tape_detach(tape, x)), minus = tape_scale(tape, m, -1);
    const Value total = tape_add(tape, tape_exp(tape, minus), tape_exp(tape, tape_add(tape, x, minus)));
    return tape_sub(tape, tape_add(tape, m, tape_log(tape, total)), tape_mul(tape, x, y));
}

/* HuberLoss, delta 1: d^2 / 2 where |d| < 1, else |d| - 1/2. With c, d cut off at -1 and 1: c (d - c / 2). */
static Value huber(Tape *tape, Value d)
{
    const Value above = tape_relu(tape, tape_shift(tape, d, -1));
    const Value below = tape_relu(tape, tape_shift(tape, tape_scale(tape, d, -1), -1));
    const Value c = tape_add(tape, tape_sub(tape, d, above), below);
    return tape_mul(tape, c, tape_sub(tape, d, tape_scale(tape, c, 0.5)));
}

/* MSELoss, L1Loss, HuberLoss, BCEWithLogitsLoss on [b, O], mean over O. */
static Value of_values(Tape *tape, SeqrtLossKind kind, Value x, Value y)
{
    const Value d = tape_sub(tape, x, y);
    Value each;
    if (kind == SEQRT_BCE)
        each = bce(tape, x, y);
    else if (kind == SEQRT_MSE)
        each = tape_mul(tape, d, d);
    else
        each = kind == SEQRT_MAE ? tape_abs(tape, d) : huber(tape, d);
    return tape_scale(tape, tape_row_sum(tape, each), 1.0 / tape_cols(tape, x));
}

/* ---- labels ---- */

static bool per_step(const Pass *pass)
{
    return pass->graph->out.steps;
}

/* The label of row i at step t; -1: none (past the end, or not known). */
static int32_t label_of(const Pass *pass, int i, int t)
{
    if (pass->batch->lengths[i] <= t)
        return -1;
    return per_step(pass) ? pass->batch->labels[(size_t)i * (size_t)pass->graph->T + (size_t)t] : pass->batch->labels[i];
}

/* A sequence or step weighs its class's weight, 1 without class weights, and 0 where it has no label. */
static double label_weight(const Pass *pass, int32_t label)
{
    const Spec *spec = pass->graph->spec;
    const bool classes = spec->train.class_weights && spec->task.target != SEQRT_NEXT;
    return label < 0 ? 0 : classes ? spec->train.class_weights[label] : 1;
}

/* Adds sum_i w_i * loss_i of one step, or of the pooled output (t 0), to the loss. */
static void add_labels(Pass *pass, Value x, int t, OracleLoss *loss)
{
    Tape *tape = pass->tape;
    int32_t *labels = tape_memory(tape, (size_t)pass->b * sizeof *labels);
    const Value weights = tape_constant(tape, pass->b, 1, NULL), y = tape_constant(tape, pass->b, 1, NULL);
    for (int i = 0; i < pass->b; i++) {
        const int32_t label = label_of(pass, i, t);
        tape_value(tape, weights)[i] = label_weight(pass, label);
        loss->weight += label_weight(pass, label);
        labels[i] = label < 0 ? 0 : label;
        tape_value(tape, y)[i] = labels[i];
    }
    const bool logits = pass->graph->spec->task.loss == SEQRT_CROSS_ENTROPY;
    const Value each = logits ? cross_entropy(tape, x, labels) : bce(tape, x, y);
    const Value sum = tape_sum(tape, tape_mul(tape, each, weights));
    loss->sum = loss->sum == VALUE_NONE ? sum : tape_add(tape, loss->sum, sum);
}

/* ---- values ---- */

/* Those of step t, or of the sequences (t 0), and whether there are any */
static Value targets(Pass *pass, int t, Value weights)
{
    const size_t O = (size_t)pass->graph->outputs, T = per_step(pass) ? (size_t)pass->graph->T : 1;
    const double *from = pass->batch->y;
    const Value y = tape_constant(pass->tape, pass->b, (int)O, NULL);
    for (size_t i = 0; i < (size_t)pass->b; i++) {
        const bool valid = pass->batch->lengths[i] > t;
        tape_value(pass->tape, weights)[i] = valid;
        for (size_t o = 0; valid && o < O; o++)
            tape_value(pass->tape, y)[i * O + o] = from[(i * T + (size_t)t) * O + o];
    }
    return y;
}

static void add_values(Pass *pass, Value x, int t, OracleLoss *loss)
{
    Tape *tape = pass->tape;
    const Value weights = tape_constant(tape, pass->b, 1, NULL), y = targets(pass, t, weights);
    const Value each = of_values(tape, pass->graph->spec->task.loss, x, y);
    const Value sum = tape_sum(tape, tape_mul(tape, each, weights));
    loss->sum = loss->sum == VALUE_NONE ? sum : tape_add(tape, loss->sum, sum);
    for (int i = 0; i < pass->b; i++)
        loss->weight += pass->batch->lengths[i] > t;
}

OracleLoss oracle_loss(Pass *pass)
{
    OracleLoss loss = {VALUE_NONE, 0};
    if (!pass->batch->y && !pass->batch->labels)
        return loss;
    for (int t = 0; t < (per_step(pass) ? pass->T : 1); t++)
        (pass->batch->y ? add_values : add_labels)(pass, per_step(pass) ? pass->out.steps[t] : pass->out.pooled, t, &loss);
    return loss;
}
