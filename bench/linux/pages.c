// SPDX-License-Identifier: MIT
/*
 * pages.c - alloc_pages(), by the loops over frames. The workloads get as many frames as ours do;
 * of the rest of the machine's memory nearly all is taken before, so that the allocator is as empty
 * as ours in the end.
 */
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include "bench/linux/acre_bench.h"
#include "bench/target/linux/bench_target.h"

#define FRAMES  ((uint64_t)1 << 18)
#define SLACK   ((uint64_t)1 << 13) /* stays free, so that nothing has to be reclaimed */
#define BALLAST MAX_PAGE_ORDER

static LIST_HEAD(ballast);

static void take_ballast(void)
{
	while (global_zone_page_state(NR_FREE_PAGES) > FRAMES + SLACK + (1u << BALLAST)) {
		struct page *page = alloc_pages(LINUX_RUN_GFP, BALLAST);
		if (page == NULL)
			break;
		list_add(&page->lru, &ballast);
	}
}

static void give_ballast(void)
{
	struct page *page;
	struct page *next;

	list_for_each_entry_safe(page, next, &ballast, lru)
	{
		list_del(&page->lru);
		__free_pages(page, BALLAST);
	}
}

static struct bench_run run_pages(const struct bench_run *input, const struct bench_workload *w)
{
	struct bench_frames frames = { .left = FRAMES };
	struct bench_run r = *input;

	r.frames = &frames;
	bench_start(&r);
	w->run(&r);
	bench_must(&r, frames.left == FRAMES, "not every frame came back");
	return r;
}

static bool is_cost(const struct bench_workload *w)
{
	return !bench_is(w, "frame.huge_survival") && !bench_is(w, "frame.huge_recovery");
}

static void page_row(const struct bench_run *input, unsigned int i)
{
	struct bench_run measured = run_pages(input, &frame_workloads_linux[i]);
	struct bench_run empty = run_pages(input, &frame_workloads_linux_empty[i]);
	struct bench_run checked;

	memset(input->taken, 0, input->bank[0].n / 8);
	checked = run_pages(input, &frame_workloads_linux_checked[i]);
	if (measured.broken == NULL)
		measured.broken = checked.broken;
	bench_row("alloc_pages", frame_workloads_linux[i].name, &measured, &empty);
}

void __init bench_pages(void)
{
	uint64_t first = PFN_UP(memblock_start_of_DRAM());
	uint64_t n = roundup(PFN_DOWN(memblock_end_of_DRAM()) - first, 64);
	struct bench_run input = {
		.seed = BENCH_SEED,
		.nbanks = 1,
		.bank = { { .first = first, .n = n } },
		.nframes = FRAMES,
		.live = bench_memory(FRAMES * sizeof(uint64_t)),
		.seen = bench_memory(n / 8),
		.taken = bench_memory(n / 8),
	};

	take_ballast();
	for (unsigned int i = 0; i < FRAME_WORKLOADS; i++) {
		if (is_cost(&frame_workloads_linux[i]))
			page_row(&input, i);
	}
	give_ballast();
	pr_emerg("acre: peer alloc_pages frame.metadata_bits %zu bits\n", 8 * sizeof(struct page));
	vfree(input.live);
	vfree(input.seen);
	vfree(input.taken);
}
