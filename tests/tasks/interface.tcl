# interface.tcl: the generated files as a user of model.h meets them: C and C++, gcc and clang, warnings as errors, every
# optimisation level, sanitizers, two models in one program, CMake and pkg-config.

source $root/tests/tools/specs.tcl

set build [file dirname [file dirname $seqgen]]
set libraries [list $build/lib/libseqrt.a -ljansson -lm -lpthread]
set include -I$build/include
set compilers [lmap name {gcc clang} { if {[auto_execok $name] eq ""} { skip $name "not installed"; continue }; set name }]
set strict {-Wall -Wextra -Wpedantic -Werror}

set names {-name a -model {"embedding: {dim: 5}" "lstm: {hidden: 9}" last "linear: {out: classes}"} -optimizer {adam: {lr: 0.02}}}
set numbers {-name b -input rows -target {value 2} -optimizer {adam: {lr: 0.02}}
             -model {"gru: {hidden: 7, layers: 2}" mean "linear: {out: 6}" gelu "linear: {out: targets}"}}

proc generate {keys options} { ran $::seqgen [spec {*}$keys] -o [dict get $keys -name].c --quiet {*}$options }

# ---- a program with two models ----

foreach target {host portable} {
    test two_models/$target {
        generate $names [list --target $target]
        generate $numbers [list --target $target]
        list [file exists a.h] [file exists b.h]
    } {1 1}
    foreach compiler $compilers {
        foreach flags {-O0 {-O2 -march=native} {-O3 -march=native}} {
            test use/$target/$compiler/[string map {" " ""} $flags] {
                set standard [expr {$target eq "portable" ? "-std=c11" : "-std=gnu11"}]
                ran $compiler $standard {*}$strict {*}$flags $include -I. $here/use.c a.c b.c -o use {*}$libraries
                verdict [run ./use]
            } good
        }
        # The vector extensions are GCC's, which -Wpedantic with -std=c11 knows how to take as well
        test strict_c11/$target/$compiler {
            verdict [run $compiler -std=c11 {*}$strict -O1 $include -c a.c -o a.o]
        } good
        test header_alone/$target/$compiler {
            put alone.c "#include \"a.h\"\n#include \"a.h\"\nint main(void) { return A_T == 0; }\n"
            verdict [run $compiler -std=c11 {*}$strict -I. -c alone.c -o alone.o]
        } good
    }
    test cplusplus/$target {
        if {[auto_execok g++] ne ""} { set cxx g++ } else { set cxx clang++ }
        ran gcc -std=gnu11 -O1 $include -c a.c -o a.o
        ran gcc -std=gnu11 -O1 $include -c b.c -o b.o
        ran $cxx -std=c++11 -Wall -Wextra -Werror -x c++ -I. -c $here/use.c -o use.o
        ran gcc use.o a.o b.o -o use {*}$libraries
        verdict [run ./use]
    } good
}

# ---- sanitizers: every kind of work, several models; the first report ends the program ----

set sanitizers {-fsanitize=address,undefined -fno-sanitize-recover=all -g -O1}
set models [list $names $numbers \
    {-name c -target next -model {"rnn: {hidden: 17}" "dropout: {p: 0.2}" "linear: {out: vocab}"}} \
    {-name d -input shaped -target {value 2} -loss huber -model {flatten layer_norm "linear: {out: 13}" relu "linear: {out: targets}"}} \
    {-name e -input rows -target {tag 3} -model {"lstm: {hidden: 16, layers: 2, bidirectional: true, dropout: 0.3}" "linear: {out: classes}"}} \
    {-name f -input words -model {"gru: {hidden: 33, bidirectional: true}" max "linear: {out: classes}"}}]
foreach compiler $compilers {
    foreach keys $models {
        set name [dict get $keys -name]
        test sanitize/$compiler/$name {
            generate $keys {}
            ran $compiler -std=gnu11 {*}$sanitizers -march=native $include $name.c -o $name {*}$libraries
            ran ./$name probe --save probe.safetensors
            ran ./$name probe --rows 1 --save probe.safetensors
            ran ./$name train --epochs 2 --quiet --save w.safetensors
            ran ./$name eval --load w.safetensors
            ran ./$name predict --load w.safetensors --data $name.csv
            verdict [run ./$name gradcheck]
        } good
        test sanitize_portable/$compiler/$name {
            generate $keys {--target portable --unroll none}
            ran $compiler -std=c11 {*}$sanitizers $include $name.c -o $name {*}$libraries
            ran ./$name probe --save probe.safetensors
            verdict [run ./$name train --epochs 1 --quiet]
        } good
    }
}

# ---- the same numbers whatever the compiler thinks of the code: probe at each level, within float32's rounding ----

foreach compiler $compilers {
    test levels/$compiler {
        generate $names {}
        foreach flags {-O0 -O2 {-O3 -march=native}} {
            ran $compiler -std=gnu11 {*}$flags $include a.c -o a {*}$libraries
            ran ./a probe --seed 4 --save [string range $flags 1 2].safetensors
        }
        list [dict get [run $stcompare O2.safetensors O0.safetensors 1e-5] code] \
            [dict get [run $stcompare O3.safetensors O0.safetensors 1e-5] code]
    } {0 0}
}

# ---- CMake package and pkg-config, from the build tree and from a prefix ----

proc project {prefix} {
    file delete -force project
    file mkdir project
    spec {*}$::names
    file rename -force a.yaml a.csv project
    put project/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)\nproject(user C)\nfind_package(seqgen REQUIRED)
seqgen_add_model(a a.yaml OPTIONS --unroll none DEPENDS a.csv)\nadd_executable(main main.c)\ntarget_link_libraries(main a)\n"
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
test prefix/seqgen { ran -env {CFLAGS -O1} prefix/bin/seqgen build project/a.yaml -o trainer --quiet } {}
test prefix/pkg_config {
    set flags [ran -env [list PKG_CONFIG_PATH $tmp/prefix/lib/pkgconfig] pkg-config --cflags --libs seqrt]
    generate $names {}
    ran gcc -O1 a.c -o a {*}[string trim $flags]
    ran ./a info
} /parameters/
