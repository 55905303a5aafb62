# SPDX-License-Identifier: MIT
"""Any number of random trees, each the same for the same seed and number.

    random_trees.case(seed, number)

A machine is made of a handful of edges, near which everything in it begins and ends: banks, reservations of
all kinds, windows, image, tree. So they touch, overlap, nest and share a frame all the time. Most of what is
drawn is in order; then one tree in four is spoiled: properties get lost, cut or another's value, nodes move,
bytes change.
"""

import copy
import random

import trees
from blob import flatten, node, number, raw, text, u32, u64

FRAME = 4096
TOP, WORD, KiB, MiB = trees.TOP, trees.WORD, trees.KiB, trees.MiB
STARTS = [0, 0, 0x40000000, trees.RAM, trees.RAM, trees.RAM, (1 << 32) - 8 * MiB, 1 << 32, 1 << 40, TOP - 64 * MiB]
GRAINS = [FRAME, 64 * KiB, MiB, MiB, 16 * MiB]
JITTER = [0] * 12 + [1, -1, 8, 0x800, FRAME, -FRAME, FRAME + 1]
STATUS = [text("okay")] * 3 + [text("ok"), text("disabled"), text("disabled"), text("fail"), text("fail-ecc")]
STATUS += [text("reserved"), text("failed"), text("OKAY"), text("fail-"), text(""), text("okay", "disabled")]
STATUS += [b"", b"okay", b"fail", u32(1)]
CHILD_NAMES = ["buffer@{:x}"] * 4 + ["mmode_resv{:x}", "mmode_pmp{:x}", "same", "linux,cma", "memory@{:x}", "", "x\x7f{:x}"]
CHILD_NAMES += ["n" * 63, "n" * 64]


