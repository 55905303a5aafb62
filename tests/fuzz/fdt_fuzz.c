/* SPDX-License-Identifier: MIT */
/*
 * fdt_fuzz.c - libFuzzer: any bytes, read by src/fdt in every way, and by libfdt property by
 * property. What only one of the two takes is listed in tests/host/fdt_compare.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/host/fdt_compare.h"
#include "tests/support/fdt_exercise.h"

static void check(const char *broken)
{
	if (broken != NULL) {
		fprintf(stderr, "broken: %s\n", broken);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum acre_status opened;
	uint8_t *blob = fuzz_copy(data, size);

	if (blob == NULL)
		return 0;
	check(fdt_exercise(blob, size, &opened));
	check(fdt_compare(blob, size));
	free(blob);
	return 0;
}
