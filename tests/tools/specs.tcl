# specs.tcl: small specs with data, for tests that need many of them.
#
# spec KEY VALUE ... writes NAME.yaml and NAME.csv into the current directory and returns the spec's path. Keys:
#   -name    stem of the files (model)
#   -input   chars | words | rows | shaped      -T longest sequence (7)      -features of rows, shaped (3)      -scale of them (1)
#   -sequences of the data (11)                 -seed of the training (1)
#   -target  {class K} | {tag K} | next | {value O} | {signal O}
#   -model   list of layers, as they stand behind "- "
#   -loss    (fits the target)   -optimizer {..} as in the spec   -batch (5)
#   -train   more lines of `train`              -codegen lines of `codegen`
#
# verify KEY VALUE ... compares it with the interpreter as `seqgen verify` does: "good", or what was wrong. It takes portable C
# and libtcc in one process, which is quick; verify_vectors is the command itself, this machine's vectors and a large compiler,
# which is not; verify_both is one after the other.

proc default_loss {target} {
    return [expr {[lindex $target 0] in {value signal} ? "mse" : "cross_entropy"}]
}

proc numbered {letter count} {
    set names {}
    for {set i 0} {$i < $count} {incr i} { lappend names $letter$i }
    return $names
}

# Numbers between -scale and scale, the same in every run, without a visible pattern
proc cells {row count {scale 1}} {
    set values {}
    for {set j 0} {$j < $count} {incr j} { lappend values [format %.3f [expr {$scale * sin($row * 12.9898 + $j * 78.233)}]] }
    return $values
}

proc target_cells {target loss row} {
    lassign $target kind count
    switch $kind {
        class - tag { return k[expr {$row % $count}] }
        value - signal { return [lmap x [cells [expr {$row + 100}] $count] { expr {$loss eq "bce" ? $x > 0 : $x} }] }
        default { return {} }
    }
}

proc letters {row length joined} {
    set words {}
    for {set i 0} {$i < $length} {incr i} { lappend words [string index abcdefgh [expr {($row * 5 + $i * $i + $i) % 8}]] }
    return [join $words $joined]
}

proc data_lines {o} {
    dict with o {}
    set labels [expr {$target eq "next" ? {} : [lindex $target 0] in {value signal} ? [numbered y [lindex $target 1]] : "label"}]
    set columns [dict get [dict create chars text words text rows [concat id [numbered x $features]] \
        shaped [numbered x [expr {$T * $features}]]] $input]
    set lines [list [join [concat $columns $labels] ,]]
    set row 0
    for {set s 0} {$s < $sequences} {incr s} {
        set length [expr {2 + ($s * 3 + 5) % ($T > 2 ? $T - 1 : 1)}]
        switch $input {
            chars  { lappend lines [join [concat [letters $s $length ""] [target_cells $target $loss $s]] ,] }
            words  { lappend lines [join [concat [list [letters $s $length " "]] [target_cells $target $loss $s]] ,] }
            shaped { lappend lines [join [concat [cells $s [expr {$T * $features}] $scale] [target_cells $target $loss $s]] ,] }
            rows {
                for {set t 0} {$t < $length} {incr t; incr row} {
                    set at [expr {[lindex $target 0] in {tag signal} ? $row : $s}]
                    lappend lines [join [concat s$s [cells $row $features $scale] [target_cells $target $loss $at]] ,]
                }
            }
        }
    }
    return $lines
}

proc data_section {o} {
    dict with o {}
    switch $input {
        chars - words { set lines [list "input: {$input: text}" "max_length: $T"] }
        rows { set lines [list "input: {columns: \[[join [numbered x $features] {, }]\]}" "sequence: id" "max_length: $T"] }
        shaped { set lines [list "input: {columns: \['x*'\], shape: \[$T, $features\]}"] }
    }
    switch [lindex $target 0] {
        next { lappend lines "target: {next: true}" }
        value - signal { lappend lines "target: {[lindex $target 0]: \[[join [numbered y [lindex $target 1]] {, }]\]}" }
        default { lappend lines "target: {[lindex $target 0]: label}" }
    }
    return [linsert $lines 0 "train: $name.csv"]
}

proc spec {args} {
    set o [dict create name model input chars T 7 features 3 scale 1 sequences 11 seed 1 target {class 3} model {} loss {} optimizer {sgd: {lr: 0.1}} \
        batch 5 train {} codegen {}]
    foreach {key value} $args { dict set o [string range $key 1 end] $value }
    if {[dict get $o loss] eq ""} { dict set o loss [default_loss [dict get $o target]] }
    dict with o {}
    set text "seqgen: 1\nname: $name\ndata:\n  [join [data_section $o] "\n  "]\nmodel:\n  - [join $model "\n  - "]\n"
    append text "train:\n  loss: $loss\n  optimizer: {$optimizer}\n  batch: $batch\n  epochs: 1\n  seed: $seed\n"
    foreach line $train { append text "  $line\n" }
    if {$codegen ne ""} { append text "codegen:\n  [join $codegen "\n  "]\n" }
    put $name.yaml $text
    put $name.csv [join [data_lines $o] \n]\n
    return $name.yaml
}

proc verify {args} {
    return [verdict [inplace verify [spec {*}$args]]]
}

proc verify_vectors {args} {
    return [verdict [run -timeout 600 -env $::vectors $::seqgen verify [spec {*}$args]]]
}

proc verify_both {args} {
    set portable [verify {*}$args]
    return [expr {$portable eq "good" ? [verify_vectors {*}$args] : $portable}]
}

# Epochs of the spec's own data (verify draws its batch) by the C, with such an environment, and by the interpreter: the loss, and whether it and the weights
# are alike, by the tolerance
proc spec_trained_alike {tolerance environment spec epochs} {
    ran -env $environment $::seqgen build $spec -o trainer --quiet
    ran ./trainer train --epochs $epochs --save a.safetensors --log a.csv --quiet
    ran $::seqgen run $spec train --epochs $epochs --save b.safetensors --log b.csv --quiet
    set loss [logged_loss a.csv]
    set alike [expr {abs($loss / [logged_loss b.csv] - 1) < 1e-5 && [dict get [run $::stcompare a.safetensors b.safetensors $tolerance] code] == 0}]
    return "loss $loss, [expr {$alike ? "alike" : "not alike"}]"
}

proc trained_alike {tolerance environment args} { return [spec_trained_alike $tolerance $environment [spec {*}$args] 1] }

# The loss of the first epoch in a file that `train --log` wrote
proc logged_loss {path} { return [lindex [split [lindex [split [text $path] \n] 1] ,] 2] }
