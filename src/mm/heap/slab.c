/* SPDX-License-Identifier: MIT */
/*
 * slab.c - slabs: objects of one size, whose free ones are bits in words beside the memory.
 *
 *	run of the slab   | object 0 | object 1 | object 2 | ... | object n-1 | rest < a granule |
 *	descriptor        base, size, 2^64 / size, n, class, state
 *	                  free  | 0 1 1 ... | ... |      bit i: object i is free
 *	page map          frame --> descriptor
 *	stock of a hart   class --> word of a descriptor
 *
 * To take an object: clear the lowest set bit of the word that the hart's stock points to. To free
 * it: set the bit again. Each is one atomic instruction, without a lock, with interrupts as they
 * are. The old word says whether the bit was the caller's to clear, and whether the free is a
 * second one. All else is done with the lock of the class. These rules make that correct when harts
 * and handlers do it at the same time, at any instruction of each other:
 *
 *   1  Descriptors are never used for anything else. An interrupted caller may come back to one at
 *      any time, with a pointer that is old; a descriptor may have become that of another class.
 *   2  Take: the bit first. Only after it is won the hart reads what the slab is: a won bit pins
 *      the slab, since retiring it needs every bit. If the class is another than asked for, the bit
 *      is set again as by a free.
 *   3  Free: an object of the slab must start there. After the bit is set, nothing that was read
 *      before is trusted. If the slab was full, or may be empty, that is a hint to look at it with
 *      the lock held (slab_settle()).
 *   4  A slab that has a free bit is SLAB_LISTED, or SLAB_STOCK: a hart's own, which the hart comes
 *      back to. It becomes SLAB_FULL only with the lock, with all words seen as 0, before and
 *      after: a hart that sets a bit in a word of 0 looks at the state afterwards. Between the two
 *      is a full fence on both sides, so one of them sees what the other did.
 *   5  Retire, with the lock: each word from all its bits to 0, by compare and swap. If one is not
 *      full, the words before it get their bits back. Then class 0 and no objects, and the slab is
 *      SLAB_SPARE. The lock is dropped; the page map is cleared; the memory goes back; and only then
 *      the descriptor may be used again.
 *   6  Start: base, size, class; then the page map; then, with the lock, the state and each word, by
 *      a swap that releases. A bit that was there already is a stray free. A hart that comes to
 *      settle a slab that is SLAB_SPARE leaves it alone.
 *   7  Acquire on take pairs with release on free and on start: a hart that gets an object sees
 *      what its last owner wrote to it, and what the slab is. A stock and a link are written by a
 *      release too: a hart that finds a word through them does not see what was there before the
 *      descriptor was one, since a load from an address that was loaded comes after that load.
 *
 * A slab has two objects at least: a single object is better off in a run, which is exact to a
 * granule and starts anywhere. The caller of slab_alloc() asks for a run if there is no slab.
 *
 * The slabs that a hart has started, or has taken off the list, are its own: they are SLAB_STOCK,
 * say whose, and lie side by side in the list of the class. No other hart takes from them as long
 * as there is another slab, or memory for one. They stay its own where all their objects are
 * handed out, so a free has nothing to change but a bit. Where the word that a hart takes from
 * has become 0, the hart goes on to the next of its slabs, and from the last to the first,
 * OWN_LOOKS at most, without a lock: links and owners are hints there, as the word is, and the
 * bit that is won decides (rule 2). Only then the lock is taken, for a listed slab or a new one.
 *
 * A hart's slab that becomes empty stays, unless EMPTY_KEPT bytes beside it are empty slabs of the
 * same hart. The slab that the hart takes from stays, and so does the last in the list. So no slab
 * is started and retired for objects that come and go, be it a few hundred at a time. What a hart
 * leaves that stops is full or listed. Of listed slabs a class keeps one that is wholly free, and
 * retires any other. Before an allocation fails, all that are empty are retired.
 *
 * The first slabs of a class are short; the more it has, the longer the next one is: so there are
 * few of them, and what one leaves unused is a part of what all have.
 *
 * Invariants, while no call is under way (slab_validate.c checks them):
 *
 *   S1  Slabs of a class, and only those, have its number, its size, and between 2 and `count`
 *       objects in a run that starts at a frame; their frames, and no others, lead to them.
 *   S2  Bits are set only for objects that exist.
 *   S3  The lists of a class have its slabs once, each that of its state. Those with a free bit are
 *       SLAB_LISTED or SLAB_STOCK; of the latter those of a hart lie side by side.
 *   S4  Each descriptor is that of a slab or spare, and spare ones have no bit and no class.
 *   S5  Runs that are slabs are those of the descriptors.
 */
#include "mm/heap/slab.h"

#include "lib/align.h"
#include "lib/atomic_store.h"
#include "lib/bits.h"
#include "lib/lock_scoped.h"
#include "lib/platform.h"
#include "mm/heap/backing.h"
#include "mm/heap/slab_internal.h"

#define SLAB_WRITE(slab, member, value) store_relaxed(&(slab)->member, value)

/* Up to so many frames a slab may be longer than it must, where that wastes less. */
#define SHORT_FRAMES 4u

/* For each so many slabs that a class has, the next one is longer by the length of the first. */
#define GROWTH 2u

/* A hart looks at so many of its own slabs before it takes the lock of the class. */
#define OWN_LOOKS 4u

/* A slab of a hart stays where it becomes empty, unless so many bytes beside it are empty. */
#define EMPTY_KEPT ((size_t)32 << 10)

/* A slab has one of so many parts of the memory at most. */
#define SLAB_SHARE 16u

/*
 * An object of more than so many bytes is as well off in a run of its own, except for the time
 * it takes: where memory is scarce it gets no new slab. From so many on the first slab of a shared
 * class is half as long.
 */
#define LONG_SIZE (RUN_MIN_GRANULES * RUN_GRANULE)

/* Descriptors that are cut out of the runs at one time. */
#define SPARE_LEAST (RUN_MIN_GRANULES * RUN_GRANULE / sizeof(struct slab))
#define SPARE_MOST  128u

/* ---- classes ------------------------------------------------------------------------------ */

