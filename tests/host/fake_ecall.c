/* SPDX-License-Identifier: MIT */
/* fake_ecall.c - the fake firmware of fake_ecall.h. */
#include "tests/host/fake_ecall.h"

#include <stdlib.h>
#include <string.h>

struct fake_firmware fake;

static const struct sbi_ret not_supported = { .error = SBI_ERR_NOT_SUPPORTED };

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.spec_version = 2ul << SBI_SPEC_VERSION_MAJOR_SHIFT;
	fake.chunk = SIZE_MAX;
	fake.fails_at = SIZE_MAX;
	fake_add(SBI_EID_BASE);
}

void fake_add(unsigned long eid)
{
	if (fake.npresent == FAKE_MAX_PRESENT)
		abort();
	fake.present[fake.npresent++] = eid;
}

void fake_like_opensbi_1_1(void)
{
	static const unsigned long eid[] = { SBI_EID_TIME, SBI_EID_IPI,  SBI_EID_RFENCE,
					     SBI_EID_HSM,  SBI_EID_SRST, SBI_EID_PMU };

	fake_reset();
	fake.spec_version = 1ul << SBI_SPEC_VERSION_MAJOR_SHIFT;
	fake.impl_id = SBI_IMPL_OPENSBI;
	fake.impl_version = 0x10001;
	for (size_t i = 0; i < sizeof(eid) / sizeof(eid[0]); i++)
		fake_add(eid[i]);
	for (unsigned long e = SBI_EID_LEGACY_SET_TIMER; e <= SBI_EID_LEGACY_SHUTDOWN; e++)
		fake_add(e);
}

void fake_like_opensbi_1_3(void)
{
	fake_like_opensbi_1_1();
	fake.impl_version = 0x10003;
	fake_add(SBI_EID_DBCN);
	fake_add(SBI_EID_SUSP);
}

void fake_like_0_1(void)
{
	fake_reset();
	fake.npresent = 0;
	for (unsigned long e = SBI_EID_LEGACY_SET_TIMER; e <= SBI_EID_LEGACY_SHUTDOWN; e++)
		fake_add(e);
}

void fake_forget_calls(void)
{
	fake.ncalls = 0;
	fake.out_len = 0;
}

const struct fake_call *fake_last(void)
{
	if (fake.ncalls == 0 || fake.ncalls > FAKE_MAX_CALLS)
		abort();
	return &fake.call[fake.ncalls - 1];
}

unsigned fake_count(unsigned long eid, unsigned long fid)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake.ncalls && i < FAKE_MAX_CALLS; i++)
		n += fake.call[i].eid == eid && fake.call[i].fid == fid;
	return n;
}

static bool present(unsigned long eid)
{
	for (unsigned i = 0; i < fake.npresent; i++) {
		if (fake.present[i] == eid)
			return true;
	}
	return false;
}

static struct sbi_ret value(unsigned long v)
{
	return (struct sbi_ret){ .value = v };
}

static struct sbi_ret error(long e)
{
	/* a1 of a failed call is not to be looked at */
	return (struct sbi_ret){ .error = e, .value = 0xdeadbeef };
}

static struct sbi_ret base(const struct fake_call *c)
{
	if (c->fid < 32 && (fake.base_fails >> c->fid & 1u) != 0)
		return error(SBI_ERR_FAILED);
	switch (c->fid) {
	case SBI_BASE_GET_SPEC_VERSION:
		return value(fake.spec_version);
	case SBI_BASE_GET_IMPL_ID:
		return value(fake.impl_id);
	case SBI_BASE_GET_IMPL_VERSION:
		return value(fake.impl_version);
	case SBI_BASE_PROBE_EXTENSION:
		return value(present(c->arg[0]));
	case SBI_BASE_GET_MVENDORID:
		return value(fake.mvendorid);
	case SBI_BASE_GET_MARCHID:
		return value(fake.marchid);
	case SBI_BASE_GET_MIMPID:
		return value(fake.mimpid);
	default:
		return not_supported;
	}
}

