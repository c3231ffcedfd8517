/* spec_train.c: the train section.
 *
 * Takes: its map (or none: all defaults). Gives: TrainSpec, class weights as written. Does not: check the loss against
 * the target (spec.c does, when both are known).
 */
#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"
#include "reader.h"

#define CUSTOM(key_, type_, fallback_, help_) \
    {.key = key_, .type = SCHEMA_CUSTOM, .choices = (const char *const[]){type_, NULL}, .fallback = fallback_, .help = help_}
#define TRAIN(member) offsetof(TrainSpec, member)
#define OPTIMIZER(member) offsetof(OptimizerSpec, member)
#define SCHEDULE(member) offsetof(ScheduleSpec, member)
#define MAX_SEED 9223372036854775807.0

const char *const loss_names[] = {"cross_entropy", "mse", "mae", "huber", "bce", NULL}; /* by SeqrtLossKind */
const char *const optimizer_names[] = {"sgd", "adam", "adamw", "rmsprop", "adagrad", NULL};
const char *const schedule_names[] = {"constant", "step", "exponential", "cosine", NULL};

const SchemaField train_fields[] = {
    CUSTOM("loss", "cross_entropy, mse, mae, huber or bce", NULL,
           "cross_entropy: class, tag, next (and their default); mse (default), mae, huber: value, signal, forecast; bce: value, signal, or two classes"),
    CUSTOM("optimizer", "a word, or {NAME: {..}}", "adam", "sgd, adam, adamw, rmsprop or adagrad, as torch.optim has them"),
    CUSTOM("schedule", "a word, or {NAME: {..}}", "constant", "constant, step, exponential or cosine; moves once an epoch"),
    {.key = "batch", .type = SCHEMA_INT, .offset = TRAIN(batch), .min = 1, .max = 1000000, .fallback = "32", .help = "sequences B a batch"},
    {.key = "epochs", .type = SCHEMA_INT, .offset = TRAIN(epochs), .min = 1, .max = 1000000, .fallback = "10", .help = "passes over train"},
    {.key = "clip_norm", .type = SCHEMA_REAL, .offset = TRAIN(clip_norm), .fallback = "0",
     .help = "gradients of a larger norm are scaled down to it, as torch.nn.utils.clip_grad_norm_; 0: off"},
    {.key = "seed", .type = SCHEMA_INT, .offset = TRAIN(seed), .max = MAX_SEED, .fallback = "1",
     .help = "initial weights, order, dropout, the split of valid"},
    {.key = "patience", .type = SCHEMA_INT, .offset = TRAIN(patience), .max = 1000000, .fallback = "0",
     .help = "stop after so many epochs without a better loss on valid, keep the best weights; 0: off"},
    CUSTOM("class_weights", "balanced, or a list of numbers", NULL,
           "with class and tag: weight of each class in the loss; balanced: n / (classes * count), counted in the training part"),
    {.key = NULL},
};

#define LR(default_) {.key = "lr", .type = SCHEMA_REAL, .offset = OPTIMIZER(lr), .fallback = default_, .help = "learning rate"}
#define EPS(default_) {.key = "eps", .type = SCHEMA_REAL, .offset = OPTIMIZER(eps), .fallback = default_, .help = "added to the denominator"}
#define DECAY(default_, help_) {.key = "weight_decay", .type = SCHEMA_REAL, .offset = OPTIMIZER(weight_decay), .fallback = default_, .help = help_}
#define MOMENTUM {.key = "momentum", .type = SCHEMA_REAL, .offset = OPTIMIZER(momentum), .fallback = "0", .help = "0: none"}
#define BETAS {.key = "betas", .type = SCHEMA_PAIR, .offset = OPTIMIZER(beta1), .max = 1, .max_open = true, .fallback = "[0.9, 0.999]", \
               .help = "decay of both running means"}

_Static_assert(offsetof(OptimizerSpec, beta2) == offsetof(OptimizerSpec, beta1) + sizeof(double), "betas are read as a pair");

static const SchemaField sgd_fields[] = {
    LR("0.001"), MOMENTUM, {.key = "nesterov", .type = SCHEMA_BOOL, .offset = OPTIMIZER(nesterov), .fallback = "false", .help = "needs a momentum"},
    DECAY("0", "L2, added to the gradient"), {.key = NULL}};
