#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The image as the loaders see it: the ELF file's segments, the boot header of the flat image, U-Boot."""

import struct
from pathlib import Path

from acre import DEBUG, RELEASE, add_case, address_of, boot, case, main, must, must_equal

START = 0x80200000  # RAM + text offset, where it is linked
FRAME = 4096
U_BOOT = Path("/usr/lib/u-boot/qemu-riscv64_smode")
LOADED_AT = 0x84000000  # U-Boot's kernel_addr_r
PT_LOAD, PT_NOTE = 1, 4


def segments(path):
    """(type, flags, file offset, physical address, bytes in the file, bytes in memory) of each that is loaded."""
    return [header for header in program_headers(path) if header[0] == PT_LOAD]


def program_headers(path):
    """The same of all of them."""
    blob = path.read_bytes()
    (at,) = struct.unpack_from("<Q", blob, 32)
    size, count = struct.unpack_from("<HH", blob, 54)
    headers = [struct.unpack_from("<IIQQQQQQ", blob, at + i * size) for i in range(count)]
    return [(h[0], h[1], h[2], h[4], h[5], h[6]) for h in headers]


@case
def three_segments_read_execute_read_only_read_write():
    for kernel in (RELEASE, DEBUG):
        found = segments(kernel / "acre.elf")
        must_equal([(kind, flags) for kind, flags, *_ in found], [(1, 5), (1, 4), (1, 6)], "type and flags")
        end = START
        for _, _, _, address, _, size in found:
            must_equal(address, -(-end // FRAME) * FRAME, "start of a segment, in the frame after the last")
            end = address + size


@case
def the_build_id_is_in_memory_too():
    """What a debugger compares, to know that a dump is of the kernel whose symbols it has."""
    ids = set()
    for kernel in (RELEASE, DEBUG):
        blob, image = (kernel / "acre.elf").read_bytes(), (kernel / "Image").read_bytes()
        ((_, _, offset, address, size, _),) = [h for h in program_headers(kernel / "acre.elf") if h[0] == PT_NOTE]
        note = blob[offset : offset + size]
        must_equal(struct.unpack_from("<III", note) + (note[12:16],), (4, 20, 3, b"GNU\0"), "the header of the note")
        must_equal(image[address - START : address - START + size], note, "the note in the flat image")
        ids.add(note[16:])
    must_equal(len(ids), 2, "build IDs of two kernels")


@case
def the_first_segment_begins_with_the_entry():
    for kernel in (RELEASE, DEBUG):
        blob = (kernel / "acre.elf").read_bytes()
        _, _, offset, address, _, _ = segments(kernel / "acre.elf")[0]
        must_equal(address, START, "lowest loaded address")
        must_equal(struct.unpack_from("<Q", blob, 24)[0], START, "entry")
        must(offset > 0, "the ELF header is loaded")


@case
def nothing_writable_comes_from_the_file():
    for kernel in (RELEASE, DEBUG):
        must_equal(segments(kernel / "acre.elf")[2][4], 0, "bytes of .data")


@case
def the_flat_image_has_the_boot_header():
    for kernel in (RELEASE, DEBUG):
        image = (kernel / "Image").read_bytes()
        jump, _, offset, size, flags, version = struct.unpack_from("<IIQQQI", image)
        last = segments(kernel / "acre.elf")[2]
        must(jump & 0x7F in (0x6F, 0x13) or jump & 3 != 3, f"the first word is no instruction: {jump:#x}")
        must_equal(offset, START - 0x80000000, "text offset")
        must_equal(size, last[3] + last[5] - START, "size, with BSS")
        must_equal((flags, version), (0, 2), "flags and version")
        must_equal(image[0x30:0x38], b"RISCV\0\0\0", "magic")
        must_equal(image[0x38:0x3C], b"RSC\x05", "second magic")


@case
def the_flat_image_is_what_the_segments_load():
    for kernel in (RELEASE, DEBUG):
        image = (kernel / "Image").read_bytes()
        blob = (kernel / "acre.elf").read_bytes()
        for _, _, offset, address, in_file, _ in segments(kernel / "acre.elf"):
            at = address - START
            must(image[at : at + in_file] == blob[offset : offset + in_file], f"bytes at {address:#x} differ")


@case
def the_table_of_pointers_is_what_the_linker_has_stored():
    for kernel in (RELEASE, DEBUG):
        image = (kernel / "Image").read_bytes()
        start, end = (address_of(f"relocations_{edge}", kernel / "acre.elf") - START for edge in ("start", "end"))
        table = list(struct.iter_unpack("<II", image[start:end]))
        must(len(table) > 1000, f"only {len(table)} pointers")
        places = [place for place, _ in table]
        must_equal(places, sorted(set(places)), "places in order, each once")
        wrong = [place for place, value in table if struct.unpack_from("<Q", image, place)[0] != START + value]
        must_equal(wrong, [], "places where another pointer is")


@case
def no_relocations_are_left_in_the_file():
    for kernel in (RELEASE, DEBUG):
        must(b".rela" not in (kernel / "acre.elf").read_bytes(), "there is a section of relocations")


@case
def the_flat_image_boots():
    boot(text="mem\n", kernel=RELEASE / "Image").must_end_with(0).must_say(r"kernel +kernel text$")


def by_u_boot(loader, glob, code):
    """U-Boot's autoboot is stopped by a key, and eats it; the rest is typed at its prompt."""
    lines = f"\n\nsetenv bootargs 'test={glob} poweroff'\nbooti {LOADED_AT:#x} - ${{fdtcontroladdr}}\n"
    image = RELEASE / "Image"
    run = boot(
        text=lines,
        memory="256M",
        harts=2,
        kernel=U_BOOT / loader,
        qemu=["-device", f"loader,file={image},addr={LOADED_AT:#x},force-raw=on"],
    ).must_end_with(code)
    run.must_say(r"^Starting kernel")
    run.must_say(r"^harts +2 of 2 answered")
    return run


def u_boots():
    for loader in ("uboot.elf", "u-boot.bin"):
        add_case(
            f"U-Boot's booti takes it ({loader})",
            lambda loader=loader: by_u_boot(loader, "bits.*", 0).must_say(r"^PASS \d+ passed$"),
        )
    add_case(
        "a failure under U-Boot is seen",
        lambda: by_u_boot("uboot.elf", "nosuchtest.*", 1).must_say(r"^FAIL 1 failed, 0 passed$"),
    )


u_boots()

main()
