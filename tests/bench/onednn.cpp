// onednn.cpp: a recurrent layer of oneDNN's (its own assembler, made at run time): forward for training, and backward. lstm, gru (with linear before
// reset, which is PyTorch's), rnn (tanh).
//
// Takes: CELL I H T B. Gives: nanoseconds of both together, with the weights' re-layout, which a trainer pays for after every step of its
// optimiser; then each of the three. Does not: set the number of threads (OMP_NUM_THREADS=1 does).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dnnl.hpp>
#include <functional>
#include <unordered_map>

using namespace dnnl;
using tag = memory::format_tag;
using Arguments = std::unordered_map<int, memory>;

// As clock.h
static double now()
{
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

static double best(const std::function<void()> &call)
{
    double least = 1e9;
    const double start = now();
    for (int i = 0; i < 6 || now() - start < 0.06; i++) {
        const double begin = now();
        call();
        least = std::min(least, now() - begin);
    }
    return least;
}

static memory::desc shape(memory::dims dims, tag layout) { return memory::desc(dims, memory::data_type::f32, layout); }

static memory filled(const memory::desc &desc, const engine &e)
{
    memory m(desc, e);
    float *p = static_cast<float *>(m.get_data_handle());
    for (size_t i = 0; i < desc.get_size() / sizeof(float); i++)
        p[i] = float(rand() % 2001 - 1000) * 1e-4f;
    return m;
}

// The layer's arrays; gates of the weights, and of the bias, where the GRU has one more
struct Arrays {
    engine e{engine::kind::cpu, 0};
    rnn_direction way = rnn_direction::unidirectional_left2right;
    int I, H, gates;
    memory::desc x, y, h, b, w, u;
    Arrays(int I, int H, int T, int B, int gates, int biases)
        : I(I), H(H), gates(gates), x(shape({T, B, I}, tag::tnc)), y(shape({T, B, H}, tag::tnc)), h(shape({1, 1, B, H}, tag::ldnc)),
          b(shape({1, 1, biases, H}, tag::ldgo)), w(shape({1, 1, I, gates, H}, tag::any)), u(shape({1, 1, H, gates, H}, tag::any)) {}
};

template <class Forward, class Backward>
static void measure(const Arrays &a, const typename Forward::primitive_desc &ahead, const typename Backward::primitive_desc &back, bool has_c)
{
    const engine &e = a.e;
    stream s(e);
    memory W = filled(shape({1, 1, a.I, a.gates, a.H}, tag::ldigo), e), U = filled(shape({1, 1, a.H, a.gates, a.H}, tag::ldigo), e);
    memory W1(ahead.weights_layer_desc(), e), U1(ahead.weights_iter_desc(), e), W2(back.weights_layer_desc(), e), U2(back.weights_iter_desc(), e);
    memory dW = filled(back.diff_weights_layer_desc(), e), dU = filled(back.diff_weights_iter_desc(), e), db = filled(a.b, e);
    Arguments forward = {{DNNL_ARG_SRC_LAYER, filled(a.x, e)}, {DNNL_ARG_SRC_ITER, filled(a.h, e)}, {DNNL_ARG_WEIGHTS_LAYER, W1},
        {DNNL_ARG_WEIGHTS_ITER, U1}, {DNNL_ARG_BIAS, filled(a.b, e)}, {DNNL_ARG_DST_LAYER, filled(a.y, e)}, {DNNL_ARG_DST_ITER, filled(a.h, e)},
        {DNNL_ARG_WORKSPACE, filled(ahead.workspace_desc(), e)}};
    if (has_c)
        forward[DNNL_ARG_SRC_ITER_C] = filled(a.h, e), forward[DNNL_ARG_DST_ITER_C] = filled(a.h, e);
    Arguments backward = forward;
    for (const auto &more : Arguments{{DNNL_ARG_WEIGHTS_LAYER, W2}, {DNNL_ARG_WEIGHTS_ITER, U2}, {DNNL_ARG_DIFF_SRC_LAYER, filled(a.x, e)},
             {DNNL_ARG_DIFF_SRC_ITER, filled(a.h, e)}, {DNNL_ARG_DIFF_WEIGHTS_LAYER, dW}, {DNNL_ARG_DIFF_WEIGHTS_ITER, dU}, {DNNL_ARG_DIFF_BIAS, db},
             {DNNL_ARG_DIFF_DST_LAYER, filled(a.y, e)}, {DNNL_ARG_DIFF_DST_ITER, filled(a.h, e)}})
        backward[more.first] = more.second;
    if (has_c)
        backward[DNNL_ARG_DIFF_SRC_ITER_C] = filled(a.h, e), backward[DNNL_ARG_DIFF_DST_ITER_C] = filled(a.h, e);
    const Forward run_forward(ahead);
    const Backward run_backward(back);
    const reorder w1(W, W1), u1(U, U1), w2(W1, W2), u2(U1, U2);
    const double layout = best([&] {
        auto go = [&](const reorder &r, memory &from, memory &to) { const_cast<reorder &>(r).execute(s, from, to); };
        go(w1, W, W1), go(u1, U, U1), go(w2, W1, W2), go(u2, U1, U2);
        s.wait();
    });
    const double first = best([&] { run_forward.execute(s, forward), s.wait(); });
    const double second = best([&] {
        for (const memory &m : {dW, dU, db})
            memset(m.get_data_handle(), 0, m.get_desc().get_size());
        run_backward.execute(s, backward), s.wait();
    });
    printf("%.1f forward %.1f backward %.1f layout %.1f\n", (first + second + layout) * 1e9, first * 1e9, second * 1e9, layout * 1e9);
}

static void measure_lstm(const Arrays &a)
{
    const lstm_forward::primitive_desc ahead({prop_kind::forward_training, a.way, a.x, a.h, a.h, a.w, a.u, a.b, a.y, a.h, a.h}, a.e);
    const lstm_backward::primitive_desc back({prop_kind::backward, a.way, a.x, a.h, a.h, a.w, a.u, a.b, a.y, a.h, a.h, a.x, a.h, a.h, a.w, a.u, a.b, a.y,
                                              a.h, a.h}, a.e, ahead);
    measure<lstm_forward, lstm_backward>(a, ahead, back, true);
}

static void measure_gru(const Arrays &a)
{
    const lbr_gru_forward::primitive_desc ahead({prop_kind::forward_training, a.way, a.x, a.h, a.w, a.u, a.b, a.y, a.h}, a.e);
    const lbr_gru_backward::primitive_desc back({prop_kind::backward, a.way, a.x, a.h, a.w, a.u, a.b, a.y, a.h, a.x, a.h, a.w, a.u, a.b, a.y, a.h}, a.e, ahead);
    measure<lbr_gru_forward, lbr_gru_backward>(a, ahead, back, false);
}

static void measure_rnn(const Arrays &a)
{
    const auto kind = algorithm::eltwise_tanh;
    const vanilla_rnn_forward::primitive_desc ahead({prop_kind::forward_training, kind, a.way, a.x, a.h, a.w, a.u, a.b, a.y, a.h}, a.e);
    const vanilla_rnn_backward::primitive_desc back({prop_kind::backward, kind, a.way, a.x, a.h, a.w, a.u, a.b, a.y, a.h, a.x, a.h, a.w, a.u, a.b, a.y, a.h},
                                                    a.e, ahead);
    measure<vanilla_rnn_forward, vanilla_rnn_backward>(a, ahead, back, false);
}

int main(int argc, char **argv)
{
    const char *cell = argc == 6 ? argv[1] : "";
    const int lstm = !strcmp(cell, "lstm"), gru = !strcmp(cell, "gru"), rnn = !strcmp(cell, "rnn");
    if (!lstm && !gru && !rnn)
        return fprintf(stderr, "usage: onednn lstm|gru|rnn I H T B\n"), 1;
    const Arrays a(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), lstm ? 4 : gru ? 3 : 1, lstm || gru ? 4 : 1);
    lstm ? measure_lstm(a) : gru ? measure_gru(a) : measure_rnn(a);
    return 0;
}
