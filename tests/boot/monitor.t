#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The prompt as a person has it: keys, completion, help, pages, Ctrl-C; and each command that shows memory."""

import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from fcntl import ioctl

from acre import LIMIT, RELEASE, Failure, address_of, arguments, boot, case, main, must, must_equal

COMMANDS = ("alloc bench caches crash dump fdt frames free harts heap help kfree kmalloc lend loans locks mem poweroff reboot "
            "reclaim sbi stress term test trace watch why").split()


class Terminal:
    """A kernel on a terminal of some size; what it prints is shown as a terminal shows it, row by row."""

    def __init__(self, columns, rows, **options):
        self.columns = columns
        self.controller, terminal = pty.openpty()
        ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(arguments(**options), stdin=terminal, stdout=terminal, stderr=terminal,
                                        start_new_session=True, env={**os.environ, "TERM": "vt100"})
        os.close(terminal)
        self.bytes = b""

    def __enter__(self):
        self.wait(b"acre> ")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.controller)

    def wait(self, expected, since=0):
        end = time.monotonic() + LIMIT
        while expected not in self.bytes[since:]:
            if not select.select([self.controller], [], [], max(0, end - time.monotonic()))[0]:
                raise Failure(f"it never said {expected!r}; the end is {self.bytes[-300:]!r}")
            self.bytes += os.read(self.controller, 4096)

    def prompt(self):
        """Until the kernel wants a line."""
        end = time.monotonic() + LIMIT
        while not self.bytes.endswith(b"acre> "):
            if not select.select([self.controller], [], [], max(0, end - time.monotonic()))[0]:
                raise Failure(f"no prompt; the end is {self.bytes[-300:]!r}")
            self.bytes += os.read(self.controller, 4096)

    def type(self, keys, expected):
        """What is printed from now on, up to and with `expected`."""
        since = len(self.bytes)
        os.write(self.controller, keys)
        self.wait(expected, since)
        return self.bytes[since:]

    def rows(self, data):
        """As rows of characters: CR, LF, backspace, and the two escape sequences that the kernel knows."""
        rows, row, at = [], [], 0
        for c in re.sub(r"\x1b\[H\x1b\[2J", "\f", data.decode("utf-8", "replace")):
            if c == "\n":
                rows.append("".join(row).rstrip())
                row, at = [], 0
            elif c == "\r":
                at = 0
            elif c == "\f":
                rows, row, at = [], [], 0
            elif c == "\b":
                at = max(0, at - 1)
            else:
                must(c >= " ", f"it printed {c!r}")
                row[at:at + 1] = [c]
                at += 1
        return rows + ["".join(row).rstrip()]


@case
def help_lists_each_command_and_explains_it_with_an_example_that_runs():
    run = boot(text="help\n" + "".join(f"help {name}\n" for name in COMMANDS)).must_end_with(0)
    listed = re.findall(r"^  (\w+)", run.answer("help"), re.MULTILINE)
    must_equal(listed, COMMANDS, "commands in the list")
    examples = []
    for name in COMMANDS:
        answer = run.answer(f"help {name}")
        example = re.search(r"^    example: (.+)$", answer, re.MULTILINE)
        must(example and example[1].split()[0] == name, f"help {name} has no example: {answer}")
        examples.append(example[1])
    quick = [line for line in examples if line.split()[0] not in ("poweroff", "reboot", "test", "watch", "stress", "crash")]
    run = boot(text="".join(line + "\n" for line in quick), bootargs="trace=on").must_end_with(0)
    for line in quick:
        must(run.answer(line) or line.startswith("trace"), f"'{line}' says nothing")
        must("usage" not in run.answer(line), f"'{line}' says {run.answer(line)!r}")
    for columns in (40, 200):
        with Terminal(columns, 1000) as t:
            for line in quick:
                said = t.type(line.encode() + b"\r", b"\nacre> ")
                must(b"-- more" not in said and b"unknown" not in said, f"{columns} columns: {line}: {said!r}")


