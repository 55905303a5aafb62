/* SPDX-License-Identifier: MIT */
/*
 * explore.c - a scheduler that drives the shipped code of locks, frames and heap through every interleaving.
 *
 *	explore [--list] [--switches N] [--stale N] [--weak] [--runs N] [--schedule S] [--trace] [--first] [GLOB]
 *
 * Each activity of a scenario is a fiber of one thread. The shipped files are compiled against the
 * stdatomic.h and platform_arch.h beside this, so each atomic operation comes here first: a step. At a
 * step the scheduler may go on, or switch to another activity; a run is the list of such choices, and the next
 * run repeats all of them but the last that has something left to try (stateless search, depth first).
 *
 *	run 1   hart 0: a b c d e            hart 1: f g h
 *	run 2   hart 0: a b c d   hart 1: f g h   hart 0: e
 *	run 3   hart 0: a b c d   hart 1: f g     hart 0: e   hart 1: h         two switches
 *	...
 *
 * What bounds it: the number of switches away from an activity that could have gone on (Musuvathi and
 * Qadeer 2007). Where one has ended or waits, choosing the next is free. A handler is an activity that can
 * begin only where its hart has interrupts on, and then its hart stands still until it has ended.
 *
 * A thread (explore.h) has one more choice at each step with interrupts on: to go on on another hart. The number of
 * its hart that it read before is old then. These migrations have a bound of their own.
 *
 *	run n   thread 0 on hart 0: a b   on hart 1: c   thread 1 on hart 0: f g h   thread 0 on hart 1: d e
 *
 * What makes it fewer: switching in front of a step that no other activity ever comes near is the same as
 * switching behind it. So only those steps are choices whose eight bytes were touched by two activities, one of
 * them writing. They are learned: when a run shows new ones the search begins anew, until none does.
 *
 * What waits: platform_relax() ends the turn of an activity until something changes that it has read since
 * the last time. If all wait, that is a deadlock.
 *
 * Memory is sequentially consistent. Then a scenario is run again, weakly, with fewer switches: there a read may
 * return what stood there before, as far as acquire, release and fences leave it open (weak.c), and that is a
 * choice as well, bounded by the number of such stale reads.
 */
#include "tests/concurrency/explore/explore.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "lib/compiler.h"
#include "lib/platform.h"
#include "tests/concurrency/explore/weak.h"

#define MAX       EXPLORE_MAX_ACTIVITIES
#define NOBODY    EXPLORE_MAX_ACTIVITIES
#define MAX_STEPS 20000u
#define STACK     (256u * 1024)

/* ---- activities ------------------------------------------------------------------------------ */

enum state { UNBORN, RUNNING, WAITING, ENDED };

struct fiber {
	jmp_buf at;
	enum state state;
	unsigned nread; /* since the last platform_relax(); the last eight of them */
	uintptr_t read[8];
	bool read_stale; /* one of those was not what stands there */
};

static const struct explore_scenario *scenario;
static struct fiber fiber[MAX];
static unsigned nfibers;
static unsigned current = NOBODY;
static jmp_buf outside; /* where runs are begun and ended */
static jmp_buf failed;
static char failure[400];
static _Alignas(16) char stack[MAX][STACK];

static unsigned hart_now[MAX];
static bool irq_on[PLATFORM_MAX_HARTS];
static unsigned pinned[PLATFORM_MAX_HARTS];      /* who turned its interrupts off; NOBODY */
static unsigned interrupted[PLATFORM_MAX_HARTS]; /* by which handler; NOBODY */
static unsigned outside_hart;
static unsigned nrefused[MAX + 1]; /* of each activity, and of setup and check */

static unsigned hart_of(unsigned who)
{
	return who == NOBODY ? outside_hart : hart_now[who];
}

