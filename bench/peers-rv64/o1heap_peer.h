/* SPDX-License-Identifier: MIT */
/* o1heap_peer.h - o1heap behind the table. */
#ifndef BENCH_O1HEAP_PEER_H
#define BENCH_O1HEAP_PEER_H

#include "bench/peers/peers.h"

extern const struct peer_heap PEER_HEAP_O1HEAP;

#endif
