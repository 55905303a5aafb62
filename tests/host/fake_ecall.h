/* SPDX-License-Identifier: MIT */
/*
 * fake_ecall.h - a firmware made of C: stands behind sbi_ecall() and sbi_ecall_legacy() on the
 * host, writes down every call and lets a handler of the test answer it.
 */
#ifndef TESTS_HOST_FAKE_ECALL_H
#define TESTS_HOST_FAKE_ECALL_H

#include <stdbool.h>

#include "sbi/ecall.h"
#include "sbi/sbi_abi.h"

struct fake_call {
	unsigned long eid;
	unsigned long fid;
	unsigned long arg[6];
	bool legacy;
};

/* Answers a call. For a legacy call only .error is looked at. */
typedef struct sbi_ret (*fake_handler)(const struct fake_call *call);

#define FAKE_MAX_CALLS 256u

struct fake_firmware {
	fake_handler handler;
	unsigned ncalls; /* counts on past FAKE_MAX_CALLS */
	struct fake_call call[FAKE_MAX_CALLS];
};

extern struct fake_firmware fake;

/* fake_reset - forget all calls and answer with @handler from now on; NULL: 'not supported'. */
void fake_reset(fake_handler handler);

#endif