@case
def help_explains_boot_arguments():
    run = boot(text="help mem\nhelp boothart\nhelp nonsense\n").must_end_with(0)
    must("a boot argument: " in run.answer("help mem") and "example: mem" in run.answer("help mem"), "not both")
    must(run.answer("help boothart").startswith("boothart=ID\n"), "no usage of boothart")
    must("neither a command nor a boot argument" in run.answer("help nonsense"), "nonsense")


@case
def an_unknown_command_is_told_the_nearest():
    run = boot(text="framse\nkmaloc 5\nhepl\nx\nfrobnicate\n").must_end_with(0)
    for typed, meant in (("framse", "frames"), ("kmaloc 5", "kmalloc"), ("hepl", "help")):
        must_equal(run.answer(typed), f"unknown command '{typed.split()[0]}'; is it '{meant}'?\n", "answer")
    must_equal(run.answer("x"), "unknown command 'x'; try 'help'\n", "answer")
    must_equal(run.answer("frobnicate"), "unknown command 'frobnicate'; try 'help'\n", "answer")


@case
def numbers_have_suffixes_and_functions_have_addresses():
    run = boot(text="why 64K\nwhy 0x10000\nwhy kernel_main+0x10\nwhy kernel_main+x\nwhy no_such_function\n"
                    "why 99999999999999999999\n").must_end_with(0)
    must_equal(run.answer("why 64K"), run.answer("why 0x10000"), "64K")
    must("in kernel_main+0x10\n" in run.answer("why kernel_main+0x10"), "kernel_main+0x10")
    for typed in ("kernel_main+x", "no_such_function", "99999999999999999999"):
        must(f"'{typed}' is no number" in run.answer(f"why {typed}"), typed)


@case
def tab_completes_commands_functions_tests_and_arguments():
    run = boot(text="kfr\t0x1\nwhy kernel_ma\t\ntest bits.ctz\t\nhelp boot\t\nfdt /mem\t\nbench heap.pair32\t\n"
                    "frames m\tascii\nzz\t\n").must_end_with(0)
    for completed in ("kfree 0x1", "why kernel_main ", "help boothart ", "bench heap.pair32 ", "frames map ascii"):
        must(run.answer(completed), f"'{completed}' was not run")
    run.must_say(r"^acre> test bits\.ctz\w+ $")
    run.must_say(r"^acre> fdt /memory@[0-9a-f]+ $")
    must_equal(run.answer("zz"), "unknown command 'zz'; try 'help'\n", "answer")


@case
def tab_lists_what_several_words_can_be():
    run = boot(text="he\t\x15fr\t\x15frames\n").must_end_with(0)
    run.must_say(r"^acre> he\nheap +help *\nacre> he")
    run.must_say(r"frames +free *\n")


@case
def lines_are_edited_at_forty_eighty_and_two_hundred_columns():
    for columns in (40, 80, 200):
        with Terminal(columns, 24) as t:
            word = b"x" * 60
            data = t.type(b"why " + word + b"\x17\x17\x17frmes\033[D\033[D\033[Da\r", b"acre> ")
            rows = t.rows(data)
            must("acre> frames" in ("acre> " + rows[0]), f"{columns} columns show {rows[0]!r}")
            must(any(" managed " in row for row in rows), f"{columns} columns: frames was not run")
            widest = max(len(row) for row in t.rows(t.type(b"y" * 150 + b"\x03", b"^C")))
            must(widest <= columns + 2 if columns < 150 else widest >= 150, f"{columns} columns: {widest} are used")


@case
def a_page_waits_for_a_key():
    with Terminal(100, 10) as t:
        shown = t.type(b"mem\r", b"-- more")
        must_equal(len([row for row in t.rows(shown) if row.startswith("  [")]), 8, "lines on the first page")
        one = t.type(b"\r", b"-- more")
        must_equal(len([row for row in t.rows(one) if row.startswith("  [")]), 1, "lines after Enter")
        page = t.type(b" ", b"-- more")
        must_equal(len([row for row in t.rows(page) if row]), 10, "lines after a blank")
        t.type(b"q", b"acre> ")
        t.type(b"mem\r", b"-- more")
        end = t.type(b"\x03", b"acre> ")
        must(b"^C" in end, "Ctrl-C is not shown")


