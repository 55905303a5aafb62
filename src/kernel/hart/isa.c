/* SPDX-License-Identifier: MIT */
/*
 * isa.c - the words of isa.h.
 *
 * This runs on harts that cannot run the kernel: the Makefile compiles it, and src/sbi, without the
 * extensions of boot/isa_bits.h, and it calls nothing but src/sbi.
 */
#include "kernel/hart/isa.h"

#include <stddef.h>

#include "kernel/hart/csr.h"
#include "lib/compiler.h"
#include "sbi/console.h"
#include "sbi/reset.h"

/* KERNEL_ISA is what the kernel was built for, KERNEL_ISA_BASE that without those extensions. */
#define QUOTED(word)    #word
#define AS_STRING(word) QUOTED(word)

#define DECIMAL_LEN sizeof("18446744073709551615")

static const struct {
	uint64_t bit;
	const char *name;
} extension[] = {
	{ ISA_ZBA, "zba" },
	{ ISA_ZBB, "zbb" },
	{ ISA_ZBC, "zbc" },
	{ ISA_ZBS, "zbs" },
};
_Static_assert(ARRAY_SIZE(extension) == ISA_COUNT, "boot/isa_bits.h");

static char *append_word(char *end, const char *word)
{
	while (*word != '\0')
		*end++ = *word++;
	*end = '\0';
	return end;
}

const char *isa_names(char text[ISA_NAMES_LEN], uint64_t bits)
{
	char *end = append_word(text, "");

	for (unsigned i = 0; i < ARRAY_SIZE(extension); i++) {
		if ((bits & extension[i].bit) == 0)
			continue;
		if (end != text)
			end = append_word(end, ", ");
		end = append_word(end, extension[i].name);
	}
	return text;
}

/* lib/fmt.c could do this, but not here. */
static const char *decimal(char text[DECIMAL_LEN], uint64_t n)
{
	char *digit = &text[DECIMAL_LEN - 1];

	*digit = '\0';
	do {
		*--digit = (char)('0' + n % 10);
		n /= 10;
	} while (n != 0);
	return digit;
}

static void write_text(const struct sbi *sbi, const char *text)
{
	size_t len = 0;

	while (text[len] != '\0')
		len++;
	(void)sbi_console_write(sbi, text, len);
}

acre_noreturn void isa_refuse(uint64_t hart_id, uint64_t lacking)
{
	struct sbi sbi;
	char names[ISA_NAMES_LEN];
	char number[DECIMAL_LEN];

	sbi_probe(&sbi);
	(void)isa_names(names, lacking);
	write_text(&sbi, "acre: this kernel was built for " AS_STRING(KERNEL_ISA) ", and hart ");
	write_text(&sbi, decimal(number, hart_id));
	write_text(&sbi, " has no ");
	write_text(&sbi, names);
	write_text(&sbi, ".\nBuild it with ISA=" AS_STRING(
				 KERNEL_ISA_BASE) ", or run it where there is ");
	write_text(&sbi, names);
	write_text(&sbi, ".\n" SBI_SHUTDOWN_WARNING);
	long error = sbi_shutdown(&sbi, SBI_SRST_REASON_SYSTEM_FAILURE);
	write_text(&sbi, "this board cannot power itself off (");
	write_text(&sbi, sbi_error_str(error));
	write_text(&sbi, "); it is safe to switch it off\n");
	for (;;)
		wait_for_interrupt();
}
