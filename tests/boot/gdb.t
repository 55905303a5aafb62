#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debugging as the README offers it: scripted sessions of gdb over QEMU's stub."""

import ast
import os
import re
import socket
import subprocess

from acre import DEBUG, LIMIT, RELEASE, TOP, Failure, Run, arguments, case, main, must, must_equal, run, scratch


def session(script, kernel=None, harts=2, **more):
    """`make debug` with these commands typed after it has stopped at kernel_main."""
    with scratch() as folder:
        with open(f"{folder}/script", "w", encoding="ascii") as file:
            file.write(script)
        with open(f"{folder}/gdb", "w", encoding="ascii") as file:
            file.write(f'#!/bin/sh\nexec gdb-multiarch -nx -batch "$@" -x {folder}/script\n')
        os.chmod(f"{folder}/gdb", 0o755)
        command = arguments(kernel=(kernel or RELEASE) / "acre.elf", harts=harts, **more)
        command.insert(1, "--debug")
        result = run(command, env={"GDB": f"{folder}/gdb", "TMPDIR": folder}).must_end_with(0)
        left = [name for name in os.listdir(folder) if name not in ("script", "gdb")]
        must_equal(left, [], "files left behind")
    return result


# What scripts/gdb/acre.py takes apart: type, and the members of it that the commands name.
MEMBERS = {
    "struct ticket_lock": "holder next serving",
    "struct memmap": "nregions region",
    "struct memmap_region": "kind name range bank",
    "struct acre_range": "start end",
    "struct frame_pool": "managed lock nbanks bank nstocks stocks",
    "struct frame_bank": "managed first nframes nbits free inserted",
    "struct frame_stock": "base",
    "struct hart_slots": "offset",
    "struct heap": "runs slabs count",
    "struct run_pool": "lock buddy used_bytes",
    "struct slab_pool": "class",
    "struct slab_class": "size nslabs kind",
    "struct slab_kind": "name",
    "struct buddy": "total_bytes nregions",
    "struct hart": "id state stack_low stack_high",
}


