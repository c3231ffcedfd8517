# firmware.tcl: the C for cortex-m on emulated cores, without an operating system: three training steps and a sequence step by step print what they
# print here, and nothing of it allocates or writes.

source $root/tests/tools/specs.tcl

set include [file dirname [file dirname $seqgen]]/include
set cores {
    m7  {mps2-an500 -mcpu=cortex-m7 -mfpu=fpv5-sp-d16}
    m4f {mps2-an386 -mcpu=cortex-m4 -mfpu=fpv4-sp-d16}
}
foreach tool {arm-none-eabi-gcc qemu-system-arm} {
    if {[auto_execok $tool] eq ""} { skip firmware "no $tool; scripts/deps --long installs it"; return }
}

put program.c {#include "m.h"
#include <math.h>
#include <stdio.h>
#ifdef TRAINS
static m_Model model;
static m_Weights weights;
static m_Real x[M_B * M_T * 3];
static void all(void)
{
    const int32_t lengths[3] = {5, 2, 4};
    const m_Real targets[3] = {1, 0, -0.5f};
    m_Real *w = (m_Real *)&weights;
    for (int i = 0; i < M_B * M_T * 3; i++)
        x[i] = (m_Real)sin(78.233 * i);
    m_init(&model);
    m_init_weights(&model, 7);
    for (int step = 0; step < 3; step++)
        printf("%.4f\n", m_train_step(&model, 3, lengths, x, targets));
    m_get_weights(&model, &weights);
    for (int i = 0; i < M_PARAMETERS; i += 37)
        printf("%.3f\n", (double)w[i]);
}
#else
static m_State state;
static void all(void)
{
    m_Real x[3], out[M_OUTPUTS];
    m_reset(&state);
    for (int t = 0; t < 9; t++) {
        for (int i = 0; i < 3; i++)
            x[i] = (m_Real)sin(78.233 * (3 * t + i));
        m_step(NULL, &state, x, out);
        printf("%.5f\n", (double)out[0]);
    }
}
#endif
int main(void)
{
    all();
    return 0;
}
}

# What the program prints on the core, by the C for the target
proc on_core {core trains} {
    set flags [lassign [dict get $::cores $core] board]
    ran arm-none-eabi-gcc -O2 {*}$flags -mthumb -mfloat-abi=hard -Wall -Wextra -Wpedantic -Werror -ffunction-sections -fdata-sections {*}$trains -DSEQGEN_NO_MAIN \
        -I$::include m.c program.c $::root/runtime/init.c $::root/docs/board/start.c -T $::root/docs/board/mps2.ld -nostartfiles --specs=rdimon.specs \
        -Wl,--gc-sections -Wl,-Map=map.txt -lm -o program.elf
    return [ran timeout 100 qemu-system-arm -M $board -nographic -semihosting -kernel program.elf]
}

proc on_this {trains} {
    ran {*}$::cc -O1 {*}$trains -DSEQGEN_NO_MAIN -I$::include m.c program.c -L[file dirname $::include]/lib -lseqrt -ljansson -lm -o here
    return [ran ./here]
}

foreach {name model} {
    lstm {"lstm: {hidden: 21}" last "linear: {out: targets}"}
    gru  {"gru: {hidden: 12, layers: 2}" layer_norm last "dropout: {p: 0.2}" "linear: {out: targets}"}
    rnn  {"rnn: {hidden: 5, nonlinearity: relu}" gelu last "linear: {out: targets}"}
} {
    set spec [spec -name m -input rows -target {value 1} -optimizer {adamw: {lr: 0.01}} -model $model]
    ran $seqgen run $spec train --steps 2 --save w.safetensors --quiet
    ran $seqgen $spec --target cortex-m -o m.c --quiet
    set here [on_this -DTRAINS]
    foreach core [dict keys $cores] { test train/$core/$name { on_core $core -DTRAINS } $here }

    ran $seqgen $spec --target cortex-m --emit infer --weights w.safetensors -o m.c --quiet
    set here [on_this {}]
    foreach core [dict keys $cores] { test infer/$core/$name { on_core $core {} } $here }
    test needs/$name { # of a C library
        ran arm-none-eabi-gcc -O2 -mcpu=cortex-m7 -mthumb -mfpu=fpv5-sp-d16 -mfloat-abi=hard -c m.c -o m.o
        lmap {- symbol} [regexp -all -inline {U (\w+)} [ran arm-none-eabi-nm -u m.o]] { expr {$symbol in {memcpy memset sqrtf} ? [continue] : $symbol} }
    } {}
    test data/$name { # constants in flash, nothing of its own in RAM
        lassign [lindex [split [ran arm-none-eabi-size m.o] \n] 1] - data bss
        list $data $bss
    } {0 0}
}
