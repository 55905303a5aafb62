#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The regions that the kernel prints are those of the tree that it was given.

The tree is read out of the guest when the firmware enters the kernel, so with all that the firmware has
put into it, and what the map must be is computed from it here, by other means than the kernel's: every edge
of everything is collected, and the pieces between two edges are looked at one by one.
"""

import re
import subprocess

import devicetree
from acre import LIMIT, RELEASE, TOP, Run, add_case, arguments, main, must, must_equal, run, scratch
from gdbstub import Stub

FRAME = 4096
ENTRY = 0x80200000
A1 = 11  # the register

# Each of these is the name of some part of the image; tests/kernel/ledger_test.c knows which.
IMAGE = [f"kernel {part}" for part in ("text", "rodata", "bss", "heap", "heap's table", "padding")]
IMAGE.append("boot hart's stacks")

# The least restrictive first.
KINDS = ("usable", "reusable", "memreserve", "reserved", "initrd", "device tree", "kernel", "firmware", "no-map")


# ---- what must be -----------------------------------------------------------------------------------


def image_range(path):
    """Where the ELF file's segments go."""
    blob = path.read_bytes()
    at = int.from_bytes(blob[32:40], "little")
    count = int.from_bytes(blob[56:58], "little")
    loads = []
    for header in (blob[at + 56 * i : at + 56 * (i + 1)] for i in range(count)):
        if header[:4] == b"\x01\0\0\0":
            start = int.from_bytes(header[24:32], "little")
            loads.append((start, start + int.from_bytes(header[40:48], "little")))
    return min(start for start, _ in loads), max(end for _, end in loads)


def banks_of(root):
    found = []
    for node in root.children:
        if node.string("device_type") == "memory" and node.enabled():
            found += [(start, start + size) for start, size in node.pairs() if size]
    return sorted(found)


def kind_of(node):
    if node.name.startswith("mmode_resv"):
        return "firmware"
    if "no-map" in node.properties:
        return "no-map"
    return "reusable" if "reusable" in node.properties else "reserved"


def reserved_nodes(root):
    parent = root.child("reserved-memory")
    return [node for node in (parent.children if parent else []) if node.enabled()]


def reservations_of(root, memreserve, dtb, image):
    """[(start, end, kind, name)], without those that have no address yet."""
    found = [(s, s + size, "memreserve", f"/memreserve/ {i}") for i, (s, size) in enumerate(memreserve)]
    for node in reserved_nodes(root):
        found += [(start, start + size, kind_of(node), node.name) for start, size in node.pairs()]
    chosen = root.child("chosen")
    if "linux,initrd-start" in chosen.properties:
        found.append((chosen.cell("linux,initrd-start"), chosen.cell("linux,initrd-end"), "initrd", "initrd"))
    found.append((*dtb, "device tree", "device tree"))
    found += [(*image, "kernel", part) for part in IMAGE]
    return found


def place_dynamic(root, banks, reservations):
    """Those without an address, in the order of the tree, each at the highest place of its first window."""
    for node in reserved_nodes(root):
        if "reg" in node.properties:
            continue
        size, align = node.cell("size"), max(node.cell("alignment", 0), FRAME)
        windows = [(start, start + length) for start, length in node.pairs("alloc-ranges")]
        places = []
        for low, high in windows or [(0, 1 << 64)]:
            for start, end, kind in expected_map(banks, reservations):
                at = (min(end, high) - size) // align * align
                if kind == "usable" and at >= max(start, low):
                    places.append(at)
            if places:
                reservations.append((max(places), max(places) + size, kind_of(node), node.name))
                break


