# groups.tcl: what is measured: a proc group_NAME each, with the goals.
#
# Takes: compare, build, ours, peer_ask of measure.tcl. Gives: rows. Does not: print.

set groups {lstm cells step threads infer stream epoch size}

# Times that are quoted, and goals in nanoseconds, are of a core with this peak; they are scaled by the peak measured in the run.
set quoted_peak 228.0

# ---- one layer ----

set gates_of {rnn 1 gru 3 lstm 4}

proc layer_flops {I H T B {cell lstm}} { return [expr {3.0 * 2 * [dict get $::gates_of $cell] * $T * $B * $H * ($I + $H)}] }

# Bytes that pass between core and cache when each array is touched once a phase: x, gates (4H), c, h, and their gradients
proc layer_bytes {I H T B} { return [expr {4.0 * ($T * $B * (3 * $I + 22 * $H) + 6 * 4 * $H * ($I + $H))}] }

proc layer_build {I H {cell lstm}} {
    return [build layer_[expr {$cell eq "lstm" ? "" : "${cell}_"}]${I}_$H layer_$cell.yaml $I 0 [list model.cell.hidden $H] -DLAYER]
}

proc layer_peer {I H {cell lstm}} { return [expr {[peer_there onednn] ? [list peer_ask onednn $cell $I $H 64 32] : {}}] }

proc group_lstm {} {
    foreach {H ratio share} {16 2.4 .65 32 1.6 .80 64 1.3 .85 128 1.15 .85 256 1.1 .85} {
        if {![wanted H=$H]} continue
        set program [layer_build $H $H]
        compare lstm H=$H [list ours $program layer] oneDNN [layer_peer $H $H] [dict create unit ms scale 1e6 ratio_goal $ratio share_goal $share \
            flops [layer_flops $H $H 64 32] bytes [layer_bytes $H $H 64 32] least [list limit_of $program layer lstm $H $H 64 32]]
    }
    foreach {I H} {20 20 50 50 100 100 9 64 65 64} { layer_ragged $I $H }
}

# Beside the next multiples of 16: as many FLOPs when those of the padding count, so the rates are as the times
proc layer_ragged {I H} {
    set name H=$H,I=$I
    if {![wanted $name]} return
    set up [lmap n [list $I $H] {expr {($n + 15) / 16 * 16}}]
    set full [layer_build {*}$up]
    compare lstm $name [list ours [layer_build $I $H] layer] "ours, H=[lindex $up 1],I=[lindex $up 0]" [list ours $full layer] \
        [dict create unit ms scale 1e6 ratio_goal .85 flops [layer_flops $I $H 64 32] bytes [layer_bytes $I $H 64 32]]
}

proc group_cells {} {
    foreach cell {gru rnn} {
        foreach H {16 32 64 128 256} {
            if {![wanted $cell,H=$H]} continue
            set program [layer_build $H $H $cell]
            compare cells $cell,H=$H [list ours $program layer] oneDNN [layer_peer $H $H $cell] \
                [dict create unit ms scale 1e6 flops [layer_flops $H $H 64 32 $cell] least [list limit_of $program layer $cell $H $H 64 32]]
        }
    }
}

# ---- training steps ----

#     name           cell  I   H layers O   T  B every goal
set step_cases {
    lstm16          lstm   4  16 1   2  32 32 0 16
    rows_lstm32     lstm  28  32 1  10  28 32 0 9
    rnn64           rnn    8  64 1   4  50 32 0 6
    har_lstm64      lstm   9  64 1   6 128 64 0 5.2
    char_lstm128x2  lstm  65 128 2  65  64 32 1 2.4
    gru256          gru   64 256 1  64 100 64 1 1.65
    lstm512         lstm 128 512 1 128  35 20 1 1.9
}

# Forward, and twice as much backward, but for the gradient of the input, which nobody wants
proc step_flops {cell I H layers O T B every} {
    set gates [dict get $::gates_of $cell]
    set products [expr {3.0 * $gates * $H * ($I + $H) - $gates * $H * $I + ($layers - 1) * 3.0 * $gates * $H * 2 * $H}]
    return [expr {2.0 * $T * $B * $products + 6.0 * ($every ? $T : 1) * $B * $H * $O}]
}

