# page.tcl: results.tsv of one or more runs as the tables of docs/speed.md.
#
# Takes: files that run.tcl wrote. Gives: Markdown on standard output: a table a group. Does not: measure, or round in anybody's favour.

set titles {
    lstm   {One LSTM layer, forward and backward, T = 64, 32 sequences}
    cells  {One GRU or RNN layer, the same}
    step   {A whole training step: gradient, clipping, Adam}
    threads {The same step by two threads}
    infer  {One sequence, nanoseconds a step}
    stream {One streaming step 1 → H → 1, nanoseconds}
    epoch  {An epoch of an example, sequences of different lengths}
    size   {Size of the C and what it takes to make it, LSTM 9 → 64, 64 sequences}
}

if {![llength $argv] || [lindex $argv 0] eq "--help"} {
    puts stderr "usage: tclsh tests/bench/page.tcl results.tsv ...\n\nexample\n  tclsh tests/bench/page.tcl /tmp/seqgen-bench/results.tsv > tables.md"
    exit [expr {[lindex $argv 0] eq "--help" ? 0 : 1}]
}

# Rows of a file as dicts, without what is empty
proc rows_of {path} {
    set channel [open $path]
    set lines [split [string trim [read $channel] \n] \n]
    close $channel
    set keys [split [lindex $lines 0] \t]
    return [lmap line [lrange $lines 1 end] {
        set row {}
        foreach key $keys value [split $line \t] { if {$value ne ""} { dict set row $key $value } }
        set row
    }]
}

proc shown {row key} {
    if {![dict exists $row $key]} { return "" }
    set value [expr {[dict get $row $key] / [dict get $row scale]}]
    set unit [expr {[dict get $row scale] == 1e6 ? " ms" : " ns"}]
    return [format [expr {$value < 10 ? "%.3f" : $value < 100 ? "%.1f" : "%.0f"}] $value]$unit
}
proc percent {row key} { return [expr {[dict exists $row $key] ? [format %.0f%% [expr {100 * [dict get $row $key]}]] : ""}] }
proc number {row key format} { if {[dict exists $row $key]} { return [format $format [dict get $row $key]] } } ;# no expr: it makes 1.1 of 1.10

proc table {head rows} {
    puts "| [join $head { | }] |\n|[string repeat { --- |} [llength $head]]"
    foreach row $rows { puts "| [join $row { | }] |" }
}

set all [concat {*}[lmap path $argv { rows_of $path }]]
foreach {group title} $titles {
    set rows [lmap row $all { if {[dict get $row group] ne $group} continue; set row }]
    if {![llength $rows]} continue
    puts "\n## $title\n"
    if {$group eq "size"} {
        table {steps "lines of C" code generated compiled} [lmap row $rows {
            list [string map {T= {}} [dict get $row case]] [dict get $row lines] "[format %.0f [expr {[dict get $row code] / 1e3}]] kB" \
                "[number $row made %.3f] s" "[number $row compiled %.1f] s"}]
        continue
    }
    if {$group eq "threads"} {
        table {case "two threads" one "times as fast" "two programs at once, half of their time"} [lmap row $rows {
            list [dict get $row case] [shown $row ours] [shown $row theirs] [number $row ratio %.2f] [shown $row limit]}]
        continue
    }
    set limited [expr {[lsearch $rows *limit_by*] >= 0}]
    set timed [expr {$group ni {infer stream}}]
    table [concat {case seqgen} [expr {$limited ? {{at least, by}} : {}}] {peer {its time} {times as fast} {of the FMA peak}} [expr {$timed ? {{in cycles}} : {}}]] [lmap row $rows {
        set cells [list [dict get $row case] [shown $row ours]]
        if {$limited} { lappend cells [expr {[dict exists $row limit] ? "[shown $row limit], [dict get $row limit_by]" : ""}] }
        lappend cells [expr {[dict exists $row peer] ? [dict get $row peer] : ""}] [shown $row theirs] [number $row ratio %.2f] [percent $row share]
        if {$timed} { lappend cells [percent $row in_cycles] }
        set cells}]
}
