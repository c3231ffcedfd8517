# instructions.tcl: how many instructions a training step, a forward pass and a streaming step take, by callgrind, beside the committed
# table instructions.tsv: a repeatable guard, where times are not. More than 5% above the table fails.
#
# A test file of tests/harness.tcl; by hand:
#   SEQGEN=build/bin/seqgen tclsh tests/harness.tcl tests/bench/instructions.tcl
# and BENCH_UPDATE=1 before it writes the table anew, for a change that was meant. Counts depend on the compiler, so the table names
# gcc's major version, and with another one the tests are skipped. Flags are fixed: valgrind 3.19 does not know AVX-512.

set table $here/instructions.tsv
set flags {-O2 -ftree-vectorize -ffp-contract=fast -march=x86-64-v3 -std=gnu11}
set limit 1.05

# name    spec       inputs classes tokens settings
set models {
    lstm   last.yaml   9 6  0 {model.0 "{lstm: {hidden: 32, name: cell}}" data.max_length 12 train.batch 16}
    gru    every.yaml 16 12 0 {model.0 "{gru: {hidden: 32, layers: 2, name: cell}}" data.max_length 12 train.batch 16}
    words  words.yaml  0 2 28 {}
}
# what, the driver's function, calls of it that `ours count` makes
set counted {step run_step 2 forward run_forward 2 stream run_stream 16}

# A header with an id, a value, a class, a text and the inputs; a row a class
proc sizes_data {path inputs classes} {
    set names [lmap i [lrange {0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15} 0 $inputs-1] {string cat x $i}]
    set lines [list [join [list id y label text {*}$names] ,]]
    for {set row 0} {$row < max(2, $classes)} {incr row} {
        lappend lines [join [list $row 0.$row c$row abcdefghijklmnopqrstuvwxyz {*}[lrepeat $inputs 0.5]] ,]
    }
    put $path [join $lines \n]\n
}

# The driver is linked to the model, whose own main is weak
proc counted_program {name spec inputs classes tokens settings} {
    file mkdir $name
    sizes_data $name/data.csv $inputs $classes
    set sets [concat {*}[lmap {key value} $settings {list --set $key=$value}]]
    set spec $::here/specs/$spec
    ran -dir $name $::seqgen $spec {*}$sets --target x86-64-v3 -o model.c
    set names [list -DCLASSES=$classes {*}[expr {$tokens ? "-DTOKENS=$tokens" : ""}]]
    set env [list CC "$::cc $::here/ours.c -I$::tmp/$name $names" CFLAGS $::flags]
    ran -dir $name -env $env $::seqgen build $spec {*}$sets --target x86-64-v3 -o program
    return $name/program
}

# {step N forward N stream N}: instructions of one call, with all that it calls
proc instructions_of {args} {
    set program [counted_program {*}$args]
    ran valgrind --tool=callgrind --callgrind-out-file=$program.out $program count
    set report [ran callgrind_annotate --inclusive=yes --threshold=100 $program.out]
    set all {}
    foreach {what function calls} $::counted {
        if {[regexp -line "^ *(\[0-9,\]+) .*:$function \\\[" $report - total]} {
            lappend all $what [expr {[string map {, {}} $total] / $calls}]
        }
    }
    return $all
}

# ---- the table: name, what, instructions ----

proc table_read {} {
    set all {}
    foreach line [split [string trim [text $::table]] \n] {
        if {[string match #* $line]} continue
        lassign [split $line \t] name what count
        dict set all $name $what $count
    }
    return $all
}

proc table_gcc {} {
    regexp -line {^# gcc (\d+)} [text $::table] - major
    return $major
}

proc table_update {} {
    set lines [list "# gcc [gcc_major]: instructions of one call, by callgrind; BENCH_UPDATE=1 with instructions.tcl writes this file"]
    foreach {name spec inputs classes tokens settings} $::models {
        foreach {what count} [instructions_of $name $spec $inputs $classes $tokens $settings] { lappend lines [join [list $name $what $count] \t] }
    }
    put $::table [join $lines \n]\n
}

# ---- what must be there ----

# gcc's major version; "" for another compiler
proc gcc_major {} {
    set result [run $::cc -dM -E -x c /dev/null]
    set macros [dict get $result out]
    if {[regexp {__clang__} $macros] || ![regexp -line {__GNUC__ (\d+)$} $macros - major]} { return "" }
    return $major
}

# Why nothing can be counted here; "" when it can
proc obstacle {} {
    if {[exec uname -m] ne "x86_64"} { return "the table is of x86-64" }
    if {[auto_execok valgrind] eq ""} { return "no valgrind" }
    if {[env_or BENCH_UPDATE 0]} { return "" }
    if {[gcc_major] ne [table_gcc]} { return "$::cc is not gcc [table_gcc], of which the table is; BENCH_UPDATE=1 writes a new one" }
    return ""
}

# "within", or by how much a count has grown
proc judged {found expected} {
    if {$found <= $::limit * $expected} { return within }
    return "$found instructions, [format %+.1f%% [expr {100.0 * $found / $expected - 100}]] of the table's $expected"
}

if {[set why [obstacle]] ne ""} {
    skip instructions $why
} elseif {[env_or BENCH_UPDATE 0]} {
    test instructions/update { table_update } {}
} else {
    foreach {name spec inputs classes tokens settings} $models {
        test instructions/$name {
            set found [instructions_of $name $spec $inputs $classes $tokens $settings]
            lmap {what expected} [dict get [table_read] $name] { list $what [judged [dict get $found $what] $expected] }
        } [lmap {what -} [dict get [table_read] $name] { list $what within }]
        foreach {what expected} [dict get [table_read] $name] {
            if {[info exists found] && [dict exists $found $what] && [dict get $found $what] < $expected / $limit} {
                puts "instructions/$name: $what takes [dict get $found $what], the table says $expected: write it anew"
            }
        }
        unset -nocomplain found
    }
}

# What says why a goal is out of reach has to say something: figures above 0, of wide vectors and of narrow ones
foreach bytes {64 32} {
    test limit/$bytes {
        put vectors.h [ran sh $root/tests/unit/make_vector.sh float any $bytes]
        ran $cc -O1 {*}$native -std=gnu11 -Wall -Wextra -Werror -DVECTOR_LAYER="vectors.h" -I. $here/limit.c -o limit
        lmap words {{lstm 1 20} {gru 1 8} {sequence lstm 9 16} {layer rnn 16 16 64 32}} { lmap {- ns} [ran ./limit {*}$words] { expr {$ns > 0} } }
    } {{1 1 1} {1 1 1} {1 1 1} 1}
}