static bool can_run(unsigned who)
{
	unsigned hart = hart_now[who];
	bool is_handler = scenario->activity[who].is_handler;

	if (fiber[who].state == ENDED || fiber[who].state == WAITING)
		return false;
	if (is_handler && fiber[who].state == RUNNING)
		return true;
	if (interrupted[hart] != NOBODY)
		return false;
	return irq_on[hart] || (!is_handler && pinned[hart] == who);
}

/* ---- choices --------------------------------------------------------------------------------- */

#define MAX_CHOICES 8192u
#define MAX_OPTIONS (MAX + PLATFORM_MAX_HARTS)

struct choice {
	uint8_t n, at;
	uint8_t option[MAX_OPTIONS];
};

static struct choice path[MAX_CHOICES];
static unsigned depth, known; /* choices made in this run; those that it was begun with */
static unsigned steps, switches, most_switches;
static unsigned stale; /* reads of what was there before */
unsigned explore_most_stale;
static unsigned migrations;

/*
 * Steps at which the run did not simply go on: who went on instead, on which hart a thread went on, or how
 * old a value was that was read.
 */
#define MOVE 50u
#define OLD  100u
struct event {
	unsigned step, who;
};
static struct event done[MAX_CHOICES];
static unsigned ndone;
static struct event wanted[MAX_CHOICES]; /* --schedule */
static unsigned nwanted, next_wanted;
static bool replaying, tracing;

static void note(unsigned step, unsigned who)
{
	if (ndone < MAX_CHOICES)
		done[ndone++] = (struct event){ step, who };
}

/* One of @n options. */
static unsigned choose(const uint8_t *option, unsigned n)
{
	if (n == 1)
		return option[0];
	if (depth == MAX_CHOICES)
		explore_fail("more choices than the explorer has room for");
	struct choice *c = &path[depth++];
	if (depth > known) {
		c->n = (uint8_t)n;
		c->at = 0;
		memcpy(c->option, option, n);
		known = depth;
	}
	return c->option[c->at];
}

/* The next run differs in the last choice that has something left. False: there is none. */
static bool advance(void)
{
	for (; known > 0; known--) {
		if (++path[known - 1].at < path[known - 1].n)
			return true;
	}
	return false;
}

static const char *name_of(unsigned who)
{
	static char text[32];

	if (scenario->activity[who].is_handler)
		snprintf(text, sizeof(text), "handler on hart %u", hart_of(who));
	else if (scenario->migrations != 0)
		snprintf(text, sizeof(text), "thread %u on hart %u", who, hart_of(who));
	else
		snprintf(text, sizeof(text), "hart %u", hart_of(who));
	return text;
}

/* Is the activity that runs a thread that may go on on another hart now? */
static bool can_migrate(void)
{
	return migrations < scenario->migrations && !scenario->activity[current].is_handler &&
	       irq_on[hart_of(current)];
}

/*
 * What can be next: who goes on, or MOVE and the hart on which a thread does. Who could go on does, unless
 * this is a @choice.
 */
static unsigned options(bool choice, uint8_t *option)
{
	bool can_go_on = current != NOBODY && can_run(current);
	unsigned n = 0;

	if (can_go_on)
		option[n++] = (uint8_t)current;
	if (!can_go_on || (choice && switches < most_switches)) {
		for (unsigned i = 0; i < nfibers; i++) {
			if (i != current && can_run(i))
				option[n++] = (uint8_t)i;
		}
	}
	if (can_go_on && choice && can_migrate()) {
		for (unsigned h = 0; h < scenario->harts; h++) {
			if (h != hart_of(current))
				option[n++] = (uint8_t)(MOVE + h);
		}
	}
	return n;
}

static unsigned pick(const uint8_t *option, unsigned n)
{
	if (!replaying)
		return choose(option, n);
	if (next_wanted < nwanted && wanted[next_wanted].step == steps &&
	    wanted[next_wanted].who < OLD)
		return wanted[next_wanted++].who;
	return option[0];
}

