# SPDX-License-Identifier: MIT
"""check_map.py - I1 to I10 of src/mm/map/memmap.c, and L2 to L4 of src/kernel/memory/ledger.h."""

from acre.frames import FRAME
from acre.map import NONE, PADDR_LIMIT
from acre.words import span


def check(kernel):
    view = kernel.map.memmap
    if not view.resolved:
        yield "the map is not resolved", "machine.memmap"
        return
    counts = ("declared", "reservations", "banks", "regions")
    wrong = [name for name in counts if getattr(view, f"n{name}") > getattr(view, f"max_{name}")]
    for name in wrong:
        yield "I10: a count is past the end of its table", f"n{name} is {getattr(view, f'n{name}')}"
    if not wrong:
        yield from _banks(kernel.map)
        yield from _union(kernel.map, list(kernel.map.table("declared", view.ndeclared)))
        yield from _regions(kernel.map, list(kernel.map.table("region", view.nregions)))
        yield from _reservations(kernel.map)


def _banks(memory_map):
    last = None
    for i, bank in enumerate(memory_map.banks):
        where = f"bank {i}, {span(bank.start, bank.end)}"
        if bank.start >= bank.end:
            yield "I1: a bank is empty", where
        if bank.end > PADDR_LIMIT:
            yield "I1: a bank ends past the greatest physical address", where
        if last and bank.start < last.end:
            yield "I1: banks are out of order or overlap", where
        if last and bank.start == last.end and bank.node == last.node:
            yield "I1: two banks of one node touch", where
        last = bank


def _uncovered(pieces, start, end):
    """The first byte of [start, end) that is in none."""
    for piece in sorted(pieces):
        if piece.start <= start < piece.end:
            start = piece.end
    return start if start < end else None


def _union(memory_map, declared):
    for piece in declared:
        if _uncovered(memory_map.banks, piece.start, piece.end) is not None:
            yield "I2: declared memory is in no bank", span(piece.start, piece.end)
    for bank in memory_map.banks:
        if _uncovered(declared, bank.start, bank.end) is not None:
            yield "I2: a bank has memory that nobody declared", span(bank.start, bank.end)


def _regions(memory_map, regions):
    last = None
    for i, region in enumerate(regions):
        where = f"region {i}, {span(region.start, region.end)}"
        for sentence in _region(memory_map, region):
            yield sentence, where
        if last:
            for sentence in _neighbours(last, region):
                yield sentence, where
        last = region
    ram = sum(bank.end - bank.start for bank in memory_map.banks)
    total = sum(r.end - r.start for r in regions)
    if total != ram:
        yield "I5: the bytes of all kinds are not the bytes of RAM", f"{total} and {ram}"


def _region(memory_map, region):
    if region.start >= region.end:
        yield "I3: a region is empty"
    if region.kind not in memory_map.kinds.values() or region.kind == memory_map.kinds["KIND_COUNT"]:
        yield "I3: a region is of no known kind"
    if region.name is None:
        yield "I3: a region has no name"
    if region.bank >= len(memory_map.banks):
        yield "I4: a region is in a bank that does not exist"
        return
    bank = memory_map.banks[region.bank]
    if region.start < bank.start or region.end > bank.end:
        yield "I4: a region is not inside its bank"
    if region.node != bank.node:
        yield "I4: a region has not the node of its bank"
    if region.kind == memory_map.kinds["USABLE"] and (region.start % FRAME or region.end % FRAME):
        yield "I6: a usable region is not made of whole frames"
    if region.kind == memory_map.kinds["SLACK"] and region.end // FRAME > -(-region.start // FRAME):
        yield "I7: a whole frame is lost as rounding slack"


def _neighbours(below, above):
    if above.start < below.end:
        yield "I3: regions are out of order or overlap"
    elif above.bank == below.bank and above.start != below.end:
        yield "I5: memory of a bank is in no region"
    elif above.bank == below.bank and above.same_owner(below):
        yield "I8: two regions of one kind and name touch"


def _reservations(memory_map):
    for i, reservation in enumerate(memory_map.reservations):
        for region in memory_map.regions:
            if region.start < reservation.end and reservation.start < region.end and region.kind < reservation.kind:
                where = f"reservation {i}, {span(reservation.start, reservation.end)}, in {span(region.start, region.end)}"
                yield "I9: reserved memory is in a less restrictive region", where


# ---- the ledger -----------------------------------------------------------------------------------

PARTS = {  # of the image, those that lie in BSS: first byte, last byte, name
    "boot hart's stacks": "boot_hart_area",
    "kernel heap": "'src/kernel/memory/kernel_heap.c'::heap_arena",
    "kernel heap's table": "'src/kernel/memory/kernel_heap.c'::heap_table",
}


def check_ledger(kernel):
    memory_map, pool = kernel.map, kernel.pool
    image = kernel.base, kernel.address("image_end")
    for region in memory_map.regions:
        if region.start < image[1] and image[0] < region.end and region.kind < memory_map.kinds["KERNEL"]:
            yield "L2: part of the image is not the kernel's", span(region.start, region.end)
    for name, symbol in PARTS.items():
        region = memory_map.find(kernel.address(symbol))
        if region and region.kind == memory_map.kinds["KERNEL"] and region.name != name:
            yield "L2: part of the image is under another name", f"{span(region.start, region.end)} {region.name}"
    managed = pool.view.managed * FRAME
    given = memory_map.bytes_of(memory_map.kinds["USABLE"]) + memory_map.bytes_of(memory_map.kinds["LENT"])
    if managed != given:
        yield "L3: the frame pool manages not what is usable and lent", f"{managed} and {given} bytes"
    if pool.free_count() > pool.view.managed:
        yield "L3: more frames are free than there are", f"{pool.free_count()} of {pool.view.managed}"
    for region in memory_map.regions:
        if region.kind == memory_map.kinds["METADATA"] and region.index != NONE and region.index >= len(memory_map.banks):
            yield "L4: frame tables of no bank", span(region.start, region.end)
