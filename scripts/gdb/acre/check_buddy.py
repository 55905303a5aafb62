# SPDX-License-Identifier: MIT
"""check_buddy.py - I1 to I6 of src/mm/heap/buddy.c, and T1 to T3 of src/lib/bitmap_tree.c for its trees."""

from acre import bits
from acre.words import span

MAX_ORDER = 31
MAX_LEVELS = 6


def tree_bits(kernel, tree, count):
    """The bits of a struct bitmap_tree of @count, as a number; what of T1 to T3 is broken."""
    if not 0 < tree.nlevels <= MAX_LEVELS or tree.start[0]:
        return 0, "T1: a tree has between one and BITMAP_TREE_MAX_LEVELS levels"
    below, n = None, count
    broken = None
    for k in range(tree.nlevels):
        words = (n + 63) // 64
        if tree.start[k + 1] - tree.start[k] != words:
            return 0, "T1: a level has one bit for each bit or word below"
        level = int.from_bytes(kernel.memory.read(tree.words + 8 * tree.start[k], 8 * words), "little")
        if level >> n:
            broken = "T2: bits after the end of a level are clear"
        if below is not None and level & (1 << n) - 1 != _summary(below, n):
            broken = "T3: a summary bit is set if and only if its word is not zero"
        if k == 0:
            found = level & (1 << n) - 1
        below, n = level, words
    return found, broken if n == 1 else "T1: the topmost level is one word"


def _summary(x, words):
    data = memoryview(x.to_bytes(8 * words, "little")).cast("Q")
    return sum(1 << i for i, word in enumerate(data) if word)


def check(kernel):
    buddy = kernel.heap.view.runs.buddy
    low, high = buddy.granule_order, buddy.max_order
    if high > MAX_ORDER or low > high or buddy.nregions > len(buddy.region):
        yield "I1: there are more orders or regions than there can be", f"orders {low} to {high}, {buddy.nregions} regions"
        return
    regions = [buddy.region[i] for i in range(buddy.nregions)]
    total = free = 0
    where = [0] * len(buddy.where)
    for i, region in enumerate(regions):
        sentences = list(_region(buddy, regions, i))
        yield from ((sentence, _name(i, region)) for sentence in sentences)
        total += region.size
        if sentences or not region.size:
            continue
        blocks = {}
        for n in range(low, low + region.norders):
            base = region.base >> n
            tree = kernel.array("struct bitmap_tree", region.free, region.norders)[n - low]
            found, broken = tree_bits(kernel, tree, (region.base + region.size - 1 >> n) - base + 1)
            if broken:
                yield f"I2: the tree of an order is damaged: {broken}", f"{_name(i, region)}, order {n}"
            blocks[n] = {base + at for a, b in bits.runs(found) for at in range(a, b)}
            if blocks[n]:
                where[n] |= 1 << i
            free += len(blocks[n]) << n
        yield from _blocks(high, region, blocks, _name(i, region))
    for n, word in enumerate(where):
        if buddy.where[n] != word:
            yield "I5: which regions have free blocks of an order is not what their bits say", f"order {n}"
        if bool(buddy.nonempty >> n & 1) != bool(word):
            yield "I5: which orders have free blocks is not what the regions say", f"order {n}"
    if total != buddy.total_bytes:
        yield "I6: total_bytes is not the sum of the regions", f"{buddy.total_bytes} and {total}"
    if free != buddy.free_bytes:
        yield "I6: free_bytes is not the sum of the free blocks", f"{buddy.free_bytes} and {free}"


def _name(i, region):
    return f"region {i}, {span(region.base, region.base + region.size)}"


def _region(buddy, regions, i):
    region = regions[i]
    granule = 1 << buddy.granule_order
    if not (region.size or region.base or region.free or region.norders):
        if i + 1 == len(regions):
            yield "I1: the last region is none"
        return
    if not (region.base and region.free and region.size):
        yield "I1: a region has no memory or no table"
    if region.base % granule or region.size % granule:
        yield "I1: a region is not made of whole granules"
    if region.base + region.size >= 1 << 64:
        yield "I1: a region wraps"
    if not 0 < region.norders <= buddy.max_order - buddy.granule_order + 1:
        yield "I1: a region has orders that do not exist"
    for other in regions[:i]:
        if region.base < other.base + other.size and other.base < region.base + region.size:
            yield "I1: two regions overlap"


def _blocks(high, region, blocks, name):
    for n, places in blocks.items():
        for at in places:
            start = at << n
            where = f"{name}, {span(start, start + (1 << n))}"
            if start < region.base or start + (1 << n) > region.base + region.size:
                yield "I2: a free block does not lie in its region", where
            if any(start >> m in blocks[m] for m in blocks if m > n):
                yield "I3: a free block lies in another one", where
            if n < high and at ^ 1 in places and at & 1:
                yield "I4: two free buddies are not merged", where
