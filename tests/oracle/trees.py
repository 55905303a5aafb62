# SPDX-License-Identifier: MIT
"""The trees of the matrix: hostile and odd ones, each with what is to come of it.

    trees.cases(seed)      all of them, the same for the same seed
    trees.py [--seed N] [--write FOLDER] [GLOB]     lists them, or writes the blobs

A case says only which answer there must be, a map or a refusal (`expect`; None where chance decides);
what the map is, is for the oracle to say. Cases that can be booted in QEMU have `boot`: their RAM is
inside what `-m 128M` really gives, and OpenSBI finds its console, timer and hart in them.
"""

import fnmatch
import itertools
import os
import random
import sys

from blob import BEGIN_NODE, END, END_NODE, NOP, PROP, Blob, Strings, Tokens, flatten, node, number, text, u32, u64

RAM = 0x80000000
RAM_SIZE = 0x8000000
RAM_END = RAM + RAM_SIZE
IMAGE = (0x80200000, 0x80D43000)
DTB = 0x87E00000
TOP = 1 << 56
WORD = 1 << 64
KiB, MiB, GiB = 1 << 10, 1 << 20, 1 << 30


class Case:
    def __init__(self, name, blob, expect="map", image=IMAGE, dtb=DTB, boot=False, bootargs=""):
        self.name, self.expect, self.image, self.dtb, self.boot = name, expect, image, dtb, boot
        self.bootargs = bootargs
        self.blob = blob if isinstance(blob, bytes) else blob.bytes()


_groups = []


def group(function):
    """A function that yields cases; their names begin with its name."""
    _groups.append(function)
    return function


def cases(seed):
    found = []
    for make in _groups:
        prefix = make.__name__.replace("_", "-")
        for case in make(random.Random(f"{seed} {prefix}")):
            case.name = f"{prefix}/{case.name}"
            found.append(case)
    names = [case.name for case in found]
    assert len(set(names)) == len(names), sorted(n for n in names if names.count(n) > 1)
    return found


# ---- pieces of trees --------------------------------------------------------------------------------


def counts(address, size):
    return [("#address-cells", u32(address)), ("#size-cells", u32(size))]


def reg(*numbers, cells=(2, 2)):
    """Address, size, address, size, ..."""
    return ("reg", b"".join(number(n, cells[i % 2]) for i, n in enumerate(numbers)))


def memory(*numbers, cells=(2, 2), name=None, more=(), kind="memory"):
    if name is None:
        name = f"memory@{numbers[0]:x}"
    properties = [("device_type", text(kind))] if kind is not None else []
    return node(name, [*properties, reg(*numbers, cells=cells), *more])


def reserved(*children, cells=(2, 2), ranges=b"", more=(), name="reserved-memory"):
    properties = list(counts(*cells)) if cells else []
    if ranges is not None:
        properties.append(("ranges", ranges))
    return node(name, [*properties, *more], children)


def buffer(start, size, name=None, cells=(2, 2), more=()):
    return node(name or f"buffer@{start:x}", [reg(start, size, cells=cells), *more])


def flag(name):
    return (name, b"")


FIRMWARE = buffer(RAM, 0x80000, "mmode_resv0@80000000")
CPUS = node(
    "cpus",
    [*counts(1, 0), ("timebase-frequency", u32(10000000))],
    [
        node(
            "cpu@0",
            [
                ("device_type", text("cpu")),
                ("reg", u32(0)),
                ("status", text("okay")),
                ("compatible", text("riscv")),
                ("riscv,isa", text("rv64imafdch_zicsr_zifencei_zba_zbb_zbs_sstc")),
                ("mmu-type", text("riscv,sv48")),
                ("phandle", u32(1)),
            ],
            [
                node(
                    "interrupt-controller",
                    [
                        ("#interrupt-cells", u32(1)),
                        flag("interrupt-controller"),
                        ("compatible", text("riscv,cpu-intc")),
                        ("phandle", u32(2)),
                    ],
                )
            ],
        )
    ],
)


def device(name, start, size, *compatible, more=()):
    return node(name, [reg(start, size), ("compatible", text(*compatible)), *more])


SOC = node(
    "soc",
    [*counts(2, 2), ("compatible", text("simple-bus")), flag("ranges")],
    [
        device("test@100000", 0x100000, 0x1000, "sifive,test1", "sifive,test0", "syscon", more=[("phandle", u32(3))]),
        device("serial@10000000", 0x10000000, 0x100, "ns16550a", more=[("clock-frequency", u32(3686400))]),
        device(
            "clint@2000000",
            0x2000000,
            0x10000,
            "sifive,clint0",
            "riscv,clint0",
            more=[("interrupts-extended", u32(2) + u32(3) + u32(2) + u32(7))],
        ),
    ],
)


def machine(*children, cells=(2, 2), chosen=(), more=()):
    """A root with what a boot needs, and `children` behind it. cells=None: no counts."""
    properties = [*(counts(*cells) if cells else []), ("compatible", text("acre,matrix")), ("model", text("matrix"))]
    here = node("chosen", [("stdout-path", text("/soc/serial@10000000")), *chosen])
    return node("", [*properties, *more], [here, CPUS, SOC, *children])


def ram(cells=(2, 2), more=()):
    return memory(RAM, RAM_SIZE, cells=cells, more=more)


def usual(*children, **options):
    """The machine with its 128 MiB, firmware said, and more children."""
    return machine(ram(), reserved(FIRMWARE), *children, **options)


def held(*buffers, chosen=(), **options):
    """The machine with its 128 MiB, and these beside the firmware under /reserved-memory."""
    return machine(ram(), reserved(FIRMWARE, *buffers, **options), chosen=chosen)


def only(*buffers, **options):
    """The machine with its 128 MiB, and these under /reserved-memory, but nothing of the firmware's."""
    return machine(ram(), reserved(*buffers, **options))


def two_banks(*buffers):
    """The same, and 16 MiB lower down."""
    return machine(ram(), memory(0x10000000, 16 * MiB), reserved(*buffers))


# ---- what is right ----------------------------------------------------------------------------------


@group
def plain(_):
    yield Case("qemu", flatten(usual()), boot=True)
    yield Case("no-firmware-node", flatten(machine(ram())), boot=True)
    yield Case("nops", flatten(usual(), nops=3))
    yield Case("gaps", flatten(usual(), gap=64))
    for order in map("".join, itertools.permutations("rts")):
        yield Case(f"order-{order}", flatten(usual(), order=order))
    yield Case("version-16", flatten(usual(), version=16, last_comp=16))
    yield Case("version-16-strings-first", flatten(usual(), version=16, last_comp=16, order="srt"))
    yield Case("version-18", flatten(usual(), version=18, last_comp=17))
    yield Case("boot-cpu-3", flatten(usual(), boot_cpu=3))
    yield Case("dtb-outside-ram", flatten(usual()), dtb=0x40000000)
    yield Case("dtb-odd-address", flatten(usual()), dtb=0x81000008)
    yield Case("dtb-at-the-end-of-ram", flatten(usual()), dtb=RAM_END - 0x100)
    yield Case("dtb-in-the-image", flatten(usual()), dtb=IMAGE[0] + 0x1000)
    yield Case("dtb-in-the-firmware", flatten(usual()), dtb=RAM + 0x7FF00)
    yield Case("image-odd", flatten(usual()), image=(0x80200008, 0x80D43123))
    yield Case("image-over-the-firmware", flatten(usual()), image=(0x80040000, 0x80D43000))
    yield Case("image-outside-ram", flatten(usual()), image=(0x40000000, 0x40100000))
    yield Case("image-half-outside", flatten(usual()), image=(RAM_END - 0x1800, RAM_END + 0x1000))
    yield Case("image-empty", flatten(usual()), image=(0x80200000, 0x80200000))


@group
def many_banks(rng):
    def spread(count, size=0x100000, gap=0x80000):
        return [(RAM + i * (size + gap), size) for i in range(count)]

    def one_node(pairs):
        return machine(memory(*itertools.chain(*pairs)), reserved(FIRMWARE))

    def nodes(pairs):
        return machine(*[memory(*pair) for pair in pairs], reserved(FIRMWARE))

    yield Case("two-pairs", flatten(one_node([(RAM, 64 * MiB), (RAM + 80 * MiB, 48 * MiB)])), boot=True)
    yield Case("two-nodes", flatten(nodes([(RAM, 64 * MiB), (RAM + 80 * MiB, 48 * MiB)])), boot=True)
    yield Case("second-first", flatten(nodes([(RAM + 80 * MiB, 48 * MiB), (RAM, 64 * MiB)])), boot=True)
    yield Case("touching", flatten(nodes([(RAM, 64 * MiB), (RAM + 64 * MiB, 64 * MiB)])), boot=True)
    yield Case("touching-off-a-frame", flatten(nodes([(RAM, 64 * MiB + 5), (RAM + 64 * MiB + 5, 63 * MiB)])), boot=True)
    yield Case("hole-of-a-byte", flatten(nodes([(RAM, 64 * MiB), (RAM + 64 * MiB + 1, 63 * MiB)])), boot=True)
    yield Case("hole-of-a-frame", flatten(nodes([(RAM, 64 * MiB), (RAM + 64 * MiB + 4096, 63 * MiB)])), boot=True)
    yield Case("the-same-twice", flatten(nodes([(RAM, RAM_SIZE), (RAM, RAM_SIZE)])), boot=True)
    yield Case("one-inside", flatten(nodes([(RAM, RAM_SIZE), (RAM + 8 * MiB, MiB)])), boot=True)
    yield Case("overlap", flatten(nodes([(RAM, 65 * MiB), (RAM + 60 * MiB, 68 * MiB)])), boot=True)
    yield Case("16-pairs", flatten(one_node(spread(16, 0x600000, 0x123000))), boot=True)
    yield Case("64-nodes", flatten(nodes(spread(64))), boot=True)
    yield Case("64-pairs", flatten(one_node(spread(64))), boot=True)
    backwards = spread(64)[::-1]
    yield Case("64-backwards", flatten(nodes(backwards)), boot=True)
    shuffled = spread(64)
    rng.shuffle(shuffled)
    yield Case("64-shuffled", flatten(one_node(shuffled)), boot=True)
    yield Case("64-odd", flatten(nodes([(a + rng.randrange(5000), s - rng.randrange(5000)) for a, s in spread(64)])))
    yield Case("128-nodes", flatten(nodes(spread(128))))
    yield Case("128-pairs", flatten(one_node(spread(128))))
    yield Case("129-pairs", flatten(one_node(spread(129, 0x80000, 0x40000))), boot=True)
    empty = [(RAM + i, 0) for i in range(200)]
    yield Case("128-and-200-empty", flatten(nodes(empty + spread(128))))
    yield Case("129-touching", flatten(nodes([(RAM + i * 0xF0000, 0xF0000) for i in range(129)])), boot=True)
    apart = [(RAM + 64 * MiB + i * 0x10000, 0x8000) for i in range(1, 1000)]
    yield Case("1000-nodes", flatten(nodes([(RAM, 64 * MiB), *apart])), boot=True)
    yield Case("1000-backwards", flatten(nodes([*apart[::-1], (RAM, 64 * MiB)])), boot=True)
    yield Case("10000-pairs", flatten(one_node([(RAM, RAM_SIZE), *[(1 << 40 | i << 16, 0x8000) for i in range(9999)]])))
    chain = [(RAM + i * 4096 + i, 8192 + 100) for i in range(100)]
    yield Case("100-overlapping", flatten(machine(*[memory(*p) for p in chain], memory(IMAGE[0], 64 * MiB))))
    slivers = [(RAM + i * 8192 + 1, 4094) for i in range(100)]
    yield Case("100-without-a-frame", flatten(machine(*[memory(*p) for p in slivers], memory(IMAGE[0], 64 * MiB))))


