/* yaml_tree.h: a YAML document as a tree of nodes, each with its place. */
#ifndef SEQGEN_YAML_TREE_H
#define SEQGEN_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "../support/diag.h"
#include "pool.h"

enum { YAML_MAX_BYTES = 1 << 20, YAML_MAX_DEPTH = 32 };

typedef enum NodeType { NODE_SCALAR, NODE_LIST, NODE_MAP } NodeType;

typedef struct Node Node;
struct Node {
    NodeType type;
    bool quoted;          /* scalar: '..', "..", | or >: a text, whatever it looks like */
    Loc loc;
    char *text;           /* scalar */
    int count, capacity;  /* list, map */
    Node **keys;          /* map: scalars */
    Node **items;         /* list, map: values */
};

/* The tree of the only document, or NULL after errors. setting: 0 for the spec's text, k for the value of the k-th
 * --set option, which starts after `skip` characters. Nodes live in the pool. */
typedef struct YamlText {
    const char *text;
    size_t bytes;
    int setting, skip;
} YamlText;
Node *yaml_parse(Pool *pool, const YamlText *text, Diag *diag);

/* False after an error when the bytes, which start at `start`, are no clean UTF-8 text (NUL, control characters). */
bool yaml_check_text(const char *text, size_t bytes, Loc start, Diag *diag);

Node *node_new(Pool *pool, NodeType type, Loc loc);
void node_add(Pool *pool, Node *parent, Node *key, Node *item);  /* key NULL in a list */
int node_find(const Node *map, const char *key);                 /* index, or -1 */
Node *node_get(const Node *map, const char *key);                /* NULL: absent */
bool node_is_nothing(const Node *node);                          /* an empty or null plain scalar */
/* "nothing", "a list", "a map", "1.5", "the text 'x'": what stands here, for messages. Returns buffer. */
enum { NODE_FOUND = 96 };
const char *node_found(const Node *node, char buffer[NODE_FOUND]);

#endif
