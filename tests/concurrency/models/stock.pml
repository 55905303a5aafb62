/* SPDX-License-Identifier: MIT */
/*
 * stock.pml - single frames and the bytes of their chunks (src/mm/frame/frame_single.c, chunk_tree.c) for spin:
 * two chunks of two frames, a byte for each chunk and one above both, N harts, each with a handler. One step
 * here is one atomic operation there. The lock is that of lock.pml: here it is one step to take it.
 *
 * A hart frees a frame and takes one. A handler, which comes once, anywhere where interrupts are on, takes one
 * and frees it. Hart 0 and its handler take any frame. The others ask for a run of one, by what the bytes say.
 *
 * Safety: no frame is handed out twice; a right free finds its bit clear; 'none' is not said where a frame was
 * free all the time; in the end every frame is free, and each byte is stale or true.
 * Liveness: all of them end. No fairness is asked for, since no hart goes on for ever.
 *
 * So that 3 harts with 3 handlers fit, steps whose order makes no difference are one (Lipton 1975):
 *   - taking the lock, with interrupts off, goes with the step after it, and dropping it with the step before:
 *     a hart that does something in between could do so before, or after. A handler too: one that comes while
 *     its hart waits for the lock could have come before the hart began to wait;
 *   - what only this hart writes, or only the holder of the lock, is read with the step before;
 *   - an amo that has found its bit gone has changed nothing: it goes with the read that comes next;
 *   - variables that are not needed any more are 0.
 */
#ifndef N
#define N 3
#endif
#ifndef HANDLERS
#define HANDLERS N
#endif
#if N == 3
#define AND_OF_HART_2(x) | x[4] | x[5]
#else
#define AND_OF_HART_2(x)
#endif
#define CHUNKS  2
#define NOWHERE CHUNKS
#define STALE 0
#define NONE  1
#define SOME  2

byte bits[CHUNKS];    /* free frames of a chunk: frame f of it is 1 << f */
byte leaf[CHUNKS];    /* the byte of a chunk */
byte root;            /* the byte above both */
bool locked;
byte stock;           /* hart 0 takes from this chunk */
byte owners[2 * CHUNKS];
byte all_time[2 * N]; /* frames that were free since an activity has begun to look, 1 << frame */
byte being_freed[2 * N]; /* the frame that a call sets free, until it ends */
bool irq[N] = true;
bool inside_handler[N];
byte ended;

#define LOWEST(w) ((w) & 1 -> 1 : (w))
#define IN_ALL(c, one) ((one) << (2 * (c)))
#define NUMBER(c, one) (2 * (c) + ((one) >> 1))

inline lock(me)
{
	locked = true;
	irq[me % N] = false
}

inline unlock(me)
{
	locked = false;
	irq[me % N] = (me < N)
}

inline note_free(me)
{
	all_time[me] = (bits[0] | bits[1] << 2) &
		~(being_freed[0] | being_freed[1] | being_freed[2] | being_freed[3] AND_OF_HART_2(being_freed))
}

inline none(me)
{
	assert(all_time[me] == 0)
}

/* The amo: the bit is cleared, and ours. */
inline claim(me, c, one)
{
	bits[c] = bits[c] & ~one;
	all_time[0] = all_time[0] & ~IN_ALL(c, one);
	all_time[1] = all_time[1] & ~IN_ALL(c, one);
	all_time[2] = all_time[2] & ~IN_ALL(c, one);
	all_time[3] = all_time[3] & ~IN_ALL(c, one);
#if N == 3
	all_time[4] = all_time[4] & ~IN_ALL(c, one);
	all_time[5] = all_time[5] & ~IN_ALL(c, one);
#endif
	all_time[me] = 0;
	owners[NUMBER(c, one)]++;
	assert(owners[NUMBER(c, one)] == 1)
}

#ifdef BUG_NO_CLAIM
/* Two steps: another hart may do the same in between. */
#define IS_THERE(c, one) ((one) != 0)
#define IS_GONE(c, one)  false
#else
#define IS_THERE(c, one) ((bits[c] & (one)) != 0)
#define IS_GONE(c, one)  ((one) != 0 && (bits[c] & (one)) == 0)
#endif

/* Mark a chunk stale, with the lock. A hart that frees a frame reads the chunk's byte, and then the root. */
#ifdef BUG_ROOT_LAST
#define MARK_FIRST(c) leaf[c] = STALE
#define MARK_LAST(c)  root = STALE
#else
#define MARK_FIRST(c) root = STALE
#define MARK_LAST(c)  leaf[c] = STALE
#endif

/* After changing a bit: if the chunk is not stale, mark it stale. */
inline mark_stale(me, c)
{
	if
	:: leaf[c] == STALE
	:: leaf[c] != STALE ->
	   atomic { !locked -> lock(me); MARK_FIRST(c) };
	   atomic { MARK_LAST(c); unlock(me) }
	fi
}

/* Write that chunk @c has none, then scan it. BUG: scan it, then write that. */
#ifdef BUG_SCAN_FIRST
#define SAY_NONE(c) skip
#else
#define SAY_NONE(c) leaf[c] = NONE
#endif

