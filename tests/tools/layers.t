#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""layers.t - scripts/check-layers refuses each kind of wrong edge, and nothing that is right.

Every case starts from a copy of the real src/, so that a rule which the sources outgrow shows here.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

sys.path.insert(0, os.path.join(ROOT, "tests/support"))
from tap import end, report  # noqa: E402

# what it is | file | text put at its end (or the file's whole text, if it is new) | words of the rule
REFUSED = [
    ("lib includes mm", "lib/fmt.c", '#include "mm/types.h"', "lib does not include mm"),
    ("lib includes fdt", "lib/fmt.h", '#include "fdt/fdt.h"', "lib does not include fdt"),
    ("fdt includes mm", "fdt/planted.c", '#include "mm/types.h"', "fdt does not include mm"),
    ("fdt includes sbi", "fdt/planted.c", '#include "sbi/planted_sbi.h"', "fdt does not include sbi"),
    ("sbi includes mm", "sbi/planted.c", '#include "mm/types.h"', "sbi does not include mm"),
    ("sbi includes kernel", "sbi/planted.c", '#include "kernel/planted_kernel.h"',
     "sbi does not include kernel"),
    ("mm includes sbi", "mm/planted.c", '#include "sbi/planted_sbi.h"', "mm does not include sbi"),
    ("kernel includes selftest", "kernel/planted.c", '#include "selftest/planted_selftest.h"',
     "kernel does not include selftest"),
    ("mm includes kernel", "mm/planted.c", '#include "kernel/planted_kernel.h"',
     "mm does not include kernel"),
    ("mm outside of memmap_fdt includes fdt", "mm/planted.c", '#include "fdt/planted_fdt.h"',
     "mm/planted.c does not include fdt"),
    ("boot includes lib", "boot/planted.S", '#include "lib/fmt.h"', "boot does not include lib"),
    ("boot includes sbi beyond its numbers", "boot/planted.S", '#include "sbi/planted_sbi.h"',
     "boot does not include sbi"),
    ("src includes tests", "kernel/planted.c", '#include "tests/support/ktest.h"', "does not know the tests"),
    ("a neighbour without its layer", "lib/fmt.c", '#include "string.h"', "names its layer"),
    ("a path that climbs", "lib/fmt.c", '#include "lib/../mm/types.h"', "names its layer"),
    ("an include that is a macro", "lib/fmt.c", "#include HEADER", "not a macro"),
    ("an include that begins with a digraph", "lib/bits.h", '%:include "kernel/machine.h"', "a directive begins with '#'"),
    ("an include that begins with a trigraph", "lib/bits.h", '??=include "kernel/machine.h"', "a directive begins with '#'"),
    ("an include in two lines", "lib/bits.h", '#inc\\\nlude "kernel/machine.h"', "lib does not include kernel"),
    ("an include in two lines, with a space after the backslash", "lib/bits.h", '#include "ker\\ \nnel/machine.h"',
     "lib does not include kernel"),
    ("an include with a comment of two lines in it", "lib/bits.h", '#/*\n*/include "kernel/machine.h"', "no such directive"),
    ("an include by another word", "lib/bits.h", '#import "kernel/machine.h"', "no such directive"),
    ("an include of the next of that name", "lib/bits.h", '#include_next "kernel/machine.h"', "no such directive"),
    ("an alignment under norvc", "boot/planted.S", "\t.option norvc\n\tnop\n\t.balign 16", "no alignment under .option norvc"),
    ("an alignment under norvc in C", "kernel/planted.c",
     'void f(void)\n{\n\t__asm__(".option push\\n.option norvc\\n.p2align 4\\n.option pop");\n}',
     "no alignment under .option norvc"),
    ("an include of the assembler's own", "boot/planted.S", '\t.include "lib/fmt.h"', "assembler includes by #include"),
    ("a header that is not there", "lib/fmt.c", '#include "lib/no_such.h"', "there is no src/"),
    ("the seam's inline half by a side door", "mm/planted.c", '#include "platform_arch.h"',
     "by lib/platform.h alone"),
    ("a hosted header", "lib/fmt.c", "#include <stdio.h>", "<stdio.h> is no freestanding header"),
    ("a hosted header in kernel", "kernel/planted.c", "#include <string.h>",
     "<string.h> is no freestanding header"),
    ("another folder's internals", "kernel/planted.c", '#include "mm/planted_internal.h"',
     "*_internal.h is for src/mm"),
    ("another file's contracts", "mm/map/memmap_name.c", '#include "mm/map/memmap_contracts.h"',
     "mm/map/memmap_contracts.h is for src/mm/map/memmap.c alone"),
    ("a layer nobody drew", "drivers/planted.c", "int planted;", "is in no layer"),
    ("a file beside the layers", "planted.c", "int planted;", "is in no layer"),
    ("assembler in lib", "lib/fmt.c", 'static void f(void) { __asm__ volatile("nop"); }',
     "no assembler in lib"),
    ("assembler in mm, spelt asm", "mm/planted.c", 'void f(void) { asm("nop"); }',
     "no assembler in mm"),
    ("a CSR in mm", "mm/planted.c", "unsigned long f(void) { return csr_read(SSTATUS); }",
     "no CSR in mm"),
    ("a linker symbol in mm", "mm/planted.c", "extern char __kernel_end[];",
     "no linker symbol in mm"),
    ("a section's bounds in lib", "lib/fmt.c", "static void *f(void) { return __start_cases; }",
     "no linker symbol in lib"),
    ("an absolute address in fdt", "fdt/planted.c",
     "int f(void) { return *(volatile int *)0x10000000; }", "no absolute address in fdt"),
    ("_Alignas in mm", "mm/planted.c", "static _Alignas(64) int a;", "no _Alignas in mm"),
    ("#ifdef of a host", "lib/fmt.c", "#ifdef __linux__\n#endif", "no code for the host"),
    ("#if defined of a host", "mm/planted.c", "#if defined(ACRE_HOST)\n#endif",
     "no code for the host"),
    ("#ifdef of a test in kernel", "kernel/planted.c", "#ifdef TEST\n#endif",
     "no code for the host or for tests"),
    ("#ifndef of a test in sbi", "sbi/planted.c", "#ifndef ACRE_SELFTEST\n#endif",
     "no code for the host or for tests"),
    ("#elif of an architecture in mm", "mm/planted.c", "#if ACRE_A\n#elif __riscv\n#endif",
     "not a condition it may ask"),
    ("a board's name", "kernel/planted.c", 'static const char *s = "riscv-virtio,qemu";',
     "no board's name in src ('riscv-virtio')"),
    ("a board's device", "kernel/planted.c", 'static const char *s = "sifive,uart0";',
     "no board's name in src ('sifive')"),
    ("a board as a condition", "boot/planted.S", "#ifdef BOARD_VIRT\n#endif", "no board's name"),
    ("where a board has its RAM", "kernel/planted.c", "#define RAM_START 0x80000000ul",
     "no board's address in src (0x80000000)"),
    ("where a board has its console", "boot/planted.S", "\tli\tt0, 0x10000000",
     "no board's address in src (0x10000000)"),
    ("the same in decimal", "mm/planted.c", "int planted = 268435456;", "no board's address"),
    ("a condition behind a continued line", "mm/planted.c", "#if ACRE_A || \\\n\t__riscv\n#endif",
     "not a condition it may ask"),
    ("which compiler, outside of lib/attributes.h", "mm/planted.c", "#ifdef __clang__\n#endif",
     "not a condition it may ask"),
    ("kernel includes the self-tests from a room that may not", "kernel/memory/planted.c",
     '#include "selftest/stress.h"', "kernel/memory does not include selftest"),
    ("the index includes frames", "mm/index/planted.c", '#include "mm/frame/frame.h"',
     "mm/index does not include mm/frame"),
    ("the map includes the index", "mm/map/planted.c", '#include "mm/index/chunk_tree.h"',
     "mm/map does not include mm/index"),
    ("the map outside of memmap_fdt includes fdt", "mm/map/planted.c", '#include "fdt/fdt.h"',
     "mm/map/planted.c does not include fdt"),
    ("frames include the heap", "mm/frame/planted.c", '#include "mm/heap/heap.h"',
     "mm/frame does not include mm/heap"),
    ("the heap includes frames", "mm/heap/planted.c", '#include "mm/frame/frame.h"',
     "mm/heap does not include mm/frame"),
    ("a room of mm includes what joins the rooms", "mm/frame/planted.c", '#include "mm/setup.h"',
     "mm/frame does not include mm; of mm it may include: mm/frame mm/index mm/types.h"),
    ("harts include traps", "kernel/hart/planted.c", '#include "kernel/trap/traps.h"',
     "kernel/hart does not include kernel/trap"),
    ("harts include the monitor", "kernel/hart/planted.c", '#include "kernel/monitor/report.h"',
     "kernel/hart does not include kernel/monitor"),
    ("traps include the kernel's memory", "kernel/trap/planted.c", '#include "kernel/memory/kmalloc.h"',
     "kernel/trap does not include kernel/memory"),
    ("a file before another in its room includes it", "kernel/hart/csr.h", '#include "kernel/hart/isa.h"',
     "csr comes before isa, and does not include it"),
    ("a trap's frame includes the end", "kernel/trap/trap_frame.h", '#include "kernel/trap/exit.h"',
     "trap_frame comes before exit, and does not include it"),
    ("the kernel's heap includes the ledger", "kernel/memory/kernel_heap.c", '#include "kernel/memory/ledger.h"',
     "kernel_heap comes before ledger, and does not include it"),
    ("the kernel's memory includes the firmware's calls", "kernel/memory/planted.c", '#include "sbi/reset.h"',
     "kernel/memory does not include sbi; it may include: boot kernel lib mm"),
    ("traps include frames", "kernel/trap/planted.c", '#include "mm/frame/frame.h"', "kernel/trap does not include mm"),
    ("the stress that the host runs includes harts", "selftest/stress_core.c", '#include "kernel/hart/harts.h"',
     "selftest/stress_core does not include kernel/hart/harts.h; it may include: lib mm"),
    ("the same through another file of its layer", "selftest/stress_core.h", '#include "selftest/stress.h"',
     "selftest/stress_core does not include selftest/stress.h"),
    ("the arguments that the host reads include the machine", "selftest/selftest_args.c", '#include "kernel/machine.h"',
     "selftest/selftest_args does not include kernel/machine.h"),
    ("a guard of another header", "lib/planted.h", "#ifndef ACRE_LIB_FMT_H\n#define ACRE_LIB_FMT_H\n#endif",
     "the include guard of this header is ACRE_LIB_PLANTED_H"),
    ("a room that nobody drew", "mm/planted/planted.c", "int planted;", "is in no room"),
    ("a function of a header that no file defines", "lib/fmt.h", "void planted(void);",
     "it declares planted(), which is defined in no file of src"),
    ("a function of a header that is static in its file", "lib/fmt.h", "void emit_repeated(void);",
     "it declares emit_repeated(), which is defined in no file of src"),
]

