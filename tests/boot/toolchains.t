#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kernel that another compiler and linker make passes its self-tests, away from where it is linked, on two harts."""

import os
import shutil

from acre import RELEASE, TOP, Skip, add_case, address_of, main, must_equal, run, selftest

# name: what make is told, folder, programs without which it is skipped
TOOLCHAINS = {
    "riscv64-linux-gnu-gcc": (
        ["CROSS_COMPILE=riscv64-linux-gnu-", "OUT=build/riscv64-linux-gnu"], "build/riscv64-linux-gnu",
        ["riscv64-linux-gnu-gcc", "riscv64-linux-gnu-ld"]),
    "clang and lld": (["LLVM=1"], "build/llvm", ["clang", "ld.lld", "llvm-objcopy", "llvm-nm", "llvm-readelf"]),
}


def bytes_of_cases(elf):
    return address_of("__stop_ktest_cases", elf) - address_of("__start_ktest_cases", elf)


def passes(settings, folder, programs):
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        raise Skip(f"no {missing[0]}: scripts/deps toolchains")
    kernel = TOP / folder / "rv64-release/acre.elf"
    # Not those of the make that runs this test.
    env = dict.fromkeys(("MAKEFLAGS", "MAKEOVERRIDES"), "")
    built = run(["make", "-C", TOP, "-j", os.cpu_count(), *settings, "kernel"], env=env).must_end_with(0)
    must_equal(built.messages, "", "warnings")
    must_equal(bytes_of_cases(kernel), bytes_of_cases(RELEASE / "acre.elf"), "size of the table of cases")
    selftest(kernel=kernel, memory="512M", harts=2, load="0x90000000")


for name, toolchain in TOOLCHAINS.items():
    add_case(name, lambda toolchain=toolchain: passes(*toolchain))

main()