@group
def numa(rng):
    def on(node_id, start, size):
        return memory(start, size, more=[("numa-node-id", node_id if isinstance(node_id, bytes) else u32(node_id))])

    half = 64 * MiB
    for name, first, second, boot in [
        ("two", 0, 1, True),
        ("one-twice", 3, 3, True),
        ("large-ids", 0xFFFFFFFE, 0x80000000, False),
        ("eight-bytes", u64(1), 1, True),
        ("empty", b"", 0, True),
    ]:
        banks = [on(first, RAM, half), on(second, RAM + half, half)]
        yield Case(name, flatten(machine(*banks, reserved(FIRMWARE))), boot=boot)
    banks = [on(0, RAM, half), memory(RAM + half, half)]
    yield Case("one-without", flatten(machine(*banks, reserved(FIRMWARE))), boot=True)
    odd = half + 0x801
    yield Case(
        "changes-in-a-frame",
        flatten(machine(on(0, RAM, odd), on(1, RAM + odd, RAM_SIZE - odd), reserved(FIRMWARE))),
        boot=True,
    )
    yield Case(
        "same-in-a-frame",
        flatten(machine(on(1, RAM, odd), on(1, RAM + odd, RAM_SIZE - odd), reserved(FIRMWARE))),
        boot=True,
    )
    yield Case("overlap", flatten(machine(on(0, RAM, odd), on(1, RAM + MiB, 120 * MiB), reserved(FIRMWARE))), boot=True)
    yield Case("inside", flatten(machine(on(1, RAM + MiB, MiB), on(0, RAM, RAM_SIZE), reserved(FIRMWARE))), boot=True)
    stripes = [on(i % 4, RAM + i * 3 * MiB + rng.randrange(0x2000), 3 * MiB) for i in range(40)]
    yield Case("stripes", flatten(machine(*stripes, reserved(FIRMWARE))), boot=True)
    across = buffer(RAM + half - 0x1234, 0x2345, more=[flag("no-map")])
    yield Case(
        "reservation-across",
        flatten(machine(on(0, RAM, half), on(1, RAM + half, half), reserved(FIRMWARE, across))),
        boot=True,
    )


# ---- cells ------------------------------------------------------------------------------------------


@group
def cells(_):
    for a, s in itertools.product((1, 2, 3), repeat=2):
        some = reserved(buffer(0x84000000, 0x3000, cells=(a, s)), cells=(a, s))
        root = machine(ram((a, s)), some, cells=(a, s))
        yield Case(f"root-{a}-{s}", flatten(root), boot=3 not in (a, s))
    for a, s in itertools.product((1, 2, 3), repeat=2):
        yield Case(
            f"reserved-{a}-{s}",
            flatten(only(buffer(0x84000000, 0x3000, cells=(a, s)), cells=(a, s))),
        )
    ok = reserved(FIRMWARE)
    two_one = memory(RAM, RAM_SIZE, cells=(2, 1))
    yield Case("root-none", flatten(machine(two_one, cells=None)), boot=True)
    yield Case("root-address-only", flatten(machine(two_one, cells=None, more=[("#address-cells", u32(2))])))
    yield Case("root-size-only", flatten(machine(memory(RAM, RAM_SIZE), cells=None, more=[("#size-cells", u32(2))])))
    for name, first in [
        ("reserved-none", buffer(0x84000000, 0x3000, cells=(2, 1))),
        ("reserved-none-three-pairs", node("x", [reg(0x84000000, 0x3000, 0x85000000, 5, cells=(2, 1))])),
    ]:
        yield Case(name, flatten(only(first, cells=None)))
    yield Case("reserved-none-as-the-root", flatten(machine(ram(), reserved(FIRMWARE, cells=None))), "refused")
    high = node("memory@h", [("device_type", text("memory")), ("reg", u32(1) + u64(RAM) + u32(0) + u64(RAM_SIZE))])
    more = memory(RAM, RAM_SIZE, cells=(3, 3))
    yield Case("root-3-high-address", flatten(machine(more, high, cells=(3, 3))))
    size = node("memory@s", [("reg", u32(0) + u64(RAM) + u32(1) + u64(RAM_SIZE))])
    yield Case("root-3-high-size", flatten(machine(more, size, cells=(3, 3))))
    yield Case("root-3-high-alone", flatten(machine(high, cells=(3, 3))), "refused")
    wide = node("x@0", [("reg", u32(0) + u64(0x84000000) + u32(1) + u64(0))])
    yield Case("reserved-3-high-size", flatten(only(wide, cells=(3, 3))))
    wide = node("x@0", [("reg", u32(1) + u64(0x84000000) + u32(0) + u64(4096))])
    yield Case("reserved-3-high-address", flatten(only(wide, cells=(3, 3))), "refused")
    for name, value in [("4", u32(4)), ("huge", u32(0xFFFFFFFF)), ("u64", u64(2)), ("empty", b""), ("byte", b"\2")]:
        bad = [("#address-cells", value), ("#size-cells", u32(2))]
        yield Case(f"root-address-{name}", flatten(machine(ram(), ok, cells=None, more=bad)), "refused")
        bad = [("#address-cells", u32(2)), ("#size-cells", value)]
        yield Case(f"root-size-{name}", flatten(machine(ram(), ok, cells=None, more=bad)), "refused")
        some = reserved(FIRMWARE, cells=None, more=[("#address-cells", value), ("#size-cells", u32(2))])
        yield Case(f"reserved-address-{name}", flatten(machine(ram(), some)), "refused", boot=name == "4")
        none = reserved(cells=None, more=[("#address-cells", value), ("#size-cells", u32(2))])
        yield Case(f"reserved-address-{name}-childless", flatten(machine(ram(), none)))
    zero = memory(RAM, cells=(2, 0), name="memory@80000000")
    yield Case("root-size-0", flatten(machine(zero, cells=(2, 0))), "refused")
    sizes = node("memory", [("reg", u64(RAM_SIZE))])
    yield Case("root-address-0", flatten(machine(sizes, cells=(0, 2))), "refused", image=(0x200000, 0x900000))
    yield Case("root-0-0", flatten(machine(node("memory", [("reg", b"")]), cells=(0, 0))), "refused")
    points = node("points", [("reg", u64(0x84000000) + u64(0x85000000))])
    yield Case("reserved-size-0", flatten(only(points, cells=(2, 0))), "refused")
    here = node("here", [("reg", u64(0x80001000))])
    yield Case("reserved-address-0", flatten(only(here, cells=(0, 2))), "refused")
    yield Case("reserved-0-0", flatten(only(node("x", [("reg", b"")]), cells=(0, 0))))
    some = reserved(buffer(0x84000000, 0x3000, cells=(2, 1)), cells=(2, 1))
    yield Case("mixed-1-2-and-2-1", flatten(machine(ram((1, 2)), some, cells=(1, 2))))
    twice = machine(ram(), more=counts(1, 1))
    yield Case("root-says-twice", flatten(twice), boot=True)


# ---- memory nodes -----------------------------------------------------------------------------------


@group
def memory_nodes(_):
    ok = reserved(FIRMWARE)

    def alone(this, expect="map", name="", boot=True, **options):
        return Case(name, flatten(machine(this, ok), **options), expect, boot=boot)

    half = 64 * MiB
    first = memory(RAM, half)

    def beside(name, this, boot=True):
        return Case(name, flatten(machine(first, this, ok)), boot=boot)

    yield alone(memory(RAM, RAM_SIZE, kind=None), name="by-name-only")
    yield alone(memory(RAM, RAM_SIZE, kind=None, name="memory"), name="by-name-without-address")
    yield alone(memory(RAM, RAM_SIZE, name="ram@80000000"), name="by-type-only")
    yield alone(memory(RAM, RAM_SIZE, name="memory@dead"), name="wrong-unit-address")
    yield beside("other-type", memory(RAM + half, half, kind="cpu"))
    yield beside("memory-controller", memory(RAM + half, half, kind=None, name="memory-controller@84000000"))
    yield beside("memoryx", memory(RAM + half, half, kind=None, name="memoryx"))
    yield beside("memor", memory(RAM + half, half, kind=None, name="memor@84000000"))
    yield beside("upper-case", memory(RAM + half, half, kind=None, name="Memory@84000000"))
    yield beside("type-in-upper-case", memory(RAM + half, half, kind="MEMORY", name="ram@84000000"))
    yield beside("type-longer", memory(RAM + half, half, kind="memory2", name="ram@84000000"))
    endless = node("ram@84000000", [("device_type", b"memory"), reg(RAM + half, half)])
    yield beside("type-without-end", endless)
    listed = node("ram@84000000", [("device_type", text("memory", "ram")), reg(RAM + half, half)])
    yield beside("type-list", listed)
    second = node("ram@84000000", [("device_type", text("ram", "memory")), reg(RAM + half, half)])
    yield beside("type-second-in-list", second)
    yield beside("deeper", node("bus", [*counts(2, 2), flag("ranges")], [memory(RAM + half, half)]))
    parent = node("memory@84000000", [*counts(2, 2), reg(RAM + half, MiB)], [memory(RAM + half + MiB, MiB)])
    yield beside("under-memory", parent)
    yield beside("no-reg", node("memory@1", [("device_type", text("memory"))]))
    yield beside("empty-reg", node("memory@1", [("reg", b"")]))
    yield beside("reg-cut-short", node("memory@1", [("reg", u64(RAM + half) + u32(0))]))
    yield beside("reg-of-one-byte", node("memory@1", [("reg", b"\x80")]))
    yield beside("reg-one-pair-and-a-bit", node("memory@1", [("reg", u64(RAM + half) + u64(half) + u32(0))]))
    yield beside("reg-one-pair-and-a-half", node("memory@1", [("reg", u64(RAM + half) + u64(half) + u64(0x9000000))]))
    yield beside("zero-size", memory(RAM + half, 0))
    yield beside("zero-size-then-more", memory(RAM + half, 0, RAM + half + MiB, MiB))
    yield beside("wraps", memory(WORD - 4096, 8192))
    yield beside("wraps-to-zero", memory(WORD - 4096, 4096))
    yield beside("all-of-it", memory(0, WORD - 1))
    yield beside("size-is-all-ones", memory(RAM + half, WORD - 1))
    yield beside("past-2-56", memory(TOP - 4096, 4097))
    yield beside("behind-2-56", memory(TOP, 4096))
    yield beside("wraps-then-more", memory(WORD - 4096, 8192, RAM + half, half))
    yield beside("more-then-wraps", memory(RAM + half, half, WORD - 4096, 8192))
    yield alone(memory(RAM, 0), "refused", "only-empty")
    yield alone(memory(WORD - 4096, 8192), "refused", "only-wrapping", boot=False)
    yield alone(node("x"), "refused", "none")
    yield Case("root-alone", flatten(node("", counts(2, 2))), "refused")
    yield Case("empty-root", flatten(node("")), "refused")
    for name, value, counts_as in [
        ("okay", text("okay"), True),
        ("ok", text("ok"), True),
        ("okay-list", text("okay", "disabled"), True),
        ("disabled", text("disabled"), False),
        ("disabled-list", text("disabled", "okay"), False),
        ("reserved", text("reserved"), False),
        ("fail", text("fail"), False),
        ("fail-sss", text("fail-ecc"), False),
        ("upper-case", text("OKAY"), False),
        ("longer", text("okay!"), False),
        ("space", text(" okay"), False),
        ("empty-string", text(""), False),
        ("no-bytes", b"", False),
        ("no-end", b"okay", False),
        ("number", u32(1), False),
    ]:
        yield beside(f"status-{name}", memory(RAM + half, half, more=[("status", value)]), boot=name in ("ok", "fail"))
        only = memory(RAM, RAM_SIZE, more=[("status", value)])
        yield alone(only, "map" if counts_as else "refused", f"status-{name}-alone", boot=name == "disabled")
    yield beside("unprintable", memory(RAM + half, half, name=b"ram\x1b[2J"))
    yield beside("long-name", memory(RAM + half, half, name="m" * 200))
    yield beside("hotpluggable", memory(RAM + half, half, more=[flag("hotpluggable")]))


