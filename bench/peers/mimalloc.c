/* SPDX-License-Identifier: MIT */
/*
 * mimalloc.c - mimalloc, for scale: it is not made for a kernel, has the whole address space, and a
 * heap for each thread. Loaded and not linked, since linking it would replace malloc() for everybody
 * else here, the peers included.
 */
#include <dlfcn.h>
#include <stdio.h>

#include "bench/peers/peers.h"

static struct {
	void *library;
	void *(*alloc)(size_t size, size_t align);
	void *(*realloc)(void *block, size_t size, size_t align);
	void (*free)(void *block);
	int (*version)(void);
} mi;

/* ISO C has no way to make a function of an object pointer; POSIX says that this is one. */
static bool find(void *function, const char *name)
{
	void **at = function;

	*at = dlsym(mi.library, name);
	return *at != NULL;
}

static bool load(void)
{
	if (mi.library != NULL)
		return true;
	mi.library = dlopen("libmimalloc.so", RTLD_NOW | RTLD_LOCAL);
	if (mi.library == NULL)
		return false;
	if (find(&mi.alloc, "mi_malloc_aligned") && find(&mi.realloc, "mi_realloc_aligned") &&
	    find(&mi.free, "mi_free") && find(&mi.version, "mi_version"))
		return true;
	dlclose(mi.library);
	mi.library = NULL;
	return false;
}

const char *mimalloc_version(void)
{
	static char text[32];

	if (!load())
		return NULL;
	int v = mi.version();
	snprintf(text, sizeof(text), "%d.%d.%d", v / 100, v / 10 % 10, v % 10);
	return text;
}

static void *create(uint8_t *arena, size_t size)
{
	(void)size;
	return load() ? arena : NULL;
}

static void destroy(void *heap)
{
	(void)heap;
}

static void *alloc(void *heap, size_t size, size_t align)
{
	(void)heap;
	return mi.alloc(size, align);
}

static void give_back(void *heap, void *block, size_t size, size_t align)
{
	(void)heap;
	(void)size;
	(void)align;
	mi.free(block);
}

static void *resize(void *heap, void *block, size_t size, size_t align, size_t new_size)
{
	(void)heap;
	(void)size;
	return mi.realloc(block, new_size, align);
}

const struct peer_heap PEER_HEAP_MIMALLOC = {
	.name = "mimalloc",
	.note = "for scale: memory from the system, a heap for each thread",
	.shared = true,
	.unbounded = true,
	.create = create,
	.destroy = destroy,
	.alloc = alloc,
	.free = give_back,
	.realloc = resize,
};
