#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gdb on dumps: found wherever the kernel is, compared with each other, walked back through a trap."""

import os
import re
import shutil

from acre import DEBUG, RELEASE, case, main, must, must_equal, scratch
from dump import Guest, debug

ALL = "map frames heap caches locks harts check".split()


@case
def every_command_answers_for_both_kernels():
    """So each member of each structure that they name is there; and they agree with what the kernel prints."""
    for kernel in (RELEASE, DEBUG):
        with scratch() as folder:
            with Guest(folder, kernel=kernel, memory="64M", harts=2, bootargs="frames=debug") as guest:
                printed = guest.type("mem\nlocks\nheap\n")
                guest.dump(f"{folder}/core")
            script = "".join(f"acre {name}\n" for name in ALL) + "acre block machine.isa\n"
            result = debug(f"{folder}/core", script, kernel).must_end_with(0)
            result.must_not_say(r"Traceback|Python Exception|has no member")
            for pattern in (r"^  \[0x\w{16}, .*?(?= *$)", r"^sum +\d+ bytes, all of RAM", r"^(?:frames|reclaim hooks) +\d+ .* free$"):
                theirs = re.findall(pattern, printed, re.M)
                ours = re.findall(pattern, result.text, re.M)
                must(theirs and set(theirs) <= set(ours), f"of {theirs} not all are in {ours}")
            for name, slabs, live, free in re.findall(r"^  (names|64 B) +(\d+) +\d+ +(\d+) +(\d+)", printed, re.M):
                result.must_say(rf"^  {name} +{slabs} +{live} +{free} ")
            result.must_say(r"^0x\w+ is the start of object 0 of a slab of \d+-byte objects, live, \[")


@case
def the_kernel_is_found_where_it_is():
    """Its symbols move, also for a dump that is loaded later."""
    with scratch() as folder:
        with Guest(folder, memory="128M", harts=2, load="0x84001000") as guest:
            guest.dump(f"{folder}/core")
            guest.go()
            guest.stop_in("why_str", "why 0\n")
            guest.dump(f"{folder}/second")
        script = f"acre locate\ninfo threads\ncore-file {folder}/second\nacre locate\nthread apply all backtrace\nacre check\nacre check {folder}/core\n"
        result = debug(f"{folder}/core", script).must_end_with(0)
    must_equal(result.text.count("the kernel is at 0x84001000"), 2, "times that it is found")
    must_equal(len(re.findall(r"^all invariants hold", result.text, re.M)), 2, "dumps that are whole")
    result.must_say(r'^. \d +LWP \d "hart \d running" ')
    result.must_say(r"^#\d+ .* kernel_main \(")


@case
def registers_that_say_nothing_do_not_hide_it():
    """A dump without any is searched."""
    with scratch() as folder:
        with Guest(folder, memory="128M", load="0x84001000") as guest:
            guest.dump(f"{folder}/core")
        with open(f"{folder}/none", "wb") as file, open(f"{folder}/core", "rb") as core:
            head = core.read(4096)
            at = head.index(b"CORE\0")
            start = at + 8 + 112  # the 32 registers of the one hart
            file.write(head[:start] + bytes(256) + head[start + 256 :])
            shutil.copyfileobj(core, file)
        result = debug(f"{folder}/none", "acre locate\nacre check\n").must_end_with(0)
    result.must_say(r"^the kernel is at 0x84001000$")
    result.must_say(r"^all invariants hold")


@case
def another_kernel_than_that_of_the_symbols_is_told():
    with scratch() as folder:
        with Guest(folder, kernel=DEBUG, memory="64M") as guest:
            guest.dump(f"{folder}/core")
        result = debug(f"{folder}/core", "acre locate\n", RELEASE)
    result.must_say(r"^warning: the kernel at 0x80200000 is not that of .*: its build ID is \w{40}, not \w{40}$")


@case
def what_is_no_dump_is_refused():
    with scratch() as folder:
        with open(f"{folder}/text", "w", encoding="ascii") as file:
            file.write("no dump\n" * 100)
        for words, wanted in (
            (f"check {folder}/text", "is no 64-bit ELF file"),
            ("check /nowhere", "No such file"),
            ("map", "no kernel is debugged: make debug, target remote, or core-file DUMP"),
            ("why", "which address\\? usage: acre why ADDRESS..."),
            ("diff", "which dumps\\? usage: acre diff A \\[B\\]"),
            ("block", "which pointer\\? usage: acre block POINTER"),
            ("map 7", "acre map takes no arguments"),
            ("why no_such_name", 'no_such_name: No symbol "no_such_name"'),
        ):
            result = debug(None, f"acre {words}\n", folder=folder)
            must(re.search(wanted, result.messages), f"acre {words}: {result.messages!r}, wanted {wanted!r}")


@case
def two_dumps_are_compared():
    """Between them a reservation is lent, and the heap takes slabs; in debug mode it is said who took a frame."""
    with scratch() as folder:
        os.mkdir(f"{folder}/later")
        with Guest(folder, memory="64M", harts=2, bootargs="frames=debug") as guest:
            guest.dump(f"{folder}/a")
            guest.go()
            guest.stop_in("kfree", "crash usefree\n")  # a block is live that is about to be freed
            guest.dump(f"{folder}/b")
        with Guest(f"{folder}/later", memory="64M", harts=2, bootargs="frames=debug") as guest:
            guest.type("test ledger*\ntest frame*\ntest heap*\n")
            guest.dump(f"{folder}/c")
        script = f"acre diff {folder}/a {folder}/a\necho ----\\n\nacre diff {folder}/a {folder}/b\necho ----\\n\nacre diff {folder}/b {folder}/a\necho ----\\n\nacre diff {folder}/a\n"
        same, there, back, later = debug(f"{folder}/c", script).must_end_with(0).text.split("----")
    for text in (same, there, back, later):
        must_equal(len(re.findall(r"^(?:frames|blocks) (?:taken|freed|moved): \d+ \(", text, re.M)), 6, "sums")
    must_equal(set(re.findall(r": (\d+) \(", same)), {"0"}, "differences of a dump from itself")
    must(re.search(r"^blocks taken: 1 \(\d+ B\)\n       1 of \d+-byte objects, the first at 0x", there, re.M), f"no block: {there}")
    must(re.search(r"^blocks freed: 1 \(\d+ B\)\n       1 of \d+-byte objects, the first at 0x", back, re.M), f"no block: {back}")
    must(re.search(r"^frames taken: [1-9]", later, re.M), f"no frames were taken: {later}")
    must(re.search(r"^ +\d+ by 0x\w+ \w+\+0x\w+$", later, re.M), f"no site: {later}")


@case
def a_backtrace_goes_on_through_a_trap():
    with scratch() as folder:
        with Guest(folder, memory="64M", harts=2, bootargs="tick=100") as guest:
            guest.stop_in("clock_interrupt", "")
            guest.dump(f"{folder}/core")
        script = "thread apply all backtrace\n"
        result = debug(f"{folder}/core", script).must_end_with(0)
    stacks = [stack for stack in re.split(r"^Thread ", result.text, flags=re.M) if "trap_entry" in stack]
    must_equal(len(stacks), 1, "harts in the handler")
    calls = re.findall(r"^#\d+ +(?:0x\w+ in )?(\S+) \(", stacks[0], re.M)
    must_equal([name for name in calls if name.startswith("trap_")], ["trap_handle", "trap_entry"], "the trap")
    above = calls[calls.index("trap_entry") + 1 :]
    must(len(above) > 1 and above[-2] in ("kernel_main", "hart_main"), f"what was interrupted, and its callers: {above}")


main()
