/* SPDX-License-Identifier: MIT */
/*
 * exit.c - ending the machine. SBI's reset call carries no exit code, so an emulator is told
 * through the test device that the device tree names, or through semihosting.
 */
#include "kernel/trap/exit.h"

#include <stdatomic.h>

#include "fdt/fdt_info.h"
#include "kernel/command.h"
#include "kernel/hart/clock.h"
#include "kernel/hart/csr.h"
#include "kernel/kernel_sbi.h"
#include "lib/compiler.h"
#include "lib/platform.h"
#include "lib/print.h"
#include "sbi/reset.h"

/* The sifive,test finisher: one 32-bit register, code << 16 | 0x3333 fails, 0x5555 passes. */
#define FINISHER_PASS       0x5555u
#define FINISHER_FAIL(code) ((uint32_t)(code) << 16 | 0x3333u)
#define FAILURE_CODE        1u

/* ARM semihosting, as the RISC-V semihosting specification takes it over. */
#define SEMIHOSTING_EXIT_EXTENDED    0x20ul
#define SEMIHOSTING_APPLICATION_EXIT 0x20026ul

static volatile uint32_t *finisher;
static bool semihosting;
static bool any_failed;

void exit_init(const struct fdt *fdt)
{
	static const char *const compatible[] = { "sifive,test1", "sifive,test0" };
	struct fdt_device device;

	for (unsigned i = 0; i < ARRAY_SIZE(compatible) && finisher == NULL; i++) {
		if (fdt_find_compatible(fdt, compatible[i], &device) == ACRE_OK &&
		    device.size >= 4 && device.base % 4 == 0)
			finisher = (volatile uint32_t *)device.base;
	}
}

void exit_allow_semihosting(void)
{
	semihosting = true;
}

void exit_note_failure(void)
{
	any_failed = true;
}

enum exit_verdict exit_verdict_so_far(void)
{
	return any_failed ? EXIT_FAILED : EXIT_OK;
}

/*
 * The three instructions are a signature: uncompressed, and in one page. Where no debugger takes
 * the call the ebreak traps; then it is passed over, and the next way to end is tried.
 */
static void semihosting_exit(uint64_t code)
{
	const uint64_t block[2] = { SEMIHOSTING_APPLICATION_EXIT, code };
	register uint64_t a0 __asm__("a0") = SEMIHOSTING_EXIT_EXTENDED;
	register uint64_t a1 __asm__("a1") = (uint64_t)block;
	uint64_t handler;

	__asm__ volatile("la %[handler], 1f\n"
			 "csrrw %[handler], stvec, %[handler]\n"
			 ".balign 16\n"
			 ".option push\n"
			 ".option norvc\n"
			 "slli zero, zero, 0x1f\n"
			 "ebreak\n"
			 "srai zero, zero, 7\n"
			 ".option pop\n"
			 "1: csrw stvec, %[handler]"
			 : "+r"(a0), [handler] "=&r"(handler)
			 : "r"(a1)
			 : "memory");
}

/* So often the clock is read at most, in case that it stands still. */
#define LOOKS_AT_CLOCK 100000000u

/*
 * QEMU from 10 on runs a little further, and would take the exit code from the next way that is
 * tried.
 */
static void give_time_to_end(void)
{
	const uint64_t start = clock_ticks();

	for (unsigned i = 0; i < LOOKS_AT_CLOCK; i++) {
		if (clock_ticks() - start >= 1000 * clock_ticks_per_ms())
			return;
	}
}

/* While another hart panics, this one must not say that all is well. */
static void give_way_to_a_panic(void)
{
	while (platform_panicking())
		wait_for_interrupt();
}

/*
 * Each way is tried once. The device tree may name a place that traps; the panic that this makes
 * comes back here, and must end with the next way.
 */
acre_noreturn void machine_exit(enum exit_verdict verdict)
{
	volatile uint32_t *device = finisher;
	bool ask_debugger = semihosting;

	csr_clear(sstatus, SSTATUS_SIE); /* the trap vector is about to be another one */
	if (verdict == EXIT_OK)
		give_way_to_a_panic();
	finisher = NULL;
	if (device != NULL) {
		*device = verdict == EXIT_OK ? FINISHER_PASS : FINISHER_FAIL(FAILURE_CODE);
		give_time_to_end();
	}
	semihosting = false;
	if (ask_debugger)
		semihosting_exit(verdict == EXIT_OK ? 0 : FAILURE_CODE);
	acre_print_unlocked(SBI_SHUTDOWN_WARNING);
	long error = sbi_shutdown(&kernel_sbi, verdict == EXIT_OK ? SBI_SRST_REASON_NONE
								  : SBI_SRST_REASON_SYSTEM_FAILURE);
	acre_print_unlocked(
		"this board cannot power itself off (%s); it is safe to switch it off\n",
		sbi_error_str(error));
	for (;;)
		wait_for_interrupt();
}

acre_noreturn void machine_reboot(void)
{
	give_way_to_a_panic();
	long error = sbi_reboot(&kernel_sbi, SBI_SRST_REASON_NONE);
	acre_print_unlocked("this board cannot reboot itself (%s)\n", sbi_error_str(error));
	machine_exit(exit_verdict_so_far());
}

static void power_off(void)
{
	machine_exit(exit_verdict_so_far());
}

COMMAND(poweroff) = {
	.name = "poweroff",
	.usage = "poweroff",
	.help = "switch the machine off; the exit code is the verdict so far",
	.example = "poweroff",
	.run = power_off,
};

COMMAND(reboot) = {
	.name = "reboot",
	.usage = "reboot",
	.help = "start the machine over",
	.example = "reboot",
	.run = machine_reboot,
};
