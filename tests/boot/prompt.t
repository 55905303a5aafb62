#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The prompt: what is typed, what is answered."""

import os
import pty
import re
import select
import subprocess
import time

from acre import LIMIT, TOP, Failure, Run, arguments, boot, case, main, must, must_equal

LINE_LIMIT = 256  # src/kernel/monitor/monitor.c


@case
def each_command_of_the_list_answers():
    run = boot(text="help\nmem\nframes\nheap\nharts\n").must_end_with(0)
    for command in ("mem", "frames", "heap", "harts", "locks", "test", "stress", "poweroff", "reboot"):
        must(f"  {command}" in run.answer("help"), f"help does not list {command}")
    must("[0x0000000080000000, " in run.answer("mem"), "mem shows no region")
    must(" managed " in run.answer("frames"), "frames shows no count")
    must("largest free run" in run.answer("heap"), "heap shows no figures")
    must("booted on hart" in run.answer("harts"), "harts shows no harts")


def names_of_locks_in_the_sources():
    """What the kernel is made of, but for the locks that self-tests make for themselves."""
    init = re.compile(r'ticket_lock_init(?:_level)?\([^,]+,\s*"([^"]+)"')
    files = [path for path in (TOP / "src").rglob("*.c") if "selftest" not in path.parts]
    return {name for path in files for name in init.findall(path.read_text())}


@case
def locks_has_a_line_for_each_lock_that_there_is():
    run = boot(text="locks\n").must_end_with(0)
    names = names_of_locks_in_the_sources()
    must(len(names) >= 6, f"the sources have these locks only: {sorted(names)}")
    line = re.compile(r"^(\S+(?: \S+)*) +(\d+) +\d+ +\d+ +\d+  ", re.M)
    holds = dict(line.findall(run.answer("locks")))
    for name in names - {"slabs"}:
        must(name in holds, f"locks has no line for '{name}'")
        must(int(holds[name]) > 0, f"'{name}' was never held")
    must_equal({name for name in holds if not name.startswith("slabs of ")}, names - {"slabs"},
               "lines, but for those of classes")
    must(len(holds) > len(names), "no class of objects has a line")


@case
def unknown_commands_and_surplus_words_are_refused():
    run = boot(text="frobnicate now\nmem twice\n").must_end_with(0)
    must_equal(run.answer("frobnicate now"), "unknown command 'frobnicate'; try 'help'\n", "answer")
    must_equal(run.answer("mem twice"), "too many words; usage: mem\n", "answer")


@case
def blanks_around_words_and_empty_lines_are_nothing():
    run = boot(text="\n   \n  frames   \n").must_end_with(0)
    must(" managed " in run.answer("  frames   "), "frames shows no count")
    must_equal(run.answer("   "), "", "answer")


@case
def cr_and_lf_both_end_a_line():
    run = boot(text=b"frames\rheap\r\nframes\n").must_end_with(0)
    must_equal(len(run.lines) - len([x for x in run.lines if x != "acre> frames"]), 2, "lines run")
    must("largest free run" in run.answer("heap"), "heap shows no figures")


@case
def backspace_delete_and_control_u_edit():
    run = boot(text=b"framez\bs\nheapp\x7f\nmem mem mem\x15frames\n").must_end_with(0)
    must_equal(run.text.count(" managed ("), 3, "answers to frames, with that of the banner")
    must_equal(run.text.count("largest free run"), 2, "answers to heap, with that of the banner")
    run.must_not_say("unknown command|too many")


@case
def control_c_drops_the_line():
    run = boot(text=b"frobnicate\x03\nframes\n").must_end_with(0)
    run.must_not_say("unknown command")
    run.must_say(r"frobnicate\^C$")


@case
def backspace_stops_at_the_beginning():
    run = boot(text=b"\b\b\b\bframes\n").must_end_with(0)
    must(" managed " in run.answer("frames"), "frames shows no count")


