/* SPDX-License-Identifier: MIT */
/*
 * payload_scaling.c - a kernel that counts what harts cost each other: locks taken, locks waited for, and
 * writes to cache lines that another hart wrote to last (lines.h), for each operation.
 *
 * In two ways. 'at once': all harts of the machine do their operations, each as fast as it can. What locks
 * are waited for is seen there; but an emulator with fewer processors lets a hart do thousands of operations
 * before the next one has a turn, so lines seem to change hands seldom. 'in turn': this hart plays
 * all of them, and after each single operation the next one has its turn. Nothing is at once there; but no
 * order moves lines from hart to hart more often, it is the same in every run, and there may be as many
 * harts as one likes.
 */
#include "bench/scaling/lines.h"
#include "bench/scaling/players.h"
#include "kernel/hart/hart_life.h"
#include "kernel/hart/hart_slot.h"
#include "kernel/hart/harts.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/kmalloc.h"
#include "kernel/payload.h"
#include "kernel/trap/exit.h"
#include "lib/align.h"
#include "lib/compiler.h"
#include "lib/panic.h"
#include "lib/platform.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_room.h"

#define SEED       88172645463325252ull
#define FIRST      0x80200u
#define OPERATIONS 200000u /* of all players together, in a loop */
/* Where harts outnumber processors, a wait takes the emulator as long as 100,000 operations. */
#define LOCKED_AT_ONCE 1000u
#define FULL_AT_ONCE   10000u
/* Nobody touches the frames: there need be no memory. 128 MiB for each player, and 1 GiB at least. */
#define FRAMES_EACH  (1u << 15)
#define FRAMES_LEAST (1u << 18)
#define MAX_PLAYED   64u

static struct frame_pool *pool;
static struct frame_room *room;
static struct player *player;
static unsigned nplayers;
static const struct loop *loop;
static frame_count_t nframes;
static void *metadata;
static frame_nr_t notes; /* frames of the machine, for what players hold */
static _Atomic unsigned here, finished;

/* What players do, each whenever it has a turn. */
struct loop {
	const char *name;
	void (*step)(struct player *);
	bool objects; /* of the heap */
	bool passes;  /* some turns do nothing, where the neighbours have to do something first */
	bool full;    /* all memory but a tenth is taken */
	bool locked;  /* each operation takes a lock */
};

/* ---- operations ------------------------------------------------------------------------------- */

static frame_nr_t take(struct player *p)
{
	uint64_t before = lines_foreign(p->index);
	frame_nr_t pfn = frame_alloc(pool);

	player_count(&p->own, before);
	if (pfn == FRAME_NONE)
		acre_panic("the pool has no frame for player %u", p->index);
	return pfn;
}

static void give(struct player *p, struct cost *cost, frame_nr_t pfn)
{
	uint64_t before = lines_foreign(p->index);
	enum acre_status s = frame_free(pool, pfn);

	player_count(cost, before);
	if (s != ACRE_OK)
		acre_panic("player %u cannot give back a frame", p->index);
}

static void hold(struct player *p)
{
	p->held[p->nheld++] = (uint32_t)(take(p) - FIRST);
}

static void give_any(struct player *p)
{
	uint64_t i = player_random(p) % p->nheld;
	frame_nr_t pfn = FIRST + p->held[i];

	p->held[i] = p->held[--p->nheld];
	give(p, &p->own, pfn);
}

/* ---- loops: what a player does when it has a turn ----------------------------------------------- */

static void step_pair(struct player *p)
{
	if (p->nheld == 0)
		hold(p);
	else
		give_any(p);
}

/* Always about HELD of its own. */
static void step_hold(struct player *p)
{
	if (p->nheld < HELD || (p->nheld == HELD && player_random(p) % 2 == 0))
		hold(p);
	else
		give_any(p);
}

/* Up to FILL or less, and down to nothing, in any order; each at its own pace. */
static void step_fill(struct player *p)
{
	if (p->nheld == 0)
		p->top = FILL / 2 + player_random(p) % (FILL / 2);
	p->giving = p->nheld == 0 ? false : p->giving || p->nheld >= p->top;
	if (p->giving)
		give_any(p);
	else
		hold(p);
}

