# SPDX-License-Identifier: MIT
"""kernel.py - one kernel in one memory: its variables by name, wherever the image is, and what is made of them.

All other files get what they show from here. The parts are made when they are first asked for, and kept until the
target runs, its memory is changed, or other symbols come.
"""

import functools

import gdb

from acre import layout
from acre.frames import Pool
from acre.harts import Harts
from acre.heap import Heap
from acre.locate import find_image, move_symbols
from acre.map import Map
from acre.memory import Memory, Unreadable


class Kernel:
    def __init__(self, memory, base):
        self.memory, self.base = memory, base

    # ---- variables and structures ---------------------------------------------------------------

    def address(self, symbol):
        return self.base + layout.offset(symbol)

    def variable(self, name):
        """A number, or a view of a structure or an array. `'src/file.c'::name` is a static one."""
        return layout.kind_of_variable(name).at(self.memory, self.address(name))

    def view(self, kind, address):
        return layout.kind_of(kind).at(self.memory, address)

    def array(self, kind, address, count):
        return layout.Array(layout.kind_of(kind), count).at(self.memory, address)

    def string(self, address):
        return self.memory.string(address)

    def word_of(self, table, i, unknown):
        """Entry @i of a table of strings, the kernel's own: so the words here are those that it prints."""
        table = self.variable(table)
        return self.string(table[i]) if 0 <= i < len(table) and table[i] else unknown

    # ---- names of functions ---------------------------------------------------------------------

    @functools.cached_property
    def symbols(self):
        """[(address, name)] of the table in the image."""
        count = self.memory.number(self.address("symbol_count"), 4)
        start, names = self.address("text_start"), self.address("symbol_names")
        table = self.memory.words(self.address("symbol_table"), 2 * count, 4)
        text = self.memory.read(names, max(table[1::2], default=0) + 256) if count else b""
        return [(start + table[2 * i], text[table[2 * i + 1] :].split(b"\0", 1)[0].decode()) for i in range(count)]

    def symbol_find(self, address):
        """(name, offset) of the function there, or None."""
        if not self.address("text_start") <= address < self.address("text_end") or not self.symbols:
            return None
        low, high = 0, len(self.symbols)
        while high - low > 1:
            mid = (low + high) // 2
            low, high = (mid, high) if self.symbols[mid][0] <= address else (low, mid)
        return self.symbols[low][1], address - self.symbols[low][0]

    def caller(self, address):
        """The call that returns to @address: "0x80201234 frame_insert+0x14"."""
        found = self.symbol_find(address - 1)
        return f"{address:#x} {found[0]}+{found[1] + 1:#x}" if found else f"{address:#x}"

    # ---- parts ----------------------------------------------------------------------------------

    @functools.cached_property
    def map(self):
        return Map(self)

    @functools.cached_property
    def pool(self):
        return Pool(self)

    @functools.cached_property
    def heap(self):
        return Heap(self)

    @functools.cached_property
    def harts(self):
        return Harts(self)


# ---- the kernel that gdb debugs -------------------------------------------------------------------


def fetch(address, size):
    try:
        return bytes(gdb.selected_inferior().read_memory(address, size))
    except gdb.MemoryError:
        raise Unreadable(address) from None
    except gdb.error as error:
        raise gdb.GdbError(str(error)) from None


_current = None


def forget(*_):
    global _current
    _current = None


def _forget_symbols(*_):
    forget()
    layout.forget()


def is_known():
    """Has nothing changed since current() was asked?"""
    return _current is not None


def current():
    """The kernel of the selected inferior. Its symbols are moved to where it is."""
    global _current
    if _current is None:
        if not gdb.selected_inferior().threads():
            raise gdb.GdbError("no kernel is debugged: make debug, target remote, or core-file DUMP")
        memory = Memory(fetch)
        base = find_image(memory, layout.image_start())
        if base is None:
            raise gdb.GdbError("no kernel there: once it runs, or is loaded, say acre locate or acre locate ADDRESS")
        move_symbols(base)
        _current = Kernel(memory, base)
    return _current


def watch():
    """Hear of what makes `current` old. Which dump is loaded says no event but that of its threads."""
    events = gdb.events
    for event in (events.cont, events.memory_changed, events.exited, events.new_thread, events.inferior_call):
        event.connect(forget)
    for event in (events.new_objfile, events.clear_objfiles):
        event.connect(_forget_symbols)
