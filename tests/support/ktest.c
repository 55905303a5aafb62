/* SPDX-License-Identifier: MIT */
/* ktest.c - runs the cases and speaks KTAP (kernel.org, 'The Kernel Test Anything Protocol'). */
#include "tests/support/ktest.h"

#include "kernel/words.h"
#include "lib/fmt.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"
#include "tests/support/ktest_port.h"

extern const struct ktest_case __start_ktest_cases[];
extern const struct ktest_case __stop_ktest_cases[];

#define MAX_BLOCKS 64u

static struct {
	unsigned failures; /* of the running case */
	char lacking[48];  /* what it needs to go on, and this place does not have; or "" */
	uint64_t seed;
	uint64_t random;
	void *block[MAX_BLOCKS];
	unsigned nblocks;
	char panic_message[ACRE_PANIC_MESSAGE_SIZE];
	unsigned bad_frees;
	struct platform_bad_free last_bad_free;
} state;

static const char *base_name(const char *path)
{
	const char *base = path;

	for (; *path != '\0'; path++) {
		if (*path == '/')
			base = path + 1;
	}
	return base;
}

bool ktest_check(bool ok, const char *text, const char *file, int line)
{
	if (!ok) {
		state.failures++;
		acre_print("# %s:%d: not so: %s\n", base_name(file), line, text);
	}
	return ok;
}

bool ktest_check_eq(uint64_t a, uint64_t b, const char *text, const char *file, int line)
{
	if (a != b) {
		state.failures++;
		acre_print("# %s:%d: not so: %s: %llu (0x%llx) and %llu (0x%llx)\n",
			   base_name(file), line, text, (unsigned long long)a,
			   (unsigned long long)a, (unsigned long long)b, (unsigned long long)b);
	}
	return a == b;
}

bool ktest_check_str(const char *a, const char *b, const char *text, const char *file, int line)
{
	bool ok = a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);

	if (!ok) {
		state.failures++;
		acre_print("# %s:%d: not so: %s: '%s' and '%s'\n", base_name(file), line, text,
			   a != NULL ? a : "(none)", b != NULL ? b : "(none)");
	}
	return ok;
}

void ktest_abandon(void)
{
	port_escape(PORT_ABANDONED);
}

void ktest_note(const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	fmt_vbuffer(text, sizeof(text), format, args);
	va_end(args);
	acre_print("# %s\n", text);
}

void ktest_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fmt_vbuffer(state.lacking, sizeof(state.lacking), format, args);
	va_end(args);
	ktest_abandon();
}

void *ktest_alloc(size_t size, size_t align)
{
	void *block = state.nblocks < MAX_BLOCKS ? port_alloc(size, align) : NULL;

	if (block == NULL && state.nblocks < MAX_BLOCKS &&
	    (size > KTEST_MEMORY || port_memory_is_short()))
		ktest_skip("no memory: %zu bytes", size);
	if (block == NULL) {
		state.failures++;
		acre_print("# no memory for the test: %zu bytes, block %u of %u\n", size,
			   state.nblocks, MAX_BLOCKS);
		ktest_abandon();
	}
	state.block[state.nblocks++] = block;
	return block;
}

void ktest_on_panic(const char *message)
{
	size_t len = strnlen(message, sizeof(state.panic_message) - 1);

	memcpy(state.panic_message, message, len);
	state.panic_message[len] = '\0';
}

bool ktest_panics(void (*fn)(void *), void *arg)
{
	enum port_outcome outcome = port_try(fn, arg);

	if (outcome == PORT_ABANDONED) /* a REQUIRE inside fn: pass it on to the case */
		ktest_abandon();
	return outcome == PORT_PANICKED;
}

const char *ktest_panic_message(void)
{
	return state.panic_message;
}

void ktest_on_bad_free(const struct platform_bad_free *report)
{
	state.bad_frees++;
	state.last_bad_free = *report;
}

unsigned ktest_bad_frees(void)
{
	unsigned n = state.bad_frees;

	state.bad_frees = 0;
	return n;
}

const struct platform_bad_free *ktest_last_bad_free(void)
{
	return &state.last_bad_free;
}

uint64_t ktest_random(void)
{
	/* Marsaglia 2003, 'Xorshift RNGs': period 2^64 - 1, never 0. */
	state.random ^= state.random << 13;
	state.random ^= state.random >> 7;
	state.random ^= state.random << 17;
	return state.random;
}

uint64_t ktest_below(uint64_t n)
{
	return ktest_random() % n;
}

static bool chosen(const struct ktest_case *c, const char *glob)
{
	char name[96];

	fmt_buffer(name, sizeof(name), "%s.%s", c->suite, c->name);
	return glob == NULL || word_matches(glob, name);
}

static void run_body(void *arg)
{
	const struct ktest_case *c = arg;

	c->run();
}

/* A seed of its own for each case, so that the order and the choice of cases do not matter. */
static void seed_case(const struct ktest_case *c)
{
	uint64_t hash = state.seed ^ 0xcbf29ce484222325ull;

	for (const char *p = c->name; *p != '\0'; p++)
		hash = (hash ^ (uint8_t)*p) * 0x100000001b3ull; /* FNV-1a */
	state.random = hash != 0 ? hash : 1;
}

