/* test_behaviour.c: what the interpreter promises besides gradients: padding and rows of other lengths never matter,
 * streaming equals whole sequences, carried windows equal one long one, dropout is off outside training.
 */
#include "cases.h"

#include "interp/interp.h"

static const double limit = 1e-13;

typedef struct Fixture {
    const Case *c;
    Graph *graph;
    SeqrtModel model;
    void *memory;
    Data data;
    double *w;
    size_t out_row; /* reals of one row of the output */
} Fixture;

static void fixture_open(Fixture *f, const Case *c)
{
    *f = (Fixture){.c = c, .graph = case_graph(c)};
    f->model = interp_model(f->graph);
    f->memory = mem_alloc(f->model.model_bytes);
    f->model.init(f->memory);
    f->w = case_weights(f->graph);
    f->model.set(f->memory, SEQRT_WEIGHTS, f->w);
    case_data(f->graph, &f->data);
    f->out_row = (size_t)f->graph->outputs * (f->model.per_step ? CASE_T : 1);
}

static void fixture_close(Fixture *f)
{
    interp_free(f->memory);
    free(f->memory);
    free(f->w);
    case_free(f->graph);
}

static SeqrtLoss forward(Fixture *f, const SeqrtBatch *batch, double *out)
{
    f->model.reset(f->memory);
    return f->model.forward(f->memory, batch, out);
}

/* Row i of the batch on its own. */
static SeqrtBatch only_row(const Fixture *f, int i)
{
    SeqrtBatch one = f->data.batch;
    const int per_row = f->model.per_step ? CASE_T : 1;
    one.rows = 1;
    one.lengths += i;
    one.tokens = one.tokens ? one.tokens + i * CASE_T : NULL;
    one.x = one.x ? (const double *)one.x + i * CASE_T * CASE_F : NULL;
    one.labels = one.labels ? one.labels + i * per_row : NULL;
    one.y = one.y ? (const double *)one.y + i * f->graph->outputs : NULL;
    return one;
}

/* A batch's outputs are those of its rows alone, its loss their sum; and past a row's end the output is zero. */
static void check_rows(Fixture *f)
{
    double together[CASE_B * CASE_T * CASE_V], alone[CASE_T * CASE_V];
    const SeqrtLoss all = forward(f, &f->data.batch, together);
    SeqrtLoss sum = {0, 0};
    for (int i = 0; i < CASE_B; i++) {
        const SeqrtBatch one = only_row(f, i);
        const SeqrtLoss loss = forward(f, &one, alone);
        sum.sum += loss.sum;
        sum.weight += loss.weight;
        const double far = distance(f->out_row, alone, together + (size_t)i * f->out_row);
        check(far <= limit, "row alone", f->c->name, far, limit);
        for (int t = f->data.lengths[i]; f->model.per_step && t < CASE_T; t++)
            for (int o = 0; o < f->graph->outputs; o++)
                check(alone[t * f->graph->outputs + o] == 0, "past the end", f->c->name, alone[t * f->graph->outputs + o], 0);
    }
    check(fabs(sum.sum - all.sum) <= limit * fabs(all.sum) && sum.weight == all.weight, "loss of rows", f->c->name, sum.sum, all.sum);
}

/* The output after k streamed steps is that of the sequence cut to k steps. */
static void check_stream(Fixture *f)
{
    double streamed[CASE_V], whole[CASE_T * CASE_V];
    for (int i = 0; i < CASE_B; i++) {
        SeqrtBatch one = only_row(f, i);
        const int32_t length = *one.lengths;
        f->model.reset_step(f->memory);
        for (int32_t k = 1; k <= length; k++) {
            one.lengths = &k;
            one.labels = NULL;
            one.y = NULL;
            f->model.step(f->memory, one.tokens ? one.tokens[k - 1] : -1, one.x ? (const double *)one.x + (k - 1) * CASE_F : NULL, streamed);
            const SeqrtLoss none = forward(f, &one, whole);
            check(none.sum == 0 && none.weight == 0, "no target, no loss", f->c->name, none.sum, 0);
            const double *at = whole + (f->model.per_step ? (k - 1) * f->graph->outputs : 0);
            const double far = distance((size_t)f->graph->outputs, streamed, at);
            check(far <= limit, "stream", f->c->name, far, limit);
        }
    }
}

