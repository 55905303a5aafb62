/* SPDX-License-Identifier: MIT */
/* lock_report.h - what the kernel's locks have seen, for the prompt. */
#ifndef ACRE_KERNEL_LOCK_REPORT_H
#define ACRE_KERNEL_LOCK_REPORT_H

#include <stddef.h>

#include "lib/lock.h"

/*
 * report_locks - a line for each lock that the kernel has: holds, those that were waited for, looks
 * in vain, the longest wait in holds of others, who holds it and where that was. Says so where the
 * counts mean nothing. Takes none of them to look, and the console's to print.
 */
void report_locks(void);

#define LOCKS_SENTENCE_LEN 160u

/* locks_sentence - one such line, without its end, into @buf of @size bytes. */
void locks_sentence(char *buf, size_t size, const char *name,
		    const struct ticket_lock_stats *stats);

#endif
