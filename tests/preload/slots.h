/* SPDX-License-Identifier: MIT */
/*
 * slots.h - which thread plays which hart, and when none does.
 *
 * A thread claims a slot at its first call and gives it back when it ends. A thread that finds
 * none, or is past its end, uses the last slot, for one call, behind a mutex. Each call is a turn:
 * whoever closes the turns, to fork or to look at the whole heap, waits until no thread is in one.
 */
#ifndef PRELOAD_SLOTS_H
#define PRELOAD_SLOTS_H

#include <stdint.h>

#define PRELOAD_SLOTS  8u
#define PRELOAD_SHARED PRELOAD_SLOTS

/* slots_start - once, before the first turn, by the only thread. */
void slots_start(void);

/* turn_begin, turn_end - this thread is the hart platform_hart() in between. Turns do not nest. */
void turn_begin(void);
void turn_end(void);

/*
 * turns_close, turns_open - no thread but this one is in a turn in between; it may take turns.
 * turns_open_in_child - instead of the second, in the child of a fork(): no other thread is there,
 * and none has a slot.
 */
void turns_close(void);
void turns_open(void);
void turns_open_in_child(void);

/* turns_shared - how many turns were those of threads without a slot. */
uint64_t turns_shared(void);

#endif
