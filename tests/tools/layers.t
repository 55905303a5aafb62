#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""layers.t - scripts/check-layers refuses each kind of wrong edge, and nothing that is right.

Every case starts from a copy of the real src/, so that a rule which the sources outgrow shows here.
"""

import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# what it is | file | text put at its end (or the file's whole text, if it is new) | words of the rule
REFUSED = [
    ("lib includes mm", "lib/fmt.c", '#include "mm/types.h"', "lib does not include mm"),
    ("lib includes fdt", "lib/fmt.h", '#include "fdt/fdt.h"', "lib does not include fdt"),
    ("fdt includes mm", "fdt/planted.c", '#include "mm/types.h"', "fdt does not include mm"),
    ("fdt includes sbi", "fdt/planted.c", '#include "sbi/planted.h"', "fdt does not include sbi"),
    ("sbi includes mm", "sbi/planted.c", '#include "mm/types.h"', "sbi does not include mm"),
    ("sbi includes kernel", "sbi/planted.c", '#include "kernel/planted.h"',
     "sbi does not include kernel"),
    ("mm includes sbi", "mm/planted.c", '#include "sbi/planted.h"', "mm does not include sbi"),
    ("kernel includes selftest", "kernel/planted.c", '#include "selftest/planted.h"',
     "kernel does not include selftest"),
    ("mm includes kernel", "mm/planted.c", '#include "kernel/planted.h"',
     "mm does not include kernel"),
    ("mm outside of memmap_fdt includes fdt", "mm/planted.c", '#include "fdt/planted.h"',
     "mm/planted.c does not include fdt"),
    ("boot includes lib", "boot/planted.S", '#include "lib/fmt.h"', "boot does not include lib"),
    ("boot includes sbi beyond its numbers", "boot/planted.S", '#include "sbi/planted.h"',
     "boot does not include sbi"),
    ("src includes tests", "kernel/planted.c", '#include "tests/support/ktest.h"', "does not know the tests"),
    ("a neighbour without its layer", "lib/fmt.c", '#include "string.h"', "names its layer"),
    ("a path that climbs", "lib/fmt.c", '#include "lib/../mm/types.h"', "names its layer"),
    ("an include that is a macro", "lib/fmt.c", "#include HEADER", "not a macro"),
    ("a header that is not there", "lib/fmt.c", '#include "lib/no_such.h"', "there is no src/"),
    ("the seam's inline half by a side door", "mm/planted.c", '#include "platform_arch.h"',
     "by lib/platform.h alone"),
    ("a hosted header", "lib/fmt.c", "#include <stdio.h>", "<stdio.h> is no freestanding header"),
    ("a hosted header in kernel", "kernel/planted.c", "#include <string.h>",
     "<string.h> is no freestanding header"),
    ("another folder's internals", "kernel/planted.c", '#include "mm/planted_internal.h"',
     "*_internal.h is for src/mm"),
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
    ("which compiler, outside of lib/compiler.h", "mm/planted.c", "#ifdef __clang__\n#endif",
     "not a condition it may ask"),
]

ALLOWED = [
    ("mm/map/memmap_fdt.c includes fdt", "mm/map/memmap_fdt.c", '#include "fdt/planted.h"'),
    ("boot includes the numbers of the SBI", "boot/planted.S", '#include "sbi/sbi_abi.h"'),
    ("kernel includes every layer", "kernel/planted.c",
     '#include "boot/planted.h"\n#include "fdt/planted.h"\n#include "lib/fmt.h"\n'
     '#include "mm/types.h"\n#include "sbi/planted.h"'),
    ("mm includes its own internals", "mm/planted.c", '#include "mm/planted_internal.h"'),
    ("assembler and CSRs in kernel", "kernel/planted.c", 'void f(void) { __asm__("csrr a0, sie"); }'),
    ("an edge that is only in a comment", "lib/fmt.c", '/*\n#include "mm/types.h"\n*/'),
    ("words of assembler in a string", "lib/fmt.c", 'static const char *s = "asm csrw satp";'),
    ("an include guard that ends in TEST_H", "kernel/planted.h",
     "#ifndef KERNEL_SELFTEST_H\n#define KERNEL_SELFTEST_H\n#endif"),
    ("the device that carries an exit code", "kernel/planted.c", 'const char *s = "sifive,test1";'),
    ("a board in a comment", "kernel/planted.c", "/* QEMU's virt has RAM at 0x80000000 */"),
    ("words and numbers with a board's inside", "kernel/planted.c", "int virtual = 0x800000001;"),
    ("the condition of a debug build", "mm/planted.c", "#ifdef ACRE_DEBUG\n#endif"),
    ("the freestanding headers", "mm/planted.c", "#include <stdint.h>\n#include <stdatomic.h>"),
]

# Targets of the planted includes, so that only the edge itself is wrong.
TARGETS = ["fdt/planted.h", "sbi/planted.h", "kernel/planted.h", "boot/planted.h", "selftest/planted.h",
           "mm/planted_internal.h", "fdt/fdt.h"]


def plant(root, path, text):
    full = os.path.join(root, "src", path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "a", encoding="utf-8") as f:
        f.write("\n" + text + "\n")


def run(root):
    done = subprocess.run([os.path.join(ROOT, "scripts", "check-layers"), "--root", root],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def in_copy(path, text):
    with tempfile.TemporaryDirectory(prefix="acre-layers.") as root:
        shutil.copytree(os.path.join(ROOT, "src"), os.path.join(root, "src"))
        for target in TARGETS:
            if not os.path.exists(os.path.join(root, "src", target)):
                plant(root, target, "/* planted */")
        if path is not None:
            plant(root, path, text)
        return run(root)


def main():
    failed = number = 0

    def report(ok, name, output):
        nonlocal failed, number
        number += 1
        failed += not ok
        print("%sok %d - %s" % ("" if ok else "not ", number, name))
        if not ok:
            for line in output.splitlines()[:10]:
                print("# " + line)

    print("1..%d" % (len(REFUSED) + len(ALLOWED) + 2))
    code, output = in_copy(None, None)
    report(code == 0, "the sources as they are keep to the layers", output)
    with tempfile.TemporaryDirectory(prefix="acre-layers.") as empty:
        code, output = run(empty)
        report(code == 1, "a tree without sources is not taken for a good one", output)
    for name, path, text, rule in REFUSED:
        code, output = in_copy(path, text)
        ok = code == 1 and rule in output and ("src/%s:" % path) in output
        report(ok, "refused: " + name, output)
    for name, path, text in ALLOWED:
        code, output = in_copy(path, text)
        report(code == 0, "allowed: " + name, output)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
