/* pool_oracle.c: last, mean and max over the valid steps of a row.
 *
 * last: x_(n-1), n the row's length; of both directions forward's x_(n-1) and reverse's x_0
 * mean: sum_(t<n) x_t / n
 * max:  max_(t<n) x_t, each feature for itself; the first of equals
 * In a stream they pool what has come so far, from what the layer's block keeps.
 */
#include "../interp/oracle.h"

void last_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    Tape *tape = pass->tape;
    Value last = in->steps[0];
    for (int t = 1; t < pass->T; t++)
        last = tape_blend(tape, oracle_mask(pass, t), in->steps[t], last);
    if (layer->in.final_states && layer->in.directions == 2) {
        const int H = layer->in.width / 2;
        const Value ends[] = {tape_columns(tape, last, 0, H), tape_columns(tape, in->steps[0], H, H)};
        last = tape_concat(tape, 2, ends);
    }
    out->pooled = last;
}

/* ---- streams: one step at a time ---- */

static bool streaming(const Pass *pass)
{
    return pass->carry && pass->carry->streaming;
}

static void stream_mean(Pass *pass, const Layer *layer, Value x, Flow *out)
{
    double *sum = oracle_carried(pass, layer);
    const Value total = tape_add(pass->tape, oracle_load(pass, sum, layer->in.width), x);
    oracle_store(pass, total, sum);
    out->pooled = tape_scale(pass->tape, total, 1.0 / (double)(pass->carry->seen + 1));
}

static void stream_max(Pass *pass, const Layer *layer, Value x, Flow *out)
{
    double *largest = oracle_carried(pass, layer);
    out->pooled = pass->carry->seen == 0 ? x : tape_max(pass->tape, oracle_load(pass, largest, layer->in.width), x);
    oracle_store(pass, out->pooled, largest);
}

/* ---- whole sequences ---- */

/* [b, 1]: 1 / n where step t is valid, else 0 */
static Value shares(Pass *pass, int t)
{
    const Value v = tape_constant(pass->tape, pass->b, 1, NULL);
    for (int i = 0; i < pass->b; i++)
        if (t < pass->batch->lengths[i])
            tape_value(pass->tape, v)[i] = 1.0 / pass->batch->lengths[i];
    return v;
}

void mean_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    if (streaming(pass)) {
        stream_mean(pass, layer, in->steps[0], out);
        return;
    }
    out->pooled = tape_mul_col(pass->tape, in->steps[0], shares(pass, 0));
    for (int t = 1; t < pass->T; t++)
        out->pooled = tape_add(pass->tape, out->pooled, tape_mul_col(pass->tape, in->steps[t], shares(pass, t)));
}

void max_oracle(Pass *pass, const Layer *layer, const Flow *in, Flow *out)
{
    if (streaming(pass)) {
        stream_max(pass, layer, in->steps[0], out);
        return;
    }
    out->pooled = in->steps[0];
    for (int t = 1; t < pass->T; t++) {
        const Value larger = tape_max(pass->tape, out->pooled, in->steps[t]);
        out->pooled = tape_blend(pass->tape, oracle_mask(pass, t), larger, out->pooled);
    }
}
