/* SPDX-License-Identifier: MIT */
/*
 * fdt_fuzz.c - libFuzzer: any bytes, read by src/fdt in every way and by libfdt.
 *
 *	clang -std=c17 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
 *		-Isrc -Itests/host/arch -I. tests/fuzz/fdt_fuzz.c tests/fdt_exercise.c \
 *		tests/host/fdt_compare.c src/fdt/[a-z]*.c -lfdt -o build/fdt_fuzz
 *	build/fdt_fuzz -max_len=4096 -max_total_time=60 build/fdt_corpus
 *
 * An empty corpus folder will do; one with trees that `dtc` made from tests/dts/ gets there sooner.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fdt_exercise.h"
#include "tests/host/fdt_compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *broken)
{
	if (broken != NULL) {
		fprintf(stderr, "broken: %s\n", broken);
		abort();
	}
}

/*
 * Few mutations hit the magic number, so it is put there. The copy ends where malloc's block does, and is aligned as libfdt wants it.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t magic[4] = { 0xd0, 0x0d, 0xfe, 0xed };
	enum status opened;

	if (size < sizeof(magic))
		return 0;
	uint8_t *blob = malloc(size);
	if (blob == NULL)
		return 0;
	memcpy(blob, data, size);
	memcpy(blob, magic, sizeof(magic));
	check(fdt_exercise(blob, size, &opened));
	check(fdt_compare(blob, size));
	free(blob);
	return 0;
}
