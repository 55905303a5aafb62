/* SPDX-License-Identifier: MIT */
/*
 * The frame pool against a model: one byte a frame, searched frame by frame. Runs are first fit by
 * address, so each answer must be the very same; a single frame may be any free one. After each step
 * the pool is walked; after a refusal no bit may have changed. A failure prints the step.
 */
#include "mm/frame.h"

#include "lib/string.h"
#include "tests/ktest.h"

enum state { MISSING, FREE, USED };

#define MAX_BANKS  4u
#define MAX_FRAMES 512u /* a bank */

struct model_bank {
	pfn_t first;
	npages_t npages;
	uint8_t state[MAX_FRAMES];
	void *metadata;
	void *copy;
	size_t bytes;
};

struct rig {
	struct frame_pool *pool;
	npages_t managed; /* before the step at hand */
	unsigned nbanks;  /* in order of address */
	struct model_bank bank[MAX_BANKS];
	/* the step at hand, for the report */
	unsigned step;
	const char *verb;
	pfn_t pfn;
	npages_t npages;
	uint64_t align;
};

#define MUST(r, condition)                                                                         \
	do {                                                                                       \
		if (!EXPECT(condition))                                                            \
			give_up(r);                                                                \
	} while (0)
#define MUST_EQ(r, a, b)                                                                           \
	do {                                                                                       \
		if (!EXPECT_EQ(a, b))                                                              \
			give_up(r);                                                                \
	} while (0)

static void give_up(const struct rig *r)
{
	ktest_note("step %u: %s pfn %llu, %llu frames, align %llu", r->step, r->verb,
		   (unsigned long long)r->pfn, (unsigned long long)r->npages,
		   (unsigned long long)r->align);
	ktest_abandon();
}

static void add_bank(struct rig *r, pfn_t first, npages_t npages)
{
	struct model_bank *b = &r->bank[r->nbanks++];

	b->first = first;
	b->npages = npages;
	memset(b->state, MISSING, sizeof(b->state));
	b->bytes = frame_metadata_bytes(npages);
	b->metadata = ktest_alloc(b->bytes, 8);
	b->copy = ktest_alloc(b->bytes, 8);
	REQUIRE_EQ(frame_pool_add_bank(r->pool, first, npages, b->metadata, b->bytes), STATUS_OK);
}

static struct rig *rig_new(void)
{
	struct rig *r = ktest_alloc(sizeof(*r), 16);

	memset(r, 0, sizeof(*r));
	r->pool = ktest_alloc(sizeof(*r->pool), 64);
	REQUIRE_EQ(frame_pool_init(r->pool, 0), STATUS_OK);
	return r;
}

/* The bits of all banks. What the pool knows about them besides may come and go. */
static size_t bytes_of_bits(const struct rig *r, unsigned b)
{
	return 2 * r->pool->bank[b].nbits / 8;
}

static void remember(struct rig *r)
{
	r->managed = frame_managed_count(r->pool);
	for (unsigned b = 0; b < r->nbanks; b++)
		memcpy(r->bank[b].copy, r->bank[b].metadata, bytes_of_bits(r, b));
}

static void must_be_unchanged(const struct rig *r)
{
	MUST_EQ(r, frame_managed_count(r->pool), r->managed);
	for (unsigned b = 0; b < r->nbanks; b++)
		MUST_EQ(r, memcmp(r->bank[b].copy, r->bank[b].metadata, bytes_of_bits(r, b)), 0);
}

/* ---- the model ------------------------------------------------------------------------------- */

static uint8_t *state_of(struct rig *r, pfn_t pfn)
{
	for (unsigned b = 0; b < r->nbanks; b++) {
		if (pfn >= r->bank[b].first && pfn - r->bank[b].first < r->bank[b].npages)
			return &r->bank[b].state[pfn - r->bank[b].first];
	}
	return NULL;
}

static void mark(struct rig *r, pfn_t pfn, npages_t npages, enum state state)
{
	for (npages_t i = 0; i < npages; i++)
		*state_of(r, pfn + i) = (uint8_t)state;
}

static npages_t count(struct rig *r, enum state state)
{
	npages_t n = 0;

	for (unsigned b = 0; b < r->nbanks; b++) {
		for (npages_t i = 0; i < r->bank[b].npages; i++)
			n += r->bank[b].state[i] == (uint8_t)state;
	}
	return n;
}

static bool in_one_bank(const struct rig *r, pfn_t pfn, npages_t npages)
{
	for (unsigned b = 0; b < r->nbanks; b++) {
		pfn_t first = r->bank[b].first, end = first + r->bank[b].npages;
		if (pfn >= first && pfn < end)
			return npages <= end - pfn;
	}
	return false;
}

