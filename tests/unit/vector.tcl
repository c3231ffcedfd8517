# vector.tcl: the vector layer of the generated C (check_vector.c) for both reals, in vector and in portable C, by every
# compiler that is there and for several widths of vector.

set machine [exec uname -m]
# A Zen 4 has functions of its own: those of the others are tried there, and the other way round.
set features {}
catch { regexp -line {^flags\s*:(.*)$} [text /proc/cpuinfo] - features }
foreach real {float double} {
    foreach target {any portable} {
        put $real-$target.h [encoding convertto utf-8 [ran sh $here/make_vector.sh $real $target]]
        foreach compiler {gcc clang} {
            if {[auto_execok $compiler] eq ""} { skip $real/$target/$compiler "no $compiler"; continue }
            foreach flags [concat {{-O2} {-O3 -march=native -ffp-contract=fast}} \
                               [expr {$machine eq "x86_64" ? {{-O2 -march=x86-64-v3}} : {}}] \
                               [expr {"avx512dq" in $features ? {{-O2 -march=x86-64-v4} {-O2 -march=x86-64-v4 -D__znver4__}} : {}}]] {
                test $real/$target/$compiler/[string map {" " ""} $flags] {
                    ran $compiler -std=gnu11 {*}$flags -DVECTOR_BLOCK="$tmp/$real-$target.h" -I$here $here/check_vector.c -o check -lm
                    verdict [run ./check]
                } good
            }
        }
    }
}