/* 16, 32, ... 128; then 144, ..., 256; 288, ..., 512; and so on. */
size_t slab_class_size(unsigned class)
{
	if (class <= 8)
		return (size_t) class * SLAB_UNIT;
	unsigned doubling = (class - 1) / 8 - 1; /* classes 9 to 16: 0 */
	return ((size_t)(8 + (class - 1) % 8 + 1) * SLAB_UNIT) << doubling;
}

/* 16, 32, 64, 128; from there on every eighth. */
unsigned slab_shared_class(unsigned class)
{
	if (class > 8)
		return (class + 7) / 8 * 8;
	return class > 4 ? 8 : class > 2 ? 4 : class;
}

/*
 * The objects of a slab: at least SLAB_OBJECTS where they fit. If that takes few frames, up to twice as
 * many, of which the smallest part is left over.
 */
static uint32_t objects_of(size_t size)
{
	size_t least = (SLAB_OBJECTS * size + PAGE_MAP_FRAME - 1) / PAGE_MAP_FRAME;

	if (size > SLAB_MAX_FRAMES * PAGE_MAP_FRAME)
		return 1;
	size_t best = least < SLAB_MAX_FRAMES ? least : SLAB_MAX_FRAMES;

	for (size_t n = best + 1; n <= 2 * least && n <= SHORT_FRAMES; n++) {
		size_t left = n * PAGE_MAP_FRAME % size;
		if (left * best < best * PAGE_MAP_FRAME % size * n)
			best = n;
	}
	return (uint32_t)(best * PAGE_MAP_FRAME / size);
}

/* Where a class has many slabs they have as many objects as there are bits, in few frames. */
static uint32_t most_objects_of(size_t size)
{
	size_t most = SHORT_FRAMES * PAGE_MAP_FRAME / size;
	uint32_t least = objects_of(size);

	if (most > (size_t)SLAB_WORDS * BITS_PER_WORD)
		most = (size_t)SLAB_WORDS * BITS_PER_WORD;
	return most > least ? (uint32_t)most : least;
}

static void set_size(struct slab_class *c, size_t size, uint32_t least)
{
	c->size = size;
	c->reciprocal = UINT64_MAX / size + 1;
	c->count = most_objects_of(size);
	c->least = least;
}

/* Objects of the next slab of a class. */
static uint32_t count_of_next(const struct slab_class *c)
{
	uint32_t nslabs = SLAB_READ(c, nslabs);
	uint64_t count = (uint64_t)SLAB_READ(c, usual) * (1 + nslabs / GROWTH);
	uint32_t most = SLAB_READ(c, most);

	if (nslabs == 0 && c->starts_short && count / 2 >= c->least)
		return (uint32_t)count / 2;
	return count < most ? (uint32_t)count : most;
}

void slab_pool_init(struct slab_pool *pool, struct run_pool *runs, struct page_map *map)
{
	*pool = (struct slab_pool){ .runs = runs, .map = map };
	pool->stocks.spare = &pool->shared;
	slab_stock_init(pool, &pool->shared);
	for (unsigned class = 1; class <= SLAB_LARGE; class ++) {
		pool->class[class].number = class;
		ticket_lock_init_level(&pool->class[class].lock, "slabs", TICKET_LOCK_SLABS);
	}
	for (unsigned class = 1; class <= SLAB_CLASSES; class ++) {
		struct slab_class *c = &pool->class[class];
		set_size(c, slab_class_size(class), 2);
		c->starts_short = c->size >= LONG_SIZE && slab_shared_class(class) == class;
	}
	pool->class[SLAB_LARGE].count = 1;
	pool->class[SLAB_LARGE].least = 1;
	pool->class[SLAB_LARGE].kind.placed = true;
}

/* ---- spare descriptors: with the lock of the runs -------------------------------------------- */

/* Memory that may hold anything becomes a descriptor; what else it says is written by describe(). */
static struct slab *make_descriptor(struct slab *slab)
{
	for (unsigned w = 0; w < SLAB_WORDS; w++)
		SLAB_WRITE(slab, free[w], 0);
	SLAB_WRITE(slab, class, 0);
	SLAB_WRITE(slab, count, 0);
	SLAB_WRITE(slab, state, SLAB_SPARE);
	SLAB_WRITE(slab, next, NULL); /* a hart that comes too early follows them (is_surplus()) */
	SLAB_WRITE(slab, prev, NULL);
	return slab;
}

static void push_spare(struct slab_pool *pool, struct slab *slab)
{
	SLAB_WRITE(slab, next, pool->spare);
	pool->spare = slab;
}

/* They are cleared when they are taken, one at a time; what is left of the last ones is now. */
static void add_fresh(struct slab_pool *pool, struct slab *table, size_t n)
{
	for (; pool->nfresh > 0; pool->nfresh--)
		push_spare(pool, make_descriptor(pool->fresh++));
	pool->fresh = table;
	pool->nfresh = n;
	SLAB_WRITE(pool, ndescriptors, SLAB_READ(pool, ndescriptors) + n);
}

/* What a slab may have: its part of all memory, but as much as any run, and no more than it needs. */
static size_t share_of(size_t total_bytes)
{
	const size_t least = RUN_MIN_GRANULES * RUN_GRANULE;
	const size_t most = SLAB_MAX_FRAMES * PAGE_MAP_FRAME;
	size_t bytes = total_bytes / SLAB_SHARE;

	if (bytes < least)
		return least;
	return bytes < most ? bytes : most;
}

/* How many objects the slabs of @c have, where one may have @bytes. */
static void set_lengths(struct slab_class *c, size_t bytes)
{
	size_t most = bytes / c->size;
	uint32_t usual = objects_of(c->size);

	if (most < c->least && c->least == 1)
		most = 1;
	SLAB_WRITE(c, most, most < c->count ? (uint32_t)most : c->count);
	SLAB_WRITE(c, usual, most < usual ? (uint32_t)most : usual);
}

void slab_pool_grow(struct slab_pool *pool, size_t total_bytes, struct slab *table, size_t n)
{
	size_t bytes = share_of(total_bytes);

	for (unsigned class = 1; bytes != pool->share && class < SLAB_LARGE; class ++) {
		if (pool->class[class].size != 0)
			set_lengths(&pool->class[class], bytes);
	}
	pool->share = bytes;
	if (n == 0)
		return;
	LOCK_SCOPED(held, &pool->runs->lock);
	add_fresh(pool, table, n);
}

