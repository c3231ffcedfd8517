# every_float.tcl: the vector functions of a float over all 2^32 of them (exhaustive_vector.c), in vectors as wide as this machine has and in portable C. A test of
# some minutes: labels long and exhaustive (ctest -L exhaustive).

set flags {}
catch {set flags [regexp -inline -line {^flags.*$} [text /proc/cpuinfo]]}

# With AVX-512 a quotient comes from an estimate, or, on Zen 4 and 5, from a division.
set variants {any {-O2 -march=native} portable {-O2 -std=c11 -D_GNU_SOURCE}}
if {[regexp {\mavx512dq\M} $flags]} {
    set variants [concat {any {-O2 -march=x86-64-v4} any {-O2 -march=x86-64-v4 -D__znver5__}} [lrange $variants 2 end]]
}
foreach {target options} $variants {
    test "$target $options" {
        put vectors-$target.h [ran sh $here/make_vector.sh float $target]
        ran $cc {*}$options -Wall -Wextra -Werror -I$here -DVECTOR_BLOCK="$tmp/vectors-$target.h" -I. $here/exhaustive_vector.c -o program -lm
        set result [run -timeout 3000 ./program]
        expr {[dict get $result code] == 0 ? "within bounds" : [dict get $result out]}
    } {within bounds}
}
