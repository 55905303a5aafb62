/* SPDX-License-Identifier: MIT */
/*
 * payload_peers.c - a kernel that measures other people's allocators, where they need no operating
 * system: Rust crates (src/peers_rv64.rs) and o1heap. As in the kernel that measures ours, the
 * counter is read around each loop.
 */
#include "bench/bench.h"
#include "bench/peers-rv64/rows.h"
#include "kernel/hart/clock.h"
#include "kernel/hart/csr.h"
#include "kernel/machine.h"
#include "kernel/memory/kmalloc.h"
#include "kernel/payload.h"
#include "kernel/trap/exit.h"
#include "lib/attributes.h"
#include "lib/compiler.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"

/* What the Rust library calls. */
void *peers_memory(size_t size, size_t align);
void peers_memory_free(void *block);
acre_noreturn void peers_panic(void);

static const struct peer_frames *const frame_peers[] = { &PEER_FRAMES_BITMAP_1M,
							 &PEER_FRAMES_BUDDY };
static const struct peer_heap *const heap_peers[] = {
	&PEER_HEAP_BUDDY,    &PEER_HEAP_TALC,   &PEER_HEAP_RLSF,        &PEER_HEAP_LINKED_LIST,
	&PEER_HEAP_DLMALLOC, &PEER_HEAP_O1HEAP, &PEER_HEAP_GOOD_MEMORY,
};

/*
 * ---- what they and the rows want
 * ----------------------------------------------------------------
 */

uint64_t bench_now(void)
{
	return csr_read(instret);
}

void *rows_memory(uint64_t bytes, uint64_t align)
{
	frame_count_t nframes = (bytes + FRAME_SIZE - 1) >> FRAME_SHIFT;
	frame_nr_t pfn = frame_alloc_range(&machine.frames, nframes,
					   align > FRAME_SIZE ? align : FRAME_SIZE);

	if (pfn == FRAME_NONE)
		acre_panic("the benchmark wants %llu KiB in one piece: "
			   "a machine with more memory, please",
			   (unsigned long long)(bytes >> 10));
	return memset(frame_ptr(&machine.frames, pfn), 0, bytes);
}

void *peers_memory(size_t size, size_t align)
{
	return kmalloc_aligned(size, align);
}

void peers_memory_free(void *block)
{
	kfree(block);
}

void peers_panic(void)
{
	acre_panic("an allocator of somebody else panicked");
}

/*
 * ---- all of them
 * --------------------------------------------------------------------------------
 */

const struct boot_arguments payload_arguments;

acre_noreturn void payload_run(const struct bootargs *args)
{
	uint64_t counted;

	(void)args;
	if (!clock_instructions_since_entry(&counted))
		acre_panic("nobody counts instructions here (-icount shift=0,sleep=off)");
	csr_set(sstatus, SSTATUS_SIE);
	rows_begin();
	for (unsigned i = 0; i < ARRAY_SIZE(frame_peers); i++)
		rows_of_frames(frame_peers[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(heap_peers); i++)
		rows_of_heap(heap_peers[i]);
	acre_print("PASS 1 passed\n");
	machine_exit(exit_verdict_so_far());
}
