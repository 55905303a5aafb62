#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tour.t - docs/tour.md names what there is, in as many lines as it says; scripts/tour prints that, and sees mistakes."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "tests/support")]
import script_module  # noqa: E402
from tap import end, report  # noqa: E402

# what is it | in the page | becomes | what is said
WRONG = [
    ("a function that is gone", "`kernel_main`", "`kernel_mine`", "src/kernel/main.c defines no kernel_mine"),
    ("a macro that is gone", "`LOCK_SCOPED`.", "`LOCK_SCOPE`.", "src/lib/lock_scoped.h defines no LOCK_SCOPE"),
    ("a table that is gone", "`kernel_argument`,", "`kernel_arguments`,", "bootargs.c defines no kernel_arguments"),
    ("a type that is gone", "`memmap_kind`", "`memmap_kinds`", "src/mm/map/memmap_types.h defines no memmap_kinds"),
    ("a file that is gone", "[src/kernel/main.c](../src/kernel/main.c)", "[src/kernel/mine.c](../src/kernel/mine.c)",
     "src/kernel/mine.c defines no kernel_main"),
    ("a function of another file", "`init_heap`", "`frame_alloc`", "src/kernel/main.c defines no frame_alloc"),
    ("a label that is gone", "`boot_hart_start`", "`boot_hart_stop`", "entry.S defines no boot_hart_stop"),
    ("another number of lines", "These are the 1,940", "These are the 1,840", "the page says 1,840 lines"),
    ("a question without an answer", "\n8. `alloc()`", "\n`alloc()`", "answers"),
    ("a stop without a question", "*Question 3:", "*Question:", "questions"),
]

TYPES = """struct first {
	int a;
} aligned_to(64);

struct second {
	int b;
};

/* A table. */
static const struct second table[] = {
	{ 1 },
};
"""


def defined_in(tour, text):
    with tempfile.TemporaryDirectory() as where:
        path = Path(where) / "types.h"
        path.write_text(text)
        return tour.definitions(path)


def printed():
    """(path, number, text) of each line of code that scripts/tour prints of all stops."""
    every_stop = map(str, range(1, 11))
    done = subprocess.run([os.path.join(ROOT, "scripts/tour"), *every_stop], text=True, stdout=subprocess.PIPE, check=True)
    path = None
    for line in done.stdout.split("\n"):
        if heading := re.fullmatch(r"---- (\S+):\d+", line):
            path = heading[1]
        elif code := re.fullmatch(r" *(\d+)(?:  (.*))?", line):
            yield path, int(code[1]), code[2] or ""


def not_there():
    """What is printed and does not stand at that line; the number of lines that are printed."""
    lines = list(printed())
    texts = {path: Path(ROOT, path).read_text().split("\n") for path, _, _ in lines}
    return [line for line in lines if texts[line[0]][line[1] - 1] != line[2]], len(lines)


def said_lines(text):
    return re.search(r"These are the ([\d,]+) ", text)[1]


def main():
    tour = script_module.load(os.path.join(ROOT, "scripts/tour"))
    with open(os.path.join(ROOT, "docs/tour.md")) as page:
        text = page.read()
    report(tour.check(text) == [], "the page is right", tour.check(text))
    for what, old, new, said in WRONG:
        found = tour.check(text.replace(old, new))
        report(text.count(old) == 1 and any(said in line for line in found), what, found)
    found = defined_in(tour, TYPES)
    report(found == {"first": (1, 3), "second": (5, 7), "table": (9, 12)}, "a type ends where its brace is closed", found)
    wrong, count = not_there()
    report(not wrong and tour.check(text.replace(said_lines(text), f"{count:,}")) == [],
           "each line is printed with its number", wrong[:3] or count)
    end()


main()
