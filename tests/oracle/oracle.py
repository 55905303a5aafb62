# SPDX-License-Identifier: MIT
"""What the memory map of a device tree must be, or that there can be none.

Written from the Devicetree Specification v0.4 (2.3, 3.4 to 3.6, 5), the reserved-memory binding, and
the choices that docs/memory-map.md makes where those leave one; not from the kernel. Numbers are
Python's, without width; the map is found by looking at each piece between two neighbouring edges.

    regions, banks, outside, unplaced, contradictions, room = oracle.memory_map(blob, image, dtb, bootargs)
    or raises oracle.Refused

    oracle.py BLOB [IMAGE_START IMAGE_END DTB [BOOTARGS]]      prints it
"""

import bisect
import itertools
import re
import struct
import sys

LIMIT = 1 << 56  # addresses end here
WORD = 1 << 64
FRAME = 4096
MAX_DEPTH = 64
MAX_CELLS = 3
MAX_WINDOWS = 16  # pairs of one alloc-ranges or linux,usable-memory-range; those behind do not count
MAX_BLOB = 16 << 20
ROOM = 0x4001
GUARD_MOST = 32 << 20  # of the lowest RAM, where the image is elsewhere
MAX_NAME = 63
UNPRINTABLE = "(unprintable name)"

# The least restrictive first.
KINDS = (
    ["usable", "rounding slack", "metadata", "reusable", "left out", "memreserve", "reserved", "initrd"]
    + ["device tree", "kernel", "firmware", "no-map"]
)
RANK = {kind: rank for rank, kind in enumerate(KINDS)}


class Refused(Exception):
    """No map can be made of this."""


def refuse_unless(condition, why):
    if not condition:
        raise Refused(why)


# ---- chapter 5: the blob ----------------------------------------------------------------------------


class Node:
    def __init__(self, name, parent):
        self.name = name
        self.parent = parent
        self.properties = {}  # the first of each name
        self.children = []

    def get(self, name):
        return self.properties.get(name)

    def called(self, name):
        """With any unit address, or none (2.2.1)."""
        return self.name == name or self.name.startswith(name + b"@")


class Reader:
    def __init__(self, blob):
        self.blob = blob

    def cell(self, at, end):
        refuse_unless(at + 4 <= end, "the blob ends in the middle of a number")
        return int.from_bytes(self.blob[at : at + 4], "big")

    def string(self, at, end, what):
        nul = self.blob.find(b"\0", at, end)
        refuse_unless(0 <= at < end and nul >= 0, f"{what} does not end")
        return self.blob[at:nul]


def header(blob):
    refuse_unless(len(blob) >= 8, "no header")
    refuse_unless(struct.unpack_from(">I", blob)[0] == 0xD00DFEED, "magic")
    refuse_unless(len(blob) >= 36, "a header cut short")
    _, total, structure, strings, reserve, version, last_comp, _, strings_size = struct.unpack_from(">9I", blob)
    refuse_unless(version >= 16 and last_comp <= 17, "version")
    size = 40 if version >= 17 else 36
    refuse_unless(size <= total <= min(len(blob), MAX_BLOB), "total size")
    structure_size = struct.unpack_from(">I", blob, 36)[0] if version >= 17 else None
    return total, size, reserve, (structure, structure_size), (strings, strings_size)


def blocks(blob):
    """The three blocks as (start, end), each inside the blob, aligned, and apart from the others."""
    total, first, reserve, (structure, structure_size), (strings, strings_size) = header(blob)
    for at in (reserve, structure, strings):
        refuse_unless(first <= at <= total, "a block outside the blob")
    refuse_unless(reserve % 8 == 0 and structure % 4 == 0, "a block that is not aligned")
    if structure_size is None:  # version 16 does not say: up to the next block
        structure_size = min([at for at in (reserve, strings, total) if at > structure] + [total]) - structure
    refuse_unless(structure + structure_size <= total and strings + strings_size <= total, "a block too long")
    reserve_end = reserve
    while True:
        refuse_unless(reserve_end + 16 <= total, "memory reservations without an end")
        reserve_end += 16
        if blob[reserve_end - 16 : reserve_end] == bytes(16):
            break
    found = [(reserve, reserve_end), (structure, structure + structure_size), (strings, strings + strings_size)]
    solid = sorted(block for block in found if block[0] < block[1])
    for low, high in zip(solid, solid[1:]):
        refuse_unless(low[1] <= high[0], "blocks that overlap")
    return found


