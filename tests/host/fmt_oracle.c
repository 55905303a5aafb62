/* SPDX-License-Identifier: MIT */
/* fmt_oracle.c (host) - random formats, ours against the C library's. */
#include <stdio.h>
#include <string.h>

#include "lib/compiler.h"
#include "lib/fmt.h"
#include "tests/support/ktest.h"

/* One conversion: how it is written, and what it takes. */
struct conversion {
	char format[32];
	int star[2]; /* width and precision given by '*' */
	unsigned nstars;
	bool wide; /* its argument has 64 bits */
	char letter;
};

static const char *one_of(const char *const *list, size_t n)
{
	return list[ktest_below(n)];
}

/* The first @len bytes of @text; a format is never longer than its array. */
static void add(struct conversion *c, const char *text, size_t len)
{
	size_t at = strlen(c->format);

	REQUIRE(at + len < sizeof(c->format));
	memcpy(c->format + at, text, len);
	c->format[at + len] = '\0';
}

static void add_flags(struct conversion *c, const char *allowed)
{
	for (; *allowed != '\0'; allowed++) {
		if (ktest_below(3) == 0)
			add(c, allowed, 1);
	}
}

static void add_count(struct conversion *c, const char *before, int low)
{
	int value = low + (int)ktest_below((uint64_t)(30 - low));
	char digits[16];

	if (ktest_below(2) == 0)
		return;
	add(c, before, strlen(before));
	if (ktest_below(3) == 0) {
		add(c, "*", 1);
		c->star[c->nstars++] = value;
	} else if (value >= 0) {
		int len = snprintf(digits, sizeof(digits), "%d", value);
		add(c, digits, (size_t)len);
	}
}

/* Only what C defines: the rest need not agree. */
static struct conversion make(void)
{
	static const char *const length[] = { "", "hh", "h", "l", "ll", "j", "z", "t" };
	static const char letters[] = "diuxXcsp";
	struct conversion c = { .format = "[%", .letter = letters[ktest_below(8)] };
	bool number = strchr("diuxX", c.letter) != NULL;

	add_flags(&c, strchr("di", c.letter) != NULL   ? "-0+ "
		      : strchr("xX", c.letter) != NULL ? "-0#"
		      : number                         ? "-0"
						       : "-");
	add_count(&c, "", -20);
	if (c.letter != 'c' && c.letter != 'p')
		add_count(&c, ".", -5);
	if (number) {
		const char *l = one_of(length, ARRAY_SIZE(length));
		c.wide = strchr("ljzt", l[0]) != NULL && l[0] != '\0';
		add(&c, l, strlen(l));
	}
	add(&c, &c.letter, 1);
	add(&c, "]", 1);
	return c;
}

typedef int (*formatter)(char *buf, size_t size, const char *format, ...);

static int ours(char *buf, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	size_t len = fmt_vbuffer(buf, size, format, args);
	va_end(args);
	return (int)len;
}

static int theirs(char *buf, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(buf, size, format, args);
	va_end(args);
	return len;
}

#define CALL(arg)                                                                                  \
	(c->nstars == 0   ? f(buf, size, c->format, arg)                                           \
	 : c->nstars == 1 ? f(buf, size, c->format, c->star[0], arg)                               \
			  : f(buf, size, c->format, c->star[0], c->star[1], arg))

static int apply(formatter f, char *buf, size_t size, const struct conversion *c, uint64_t value)
{
	static const char *const text[] = { "", "a", "hello", "some longer text than the rest" };

	switch (c->letter) {
	case 's':
		return CALL(text[value % ARRAY_SIZE(text)]);
	case 'c':
		return CALL((int)(value % 95 + 32));
	case 'p': /* for NULL the C library has words of its own */
		return CALL((void *)(uintptr_t)(value | 1));
	default:
		return c->wide ? CALL(value) : CALL((unsigned)value);
	}
}

/* Small, large and in between, and the edges. */
static uint64_t some_value(void)
{
	static const uint64_t edge[] = { 0,         1,          127,        128,
					 255,       INT32_MAX,  1ull << 31, UINT32_MAX,
					 INT64_MAX, 1ull << 63, UINT64_MAX };

	return ktest_below(4) == 0 ? edge[ktest_below(ARRAY_SIZE(edge))]
				   : ktest_random() >> ktest_below(64);
}

KTEST(fmt, agrees_with_the_c_library_on_random_formats)
{
	for (unsigned round = 0; round < 50000; round++) {
		struct conversion c = make();
		uint64_t value = some_value();
		char a[128], b[128];
		size_t size = ktest_below(4) == 0 ? 1 + ktest_below(20) : sizeof(a);
		int len_a = apply(ours, a, size, &c, value);
		int len_b = apply(theirs, b, size, &c, value);
		if (len_a == len_b && strcmp(a, b) == 0)
			continue;
		ktest_note("\"%s\" of 0x%llx, stars %d and %d: ours '%s', theirs '%s'", c.format,
			   (unsigned long long)value, c.star[0], c.star[1], a, b);
		REQUIRE_EQ(len_a, len_b);
		REQUIRE(strcmp(a, b) == 0);
	}
}
