/* start.c: what a Cortex-M does before main; for QEMU's mps2 boards, where printf goes to the terminal (semihosting).
 *
 * Takes: the symbols of mps2.ld. Gives: main's end as the emulator's exit code; a fault ends it with 1. On a board of your own: its vendor's file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern uint32_t stack_top[], data_load[], data_start[], data_end[], bss_start[], bss_end[];
extern void initialise_monitor_handles(void); /* of librdimon: opens the terminal */
extern int main(void);

static void start(void)
{
    volatile uint32_t *const coprocessor_access = (volatile uint32_t *)0xE000ED88;
    *coprocessor_access |= 0xFu << 20; /* the FPU, off after reset */
    __asm volatile("dsb\n\tisb");
    memcpy(data_start, data_load, (size_t)((char *)data_end - (char *)data_start));
    memset(bss_start, 0, (size_t)((char *)bss_end - (char *)bss_start));
    initialise_monitor_handles();
    exit(main());
}

static void fault(void) { exit(1); }

typedef void (*Handler)(void);

/* Where the core looks after reset: the stack, where to start, handlers of faults */
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    Handler handlers[15];
} vectors = {stack_top, {start, fault, fault, fault, fault, fault, fault}};