with open("src/lib/README.md", encoding="utf-8") as readme:
    LIB_README = len(readme.readlines())

# The tree as a whole: what it is | {file: text put at its end} | words of the rule
TREES = [
    ("a cycle by includes", {"lib/planted_a.h": '#include "lib/planted_b.h"', "lib/planted_b.c": '#include "lib/planted_a.h"',
                             "lib/planted_b.h": ""},
     ["a cycle by includes: lib/planted_a, lib/planted_b\n",
      "lib/planted_b -> lib/planted_a (src/lib/planted_b.c includes lib/planted_a.h)"]),
    ("a cycle through an internal header", {"lib/planted_a_internal.h": '#include "lib/planted_b.h"',
                                            "lib/planted_b.h": '#include "lib/planted_a.h"', "lib/planted_a.h": ""},
     ["a cycle by includes: lib/planted_a, lib/planted_b\n"]),
    ("a function that is declared beside another file than its own",
     {"lib/planted.h": "int planted(void);", "lib/planted_other.c": "int planted(void)\n{\n\treturn 0;\n}"},
     ["src/lib/planted.h:1: it declares planted(), which is defined in src/lib/planted_other.c"]),
    ("a function of a room that another room defines",
     {"mm/frame/frame.h": "int planted(void);", "mm/heap/planted.c": "int planted(void)\n{\n\treturn 0;\n}"},
     ["src/mm/frame/frame.h:1: it declares planted(), which is defined in src/mm/heap/planted.c"]),
    ("a validate function in a file of another kind",
     {"lib/planted.h": "int planted_validate(void);",
      "lib/planted_other.c": "int planted_validate(void)\n{\n\treturn 0;\n}"},
     ["it declares planted_validate(), which is defined in src/lib/planted_other.c"]),
    ("a file of another kind", {"lib/planted.def": '#include "kernel/machine.h"', "lib/bits.c": '#include "lib/planted.def"'},
     ["src/lib/planted.def is neither *.c *.h *.S nor README.md"]),
    ("a source of another kind", {"lib/planted.inc": ""}, ["src/lib/planted.inc is neither"]),
    ("a static function's name in another file, static there too",
     {"kernel/planted.c": "static void emit_repeated(void)\n{\n}"},
     ["emit_repeated() is static and stands in several files: src/kernel/planted.c src/lib/fmt.c"]),
    ("a static function's name in another file, global there",
     {"kernel/planted.c": "void emit_repeated(void)\n{\n}"},
     ["emit_repeated() is static and stands in several files: src/kernel/planted.c src/lib/fmt.c"]),
    ("two files of one name", {"kernel/fmt.h": ""}, ["2 files are called fmt.h: src/kernel/fmt.h src/lib/fmt.h"]),
    ("a source that its README leaves out", {"lib/left_out.c": ""}, ["src/lib/README.md does not name left_out.c"]),
    ("a header that its README leaves out, but not its source", {"lib/left_out.h": "", "lib/left_out.c": "", "lib/README.md": "`left_out.c`"},
     ["src/lib/README.md does not name left_out.h"]),
    ("a file whose name is the end of another one's", {"mm/heap/left_out.c": "", "mm/heap/README.md": "`not_left_out.c`, `lib/left_out.c`"},
     ["src/mm/heap/README.md does not name left_out.c"]),
    ("a README that is too long", {"lib/README.md": "line\n" * 61}, ["src/lib/README.md has %d lines; at most 60" % (LIB_README + 63)]),
]

