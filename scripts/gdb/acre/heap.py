# SPDX-License-Identifier: MIT
"""heap.py - the kernel's heap: which slab or run a byte is in, and what all of them are.

    address --> page map --> slab --> object
            '-> region --> the run around it
"""

import functools
from typing import NamedTuple

from acre import bits
from acre.memory import Unreadable
from acre.words import plural, size, span

GRANULE_ORDER = 9
GRANULE = 1 << GRANULE_ORDER
FRAME_SHIFT, WINDOW_SHIFT = 12, 21
LEAF = 512  # owners in the leaf of a window
PART = 7  # of an owner: how many granules of its last frame a slab has; 0: all
KIND_SHIFT, REGION_SHIFT = 29, 27  # of an entry, of the number of a run
ABSENT, FREE, BLOCK, SLAB, TABLE = range(5)  # enum run_kind
SPARE, FULL, LISTED, STOCK = range(4)  # enum slab_state
CLASSES = 64  # of sizes; then those of caches; then the large ones


class Run(NamedTuple):
    start: int
    bytes: int
    kind: int


class Object(NamedTuple):
    slab: object
    index: int
    start: int
    bytes: int
    live: bool


class Block(NamedTuple):
    """What a byte of the heap belongs to: heap_block_of()."""

    what: str
    start: int
    bytes: int
    live: bool

    def words(self):
        return f"{self.what} {span(self.start, self.start + self.bytes)}"


WHAT_OF_RUN = {
    ABSENT: "memory of the heap that is free",
    FREE: "a free run",
    BLOCK: "a live block",
    SLAB: "the rest of a slab",
    TABLE: "a table of the heap",
}