/* All frames but a tenth are taken; one in, one out. */
static void step_full(struct player *p)
{
	if (p->nheld == p->capacity)
		give_any(p);
	else
		hold(p);
}

/* What one takes another gives back. */
static void step_pass(struct player *p)
{
	struct player *to = p->next;
	uintptr_t frame = atomic_exchange(&p->slot[p->out % SLOTS], 0);

	if (frame != 0) {
		p->out++;
		give(p, &p->others, FIRST + frame - 1);
		return;
	}
	if (atomic_load(&to->slot[to->in % SLOTS]) == 0)
		atomic_store(&to->slot[to->in++ % SLOTS], take(p) - FIRST + 1);
}

static void step_run(struct player *p)
{
	uint64_t before = lines_foreign(p->index);

	if (p->nheld == 0) {
		p->held[p->nheld++] =
			(uint32_t)(frame_alloc_range(pool, 16, 16 * FRAME_SIZE) - FIRST);
	} else if (frame_free_range(pool, FIRST + p->held[--p->nheld], 16) != ACRE_OK) {
		acre_panic("player %u cannot give back a run", p->index);
	}
	player_count(&p->own, before);
}

static void step_block(struct player *p)
{
	uint64_t before = lines_foreign(p->index);

	if (p->block == NULL) {
		p->block = kmalloc(200);
	} else {
		kfree(p->block);
		p->block = NULL;
	}
	player_count(&p->own, before);
}

/* ---- players ------------------------------------------------------------------------------------ */

/* From now on this hart is that one, as far as anybody can tell. Interrupts are off. */
static void become(struct hart *hart)
{
	__asm__ volatile("mv tp, %0" ::"r"(hart) : "memory");
}

static never_inline void in_turn(uint64_t rounds)
{
	unsigned long irq = platform_irq_save();
	struct hart *self = hart_self();

	while (rounds-- != 0) {
		for (unsigned i = 0; i < nplayers; i++) {
			become(player[i].played);
			loop->step(&player[i]);
		}
	}
	become(self);
	platform_irq_restore(irq);
}

/* The hart of that record hands over what it has. */
static void leave(struct hart *played)
{
	unsigned long irq = platform_irq_save();
	struct hart *self = hart_self();

	become(played);
	hart_slot_leave_all(played);
	become(self);
	platform_irq_restore(irq);
}

static void on_this_hart(void *unused)
{
	struct player *p = &player[hart_self()->index];

	(void)unused;
	atomic_fetch_add(&here, 1);
	while (atomic_load(&here) < nplayers)
		platform_relax();
	/* Who passes goes on until the neighbours have finished. */
	while (p->own.operations + p->others.operations < p->target && atomic_load(&finished) == 0)
		loop->step(p);
	atomic_fetch_add(&finished, loop->passes);
}

static void at_once(uint64_t rounds)
{
	atomic_store(&here, 0);
	atomic_store(&finished, 0);
	for (unsigned i = 0; i < nplayers; i++) {
		player[i].target = rounds;
		if (i != 0 && hart_run(i, on_this_hart, NULL) != ACRE_OK)
			acre_panic("hart %u does not start", i);
	}
	on_this_hart(NULL);
	for (unsigned i = 1; i < nplayers; i++) {
		if (hart_join(i, 20000) != ACRE_OK)
			acre_panic("hart %u did not come", i);
	}
}

/* ---- rows --------------------------------------------------------------------------------------- */

static void must(enum acre_status s)
{
	if (s != ACRE_OK)
		acre_panic("no pool: %s", acre_status_str(s));
}

static void *aligned_block(size_t size, size_t align)
{
	void *made = kmalloc_aligned(size, align);

	if (made == NULL)
		acre_panic("no memory for a block of %llu bytes", (unsigned long long)size);
	return made;
}

