/* SPDX-License-Identifier: MIT */
/*
 * slab.pml - the slabs of src/mm/heap/slab.c for spin: descriptors that are used again and again by two
 * classes, words of two bits, runs, N activities. One step here is one atomic operation there.
 *
 * An activity takes objects of either class and frees what it has. It uses any of the stocks, another one each
 * time if it likes: so it is a hart, a handler of one, or a thread that goes on on another hart in between.
 *
 * Safety: no object is handed out twice, and none of a run that is no slab; a right free finds the slab, and its
 * bit clear; no slab is retired while a bit of it is out; in the end each object is free or somebody's, a slab
 * with a free object is listed or kept, and each descriptor and each run is spare or a slab's. With DOUBLE two
 * free the same object: one free is told that it is one too many, or it is one of those that may pass
 * (docs/heap.md). Those are left out: a second free does nothing where the object is another's, or its bit is out,
 * or the slab was started again meanwhile; and no bit that a second free has set is won.
 *
 * Steps whose order makes no difference are one (Lipton 1975), and some choices are wider than there:
 *   - a word is read and a bit of it is cleared in one step, which bit does not matter: who cleared one that
 *     was gone has changed nothing, and reads again;
 *   - what only the holder of a lock changes is read and written with the step before or after;
 *   - the class and the place of a slab are read together: as long as a bit is out they do not change;
 *   - where there is neither a run nor a descriptor, which was missed first makes no difference;
 *   - the list of a class has no order: any slab that is listed may be the first;
 *   - variables that are not needed any more are 0.
 *
 * WITHOUT_RULE_x leaves out one of the rules 1 to 6 of slab.c, or half of one; models.t wants each to be found.
 */
#ifndef N
#define N 3 /* activities */
#endif
#ifndef D
#define D 2 /* descriptors */
#endif
#ifndef W
#define W 1 /* words of a slab */
#endif
#ifndef R
#define R 2 /* runs */
#endif
#ifndef STOCKS
#define STOCKS 1
#endif
#ifndef CALLS
#define CALLS 2 /* of each activity */
#endif
#ifndef HOLDERS
#define HOLDERS 2 /* so many have an object at first, two of a slab: of a slab of two words, one of each */
#endif
#ifdef DOUBLE
#define HELD(i) (i <= 1 -> 0 : i - 1)
#define SLABS   (HOLDERS / 2)
#else
#define HELD(i) (W == 1 -> i : 2 * i)
#define SLABS   ((HOLDERS + 1) / 2)
#endif
#if STOCKS > 1
#define MAY_START(c) true /* what is listed may be slabs that others take from */
#else
#define MAY_START(c) !ANY_LISTED(c) && kept[c] == NO_SLAB
#endif

#define CLASSES 2
#define ALL     3 /* bits of a word */
#define OBJECTS (2 * W)
#define NOWHERE (D * W) /* a word that is always 0 */
#define NO_SLAB D

#define SPARE  0
#define FULL   1
#define LISTED 2
#define KEPT   3

/* Of descriptor d the words are d * W and so on. */
byte word[D * W + 1];
byte class[D];
byte base[D];
bool count[D];              /* it is not 0 */
byte state[D];

byte map[R];                /* descriptor + 1 of the slab in that run */
byte stock[STOCKS * (CLASSES + 1)];
byte kept[CLASSES + 1] = NO_SLAB;
bool locked[CLASSES + 1];
byte spare_descriptors;     /* 1 << d */
byte free_runs;             /* 1 << r */

/* Not there, but to see what is right. */
byte owner[R * OBJECTS];    /* activity + 1 */
byte out[D * W];            /* bits that somebody has won, or has an object of */
byte ended;
#ifdef DOUBLE
#define TWO (N + 1)         /* the owner of an object that activities 0 and 1 have */
byte late[D * W + 1];       /* bits that a second free has set of what is being retired, or is spare */
byte told, passed;          /* second frees that were reported, and that may pass */
bool began[D], again_started[D]; /* ... has found the slab; it was started since then */
#define LATE(w) late[w]
#else
#define LATE(w) 0
#endif

