/* SPDX-License-Identifier: MIT */
/*
 * sbi.h - what firmware is below us and what it can do: asked once, then kept.
 *
 * Every function of src/sbi that stands for a call returns the SBI error as the firmware gave it
 * (a long: SBI_SUCCESS or a negative SBI_ERR_* of sbi_abi.h), because 'already started' and
 * 'already stopped' would look alike in our own vocabulary. sbi_error_str() names it, sbi_status()
 * translates it. A call whose extension is absent, and has no fallback, returns
 * SBI_ERR_NOT_SUPPORTED without a trap. None takes a lock; any hart, any interrupt state.
 */
#ifndef ACRE_SBI_SBI_H
#define ACRE_SBI_SBI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"
#include "sbi/sbi_abi.h"

/* The extensions that we look for, in the order in which they are listed to people. */
enum sbi_ext {
	SBI_EXT_BASE,
	SBI_EXT_TIME,
	SBI_EXT_IPI,
	SBI_EXT_RFENCE,
	SBI_EXT_HSM,
	SBI_EXT_SRST,
	SBI_EXT_PMU,
	SBI_EXT_DBCN,
	SBI_EXT_SUSP,
	SBI_EXT_LEGACY_SET_TIMER,
	SBI_EXT_LEGACY_CONSOLE_PUTCHAR,
	SBI_EXT_LEGACY_CONSOLE_GETCHAR,
	SBI_EXT_LEGACY_CLEAR_IPI,
	SBI_EXT_LEGACY_SEND_IPI,
	SBI_EXT_LEGACY_REMOTE_FENCE_I,
	SBI_EXT_LEGACY_REMOTE_SFENCE_VMA,
	SBI_EXT_LEGACY_REMOTE_SFENCE_VMA_ASID,
	SBI_EXT_LEGACY_SHUTDOWN,
	SBI_EXT_COUNT,
};

/* An implementation that does not say who it is. */
#define SBI_IMPL_UNKNOWN (~0ul)

struct sbi_console; /* console.h */

/*
 * struct sbi - one firmware. The caller owns it; read-only after sbi_probe(). All zeros is a
 * firmware not asked yet: it has no extension, and its console is legacy putchar and getchar, so
 * that a panic before the probe is seen.
 */
struct sbi {
	uint32_t spec_major;
	uint32_t spec_minor;
	uint32_t extensions; /* bit n: enum sbi_ext n is there */
	unsigned long impl_id;
	unsigned long impl_version; /* each implementation counts in its own way */
	unsigned long mvendorid;
	unsigned long marchid;
	unsigned long mimpid;
	const struct sbi_console *console; /* which calls carry the console */
};

/*
 * sbi_probe - ask the firmware for all of the above and choose the console.
 *         A firmware whose base extension answers with an error is older than 0.2: it becomes
 *         version 0.1 with the nine legacy calls, which it cannot be asked about.
 * Cost:   23 calls.
 * Source: SBI v3.0 chapter 4.
 */
void sbi_probe(struct sbi *sbi);

/*
 * sbi_console_choose - the best console that @sbi's extensions offer: DBCN, else legacy, else none
 * (console.c). For sbi_probe(). Result: a table that lives for ever.
 */
const struct sbi_console *sbi_console_choose(const struct sbi *sbi);

/* sbi_has - is the extension there? False for all before sbi_probe(). */
static inline bool sbi_has(const struct sbi *sbi, enum sbi_ext ext)
{
	return (sbi->extensions >> ext & 1u) != 0;
}

/* sbi_ext_id - the EID of @ext. sbi_ext_name - what it is for. Pre: @ext < SBI_EXT_COUNT. */
unsigned long sbi_ext_id(enum sbi_ext ext);
const char *sbi_ext_name(enum sbi_ext ext);

/*
 * sbi_impl_name - the name that goes with an implementation id ("OpenSBI"); "unknown" if none.
 * Source: SBI v3.0 section 4.9.
 */
const char *sbi_impl_name(unsigned long impl_id);

#define SBI_IMPL_VERSION_LEN 32

/*
 * sbi_impl_version_str - the implementation's version as it would write it itself: "1.1" for
 * OpenSBI 1.1, "0.3.1" for RustSBI, "6.1.0" for KVM, a hexadecimal number where the encoding is not
 * known. Result: @buf, terminated.
 */
const char *sbi_impl_version_str(const struct sbi *sbi, char buf[SBI_IMPL_VERSION_LEN]);

/*
 * sbi_error_str - the name of an error ("SBI_ERR_DENIED"); "SBI_ERR_UNKNOWN" for a number that
 * specification 3.0 does not list. Never NULL.
 * Source: SBI v3.0 chapter 3, table 1.
 */
const char *sbi_error_str(long error);

/* sbi_status - the nearest word of our own vocabulary; ACRE_ERR_IO for an unknown error. */
enum acre_status sbi_status(long error);

#endif
