/* SPDX-License-Identifier: MIT */
/*
 * stress.c - harts play the stress of stress_core.h. Interrupts are on, and a timer ticks on each
 * of them at odd times: its handler takes and gives memory too, in the middle of whatever the hart
 * does.
 */
#include "selftest/stress.h"

#include <stdarg.h>

#include "kernel/command.h"
#include "kernel/hart/clock.h"
#include "kernel/hart/csr.h"
#include "kernel/hart/hart_life.h"
#include "kernel/hart/harts.h"
#include "kernel/kernel_sbi.h"
#include "kernel/machine.h"
#include "kernel/memory/kernel_heap.h"
#include "kernel/memory/kmalloc.h"
#include "kernel/memory/ledger.h"
#include "kernel/trap/exit.h"
#include "kernel/trap/trap_frame.h"
#include "kernel/words.h"
#include "lib/fmt.h"
#include "lib/print.h"
#include "lib/string.h"
#include "sbi/timer.h"
#include "selftest/background.h"
#include "selftest/irq_stress.h"
#include "selftest/selftest.h"

#define TICK_US      100u /* at least, from one tick to the next */
#define MORE_US      300u /* at most that much more */
#define HART_MS      20000u
#define TICKS_A_LOOK 64u /* from one look for Ctrl-C to the next */

/* Handlers know nothing but the hart that they run on. */
static struct stress *stress;
static stress_part part;
static _Atomic bool stopped; /* the person at the console has had enough */
static bool is_late;         /* a hart did not come back, and may play still */

static struct stress_player *player_here(void)
{
	return &stress->player[hart_self()->index];
}

static void set_timer(const struct stress_player *p)
{
	uint64_t us = TICK_US + p->ticks * 37 % MORE_US;

	(void)!sbi_set_timer(&kernel_sbi, clock_ticks() + 1 + us * clock_ticks_per_ms() / 1000);
}

static bool on_trap(struct trap_frame *frame)
{
	if (frame->scause != (SCAUSE_INTERRUPT | IRQ_TIMER))
		return false;
	stress_tick(player_here());
	if (hart_self()->index == 0 && player_here()->ticks % TICKS_A_LOOK == 0 &&
	    command_stopped())
		atomic_store(&stopped, true);
	set_timer(player_here());
	return true;
}

static void play_here(void *unused)
{
	(void)unused;
	hart_self()->trap_hook = on_trap;
	set_timer(player_here());
	csr_set(sie, 1ul << IRQ_TIMER);
	part(player_here());
	unsigned long irq = platform_irq_save();
	hart_self()->trap_hook = NULL;
	(void)!sbi_set_timer(&kernel_sbi, SBI_TIMER_NEVER);
	(void)clock_arm();
	platform_irq_restore(irq);
}

/* Hart 0 has the prompt, and can be asked to play by itself only. */
static bool on_all_harts(struct stress *s, stress_part fn)
{
	unsigned self = hart_self()->index;
	bool all = true;

	stress = s;
	part = fn;
	for (unsigned i = 1; i < s->nplayers; i++) {
		if (i != self && s->player[i].turn && hart_run(i, play_here, NULL) != ACRE_OK)
			all = s->player[i].plays = s->player[i].turn = false;
	}
	if (s->player[self].turn)
		play_here(NULL);
	for (unsigned i = 1; i < s->nplayers; i++) {
		if (i != self && s->player[i].turn && hart_join(i, HART_MS) != ACRE_OK) {
			is_late = true;
			all = false;
		}
	}
	return all;
}

static bool was_stopped(void)
{
	return atomic_load_explicit(&stopped, memory_order_relaxed);
}

static const struct stress_runner harts = {
	.all = on_all_harts, .stopped = was_stopped, .locked = 1, .lock_limit = 8
};

bool stress_machine(uint64_t operations, uint64_t seed, struct stress_phase *total,
		    void (*line)(const char *format, ...))
{
	unsigned n = harts_count();
	struct stress *s = kmalloc_aligned(stress_bytes(n), 64);

	if (s == NULL) {
		line("stress failed: no %llu bytes for %u players",
		     (unsigned long long)stress_bytes(n), n);
		return false;
	}
	irq_stress_pause(); /* handlers of its own are at it, and what they do is in its books */
	stress_init(s, n, seed, &machine.frames, &kernel_heap, &harts);
	for (unsigned i = 0; i < n; i++)
		s->player[i].plays = i == hart_self()->index ||
				     (i != 0 && atomic_load(&hart_at(i)->state) != HART_LOST);
	bool ok = stress_run(s, operations, line);
	irq_stress_resume();
	atomic_store(&stopped,
		     false); /* not at the start: a run that was just begun may be stopped */
	if (total != NULL)
		*total = stress_total(s);
	if (!is_late)
		kfree(s);
	return ok;
}

/* ---- the command ----------------------------------------------------------------------------- */

#define STRESS_OPERATIONS 1000000u

/* A line of the report; acre_print() has none of its own. */
static void print_report_line(const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	fmt_vbuffer(text, sizeof(text), format, args);
	va_end(args);
	acre_print("%s\n", text);
}

/* Of the run in the background. */
static uint64_t background_operations, background_seed;

static void run_in_background(void)
{
	if (!stress_machine(background_operations, background_seed, NULL, print_report_line))
		exit_note_failure();
}

static void start_in_background(uint64_t operations, uint64_t seed)
{
	background_operations = operations;
	background_seed = seed;
	if (!background_start(run_in_background))
		acre_print("there is no hart beside this one that could run it: boot with HARTS=2 "
			   "or more\n");
}

/* It has ended when this returns, unless Ctrl-C was typed. */
static void stop_background(void)
{
	if (!background_runs())
		acre_print("no stress is running\n");
	while (background_runs() && !command_stopped()) {
		atomic_store(&stopped, true);
		clock_nap(1);
	}
	if (!background_runs())
		atomic_store(&stopped, false);
}

static void run_stress_command(unsigned nwords, char *const *word)
{
	uint64_t number[2] = { STRESS_OPERATIONS, selftest_seed() };
	bool in_background = nwords != 0 && strcmp(word[nwords - 1], "&") == 0;

	nwords -= in_background;
	if (nwords == 1 && strcmp(word[0], "stop") == 0) {
		stop_background();
		return;
	}
	if (nwords > 2) {
		acre_print("too many words: only & comes after the seed\n");
		return;
	}
	for (unsigned i = 0; i < nwords; i++) {
		if (!word_to_number(word[i], strlen(word[i]), &number[i])) {
			acre_print("'%s' is no number\n", word[i]);
			return;
		}
	}
	if (number[0] == 0 || number[0] > STRESS_MAX_OPERATIONS) {
		acre_print("'%s': the number of operations is 1 to %llu\n", word[0],
			   (unsigned long long)STRESS_MAX_OPERATIONS);
	} else if (background_runs()) {
		acre_print("a stress is running already\n");
	} else if (in_background) {
		start_in_background(number[0], number[1]);
	} else {
		if (!stress_machine(number[0], number[1], NULL, print_report_line) &&
		    !command_stopped())
			exit_note_failure();
		ledger_check_or_panic();
	}
}

COMMAND(stress) = {
	.name = "stress",
	.usage = "stress [OPERATIONS] [SEED] [&] | stop",
	.help = "all harts use both allocators at the same time; &: all but this one, until "
		"`stress stop`",
	.example = "stress 100000 7",
	.max_words = 3,
	.run_words = run_stress_command,
};
