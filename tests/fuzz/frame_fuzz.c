/* SPDX-License-Identifier: MIT */
/*
 * frame_fuzz.c - libFuzzer: any bytes as calls of the frame pool, against the model of tests/support/frame_model.c.
 *
 * The first byte chooses the banks; six bytes are a call, so that leaving some out, repeating them or
 * putting two lists together, as the fuzzer does, makes lists of calls again. The calls that went wrong are
 * shrunk and printed as C.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mm/frame/frame.h"
#include "mm/frame/frame_types.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/abort_platform.h"
#include "tests/support/frame_model.h"

#define MAX_CALLS  700u
#define CALL_BYTES 6u
#define EVERY      4u

struct layout {
	unsigned nbanks;
	struct frame_model_bank bank[FRAME_MODEL_MAX_BANKS];
};

static const struct layout layouts[] = {
	{ 1, { { 0, 100 } } },
	{ 1, { { 0x80200, 512 } } },
	{ 1, { { 0x803f0, 1100 } } },
	{ 1, { { 0x80600, 9 * 512 } } },
	{ 3, { { 0, 70 }, { 70, 1000 }, { FRAME_LIMIT - 700, 700 } } },
};

static struct frame_pool pool;
static struct frame_call calls[MAX_CALLS];
static unsigned nbad;
static struct platform_bad_free last;

static void note_bad_free(const struct platform_bad_free *report)
{
	nbad++;
	last = *report;
}

static unsigned bad_frees(void)
{
	unsigned n = nbad;

	nbad = 0;
	return n;
}

static const struct platform_bad_free *last_bad_free(void)
{
	return &last;
}

static void set_hart(unsigned hart)
{
	host_hart = hart;
}

static struct frame_call decode(const struct layout *layout, const uint8_t *byte)
{
	const struct frame_model_bank *bank = &layout->bank[byte[1] / 16 % layout->nbanks];
	uint64_t place = byte[2] | (uint64_t)byte[3] << 8;
	uint64_t length = byte[4] | (uint64_t)byte[5] << 8;

	/* A frame before the bank and one behind it, and a length that does not fit, are calls too. */
	return (struct frame_call){
		.verb = byte[0] % VERBS,
		.hart = byte[0] / VERBS % 4,
		.align = byte[1] % 16 % 14,
		.pfn = bank->first - 1 + place % (bank->nframes + 2),
		.nframes = length % (bank->nframes + 2),
	};
}

static void print_calls(const struct layout *layout, size_t n)
{
	char text[FRAME_CALL_LEN];

	for (unsigned b = 0; b < layout->nbanks; b++)
		fprintf(stderr, "rig_add_bank(&r, 0x%llx, %llu);\n",
			(unsigned long long)layout->bank[b].first,
			(unsigned long long)layout->bank[b].nframes);
	for (size_t i = 0; i < n; i++) {
		frame_call_str(text, &calls[i]);
		fprintf(stderr, "%s\n", text);
	}
}

static void run(const struct layout *layout, size_t n)
{
	struct frame_model m = {
		.pool = &pool,
		.subject = &frame_pool_subject,
		.banks = layout->bank,
		.nbanks = layout->nbanks,
		.nharts = 4,
		.set_hart = set_hart,
		.bad_frees = bad_frees,
		.last_bad_free = last_bad_free,
	};
	size_t at;

	/* A block of its own, so that a step past the metadata is seen. */
	m.memory = aligned_alloc(64, frame_model_bytes(layout->bank, layout->nbanks, n));
	if (m.memory == NULL)
		return;
	if (frame_model_run(&m, calls, n, EVERY, &at) != NULL) {
		n = frame_model_shrink(&m, calls, at < n ? at + 1 : n, EVERY);
		const char *broken = frame_model_run(&m, calls, n, 1, &at);
		fprintf(stderr, "broken: %s\n", broken != NULL ? broken : "not again");
		print_calls(layout, n);
		abort();
	}
	free(m.memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = 0;

	if (size == 0)
		return 0;
	const struct layout *layout = &layouts[data[0] % (sizeof(layouts) / sizeof(layouts[0]))];
	host_bad_free_hook = note_bad_free;
	for (data++, size--; size >= CALL_BYTES && n < MAX_CALLS;
	     data += CALL_BYTES, size -= CALL_BYTES)
		calls[n++] = decode(layout, data);
	run(layout, n);
	return 0;
}
