/* SPDX-License-Identifier: MIT */
/*
 * tracer.c - LD_PRELOAD: writes down what a program asks of malloc() and its kin, in the order of
 * its calls, whatever the thread. TRACE_OUT names the file. A record is four words:
 *
 *	kind | address that came back | address that was passed | size, and alignment << 48
 *
 * Programs that this one starts are not traced, nor is what a child does after fork(). The C
 * library's own allocator does the work, under one lock with the writing, so that of two calls
 * whichever is written down first was first.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

enum kind { ALLOC = 1, CALLOC, REALLOC, FREE };

#define RECORDS 4096u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t records[RECORDS][4];
static unsigned used;
static int out = -1;
static size_t (*usable)(void *);

static void flush(void)
{
	const char *at = (const char *)records;
	size_t left = used * sizeof(records[0]);

	for (ssize_t n; out >= 0 && left > 0; at += n, left -= (size_t)n) {
		if ((n = write(out, at, left)) <= 0)
			_exit(99); /* a trace with a hole is none */
	}
	used = 0;
}

/* With the lock. */
static void *note(enum kind kind, void *result, void *passed, size_t size, size_t align)
{
	if (out >= 0 && used == RECORDS)
		flush();
	if (out >= 0) {
		uint64_t *r = records[used++];
		r[0] = kind;
		r[1] = (uintptr_t)result;
		r[2] = (uintptr_t)passed;
		r[3] = size | (uint64_t)align << 48;
	}
	return result;
}

__attribute__((constructor)) static void start(void);
static void stop_in_child(void)
{
	close(out);
	out = -1;
	pthread_mutex_init(&lock, NULL);
}

static void take_lock(void)
{
	pthread_mutex_lock(&lock);
}

static void drop_lock(void)
{
	pthread_mutex_unlock(&lock);
}

static void start(void)
{
	/* NOLINTBEGIN(concurrency-mt-unsafe): no other thread is there yet */
	const char *name = getenv("TRACE_OUT");
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);

	*(void **)&usable = dlsym(libc, "malloc_usable_size");
	if (name == NULL)
		return;
	pthread_atfork(take_lock, drop_lock, stop_in_child);
	int file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (file < 0)
		_exit(98);
	unsetenv("TRACE_OUT");
	unsetenv("LD_PRELOAD");
	/* NOLINTEND(concurrency-mt-unsafe) */
	take_lock();
	out = file;
	drop_lock();
}

__attribute__((destructor)) static void end(void)
{
	take_lock();
	flush();
	out = -1;
	drop_lock();
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): those of libc begin with __ */

void *malloc(size_t size)
{
	take_lock();
	void *block = note(ALLOC, __libc_malloc(size), NULL, size, 0);
	drop_lock();
	return block;
}

void *calloc(size_t n, size_t size)
{
	take_lock();
	void *block = note(CALLOC, __libc_calloc(n, size), NULL, n * size, 0);
	drop_lock();
	return block;
}

void *realloc(void *old, size_t size)
{
	take_lock();
	void *block = note(REALLOC, __libc_realloc(old, size), old, size, 0);
	drop_lock();
	return block;
}

void *reallocarray(void *old, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	/* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): of 0 bytes, as the program asks */
	return realloc(old, n * size);
}

void free(void *block)
{
	take_lock();
	note(FREE, NULL, block, 0, 0);
	__libc_free(block);
	drop_lock();
}

void *memalign(size_t align, size_t size)
{
	take_lock();
	void *block = note(ALLOC, __libc_memalign(align, size), NULL, size, align);
	drop_lock();
	return block;
}

void *aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

int posix_memalign(void **block, size_t align, size_t size)
{
	*block = memalign(align, size);
	return *block != NULL ? 0 : ENOMEM;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* Else it would be that of an allocator which the program brings. */
size_t malloc_usable_size(void *block)
{
	return usable != NULL ? usable(block) : 0;
}