@case
def control_c_stops_long_commands_and_keeps_what_was_typed():
    with Terminal(100, 40, harts=2) as t:
        t.type(b"watch 1 frames\r", b"every 1 s")
        t.type(b"\x03", b"^C")
        t.prompt()
        t.type(b"stress 1000000000000\r", b"\r\n")
        said = t.type(b"heap\r\x03", b"largest free run")
        must(b"stress failed: stopped" in said and b"^C" in said, f"stress was not stopped: {said!r}")
        t.prompt()
        t.type(b"test frame*\r", b"ok 1 ")
        t.type(b"\x03", b"Bail out! stopped after")
        t.prompt()
        t.type(b"poweroff\r", b"")
        must_equal(t.process.wait(LIMIT), 0, "exit code")


@case
def what_was_typed_ahead_is_kept_and_does_not_hide_control_c():
    with Terminal(100, 10) as t:
        t.type(b"mem\rframes\r", b"-- more")
        t.type(b"q", b" managed ")
        t.prompt()
        t.type(b"watch 1 term\r", b"every 1 s")
        for _ in range(6):
            t.type(b"y" * 1000, b"every 1 s")
        t.type(b"\x03", b"^C")


@case
def tab_where_words_have_nothing_in_common_inserts_nothing():
    run = boot(text="\tframes\ntest \t\x15frames\n").must_end_with(0)
    must_equal(run.text.count(" managed ("), 3, "answers to frames, with that of the banner")
    run.must_not_say("unknown command")


@case
def a_command_of_run_that_is_too_long_is_not_run():
    run = boot(text="\n", bootargs=f"run=alloc,{'0' * 260}12;frames").must_end_with(0)
    run.must_say("^a line has at most 256 bytes: not run$")
    run.must_say("^acre> frames$")
    run.must_not_say("^acre> alloc")


@case
def what_the_kernel_uses_is_not_given_back_by_hand():
    rings = address_of("kernel_trace", RELEASE / "acre.elf") + 32  # struct trace, .rings
    run = boot(text=f"dump {rings:#x} 8\nmem\n", bootargs="trace=on").must_end_with(0)
    word = re.search(r"^0x\w{16}  ((?:\w\w ){8})", run.answer(f"dump {rings:#x} 8"), re.MULTILINE)[1]
    ring = int.from_bytes(bytes.fromhex(word), "little")
    arena = int(re.search(r"^  \[(0x\w+), 0x\w+\) .* kernel heap$", run.answer("mem"), re.MULTILINE)[1], 16)
    looks = [f"why {arena + 4096 * i:#x}" for i in range(300)]
    run = boot(text=f"free {ring:#x}\n" + "\n".join(looks) + "\n", bootargs="trace=on").must_end_with(0)
    must("the kernel uses it" in run.answer(f"free {ring:#x}"), run.answer(f"free {ring:#x}"))
    name = re.search(r"^(0x\w+): .* object 0 of a slab of the cache 'names', live", run.text, re.MULTILINE)[1]
    run = boot(text=f"kfree {name}\n", bootargs="trace=on").must_end_with(0)
    must("an object of the cache 'names'" in run.answer(f"kfree {name}"), run.answer(f"kfree {name}"))


