#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`why`, `lend` and `reclaim` at the prompt, on machines whose trees have one of everything; and mem= in the boot arguments."""

import re

from acre import TOP, boot, case, main, must, must_equal, run, scratch


def answers(run, *addresses):
    found = [run.answer(f"why {address}").rstrip("\n") for address in addresses]
    return found if len(found) > 1 else found[0]


def with_tree(name, text):
    """Boot on tests/dts/NAME.dts."""
    with scratch() as folder:
        blob = f"{folder}/{name}.dtb"
        source = TOP / f"tests/dts/{name}.dts"
        run(["dtc", "-q", "-i", TOP / "tests/dts", "-o", blob, source]).must_end_with(0)
        return boot(text=text, dtb=blob, memory="256M")


def must_answer(result, address, pattern):
    answer = result.answer(f"why {address}").rstrip("\n")
    must(re.fullmatch(pattern, answer), f"why {address}: got {answer!r}, wanted /{pattern}/")


# What tests/dts/ledger.dts says, address by address.
LEDGER = {
    "0x80000000": r"0x80000000: inside /reserved-memory/mmode_resv[01]@80000000, .*, memory of the firmware",
    "0x80200000": r"0x80200000: the kernel's own: kernel text, \[0x80200000, 0x[0-9a-f]+\), in _start\+0x0",
    "0x81000000": r"0x81000000: inside entry 0 of the tree's /memreserve/ block, \[0x81000000, 0x81001000\)",
    "0x81001000": r"0x81001000: inside entry 1 of the tree's /memreserve/ block, \[0x81001000, 0x81001800\)",
    "0x81001800": r"0x81001800: rounding slack, \[0x81001800, 0x81002000\): .*, beside /memreserve/ 1",
    "0x84000fff": r"0x84000fff: inside /reserved-memory/secret@84000000, .*, no-map: not to be touched",
    "0x85000000": r"0x85000000: inside /reserved-memory/lent@85000000, .*, reusable, and not lent to the frame pool",
    "0x86000000": r"0x86000000: inside /reserved-memory/plain@86000000, \[0x86000000, 0x86002000\), reserved",
    "0x87000000": r"0x87000000: inside /reserved-memory/windowed, \[0x87000000, 0x87100000\), reserved",
    "0x88ffffff": r"0x88ffffff: in a free frame, .* of bank 0 \(NUMA node 3\)",
    "0x8a000000": r"0x8a000000: not RAM: between bank 0, .*, and bank 1, \[0x8c000000, 0x90000000\)",
    "2315255808": r"0x8a000000: not RAM: .*",  # the same
    "0x8bfff000": r"0x8bfff000: not RAM: .*; reserved anyway by hole@8bfff000 \(reserved\), .*",
    "0x8c000000": r"0x8c000000: inside /reserved-memory/hole@8bfff000, .*",
    "0x90000000": r"0x90000000: not RAM: above bank 1, .*",
}


@case
def every_kind_of_owner_is_named():
    result = with_tree("ledger", "\n" + "".join(f"why {address}\n" for address in LEDGER)).must_end_with(0)
    for address, pattern in LEDGER.items():
        must_answer(result, address, pattern)
    result.must_say(r"^error: large: size = <0x0 0x40000000>: no place for it in usable memory: .* \(out of memory\)$")
    result.must_say(r"^warning: 1 of 3 dynamic reservations have no place")


def managed(answer):
    """How many frames there are, and how many of them are free."""
    found = re.match(r"frames +(\d+) managed .*?, (\d+) free", answer)
    must(found, f"no count in {answer!r}")
    return int(found[1]), int(found[2])


@case
def a_reusable_reservation_is_lent_and_reclaimed():
    # Of lent@85000000, 4 MiB, inner@85100000 has two frames: 256 are before them, 766 after.
    there, inner, after = "0x85000000", "0x85100000", "0x85200000"
    words = (f"reclaim {there}", "frames", f"lend {there}", f"why {there}", f"why {after}", "mem", f"lend {there}",
             f"lend {inner}", f"lend {after}", "lend 0x80200000", "loans", f"reclaim {after}", f"reclaim {after}",
             f"reclaim {there}", "lend", "reclaim x")
    result = with_tree("reservations", "\n" + "".join(f"{w}\n" for w in words) + "heap\nframes\n").must_end_with(0)
    none = "no whole frame is there of a reusable reservation that is not lent\n"
    must_equal(result.answer(f"reclaim {there}"), "nothing that is lent is there\n", "before it is lent")
    must_equal(re.findall(r"^(\d+) frames of lent@85000000 are (\w+)", result.text, re.M),
               [("256", "lent"), ("766", "lent"), ("766", "reserved"), ("256", "reserved")], "what moved")
    must("reusable and lent to the frame pool: in a free frame" in result.answer(f"why {there}"), "its owner")
    must("not lent to the frame pool" in result.answer(f"why {after}"), "the owner of the other part")
    must_equal(re.findall(r"^sum .* (all of|NOT all of) RAM", result.text, re.M), ["all of"] * 2, "sums, at boot and by mem")
    must("reusable, lent" in result.answer("mem"), "mem does not show it")
    must_equal(result.text.count(none), 3, "what cannot be lent: lent already, not reusable, the kernel")
    must_equal(result.text.count("nothing that is lent is there\n"), 2, "what cannot be reclaimed")
    must_equal(re.findall(r"^\[0x(\w+), .*: (\d+) frames$", result.answer("loans"), re.M),
               [("85102000", "766"), ("85000000", "256")], "what is lent")
    must("usage: lend ADDRESS" in result.answer("lend"), "lend alone")
    must("'x' is no number" in result.answer("reclaim x"), "reclaim x")
    counts = [managed(line) for line in result.lines if line.startswith("frames ")]
    must_equal(counts[1], counts[2], "frames before and after")


