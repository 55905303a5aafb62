/* SPDX-License-Identifier: MIT */
/* system_peer.h - the one allocator that a program of user_peers.c has. */
#ifndef BENCH_SYSTEM_PEER_H
#define BENCH_SYSTEM_PEER_H

#include "bench/peers/peers.h"

extern const struct peer_heap PEER_HEAP_SYSTEM;

#endif
