# recurrent.tcl: rnn, lstm and gru against the interpreter: sizes at and beside a vector's width, directions, stacks.
# Every model in portable C; with vectors one a kind (wider than a vector, with a rest), a bidirectional and a stacked one.

source $root/tests/tools/specs.tcl

foreach kind {rnn lstm gru} {
    foreach hidden {1 7 8 13 16 17 33} {
        test $kind/hidden_$hidden {
            verify -model [list "embedding: {dim: 5}" "$kind: {hidden: $hidden}" last "linear: {out: classes}"]
        } good
    }
    test $kind/vectors {
        verify_vectors -model [list "embedding: {dim: 5}" "$kind: {hidden: 17}" last "linear: {out: classes}"]
    } good
    foreach {name keys} {
        no_bias {bias: false}
        bidirectional {bidirectional: true}
        stack {layers: 3}
        stack_bidirectional {layers: 2, bidirectional: true}
        dropout {layers: 2, dropout: 0.4}
    } {
        test $kind/$name {
            verify -model [list "$kind: {hidden: 11, $keys}" last "linear: {out: classes}"]
        } good
        test $kind/${name}_tag {
            verify -input rows -target {tag 4} -model [list "$kind: {hidden: 6, $keys}" "linear: {out: classes}"]
        } good
    }
    test $kind/next {
        verify -target next -model [list "$kind: {hidden: 12}" "linear: {out: vocab}"]
    } good
    test $kind/wide_input {
        verify -input rows -features 45 -target {value 2} -model [list "$kind: {hidden: 5}" last "linear: {out: targets}"]
    } good
    test $kind/one_feature {
        verify -input rows -features 1 -target {value 1} -model [list "$kind: {hidden: 20}" last "linear: {out: targets}"]
    } good
    foreach {name keys} {one_step {-T 1 -input shaped} one_row {-batch 1} larger_batch_than_data {-batch 19}} {
        test $kind/$name {
            verify {*}$keys -model [list "$kind: {hidden: 10}" last "linear: {out: classes}"]
        } good
    }
    foreach unroll {full none} {
        test $kind/unroll_$unroll {
            verify -T 12 -codegen [list "unroll: $unroll"] -model [list "$kind: {hidden: 9}" mean "linear: {out: classes}"]
        } good
    }
    test $kind/linear_first {
        verify -model [list "linear: {out: 6}" tanh "$kind: {hidden: 7}" last "linear: {out: classes}"]
    } good
}
# More weights than the first cache holds, and one row: every other step goes through the units backwards.
foreach {kind hidden} {rnn 124 lstm 60 gru 72} {
    test $kind/turns {
        verify -T 5 -batch 1 -input rows -features 1 -target {value 1} -model [list "$kind: {hidden: $hidden}" last "linear: {out: targets}"]
    } good
}
# So it is from 28 KB on; dump says where
foreach {hidden turned} {40 0 44 0 64 1} {
    test turns/gru_$hidden {
        regexp {every other step reads the weights backwards} [ran $seqgen [spec -batch 1 -input rows -features 1 -target {value 1} -model [list "gru: {hidden: $hidden}" last "linear: {out: targets}"]] --dump plan]
    } $turned
}
# Tiles that fill a batch of 16 fill the eight rows of each of two threads
test tiles/halved {
    regexp {gru_3_64_step.*?tile rows x vectors: v64 (\d+)x4} [ran $seqgen [spec -batch 16 -input rows -target {value 1} -model {"gru: {hidden: 64}" last "linear: {out: targets}"}] --dump plan] - rows
    expr {8 % $rows}
} 0
test turns/vectors {
    verify_vectors -T 5 -batch 1 -input rows -features 1 -target {value 1} -model {"lstm: {hidden: 61}" last "linear: {out: targets}"}
} good
# Some units behind the last whole panel: a row alone has their gates packed. Rests of 1, 2, 3, 5 and 8 of 16, and of 4 of 8; with a table, and where
# every other step goes backwards
foreach {name options model} {
    one    {-input rows -target {value 2}}                             {"lstm: {hidden: 17}" last "linear: {out: targets}"}
    two    {-input chars -target next}                                 {"gru: {hidden: 34}" "linear: {out: vocab}"}
    three  {-input rows -target {tag 3}}                               {"gru: {hidden: 19, layers: 2, bias: false}" "linear: {out: classes}"}
    four   {-input rows -target {value 1} -codegen {"real: float64"}}  {"lstm: {hidden: 12}" last "linear: {out: targets}"}
    five   {-input rows -target {value 1}}                             {"gru: {hidden: 21}" last "linear: {out: targets}"}
    eight  {-input rows -target {value 1}}                             {"lstm: {hidden: 72}" last "linear: {out: targets}"}
    normed {-input rows -target {tag 3}}                               {"lstm: {hidden: 20}" layer_norm "gru: {hidden: 18}" layer_norm "linear: {out: classes}"}
    bare   {-input rows -target {tag 3} -features 6}                   {"lstm: {hidden: 36, layers: 2, bias: false}" "linear: {out: classes}"}
} {
    set keys [list {*}$options -model $model]
    test tail/$name { verify_vectors {*}$keys } good
    test tail/${name}_is { regexp {the last \d units packed} [ran $seqgen [spec {*}$keys] --dump plan] } 1
}
test tail/nine_is_not { regexp {units packed} [ran $seqgen [spec -input rows -target {value 1} -model {"lstm: {hidden: 25}" last "linear: {out: targets}"}] --dump plan] } 0
# One tile has all units of a row alone: what the first of its functions do without is summed behind them. Of 1, 2 and 3 vectors, by name, with scalars of 64 bits
foreach {name options model} {
    eight  {-input rows -target {value 1}}                            {"lstm: {hidden: 8}" last "linear: {out: targets}"}
    seven  {-input rows -target {value 2}}                            {"gru: {hidden: 7, layers: 2}" last "linear: {out: targets}"}
    wide   {-input rows -target {tag 3} -features 9}                  {"gru: {hidden: 30, layers: 2, bias: false}" layer_norm "linear: {out: classes}"}
    names  {-input chars -target next}                                {"gru: {hidden: 32}" "linear: {out: vocab}"}
    three  {-input rows -target {value 1}}                            {"gru: {hidden: 46}" last "linear: {out: targets}"}
    double {-input rows -target {value 1} -codegen {"real: float64"}} {"lstm: {hidden: 14}" "gru: {hidden: 8}" last "linear: {out: targets}"}
} {
    set keys [list {*}$options -model $model]
    test late/$name { verify_vectors {*}$keys } good
    test late/${name}_is { regexp {behind the first pass, where one tile has all units} [ran $seqgen [spec {*}$keys] --dump plan] } 1
}
test late/slices { # of the inputs: four, with which the sums of either pass fill the registers; two of all slots where they are staggered
    lmap {cell hidden} {lstm 16 gru 32 lstm 32} {
        regexp "${cell}_3_${hidden}_stream.*?tile rows x vectors: v64 (\\S+)," [ran $seqgen [spec -input rows -target {value 1} -model [list "$cell: {hidden: $hidden}" last "linear: {out: targets}"]] --dump plan] - tile
        set tile
    }
} {4x4 4x8 2x8}
# An LSTM's units are two to four vectors: the functions of each beside the sums of the next. An odd rest of the state, a table, scalars of 64 bits; with more
# weights than the first cache holds, where every other step goes backwards
foreach {name options model} {
    two    {-input rows -target {value 1}}                            {"lstm: {hidden: 32}" last "linear: {out: targets}"}
    odd    {-input rows -target {tag 3} -features 9}                  {"lstm: {hidden: 29, layers: 2, bias: false}" layer_norm "linear: {out: classes}"}
    names  {-input chars -target next}                                {"lstm: {hidden: 30}" "linear: {out: vocab}"}
    double {-input rows -target {value 1} -codegen {"real: float64"}} {"lstm: {hidden: 16}" last "linear: {out: targets}"}
    three  {-input rows -target {value 1} -codegen {"real: float64"}} {"lstm: {hidden: 23}" last "linear: {out: targets}"}
    turned {-input rows -target {tag 3} -batch 1}                     {"lstm: {hidden: 61}" "linear: {out: classes}"}
    turned_slices {-input rows -target {value 1} -features 97}        {"lstm: {hidden: 31}" last "linear: {out: targets}"}
    turned_double {-input rows -target {value 1} -features 31 -codegen {"real: float64"}} {"lstm: {hidden: 30}" last "linear: {out: targets}"}
} {
    set keys [list {*}$options -model $model]
    test staggered/$name { verify_vectors {*}$keys } good
    test staggered/${name}_is { regexp {beside the functions of the one before, where one tile has all units} [ran $seqgen [spec {*}$keys] --dump plan] } 1
}
foreach {name options cell} {tail {} "lstm: {hidden: 40}" turned {} "lstm: {hidden: 48}" gru {} "gru: {hidden: 64}" one {} "lstm: {hidden: 16}" portable {-codegen {"target: portable"}} "lstm: {hidden: 32}"} {
    test staggered/${name}_is_not { regexp {beside the functions} [ran $seqgen [spec -input rows -target {value 1} {*}$options -model [list $cell last "linear: {out: targets}"]] --dump plan] } 0
}
test staggered/hoisted { # a file for one sequence, whose steps begin with products made before
    set model [list "lstm: {hidden: 32}" last "linear: {out: targets}"]
    set plan [ran $seqgen [spec -T 29 -batch 1 -input rows -features 9 -target {value 1} -model $model] --emit infer --dump plan]
    list [regexp {input products of \d+ steps} $plan] [regexp {beside the functions} $plan]
} {1 1}
foreach {name options hidden} {tail {} 20 turned {} 61 portable {-codegen {"target: portable"}} 8} {
    test late/${name}_is_not { regexp {behind the first pass} [ran $seqgen [spec -input rows -target {value 1} {*}$options -model [list "lstm: {hidden: $hidden}" last "linear: {out: targets}"]] --dump plan] } 0
}
# One sequence: the products of its inputs are made for some steps at once, in either direction; with a rest of them, of one piece and of two
foreach {name options model} {
    rnn      {-features 8}                                           {"rnn: {hidden: 9}" last}
    lstm     {-features 9 -codegen {{unroll: none}}}                 {"lstm: {hidden: 7, bidirectional: true}" last}
    gru      {-features 10 -codegen {"real: float64"}}               {"gru: {hidden: 5, layers: 2, bidirectional: true, bias: false}" mean}
    embedded {-input chars -target next}                             {"embedding: {dim: 8}" layer_norm "lstm: {hidden: 6}"}
    exact    {-T 12 -features 11}                                    {layer_norm "gru: {hidden: 6}" max}
} {
    set keys [list -T 29 -batch 1 -input rows -target {value 2} {*}$options -model [list {*}$model "linear: {out: [expr {$name eq "embedded" ? "vocab" : "targets"}]}"]]
    test hoisted/$name { verify {*}$keys } good
    test hoisted/${name}_is { regexp {input products of \d+ steps} [ran $seqgen [spec {*}$keys] --dump plan] } 1
}
test hoisted/whole { # as long as they can be, too: where a batch is one sequence, verify's is shorter
    trained_alike 1e-4 {} -T 12 -batch 1 -input rows -features 9 -target {value 2} -model {"lstm: {hidden: 7, bidirectional: true}" last "linear: {out: targets}"}
} {/^loss \d.*, alike$/}
test hoisted/padded { # what verify draws there
    ran -env $quick $seqgen build [spec -T 12 -batch 1 -input rows -target {value 1} -model {"rnn: {hidden: 3}" last "linear: {out: targets}"}] -o one --target portable --quiet
    ran ./one probe --save p.safetensors
    set file [open p.safetensors rb]
    binary scan [read $file 8] m length
    regexp {"batch\.lengths":[^\}]*"data_offsets": *\[(\d+)} [read $file $length] - offset
    seek $file [expr {8 + $length + $offset}]
    binary scan [read $file 4] i steps
    close $file
    set steps
} 9
test hoisted/vectors {
    verify_vectors -T 29 -batch 1 -input rows -features 9 -target {value 1} -model {"lstm: {hidden: 60, bidirectional: true}" last "linear: {out: targets}"}
} good
# More weights a tile than the first cache holds, and many rows: inputs go in blocks, the last of which is shorter. Thirteen rows are in two
# tiles more than once, and at the last steps, where few sequences still run, there are fewer than a tile has.
foreach {kind hidden features batch} {rnn 48 270 21 lstm 13 250 13 gru 13 250 13} {
    set keys [list -T 4 -batch $batch -input rows -features $features -target {value 1} -model [list "$kind: {hidden: $hidden}" last "linear: {out: targets}"]]
    test $kind/blocks { verify {*}$keys } good
    test $kind/blocks_are_there { regexp {inputs in blocks of} [ran $seqgen [spec {*}$keys] --dump plan] } 1
}
test blocks/vectors {
    verify_vectors -T 4 -batch 13 -input rows -features 250 -target {value 1} -model {"lstm: {hidden: 17}" last "linear: {out: targets}"}
} good
# A megabyte of weights a step: a block's are fetched while those before are in use.
set keys {-T 2 -batch 13 -input rows -features 200 -target {value 1} -model {"lstm: {hidden: 257}" last "linear: {out: targets}"}}
test ahead/vectors { verify_vectors {*}$keys } good
test ahead/vectors_are_there { regexp {the next one fetched ahead} [ran $seqgen [spec {*}$keys] --dump plan] } 1
# Gates that the second cache does not hold: gradients are made every few steps; the last chunk, that of step 0 or of the last step, is a rest.
proc chunks {keys options} {
    return [regexp {gradients of weights and input, over \d+ steps} [ran $::seqgen [spec {*}$keys] {*}$options --dump plan]]
}
foreach {name options model} {
    rnn     {-batch 165}                                            {"rnn: {hidden: 30}" mean}
    lstm    {-batch 112}                                            {"lstm: {hidden: 9, bidirectional: true}" last}
    stack   {-batch 112}                                            {"lstm: {hidden: 9, layers: 2, dropout: 0.2}" last}
    gru     {-batch 112 -codegen {{unroll: none}}}                  {layer_norm "gru: {hidden: 10, bidirectional: true, bias: false}" max}
    tokens  {-batch 21 -input chars -codegen {"real: float64"}}     {"lstm: {hidden: 32, bidirectional: true}" mean}
} {
    set keys [list -T 19 -input rows -target {value 2} {*}$options -model [list {*}$model "linear: {out: targets}"]]
    test chunks/$name { verify {*}$keys } good
    test chunks/${name}_are_there { chunks $keys {--target portable} } 1
    test chunks/${name}_have_parts { regexp {part < PARTS} [ran $seqgen [spec {*}$keys] --target portable --dump plan] } [expr {$name ne "tokens"}]
}
set keys {-T 50 -batch 128 -input rows -target {value 2} -model {layer_norm "lstm: {hidden: 16, bidirectional: true}" last "linear: {out: targets}"}}
test chunks/vectors { verify_vectors {*}$keys } good
test chunks/vectors_are_there { chunks $keys {} } 1
# The next step's gates are fetched, in either direction; of five sequences all are in the first cache.
test fetched/are { regexp -all {next step's rows fetched meanwhile} [ran $seqgen [spec {*}$keys] --dump plan] } 1
test fetched/from_both_sides { regexp -all {lstm_16_to_16_dh\([^\n]*, m->d.lstm_l0(?:_reverse)?_weight_hh_t, m->lstm_l0(?:_reverse)?_gates \+ } [ran $seqgen [spec {*}$keys] --dump plan] } 2
test fetched/are_not { regexp {fetched meanwhile} [ran $seqgen [spec {*}$keys -T 20 -batch 5] --dump plan] } 0
# More gates than the second cache holds: what a step writes is fetched before its sums, and where weights go in blocks, before those of the last block. More
# gradients than it holds beside them: the next tile's sums are fetched.
proc kernel_text {c name} {
    if {![regexp -indices "INLINE void ${name}_tile\\(" $c at]} { error "no kernel $name" }
    return [string range $c [lindex $at 0] [string first \n\}\n $c [lindex $at 0]]]
}
# Where its stores, or fetches, go
proc addresses {text call} {
    return [lsort [lmap {- at} [regexp -all -inline "$call\\((\[^\n\]* at \[^\n\]*)\\);" $text] { regsub {, \w+$} $at {} }]]
}
proc written_and_fetched {keys name} {
    set text [kernel_text [ran $::seqgen [spec {*}$keys] -o -] $name]
    set written [addresses $text v_put]
    return [list [llength $written] [expr {[addresses $text v_fetch_near] eq $written}] [regexp {if \(block < BLOCKS - 1 \|\| .*\n *continue;} $text]]
}
test fetched/written { written_and_fetched [list {*}$keys -T 70] {lstm_\w+_16_step} } {6 1 0}
test fetched/written_vectors { verify_vectors {*}$keys -T 70 -sequences 130 } good
test fetched/written_not { regexp {fetched before} [ran $seqgen [spec {*}$keys] --dump plan] } 0
set keys {-T 40 -batch 13 -input rows -features 200 -target {value 1} -model {"lstm: {hidden: 257}" last "linear: {out: targets}"}}
test fetched/blocks { written_and_fetched $keys lstm_200_257_step } {6 1 1}
test fetched/sums { regexp -all {next tile's sums fetched} [ran $seqgen [spec {*}$keys] --dump plan] } 2
# .. as they are read, a tile further on
test fetched/sums_next {
    set text [kernel_text [ran $seqgen [spec {*}$keys] -o -] {gradient_200x\d+_sums}]
    lassign [lmap call {{v_get\(out} {v_fetch_near\(next}} { lindex [regexp -inline "$call (\[^\n\]*)\\);" $text] 1 }] read fetched
    list [expr {$read ne "" && $read eq $fetched}] [regexp {next = k \+ 2 \* R <= 200 \? out \+ R \* S \* P : out;} $text]
} {1 1}
test fetched/sums_not { regexp {next tile's sums} [ran $seqgen [spec {*}$keys -features 20 -model {"lstm: {hidden: 100}" last "linear: {out: targets}"}] --dump plan] } 0
# Gates at their ends: an output gate of zero hides what tanh(c) was.
foreach {name environment codegen} [list vectors $vectors {} scalars {} {{target: portable}} double {} {{target: portable} {real: float64}}] {
    test lstm/saturated_$name {
        trained_alike 1e-4 $environment -input rows -scale 2000 -target {tag 3} -codegen $codegen -model {"lstm: {hidden: 9}" "linear: {out: classes}"}
    } {/^loss [0-9.]+, alike/}
}
# One sequence and no training: forward's step is the streaming one, and stands in the file once.
test alone/one_kernel {
    set spec [spec -batch 1 -input rows -features 1 -target {value 1} -model {"lstm: {hidden: 20}" last "linear: {out: targets}"}]
    ran $seqgen run $spec train --epochs 0 --save w.safetensors --quiet
    regexp -all {INLINE void lstm_\w+_tile\(} [ran $seqgen $spec --emit infer --weights w.safetensors -o -]
} 1
# Gates of a whole kilobyte a row stand further apart than they are wide; in chunks/tokens, too.
foreach {name input model} {
    tokens chars {"lstm: {hidden: 32}" last}
    gru    rows  {"gru: {hidden: 32, bidirectional: true}" mean}
    rnn    rows  {"rnn: {hidden: 128}" last}
} {
    set keys [list -T 5 -input $input -target {value 2} -codegen {"real: float64"} -model [list {*}$model "linear: {out: targets}"]]
    test apart/$name { verify {*}$keys } good
    test apart/${name}_are { regexp {_gates \+ at \* 132} [ran $seqgen [spec {*}$keys] --target portable --dump plan] } 1
}
# Portable C: rows x sums of a step's tile; one of four sums a unit has fewer units and more rows
foreach {kind tile} {lstm 4x8 gru 4x8 rnn 2x4} {
    test portable/$kind {
        set plan [ran $seqgen [spec -batch 32 -input rows -target {value 1} -model [list "$kind: {hidden: 64}" last "linear: {out: targets}"]] --target portable --dump plan]
        regexp {tile \S+_step: [^\n]*\n[^\n]* scalar (\d+x\d+)} $plan -> found
        set found
    } $tile
}
# Tokens' vectors multiplied by the input weights once a step: ten tokens, twenty rows of a batch and more; gradients at the end, and every few steps
proc table {keys} { return [regexp {the tokens' vectors times weight_ih} [ran $::seqgen [spec {*}$keys] --target portable --dump plan]] }
foreach {name there options model} {
    rnn       1 {}                                                  {"embedding: {dim: 8}" "rnn: {hidden: 7, nonlinearity: relu}" mean}
    lstm      1 {-target next}                                      {"embedding: {dim: 9}" "lstm: {hidden: 6, bias: false}"}
    gru       1 {-input words}                                      {"embedding: {dim: 10}" "gru: {hidden: 5, layers: 2}" last}
    lstm_both 1 {}                                                  {"embedding: {dim: 9}" "lstm: {hidden: 6, bidirectional: true}" last}
    gru_both  1 {-codegen {{unroll: none}}}                         {"embedding: {dim: 21}" "gru: {hidden: 5, bidirectional: true}" max}
    chunks    1 {-T 19 -batch 112 -codegen {{real: float64}}}       {"embedding: {dim: 8}" "lstm: {hidden: 9, bidirectional: true}" last}
    gru_chunks 1 {-T 19 -batch 112}                                 {"embedding: {dim: 8}" "gru: {hidden: 14}" mean}
    few_rows  0 {-T 3}                                              {"embedding: {dim: 8}" "rnn: {hidden: 7}" mean}
    few_numbers 0 {}                                                {"embedding: {dim: 7}" "rnn: {hidden: 7}" mean}
    dropout   0 {}                                                  {"embedding: {dim: 8}" "dropout: {p: 0.3}" "lstm: {hidden: 7}" last}
    elsewhere 0 {}                                                  {"embedding: {dim: 8}" layer_norm "lstm: {hidden: 7}" last}
} {
    set out [expr {$name eq "lstm" ? "vocab" : "classes"}]
    set keys [list {*}$options -model [list {*}$model "linear: {out: $out}"]]
    test table/$name { verify {*}$keys } good
    test table/${name}_is_there { table $keys } $there
    if {[string match *chunks $name]} { test table/${name}_are_there { chunks $keys {--target portable} } 1 }
}
test table/vectors { verify_vectors -T 30 -batch 9 -model {"embedding: {dim: 18}" "lstm: {hidden: 21, bidirectional: true}" last "linear: {out: classes}"} } good
test bidirectional/vectors {
    verify_vectors -model {"gru: {hidden: 9, bidirectional: true}" max "linear: {out: classes}"}
} good
test stack/vectors {
    verify_vectors -input rows -target {tag 4} -model {"lstm: {hidden: 10, layers: 2}" "linear: {out: classes}"}
} good
# Eleven rows and fewer from step to step: tiles of six, five, one, and rows done again
test rows/vectors {
    verify_vectors -batch 11 -input rows -target {tag 3} -model {layer_norm "lstm: {hidden: 18}" "linear: {out: classes}"}
} good
# A streaming step's few units, one by one, with a rest of inputs and without; tag: of every step, behind another layer
foreach {name target model} {
    one      {value 1} {"lstm: {hidden: 39}" last "linear: {out: targets}"}
    two      {tag 2}   {"gru: {hidden: 32}" "linear: {out: classes, bias: false}"}
    in_a_row {value 1} {"rnn: {hidden: 20}" mean "linear: {out: 25}" gelu "linear: {out: targets}"}
} {
    set keys [list -input rows -target $target -model $model]
    test dots/$name { verify_vectors {*}$keys } good
    test dots/${name}_are_there { regexp {\n  dots } [ran $seqgen [spec {*}$keys] --dump plan] } 1
}
# No layer wider than 32 bytes: neither are the vectors, of whatever machine.
foreach {name model panel} {
    lstm   {"embedding: {dim: 3}" "lstm: {hidden: 8}" "linear: {out: classes}" relu last}   8
    gru    {"gru: {hidden: 7, bidirectional: true}" "rnn: {hidden: 5}" mean "linear: {out: classes}"}   8
    double {"gru: {hidden: 4, layers: 2}" layer_norm last "linear: {out: classes}"}   4
} {
    set keys [list -model $model -codegen [expr {$name eq "double" ? {{real: float64}} : {}}]]
    test narrow/$name { verify_vectors {*}$keys } good
    test narrow/${name}_is { string match "*panels of $panel,*" [ran $seqgen [spec {*}$keys] --dump plan] } 1
}
test rnn/relu { verify -model {"rnn: {hidden: 14, nonlinearity: relu}" last "linear: {out: classes}"} } good
test mixed_stack {
    verify -input words -model {"embedding: {dim: 6}" "gru: {hidden: 9, bidirectional: true}" "lstm: {hidden: 5}" layer_norm
        "rnn: {hidden: 4}" "dropout: {p: 0.3}" last "linear: {out: classes}"}
} good