/* A frame of them, which does not come back. */
static bool take_spares(struct slab_pool *pool)
{
	const struct heap_backing *b = pool->backing;
	struct slab *table;

	if (b == NULL ||
	    (table = heap_backing_take(b, PAGE_MAP_FRAME, PAGE_MAP_FRAME, NULL)) == NULL)
		return false;
	add_fresh(pool, table, PAGE_MAP_FRAME / sizeof(*table));
	(void)atomic_fetch_add_explicit(&pool->backed_bytes, PAGE_MAP_FRAME, memory_order_relaxed);
	return true;
}

/* As many again as there are, but within limits; half of that where there is no run for them. */
static never_inline bool make_spares(struct slab_pool *pool, bool grow)
{
	size_t n = SLAB_READ(pool, ndescriptors);

	if (grow && take_spares(pool))
		return true;
	if (n > SPARE_MOST)
		n = SPARE_MOST;

	for (n = n > SPARE_LEAST ? n : SPARE_LEAST; n >= SPARE_LEAST; n /= 2) {
		struct slab *table =
			run_take(pool->runs, n * sizeof(*table), RUN_GRANULE, RUN_TABLE);
		if (table != NULL) {
			add_fresh(pool, table, n);
			return true;
		}
	}
	return false;
}

static struct slab *take_spare(struct slab_pool *pool, bool grow)
{
	struct slab *slab = pool->spare;

	if (slab != NULL) {
		pool->spare = SLAB_READ(slab, next);
		return slab;
	}
	if (unlikely(pool->nfresh == 0) && !make_spares(pool, grow))
		return NULL;
	pool->nfresh--;
	return make_descriptor(pool->fresh++);
}

/* ---- the lists of a class, with its lock ----------------------------------------------------- */

/* @slab, or NULL, comes after @prev, or first. What a link leads to is a descriptor (rule 7). */
static void link_after(struct slab_class *c, struct slab *prev, struct slab *slab,
		       enum slab_state state)
{
	if (prev != NULL)
		store_release(&prev->next, slab);
	else
		store_release(&c->list[state], slab);
}

static void link_before(struct slab *next, struct slab *slab)
{
	if (next != NULL)
		store_release(&next->prev, slab);
}

static void unlink_slab(struct slab_class *c, struct slab *slab)
{
	struct slab *prev = SLAB_READ(slab, prev);
	struct slab *next = SLAB_READ(slab, next);

	link_after(c, prev, next, SLAB_READ(slab, state));
	link_before(next, prev);
}

/* After @prev; or first: slabs that were full last, and are the fullest, are taken from first. */
static void link_slab(struct slab_class *c, struct slab *slab, struct slab *prev,
		      enum slab_state state)
{
	struct slab *next = prev != NULL ? SLAB_READ(prev, next) : SLAB_READ(c, list[state]);

	SLAB_WRITE(slab, prev, prev);
	SLAB_WRITE(slab, next, next);
	SLAB_WRITE(slab, state, state);
	link_before(next, slab);
	link_after(c, prev, slab, state);
}

static void move_slab(struct slab_class *c, struct slab *slab, enum slab_state state)
{
	unlink_slab(c, slab);
	link_slab(c, slab, NULL, state);
}

static bool has_a_free_bit(const struct slab *slab)
{
	uint64_t count = SLAB_READ(slab, count);
	uint64_t any = 0;

	for (uint64_t w = 0; w * BITS_PER_WORD < count; w++)
		any |= bitmap_atomic_word(&slab->free[w]);
	return any != 0;
}

/* All words were 0. Rule 4: a bit that is set meanwhile is seen here, or sees SLAB_FULL. */
static void leave_slab(struct slab_class *c, struct slab *slab)
{
	move_slab(c, slab, SLAB_FULL);
	atomic_thread_fence(memory_order_seq_cst);
	if (has_a_free_bit(slab))
		move_slab(c, slab, SLAB_LISTED);
}

/* ---- stocks ----------------------------------------------------------------------------------- */

void slab_stock_init(struct slab_pool *pool, struct slab_stock *slot)
{
	for (unsigned class = 0; class < SLAB_LARGE; class ++) {
		store_relaxed(&slot->word[class], &pool->none);
		store_relaxed(&slot->first[class], NULL);
	}
}

/* Whose stock it is, for a slab to say. The one that harts share is that of no hart. */
static uint32_t stock_owner(const struct slab_pool *pool, const struct slab_stock *stock)
{
	return stock == &pool->shared ? PLATFORM_MAX_HARTS : platform_hart();
}

/* The stock of @owner; NULL where it has none any more. */
static struct slab_stock *stock_of(struct slab_pool *pool, uint32_t owner)
{
	if (owner == PLATFORM_MAX_HARTS)
		return &pool->shared;
	return owner == platform_hart() ? hart_slots_own(&pool->stocks)
					: hart_slots_of(&pool->stocks, owner);
}

/* Is @slab of @class, and a hart's, which is @owner? Without the lock it is a hint. */
static inline bool is_of_hart(const struct slab *slab, unsigned class, uint32_t owner)
{
	return SLAB_READ(slab, owner) == owner && SLAB_READ(slab, class) == class &&
	       SLAB_READ(slab, state) == SLAB_STOCK;
}

/* What a link leads to; without the lock too. */
static inline struct slab *link_of(const _Atomic(struct slab *) *link)
{
	return atomic_load_explicit(link, acre_order_of_address);
}

/* The slab after @slab, if it is of that hart; without the lock too. */
static inline struct slab *next_of_hart(const struct slab *slab)
{
	struct slab *next = link_of(&slab->next);

	return next != NULL && is_of_hart(next, (unsigned)SLAB_READ(slab, class),
					  SLAB_READ(slab, owner))
		       ? next
		       : NULL;
}

/*
 * With the lock of @class, else a hint: the slab that @stock, this hart's, takes from. NULL: none,
 * since it points to what was retired, or to the slab of another.
 */
