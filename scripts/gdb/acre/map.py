# SPDX-License-Identifier: MIT
"""map.py - the memory map: regions, banks, reservations, and what of these lies outside RAM or has two owners."""

import bisect
from typing import NamedTuple

from acre import layout
from acre.words import plural, size, wide_span

NONE = 0xFFFFFFFF  # MEMMAP_NO_NODE, MEMMAP_NO_BANK, MEMMAP_NO_INDEX
PADDR_LIMIT = 1 << 56
FRAME = 4096


class Region(NamedTuple):
    start: int
    end: int
    kind: int
    node: int
    bank: int
    index: int
    name: str

    def same_owner(self, other):
        return (self.kind, self.index, self.name) == (other.kind, other.index, other.name)

    def __contains__(self, address):
        return self.start <= address < self.end

    @property
    def title(self):
        """memmap_name()"""
        return (self.name if self.index == NONE else f"{self.name} {self.index}")[:95]


class Map:
    def __init__(self, kernel):
        self.kernel = kernel
        self.memmap = kernel.variable("machine").memmap
        self.kinds = {name.replace("MEMMAP_", ""): n for n, name in layout.enumerators("memmap_kind").items()}

    def table(self, which, count):
        """Entries as they are, with names that may be None."""
        names = {}
        for r in self.kernel.array("struct memmap_region", getattr(self.memmap, which), count):
            at = r.name
            if at not in names:
                names[at] = self.kernel.string(at) if at else None
            yield Region(r.range.start, r.range.end, r.kind, r.numa_node, r.bank, r.index, names[at])

    def _list(self, which, count):
        name = "_" + which
        if name not in self.__dict__:
            self.__dict__[name] = [r._replace(name=r.name or "") for r in self.table(which, count)]
        return self.__dict__[name]

    @property
    def regions(self):
        return self._list("region", self.memmap.nregions)

    @property
    def banks(self):
        return self._list("bank", self.memmap.nbanks)

    @property
    def reservations(self):
        return self._list("reservation", self.memmap.nreservations)

    def kind_name(self, kind):
        return self.kernel.word_of("memmap_kind_str::text", kind, "unknown kind")

    # ---- questions ------------------------------------------------------------------------------

    def _first_above(self, regions, address):
        key = (id(regions), "ends")
        if key not in self.__dict__:
            self.__dict__[key] = [r.end for r in regions]
        return bisect.bisect_right(self.__dict__[key], address)

    def find(self, address):
        i = self._first_above(self.regions, address)
        return self.regions[i] if i < len(self.regions) and address in self.regions[i] else None

    def bytes_of(self, kind):
        return sum(r.end - r.start for r in self.regions if r.kind == kind)

    def outside(self):
        """memmap_outside(): the parts of reservations that are not RAM."""
        if "_outside" not in self.__dict__:
            self._outside = list(self._find_outside())
        return self._outside

    def _find_outside(self):
        for r in self.reservations:
            start = r.start
            while r.kind != self.kinds["LEFT_OUT"] and start < r.end:
                end = r.end
                for bank in self.banks[self._first_above(self.banks, start) :]:
                    if bank.start > start:
                        end = min(end, bank.start)
                        break
                    start = bank.end
                if start < end:
                    yield r._replace(start=start, end=end)
                start = max(start, end)

    # ---- two owners -----------------------------------------------------------------------------

    def conflicts(self):
        """memmap_next_conflict(): [(start, end, winner, loser)]"""
        if "_conflicts" not in self.__dict__:
            self._conflicts = [c for loser in self.reservations for c in self._find_conflicts(loser)]
        return self._conflicts

    def _find_conflicts(self, loser):
        at, regions = self._first_above(self.regions, loser.start), self.regions
        while at < len(regions) and regions[at].start < loser.end:
            winner = regions[at]
            end = winner.end
            at += 1
            while at < len(regions) and regions[at].start == end and regions[at].same_owner(winner):
                end = regions[at].end
                at += 1
            if self._contradicts(winner, (winner.start, end), loser):
                yield max(winner.start, loser.start), min(end, loser.end), winner, loser

    def _is_nobodys(self, kind):
        return kind in (self.kinds["MEMRESERVE"], self.kinds["LEFT_OUT"]) or kind < self.kinds["REUSABLE"]

    def _contradicts(self, winner, run, loser):
        kernel, firmware = self.kinds["KERNEL"], self.kinds["FIRMWARE"]
        nodes = [self.kinds[k] for k in ("RESERVED", "REUSABLE", "NO_MAP", "FIRMWARE")]
        if self._is_nobodys(winner.kind) or self._is_nobodys(loser.kind) or winner.same_owner(loser):
            return False
        if winner.kind == loser.kind == kernel:
            return False
        if firmware not in (winner.kind, loser.kind) or winner.kind not in nodes or loser.kind not in nodes:
            return True
        if run[0] <= loser.start and loser.end <= run[1]:
            return False
        return not self._nests_with(winner, (max(run[0], loser.start), min(run[1], loser.end)), loser)

    def _nests_with(self, owner, part, other):
        for claim in self.reservations:
            meets = max(claim.start, part[0]) < min(claim.end, part[1])
            within = other.start <= claim.start and claim.end <= other.end
            around = claim.start <= other.start and other.end <= claim.end
            if claim.same_owner(owner) and meets and not within and not around:
                return False
        return True


# ---- acre map -------------------------------------------------------------------------------------


def _line(memory_map, r):
    return f"  {wide_span(r.start, r.end)}  {memory_map.kind_name(r.kind):<17}  {r.title}".rstrip()


def show(kernel):
    memory_map = kernel.map
    ram = sum(b.end - b.start for b in memory_map.banks)
    yield f"memory    {size(ram)} of RAM in {plural(len(memory_map.banks), 'bank')}"
    yield from (_line(memory_map, r) for r in memory_map.regions)
    outside = memory_map.outside()
    if outside:
        yield "reserved outside RAM: listed, not counted"
        yield from (_line(memory_map, r) for r in outside)
    for start, end, winner, loser in memory_map.conflicts():
        yield (
            f"two owners of {wide_span(start, end)}: {winner.title} ({memory_map.kind_name(winner.kind)}) has it, "
            f"{loser.title} ({memory_map.kind_name(loser.kind)}) claims it too"
        )
    total = sum(r.end - r.start for r in memory_map.regions)
    yield f"sum       {total} bytes, {'all of' if total == ram else 'which is NOT all of'} RAM"