def names_missing(commands, kernel):
    """What the text of acre.py names and the debug information of a kernel does not have. No machine runs."""
    used, values = set(), []
    for node in ast.walk(ast.parse(commands)):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            used.add(node.slice.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "value":
            # A number stands for what is put into the text.
            parts = getattr(node.args[0], "values", [node.args[0]])
            values.append("".join(str(p.value) if isinstance(p, ast.Constant) else "0" for p in parts))
    must(len(used) > 10 and len(values) > 4, "acre.py is not understood any more")
    listed = {name for names in MEMBERS.values() for name in names.split()}
    must_equal(used - listed, set(), "members that acre.py names and MEMBERS does not")
    must_equal(listed - used, set(), "members that MEMBERS lists and acre.py does not name")
    values += [f"(({kind} *)0)->{name}" for kind, names in MEMBERS.items() for name in names.split()]
    # The word in front of the kinds of regions, which acre.py cuts off.
    values += [prefix + "USABLE" for prefix in re.findall(r'replace\("(\w+)", ""\)', commands)]
    asked = [word for number, text in enumerate(values) for word in ("-ex", f"echo #{number}\\n", "-ex", f"whatis {text}")]
    done = run(["gdb-multiarch", "-nx", "-batch", kernel / "acre.elf", *asked])
    known = {int(number) for number in re.findall(r"^#(\d+)\ntype = ", done.text, re.M)}
    return [text for number, text in enumerate(values) if number not in known]


@case
def every_name_that_the_commands_use_is_in_the_kernel():
    with open(TOP / "scripts/gdb/acre.py", encoding="utf-8") as file:
        commands = file.read()
    for kernel in (RELEASE, DEBUG):
        must_equal(names_missing(commands, kernel), [], "names that are not in the kernel")
    table = "*'src/kernel/hart/harts.c'::hart_table[{i}]"
    for old, planted, wanted in (
        (table, table.replace("harts.c", "planted.c"), ["*'src/kernel/hart/planted.c'::hart_table[0]"]),
        ('value("kernel_heap")', 'value("planted")', ["planted"]),
        ('"MEMMAP_"', '"PLANTED_"', ["PLANTED_USABLE"]),
    ):
        must(old in commands, f"the commands do not say {old} any more")
        must_equal(names_missing(commands.replace(old, planted), RELEASE), wanted, f"missing with {planted}")
    try:
        names_missing(commands.replace('["stack_low"]', '["planted"]'), RELEASE)
    except Failure:
        return
    raise Failure("a member that no structure has goes unseen")


def number(result, pattern):
    return int(result.must_say(pattern).group(1))


@case
def it_stops_at_kernel_main_with_symbols():
    for kernel in (RELEASE, DEBUG):
        result = session("backtrace\nprint/x $pc\nprint hart_id\n", kernel)
        result.must_say(r"Temporary breakpoint 1, (0x\w+ in )?kernel_main \(hart_id=[01], dtb=0x87e00000")
        result.must_say(r"^#1 .* boot_hart_start \(\) at src/boot/entry.S:\d+$")


@case
def a_session_in_the_frame_allocator():
    """Break, walk back, read the pool, step, finish: the pool has one frame less afterwards."""
    result = session(
        """
        tbreak frame_alloc_range_zeroed
        continue
        backtrace
        acre-pool
        next
        echo stepped to:
        info symbol $pc
        finish
        acre-pool
        """,
        harts=2,
    )
    result.must_say(r"Temporary breakpoint 2(\.\d)?, frame_alloc_range_zeroed \(pool=(pool@entry=)?0x\w+ <machine\+\d+>, nframes=(nframes@entry=)?\d+")
    result.must_say(r"^#\d+ +(0x\w+ in )?harts_init \(.*at src/kernel/hart/harts\.c:\d+$")
    result.must_say(r"^#\d+ +(0x\w+ in )?kernel_main \(hart_id=.*at src/kernel/main\.c:\d+$")
    result.must_say(r"^stepped to:frame_alloc_range(_zeroed)? \+ \d+ in section \.text$")
    taken = number(result, r"frame_alloc_range.*nframes=(?:nframes@entry=)?(\d+)")
    result.must_say(r"^Value returned is \$\d+ = \d+$")
    shown = re.findall(r"^  (\d+) managed, (\d+) inserted, (\d+) free$", result.text, re.M)
    must_equal(len(shown), 2, "looks at the one bank")
    for managed, inserted, free in shown:
        must_equal(managed, inserted, "managed frames by counter and by bitmap")
        must(0 < int(free) <= int(managed), "a pool without frames")
    must_equal(int(shown[0][2]) - int(shown[1][2]), taken, "frames taken")


@case
def another_hart_is_seen_in_the_allocator():
    result = session("break frame_alloc\ncontinue\nbacktrace\ninfo threads\nacre-harts\n")
    result.must_say(r"^#\d+ +(0x\w+ in )?hart_main \(self=0x\w+\) at src/kernel/hart/hart_life\.c:\d+$")
    must_equal(len(re.findall(r"^[* ] +\d+ +Thread 1\.\d+ ", result.text, re.MULTILINE)), 2, "threads")
    must_equal(len(re.findall(r"^index \d: id \d, HART_\w+, stack \[0x", result.text, re.MULTILINE)), 2, "harts")


@case
def the_commands_show_what_the_kernel_prints():
    result = session("tbreak payload_run\ncontinue\nacre-map\nacre-pool\n"
                     "tbreak report_heap_classes\nacre-type heap\ncontinue\nacre-heap\nfinish\n", harts=1)
    shown = re.findall(r"^\[0x(\w{16}), 0x(\w{16})\) .{12}  \w+ +bank", result.text, re.MULTILINE)
    printed = re.findall(r"^  \[0x(\w{16}), 0x(\w{16})\)", result.text, re.MULTILINE)
    must(shown, "acre-map shows nothing")
    must_equal(shown, printed, "regions by acre-map and by the kernel")
    frames = result.must_say(r"^frames +(\d+) managed .*?, (\d+) free")
    result.must_say(rf"^{frames[1]} managed, {frames[2]} free; lock free$")
    result.must_say(r"^8\.00 MiB in 1 region\(s\), \d+ bytes used$")
    # Number of bytes or name, and slabs; those of acre-heap in words, those of the kernel in a table.
    shown = re.findall(r"^(?:objects of )?(.+?)(?: bytes| blocks)(?: \((\w+)\))?: (\d+) slabs$", result.text, re.M)
    printed = re.findall(r"^  (?:(\d+) (B|KiB)|(\w+)) +([1-9]\d*)(?: +\d+){5}$", result.text, re.M)
    must(printed, "the kernel prints no class of objects")
    must_equal([(name or size, slabs) for size, name, slabs in shown],
               [(name or str(int(size) << 10 * (unit == "KiB")), slabs) for size, unit, name, slabs in printed],
               "slabs by acre-heap and by the kernel")


@case
def the_pool_says_where_a_hart_takes_from():
    result = session("tbreak frame_free\ncontinue\nprintf \"frame %#lx\\n\", pfn\nacre-pool\n", harts=1, bootargs="test=ledger.*")
    frame = int(result.must_say(r"^frame (0x\w+)$")[1], 16)
    word = result.must_say(r"^hart 0 takes from \[0x(\w{16}), 0x(\w{16})\) +256\.00 KiB$")
    must(int(word[1], 16) <= frame << 12 < int(word[2], 16), f"frame {frame:#x} is not in that word")


@case
def a_line_can_be_typed_at_the_console():
    result = session("tbreak report_heap\ncontinue\ntbreak report_frames\nacre-type frames\ncontinue\nfinish\n", harts=1)
    result.must_say(r"Temporary breakpoint 3, report_frames")
    result.must_say(r"^acre> frames$")


@case
def hardware_watchpoints_work():
    result = session("tbreak harts_init\ncontinue\nwatch machine.frames.lock.next\ncontinue\nbacktrace 1\n", harts=2)
    result.must_say(r"Hardware watchpoint \d+: machine\.frames\.lock\.next")
    result.must_say(r"^Old value = \d+$")


ELSEWHERE = 0x84001000


@case
def a_kernel_that_was_loaded_elsewhere_is_found():
    """By the address that `make debug LOAD=` gives, and without: by the program counter, and by the trap vector."""
    forget = f"symbol-file {RELEASE / 'acre.elf'}\npython os.environ['ACRE_LOAD'] = ''\n"
    result = session(
        "backtrace\ntbreak harts_init\ncontinue\nbacktrace\nacre-harts\n"
        f"{forget}acre-locate\ninfo symbol $pc\n"
        f"{forget}set $saved = $pc\nset $pc = 0x1000\nacre-locate\nset $pc = $saved\ninfo symbol $stvec\n",
        load=f"{ELSEWHERE:#x}",
    )
    must_equal(result.text.count(f"the kernel is at {ELSEWHERE:#x}"), 3, "times that it is found")
    result.must_say(r"^#1 .* boot_hart_start \(\) at src/boot/entry.S:\d+$")
    result.must_say(r"^#1 +(0x\w+ in )?kernel_main \(.*at src/kernel/main\.c:\d+$")
    result.must_say(r"^index 0: id \d, HART_\w+, stack \[0x")
    result.must_say(r"^harts_init( \+ \d+)? in section \.text")
    result.must_say(r"^trap_entry in section \.text")


@case
def a_kernel_that_is_not_there_yet_is_asked_for():
    result = session("acre-locate 0x84000000\nacre-locate &image_start\n", harts=1)
    result.must_say(r"^no kernel there: ")
    must_equal(result.text.count("the kernel is at 0x80200000"), 2, "times that it is found where it is linked")


@case
def qemu_gdb_waits_on_a_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["make", "--no-print-directory", "-C", str(TOP), "qemu-gdb", f"GDB_PORT={port}"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as waiting:
        result = run(
            [
                *("gdb-multiarch", "-nx", "-batch", RELEASE / "acre.elf"),
                *("-ex", f"set tcp connect-timeout {LIMIT}", "-ex", f"target remote 127.0.0.1:{port}"),
                *("-ex", "tbreak kernel_main", "-ex", "continue", "-ex", "print hart_id", "-ex", "kill"),
            ]
        )
        console, _ = waiting.communicate(timeout=LIMIT)
    result.must_say(r"Temporary breakpoint 1, kernel_main")
    must(f"target remote :{port}" in Run(waiting.returncode, console, b"").text, "how to attach is not said")


main()
