/* SPDX-License-Identifier: MIT */
/*
 * weak.c - the orders of memory, for the explorer: what a hart may still read, and which plain accesses race.
 *
 * Harts take their steps one after the other, as the scheduler says, but a write that was made is not at
 * once known to all. Each location keeps the values that were written to it, in that order, and each hart has a view:
 * of each location, the oldest value that it may still read.
 *
 *	leaf   | NONE | STALE | NONE |         hart 0 has written the third, hart 1 may read any of the three:
 *	          ^1             ^0            a load that is executed early, or a store that is late to arrive
 *
 *   - Reading and writing move the hart's own view of that location forward: nobody reads backwards.
 *   - A release gives the view of its hart along with the value; an acquire that reads that value
 *     takes it. A relaxed store gives what the last release fence has put by; what relaxed loads were
 *     given is put by for the next acquire fence, or release.
 *   - An amo, or a compare-and-swap that succeeds, reads the newest value, and hands on what came with that.
 *   - A thread that goes on on another hart takes the view of its hart there.
 *   - A seq_cst fence takes the view of all such fences before it and adds its own. A seq_cst amo
 *     (amo.aqrl) has one in front and one behind.
 *
 * These are the views of C11 (Kang, Hur, Lahav, Vafeiadis and Dreyer 2017, without promises), but for one thing that
 * RVWMO adds: a release is behind the loads before it too, and what is stored is seen by all others at once. So
 * what a hart was given by a relaxed load, and had no use for, goes on to whom it releases to. (C11 alone would let a
 * hart that was told of a free hear 'none': frame.who_is_told_hears_no_none.) Apart from that RVWMO is
 * stronger than this. What is not here: a store that is executed before a load in front of it, where nothing orders the
 * two, and stores to one location that take another place in its order than that of the steps.
 *
 * The same views find plain accesses that race: the shipped files are compiled with -fsanitize=thread, and
 * the calls that gcc inserts then end here. Two accesses to one byte, one of them a write, on two harts, race
 * if neither is known to the other; an access with interrupts on races with that of a handler or of another
 * thread of the same hart.
 */
#include "tests/concurrency/explore/weak.h"

#include <string.h>

#include "lib/platform.h"
#include "tests/concurrency/explore/explore.h"

#define HARTS        PLATFORM_MAX_HARTS
#define ACTIVITIES   EXPLORE_MAX_ACTIVITIES
#define MAX_LOCATION 96u
#define MAX_WRITES   250u /* to one location in one run; a view has 8 bits for that */

struct view {
	uint8_t oldest[MAX_LOCATION]; /* that may still be read: number of the write */
	uint32_t time[HARTS];         /* of each hart, what was done until then is known */
};

struct write {
	uint64_t value;
	struct view view; /* what an acquire that reads it knows */
};

static struct location {
	const volatile void *at;
	size_t size;
	unsigned n;
	struct write write[MAX_WRITES];
} location[MAX_LOCATION];
static unsigned nlocations;

static struct {
	struct view now;
	/* What came with values that were read: for the next acquire fence, or release. */
	struct view read;
	struct view released; /* by the last release fence: what relaxed stores give along */
} hart[HARTS];
static struct view fences;
static uint32_t run;

void weak_forget(void)
{
	nlocations = 0;
}

void weak_reset(void)
{
	run++;
	for (unsigned i = 0; i < nlocations; i++)
		location[i].n = 0;
	memset(hart, 0, sizeof(hart));
	memset(&fences, 0, sizeof(fences));
	for (unsigned h = 0; h < HARTS; h++)
		hart[h].now.time[h] = 1;
}

static void join(struct view *to, const struct view *from)
{
	for (unsigned i = 0; i < MAX_LOCATION; i++)
		to->oldest[i] = to->oldest[i] > from->oldest[i] ? to->oldest[i] : from->oldest[i];
	for (unsigned h = 0; h < HARTS; h++)
		to->time[h] = to->time[h] > from->time[h] ? to->time[h] : from->time[h];
}

static bool acquires(memory_order order)
{
	return order == memory_order_acquire || order == memory_order_consume ||
	       order == memory_order_acq_rel || order == memory_order_seq_cst;
}

static bool releases(memory_order order)
{
	return order == memory_order_release || order == memory_order_acq_rel ||
	       order == memory_order_seq_cst;
}

/* ---- locations --------------------------------------------------------------------------------- */

static struct write *append(struct location *l, uint64_t value)
{
	EXPLORE_CHECK(l->n < MAX_WRITES, "more writes to one place than there is room for");
	struct write *w = &l->write[l->n++];

	w->value = value;
	return w;
}

