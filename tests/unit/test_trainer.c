/* test_trainer.c: the trainer's commands on toy models: resume bit for bit, gradcheck that passes and fails, metrics
 * against a few lines of arithmetic, batches shared by a team, messages and exit codes. Runs in a directory of its own; exits 0 when all hold.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "safetensors.h"
#include "seqtrain.h"
#include "toy_model.h"

static int failures;
static char out[1 << 20], err[1 << 20];

#define CHECK(condition) \
    do { if (!(condition)) { printf("FAIL %s:%d: %s\n--- out\n%.600s\n--- err\n%.600s\n", __FILE__, __LINE__, #condition, out, err); failures++; } } while (0)

/* ---- files and runs ---- */

static void file_text(const char *path, char *text, size_t room)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(text, 1, room - 1, f) : 0;
    text[n] = 0;
    if (f)
        fclose(f);
}

static bool files_equal(const char *a, const char *b)
{
    static char x[1 << 20], y[1 << 20];
    struct stat s, t;
    if (stat(a, &s) || stat(b, &t) || s.st_size != t.st_size || s.st_size > (off_t)sizeof x - 1)
        return false;
    file_text(a, x, sizeof x);
    file_text(b, y, sizeof y);
    return !memcmp(x, y, (size_t)s.st_size);
}

static int redirect(int fd, const char *path)
{
    int kept = dup(fd), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, fd);
    close(file);
    return kept;
}

static void restore(int fd, int kept)
{
    dup2(kept, fd);
    close(kept);
}

/* Runs the toy's command line, words split at spaces ("_" stands for a space in a word); fills out and err. */
static int run(const char *format, ...)
{
    char line[1000], *argv[64] = {"toy"};
    int argc = 1;
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
        argv[argc++] = word;
        for (char *c = word; *c; c++)
            *c = *c == '_' ? ' ' : *c;
    }
    fflush(stdout);
    int o = redirect(1, "stdout"), e = redirect(2, "stderr");
    int code = seqrt_main(&toy.model, argc, argv);
    fflush(stdout);
    restore(1, o);
    restore(2, e);
    file_text("stdout", out, sizeof out);
    file_text("stderr", err, sizeof err);
    return code;
}

static double number_of(const char *key)
{
    json_error_t why;
    json_t *all = json_loads(out, 0, &why);
    double v = all ? json_number_value(json_object_get(all, key)) : NAN;
    json_decref(all);
    return v;
}

/* ---- tasks ---- */

static const char *const vocab[] = {"", "", "a", "b", "c", "d"};
static const char *const classes[] = {"first", "second, \"quoted\"", "third"};
static const char *const label[] = {"label"}, *const columns[] = {"u", "v"};
static const double shift[] = {10, -5}, scale[] = {2, 4};

static const SeqrtTask words_task = {.name = "toy", .input = SEQRT_CHARS, .target = SEQRT_CLASS, .train_path = "train.csv",
    .test_path = "test.csv", .valid_fraction = 0.2, .seed = 1, .text_column = "text", .vocab_count = 6, .vocab = vocab, .target_columns_count = 1,
    .target_columns = label, .classes_count = 3, .classes = classes, .max_length = 8, .outputs = 3};
static const SeqrtTask text_task = {.name = "toy", .input = SEQRT_TEXT, .target = SEQRT_NEXT, .train_path = "train.txt",
    .valid_fraction = 0.2, .seed = 1, .vocab_count = 6, .vocab = vocab, .max_length = 8, .window_length = 8, .window_stride = 8,
    .carry_state = true, .outputs = 6};
static const SeqrtTask series_task = {.name = "toy", .input = SEQRT_ROWS, .target = SEQRT_FORECAST, .loss = SEQRT_MSE,
    .train_path = "series.csv", .features = 2, .input_columns_count = 2, .input_columns = columns, .input_shift = shift,
    .input_scale = scale, .target_columns_count = 2, .target_columns = columns, .target_shift = shift, .target_scale = scale,
    .horizon = 2, .max_length = 4, .window_length = 4, .window_stride = 1, .outputs = 4, .seed = 1};

static uint64_t counter;
static unsigned draw(unsigned below) { return (unsigned)(seqrt_random(99, 7, counter++) % below); }

/* The class is the commonest of a, b, c. */
static void words_write(const char *path, int count)
{
    FILE *f = fopen(path, "w");
    fputs("text,label\n", f);
    for (int i = 0; i < count; i++) {
        int n = 1 + (int)draw(8), counts[4] = {0}, best = 0;
        for (int j = 0; j < n; j++) {
            unsigned c = draw(4);
            counts[c]++;
            putc('a' + (int)c, f);
        }
        for (int k = 1; k < 3; k++)
            best = counts[k] > counts[best] ? k : best;
        fprintf(f, ",%s\n", best == 1 ? "\"second, \"\"quoted\"\"\"" : classes[best]);
    }
    fclose(f);
}

static void data_write(void)
{
    words_write("train.csv", 203);
    words_write("test.csv", 50);
    FILE *f = fopen("train.txt", "w");
    for (int i = 0, c = 0; i < 1003; i++) {
        c = draw(4) ? (c + 1) % 4 : (int)draw(4);
        putc('a' + c, f);
    }
    fclose(f);
    f = fopen("series.csv", "w");
    fputs("u,v\n", f);
    for (int i = 0; i < 60; i++)
        fprintf(f, "%g,%g\n", 10 + i * 0.5, -5 + sin(i * 0.3));
    fclose(f);
}

