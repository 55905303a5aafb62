/* SPDX-License-Identifier: MIT */
/*
 * stock.pml - single frames and what is known about them (src/mm/frame_single.c, chunk_tree.c) for spin: two
 * chunks of two frames, a byte for each chunk and one above both, 3 harts, each with a handler. What is one
 * step here is one atomic operation there. The lock is that of lock.pml: here it is one step to take it.
 *
 * A hart gives a frame back and takes one; a handler, which comes once, anywhere where interrupts are on,
 * takes one and gives it back. Some ask for a run of one: they believe what is known.
 *
 * Safety: no frame is handed out twice, a right free finds its bit clear, 'none' is not said where a frame was
 * free all the time; in the end every frame is free, and what is known about a chunk is stale or true.
 * Liveness: all of them end, if no hart is held up for ever.
 */
#ifndef N
#define N 3
#endif
#if N == 3
#define MORE_GOING_BACK | going_back[4] | going_back[5]
#else
#define MORE_GOING_BACK
#endif
#define CHUNKS  2
#define NOWHERE CHUNKS
#define STALE 0
#define NONE  1
#define SOME  2

byte bits[CHUNKS];    /* free frames of a chunk: frame f of it is 1 << f */
byte leaf[CHUNKS];    /* what is known about it */
byte root;            /* about all */
bool locked;
byte stock[N];        /* a hart takes from this chunk */
byte owners[2 * CHUNKS];
byte all_time[2 * N]; /* frames that were free since an activity has begun to look, 1 << frame */
byte going_back[2 * N]; /* the frame that a call sets free, until it ends */
bool irq[N] = true;
bool inside_handler[N];
byte ended;

#define LOWEST(w) ((w) & 1 -> 1 : 2)
#define IN_ALL(c, one) ((one) << (2 * (c)))
#define NUMBER(c, one) (2 * (c) + ((one) >> 1))

/* Interrupts go off first. */
inline acquire(me)
{
	irq[me % N] = false;
	atomic { !locked -> locked = true }
}

inline release(me)
{
	atomic { locked = false; irq[me % N] = (me < N) }
}

inline look_at_all(me)
{
	d_step { all_time[me] = (bits[0] | bits[1] << 2) &
		~(going_back[0] | going_back[1] | going_back[2] | going_back[3] MORE_GOING_BACK) }
}

/* The bits of @bit in chunk @c are cleared: not free all the time. */
inline not_free(c, one)
{
	for (i : 0 .. 2 * N - 1) {
		all_time[i] = all_time[i] & ~IN_ALL(c, one)
	}
	i = 0
}

/* The lowest bit of chunk @c, or 0. */
inline take_bit(c, one)
{
	do
	:: one = bits[c];
	   if
	   :: one == 0 -> break
	   :: else -> one = LOWEST(one)
	   fi;
#ifdef BUG_NO_CLAIM
	   /* Two steps: somebody else may do the same in between. */
	   d_step { bits[c] = bits[c] & ~one; not_free(c, one) };
	   break
#else
	   d_step {
		if
		:: (bits[c] & one) != 0 -> bits[c] = bits[c] & ~one; not_free(c, one)
		:: else -> one = 0
		fi
	   };
	   if
	   :: one != 0 -> break
	   :: else
	   fi
#endif
	od
}

/* With the lock. */
inline touch(c)
{
#ifdef BUG_ROOT_LAST
	leaf[c] = STALE;
	root = STALE
#else
	root = STALE;
	leaf[c] = STALE
#endif
}

/* Does it have to be told? */
inline tell(me, c, is_locked)
{
	if
	:: leaf[c] == STALE
	:: else ->
	   if
	   :: is_locked -> touch(c)
	   :: else -> acquire(me); touch(c); release(me)
	   fi
	fi
}

/* Make what is known about chunk @c true. With the lock. */
inline look(c, one)
{
#ifdef BUG_LOOK_FIRST
	one = bits[c];
	leaf[c] = (one == 0 -> NONE : SOME);
#else
	leaf[c] = NONE;
	one = bits[c];
	leaf[c] = (one == 0 -> NONE : SOME);
#endif
	one = 0
}

inline own(me, c, one)
{
	atomic {
		if
		:: one != 0 -> owners[NUMBER(c, one)]++; assert(owners[NUMBER(c, one)] == 1)
		:: else -> assert(all_time[me] == 0)
		fi;
		all_time[me] = 0
	}
}

