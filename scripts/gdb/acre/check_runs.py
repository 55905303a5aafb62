# SPDX-License-Identifier: MIT
"""check_runs.py - R1 to R6 of src/mm/heap/runs.c."""

from acre import bits
from acre.check_buddy import tree_bits
from acre.heap import ABSENT, FREE, GRANULE, GRANULE_ORDER, KIND_SHIFT, REGION_SHIFT, TABLE
from acre.words import span

MIN_GRANULES = 4
EXACT_ORDER = 9
NEXT, PREV = 1, 2  # the links of a free run, seen from its first entry
MASK = (1 << KIND_SHIFT) - 1


def bin_of(n):
    if n < 1 << EXACT_ORDER:
        return n
    shift = n.bit_length() - 1 - 4
    return (1 << EXACT_ORDER) + 16 * (shift - (EXACT_ORDER - 4)) + (n >> shift) - 16


class Tally:
    def __init__(self):
        self.used = self.absent = 0
        self.free = {}  # number of a run -> its length, of those that belong on lists


def check(kernel):
    heap = kernel.heap
    runs, tally = heap.view.runs, Tally()
    for i, region in enumerate(heap.regions):
        yield from _region(kernel, runs.buddy, i, region, tally)
    if tally.absent != runs.buddy.free_bytes:
        yield "R3: what is absent is not what the buddy structure has", f"{tally.absent} and {runs.buddy.free_bytes} bytes"
    yield from _bins(runs, heap.regions, tally)
    if tally.used != runs.used_bytes:
        yield "R6: used_bytes is not the sum of the runs", f"{runs.used_bytes} and {tally.used}"
    if runs.peak_bytes < runs.used_bytes:
        yield "R6: the peak is below what is used", f"{runs.peak_bytes} and {runs.used_bytes}"


def _region(kernel, buddy, i, region, tally):
    has, where = buddy.region[i], f"region {i}"
    if not has.size:
        if region.base:
            yield "R1: a region is none of the buddy structure", where
        return
    if region.base != has.base or region.ngranules * GRANULE != has.size:
        yield "R1: a region is not that of the buddy structure", where
        return
    entries = region.all_entries
    if entries[0] >> KIND_SHIFT != TABLE or entries[-1] >> KIND_SHIFT != TABLE:
        yield "R2: an end of a region is not marked", where
    reverse, broken = tree_bits(kernel, region.view.starts, region.ngranules)
    if broken:
        yield f"R2: the tree of starts is damaged: {broken}", where
    starts = {region.ngranules - 1 - at for a, b in bits.runs(reverse) for at in range(a, b)}
    absent = set()
    yield from _runs(region, entries, starts, absent, i, tally)
    yield from _absent(kernel, has, region, absent)


def _runs(region, entries, starts, absent, i, tally):
    before, g, seen = TABLE, 0, set()
    while g < region.ngranules:
        kind, n = entries[g + 1] >> KIND_SHIFT, entries[g + 1] & MASK
        where = span(region.base + g * GRANULE, region.base + (g + n) * GRANULE)
        if kind > TABLE:
            yield "R2: a run is of a kind that does not exist", where
        if not 0 < n <= region.ngranules - g:
            yield "R2: a run passes the end of its region", where
            return
        if kind > FREE and n < MIN_GRANULES:
            yield "R2: a run is shorter than any that is handed out", where
        if kind == before == FREE:
            yield "R4: two free runs touch", where
        if entries[g + n] != entries[g + 1]:
            yield "R2: the ends of a run do not agree", where
        if g not in starts:
            yield "R2: the start of a run has no bit", where
        seen.add(g)
        tally.used += n * GRANULE if kind > FREE else 0
        tally.absent += n * GRANULE if kind == ABSENT else 0
        if kind == ABSENT:
            absent.add((g, n))
        if kind == FREE and n >= MIN_GRANULES:
            tally.free[(i << REGION_SHIFT) + g + 1] = n
        before = kind
        g += n
    for at in starts - seen:
        yield "R2: a bit is set inside of a run", f"granule {region.base + at * GRANULE:#x}"


def _absent(kernel, has, region, absent):
    trees = kernel.array("struct bitmap_tree", has.free, has.norders)
    for k in range(has.norders):
        n = GRANULE_ORDER + k
        count = (has.base + has.size - 1 >> n) - (has.base >> n) + 1
        for first, end in bits.runs(bits.of(kernel.memory, trees[k].words, count)):
            for at in range(first, end):
                g = (((has.base >> n) + at) << n) - region.base >> GRANULE_ORDER
                if (g, 1 << k) not in absent:
                    where = span(region.base + g * GRANULE, region.base + (g + (1 << k)) * GRANULE)
                    yield "R3: a free block of the buddy structure is no absent run", where


def _bins(runs, regions, tally):
    words, nonempty = runs.words, list(runs.nonempty)
    for w in range(64):
        if bool(words >> w & 1) != (w < len(nonempty) and nonempty[w] != 0):
            yield "R5: which words of bits are empty is not what their bits say", f"word {w}"
    listed = set()
    for i, first in enumerate(runs.bin):
        if bool(nonempty[i // 64] >> i % 64 & 1) != bool(first):
            yield "R5: which lists are empty is not what their bits say", f"list {i}"
        yield from _list(regions, tally, i, first, listed)
    for number in set(tally.free) - listed:
        yield "R5: a free run is on no list", f"run {number:#x}"


def _list(regions, tally, i, at, listed):
    before = 0
    while at:
        where = f"list {i}, run {at:#x}"
        if at not in tally.free:
            yield "R5: a list has something that is no free run", where
            return
        if at in listed:
            yield "R5: lists have more than the free runs", where
            return
        listed.add(at)
        if bin_of(tally.free[at]) != i:
            yield "R5: a free run is on the list of another length", where
        region, g = regions[at >> REGION_SHIFT], (at & (1 << REGION_SHIFT) - 1) - 1
        if region.entry(g + PREV) != before:
            yield "R5: a free run does not link back", where
        before, at = at, region.entry(g + NEXT)
