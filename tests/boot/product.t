#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A kernel without self-tests (TESTS=0): nothing of src/selftest and tests is in it, and it works as well."""

import os
import re

from acre import RELEASE, TOP, boot, case, main, must, must_equal, run

CROSS = os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-")
PRODUCT = TOP / os.environ.get("ACRE_PRODUCT", "build/rv64-release-notests")
OF_TESTS = re.compile(r"(src/selftest|tests|bench)/")
# Symbols that may not be there, whatever file defines them. `context` as in selftest/context.h.
NAMES = re.compile(r"stress|ktest|selftest|crash|^context_|^port_|_hand_frame|fdt_builder|frame_model")
COMMANDS = ("alloc caches dump fdt frames free harts heap help kfree kmalloc lend loans locks mem poweroff reboot reclaim "
            "sbi term trace watch why").split()


def sources(kernel):
    """The files that a kernel was made of: the names of its compilation units."""
    told = run([CROSS + "readelf", "--debug-dump=info", "--dwarf-depth=1", kernel / "acre.elf"]).must_end_with(0)
    return set(re.findall(r"DW_AT_name +: .*?((?:src|tests|bench)/\S+)$", told.text, re.MULTILINE))


def symbols(kernel):
    table = run([CROSS + "nm", kernel / "acre.elf"]).must_end_with(0)
    return [line.split()[-1] for line in table.lines]


def globals_of(objects):
    table = run([CROSS + "nm", "--defined-only", "--extern-only", "--just-symbols", *objects]).must_end_with(0)
    return {line for line in table.lines if line and not line.endswith(":")}


@case
def no_source_of_a_test_is_in_it():
    must("src/kernel/main.c" in sources(PRODUCT), "main.c is not found: the look sees nothing")
    must_equal([name for name in sorted(sources(PRODUCT)) if OF_TESTS.match(name)], [], "sources of tests")
    found = {name.split("/")[-1] for name in sources(RELEASE) if OF_TESTS.match(name)}
    must({"irq_stress.c", "crash.c", "ktest.c"} <= found, f"in a kernel with tests only {sorted(found)} are found")


@case
def no_symbol_of_a_test_is_in_it():
    there = symbols(PRODUCT)
    must("kernel_main" in there, "nm shows no kernel_main")
    must_equal([name for name in there if NAMES.search(name)], [], "symbols by their names")
    must([name for name in symbols(RELEASE) if NAMES.search(name)], "a kernel with tests has none either")
    objects = [path for folder in ("src/selftest", "tests") for path in (RELEASE / folder).rglob("*.o")]
    must(len(objects) > 30, f"{len(objects)} objects of tests")
    # Each payload has these two.
    of_tests = globals_of(objects) - {"payload_run", "payload_arguments"}
    must("irq_stress_set" in of_tests and "ktest_run" in of_tests, "the look at objects sees nothing")
    must_equal(sorted(of_tests & set(there)), [], "symbols that objects of tests define")


@case
def its_static_memory_is_small():
    """BSS without the heap's memory, table and head; 32 KiB of it are the boot hart's stacks, 13 the prompt's."""
    table = run([CROSS + "nm", "--print-size", PRODUCT / "acre.elf"]).must_end_with(0)
    at = {words[-1]: [int(word, 16) for word in words[:-2]] for words in map(str.split, table.lines) if len(words) >= 3}
    bss = at["bss_end"][0] - at["bss_start"][0]
    rest = bss - sum(at[name][1] for name in ("heap_arena", "heap_table", "kernel_heap"))
    must(rest >= 32 << 10, f"only {rest} bytes: the look misses the boot hart's stacks")
    must(rest <= 80 << 10, f"{rest} bytes of BSS beside the heap, of {bss}")


@case
def the_prompt_works_and_lists_no_command_of_a_test():
    run_ = boot(text="help\nframes\nwhy 0x80200000\ntest\nstress\ncrash panic\nmem twice\n", kernel=PRODUCT / "acre.elf",
                harts=2).must_end_with(0)
    must_equal(re.findall(r"^  (\w+)", run_.answer("help"), re.MULTILINE), COMMANDS, "commands")
    must(" managed " in run_.answer("frames"), "frames shows no count")
    must("kernel text" in run_.answer("why 0x80200000"), "why does not know the kernel's text")
    must_equal(run_.answer("mem twice"), "too many words; usage: mem\n", "answer")
    for word in ("test", "stress", "crash"):
        run_.must_say(rf"^unknown command '{word}'; try 'help'$")
    run_.must_say(r"^harts +2 of 2 answered")


@case
def boot_arguments_of_tests_are_unknown():
    run_ = boot(text="harts\n", kernel=PRODUCT / "acre.elf", bootargs="tick=100 ipi=5 seed=3 loglevel=warn")
    run_.must_end_with(0)
    run_.must_say(r"^warning: unknown boot arguments: tick=100 ipi=5 seed=3$")
    run_.must_not_say(r"^ticks |handlers:")


@case
def asked_for_self_tests_it_says_that_it_does_not_know_them_and_fails():
    run_ = boot(kernel=PRODUCT / "acre.elf")
    must(run_.code != 0, "success without a test")
    run_.must_say(r"^warning: unknown boot arguments: test$")
    must("no verdict" in run_.messages, f"run-qemu says {run_.messages!r}")


main()
