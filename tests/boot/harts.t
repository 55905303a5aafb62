#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Many harts; and trees with more of them than there are: large ids, disabled ones, ones that nobody can start, ones past
our table.
"""

import re
import subprocess
from pathlib import Path

from acre import (LIMIT as SECONDS, RELEASE, TOP, Failure, Run, address_of, arguments, case, main, must, must_equal,
                  must_pass, note, run, scratch, selftest)
from gdbstub import Stub

ENTRY = 0x80200000
PLACE = 0x84000000  # of a tree, in memory that nobody uses yet
FIRST = 0x10000  # far from 0
MANY = 700
LIMIT = 512  # PLATFORM_MAX_HARTS
RA, A0, A1, PC = 1, 10, 11, 32
ELF = RELEASE / "acre.elf"


def changed(change, **options):
    """What a kernel says on which `change` was made through the stub; then it runs on alone."""
    with scratch() as folder:
        path = f"{folder}/gdb"
        command = arguments(kernel=ELF, gdb=path, **options)
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            try:
                stub = Stub(path)
                change(stub)
                stub.release()
                console, messages = process.communicate(timeout=SECONDS)
            finally:
                process.kill()
    return Run(process.returncode, console, messages)


def given(harts, bootargs):
    """
    What a kernel says that is given a tree with QEMU's hart 0, and more of them: (id, status) each. It gets the
    tree at its first instruction, since newer firmware stays silent if harts have large ids.
    """
    cpus = "".join(
        f'cpu@{number:x} {{ device_type = "cpu"; reg = <{number:#x}>; status = "{status}"; compatible = "riscv"; '
        f'riscv,isa = "rv64imafdc"; }};\n'
        for number, status in harts
    )
    with scratch() as folder:
        source, blob = f"{folder}/harts.dts", Path(folder) / "harts.dtb"
        with open(source, "w", encoding="ascii") as file:
            file.write(
                '/dts-v1/;\n/include/ "virt.dtsi"\n/include/ "test-device.dtsi"\n'
                f'/ {{ chosen {{ bootargs = "{bootargs} poweroff"; }};\n'
                'memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x8000000>; };\n'
                f"cpus {{ {cpus} }}; }};\n"
            )
        run(["dtc", "-q", "-i", TOP / "tests/dts", "-o", blob, source]).must_end_with(0)
        data = blob.read_bytes()

    def give(stub):
        stub.run_to(ENTRY)
        stub.write_memory(PLACE, data)
        stub.write_x(A1, PLACE)

    return must_pass(changed(give))


HARTS = r"^harts +1 of (\d+) answered, (\d+) disabled; booted on hart 0$"


@case
def harts_that_cannot_be_had_are_named_and_the_kernel_goes_on():
    harts = [(FIRST + i, "disabled" if i % 7 == 3 else "okay") for i in range(MANY)]
    result = given(harts, "test=work.*")
    known, disabled = (int(n) for n in result.must_say(HARTS).groups())
    must_equal(known, LIMIT, "harts in the table")
    must_equal(disabled, sum(status == "disabled" for _, status in harts), "disabled harts")
    asked = [int(n) for n in re.findall(r"^warning: hart (\d+) is left out: invalid argument$", result.text, re.M)]
    past = [int(n) for n in re.findall(rf"^warning: hart (\d+) is left out: raise PLATFORM_MAX_HARTS \({LIMIT}\)$",
                                       result.text, re.M)]
    enabled = [number for number, status in harts if status == "okay"]
    must_equal(len(asked), LIMIT - 1, "harts that the firmware was asked for")
    must_equal(asked + past, enabled, "harts that are named, in their order")


@case
def the_self_tests_of_harts_pass_where_some_did_not_come():
    harts = [(FIRST + 3 * i, "okay") for i in range(30)]
    for suite in ("harts.*", "hart_slot.*", "irq_stress.*", "work.*", "frame_irq_stress.*", "stress.*"):
        known = int(given(harts, f"test={suite}").must_say(HARTS).group(1))
        must_equal(known, 1 + len(harts), "harts in the table")


@case
def sixty_four_harts_boot_park_wake_allocate_and_free():
    result = selftest(harts=64, bootargs="test=harts.park_wake_take_and_give_for_each_other")
    result.must_say(r"^harts +64 of 64 answered, 0 disabled; booted on hart \d+$")
    note(result.must_say(r"^# 64 harts: each took .*$")[0][2:])
    note(result.must_say(r"^ready +\d+ us after entry$")[0])


# ---- firmware that does not stop a hart ---------------------------------------------------------------

HSM, HART_STOP = 0x48534D, 1


@case
def a_hart_that_the_firmware_does_not_stop_panics_in_words():
    """RustSBI's call comes back after a wfi, with 0; the specification has errors."""
    for error, words in ((0, "SBI_ERR_FAILED"), (-1, "SBI_ERR_FAILED"), (-4, "SBI_ERR_DENIED")):

        def comes_back(stub, error=error):
            stub.run_to(address_of("sbi_hart_stop", ELF))
            stub.run_to(address_of("sbi_ecall", ELF))
            while (stub.register(A0), stub.register(A1)) != (HSM, HART_STOP):  # another hart's
                stub.run_to(address_of("sbi_ecall", ELF))
            stub.write_x(A0, error % 2**64)
            stub.write_x(A1, 0)
            stub.write_x(PC, stub.register(RA))

        result = changed(comes_back, harts=3, bootargs="test=harts.* poweroff").must_end_with(1)
        hart = result.must_say(r"^PANIC on hart (\d): ").group(1)
        result.must_say(rf"^PANIC on hart {hart}: hart {hart}: the firmware does not stop it: {words}$")
        result.must_not_say("PANIC inside")


@case
def a_boot_hart_that_the_firmware_does_not_stop_is_left_out():
    """It has handed over to another (boothart=), waits in its wfi, and is named."""
    for other in (1, 2):
        booted = []

        def comes_back(stub, other=other, booted=booted):
            stub.run_to(address_of("kernel_main", ELF))
            booted.append(stub.register(A0))
            if booted != [other]:
                stub.run_to(address_of("hart_send_back", ELF))
                stub.write_x(PC, address_of("hart_park", ELF))

        result = changed(comes_back, harts=3, bootargs=f"boothart={other} test=machine.* poweroff")
        result.must_end_with(0)
        if booted != [other]:  # the firmware has chosen another one than we ask for
            result.must_say(rf"^warning: hart {booted[0]} is left out: ")
            result.must_say(rf"^harts +2 of 3 answered, 0 disabled; booted on hart {other}$")
            return
    raise Failure("the firmware booted on hart 1, and on hart 2")


main()
