# infer.tcl: the inference-only file computes what the trained model computes. It has its own equations (no gates are kept) and its
# own buffers, so every output of a batch of unequal lengths, and of streaming steps, is compared with the trainer's own C.

source $root/tests/tools/specs.tcl

set build [file dirname [file dirname $seqgen]]

# Compiled with -DTRAINED for the trainer's C: the same rows through N_forward, the first of them through N_step
put drive.c {#include "m.h"
#include <stdio.h>
#include <string.h>
#if !defined SIZE
#define SIZE 1
#endif
#if !defined ROWS
#define ROWS 4
#endif
#if !defined FEATURES
#define FEATURES 3
#endif
static m_Model model;
#if defined TRAINED
#define STEP_MODEL &model
#else
#define STEP_MODEL NULL /* streaming needs no model where the weights are constants */
#endif
static int32_t lengths[] = {M_T, 1, M_T - 2, 3};
#if defined TOKENS /* how many there are */
static int32_t x[ROWS * M_T];
#define STEP_INPUT(t) x[t]
#else
static m_Real x[ROWS * M_T * FEATURES];
#define STEP_INPUT(t) x + (t) * FEATURES
#endif
static m_Real y[ROWS * M_T * M_OUTPUTS];
static void numbers(const m_Real *from, int count)
{
    for (int i = 0; i < count; i++)
        printf("%.9g ", (double)from[i]);
}
int main(void)
{
#if defined TOKENS
    for (int i = 0; i < ROWS * M_T; i++)
        x[i] = i * 37 % 101 % TOKENS;
#else
    for (int i = 0; i < ROWS * M_T * FEATURES; i++)
        x[i] = (m_Real)((i * 37 % 101 - 50) / 25.0 * SIZE);
#endif
    m_init(&model);
#if defined TRAINED
    char why[300];
    if (!m_load(&model, "w.safetensors", why, sizeof why))
        return fprintf(stderr, "%s\n", why), 1;
#endif
    m_forward(&model, ROWS, lengths, x, y);
    numbers(y, OUTPUTS_PER_ROW); /* the whole first row, and of the others what every form of output has */
    for (int r = 1; r < ROWS; r++)
        numbers(y + r * OUTPUTS_PER_ROW, M_OUTPUTS);
#if M_CAN_STREAM
    static m_State state;
    m_reset(&state);
    for (int t = 0; t < M_T; t++) {
        m_step(STEP_MODEL, &state, STEP_INPUT(t), y);
        numbers(y, M_OUTPUTS);
    }
#endif
    return 0;
}
}

# Largest difference, relative to the largest number
proc distance {found expected} {
    if {[llength $found] != [llength $expected] || ![llength $found]} { return "[llength $found] numbers for [llength $expected]" }
    set size 0
    set worst 0
    foreach a $found b $expected {
        set size [expr {max($size, abs($b))}]
        set worst [expr {max($worst, abs($a - $b))}]
    }
    return [expr {$worst / $size}]
}

proc compare {outputs compiler target args} {
    set path [spec -name m -input rows {*}$args -codegen [list "target: $target"]]
    set flags [list -I$::build/include -I. drive.c m.c]
    ran $::seqgen $path -o m.c --quiet
    ran {*}$compiler -DTRAINED -DSEQGEN_NO_MAIN -DOUTPUTS_PER_ROW=$outputs {*}$flags -o trained {*}[glob $::build/lib/libseqtrain.a $::build/lib/libseqrt.a] -ljansson -lm -lpthread
    ran -env $::quick $::seqgen build $path --target portable -o trainer --quiet
    ran ./trainer train --epochs 3 --save w.safetensors --quiet
    set expected [ran ./trained]
    ran $::seqgen $path --emit infer --weights w.safetensors -o m.c --quiet
    regexp {"lines": (\d+)} [ran $::seqgen info $path --emit infer --json] - counted
    if {$counted != [llength [split [text m.c] \n]] - 1} { return "info counts $counted lines" }
    ran {*}$compiler -DOUTPUTS_PER_ROW=$outputs {*}$flags -o inference -lm
    set far [distance [ran ./inference] $expected]
    return [expr {[string is double -strict $far] && $far < 1e-5 ? "same" : $far}]
}