@group
def addresses(_):
    def at(name, *pairs, expect="map", image=None, dtb=None, **options):
        start = pairs[0]
        image = image or (start + MiB, start + 2 * MiB + 123)
        blob = flatten(machine(memory(*pairs, name="memory")), **options)
        return Case(name, blob, expect, image, dtb or start + 5 * MiB)

    yield at("from-0", 0, 64 * MiB)
    yield at("from-0-image-at-0", 0, 64 * MiB, image=(0, MiB))
    yield at("from-0-dtb-at-0", 0, 64 * MiB, image=(4 * MiB, 5 * MiB), dtb=4)
    yield at("from-1", 1, 64 * MiB)
    yield at("all-of-2-56", 0, TOP)
    yield at("all-but-a-byte-at-each-end", 1, TOP - 2)
    yield at("ends-at-2-56", TOP - 64 * MiB, 64 * MiB)
    yield at("ends-a-byte-before-2-56", TOP - 64 * MiB, 64 * MiB - 1)
    yield at("ends-a-byte-past-2-56", TOP - 64 * MiB, 64 * MiB + 1, expect="refused")
    yield at("both-ends", 0, 64 * MiB, TOP - 64 * MiB, 64 * MiB)
    yield at("both-ends-backwards", TOP - 64 * MiB, 64 * MiB, 0, 64 * MiB)
    yield at("at-2-55", 1 << 55, 1 << 40)
    yield at("around-4-gib", (1 << 32) - 32 * MiB, 64 * MiB)
    yield at("last-frame", 0, 64 * MiB, TOP - 4096, 4096)
    yield at("8-tib", RAM, 8 << 40)
    yield at("every-power", *itertools.chain(*[(1 << p, 1 << (p - 2)) for p in range(26, 56)]))
    top = [buffer(TOP - 4096, 4096, "top"), buffer(0, 4096, "bottom")]
    top += [buffer(TOP - 1, 5, "past", more=[flag("no-map")])]
    ends = machine(memory(0, 64 * MiB, TOP - 64 * MiB, 64 * MiB, name="memory"), reserved(*top))
    yield Case("both-ends-reserved", flatten(ends), image=(MiB, 2 * MiB), dtb=TOP - MiB)
    one_cell = machine(memory(RAM, 0x80000000 - 1, cells=(1, 1)), cells=(1, 1))
    yield Case("one-cell-up-to-2-32", flatten(one_cell))


# ---- reserved-memory --------------------------------------------------------------------------------


@group
def reserved_nodes(_):
    at = 0x84000000
    for name, more in [
        ("plain", []),
        ("no-map", [flag("no-map")]),
        ("reusable", [flag("reusable")]),
        ("both", [flag("reusable"), flag("no-map")]),
        ("no-map-with-a-value", [("no-map", u32(0))]),
        ("shared-dma-pool", [("compatible", text("shared-dma-pool")), flag("reusable"), flag("linux,cma-default")]),
        ("reg-and-size", [("size", u64(0x2000)), ("alignment", u64(0x1000))]),
        ("reg-and-bad-size", [("size", b"\1")]),
    ]:
        yield Case(name, flatten(held(buffer(at, 0x10000, more=more))), boot=True)
    for name in ("mmode_resv1@84000000", "mmode_pmp0", "mmode_resv", "mmode_reserved", "xmmode_resv0"):
        for more in ([], [flag("no-map")]):
            suffix = "-no-map" if more else ""
            yield Case(f"name-{name}{suffix}", flatten(held(buffer(at, 0x10000, name, more=more))), boot=not more)
    for name, value in [
        ("okay", text("okay")),
        ("ok", text("ok")),
        ("disabled", text("disabled")),
        ("disabled-list", text("disabled", "okay")),
        ("reserved", text("reserved")),
        ("fail", text("fail")),
        ("fail-x", text("fail-x")),
        ("fail-dash", text("fail-")),
        ("failed", text("failed")),
        ("upper-case", text("DISABLED")),
        ("longer", text("disabled!")),
        ("empty-string", text("")),
        ("no-bytes", b""),
        ("no-end", b"disabled"),
        ("fail-no-end", b"fail"),
        ("number", u32(1)),
    ]:
        more = [("status", value)]
        yield Case(f"status-{name}", flatten(held(buffer(at, 0x10000, more=more))), boot=True)
        broken = node("broken", more)
        yield Case(f"status-{name}-no-reg", flatten(held(broken)))
        parent = flatten(held(buffer(at, 0x10000), more=more))
        yield Case(f"parent-status-{name}", parent, boot=name in ("okay", "disabled"))
    for name, value in [
        ("no-bytes", b""),
        ("cut-short", u64(at) + u32(0)),
        ("one-byte", b"\x80"),
        ("start-only", u64(at)),
        ("pair-and-a-half", u64(at) + u64(4096) + u64(at)),
    ]:
        expect = "refused" if value else "map"
        yield Case(f"reg-{name}", flatten(held(node("x", [("reg", value)]))), expect, boot=name == "cut-short")
    yield Case("reg-missing", flatten(held(node("x"))), boot=True)
    for name, start, size in [
        ("zero-size", at, 0),
        ("zero-at-zero", 0, 0),
        ("one-byte", at + 0x801, 1),
        ("two-bytes-two-frames", at + 0xFFF, 2),
        ("a-frame-off-by-one", at + 1, 4096),
        ("wraps", at, WORD - at + 4096),
        ("ends-at-2-64", at, WORD - at),
        ("ends-a-byte-before-2-64", at, WORD - at - 1),
        ("all-ones", at, WORD - 1),
        ("wraps-from-the-top", WORD - 4096, 8192),
        ("starts-past-2-56", TOP, 4096),
        ("ends-at-2-56", at, TOP - at),
        ("ends-past-2-56", at, TOP),
        ("outside", 0x40000000, 0x10000),
        ("before-and-in", RAM - 0x1800, 0x3000),
        ("in-and-behind", RAM_END - 0x1800, 0x3000),
        ("over-everything-below", 0, RAM + 0x1000),
    ]:
        yield Case(f"place-{name}", flatten(held(buffer(start, size, "x@0"))), boot=True)
        nothing = flatten(held(buffer(start, size, "x@0", more=[flag("no-map")])))
        yield Case(f"place-{name}-no-map", nothing)
    yield Case("all-of-ram", flatten(held(buffer(RAM, RAM_SIZE))))
    yield Case("all-of-ram-twice", flatten(held(buffer(RAM, RAM_SIZE), buffer(RAM, RAM_SIZE, "again"))))
    yield Case("all-of-it", flatten(held(buffer(0, WORD - 1, more=[flag("no-map")]))))
    for (word, flags), (what, broken) in itertools.product(
        [("no-map", [flag("no-map")]), ("reusable", [flag("reusable")]), ("both", [flag("no-map"), flag("reusable")])],
        [("status", [("status", b"okay")]), ("wraps", [reg(at, WORD - 1)])],
    ):
        here = node("x", [*broken, reg(at, 0x1000), *flags])
        yield Case(f"malformed-{what}-{word}", flatten(held(here)), boot=True)
    pairs = node("many", [reg(*itertools.chain(*[(at + i * 0x3000, 0x1001) for i in range(20)]))])
    yield Case("20-pairs", flatten(held(pairs)), boot=True)
    yield Case("pairs-one-wraps", flatten(held(node("x", [reg(at, 4096, at + 0x100000, WORD - at)]))), boot=True)
    yield Case("pairs-one-empty", flatten(held(node("x", [reg(at, 0, at + 0x100000, 4096)]))), boot=True)
    yield Case("childless", flatten(only()), boot=True)
    yield Case("none", flatten(machine(ram())))
    grandchild = node("pool@84000000", [*counts(2, 2), reg(at, 0x1000)], [buffer(at + 0x100000, 0x1000)])
    yield Case("grandchildren", flatten(held(grandchild)), boot=True)
    yield Case("deeper", flatten(usual(node("soc2", counts(2, 2), [reserved(buffer(at, 0x1000))]))), boot=True)
    yield Case("before-memory", flatten(machine(reserved(FIRMWARE, buffer(at, 0x1000)), ram())), boot=True)
    yield Case("with-unit-address", flatten(machine(ram(), reserved(FIRMWARE, name="reserved-memory@0"))))
    twice = machine(ram(), reserved(FIRMWARE), reserved(buffer(at, 0x1000, cells=(1, 1)), cells=(1, 1)))
    yield Case("two-parents", flatten(twice))
    typed = reserved(FIRMWARE, buffer(at, 0x1000, more=[("device_type", text("memory"))]))
    yield Case("child-of-type-memory", flatten(machine(ram(), typed)), boot=True)
    yield Case("child-called-memory", flatten(held(buffer(at, 0x1000, "memory@84000000"))), boot=True)
    yield Case("unprintable", flatten(held(buffer(at, 0x1000, b"x\x07\xff"))), boot=True)
    for name in (b"~", b" ", b"a~b c", b"x\x1f", b"x\x7f", b"\xc3\xa4", b"%s%n"):
        yield Case(f"name-{name.hex()}", flatten(held(buffer(at, 0x1000, name))))
    yield Case("name-63", flatten(held(buffer(at, 0x1000, "n" * 63))))
    yield Case("name-64", flatten(held(buffer(at, 0x1000, "n" * 64))))
    yield Case("no-name", flatten(held(buffer(at, 0x1000, b""))))
    yield Case("two-of-a-name", flatten(held(*[buffer(at + i * 0x8000, 0x1000, "same") for i in range(2)])))
    yield Case("side-by-side", flatten(held(*[buffer(at + i * 0x1000, 0x1000) for i in range(4)])), boot=True)
    yield Case("side-by-side-off-frames", flatten(held(*[buffer(at + i * 100, 100) for i in range(90)])), boot=True)
    yield Case("listed-twice", flatten(held(buffer(at, 0x1800), buffer(at, 0x1800))), boot=True)


ALLEN = [  # the ways in which [a, b) can lie to [0x4000, 0x8000)
    ("before", 0x0000, 0x2000),
    ("meets", 0x2000, 0x4000),
    ("overlaps", 0x2000, 0x6000),
    ("starts", 0x4000, 0x6000),
    ("during", 0x5000, 0x7000),
    ("finishes", 0x6000, 0x8000),
    ("equals", 0x4000, 0x8000),
    ("finished-by", 0x2000, 0x8000),
    ("contains", 0x2000, 0xA000),
    ("started-by", 0x4000, 0xA000),
    ("overlapped-by", 0x6000, 0xA000),
    ("met-by", 0x8000, 0xA000),
    ("after", 0xA000, 0xC000),
]


@group
def overlaps(rng):
    at = 0x84000000
    kinds = {"reserved": [], "no-map": [flag("no-map")], "reusable": [flag("reusable")]}
    for (how, start, end), (first, second) in itertools.product(
        ALLEN, [("reserved", "no-map"), ("reusable", "reserved"), ("reserved", "reserved")]
    ):
        one = buffer(at + start, end - start, "one", more=kinds[first])
        two = buffer(at + 0x4000, 0x4000, "two", more=kinds[second])
        yield Case(f"{how}-{first}-{second}", flatten(held(one, two)), boot=(first, second) == ("reserved", "no-map"))
    for how, start, end in ALLEN:
        banks = [memory(at + 0x4000, 0x4000), memory(RAM, 32 * MiB)]
        edge = machine(*banks, reserved(buffer(at + start + 3, end - start)))
        yield Case(f"{how}-a-bank", flatten(edge))

    # Everything that can want memory, each two of them over each other.
    wants = ["reusable", "memreserve", "reserved", "initrd", "dtb", "image", "firmware", "no-map"]
    for first, second in itertools.combinations(wants, 2):
        place = {first: (at, at + 0x6000), second: (at + 0x2800, at + 0x8800)}
        chosen, children, reserve, options = [], [], [], {}
        for want, (start, end) in place.items():
            if want == "memreserve":
                reserve.append((start, end - start))
            elif want == "initrd":
                chosen = [("linux,initrd-start", u64(start)), ("linux,initrd-end", u64(end))]
            elif want in ("dtb", "image"):
                options[want] = start if want == "dtb" else (start, end)
            elif want == "firmware":
                children.append(buffer(start, end - start, "mmode_resv7"))
            else:
                children.append(buffer(start, end - start, more=kinds[want]))
        here = flatten(held(*children, chosen=chosen), reserve)
        yield Case(f"{first}-and-{second}", here, boot="dtb" not in place and "image" not in place, **options)

    for i in range(30):
        children = []
        for number_ in range(rng.randrange(2, 40)):
            more = rng.choice(list(kinds.values()))
            name = rng.choice([None, "mmode_resv9", f"b{number_}", "same"])
            children.append(buffer(at + rng.randrange(0x10000), rng.randrange(0x8000), name, more=more))
        reserve = [(at + rng.randrange(0x10000), rng.randrange(0x8000)) for _ in range(rng.randrange(6))]
        yield Case(f"heap-of-them-{i}", flatten(held(*children), reserve), boot=i < 6)


