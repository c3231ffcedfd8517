# targets.tcl: the same model for every target, against the interpreter; no target relies on options of the compiler.

source $root/tests/tools/specs.tcl

set machine [exec uname -m]
set flags [expr {[file readable /proc/cpuinfo] ? [regexp -all -inline {\S+} [lindex [regexp -inline {\nflags[^\n]*} [text /proc/cpuinfo]] 0]] : ""}]
proc has {args} { foreach flag $args { if {$flag ni $::flags} { return 0 } }; return 1 }

# the levels of x86-64 that this machine can run
set levels {}
if {$machine eq "x86_64"} { lappend levels 2 }
if {[has avx2 fma]} { lappend levels 3 }
if {[has avx512f avx512bw avx512dq avx512vl]} { lappend levels 4 }

set include [file dirname [file dirname $seqgen]]/include
set model {"embedding: {dim: 5}" "lstm: {hidden: 18, bidirectional: true}" "dropout: {p: 0.2}" layer_norm mean "linear: {out: classes}"}
proc on {target compiler cflags} {
    return [verdict [run -timeout 600 -env [list CC $compiler CFLAGS $cflags] $::seqgen verify [spec -codegen [list "target: $target"] -model $::model]]]
}

# gcc takes every level by name, with a model that streams; the rest leaves the choice to the program.
foreach level $levels {
    if {[auto_execok gcc] eq ""} { break }
    test gcc/x86-64/level_$level {
        verdict [run -timeout 600 -env [list CC gcc CFLAGS "-O0 -DSEQGEN_LEVEL=$level"] $seqgen verify [spec -input rows \
            -target {tag 4} -codegen {"target: x86-64"} -model {"gru: {hidden: 21}" "linear: {out: classes}"}]]
    } good
}
if {[auto_execok gcc] ne "" && $machine eq "x86_64"} {
    test gcc/x86-64/narrow {
        verdict [run -timeout 600 -env {CC gcc CFLAGS -O0} $::seqgen verify [spec -input rows -target {value 2} -codegen {"target: x86-64"} \
            -model {"gru: {hidden: 7}" last "linear: {out: targets}"}]]
    } good
}
foreach compiler {gcc clang} {
    if {[auto_execok $compiler] eq ""} {
        skip $compiler "not installed"
        continue
    }
    # Strict C without a word about the machine, and the level's own registers in the object
    foreach {target register} {x86-64-v3 ymm x86-64-v4 zmm x86-64 zmm} {
        if {$machine ne "x86_64" || [auto_execok objdump] eq ""} {
            skip $compiler/$target "needs x86-64 and objdump"
            continue
        }
        test $compiler/$target/instructions {
            ran $seqgen [spec -codegen [list "target: $target"] -model $model] -o m.c --quiet
            ran $compiler -std=c11 -Wall -Wextra -Wpedantic -Werror -O0 -I$include -c m.c -o m.o
            expr {[regexp -all "(fmadd|mulps)\[^\n\]*$register" [ran objdump -d m.o]] > 20}
        } 1
    }
}
# One level by its own name, by one compiler; all of them with the choice left to the program, by the other
if {3 in $levels && [auto_execok gcc] ne ""} { test gcc/x86-64-v3/verify { on x86-64-v3 gcc -O0 } good }
if {[auto_execok clang] ne "" && $machine eq "x86_64"} { test clang/x86-64/verify { on x86-64 clang -O0 } good }

# Inference only, from the same weights: forward and step of every level print what portable C prints
put drive.c {#include "m.h"
#include <stdio.h>
#include <string.h>
static m_Model model;
static m_State state;
int main(void)
{
    const m_Real x[2 * 3] = {0.5f, -1, 0.1f, 1, 0.25f, -0.3f};
    const int32_t length = 2;
    m_Real whole[M_OUTPUTS], step[3], all[M_T * 3] = {0};
    for (int i = 0; i < 6; i++)
        all[i] = x[i];
    m_init(&model);
    m_forward(&model, 1, &length, all, whole);
    m_reset(&state);
    for (int t = 0; t < 2; t++) {
        memcpy(step, x + 3 * t, sizeof step);
        m_step(&model, &state, step, step); /* as m.h allows */
    }
    for (int o = 0; o < M_OUTPUTS; o++)
        printf("%.4f %.4f\n", whole[o], step[o]);
    return 0;
}
}
set spec [spec -name m -input rows -target {value 1} -model {"gru: {hidden: 21}" last "linear: {out: targets}"}]
ran -env $quick $seqgen build $spec --target portable -o trainer --quiet
ran ./trainer train --epochs 1 --save w.safetensors --quiet

