/* SPDX-License-Identifier: MIT */
/*
 * ktest.h - tests that run on the host under sanitizers and in the kernel on harts alike.
 *
 *	KTEST(bits, ctz_finds_every_bit)
 *	{
 *		for (unsigned i = 0; i < 64; i++)
 *			EXPECT_EQ(bits_ctz(1ull << i), i);
 *	}
 *
 * EXPECT_* note a failure and go on; REQUIRE_* end the case. Every case starts from nothing: it
 * builds its own instances in memory from ktest_alloc(), which the runner takes back. A case fails
 * too when it leaves frames or heap bytes behind, or a refused free that it did not ask for with
 * ktest_bad_frees(). Cases in tests/unit run in both places; those in tests/host and tests/kernel
 * in one, and tests/one-sided.txt says why.
 */
#ifndef KTEST_H
#define KTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/attributes.h"
#include "lib/platform.h"

struct ktest_case {
	const char *suite;
	const char *name;
	const char *file;
	void (*run)(void);
};

/* The linker gathers the cases of all files in one array. */
#define KTEST(suite_, name_)                                                                       \
	static void ktest_##suite_##_##name_(void);                                                \
	static const struct ktest_case ktest_case_##suite_##_##name_                               \
		__attribute__((used, section("ktest_cases"), aligned(8))) = {                      \
			.suite = #suite_,                                                          \
			.name = #name_,                                                            \
			.file = __FILE__,                                                          \
			.run = ktest_##suite_##_##name_,                                           \
		};                                                                                 \
	static void ktest_##suite_##_##name_(void)

bool ktest_check(bool ok, const char *text, const char *file, int line);
bool ktest_check_eq(uint64_t a, uint64_t b, const char *text, const char *file, int line);
bool ktest_check_str(const char *a, const char *b, const char *text, const char *file, int line);
/* ktest_abandon - end the running case now; what it allocated is taken back. */
void ktest_abandon(void);

#define EXPECT(cond) ktest_check((cond), #cond, __FILE__, __LINE__)
#define EXPECT_EQ(a, b)                                                                            \
	ktest_check_eq((uint64_t)(a), (uint64_t)(b), #a " == " #b, __FILE__, __LINE__)
#define EXPECT_STR(a, b) ktest_check_str((a), (b), #a " is " #b, __FILE__, __LINE__)
#define REQUIRE(cond)                                                                              \
	do {                                                                                       \
		if (!EXPECT(cond))                                                                 \
			ktest_abandon();                                                           \
	} while (0)
#define REQUIRE_EQ(a, b)                                                                           \
	do {                                                                                       \
		if (!EXPECT_EQ(a, b))                                                              \
			ktest_abandon();                                                           \
	} while (0)
/* A walk over a whole structure returns NULL or the sentence that is broken. */
#define REQUIRE_VALID(sentence)                                                                    \
	do {                                                                                       \
		if (!ktest_check_str((sentence), NULL, #sentence, __FILE__, __LINE__))             \
			ktest_abandon();                                                           \
	} while (0)

/* ktest_note - a line of explanation ("# ...") into the report. */
void ktest_note(const char *format, ...) acre_printf_like(1, 2);

/* ktest_skip - end the running case, which is neither passed nor failed: this place lacks something. */
void ktest_skip(const char *format, ...) acre_printf_like(1, 2);

/*
 * ktest_alloc - @size bytes aligned to @align (a power of two), not cleared. If there is none the case
 * fails; or is skipped, if it asks for more than KTEST_MEMORY, or cannot count on having that much.
 */
#define KTEST_MEMORY (1u << 20)
void *ktest_alloc(size_t size, size_t align);

/* ktest_panics - does fn(arg) panic? ktest_panic_message() is then what it said, until the next
 * call. */
bool ktest_panics(void (*fn)(void *), void *arg);
const char *ktest_panic_message(void);

/* ktest_bad_frees - how many frees were refused since the last call; ktest_last_bad_free() is the
 * last. */
unsigned ktest_bad_frees(void);
const struct platform_bad_free *ktest_last_bad_free(void);

/* A 64-bit xorshift, seeded for each case from the run's seed, which the report prints. */
uint64_t ktest_random(void);
uint64_t ktest_below(uint64_t n); /* uniform in 0 .. n - 1; pre: n > 0 */

/*
 * ktest_run - run the cases whose "suite.name" matches @glob ('*' and '?'; NULL: all), print KTAP
 * and last `PASS n passed` or `FAIL n failed, m passed`, and `, k skipped` if any were. Result: how
 * many failed; a glob that matches nothing counts as one failure.
 */
unsigned ktest_run(const char *glob, uint64_t seed);

/* ktest_list - print "suite.name" of every case, a line each. ktest_name - the @i-th; NULL past the last. */
#define KTEST_NAME_SIZE 192u
void ktest_list(void);
const char *ktest_name(char buf[KTEST_NAME_SIZE], size_t i);

#endif
