#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The trace: what the kernel shows of it, what a dump of memory has, and the replay that is made of it."""

import json
import lzma
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

from acre import LIMIT, RELEASE, TOP, Run, address_of, arguments, boot, case, main, must, must_equal, run, scratch, selftest
from gdbstub import Stub

HEX = r"0x[0-9a-f]+"
EVENT = re.compile(rf"^ *(\d+)  hart (\d+) +(\w+) +({HEX}) +(\d+) B  by ({HEX})( \w[\w.]*\+{HEX})?$")
LIARS = TOP / "build/bench/host/trace_liars"
# Frames on all harts; then blocks of all kinds.
TRAFFIC = "stress 300\ntest kmalloc.*\n"


class Machine:
    """A kernel at its prompt, with a socket to QEMU's monitor."""

    def __init__(self, folder, **options):
        self.path = f"{folder}/qmp"
        more = ["-qmp", f"unix:{self.path},server=on,wait=off"]
        self.process = subprocess.Popen(arguments(limit=LIMIT, qemu=more, **options), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.console = b""
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while more := self.process.stdout.read1(65536):
            with self.changed:
                self.console += more
                self.changed.notify_all()

    def wait_for(self, done):
        with self.changed:
            must(self.changed.wait_for(lambda: done(self.console.replace(b"\r", b"")), LIMIT), "no answer at the prompt")

    def type(self, text):
        """Type these lines, and wait for the prompt after the last one."""
        with self.changed:
            seen = self.console.count(b"acre> ")
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()
        # A prompt stands before each line; before the first one there may be one already.
        last = text.splitlines()[-1].encode()
        self.wait_for(lambda said: said.count(b"acre> ") > seen and
                      b"acre> " in said[said.rfind(b"acre> " + last + b"\n") + 6 + len(last):]
                      and b"acre> " + last + b"\n" in said)

    def monitor(self, command, **words):
        with socket.socket(socket.AF_UNIX) as qmp:
            qmp.settimeout(LIMIT)
            end = time.monotonic() + LIMIT
            while qmp.connect_ex(self.path) != 0:
                must(time.monotonic() < end, "no monitor")
                time.sleep(0.05)
            lines = qmp.makefile("rw")
            lines.readline()  # its greeting
            for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": words}):
                lines.write(json.dumps(request) + "\n")
                lines.flush()
                while "return" not in (answer := json.loads(lines.readline())):
                    must("error" not in answer, f"{command}: {answer}")

    def end(self):
        """With a poweroff, which run-qemu types."""
        self.process.stdin.close()
        self.process.wait(timeout=LIMIT)
        self.reader.join()
        return Run(self.process.returncode, self.console, b"").must_end_with(0)


def dumped(folder, text, plain=None, **options):
    """Type `text`, dump the memory, and end: what was said. `plain`: (from, bytes), not as ELF."""
    machine = Machine(folder, memory="32M", **options)
    try:
        machine.type(text)
        if plain:
            machine.monitor("pmemsave", val=plain[0], size=plain[1], filename=f"{folder}/dump")
        else:
            machine.monitor("dump-guest-memory", paging=False, protocol=f"file:{folder}/dump")
        return machine.end()
    finally:
        machine.process.kill()


def acre_trace(*words):
    return run([TOP / "scripts/acre-trace", *words])


def events(lines):
    return [line for line in lines if EVENT.match(line)]


def must_agree(result, text, count):
    """What `trace` printed last, and what was made of the dump."""
    said = events(result.answer(f"trace {count}").splitlines())
    must(len(said) > 100, f"only {len(said)} events at the prompt")
    must_equal(events(text.lines), said, "events of the dump")
    summary = re.search(r"^trace .*$", result.answer("trace off"), re.MULTILINE).group(0)
    must_equal(text.lines[0], summary, "first line")


@case
def a_dump_says_what_the_prompt_said():
    with scratch() as folder:
        result = dumped(folder, TRAFFIC + "trace off\ntrace 100000\n", harts=3, bootargs="trace=512")
        text = acre_trace(f"{folder}/dump", RELEASE / "acre.elf").must_end_with(0)
        must_agree(result, text, 100000)
        last = acre_trace(f"{folder}/dump", RELEASE / "acre.elf", "--last", "7").must_end_with(0)
        must_equal(last.lines[1:], text.lines[-7:], "the last 7")
    verbs = {EVENT.match(line).group(3) for line in events(text.lines)}
    must({"kmalloc", "kfree", "krealloc_from", "krealloc", "frames_freed"} <= verbs, f"verbs: {verbs}")
    must(len({EVENT.match(line).group(2) for line in events(text.lines)}) == 3, "not all harts have events")
    must(all(EVENT.match(line).group(7) for line in events(text.lines)), "a site has no name")


@case
def a_kernel_that_was_loaded_elsewhere_is_found_in_plain_memory():
    with scratch() as folder:
        where = 0x80c00000
        result = dumped(folder, TRAFFIC + "trace off\ntrace 1000\n", plain=(0x80000000, 32 << 20),
                        load=f"{where:#x}", bootargs="trace=256")
        text = acre_trace(f"{folder}/dump", RELEASE / "acre.elf", "--base", "0x80000000").must_end_with(0)
        must_agree(result, text, 1000)
        must("are overwritten" in text.lines[0] and "which 0 are" not in text.lines[0], "nothing was overwritten")
        sites = [int(EVENT.match(line).group(6), 16) for line in events(text.lines)]
        must(all(where <= site < where + (1 << 20) for site in sites), "a site is not where the kernel is")


@case
def a_replay_is_whole_and_our_heap_can_do_it():
    with scratch() as folder:
        dumped(folder, "test kmalloc.*\ntest harts.*\ntest kmalloc.*\ntrace off\n", harts=4, bootargs="trace=65536")
        packed = f"{folder}/kernel.trace.xz"
        said = acre_trace(f"{folder}/dump", RELEASE / "acre.elf", "--replay", packed).must_end_with(0)
        unpacked = Path(folder) / "kernel.trace"
        unpacked.write_bytes(lzma.decompress(Path(packed).read_bytes()))
        header = dict(line.split("\t") for line in unpacked.read_bytes().split(b"\n\n")[0].decode().splitlines()[1:])
        taken = int(header["allocations"]) + int(header["cleared"])
        must(taken > 100, f"only {taken} blocks are taken in the replay")
        live = int(said.must_say(r"; (\d+) blocks are live at the end$").group(1))
        must_equal(taken - int(header["frees"]), live, "blocks that are not freed")
        said.must_say(r" 0 frees that were not seen put in; ")
        replayed = run([LIARS, unpacked]).must_end_with(0)
        for how in ("plain", "thorough"):
            replayed.must_say(rf"^\S+ acre {how}: done (\d+) of \1, ok$")


@case
def it_survives_a_panic():
    kernel = RELEASE / "acre.elf"
    with scratch() as folder:
        machine = Machine(folder, memory="32M", harts=2, bootargs="trace=64", gdb=f"{folder}/gdb")
        try:
            stub = Stub(f"{folder}/gdb")
            stub.run_to(address_of("monitor_run", kernel))
            machine.process.stdin.write(b"crash badfree\n")
            machine.process.stdin.flush()
            stub.run_to(address_of("machine_exit", kernel))
            machine.wait_for(lambda said: b"PANIC on hart" in said)
            machine.monitor("dump-guest-memory", paging=False, protocol=f"file:{folder}/dump")
        finally:
            machine.process.kill()
        text = acre_trace(f"{folder}/dump", kernel).must_end_with(0)
    verbs = [EVENT.match(line).group(3) for line in events(text.lines)[-3:]]
    must_equal(verbs, ["kmalloc", "kfree", "kfree"], "the last events before the panic")


@case
def all_self_tests_pass_under_the_trace():
    selftest(bootargs="trace=on", harts=4)


@case
def and_with_the_debug_mode_of_frames():
    result = boot(text="stress 300\ntrace 50\n", harts=2, bootargs="trace=on frames=debug").must_end_with(0)
    result.must_say(r"^stress ok: ")
    result.must_say(r"^ +debug mode: ")
    must(any("frames_freed" in line for line in events(result.answer("trace 50").splitlines())), "no frame was freed")


@case
def a_double_free_is_found_all_the_same():
    result = boot(text="crash twiceframe\n", bootargs="trace=on").must_end_with(1)
    result.must_say(rf"^PANIC on hart 0: frame: refused to free ({HEX}) for {HEX} by_twiceframe: free already \[\1, {HEX}\)$")


@case
def the_command_says_what_is_wrong():
    plain = boot(text="trace\ntrace on\ntrace 5\n").must_end_with(0)
    for command in ("trace", "trace on", "trace 5"):
        must_equal(plain.answer(command), "there is no trace: boot with the argument trace=on\n", command)
    result = boot(text="trace\ntrace off\nkmalloc 10\ntrace 0\ntrace 2 3\ntrace often\ntrace on\n" +
                  "kmalloc 77\n" * 4 + "trace 3\n", bootargs="trace=64")
    result.must_end_with(0)
    must(re.search(r"^trace +on; \d+ events, of which 0 are overwritten\n", result.answer("trace")), "it is not on")
    must(re.search(r"^trace +off; ", result.answer("trace off")), "it is not off")
    must_equal(result.answer("trace 0"), "", "trace 0")
    must_equal(result.answer("trace 2 3"), "too many words; usage: trace [on | off | N]\n", "two words")
    must_equal(result.answer("trace often"), "'often' is neither on, off, nor how many events to show\n", "no number")
    shown = events(result.answer("trace 3").splitlines())
    must_equal([EVENT.match(line).group(5) for line in shown], ["77"] * 3, "sizes of the events that are shown")
    must_equal(re.findall(r"trace +on; (\d+) events", boot(
        text="trace off\nkmalloc 10\ntrace on\n", bootargs="trace=64").answer("trace on")), ["0"], "events while it was off")
    boot(text="", bootargs="trace=5").must_say(r"^warning.*boot argument 'trace=5': must be on, or how many events")


@case
def the_rings_are_in_the_books():
    result = boot(text="frames\n", bootargs="trace=64", harts=2).must_end_with(0)
    result.must_say(r"^ +the trace has 2$")  # 2 rings of 64 bytes and 64 events of 32
    free = int(result.must_say(r", (\d+) free").group(1))
    must_equal(int(boot(text="", harts=2).must_say(r", (\d+) free").group(1)) - free, 2, "frames that it takes")
    # The last frames before the first hart stops to take any are those of the rings.
    first = int(boot(text="trace on\n", bootargs="trace=64 frames=debug", harts=2).must_say(
        rf"frame records of bank 0\n  \[({HEX}), ").group(1), 16)
    lines = "".join(f"why {first + 4096 * i:#x}\n" for i in range(20))
    result = boot(text=lines, bootargs="trace=64 frames=debug", harts=2).must_end_with(0)
    must_equal(len(re.findall(r": in a frame that is handed out, the events of the trace, .* of bank 0; taken by "
                              rf"{HEX} trace_start\+{HEX} on hart \d", result.text)), 2, "frames that are the trace's")


@case
def a_machine_without_memory_for_the_rings_goes_without():
    result = boot(text="trace\n", memory="32M", bootargs="trace=16777216").must_end_with(0)
    result.must_say(r"trace: there are no frames for rings of ~512.00 MiB: nothing is traced$")
    must_equal(result.answer("trace"), "there is no trace: boot with the argument trace=on\n", "trace")


@case
def the_script_says_what_is_wrong():
    with scratch() as folder:
        dumped(folder, "help\n")
        acre_trace(f"{folder}/dump", RELEASE / "acre.elf").must_end_with(1)
        must("was not booted with trace=on" in Run.last.messages, Run.last.messages)
        acre_trace(RELEASE / "acre.elf", RELEASE / "acre.elf").must_end_with(1)
        must("no boot header" in Run.last.messages or "is not in the dump" in Run.last.messages, Run.last.messages)
        acre_trace(RELEASE / "Image").must_end_with(1)
        must("--base says from which address on" in Run.last.messages, Run.last.messages)
        acre_trace(f"{folder}/dump", TOP / "README.md").must_end_with(1)
        must("is no ELF file" in Run.last.messages, Run.last.messages)
        acre_trace(f"{folder}/nothing").must_end_with(1)


main()
