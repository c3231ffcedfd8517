# races.tcl: threads of a team read nothing that another may be writing: ThreadSanitizer watches them.
#
# Same numbers (threads.tcl) do not show that threads meet where they have to: a thread that comes too early mostly finds what it reads, all the same.

source $root/tests/tools/specs.tcl
set build [file dirname [file dirname $seqgen]]

# Addresses that move more than it expects stop ThreadSanitizer before it begins, on some kernels
set still [expr {[catch {exec setarch -R true}] ? {} : {setarch -R}}]

# What ThreadSanitizer says first of each function, with two threads and with three; nothing: {}
proc races {args} {
    ran $::seqgen [spec -T 12 -batch 33 -sequences 40 {*}$args] --target portable -o m.c --quiet
    ran -timeout 300 gcc -g -O1 -fsanitize=thread -DSEQGEN_NO_MAIN -I$::build/include -I. $::here/races.c m.c -o races $::build/lib/libseqrt.a -ljansson -lm -lpthread
    return [lsort -unique [concat {*}[lmap count {2 3} {
        regexp -all -inline -line {^SUMMARY: .*$} [ran_races $count]
    }]]]
}

proc ran_races {count} {
    catch { exec {*}$::still ./races $count 2>@1 } said options
    if {[dict get $options -code] != 0 && ![string match *ThreadSanitizer* $said]} { error $said }
    return $said
}

put probe.c {int main(void) { return 0; }}
if {[catch { exec gcc -fsanitize=thread probe.c -o probe 2>@1; exec {*}$still ./probe 2>@1 } why]} {
    puts "left out: ThreadSanitizer does not run here: [lindex [split $why \n] 0]"
    return
}

test text { races -model {"embedding: {dim: 9}" "lstm: {hidden: 12, layers: 2, bidirectional: true, dropout: 0.2}" layer_norm mean {dropout: {p: 0.3}} "linear: {out: classes}"} } {}
test table { races -T 30 -model {"embedding: {dim: 9}" "gru: {hidden: 12}" max "linear: {out: classes}"} } {}
test language { races -target next -model {"lstm: {hidden: 20}" "linear: {out: vocab}"} } {}
test tags { races -input rows -target {tag 3} -model {"linear: {out: 9}" tanh layer_norm "rnn: {hidden: 12}" gelu "linear: {out: classes}"} } {}
test flatten { races -input shaped -target {value 2} -model {flatten "linear: {out: 20}" relu layer_norm "linear: {out: targets}"} } {}
# Gradients every few steps; by parts, apart; by units
test chunks { races -T 40 -batch 30 -input rows -target {tag 3} -model {"lstm: {hidden: 40, layers: 2, bias: false}" "linear: {out: classes}"} } {}
test apart { races -T 40 -input rows -target {value 2} -model {"lstm: {hidden: 40, layers: 2, dropout: 0.3}" layer_norm max "linear: {out: targets}"} } {}
test apart/both_ways { races -T 40 -input rows -target {value 2} -model {"gru: {hidden: 40, layers: 2, bidirectional: true}" last "linear: {out: targets}"} } {}
test by_units { races -T 3 -batch 6 -input rows -target {tag 3} -codegen {"real: float64"} \
    -model {"gru: {hidden: 300, bidirectional: true}" "rnn: {hidden: 520}" "linear: {out: classes}"} } {}
test by_units/chunks { races -T 40 -batch 5 -input rows -target {value 2} -codegen {"real: float64"} -model {"lstm: {hidden: 264}" last "linear: {out: targets}"} } {}

# It sees a meeting that is not there
test sees {
    ran $seqgen [spec -T 12 -batch 33 -model {"lstm: {hidden: 12}" "layer_norm" last "linear: {out: classes}"}] --target portable -o m.c --quiet
    put m.c [string map {{if (s->wait)} {if (0)}} [text m.c]]
    ran gcc -g -O1 -fsanitize=thread -DSEQGEN_NO_MAIN -I$build/include -I. $here/races.c m.c -o races $build/lib/libseqrt.a -ljansson -lm -lpthread
    regexp {data race} [ran_races 2]
} 1
