/* SPDX-License-Identifier: MIT */
/* reclaim_test.c - whom a pool asks for memory before it fails, when, and how often. */
#include "lib/reclaim.h"

#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/frame_room.h"
#include "tests/support/ktest.h"

#define FIRST  0x80000u
#define FRAMES 1024u
#define HOOKS  4u

/* What a hook has, and what it does when it is asked. */
struct giver {
	struct reclaim_hook hook;
	struct frame_pool *pool;
	struct reclaim_list *reclaim;
	frame_nr_t frame; /* the lowest that it may give */
	frame_count_t left;
	bool lies;       /* it says that it gave something, and gives nothing */
	bool allocates;  /* it first takes a frame, if it can, and gives it back */
	size_t bytes;    /* that it was asked for last */
	unsigned nested; /* frames that it could take */
	bool asked_more; /* while it ran, somebody else could be asked */
	bool irqs_were_off;
	unsigned *order; /* how many were asked before it */
	unsigned turn;
};

static bool irqs_are_on(void)
{
	unsigned long irq = platform_irq_save();

	platform_irq_restore(irq);
	return irq != 0;
}

static bool give(void *context, size_t bytes)
{
	struct giver *g = context;
	struct reclaim_hook *asked = NULL;

	g->bytes = bytes;
	g->turn = ++*g->order;
	g->irqs_were_off |= !irqs_are_on();
	g->asked_more |= reclaim_more(g->reclaim, &asked, bytes);
	if (g->allocates) {
		frame_nr_t pfn = frame_alloc(g->pool);
		if (pfn != FRAME_NONE) {
			g->nested++;
			EXPECT_EQ(frame_free(g->pool, pfn), ACRE_OK);
		}
	}
	if (g->lies)
		return true;
	if (g->left == 0)
		return false;
	for (size_t given = 0; given < bytes && g->left > 0; given += FRAME_SIZE, g->left--)
		EXPECT_EQ(frame_free(g->pool, g->frame++), ACRE_OK);
	return true;
}

struct rig {
	struct frame_pool *pool;
	struct reclaim_list *reclaim;
	struct giver *giver;
	unsigned order;
};

/* A pool with nothing left, and hooks that have nothing either. */
static void rig_init(struct rig *r)
{
	size_t bytes = frame_metadata_bytes(FRAMES);
	void *metadata = ktest_alloc(bytes, 8);
	struct reclaim_slot *slot = ktest_alloc(PLATFORM_MAX_HARTS * sizeof(*slot), 8);

	r->order = 0;
	r->pool = ktest_alloc(sizeof(*r->pool), 64);
	r->reclaim = ktest_alloc(sizeof(*r->reclaim), 64);
	r->giver = ktest_alloc(HOOKS * sizeof(*r->giver), 8);
	memset(slot, 0, PLATFORM_MAX_HARTS * sizeof(*slot));
	memset(r->giver, 0, HOOKS * sizeof(*r->giver));
	const struct hart_slots slots = hart_slots_array(slot, sizeof(*slot), PLATFORM_MAX_HARTS);
	reclaim_init(r->reclaim, &slots);
	REQUIRE_EQ(frame_pool_init_in(r->pool, 0, ktest_alloc(sizeof(struct frame_room), 64)),
		   ACRE_OK);
	REQUIRE_EQ(frame_pool_add_bank(r->pool, FIRST, FRAMES, metadata, bytes), ACRE_OK);
	REQUIRE_EQ(frame_insert(r->pool, FIRST, FRAMES), ACRE_OK);
	frame_pool_reclaim(r->pool, r->reclaim);
	for (unsigned i = 0; i < HOOKS; i++) {
		struct giver *g = &r->giver[i];
		g->hook = (struct reclaim_hook){ .name = "giver", .give = give, .context = g };
		g->pool = r->pool;
		g->reclaim = r->reclaim;
		g->order = &r->order;
		reclaim_add(r->reclaim, &g->hook);
	}
	REQUIRE_EQ(frame_alloc_at(r->pool, FIRST, FRAMES), ACRE_OK);
}

static void expect_asked(const struct rig *r, unsigned i, uint64_t asked, uint64_t gave)
{
	const struct giver *g = &r->giver[i];

	EXPECT_EQ(g->hook.asked, asked);
	EXPECT_EQ(g->hook.gave, gave);
	EXPECT(!g->asked_more);
	EXPECT(!g->irqs_were_off);
}

KTEST(reclaim, nobody_is_asked_while_there_is_something)
{
	struct rig r;

	rig_init(&r);
	REQUIRE_EQ(frame_free_range(r.pool, FIRST, 8), ACRE_OK);
	for (unsigned i = 0; i < 4; i++)
		EXPECT(frame_alloc(r.pool) != FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(r.pool, 4, FRAME_SIZE), FIRST + 4);
	for (unsigned i = 0; i < HOOKS; i++)
		expect_asked(&r, i, 0, 0);
}

KTEST(reclaim, all_are_asked_once_and_in_their_order_before_it_fails)
{
	struct rig r;

	rig_init(&r);
	EXPECT_EQ(frame_alloc(r.pool), FRAME_NONE);
	for (unsigned i = 0; i < HOOKS; i++) {
		expect_asked(&r, i, 1, 0);
		EXPECT_EQ(r.giver[i].turn, i + 1);
		EXPECT_EQ(r.giver[i].bytes, FRAME_SIZE);
	}
	EXPECT_EQ(frame_alloc_range(r.pool, 512, 512 * FRAME_SIZE), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(r.pool, 3, FRAME_SIZE), FRAME_NONE);
	for (unsigned i = 0; i < HOOKS; i++) {
		expect_asked(&r, i, 3, 0);
		EXPECT_EQ(r.giver[i].bytes, 3 * FRAME_SIZE);
	}
	REQUIRE_VALID(frame_validate(r.pool));
}

