/* SPDX-License-Identifier: MIT */
/* host.c - the lift as an ordinary process: a piece of its memory plays the RAM of the tree. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tests/lift/lift_platform.h"

#define RAM_START 0x80000000ull
#define RAM_SIZE  (128ull << 20)

void lift_put(const char *text, size_t len)
{
	fwrite(text, 1, len, stdout);
}

acre_noreturn void lift_exit(int code)
{
	exit(code);
}

int main(void)
{
	void *ram =
		mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct acre_range nothing = { 0, 0 };

	if (ram == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	return lift_main(nothing, (uint64_t)(uintptr_t)ram - RAM_START);
}
