# gradcheck.tcl: finite differences of models with kinks (relu, max): right gradients pass for every seed, wrong ones fail for every seed.

source $root/tests/tools/specs.tcl

set build [file dirname [file dirname $seqgen]]

proc generate {name args} { ran $::seqgen [spec -name $name {*}$args] -o $name.c --target portable --quiet }
proc compiled {name} {
    ran {*}[dict get $::quick CC] -O0 -I$::build/include $name.c -o $name $::build/lib/libseqtrain.a $::build/lib/libseqrt.a -ljansson -lm -lpthread
}

# A copy of a model's C with one piece of it replaced everywhere
proc broken {name as from to} {
    set text [string map [list $from $to] [text $name.c]]
    if {$text eq [text $name.c]} { error "$name.c has no $from" }
    put $as.c $text
    compiled $as
}

# The exit codes that occur over seeds 1 .. count
proc codes {name count} {
    for {set seed 1} {$seed <= $count} {incr seed} { lappend all [dict get [run ./$name gradcheck --seed $seed] code] }
    return [lsort -unique $all]
}

foreach {name B model} {
    few   2  {flatten "linear: {out: 5}" relu "linear: {out: classes}"}
    many  16 {flatten "linear: {out: 5}" relu "linear: {out: classes}"}
    deep  16 {"embedding: {dim: 4}" "rnn: {hidden: 8, nonlinearity: relu}" max "linear: {out: classes}"}
} {
    test right/$name {
        generate $name -batch $B -model $model
        compiled $name
        codes $name 20
    } 0
}
test right/counted {
    set counts [lmap {- n} [regexp -all -inline {"kinks": (\d+)} [ran ./deep gradcheck --seed 3 --json]] { set n }]
    list [llength $counts] [expr {[lindex [lsort -integer $counts] end] > 0}]
} {7 1}

# Through units that are off as well; through none; a tenth too large. Weights before them are wrong, in every seed
set mask {v_select_lt(v_zero(), yt, dyt, v_zero())}
foreach {name to} {unmasked dyt nothing v_zero() larger {v_select_lt(v_zero(), yt, dyt * v_set((Real)1.1), v_zero())}} {
    test wrong/$name {
        broken many $name $mask $to
        codes $name 5
    } 4
}
