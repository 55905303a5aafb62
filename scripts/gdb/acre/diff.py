# SPDX-License-Identifier: MIT
"""diff.py - two dumps of one kernel: frames and blocks that were taken, freed, or have changed hands in between.

In debug mode (frames=debug) each frame has the number of the event that took or freed it, and who did: then frames are
summed up by who, and a frame that is handed out in both but by another event has changed hands. Of the heap's blocks
nothing is known but what they are: one that is live in both, and is another kind of block, has changed hands.
"""

from collections import Counter

from acre import bits
from acre.frames import FRAME
from acre.words import plural, size, span

SHOWN = 8  # ranges of one kind


def show(before, after):
    yield from _map(before, after)
    yield from _frames(before, after)
    yield from _blocks(before, after)


# ---- regions --------------------------------------------------------------------------------------


def _map(before, after):
    def regions(kernel):
        return {(r.start, r.end, kernel.map.kind_name(r.kind), r.title) for r in kernel.map.regions}

    old, new = regions(before), regions(after)
    for start, end, kind, name in sorted(old - new):
        yield f"region gone   {span(start, end)} {kind} {name}".rstrip()
    for start, end, kind, name in sorted(new - old):
        yield f"region new    {span(start, end)} {kind} {name}".rstrip()


# ---- frames ---------------------------------------------------------------------------------------


def _frames(before, after):
    found = {"taken": [], "freed": [], "moved": []}
    for old, new in zip(before.pool.banks, after.pool.banks):
        if (old.base, old.nbits) != (new.base, new.nbits):
            yield "the banks of the two pools differ"
            return
        a, b = old.bits("inserted") & ~old.bits("free"), new.bits("inserted") & ~new.bits("free")
        found["taken"] += [(new, i) for i in _indices(b & ~a)]
        found["freed"] += [(new, i) for i in _indices(a & ~b)]
        found["moved"] += [(new, i) for i in _indices(a & b) if old.record(old.base + i) != new.record(new.base + i)]
    for verb, frames in found.items():
        yield f"frames {verb}: {len(frames)} ({size(len(frames) * FRAME)})"
        yield from _by_site(after, frames)


def _indices(x):
    for first, end in bits.runs(x):
        yield from range(first, end)


def _by_site(kernel, frames):
    sites = {}
    for bank, i in frames:
        past = bank.past(bank.base + i)
        sites.setdefault(f"by {kernel.caller(past.site)}" if past else "", []).append(bank.base + i)
    for site, pfns in sorted(sites.items(), key=lambda item: -len(item[1])):
        if site:
            yield f"  {len(pfns):>6} {site}"
        ranges = list(bits.runs(sum(1 << pfn - pfns[0] for pfn in pfns)))
        for first, end in ranges[:SHOWN]:
            yield f"         {span((pfns[0] + first) * FRAME, (pfns[0] + end) * FRAME)}"
        if len(ranges) > SHOWN:
            yield f"         ... and {plural(len(ranges) - SHOWN, 'more range')}"


# ---- blocks of the heap ---------------------------------------------------------------------------


def _blocks(before, after):
    old, new = before.heap.live_blocks(), after.heap.live_blocks()
    changed = {start for start in old.keys() & new.keys() if old[start] != new[start]}
    for verb, blocks, starts in (
        ("taken", new, new.keys() - old.keys()),
        ("freed", old, old.keys() - new.keys()),
        ("moved", new, changed),
    ):
        total = sum(blocks[start][0] for start in starts)
        yield f"blocks {verb}: {len(starts)} ({size(total)})"
        for what, count in sorted(Counter(blocks[start][1] for start in starts).items()):
            first = min(start for start in starts if blocks[start][1] == what)
            yield f"  {count:>6} of {what}, the first at {first:#x}"
