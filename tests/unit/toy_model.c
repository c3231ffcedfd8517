/* toy_model.c: see toy_model.h. Computes in double; the blocks are reals of the model. */
#include "toy_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Toy toy;

enum { ROOM = 4096, ROWS = 64 };
typedef struct Memory {
    double weights[ROOM], gradients[ROOM], momentum[ROOM], state[ROWS];
    double step_sum[256], step_count;
} Memory;

static SeqrtTensor tensors[2];
static const char *const slots[] = {"momentum_buffer"};

static int width(void) { return toy.model.task->features ? toy.model.task->features : toy.model.task->vocab_count; }
static int O(void) { return toy.model.task->outputs; }

static double real_at(const void *block, size_t i) { return toy.model.real_bytes == 8 ? ((const double *)block)[i] : (double)((const float *)block)[i]; }

static void real_put(void *block, size_t i, double v)
{
    if (toy.model.real_bytes == 8)
        ((double *)block)[i] = v;
    else
        ((float *)block)[i] = (float)v;
}

static double rounded(double v) { return toy.model.real_bytes == 8 ? v : (double)(float)v; }

static double *block_at(const Memory *m, int block, size_t *count)
{
    *count = block == SEQRT_STATE ? toy.model.state_count : toy.model.weights_count;
    const double *all[] = {m->weights, m->gradients, m->state, m->momentum};
    return (double *)all[block];
}

static void toy_init(void *memory) { memset(memory, 0, sizeof(Memory)); }

static void toy_set(void *memory, int block, const void *from)
{
    size_t n;
    double *to = block_at(memory, block, &n);
    for (size_t i = 0; i < n; i++)
        to[i] = real_at(from, i);
}

static void toy_get(const void *memory, int block, void *to)
{
    size_t n;
    const double *from = block_at(memory, block, &n);
    for (size_t i = 0; i < n; i++)
        real_put(to, i, from[i]);
}

/* phi of one step, added to `phi` with a factor. */
static void step_add(const SeqrtBatch *batch, int b, int t, double by, double *phi)
{
    size_t step = (size_t)b * (size_t)toy.model.T + (size_t)t;
    if (batch->tokens)
        phi[batch->tokens[step]] += by;
    for (int f = 0; batch->x && f < width(); f++)
        phi[f] += by * real_at(batch->x, step * (size_t)width() + (size_t)f);
}

static void phi_fill(const SeqrtBatch *batch, int b, int t, double *phi)
{
    int length = batch->lengths[b];
    memset(phi, 0, (size_t)width() * sizeof *phi);
    if (toy.model.per_step)
        step_add(batch, b, t, 1, phi);
    else if (toy.model.task->target == SEQRT_FORECAST)
        step_add(batch, b, length - 1, 1, phi);
    else
        for (int s = 0; s < length; s++)
            step_add(batch, b, s, 1.0 / length, phi);
}

static void outputs_fill(const Memory *m, const double *phi, double carried, double *out)
{
    for (int o = 0; o < O(); o++) {
        out[o] = m->weights[(size_t)O() * (size_t)width() + (size_t)o] + 0.01 * sin(carried);
        for (int i = 0; i < width(); i++)
            out[o] += m->weights[o * width() + i] * phi[i];
    }
}

/* Loss of one output vector; turns it into the loss's derivative. */
static double loss_turn(double *out, const SeqrtBatch *batch, int b, int t)
{
    double sum = 0, top = out[0], loss = 0;
    if (batch->y) {
        for (int o = 0; o < O(); o++) {
            double d = out[o] - real_at(batch->y, (size_t)(b * O() + o));
            loss += d * d / O();
            out[o] = 2 * d / O();
        }
        return loss;
    }
    int label = batch->labels[toy.model.per_step ? b * toy.model.T + t : b];
    for (int o = 0; o < O(); o++)
        top = fmax(top, out[o]);
    for (int o = 0; o < O(); o++)
        sum += exp(out[o] - top);
    loss = log(sum) + top - out[label];
    for (int o = 0; o < O(); o++)
        out[o] = exp(out[o] - top) / sum - (o == label);
    return loss;
}

static void gradient_add(Memory *m, const double *d, const double *phi)
{
    for (int o = 0; o < O(); o++) {
        m->gradients[O() * width() + o] += d[o];
        for (int i = 0; i < width(); i++)
            m->gradients[o * width() + i] += d[o] * phi[i];
    }
}

typedef struct Pass { bool training; uint64_t key; void *out; SeqrtLoss loss; } Pass;

static void position_run(Memory *m, const SeqrtBatch *batch, int b, int t, Pass *pass)
{
    double phi[256], out[64] = {0};
    phi_fill(batch, b, t, phi);
    for (int i = 0; pass->training && toy.dropout > 0 && i < width(); i++)
        phi[i] *= seqrt_dropout_keep(pass->key, (uint32_t)((b * toy.model.T + t) * width() + i), (uint32_t)(toy.dropout * (1 << 24)))
                ? 1 / (1 - toy.dropout) : 0;
    outputs_fill(m, phi, toy.model.state_count ? m->state[b] + t : 0, out);
    size_t at = (size_t)(toy.model.per_step ? b * toy.model.T + t : b) * (size_t)O();
    for (int o = 0; pass->out && o < O(); o++)
        real_put(pass->out, at + (size_t)o, out[o]);
    if (!batch->labels && !batch->y)
        return;
    pass->loss.sum += loss_turn(out, batch, b, t);
    pass->loss.weight += 1;
    if (pass->training)
        gradient_add(m, out, phi);
}

