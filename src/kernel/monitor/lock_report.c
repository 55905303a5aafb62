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
	fmt_buffer(buf, size, "%-14s %12llu %10llu %12llu %8u  %s%s", name, (ull)s->holds,
		   (ull)s->contended, (ull)s->spins, s->most_grants, now,
		   s->exact ? "" : " (a glance)");
}

/* "slabs of 96", "slabs of NAME" of a cache. */
static const struct ticket_lock *class_lock(unsigned class, char *name, size_t size)
{
	const struct slab_class *c = &kernel_heap.slabs.class[class];
	const char *slabs = ticket_lock_name(&c->lock);

	if (class <= SLAB_CLASSES)
		fmt_buffer(name, size, "%s of %zu", slabs, c->size);
	else if (class == SLAB_LARGE)
		fmt_buffer(name, size, "%s of one", slabs);
	else
		fmt_buffer(name, size, "%s of %s", slabs,
			   c->kind.name != NULL ? c->kind.name : "no cache");
	return &c->lock;
}

const struct ticket_lock *locks_at(unsigned i, char *name, size_t size)
{
	const struct ticket_lock *rest[] = { &kernel_heap.runs.lock, &machine.frames.lock,
					     &machine.reclaim.lock, acre_print_lock() };
	const struct ticket_lock *lock = &kernel_heap.lock;

	if (i > 0 && i <= SLAB_LARGE)
		return class_lock(i, name, size);
	if (i > SLAB_LARGE)
		lock = i - SLAB_LARGE <= ARRAY_SIZE(rest) ? rest[i - SLAB_LARGE - 1] : NULL;
	if (lock != NULL)
		fmt_buffer(name, size, "%s", ticket_lock_name(lock));
	return lock;
}

/* Lock @i is that of a class without slabs, and no hart ever waited for it. */
static bool is_idle_class(unsigned i, const struct ticket_lock_stats *s)
{
	return i > 0 && i <= SLAB_LARGE && s->contended == 0 && s->queue == 0 &&
	       atomic_load_explicit(&kernel_heap.slabs.class[i].nslabs, memory_order_relaxed) == 0;
}

void report_locks(void)
{
	const struct ticket_lock *lock;
	char name[LOCKS_NAME_LEN];
	char line[LOCKS_SENTENCE_LEN];
	bool exact = true;

	acre_print("%-14s %12s %10s %12s %8s  %s\n", "lock", "holds", "waited for", "failed looks",
		   "longest", "now");
	for (unsigned i = 0; (lock = locks_at(i, name, sizeof(name))) != NULL; i++) {
		struct ticket_lock_stats stats;

		ticket_lock_look(lock, &stats);
		if (is_idle_class(i, &stats))
			continue;
		locks_sentence(line, sizeof(line), name, &stats);
		acre_print("%s\n", line);
		exact = exact && stats.exact;
		if (!command_more())
			return;
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
	.example = "locks",
	.run = report_locks,
};