static bool any(struct rig *r, pfn_t pfn, npages_t npages, enum state state)
{
	for (npages_t i = 0; i < npages; i++) {
		if (*state_of(r, pfn + i) == (uint8_t)state)
			return true;
	}
	return false;
}

/* What inserting, or taking by address, must answer. */
static enum status expect_insert(struct rig *r, pfn_t pfn, npages_t npages)
{
	if (npages == 0)
		return ERR_INVALID;
	if (!in_one_bank(r, pfn, npages))
		return ERR_RANGE;
	return any(r, pfn, npages, FREE) || any(r, pfn, npages, USED) ? ERR_OVERLAP : STATUS_OK;
}

static enum status expect_take(struct rig *r, pfn_t pfn, npages_t npages)
{
	if (npages == 0)
		return ERR_INVALID;
	if (!in_one_bank(r, pfn, npages))
		return ERR_RANGE;
	if (any(r, pfn, npages, MISSING))
		return ERR_NOT_FOUND;
	return any(r, pfn, npages, USED) ? ERR_OVERLAP : STATUS_OK;
}

/* What freeing must answer, and of which frame the report must speak. */
static enum status expect_free(struct rig *r, pfn_t pfn, npages_t npages, pfn_t *culprit)
{
	*culprit = pfn;
	if (npages == 0)
		return ERR_INVALID;
	for (npages_t i = 0; i < npages; i++) {
		*culprit = pfn + i;
		if (!in_one_bank(r, pfn, i + 1))
			return ERR_RANGE;
		if (*state_of(r, pfn + i) != USED)
			return ERR_NOT_ALLOCATED;
	}
	return STATUS_OK;
}

static pfn_t expect_run(struct rig *r, npages_t npages, npages_t align)
{
	for (unsigned b = 0; npages != 0 && b < r->nbanks; b++) {
		const struct model_bank *bank = &r->bank[b];
		npages_t have = 0; /* free frames in a row from i on */

		pfn_t found = PFN_NONE;
		for (npages_t i = bank->npages; i-- > 0;) { /* downwards: the last hit is lowest */
			have = bank->state[i] == FREE ? have + 1 : 0;
			if (have >= npages && (bank->first + i) % align == 0)
				found = bank->first + i;
		}
		if (found != PFN_NONE)
			return found;
	}
	return PFN_NONE;
}

/* ---- one step -------------------------------------------------------------------------------- */

/* A frame in a bank, or sometimes just outside one. */
static pfn_t some_frame(const struct rig *r)
{
	const struct model_bank *b = &r->bank[ktest_below(r->nbanks)];
	pfn_t pfn = b->first + ktest_below(b->npages);

	switch (ktest_below(50)) {
	case 0:
		return b->first + b->npages;
	case 1:
		return b->first - 1; /* PFN_NONE for frame 0 */
	default:
		return pfn;
	}
}

static npages_t some_length(void)
{
	return ktest_below(6) == 0 ? ktest_below(200) : ktest_below(9);
}

static void step_insert(struct rig *r)
{
	r->verb = "insert";
	enum status want = expect_insert(r, r->pfn, r->npages);
	MUST_EQ(r, frame_insert(r->pool, r->pfn, r->npages), want);
	if (want == STATUS_OK)
		mark(r, r->pfn, r->npages, FREE);
	else
		must_be_unchanged(r);
}

static void step_remove(struct rig *r)
{
	r->verb = "remove";
	enum status want = expect_take(r, r->pfn, r->npages);
	MUST_EQ(r, frame_remove(r->pool, r->pfn, r->npages), want);
	if (want == STATUS_OK)
		mark(r, r->pfn, r->npages, MISSING);
	else
		must_be_unchanged(r);
}

static void step_alloc(struct rig *r)
{
	r->verb = "alloc";
	pfn_t pfn = frame_alloc(r->pool);
	MUST_EQ(r, pfn == PFN_NONE, count(r, FREE) == 0);
	if (pfn == PFN_NONE) {
		must_be_unchanged(r);
		return;
	}
	MUST(r, state_of(r, pfn) != NULL && *state_of(r, pfn) == FREE); /* any of them will do */
	mark(r, pfn, 1, USED);
}

static void step_alloc_range(struct rig *r)
{
	r->verb = "alloc_range";
	pfn_t want = expect_run(r, r->npages, r->align);
	MUST_EQ(r, frame_alloc_range(r->pool, r->npages, r->align * PAGE_SIZE), want);
	if (want != PFN_NONE)
		mark(r, want, r->npages, USED);
	else
		must_be_unchanged(r);
}

