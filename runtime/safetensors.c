/* safetensors.c: see safetensors.h. JSON is jansson's; every number of a header is checked against the file's size. */
#define _GNU_SOURCE
#include "safetensors.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors files are little-endian; this machine is not"
#endif

enum { HEADER_MAX = 100000000 };

static const struct { const char *name; size_t bytes; } safe_types[SAFE_TYPES] = {
    {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1},
    {"U64", 8}, {"U32", 4}, {"U16", 2}, {"U8", 1}, {"BOOL", 1},
};

const char *seqrt_safe_type_name(SafeType type) { return safe_types[type].name; }
size_t seqrt_safe_type_bytes(SafeType type) { return safe_types[type].bytes; }

/* ---- numbers ---- */

static double half_number(uint16_t h)
{
    int exponent = h >> 10 & 31, fraction = h & 1023;
    double v = exponent == 31 ? (fraction ? NAN : INFINITY)
             : exponent == 0  ? ldexp(fraction, -24)
                              : ldexp(1024 + fraction, exponent - 25);
    return h >> 15 ? -v : v;
}

static double bfloat_number(uint16_t h)
{
    uint32_t bits = (uint32_t)h << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

#define SAFE_AS(ctype) do { ctype v; memcpy(&v, at, sizeof v); return (double)v; } while (0)
double seqrt_safe_number(const SafeTensor *tensor, size_t i)
{
    const char *at = (const char *)tensor->data + i * safe_types[tensor->type].bytes;
    uint16_t half;
    switch (tensor->type) {
    case SAFE_F64: SAFE_AS(double);
    case SAFE_F32: SAFE_AS(float);
    case SAFE_F16: memcpy(&half, at, 2); return half_number(half);
    case SAFE_BF16: memcpy(&half, at, 2); return bfloat_number(half);
    case SAFE_I64: SAFE_AS(int64_t);
    case SAFE_I32: SAFE_AS(int32_t);
    case SAFE_I16: SAFE_AS(int16_t);
    case SAFE_I8: SAFE_AS(int8_t);
    case SAFE_U64: SAFE_AS(uint64_t);
    case SAFE_U32: SAFE_AS(uint32_t);
    case SAFE_U16: SAFE_AS(uint16_t);
    default: SAFE_AS(uint8_t);
    }
}

const char *seqrt_safe_describe(const SafeTensor *tensor, char text[160])
{
    int at = snprintf(text, 160, "%s [", safe_types[tensor->type].name);
    for (int d = 0; d < tensor->rank && at < 150; d++)
        at += snprintf(text + at, (size_t)(160 - at), "%s%lld", d ? ", " : "", (long long)tensor->shape[d]);
    if (at < 159)
        memcpy(text + at, "]", 2);
    return text;
}

/* ---- reading ---- */

typedef struct Reader {
    const char *path;
    SeqrtError *error;
    SafeFile *file;
    const char *data;   /* after the header */
    uint64_t data_bytes;
} Reader;

/* An allocation of what is really read, never of a size the file states. */
static bool bytes_read(Reader *r, size_t *size)
{
    struct stat st;
    if (stat(r->path, &st) != 0)
        return seqrt_fail(r->error, "%s: cannot be read: %s", r->path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return seqrt_fail(r->error, "%s: not a regular file; expected a safetensors file", r->path);
    if (st.st_size < 10)
        return seqrt_fail(r->error, "%s: %lld bytes; a safetensors file has at least 10", r->path, (long long)st.st_size);
    r->file->bytes = seqrt_file_bytes(r->path, (size_t)st.st_size, size, r->error);
    if (r->file->bytes && *size < 10)
        return seqrt_fail(r->error, "%s: it shrank while it was read", r->path);
    return r->file->bytes;
}

static bool header_read(Reader *r, size_t size)
{
    const char *bytes = r->file->bytes;
    uint64_t length;
    memcpy(&length, bytes, 8);
    uint64_t limit = size - 8 < HEADER_MAX ? size - 8 : HEADER_MAX;
    if (length < 2 || length > limit)
        return seqrt_fail(r->error, "%s: header length %llu; expected 2 to %llu: this is no safetensors file, or it is cut short",
                          r->path, (unsigned long long)length, (unsigned long long)limit);
    json_error_t why;
    r->file->header = bytes[8] == '{' ? json_loadb(bytes + 8, (size_t)length, JSON_REJECT_DUPLICATES, &why) : NULL;
    if (!r->file->header)
        return seqrt_fail(r->error, "%s: the header is no JSON object: %s", r->path, bytes[8] == '{' ? why.text : "it does not begin with {");
    r->data = bytes + 8 + length;
    r->data_bytes = size - 8 - length;
    return true;
}

static bool metas_read(Reader *r, json_t *map)
{
    if (!map)
        return true;
    if (!json_is_object(map))
        return seqrt_fail(r->error, "%s: __metadata__ is no object; expected texts by name", r->path);
    SafeFile *f = r->file;
    f->metas = calloc(json_object_size(map) + 1, sizeof *f->metas);
    if (!f->metas)
        return seqrt_fail(r->error, "%s: out of memory", r->path);
    const char *key;
    json_t *value;
    json_object_foreach(map, key, value) {
        if (!json_is_string(value))
            return seqrt_fail(r->error, "%s: __metadata__ \"%.100s\" is no text; expected texts only", r->path, key);
        f->metas[f->metas_count++] = (SafeMeta){key, json_string_value(value)};
    }
    return true;
}

static bool type_read(Reader *r, SafeTensor *t, json_t *value)
{
    const char *word = json_string_value(value);
    for (int i = 0; word && i < SAFE_TYPES; i++)
        if (!strcmp(word, safe_types[i].name)) {
            t->type = (SafeType)i;
            return true;
        }
    return seqrt_fail(r->error, "%s: tensor \"%.200s\" has dtype \"%.40s\"; expected F32, F64, F16, BF16, an integer type or BOOL",
                      r->path, t->name, word ? word : "(none)");
}

/* Shape and count; the product is held under 2^60, so that count * 8 cannot overflow. */
static bool shape_read(Reader *r, SafeTensor *t, json_t *shape)
{
    if (!json_is_array(shape) || json_array_size(shape) > SAFE_RANK)
        return seqrt_fail(r->error, "%s: tensor \"%.200s\" has no shape of at most %d sizes", r->path, t->name, SAFE_RANK);
    uint64_t count = 1;
    t->rank = (int)json_array_size(shape);
    for (int d = 0; d < t->rank; d++) {
        json_t *item = json_array_get(shape, (size_t)d);
        json_int_t n = json_is_integer(item) ? json_integer_value(item) : -1;
        if (n < 0 || (n > 0 && count > (UINT64_C(1) << 60) / (uint64_t)n))
            return seqrt_fail(r->error, "%s: tensor \"%.200s\": size %d of its shape is no count, or the shape is too large", r->path, t->name, d + 1);
        t->shape[d] = n;
        count *= (uint64_t)n;
    }
    t->count = (size_t)count;
    return true;
}

static bool offsets_read(Reader *r, SafeTensor *t, json_t *pair)
{
    json_t *a = json_array_get(pair, 0), *b = json_array_get(pair, 1);
    json_int_t begin = json_integer_value(a), end = json_integer_value(b);
    if (json_array_size(pair) != 2 || !json_is_integer(a) || !json_is_integer(b) || begin < 0 || end < begin
        || (uint64_t)end > r->data_bytes)
        return seqrt_fail(r->error, "%s: tensor \"%.200s\" has data_offsets [%lld, %lld]; expected two within the %llu bytes of data",
                          r->path, t->name, (long long)begin, (long long)end, (unsigned long long)r->data_bytes);
    uint64_t need = (uint64_t)t->count * safe_types[t->type].bytes;
    char text[160];
    if (need != (uint64_t)(end - begin))
        return seqrt_fail(r->error, "%s: tensor \"%.200s\" has %lld bytes; %s needs %llu", r->path, t->name,
                          (long long)(end - begin), seqrt_safe_describe(t, text), (unsigned long long)need);
    t->data = r->data + begin;
    return true;
}

static bool tensor_read(Reader *r, SafeTensor *t, const char *name, json_t *entry)
{
    t->name = name;
    if (!json_is_object(entry))
        return seqrt_fail(r->error, "%s: tensor \"%.200s\" is no object in the header", r->path, name);
    return type_read(r, t, json_object_get(entry, "dtype")) && shape_read(r, t, json_object_get(entry, "shape"))
        && offsets_read(r, t, json_object_get(entry, "data_offsets"));
}

static size_t tensor_bytes(const SafeTensor *t) { return t->count * safe_types[t->type].bytes; }

/* By place; an empty tensor before the one that starts where it does. */
static int tensor_compare(const void *a, const void *b)
{
    const SafeTensor *s = a, *t = b;
    if (s->data != t->data)
        return s->data < t->data ? -1 : 1;
    size_t m = tensor_bytes(s), n = tensor_bytes(t);
    return m != n ? (m < n ? -1 : 1) : strcmp(s->name, t->name);
}

/* Data without gaps or overlaps, from the header's end to the file's. */
static bool layout_check(Reader *r)
{
    SafeFile *f = r->file;
    qsort(f->tensors, (size_t)f->count, sizeof *f->tensors, tensor_compare);
    const char *at = r->data;
    for (int i = 0; i < f->count; i++) {
        const SafeTensor *t = &f->tensors[i];
        if (t->data != at)
            return seqrt_fail(r->error, "%s: tensor \"%.200s\" starts at byte %lld of the data; expected %lld: tensors must follow each other",
                              r->path, t->name, (long long)((const char *)t->data - r->data), (long long)(at - r->data));
        at += tensor_bytes(t);
    }
    if ((uint64_t)(at - r->data) != r->data_bytes)
        return seqrt_fail(r->error, "%s: %llu bytes of data; the header describes %lld", r->path,
                          (unsigned long long)r->data_bytes, (long long)(at - r->data));
    return true;
}

static bool tensors_read(Reader *r)
{
    SafeFile *f = r->file;
    f->tensors = calloc(json_object_size(f->header) + 1, sizeof *f->tensors);
    if (!f->tensors)
        return seqrt_fail(r->error, "%s: out of memory", r->path);
    const char *name;
    json_t *entry;
    json_object_foreach((json_t *)f->header, name, entry) {
        if (!strcmp(name, "__metadata__"))
            continue;
        if (!tensor_read(r, &f->tensors[f->count], name, entry))
            return false;
        f->count++;
    }
    return layout_check(r);
}

SafeFile *seqrt_safe_read(const char *path, SeqrtError *error)
{
    Reader r = {.path = path, .error = error, .file = calloc(1, sizeof(SafeFile))};
    size_t size;
    if (!r.file) {
        seqrt_fail(error, "%s: out of memory", path);
        return NULL;
    }
    if (bytes_read(&r, &size) && header_read(&r, size) && metas_read(&r, json_object_get(r.file->header, "__metadata__"))
        && tensors_read(&r))
        return r.file;
    seqrt_safe_free(r.file);
    return NULL;
}

void seqrt_safe_free(SafeFile *file)
{
    if (!file)
        return;
    json_decref(file->header);
    free(file->tensors);
    free(file->metas);
    free(file->bytes);
    free(file);
}

const SafeTensor *seqrt_safe_find(const SafeFile *file, const char *name)
{
    for (int i = 0; i < file->count; i++)
        if (!strcmp(file->tensors[i].name, name))
            return &file->tensors[i];
    return NULL;
}

const char *seqrt_safe_meta(const SafeFile *file, const char *key)
{
    for (int i = 0; i < file->metas_count; i++)
        if (!strcmp(file->metas[i].key, key))
            return file->metas[i].value;
    return NULL;
}

/* ---- writing ---- */

static size_t shape_count(const SafeTensor *t)
{
    size_t count = 1;
    for (int d = 0; d < t->rank; d++)
        count *= (size_t)t->shape[d];
    return count;
}

static json_t *entry_json(const SafeTensor *t, size_t *at)
{
    json_t *shape = json_array();
    for (int d = 0; d < t->rank; d++)
        json_array_append_new(shape, json_integer(t->shape[d]));
    size_t begin = *at;
    *at += shape_count(t) * safe_types[t->type].bytes;
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", safe_types[t->type].name, "shape", shape, "data_offsets", (json_int_t)begin, (json_int_t)*at);
}

/* The header as text; NULL when out of memory, or a name or a value is not UTF-8. */
static char *header_text(int count, const SafeTensor *const *order, int metas_count, const SafeMeta *metas)
{
    json_t *header = json_object(), *map = json_object();
    bool good = true;
    for (int i = 0; i < metas_count; i++)
        good = json_object_set_new(map, metas[i].key, json_string(metas[i].value)) == 0 && good;
    if (metas_count)
        good = json_object_set(header, "__metadata__", map) == 0 && good;
    size_t at = 0;
    for (int i = 0; i < count; i++)
        good = json_object_set_new(header, order[i]->name, entry_json(order[i], &at)) == 0 && good;
    char *text = good ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(map);
    json_decref(header);
    return text;
}

/* Wider types first, otherwise as given: every tensor then lies on a multiple of its element's size. */
static const SafeTensor **write_order(int count, const SafeTensor *tensors)
{
    const SafeTensor **order = malloc(sizeof *order * (size_t)(count + 1));
    int n = 0;
    for (size_t bytes = 8; order && bytes >= 1; bytes /= 2)
        for (int i = 0; i < count; i++)
            if (safe_types[tensors[i].type].bytes == bytes)
                order[n++] = &tensors[i];
    return order;
}

static void write_stream(FILE *out, const char *header, int count, const SafeTensor *const *order)
{
    uint64_t length = strlen(header), padded = (length + 7) / 8 * 8;
    fwrite(&padded, 8, 1, out);
    fwrite(header, 1, length, out);
    for (uint64_t i = length; i < padded; i++)
        putc(' ', out);
    for (int i = 0; i < count; i++)
        fwrite(order[i]->data, safe_types[order[i]->type].bytes, shape_count(order[i]), out);
}

bool seqrt_safe_write(const char *path, int count, const SafeTensor *tensors, int metas_count, const SafeMeta *metas,
                      SeqrtError *error)
{
    const SafeTensor **order = write_order(count, tensors);
    char *header = order ? header_text(count, order, metas_count, metas) : NULL;
    SeqrtReplace r;
    bool good = header ? seqrt_replace_begin(&r, path, error) : seqrt_fail(error, "%s: cannot be written: a name is not UTF-8, or out of memory", path);
    if (good) {
        write_stream(r.stream, header, count, order);
        good = seqrt_replace_end(&r, true, error);
    }
    free(header);
    free(order);
    return good;
}