class Machine:
    """What one tree is drawn from."""

    def __init__(self, rng):
        self.rng = rng
        self.edges = []
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            start, grain = rng.choice(STARTS), rng.choice(GRAINS)
            self.edges += [start + rng.randrange(64) * grain for _ in range(rng.randrange(3, 9))]
        if rng.random() < 0.04:
            self.edges += [WORD - 1, WORD - FRAME, TOP]

    def often(self, chance):
        return self.rng.random() < chance

    def edge(self):
        return max(0, self.rng.choice(self.edges) + self.rng.choice(JITTER))

    def span(self):
        """(start, size), sometimes of no bytes, sometimes of a few, sometimes past the end of everything."""
        start, end = sorted((self.edge(), self.edge()))
        kind = self.rng.random()
        if kind < 0.15:
            return start, self.rng.choice([1, 8, 0x123, FRAME, 0x1801, MiB])
        if kind < 0.17:
            return start, self.rng.choice([TOP, WORD - start, WORD - start - 1, WORD - 1, TOP - start])
        return start, end - start

    def spans(self, most):
        """A list of them as `reg` has it."""
        return [value for _ in range(self.rng.choice([1, 1, 1, self.rng.randrange(1, most + 1)])) for value in self.span()]

    def counts(self):
        return self.rng.choice([(2, 2)] * 12 + [(1, 1)] * 3 + [(2, 1), (1, 2), (3, 2), (2, 3), (3, 3)])

    def status(self, chance):
        return [("status", self.rng.choice(STATUS))] if self.often(chance) else []

    # ---- memory

    def bank(self, index, cells):
        rng = self.rng
        properties = [("device_type", text("memory"))] if self.often(0.8) else []
        spans = self.spans(4)
        if index == 0 and self.often(0.7):
            low, high = min(self.edges), min(max(self.edges) + FRAME, TOP)
            spans = [low, high - low]
        properties.append(trees.reg(*spans, cells=cells))
        if self.often(0.25):
            properties.append(("numa-node-id", u32(rng.choice([0, 1, 2, 0xFFFFFFFF]))))
        if self.often(0.06):
            properties.append(("linux,usable-memory", trees.reg(*self.spans(3), cells=cells)[1]))
        properties += self.status(0.12)
        rng.shuffle(properties)
        return node(rng.choice(["memory", "memory@{:x}", "memory@{:x}", "ram@{:x}"]).format(spans[0]), properties)

    # ---- reservations

    def child(self, cells):
        rng = self.rng
        properties = []
        kind = rng.random()
        name = rng.choice(CHILD_NAMES)
        start = rng.randrange(10)
        if kind < 0.68 or kind > 0.96:
            spans = self.spans(3)
            start = spans[0]
            properties.append(trees.reg(*spans, cells=cells))
        if kind > 0.66:
            properties += self.wish(cells)
        properties += [(word, b"") for word in ("no-map", "reusable") if self.often(0.25)]
        if self.often(0.1):
            properties.append(("compatible", text("shared-dma-pool")))
        properties += self.status(0.2)
        rng.shuffle(properties)
        below = [node("below", [trees.reg(*self.span(), cells=cells)])] if self.often(0.03) else []
        return node(name.format(start), properties, below)

    def wish(self, cells):
        """For a reservation without an address."""
        rng = self.rng
        largest = rng.choice([2, 0x3000, 0x3000, 64 * KiB, 64 * KiB, MiB, 16 * MiB])
        properties = [("size", number(rng.randrange(largest), cells[1]))] if self.often(0.95) else []
        if self.often(0.5):
            alignment = rng.choice([0, 1, FRAME, 1 << rng.randrange(28), 12288])
            properties.append(("alignment", number(alignment, cells[1])))
        if self.often(0.6):
            properties.append(("alloc-ranges", trees.reg(*self.spans(rng.choice([3, 20])), cells=cells)[1]))
        return properties

    def ranges(self, cells, above):
        """[] or the property, and where the folder's addresses are."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.85:
            return [("ranges", b"")]
        if kind < 0.9:
            return []
        entries = [(0, 0, min(TOP, 1 << 32 * cells[0]))] if kind < 0.95 else [
            (self.edge(), self.edge(), self.span()[1]) for _ in range(rng.randrange(1, 4))]
        widths = cells[0], above[0], cells[1]
        return [("ranges", b"".join(number(value, wide) for entry in entries for value, wide in zip(entry, widths)))]

    def folder(self, above):
        rng = self.rng
        cells = above if self.often(0.85) else self.counts()
        properties = trees.counts(*cells) if cells != (2, 1) or self.often(0.5) else []
        properties = properties + self.ranges(cells, above) + self.status(0.05)
        rng.shuffle(properties)
        children = [self.child(cells) for _ in range(rng.choice([0, 1, 2, 3, 4, 6, 12]))]
        if self.often(0.4):
            start = min(self.edges)
            children.append(trees.buffer(start, 0x80000, f"mmode_resv0@{start:x}", cells))
        return node("reserved-memory" if self.often(0.97) else "reserved-memory@0", properties, children)

    # ---- what the loader says

    def chosen(self, cells):
        rng = self.rng
        properties = []
        if self.often(0.4):
            start, size = self.span()
            end = max(0, rng.choice([start + size] * 8 + [0, start, start - 1]))
            wide = (u32, u32) if max(start, end) < 1 << 32 and self.often(0.5) else (u64, u64)
            ends = [("linux,initrd-start", wide[0](start)), ("linux,initrd-end", wide[1](end))]
            properties += ends if self.often(0.93) else [rng.choice(ends)]
        if self.often(0.08):
            properties.append(("linux,usable-memory-range", trees.reg(*self.spans(20), cells=cells)[1]))
        if self.often(0.06):
            properties.append(("linux,elfcorehdr", trees.reg(*self.span(), cells=cells)[1]))
        properties.append(("stdout-path", text("/soc/serial@10000000")))
        rng.shuffle(properties)
        return node("chosen", properties)

    def others(self):
        """Nodes that say nothing of memory, though some look like it."""
        rng = self.rng
        deep = node("memory@0", [trees.reg(*self.span())])
        for _ in range(rng.randrange(4)):
            deep = node(rng.choice(["soc", "reserved-memory", "chosen", "bus@{:x}".format(rng.randrange(16))]), [], [deep])
        return [rng.choice([trees.CPUS, trees.SOC, node("soc", trees.counts(2, 2), [deep])])]

    def tree(self):
        rng = self.rng
        cells = self.counts()
        children = [self.bank(i, cells) for i in range(rng.choice([1, 1, 1, 2, 2, 3, 5, 9]))]
        children += [self.folder(cells) for _ in range(rng.choice([0, 1, 1, 1, 1, 1, 1, 2]))]
        if self.often(0.7):
            children += [self.chosen(cells) for _ in range(rng.choice([1] * 15 + [2]))]
        if self.often(0.3):
            children += self.others()
        if self.often(0.5):
            rng.shuffle(children)
        properties = trees.counts(*cells) if cells != (2, 1) or self.often(0.5) else []
        return node("", [*properties, ("model", text("random"))], children)


# ---- what goes wrong ----------------------------------------------------------------------------------


def nodes_of(root):
    """With the parent of each."""
    todo = [(None, root)]
    for parent, here in todo:
        yield parent, here
        todo += [(here, child) for child in here.children]


def spoiled_value(machine, value):
    rng = machine.rng
    kind = rng.randrange(7)
    if kind == 0:
        return value[: -rng.randrange(1, 9)]
    if kind == 1:
        return value + bytes(rng.randrange(1, 9))
    if kind == 2:
        return b""
    if kind == 3 and value:
        at = rng.randrange(len(value)) & ~3
        return value[:at] + u32(rng.choice([0, 1, 2, 3, 4, 0xFFFFFFFF])) + value[at + 4 :]
    if kind == 4:
        return u64(machine.edge()) + u64(rng.choice([machine.span()[1], WORD - 1]))
    if kind == 5:
        return bytes(rng.randrange(256) for _ in range(rng.choice([1, 4, 8, 16])))
    return rng.choice([u32(machine.edge()), u64(machine.edge()), rng.choice(STATUS)])


def spoil_property(machine, places):
    rng = machine.rng
    here = rng.choice([here for _, here in places if here.properties])
    at = rng.randrange(len(here.properties))
    name, value = here.properties[at]
    kind = rng.random()
    if kind < 0.6:
        here.properties[at] = (name, spoiled_value(machine, value))
    elif kind < 0.75:
        del here.properties[at]
    elif kind < 0.85:
        here.properties.insert(rng.randrange(len(here.properties) + 1), (name, spoiled_value(machine, value)))
    else:
        rng.choice(places)[1].properties.append((name, value))


def spoil_node(machine, places):
    rng = machine.rng
    if len(places) == 1:
        return
    parent, here = rng.choice(places[1:])
    kind = rng.random()
    if kind < 0.4:
        here.name = raw(rng.choice(["memory", "reserved-memory", "chosen", "memory-controller@0", "Memory", "mmode_resv", "x"]))
    elif kind < 0.6:
        parent.children.remove(here)
    elif kind < 0.8:
        parent.children.append(copy.deepcopy(here))
    else:
        # Removed first: below itself it would have no end.
        parent.children.remove(here)
        rng.choice([other for _, other in nodes_of(places[0][1])]).children.append(here)


def spoil_blob(rng, blob):
    blob = bytearray(blob)
    kind = rng.random()
    if kind < 0.15:
        return bytes(blob[: rng.randrange(len(blob))])
    reach = len(blob) if kind < 0.8 else 40
    for _ in range(rng.choice([1, 1, 2, 8])):
        at = rng.randrange(reach)
        if rng.random() < 0.5:
            blob[at] = rng.randrange(256)
        else:
            at &= ~3
            blob[at : at + 4] = u32(rng.choice([0, 1, 2, 3, 4, 9, 0xFFFFFFFF, 1 << 31, rng.randrange(1 << 32)]))
    return bytes(blob)


def spoil(machine, root):
    while True:
        places = list(nodes_of(root))
        (spoil_property if machine.often(0.8) else spoil_node)(machine, places)
        if machine.often(0.6):
            return


# ---- a case -------------------------------------------------------------------------------------------


def case(seed, number_):
    rng = random.Random(f"{seed} {number_}")
    machine = Machine(rng)
    root = machine.tree()
    is_spoiled = machine.often(0.25)
    if is_spoiled:
        spoil(machine, root)
    reserve = [machine.span() for _ in range(rng.choice([0, 0, 0, 1, 2, 5]))]
    blob = flatten(
        root,
        [(start, size % WORD) for start, size in reserve if start or size],
        nops=rng.choice([0] * 15 + [1]),
        gap=rng.choice([0] * 15 + [8, 64]),
        order=rng.choice(["rts"] * 10 + ["rst", "str", "trs"]),
        version=rng.choice([17] * 10 + [16]),
    ).bytes()
    if is_spoiled and machine.often(0.15):
        blob = spoil_blob(rng, blob)
    start = min(machine.edge(), TOP - FRAME)
    end = min(rng.choice([machine.edge(), start + 64 * KiB, start + MiB + 0x123]), TOP)
    dtb = min(machine.edge() & ~7, TOP - 64 * KiB)
    words = f"mem={machine.span()[1]}" if machine.often(0.08) else ""
    if machine.often(0.05):
        words += " initrd={:#x},{}".format(*machine.span())
    return trees.Case(f"random/{seed}/{number_}", blob, None, (start, max(start, end)), dtb, bootargs=words)
