# microcontroller.tcl: what the C for cortex-m takes there: flash, RAM and instructions, counted by QEMU's Cortex-M7 and Cortex-M4; no clock.
#
# Takes: options, see usage. Gives: a table on the terminal (docs/microcontroller.md has it); exit 0, 1 for usage, 5 when a tool failed.
# Does not: time anything (an emulator knows no cycles), run in ctest, install tools.

package require Tcl 8.6
set here [file dirname [file normalize [info script]]]
set root [file dirname [file dirname $here]]
set usage {usage: tclsh tests/bench/microcontroller.tcl [CELL:H ...]

Counts the instructions of a streaming step 1 -> H -> 1 and of a training step (24 values, 4 sequences, Adam), by the emulated core's SysTick.
Default: lstm and gru of 8, 16, 32 and 64 units.

environment: SEQGEN (default build/bin/seqgen)
needs: arm-none-eabi-gcc, qemu-system-arm (scripts/deps --long)

examples
  tclsh tests/bench/microcontroller.tcl
  tclsh tests/bench/microcontroller.tcl lstm:20 rnn:12
}

set cores {
    M7  {mps2-an500 -mcpu=cortex-m7 -mfpu=fpv5-sp-d16}
    M4F {mps2-an386 -mcpu=cortex-m4 -mfpu=fpv4-sp-d16}
}
set seqgen [expr {[info exists env(SEQGEN)] ? [file normalize $env(SEQGEN)] : "$root/build/bin/seqgen"}]

proc put {path text} {
    set channel [open $path w]
    puts -nonewline $channel $text
    close $channel
}

# SysTick at 25 MHz under -icount shift=0, one instruction a nanosecond: 40 of them a tick, of 24 bits
set clock {
#include <stdio.h>
#include "m.h"
#define SYSTICK ((volatile unsigned *)0xE000E010)
static void ticks_start(void) { SYSTICK[1] = SYSTICK[2] = 0xFFFFFF; SYSTICK[0] = 5; }
static unsigned ticks_since(unsigned start) { return (start - SYSTICK[2]) & 0xFFFFFF; }
}
set stream "$clock
static m_State state;
int main(void)
{
    enum { STEPS = 100 };
    m_Real x\[M_FEATURES] = {0.3f}, out\[M_OUTPUTS];
    m_reset(&state);
    ticks_start();
    const unsigned start = SYSTICK\[2];
    for (int i = 0; i < STEPS; i++) {
        m_step(NULL, &state, x, out);
        x\[0] = out\[0];
    }
    printf(\"%u %u\\n\", (unsigned)sizeof state, ticks_since(start) * 40 / STEPS);
    return 0;
}
"
set train "$clock
static m_Model model;
int main(void)
{
    static m_Real x\[M_B * M_T], y\[M_B];
    int32_t lengths\[M_B];
    m_init(&model);
    m_init_weights(&model, 1);
    for (int b = 0; b < M_B; b++) {
        lengths\[b] = M_T;
        y\[b] = 0.1f * (float)b;
        for (int t = 0; t < M_T; t++)
            x\[b * M_T + t] = 0.01f * (float)(t + b);
    }
    ticks_start();
    const unsigned start = SYSTICK\[2];
    m_train_step(&model, M_B, lengths, x, y);
    printf(\"%u %u\\n\", (unsigned)sizeof model, ticks_since(start) * 40);
    return 0;
}
"

# Bytes of the object in flash, then what the program prints
proc counted {core program} {
    set flags [lassign [dict get $::cores $core] board]
    set gcc [list arm-none-eabi-gcc -O2 {*}$flags -mthumb -mfloat-abi=hard -ffunction-sections -fdata-sections -I[file dirname [file dirname $::seqgen]]/include -DSEQGEN_NO_MAIN]
    put main.c $program
    exec {*}$gcc -c m.c -o m.o
    exec {*}$gcc main.c m.o $::root/runtime/init.c $::root/docs/board/start.c -T $::root/docs/board/mps2.ld -nostartfiles --specs=rdimon.specs -Wl,--gc-sections -lm -o m.elf
    lassign [split [exec arm-none-eabi-size m.o] \n] - sizes
    return [concat [expr {[lindex $sizes 0] + [lindex $sizes 1]}] [exec timeout 100 qemu-system-arm -M $board -nographic -semihosting -icount shift=0 -kernel m.elf]]
}

proc spec {cell H} {
    set rows "id,x,y\n"
    for {set i 0} {$i < 48} {incr i} { append rows "s[expr {$i / 24}],[expr {$i % 7 * 0.1}],0.[expr {$i / 24}]\n" }
    put d.csv $rows
    put m.yaml "seqgen: 1\nname: m\ndata: {train: d.csv, input: {columns: \[x]}, sequence: id, target: {value: y}}\nmodel: \[{$cell: {hidden: $H}}, last, {linear: {out: targets}}]\ntrain: {optimizer: {adam: {lr: 0.01}}, batch: 4}\n"
}

proc row {cell H} {
    spec $cell $H
    exec $::seqgen run m.yaml train --steps 1 --save w.safetensors --quiet
    exec $::seqgen m.yaml --target cortex-m --emit infer --weights w.safetensors --set train.batch=1 -o m.c --quiet
    lassign [counted M7 $::stream] flash state seven
    lassign [counted M4F $::stream] - - four
    exec $::seqgen m.yaml --target cortex-m -o m.c --quiet
    lassign [counted M7 $::train] training model learns
    puts [format "| %s | %.1f | %d | %s | %s | %.1f | %.1f | %.2f million |" "$cell 1 → $H → 1" [expr {$flash / 1024.0}] $state $seven $four \
        [expr {$training / 1024.0}] [expr {$model / 1024.0}] [expr {$learns / 1e6}]]
    flush stdout
}

proc main {words} {
    if {"--help" in $words} { puts -nonewline $::usage; return }
    set cases [expr {[llength $words] ? $words : {lstm:8 lstm:16 lstm:32 lstm:64 gru:8 gru:16 gru:32 gru:64}}]
    foreach case $cases {
        if {![regexp {^(rnn|lstm|gru):[1-9]\d*$} $case]} { puts stderr "microcontroller.tcl: found '$case', expected CELL:H, as lstm:20. Try --help."; exit 1 }
    }
    foreach tool {arm-none-eabi-gcc qemu-system-arm} {
        if {[auto_execok $tool] eq ""} { error "no $tool; scripts/deps --long installs it" }
    }
    set dir [exec mktemp -d -t seqgen-mcu-XXXXXX]
    cd $dir
    puts "| model | flash, KB | state, bytes | instructions a step, M7 | M4F | training: flash, KB | RAM, KB | instructions a training step, M7 |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
    try { foreach case $cases { row {*}[split $case :] } } finally { cd / ; file delete -force $dir }
}

if {[catch {main $argv} message]} {
    puts stderr "microcontroller.tcl: $message"
    exit 5
}
