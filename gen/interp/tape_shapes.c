/* tape_shapes.c: the operations that only move elements: transpose, rows and columns taken out or put together.
 *
 * A moved element's gradient moves back along the same way; where an element is taken twice, gradients add.
 * Does not: compute (tape_ops.c).
 */
#include "tape_node.h"

#include <string.h>

/* y_ji = x_ij: dx_ij = dy_ji */
static void transpose_reverse(Tape *tape, const Node *node)
{
    Scalar *da = tape_into(tape, node->a);
    for (int j = 0; da && j < node->cols; j++)
        for (int i = 0; i < node->rows; i++)
            *da++ += node->gradient[(size_t)i * (size_t)node->cols + (size_t)j];
}

Value tape_transpose(Tape *tape, Value a)
{
    const int m = tape_rows(tape, a), n = tape_cols(tape, a);
    Scalar *y = tape_push(tape, n, m, a, VALUE_NONE, transpose_reverse)->value;
    const Scalar *x = tape_value(tape, a);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            y[(size_t)j * (size_t)m + (size_t)i] = *x++;
    return tape_last(tape);
}

/* y_i = table_id(i): dtable_id(i) += dy_i */
static void gather_reverse(Tape *tape, const Node *node)
{
    const int32_t *ids = node->list;
    const size_t n = (size_t)node->cols;
    Scalar *table = tape_into(tape, node->a);
    for (int i = 0; table && i < node->rows; i++)
        for (size_t j = 0; ids[i] >= 0 && j < n; j++)
            table[(size_t)ids[i] * n + j] += node->gradient[(size_t)i * n + j];
}

Value tape_gather(Tape *tape, Value table, int rows, const int32_t *ids)
{
    const size_t n = (size_t)tape_cols(tape, table);
    Node *node = tape_push(tape, rows, (int)n, table, VALUE_NONE, gather_reverse);
    const Scalar *from = tape_value(tape, table);
    Scalar *y = node->value;
    node->list = tape_copy(tape, ids, (size_t)rows * sizeof *ids);
    for (int i = 0; i < rows; i++) {
        tape_require(ids[i] < tape_rows(tape, table), "gather");
        for (size_t j = 0; j < n; j++)
            *y++ = ids[i] < 0 ? 0.0 : from[(size_t)ids[i] * n + j];
    }
    return tape_last(tape);
}

/* y_i = x_i,id(i): dx_i,id(i) = dy_i */
static void pick_reverse(Tape *tape, const Node *node)
{
    const int32_t *ids = node->list;
    const size_t n = (size_t)tape_cols(tape, node->a);
    Scalar *da = tape_into(tape, node->a);
    for (int i = 0; da && i < node->rows; i++)
        da[(size_t)i * n + (size_t)ids[i]] += node->gradient[i];
}

Value tape_pick(Tape *tape, Value a, const int32_t *ids)
{
    const int m = tape_rows(tape, a), n = tape_cols(tape, a);
    Node *node = tape_push(tape, m, 1, a, VALUE_NONE, pick_reverse);
    const Scalar *x = tape_value(tape, a);
    Scalar *y = node->value;
    node->list = tape_copy(tape, ids, (size_t)m * sizeof *ids);
    for (int i = 0; i < m; i++) {
        tape_require(ids[i] >= 0 && ids[i] < n, "pick");
        y[i] = x[(size_t)i * (size_t)n + (size_t)ids[i]];
    }
    return tape_last(tape);
}

/* y_ij = x_i,from+j: dx_i,from+j = dy_ij */
static void columns_reverse(Tape *tape, const Node *node)
{
    const int n = tape_cols(tape, node->a);
    Scalar *da = tape_into(tape, node->a);
    const Scalar *dy = node->gradient;
    for (int i = 0; da && i < node->rows; i++)
        for (int j = 0; j < node->cols; j++)
            da[(size_t)i * (size_t)n + (size_t)(node->from + j)] += *dy++;
}

Value tape_columns(Tape *tape, Value a, int from, int count)
{
    const int m = tape_rows(tape, a), n = tape_cols(tape, a);
    tape_require(from >= 0 && count >= 0 && from + count <= n, "columns");
    Node *node = tape_push(tape, m, count, a, VALUE_NONE, columns_reverse);
    const Scalar *x = tape_value(tape, a) + from;
    node->from = from;
    for (int i = 0; i < m; i++)
        memcpy(node->value + (size_t)i * (size_t)count, x + (size_t)i * (size_t)n, (size_t)count * sizeof *x);
    return tape_last(tape);
}

