# measure.tcl: programs built, peers asked, rounds taken.
#
# Takes: the options of run.tcl. Gives: build, ours, peer_ask, compare, and rows, a list of dicts that table.tcl prints.
# Does not: know what is measured (groups.tcl).

set rows {}
set said ""
array set peers {}
array set missing {}

proc env_or {name fallback} { return [expr {[info exists ::env($name)] ? $::env($name) : $fallback}] }

proc put {path text} {
    file mkdir [file dirname $path]
    set channel [open $path w]
    puts -nonewline $channel $text
    close $channel
}

proc text {path} {
    set channel [open $path]
    set all [read $channel]
    close $channel
    return $all
}

proc median {list} {
    set sorted [lsort -real $list]
    set n [llength $sorted]
    return [expr {([lindex $sorted [expr {($n - 1) / 2}]] + [lindex $sorted [expr {$n / 2}]]) / 2.0}]
}

# ---- the core ----

# Jiffies that each core has been idle
proc idle_times {} {
    set all {}
    foreach {- cpu idle} [regexp -all -inline -line {^cpu(\d+) \d+ \d+ \d+ (\d+)} [text /proc/stat]] { lappend all $cpu $idle }
    return $all
}

proc idlest_cpu {} {
    set before [idle_times]
    after 1000
    set best {-1 0}
    foreach {cpu idle} [idle_times] {
        set now [expr {$idle - [dict get $before $cpu]}]
        if {$now > [lindex $best 0]} { set best [list $now $cpu] }
    }
    return [lindex $best 1]
}

# ---- programs ----

# The words of the compiler's command that `seqgen build` runs for a target, without source and output: a recorder stands in for the compiler.
proc compiler_words {{target host}} {
    global work
    set cc [env_or CC cc]
    put $work/record.sh "#!/bin/sh\nprintf '%s\\n' \"\$@\" > $work/record\nexec $cc \"\$@\"\n"
    file attributes $work/record.sh -permissions 0755
    seqgen_build $work/record_model stream.yaml 1 0 [list codegen.target $target] $work/record.sh
    set words {}
    set skip 0
    foreach word [split [string trim [text $work/record]] \n] {
        if {$skip} { set skip 0; continue }
        if {$word eq "-o"} { set skip 1; continue }
        if {![string match *.c $word]} { lappend words $word }
    }
    return $words
}

# Of these words, those that do not link
proc compile_only {words} { return [lsearch -all -inline -not -regexp $words {\.a$|^-l}] }

proc seqgen_build {dir spec inputs classes sets compiler} {
    data_write $dir/data.csv $inputs $classes
    set now [pwd]
    cd $dir
    try {
        exec env CC=$compiler $::seqgen build $::here/specs/$spec {*}[set_words $sets] -o model --quiet 2>@1
    } finally { cd $now }
}

proc set_words {sets} { return [concat {*}[lmap {key value} $sets {list --set $key=$value}]] }

# A file that gives a spec its sizes: columns x0.., a value, a label of as many classes as wanted, a text
proc data_write {path inputs classes} {
    set names {}
    for {set i 0} {$i < $inputs} {incr i} { lappend names x$i }
    set lines [list [join [concat id y label text $names] ,]]
    for {set row 0} {$row < max(2, $classes)} {incr row} {
        lappend lines "$row,0.[expr {$row % 10}],c[format %04d $row],abcdefghijklmnopqrstuvwxyz,[join [lrepeat $inputs 0.5] ,]"
    }
    if {!$inputs} { set lines [lmap line $lines {string trimright $line ,}] }
    put $path [join $lines \n]\n
}

# The C of a spec with these settings, in its own directory; {inputs classes} are numbers of the data
proc generate {name spec inputs classes sets {options {}}} {
    set dir $::work/$name
    data_write $dir/data.csv $inputs $classes
    set now [pwd]
    cd $dir
    try {
        exec $::seqgen $::here/specs/$spec {*}[set_words $sets] {*}$options -o model.c --quiet 2>@1
    } finally { cd $now }
    return $dir
}

