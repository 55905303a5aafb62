# SPDX-License-Identifier: MIT
"""check_slabs.py - S1 to S5 of src/mm/heap/slab.c."""

from acre.heap import FULL, GRANULE, LISTED, SLAB, SPARE, STOCK
from acre.words import span

FRAME = 4096
STATES = (SPARE, FULL, LISTED, STOCK)


def check(kernel):
    heap = kernel.heap
    pool, found = heap.view.slabs, {}
    for number in range(1, heap.large + 1):
        yield from _class(heap, number, found)
    in_slabs = sum(r.bytes for region in heap.regions for r in region.runs() if r.kind == SLAB)
    if in_slabs != sum(found.values()):
        yield "S5: a run is a slab's, and no slab has it", f"{in_slabs} and {sum(found.values())} bytes"
    yield from _spares(heap, pool, len(found))


def _class(heap, number, found):
    """What is found: {descriptor: bytes of its run}."""
    c = heap.classes[number]
    nslabs, seen = c.nslabs, 0
    for state in STATES:
        before, at, slabs = 0, c.list[state], []
        while at:
            slab = heap.slab(at)
            where = f"class {number}, slab {at:#x}, {span(slab.base, slab.base + slab.count * slab.size)}"
            seen += 1
            if slab.prev != before or seen > nslabs or at in found:
                yield "S3: the list of a class is damaged", where
            if at in found or seen > nslabs + 1:
                return
            found[at] = _run_bytes(heap, slab)
            yield from ((sentence, where) for sentence in _slab(heap, c, slab))
            if slab.state != state:
                yield "S3: a slab is on the list of another state", where
            slabs.append(slab)
            before, at = at, slab.next
        owners = [slab.owner for i, slab in enumerate(slabs) if i == 0 or slabs[i - 1].owner != slab.owner]
        if state == STOCK and len(set(owners)) != len(owners):
            yield "S3: the slabs of a hart do not lie side by side", f"class {number}"
    if seen != nslabs:
        yield "S3: a class does not have the slabs that it counts", f"class {number}, {nslabs} and {seen}"


def _run_bytes(heap, slab):
    run = heap.run_at(slab.base)
    return run.bytes if run else 0


def _mask(count, w):
    return (1 << min(max(count - 64 * w, 0), 64)) - 1


def _slab(heap, c, slab):
    size = c.__getattr__("size")
    if slab.number != c.number or not slab.size or size not in (0, slab.size):
        yield "S1: a slab is not what its class says"
        return
    if slab.reciprocal != ((1 << 64) - 1) // slab.size + 1:
        yield "S1: a slab is not what its class says"
    if not c.least <= slab.count <= c.count:
        yield "S1: a slab has too few objects, or too many"
        return
    if slab.base % FRAME or not _has_memory(heap, c, slab):
        yield "S1: a slab does not lie in a run of its own"
    if any(word & ~_mask(slab.count, w) for w, word in enumerate(slab.free)):
        yield "S2: a bit is set for an object that does not exist"
    if any(slab.free) and slab.state == FULL:
        yield "S3: a slab with a free object is not listed"
    end = slab.base + slab.count * slab.size
    if any(heap.slab_at(at) != slab.address for at in range(slab.base, end, FRAME)):
        yield "S1: a frame of a slab does not lead to it"


def _has_memory(heap, c, slab):
    run, placed = heap.run_at(slab.base), bool(c.kind.placed)
    if run is None:
        return placed
    return not placed and run.kind == SLAB and run.start == slab.base and run.bytes >= slab.count * slab.size


def _spares(heap, pool, used):
    at, n, total, seen = pool.spare, 0, pool.ndescriptors, set()
    while at and n <= total and at not in seen:
        seen.add(at)
        slab = heap.slab(at)
        if slab.number or slab.count or any(slab.free):
            yield "S4: a spare descriptor is in use", f"descriptor {at:#x}"
        n += 1
        at = slab.next
    if n > total or at:
        yield "S4: there are more spare descriptors than descriptors", f"{total} descriptors"
    elif n + pool.nfresh + used != total:
        yield "S4: a descriptor is lost", f"{total}, of which {used} are used, {n} spare and {pool.nfresh} fresh"