# An exception that is no longer one: what it is | what stands in scripts/check-layers |
# what shall stand there | words of the rule
STALE = [
    ("a cycle that is no more", "CYCLES = {}", 'CYCLES = {("lib/bits", "lib/fmt"): "planted"}',
     "no cycle by includes any more: delete (lib/bits, lib/fmt)"),
    ("a header that its own file serves", "DEFINED_ELSEWHERE = {", 'DEFINED_ELSEWHERE = {\n    "lib/fmt.h": ("lib/", "planted"),',
     "src/lib/fmt.h declares nothing that is defined in src/lib/: delete it from DEFINED_ELSEWHERE"),
    ("a folder without a README that is not there", "WITHOUT_README = {", 'WITHOUT_README = {\n    "drivers",',
     "there is no src/drivers: delete it from WITHOUT_README"),
    ("a room that is not there", "ROOMS = {", 'ROOMS = {\n    "mm/attic": set(),',
     "there is no src/mm/attic: ROOMS names it"),
    ("a header of a room that is not there", '"mm/map": {"mm/types.h"', '"mm/map": {"mm/types.h", "mm/attic.h"',
     "there is no src/mm/attic.h: ROOMS names it"),
    ("an edge of a room that nothing needs", '"mm/heap": set()', '"mm/heap": {"mm/index"}',
     "nothing in src/mm/heap includes mm/index: delete it from ROOMS"),
    ("a layer of a room that nothing needs", '"kernel/memory": {"boot",', '"kernel/memory": {"boot", "fdt",',
     "nothing in src/kernel/memory includes fdt: delete it from ROOM_EDGES"),
    ("a header of a unit that nothing needs", '"selftest/stress_core": {"mm",', '"selftest/stress_core": {"mm", "kernel/text.h",',
     "src/selftest/stress_core does not include kernel/text.h: delete it from ONLY"),
    ("a file in an order that is not there", '["csr", "isa"', '["csr", "attic", "isa"',
     "there is no src/kernel/hart/attic.c: ORDER names it"),
    ("a file with an edge of its own that is not there", '"mm/map/memmap_fdt.c": {', '"mm/map/attic.c": {',
     "there is no src/mm/map/attic.c: FILE_EDGES names it"),
]

