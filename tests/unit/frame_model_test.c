/* SPDX-License-Identifier: MIT */
/*
 * The frame pool against a model: one byte a frame, searched frame by frame. Runs are first fit by
 * address, so each answer must be the very same; a single frame may be any free one. After a refusal no bit may
 * have changed. Calls that go wrong are shrunk to the fewest that do, and printed as C.
 */
#include "tests/support/frame_model_cases.h"

#include "lib/compiler.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/support/ktest.h"

static struct frame_model *model_new(const struct frame_model_trial *trial)
{
	struct frame_model *m = ktest_alloc(sizeof(*m), 64);

	*m = (struct frame_model){
		.pool = ktest_alloc(sizeof(struct frame_pool), 64),
		.subject = trial->subject != NULL ? trial->subject : &frame_pool_subject,
		.banks = trial->banks,
		.nbanks = trial->nbanks,
		.nharts = trial->nharts,
		.set_hart = trial->set_hart,
		.random = ktest_random,
		.bad_frees = ktest_bad_frees,
		.last_bad_free = ktest_last_bad_free,
		.memory = ktest_alloc(frame_model_bytes(trial->banks, trial->nbanks, trial->ncalls),
				      64),
	};
	return m;
}

static const char *make_up_and_do(struct frame_model *m, const struct frame_model_trial *trial,
				  struct frame_call *calls, size_t *n)
{
	const char *broken = frame_model_start(m);

	for (*n = 0; broken == NULL && *n < trial->ncalls; ++*n) {
		calls[*n] = frame_model_pick(m);
		broken = frame_model_do(m, &calls[*n]);
		if (broken == NULL && *n % trial->every == 0)
			broken = frame_model_check(m);
	}
	return broken != NULL ? broken : frame_model_check(m);
}

size_t frame_model_try(const struct frame_model_trial *trial, struct frame_call *calls)
{
	struct frame_model *m = model_new(trial);
	size_t n;
	size_t left = trial->rounds;

	while (make_up_and_do(m, trial, calls, &n) == NULL) {
		if (--left == 0)
			return 0;
	}
	n = frame_model_shrink(m, calls, n, trial->every);
	(void)ktest_bad_frees();
	if (trial->nharts > 1)
		trial->set_hart(0);
	return n;
}

static void print_calls(const struct frame_model_trial *trial, const struct frame_call *calls,
			size_t n)
{
	char text[FRAME_CALL_LEN];

	for (unsigned b = 0; b < trial->nbanks; b++)
		ktest_note("rig_add_bank(&r, 0x%llx, %llu);",
			   (unsigned long long)trial->banks[b].first,
			   (unsigned long long)trial->banks[b].nframes);
	for (size_t i = 0; i < n; i++) {
		frame_call_str(text, &calls[i]);
		ktest_note("%s", text);
	}
}

void frame_model_case(const struct frame_model_trial *trial)
{
	struct frame_call *calls = ktest_alloc(trial->ncalls * sizeof(*calls), 8);
	size_t n = frame_model_try(trial, calls);

	if (trial->nharts > 1)
		trial->set_hart(0);
	if (EXPECT_EQ(n, 0))
		return;
	struct frame_model *m = model_new(trial);
	size_t at;
	const char *broken = frame_model_run(m, calls, n, 1, &at);
	ktest_note("the fewest calls that go wrong: %s", broken != NULL ? broken : "not again");
	print_calls(trial, calls, n);
	ktest_abandon();
}

static void try_banks(const struct frame_model_bank *banks, unsigned nbanks, size_t rounds,
		      size_t ncalls, size_t every)
{
	frame_model_case(&(struct frame_model_trial){
		.banks = banks,
		.nbanks = nbanks,
		.rounds = rounds,
		.ncalls = ncalls,
		.every = every,
		.nharts = 1,
	});
}

KTEST(frame_model, agrees_on_one_bank_at_zero)
{
	static const struct frame_model_bank banks[] = { { 0, 200 } };

	try_banks(banks, 1, 1, 500, 1);
}

KTEST(frame_model, agrees_on_one_tiny_bank)
{
	static const struct frame_model_bank banks[] = { { 7, 5 } };

	try_banks(banks, 1, 1, 500, 1);
}

KTEST(frame_model, agrees_on_one_bank_at_an_odd_place)
{
	static const struct frame_model_bank banks[] = { { ((1ull << 55) >> FRAME_SHIFT) + 77,
							   511 } };

	try_banks(banks, 1, 1, 250, 2);
}

KTEST(frame_model, agrees_on_several_chunks)
{
	static const struct frame_model_bank banks[] = { { 0x80201, 4001 } };

	try_banks(banks, 1, 2, 200, 8);
}

KTEST(frame_model, agrees_on_whole_chunks_that_are_aligned_to_no_eight)
{
	static const struct frame_model_bank banks[] = { { 0x80600, 11 * 512 } };

	try_banks(banks, 1, 2, 200, 10);
}