/* ---- tests ---- */

/* N steps = k steps, checkpoint, resume, N - k steps, for k at, before and after epochs' ends: weights, slots, carried state, best weights, counters. */
static void resume_exact(const char *extra)
{
    CHECK(run("train --steps 17 --checkpoint whole.st --save whole_w.st --quiet %s", extra) == 0);
    for (int k = 0; k <= 17; k += k < 12 && k != 10 ? 5 : 1) {
        CHECK(run("train --steps %d --checkpoint part.st --quiet %s", k, extra) == 0);
        CHECK(run("train --steps 17 --resume part.st --checkpoint part.st --save part_w.st --quiet") == 0);
        CHECK(files_equal("whole.st", "part.st") && files_equal("whole w.st", "part w.st"));
    }
    CHECK(run("train --steps 16 --checkpoint part.st --quiet %s", extra) == 0 && !files_equal("whole.st", "part.st"));
}

static void words_train(int real_bytes)
{
    toy_make(&words_task, 16, 8, real_bytes);
    CHECK(run("train --epochs 12 --save w.st --log log.csv") == 0);
    CHECK(strstr(err, "epoch  1/12  loss 1.") && strstr(err, "epoch 12/12  loss ") && strstr(err, "  valid 0.") && strstr(err, "  accuracy 0."));
    CHECK(!strncmp(out, "test loss ", 10) && strstr(out, "count 50") && !strchr(err, '\r') && !strstr(err, "not kept"));
    CHECK(run("train --epochs 1") == 0 && strstr(err, "toy: the weights are not kept; --save W.safetensors keeps them\n"));
    CHECK(run("train --epochs 1 --quiet") == 0 && !*err && run("train --epochs 1 --checkpoint c.st") == 0 && !strstr(err, "not kept"));
    static char log[10000];
    file_text("log.csv", log, sizeof log);
    CHECK(!strncmp(log, "epoch,step,loss,valid_loss,valid_accuracy,seconds\n1,11,", 53) && strstr(log, "\n12,132,"));
    CHECK(run("eval --load w.st --json") == 0 && number_of("count") == 50 && number_of("accuracy") > 0.75 && !*err);
    double loss = number_of("loss");
    CHECK(run("eval --load w.st") == 0 && strtod(out + 5, NULL) > 0 && fabs(strtod(out + 5, NULL) - loss) < 1e-4);
    SafeFile *f = seqrt_safe_read("w.st", &(SeqrtError){""});
    CHECK(f && f->count == 2 && !strcmp(f->tensors[0].name, "linear.weight") && !strcmp(seqrt_safe_meta(f, "format"), "pt"));
    CHECK(f && f->tensors[0].type == (real_bytes == 8 ? SAFE_F64 : SAFE_F32));
    seqrt_safe_free(f);
}

/* Predictions of a file, of arguments and of lines agree, and agree with a softmax written out here. */
static void words_predict(void)
{
    static char first[sizeof out];
    const char *header = "class,first,\"second, \"\"quoted\"\"\",third\n";
    CHECK(run("predict --load w.st abca d bbbbbbbbbbbb x") == 0 && !strncmp(out, header, strlen(header)));
    snprintf(first, sizeof first, "%s", out);
    FILE *f = fopen("in.csv", "w");
    fputs("text\nabca\nd\nbbbbbbbbbbbb\nx\n", f);
    fclose(f);
    CHECK(run("predict --load w.st --data in.csv") == 0 && !strcmp(out, first));
    freopen("in.txt", "w", stdin);
    fputs("abca\nd\r\nbbbbbbbbbbbb\nx", stdin);
    freopen("in.txt", "r", stdin);
    CHECK(run("predict --load w.st -") == 0 && !strcmp(out, first));
    SafeFile *w = seqrt_safe_read("w.st", &(SeqrtError){""});
    double z[3], sum = 0, p[3];
    for (int o = 0; o < 3; o++) {
        const SafeTensor *weight = seqrt_safe_find(w, "linear.weight"), *bias = seqrt_safe_find(w, "linear.bias");
        z[o] = seqrt_safe_number(bias, (size_t)o);
        for (int i = 0; i < 4; i++)
            z[o] += seqrt_safe_number(weight, (size_t)(o * 6 + (i == 3 ? 2 : i + 2))) / 4;
        sum += exp(z[o]);
    }
    CHECK(sscanf(first + strlen(header), "first,%lf,%lf,%lf", &p[0], &p[1], &p[2]) == 3);
    for (int o = 0; o < 3; o++)
        CHECK(fabs(p[o] - exp(z[o]) / sum) < 1e-5);
    seqrt_safe_free(w);
}

static atomic_int calls; /* of `shared`, by any thread */

/* The first thread of a team does it all */
static SeqrtLoss shared(void *model, const SeqrtBatch *batch, void *answers, const SeqrtThread *thread)
{
    atomic_fetch_add(&calls, 1);
    return thread->index == 0 ? toy.model.forward(model, batch, answers) : (SeqrtLoss){0, 0};
}