@case
def watch_redraws_in_place_while_stress_runs_on_other_harts():
    with Terminal(100, 40, harts=3) as t:
        t.type(b"stress 1000000000000 &\r", b"acre> ")
        start = len(t.bytes)
        os.write(t.controller, b"watch 1 frames map\r")
        for _ in range(4):
            t.wait(b"\x1b[H\x1b[2J", t.bytes.rfind(b"\x1b[H\x1b[2J", start) + 1 or start)
        screens = t.bytes[start:].split(b"\x1b[H\x1b[2J")[1:-1]  # the last one may not be whole
        must(len(screens) >= 2 and all(b"each sign is " in screen and b"in use: none" in screen for screen in screens),
             f"no map was shown: {screens}")
        t.type(b"\x03", b"^C")
        t.prompt()
        t.type(b"test bits.*\r", b"a stress is running: not now")
        t.type(b"stress stop\r", b"stress failed: stopped")
        t.type(b"\rstress stop\r", b"no stress is running")
        t.type(b"test bits.*\r", b"PASS 4 passed")


@case
def a_map_of_frames_shows_what_was_taken():
    run = boot(text="frames map\nalloc 16384 2M\nframes map\nframes map ascii\nframes 0\nframes 9\n").must_end_with(0)
    before, after = re.findall(r"^acre> frames map\n(.*?)(?=^acre> )", run.text, re.MULTILINE | re.DOTALL)
    must_equal(run.answer("frames map ascii"), after, "the map in a pipe is in ASCII")
    size = int(re.search(r"each sign is (\d+) KiB", before)[1]) << 10
    full = [text.count("#") - 1 for text in (before, after)]  # one in the legend
    must_equal((full[1] - full[0]) * size, 16384 * 4096, "bytes that the map shows as taken")
    must("whole pieces of 2 MiB" in run.answer("frames 0"), "no bank")
    must("there is no bank 9" in run.answer("frames 9"), "bank 9")
    with Terminal(100, 60) as t:
        shown = t.rows(t.type(b"frames map\r", b"not of the pool"))
        must(any("\u2591" in row or "\u2588" in row or "\u00b7" in row for row in shown), "no shades on a terminal")


@case
def a_map_of_the_heap_shows_slabs_and_runs():
    run = boot(text="kmalloc 100000\nkmalloc 2000\nheap map\nheap 2000\nheap 100000\ncaches\n").must_end_with(0)
    cells = "".join(re.findall(r"^  0x\w{16}  (.*)$", run.answer("heap map"), re.MULTILINE))
    must(cells.count("#") >= 10 and "h" in cells and "." in cells, f"the map is {cells!r}")
    must("an object of " in run.answer("heap 2000"), "heap 2000")
    must("a run of its own" in run.answer("heap 100000"), "heap 100000")
    must(re.search(r"^  names ", run.answer("caches"), re.MULTILINE), "caches has no names")


@case
def memory_is_taken_and_given_back_by_hand():
    run = boot(text="frames\nalloc\nframes\nkmalloc 5000\nkmalloc 0x7fffffffffff\nalloc 0\nalloc 1 3\n").must_end_with(0)
    free = [int(n) for n in re.findall(r"^frames .* (\d+) free ", run.text, re.MULTILINE)]
    must_equal(free[1] - free[2], 1, "frames that are missing")
    frame = re.search(r"^(0x\w+): 1 frame, 4 KiB$", run.answer("alloc"), re.MULTILINE)[1]
    block = re.search(r"^(0x\w+): ", run.answer("kmalloc 5000"), re.MULTILINE)[1]
    must(run.answer("kmalloc 0x7fffffffffff").startswith("there are none: "), "too much")
    for typed in ("alloc 0", "alloc 1 3"):
        must("a power of two" in run.answer(typed), typed)
    run = boot(text=f"alloc\nkmalloc 5000\nfree {frame}\nfree {frame}\nkfree {block}\nkfree {block}\nfree 1\n"
                    f"free {frame} 0\nkfree 1\nframes\n").must_end_with(0)
    for taken in (f"free {frame}", f"kfree {block}"):
        first, second = re.findall(rf"^acre> {taken}\n(.*?)\n(?=acre> )", run.text, re.MULTILINE)
        must_equal(first, "given back", taken)
        must("refused to free" in second and "free already" in second, f"{taken}, twice: {second}")
    must("misaligned" in run.answer("free 1"), "free 1")
    must("a range of no frames" in run.answer(f"free {frame} 0"), "no frames")
    must("not in the heap" in run.answer("kfree 1"), "kfree 1")


