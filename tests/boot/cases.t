#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The sessions at the prompt in docs/debugging.md are what is printed, except numbers; `...` stands for any lines."""

import re

from acre import TOP, add_case, boot, main, must, must_equal

PAGE = TOP / "docs/debugging.md"
START = "    $ make qemu"
PROMPT = "    acre> "


def sessions():
    """[(heading, boot arguments, [(command, lines that the page shows of it)])]"""
    found, heading, inside = [], "", False
    for line in PAGE.read_text(encoding="utf-8").split("\n"):
        if line.startswith("### "):
            heading = line[4:]
        if line.startswith(START) and (line == START or line.startswith(START + " BOOTARGS=")):
            found.append((heading, line.partition("BOOTARGS=")[2], []))
            inside = True
        elif not line.startswith("    "):
            inside = False
        elif inside and line.startswith(PROMPT):
            found[-1][2].append((line.removeprefix(PROMPT), []))
        elif inside:
            found[-1][2][-1][1].append(line[4:])
    return found


def plain(line):
    return re.sub(r"0x[0-9a-f]+|~?\d+(\.\d+)?", "#", re.sub(r" +", " ", line.strip()))


def answer_to(command, run):
    """An answer, or a panic: then all that comes after the echo."""
    lines = run.text.split("\n")
    start = lines.index(f"acre> {command}") + 1
    end = next((i for i in range(start, len(lines)) if lines[i].startswith("acre> ")), len(lines))
    del lines[start - 1]  # a command may come twice
    run.text = "\n".join(lines)
    return [plain(line) for line in lines[start - 1:end - 1] if line.strip()]


def must_show(answer, shown, what):
    """The lines of the page are in the answer in this order; with nothing between two unless `...` is there."""
    at, gap = 0, False
    for line in shown:
        if line.strip() == "...":
            gap = True
            continue
        wanted = plain(line)
        found = next((i for i in range(at, len(answer)) if answer[i] == wanted), None) if gap else at
        must(found is not None and found < len(answer), f"{what}: no line {line!r}")
        must_equal(answer[found], wanted, what)
        at, gap = found + 1, False
    must(gap or at == len(answer), f"{what}: more lines, {answer[at:at + 1]}")


def try_session(heading, bootargs, commands):
    def session():
        run = boot(text="".join(command + "\n" for command, _ in commands), bootargs=bootargs)
        for command, shown in commands:
            must_show(answer_to(command, run), shown, f"{heading}: {command}")
    return session


for session in sessions():
    add_case(session[0].lower(), try_session(*session))
add_case("the page has six", lambda: must_equal(len(sessions()), 6, "sessions"))

main()
