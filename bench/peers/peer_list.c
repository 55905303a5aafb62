/* SPDX-License-Identifier: MIT */
/* peer_list.c - which pools and heaps there are: one list of each for all parts of the program. */
#include "bench/peers/peers.h"

const struct peer_frames *const peer_frames[PEER_FRAMES] = {
	&PEER_FRAMES_ACRE,        &PEER_FRAMES_NOTHING,   &PEER_FRAMES_FREE_LIST,
	&PEER_FRAMES_BITMAP_64K,  &PEER_FRAMES_BITMAP_1M, &PEER_FRAMES_BITMAP_16M,
	&PEER_FRAMES_BITMAP_256M, &PEER_FRAMES_BUDDY,
};

const struct peer_heap *const peer_heaps[PEER_HEAPS] = {
	&PEER_HEAP_ACRE,        &PEER_HEAP_NOTHING,   &PEER_HEAP_BUDDY,     &PEER_HEAP_TALC,
	&PEER_HEAP_RLSF,        &PEER_HEAP_O1HEAP,    &PEER_HEAP_DLMALLOC,  &PEER_HEAP_GOOD_MEMORY,
	&PEER_HEAP_LINKED_LIST, &PEER_HEAP_MIMALLOC3, &PEER_HEAP_MIMALLOC2, &PEER_HEAP_SNMALLOC,
	&PEER_HEAP_JEMALLOC,    &PEER_HEAP_C_LIBRARY,
};
