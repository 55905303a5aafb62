/* SPDX-License-Identifier: MIT */
/*
 * Every state that a tiny chunk_tree can be brought to, and every step from each of them: what holds
 * here holds after every sequence of these steps, however long. It stands in for a proof.
 *
 * A chunk has one of a few patterns of bits. The steps are those of the frame pool, among them the ones
 * of harts that have changed a bit and do not have the lock yet:
 *
 *	set(c, p)	chunk c becomes p, and the tree is told if it does not know that it does not know
 *	owe(c, p)	chunk c becomes p; that the tree must be told is known, and has not happened
 *	pay(c)		now it has
 *	refresh(c), find(order), find_run(n)
 *	free(a, b)	chunks [a, b) are filled: chunk_tree_begin_fill(), the bits, chunk_tree_end_fill()
 *	take(a, b)	they are emptied: chunk_tree_begin_fill(), then the bits; where not all were set, as
 *			after another hart took one, the bits stay, and the tree is told
 *
 * After each step, what is found is the lowest there is. What another hart owes may be missed, or found
 * where it is no more; nothing else may. Once all is paid the tree is valid and counts right.
 */
#include "tests/support/chunk_tree_states.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/index/chunk_tree.h"
#include "tests/support/chunk_tree_ask.h"
#include "tests/support/ktest.h"

#define MAX_STORAGE 256u
#define MAX_WORDS   (STATES_MAX_CHUNKS * CHUNK_WORDS)

enum pattern { NOTHING, ALL, TOP_HALF, LAST_BIT, ALL_BUT_ONE, NPATTERNS };

enum verb { SET, OWE, PAY, REFRESH, FIND, FIND_RUN, FREE, TAKE };

struct step {
	enum verb verb;
	uint64_t a, b; /* chunk and pattern; chunks [a, b); order; length */
};

#define MAX_STEPS 96u

/* What tells two states apart: everything in a tree that can change. */
struct state {
	uint8_t pattern[STATES_MAX_CHUNKS];
	uint8_t owed; /* a bit a chunk */
	uint8_t start[CHUNK_ORDER + 1];
	uint8_t nfull;
	uint8_t full_from;
	uint8_t storage[MAX_STORAGE];
};

struct origin {
	uint32_t from;
	uint32_t step;
};

struct world {
	const struct chunk_tree_world *is;
	struct chunk_tree tree;
	struct chunk_changes changes;
	bitmap_word *words;
	uint8_t *storage;
	size_t bytes;
	struct state at; /* what the tree is in now, storage left out */
	struct step step[MAX_STEPS];
	unsigned nsteps;
	/* visited, in order of discovery, and where they are: a hash table of indices + 1 */
	uint8_t *states;
	size_t state_bytes;
	struct origin *origin;
	uint32_t nstates;
	uint32_t *table;
	uint32_t table_size; /* a power of two */
};

/* ---- bits ------------------------------------------------------------------------------------ */

static uint64_t word_of(enum pattern pattern, unsigned w)
{
	switch (pattern) {
	case ALL:
		return UINT64_MAX;
	case TOP_HALF:
		return w >= CHUNK_WORDS / 2 ? UINT64_MAX : 0;
	case LAST_BIT:
		return w == CHUNK_WORDS - 1 ? 1ull << 63 : 0;
	case ALL_BUT_ONE:
		return w == 2 ? ~(1ull << 5) : UINT64_MAX;
	default:
		return 0;
	}
}

static void paint(struct world *w, uint64_t c, uint64_t pattern)
{
	w->at.pattern[c] = (uint8_t)pattern;
	for (unsigned i = 0; i < CHUNK_WORDS; i++)
		w->words[c * CHUNK_WORDS + i] = word_of((enum pattern)pattern, i);
}

static bool is_owed(const struct world *w, uint64_t bit)
{
	return (w->at.owed >> bit / CHUNK_BITS & 1) != 0;
}

static uint64_t word_at(const struct world *w, uint64_t i, bool owed_too)
{
	return owed_too || !is_owed(w, i * 64) ? w->words[i] : 0;
}

/* Are they set, or, if @doubt, owed? */
static bool all_set(const struct world *w, uint64_t bit, uint64_t n, bool owed_too, bool doubt)
{
	while (n > 0) {
		uint64_t word = word_at(w, bit / 64, owed_too);
		if (doubt && is_owed(w, bit))
			word = UINT64_MAX;
		if (word == UINT64_MAX && bit % 64 == 0 && n >= 64) {
			bit += 64;
			n -= 64;
			continue;
		}
		if ((word >> bit % 64 & 1) == 0)
			return false;
		bit++;
		n--;
	}
	return true;
}