@group
def rounding(_):
    at = 0x84000000
    for name, start, size in [
        ("ram-starts-odd", RAM + 1, RAM_SIZE - 1),
        ("ram-ends-odd", RAM, RAM_SIZE - 1),
        ("ram-odd", RAM + 0xFFF, RAM_SIZE - 0x1FFE),
        ("ram-a-byte-more", RAM + 0x1001, RAM_SIZE - 0x1001),
    ]:
        yield Case(name, flatten(machine(memory(start, size), reserved(FIRMWARE))), boot=True)
    for name, start, size in [
        ("no-frame", 0x1, 0xFFE),
        ("no-frame-two-halves", 0x800, 0x1000),
        ("one-frame", 0x800, 0x1800),
    ]:
        banks = [memory(RAM, 64 * MiB), memory(at + 0x800000 + start, size)]
        yield Case(f"bank-{name}", flatten(machine(*banks, reserved(FIRMWARE))), boot=True)
    halves = [memory(RAM, 64 * MiB + 0x800), memory(RAM + 64 * MiB + 0x900, 32 * MiB)]
    yield Case("two-banks-in-a-frame", flatten(machine(*halves, reserved(FIRMWARE))), boot=True)
    yield Case("between-two-in-a-frame", flatten(held(buffer(at + 0x10, 0x10), buffer(at + 0xFE0, 0x10))), boot=True)
    yield Case("between-two-frames", flatten(held(buffer(at, 0x801), buffer(at + 0x17FF, 0x1000))), boot=True)
    yield Case("frame-left-between", flatten(held(buffer(at, 0x801), buffer(at + 0x2001, 0x1000))), boot=True)
    yield Case("slack-meets-reusable", flatten(held(buffer(at, 0x801, more=[flag("reusable")]))), boot=True)


@group
def ranges(_):
    at = 0x84000000

    def bus(*entries, cells=(2, 2, 2)):
        return b"".join(number(n, cells[i % 3]) for i, n in enumerate(entries))

    one = buffer(0x1000, 0x2345, "one")
    yield Case("empty", flatten(held(buffer(at, 0x1000))))
    yield Case("missing", flatten(held(buffer(at, 0x1000), ranges=None)), boot=True)
    moved = bus(0, at, 0x100000)
    yield Case("moved", flatten(only(one, ranges=moved)))
    two = bus(0, at, 0x100000, 0x100000, at + 0x800000, 0x100000)
    pair = [one, buffer(0x101000, 0x1000, "two")]
    yield Case("two-entries", flatten(only(*pair, ranges=two)))
    yield Case("first-entry-wins", flatten(only(one, ranges=moved + bus(0, RAM, 0x100000))))
    identity = bus(0, 0, TOP)
    yield Case("identity", flatten(held(buffer(at, 0x1000), ranges=identity)))
    yield Case("in-none", flatten(only(buffer(0x200000, 1), ranges=moved)), "refused")
    yield Case("past-the-end", flatten(only(buffer(0xFFFFF, 2), ranges=moved)), "refused")
    yield Case("up-to-the-end", flatten(only(buffer(0xFFFFF, 1), ranges=moved)))
    yield Case("zero-size-in-none", flatten(only(buffer(0x200000, 0), ranges=moved)), "refused")
    yield Case("zero-size-at-the-end", flatten(only(buffer(0x100000, 0), ranges=moved)), "refused")
    yield Case("wraps-in-ranges", flatten(only(buffer(0x1000, WORD - 1), ranges=moved)), "refused")
    yield Case("window-wraps-above", flatten(only(one, ranges=bus(0, WORD - 0x1800, 0x10000))), "refused")
    yield Case("window-wraps-below", flatten(only(buffer(WORD - 0x1000, 0x800), ranges=bus(WORD - 0x1000, at, 0x2000))))
    for name, value in [("cut-short", moved[:-4]), ("one-byte", b"\0"), ("entry-and-a-bit", moved + u32(0))]:
        yield Case(name, flatten(only(one, ranges=value)), "refused")
    small = bus(0, at, 0x100000, cells=(1, 2, 1))
    yield Case("one-cell-bus", flatten(only(buffer(0x1000, 5, cells=(1, 1)), cells=(1, 1), ranges=small)))
    wide = bus(0, at, 0x100000, cells=(3, 2, 3))
    yield Case("three-cell-bus", flatten(only(buffer(0x1000, 5, cells=(3, 3)), cells=(3, 3), ranges=wide)))
    yield Case("childless-and-broken", flatten(only(ranges=b"\1")))
    beyond = bus(0, TOP, 0x100000)
    yield Case("to-beyond-2-56", flatten(only(one, ranges=beyond)))


# ---- the memory reservation block, and /chosen --------------------------------------------------------


@group
def memreserve(_):
    at = 0x84000000
    for name, *entries in [
        ("one", (at, 0x1000)),
        ("odd", (at + 5, 0x1001)),
        ("two-overlap", (at, 0x2000), (at + 0x1000, 0x2000)),
        ("two-touch", (at, 0x2000), (at + 0x2000, 0x2000)),
        ("twice", (at, 0x2000), (at, 0x2000)),
        ("backwards", (at + 0x10000, 0x2000), (at, 0x2000)),
        ("size-0", (at, 0), (at + 0x10000, 0x1000)),
        ("address-0", (0, 0x1000)),
        ("address-0-up-to-ram", (0, RAM + 0x1001)),
        ("wraps", (at, WORD - 1)),
        ("wraps-from-the-top", (WORD - 1, WORD - 1)),
        ("ends-at-2-64", (at, WORD - at)),
        ("past-2-56", (TOP - 1, 2)),
        ("outside", (0x1000, 0x1000)),
        ("under-the-image", (IMAGE[0] - 0x1000, 0x2000)),
        ("under-the-firmware", (RAM, 0x100000)),
    ]:
        # An entry without a size is the last one to QEMU and OpenSBI, which is not what 5.3.2 says.
        yield Case(name, flatten(usual(), entries), boot=name != "size-0")
    yield Case("500", flatten(usual(), [(at + i * 0x2001, 0x1000) for i in range(500)]), boot=True)
    yield Case("1000-touching", flatten(usual(), [(at + i * 0x100, 0x100) for i in range(1000)]))
    most = [(at + i * 0x2001, 0x1000) for i in range(1085)]
    yield Case("1088-in-all", flatten(usual(), most))
    yield Case("1089-in-all", flatten(usual(), most + [(at - 0x5000, 1)]), boot=True)
    yield Case("3000-empty", flatten(usual(), [(at + i, 0) for i in range(3000)]))
    whole = flatten(usual())
    whole.reserve = whole.reserve[:-16]
    yield Case("no-end", whole, "refused")
    tail = flatten(usual(), [(at, 0x1000)], order="tsr")
    tail.reserve = tail.reserve[:-16]
    yield Case("no-end-at-the-end", tail, "refused")
    tail = flatten(usual(), [(at, 0x1000)], order="tsr")
    tail.reserve = tail.reserve[:-1]
    yield Case("end-cut-short", tail, "refused")
    only = flatten(usual(), [(at, 0)], order="tsr")
    only.reserve = only.reserve[:-16]
    yield Case("size-0-is-no-end", only, "refused")
    early = flatten(usual(), [(0, 0), (at, 0x1000)])
    yield Case("behind-the-end", early, boot=True)


@group
def initrd(_):
    at = 0x84000000

    def chosen(name, *values, expect="map", boot=True):
        named = [(f"linux,initrd-{end}", value) for end, value in zip(("start", "end"), values) if value is not None]
        return Case(name, flatten(held(chosen=named)), expect, boot=boot and expect == "map")

    yield chosen("32", u32(at), u32(at + 0x12345))
    yield chosen("64", u64(at), u64(at + 0x12345))
    yield chosen("32-and-64", u32(at), u64(at + 0x12345))
    yield chosen("64-and-32", u64(at), u32(at + 0x12345))
    yield chosen("empty", u64(at), u64(at))
    yield chosen("empty-at-0", u32(0), u32(0))
    yield chosen("one-byte", u64(at + 5), u64(at + 6))
    yield chosen("from-0", u64(0), u64(RAM + 0x100))
    yield chosen("outside", u64(0x1000), u64(0x2000))
    yield chosen("to-the-end", u64(at), u64(WORD - 1))
    yield chosen("past-ram", u64(RAM_END - 5), u64(RAM_END + 5))
    yield chosen("over-the-firmware", u64(RAM + 0x7F000), u64(RAM + 0x90000))
    yield chosen("over-the-image", u64(IMAGE[0] - 0x1234), u64(IMAGE[1] + 0x1234))
    yield chosen("start-only", u64(at), None)
    yield chosen("end-only", None, u64(at))
    yield chosen("reversed", u64(at + 0x1000), u64(at))
    yield chosen("end-0", u64(at), u64(0))
    yield chosen("end-0-in-a-cell", u32(at), u32(0))
    yield chosen("reversed-by-a-byte", u64(at), u64(at - 1))
    for name, bad in [
        ("no-bytes", b""),
        ("3-bytes", b"\x84\0\0"),
        ("3-cells", u32(0) + u64(at)),
        ("text", text("0x84000000")),
    ]:
        yield chosen(f"start-{name}", bad, u64(at + 0x1000), expect="refused")
        yield chosen(f"end-{name}", u64(at), bad, expect="refused")
    both = [node("chosen", [("linux,initrd-start", u64(at)), ("linux,initrd-end", u64(at + 0x1000))])]
    yield Case("in-a-second-chosen", flatten(usual(*both)))
    deep = node("x", [], both)
    yield Case("in-a-deeper-chosen", flatten(usual(deep)))
    twice = [("linux,initrd-start", u64(at))]
    twice += [("linux,initrd-end", u64(at + 0x1000)), ("linux,initrd-end", u64(at + 0x9000))]
    yield Case("end-twice", flatten(held(chosen=twice)), boot=True)


