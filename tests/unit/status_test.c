/* SPDX-License-Identifier: MIT */
/* status_test.c (cases) - a name for every error. */
#include "lib/status.h"

#include "lib/string.h"
#include "tests/support/ktest.h"

static const char unknown[] = "unknown status";

KTEST(status, every_code_has_a_name_of_its_own)
{
	for (int a = ACRE_OK; a >= ACRE_ERR_END; a--) {
		const char *name = acre_status_str((enum acre_status)a);
		REQUIRE(name != NULL && name[0] != '\0');
		EXPECT(strcmp(name, unknown) != 0);
		for (int b = ACRE_OK; b > a; b--)
			EXPECT(strcmp(name, acre_status_str((enum acre_status)b)) != 0);
	}
}

KTEST(status, names_say_what_the_code_says)
{
	EXPECT_STR(acre_status_str(ACRE_OK), "ok");
	EXPECT_STR(acre_status_str(ACRE_ERR_RANGE), "out of range");
	EXPECT_STR(acre_status_str(ACRE_ERR_NOT_ALLOCATED), "not allocated");
	EXPECT_STR(acre_status_str(ACRE_ERR_END), "end");
}

KTEST(status, what_is_no_code_is_unknown)
{
	EXPECT_STR(acre_status_str((enum acre_status)(ACRE_ERR_END - 1)), unknown);
	EXPECT_STR(acre_status_str((enum acre_status)1), unknown);
	EXPECT_STR(acre_status_str((enum acre_status)INT32_MIN), unknown);
}
