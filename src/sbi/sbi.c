/* SPDX-License-Identifier: MIT */
/* sbi.c - the base extension, and names for what it tells. */
#include "sbi/sbi.h"

#include "lib/compiler.h"
#include "lib/fmt.h"
#include "sbi/ecall.h"

static const unsigned long extension_id[SBI_EXT_COUNT] = {
	[SBI_EXT_BASE] = SBI_EID_BASE,
	[SBI_EXT_TIME] = SBI_EID_TIME,
	[SBI_EXT_IPI] = SBI_EID_IPI,
	[SBI_EXT_RFENCE] = SBI_EID_RFENCE,
	[SBI_EXT_HSM] = SBI_EID_HSM,
	[SBI_EXT_SRST] = SBI_EID_SRST,
	[SBI_EXT_PMU] = SBI_EID_PMU,
	[SBI_EXT_DBCN] = SBI_EID_DBCN,
	[SBI_EXT_SUSP] = SBI_EID_SUSP,
	[SBI_EXT_LEGACY_SET_TIMER] = SBI_EID_LEGACY_SET_TIMER,
	[SBI_EXT_LEGACY_CONSOLE_PUTCHAR] = SBI_EID_LEGACY_CONSOLE_PUTCHAR,
	[SBI_EXT_LEGACY_CONSOLE_GETCHAR] = SBI_EID_LEGACY_CONSOLE_GETCHAR,
	[SBI_EXT_LEGACY_CLEAR_IPI] = SBI_EID_LEGACY_CLEAR_IPI,
	[SBI_EXT_LEGACY_SEND_IPI] = SBI_EID_LEGACY_SEND_IPI,
	[SBI_EXT_LEGACY_REMOTE_FENCE_I] = SBI_EID_LEGACY_REMOTE_FENCE_I,
	[SBI_EXT_LEGACY_REMOTE_SFENCE_VMA] = SBI_EID_LEGACY_REMOTE_SFENCE_VMA,
	[SBI_EXT_LEGACY_REMOTE_SFENCE_VMA_ASID] = SBI_EID_LEGACY_REMOTE_SFENCE_VMA_ASID,
	[SBI_EXT_LEGACY_SHUTDOWN] = SBI_EID_LEGACY_SHUTDOWN,
};

_Static_assert(SBI_EXT_COUNT <= 32, "struct sbi has 32 bits for extensions");

/* A base call that fails (it must not, by 4.1 to 4.7) leaves @otherwise. */
static unsigned long base_call(unsigned long fid, unsigned long arg, unsigned long otherwise)
{
	struct sbi_ret ret = sbi_ecall(SBI_EID_BASE, fid, arg, 0, 0, 0, 0, 0);

	return ret.error == SBI_SUCCESS ? ret.value : otherwise;
}

static uint32_t bit(enum sbi_ext ext)
{
	return 1u << ext;
}

/* Nothing can be asked; chapter 5 is what such a firmware had to have. */
static void assume_legacy(struct sbi *sbi)
{
	sbi->spec_minor = 1;
	sbi->impl_id = SBI_IMPL_UNKNOWN;
	for (enum sbi_ext e = SBI_EXT_LEGACY_SET_TIMER; e < SBI_EXT_COUNT; e++)
		sbi->extensions |= bit(e);
}

static void ask_base(struct sbi *sbi, unsigned long version)
{
	sbi->spec_major = version >> SBI_SPEC_VERSION_MAJOR_SHIFT & SBI_SPEC_VERSION_MAJOR_MASK;
	sbi->spec_minor = version & SBI_SPEC_VERSION_MINOR_MASK;
	sbi->impl_id = base_call(SBI_BASE_GET_IMPL_ID, 0, SBI_IMPL_UNKNOWN);
	sbi->impl_version = base_call(SBI_BASE_GET_IMPL_VERSION, 0, 0);
	sbi->mvendorid = base_call(SBI_BASE_GET_MVENDORID, 0, 0);
	sbi->marchid = base_call(SBI_BASE_GET_MARCHID, 0, 0);
	sbi->mimpid = base_call(SBI_BASE_GET_MIMPID, 0, 0);
	sbi->extensions = bit(SBI_EXT_BASE); /* it has just answered */
	for (enum sbi_ext e = SBI_EXT_BASE + 1; e < SBI_EXT_COUNT; e++) {
		if (base_call(SBI_BASE_PROBE_EXTENSION, extension_id[e], 0) != 0)
			sbi->extensions |= bit(e);
	}
}

void sbi_probe(struct sbi *sbi)
{
	struct sbi_ret version =
		sbi_ecall(SBI_EID_BASE, SBI_BASE_GET_SPEC_VERSION, 0, 0, 0, 0, 0, 0);

	*sbi = (struct sbi){ 0 };
	if (version.error == SBI_SUCCESS)
		ask_base(sbi, version.value);
	else
		assume_legacy(sbi);
	sbi->console = sbi_console_choose(sbi);
}

unsigned long sbi_ext_id(enum sbi_ext ext)
{
	return extension_id[ext];
}

