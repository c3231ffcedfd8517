# carry.tcl: state carried from window to window, in training. verify and probe begin with a state of 0, so here a few steps by the C stand beside the same steps by the
# interpreter, from numbers of their own; and a run that was stopped in the middle of an epoch beside one that was not.

source $root/tests/tools/specs.tcl

put stream.txt "the\ncat\nsat\n[string repeat {the cat sat on the mat. the dog saw it. a fox! } 30]"

# The text as one series, an epoch or two: loss and weights of the C and of the interpreter
proc carried {model batch} {
    put s.yaml "seqgen: 1\nname: s
data: {train: stream.txt, input: {text: true}, target: {next: true}, window: {length: 20, carry_state: true}}
model: \[$model, {linear: {out: vocab}}]
train: {batch: $batch, optimizer: {sgd: {lr: 0.5}}}\n"
    return [epochs_alike s.yaml 1e-4]
}

proc epochs_alike {spec tolerance} {
    ran -env $::quick $::seqgen build $spec -o s --target portable --quiet
    ran ./s train --epochs 2 --save a.safetensors --log a.csv --quiet
    ran $::seqgen run $spec train --epochs 2 --save b.safetensors --log b.csv --quiet
    return [list [expr {abs([logged_loss a.csv] / [logged_loss b.csv] - 1) < 1e-5}] [dict get [run $::stcompare a.safetensors b.safetensors $tolerance] code]]
}

test interpreter/gru { carried {{gru: {hidden: 8}}} 6 } {1 0}
test interpreter/lstm { carried {{embedding: {dim: 4}}, {lstm: {hidden: 9, layers: 2}}} 7 } {1 0}
test interpreter/one { carried {{embedding: {dim: 8}}, {layer_norm: {}}, {lstm: {hidden: 9}}} 1 } {1 0}

# So many sequences that halves of them have gradients of their own (plan_parts); labels without a period, which would make all states alike
test interpreter/parts {
    set lines {x0,x1,x2,label}
    for {set r 0} {$r < 10400} {incr r} { lappend lines [join [concat [cells $r 3] k[expr {$r * $r % 7 % 3}]] ,] }
    put s.csv "[join $lines \n]\n"
    put parts.yaml {seqgen: 1
name: s
data: {train: s.csv, input: {columns: [x0, x1, x2]}, target: {tag: label}, window: {length: 19, carry_state: true}}
model: [{lstm: {hidden: 9}}, {linear: {out: classes}}]
train: {batch: 112, optimizer: {sgd: {lr: 0.5}}}
}
    epochs_alike parts.yaml 1e-5
} {1 0}

# In the middle of an epoch a checkpoint has every buffer of the state: an LSTM's two
test resume/middle {
    put r.yaml {seqgen: 1
name: r
data: {train: stream.txt, input: {text: true}, target: {next: true}, window: {length: 20, carry_state: true}}
model: [{lstm: {hidden: 9}}, {linear: {out: vocab}}]
train: {batch: 5, optimizer: {sgd: {lr: 0.5}}}
}
    ran -env $quick $seqgen build r.yaml -o r --target portable --quiet
    ran ./r train --steps 3 --checkpoint c.safetensors --quiet
    ran ./r train --resume c.safetensors --steps 7 --save a.safetensors --quiet
    ran ./r train --steps 7 --save b.safetensors --quiet
    expr {[text a.safetensors] eq [text b.safetensors]}
} 1
