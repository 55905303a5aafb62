#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which cases run where: on the host, in the kernel, or, as tests/one-sided.txt explains, on one side."""

import re
from fnmatch import fnmatchcase

from acre import HOST, TOP, boot, case, main, must, must_equal, run

NAME = re.compile(r"^[a-z0-9_]+\.[a-z0-9_]+$")


def host_cases():
    return [line for line in run([HOST, "--list"]).must_end_with(0).lines if NAME.match(line)]


def kernel_cases():
    answer = boot(text="test --list\n").must_end_with(0).answer("test --list")
    return [line for line in answer.splitlines() if NAME.match(line)]


def entries():
    found = []
    for line in (TOP / "tests/one-sided.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            words = line.split(None, 2)
            must(len(words) == 3 and words[1] in ("host", "kernel"), f"no glob, side, reason: {line}")
            found.append((words[0], words[1]))
    return found


def matching(names, glob):
    return sorted(name for name in names if fnmatchcase(name, glob))


@case
def names_are_there_and_unique():
    for side, names in (("host", host_cases()), ("kernel", kernel_cases())):
        must(len(names) >= 100, f"{side}: only {len(names)} cases")
        twice = sorted({name for name in names if names.count(name) > 1})
        must(not twice, f"{side}: twice: {twice}")


@case
def cases_on_one_side_only_are_explained():
    host, kernel = set(host_cases()), set(kernel_cases())
    for side, only in (("host", host - kernel), ("kernel", kernel - host)):
        globs = [glob for glob, where in entries() if where == side]
        bare = sorted(n for n in only if not any(fnmatchcase(n, glob) for glob in globs))
        must(not bare, f"on the {side} side only, without a reason: {', '.join(bare)}")


@case
def cases_that_lack_memory_are_skipped_and_not_failed():
    result = run([HOST, "--memory", 65536, "memmap.*"]).must_end_with(0)
    skipped = re.findall(r"^ok \d+ (\S+) # SKIP no memory: \d+ bytes$", result.text, re.MULTILINE)
    must(skipped, "none is skipped")
    result.must_say(rf"^PASS \d+ passed, {len(skipped)} skipped$")
    # Where nothing is left to pass, nothing has been shown.
    run([HOST, "--memory", 65536, skipped[0]]).must_end_with(1).must_say(r"^FAIL 1 failed, 0 passed, 1 skipped$")
    # Who has as much as all cases count on has no such excuse.
    short = [line for line in run([HOST, "--memory", 1 << 20, "memmap.*"]).lines if "# SKIP" in line]
    must_equal(short, [], "skipped with 1 MiB")


def globs_for_nothing(text, kernel, host):
    """The globs for cases in a text, test=GLOB for the kernel and GLOB='GLOB' for the host, that match no case."""
    asked = [(glob, kernel) for glob in re.findall(r"\btest=([a-z][\w*?]*\.[\w*?]+)", text)]
    asked += [(glob, host) for glob in re.findall(r"\bGLOB='([^']+)'", text)]
    return sorted({glob for glob, names in asked if not glob.startswith("nosuchtest.") and not matching(names, glob)})


@case
def every_glob_for_cases_matches_one():
    files = [*TOP.glob("tests/*/*.t"), *TOP.glob("tests/*/*.py"), *TOP.glob("*.md"), *TOP.glob("docs/*.md")]
    texts = {str(path.relative_to(TOP)): path.read_text(encoding="utf-8") for path in files}
    kernel, host = kernel_cases(), host_cases()
    del texts["tests/boot/lists.t"]
    must(sum("test=" in text for text in texts.values()) >= 8, "no globs are found")
    for path, text in sorted(texts.items()):
        must_equal(globs_for_nothing(text, kernel, host), [], f"{path}: globs that match no case")
    planted = "test=bits.* test=bitz.* test=machine.nosuch* make GLOB='frame.*' GLOB='fram.*'"
    must_equal(globs_for_nothing(planted, kernel, host), ["bitz.*", "fram.*", "machine.nosuch*"], "planted globs")


@case
def every_explanation_is_still_true():
    host, kernel = set(host_cases()), set(kernel_cases())
    for glob, side in entries():
        mine, other = (host, kernel) if side == "host" else (kernel, host)
        must(matching(mine, glob), f"{glob} {side}: no such case there")
        must_equal(matching(other, glob), [], f"{glob} {side}: runs on the other side too")


main()
