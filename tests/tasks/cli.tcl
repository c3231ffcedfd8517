# cli.tcl: seqgen's and a trainer's command lines: help, exit codes, overrides, what is left behind.

set spec $root/specs/first_names_mlp.yaml

# Exit code, and whether standard output and standard error hold something
proc shape {args} {
    set result [run -timeout 60 {*}$args]
    return [list [dict get $result code] [expr {[dict get $result out] ne ""}] [expr {[dict get $result err] ne ""}]]
}

# ---- seqgen ----

test help { shape $seqgen --help } {0 1 0}
test version { ran $seqgen --version } "/^seqgen \[0-9\]+\\.\[0-9\]+\\.\[0-9\]+\n$/"
foreach command {build verify run info} {
    test help/$command { shape $seqgen $command --help } {0 1 0}
    test help_names_exit_codes/$command { shape $seqgen $command } {1 0 1}
}
test usage/nothing { shape $seqgen } {1 0 1}
test usage/option { shape $seqgen $spec --no-such-option } {1 0 1}
test usage/nearest { dict get [run $seqgen $spec --max-rom 3] err } /max-ram/
test usage/set { shape $seqgen $spec --set nonsense } {1 0 1}
test spec/set_unknown { shape $seqgen $spec --set train.epoch=3 --dump spec } {2 0 1}
test spec/set_value { shape $seqgen $spec --set train.epochs=many --dump spec } {2 0 1}
test spec/set { ran $seqgen $spec --set train.epochs=77 --dump spec } {/epochs: 77/}
test spec/quoted_word { ran $seqgen $spec --set {codegen.real="float64"} --dump spec } {/real: float64/}
test spec/idle_dropout { # stands between the layers of a stack: PyTorch warns, too
    put once.csv "x,y\n1,2\n3,4\n"
    put drop.yaml {seqgen: 1
name: drop
data: {train: once.csv, input: {columns: [x]}, target: {value: y}, window: {length: 1, stride: 1}}
model: [{dropout: {p: 0.5}}, {gru: {hidden: 2, dropout: 0.25}}, last, {linear: {out: targets}}]
}
    lmap options {{} {--set model.1.gru.layers=2} --quiet} {
        set result [run $seqgen drop.yaml -o drop.c {*}$options]
        list [dict get $result code] [regexp -all -inline {warning: .*?:4:\d+: gru: dropout: 0.25 does nothing.*put a layer "dropout: \{p: 0.25\}" behind it} [dict get $result err]]
    }
} {/^\{0 \{\{warning: [^:]*drop\.yaml:4:\d+: gru: dropout: 0\.25 does nothing in a stack of one layer; [^\n]*\}\}\} \{0 \{\}\} \{0 \{\}\}$/}
test spec/idle_dropout_set { # the place of what is set is the option
    regexp {warning: --set model.1=\{gru: \{hidden: 2, dropout: 0.5\}\}: gru: dropout: 0.5 does nothing} \
        [dict get [run $seqgen drop.yaml -o drop.c --set "model.1={gru: {hidden: 2, dropout: 0.5}}"] err]
} 1
# 60 classes that are all numbers with a point: a mistake; names, whole numbers, few of many, and written ones are none
proc labels {labels {target {class: y}}} {
    put labels.csv "x,y\n[join [lmap label $labels {string cat 1, $label}] \n]\n"
    put labels.yaml "seqgen: 1\nname: labels\ndata: {train: labels.csv, input: {columns: \[x\]}, window: {length: 2},
  target: {$target}}\nmodel: \[{gru: {hidden: 2}}, [expr {[string match tag* $target] ? "" : "last, "}]{linear: {out: classes}}\]\n"
    set result [run $::seqgen labels.yaml --dump graph]
    return "[dict get $result code] [dict get $result err]"
}
proc counted {count format {every 60}} {
    set all {}
    for {set i 0} {$i < $count} {incr i} { lappend all [format $format [expr {$i % $every}]] }
    return $all
}
test spec/classes_of_numbers { labels [concat 7 [counted 60 -%d.5e-2]] } "0 seqgen: warning: labels.yaml:4:19: column 'y' of labels.csv holds numbers, and each is a class: 61 of them; for numbers: target: {value: COLUMN}\n"
test spec/tags_of_numbers { labels [counted 60 %d.5] "tag: y" } {/^0 seqgen: warning: labels\.yaml:4:17: .* 60 of them; for numbers: target: \{signal: COLUMN\}\n$/}
test spec/classes_of_names {
    list [labels [counted 60 %d]] [labels [counted 60 v%d.5]] [labels [counted 60 %d.5.0]] [labels [counted 50 %d.5 50]] [labels [counted 600 %d.5]] \
        [labels [concat [counted 56 %d.5] [counted 7 %d]]] [labels [counted 60 %d.5] "class: y, classes: \[[join [counted 60 '%d.5'] ,]\]"]
} {{0 } {0 } {0 } {0 } {0 } {0 } {0 }}
test spec/missing { shape $seqgen nowhere.yaml } {2 0 1}
test info { shape $seqgen info $spec } {0 1 0}
test info/json { ran $seqgen info $spec --json } /"parameters":/
foreach seam {spec graph ops plan m4} {
    test dump/$seam { shape $seqgen $spec --dump $seam } {0 1 0}
    test dump_twice/$seam { expr {[ran $seqgen $spec --dump $seam] eq [ran $seqgen $spec --dump $seam]} } 1
}
# The plan of the file that is asked for: one that does not train has no gradients, and its weights come later
test dump/plan_of_inference { lmap emit {train infer} { regexp {_backward} [ran $seqgen $spec --emit $emit --dump plan] } } {1 0}
test dump/m4_needs_weights { shape $seqgen $spec --emit infer --dump m4 } {1 0 1}
test dump/no_plan { shape $seqgen $root/specs/first_names_lstm.yaml --set train.batch=1000000 --set data.max_length=100000 --dump plan } {2 0 1}
test dump/spec_is_a_spec {
    # What --dump spec prints is itself a spec, and dumps the same
    put again.yaml [encoding convertto utf-8 [ran -dir $root/specs $seqgen first_names_mlp.yaml --dump spec]]
    file delete -force data
    file link -symbolic data $root/specs/data
    set again [ran $seqgen again.yaml --dump spec]
    file delete data
    expr {$again eq [words again.yaml]}
} 1

