# tiles.tcl: the register tiles that gen/plan/tiles.c chose, beside all the others that fit the registers, measured.
#
# Takes: options, see usage. Gives: a line a kernel (what was chosen, the best, their ratio) and in how many the choice is within 5%
# of the best; exit 0, 1 for usage. Does not: judge, run in ctest, time NEON's (an emulator's time says nothing): there a model of a core stands for it.
#
# Each round is one program in which every kernel has another tile: one column of its BY_WIDTH is overwritten. A macro behind
# each kernel's definition times its calls within a training step, in cycles (timers.h). The programs take turns; the median of a
# turn's steps counts, and of the turns the least: what disturbs a core only ever adds time, and stays for seconds. With few turns one tile of many is
# always lucky: where a choice seems off by more than 5%, all programs of the layer take more turns, until it does not or there were four times as many.
#
# With --core nothing runs: llvm-mca says how many cycles that core takes for the loop with most multiply-adds in the kernel's assembly, all operands in the first
# cache. It sees what a compiler makes of a tile (what does not fit the registers and goes to the stack and back), and not what caches and edges cost.

package require Tcl 8.6
set here [file dirname [file normalize [info script]]]
set root [file dirname [file dirname $here]]
source $here/measure.tcl
source $here/../tools/assembly.tcl

set usage {usage: tclsh tests/bench/tiles.tcl [OPTIONS] [KIND:H ...]

Measures the tiles of one recurrent layer, H inputs and H units, T = 64, batch 32.

options
  --cpu N      the core (default: the idlest now)
  --passes N   turns of each program (default 7), and up to four times as many where a choice seems to be off
  --width N    the bytes of a vector: 64 (AVX-512), 32 (AVX2), 16 (SSE4.2); 4: `portable`, whose numbers stand alone (default 64)
  --core NAME  NEON by llvm-mca's model of a core, or of several: cortex-a53,cortex-a57,.., in place of times
  --all        the times of all tiles, too
  --work DIR   programs and models are kept there (default $TMPDIR/seqgen-bench)
  --help

The grid, without KIND:H: lstm, gru and rnn of 16, 20, 32, 48, 64, 100 and 128 units.

environment: SEQGEN (default build/bin/seqgen); CC (with --core default aarch64-linux-gnu-gcc); MCA (default llvm-mca, or the newest llvm-mca-N)

examples
  tclsh tests/bench/tiles.tcl lstm:64 gru:20
  tclsh tests/bench/tiles.tcl --core cortex-a53,cortex-a55,cortex-a57 lstm:64
  tclsh tests/bench/tiles.tcl --cpu 1 --width 32 | tee tiles.txt
}

# Of each width: the column of BY_WIDTH, registers, most vectors of units side by side, fewest sums of a tile, what the compiler and seqgen are told
set widths {
    64 {column 0 registers 31 most_units 6 fewest_sums 8 flags {} target host}
    32 {column 1 registers 15 most_units 4 fewest_sums 4 flags {-mno-avx512f -mprefer-vector-width=256} target host}
    16 {column 2 registers 15 most_units 4 fewest_sums 4 flags {-mno-avx} target host}
    4  {column 3 registers 64 most_units 4 fewest_sums 4 flags {} target portable}
}
set neon {column 2 registers 31 most_units 4 fewest_sums 8 flags {} target aarch64}

proc usage_error {message} {
    puts stderr "tiles.tcl: $message\nTry --help."
    exit 1
}

proc command_line {words} {
    set options [dict create cpu "" core "" all 0 passes 7 width 64 work [file join [env_or TMPDIR /tmp] seqgen-bench] cases {} peers 0]
    while {[llength $words]} {
        set words [lassign $words word]
        switch -glob -- $word {
            --help { puts -nonewline $::usage; exit 0 }
            --all  { dict set options all 1 }
            --cpu - --core - --passes - --width - --work {
                if {![llength $words]} { usage_error "found nothing after $word, expected a value" }
                set words [lassign $words value]
                dict set options [string range $word 2 end] $value
            }
            default {
                if {![regexp {^(lstm|gru|rnn):\d+$} $word]} { usage_error "found '$word', expected an option or KIND:H such as lstm:64" }
                dict lappend options cases $word
            }
        }
    }
    if {![llength [dict get $options cases]]} {
        foreach kind {lstm gru rnn} { foreach h {16 20 32 48 64 100 128} { dict lappend options cases $kind:$h } }
    }
    if {![string is integer -strict [dict get $options passes]] || [dict get $options passes] < 1} {
        usage_error "--passes: found '[dict get $options passes]', expected a number from 1"
    }
    if {![dict exists $::widths [dict get $options width]]} {
        usage_error "--width: found '[dict get $options width]', expected one of [join [dict keys $::widths] {, }]"
    }
    dict set options core [split [dict get $options core] ,]
    if {[dict get $options core] ne ""} { dict set options width 16 }
    return $options
}