static void expect_no_loss(const char *what, uint64_t before, uint64_t after)
{
	if (before != after) {
		state.failures++;
		acre_print("# leak: %s before %llu, after %llu\n", what, (unsigned long long)before,
			   (unsigned long long)after);
	}
}

enum verdict { FAILED, PASSED, SKIPPED };

static enum verdict run_case(const struct ktest_case *c)
{
	uint64_t frames = port_free_frames();
	uint64_t bytes = port_heap_bytes();
	union {
		const void *in;
		void *out;
	} arg = { .in = c };

	state.failures = 0;
	state.lacking[0] = '\0';
	state.bad_frees = 0;
	seed_case(c);
	if (port_try(run_body, arg.out) == PORT_PANICKED) {
		state.failures++;
		acre_print("# panic: %s\n", state.panic_message);
	}
	while (state.nblocks > 0)
		port_free(state.block[--state.nblocks]);
	if (state.bad_frees != 0) {
		state.failures++;
		acre_print("# %u refused free(s) that nobody asked for, the last %s 0x%llx: %s\n",
			   state.bad_frees, state.last_bad_free.allocator,
			   (unsigned long long)state.last_bad_free.address,
			   state.last_bad_free.what);
	}
	expect_no_loss("free frames", frames, port_free_frames());
	expect_no_loss("heap bytes", bytes, port_heap_bytes());
	if (state.failures != 0)
		return FAILED;
	return state.lacking[0] != '\0' ? SKIPPED : PASSED;
}

static unsigned count_chosen(const char *glob)
{
	unsigned n = 0;

	for (const struct ktest_case *c = __start_ktest_cases; c < __stop_ktest_cases; c++)
		n += chosen(c, glob);
	return n;
}

/* The names once more at the end, where people look. @failures are indices of cases. */
static void print_verdict(const uint32_t *failures, unsigned failed, unsigned passed,
			  unsigned skipped)
{
	char more[32] = "";

	for (unsigned i = 0; i < failed; i++) {
		const struct ktest_case *c = &__start_ktest_cases[failures[i]];
		acre_print("# failed: %s.%s (%s)\n", c->suite, c->name, c->file);
	}
	if (skipped != 0)
		fmt_buffer(more, sizeof(more), ", %u skipped", skipped);
	if (failed != 0)
		acre_print("FAIL %u failed, %u passed%s\n", failed, passed, more);
	else
		acre_print("PASS %u passed%s\n", passed, more);
}

static void print_result(enum verdict verdict, unsigned number, const struct ktest_case *c)
{
	acre_print("%sok %u %s.%s", verdict == FAILED ? "not " : "", number, c->suite, c->name);
	if (verdict == SKIPPED)
		acre_print(" # SKIP %s", state.lacking);
	acre_print("\n");
}

unsigned ktest_run(const char *glob, uint64_t seed)
{
	unsigned count = count_chosen(glob);
	unsigned number[SKIPPED + 1] = { 0 }; /* of each verdict */
	unsigned ran = 0;
	uint32_t *failures = port_alloc((count + 1) * sizeof(*failures), 16);

	state.seed = seed;
	acre_print("KTAP version 1\n# seed=%llu\n1..%u\n", (unsigned long long)seed, count);
	if (count == 0 || failures == NULL) {
		acre_print("# %s '%s'\n", count == 0 ? "no test matches" : "no memory to test",
			   glob != NULL ? glob : "*");
		acre_print("FAIL 1 failed, 0 passed\n");
		port_free(failures);
		return 1;
	}
	for (const struct ktest_case *c = __start_ktest_cases; c < __stop_ktest_cases; c++) {
		if (!chosen(c, glob))
			continue;
		if (port_stopped())
			break;
		enum verdict verdict = run_case(c);
		if (verdict == FAILED)
			failures[number[FAILED]] = (uint32_t)(c - __start_ktest_cases);
		number[verdict]++;
		print_result(verdict, ++ran, c);
	}
	if (ran < count) {
		acre_print("Bail out! stopped after %u of %u\n", ran, count);
	} else if (number[SKIPPED] == count) {
		acre_print("# nothing was tested\nFAIL 1 failed, 0 passed, %u skipped\n", count);
		number[FAILED] = 1;
	} else {
		print_verdict(failures, number[FAILED], number[PASSED], number[SKIPPED]);
	}
	port_free(failures);
	return number[FAILED];
}

const char *ktest_name(char buf[KTEST_NAME_SIZE], size_t i)
{
	const struct ktest_case *c = __start_ktest_cases + i;

	if (i >= (size_t)(__stop_ktest_cases - __start_ktest_cases))
		return NULL;
	fmt_buffer(buf, KTEST_NAME_SIZE, "%s.%s", c->suite, c->name);
	return buf;
}

void ktest_list(void)
{
	for (const struct ktest_case *c = __start_ktest_cases;
	     c < __stop_ktest_cases && !port_stopped(); c++)
		acre_print("%s.%s\n", c->suite, c->name);
}
