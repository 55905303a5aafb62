# SPDX-License-Identifier: MIT
"""whodunit.py - back in time, in a run that QEMU replays: which instruction wrote a word last, and which calls took
and freed the block or the frame that it is in.

The run is replayed with a snapshot of its beginning, so gdb can go backwards to the last write. The calls are in the
trace (docs/trace.md).
"""

import gdb
import trace_format
from acre import trace, why

TAKES = ("kmalloc", "kzalloc", "kcalloc", "kmalloc_aligned", "krealloc", "kcache_alloc", "frames_taken")
WORD = 8
SHOWN = 16  # events of a block
RESET = 0x1000  # where the machine begins


class Lost(Exception):
    """The replay is not where it should be."""


def run(command):
    return gdb.execute(command, to_string=True)


def pc():
    return int(gdb.parse_and_eval("(unsigned long)$pc"))


def word(address):
    return int(gdb.parse_and_eval(f"*(unsigned long *){address:#x}"))


def place():
    """Where the hart is: a function, and a line of its source."""
    line = gdb.find_pc_line(pc())
    name = gdb.newest_frame().name() or "?"
    return f"{name} at {line.symtab.filename}:{line.line}" if line.symtab else f"{name}, {pc():#x}"


def backtrace():
    yield from ("    " + line for line in run("backtrace 12").splitlines())


def go_to_end():
    """Forward to where the kernel ends: a panic, or a power-off."""
    run("delete")
    run("hbreak machine_exit")
    run("hbreak platform_panic")
    run("hbreak machine_reboot")
    run("continue")
    run("delete")
    if gdb.newest_frame().name() not in ("machine_exit", "machine_reboot", "platform_panic"):
        raise Lost(f"the replay stopped in {place()} before the run had ended")


# ---- the last write -------------------------------------------------------------------------------


def go_back_to_write(at):
    """To just after the last instruction that wrote to the word. False: there is none."""
    run(f"watch -l *(unsigned long *){at:#x}")
    run("reverse-continue")
    run("delete")
    return pc() != RESET


def last_write(address):
    at = address - address % WORD
    now = word(at)
    if not go_back_to_write(at):
        yield f"nothing has written to the word at {at:#x}: it is {now:#018x} from the beginning"
        return
    run("reverse-stepi")  # before the instruction
    where, stack = place(), list(backtrace())
    yield f"the word at {at:#x} was last written by {where}: {word(at):#018x} became {now:#018x}"
    yield from stack


# ---- the calls ------------------------------------------------------------------------------------


def name_of(event):
    return trace_format.NAMES[event.verb]


def takes(event):
    return name_of(event) in TAKES


def covers(event, address):
    return event.address != 0 and event.address <= address < event.address + max(event.size, 1)


def of_one_block(events, address):
    """The events of the block or the frames in which the address is, oldest first."""
    taken = [event for event in events if takes(event) and covers(event, address)]
    starts = {taken[-1].address} if taken else set()
    return [event for event in events if event.address in starts or covers(event, address)]


def source_of(site):
    """The line of the call that returns to @site."""
    line = gdb.find_pc_line(site - 1)
    return f"{line.symtab.filename}:{line.line}" if line.symtab else f"{site:#x}"


def calls(kernel, address):
    """What the trace says. The run is of one hart, so its ring has the events in order."""
    events = of_one_block(trace.of(kernel).events[0], address)
    if not events:
        yield f"the trace has no event of {address:#x}"
        return
    yield "the trace says of its block, oldest first:"
    for event in events[-SHOWN:]:
        yield "    " + trace.line(kernel, event)
        yield f"        called at {source_of(event.site)}"


def show(expression, current, address_of):
    """@current: the kernel as it is now; @address_of: what an expression means."""
    go_to_end()
    yield f"the run ends in {place()}"
    yield from backtrace()
    address = address_of(expression)
    kernel = current()
    yield why.sentence(kernel, address)
    history = list(calls(kernel, address))
    yield from last_write(address)
    yield from history
    yield "That was one schedule, of one hart: another run may go another way."
