# interface.tcl: the generated files as a user of model.h meets them: C and C++, gcc and clang, warnings as errors, every
# optimisation level, sanitizers, two models in one program, CMake and pkg-config. What is compiled once serves every test that
# can use it: compiling is nearly all of the time.

source $root/tests/tools/specs.tcl

set build [file dirname [file dirname $seqgen]]
set libraries [list $build/lib/libseqtrain.a $build/lib/libseqrt.a -ljansson -lm -lpthread]
set include -I$build/include
set compilers [lmap name {gcc clang} { if {[auto_execok $name] eq ""} { skip $name "not installed"; continue }; set name }]
set strict {-Wall -Wextra -Wpedantic -Werror}

set names {-name a -model {"embedding: {dim: 5}" "lstm: {hidden: 9}" last "linear: {out: classes}"} -optimizer {adam: {lr: 0.02}}}
set numbers {-name b -input rows -target {value 2} -optimizer {adam: {lr: 0.02}}
             -model {"gru: {hidden: 7, layers: 2}" mean "linear: {out: 6}" gelu "linear: {out: targets}"}}

proc generate {keys args} { ran $::seqgen [spec {*}$keys] -o [dict get $keys -name].c --quiet {*}$args }

# An object of a model that stands generated
proc object {name as compiler flags} { ran $compiler {*}$::strict {*}$flags $::include -c $name.c -o $as.o }

# ---- one model without a warning, and the same numbers within float32's rounding ----
#
# Every compiler meets every level and both targets, every target meets every level.

set levels [list \
    host gcc "-std=c11 -O0"          host clang "-std=gnu11 -O2 $native"   host gcc "-std=gnu11 -O3 $native" \
    portable clang "-std=c11 -O0"    portable gcc "-std=c11 -O2 $native"   portable clang "-std=c11 -O3 $native"]
foreach {target compiler flags} $levels {
    if {$compiler ni $compilers} continue
    regexp {O\d} $flags level
    test level/$target/$compiler/$level {
        if {![file exists $target/a.c]} { # later two programs need it once more
            generate $names --target $target
            file mkdir $target
            file copy a.c a.h $target
        }
        object $target/a a-$target-$compiler-$level $compiler $flags
        ran $compiler a-$target-$compiler-$level.o -o a {*}$libraries
        ran ./a probe --seed 4 --save found.safetensors
        if {![file exists first.safetensors]} { file copy found.safetensors first.safetensors }
        verdict [run $stcompare found.safetensors first.safetensors 1e-5]
    } good
}

# ---- a program with two models, in C and C++: the objects from above beside those of another model ----

foreach {target compiler level flags} [list host gcc O3 "-std=gnu11 -O0 $native" host clang O2 "-std=gnu11 -O0 $native" \
                                            portable gcc O2 "-std=c11 -O0"] {
    if {$compiler ni $compilers} continue
    set a a-$target-$compiler-$level.o
    test two_models/$target/$compiler {
        generate $numbers --target $target
        object b b $compiler $flags
        ran $compiler $a -o a {*}$libraries
        ran ./a train --epochs 0 --seed 3 --save begin.safetensors --quiet
        ran $compiler {*}$strict {*}$flags -I$target -I. $here/use.c $a b.o -o use {*}$libraries
        verdict [run ./use]
    } good
    test cplusplus/$target/$compiler {
        set cxx [expr {$compiler eq "gcc" && [auto_execok g++] ne "" ? "g++" : "clang++"}]
        ran $cxx -std=c++11 -Wall -Wextra -Werror -x c++ -I$target -I. -c $here/use.c -o use.o
        ran $compiler use.o $a b.o -o use {*}$libraries
        verdict [run ./use]
    } good
}
# ---- sequences of unequal length, in either order of the caller's arrays, which hold something before ----