static struct slab *own_slab(const struct slab_pool *pool, const struct slab_stock *stock,
			     unsigned class)
{
	bitmap_word *word = atomic_load_explicit(&stock->word[class], memory_order_relaxed);
	struct slab *slab = word != &pool->none ? slab_of_word(word) : NULL;

	return slab != NULL && is_of_hart(slab, class, stock_owner(pool, stock)) ? slab : NULL;
}

/* With the lock: @slab, in no list, is this hart's now; after @prev, its too, or its first. */
static void link_own(const struct slab_pool *pool, struct slab_class *c, struct slab *slab,
		     struct slab_stock *stock, struct slab *prev)
{
	unsigned class = c->number;
	uint32_t owner = stock_owner(pool, stock);

	if (prev == NULL)
		prev = SLAB_READ(stock, first[class]);
	if (prev == NULL || unlikely(!is_of_hart(prev, class, owner))) {
		prev = NULL;
		store_release(&stock->first[class], slab);
	}
	SLAB_WRITE(slab, owner, owner);
	link_slab(c, slab, prev, SLAB_STOCK);
}

/* With the lock: @slab is about to be its hart's no more. */
static void disown(struct slab_stock *stock, const struct slab *slab)
{
	uint64_t class = SLAB_READ(slab, class);

	if (stock != NULL && SLAB_READ(stock, first[class]) == slab)
		store_release(&stock->first[class], next_of_hart(slab));
}

/* No stock is here: any hart may take the first slab of it now. NULL: it has none any more. */
static struct slab *leave_first(struct slab_pool *pool, struct slab_stock *slot, unsigned class)
{
	struct slab_class *c = &pool->class[class];
	LOCK_SCOPED(held, &c->lock);
	struct slab *slab = SLAB_READ(slot, first[class]);

	if (slab == NULL || !is_of_hart(slab, class, stock_owner(pool, slot)))
		return NULL;
	disown(slot, slab);
	leave_slab(c, slab);
	return slab;
}

void slab_stock_leave(struct slab_pool *pool, struct slab_stock *slot)
{
	struct slab *slab;

	for (unsigned class = 1; class < SLAB_LARGE; class ++) {
		if (SLAB_READ(slot, first[class]) == NULL)
			continue;
		while ((slab = leave_first(pool, slot, class)) != NULL)
			slab_settle(pool, slab); /* it may be wholly free */
	}
	slab_stock_init(pool, slot);
}

/* Until it is sure that there is none. */
static inline bool take_lowest(bitmap_word *word, unsigned *bit)
{
	uint64_t bits;

	while ((bits = bitmap_atomic_word(word)) != 0) {
		if (likely(slab_take_lowest(word, bits, bit)))
			return true;
	}
	return false;
}

/* Are all words of @slab 0? Quickly, since a hart looks at some that are full. */
static inline bool seems_full(const struct slab *slab, uint64_t count)
{
	uint64_t any = bitmap_atomic_word(&slab->free[0]);

	_Static_assert(SLAB_WORDS == 4, "each is looked at; past the last object there is no bit");
	if (count > BITS_PER_WORD)
		any |= bitmap_atomic_word(&slab->free[1]) | bitmap_atomic_word(&slab->free[2]) |
		       bitmap_atomic_word(&slab->free[3]);
	return any == 0;
}

/* The lowest free bit of @slab is the caller's. Result: the word; NULL if all are seen as 0. */
static inline bitmap_word *take_any_bit(struct slab *slab, unsigned *bit)
{
	uint64_t count = SLAB_READ(slab, count);

	if (seems_full(slab, count))
		return NULL;
	for (uint64_t w = 0; w * BITS_PER_WORD < count; w++) {
		if (take_lowest(&slab->free[w], bit))
			return &slab->free[w];
	}
	return NULL;
}

/* An object of @slab, whose word becomes @stock's; NULL if all words are seen as 0. */
static void *take_from(struct slab_stock *stock, unsigned class, struct slab *slab)
{
	unsigned bit;
	bitmap_word *word = take_any_bit(slab, &bit);

	if (word == NULL)
		return NULL;
	store_release(&stock->word[class], word);
	return slab_object(word, bit);
}

/* ---- starting and retiring -------------------------------------------------------------------- */

/* An object was freed although it was free, and it could not be refused: say so now. */
static never_inline void report_stray(const void *object, size_t size)
{
	platform_bad_free(&(struct platform_bad_free){
		.allocator = "heap",
		.address = (uintptr_t)object,
		.what = "freed twice at the same moment",
		.actual_start = (uintptr_t)object,
		.actual_size = size,
	});
}

static void count_slabs(struct slab_class *c, int more)
{
	uint32_t n = (uint32_t)((int)SLAB_READ(c, nslabs) + more);

	SLAB_WRITE(c, nslabs, n);
	if (n > c->peak)
		c->peak = n;
}

/* A new slab: its descriptor, its memory, its objects. */
struct newborn {
	struct slab *slab;
	uint8_t *base;
	size_t size;
	uint32_t count;
};

/*
 * What the slab is from now on, for a hart that finds it (rule 6). It has no bit yet and is on no
 * list, so that needs no lock.
 */
static void describe(struct slab_pool *pool, const struct slab_class *c, const struct newborn *n)
{
	struct slab *slab = n->slab;

	SLAB_WRITE(slab, base, n->base);
	SLAB_WRITE(slab, size, n->size);
	SLAB_WRITE(slab, reciprocal, c->size != 0 ? c->reciprocal : UINT64_MAX / n->size + 1);
	SLAB_WRITE(slab, count, n->count);
	for (uint64_t w = 0; w * BITS_PER_WORD < n->count; w++)
		SLAB_WRITE(slab, loose[w], 0);
	SLAB_WRITE(slab, class, c->number);
	page_map_set(pool->map, n->base, n->count * n->size, slab);
}

/* All bits but the first, the caller's. Result: an object whose bit was set already, if any. */
static void *set_all_bits(struct slab *slab, uint8_t *base, uint64_t count, size_t size)
{
	uint64_t taken = 1;
	void *stray = NULL;

	for (uint64_t w = 0; w < SLAB_WORDS; w++, taken = 0) {
		if (w * BITS_PER_WORD >= count && likely(bitmap_atomic_word(&slab->free[w]) == 0))
			continue;
		uint64_t old = atomic_exchange_explicit(
			&slab->free[w], slab_mask(count, w) & ~taken, memory_order_release);
		if (unlikely(old != 0))
			stray = base + (w * BITS_PER_WORD + bits_ctz(old)) * size;
	}
	return stray;
}

