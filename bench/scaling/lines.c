/* SPDX-License-Identifier: MIT */
/* lines.c - what the compiler's calls before each store are for: lines.h. */
#include "bench/scaling/lines.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernel/hart/hart.h"
#include "lib/platform.h"
#include "lib/string.h"

/* All RAM spans no more lines than that, so no two of them meet in one place. */
#define PLACES    (1u << 21)
#define HART_BITS 10

_Static_assert(PLATFORM_MAX_HARTS < 1u << HART_BITS, "a hart is that many bits of an entry");

static struct {
	_Atomic uint64_t last; /* line << HART_BITS | hart + 1 */
	_Atomic uint32_t foreign;
} place[PLACES];

static struct {
	uint64_t foreign;
} tally[PLATFORM_MAX_HARTS] acre_aligned_to(LINE_SIZE);

static _Atomic uint64_t lost;
static atomic_bool counting;

/* A stack is its hart's own, also where one hart plays several. */
static bool is_on_stack(uintptr_t at)
{
	const struct hart *self = hart_self();

	return at >= self->stack_low && at < self->stack_high;
}

static void write_to(uint64_t line)
{
	unsigned i = (unsigned)(line % PLACES);
	uint64_t mine = line << HART_BITS | (platform_hart() + 1);
	uint64_t last = atomic_load_explicit(&place[i].last, memory_order_relaxed);

	if (last == mine)
		return;
	last = atomic_exchange_explicit(&place[i].last, mine, memory_order_relaxed);
	if (last == 0)
		return;
	if (last >> HART_BITS != line) {
		atomic_fetch_add(&lost, 1);
		return;
	}
	atomic_fetch_add_explicit(&place[i].foreign, 1, memory_order_relaxed);
	tally[platform_hart()].foreign++;
}

static void stored(uintptr_t at, size_t bytes)
{
	if (!atomic_load_explicit(&counting, memory_order_relaxed) || bytes == 0 || is_on_stack(at))
		return;
	for (uint64_t line = at / LINE_SIZE; line <= (at + bytes - 1) / LINE_SIZE; line++)
		write_to(line);
}

void lines_begin(void)
{
	memset(place, 0, sizeof(place));
	memset(tally, 0, sizeof(tally));
	atomic_store(&lost, 0);
	atomic_store(&counting, true);
}

void lines_end(void)
{
	atomic_store(&counting, false);
}

uint64_t lines_foreign(unsigned index)
{
	return tally[index].foreign;
}

uint64_t lines_lost(void)
{
	return atomic_load(&lost);
}

uintptr_t lines_worst(unsigned nth, uint64_t *count)
{
	uint64_t limit = UINT64_MAX;
	unsigned best = 0;

	*count = 0;
	for (unsigned round = 0; round <= nth; round++) {
		*count = 0;
		/* Of two with the same count the place breaks the tie. */
		for (unsigned i = 0; i < PLACES; i++) {
			uint64_t key = (uint64_t)atomic_load(&place[i].foreign) * PLACES + i;
			if (key < limit && key >= PLACES && key > *count) {
				*count = key;
				best = i;
			}
		}
		limit = *count;
	}
	*count /= PLACES;
	return *count == 0 ? 0 : (atomic_load(&place[best].last) >> HART_BITS) * LINE_SIZE;
}

/* ---- what the compiler calls ------------------------------------------------------------------ */

#define STORE(bytes)                                                                               \
	void stored_##bytes(uintptr_t at) __asm__("__asan_store" #bytes "_noabort");               \
	void stored_##bytes(uintptr_t at)                                                          \
	{                                                                                          \
		stored(at, bytes);                                                                 \
	}

STORE(1)
STORE(2)
STORE(4)
STORE(8)
STORE(16)

void stored_some(uintptr_t at, size_t bytes) __asm__("__asan_storeN_noabort");
void never_returns(void) __asm__("__asan_handle_no_return");

void stored_some(uintptr_t at, size_t bytes)
{
	stored(at, bytes);
}

void never_returns(void)
{
}
