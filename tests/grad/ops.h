/* ops.h: every operation of the tape in a small expression of two [3, 4] parameters, for both kinds of derivative. */
#ifndef TESTS_GRAD_OPS_H
#define TESTS_GRAD_OPS_H

#include "interp/tape.h"

enum { OP_M = 3, OP_N = 4, OP_COUNT = 2 * OP_M * OP_N };

typedef Value (*Expression)(Tape *t, Value a, Value b);

static Value row_of(Tape *t, Value b)
{
    const int32_t first = 0;
    return tape_gather(t, b, 1, &first);
}

static Value positive(Tape *t, Value a)
{
    return tape_shift(t, tape_mul(t, a, a), 0.3);
}

static const int32_t op_ids[] = {2, -1, 0, 2};
static const int32_t op_picks[] = {3, 0, 2};
static const bool op_mask[] = {true, false, true};

#define OP(name, expression) \
    static Value op_##name(Tape *t, Value a, Value b) \
    { \
        (void)b; \
        return expression; \
    }
#define OPS(X) \
    X(matmul, tape_matmul(t, a, tape_transpose(t, b))) \
    X(transpose, tape_matmul(t, tape_transpose(t, a), b)) \
    X(add, tape_add(t, a, b)) \
    X(sub, tape_sub(t, a, b)) \
    X(mul, tape_mul(t, a, b)) \
    X(square, tape_mul(t, a, a)) \
    X(max, tape_max(t, a, b)) \
    X(add_row, tape_add_row(t, a, row_of(t, b))) \
    X(mul_row, tape_mul_row(t, a, row_of(t, b))) \
    X(add_col, tape_add_col(t, a, tape_columns(t, b, 1, 1))) \
    X(mul_col, tape_mul_col(t, a, tape_columns(t, b, 1, 1))) \
    X(scale, tape_scale(t, a, -2.5)) \
    X(shift, tape_shift(t, a, 0.5)) \
    X(tanh, tape_tanh(t, a)) \
    X(sigmoid, tape_sigmoid(t, a)) \
    X(relu, tape_relu(t, a)) \
    X(abs, tape_abs(t, a)) \
    X(erf, tape_erf(t, a)) \
    X(exp, tape_exp(t, a)) \
    X(log, tape_log(t, positive(t, a))) \
    X(sqrt, tape_sqrt(t, positive(t, a))) \
    X(reciprocal, tape_reciprocal(t, positive(t, a))) \
    X(gather, tape_gather(t, a, 4, op_ids)) \
    X(pick, tape_pick(t, a, op_picks)) \
    X(columns, tape_columns(t, a, 1, 2)) \
    X(concat, tape_concat(t, 3, (Value[]){a, b, a})) \
    X(blend, tape_blend(t, op_mask, a, b)) \
    X(row_sum, tape_row_sum(t, a)) \
    X(sum, tape_sum(t, a))

OPS(OP)

static const struct {
    const char *name;
    Expression of;
} ops[] = {
#define OP_ENTRY(name, expression) {#name, op_##name},
    OPS(OP_ENTRY)
};
enum { OPS_COUNT = sizeof ops / sizeof ops[0] };

/* The sum of the expression's elements, each with its own weight, squared first so that second derivatives count too. */
static Value op_end(Tape *tape, Expression of, const Scalar *parameters, Value *a, Value *b)
{
    *a = tape_parameter(tape, OP_M, OP_N, parameters);
    *b = tape_parameter(tape, OP_M, OP_N, parameters + OP_M * OP_N);
    const Value y = of(tape, *a, *b);
    const int m = tape_rows(tape, y), n = tape_cols(tape, y);
    const Value weights = tape_constant(tape, m, n, NULL);
    for (int i = 0; i < m * n; i++)
        tape_value(tape, weights)[i] = 0.3 + 0.1 * i;
    return tape_sum(tape, tape_mul(tape, tape_shift(tape, y, 0.7), tape_mul(tape, y, weights)));
}

static void op_gradient(Tape *tape, Value a, Value b, double *gradient)
{
    const Value both[] = {a, b};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < OP_M * OP_N; i++)
            gradient[k * OP_M * OP_N + i] = tape_gradient(tape, both[k]) ? scalar_real(tape_gradient(tape, both[k])[i]) : 0;
}

#endif