# What the objects say: what it is | {file: text} | words of the rule. The objects are those of the
# kernel, and those of the planted files.
OBJECTS = [
    ("a cycle by symbols, without an include",
     {"lib/planted_a.c": "int b(void); int a(void); int a(void) { return b(); }",
      "lib/planted_b.c": "int b(void); extern int a(void); int b(void) { return a(); }"},
     ["a cycle by symbols: lib/planted_a, lib/planted_b\n", "lib/planted_a -> lib/planted_b (b)"]),
    ("a variable that closes a cycle",
     {"lib/planted_a.c": "extern int b; int a(void); int a(void) { return b; }",
      "lib/planted_b.c": "int b = 1; int a(void); int c(void); int c(void) { return a(); }"},
     ["a cycle by symbols: lib/planted_a, lib/planted_b\n"]),
    ("a call of a higher layer", {"lib/planted.c": "void hart_wake(void); void f(void); void f(void) { hart_wake(); }"},
     ["src/lib/planted.c:1: it uses hart_wake, which src/kernel/hart/harts.c defines: lib does not include kernel"]),
    ("the heap calls frames", {"mm/heap/planted.c": "void frame_alloc(void); void f(void); void f(void) { frame_alloc(); }"},
     ["src/mm/heap/planted.c:1: it uses frame_alloc, which src/mm/frame/frame_single.c defines: mm/heap does not include mm/frame"]),
    ("the kernel's memory calls harts",
     {"kernel/memory/planted.c": "void hart_wake(void); void f(void); void f(void) { hart_wake(); }"},
     ["it uses hart_wake, which src/kernel/hart/harts.c defines: kernel/memory does not include kernel/hart"]),
    ("a room calls a file at the top of its layer that it may not include",
     {"kernel/trap/planted.c": "extern char machine[]; char *f(void); char *f(void) { return machine; }"},
     ["it uses machine, which src/kernel/machine.c defines: kernel/trap does not include kernel;"]),
    ("a file calls one that comes after it in its room",
     {"kernel/hart/csr.c": "void hart_wake(void); void planted(void); void planted(void) { hart_wake(); }"},
     ["it uses hart_wake, which src/kernel/hart/harts.c defines: csr comes before harts, and does not include it"]),
    ("boot calls what is no entry", {"boot/planted.S": ".globl planted\nplanted:\n\ttail hart_wake\n"},
     ["it uses hart_wake, which src/kernel/hart/harts.c defines: boot does not include kernel"]),
    ("a file that is not built", {"lib/planted.c": None}, ["there is no object of it"]),
]
STALE_OBJECTS = [
    ("a cycle by symbols that is no more", "SYMBOL_CYCLES = {", 'SYMBOL_CYCLES = {\n    ("lib/bits", "lib/fmt"): "planted",',
     "no cycle by symbols any more: delete (lib/bits, lib/fmt)"),
    ("an entry that nothing calls", "ENTRIES = {", 'ENTRIES = {\n    "hart_wake": ("boot/", "planted"),',
     "src/boot/ does not use hart_wake: delete it from ENTRIES"),
    ("an entry that another file uses", '"payload_run": ("kernel/main.c",', '"payload_run": ("boot/",',
     "src/kernel/main.c:1: it uses payload_run"),
    ("a file that is built after all", "NOT_BUILT = {", 'NOT_BUILT = {"lib/fmt.c", ',
     "src/lib/fmt.c is in the kernel, or nowhere: delete it from NOT_BUILT"),
]

