#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
oracle.t - the memory maps of many hostile and odd device trees, against an oracle.

    oracle.t [--seed N[,N...]] [--boots N|all] [--random N] [--first N] [--keep FOLDER] [--also FOLDER] [GLOB...]

First on the host, every tree: build/oracle/memmap_dump says what src/fdt and src/mm make of it, oracle.py
what it must be. Then a choice of them boots in QEMU, and what counts is what the kernel prints: the
oracle is asked about the tree that the firmware really passed, read out of the guest's memory.
A result has `host` or `boot` before the case's name; GLOB goes by that. To the generated trees come those
of tests/oracle/kept, what the fuzzers have found worth keeping, and what is in FOLDER.

Then, for GLOB `random`, random trees (random_trees.py), as many as --random says of each seed, from number
--first on; all else takes the first seed. What goes wrong with one is shown with its name, random/SEED/NUMBER; --keep has its blob, and one that was shrunk.
"""

import argparse
import fnmatch
import hashlib
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
DUMP = TOP / "build/oracle/memmap_dump"
CORPUS = TOP / "tests/fuzz/corpus"
KEPT = [HERE / "kept", CORPUS, TOP / "tests/fuzz/cases"]
BOOTS = "all"

sys.path.insert(0, str(HERE))
import blob  # noqa: E402
import guest  # noqa: E402
import oracle  # noqa: E402
import random_trees  # noqa: E402
import trees  # noqa: E402


class Answer:
    """A map, or a refusal: what it is compared by, and why it was refused."""

    def __init__(self, regions=(), banks=(), outside=(), unplaced=0, contradictions=(), room=None, refused=None):
        self.regions, self.banks, self.refused = list(regions), list(banks), refused
        self.unplaced, self.room = unplaced, room
        self.outside = sorted(outside)
        self.contradictions = sorted(contradictions)

    def kind(self):
        return "map" if self.refused is None else "refused"


def ask_oracle(blob, image, dtb, bootargs):
    try:
        return Answer(*oracle.memory_map(blob, image, dtb, bootargs))
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
    if got.room != wanted.room:
        return f"tables would be at {got.room and hex(got.room)}, should be at {wanted.room and hex(wanted.room)}"
    for what in ("banks", "regions", "outside", "contradictions"):
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
            name, banks, regions, outside, both, unplaced, room, refused, findings = rest, [], [], [], [], 0, None, None, []
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
        elif word == "conflict":
            start, end, owners = rest.split(" ", 2)
            both.append((int(start, 16), int(end, 16), *owners.split("|")))
        elif word == "unplaced":
            unplaced = int(rest)
        elif word == "room":
            room = None if rest == "-" else int(rest, 16)
        elif word == "refused":
            refused = rest
        elif word == "end":
            found[name] = (Answer(oracle.merge(regions), banks, outside, unplaced, both, room, refused), findings)
    return found


def asked(case):
    """The case as memmap_dump takes it."""
    numbers = [len(case.blob), *case.image, case.dtb, oracle.mem_limit(case.bootargs),
               *oracle.initrd_argument(case.bootargs)]
    return " ".join([case.name, *map("{:x}".format, numbers)]).encode() + b"\n" + case.blob


def dump(cases):
    """({name: (Answer, findings)}, what the program left behind)"""
    done = subprocess.run([DUMP], input=b"".join(map(asked, cases)), capture_output=True, check=False)
    text = done.stdout.decode("ascii", "replace")
    return parse_dump(text), text, done


def judge_host(case, answers):
    return judge(case, answers, ask_oracle(case.blob, case.image, case.dtb, case.bootargs))


def judge(case, answers, wanted):
    if case.name not in answers:
        return "memmap_dump did not live to answer this one"
    got, findings = answers[case.name]
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


# ---- random trees ---------------------------------------------------------------------------------------

BATCH = 1000


def without_one_part(root):
    """Each tree that has one node or one property less."""
    for _, here in list(random_trees.nodes_of(root)):
        for parts in (here.children, here.properties):
            for at in range(len(parts) - 1, -1, -1):
                part = parts.pop(at)
                yield
                parts.insert(at, part)


def shrink(case):
    """The blob of a tree that has no part without which it does not go wrong any more; the same if it cannot be read."""
    def goes_wrong(data):
        other = trees.Case(case.name, data, None, case.image, case.dtb, bootargs=case.bootargs)
        return judge_host(other, dump([other])[0]) is not None

    try:
        root, entries = oracle.parse(case.blob)
    except oracle.Refused:
        return case.blob
    root = as_nodes(root)
    small = blob.flatten(root, entries).bytes()
    if not goes_wrong(small):
        return case.blob
    found = True
    while found:
        found = False
        for _ in without_one_part(root):
            data = blob.flatten(root, entries).bytes()
            if goes_wrong(data):
                small, found = data, True
                break
    return small


def as_nodes(node):
    """A parsed node as one that can be written."""
    return blob.Node(node.name, list(node.properties.items()), [as_nodes(child) for child in node.children])


class Random:
    """Judges random trees, batch by batch, and knows which it has seen."""

    def __init__(self, keep):
        self.keep = keep
        self.seen = set()
        self.kinds = Counter()

    def count(self, case, wanted):
        self.seen.add(hashlib.blake2b(case.blob, digest_size=12).digest())
        self.kinds.update({wanted.kind(), *(region[2] for region in wanted.regions)})
        self.kinds["without a place"] += bool(wanted.unplaced)
        self.kinds["two owners"] += bool(wanted.contradictions)

    def shown(self, case, wrong):
        if self.keep:
            name = case.name.replace("/", "-")
            Path(self.keep, name + ".dtb").write_bytes(case.blob)
            Path(self.keep, name + "-small.dtb").write_bytes(shrink(case))
        where = f"image {case.image[0]:#x} {case.image[1]:#x}, tree {case.dtb:#x} {case.bootargs}"
        return f"{case.name}: {where}\n{wrong}"

    def batch(self, seed, numbers):
        """What is wrong with them, or None."""
        cases = [random_trees.case(seed, number) for number in numbers]
        answers, _, done = dump(cases)
        found = []
        for case in cases:
            wanted = ask_oracle(case.blob, case.image, case.dtb, case.bootargs)
            self.count(case, wanted)
            wrong = judge(case, answers, wanted)
            if wrong and len(found) < 3:
                found.append(self.shown(case, wrong))
        if done.returncode:
            found.append(done.stderr.decode(errors="replace"))
        return "\n".join(found) or None

    def summary(self):
        kinds = ", ".join(f"{kind} {count}" for kind, count in self.kinds.most_common())
        return f"{len(self.seen)} trees that differ; with {kinds}"


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
    wanted.banks, wanted.regions, wanted.contradictions, wanted.room = [], plain(wanted.regions), [], None
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
    parser.add_argument("--seed", default="1", help="or several, with commas between them")
    parser.add_argument("--boots", default=os.environ.get("MATRIX_BOOTS", BOOTS))
    parser.add_argument("--random", type=int, default=BATCH, help="how many random trees of each seed")
    parser.add_argument("--first", type=int, default=0, help="the number of the first of them")
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
    seeds = options.seed.split(",")
    everything = [*trees.cases(seeds[0]), *kept_cases([*KEPT, *options.also])]
    hosted = [case for case in everything if chosen("host " + case.name)]
    booted = choose_boots([case for case in everything if case.boot and chosen("boot " + case.name)], options.boots)
    unmatched = [glob for glob in options.globs if not fnmatch.filter(
        ["random", *(f"{place} {case.name}" for place in ("host", "boot") for case in everything)], glob)]
    if unmatched:
        print(f"Bail out! no tree matches {' '.join(unmatched)}")
        return 1
    last = options.first + options.random if chosen("random") else options.first
    batches = [(seed, range(first, min(first + BATCH, last)))
               for seed in seeds for first in range(options.first, last, BATCH)]
    tap = Tap()
    print(f"1..{len(hosted) + bool(hosted) + len(batches) + len(booted)}")
    print(f"# seed {options.seed}; {len(hosted)} trees on the host, {len(booted)} boots", flush=True)

    def report(case, name, wrong):
        tap.report(f"{name} {case.name}", wrong)
        if wrong and options.keep:
            Path(options.keep, case.name.replace("/", "-") + ".dtb").write_bytes(case.blob)

    if hosted:
        answers, _, done = dump(hosted)
        for case in hosted:
            report(case, "host", judge_host(case, answers))
        tap.report("memmap_dump came to its end, and no sanitizer spoke", done.stderr.decode() if done.returncode else None)
    by_chance = Random(options.keep)
    for seed, numbers in batches:
        tap.report(f"random trees {numbers[0]} to {numbers[-1]} of seed {seed}", by_chance.batch(seed, numbers))
    if batches:
        print(f"# {by_chance.summary()}", flush=True)
    with ThreadPoolExecutor(2) as workers:
        for case, wrong in zip(booted, workers.map(judge_boot, booted)):
            report(case, "boot", wrong)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