foreach {input type columns} {rows tag_Real 3 chars int32_t 1} {
    test orders/$input {
        generate [list -name tag -input $input -target [expr {$input eq "rows" ? {tag 3} : "next"}] -model [list "gru: {hidden: 6}" \
            "linear: {out: [expr {$input eq "rows" ? "classes" : "vocab"}]}"]] --target portable
        put orders.c [string map [list TYPE $type COLUMNS $columns] {#include "tag.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
enum { ROWS = 3 };
static tag_Model m;
static tag_Weights one, other;
static TYPE x[ROWS][TAG_T][COLUMNS], xt[TAG_T][ROWS][COLUMNS];
static tag_Real y[ROWS][TAG_T][TAG_OUTPUTS], yt[TAG_T][ROWS][TAG_OUTPUTS];
static int32_t labels[ROWS][TAG_T], labels_t[TAG_T][ROWS];

int main(void)
{
    const int32_t lengths[ROWS] = {2, TAG_T, 4};
    int wrong = 0;
    for (int r = 0; r < ROWS; r++)
        for (int t = 0; t < TAG_T; t++) {
            for (int i = 0; i < COLUMNS; i++)
                xt[t][r][i] = x[r][t][i] = (TYPE)(2.5 + 1.5 * sin(r * 3 + 7 * t + 31 * i));
            labels_t[t][r] = labels[r][t] = 1 + (r * 5 + t * t) % 2;
        }
    tag_init(&m);
    tag_init_weights(&m, 1);
    memset(y, 1, sizeof y), memset(yt, 1, sizeof yt);
    tag_forward(&m, ROWS, lengths, &x[0][0][0], &y[0][0][0]);
    const double loss = tag_gradient(&m, ROWS, lengths, &x[0][0][0], &labels[0][0]);
    tag_get_gradients(&m, &one);
    m.batch_first = 0;
    tag_forward(&m, ROWS, lengths, &xt[0][0][0], &yt[0][0][0]);
    const double loss_t = tag_gradient(&m, ROWS, lengths, &xt[0][0][0], &labels_t[0][0]);
    tag_get_gradients(&m, &other);
    for (int r = 0; r < ROWS; r++)
        for (int t = 0; t < TAG_T; t++)
            for (int o = 0; o < TAG_OUTPUTS; o++)
                wrong += y[r][t][o] != yt[t][r][o] || (t < lengths[r]) != (y[r][t][o] != 0);
    return printf("outputs wrong %d, loss %s, gradients %s\n", wrong, loss == loss_t ? "same" : "other", memcmp(&one, &other, sizeof one) ? "other" : "same"), 0;
}
}]
        object tag tag [lindex $compilers 0] "-std=c11 -O0 -DSEQGEN_NO_MAIN"
        ran [lindex $compilers 0] -std=c11 {*}$strict {*}$include -I. orders.c tag.o -o orders {*}$libraries
        ran ./orders
    } "outputs wrong 0, loss same, gradients same\n"
}
put alone.c "#include \"a.h\"\n#include \"a.h\"\nint main(void) { return A_T == 0; }\n"
foreach target {host portable} {
    test header_alone/$target { verdict [run gcc -std=c11 {*}$strict -I$target -fsyntax-only alone.c] } good
}

# ---- a file with several levels includes itself, whatever it is called and from wherever it is compiled ----

foreach compiler [expr {$tcl_platform(machine) eq "x86_64" ? $compilers : {}}] {
    set check [list $compiler -std=c11 {*}$strict $include -fsyntax-only]
    test renamed/$compiler {
        generate $names --target x86-64
        file mkdir renamed-$compiler
        file rename -force a.c renamed-$compiler/other.c
        file copy -force a.h renamed-$compiler
        verdict [run {*}$check renamed-$compiler/other.c]
    } good
    # .. which a compiler that cannot say the file's name takes for what stands there under the old one
    test renamed/stale/$compiler {
        generate [concat $names -batch 6] --target x86-64
        file rename -force a.c renamed-$compiler
        dict get [run {*}$check -U__FILE_NAME__ -Wno-builtin-macro-redefined renamed-$compiler/other.c] err
    } {/a\.c is not this file/}
    test renamed/kept/$compiler {
        file copy -force a.h renamed-$compiler
        verdict [run {*}$check -U__FILE_NAME__ -Wno-builtin-macro-redefined renamed-$compiler/a.c]
    } good
}

# ---- sanitizers: every kind of layer and of work, several models in a program; the first report ends it ----

set sanitizers {-fsanitize=address,undefined -fno-sanitize-recover=all -O0}
set models {
    a gcc   host     {-model {"embedding: {dim: 5}" "lstm: {hidden: 9}" last "linear: {out: classes}"}}
    b clang host     {-input rows -target {value 2} -model {"gru: {hidden: 7, layers: 2}" mean gelu "linear: {out: targets}"}}
    c clang host     {-target next -model {"rnn: {hidden: 17}" "dropout: {p: 0.2}" "linear: {out: vocab}"}}
    d clang host     {-input shaped -target {value 2} -loss huber -model {flatten layer_norm "linear: {out: 13}" relu "linear: {out: targets}"}}
    e clang host     {-input rows -target {tag 3} -model {"lstm: {hidden: 5, layers: 2, bidirectional: true, dropout: 0.3}"
                        "linear: {out: classes}"}}
    f clang host     {-input words -model {"gru: {hidden: 19, bidirectional: true}" max "linear: {out: classes}"}}
    p clang portable {-T 4 -model {"embedding: {dim: 3}" "lstm: {hidden: 3, layers: 2, bidirectional: true, dropout: 0.3}" layer_norm last
                        "linear: {out: 5}" relu "linear: {out: classes}"}}
}