static void batch_run(Memory *m, const SeqrtBatch *batch, Pass *pass)
{
    for (int b = 0; b < batch->rows; b++) {
        int positions = toy.model.per_step ? batch->lengths[b] : batch->lengths[b] > 0;
        for (int t = 0; t < positions; t++)
            position_run(m, batch, b, t, pass);
        if (toy.model.state_count)
            m->state[b] += batch->lengths[b];
    }
}

static SeqrtLoss toy_forward(void *memory, const SeqrtBatch *batch, void *out)
{
    Pass pass = {.out = out};
    if (out)
        memset(out, 0, (size_t)batch->rows * (size_t)(toy.model.per_step ? toy.model.T : 1) * (size_t)O() * (size_t)toy.model.real_bytes);
    batch_run(memory, batch, &pass);
    return pass.loss;
}

static SeqrtLoss toy_gradient(void *memory, const SeqrtBatch *batch, uint64_t seed, uint64_t step, const SeqrtThread *thread)
{
    (void)thread;
    Memory *m = memory;
    Pass pass = {.training = true, .key = seqrt_dropout_key(seed, step, 0)};
    memset(m->gradients, 0, sizeof m->gradients);
    batch_run(m, batch, &pass);
    for (size_t i = 0; i < toy.model.weights_count; i++)
        m->gradients[i] = rounded(m->gradients[i] / pass.loss.weight);
    if (toy.broken)
        m->gradients[toy.broken == 1 ? 3 : O() * width()] *= 1.1;
    if (toy.unsound_at >= 0 && step >= (uint64_t)toy.unsound_at)
        m->weights[5] = pass.loss.sum = NAN;
    return pass.loss;
}

static double toy_update(void *memory, const SeqrtUpdate *u, const SeqrtThread *thread)
{
    (void)thread;
    Memory *m = memory;
    double squares = 0, lr = u->lr * (1 - 0.5 * u->epoch / u->epochs);
    for (size_t i = 0; i < toy.model.weights_count; i++) {
        squares += m->gradients[i] * m->gradients[i];
        m->momentum[i] = rounded(0.9 * m->momentum[i] + m->gradients[i]);
        m->weights[i] = rounded(m->weights[i] - lr * m->momentum[i]);
    }
    return sqrt(squares);
}

static void toy_reset(void *memory) { memset(((Memory *)memory)->state, 0, sizeof((Memory *)memory)->state); }

static void toy_reset_step(void *memory)
{
    Memory *m = memory;
    memset(m->step_sum, 0, sizeof m->step_sum);
    m->step_count = 0;
}

static void toy_step(void *memory, int32_t token, const void *x, void *out)
{
    Memory *m = memory;
    double phi[256], v[64], by = 1;
    bool mean = toy.model.task->target == SEQRT_CLASS;
    if (!mean)
        toy_reset_step(m);
    m->step_count += 1;
    for (int i = 0; i < width(); i++)
        m->step_sum[i] += x ? real_at(x, (size_t)i) : i == token;
    for (int i = 0; i < width(); i++)
        phi[i] = by * m->step_sum[i] / m->step_count;
    outputs_fill(m, phi, 0, v);
    for (int o = 0; o < O(); o++)
        real_put(out, (size_t)o, v[o]);
}

const SeqrtModel *toy_make(const SeqrtTask *task, int B, int T, int real_bytes)
{
    int in = task->features ? task->features : task->vocab_count, out = task->outputs;
    tensors[0] = (SeqrtTensor){"linear.weight", 2, {out, in}, 0, SEQRT_INIT_UNIFORM, 0.5};
    tensors[1] = (SeqrtTensor){"linear.bias", 1, {out, 0}, (size_t)(in * out), SEQRT_INIT_UNIFORM, 0.1};
    size_t count = (size_t)(in * out + out);
    if (count > ROOM || B > ROWS || in > 256 || out > 64)
        abort();
    static const char *const summary[] = {"toy: linear", NULL};
    toy = (Toy){.unsound_at = -1, .model = {
        .contract = SEQRT_CONTRACT, .generator = "toy 1", .spec_hash = "0123456789abcdef", .model_hash = "fedcba9876543210", .task = task, .real_bytes = real_bytes,
        .B = B, .T = T, .tensors_count = 2, .tensors = tensors, .weights_count = count,
        .state_count = task->carry_state ? (size_t)B : 0, .slots_count = 1, .slot_names = slots, .model_bytes = sizeof(Memory),
        .epochs = 4, .seed = 1, .lr = 0.2, .per_step = task->target == SEQRT_NEXT, .can_stream = true, .macs_step = in * out,
        .flops_train_step = 6.0 * in * out * B, .summary = summary, .init = toy_init, .set = toy_set, .get = toy_get,
        .forward = toy_forward, .gradient = toy_gradient, .update = toy_update, .reset = toy_reset, .reset_step = toy_reset_step,
        .step = toy_step}};
    return &toy.model;
}
