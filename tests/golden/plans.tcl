# plans.tcl: `--dump plan` of one small model a kind, word for word. A change in planning shows here first, as text.
#
# SEQGEN_UPDATE=1 writes plans/NAME.txt anew: read the difference before it is committed.

source $root/tests/tools/specs.tcl

set models {
    rnn            {"rnn: {hidden: 5}" last "linear: {out: classes}"}
    rnn_relu_stack {"rnn: {hidden: 20, layers: 2, nonlinearity: relu}" mean "linear: {out: classes}"}
    lstm           {"embedding: {dim: 6}" "lstm: {hidden: 20}" last "linear: {out: classes}"}
    lstm_bidirectional {"lstm: {hidden: 7, bidirectional: true}" last "linear: {out: classes}"}
    gru            {"embedding: {dim: 6}" "gru: {hidden: 33}" max "linear: {out: classes}"}
    elementwise    {"embedding: {dim: 6}" relu tanh sigmoid gelu layer_norm "dropout: {p: 0.5}" last "linear: {out: classes}"}
    mlp            {flatten "linear: {out: 9}" relu "linear: {out: classes}"}
}
foreach {name model} $models {
    set golden $here/plans/$name.txt
    proc plan {} { return [ran $::seqgen [spec -name $::name -model $::model -codegen {{target: x86-64-v3}}] --dump plan] }
    if {[env_or SEQGEN_UPDATE 0]} { put $golden [encoding convertto utf-8 [plan]] }
    test $name { plan } [expr {[file exists $golden] ? [words $golden] : "(no $golden: SEQGEN_UPDATE=1 writes it)"}]
}