static void migrate(unsigned hart)
{
	unsigned from = hart_of(current);

	migrations++;
	note(steps, MOVE + hart);
	weak_move(from, hart);
	hart_now[current] = hart;
	if (tracing)
		printf("#   %5u  -- thread %u goes on on hart %u\n", steps, current, hart);
}

/* Who is next? A thread that migrates is asked again, on its new hart. */
static unsigned decide(bool choice)
{
	uint8_t option[MAX_OPTIONS];

	for (;;) {
		bool can_go_on = current != NOBODY && can_run(current);

		steps++;
		unsigned n = options(choice, option);
		if (n == 0)
			return NOBODY;
		unsigned next = pick(option, n);
		if (next < MOVE) {
			switches += can_go_on && next != current;
			return next;
		}
		migrate(next - MOVE);
	}
}

static void go_to(unsigned who)
{
	unsigned self = current;

	if (who == self)
		return;
	note(steps, who);
	if (tracing)
		printf("#   %5u  -- %s\n", steps, name_of(who));
	current = who;
	if (fiber[who].state == UNBORN) {
		fiber[who].state = RUNNING;
		if (scenario->activity[who].is_handler) {
			interrupted[hart_of(who)] = who;
			irq_on[hart_of(who)] = false;
		}
	}
	if (self == NOBODY) {
		if (_setjmp(outside) == 0)
			_longjmp(fiber[who].at, 1);
	} else if (_setjmp(fiber[self].at) == 0) {
		_longjmp(fiber[who].at, 1);
	}
}

/* Nobody can go on. */
static acre_noreturn void stuck(void)
{
	char text[200] = "";

	for (unsigned i = 0; i < nfibers; i++) {
		if (fiber[i].state != ENDED) {
			size_t at = strlen(text);
			snprintf(text + at, sizeof(text) - at, "%s%s %s", at == 0 ? "" : ", ",
				 name_of(i), fiber[i].state == WAITING ? "waits" : "cannot go on");
		}
	}
	explore_fail("deadlock: %s", text);
}

static void go_on(bool choice)
{
	unsigned who = decide(choice);

	if (who == NOBODY)
		stuck();
	go_to(who);
}

static void step(bool choice)
{
	if (steps > MAX_STEPS)
		explore_fail("it does not end: %u steps", steps);
	go_on(choice);
}

static bool all_ended(void)
{
	for (unsigned i = 0; i < nfibers; i++) {
		if (fiber[i].state != ENDED)
			return false;
	}
	return true;
}

static void end_activity(void)
{
	unsigned self = current;
	bool is_handler = scenario->activity[self].is_handler;

	if (irq_on[hart_of(self)] == is_handler)
		explore_fail("%s ends with interrupts %s", name_of(self),
			     is_handler ? "on" : "off");
	fiber[self].state = ENDED;
	if (is_handler) {
		interrupted[hart_of(self)] = NOBODY;
		irq_on[hart_of(self)] = true;
	}
	if (all_ended()) {
		current = NOBODY;
		if (_setjmp(fiber[self].at) == 0)
			_longjmp(outside, 1);
		return;
	}
	go_on(true);
}

static unsigned born;

static acre_noreturn void fiber_main(void)
{
	unsigned self = born;

	if (_setjmp(fiber[self].at) == 0)
		_longjmp(outside, 1);
	for (;;) {
		scenario->activity[self].run();
		end_activity();
	}
}

