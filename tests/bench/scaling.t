#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What harts cost each other. At most 1 in 100 operations on a hart's own frames and objects writes to a line that another
hart wrote to last: on harts that have their turn one after another, which is the worst there is and the same in every
run; while what a hart holds fits in the chunk or slab that it takes from, also on harts that run at once. A free for
another hart writes to one such line.
"""

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
KERNEL = TOP / "build/rv64-release-scaling/acre.elf"

sys.path[:0] = [str(TOP / "scripts"), str(TOP / "tests/support")]
import script_module  # noqa: E402
from tap import case, must, plan, run  # noqa: E402

REPORT = script_module.load(TOP / "bench/scaling/report")

FITS = ("pair", "hold", "block")
OWN = FITS + ("fill", "full", "object_hold", "object_fill", "object_full")
# A slab that starts, or goes back, takes two locks in one operation.
LOCKED = ("object_fill",)
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
        for loop, kind, least in (("pass", "others", 1), ("object_pass", "others", 1), ("run", "own", 2)):
            counts = rows[loop, kind, "in-turn", harts]
            must(counts["foreign"] > 0.9 * least * counts["ops"], f"{loop}.{kind} {harts} harts: {counts}")


@case
def what_is_given_back_for_another_hart_moves_one_line(rows):
    for harts in (2, 4, 8, 64):
        for loop in ("pass", "object_pass"):
            for kind in ("own", "others"):
                counts = rows[loop, kind, "in-turn", harts]
                must(counts["foreign"] <= counts["ops"], f"{loop}.{kind} {harts} harts: {counts}")


@case
def what_comes_and_goes_in_one_chunk_or_slab_moves_no_line(rows):
    for harts in (2, 4, 8, 64):
        for loop in FITS:
            counts = rows[loop, "own", "in-turn", harts]
            must(counts["foreign"] == 0, f"{loop}.own {harts} harts: {counts}")


def at_most_1_of_100(rows, what, but=()):
    for way, harts in WAYS:
        for loop in OWN if way == "in-turn" else FITS:
            if loop in but:
                continue
            counts = rows[loop, "own", way, harts]
            must(100 * counts[what] <= counts["ops"], f"{loop} {way} on {harts} harts: {counts}")


@case
def operations_on_own_frames_and_objects_disturb_others_in_at_most_1_of_100(rows):
    at_most_1_of_100(rows, "disturbed")


@case
def and_take_a_lock_in_at_most_1_of_100(rows):
    at_most_1_of_100(rows, "locks", but=LOCKED)


plan()
try:
    ROWS = REPORT.measure(KERNEL)
except REPORT.Broken as broken:
    print("Bail out! " + str(broken).replace("\n", "\n# "))
    sys.exit(1)
run(ROWS)