ALLOWED = [
    ("an alignment before norvc, and after it", "boot/planted.S",
     "\t.balign 16\n\t.option push\n\t.option norvc\n\tnop\n\t.option pop\n\t.balign 4\n\t.option norvc\n\t.option rvc\n\t.align 2"),
    ("mm/map/memmap_fdt.c includes fdt", "mm/map/memmap_fdt.c", '#include "fdt/planted_fdt.h"'),
    ("boot includes the numbers of the SBI", "boot/planted.S", '#include "sbi/sbi_abi.h"'),
    ("kernel includes every layer", "kernel/planted.c",
     '#include "boot/planted_boot.h"\n#include "fdt/planted_fdt.h"\n#include "lib/fmt.h"\n'
     '#include "mm/types.h"\n#include "sbi/planted_sbi.h"'),
    ("mm includes its own internals", "mm/planted.c", '#include "mm/planted_internal.h"'),
    ("assembler and CSRs in kernel", "kernel/planted.c", 'void f(void) { __asm__("csrr a0, sie"); }'),
    ("an edge that is only in a comment", "lib/fmt.c", '/*\n#include "mm/types.h"\n*/'),
    ("words of assembler in a string", "lib/fmt.c", 'static const char *s = "asm csrw satp";'),
    ("an include guard that ends in TEST_H", "kernel/planted.h",
     "#ifndef ACRE_KERNEL_PLANTED_H\n#define ACRE_KERNEL_PLANTED_H\n#endif\n#ifdef ACRE_KERNEL_SELFTEST_H\n#endif"),
    ("the device that carries an exit code", "kernel/planted.c", 'const char *s = "sifive,test1";'),
    ("a board in a comment", "kernel/planted.c", "/* QEMU's virt has RAM at 0x80000000 */"),
    ("words and numbers with a board's inside", "kernel/planted.c", "int virtual = 0x800000001;"),
    ("the condition of a debug build", "mm/planted.c", "#ifdef ACRE_DEBUG\n#endif"),
    ("the freestanding headers", "mm/planted.c", "#include <stdint.h>\n#include <stdatomic.h>"),
    ("frames include the index and the types", "mm/frame/planted.c",
     '#include "mm/index/chunk_tree.h"\n#include "mm/types.h"\n#include "lib/fmt.h"'),
    ("what joins the rooms of mm includes them", "mm/planted.c",
     '#include "mm/frame/frame.h"\n#include "mm/heap/heap.h"\n#include "mm/map/memmap.h"'),
    ("the monitor includes the rooms of the kernel", "kernel/monitor/planted.c",
     '#include "kernel/hart/harts.h"\n#include "kernel/memory/kmalloc.h"\n#include "kernel/trap/traps.h"'),
    ("a validate function in a file of its own", "lib/planted.h",
     "const char *good_validate(const struct planted *p);"),
    ("a header that declares all but functions", "lib/planted.h",
     "struct a {\n\tint (*f)(void);\n};\ntypedef int (*f)(void);\nextern int (*hook)(int);\n"
     "static inline int g(void)\n{\n\treturn 0;\n}\nextern const char table[];"),
]