static void give_birth(void)
{
	for (born = 0; born < MAX; born++) {
		static ucontext_t context;

		getcontext(&context);
		context.uc_stack.ss_sp = stack[born];
		context.uc_stack.ss_size = STACK;
		makecontext(&context, fiber_main, 0);
		if (_setjmp(outside) == 0)
			setcontext(&context);
	}
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Who has been where, over all runs of a scenario: eight bytes each. */
#define PLACES 8192u
struct place {
	uintptr_t at;
	uint8_t readers, writers;
	bool is_shared; /* is a choice; changes between searches only */
};
static struct place places[PLACES];
static bool learned;

static struct place *place_of(const volatile void *address)
{
	uintptr_t at = (uintptr_t)address >> 3;
	uintptr_t i = at * 0x9e3779b97f4a7c15u >> 32;

	for (;; i++) {
		struct place *p = &places[i % PLACES];
		if (p->at == at)
			return p;
		if (p->at == 0) {
			p->at = at;
			return p;
		}
	}
}

static bool is_conflict(const struct place *p)
{
	unsigned all = p->readers | p->writers;

	return p->writers != 0 && (all & (all - 1)) != 0;
}

static bool learn_places(void)
{
	for (unsigned i = 0; i < PLACES; i++)
		places[i].is_shared = is_conflict(&places[i]);
	bool any = learned;
	learned = false;
	return any;
}

/* In front of an access. */
static void visit(const volatile void *at, bool write)
{
	struct place *p = place_of(at);
	uint8_t me = (uint8_t)(1u << current);

	if (write)
		p->writers |= me;
	else
		p->readers |= me;
	if (!p->is_shared && is_conflict(p))
		learned = true;
	step(p->is_shared);
}

#define MAX_KEPT 16u
static struct kept {
	char *at;
	size_t bytes;
	const char *name;
	char *copy;
} kept[MAX_KEPT];
static unsigned nkept;

void explore_keep(void *at, size_t bytes, const char *name)
{
	if (nkept == MAX_KEPT)
		abort();
	kept[nkept++] = (struct kept){ at, bytes, name, malloc(bytes) };
}

static void trace(const char *what, const volatile void *address, uint64_t value)
{
	const char *at = (const char *)(uintptr_t)address;

	if (!tracing || current == NOBODY)
		return;
	for (unsigned i = 0; i < nkept; i++) {
		if (at >= kept[i].at && at < kept[i].at + kept[i].bytes) {
			printf("#   %5u  %-18s %s %s+%#tx  %#llx\n", steps, name_of(current), what,
			       kept[i].name, at - kept[i].at, (unsigned long long)value);
			return;
		}
	}
	printf("#   %5u  %-18s %s %p  %#llx\n", steps, name_of(current), what, (const void *)at,
	       (unsigned long long)value);
}

static void copy_value(void *to, const void *from, size_t size)
{
	/*
	 * Of a size that the compiler knows it is one instruction; a scenario's check is thousands
	 * of these.
	 */
	switch (size) {
	case 1:
		memcpy(to, from, 1);
		return;
	case 2:
		memcpy(to, from, 2);
		return;
	case 4:
		memcpy(to, from, 4);
		return;
	default:
		memcpy(to, from, 8);
	}
}

static uint64_t peek(const volatile void *at, size_t size)
{
	uint64_t value = 0;

	copy_value(&value, (const void *)(uintptr_t)at, size);
	return value;
}

/* Memory changes: who waits for that may go on. */
static void poke(volatile void *at, size_t size, uint64_t value)
{
	if (current == NOBODY) {
		copy_value((void *)(uintptr_t)at, &value, size);
		return;
	}
	bool same = peek(at, size) == value;
	copy_value((void *)(uintptr_t)at, &value, size);
	if (scenario->wrote != NULL)
		scenario->wrote(at);
	for (unsigned i = 0; i < nfibers && !same; i++) {
		for (unsigned k = 0; k < fiber[i].nread && k < 8; k++) {
			if (fiber[i].read[k] == (uintptr_t)at >> 3 && fiber[i].state == WAITING)
				fiber[i].state = RUNNING;
		}
	}
}

/* ---- what stdatomic.h asks ------------------------------------------------------------------- */

static bool is_weak(const volatile void *at)
{
	return explore_most_stale != 0 && place_of(at)->is_shared;
}

unsigned explore_older(unsigned most)
{
	static const uint8_t ages[] = { 0, 1, 2, 3 };
	unsigned age = 0;

	if (most >= ARRAY_SIZE(ages))
		most = ARRAY_SIZE(ages) - 1;
	if (stale == explore_most_stale)
		return 0;
	if (!replaying)
		age = choose(ages, most + 1);
	else if (next_wanted < nwanted && wanted[next_wanted].step == steps &&
		 wanted[next_wanted].who >= OLD)
		age = wanted[next_wanted++].who - OLD;
	if (age != 0) {
		stale++;
		fiber[current].read_stale = true;
		note(steps, OLD + age);
	}
	return age;
}

uint64_t explore_load(const volatile void *at, size_t size, memory_order order)
{
	if (current == NOBODY)
		return peek(at, size);
	visit(at, false);
	struct fiber *f = &fiber[current];
	f->read[f->nread++ % 8] = (uintptr_t)at >> 3;
	uint64_t value = peek(at, size);
	if (is_weak(at)) {
		uint64_t newest = value;
		value = weak_load(at, size, newest, order);
		trace(value == newest ? "reads  " : "reads the old", at, value);
	} else {
		trace("reads  ", at, value);
	}
	return value;
}

void explore_store(volatile void *at, size_t size, uint64_t value, memory_order order)
{
	if (current != NOBODY) {
		visit(at, true);
		if (is_weak(at))
			weak_store(at, size, peek(at, size), value, order);
	}
	trace("writes ", at, value);
	poke(at, size, value);
}

static uint64_t result_of(enum explore_op op, uint64_t was, uint64_t by)
{
	switch (op) {
	case EXPLORE_ADD:
		return was + by;
	case EXPLORE_SUB:
		return was - by;
	case EXPLORE_AND:
		return was & by;
	case EXPLORE_OR:
		return was | by;
	case EXPLORE_XOR:
		return was ^ by;
	case EXPLORE_SWAP:
		return by;
	}
	abort();
}

uint64_t explore_change(volatile void *at, size_t size, enum explore_op op, uint64_t by,
			memory_order order)
{
	if (current != NOBODY)
		visit(at, true);
	uint64_t was = peek(at, size);
	poke(at, size, result_of(op, was, by));
	if (current != NOBODY && is_weak(at))
		weak_change(at, size, was, peek(at, size), order);
	trace("changes", at, peek(at, size));
	return was;
}

bool explore_compare_swap(volatile void *at, size_t size, void *expected, uint64_t value,
			  memory_order order)
{
	bool weak = false;

	if (current != NOBODY) {
		visit(at, true);
		weak = is_weak(at);
	}
	uint64_t was = peek(at, size);
	if (was != peek(expected, size)) {
		/* That it fails because it reads an older value, where the newest would do, is left out. */
		memcpy(expected, &was, size);
		trace("differs", at, was);
		return false;
	}
	poke(at, size, value);
	if (weak)
		weak_change(at, size, was, value, order);
	trace("swaps  ", at, value);
	return true;
}

void explore_fence(memory_order order)
{
	if (current == NOBODY || explore_most_stale == 0)
		return;
	if (order == memory_order_seq_cst)
		step(true);
	weak_fence(order);
}

/* The tree's bytes are read eight at a time, under the lock. */
void explore_copy(void *to, const volatile void *from, size_t n)
{
	if (current != NOBODY && explore_most_stale != 0)
		weak_plain_copy(from, n);
	memmove(to, (const void *)(uintptr_t)from, n);
}

/* ---- what platform.h asks -------------------------------------------------------------------- */

unsigned long platform_irq_save(void)
{
	/* The last moment for a handler, and to migrate. */
	if (current != NOBODY && irq_on[hart_of(current)])
		step(true);
	unsigned hart = hart_of(current);
	unsigned long was = irq_on[hart];
	irq_on[hart] = false;
	if (was)
		pinned[hart] = current;
	return was;
}

void platform_irq_restore(unsigned long state)
{
	unsigned hart = hart_of(current);

	irq_on[hart] = state != 0;
	if (state != 0)
		pinned[hart] = NOBODY;
}

bool platform_may_wait(void)
{
	return irq_on[hart_of(current)];
}

unsigned platform_hart(void)
{
	return hart_of(current);
}

void platform_relax(void)
{
	if (current == NOBODY)
		explore_fail("waits, and nobody else is there");
	struct fiber *f = &fiber[current];
	if (f->nread == 0)
		return; /* nothing that it knows can have changed */
	if (!f->read_stale) {
		f->state = WAITING;
		go_on(true);
	}
	f->nread = 0;
	f->read_stale = false; /* what it waits for may be there already: it looks again */
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
	(void)caller;
	explore_fail("panic: %s", message);
}

void platform_bad_free(const struct platform_bad_free *report)
{
	(void)report;
	nrefused[current]++;
}

/* ---- what scenarios ask ---------------------------------------------------------------------- */

void explore_as(unsigned hart)
{
	outside_hart = hart;
}

unsigned explore_me(void)
{
	return current;
}

unsigned explore_hart(void)
{
	return hart_of(current);
}

bool explore_is_handler(unsigned who)
{
	return scenario->activity[who].is_handler;
}

bool explore_on_stack(const volatile void *at)
{
	return (uintptr_t)at - (uintptr_t)stack < sizeof(stack);
}

bool explore_interrupts_on(void)
{
	return irq_on[hart_of(current)];
}

unsigned explore_refused(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i <= MAX; i++)
		n += nrefused[i];
	return n;
}

