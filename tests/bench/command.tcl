# command.tcl: the benchmark's own command runs from end to end: what it generates, compiles, times and writes. Nothing is judged by its time.
#
# A test file of tests/harness.tcl. One round of one case a group, without peers.

# {case whether-it-took-time} of each line of results.tsv
proc bench_once {group only} {
    ran -env [list SEQGEN $::seqgen] tclsh $::here/run.tcl $group --rounds 1 --no-peers --only $only --work $::tmp/work --out $::tmp/$group
    set lines [split [string trim [text $::tmp/$group/results.tsv]] \n]
    set names [split [lindex $lines 0] \t]
    return [lmap line [lrange $lines 1 end] {
        set row [dict create {*}[concat {*}[lmap name $names value [split $line \t] { list $name $value }]]]
        list [dict get $row case] [expr {[dict get $row ours] > 0}]
    }]
}

# A layer whose rows of two threads stand apart, one in chunks; a step, a sequence, streaming; the size of the C
foreach {group only found} {
    lstm   H=64        {{H=64 1}}
    cells  rnn,H=16    {{rnn,H=16 1}}
    step   lstm16      {{lstm16 1}}
    infer  lstm_28*    {{lstm_28_32,T=28 1}}
    stream gru,H=8     {{gru,H=8 1}}
} {
    test command/$group { bench_once $group $only } $found
}