const char *sbi_ext_name(enum sbi_ext ext)
{
	static const char *const name[SBI_EXT_COUNT] = {
		[SBI_EXT_BASE] = "base",
		[SBI_EXT_TIME] = "timer",
		[SBI_EXT_IPI] = "interprocessor interrupts",
		[SBI_EXT_RFENCE] = "remote fences",
		[SBI_EXT_HSM] = "hart state management",
		[SBI_EXT_SRST] = "system reset",
		[SBI_EXT_PMU] = "performance monitoring",
		[SBI_EXT_DBCN] = "debug console",
		[SBI_EXT_SUSP] = "system suspend",
		[SBI_EXT_LEGACY_SET_TIMER] = "legacy: set timer",
		[SBI_EXT_LEGACY_CONSOLE_PUTCHAR] = "legacy: console putchar",
		[SBI_EXT_LEGACY_CONSOLE_GETCHAR] = "legacy: console getchar",
		[SBI_EXT_LEGACY_CLEAR_IPI] = "legacy: clear IPI",
		[SBI_EXT_LEGACY_SEND_IPI] = "legacy: send IPI",
		[SBI_EXT_LEGACY_REMOTE_FENCE_I] = "legacy: remote fence.i",
		[SBI_EXT_LEGACY_REMOTE_SFENCE_VMA] = "legacy: remote sfence.vma",
		[SBI_EXT_LEGACY_REMOTE_SFENCE_VMA_ASID] = "legacy: the same with ASID",
		[SBI_EXT_LEGACY_SHUTDOWN] = "legacy: shutdown",
	};

	return name[ext];
}

const char *sbi_impl_name(unsigned long impl_id)
{
	static const char *const name[] = {
		[SBI_IMPL_BBL] = "BBL",
		[SBI_IMPL_OPENSBI] = "OpenSBI",
		[SBI_IMPL_XVISOR] = "Xvisor",
		[SBI_IMPL_KVM] = "KVM",
		[SBI_IMPL_RUSTSBI] = "RustSBI",
		[SBI_IMPL_DIOSIX] = "Diosix",
		[SBI_IMPL_COFFER] = "Coffer",
		[SBI_IMPL_XEN] = "Xen",
		[SBI_IMPL_POLARFIRE] = "PolarFire Hart Software Services",
		[SBI_IMPL_COREBOOT] = "coreboot",
		[SBI_IMPL_OREBOOT] = "oreboot",
		[SBI_IMPL_BHYVE] = "bhyve",
	};

	return impl_id < ARRAY_SIZE(name) ? name[impl_id] : "unknown";
}

const char *sbi_impl_version_str(const struct sbi *sbi, char buf[SBI_IMPL_VERSION_LEN])
{
	unsigned long v = sbi->impl_version;

	switch (sbi->impl_id) {
	case SBI_IMPL_OPENSBI: /* major in the upper half, minor in the lower */
		fmt_buffer(buf, SBI_IMPL_VERSION_LEN, "%lu.%lu", v >> 16, v & 0xffff);
		break;
	case SBI_IMPL_KVM: /* LINUX_VERSION_CODE */
	case SBI_IMPL_RUSTSBI:
		fmt_buffer(buf, SBI_IMPL_VERSION_LEN, "%lu.%lu.%lu", v >> 16, v >> 8 & 0xff,
			   v & 0xff);
		break;
	default:
		fmt_buffer(buf, SBI_IMPL_VERSION_LEN, "0x%lx", v);
		break;
	}
	return buf;
}

static const struct {
	const char *name;
	enum acre_status status;
} error_of[] = {
	[-SBI_SUCCESS] = { "SBI_SUCCESS", ACRE_OK },
	[-SBI_ERR_FAILED] = { "SBI_ERR_FAILED", ACRE_ERR_IO },
	[-SBI_ERR_NOT_SUPPORTED] = { "SBI_ERR_NOT_SUPPORTED", ACRE_ERR_UNSUPPORTED },
	[-SBI_ERR_INVALID_PARAM] = { "SBI_ERR_INVALID_PARAM", ACRE_ERR_INVALID },
	[-SBI_ERR_DENIED] = { "SBI_ERR_DENIED", ACRE_ERR_DENIED },
	[-SBI_ERR_INVALID_ADDRESS] = { "SBI_ERR_INVALID_ADDRESS", ACRE_ERR_RANGE },
	[-SBI_ERR_ALREADY_AVAILABLE] = { "SBI_ERR_ALREADY_AVAILABLE", ACRE_ERR_ALREADY },
	[-SBI_ERR_ALREADY_STARTED] = { "SBI_ERR_ALREADY_STARTED", ACRE_ERR_ALREADY },
	[-SBI_ERR_ALREADY_STOPPED] = { "SBI_ERR_ALREADY_STOPPED", ACRE_ERR_ALREADY },
	[-SBI_ERR_NO_SHMEM] = { "SBI_ERR_NO_SHMEM", ACRE_ERR_NOT_FOUND },
	[-SBI_ERR_INVALID_STATE] = { "SBI_ERR_INVALID_STATE", ACRE_ERR_INVALID },
	[-SBI_ERR_BAD_RANGE] = { "SBI_ERR_BAD_RANGE", ACRE_ERR_RANGE },
	[-SBI_ERR_TIMEOUT] = { "SBI_ERR_TIMEOUT", ACRE_ERR_TIMEOUT },
	[-SBI_ERR_IO] = { "SBI_ERR_IO", ACRE_ERR_IO },
	[-SBI_ERR_DENIED_LOCKED] = { "SBI_ERR_DENIED_LOCKED", ACRE_ERR_DENIED },
};

_Static_assert(ARRAY_SIZE(error_of) == 1 - SBI_ERR_LAST, "one entry for each error");

const char *sbi_error_str(long error)
{
	return error > 0 || error < SBI_ERR_LAST ? "SBI_ERR_UNKNOWN" : error_of[-error].name;
}

enum acre_status sbi_status(long error)
{
	return error > 0 || error < SBI_ERR_LAST ? ACRE_ERR_IO : error_of[-error].status;
}