@case
def what_is_no_address_is_refused():
    words = ("x", "0x", "-1", "0x10000000000000000", "18446744073709551616", "1e3")
    result = boot(text="\n" + "".join(f"why {w}\n" for w in words) + "why\nwhy 1 2\n").must_end_with(0)
    for word in words:
        must(f"'{word}' is no number" in result.answer(f"why {word}"), f"why {word} is not refused")
    must("which address?" in result.answer("why"), "why alone")
    must("too many words" in result.answer("why 1 2"), "two addresses")


@case
def the_ends_of_the_address_space_have_answers():
    result = boot(text="\nwhy 0\nwhy 0xffffffffffffffff\nwhy 0xffffffffffffff\n").must_end_with(0)
    must("0x0: not RAM: below bank 0, [0x80000000, " in answers(result, "0"), "why 0")
    must("no physical address" in answers(result, "0xffffffffffffffff"), "the last of 64 bits")
    must("not RAM: above bank 0" in answers(result, "0xffffffffffffff"), "the last of 56 bits")


@case
def the_device_tree_is_as_the_firmware_passed_it():
    result = boot(text="\nwhy 0x87e00010\n").must_end_with(0)
    must(re.search(r"inside the device tree, \[0x87e00000, .*\), as OpenSBI passed it", result.text), "its sentence")


@case
def a_reservation_that_nobody_can_place_stops_the_boot_in_the_same_words():
    result = with_tree("unreadable", "\n")
    words = result.must_say(r"^error: (short@84000000: reg = <0x0 0x84000000 0x1000>: .* \(malformed\))$").group(1)
    result.must_say(r"no memory map can be made of this device tree: " + re.escape(words))
    must(result.code not in (0, 124), f"exit code {result.code}")


def sums(result):
    found = re.findall(r"^sum +(\d+) bytes, all of RAM; in frames: (\d+) bytes free, (\d+) handed out$",
                       result.text, re.MULTILINE)
    must(found, "no sum")
    return [tuple(map(int, numbers)) for numbers in found]


@case
def the_sums_are_the_same_before_and_after_the_self_tests():
    """But for frames that the heap keeps: its page map and its descriptors stay."""
    result = boot(text="\nmem\nframes\ntest\nmem\nframes\n", harts=2).must_end_with(0)
    banner, *both = sums(result)
    heap = re.findall(r"^ +the heap has (\d+) of the frames that are handed out$", result.text, re.MULTILINE)
    must_equal(len(heap), 3, "times that the heap's frames are told")  # the banner tells them too
    before, after = [(total, free + 4096 * int(n), handed_out - 4096 * int(n))
                     for (total, free, handed_out), n in zip(both, heap[1:])]
    must_equal(before, after, "sums")
    must_equal(banner[0], 128 << 20, "bytes")


@case
def mem_leaves_the_rest_out_and_in_the_sums():
    result = boot(text="\nwhy 0x84000000\nwhy 0x87e00010\nmem\n", bootargs="mem=64M").must_end_with(0)
    must_equal(sums(result)[0][0], 128 << 20, "bytes")
    must("RAM that is left out by mem=, [0x84000000, 0x87e00000)" in answers(result, "0x84000000"), "0x84000000")
    must("inside the device tree" in answers(result, "0x87e00010"), "the tree")
    left = int(result.must_say(r"^  left out .* (\d+) bytes$").group(1))
    must(left > 60 << 20, "left out")


@case
def a_mem_that_makes_no_sense_is_reported_and_ignored():
    for value in ("mem=12Q", "mem=0", "mem"):
        result = boot(text="\nmem\n", bootargs=value).must_end_with(0)
        result.must_say(rf"^warning: boot argument '{value}': ")
        result.must_not_say(r"^  left out ")


@case
def a_mem_that_leaves_too_little_is_named_by_the_panic():
    for value, size in (("1", 1), ("64K", 64 << 10)):  # of firmware, which takes 256 KiB or more
        result = boot(text="\n", bootargs=f"mem={value}").must_end_with(1)
        result.must_say(r"^PANIC on hart 0: no frame pool can be made of this memory: out of memory; mem= in the boot "
                        rf"arguments allows the first {size} bytes of it$")


@case
def the_self_tests_pass_on_less_memory():
    result = boot(text="\n", bootargs="test poweroff mem=48M").must_end_with(0)
    result.must_say(r"^PASS \d+ passed$")


main()