@case
def a_frame_of_the_kernel_is_not_given_back_by_hand():
    run = boot(text="harts\nmem\n", harts=2).must_end_with(0)
    run = boot(text="kmalloc 0x1000000\n", harts=2).must_end_with(0)  # more than the arena: in frames
    block = int(re.search(r"^(0x\w+): ", run.answer("kmalloc 0x1000000"), re.MULTILINE)[1], 16)
    frame = block & ~4095
    run = boot(text=f"kmalloc 0x1000000\nfree {frame:#x}\nheap\n", harts=2).must_end_with(0)
    must("not given back: the kernel uses it" in run.answer(f"free {frame:#x}"), run.answer(f"free {frame:#x}"))


@case
def dump_shows_bytes_and_owners_and_reads_no_other_memory():
    run = boot(text="dump _start+0x30 32\ndump 0x80000000\ndump 0x10000000 4\ndump 0x8007fff8 16\ndump _start 0\n"
                    "dump 0xffffffffffffffff 2\n").must_end_with(0)
    text = run.answer("dump _start+0x30 32")
    must("52 49 53 43 56 00 00 00 52 53 43 05 00 00 00 00  RISCV...RSC....." in text, text)
    must("kernel text" in text, "no owner")
    must("not to be touched" in run.answer("dump 0x80000000"), "firmware")
    must("it is no RAM" in run.answer("dump 0x10000000 4"), "a device")
    must("not to be touched" in run.answer("dump 0x8007fff8 16"), "the end of the firmware")
    must("1 byte to 1 MiB" in run.answer("dump _start 0"), "nothing")
    must("past the last address" in run.answer("dump 0xffffffffffffffff 2"), "the end")


@case
def fdt_prints_the_tree_as_source():
    run = boot(text="fdt\nfdt /memory\nfdt /nowhere\nfdt x\n", memory="128M").must_end_with(0)
    source = run.answer("fdt")
    must_equal(source.count("{"), source.count("}"), "braces")
    done = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input="/dts-v1/;\n" + source, text=True,
                          encoding="latin-1", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    must_equal(done.returncode, 0, f"dtc, which says {done.stderr!r}")
    must("usable" in run.answer("fdt /memory") and "device tree" in run.answer("fdt /memory"), "no owners")
    must("no node /nowhere" in run.answer("fdt /nowhere"), "/nowhere")
    must("is no path" in run.answer("fdt x"), "x")


@case
def bench_counts_instructions_where_they_are_counted():
    counted = boot(text="bench\nbench heap.*\nbench x\n", icount=True).must_end_with(0)
    rows = re.findall(r"^  (\S+) +(\d+)\.\d\d instructions: ", counted.answer("bench"), re.MULTILINE)
    must(len(rows) >= 7 and all(0 < int(cost) < 10000 for _, cost in rows), f"rows: {rows}")
    must_equal(len(counted.answer("bench heap.*").splitlines()), 3, "rows of the heap")
    must("no row matches 'x'" in counted.answer("bench x"), "x")
    ticks = boot(text="bench frame.pair\n").must_end_with(0)
    must("instructions are not counted here" in ticks.answer("bench frame.pair"), "it does not say that it counts ticks")


@case
def what_the_terminal_can_do_is_said():
    run = boot(text="term\nterm 80x24,dumb\nterm\nterm 5x5\nterm none\nterm\n", bootargs="term=9x9").must_end_with(0)
    run.must_say(r"boot argument 'term=9x9': must be 20 to 1000 columns and 4 to 1000 rows")
    must("80 columns, 24 rows, dumb" in run.answer("term 80x24,dumb"), "80x24")
    must("'5x5' must be 20 to" in run.answer("term 5x5"), "5x5")
    with Terminal(123, 45) as t:
        must(b"123 columns, 45 rows, with escape sequences" in t.type(b"term\r", b"sequences"), "make qemu")


main()
