/* test_tape.c: the tape's gradients against central differences: every operation, every case of cases.h. */
#include "cases.h"

#include "interp/interp.h"
#include "ops.h"

static const double step = 1e-5, limit = 1e-6;

/* ---- operations ---- */

static double op_value(Tape *tape, Expression of, const double *parameters)
{
    Value a, b;
    tape_clear(tape);
    return tape_value(tape, op_end(tape, of, parameters, &a, &b))[0];
}

static void check_op(Tape *tape, int k)
{
    double p[OP_COUNT], found[OP_COUNT], expected[OP_COUNT];
    Value a, b;
    for (int i = 0; i < OP_COUNT; i++)
        p[i] = noise(10, (uint64_t)i);
    tape_clear(tape);
    tape_backward(tape, op_end(tape, ops[k].of, p, &a, &b));
    op_gradient(tape, a, b, found);
    for (int i = 0; i < OP_COUNT; i++) {
        const double at = p[i];
        p[i] = at + step;
        const double above = op_value(tape, ops[k].of, p);
        p[i] = at - step;
        expected[i] = (above - op_value(tape, ops[k].of, p)) / (2 * step);
        p[i] = at;
    }
    const double far = distance(OP_COUNT, found, expected);
    check(far <= limit, "operation, differences", ops[k].name, far, limit);
}

/* ---- models, through the runtime's functions ---- */

typedef struct Run {
    SeqrtModel model;
    void *memory;
    double *state;
    Data data;
} Run;

static void run_open(Run *run, const Graph *graph)
{
    run->model = interp_model(graph);
    run->memory = mem_alloc(run->model.model_bytes);
    run->model.init(run->memory);
    run->state = mem_alloc(run->model.state_count * sizeof *run->state);
    for (size_t i = 0; i < run->model.state_count; i++)
        run->state[i] = noise(6, i);
    case_data(graph, &run->data);
}

static void run_close(Run *run)
{
    interp_free(run->memory);
    free(run->memory);
    free(run->state);
}

/* The mean loss in training mode, from the same carried state every time. */
static double mean_loss(Run *run, const double *w)
{
    run->model.set(run->memory, SEQRT_WEIGHTS, w);
    run->model.set(run->memory, SEQRT_STATE, run->state);
    const SeqrtLoss loss = run->model.gradient(run->memory, &run->data.batch, 7, 3, NULL);
    return loss.sum / loss.weight;
}

static void check_case(const Case *c)
{
    Graph *graph = case_graph(c);
    Run run;
    run_open(&run, graph);
    const size_t n = run.model.weights_count;
    double *w = case_weights(graph), *found = mem_alloc(n * sizeof *found), *expected = mem_alloc(n * sizeof *expected);
    const double loss = mean_loss(&run, w);
    run.model.get(run.memory, SEQRT_GRADIENTS, found);
    for (size_t i = 0; i < n; i++) {
        const double at = w[i];
        w[i] = at + step;
        const double above = mean_loss(&run, w);
        w[i] = at - step;
        expected[i] = (above - mean_loss(&run, w)) / (2 * step);
        w[i] = at;
    }
    const double far = distance(n, found, expected);
    check(isfinite(loss) && far <= limit, "model, differences", c->name, far, limit);
    run_close(&run);
    case_free(graph);
    free(w);
    free(found);
    free(expected);
}

int main(void)
{
    Tape *tape = tape_new();
    for (int k = 0; k < OPS_COUNT; k++)
        check_op(tape, k);
    tape_free(tape);
    for (int k = 0; k < CASES; k++)
        check_case(&cases[k]);
    return report("test_tape", OPS_COUNT + CASES);
}
