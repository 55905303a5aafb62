/* SPDX-License-Identifier: MIT */
/*
 * payload_bench.c - a kernel that measures itself: each row as a line that bench/run reads, then the verdict, then power
 * off. The figures mean something only where instructions are counted (-icount shift=0,sleep=off).
 */
#include "bench/kernel/kernel_bench.h"
#include "kernel/hart/clock.h"
#include "kernel/hart/csr.h"
#include "kernel/machine.h"
#include "kernel/payload.h"
#include "kernel/trap/exit.h"
#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"

#define DEFAULT_SEED 88172645463325252ull

static unsigned windows;
static unsigned passed;
static unsigned failed;

uint64_t bench_now(void)
{
	return csr_read(instret);
}

void *bench_memory(uint64_t bytes, uint64_t align)
{
	frame_count_t nframes = (bytes + FRAME_SIZE - 1) >> FRAME_SHIFT;
	frame_nr_t pfn = frame_alloc_range(&machine.frames, nframes, align);

	if (pfn == FRAME_NONE)
		acre_panic("the benchmark wants %llu KiB in one piece: "
			   "a machine with more memory, please",
			   (unsigned long long)(bytes >> 10));
	return memset(frame_ptr(&machine.frames, pfn), 0, bytes);
}

void bench_drop(void *memory, uint64_t bytes)
{
	frame_count_t nframes = (bytes + FRAME_SIZE - 1) >> FRAME_SHIFT;

	if (memory != NULL)
		frame_free_range(&machine.frames, frame_from_paddr((uintptr_t)memory), nframes);
}

void bench_begin_pass(struct bench_pass *pass)
{
	bench_start(&pass->run);
	pass->first_window = windows;
}

void bench_end_pass(struct bench_pass *pass)
{
	windows += pass->run.windows;
}

/* ---- lines -------------------------------------------------------------------------------------- */

static uint64_t power_of_10(unsigned n)
{
	uint64_t power = 1;

	while (n-- > 0)
		power *= 10;
	return power;
}

/* "12.34" of 1234. */
static void print_fixed(uint64_t value, unsigned decimals)
{
	char digits[24];
	uint64_t unit = power_of_10(decimals);
	uint64_t rest = value % unit;

	for (unsigned i = decimals; i > 0; i--, rest /= 10)
		digits[i - 1] = (char)('0' + rest % 10);
	digits[decimals] = '\0';
	acre_print("%llu%s%s", (unsigned long long)(value / unit), decimals > 0 ? "." : "", digits);
}

static void fail(const char *name, const char *suffix, const char *broken)
{
	failed++;
	exit_note_failure();
	acre_print("bench FAILED %s%s: %s\n", name, suffix, broken);
}

static uint64_t per_op(uint64_t cost, uint64_t ops, unsigned decimals)
{
	return (cost * power_of_10(decimals) + ops / 2) / ops;
}

/* Which windows a pass was, for who watches from outside: "first+count". */
static void print_windows(const char *word, const struct bench_pass *pass)
{
	if (pass != NULL)
		acre_print(" %s=%u+%u", word, pass->first_window, pass->run.windows);
}

static void print_cost(const struct bench_pass *measured, const struct bench_pass *overhead,
		       unsigned decimals)
{
	const struct bench_run *run = &measured->run;
	uint64_t own = overhead != NULL ? overhead->run.cost : 0;

	print_fixed(per_op(run->cost > own ? run->cost - own : 0, run->ops, decimals), decimals);
}

static const char *what_is_broken(const struct bench_pass *measured,
				  const struct bench_pass *overhead,
				  const struct bench_pass *checked)
{
	if (checked != NULL && checked->run.broken != NULL)
		return checked->run.broken;
	if (measured->run.broken != NULL)
		return measured->run.broken;
	if (checked != NULL && checked->run.sum != measured->run.sum)
		return "the checked run got other answers than the measured one";
	if (overhead != NULL && overhead->run.ops != measured->run.ops)
		return "the stand-in did another number of operations";
	return measured->run.ops == 0 ? "nothing was measured" : NULL;
}

void bench_row(const char *name, const char *suffix, const struct bench_pass *measured,
	       const struct bench_pass *overhead, const struct bench_pass *checked,
	       unsigned decimals)
{
	const char *broken = what_is_broken(measured, overhead, checked);

	if (broken != NULL) {
		fail(name, suffix, broken);
		return;
	}
	passed++;
	acre_print("bench %s%s ", name, suffix);
	print_cost(measured, overhead, decimals);
	if (checked != NULL)
		acre_print(" instr worst=%llu", (unsigned long long)checked->run.worst);
	else
		acre_print(" instr worst=-");
	if (overhead != NULL) {
		acre_print(" overhead=");
		print_fixed(per_op(overhead->run.cost, overhead->run.ops, 2), 2);
	}
	acre_print(" ops=%llu", (unsigned long long)measured->run.ops);
	print_windows("windows", measured);
	print_windows("less", overhead);
	acre_print("\n");
}

void bench_row_figure(const char *name, const char *suffix, struct bench_figure figure,
		      const char *broken)
{
	if (broken != NULL) {
		fail(name, suffix, broken);
		return;
	}
	passed++;
	acre_print("bench %s%s ", name, suffix);
	print_fixed(figure.value, figure.decimals);
	acre_print(" %s worst=-\n", figure.unit);
}

void bench_peer_row(const char *peer, const char *name, const struct bench_pass *measured,
		    const struct bench_pass *overhead)
{
	const char *broken = what_is_broken(measured, overhead, NULL);

	if (broken != NULL) {
		fail(name, " of the free list", broken);
		return;
	}
	passed++;
	acre_print("peer %s %s ", peer, name);
	print_cost(measured, overhead, 2);
	acre_print(" instr\n");
}

static uint64_t bench_seed; /* seed=, 0 if there is none */
static const struct boot_argument bench_argument[] = {
	{ "seed", "seed=N", "of the workloads", bootargs_set_number },
};
const struct boot_arguments payload_arguments = { bench_argument, ARRAY_SIZE(bench_argument),
						  &bench_seed };

acre_noreturn void payload_run(const struct bootargs *args)
{
	uint64_t seed = bench_seed != 0 ? bench_seed : DEFAULT_SEED;
	uint64_t counted;

	(void)args;
	if (!clock_instructions_since_entry(&counted))
		fail("counter", "", "nobody counts instructions here (-icount shift=0,sleep=off)");
	acre_print("seed %llu\n", (unsigned long long)seed);
	/* As in a running kernel; no source is enabled, so none comes. */
	csr_set(sstatus, SSTATUS_SIE);
	bench_frames(seed);
	bench_frame_setup(seed);
	bench_heap(seed);
	bench_growth();
	bench_bulk();
	bench_caches();
	bench_trace();
	if (failed != 0)
		acre_print("FAIL %u failed, %u passed\n", failed, passed);
	else
		acre_print("PASS %u passed\n", passed);
	machine_exit(exit_verdict_so_far());
}
