# SPDX-License-Identifier: MIT
"""commands.py - `acre` and what comes after it: `help acre` lists them."""

import os

import gdb

from acre import check, diff, frames, harts, heap, kernel, layout, locate, locks, trace, whodunit, why
from acre import map as memory_map
from acre.memory import Dump, Memory, Unreadable

ALL = []


class Prefix(gdb.Command):
    """The kernel's memory, from outside: of a live target and of a dump.

    They only read, and call nothing in the kernel, so it may have been stopped anywhere, also in the middle of a
    change. docs/debugging.md shows each.
    """

    def __init__(self):
        super().__init__("acre", gdb.COMMAND_USER, gdb.COMPLETE_NONE, True)

    def invoke(self, argument, from_tty):
        gdb.execute("help acre")


class Command(gdb.Command):
    """A command that prints the lines which `lines` yields."""

    completion = gdb.COMPLETE_EXPRESSION

    def __init__(self):
        super().__init__(f"acre {self.name}", gdb.COMMAND_USER, self.completion)

    def invoke(self, argument, from_tty):
        try:
            for line in self.lines(gdb.string_to_argv(argument)):
                print(line)
        except Unreadable as error:
            raise gdb.GdbError(f"{error}: what leads there is damaged, see acre check") from None


def command(function):
    """Make one of a function that yields lines: its name, and its text for `help`."""
    name = function.__name__.removeprefix("acre_")
    takes_words = function.__code__.co_argcount == 1

    def lines(_, words):
        if words and not takes_words:
            raise gdb.GdbError(f"acre {name} takes no arguments")
        return function(words) if takes_words else function()

    ALL.append(type(name, (Command,), {"name": name, "__doc__": function.__doc__, "lines": lines}))
    return function


def address(word):
    try:
        return int(gdb.parse_and_eval(f"(unsigned long)({word})")) % (1 << 64)
    except gdb.error as error:
        raise gdb.GdbError(f"{word}: {error}") from None


def dumped(path):
    """The kernel in a dump that gdb has not loaded."""
    try:
        dump = Dump(path)
    except (OSError, ValueError) as error:
        raise gdb.GdbError(str(error)) from None
    gp = layout.offset("__global_pointer$")
    places = [registers[3] - gp for registers in dump.harts if registers[3] >= gp] + [layout.image_start()]
    places += (at for start, length, _ in dump.segments for at in locate.search(dump, start, start + length))
    base = next((place for place in places if locate.is_image(dump, place)), None)
    if base is None:
        raise gdb.GdbError(f"there is no kernel in {path}")
    _warn(dump, base)
    return kernel.Kernel(dump, base)


def _warn(memory, base):
    wrong = locate.wrong_kernel(memory, base)
    if wrong:
        print(f"warning: {wrong}")


# ---- the commands ---------------------------------------------------------------------------------


@command
def acre_locate(words):
    """Find where the kernel is and move its symbols there: acre locate [ADDRESS].

    The others do it themselves. A kernel that has not run yet and is at no address that registers point to is found
    only where ADDRESS says."""
    if words:
        place = address(words[0])
        memory = Memory(kernel.fetch)
        if not locate.is_image(memory, place):
            yield f"no kernel there: {place:#x} has no boot header"
            return
        locate.move_symbols(place)
        kernel.forget()
        yield f"the kernel is at {place:#x}"
        _warn(memory, place)
        return
    try:
        found = kernel.current()
    except gdb.GdbError as error:
        yield str(error)
        return
    yield f"the kernel is at {found.base:#x}"
    _warn(found.memory, found.base)


@command
def acre_map():
    """Every region of memory and who owns it."""
    return memory_map.show(kernel.current())


@command
def acre_why(words):
    """Whose is the byte there, and why: acre why ADDRESS... The sentence is that of the kernel's command `why`."""
    if not words:
        raise gdb.GdbError("which address? usage: acre why ADDRESS...")
    for place in [address(word) for word in words]:
        yield why.sentence(kernel.current(), place)


@command
def acre_frames():
    """The frame pool: its banks, who has what is handed out, where harts take single frames."""
    return frames.show(kernel.current())


@command
def acre_heap():
    """The heap: figures, regions, and every run in them."""
    return heap.show(kernel.current())


@command
def acre_caches():
    """The classes of objects and the caches of the heap, with their slabs."""
    return heap.show_caches(kernel.current())


@command
def acre_block(words):
    """What a pointer into the heap points to: acre block POINTER. The block around it, its slab or run, its words."""
    if len(words) != 1:
        raise gdb.GdbError("which pointer? usage: acre block POINTER")
    return heap.show_block(kernel.current(), address(words[0]))


@command
def acre_locks():
    """Each lock that was ever taken: what it has seen, who holds it, where it was taken."""
    return locks.show(kernel.current())


@command
def acre_harts():
    """The harts: states, threads of gdb, stacks and their guards, slots."""
    return harts.show(kernel.current())


@command
def acre_trace(words):
    """Who took and freed memory, of a kernel that was booted with trace=on: acre trace [N]. The last N events, or 20."""
    return trace.show(kernel.current(), address(words[0]) if words else 20)


@command
def acre_whodunit(words):
    """Which instruction wrote a word last, and which calls took and freed it: acre whodunit ADDRESS.

    In a run that QEMU replays: `make whodunit ADDR=...` records one and replays it."""
    if len(words) != 1:
        raise gdb.GdbError("which address? usage: acre whodunit ADDRESS")
    return whodunit.show(words[0], kernel.current, address)


@command
def acre_check(words):
    """Every numbered invariant of the kernel's memory, from outside: acre check [DUMP].

    Those that are broken are named, with the places. DUMP is a file that is not loaded."""
    return check.show(dumped(words[0]) if words else kernel.current())


@command
def acre_diff(words):
    """What was taken, freed or has changed hands between two dumps: acre diff A [B].

    Without B: between A and what gdb debugs."""
    if not 1 <= len(words) <= 2:
        raise gdb.GdbError("which dumps? usage: acre diff A [B]")
    return diff.show(dumped(words[0]), dumped(words[1]) if len(words) == 2 else kernel.current())


@command
def acre_type(words):
    """Type a line at the kernel's console: acre type TEXT (under `make debug`)."""
    console = os.environ.get("ACRE_CONSOLE")
    if not console:
        raise gdb.GdbError("only under `make debug`; elsewhere the console is where QEMU runs")
    with open(console, "w", encoding="ascii") as pipe:
        pipe.write(" ".join(words) + "\n")
    return ()


def register():
    Prefix()
    for kind in ALL:
        kind()
