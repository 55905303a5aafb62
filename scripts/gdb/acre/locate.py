# SPDX-License-Identifier: MIT
"""locate.py - where the kernel is: the image runs at any multiple of 4096, its symbols are those of one address.

Tried are: the address that `make debug LOAD=` gave; where the registers of a hart point to, gp, tp, the trap vector
and the program counter; the address that the symbols have; and in a dump all of memory. The kernel is where its boot
header is, and has the build ID of the file.
"""

import os
import struct

import gdb

from acre import layout
from acre.memory import BLOCK, Unreadable

HEADER = b"RISCV\0\0\0RSC\x05"  # at 0x30: U-Boot knows an image by it
HEADER_AT = 0x30


def is_image(memory, address):
    try:
        return memory.read(address + HEADER_AT, len(HEADER)) == HEADER
    except (Unreadable, OverflowError):
        return False


def _register(frame, name):
    try:
        return int(frame.read_register(name)) % (1 << 64)
    except (gdb.error, ValueError):
        return None


def _registers():
    """(gp, addresses in the image) of each hart, the selected one first."""
    selected = gdb.selected_thread()
    try:
        for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.num != selected.num):
            thread.switch()
            frame = gdb.newest_frame()
            places = [_register(frame, name) for name in ("stvec", "tp", "pc", "ra")]
            yield _register(frame, "gp"), [p for p in places if p]
    finally:
        selected.switch()


def _candidates(symbols):
    load = os.environ.get("ACRE_LOAD")
    if load:
        yield int(load, 0)
    harts = list(_registers())
    gp = layout.offset("__global_pointer$")
    yield from (value - gp for value, _ in harts if value is not None and value >= gp)
    size = layout.offset("image_end")
    for _, places in harts:
        for place in places:
            yield from range(place // BLOCK * BLOCK, max(place - size, -1), -BLOCK)
    yield symbols


def _in_dump(memory):
    """The pieces of memory of a dump that gdb has loaded."""
    for line in gdb.execute("info files", to_string=True).splitlines():
        words = line.split()
        if len(words) == 5 and words[1] == "-" and words[4].startswith("load"):
            yield from search(memory, int(words[0], 16), int(words[2], 16))


def search(memory, start, end):
    """Where in [start, end) an image begins."""
    step = 1 << 20
    for at in range(start, end, step):
        data = memory.fetch(at, min(step, end - at))
        found = data.find(HEADER)
        while found >= 0:
            if (at + found - HEADER_AT) % BLOCK == 0:
                yield at + found - HEADER_AT
            found = data.find(HEADER, found + 1)


def find_image(memory, symbols):
    """Where the kernel is whose symbols gdb has at @symbols; None: nowhere."""
    seen = set()
    for candidates in (_candidates(symbols), _in_dump(memory)):
        for address in candidates:
            if address not in seen and is_image(memory, address):
                return address
            seen.add(address)
    return None


# ---- symbols --------------------------------------------------------------------------------------


def symbol_file():
    return gdb.current_progspace().filename


def _build_id(path):
    """(linked address, bytes) of the note in a file, or None."""
    with open(path, "rb") as file:
        blob = file.read(4096)
    (at,) = struct.unpack_from("<Q", blob, 32)
    size, count = struct.unpack_from("<HH", blob, 54)
    for i in range(count):
        kind, _, offset, _, address, length, _, _ = struct.unpack_from("<IIQQQQQQ", blob, at + i * size)
        if kind == 4:  # PT_NOTE
            with open(path, "rb") as file:
                file.seek(offset)
                return address, file.read(length)
    return None


def _linked_at(path):
    with open(path, "rb") as file:
        return int.from_bytes(file.read(32)[24:], "little")  # e_entry: the header comes first


def wrong_kernel(memory, base):
    """Why the kernel at @base is not that of the symbols; None: it is."""
    path = symbol_file()
    note = path and _build_id(path)
    if not note:
        return None
    address, wanted = note
    found = memory.read(address - _linked_at(path) + base, len(wanted))
    if found == wanted:
        return None
    return f"the kernel at {base:#x} is not that of {path}: its build ID is {found[16:].hex()}, not {wanted[16:].hex()}"


def move_symbols(base):
    """gdb's symbols go to where the image is: breakpoints and backtraces need that."""
    if base == layout.image_start():
        return
    path = symbol_file()
    confirm = gdb.parameter("confirm")
    gdb.execute("set confirm off")
    try:
        gdb.execute(f'symbol-file -o {base - _linked_at(path):#x} "{path}"', to_string=True)
    finally:
        gdb.execute(f"set confirm {'on' if confirm else 'off'}")
    layout.forget()