@case
def a_line_that_is_too_long_is_not_run():
    long = "mem " + "x" * LINE_LIMIT
    run = boot(text=f"{long}\nframes\n{'y' * LINE_LIMIT}\n").must_end_with(0)
    run.must_say(f"a line has at most {LINE_LIMIT} bytes: not run")
    run.must_not_say("too many words")
    run.must_say(r"unknown command 'y{%d}" % LINE_LIMIT)
    must(" managed " in run.answer("frames"), "the line after it is lost")


@case
def bytes_that_are_no_text_are_ignored():
    run = boot(text=b"fr\x00am\x1f\xff\xfees\x1b\n").must_end_with(0)
    must(" managed " in run.answer("frames"), "frames shows no count")


@case
def a_thousand_lines_at_once_are_all_run():
    run = boot(text="frames\n" * 1000).must_end_with(0)
    must_equal(run.text.count(" managed ("), 1001, "answers, with that of the banner")


@case
def a_glob_chooses_tests():
    run = boot(text="test bits.*\n").must_end_with(0)
    names = [name for ok, _, name in run.cases() if ok]
    must(names and all(name.startswith("bits.") for name in names), f"ran {names}")
    run.must_say(f"^PASS {len(names)} passed$")


@case
def tests_leave_the_machine_usable():
    """But for frames that the heap keeps: its page map and its descriptors stay."""
    run = boot(text="frames\nheap\ntest\nframes\nheap\n").must_end_with(0)
    counts = [int(free) + int(heap) for free, heap in
              re.findall(r"^frames .* (\d+) free .*\n +the heap has (\d+) of the frames", run.text, re.M)]
    must_equal(len(counts), 3, "times that frames are told")  # the banner tells them too
    must_equal(counts[1], counts[2], "frames before and after")
    used = [line.split(", ")[1] for line in run.lines if line.startswith("heap ")]
    must_equal(used[1], used[2], "heap before and after")


def on_a_terminal(*steps):
    """Boot with a terminal as standard input; each step is (what to wait for, what to type then)."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(arguments(), stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
    os.close(terminal)
    seen, console, end = b"", b"", time.monotonic() + LIMIT
    try:
        for expected, typed in steps:
            while expected not in seen:
                if not select.select([controller], [], [], max(0, end - time.monotonic()))[0]:
                    raise Failure(f"it never said {expected!r}; the end is {seen[-200:]!r}")
                more = os.read(controller, 4096)
                seen, console = seen + more, console + more
            seen = seen.split(expected, 1)[1]
            os.write(controller, typed)
        code = process.wait(LIMIT)
    finally:
        process.kill()
        os.close(controller)
    return Run(code, console, b"")


@case
def a_terminal_has_the_prompt():
    run = on_a_terminal((b"acre> ", b"frames\r"), (b" managed ", b""), (b"acre> ", b"poweroff\r"))
    run.must_end_with(0).must_not_say("^KTAP")


@case
def on_a_terminal_a_failure_is_the_exit_code():
    steps = ((b"acre> ", b"test nosuchtest.*\r"), (b"FAIL 1 failed", b""), (b"acre> ", b"poweroff\r"))
    on_a_terminal(*steps).must_end_with(1)


@case
def control_a_x_leaves_qemu_on_a_terminal():
    on_a_terminal((b"acre> ", b"\x01x")).must_end_with(0)


@case
def ways_to_crash_are_listed_and_others_named():
    run = boot(text="crash\ncrash softly\n").must_end_with(0)
    must_equal(run.text.count("  crash twiceframe "), 2, "lists")
    must_equal(run.text.count("there is no crash '"), 1, "words that are named")
    run.must_say(r"^there is no crash 'softly'; these there are:$")


@case
def reboot_ends_the_run():
    run = boot(text="reboot\nmem\n").must_end_with(0)
    run.must_not_say("acre> mem")


@case
def poweroff_in_the_middle_ends_the_run():
    run = boot(text="poweroff\nmem\n").must_end_with(0)
    run.must_not_say("acre> mem")


main()
