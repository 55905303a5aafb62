# SPDX-License-Identifier: MIT
"""boundaries.py - for tests that run it in gdb: every address at which what `why` says may change."""

from acre import bits
from acre.frames import FRAME
from acre.harts import PIECES


def boundaries(k):
    for r in (*k.map.regions, *k.map.banks, *k.map.reservations, *k.map.outside()):
        yield from (r.start, r.end)
    for start, end, _, _ in k.map.conflicts():
        yield from (start, end)
    for bank in k.pool.banks:
        for which in ("inserted", "free"):
            for first, end in bits.runs(bank.bits(which)):
                yield from ((bank.base + first) * FRAME, (bank.base + end) * FRAME)
        if bank.view.records:
            words = k.memory.words(bank.view.records, 2 * bank.nframes)
            records = list(zip(words[::2], words[1::2]))
            yield from ((bank.first + i) * FRAME for i in range(1, len(records)) if records[i - 1] != records[i])
    for hart in k.harts:
        area = k.harts.area(hart)
        yield area
        yield from (area + end for end, _ in PIECES)
        for start, end, _ in k.harts.slots:
            yield from (hart.address + start, hart.address + end)
    yield from (address for address, _ in k.symbols)
    heap = k.heap
    for number in range(1, heap.large + 1):
        for slab in heap.slabs_of(number):
            yield from (slab.base + i * slab.size for i in range(slab.count + 1))
    for region in heap.regions:
        for run in region.runs():
            yield from (run.start, run.start + run.bytes)
    for start, length in heap.grown_tables:
        yield from (start, start + length)
    yield from (0, 1 << 56, (1 << 64) - 1)
