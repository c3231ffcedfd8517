# code.tcl: the generated C of two small models, word for word: what a reader of this project sees of its product.
#
# SEQGEN_UPDATE=1 writes code/NAME.c and .h anew: read the difference before it is committed.

source $root/tests/tools/specs.tcl

set models {
    names_lstm {-model {"embedding: {dim: 4}" "lstm: {hidden: 8}" last "linear: {out: classes}"} -optimizer {adam: {lr: 0.01}}}
    rows_mlp   {-input shaped -target {value 2} -model {flatten "linear: {out: 8}" relu "linear: {out: targets}"}}
}
foreach {name keys} $models {
    proc code {} {
        ran $::seqgen [spec -name $::name {*}$::keys -codegen {{target: portable}}] -o $::name.c --quiet
        return [words $::name.c]
    }
    if {[env_or SEQGEN_UPDATE 0]} {
        code
        foreach end {c h} { put $here/code/$name.$end [text $name.$end] }
    }
    test $name.c {
        code
        expr {[file exists $here/code/$name.c] && [words $here/code/$name.c] eq [words $name.c] ? "same"
            : [dict get [run diff -u $here/code/$name.c $name.c] out]}
    } same
    test $name.h {
        expr {[file exists $here/code/$name.h] && [words $here/code/$name.h] eq [words $name.h] ? "same"
            : [dict get [run diff -u $here/code/$name.h $name.h] out]}
    } same
}