/* Whether a command's batches go to the team: the same answers do not show it, nor that there are threads. */
static void words_shared(void)
{
    static char alone[sizeof out];
    const SeqrtModel kept = toy.model;
    static const char *const commands[] = {"predict --load w.st --data in.csv --quiet", "eval --load w.st --json"};
    toy.model.can_share = true;
    toy.model.forward_shared = shared;
    toy.model.flops_train_step = 1e9;
    for (int i = 0; i < 2; i++) {
        calls = 0;
        CHECK(run("%s --threads 1", commands[i]) == 0 && calls == 0);
        snprintf(alone, sizeof alone, "%s", out);
        CHECK(run("%s --threads 2", commands[i]) == 0 && calls > 0 && calls % 2 == 0 && !strcmp(out, alone));
    }
    toy.model.flops_train_step = 1e3;
    calls = 0;
    CHECK(run("%s --threads 2", commands[0]) == 0 && calls == 0); /* too small for a team */
    toy.model = kept;
}

static void words_exact(void)
{
    for (int real_bytes = 4; real_bytes <= 8; real_bytes += 4) {
        toy_make(&words_task, 16, 8, real_bytes);
        toy.dropout = 0.3;
        toy.model.patience = 2;
        resume_exact("--seed 5");
        toy_make(&text_task, 4, 8, real_bytes);
        resume_exact("--epochs 2");
    }
    toy_make(&words_task, 16, 8, 4);
    CHECK(run("train --steps 5 --checkpoint a.st --seed 3 --no-shuffle --quiet") == 0);
    CHECK(run("train --steps 9 --resume a.st --seed 4") == 2 && strstr(err, "seed 3"));
    CHECK(run("train --steps 9 --resume a.st --data test.csv") == 2 && strstr(err, "11 batches") && strstr(err, "gives 3"));
    CHECK(run("train --steps 9 --resume w.st") == 2 && strstr(err, "--checkpoint wrote"));
    CHECK(run("train --steps 9 --resume a.st --load w.st") == 1);
    CHECK(run("eval --load a.st") == 0);
    CHECK(run("train --steps 20 --epochs 1 --quiet --checkpoint b.st") == 0);
    SafeFile *f = seqrt_safe_read("b.st", &(SeqrtError){""});
    CHECK(f && !strcmp(seqrt_safe_meta(f, "step"), "11") && !strcmp(seqrt_safe_meta(f, "epoch"), "1"));
    seqrt_safe_free(f);
}

/* A checkpoint's tensors all have a place, or the run does not go on. */
static void resume_whole(void)
{
    toy_make(&words_task, 16, 8, 4);
    CHECK(run("train --steps 5 --checkpoint a.st --quiet") == 0);
    SafeFile *f = seqrt_safe_read("a.st", &(SeqrtError){""});
    CHECK(f && f->count < 20);
    if (!f || f->count >= 20)
        return;
    SafeTensor list[21];
    memcpy(list, f->tensors, (size_t)f->count * sizeof *list);
    SafeTensor *more = &list[f->count];
    static const char *const names[] = {"optimizer.foreign.linear.bias", "optimizer.foreign", "best.linear.bias", "state.carried", "junk"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *more = (SafeTensor){.name = names[i], .type = SAFE_F32, .rank = 1, .shape = {3}, .data = (float[3]){0}};
        const bool best = !strncmp(names[i], "best.", 5) && isfinite(strtod(seqrt_safe_meta(f, "best_loss"), NULL));
        CHECK(best || seqrt_safe_write("b.st", f->count + 1, list, f->metas_count, f->metas, &(SeqrtError){""}));
        CHECK(best || (run("train --steps 9 --resume b.st --quiet") == 2 && strstr(err, names[i]) && strstr(err, "has no place in this training")));
    }
    for (int i = 0; i < f->metas_count; i++)
        if (!strcmp(f->metas[i].key, "spec_hash"))
            f->metas[i].value = "ffff";
    CHECK(seqrt_safe_write("b.st", f->count, f->tensors, f->metas_count, f->metas, &(SeqrtError){""}));
    CHECK(run("train --steps 9 --resume b.st --quiet") == 0 && strstr(err, "b.st: warning: of spec ffff"));
    CHECK(run("train --steps 9 --resume a.st --quiet") == 0 && !*err);
    seqrt_safe_free(f);
}

/* With patience, what is saved is what was best on validation, not what came last. */
static void patience(void)
{
    toy_make(&words_task, 16, 8, 8);
    toy.model.patience = 2;
    toy.model.lr = 30;
    CHECK(run("train --epochs 60 --save best.st --log log.csv --checkpoint c.st") == 0 && strstr(err, "stopped"));
    CHECK(run("train --epochs 60 --resume c.st --save again.st") == 0 && files_equal("best.st", "again.st"));
    SafeFile *f = seqrt_safe_read("c.st", &(SeqrtError){""});
    double best = f ? strtod(seqrt_safe_meta(f, "best_loss"), NULL) : NAN, least = INFINITY, loss;
    seqrt_safe_free(f);
    static char log[10000];
    file_text("log.csv", log, sizeof log);
    for (char *line = strchr(log, '\n'); line && sscanf(line + 1, "%*d,%*d,%*f,%lf", &loss) == 1; line = strchr(line + 1, '\n'))
        least = fmin(least, loss);
    CHECK(fabs(best - least) < 1e-6 * least);
}

