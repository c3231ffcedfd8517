/* test_safetensors.c: round trips, and refusal of every kind of damage. Exits 0 when all hold; prints what does not. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "safetensors.h"

static int failures;
static char path[64];

#define CHECK(condition) \
    do { if (!(condition)) { printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #condition); failures++; } } while (0)

static void raw_write(const char *header, uint64_t length, size_t data_bytes)
{
    FILE *f = fopen(path, "wb");
    fwrite(&length, 8, 1, f);
    fputs(header, f);
    for (size_t i = 0; i < data_bytes; i++)
        putc((int)(i & 255), f);
    fclose(f);
}

static void round_trip(void)
{
    float a[6] = {1, -2.5f, 3, 4, 5, INFINITY};
    double b[2] = {0.1, -1e300};
    int32_t c[3] = {-7, 0, 1 << 30};
    int64_t one = -(INT64_C(1) << 40);
    uint16_t half[4] = {0x3c00, 0xc000, 0x0001, 0x7bff}, brain[1] = {0x3f80};
    SafeTensor t[] = {
        {.name = "lstm.a", .type = SAFE_F32, .rank = 2, .shape = {2, 3}, .data = a},
        {.name = "b", .type = SAFE_F64, .rank = 1, .shape = {2}, .data = b},
        {.name = "c \"quoted\" \xc3\xa9", .type = SAFE_I32, .rank = 1, .shape = {3}, .data = c},
        {.name = "one", .type = SAFE_I64, .rank = 0, .data = &one},
        {.name = "none", .type = SAFE_F32, .rank = 2, .shape = {0, 5}, .data = a},
        {.name = "h", .type = SAFE_F16, .rank = 1, .shape = {4}, .data = half},
        {.name = "bf", .type = SAFE_BF16, .rank = 1, .shape = {1}, .data = brain},
    };
    SafeMeta m[] = {{"format", "pt"}, {"note", "i,f,g,o"}};
    SeqrtError e = {""};
    CHECK(seqrt_safe_write(path, 7, t, 2, m, &e));
    SafeFile *f = seqrt_safe_read(path, &e);
    CHECK(f != NULL);
    if (!f) {
        puts(e.text);
        return;
    }
    CHECK(f->count == 7 && f->metas_count == 2);
    CHECK(!strcmp(seqrt_safe_meta(f, "note"), "i,f,g,o") && !seqrt_safe_meta(f, "absent"));
    const SafeTensor *s = seqrt_safe_find(f, "lstm.a");
    CHECK(s && s->rank == 2 && s->shape[0] == 2 && s->shape[1] == 3 && s->count == 6);
    CHECK(s && !memcmp(s->data, a, sizeof a) && seqrt_safe_number(s, 1) == -2.5 && isinf(seqrt_safe_number(s, 5)));
    s = seqrt_safe_find(f, "b");
    CHECK(s && seqrt_safe_number(s, 1) == -1e300);
    s = seqrt_safe_find(f, "c \"quoted\" \xc3\xa9");
    CHECK(s && seqrt_safe_number(s, 2) == 1 << 30);
    s = seqrt_safe_find(f, "one");
    CHECK(s && s->count == 1 && seqrt_safe_number(s, 0) == (double)one);
    s = seqrt_safe_find(f, "h");
    CHECK(s && seqrt_safe_number(s, 0) == 1 && seqrt_safe_number(s, 1) == -2 && seqrt_safe_number(s, 2) == 0x1p-24
          && seqrt_safe_number(s, 3) == 65504);
    s = seqrt_safe_find(f, "bf");
    CHECK(s && seqrt_safe_number(s, 0) == 1);
    CHECK(!seqrt_safe_find(f, "lstm") && seqrt_safe_find(f, "none")->count == 0);
    for (int i = 0; i < f->count; i++)
        CHECK(((uintptr_t)f->tensors[i].data - (uintptr_t)f->bytes) % seqrt_safe_type_bytes(f->tensors[i].type) == 0);
    seqrt_safe_free(f);
}

/* Each header below is damaged in one way; `expect` must stand in the message. */
static const struct { const char *header; size_t data; const char *expect; } bad[] = {
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 12, "12 bytes of data"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "within the 4 bytes"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, "starts at byte 4"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "data_offsets"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, "data_offsets"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "needs 12"},
    {"{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype \"F31\""},
    {"{\"a\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "size 1"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, "size 1"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 0, "too large"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "too large"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,0]}}", 0, "JSON"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "shape"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":{},\"data_offsets\":[0,4]}}", 4, "shape"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "data_offsets"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets"},
    {"{\"a\":[]}", 0, "no object"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}", 6, "starts at byte 2"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}", 8, "duplicate"},
    {"{\"__metadata__\":{\"a\":1}}", 0, "no text"},
    {"{\"__metadata__\":[]}", 0, "no object"},
    {"[1,2]", 0, "no JSON object"},
    {"{\"a\":", 0, "no JSON object"},
    {"{}{}", 0, "no JSON object"},
};

