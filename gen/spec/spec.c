/* spec.c: reads a spec: file, tree, sections, what must fit between them, data files, hash.
 *
 * Takes: a path, --set options. Gives: a complete Spec, or every error of the first stage that has any.
 * Does not: know shapes between layers (graph/ does).
 */
#include "spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/mem.h"
#include "reader.h"

typedef struct Head {
    int64_t version;
    char *name;
} Head;

const SchemaField spec_fields[] = {
    {.key = "seqgen", .type = SCHEMA_INT, .offset = offsetof(Head, version), .required = true, .min = 1, .help = "version of the language: 1"},
    {.key = "name", .type = SCHEMA_STRING, .offset = offsetof(Head, name),
     .help = "C identifier, prefix of every exported symbol; default: the file's name without its ending"},
    {.key = "data", .type = SCHEMA_CUSTOM, .required = true, .choices = (const char *const[]){"a map, see data", NULL}, .help = "files, input, target"},
    {.key = "model", .type = SCHEMA_CUSTOM, .required = true, .choices = (const char *const[]){"a list of layers, see model", NULL}, .help = "the network"},
    {.key = "train", .type = SCHEMA_CUSTOM, .choices = (const char *const[]){"a map, see train", NULL}, .help = "loss, optimiser, batches"},
    {.key = "codegen", .type = SCHEMA_CUSTOM, .choices = (const char *const[]){"a map, see codegen", NULL}, .help = "machine, number type, budgets"},
    {.key = NULL},
};

/* ---- text and tree ---- */

static bool fail_file(Diag *diag, const char *what)
{
    diag_error(diag, (Loc){0, 0}, NULL, "%s", what);
    return false;
}

/* The whole file; one byte more than allowed is enough to refuse it. */
static bool read_bytes(Pool *pool, const char *path, char **text, size_t *bytes, Diag *diag)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        diag_error(diag, (Loc){0, 0}, NULL, "cannot open the spec: %s", strerror(errno));
        return false;
    }
    *text = pool_alloc(pool, YAML_MAX_BYTES + 2);
    *bytes = fread(*text, 1, YAML_MAX_BYTES + 1, file);
    const int failed = ferror(file) ? errno : 0;
    fclose(file);
    if (failed) {
        diag_error(diag, (Loc){0, 0}, NULL, "cannot read the spec: %s", strerror(failed));
        return false;
    }
    if (*bytes > YAML_MAX_BYTES)
        return fail_file(diag, "the spec is larger than 1 MiB");
    return *bytes > 0 || fail_file(diag, "the spec is empty");
}

/* "KEY=VALUE" again, for messages. */
static void keep_settings(Pool *pool, const SpecOverride *overrides, int count, Diag *diag)
{
    const char **settings = pool_alloc(pool, (size_t)count * sizeof *settings);
    for (int i = 0; i < count; i++)
        settings[i] = pool_format(pool, "%s=%s", overrides[i].key, overrides[i].value);
    diag->settings = settings;
    diag->settings_count = count;
}

static Node *read_tree(Pool *pool, Pool *nodes, const char *path, Diag *diag)
{
    char *text = NULL;
    size_t bytes = 0;
    if (!read_bytes(pool, path, &text, &bytes, diag))
        return NULL;
    if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        bytes -= 3;
    }
    diag->text = text;
    if (!yaml_check_text(text, bytes, (Loc){1, 1}, diag))
        return NULL;
    const int errors = diag->errors;
    Node *root = yaml_parse(nodes, &(YamlText){.text = text, .bytes = bytes}, diag);
    if (!root && diag->errors == errors)
        fail_file(diag, "the spec is empty");
    return root;
}

/* ---- the head ---- */