proc infer {target args} {
    ran $::seqgen $::spec --target $target --emit infer --weights w.safetensors -o m.c --quiet
    ran gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -O1 {*}$args -I$::include m.c drive.c -o drive -lm
    return [ran ./drive]
}
if {[auto_execok gcc] ne ""} {
    set portable [infer portable]
    test infer/step_in_place { expr {[llength $portable] == 2 && [lindex $portable 0] == [lindex $portable 1]} } 1
    foreach level $levels {
        test infer/level_$level { infer x86-64 -DSEQGEN_LEVEL=$level } $portable
    }
    test infer/picked { infer x86-64 } $portable
}

# ---- cortex-m: without a C library, but for the two functions that a compiler calls by itself; no word of the standard library beyond them ----

put bare/string.h {#include <stddef.h>
void *memcpy(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);
}
if {[auto_execok clang] eq "" || ![regexp -line {^ *thumb } [exec clang --print-targets]]} {
    skip cortex-m/freestanding "needs clang with its ARM back end"
} else {
    foreach {name layers} {lstm {"lstm: {hidden: 20}" last} gru {"gru: {hidden: 9, layers: 2, bidirectional: true}" gelu "dropout: {p: 0.2}" max} rnn {"rnn: {hidden: 5}" tanh mean sigmoid}} {
        test cortex-m/freestanding/$name {
            set bare [spec -name bare -input rows -target {value 1} -model [list {*}$layers "linear: {out: targets}"]]
            ran -env $quick $seqgen build $bare --target portable -o bare_trainer --quiet
            ran ./bare_trainer train --steps 1 --save bare.safetensors --quiet
            ran $seqgen $bare --target cortex-m --emit infer --weights bare.safetensors -o bare.c --quiet
            ran clang --target=thumbv7em-none-eabihf -mcpu=cortex-m7 -std=c11 -ffreestanding -nostdlibinc -Ibare -Wall -Wextra -Wpedantic -Wunused-macros -Werror -O2 -c bare.c -o bare.o
        } {}
    }
}

# ---- aarch64, under qemu: three training steps print what they print here; seqrt's own functions are not called ----

