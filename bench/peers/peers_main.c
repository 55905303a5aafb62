/* SPDX-License-Identifier: MIT */
/*
 * peers_main.c - all of it, once; report reads what it prints. Arguments: percent of the rounds; and
 * frames, heaps, threads or traces, to leave out the rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/frames.h"
#include "bench/peers/heaps.h"
#include "bench/peers/peers.h"
#include "bench/peers/threads.h"
#include "bench/peers/traces.h"

static const struct {
	const char *name;
	bool (*run)(unsigned percent);
} parts[] = { { "frames", frames_run },
	      { "heaps", heaps_run },
	      { "threads", threads_run },
	      { "traces", traces_run } };

static void say_how(unsigned percent)
{
	printf("rounds\t%u\n", percent);
	for (unsigned i = 0; i < PEER_HEAPS; i++) {
		if (peer_heaps[i]->version != NULL)
			printf("version\t%s\t%s\n", peer_heaps[i]->name, peer_heaps[i]->version());
	}
}

int main(int argc, char **argv)
{
	unsigned percent = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100;
	bool right = true;

	say_how(percent);
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (argc < 3 || strcmp(argv[2], parts[i].name) == 0)
			right &= parts[i].run(percent);
	}
	if (!right)
		fprintf(stderr, "our own allocator gave a wrong answer\n");
	return right ? 0 : 1;
}
