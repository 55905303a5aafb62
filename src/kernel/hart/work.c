/* SPDX-License-Identifier: MIT */
/*
 * work.c - one job at a time, and a box at each hart that says whether it takes part.
 *
 *	            work_open            claimed by the caller whose turn it is
 *	   CLOSED ------------> OPEN ------------------------------------------> CLAIMED
 *	      ^   <------------  ^ ^ <------------------------------------------   |
 *	      |     work_close   | |        another hart was not available         | all were
 *	   does something else   | |                                               v
 *	                         | +------------- DOING <----------------------- GIVEN
 *	                         |     returned            work_serve
 *	                      waits
 *
 * W1  Only the hart itself opens and closes its box; only the caller whose turn it is claims and
 *     gives; only the hart itself takes what was given, and opens the box again.
 * W2  The turn is that of a ticket lock, except for waiting: callers nap, with interrupts on, and
 *     serve. So a caller that waits for its turn is itself available to those before it.
 * W3  All boxes are claimed before the first is given: a job runs on all harts of its set or on
 *     none.
 * W4  `job` is written by the caller whose turn it is, before it gives; no hart reads it after
 *     `left` has come to 0, and the turn is not over before.
 * W5  A function of a job never calls for another: it would wait for a turn that comes after its
 *     own. It is refused.
 *
 * It cannot deadlock: the hart that has the turn waits only for harts that were available, and so
 * are in a loop that serves; a hart that waits for the turn serves.
 */
#include "kernel/hart/work.h"

#include "kernel/hart/clock.h"
#include "kernel/hart/harts.h"

enum { CLOSED, OPEN, CLAIMED, GIVEN, DOING };

static struct {
	_Atomic uint32_t next;    /* the turn that the next caller draws */
	_Atomic uint32_t serving; /* whose turn it is */
	uint64_t (*function)(void *);
	void *argument;
	uint64_t *result;
	struct hart *caller;
	_Atomic uint32_t left; /* boxes that are given and not done */
} job;

/* ---- sets ------------------------------------------------------------------------------------ */

void hart_set_add(struct hart_set *set, unsigned index)
{
	set->word[index / 64] |= 1ull << index % 64;
}

void hart_set_remove(struct hart_set *set, unsigned index)
{
	set->word[index / 64] &= ~(1ull << index % 64);
}

bool hart_set_has(const struct hart_set *set, unsigned index)
{
	return (set->word[index / 64] >> index % 64 & 1) != 0;
}

struct hart_set hart_set_of_all(void)
{
	struct hart_set set = { 0 };

	for (unsigned i = 0; i < harts_count(); i++) {
		if (hart_is_up(hart_at(i)))
			hart_set_add(&set, i);
	}
	return set;
}

/* Are there any in it, and only such as there are? */
static bool is_set_of_harts(const struct hart_set *set)
{
	bool any = false;

	for (unsigned i = 0; i < PLATFORM_MAX_HARTS; i++) {
		if (!hart_set_has(set, i))
			continue;
		if (i >= harts_count())
			return false;
		any = true;
	}
	return any;
}

/* ---- the box of a hart ----------------------------------------------------------------------- */

static bool move_box(struct hart *hart, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong(&hart->work_box, &from, to);
}

bool work_open(struct hart *self)
{
	return move_box(self, CLOSED, OPEN);
}

bool work_close(struct hart *self)
{
	return move_box(self, OPEN, CLOSED);
}

bool work_is_given(const struct hart *self)
{
	return atomic_load(&self->work_box) == GIVEN;
}

static void do_share(struct hart *self)
{
	uint64_t *result = job.result;

	self->in_work = true;
	uint64_t value = job.function(job.argument);
	self->in_work = false;
	if (result != NULL)
		result[self->index] = value;
}

bool work_is_served(const struct hart *hart)
{
	return atomic_load(&hart->work_box) >= GIVEN;
}

bool work_serve(struct hart *self)
{
	if (!move_box(self, GIVEN, DOING))
		return false;
	const struct hart *caller = job.caller;
	do_share(self);
	atomic_store(&self->work_box, OPEN);
	if (atomic_fetch_sub(&job.left, 1) == 1)
		(void)hart_wake(caller); /* or else it looks every millisecond */
	return true;
}

/* ---- the caller ------------------------------------------------------------------------------ */

static void wait_for_turn(struct hart *self)
{
	(void)work_open(self); /* who asks runs, and is not in a function of a job: it was closed */
	uint32_t turn = atomic_fetch_add(&job.next, 1);

	while (atomic_load(&job.serving) != turn) {
		if (!work_serve(self))
			clock_nap(1);
	}
	/* Only the hart whose turn it is claims a box, and that is this one: its box is open. */
	(void)work_close(self);
}

/*
 * A hart that has been called for a function is no longer available, even if it does not know it
 * yet.
 */
static bool claim_box(struct hart *hart)
{
	uint32_t state = atomic_load(&hart->state);

	return (state == HART_RUNNING || state == HART_DONE || state == HART_PARKED) &&
	       move_box(hart, OPEN, CLAIMED);
}

/*
 * Claim those of @set that are below @end, but @self. Result: the first that is not available, or
 * @end.
 */
static unsigned claim_boxes(const struct hart_set *set, const struct hart *self, unsigned end)
{
	for (unsigned i = 0; i < end; i++) {
		if (hart_set_has(set, i) && i != self->index && !claim_box(hart_at(i)))
			return i;
	}
	return end;
}

/*
 * Pass on the boxes that were claimed. Each hart may have gone to sleep on a box that it could not
 * close.
 */
static void pass_boxes_on(const struct hart_set *set, const struct hart *self, unsigned end,
			  uint32_t box)
{
	for (unsigned i = 0; i < end; i++) {
		if (!hart_set_has(set, i) || i == self->index)
			continue;
		atomic_store(&hart_at(i)->work_box, box);
		(void)hart_wake(hart_at(i));
	}
}

static uint32_t others_in_set(const struct hart_set *set, const struct hart *self)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < harts_count(); i++)
		n += hart_set_has(set, i) && i != self->index;
	return n;
}

enum acre_status work_run(const struct hart_set *set, uint64_t (*function)(void *), void *argument,
			  uint64_t *result)
{
	struct hart *self = hart_self();
	const unsigned n = harts_count();

	if (self->in_work || self->in_handler || !is_set_of_harts(set))
		return ACRE_ERR_INVALID;
	wait_for_turn(self);
	unsigned claimed = claim_boxes(set, self, n);
	if (claimed == n) {
		job.function = function;
		job.argument = argument;
		job.result = result;
		job.caller = self;
		atomic_store(&job.left, others_in_set(set, self));
		pass_boxes_on(set, self, n, GIVEN);
		if (hart_set_has(set, self->index))
			do_share(self);
		while (atomic_load(&job.left) != 0)
			clock_nap(1);
	} else {
		pass_boxes_on(set, self, claimed, OPEN);
	}
	atomic_fetch_add(&job.serving, 1);
	return claimed == n ? ACRE_OK : ACRE_ERR_BUSY;
}
