#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
oracle.t - the memory maps of many hostile and odd device trees, against an oracle.

    matrix.t [--seed N] [--boots N|all] [--keep FOLDER] [--also FOLDER] [GLOB...]

First on the host, every tree: build/oracle/memmap_dump says what src/fdt and src/mm make of it, oracle.py
what it must be. Then a choice of them boots in QEMU, and what counts is what the kernel prints: the
oracle is asked about the tree that the firmware really passed, read out of the guest's memory.
A result has `host` or `boot` before the case's name; GLOB goes by that. To the generated trees come those
of tests/oracle/kept, what the fuzzers have found worth keeping, and what is in FOLDER.
"""

import argparse
import fnmatch
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
DUMP = TOP / "build/oracle/memmap_dump"
CORPUS = TOP / "tests/fuzz/corpus"
KEPT = [HERE / "kept", CORPUS, TOP / "tests/fuzz/cases"]
BOOTS = "all"

sys.path.insert(0, str(HERE))
import guest  # noqa: E402
import oracle  # noqa: E402
import trees  # noqa: E402


class Answer:
    """A map, or a refusal: what it is compared by, and why it was refused."""

    def __init__(self, regions=(), banks=(), outside=(), unplaced=0, refused=None):
        self.regions, self.banks, self.refused = list(regions), list(banks), refused
        self.unplaced = unplaced
        self.outside = sorted(outside)

    def kind(self):
        return "map" if self.refused is None else "refused"


def ask_oracle(blob, image, dtb, bootargs):
    try:
        return Answer(*oracle.memory_map(blob, image, dtb, oracle.mem_limit(bootargs)))
    except oracle.Refused as why:
        return Answer(refused=str(why))


def shown_list(items):
    return "\n".join("  " + " ".join(f"{x:#x}" if isinstance(x, int) else str(x) for x in item) for item in items)


def difference(got, wanted):
    """In words, or None."""
    if got.kind() != wanted.kind():
        return f"{got.kind()} ({got.refused or len(got.regions)}), should be {wanted.kind()} ({wanted.refused or ''})"
    if got.unplaced != wanted.unplaced:
        return f"{got.unplaced} without a place, should be {wanted.unplaced}"
    for what in ("banks", "regions", "outside"):
        ours, theirs = getattr(got, what), getattr(wanted, what)
        if ours != theirs:
            extra = [x for x in ours if x not in theirs][:8]
            missing = [x for x in theirs if x not in ours][:8]
            return f"{what}: it says\n{shown_list(extra)}\nand does not say\n{shown_list(missing)}"
    return None


# ---- on the host --------------------------------------------------------------------------------------


def parse_dump(output):
    """{name: (Answer, findings)}"""
    found, name = {}, None
    for line in output.splitlines():
        word, _, rest = line.partition(" ")
        if word == "case":
            name, banks, regions, outside, unplaced, refused, findings = rest, [], [], [], 0, None, []
        elif word == "finding":
            findings.append(rest)
        elif word == "bank":
            start, end, numa = rest.split()
            banks.append((int(start, 16), int(end, 16), None if numa == "-" else int(numa)))
        elif word == "region":
            start, end, bank, owner = rest.split(" ", 3)
            kind, _, owner = owner.partition("|")
            regions.append((int(start, 16), int(end, 16), kind, owner, int(bank)))
        elif word == "outside":
            start, end, owner = rest.split(" ", 2)
            kind, _, owner = owner.partition("|")
            outside.append((int(start, 16), int(end, 16), kind, owner))
        elif word == "unplaced":
            unplaced = int(rest)
        elif word == "refused":
            refused = rest
        elif word == "end":
            found[name] = (Answer(oracle.merge(regions), banks, outside, unplaced, refused), findings)
    return found


def dump(cases, folder):
    index = folder / "index"
    with open(index, "w", encoding="ascii") as lines:
        for i, case in enumerate(cases):
            path = folder / f"{i}.dtb"
            path.write_bytes(case.blob)
            limit = oracle.mem_limit(case.bootargs)
            lines.write(f"{case.name} {path} {case.image[0]:x} {case.image[1]:x} {case.dtb:x} {limit:x}\n")
    done = subprocess.run([DUMP, index], capture_output=True, text=True, errors="replace", check=False)
    return parse_dump(done.stdout), done


def judge_host(case, answers):
    if case.name not in answers:
        return "memmap_dump did not live to answer this one"
    got, findings = answers[case.name]
    wanted = ask_oracle(case.blob, case.image, case.dtb, case.bootargs)
    if case.expect and wanted.kind() != case.expect:
        return f"the oracle says {wanted.kind()} ({wanted.refused}), the case {case.expect}"
    wrong = difference(got, wanted)
    if wrong:
        return "\n".join([wrong, *findings[:8]])
    if got.refused and not got.refused.endswith("see the findings"):
        return None
    if got.refused and not any(f.startswith("error ") for f in findings):
        return "refused without an error that says why"
    return None


# ---- in QEMU ------------------------------------------------------------------------------------------

# What the frame pool makes of usable memory is its own affair: its tables, and what they are not worth.
POOL = "not worth its frame tables"


def plain(regions):
    """Without what the pool did, without the parts of the image, and without the banks."""
    found = []
    for start, end, kind, name, *_ in regions:
        if kind == "metadata" or name == POOL:
            kind, name = "usable", ""
        found.append((start, end, kind, "kernel image" if kind == "kernel" else name))
    return oracle.merge(found)


def plain_outside(parts):
    """The image's parts as one, since how it is divided is the kernel's to say."""
    image = [part for part in parts if part[2] == "kernel"]
    edges = sorted({edge for part in image for edge in part[:2]})
    union = [
        (start, end, "kernel", "kernel image")
        for start, end in zip(edges, edges[1:])
        if any(part[0] <= start and end <= part[1] for part in image)
    ]
    return sorted([*oracle.merge(union), *(part for part in parts if part[2] != "kernel")])


def judge_boot(case):
    try:
        run = guest.boot(case, f"poweroff {case.bootargs}".strip())
        wanted = ask_oracle(run.blob, run.image, run.dtb, case.bootargs)
        if case.expect and wanted.kind() != case.expect:
            return f"the oracle says {wanted.kind()} ({wanted.refused}), the case {case.expect}"
        panic = run.panicked()
        if panic and "no frame pool can be made" in panic:
            free = [r for r in wanted.regions if r[2] == "usable"]
            return f"{panic}, though this is free:\n{shown_list(free)}" if free or wanted.refused else None
        if panic or run.code != 0:
            got = Answer(refused=panic)
            if run.code == 0 or not panic or "no memory map can be made" not in panic:
                return f"exit code {run.code}, {panic or 'no panic'}"
        else:
            regions, outside = run.regions()
            got = Answer(plain(regions), (), plain_outside(outside), run.unplaced())
    except guest.Failure as failure:
        return str(failure)
    wanted.banks, wanted.regions = [], plain(wanted.regions)
    return difference(got, wanted)


def choose_boots(cases, limit):
    """Spread over all of them, the same each time."""
    count = len(cases) if limit == "all" else min(len(cases), int(limit))
    return [cases[i * len(cases) // count] for i in range(count)]


# ---- TAP ----------------------------------------------------------------------------------------------


class Tap:
    def __init__(self):
        self.number = self.failed = 0

    def report(self, name, wrong):
        self.number += 1
        self.failed += wrong is not None
        print(f"{'not ' if wrong is not None else ''}ok {self.number} - {name}")
        for line in (wrong or "").splitlines()[:40]:
            print(f"# {line}")
        sys.stdout.flush()


def kept_cases(folders):
    """Blobs without an author who could say what is to come of them."""
    for folder in folders:
        for path in sorted(folder.glob("*")):
            yield trees.Case(f"{folder.name}/{path.name}", path.read_bytes(), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--boots", default=os.environ.get("MATRIX_BOOTS", BOOTS))
    parser.add_argument("--keep", help="put the blobs that fail here")
    parser.add_argument("--also", action="append", default=[], type=Path, help="blobs to try as well")
    parser.add_argument("globs", nargs="*", default=["*"])
    options = parser.parse_args()
    if not DUMP.exists():
        print(f"Bail out! no {DUMP.relative_to(TOP)}: `make test T=tests/oracle/oracle.t` builds it")
        return 1

    def chosen(name):
        return any(fnmatch.fnmatch(name, glob) for glob in options.globs)

    # The two others have something in them only while a bug is open.
    absent = [str(folder) for folder in [CORPUS, *options.also] if not any(folder.glob("*"))]
    if absent:
        print(f"Bail out! nothing is in {' '.join(absent)}")
        return 1
    everything = [*trees.cases(options.seed), *kept_cases([*KEPT, *options.also])]
    hosted = [case for case in everything if chosen("host " + case.name)]
    booted = choose_boots([case for case in everything if case.boot and chosen("boot " + case.name)], options.boots)
    unmatched = [glob for glob in options.globs if not fnmatch.filter(
        [f"{place} {case.name}" for place in ("host", "boot") for case in everything], glob)]
    if unmatched:
        print(f"Bail out! no tree matches {' '.join(unmatched)}")
        return 1
    tap = Tap()
    print(f"1..{len(hosted) + len(booted) + 1}")
    print(f"# seed {options.seed}; {len(hosted)} trees on the host, {len(booted)} boots", flush=True)

    def report(case, name, wrong):
        tap.report(f"{name} {case.name}", wrong)
        if wrong and options.keep:
            Path(options.keep, case.name.replace("/", "-") + ".dtb").write_bytes(case.blob)

    with tempfile.TemporaryDirectory(prefix="acre-matrix.") as folder:
        answers, done = dump(hosted, Path(folder))
    for case in hosted:
        report(case, "host", judge_host(case, answers))
    tap.report("memmap_dump came to its end, and no sanitizer spoke", None if done.returncode == 0 else done.stderr)
    with ThreadPoolExecutor(2) as workers:
        for case, wrong in zip(booted, workers.map(judge_boot, booted)):
            report(case, "boot", wrong)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
