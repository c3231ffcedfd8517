/* tape_node.h: what a node is, for tape.c and the files of operations. */
#ifndef SEQGEN_TAPE_NODE_H
#define SEQGEN_TAPE_NODE_H

#include "tape.h"

typedef struct Node Node;
struct Node {
    int rows, cols;
    Scalar *value, *gradient;        /* gradient: NULL until something flows in */
    bool needs;                      /* depends on a parameter */
    Value a, b;                      /* operands, or VALUE_NONE */
    void (*reverse)(Tape *tape, const Node *node); /* adds to the operands' gradients; NULL: a leaf */
    double factor;                   /* scale */
    int from;                        /* columns: first; concat: count of parts */
    const void *list;                /* gather, pick: ids; blend: mask; concat: parts; copied to the tape's memory */
};

const Node *tape_node(const Tape *tape, Value v);
/* A new node with room for its value, not yet computed. It needs a gradient if a or b does. */
Node *tape_push(Tape *tape, int rows, int cols, Value a, Value b, void (*reverse)(Tape *, const Node *));
Value tape_last(const Tape *tape);
void *tape_memory(Tape *tape, size_t bytes);
void *tape_copy(Tape *tape, const void *from, size_t bytes);
/* Where a reverse rule adds to v's gradient (zeroed at the first call); NULL: v needs none. */
Scalar *tape_into(Tape *tape, Value v);
void tape_require(bool fits, const char *operation);

#endif
