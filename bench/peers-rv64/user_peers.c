/* SPDX-License-Identifier: MIT */
/*
 * user_peers.c - a program of Linux that measures an allocator which needs an operating system. It
 * runs in an emulator, and a plugin (bench/count_ops.c) counts its instructions between the marks:
 * it reads no counter itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "bench/bench.h"
#include "bench/peers-rv64/rows.h"
#include "bench/peers-rv64/system_peer.h"

uint64_t bench_now(void)
{
	return 0;
}

void *rows_memory(uint64_t bytes, uint64_t align)
{
	void *memory = mmap(NULL, bytes + align, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED) {
		perror("no memory for the benchmark itself");
		exit(1);
	}
	return (void *)(((uintptr_t)memory + align - 1) & ~(uintptr_t)(align - 1));
}

/* Given an argument, it does nothing: so it is tried whether the emulator runs it. */
int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	rows_begin();
	rows_of_heap(&PEER_HEAP_SYSTEM);
	puts("PASS 1 passed");
	return 0;
}