@group
def firmware_guard(_):
    yield Case("below-the-image", flatten(machine(ram())))
    yield Case("image-at-the-start", flatten(machine(ram())), image=(RAM, RAM + 0xB00000))
    yield Case("hole-below", flatten(machine(memory(RAM, MiB), memory(RAM + MiB + 0x10000, 64 * MiB))))
    yield Case("hole-right-below", flatten(machine(memory(RAM, MiB), memory(IMAGE[0], 64 * MiB))))
    yield Case("banks-touch", flatten(machine(memory(RAM, MiB), memory(RAM + MiB, 64 * MiB))))
    nodes = [memory(RAM + i * MiB, MiB, more=[("numa-node-id", u32(i))]) for i in range(3)]
    yield Case("nodes-touch", flatten(machine(*nodes, memory(RAM + 3 * MiB, 64 * MiB))))
    yield Case("ram-ends-at-the-image", flatten(machine(memory(RAM, 2 * MiB), memory(0x90000000, 64 * MiB))))
    yield Case("image-outside-ram", flatten(machine(ram())), image=(0x60000000, 0x60100000))
    yield Case("image-in-a-hole", flatten(machine(memory(RAM, MiB), memory(0x90000000, 64 * MiB))))
    yield Case("image-odd", flatten(machine(ram())), image=(0x80200123, 0x80800000))
    empty = buffer(RAM, 0, "mmode_resv0")
    yield Case("firmware-empty", flatten(only(empty)))
    off = buffer(RAM, 0x80000, "mmode_resv0", more=[("status", text("disabled"))])
    yield Case("firmware-disabled", flatten(only(off)))
    small = buffer(RAM + 0x1000, 1, "mmode_resv0")
    yield Case("firmware-of-a-byte", flatten(only(small)))
    away = buffer(0x40000000, 0x1000, "mmode_resv0")
    yield Case("firmware-outside-ram", flatten(only(away)))
    yield Case("no-map-at-the-start", flatten(only(buffer(RAM, 0x80000, more=[flag("no-map")]))))
    yield Case("memreserve-at-the-start", flatten(machine(ram()), [(RAM, 0x80000)]))
    yield Case("reusable-at-the-start", flatten(only(buffer(RAM, 0x80000, more=[flag("reusable")]))))
    yield Case("a-byte-at-the-start", flatten(only(buffer(RAM, 1))))
    yield Case("from-below-the-start", flatten(only(buffer(RAM - 0x1000, 0x1001))))
    yield Case("up-to-the-start", flatten(only(buffer(RAM - 0x1000, 0x1000))))
    yield Case("after-the-first-byte", flatten(only(buffer(RAM + 1, 0x1000))))
    two = [buffer(RAM + MiB, 0x1000), buffer(RAM + 0x40000, 0x1000, "b")]
    yield Case("the-first-of-two", flatten(only(*two)))
    above = buffer(RAM + 3 * MiB, 0x1000)
    yield Case("reserved-in-and-above-the-image", flatten(only(above)))
    wide = node("mmode_resv0@0", [("reg", u64(RAM) + u64(0x80000))])
    yield Case("cells-of-the-root-in-narrow-ones", flatten(only(wide, cells=(1, 1))))
    low = 0x10000000
    yield Case("lower-bank", flatten(two_banks()))
    yield Case("lower-bank-image-declared", flatten(two_banks(buffer(RAM, 0x1000))))
    yield Case("lower-bank-declared", flatten(two_banks(buffer(low, 0x1000))))
    yield Case("lower-bank-reserved-later", flatten(two_banks(buffer(low + 8 * MiB, 0x1000))))
    yield Case("lower-bank-wholly-reserved", flatten(two_banks(buffer(low, 16 * MiB))))
    for size in (32 * MiB - 1, 32 * MiB, 32 * MiB + 1, 512 * MiB):
        large = [ram(), memory(low, size)]
        yield Case(f"lower-bank-{size:#x}", flatten(machine(*large)))
        for at in (31 * MiB, 32 * MiB, 33 * MiB):
            later = reserved(buffer(low + at, 0x1000))
            yield Case(f"lower-bank-{size:#x}-reserved-at-{at:#x}", flatten(machine(*large, later)))
    yield Case("lower-bank-image-at-the-start", flatten(two_banks()), image=(RAM, RAM + 0xB00000))
    yield Case("three-banks", flatten(machine(ram(), memory(low, 16 * MiB), memory(0x20000000, MiB))))
    yield Case("left-out-at-the-start", flatten(held(chosen=[usable(RAM + MiB, 64 * MiB)])))


@group
def another_kernels_dump(_):
    """What a kernel that is started in place of a crashed one finds."""
    at = 0x84000000
    half = RAM_SIZE // 2

    def header(name, value, expect="map"):
        here = [("linux,elfcorehdr", value)]
        return Case(f"header-{name}", flatten(held(chosen=here)), expect, boot=expect == "map")

    yield header("there", u64(at) + u64(0x1000))
    yield header("odd", u64(at + 5) + u64(3))
    yield header("empty", u64(at) + u64(0))
    yield header("outside", u64(0x1000) + u64(0x1000))
    yield header("no-bytes", b"", "refused")
    yield header("cut-short", u64(at), "refused")
    yield header("two", (u64(at) + u64(0x1000)) * 2, "refused")
    yield header("wraps", u64(at) + u64(WORD - 1), "refused")
    both = [("linux,elfcorehdr", u64(at) + u64(0x1000)), usable(RAM, half),
            ("linux,initrd-start", u64(at + 0x2000)), ("linux,initrd-end", u64(at + 0x3000))]
    yield Case("with-initrd-and-range", flatten(held(chosen=both)), boot=True)

    def given(name, value, expect="map"):
        here = memory(RAM, RAM_SIZE, more=[("linux,usable-memory", value)])
        return Case(f"usable-{name}", flatten(machine(here, reserved(FIRMWARE))), expect, boot=expect == "map")

    yield given("all", u64(RAM) + u64(RAM_SIZE))
    yield given("half", u64(RAM) + u64(half))
    yield given("two", u64(RAM) + u64(16 * MiB) + u64(at) + u64(16 * MiB))
    yield given("more", u64(RAM - MiB) + u64(RAM_SIZE + 2 * MiB))
    yield given("empty-pair", u64(RAM) + u64(0), "refused")
    yield given("no-bytes", b"", "refused")
    yield given("cut-short", u64(RAM), "refused")


# ---- what is left out, and what we place --------------------------------------------------------------


def usable(*numbers, cells=(2, 2)):
    return ("linux,usable-memory-range", reg(*numbers, cells=cells)[1])


@group
def usable_range(rng):
    at = 0x84000000

    def case(name, value, expect="map", more=(), **options):
        if not isinstance(value, tuple):
            value = ("linux,usable-memory-range", value)
        return Case(name, flatten(held(*more, chosen=[value])), expect, **{"boot": True, **options})

    yield case("all", usable(0, TOP))
    yield case("first-half", usable(RAM, 64 * MiB))
    yield case("second-half", usable(at, 64 * MiB))
    yield case("middle", usable(RAM + 16 * MiB, 64 * MiB))
    yield case("odd", usable(RAM + 16 * MiB + 5, 64 * MiB + 100))
    yield case("two", usable(RAM, 32 * MiB, at, 32 * MiB))
    yield case("two-backwards", usable(at, 32 * MiB, RAM, 32 * MiB))
    yield case("two-overlap", usable(RAM, 80 * MiB, RAM + 64 * MiB, 32 * MiB))
    yield case("two-touch", usable(RAM, 32 * MiB, RAM + 32 * MiB, 32 * MiB))
    yield case("one-empty", usable(RAM, 0, RAM, 64 * MiB))
    yield case("nowhere-near", usable(0x1000, 0x1000), boot=False)
    yield case("more-than-ram", usable(RAM - MiB, RAM_SIZE + 2 * MiB))
    yield case("past-2-56", usable(at, TOP))
    yield case("one-wraps", usable(at, WORD - 1, RAM, 64 * MiB))
    yield case("ends-at-2-64", usable(at, WORD - at, RAM, 64 * MiB))
    yield case("all-wrap", usable(at, WORD - 1), "refused")
    yield case("all-empty", usable(RAM, 0), "refused")
    yield case("no-bytes", b"", "refused")
    yield case("one-byte", b"\x80", "refused")
    yield case("one-cell", u32(RAM), "refused")
    yield case("pair-and-a-bit", u64(RAM) + u64(RAM_SIZE) + u32(0), "refused")
    yield case("in-one-cell-each", u32(RAM) + u32(RAM_SIZE), "refused")
    yield case("16-pairs", usable(*itertools.chain(*[(RAM + i * 8 * MiB, 7 * MiB) for i in range(16)])))
    yield case("17-pairs", usable(*itertools.chain(*[(RAM + i * 7 * MiB, 6 * MiB) for i in range(17)])))
    yield case("100-pairs", usable(*itertools.chain(*[(RAM + i * MiB, MiB - 0x1000) for i in range(100)])))
    for name, more in [("reserved", []), ("reusable", [flag("reusable")]), ("no-map", [flag("no-map")])]:
        straddling = buffer(RAM + 64 * MiB - 0x1800, 0x3000, more=more)
        yield case(f"through-{name}", usable(RAM, 64 * MiB), more=[straddling])
        yield case(f"without-{name}", usable(RAM, 48 * MiB), more=[straddling])
    for a, s in itertools.product((1, 2, 3), repeat=2):
        chosen = [usable(RAM, 64 * MiB, cells=(a, s))]
        yield Case(f"cells-{a}-{s}", flatten(machine(ram((a, s)), cells=(a, s), chosen=chosen)), boot=3 not in (a, s))
    initrd_ = [("linux,initrd-start", u64(at)), ("linux,initrd-end", u64(at + 0x2345))]
    yield Case("initrd-beyond", flatten(held(chosen=[*initrd_, usable(RAM, 32 * MiB)])), boot=True)
    elsewhere = node("x", [usable(RAM, 32 * MiB)])
    yield Case("elsewhere", flatten(usual(elsewhere)), boot=True)
    yield Case("no-firmware-node", flatten(machine(ram(), chosen=[usable(RAM + 4 * MiB, 64 * MiB)])))
    for i in range(12):
        some = [some_place(rng, RAM, RAM_END) for _ in range(rng.randrange(1, 6))]
        some.append((RAM + 20 * MiB, 20 * MiB))
        rng.shuffle(some)
        banks = [memory(*some_place(rng, RAM, RAM_END), name=f"memory@{j}") for j in range(4)]
        root = machine(memory(RAM, 60 * MiB), *banks, reserved(FIRMWARE), chosen=[usable(*itertools.chain(*some))])
        yield Case(f"chance-{i}", flatten(root), boot=True)


@group
def mem_argument(rng):
    """mem= in the boot arguments; the kernel reads them, memmap_dump gets the number."""
    plain_ = flatten(usual())
    for words in [
        "mem=64M",
        "mem=64m",
        "mem=65536K",
        "mem=65536k",
        "mem=0x4000000",
        "mem=0X4000000",
        "mem=0x40M",
        "mem=67108864",
        "mem=67108865",
        "mem=67104769",
        "mem=1G",
        "mem=1g",
        "mem=1T",
        "mem=1t",
        "mem=128M",
        "mem=16777215T",
        "mem=16777216T",
        "mem=18446744073709551615",
        "mem=18446744073709551616",
        "mem=0",
        "mem=0M",
        "mem=",
        "mem=M",
        "mem=64X",
        "mem=64MB",
        "mem=-64M",
        "mem=0x",
        "mem=sixty-four",
        "mem=32M mem=64M",
        "mem=64M mem=32M",
        "mem",
        "xmem=64M",
        "mem=14M",
    ]:
        yield Case(words.replace(" ", "-and-"), plain_, boot=True, bootargs=words)
    half = 64 * MiB
    banks = machine(memory(RAM + 72 * MiB, 32 * MiB), memory(RAM, 40 * MiB), memory(RAM + 20 * MiB, 30 * MiB), reserved(FIRMWARE))
    for size in ("30M", "45M", "50M", "51M", "60M", "81M", "82M", "83M"):
        yield Case(f"banks-{size}", flatten(banks), boot=True, bootargs=f"mem={size}")
    split = held(buffer(RAM + half - 0x1800, 0x3000, more=[flag("reusable")]), buffer(RAM + 80 * MiB, 0x1234))
    yield Case("through-reusable", flatten(split), boot=True, bootargs="mem=64M")
    both = machine(ram(), reserved(FIRMWARE), chosen=[usable(RAM, 80 * MiB)])
    yield Case("and-usable-range", flatten(both), boot=True, bootargs="mem=64M")
    yield Case("beyond-usable-range", flatten(both), boot=True, bootargs="mem=100M")
    nodes = [memory(RAM + i * half, half, more=[("numa-node-id", u32(i))]) for i in range(2)]
    yield Case("two-nodes", flatten(machine(*nodes, reserved(FIRMWARE))), boot=True, bootargs="mem=80M")
    yield Case("tree-beyond", plain_, dtb=RAM_END - 4096, bootargs="mem=64M")
    yield Case("at-both-ends", flatten(machine(memory(0, half, TOP - half, half, name="memory"))), image=(MiB, 2 * MiB), dtb=TOP - 4096, bootargs="mem=66M")
    for i in range(8):
        banks = [memory(*some_place(rng, RAM, RAM_END), name=f"memory@{j}") for j in range(5)]
        root = machine(memory(RAM, 40 * MiB), *banks, reserved(FIRMWARE))
        yield Case(f"chance-{i}", flatten(root), boot=True, bootargs=f"mem={rng.randrange(20 * MiB, 100 * MiB)}")


