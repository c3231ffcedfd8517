/* tape_ops.c: the operations that compute: products, sums, functions of an element.
 *
 * Each has its forward loop and, beside it, its reverse rule, which quotes the forward line it belongs to. In a rule, y is
 * the node's value, dy its gradient, da and db what is added to the operands' gradients.
 * Does not: move rows and columns about (tape_shapes.c).
 */
#include "tape_node.h"

static size_t size_of(const Node *node)
{
    return (size_t)node->rows * (size_t)node->cols;
}

/* ---- matrix product ---- */

/* C[m, n] += A[m, k] B[k, n]; A's element (i, p) is at a[i * row + p * col]. Four rows of B at once, so that a row of C
 * is read and written once for them. */
static void multiply(int m, int n, int k, const Scalar *a, size_t row, size_t col, const Scalar *restrict b, Scalar *restrict c)
{
    const size_t N = (size_t)n;
    for (int i = 0; i < m; i++, c += n) {
        const Scalar *ai = a + (size_t)i * row;
        int p = 0;
        for (; p + 4 <= k; p += 4) {
            const Scalar a0 = ai[(size_t)p * col], a1 = ai[(size_t)(p + 1) * col];
            const Scalar a2 = ai[(size_t)(p + 2) * col], a3 = ai[(size_t)(p + 3) * col];
            const Scalar *bp = b + (size_t)p * N;
            for (size_t j = 0; j < N; j++)
                c[j] += (a0 * bp[j] + a1 * bp[j + N]) + (a2 * bp[j + 2 * N] + a3 * bp[j + 3 * N]);
        }
        for (; p < k; p++)
            for (size_t j = 0; j < N; j++)
                c[j] += ai[(size_t)p * col] * b[(size_t)p * N + j];
    }
}

static Scalar *transposed(Tape *tape, const Scalar *from, int rows, int cols)
{
    Scalar *to = tape_memory(tape, (size_t)rows * (size_t)cols * sizeof *to);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++)
            to[(size_t)j * (size_t)rows + (size_t)i] = from[(size_t)i * (size_t)cols + (size_t)j];
    return to;
}

/* Y = A B: dA = dY B^T, dB = A^T dY */
static void matmul_reverse(Tape *tape, const Node *node)
{
    const Node *a = tape_node(tape, node->a), *b = tape_node(tape, node->b);
    const int m = node->rows, n = node->cols, k = a->cols;
    Scalar *da = tape_into(tape, node->a), *db = tape_into(tape, node->b);
    if (da)
        multiply(m, k, n, node->gradient, (size_t)n, 1, transposed(tape, b->value, k, n), da);
    if (db)
        multiply(k, n, m, a->value, 1, (size_t)k, node->gradient, db);
}

Value tape_matmul(Tape *tape, Value a, Value b)
{
    const int m = tape_rows(tape, a), k = tape_cols(tape, a), n = tape_cols(tape, b);
    tape_require(tape_rows(tape, b) == k, "matmul");
    Node *node = tape_push(tape, m, n, a, b, matmul_reverse);
    for (size_t i = 0; i < size_of(node); i++)
        node->value[i] = 0.0;
    multiply(m, n, k, tape_value(tape, a), (size_t)k, 1, tape_value(tape, b), node->value);
    return tape_last(tape);
}

/* ---- two operands, element by element: FORWARD of x and z, DA and DB of x, z, dy ---- */

