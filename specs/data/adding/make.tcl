# make.tcl: the adding problem (Hochreiter and Schmidhuber, 1997) as train.csv and test.csv in this directory.
#
# Takes: tclsh make.tcl ?DIR? ?TRAIN? ?TEST? ?STEPS?   (here, 10000, 1000, 100)
# Gives: a row a sequence: x1v,x1m,..,xTv,xTm,sum. v is a number from 0 to 1, m marks one step of the first half and one of the
#   second with 1; sum is that of the two marked numbers. The same arguments give the same bytes.
# Does not: draw from Tcl's rand(), which need not be the same everywhere.

lassign $argv dir train test steps
if {$dir eq ""} { set dir [file dirname [file normalize [info script]]] }
if {$train eq ""} { set train 10000 }
if {$test eq ""} { set test 1000 }
if {$steps eq ""} { set steps 100 }

# The next of Knuth's MMIX generator's states, its upper bits as a whole number below `below`
proc draw {below} {
    global state
    set state [expr {($state * 6364136223846793005 + 1442695040888963407) & 0xffffffffffffffff}]
    return [expr {(($state >> 32) * $below) >> 32}]
}

proc sequence {steps} {
    set half [expr {$steps / 2}]
    set marked [list [draw $half] [expr {$half + [draw [expr {$steps - $half}]]}]]
    set row {}
    set sum 0
    for {set t 0} {$t < $steps} {incr t} {
        set thousandths [draw 1001]
        set mark [expr {$t in $marked}]
        incr sum [expr {$mark * $thousandths}]
        lappend row [format %g [expr {$thousandths / 1000.0}]] $mark
    }
    return [join [lappend row [format %g [expr {$sum / 1000.0}]]] ,]
}

proc write {path count steps seed} {
    global state
    set state $seed
    set header {}
    for {set t 1} {$t <= $steps} {incr t} { lappend header x${t}v x${t}m }
    set channel [open $path w]
    fconfigure $channel -translation lf
    puts $channel [join [lappend header sum] ,]
    for {set i 0} {$i < $count} {incr i} { puts $channel [sequence $steps] }
    close $channel
}

write [file join $dir train.csv] $train $steps 1
write [file join $dir test.csv] $test $steps 2