/*
 * Rule 6, without describe(). The first object is the caller's. *@stray: another one that was freed
 * already.
 */
static inline void *start(struct slab_pool *pool, struct slab_class *c, const struct newborn *n,
			  void **stray)
{
	LOCK_SCOPED(held, &c->lock);
	unsigned class = c->number;
	struct slab_stock *stock = hart_slots_own(&pool->stocks);

	if (likely(class != SLAB_LARGE))
		link_own(pool, c, n->slab, stock, own_slab(pool, stock, class));
	else
		link_slab(c, n->slab, NULL, SLAB_FULL); /* its object is all that there is of it */
	*stray = set_all_bits(n->slab, n->base, n->count, n->size);
	if (likely(class != SLAB_LARGE))
		store_release(&stock->word[class], &n->slab->free[0]);
	c->starts++;
	count_slabs(c, 1);
	return n->base;
}

/* ---- memory for a slab: a run, or frames -------------------------------------------------------- */

static struct slab *take_descriptor(struct slab_pool *pool)
{
	LOCK_SCOPED(held, &pool->runs->lock);

	return take_spare(pool, true);
}

/* Frames at @place, and the descriptor for a slab in them. False if one of them is missing. */
static bool take_placed(struct slab_pool *pool, size_t bytes, size_t align,
			const struct heap_place *place, struct newborn *n)
{
	const struct slab_frames *frames = &pool->frames;

	if (frames->take == NULL)
		return false;
	bytes = align_up(bytes, PAGE_MAP_FRAME);
	n->base = frames->take(frames->context, bytes, align, place);
	if (n->base == NULL)
		return false;
	n->slab = take_descriptor(pool);
	if (n->slab == NULL) {
		frames->give(frames->context, n->base, bytes);
		return false;
	}
	return true;
}

/* A run, and the descriptor for it. *@added: the regions that there were, if one is missing. */
static bool take_run(struct slab_pool *pool, size_t bytes, size_t align, struct newborn *n,
		     bool grow, uint64_t *added)
{
	LOCK_SCOPED(held, &pool->runs->lock);

	*added = pool->runs->added;
	n->slab = take_spare(pool, grow);
	if (n->slab == NULL)
		return false;
	n->base = run_take(pool->runs, bytes, align, RUN_SLAB);
	if (n->base == NULL)
		push_spare(pool, n->slab);
	return n->base != NULL;
}

static bool take_run_or_grow(struct slab_pool *pool, size_t bytes, size_t align, struct newborn *n,
			     bool grow)
{
	uint64_t added;

	while (!take_run(pool, bytes, align, n, grow, &added)) {
		if (!grow || !run_pool_grow(pool->runs, bytes, align, added))
			return false;
	}
	return true;
}

static inline bool take_memory(struct slab_pool *pool, const struct slab_kind *kind,
			       struct newborn *n, bool grow)
{
	const size_t bytes = n->count * n->size;
	const size_t align = kind->align > PAGE_MAP_FRAME ? kind->align : PAGE_MAP_FRAME;

	if (unlikely(kind->placed))
		return grow && take_placed(pool, bytes, align, &kind->place, n);
	return take_run_or_grow(pool, bytes, align, n, grow);
}

/* What is left of a slab that was retired: to be given back with no lock held. */
struct remains {
	uint8_t *base;
	size_t bytes;
	bool placed;
};

static void give_memory_back(struct slab_pool *pool, struct slab *slab, const struct remains *r)
{
	page_map_set(pool->map, r->base, r->bytes, NULL);
	if (unlikely(r->placed)) {
		size_t bytes = align_up(r->bytes, PAGE_MAP_FRAME);
		pool->frames.give(pool->frames.context, r->base, bytes);
	}
	LOCK_SCOPED(held, &pool->runs->lock);
	if (likely(!r->placed))
		(void)!run_give(pool->runs, r->base, RUN_SLAB, 0); /* it is one */
	push_spare(pool, slab);
}

/*
 * ---- new slabs, and slabs that go ---------------------------------------------------------------
 */

static void construct_all(const struct slab_kind *kind, const struct newborn *n)
{
	for (uint32_t i = 0; i < n->count; i++)
		kind->construct(n->base + i * n->size, kind->context);
}

/*
 * An object of a new slab of @count objects of @size bytes, in memory as @kind says. NULL if there
 * is none. No lock is held.
 */
static never_inline void *alloc_from_new(struct slab_pool *pool, struct slab_class *c, size_t size,
					 uint32_t count, const struct slab_kind *kind, bool grow)
{
	struct newborn n = { .size = size, .count = count };
	void *stray = NULL;

	if (!take_memory(pool, kind, &n, grow))
		return NULL;
	if (unlikely(kind->construct != NULL))
		construct_all(kind, &n);
	describe(pool, c, &n);
	void *object = start(pool, c, &n, &stray);
	if (unlikely(stray != NULL))
		report_stray(stray, size);
	return object;
}

void *slab_alloc_large(struct slab_pool *pool, size_t bytes, size_t align,
		       const struct heap_place *place)
{
	static const struct heap_place anywhere = { UINT64_MAX, HEAP_ANY_NODE };
	const struct slab_kind kind = { .align = align,
					.placed = true,
					.place = place != NULL ? *place : anywhere };

	return alloc_from_new(pool, &pool->class[SLAB_LARGE], align_up(bytes, PAGE_MAP_FRAME), 1,
			      &kind, true);
}

/* All bits of @slab, or none of them. *@stray: an object that was freed twice meanwhile. */
static bool take_all_bits(struct slab *slab, void **stray)
{
	uint64_t count = SLAB_READ(slab, count);
	uint64_t w = 0;

	for (; w * BITS_PER_WORD < count; w++) {
		uint64_t mask = slab_mask(count, w);
		if (!atomic_compare_exchange_strong_explicit(
			    &slab->free[w], &mask, 0, memory_order_acquire, memory_order_relaxed))
			break;
	}
	if (w * BITS_PER_WORD >= count)
		return true;
	while (w-- > 0) {
		uint64_t old = bitmap_atomic_set(&slab->free[w], slab_mask(count, w));
		if (unlikely(old != 0))
			*stray = SLAB_READ(slab, base) + (w * BITS_PER_WORD + bits_ctz(old)) *
								 (size_t)SLAB_READ(slab, size);
	}
	return false;
}

