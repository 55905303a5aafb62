/* SPDX-License-Identifier: MIT */
/*
 * replay.c - stands in for libFuzzer: shows a fuzzer the files named on the command line. Each is
 * named before it is shown, so that the last name is the culprit.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

static int show(const char *path)
{
	static uint8_t data[1u << 20];
	FILE *file = fopen(path, "rb");

	if (file == NULL) {
		perror(path);
		return 1;
	}
	size_t size = fread(data, 1, sizeof(data), file);
	fclose(file);
	printf("%s\n", path);
	fflush(stdout);
	return LLVMFuzzerTestOneInput(data, size);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (show(argv[i]) != 0)
			return 1;
	}
	printf("%d files\n", argc - 1);
	return 0;
}