static void begin(unsigned n, bool turns)
{
	nplayers = n;
	nframes = n * FRAMES_EACH > FRAMES_LEAST ? n * FRAMES_EACH : FRAMES_LEAST;
	size_t bytes = frame_metadata_bytes(nframes);
	pool = aligned_block(sizeof(*pool), FRAME_SIZE);
	room = aligned_block(sizeof(*room), FRAME_SIZE);
	metadata = aligned_block(bytes, FRAME_SIZE);
	must(frame_pool_init_in(pool, 0, room));
	must(frame_pool_add_bank(pool, FIRST, nframes, metadata, bytes));
	must(frame_insert(pool, FIRST, nframes));
	notes = frame_alloc_range(&machine.frames, nframes * 4 / FRAME_SIZE, FRAME_SIZE);
	if (notes == FRAME_NONE)
		acre_panic("no memory for what %u players hold", n);
	player = aligned_block(n * sizeof(*player), LINE_SIZE);
	memset(player, 0, n * sizeof(*player));
	for (unsigned i = 0; i < n; i++) {
		struct player *p = &player[i];
		/* The heap is this hart's too, so a player must not have its number. */
		p->index = loop->objects && turns ? i + 1 : i;
		p->random = SEED * (i + 1);
		p->next = &player[i + 1 < n ? i + 1 : 0];
		p->capacity = nframes * 9 / 10 / n / 2 * 2;
		p->held = (uint32_t *)frame_ptr(&machine.frames, notes) + i * p->capacity;
		p->object = (void **)p->held;
		p->played = aligned_block(HART_RECORD_SIZE, LINE_SIZE);
		*p->played = *hart_self();
		p->played->index = p->index;
		hart_slot_init_all(p->played);
	}
	for (uint64_t i = 0, objects = loop->objects ? objects_begin(n) : 0; objects != 0 && i < n;
	     i++)
		player[i].capacity = objects;
}

static void end(void)
{
	const char *broken = frame_validate(pool);

	if (broken != NULL)
		acre_panic("the pool is broken: %s", broken);
	must(frame_free_range(&machine.frames, notes, nframes * 4 / FRAME_SIZE));
	for (unsigned i = 0; i < nplayers; i++) {
		kfree(player[i].block);
		if (loop->objects)
			objects_end(&player[i]);
		leave(player[i].played);
		kfree(player[i].played);
	}
	kfree(player);
	kfree(metadata);
	kfree(room);
	kfree(pool);
}

static void add_lock(struct ticket_lock_stats *sum, const struct ticket_lock *lock)
{
	struct ticket_lock_stats one;

	ticket_lock_look(lock, &one);
	sum->holds += one.holds;
	sum->contended += one.contended;
}

/* All locks of the pool and of the kernel's heap together. */
static struct ticket_lock_stats look(void)
{
	struct ticket_lock_stats sum = { 0 };

	add_lock(&sum, &pool->lock);
	add_lock(&sum, &kernel_heap.lock);
	add_lock(&sum, &kernel_heap.runs.lock);
	for (unsigned i = 1; i <= SLAB_CLASSES; i++)
		add_lock(&sum, &kernel_heap.slabs.class[i].lock);
	return sum;
}

static void print_cost(const char *kind, const char *way, const struct cost *cost,
		       const struct ticket_lock_stats *before,
		       const struct ticket_lock_stats *after)
{
	if (cost->operations == 0)
		return;
	acre_print("scaling %s.%s %s harts=%u ops=%llu disturbed=%llu foreign=%llu "
		   "locks=%llu waits=%llu\n",
		   loop->name, kind, way, nplayers, (unsigned long long)cost->operations,
		   (unsigned long long)cost->disturbed, (unsigned long long)cost->foreign,
		   (unsigned long long)(after->holds - before->holds),
		   (unsigned long long)(after->contended - before->contended));
}

static void print_class_line(uintptr_t in_classes)
{
	acre_print("# line: class of %llu bytes + %llu",
		   (unsigned long long)slab_class_size(
			   (unsigned)(in_classes / sizeof(struct slab_class))),
		   (unsigned long long)(in_classes % sizeof(struct slab_class)));
}

