/* SPDX-License-Identifier: MIT */
/*
 * trace_file.c - a trace, from its file. Nothing of the file is trusted: an operation on a block
 * that is not live, a number that runs past its stream, and counts that are not those of the header are
 * errors.
 */
#include "bench/peers/trace_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE  "acre trace 1"
#define MOST_BYTES  ((size_t)64 << 20) /* of a file */
#define MOST_ALIGN  30u                /* as a power of two */
#define KINDS       (TRACE_ALIGNED + 1)
#define NO_SLOT     UINT32_MAX
#define NEW_ALIGNED 4u /* log2 of TRACE_ALIGN */

/* ---- the file ----------------------------------------------------------------------------------- */

static size_t bytes_of(FILE *file)
{
	long end = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;

	rewind(file);
	return end > 0 && (size_t)end <= MOST_BYTES ? (size_t)end : 0;
}

/* All of it, with a 0 behind it; NULL if there is no such file, or it is too large. */
static char *read_whole(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "rb");

	if (file == NULL)
		return NULL;
	*bytes = bytes_of(file);
	char *text = malloc(*bytes + 1);
	if (text != NULL) {
		*bytes = fread(text, 1, *bytes, file);
		text[*bytes] = '\0';
	}
	fclose(file);
	return text;
}

/* Lines "key TAB value" up to an empty one. Result: what comes after that, or NULL. */
static char *read_header(char *at, struct trace *t)
{
	for (t->nfacts = 0; *at != '\n'; t->nfacts++) {
		char *tab = strchr(at, '\t');
		char *end = strchr(at, '\n');
		if (tab == NULL || end == NULL || tab > end || t->nfacts == TRACE_FACTS)
			return NULL;
		*tab = *end = '\0';
		t->fact[t->nfacts][0] = at;
		t->fact[t->nfacts][1] = tab + 1;
		at = end + 1;
	}
	return at + 1;
}

static const char *fact(const struct trace *t, const char *key)
{
	for (unsigned i = 0; i < t->nfacts; i++) {
		if (strcmp(t->fact[i][0], key) == 0)
			return t->fact[i][1];
	}
	return NULL;
}

/* A number of the header; UINT64_MAX if it has none. */
static uint64_t count_of(const struct trace *t, const char *key)
{
	const char *text = fact(t, key);
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return UINT64_MAX;
	uint64_t value = strtoull(text, &end, 10);
	return *end == '\0' ? value : UINT64_MAX;
}

/* ---- streams ------------------------------------------------------------------------------------ */

struct stream {
	const uint8_t *at;
	const uint8_t *end;
	bool broken;
};

static uint64_t next_byte(struct stream *s)
{
	if (s->at == s->end) {
		s->broken = true;
		return 0;
	}
	return *s->at++;
}

/* Seven bits a byte, the lowest first; the last byte is below 128. */
static uint64_t next_number(struct stream *s)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint64_t byte = next_byte(s);
		value |= (byte & 127) << shift;
		if (byte < 128)
			return value;
	}
	s->broken = true;
	return 0;
}

struct reader {
	struct stream kinds, sizes, ages, aligns;
	uint32_t *slot_of; /* of a block, by its number; NO_SLOT: it is not live */
	uint32_t *size_of; /* ... of a slot */
	uint32_t *spare;   /* slots that have no block; the last one is used first */
	uint64_t nspare;
	uint64_t numbers; /* blocks so far */
	uint64_t seen[KINDS];
	uint64_t bytes;
};

/* The four streams are all that comes after the header. */
static bool split_streams(const struct trace *t, const char *at, const char *end, struct reader *r)
{
	static const char *const keys[] = { "kinds_bytes", "sizes_bytes", "ages_bytes",
					    "aligns_bytes" };
	struct stream *const streams[] = { &r->kinds, &r->sizes, &r->ages, &r->aligns };

	for (unsigned i = 0; i < 4; i++) {
		uint64_t bytes = count_of(t, keys[i]);
		if (bytes > (uint64_t)(end - at))
			return false;
		*streams[i] = (struct stream){ .at = (const uint8_t *)at,
					       .end = (const uint8_t *)at + bytes };
		at += bytes;
	}
	return at == end;
}

/* ---- operations --------------------------------------------------------------------------------- */

static void count_bytes(struct trace *t, struct reader *r, uint32_t before, uint32_t after)
{
	r->bytes += after;
	r->bytes -= before;
	t->peak = r->bytes > t->peak ? r->bytes : t->peak;
	t->largest = after > t->largest ? after : t->largest;
}

static bool take_slot(struct trace *t, struct reader *r, struct trace_op *op)
{
	op->slot = r->nspare > 0 ? r->spare[--r->nspare] : (uint32_t)t->slots++;
	r->slot_of[r->numbers++] = op->slot;
	r->size_of[op->slot] = op->size;
	count_bytes(t, r, 0, op->size);
	return op->size != 0;
}

