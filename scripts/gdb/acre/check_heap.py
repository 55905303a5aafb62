# SPDX-License-Identifier: MIT
"""check_heap.py - H2 and H3 of src/mm/heap/heap.c; H1 is what the other parts of it check; and its page map."""

from acre.heap import CLASSES, PART, TABLE
from acre.words import span

UNIT = 16


def class_size(number):
    """slab_class_size()"""
    if number <= 8:
        return number * UNIT
    return (8 + (number - 1) % 8 + 1) * UNIT << (number - 1) // 8 - 1


def shared_class(number):
    if number > 8:
        return (number + 7) // 8 * 8
    return 8 if number > 4 else 4 if number > 2 else number


def check(kernel):
    heap = kernel.heap
    if heap.view.object_limit != class_size(CLASSES) + 1:
        yield "H1: the heap was not initialised", f"object_limit is {heap.view.object_limit}"
        return
    for i in range(heap.nregions):
        table = heap.view.table[i]
        run = heap.run_at(table.start)
        if run and run.kind != TABLE:
            yield "H2: a table of the heap can be handed out", span(table.start, table.start + table.bytes)
    class_of, serving = list(heap.view.class_of), list(heap.view.serving)
    for i, (number, now) in enumerate(zip(class_of, serving)):
        size = i * UNIT
        if not 0 < number <= CLASSES or class_size(number) < size or number > 1 and class_size(number - 1) >= size:
            yield "H3: a size does not have the smallest class", f"{size} bytes, class {number}"
        elif now not in (number, shared_class(number)):
            yield "H3: a size is served by a class that is not for it", f"{size} bytes, class {now}"
    yield from _owners(kernel)


def _owners(kernel):
    """The second half of S1: no other frame leads to a slab."""
    heap = kernel.heap
    known = {slab.address: slab for number in range(1, heap.large + 1) for slab in heap.slabs_of(number)}
    tables = [(base, length >> 12, owners) for base, length, owners in heap.map_regions]
    if heap.nwindows:
        for w, leaf in enumerate(kernel.memory.words(heap.root, heap.nwindows)):
            if leaf:
                tables.append((heap.windows + (w << 21), 512, leaf))
    for base, count, owners in tables:
        for i, owner in enumerate(kernel.memory.words(owners, count)):
            if not owner:
                continue
            slab = known.get(owner & ~PART)
            at = base + (i << 12)
            if slab is None or not slab.base <= at < slab.base + slab.count * slab.size:
                yield "S1: a frame leads to a slab that does not have it", f"frame {at:#x}, owner {owner:#x}"