/* Any frame: the stock's chunk first, without the lock. */
inline alloc(me, c, one)
{
	atomic {
		note_free(me);
		c = stock;
		one = (c == NOWHERE -> 0 : LOWEST(bits[c]))
	};
	do
	:: atomic { IS_THERE(c, one) -> claim(me, c, one) }; goto taken
	:: atomic { IS_GONE(c, one) -> one = LOWEST(bits[c]) }
	:: atomic { one == 0 && !locked -> lock(me); c = 0; one = LOWEST(bits[0]) }; break
	od;
	do
	:: atomic { IS_THERE(c, one) -> claim(me, c, one); stock = c };
	   if
	   :: atomic { leaf[c] == STALE -> unlock(me) }
	   :: leaf[c] != STALE -> MARK_FIRST(c); atomic { MARK_LAST(c); unlock(me) }
	   fi;
	   goto done
	:: atomic { IS_GONE(c, one) -> one = LOWEST(bits[c]) }
	:: atomic { one == 0 -> SAY_NONE(c) };
	   one = bits[c];
	   atomic {
		leaf[c] = (one == 0 -> NONE : SOME);
		one = 0;
		c++;
		if
		:: c == CHUNKS -> unlock(me); none(me); c = 0; goto done
		:: else
		fi
	   };
	   one = LOWEST(bits[c])
	od;
taken:
	mark_stale(me, c);
done:
	skip
}

/* The next chunk that may have one. Bytes change only with the lock. */
inline next_chunk(me, c)
{
	do
	:: c == CHUNKS ->
	   root = (leaf[0] == STALE || leaf[1] == STALE -> STALE :
		   (leaf[0] == NONE && leaf[1] == NONE -> NONE : SOME));
	   unlock(me);
	   none(me);
	   c = 0;
	   goto done
	:: c < CHUNKS && leaf[c] == NONE -> c++
	:: c < CHUNKS && leaf[c] != NONE -> SAY_NONE(c); break
	od
}

/* A run of one: by the bytes, without the lock if the root says 'none'. */
inline alloc_known(me, c, one)
{
	atomic {
		note_free(me);
		if
		:: root == NONE -> none(me); goto done
		:: else
		fi
	};
	atomic { !locked -> lock(me); next_chunk(me, c) };
	do
	:: one = LOWEST(bits[c]);
	   leaf[c] = (one == 0 -> NONE : SOME);
	   if
	   :: atomic { one == 0 -> c++; next_chunk(me, c) }
	   :: atomic { IS_THERE(c, one) -> claim(me, c, one) };
	      MARK_FIRST(c);
	      atomic { MARK_LAST(c); unlock(me); goto done }
	   :: atomic { IS_GONE(c, one) -> one = 0 }; /* another hart was faster: search again */
	      MARK_FIRST(c);
	      MARK_LAST(c);
	      atomic { next_chunk(me, c) }
	   fi
	od;
done:
	skip
}

inline free_frame(me, c, one)
{
	atomic {
		owners[NUMBER(c, one)]--;
		being_freed[me] = IN_ALL(c, one);
		assert((bits[c] & one) == 0);
		bits[c] = bits[c] | one;
		one = 0
	};
#ifndef BUG_NOT_MARKED
	mark_stale(me, c);
#endif
	d_step { being_freed[me] = 0; c = 0 }
}

inline end_hart(c, one)
{
	d_step { ended++; c = 0; one = 0 }
}

inline begin_handler(h)
{
	atomic { irq[h] && !inside_handler[h] -> inside_handler[h] = true; irq[h] = false }
}

inline end_handler(h, c, one)
{
	if
	:: one != 0 -> free_frame((N + h), c, one)
	:: one == 0
	fi;
	d_step { inside_handler[h] = false; irq[h] = true; ended++; c = 0 }
}

/* Each has a frame at first: hart 0 that of chunk 0, the others one each of chunk 1. */
proctype hart_0() provided (!inside_handler[0])
{
	byte c, one = 1;

	free_frame(0, c, one);
	alloc(0, c, one);
	end_hart(c, one)
}

proctype hart(byte h) provided (!inside_handler[h])
{
	byte c = 1, one = h;

	free_frame(h, c, one);
	alloc_known(h, c, one);
	end_hart(c, one)
}

proctype handler_0()
{
	byte c, one;

	begin_handler(0);
	alloc(N, c, one);
	end_handler(0, c, one)
}

proctype handler(byte h)
{
	byte c, one;

	begin_handler(h);
	alloc_known((N + h), c, one);
	end_handler(h, c, one)
}

init {
	byte h;

	atomic {
		owners[NUMBER(0, 1)] = 1;
		owners[NUMBER(1, 1)] = 1;
		owners[NUMBER(1, 2)] = (N == 3);
		leaf[0] = NONE;
		leaf[1] = NONE;
		root = NONE;
		run hart_0();
		for (h : 1 .. N - 1) {
			run hart(h)
		}
		if
		:: HANDLERS > 0 -> run handler_0()
		:: else
		fi;
		for (h : 1 .. HANDLERS - 1) {
			run handler(h)
		}
		h = 0
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