proc model_sets {cell H layers T B} {
    return [list model.0 "{$cell: {hidden: $H, layers: $layers, name: cell}}" data.max_length $T train.batch $B]
}

proc model_build {name cell I H layers O T B every} {
    return [build $name [expr {$every ? "every" : "last"}].yaml $I $O [model_sets $cell $H $layers $T $B]]
}

proc group_step {} {
    foreach {name cell I H layers O T B every goal} $::step_cases {
        if {![wanted $name]} continue
        set program [model_build $name $cell $I $H $layers $O $T $B $every]
        set theirs [expr {[peer_there torch] ? [list peer_ask torch step $cell $I $H $layers $O $T $B $every] : {}}]
        compare step $name [list ours $program step] PyTorch $theirs \
            [dict create unit ms scale 1e6 ratio_goal $goal flops [step_flops $cell $I $H $layers $O $T $B $every]]
    }
}

# ---- a training step by two threads, beside one ----

# What a program says that it takes for gradient and update, nanoseconds of the wall's clock
proc step_said {said} {
    set ns 0
    foreach phase {gradient_ms update_ms} {
        if {![regexp "\"$phase\": *(\[0-9.e-]+)" $said - ms]} { error "no $phase in what bench says" }
        set ns [expr {$ns + 1e6 * $ms}]
    }
    return $ns
}

proc step_by {program threads} { return [step_said [exec $program bench --json --threads $threads]] }

# Two programs at once, which have nothing to do with each other: what two cores do in the time of a step
proc step_by_two_programs {program} {
    set running [lmap which {1 2} { open "|$program bench --json --threads 1" }]
    set each [lmap channel $running { step_said [read $channel] }]
    foreach channel $running { close $channel }
    return [list [expr {[tcl::mathfunc::max {*}$each] / 2}] "two programs"]
}

# The trainer gives steps of so many FLOPs to a team, and smaller ones to one thread (runtime/trainer/commands/team.c)
set team_flops 6e7

proc group_threads {} {
    foreach {name cell I H layers O T B every goal} $::step_cases {
        if {![wanted $name]} continue
        set dir $::work/threads_$name
        seqgen_build $dir [expr {$every ? "every" : "last"}].yaml $I $O [model_sets $cell $H $layers $T $B] [env_or CC cc]
        set facts [dict create unit ms scale 1e6]
        if {[step_flops $cell $I $H $layers $O $T $B $every] >= $::team_flops} {
            dict set facts ratio_goal 1.7
            dict set facts least [list step_by_two_programs $dir/model]
        }
        compare threads $name [list step_by $dir/model 2] "one thread" [list step_by $dir/model 1] $facts
    }
}

# ---- one sequence ----

#     name          cell  I  H  O   T goal quoted (ONNX Runtime, ns a step)
set infer_cases {
    lstm_9_64,T=128 lstm  9 64  6 128 300 1221
    lstm_28_32,T=28 lstm 28 32 10  28  80  706
    gru_9_64,T=128  gru   9 64  6 128 230  744
}

proc group_infer {} {
    foreach {name cell I H O T goal quoted} $::infer_cases {
        if {![wanted $name]} continue
        set program [build_infer infer_${cell}_${I}_$H last.yaml $I $O [model_sets $cell $H 1 $T 1]]
        set gates [dict get $::gates_of $cell]
        set facts [dict create unit ns scale $T steps $T time_goal $goal quoted $quoted flops [expr {2.0 * $gates * $H * ($I + $H) * $T}] \
            bytes [expr {4.0 * $gates * $H * ($I + $H) * $T}] least [list limit_of $program sequence $cell $I $H]]
        compare infer $name [list ours $program infer] "ONNX Runtime" [onnx_request $cell $I $H $O $T] $facts
        if {[peer_there torch]} {
            compare infer $name [list ours $program infer] PyTorch [list peer_ask torch infer $cell $I $H $O $T] $facts
        }
    }
}