# The models of one compiler, in one program
proc sanitized {compiler} {
    set objects {}
    set names {}
    foreach {name of target keys} $::models {
        if {$of ne $compiler} continue
        generate [list -name $name {*}$keys] --target $target
        set options [expr {$target eq "host" ? $::native : {}}]
        ran $compiler -std=gnu11 {*}$::sanitizers {*}$options $::include -c $name.c -o $name.o
        lappend objects $name.o
        lappend names M($name)
    }
    ran $compiler {*}$::sanitizers "-DMODELS=[join $names]" $::here/several.c {*}$objects -o several-$compiler {*}$::libraries
}

foreach compiler $compilers {
    test sanitize/$compiler { sanitized $compiler } {}
}
foreach {name compiler target keys} $models {
    if {$compiler ni $compilers} continue
    test sanitize/$compiler/$name {
        verdict [run ./several-$compiler $name -- probe --save probe.safetensors -- probe --rows 1 --save probe.safetensors \
            -- train --epochs 2 --quiet --save w.safetensors -- eval --load w.safetensors \
            -- predict --load w.safetensors --data $name.csv -- gradcheck]
    } good
}

# That they would speak: a length beyond T, which the interface forbids, leaves an array of the generated file
foreach {name compiler} {a gcc c clang} {
    if {$compiler ni $compilers} continue
    test sanitize/$compiler/speaks {
        put beyond.c [string map [list NAME $name UPPER [string toupper $name]] {#include "NAME.h"
enum { BEYOND = UPPER_T + 40 };
static NAME_Model m;
static int32_t lengths[UPPER_B], tokens[UPPER_B * BEYOND];
static NAME_Real output[UPPER_B * BEYOND * UPPER_OUTPUTS];
int main(void)
{
    NAME_init(&m);
    NAME_init_weights(&m, 1);
    for (int b = 0; b < UPPER_B; b++)
        lengths[b] = BEYOND;
    NAME_forward(&m, UPPER_B, lengths, tokens, output);
    return 0;
}
}]
        ran $compiler {*}$sanitizers -I. beyond.c $name.o -o beyond {*}$libraries
        regexp {runtime error|AddressSanitizer} [dict get [run ./beyond] err]
    } 1
}

# ---- CMake package and pkg-config, from the build tree and from a prefix ----

test cmake/project {
    file mkdir project
    spec {*}$names
    file rename -force a.yaml a.csv project
    put project/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)\nproject(user C)\nfind_package(seqgen REQUIRED)
seqgen_add_model(a a.yaml OPTIONS --unroll none --target portable DEPENDS a.csv)\nadd_executable(main main.c)\ntarget_link_libraries(main a)\n"
    put project/main.c "#include \"a.h\"\nstatic a_Model m;\nint main(void) { a_init(&m); a_init_weights(&m, 1); return A_B != 5; }\n"
} {}

# Built with the package of a prefix. Configured again, CMake need not look at the compiler a second time.
proc project {package_option prefix} {
    file delete -force project/build/main project/build/a.seqgen
    ran cmake -S project -B project/build $package_option
    if {![regexp -line "^seqgen_DIR:PATH=(.*)$" [text project/build/CMakeCache.txt] all found]} { error "no seqgen_DIR" }
    if {![string match $prefix/* $found]} { error "found seqgen in $found, not under $prefix" }
    ran cmake --build project/build
    ran project/build/main
}
test cmake/build_tree { project -DCMAKE_PREFIX_PATH=$build $build } {}
test cmake/prefix {
    ran cmake --install $build --prefix $tmp/prefix
    project -Dseqgen_DIR:PATH=$tmp/prefix/lib/cmake/seqgen $tmp/prefix
    set rules [concat {*}[lmap path [glob -nocomplain project/build/build.ninja project/build/CMakeFiles/*/build.make] { text $path }]]
    string match *$tmp/prefix/bin/seqgen* $rules
} 1
test prefix/seqgen { ran -env $quick prefix/bin/seqgen build project/a.yaml -o trainer --quiet --target portable } {}
test prefix/pkg_config {
    set flags [ran -env [list PKG_CONFIG_PATH $tmp/prefix/lib/pkgconfig] pkg-config --cflags --libs seqrt]
    generate $names --target portable
    ran [dict get $quick CC] a.c -o a {*}[string trim $flags]
    ran ./a info
} /parameters/
