/* SPDX-License-Identifier: MIT */
/* lock_report.h - what the kernel's locks have seen, for the prompt. */
#ifndef ACRE_KERNEL_LOCK_REPORT_H
#define ACRE_KERNEL_LOCK_REPORT_H

#include <stddef.h>

#include "lib/lock.h"

/*
 * report_locks - a line for each lock that the kernel has, except classes of objects without a
 * slab whose lock no hart ever waited for: holds, holds that were waited for, unsuccessful looks,
 * the longest wait in holds of others, which hart holds it and where that was. Says so where the
 * counts mean nothing. Takes none of them to look, and the console's to print.
 */
void report_locks(void);

#define LOCKS_NAME_LEN 32u

/*
 * locks_at - lock @i of the kernel, in the order in which they may be held (lib/lock.h), and its
 * name in @name, of @size bytes. NULL past the last.
 */
const struct ticket_lock *locks_at(unsigned i, char *name, size_t size);

#define LOCKS_SENTENCE_LEN 160u

/* locks_sentence - one such line, without its end, into @buf of @size bytes. */
void locks_sentence(char *buf, size_t size, const char *name,
		    const struct ticket_lock_stats *stats);

#endif
