# SPDX-License-Identifier: MIT
"""memory.py - bytes by address: of what gdb debugs, or of a dump that QEMU's dump-guest-memory wrote.

Calls of the debugger are slow over a stub, so memory is fetched in blocks, and they are kept until it may change.
"""

import mmap
import struct

BLOCK = 4096
MOST = 1 << 30  # nothing that is read at once is larger, unless its size is damaged


class Unreadable(Exception):
    """There is no memory at this address, or nothing that makes sense."""

    def __init__(self, address):
        super().__init__(f"no memory at {address:#x}")
        self.address = address


class Memory:
    """fetch(address, size): that many bytes, or Unreadable."""

    def __init__(self, fetch):
        self.fetch = fetch
        self.blocks = {}

    def read(self, address, size):
        first, last = address // BLOCK, (address + size - 1) // BLOCK
        if first == last and first in self.blocks:
            at = address % BLOCK
            return self.blocks[first][at : at + size]
        if size <= 0:
            return b""
        if size > MOST:
            raise Unreadable(address)
        self._load(first, last)
        found = b"".join(self.blocks[i] for i in range(first, last + 1)) if first != last else self.blocks[first]
        return found[address % BLOCK : address % BLOCK + size]

    def _load(self, first, last):
        """Each stretch of blocks that are missing is one fetch."""
        i = first
        while i <= last:
            if i in self.blocks:
                i += 1
                continue
            end = i + 1
            while end <= last and end not in self.blocks:
                end += 1
            found = self.fetch(i * BLOCK, (end - i) * BLOCK)
            for k in range(i, end):
                self.blocks[k] = found[(k - i) * BLOCK : (k - i + 1) * BLOCK]
            i = end

    def number(self, address, size):
        return int.from_bytes(self.read(address, size), "little")

    def words(self, address, count, size=8):
        """@count numbers of @size bytes each."""
        return memoryview(self.read(address, count * size)).cast({1: "B", 4: "I", 8: "Q"}[size]) if count else ()

    def string(self, address, most=4096):
        """What is there up to a byte of 0."""
        found = b""
        while b"\0" not in found and len(found) < most:
            found += self.read(address + len(found), BLOCK - (address + len(found)) % BLOCK)
        return found.split(b"\0")[0][:most].decode("latin-1")


class Dump(Memory):
    """An ELF core as QEMU writes it: where the bytes are, and the registers of each hart."""

    PT_LOAD, PT_NOTE, NT_PRSTATUS = 1, 4, 1
    REGISTERS = 112  # before them in a note of Linux for RISC-V: pc, x1 to x31

    def __init__(self, path):
        super().__init__(self._fetch)
        with open(path, "rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self.bytes[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path} is no 64-bit ELF file")
        (at,) = struct.unpack_from("<Q", self.bytes, 32)
        size, count = struct.unpack_from("<HH", self.bytes, 54)
        if count == 0xFFFF:  # then the first section header has it
            (count,) = struct.unpack_from("<I", self.bytes, struct.unpack_from("<Q", self.bytes, 40)[0] + 44)
        headers = [struct.unpack_from("<IIQQQQQQ", self.bytes, at + i * size) for i in range(count)]
        self.segments = sorted((h[4], h[5], h[2]) for h in headers if h[0] == self.PT_LOAD and h[5])
        self.harts = [r for h in headers if h[0] == self.PT_NOTE for r in self._registers(h[2], h[5])]

    def _registers(self, at, size):
        end = at + size
        while at + 12 <= end:
            name, length, kind = struct.unpack_from("<III", self.bytes, at)
            note = at + 12 + (name + 3) // 4 * 4
            if kind == self.NT_PRSTATUS:
                yield struct.unpack_from("<32Q", self.bytes, note + self.REGISTERS)
            at = note + (length + 3) // 4 * 4

    def _fetch(self, address, size):
        found = b""
        for start, length, at in self.segments:
            if start <= address + len(found) < start + length and len(found) < size:
                skip = address + len(found) - start
                found += self.bytes[at + skip : at + min(length, skip + size - len(found))]
        if len(found) < size:
            raise Unreadable(address + len(found))
        return found
