/* SPDX-License-Identifier: MIT */
/* memmap_name.c - words for people: of a kind, and of a region. */
#include "lib/fmt.h"
#include "mm/map/memmap.h"

const char *region_kind_str(enum region_kind kind)
{
	static const char *const text[REGION_KIND_COUNT] = {
		[REGION_USABLE] = "usable",           [REGION_SLACK] = "rounding slack",
		[REGION_METADATA] = "frame metadata", [REGION_REUSABLE] = "reusable",
		[REGION_MEMRESERVE] = "memreserve",   [REGION_RESERVED] = "reserved",
		[REGION_INITRD] = "initrd",           [REGION_DTB] = "device tree",
		[REGION_KERNEL] = "kernel",           [REGION_FIRMWARE] = "firmware",
		[REGION_NO_MAP] = "no-map",           [REGION_LENT] = "reusable, lent",
		[REGION_LEFT_OUT] = "left out",
	};

	return (unsigned)kind < REGION_KIND_COUNT ? text[kind] : "unknown kind";
}

const char *memmap_name(char buf[MEMMAP_NAME_LEN], const struct region *region)
{
	if (region->index == MEMMAP_NO_INDEX)
		fmt_buffer(buf, MEMMAP_NAME_LEN, "%s", region->name);
	else
		fmt_buffer(buf, MEMMAP_NAME_LEN, "%s %u", region->name, (unsigned)region->index);
	return buf;
}