#define SLAB_OF(w) ((w) / W)
#define FIRST(d)   ((d) * W)
#define LAST(d)    ((d) * W + W - 1)
/* An object is 1 + its place in the memory; 0 is none. */
#define OBJECT(r, w, b) (1 + (r) * OBJECTS + ((w) % W) * 2 + ((b) >> 1))
#define OWNER(r, w, b)  owner[OBJECT(r, w, b) - 1]
#define RUN_OF(object)  (((object) - 1) / OBJECTS)
#define WORD_OF(object) (((object) - 1) % OBJECTS / 2)
#define BIT_OF(object)  (1 << (((object) - 1) % 2))
#define IS_LISTED(d, c) (class[d] == (c) && state[d] == LISTED)
#if D == 2
#define ANY_LISTED(c) (IS_LISTED(0, c) || IS_LISTED(1, c))
#else
#define ANY_LISTED(c) (IS_LISTED(0, c) || IS_LISTED(1, c) || IS_LISTED(2, c))
#endif

/* ---- words ------------------------------------------------------------------------------------ */

/* Any bit that is set of word @w is clear now and ours: @b; 0 if there is none. */
inline win_bit(w, b)
{
	if
	:: word[w] & ~LATE(w) & 1 -> b = 1
	:: word[w] & ~LATE(w) & 2 -> b = 2
	:: (word[w] & ~LATE(w)) == 0 -> b = 0
	fi;
	word[w] = word[w] & ~b;
	if
	:: b != 0 -> out[w] = out[w] | b
	:: else
	fi
}

inline see_whether_empty(d, yes)
{
	yes = (word[FIRST(d)] == ALL);
#if W == 2
	yes = (yes && word[LAST(d)] == ALL)
#endif
}

inline see_whether_free(d, yes)
{
	yes = (word[FIRST(d)] != 0);
#if W == 2
	yes = (yes || word[LAST(d)] != 0)
#endif
}

/* A word becomes that of a slab that is wholly free. What was set meanwhile was freed twice, and is told. */
inline fill(w)
{
#ifdef DOUBLE
	told = told + (word[w] != 0);
	assert(word[w] == late[w]);
	late[w] = 0;
#else
	assert(word[w] == 0);
#endif
	word[w] = ALL
}

/* The object of bit @b of @w, which is won, becomes that of @me: @mine. */
inline own(w, b)
{
	assert(map[base[SLAB_OF(w)]] == SLAB_OF(w) + 1);
	assert((free_runs & (1 << base[SLAB_OF(w)])) == 0);
	assert(class[SLAB_OF(w)] == want);
	assert(OWNER(base[SLAB_OF(w)], w, b) == 0);
	OWNER(base[SLAB_OF(w)], w, b) = me + 1;
	mine = OBJECT(base[SLAB_OF(w)], w, b);
	w = 0;
	b = 0
}

/* ---- retiring and settling -------------------------------------------------------------------- */

/* With the lock of @c: all bits of @d are ours, @yes, or none. */
inline take_all_bits()
{
	w = FIRST(d);
	do
	:: atomic { w <= LAST(d) && word[w] == ALL -> word[w] = 0; w++ }
	:: atomic { w <= LAST(d) && word[w] != ALL -> yes = false; break }
	:: atomic { w > LAST(d) -> yes = true; w = FIRST(d); break }
	od;
#ifndef WITHOUT_RULE_5_PUT_BACK
	/* Those before it get their bits back. */
	do
	:: atomic { w > FIRST(d) -> w--; fill(w) }
	:: atomic { w == FIRST(d) -> w = 0; break }
	od
#endif
}

/* With the lock of @c: is @d wholly free, and spare now? Then @yes, and the lock is dropped. */
inline retire()
{
#ifdef WITHOUT_RULE_5
	atomic { word[FIRST(d)] = 0; word[LAST(d)] = 0; yes = true };
#else
	take_all_bits();
#endif
	if
	:: yes ->
	   atomic { assert(out[FIRST(d)] == 0 && out[LAST(d)] == 0); map[base[d]] = 0 };
	   atomic { class[d] = 0; count[d] = false };
	   atomic {
		state[d] = SPARE;
		kept[c] = (kept[c] == d -> NO_SLAB : kept[c]);
		locked[c] = false
	   };
	   free_runs = free_runs | (1 << base[d]);
	   atomic {
#ifdef WITHOUT_RULE_1
		/* The descriptor was memory of somebody else for a while. */
		class[d] = c;
		word[FIRST(d)] = ALL;
#endif
		spare_descriptors = spare_descriptors | (1 << d);
		c = 0;
		d = 0
	   }
	:: else
	fi
}

