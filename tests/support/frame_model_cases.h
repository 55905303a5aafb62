/* SPDX-License-Identifier: MIT */
/* frame_model_cases.h - random calls of the frame pool in a test case (tests/unit/frame_model_test.c). */
#ifndef TESTS_FRAME_MODEL_CASES_H
#define TESTS_FRAME_MODEL_CASES_H

#include "tests/support/frame_model.h"

struct frame_model_trial {
	const struct frame_model_bank *banks;
	unsigned nbanks;
	size_t rounds; /* each with a new pool */
	size_t ncalls; /* in each: few, since what goes wrong is to be shrunk */
	size_t every;  /* so often the whole pool is looked at */
	unsigned nharts;
	void (*set_hart)(unsigned);
	const struct frame_subject *subject; /* NULL: the pool */
};

/*
 * frame_model_try - make up calls and do them. If one goes wrong, they are shrunk; @calls has what is
 * left, and the result is how many. 0 if all went well.
 */
size_t frame_model_try(const struct frame_model_trial *trial, struct frame_call *calls);

/* frame_model_case - the same for a case: it fails, and prints the calls, if one goes wrong. */
void frame_model_case(const struct frame_model_trial *trial);

#endif