/* The block that an operation is about is so many blocks old. */
static bool find_slot(struct reader *r, struct trace_op *op, uint32_t **slot)
{
	uint64_t age = next_number(&r->ages);

	if (age >= r->numbers)
		return false;
	*slot = &r->slot_of[r->numbers - 1 - age];
	op->slot = **slot;
	return op->slot != NO_SLOT;
}

static bool read_op(struct trace *t, struct reader *r, struct trace_op *op)
{
	const uint64_t kind = next_byte(&r->kinds);
	uint32_t *slot;

	if (kind == 0 || kind >= KINDS)
		return false;
	r->seen[kind]++;
	op->kind = kind == TRACE_FREE || kind == TRACE_REALLOC ? (uint8_t)kind : TRACE_ALLOC;
	op->size = kind != TRACE_FREE ? (uint32_t)next_number(&r->sizes) : 0;
	op->align_log2 = kind == TRACE_ALIGNED ? (uint8_t)next_byte(&r->aligns) : NEW_ALIGNED;
	if (op->align_log2 < NEW_ALIGNED || op->align_log2 > MOST_ALIGN)
		return false;
	if (op->kind == TRACE_ALLOC)
		return take_slot(t, r, op);
	if (!find_slot(r, op, &slot))
		return false;
	count_bytes(t, r, r->size_of[op->slot], op->size);
	r->size_of[op->slot] = op->size;
	if (op->kind == TRACE_REALLOC)
		return op->size != 0;
	*slot = NO_SLOT;
	r->spare[r->nspare++] = op->slot;
	return true;
}

static bool read_ops(struct trace *t, struct reader *r)
{
	for (uint64_t i = 0; i < t->n; i++) {
		if (!read_op(t, r, &t->op[i]) || r->sizes.broken || r->ages.broken ||
		    r->aligns.broken)
			return false;
	}
	return true;
}

/* Is all that the header says true of what was read? */
static bool is_as_said(const struct trace *t, const struct reader *r)
{
	return r->kinds.at == r->kinds.end && r->sizes.at == r->sizes.end &&
	       r->ages.at == r->ages.end && r->aligns.at == r->aligns.end &&
	       count_of(t, "peak_bytes") == t->peak && count_of(t, "peak_blocks") == t->slots &&
	       count_of(t, "allocations") == r->seen[TRACE_ALLOC] + r->seen[TRACE_ALIGNED] &&
	       count_of(t, "cleared") == r->seen[TRACE_CALLOC] &&
	       count_of(t, "aligned") == r->seen[TRACE_ALIGNED] &&
	       count_of(t, "reallocations") == r->seen[TRACE_REALLOC] &&
	       count_of(t, "frees") == r->seen[TRACE_FREE];
}

static const char *read_body(struct trace *t, const char *at, const char *end)
{
	struct reader r = { 0 };
	const char *wrong = NULL;

	if (!split_streams(t, at, end, &r) || t->n != (uint64_t)(r.kinds.end - r.kinds.at))
		return "it is shorter or longer than its header says";
	t->op = calloc(t->n, sizeof(t->op[0]));
	r.slot_of = calloc(t->n, sizeof(r.slot_of[0]));
	r.size_of = calloc(t->n, sizeof(r.size_of[0]));
	r.spare = calloc(t->n, sizeof(r.spare[0]));
	if (t->op == NULL || r.slot_of == NULL || r.size_of == NULL || r.spare == NULL)
		wrong = "there is no memory for it";
	else if (!read_ops(t, &r))
		wrong = "an operation is none, or is on a block that is not live";
	else if (!is_as_said(t, &r))
		wrong = "its counts are not those of its header";
	free(r.slot_of);
	free(r.size_of);
	free(r.spare);
	return wrong;
}

static const char *read_text(struct trace *t, size_t bytes)
{
	if (strncmp(t->text, FIRST_LINE "\n", strlen(FIRST_LINE) + 1) != 0)
		return "it does not begin with '" FIRST_LINE "'";
	char *body = read_header(t->text + strlen(FIRST_LINE) + 1, t);
	if (body == NULL || fact(t, "program") == NULL)
		return "its header is not lines of a key, a tab and a value";
	t->name = t->fact[0][1];
	t->n = count_of(t, "operations");
	if (t->n == 0 || t->n > MOST_BYTES)
		return "it has no operations";
	return read_body(t, body, t->text + bytes);
}

const char *trace_read(const char *path, struct trace *t)
{
	size_t bytes = 0;

	*t = (struct trace){ .text = read_whole(path, &bytes) };
	if (t->text == NULL)
		return "it cannot be read";
	const char *wrong = read_text(t, bytes);
	if (wrong != NULL) {
		free(t->op);
		free(t->text);
		*t = (struct trace){ 0 };
	}
	return wrong;
}
