/* SPDX-License-Identifier: MIT */
/*
 * process_heap.c - the heap as the kernel has it: a small arena, and a frame pool whose frames it
 * grows by and gives back to. The RAM of this machine is address space that the system fills when
 * it is touched; frames that come back are the system's again until then.
 */
#include "tests/preload/process_heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "mm/frame_backing.h"
#include "tests/support/frame_room.h"

#define RAM   ((size_t)4 << 30)
#define ARENA ((size_t)64 << 10)

static struct {
	struct heap heap;
	struct frame_pool pool;
	struct frame_room room;
	struct frame_backing frames;
	struct heap_backing backing; /* that of the frames, and the system is told */
	struct {
		_Alignas(TICKET_LOCK_LINE) struct slab_stock stock;
	} slot[PLATFORM_MAX_HARTS];
	_Alignas(FRAME_SIZE) uint8_t arena[ARENA];
	_Alignas(SLAB_ALIGN) uint8_t table[HEAP_TABLE_BYTES(ARENA)];
} process;

/* ---- the other half of the seam ------------------------------------------------------------------ */

void platform_write(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, text, len);
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static acre_noreturn void say_and_abort(const char *what, const void *where)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "acre preload: %s, by %p\n", what, where);

	platform_write(line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1);
	abort();
}

acre_noreturn void platform_panic(const void *caller, const char *message)
{
	say_and_abort(message, caller);
}

/* No program that is tested has such a free. */
void platform_bad_free(const struct platform_bad_free *report)
{
	say_and_abort(report->what, report->caller);
}

/* ---- memory -------------------------------------------------------------------------------------- */

static void *take_frames(void *context, size_t bytes, size_t align, const struct heap_place *place)
{
	const struct heap_backing *frames = context;

	return frames->take(frames->context, bytes, align, place);
}

static void give_frames(void *context, void *start, size_t bytes)
{
	const struct heap_backing *frames = context;

	if (madvise(start, bytes, MADV_DONTNEED) != 0)
		say_and_abort("frames cannot be given to the system", NULL);
	frames->give(frames->context, start, bytes);
}

static uint8_t *map_memory(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		say_and_abort("there is no address space", NULL);
	return memory;
}

/* All of RAM is one bank and free; its first bytes are left out to begin at 2 MiB. */
static void make_pool(void)
{
	const size_t huge = (size_t)2 << 20;
	const size_t nframes = RAM / FRAME_SIZE;
	const size_t metadata = frame_metadata_bytes(nframes);
	const uintptr_t base = ((uintptr_t)map_memory(RAM + huge) + huge - 1) & ~(huge - 1);
	const frame_nr_t first = frame_from_paddr(base);

	if (frame_pool_init_in(&process.pool, 0, &process.room) != ACRE_OK ||
	    frame_pool_add_bank(&process.pool, first, nframes, map_memory(metadata), metadata) !=
		    ACRE_OK ||
	    frame_insert(&process.pool, first, nframes) != ACRE_OK)
		say_and_abort("there is no frame pool", NULL);
	frame_backing_init(&process.frames, &process.pool, NULL);
}

struct heap *process_heap_start(void)
{
	const struct hart_slots stocks =
		hart_slots_array(process.slot, sizeof(process.slot[0]), PLATFORM_MAX_HARTS);

	make_pool();
	process.backing = process.frames.backing;
	process.backing.take = take_frames;
	process.backing.give = give_frames;
	process.backing.context = &process.frames.backing;
	heap_init(&process.heap);
	heap_use_stocks(&process.heap, &stocks);
	if (heap_add_region(&process.heap, process.arena, ARENA, process.table,
			    sizeof(process.table)) != ACRE_OK ||
	    heap_set_backing(&process.heap, &process.backing) != ACRE_OK)
		say_and_abort("there is no heap", NULL);
	return &process.heap;
}

/* ---- is it whole? -------------------------------------------------------------------------------- */

/* Frames that are handed out are those that the heap says it has. */
static const char *check_books(void)
{
	struct heap_stats s;

	heap_stats(&process.heap, &s);
	size_t out =
		(frame_managed_count(&process.pool) - frame_free_count(&process.pool)) * FRAME_SIZE;
	if (out != s.grown_bytes + s.placed_bytes + s.backed_bytes)
		return "the heap has other frames than the pool has handed out";
	if (s.count.failures != 0 || s.count.bad_alignments != 0 || s.count.refusals != 0)
		return "a request failed, or a free was refused";
	return NULL;
}

const char *process_heap_check(void)
{
	const char *wrong = heap_validate(&process.heap);

	if (wrong == NULL)
		wrong = frame_validate(&process.pool);
	return wrong != NULL ? wrong : check_books();
}