def parse(blob):
    """The root node, and the pairs of the memory reservation block."""
    (reserve, reserve_end), (at, end), strings = blocks(blob)
    entries = [struct.unpack_from(">QQ", blob, a) for a in range(reserve, reserve_end - 16, 16)]
    reader = Reader(blob)
    root = here = None
    while True:
        token = reader.cell(at, end)
        at += 4
        if token == 1:
            name = reader.string(at, end, "a node's name")
            refuse_unless(root is None or here is not None, "a second root")
            refuse_unless(root is not None or name == b"", "a root with a name")
            child = Node(name, here)
            child.depth = 0 if here is None else here.depth + 1
            refuse_unless(child.depth < MAX_DEPTH, "too deep")
            if root is None:
                root = child
            else:
                here.children.append(child)
            here = child
            at = -(-(at + len(name) + 1) // 4) * 4
        elif token == 2:
            refuse_unless(here is not None, "the end of no node")
            here = here.parent
        elif token == 3:
            refuse_unless(here is not None, "a property of no node")
            refuse_unless(not here.children, "a property behind a child")
            size, offset = reader.cell(at, end), reader.cell(at + 4, end)
            refuse_unless(at + 8 + size <= end, "a value that is too long")
            name = reader.string(strings[0] + offset, strings[1], "a property's name")
            here.properties.setdefault(name, blob[at + 8 : at + 8 + size])
            at = -(-(at + 8 + size) // 4) * 4
        elif token == 9:
            refuse_unless(root is not None and here is None, "an end inside a node")
            return root, entries
        else:
            refuse_unless(token == 4, "an unknown token")


# ---- chapter 2: values ------------------------------------------------------------------------------


class Malformed(Exception):
    pass


def wanted(condition, why):
    if not condition:
        raise Malformed(why)


def integer(value):
    """One cell, or two."""
    wanted(len(value) in (4, 8), "neither 4 nor 8 bytes")
    return int.from_bytes(value, "big")


def cell_counts(node):
    """2.3.5: (#address-cells, #size-cells), 2 and 1 where the node does not say."""
    found = []
    for name, default in ((b"#address-cells", 2), (b"#size-cells", 1)):
        value = node.get(name)
        if value is None:
            found.append(default)
            continue
        wanted(len(value) == 4, "a count that is not one cell")
        count = int.from_bytes(value, "big")
        wanted(1 <= count <= MAX_CELLS, "no cells, or more than anybody uses")
        found.append(count)
    return tuple(found)


def pairs(value, counts):
    """2.3.6: the (address, size) pairs of `reg`."""
    address, size = (4 * count for count in counts)
    pair = address + size
    wanted(value and len(value) % pair == 0, "not a number of whole pairs")
    for at in range(0, len(value), pair):
        middle = at + address
        yield int.from_bytes(value[at:middle], "big"), int.from_bytes(value[middle : at + pair], "big")


def state(node):
    """2.3.4: "okay", "off", or "doubt": a word that nobody knows, or no string."""
    value = node.get(b"status")
    if value is None:
        return "okay"
    if b"\0" not in value:
        return "doubt"
    word = value[: value.index(b"\0")]
    if word in (b"okay", b"ok"):
        return "okay"
    return "off" if word in (b"disabled", b"fail") or word.startswith(b"fail-") else "doubt"


def translator(node):
    """2.3.8: from the node's addresses to its parent's. Without `ranges` no one can say; that is taken
    as none needed, since a reservation that is dropped may be the firmware's."""
    value = node.get(b"ranges")
    if not value:
        return lambda start, size: start
    (child, size_cells), (parent, _) = cell_counts(node), cell_counts(node.parent)
    entry = 4 * (child + parent + size_cells)
    wanted(len(value) % entry == 0, "ranges that are not whole entries")
    windows = []
    for at in range(0, len(value), entry):
        cells = [value[at + 4 * i : at + 4 * i + 4] for i in range(entry // 4)]
        windows.append(
            (
                int.from_bytes(b"".join(cells[:child]), "big"),
                int.from_bytes(b"".join(cells[child : child + parent]), "big"),
                int.from_bytes(b"".join(cells[child + parent :]), "big"),
            )
        )

    def translate(start, size):
        for bus, cpu, length in windows:
            if bus <= start < bus + length and start + size <= bus + length:
                wanted(cpu + start - bus + size < WORD, "mapped past the end of the address space")
                return cpu + start - bus
        raise Malformed("in none of the ranges")

    return translate


def shown(name):
    if 1 <= len(name) <= MAX_NAME and all(0x20 <= byte < 0x7F for byte in name):
        return name.decode("ascii")
    return UNPRINTABLE


# ---- chapter 3: what the tree says about memory -------------------------------------------------------


class Claim:
    """A bank (kind None) or a reservation: [start, end)."""

    def __init__(self, start, end, kind, name, numa=None):
        self.start, self.end = min(start, LIMIT), min(end, LIMIT)
        self.kind, self.name, self.numa = kind, name, numa

    def covers(self, start, end):
        return self.start <= start and end <= self.end


def is_memory(node):
    """3.4 wants name and type; one will do, but neither must be another one."""
    if node.called(b"chosen") or node.called(b"reserved-memory"):
        return False
    kind = node.get(b"device_type")
    return node.called(b"memory") if kind is None else kind.startswith(b"memory\0")


def banks_of(root):
    found = []
    for node in filter(is_memory, root.children):
        if state(node) != "okay":
            continue
        try:
            listed = node.get(b"linux,usable-memory")
            listed = node.get(b"reg") if listed is None else listed
            for start, size in pairs(listed or b"", cell_counts(root)):
                if size and start + size <= LIMIT:
                    found.append(Claim(start, start + size, None, shown(node.name), numa_of(node)))
        except Malformed:
            pass  # a malformed memory entry is left out
    return found


def numa_of(node):
    """All ones are no node, as for everybody who keeps such numbers in 32 bits."""
    value = node.get(b"numa-node-id")
    if value is None or len(value) != 4 or value == b"\xff" * 4:
        return None
    return int.from_bytes(value, "big")


def kind_of(node, in_order):
    if node.name.startswith((b"mmode_resv", b"mmode_pmp")):
        return "firmware"
    if node.get(b"no-map") is not None:
        return "no-map"
    return "reusable" if node.get(b"reusable") is not None and in_order else "reserved"


def reserved_nodes(root):
    return [(parent, node) for parent in root.children if parent.called(b"reserved-memory") for node in parent.children]


def static_reservations(parent):
    """Those of one /reserved-memory. A malformed one is taken at its widest, and lent to nobody."""
    for node in parent.children:
        if state(node) == "off":
            continue
        in_order = state(node) == "okay"
        reg = node.get(b"reg")
        if not reg:
            continue  # a dynamic one, or one that names no memory
        try:
            translate = translator(parent)
            for start, size in pairs(reg, cell_counts(parent)):
                wanted(start < WORD, "a start that is no address")
                if start + size < WORD:
                    base = translate(start, size)
                    yield Claim(base, base + size, kind_of(node, in_order), shown(node.name))
                else:
                    wanted(not parent.get(b"ranges"), "too long for any range")
                    yield Claim(start, WORD, kind_of(node, False), shown(node.name))
        except Malformed as why:
            raise Refused(f"{shown(node.name)}: {why}") from None


class Wish:
    """A reservation without an address, which we place."""

    def __init__(self, node, parent, in_order):
        """Raises Malformed if no one can say what is wanted."""
        self.kind, self.name = kind_of(node, in_order), shown(node.name)
        _, wide = cell_counts(parent)
        self.size = self.number(node.get(b"size"), wide)
        wanted(self.size > 0, "nothing is wanted")
        alignment = node.get(b"alignment")
        alignment = self.number(alignment, wide) if alignment is not None else 0
        wanted(alignment & (alignment - 1) == 0, "alignment is no power of two")
        self.alignment = max(alignment, FRAME)
        self.windows = [(0, LIMIT)]
        allowed = node.get(b"alloc-ranges")
        self.is_bound = allowed is not None
        if self.is_bound:
            some = itertools.islice(pairs(allowed, cell_counts(parent)), MAX_WINDOWS)
            self.windows = list(self.translated(some, translator(parent)))

    @staticmethod
    def number(value, wide):
        wanted(len(value) == 4 * wide and int.from_bytes(value, "big") < WORD, "another number of cells")
        return int.from_bytes(value, "big")

    @staticmethod
    def translated(windows, translate):
        for start, size in windows:
            try:
                wanted(start + size < WORD, "a window past the end")
                if size:
                    base = translate(start, size)
                    yield base, base + size
            except Malformed:
                pass  # it says where we may, not where we must not

    def place(self, regions):
        """The highest start in the first window that has one, or None."""
        for low, high in self.windows:
            starts = []
            for start, end, kind, *_ in regions:
                at = (min(end, high) - self.size) // self.alignment * self.alignment
                if kind == "usable" and at >= max(start, low):
                    starts.append(at)
            if starts:
                return max(starts)
        return None


def wishes(root):
    """None for one that cannot be read: nobody was promised that memory."""
    for parent, node in reserved_nodes(root):
        if state(node) == "off":
            continue
        if node.get(b"reg") is None and node.get(b"size") is not None:
            try:
                yield Wish(node, parent, state(node) == "okay")
            except Malformed:
                yield None


def chosen_nodes(root):
    return [child for child in root.children if child.called(b"chosen")]


def usable_ranges(root):
    """linux,usable-memory-range: [(start, end)], or None if the tree does not say."""
    found = None
    for chosen in chosen_nodes(root):
        value = chosen.get(b"linux,usable-memory-range")
        if value is None:
            continue
        try:
            here = [(start, start + size) for start, size in pairs(value, cell_counts(root))]
        except Malformed as why:
            raise Refused(f"linux,usable-memory-range: {why}") from None
        here = [(start, min(end, LIMIT)) for start, end in here if start < min(end, LIMIT) and end < WORD]
        here = here[:MAX_WINDOWS]
        refuse_unless(here, "nothing is usable")
        found = here if found is None else [
            (max(a[0], b[0]), min(a[1], b[1])) for a in found for b in here if max(a[0], b[0]) < min(a[1], b[1])
        ]
    return found


def left_out(root, banks, limit):
    """What mem= and linux,usable-memory-range forbid, where there is RAM."""
    allowed = usable_ranges(root)
    if allowed is not None:
        at = 0
        for start, end in [*sorted(allowed), (LIMIT, LIMIT)]:
            if at < start:
                yield Claim(at, start, "left out", "linux,usable-memory-range")
            at = max(at, end)
    if limit:
        for start, end, _ in banks:
            first = min(start + limit, end)
            limit -= first - start
            if first < end:
                yield Claim(first, end, "left out", "mem=")


def byte_count(word):
    """A number with or without a suffix, or None: not one, or more than 64 bits."""
    found = re.fullmatch(r"(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgGtT]?)", word)
    if not found:
        return None
    digits = found[1].lower()
    value = int(digits, 16) if digits.startswith("0x") else int(digits)
    value <<= {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}[found[2].lower()]
    return value if value < WORD else None


def mem_limit(bootargs):
    """The value of the last mem= that says something, 0 without one."""
    limit = 0
    for word in bootargs.split():
        if word.startswith("mem="):
            limit = byte_count(word[4:]) or limit
    return limit


def initrd_argument(bootargs):
    """(start, end) of the last initrd= or initrdmem= that can be read; (0, 0) without one."""
    found = 0, 0
    for word in bootargs.split():
        name, _, value = word.partition("=")
        numbers = [byte_count(number) for number in value.split(",")]
        if name in ("initrd", "initrdmem") and len(numbers) == 2 and None not in numbers and sum(numbers) <= LIMIT:
            found = numbers[0], sum(numbers)
    return found


def initrd(chosen):
    values = [chosen.get(name) for name in (b"linux,initrd-start", b"linux,initrd-end")]
    if None in values:
        return  # one end is none
    try:
        start, end = map(integer, values)
    except Malformed as why:
        raise Refused(f"initrd: {why}") from None
    if start <= end:
        yield Claim(start, end, "initrd", "initrd")


def elfcorehdr(chosen):
    value = chosen.get(b"linux,elfcorehdr")
    if value is None:
        return
    try:
        (start, size), = pairs(value, cell_counts(chosen.parent))
        wanted(start < WORD and start + size < WORD, "past the end of the address space")
    except (Malformed, ValueError) as why:
        raise Refused(f"linux,elfcorehdr: {why}") from None
    yield Claim(start, start + size, "reserved", "linux,elfcorehdr")


def reservations(root):
    """In the order of the tree: of two that are alike, the first has the memory. Of each /chosen and each
    /reserved-memory, though there should be one: they are reservations."""
    for node in root.children:
        if node.called(b"reserved-memory"):
            yield from static_reservations(node)
        elif node.called(b"chosen"):
            yield from initrd(node)
            yield from elfcorehdr(node)


# ---- the map ------------------------------------------------------------------------------------------


def edges_of(claims):
    return sorted({edge for claim in claims for edge in (claim.start, claim.end)})


def merge(pieces):
    """Neighbours that differ in nothing but their place become one."""
    found = []
    for piece in pieces:
        if found and found[-1][1] == piece[0] and found[-1][2:] == piece[2:]:
            found[-1] = (found[-1][0], *piece[1:])
        else:
            found.append(piece)
    return found


def cut_banks(declared):
    """[(start, end, numa)]: the union, cut where the node changes; the first one declared is believed."""
    edges = edges_of(declared)
    pieces = []
    for start, end in zip(edges, edges[1:]):
        owner = next((claim for claim in declared if claim.covers(start, end)), None)
        if owner:
            pieces.append((start, end, owner.numa))
    return merge(pieces)


def guard(banks, image, claims):
    """Where the start of RAM is nobody's, it may be the firmware's: of the RAM around the image, and of the
    lowest, up to what is reserved; of that GUARD_MOST bytes at most. If one of the two starts with a
    reservation, that is the firmware's word."""
    chains = chains_of(banks)
    own = [chain for chain in chains if chain[0] <= image[0] <= chain[1] and image[0] < image[1]]
    if not own:
        return []
    rams = [(own[-1][0], image[0])]
    rams += [(start, min(end, start + GUARD_MOST)) for start, end in chains[:1] if chains[0] is not own[-1]]
    found = []
    for start, end in rams:
        first = min((max(claim.start, start) for claim in claims if claim.start < end and claim.end > start), default=end)
        if start == first < end:
            return []
        found.append(Claim(start, first, "firmware", "possible firmware"))
    return [claim for claim in found if claim.start < claim.end]


def room_for(size, banks, claims, windows):
    """The lowest place for so many bytes in whole frames that is nobody's, and not in the windows of those who have
    no place yet if there is such a place. Frame 0 is none. None if there is no place."""
    size = -(-size // FRAME) * FRAME
    for avoided in (windows, []):
        taken = sorted([(claim.start, claim.end) for claim in claims if claim.start < claim.end] + avoided)
        for start, end in chains_of(banks):
            at = max(-(-start // FRAME) * FRAME, FRAME)
            for low, high in taken:
                if low >= at + size:
                    break
                if high > at:
                    at = -(-high // FRAME) * FRAME
            if at + size <= end:
                return at
    return None


def chains_of(banks):
    """[[start, end]]: RAM without a hole, whatever node it is of."""
    chains = []
    for start, end, _ in banks:
        if chains and chains[-1][1] == start:
            chains[-1][1] = end
        else:
            chains.append([start, end])
    return chains


def partition(banks, reservations):
    """[(start, end, kind, name, bank)] of all RAM."""
    edges = sorted({edge for bank in banks for edge in bank[:2]} | set(edges_of(reservations)))
    order = {claim: (-RANK[claim.kind], place) for place, claim in enumerate(reservations)}
    by_start = sorted(reservations, key=lambda claim: claim.start)
    pieces, open_claims, begun, bank = [], [], 0, 0
    for start, end in zip(edges, edges[1:]):
        while begun < len(by_start) and by_start[begun].start <= start:
            open_claims.append(by_start[begun])
            begun += 1
        open_claims = [claim for claim in open_claims if claim.end >= end]
        while bank < len(banks) and banks[bank][1] <= start:
            bank += 1
        if bank == len(banks) or banks[bank][0] > start:
            continue
        owner = min(open_claims, key=order.__getitem__, default=None)
        pieces.append((start, end, owner.kind if owner else "usable", owner.name if owner else "", bank))
    return merge(piece for whole in merge(pieces) for piece in whole_frames(whole))


def whole_frames(piece):
    start, end, kind, name, bank = piece
    first, last = -(-start // FRAME) * FRAME, end // FRAME * FRAME
    if kind != "usable":
        return [piece]
    if first >= last:
        return [(start, end, "rounding slack", "", bank)]
    parts = [(start, first, "rounding slack"), (first, last, "usable"), (last, end, "rounding slack")]
    return [(*part, "", bank) for part in parts if part[0] < part[1]]


def outside_ram(banks, reservations):
    """[(start, end, kind, name)], each reservation for itself, in the order in which they came."""
    found = []
    for claim in reservations:
        at = claim.start
        for start, end, _ in banks:
            if start >= claim.end:
                break
            if end <= at:
                continue
            if at < start:
                found.append((at, start, claim.kind, claim.name))
            at = max(at, end)
        if at < claim.end:
            found.append((at, claim.end, claim.kind, claim.name))
    return found


NOBODYS = {"usable", "rounding slack", "metadata", "left out", "memreserve"}
NODES = {"reusable", "reserved", "no-map", "firmware"}


def contradictions(regions, claims):
    """[(start, end, kind, name, kind, name)]: who has the memory, and who claims it too. No contradiction is it
    where one of the two is no owner, nor where of two nodes one is the firmware's and one lies in the other."""
    runs = merge((start, end, kind, name) for start, end, kind, name, _ in regions if kind not in NOBODYS)
    ends = [run[1] for run in runs]
    found = []
    for claim in claims:
        for start, end, kind, name in itertools.islice(runs, bisect.bisect_right(ends, claim.start), None):
            if start >= claim.end:
                break
            low, high = max(start, claim.start), min(end, claim.end)
            kinds = {kind, claim.kind}
            if (kind, name) == (claim.kind, claim.name) or kinds & NOBODYS or kinds == {"kernel"}:
                continue
            if "firmware" in kinds and kinds <= NODES:
                there = [c for c in claims if (c.kind, c.name) == (kind, name) and c.start < high and c.end > low]
                if all(c.covers(claim.start, claim.end) or claim.covers(c.start, c.end) for c in there):
                    continue
                if start <= claim.start and claim.end <= end:
                    continue
            found.append((low, high, kind, name, claim.kind, claim.name))
    return found


def memory_map(blob, image, dtb, bootargs=""):
    """`image` is (start, end), `dtb` the address of the blob; of `bootargs`, mem= and initrd= count. Returns regions, banks, outside, unplaced:
    the number of reservations without an address that stay without one; contradictions; where ROOM bytes of
    tables of the map can lie before those are placed."""
    root, entries = parse(blob)
    total = struct.unpack_from(">I", blob, 4)[0]
    declared = banks_of(root)
    refuse_unless(declared, "no memory")
    banks = cut_banks(declared)
    claims = [Claim(a, a + s, "memreserve", f"/memreserve/ {n}") for n, (a, s) in enumerate(entries) if s]
    claims.append(Claim(*initrd_argument(bootargs), "initrd", "initrd"))
    claims += list(reservations(root))
    claims.append(Claim(*image, "kernel", "kernel image"))
    claims.append(Claim(dtb, dtb + total, "device tree", "device tree"))
    claims = [claim for claim in claims if claim.start < claim.end]
    claims += guard(banks, image, claims)
    outside = outside_ram(banks, claims)
    claims += list(left_out(root, banks, mem_limit(bootargs)))
    regions = partition(banks, claims)
    unplaced = 0
    wanted_windows = [window for wish in wishes(root) if wish and wish.is_bound for window in wish.windows]
    room = room_for(ROOM, banks, claims, wanted_windows)
    for wish in wishes(root):
        at = wish.place(regions) if wish else None
        if at is None:
            unplaced += 1
        else:
            claims.append(Claim(at, at + wish.size, wish.kind, wish.name))
            regions = partition(banks, claims)
    return regions, banks, outside, unplaced, contradictions(regions, claims), room


def main(arguments):
    with open(arguments[0], "rb") as file:
        blob = file.read()
    numbers = [int(word, 0) for word in arguments[1:4]] or [0x80200000, 0x80E00000, 0x87E00000]
    try:
        regions, banks, outside, unplaced, both, room = memory_map(blob, tuple(numbers[:2]), numbers[2], " ".join(arguments[4:]))
    except Refused as why:
        print(f"refused: {why}")
        return 1
    for start, end, numa in banks:
        print(f"bank     [{start:#018x}, {end:#018x})  {'' if numa is None else numa}")
    for start, end, kind, name, _ in regions:
        print(f"         [{start:#018x}, {end:#018x})  {kind:16} {name}")
    for start, end, kind, name in outside:
        print(f"outside  [{start:#018x}, {end:#018x})  {kind:16} {name}")
    for start, end, kind, name, other_kind, other in both:
        print(f"twice    [{start:#018x}, {end:#018x})  {kind} {name}, and {other_kind} {other}")
    if unplaced:
        print(f"{unplaced} without a place")
    print(f"room     {'nowhere' if room is None else hex(room)} for {ROOM:#x} bytes of tables")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
