// rtneural.cpp: one streaming step 1 -> H -> 1 of RTNeural's: its compile-time model of an LSTM or a GRU and a dense layer, called a sample at a time.
//
// Takes: a checkout of RTNeural to include, -DRTNEURAL_USE_EIGEN=1 or -DRTNEURAL_USE_XSIMD=1; CELL H. Gives: nanoseconds of one step.
// Does not: load a trained model; the weights are drawn, and small enough that the state stays finite.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <RTNeural/RTNeural.h>

#include "clock.h"

using Row = std::vector<float>;
using Matrix = std::vector<Row>;

static float draw(float most) { return most * float(rand() % 2001 - 1000) * 1e-3f; }

static Matrix drawn(int rows, int columns)
{
    Matrix m(rows, Row(columns));
    for (Row &row : m)
        for (float &x : row)
            x = draw(.125f);
    return m;
}

template <int H> using Lstm = RTNeural::ModelT<float, 1, 1, RTNeural::LSTMLayerT<float, 1, H>, RTNeural::DenseT<float, H, 1>>;
template <int H> using Gru = RTNeural::ModelT<float, 1, 1, RTNeural::GRULayerT<float, 1, H>, RTNeural::DenseT<float, H, 1>>;

template <int H> static void draw_biases(Lstm<H> &model) { model.template get<0>().setBVals(drawn(1, 4 * H)[0]); }
template <int H> static void draw_biases(Gru<H> &model) { model.template get<0>().setBVals(drawn(2, 3 * H)); }

template <class Model> static double measure(int H, int gates)
{
    static Model model;
    static float samples[1024];
    static int at;
    static volatile float out;
    const float none = 0;
    for (float &x : samples)
        x = draw(1);
    auto &cell = model.template get<0>();
    cell.setWVals(drawn(1, gates * H));
    cell.setUVals(drawn(H, gates * H));
    draw_biases(model);
    model.template get<1>().setWeights(drawn(1, H));
    model.template get<1>().setBias(&none);
    model.reset();
    return 1e9 * clock_best([] {
        out = model.forward(samples + at);
        at = (at + 1) % int(sizeof samples / sizeof *samples);
    });
}

int main(int argc, char **argv)
{
    const char *cell = argc == 3 ? argv[1] : "";
    const int H = argc == 3 ? atoi(argv[2]) : 0;
#define SIZE(n) \
    if (H == n && !strcmp(cell, "lstm")) \
        return printf("%.1f\n", measure<Lstm<n>>(n, 4)) < 0; \
    if (H == n && !strcmp(cell, "gru")) \
        return printf("%.1f\n", measure<Gru<n>>(n, 3)) < 0;
    SIZE(8) SIZE(16) SIZE(20) SIZE(32) SIZE(40) SIZE(64)
    return fprintf(stderr, "usage: rtneural lstm|gru 8|16|20|32|40|64\n"), 1;
}