/* A bit of @d was set: bring the slab to the state that its bits say. */
inline settle()
{
	if
	:: atomic { state[d] == KEPT -> d = 0; goto settled }
	:: state[d] == LISTED ->
	   see_whether_empty(d, yes);
	   if
	   :: atomic { !yes -> d = 0; goto settled }
	   :: yes
	   fi
	:: state[d] == FULL || state[d] == SPARE
	fi;
	c = class[d];
	if
	:: atomic { c == 0 -> d = 0; goto settled }
	:: atomic { c != 0 && !locked[c] -> locked[c] = true }
	fi;
#ifndef WITHOUT_RULE_3_CLASS
	if
	:: atomic { class[d] != c -> locked[c] = false; c = 0; d = 0; goto settled }
	:: class[d] == c
	fi;
#endif
	see_whether_empty(d, yes);
	if
	:: atomic { yes && kept[c] == NO_SLAB -> kept[c] = d; state[d] = KEPT }
	:: yes && kept[c] != NO_SLAB && kept[c] != d ->
	   see_whether_empty(kept[c], yes);
	   if
	   :: yes ->
	      retire();
	      if
	      :: yes -> goto settled
	      :: else
	      fi
	   :: atomic { !yes -> state[kept[c]] = LISTED; kept[c] = d; state[d] = KEPT }
	   fi
	:: !yes || kept[c] == d
	fi;
	if
	:: state[d] == FULL -> see_whether_free(d, yes); state[d] = (yes -> LISTED : FULL)
	:: else
	fi;
	atomic { locked[c] = false; c = 0; d = 0 };
settled:
	yes = false
}

/* ---- freeing ------------------------------------------------------------------------------------ */

/* A bit of @w was set: does the slab need to be looked at? */
inline settle_if_needed()
{
#ifdef WITHOUT_RULE_3
	atomic { yes = false; w = 0; b = 0; d = 0 }
#else
	/* It was full, or all free bits are side by side from the lowest on, and the first object is free. */
	atomic {
		yes = yes || ((word[w] == 1 || word[w] == ALL || b == 1) && (word[FIRST(d)] & 1));
		w = 0;
		b = 0
	};
	if
	:: yes -> settle()
	:: else -> d = 0
	fi
#endif
}

#ifndef DOUBLE
inline free()
{
	atomic {
		assert(map[RUN_OF(mine)] != 0);
		d = map[RUN_OF(mine)] - 1;
		assert(base[d] == RUN_OF(mine) && count[d]);
		w = FIRST(d) + WORD_OF(mine);
		b = BIT_OF(mine);
		assert(OWNER(base[d], w, b) == me + 1);
		assert((word[w] & b) == 0);
		OWNER(base[d], w, b) = 0;
		yes = (word[w] == 0);
		word[w] = word[w] | b;
		out[w] = out[w] & ~b;
		mine = 0
	};
	settle_if_needed()
}
#else
/* Activities 0 and 1 have the same object at first. */
inline free()
{
	d = map[RUN_OF(mine)];
	if
	:: atomic { d == 0 -> told++; mine = 0; goto refused }
	:: atomic { d != 0 -> d--; began[d] = true; again_started[d] = false }
	fi;
	if
	:: atomic { base[d] != RUN_OF(mine) || !count[d] -> told++; mine = 0; d = 0; goto refused }
	:: base[d] == RUN_OF(mine) && count[d]
	fi;
	atomic {
		w = FIRST(d) + WORD_OF(mine);
		b = BIT_OF(mine);
		yes = (word[w] == 0);
		if
		:: word[w] & b -> told++; d = 0; mine = 0; w = 0; b = 0; yes = false; goto refused
		:: else
		fi;
		if
		:: OWNER(RUN_OF(mine), w, b) == me + 1 || OWNER(RUN_OF(mine), w, b) == TWO ->
		   OWNER(RUN_OF(mine), w, b) = 0;
		   out[w] = out[w] & ~b
		:: else ->
		   /* What may pass has not happened: what comes of it is the fault of who frees twice. */
		   if
		   :: (out[w] & b) || again_started[d] ->
		      passed++; d = 0; mine = 0; w = 0; b = 0; yes = false; goto refused
		   :: else -> late[w] = late[w] | b
		   fi
		fi;
		word[w] = word[w] | b;
		mine = 0
	};
	settle_if_needed();
refused:
	skip
}
#endif

/* ---- taking ------------------------------------------------------------------------------------- */

