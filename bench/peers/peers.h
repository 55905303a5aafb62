/* SPDX-License-Identifier: MIT */
/*
 * peers.h - what the benchmark has to know of an allocator. The functions become a table of
 * bench/target/table, through which the workloads of bench/ call us and every peer alike.
 */
#ifndef PEERS_H
#define PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_THREADS 4u /* threads that may use one allocator at the same time */

/* A pool of frame numbers; nobody touches the frames. src/lib.rs has the same in Rust. */
struct peer_frames {
	const char *name;
	const char *note; /* what a reader of its figures has to know, or "" */
	bool shared;      /* threads may use a pool at one time; else a mutex goes around it */
	void (*enter)(unsigned thread); /* on each thread before its first call; or NULL */

	/* The frames [first, first + nframes), all free. NULL: none of that size. */
	void *(*create)(uint64_t first, uint64_t nframes);
	void (*destroy)(void *pool);

	/* As in struct bench_frames. run_alloc: NULL if it has no aligned runs. */
	uint64_t (*alloc)(void *pool);
	bool (*free)(void *pool, uint64_t frame);
	uint64_t (*run_alloc)(void *pool, uint64_t n, uint64_t align);
	bool (*run_free)(void *pool, uint64_t frame, uint64_t n);
};

struct peer_heap {
	const char *name;
	const char *note;
	bool shared;
	bool unbounded;               /* takes its memory from the system and not from the arena */
	const char *(*version)(void); /* NULL: the crate's, which Cargo.lock says */
	void (*enter)(unsigned thread);

	void *(*create)(uint8_t *arena, size_t size); /* NULL: it is not here */
	void (*destroy)(void *heap);

	/* As in struct bench_heap. */
	void *(*alloc)(void *heap, size_t size, size_t align);
	void (*free)(void *heap, void *block, size_t size, size_t align);
	void *(*realloc)(void *heap, void *block, size_t size, size_t align, size_t new_size);
};

/* acre.c: us. */
extern const struct peer_frames PEER_FRAMES_ACRE;
extern const struct peer_heap PEER_HEAP_ACRE;

/* nothing.c, free_list.c */
extern const struct peer_frames PEER_FRAMES_NOTHING, PEER_FRAMES_FREE_LIST;
extern const struct peer_heap PEER_HEAP_NOTHING;

/* c_library.c: malloc() of this program. */
extern const struct peer_heap PEER_HEAP_C_LIBRARY;

/* src/, feature arena: crates with an allocator for frames, or for one arena */
extern const struct peer_frames PEER_FRAMES_BITMAP_64K, PEER_FRAMES_BITMAP_1M,
	PEER_FRAMES_BITMAP_16M, PEER_FRAMES_BITMAP_256M, PEER_FRAMES_BUDDY;
extern const struct peer_heap PEER_HEAP_BUDDY, PEER_HEAP_TALC, PEER_HEAP_RLSF,
	PEER_HEAP_LINKED_LIST, PEER_HEAP_DLMALLOC, PEER_HEAP_GOOD_MEMORY, PEER_HEAP_O1HEAP;

/* src/, a feature each: allocators for a process, each in a shared object of its own */
extern const struct peer_heap PEER_HEAP_MIMALLOC3, PEER_HEAP_MIMALLOC2, PEER_HEAP_SNMALLOC,
	PEER_HEAP_JEMALLOC;

/*
 * peer_list.c: all of them, which every part of the program goes through. Ours is the first, then
 * comes 'nothing'. One whose create() gives NULL is not here, or not of that size.
 */
#define PEER_FRAMES 8u
#define PEER_HEAPS  14u

extern const struct peer_frames *const peer_frames[PEER_FRAMES];
extern const struct peer_heap *const peer_heaps[PEER_HEAPS];

#endif
