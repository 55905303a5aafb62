#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
One image at any address: of a machine with 8 GiB, [0x80000000, 0x280000000), put there by a jump at the address
that the firmware enters, and by U-Boot's booti.
"""

import os
import re
import struct
from pathlib import Path

from acre import RELEASE, add_case, boot, case, console_until, main, must, must_equal, run, scratch, selftest

FRAME = 4096
LINKED_AT = 0x80200000
RAM = (0x80000000, 0x280000000)
TEXT_OFFSET = 8  # in the boot header
IMAGE_SIZE = 16
U_BOOT = Path("/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf")
U_BOOT_LOADED_AT = 0x84000000


def image_size():
    return struct.unpack_from("<Q", (RELEASE / "Image").read_bytes(), IMAGE_SIZE)[0]


def functions():
    """name -> [address at which it is linked]; static ones may share a name."""
    nm = os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-") + "nm"
    found = {}
    for address, kind, name in re.findall(r"^([0-9a-f]+) (\w) (\S+)$", run([nm, RELEASE / "acre.elf"]).text, re.M):
        if kind in "tT":
            found.setdefault(name, []).append(int(address, 16))
    return found


def must_own_its_place(result, address):
    """The regions have all of RAM, and the kernel's are where the loader has put it."""
    must("bytes, all of RAM; in frames" in result.text, "the sum is not right")
    regions = [(int(start, 16), int(end, 16), kind)
               for start, end, kind in re.findall(r"^  \[0x(\w{16}), 0x(\w{16})\) .{12}  (\S.*?)  ", result.text, re.M)]
    must_equal((regions[0][0], regions[-1][1]), RAM, "RAM")
    must(all(one[1] == other[0] for one, other in zip(regions, regions[1:])), "a hole between two regions")
    kernel = [region for region in regions if region[2] == "kernel"]
    must_equal((kernel[0][0], kernel[-1][1]), (address, address + image_size()), "memory of the kernel")
    must_equal(sum(end - start for start, end, _ in kernel), image_size(), "bytes of the kernel")


def must_name_functions(result, address, wanted):
    places = re.findall(r"^  (?:at|by) 0x(\w+) (\w+)\+0x(\w+)$", result.text, re.M)
    known = functions()
    for place, name, offset in places:
        start = int(place, 16) - int(offset, 16) - address + LINKED_AT
        must(start in known.get(name, []), f"{name} is not at 0x{place} - 0x{offset}")
    must(set(wanted) <= {name for _, name, _ in places}, f"a backtrace without {wanted}")


def boots_at(address):
    result = boot(memory="8G", load=f"{address:#x}", text=f"why {address:#x}\ncrash trap\n").must_end_with(1)
    must_own_its_place(result, address)
    must_name_functions(result, address, ["by_trap", "command_run", "kernel_main", "boot_hart_start"])
    result.must_say(rf"^{address:#x}: the kernel's own: kernel text, \[{address:#x}, 0x\w+\), in _start\+0x0$")


def passes_at(address, harts=1, bootargs=""):
    result = selftest(memory="8G", load=f"{address:#x}", harts=harts, bootargs=bootargs)
    must_own_its_place(result, address)
    return result


# The jump is where the image is linked; the tree that QEMU makes ends 2 MiB below 3 GiB at the most.
for place in (
    0x80203000,  # next to the jump
    0x90000000,
    0xBF400000,  # below the tree
    0xBFE40000,  # above it, and across 3 GiB
    0x100000000,
    0x17FFFD000,  # across 6 GiB
    0x200000000,
):
    add_case(f"it runs at {place:#x}", lambda place=place: boots_at(place))


@case
def the_self_tests_pass_below_where_it_is_linked():
    passes_at(0x80100000)


@case
def the_self_tests_pass_across_4_gib_on_another_boot_hart():
    """Which starts over at the image's entry, and stores the pointers again."""
    passes_at(0xFFC01000, harts=3, bootargs="boothart=2").must_say(r"^harts +3 of 3 answered.*; booted on hart 2$")


@case
def the_self_tests_pass_at_the_end_of_ram():
    """Newer QEMUs put the tree there: then right below it."""
    tree = int(boot(memory="8G", text="\n").must_say(r"^  \[0x(\w{16}), .*  device tree$").group(1), 16)
    passes_at((tree if tree > 0x100000000 else RAM[1]) - image_size())


@case
def an_address_inside_a_frame_is_said():
    sentence = "acre: the kernel lies at an address that is no multiple of 4096: load it elsewhere"
    for address in (0x84000800, 0x84000008, 0x84000002):
        must(sentence in console_until(sentence, load=f"{address:#x}").text, f"it does not say so at {address:#x}")


@case
def u_boot_moves_it_to_the_text_offset():
    """
    booti moves it to the start of RAM + the text offset of the boot header. RAM of this board has one start, so the
    offset is another: what a board with RAM elsewhere does to the image.
    """
    must(U_BOOT.exists(), f"no {U_BOOT}: make deps")
    for address in (0x90200000, 0x200001000):
        with scratch() as folder:
            image = bytearray((RELEASE / "Image").read_bytes())
            struct.pack_into("<Q", image, TEXT_OFFSET, address - RAM[0])
            Path(folder, "Image").write_bytes(image)
            result = boot(
                text=f"\n\nsetenv bootargs 'test=machine.* poweroff'\nbooti {U_BOOT_LOADED_AT:#x} - ${{fdtcontroladdr}}\n",
                memory="8G", harts=2, kernel=U_BOOT,
                qemu=["-device", f"loader,file={folder}/Image,addr={U_BOOT_LOADED_AT:#x},force-raw=on"],
            ).must_end_with(0)
        result.must_say(rf"^Moving Image from {U_BOOT_LOADED_AT:#x} to {address:#x}, ")
        result.must_say(r"^PASS \d+ passed$")
        must_own_its_place(result, address)


main()
