/* SPDX-License-Identifier: MIT */
/*
 * count_ops.c - a QEMU plugin that counts the instructions which cost more than one: atomics, CSR accesses, divisions, fences. It
 * watches the emulated machine from outside, so the kernel that is measured is the very same.
 *
 *	-plugin count_ops.so,table=FILE,out=FILE[,all=on]
 *
 * The table has a line "ADDRESS CLASS" for each such instruction of the kernel, read out of its ELF file by bench/run;
 * class 0 is the mark that stands at both ends of a window. At each mark a line with the counts so far is
 * written: "ATOMICS CSRS DIVISIONS FENCES", and with all=on " INSTRUCTIONS" of every kind, for an emulator whose
 * machine does not count them. A mark must be the start of a function.
 *
 * Debian does not package qemu-plugin.h; the few functions below have been the same in each version so far. Only the
 * number that QEMU asks for changes: bench/run finds the one that it takes.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PLUGIN_API
#define PLUGIN_API 1
#endif

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
typedef uint64_t plugin_id;

int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
					   void (*)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, void (*)(unsigned, void *),
					  int flags, void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*)(plugin_id, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*)(unsigned, void *), int flags, void *data);

extern const int qemu_plugin_version;
const int qemu_plugin_version = PLUGIN_API;

enum { NO_REGISTERS = 0, MARK = 0, CLASSES = 5 };

struct entry {
	uint64_t address;
	unsigned class;
};

static struct entry *table;
static size_t entries;
static uint64_t count[CLASSES];
static bool counts_all;
static uint64_t all; /* up to the end of the block that runs */
static FILE *out;

static int by_address(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static void print_counts(void)
{
	for (unsigned i = MARK + 1; i < CLASSES; i++)
		fprintf(out, "%s%" PRIu64, i > MARK + 1 ? " " : "", count[i]);
	if (counts_all)
		fprintf(out, " %" PRIu64, all);
	fputc('\n', out);
}

static void executed(unsigned cpu, void *data)
{
	size_t class = (size_t)(uintptr_t)data;

	(void)cpu;
	if (class == MARK)
		print_counts();
	else
		count[class]++;
}

static void entered(unsigned cpu, void *data)
{
	(void)cpu;
	all += (uintptr_t)data;
}

static void translated(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (counts_all)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, entered, NO_REGISTERS,
						     (void *)(uintptr_t)n);
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const struct entry key = { .address = qemu_plugin_insn_vaddr(insn) };
		const struct entry *found = bsearch(&key, table, entries, sizeof(key), by_address);
		if (found != NULL)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, NO_REGISTERS,
							       (void *)(uintptr_t)found->class);
	}
}

static void finish(plugin_id id, void *data)
{
	(void)id;
	(void)data;
	fclose(out);
}

static void add(struct entry e)
{
	static size_t room;

	if (entries == room) {
		room = 2 * room + 1024;
		struct entry *larger = realloc(table, room * sizeof(*table));
		if (larger == NULL)
			abort();
		table = larger;
	}
	table[entries++] = e;
}

static int read_table(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[64];

	if (file == NULL)
		return -1;
	while (fgets(line, sizeof(line), file) != NULL) {
		char *rest;
		uint64_t address = strtoull(line, &rest, 16);
		unsigned long class = strtoul(rest, NULL, 10);
		if (class < CLASSES)
			add((struct entry){ address, (unsigned)class });
	}
	fclose(file);
	if (entries == 0)
		return -1;
	qsort(table, entries, sizeof(*table), by_address);
	return 0;
}

int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "table=", 6) == 0 && read_table(argv[i] + 6) != 0)
			fprintf(stderr, "count_ops: cannot read %s\n", argv[i] + 6);
		if (strncmp(argv[i], "out=", 4) == 0)
			out = fopen(argv[i] + 4, "w");
		counts_all |= strcmp(argv[i], "all=on") == 0;
	}
	if (entries == 0 || out == NULL)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