inline any_stock(s)
{
	s = 0;
#if STOCKS == 2
	if
	:: s = 0
	:: s = CLASSES + 1
	fi
#endif
}

/* With the lock of @want: the won bit @b of @w is an object for @me, and the next ones come from there. */
inline take_with_lock()
{
	any_stock(d);
	stock[d + want] = w;
	locked[want] = false;
	d = 0;
	own(w, b)
}

/* @d is a descriptor, @w a run. */
inline pop_spares()
{
	if
	:: spare_descriptors & 1 -> d = 0
	:: spare_descriptors & 2 -> d = 1
#if D == 3
	:: spare_descriptors & 4 -> d = 2
#endif
	fi;
	if
	:: free_runs & 1 -> w = 0
	:: free_runs & 2 -> w = 1
#if R == 3
	:: free_runs & 4 -> w = 2
#endif
	fi;
#ifdef WITHOUT_RULE_1
	class[d] = 0;
	word[FIRST(d)] = 0;
#endif
	spare_descriptors = spare_descriptors & ~(1 << d);
	free_runs = free_runs & ~(1 << w)
}

/* With the lock of @want: they are a slab more. */
inline start()
{
#ifdef WITHOUT_RULE_6
	atomic { word[FIRST(d)] = ALL; word[LAST(d)] = ALL };
	class[d] = want;
#endif
	atomic {
#ifdef DOUBLE
		again_started[d] = began[d];
#endif
		base[d] = w;
		count[d] = true;
		state[d] = LISTED;
		w = 0
	};
	class[d] = want;
#ifdef WITHOUT_RULE_6_MAP
	atomic { fill(FIRST(d)) };
	map[base[d]] = d + 1;
#else
	map[base[d]] = d + 1;
#ifndef WITHOUT_RULE_6
	atomic { fill(FIRST(d)) };
#if W == 2
	atomic { fill(LAST(d)) };
#endif
#endif
#endif
	d = 0
}

/* What is empty of either class is retired. */
inline give_up_empty()
{
	b = 1;
	do
	:: atomic { b <= CLASSES && !locked[b] -> locked[b] = true; c = b };
	   if
	   :: atomic { class[0] == c && state[0] >= LISTED -> d = 0 }; retire()
	   :: atomic { class[1] == c && state[1] >= LISTED -> d = 1 }; retire()
#if D == 3
	   :: atomic { class[2] == c && state[2] >= LISTED -> d = 2 }; retire()
#endif
	   :: else -> yes = false
	   fi;
	   atomic {
		if
		:: !yes -> locked[c] = false; c = 0; d = 0
		:: else
		fi;
		yes = false;
		b++
	   }
	:: atomic { b > CLASSES -> b = 0; break }
	od
}

/* From a slab that is listed, from the kept one, from a new one; else NULL. */
inline take_slowly()
{
	again = true;
retry:
	atomic { !locked[want] -> locked[want] = true };
	do
	:: atomic {
		if
		:: IS_LISTED(0, want) -> d = 0
		:: IS_LISTED(1, want) -> d = 1
#if D == 3
		:: IS_LISTED(2, want) -> d = 2
#endif
		fi;
		w = FIRST(d);
		win_bit(w, b)
	   };
#if W == 2
	   if
	   :: atomic { b == 0 -> w = LAST(d); win_bit(w, b) }
	   :: b != 0
	   fi;
#endif
	   if
	   :: atomic { b != 0 -> take_with_lock(); goto taken }
	   :: atomic { b == 0 -> w = 0; state[d] = FULL }
	   fi;
#ifdef WITHOUT_RULE_4
	   d = 0
#else
	   see_whether_free(d, yes);
	   atomic { state[d] = (yes -> LISTED : FULL); yes = false; d = 0 }
#endif
	:: atomic {
		!ANY_LISTED(want) && kept[want] != NO_SLAB ->
		state[kept[want]] = LISTED;
		kept[want] = NO_SLAB
	   }
	:: atomic { (MAY_START(want)) && spare_descriptors != 0 && free_runs != 0 -> pop_spares() }; start()
	:: atomic {
		!ANY_LISTED(want) && kept[want] == NO_SLAB && (spare_descriptors == 0 || free_runs == 0) ->
		locked[want] = false
	   };
	   break
	od;
	if
	:: again -> give_up_empty(); again = false; goto retry
	:: else
	fi;
taken:
	again = false
}