/* y = [x1 x2 ..]: dx1 = dy's first columns, and so on */
static void concat_reverse(Tape *tape, const Node *node)
{
    const Value *parts = node->list;
    int from = 0;
    for (int p = 0; p < node->from; p++) {
        const int n = tape_cols(tape, parts[p]);
        Scalar *da = tape_into(tape, parts[p]);
        for (int i = 0; da && i < node->rows; i++)
            for (int j = 0; j < n; j++)
                *da++ += node->gradient[(size_t)i * (size_t)node->cols + (size_t)(from + j)];
        from += n;
    }
}

static int concat_cols(const Tape *tape, int count, const Value *parts)
{
    int cols = 0;
    for (int p = 0; p < count; p++) {
        tape_require(tape_rows(tape, parts[p]) == tape_rows(tape, parts[0]), "concat");
        cols += tape_cols(tape, parts[p]);
    }
    return cols;
}

Value tape_concat(Tape *tape, int count, const Value *parts)
{
    const int m = tape_rows(tape, parts[0]), cols = concat_cols(tape, count, parts);
    Node *node = tape_push(tape, m, cols, VALUE_NONE, VALUE_NONE, concat_reverse);
    Scalar *y = node->value;
    node->from = count;
    node->list = tape_copy(tape, parts, (size_t)count * sizeof *parts);
    for (int p = 0; p < count; p++) {
        const int n = tape_cols(tape, parts[p]);
        const Scalar *x = tape_value(tape, parts[p]);
        node->needs |= tape_node(tape, parts[p])->needs;
        for (int i = 0; i < m; i++)
            memcpy(y + (size_t)i * (size_t)cols, x + (size_t)i * (size_t)n, (size_t)n * sizeof *x);
        y += n;
    }
    return tape_last(tape);
}

/* y_i = mask_i ? a_i : b_i: da_i = mask_i ? dy_i : 0, db_i the other way round */
static void blend_reverse(Tape *tape, const Node *node)
{
    const bool *mask = node->list;
    const size_t n = (size_t)node->cols;
    Scalar *da = tape_into(tape, node->a), *db = tape_into(tape, node->b);
    for (size_t i = 0; i < (size_t)node->rows; i++) {
        Scalar *into = mask[i] ? da : db;
        for (size_t j = 0; into && j < n; j++)
            into[i * n + j] += node->gradient[i * n + j];
    }
}

Value tape_blend(Tape *tape, const bool *mask, Value a, Value b)
{
    const int m = tape_rows(tape, a), cols = tape_cols(tape, a);
    tape_require(tape_rows(tape, b) == m && tape_cols(tape, b) == cols, "blend");
    Node *node = tape_push(tape, m, cols, a, b, blend_reverse);
    const size_t n = (size_t)cols;
    node->list = tape_copy(tape, mask, (size_t)m * sizeof *mask);
    for (size_t i = 0; i < (size_t)m; i++)
        memcpy(node->value + i * n, tape_value(tape, mask[i] ? a : b) + i * n, n * sizeof *node->value);
    return tape_last(tape);
}

Value tape_detach(Tape *tape, Value a)
{
    const int m = tape_rows(tape, a), n = tape_cols(tape, a);
    Scalar *y = tape_push(tape, m, n, VALUE_NONE, VALUE_NONE, NULL)->value;
    const Scalar *x = tape_value(tape, a);
    for (size_t i = 0; i < (size_t)m * (size_t)n; i++)
        y[i] = scalar_real(x[i]);
    return tape_last(tape);
}

Value tape_row_max(Tape *tape, Value a)
{
    const int m = tape_rows(tape, a), n = tape_cols(tape, a);
    Scalar *y = tape_push(tape, m, 1, VALUE_NONE, VALUE_NONE, NULL)->value;
    const Scalar *x = tape_value(tape, a);
    for (int i = 0; i < m; i++, x += n) {
        y[i] = scalar_real(x[0]);
        for (int j = 1; j < n; j++)
            if (scalar_real(x[j]) > scalar_real(y[i]))
                y[i] = scalar_real(x[j]);
    }
    return tape_last(tape);
}
