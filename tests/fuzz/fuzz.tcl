# fuzz.tcl: random specs, each generated, compiled, run and compared with the interpreter.
#
# Each as portable C by libtcc in one process (tests/tools/inplace.c; without it, by `seqgen verify` and tcc); every 20th also
# by `seqgen verify` as it stands, for the target it names and by a large compiler. The C of each, and that of its file that does not train, for one target
# after the other, is without a warning.
#
# Takes: --count N --seed S --keep DIR --every 20. Spec i comes from seed S + i alone, so --count 1 --seed K repeats one.
# Gives: a line a failure, its spec, data and messages in DIR/SEED/, a summary; exit 1 on any failure.
# Does not: make wrong specs (tests/bad does). A spec that is refused counts as a failure: of this program or of seqgen.
#
# Environment: SEQGEN (binary), SEQGEN_TOOLS (directory of inplace), CC, CFLAGS of the large compiler (default -O0 and this machine's vectors: compiling is most of the time).

package require Tcl 8.6

set root [file dirname [file dirname [file dirname [file normalize [info script]]]]]
array set option [list --count 20 --seed 1 --keep $root/build/fuzz-failures --every 20]
array set option $argv
proc env_or {name fallback} { return [expr {[info exists ::env($name)] ? $::env($name) : $fallback}] }
set seqgen [env_or SEQGEN $root/build/bin/seqgen]
set inplace [env_or SEQGEN_TOOLS [file dirname [file dirname $seqgen]]/tests]/inplace
set native [expr {[exec uname -m] in {x86_64 i686} ? "-march=native" : "-mcpu=native"}]
set large [list CC=[env_or CC cc] "CFLAGS=[env_or CFLAGS "-O0 $native"]"]
set quick [list CC=[expr {[auto_execok tcc] eq "" ? [env_or CC cc] : "tcc"}] CFLAGS=-O0]

# ---- choices ----

# A splitmix-like generator of our own, so that a seed means the same in every Tcl
proc reseed {seed} { set ::state [expr {($seed * 0x9e3779b97f4a7c15 + 0x1234567) & 0xffffffffffffffff}] }

proc random {} {
    set ::state [expr {($::state + 0x9e3779b97f4a7c15) & 0xffffffffffffffff}]
    set z $::state
    set z [expr {(($z ^ ($z >> 30)) * 0xbf58476d1ce4e5b9) & 0xffffffffffffffff}]
    set z [expr {(($z ^ ($z >> 27)) * 0x94d049bb133111eb) & 0xffffffffffffffff}]
    return [expr {($z ^ ($z >> 31)) >> 11}]
}

proc between {low high} { return [expr {$low + [random] % ($high - $low + 1)}] }
proc one {args} { return [lindex $args [between 0 [expr {[llength $args] - 1}]]] }
proc chance {percent} { return [expr {[between 1 100] <= $percent}] }

# Sizes: often small, sometimes at or beside a vector's width, sometimes anything to 40
proc size {} { return [one [between 1 6] [one 7 8 9 15 16 17 31 32 33] [between 1 40]] }
proc number {} { return [format %.3f [expr {[between -2000 2000] / 1000.0}]] }

# ---- model ----

proc recurrent {} {
    set keys "hidden: [size]"
    if {[chance 25]} { append keys ", layers: [between 2 3]" }
    if {!$::causal && [chance 30]} { append keys ", bidirectional: true" }
    if {[chance 15]} { append keys ", dropout: 0.[between 1 6]" }
    if {[chance 15]} { append keys ", bias: false" }
    set kind [one rnn lstm gru]
    if {$kind eq "rnn" && [chance 40]} { append keys ", nonlinearity: relu" }
    return "$kind: {$keys}"
}

proc between_layers {} {
    return [one relu tanh sigmoid gelu layer_norm "layer_norm: {eps: 1e-4}" "dropout: {p: 0.[between 1 7]}" \
        "linear: {out: [size]}" "linear: {out: [size], bias: false}"]
}

