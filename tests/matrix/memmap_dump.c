/* SPDX-License-Identifier: MIT */
/*
 * memmap_dump.c - what src/fdt and src/mm make of device trees, in lines that a program can read.
 *
 *	memmap_dump INDEX
 *
 * INDEX has a line for each tree: name, file, start and end of the image, address of the tree.
 * For each it prints
 *
 *	case NAME
 *	finding note|warning|error WORDS           as they came
 *	bank START END NODE                        NODE is - without one
 *	region START END BANK KIND|NAME            sorted by address
 *	outside START END KIND|NAME
 *	refused WORDS                              instead of the last three
 *	end
 *
 * Built with sanitizers. A tree is handed over in a block of its exact size, so that a read past its
 * end is seen; a map that breaks its own promises ends the program.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fdt/fdt.h"
#include "lib/platform.h"
#include "mm/memmap.h"
#include "mm/memmap_fdt.h"

/* As the kernel's: what claims to be larger is no tree. */
#define DTB_LIMIT (16u << 20)

_Thread_local unsigned host_hart;
_Thread_local unsigned long host_irq_enabled = 1;

void platform_write(const char *text, size_t len)
{
	fwrite(text, 1, len, stderr);
}

noreturn void platform_panic(const void *caller, const char *message)
{
	fprintf(stderr, "panic by %p: %s\n", caller, message);
	abort();
}

void platform_bad_free(const struct bad_free *report)
{
	fprintf(stderr, "bad free: %s\n", report->what);
	abort();
}

static void print_finding(void *unused, const struct memmap_finding *finding)
{
	static const char *const severity[] = { "note", "warning", "error" };
	char words[MEMMAP_FINDING_LEN];

	(void)unused;
	printf("finding %s %s\n", severity[finding->severity], memmap_finding_str(words, finding));
}

static void print_region(const struct region *r)
{
	printf("region %" PRIx64 " %" PRIx64 " %" PRIu32 " %s|%s\n", r->range.start, r->range.end,
	       r->bank, region_kind_str(r->kind), r->name);
}

static void print_map(const struct memmap *map)
{
	struct memmap_outside_cursor cursor = { 0 };
	struct region part;

	for (uint32_t i = 0; i < map->nbanks; i++) {
		const struct region *bank = &map->bank[i];

		printf("bank %" PRIx64 " %" PRIx64 " ", bank->range.start, bank->range.end);
		if (bank->numa_node == MEMMAP_NO_NODE)
			printf("-\n");
		else
			printf("%" PRIu32 "\n", bank->numa_node);
	}
	for (uint32_t i = 0; i < map->nregions; i++)
		print_region(&map->region[i]);
	while (memmap_outside(map, &cursor, &part))
		printf("outside %" PRIx64 " %" PRIx64 " %s|%s\n", part.range.start, part.range.end,
		       region_kind_str(part.kind), part.name);
}

static void print_refusal(enum status s, const char *why)
{
	printf("refused %s: %s\n", status_str(s), why);
}

static void dump(struct memmap *map, const uint8_t *blob, size_t size, struct range image,
		 uint64_t address)
{
	const struct memmap_reporter reporter = { .report = print_finding };
	struct fdt fdt;
	enum status s = fdt_open(&fdt, blob, size < DTB_LIMIT ? size : DTB_LIMIT);

	if (s != STATUS_OK) {
		print_refusal(s, fdt.problem);
		return;
	}
	const struct memmap_boot boot = {
		.image = image,
		.dtb = { address, address + fdt_total_size(&fdt) },
	};
	memmap_init(map);
	s = memmap_from_fdt(map, &fdt, &boot, &reporter);
	if (s == STATUS_OK)
		s = memmap_resolve(map);
	if (s != STATUS_OK) {
		print_refusal(s, "see the findings");
		return;
	}
	const char *broken = memmap_validate(map);
	if (broken != NULL) {
		fprintf(stderr, "the map is wrong: %s\n", broken);
		abort();
	}
	print_map(map);
}

/* A block that ends where the file ends; never NULL, and empty for an empty file. */
static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");

	if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
		perror(path);
		exit(2);
	}
	long length = ftell(file);
	rewind(file);
	uint8_t *bytes = malloc(length > 0 ? (size_t)length : 1);
	if (length < 0 || bytes == NULL ||
	    fread(bytes, 1, (size_t)length, file) != (size_t)length) {
		perror(path);
		exit(2);
	}
	fclose(file);
	*size = (size_t)length;
	return bytes;
}

int main(int argc, char **argv)
{
	static struct memmap map;
	char name[256], path[1024];
	struct range image;
	uint64_t address;

	FILE *index = argc == 2 ? fopen(argv[1], "r") : NULL;
	if (index == NULL) {
		fprintf(stderr, "usage: memmap_dump INDEX\n");
		return 2;
	}
	while (fscanf(index, "%255s %1023s %" SCNx64 " %" SCNx64 " %" SCNx64, name, path,
		      &image.start, &image.end, &address) == 5) {
		size_t size;
		uint8_t *blob = read_file(path, &size);

		printf("case %s\n", name);
		dump(&map, blob, size, image, address);
		printf("end\n");
		fflush(stdout);
		free(blob);
	}
	fclose(index);
	return 0;
}
