/* SPDX-License-Identifier: MIT */
/* status_test.c (cases) - a name for every error. */
#include "lib/status.h"

#include "lib/string.h"
#include "tests/support/ktest.h"

static const char unknown[] = "unknown status";

KTEST(status, every_code_has_a_name_of_its_own)
{
	for (int a = STATUS_OK; a >= ERR_END; a--) {
		const char *name = status_str((enum status)a);
		REQUIRE(name != NULL && name[0] != '\0');
		EXPECT(strcmp(name, unknown) != 0);
		for (int b = STATUS_OK; b > a; b--)
			EXPECT(strcmp(name, status_str((enum status)b)) != 0);
	}
}

KTEST(status, names_say_what_the_code_says)
{
	EXPECT_STR(status_str(STATUS_OK), "ok");
	EXPECT_STR(status_str(ERR_RANGE), "out of range");
	EXPECT_STR(status_str(ERR_NOT_ALLOCATED), "not allocated");
	EXPECT_STR(status_str(ERR_END), "end");
}

KTEST(status, what_is_no_code_is_unknown)
{
	EXPECT_STR(status_str((enum status)(ERR_END - 1)), unknown);
	EXPECT_STR(status_str((enum status)1), unknown);
	EXPECT_STR(status_str((enum status)INT32_MIN), unknown);
}
