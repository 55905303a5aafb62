/* SPDX-License-Identifier: MIT */
/*
 * eva_main.c - what Eva runs: every reader of src/fdt over a blob of which nothing is known, neither
 * its bytes nor its length. One function for each, so that what is lost about one costs nothing in
 * the next.
 */
#include "__fc_builtin.h"
#include "fdt/fdt.h"
#include "fdt/fdt_harts.h"
#include "fdt/fdt_info.h"
#include "fdt/fdt_memory.h"

#define BLOB_MAX (1u << 20)

static uint8_t blob[BLOB_MAX];

static void unknown_blob(void)
{
	Frama_C_make_unknown((char *)blob, sizeof(blob));
}

int main(void)
{
	struct fdt fdt;
	struct fdt_memory_cursor memory;
	struct fdt_memory_fact fact;
	struct fdt_hart_cursor harts;
	struct fdt_hart hart;
	struct fdt_device device;
	const char *text;
	uint64_t hz;

	unknown_blob();
	if (fdt_open(&fdt, blob, Frama_C_unsigned_int_interval(0, BLOB_MAX)) != STATUS_OK)
		return 1;
	fdt_memory_begin(&memory, &fdt);
	while (fdt_memory_next(&memory, &fact) == STATUS_OK)
		;
	fdt_harts_begin(&harts, &fdt);
	while (fdt_harts_next(&harts, &hart) == STATUS_OK)
		;
	(void)!fdt_model(&fdt, &text);
	(void)!fdt_compatible(&fdt, &text);
	(void)!fdt_bootargs(&fdt, &text);
	(void)!fdt_timebase(&fdt, &hz);
	(void)!fdt_find_compatible(&fdt, "sifive,test0", &device);
	return 0;
}
