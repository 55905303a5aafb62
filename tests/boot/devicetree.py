# SPDX-License-Identifier: MIT
"""Reads a flattened device tree: Devicetree Specification v0.4, chapter 5. For trees that are in order."""

import struct

BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9


class Node:
    def __init__(self, name, parent=None):
        self.name = name
        self.parent = parent
        self.properties = {}
        self.children = []

    def child(self, name):
        return next((c for c in self.children if c.name == name), None)

    def string(self, name):
        return self.properties[name].rstrip(b"\0").decode() if name in self.properties else None

    def cell(self, name, default=None):
        return int.from_bytes(self.properties[name], "big") if name in self.properties else default

    def enabled(self):
        return self.string("status") in (None, "ok", "okay")

    def pairs(self, name="reg"):
        """The (address, size) pairs of a property, in the cells that the parent says."""
        wide = 4 * self.parent.cell("#address-cells", 2)
        pair = wide + 4 * self.parent.cell("#size-cells", 1)
        value = self.properties.get(name, b"")
        return [
            (int.from_bytes(value[at : at + wide], "big"), int.from_bytes(value[at + wide : at + pair], "big"))
            for at in range(0, len(value), pair)
        ]


def total_size(header):
    magic, size = struct.unpack_from(">II", header)
    assert magic == 0xD00DFEED, "no device tree"
    return size


def parse(blob):
    """The root node, and the (address, size) pairs of the /memreserve/ block."""
    structure, strings, reserve = struct.unpack_from(">III", blob, 8)
    reserved = []
    while True:
        address, size = struct.unpack_from(">QQ", blob, reserve)
        if (address, size) == (0, 0):
            break
        reserved.append((address, size))
        reserve += 16

    def text(at):
        return blob[at : blob.index(b"\0", at)].decode()

    at = structure
    top = Node("")  # above the root
    node = top
    while True:
        (token,) = struct.unpack_from(">I", blob, at)
        at += 4
        if token == BEGIN_NODE:
            child = Node(text(at), node)
            node.children.append(child)
            node = child
            at = (at + len(node.name) + 4) & ~3
        elif token == END_NODE:
            node = node.parent
        elif token == PROP:
            size, name = struct.unpack_from(">II", blob, at)
            node.properties[text(strings + name)] = blob[at + 8 : at + 8 + size]
            at = (at + 8 + size + 3) & ~3
        elif token == END:
            return top.children[0], reserved