static const SchemaField adam_fields[] = {LR("0.001"), BETAS, EPS("1e-8"), DECAY("0", "L2, added to the gradient"), {.key = NULL}};
static const SchemaField adamw_fields[] = {LR("0.001"), BETAS, EPS("1e-8"), DECAY("0.01", "decoupled"), {.key = NULL}};
static const SchemaField rmsprop_fields[] = {
    LR("0.01"), {.key = "alpha", .type = SCHEMA_REAL, .offset = OPTIMIZER(alpha), .max = 1, .fallback = "0.99", .help = "decay of the running mean"},
    EPS("1e-8"), MOMENTUM, {.key = NULL}};
static const SchemaField adagrad_fields[] = {LR("0.01"), EPS("1e-10"), {.key = NULL}};
const SchemaField *const optimizer_fields[] = {sgd_fields, adam_fields, adamw_fields, rmsprop_fields, adagrad_fields};

static const SchemaField constant_fields[] = {{.key = NULL}};
static const SchemaField step_fields[] = {
    {.key = "every", .type = SCHEMA_INT, .offset = SCHEDULE(every), .required = true, .min = 1, .max = 1000000, .help = "epochs from step to step"},
    {.key = "gamma", .type = SCHEMA_REAL, .offset = SCHEDULE(gamma), .min_open = true, .fallback = "0.1", .help = "factor of each step"},
    {.key = NULL}};
static const SchemaField exponential_fields[] = {
    {.key = "gamma", .type = SCHEMA_REAL, .offset = SCHEDULE(gamma), .required = true, .min_open = true, .help = "factor of each epoch"},
    {.key = NULL}};
static const SchemaField cosine_fields[] = {
    {.key = "warmup", .type = SCHEMA_INT, .offset = SCHEDULE(warmup), .max = 1000000, .fallback = "0", .help = "epochs of linear rise before"},
    {.key = "min_lr", .type = SCHEMA_REAL, .offset = SCHEDULE(min_lr), .fallback = "0", .help = "where the cosine ends"},
    {.key = NULL}};
const SchemaField *const schedule_fields[] = {constant_fields, step_fields, exponential_fields, cosine_fields};

/* ---- a word with parameters ---- */

static int find_word(Reader *reader, const Node *word, const char *what, const char *const *words)
{
    int count = 0;
    for (; words[count]; count++)
        if (strcmp(words[count], word->text) == 0)
            return count;
    const char *near = diag_nearest(word->text, words, count);
    Text hint = {0};
    if (near)
        text_add(&hint, "did you mean '%s'? ", near);
    text_add(&hint, "accepted: ");
    for (int i = 0; i < count; i++)
        text_add(&hint, "%s%s", i ? ", " : "", words[i]);
    diag_error(reader->diag, word->loc, hint.data, "unknown %s '%.64s'", what, word->text);
    free(hint.data);
    return -1;
}

/* Index of the word; the struct `into` is filled by its table. -1 after an error. */
static int read_choice(Reader *reader, const Node *node, const char *what, const char *example, const char *const *words,
                       const SchemaField *const *tables, void *into)
{
    const Node *key, *map;
    if (!read_one_of(reader, node, what, example, &key, &map))
        return -1;
    const int choice = find_word(reader, key, what + strlen("train."), words);
    if (choice < 0)
        return -1;
    const SchemaPart part = {tables[choice], into};
    return schema_read(reader, map, key->loc, words[choice], &part, 1) ? choice : -1;
}

static bool read_optimizer(Reader *reader, const Node *node, OptimizerSpec *optimizer)
{
    const int kind = read_choice(reader, node, "train.optimizer", "optimizer: {adam: {lr: 0.001}}", optimizer_names, optimizer_fields, optimizer);
    if (kind < 0)
        return false;
    optimizer->kind = (OptimizerKind)kind;
    if (!optimizer->nesterov || optimizer->momentum > 0)
        return true;
    diag_error(reader->diag, node->loc, "momentum: 0.9", "sgd: nesterov needs a momentum above 0");
    return false;
}

