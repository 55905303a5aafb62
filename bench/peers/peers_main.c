/* SPDX-License-Identifier: MIT */
/* peers_main.c - all of it, once; report.py reads what it prints. An argument: percent of the rounds. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/peers/frames.h"
#include "bench/peers/heaps.h"
#include "bench/peers/peers.h"

int main(int argc, char **argv)
{
	unsigned percent = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100;
	const char *mimalloc = mimalloc_version();
	bool right;

	if (mimalloc != NULL)
		printf("version\tmimalloc\t%s\n", mimalloc);
	right = frames_run(percent);
	right &= heaps_run(percent);
	if (!right)
		fprintf(stderr, "our own allocator gave a wrong answer\n");
	return right ? 0 : 1;
}