static uint64_t slow_find(const struct world *w, unsigned order, bool owed_too)
{
	uint64_t n = 1ull << order;
	uint64_t first = w->is->first_chunk * CHUNK_BITS;
	uint64_t end = w->is->nchunks * CHUNK_BITS;

	for (uint64_t at = (first + n - 1) / n * n - first; at + n <= end;) {
		if (word_at(w, at / 64, owed_too) == 0 && n <= 64) {
			at = (at / 64 + 1) * 64;
			continue;
		}
		if (all_set(w, at, n, owed_too, false))
			return at;
		at += n;
	}
	return BITMAP_NONE;
}

static uint64_t slow_find_run(const struct world *w, uint64_t n, bool owed_too)
{
	uint64_t have = 0;

	for (uint64_t i = 0; i < w->is->nchunks * CHUNK_WORDS; i++) {
		uint64_t word = word_at(w, i, owed_too);
		if (word == UINT64_MAX && have + 64 < n) {
			have += 64;
			continue;
		}
		for (unsigned bit = 0; bit < 64; bit++) {
			have = (word >> bit & 1) != 0 ? have + 1 : 0;
			if (have == n)
				return i * 64 + bit + 1 - n;
		}
	}
	return BITMAP_NONE;
}

/* ---- states ---------------------------------------------------------------------------------- */

static void capture(struct world *w)
{
	for (unsigned k = 0; k <= CHUNK_ORDER; k++)
		w->at.start[k] = (uint8_t)w->tree.start[k];
	w->at.nfull = (uint8_t)w->tree.nfull;
	w->at.full_from = (uint8_t)w->tree.full_from;
	memcpy(w->at.storage, w->storage, w->bytes);
}

static const struct state *state_at(const struct world *w, uint32_t i)
{
	return (const struct state *)(const void *)(w->states + (size_t)i * w->state_bytes);
}

static void restore(struct world *w, uint32_t i)
{
	memcpy(&w->at, state_at(w, i), w->state_bytes);
	memcpy(w->storage, w->at.storage, w->bytes);
	w->tree.nfull = w->at.nfull;
	w->tree.full_from = w->at.full_from;
	for (unsigned k = 0; k <= CHUNK_ORDER; k++)
		w->tree.start[k] = w->at.start[k];
	for (uint64_t c = 0; c < w->is->nchunks; c++)
		paint(w, c, w->at.pattern[c]);
}

static uint64_t hash(const void *data, size_t size)
{
	const uint8_t *byte = data;
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < size; i++)
		h = (h ^ byte[i]) * 0x100000001b3ull; /* FNV-1a */
	return h ^ h >> 32;
}