/* Rule 5, up to where the lock is dropped: *@r goes back then. False: not empty. */
static bool retire(struct slab_pool *pool, struct slab_class *c, struct slab *slab,
		   struct remains *r, void **stray)
{
	if (!take_all_bits(slab, stray))
		return false;
	r->base = SLAB_READ(slab, base);
	r->bytes = (size_t)SLAB_READ(slab, count) * SLAB_READ(slab, size);
	r->placed = c->kind.placed;
	if (SLAB_READ(slab, state) == SLAB_STOCK)
		disown(stock_of(pool, SLAB_READ(slab, owner)), slab);
	SLAB_WRITE(slab, class, 0);
	SLAB_WRITE(slab, count, 0); /* a free that comes too late is refused */
	unlink_slab(c, slab);
	SLAB_WRITE(slab, state, SLAB_SPARE);
	c->retires++;
	count_slabs(c, -1);
	return true;
}

/* ---- taking ----------------------------------------------------------------------------------- */

/*
 * From the next of this hart's own slabs that has one, in turn; OWN_LOOKS at most. Without a lock,
 * so all is a hint until a bit is won.
 */
static never_inline void *alloc_from_own(struct slab_pool *pool, unsigned class)
{
	struct slab_stock *stock = hart_slots_own(&pool->stocks);
	uint32_t owner = stock_owner(pool, stock);
	bitmap_word *word = atomic_load_explicit(&stock->word[class], acre_order_of_address);
	struct slab *slab = word != &pool->none ? slab_of_word(word) : NULL;
	unsigned bit;

	if (slab != NULL && !is_of_hart(slab, class, owner))
		slab = NULL;
	if (slab == NULL)
		slab = link_of(&stock->first[class]);
	struct slab *from = slab;
	struct slab *last = NULL;
	for (unsigned looks = 0; slab != NULL && looks < OWN_LOOKS; looks++) {
		word = take_any_bit(slab, &bit);
		if (word != NULL && likely(slab_has_class(word, class))) {
			store_release(&stock->word[class], word);
			return slab_object(word, bit);
		}
		if (word != NULL)
			slab_put_back(pool, word, bit);
		last = slab;
		slab = next_of_hart(slab);
		if (slab == NULL)
			slab = link_of(&stock->first[class]);
		if (slab == from) /* there are no others */
			return NULL;
	}
	/*
	 * The next look goes on there, and a new slab comes after it: no slab is always passed by.
	 */
	if (last != NULL)
		store_release(&stock->word[class], &last->free[0]);
	return NULL;
}

/* From a listed slab, which becomes this hart's own. */
static never_inline void *alloc_from_listed(struct slab_pool *pool, struct slab_class *c,
					    unsigned class)
{
	LOCK_SCOPED(held, &c->lock);
	struct slab_stock *stock = hart_slots_own(&pool->stocks);
	struct slab *own = own_slab(pool, stock, class);
	struct slab *slab;

	while ((slab = SLAB_READ(c, list[SLAB_LISTED])) != NULL) {
		void *object = take_from(stock, class, slab);
		if (object != NULL) {
			unlink_slab(c, slab);
			link_own(pool, c, slab, stock, own);
			return object;
		}
		leave_slab(c, slab);
	}
	return NULL;
}

/* From a slab that is in @state. */
static never_inline void *alloc_from_any(struct slab_pool *pool, struct slab_class *c,
					 unsigned class, enum slab_state state)
{
	LOCK_SCOPED(held, &c->lock);
	struct slab_stock *stock = hart_slots_own(&pool->stocks);
	void *object = NULL;

	for (struct slab *slab = SLAB_READ(c, list[state]); slab != NULL && object == NULL;
	     slab = SLAB_READ(slab, next))
		object = take_from(stock, class, slab);
	return object;
}

/* There is no memory for a slab: from that of another hart, or from one that seems full. */
static void *alloc_from_others(struct slab_pool *pool, struct slab_class *c, unsigned class)
{
	void *object = alloc_from_any(pool, c, class, SLAB_STOCK);

	/* A free that is under way may not have listed it. */
	return object != NULL ? object : alloc_from_any(pool, c, class, SLAB_FULL);
}

bool slab_stock_is_used_up(const struct slab_pool *pool, unsigned class)
{
	const struct slab *slab = own_slab(pool, hart_slots_own(&pool->stocks), class);

	return slab != NULL && seems_full(slab, SLAB_READ(slab, count));
}

void *slab_alloc_left(struct slab_pool *pool, unsigned class)
{
	struct slab_class *c = &pool->class[class];
	void *object = alloc_from_listed(pool, c, class);

	return object != NULL ? object : alloc_from_others(pool, c, class);
}

/*
 * Is an object of @c better off in a run of its own, since so little memory is left that a slab
 * could not be spared? A hint. Where the memory can grow it is never so little.
 */
static inline bool is_run_better(const struct slab_pool *pool, const struct slab_class *c)
{
	return c->size > LONG_SIZE && c->number <= SLAB_CLASSES && run_pool_is_scarce(pool->runs);
}

/* From a slab of the hart's; else a listed one; a new one; one of another hart; at last any. */
static void *alloc_of_class(struct slab_pool *pool, unsigned class, bool grow)
{
	struct slab_class *c = &pool->class[class];
	bool looked = false; /* for slabs that are wholly free, and there are none */
	void *object = alloc_from_own(pool, class);

	if (likely(object != NULL))
		return object;
	uint32_t count = count_of_next(c);
	if (SLAB_READ(c, list[SLAB_LISTED]) != NULL) /* a hint */
		object = alloc_from_listed(pool, c, class);
	if (object == NULL && unlikely(is_run_better(pool, c)))
		return NULL;
	while (object == NULL && count >= c->least) {
		object = alloc_from_new(pool, c, c->size, count, &c->kind, grow);
		if (object == NULL)
			object = alloc_from_any(pool, c, class, SLAB_STOCK);
		if (object != NULL)
			break;
		looked = looked || !slab_give_up_empty(pool);
		if (looked)
			count /= 2; /* a shorter one, where there is no run for a longer one */
		object = alloc_from_listed(pool, c, class);
	}
	return likely(object != NULL) ? object : alloc_from_others(pool, c, class);
}