# ---- budgets: nothing is written ----

foreach option {--max-ram --max-flash --max-lines} {
    test budget/$option {
        set result [run $seqgen $spec -o small.c $option 10]
        list [dict get $result code] [expr {[dict get $result err] ne ""}] [glob -nocomplain small*]
    } {3 1 {}}
    test enough/$option { dict get [run $seqgen $spec -o large.c $option 1000000000] code } 0
}

test budget/all_are_told {
    set result [run $seqgen $spec -o small.c --max-ram 10 --max-flash 10 --max-lines 10]
    list [dict get $result code] [regexp -all {of (RAM|flash|C)[^:]*: \d+, codegen allows 10} [dict get $result err]] [glob -nocomplain small*]
} {3 3 {}}
# info's figures are shown in any case
test budget/info {
    set result [run $seqgen info $spec --max-ram 10 --max-lines 10]
    list [dict get $result code] [regexp {\nRAM .*, beyond max_ram\n} [dict get $result out]] [regexp {, beyond max_flash} [dict get $result out]] \
        [regexp {\nC .* lines, beyond max_lines,} [dict get $result out]] [regexp -all {codegen allows 10} [dict get $result err]]
} {3 1 0 1 2}
test budget/info_json {
    set result [run $seqgen info $spec --max-flash 10 --json]
    list [dict get $result code] [regexp {"exceeded": \[\s*"max_flash"\s*\]} [dict get $result out]] [regexp {codegen allows 10} [dict get $result err]]
} {3 1 1}
test budget/info_within { list [ran $seqgen info $spec --max-ram 1G --json] } {/"exceeded": \[\]/}
# What makes no C has no budget: not refused where the spec has one, but as an option
test budget/run { dict get [run $seqgen run $spec --max-ram 1K info] err } {/--max-ram does not go with run/}
test budget/run_spec { shape $seqgen run $spec --set codegen.max_ram=10 info } {0 1 0}
test budget/verify { dict get [run $seqgen verify $spec --max-ram 10] code } 3

