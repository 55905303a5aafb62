/* SPDX-License-Identifier: MIT */
/* frame_model_host.c (host) - more calls than an emulated hart has time for, and from several harts. */
#include "lib/platform.h"
#include "tests/support/frame_model_cases.h"
#include "tests/support/ktest.h"

static void set_hart(unsigned hart)
{
	host_hart = hart;
}

static void try_banks(const struct frame_model_bank *banks, unsigned nbanks, size_t rounds,
		      size_t ncalls, size_t every, unsigned nharts)
{
	frame_model_case(&(struct frame_model_trial){
		.banks = banks,
		.nbanks = nbanks,
		.rounds = rounds,
		.ncalls = ncalls,
		.every = every,
		.nharts = nharts,
		.set_hart = set_hart,
	});
}

KTEST(frame_model, agrees_on_one_tiny_bank_for_long)
{
	static const struct frame_model_bank banks[] = { { 510, 5 } };

	try_banks(banks, 1, 200, 200, 1, 3);
}

KTEST(frame_model, agrees_on_several_chunks_for_long)
{
	static const struct frame_model_bank banks[] = { { 0x80201, 4001 } };

	try_banks(banks, 1, 60, 300, 8, 1);
}

KTEST(frame_model, agrees_on_many_chunks_and_harts_for_long)
{
	static const struct frame_model_bank banks[] = { { 0x80a00, 70 * 512 } };

	try_banks(banks, 1, 10, 400, 20, 5);
}

KTEST(frame_model, agrees_on_banks_that_share_chunks_and_several_harts_for_long)
{
	static const struct frame_model_bank banks[] = {
		{ 0, 700 },
		{ 700, 900 },
		{ 1601, 2500 },
		{ FRAME_LIMIT - 1000, 1000 },
	};

	try_banks(banks, 4, 60, 300, 8, 4);
}
