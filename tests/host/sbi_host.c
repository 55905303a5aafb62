/* SPDX-License-Identifier: MIT */
/* sbi_host.c (host) - the probe and the names, against firmwares of several ages. */
#include "sbi/sbi.h"

#include <string.h>

#include "lib/compiler.h"
#include "sbi/console.h"
#include "tests/host/fake_ecall.h"
#include "tests/support/ktest.h"

static const uint32_t all_legacy = 0x1ffu << SBI_EXT_LEGACY_SET_TIMER;

KTEST(sbi, probe_tells_who_the_firmware_is)
{
	struct sbi sbi;

	memset(&sbi, 0xa5, sizeof(sbi)); /* nothing of what was there before stays */
	fake_like_opensbi_1_1();
	fake.mvendorid = 0x489;
	fake.marchid = 0x8000000000000007;
	fake.mimpid = 0x20181004;
	sbi_probe(&sbi);
	EXPECT_EQ(sbi.spec_major, 1);
	EXPECT_EQ(sbi.spec_minor, 0);
	EXPECT_EQ(sbi.impl_id, SBI_IMPL_OPENSBI);
	EXPECT_EQ(sbi.impl_version, 0x10001);
	EXPECT_EQ(sbi.mvendorid, 0x489);
	EXPECT_EQ(sbi.marchid, 0x8000000000000007);
	EXPECT_EQ(sbi.mimpid, 0x20181004);
	EXPECT_EQ(fake.ncalls, 23);
}

KTEST(sbi, probe_finds_each_extension_alone)
{
	for (unsigned e = SBI_EXT_BASE + 1; e < SBI_EXT_COUNT; e++) {
		struct sbi sbi;
		fake_reset();
		fake_add(sbi_ext_id((enum sbi_ext)e));
		sbi_probe(&sbi);
		EXPECT_EQ(sbi.extensions, 1u << SBI_EXT_BASE | 1u << e);
		EXPECT(sbi_has(&sbi, (enum sbi_ext)e));
	}
}

KTEST(sbi, probe_finds_what_opensbi_has)
{
	struct sbi sbi;

	fake_like_opensbi_1_1();
	sbi_probe(&sbi);
	EXPECT(sbi_has(&sbi, SBI_EXT_HSM));
	EXPECT(!sbi_has(&sbi, SBI_EXT_DBCN));
	EXPECT(!sbi_has(&sbi, SBI_EXT_SUSP));
	EXPECT_EQ(sbi.extensions & all_legacy, all_legacy);
	fake_like_opensbi_1_3();
	sbi_probe(&sbi);
	EXPECT_EQ(sbi.extensions, (1u << SBI_EXT_COUNT) - 1);
}

KTEST(sbi, probe_splits_the_spec_version)
{
	struct sbi sbi;

	fake_reset();
	fake.spec_version = 3ul << 24;
	sbi_probe(&sbi);
	EXPECT_EQ(sbi.spec_major, 3);
	EXPECT_EQ(sbi.spec_minor, 0);
	fake.spec_version = 0x7fffffff;
	sbi_probe(&sbi);
	EXPECT_EQ(sbi.spec_major, 0x7f);
	EXPECT_EQ(sbi.spec_minor, 0xffffff);
	fake.spec_version = 2; /* 0.2, the first with a base extension */
	sbi_probe(&sbi);
	EXPECT_EQ(sbi.spec_major, 0);
	EXPECT_EQ(sbi.spec_minor, 2);
	EXPECT(sbi_has(&sbi, SBI_EXT_BASE));
}

KTEST(sbi, firmware_without_base_is_0_1_with_legacy_calls_only)
{
	struct sbi sbi;

	fake_like_0_1();
	sbi_probe(&sbi);
	EXPECT_EQ(sbi.spec_major, 0);
	EXPECT_EQ(sbi.spec_minor, 1);
	EXPECT_EQ(sbi.extensions, all_legacy);
	EXPECT_EQ(sbi.impl_id, SBI_IMPL_UNKNOWN);
	EXPECT_EQ(sbi.impl_version, 0);
	EXPECT_STR(sbi_impl_name(sbi.impl_id), "unknown");
	EXPECT_STR(sbi_console_name(&sbi), "legacy");
	EXPECT_EQ(fake.ncalls, 1); /* it could not have answered more */
}

KTEST(sbi, a_base_call_that_fails_leaves_no_rubbish)
{
	struct sbi sbi;

	fake_like_opensbi_1_3();
	fake.base_fails = ~(1u << SBI_BASE_GET_SPEC_VERSION);
	sbi_probe(&sbi);
	EXPECT_EQ(sbi.spec_major, 1);
	EXPECT_EQ(sbi.impl_id, SBI_IMPL_UNKNOWN);
	EXPECT_EQ(sbi.impl_version, 0);
	EXPECT_EQ(sbi.mvendorid, 0);
	EXPECT_EQ(sbi.marchid, 0);
	EXPECT_EQ(sbi.mimpid, 0);
	EXPECT_EQ(sbi.extensions, 1u << SBI_EXT_BASE); /* none was admitted to */
	EXPECT_STR(sbi_console_name(&sbi), "none");
}

KTEST(sbi, nothing_is_there_before_the_probe)
{
	struct sbi sbi = { 0 };

	for (unsigned e = 0; e < SBI_EXT_COUNT; e++)
		EXPECT(!sbi_has(&sbi, (enum sbi_ext)e));
}

