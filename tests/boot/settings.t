#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The settings of `make qemu`: whatever is in them arrives, or is refused in words."""

from pathlib import Path

from acre import LIMIT, RELEASE, RUN_QEMU, TOP, case, main, must, must_equal, run, scratch

TREE = """/dts-v1/;
/include/ "mine.dtsi"
/ {{ model = "{}"; memory@80000000 {{ device_type = "memory"; reg = <0x0 0x80000000 0x0 0x08000000>; }}; }};
"""


def make(*settings, target="qemu", input=None):
    return run(["make", "--no-print-directory", "-C", TOP, target, f"LIMIT={LIMIT}", *settings], input)


def model_of(dts):
    return make(f"DTS={dts}", input=b"harts\n").must_end_with(0).must_say(r"^machine +(.*)$").group(1)


def write_tree(path, model):
    path.parent.mkdir(exist_ok=True)
    path.write_text(TREE.format(model), encoding="ascii")


@case
def trees_of_one_name_are_told_apart_and_an_edit_is_seen_also_of_what_a_tree_includes():
    with scratch() as folder:
        base = (TOP / "tests/dts/virt.dtsi").read_text(encoding="ascii") + (
            TOP / "tests/dts/test-device.dtsi").read_text(encoding="ascii")
        for name, model in (("a", "first"), ("b b", "second")):
            write_tree(Path(folder, name, "x.dts"), model)
            Path(folder, name, "mine.dtsi").write_text(base, encoding="ascii")
        must_equal(model_of(f"{folder}/a/x.dts"), "first", "model")
        must_equal(model_of(f"{folder}/b b/x.dts"), "second", "model, of a path with a blank")
        must_equal(model_of(f"{folder}/a/x.dts"), "first", "model, once more")
        write_tree(Path(folder, "a", "x.dts"), "third")
        must_equal(model_of(f"{folder}/a/x.dts"), "third", "model, edited")
        without_clock = base.replace("timebase-frequency = <10000000>", "timebase-frequency = <0>")
        Path(folder, "a", "mine.dtsi").write_text(without_clock, encoding="ascii")
        make(f"DTS={folder}/a/x.dts", input=b"\n").must_say(r"^warning: cpus: timebase-frequency is missing")


@case
def a_tree_that_dtc_does_not_take_or_that_is_not_there_is_said():
    with scratch() as folder:
        Path(folder, "x.dts").write_text("/dts-v1/;\n/ { reg = <; };\n", encoding="ascii")
        result = make(f"DTS={folder}/x.dts").must_end_with(2)
        must("syntax error" in result.messages and f"dtc does not take {folder}/x.dts" in result.messages, "words")
        result = make(f"DTS={folder}/no such.dts").must_end_with(2)
        must(f"cannot read {folder}/no such.dts" in result.messages, "it does not name the file")


@case
def quotes_and_blanks_in_boot_arguments_arrive():
    words = """it's "so"  `id` *  -- a'b"""
    result = make(f"BOOTARGS={words}", input=b"harts\n").must_end_with(0)
    must(f"bootargs  {words}\n" in result.text, "other boot arguments")


@case
def numbers_that_make_no_sense_are_refused():
    for setting, words in (
        ("MEM=0", "--memory 0: not a size like 128M or 8G"),
        ("MEM=", "--memory : not a size"),
        ("MEM=0G", "--memory 0G: not a size"),
        ("MEM=lots", "--memory lots: not a size"),
        ("HARTS=0", "--harts 0: not a number of harts, 1 or more"),
        ("HARTS=-1", "--harts -1: not a number of harts"),
        ("HARTS=two", "--harts two: not a number of harts"),
        ("LOAD=there", "--load there: not an address like 0x90000000"),
        ("KERNEL_HEAP_SIZE=2G", "KERNEL_HEAP_SIZE=2147483648: the arena has 16384 bytes to 1G"),
        ("KERNEL_HEAP_SIZE=0", "KERNEL_HEAP_SIZE=0: the arena has 16384 bytes to 1G"),
        ("KERNEL_HEAP_SIZE=much", "KERNEL_HEAP_SIZE=much: it is a number of bytes"),
    ):
        result = make(setting).must_end_with(2)
        must(words in result.messages, f"{setting}: it says {result.messages}")
    for port in ("70000", "0", "x", ""):
        result = make(f"GDB_PORT={port}", target="qemu-gdb").must_end_with(2)
        must("neither a port, 1 to 65535, nor a path" in result.messages, f"GDB_PORT={port}: it says {result.messages}")
        must("stopped" not in result.text + result.messages, "it says that it waits")


@case
def sizes_and_harts_as_qemu_takes_them_are_not_refused():
    for words in (["--memory", "64m"], ["--memory", "0.25G"], ["--harts", "2,sockets=2"]):
        run([RUN_QEMU, *words, "--limit", LIMIT, RELEASE / "acre.elf"], b"\n").must_end_with(0)


main()
