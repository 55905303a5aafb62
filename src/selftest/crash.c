/* SPDX-License-Identifier: MIT */
/*
 * crash.c - the command `crash`: ways to end badly on purpose, to see what the reports look like,
 * and for the tests that check them from outside.
 */
#include "kernel/command.h"
#include "kernel/hart/clock.h"
#include "kernel/hart/csr.h"
#include "kernel/hart/hart_life.h"
#include "kernel/hart/harts.h"
#include "kernel/machine.h"
#include "kernel/memory/kmalloc.h"
#include "lib/compiler.h"
#include "lib/lock.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/frame/frame_scoped.h"
#include "selftest/irq_stress.h"

static never_inline void by_panic(void)
{
	acre_panic("asked for at the prompt");
}

/* The end of physical addresses, and paging is off: an access fault. Address 0 may well be RAM. */
static never_inline void by_trap(void)
{
	uint64_t nowhere = ACRE_PADDR_LIMIT - 8;

	__asm__("" : "+r"(nowhere)); /* the compiler would see what we do, and leave it out */
	*(volatile uint64_t *)nowhere = 1;
}

static never_inline void by_jump(void)
{
	uint64_t nowhere = ACRE_PADDR_LIMIT - 8;

	__asm__("" : "+r"(nowhere));
	((void (*)(void))nowhere)();
	__asm__(""); /* or the call would be a jump, and we not among the callers */
}

static void panic_there(void *unused)
{
	(void)unused;
	acre_panic("asked for at the prompt");
}

/* This hart goes on and prints, until it is stopped. */
static void by_other_hart(void)
{
	const uint64_t end = clock_ticks() + 5000 * clock_ticks_per_ms();
	enum acre_status s = hart_run(harts_count() - 1, panic_there, NULL);

	while (s == ACRE_OK && clock_ticks() < end)
		acre_print("this hart goes on\n");
	acre_print("no panic there: %s\n", acre_status_str(s));
}

/* ---- all harts at the same time -------------------------------------------------------------- */

static struct ticket_lock crowd_lock;
static _Atomic unsigned crowd;

/* As fast as it can, and now and then a line. */
static void allocate_for_ever(void *unused)
{
	(void)unused;
	atomic_fetch_add(&crowd, 1);
	for (unsigned i = 0;; i++) {
		FRAME_SCOPED(one) = frame_scoped_alloc(&machine.frames);
		FRAME_SCOPED(run) =
			frame_scoped_alloc_range(&machine.frames, 1 + i % 20, FRAME_SIZE);
		(void)one.pfn; /* the checkers call them unused */
		(void)run.pfn;
		kfree(kmalloc(1 + i % 3000));
		if (i % 256 == 0)
			acre_print("hart %llu has allocated %u times and goes on\n",
				   (unsigned long long)hart_self()->id, i);
	}
}

/* Spins with interrupts off. */
static void wait_for_crowd_lock(void *unused)
{
	(void)unused;
	atomic_fetch_add(&crowd, 1);
	(void)!ticket_lock_acquire(&crowd_lock);
	acre_print("this hart went on\n");
}

static void hear_nothing(void *unused)
{
	(void)unused;
	(void)platform_irq_save();
	atomic_fetch_add(&crowd, 1);
	for (;;)
		platform_relax();
}

/* Whatever they do, and handlers with them; @last is what the last hart does. */
static void start_crowd(void (*last)(void *))
{
	const struct irq_stress_rates rates = { 1000, 1000 };
	unsigned started = 0;

	(void)irq_stress_set(&rates);
	for (unsigned i = 1; i < harts_count(); i++)
		started += hart_run(i, i + 1 < harts_count() ? allocate_for_ever : last, NULL) ==
			   ACRE_OK;
	while (atomic_load(&crowd) < started)
		clock_nap(1);
}

static void by_crowd(void)
{
	ticket_lock_init(&crowd_lock, "crowd");
	unsigned long irq = ticket_lock_acquire(&crowd_lock);

	/*
	 * The others need to hear of their rates; and here too handlers take and give, until the
	 * panic.
	 */
	platform_irq_restore(irq);
	start_crowd(wait_for_crowd_lock);
	clock_nap(20);
	acre_panic("asked for at the prompt, while %u harts are busy", atomic_load(&crowd));
}

/* All that hear of it in time; one of them reports. */
static void by_everyone(void)
{
	for (unsigned i = 1; i < harts_count(); i++)
		(void)!hart_run(i, panic_there, NULL);
	clock_nap(1);
	panic_there(NULL);
}

static void by_deaf(void)
{
	start_crowd(hear_nothing);
	acre_panic("asked for at the prompt");
}

/*
 * Deeper until @below is reached, then @at_the_bottom. The sum after the call keeps it from
 * becoming a loop. It stops inside the guard, since what lies below that is the kernel.
 */
/* NOLINTNEXTLINE(misc-no-recursion): that is the point */
static never_inline unsigned recurse(uint64_t below, void (*at_the_bottom)(void))
{
	volatile unsigned char frame[256];

	frame[0] = 1;
	if ((uint64_t)frame < below) {
		if (at_the_bottom != NULL)
			at_the_bottom();
		return 0;
	}
	return recurse(below, at_the_bottom) + frame[0];
}

static uint64_t middle_of_guard(void)
{
	return hart_self()->stack_low - HART_GUARD_SIZE / 2;
}

/* Comes back: the guard is looked at when the command is over. */
static void by_stack(void)
{
	acre_print("%u calls deep\n", recurse(middle_of_guard(), NULL));
}

/* Does not: the trap finds no room on the stack. */
static void by_stack_and_trap(void)
{
	acre_print("%u calls deep\n", recurse(middle_of_guard(), by_trap));
}