static bool stem_name(Spec *spec, Diag *diag)
{
    const char *slash = strrchr(spec->path, '/'), *base = slash ? slash + 1 : spec->path, *dot = strrchr(base, '.');
    spec->name = pool_text(spec->pool, base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
    const char *problem = name_problem(spec->name);
    if (problem)
        diag_error(diag, (Loc){0, 0}, "give one in the spec: name: my_model", "the file's name is the model's, but '%.64s' %s", spec->name, problem);
    return !problem;
}

static bool read_name(Reader *reader, const Node *node, Spec *spec, char *name)
{
    if (!node)
        return stem_name(spec, reader->diag);
    spec->name = name;
    const char *problem = name ? name_problem(name) : NULL;
    if (problem)
        diag_error(reader->diag, node->loc, "choose another: letters, digits and _, the first no digit; it starts every name in the generated C",
                   "the name '%.64s' %s", name, problem);
    return name && !problem;
}

static bool read_head(Reader *reader, const Node *root, Spec *spec)
{
    Head head = {0};
    const SchemaPart part = {spec_fields, &head};
    if (!schema_want_map(reader, root, "the spec"))
        return false;
    bool good = schema_read(reader, root, root ? root->loc : (Loc){0, 0}, NULL, &part, 1);
    const Node *version = node_get(root, "seqgen");
    if (head.version > 1) {
        diag_error(reader->diag, version->loc, NULL, "seqgen: found version %lld of the spec language, expected 1", (long long)head.version);
        good = false;
    }
    return read_name(reader, node_get(root, "name"), spec, head.name) && good;
}

/* ---- sections, and the loss against the target ---- */

static bool check_loss(Reader *reader, Spec *spec)
{
    const SeqrtTarget target = spec->task.target;
    const bool classes = !seqrt_is_numbers(target);
    TrainSpec *train = &spec->train;
    if (train->loss_loc.line == 0)
        train->loss = classes ? SEQRT_CROSS_ENTROPY : SEQRT_MSE;
    spec->task.loss = train->loss;
    const bool fits = train->loss == SEQRT_BCE ? target != SEQRT_NEXT && target != SEQRT_FORECAST : classes == (train->loss == SEQRT_CROSS_ENTROPY);
    if (!fits)
        diag_error(reader->diag, train->loss_loc,
                   target == SEQRT_NEXT ? "accepted: cross_entropy" : classes ? "accepted: cross_entropy, bce"
                   : target != SEQRT_FORECAST ? "accepted: mse, mae, huber, bce" : "accepted: mse, mae, huber",
                   "loss %s does not fit the target %s", loss_names[train->loss], target_names[target]);
    return fits;
}

static bool check_weights(Reader *reader, const Spec *spec)
{
    const SeqrtTarget target = spec->task.target;
    if (spec->train.class_weights_loc.line == 0 || target == SEQRT_CLASS || target == SEQRT_TAG)
        return true;
    diag_error(reader->diag, spec->train.class_weights_loc, "leave them out", "class_weights belong to a class or tag target, but the target is %s",
               target_names[target]);
    return false;
}

static bool check_patience(Reader *reader, const Node *root, const Spec *spec)
{
    const Node *patience = node_get(node_get(root, "train"), "patience");
    if (!patience || spec->train.patience == 0 || spec->task.valid_path || spec->task.valid_fraction > 0)
        return true;
    diag_error(reader->diag, patience->loc, "valid: 0.1", "train.patience watches the loss on data.valid, which is absent");
    return false;
}

static bool read_sections(Reader *reader, const Node *root, Spec *spec, DataDraft *draft)
{
    const Node *data = node_get(root, "data"), *model = node_get(root, "model");
    bool good = read_head(reader, root, spec);
    const bool data_good = data && read_data(reader, data, spec, draft);
    good = model && read_model(reader, model, spec) && good;
    const bool train_good = read_train(reader, node_get(root, "train"), spec, draft);
    good = read_codegen(reader, node_get(root, "codegen"), spec) && good;
    if (!data_good || !train_good)
        return false;
    spec->task.name = spec->name;
    spec->task.seed = spec->train.seed;
    good = check_loss(reader, spec) && good;
    good = check_patience(reader, root, spec) && good;
    return check_weights(reader, spec) && good;
}

/* ---- all of it ---- */

/* FNV-1a; takes the text */
static void fill_hash(char hash[17], char *text)
{
    uint64_t sum = 0xcbf29ce484222325u;
    for (const char *at = text; *at; at++)
        sum = (sum ^ (unsigned char)*at) * 0x100000001b3u;
    snprintf(hash, 17, "%016llx", (unsigned long long)sum);
    free(text);
}

static bool complete(Spec *spec, const Node *root, Diag *diag)
{
    Reader reader = {diag, spec->pool};
    DataDraft draft = {0};
    if (!read_sections(&reader, root, spec, &draft) || !facts_read(&reader, spec, &draft))
        return false;
    fill_hash(spec->hash, spec_dump_text(spec, false));
    fill_hash(spec->model_hash, spec_meaning_text(spec));
    return true;
}

Spec *spec_read(const char *path, const SpecOverride *overrides, int overrides_count, Diag *diag)
{
    Pool *pool = pool_new(), *nodes = pool_new();
    Spec *spec = pool_alloc(pool, sizeof *spec);
    *spec = (Spec){.path = path, .pool = pool};
    diag->path = path;
    keep_settings(pool, overrides, overrides_count, diag);
    Node *root = read_tree(pool, nodes, path, diag);
    const bool good = root && override_apply(nodes, root, overrides, overrides_count, diag) && complete(spec, root, diag);
    pool_free(nodes);
    if (good)
        return spec;
    diag->text = NULL;
    diag->settings = NULL;
    pool_free(pool);
    return NULL;
}

void spec_free(Spec *spec)
{
    if (spec)
        pool_free(spec->pool);
}

/* As torch.nn's recurrent layers do: their dropout stands between the layers of a stack */
static void warn_of_idle_dropout(const Spec *spec, const Diag *diag)
{
    for (int i = 0; i < spec->layers_count; i++) {
        const LayerSpec *layer = &spec->layers[i];
        if (layer->p.layers == 1 && layer->p.dropout > 0)
            diag_warning(diag, layer->loc, "%s: dropout: %g does nothing in a stack of one layer; for its output, put a layer \"dropout: {p: %g}\" behind it",
                         layer->name, layer->p.dropout, layer->p.dropout);
    }
}

static void warn_of_numbers(const Spec *spec, const Diag *diag)
{
    const SeqrtTask *task = &spec->task;
    if (spec->numbers_loc.line)
        diag_warning(diag, spec->numbers_loc, "column '%s' of %s holds numbers, and each is a class: %d of them; for numbers: target: %s", task->target_columns[0],
                     task->train_path, task->classes_count, task->target == SEQRT_CLASS ? "{value: COLUMN}" : "{signal: COLUMN}");
}

void spec_warn(const Spec *spec, const Diag *diag, bool of_data)
{
    if (of_data && spec->warning)
        fprintf(stderr, "seqgen: warning: %s\n", spec->warning);
    warn_of_numbers(spec, diag);
    warn_of_idle_dropout(spec, diag);
}