never_inline void *slab_alloc_slow(struct slab_pool *pool, unsigned class)
{
	return alloc_of_class(pool, class, true);
}

never_inline void slab_put_back(struct slab_pool *pool, bitmap_word *word, unsigned bit)
{
	(void)bitmap_atomic_set(word, bitmap_bit(bit));
	slab_settle(pool, slab_of_word(word));
}

static inline void *alloc_object_of(struct slab_pool *pool, unsigned class, bool grow)
{
	const struct slab_stock *stock = hart_slots_own(&pool->stocks);
	bitmap_word *word = atomic_load_explicit(&stock->word[class], acre_order_of_address);
	unsigned bit;

	if (unlikely(!take_lowest(word, &bit)))
		return alloc_of_class(pool, class, grow);
	if (likely(slab_has_class(word, class)))
		return slab_object(word, bit);
	slab_put_back(pool, word, bit);
	return alloc_of_class(pool, class, grow);
}

void *slab_alloc(struct slab_pool *pool, unsigned class)
{
	return alloc_object_of(pool, class, true);
}

void *slab_alloc_no_grow(struct slab_pool *pool, unsigned class)
{
	return alloc_object_of(pool, class, false);
}

/* ---- freeing ---------------------------------------------------------------------------------- */

/* @slab is wholly free: is it the one that the class keeps? */
static bool keep(struct slab_class *c, struct slab *slab, unsigned class)
{
	const struct slab *kept = c->kept;

	if (class == SLAB_LARGE)
		return false;
	if (kept != NULL && kept != slab && SLAB_READ(kept, class) == class &&
	    SLAB_READ(kept, state) == SLAB_LISTED && slab_is_empty(kept))
		return false;
	c->kept = slab;
	return true;
}

/* Is @beside, if any, of the same hart as @slab, and wholly free? Mostly one word says no. */
static inline bool is_empty_beside(const struct slab *slab, const struct slab *beside)
{
	if (beside == NULL)
		return false;
	uint64_t first = bitmap_atomic_word(&beside->free[0]);
	return first != 0 && (first & (first + 1)) == 0 &&
	       is_of_hart(beside, (unsigned)SLAB_READ(slab, class), SLAB_READ(slab, owner)) &&
	       slab_is_empty(beside);
}

/* @slab, of a hart, is wholly free, and so is enough beside it. Without the lock it is a hint. */
static bool is_surplus(const struct slab *slab)
{
	const struct slab *beside = link_of(&slab->prev);
	size_t bytes = 0;

	if (!slab_is_empty(slab)) /* before the lines of others */
		return false;
	for (; bytes < EMPTY_KEPT && is_empty_beside(slab, beside); beside = link_of(&beside->prev))
		bytes += (size_t)(SLAB_READ(beside, count) * SLAB_READ(beside, size));
	beside = link_of(&slab->next);
	for (; bytes < EMPTY_KEPT && is_empty_beside(slab, beside); beside = link_of(&beside->next))
		bytes += (size_t)(SLAB_READ(beside, count) * SLAB_READ(beside, size));
	return bytes >= EMPTY_KEPT;
}

/* Does the stock of this hart lead to @slab? A hint. There is no stock of large ones. */
static inline bool is_in_stock(const struct slab_pool *pool, const struct slab *slab)
{
	const struct slab_stock *stock = hart_slots_own(&pool->stocks);
	uint64_t class = SLAB_READ(slab, class);
	uintptr_t word = 0;

	if (class < SLAB_LARGE)
		word = (uintptr_t)atomic_load_explicit(&stock->word[class], memory_order_relaxed);
	return word - (uintptr_t)slab < SLAB_ALIGN;
}

/*
 * @slab, of a hart, may be wholly free: is it one too many? Mostly one load says no. The last of the
 * class stays, and the slab that objects are taken from. A hint.
 */
static inline bool may_go(const struct slab_pool *pool, const struct slab *slab)
{
	return SLAB_READ(slab, next) != NULL && !is_in_stock(pool, slab) && is_surplus(slab);
}

/* Bring @slab, of class @class if it still is, to the state that its bits say. Retired? *@r. */
static bool settle_locked(struct slab_pool *pool, unsigned class, struct slab *slab,
			  struct remains *r, void **stray)
{
	struct slab_class *c = &pool->class[class];
	LOCK_SCOPED(held, &c->lock);
	uint32_t state = SLAB_READ(slab, state);

	if (SLAB_READ(slab, class) != class || state == SLAB_SPARE)
		return false;
	if (state == SLAB_STOCK) /* it was surplus, or else it may go too */
		return slab_is_empty(slab) && retire(pool, c, slab, r, stray);
	if (state == SLAB_FULL && has_a_free_bit(slab))
		move_slab(c, slab, SLAB_LISTED);
	return slab_is_empty(slab) && !keep(c, slab, class) && retire(pool, c, slab, r, stray);
}

static never_inline void settle_in_class(struct slab_pool *pool, struct slab *slab, unsigned class)
{
	struct remains r;
	void *stray = NULL;

	if (settle_locked(pool, class, slab, &r, &stray))
		give_memory_back(pool, slab, &r);
	if (unlikely(stray != NULL))
		report_stray(stray, pool->class[class].size);
}

never_inline void slab_settle(struct slab_pool *pool, struct slab *slab)
{
	atomic_thread_fence(memory_order_seq_cst); /* rule 4: after the bit, before the state */
	uint32_t state = SLAB_READ(slab, state);
	if (state == SLAB_STOCK ? !may_go(pool, slab)
				: state == SLAB_LISTED && !slab_is_empty(slab))
		return;
	uint64_t class = SLAB_READ(slab, class);
	if (class != 0)
		settle_in_class(pool, slab, (unsigned)class);
}

