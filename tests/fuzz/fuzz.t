#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
fuzz.t - what the fuzzers have found is shown to them again, and what only one of two readers takes.

`make fuzz` looks for more. The inputs in tests/fuzz/cases once broke something; those in tests/fuzz/corpus
reach, all together, whatever the fuzzers have reached.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BUILT = TOP / "build/fuzz"
CORPUS_LIMIT = 1 << 20

sys.path.insert(0, str(TOP / "tests/oracle"))
import trees  # noqa: E402

# Each kind of tree that only one of src/fdt and libfdt takes: what it is, the tree, what src/fdt says, what
# libfdt says. docs/testing.md gives the reasons.
ONLY_ONE = [
    ("structure block overlaps strings", "headers/strings-overlap-struct", "structure block overlaps another", "ok"),
    ("reservations in the strings", "headers/reservations-in-the-strings", "strings block overlaps another", "ok"),
    ("reservations not aligned", "headers/not-aligned-reservations-by-4", "reservation block not aligned to 8 bytes", "ok"),
    ("structure not aligned", "headers/not-aligned-struct-by-2", "structure block not aligned to 4 bytes", "ok"),
    ("reservations end by a size of 0", "memreserve/size-0-is-no-end", "reservation block has no end", "ok"),
    ("reservations end in another block", "headers/reservations-end-in-the-tokens", "reservation block has no end", "ok"),
    ("no root", "structure/no-root", "no root node", "ok"),
    ("a property before the root", "structure/property-before-the-root", "a property outside a node", "ok"),
    ("a property after a subnode", "structure/property-behind-a-child", "a property after a subnode", "ok"),
    ("nested too deep", "large/65-deep", "nodes nested deeper than FDT_MAX_DEPTH", "ok"),
    ("version 16, structure into the strings", "headers/version-16-struct-ends-in-the-strings", None, "ok"),
    (
        "version 16, a name behind the strings",
        "headers/version-16-name-behind-the-strings",
        "a property name outside the strings block",
        "ok",
    ),
    ("a value of 2 GiB", "structure/value-length-almost-wraps", None, "not asked"),
    ("version 15", "headers/version-15-15", None, "not asked"),
    ("a NOP behind the root", "structure/nop-before-the-end", "ok", "FDT_ERR_BADSTRUCTURE"),
]

_number = 0
_failed = 0


def report(name, wrong):
    global _number, _failed
    _number += 1
    _failed += bool(wrong)
    print(f"{'not ' if wrong else ''}ok {_number} - {name}")
    for line in (wrong or "").splitlines()[-40:]:
        print(f"# {line}")
    sys.stdout.flush()


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=300)


def replay(fuzzer, folder):
    files = sorted(str(path) for path in folder.glob("*"))
    if not files:
        return f"no files in {folder}" if folder.name == "corpus" else None
    done = run(BUILT / f"replay-{fuzzer}", *files)
    if done.returncode == 0:
        return None
    return f"the last one breaks it: {(done.stdout.splitlines() or ['?'])[-1]}\n{done.stderr}"


def readers_differ():
    """{case: (src/fdt's answer, libfdt's answer)} of every tree of the matrix of which one is ok."""
    with tempfile.TemporaryDirectory(prefix="acre-fuzz.") as folder:
        named = {}
        for i, case in enumerate(case for case in trees.cases("1") if len(case.blob) < 1 << 20):
            path = Path(folder, f"{i}.dtb")
            path.write_bytes(case.blob)
            named[str(path)] = case.name
        done = run(BUILT / "takes", *named)
        if done.returncode != 0:
            return {}, done.stderr
        answers = (line.split("|") for line in done.stdout.splitlines())
        return {named[path]: (ours, theirs) for path, ours, theirs in answers}, None


def main():
    if not (BUILT / "takes").exists():
        print("Bail out! no build/fuzz/takes: `make test T=tests/fuzz/fuzz.t` builds it")
        return 1
    print(f"1..{12 + len(ONLY_ONE)}", flush=True)
    for fuzzer, folder in (("fdt", "tests/fuzz"), ("memmap", "tests/fuzz"), ("frame", "tests/fuzz/frame"),
                           ("heap", "tests/fuzz/heap")):
        for kind in ("corpus", "cases"):
            report(f"{fuzzer}: what is in {folder}/{kind}", replay(fuzzer, TOP / folder / kind))
    for folder in ("tests/fuzz/corpus", "tests/fuzz/frame/corpus", "tests/fuzz/heap/corpus"):
        size = sum(path.stat().st_size for path in (TOP / folder).glob("*"))
        report(f"{folder} is small", f"{size} bytes" if size >= CORPUS_LIMIT else None)

    answers, broken = readers_differ()
    for what, name, ours, theirs in ONLY_ONE:
        got = answers.get(name)
        right = got and got[1] == theirs and (got[0] == ours if ours else got[0] != "ok")
        report(f"only one reader takes: {what}", None if right else broken or f"{name}: {got}")
    listed = {(ours, theirs) for _, _, ours, theirs in ONLY_ONE}
    listed |= {answers[name] for _, name, ours, _ in ONLY_ONE if ours is None and name in answers}
    loose = [
        f"{name}: {got}"
        for name, got in answers.items()
        if (got[0] == "ok") != (got[1] == "ok") and got[1] != "not asked" and got not in listed
    ]
    report("what only one reader takes is in that list", broken or "\n".join(loose) or None)
    return 1 if _failed else 0


if __name__ == "__main__":
    sys.exit(main())
