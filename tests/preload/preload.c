/* SPDX-License-Identifier: MIT */
/*
 * preload.c - malloc() and its kin, by our heap, for LD_PRELOAD: a test, no product (README.md).
 *
 * At the end of the process the heap is looked at as a whole. If PRELOAD_REPORT names a file, a
 * line is added to it: process, program, "ok" or what is wrong, figures. If something is wrong the
 * process ends with 96.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/platform.h"
#include "mm/heap/heap.h"
#include "tests/preload/process_heap.h"
#include "tests/preload/slots.h"

#define EXPORTED   __attribute__((visibility("default")))
#define BAD_STATUS 96

static struct heap *heap;
static char report_path[1024];

/* The first call comes when there is one thread, before any constructor. */
static struct heap *begin(void)
{
	if (heap == NULL) {
		slots_start();
		heap = process_heap_start();
	}
	turn_begin();
	return heap;
}

static void *end(void *block)
{
	turn_end();
	if (block == NULL)
		errno = ENOMEM;
	return block;
}

static acre_always_inline const void *caller(void)
{
	return __builtin_return_address(0);
}

/* ---- what a program calls ------------------------------------------------------------------------ */

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): those of libc begin with __ */

EXPORTED void *malloc(size_t size)
{
	return end(heap_alloc(begin(), size, caller()));
}

EXPORTED void *calloc(size_t n, size_t size)
{
	return end(heap_calloc(begin(), n, size, caller()));
}

/* errno stays, also where frames go back to the system. */
EXPORTED void free(void *block)
{
	const int before = errno;

	if (block == NULL)
		return;
	heap_free(begin(), block, caller());
	turn_end();
	errno = before;
}

/* To 0 it is a free, as in glibc. */
EXPORTED void *realloc(void *block, size_t size)
{
	if (block != NULL && size == 0) {
		free(block);
		return NULL;
	}
	return end(heap_realloc(begin(), block, size, caller()));
}

EXPORTED void *reallocarray(void *block, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(block, bytes);
}

static bool is_power(size_t align)
{
	return align != 0 && (align & (align - 1)) == 0;
}

EXPORTED void *memalign(size_t align, size_t size)
{
	if (!is_power(align)) {
		errno = EINVAL;
		return NULL;
	}
	return end(heap_alloc_aligned(begin(), size, align, caller()));
}

EXPORTED void *aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

EXPORTED int posix_memalign(void **block, size_t align, size_t size)
{
	const int before = errno;

	if (!is_power(align) || align % sizeof(void *) != 0)
		return EINVAL;
	void *found = memalign(align, size);
	errno = before;
	if (found == NULL)
		return ENOMEM;
	*block = found;
	return 0;
}

EXPORTED void *valloc(size_t size)
{
	return memalign((size_t)sysconf(_SC_PAGESIZE), size);
}

EXPORTED void *pvalloc(size_t size)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return memalign(page, (size + page - 1) & ~(page - 1));
}

EXPORTED size_t malloc_usable_size(void *block)
{
	if (block == NULL)
		return 0;
	size_t bytes = heap_usable_size(begin(), block);
	turn_end();
	return bytes;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

EXPORTED int malloc_trim(size_t pad)
{
	(void)pad;
	size_t bytes = heap_shrink(begin());
	turn_end();
	return bytes != 0;
}

/* ---- the end of the process ----------------------------------------------------------------------- */

static void add_to_report(const char *wrong)
{
	struct heap_stats s;
	char line[512];

	heap_stats(heap, &s);
	int n = snprintf(line, sizeof(line),
			 "%d %s: %s; peak %zu, live %llu, grows %llu, shrinks %llu, shared %llu\n",
			 (int)getpid(), program_invocation_short_name, wrong != NULL ? wrong : "ok",
			 s.peak_bytes, (unsigned long long)s.live_blocks,
			 (unsigned long long)s.grows, (unsigned long long)s.shrinks,
			 (unsigned long long)turns_shared());
	int file = open(report_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	bool written = file >= 0 && write(file, line, (size_t)n) == n;
	if (file >= 0)
		close(file);
	if (!written)
		wrong = "the report cannot be written";
	if (wrong != NULL) {
		platform_write(line, (size_t)n);
		_exit(BAD_STATUS);
	}
}

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("PRELOAD_REPORT");

	(void)begin();
	turn_end();
	if (path != NULL && strlen(path) < sizeof(report_path))
		strcpy(report_path, path);
	if (pthread_atfork(turns_close, turns_open, turns_open_in_child) != 0)
		abort();
}

__attribute__((destructor)) static void look_at_all(void)
{
	turns_close();
	turn_begin();
	const char *wrong = process_heap_check();
	if (report_path[0] != '\0')
		add_to_report(wrong);
	else if (wrong != NULL)
		_exit(BAD_STATUS);
	turn_end();
	turns_open();
}