static void put(char c)
{
	if (fake.out_len == FAKE_MAX_OUT)
		abort();
	fake.out[fake.out_len++] = c;
}

static bool is_secret(const struct fake_call *c)
{
	return c->arg[2] != 0 || (fake.secret_len != 0 && c->arg[1] + c->arg[0] > fake.secret &&
				  c->arg[1] < fake.secret + fake.secret_len);
}

static struct sbi_ret dbcn_write(const struct fake_call *c)
{
	const char *text = (const char *)c->arg[1];
	size_t len = c->arg[0];

	if (is_secret(c))
		return error(SBI_ERR_INVALID_PARAM);
	if (fake.write_error != 0 && fake.out_len >= fake.fails_at)
		return error(fake.write_error);
	if (fake.overstates)
		return value(len + 1);
	if (len > fake.chunk)
		len = fake.chunk;
	if (fake.write_error != 0 && len > fake.fails_at - fake.out_len)
		len = fake.fails_at - fake.out_len;
	for (size_t i = 0; i < len; i++)
		put(text[i]);
	return value(len);
}

static struct sbi_ret dbcn_read(const struct fake_call *c)
{
	size_t len = c->arg[0];

	if (is_secret(c))
		return error(SBI_ERR_INVALID_PARAM);
	if (fake.read_error != 0)
		return error(fake.read_error);
	if (len > fake.in_len)
		len = fake.in_len;
	memcpy((char *)c->arg[1], fake.in != NULL ? fake.in : "", len);
	fake.in += len;
	fake.in_len -= len;
	return value(len);
}

static struct sbi_ret dbcn(const struct fake_call *c)
{
	switch (c->fid) {
	case SBI_DBCN_WRITE:
		return dbcn_write(c);
	case SBI_DBCN_READ:
		return dbcn_read(c);
	case SBI_DBCN_WRITE_BYTE:
		if (fake.byte_error != 0)
			return error(fake.byte_error);
		put((char)c->arg[0]);
		return value(0);
	default:
		return not_supported;
	}
}

static struct sbi_ret legacy(const struct fake_call *c)
{
	switch (c->eid) {
	case SBI_EID_LEGACY_CONSOLE_PUTCHAR:
		if (fake.putchar_result >= 0)
			put((char)c->arg[0]);
		return error(fake.putchar_result);
	case SBI_EID_LEGACY_CONSOLE_GETCHAR:
		if (fake.in_len == 0)
			return error(-1);
		fake.in_len--;
		return error((unsigned char)*fake.in++);
	default:
		return fake.answer;
	}
}

static struct sbi_ret answer(struct fake_call *c)
{
	if (fake.ncalls < FAKE_MAX_CALLS)
		fake.call[fake.ncalls] = *c;
	fake.ncalls++;
	if (!present(c->eid))
		return not_supported;
	if (c->legacy)
		return legacy(c);
	switch (c->eid) {
	case SBI_EID_BASE:
		return base(c);
	case SBI_EID_DBCN:
		return dbcn(c);
	default:
		return fake.answer;
	}
}

struct sbi_ret sbi_ecall(unsigned long eid, unsigned long fid, unsigned long a0, unsigned long a1,
			 unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
	struct fake_call c = { .eid = eid, .fid = fid, .arg = { a0, a1, a2, a3, a4, a5 } };

	return answer(&c);
}

long sbi_ecall_legacy(unsigned long eid, unsigned long a0, unsigned long a1, unsigned long a2,
		      unsigned long a3)
{
	struct fake_call c = { .eid = eid, .legacy = true, .arg = { a0, a1, a2, a3 } };

	if (eid >= SBI_EID_LEGACY_SEND_IPI && eid <= SBI_EID_LEGACY_REMOTE_SFENCE_VMA_ASID)
		memcpy(c.mask, (const void *)a0, sizeof(c.mask));
	return answer(&c).error;
}
