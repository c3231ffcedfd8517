# torch.tcl: every fixture of make_torch.py, by the interpreter and by the generated trainers, against PyTorch's float64.
#
# Output, loss, every gradient, and the weights after ten optimiser steps; normwise, tensor by tensor. Every fixture in portable
# C; a few that stand for the others with this machine's vectors.

# "good", or what is wrong, tensor by tensor
proc compare {found expected tolerance} {
    set result [run $::stcompare $found $expected $tolerance]
    if {[dict get $result code] eq "0"} { return good }
    set bad [lsearch -all -inline -glob [split [dict get $result out] \n] "BAD*"]
    return "beyond $tolerance:\n[join $bad \n]\n[dict get $result err]"
}

proc probe {fixture tolerance args} {
    ran {*}$args probe --load $fixture.weights.safetensors --batch $fixture.batch.safetensors --save found.safetensors
    set verdict [compare found.safetensors $fixture.expect.safetensors $tolerance]
    file delete found.safetensors
    return $verdict
}

proc trainer {settings fixture real args} {
    ran -env $settings $::seqgen build $fixture.yaml -o trainer --quiet --set codegen.real=$real {*}$args
    return [file join $::tmp trainer]
}

set fixtures [lsort [glob -directory $here/torch *.yaml]]
test fixtures {expr {[llength $fixtures] >= 20}} 1
foreach spec $fixtures {
    set fixture [file rootname $spec]
    set name [file tail $fixture]
    test $name/interpreter {probe $fixture 1e-10 $seqgen run $spec} good
    test $name/float64 {probe $fixture 1e-10 [trainer $quick $fixture float64 --target portable]} good
    test $name/float32 {probe $fixture 1e-5 [trainer $quick $fixture float32 --target portable]} good
}

foreach name {lstm_20_embedding gru_16_next_onehot bidirectional_through_tanh rnn_13_stack_bidirectional mlp_shaped huber_far} {
    set fixture $here/torch/$name
    test $name/vectors64 {probe $fixture 1e-10 [trainer [list CC gcc CFLAGS "-O1 $native"] $fixture float64]} good
    test $name/vectors32 {probe $fixture 1e-5 [trainer [list CC gcc CFLAGS "-O1 $native"] $fixture float32]} good
}
if {[auto_execok clang] ne ""} {
    set fixture $here/torch/lstm_20_embedding
    test clang {probe $fixture 1e-5 [trainer [list CC clang CFLAGS "-O1 $native"] $fixture float32]} good
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
