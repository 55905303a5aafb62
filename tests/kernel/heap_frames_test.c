/* SPDX-License-Identifier: MIT */
/*
 * heap_frames_test.c (kernel) - the kernel's heap and the machine's frames, where one takes what the
 * other lacks. tests/unit/heap_grow_test.c has the same with a pool of its own, and looks closer.
 */
#include "kernel/memory/heap_frames.h"

#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/kmalloc.h"
#include "lib/compiler.h"
#include "mm/frame/frame_types.h"
#include "selftest/irq_stress.h"
#include "tests/support/frames_at_rest.h"
#include "tests/support/ktest.h"

#define MAX_RUNS    64u
#define LEFT_FRAMES 4096u /* of a large machine, so that this is quick */

static struct heap_stats stats_now(void)
{
	struct heap_stats s;

	heap_stats(&kernel_heap, &s);
	return s;
}

/* ---- what is taken ---------------------------------------------------------------------------- */

/* Blocks and frames, each a list whose links lie in them; and long runs. */
struct taken {
	void **block;
	void **frame;
	struct {
		frame_nr_t pfn;
		frame_count_t n;
	} run[MAX_RUNS];
	unsigned nruns;
};

/* Of more than 64 GiB: a look at each frame takes seconds. */
static bool is_large(void)
{
	return frame_managed_count(&machine.frames) >> 24 != 0;
}

/* All but LEFT_FRAMES or somewhat more. */
static void take_runs(struct taken *t)
{
	frame_count_t n = (frame_count_t)1 << 40;

	while (n >= LEFT_FRAMES / 4 && t->nruns < MAX_RUNS) {
		frame_nr_t pfn = FRAME_NONE;

		if (frame_free_count(&machine.frames) >= n + LEFT_FRAMES)
			pfn = frame_alloc_range(&machine.frames, n, FRAME_SIZE);
		if (pfn == FRAME_NONE) {
			n /= 2;
			continue;
		}
		t->run[t->nruns].pfn = pfn;
		t->run[t->nruns++].n = n;
	}
}

static void free_runs(struct taken *t)
{
	while (t->nruns-- > 0)
		EXPECT_EQ(frame_free_range(&machine.frames, t->run[t->nruns].pfn,
					   t->run[t->nruns].n),
			  ACRE_OK);
}

static bool take_a_frame(struct taken *t)
{
	const frame_nr_t pfn = frame_alloc(&machine.frames);

	if (pfn == FRAME_NONE)
		return false;
	void **frame = frame_ptr(&machine.frames, pfn);
	*frame = t->frame;
	t->frame = frame;
	return true;
}

static void free_frames(struct taken *t)
{
	while (t->frame != NULL) {
		void **frame = t->frame;
		t->frame = *frame;
		EXPECT_EQ(frame_free(&machine.frames, frame_of_ptr(&machine.frames, frame)),
			  ACRE_OK);
	}
}

static bool take_a_block(struct taken *t, size_t size)
{
	void **block = kmalloc(size);

	if (block == NULL)
		return false;
	block[0] = t->block;
	block[1] = block; /* whose it is */
	t->block = block;
	return true;
}

static void free_blocks(struct taken *t)
{
	while (t->block != NULL) {
		void **block = t->block;
		EXPECT(block[1] == block);
		t->block = block[0];
		kfree(block);
	}
}

/* ---- to the last frame ------------------------------------------------------------------------ */

enum drain_order { HEAP_FIRST, FRAMES_FIRST, IN_TURN, DRAIN_ORDERS };

static void drain_both(struct taken *t, enum drain_order order, size_t size)
{
	bool more = true;

	while (order == HEAP_FIRST && take_a_block(t, size))
		;
	while (order == FRAMES_FIRST && take_a_frame(t))
		;
	while (order == IN_TURN && more) {
		more = take_a_block(t, size);
		more |= take_a_frame(t);
	}
	while (take_a_frame(t))
		;
	while (take_a_block(t, size))
		;
}

static void drain_and_fill(enum drain_order order, bool blocks_first, size_t size)
{
	static struct taken t;
	const frame_count_t at_rest = frames_at_rest();
	const struct heap_stats before = stats_now();

	t = (struct taken){ 0 };
	take_runs(&t);
	drain_both(&t, order, size);
	EXPECT_EQ(frame_free_count(&machine.frames), 0);
	EXPECT(!take_a_frame(&t));
	EXPECT(!take_a_block(&t, size));
	REQUIRE_VALID(heap_validate(&kernel_heap));
	if (!is_large())
		REQUIRE_VALID(frame_validate(&machine.frames));
	if (blocks_first)
		free_blocks(&t);
	free_frames(&t);
	free_blocks(&t);
	free_runs(&t);
	heap_shrink(&kernel_heap);
	const struct heap_stats after = stats_now();
	EXPECT_EQ(after.used_bytes, before.used_bytes);
	EXPECT_EQ(after.live_blocks, before.live_blocks);
	/* Descriptors for which there was no frame lie in a region, which stays. */
	EXPECT(after.grown_bytes <= before.grown_bytes || after.table_bytes > before.table_bytes);
	EXPECT_EQ(frames_at_rest(), at_rest);
	REQUIRE_VALID(heap_validate(&kernel_heap));
	REQUIRE_VALID(frame_validate(&machine.frames));
}

KTEST(heap_frames, go_to_the_last_one_and_back)
{
	const size_t most = kernel_heap.grown.most;
	const size_t keep = kernel_heap.grown.keep;

	irq_stress_pause();
	heap_set_limits(&kernel_heap, most, 0);
	for (unsigned order = 0; order < DRAIN_ORDERS; order++) {
		if (is_large() && order != IN_TURN)
			continue; /* seconds each */
		drain_and_fill((enum drain_order)order, true, 6144);
		if (!is_large())
			drain_and_fill((enum drain_order)order, false, 70000);
	}
	heap_set_limits(&kernel_heap, most, keep);
}

/* ---- limits: heap_max= and heap_keep=, as the kernel was started with -------------------------- */

#define BLOCK  ((size_t)60 << 10) /* no large one: regions are what is looked at */
#define ENOUGH ((size_t)12 << 20) /* of frames */

/* tests/boot/heap.t reads what is printed. */
KTEST(heap_frames, are_taken_as_far_as_the_heap_may)
{
	struct taken t = { 0 };
	const size_t most = kernel_heap.grown.most;
	const size_t keep = kernel_heap.grown.keep;

	irq_stress_pause();
	heap_shrink(&kernel_heap);
	const size_t before = stats_now().grown_bytes;
	while (stats_now().grown_bytes < ENOUGH && take_a_block(&t, BLOCK))
		;
	const size_t grown = stats_now().grown_bytes;
	EXPECT(grown <= most);
	free_blocks(&t);
	const size_t was_free = stats_now().free_bytes;
	heap_shrink(&kernel_heap);
	const struct heap_stats after = stats_now();
	EXPECT(after.free_bytes >= (keep < was_free ? keep : was_free));
	EXPECT(after.grown_bytes == before || after.table_bytes != 0 || keep != 0);
	ktest_note("took %zu KiB of frames, gave back all but %zu KiB, %zu KiB are free",
		   grown >> 10, after.grown_bytes >> 10, after.free_bytes >> 10);
	heap_set_limits(&kernel_heap, most, 0);
	heap_shrink(&kernel_heap);
	heap_set_limits(&kernel_heap, most, keep);
	REQUIRE_VALID(heap_validate(&kernel_heap));
}