unsigned explore_refused_by_me(void)
{
	return nrefused[current];
}

acre_noreturn void explore_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(failure, sizeof(failure), format, args);
	va_end(args);
	if (tracing)
		printf("#   %5u  %s\n", steps, failure);
	_longjmp(failed, 1);
}

/* A wrong pointer is a failure like others, and its schedule is shown. */
static acre_noreturn void wild_access(int number)
{
	(void)number;
	explore_fail("an access through a wrong pointer");
}

static void catch_wild_accesses(void)
{
	/* The handler jumps away, so the signal must not stay blocked. */
	const struct sigaction action = { .sa_handler = wild_access, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

/* ---- the search ------------------------------------------------------------------------------ */

static void reset(void)
{
	for (unsigned i = 0; i < nkept; i++)
		memcpy(kept[i].at, kept[i].copy, kept[i].bytes);
	for (unsigned h = 0; h < PLATFORM_MAX_HARTS; h++) {
		irq_on[h] = true;
		pinned[h] = NOBODY;
		interrupted[h] = NOBODY;
	}
	for (unsigned i = 0; i < nfibers; i++) {
		hart_now[i] = scenario->activity[i].hart;
		fiber[i].state = UNBORN;
		fiber[i].nread = 0;
		fiber[i].read_stale = false;
	}
	current = NOBODY;
	outside_hart = 0;
	depth = steps = switches = stale = migrations = ndone = next_wanted = 0;
	memset(nrefused, 0, sizeof(nrefused));
	weak_reset();
}

static void run_once(void)
{
	reset();
	go_to(decide(true));
	scenario->check();
}

static void begin(const struct explore_scenario *s)
{
	scenario = s;
	for (unsigned i = 0; i < nkept; i++)
		free(kept[i].copy);
	nkept = nfibers = known = 0;
	memset(places, 0, sizeof(places));
	learned = false;
	weak_forget();
	while (nfibers < MAX && s->activity[nfibers].run != NULL)
		nfibers++;
	give_birth();
	reset();
	if (_setjmp(failed) != 0) {
		printf("Bail out! %s: setup: %s\n", s->name, failure);
		exit(2);
	}
	s->setup();
	for (unsigned i = 0; i < nkept; i++)
		memcpy(kept[i].copy, kept[i].at, kept[i].bytes);
}

static void print_schedule(void)
{
	printf("#   replay: explore --switches %u --stale %u --schedule ", most_switches,
	       explore_most_stale);
	for (unsigned i = 0; i < ndone; i++) {
		if (done[i].who >= OLD)
			printf("%s%u:old%u", i == 0 ? "" : ",", done[i].step, done[i].who - OLD);
		else if (done[i].who >= MOVE)
			printf("%s%u:to%u", i == 0 ? "" : ",", done[i].step, done[i].who - MOVE);
		else
			printf("%s%u:%u", i == 0 ? "" : ",", done[i].step, done[i].who);
	}
	printf(" '%s'\n", scenario->name);
}

/* How often is each scenario run, at most? 0: as often as there are interleavings. */
static unsigned long long max_runs;

struct outcome {
	unsigned long long runs, longest, places;
	double seconds;
	bool is_whole;
};

static bool search(struct outcome *o)
{
	struct timespec from, to;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	*o = (struct outcome){ .is_whole = true };
	if (_setjmp(failed) != 0) {
		/* What goes by a place of which that was not known yet is not in the views: once more. */
		if (explore_most_stale == 0 || !learned || !learn_places())
			return false;
		give_birth(); /* the fibers stand where it failed */
		o->runs = known = 0;
	}
	do {
		run_once();
		o->runs++;
		if (steps > o->longest)
			o->longest = steps;
		if (learned && learn_places()) {
			o->runs = known = 0;
			continue;
		}
		if (o->runs == max_runs) {
			o->is_whole = false;
			break;
		}
	} while ((o->runs == 0 && !replaying) || (!replaying && advance()));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	o->seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	for (unsigned i = 0; i < PLACES; i++)
		o->places += places[i].is_shared;
	return true;
}

/* Once more what has failed, with each step. */
static void show_failure(void)
{
	struct outcome o;

	memcpy(wanted, done, sizeof(done));
	nwanted = ndone;
	print_schedule();
	replaying = tracing = true;
	printf("#   the same once more:\n");
	give_birth(); /* the fibers stand where it failed */
	(void)search(&o);
	replaying = tracing = false;
}

static unsigned forced_switches = UINT32_MAX;
static unsigned forced_stale = UINT32_MAX;
static unsigned ntests, nfailed;
static unsigned long long all_runs;

static bool only_first, only_weak;

/* One of the ways to run it: with @nswitches, and @nstale. */
static void explore_with(const struct explore_scenario *s, unsigned nswitches, unsigned nstale)
{
	const char *how = nstale == 0 ? "" : nstale == 1 ? ".weak" : ".weaker";
	struct outcome o;

	bool was_replaying = replaying;
	bool was_tracing = tracing;

	begin(s);
	most_switches = forced_switches != UINT32_MAX ? forced_switches : nswitches;
	explore_most_stale = nstale;
	ntests++;
	if (search(&o)) {
		all_runs += o.runs;
		printf("ok %u - %s%s\n#   %llu interleavings%s: up to %u switches", ntests, s->name,
		       how, o.runs, o.is_whole ? "" : " (not all)", most_switches);
		if (s->migrations != 0)
			printf(", %u migrations", s->migrations);
		if (explore_most_stale != 0)
			printf(" and %u stale", explore_most_stale);
		printf(", %llu steps at %llu places, %.2f s\n", o.longest, o.places, o.seconds);
	} else {
		nfailed++;
		printf("not ok %u - %s%s\n#   %s\n#   in interleaving %llu\n", ntests, s->name, how,
		       failure, o.runs + 1);
		if (!replaying)
			show_failure();
	}
	fflush(stdout);
	replaying = was_replaying;
	tracing = was_tracing;
}

static void explore(const struct explore_scenario *s)
{
	if (only_first && nfailed != 0)
		return;
	if (!only_weak && forced_stale == UINT32_MAX)
		explore_with(s, s->switches, 0);
	if (only_first && nfailed != 0)
		return;
	if (forced_stale != UINT32_MAX) {
		explore_with(s, forced_stale == 0 ? s->switches : s->weak_switches, forced_stale);
		return;
	}
	if (s->weak_switches != 0)
		explore_with(s, s->weak_switches, 1);
	/* Fewer switches, more stale reads. */
	if ((s->weak_switches > 1 || s->weaker) && !(only_first && nfailed != 0))
		explore_with(s, 1, 2);
}

static bool matches(const char *glob, const char *text)
{
	if (*glob == '\0')
		return *text == '\0';
	if (*glob == '*')
		return matches(glob + 1, text) || (*text != '\0' && matches(glob, text + 1));
	return *glob == *text && matches(glob + 1, text + 1);
}

static void each(void (*what)(const struct explore_scenario *), const char *glob)
{
	const struct explore_scenario *const lists[] = { explore_lock_scenarios,
							 explore_frame_scenarios,
							 explore_heap_scenarios,
							 explore_heap_grow_scenarios };

	for (unsigned i = 0; i < ARRAY_SIZE(lists); i++) {
		for (const struct explore_scenario *s = lists[i]; s->name != NULL; s++) {
			if (matches(glob, s->name))
				what(s);
		}
	}
}

static void list(const struct explore_scenario *s)
{
	puts(s->name);
}

static void read_schedule(const char *text)
{
	replaying = true;
	while (*text != '\0' && nwanted < MAX_CHOICES) {
		char *end;
		unsigned long at = strtoul(text, &end, 10);
		if (*end != ':')
			break;
		unsigned long who;
		if (strncmp(end + 1, "old", 3) == 0)
			who = OLD + strtoul(end + 4, &end, 10);
		else if (strncmp(end + 1, "to", 2) == 0)
			who = MOVE + strtoul(end + 3, &end, 10);
		else
			who = strtoul(end + 1, &end, 10);
		wanted[nwanted++] = (struct event){ (unsigned)at, (unsigned)who };
		text = *end == ',' ? end + 1 : end;
	}
}

static int usage(void)
{
	fputs("usage: explore [--list] [--switches N] [--stale N] [--weak] [--runs N] "
	      "[--schedule S] [--trace] [--first] [GLOB]\n"
	      "  --list        the scenarios\n"
	      "  --weak        only with stale reads\n"
	      "  --switches N  another bound than theirs\n"
	      "  --stale N     so many reads may be of what stood there before; 0: none\n"
	      "  --runs N      stop each of them after so many interleavings\n"
	      "  --schedule S  only this one: as it is printed when a scenario fails\n"
	      "  --trace       show each step\n"
	      "  --first       stop at the first that fails\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *glob = "*";

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--list") == 0) {
			each(list, "*");
			return 0;
		}
		if (strcmp(argv[i], "--trace") == 0 || strcmp(argv[i], "--first") == 0) {
			*(argv[i][2] == 't' ? &tracing : &only_first) = true;
			continue;
		}
		if (strcmp(argv[i], "--weak") == 0) {
			only_weak = true;
			continue;
		}
		if (argv[i][0] != '-') {
			glob = argv[i];
			continue;
		}
		if (value == NULL)
			return usage();
		if (strcmp(argv[i], "--switches") == 0)
			forced_switches = (unsigned)strtoul(value, NULL, 0);
		else if (strcmp(argv[i], "--stale") == 0)
			forced_stale = (unsigned)strtoul(value, NULL, 0);
		else if (strcmp(argv[i], "--runs") == 0)
			max_runs = strtoull(value, NULL, 0);
		else if (strcmp(argv[i], "--schedule") == 0)
			read_schedule(value);
		else
			return usage();
		i++;
	}
	catch_wild_accesses();
	each(explore, glob);
	printf("1..%u\n# %llu interleavings\n", ntests, all_runs);
	return nfailed != 0 || ntests == 0;
}
