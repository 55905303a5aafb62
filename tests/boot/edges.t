#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Trees at the edge of what the specification allows, and beyond it: what is in doubt is named and kept out, boot
goes on, and no healthy hart is lost. Each case is of a kind; its siblings stand beside it.
"""

import re
import subprocess

from acre import RELEASE, TOP, Run, address_of, arguments, boot, case, main, must, must_equal, run, scratch, selftest
from gdbstub import Stub

ENTRY = 0x80200000
A1 = 11

HARTS = 4
FIRMWARE = "mmode_resv0@80000000 { reg = <0 0x80000000 0 0x80000>; };"


def cpu(number, more="", reg=None):
    """A hart as QEMU describes it; `reg` in place of its own."""
    where = f"reg = <{number:#x}>;" if reg is None else reg
    return (
        f'cpu@{number:x} {{ device_type = "cpu"; compatible = "riscv"; riscv,isa = "rv64imafdc"; '
        f'mmu-type = "riscv,sv48"; {where} {more} intc{number}: interrupt-controller {{ #interrupt-cells = <1>; '
        f'#address-cells = <0>; interrupt-controller; compatible = "riscv,cpu-intc"; }}; }};'
    )


def tree(folder, memory="reg = <0 0x80000000 0 0x8000000>;", chosen="", reserved="", cells=2, cpus="", more=""):
    """The blob of a machine with one bank of memory, and what is to be odd about it."""
    source, blob = f"{folder}/edge.dts", f"{folder}/edge.dtb"
    with open(source, "w", encoding="ascii") as file:
        file.write(
            '/dts-v1/;\n/include/ "virt.dtsi"\n/include/ "test-device.dtsi"\n'
            f'/ {{ memory@80000000 {{ device_type = "memory"; {memory} }};\n'
            f"chosen {{ {chosen} }};\n"
            f"reserved-memory {{ #address-cells = <{cells}>; #size-cells = <{cells}>; ranges; {reserved} }};\n"
            f"{cpus}\n{more} }};\n"
        )
    run(["dtc", "-q", "-i", TOP / "tests/dts", "-o", blob, source]).must_end_with(0)
    return blob


def booted(text="\n", **options):
    """What the kernel says of such a tree, up to its prompt."""
    harts = options.pop("harts", 1)
    with scratch() as folder:
        return boot(text=text, harts=harts, dtb=tree(folder, **options)).must_end_with(0)


# ---- reservations in doubt ----------------------------------------------------------------------------


@case
def a_reservation_of_unknown_status_is_kept_out():
    for word in ("reserved", "failed", "on", ""):
        result = booted(reserved=f'tee@82000000 {{ reg = <0 0x82000000 0 0x100000>; no-map; status = "{word}"; }};')
        result.must_say(r"^warning: tee@82000000: status = .*: kept out: only disabled and fail switch it off")
        result.must_say(r"^  \[0x0000000082000000, 0x0000000082100000\) .* no-map +tee@82000000$")
    for word in ("disabled", "fail", "fail-sss"):
        result = booted(reserved=f'tee@82000000 {{ reg = <0 0x82000000 0 0x100000>; no-map; status = "{word}"; }};')
        result.must_not_say("tee@")


@case
def memory_of_unknown_status_is_left_out():
    more = 'memory@90000000 { device_type = "memory"; reg = <0 0x90000000 0 0x1000>; status = "reserved"; };'
    result = booted(more=more)
    result.must_say(r'^warning: memory@90000000: status = "reserved": left out of the memory')
    result.must_say(r"^memory +128 MiB of RAM in 1 bank$")


@case
def what_names_no_memory_forbids_none():
    result = booted(reserved="nothing {}; empty { reg; };")
    for name in ("nothing", "empty"):
        result.must_say(rf"^warning: {name}: reg: reserves nothing: it has neither reg nor size$")
    for ends in (
        "linux,initrd-start = <0 0x84000000>; linux,initrd-end = <0 0>;",
        "linux,initrd-start = <0 0x84000000>;",
        "linux,initrd-end = <0x84000000>;",
        "linux,initrd-start = <0 0x84000000>; linux,initrd-end = <0 0x83ffffff>;",
    ):
        result = booted(chosen=ends)
        result.must_say(r"^warning: chosen: linux,initrd-(start|end).*: no initrd: it has not both ends$")
        result.must_not_say(r" initrd +initrd$")


# ---- two owners ---------------------------------------------------------------------------------------


def owners(start, end, winner, loser):
    return rf"^warning: \[{start:#x}, {end:#x}\) has two owners: {winner} has it, {loser} claims it too$"


@case
def two_owners_of_one_byte_are_named_once():
    result = booted(
        text="why 0x82010000\nwhy 0x84000000\nwhy 0x86000100\n",
        chosen="linux,initrd-start = <0 0x84000000>; linux,initrd-end = <0 0x84100000>;",
        reserved="tee@82000000 { reg = <0 0x82000000 0 0x100000>; no-map; };"
        "shm@82080000 { reg = <0 0x82010000 0 0x200000>; };"
        "secret@84080000 { reg = <0 0x83ff0000 0 0x20000>; no-map; };"
        "cma@86000000 { reg = <0 0x86000000 0 0x1000>; reusable; };"
        "log@86000000 { reg = <0 0x86000000 0 0x1000>; };",
    )
    tee, shm = r"tee@82000000 \(no-map\)", r"shm@82080000 \(reserved\)"
    result.must_say(owners(0x82010000, 0x82100000, tee, shm))
    result.must_say(owners(0x84000000, 0x84010000, r"secret@84080000 \(no-map\)", r"initrd \(initrd\)"))
    result.must_say(owners(0x86000000, 0x86001000, r"log@86000000 \(reserved\)", r"cma@86000000 \(reusable\)"))
    must_equal(result.text.count("has two owners"), 3, "lines")
    result.must_say(r"^0x82010000: .*; claimed by shm@82080000 \(reserved\) too, \[0x82010000, 0x82210000\)$")
    result.must_say(r"^0x84000000: .*; claimed by initrd \(initrd\) too")
    result.must_say(r"^0x86000100: .*; claimed by cma@86000000 \(reusable\) too")


@case
def what_says_the_same_twice_is_no_contradiction():
    result = booted(
        reserved="boot@80000000 { reg = <0 0x80000000 0 0x100000>; no-map; };"
        "a@82000000 { reg = <0 0x82000000 0 0x1000>, <0 0x82000800 0 0x1000>; };",
    )
    result.must_not_say("two owners")


@case
def a_kernel_that_another_claims_is_an_error_and_boot_goes_on():
    line = (r"^error: the kernel runs at \[0x80200000, 0x[0-9a-f]+\), of which vm@80000000 \(no-map\) has "
            r"\[0x80000000, 0x81000000\): move it, or load the kernel elsewhere$")
    result = booted(reserved="vm@80000000 { reg = <0 0x80000000 0 0x1000000>; no-map; };")
    must_equal(len(re.findall(line, result.text, re.M)), 2, "error lines")
    result.must_say(r"^warning: \[0x\w+, 0x\w+\) has two owners: vm@80000000 \(no-map\) has it, kernel text \(kernel\) "
                    r"claims it too$")


@case
def a_kernel_that_is_not_in_ram_is_an_error_and_the_tests_fail():
    with scratch() as folder:
        blob = tree(folder, memory="reg = <0 0x80800000 0 0x7800000>;")
        result = boot(bootargs="test=ledger.*", dtb=blob).must_end_with(1)
    result.must_say(r"^error: the kernel runs at .*, which from 0x80200000 on is not RAM by the device tree: correct its "
                    r"memory nodes, or load the kernel elsewhere$")
    result.must_say(r"^not ok \d+ ledger.the_image_is_in_ram_and_the_kernels$")


@case
def an_initrd_in_the_kernels_memory_is_said_to_be_lost():
    result = booted(chosen="linux,initrd-start = <0 0x80800000>; linux,initrd-end = <0 0x80900000>;")
    result.must_say(owners(0x80800000, 0x80900000, r"kernel heap \(kernel\)", r"initrd \(initrd\)"))
    result.must_say(r"^warning: part of the initrd was cleared with the kernel's memory: it is of no use, load it elsewhere$")


def left_of_entry(start, size):
    """How much of the tree can be written without the first instruction."""
    return ENTRY - start if start < ENTRY < start + size else size


def said_after(change):
    """What is said up to a verdict, if change(stub, place of the tree, its size) is made just before the kernel is
    entered."""
    with scratch() as folder:
        path = f"{folder}/gdb"
        command = arguments(gdb=path, bootargs="test=bits.* poweroff")
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as process:
            try:
                stub = Stub(path)
                stub.run_to(ENTRY)
                old = stub.register(A1)
                change(stub, old, int.from_bytes(stub.memory(old + 4, 4), "big"))
                stub.release()
                text = b""
                for line in process.stdout:
                    text += line
                    if b"acre: " in line or b"PASS" in line or b"PANIC" in line:
                        break
            finally:
                process.kill()
    return Run(0, text, b"")


def said_with_a_tree_at(place):
    def move(stub, old, size):
        stub.write_memory(place(size), stub.memory(old, size)[: left_of_entry(place(size), size)])
        stub.write_x(A1, place(size))

    return said_after(move)


@case
def a_tree_that_is_none_stops_the_boot():
    def at(address):
        return lambda stub, old, size: stub.write_x(A1, address)

    def with_bytes(offset, data):
        return lambda stub, old, size: stub.write_memory(old + offset, data)

    for change, words in (
        (at(0), "no device tree: the firmware passed 0 in a1"),
        (at(0x7000000000), "load access fault"),
        (with_bytes(0, b"\xd1"), "the device tree at 0x[0-9a-f]+ is malformed at byte 0: no device tree: wrong magic number"),
        (with_bytes(4, b"\x02"), "the device tree at 0x[0-9a-f]+ is truncated at byte 4: total size is more than there is"),
        (with_bytes(20, b"\0\0\0\x0f"), "the device tree at 0x[0-9a-f]+ is unsupported at byte 20: version before 16"),
    ):
        said_after(change).must_say(rf"^PANIC on hart 0: {words}$")


@case
def a_map_without_a_place_for_its_tables_stops_the_boot():
    many = "".join(f"b{i} {{ reg = <0 {0x82000000 + 0x10000 * i:#x} 0 0x1000>; }};" for i in range(40))
    for everything, mem in (("all { reg = <0 0x80000000 0 0x8000000>; };", ""), ("", "mem=64K")):
        with scratch() as folder:
            result = boot(text="\n", bootargs=mem, dtb=tree(folder, reserved=many + everything))
        result.must_say(r"^PANIC on hart 0: no place in memory for the \d+ bytes of its map"
                        + ("; mem= in the boot arguments allows the first 65536 bytes of it$" if mem else "$"))


@case
def a_tree_in_the_kernels_memory_stops_the_boot_before_it_is_cleared():
    end = address_of("bss_end", RELEASE / "acre.elf")
    for place in (lambda size: end - 8, lambda size: 0x80800000, lambda size: ENTRY + 8 - size // 8 * 8):
        said_with_a_tree_at(place).must_say(r"^acre: the device tree lies in the memory of the kernel: load it elsewhere$")
    for place in (lambda size: end, lambda size: ENTRY - (size + 7) // 8 * 8):
        said_with_a_tree_at(place).must_say(r"^PASS \d+ passed$")


# ---- the firmware -------------------------------------------------------------------------------------


@case
def firmware_that_says_another_place_is_kept_out():
    """
    OpenSBI writes its node with the cells of the root into a folder that has others. The kernel is given a tree
    as OpenSBI 1.1 makes it; that of newer ones has two such nodes.
    """
    firmware = "mmode_resv0@80000000 { reg = <0 0x80000000 0 0x80000>; };"
    with scratch() as folder:
        blob = tree(folder, reserved="a@82000000 { reg = <0x82000000 0x1000>; };" + firmware, cells=1,
                    chosen='bootargs = "test=bits.* poweroff";')
        with open(blob, "rb") as file:
            data = file.read()

    def give(stub, old, size):
        stub.write_memory(0x84000000, data)
        stub.write_x(A1, 0x84000000)

    result = said_after(give)
    result.must_say(r"^warning: nothing reserves the start of this RAM, where firmware may lie: kept out, "
                    r"\[0x80000000, 0x80200000\)$")
    result.must_say(r"^  \[0x0000000080000000, 0x0000000080200000\) .* firmware +possible firmware$")


@case
def firmware_of_any_name_is_believed():
    result = booted(reserved="boot@80000000 { reg = <0 0x80000000 0 0x80000>; no-map; };")
    result.must_not_say("possible firmware")


# ---- harts and time -----------------------------------------------------------------------------------


def harts(*cpus, timebase=None):
    """cpu@0 and `cpus`; the clint serves them all."""
    served = ", ".join(f"<&intc{i} 3>, <&intc{i} 7>" for i in range(HARTS))
    clock = "" if timebase is None else timebase
    return {"harts": HARTS, "cpus": f"cpus {{ {clock} {' '.join(cpus)} }}; "
                                    f"soc {{ clint@2000000 {{ interrupts-extended = {served}; }}; }};"}


@case
def a_cpu_that_does_not_say_which_hart_it_is_is_named_and_left_out():
    for reg in ("", "reg;", "reg = [00 03];"):
        result = booted(**harts(cpu(1), cpu(2), cpu(3, reg=reg)))
        result.must_say(r"^warning: cpu@3 is left out: no one can say which hart it is, by its reg: ")
        result.must_say(r"^harts +3 of 3 answered, 0 disabled; booted on hart \d$")


@case
def a_hart_that_is_listed_twice_is_started_once():
    result = booted(**harts(cpu(1), cpu(2), cpu(3, reg="reg = <2>;")))
    result.must_say(r"^warning: cpu@3 is left out: the device tree has hart 2 already$")
    result.must_say(r"^harts +3 of 3 answered")
    # Of 64 bits in a folder of one cell: two harts, of which the first is another's.
    result = booted(**harts(cpu(1), cpu(2), cpu(3, reg="reg = <0 3>;")))
    result.must_say(r"^warning: cpu@3 is left out: the device tree has hart 0 already$")
    result.must_say(r"^harts +4 of 4 answered")


@case
def a_hart_of_doubtful_status_is_not_started():
    for status in ("sleepy", "reserved"):
        result = booted(**harts(cpu(1), cpu(2), cpu(3, f'status = "{status}";')))
        result.must_say(r"^warning: cpu@3: its status is not okay, and does not switch it off: hart 3 is taken as disabled$")
        result.must_say(r"^harts +3 of 3 answered, 1 disabled")


@case
def no_hart_is_lost_where_the_rate_of_time_is_unknown():
    three = (cpu(1), cpu(2), cpu(3))
    for clock in ("timebase-frequency = <0>;", "timebase-frequency = <1>;", "timebase-frequency = <0 0>;"):
        result = booted(**harts(*three, timebase=clock))
        result.must_say(r"^warning: cpus: timebase-frequency is missing, or no rate ")
        result.must_say(r"^harts +4 of 4 answered")
        result.must_say(r"^ready +after entry, but how long no one can say")
    for where in (harts(*three, timebase="timebase-frequency = <0 10000000>;"),
                  harts(cpu(1), cpu(2), cpu(3, "timebase-frequency = <10000000>;"), timebase="timebase-frequency = <0>;")):
        result = booted(**where)
        result.must_not_say("timebase-frequency")
        result.must_say(r"^ready +\d+ us after entry")


@case
def the_self_tests_pass_where_the_rate_of_time_is_unknown():
    where = harts(cpu(1), cpu(2), cpu(3), timebase="timebase-frequency = <0>;")
    with scratch() as folder:
        selftest(harts=where.pop("harts"), dtb=tree(folder, **where))


# ---- RAM that is not there ----------------------------------------------------------------------------


@case
def ram_at_0_is_ram_and_ram_that_does_not_answer_is_named():
    """The board has none there: the first store to its tables faults."""
    more = 'memory@0 { device_type = "memory"; reg = <0 0 0 0x40000000>; numa-node-id = <3>; };'
    with scratch() as folder:
        result = boot(dtb=tree(folder, more=more))
    result.must_say(r"^PANIC on hart 0: store access fault$")
    result.must_say(r"^0x[0-9a-f]+ is in \[0x1000, 0x[0-9a-f]+\), metadata frame tables of bank 0 of bank 0 "
                    r"\(memory@0, NUMA node 3\): the device tree declares it, but this RAM does not answer$")


@case
def islands_each_smaller_than_the_tables_of_all_are_used():
    """32 pieces of 1 MiB in 33 GiB that are not ours."""
    gib = 1 << 30
    ends = [(0x80C00000 if i == 0 else 0x80000000 + i * gib, 0xBFF00000 + i * gib) for i in range(33)]
    reserved = " ".join(f"vm{i} {{ reg = <{a >> 32:#x} {a & 0xffffffff:#x} 0 {b - a:#x}>; no-map; }};"
                        for i, (a, b) in enumerate(ends))
    with scratch() as folder:
        blob = tree(folder, memory="reg = <0 0x80000000 8 0x40000000>;", reserved=reserved)
        result = boot(text="\n", memory="34G", dtb=blob).must_end_with(0)
    result.must_not_say("left out|cannot be used")
    usable = int(result.must_say(r"^  usable +~\S+ MiB +(\d+) bytes$").group(1))
    tables = int(result.must_say(r"^  metadata +.* (\d+) bytes$").group(1))
    must(usable >= 33 * 1015 * 1024, f"only {usable} bytes are usable")
    must(tables <= usable / 16, f"{tables} bytes of tables for {usable}")


@case
def self_tests_that_need_more_memory_than_there_is_are_skipped():
    for mem in ("600K", "2M"):
        result = boot(bootargs=f"mem={mem}").must_end_with(0)
        result.must_not_say(r"^not ok")
        result.must_say(r"^ok \d+ heap_churn\.\S+ # SKIP no memory: \d+ bytes$")
        result.must_say(r"^PASS \d+ passed, \d+ skipped$")


# ---- what else a tree may say --------------------------------------------------------------------------


@case
def the_lists_of_extensions_stand_beside_the_old_string():
    """OpenSBI 1.9 adds what it emulates, zicntr."""
    more = 'riscv,isa-base = "rv64i"; riscv,isa-extensions = "i", "m", "a", "c", "zicsr", "zifencei";'
    booted(cpus=f"cpus {{ cpu@0 {{ {more} }}; }};").must_say(r"^isa +rv64i i m a c zicsr zifencei( zicntr)?$")
    more += " /delete-property/ riscv,isa;"
    booted(cpus=f"cpus {{ cpu@0 {{ {more} }}; }};").must_say(r"^isa +rv64i i m a c zicsr zifencei( zicntr)?$")


@case
def distances_of_nodes_are_shown():
    here = 'distance-map { compatible = "numa-distance-map-v1"; distance-matrix = <0 0 10 0 1 20 1 0 20 1 1 10>; };'
    booted(more=here).must_say(r"^numa +from-to distance: 0-0 10, 0-1 20, 1-0 20, 1-1 10$")
    booted(more=here.replace("<0 0 10", "<10")).must_say(r"^warning: distance-map: distance-matrix is not whole entries")


@case
def memory_that_another_kernel_left_us_is_all_there_is():
    result = booted(memory="reg = <0 0x80000000 0 0x8000000>; linux,usable-memory = <0 0x80000000 0 0x4000000>;",
                    chosen="linux,elfcorehdr = <0 0x83000000 0 0x1000>;")
    result.must_say(r"^memory +64 MiB of RAM in 1 bank$")
    result.must_say(r"^  \[0x0000000083000000, 0x0000000083001000\) .* reserved +linux,elfcorehdr$")


# ---- boot arguments -----------------------------------------------------------------------------------


@case
def an_initrd_in_the_boot_arguments_only_is_kept_out():
    result = boot(text="why 0x84000000\n", bootargs="initrd=0x84000000,16M")
    result.must_say(r"^  \[0x0000000084000000, 0x0000000085000000\) .* initrd +initrd$")
    result.must_say(r"^0x84000000: inside the initrd, as /chosen says, \[0x84000000, 0x85000000\)$")
    result = boot(text="\n", bootargs="initrd=/boot/initrd.img initrdmem=0x85000000,0xffffffffffffffff")
    result.must_say(r"^warning: boot argument 'initrd=/boot/initrd.img': must be an address and a number of bytes, "
                    r"like 0x84000000,16M$")
    result.must_say(r"^warning: boot argument 'initrdmem=.*': ends past the last physical address$")
    result.must_not_say(r" initrd +initrd$")


@case
def boot_arguments_without_an_end_are_read():
    result = booted(chosen="bootargs = [6d 65 6d 3d 36 34 4d];")  # mem=64M
    result.must_say(r"^warning: chosen: bootargs has no NUL at its end: read as if it had$")
    result.must_say(r"^  left out +~6[34]\.\d+ MiB ")
    result = booted(chosen=f"bootargs = [{'20 ' * 1100}];")
    result.must_say(r"^warning: chosen: bootargs has no NUL at its end: what is after 1,023 bytes is not read$")


main()
