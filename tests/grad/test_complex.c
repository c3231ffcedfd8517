/* test_complex.c: the tape's gradients against the complex step: Im f(x + ih) / h is f'(x) to the last bits, for h = 1e-30.
 *
 * The oracle's own sources, compiled here with complex numbers for doubles (interp/scalar.h): the very same forward
 * loops, and the very same reverse rules on complex values whose imaginary part is zero. They stand in for the interp
 * library's objects, which the linker therefore leaves out.
 */
#define TAPE_COMPLEX

#include "interp/loss.c"
#include "interp/oracle.c"
#include "interp/tape.c"
#include "interp/tape_ops.c"
#include "interp/tape_shapes.c"

#include "layers/activation_oracle.c"
#include "layers/flatten_oracle.c"
#include "layers/pool_oracle.c"
#include "layers/recurrent_oracle.c"
#include "layers/rnn_oracle.c"
#include "layers/lstm_oracle.c"
#include "layers/gru_oracle.c"
#include "layers/embedding_oracle.c"
#include "layers/linear_oracle.c"
#include "layers/dropout_oracle.c"
#include "layers/layer_norm_oracle.c"

#include "cases.h"
#include "ops.h"

static const double h = 1e-30, limit = 1e-12;

static void check_op(Tape *tape, int k)
{
    Scalar p[OP_COUNT];
    double found[OP_COUNT], expected[OP_COUNT];
    Value a, b;
    for (int i = 0; i < OP_COUNT; i++)
        p[i] = noise(10, (uint64_t)i);
    tape_clear(tape);
    tape_backward(tape, op_end(tape, ops[k].of, p, &a, &b));
    op_gradient(tape, a, b, found);
    for (int i = 0; i < OP_COUNT; i++) {
        tape_clear(tape);
        p[i] += h * _Complex_I;
        expected[i] = cimag(tape_value(tape, op_end(tape, ops[k].of, p, &a, &b))[0]) / h;
        p[i] = creal(p[i]);
    }
    const double far = distance(OP_COUNT, found, expected);
    check(far <= limit, "operation, complex step", ops[k].name, far, limit);
}

/* ---- models ---- */

static Value mean_loss(Pass *pass, const Scalar *w)
{
    tape_clear(pass->tape);
    oracle_run(pass, w);
    const OracleLoss loss = oracle_loss(pass);
    return tape_scale(pass->tape, loss.sum, 1.0 / loss.weight);
}

static void model_gradient(Pass *pass, const Scalar *w, double *gradient)
{
    const Graph *graph = pass->graph;
    tape_backward(pass->tape, mean_loss(pass, w));
    for (int i = 0; i < graph->tensors_count; i++) {
        const SeqrtTensor *tensor = &graph->tensors[i];
        const Scalar *from = tape_gradient(pass->tape, pass->weights[i]);
        const int count = tensor->shape[0] * (tensor->rank == 2 ? tensor->shape[1] : 1);
        for (int j = 0; from && j < count; j++)
            gradient[tensor->offset + (size_t)j] = creal(from[j]);
    }
}

static void check_case(Tape *tape, const Case *c)
{
    Graph *graph = case_graph(c);
    Data data;
    case_data(graph, &data);
    Pass pass = {.tape = tape, .graph = graph, .batch = &data.batch, .training = true, .seed = 7, .step = 3};
    const size_t n = (size_t)graph->weights_count;
    double *real = case_weights(graph), *found = mem_alloc(n * sizeof *found), *expected = mem_alloc(n * sizeof *expected);
    Scalar *w = mem_alloc(n * sizeof *w);
    for (size_t i = 0; i < n; i++)
        w[i] = real[i];
    model_gradient(&pass, w, found);
    for (size_t i = 0; i < n; i++) {
        w[i] += h * _Complex_I;
        expected[i] = cimag(tape_value(tape, mean_loss(&pass, w))[0]) / h;
        w[i] = real[i];
    }
    const double far = distance(n, found, expected);
    check(far <= limit, "model, complex step", c->name, far, limit);
    case_free(graph);
    free(real);
    free(found);
    free(expected);
    free(w);
}

int main(void)
{
    Tape *tape = tape_new();
    for (int k = 0; k < OPS_COUNT; k++)
        check_op(tape, k);
    for (int k = 0; k < CASES; k++)
        check_case(tape, &cases[k]);
    tape_free(tape);
    return report("test_complex", OPS_COUNT + CASES);
}
