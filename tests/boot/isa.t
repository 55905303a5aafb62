#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
A kernel that was built for extensions of the instruction set, on harts that have them and on harts that
lack some. (Kernels built for the base, on both: boards.t.)
"""

import os
import subprocess

from acre import (LIMIT, RELEASE, TOP, Run, add_case, address_of, arguments, boot, case, main, must, must_equal, run,
                  scratch, selftest)
from gdbstub import Stub

BASE = "rv64imac_zicsr_zifencei"
ISA = BASE + "_zba_zbb_zbs"
KERNEL = TOP / os.environ.get("ACRE_ISA", f"build/rv64-release-{ISA}") / "acre.elf"
QUICK = 60  # seconds: it is there only to tell a hang from a refusal, which takes a fraction of one
POWERING_OFF = "powering off; if the board stays on, it is safe to switch it off"
RA, A0 = 1, 10


@case
def where_there_are_all_of_them_it_passes_the_self_tests():
    selftest(kernel=KERNEL, cpu="rv64", harts=2).must_not_say(r"^acre: |left out")


def refused(cpu, lacking, **options):
    """It says what is missing, and nothing else; it ends by itself, and not as a success."""
    result = boot(kernel=KERNEL, cpu=cpu, limit=QUICK, **options).must_end_with(1)
    hart = result.must_say(rf"^acre: this kernel was built for {ISA}, and hart (\d+) has no {lacking}\.$").group(1)
    result.must_say(rf"^Build it with ISA={BASE}, or run it where there is {lacking}\.$")
    must_equal(result.text.count("acre: "), 1, "refusals")
    must_equal(result.lines[-1], POWERING_OFF, "last line")
    result.must_not_say("PANIC")
    return int(hart)


REFUSED = {
    "rv64,zba=false": "zba",
    "rv64,zbb=false": "zbb",
    "rv64,zbs=false": "zbs",
    "rv64,zba=false,zbs=false": "zba, zbs",
    "sifive-u54": "zba, zbb, zbs",
    "shakti-c": "zba, zbb, zbs",
}
for name, words in REFUSED.items():
    add_case(f"it refuses to run on {name}", lambda name=name, words=words: refused(name, words))


@case
def whichever_hart_comes_first_names_itself():
    for _ in range(3):
        must(refused("rv64,zbb=false", "zbb", harts=4) < 4, "no such hart")


@case
def sifive_u_cannot_end_so_it_says_that_too():
    result = boot(kernel=KERNEL, machine="sifive_u", harts=2, limit=10).must_end_with(124)
    result.must_say(r"^acre: .* has no zba, zbb, zbs\.$")
    result.must_say(r"^this board cannot power itself off \(SBI_ERR_NOT_SUPPORTED\); it is safe to switch it off$")


# ---- a hart that is worse than the boot hart ----------------------------------------------------------


@case
def another_hart_that_lacks_some_is_left_out_and_named():
    """All harts of this QEMU are alike: so the answer of the first that asks is changed, zbb and zbs."""
    elf = RELEASE / "acre.elf"
    with scratch() as folder:
        path = f"{folder}/gdb"
        command = arguments(kernel=elf, gdb=path, harts=3, bootargs="test=machine.* poweroff")
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            try:
                stub = Stub(path)
                stub.run_to(address_of("hart_start_entry", elf))
                stub.run_to(address_of("isa_lacking", elf))
                stub.run_to(stub.register(RA))
                stub.write_x(A0, 2 | 8)
                stub.release()
                console, messages = process.communicate(timeout=LIMIT)
            finally:
                process.kill()
    result = Run(process.returncode, console, messages).must_end_with(0)
    result.must_say(r"^warning: hart \d is left out: it has no zbb, zbs, which this kernel was built for$")
    result.must_say(r"^harts +2 of 3 answered")
    result.must_not_say("astray")


# ---- what can be asked for ----------------------------------------------------------------------------


@case
def an_extension_that_the_boot_does_not_ask_about_is_not_built_for():
    for isa in (BASE + "_zicbom", "rv64gcv", "rv32imac", ISA + "_zbkb"):
        result = run(["make", "-n", "-C", TOP, "kernel", f"ISA={isa}"]).must_end_with(2)
        must(f"ISA={isa}: it is rv64imac or rv64gc" in result.messages, f"it says {result.messages}")
    for isa in ("rv64gc", "rv64gc_zba_zbb_zbs", BASE + "_zbc"):
        run(["make", "-n", "-C", TOP, "kernel", f"ISA={isa}"]).must_end_with(0)


main()