@group
def initrd_argument(_):
    """initrd= in the boot arguments, beside what /chosen says or without it."""
    plain_ = flatten(usual())
    for words in [
        "initrd=0x84000000,16M",
        "initrdmem=0x84000001,0x1234",
        "initrd=2112M,1",
        "initrd=0x84000000,16M initrd=0x86000000,4096",
        "initrd=0x84000000,16M initrdmem=nowhere",
        "initrd=0x84000000,0",
        "initrd=0x84000000",
        "initrd=0x84000000,",
        "initrd=,4096",
        "initrd=0x84000000,1M,1M",
        "initrd=/boot/initrd.img",
        "initrd=0x7ffff000,0x2000",
        "initrd=0x87fff000,0x10000",
        "initrd=0,0x100000000000000",
        "initrd=1,0x100000000000000",
        "initrd=0xffffffffffffffff,1",
        "initrd=0x84000000,16M mem=64M",
        "noinitrd=0x84000000,16M",
    ]:
        name = words.replace(" ", "-and-").replace("/", "!")
        yield Case(name, plain_, boot="0,0x1" not in words, bootargs=words)
    here = [("linux,initrd-start", u64(0x84000000)), ("linux,initrd-end", u64(0x85000000))]
    both = flatten(held(buffer(0x84800000, MiB), chosen=here))
    for name, words in [("the-same", "0x84000000,16M"), ("longer", "0x83000000,48M"), ("another", "0x86000000,1M")]:
        yield Case(f"beside-{name}", both, boot=True, bootargs=f"initrd={words}")


def wish(name, size, *more, cells=2):
    value = size if isinstance(size, bytes) else number(size, cells)
    return node(name, [("size", value), *more])


def windows(*numbers, cells=(2, 2)):
    return ("alloc-ranges", reg(*numbers, cells=cells)[1])


@group
def dynamic(rng):
    at = 0x84000000
    align = lambda size: ("alignment", u64(size))  # noqa: E731

    def case(name, *children, boot=True, **options):
        return Case(name, flatten(held(*children, **options)), boot=boot)

    yield case("one", wish("a", MiB))
    yield case("one-byte", wish("a", 1))
    yield case("odd", wish("a", 0x12345))
    yield case("a-frame", wish("a", 4096))
    yield case("a-frame-and-a-byte", wish("a", 4097))
    yield case("two", wish("a", MiB), wish("b", MiB))
    yield case("two-odd", wish("a", 100), wish("b", 100))
    yield case("two-of-a-name", wish("a", 0x1000), wish("a", 0x1000))
    yield case("twenty", *[wish(f"w{i}", (i + 1) * 0x3333) for i in range(20)])
    for word in ("no-map", "reusable"):
        yield case(word, wish("a", 0x12345, flag(word)))
    yield case("both-flags", wish("a", 0x12345, flag("no-map"), flag("reusable")))
    yield case("firmware-by-name", wish("mmode_resv3", 0x1000))
    yield Case("firmware-by-name-alone", flatten(only(wish("mmode_resv3", 0x1000))))
    for name, alignment in [("1", 1), ("2", 2), ("4096", 4096), ("8192", 8192), ("2-mib", 2 * MiB), ("64-mib", 64 * MiB)]:
        yield case(f"align-{name}", wish("a", 0x12345, align(alignment)))
    yield case("align-0", wish("a", 0x12345, align(0)))
    yield case("align-1-gib", wish("a", 4096, align(GiB)))
    yield case("align-2-31", wish("a", 4096, align(1 << 31)))
    yield case("align-2-63", wish("a", 4096, align(1 << 63)))
    yield case("align-12288", wish("a", 0x12345, align(12288)))
    yield case("align-3", wish("a", 0x12345, align(3)))
    for name, value in [("no-bytes", b""), ("one-cell", u32(MiB)), ("three-cells", u32(0) + u64(MiB)), ("byte", b"\1")]:
        yield case(f"size-{name}", wish("a", value))
        yield case(f"align-{name}", wish("a", MiB, ("alignment", value)))
    yield case("size-0", wish("a", 0))
    yield case("size-all-of-ram", wish("a", RAM_SIZE))
    yield case("size-all-ones", wish("a", WORD - 1))
    yield case("size-2-56", wish("a", TOP))
    yield case("size-just-fits", wish("a", RAM_END - 0x84001000), buffer(at, 0x1000, "below"))
    yield case("windows", wish("a", MiB, windows(at, 32 * MiB)))
    yield case("window-exact", wish("a", MiB, windows(at, MiB)))
    yield case("window-a-byte-short", wish("a", MiB, windows(at, MiB - 1)))
    yield case("window-odd", wish("a", 4096, windows(at + 1, 8191)))
    yield case("window-odd-too-small", wish("a", 4096, windows(at + 1, 8190)))
    yield case("window-within-a-frame", wish("a", 16, windows(at + 0x10, 0x100)))
    yield case("window-from-a-frame", wish("a", 16, windows(at, 0x10)))
    yield case("window-outside-ram", wish("a", 4096, windows(0x1000, 0x100000)))
    yield case("window-half-outside", wish("a", MiB, windows(RAM_END - 3 * MiB, 64 * MiB)))
    yield case("window-second", wish("a", 4096, windows(0x1000, 0x100000, at, MiB)))
    yield case("window-first-that-fits", wish("a", 4096, windows(at, MiB, 0x86000000, MiB)))
    yield case("window-lower-first", wish("a", MiB, windows(at, 512 * KiB, 0x82000000, MiB, 0x86000000, MiB)))
    yield case("window-empty", wish("a", 4096, windows(at, 0, 0x82000000, MiB)))
    yield case("window-only-empty", wish("a", 4096, windows(at, 0)))
    yield case("window-wraps", wish("a", 4096, windows(at, WORD - 1, 0x82000000, MiB)))
    yield case("window-wraps-alone", wish("a", 4096, windows(at, WORD - 1)))
    yield case("window-past-2-56", wish("a", 4096, windows(at, TOP)))
    yield case("window-everything", wish("a", 4096, windows(0, WORD - 1)))
    yield case("window-16", wish("a", 4096, windows(*[0x1000, 0x1000] * 15, at, MiB)))
    yield case("window-17", wish("a", 4096, windows(*[0x1000, 0x1000] * 16, at, MiB)))
    yield case("window-200", wish("a", 4096, windows(*[0x1000, 0x1000] * 199, at, MiB)))
    for name, value in [("no-bytes", b""), ("one-cell", u32(at)), ("pair-and-a-bit", windows(at, MiB)[1] + u32(0))]:
        yield case(f"window-{name}", wish("a", 4096, ("alloc-ranges", value)))
    inside = windows(at, 4 * MiB)
    yield case("window-full", wish("a", 4096, inside), buffer(at, 4 * MiB))
    yield case("window-almost-full", wish("a", 4096, inside), buffer(at + 0x1000, 4 * MiB - 0x1000))
    yield case("window-scattered", wish("a", 0x2001, inside), *[buffer(at + i * 0x4000, 1, f"b{i}") for i in range(256)])
    yield case("window-too-scattered", wish("a", 0x3001, inside), *[buffer(at + i * 0x4000, 1, f"b{i}") for i in range(256)])
    yield case("three-in-a-window", *[wish(f"w{i}", 2 * MiB, inside) for i in range(3)])
    yield case("before-a-static-one", wish("a", 4096, inside), buffer(at + 4 * MiB - 4096, 4096))
    yield case("ranges", wish("a", MiB), ranges=reg(0, 0)[1] + u64(TOP))
    moved = u64(0) + u64(at) + u64(16 * MiB)
    yield Case("ranges-moved", flatten(only(wish("a", MiB, windows(0x1000, 4 * MiB)), ranges=moved)))
    yield Case("ranges-moved-outside", flatten(only(wish("a", MiB, windows(RAM, 4 * MiB)), ranges=moved)))
    yield Case("ranges-moved-no-window", flatten(only(wish("a", MiB), ranges=moved)))
    yield Case("ranges-broken", flatten(only(wish("a", MiB, windows(at, 4 * MiB)), ranges=moved[:-1])))
    yield Case("ranges-missing", flatten(held(wish("a", MiB, windows(at, 4 * MiB)), ranges=None)), boot=True)
    for a, s in itertools.product((1, 2, 3), repeat=2):
        here = wish("a", 0x12345, windows(at, MiB, cells=(a, s)), ("alignment", number(0x10000, s)), cells=s)
        yield Case(f"cells-{a}-{s}", flatten(machine(ram(), reserved(here, cells=(a, s)))))
    yield Case("cells-none", flatten(machine(ram(), reserved(wish("a", 0x12345, cells=1), cells=None))))
    yield Case("cells-bad", flatten(machine(ram(), reserved(wish("a", MiB), cells=(2, 4)))))
    yield Case("size-high-cell", flatten(only(wish("a", u32(1) + u64(MiB)), cells=(3, 3))))
    for name, value in [("okay", text("okay")), ("disabled", text("disabled")), ("no-end", b"okay"), ("no-bytes", b"")]:
        yield case(f"status-{name}", wish("a", MiB, ("status", value)))
        yield case(f"status-{name}-reusable", wish("a", MiB, flag("reusable"), ("status", value)))
    yield Case("reg-empty-and-size", flatten(held(wish("a", MiB, ("reg", b"")))))
    half = 64 * MiB
    nodes = [memory(RAM + i * half, half, more=[("numa-node-id", u32(i))]) for i in range(2)]
    across = wish("a", 0x2000, windows(RAM + half - 0x1000, 0x2000))
    yield Case("across-nodes", flatten(machine(*nodes, reserved(FIRMWARE, across))), boot=True)
    beside = wish("a", 0x2000, windows(RAM + half - 0x3000, 0x4000))
    yield Case("beside-the-other-node", flatten(machine(*nodes, reserved(FIRMWARE, beside))), boot=True)
    odd = machine(memory(RAM, RAM_SIZE - 0x801), reserved(FIRMWARE, wish("a", 4096)))
    yield Case("ram-ends-odd", flatten(odd), boot=True)
    yield Case("below-mem", flatten(held(wish("a", MiB))), boot=True, bootargs="mem=64M")
    yield Case("above-mem", flatten(held(wish("a", MiB, windows(at + MiB, MiB)))), boot=True, bootargs="mem=64M")
    yield Case("in-usable-range", flatten(held(wish("a", MiB), chosen=[usable(RAM, 50 * MiB)])), boot=True)
    yield Case("at-2-56", flatten(machine(memory(0, TOP, name="memory"), reserved(wish("a", 1 << 55)))), image=(MiB, 2 * MiB), dtb=4096)
    yield Case("around-the-tree", flatten(held(wish("a", 0x10000, windows(DTB - 0x8000, 0x18000)))))
    most = [buffer(at + i * 0x3000, 0x2001) for i in range(1000)]
    yield case("1000-static-and-10", *most, *[wish(f"w{i}", 0x10000) for i in range(10)], boot=False)
    for i in range(40):
        children = []
        for j in range(rng.randrange(1, 12)):
            if rng.random() < 0.3:
                children.append(buffer(*some_place(rng, RAM, RAM_END), f"b{j}", more=some_flags(rng)))
                continue
            more = some_flags(rng) + some_status(rng)
            if rng.random() < 0.5:
                more.append(align(rng.choice([0, 1 << rng.randrange(28), 1 << rng.randrange(28), 12288])))
            if rng.random() < 0.6:
                more.append(windows(*itertools.chain(*[some_place(rng, RAM, RAM_END) for _ in range(rng.randrange(1, 5))])))
            children.append(wish(f"w{j}", rng.randrange(rng.choice([2, 0x3000, MiB, 16 * MiB])), *more))
        yield case(f"chance-{i}", *children, boot=i < 15)


# ---- duplicates ---------------------------------------------------------------------------------------


