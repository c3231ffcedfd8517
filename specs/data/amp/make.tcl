# make.tcl: a plucked string and what an overdriven amplifier makes of it, 8,000 samples a second, as train.csv and test.csv in this directory.
#
# Takes: tclsh make.tcl ?DIR? ?TRAIN? ?TEST?   (here, 80000, 16000 samples: ten seconds and two)
# Gives: a row a sample: dry,wet, from -1 to 1. Notes are random, of other pitch in test.csv. The amplifier: its supply sags with the loudness of the
#   last tenth of a second and takes the gain with it; a tube's curve, steeper on one side; a low-pass filter behind it. The same arguments give the same bytes.
# Does not: draw from Tcl's rand(), which need not be the same everywhere.

lassign $argv dir train test
if {$dir eq ""} { set dir [file dirname [file normalize [info script]]] }
if {$train eq ""} { set train 80000 }
if {$test eq ""} { set test 16000 }

# The next of Knuth's MMIX generator's states, its upper bits as a number from 0 to 1
proc draw {} {
    global state
    set state [expr {($state * 6364136223846793005 + 1442695040888963407) & 0xffffffffffffffff}]
    return [expr {($state >> 32) / 4294967296.0}]
}

proc write {path count seed} {
    global state
    set state $seed
    set channel [open $path w]
    fconfigure $channel -translation lf
    puts $channel dry,wet
    set left 0
    set sag 0.0
    set filtered 0.0
    for {set i 0} {$i < $count} {incr i} {
        if {$left == 0} { # a note: its pitch, how hard it is plucked, how long
            set turn [expr {6.283185307179586 * 82.4 * 2 ** (int([draw] * 25) / 12.0) / 8000}]
            set loud [expr {0.1 + 0.6 * [draw]}]
            set left [expr {800 + int([draw] * 3200)}]
            set t 0
        }
        set dry 0.0
        foreach {partial share decay} {1 1.0 0.0002 2 0.6 0.0004 3 0.4 0.0007 5 0.2 0.0012} {
            set dry [expr {$dry + $share * exp(-$decay * $t) * sin($partial * $turn * $t)}]
        }
        set dry [expr {0.45 * $loud * $dry}]
        set sag [expr {$sag + 0.00125 * (abs($dry) - $sag)}]
        set gain [expr {8 / (1 + 12 * $sag)}]
        set driven [expr {$gain * $dry + 0.2}]
        set filtered [expr {$filtered + 0.4 * (tanh($driven) - 0.197375320225 - $filtered)}]
        puts $channel [format %.5f,%.5f $dry $filtered]
        incr t
        incr left -1
    }
    close $channel
}

write [file join $dir train.csv] $train 1
write [file join $dir test.csv] $test 2
