# threads.tcl: a training step, an evaluation, a prediction shared by threads give the bits that one thread gives.
#
# The models are wide enough that the trainer takes a team for them (runtime/trainer/commands/team.c), and small enough that cuts
# between threads fall inside tiles, panels and sequences of unequal length.

source $root/tests/tools/specs.tcl

# Losses, of training and of validation, and weights after four steps with N threads, for each N: the same digits and bytes as with one, or the N that differ
proc differing {settings target_option args} {
    set spec [spec -T 60 -batch 30 -sequences 70 -optimizer {adam: {lr: 0.01}} -train {{clip_norm: 0.5}} {*}$args]
    trainer_build $settings $target_option $spec
    set different {}
    foreach threads {1 2 3 7} {
        ran -timeout 600 ./trainer train --steps 4 --valid model.csv --threads $threads --save $threads.safetensors --log $threads.csv --quiet
        if {[text 1.safetensors] ne [text $threads.safetensors] || [judged 1.csv] ne [judged $threads.csv]} { lappend different $threads }
    }
    return $different
}

proc trainer_build {settings target_option spec} {
    ran -timeout 600 -env $settings $::seqgen build $spec -o trainer --quiet {*}$target_option
    set flops [dict get [json::json2dict [ran ./trainer info --json]] flops_train_step]
    if {$flops < 6e7} { error "$flops FLOPs a step: too few for a team, the test would show nothing" }
}

# The log's first row but for the seconds, which stand last; it has a figure of the validation part
proc judged {path} {
    lassign [split [text $path] \n] names row
    if {![regexp {valid_loss,.*seconds$} $names]} { error "no validation in the log: $names" }
    return [lrange [split $row ,] 0 end-1]
}

package require json
set portable {--target portable}

