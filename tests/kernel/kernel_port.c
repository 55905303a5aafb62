/* SPDX-License-Identifier: MIT */
/* kernel_port.c (kernel) - what the test runner needs, from the kernel's own heap and frame pool. */
#include "kernel/bad_free.h"
#include "kernel/command.h"
#include "kernel/hart/harts.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/kmalloc.h"
#include "kernel/trap/panic_report.h"
#include "lib/panic.h"
#include "selftest/context.h"
#include "selftest/irq_stress.h"
#include "selftest/selftest.h"
#include "tests/support/frames_at_rest.h"
#include "tests/support/ktest.h"
#include "tests/support/ktest_port.h"

#define MAX_NESTING 2

static struct context escape[MAX_NESTING];
static unsigned depth;
static struct hart *runner;

/* Not ours to survive: a panic on another hart, or of a handler. */
static void on_panic(const char *message)
{
	if (hart_self() != runner || runner->in_handler)
		return;
	ktest_on_panic(message);
	if (depth != 0)
		port_escape(PORT_PANICKED);
}

unsigned selftest_run(const char *glob, uint64_t seed)
{
	bad_free_hook = ktest_on_bad_free;
	unsigned failed = ktest_run(glob, seed);
	bad_free_hook = NULL;
	hart_check_guard(hart_self());
	return failed;
}

void selftest_list(void)
{
	ktest_list();
}

const char *selftest_name(size_t i)
{
	static char name[KTEST_NAME_SIZE];

	return ktest_name(name, i);
}

bool port_stopped(void)
{
	return command_stopped();
}

/* Interrupts are as they were, whatever lock the panic left behind. */
enum port_outcome port_try(void (*fn)(void *), void *arg)
{
	runner = hart_self();
	if (depth == MAX_NESTING)
		acre_panic("tests nest too deep");
	unsigned long irq = platform_irq_save();
	platform_irq_restore(irq);
	unsigned pauses = irq_stress_pauses();
	int outcome = context_save(&escape[depth]);
	if (outcome == 0) {
		depth++;
		panic_hook = on_panic;
		fn(arg);
		depth--;
	}
	if (depth == 0)
		panic_hook = NULL;
	while (irq_stress_pauses() > pauses)
		irq_stress_resume();
	(void)platform_irq_save();
	platform_irq_restore(irq);
	return (enum port_outcome)outcome;
}

_Noreturn void port_escape(enum port_outcome outcome)
{
	context_restore(&escape[--depth], (int)outcome);
}

void *port_alloc(size_t size, size_t align)
{
	return kmalloc_aligned(size, align);
}

void port_free(void *block)
{
	kfree(block);
}

bool port_memory_is_short(void)
{
	return KERNEL_HEAP_SIZE < KTEST_MEMORY;
}

uint64_t port_free_frames(void)
{
	irq_stress_pause();
	uint64_t free = frames_at_rest();
	irq_stress_resume();
	return free;
}

uint64_t port_heap_bytes(void)
{
	struct heap_stats stats;

	irq_stress_pause();
	heap_stats(&kernel_heap, &stats);
	irq_stress_resume();
	return stats.used_bytes;
}
