#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""metrics.t - scripts/metrics counts a small tree right, and refuses to count nothing."""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

sys.path.insert(0, os.path.join(ROOT, "tests/support"))
from tap import end, report  # noqa: E402

CROSS = os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-")


def body(lines):
    """A body of so many lines from brace to brace."""
    return "{\n" + "\tcount++;\n" * (lines - 1) + "}\n"


TREE = {
    "lib/a.h": "#define SKIPPED(x) { int not_counted(void); }\nint a_one(int (*f)(int), int n);\n"
               "__attribute__((pure)) const char *a_two(void);\nextern int (*a_hook)(int);\n"
               "struct a {\n\tint (*not_counted)(void);\n};\nstatic inline int a_three(void)\n{\n\treturn 3;\n}\n",
    "lib/a.c": '#include "lib/a.h"\n#include "lib/b.h"\nstatic int count = 1;\nint (*a_hook)(int);\nstatic const int no[] = {\n\t1,\n};\n'
               "/* int comment(void)\n{\n}\n*/\nstatic void same(void)\n" + body(5) +
               "int a_one(int (*f)(int), int n)\n" + body(41).replace("}\n", "\tsame();\n\treturn b_one() + f(no[n]);\n}\n") +
               'const char *a_two(void)\n{\n\treturn "{";\n}\n',
    "lib/b.h": "int b_one(void);\n",
    "lib/b.c": '#include "lib/b.h"\n#include "lib/a.h"\nstatic int count;\nstatic void same(void)\n' + body(61) +
               "int b_one(void)\n{\n\tsame();\n\treturn count + a_two()[0];\n}\n",
    "lib/planted_internal.h": "int hidden(void);\n",
    "selftest/c.c": "\n" * 10,
    "kernel/stress.c": "\n" * 20,
}
LINES = sum(text.count("\n") for text in TREE.values())
# On what figures, with what arguments.
FIGURES = [
    ("files", "7"),
    ("lines", str(LINES)),
    ("lines for tests", "30 (%.1f%%) in 2 files" % (3000 / LINES)),
    ("functions", "6"),
    ("  median length", "4 lines"),
    ("  longest", "61 lines: same() at lib/b.c:4"),
    ("  over 40 lines", "2"),
    ("  over 60 lines", "1"),
    ("static names in several files", "1"),
    ("public functions", "4 in 2 headers"),
    ("  median of a header", "2"),
    ("  most", "3: lib/a.h"),
    ("cycles by includes", "1, of 2 units"),
    ("cycles by symbols", "1, of 2 units"),
    ("cycles by symbols, the seam left out", "1, of 2 units"),
    ("mutable variables", "3 of 16 bytes"),
]
REFUSED = [
    ("a glob that matches nothing", ["--tests", "kernel/planted*"], "nothing in src matches kernel/planted*"),
    ("a folder without objects", ["--objects", "src"], "there are no objects of src"),
    ("a folder without sources", ["--root", "build"], "no sources under"),
]


def run(tree, *arguments):
    done = subprocess.run([os.path.join(ROOT, "scripts", "metrics"), "--root", tree, *arguments], cwd=tree,
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def main():
    with tempfile.TemporaryDirectory(prefix="acre-metrics.") as tree:
        for path, text in TREE.items():
            for folder in ("src", "build/src"):
                os.makedirs(os.path.dirname(os.path.join(tree, folder, path)), exist_ok=True)
            with open(os.path.join(tree, "src", path), "w", encoding="utf-8") as f:
                f.write(text)
        for path in TREE:
            if path.endswith(".c"):
                subprocess.run([CROSS + "gcc", "-c", "-Isrc", "-o", "build/src/%s.o" % path[:-2], "src/" + path], cwd=tree,
                               check=True)
        code, output = run(tree, "--objects", "build", "--tests", "kernel/stress*")
        for name, value in FIGURES:
            report(code == 0 and "%-36s %s" % (name, value) in output.splitlines(), "%s: %s" % (name.strip(), value), output)
        for name, arguments, words in REFUSED:
            code, output = run(tree, *arguments)
            report(code != 0 and words in output, "refused: " + name, output)
    end()


main()
