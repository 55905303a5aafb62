#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What docs/debugging.md shows of sessions is what gdb prints, but for numbers; a line `...` stands for some that are left
out.

    gdb_doc.t --print    what each command prints, whole, to be put there
"""

import os
import re
import sys

from acre import RELEASE, TOP, case, main, must, must_equal, scratch
from dump import Guest, debug

PAGE = TOP / "docs/debugging.md"
PROMPT = "    (gdb) "


def commands():
    """[(command, lines that the page shows of it)]"""
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith(PROMPT):
            found.append((line.removeprefix(PROMPT), []))
            shown = found[-1][1]
        elif not line.startswith("    "):
            shown = []  # the block has ended
        elif found:
            shown.append(line[4:].rstrip())
    return found


def dumps(folder):
    """As the page says: before and after some work, with damage, in the handler of a timer's interrupt."""
    with Guest(folder, memory="64M", harts=2, bootargs="frames=debug boothart=0") as guest:
        guest.dump(f"{folder}/before.core")
        guest.go()
        guest.type("stress 500\n")
        guest.stop_in("kfree", "crash usefree\n")
        guest.dump(f"{folder}/after.core")
    with Guest(folder + "/trap", memory="64M", bootargs="tick=100") as guest:
        guest.stop_in("clock_interrupt", "")
        guest.dump(f"{folder}/trap.core")
    find = "python print('at', int(gdb.parse_and_eval('(long)&machine.frames.bank[0].managed')))\n"
    find += f"python from acre.memory import Dump; s = Dump('{folder}/after.core').segments; print('in', *s[-1])\n"
    said = debug(f"{folder}/after.core", find).must_end_with(0)
    address = int(said.must_say(r"^at (\d+)$")[1])
    start, _, offset = map(int, said.must_say(r"^in (\d+) (\d+) (\d+)$").groups())
    with open(f"{folder}/after.core", "rb") as core, open(f"{folder}/damaged.core", "wb") as damaged:
        data = bytearray(core.read())
        data[offset + address - start] ^= 1
        damaged.write(data)


def printed():
    """What gdb says to each command of the page, in order, on after.core."""
    with scratch() as folder:
        os.mkdir(f"{folder}/trap")
        dumps(folder)
        asked = [re.sub(r"(\w+[.]core)", rf"{folder}/\1", command) for command, _ in commands()]
        script = "".join(f"echo #{i}\\n\n{command}\n" for i, command in enumerate(asked))
        said = debug(f"{folder}/after.core", script)
        must_equal((said.code, said.messages), (0, ""), "how gdb ends")
        text = said.text.replace(f"{folder}/", "")
    found = re.split(r"^#\d+\n", text, flags=re.M)[1:]
    return [[line.rstrip() for line in part.splitlines()] for part in found]


def plain(line):
    line = re.sub(r"0x[0-9a-f]+", "0x#", line)
    line = re.sub(r"mmode_\w+@", "node@", line)
    line = re.sub(r" *~?\b\d+(\.\d+)?( ([KMG]i)?B\b)?", " #", line)
    return re.sub(r"^# ?#", "##", re.sub(r"\s+", " ", line)).strip()


def must_match(command, shown, said):
    said = [plain(line) for line in said]
    at, skip = 0, False
    for line in shown:
        if line == "...":
            skip = True
            continue
        where = next((i for i in range(at, len(said)) if said[i] == plain(line)), None) if skip else at
        must(where is not None and where < len(said), f"{command}: {line!r} is not printed (gdb_doc.t --print shows all)")
        must_equal(said[where], plain(line), f"a line of {command} (gdb_doc.t --print shows all)")
        at, skip = where + 1, False
    must(skip or at == len(said), f"{command}: more is printed: {said[at : at + 1]}")


@case
def what_the_page_shows_is_what_is_printed():
    asked = commands()
    must(len(asked) > 12, f"only {len(asked)} commands")
    for (command, shown), said in zip(asked, printed()):
        must_match(command, shown, said)


@case
def the_page_shows_every_command():
    text = (TOP / "scripts/gdb/acre/commands.py").read_text(encoding="utf-8")
    names = re.findall(r"^def acre_(\w+)\(", text, re.M)
    asked = " ".join(command for command, _ in commands())
    missing = [name for name in names if name not in ("locate", "type", "trace", "whodunit") and f"acre {name}" not in asked]
    must_equal(missing, [], "commands without an example")


if sys.argv[1:] == ["--print"]:
    for (asked_for, _), output in zip(commands(), printed()):
        print("\n".join([PROMPT + asked_for, *("    " + line for line in output)]))
else:
    main()
