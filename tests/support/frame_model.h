/* SPDX-License-Identifier: MIT */
/*
 * frame_model.h - calls of the frame pool, one after another, against an array of booleans.
 *
 *	struct frame_model m = { .pool = pool, .subject = &frame_pool_subject, .banks = banks, ... };
 *	m.memory = ktest_alloc(frame_model_bytes(banks, 2, calls), 64);
 *	broken = frame_model_run(&m, call, ncalls, 8, &at);
 *	if (broken != NULL)
 *		ncalls = frame_model_shrink(&m, call, at + 1, 8);
 *
 * A call says which frames it is about, so a list of calls means the same without some of them: that is
 * what makes shrinking work. No test runner in here: the fuzzer uses it too.
 */
#ifndef TESTS_FRAME_MODEL_H
#define TESTS_FRAME_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mm/frame/frame.h"
#include "tests/support/frame_room.h"

#define FRAME_MODEL_MAX_BANKS 4u

enum frame_verb {
	VERB_INSERT,
	VERB_REMOVE,
	VERB_ALLOC,
	VERB_ALLOC_RANGE,
	VERB_ALLOC_AT,
	VERB_FREE,
	VERB_FREE_RANGE,
	VERB_ASK,
	VERBS,
};

/* One call. What a verb has no use for is 0. */
struct frame_call {
	uint8_t verb;
	uint8_t hart;  /* that makes it; 0 where there is only one */
	uint8_t align; /* to 2^align frames */
	frame_nr_t pfn;
	frame_count_t nframes;
};

struct frame_model_bank {
	frame_nr_t first;
	frame_count_t nframes;
};

/* What is tested: frame_pool_subject, or something that lies, to show that it is found out. */
struct frame_subject {
	void (*reset)(void); /* a new pool; may be NULL */
	frame_nr_t (*alloc)(struct frame_pool *pool);
	frame_nr_t (*alloc_range)(struct frame_pool *pool, frame_count_t nframes,
				  uint64_t align_bytes);
	enum acre_status (*free)(struct frame_pool *pool, frame_nr_t pfn);
	enum acre_status (*free_range)(struct frame_pool *pool, frame_nr_t pfn,
				       frame_count_t nframes);
};

extern const struct frame_subject frame_pool_subject;

struct frame_model {
	struct frame_room room; /* the model's, for the pool */

	/* the caller's, and all but the pool and the memory are only read */
	struct frame_pool *pool;
	const struct frame_subject *subject;
	const struct frame_model_bank *banks; /* in order of address */
	unsigned nbanks;
	unsigned nharts;             /* 1 if there is only this one */
	void (*set_hart)(unsigned);  /* may be NULL where nharts is 1 */
	uint64_t (*random)(void);    /* for frame_model_pick() */
	unsigned (*bad_frees)(void); /* refused since the last time */
	const struct platform_bad_free *(*last_bad_free)(void);
	void *memory; /* frame_model_bytes(), aligned to 64 */

	/* the model's */
	uint8_t *state[FRAME_MODEL_MAX_BANKS];
	struct frame_call *scratch;
	frame_count_t count[3]; /* frames in each state */
	unsigned mood;          /* what frame_model_pick() is about */
	frame_nr_t last;        /* what the last allocation gave */
	uint64_t budget;        /* of shrinking: frames that may still be looked at, in 64s */
	char words[160];        /* what is wrong */
};

/* frame_model_bytes - memory for these banks and lists of @ncalls calls. */
size_t frame_model_bytes(const struct frame_model_bank *banks, unsigned nbanks, size_t ncalls);

/* frame_model_start - a new pool, with its banks, and nothing inserted. NULL, or what is wrong. */
const char *frame_model_start(struct frame_model *m);

/* frame_model_do - one call of both. NULL, or what is wrong; valid until the next call. */
const char *frame_model_do(struct frame_model *m, const struct frame_call *call);

/* frame_model_check - the whole pool is valid, and each of its bits is what the model says. */
const char *frame_model_check(struct frame_model *m);

/* frame_model_pick - a call that may be interesting now. */
struct frame_call frame_model_pick(struct frame_model *m);

/*
 * frame_model_run - all calls from a new pool, checked after every @every of them, and at the end.
 * Result: NULL, or what is wrong, and *@at is the call after which it was seen.
 */
const char *frame_model_run(struct frame_model *m, const struct frame_call *calls, size_t n,
			    size_t every, size_t *at);

/*
 * frame_model_shrink - leave out whatever can be left out of calls that go wrong, and make the rest
 * smaller, until they go wrong only if all of them are there, or some seconds are over, counted in
 * work. Result: how many are left.
 */
size_t frame_model_shrink(struct frame_model *m, struct frame_call *calls, size_t n, size_t every);

/* frame_call_str - the call as C, to be pasted into a case of tests/unit/frame_test.c. */
#define FRAME_CALL_LEN 120u
void frame_call_str(char text[FRAME_CALL_LEN], const struct frame_call *call);

#endif
