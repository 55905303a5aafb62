# SPDX-License-Identifier: MIT
"""check_tree.py - C1 to C7 of src/mm/index/chunk_tree.c and R1 to R3 of chunk_find_run.c."""

import struct

from acre import bits

CHUNK = 512
ORDERS = 9
STALE, EMPTY, FULL, WHOLE = 0, 0x81, 0x8B, 0x80
UNKNOWN = (1 << 64) - 1
ALIGNED = [sum(1 << i for i in range(0, CHUNK, 1 << k)) for k in range(ORDERS + 1)]


def check(kernel, bank, where):
    tree = Tree(kernel, bank)
    if not 2 <= tree.nlevels <= len(tree.view.level):
        yield "C1: a tree has two levels at least", f"{where}, {tree.nlevels} levels"
        return
    yield from tree.check_chunks(where)
    for k in range(tree.nlevels):
        yield from tree.check_level(k, where)


def chunk_byte(x):
    """What the byte of a chunk with these bits is."""
    if x == (1 << CHUNK) - 1:
        return FULL
    if not x:
        return EMPTY
    order = 0
    while order < ORDERS:
        x &= x >> (1 << order)
        if not x & ALIGNED[order + 1]:
            break
        order += 1
    return order + 2


class Tree:
    def __init__(self, kernel, bank):
        self.memory, self.view = kernel.memory, bank.view.chunks
        self.nchunks, self.lead, self.nlevels = self.view.nchunks, self.view.lead, self.view.nlevels
        raw = self.memory.read(bank.view.free, bank.nbits // 8)
        self.bits = [int.from_bytes(raw[64 * c : 64 * c + 64], "little") for c in range(self.nchunks)]
        self.right = [chunk_byte(x) for x in self.bits]
        self.bytes = [self._level(k) for k in range(self.nlevels)]

    def _level(self, k):
        """{node: byte} of the groups of eight that there are."""
        first = (self.lead >> 3 * k) & ~7
        last = (self.lead + self.nchunks - 1 >> 3 * k) | 7
        return dict(enumerate(self.memory.read((self.view.level[k] + first) % (1 << 64), last + 1 - first), first))

    def chunks_below(self, k, node):
        low, high = (node << 3 * k) - self.lead, (node + 1 << 3 * k) - self.lead
        return min(max(low, 0), self.nchunks), min(max(high, 0), self.nchunks)

    # ---- chunks ---------------------------------------------------------------------------------

    def check_chunks(self, where):
        leaves = [self.bytes[0][self.lead + c] for c in range(self.nchunks)]
        start, full_from = list(self.view.start), self.view.full_from
        for c, byte in enumerate(leaves):
            if c < full_from and byte == FULL:
                yield "C7: below full_from no chunk is known to be full", f"{where}, chunk {c}"
            if any(c < start[k] and (byte == STALE or byte & ~WHOLE >= k + 2) for k in range(ORDERS + 1)):
                yield "C6: below start[k] no chunk may have an order of k", f"{where}, chunk {c}"
        if leaves.count(FULL) != self.view.nfull:
            yield "C5: nfull counts the full chunks", f"{where}, {self.view.nfull} and {leaves.count(FULL)}"

    # ---- a level --------------------------------------------------------------------------------

    def check_level(self, k, where):
        for node, byte in self.bytes[k].items():
            first, end = self.chunks_below(k, node)
            place = f"{where}, level {k}, node {node}"
            sentence = self._byte(k, node, byte, first, end)
            if sentence:
                yield sentence, place
            if first != end:
                sentence = self._runs(k, node, first, end)
                if sentence:
                    yield sentence, place

    def _byte(self, k, node, byte, first, end):
        if first == end:
            return None if byte == EMPTY else "C3: bytes that stand for no chunk say so"
        if k == 0:
            whole = byte in (EMPTY, FULL)
        else:
            whole = all(self.bytes[k - 1][8 * node + i] & WHOLE for i in range(8))
        if bool(byte & WHOLE) != whole:
            return "C4: a byte is whole if and only if all below it are"
        if byte & ~WHOLE == STALE:
            known = k + 1 < self.nlevels and self.bytes[k + 1][node // 8] & ~WHOLE != STALE
            return "C2: above a stale byte all are stale" if known else None
        if byte & ~WHOLE != self._best(first, end):
            return "C1: a byte that is not stale is the best order below it, plus 2"
        return None

    def _best(self, first, end):
        """The best order of chunks [first, end), plus 2: that of one chunk, or of full ones side by side."""
        best = max(byte & ~WHOLE for byte in self.right[first:end])
        full = sum(1 << c - first for c in range(first, end) if self.right[c] == FULL)
        step, number = 1, self.lead + first
        while full:
            full &= full >> step  # from which 2 * step chunks are full
            step *= 2
            if not any(a + -(number + a) % step < b for a, b in bits.runs(full)):
                break
            best += 1
        return best

    # ---- lengths --------------------------------------------------------------------------------

    def runs_of(self, k, node):
        """(head, best, tail), None if they are not known."""
        if k == 0:
            leaf = self.memory.number((self.view.runs[0] + 4 * node) % (1 << 64), 4)
            return None if leaf == 0xFFFFFFFF else (leaf & 1023, leaf >> 10 & 1023, leaf >> 20)
        found = struct.unpack("<3Q", self.memory.read((self.view.runs[k] + 24 * node) % (1 << 64), 24))
        return None if found[1] == UNKNOWN else found

    def _runs(self, k, node, first, end):
        runs = self.runs_of(k, node)
        if runs is None:
            known = k + 1 < self.nlevels and self.runs_of(k + 1, node // 8) is not None
            return "R2: above runs that are not known none are" if known else None
        if k == 0 and self.bytes[0][node] == STALE:
            return "R3: no runs of a stale chunk are known"
        n = CHUNK * (end - first)
        x = int.from_bytes(b"".join(self.bits[c].to_bytes(64, "little") for c in range(first, end)), "little")
        clear = ~x & (1 << n) - 1
        right = (bits.lowest(clear) if clear else n, bits.longest(x), n - clear.bit_length())
        return None if runs == right else "R1: runs that are known are right"
