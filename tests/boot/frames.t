#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The frame pool's debug mode, as frames=debug turns it on."""

import re

from acre import DEBUG, RELEASE, boot, case, main, must, must_equal, selftest

HEX = r"0x[0-9a-f]+"


@case
def all_self_tests_pass_in_the_debug_mode():
    for kernel, harts in ((RELEASE, 4), (DEBUG, 1)):
        result = selftest(bootargs="frames=debug", harts=harts, kernel=kernel / "acre.elf")
        result.must_say(r"^ +debug mode: ")
        result.must_say(r"^sum .* all of RAM; ")


@case
def records_are_in_the_books():
    plain = boot(text="mem\n").must_end_with(0)
    plain.must_not_say(r"frame records|debug mode")
    result = boot(text="mem\n", bootargs="frames=debug").must_end_with(0)
    start, size = result.must_say(rf"^  \[({HEX}), {HEX}\) +(\d+) KiB  metadata +frame records of bank 0$").groups()
    managed = int(result.must_say(r"^frames +(\d+) managed").group(1))
    before = int(plain.must_say(r"^frames +(\d+) managed").group(1))
    must_equal(before - managed, int(size) // 4, "frames that the records cost")
    # 16 bytes a frame of the bank, in whole frames; some of its frames are the kernel's
    must(before * 16 <= int(size) * 1024 <= 32768 * 16, f"{size} KiB of records")
    answer = boot(text=f"why {start}\n", bootargs="frames=debug").answer(f"why {start}")
    must(re.search(r": the frame pool's own records of bank 0, \[", answer), answer)


@case
def each_bank_has_its_records():
    nodes = [f"-object memory-backend-ram,id=m{i},size=128M -numa node,memdev=m{i},cpus={i}".split() for i in (0, 1)]
    result = boot(text="", memory="256M", harts=2, bootargs="frames=debug", qemu=sum(nodes, [])).must_end_with(0)
    for bank in (0, 1):
        result.must_say(rf"frame records of bank {bank}$")
    result.must_say(r"^sum .* all of RAM; ")


@case
def why_names_who_has_a_frame():
    # The areas of the other harts are the frames that are handed out.
    where = boot(text="mem\n", harts=2, bootargs="frames=debug")
    first = int(where.must_say(rf"frame records of bank 0\n  \[({HEX}), ").group(1), 16)
    # The first frame is a table of the heap's, which is there before the other harts.
    result = boot(text=f"why {first:#x}\n", harts=2, bootargs="frames=debug").must_end_with(0)
    result.must_say(rf"^{first:#x}: in a frame that is handed out, in a table of the heap ")
    first += 0x1000
    result = boot(text=f"why {first:#x}\n", harts=2, bootargs="frames=debug").must_end_with(0)
    result.must_say(
        rf"^{first:#x}: in a frame that is handed out, the emergency stack of hart \d, .* of bank 0; "
        rf"taken by {HEX} harts_init\+{HEX} on hart \d, event \d+$"
    )
    plain = boot(text=f"why {first:#x}\n", harts=2).must_end_with(0)
    plain.must_not_say(r"taken by")


@case
def a_double_free_says_who_freed_it():
    plain = boot(text="crash twiceframe\n").must_end_with(1)
    plain.must_say(rf"^PANIC on hart 0: frame: refused to free ({HEX}) for {HEX} by_twiceframe: free already \[\1, {HEX}\)$")
    result = boot(text="crash twiceframe\n", bootargs="frames=debug").must_end_with(1)
    result.must_say(
        rf"^PANIC on hart 0: frame: refused to free ({HEX}) for {HEX} by_twiceframe: free already "
        rf"\[\1, {HEX}\), freed by {HEX} by_twiceframe on hart 0$"
    )


STALE = (
    rf"frame: {HEX}123 was written after it was freed \[{HEX}000, {HEX}000\), "
    rf"freed by {HEX} by_staleframe on hart 0; found for {HEX} by_staleframe$"
)


@case
def a_write_after_the_free_is_found():
    result = boot(text="crash staleframe\n", bootargs="frames=debug").must_end_with(1)
    result.must_say(rf"^PANIC on hart 0: {STALE}")


@case
def and_reported_only_if_that_is_the_policy():
    result = boot(text="crash staleframe\nframes\n", bootargs="frames=debug badfree=report").must_end_with(0)
    result.must_say(rf"^error: {STALE}")
    must_equal(result.text.count("was written after"), 1, "reports")
    must(" managed " in result.answer("frames"), "no answer afterwards")


@case
def nothing_is_checked_where_debug_mode_is_off():
    boot(text="crash staleframe\n").must_end_with(0).must_not_say("was written")


main()
