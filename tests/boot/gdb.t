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


PACKAGE = sorted((TOP / "scripts/gdb/acre").glob("*.py"))


def names_in(text):
    """[expression for gdb] of the variables, structures and enums that a file of the package asks for."""
    names = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or "\n" in node.value:
            continue
        if re.fullmatch(r"struct \w+", node.value):
            names.append(f"sizeof ({node.value})")
        elif re.fullmatch(r"'src/[\w/]+\.c'::\w+", node.value):
            names.append(f"&{node.value}")
    for function, name in re.findall(r"\b(variable|address|offset|word_of|enumerators)\(\"([^'\"]+)\"", text):
        names.append(f"sizeof (enum {name})" if function == "enumerators" else f"&{name}")
    return names


def names_missing(texts, kernel):
    """Those that the debug information of a kernel does not have. No machine runs."""
    names = sorted({name for text in texts for name in names_in(text)})
    must(len(names) > 20, "the package is not understood any more")
    asked = [word for i, name in enumerate(names) for word in ("-ex", f"echo #{i}\\n", "-ex", f"whatis {name}")]
    done = run(["gdb-multiarch", "-nx", "-batch", kernel / "acre.elf", *asked])
    known = {int(i) for i in re.findall(r"^#(\d+)\ntype = ", done.text, re.M)}
    return [name for i, name in enumerate(names) if i not in known]


@case
def every_name_that_the_commands_use_is_in_the_kernel():
    """Members of structures are asked for as the commands run: gdb_check.t and gdb_why.t run all of them."""
    texts = [path.read_text() for path in PACKAGE]
    for kernel in (RELEASE, DEBUG):
        must_equal(names_missing(texts, kernel), [], "names that are not in the kernel")
    for old, planted, wanted in (
        ("harts.c'::hart_table", "planted.c'::hart_table", "&'src/kernel/hart/planted.c'::hart_table"),
        ('variable("kernel_heap")', 'variable("planted")', "&planted"),
        ('enumerators("memmap_kind")', 'enumerators("planted")', "sizeof (enum planted)"),
        ('"struct frame_bank"', '"struct planted"', "sizeof (struct planted)"),
    ):
        must(any(old in text for text in texts), f"the commands do not say {old} any more")
        changed = [text.replace(old, planted) for text in texts]
        must(wanted in names_missing(changed, RELEASE), f"missing with {planted}")


# What the debug information does not have: header, name there, file of the package, name there.
CONSTANTS = """
src/boot/boot_abi.h HART_GUARD_SIZE harts GUARD_SIZE
src/mm/types.h FRAME_SHIFT frames SHIFT
src/mm/types.h FRAME_SIZE frames FRAME
src/mm/heap/runs.h RUN_GRANULE_ORDER heap GRANULE_ORDER
src/mm/heap/runs.h RUN_MIN_GRANULES check_runs MIN_GRANULES
src/mm/heap/runs.h RUN_EXACT_ORDER check_runs EXACT_ORDER
src/mm/heap/runs_internal.h RUN_KIND_SHIFT heap KIND_SHIFT
src/mm/heap/runs_internal.h RUN_REGION_SHIFT heap REGION_SHIFT
src/mm/heap/runs_internal.h RUN_NEXT check_runs NEXT
src/mm/heap/runs_internal.h RUN_PREV check_runs PREV
src/mm/heap/page_map.h PAGE_MAP_SHIFT heap FRAME_SHIFT
src/mm/heap/page_map.h PAGE_MAP_WINDOW_SHIFT heap WINDOW_SHIFT
src/mm/heap/slab.h SLAB_CLASSES heap CLASSES
src/mm/heap/slab.h SLAB_UNIT check_heap UNIT
src/mm/heap/buddy.h BUDDY_MAX_ORDER check_buddy MAX_ORDER
src/mm/index/chunk_bytes.h CHUNK_ORDER check_tree ORDERS
src/mm/index/chunk_bytes.h CHUNK_STALE check_tree STALE
src/mm/index/chunk_bytes.h CHUNK_WHOLE check_tree WHOLE
src/lib/bitmap_tree.h BITMAP_TREE_MAX_LEVELS check_buddy MAX_LEVELS
src/kernel/monitor/why.h WHY_LEN why LEN
"""