static void step_alloc_at(struct rig *r)
{
	r->verb = "alloc_at";
	enum status want = expect_take(r, r->pfn, r->npages);
	MUST_EQ(r, frame_alloc_at(r->pool, r->pfn, r->npages), want);
	if (want == STATUS_OK)
		mark(r, r->pfn, r->npages, USED);
	else
		must_be_unchanged(r);
}

static void step_free(struct rig *r)
{
	pfn_t culprit;
	enum status want = expect_free(r, r->pfn, r->npages, &culprit);

	r->verb = "free";
	MUST_EQ(r,
		r->npages == 1 ? frame_free(r->pool, r->pfn)
			       : frame_free_range(r->pool, r->pfn, r->npages),
		want);
	MUST_EQ(r, ktest_bad_frees(), want != STATUS_OK);
	if (want == STATUS_OK) {
		mark(r, r->pfn, r->npages, FREE);
		return;
	}
	must_be_unchanged(r);
	if (culprit != PFN_NONE)
		MUST_EQ(r, ktest_last_bad_free()->actual_start, pfn_to_paddr(culprit));
}

static void ask(struct rig *r)
{
	const uint8_t *state = state_of(r, r->pfn);
	pfn_t next = r->pfn;

	r->verb = "ask";
	MUST_EQ(r, frame_is_free(r->pool, r->pfn), state != NULL && *state == FREE);
	MUST_EQ(r, frame_is_managed(r->pool, r->pfn), state != NULL && *state != MISSING);
	const struct model_bank *top = &r->bank[r->nbanks - 1];
	for (; next < top->first + top->npages; next++) {
		/* Over the holes in one stride, however wide they are. */
		for (unsigned b = 0; b < r->nbanks && state_of(r, next) == NULL; b++) {
			if (r->bank[b].first > next)
				next = r->bank[b].first;
		}
		if (*state_of(r, next) == FREE)
			break;
	}
	if (next >= top->first + top->npages)
		next = PFN_NONE;
	MUST_EQ(r, frame_next_free(r->pool, r->pfn), next);
}

static void check(struct rig *r)
{
	npages_t free = count(r, FREE);

	r->verb = "check after it";
	MUST(r, frame_validate(r->pool) == NULL);
	MUST_EQ(r, frame_free_count(r->pool), free);
	MUST_EQ(r, frame_managed_count(r->pool), free + count(r, USED));
	MUST_EQ(r, frame_pool_is_empty(r->pool), free == 0);
}

static void one_step(struct rig *r)
{
	r->pfn = some_frame(r);
	r->npages = some_length();
	r->align = 1ull << ktest_below(8);
	remember(r);
	switch (ktest_below(16)) {
	case 0:
	case 1:
		step_insert(r);
		break;
	case 2:
		step_remove(r);
		break;
	case 3:
	case 4:
	case 5:
		step_alloc(r);
		break;
	case 6:
	case 7:
	case 8:
		step_alloc_range(r);
		break;
	case 9:
		step_alloc_at(r);
		break;
	case 10:
	case 11:
		r->npages = 1;
		step_free(r);
		break;
	default:
		step_free(r);
		break;
	}
	check(r);
	ask(r);
}

static void run_steps(struct rig *r, unsigned steps)
{
	for (unsigned b = 0; b < r->nbanks; b++) {
		npages_t part = r->bank[b].npages / 3 + 1;
		REQUIRE_EQ(frame_insert(r->pool, r->bank[b].first, part), STATUS_OK);
		mark(r, r->bank[b].first, part, FREE);
	}
	for (r->step = 0; r->step < steps; r->step++)
		one_step(r);
	for (unsigned b = 0; b < r->nbanks; b++) {
		for (npages_t i = 0; i < r->bank[b].npages; i++) {
			r->pfn = r->bank[b].first + i;
			ask(r);
		}
	}
}

KTEST(frame_model, agrees_on_one_bank_at_zero)
{
	struct rig *r = rig_new();

	add_bank(r, 0, 200);
	run_steps(r, 400);
}

KTEST(frame_model, agrees_on_one_tiny_bank)
{
	struct rig *r = rig_new();

	add_bank(r, 7, 5);
	run_steps(r, 500);
}

KTEST(frame_model, agrees_on_one_bank_at_an_odd_place)
{
	struct rig *r = rig_new();

	add_bank(r, ((1ull << 55) >> PAGE_SHIFT) + 77, 511);
	run_steps(r, 250);
}

KTEST(frame_model, agrees_on_banks_with_holes_and_without)
{
	struct rig *r = rig_new();

	add_bank(r, 0, 65);
	add_bank(r, 65, 100); /* touches */
	add_bank(r, 0x80203, 130);
	add_bank(r, FRAME_LIMIT - 64, 64);
	run_steps(r, 400);
}