@group
def duplicates(_):
    half = 64 * MiB
    ok = reserved(FIRMWARE)
    two = memory(RAM, half, more=[reg(RAM, RAM_SIZE)])
    yield Case("reg-of-memory", flatten(machine(two, ok)), boot=True)
    bad = node("memory@80000000", [("reg", u32(1)), reg(RAM, RAM_SIZE)])
    yield Case("reg-of-memory-first-is-bad", flatten(machine(memory(RAM, half), bad, ok)), boot=True)
    on_off = memory(RAM + half, half, more=[("status", text("okay")), ("status", text("disabled"))])
    yield Case("status-on-off", flatten(machine(memory(RAM, half), on_off, ok)), boot=True)
    off_on = memory(RAM + half, half, more=[("status", text("disabled")), ("status", text("okay"))])
    yield Case("status-off-on", flatten(machine(memory(RAM, half), off_on, ok)), boot=True)
    types = memory(RAM + half, half, name="x", more=[("device_type", text("cpu"))])
    yield Case("device-type", flatten(machine(memory(RAM, half), types, ok)), boot=True)
    types = memory(RAM + half, half, name="x", kind="cpu", more=[("device_type", text("memory"))])
    yield Case("device-type-second", flatten(machine(memory(RAM, half), types, ok)), boot=True)
    regs = buffer(0x84000000, 0x1000, more=[reg(0x85000000, 0x1000)])
    yield Case("reg-of-a-reservation", flatten(held(regs)), boot=True)
    yield Case("cells-of-reserved", flatten(held(buffer(0x84000000, 0x1000), more=counts(1, 1))), boot=True)
    yield Case("no-map-twice", flatten(held(buffer(0x84000000, 0x1000, more=[flag("no-map")] * 2))), boot=True)
    yield Case("memory-nodes", flatten(machine(ram(), ram(), ok)), boot=True)
    yield Case("numa", flatten(machine(memory(RAM, RAM_SIZE, more=[("numa-node-id", u32(i)) for i in (5, 6)]), ok)))
    yield Case("everything", flatten(machine(ram(), ok, CPUS, SOC, ram(), ok)))


# ---- large ones ---------------------------------------------------------------------------------------


