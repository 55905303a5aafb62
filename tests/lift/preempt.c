/* SPDX-License-Identifier: MIT */
/*
 * preempt.c - the frame pool in a kernel that preempts its threads and moves them between harts.
 * Threads of the host play the threads.
 *
 *	preempt [CALLS [SEED]]        calls of each thread
 *
 * A thread has the number of the hart that it runs on. After it has read that number with interrupts
 * on, it may be preempted and go on on another hart: then it uses a number that is old. A thread that
 * turns its interrupts off has its hart alone until they are on again, and stays there.
 *
 * The threads take and free single frames and runs, and leave harts. Each frame has an owner: if a
 * frame is handed out that has one, the frame was handed out twice. What happens depends on time, so
 * this is run by hand; tests/concurrency/explore goes through the same cases in a fixed order.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/compiler.h"
#include "lib/platform.h"
#include "lib/print.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_room.h"

#define THREADS    (PLATFORM_MAX_HARTS + 1u) /* so two of them share a hart */
#define HELD       1500u                     /* a thread has at most so many frames */
#define RUN        8u
#define FIRST      0x80010u
#define FRAMES     (16u * 512) /* the threads can hold nearly all of them */
#define MIGRATIONS 2u          /* one in so many looks at the number of the hart */

struct thread {
	pthread_t id;
	uint64_t random;
	unsigned number;
	unsigned hart;
	unsigned nheld;
	bool is_pinned; /* interrupts are off */
	frame_nr_t held[HELD + RUN];
};

static _Thread_local struct thread *self;        /* NULL: main(), before and after the threads */
static atomic_bool is_taken[PLATFORM_MAX_HARTS]; /* a thread on it has interrupts off */

static struct frame_pool pool;
static struct frame_room room;
static atomic_uint owner[FRAMES]; /* number of the thread + 1; 0: none */
static unsigned long calls = 5000000;
static atomic_ulong allocations, migrations;
static atomic_ulong twice, nowhere, refused;

static uint64_t next_random(void)
{
	self->random ^= self->random << 13;
	self->random ^= self->random >> 7;
	self->random ^= self->random << 17;
	return self->random >> 16;
}

/* ---- the seam (lib/platform.h) --------------------------------------------------------------- */

unsigned long platform_irq_save(void)
{
	if (self == NULL || self->is_pinned)
		return 0;
	while (atomic_exchange(&is_taken[self->hart], true))
		sched_yield();
	self->is_pinned = true;
	return 1;
}

void platform_irq_restore(unsigned long state)
{
	if (state == 0)
		return;
	self->is_pinned = false;
	atomic_store(&is_taken[self->hart], false);
}

bool platform_may_wait(void)
{
	return self != NULL && !self->is_pinned;
}

unsigned platform_hart(void)
{
	if (self == NULL)
		return 0;
	unsigned hart = self->hart;

	if (!self->is_pinned && next_random() % MIGRATIONS == 0) {
		unsigned by = 1 + (unsigned)(next_random() % (PLATFORM_MAX_HARTS - 1));
		self->hart = (hart + by) % PLATFORM_MAX_HARTS;
		atomic_fetch_add_explicit(&migrations, 1, memory_order_relaxed);
		sched_yield();
	}
	return hart;
}

void platform_relax(void)
{
	sched_yield(); /* there may be fewer processors than threads */
}

bool platform_panicking(void)
{
	return false;
}

void platform_write(const char *text, size_t len)
{
	fwrite(text, 1, len, stderr);
}

acre_noreturn void platform_panic(const void *caller, const char *message)
{
	fprintf(stderr, "panic at %p: %s\n", caller, message);
	exit(1);
}

void platform_bad_free(const struct platform_bad_free *report)
{
	if (atomic_fetch_add(&refused, 1) == 0)
		fprintf(stderr, "refused: frame at 0x%llx is %s\n",
			(unsigned long long)report->address, report->what);
}

/* ---- what the threads do --------------------------------------------------------------------- */

static bool is_wrong(void)
{
	return twice + nowhere + refused != 0;
}

static void take(frame_count_t n)
{
	frame_nr_t pfn = n == 1 ? frame_alloc(&pool) : frame_alloc_range(&pool, n, FRAME_SIZE);

	if (pfn == FRAME_NONE)
		return;
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	if (pfn - FIRST >= FRAMES || n > FRAMES - (pfn - FIRST)) {
		atomic_fetch_add(&nowhere, 1);
		return;
	}
	for (frame_count_t i = 0; i < n; i++) {
		if (atomic_exchange(&owner[pfn - FIRST + i], self->number + 1) != 0)
			atomic_fetch_add(&twice, 1);
		self->held[self->nheld++] = pfn + i;
	}
}

static void give(unsigned i)
{
	frame_nr_t pfn = self->held[i];

	self->held[i] = self->held[--self->nheld];
	atomic_store(&owner[pfn - FIRST], 0);
	(void)frame_free(&pool, pfn); /* a refusal is counted */
}

static void *work(void *arg)
{
	self = arg;
	for (unsigned long i = 0; i < calls && !is_wrong(); i++) {
		uint64_t what = next_random() % 1024;

		if (what == 0)
			frame_leave(&pool);
		else if (what < 8 && self->nheld < HELD)
			take(RUN);
		else if (what < 512 && self->nheld < HELD)
			take(1);
		else if (self->nheld != 0)
			give((unsigned)(next_random() % self->nheld));
	}
	while (self->nheld != 0 && !is_wrong())
		give(self->nheld - 1);
	return NULL;
}

static void play(uint64_t seed)
{
	static struct thread thread[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		thread[i].number = i;
		thread[i].hart = i % PLATFORM_MAX_HARTS;
		thread[i].random = (seed + i + 1) * 0x9e3779b97f4a7c15u;
		if (pthread_create(&thread[i].id, NULL, work, &thread[i]) != 0)
			exit(2);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i].id, NULL);
}

int main(int argc, char **argv)
{
	size_t bytes = frame_metadata_bytes(FRAMES);

	if (argc > 1)
		calls = strtoul(argv[1], NULL, 0);
	if (frame_pool_init_in(&pool, 0, &room) != ACRE_OK ||
	    frame_pool_add_bank(&pool, FIRST, FRAMES, calloc(1, bytes), bytes) != ACRE_OK ||
	    frame_insert(&pool, FIRST, FRAMES) != ACRE_OK)
		return 2;
	play(argc > 2 ? strtoull(argv[2], NULL, 0) : 1);
	printf("%lu allocations, %lu migrations: %lu frames handed out twice, %lu not of the pool, "
	       "%lu frees refused\n",
	       allocations, migrations, twice, nowhere, refused);
	if (is_wrong())
		return 1;
	const char *broken = frame_validate(&pool);
	if (broken != NULL || frame_free_count(&pool) != FRAMES) {
		printf("%lu of %u frames are free; %s\n", (unsigned long)frame_free_count(&pool),
		       FRAMES, broken != NULL ? broken : "the pool is valid");
		return 1;
	}
	return 0;
}
