# others.tcl: every kind that is not recurrent against the interpreter, per step and on a pooled vector.

source $root/tests/tools/specs.tcl

foreach kind {relu tanh sigmoid gelu layer_norm {layer_norm: {eps: 1e-3}} {dropout: {p: 0.4}} {linear: {out: 9}}
              {linear: {out: 9, bias: false}}} {
    set name [string map {: "" \{ "" \} "" " " _ , ""} $kind]
    test per_step/$name {
        verify -model [list "embedding: {dim: 7}" $kind "lstm: {hidden: 6}" last "linear: {out: classes}"]
    } good
    test on_numbers/$name {
        verify -input rows -target {tag 3} -model [list $kind "gru: {hidden: 5}" $kind "linear: {out: classes}"]
    } good
    test pooled/$name {
        verify -model [list "embedding: {dim: 13}" mean $kind "linear: {out: classes}"]
    } good
    test between_final_states/$name {
        verify -model [list "gru: {hidden: 6, bidirectional: true}" $kind last "linear: {out: classes}"]
    } good
}
foreach pool {last mean max flatten} {
    test $pool/recurrent { verify -model [list "lstm: {hidden: 7}" $pool "linear: {out: classes}"] } good
    test $pool/bidirectional {
        verify -model [list "rnn: {hidden: 7, bidirectional: true}" $pool "linear: {out: classes}"]
    } good
    test $pool/embedding { verify -model [list "embedding: {dim: 9}" $pool "linear: {out: classes}"] } good
    test $pool/numbers {
        verify -input rows -target {value 2} -model [list $pool "linear: {out: targets}"]
    } good
}
foreach dim {1 8 16 17 33} {
    test embedding/$dim { verify -model [list "embedding: {dim: $dim}" mean "linear: {out: classes}"] } good
}
test embedding/vectors { verify_vectors -model {"embedding: {dim: 17}" gelu mean "linear: {out: classes}"} } good
put letters.txt [string repeat abcacbbac 12]\n
put letters.yaml {seqgen: 1
data: {train: letters.txt, input: {text: true}, target: {next: true}, window: {length: 5}}
model: [{embedding: {dim: 4}}, {linear: {out: vocab}}]
train: {loss: cross_entropy, optimizer: {sgd: {lr: 0.1}}, batch: 2, epochs: 1}
}
test embedding/optimised { # a function that is one loop over tokens and rows: gcc 12 left out its call
    verdict [run -timeout 600 -env [list CC $cc CFLAGS "-O2 $native"] $seqgen verify letters.yaml]
} good
test layer_norm/vectors {
    verify_vectors -input rows -target {value 2} -model {"linear: {out: 19}" layer_norm sigmoid last "linear: {out: targets}"}
} good
test layer_norm/rows_not_at_a_vector { # of the data: packed without padding
    verify_vectors -input rows -features 21 -target {value 2} -model {layer_norm "rnn: {hidden: 4}" last "linear: {out: targets}"}
} good
test onehot/flatten { verify -model {flatten "linear: {out: 17}" relu "linear: {out: classes}"} } good
test onehot/linear { verify -target next -model {"linear: {out: 11}" tanh "linear: {out: vocab}"} } good
test shaped/mlp {
    verify_both -input shaped -target {value 3} -model {flatten "linear: {out: 20}" gelu "linear: {out: 5}" sigmoid "linear: {out: targets}"}
} good
