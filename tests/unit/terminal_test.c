/* SPDX-License-Identifier: MIT */
/* What term= and the command `term` take. */
#include "kernel/terminal.h"

#include "lib/string.h"
#include "tests/support/ktest.h"

static const char *read(struct terminal *t, const char *text)
{
	return terminal_read(t, text, strlen(text));
}

KTEST(terminal, reads_sizes)
{
	struct terminal t = { 0 };

	EXPECT(read(&t, "80x24") == NULL);
	EXPECT(t.columns == 80 && t.rows == 24 && t.ansi);
	EXPECT(read(&t, "200x50,dumb") == NULL);
	EXPECT(t.columns == 200 && t.rows == 50 && !t.ansi);
	EXPECT(read(&t, "20x4") == NULL);
	EXPECT(read(&t, "1000x1000") == NULL);
	EXPECT(read(&t, "none") == NULL);
	EXPECT(t.columns == 0 && t.rows == 0 && !t.ansi);
}

KTEST(terminal, refuses_what_is_no_size)
{
	static const char *const wrong[] = {
		"",       "x",          "80",    "80x",         "x24",     "80x24x5",
		"80x24,", "80x24,ansi", "19x24", "80x3",        "1001x24", "80x1001",
		"-80x24", "80 x24",     "nones", "80x24,dumb,", "0x5x24",  "99999999999999999999x24"
	};
	struct terminal t = { 77, 7, true };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *reason = read(&t, wrong[i]);
		REQUIRE(reason != NULL && reason[0] != '\0');
		EXPECT(t.columns == 77 && t.rows == 7 && t.ansi);
	}
}
