# SPDX-License-Identifier: MIT
"""frames.py - the frame pool: banks with two bits a frame, stocks of harts, and the records of debug mode."""

from typing import NamedTuple

from acre import bits, trace
from acre.words import plural, size, span, wide_span

SHIFT = 12
FRAME = 1 << SHIFT
NONE = (1 << 64) - 1
CHUNK = 512
NEVER, TAKEN, FREEING, FREED = range(4)  # enum frame_record_state


class Past(NamedTuple):
    what: str
    site: int
    hart: int
    number: int


class Bank:
    def __init__(self, kernel, view):
        self.kernel, self.view = kernel, view
        self.base, self.first, self.nframes, self.nbits = view.base, view.first, view.nframes, view.nbits
        self._maps = {}

    def __contains__(self, pfn):
        return self.first <= pfn < self.first + self.nframes

    def bits(self, which):
        """`free` or `inserted`, of all indices."""
        if which not in self._maps:
            self._maps[which] = bits.of(self.kernel.memory, getattr(self.view, which), self.nbits)
        return self._maps[which]

    def test(self, which, pfn):
        index = pfn - self.base
        return self.kernel.memory.read(getattr(self.view, which) + index // 8, 1)[0] >> index % 8 & 1 == 1

    def record(self, pfn):
        """(site, event), or None."""
        records = self.view.records
        return tuple(self.kernel.memory.words(records + 16 * (pfn - self.first), 2)) if records else None

    def past(self, pfn):
        """frame_past()"""
        site, event = self.record(pfn) or (0, 0)
        if not event:
            return None
        return Past("taken" if event & 0xFF <= FREEING else "freed", site, event >> 8 & 0xFFFF, event >> 24)

    def runs(self, which):
        """[(first frame, frames)] of each run of set bits."""
        return [(self.base + a, b - a) for a, b in bits.runs(self.bits(which))]


class Pool:
    def __init__(self, kernel):
        self.kernel = kernel
        self.view = kernel.variable("machine").frames
        count = min(self.view.nbanks, 1 << 16)
        self.banks = [Bank(kernel, b) for b in kernel.array("struct frame_bank", self.view.bank, count)]

    def bank_of(self, pfn):
        return next((bank for bank in self.banks if pfn in bank), None)

    def is_managed(self, pfn):
        bank = self.bank_of(pfn)
        return bank is not None and bank.test("inserted", pfn)

    def is_free(self, pfn):
        bank = self.bank_of(pfn)
        return bank is not None and bank.test("free", pfn)

    def past(self, pfn):
        bank = self.bank_of(pfn)
        return bank.past(pfn) if bank else None

    def free_count(self):
        return sum(bits.count(bank.bits("free")) for bank in self.banks)

    def stock(self, hart):
        """The struct frame_stock of hart @hart, by index."""
        slot = self.view.stocks.offset
        return self.kernel.view("struct frame_stock", self.kernel.harts[hart].address + slot) if slot else None


# ---- acre frames ----------------------------------------------------------------------------------


def show(kernel):
    pool = kernel.pool
    free, managed = pool.free_count(), pool.view.managed
    yield f"frames    {managed} managed ({size(managed * FRAME)}), {free} free ({size(free * FRAME)})"
    yield f"          {managed - free} handed out; lock {kernel.harts.lock_state(pool.view.lock)}"
    if pool.view.debug:
        yield f"          debug mode: {pool.view.events} events are recorded"
    for i, bank in enumerate(pool.banks):
        yield f"bank {i}    {wide_span(bank.first * FRAME, (bank.first + bank.nframes) * FRAME)}"
        inserted, free = bank.bits("inserted"), bank.bits("free")
        yield (
            f"          {bank.view.managed} managed, {bits.count(inserted)} inserted, {bits.count(free)} free"
            f" in {plural(sum(1 for _ in bits.runs(free)), 'run')}, the longest {size(bits.longest(free) * FRAME)}"
        )
        for start, end, who in _taken(kernel, bank, inserted & ~free):
            yield f"  taken   {wide_span(start * FRAME, end * FRAME)}  {who}".rstrip()
    for hart in kernel.harts:
        stock = pool.stock(hart.index)
        if stock and stock.base != NONE:
            yield f"hart {hart.id} takes from {span(stock.base * FRAME, (stock.base + 64) * FRAME)}"


def _taken(kernel, bank, out):
    """(first, end, who) of frames side by side that one owner has."""
    for first, end in bits.runs(out):
        at, stop = bank.base + first, bank.base + end
        start, who = at, None
        while at < stop:
            words, after = _owner(kernel, bank, at)
            if words != who and at != start:
                yield start, at, who
                start = at
            who, at = words, min(max(after, at + 1), stop)
        yield start, stop, who


def _owner(kernel, bank, pfn):
    """Who has a frame that is handed out, as far as it can be told, and where that ends."""
    address = pfn * FRAME
    for hart in kernel.harts:
        if 0 <= address - kernel.harts.area(hart) < kernel.harts.area_size:
            return f"stacks and record of hart {hart.id}", (kernel.harts.area(hart) + kernel.harts.area_size) // FRAME
    if trace.at(kernel, address):
        return "the trace's", pfn + 1
    block, past = kernel.heap.block_of(address), bank.past(pfn)
    if block:
        return "the heap's", (block.start + block.bytes + FRAME - 1) // FRAME
    if past:
        return f"{past.what} by {kernel.caller(past.site)} on hart {kernel.harts.id_of(past.hart)}", pfn + 1
    return "", pfn + 1