/* Is the state that was captured a new one? */
static bool discover(struct world *w, uint32_t from, uint32_t step)
{
	uint32_t slot = (uint32_t)hash(&w->at, w->state_bytes) & (w->table_size - 1);

	while (w->table[slot] != 0) {
		if (memcmp(state_at(w, w->table[slot] - 1), &w->at, w->state_bytes) == 0)
			return false;
		slot = (slot + 1) & (w->table_size - 1);
	}
	REQUIRE(w->nstates < w->is->max_states);
	memcpy(w->states + (size_t)w->nstates * w->state_bytes, &w->at, w->state_bytes);
	w->origin[w->nstates] = (struct origin){ from, step };
	w->table[slot] = ++w->nstates;
	return true;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void add_step(struct world *w, enum verb verb, uint64_t a, uint64_t b)
{
	REQUIRE(w->nsteps < MAX_STEPS);
	w->step[w->nsteps++] = (struct step){ verb, a, b };
}

static void list_steps(struct world *w)
{
	uint64_t n = w->is->nchunks;

	for (const int8_t *order = w->is->orders; *order >= 0; order++)
		add_step(w, FIND, (uint64_t)*order, 0);
	for (const uint64_t *run = w->is->runs; *run != 0; run++)
		add_step(w, FIND_RUN, *run, 0);
	for (uint64_t c = 0; c < n; c++) {
		for (unsigned pattern = 0; pattern < w->is->npatterns; pattern++) {
			add_step(w, SET, c, pattern);
			add_step(w, OWE, c, pattern);
		}
		add_step(w, PAY, c, 0);
		add_step(w, REFRESH, c, 0);
		for (uint64_t end = c + 1; end <= n; end++) {
			add_step(w, FREE, c, end);
			add_step(w, TAKE, c, end);
		}
	}
}

static void say(const struct step *step)
{
	static const char *const name[] = { "set",  "owe",      "pay",  "refresh",
					    "find", "find_run", "free", "take" };

	ktest_note("  %s(%llu, %llu)", name[step->verb], (unsigned long long)step->a,
		   (unsigned long long)step->b);
}

/* How it came to state @i, and the step after it. */
static void give_up(const struct world *w, uint32_t i, uint32_t step)
{
	uint32_t path[32];
	unsigned n = 0;

	for (; i != 0 && n < ARRAY_SIZE(path); i = w->origin[i].from)
		path[n++] = w->origin[i].step;
	ktest_note("first chunk %llu of %llu; steps from an empty tree:",
		   (unsigned long long)w->is->first_chunk, (unsigned long long)w->is->nchunks);
	while (n > 0)
		say(&w->step[path[--n]]);
	say(&w->step[step]);
	ktest_abandon();
}

/* What was found: no run of those that nobody owes is lower, and it is there, unless it is owed. */
static bool is_right(const struct world *w, uint64_t found, uint64_t n, uint64_t want,
		     uint64_t want_paid)
{
	if (w->at.owed == 0)
		return found == want;
	if (found == BITMAP_NONE)
		return want_paid == BITMAP_NONE;
	return found <= want_paid && found + n <= w->is->nchunks * CHUNK_BITS &&
	       all_set(w, found, n, true, true);
}

static bool find(struct world *w, unsigned order)
{
	uint64_t found = ask_order(&w->tree, order);

	/* Up to a chunk the bits themselves were looked at: that much is never in doubt. */
	if (found != BITMAP_NONE && order <= CHUNK_ORDER &&
	    !all_set(w, found, 1ull << order, true, false))
		return false;
	return is_right(w, found, 1ull << order, slow_find(w, order, true),
			slow_find(w, order, false)) &&
	       (found == BITMAP_NONE ||
		(w->is->first_chunk * CHUNK_BITS + found) % (1ull << order) == 0);
}

static bool all_are(const struct world *w, uint64_t c, uint64_t end, enum pattern pattern)
{
	for (; c < end; c++) {
		if (w->at.pattern[c] != pattern)
			return false;
	}
	return true;
}

static bool any_owed(const struct world *w, uint64_t c, uint64_t end)
{
	return (w->at.owed & bits_mask((unsigned)c, (unsigned)(end - c))) != 0;
}

/* Chunks that were all handed out, and about which nobody owes anything, come back. */
static void free_chunks(struct world *w, uint64_t c, uint64_t end)
{
	if (!all_are(w, c, end, NOTHING) || any_owed(w, c, end))
		return;
	chunk_tree_begin_fill(&w->tree, c * CHUNK_BITS, (end - c) * CHUNK_BITS, true);
	for (uint64_t at = c; at < end; at++)
		paint(w, at, ALL);
	chunk_tree_end_fill(&w->tree, c * CHUNK_BITS, (end - c) * CHUNK_BITS, true);
}

static void take_chunks(struct world *w, uint64_t c, uint64_t end)
{
	chunk_tree_begin_fill(&w->tree, c * CHUNK_BITS, (end - c) * CHUNK_BITS, false);
	if (!all_are(w, c, end, ALL)) {
		chunk_tree_mark_stale(&w->tree, c * CHUNK_BITS, (end - c) * CHUNK_BITS);
		return;
	}
	for (uint64_t at = c; at < end; at++)
		paint(w, at, NOTHING);
	chunk_tree_end_fill(&w->tree, c * CHUNK_BITS, (end - c) * CHUNK_BITS, false);
}

/* False if what it found is wrong. */
static bool do_step(struct world *w, const struct step *step)
{
	bool stale = step->verb <= REFRESH && chunk_tree_is_stale(&w->tree, step->a);

	switch (step->verb) {
	case SET:
		paint(w, step->a, step->b);
		if (!stale)
			chunk_tree_mark_stale(&w->tree, step->a * CHUNK_BITS + 7, 1);
		return true;
	case OWE:
		paint(w, step->a, step->b);
		if (!stale)
			w->at.owed |= (uint8_t)(1u << step->a);
		return true;
	case PAY:
		if (any_owed(w, step->a, step->a + 1))
			chunk_tree_mark_stale(&w->tree, step->a * CHUNK_BITS, 1);
		w->at.owed &= (uint8_t) ~(1u << step->a);
		return true;
	case REFRESH:
		chunk_tree_refresh(&w->tree, step->a);
		return !chunk_tree_is_stale(&w->tree, step->a);
	case FIND:
		return find(w, (unsigned)step->a);
	case FIND_RUN:
		return is_right(w, ask_run(&w->tree, step->a), step->a,
				slow_find_run(w, step->a, true), slow_find_run(w, step->a, false));
	case FREE:
		free_chunks(w, step->a, step->b);
		return true;
	default:
		take_chunks(w, step->a, step->b);
		return true;
	}
}

/* ---- in each state --------------------------------------------------------------------------- */

static bool nothing_is_missed(const struct world *w)
{
	for (const int8_t *order = w->is->orders; *order >= 0; order++) {
		if (chunk_tree_has_none(&w->tree, (unsigned)*order) &&
		    slow_find(w, (unsigned)*order, false) != BITMAP_NONE)
			return false;
	}
	for (uint64_t c = 0; c < w->is->nchunks; c++) {
		if (any_owed(w, c, c + 1))
			continue;
		bool some = w->at.pattern[c] != NOTHING;
		bool broken = some && w->at.pattern[c] != ALL;
		if ((some && ask_is_empty(&w->tree, c)) ||
		    (broken && chunk_tree_next_broken(&w->tree, c) != c))
			return false;
	}
	return true;
}

/* All is paid: spoils the state. */
static const char *settle_and_validate(struct world *w)
{
	uint64_t count = 0;

	for (uint64_t c = 0; c < w->is->nchunks; c++) {
		if (any_owed(w, c, c + 1))
			chunk_tree_mark_stale(&w->tree, c * CHUNK_BITS, 1);
	}
	for (uint64_t i = 0; i < w->is->nchunks * CHUNK_WORDS; i++)
		count += bits_count(w->words[i]);
	if (ask_count(&w->tree) != count)
		return "the count is that of the bits";
	return chunk_tree_validate(&w->tree);
}

static void visit(struct world *w, uint32_t i, uint32_t step)
{
	restore(w, i);
	if (!EXPECT(do_step(w, &w->step[step])))
		give_up(w, i, step);
	capture(w);
	if (!discover(w, i, step))
		return;
	if (!EXPECT(nothing_is_missed(w)))
		give_up(w, i, step);
	const char *broken = settle_and_validate(w);
	if (!EXPECT_STR(broken, NULL))
		give_up(w, i, step);
}

static struct world *world_new(const struct chunk_tree_world *is)
{
	struct world *w = ktest_alloc(sizeof(*w), 64);

	memset(w, 0, sizeof(*w));
	w->is = is;
	w->bytes = chunk_tree_bytes(is->nchunks);
	REQUIRE(is->nchunks <= STATES_MAX_CHUNKS && w->bytes <= MAX_STORAGE);
	REQUIRE(is->npatterns <= NPATTERNS);
	w->storage = ktest_alloc(w->bytes, 8);
	w->words = ktest_alloc(MAX_WORDS * sizeof(w->words[0]), 64);
	w->state_bytes = offsetof(struct state, storage) + w->bytes;
	w->states = ktest_alloc(is->max_states * w->state_bytes, 8);
	w->origin = ktest_alloc(is->max_states * sizeof(w->origin[0]), 8);
	w->table_size = 1;
	while (w->table_size < is->max_states * 2)
		w->table_size *= 2;
	w->table = ktest_alloc(w->table_size * sizeof(w->table[0]), 8);
	memset(w->table, 0, w->table_size * sizeof(w->table[0]));
	for (uint64_t c = 0; c < is->nchunks; c++)
		paint(w, c, NOTHING);
	chunk_tree_init(&w->tree, w->words, is->first_chunk, is->nchunks, w->storage, &w->changes);
	return w;
}

void chunk_tree_states_visit(const struct chunk_tree_world *is)
{
	struct world *w = world_new(is);

	list_steps(w);
	capture(w);
	(void)discover(w, 0, 0);
	for (uint32_t i = 0; i < w->nstates; i++) {
		for (uint32_t step = 0; step < w->nsteps; step++)
			visit(w, i, step);
	}
	ktest_note("%llu chunks from %llu: %u states, %u steps from each",
		   (unsigned long long)is->nchunks, (unsigned long long)is->first_chunk, w->nstates,
		   w->nsteps);
	EXPECT(w->nstates >= is->min_states);
}

/* ---- as many as an emulated hart has time for ------------------------------------------------ */

KTEST(chunk_tree_states, one_chunk_is_right_in_every_state)
{
	static const int8_t orders[] = { 0, 8, 9, 10, -1 };
	static const uint64_t runs[] = { 1, 500, 0 };
	static const struct chunk_tree_world world = {
		.first_chunk = 6,
		.nchunks = 1,
		.npatterns = NPATTERNS,
		.orders = orders,
		.runs = runs,
		.max_states = 4000,
		.min_states = 1500,
	};

	chunk_tree_states_visit(&world);
}

KTEST(chunk_tree_states, two_chunks_are_right_in_every_state)
{
	static const int8_t orders[] = { 8, 10, -1 };
	static const uint64_t runs[] = { 0 };
	static const struct chunk_tree_world world = {
		.first_chunk = 6,
		.nchunks = 2,
		.npatterns = 3,
		.orders = orders,
		.runs = runs,
		.max_states = 4000,
		.min_states = 1500,
	};

	chunk_tree_states_visit(&world);
}
