/* SPDX-License-Identifier: MIT */
/* memmap_name.c - words for people: of a kind, and of a region. */
#include "lib/fmt.h"
#include "mm/map/memmap.h"

const char *memmap_kind_str(enum memmap_kind kind)
{
	static const char *const text[MEMMAP_KIND_COUNT] = {
		[MEMMAP_USABLE] = "usable",         [MEMMAP_SLACK] = "rounding slack",
		[MEMMAP_METADATA] = "metadata",     [MEMMAP_REUSABLE] = "reusable",
		[MEMMAP_MEMRESERVE] = "memreserve", [MEMMAP_RESERVED] = "reserved",
		[MEMMAP_INITRD] = "initrd",         [MEMMAP_DTB] = "device tree",
		[MEMMAP_KERNEL] = "kernel",         [MEMMAP_FIRMWARE] = "firmware",
		[MEMMAP_NO_MAP] = "no-map",         [MEMMAP_LENT] = "reusable, lent",
		[MEMMAP_LEFT_OUT] = "left out",
	};

	return (unsigned)kind < MEMMAP_KIND_COUNT ? text[kind] : "unknown kind";
}

const char *memmap_name(char buf[MEMMAP_NAME_LEN], const struct memmap_region *region)
{
	if (region->index == MEMMAP_NO_INDEX)
		fmt_buffer(buf, MEMMAP_NAME_LEN, "%s", region->name);
	else
		fmt_buffer(buf, MEMMAP_NAME_LEN, "%s %u", region->name, (unsigned)region->index);
	return buf;
}
