# first_names.tcl: the first-names example from spec to predictions: determinism, checkpoints, metrics, accuracy.

set specs $root/specs
set spec $specs/first_names_lstm.yaml

# The trainer, in specs/, where the data's paths start
proc trainer {args} { return [ran -dir $::specs $::tmp/trainer {*}$args] }

proc same {a b} { return [expr {[text $a] eq [text $b] ? "same" : "different"}] }

proc json_number {json key} {
    if {![regexp "\"$key\": *(\[-+0-9.eE\]+)" $json -> value]} { error "no $key in $json" }
    return $value
}

# ---- generating ----

test same_bytes {
    file mkdir other/place
    ran $seqgen $spec -o one.c --quiet
    ran -dir other/place $seqgen $spec -o $tmp/other/one.c --quiet
    list [same one.h other/one.h] [same one.c other/one.c]
} {same same}
test no_traces {
    # No path, user or date of this machine in what is generated
    set found {}
    foreach word [list $root $tmp [exec hostname] [clock format [clock seconds] -format %Y-%m-%d]] {
        if {[string first $word [text one.c][text one.h]] >= 0} { lappend found $word }
    }
    set found
} {}
test build { ran $seqgen build $spec -o trainer --quiet } {}

# ---- same seed, same bits ----

set short {--epochs 2 --steps 60 --quiet}
test seed {
    trainer train {*}$short --seed 5 --save $tmp/a.safetensors
    trainer train {*}$short --seed 5 --save $tmp/b.safetensors
    trainer train {*}$short --seed 6 --save $tmp/c.safetensors
    list [same a.safetensors b.safetensors] [same a.safetensors c.safetensors]
} {same different}
test threads {
    trainer train {*}$short --seed 5 --threads 2 --save $tmp/b.safetensors
    same a.safetensors b.safetensors
} same
test shuffle {
    trainer train {*}$short --seed 5 --no-shuffle --save $tmp/b.safetensors
    same a.safetensors b.safetensors
} different

# ---- N steps are k steps, checkpoint, resume, N - k steps ----

foreach k {1 37 180 181 200} {
    # 181 batches an epoch: 180, 181 and 200 are before, at and behind its end
    test resume_after_$k {
        set all {--epochs 2 --quiet}
        if {![file exists whole.safetensors]} { trainer train {*}$all --steps 260 --save $tmp/whole.safetensors }
        trainer train {*}$all --steps $k --checkpoint $tmp/check.safetensors
        trainer train {*}$all --steps 260 --resume $tmp/check.safetensors --save $tmp/parts.safetensors
        same whole.safetensors parts.safetensors
    } same
}
test resume_loads_as_weights {
    trainer eval --load $tmp/check.safetensors --json
} /"accuracy"/
test resume_of_weights_is_refused {
    set result [run -dir $specs $tmp/trainer train --resume $tmp/whole.safetensors --quiet]
    list [dict get $result code] [regexp checkpoint [dict get $result err]]
} {2 1}

# ---- one epoch, eval, predict ----

test one_epoch {
    trainer train --epochs 1 --seed 1 --quiet --log $tmp/log.csv --save $tmp/w.safetensors
    file exists w.safetensors
} 1
test log_has_a_row_an_epoch { llength [split [string trim [text log.csv]] \n] } 2
set json {}
test eval_json {
    set json [trainer eval --load $tmp/w.safetensors --json]
    list [json_number $json count] [expr {[json_number $json loss] < 0.69}]
} {1601 1}
test accuracy { expr {[json_number $json accuracy] > 0.7} } 1
test eval_other_data {
    set other [trainer eval --load $tmp/w.safetensors --data $specs/data/first_names/train.csv --json]
    json_number $other count
} 6402
test interpreter_agrees {
    set oracle [ran -dir $specs $seqgen run $spec eval --load $tmp/w.safetensors --json]
    list [expr {abs([json_number $oracle loss] - [json_number $json loss]) < 1e-5}] \
        [expr {[json_number $oracle accuracy] == [json_number $json accuracy]}]
} {1 1}
test predict_texts {
    set lines [split [string trim [trainer predict --load $tmp/w.safetensors juliana robert]] \n]
    list [llength $lines] [lindex $lines 0] [lmap line [lrange $lines 1 end] { lindex [split $line ,] 0 }]
} {3 class,female,male {female male}}
test predict_probabilities {
    # Columns named after classes add up to one in every line
    set lines [split [string trim [trainer predict --load $tmp/w.safetensors --data $specs/data/first_names/test.csv]] \n]
    set odd {}
    foreach line [lrange $lines 1 end] {
        set sum 0
        foreach cell [lrange [split $line ,] end-1 end] { set sum [expr {$sum + $cell}] }
        if {abs($sum - 1) > 1e-4} { lappend odd $line }
    }
    list [llength $lines] $odd
} {1602 {}}
test predict_batch_is_predict_one {
    # A name's probabilities do not depend on its company
    set one [lindex [split [trainer predict --load $tmp/w.safetensors juliana] \n] 1]
    set many [lindex [split [trainer predict --load $tmp/w.safetensors x maximiliane juliana a] \n] 3]
    set apart {}
    foreach a [split $one ,] b [split $many ,] {
        if {[string is double -strict $a] ? abs($a - $b) > 1e-5 : $a ne $b} { lappend apart $a $b }
    }
    set apart
} {}

# ---- files ----

test wrong_weights {
    ran -env $quick $seqgen build $specs/first_names_gru.yaml -o gru --quiet --target portable
    set result [run -dir $specs $tmp/gru eval --load $tmp/w.safetensors]
    list [dict get $result code] [regexp {lstm\.weight_ih_l0} [dict get $result err]]
} {2 1}
test cut_weights {
    set bytes [text w.safetensors]
    set odd {}
    foreach size [list 0 7 8 100 [expr {[string length $bytes] / 2}] [expr {[string length $bytes] - 1}]] {
        put cut.safetensors [string range $bytes 0 $size-1]
        set code [dict get [run -dir $specs $tmp/trainer eval --load $tmp/cut.safetensors] code]
        if {$code ne "2"} { lappend odd $size $code }
    }
    set odd
} {}
test gradcheck { dict get [run $tmp/trainer gradcheck] code } 0
