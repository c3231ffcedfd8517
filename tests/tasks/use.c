/* use.c: a program of the user's own: two models, their memory, a training loop, streaming. No command line, no file.
 *
 * Takes: a.h and b.h, made from the specs of interface.tcl (chars -> 3 classes, and rows -> 2 values).
 * Gives: exit code 0, or a line that says what is wrong. Compiles as C11 and as C++11.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "a.h"
#include "b.h"

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);   \
            return 1;                                                          \
        }                                                                      \
    } while (0)

static a_Model a, a2;
static b_Model b;
static a_State state;
static a_Weights weights, gradients;

enum { ROWS = 3 };
static const int32_t lengths[ROWS] = {A_T, 1, 2};
static const int32_t labels[ROWS] = {0, 1, 2};

static void fill_tokens(int32_t tokens[ROWS * A_T])
{
    for (int i = 0; i < ROWS * A_T; i++)
        tokens[i] = 1 + i * 5 % (A_VOCABULARY - 1);
}

static int use_training(void)
{
    int32_t tokens[ROWS * A_T];
    fill_tokens(tokens);
    a_init(&a);
    a_init_weights(&a, 3);
    CHECK(a.lr == 0.02 && a.step == 0);
    double first = a_train_step(&a, ROWS, lengths, tokens, labels), last = first;
    CHECK(fabs(first - log(3.0)) < 1);
    for (int i = 0; i < 300; i++)
        last = a_train_step(&a, ROWS, lengths, tokens, labels);
    CHECK(last < first / 2 && a.step == 301);
    a_get_gradients(&a, &gradients);
    CHECK(gradients.linear_weight[0][0] == gradients.linear_weight[0][0]);
    return 0;
}

/* Weights out of one model into another: the same outputs, bit for bit. */
static int use_weights(void)
{
    int32_t tokens[ROWS * A_T];
    a_Real one[ROWS][A_OUTPUTS], two[ROWS][A_OUTPUTS];
    fill_tokens(tokens);
    a_get_weights(&a, &weights);
    CHECK(sizeof weights / sizeof(a_Real) == (size_t)A_PARAMETERS);
    a_init(&a2);
    a_set_weights(&a2, &weights);
    a_forward(&a, ROWS, lengths, tokens, &one[0][0]);
    a_forward(&a2, ROWS, lengths, tokens, &two[0][0]);
    CHECK(memcmp(one, two, sizeof one) == 0);
    return 0;
}

/* Step by step is the same as at once. */
static int use_streaming(void)
{
    int32_t tokens[ROWS * A_T];
    a_Real whole[ROWS][A_OUTPUTS], step[A_OUTPUTS];
    fill_tokens(tokens);
    a_forward(&a, ROWS, lengths, tokens, &whole[0][0]);
    a_reset(&state);
    for (int t = 0; t < A_T; t++)
        a_step(&a, &state, tokens[t], step);
    for (int o = 0; o < A_OUTPUTS; o++)
        CHECK(fabs((double)step[o] - (double)whole[0][o]) < 1e-5);
    return 0;
}

static int use_table(void)
{
    size_t next = 0;
    for (int i = 0; i < A_TENSORS; i++) {
        const a_Tensor *t = &a_tensors[i];
        CHECK(t->offset == next && strchr(t->name, '.'));
        next += (size_t)t->shape[0] * (size_t)(t->rank == 2 ? t->shape[1] : 1);
    }
    CHECK(next == (size_t)A_PARAMETERS);
    CHECK(strcmp(a_tensors[0].name, "embedding.weight") == 0);
    return 0;
}

static int use_files(void)
{
    char error[200] = "";
    CHECK(a_save(&a, "use.safetensors", error, sizeof error));
    CHECK(a_load(&a2, "use.safetensors", error, sizeof error));
    a_get_weights(&a2, &gradients);
    CHECK(memcmp(&weights, &gradients, sizeof weights) == 0);
    CHECK(!a_load(&a2, "nowhere.safetensors", error, sizeof error) && strstr(error, "nowhere.safetensors"));
    memset(error, 'x', sizeof error - 1);
    CHECK(!a_load(&a2, "nowhere.safetensors", error, 10) && strlen(error) == 9 && !a_load(&a2, "nowhere.safetensors", NULL, 0));
    /* what the trainer begins with for the same seed */
    a_init(&a2);
    CHECK(a_load(&a2, "begin.safetensors", error, sizeof error));
    a_get_weights(&a2, &weights);
    a_init_weights(&a2, 3);
    a_get_weights(&a2, &gradients);
    CHECK(memcmp(&weights, &gradients, sizeof weights) == 0);
    return 0;
}

static int use_other_model(void)
{
    b_Real x[2][B_T][B_FEATURES], y[2][B_OUTPUTS], out[2][B_OUTPUTS];
    const int32_t steps[2] = {B_T, B_T - 1};
    for (int i = 0; i < 2 * B_T * B_FEATURES; i++)
        (&x[0][0][0])[i] = (b_Real)sin(i);
    for (int i = 0; i < 2 * B_OUTPUTS; i++)
        (&y[0][0])[i] = (b_Real)(i & 1);
    b_init(&b);
    b_init_weights(&b, 1);
    double first = b_train_step(&b, 2, steps, &x[0][0][0], &y[0][0]), last = first;
    for (int i = 0; i < 300; i++)
        last = b_train_step(&b, 2, steps, &x[0][0][0], &y[0][0]);
    CHECK(last < first / 2);
    b_forward(&b, 2, steps, &x[0][0][0], &out[0][0]);
    CHECK(fabs((double)out[0][1] - 1) < 0.5);
    return 0;
}

/* The other order of the arrays, [T][rows][..]: the same results, bit for bit */
static int use_time_first(void)
{
    b_Real x[2][B_T][B_FEATURES], turned[B_T][2][B_FEATURES], one[2][B_OUTPUTS], two[2][B_OUTPUTS];
    const int32_t steps[2] = {B_T - 1, B_T};
    for (int r = 0; r < 2; r++)
        for (int t = 0; t < B_T; t++)
            for (int i = 0; i < B_FEATURES; i++)
                turned[t][r][i] = x[r][t][i] = (b_Real)sin(r + 7 * t + 31 * i);
    b_forward(&b, 2, steps, &x[0][0][0], &one[0][0]);
    b.batch_first = 0;
    b_forward(&b, 2, steps, &turned[0][0][0], &two[0][0]);
    CHECK(memcmp(one, two, sizeof one) == 0 && one[0][0] != one[1][0]);
    b_forward(&b, 2, steps, &x[0][0][0], &two[0][0]);
    CHECK(memcmp(one, two, sizeof one) != 0);
    b.batch_first = 1;
    return 0;
}

int main(void)
{
    return use_training() || use_weights() || use_streaming() || use_table() || use_files() || use_other_model() || use_time_first();
}