/* @newest stands there. If that is not what was written last, a plain store was it, of which nothing is known. */
static unsigned location_of(const volatile void *at, size_t size, uint64_t newest)
{
	unsigned i = 0;

	while (i < nlocations && location[i].at != at)
		i++;
	if (i == nlocations) {
		EXPLORE_CHECK(i < MAX_LOCATION, "more places than there is room for");
		location[nlocations++] = (struct location){ .at = at, .size = size };
	}
	struct location *l = &location[i];
	EXPLORE_CHECK(l->size == size, "a place is read or written in pieces");
	if (l->n == 0 || l->write[l->n - 1].value != newest)
		memset(&append(l, newest)->view, 0, sizeof(struct view));
	return i;
}

static const struct write *last_of(unsigned i)
{
	return &location[i].write[location[i].n - 1];
}

/* What comes with a value that was read. */
static void receive(const struct view *view, memory_order order)
{
	unsigned h = explore_hart();

	join(acquires(order) ? &hart[h].now : &hart[h].read, view);
}

/* A release. From now on what this hart does is not known to those who know of it what is known now. */
static void give_all(struct view *view)
{
	unsigned h = explore_hart();

	*view = hart[h].now;
	join(view, &hart[h].read);
	hart[h].now.time[h]++;
}

static void publish(unsigned i, uint64_t value, memory_order order)
{
	unsigned h = explore_hart();
	struct write *w = append(&location[i], value);

	hart[h].now.oldest[i] = (uint8_t)(location[i].n - 1);
	if (releases(order))
		give_all(&w->view);
	else
		w->view = hart[h].released;
	w->view.oldest[i] = hart[h].now.oldest[i];
}

/* ---- steps ------------------------------------------------------------------------------------- */

uint64_t weak_load(const volatile void *at, size_t size, uint64_t newest, memory_order order)
{
	if (order == memory_order_seq_cst)
		weak_fence(order);
	unsigned i = location_of(at, size, newest);
	unsigned last = location[i].n - 1;
	uint8_t *oldest = &hart[explore_hart()].now.oldest[i];

	if (*oldest != last)
		last -= explore_older(last - *oldest);
	*oldest = (uint8_t)last;
	receive(&location[i].write[last].view, order);
	return location[i].write[last].value;
}

void weak_store(const volatile void *at, size_t size, uint64_t was, uint64_t value,
		memory_order order)
{
	unsigned i = location_of(at, size, was);

	publish(i, value, order);
	if (order == memory_order_seq_cst)
		weak_fence(order);
}

void weak_change(const volatile void *at, size_t size, uint64_t was, uint64_t value,
		 memory_order order)
{
	if (order == memory_order_seq_cst)
		weak_fence(order);
	unsigned i = location_of(at, size, was);
	struct view with = last_of(i)->view;

	receive(&with, order);
	publish(i, value, order);
	join(&location[i].write[location[i].n - 1].view, &with);
	if (order == memory_order_seq_cst)
		weak_fence(order);
}

void weak_fence(memory_order order)
{
	unsigned h = explore_hart();

	if (acquires(order))
		join(&hart[h].now, &hart[h].read);
	if (order == memory_order_seq_cst) {
		join(&hart[h].now, &fences);
		fences = hart[h].now;
	}
	if (releases(order))
		give_all(&hart[h].released);
}

void weak_move(unsigned from, unsigned to)
{
	join(&hart[to].now, &hart[from].now);
	join(&hart[to].read, &hart[from].read);
	join(&hart[to].released, &hart[from].released);
	hart[from].now.time[from]++;
}

/* ---- what scenarios ask ------------------------------------------------------------------------ */

struct explore_moment explore_now(void)
{
	unsigned h = explore_hart();

	return (struct explore_moment){ h, hart[h].now.time[h] };
}

bool explore_knows(struct explore_moment moment)
{
	if (!explore_is_watched())
		return moment.time != EXPLORE_NEVER;
	return moment.time <= hart[explore_hart()].now.time[moment.hart];
}

uint64_t explore_surely(const volatile void *at, uint64_t newest)
{
	if (!explore_is_watched())
		return newest;
	for (unsigned i = 0; i < nlocations; i++) {
		if (location[i].at != at)
			continue;
		for (unsigned k = hart[explore_hart()].now.oldest[i]; k < location[i].n; k++)
			newest &= location[i].write[k].value;
	}
	return newest;
}

/* ---- plain accesses ---------------------------------------------------------------------------- */

#define CELLS 16384u

struct access {
	uint8_t bytes; /* which of eight */
	bool interruptible;
	uint8_t hart; /* on which it was made, and when */
	uint32_t time;
};

/* Eight bytes: the last reads of each activity and the last write. */
static struct cell {
	uintptr_t at;
	uint32_t run;
	uint8_t writer;
	struct access write, read[ACTIVITIES];
} cell[CELLS];

static struct cell *cell_of(uintptr_t at)
{
	for (uintptr_t i = at * 0x9e3779b97f4a7c15u >> 32;; i++) {
		struct cell *c = &cell[i % CELLS];
		if (c->run != run) {
			memset(c, 0, sizeof(*c));
			c->run = run;
			c->at = at;
		}
		if (c->at == at)
			return c;
	}
}