class Slab:
    """What a descriptor says."""

    def __init__(self, kernel, address):
        self.address = address
        words = kernel.memory.words(address, 16)
        self.free, self.loose = words[0:4], words[4:8]
        self.base, self.number, self.size, self.reciprocal, self.count = words[8:13]
        self.state, self.owner = words[13] & 0xFFFFFFFF, words[13] >> 32
        self.next, self.prev = words[14], words[15]

    def object_of(self, address):
        """slab_object_of(), with its arithmetic."""
        index = ((address - self.base) % (1 << 64) * self.reciprocal) >> 64
        if self.number == 0 or index >= self.count or index >= 256:
            return None
        live = not self.free[index // 64] >> index % 64 & 1
        return Object(self, index, self.base + index * self.size, self.size, live)

    def objects(self):
        return [self.object_of(self.base + i * self.size) for i in range(min(self.count, 256))]

    def nfree(self):
        return sum(bits.count(word) for word in self.free)


class RunRegion:
    def __init__(self, kernel, view):
        self.kernel, self.view = kernel, view
        self.base, self.ngranules, self.entries = view.base, view.ngranules, view.entry
        self.starts = view.starts.words

    def __contains__(self, address):
        return 0 <= address - self.base < self.ngranules << GRANULE_ORDER

    def entry(self, g):
        return self.kernel.memory.number(self.entries + 4 * g, 4)

    @functools.cached_property
    def all_entries(self):
        """From that before the first granule to that after the last."""
        return self.kernel.memory.words(self.entries - 4, self.ngranules + 2, 4)

    def start_of(self, g):
        """run_start_of(): the bits are counted from the end, so the next one upwards is the start at or before g."""
        bit = self.ngranules - 1 - g
        at = bit // 64
        while at * 64 < self.ngranules:
            step = min(64, (self.ngranules - at * 64 + 63) // 64)
            word = bits.of(self.kernel.memory, self.starts + 8 * at, 64 * step)
            if at == bit // 64:
                word = word >> bit % 64 << bit % 64
            if word:
                return self.ngranules - 1 - (at * 64 + bits.lowest(word))
            at += step
        raise Unreadable(self.base + (g << GRANULE_ORDER))

    def run_at(self, g):
        entry = self.entry(g)
        length = entry & (1 << KIND_SHIFT) - 1
        return Run(self.base + (g << GRANULE_ORDER), length << GRANULE_ORDER, entry >> KIND_SHIFT)

    def runs(self):
        """By the lengths that the entries say, as far as they make sense."""
        g = 0
        while g < self.ngranules:
            run = self.run_at(g)
            if not 0 < run.bytes >> GRANULE_ORDER <= self.ngranules - g:
                return
            yield run
            g += run.bytes >> GRANULE_ORDER


class Heap:
    def __init__(self, kernel):
        self.kernel = kernel
        self.view = kernel.variable("kernel_heap")
        self.classes = self.view.slabs.__getattr__("class")
        self.large = len(self.classes) - 1
        map_view = self.view.map
        self.windows, self.nwindows, self.root = map_view.windows, map_view.nwindows, map_view.root
        regions = [map_view.region[i] for i in range(min(map_view.nregions, len(map_view.region)))]
        self.map_regions = [(r.base, r.size, r.owner) for r in regions]
        runs = self.view.runs
        self.nregions = min(runs.buddy.nregions, len(runs.region))
        self.regions = [RunRegion(kernel, runs.region[i]) for i in range(self.nregions)]
        self._slabs = {}
        self._names = {}

    # ---- which slab, which run ------------------------------------------------------------------

    def slab(self, address):
        if address not in self._slabs:
            self._slabs[address] = Slab(self.kernel, address)
        return self._slabs[address]

    def leaf_of(self, address):
        window = (address - self.windows) % (1 << 64) >> WINDOW_SHIFT
        return self.kernel.memory.number(self.root + 8 * window, 8) if window < self.nwindows else 0

    def owner_of(self, address):
        """The word that the page map has for the frame there, 0 if it has none."""
        leaf, owner = self.leaf_of(address), 0
        if leaf:
            owner = self.kernel.memory.number(leaf + 8 * (address >> FRAME_SHIFT & LEAF - 1), 8)
        for base, length, owners in self.map_regions:
            if owner:
                break
            if 0 <= address - base < length:
                owner = self.kernel.memory.number(owners + 8 * (address - base >> FRAME_SHIFT), 8)
        return owner

    def slab_at(self, address):
        """page_map_find(): the address of the descriptor; 0: there is none."""
        owner = self.owner_of(address)
        part = owner & PART
        if not part:
            return owner
        return owner - part if address >> GRANULE_ORDER & PART < part else 0

    def object_at(self, address):
        slab = self.slab_at(address)
        return self.slab(slab).object_of(address) if slab else None

    def run_at(self, address):
        region = next((r for r in self.regions if address in r), None)
        if region is None:
            return None
        return region.run_at(region.start_of(address - region.base >> GRANULE_ORDER))

    # ---- what a byte belongs to -----------------------------------------------------------------

    def cache_name(self, number):
        """The name of the cache of a class, or None."""
        if number not in self._names:
            name = self.classes[number].kind.name if number <= self.large else 0
            self._names[number] = self.kernel.string(name) if name else None
        return self._names[number]

    def block_of(self, address):
        found = self.object_at(address)
        if found:
            return self._block_of_object(found)
        run = self.run_at(address)
        if run:
            what = WHAT_OF_RUN.get(run.kind, f"a run of no known kind {run.kind}")
            return Block(what, run.start, run.bytes, run.kind == BLOCK)
        return self._grown_table_at(address)

    def _block_of_object(self, found):
        number, state = found.slab.number, "live" if found.live else "free"
        name = self.cache_name(number)
        if number == self.large:
            what = "a live block" if found.live else "a free run"
        elif name is not None:
            what = f"object {found.index} of a slab of the cache '{name}', {state},"
        else:
            what = f"object {found.index} of a slab of {found.bytes}-byte objects, {state},"
        return Block(what, found.start, found.bytes, found.live)

    @functools.cached_property
    def grown_tables(self):
        """[(start, bytes)] of the tables that came from frames: of pieces, leaves, the root."""
        tables = []
        for piece, table in zip(self.view.grown.piece, self.view.table):
            if piece.bytes:
                tables.append((piece.start + piece.bytes - table.bytes, table.bytes))
        leaves = self.kernel.memory.words(self.root, self.nwindows) if self.nwindows else ()
        tables += [(leaf, 8 * LEAF) for leaf in leaves if leaf]
        return tables + ([(self.root, (8 * self.nwindows + 4095) // 4096 * 4096)] if self.nwindows else [])

    def _grown_table_at(self, address):
        for start, length in self.grown_tables:
            if 0 <= address - start < length:
                return Block(WHAT_OF_RUN[TABLE], start, length, False)
        return None

    # ---- all slabs ------------------------------------------------------------------------------

    def slabs_of(self, number):
        """Those of a class, by its lists, as far as these make sense."""
        c, seen = self.classes[number], set()
        for state in (FULL, LISTED, STOCK):
            at = c.list[state]
            while at and at not in seen and len(seen) <= c.nslabs:
                seen.add(at)
                yield self.slab(at)
                at = self.slab(at).next

    def live_blocks(self):
        """{start: (bytes, what)} of all that is handed out."""
        live = {}
        for number in range(1, self.large + 1):
            name = self.cache_name(number)
            for slab in self.slabs_of(number):
                what = f"cache '{name}'" if name else "large block" if number == self.large else f"{slab.size}-byte objects"
                live.update({o.start: (o.bytes, what) for o in slab.objects() if o.live})
        for region in self.regions:
            live.update({r.start: (r.bytes, "runs") for r in region.runs() if r.kind == BLOCK})
        return live


# ---- acre heap, acre caches -----------------------------------------------------------------------


def show(kernel):
    heap = kernel.heap
    view, runs = heap.view, heap.view.runs
    grown = view.grown
    yield (
        f"heap      {size(runs.buddy.total_bytes + grown.placed_bytes)} in {plural(heap.nregions, 'region')}, "
        f"{size(runs.used_bytes)} in blocks, slabs and tables, peak {size(runs.peak_bytes)}"
    )
    if grown.bytes + grown.placed_bytes + grown.table_bytes:
        yield (
            f"          {size(grown.bytes + grown.placed_bytes)} in frames: taken {grown.grows} times, "
            f"given back {grown.shrinks} times; and {size(grown.table_bytes + view.slabs.backed_bytes)} for good"
        )
    count = view.count
    yield f"          {count.failures} failures, {count.bad_alignments} bad alignments, {count.refusals} refused frees"
    yield f"          lock {kernel.harts.lock_state(view.lock)}; of the runs: {kernel.harts.lock_state(runs.lock)}"
    for i, region in enumerate(heap.regions):
        if not region.ngranules:
            continue
        yield f"region {i}  {span(region.base, region.base + region.ngranules * GRANULE)}"
        for run in region.runs():
            yield f"  {span(run.start, run.start + run.bytes)} {size(run.bytes):>9}  {_what(heap, run)}"


def _what(heap, run):
    found = heap.object_at(run.start) if run.kind == SLAB else None
    if not found:
        return WHAT_OF_RUN.get(run.kind, f"of no known kind {run.kind}")
    name = heap.cache_name(found.slab.number)
    return f"a slab of the cache '{name}'" if name else f"a slab of {found.bytes}-byte objects"


def show_caches(kernel):
    heap = kernel.heap
    states = {FULL: "full", LISTED: "listed"}
    yield "  objects of     slabs     live     free  live bytes"
    for number in range(1, heap.large + 1):
        slabs = list(heap.slabs_of(number))
        name = heap.cache_name(number)
        if not slabs and name is None:
            continue
        what = name if name is not None else "large" if number == heap.large else size(heap.classes[number].size)
        live = sum(slab.count - slab.nfree() for slab in slabs)
        used = sum((slab.count - slab.nfree()) * slab.size for slab in slabs)
        yield f"  {what:<12} {len(slabs):>7} {live:>8} {sum(s.nfree() for s in slabs):>8} {used:>11}"
        for slab in slabs:
            state = states.get(slab.state) or f"of hart {kernel.harts.id_of(slab.owner)}"
            yield (
                f"      {span(slab.base, slab.base + slab.count * slab.size)} {slab.count - slab.nfree()} of {slab.count}"
                f" live, {state}, descriptor {slab.address:#x}"
            )


# ---- acre block -----------------------------------------------------------------------------------


def show_block(kernel, address):
    heap = kernel.heap
    block = heap.block_of(address)
    if block is None:
        yield f"{address:#x} is not in the heap"
        return
    inside = address - block.start
    yield f"{address:#x} is {f'{inside} bytes inside' if inside else 'the start of'} {block.words()}"
    yield f"  {size(block.bytes)}; kfree({block.start:#x}) would {'free it' if block.live else 'be refused'}"
    found = heap.object_at(address)
    if found:
        slab = found.slab
        yield (
            f"  slab: descriptor {slab.address:#x}, objects from {slab.base:#x}, {slab.count} of {slab.size} bytes, "
            f"{slab.count - slab.nfree()} live"
        )
    run = heap.run_at(address)
    if run:
        yield f"  run: {span(run.start, run.start + run.bytes)}, {run.bytes // GRANULE} granules"
    if kernel.pool.is_managed(address >> FRAME_SHIFT):
        past = kernel.pool.past(address >> FRAME_SHIFT)
        if past:
            hart = kernel.harts.id_of(past.hart)
            yield f"  its frame was {past.what} by {kernel.caller(past.site)} on hart {hart}, event {past.number}"
    words = kernel.memory.words(block.start, min(block.bytes, 64) // 8)
    for i in range(0, len(words), 4):
        yield f"  {block.start + 8 * i:#x}: " + " ".join(f"{word:016x}" for word in words[i : i + 4])
