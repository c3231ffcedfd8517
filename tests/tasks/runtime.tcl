# runtime.tcl: the runtime, libseqrt.a, stands alone: it is small, it names nothing of the trainer (libseqtrain.a), and a
# program that reads data and weights, runs and trains a model links with it and nothing of the trainer.

source $root/tests/tools/specs.tcl

set build [file dirname [file dirname $seqgen]]
set runtime $build/lib/libseqrt.a
set trainer $build/lib/libseqtrain.a
set strict {-std=c11 -Wall -Wextra -Wpedantic -Werror}
set headers {seqrt.h seqrt_data.h seqtrain.h}

# ---- the archives ----

# Names of a symbol table, sorted: those of the kinds given, of an archive or a program
proc symbols {path kinds} {
    set found {}
    foreach line [split [ran nm $path] \n] {
        if {[regexp {^[0-9a-f ]*([A-Za-z]) (\S+)$} $line all kind name] && $kind in $kinds} { lappend found $name }
    }
    return [lsort -unique $found]
}
proc common {a b} { return [lmap name $a { if {$name ni $b} continue; set name }] }

set defined {T D B R V W C}
test archives/direction { common [symbols $runtime U] [symbols $trainer $defined] } {}
test archives/trainer_on_runtime { expr {[llength [common [symbols $trainer U] [symbols $runtime $defined]]] > 20} } 1
test archives/no_name_twice { common [symbols $runtime $defined] [symbols $trainer $defined] } {}
test archives/no_main { expr {"seqrt_main" in [symbols $trainer T] && "seqrt_main" ni [symbols $runtime T]} } 1
test archives/lines {
    set count 0
    foreach path [files_below $root/runtime] {
        if {![string match trainer/* $path] && [file extension $path] in {.c .h}} { incr count [regexp -all \n [text $root/runtime/$path]] }
    }
    expr {$count > 2000 && $count < 3000 ? "under 3000" : $count}
} {under 3000}

# ---- headers: each one alone, in C and C++; the runtime's do not include the trainer's ----

foreach header $headers {
    test header/$header {
        put alone.c "#include \"$header\"\n#include \"$header\"\nint main(void) { return 0; }\n"
        ran gcc {*}$strict -I$build/include -c alone.c -o alone.o
        verdict [run g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -x c++ -I$build/include -c alone.c -o alone.o]
    } good
}
test header/direction { regexp {include "seqtrain} [text $build/include/seqrt.h][text $build/include/seqrt_data.h] } 0

# ---- a program with the runtime alone ----

proc classes_of {text} { return [lmap line [split [string trim $text] \n] { lindex [split $line ,] 0 }] }

test embed/trainer {
    spec -name a -model {"embedding: {dim: 5}" "lstm: {hidden: 9}" last "linear: {out: classes}"} -optimizer {adam: {lr: 0.02}}
    ran $seqgen a.yaml -o a.c --target portable --quiet
    ran -env $quick $seqgen build a.yaml -o a --target portable --quiet
    ran ./a train --epochs 12 --quiet --save w.safetensors
} {}
test embed/runtime_alone {
    ran gcc {*}$strict -O1 -DSEQGEN_NO_MAIN -I$build/include -I. $here/embed.c a.c -o embed $runtime -ljansson -lm
    set found [classes_of [ran ./embed w.safetensors a.csv]]
    set expected [lrange [classes_of [ran ./a predict --load w.safetensors --data a.csv --quiet]] 1 end]
    list [expr {$found eq $expected ? "same" : "$found instead of $expected"}] [llength $found] \
        [expr {[llength [lsort -unique $found]] > 1}]
} {same 11 1}
test embed/saved { ran ./a eval --load trained.safetensors --json } /"loss":/
test embed/errors {
    put broken.csv "text,label\nabc,k0\nabc,cat\n"
    list [dict get [run ./embed nowhere.safetensors a.csv] err] [dict get [run ./embed w.safetensors broken.csv] err]
} {/nowhere\.safetensors.*broken\.csv:3/}

# What pkg-config gives serves both: a program that does not ask for the trainer has nothing of it in it.
test embed/pkg_config {
    set flags [string trim [ran -env [list PKG_CONFIG_PATH $build/lib/pkgconfig] pkg-config --cflags --libs seqrt]]
    ran gcc -O0 -DSEQGEN_NO_MAIN -I. $here/embed.c a.c -o embed {*}$flags
    set all [symbols embed $defined]
    list [common $all [symbols $trainer $defined]] [expr {"seqrt_load" in $all}]
} {{} 1}
test embed/trainer_needs_the_trainer {
    # The model's own main is the trainer's command line
    dict get [run gcc -O0 -I$build/include a.c -o t $runtime -ljansson -lm] err
} {/undefined reference to .seqrt_main/}

# ---- the same through CMake ----

proc project {} {
    file mkdir project
    foreach file {a.yaml a.csv} { file copy -force $file project }
    file copy -force $::here/embed.c project
    put project/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)\nproject(user C)\nfind_package(seqgen REQUIRED)
seqgen_add_model(a a.yaml NO_MAIN OPTIONS --target portable DEPENDS a.csv)\nadd_executable(embed embed.c)\ntarget_link_libraries(embed a)
seqgen_add_model(b a.yaml OPTIONS --target portable --set name=b)\nfile(WRITE \${CMAKE_BINARY_DIR}/b.c \"#include \\\"b.h\\\"\\nint main(int c, char **v) { return b_main(c, v); }\\n\")
add_executable(trainer \${CMAKE_BINARY_DIR}/b.c)\ntarget_link_libraries(trainer b)\n"
    ran cmake -S project -B project/build -DCMAKE_PREFIX_PATH=$::build -DCMAKE_C_FLAGS=-O0
    ran cmake --build project/build
}
test cmake/no_main {
    project
    list [common [symbols project/build/embed $defined] [symbols $trainer $defined]] \
        [llength [classes_of [ran project/build/embed w.safetensors a.csv]]]
} {{} 11}
test cmake/trainer { ran project/build/trainer info } /parameters/

# The weights are read as seqgen reads them, and are what the C is made from.
test cmake/weights {
    put inference/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)\nproject(user C)\nfind_package(seqgen REQUIRED)
seqgen_add_model(relative ../a.yaml NO_MAIN OPTIONS --emit infer --weights w.safetensors --target portable)
seqgen_add_model(absolute ../a.yaml NO_MAIN OPTIONS --target portable --emit infer --weights=\${CMAKE_BINARY_DIR}/w.safetensors)\n"
    ran cmake -S inference -B inference/build -DCMAKE_PREFIX_PATH=$build -DCMAKE_C_FLAGS=-O0
    file copy -force w.safetensors inference/build
    ran cmake --build inference/build
    set before [lmap name {relative absolute} { text inference/build/$name.seqgen/$name.c }]
    ran ./a train --epochs 1 --seed 5 --quiet --save inference/build/w.safetensors
    ran cmake --build inference/build
    lmap name {relative absolute} was $before { expr {$was ne [text inference/build/$name.seqgen/$name.c]} }
} {1 1}
test cmake/warning {
    put inference/a.csv [regsub -all {k1} [text a.csv] k9]
    put inference/a.yaml [text a.yaml]
    put inference/CMakeLists.txt [string map {../a.yaml a.yaml} [text inference/CMakeLists.txt]]
    regexp -all {warning: of a model with other data or layers} [dict get [run cmake --build inference/build] err]
} 2
