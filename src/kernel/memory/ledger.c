/* SPDX-License-Identifier: MIT */
/* ledger.c - the books and the audit of ledger.h. */
#include "kernel/memory/ledger.h"

#include "kernel/machine.h"
#include "kernel/memory/kernel_image.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"

/* Is [range) all of the kernel or of what is more restrictive, as far as it is RAM? */
static bool is_kernels(struct acre_range range)
{
	while (range.start < range.end) {
		const struct memmap_region *region = memmap_find(&machine.memmap, range.start);
		if (region == NULL) /* a kernel outside of what the tree calls memory */
			return true;
		if (region->kind < MEMMAP_KERNEL)
			return false;
		range.start = region->range.end;
	}
	return true;
}

/* Does the first byte of each part, where it is the kernel's, have the name of the part? */
static const char *check_image(void)
{
	struct memmap_part part[KERNEL_IMAGE_PARTS];
	struct acre_range image = kernel_image_parts(part);

	if (!is_kernels(image))
		return "L2: part of the image is not the kernel's";
	for (uint32_t i = 0; i < 3; i++) {
		const struct memmap_region *region =
			memmap_find(&machine.memmap, part[i].range.start);
		if (region == NULL || region->kind != MEMMAP_KERNEL)
			continue;
		if (strcmp(region->name, part[i].name) != 0 ||
		    region->range.end > part[i].range.end)
			return "L2: part of the image is under another name";
	}
	return NULL;
}

static const char *check_pool_sums(void)
{
	const struct memmap *map = &machine.memmap;
	uint64_t lent = memmap_bytes(map, MEMMAP_LENT);
	const struct memmap_region *region;
	uint32_t cursor = 0;

	if (frame_managed_count(&machine.frames) * FRAME_SIZE !=
	    memmap_bytes(map, MEMMAP_USABLE) + lent)
		return "L3: the frame pool manages not what is usable and lent";
	if (frame_free_count(&machine.frames) > frame_managed_count(&machine.frames))
		return "L3: more frames are free than there are";
	while ((region = memmap_next(map, MEMMAP_METADATA, &cursor)) != NULL) {
		if (region->index != MEMMAP_NO_INDEX && region->index >= map->nbanks)
			return "L4: frame tables of no bank";
	}
	return NULL;
}

const char *ledger_check(void)
{
	const char *broken = memmap_validate(&machine.memmap);

	if (broken == NULL)
		broken = check_image();
	return broken == NULL ? check_pool_sums() : broken;
}

void ledger_check_or_panic(void)
{
	const char *broken = ledger_check();

	if (broken != NULL)
		acre_panic("the books of memory are wrong: %s", broken);
}

void ledger_say_conflicts(void)
{
	struct memmap_outside_cursor cursor = { 0 };
	struct memmap_conflict conflict;
	char winner[MEMMAP_NAME_LEN];
	char loser[MEMMAP_NAME_LEN];

	while (memmap_next_conflict(&machine.memmap, &cursor, &conflict)) {
		acre_log_warn("[0x%llx, 0x%llx) has two owners: %s (%s) has it, %s (%s) claims it "
			      "too\n",
			      (unsigned long long)conflict.range.start,
			      (unsigned long long)conflict.range.end,
			      memmap_name(winner, conflict.winner),
			      memmap_kind_str(conflict.winner->kind),
			      memmap_name(loser, conflict.loser),
			      memmap_kind_str(conflict.loser->kind));
		if (conflict.loser->kind == MEMMAP_INITRD && conflict.winner->kind == MEMMAP_KERNEL)
			acre_log_warn("part of the initrd was cleared with the kernel's memory: "
				      "it is of no use, load it elsewhere\n");
	}
}

/* The first byte of the image that is not the kernel's, or not RAM; its end if all are. */
static acre_paddr_t first_foreign(struct acre_range image)
{
	while (image.start < image.end) {
		const struct memmap_region *region = memmap_find(&machine.memmap, image.start);
		if (region == NULL || region->kind != MEMMAP_KERNEL)
			return image.start;
		image.start = region->range.end;
	}
	return image.end;
}

bool ledger_image_is_ours(void)
{
	struct memmap_part part[KERNEL_IMAGE_PARTS];
	const struct acre_range image = kernel_image_parts(part);

	return first_foreign(image) == image.end;
}

void ledger_say_image(void)
{
	struct memmap_part part[KERNEL_IMAGE_PARTS];
	const struct acre_range image = kernel_image_parts(part);
	const acre_paddr_t foreign = first_foreign(image);
	const struct memmap_region *owner = memmap_find(&machine.memmap, foreign);
	char name[MEMMAP_NAME_LEN];

	if (foreign == image.end)
		return;
	if (owner == NULL)
		acre_log_at(
			ACRE_LOG_ERROR,
			"the kernel runs at [0x%llx, 0x%llx), which from 0x%llx on is not RAM by "
			"the device tree: correct its memory nodes, or load the kernel elsewhere\n",
			(unsigned long long)image.start, (unsigned long long)image.end,
			(unsigned long long)foreign);
	else
		acre_log_at(ACRE_LOG_ERROR,
			    "the kernel runs at [0x%llx, 0x%llx), of which %s (%s) has "
			    "[0x%llx, 0x%llx): move it, or load the kernel elsewhere\n",
			    (unsigned long long)image.start, (unsigned long long)image.end,
			    memmap_name(name, owner), memmap_kind_str(owner->kind),
			    (unsigned long long)owner->range.start,
			    (unsigned long long)owner->range.end);
}

static const char *why_no_answer(const struct memmap_region *region)
{
	return region->kind == MEMMAP_FIRMWARE || region->kind == MEMMAP_NO_MAP
		       ? "it is not ours to touch"
		       : "the device tree declares it, but this RAM does not answer";
}

void ledger_say(uint64_t address)
{
	const struct memmap *map = &machine.memmap;
	const struct memmap_region *region = map->resolved ? memmap_find(map, address) : NULL;
	char name[MEMMAP_NAME_LEN];

	if (!map->resolved)
		return;
	if (region == NULL) {
		acre_print_unlocked("0x%llx is not RAM, by the device tree\n",
				    (unsigned long long)address);
		return;
	}
	acre_print_unlocked("0x%llx is in [0x%llx, 0x%llx), %s %s", (unsigned long long)address,
			    (unsigned long long)region->range.start,
			    (unsigned long long)region->range.end, memmap_kind_str(region->kind),
			    memmap_name(name, region));
	acre_print_unlocked(" of bank %u (%s", region->bank, map->bank[region->bank].name);
	if (region->numa_node != MEMMAP_NO_NODE)
		acre_print_unlocked(", NUMA node %u", region->numa_node);
	acre_print_unlocked("): %s\n", why_no_answer(region));
}
