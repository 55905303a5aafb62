/* SPDX-License-Identifier: MIT */
/*
 * lock.pml - the ticket lock of src/lib/lock.c for spin: N harts, each with a handler that interrupts it
 * and takes the same lock. What is one step here is one atomic operation there; switching the
 * interrupts off or on, which only the hart's own handler sees, goes with the step behind or before it.
 *
 * Safety (assertions, no deadlock): one holder; they hold it in the order in which they drew; in front of
 * one who draws there are at most N - 1; interrupts are off from before drawing until after release.
 * Liveness (ltl): who has drawn a ticket holds the lock some time, if no hart is held up for ever.
 *
 * models.t runs it as it is, and with each BUG_ below, which must be found.
 */
#ifndef N
#define N 3
#endif
#ifdef BUG_NARROW
#define TICKETS 2 /* fewer than harts */
#else
#define TICKETS 4 /* 2^32 there; what counts is that no more than N are out at once */
#endif

#define HANDLER(h) (N + h)

byte next, serving;
bool irq[N] = true;     /* interrupts are on */
bool inside_handler[N];
bool due[N] = true;     /* the handler may come once more, once for each round of the hart */
byte holders;
chan queue = [2 * N] of { byte }; /* who drew and does not hold it yet */
bool waiting[2 * N];    /* has drawn */

inline draw(me, ticket)
{
	ticket = next;
	next = (next + 1) % TICKETS;
	assert(len(queue) + holders <= N - 1);
	queue ! me;
	waiting[me] = true
}

inline enter(me, first)
{
	holders++;
	assert(holders == 1);
	assert(!irq[me % N]);
	queue ? first;
	assert(first == me);
	first = 0;
	waiting[me] = false
}

inline acquire(me, ticket, first)
{
#ifdef BUG_IRQ
	d_step { draw(me, ticket) };
	irq[me % N] = false;
#else
	d_step { irq[me % N] = false; draw(me, ticket) };
#endif
#ifdef BUG_UNFAIR
	/* Whoever looks first, holds it. */
	atomic { holders == 0 -> enter(me, first); ticket = 0 }
#else
	atomic { serving == ticket -> enter(me, first); ticket = 0 }
#endif
}

/* The holder alone writes serving. A hart's interrupts were on, a handler's off. */
inline release(me)
{
	holders--;
	serving = (serving + 1) % TICKETS;
#ifndef BUG_IRQ_LOST
	irq[me % N] = (me < N)
#endif
}

proctype hart(byte h) provided (!inside_handler[h])
{
	byte ticket, first;

	do
	:: acquire(h, ticket, first);
	   d_step { release(h); assert(irq[h]); due[h] = true }
	od
}

proctype handler(byte h)
{
	byte ticket, first;

	do
	:: atomic {
		irq[h] && due[h] && !inside_handler[h] ->
		inside_handler[h] = true;
		due[h] = false;
		irq[h] = false
	   };
	   acquire(HANDLER(h), ticket, first);
	   d_step { release(HANDLER(h)) };
	   d_step { inside_handler[h] = false; irq[h] = true }
	od
}

init {
	byte h;

	atomic {
		for (h : 0 .. N - 1) {
			run hart(h);
			run handler(h)
		}
	}
}

ltl hart_is_served { [] (waiting[0] -> <> !waiting[0]) }
ltl handler_is_served { [] (waiting[N] -> <> !waiting[N]) }
/* Not that somebody waits now and then only. */
ltl lock_is_free_again { [] (<> (holders == 0)) }
