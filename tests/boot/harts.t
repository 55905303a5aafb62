#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Many harts; and trees with more of them than there are: large ids, disabled ones, ones that nobody can start, ones past
our table.
"""

import re

from acre import TOP, case, main, must, must_equal, note, run, scratch, selftest

FIRST = 0x10000  # far from 0
MANY = 700
LIMIT = 512  # PLATFORM_MAX_HARTS


def tree(folder, harts):
    """QEMU's hart 0, and more of them: (id, status) each. As a blob."""
    cpus = "".join(
        f'cpu@{number:x} {{ device_type = "cpu"; reg = <{number:#x}>; status = "{status}"; compatible = "riscv"; '
        f'riscv,isa = "rv64imafdc"; }};\n'
        for number, status in harts
    )
    source, blob = f"{folder}/harts.dts", f"{folder}/harts.dtb"
    with open(source, "w", encoding="ascii") as file:
        file.write(
            '/dts-v1/;\n/include/ "virt.dtsi"\n/include/ "test-device.dtsi"\n'
            '/ { memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x8000000>; };\n'
            f"cpus {{ {cpus} }}; }};\n"
        )
    run(["dtc", "-q", "-i", TOP / "tests/dts", "-o", blob, source]).must_end_with(0)
    return blob


HARTS = r"^harts +1 of (\d+) answered, (\d+) disabled; booted on hart 0$"


@case
def harts_that_cannot_be_had_are_named_and_the_kernel_goes_on():
    harts = [(FIRST + i, "disabled" if i % 7 == 3 else "okay") for i in range(MANY)]
    with scratch() as folder:
        result = selftest(dtb=tree(folder, harts), bootargs="test=work.*")
    known, disabled = (int(n) for n in result.must_say(HARTS).groups())
    must_equal(known, LIMIT, "harts in the table")
    # OpenSBI disables those that it does not know either, as long as it has room in the tree for that.
    mine = sum(status == "disabled" for _, status in harts)
    must(mine <= disabled < mine + 100, f"{disabled} disabled")
    asked = [int(n) for n in re.findall(r"^warning: hart (\d+) is left out: invalid argument$", result.text, re.M)]
    past = [int(n) for n in re.findall(rf"^warning: hart (\d+) is left out: raise PLATFORM_MAX_HARTS \({LIMIT}\)$",
                                       result.text, re.M)]
    enabled = [number for number, status in harts if status == "okay"]
    must_equal(len(asked), LIMIT - 1, "harts that the firmware was asked for")
    must_equal(asked + past, enabled[disabled - mine :], "harts that are named, in their order")


@case
def the_self_tests_of_harts_pass_where_some_did_not_come():
    with scratch() as folder:
        blob = tree(folder, [(FIRST + 3 * i, "okay") for i in range(30)])
        for suite in ("harts.*", "hart_slot.*", "irq_stress.*", "work.*", "frame_irq_stress.*", "stress.*"):
            known = int(selftest(dtb=blob, bootargs=f"test={suite}").must_say(HARTS).group(1))
            must(known > 2, f"{known} harts in the table")


@case
def sixty_four_harts_boot_park_wake_allocate_and_free():
    result = selftest(harts=64, bootargs="test=harts.park_wake_take_and_give_for_each_other")
    result.must_say(r"^harts +64 of 64 answered, 0 disabled; booted on hart \d+$")
    note(result.must_say(r"^# 64 harts: each took .*$")[0][2:])
    note(result.must_say(r"^ready +\d+ us after entry$")[0])


main()
