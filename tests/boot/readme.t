#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What README.md shows of a boot is what a boot prints, but for numbers, and for what is the firmware's and QEMU's.

    readme.t --print    what README.md should show, to be put there
"""

import re
import sys

from acre import TOP, boot, case, main, must, must_equal

SHOWN = "    "
WHY = "why 0x80500000"
BY_VERSION = (
    (r"^(firmware  ).*", r"\1SBI"),
    (r"^(isa       )rv64.*", r"\1rv64"),
    (r"(firmware +)mmode_\w+@\w+$", r"\1node"),
)


def printed():
    """From the first line of the kernel's to the prompt after the question."""
    lines = [line.rstrip() for line in boot(text=f"{WHY}\n", harts=4).must_end_with(0).lines]
    lines = lines[next(i for i, line in enumerate(lines) if line.startswith("firmware  ")) :]
    ready = next(i for i, line in enumerate(lines) if line.startswith("ready  "))
    asked = lines.index(f"acre> {WHY}")
    return [*lines[: ready + 1], *lines[asked : asked + 2], "acre>"]


def shown():
    lines = (TOP / "README.md").read_text(encoding="utf-8").splitlines()
    start = lines.index(next(line for line in lines if line.startswith(f"{SHOWN}firmware  ")))
    end = next(i for i in range(start, len(lines)) if not lines[i].startswith(SHOWN))
    return [line.removeprefix(SHOWN) for line in lines[start:end]]


def without_numbers(lines):
    plain = []
    for line in lines:
        for pattern, text in BY_VERSION:
            line = re.sub(pattern, text, line)
        line = re.sub(r"0x[0-9a-f]+", "0x#", line)
        line = re.sub(r" *~?\b\d+(\.\d+)?( ([KMG]i)?B\b)?", " #", line)
        # Newer firmware has two regions, for its code and for its data.
        if not (plain and plain[-1] == line and line.endswith(" node")):
            plain.append(line)
    return plain


@case
def what_the_readme_shows_of_a_boot_is_what_it_prints():
    got, wanted = without_numbers(shown()), without_numbers(printed())
    must(len(wanted) > 30, f"only {len(wanted)} lines")
    for one, other in zip(got, wanted):
        must_equal(one, other, "a line of README.md (readme.t --print shows all)")
    must_equal(len(got), len(wanted), "lines")


if sys.argv[1:] == ["--print"]:
    print("\n".join((SHOWN + line).rstrip() for line in printed()))
else:
    main()
