/* SPDX-License-Identifier: MIT */
/*
 * rows.h - the workloads of bench/ on one allocator after another, on RV64: in our kernel, which
 * counts instructions itself, and in a program of Linux under an emulator, where a plugin counts
 * between the marks. A row is
 *
 *	row PEER NAME ops=N cost=N less=N worst=N windows=FIRST+N empty=FIRST+N
 *	share PEER NAME per_mille=N
 *	broken PEER NAME what went wrong
 *
 * where cost and worst mean something in the kernel only. bench/peers-rv64/measure-peers makes
 * figures of them.
 */
#ifndef BENCH_PEERS_RV64_ROWS_H
#define BENCH_PEERS_RV64_ROWS_H

#include "bench/peers/peers.h"

#ifdef __linux__
#include <stdio.h>
#define rows_print printf
#else
#include "lib/print.h"
#define rows_print acre_print
#endif

/* rows_memory - @bytes, cleared, for good; never NULL. Whoever links rows.c provides it. */
void *rows_memory(uint64_t bytes, uint64_t align);

/* rows_begin - take the memory that all of them use. */
void rows_begin(void);

/* rows_of_frames, rows_of_heap - all rows of @peer. */
void rows_of_frames(const struct peer_frames *peer);
void rows_of_heap(const struct peer_heap *peer);

#endif
