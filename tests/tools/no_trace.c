/* SPDX-License-Identifier: MIT */
/* no_trace.c - what kmalloc.c needs of a kernel's trace, where nothing is traced. */
#include "kernel/memory/trace.h"

struct trace kernel_trace;

void trace_block(enum trace_verb verb, const void *block, size_t size, const void *site)
{
	(void)verb, (void)block, (void)size, (void)site;
}

void trace_aligned(const void *block, size_t size, size_t align, const void *site)
{
	(void)block, (void)size, (void)align, (void)site;
}