@group
def large(rng):
    at = 0x84000000
    chaff = [node(f"n{i}", [("p", u32(i))]) for i in range(10000)]
    yield Case("10000-nodes", flatten(usual(*chaff)))
    chaff = [buffer(at + i * 16, 8, f"b{i}") for i in range(10000)]
    yield Case("10000-reservations", flatten(held(*chaff)))
    off = [("status", text("disabled"))]
    chaff = [buffer(at + i * 16, 8, f"b{i}", more=off) for i in range(10000)]
    yield Case("10000-disabled", flatten(held(*chaff)))
    some = [buffer(at + i * 0x3000, 0x2001) for i in range(500)]
    yield Case("500-reservations", flatten(held(*some)), boot=True)
    tangled = [buffer(0x84000000 + rng.randrange(MiB), rng.randrange(0x8000), f"b{i}") for i in range(500)]
    yield Case("500-tangled", flatten(held(*tangled)))
    nested = [buffer(0x84000000 + i * 8, 2 * (5000 - i * 8), f"b{i}") for i in range(500)]
    yield Case("500-nested", flatten(held(*nested)))
    kinds = [[], [flag("no-map")], [flag("reusable")]]
    layers = [buffer(0x84000000 + i * 0x800, 0x4000, f"b{i}", more=kinds[i % 3]) for i in range(1000)]
    yield Case("1000-layers", flatten(held(*layers)))
    most = [buffer(0x84000000 + i * 0x3000, 0x2001) for i in range(1085)]
    yield Case("1088-reservations", flatten(held(*most)))
    yield Case("1089-reservations", flatten(held(*most, buffer(0x83000000, 1))), boot=True)
    yield Case("1089-but-one-is-empty", flatten(held(*most, buffer(0x83000000, 0))))
    pairs = node("x", [reg(*itertools.chain(*[(0x84000000 + i * 0x3000, 1) for i in range(1085)]))])
    yield Case("1088-pairs", flatten(held(pairs)))
    for depth in (10, 62, 63, 64, 65, 500, 5000):
        deep = node("d")
        for _ in range(depth - 2):
            deep = node("d", [("p", b"x")], [deep])
        # The root is one more, so that `depth` nodes are open in the innermost.
        yield Case(f"{depth}-deep", flatten(usual(deep)), "map" if depth <= 64 else "refused", boot=depth in (63, 64))
    yield Case("deep-in-reserved", flatten(held(node("d", [reg(0x84000000, 1)], [node("d", [], [node("d")])]))))
    yield Case("property-of-1-mib", flatten(usual(node("x", [("p", bytes(MiB))]))))
    yield Case("reg-of-1-mib-of-zeros", flatten(usual(memory(*[0] * (MiB // 8), name="memory@0"))))
    yield Case("name-of-64-kib", flatten(usual(node("x" * 65536))))
    yield Case("property-name-of-64-kib", flatten(usual(node("x", [("p" * 65536, b"")]))))
    many = [(f"p{i}", b"") for i in range(1000)]
    yield Case("1000-properties", flatten(usual(node("x", many))))
    yield Case("memory-of-1000-properties", flatten(machine(memory(RAM, RAM_SIZE, more=many))))
    yield Case("100000-nops", flatten(usual(), nops=1000))
    most = flatten(usual(node("x", [("p", bytes((16 << 20) - 8192))])))
    yield Case("almost-16-mib", most)
    yield Case("past-16-mib", flatten(usual(node("x", [("p", bytes(16 << 20))]))), "refused")


# ---- blobs that are no trees --------------------------------------------------------------------------


@group
def truncated(_):
    """Cut at each structural point: the file only, and the file with a total size that admits it."""
    whole = flatten(usual(), [(0x84000000, 0x1000)])
    blob = whole.bytes()
    blocks, _ = whole.layout()
    points = [("nothing", 0), ("3-bytes", 3), ("magic", 4), ("35-bytes", 35), ("36-bytes", 36)]
    points += [("39-bytes", 39), ("header", 40)]
    points += [("in-a-reservation", blocks["r"][0] + 8), ("behind-a-reservation", blocks["r"][0] + 16)]
    points += [("in-the-last-reservation", blocks["r"][0] + 31), ("behind-the-reservations", blocks["r"][0] + 32)]
    points += [("before-the-strings", blocks["s"][0]), ("in-the-strings", blocks["s"][0] + 7)]
    points += [("the-last-byte", len(blob) - 1)]
    wanted = ["begin", "name", "prop", "value", "end", "last"]
    for what in wanted:
        name = {"begin": b"soc", "name": b"soc", "end": b"soc", "last": b""}.get(what, b"compatible")
        at = whole.offset_of(what, name)
        points += [(f"before-{what}", at), (f"1-into-{what}", at + 1), (f"4-into-{what}", at + 4)]
    points += [("8-into-prop", whole.offset_of("prop", "compatible") + 8)]
    for name, at in points:
        yield Case(f"file-{name}", blob[:at], "refused")
        if at >= 8:
            yield Case(f"total-{name}", blob[:4] + u32(at) + blob[8:at], "refused")


@group
def headers(_):
    def off(name, expect="refused", order="rts", **fields):
        return Case(name, flatten(usual(), [(0x84000000, 0x1000)], order=order).force(**fields), expect)

    whole = flatten(usual(), [(0x84000000, 0x1000)])
    blocks, total = whole.layout()
    at = {block: place for block, (place, _) in blocks.items()}
    size = {block: len(data) for block, (_, data) in blocks.items()}
    yield off("magic-0", magic=0)
    yield off("magic-swapped", magic=0xEDFE0DD0)
    yield off("magic-off-by-one", magic=0xD00DFEEE)
    for name, value in [("0", 0), ("39", 39), ("40", 40), ("one-less", total - 1), ("one-more", total + 1)]:
        yield off(f"totalsize-{name}", totalsize=value)
    yield off("totalsize-all-ones", totalsize=0xFFFFFFFF)
    extremes = [("0", 0), ("3", 3), ("36", 36), ("total", total), ("past", total + 4), ("sign", 1 << 31)]
    extremes += [("all-ones", 0xFFFFFFFF), ("last-word", 0xFFFFFFFC)]
    for block, field in [("t", "off_dt_struct"), ("s", "off_dt_strings"), ("r", "off_mem_rsvmap")]:
        for name, value in extremes:
            yield off(f"{field}-{name}", **{field: value})
        yield off(f"{field}-off-by-one", **{field: at[block] + 1})
        yield off(f"{field}-off-by-four", **{field: at[block] + 4})
        yield off(f"{field}-four-less", **{field: at[block] - 4})
    yield off("struct-is-strings", off_dt_struct=at["s"])
    yield off("strings-are-struct", off_dt_strings=at["t"])
    yield off("reservations-are-struct", off_mem_rsvmap=at["t"])
    for block, field in [("t", "size_dt_struct"), ("s", "size_dt_strings")]:
        for name, value in [("0", 0), ("4", 4), ("four-less", size[block] - 4), ("one-less", size[block] - 1)]:
            yield off(f"{field}-{name}", **{field: value})
        for name, value in [("past-the-end", total - at[block] + 1), ("sign", 1 << 31), ("all-ones", 0xFFFFFFFF)]:
            yield off(f"{field}-{name}", **{field: value})
    yield off("size_dt_struct-overlaps-strings", size_dt_struct=size["t"] + 4)
    yield off("strings-overlap-struct", off_dt_strings=at["s"] - 4, size_dt_strings=size["s"] + 4)
    ones = 0xFFFFFFFF
    for version, last_comp in [(17, 17), (17, 16), (17, 1), (18, 16), (255, 17), (ones, 17)]:
        yield off(f"version-{version}-{last_comp}", "map", version=version, last_comp_version=last_comp)
    for version, last_comp in [(0, 0), (1, 1), (2, 2), (3, 3), (15, 15), (15, 16), (18, 18), (17, 18), (ones, ones)]:
        yield off(f"version-{version}-{last_comp}", version=version, last_comp_version=last_comp)
    for name, block, shift in [("struct-by-1", "t", 1), ("struct-by-2", "t", 2), ("reservations-by-4", "r", 4)]:
        aside = flatten(usual(), [(0x84000000, 0x1000)])
        aside.shift[block] = shift
        yield Case(f"not-aligned-{name}", aside, "refused")
    lent = flatten(usual(), [(0x84000000, 0x1000)])
    lent.strings += bytes(32)
    strings, data = lent.layout()[0]["s"]
    yield Case("reservations-in-the-strings", lent.force(off_mem_rsvmap=(strings + len(data) - 16) & ~7), "refused")
    zeros = flatten(node("", [("x", bytes(32)), *counts(2, 2)], [ram()]), [(0x84000000, 0x1000)])
    zeros.reserve = zeros.reserve[:-16]
    yield Case("reservations-end-in-the-tokens", zeros, "refused")
    older = flatten(usual(), version=16, last_comp=16)
    strings, data = older.layout()[0]["s"]
    older.force(off_dt_strings=strings - 4, size_dt_strings=len(data) + 4)
    yield Case("version-16-struct-ends-in-the-strings", older, "refused")
    older = flatten(usual(), version=16, last_comp=16)
    older.force(size_dt_strings=len(older.strings) - 8)
    yield Case("version-16-name-behind-the-strings", older, "refused")
    yield off("boot-cpu-all-ones", "map", boot_cpuid_phys=0xFFFFFFFF)
    yield Case("junk-behind", whole.bytes() + b"\xff" * 100)
    yield Case("all-zero", bytes(100), "refused")
    yield Case("all-ones", b"\xff" * 100, "refused")
    yield Case("text", b"/dts-v1/; / { };", "refused")
    little = b"".join(whole.bytes()[i : i + 4][::-1] for i in range(0, 40, 4)) + whole.bytes()[40:]
    yield Case("little-endian", little, "refused")


@group
def structure(rng):
    """Token streams that no compiler writes."""

    def stream(*steps, tail=True):
        """A tree in good order but for these steps, which come before the root's last END_NODE."""
        strings = Strings()
        tokens = Tokens(strings)
        tokens.tree(usual())
        cut = next(at for what, name, at in reversed(tokens.places) if what == "end" and name == b"")
        del tokens.data[cut:]
        for step in steps:
            step(tokens)
        if tail:
            tokens.end()
            tokens.last()
        return Blob(tokens, strings, [])

    def bytes_(data):
        return lambda tokens: tokens.data.extend(data)

    def begin(name=b"x"):
        return lambda tokens: tokens.begin(name)

    def prop(name=b"p", value=b"v"):
        return lambda tokens: tokens.prop(name, value)

    def end(tokens):
        tokens.end()

    def last(tokens):
        tokens.last()

    nop = bytes_(u32(NOP))
    yield Case("nothing-more", stream())
    yield Case("nop", stream(nop))
    yield Case("a-child-more", stream(begin(), prop(), end))
    yield Case("property-behind-a-child", stream(prop()), "refused")
    yield Case("property-behind-a-nop-behind-a-child", stream(nop, prop()), "refused")
    yield Case("property-behind-a-grandchild", stream(begin(), begin(), end, prop(), end), "refused")
    yield Case("node-left-open", stream(begin()), "refused")
    yield Case("one-end-too-many", stream(end), "refused")
    yield Case("end-in-a-node", stream(begin(), last), "refused")
    yield Case("end-in-the-root", stream(last, tail=False), "refused")
    yield Case("end-then-more", stream(end, last, bytes_(u32(0xDEADBEEF) * 4), tail=False))
    yield Case("end-then-a-second-end", stream(end, last, last, tail=False))
    yield Case("no-end", stream(end, tail=False), "refused")
    yield Case("nop-before-the-end", stream(end, nop, last, tail=False))
    yield Case("property-behind-the-root", stream(end, prop(), last, tail=False), "refused")
    yield Case("second-root", stream(end, begin(b""), end, last, tail=False), "refused")
    for token in (0, 5, 6, 7, 8, 10, 0x01000000, 0xFFFFFFFF):
        yield Case(f"token-{token:x}", stream(bytes_(u32(token))), "refused")
    yield Case("token-cut", stream(end, bytes_(b"\0\0"), tail=False), "refused")
    yield Case("name-without-end", stream(bytes_(u32(BEGIN_NODE) + b"xxxx"), tail=False), "refused")
    yield Case("name-up-to-the-next-token", stream(bytes_(u32(BEGIN_NODE) + b"abc\xff\0\0\0\0"), end))
    yield Case("name-of-any-bytes", stream(begin(bytes(range(1, 256))), end))
    yield Case("name-padded-with-ones", stream(bytes_(u32(BEGIN_NODE) + b"x\0\xff\xff"), end))
    for name, size in [
        ("sign", 1 << 31),
        ("all-ones", 0xFFFFFFFF),
        ("almost-wraps", 0xFFFFFFF4),
        ("wraps", 0xFFFFFFFD),
        ("past-the-end", 0x10000),
    ]:
        inside = bytes_(u32(PROP) + u32(size) + u32(0) + u64(0))
        yield Case(f"value-length-{name}", stream(begin(), inside, end), "refused")
    inside = bytes_(u32(BEGIN_NODE) + text("x") + b"\0\0" + u32(PROP))
    yield Case("property-without-a-length", stream(inside, tail=False), "refused")
    inside = bytes_(u32(BEGIN_NODE) + text("x") + b"\0\0" + u32(PROP) + u32(0))
    yield Case("property-without-a-name", stream(inside, tail=False), "refused")
    for name, offset in [("past-the-end", 1 << 20), ("sign", 1 << 31), ("all-ones", 0xFFFFFFFF)]:
        inside = bytes_(u32(PROP) + u32(0) + u32(offset))
        yield Case(f"name-offset-{name}", stream(begin(), inside, end), "refused")
    whole = flatten(usual())
    inside = bytes_(u32(PROP) + u32(0) + u32(len(whole.strings)))
    yield Case("name-offset-at-the-end", stream(begin(), inside, end), "refused")
    inside = bytes_(u32(PROP) + u32(0) + u32(len(whole.strings) - 1))
    yield Case("name-offset-empty-name", stream(begin(), inside, end))
    inside = bytes_(u32(PROP) + u32(3) + u32(0) + b"abc\xff")
    yield Case("value-padded-with-ones", stream(begin(), inside, end))
    open_end = flatten(usual(node("x", [("zzz", b"")])))
    open_end.strings = open_end.strings[:-1]
    yield Case("strings-without-end", open_end, "refused")
    unused = flatten(usual())
    unused.strings += b"abc"
    yield Case("strings-with-an-unused-tail", unused)
    tail = flatten(usual())
    tail.strings = b"\0" + tail.strings
    yield Case("strings-shifted-by-one", tail, "refused")  # 'reg' is something else now, so no memory
    named = flatten(node("root", counts(2, 2), [ram()]))
    yield Case("root-with-a-name", named, "refused")
    none = Tokens(Strings())
    none.last()
    yield Case("no-root", Blob(none, none.strings, []), "refused")
    yield Case("no-tokens", Blob(Tokens(Strings()), Strings(), []), "refused")
    before = Tokens(Strings())
    before.prop(b"p", b"")
    before.tree(usual())
    before.last()
    yield Case("property-before-the-root", Blob(before, before.strings, []), "refused")
    early = Tokens(Strings())
    early.data += u32(NOP) * 5
    early.tree(usual())
    early.last()
    yield Case("nops-before-the-root", Blob(early, early.strings, []))
    ends = Tokens(Strings())
    ends.end()
    ends.tree(usual())
    ends.last()
    yield Case("end-before-the-root", Blob(ends, ends.strings, []), "refused")
    removed = flatten(held(buffer(0x84000000, 0x1000, "gone")))
    data = bytearray(removed.structure)
    start, stop = (next(o for w, n, o in removed.places if w == what and n == b"gone") for what in ("begin", "end"))
    for place in range(start, stop + 4, 4):
        data[place : place + 4] = u32(NOP)
    removed.structure = bytes(data)
    yield Case("node-overwritten-with-nops", removed, boot=True)
    # One token of a good tree replaced by another.
    whole = flatten(usual())
    kinds = {"begin": BEGIN_NODE, "end": END_NODE, "prop": PROP, "last": END}
    swapped = [place for place in whole.places if place[0] in kinds]
    for i, (what, _, place) in enumerate(rng.sample(swapped, 30)):
        token = rng.choice([t for t in (*kinds.values(), NOP) if t != kinds[what]])
        data = bytearray(whole.structure)
        data[place : place + 4] = u32(token)
        other = flatten(usual())
        other.structure = bytes(data)
        yield Case(f"swapped-{i}", other, None)


# ---- by chance ----------------------------------------------------------------------------------------


def some_place(rng, low, high):
    """A range near [low, high), often with neat edges."""
    step = rng.choice([1, 1, 0x10, 0x1000, 0x1000, 0x100000])
    start = low + rng.randrange(max(1, (high - low) // step)) * step
    size = rng.randrange(max(1, min((high - start) // step, rng.choice([4, 64, 1 << 20])))) * step
    return start, size


def some_flags(rng):
    return [flag(word) for word in ("no-map", "reusable") if rng.random() < 0.2]


def some_status(rng):
    if rng.random() < 0.85:
        return []
    return [("status", rng.choice([text("okay"), text("disabled"), text("ok"), b"", b"okay", text("fail")]))]


@group
def chance(rng):
    """Machines in order: whatever is drawn, there is a map."""
    for i in range(90):
        banks = [memory(RAM + 32 * MiB, 64 * MiB)]
        for _ in range(rng.randrange(6)):
            start, size = some_place(rng, RAM, RAM_END)
            more = some_status(rng) + ([("numa-node-id", u32(rng.randrange(3)))] if rng.random() < 0.4 else [])
            banks.append(memory(start, size, name=f"memory@{len(banks)}", more=more))
        buffers = [FIRMWARE] if rng.random() < 0.7 else []
        for number_ in range(rng.randrange(12)):
            start, size = some_place(rng, RAM - MiB, RAM_END + MiB)
            name = rng.choice([f"b{number_}", f"mmode_resv{number_}", "same", f"buffer@{start:x}"])
            buffers.append(buffer(start, size, name, more=some_flags(rng) + some_status(rng)))
        children = banks + [reserved(*buffers)]
        rng.shuffle(children)
        chosen = []
        if rng.random() < 0.4:
            start, size = some_place(rng, RAM, RAM_END)
            wide = rng.choice([u32, u64])
            chosen = [("linux,initrd-start", wide(start)), ("linux,initrd-end", wide(start + size))]
        reserve = [some_place(rng, RAM, RAM_END) for _ in range(rng.choice([0, 0, 1, 4]))]
        reserve = [pair for pair in reserve if pair[1]]
        dtb = RAM + rng.randrange(RAM_SIZE // 8) * 8
        nops = rng.choice([0, 0, 2])  # QEMU does not find a root behind one
        blob = flatten(machine(*children, chosen=chosen), reserve, nops=nops)
        yield Case(f"{i}", blob, dtb=dtb, boot=i < 18 and not nops)


def some_number(rng):
    near = rng.choice([0, RAM, RAM_END, TOP, WORD, 1 << 32, 0x84000000])
    return (near + rng.choice([0, 0, 1, -1, 4096, -4096, MiB, rng.randrange(1 << 20)])) % WORD


def some_value(rng):
    return rng.choice(
        [
            lambda: u32(rng.choice([0, 1, 2, 3, 4, 0xFFFFFFFF])),
            lambda: u64(some_number(rng)),
            lambda: u64(some_number(rng)) + u64(some_number(rng)),
            lambda: b"",
            lambda: text(rng.choice(["okay", "ok", "disabled", "memory", "cpu", ""])),
            lambda: bytes(rng.randrange(256) for _ in range(rng.randrange(20))),
        ]
    )()


@group
def misfortune(rng):
    """Property names and node names that mean something, in places and with values that do not."""
    names = ["reg", "status", "device_type", "#address-cells", "#size-cells", "ranges", "no-map", "reusable"]
    names += ["numa-node-id", "linux,initrd-start", "linux,initrd-end"]
    nodes = ["memory@80000000", "memory", "reserved-memory", "chosen", "mmode_resv0", "buffer", "soc"]

    def some_node(depth):
        properties = [(rng.choice(names), some_value(rng)) for _ in range(rng.randrange(4))]
        if rng.random() < 0.6:
            properties.insert(0, reg(some_number(rng), rng.choice([0x1000, MiB, 64 * MiB, some_number(rng)])))
        children = [some_node(depth + 1) for _ in range(rng.randrange(3))] if depth < 3 else []
        return node(rng.choice(nodes), properties, children)

    for i in range(80):
        children = [some_node(1) for _ in range(rng.randrange(1, 5))]
        if rng.random() < 0.5:
            children = [c for c in children if c.name != b"reserved-memory"]
        if rng.random() < 0.7:
            children.insert(rng.randrange(len(children) + 1), ram())
        yield Case(f"{i}", flatten(node("", counts(2, 2), children)), None)


@group
def mutated(rng):
    """A good blob with some of its bytes changed."""
    buffers = [buffer(0x84000000, 0x1000), buffer(0x85000000, 0x800, more=[flag("no-map")])]
    good = flatten(held(*buffers), [(0x86000000, 0x123)]).bytes()
    for i in range(80):
        blob = bytearray(good)
        for _ in range(rng.choice([1, 1, 2, 8])):
            at = rng.randrange(len(blob))
            if rng.random() < 0.5:
                blob[at] = rng.randrange(256)
            else:
                at &= ~3
                blob[at : at + 4] = u32(rng.choice([0, 1, 2, 3, 4, 9, 0xFFFFFFFF, 1 << 31, rng.randrange(1 << 32)]))
        yield Case(f"{i}", bytes(blob), None)


def main(arguments):
    seed, folder = "1", None
    while arguments and arguments[0] in ("--seed", "--write"):
        option, value, *arguments = arguments
        if option == "--seed":
            seed = value
        else:
            folder = value
    for case in cases(seed):
        if arguments and not fnmatch.fnmatch(case.name, arguments[0]):
            continue
        print(f"{case.name:44} {len(case.blob):8}  {case.expect or 'either':8} {'boots' if case.boot else ''}")
        if folder:
            path = os.path.join(folder, case.name.replace("/", "-") + ".dtb")
            with open(path, "wb") as file:
                file.write(case.blob)


if __name__ == "__main__":
    main(sys.argv[1:])
