/* SPDX-License-Identifier: MIT */
/* dump.c - the bytes of memory, and whose they are. */
#include "kernel/command.h"
#include "kernel/machine.h"
#include "kernel/monitor/why.h"
#include "kernel/text.h"
#include "kernel/trap/symbols.h"
#include "lib/fmt.h"
#include "lib/print.h"
#include "lib/string.h"

#define PER_LINE     16u
#define DEFAULT_SIZE 64u
#define MAX_SIZE     (1u << 20)

/*
 * Reading the byte could trap, or disturb a device: it is no RAM, or RAM that was said not to be
 * touched.
 */
static const char *why_not(acre_paddr_t addr)
{
	const struct memmap_region *region = memmap_find(&machine.memmap, addr);

	if (region == NULL)
		return "not read: it is no RAM";
	if (region->kind == MEMMAP_FIRMWARE || region->kind == MEMMAP_NO_MAP)
		return "not read: it is not to be touched";
	return NULL;
}

/* The sentence without its address, said where it is another one than for the line before. */
static void print_owner(acre_paddr_t addr, char last[WHY_LEN])
{
	char sentence[WHY_LEN];
	const char *text = why_str(sentence, addr);

	while (*text != '\0' && *text != ' ')
		text++;
	if (strcmp(text, last) == 0)
		return;
	acre_print(" %s\n", text);
	memcpy(last, text, strlen(text) + 1);
}

static void print_line(const uint8_t *bytes, acre_paddr_t addr, size_t n)
{
	char line[8 + 3 * PER_LINE + PER_LINE];
	size_t at = 0;

	for (size_t i = 0; i < PER_LINE; i++)
		at += i < n ? fmt_buffer(line + at, sizeof(line) - at, " %02x", bytes[i])
			    : fmt_buffer(line + at, sizeof(line) - at, "   ");
	line[at++] = ' ';
	line[at++] = ' ';
	for (size_t i = 0; i < n; i++)
		line[at++] = bytes[i] >= ' ' && bytes[i] <= '~' ? (char)bytes[i] : '.';
	line[at] = '\0';
	acre_print("0x%016llx %s\n", (ull)addr, line);
}

/* Up to 16 bytes from @addr on that may be read, up to @end. */
static size_t readable(acre_paddr_t addr, acre_paddr_t end)
{
	size_t n = 0;

	while (n < PER_LINE && addr + n != end && why_not(addr + n) == NULL)
		n++;
	return n;
}

static void dump(acre_paddr_t addr, uint64_t size)
{
	char last[WHY_LEN] = "";
	uint8_t bytes[PER_LINE];

	while (size != 0) {
		size_t n = readable(addr, addr + size);
		print_owner(addr, last);
		if (n == 0) {
			acre_print("0x%016llx  %s\n", (ull)addr, why_not(addr));
			return;
		}
		for (size_t i = 0; i < n; i++)
			bytes[i] = ((const volatile uint8_t *)(uintptr_t)addr)[i];
		print_line(bytes, addr, n);
		addr += n;
		size -= n;
		if (!command_more())
			return;
	}
}

static void run_dump(unsigned nwords, char *const *word)
{
	uint64_t addr;
	uint64_t size = DEFAULT_SIZE;

	if (!command_address("dump ADDRESS [BYTES]", nwords, word, &addr) ||
	    (nwords > 1 && !command_number(word[1], &size)))
		return;
	if (size == 0 || size > MAX_SIZE)
		acre_print("1 byte to 1 MiB is shown at a time\n");
	else if (addr > UINT64_MAX - size)
		acre_print("that ends past the last address\n");
	else
		dump(addr, size);
}

COMMAND(dump) = {
	.name = "dump",
	.usage = "dump ADDRESS [BYTES]",
	.help = "the bytes there, and whose they are",
	.example = "dump 0x80200030 32",
	.candidate = symbol_name,
	.max_words = 2,
	.run_words = run_dump,
};
