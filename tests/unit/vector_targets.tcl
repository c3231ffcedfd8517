# vector_targets.tcl: the vector block on what vector.tcl leaves out: no optimisation, every width of vector, x87, no fused
# multiply-add, aarch64 under an emulator; that the portable block is strict C11. Does not: measure speed, or try every float (every_float.tcl).

foreach real {float double} {
    foreach target {any portable} { put $tmp/$real-$target.h [ran sh $here/make_vector.sh $real $target] }
}

# "ok", or what went wrong: compiled without a warning, and run
proc check {compiler options real target {emulator {}}} {
    global tmp here
    set result [run -timeout 300 {*}$compiler {*}$options -Wall -Wextra -Wpedantic -Werror -I$here \
        -DVECTOR_BLOCK="$tmp/$real-$target.h" $here/check_vector.c -o $tmp/program -lm]
    if {[dict get $result code] != 0} { return [dict get $result err] }
    set result [run -timeout 300 {*}$emulator $tmp/program]
    if {[dict get $result code] == 0} { return ok }
    return "[dict get $result code]: [dict get $result out][dict get $result err]"
}

proc usable {compiler options} {
    global tmp
    put $tmp/empty.c "#include <math.h>\nint main(void) { return 0; }\n"
    if {[auto_execok $compiler] eq ""} { return 0 }
    return [expr {[dict get [run $compiler {*}$options $tmp/empty.c -o $tmp/empty] code] == 0}]
}

set flags {}
catch {set flags [regexp -inline -line {^flags.*$} [text /proc/cpuinfo]]}
proc has {args} {
    foreach flag $args { if {![regexp "\\m$flag\\M" $::flags]} { return 0 } }
    return 1
}

# gnu11 fuses a*b+c where there is an instruction for it, c11 never does
set plain {-std=c11 -D_GNU_SOURCE}
set variants {}
if {[has sse2]} { lappend variants gcc {-O0 -march=x86-64} gcc {-O3 -march=x86-64} clang {-O2 -march=x86-64} gcc {-O2 -m32 -mno-sse} }
if {[has avx]} { lappend variants gcc {-O2 -mavx} }
if {[has avx2 fma bmi2]} { lappend variants gcc "-O2 $plain -march=x86-64-v3" clang "-O0 $plain -march=x86-64-v3" }
if {[has avx512f avx512bw avx512vl avx512dq]} {
    lappend variants gcc "-O0 -march=x86-64-v4" gcc "-O2 $plain -march=x86-64-v4" clang "-O0 -march=x86-64-v4"
    lappend variants gcc "-O2 -march=x86-64-v4 -DV_BYTES=32" ;# narrow models: AVX-512's instructions, half its width
    lappend variants gcc "-O2 -march=x86-64-v4 -D__znver5__" ;# divides
    lappend variants gcc "-O2 -march=x86-64-v4 -D__znver4__" ;# and multiplies less
}

foreach {compiler options} $variants {
    foreach real {float double} {
        if {[usable $compiler $options]} {
            test "$real $compiler $options" [list check $compiler $options $real any] ok
        } else {
            skip "$real $compiler $options" "no such compiler or target here"
        }
    }
}

foreach real {float double} {
    test "$real portable is strict C11" [list check $cc {-O2 -std=c11 -pedantic-errors} $real portable] ok
    test "$real portable has no extension" {regexp -all -inline {__\w+|_Pragma|#pragma} [text $tmp/$real-portable.h]} {}
    if {[usable aarch64-linux-gnu-gcc -static] && [auto_execok qemu-aarch64] ne ""} {
        test "$real aarch64" [list check aarch64-linux-gnu-gcc {-O2 -static -DSAMPLES=20000} $real any qemu-aarch64] ok
    } else {
        skip "$real aarch64" "no cross compiler or emulator"
    }
}