static void refusals(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        SeqrtError e = {""};
        raw_write(bad[i].header, strlen(bad[i].header), bad[i].data);
        SafeFile *f = seqrt_safe_read(path, &e);
        if (f || !strstr(e.text, bad[i].expect) || !strstr(e.text, path)) {
            printf("FAIL header %s\n     message \"%s\"\n     expected \"%s\"\n", bad[i].header, e.text, bad[i].expect);
            failures++;
        }
        seqrt_safe_free(f);
    }
    static const uint64_t lengths[] = {0, 1, 3, 1000, UINT64_MAX, UINT64_MAX - 7, UINT64_C(1) << 62};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        SeqrtError e = {""};
        raw_write("{}", lengths[i], 0);
        CHECK(!seqrt_safe_read(path, &e) && strstr(e.text, "header length"));
    }
}

static void cut_everywhere(void)
{
    float a[3] = {1, 2, 3};
    SafeTensor t = {.name = "a", .type = SAFE_F32, .rank = 1, .shape = {3}, .data = a};
    SeqrtError e;
    CHECK(seqrt_safe_write(path, 1, &t, 0, NULL, &e));
    struct stat st;
    stat(path, &st);
    for (off_t n = st.st_size - 1; n >= 0; n--) {
        CHECK(truncate(path, n) == 0);
        CHECK(!seqrt_safe_read(path, &e));
    }
}

/* Empty files, padding and odd header lengths are all right. */
static void lenient(void)
{
    SeqrtError e = {""};
    raw_write("{}      ", 8, 0);
    SafeFile *f = seqrt_safe_read(path, &e);
    CHECK(f && f->count == 0);
    seqrt_safe_free(f);
    const char *odd = "{\"ab\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}";
    CHECK(strlen(odd) % 4 != 0);
    raw_write(odd, strlen(odd), 4);
    f = seqrt_safe_read(path, &e);
    CHECK(f && f->count == 1 && seqrt_safe_number(f->tensors, 0) > 0);
    seqrt_safe_free(f);
}

static void replacement(void)
{
    SeqrtError e;
    SafeTensor none = {.name = "a", .type = SAFE_U8, .rank = 1, .shape = {1}, .data = "x"};
    CHECK(seqrt_safe_write(path, 1, &none, 0, NULL, &e) && chmod(path, 0640) == 0);
    CHECK(seqrt_safe_write(path, 1, &none, 0, NULL, &e));
    struct stat st;
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0640);
    SeqrtReplace r;
    CHECK(seqrt_replace_begin(&r, path, &e));
    fputs("half", r.stream);
    char temp[200];
    snprintf(temp, sizeof temp, "%s", r.temp);
    CHECK(access(temp, F_OK) == 0);
    CHECK(seqrt_replace_end(&r, false, &e) && access(temp, F_OK) != 0);
    SafeFile *f = seqrt_safe_read(path, &e);
    CHECK(f && f->count == 1);
    seqrt_safe_free(f);
    CHECK(!seqrt_safe_write("/nonexistent/x", 1, &none, 0, NULL, &e) && strstr(e.text, "/nonexistent/x"));
    CHECK(seqrt_safe_write("/dev/null", 1, &none, 0, NULL, &e) && stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
    CHECK(!seqrt_safe_read("/dev/null", &e) && !seqrt_safe_read("/nonexistent", &e));
    SafeTensor latin = {.name = "\xe9", .type = SAFE_U8, .rank = 1, .shape = {1}, .data = "x"};
    CHECK(!seqrt_safe_write(path, 1, &latin, 0, NULL, &e) && strstr(e.text, "UTF-8"));
}

int main(void)
{
    snprintf(path, sizeof path, "/tmp/test_safetensors.%ld", (long)getpid());
    round_trip();
    refusals();
    cut_everywhere();
    lenient();
    replacement();
    unlink(path);
    printf("test_safetensors: %s\n", failures ? "FAILED" : "ok");
    return failures != 0;
}
