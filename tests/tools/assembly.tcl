# assembly.tcl: the loops of a function in what gcc -S writes for aarch64.
#
# Takes: the text. Gives: busiest_loop, a list of instructions; multiply_adds, those of vectors in it. Does not: see functions that gcc has
# put into their callers (noipa keeps them).

# The innermost loops of a function, as lists of instructions: what stands between a label and a branch back to it, without branches that leave
proc loops_of {assembly function} {
    set loops {}
    set lines {}
    set inside 0
    set innermost 0 ;# a loop that begins before this line has another in it
    foreach line [split $assembly \n] {
        if {[regexp {^([A-Za-z_]\w*)[.\w]*:} $line - name]} { set inside [expr {$name eq $function}] }
        if {!$inside} continue
        if {[regexp {^(\.L\w+):} $line - label]} { set at($label) [llength $lines]; continue }
        if {![regexp {^\s+[a-z]} $line]} continue
        if {![regexp {^\s+(?:b[a-z.]*|cbn?z|tbn?z)\s(?:.*\s)?(\.L\w+)$} $line - target]} { lappend lines $line; continue }
        if {![info exists at($target)]} continue
        if {$at($target) >= $innermost} { lappend loops [lrange $lines $at($target) end] }
        set innermost [expr {max($innermost, $at($target) + 1)}]
    }
    return $loops
}

proc multiply_adds {loop} { return [llength [lsearch -all -regexp $loop {^\s+fmla\s}]] }

# Of a function's innermost loops the one with most of them
proc busiest_loop {assembly function} {
    set most {}
    foreach loop [loops_of $assembly $function] {
        if {[multiply_adds $loop] > [multiply_adds $most]} { set most $loop }
    }
    if {![llength $most]} { error "found no loop with multiply-adds in $function" }
    return $most
}
