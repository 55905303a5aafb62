/* SPDX-License-Identifier: MIT */
/*
 * fake_ecall.h - a firmware made of C: stands behind sbi_ecall() and sbi_ecall_legacy() on the
 * host.
 *
 * A test describes the firmware in `fake`, after fake_reset() or one of the fake_like_*(); every
 * call is written down. The base extension and both consoles behave as the specification says, with
 * the faults that the test asks for; every other extension that is present gives one fixed answer.
 * What is absent answers 'not supported'.
 */
#ifndef TESTS_HOST_FAKE_ECALL_H
#define TESTS_HOST_FAKE_ECALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sbi/ecall.h"
#include "sbi/sbi_abi.h"

#define FAKE_MAX_CALLS   512u
#define FAKE_MAX_PRESENT 32u
#define FAKE_MAX_OUT     1024u

struct fake_call {
	unsigned long eid;
	unsigned long fid;
	unsigned long arg[6];
	bool legacy;
	unsigned long mask[8]; /* what a legacy hart mask pointed to, at the time of the call */
};

struct fake_firmware {
	/* who it is */
	unsigned long spec_version;
	unsigned long impl_id, impl_version;
	unsigned long mvendorid, marchid, mimpid;
	unsigned base_fails; /* bit n: function n of the base extension gives an error */
	unsigned long present[FAKE_MAX_PRESENT];
	unsigned npresent;

	/* DBCN: how a call goes wrong */
	size_t chunk;     /* the most that one write takes; 0: it is busy and takes nothing */
	size_t fails_at;  /* a write that begins after so many bytes of output ... */
	long write_error; /* ... fails like this (0: never) */
	long byte_error;  /* what write_byte gives */
	long read_error;  /* what read gives */
	bool overstates;  /* a write claims one byte more than it was given */
	uintptr_t secret; /* firmware's own memory: an address here gives INVALID_PARAM */
	size_t secret_len;

	long putchar_result;   /* of the legacy call; the byte counts as written when it is >= 0 */
	struct sbi_ret answer; /* of every other extension */

	/* what came out, what is to come in */
	char out[FAKE_MAX_OUT];
	size_t out_len;
	const char *in;
	size_t in_len;

	struct fake_call call[FAKE_MAX_CALLS];
	unsigned ncalls; /* counts on past FAKE_MAX_CALLS */
};

extern struct fake_firmware fake;

/* fake_reset - a firmware of specification 2.0 that has nothing but the base extension. */
void fake_reset(void);

/* fake_add - it has the extension @eid too. */
void fake_add(unsigned long eid);

/* fake_like_opensbi_1_1 - SBI 1.0, all but DBCN and SUSP; fake_like_opensbi_1_3 - 1.0 and those. */
void fake_like_opensbi_1_1(void);
void fake_like_opensbi_1_3(void);

/* fake_like_0_1 - knows the nine legacy calls and nothing else, and cannot be asked. */
void fake_like_0_1(void);

/* fake_forget_calls - begin the list of calls and the output anew. */
void fake_forget_calls(void);

/* fake_last - the last call that was made. Pre: there was one. */
const struct fake_call *fake_last(void);

/* fake_count - how many calls went to function @fid of @eid. */
unsigned fake_count(unsigned long eid, unsigned long fid);

#endif