# The driver with a model in it; compiled anew only when the C or the command has changed
proc build {name spec inputs classes sets {flags {}} {options {}}} {
    set dir [generate $name $spec $inputs $classes $sets $options]
    if {[regexp {cell_l0_gradients\(Model \*m, const Share \*s, const int t\)} [text $dir/model.c]]} { lappend flags -DCHUNKS }
    if {[regexp {static void cell_l0_join\(} [text $dir/model.c]]} { lappend flags -DPARTS_JOIN }
    set command [list [env_or CC cc] -DMODEL=\"$dir/model.c\" -DCLASSES=$classes {*}$flags -I$dir $::here/ours.c -o $dir/ours {*}$::compiler]
    set key [list $command [text $dir/model.c] [text $::here/ours.c] [text $::here/clock.h] [text $::here/cycle.h]]
    if {![file exists $dir/key] || [text $dir/key] ne $key} {
        puts stderr "  compiling $name"
        exec {*}$command 2>@1
        put $dir/key $key
    }
    return $dir/ours
}

# The same of an inference-only file: the weights are those a trainer starts from
proc build_infer {name spec inputs classes sets} {
    set dir $::work/$name
    seqgen_build $dir $spec $inputs $classes $sets [env_or CC cc]
    exec env -C $dir ./model train --epochs 0 --quiet --save w.safetensors 2>@1
    return [build $name $spec $inputs $classes $sets -DINFER [list --emit infer --weights w.safetensors]]
}

# Nanoseconds, the first word that a program pinned to the core prints; `all` gives the others too
proc pinned {args} { return [exec taskset -c $::cpu {*}$args] }
proc ours {program what} { return [lindex [set ::said [pinned $program $what]] 0] }

proc peak {} { return [lindex [pinned $::work/peak] 0] }

# What stands in the way of the model that `program` times, by limit.c with these arguments: {nanoseconds which}, the longest of its figures
proc limit_of {program args} {
    set widest [expr {[string match "*#define V_BYTES 64*" [text [file dirname $program]/model.c]] ? 64 : 32}]
    set limit $::work/limit_$widest
    if {![info exists ::limit_made($widest)]} {
        put $limit.h [exec sh $::here/../unit/make_vector.sh float any $widest]\n
        exec [env_or CC cc] -DVECTOR_LAYER=\"$limit.h\" $::here/limit.c -o $limit {*}$::compiler 2>@1
        set ::limit_made($widest) 1
    }
    set longest {0 none}
    foreach {which ns} [pinned $limit {*}$args] {
        if {$ns > [lindex $longest 0]} { set longest [list $ns $which] }
    }
    return $longest
}

# ---- peers: each a program that answers a line with a line, or is run anew ----

proc peer_missing {name why} {
    set ::missing($name) $why
    puts "$name is left out: $why"
}

proc peer_there {name} {
    global peers missing
    if {![dict get $::options peers] || [info exists missing($name)]} { return 0 }
    if {![info exists peers($name)]} { peer_start_$name }
    return [info exists peers($name)]
}

# A program that answers; its first line is its name and version
proc peer_open {name args} {
    if {[catch {
        set channel [open |[list {*}$args 2>$::work/$name.err] r+]
        fconfigure $channel -buffering line
        if {[gets $channel hello] < 0} { error "it does not start: [string range [string trim [text $::work/$name.err]] end-200 end]" }
    } message]} {
        return [peer_missing $name $message]
    }
    set ::peers($name) $channel
    puts "beside $hello"
}

proc peer_start_torch {} {
    set kernels [expr {[string match *avx512f* [text /proc/cpuinfo]] ? {OPENBLAS_CORETYPE=SkylakeX} : {}}] ;# OpenBLAS does not know newer processors
    peer_open torch taskset -c $::cpu env OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 {*}$kernels [env_or PYTHON /usr/bin/python3] $::here/torch_peer.py
}

proc peer_start_onnx {} {
    set npm [dict get $::options npm]
    if {![file isdirectory $npm/node_modules/onnxruntime-node]} {
        return [peer_missing onnx "no onnxruntime-node in $npm; npm i --prefix $npm onnxruntime-node --ignore-scripts"]
    }
    peer_open onnx taskset -c $::cpu node $::here/onnx_peer.js $npm
}

proc peer_start_onednn {} {
    set program $::work/onednn
    if {[catch {exec [env_or CXX c++] -O2 $::here/onednn.cpp -o $program -ldnnl 2>@1} message]} {
        return [peer_missing onednn "onednn.cpp does not compile (apt-get install libdnnl-dev g++): [lindex [split $message \n] 0]"]
    }
    set ::peers(onednn) {}
    puts "beside oneDNN"
}

# RTNeural is a folder of headers: two of its builds, each the quickest of some cases. The others (its plain C++; xsimd for this processor, Eigen with AVX2, vectors of 512 bits,
# -ffast-math) were at most a tenth quicker than the better of these two, in no case of `stream` more.
proc peer_start_rtneural {} {
    set dir [dict get $::options rtneural]
    if {$dir eq ""} { return [peer_missing rtneural "--rtneural DIR names no checkout of it"] }
    set programs {}
    foreach {library include flags} {EIGEN modules/Eigen -march=native XSIMD modules/xsimd/include {-mavx2 -mfma}} {
        set program $::work/rtneural_[string tolower $library]
        puts stderr "  compiling [file tail $program]"
        if {[catch {exec [env_or CXX c++] -std=c++17 -O3 -w {*}$flags -DRTNEURAL_USE_$library=1 -DRTNEURAL_DEFAULT_ALIGNMENT=32 -I$dir -I$dir/$include -I$dir/modules/json \
            -I$::here $::here/rtneural.cpp -o $program 2>@1} message]} {
            puts "RTNeural with $library is left out, it does not compile: [lindex [split $message \n] 0]"
        } else { lappend programs $program }
    }
    if {![llength $programs]} { return [peer_missing rtneural "rtneural.cpp does not compile with what is in $dir"] }
    set ::rtneural_programs $programs
    set ::peers(rtneural) {}
    puts "beside RTNeural"
}

proc peer_ask {name args} {
    if {$name eq "onednn"} { return [lindex [pinned env OMP_NUM_THREADS=1 $::work/onednn {*}$args] 0] }
    if {$name eq "rtneural"} { return [tcl::mathfunc::min {*}[lmap program $::rtneural_programs { pinned $program {*}$args }]] }
    if {[catch {
        puts $::peers($name) $args
        if {[gets $::peers($name) answer] < 0} { error "its output ended" }
    } message]} {
        unset ::peers($name)
        set ::missing($name) $message
        error "$name ended while it was asked for: $args ($message; see $::work/$name.err)"
    }
    if {![string is double -strict $answer]} { error "$name, asked for: $args: $answer" }
    return $answer
}

proc peers_stop {} {
    foreach {name channel} [array get ::peers] {
        if {$channel ne ""} { catch {close $channel} }
    }
}

# ---- rounds ----

# Whether a case is wanted
proc wanted {name} { return [string match [dict get $::options only] $name] }

# One case, whose failure does not stop the others; its arguments are those of `rounds`
proc compare {group name args} {
    puts stderr "$group: $name"
    if {[catch {rounds $group $name {*}$args} row]} {
        puts "$group $name failed: $row"
    } else {
        lappend ::rows $row
        table_write [dict get $::options out]/results.tsv
    }
}

# Rounds of: peak, ours, peer. `ours` and `theirs` are scripts that give nanoseconds; theirs {}: none. `facts` goes into the row:
# unit, flops (of one call), bytes, scale (what a time is divided by to be shown), ratio_goal, share_goal, time_goal, quoted, least (a script that gives nanoseconds that it takes at least, and because of what), steps (of a call, where that is asked of one)
proc rounds {group name ours peer theirs facts} {
    foreach list {a b ratios shares cycles peaks least} { set $list {} }
    for {set round 0} {$round < [dict get $::options rounds]} {incr round} {
        lappend peaks [set peak [peak]]
        set ::said ""
        lappend a [set ns [uplevel #0 $ours]]
        if {[dict exists $facts flops]} { lappend shares [expr {[dict get $facts flops] / $ns / $peak}] }
        if {[regexp {cycles (\d+) of (\d+)} $::said - count each]} { lappend cycles [expr {[dict get $facts flops] / double($count * $each)}] }
        if {[dict exists $facts least]} { lappend least [uplevel #0 [dict get $facts least]] }
        if {$theirs eq ""} continue
        lappend b [set other [uplevel #0 $theirs]]
        lappend ratios [expr {double($other) / $ns}]
    }
    set row [dict merge $facts [dict create group $group case $name ours [median $a] peak [median $peaks]]]
    if {[llength $shares]} { dict set row share [median $shares] }
    if {[llength $cycles]} { dict set row in_cycles [median $cycles] }
    if {[llength $least]} {
        set sorted [lsort -real -index 0 $least]
        lassign [lindex $sorted [expr {[llength $sorted] / 2}]] ns which
        dict set row limit [expr {$ns * ([dict exists $facts steps] ? [dict get $facts steps] : 1)}]
        dict set row limit_by $which
    }
    if {![llength $ratios]} { return $row }
    set sorted [lsort -real $ratios]
    return [dict merge $row [dict create peer $peer theirs [median $b] ratio [median $ratios] low [lindex $sorted 0] high [lindex $sorted end]]]
}

proc measure_start {} {
    global options work seqgen cpu compiler here root limits
    set seqgen [file normalize [env_or SEQGEN $root/build/bin/seqgen]]
    if {![file executable $seqgen]} { error "found no $seqgen; build it, or set SEQGEN" }
    set work [file normalize [dict get $options work]]
    file mkdir $work [dict get $options out]
    set cpu [dict get $options cpu]
    if {$cpu eq ""} { set cpu [idlest_cpu] }
    set compiler [compiler_words]
    exec [env_or CC cc] {*}[compile_only $compiler] $here/peak.c -o $work/peak -lm 2>@1
    lassign [pinned $work/peak limits] peak tile row near far often lost
    set limits [list [expr {100 * $tile / $peak}] [expr {100 * $row / $peak}] $near $far $often [expr {100 * $lost}]]
}

proc machine_text {} {
    global limits cpu
    if {![regexp -line {^model name\s*: (.*)$} [text /proc/cpuinfo] - model]} { set model "unknown processor" }
    lassign $limits tile row near far often lost
    return "$model, core $cpu, [lindex [split [exec [env_or CC cc] --version] \n] 0]\nFMA peak [format %.0f [peak]] GFLOP/s; of it, beside the loads of a register tile\
        [format %.0f $tile]%, of one row [format %.0f $row]%; half a megabyte at [format %.0f $near] GB/s, memory at [format %.0f $far] GB/s\nthe core is taken away\
        [format %.0f $often] times a second, for [format %.1f $lost]% of the time"
}
