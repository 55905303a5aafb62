// SPDX-License-Identifier: MIT
/*
 * acre_bench.c - a Linux kernel that measures its own allocators, by the loops that measure ours,
 * and powers off. It is built into that kernel (bench/linux/build-linux) and runs when all else is
 * up, before there would be a process.
 *
 * The timer's interrupt is masked meanwhile: no tick is in the figures, and interrupts are enabled
 * all the same, as they are where a kernel calls its allocator.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <asm/csr.h>

#include "bench/linux/acre_bench.h"

#define LINE "acre: "

static unsigned int rows;
static unsigned int broken_rows;

uint64_t bench_now(void)
{
	return csr_read(CSR_INSTRET);
}

void *bench_memory(uint64_t bytes)
{
	void *memory = vzalloc(bytes);

	if (memory == NULL)
		panic(LINE "no memory for the benchmark itself: %llu bytes\n", bytes);
	return memory;
}

bool bench_is(const struct bench_workload *w, const char *name)
{
	return strcmp(w->name, name) == 0;
}

/* In hundredths. */
static uint64_t per_operation(const struct bench_run *r, const struct bench_run *empty)
{
	uint64_t own = empty != NULL ? empty->cost : 0;
	uint64_t cost = r->cost > own ? r->cost - own : 0;

	return div64_u64(cost * 100 + r->ops / 2, r->ops);
}

void bench_row(const char *allocator, const char *name, const struct bench_run *r,
	       const struct bench_run *empty)
{
	const char *broken = r->broken;
	uint64_t cost;

	if (broken == NULL && r->ops == 0)
		broken = "nothing was measured";
	if (broken == NULL && empty != NULL && empty->ops != r->ops)
		broken = "the empty calls made another number of operations";
	if (broken != NULL) {
		broken_rows++;
		pr_emerg(LINE "bench FAILED %s of %s: %s\n", name, allocator, broken);
		return;
	}
	rows++;
	cost = per_operation(r, empty);
	pr_emerg(LINE "peer %s %s %llu.%02llu instr\n", allocator, name, cost / 100, cost % 100);
}

/* With no counter there is nothing to measure. */
static bool counts(void)
{
	uint64_t before = bench_now();

	return bench_now() - before != 0;
}

static int __init acre_bench(void)
{
	pr_emerg(LINE "seed %llu\n", BENCH_SEED);
	csr_clear(CSR_IE, IE_TIE);
	if (counts()) {
		bench_pages();
		bench_blocks();
		bench_objects();
	} else {
		broken_rows++;
	}
	csr_set(CSR_IE, IE_TIE);
	if (broken_rows != 0)
		pr_emerg(LINE "FAIL %u failed, %u passed\n", broken_rows, rows);
	else
		pr_emerg(LINE "PASS %u passed\n", rows);
	kernel_power_off();
	return 0;
}
late_initcall(acre_bench);
