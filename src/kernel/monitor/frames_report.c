/* SPDX-License-Identifier: MIT */
/* frames_report.c - the frame pool: figures, a bank, and a map of how full it is where. */
#include "kernel/monitor/frames_report.h"

#include "kernel/command.h"
#include "kernel/machine.h"
#include "kernel/memory/heap_frames.h"
#include "kernel/memory/trace.h"
#include "kernel/monitor/grid.h"
#include "kernel/text.h"
#include "kernel/tty.h"
#include "lib/fmt.h"
#include "lib/print.h"
#include "lib/string.h"

#define MAP_ROWS 16u

void report_frames(void)
{
	struct frame_pool *pool = &machine.frames;
	char managed[FMT_SIZE_LEN];
	char free[FMT_SIZE_LEN];
	frame_count_t nmanaged = frame_managed_count(pool);
	frame_count_t nfree = frame_free_count(pool);

	acre_print("frames    %llu managed (%s), %llu free (%s), of %llu bytes each\n",
		   (ull)nmanaged, fmt_size(managed, nmanaged * FRAME_SIZE), (ull)nfree,
		   fmt_size(free, nfree * FRAME_SIZE), (ull)FRAME_SIZE);
	acre_print("          the heap has %llu of the frames that are handed out\n",
		   (ull)kernel_heap_frames());
	if (kernel_trace.rings != 0)
		acre_print("          the trace has %llu\n",
			   (ull)(acre_range_size(trace_rings()) / FRAME_SIZE));
	if (pool->debug)
		acre_print("          debug mode: who took or freed a frame is recorded, "
			   "free ones are filled\n");
}

/* ---- a bank ----------------------------------------------------------------------------------- */

static struct acre_range bank_range(const struct frame_bank *bank)
{
	return (struct acre_range){ frame_to_paddr(bank->first),
				    frame_to_paddr(bank->first + bank->nframes) };
}

/* How much of what is free does not lie in the longest run, in percent. */
static unsigned fragmentation(const struct frame_summary *s)
{
	return s->free != 0 ? (unsigned)(100 * (s->free - s->longest) / s->free) : 0;
}

static void report_bank(uint32_t b)
{
	const struct frame_bank *bank = &machine.frames.bank[b];
	struct acre_range range = bank_range(bank);
	struct frame_summary s;
	char size[FMT_SIZE_LEN];
	char longest[FMT_SIZE_LEN];

	frame_summarize(&machine.frames, bank->first, bank->nframes, &s);
	acre_print("bank %-4u [0x%llx, 0x%llx) %s\n", b, (ull)range.start, (ull)range.end,
		   fmt_size(size, acre_range_size(range)));
	acre_print("          %llu frames managed, %llu free: %llu%% in use\n", (ull)s.managed,
		   (ull)s.free, s.managed != 0 ? (ull)(100 * (s.managed - s.free) / s.managed) : 0);
	acre_print("          %llu whole pieces of 2 MiB are free, the longest run is %s, "
		   "fragmentation %u%%\n",
		   (ull)s.whole, fmt_size(longest, s.longest * FRAME_SIZE), fragmentation(&s));
}

/* ---- the map ---------------------------------------------------------------------------------- */

static void print_share(struct acre_range part, void *context)
{
	const bool *ascii = context;
	struct frame_summary s;

	frame_summarize(&machine.frames, frame_from_paddr(part.start),
			acre_range_size(part) >> FRAME_SHIFT, &s);
	acre_print("%s", s.managed == 0 ? " " : grid_shade(s.managed - s.free, s.managed, *ascii));
}

static void map_banks(bool ascii)
{
	for (uint32_t b = 0; b < machine.frames.nbanks; b++) {
		report_bank(b);
		if (!grid_print(bank_range(&machine.frames.bank[b]), FRAME_SIZE, MAP_ROWS,
				print_share, &ascii))
			return;
	}
	acre_print("  in use: none %s, up to a third %s, two thirds %s, nearly all %s, all %s; "
		   "blank: not of the pool\n",
		   grid_shade(0, 9, ascii), grid_shade(1, 9, ascii), grid_shade(4, 9, ascii),
		   grid_shade(8, 9, ascii), grid_shade(9, 9, ascii));
}

/* ---- the command ------------------------------------------------------------------------------ */

static const char *word_of_frames(size_t i)
{
	static const char *const word[] = { "map", "ascii" };

	return i < 2 ? word[i] : NULL;
}

static void run_frames(unsigned nwords, char *const *word)
{
	uint64_t b;

	if (nwords == 0) {
		report_frames();
	} else if (nwords > 1 && strcmp(word[1], "ascii") != 0) {
		acre_print("'%s': only `ascii` may come after `map`\n", word[1]);
	} else if (strcmp(word[0], "map") == 0) {
		map_banks(!tty_terminal.ansi || nwords > 1);
	} else if (command_number(word[0], &b)) {
		if (b < machine.frames.nbanks)
			report_bank((uint32_t)b);
		else
			acre_print("there is no bank %llu: the last one is %u\n", (ull)b,
				   (unsigned)machine.frames.nbanks - 1);
	}
}

COMMAND(frames) = {
	.name = "frames",
	.usage = "frames [BANK | map [ascii]]",
	.help = "the frame pool; one bank of it; or how full it is where",
	.example = "frames map",
	.candidate = word_of_frames,
	.max_words = 2,
	.run_words = run_frames,
};