# Every tile of one kernel: {R N} with R rows, N vectors of units; slots of a unit and panels as the text of the C has them
proc tiles_of {c kernel chosen} {
    lassign $chosen rows units
    set body [string range $c [string first "INLINE void ${kernel}_tile(" $c] end]
    regexp {enum \{[^\}]*S = (\d+)} $body - slots
    if {![info exists slots]} { return [list $chosen] }
    set vectors 1
    regexp "u < (\\d+); u \\+= ${kernel}_N \\* W" $body - end
    if {[info exists end]} { set vectors [expr {$end * 4 / $::width}] }
    set all [list $chosen]
    for {set n 1} {$n <= $::most_units && $n <= $vectors} {incr n} {
        if {$vectors % $n || ($slots > 1 && $n != $units && $::width > 4)} { continue }
        set sums [expr {$n * $slots}]
        for {set r 1} {$r <= 14 && $r * $sums + $sums + ($sums > 1) <= $::registers} {incr r} {
            if {$r * $sums >= $::fewest_sums && [list $r $n] ni $all} { lappend all [list $r $n] }
        }
    }
    return $all
}

# BY_WIDTH(11, 6, 2, 2), of which a width has a column; portable C has its own number alone
proc column_of {numbers} {
    if {[string is integer $numbers]} { return $numbers }
    return [string trim [lindex [split [string range $numbers 9 end-1] ,] $::column]]
}

# {kernel {chosen tile} ..} of the layer's kernels
proc kernels_of {c} {
    set found {}
    foreach {- kernel rows - units} [regexp -all -inline {enum \{ (\w+)_R = (\d+|BY_WIDTH\([^)]*\)), (\w+)_N = (\d+|BY_WIDTH\([^)]*\))} $c] {
        if {![string match linear_* $kernel]} { lappend found $kernel [list [column_of $rows] [column_of $units]] }
    }
    return $found
}

# The C with these tiles
proc with_tiles {c tiles} {
    dict for {kernel tile} $tiles {
        foreach letter {R N} count $tile { regsub "${kernel}_$letter = (?:\\d+|BY_WIDTH\\(\[^)\]*\\))" $c "${kernel}_$letter = $count" c }
    }
    return $c
}

# .. and a timer around every call of these kernels
proc timed {c tiles} {
    set id 0
    set names {}
    set c [with_tiles $c $tiles]
    dict for {kernel tile} $tiles {
        set at [string first "\n\}\n" $c [string first "static void ${kernel}(" $c]]
        set c [string replace $c $at $at+2 "\n\}\n#define ${kernel}(...) (timer_in(), (${kernel})(__VA_ARGS__), timer_out($id))\n"]
        lappend names "\"$kernel\""
        incr id
    }
    return "#include \"$::here/timers.h\"\nstatic const char *const timer_names\[\] = {[join $names {, }]};\n$c"
}

# A program in which kernels have these tiles
proc build_round {dir round c tiles} {
    put $dir/timed.c [timed $c $tiles]
    exec [env_or CC cc] -DMODEL=\"$dir/timed.c\" -DTIMERS=[dict size $tiles] -I$dir $::here/ours.c -o $dir/timed_$round {*}$::compiler 2>@1
    return $dir/timed_$round
}

# ---- a model of a core ----

proc newest_mca {} {
    foreach name [list llvm-mca {*}[lsort -dictionary -decreasing [lmap path [glob -nocomplain /usr/bin/llvm-mca-*] { file tail $path }]]] {
        if {[auto_execok $name] ne ""} { return $name }
    }
    usage_error "found no llvm-mca, which --core asks; apt-get install llvm"
}

# Cycles for a hundred multiply-adds of four lanes, by the model
proc model_cycles {assembly kernel core} {
    set most [busiest_loop $assembly $kernel]
    set said [exec $::mca -mtriple=aarch64 -mcpu=$core -iterations=100 << "[join $most \n]\n" 2>@1]
    if {![regexp {Total Cycles:\s+(\d+)} $said - cycles]} { error "llvm-mca: $said" }
    return [expr {double($cycles) / [multiply_adds $most]}]
}

# A program in which kernels have these tiles, as assembly
proc assembly_of {dir c tiles} {
    foreach kernel [dict keys $tiles] { set c [string map [list "static void ${kernel}(" "static __attribute__((noipa)) void ${kernel}("] $c] }
    put $dir/timed.c [with_tiles $c $tiles]
    exec [env_or CC aarch64-linux-gnu-gcc] -std=gnu11 -O2 -ftree-vectorize -ffp-contract=fast -D_GNU_SOURCE -DSEQGEN_NO_MAIN -I$dir -I[file dirname $::seqgen]/../include -S $dir/timed.c -o $dir/timed.s 2>@1
    return [text $dir/timed.s]
}

