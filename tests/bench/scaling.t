#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What harts cost each other. At most 1 in 100 operations on a hart's own frames and blocks writes to a line that another
hart wrote to last: on harts that have their turn one after another, which is the worst there is and the same in every
run; while what a hart holds fits in the chunk or slab that it takes from, also on harts that run at once.
"""

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

from tap import case, must, plan, run

TOP = Path(__file__).resolve().parent.parent.parent
KERNEL = TOP / "build/rv64-release-scaling/acre.elf"

sys.dont_write_bytecode = True
_loader = SourceFileLoader("scaling_report", str(TOP / "bench/scaling/report"))
REPORT = importlib.util.module_from_spec(importlib.util.spec_from_loader(_loader.name, _loader))
_loader.exec_module(REPORT)

FITS = ("pair", "hold", "block")
OWN = FITS + ("fill", "full")
WAYS = [("in-turn", n) for n in (1, 2, 4, 8, 64)] + [("at-once", n) for n in REPORT.HARTS]


@case
def every_loop_was_counted(rows):
    for loop, kind in REPORT.LOOPS:
        for way, harts in WAYS:
            must((loop, kind, way, harts) in rows, f"no {loop}.{kind} {way} on {harts} harts")
            must(rows[loop, kind, way, harts]["ops"] >= 200, f"too few operations: {loop}.{kind} {way} {harts}")


@case
def one_hart_alone_disturbs_nobody(rows):
    for (loop, kind, way, harts), counts in rows.items():
        must(harts > 1 or counts["foreign"] == 0, f"{loop}.{kind} {way}: {counts}")


@case
def foreign_writes_are_seen_where_there_must_be_some(rows):
    """Who gives back another's frame sets a bit in a word that the other has just written to; a lock is handed on."""
    for harts in (2, 4, 8, 64):
        for loop, kind, least in (("pass", "others", 1), ("run", "own", 2)):
            counts = rows[loop, kind, "in-turn", harts]
            must(counts["foreign"] > 0.9 * least * counts["ops"], f"{loop}.{kind} {harts} harts: {counts}")


def at_most_1_of_100(rows, what):
    for way, harts in WAYS:
        for loop in OWN if way == "in-turn" else FITS:
            counts = rows[loop, "own", way, harts]
            must(100 * counts[what] <= counts["ops"], f"{loop} {way} on {harts} harts: {counts}")


@case
def operations_on_own_frames_and_blocks_disturb_others_in_at_most_1_of_100(rows):
    at_most_1_of_100(rows, "disturbed")


@case
def and_take_a_lock_in_at_most_1_of_100(rows):
    at_most_1_of_100(rows, "locks")


plan()
try:
    ROWS = REPORT.measure(KERNEL)
except REPORT.Broken as broken:
    print("Bail out! " + str(broken).replace("\n", "\n# "))
    sys.exit(1)
run(ROWS)