# What is counted is what there is: of lines, and of memory (the C asserts it of sizeof)
foreach target {host portable x86-64 cortex-m} {
    test counted/$target {
        set fixed [list $spec --target $target --unroll full]
        regexp {"lines": (\d+)} [ran $seqgen info {*}$fixed --json] - counted
        regexp {"lines": (\d+),.*"ram_bytes": (\d+)} [ran $seqgen {*}$fixed -o counted.c --json] - told ram
        set there [expr {[llength [split [text counted.c] \n]] - 1}]
        set asserted [regexp "_Static_assert\\(sizeof\\(Model\\) == $ram," [text counted.c]]
        set less [run $seqgen {*}$fixed -o less.c --max-lines [expr {$there - 1}]]
        list [expr {$counted == $there && $told == $there}] $asserted [dict get $less code] [glob -nocomplain less*] \
            [dict get [run $seqgen {*}$fixed -o same.c --max-lines $there --max-ram $ram --quiet] code] \
            [dict get [run $seqgen {*}$fixed -o lower.c --max-ram [expr {$ram - 1}] --quiet] code]
    } {1 1 3 {} 0 3}
}
# auto: straight-line calls where they fit, loops where only they do, in every command; neither: an error
test auto_unroll {
    set long [list $root/specs/first_names_rnn.yaml --set data.max_length=60]
    regexp {"lines": (\d+)} [ran $seqgen info {*}$long --unroll full --json] - full
    regexp {"lines": (\d+)} [ran $seqgen info {*}$long --unroll none --json] - none
    set lines [lmap most [list $full [expr {$full - 1}] $none] {
        ran $seqgen {*}$long -o auto.c --max-lines $most --quiet
        regexp {"lines": (\d+)} [ran $seqgen info {*}$long --max-lines $most --json] - told
        list [expr {[llength [split [text auto.c] \n]] - 1}] $told
    }]
    list [expr {$lines eq [list [list $full $full] [list $none $none] [list $none $none]]}] [expr {$none < $full}] \
        [dict get [run $seqgen {*}$long -o less.c --max-lines [expr {$none - 1}]] code]
} {1 1 3}
# Where loops are unrolled: strict C has no word for it, a core without vectors needs it.
foreach {target unrolls} {portable 0 cortex-m 1 host 1} {
    test unrolls/$target { regexp {_Pragma\("GCC unroll} [ran $seqgen $spec --target $target -o -] } $unrolls
}
test json/generate { shape $seqgen $spec -o g.c --json --quiet } {0 1 0}
test json/standard_output { shape $seqgen $spec -o - --json } {1 0 1}
foreach seam {spec graph ops plan m4 schema} {
    test json/dump_$seam { shape $seqgen $spec --dump $seam --json } {1 0 1}
}
test json/build { ran -env $quick $seqgen build $spec --target portable -o g --json } {/"compile_seconds": /}
test infer/build { dict get [run $seqgen build $spec --emit infer --weights w -o g] err } {/such a file has no trainer/}
test infer/info { shape $seqgen info $spec --emit infer } {0 1 0}

source $root/tests/tools/specs.tcl
test name/v { # an exported v_load beside vectors' functions
    ran -env $vectors $seqgen build [spec -name v -input rows -model {"lstm: {hidden: 3}" last "linear: {out: classes}"}] -o v --quiet
} {}
# What is predicted for max_flash, beside what the compiler makes of it: within a third of that, and rather above than below
proc near {compiler predicted} {
    ran {*}$compiler -O2 -I[file dirname [file dirname $::seqgen]]/include -c flash.c -o flash.o
    lassign [lindex [split [ran size flash.o] \n] 1] code data
    set there [expr {$code + $data}]
    expr {$predicted > 0.85 * $there && $predicted < 4 / 3.0 * $there ? "near" : "predicted $predicted, there are $there"}
}

proc flash_near {compiler model args} {
    regexp {"flash_bytes": ?(\d+)} [ran $::seqgen info $model {*}$args --json] - predicted
    if {"infer" in $args} { lappend args --weights flash.safetensors }
    ran $::seqgen $model {*}$args -o flash.c --quiet
    return [near $compiler $predicted]
}

# a vocabulary's words are constants, too
foreach words {10 4000} {
    test flash/vocabulary_$words {
        set rows {}
        for {set i 0} {$i < $words} {incr i} { append rows "word$i,k[expr {$i % 2}]\n" }
        put vocabulary.csv "text,label\n$rows"
        put vocabulary.yaml "seqgen: 1\nname: vocabulary\ndata: {train: vocabulary.csv, input: {words: text}, target: {class: label}}\nmodel:\n  - embedding: {dim: 4}\n  - last\n  - linear: {out: classes}\n"
        flash_near gcc vocabulary.yaml --target portable
    } near
}
# long straight-line schedules are code
foreach {name T options} {few_steps 7 {} rolled 512 {--unroll none} unrolled 512 {--unroll full}} {
    test flash/$name {
        flash_near gcc [spec -name flash_$name -input rows -T $T -model {"lstm: {hidden: 12, layers: 2}" last "linear: {out: classes}"}] --target portable {*}$options
    } near
}
# a file that does not train has its weights there, of the wide one more bytes than all else
set machines {
    cortex-m {arm-none-eabi-gcc -mcpu=cortex-m7 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard}
    aarch64  aarch64-linux-gnu-gcc
    x86-64   {gcc -m64}
}
foreach {name layer} {narrow "gru: {hidden: 8}" small "lstm: {hidden: 20}" wide "gru: {hidden: 72}"} {
    set model [spec -name flash_$name -input rows -model [list $layer last "linear: {out: classes}"]]
    foreach {machine compiler} $machines {
        if {[auto_execok [lindex $compiler 0]] eq "" || ($machine eq "x86-64" && $tcl_platform(machine) ne "x86_64")} {
            skip flash/$machine/$name "no [lindex $compiler 0] for it"
            continue
        }
        test flash/$machine/$name {
            ran -env $quick $seqgen build $model --target portable -o flash --quiet
            ran ./flash train --steps 1 --save flash.safetensors --quiet
            flash_near $compiler $model --target $machine --emit infer
        } near
    }
}
test flash/trains { flash_near gcc $model --target x86-64-v3 } near
test flash/told { dict get [run $seqgen $spec -o small.c --max-flash 10] err } {/flash, predicted for gcc -O2 to within a third: \d+, codegen allows 10/}

# ---- where it runs and what a file is called is not in the C ----

file mkdir around plain closed called
test surroundings/templates { # a folder that has files called as templates are
    put around/base.m4 "# not a template"
    put around/program/header.m4 "EVIL"
    ran -dir around $seqgen $spec -o model.c --quiet
    ran $seqgen $spec -o plain/model.c --quiet
    expr {[text around/model.h] eq [text plain/model.h] && [text around/model.c] eq [text plain/model.c]}
} 1
test surroundings/closed { # standard streams that are closed
    list [dict get [run sh -c "exec $seqgen $spec -o closed/model.c --quiet <&- >&- 2>&-"] code] [expr {[text closed/model.c] eq [text plain/model.c]}]
} {0 1}
foreach output {>&- >/dev/full} { # what is asked for cannot be written
    foreach command {{info $spec} {info $spec --json} {$spec --dump spec} {--help} {--dump schema}} {
        test surroundings/output$output/$command { dict get [run sh -c "exec $seqgen [subst $command] $output"] code } 5
    }
}
test surroundings/reader_gone { # nothing is left behind
    file mkdir left
    run -env [list TMPDIR [pwd]/left {*}$quick] sh -c "$seqgen verify $spec --json --target portable | true"
    glob -nocomplain left/*
} {}
foreach name {sg_model.c sg_id.c m4_define.c model.sg_x.c <|q|>.c} {
    foreach target {host x86-64} {
        test surroundings/$target/$name {
            ran $seqgen $spec -o called/$name --quiet --target $target
            if {[string first "@" [text called/$name]] >= 0} { error "a place was left" }
            regexp -all "#include \"[string map {| \\|} [file rootname $name]]\\.h\"" [text called/$name]
        } 1
    }
}

foreach name {x\"y.c x\\y.c} {
    test surroundings/refused_$name { dict get [run $seqgen $spec -o called/$name --target x86-64] code } 1
}

# ---- what a file is made from is not written over ----

put over/data/d.csv "text,label\n[string repeat "abc,a\nbcd,b\n" 9]"
put over/over.yaml "seqgen: 1\ndata: {train: data/d.csv, test: data/t.csv, input: {chars: text}, target: {class: label}}\nmodel: \[{rnn: {hidden: 2}}, last, {linear: {out: classes}}]\n"
file copy over/data/d.csv over/data/t.csv
file link -symbolic over/link over.yaml
file link -hard over/hard.csv over/data/t.csv
foreach {output what} {over.yaml {the spec} ./over.yaml {the spec} link {the spec} data/d.csv data.train data/t.csv data.test hard.csv data.test} {
    foreach command {{} build} {
        test overwrite/${command}_$output {
            set before [lmap file [files_below over] {text over/$file}]
            set result [run -dir over -env $quick $seqgen {*}$command over.yaml -o $output --target portable]
            list [dict get $result code] [regexp "^seqgen: error: -o: $output is $what itself" [dict get $result err]] \
                [expr {[lmap file [files_below over] {text over/$file}] eq $before}]
        } {1 1 1}
    }
}
test overwrite/from_elsewhere { dict get [run $seqgen over/over.yaml -o over/data/d.csv] code } 1
test overwrite/header { # model.h is an output, too
    file copy over/over.yaml over/over.h
    list [dict get [run -dir over $seqgen over.h -o over.c] err] [file exists over/over.c]
} {/over\.h is the spec itself.* 0$/}
test overwrite/weights {
    ran -dir over $seqgen run over.yaml train --epochs 1 --quiet --save w.safetensors
    dict get [run -dir over $seqgen over.yaml --emit infer --weights w.safetensors -o w.safetensors] code
} 1

# ---- tools that fail ----

test tool/no_compiler { shape -env {CC /no/such/cc} $seqgen build $spec -o t } {5 0 1}
test tool/compiler_fails { shape -env {CC false} $seqgen build $spec -o t } {5 0 1}
# A compiler that notes its command lines, does not know REFUSED, and takes no time over the rest
proc noting_compiler {refused} {
    put noting.sh "#!/bin/sh\necho \"\$*\" >> compiled.txt\ncase \"\$*\" in *$refused*) exit 1; esac\nexec cc \"\$@\" -O0\n"
    file attributes noting.sh -permissions 0755
    return [file normalize noting.sh]
}

# Of each program compiled: its name and the given flags among its compiler's words
proc compiled {flags} {
    set programs {}
    foreach line [split [string trim [words compiled.txt]] \n] {
        if {[regexp {([a-z0-9_]+)\.c -o} $line - name]} {
            lappend programs $name [lmap flag $flags {expr {$flag in $line ? $flag : [continue]}}]
        }
    }
    file delete compiled.txt
    return [lsort -stride 2 $programs]
}

# The precision the spec asks for as `seqgen build` compiles it; equal bits of two unrollings need equal flags
test verify/flags {
    run -env [list CC [noting_compiler -no-flag]] $seqgen verify $spec
    compiled {-O2 -O1}
} {float32 -O2 float64 {-O2 -O1} other -O2}
test verify/flags_of_float64 {
    run -env [list CC [noting_compiler -no-flag]] $seqgen verify $spec --set codegen.real=float64
    compiled {-O2 -O1}
} {float32 {-O2 -O1} float64 -O2 other {-O2 -O1}}
if {$tcl_platform(machine) eq "x86_64"} {
    test build/unknown_flag_left_out {
        run -env [list CC [noting_compiler -mprefer]] $seqgen build $spec -o small
        compiled {-march=native -mprefer-vector-width=512}
    } {first_names_mlp -march=native}
}
test tool/nothing_left { glob -nocomplain t } {}
test tool/no_m4 {
    file mkdir empty
    shape -env {PATH empty} $seqgen $spec -o t.c
} {5 0 1}
test tool/unwritable { shape $seqgen $spec -o /no/such/directory/model.c } {5 0 1}
test tool/full_disk {
    shape sh -c {"$0" "$1" -o - >/dev/full} $seqgen $spec
} {5 0 1}

# ---- a place of its own: the build tree's parts, moved ----

test moved {
    file mkdir moved
    foreach part {bin/seqgen lib/libseqrt.a lib/libseqtrain.a include share/seqgen} {
        file mkdir [file dirname moved/$part]
        file copy [file dirname [file dirname $seqgen]]/$part moved/$part
    }
    shape -env $quick moved/bin/seqgen build $spec -o t --quiet --target portable
} {0 0 0}

# ---- the trainer ----

test trainer/build { ran -env {CFLAGS -O1} $seqgen build $spec -o trainer --quiet } {}
test trainer/help { shape ./trainer --help } {0 1 0}
foreach command {train eval predict sample forecast gradcheck bench info probe} {
    test trainer/help/$command { shape ./trainer $command --help } {0 1 0}
}
test trainer/nothing { lindex [shape ./trainer] 0 } 1
test trainer/command { shape ./trainer tran } {1 0 1}
test trainer/option { shape ./trainer train --epoks 3 } {1 0 1}
test trainer/value { shape ./trainer train --epochs many } {1 0 1}
test trainer/lr { # as in a spec: 0 is a rate
    put few.csv "name,label\nanna,female\nbob,male\n"
    lmap lr {0 -1e-3 nan} { lindex [shape ./trainer train --data few.csv --epochs 1 --quiet --lr $lr] 0 }
} {0 1 1}
foreach {command option} {train log train save train checkpoint train report eval details probe save} {
    test trainer/no_stream_$command-$option { # elsewhere "-" is a stream; here it was a file's name
        set words [expr {$command eq "eval" ? {--load x} : {}}]
        set result [run ./trainer $command {*}$words --$option -]
        list [dict get $result code] [regexp "^\\./trainer: --$option \"-\"; expected a name: standard output is taken" [dict get $result err]] [file exists -]
    } {1 1 0}
}
test trainer/no_load { shape ./trainer eval } {1 0 1}
test trainer/missing_weights { shape -dir $root/specs $tmp/trainer eval --load nowhere.safetensors } {2 0 1}
test trainer/missing_data { shape ./trainer train --data nowhere.csv --quiet } {2 0 1}
test trainer/bad_row {
    put bad.csv "name,label\nanna,female\nbob\n"
    dict get [run ./trainer train --data bad.csv --quiet] err
} /bad\.csv:3/
test trainer/bad_class {
    put bad.csv "name,label\nanna,female\nbob,dog\n"
    dict get [run ./trainer train --data bad.csv --quiet] err
} /bad\.csv:3.*dog/
test trainer/info { shape ./trainer info } {0 1 0}
test trainer/info_json { ran ./trainer info --json } /"parameters":/
test trainer/bench_json {
    set json [ran ./trainer bench --json]
    lmap key {train_step_ms forward_ms infer_us flops_train_step batch steps} { regexp "\"$key\":" $json }
} {1 1 1 1 1 1}
test trainer/no_sample { lindex [shape ./trainer sample --load x] 0 } {/[12]/}
