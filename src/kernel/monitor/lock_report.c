/* SPDX-License-Identifier: MIT */
/* lock_report.c - the command `locks`. */
#include "kernel/monitor/lock_report.h"

#include "kernel/command.h"
#include "kernel/hart/harts.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/text.h"
#include "kernel/trap/symbols.h"
#include "lib/compiler.h"
#include "lib/fmt.h"
#include "lib/print.h"

/* "hart 3 at 0x80201234 frame_insert+0x14", or what else there is to say about now. */
static void now_sentence(char *buf, size_t size, const struct ticket_lock_stats *s)
{
	uint64_t offset;

	if (s->queue == 0) {
		fmt_buffer(buf, size, "free");
		return;
	}
	if (s->holder == 0 || s->holder > harts_count()) {
		fmt_buffer(buf, size, "changing hands");
		return;
	}
	/* The call that returns to there. */
	const char *name = symbol_find((uint64_t)s->site - 1, &offset);
	fmt_buffer(buf, size, "hart %llu at 0x%llx %s, %u waiting", (ull)hart_at(s->holder - 1)->id,
		   (ull)(uint64_t)s->site, name != NULL ? name : "", s->queue - 1);
}

void locks_sentence(char *buf, size_t size, const char *name, const struct ticket_lock_stats *s)
{
	char now[96];

	now_sentence(now, sizeof(now), s);
	fmt_buffer(buf, size, "%-10s %12llu %10llu %12llu %8u  %s%s", name, (ull)s->holds,
		   (ull)s->contended, (ull)s->spins, s->most_grants, now,
		   s->exact ? "" : " (a glance)");
}

void report_locks(void)
{
	/* In the order in which they may be held (lib/lock.h); not one for each class of objects. */
	const struct ticket_lock *lock[] = { &kernel_heap.lock, &kernel_heap.runs.lock,
					     &machine.frames.lock, acre_print_lock() };
	char line[LOCKS_SENTENCE_LEN];
	bool exact = true;

	acre_print("%-10s %12s %10s %12s %8s  %s\n", "lock", "holds", "waited for", "looks in vain",
		   "longest", "now");
	for (unsigned i = 0; i < ARRAY_SIZE(lock); i++) {
		struct ticket_lock_stats stats;

		ticket_lock_look(lock[i], &stats);
		locks_sentence(line, sizeof(line), ticket_lock_name(lock[i]), &stats);
		acre_print("%s\n", line);
		exact = exact && stats.exact;
	}
	acre_print("longest: the most holds of others that one wait saw; "
		   "with N harts at most N - 1\n");
	if (!exact)
		acre_print("a glance: the lock is in use, its counts are not all of one moment\n");
	if (machine.harts_online <= 1)
		acre_print("one hart is online: no hart can wait, "
			   "so the counts of waiting mean nothing\n");
}

COMMAND(locks) = {
	.name = "locks",
	.usage = "locks",
	.help = "what each lock has seen, and who holds it",
	.run = report_locks,
};
