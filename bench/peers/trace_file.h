/* SPDX-License-Identifier: MIT */
/*
 * trace_file.h - what a program asked of malloc(), read from a file that bench/traces/record made
 * and xz has unpacked (bench/traces/README.md has the format).
 */
#ifndef TRACE_FILE_H
#define TRACE_FILE_H

#include <stddef.h>
#include <stdint.h>

enum trace_kind { TRACE_ALLOC = 1, TRACE_CALLOC, TRACE_REALLOC, TRACE_FREE, TRACE_ALIGNED };

#define TRACE_ALIGN 16u /* of a block of which nothing else is said: what malloc() gives here */

/* One operation, on the block of a slot. A slot has one block at a time, from its allocation on. */
struct trace_op {
	uint32_t size; /* TRACE_REALLOC: the new one */
	uint32_t slot;
	uint8_t kind; /* TRACE_ALLOC, TRACE_REALLOC or TRACE_FREE */
	uint8_t align_log2;
};

#define TRACE_FACTS 32u

struct trace {
	char *text; /* of the file: the header is in it */
	char *name;
	struct trace_op *op;
	uint64_t n;
	uint64_t slots;   /* as many blocks were live at one time, at most */
	uint64_t peak;    /* bytes that were asked for, of live blocks, at most at one time */
	uint32_t largest; /* of one block */
	unsigned nfacts;  /* lines of the header */
	char *fact[TRACE_FACTS][2];
};

/*
 * trace_read - read the trace in the file @path; for good.
 * Result: NULL, and @t is a trace; else the sentence that says what is wrong with the file.
 */
const char *trace_read(const char *path, struct trace *t);

#endif
