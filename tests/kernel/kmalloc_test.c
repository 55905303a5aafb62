/* SPDX-License-Identifier: MIT */
/* kmalloc_test.c (kernel) - the wrappers over the kernel's one heap; tests/unit/heap_test.c has the rest. */
#include "kernel/memory/kmalloc.h"

#include "kernel/memory/kernel_heap.h"
#include "lib/align.h"
#include "lib/string.h"
#include "selftest/irq_stress.h"
#include "tests/support/ktest.h"

/* What the compiler knows of kmalloc() would make it refuse these cases. */
static void *hide(void *p)
{
	void *volatile hidden = p;

	return hidden;
}

static size_t hide_size(size_t n)
{
	volatile size_t hidden = n;

	return hidden;
}

static uint64_t live_blocks(void)
{
	struct heap_stats s;

	heap_stats(&kernel_heap, &s);
	return s.live_blocks;
}

/* A call from here must be reported as one: near this function, not in the wrapper. */
static bool is_near(const void *caller, const void *function)
{
	return (uintptr_t)caller - (uintptr_t)function < 4096;
}

KTEST(kmalloc, every_verb_reaches_the_heap)
{
	irq_stress_pause();
	uint64_t before = live_blocks();
	uint8_t *block[5];

	block[0] = kmalloc(100);
	block[1] = kzalloc(100);
	block[2] = kcalloc(10, 10);
	block[3] = kmalloc_aligned(100, 4096);
	block[4] = krealloc(NULL, 100);
	EXPECT_EQ(live_blocks(), before + 5);
	for (unsigned i = 0; i < 5; i++) {
		REQUIRE(block[i] != NULL);
		EXPECT(is_aligned((uintptr_t)block[i], 16));
		EXPECT(kmalloc_usable_size(block[i]) >= 100);
	}
	EXPECT(is_aligned((uintptr_t)block[3], 4096));
	for (unsigned i = 0; i < 100; i++)
		EXPECT(block[1][i] == 0 && block[2][i] == 0);
	memset(block[4], 0x5a, 100);
	block[4] = krealloc(block[4], 9000);
	REQUIRE(block[4] != NULL);
	EXPECT(block[4][0] == 0x5a && block[4][99] == 0x5a);
	kfree(NULL);
	kfree(block[0]);
	kfree_sized(block[1], 100);
	kfree_sized(block[2], 100);
	kfree_sized(block[3], 100);
	kfree_sized(block[4], 9000);
	EXPECT_EQ(live_blocks(), before);
	REQUIRE_VALID(heap_validate(&kernel_heap));
}

static void or_panic_verbs(void *arg)
{
	(void)arg;
	kfree(kmalloc_or_panic(10));
}

static void ask_for_everything(void *arg)
{
	(void)arg;
	kfree(kmalloc_or_panic(HEAP_MAX_SIZE));
}

KTEST(kmalloc, or_panic_panics_only_without_memory)
{
	const size_t most = kernel_heap.grown.most;
	const size_t keep = kernel_heap.grown.keep;

	EXPECT(!ktest_panics(or_panic_verbs, NULL));
	heap_set_limits(&kernel_heap, 0, keep); /* a large machine has that much */
	EXPECT(ktest_panics(ask_for_everything, NULL));
	heap_set_limits(&kernel_heap, most, keep);
	EXPECT(strncmp(ktest_panic_message(), "out of memory: 2147483648 bytes aligned to 16 ",
		       46) == 0);
	REQUIRE_VALID(heap_validate(&kernel_heap));
}

KTEST(kmalloc, what_cannot_be_had_is_null_and_names_the_caller)
{
	struct heap_stats s;

	irq_stress_pause();
	EXPECT(kcalloc(hide_size(SIZE_MAX), 2) == NULL);
	EXPECT(kmalloc_aligned(1, 24) == NULL);
	EXPECT(kmalloc(hide_size(SIZE_MAX)) == NULL);
	heap_stats(&kernel_heap, &s);
	EXPECT_EQ(s.last_failure.size, SIZE_MAX);
	EXPECT(is_near(
		s.last_failure.caller,
		(const void *)ktest_kmalloc_what_cannot_be_had_is_null_and_names_the_caller));
}

KTEST(kmalloc, a_refused_free_names_the_caller)
{
	const struct platform_bad_free *report = ktest_last_bad_free();
	irq_stress_pause(); /* or the block is a handler's after the first free */
	void *p = kmalloc(100);

	REQUIRE(p != NULL);
	kfree_sized(hide(p), 200);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_STR(report->what, "a live block of another size");
	REQUIRE_EQ(report->actual_start, (uintptr_t)p);
	/* Pointers out of the report: an analyser that knew them would object, and be right. */
	kfree((uint8_t *)report->actual_start + 16);
	EXPECT_EQ(ktest_bad_frees(), 1);
	EXPECT_STR(report->what, "inside a live block");
	EXPECT(is_near(report->caller,
		       (const void *)ktest_kmalloc_a_refused_free_names_the_caller));
	kfree(p);
	EXPECT_EQ(ktest_bad_frees(), 0);
	kfree((void *)report->actual_start);
	EXPECT_EQ(ktest_bad_frees(), 1);
	REQUIRE_VALID(heap_validate(&kernel_heap));
}