KTEST(sbi, every_extension_has_a_number_of_its_own)
{
	for (unsigned a = 0; a < SBI_EXT_COUNT; a++) {
		for (unsigned b = 0; b < a; b++)
			EXPECT(sbi_ext_id((enum sbi_ext)a) != sbi_ext_id((enum sbi_ext)b));
	}
}

/* An EID is its name in ASCII. */
static unsigned long ascii(const char *name)
{
	unsigned long eid = 0;

	for (; *name != '\0'; name++)
		eid = eid << 8 | (unsigned char)*name;
	return eid;
}

KTEST(sbi, extension_ids_spell_their_names)
{
	EXPECT_EQ(SBI_EID_TIME, ascii("TIME"));
	EXPECT_EQ(SBI_EID_IPI, ascii("sPI"));
	EXPECT_EQ(SBI_EID_RFENCE, ascii("RFNC"));
	EXPECT_EQ(SBI_EID_HSM, ascii("HSM"));
	EXPECT_EQ(SBI_EID_SRST, ascii("SRST"));
	EXPECT_EQ(SBI_EID_PMU, ascii("PMU"));
	EXPECT_EQ(SBI_EID_DBCN, ascii("DBCN"));
	EXPECT_EQ(SBI_EID_SUSP, ascii("SUSP"));
}

static const struct {
	long error;
	const char *name;
	enum acre_status status;
} table[] = {
	{ 0, "SBI_SUCCESS", ACRE_OK },
	{ -1, "SBI_ERR_FAILED", ACRE_ERR_IO },
	{ -2, "SBI_ERR_NOT_SUPPORTED", ACRE_ERR_UNSUPPORTED },
	{ -3, "SBI_ERR_INVALID_PARAM", ACRE_ERR_INVALID },
	{ -4, "SBI_ERR_DENIED", ACRE_ERR_DENIED },
	{ -5, "SBI_ERR_INVALID_ADDRESS", ACRE_ERR_RANGE },
	{ -6, "SBI_ERR_ALREADY_AVAILABLE", ACRE_ERR_ALREADY },
	{ -7, "SBI_ERR_ALREADY_STARTED", ACRE_ERR_ALREADY },
	{ -8, "SBI_ERR_ALREADY_STOPPED", ACRE_ERR_ALREADY },
	{ -9, "SBI_ERR_NO_SHMEM", ACRE_ERR_NOT_FOUND },
	{ -10, "SBI_ERR_INVALID_STATE", ACRE_ERR_INVALID },
	{ -11, "SBI_ERR_BAD_RANGE", ACRE_ERR_RANGE },
	{ -12, "SBI_ERR_TIMEOUT", ACRE_ERR_TIMEOUT },
	{ -13, "SBI_ERR_IO", ACRE_ERR_IO },
	{ -14, "SBI_ERR_DENIED_LOCKED", ACRE_ERR_DENIED },
};

KTEST(sbi, every_error_has_its_name_and_a_status)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		EXPECT_STR(sbi_error_str(table[i].error), table[i].name);
		EXPECT_EQ(sbi_status(table[i].error), table[i].status);
	}
}

KTEST(sbi, unknown_errors_are_named_so)
{
	static const long error[] = { 1, -15, -38, 0x7fffffff, -0x80000000l, INT64_MAX, INT64_MIN };

	for (size_t i = 0; i < ARRAY_SIZE(error); i++) {
		EXPECT_STR(sbi_error_str(error[i]), "SBI_ERR_UNKNOWN");
		EXPECT_EQ(sbi_status(error[i]), ACRE_ERR_IO);
	}
}

KTEST(sbi, implementations_have_names)
{
	EXPECT_STR(sbi_impl_name(0), "BBL");
	EXPECT_STR(sbi_impl_name(1), "OpenSBI");
	EXPECT_STR(sbi_impl_name(2), "Xvisor");
	EXPECT_STR(sbi_impl_name(3), "KVM");
	EXPECT_STR(sbi_impl_name(4), "RustSBI");
	EXPECT_STR(sbi_impl_name(5), "Diosix");
	EXPECT_STR(sbi_impl_name(6), "Coffer");
	EXPECT_STR(sbi_impl_name(7), "Xen");
	EXPECT_STR(sbi_impl_name(8), "PolarFire Hart Software Services");
	EXPECT_STR(sbi_impl_name(9), "coreboot");
	EXPECT_STR(sbi_impl_name(10), "oreboot");
	EXPECT_STR(sbi_impl_name(11), "bhyve");
	EXPECT_STR(sbi_impl_name(12), "unknown");
	EXPECT_STR(sbi_impl_name(SBI_IMPL_UNKNOWN), "unknown");
}

KTEST(sbi, implementation_versions_read_as_their_makers_write_them)
{
	char buf[SBI_IMPL_VERSION_LEN];

	EXPECT_STR(sbi_impl_version_str(&(struct sbi){ .impl_id = 1, .impl_version = 0x10009 },
					buf),
		   "1.9");
	EXPECT_STR(sbi_impl_version_str(&(struct sbi){ .impl_id = 3, .impl_version = 0x60100 },
					buf),
		   "6.1.0");
	EXPECT_STR(sbi_impl_version_str(&(struct sbi){ .impl_id = 4, .impl_version = 0x000301 },
					buf),
		   "0.3.1");
	EXPECT_STR(sbi_impl_version_str(&(struct sbi){ .impl_id = 9, .impl_version = ~0ul }, buf),
		   "0xffffffffffffffff");
	EXPECT_STR(sbi_impl_version_str(&(struct sbi){ .impl_id = 1, .impl_version = ~0ul }, buf),
		   "281474976710655.65535");
}
