/* SPDX-License-Identifier: MIT */
/*
 * platform.h - THE SEAM: all that lib, fdt and mm ask of the world below them.
 *
 * It has two halves. What is on the path of every allocation is `static inline` in platform_arch.h,
 * which the include path chooses (src/kernel/rv64, tests/host/arch, ...); a call each would double
 * the cost of an allocation. The rest is ordinary functions chosen at link time. To lift src/lib,
 * src/fdt and src/mm into another system, write these and nothing else (docs/porting.md).
 *
 * platform_arch.h must provide:
 *
 *   unsigned long platform_irq_save(void)         interrupts off on this hart; the state before.
 *                                                 Until they are restored the caller stays on this
 *                                                 hart: no preemption
 *   void platform_irq_restore(unsigned long s)    back to what platform_irq_save() returned
 *   bool platform_may_wait(void)                  may this caller take its time? Interrupts are on, and
 *                                                 it is no handler
 *   unsigned platform_hart(void)                  dense index of this hart < PLATFORM_MAX_HARTS
 *   void platform_relax(void)                     a hint that this hart spins
 *   bool platform_panicking(void)                 another hart has panicked: wait for no lock;
 *                                                 need not return then
 *   PLATFORM_HAS_CTZ                              1 if __builtin_ctzll is an instruction, else 0
 *   PLATFORM_MAX_HARTS                            upper bound of platform_hart() + 1
 *   PLATFORM_HAS_HART_RECORD                      1 if each hart has a record with room for slots
 *                                                 (lib/hart_slots.h), else 0
 *
 * It may define PLATFORM_HAS_OR_RELEASE and then provides
 *
 *   uint64_t platform_or_release(_Atomic uint64_t *word, uint64_t bits)
 *                                                 atomic_fetch_or_explicit(), memory_order_release,
 *                                                 where the compiler's needs more instructions
 *
 * and PLATFORM_HAS_PLAIN_STORE, where a plain store of an aligned object of up to 64 bits is whole
 * and the compiler's atomic store costs more (lib/atomic_store.h);
 *
 * and where PLATFORM_HAS_HART_RECORD is 1, the second of them inline or linked:
 *
 *   void *platform_hart_record(void)              the record of this hart
 *   void *platform_hart_record_of(unsigned hart)  that of hart @hart, any number; NULL: it has none
 */
#ifndef ACRE_LIB_PLATFORM_H
#define ACRE_LIB_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "platform_arch.h"

/*
 * platform_write - put @len bytes of @text on the console. May be called with any lock held and in
 * any interrupt state; must not allocate, must not fail.
 */
void platform_write(const char *text, size_t len);

/*
 * platform_panic - the end. @message is a complete sentence without a newline, @caller the address
 * that panicked. Must not allocate and must not take a lock. Does not return.
 */
acre_noreturn void platform_panic(const void *caller, const char *message);

/*
 * struct platform_bad_free - a free that an allocator refused. Nothing was changed by it. Or, if
 * is_write, memory that was written to after its free, found when it was handed out again. Strings
 * live for ever.
 */
struct platform_bad_free {
	const char *allocator; /* "frame" or "heap" */
	uint64_t address;      /* what was passed; is_write: the first byte that is wrong */
	uint64_t size;         /* bytes that the caller said, 0 if it said none */
	const void *caller;    /* who passed it; is_write: who got the memory next */
	const char *what;      /* what the address is: "free already", "inside a live block", ... */
	uint64_t actual_start; /* the block or frame that it belongs to, or @address */
	uint64_t actual_size;  /* the size of that in bytes, 0 if there is none */
	bool is_write;
	const char *past; /* "taken" or "freed": the last that happened to it; NULL: not recorded */
	const void *past_caller; /* by whom */
	unsigned past_hart;      /* platform_hart() of it */
};

/*
 * platform_bad_free - an allocator refused a free. Called exactly once for each, with no lock held.
 * The platform's policy decides whether to panic or to report and return.
 */
void platform_bad_free(const struct platform_bad_free *report);

#endif
