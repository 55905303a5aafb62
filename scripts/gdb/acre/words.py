# SPDX-License-Identifier: MIT
"""words.py - numbers in words, as the kernel prints them."""

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def size(count):
    """fmt_size(): exact where four digits suffice, else rounded, and then it says so."""
    unit = 0
    while unit < len(UNITS) - 1 and count >> (10 * (unit + 1)):
        unit += 1
    exact = unit
    while exact > 0 and count & ((1 << 10 * exact) - 1):
        exact -= 1
    if count >> 10 * exact <= 9999:
        return f"{count >> 10 * exact} {UNITS[exact]}"
    hundredths = (count * 100 + (1 << 10 * unit) // 2) >> 10 * unit
    if hundredths == 102400:
        hundredths, unit = 100, unit + 1
    return f"~{hundredths // 100}.{hundredths % 100:02} {UNITS[unit]}"


def span(start, end):
    return f"[{start:#x}, {end:#x})"


def wide_span(start, end):
    return f"[{start:#018x}, {end:#018x}) {size(end - start):>12}"


def plural(count, word):
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
