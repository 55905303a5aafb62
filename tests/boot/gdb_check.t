#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`acre check` on dumps: a good one keeps all invariants; of one in which a word was changed it names what is broken."""

import os
import re
import time

from acre import DEBUG, LONG, RELEASE, TOP, case, main, must, must_equal, note, scratch
from dump import Guest, debug

SEED = int(os.environ.get("SEED") or time.time_ns() % (1 << 32))
RANDOM = 400 if LONG else 40
WHOLE = "all invariants hold: map, ledger, frames, buddy, runs, slabs, heap, locks, harts"


def check_broken(folder, **options):
    with Guest(folder, memory="128M", harts=2, **options) as guest:
        guest.type("stress 2000\n")
        guest.dump(f"{folder}/core")
    os.chmod(f"{folder}/core", 0o600)  # QEMU makes it for reading
    note(f"seed {SEED}")
    arguments = (f"{folder}/core", SEED, RANDOM)
    script = f"python ARGUMENTS = {arguments!r}\nsource {TOP}/tests/boot/corruptions.py\nacre check\n"
    return debug(f"{folder}/core", script).must_end_with(0)


@case
def each_word_that_is_changed_breaks_what_it_should():
    with scratch() as folder:
        result = check_broken(folder)
    must_equal(re.findall(r"^whole: (.*)$", result.text, re.M), [WHOLE] * 2, "the dump as it is, before and after")
    result.must_say(rf"^{WHOLE}$")  # of the same dump as gdb has it
    must_equal(re.findall(r"^BAD: .*\n(?:(?!good:|ended|BAD:).*\n)*", result.text, re.M), [], "what was not found")
    result.must_not_say(r"^Traceback|Python Exception")
    must_equal(result.messages.count("Error"), 0, "errors")
    must(len(re.findall(r"^good: ", result.text, re.M)) > 100, "few changes")
    must_equal(len(re.findall(r"^ended$", result.text, re.M)), RANDOM, "random changes")


@case
def a_dump_of_a_busy_machine_keeps_its_invariants_or_says_which_locks_are_held():
    """Harts and handlers take and give all the time; it is stopped anywhere."""
    for kernel, options in ((DEBUG, "frames=debug tick=100 ipi=100"), (RELEASE, "tick=1000 ipi=1000")):
        with scratch() as folder:
            with Guest(folder, kernel=kernel, memory="64M", harts=4, bootargs=options) as guest:
                guest.type("why 0\n")
                guest.dump(f"{folder}/core")
            result = debug(f"{folder}/core", "acre check\nacre heap\nacre caches\nacre frames\nacre locks\n", kernel)
            result.must_end_with(0)
            result.must_not_say(r"Traceback|Python Exception")
            broken = set(re.findall(r"^(map|ledger|harts|locks): ", result.text, re.M))
            must_equal(broken, set(), "broken parts, of those that no interrupt changes")


main()