test lstm { differing $quick $portable -model {"embedding: {dim: 9}" "lstm: {hidden: 40}" last "linear: {out: classes}"} } {}
test bidirectional_stack {
    differing $quick $portable -model {"embedding: {dim: 9}" {dropout: {p: 0.3}} "gru: {hidden: 22, layers: 2, bidirectional: true, dropout: 0.2}"
        layer_norm mean {dropout: {p: 0.3}} "linear: {out: classes}"}
} {}
test signal { differing $quick $portable -batch 40 -input rows -target {signal 3} -model {"lstm: {hidden: 50}" "linear: {out: targets}"} } {}
test per_step { differing $quick $portable -batch 40 -input rows -target {tag 3} -model {"linear: {out: 33}" tanh "rnn: {hidden: 50}" gelu "linear: {out: classes}"} } {}
test language { differing $quick $portable -target next -model {"lstm: {hidden: 40}" "linear: {out: vocab}"} } {}
test flatten { differing $quick $portable -batch 70 -model {flatten "linear: {out: 300}" relu "linear: {out: 200}" sigmoid "linear: {out: classes}"} } {}
test max { differing $quick $portable -input rows -features 5 -target {value 2} -model {"rnn: {hidden: 64, bidirectional: true}" max "linear: {out: targets}"} } {}
set chunks {-input rows -target {value 2} -model {layer_norm "lstm: {hidden: 48, bidirectional: true}" max "linear: {out: targets}"}}
test chunks { differing $quick $portable {*}$chunks } {}
test chunks_are_there { regexp {gradients of weights and input, over \d+ steps} [ran $seqgen [spec -T 60 -batch 30 {*}$chunks] {*}$portable --dump plan] } 1
# Sums of its own for each half of the batch: with up to two threads nobody waits for the other's gates; with a piece of the input in each direction
set parts {-batch 32 -input rows -target {value 2} -model {"gru: {hidden: 40, layers: 2, bidirectional: true}" last "linear: {out: targets}"}}
test parts { differing $quick $portable {*}$parts } {}
test parts/first { differing $quick $portable -batch 33 -features 5 -input rows -target {tag 3} -model {"lstm: {hidden: 70}" "linear: {out: classes}"} } {}
# The rows of each of two threads in memory of their own: pools and dropout find them there, too; three threads, and what they evaluate, have them step by step
set apart {-batch 33 -sequences 100 -input rows -target {value 2}}
test apart { differing $quick $portable {*}$apart -model {"lstm: {hidden: 40, layers: 2, dropout: 0.3}" {dropout: {p: 0.2}} max {dropout: {p: 0.3}} "linear: {out: targets}"} } {}
test apart/mean { differing $quick $portable {*}$apart -model {"gru: {hidden: 40}" relu "rnn: {hidden: 60, bidirectional: true}" mean "linear: {out: targets}"} } {}
test apart/flatten { differing $quick $portable {*}$apart -model {{dropout: {p: 0.2}} "gru: {hidden: 40, bidirectional: true}" tanh flatten "linear: {out: targets}"} } {}
test apart/norm { differing $quick $portable {*}$apart -model {"gru: {hidden: 40, bidirectional: true}" layer_norm "lstm: {hidden: 35}" layer_norm max "linear: {out: targets}"} } {}
# .. which equal numbers do not show: packed for two threads, the second one's rows of all steps stand behind the first one's
put rows.c {#define SEQGEN_NO_MAIN
#include "m.c"
static Model model;
static int rows_of(const Share *s, ptrdiff_t *first, ptrdiff_t *end) /* 0: they stand behind each other, from *first to *end */
{
    *first = *end = s->at[0] + s->first;
    for (int t = 0; t < model.steps; *end += running(&model, s, t++))
        if (s->at[t] + s->first != *end)
            return 1;
    return 0;
}
int main(void)
{
    const int32_t lengths[] = {7, 3, 60, 41, 60, 2, 33};
    ptrdiff_t first[2], end[2];
    m_init(&model);
    pack_lengths(&model, 7, lengths, 2);
    for (int i = 0; i < 2; i++) {
        const Share own = share_of(&model, &(Share){.index = i, .until = i + 1, .count = 2});
        if (rows_of(&own, &first[i], &end[i]) || own.rows == 0)
            return 1;
    }
    return first[0] != 0 || first[1] != end[0] || end[1] != model.total;
}
}
test apart/rows {
    ran $seqgen [spec -name m -T 60 {*}$apart -model {"lstm: {hidden: 40}" max "linear: {out: targets}"}] {*}$portable -o m.c --quiet
    set build [file dirname [file dirname $seqgen]]
    ran gcc -O1 -I$build/include -I. rows.c -o rows {*}[glob $build/lib/libseqtrain.a $build/lib/libseqrt.a] -ljansson -lm -lpthread
    ran ./rows
} {}
test apart/full { differing $quick $portable -batch 32 -sequences 64 -input shaped -target {value 2} -model {"lstm: {hidden: 48}" last "linear: {out: targets}"} } {}
# What adds up rows of all threads in one order keeps them together
proc are_apart {args} { return [regexp {s->at\[} [ran $::seqgen [spec -T 60 {*}$args] {*}$::portable --dump plan]] }
test apart_are_there { lmap behind {{} layer_norm {{linear: {out: 9}}}} {
    are_apart {*}$apart -model [list "lstm: {hidden: 40, layers: 2}" {*}$behind max "linear: {out: targets}"]
} } {1 1 0}
set per_step {-batch 33 -input rows -target {signal 40} -model {"lstm: {hidden: 40}"}}
set one_hot {-batch 33 -sequences 100 -model {"lstm: {hidden: 40, layers: 2}" last "linear: {out: classes}"}}
test apart/not { lmap together [list $per_step $one_hot] { list [are_apart {*}$together] [differing $quick $portable {*}$together] } } {{0 {}} {0 {}}}
# Many weights and few sequences: threads share the units of a step, and meet in every step; with gradients every few steps, both directions, states carried on
proc are_by_units {args} { return [regexp {_step\(s, rows|_step\(s, kept} [ran $::seqgen [spec {*}$args] {*}$::portable --dump plan]] }
set by_units {-T 40 -batch 5 -sequences 9 -input rows -target {value 2} -codegen {"real: float64"} -model {"lstm: {hidden: 264}" last "linear: {out: targets}"}}
test by_units { differing $quick $portable {*}$by_units } {}
set both_ways {-T 5 -batch 6 -sequences 20 -input rows -target {tag 3} -codegen {"real: float64"} -model {"gru: {hidden: 300, bidirectional: true}" {dropout: {p: 0.2}} "rnn: {hidden: 520}" "linear: {out: classes}"}}
test by_units/both_ways { differing $quick $portable {*}$both_ways } {}
# .. which equal numbers do not show either: of a step each of two threads has half
put units.c {#define SEQGEN_NO_MAIN
#include "m.c"
static Model model;
static int made(void)
{
    int units = 0;
    for (int i = 0; i < 264; i++)
        units += model.lstm_l0_h[i] != 0;
    return units;
}
int main(void)
{
    const int32_t lengths[] = {1, 1};
    m_init(&model);
    m_init_weights(&model, 1);
    pack_lengths(&model, 2, lengths);
    for (int i = 0; i < 2; i++) {
        lstm_l0_step(&model, &(Share){.index = i, .until = i + 1, .count = 2}, 0);
        if (made() != 132 * (i + 1))
            return 1;
    }
    return 0;
}
}
test by_units/halves {
    ran $seqgen [spec -name m {*}$by_units] {*}$portable -o m.c --quiet
    set build [file dirname [file dirname $seqgen]]
    ran gcc -O1 -I$build/include -I. units.c -o units {*}[glob $build/lib/libseqtrain.a $build/lib/libseqrt.a] -ljansson -lm -lpthread
    ran ./units
} {}
test by_units/are_there { list [are_by_units {*}$by_units] [regexp {over \d+ steps from t on} [ran $seqgen [spec {*}$by_units] {*}$portable --dump plan]] [are_by_units {*}$both_ways] \
    [are_by_units {*}$by_units -batch 33] [are_by_units {*}$by_units -model {"lstm: {hidden: 248}" last "linear: {out: targets}"}] } {1 1 1 0 0}
test parts_are_there { regexp {part < PARTS} [ran $seqgen [spec -T 60 {*}$parts] {*}$portable --dump plan] } 1
test vectors { differing $vectors {} -model {"embedding: {dim: 9}" "lstm: {hidden: 40, bidirectional: true}" last "linear: {out: classes}"} } {}

# ---- eval and predict ----

# What eval and predict say with N threads, for each N: the same bytes as with one, or the N that differ. The data fill whole batches
# and a smaller one; their first three lines hold fewer sequences than there are threads.
proc answers_differing {settings target_option spec data} {
    trainer_build $settings $target_option $spec
    ran ./trainer train --epochs 0 --save w.safetensors --quiet
    put few[file extension $data] [join [lrange [split [text $data] \n] 0 2] \n]\n
    set different {}
    foreach threads {1 2 3 7} {
        set said [ran -timeout 600 ./trainer eval --load w.safetensors --data $data --threads $threads --json --details details.csv]
        append said [text details.csv]
        foreach file [list $data few[file extension $data]] { append said [ran -timeout 600 ./trainer predict --load w.safetensors --data $file --threads $threads --quiet] }
        if {$threads == 1} { set alone $said }
        if {$said ne $alone} { lappend different $threads }
    }
    return $different
}

proc answers {settings target_option args} { return [answers_differing $settings $target_option [spec -T 60 -batch 30 -sequences 70 {*}$args] model.csv] }

test answers/lengths { answers $quick $portable -model {"embedding: {dim: 9}" "lstm: {hidden: 40, bidirectional: true}" last "linear: {out: classes}"} } {}
test answers/one_length { answers $quick $portable -input shaped -target {value 2} -model {"gru: {hidden: 48}" max "linear: {out: targets}"} } {}
test answers/language { answers $quick $portable -target next -model {"lstm: {hidden: 40}" "linear: {out: vocab}"} } {}
test answers/flatten { answers $quick $portable -input shaped -features 9 -batch 70 -sequences 90 -model {flatten "linear: {out: 400}" relu "linear: {out: classes}"} } {}
test answers/vectors { answers $vectors {} -input rows -target {tag 3} -model {"lstm: {hidden: 40, bidirectional: true}" "linear: {out: classes}"} } {}
put stream.txt "the\ncat\nsat\n[string repeat {the cat sat on the mat. the dog saw it. } 30]"
put stream.yaml {seqgen: 1
name: stream
data: {train: stream.txt, input: {text: true}, target: {next: true}, window: {length: 20, carry_state: true}}
model: [{gru: {hidden: 80}}, {linear: {out: vocab}}]
train: {batch: 30}
}
test answers/stream { answers_differing $quick $portable stream.yaml stream.txt } {}

# That there is a team is not to be seen in what it says, but while it waits for more to say
test answers/team {
    trainer_build $quick $portable [spec -T 60 -batch 30 -model {"lstm: {hidden: 40}" last "linear: {out: classes}"}]
    ran ./trainer train --epochs 0 --save w.safetensors --quiet
    lmap threads {1 3} {
        set channel [open "|./trainer predict --load w.safetensors --quiet --threads $threads -" r+]
        puts -nonewline $channel [string repeat "abc\n" 30]
        flush $channel
        for {set line 0} {$line < 31} {incr line} { gets $channel }
        regexp {Threads:\s+(\d+)} [text /proc/[pid $channel]/status] -> count
        close $channel
        set count
    }
} {1 3}
test answers/no_thread { lmap command {train eval predict} { dict get [run ./trainer $command --load w.safetensors --threads 0] err } } \
    [lrepeat 3 "./trainer: --threads \"0\"; expected a whole number of at least 1\n"]

# What follows from the weights, made in shares: each part of it by one of the threads, whether or not a command of the trainer reads it after a shared step
# (the packed weights of streaming are not read so)
put refresh.c {#define SEQGEN_NO_MAIN
#include "m.c"
#include <stdio.h>
static Model model;
static m_Derived whole;
static void all_wait(void *team) { (void)team; }
int main(void)
{
    m_init(&model);
    m_init_weights(&model, 1);
    whole = model.d;
    for (int count = 1; count <= 7; count++) {
        memset(&model.d, 0, sizeof model.d);
        for (int i = 0; i < count; i++)
            refresh(&model, &(Share){.index = i, .until = i + 1, .count = count, .wait = all_wait});
        if (memcmp(&whole, &model.d, sizeof whole) != 0)
            printf("%d ", count);
    }
    return 0;
}
}
foreach {name model} {
    lstm {"lstm: {hidden: 36, layers: 2}" last "linear: {out: classes}"}
    gru  {"gru: {hidden: 20}" last "linear: {out: classes}"}
} {
    test refresh/$name {
        ran $seqgen [spec -name m -input rows -features 20 -model $model] -o m.c --quiet
        set build [file dirname [file dirname $seqgen]]
        ran gcc -O1 -I$build/include -I. refresh.c -o refresh {*}[glob $build/lib/libseqtrain.a $build/lib/libseqrt.a] -ljansson -lm -lpthread
        ran ./refresh
    } {}
}
