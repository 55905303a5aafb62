# SPDX-License-Identifier: MIT
"""Writes flattened device trees, also such as no compiler would write.

    root = node("", [cells_of(2, 2)], [node("memory@80000000", [...])])
    flatten(root).bytes()

Devicetree Specification v0.4, chapter 5. A Blob keeps its parts apart until bytes(), and knows where
each token went (`places`), so that a case can damage exactly the thing that it is about.
"""

import struct

MAGIC = 0xD00DFEED
BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9
FIELDS = (
    "magic totalsize off_dt_struct off_dt_strings off_mem_rsvmap version last_comp_version boot_cpuid_phys"
    " size_dt_strings size_dt_struct"
).split()


def u32(value):
    return struct.pack(">I", value & 0xFFFFFFFF)


def u64(value):
    return struct.pack(">Q", value & 0xFFFFFFFFFFFFFFFF)


def number(value, cells):
    """`value` in so many cells, the high ones lost if it does not fit."""
    return (value % (1 << 32 * cells)).to_bytes(4 * cells, "big") if cells else b""


def text(*words):
    """A string, or a list of them."""
    return b"".join(raw(word) + b"\0" for word in words)


def raw(word):
    return word if isinstance(word, bytes) else word.encode()


class Node:
    """Properties are a list, so that there may be two of one name."""

    def __init__(self, name, properties=(), children=()):
        self.name = raw(name)
        self.properties = [(raw(n), v) for n, v in properties]
        self.children = list(children)


def node(name, properties=(), children=()):
    return Node(name, properties, children)


class Strings:
    def __init__(self):
        self.data = b""
        self.at = {}

    def offset(self, name):
        if name not in self.at:
            self.at[name] = len(self.data)
            self.data += name + b"\0"
        return self.at[name]


class Tokens:
    """The structure block while it grows. `nop` is put before each token, for trees full of holes."""

    def __init__(self, strings, nops=0):
        self.data = bytearray()
        self.strings = strings
        self.nops = nops
        self.places = []  # (what, name, offset): begin, name, end, prop, value, last

    def _token(self, what, name, value):
        self.data += u32(NOP) * self.nops
        self.places.append((what, name, len(self.data)))
        self.data += u32(value)

    def _pad(self, filler=b"\0"):
        while len(self.data) % 4:
            self.data += filler

    def begin(self, name):
        self._token("begin", name, BEGIN_NODE)
        self.places.append(("name", name, len(self.data)))
        self.data += name + b"\0"
        self._pad()

    def end(self, name=b""):
        self._token("end", name, END_NODE)

    def prop(self, name, value):
        self._token("prop", name, PROP)
        self.data += u32(len(value)) + u32(self.strings.offset(name))
        self.places.append(("value", name, len(self.data)))
        self.data += value
        self._pad()

    def last(self):
        self._token("last", b"", END)

    def tree(self, root):
        """All of `root`, without recursion: some of these trees are deep."""
        todo = [(True, root)]
        while todo:
            opens, this = todo.pop()
            if not opens:
                self.end(this.name)
                continue
            self.begin(this.name)
            for name, value in this.properties:
                self.prop(name, value)
            todo.append((False, this))
            todo += [(True, child) for child in reversed(this.children)]


class Blob:
    def __init__(self, tokens, strings, memreserve, version=17, last_comp=16, order="rts", gap=0, boot_cpu=0):
        self.header_size = 40 if version >= 17 else 36
        self.reserve = b"".join(u64(a) + u64(s) for a, s in memreserve) + u64(0) * 2
        self.structure = bytes(tokens.data)
        self.strings = bytes(strings.data)
        self.places = tokens.places
        self.fields = {"magic": MAGIC, "version": version, "last_comp_version": last_comp}
        self.fields["boot_cpuid_phys"] = boot_cpu
        self.order = order  # of the blocks: reserve, tokens, strings
        self.gap = gap  # free bytes before each block and at the end
        self.forced = {}
        self.shift = {}  # by how much a block is off its alignment

    def force(self, **fields):
        """Header fields that say something else than what is so."""
        self.forced.update(fields)
        return self

    def layout(self):
        at = self.header_size
        found = {}
        for block in self.order:
            at += self.gap
            align = {"r": 8, "t": 4, "s": 1}[block]
            at = -(-at // align) * align + self.shift.get(block, 0)
            data = {"r": self.reserve, "t": self.structure, "s": self.strings}[block]
            found[block] = (at, data)
            at += len(data)
        return found, at + self.gap

    def offset_of(self, what, name=b""):
        """Where in the blob the first place of this kind is."""
        name = raw(name)
        at = next(o for w, n, o in self.places if w == what and n == name)
        return self.layout()[0]["t"][0] + at

    def bytes(self):
        blocks, total = self.layout()
        fields = dict(self.fields)
        fields.update(totalsize=total, off_dt_struct=blocks["t"][0], off_dt_strings=blocks["s"][0])
        fields.update(off_mem_rsvmap=blocks["r"][0], size_dt_strings=len(self.strings))
        fields.update(size_dt_struct=len(self.structure))
        fields.update(self.forced)
        out = bytearray(b"\xa5" * total if self.gap else total)
        out[: self.header_size] = b"".join(u32(fields[f]) for f in FIELDS)[: self.header_size]
        for at, data in blocks.values():
            out[at : at + len(data)] = data
        return bytes(out)


def flatten(root, memreserve=(), nops=0, **options):
    strings = Strings()
    tokens = Tokens(strings, nops)
    tokens.tree(root)
    tokens.last()
    return Blob(tokens, strings, memreserve, **options)