# Targets of the planted includes, so that only the edge itself is wrong.
TARGETS = {path: "/* planted */" for path in ["fdt/planted_fdt.h", "sbi/planted_sbi.h", "kernel/planted_kernel.h", "boot/planted_boot.h", "selftest/planted_selftest.h",
                                              "mm/planted_internal.h", "fdt/fdt.h"]}
TARGETS["lib/planted_validate.c"] = "const char *good_validate(const struct planted *p)\n{\n\treturn NULL;\n}"
RELEASE = os.environ.get("ACRE_RELEASE", "build/rv64-release")
CROSS = os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-")
# With a copy of src.
BASE = tempfile.TemporaryDirectory(prefix="acre-layers.")


def plant(root, path, text):
    full = os.path.join(root, "src", path)
    readme = os.path.join(os.path.dirname(full), "README.md")
    name = os.path.basename(path)
    if not os.path.exists(full) and os.path.exists(readme) and not name.startswith("left_out"):
        append(readme, "`%s`" % name)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    guard = "ACRE_%s_%s" % (path.split("/")[0].upper(), re.sub(r"\W", "_", os.path.basename(path).upper()))
    if path.endswith(".h") and not os.path.exists(full) and "#ifndef" not in text:
        text = "#ifndef %s\n#define %s\n%s\n#endif" % (guard, guard, text)
    append(full, "\n" + text + "\n")


