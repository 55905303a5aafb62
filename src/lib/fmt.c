/* SPDX-License-Identifier: MIT */
/* fmt.c - the formatter of fmt.h: parse one conversion, print it, go on. */
#include "lib/fmt.h"

#include <stdbool.h>

#include "lib/string.h"

struct out {
	fmt_sink sink;
	void *ctx;
	size_t total;
};

struct spec {
	bool left, zero, alt, plus, space;
	bool has_precision;
	size_t width;
	size_t precision;
	enum { LEN_HH, LEN_H, LEN_INT, LEN_L, LEN_LL } length;
	char conversion;
};

/* Bounds what a hostile or mistaken width can cost. */
#define FMT_MAX_WIDTH 4096u

static void emit(struct out *out, const char *text, size_t len)
{
	if (len != 0)
		out->sink(out->ctx, text, len);
	out->total += len;
}

static void emit_repeated(struct out *out, char c, size_t count)
{
	for (size_t i = 0; i < count; i++)
		emit(out, &c, 1);
}

/* Sign or 0x, leading zeros, then digits, inside a field. */
static void emit_field(struct out *out, const struct spec *s, const char *prefix, size_t zeros,
		       const char *body, size_t len)
{
	size_t prefix_len = strlen(prefix);
	size_t used = prefix_len + zeros + len;
	size_t pad = s->width > used ? s->width - used : 0;

	if (s->zero && !s->left && !s->has_precision) {
		zeros += pad;
		pad = 0;
	}
	if (!s->left)
		emit_repeated(out, ' ', pad);
	emit(out, prefix, prefix_len);
	emit_repeated(out, '0', zeros);
	emit(out, body, len);
	if (s->left)
		emit_repeated(out, ' ', pad);
}

static void emit_number(struct out *out, const struct spec *s, uint64_t value, unsigned base,
			const char *prefix)
{
	const char *digits = s->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char body[20];
	size_t at = sizeof(body);

	for (; value != 0; value /= base)
		body[--at] = digits[value % base];
	size_t len = sizeof(body) - at;
	size_t least = s->has_precision ? s->precision : 1;
	emit_field(out, s, prefix, least > len ? least - len : 0, body + at, len);
}

static void emit_string(struct out *out, struct spec *s, const char *text)
{
	if (text == NULL)
		text = "(null)";
	size_t len = s->has_precision ? strnlen(text, s->precision) : strlen(text);
	s->zero = false;
	emit_field(out, s, "", 0, text, len);
}

static int64_t signed_arg(const struct spec *s, va_list *args)
{
	switch (s->length) {
	case LEN_HH:
		return (signed char)va_arg(*args, int);
	case LEN_H:
		return (short)va_arg(*args, int);
	case LEN_INT:
		return va_arg(*args, int);
	case LEN_L:
		return va_arg(*args, long);
	default:
		return va_arg(*args, long long);
	}
}

static uint64_t unsigned_arg(const struct spec *s, va_list *args)
{
	switch (s->length) {
	case LEN_HH:
		return (unsigned char)va_arg(*args, unsigned);
	case LEN_H:
		return (unsigned short)va_arg(*args, unsigned);
	case LEN_INT:
		return va_arg(*args, unsigned);
	case LEN_L:
		return va_arg(*args, unsigned long);
	default:
		return va_arg(*args, unsigned long long);
	}
}

static void emit_signed(struct out *out, const struct spec *s, int64_t value)
{
	const char *sign = s->plus ? "+" : s->space ? " " : "";
	uint64_t magnitude = (uint64_t)value;

	if (value < 0) {
		sign = "-";
		magnitude = 0 - magnitude;
	}
	emit_number(out, s, magnitude, 10, sign);
}

/* False if the conversion is not one of ours. */
static bool convert(struct out *out, struct spec *s, va_list *args)
{
	switch (s->conversion) {
	case 'd':
	case 'i':
		emit_signed(out, s, signed_arg(s, args));
		return true;
	case 'u':
		emit_number(out, s, unsigned_arg(s, args), 10, "");
		return true;
	case 'x':
	case 'X': {
		uint64_t value = unsigned_arg(s, args);
		const char *prefix = s->conversion == 'X' ? "0X" : "0x";
		emit_number(out, s, value, 16, s->alt && value != 0 ? prefix : "");
		return true;
	}
	case 'p':
		emit_number(out, s, (uint64_t)(uintptr_t)va_arg(*args, void *), 16, "0x");
		return true;
	case 'c': {
		char c = (char)va_arg(*args, int);
		s->zero = false;
		emit_field(out, s, "", 0, &c, 1);
		return true;
	}
	case 's':
		emit_string(out, s, va_arg(*args, const char *));
		return true;
	case '%':
		emit(out, "%", 1);
		return true;
	default:
		return false;
	}
}

static const char *parse_flags(struct spec *s, const char *p)
{
	for (;; p++) {
		switch (*p) {
		case '-':
			s->left = true;
			break;
		case '0':
			s->zero = true;
			break;
		case '#':
			s->alt = true;
			break;
		case '+':
			s->plus = true;
			break;
		case ' ':
			s->space = true;
			break;
		default:
			return p;
		}
	}
}

