#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""faq.t - what docs/faq.md says to type at the prompt shows what it is typed for."""

import re

from acre import TOP, boot, case, main, must, must_equal

# what is typed: what it shows
SHOWN = {
    "why 0x80000000": r"memory of the firmware",
    "mem": r"rounding slack +\d+ B",
    "heap": r"largest free run",
    "crash stack": r"stack overflow on hart 0",
    "crash badfree": r"refused to free 0x[0-9a-f]+ for .*by_badfree: free already",
}
TARGETS = ("make qemu", "make dtb", "make host-test", "make lift")


def page():
    return (TOP / "docs/faq.md").read_text(encoding="utf-8")


def typed():
    return re.findall(r"^    echo '?([^'|]*?)'? \| make qemu", page(), re.MULTILINE)


@case
def each_command_of_the_page_is_one_that_is_tried_here():
    must_equal(set(typed()) - {"stress"}, set(SHOWN), "what is typed")  # stress.t has that
    for line in re.findall(r"^    (\S.*)", page(), re.MULTILINE):
        must(line.startswith("echo ") or line.startswith(TARGETS), f"nobody knows: {line}")


@case
def what_can_be_asked_is_answered():
    asked = [line for line in SHOWN if not line.startswith("crash")]
    run = boot(text="\n".join(asked) + "\n").must_end_with(0)
    for line in asked:
        must(re.search(SHOWN[line], run.answer(line)), f"'{line}' does not show /{SHOWN[line]}/")


@case
def what_crashes_says_why():
    for line in SHOWN:
        if line.startswith("crash"):
            boot(text=f"{line}\n").must_say(SHOWN[line])


main()
