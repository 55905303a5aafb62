#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make whodunit: a run that is recorded, and replayed backwards, names the line that did it."""

import os
import re
import shutil
from pathlib import Path

from acre import RELEASE, TOP, Skip, case, main, must, must_equal, run

SOURCE = (TOP / "src/selftest/crash.c").read_text(encoding="utf-8").split("\n")


def line_of(text, last=False):
    """The number of the line of crash.c that has the text."""
    found = [number for number, line in enumerate(SOURCE, 1) if text in line]
    must(found, f"crash.c has no {text!r}")
    return found[-1 if last else 0]


def whodunit(address, bootargs):
    missing = [tool for tool in ("qemu-img", os.environ.get("GDB", "gdb-multiarch")) if not shutil.which(tool)]
    if missing:
        raise Skip(f"{missing[0]} is missing")
    return run([TOP / "scripts/whodunit", "--bootargs", bootargs, RELEASE / "acre.elf", address])


def planted(way, words):
    """The address that the panic of `crash WAY` names: any run is like the recorded one."""
    return whodunit("machine.dtb", f"run=crash,{way}").must_say(words).group(1)


def writer(result):
    found = result.must_say(r"^the word at 0x\w+ was last written by (\w+) at (\S+):(\d+): 0x\w{16} became 0x\w{16}$")
    return found[1], found[2], int(found[3])


def history(result):
    return re.findall(r"^ +\d+  hart 0 +(\w+) .* by 0x\w+ (\w+)\+0x\w+\n +called at \S+crash\.c:(\d+)$", result.text, re.MULTILINE)


@case
def a_use_after_free_is_found():
    address = planted("usefree", r"its byte at (0x\w+) is 0x01")
    result = whodunit(address, "run=crash,usefree").must_end_with(0)
    name, file, line = writer(result)
    must_equal((name, Path(file).name), ("write_after_free", "crash.c"), "who wrote last")
    must_equal(line, line_of("stale[5] = 1;"), "the line")
    must_equal([verb for verb, _, _ in history(result)], ["kmalloc", "kfree", "kmalloc"], "what happened to the block")
    must(all(caller == "by_usefree" for _, caller, _ in history(result)), "callers")


@case
def an_overflow_is_found():
    address = planted("overflow", r"its byte at (0x\w+) is 0xaa")
    result = whodunit(address, "run=crash,overflow").must_end_with(0)
    must_equal(writer(result)[0], "write_too_far", "who wrote last")
    result.must_say(r"^    #1 .* find_strange_byte ")


@case
def a_double_free_is_found():
    address = planted("badfree", r"refused to free (0x\w+) for")
    result = whodunit(address, "run=crash,badfree").must_end_with(0)
    calls = history(result)
    must_equal([verb for verb, _, _ in calls], ["kmalloc", "kfree", "kfree"], "what happened to the block")
    must(line_of("kfree(block);") <= int(calls[1][2]) + 40, "the first free")
    result.must_say(r"^the run ends in platform_panic ")


@case
def a_run_that_ends_well_is_looked_at_too():
    result = whodunit("&kernel_heap.count.failures", "test=bits.*").must_end_with(0)
    result.must_say(r"^the run ends in machine_exit ")
    result.must_say(r"^the word at 0x\w+ was last written by ")


@case
def what_is_no_address_is_said():
    result = whodunit("no_such_symbol", "")
    must_equal(result.code, 1, "exit code")
    must("no_such_symbol" in result.messages, f"it says {result.messages!r}")
    result = run(["make", "--no-print-directory", "-s", "-C", TOP, "whodunit"])
    must(result.code != 0 and "which address?" in result.messages, "make whodunit without ADDR")


main()
