/* SPDX-License-Identifier: MIT */
/* fake_ecall.c - the fake firmware of fake_ecall.h. */
#include "tests/host/fake_ecall.h"

#include <stddef.h>
#include <string.h>

struct fake_firmware fake;

void fake_reset(fake_handler handler)
{
	memset(&fake, 0, sizeof(fake));
	fake.handler = handler;
}

static struct sbi_ret record(const struct fake_call *call)
{
	if (fake.ncalls < FAKE_MAX_CALLS)
		fake.call[fake.ncalls] = *call;
	fake.ncalls++;
	if (fake.handler == NULL)
		return (struct sbi_ret){ .error = SBI_ERR_NOT_SUPPORTED };
	return fake.handler(call);
}

struct sbi_ret sbi_ecall(unsigned long eid, unsigned long fid, unsigned long a0, unsigned long a1,
			 unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	return record(
		&(struct fake_call){ .eid = eid, .fid = fid, .arg = { a0, a1, a2, a3, a4, a5 } });
}

long sbi_ecall_legacy(unsigned long eid, unsigned long a0, unsigned long a1, unsigned long a2,
		      unsigned long a3)
{
	return record(&(struct fake_call){ .eid = eid, .legacy = true, .arg = { a0, a1, a2, a3 } })
		.error;
}