static void gradients(void)
{
    static const SeqrtTask *const tasks[] = {&words_task, &text_task, &series_task};
    for (int real_bytes = 4; real_bytes <= 8; real_bytes += 4)
        for (int i = 0; i < 3; i++) {
            toy_make(tasks[i], 16, 8, real_bytes);
            toy.dropout = 0.25;
            CHECK(run("gradcheck") == 0 && strstr(out, "linear.bias") && !strstr(out, "FAIL"));
            toy.broken = 1;
            CHECK(run("gradcheck --seed 3") == 4 && strstr(out, "linear.weight ") && strstr(out, "FAIL"));
            toy.broken = 2;
            CHECK(run("gradcheck") == 4 && strstr(err, "1 of 2"));
        }
}

static void text_commands(void)
{
    toy_make(&text_task, 4, 8, 4);
    CHECK(run("train --epochs 20 --save l.st --quiet") == 0);
    CHECK(run("eval --load l.st --json") == 0 && number_of("count") > 190 && number_of("count") < 201 && strstr(out, "\"part\": \"valid\""));
    CHECK(run("eval --load l.st --json --part train") == 0 && number_of("count") > 795 && number_of("count") < 803);
    CHECK(run("eval --load l.st --part test") == 1 && run("eval --load l.st --part half") == 1 && strstr(err, "train, valid or test"));
    CHECK(run("eval --load l.st --json --data train.txt") == 0 && number_of("count") == 1002);
    CHECK(fabs(number_of("perplexity") - exp(number_of("loss"))) < 1e-9 && fabs(number_of("bits_per_char") * log(2) - number_of("loss")) < 1e-9);
    CHECK(number_of("accuracy") > 0.7);
    static char first[sizeof out];
    CHECK(run("sample --load l.st --length 30 --seed 4 --prompt ab") == 0 && strlen(out) == 33 && !strncmp(out, "ab", 2));
    snprintf(first, sizeof first, "%s", out);
    CHECK(run("sample --load l.st --length 30 --seed 4 --prompt ab") == 0 && !strcmp(out, first));
    CHECK(run("sample --load l.st --length 30 --seed 5 --prompt ab") == 0 && strcmp(out, first));
    CHECK(run("sample --load l.st --length 8 --temperature 0 --prompt d") == 0 && !strcmp(out, "dabcdabcd\n"));
    CHECK(run("sample --load l.st --length 3") == 0 && strlen(out) == 4);
    CHECK(run("sample --load l.st --length 8 --top-k 1 --prompt d --seed 9") == 0 && !strcmp(out, "dabcdabcd\n"));
    CHECK(run("sample --load l.st --length 30 --seed 4 --prompt ab --top-k 4") == 0 && !strcmp(out, first));
    CHECK(run("sample --load l.st --length 8 --top-k 1 --prompt d --json") == 0 && strstr(out, "\"prompt\": \"d\", \"text\": \"abcdabcd\""));
    CHECK(run("sample --load l.st --length 3 --prompt xy") == 0 && strstr(err, "2 tokens"));
    CHECK(run("predict --load l.st") == 0 && !strncmp(out, "sequence,step,next,<pad>,<unk>,a,b,c,d\n1,1,", 43));
}

/* Temperature t: a token's chance goes with its 1/t-th power. What follows an "a" in 20,000 tokens, beside the chances of `predict`. */
static void sample_temperature(void)
{
    static const double temperatures[] = {0.5, 2};
    double p[4];
    CHECK(run("predict --load l.st a") == 0 && sscanf(out, "%*s 1,1,b,%*f,%*f,%lf,%lf,%lf,%lf", &p[0], &p[1], &p[2], &p[3]) == 4);
    for (int i = 0; i < 2; i++) {
        double sum = 0, follows[4] = {0}, all = 0;
        CHECK(run("sample --load l.st --length 20000 --prompt a --temperature %g", temperatures[i]) == 0 && strlen(out) == 20002);
        for (const char *c = out; c[1] != '\n' && c[1]; c++)
            if (*c == 'a')
                follows[c[1] - 'a']++, all++;
        for (int v = 0; v < 4; v++)
            sum += pow(p[v], 1 / temperatures[i]);
        for (int v = 0; v < 4; v++)
            CHECK(all > 4000 && fabs(follows[v] / all - pow(p[v], 1 / temperatures[i]) / sum) < 0.02);
    }
}

/* ---- numbers by hand: weights of which every output is known ---- */

static void weights_write(int outputs, int inputs, const float *weight, const float *bias)
{
    SafeTensor t[] = {{.name = "linear.weight", .type = SAFE_F32, .rank = 2, .shape = {(uint64_t)outputs, (uint64_t)inputs}, .data = (void *)weight},
                      {.name = "linear.bias", .type = SAFE_F32, .rank = 1, .shape = {(uint64_t)outputs}, .data = (void *)bias}};
    CHECK(seqrt_safe_write("hand.st", 2, t, 0, NULL, &(SeqrtError){""}));
}