/* Any frame: the stock's chunk first, without the lock. */
inline alloc(me, c, one)
{
	look_at_all(me);
	c = stock[me % N];
	one = 0;
	if
	:: c != NOWHERE -> take_bit(c, one)
	:: else
	fi;
	if
	:: one != 0 -> tell(me, c, false)
	:: else ->
	   acquire(me);
	   c = 0;
	   do
	   :: c < CHUNKS && one == 0 ->
	      take_bit(c, one);
	      if
	      :: one != 0 -> stock[me % N] = c; tell(me, c, true)
	      :: else -> look(c, one); c++
	      fi
	   :: else -> break
	   od;
	   release(me)
	fi;
	own(me, c, one)
}

/* A run of one: by what is known, without the lock where that is 'none'. */
inline alloc_known(me, c, one)
{
	look_at_all(me);
	c = 0;
	one = 0;
	if
	:: root == NONE
	:: else ->
	   acquire(me);
	   do
	   :: c == CHUNKS ->
	      root = (leaf[0] == STALE || leaf[1] == STALE -> STALE :
		      (leaf[0] == NONE && leaf[1] == NONE -> NONE : SOME));
	      break
	   :: c < CHUNKS && leaf[c] == NONE -> c++
	   :: c < CHUNKS && leaf[c] != NONE ->
	      look(c, one);
	      if
	      :: leaf[c] == SOME ->
		 take_bit(c, one);
		 tell(me, c, true);
		 if
		 :: one != 0 -> break
		 :: else /* another was faster: look again */
		 fi
	      :: else -> c++
	      fi
	   od;
	   release(me)
	fi;
	own(me, c, one)
}

inline give(me, c, one)
{
	d_step {
		owners[NUMBER(c, one)]--;
		going_back[me] = IN_ALL(c, one)
	};
	d_step {
		assert((bits[c] & one) == 0);
		bits[c] = bits[c] | one
	};
#ifndef BUG_NOT_TOLD
	tell(me, c, false);
#endif
	d_step { going_back[me] = 0; one = 0; c = 0 }
}

/* Hart 0 and its handler take any frame; the others believe what is known. */
inline take(me)
{
	if
	:: me % N == 0 -> alloc(me, c, one)
	:: else -> alloc_known(me, c, one)
	fi
}

/* Each has a frame at first: hart 0 that of chunk 0, the others one each of chunk 1. */
proctype hart(byte h) provided (!inside_handler[h])
{
	byte c, one, i;

	d_step { c = (h != 0); one = (h == 2 -> 2 : 1) };
	give(h, c, one);
	take(h);
	d_step { ended++; c = 0; one = 0 }
}

proctype handler(byte h)
{
	byte c, one, i;

	atomic { irq[h] && !inside_handler[h] -> inside_handler[h] = true; irq[h] = false };
	take((N + h));
	if
	:: one != 0 -> give((N + h), c, one)
	:: else -> c = 0
	fi;
	d_step { inside_handler[h] = false; irq[h] = true; ended++ }
}

#ifndef HANDLERS
#define HANDLERS N
#endif

init {
	byte h;

	atomic {
		owners[NUMBER(0, 1)] = 1;
		owners[NUMBER(1, 1)] = 1;
		owners[NUMBER(1, 2)] = (N == 3);
		leaf[0] = NONE;
		leaf[1] = NONE;
		root = NONE;
		stock[0] = 0;
		for (h : 1 .. N - 1) {
			stock[h] = NOWHERE
		}
		for (h : 0 .. N - 1) {
			run hart(h)
		}
		for (h : 0 .. HANDLERS - 1) {
			run handler(h)
		}
	}
	ended == N + HANDLERS;
	/* Each frame is free, or somebody has it. */
	assert(owners[0] + (bits[0] & 1) == 1 && (bits[0] & 2) == 0);
	assert(owners[2] + (bits[1] & 1) == 1 && owners[3] + (bits[1] >> 1) == (N == 3));
	assert(leaf[0] == STALE || (leaf[0] == NONE) == (bits[0] == 0));
	assert(leaf[1] == STALE || (leaf[1] == NONE) == (bits[1] == 0));
	assert(root == STALE || (root == NONE) == (bits[0] == 0 && bits[1] == 0))
}

ltl all_end { <> (ended == N + HANDLERS) }