# per_step: an output at every step, so nothing pools
proc model {tokens per_step out} {
    set layers {}
    if {$tokens && [chance 60]} {
        lappend layers "embedding: {dim: [size]}"
    } elseif {$tokens && [chance 10]} {
        lappend layers "linear: {out: [size]}"
    } elseif {!$tokens && [chance 25]} {
        lappend layers [between_layers]
    }
    set flat [expr {!$per_step && !$::causal && [chance 12]}]
    if {!$flat} {
        for {set i [one 1 1 1 2]} {$i > 0} {incr i -1} {
            lappend layers [recurrent]
            if {[chance 25]} { lappend layers [between_layers] }
        }
    }
    if {!$per_step} { lappend layers [expr {$flat ? "flatten" : [one last last mean max]}] }
    if {[chance 25]} { lappend layers [between_layers] }
    lappend layers "linear: {out: $out}"
    # A sigmoid's outputs lie close together: layer_norm behind it divides by their small spread and with it magnifies
    # float32's rounding beyond any fixed tolerance
    set before ""
    set layers [lmap layer $layers {
        set layer [expr {$before eq "sigmoid" && [string match layer_norm* $layer] ? "tanh" : $layer}]
        set before $layer
    }]
    # Over one feature layer_norm is constant, over two it is 1 and -1 but for eps: its gradient is rounding noise, which no tolerance describes
    if {[regexp {(hidden|dim|out): [12]\y} $layers] || (!$tokens && $::features <= 2)} {
        set layers [lmap layer $layers { expr {[string match layer_norm* $layer] ? "tanh" : $layer} }]
    }
    return $layers
}

# ---- training ----

# eps: the adaptive ones divide by the gradient's size, and would make a step of the rounding noise where that is no more than
# noise; with 1e-3 they do not.
proc optimizer {} {
    set kind [one sgd sgd adam adamw rmsprop adagrad]
    set lr "lr: [expr {$kind eq "sgd" ? [one 0.1 0.01 0.003] : "[one 0.01 0.003], eps: [one 1e-3 0.01]"}]"
    switch $kind {
        sgd {
            if {[chance 50]} { append lr ", momentum: 0.[between 1 9]"
                if {[chance 50]} { append lr ", nesterov: true" } }
            if {[chance 30]} { append lr ", weight_decay: 0.01" }
            return "sgd: {$lr}"
        }
        adam    { return "adam: {$lr[one {} {, weight_decay: 0.01} {, betas: [0.8, 0.99]}]}" }
        adamw   { return "adamw: {$lr, weight_decay: 0.0[between 0 9]}" }
        rmsprop { return "rmsprop: {$lr[one {} {, alpha: 0.9} {, momentum: 0.9}]}" }
        adagrad { return "adagrad: {$lr}" }
    }
}

proc training {loss classes} {
    set lines [list "loss: $loss" "optimizer: {[optimizer]}" "batch: [between 1 9]" "epochs: [between 1 4]" "seed: [between 0 99999]"]
    if {[chance 50]} { lappend lines "clip_norm: [one 0.01 0.3 1.0 5]" }
    if {[chance 30]} {
        lappend lines "schedule: [one {{step: {every: 1, gamma: 0.5}}} {{exponential: {gamma: 0.9}}} cosine \
            {{cosine: {warmup: 1, min_lr: 0.0001}}} constant]"
    }
    if {$loss in {cross_entropy bce} && $classes > 0 && [chance 25]} {
        set weights {}
        for {set i 0} {$i < $classes} {incr i} { lappend weights [one 0.5 1 2.5] }
        lappend lines "class_weights: [one balanced "\[[join $weights {, }]\]"]"
    }
    return $lines
}

# ---- data ----

set letters [split abcdefghijklmnopqrstuvwxyz {}]