# {the best tile, how many times its time the chosen one takes}
proc best_tile {kernel chosen tiles timesName} {
    upvar 1 $timesName times
    set best $chosen
    foreach other $tiles { if {$times($kernel,$other) < $times($kernel,$best)} { set best $other } }
    return [list $best [expr {double($times($kernel,$chosen)) / $times($kernel,$best)}]]
}

# All kernels but the output layer's, which are too short for the clock
proc long_enough {chosen timesName} {
    upvar 1 $timesName times
    set sum 0
    dict for {kernel tile} $chosen { set sum [expr {$sum + $times($kernel,$tile)}] }
    return [lmap kernel [dict keys $chosen] { if {$times($kernel,[dict get $chosen $kernel]) < $sum / 100} continue; set kernel }]
}

proc worst {chosen tries timesName} {
    upvar 1 $timesName times
    set worst 1
    foreach kernel [long_enough $chosen times] {
        set worst [expr {max($worst, [lindex [best_tile $kernel [dict get $chosen $kernel] [dict get $tries $kernel] times] 1])}]
    }
    return $worst
}

proc measure_case {case} {
    lassign [split $case :] kind h
    set dir [generate tiles-$kind$h-$::width layer_$kind.yaml $h 0 [list model.cell.hidden $h] [list --target $::target]]
    set c [text $dir/model.c]
    set chosen [kernels_of $c]
    set rounds 1
    dict for {kernel tile} $chosen {
        dict set tries $kernel [tiles_of $c $kernel $tile]
        set rounds [expr {max($rounds, [llength [dict get $tries $kernel]])}]
    }
    for {set round 0} {$round < $rounds} {incr round} {
        dict set tiles $round [dict map {kernel list} $tries { lindex $list [expr {$round % [llength $list]}] }]
        if {[dict get $::options core] eq ""} {
            dict set programs $round [build_round $dir $round $c [dict get $tiles $round]]
            continue
        }
        set assembly [assembly_of $dir $c [dict get $tiles $round]]
        dict for {kernel tile} [dict get $tiles $round] {
            foreach core [dict get $::options core] {
                if {![info exists models($core,$kernel,$tile)]} { set models($core,$kernel,$tile) [model_cycles $assembly $kernel $core] }
            }
        }
    }
    foreach core [dict get $::options core] {
        foreach {key cycles} [array get models $core,*] { set times([string range $key [string length $core,] end]) $cycles }
        show_case "$case $core" $chosen $tries times
    }
    if {[dict get $::options core] ne ""} return
    for {set pass 0} {$pass < $::passes || ($pass < 4 * $::passes && [worst $chosen $tries times] > 1.05)} {incr pass} {
        dict for {round program} $programs {
            dict for {kernel time} [pinned $program timers] {
                set key $kernel,[dict get $tiles $round $kernel]
                if {![info exists times($key)] || $time < $times($key)} { set times($key) $time }
            }
        }
    }
    show_case $case $chosen $tries times
}

# A line a kernel
proc show_case {case chosen tries timesName} {
    upvar 1 $timesName times
    global near all
    foreach kernel [long_enough $chosen times] {
        set tile [dict get $chosen $kernel]
        lassign [best_tile $kernel $tile [dict get $tries $kernel] times] best ratio
        puts [format "%-10s %-34s chosen %-5s %9.0f   best %-5s %9.0f cycles   %.3f" $case $kernel [join $tile x] $times($kernel,$tile) \
                  [join $best x] $times($kernel,$best) $ratio]
        if {[dict get $::options all]} {
            puts "           [join [lmap other [dict get $tries $kernel] { format %s:%.0f [join $other x] $times($kernel,$other) }] { }]"
        }
        flush stdout
        incr all
        incr near [expr {$ratio <= 1.05}]
    }
}

set options [command_line $argv]
set work [file normalize [dict get $options work]]
set seqgen [file normalize [env_or SEQGEN $root/build/bin/seqgen]]
set cpu [expr {[dict get $options cpu] eq "" ? [idlest_cpu] : [dict get $options cpu]}]
file mkdir $work
set width [dict get $options width]
set shape [expr {[dict get $options core] eq "" ? [dict get $widths $width] : $neon}]
dict with shape {}
if {[dict get $options core] eq ""} { set compiler [concat [compiler_words $target] $flags] } else { set mca [env_or MCA [newest_mca]] }
set near 0
set all 0
set passes [dict get $options passes]
foreach case [dict get $options cases] { measure_case $case }
puts "$near of $all tiles within 5% of the best ([expr {100 * $near / $all}]%)"
