# SPDX-License-Identifier: MIT
"""bits.py - bitmaps as Python's integers: bit i of the map is bit i of the number."""


def of(memory, address, count):
    """The first @count bits of the 64-bit words at @address."""
    return int.from_bytes(memory.read(address, (count + 63) // 64 * 8), "little") & ((1 << count) - 1)


def lowest(x):
    """The index of the lowest set bit; -1 of 0."""
    return (x & -x).bit_length() - 1


def count(x):
    return bin(x).count("1")


def runs(x):
    """(first, end) of each run of set bits, upwards."""
    at = 0
    while x:
        skip = lowest(x)
        x >>= skip
        length = lowest(x + 1)
        yield at + skip, at + skip + length
        x >>= length
        at += skip + length


def longest(x):
    return max(map(len, bin(x)[2:].split("0"))) if x else 0
