/* SPDX-License-Identifier: MIT */
/*
 * trace_liars.c - heaps that do something wrong, under a trace: does the replay find it?
 *
 *	trace_liars FILE...      a line for each file, or what is wrong with the file; for each heap
 *
 *	FILE HEAP plain|thorough: done DONE of ALL, ok|what was found
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/peers.h"
#include "bench/peers/trace_file.h"
#include "bench/peers/trace_replay.h"

#define ARENA ((size_t)64 << 20)
#define EVERY 97u /* operations between two lies */

enum lie { HONEST, OVERLAPS, CROOKED, FORGETS, CLOBBERS, FULL, LIES };

static const char *const names[] = {
	"honest", "overlaps", "crooked", "forgets", "clobbers", "full"
};

/* Blocks side by side, never used again: what is given back is given back to nobody. */
struct liar {
	enum lie lie;
	uint8_t *at;
	uint8_t *end;
	uint8_t *last; /* the block before */
	size_t last_size;
	unsigned calls;
};

static void *take(void *heap, size_t size, size_t align)
{
	struct liar *l = heap;
	const bool now = ++l->calls % EVERY == 0;
	uint8_t *at = l->at + (-(uintptr_t)l->at & (align - 1));

	if (at >= l->end || size > (size_t)(l->end - at) || (l->lie == FULL && l->calls == EVERY))
		return NULL;
	if (now && l->lie == OVERLAPS && l->last != NULL && l->last_size >= 64)
		at = l->last + 32; /* in the middle: the ends of the other stay as they are */
	else
		l->at = at + size;
	if (now && l->lie == CROOKED)
		at += 8;
	if (now && l->lie == CLOBBERS && l->last != NULL)
		l->last[0] ^= 1;
	l->last = at;
	l->last_size = size;
	return at;
}

static void give(void *heap, void *block, size_t size, size_t align)
{
	struct liar *l = heap;

	(void)size;
	(void)align;
	if (l->last == block)
		l->last = NULL; /* to write there would be no lie */
}

static void *resize(void *heap, void *block, size_t size, size_t align, size_t new_size)
{
	struct liar *l = heap;
	void *moved = take(heap, new_size, align);

	if (moved != NULL && l->lie != FORGETS)
		memcpy(moved, block, size < new_size ? size : new_size);
	return moved;
}

static void say(const char *file, const char *heap, const struct replay *r)
{
	printf("%s %s %s: done %llu of %llu, %s\n", file, heap, r->thorough ? "thorough" : "plain",
	       (unsigned long long)r->done, (unsigned long long)r->trace->n,
	       r->broken != NULL ? r->broken : "ok");
}

static void run_on(const char *file, const char *name, struct replay *r)
{
	for (int thorough = 0; thorough < 2; thorough++) {
		r->thorough = thorough != 0;
		replay_run(r);
		replay_end(r);
		say(file, name, r);
	}
}

/* The arena is too small for a long trace on a heap that never uses a byte twice. */
static void run_liars(const char *file, const struct replay *r, uint8_t *arena)
{
	for (unsigned lie = 0; lie < LIES; lie++) {
		for (int thorough = 0; thorough < 2; thorough++) {
			struct liar l = { .lie = lie, .at = arena, .end = arena + ARENA };
			struct bench_heap table = { &l, take, give, resize };
			struct replay mine = *r;
			mine.heap = &table;
			mine.thorough = thorough != 0;
			replay_run(&mine);
			replay_end(&mine);
			say(file, names[lie], &mine);
		}
	}
}

static void run_ours(const char *file, const struct replay *r, uint8_t *arena)
{
	struct bench_heap table = { PEER_HEAP_ACRE.create(arena, ARENA), PEER_HEAP_ACRE.alloc,
				    PEER_HEAP_ACRE.free, PEER_HEAP_ACRE.realloc };

	if (table.heap == NULL)
		exit(1);
	struct replay mine = *r;
	mine.heap = &table;
	mine.low = arena;
	mine.high = arena + ARENA;
	run_on(file, "acre", &mine);
	PEER_HEAP_ACRE.destroy(table.heap); /* aborts if it is not whole */
}

static void run_file(const char *path, uint8_t *arena)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash != NULL ? slash + 1 : path;
	struct trace t;
	const char *wrong = trace_read(path, &t);

	if (wrong != NULL) {
		printf("%s: %s\n", file, wrong);
		return;
	}
	struct replay r = { .trace = &t, .block = calloc(t.slots, sizeof(struct replay_block)) };
	if (r.block == NULL)
		exit(1);
	run_ours(file, &r, arena);
	run_liars(file, &r, arena);
	free(r.block);
}

int main(int argc, char **argv)
{
	uint8_t *arena = aligned_alloc(ARENA, 2 * ARENA); /* lies go past the end */

	if (arena == NULL)
		return 1;
	PEER_HEAP_ACRE.enter(0);
	for (int i = 1; i < argc; i++)
		run_file(argv[i], arena);
	return 0;
}