enum slab_found slab_free(struct slab_pool *pool, struct slab *slab, void *ptr)
{
	bool settle;
	enum slab_found found = slab_free_fast(slab, ptr, &settle);

	if (settle)
		slab_settle(pool, slab);
	return found;
}

/* With the lock: a slab of @state that is wholly free and is retired; NULL if none is. */
static struct slab *retire_one(struct slab_pool *pool, struct slab_class *c, enum slab_state state,
			       struct remains *r, void **stray)
{
	struct slab *slab = SLAB_READ(c, list[state]);

	while (slab != NULL && !(slab_is_empty(slab) && retire(pool, c, slab, r, stray)))
		slab = SLAB_READ(slab, next);
	return slab;
}

static struct slab *retire_any(struct slab_pool *pool, struct slab_class *c, struct remains *r,
			       void **stray)
{
	LOCK_SCOPED(held, &c->lock);
	struct slab *slab = retire_one(pool, c, SLAB_STOCK, r, stray);

	return slab != NULL ? slab : retire_one(pool, c, SLAB_LISTED, r, stray);
}

static bool give_up_one(struct slab_pool *pool, struct slab_class *c)
{
	struct remains r;
	void *stray = NULL;
	struct slab *slab = retire_any(pool, c, &r, &stray);

	if (slab != NULL)
		give_memory_back(pool, slab, &r);
	if (unlikely(stray != NULL))
		report_stray(stray, c->size);
	return slab != NULL;
}

bool slab_give_up_empty(struct slab_pool *pool)
{
	bool any = false;

	for (unsigned class = 1; class <= SLAB_LARGE; class ++) {
		struct slab_class *c = &pool->class[class];
		while (SLAB_READ(c, nslabs) != 0 && give_up_one(pool, c))
			any = true;
	}
	return any;
}

/* ---- caches ------------------------------------------------------------------------------------ */

void slab_class_open(struct slab_pool *pool, unsigned class, const struct slab_kind *kind)
{
	struct slab_class *c = &pool->class[class];
	LOCK_SCOPED(held, &c->lock);

	c->kind = *kind;
	c->peak = 0;
	c->starts = 0;
	c->retires = 0;
	set_size(c, kind->size, 1);
	set_lengths(c, pool->share);
}

void slab_class_clear(struct slab_pool *pool, unsigned class)
{
	while (give_up_one(pool, &pool->class[class]))
		;
}

bool slab_class_close(struct slab_pool *pool, unsigned class)
{
	struct slab_class *c = &pool->class[class];
	LOCK_SCOPED(held, &c->lock);

	if (SLAB_READ(c, nslabs) != 0)
		return false;
	c->size = 0;
	c->peak = 0;
	c->starts = 0;
	c->retires = 0;
	c->kind = (struct slab_kind){ 0 };
	return true;
}

static void find_live_objects(const struct slab *slab, const void **object, size_t max, size_t *n)
{
	uint64_t count = SLAB_READ(slab, count);

	for (uint64_t i = 0; i < count; i++) {
		if (bitmap_atomic_test(slab->free, i))
			continue;
		if (*n < max)
			object[*n] = SLAB_READ(slab, base) + i * SLAB_READ(slab, size);
		++*n;
	}
}

size_t slab_class_live(struct slab_pool *pool, unsigned class, const void **object, size_t max)
{
	struct slab_class *c = &pool->class[class];
	LOCK_SCOPED(held, &c->lock);
	size_t n = 0;

	for (unsigned state = SLAB_FULL; state < SLAB_STATES; state++) {
		for (const struct slab *slab = SLAB_READ(c, list[state]); slab != NULL;
		     slab = SLAB_READ(slab, next))
			find_live_objects(slab, object, max, &n);
	}
	return n;
}

/* ---- questions --------------------------------------------------------------------------------- */

bool slab_object_of(const struct slab *slab, const void *addr, struct slab_object *object)
{
	uint8_t *base = SLAB_READ(slab, base);
	uint64_t size = SLAB_READ(slab, size);
	struct slab_quotient q = slab_divide(slab, (uint64_t)((const uint8_t *)addr - base));
	uint64_t index = q.index;

	if (SLAB_READ(slab, class) == 0 || index >= SLAB_READ(slab, count))
		return false;
	*object = (struct slab_object){
		.start = base + index * size,
		.size = size,
		.class = (unsigned)SLAB_READ(slab, class),
		.index = (uint32_t)index,
		.live = !bitmap_atomic_test(slab->free, index),
		.loose = bitmap_atomic_test(slab->loose, index),
	};
	return true;
}

void slab_set_loose(struct slab *slab, const struct slab_object *object, bool loose)
{
	bitmap_word *word = &slab->loose[object->index / BITS_PER_WORD];
	uint64_t bit = bitmap_bit(object->index);

	if (loose)
		(void)atomic_fetch_or_explicit(word, bit, memory_order_relaxed);
	else
		(void)atomic_fetch_and_explicit(word, ~bit, memory_order_relaxed);
}

static void add_objects(struct slab_stats *stats, const struct slab *slab)
{
	uint64_t count = SLAB_READ(slab, count);

	uint64_t live = count;

	for (unsigned w = 0; w < SLAB_WORDS; w++)
		live -= bits_count(bitmap_atomic_word(&slab->free[w]));
	stats->objects += count;
	stats->live += live;
	stats->live_bytes += live * SLAB_READ(slab, size);
	stats->bytes += count * SLAB_READ(slab, size);
}

void slab_class_stats(struct slab_pool *pool, unsigned class, struct slab_stats *stats)
{
	struct slab_class *c = &pool->class[class];
	LOCK_SCOPED(held, &c->lock);

	*stats = (struct slab_stats){ .name = c->kind.name,
				      .size = c->size,
				      .slabs = SLAB_READ(c, nslabs),
				      .peak = c->peak,
				      .starts = c->starts,
				      .retires = c->retires };
	for (unsigned state = SLAB_FULL; state < SLAB_STATES; state++) {
		for (struct slab *slab = SLAB_READ(c, list[state]); slab != NULL;
		     slab = SLAB_READ(slab, next))
			add_objects(stats, slab);
	}
}
