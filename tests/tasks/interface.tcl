# interface.tcl: the generated files as a user of model.h meets them: C and C++, gcc and clang, warnings as errors, every
# optimisation level, sanitizers, two models in one program, CMake and pkg-config.

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

# ---- one model: every compiler and level without a warning, and the same numbers within float32's rounding ----

foreach target {host portable} {
    set standard [expr {$target eq "portable" ? "-std=c11" : "-std=gnu11"}]
    test generate/$target {
        generate $names --target $target
        list [file exists a.c] [file exists a.h]
    } {1 1}
    foreach compiler $compilers {
        foreach flags [list -O0 "-O2 $native" "-O3 $native"] {
            test level/$target/$compiler/[string map {" " ""} $flags] {
                ran $compiler $standard {*}$strict {*}$flags $include a.c -o a {*}$libraries
                ran ./a probe --seed 4 --save found.safetensors
                if {![file exists first.safetensors]} { file copy found.safetensors first.safetensors }
                verdict [run $stcompare found.safetensors first.safetensors 1e-5]
            } good
        }
    }
}

# ---- a program with two models, in C and C++ ----

foreach {name target compiler flags} [list vectors host gcc "-std=gnu11 -O1 $native" \
                                           clang host clang "-std=gnu11 -O0 $native" portable portable gcc "-std=c11 -O0"] {
    if {$compiler ni $compilers} continue
    test two_models/$name {
        generate $names --target $target
        generate $numbers --target $target
        foreach model {a b} { ran $compiler {*}$strict {*}$flags $include -c $model.c -o $model.o }
        ran $compiler {*}$strict {*}$flags $include -I. $here/use.c a.o b.o -o use {*}$libraries
        verdict [run ./use]
    } good
    test header_alone/$name {
        put alone.c "#include \"a.h\"\n#include \"a.h\"\nint main(void) { return A_T == 0; }\n"
        verdict [run $compiler -std=c11 {*}$strict -I. -c alone.c -o alone.o]
    } good
    test cplusplus/$name {
        # The objects of two_models
        set cxx [expr {$compiler eq "gcc" && [auto_execok g++] ne "" ? "g++" : "clang++"}]
        ran $cxx -std=c++11 -Wall -Wextra -Werror -x c++ -I. -c $here/use.c -o use.o
        ran $compiler use.o a.o b.o -o use {*}$libraries
        verdict [run ./use]
    } good
}
# The vector extensions are GCC's, which -Wpedantic with -std=c11 knows how to take as well
test strict_c11/vectors {
    generate $names
    verdict [run gcc -std=c11 {*}$strict -O0 $include -c a.c -o a.o]
} good

# ---- sanitizers: every kind of work, several models; the first report ends the program ----

set sanitizers {-fsanitize=address,undefined -fno-sanitize-recover=all -g -O0}
set models {
    a gcc   {-model {"embedding: {dim: 5}" "lstm: {hidden: 9}" last "linear: {out: classes}"}}
    b clang {-input rows -target {value 2} -model {"gru: {hidden: 7, layers: 2}" mean gelu "linear: {out: targets}"}}
    c gcc   {-target next -model {"rnn: {hidden: 17}" "dropout: {p: 0.2}" "linear: {out: vocab}"}}
    d clang {-input shaped -target {value 2} -loss huber -model {flatten layer_norm "linear: {out: 13}" relu "linear: {out: targets}"}}
    e gcc   {-input rows -target {tag 3} -model {"lstm: {hidden: 5, layers: 2, bidirectional: true, dropout: 0.3}" "linear: {out: classes}"}}
    f clang {-input words -model {"gru: {hidden: 33, bidirectional: true}" max "linear: {out: classes}"}}
}
foreach {name compiler keys} $models {
    if {$compiler ni $compilers} continue
    foreach {target options} [list host $native portable {}] {
        if {$target eq "portable" && $name ni {a d e}} continue
        test sanitize/$target/$name {
            generate [list -name $name {*}$keys] --target $target
            ran $compiler -std=gnu11 {*}$sanitizers {*}$options $include $name.c -o $name {*}$libraries
            ran ./$name probe --save probe.safetensors
            ran ./$name probe --rows 1 --save probe.safetensors
            ran ./$name train --epochs 2 --quiet --save w.safetensors
            ran ./$name eval --load w.safetensors
            ran ./$name predict --load w.safetensors --data $name.csv
            verdict [run ./$name gradcheck]
        } good
    }
}

# ---- CMake package and pkg-config, from the build tree and from a prefix ----

proc project {prefix} {
    file delete -force project
    file mkdir project
    spec {*}$::names
    file rename -force a.yaml a.csv project
    put project/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)\nproject(user C)\nfind_package(seqgen REQUIRED)
seqgen_add_model(a a.yaml OPTIONS --unroll none --target portable DEPENDS a.csv)\nadd_executable(main main.c)\ntarget_link_libraries(main a)\n"
    put project/main.c "#include \"a.h\"\nstatic a_Model m;\nint main(void) { a_init(&m); a_init_weights(&m, 1); return A_B != 5; }\n"
    ran cmake -S project -B project/build -DCMAKE_PREFIX_PATH=$prefix
    ran cmake --build project/build
    ran project/build/main
}

test cmake/build_tree { project $build } {}
test cmake/prefix {
    ran cmake --install $build --prefix $tmp/prefix
    project $tmp/prefix
} {}
test prefix/seqgen { ran -env $quick prefix/bin/seqgen build project/a.yaml -o trainer --quiet --target portable } {}
test prefix/pkg_config {
    set flags [ran -env [list PKG_CONFIG_PATH $tmp/prefix/lib/pkgconfig] pkg-config --cflags --libs seqrt]
    generate $names --target portable
    ran gcc -O0 a.c -o a {*}[string trim $flags]
    ran ./a info
} /parameters/
