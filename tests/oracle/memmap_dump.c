/* SPDX-License-Identifier: MIT */
/*
 * memmap_dump.c - what src/fdt and src/mm make of device trees, in lines that a program can read.
 *
 *	memmap_dump < TREES
 *
 * A tree is a line and its bytes. The line: name, how many bytes, start and end of the image,
 * address of the tree, how many bytes of RAM to use at most (0: all), start and end of an initrd
 * that the tree does not have (0 0: none); numbers in hexadecimal. For each it prints
 *
 *	case NAME
 *	finding note|warning|error WORDS           as they came
 *	bank START END NODE                        NODE is - without one
 *	region START END BANK KIND|NAME            sorted by address
 *	outside START END KIND|NAME
 *	conflict START END KIND|NAME|KIND|NAME     two owners: who has it, who claims it too
 *	hart ID on|off|doubtful MMU ISA            MMU is - without one; ISA as the tree has it
 *	unplaced N                                 dynamic reservations without a place
 *	room START                                 where ROOM bytes of tables would lie; - for nowhere
 *	refused WORDS                              instead of the last seven
 *	end
 *
 * Built with sanitizers. A tree is handed over in a block of its exact size, so that a read past
 * its end is seen; a map that breaks its own promises ends the program.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fdt/fdt.h"
#include "fdt/fdt_harts.h"
#include "mm/map/memmap.h"
#include "mm/map/memmap_fdt.h"
#include "mm/map/memmap_room.h"

/* As the kernel's: what claims to be larger is no tree. */
#define DTB_LIMIT (16u << 20)
#define ISA_LIMIT 4096u

/* As much as tests/oracle/oracle.py looks for. */
#define ROOM 0x4001u

static void print_finding(void *unused, const struct memmap_finding *finding)
{
	static const char *const severity[] = { "note", "warning", "error" };
	char words[MEMMAP_FINDING_LEN];

	(void)unused;
	printf("finding %s %s\n", severity[finding->severity], memmap_finding_str(words, finding));
}

static void print_owner(const struct memmap_region *r, const char *end)
{
	printf("%s|%s", memmap_kind_str(r->kind), r->name);
	if (r->index != MEMMAP_NO_INDEX)
		printf(" %" PRIu32, r->index);
	printf("%s", end);
}

static void print_conflicts(const struct memmap *map)
{
	struct memmap_outside_cursor cursor = { 0 };
	struct memmap_conflict both;

	while (memmap_next_conflict(map, &cursor, &both)) {
		printf("conflict %" PRIx64 " %" PRIx64 " ", both.range.start, both.range.end);
		print_owner(both.winner, "|");
		print_owner(both.loser, "\n");
	}
}

static const char *shown(const char *text)
{
	return text != NULL && fdt_text_is_printable(text, ISA_LIMIT) ? text : "-";
}

/* riscv,isa, then what newer trees have beside it or instead: "rv64i" and its list. */
static void print_isa(const struct fdt *fdt, const struct fdt_hart *hart)
{
	const char *extension;
	uint32_t at = 0;

	printf("%s", shown(hart->isa));
	if (hart->isa_base != NULL)
		printf(" %s", shown(hart->isa_base));
	while (hart->isa_extensions.length != 0 &&
	       fdt_next_string(fdt, &hart->isa_extensions, &at, &extension) == ACRE_OK)
		printf(" %s", shown(extension));
	printf("\n");
}

static void print_harts(const struct fdt *fdt)
{
	struct fdt_hart_cursor cursor;
	struct fdt_hart hart;

	fdt_harts_begin(&cursor, fdt);
	while (fdt_harts_next(&cursor, &hart) == ACRE_OK) {
		if (hart.why != ACRE_OK)
			continue;
		printf("hart %" PRIu64 " %s %s ", hart.id,
		       hart.enabled ? "on" : (hart.doubtful ? "doubtful" : "off"),
		       shown(hart.mmu_type));
		print_isa(fdt, &hart);
	}
}

static void print_map(const struct memmap *map)
{
	struct memmap_outside_cursor cursor = { 0 };
	struct memmap_region part;

	for (uint32_t i = 0; i < map->nbanks; i++) {
		const struct memmap_region *bank = &map->bank[i];

		printf("bank %" PRIx64 " %" PRIx64 " ", bank->range.start, bank->range.end);
		if (bank->numa_node == MEMMAP_NO_NODE)
			printf("-\n");
		else
			printf("%" PRIu32 "\n", bank->numa_node);
	}
	for (uint32_t i = 0; i < map->nregions; i++) {
		const struct memmap_region *r = &map->region[i];

		printf("region %" PRIx64 " %" PRIx64 " %" PRIu32 " ", r->range.start, r->range.end,
		       r->bank);
		print_owner(r, "\n");
	}
	while (memmap_outside(map, &cursor, &part)) {
		printf("outside %" PRIx64 " %" PRIx64 " ", part.range.start, part.range.end);
		print_owner(&part, "\n");
	}
}