#define PAIRWISE(name, FORWARD, DA, DB) \
    static void name##_reverse(Tape *tape, const Node *node) \
    { \
        const Scalar *a = tape_value(tape, node->a), *b = tape_value(tape, node->b); \
        Scalar *da = tape_into(tape, node->a), *db = tape_into(tape, node->b); \
        for (size_t i = 0; i < size_of(node); i++) { \
            const Scalar x = a[i], z = b[i], dy = node->gradient[i]; \
            (void)x, (void)z; \
            if (da) \
                da[i] += (DA); \
            if (db) \
                db[i] += (DB); \
        } \
    } \
    Value tape_##name(Tape *tape, Value a, Value b) \
    { \
        tape_require(tape_rows(tape, a) == tape_rows(tape, b) && tape_cols(tape, a) == tape_cols(tape, b), #name); \
        Node *node = tape_push(tape, tape_rows(tape, a), tape_cols(tape, a), a, b, name##_reverse); \
        const Scalar *va = tape_value(tape, a), *vb = tape_value(tape, b); \
        for (size_t i = 0; i < size_of(node); i++) { \
            const Scalar x = va[i], z = vb[i]; \
            node->value[i] = (FORWARD); \
        } \
        return tape_last(tape); \
    }

#define FIRST_WINS (scalar_real(x) >= scalar_real(z))
PAIRWISE(add, x + z, dy, dy)
PAIRWISE(sub, x - z, dy, -dy)
PAIRWISE(mul, x * z, dy * z, dy * x)
PAIRWISE(max, FIRST_WINS ? x : z, FIRST_WINS ? dy : 0.0, FIRST_WINS ? 0.0 : dy)

/* ---- a matrix and a row or a column spread over it: z's index is j (row) or i (column) ---- */

#define SPREAD(name, ROWS, COLS, INDEX, FORWARD, DA, DB) \
    static void name##_reverse(Tape *tape, const Node *node) \
    { \
        const Scalar *a = tape_value(tape, node->a), *b = tape_value(tape, node->b), *g = node->gradient; \
        Scalar *da = tape_into(tape, node->a), *db = tape_into(tape, node->b); \
        for (int i = 0; i < node->rows; i++) \
            for (int j = 0; j < node->cols; j++, a++, g++) { \
                const Scalar x = *a, z = b[INDEX], dy = *g; \
                (void)x, (void)z; \
                if (da) \
                    *da++ += (DA); \
                if (db) \
                    db[INDEX] += (DB); \
            } \
    } \
    Value tape_##name(Tape *tape, Value a, Value b) \
    { \
        const int m = tape_rows(tape, a), n = tape_cols(tape, a); \
        tape_require(tape_rows(tape, b) == (ROWS) && tape_cols(tape, b) == (COLS), #name); \
        Scalar *y = tape_push(tape, m, n, a, b, name##_reverse)->value; \
        const Scalar *va = tape_value(tape, a), *vb = tape_value(tape, b); \
        for (int i = 0; i < m; i++) \
            for (int j = 0; j < n; j++) { \
                const Scalar x = *va++, z = vb[INDEX]; \
                *y++ = (FORWARD); \
            } \
        return tape_last(tape); \
    }

SPREAD(add_row, 1, n, j, x + z, dy, dy)
SPREAD(mul_row, 1, n, j, x * z, dy * z, dy * x)
SPREAD(add_col, m, 1, i, x + z, dy, dy)
SPREAD(mul_col, m, 1, i, x * z, dy * z, dy * x)

/* ---- one operand, element by element: FORWARD of x, DA of x, y, dy; c is the node's factor ---- */

#define ELEMENTWISE(name, FORWARD, DA) \
    static void name##_reverse(Tape *tape, const Node *node) \
    { \
        const Scalar *a = tape_value(tape, node->a); \
        Scalar *da = tape_into(tape, node->a); \
        const double c = node->factor; \
        (void)c; \
        for (size_t i = 0; da && i < size_of(node); i++) { \
            const Scalar x = a[i], y = node->value[i], dy = node->gradient[i]; \
            (void)x, (void)y; \
            da[i] += (DA); \
        } \
    } \
    static Value name##_of(Tape *tape, Value a, double c) \
    { \
        Node *node = tape_push(tape, tape_rows(tape, a), tape_cols(tape, a), a, VALUE_NONE, name##_reverse); \
        const Scalar *va = tape_value(tape, a); \
        node->factor = c; \
        for (size_t i = 0; i < size_of(node); i++) { \
            const Scalar x = va[i]; \
            node->value[i] = (FORWARD); \
        } \
        return tape_last(tape); \
    }

#define FUNCTION(name, FORWARD, DA) \
    ELEMENTWISE(name, FORWARD, DA) \
    Value tape_##name(Tape *tape, Value a) \
    { \
        return name##_of(tape, a, 0); \
    }

#define FUNCTION_WITH(name, FORWARD, DA) \
    ELEMENTWISE(name, FORWARD, DA) \
    Value tape_##name(Tape *tape, Value a, double c) \
    { \
        return name##_of(tape, a, c); \
    }

#define SIGN(x) ((scalar_real(x) > 0) - (scalar_real(x) < 0))
#define TWO_OVER_SQRT_PI 1.1283791670955126

FUNCTION_WITH(scale, c * x, c * dy)
FUNCTION_WITH(shift, x + c, dy)
FUNCTION(tanh, scalar_tanh(x), dy * (1.0 - y * y))
FUNCTION(sigmoid, 1.0 / (1.0 + scalar_exp(-x)), dy * y * (1.0 - y))
FUNCTION(relu, scalar_real(x) > 0 ? x : 0.0, scalar_real(x) > 0 ? dy : 0.0)
FUNCTION(abs, (double)SIGN(x) * x, (double)SIGN(x) * dy)
FUNCTION(erf, scalar_erf(x), dy * TWO_OVER_SQRT_PI * scalar_exp(-x * x))
FUNCTION(exp, scalar_exp(x), dy * y)
FUNCTION(log, scalar_log(x), dy / x)
FUNCTION(sqrt, scalar_sqrt(x), dy / (2.0 * y))
FUNCTION(reciprocal, 1.0 / x, -dy * y * y)

/* ---- sums ---- */

/* y_i = sum_j x_ij: dx_ij = dy_i */
static void row_sum_reverse(Tape *tape, const Node *node)
{
    const int n = tape_cols(tape, node->a);
    Scalar *da = tape_into(tape, node->a);
    for (int i = 0; da && i < node->rows; i++)
        for (int j = 0; j < n; j++)
            *da++ += node->gradient[i];
}

Value tape_row_sum(Tape *tape, Value a)
{
    const int m = tape_rows(tape, a), n = tape_cols(tape, a);
    Scalar *y = tape_push(tape, m, 1, a, VALUE_NONE, row_sum_reverse)->value;
    const Scalar *x = tape_value(tape, a);
    for (int i = 0; i < m; i++) {
        y[i] = 0.0;
        for (int j = 0; j < n; j++)
            y[i] += *x++;
    }
    return tape_last(tape);
}

/* y = sum_ij x_ij: dx_ij = dy */
static void sum_reverse(Tape *tape, const Node *node)
{
    Scalar *da = tape_into(tape, node->a);
    for (size_t i = 0, n = size_of(tape_node(tape, node->a)); da && i < n; i++)
        da[i] += node->gradient[0];
}

Value tape_sum(Tape *tape, Value a)
{
    Scalar *y = tape_push(tape, 1, 1, a, VALUE_NONE, sum_reverse)->value;
    const Node *from = tape_node(tape, a);
    *y = 0.0;
    for (size_t i = 0; i < size_of(from); i++)
        *y += from->value[i];
    return tape_last(tape);
}
