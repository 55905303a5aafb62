/* SPDX-License-Identifier: MIT */
/*
 * neighbours.c - words that every kernel has, before all public headers of the core: a name in one of
 * those headers that is not its module's breaks the build of this file, and a function of the core
 * with such a name breaks the link. scripts/check-names says the same without a list of words.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)        (x)
#define unlikely(x)      (x)
#define nodiscard        nodiscard_of_the_kernel
#define noreturn         noreturn_of_the_kernel
#define always_inline    always_inline_of_the_kernel
#define noinline         noinline_of_the_kernel
#define packed           packed_of_the_kernel
#define aligned          aligned_of_the_kernel
#define ASSERT(x)        assert_of_the_kernel(x)
#define ARRAY_SIZE(a)    array_size_of_the_kernel(a)
#define BIT(n)           bit_of_the_kernel(n)
#define PAGE_SHIFT       14
#define PAGE_SIZE        16384
#define PAGE_MASK        page_mask_of_the_kernel
#define ERR_INVALID      22
#define ERR_BUSY         16
#define min(a, b)        min_of_the_kernel(a, b)
#define max(a, b)        max_of_the_kernel(a, b)
#define container_of(p)  container_of_the_kernel(p)
#define MAX_ORDER        10
#define LOG_ERROR        log_error_of_the_kernel
#define PRINT_LINE       80
#define log_warn(text)   log_warn_of_the_kernel(text)
#define barrier()        barrier_of_the_kernel()
#define roundup(x, n)    roundup_of_the_kernel(x, n)
#define PFN_NONE         pfn_none_of_the_kernel
#define offset_of(t, m)  offset_of_the_kernel(t, m)
#define bad_free(p)      bad_free_of_the_kernel(p)
#define pfn_to_paddr(p)  pfn_to_paddr_of_the_kernel(p)
#define paddr_to_pfn(p)  paddr_to_pfn_of_the_kernel(p)
#define align_up(x, n)   align_up_of_the_kernel(x, n)
#define align_down(x, n) align_down_of_the_kernel(x, n)

struct range {
	int of_the_kernel;
};
struct region {
	int of_the_kernel;
};
struct lock {
	int of_the_kernel;
};
struct page {
	int of_the_kernel;
};
enum status { STATUS_OK = 1, STATUS_FAILED };
enum log_level { LEVEL_OF_THE_KERNEL };
typedef struct {
	uint64_t of_the_kernel;
} paddr_t, pfn_t, page_t;

#include "fdt/fdt.h"
#include "fdt/fdt_harts.h"
#include "fdt/fdt_info.h"
#include "fdt/fdt_memory.h"
#include "fdt/fdt_ranges.h"
#include "lib/attributes.h"
#include "lib/fmt.h"
#include "lib/panic.h"
#include "lib/platform.h"
#include "lib/print.h"
#include "lib/status.h"
#include "mm/frame/frame.h"
#include "mm/frame/frame_scoped.h"
#include "mm/frame/frame_types.h"
#include "mm/heap/heap.h"
#include "mm/map/memmap.h"
#include "mm/map/memmap_fdt.h"
#include "mm/setup.h"
#include "tests/lift/lift_platform.h"

static unsigned calls;

/* The kernel's own functions, which no one may call in their place. */
void panic(const char *why);
void print(const char *text);
void log_at(int level);
void lock_init(struct lock *lock);
void lock_acquire(struct lock *lock);
void lock_release(struct lock *lock);
void page_alloc(struct page *page);
void page_free(struct page *page);
void status_str(enum status status);

void panic(const char *why)
{
	(void)why;
	calls++;
}

void print(const char *text)
{
	(void)text;
	calls++;
}

void log_at(int level)
{
	(void)level;
	calls++;
}

void lock_init(struct lock *lock)
{
	lock->of_the_kernel = 0;
	calls++;
}

void lock_acquire(struct lock *lock)
{
	lock->of_the_kernel = 1;
	calls++;
}

void lock_release(struct lock *lock)
{
	lock->of_the_kernel = 0;
	calls++;
}

void page_alloc(struct page *page)
{
	page->of_the_kernel = 1;
	calls++;
}

void page_free(struct page *page)
{
	page->of_the_kernel = 0;
	calls++;
}

void status_str(enum status status)
{
	(void)status;
	calls++;
}

unsigned lift_neighbours(struct frame_pool *pool, struct heap *heap)
{
	frame_nr_t frame = frame_alloc(pool);
	void *block = heap_alloc(heap, 100, acre_caller());

	if (frame == FRAME_NONE || frame_free(pool, frame) != ACRE_OK || block == NULL)
		calls++;
	heap_free(heap, block, acre_caller());
	return calls;
}
