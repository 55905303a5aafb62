/* SPDX-License-Identifier: MIT */
/* slots.c - threads claim slots, share one, and wait while the turns are closed. */
#include "tests/preload/slots.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/platform.h"

_Thread_local unsigned preload_hart;
_Thread_local unsigned long preload_irqs_on = 1;

static _Thread_local enum { NEW, OWNER, GONE } thread_state;
static _Thread_local bool closes; /* this thread has closed the turns */

static atomic_bool claimed[PRELOAD_SLOTS];
static atomic_bool inside[PRELOAD_SLOTS + 1];
static atomic_bool closed;
static pthread_mutex_t closing = PTHREAD_MUTEX_INITIALIZER; /* one thread closes at a time */
static pthread_mutex_t sharing = PTHREAD_MUTEX_INITIALIZER; /* the holder has the shared slot */
static pthread_key_t at_exit;
static atomic_ullong shared_turns;

_Static_assert(PLATFORM_MAX_HARTS == PRELOAD_SLOTS + 1, "a hart for each slot");

/* ---- slots -------------------------------------------------------------------------------------- */

/* The end of a thread. What it still frees afterwards goes by the shared slot. */
static void give_slot_back(void *unused)
{
	(void)unused;
	thread_state = GONE;
	atomic_store(&claimed[preload_hart], false);
}

void slots_start(void)
{
	if (pthread_key_create(&at_exit, give_slot_back) != 0)
		abort();
}

/* The thread is the owner before the key is set: that may allocate. */
static void claim_slot(void)
{
	for (unsigned i = 0; i < PRELOAD_SLOTS; i++) {
		if (atomic_load(&claimed[i]) || atomic_exchange(&claimed[i], true))
			continue;
		preload_hart = i;
		thread_state = OWNER;
		(void)pthread_setspecific(at_exit, &claimed[i]);
		return;
	}
}

/* ---- turns -------------------------------------------------------------------------------------- */

/* Who closes sees that this thread is inside, or this thread sees that they are closed. */
static void go_inside(unsigned slot)
{
	for (;;) {
		atomic_store(&inside[slot], true);
		if (!atomic_load(&closed) || closes)
			return;
		atomic_store(&inside[slot], false);
		while (atomic_load(&closed))
			sched_yield();
	}
}

void turn_begin(void)
{
	if (thread_state == NEW)
		claim_slot();
	if (thread_state != OWNER) {
		if (!closes)
			pthread_mutex_lock(&sharing);
		preload_hart = PRELOAD_SHARED;
		atomic_fetch_add(&shared_turns, 1);
	}
	go_inside(preload_hart);
}

void turn_end(void)
{
	atomic_store(&inside[preload_hart], false);
	if (thread_state != OWNER && !closes)
		pthread_mutex_unlock(&sharing);
}

void turns_close(void)
{
	pthread_mutex_lock(&closing);
	closes = true;
	atomic_store(&closed, true);
	for (unsigned i = 0; i <= PRELOAD_SLOTS; i++) {
		while (atomic_load(&inside[i]))
			sched_yield();
	}
}

void turns_open(void)
{
	atomic_store(&closed, false);
	closes = false;
	pthread_mutex_unlock(&closing);
}

/* Who held the mutexes is no more, or is this thread under another name. */
void turns_open_in_child(void)
{
	pthread_mutex_init(&closing, NULL);
	pthread_mutex_init(&sharing, NULL);
	for (unsigned i = 0; i < PRELOAD_SLOTS; i++)
		atomic_store(&claimed[i], thread_state == OWNER && i == preload_hart);
	atomic_store(&closed, false);
	closes = false;
}

uint64_t turns_shared(void)
{
	return atomic_load(&shared_turns);
}
