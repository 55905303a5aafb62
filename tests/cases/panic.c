/* SPDX-License-Identifier: MIT */
/* panic.c (cases) - the last words arrive formatted and whole, or cut. */
#include "lib/panic.h"

#include "lib/string.h"
#include "tests/ktest.h"

static void say(void *what)
{
	panic("%s, %d", (const char *)what, 42);
}

static void say_for_another(void *caller)
{
	panic_from(caller, "on behalf of %p", caller);
}

static void assert_true(void *arg)
{
	ASSERT(arg != NULL);
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
	char *what = ktest_alloc(2 * PANIC_MESSAGE_SIZE, 1);

	memset(what, 'x', 2 * PANIC_MESSAGE_SIZE);
	what[2 * PANIC_MESSAGE_SIZE - 1] = '\0';
	EXPECT(ktest_panics(say, what));
	EXPECT_EQ(strlen(ktest_panic_message()), PANIC_MESSAGE_SIZE - 1);
	EXPECT_EQ(memcmp(ktest_panic_message(), what, PANIC_MESSAGE_SIZE - 1), 0);
}

KTEST(panic, an_assertion_that_holds_is_silent)
{
	char something = 0;

	EXPECT(!ktest_panics(assert_true, &something));
#ifdef ACRE_DEBUG
	EXPECT(ktest_panics(assert_true, NULL));
	EXPECT_EQ(strncmp(ktest_panic_message(), "assertion 'arg != NULL' failed at ", 34), 0);
#else
	EXPECT(!ktest_panics(assert_true, NULL)); /* not compiled in */
#endif
}