/* A sequence as two windows, the first of k steps, the state carried over: the second's outputs, and the state behind
 * it, are those of the whole. Row 2, of length 1, has nothing left in the second window and keeps its state. */
static void check_carry(Fixture *f, int k)
{
    double whole[CASE_B * CASE_T * CASE_V], second[CASE_B * CASE_T * CASE_V];
    double *state = mem_alloc(2 * f->model.state_count * sizeof *state), *after = state + f->model.state_count;
    forward(f, &f->data.batch, whole);
    f->model.get(f->memory, SEQRT_STATE, state);

    Data parts[2] = {f->data, f->data};
    for (int i = 0; i < CASE_B; i++) {
        const int length = f->data.lengths[i];
        parts[0].lengths[i] = length < k ? length : k;
        parts[1].lengths[i] = length - parts[0].lengths[i];
        memmove(parts[1].tokens + i * CASE_T, parts[1].tokens + i * CASE_T + k, (size_t)(CASE_T - k) * sizeof(int32_t));
        memmove(parts[1].x + i * CASE_T * CASE_F, parts[1].x + (i * CASE_T + k) * CASE_F, (size_t)((CASE_T - k) * CASE_F) * sizeof(double));
    }
    for (int p = 0; p < 2; p++) {
        const SeqrtBatch batch = {.rows = CASE_B, .lengths = parts[p].lengths, .tokens = f->data.batch.tokens ? parts[p].tokens : NULL,
                                  .x = f->data.batch.x ? parts[p].x : NULL};
        if (p == 0)
            f->model.reset(f->memory);
        f->model.forward(f->memory, &batch, second);
    }
    f->model.get(f->memory, SEQRT_STATE, after);
    check(distance(f->model.state_count, after, state) <= limit, "carried state", f->c->name, distance(f->model.state_count, after, state), limit);
    for (int i = 0; i < CASE_B; i++)
        for (int t = 0; t < parts[1].lengths[i] && f->model.per_step; t++) {
            const size_t O = (size_t)f->graph->outputs, at = (size_t)(i * CASE_T + t) * O;
            const double far = distance(O, second + at, whole + at + (size_t)k * O);
            check(far <= limit, "carried output", f->c->name, far, limit);
        }
    free(state);
}

/* Training twice with one seed gives the same bits; another step drops others; without dropout it is the forward loss. */
static void check_dropout(Fixture *f)
{
    const bool drops = strstr(f->c->layers, ",d0") || strstr(f->c->layers, ":d0");
    double losses[3];
    for (int k = 0; k < 3; k++) {
        f->model.reset(f->memory);
        losses[k] = f->model.gradient(f->memory, &f->data.batch, 5, k == 2 ? 9 : 8, NULL).sum;
    }
    const double plain = forward(f, &f->data.batch, NULL).sum;
    check(losses[0] == losses[1], "same seed, same bits", f->c->name, losses[0], losses[1]);
    check((losses[0] != losses[2]) == drops, "another step", f->c->name, losses[0], losses[2]);
    check((losses[0] != plain) == drops, "evaluation", f->c->name, losses[0], plain);
}

/* What a loss without any label leaves: no gradient, no NaN. */
static void check_nothing(Fixture *f)
{
    SeqrtBatch batch = f->data.batch;
    const int32_t lengths[CASE_B] = {0};
    double *g = mem_alloc(f->model.weights_count * sizeof *g), norm = 0;
    batch.lengths = lengths;
    const SeqrtLoss loss = f->model.gradient(f->memory, &batch, 1, 1, NULL);
    f->model.get(f->memory, SEQRT_GRADIENTS, g);
    for (size_t i = 0; i < f->model.weights_count; i++)
        norm += fabs(g[i]);
    check(loss.sum == 0 && loss.weight == 0 && norm == 0, "empty rows", f->c->name, norm, 0);
    free(g);
}

int main(void)
{
    for (int k = 0; k < CASES; k++) {
        Fixture f;
        fixture_open(&f, &cases[k]);
        check_rows(&f);
        check_dropout(&f);
        check_nothing(&f);
        if (f.model.can_stream)
            check_stream(&f);
        for (int at = 1; cases[k].carry && at < CASE_T; at++)
            check_carry(&f, at);
        fixture_close(&f);
    }
    return report("test_behaviour", CASES);
}