inline take()
{
	atomic { any_stock(d); w = stock[d + want]; d = 0 };
#ifdef WITHOUT_RULE_2_ORDER
	if
	:: atomic { w != NOWHERE && class[SLAB_OF(w)] != want -> w = NOWHERE }
	:: w == NOWHERE || class[SLAB_OF(w)] == want
	fi;
#endif
	atomic { win_bit(w, b) };
	if
	:: atomic { b == 0 -> w = 0 }; take_slowly()
#if defined(WITHOUT_RULE_2) || defined(WITHOUT_RULE_2_ORDER)
	:: atomic { b != 0 -> own(w, b) }
#else
	:: atomic { b != 0 && class[SLAB_OF(w)] == want -> own(w, b) }
	:: b != 0 && class[SLAB_OF(w)] != want ->
	   /* It is of another class: as if it had been freed. */
	   atomic {
		d = SLAB_OF(w);
		out[w] = out[w] & ~b;
#ifndef WITHOUT_RULE_2_PUT_BACK
		word[w] = word[w] | b;
#endif
		w = 0;
		b = 0
	   };
	   settle();
	   take_slowly()
#endif
	fi;
	want = 0
}

/* ---- activities --------------------------------------------------------------------------------- */

proctype activity(byte me; byte mine)
{
	byte calls, want, c, d, w, b;
	bool yes, again;

	do
	:: calls < CALLS && mine != 0 -> free(); calls++
	:: calls < CALLS && mine == 0 ->
	   if
	   :: want = 1
	   :: want = 2
	   fi;
	   take();
	   calls++
	:: atomic { calls == CALLS -> calls = 0; ended++; break }
	od
}

#define IS_RIGHT(d) \
	(class[d] == 0 -> \
		state[d] == SPARE && (spare_descriptors & (1 << d)) && \
		word[FIRST(d)] == LATE(FIRST(d)) && word[LAST(d)] == LATE(LAST(d)) : \
		(spare_descriptors & (1 << d)) == 0 && map[base[d]] == d + 1 && (free_runs & (1 << base[d])) == 0 && \
		(state[d] == LISTED || (state[d] == KEPT && kept[class[d]] == d) || \
		 (state[d] == FULL && word[FIRST(d)] == 0 && word[LAST(d)] == 0)))

/* Slabs of class 1, whose objects the activities have; the first is the stock. */
init {
	byte i, object, w;

	atomic {
		for (i : 0 .. STOCKS * (CLASSES + 1) - 1) {
			stock[i] = NOWHERE
		}
		stock[1] = 0;
		spare_descriptors = (1 << D) - (1 << SLABS);
		free_runs = (1 << R) - (1 << SLABS);
		for (i : 0 .. SLABS - 1) {
			class[i] = 1;
			base[i] = i;
			count[i] = true;
			map[i] = i + 1;
			word[FIRST(i)] = ALL;
			word[LAST(i)] = ALL
		}
		for (i : 0 .. N - 1) {
			if
			:: i < HOLDERS ->
			   object = 1 + HELD(i);
			   w = FIRST(RUN_OF(object)) + WORD_OF(object);
			   word[w] = word[w] & ~BIT_OF(object);
			   out[w] = out[w] | BIT_OF(object);
#ifdef DOUBLE
			   owner[object - 1] = (i < 2 -> TWO : i + 1);
#else
			   owner[object - 1] = i + 1;
#endif
			   run activity(i, object)
			:: else -> run activity(i, 0)
			fi
		}
		for (i : 0 .. SLABS - 1) {
			state[i] = (word[FIRST(i)] == 0 && word[LAST(i)] == 0 -> FULL : LISTED)
		}
		i = 0;
		object = 0;
		w = 0
	}
	ended == N;
	for (i : 0 .. D - 1) {
		assert(IS_RIGHT(i))
	}
#ifdef DOUBLE
	/* Of two frees one; where nobody was told yet, whoever starts the slab will be. */
	w = told + passed;
	for (i : 0 .. D * W - 1) {
		w = w + (late[i] != 0)
	}
	assert(w == (owner[0] != TWO))
#endif
	for (i : 0 .. R * OBJECTS - 1) {
		if
		:: map[i / OBJECTS] != 0 ->
		   assert((owner[i] == 0) == ((word[FIRST(map[i / OBJECTS] - 1) + WORD_OF(i + 1)] & BIT_OF(i + 1)) != 0))
		:: else ->
		   assert(owner[i] == 0 && (free_runs & (1 << (i / OBJECTS))))
		fi
	}
}
