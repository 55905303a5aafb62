# SPDX-License-Identifier: MIT
"""layout.py - structures, as the debug information of the kernel describes them, taken out of bytes.

    bank = view(memory, address, kind_of("struct frame_bank"))
    bank.nframes, bank.chunks.level[0]           numbers; what a member of a structure or an array is, is a view

gdb.Value reads from the target for each member. Here gdb is asked once where each member is.
"""

import gdb

HINT = "Are these the kernel's symbols? file build/rv64-release/acre.elf loads them."


class Number:
    def __init__(self, size, signed=False):
        self.size, self.signed = size, signed

    def at(self, memory, address):
        return int.from_bytes(memory.read(address, self.size), "little", signed=self.signed)


class Struct:
    def __init__(self, kind):
        self.name, self.size = str(kind), kind.sizeof
        self.members = {f.name: (f.bitpos // 8, describe(f.type)) for f in kind.fields() if f.name}

    def at(self, memory, address):
        return View(memory, address, self)


class Array:
    def __init__(self, element, count):
        self.element, self.count, self.size = element, count, element.size * count

    def at(self, memory, address):
        return ArrayView(memory, address, self)


class View:
    __slots__ = ("_memory", "_kind", "address")

    def __init__(self, memory, address, kind):
        self._memory, self.address, self._kind = memory, address, kind

    def __getattr__(self, name):
        try:
            offset, kind = self._kind.members[name]
        except KeyError:
            raise gdb.GdbError(f"{self._kind.name} has no member {name}: are these the kernel's own symbols?") from None
        return kind.at(self._memory, self.address + offset)

    def address_of(self, name):
        return self.address + self._kind.members[name][0]

    @property
    def sizeof(self):
        return self._kind.size


class ArrayView:
    __slots__ = ("_memory", "_kind", "address")

    def __init__(self, memory, address, kind):
        self._memory, self.address, self._kind = memory, address, kind

    def __len__(self):
        return self._kind.count

    def __getitem__(self, i):
        if not 0 <= i < self._kind.count:
            raise IndexError(i)
        return self._kind.element.at(self._memory, self.address + i * self._kind.element.size)

    def __iter__(self):
        return (self[i] for i in range(self._kind.count))


_named = {}
_variables = {}
_linked = None


def forget():
    """Other symbols were loaded."""
    global _linked
    _named.clear()
    _variables.clear()
    _linked = None


def describe(kind):
    kind = kind.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_STRUCT:
        name = str(kind.unqualified())
        if kind.tag is None:
            return Struct(kind)
        if name not in _named:
            _named[name] = Struct(kind)
        return _named[name]
    if kind.code == gdb.TYPE_CODE_ARRAY:
        low, high = kind.range()
        return Array(describe(kind.target()), high - low + 1)
    return Number(kind.sizeof, kind.code == gdb.TYPE_CODE_INT and kind.is_signed)


def kind_of(name):
    if name not in _named:
        try:
            return describe(gdb.lookup_type(name))
        except gdb.error as error:
            raise gdb.GdbError(f"{error} {HINT}") from None
    return _named[name]


def enumerators(name):
    """Number to name."""
    key = ("enum", name)
    if key not in _variables:
        _variables[key] = {f.enumval: f.name for f in gdb.lookup_type(f"enum {name}").fields()}
    return _variables[key]


def _evaluate(expression):
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error as error:
        raise gdb.GdbError(f"{error} {HINT}") from None


def image_start():
    """Where gdb has the symbols now."""
    global _linked
    if _linked is None:
        _linked = int(_evaluate("(unsigned long)&image_start"))
    return _linked


def offset(expression):
    """How far the variable, the function or the label is from the start of the image."""
    if expression not in _variables:
        _variables[expression] = int(_evaluate(f"(unsigned long)&{expression}")) - image_start()
    return _variables[expression]


def kind_of_variable(expression):
    key = ("type", expression)
    if key not in _variables:
        _variables[key] = describe(_evaluate(expression).type)
    return _variables[key]