/* A decimal number or '*'. A negative '*' is left to the caller through *@negative. */
static const char *parse_count(const char *p, size_t *count, bool *negative, va_list *args)
{
	*count = 0;
	*negative = false;
	if (*p == '*') {
		int value = va_arg(*args, int);
		*negative = value < 0;
		*count = value < 0 ? 0u - (unsigned)value : (unsigned)value;
		p++;
	}
	for (; *p >= '0' && *p <= '9'; p++) {
		if (*count < FMT_MAX_WIDTH)
			*count = *count * 10 + (size_t)(*p - '0');
	}
	if (*count > FMT_MAX_WIDTH)
		*count = FMT_MAX_WIDTH;
	return p;
}

static const char *parse_length(struct spec *s, const char *p)
{
	s->length = LEN_INT;
	switch (*p) {
	case 'h':
		s->length = p[1] == 'h' ? LEN_HH : LEN_H;
		return p + (p[1] == 'h' ? 2 : 1);
	case 'l':
		s->length = p[1] == 'l' ? LEN_LL : LEN_L;
		return p + (p[1] == 'l' ? 2 : 1);
	case 'j':
	case 'z':
	case 't':
		s->length = LEN_L;
		return p + 1;
	default:
		return p;
	}
}

/* @p is after the '%'. Result: the conversion character, which may be the end of the text. */
static const char *parse_spec(struct spec *s, const char *p, va_list *args)
{
	bool negative;

	*s = (struct spec){ 0 };
	p = parse_flags(s, p);
	p = parse_count(p, &s->width, &negative, args);
	s->left |= negative;
	if (*p == '.') {
		p = parse_count(p + 1, &s->precision, &negative, args);
		s->has_precision = !negative;
	}
	p = parse_length(s, p);
	s->conversion = *p;
	return p;
}

static void format_all(struct out *out, const char *p, va_list *args)
{
	while (*p != '\0') {
		const char *start = p;
		while (*p != '\0' && *p != '%')
			p++;
		emit(out, start, (size_t)(p - start));
		if (*p == '\0')
			return;
		struct spec s;
		start = p;
		p = parse_spec(&s, p + 1, args);
		if (*p != '\0')
			p++;
		if (!convert(out, &s, args))
			emit(out, start, (size_t)(p - start));
	}
}

size_t fmt_vformat(fmt_sink sink, void *ctx, const char *format, va_list args)
{
	struct out out = { .sink = sink, .ctx = ctx };
	va_list copy; /* a va_list parameter may be an array type, whose address is of no use */

	va_copy(copy, args);
	format_all(&out, format, &copy);
	va_end(copy);
	return out.total;
}

struct buffer {
	char *at;
	size_t left;
};

static void into_buffer(void *ctx, const char *text, size_t len)
{
	struct buffer *b = ctx;

	if (len > b->left)
		len = b->left;
	if (len == 0) /* there may be no buffer at all */
		return;
	memcpy(b->at, text, len);
	b->at += len;
	b->left -= len;
}

size_t fmt_vbuffer(char *buf, size_t size, const char *format, va_list args)
{
	struct buffer b = { .at = buf, .left = size != 0 ? size - 1 : 0 };
	size_t total = fmt_vformat(into_buffer, &b, format, args);

	if (size != 0)
		*b.at = '\0';
	return total;
}

size_t fmt_buffer(char *buf, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	size_t total = fmt_vbuffer(buf, size, format, args);
	va_end(args);
	return total;
}

static const char unit_name[][4] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

/*
 * @bytes in units of 2^(10 @u), u > 0, to the nearest hundredth. Digit by digit, as in long
 * division: ten times a remainder below 2^60 still fits.
 */
static void rounded(uint64_t bytes, unsigned u, uint64_t *whole, unsigned *hundredths)
{
	uint64_t rest_of_unit = (1ull << (10 * u)) - 1;
	uint64_t tenth = (bytes & rest_of_unit) * 10;
	uint64_t hundredth = (tenth & rest_of_unit) * 10;

	*whole = bytes >> (10 * u);
	*hundredths = (unsigned)((tenth >> (10 * u)) * 10 + (hundredth >> (10 * u)));
	if ((hundredth & rest_of_unit) * 2 > rest_of_unit) /* half a hundredth or more */
		++*hundredths;
	if (*hundredths == 100) {
		*hundredths = 0;
		++*whole;
	}
}

const char *fmt_size(char buf[FMT_SIZE_LEN], uint64_t bytes)
{
	unsigned last = sizeof(unit_name) / sizeof(unit_name[0]) - 1;
	uint64_t whole;
	unsigned hundredths;
	unsigned u = 0;

	while (u < last && bytes >> (10 * (u + 1)) != 0)
		u++;
	/* Exact in this unit or one below, if that needs four digits at the most? */
	unsigned exact = u;
	while (exact > 0 && (bytes & ((1ull << (10 * exact)) - 1)) != 0)
		exact--;
	if (bytes >> (10 * exact) <= 9999) {
		fmt_buffer(buf, FMT_SIZE_LEN, "%llu %s",
			   (unsigned long long)(bytes >> (10 * exact)), unit_name[exact]);
		return buf;
	}
	rounded(bytes, u, &whole, &hundredths);
	if (whole == 1024) { /* 1023.999 KiB is 1 MiB; of EiB there are 16 at the most */
		whole = 1;
		u++;
	}
	fmt_buffer(buf, FMT_SIZE_LEN, "~%llu.%02u %s", (unsigned long long)whole, hundredths,
		   unit_name[u]);
	return buf;
}
