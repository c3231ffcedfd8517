/* tape.c: the tape's memory, its leaves, and the walk backwards.
 *
 * Takes: operations in the order they are called. Gives: nodes, memory that is reused from pass to pass.
 * Does not: know any operation (tape_ops.c, tape_shapes.c).
 */
#include "tape_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"

enum { CHUNK = 1 << 20, ALIGN = 64 };

typedef struct Chunk Chunk;
struct Chunk {
    Chunk *next;
    size_t size, used;
    char *bytes;
};

struct Tape {
    Node *nodes;
    int count, capacity;
    Chunk *first, *current;
};

/* ---- memory ---- */

static Chunk *chunk_new(size_t bytes)
{
    Chunk *chunk = mem_alloc(sizeof *chunk);
    chunk->size = bytes > CHUNK ? bytes : CHUNK;
    chunk->bytes = mem_alloc(chunk->size);
    return chunk;
}

void *tape_memory(Tape *tape, size_t bytes)
{
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    while (tape->current->size - tape->current->used < bytes) {
        Chunk *next = tape->current->next;
        if (!next || next->size < bytes) { /* a chunk too small stays in the chain behind the new one */
            next = chunk_new(bytes);
            next->next = tape->current->next;
            tape->current->next = next;
        }
        tape->current = next;
        next->used = 0;
    }
    void *at = tape->current->bytes + tape->current->used;
    tape->current->used += bytes;
    return at;
}

void *tape_copy(Tape *tape, const void *from, size_t bytes)
{
    return memcpy(tape_memory(tape, bytes), from, bytes);
}

Tape *tape_new(void)
{
    Tape *tape = mem_alloc(sizeof *tape);
    tape->first = tape->current = chunk_new(0);
    return tape;
}

void tape_free(Tape *tape)
{
    if (!tape)
        return;
    for (Chunk *chunk = tape->first, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk->bytes);
        free(chunk);
    }
    free(tape->nodes);
    free(tape);
}

void tape_clear(Tape *tape)
{
    tape->count = 0;
    tape->current = tape->first;
    tape->current->used = 0;
}

/* ---- nodes ---- */

void tape_require(bool fits, const char *operation)
{
    if (fits)
        return;
    fprintf(stderr, "seqgen: internal error: tape_%s: operands do not fit\n", operation);
    abort();
}

const Node *tape_node(const Tape *tape, Value v)
{
    tape_require(v >= 0 && v < tape->count, "node");
    return &tape->nodes[v];
}

int tape_rows(const Tape *tape, Value v)
{
    return tape_node(tape, v)->rows;
}

int tape_cols(const Tape *tape, Value v)
{
    return tape_node(tape, v)->cols;
}

Scalar *tape_value(const Tape *tape, Value v)
{
    return tape_node(tape, v)->value;
}

const Scalar *tape_gradient(const Tape *tape, Value v)
{
    return tape_node(tape, v)->gradient;
}

Value tape_last(const Tape *tape)
{
    return tape->count - 1;
}

static bool value_needs(const Tape *tape, Value v)
{
    return v != VALUE_NONE && tape_node(tape, v)->needs;
}

Node *tape_push(Tape *tape, int rows, int cols, Value a, Value b, void (*reverse)(Tape *, const Node *))
{
    if (tape->count == tape->capacity) {
        const int capacity = tape->capacity ? 2 * tape->capacity : 1024;
        tape->nodes = mem_grow(tape->nodes, (size_t)tape->capacity * sizeof(Node), (size_t)capacity * sizeof(Node));
        tape->capacity = capacity;
    }
    const bool needs = value_needs(tape, a) || value_needs(tape, b);
    Node *node = &tape->nodes[tape->count++];
    *node = (Node){.rows = rows, .cols = cols, .needs = needs, .a = a, .b = b, .reverse = reverse};
    node->value = tape_memory(tape, (size_t)rows * (size_t)cols * sizeof(Scalar));
    return node;
}

Value tape_constant(Tape *tape, int rows, int cols, const double *from)
{
    Node *node = tape_push(tape, rows, cols, VALUE_NONE, VALUE_NONE, NULL);
    for (size_t i = 0, n = (size_t)rows * (size_t)cols; i < n; i++)
        node->value[i] = from ? from[i] : 0.0;
    return tape_last(tape);
}

Value tape_parameter(Tape *tape, int rows, int cols, const Scalar *from)
{
    Node *node = tape_push(tape, rows, cols, VALUE_NONE, VALUE_NONE, NULL);
    for (size_t i = 0, n = (size_t)rows * (size_t)cols; i < n; i++)
        node->value[i] = from ? from[i] : 0.0;
    node->needs = true;
    return tape_last(tape);
}

void tape_freeze(Tape *tape, Value leaf)
{
    tape->nodes[leaf].needs = false;
}

/* ---- backwards ---- */

Scalar *tape_into(Tape *tape, Value v)
{
    Node *node = &tape->nodes[v];
    if (node->needs && !node->gradient) {
        const size_t bytes = (size_t)node->rows * (size_t)node->cols * sizeof(Scalar);
        node->gradient = memset(tape_memory(tape, bytes), 0, bytes);
    }
    return node->gradient;
}

void tape_backward(Tape *tape, Value end)
{
    tape_require(tape_rows(tape, end) == 1 && tape_cols(tape, end) == 1, "backward");
    Scalar *seed = tape_into(tape, end);
    if (!seed)
        return;
    *seed = 1.0;
    for (Value v = end; v >= 0; v--) {
        const Node *node = &tape->nodes[v];
        if (node->reverse && node->gradient)
            node->reverse(tape, node);
    }
}
