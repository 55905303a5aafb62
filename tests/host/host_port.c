/* SPDX-License-Identifier: MIT */
/* host_port.c (host) - the seam and the test runner's needs on the developer's machine. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/platform.h"
#include "lib/print.h"
#include "tests/support/ktest.h"
#include "tests/support/ktest_port.h"

_Thread_local unsigned host_hart;
atomic_bool host_panicking;
_Thread_local unsigned long host_irq_enabled = 1;

#define MAX_NESTING 2

static jmp_buf escape[MAX_NESTING];
static int depth;
static size_t live_bytes;
static size_t memory = SIZE_MAX; /* --memory */

void (*host_irqs_on_hook)(void);
void (*host_write_hook)(const char *text, size_t len);

void platform_write(const char *text, size_t len)
{
	if (host_write_hook != NULL) {
		host_write_hook(text, len);
		return;
	}
	fwrite(text, 1, len, stdout);
	fflush(stdout);
}

_Noreturn void platform_panic(const void *caller, const char *message)
{
	(void)caller;
	host_irq_enabled = 1;
	host_irqs_on_hook = NULL;
	if (depth == 0) {
		fprintf(stderr, "panic outside a case: %s\n", message);
		abort();
	}
	ktest_on_panic(message);
	port_escape(PORT_PANICKED);
}

void platform_bad_free(const struct platform_bad_free *report)
{
	ktest_on_bad_free(report);
}

bool port_stopped(void)
{
	return false; /* Ctrl-C ends the process */
}

enum port_outcome port_try(void (*fn)(void *), void *arg)
{
	if (depth == MAX_NESTING)
		abort();
	int outcome = setjmp(escape[depth]);
	if (outcome != 0) /* depth was taken back by port_escape() */
		return (enum port_outcome)outcome;
	depth++;
	fn(arg);
	depth--;
	return PORT_RETURNED;
}

_Noreturn void port_escape(enum port_outcome outcome)
{
	if (depth == 0)
		abort();
	longjmp(escape[--depth], (int)outcome);
}

/* The size stands in a header in front, so that leaks can be summed. */
struct header {
	void *raw;
	size_t size;
};

/* The block ends where malloc's does: a read one byte past it is one that ASan sees. */
void *port_alloc(size_t size, size_t align)
{
	void *raw;

	if (align < _Alignof(struct header))
		align = _Alignof(struct header);
	size_t front = (sizeof(struct header) + align - 1) & ~(align - 1);
	if (live_bytes > memory || size > memory - live_bytes)
		return NULL;
	if (posix_memalign(&raw, align, front + size) != 0)
		return NULL;
	uint8_t *at = (uint8_t *)raw + front;
	struct header h = { raw, size };
	memcpy(at - sizeof(h), &h, sizeof(h));
	live_bytes += size;
	/* cppcheck-suppress memleak ; the header keeps it */
	return at;
}

void port_free(void *block)
{
	struct header h;

	if (block == NULL)
		return;
	memcpy(&h, (uint8_t *)block - sizeof(h), sizeof(h));
	live_bytes -= h.size;
	free(h.raw);
}

bool port_memory_is_short(void)
{
	return memory < KTEST_MEMORY;
}

uint64_t port_free_frames(void)
{
	return 0;
}

uint64_t port_heap_bytes(void)
{
	return live_bytes;
}

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--list] [--seed N] [--memory N] [GLOB]\n"
		"  --list      print the cases' names and stop\n"
		"  --seed N    start the random numbers of each case from N (default 1)\n"
		"  --memory N  let the cases have no more than N bytes at a time\n"
		"  GLOB        run the cases whose suite.name matches ('*' and '?')\n",
		program);
	return 2;
}

int main(int argc, char **argv)
{
	uint64_t seed = 1;
	const char *glob = NULL;

	acre_print_init();
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--list") == 0) {
			ktest_list();
			return 0;
		}
		if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--memory") == 0 && i + 1 < argc)
			memory = strtoull(argv[++i], NULL, 0);
		else if (argv[i][0] == '-' || glob != NULL)
			return usage(argv[0]);
		else
			glob = argv[i];
	}
	return ktest_run(glob, seed) == 0 ? 0 : 1;
}