KTEST(reclaim, who_gives_is_the_last_that_is_asked)
{
	struct rig r;

	rig_init(&r);
	r.giver[1].frame = FIRST + 7;
	r.giver[1].left = 1;
	EXPECT_EQ(frame_alloc(r.pool), FIRST + 7);
	expect_asked(&r, 0, 1, 0);
	expect_asked(&r, 1, 1, 1);
	expect_asked(&r, 2, 0, 0);
}

KTEST(reclaim, what_is_too_little_is_not_the_end)
{
	struct rig r;

	rig_init(&r);
	for (unsigned i = 0; i < HOOKS; i++) { /* a frame each, and they make a run */
		r.giver[i].frame = FIRST + 64 + i;
		r.giver[i].left = 1;
	}
	EXPECT_EQ(frame_alloc_range(r.pool, 3, FRAME_SIZE), FIRST + 64);
	for (unsigned i = 0; i < HOOKS; i++)
		expect_asked(&r, i, i < 3, i < 3);
}

KTEST(reclaim, of_all_kinds_of_allocation)
{
	struct rig r;
	frame_nr_t pfn;

	rig_init(&r);
	for (unsigned i = 0; i < HOOKS; i++) {
		r.giver[i].frame = FIRST + i * 256;
		r.giver[i].left = 256;
	}
	EXPECT_EQ(frame_alloc_range(r.pool, 16, 16 * FRAME_SIZE), FIRST);
	EXPECT_EQ(frame_alloc_range(r.pool, 5, FRAME_SIZE), FIRST + 16);
	EXPECT_EQ(frame_alloc_range(r.pool, 2, 32 * FRAME_SIZE), FIRST + 256);
	EXPECT_EQ(frame_alloc_range_from(r.pool, 7, FRAME_SIZE, &pfn, NULL), ACRE_OK);
	EXPECT_EQ(frame_alloc_range_from(r.pool, 0, FRAME_SIZE, &pfn, NULL), ACRE_ERR_INVALID);
	EXPECT_EQ(frame_alloc_range_from(r.pool, 2 * FRAMES, FRAME_SIZE, &pfn, NULL),
		  ACRE_ERR_NOMEM);
	/* Who wants certain frames does not get others. */
	const uint64_t asked = r.giver[0].hook.asked;
	EXPECT_EQ(frame_alloc_at(r.pool, FIRST, 1), ACRE_ERR_OVERLAP);
	EXPECT_EQ(r.giver[0].hook.asked, asked);
	REQUIRE_VALID(frame_validate(r.pool));
}

KTEST(reclaim, a_hook_that_lies_is_asked_once)
{
	struct rig r;

	rig_init(&r);
	for (unsigned i = 0; i < HOOKS; i++)
		r.giver[i].lies = true;
	EXPECT_EQ(frame_alloc(r.pool), FRAME_NONE);
	for (unsigned i = 0; i < HOOKS; i++)
		expect_asked(&r, i, 1, 1);
}

KTEST(reclaim, what_a_hook_allocates_asks_nobody)
{
	struct rig r;

	rig_init(&r);
	for (unsigned i = 0; i < HOOKS; i++)
		r.giver[i].allocates = true;
	r.giver[2].frame = FIRST + 100;
	r.giver[2].left = 2;
	EXPECT_EQ(frame_alloc_range(r.pool, 3, FRAME_SIZE), FRAME_NONE);
	for (unsigned i = 0; i < HOOKS; i++) {
		expect_asked(&r, i, 1, i == 2);
		EXPECT_EQ(r.giver[i].nested, i == 3); /* after the third gave some */
	}
	REQUIRE_VALID(frame_validate(r.pool));
}

KTEST(reclaim, with_interrupts_off_nobody_is_asked)
{
	struct rig r;

	rig_init(&r);
	r.giver[0].frame = FIRST;
	r.giver[0].left = 2;
	unsigned long irq = platform_irq_save();
	EXPECT_EQ(frame_alloc(r.pool), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(r.pool, 2, FRAME_SIZE), FRAME_NONE);
	platform_irq_restore(irq);
	expect_asked(&r, 0, 0, 0);
	EXPECT_EQ(frame_alloc(r.pool), FIRST);
}

KTEST(reclaim, without_hooks_it_just_fails)
{
	struct rig r;
	struct reclaim_hook *asked = NULL;

	rig_init(&r);
	frame_pool_reclaim(r.pool, NULL);
	EXPECT_EQ(frame_alloc(r.pool), FRAME_NONE);
	EXPECT_EQ(frame_alloc_range(r.pool, 2, 2 * FRAME_SIZE), FRAME_NONE);
	const struct hart_slots none = { 0 };
	reclaim_init(r.reclaim, &none);
	EXPECT(!reclaim_more(r.reclaim, &asked, 1));
	EXPECT(!reclaim_more(NULL, &asked, 1));
}

KTEST(reclaim, harts_without_a_slot_share_one)
{
	struct rig r;
	const struct hart_slots none = { 0 };

	rig_init(&r);
	reclaim_init(r.reclaim, &none);
	reclaim_add(r.reclaim, &r.giver[3].hook);
	r.giver[3].allocates = true;
	r.giver[3].frame = FIRST;
	r.giver[3].left = 1;
	EXPECT_EQ(frame_alloc(r.pool), FIRST);
	expect_asked(&r, 3, 1, 1);
	EXPECT_EQ(r.giver[3].nested, 0);
}
