/* SPDX-License-Identifier: MIT */
/* frame_model.c - a byte a frame, searched frame by frame; what the pool must answer, and how a list of
 * calls is made shorter. */
#include "tests/support/frame_model.h"

#include "lib/align.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"

enum state { MISSING, FREE, USED };

const struct frame_subject frame_pool_subject = {
	.alloc = frame_alloc,
	.alloc_range = frame_alloc_range,
	.free = frame_free,
	.free_range = frame_free_range,
};

/* ---- memory ---------------------------------------------------------------------------------- */

static size_t rounded(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

size_t frame_model_bytes(const struct frame_model_bank *banks, unsigned nbanks, size_t ncalls)
{
	size_t bytes = rounded(ncalls * sizeof(struct frame_call));

	for (unsigned b = 0; b < nbanks; b++)
		bytes +=
			rounded(frame_metadata_bytes(banks[b].nframes)) + rounded(banks[b].nframes);
	return bytes;
}

static const char *wrong(struct frame_model *m, const char *format, uint64_t got, uint64_t want)
{
	fmt_buffer(m->words, sizeof(m->words), format, (unsigned long long)got,
		   (unsigned long long)want);
	return m->words;
}

const char *frame_model_start(struct frame_model *m)
{
	uint8_t *at = m->memory;

	if (m->subject->reset != NULL)
		m->subject->reset();
	m->mood = 0;
	m->count[MISSING] = m->count[FREE] = m->count[USED] = 0;
	if (frame_pool_init_in(m->pool, 0, &m->room) != ACRE_OK)
		return "frame_pool_init";
	for (unsigned b = 0; b < m->nbanks; b++) {
		const struct frame_model_bank *bank = &m->banks[b];
		size_t bytes = frame_metadata_bytes(bank->nframes);
		if (frame_pool_add_bank(m->pool, bank->first, bank->nframes, at, bytes) != ACRE_OK)
			return "frame_pool_add_bank";
		at += rounded(bytes);
		m->state[b] = at;
		memset(at, MISSING, bank->nframes);
		at += rounded(bank->nframes);
		m->count[MISSING] += bank->nframes;
	}
	m->scratch = (struct frame_call *)(void *)at;
	return NULL;
}

/* ---- the model ------------------------------------------------------------------------------- */

static uint8_t *state_of(const struct frame_model *m, frame_nr_t pfn)
{
	for (unsigned b = 0; b < m->nbanks; b++) {
		if (pfn - m->banks[b].first < m->banks[b].nframes)
			return &m->state[b][pfn - m->banks[b].first];
	}
	return NULL;
}

static bool in_one_bank(const struct frame_model *m, frame_nr_t pfn, frame_count_t nframes)
{
	for (unsigned b = 0; b < m->nbanks; b++) {
		frame_nr_t offset = pfn - m->banks[b].first;
		if (offset < m->banks[b].nframes)
			return nframes <= m->banks[b].nframes - offset;
	}
	return false;
}

static void mark(struct frame_model *m, frame_nr_t pfn, frame_count_t nframes, enum state state)
{
	uint8_t *at = state_of(m, pfn);

	m->count[at[0]] -= nframes; /* all of them were the same */
	m->count[state] += nframes;
	memset(at, (int)state, nframes);
}

static bool any(const struct frame_model *m, frame_nr_t pfn, frame_count_t nframes,
		enum state state)
{
	const uint8_t *at = state_of(m, pfn);

	for (frame_count_t i = 0; i < nframes; i++) {
		if (at[i] == (uint8_t)state)
			return true;
	}
	return false;
}

static enum acre_status expect_insert(const struct frame_model *m, frame_nr_t pfn,
				      frame_count_t nframes)
{
	if (nframes == 0)
		return ACRE_ERR_INVALID;
	if (!in_one_bank(m, pfn, nframes))
		return ACRE_ERR_RANGE;
	return any(m, pfn, nframes, FREE) || any(m, pfn, nframes, USED) ? ACRE_ERR_OVERLAP
									: ACRE_OK;
}

static enum acre_status expect_take(const struct frame_model *m, frame_nr_t pfn,
				    frame_count_t nframes)
{
	if (nframes == 0)
		return ACRE_ERR_INVALID;
	if (!in_one_bank(m, pfn, nframes))
		return ACRE_ERR_RANGE;
	if (any(m, pfn, nframes, MISSING))
		return ACRE_ERR_NOT_FOUND;
	return any(m, pfn, nframes, USED) ? ACRE_ERR_OVERLAP : ACRE_OK;
}

/* What freeing must answer, and of which frame the report must speak. */
static enum acre_status expect_free(const struct frame_model *m, frame_nr_t pfn,
				    frame_count_t nframes, frame_nr_t *culprit)
{
	*culprit = pfn;
	if (nframes == 0)
		return ACRE_ERR_INVALID;
	for (frame_count_t i = 0; i < nframes; i++) {
		*culprit = pfn + i;
		if (!in_one_bank(m, pfn, i + 1))
			return ACRE_ERR_RANGE;
		if (*state_of(m, pfn + i) != USED)
			return ACRE_ERR_NOT_ALLOCATED;
	}
	return ACRE_OK;
}

static frame_nr_t expect_run(const struct frame_model *m, frame_count_t nframes,
			     frame_count_t align)
{
	for (unsigned b = 0; nframes != 0 && b < m->nbanks; b++) {
		const struct frame_model_bank *bank = &m->banks[b];
		frame_count_t have = 0; /* free frames in a row from i on */
		frame_nr_t found = FRAME_NONE;

		for (frame_count_t i = bank->nframes;
		     i-- > 0;) { /* downwards: the last hit is lowest */
			have = m->state[b][i] == FREE ? have + 1 : 0;
			if (have >= nframes && ((bank->first + i) & (align - 1)) == 0)
				found = bank->first + i;
		}
		if (found != FRAME_NONE)
			return found;
	}
	return FRAME_NONE;
}

/* ---- the pool against it --------------------------------------------------------------------- */

/* Word @w of a bank of @nframes, the first of which is bit @lead, as the model has it. */
static void model_word(const uint8_t *state, frame_count_t nframes, uint64_t lead, uint64_t w,
		       uint64_t *free, uint64_t *inserted)
{
	*free = *inserted = 0;
	for (unsigned i = 0; i < BITS_PER_WORD; i++) {
		uint64_t at = w * BITS_PER_WORD + i - lead;
		if (at >= nframes)
			continue;
		*free |= (uint64_t)(state[at] == FREE) << i;
		*inserted |= (uint64_t)(state[at] != MISSING) << i;
	}
}

/* Of all banks, or of those words that hold [@pfn, @pfn + @nframes). */
static const char *compare_bits(struct frame_model *m, frame_nr_t pfn, frame_count_t nframes)
{
	for (unsigned b = 0; b < m->nbanks; b++) {
		const struct frame_bank *bank = &m->pool->bank[b];
		uint64_t w = 0;
		uint64_t end = bank->nbits / BITS_PER_WORD;
		uint64_t free, inserted;

		if (nframes != 0 && pfn - bank->first >= bank->nframes)
			continue;
		if (nframes != 0) {
			w = (pfn - bank->base) / BITS_PER_WORD;
			end = (pfn - bank->base + nframes - 1) / BITS_PER_WORD + 1;
		}
		for (; w < end; w++) {
			model_word(m->state[b], bank->nframes, bank->first - bank->base, w, &free,
				   &inserted);
			if (bitmap_atomic_word(&bank->free[w]) != free)
				return wrong(m, "free frames from 0x%llx on: not %016llx",
					     bank->base + w * BITS_PER_WORD, free);
			if (bitmap_atomic_word(&bank->inserted[w]) != inserted)
				return wrong(m, "inserted frames from 0x%llx on: not %016llx",
					     bank->base + w * BITS_PER_WORD, inserted);
		}
	}
	return NULL;
}

static const char *compare_all_bits(struct frame_model *m)
{
	return compare_bits(m, 0, 0);
}

const char *frame_model_check(struct frame_model *m)
{
	const char *broken = frame_validate(m->pool);

	if (broken == NULL)
		broken = compare_all_bits(m);
	if (broken == NULL && frame_free_count(m->pool) != m->count[FREE])
		broken = wrong(m, "frame_free_count: %llu, not %llu", frame_free_count(m->pool),
			       m->count[FREE]);
	if (broken == NULL && frame_managed_count(m->pool) != m->count[FREE] + m->count[USED])
		broken = wrong(m, "frame_managed_count: %llu, not %llu",
			       frame_managed_count(m->pool), m->count[FREE] + m->count[USED]);
	if (broken == NULL && frame_pool_is_empty(m->pool) != (m->count[FREE] == 0))
		broken = "frame_pool_is_empty";
	return broken;
}

/* A change that was made, or one that was refused and must have left everything as it was. */
static const char *done(struct frame_model *m, enum acre_status got, enum acre_status want,
			frame_nr_t pfn, frame_count_t nframes, enum state state)
{
	if (got != want)
		return wrong(m, "status -%llu, not -%llu", (uint64_t)-got, (uint64_t)-want);
	if (want != ACRE_OK)
		return compare_all_bits(m);
	mark(m, pfn, nframes, state);
	return compare_bits(m, pfn, nframes);
}

static const char *do_alloc(struct frame_model *m)
{
	frame_nr_t pfn = m->subject->alloc(m->pool);

	m->last = pfn;
	if (pfn == FRAME_NONE)
		return m->count[FREE] == 0 ? compare_all_bits(m) : "no frame, and some are free";
	if (state_of(m, pfn) == NULL || *state_of(m, pfn) != FREE)
		return wrong(m, "frame 0x%llx, which is not free", pfn, 0);
	mark(m, pfn, 1, USED);
	return compare_bits(m, pfn, 1);
}

static const char *do_alloc_range(struct frame_model *m, frame_count_t nframes, unsigned align)
{
	frame_nr_t want = expect_run(m, nframes, (frame_count_t)1 << align);
	frame_nr_t got = m->subject->alloc_range(m->pool, nframes, FRAME_SIZE << align);

	m->last = got;
	if (got != want)
		return wrong(m, "run at 0x%llx, not 0x%llx", got, want);
	if (want == FRAME_NONE)
		return compare_all_bits(m);
	mark(m, want, nframes, USED);
	return compare_bits(m, want, nframes);
}

static const char *do_free(struct frame_model *m, frame_nr_t pfn, frame_count_t nframes, bool range)
{
	frame_nr_t culprit;
	enum acre_status want = expect_free(m, pfn, nframes, &culprit);
	enum acre_status got = range ? m->subject->free_range(m->pool, pfn, nframes)
				     : m->subject->free(m->pool, pfn);
	unsigned reports = m->bad_frees();

	if (reports != (want != ACRE_OK))
		return wrong(m, "%llu reports of a refused free, not %llu", reports,
			     want != ACRE_OK);
	if (reports != 0 && culprit <= FRAME_LIMIT &&
	    m->last_bad_free()->actual_start != frame_to_paddr(culprit))
		return wrong(m, "the report names 0x%llx, not 0x%llx",
			     m->last_bad_free()->actual_start, frame_to_paddr(culprit));
	return done(m, got, want, pfn, nframes, FREE);
}

static const char *do_ask(struct frame_model *m, frame_nr_t pfn)
{
	const uint8_t *state = state_of(m, pfn);

	if (frame_is_free(m->pool, pfn) != (state != NULL && *state == FREE))
		return "frame_is_free";
	if (frame_is_managed(m->pool, pfn) != (state != NULL && *state != MISSING))
		return "frame_is_managed";
	return NULL;
}

const char *frame_model_do(struct frame_model *m, const struct frame_call *call)
{
	if (m->nharts > 1)
		m->set_hart(call->hart);
	switch ((enum frame_verb)call->verb) {
	case VERB_INSERT:
		return done(m, frame_insert(m->pool, call->pfn, call->nframes),
			    expect_insert(m, call->pfn, call->nframes), call->pfn, call->nframes,
			    FREE);
	case VERB_REMOVE:
		return done(m, frame_remove(m->pool, call->pfn, call->nframes),
			    expect_take(m, call->pfn, call->nframes), call->pfn, call->nframes,
			    MISSING);
	case VERB_ALLOC:
		return do_alloc(m);
	case VERB_ALLOC_RANGE:
		return do_alloc_range(m, call->nframes, call->align);
	case VERB_ALLOC_AT:
		return done(m, frame_alloc_at(m->pool, call->pfn, call->nframes),
			    expect_take(m, call->pfn, call->nframes), call->pfn, call->nframes,
			    USED);
	case VERB_FREE:
		return do_free(m, call->pfn, 1, false);
	case VERB_FREE_RANGE:
		return do_free(m, call->pfn, call->nframes, true);
	default:
		return do_ask(m, call->pfn);
	}
}

/* ---- choosing -------------------------------------------------------------------------------- */

static uint64_t below(struct frame_model *m, uint64_t n)
{
	return m->random() % n;
}

/* Mostly a few, now and then about a chunk, several, or as much as the bank has. */
static frame_count_t some_length(struct frame_model *m, frame_count_t most)
{
	frame_count_t n;

	switch (below(m, 12)) {
	case 0:
		n = below(m, 200);
		break;
	case 1:
		n = CHUNK_BITS * (1 + below(m, 4)) + below(m, 3) - 1;
		break;
	case 2:
		n = 1ull << below(m, 12);
		break;
	case 3:
		n = most - below(m, 2);
		break;
	default:
		n = below(m, 10);
		break;
	}
	return n;
}

/* Any frame of a bank, more often one at the edge of a chunk, now and then one just outside. */
static frame_nr_t some_frame(struct frame_model *m, unsigned b)
{
	const struct frame_model_bank *bank = &m->banks[b];
	frame_nr_t pfn = bank->first + below(m, bank->nframes);

	switch (below(m, 40)) {
	case 0:
		return bank->first + bank->nframes;
	case 1:
		return bank->first - 1; /* FRAME_NONE for frame 0 */
	case 2:
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
		pfn = align_down(pfn, CHUNK_BITS);
		return pfn < bank->first ? bank->first : pfn;
	default:
		return pfn;
	}
}

/*
 * Calls come in moods, so that the pool is now nearly full, now nearly empty, now in one piece again: what
 * only long runs and many whole chunks bring about would else be rare.
 */
enum mood { FILLING, DRAINING, MENDING, SEIZING, MOODS };

/* The run of that state at or behind @pfn: some of it, or all, or its whole chunks. */
static void some_run(struct frame_model *m, unsigned b, enum state state, struct frame_call *call)
{
	const struct frame_model_bank *bank = &m->banks[b];
	const uint8_t *at = m->state[b];
	frame_count_t first = call->pfn - bank->first;
	frame_count_t end;

	while (first < bank->nframes && at[first] != (uint8_t)state)
		first++;
	if (first >= bank->nframes)
		return;
	for (end = first; end < bank->nframes && at[end] == (uint8_t)state; end++)
		;
	if (below(m, m->mood >= MENDING ? 2 : 8) == 0) {
		while (first > 0 && at[first - 1] == (uint8_t)state)
			first--;
		if (below(m, 2) == 0) {
			frame_nr_t chunk =
				align_down(bank->first + first + CHUNK_BITS - 1, CHUNK_BITS);
			frame_nr_t chunk_end = align_down(bank->first + end, CHUNK_BITS);
			if (chunk < chunk_end) {
				first = chunk - bank->first;
				end = chunk_end - bank->first;
			}
		}
		call->nframes = end - first;
	} else if (call->nframes > end - first) {
		call->nframes = end - first;
	}
	call->pfn = bank->first + (below(m, 4) == 0 ? end - call->nframes : first);
}

static enum frame_verb some_verb(struct frame_model *m)
{
	static const uint8_t verbs[MOODS][8] = {
		[FILLING] = { VERB_FREE, VERB_FREE, VERB_FREE_RANGE, VERB_FREE_RANGE, VERB_INSERT,
			      VERB_ASK, VERB_ALLOC, VERB_ALLOC_RANGE },
		[DRAINING] = { VERB_ALLOC, VERB_ALLOC, VERB_ALLOC_RANGE, VERB_ALLOC_RANGE,
			       VERB_ALLOC_AT, VERB_ALLOC_RANGE, VERB_FREE, VERB_FREE_RANGE },
		[MENDING] = { VERB_FREE_RANGE, VERB_FREE_RANGE, VERB_FREE_RANGE, VERB_FREE_RANGE,
			      VERB_INSERT, VERB_FREE_RANGE, VERB_ASK, VERB_ALLOC_RANGE },
		[SEIZING] = { VERB_ALLOC_AT, VERB_ALLOC_AT, VERB_ALLOC_AT, VERB_ALLOC_RANGE,
			      VERB_ALLOC_RANGE, VERB_ALLOC, VERB_FREE_RANGE, VERB_FREE },
	};

	if (below(m, 96) == 0)
		return VERB_REMOVE;
	if (below(m, 24) == 0 || (m->mood == MENDING && m->count[USED] == 0) ||
	    (m->mood == SEIZING && m->count[FREE] == 0))
		m->mood = (unsigned)below(m, MOODS);
	return (enum frame_verb)verbs[m->mood][below(m, 8)];
}

struct frame_call frame_model_pick(struct frame_model *m)
{
	unsigned b = (unsigned)below(m, m->nbanks);
	struct frame_call call = {
		.verb = (uint8_t)some_verb(m),
		.hart = (uint8_t)(m->nharts > 1 ? below(m, m->nharts) : 0),
		.pfn = some_frame(m, b),
		.nframes = some_length(m, m->banks[b].nframes),
	};

	if (below(m, 10) == 0 && call.verb != VERB_ALLOC_RANGE)
		return call; /* whatever it is */
	switch ((enum frame_verb)call.verb) {
	case VERB_INSERT:
		some_run(m, b, MISSING, &call);
		break;
	case VERB_REMOVE:
	case VERB_ALLOC_AT:
		some_run(m, b, FREE, &call);
		break;
	case VERB_FREE:
	case VERB_FREE_RANGE:
		some_run(m, b, USED, &call);
		break;
	case VERB_ALLOC_RANGE:
		call.align = (uint8_t)below(m, below(m, 3) == 0 ? 14 : 4);
		if (below(m, 2) == 0)
			call.nframes = (frame_count_t)1 << call.align;
		break;
	default:
		break;
	}
	return call;
}

/* ---- shrinking ------------------------------------------------------------------------------- */

const char *frame_model_run(struct frame_model *m, const struct frame_call *calls, size_t n,
			    size_t every, size_t *at)
{
	const char *broken = frame_model_start(m);

	for (*at = 0; broken == NULL && *at < n; ++*at) {
		broken = frame_model_do(m, &calls[*at]);
		if (broken == NULL && (*at % every == every - 1 || *at == n - 1))
			broken = frame_model_check(m);
		if (broken != NULL)
			return broken;
	}
	return broken;
}

#define BUDGET 60000000u

/* One more try of @ncalls calls? A call looks at all frames at worst, a check at all of them twice. */
static bool spend(struct frame_model *m, uint64_t ncalls, uint64_t every)
{
	uint64_t words = (m->count[MISSING] + m->count[FREE] + m->count[USED]) / 64;
	uint64_t cost = ncalls * (4 + words / 2) + ncalls / every * words;

	if (cost > m->budget)
		return false;
	m->budget -= cost;
	return true;
}

/* Does it go wrong without the @skip calls from @from? Then that is the list from now on. */
static bool leave_out(struct frame_model *m, struct frame_call *calls, size_t *n, size_t from,
		      size_t skip, size_t every)
{
	size_t at;
	size_t left = *n - skip;

	if (!spend(m, left, every) ||
	    frame_model_start(m) != NULL) /* m->scratch is there from here on */
		return false;
	memcpy(m->scratch, calls, from * sizeof(calls[0]));
	memcpy(m->scratch + from, calls + from + skip, (left - from) * sizeof(calls[0]));
	if (frame_model_run(m, m->scratch, left, every, &at) == NULL)
		return false;
	*n = at < left ? at + 1 : left;
	memcpy(calls, m->scratch, *n * sizeof(calls[0]));
	return true;
}

/* Does it go wrong with this call instead of that? */
static bool replace(struct frame_model *m, struct frame_call *calls, size_t n, size_t i,
		    struct frame_call by, size_t every)
{
	struct frame_call kept = calls[i];
	size_t at;

	if (by.verb == kept.verb && by.hart == kept.hart && by.align == kept.align &&
	    by.nframes == kept.nframes)
		return false;
	if (!spend(m, n, every))
		return false;
	calls[i] = by;
	if (frame_model_run(m, calls, n, every, &at) != NULL)
		return true;
	calls[i] = kept;
	return false;
}

/*
 * Which frames an allocation got depends on all calls before it. By address it needs none of them: then
 * they can be left out. So make all allocations such, or all but the last @keep.
 */
static bool pin_down(struct frame_model *m, struct frame_call *calls, size_t n, size_t keep,
		     size_t every)
{
	size_t at;

	if (!spend(m, 2 * n, every) || frame_model_start(m) != NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		m->scratch[i] = calls[i];
		if (i + keep >= n)
			continue;
		if (frame_model_do(m, &calls[i]) != NULL)
			return false;
		if ((calls[i].verb == VERB_ALLOC || calls[i].verb == VERB_ALLOC_RANGE) &&
		    m->last != FRAME_NONE)
			m->scratch[i] = (struct frame_call){
				.verb = VERB_ALLOC_AT,
				.pfn = m->last,
				.nframes = calls[i].verb == VERB_ALLOC ? 1 : calls[i].nframes,
			};
	}
	if (frame_model_run(m, m->scratch, n, every, &at) == NULL)
		return false;
	memcpy(calls, m->scratch, n * sizeof(calls[0]));
	return true;
}

static void pin_down_most(struct frame_model *m, struct frame_call *calls, size_t n, size_t every)
{
	for (size_t keep = 0; keep < n; keep = 2 * keep + 1) {
		if (pin_down(m, calls, n, keep, every))
			return;
	}
}

static void without(struct frame_model *m, struct frame_call *calls, size_t *n, size_t every)
{
	for (size_t skip = *n / 2; skip > 0; skip /= 2) {
		for (size_t from = 0; from + skip <= *n;) {
			if (!leave_out(m, calls, n, from, skip, every))
				from += skip;
		}
	}
}

/* As much of it as can be, off its end or its front. */
static void cut(struct frame_model *m, struct frame_call *calls, size_t n, size_t i, bool front,
		size_t every)
{
	for (frame_count_t off = calls[i].nframes / 2; off > 0; off /= 2) {
		struct frame_call by;
		do {
			by = calls[i];
			by.pfn += front ? off : 0;
			by.nframes -= off;
		} while (by.nframes > 0 && by.nframes < calls[i].nframes &&
			 replace(m, calls, n, i, by, every));
	}
}

static void make_smaller(struct frame_model *m, struct frame_call *calls, size_t n, size_t every)
{
	for (size_t i = 0; i < n; i++) {
		struct frame_call by = calls[i];
		by.hart = 0;
		(void)replace(m, calls, n, i, by, every);
		cut(m, calls, n, i, false, every);
		if (calls[i].verb != VERB_ALLOC_RANGE)
			cut(m, calls, n, i, true, every);
		by = calls[i];
		by.align = 0;
		(void)replace(m, calls, n, i, by, every);
	}
}

/* The whole bank at once: then calls that did the same bit by bit can be left out. */
static void make_larger(struct frame_model *m, struct frame_call *calls, size_t n, size_t every)
{
	for (size_t i = 0; i < n; i++) {
		struct frame_call by = calls[i];
		for (unsigned b = 0; b < m->nbanks; b++) {
			if (calls[i].pfn - m->banks[b].first >= m->banks[b].nframes ||
			    (by.verb != VERB_INSERT && calls[i].verb != VERB_ALLOC_AT))
				continue;
			by = calls[i];
			by.pfn = m->banks[b].first;
			by.nframes = m->banks[b].nframes;
			(void)replace(m, calls, n, i, by, every);
			break;
		}
	}
}

size_t frame_model_shrink(struct frame_model *m, struct frame_call *calls, size_t n, size_t every)
{
	size_t before;

	m->budget = BUDGET;
	pin_down_most(m, calls, n, every);
	without(m, calls, &n, every);
	do {
		before = n;
		every = n > 64 ? every : 1; /* then the walk is dear */
		pin_down_most(m, calls, n, every);
		make_larger(m, calls, n, every);
		without(m, calls, &n, every);
		make_smaller(m, calls, n, every);
		without(m, calls, &n, every);
	} while (n < before);
	return n;
}

void frame_call_str(char text[FRAME_CALL_LEN], const struct frame_call *call)
{
	static const char *const format[] = {
		[VERB_INSERT] = "frame_insert(pool, 0x%llx, %llu);",
		[VERB_REMOVE] = "frame_remove(pool, 0x%llx, %llu);",
		[VERB_ALLOC_AT] = "frame_alloc_at(pool, 0x%llx, %llu);",
		[VERB_FREE] = "frame_free(pool, 0x%llx);",
		[VERB_FREE_RANGE] = "frame_free_range(pool, 0x%llx, %llu);",
		[VERB_ASK] = "frame_is_free(pool, 0x%llx);",
	};
	size_t at = 0;

	text[0] = '\0';
	if (call->hart != 0) {
		fmt_buffer(text, FRAME_CALL_LEN, "host_hart = %u; ", call->hart);
		at = strnlen(text, FRAME_CALL_LEN);
	}
	if (call->verb == VERB_ALLOC)
		fmt_buffer(text + at, FRAME_CALL_LEN - at, "frame_alloc(pool);");
	else if (call->verb == VERB_ALLOC_RANGE)
		fmt_buffer(text + at, FRAME_CALL_LEN - at,
			   "frame_alloc_range(pool, %llu, FRAME_SIZE << %u);",
			   (unsigned long long)call->nframes, call->align);
	else
		fmt_buffer(text + at, FRAME_CALL_LEN - at, format[call->verb],
			   (unsigned long long)call->pfn, (unsigned long long)call->nframes);
}