@case
def constants_are_those_of_the_headers():
    for line in CONSTANTS.split("\n")[1:-1]:
        header, macro, file, name = line.split()
        texts = (TOP / header).read_text(), (TOP / f"scripts/gdb/acre/{file}.py").read_text()
        theirs = re.search(rf"^#define {macro} +(\w+)$", texts[0], re.M)
        ours = re.search(rf"^(?:\w+, )*{name}(?:, \w+)* = (.*)$", texts[1], re.M)
        must(theirs and ours, f"{macro} or {name} is not there any more")
        names = ours[0].split(" = ")[0].split(", ")
        values = eval(ours[1], {"SHIFT": 12})  # noqa: S307
        value = values[names.index(name)] if len(names) > 1 else values
        must_equal(value, int(theirs[1].rstrip("ul"), 0), name)


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
        acre frames
        next
        echo stepped to:
        info symbol $pc
        finish
        acre frames
        """,
        harts=2,
    )
    result.must_say(r"Temporary breakpoint 2(\.\d)?, frame_alloc_range_zeroed \(pool=(pool@entry=)?0x\w+ <machine\+\d+>, nframes=(nframes@entry=)?\d+")
    result.must_say(r"^#\d+ +(0x\w+ in )?harts_init \(.*at src/kernel/hart/harts\.c:\d+$")
    result.must_say(r"^#\d+ +(0x\w+ in )?kernel_main \(hart_id=.*at src/kernel/main\.c:\d+$")
    result.must_say(r"^stepped to:frame_alloc_range(_zeroed)? \+ \d+ in section \.text$")
    taken = number(result, r"frame_alloc_range.*nframes=(?:nframes@entry=)?(\d+)")
    result.must_say(r"^Value returned is \$\d+ = \d+$")
    shown = re.findall(r"^ +(\d+) managed, (\d+) inserted, (\d+) free in", result.text, re.M)
    must_equal(len(shown), 2, "looks at the one bank")
    for managed, inserted, free in shown:
        must_equal(managed, inserted, "managed frames by counter and by bitmap")
        must(0 < int(free) <= int(managed), "a pool without frames")
    must_equal(int(shown[0][2]) - int(shown[1][2]), taken, "frames taken")


@case
def the_trace_is_shown():
    script = "acre trace\ntbreak payload_run\ncontinue\nacre trace 2\nacre check\nacre why kernel_trace.rings\nacre frames\n"
    result = session("tbreak harts_roll_call\ncontinue\n" + script, bootargs="trace=64")
    result.must_say(r"^trace     on; 0 events, of which 0 are overwritten$")
    result.must_say(r"^trace     on; 2 events, of which 0 are overwritten$")
    result.must_say(r"^ *\d+  hart 1    frames_taken     0x\w+      4096 B  by 0x\w+ answer_roll_call\+0x\w+$")
    result.must_say(r"^all invariants hold: ")
    result.must_say(r"^0x\w+: in a frame that is handed out, the events of the trace, \[")
    result.must_say(r"^  taken   \[\w+, \w+\) +8 KiB  the trace's$")


@case
def another_hart_is_seen_in_the_allocator():
    result = session("break frame_alloc\ncontinue\nbacktrace\ninfo threads\nacre harts\n")
    result.must_say(r"^#\d+ +(0x\w+ in )?hart_main \(self=0x\w+\) at src/kernel/hart/hart_life\.c:\d+$")
    must_equal(len(re.findall(r"^[* ] +\d+ +Thread 1\.\d+ ", result.text, re.MULTILINE)), 2, "threads")
    must_equal(len(re.findall(r"^hart \d: \w+, index \d, thread \d at 0x", result.text, re.MULTILINE)), 2, "harts")
    must_equal(len(re.findall(r"^[* ] +\d+ +Thread 1\.\d+ \"hart \d \w+\" ", result.text, re.MULTILINE)), 2, "threads with names")


@case
def the_commands_show_what_the_kernel_prints():
    result = session("tbreak payload_run\ncontinue\nacre map\nacre frames\n"
                     "tbreak report_heap_classes\nacre type heap\ncontinue\nacre heap\nacre caches\nfinish\n", harts=1)
    regions = re.findall(r"^  \[0x\w{16}, 0x\w{16}\) .*", result.text, re.MULTILINE)
    half = len(regions) // 2
    must(half > 5, "acre map shows nothing")
    must_equal([line.rstrip() for line in regions[:half]], regions[half:], "regions by the kernel and by acre map")
    frames = re.findall(r"^frames +(\d+ managed .*?), (\d+) free", result.text, re.MULTILINE)
    must_equal(len(frames), 2, "times that the frames are told")
    must_equal(frames[0], frames[1], "frames by the kernel and by acre frames")
    result.must_say(r"^heap +8 MiB in 1 region, \d+ KiB in blocks")
    # Objects, slabs, live and free; the kernel's table has three columns more.
    shown = re.findall(r"^  (\S+(?: B| KiB)?) +(\d+) +(\d+) +(\d+) +\d+$", result.text, re.M)
    printed = re.findall(r"^  (\S+(?: B| KiB)?) +([1-9]\d*) +\d+ +(\d+) +(\d+) +\d+ +\d+$", result.text, re.M)
    must(printed, "the kernel prints no class of objects")
    must_equal(shown, printed, "slabs by acre caches and by the kernel")


ASK = """
source {top}/tests/boot/boundaries.py
python
import random
from acre.kernel import current
from acre.why import sentence
k = current()
print("grown", k.heap.view.grown.bytes, k.heap.view.grown.placed_bytes, k.heap.nregions)
at = {{b + i for b in boundaries(k) if not k.symbol_find(b - 1) for i in (-1, 0) if b + i >= 0}}
at |= {{random.randrange(0x80000000, 0x84000000) for _ in range(200)}}
ours = {{a: sentence(k, a) for a in at}}
buffer = k.harts[0].emergency_high - 4096
wrong = 0
for a, words in ours.items():
    theirs = gdb.parse_and_eval(f"(char *)why_str((char *){{buffer:#x}}, {{a:#x}}ul)").string()
    if theirs != words:
        wrong += 1
        print("kernel:", theirs)
        print("gdb:   ", words)
