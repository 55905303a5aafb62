/* SPDX-License-Identifier: MIT */
/* panic_test.c (cases) - the last words arrive formatted and whole, or cut. */
#include "lib/panic.h"

#include "lib/assert.h"
#include "lib/string.h"
#include "tests/support/ktest.h"

static void say(void *what)
{
	acre_panic("%s, %d", (const char *)what, 42);
}

static void say_for_another(void *caller)
{
	acre_panic_from(caller, "on behalf of %p", caller);
}

static void take_one(void *arg)
{
	unsigned *left = arg;

	ASSERT(*left > 0);
	--*left;
}

KTEST(panic, formats_its_sentence)
{
	char what[] = "the answer";

	EXPECT(ktest_panics(say, what));
	EXPECT_STR(ktest_panic_message(), "the answer, 42");
	EXPECT(ktest_panics(say_for_another, (void *)0x80200000ul));
	EXPECT_STR(ktest_panic_message(), "on behalf of 0x80200000");
}

KTEST(panic, cuts_what_is_too_long)
{
	const size_t len = 2 * (size_t)ACRE_PANIC_MESSAGE_SIZE;
	char *what = ktest_alloc(len, 1);

	memset(what, 'x', len);
	what[len - 1] = '\0';
	EXPECT(ktest_panics(say, what));
	EXPECT_EQ(strlen(ktest_panic_message()), ACRE_PANIC_MESSAGE_SIZE - 1);
	EXPECT_EQ(memcmp(ktest_panic_message(), what, ACRE_PANIC_MESSAGE_SIZE - 1), 0);
}

KTEST(panic, an_assertion_speaks_in_debug_builds_only)
{
	unsigned left = 1;

	EXPECT(!ktest_panics(take_one, &left));
	EXPECT_EQ(left, 0);
#ifdef ACRE_DEBUG
	static const char start[] = "assertion '*left > 0' failed at ";
	EXPECT(ktest_panics(take_one, &left));
	EXPECT_EQ(strncmp(ktest_panic_message(), start, sizeof(start) - 1), 0);
	EXPECT_EQ(left, 0);
#else
	EXPECT(!ktest_panics(take_one, &left)); /* not compiled in */
#endif
}
