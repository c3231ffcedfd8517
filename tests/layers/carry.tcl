# carry.tcl: state carried from window to window, in training. verify and probe begin with a state of 0, so here a few steps by the C stand beside the same steps by the
# interpreter, from numbers of their own; and a run that was stopped in the middle of an epoch beside one that was not.

source $root/tests/tools/specs.tcl

put stream.txt "the\ncat\nsat\n[string repeat {the cat sat on the mat. the dog saw it. a fox! } 30]"

set alike {/^loss \d.*, alike$/}

# The text as one series
proc carried {model batch} {
    put s.yaml "seqgen: 1\nname: s
data: {train: stream.txt, input: {text: true}, target: {next: true}, window: {length: 20, carry_state: true}}
model: \[$model, {linear: {out: vocab}}]
train: {batch: $batch, optimizer: {sgd: {lr: 0.5}}}\n"
    return [spec_trained_alike 1e-4 $::quick s.yaml 2]
}

test interpreter/gru { carried {{gru: {hidden: 8}}} 6 } $alike
test interpreter/lstm { carried {{embedding: {dim: 4}}, {lstm: {hidden: 9, layers: 2}}} 7 } $alike
test interpreter/one { carried {{embedding: {dim: 8}}, {layer_norm: {}}, {lstm: {hidden: 9}}} 1 } $alike

# So many sequences that halves of them have gradients of their own (plan_parts); labels without a period, which would make all states alike
test interpreter/parts {
    set lines {x0,x1,x2,label}
    for {set r 0} {$r < 10400} {incr r} { lappend lines [join [concat [cells $r 3] k[expr {$r * $r % 7 % 3}]] ,] }
    put s.csv "[join $lines \n]\n"
    put parts.yaml {seqgen: 1
name: s
data: {train: s.csv, input: {columns: [x0, x1, x2]}, target: {tag: label}, window: {length: 19, carry_state: true}}
model: [{lstm: {hidden: 9}}, {linear: {out: classes}}]
train: {batch: 112, optimizer: {sgd: {lr: 0.5}}}
}
    spec_trained_alike 1e-5 $quick parts.yaml 2
} $alike

put r.yaml {seqgen: 1
name: r
data: {train: stream.txt, input: {text: true}, target: {next: true}, window: {length: 20, carry_state: true}}
model: [{lstm: {hidden: 9}}, {linear: {out: vocab}}]
train: {batch: 5, optimizer: {sgd: {lr: 0.5}}}
}

# In the middle of an epoch a checkpoint has every buffer of the state: an LSTM's two
test resume/middle {
    ran -env $quick $seqgen build r.yaml -o r --target portable --quiet
    ran ./r train --steps 3 --checkpoint c.safetensors --quiet
    ran ./r train --resume c.safetensors --steps 7 --save a.safetensors --quiet
    ran ./r train --steps 7 --save b.safetensors --quiet
    expr {[text a.safetensors] eq [text b.safetensors]}
} 1

# Rows of unequal length carry a state each: kept in the caller's order, not in that of falling length
test forward/order {
    ran $seqgen r.yaml -o r.c --target portable --quiet
    put order.c {#include "r.h"
#include <math.h>
#include <stdio.h>
enum { ROWS = 3 };
static r_Model all, alone;
static int32_t tokens[2][ROWS][R_T];
static r_Real y[ROWS][R_T][R_OUTPUTS], one[R_T][R_OUTPUTS];

int main(void)
{
    const int32_t lengths[ROWS] = {2, R_T, 4};
    double far = 0, moved = 0;
    for (int i = 0; i < 2 * ROWS * R_T; i++)
        (&tokens[0][0][0])[i] = 2 + i * 7 % 9;
    r_init(&all), r_init_weights(&all, 1);
    r_init(&alone), r_init_weights(&alone, 1);
    r_forward(&all, ROWS, lengths, &tokens[0][0][0], &y[0][0][0]);
    r_forward(&all, ROWS, lengths, &tokens[1][0][0], &y[0][0][0]);
    for (int b = 0; b < ROWS; b++) {
        r_reset_carry(&alone);
        r_forward(&alone, 1, lengths + b, tokens[1][b], &one[0][0]);
        for (int o = 0; o < R_OUTPUTS; o++)
            moved = fmax(moved, fabs((double)(one[0][o] - y[b][0][o])));
        r_reset_carry(&alone);
        r_forward(&alone, 1, lengths + b, tokens[0][b], &one[0][0]);
        r_forward(&alone, 1, lengths + b, tokens[1][b], &one[0][0]);
        for (int t = 0; t < lengths[b]; t++)
            for (int o = 0; o < R_OUTPUTS; o++)
                far = fmax(far, fabs((double)(one[t][o] - y[b][t][o])));
    }
    return printf("%s, %s\n", far < 1e-6 ? "each its own state" : "another's state", moved > 1e-4 ? "which tells" : "which does nothing"), 0;
}
}
    set build [file dirname [file dirname $seqgen]]
    ran $cc -O0 -DSEQGEN_NO_MAIN -I$build/include -I. r.c order.c -o order $build/lib/libseqtrain.a $build/lib/libseqrt.a -ljansson -lm -lpthread
    ran ./order
} "each its own state, which tells\n"
