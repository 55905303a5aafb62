/* SPDX-License-Identifier: MIT */
/* Traps that are asked for: what arrives in trap_handle(), and that interrupts wait for the lock. */
#include "kernel/trap/traps.h"

#include "kernel/hart/clock.h"
#include "kernel/hart/csr.h"
#include "kernel/hart/hart.h"
#include "kernel/kernel_sbi.h"
#include "lib/lock.h"
#include "mm/types.h"
#include "sbi/ipi.h"
#include "sbi/timer.h"
#include "selftest/context.h"
#include "tests/support/ktest.h"

static struct context resume;
static struct trap_frame seen;

static bool remember(struct trap_frame *frame)
{
	if (frame->scause & SCAUSE_INTERRUPT)
		return false;
	seen = *frame;
	context_restore(&resume, 1);
}

/* Does fn(address) trap? The trap is then in `seen`. */
static bool traps(void (*fn)(uint64_t), uint64_t address)
{
	hart_self()->trap_hook = remember;
	int trapped = context_save(&resume);
	if (trapped == 0)
		fn(address);
	hart_self()->trap_hook = NULL;
	return trapped != 0;
}

static void load(uint64_t address)
{
	(void)*(volatile uint64_t *)address;
}

static void store(uint64_t address)
{
	*(volatile uint64_t *)address = 1;
}

static void call(uint64_t address)
{
	((void (*)(void))address)();
}

static void illegal(uint64_t unused)
{
	(void)unused;
	__asm__ volatile("unimp");
}

static void breakpoint(uint64_t unused)
{
	(void)unused;
	__asm__ volatile("ebreak");
}

/* The end of physical addresses: nobody has anything there. Address 0 is RAM on some boards. */
#define NOWHERE (ACRE_PADDR_LIMIT - 8)

KTEST(traps, faults_carry_cause_and_address)
{
	REQUIRE(traps(load, NOWHERE));
	EXPECT_EQ(seen.scause, 5);
	EXPECT_EQ(seen.stval, NOWHERE);
	EXPECT(seen.sepc - (uint64_t)load < 32);

	REQUIRE(traps(store, NOWHERE));
	EXPECT_EQ(seen.scause, 7);
	EXPECT_EQ(seen.stval, NOWHERE);

	REQUIRE(traps(call, NOWHERE));
	EXPECT_EQ(seen.scause, 1);
	EXPECT_EQ(seen.sepc, NOWHERE);
}

KTEST(traps, illegal_instruction_and_breakpoint)
{
	REQUIRE(traps(illegal, 0));
	EXPECT_EQ(seen.scause, 2);
	REQUIRE(traps(breakpoint, 0));
	EXPECT_EQ(seen.scause, 3);
}

KTEST(traps, floating_point_is_off)
{
	EXPECT_EQ(csr_read(sstatus) >> 13 & 3, 0);
}

KTEST(traps, every_cause_has_a_name)
{
	EXPECT_STR(trap_cause_str(5), "load access fault");
	EXPECT_STR(trap_cause_str(SCAUSE_INTERRUPT | IRQ_TIMER), "timer interrupt");
	EXPECT_STR(trap_cause_str(14), "unknown exception");
	EXPECT_STR(trap_cause_str(1000), "unknown exception");
	EXPECT_STR(trap_cause_str(SCAUSE_INTERRUPT | 77), "unknown interrupt");
}

KTEST(traps, an_interrupt_in_the_middle_changes_no_register)
{
	struct hart *self = hart_self();
	uint64_t before = self->timer_interrupts;
	unsigned long irq = platform_irq_save();

	/* A timer that is due lets every instruction after `csrsi` be the one interrupted. */
	for (unsigned i = 0; i < 50; i++) {
		EXPECT_EQ(sbi_set_timer(&kernel_sbi, clock_ticks() + i), SBI_SUCCESS);
		csr_set(sie, 1ul << IRQ_TIMER);
		csr_set(sstatus, SSTATUS_SIE);
		uint64_t a = i, b = ~a, c = a * 3, d = b ^ c;
		for (uint64_t until = clock_ticks() + 200; clock_ticks() < until;)
			__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
		csr_clear(sstatus, SSTATUS_SIE);
		EXPECT(a == i && b == ~a && c == a * 3 && d == (b ^ c));
	}
	EXPECT(self->timer_interrupts > before);
	EXPECT_EQ(sbi_set_timer(&kernel_sbi, SBI_TIMER_NEVER), SBI_SUCCESS);
	EXPECT(clock_arm());
	platform_irq_restore(irq);
}

static bool soft_is_pending(void)
{
	return (csr_read(sip) & 1ul << IRQ_SOFT) != 0;
}

KTEST(traps, an_interrupt_waits_until_the_lock_is_released)
{
	struct hart *self = hart_self();
	struct ticket_lock lock;

	ticket_lock_init(&lock, "traps");
	EXPECT((csr_read(sie) & 1ul << IRQ_SOFT) != 0);
	EXPECT((csr_read(sstatus) & SSTATUS_SIE) != 0);
	unsigned long irq = ticket_lock_acquire(&lock);
	uint64_t before = *(volatile uint64_t *)&self->software_interrupts;
	EXPECT_EQ(sbi_send_ipi(&kernel_sbi, 1, self->id), SBI_SUCCESS);
	/* Bounded in ticks, so that a lost interrupt fails the test and does not hang it. */
	for (uint64_t until = clock_ticks() + 1000 * clock_ticks_per_ms();
	     !soft_is_pending() && clock_ticks() < until;)
		platform_relax();
	EXPECT(soft_is_pending());
	EXPECT_EQ(*(volatile uint64_t *)&self->software_interrupts, before);
	ticket_lock_release(&lock, irq);
	/* The interrupt is taken at the first instruction with SIE set; others may send some as well. */
	EXPECT(*(volatile uint64_t *)&self->software_interrupts > before);
}