proc text_of {source length} {
    set tokens {}
    for {set i 0} {$i < $length} {incr i} {
        lappend tokens [expr {$source eq "words" ? [one red green blue it's one] : [lindex $::letters [between 0 [expr {$::alphabet - 1}]]]}]
    }
    return [join $tokens [expr {$source eq "words" ? " " : ""}]]
}

proc columns {letter count} {
    set names {}
    for {set i 0} {$i < $count} {incr i} { lappend names $letter$i }
    return $names
}

proc numbers {count} {
    set row {}
    for {set i 0} {$i < $count} {incr i} { lappend row [number] }
    return $row
}

# The target's columns: names, and one row's cells (row i, so that every class occurs)
proc target_cells {target loss i} {
    switch [lindex $target 0] {
        class - tag { return k[expr {$i % [lindex $target 1]}] }
        value - signal {
            set row {}
            foreach x [numbers [lindex $target 1]] { lappend row [expr {$loss eq "bce" ? $x > 0 : $x}] }
            return $row
        }
        default { return {} }
    }
}

proc target_columns {target} {
    switch [lindex $target 0] {
        class - tag { return label }
        value - signal { return [columns y [lindex $target 1]] }
        default { return {} }
    }
}

proc target_line {target} {
    switch [lindex $target 0] {
        class - tag { return "target: {[lindex $target 0]: label}" }
        value - signal { return "target: {[lindex $target 0]: \[[join [columns y [lindex $target 1]] {, }]\]}" }
        next { return "target: {next: true}" }
        forecast { return "target: {forecast: {columns: \[[join [columns x [lindex $target 1]] {, }]\], horizon: [lindex $target 2]}}" }
    }
}

# Rows of numbers: sequences of up to T rows, or one long series where `grouped` is 0
proc rows_file {features target loss T grouped} {
    set lines [list [join [concat [expr {$grouped ? "id" : ""}] [columns x $features] [target_columns $target]] ,]]
    set row 0
    for {set s 0} {$s < 14} {incr s} {
        set length [between 1 $T]
        for {set t 0} {$t < $length} {incr t; incr row} {
            set i [expr {[lindex $target 0] in {tag signal} ? $row : $s}]
            lappend lines [join [concat [expr {$grouped ? "s$s" : ""}] [numbers $features] [target_cells $target $loss $i]] ,]
        }
    }
    return $lines
}

proc text_file {source target loss T} {
    set lines [list [join [concat text [target_columns $target]] ,]]
    set least [expr {[lindex $target 0] eq "next" ? 2 : 1}]
    for {set s 0} {$s < 14} {incr s} {
        lappend lines [join [concat [list [text_of $source [between $least [expr {$T + 2}]]]] [target_cells $target $loss $s]] ,]
    }
    return $lines
}

proc shaped_file {features target loss T} {
    set lines [list [join [concat [columns x [expr {$T * $features}]] [target_columns $target]] ,]]
    for {set s 0} {$s < 12} {incr s} {
        lappend lines [join [concat [numbers [expr {$T * $features}]] [target_cells $target $loss $s]] ,]
    }
    return $lines
}

# ---- one spec ----

proc pick_target {source} {
    switch $source {
        text    { return next }
        shaped  { return [one [list class [between 2 6]] [list value [between 1 4]]] }
        rows    { return [one [list class [between 2 6]] [list value [between 1 4]] [list tag [between 2 6]] [list signal [between 1 4]]] }
        series  { return [one [list forecast [between 1 $::features] [between 1 4]] [list value [between 1 3]] [list tag [between 2 4]] [list signal [between 1 3]]] }
        default { return [one [list class [between 2 6]] next [list value [between 1 3]]] }
    }
}

proc pick_loss {target} {
    switch [lindex $target 0] {
        class - tag { return [expr {[lindex $target 1] == 2 && [chance 40] ? "bce" : "cross_entropy"}] }
        next { return cross_entropy }
        value - signal { return [one mse mae huber bce] }
        forecast { return [one mse mae huber] }
    }
}

proc pick_out {target loss} {
    switch [lindex $target 0] {
        class - tag { return [expr {$loss eq "bce" ? 1 : "classes"}] }
        next { return vocab }
        default { return targets }
    }
}

# Writes spec.yaml and its data into the directory
proc make_spec {dir} {
    set source [one chars bytes words text rows rows series shaped]
    set tokens [expr {$source in {chars bytes words text}}]
    set T [between 1 12]
    set ::features [between 1 5]
    set ::alphabet [between 2 20]
    set target [pick_target $source]
    set loss [pick_loss $target]
    set windows [expr {$source in {text series}}]
    set ::causal 0
    set carry [expr {$windows && [lindex $target 0] in {next tag signal} && [chance 40]}]
    if {$carry} { set ::causal 1 }
    set per_step [expr {[lindex $target 0] in {next tag signal}}]

    set file [expr {$source eq "text" ? "data.txt" : "data.csv"}]
    set data [list "train: $file"]
    switch $source {
        text    { lappend data "input: {text: true}"; set lines [list [text_of chars 150]] }
        rows    { set lines [rows_file $::features $target $loss $T 1] }
        series  { set lines [rows_file $::features $target $loss [expr {$T + 4}] 0] }
        shaped  { set lines [shaped_file $::features $target $loss $T] }
        default { lappend data "input: {$source: text}"; set lines [text_file $source $target $loss $T] }
    }
    set normalize [one "" "" ", normalize: standard" ", normalize: minmax"]
    if {$source in {rows series}} { lappend data "input: {columns: \[[join [columns x $::features] {, }]\]$normalize}" }
    if {$source eq "rows"} { lappend data "sequence: id" }
    if {$source eq "shaped"} { lappend data "input: {columns: \['x*'\], shape: \[$T, $::features\]$normalize}" }
    lappend data [target_line $target]
    if {$windows} {
        lappend data "window: {length: $T, [expr {$carry ? "carry_state: true" : "stride: [between 1 $T]"}]}"
    } elseif {$source ne "shaped"} {
        lappend data "max_length: $T"
    }
    set classes [expr {[lindex $target 0] in {class tag} ? [lindex $target 1] : 0}]
    set text "seqgen: 1\nname: fuzz\ndata:\n  [join $data "\n  "]\nmodel:\n"
    foreach layer [model $tokens $per_step [pick_out $target $loss]] { append text "  - $layer\n" }
    append text "train:\n  [join [training $loss $classes] "\n  "]\n"
    append text "codegen:\n  unroll: [one auto full none]\n  real: [one float32 float32 float64]\n"
    append text "  target: [one host host host x86-64]\n"
    write $dir/spec.yaml $text
    write $dir/$file [join $lines \n]\n
}

proc write {path text} {
    set channel [open $path w]
    puts -nonewline $channel $text
    close $channel
}

# ---- all of them ----

# Empty, or what was wrong
proc verify_by {dir settings args} {
    set command [list timeout 600 env {*}$settings {*}$args]
    if {![catch {exec {*}$command >$dir/out.txt 2>$dir/err.txt} message options]} { return "" }
    set code [lindex [dict get $options -errorcode] 2]
    set channel [open $dir/err.txt]
    set why [string trim [read $channel]]
    close $channel
    return "$settings $args: exit $code: [string range $why 0 600]"
}

proc verify {dir seed} {
    set why [expr {[file executable $::inplace] ? [verify_by $dir {} $::inplace verify $dir/spec.yaml]
        : [verify_by $dir $::quick $::seqgen verify $dir/spec.yaml --target portable]}]
    if {$why eq ""} { set why [strict $dir $seed] }
    if {$why ne "" || $seed % $::option(--every)} { return $why }
    return [verify_by $dir $::large $::seqgen verify $dir/spec.yaml]
}

# clang names what nobody uses without compiling; gcc has to compile for that.
set strict {-std=c11 -Wall -Wextra -Wpedantic -Werror}
set strict [expr {[auto_execok clang] ne "" ? [list clang {*}$strict -fsyntax-only] : [list [env_or CC cc] {*}$strict -O0 -S -o /dev/null]}]
set include [file dirname [file dirname $seqgen]]/include

proc strict {dir seed} {
    set target [lindex {host portable cortex-m x86-64-v3 x86-64} [expr {$seed % 5}]]
    if {[exec uname -m] ne "x86_64" && [string match x86* $target]} { set target host }
    set why [verify_by $dir {} $::seqgen run $dir/spec.yaml train --data $dir/[data_name $dir] --steps 1 --save $dir/w.safetensors --quiet]
    foreach more [list {} [list --emit infer --weights $dir/w.safetensors]] {
        if {$why eq ""} { set why [verify_by $dir {} $::seqgen $dir/spec.yaml --target $target {*}$more -o $dir/strict.c --quiet] }
        if {$why eq ""} { set why [verify_by $dir {} {*}$::strict -I$::include $dir/strict.c] }
    }
    return $why
}

proc data_name {dir} { return [file tail [lindex [glob $dir/data.*] 0]] }

set dir [exec mktemp -d -t seqgen-fuzz-XXXXXX]
set failures 0
set start [clock seconds]
for {set i 0} {$i < $option(--count)} {incr i} {
    set seed [expr {$option(--seed) + $i}]
    reseed $seed
    file delete -force $dir/one
    file mkdir $dir/one
    make_spec $dir/one
    set why [verify $dir/one $seed]
    if {$why eq ""} continue
    incr failures
    file mkdir $option(--keep)
    file delete -force $option(--keep)/$seed
    file copy $dir/one $option(--keep)/$seed
    puts "FAIL seed $seed: $option(--keep)/$seed/spec.yaml\n  [string map {\n "\n  "} $why]"
    flush stdout
}
file delete -force $dir
puts "fuzz: [expr {$option(--count) - $failures}] passed, $failures failed; seeds $option(--seed).. in [expr {[clock seconds] - $start}] s"
exit [expr {$failures > 0}]
