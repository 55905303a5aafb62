/* SPDX-License-Identifier: MIT */
/*
 * trace_ring.c - a ring for each hart, which that hart alone writes, with interrupts off: so no
 * handler gets in between, and no event is torn on its own hart.
 *
 *	slot     0       1       2       3            events = 4
 *	      | no. 4 | no. 5 | no. 2 | no. 3 |       next = 6: 3, 4, 5 are kept, 0, 1, 2 are gone
 *	                          ^ no. 6 will be, or is just being, written here
 *
 * `next` is the mark of all events: number n is whole in its slot while n < next <= n + events - 1.
 * A reader looks at it before and after: the writer's two fences (trace_put()) say that a reader
 * who has seen a word of event n + events finds a `next` of n + events or more in its second look.
 * A dump of memory, and a debugger that has stopped the harts anywhere, read it in this way too: the
 * slot after the last event may be half written, and is no event. So there is no lock, and no
 * sequence number in an event, and a hart that died in the middle leaves nothing that is wrong.
 */
#include "kernel/memory/trace_ring.h"

#include "lib/string.h"

size_t trace_bytes(unsigned harts, uint64_t events)
{
	return harts * (sizeof(struct trace_ring) + events * sizeof(struct trace_slot));
}

void trace_init(struct trace *t, void *memory, unsigned harts, uint64_t events, uint64_t hz)
{
	memset(memory, 0, trace_bytes(harts, events));
	*t = (struct trace){
		.magic = TRACE_MAGIC,
		.version = TRACE_VERSION,
		.harts = harts,
		.events = events,
		.stride = trace_bytes(1, events),
		.rings = (uintptr_t)memory,
		.hz = hz,
	};
}

uint64_t trace_written(const struct trace *t, unsigned hart)
{
	return atomic_load_explicit(&trace_ring_of(t, hart)->next, memory_order_acquire);
}

static bool is_kept(const struct trace *t, uint64_t number, uint64_t next)
{
	return number < next && next - number < t->events;
}

uint64_t trace_overwritten(const struct trace *t, unsigned hart)
{
	const uint64_t next = trace_written(t, hart);

	return next < t->events ? 0 : next - (t->events - 1);
}

bool trace_read(const struct trace *t, unsigned hart, uint64_t number, struct trace_event *e)
{
	const struct trace_ring *ring = trace_ring_of(t, hart);
	const struct trace_slot *slot = &ring->slot[number & (t->events - 1)];
	uint64_t word[4];

	if (!is_kept(t, number, trace_written(t, hart)))
		return false;
	for (unsigned i = 0; i < 4; i++)
		word[i] = atomic_load_explicit(&slot->word[i], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	if (!is_kept(t, number, atomic_load_explicit(&ring->next, memory_order_relaxed)))
		return false;
	*e = (struct trace_event){
		.verb = (enum trace_verb)(word[0] & 0xff),
		.hart = hart,
		.align_log2 = (unsigned)(word[2] >> 56),
		.number = number,
		.counter = word[0] >> 8,
		.address = word[1],
		.size = word[2] & UINT64_MAX >> 8,
		.site = word[3],
	};
	return true;
}

const char *trace_verb_name(enum trace_verb verb)
{
	static const char *const name[TRACE_VERBS] = {
		[TRACE_KMALLOC] = "kmalloc",
		[TRACE_KZALLOC] = "kzalloc",
		[TRACE_KCALLOC] = "kcalloc",
		[TRACE_KMALLOC_ALIGNED] = "kmalloc_aligned",
		[TRACE_KREALLOC_FROM] = "krealloc_from",
		[TRACE_KREALLOC] = "krealloc",
		[TRACE_KFREE] = "kfree",
		[TRACE_KFREE_SIZED] = "kfree_sized",
		[TRACE_KCACHE_ALLOC] = "kcache_alloc",
		[TRACE_KCACHE_FREE] = "kcache_free",
		[TRACE_FRAMES_TAKEN] = "frames_taken",
		[TRACE_FRAMES_FREED] = "frames_freed",
	};

	return verb < TRACE_VERBS && name[verb] != NULL ? name[verb] : "?";
}

/* ---- all harts ---------------------------------------------------------------------------------- */

/* The hart whose event before @at is the last of all; false if there is none. */
static bool last_hart(const struct trace *t, const uint64_t *at, unsigned *last)
{
	uint64_t latest = 0;
	bool found = false;

	for (unsigned hart = 0; hart < t->harts; hart++) {
		struct trace_event e;
		if (at[hart] == 0 || !trace_read(t, hart, at[hart] - 1, &e) ||
		    (found && e.counter < latest))
			continue;
		latest = e.counter;
		*last = hart;
		found = true;
	}
	return found;
}

void trace_walk_begin(struct trace_walk *walk, const struct trace *t, uint64_t *at, uint64_t n)
{
	unsigned hart;

	*walk = (struct trace_walk){ .trace = t, .at = at };
	for (unsigned i = 0; i < t->harts; i++)
		at[i] = trace_written(t, i);
	for (; walk->left < n && last_hart(t, at, &hart); walk->left++)
		at[hart]--;
}

/*
 * The next event of @hart that is not overwritten. A hart that writes faster than this reads is left
 * out for now.
 */
static bool next_kept(const struct trace_walk *walk, unsigned hart, struct trace_event *e)
{
	const struct trace *t = walk->trace;

	if (trace_read(t, hart, walk->at[hart], e))
		return true;
	if (walk->at[hart] < trace_overwritten(t, hart))
		walk->at[hart] = trace_overwritten(t, hart);
	return trace_read(t, hart, walk->at[hart], e);
}

bool trace_walk_next(struct trace_walk *walk, struct trace_event *e)
{
	bool found = false;

	for (unsigned hart = 0; walk->left > 0 && hart < walk->trace->harts; hart++) {
		struct trace_event next;
		if (!next_kept(walk, hart, &next) || (found && next.counter >= e->counter))
			continue;
		*e = next;
		found = true;
	}
	if (found) {
		walk->at[e->hart]++;
		walk->left--;
	}
	return found;
}