/* Whose is the line that moves most? For who wants to know where it comes from. */
static void print_worst(void)
{
	for (unsigned i = 0; i < 4; i++) {
		uint64_t times;
		uintptr_t at = lines_worst(i, &times);
		if (at == 0)
			return;
		uintptr_t in_pool = at - (uintptr_t)pool;
		uintptr_t in_room = at - (uintptr_t)room;
		uintptr_t in_metadata = at - (uintptr_t)metadata;
		if (in_pool < sizeof(*pool))
			acre_print("# line: pool + %llu", (unsigned long long)in_pool);
		else if (in_room < sizeof(*room))
			acre_print("# line: room + %llu", (unsigned long long)in_room);
		else if (in_metadata < frame_metadata_bytes(nframes))
			acre_print("# line: metadata + %llu", (unsigned long long)in_metadata);
		else if (at - (uintptr_t)kernel_heap.slabs.class < sizeof(kernel_heap.slabs.class))
			print_class_line(at - (uintptr_t)kernel_heap.slabs.class);
		else
			acre_print("# line: 0x%llx", (unsigned long long)at);
		acre_print(", %llu times\n", (unsigned long long)times);
	}
}

static void add_cost(struct cost *sum, const struct cost *cost)
{
	sum->operations += cost->operations;
	sum->disturbed += cost->disturbed;
	sum->foreign += cost->foreign;
}

static uint64_t operations_of(unsigned n, bool turns)
{
	if (turns || n == 1)
		return OPERATIONS;
	if (loop->locked)
		return LOCKED_AT_ONCE;
	return loop->full ? FULL_AT_ONCE : OPERATIONS;
}

static void measure(const struct loop *measured, unsigned n, bool turns)
{
	struct ticket_lock_stats before, after;
	struct cost own = { 0 }, others = { 0 };
	const char *way = turns ? "in-turn" : "at-once";

	if (n == 0)
		acre_panic("nobody takes part");
	loop = measured;
	begin(n, turns);
	/* Until each has a place; or all is as full as it will be, and half of it was replaced. */
	(loop->objects && !turns ? at_once : in_turn)(loop->full ? 2 * player[0].capacity
								 : 2ull * FILL);
	for (unsigned i = 0; i < n; i++)
		player[i].own = player[i].others = own;
	before = look();
	lines_begin();
	(turns ? in_turn : at_once)(operations_of(n, turns) / n);
	lines_end();
	after = look();
	for (unsigned i = 0; i < n; i++) {
		add_cost(&own, &player[i].own);
		add_cost(&others, &player[i].others);
	}
	print_cost("own", way, &own, &before, &after);
	print_cost("others", way, &others, &before, &after);
	print_worst();
	if (lines_lost() != 0)
		acre_panic("%llu writes were lost: the table of lines is too small",
			   (unsigned long long)lines_lost());
	end();
}

static const struct loop loops[] = {
	{ .name = "pair", .step = step_pair },
	{ .name = "hold", .step = step_hold },
	{ .name = "fill", .step = step_fill },
	{ .name = "full", .step = step_full, .full = true },
	{ .name = "pass", .step = step_pass, .passes = true },
	{ .name = "run", .step = step_run, .locked = true },
	{ .name = "block", .step = step_block },
	{ .name = "object_hold", .step = step_object_hold, .objects = true },
	{ .name = "object_fill", .step = step_object_fill, .objects = true },
	{ .name = "object_full", .step = step_object_full, .objects = true, .full = true },
	{ .name = "object_pass", .step = step_object_pass, .objects = true, .passes = true },
};

static void measure_all(unsigned n, bool turns)
{
	for (unsigned i = 0; i < ARRAY_SIZE(loops); i++)
		measure(&loops[i], n, turns);
}

const struct boot_arguments payload_arguments = { .count = 0 };

acre_noreturn void payload_run(const struct bootargs *args)
{
	static const unsigned played[] = { 1, 2, 4, 8, MAX_PLAYED };

	(void)args;
	if (harts_count() == 1) {
		for (unsigned i = 0; i < ARRAY_SIZE(played); i++)
			measure_all(played[i], true);
	}
	measure_all(harts_count(), false);
	acre_print("PASS 1 passed\n");
	machine_exit(EXIT_OK);
}