def append(path, text):
    """To a file of its own: what is there is a link to the one of all copies."""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            text = f.read() + text
        os.remove(path)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def run(root, *arguments, scripts=os.path.join(ROOT, "scripts")):
    done = subprocess.run([sys.executable, os.path.join(scripts, "check-layers"), "--root", root, *arguments],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@contextlib.contextmanager
def copy_of_src():
    """Copies are links to the files of one copy: to copy those for each case would take most of the time."""
    with tempfile.TemporaryDirectory(prefix="case.", dir=BASE.name) as root:
        subprocess.run(["cp", "-rl", os.path.join(BASE.name, "src"), root], check=True)
        yield root


def in_copy(planted):
    """What it says of a copy of src with these texts in it."""
    with copy_of_src() as root:
        for target, text in TARGETS.items():
            if not os.path.exists(os.path.join(root, "src", target)):
                plant(root, target, text)
        for path, text in planted.items():
            plant(root, path, text)
        return run(root)


def in_changed_script(old, new, *arguments):
    """What check-layers says of src as it is, with a change in its tables."""
    with tempfile.TemporaryDirectory(prefix="acre-layers.") as folder:
        shutil.copy(os.path.join(ROOT, "scripts", "source_tree.py"), folder)
        path = os.path.join(folder, "check-layers")
        shutil.copy(os.path.join(ROOT, "scripts", "check-layers"), path)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        # A name may end another one: SYMBOL_CYCLES, CYCLES.
        at = re.search(r"(?<![A-Z_])" + re.escape(old), text)
        if at is None:
            return 0, "check-layers has no " + old
        with open(path, "w", encoding="utf-8") as f:
            f.write(text[:at.start()] + new + text[at.end():])
        return run(ROOT, *arguments, scripts=folder)


def with_objects(planted):
    """What it says of the kernel's objects, and of those of these files."""
    with copy_of_src() as root:
        os.mkdir(os.path.join(root, "build"))
        subprocess.run(["cp", "-r", os.path.join(ROOT, RELEASE, "src"), os.path.join(root, "build")], check=True)
        for path, text in planted.items():
            plant(root, path, text or "")
            built = os.path.join(root, "build/src", os.path.splitext(path)[0] + ".o")
            if text is not None:
                subprocess.run([CROSS + "gcc", "-c", "-o", built, os.path.join(root, "src", path)], check=True)
        return run(root, "--objects", os.path.join(root, "build"))


def batches(cases):
    """Lists of cases that are each about another file, so that one run tells of all of a list."""
    lists = []
    for case in cases:
        free = [batch for batch in lists if case[1] not in [path for _, path, _, _ in batch]]
        if not free:
            lists.append([])
        (free or lists)[-1].append(case)
    return lists


def main():
    subprocess.run(["cp", "-r", os.path.join(ROOT, "src"), BASE.name], check=True)
    code, output = in_copy({})
    report(code == 0, "the sources as they are keep to the layers", output)
    with tempfile.TemporaryDirectory(prefix="acre-layers.") as empty:
        code, output = run(empty)
        report(code == 1, "a tree without sources is not taken for a good one", output)
    for batch in batches(REFUSED):
        code, output = in_copy({path: text for _, path, text, _ in batch})
        for name, path, _, rule in batch:
            said = re.search(r"^src/%s:\d+: .*%s" % (re.escape(path), re.escape(rule)), output, re.M)
            report(code == 1 and said, "refused: " + name, output)
    for name, path, text in ALLOWED:
        code, output = in_copy({path: text})
        report(code == 0, "allowed: " + name, output)
    for name, planted, rules in TREES:
        code, output = in_copy(planted)
        report(code == 1 and all(rule in output for rule in rules), "refused: " + name, output)
    for name, old, new, rule in STALE:
        code, output = in_changed_script(old, new)
        report(code == 1 and rule in output, "refused: " + name, output)
    code, output = with_objects({"lib/planted.c": "int planted;"})
    report(code == 0, "the objects as they are keep to the layers", output)
    for name, planted, rules in OBJECTS:
        code, output = with_objects(planted)
        report(code == 1 and all(rule in output for rule in rules), "refused in objects: " + name, output)
    for name, old, new, rule in STALE_OBJECTS:
        code, output = in_changed_script(old, new, "--objects", os.path.join(ROOT, RELEASE))
        report(code == 1 and rule in output, "refused in objects: " + name, output)
    end()


main()