# The script that asks ONNX Runtime; {} when it or what exports the model is missing
proc onnx_request {cell I H O T} {
    if {![peer_there torch]} {
        if {[dict get $::options peers]} { puts "ONNX Runtime is left out: PyTorch exports its models" }
        return {}
    }
    if {![peer_there onnx]} { return {} }
    set file $::work/${cell}_${I}_${H}_$T.onnx
    peer_ask torch export $cell $I $H $O $T $file
    return [list peer_ask onnx $file $T $I]
}

# ---- streaming ----

proc group_stream {} {
    foreach {cell H goal quoted} {lstm 8 30 39 lstm 16 35 42 lstm 20 55 137 lstm 32 60 99 lstm 40 110 192 lstm 64 290 505 gru 8 28 36 gru 32 55 102 gru 64 230 442} {
        set name $cell,H=$H
        if {![wanted $name]} continue
        set gates [dict get {gru 3 lstm 4} $cell]
        set program [build stream_${cell}_$H stream.yaml 1 0 [list model.0 "{$cell: {hidden: $H, name: cell}}"]]
        set theirs [expr {[peer_there rtneural] ? [list peer_ask rtneural $cell $H] : {}}]
        compare stream $name [list ours $program stream] RTNeural $theirs [dict create unit ns scale 1 time_goal $goal quoted $quoted \
            flops [expr {2.0 * ($gates * $H * (1 + $H) + $H)}] bytes [expr {4.0 * ($gates * $H * (1 + $H) + $H)}] least [list limit_of $program $cell 1 $H]]
    }
}

# ---- epochs ----

# Seconds of the process's own time for so many epochs, judgement of the validation part included
proc epochs_time {program spec epochs} {
    set now [pwd]
    cd [file dirname $spec]
    try {
        set took [exec bash -c {TIMEFORMAT='%U %S'; time "$@" >/dev/null 2>&1} epochs taskset -c $::cpu $program train --epochs $epochs --quiet \
            --save $::work/epoch.safetensors 2>@1]
    } finally { cd $now }
    return [expr {[lindex $took 0] + [lindex $took 1]}]
}

# An epoch: what four take more than one
proc epoch_ours {program spec} {
    return [expr {([epochs_time $program $spec 4] - [epochs_time $program $spec 1]) / 3 * 1e9}]
}

proc group_epoch {} {
    foreach {name goal} {first_names_lstm 8 sentiment_lstm 6 sotu_lstm 2.4} {
        if {![wanted $name]} continue
        set spec $::root/specs/$name.yaml
        set program $::work/$name
        exec $::seqgen build $spec -o $program --quiet 2>@1
        set theirs [expr {[peer_there torch] ? [list peer_ask torch epoch $spec] : {}}]
        compare epoch $name [list epoch_ours $program $spec] PyTorch $theirs [dict create unit ms scale 1e6 ratio_goal $goal]
    }
}

# ---- size ----

proc seconds {script} {
    set start [clock microseconds]
    uplevel 1 $script
    return [expr {([clock microseconds] - $start) / 1e6}]
}

proc group_size {} {
    foreach T {16 128 1024} {
        if {![wanted T=$T]} continue
        puts stderr "size: T=$T"
        foreach list {made compiled} { set $list {} }
        for {set round 0} {$round < [dict get $::options rounds]} {incr round} {
            lappend made [seconds {set dir [generate size_$T last.yaml 9 6 [list data.max_length $T train.batch 64]]}]
            lappend compiled [seconds {pinned [env_or CC cc] -c $dir/model.c -o $dir/model.o {*}[compile_only $::compiler] 2>@1}]
        }
        set c [text $dir/model.c]
        lappend ::rows [dict create group size case T=$T lines [llength [split $c \n]] source [string length $c] \
            code [lindex [exec size $dir/model.o] 6] made [median $made] compiled [median $compiled]]
    }
}