put train.c {#include "m.h"
#include "seqrt.h"
#include <math.h>
#include <stdio.h>
bool seqrt_load(const SeqrtModel *model, void *weights, const char *path, SeqrtError *error) { return (void)weights, (void)path, (void)error, !model; }
bool seqrt_save(const SeqrtModel *model, const void *weights, const char *path, SeqrtError *error) { return (void)weights, (void)path, (void)error, !model; }
void seqrt_init_weights(const SeqrtModel *model, uint64_t seed, void *weights) { (void)model, (void)seed, (void)weights; }
static m_Model model;
static m_Weights weights;
static m_Real x[M_B * M_T * 3];
int main(void)
{
    const int32_t lengths[3] = {5, 2, 4};
    const m_Real targets[3] = {1, 0, -0.5f};
    m_Real *w = (m_Real *)&weights;
    for (int i = 0; i < M_PARAMETERS; i++)
        w[i] = (m_Real)(0.3 * sin(12.9898 * i));
    for (int i = 0; i < M_B * M_T * 3; i++)
        x[i] = (m_Real)sin(78.233 * i);
    m_init(&model);
    m_set_weights(&model, &weights);
    for (int step = 0; step < 3; step++)
        printf("%.4f\n", m_train_step(&model, 3, lengths, x, targets));
    m_get_weights(&model, &weights);
    for (int i = 0; i < M_PARAMETERS; i += 97)
        printf("%.3f\n", w[i]);
    return 0;
}
}
proc train {compiler target run} {
    ran $::seqgen $::spec --target $target -o m.c --quiet
    ran {*}$compiler -std=c11 -Wall -Wextra -Wpedantic -Werror -O1 -DSEQGEN_NO_MAIN -I$::include m.c train.c -o train -lm
    return [ran {*}$run ./train]
}
if {[auto_execok aarch64-linux-gnu-gcc] eq "" || [auto_execok qemu-aarch64] eq ""} {
    skip aarch64 "needs gcc-aarch64-linux-gnu and qemu-user"
} else {
    set here [train $cc portable {}]
    test aarch64/train { train {aarch64-linux-gnu-gcc -static} aarch64 qemu-aarch64 } $here
    test aarch64/vectors { expr {[regexp -all {f(mla|mul)\s+v} [exec aarch64-linux-gnu-objdump -d train]] > 20} } 1
    test aarch64/portable { train {aarch64-linux-gnu-gcc -static} portable qemu-aarch64 } $here

    # All sums of a tile are in registers: the loop with most multiply-adds writes nothing to the stack
    source $root/tests/tools/assembly.tcl
    proc kept_on_stack {cell} {
        set spec [spec -batch 32 -max_length 16 -input rows -target {value 1} -codegen {"target: aarch64"} -model [list layer_norm "$cell: {hidden: 32, name: cell}" last "linear: {out: targets}"]]
        ran $::seqgen $spec -o registers.c --quiet
        set c [text registers.c]
        set kernels [lsearch -all -inline -regexp [lmap {- name} [regexp -all -inline {enum \{ (\w+)_R = } $c] { set name }] {_step$|_dh$|_dx$|^gradient}]
        foreach kernel $kernels { set c [string map [list "static void ${kernel}(" "static __attribute__((noipa)) void ${kernel}("] $c] }
        put registers.c $c
        ran aarch64-linux-gnu-gcc -std=gnu11 -O2 -ftree-vectorize -ffp-contract=fast -DSEQGEN_NO_MAIN -I$::include -S registers.c -o registers.s
        if {[llength $kernels] < 5} { error "found kernels $kernels" }
        return [lmap kernel $kernels {
            if {![llength [lsearch -all -regexp [busiest_loop [text registers.s] $kernel] {\s(str|stp)\s+q.*\[sp}]]} { continue }
            set kernel
        }]
    }
    foreach cell {lstm gru rnn} { test aarch64/registers/$cell { kept_on_stack $cell } {} }
}

# Of the vector layer a file has what it uses: no function and no constant that nobody names, on any target
proc unnamed {model target real} {
    set spec [spec -input rows -target {value 1} -codegen [list "target: $target" "real: $real"] -model [list {*}$model "linear: {out: targets}"]]
    set c [regsub -all {/\*.*?\*/} [ran $::seqgen $spec -o -] { }]
    set names [concat [lmap {- name} [regexp -all -inline -line {^INLINE [^(]*?(\w+)\(} $c] { set name }] [regexp -all -inline {\mV_[A-Z]\w*(?= =)} $c]]
    if {[regexp {\n#if[^\n]*\n(#el[^\n]*\n|\n)*#endif} $c empty]} { error "nothing between: $empty" }
    return [lmap name [lsort -unique $names] {
        if {[regexp -all "\\m$name\\M" $c] > [regexp -all -line "^INLINE \[^(\]*\\m$name\\(|\\m$name\\M =" $c]} { continue }
        set name
    }]
}
# .. and its comments speak of nothing else
proc absent {model target real} {
    set spec [spec -input rows -target {value 1} -codegen [list "target: $target" "real: $real"] -model [list {*}$model "linear: {out: targets}"]]
    set c [ran $::seqgen $spec -o -]
    set code [regsub -all {/\*.*?\*/} $c { }]
    return [lmap word [lsort -unique [regexp -all -inline {\m[vV]_\w+} [join [regexp -all -inline {/\*.*?\*/} $c]]]] {
        if {[regexp "\\m$word\\M" $code]} { continue }
        set word
    }]
}
foreach {name layers} {lstm {"lstm: {hidden: 20}" last} gelu {last "linear: {out: 5}" gelu} rnn {"rnn: {hidden: 5}" mean} both {"lstm: {hidden: 4, bidirectional: true}" last} deep {"gru: {hidden: 9}" layer_norm sigmoid "lstm: {hidden: 4}" last tanh}} {
    foreach target {host portable x86-64 cortex-m aarch64} {
        test used/$name/$target { unnamed $layers $target float32 } {}
        test told/$name/$target { absent $layers $target float32 } {}
    }
    test used/$name/float64 { unnamed $layers host float64 } {}
    test told/$name/float64 { absent $layers host float64 } {}
}
test used/strict_portable { # clang tells of functions that nobody calls
    if {[auto_execok clang] eq ""} { return {} }
    ran $seqgen [spec -codegen {"target: portable"} -model $model] -o u.c --quiet
    ran clang -std=c11 -Wall -Wextra -Wpedantic -Wunused-function -Werror -O0 -I$include -c u.c -o u.o
} {}