set small [expr {[auto_execok tcc] eq "" ? $cc : "tcc"}]
foreach kind {rnn lstm gru} {
    test $kind/last { compare M_OUTPUTS $small portable -model [list "$kind: {hidden: 9}" last "linear: {out: classes}"] } same
    test $kind/bidirectional { compare M_OUTPUTS $small portable -model [list "$kind: {hidden: 6, bidirectional: true}" mean "linear: {out: classes}"] } same
    test $kind/stack_tag {
        compare "(M_T * M_OUTPUTS)" $small portable -target {tag 4} -model [list "$kind: {hidden: 5, layers: 2}" "linear: {out: classes}"]
    } same
}
foreach kind {lstm gru} {
    test $kind/vectors { compare M_OUTPUTS "gcc -O1 -march=native" host -model [list "$kind: {hidden: 70}" last "linear: {out: classes}"] } same
    # a row alone, whose last units have their gates packed; its input's products made before, or not
    foreach features {3 9} {
        test $kind/alone_$features {
            compare M_OUTPUTS "gcc -O1 -march=native -DROWS=1 -DFEATURES=$features" host -batch 1 -features $features -T 11 -model [list "$kind: {hidden: 40}" last "linear: {out: classes}"]
        } same
    }
    # both directions' outputs are the next layer's input: two pieces, each with rows of its own in the packed weights
    test $kind/alone_pieces {
        compare M_OUTPUTS "gcc -O1 -march=native -DROWS=1" host -batch 1 -T 5 -model [list "$kind: {hidden: 18, layers: 2, bidirectional: true}" last "linear: {out: classes}"]
    } same
    # every gate at an end of its range: a quotient that several gates share must not overflow
    test $kind/saturated {
        compare M_OUTPUTS "gcc -O1 -march=native -DSIZE=3000" host -model [list "$kind: {hidden: 20}" last "linear: {out: classes}"]
    } same
    # by the equations of a row alone, of less than a vector, one and two of them
    foreach hidden {8 16 32} {
        test $kind/saturated_$hidden {
            compare M_OUTPUTS "gcc -O1 -march=native -DSIZE=3000 -DROWS=1" host -batch 1 -model [list "$kind: {hidden: $hidden}" last "linear: {out: classes}"]
        } same
    }
}
# streaming without a model, through every kind of layer that can
foreach {pool width} {last M_OUTPUTS mean M_OUTPUTS max M_OUTPUTS} {
    test stream/$pool {
        compare $width "$small -DTOKENS=10" portable -input chars -model [list "embedding: {dim: 5}" "rnn: {hidden: 6, layers: 2, dropout: 0.2}" layer_norm "linear: {out: 7}" \
            tanh "linear: {out: 6}" sigmoid relu "dropout: {p: 0.3}" "gru: {hidden: 5}" "lstm: {hidden: 6}" $pool "linear: {out: classes}"]
    } same
}
test stream/header { regexp {may be NULL} [text m.h] } 1
# What cannot stream says why, in info and in the header: a layer that reads backwards, or one that takes all steps at once
foreach {name layers why} {
    backwards {"gru: {hidden: 3, bidirectional: true}" last} "some layer looks ahead"
    flatten {flatten "linear: {out: 4}" tanh} "flatten needs a whole sequence"
} {
    test no_stream/$name {
        spec -name n -input rows -model [concat $layers {{linear: {out: classes}}}] -codegen {{target: portable}}
        ran $seqgen n.yaml -o n.c --quiet
        list [regexp "streaming     no: $why\n" [ran $seqgen info n.yaml]] [regexp "there is no n_step: $why \\*/" [text n.h]]
    } {1 1}
}
test stream/state_bytes {
    regexp {"state_bytes": (\d+)} [ran $seqgen info m.yaml --emit infer --json] - told
    regexp {streaming +yes, a state of} [ran $seqgen info m.yaml --emit infer]
    put state.c "#include \"m.h\"\n_Static_assert(sizeof(m_State) == $told, \"as info says\");\n"
    ran $cc -c state.c -o state.o
} {}
# What nothing reads takes neither flash nor RAM: biases of which the sum is read, dropout, what only training needs
test unread {
    set code [regsub -all {/\*.*?\*/} "[text m.c][text m.h]" {}]
    lmap word {bias_ih bias_hh dropout_y dropout_forward ROW_BLOCK training epochs has_target lr seed dense} {
        expr {[regexp "\\y\\w*$word\\y" $code] ? $word : [continue]}
    }
} {}
# What the file says of itself
test says/sum { # the parts of a model's memory are all of it; constants stand apart
    regexp {memory of a model, bytes:\n(.*?) in all} [text m.c] - list
    set numbers [regexp -all -inline {\d\d+} $list]
    expr {[lindex $numbers end] - 64 - [::tcl::mathop::+ {*}[lrange $numbers 0 end-1]]}
} 0
test says/nothing_of_training {
    lmap word {U(- N(0 gradient optimiser _PARAMETERS _TENSORS {weights are only} refresh {made anew}} { expr {[string first $word "[text m.c][text m.h]"] >= 0 ? $word : [continue]} }
} {}
test says/info { regexp training [ran $seqgen info m.yaml --emit infer] } 0
# the trainer looks up products of the tokens' vectors; a file that does not train has the vectors alone, which are fewer
test table {
    compare M_OUTPUTS "$small -DTOKENS=10" portable -input chars -model {"embedding: {dim: 9}" "lstm: {hidden: 6, bidirectional: true}" last "linear: {out: classes}"}
} same
test table/streaming {
    compare "(M_T * M_OUTPUTS)" "$small -DTOKENS=10" portable -input chars -target next -model {"embedding: {dim: 9}" "gru: {hidden: 6}" "linear: {out: vocab}"}
} same
test table/is_the_trainers {
    set infer [text m.c]
    ran $seqgen m.yaml --target portable -o m.c --quiet
    list [regexp {_l0_table\y} $infer] [regexp {_l0_table\y} [text m.c]]
} {0 1}

# Tokens: a text cut by the file's own vocabulary gives predict's answer
put letters.c {#include "t.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
static t_State state;
int main(void)
{
    t_Real y[T_OUTPUTS];
    double sum = 0;
    t_reset(&state);
    for (const char *p = "dab"; *p; p++) {
        const char letter[2] = {*p, 0};
        int32_t token = 1;
        for (int32_t i = 2; i < T_VOCABULARY; i++)
            token = strcmp(t_vocabulary[i], letter) ? token : i;
        t_step(NULL, &state, token, y);
    }
    for (int i = 0; i < T_OUTPUTS; i++)
        sum += exp((double)y[i]);
    for (int i = 0; i < T_OUTPUTS; i++)
        printf("%s %.6f ", t_classes[i], exp((double)y[i]) / sum);
    return 0;
}
}
test meaning/vocabulary {
    put t.csv "text,kind\nabcd,x\nbad,y\ncab,z\ndda,x\n"
    put t.yaml "seqgen: 1\nname: t\ndata: {train: t.csv, input: {chars: text}, target: {class: kind}}
model: \[{embedding: {dim: 5}}, {gru: {hidden: 4}}, last, {linear: {out: classes}}]\ntrain: {epochs: 3}\n"
    ran $seqgen run t.yaml train --save t.safetensors --quiet
    lassign [split [string trim [ran $seqgen run t.yaml predict --load t.safetensors --quiet dab]] \n] head row
    ran $seqgen t.yaml --target portable --emit infer --weights t.safetensors -o t.c --quiet
    ran {*}$small letters.c t.c -o letters -lm
    set worst 0
    foreach {name chance} [ran ./letters] {
        set told [lindex [split $row ,] [lsearch [split $head ,] $name]]
        set worst [expr {max($worst, abs($told - $chance))}]
    }
    list [llength [ran ./letters]] [expr {$worst < 1e-5}]
} {6 1}

# What a plug-in's build may say to every file: the last model, and its plain numbers. Levels below v4 and strict C round by adding a large number.
proc fast {compiler target} {
    ran $::seqgen m.yaml --target $target --emit infer --weights w.safetensors -o m.c --quiet
    foreach {program flags} {plain {} quick -ffast-math} {
        ran {*}$compiler -O2 {*}$flags -DOUTPUTS_PER_ROW=M_OUTPUTS -I. drive.c m.c -o $program -lm
    }
    set far [distance [ran ./quick] [ran ./plain]]
    return [expr {[string is double -strict $far] && $far < 1e-5 ? "same" : $far}]
}
test fast/model { compare M_OUTPUTS $small portable -model {"lstm: {hidden: 20}" "gru: {hidden: 7}" last gelu "linear: {out: classes}"} } same
foreach compiler {gcc clang} {
    foreach target {portable x86-64-v3} {
        if {[auto_execok $compiler] eq "" || ($target ne "portable" && $tcl_platform(machine) ne "x86_64")} continue
        test fast/$compiler/$target { fast $compiler $target } same
    }
}

# What a program needs beside the network is in the file: it gives predict's answers from a row as it stands in the data
put storm.csv "x,y,kind,v\n1,200,calm,-50\n3,240,gale,150\n5,220,calm,250\n2,280,gale,50\n9,210,calm,20\n"
put use.c {#include "u.h"
#include <math.h>
#include <stdio.h>
static u_State state;
int main(void)
{
    const double x[2] = {6, 250};
    u_Real in[2], y[U_OUTPUTS];
    for (int f = 0; f < 2; f++)
        in[f] = (u_Real)((x[f] - (double)u_input_shift[f]) / (double)u_input_scale[f]);
    u_reset(&state);
    u_step(NULL, &state, in, y);
#if defined CLASSES
    const double e[2] = {exp((double)y[0]), exp((double)y[1])};
    printf("%s %.5f", u_classes[e[1] > e[0]], fmax(e[0], e[1]) / (e[0] + e[1]));
#else
    printf("%.4f", (double)(y[0] * u_target_scale[0] + u_target_shift[0]));
#endif
    return 0;
}
}
foreach {target normalize flags} {"{class: kind}" standard -DCLASSES "{value: v}" minmax {}} {
    test meaning/$normalize {
        put u.yaml "seqgen: 1\nname: u\ndata: {train: storm.csv, input: {columns: \[x, y], shape: \[1, 2], normalize: $normalize}, target: $target}
model: \[{rnn: {hidden: 4}}, last, {linear: {out: [expr {$flags eq "" ? "targets" : "classes"}]}}]\ntrain: {epochs: 3}\n"
        ran $seqgen run u.yaml train --save u.safetensors --quiet
        put row.csv "x,y\n6,250\n"
        set row [split [lindex [split [string trim [ran $seqgen run u.yaml predict --load u.safetensors --data row.csv --quiet]] \n] end] ,]
        ran $seqgen u.yaml --target portable --emit infer --weights u.safetensors -o u.c --quiet
        ran {*}$small {*}$flags use.c u.c -o use -lm
        lassign [ran ./use] name number
        set same [expr {$flags eq "" ? abs($name - $row) < 1e-3 : $name eq [lindex $row 0] && abs($number - max([lindex $row 1], [lindex $row 2])) < 1e-4}]
        expr {$same ? "same" : "$name $number, not $row"}
    } same
}