def round_inward(pieces):
    """Of what is free in one piece, whole frames are usable and the rest is slack."""
    for start, end, kind in merged(pieces):
        first, last = -(-start // FRAME) * FRAME, end // FRAME * FRAME
        if kind != "usable":
            yield start, end, kind
        elif first >= last:
            yield start, end, "rounding slack"
        else:
            yield start, first, "rounding slack"
            yield first, last, "usable"
            yield last, end, "rounding slack"


def merged(pieces):
    """Without the empty ones, and neighbours of one kind as one."""
    found = []
    for start, end, kind in pieces:
        if start == end:
            continue
        if found and found[-1][1] == start and found[-1][2] == kind:
            found[-1] = (found[-1][0], end, kind)
        else:
            found.append((start, end, kind))
    return found


def cut(banks, reservations):
    """Each piece between two neighbouring edges: (start, end, is it RAM, the reservations in it)."""
    edges = sorted({edge for piece in [*banks, *reservations] for edge in piece[:2]})
    for start, end in zip(edges, edges[1:]):
        covering = [r for r in reservations if r[0] <= start and end <= r[1]]
        yield start, end, any(b[0] <= start and end <= b[1] for b in banks), covering


def expected_map(banks, reservations):
    def kind(covering):
        return max([r[2] for r in covering] + ["usable"], key=KINDS.index)

    pieces = [(start, end, kind(covering)) for start, end, ram, covering in cut(banks, reservations) if ram]
    return merged(round_inward(pieces))


def expected_outside(banks, reservations):
    pieces = cut(banks, reservations)
    found = [(start, end, r[3]) for start, end, ram, covering in pieces if not ram for r in covering]
    return sorted(merged(sorted(found, key=lambda piece: (piece[2], piece[0]))))


# ---- what is printed --------------------------------------------------------------------------------

REGION = re.compile(r"^  \[0x([0-9a-f]{16}), 0x([0-9a-f]{16})\) +(~?[\d.]+ \w+)  (\S.*?)  +(\S.*)?$")
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def printed_regions(lines):
    """[(start, end, kind, name)]; each line's size must be that of its addresses."""
    found = []
    for match in filter(None, map(REGION.match, lines)):
        start, end = int(match[1], 16), int(match[2], 16)
        number, unit = match[3].lstrip("~").split()
        near = abs(float(number) * UNITS[unit] - (end - start))
        must(near <= (0.01 * UNITS[unit] if match[3][0] == "~" else 0), f"size in {match[0]}")
        found.append((start, end, match[4], match[5] or ""))
    return found


def split_report(result):
    """The lines of the regions, those of the sums, and those of what lies outside RAM."""
    lines = result.lines
    begin = next(i for i, line in enumerate(lines) if line.startswith("memory  "))
    sums = lines.index("taken out of RAM, and left:", begin)
    end = next(i for i in range(sums, len(lines)) if lines[i].startswith("frames  "))
    outside = next((i for i in range(sums, end) if lines[i].startswith("reserved outside RAM")), end)
    return lines[begin:sums], lines[sums:outside], lines[outside:end]


# ---- both -------------------------------------------------------------------------------------------


def boot_and_read_tree(**options):
    """Boot to the end of the banner. Returns the run and the blob's address and bytes."""
    kernel = RELEASE / "acre.elf"
    with scratch() as folder:
        path = f"{folder}/gdb"
        command = arguments(gdb=path, bootargs="poweroff", kernel=kernel, **options)
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            try:
                stub = Stub(path)
                stub.run_to(ENTRY)
                address = stub.register(A1)
                blob = stub.memory(address, devicetree.total_size(stub.memory(address, 8)))
                stub.release()
                console, messages = process.communicate(timeout=LIMIT)
            finally:
                process.kill()
    return Run(process.returncode, console, messages), address, blob


def must_be_same_map(printed, expected):
    def lines(pieces):
        return "".join(f"\n  [{start:#x}, {end:#x}) {kind}" for start, end, kind in pieces)

    surplus = [piece for piece in printed if piece not in expected]
    lacking = [piece for piece in expected if piece not in printed]
    must(printed == expected, f"printed, but not expected:{lines(surplus)}\nexpected, but not printed:{lines(lacking)}")


def compare(**options):
    result, address, blob = boot_and_read_tree(**options)
    result.must_end_with(0)
    root, memreserve = devicetree.parse(blob)
    banks = banks_of(root)
    image = image_range(RELEASE / "acre.elf")
    reservations = reservations_of(root, memreserve, (address, address + len(blob)), image)
    place_dynamic(root, banks, reservations)

    regions, sums, outside = map(list, split_report(result))
    printed = printed_regions(regions)
    # The tables of the frame pool are taken from usable memory; how much is the pool's own affair.
    plain = [(s, e, "usable" if kind == "metadata" else kind) for s, e, kind, _ in printed]
    must_be_same_map(merged(plain), expected_map(banks, reservations))
    for start, end, kind, name in printed:
        if kind not in ("usable", "rounding slack", "metadata"):
            names = [r[3] for r in reservations if r[0] <= start and end <= r[1] and r[2] == kind]
            must(name in names, f"[{start:#x}, {end:#x}) is {name}, should be one of {names}")
    must_equal(
        sorted((s, e, name) for s, e, _, name in printed_regions(outside)),
        expected_outside(banks, reservations),
        "what lies outside RAM",
    )

    bytes_of = {}
    for start, end, kind, _ in printed:
        bytes_of[kind] = bytes_of.get(kind, 0) + end - start
    found = {m[1]: int(m[2]) for m in (re.match(r"  (\S.*?)  .* (\d+) bytes$", line) for line in sums[1:]) if m}
    must_equal(found, bytes_of, "sums")
    must_equal(sum(found.values()), sum(e - s for s, e, _ in expected_map(banks, [])), "sum over all kinds")
    frames = int(result.must_say(r"^frames +(\d+) managed").group(1))
    must_equal(frames * FRAME, bytes_of["usable"], "managed frames")
    return bytes_of


def with_dts(name, **options):
    with scratch() as folder:
        blob = f"{folder}/{name}.dtb"
        run(["dtc", "-q", "-i", TOP / "tests/dts", "-o", blob, TOP / f"tests/dts/{name}.dts"]).must_end_with(0)
        return compare(dtb=blob, memory="256M", **options)


def with_initrd(size, **options):
    with scratch() as folder:
        path = f"{folder}/initrd"
        with open(path, "wb") as file:
            file.write(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
        must_equal(compare(initrd=path, **options)["initrd"], size, "bytes of the initrd")


NUMA = [
    *("-object", "memory-backend-ram,id=m0,size=128M", "-numa", "node,memdev=m0,cpus=0"),
    *("-object", "memory-backend-ram,id=m1,size=128M", "-numa", "node,memdev=m1,cpus=1"),
]

add_case("128 MiB", compare)
add_case("64 MiB, the least", lambda: compare(memory="64M"))
add_case("3 GiB, the tree in the middle", lambda: compare(memory="3G"))
add_case("8 GiB, past 32 bits", lambda: compare(memory="8G"))
add_case("1 TiB, sparse", lambda: compare(memory="1T"))
add_case("64 harts, more firmware and a larger tree", lambda: compare(harts=64))
add_case("an initrd of 1 MiB", lambda: with_initrd(1 << 20))
add_case("an initrd of odd size", lambda: with_initrd(12345, memory="512M", harts=2))
add_case("two NUMA nodes", lambda: compare(memory="256M", harts=2, qemu=NUMA))
add_case("a user's tree with holes", lambda: with_dts("holes"))
add_case("a user's tree with reservations of every kind", lambda: with_dts("reservations"))
add_case("a user's tree of one cell", lambda: with_dts("one-cell"))
add_case("a user's tree of one cell, and an initrd", lambda: with_dts("one-cell", initrd=TOP / "Makefile"))

main()
