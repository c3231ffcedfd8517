# run.tcl: what the generated C takes beside PyTorch, oneDNN, ONNX Runtime and RTNeural, in one run, on one core.
#
# Takes: groups and options, see usage. Gives: tables on the terminal, results.tsv, roofline.svg; exit 0, 1 for usage, 5 when a tool
# failed. Does not: judge (a goal that is missed is shown, and no error), run in ctest, install peers.

package require Tcl 8.6
set here [file dirname [file normalize [info script]]]
set root [file dirname [file dirname $here]]
foreach part {measure groups table} { source $here/$part.tcl }

set usage {usage: tclsh tests/bench/run.tcl [OPTIONS] [GROUP ...]

Times the generated C beside its peers: interleaved (ours, peer, ours, peer ..), pinned to one core; medians of the rounds, and the
median of the rounds' ratios.

groups (default: all)
  lstm      one LSTM layer, forward and backward, beside oneDNN; ragged sizes beside the next multiple of 16
  cells     one GRU or RNN layer, beside oneDNN
  step      a whole training step, beside PyTorch
  threads   the same step by two threads, beside one; on any two cores
  infer     one sequence, beside ONNX Runtime and PyTorch
  stream    one streaming step 1 -> H -> 1, beside RTNeural: its quoted figures, and itself where it is there
  epoch     an epoch of first_names, sentiment and sotu, beside PyTorch with packed sequences
  size      code size, time to generate and to compile for 16, 128, 1024 steps

options
  --rounds N     rounds of each case (default 5)
  --cpu N        the core (default: the idlest now)
  --only GLOB    only cases whose name matches
  --no-peers     ours alone
  --npm DIR      where `npm i --prefix DIR onnxruntime-node --ignore-scripts` was run (default WORK/npm)
  --rtneural DIR a checkout of RTNeural, its submodule xsimd included
  --work DIR     programs and models are kept there (default $TMPDIR/seqgen-bench)
  --out DIR      where results.tsv and roofline.svg go (default WORK)
  --help

environment: SEQGEN (default build/bin/seqgen), CC, CXX, PYTHON (default /usr/bin/python3)

peers; one that is missing is left out, and said to be
  PyTorch        apt-get install python3-torch python3-yaml libopenblas0
  oneDNN         apt-get install libdnnl-dev g++
  ONNX Runtime   npm i --prefix DIR onnxruntime-node --ignore-scripts; the models are exported by PyTorch
  RTNeural       git clone --recursive https://github.com/jatinchowdhury18/RTNeural DIR

examples
  tclsh tests/bench/run.tcl lstm --only 'H=64*'
  tclsh tests/bench/run.tcl step stream --rounds 9 --cpu 1
  SEQGEN=/tmp/b/bin/seqgen tclsh tests/bench/run.tcl --no-peers --out /tmp/now
}

proc usage_error {message} {
    puts stderr "run.tcl: $message\nTry --help."
    exit 1
}

# Options and groups from the command line
proc command_line {words} {
    global groups
    set options [dict create rounds 5 cpu "" only * peers 1 npm "" rtneural "" work [work_default] out "" groups {}]
    while {[llength $words]} {
        set words [lassign $words word]
        switch -glob -- $word {
            --help     { puts -nonewline $::usage; exit 0 }
            --no-peers { dict set options peers 0 }
            --rounds - --cpu - --only - --npm - --rtneural - --work - --out {
                if {![llength $words]} { usage_error "found nothing after $word, expected a value" }
                set words [lassign $words value]
                dict set options [string range $word 2 end] $value
            }
            -*      { usage_error "found option '$word', expected one that --help names" }
            default {
                if {$word ni $groups} { usage_error "found group '$word', expected one of: $groups" }
                dict lappend options groups $word
            }
        }
    }
    foreach key {rounds cpu} {
        set value [dict get $options $key]
        if {$value ne "" && ![string is digit -strict $value]} { usage_error "--$key: found '$value', expected a number" }
    }
    if {[dict get $options rounds] < 1} { usage_error "--rounds: found 0, expected at least 1" }
    return $options
}

proc work_default {} {
    return [expr {[info exists ::env(TMPDIR)] ? $::env(TMPDIR) : "/tmp"}]/seqgen-bench
}

proc main {words} {
    global options groups
    set options [command_line $words]
    foreach {key fallback} [list npm [dict get $options work]/npm out [dict get $options work] groups $groups] {
        if {[dict get $options $key] eq ""} { dict set options $key $fallback }
    }
    measure_start
    puts [machine_text]
    foreach group [dict get $options groups] {
        set first [llength $::rows]
        group_$group
        table_print $group [lrange $::rows $first end]
    }
    peers_stop
    if {![llength $::rows]} { error "found no case '[dict get $options only]' (--only) in: [dict get $options groups]; tests/bench/groups.tcl names them" }
    table_write [dict get $options out]/results.tsv
    puts "\nresults: [dict get $options out]/results.tsv"
    roofline_write [dict get $options out]/roofline.svg
}

if {[catch {main $argv} message details]} {
    puts stderr "run.tcl: $message"
    if {[info exists env(BENCH_DEBUG)]} { puts stderr [dict get $details -errorinfo] }
    exit 5
}