print("asked", len(ours), "wrong", wrong)
end
"""


@case
def acre_why_agrees_with_why_while_the_heap_has_grown():
    """In the middle of a self-test, where nothing can be typed: the kernel's function is called by the test."""
    result = session(
        "break heap_shrink if h == &kernel_heap && kernel_heap.grown.bytes > 0\ncontinue\ndelete\n"
        f"set scheduler-locking on\n{ASK.format(top=TOP)}",
        bootargs="test=heap* poweroff", memory="64M",
    )
    grown = result.must_say(r"^grown (\d+) (\d+) (\d+)$")
    must(int(grown[1]) > 0 and int(grown[3]) > 1, "the heap has not grown")
    asked = result.must_say(r"^asked (\d+) wrong 0$")
    must(int(asked[1]) > 300, "few addresses")


@case
def the_pool_says_where_a_hart_takes_from():
    result = session("tbreak frame_free\ncontinue\nprintf \"frame %#lx\\n\", pfn\nacre frames\n", harts=1, bootargs="test=ledger.*")
    frame = int(result.must_say(r"^frame (0x\w+)$")[1], 16)
    word = result.must_say(r"^hart 0 takes from \[0x(\w+), 0x(\w+)\)$")
    must(int(word[1], 16) <= frame << 12 < int(word[2], 16), f"frame {frame:#x} is not in that word")


@case
def a_line_can_be_typed_at_the_console():
    result = session("tbreak report_heap\ncontinue\ntbreak report_frames\nacre type frames\ncontinue\nfinish\n", harts=1)
    result.must_say(r"Temporary breakpoint 3, report_frames")
    result.must_say(r"^acre> frames$")


@case
def a_dump_is_made_and_checked_in_one_session():
    with scratch() as folder:
        result = session(f"tbreak report_heap\ncontinue\nmonitor dump-guest-memory {folder}/core\nacre check {folder}/core\n"
                         f"acre check\nacre diff {folder}/core\nhelp acre\n", memory="64M")  # fmt: skip
    must_equal(len(re.findall(r"^all invariants hold", result.text, re.M)), 2, "whole, as a dump and live")
    must_equal(re.findall(r"^(?:frames|blocks) \w+: (\d+) \(", result.text, re.M), ["0"] * 6, "differences")
    result.must_say(r"^acre why -- Whose is the byte there, and why")


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
        "backtrace\ntbreak harts_init\ncontinue\nbacktrace\nacre harts\n"
        f"{forget}acre locate\ninfo symbol $pc\n"
        f"{forget}set $saved = $pc\nset $pc = 0x1000\nacre locate\nset $pc = $saved\ninfo symbol $stvec\n",
        load=f"{ELSEWHERE:#x}",
    )
    must_equal(result.text.count(f"the kernel is at {ELSEWHERE:#x}"), 3, "times that it is found")
    result.must_say(r"^#1 .* boot_hart_start \(\) at src/boot/entry.S:\d+$")
    result.must_say(r"^#1 +(0x\w+ in )?kernel_main \(.*at src/kernel/main\.c:\d+$")
    result.must_say(r"^hart \d: \w+, index 0, ")
    result.must_say(r"^harts_init( \+ \d+)? in section \.text")
    result.must_say(r"^trap_entry in section \.text")


@case
def a_kernel_that_is_not_there_yet_is_asked_for():
    result = session("acre locate 0x84000000\nacre locate &image_start\n", harts=1)
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