static void print_room(const struct fdt *fdt, const struct memmap_boot *boot)
{
	struct acre_range room;

	if (memmap_find_room(fdt, boot, ROOM, &room) == ACRE_OK)
		printf("room %" PRIx64 "\n", room.start);
	else
		printf("room -\n");
}

static void print_refusal(enum acre_status s, const char *why)
{
	printf("refused %s: %s\n", acre_status_str(s), why);
}

/* Tables of just the size that the tree takes, in place of those of the map before. */
static enum acre_status make_tables(struct memmap *map, const struct fdt *fdt,
				    const struct memmap_boot *boot)
{
	struct memmap_need need;

	/* What is wrong with the tree is said when the map is filled. */
	(void)!memmap_count_from_fdt(fdt, boot, NULL, &need);
	uint64_t bytes = memmap_table_bytes(need.nbanks, need.nreservations);
	free(map->declared);
	return memmap_init(map, malloc(bytes), bytes, need.nbanks, need.nreservations);
}

/* @boot: all but the tree itself, which is at @address. */
static void dump(struct memmap *map, const uint8_t *blob, size_t size, struct memmap_boot boot,
		 uint64_t address)
{
	const struct memmap_reporter reporter = { .report = print_finding };
	struct fdt fdt;
	enum acre_status s = fdt_open(&fdt, blob, size < DTB_LIMIT ? size : DTB_LIMIT);

	if (s != ACRE_OK) {
		print_refusal(s, fdt.problem);
		return;
	}
	boot.dtb = (struct acre_range){ address, address + fdt_total_size(&fdt) };
	s = make_tables(map, &fdt, &boot);
	if (s == ACRE_OK)
		s = memmap_from_fdt(map, &fdt, &boot, &reporter);
	if (s == ACRE_OK)
		s = memmap_resolve(map);
	if (s != ACRE_OK) {
		print_refusal(s, "see the findings");
		return;
	}
	uint32_t unplaced = memmap_place_from_fdt(map, &fdt, &reporter);
	printf("unplaced %" PRIu32 "\n", unplaced);
	const char *broken = memmap_validate(map);
	if (broken != NULL) {
		fprintf(stderr, "the map is wrong: %s\n", broken);
		abort();
	}
	print_map(map);
	print_conflicts(map);
	print_room(&fdt, &boot);
	print_harts(&fdt);
}

/* The next @size bytes, in a block of just that size; never NULL, and empty for an empty tree. */
static uint8_t *read_blob(size_t size)
{
	uint8_t *bytes = malloc(size);

	if (bytes == NULL || fread(bytes, 1, size, stdin) != size) {
		fprintf(stderr, "a tree is not as long as its line says\n");
		exit(2);
	}
	return bytes;
}

/* The word at *@rest, in place; *@rest moves behind it. NULL at the end of the line. */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \n");
	size_t length = strcspn(word, " \n");

	if (length == 0)
		return NULL;
	*rest = word + length + (word[length] != '\0');
	word[length] = '\0';
	return word;
}

static uint64_t next_number(char **rest)
{
	const char *word = next_word(rest);

	if (word == NULL) {
		fprintf(stderr, "a line is too short\n");
		exit(2);
	}
	return strtoull(word, NULL, 16);
}

static void dump_next(struct memmap *map, char *line)
{
	const char *name = next_word(&line);
	const size_t size = next_number(&line);
	struct memmap_boot boot = { .image.start = next_number(&line) };

	boot.image.end = next_number(&line);
	uint64_t address = next_number(&line);
	boot.limit = next_number(&line);
	boot.initrd.start = next_number(&line);
	boot.initrd.end = next_number(&line);
	uint8_t *blob = read_blob(size);
	printf("case %s\n", name);
	dump(map, blob, size, boot, address);
	printf("end\n");
	fflush(stdout);
	free(blob);
}

int main(void)
{
	static struct memmap map;
	char line[2048];

	while (fgets(line, sizeof(line), stdin) != NULL)
		dump_next(&map, line);
	return 0;
}
