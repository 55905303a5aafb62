/* SPDX-License-Identifier: MIT */
/*
 * eva_main.c - where Eva begins: the public functions of src/fdt, in any order, as often as may be,
 * whatever they answered before, with a blob of which nothing is known (eva_token_layer.c).
 * scripts/prove runs each *_main() by itself.
 */
#include "fdt/fdt.h"
#include "fdt/fdt_harts.h"
#include "fdt/fdt_info.h"
#include "fdt/fdt_memory.h"
#include "tests/proof/any.h"

void open_main(void);
void fdt_main(void);
void memory_main(void);
void harts_main(void);
void info_main(void);

/*
 * Constant: a write to the blob is an alarm. fdt_open() puts a block of any size at any place of
 * @blob, and Eva does not see that one makes up for the other; there is room for both here, for
 * that they stay inside is proved by WP.
 */
extern const uint8_t blob[2 * (uint64_t)UINT32_MAX];
extern const uint8_t reserve_block[UINT32_MAX];
extern const uint8_t structure_block[UINT32_MAX];
extern const uint8_t strings_block[UINT32_MAX];

static struct fdt tree;

/* What fdt_open() may leave behind. */
static const struct fdt *any_tree(void)
{
	tree = (struct fdt){
		.blob = { blob, any_u32() },
		.reserve = { reserve_block, any_u32() },
		.structure = { structure_block, any_u32() },
		.strings = { strings_block, any_u32() },
		.version = any_u32(),
		.boot_hart = any_u32(),
		.root = any_u32(),
		.problem = "",
	};
	return &tree;
}

static struct fdt_property any_property(void)
{
	return (struct fdt_property){
		.name = "",
		.name_offset = any_u32(),
		.value = any_u32(),
		.length = any_u32(),
	};
}

void open_main(void)
{
	(void)!fdt_open(&tree, blob, any);
}

/* What nobody else in src/fdt calls, or not like this. */
void fdt_main(void)
{
	const struct fdt *fdt = any_tree();
	struct fdt_property p = any_property();
	uint32_t position = any_u32();
	struct fdt_cursor cursor;
	struct fdt_event event;
	struct fdt_node node;
	const char *text;
	uint64_t value;
	uint32_t cell;

	(void)fdt_total_size(fdt);
	(void)fdt_boot_hart(fdt);
	fdt_root(fdt, &node);
	node.depth = any_u32();
	fdt_walk_node(&cursor, fdt, &node);
	while (any)
		(void)!fdt_next(&cursor, &event);
	(void)!fdt_find(fdt, "no slash", &node);
	(void)!fdt_find(fdt, "//soc/serial@10000000/", &node);
	while (any)
		(void)!fdt_next_string(fdt, &p, &position, &text);
	(void)fdt_has_string(fdt, &p, "ns16550a");
	(void)!fdt_read_u32(fdt, &p, &cell);
	(void)!fdt_read_u64(fdt, &p, &value);
	(void)!fdt_read_cells(fdt, &p, any_u32(), any_u32(), &value);
}

void memory_main(void)
{
	struct fdt_memory_cursor cursor;
	struct fdt_memory_fact fact;
	uint64_t base, size;

	fdt_memory_begin(&cursor, any_tree());
	while (any) {
		(void)!fdt_memory_next(&cursor, &fact);
		(void)!fdt_alloc_range(&cursor, any_u32(), &base, &size);
	}
}

void harts_main(void)
{
	const struct fdt *fdt = any_tree();
	struct fdt_hart_cursor cursor;
	struct fdt_hart hart;
	uint64_t hz;

	fdt_harts_begin(&cursor, fdt);
	while (any)
		(void)!fdt_harts_next(&cursor, &hart);
	(void)!fdt_timebase(fdt, &hz);
}

void info_main(void)
{
	const struct fdt *fdt = any_tree();
	struct fdt_device device;
	const char *text;
	char buf[16];
	struct fdt_property matrix = any_property();
	struct fdt_distance distance;

	(void)!fdt_model(fdt, &text);
	(void)!fdt_compatible(fdt, &text);
	(void)!fdt_bootargs(fdt, &text);
	(void)!fdt_copy_bootargs(fdt, buf, sizeof(buf));
	(void)!fdt_find_distances(fdt, &matrix);
	(void)!fdt_read_distance(fdt, &matrix, any_u32(), &distance);
	(void)!fdt_find_compatible(fdt, "sifive,test0", &device);
}
