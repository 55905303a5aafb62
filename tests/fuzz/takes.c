/* SPDX-License-Identifier: MIT */
/*
 * takes.c - which of the two readers takes a device tree, src/fdt or libfdt?
 *
 *	takes FILE...        a line for each: FILE|src/fdt's answer|libfdt's answer, 'ok', a reason, or
 *	                     'not asked' (fdt_compare.h says why)
 */
#include <stdio.h>
#include <stdlib.h>

/* Both have a struct of this name. */
#define fdt_property libfdt_property
#include <libfdt.h>
#undef fdt_property

#include "fdt/fdt.h"
#include "tests/host/fdt_compare.h"

static void answer(const char *path, const uint8_t *blob, size_t size)
{
	struct fdt ours;
	enum acre_status s = fdt_open(&ours, blob, size);
	const char *theirs = "not asked";

	if (fdt_compare_can_ask(blob, size)) {
		int error = fdt_check_full(blob, size);

		theirs = error == 0 ? "ok" : fdt_strerror(error);
	}
	printf("%s|%s|%s\n", path, s == ACRE_OK ? "ok" : ours.problem, theirs);
}

int main(int argc, char **argv)
{
	static uint8_t data[1u << 20];

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");

		if (file == NULL) {
			perror(argv[i]);
			return 1;
		}
		size_t size = fread(data, 1, sizeof(data), file);
		fclose(file);
		/* Its own block, so that a read past the end is seen. */
		uint8_t *blob = malloc(size > 0 ? size : 1);
		if (blob == NULL)
			return 1;
		for (size_t k = 0; k < size; k++)
			blob[k] = data[k];
		answer(argv[i], blob, size);
		free(blob);
	}
	return 0;
}
