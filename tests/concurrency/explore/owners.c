/* SPDX-License-Identifier: MIT */
/* owners.c - a byte for each 32 bytes of memory says whose they are. */
#include "tests/concurrency/explore/owners.h"

#include <string.h>

#include "tests/concurrency/explore/explore.h"

/* Only a few bytes of a block are written, to be quick; all of it is owned. */
#define WRITTEN 8u

void owners_reset(struct owners *owners, uint8_t *memory, size_t bytes)
{
	memset(owners, 0, sizeof(*owners));
	EXPLORE_CHECK(bytes <= OWNERS_MOST * OWNERS_UNIT, "more memory than there are owners for");
	owners->memory = memory;
	owners->bytes = bytes;
}

static uint8_t *owner_at(struct owners *owners, const uint8_t *at)
{
	return &owners->owner[(size_t)(at - owners->memory) / OWNERS_UNIT];
}

static void set_owner(struct owners *owners, uint8_t *block, size_t size, unsigned was,
		      unsigned now, const char *wrong)
{
	EXPLORE_CHECK(block >= owners->memory &&
			      size <= owners->bytes - (size_t)(block - owners->memory),
		      "a block of nowhere");
	for (size_t i = 0; i < size; i += OWNERS_UNIT) {
		EXPLORE_CHECK(*owner_at(owners, block + i) == was, "%s", wrong);
		*owner_at(owners, block + i) = (uint8_t)now;
	}
}

static void write_ends(uint8_t *block, size_t size, unsigned who)
{
	explore_use(block, WRITTEN);
	memset(block, 0xa0 + (int)who, WRITTEN);
	memset(block + size - WRITTEN, 0xa0 + (int)who, WRITTEN);
}

void owners_take(struct owners *owners, uint8_t *block, size_t size)
{
	set_owner(owners, block, size, 0, explore_me() + 1, "handed out twice");
	write_ends(block, size, explore_me());
}

void owners_inherit(struct owners *owners, uint8_t *block, size_t size)
{
	for (size_t i = 0; i < size; i += OWNERS_UNIT)
		*owner_at(owners, block + i) = (uint8_t)(explore_me() + 1);
	memset(block, 0xa0 + (int)explore_me(), WRITTEN);
	memset(block + size - WRITTEN, 0xa0 + (int)explore_me(), WRITTEN);
}

void owners_give(struct owners *owners, uint8_t *block, size_t size)
{
	explore_use(block, WRITTEN);
	for (size_t i = 0; i < WRITTEN; i++)
		EXPLORE_CHECK(block[i] == 0xa0 + explore_me() &&
				      block[size - 1 - i] == 0xa0 + explore_me(),
			      "another wrote to it");
	set_owner(owners, block, size, explore_me() + 1, 0, "it is another's");
}

void owners_check(struct owners *owners, const uint8_t *block, size_t size)
{
	const unsigned who = *owner_at(owners, block);

	for (size_t i = 0; who != 0 && i < WRITTEN; i++)
		EXPLORE_CHECK(block[i] == 0xa0 + who - 1 && block[size - 1 - i] == 0xa0 + who - 1,
			      "what an owner wrote is gone");
}

bool owners_has_none(const struct owners *owners, const uint8_t *start, size_t bytes)
{
	const size_t first = (size_t)(start - owners->memory) / OWNERS_UNIT;

	for (size_t i = 0; i < bytes / OWNERS_UNIT; i++) {
		if (owners->owner[first + i] != 0)
			return false;
	}
	return true;
}
