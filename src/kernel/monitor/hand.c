/* SPDX-License-Identifier: MIT */
/*
 * hand.c - taking and giving memory back by hand. A free that is wrong is refused and reported as
 * it is from any caller, and does not panic, whatever badfree= says: it is a person's mistake. Frames
 * that the kernel uses are not given back, nor objects of its caches; its other blocks are not known.
 */
#include "kernel/bad_free.h"
#include "kernel/command.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/kmalloc.h"
#include "kernel/monitor/why.h"
#include "kernel/text.h"
#include "lib/align.h"
#include "lib/fmt.h"
#include "lib/print.h"
#include "mm/heap/heap.h"

/* @word[0] and @word[1], where they are, to *@a and *@b; else these stay. */
static bool read_two(unsigned nwords, char *const *word, uint64_t *a, uint64_t *b)
{
	return (nwords < 1 || command_number(word[0], a)) &&
	       (nwords < 2 || command_number(word[1], b));
}

static void alloc_by_hand(unsigned nwords, char *const *word)
{
	uint64_t n = 1, align = FRAME_SIZE;
	char size[FMT_SIZE_LEN];

	if (!read_two(nwords, word, &n, &align))
		return;
	if (n == 0 || !is_power_of_two(align) || align < FRAME_SIZE) {
		acre_print("at least 1 frame; an alignment is a power of two, 4096 at least\n");
		return;
	}
	frame_nr_t pfn = nwords == 0 ? frame_alloc(&machine.frames)
				     : frame_alloc_range(&machine.frames, n, align);
	if (pfn == FRAME_NONE)
		acre_print("there are none: %llu frames in one piece, at a multiple of %llu\n",
			   (ull)n, (ull)align);
	else
		acre_print("0x%llx: %llu frame%s, %s\n", (ull)frame_to_paddr(pfn), (ull)n,
			   n == 1 ? "" : "s", fmt_size(size, n * FRAME_SIZE));
}

/* The first of the frames that is the kernel's, and was not taken by hand; FRAME_NONE if none is. */
static frame_nr_t kernels(frame_nr_t pfn, frame_count_t n)
{
	for (; n != 0 && frame_is_managed(&machine.frames, pfn); n--, pfn++) {
		if (frame_is_free(&machine.frames, pfn))
			break; /* then all of the free is refused */
		if (why_is_kernels(frame_to_paddr(pfn)))
			return pfn;
	}
	return FRAME_NONE;
}

static void free_by_hand(unsigned nwords, char *const *word)
{
	uint64_t addr, n = 1;
	enum acre_status s;
	char sentence[WHY_LEN];

	if (!command_address("free ADDRESS [FRAMES]", nwords, word, &addr) ||
	    (nwords > 1 && !command_number(word[1], &n)))
		return;
	frame_nr_t used = kernels(frame_from_paddr(addr), n);
	if (used != FRAME_NONE) {
		acre_print("not given back: the kernel uses it: %s\n",
			   why_str(sentence, frame_to_paddr(used)));
		return;
	}
	bool reports = bad_free_set_reports(true);
	s = nwords > 1 && addr % FRAME_SIZE == 0
		    ? frame_free_range(&machine.frames, frame_from_paddr(addr), n)
		    : frame_free_address(&machine.frames, addr);
	(void)bad_free_set_reports(reports);
	if (s == ACRE_OK)
		acre_print("given back\n");
}

static void kmalloc_by_hand(unsigned nwords, char *const *word)
{
	uint64_t size, align = HEAP_MIN_ALIGN;
	char text[FMT_SIZE_LEN];

	if (nwords == 0) {
		acre_print("how many bytes? usage: kmalloc BYTES [ALIGNMENT]\n");
		return;
	}
	if (!read_two(nwords, word, &size, &align))
		return;
	if (!is_power_of_two(align)) {
		acre_print("an alignment is a power of two\n");
		return;
	}
	void *block = kmalloc_aligned(size, align);
	if (block == NULL)
		acre_print("there are none: %llu bytes at a multiple of %llu\n", (ull)size,
			   (ull)align);
	else
		acre_print("0x%llx: %s\n", (ull)(uintptr_t)block,
			   fmt_size(text, kmalloc_usable_size(block)));
}

static void kfree_by_hand(unsigned nwords, char *const *word)
{
	uint64_t addr;

	if (!command_address("kfree ADDRESS", nwords, word, &addr))
		return;
	struct heap_block block;
	if (heap_block_of(&kernel_heap, (void *)(uintptr_t)addr, &block) == ACRE_OK &&
	    block.cache != NULL) {
		acre_print("not given back: the kernel uses it: an object of the cache '%s'\n",
			   block.cache);
		return;
	}
	bool live = kmalloc_usable_size((void *)(uintptr_t)addr) != 0;
	bool reports = bad_free_set_reports(true);
	kfree((void *)(uintptr_t)addr);
	(void)bad_free_set_reports(reports);
	if (live)
		acre_print("given back\n");
}

COMMAND(alloc) = {
	.name = "alloc",
	.usage = "alloc [FRAMES [ALIGNMENT]]",
	.help = "take one frame, or some in one piece",
	.example = "alloc 512 2M",
	.max_words = 2,
	.run_words = alloc_by_hand,
};

COMMAND(free) = {
	.name = "free",
	.usage = "free ADDRESS [FRAMES]",
	.help = "give frames back",
	.example = "free 0x80c00000 512",
	.max_words = 2,
	.run_words = free_by_hand,
};

COMMAND(kmalloc) = {
	.name = "kmalloc",
	.usage = "kmalloc BYTES [ALIGNMENT]",
	.help = "take a block of the kernel's heap",
	.example = "kmalloc 100",
	.max_words = 2,
	.run_words = kmalloc_by_hand,
};

COMMAND(kfree) = {
	.name = "kfree",
	.usage = "kfree ADDRESS",
	.help = "give a block back",
	.example = "kfree 0x8030e000",
	.max_words = 1,
	.run_words = kfree_by_hand,
};
