#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`acre why` of gdb says of every byte what `why` at the prompt says: of random addresses, and of both sides of every
boundary that the kernel's memory has. The guest is dumped where it enters the last `why`, so what each of its answers
rests on is in the dump. Random addresses are 1,000 for each machine, 10,000 with --long; SEED= repeats a run.
"""

import os
import random
import time

from acre import DEBUG, LONG, RELEASE, TOP, case, main, must, must_equal, note, run, scratch
from dump import Guest, debug

RANDOM = 10000 if LONG else 1000
SEED = int(os.environ.get("SEED") or time.time_ns() % (1 << 32))


def boundaries(core, kernel):
    """Where the answer may change, by the structures themselves: what gdb finds in the dump."""
    script = f"source {TOP}/tests/boot/boundaries.py\npython from acre.kernel import current\n"
    script += "python print('\\n'.join(map(hex, sorted(set(boundaries(current()))))))\n"
    found = debug(core, script, kernel).must_end_with(0)
    return [int(line, 16) for line in found.lines if line.startswith("0x")]


def addresses(borders, banks):
    """Those borders, a byte before each, and random ones: in RAM, beside it, and anywhere."""
    choose = random.Random(SEED)
    chosen = {address % (1 << 64) for border in borders for address in (border - 1, border)}
    for i in range(RANDOM):
        start, end = banks[i % len(banks)]
        near = choose.randrange(max(start - (1 << 20), 0), end + (1 << 20))
        chosen.add(choose.randrange(1 << choose.randrange(1, 65)) if i % 8 == 0 else near)
    return sorted(chosen)


def must_agree(guest, kernel, least):
    """Ask both about the same addresses."""
    core = f"{guest.folder}/core"
    guest.stop_in("why_str", "why 0x80200000\n")
    guest.dump(core)
    guest.go()
    guest.wait("acre> ")
    borders = boundaries(core, kernel)
    must(len(borders) >= least, f"only {len(borders)} boundaries")
    asked = addresses(borders, [(0x80000000, 0x90000000)])
    said = guest.type("".join(f"why {address:#x}\n" for address in asked))
    theirs = [line for line in said.split("\n") if line.startswith("0x")]
    ours = debug(core, "".join(f"acre why {address:#x}\n" for address in asked), kernel).must_end_with(0)
    ours = [line for line in ours.lines if line.startswith("0x")]
    note(f"{len(borders)} boundaries, {len(asked)} addresses, seed {SEED}")
    must_equal((len(theirs), len(ours)), (len(asked), len(asked)), "answers")
    for one, other in zip(theirs, ours):
        must_equal(other, one, "acre why and why")


@case
def on_a_machine_with_one_of_everything():
    with scratch() as folder:
        blob = f"{folder}/ledger.dtb"
        run(["dtc", "-q", "-i", TOP / "tests/dts", "-o", blob, TOP / "tests/dts/ledger.dts"]).must_end_with(0)
        with Guest(folder, dtb=blob, memory="256M", harts=2, bootargs="frames=debug") as guest:
            must_agree(guest, RELEASE, 1500)


@case
def with_loans_and_a_heap_that_has_grown():
    """What the stress leaves: slabs of many sizes, frames that were taken and freed by several harts."""
    with scratch() as folder:
        blob = f"{folder}/reservations.dtb"
        run(["dtc", "-q", "-i", TOP / "tests/dts", "-o", blob, TOP / "tests/dts/reservations.dts"]).must_end_with(0)
        with Guest(folder, kernel=DEBUG, dtb=blob, memory="256M", harts=2) as guest:
            guest.type("lend 0x85000000\nlend 0x85200000\nstress 2000\n")
            must_agree(guest, DEBUG, 2000)


main()
