#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
The kernel's self-tests pass on every kind of machine that we promise.

One boot serves several dimensions where they have nothing to do with each other; each value of each
dimension is in at least one line. Every line must run all cases, in order, and power off with 0.
"""

import struct
from pathlib import Path

from acre import (DEBUG, RELEASE, TOP, Skip, add_case, boot, case, isa, main, must, must_equal, run, scratch, selftest,
                  some_cases)

FIRMWARE = next(
    (
        path
        for place in ("/usr/lib/riscv64-linux-gnu", "/usr/share")
        for path in sorted(Path(place).glob("opensbi/**/generic/**/fw_jump.bin"))
    ),
    Path("/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.bin"),
).parent
ALL = {}  # the names of all cases, from the kernel's own list: a debug build has more


def all_cases(kernel):
    if kernel not in ALL:
        answer = boot(text="test --list\n", kernel=kernel).must_end_with(0).answer("test --list")
        ALL[kernel] = [line for line in answer.splitlines() if "." in line]
    return ALL[kernel]


def machine(name, initrd=None, wanted=(), **options):
    """Add a case: the self-tests on this machine. `wanted` is what the console must satisfy."""

    def one():
        if "bios" in options:
            must_be_linked_to_ram(options["bios"])
        with scratch() as folder:
            if initrd:
                options["initrd"] = make_initrd(folder, initrd)
            result = selftest(**options)
        result.must_satisfy(wanted)
        wanted_cases = all_cases(DEBUG / "acre.elf" if options.get("kernel") == DEBUG / "acre.elf" else None)
        must_equal(sorted(name for _, _, name in result.cases()), sorted(wanted_cases), "the cases that ran")

    add_case(name, one)


RAM_STARTS = 0x80000000
PT_LOAD = 1


def must_be_linked_to_ram(firmware):
    """Newer OpenSBIs are linked at 0 and move themselves; QEMU puts an ELF where it is linked."""
    data = firmware.read_bytes()
    if data[:4] != b"\x7fELF":
        return
    table, count = struct.unpack_from("<32xQ16xH", data)
    headers = [struct.unpack_from("<I20xQ", data, table + 56 * i) for i in range(count)]
    place = min(address for kind, address in headers if kind == PT_LOAD)
    if place < RAM_STARTS:
        raise Skip(f"{firmware.name} is linked at {place:#x}, where QEMU has no RAM")


def make_initrd(folder, size):
    """A cpio archive of one file of `size` bytes, as users have them."""
    with open(f"{folder}/file", "wb") as file:
        file.write(bytes(range(256)) * (size // 256))
    run(["sh", "-c", f"cd {folder} && echo file | cpio --quiet -o -H newc >initrd"]).must_end_with(0)
    return f"{folder}/initrd"


def harts(count, hart=r"\d+"):
    return rf"^harts +{count} of {count} answered, 0 disabled; booted on hart {hart}$"


def ram(size):
    return rf"^memory +{size} of RAM"


INITRD = r"  initrd +initrd$"
NO_ZBB = isa("i m a f d c h", lacks="zbb")
ZBB = isa("i m a f d c h zbb")

machine("64 MiB, 1 hart, without Zbb", memory="64M", cpu="rv64,zbb=false", wanted=[ram("64 MiB"), harts(1), NO_ZBB])
machine("128 MiB, 2 harts, with Zbb", memory="128M", harts=2, wanted=[ram("128 MiB"), harts(2), ZBB])
machine("3 GiB, 8 harts, an initrd", memory="3G", harts=8, initrd=3 << 20, wanted=[ram("3 GiB"), harts(8), INITRD])
machine("8 GiB, 1 hart", memory="8G", wanted=[ram("8 GiB"), harts(1)])
machine("8 GiB, 8 harts, debug build", memory="8G", harts=8, kernel=DEBUG / "acre.elf", wanted=[harts(8)])
machine("64 MiB, 2 harts, an initrd, debug build", memory="64M", harts=2, initrd=1 << 20, kernel=DEBUG / "acre.elf",
        wanted=[ram("64 MiB"), INITRD])
machine("hart 3 of 4 is the boot hart", harts=4, bootargs="boothart=3", wanted=[harts(4, 3)])
machine("hart 3 of 4 is the boot hart, debug build", harts=4, bootargs="boothart=3", kernel=DEBUG / "acre.elf",
        wanted=[harts(4, 3)])
machine("processor sifive-u54, 2 harts, no Sstc", cpu="sifive-u54", harts=2, wanted=[isa(lacks="sstc")])
# fw_jump copies the tree to 0x82200000 and jumps to 0x80200000, where QEMU has put the kernel.
for image, what, options in (
    ("fw_dynamic.bin", ", the flat image", {"kernel": RELEASE / "Image"}),
    ("fw_dynamic.elf", ", another seed", {"bootargs": "seed=20240229", "wanted": [r"^# seed=20240229$"]}),
    ("fw_jump.bin", "", {}),
    ("fw_jump.elf", "", {}),
):
    place = "0x0000000082200000" if "jump" in image else "0x0000000087e00000"
    machine(f"firmware {image} of Debian's opensbi{what}", bios=FIRMWARE / image, **{
        **options, "wanted": [r"^OpenSBI v", rf"^  \[{place}, 0x\w+\) .* device tree", *options.get("wanted", ())]})


def any_hart_boots(hart):
    def one():
        selftest(harts=4, bootargs=some_cases(f"boothart={hart}")).must_say(harts(4, hart))

    add_case(f"hart {hart} of 4 is the boot hart", one)


for hart in range(3):
    any_hart_boots(hart)


@case
def the_firmware_images_are_all_of_those_that_the_package_has():
    must_equal(
        sorted(path.name for path in FIRMWARE.glob("fw_*")),
        ["fw_dynamic.bin", "fw_dynamic.elf", "fw_jump.bin", "fw_jump.elf"],
        f"images in {FIRMWARE}",
    )


@case
def a_boot_that_is_fed_nothing_ends_within_30_s():
    """As a user types it; the limit of 30 s is run-qemu's own."""
    result = run(["make", "--no-print-directory", "-C", TOP, "qemu"]).must_end_with(0)
    must(result.verdict().startswith("PASS "), f"verdict {result.verdict()}")


main()
