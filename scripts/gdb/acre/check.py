# SPDX-License-Identifier: MIT
"""check.py - every invariant that the essays number, from outside: of a kernel that cannot check itself any more.

Each part has a file; each of its checks yields (sentence, where), the sentence beginning with the number. What the
kernel's own *_validate.c say, in their words, and all places instead of the first. The target may have been stopped in
the middle of a change: then what is not finished looks broken, and the lock that is held is named.
"""

from acre import check_buddy, check_frames, check_harts, check_heap, check_locks, check_map, check_runs, check_slabs
from acre.locks import all_locks, queue
from acre.memory import Unreadable

PARTS = (
    ("map", check_map.check),
    ("ledger", check_map.check_ledger),
    ("frames", check_frames.check),
    ("buddy", check_buddy.check),
    ("runs", check_runs.check),
    ("slabs", check_slabs.check),
    ("heap", check_heap.check),
    ("locks", check_locks.check),
    ("harts", check_harts.check),
)

SHOWN = 3  # places of one sentence


def broken(kernel):
    """(part, sentence, where) of all that is broken."""
    for part, check in PARTS:
        try:
            for sentence, where in check(kernel):
                yield part, sentence, where
        except Unreadable as error:
            yield part, "what is there leads nowhere", str(error)


def show(kernel):
    places = {}
    for part, sentence, where in broken(kernel):
        places.setdefault((part, sentence), []).append(where)
    for (part, sentence), where in places.items():
        yield f"{part}: {sentence}"
        yield from (f"    {place}" for place in where[:SHOWN])
        if len(where) > SHOWN:
            yield f"    ... and {len(where) - SHOWN} more places"
    if not places:
        yield "all invariants hold: " + ", ".join(part for part, _ in PARTS)
    try:
        held = [(name, kernel.harts.lock_state(lock)) for name, lock in all_locks(kernel) if queue(lock)]
    except Unreadable:
        held = []
    for name, state in held:
        yield f"the lock '{name}' is held, what it guards may be half changed: {state}"