/* No room for a report, but nothing ran over. */
static void by_stack_end(void)
{
	acre_print("%u calls deep\n", recurse(hart_self()->stack_low + 700, by_trap));
}

/* Hardly more room than a report has to have: recurse() and by_trap() are between. */
static void by_stack_room(void)
{
	acre_print("%u calls deep\n", recurse(hart_self()->stack_low + TRAP_ROOM + 400, by_trap));
}

static void by_hang(void)
{
	for (;;)
		wait_for_interrupt();
}

static void by_lock(void)
{
	struct ticket_lock lock;

	ticket_lock_init(&lock, "crash");
	for (;;)
		(void)!ticket_lock_acquire(&lock);
}

static void by_badfree(void)
{
	void *block = kmalloc_or_panic(100);
	uintptr_t again = (uintptr_t)block;

	kfree(block);
	__asm__("" : "+r"(again)); /* the compiler would see a use after free */
	kfree((void *)again);
}

/* A block that is written to by its owner alone, until @mistake writes to it too. Its owner looks. */
static void find_strange_byte(uint8_t *block, size_t size, void (*mistake)(uint8_t *block))
{
	memset(block, 0x55, size);
	mistake(block);
	for (size_t i = 0; i < size; i++) {
		if (block[i] != 0x55)
			acre_panic(
				"another caller wrote to the block at %p: its byte at %p is 0x%02x",
				(void *)block, (void *)(block + i), block[i]);
	}
}

/* The end of the block below this one is missed by a byte. */
static never_inline void write_too_far(uint8_t *block)
{
	volatile uint8_t *below = block - 64;

	for (unsigned i = 0; i <= 64; i++)
		below[i] = 0xaa;
}

static void by_overflow(void)
{
	uint8_t *a = kmalloc_or_panic(64);
	uint8_t *b = kmalloc_or_panic(64);

	if (a + 64 != b && b + 64 != a)
		acre_panic("two blocks of 64 bytes that are no neighbours");
	find_strange_byte(a < b ? b : a, 64, write_too_far);
}

static uint8_t *stale; /* a pointer to a block that was freed */

static never_inline void write_after_free(uint8_t *block)
{
	(void)block;
	stale[5] = 1;
}

static void by_usefree(void)
{
	uint8_t *block = kmalloc_or_panic(100);

	stale = block;
	kfree(block);
	__asm__("" : "+m"(stale)); /* the compiler would see a use after free */
	find_strange_byte(kmalloc_or_panic(100), 100, write_after_free);
}

static void by_badframe(void)
{
	(void)!frame_free(&machine.frames, 0);
}

/* Two bytes of a frame that is ours no more, and then the frame again. */
static void by_staleframe(void)
{
	frame_nr_t pfn = frame_alloc(&machine.frames);
	volatile uint8_t *bytes = frame_ptr(&machine.frames, pfn);

	(void)frame_free(&machine.frames, pfn);
	bytes[0x123] = 1;
	bytes[0x456] = 1;
	if (frame_alloc_at(&machine.frames, pfn, 1) == ACRE_OK)
		(void)frame_free(&machine.frames, pfn);
}

static void by_twiceframe(void)
{
	frame_nr_t pfn = frame_alloc(&machine.frames);

	(void)frame_free(&machine.frames, pfn);
	(void)frame_free(&machine.frames, pfn);
}

static void by_oom(void)
{
	kfree(kmalloc_or_panic(SIZE_MAX / 2));
}

static const struct {
	const char *name;
	void (*crash)(void);
	const char *what;
} ways[] = {
	{ "panic", by_panic, "a panic" },
	{ "trap", by_trap, "a store to nowhere" },
	{ "jump", by_jump, "a call to nowhere" },
	{ "hart", by_other_hart, "a panic on another hart" },
	{ "crowd", by_crowd, "a panic while the other harts allocate, and one waits for a lock" },
	{ "everyone", by_everyone, "a panic on each hart, all at the same time" },
	{ "deaf", by_deaf, "a panic while another hart hears and sees nothing" },
	{ "stack", by_stack, "run over the end of the stack, and come back" },
	{ "stacktrap", by_stack_and_trap, "run over the end of the stack, and trap there" },
	{ "stackend", by_stack_end, "trap at the end of the stack" },
	{ "stackroom", by_stack_room, "trap where there is just room for the report" },
	{ "hang", by_hang, "wait for ever" },
	{ "lock", by_lock, "take a lock twice" },
	{ "badfree", by_badfree, "free a block twice" },
	{ "overflow", by_overflow, "write past the end of a block, into the next one" },
	{ "usefree", by_usefree, "write to a block after its free, when it is another's" },
	{ "badframe", by_badframe, "free a frame that is not ours" },
	{ "twiceframe", by_twiceframe, "free a frame twice" },
	{ "staleframe", by_staleframe, "write to a frame after its free; frames=debug finds it" },
	{ "oom", by_oom, "allocate more than there is" },
};

static void crash_on_purpose(unsigned nwords, char *const *word)
{
	for (unsigned i = 0; nwords != 0 && i < ARRAY_SIZE(ways); i++) {
		if (strcmp(word[0], ways[i].name) == 0) {
			ways[i].crash();
			return;
		}
	}
	if (nwords != 0)
		acre_print("there is no crash '%s'; these there are:\n", word[0]);
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++)
		acre_print("  crash %-10s %s\n", ways[i].name, ways[i].what);
}

static const char *way_name(size_t i)
{
	return i < ARRAY_SIZE(ways) ? ways[i].name : NULL;
}

COMMAND(crash) = {
	.name = "crash",
	.usage = "crash [WAY]",
	.help = "end badly on purpose; without a WAY, list the ways",
	.example = "crash lock",
	.candidate = way_name,
	.max_words = 1,
	.run_words = crash_on_purpose,
};