static void file_write(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

/* precision, recall and f1 of the macro mean */
static bool macro_is(double precision, double recall, double f1)
{
    json_error_t why;
    json_t *all = json_loads(out, 0, &why), *macro = json_object_get(all, "macro");
    bool good = fabs(json_number_value(json_object_get(macro, "precision")) - precision) < 1e-12
             && fabs(json_number_value(json_object_get(macro, "recall")) - recall) < 1e-12 && fabs(json_number_value(json_object_get(macro, "f1")) - f1) < 1e-12;
    json_decref(all);
    return good;
}

/* a is taken for the first class, b for the second, c for the third. */
static void macro_by_hand(void)
{
    static const float weight[18] = {[0 * 6 + 2] = 1, [1 * 6 + 3] = 1, [2 * 6 + 4] = 1}, bias[3] = {0};
    toy_make(&words_task, 16, 8, 4);
    weights_write(3, 6, weight, bias);
    /* First 1/2, 1/2, 1/2; the second is never found, the third never there: both 0, and both count. */
    file_write("hand.csv", "text,label\na,first\nc,first\na,\"second, \"\"quoted\"\"\"\n");
    CHECK(run("eval --load hand.st --data hand.csv --json") == 0 && macro_is(1 / 6.0, 1 / 6.0, 1 / 6.0));
    /* First 1, 1/2, 2/3; the second 0, 0, 0; the third occurs nowhere and is left out. */
    file_write("hand.csv", "text,label\na,first\nb,first\n");
    CHECK(run("eval --load hand.st --data hand.csv --json") == 0 && macro_is(1 / 2.0, 1 / 4.0, 1 / 3.0));
}

/* Foretold is u = 10, v = -5; true are 20 and 8, 0 and -10: 50%, 25%, none of a zero, 50%. */
static void errors_by_hand(void)
{
    static const float weight[8] = {0}, bias[4] = {0};
    toy_make(&series_task, 8, 4, 8);
    weights_write(4, 2, weight, bias);
    file_write("hand.csv", "u,v\n1,1\n1,1\n1,1\n1,1\n20,0\n8,-10\n");
    CHECK(run("eval --load hand.st --data hand.csv --json") == 0 && number_of("count") == 1 && fabs(number_of("mape") - 125 / 3.0) < 1e-9);
    CHECK(fabs(number_of("mae") - 22 / 4.0) < 1e-9 && fabs(number_of("rmse") - sqrt(154 / 4.0)) < 1e-9);
}

/* A logit of ln 3 is a chance of 3/4. */
static void chance_by_hand(void)
{
    static const float weight[6] = {0};
    const float bias[1] = {(float)log(3)};
    SeqrtTask task = words_task;
    task.loss = SEQRT_BCE;
    task.classes_count = 2;
    task.outputs = 1;
    double p[2] = {0, 0};
    toy_make(&task, 16, 8, 4);
    weights_write(1, 6, weight, bias);
    CHECK(run("predict --load hand.st --quiet abc --json") == 0 && sscanf(strstr(out, "\"first\":"), "\"first\": %lf", &p[0]) == 1);
    CHECK(sscanf(strstr(out, "quoted\\\"\":"), "quoted\\\"\": %lf", &p[1]) == 1 && fabs(p[0] - 0.25) < 1e-6 && fabs(p[1] - 0.75) < 1e-6);
}

/* What a language model's loss is in bits of depends on its tokens; in `eval`, its JSON and the log. */
static void bits_by_token(void)
{
    static const struct { SeqrtInput input; const char *name; } tokens[] = {
        {SEQRT_CHARS, "bits_per_char"}, {SEQRT_BYTES, "bits_per_byte"}, {SEQRT_WORDS, "bits_per_word"}};
    static char text[10000];
    SeqrtTask task = text_task;
    task.train_path = "hand.csv";
    task.text_column = "text";
    task.carry_state = false;
    task.window_length = task.window_stride = 0;
    file_write("hand.csv", "text\na b\nb c d\nd d\na\n");
    for (int i = 0; i < 3; i++) {
        char wanted[40];
        task.input = tokens[i].input;
        toy_make(&task, 4, 8, 4);
        CHECK(run("train --epochs 1 --quiet --save bits.st --log bits.csv") == 0);
        CHECK(run("eval --load bits.st --json --part train") == 0 && fabs(number_of(tokens[i].name) * log(2) - number_of("loss")) < 1e-9);
        CHECK(run("eval --load bits.st") == 0 && sprintf(wanted, "  %s ", tokens[i].name) && strstr(out, wanted));
        file_text("bits.csv", text, sizeof text);
        CHECK(sprintf(wanted, ",valid_%s,", tokens[i].name) && strstr(text, wanted));
    }
}

/* The toy forecasts from the last row alone: out = weight * last + bias, in the data's own units. */
static void series_commands(void)
{
    toy_make(&series_task, 8, 4, 8);
    CHECK(run("train --epochs 30 --lr 0.02 --save s.st --quiet") == 0);
    CHECK(run("eval --load s.st --json") == 0 && number_of("count") == 55 && number_of("rmse") > 0 && number_of("mae") <= number_of("rmse"));
    SafeFile *w = seqrt_safe_read("s.st", &(SeqrtError){""});
    const SafeTensor *weight = seqrt_safe_find(w, "linear.weight"), *bias = seqrt_safe_find(w, "linear.bias");
    double last[2] = {(10 + 59 * 0.5 - shift[0]) / scale[0], (strtod("-5.91602", NULL) - shift[1]) / scale[1]}, row[5][2], z[4];
    last[1] = -5 + sin(59 * 0.3);
    char cell[32];
    snprintf(cell, sizeof cell, "%g", last[1]); /* as the file has it */
    last[1] = (strtod(cell, NULL) - shift[1]) / scale[1];
    for (int r = 0; r < 5; r++) {
        for (int o = 0; o < 4 && r % 2 == 0; o++)
            z[o] = seqrt_safe_number(weight, (size_t)o * 2) * last[0] + seqrt_safe_number(weight, (size_t)o * 2 + 1) * last[1]
                 + seqrt_safe_number(bias, (size_t)o);
        for (int c = 0; c < 2; c++) {
            row[r][c] = z[r % 2 * 2 + c] * scale[c] + shift[c];
            if (r % 2)
                last[c] = z[2 + c];
        }
    }
    seqrt_safe_free(w);
    CHECK(run("forecast --load s.st --steps 5") == 0 && !strncmp(out, "u,v\n", 4));
    char *line = out + 3;
    for (int r = 0; r < 5; r++) {
        double u = NAN, v = NAN;
        CHECK(line && sscanf(line + 1, "%lf,%lf", &u, &v) == 2 && fabs(u - row[r][0]) < 1e-9 * fabs(u) && fabs(v - row[r][1]) < 1e-9 * fabs(v));
        line = line ? strchr(line + 1, '\n') : NULL;
    }
    CHECK(line && !line[1]);
    CHECK(run("predict --load s.st") == 0 && !strncmp(out, "u_1,v_1,u_2,v_2\n", 16));
    CHECK(run("sample --load s.st") == 1 && strstr(err, "language model"));
    SeqrtTask half = series_task;
    half.target_columns_count = 1;
    half.outputs = 2;
    toy_make(&half, 8, 4, 8);
    CHECK(run("train --steps 3 --save h.st --quiet") == 0);
    CHECK(run("forecast --load h.st") == 0 && run("forecast --load h.st --steps 3") == 1 && strstr(err, "\"v\" is not forecast"));
}

/* A number that float32 does not hold is refused where such a model would read it, by line and column. */
static void beyond_reals(void)
{
    static const char *const commands[] = {"train --epochs 1 --data huge.csv", "train --epochs 1 --valid huge.csv", "eval --load s.st --data huge.csv",
                                           "forecast --load s.st --data huge.csv"};
    FILE *f = fopen("huge.csv", "w");
    fputs("u,v\n", f);
    for (int i = 0; i < 9; i++)
        fputs(i == 5 ? "1,-2e39\n" : "1,2\n", f);
    fclose(f);
    for (int real_bytes = 4; real_bytes <= 8; real_bytes += 4) {
        toy_make(&series_task, 8, 4, real_bytes);
        CHECK(run("train --epochs 1 --save s.st --quiet") == 0);
        for (int i = 0; i < 4; i++) {
            int code = run("%s", commands[i]);
            CHECK(real_bytes == 8 ? !strstr(err, "beyond") : code == 2 && strstr(err, "huge.csv:") && strstr(err, "column \"v\": a number beyond float32"));
        }
    }
}

static void unsound(void)
{
    toy_make(&words_task, 16, 8, 4);
    toy.unsound_at = 25;
    CHECK(run("train --epochs 9 --checkpoint good.st") == 2);
    CHECK(strstr(err, "step 26: the loss is nan; weight linear.weight[0, 5] is nan") && strstr(err, "last good checkpoint: good.st"));
    SafeFile *f = seqrt_safe_read("good.st", &(SeqrtError){""});
    CHECK(f && !strcmp(seqrt_safe_meta(f, "step"), "22"));
    seqrt_safe_free(f);
}

static void weights_refused(void)
{
    float w[18] = {0}, b[3] = {0};
    SafeTensor t[] = {{.name = "linear.weight", .type = SAFE_F32, .rank = 2, .shape = {3, 6}, .data = w},
                      {.name = "linear.bias", .type = SAFE_F32, .rank = 1, .shape = {3}, .data = b},
                      {.name = "other", .type = SAFE_F32, .rank = 1, .shape = {2}, .data = b}};
    SeqrtError e;
    toy_make(&words_task, 16, 8, 4);
    CHECK(seqrt_safe_write("x.st", 2, t, 0, NULL, &e) && run("eval --load x.st") == 0 && !*err);
    SafeMeta hash = {"spec_hash", "ffff"};
    CHECK(seqrt_safe_write("x.st", 2, t, 1, &hash, &e) && run("eval --load x.st") == 0 && strstr(err, "warning"));
    SafeMeta both[] = {{"spec_hash", "ffff"}, {"model_hash", "fedcba9876543210"}}; /* trained in another way */
    CHECK(seqrt_safe_write("x.st", 2, t, 2, both, &e) && run("eval --load x.st") == 0 && !*err);
    both[1].value = "ffff";
    CHECK(seqrt_safe_write("x.st", 2, t, 2, both, &e) && run("eval --load x.st") == 0 && strstr(err, "x.st: warning: of a model with other data or layers"));
    SafeMeta own[] = {{"seqgen", "1"}, {"gate_order", "i,f,g,o / r,z,n"}};
    CHECK(seqrt_safe_write("x.st", 2, t, 2, own, &e) && run("eval --load x.st") == 0 && !*err);
    CHECK(run("train --resume x.st") == 2 && strstr(err, "--checkpoint wrote"));
    own[1].value = "i,g,f,o";
    CHECK(seqrt_safe_write("x.st", 2, t, 2, own, &e) && run("eval --load x.st") == 2 && strstr(err, "\"i,g,f,o\"; expected \"i,f,g,o / r,z,n\""));
    own[0].value = "2";
    CHECK(seqrt_safe_write("x.st", 2, t, 2, own, &e) && run("eval --load x.st") == 2 && strstr(err, "format \"2\"; expected \"1\""));
    CHECK(run("train --resume x.st") == 2 && strstr(err, "format \"2\""));
    CHECK(seqrt_safe_write("x.st", 3, t, 0, NULL, &e) && run("eval --load x.st") == 2 && strstr(err, "other F32 [2] is not in the model"));
    t[0].shape[0] = 2;
    CHECK(seqrt_safe_write("x.st", 1, t, 0, NULL, &e) && run("eval --load x.st") == 2);
    CHECK(strstr(err, "linear.weight is F32 [2, 6]; expected F64, F32, F16 or BF16 [3, 6]") && strstr(err, "linear.bias is missing; expected [3]"));
    t[0].shape[0] = 3;
    w[8] = NAN;
    CHECK(seqrt_safe_write("x.st", 2, t, 0, NULL, &e) && run("eval --load x.st") == 2 && strstr(err, "linear.weight[1, 2] is nan"));
    uint16_t half[18] = {0x3c00};
    t[0].type = SAFE_F16;
    t[0].data = half;
    CHECK(seqrt_safe_write("x.st", 2, t, 0, NULL, &e) && run("eval --load x.st") == 0);
    CHECK(run("eval --load absent.st") == 2 && strstr(err, "absent.st"));
}

static void probes(void)
{
    toy_make(&words_task, 16, 8, 8);
    CHECK(run("probe --save p.st --rows 7 --steps 3") == 0);
    SafeFile *f = seqrt_safe_read("p.st", &(SeqrtError){""});
    CHECK(f && f->count == 3 + 5 + 3 + 4 + 1 + 3 + 2 + 3 && seqrt_safe_find(f, "batch.tokens")->shape[0] == 7);
    static const char *const pairs[][2] = {{"grad.linear.weight", "alone.grad.linear.weight"}, {"grad.linear.weight", "junk.grad.linear.weight"},
                                           {"grad.linear.bias", "alone.grad.linear.bias"}, {"loss", "eval_loss"}, {"loss", "junk.loss"}};
    for (int i = 0; f && i < 5; i++) {
        const SafeTensor *a = seqrt_safe_find(f, pairs[i][0]), *b = seqrt_safe_find(f, pairs[i][1]);
        for (size_t j = 0; j < a->count; j++)
            CHECK(fabs(seqrt_safe_number(a, j) - seqrt_safe_number(b, j)) < 1e-14);
    }
    const SafeTensor *slack = seqrt_safe_find(f, "slack32.after.linear.weight"); /* steps that make nothing of rounding: a few units of it, for float64 not worth measuring */
    CHECK(slack && seqrt_safe_number(slack, 0) > 1e-12 && seqrt_safe_number(slack, 0) < 1e-6 && !seqrt_safe_find(f, "slack64.after.linear.weight"));
    const SafeTensor *s = seqrt_safe_find(f, "stream"), *o = seqrt_safe_find(f, "output"), *n = seqrt_safe_find(f, "batch.lengths");
    const SafeTensor *labels = seqrt_safe_find(f, "batch.labels"), *rows = seqrt_safe_find(f, "slack32.grad.linear.bias");
    double sizes = 0; /* a row's part of the bias's gradient: softmax less one-hot */
    for (size_t r = 0; r < 7; r++) {
        double e[3], all = 0, squares = 0;
        for (size_t c = 0; c < 3; c++)
            all += e[c] = exp(seqrt_safe_number(o, r * 3 + c));
        for (size_t c = 0; c < 3; c++)
            squares += pow(e[c] / all - (c == (size_t)seqrt_safe_number(labels, r)), 2);
        sizes += sqrt(squares) / 7;
    }
    CHECK(rows && fabs(seqrt_safe_number(rows, 0) * 0x1p24 - sizes) < 1e-12);
    for (size_t r = 0; r < 7; r++)
        for (size_t c = 0; c < 3; c++) {
            size_t last = (r * 8 + (size_t)seqrt_safe_number(n, r) - 1) * 3 + c;
            CHECK(fabs(seqrt_safe_number(s, last) - seqrt_safe_number(o, r * 3 + c)) < 1e-14);
        }
    seqrt_safe_free(f);
    CHECK(run("probe --save q.st --batch p.st --steps 3") == 0 && files_equal("p.st", "q.st"));
    CHECK(run("probe --batch w.st") == 2 && strstr(err, "lengths is missing"));
    CHECK(run("probe --rows 17") == 1);
    toy.dropout = 0.5;
    CHECK(run("probe --save q.st") == 0);
    f = seqrt_safe_read("q.st", &(SeqrtError){""});
    CHECK(f && !seqrt_safe_find(f, "alone.loss") && seqrt_safe_find(f, "junk.loss"));
    seqrt_safe_free(f);
}

static void usage(void)
{
    toy_make(&words_task, 16, 8, 4);
    CHECK(run("") == 1 && strstr(out, "gradcheck"));
    CHECK(run("--help") == 0 && strstr(out, "Examples"));
    CHECK(run("trian") == 1 && strstr(err, "train"));
    CHECK(run("train --epoch 1 --quiet") == 0);
    CHECK(run("train --epchs 1") == 1 && strstr(err, "--epchs") && strstr(err, "nearest is --epochs"));
    CHECK(run("train --epochs x") == 1 && strstr(err, "whole number"));
    CHECK(run("train --epochs 1.5") == 1 && run("train --epochs -1") == 1 && run("train --epochs") == 1 && run("train --lr -1") == 1);
    static const char *const over[] = {"train --steps 1 --log train.csv", "train --steps 1 --save ./test.csv", "train --steps 1 --checkpoint train.csv", "eval --load w.st --details test.csv"};
    for (size_t i = 0; i < sizeof over / sizeof *over; i++)
        CHECK(run("%s", over[i]) == 1 && strstr(err, "would be written over the data"));
    CHECK(run("train --steps 1 --load w.st --log ./w.st") == 1 && strstr(err, "--log \"./w.st\" is the file of --load"));
    CHECK(run("train --steps 1 --log new.st --save new.st") == 1 && strstr(err, "is the file of --save"));
    CHECK(run("train --steps 1 --checkpoint c.st --save c.st") == 1 && strstr(err, "--save \"c.st\" is the file of --checkpoint"));
    CHECK(run("train --steps 1 --checkpoint c.st") == 0 && run("train --resume c.st --steps 2 --save ./c.st") == 1 && strstr(err, "is the file of --resume"));
    CHECK(run("train --resume c.st --checkpoint c.st --steps 2 --save new.st") == 0);
    CHECK(run("train --seed -1") == 1 && run("train --seed 99999999999999999999") == 1 && run("train --quiet=3") == 1 && run("train -q") == 1);
    CHECK(run("train stray") == 1 && strstr(err, "stray"));
    CHECK(run("eval") == 1 && strstr(err, "--load"));
    CHECK(run("forecast --load w.st") == 1);
    CHECK(run("train --data absent.csv") == 2 && strstr(err, "absent.csv"));
    CHECK(run("train --steps 0 --save /nonexistent/w.st --quiet") == 5 && run("train --log /nonexistent/l.csv") == 5);
    static const char *const unwritable[] = {"--save /nonexistent/w.st", "--checkpoint /nonexistent/c.st", "--log /nonexistent/l.csv",
                                             "--report /nonexistent/r", "--report w.st --log l.csv", "--save ."};
    CHECK(run("train --epochs 1 --quiet --save kept.st --log kept.csv") == 0 && system("cp kept.st same.st; cp kept.csv same.csv") == 0);
    for (int i = 0; i < 6; i++) /* before the first epoch, with every file as it was */
        CHECK(run("train --epochs 2 --save kept.st %s", unwritable[i]) == 5 && !strstr(err, "epoch ") && strstr(err, "cannot be ")
              && files_equal("kept.st", "same.st"));
    CHECK(run("train --epochs 2 --log kept.csv --save /nonexistent/w.st") == 5 && files_equal("kept.csv", "same.csv"));
    static const char *const names[] = {"train", "eval", "predict", "sample", "forecast", "gradcheck", "bench", "info", "probe"};
    for (int i = 0; i < 9; i++)
        CHECK(run("%s --help", names[i]) == 0 && strstr(out, "Usage: toy ") && strstr(out, "Examples"));
    CHECK(run("info --json") == 0 && number_of("parameters") == 21);
    CHECK(run("info") == 0 && strstr(out, "parameters 21"));
    CHECK(run("bench --json") == 0 && number_of("train_step_ms") > 0 && number_of("step_ns") > 0 && number_of("batch") == 16);
    toy.model.contract = 77;
    CHECK(run("info") == 5 && strstr(err, "contract 77"));
}

/* Ctrl-C ends the step and leaves a checkpoint from which the run goes on as if nothing had been. */
static void interruption(void)
{
    toy_make(&words_task, 1, 8, 8);
    CHECK(run("train --epochs 2000 --checkpoint never.st --steps 0 --quiet") == 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = open("child", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(fd, 2);
        char *argv[] = {"toy", "train", "--epochs", "1000000", "--checkpoint", "int.st"};
        _exit(seqrt_main(&toy.model, 6, argv));
    }
    for (int i = 0; i < 6000 && access("int.st", F_OK) != 0; i++) /* it stands at the end of the first epoch */
        usleep(10000);
    kill(child, SIGINT);
    int status = 0;
    waitpid(child, &status, 0);
    file_text("child", err, sizeof err);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 130 && strstr(err, "--resume int.st"));
    SafeFile *f = seqrt_safe_read("int.st", &(SeqrtError){""});
    CHECK(f != NULL);
    long step = f ? atol(seqrt_safe_meta(f, "step")) : 0;
    seqrt_safe_free(f);
    CHECK(run("train --epochs 1000000 --steps %ld --quiet --checkpoint same.st", step) == 0 && files_equal("int.st", "same.st"));
}

int main(void)
{
    char dir[64], command[200]; /* in memory where that is possible: every checkpoint is synced to its disk */
    snprintf(dir, sizeof dir, "%s/test_trainer.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(dir) || chdir(dir) != 0)
        return 1;
    data_write();
    words_train(8);
    words_train(4);
    words_predict();
    words_shared();
    words_exact();
    resume_whole();
    patience();
    gradients();
    text_commands();
    sample_temperature();
    macro_by_hand();
    errors_by_hand();
    chance_by_hand();
    bits_by_token();
    series_commands();
    beyond_reals();
    unsound();
    weights_refused();
    probes();
    usage();
    interruption();
    snprintf(command, sizeof command, "! ls %s | grep tmp && rm -r %s", dir, dir);
    CHECK(system(command) == 0); /* no temporary file is left */
    printf("test_trainer: %s\n", failures ? "FAILED" : "ok");
    return failures != 0;
}