static bool read_schedule(Reader *reader, const Node *node, ScheduleSpec *schedule)
{
    const int kind = read_choice(reader, node, "train.schedule", "schedule: {step: {every: 5, gamma: 0.5}}", schedule_names, schedule_fields, schedule);
    if (kind >= 0)
        schedule->kind = (ScheduleKind)kind;
    return kind >= 0;
}

static bool read_loss(Reader *reader, const Node *node, TrainSpec *train)
{
    char found[NODE_FOUND];
    train->loss_loc = node->loc;
    if (node->type != NODE_SCALAR || node_is_nothing(node)) {
        diag_error(reader->diag, node->loc, "loss: cross_entropy", "train.loss: found %s, expected a word", node_found(node, found));
        return false;
    }
    const int loss = find_word(reader, node, "loss", loss_names);
    if (loss >= 0)
        train->loss = (SeqrtLossKind)loss;
    return loss >= 0;
}

/* ---- class weights ---- */

static bool read_weight_list(Reader *reader, const Node *list, DataDraft *draft)
{
    static const SchemaField weight = {.key = "class_weights", .type = SCHEMA_REAL, .min = 0};
    const SchemaField fields[] = {weight, {.key = NULL}};
    bool good = list->count > 0;
    double sum = 0;
    draft->weights = pool_alloc(reader->pool, (size_t)list->count * sizeof *draft->weights);
    draft->weights_count = list->count;
    for (int i = 0; i < list->count; i++) {
        Node *keys[] = {&(Node){.text = (char *)"class_weights", .loc = list->items[i]->loc}};
        const Node map = {.type = NODE_MAP, .count = 1, .keys = keys, .items = &list->items[i]};
        const SchemaPart part = {fields, &draft->weights[i]};
        good = schema_read(reader, &map, list->loc, "train", &part, 1) && good;
        sum += draft->weights[i];
    }
    if (good && !(sum > 0 && sum < 1e300)) {
        diag_error(reader->diag, list->loc, NULL, "train.class_weights: the weights are all 0, or too large to be added");
        return false;
    }
    return good;
}

static bool read_class_weights(Reader *reader, const Node *node, TrainSpec *train, DataDraft *draft)
{
    char found[NODE_FOUND];
    train->class_weights_loc = node->loc;
    if (node->type == NODE_LIST && node->count > 0)
        return read_weight_list(reader, node, draft);
    if (node->type == NODE_SCALAR && strcmp(node->text, "balanced") == 0)
        return train->class_weights_balanced = true;
    diag_error(reader->diag, node->loc, "class_weights: balanced, or class_weights: [1, 3]",
               "train.class_weights: found %s, expected balanced or a list of numbers", node->type == NODE_LIST ? "an empty list" : node_found(node, found));
    return false;
}

/* ---- the section ---- */

static void fill_words(Reader *reader, TrainSpec *train)
{
    const SchemaPart adam = {adam_fields, &train->optimizer};
    train->optimizer.kind = OPT_ADAM;
    schema_read(reader, NULL, (Loc){0, 0}, "adam", &adam, 1);
}

/* A chosen optimiser starts from zero, not from Adam's defaults. */
static bool read_words(Reader *reader, const Node *map, TrainSpec *train, DataDraft *draft)
{
    const Node *loss = node_get(map, "loss"), *optimizer = node_get(map, "optimizer"), *schedule = node_get(map, "schedule");
    const Node *weights = node_get(map, "class_weights");
    if (optimizer)
        train->optimizer = (OptimizerSpec){0};
    bool good = !loss || read_loss(reader, loss, train);
    good = (!optimizer || read_optimizer(reader, optimizer, &train->optimizer)) && good;
    good = (!schedule || read_schedule(reader, schedule, &train->schedule)) && good;
    return (!weights || read_class_weights(reader, weights, train, draft)) && good;
}

bool read_train(Reader *reader, const Node *map, Spec *spec, DataDraft *draft)
{
    const SchemaPart part = {train_fields, &spec->train};
    fill_words(reader, &spec->train);
    bool good = schema_read(reader, map, (Loc){0, 0}, "train", &part, 1);
    if (map && map->type == NODE_MAP)
        good = read_words(reader, map, &spec->train, draft) && good;
    return good;
}
