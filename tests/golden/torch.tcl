# torch.tcl: every fixture of make_torch.py, by the interpreter and by the generated trainers, against PyTorch's float64.
#
# Output, loss, every gradient, and the weights after ten optimiser steps; normwise, tensor by tensor. Every fixture in portable
# C by libtcc (tools/inplace.c); a few that stand for the others with this machine's vectors, by a large compiler.

# "good", or what is wrong, tensor by tensor
proc compare {found expected tolerance} {
    set result [run $::stcompare $found $expected $tolerance]
    if {[dict get $result code] eq "0"} { return good }
    set bad [lsearch -all -inline -glob [split [dict get $result out] \n] "BAD*"]
    return "beyond $tolerance:\n[join $bad \n]\n[dict get $result err]"
}

proc probe_words {fixture} {
    return [list probe --load $fixture.weights.safetensors --batch $fixture.batch.safetensors --save found.safetensors]
}

# result: of the probe that has run
proc judge {fixture tolerance result} {
    if {[dict get $result code] ne "0"} { return [run_text $result] }
    set verdict [compare found.safetensors $fixture.expect.safetensors $tolerance]
    file delete found.safetensors
    return $verdict
}

proc portable {fixture tolerance real} {
    return [judge $fixture $tolerance [inplace run $fixture.yaml codegen.real=$real -- {*}[probe_words $fixture]]]
}

proc vectors {compiler fixture tolerance real {level -O0}} {
    ran -env [list CC $compiler CFLAGS "$level $::native"] $::seqgen build $fixture.yaml -o trainer --quiet --set codegen.real=$real
    return [judge $fixture $tolerance [run ./trainer {*}[probe_words $fixture]]]
}

set fixtures [lsort [glob -directory $here/torch *.yaml]]
test fixtures {expr {[llength $fixtures] >= 20}} 1
foreach spec $fixtures {
    set fixture [file rootname $spec]
    set name [file tail $fixture]
    test $name/interpreter {judge $fixture 1e-10 [run $seqgen run $spec {*}[probe_words $fixture]]} good
    test $name/float64 {portable $fixture 1e-10 float64} good
    test $name/float32 {portable $fixture 1e-5 float32} good
}

foreach {name reals} {
    lstm_20_embedding {float64 float32} bidirectional_through_tanh {float64 float32}
    gru_16_next_onehot float32 rnn_13_stack_bidirectional float64 mlp_shaped float32 huber_far float32
} {
    set fixture $here/torch/$name
    foreach real $reals {
        test $name/vectors/$real {vectors gcc $fixture [expr {$real eq "float64" ? 1e-10 : 1e-5}] $real} good
    }
}
test gcc_O1 {vectors gcc $here/torch/rnn_13_stack_bidirectional 1e-5 float32 -O1} good
if {[auto_execok clang] ne ""} {
    test clang {vectors clang $here/torch/lstm_20_embedding 1e-5 float32 -O1} good
} else {
    skip clang "not installed"
}

# The comparison itself can fail: one weight in the expected file is another number
test compare_fails {
    set fixture $here/torch/gru_1_1
    set bytes [text $fixture.expect.safetensors]
    put wrong.safetensors [string replace $bytes end-1 end-1 [format %c [expr {([scan [string index $bytes end-1] %c] ^ 8)}]]]
    compare wrong.safetensors $fixture.expect.safetensors 1e-5
} /^beyond.*BAD.after/