KTEST(frame_model, agrees_on_banks_with_holes_and_without)
{
	static const struct frame_model_bank banks[] = {
		{ 0, 65 },
		{ 65, 1000 }, /* touches */
		{ 0x80203, 130 },
		{ FRAME_LIMIT - 64, 64 },
	};

	try_banks(banks, 4, 1, 400, 4);
}

/* ---- liars ----------------------------------------------------------------------------------- */

/* A pool that is not quite right is found out, and by no more calls than it takes. */

static struct {
	bool was_asked_for_3;
} liar;

static void liar_reset(void)
{
	liar.was_asked_for_3 = false;
}

/* Frees all but the last of every 64 frames. */
static enum acre_status forget_some(struct frame_pool *pool, frame_nr_t pfn)
{
	return pfn % 64 == 63 && frame_is_managed(pool, pfn) && !frame_is_free(pool, pfn)
		       ? ACRE_OK
		       : frame_free(pool, pfn);
}

/* Believes a double free. */
static enum acre_status believe(struct frame_pool *pool, frame_nr_t pfn)
{
	return frame_is_free(pool, pfn) ? ACRE_OK : frame_free(pool, pfn);
}

/* After a run of 3, a run of 2 is not the lowest. */
static frame_nr_t second_best(struct frame_pool *pool, frame_count_t nframes, uint64_t align_bytes)
{
	frame_nr_t pfn = frame_alloc_range(pool, nframes, align_bytes);

	if (nframes == 2 && liar.was_asked_for_3 && pfn != FRAME_NONE) {
		frame_nr_t next = frame_alloc_range(pool, nframes, align_bytes);
		if (next != FRAME_NONE) {
			(void)frame_free_range(pool, pfn, nframes);
			return next;
		}
	}
	liar.was_asked_for_3 |= nframes == 3;
	return pfn;
}

#define LIES 400u /* calls at a time, until it is found out */

static size_t shrunk(const struct frame_subject *subject, struct frame_call *calls)
{
	static const struct frame_model_bank banks[] = { { 0x80201, 700 } };
	const struct frame_model_trial trial = {
		.banks = banks,
		.nbanks = 1,
		.rounds = 100,
		.ncalls = LIES,
		.every = 4,
		.nharts = 1,
		.subject = subject,
	};

	return frame_model_try(&trial, calls);
}

KTEST(frame_model, a_lie_is_shrunk_to_the_calls_that_it_takes)
{
	static const struct frame_subject forgetful = { liar_reset, frame_alloc, frame_alloc_range,
							forget_some, frame_free_range };
	static const struct frame_subject trusting = { liar_reset, frame_alloc, frame_alloc_range,
						       believe, frame_free_range };
	static const struct frame_subject careless = { liar_reset, frame_alloc, second_best,
						       frame_free, frame_free_range };
	struct frame_call *calls = ktest_alloc(LIES * sizeof(*calls), 8);
	char text[FRAME_CALL_LEN];

	REQUIRE_EQ(shrunk(&forgetful, calls), 3); /* insert it, take it, give it back */
	EXPECT_EQ(calls[2].verb, VERB_FREE);
	EXPECT_EQ(calls[2].pfn % 64, 63);
	REQUIRE_EQ(shrunk(&trusting, calls), 2); /* insert it, give it back */
	EXPECT_EQ(calls[0].verb, VERB_INSERT);
	EXPECT_EQ(calls[0].nframes, 1);
	EXPECT_EQ(calls[1].verb, VERB_FREE);
	EXPECT_EQ(calls[1].pfn, calls[0].pfn);
	size_t n = shrunk(&careless, calls); /* insert, in one piece or two, ask for 3, ask for 2 */
	REQUIRE(n == 3 || n == 4);
	frame_call_str(text, &calls[n - 1]);
	EXPECT_STR(text, "frame_alloc_range(pool, 2, FRAME_SIZE << 0);");
}

KTEST(frame_model, calls_are_printed_as_they_are_written)
{
	static const struct frame_call calls[] = {
		{ .verb = VERB_INSERT, .pfn = 0x80200, .nframes = 7 },
		{ .verb = VERB_REMOVE, .pfn = 0x80201, .nframes = 1 },
		{ .verb = VERB_ALLOC, .hart = 3 },
		{ .verb = VERB_ALLOC_AT, .pfn = 1, .nframes = 2 },
		{ .verb = VERB_FREE, .pfn = 0x80202 },
		{ .verb = VERB_FREE_RANGE, .pfn = 9, .nframes = 600 },
		{ .verb = VERB_ASK, .pfn = 255 },
	};
	static const char *const text[] = {
		"frame_insert(pool, 0x80200, 7);",   "frame_remove(pool, 0x80201, 1);",
		"host_hart = 3; frame_alloc(pool);", "frame_alloc_at(pool, 0x1, 2);",
		"frame_free(pool, 0x80202);",        "frame_free_range(pool, 0x9, 600);",
		"frame_is_free(pool, 0xff);",
	};
	char said[FRAME_CALL_LEN];

	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
		frame_call_str(said, &calls[i]);
		EXPECT_STR(said, text[i]);
	}
}
