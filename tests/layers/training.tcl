# training.tcl: every loss, optimiser, schedule and clipping against the interpreter.

source $root/tests/tools/specs.tcl

# ---- losses ----

set pooled {"gru: {hidden: 6}" last}
foreach loss {mse mae huber bce} {
    test loss/$loss {
        verify -input rows -target {value 3} -loss $loss -model [list {*}$pooled "linear: {out: targets}"]
    } good
}
# As many errors up as down: a gradient of exactly 0, of which float32 leaves rounding noise and adam makes a step
foreach {values batch} {6 24 6 48 12 48} {
    test loss/mae_chance_${values}_$batch {
        verify -input rows -batch $batch -target "value $values" -loss mae -optimizer {adam: {lr: 0.01}} -model [list {*}$pooled "linear: {out: targets}"]
    } good
}
# Steps as large as the weights: what rounds differently is far away after ten of them, and no build is to blame
foreach lr {0.05 0.3} {
    test optimizer/chaos_$lr { verify -batch 8 -T 12 -optimizer "rmsprop: {lr: $lr}" -model {"embedding: {dim: 6}" "rnn: {hidden: 16}" last "linear: {out: classes}"} } good
}
test loss/cross_entropy { verify -target {class 5} -model [list {*}$pooled "linear: {out: classes}"] } good
test loss/cross_entropy_tag {
    verify -input rows -target {tag 4} -model {"gru: {hidden: 6}" "linear: {out: classes}"}
} good
test loss/bce_class { verify -target {class 2} -loss bce -model [list {*}$pooled "linear: {out: 1}"] } good
test loss/bce_tag { verify -input rows -target {tag 2} -loss bce -model {"gru: {hidden: 6}" "linear: {out: 1}"} } good
foreach loss {mse mae huber bce} { # numbers a step: of the valid ones alone
    test loss/${loss}_signal {
        verify -input rows -target {signal 2} -loss $loss -model {"lstm: {hidden: 6}" "linear: {out: targets}"}
    } good
}
test loss/signal_alone { verify -input rows -batch 1 -target {signal 1} -model {"gru: {hidden: 5}" "linear: {out: targets}"} } good
test loss/signal_vectors { verify_vectors -input rows -batch 9 -T 20 -target {signal 20} -loss huber -model {"lstm: {hidden: 19, bidirectional: true}" "linear: {out: targets}"} } good
# What the rows say of a gradient cancels to a three hundredth of its parts: float32's rounding of them is no fault
test loss/rows_cancel {
    put cancel.csv "x0,x1,label\n[string repeat "0.5,-1,k0\n-0.5,1,k1\n" 20]"
    put cancel.yaml {seqgen: 1
name: cancel
data: {train: cancel.csv, input: {columns: [x0, x1], normalize: standard}, target: {tag: label}, window: {length: 1, carry_state: true}}
model: [{gru: {hidden: 2}}, tanh, {rnn: {hidden: 30, layers: 3}}, sigmoid, {linear: {out: classes}}]
train: {optimizer: {adam: {lr: 0.003, eps: 0.01, betas: [0.8, 0.99]}}, batch: 9, epochs: 2, seed: 47712, clip_norm: 1.0, class_weights: [2.5, 1]}
}
    verdict [inplace verify cancel.yaml]
} good
test class_weights/alone { # most batches of one have no loss, the first that is drawn with this seed, too
    verify -target {class 3} -batch 1 -seed 3 -train {"class_weights: [1, 0, 0]"} -model [list {*}$pooled "linear: {out: classes}"]
} good
test class_weights/bce {
    verify -target {class 2} -loss bce -train {"class_weights: [0.2, 3]"} -model {"gru: {hidden: 6}" last "linear: {out: 1}"}
} good
test class_weights/bce_alone { # a batch without weight is passed over
    trained_alike 1e-4 {} -batch 1 -target {class 2} -loss bce -train {"class_weights: [0, 1]"} -model {"gru: {hidden: 6}" last "linear: {out: 1}"}
} {/^loss \d.*, alike$/}
foreach {name weights} {written {[0.2, 1, 3]} balanced balanced} {
    test class_weights/$name {
        verify -target {class 3} -train [list "class_weights: $weights"] -model [list {*}$pooled "linear: {out: classes}"]
    } good
    test class_weights/${name}_tag {
        verify -input rows -target {tag 3} -train [list "class_weights: $weights"] \
            -model {"gru: {hidden: 6}" "linear: {out: classes}"}
    } good
}

# Outputs of some hundreds, the largest of them anywhere in the row: without it taken off, their exponentials are not finite
foreach classes {3 16 31 40} {
    test loss/large_outputs_$classes {
        trained_alike 1e-3 $vectors -input rows -scale 1000 -target [list tag $classes] -model {"linear: {out: classes}"} -optimizer {sgd: {lr: 1e-6}}
    } {/^loss [0-9][0-9]+[.].*, alike/}
}

# ---- optimisers ----

set small [list "embedding: {dim: 4}" "lstm: {hidden: 5}" last "linear: {out: classes}"]
foreach {name optimizer} {
    sgd               {sgd: {lr: 0.1}}
    sgd_momentum      {sgd: {lr: 0.1, momentum: 0.9}}
    sgd_nesterov      {sgd: {lr: 0.1, momentum: 0.9, nesterov: true}}
    sgd_decay         {sgd: {lr: 0.1, weight_decay: 0.05}}
    sgd_all           {sgd: {lr: 0.1, momentum: 0.5, nesterov: true, weight_decay: 0.05}}
    adam              {adam: {lr: 0.01}}
    adam_keys         {adam: {lr: 0.01, betas: [0.8, 0.98], eps: 1e-6, weight_decay: 0.02}}
    adamw             {adamw: {lr: 0.01}}
    adamw_decay       {adamw: {lr: 0.01, weight_decay: 0.1}}
    rmsprop           {rmsprop: {lr: 0.01}}
    rmsprop_keys      {rmsprop: {lr: 0.01, alpha: 0.9, eps: 1e-6, momentum: 0.8}}
    adagrad           {adagrad: {lr: 0.1}}
    adagrad_eps       {adagrad: {lr: 0.1, eps: 1e-4}}
} {
    test optimizer/$name { verify -model $small -optimizer $optimizer } good
}
foreach clip {0.01 0.5 100} {
    test clip/$clip { verify -model $small -train [list "clip_norm: $clip"] -optimizer {adam: {lr: 0.01}} } good
}

# ---- schedules: one epoch a step in `verify` would be no schedule, so this is the trainer against the interpreter ----

foreach schedule {constant {step: {every: 2, gamma: 0.3}} {exponential: {gamma: 0.7}} cosine {cosine: {warmup: 2, min_lr: 0.01}}} {
    test schedule/[string map {: "" \{ "" \} "" " " _ , ""} $schedule] {
        set line [expr {[string match *:* $schedule] ? "schedule: {$schedule}" : "schedule: $schedule"}]
        set spec [spec -model $small -train [list $line]]
        set trained [verdict [inplace run $spec codegen.real=float64 -- train --epochs 6 --save a.safetensors --quiet]]
        ran $seqgen run $spec train --epochs 6 --save b.safetensors --quiet
        list $trained [dict get [run $stcompare a.safetensors b.safetensors 1e-10] code]
    } {good 0}
}