/* Has what @who did not come about before @mine for sure? */
static bool races(unsigned who, const struct access *theirs, const struct access *mine)
{
	unsigned me = explore_me();
	unsigned h = explore_hart();

	if ((theirs->bytes & mine->bytes) == 0 || who == me)
		return false;
	if (theirs->hart != h)
		return theirs->time > hart[h].now.time[theirs->hart];
	/* Who was interrupted or preempted, or could have been? A handler is not. */
	return (theirs->interruptible && !explore_is_handler(who)) ||
	       (mine->interruptible && !explore_is_handler(me));
}

static void check(uintptr_t at, struct access mine, bool write, const void *site)
{
	unsigned me = explore_me();
	struct cell *c = cell_of(at);
	bool wrong = races(c->writer, &c->write, &mine);

	for (unsigned i = 0; write && i < ACTIVITIES; i++)
		wrong |= races(i, &c->read[i], &mine);
	EXPLORE_CHECK(!wrong,
		      "a race: a plain %s that another's is not ordered with (addr2line: %p)",
		      write ? "write" : "read", site);
	if (write) {
		c->writer = (uint8_t)me;
		c->write = mine;
	} else {
		bool same = c->read[me].time == mine.time && c->read[me].hart == mine.hart;
		uint8_t before = same ? c->read[me].bytes : 0;
		mine.bytes |= before;
		mine.interruptible |= before != 0 && c->read[me].interruptible;
		c->read[me] = mine;
	}
}

/* @interruptible: could a handler, or a thread, of this hart come in between? */
static void touch(const volatile void *address, size_t size, bool write, bool interruptible,
		  const void *site)
{
	uintptr_t at = (uintptr_t)address;
	uintptr_t end = at + size;
	unsigned h = explore_hart();

	for (; at < end; at = (at | 7) + 1) {
		unsigned n = end - at < 8 - at % 8 ? (unsigned)(end - at) : 8 - at % 8;
		struct access mine = { (uint8_t)(((1u << n) - 1) << at % 8), interruptible,
				       (uint8_t)h, hart[h].now.time[h] };
		check(at >> 3, mine, write, site);
	}
}

static void touch_plainly(const volatile void *at, size_t size, bool write, const void *site)
{
	if (explore_is_watched() && !explore_on_stack(at))
		touch(at, size, write, explore_interrupts_on(), site);
}

/* What it has been given is its own: no handler looks there meanwhile. */
void explore_use(void *at, size_t bytes)
{
	if (explore_is_watched())
		touch(at, bytes, true, false, __builtin_return_address(0));
}

void weak_plain_copy(const volatile void *at, size_t n)
{
	const struct view *now = &hart[explore_hart()].now;

	for (unsigned i = 0; i < nlocations; i++) {
		if ((uintptr_t)location[i].at - (uintptr_t)at < n && location[i].n != 0)
			EXPLORE_CHECK(now->oldest[i] == location[i].n - 1,
				      "a plain read of what another has just written");
	}
}

/* What gcc calls: calls that stay, for the sake of the address that is reported. */
#define HOOK(name, size, write)                                                                    \
	__attribute__((noinline)) void name(const void *at);                                       \
	void name(const void *at)                                                                  \
	{                                                                                          \
		touch_plainly(at, size, write, __builtin_return_address(0));                       \
	}
#define HOOKS(size)                                                                                \
	HOOK(__tsan_read##size, size, false)                                                       \
	HOOK(__tsan_write##size, size, true)                                                       \
	HOOK(__tsan_unaligned_read##size, size, false)                                             \
	HOOK(__tsan_unaligned_write##size, size, true)

HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

void __tsan_read_range(const void *at, size_t size);
void __tsan_read_range(const void *at, size_t size)
{
	touch_plainly(at, size, false, __builtin_return_address(0));
}

void __tsan_write_range(const void *at, size_t size);
void __tsan_write_range(const void *at, size_t size)
{
	touch_plainly(at, size, true, __builtin_return_address(0));
}

void __tsan_init(void);
void __tsan_init(void)
{
}

/* An atomic object that is named as if it were a plain one: seq_cst. */
#define ATOMIC_HOOKS(bits)                                                                         \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile void *at, memory_order order);    \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile void *at, memory_order order)     \
	{                                                                                          \
		return (uint##bits##_t)explore_load(at, bits / 8, order);                          \
	}                                                                                          \
	void __tsan_atomic##bits##_store(volatile void *at, uint##bits##_t value,                  \
					 memory_order order);                                      \
	void __tsan_atomic##bits##_store(volatile void *at, uint##bits##_t value,                  \
					 memory_order order)                                       \
	{                                                                                          \
		explore_store(at, bits / 8, value, order);                                         \
	}

ATOMIC_HOOKS(32)
ATOMIC_HOOKS(64)
