#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What reading a large device tree costs, counted by the emulator: the same in every run."""

import re

from acre import boot, case, main, must, note

NOTE = re.compile(r"^# speed (.*): (\d+) bytes, (\d+) instructions")


def notes():
    """(what, bytes) -> instructions, of all that the kernel's cases note."""
    run = boot(bootargs="test=speed.* poweroff", icount=True).must_end_with(0)
    found = {}
    for line in run.lines:
        match = NOTE.match(line)
        if match:
            found[match[1], int(match[2])] = int(match[3])
    return found


@case
def parsing_and_mapping_a_mebibyte_takes_less_than_30_instructions_a_byte():
    found = notes()
    must(any(size >= 1 << 20 for _, size in found), "no figure for a mebibyte")
    for (what, size), instructions in found.items():
        note(f"{what}: {size} bytes, {instructions / size:.2f} instructions a byte")
        if size >= 1 << 20:
            must(instructions < 30 * size, f"{what}: {instructions / size:.2f} a byte")


@case
def ten_times_the_tree_is_ten_times_the_work():
    by_size = sorted((size, instructions) for (what, size), instructions in notes().items()
                     if what == "fdt_open and memory map")
    (small, few), (large, many) = by_size
    must(large > 9 * small, "two trees of different size")
    must(many / large < 1.1 * few / small, f"{few / small:.2f} a byte, then {many / large:.2f}")


main()
