#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
maps.t - the memory maps of real boards, each against a table that a person has checked.

    maps.t [--write] [BOARD...]

BOARD.dts is the tree, BOARD.txt the table: what the map must be, who is said to own a byte twice, what is
warned about, and the harts. Its lines `image` and `tree` say where the board's loader puts the two; `dts` names
the tree where it is that of another table. The map is made by build/oracle/memmap_dump on the host, and held
against the table and against tests/oracle/oracle.py. Then the memory of those boards whose RAM is where the
kernel is linked is given to QEMU's `virt`, and the kernel boots in it. --write makes the first draft of a table,
from the lines that are given.
"""

import argparse
import difflib
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path += [str(TOP / "tests/oracle"), str(TOP / "tests/boot"), str(TOP / "scripts")]

import acre  # noqa: E402
import blob  # noqa: E402
import oracle  # noqa: E402
import script_module  # noqa: E402


MATRIX = script_module.load(TOP / "tests/oracle/oracle.t")

# Boards whose memory QEMU's `virt` can have, and how much it takes to have all of it: RAM is in one piece there.
BOOTED = {
    "unmatched": "16G",
    "premier-p550": "16G",
    "sg2044-srd3": "64G",
    "icicle-kit": "64G",
    "icicle-kit-amp": "80G",
    "fml13v03": "142G",
}
GIVEN = ("image", "tree", "dts")  # lines of a table that are no answers
TESTS = "test=machine.* poweroff"


class Bad(Exception):
    """The board's files are not as they should be."""


def number(word, where):
    try:
        return int(word, 0)
    except ValueError:
        raise Bad(f"{where}: no number: {word}") from None


def given(name):
    """The lines of the table that are no answers: {"image": (start, end), "tree": (start, end), "dts": name}."""
    path = HERE / f"{name}.txt"
    if not path.exists():
        raise Bad(f"no {path.name}: write its lines `image START END` and `tree START END`, then maps.t --write {name}")
    found = {"dts": name}
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.partition("#")[0].split()
        if words and words[0] == "dts":
            found["dts"] = words[-1]
        elif words and words[0] in GIVEN:
            if len(words) != 3 or words[0] in found:
                raise Bad(f"{path.name}: not one `{words[0]} START END`: {line}")
            found[words[0]] = tuple(number(word, path.name) for word in words[1:])
    for word in ("image", "tree"):
        if word not in found or found[word][0] >= found[word][1]:
            raise Bad(f"{path.name}: no range `{word} START END`")
    return found


def compiled(name, size):
    """The blob, padded to `size` bytes as a loader does that wants room in it."""
    command = ["dtc", "-q", "-S", str(size), "-O", "dtb", str(HERE / f"{name}.dts")]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        raise Bad("no dtc here: make deps") from None
    if done.returncode:
        raise Bad(f"dtc: {done.stderr.decode(errors='replace').strip()}")
    if len(done.stdout) != size:
        raise Bad(f"the tree takes {len(done.stdout)} bytes, and has {size}")
    return done.stdout


# ---- a table from a dump ------------------------------------------------------------------------------


def amount(size):
    """Exact, in the largest unit."""
    for unit, bits in (("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size and size % (1 << bits) == 0:
            return f"{size >> bits} {unit}"
    return f"{size} byte{'' if size == 1 else 's'}"


def span(start, end):
    return f"[{start:#014x}, {end:#014x})"


def rows(found):
    """Of regions and of what lies outside: place, size, kind, name."""
    for start, end, kind, name, *_ in found:
        yield f"  {span(start, end)}  {amount(end - start):>14}  {kind:<15} {name}".rstrip()


def totals(regions):
    sums = {}
    for start, end, kind, *_ in regions:
        sums[kind] = sums.get(kind, 0) + end - start
    for kind in oracle.KINDS:
        if kind in sums:
            yield f"  {kind:<15} {amount(sums[kind])}"
    yield f"  {'all RAM':<15} {amount(sum(sums.values()))}"


def conflict(rest):
    start, end, owners = rest.split(" ", 2)
    kind, name, other_kind, other_name = owners.split("|")
    place = f"[{int(start, 16):#x}, {int(end, 16):#x})"
    return f"  warning: {place} has two owners: {name} ({kind}) has it, {other_name} ({other_kind}) claims it too"


def hart(rest):
    """Harts side by side that differ in nothing but their number are one line."""
    number_, state, mmu, isa = rest.split(" ", 3)
    return int(number_), f"{state:<8} {'no mmu' if mmu == '-' else mmu:<11} {isa}"


def hart_rows(lines):
    runs = []
    for number_, words in map(hart, lines):
        if runs and runs[-1][2] == words and runs[-1][1] + 1 == number_:
            runs[-1][1] = number_
        else:
            runs.append([number_, number_, words])
    for first, last, words in runs:
        yield f"  {first if first == last else f'{first}-{last}':<6} {words}"


def table(answer, findings, extra):
    yield "banks"
    for index, (start, end, node) in enumerate(answer.banks):
        yield f"  {span(start, end)}  {amount(end - start):>14}  bank {index}" + (
            "" if node is None else f", node {node}")
    yield "regions"
    yield from rows(answer.regions)
    if answer.outside:
        yield "outside RAM"
        yield from rows(answer.outside)
    yield "totals"
    yield from totals(answer.regions)
    warnings = [f"  {line.replace(' ', ': ', 1)}" for line in findings] + [conflict(line) for line in extra["conflict"]]
    yield "what is said about it" + ("" if warnings or answer.unplaced else ": nothing")
    yield from warnings
    if answer.unplaced:
        yield f"  {answer.unplaced} without a place"
    yield "harts"
    yield from hart_rows(extra["hart"])


def bootargs(data):
    """The boot arguments that the tree has; some count for the map."""
    root, _ = oracle.parse(data)
    values = [chosen.get(b"bootargs") or b"" for chosen in oracle.chosen_nodes(root)]
    return b"".join(values).partition(b"\0")[0].decode("ascii")


def ask(name, data, image, dtb):
    """(Answer, findings, the other lines by their first word)"""
    found, text, done = MATRIX.dump([MATRIX.trees.Case(name, data, None, image, dtb, bootargs=bootargs(data))])
    if done.returncode or name not in found:
        raise Bad(f"memmap_dump failed: {done.stderr.decode(errors='replace').strip()}")
    extra = {"conflict": [], "hart": []}
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word in extra:
            extra[word].append(rest)
    return *found[name], extra


# ---- the judgement --------------------------------------------------------------------------------------


def lines_of(text):
    """Without comments and what is given; blanks do not count."""
    bare = (" ".join(line.partition("#")[0].split()) for line in text.splitlines())
    return [line for line in bare if line and line.split()[0] not in GIVEN]


def rewrite(name, wanted):
    """The head of the table stays: comments, and what is given."""
    path = HERE / f"{name}.txt"
    head = path.read_text(encoding="utf-8").splitlines()
    end = next((at for at, line in enumerate(head) if line.startswith("banks")), len(head))
    while end and not head[end - 1].strip():
        end -= 1
    path.write_text("\n".join([*head[:end], "", *wanted]) + "\n", encoding="utf-8")


def judge(name, write):
    """What is wrong, in words, or None."""
    here = given(name)
    tree = here["tree"]
    data = compiled(here["dts"], tree[1] - tree[0])
    answer, findings, extra = ask(name, data, here["image"], tree[0])
    if answer.refused:
        return "\n".join([f"refused: {answer.refused}", *findings])
    wrong = MATRIX.difference(answer, MATRIX.ask_oracle(data, here["image"], tree[0], bootargs(data)))
    if wrong:
        return f"the oracle does not agree: {wrong}"
    got = list(table(answer, findings, extra))
    if write:
        rewrite(name, got)
    text = (HERE / f"{name}.txt").read_text(encoding="utf-8")
    both = lines_of(text), lines_of("\n".join(got))
    delta = list(difflib.unified_diff(*both, f"{name}.txt", "the map", n=2, lineterm=""))
    return "\n".join(delta) or None


# ---- in QEMU --------------------------------------------------------------------------------------------


def is_firmware(node):
    return node.name.startswith((b"mmode_resv", b"mmode_pmp"))


def on_virt(name):
    """The board's memory in the tree of QEMU's virt. The firmware's nodes stay out: QEMU's own adds its."""
    board, entries = oracle.parse(compiled(name, given(name)["tree"][1] - given(name)["tree"][0]))
    source = '/dts-v1/;\n/include/ "virt.dtsi"\n/include/ "test-device.dtsi"\n'
    command = ["dtc", "-q", "-i", str(TOP / "tests/dts"), "-O", "dtb", "-"]
    machine, _ = oracle.parse(subprocess.run(command, input=source.encode(), capture_output=True, check=True).stdout)
    root = MATRIX.as_nodes(machine)
    for node in board.children:
        if oracle.is_memory(node) or node.called(b"reserved-memory"):
            node.children = [child for child in node.children if not is_firmware(child)]
            root.children.append(MATRIX.as_nodes(node))
    return blob.flatten(root, entries).bytes()


def judge_boot(name):
    if not (acre.RELEASE / "acre.elf").exists():
        raise Bad("no kernel here: `make test T=tests/boards/maps.t` builds it")
    with acre.scratch() as folder:
        path = Path(folder, "tree.dtb")
        path.write_bytes(on_virt(name))
        run = acre.boot(memory=BOOTED[name], dtb=path, bootargs=TESTS)
    try:
        run.must_end_with(0)
        run.must_say(r"^PASS [1-9]\d* passed$")
        banks = len([line for line in (HERE / f"{name}.txt").read_text().splitlines() if re.search(r"  bank \d", line)])
        run.must_say(rf"^memory +.* of RAM in {banks} bank")
    except acre.Failure as failure:
        return "\n".join([str(failure), *run.lines[-30:], *run.messages.splitlines()])
    return None


def attempt(judgement, *arguments):
    try:
        return judgement(*arguments)
    except (Bad, acre.Failure) as why:
        return str(why)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the tables anew; then check them by hand")
    parser.add_argument("boards", nargs="*")
    options = parser.parse_args()
    if not MATRIX.DUMP.exists():
        print(f"Bail out! no {MATRIX.DUMP.relative_to(TOP)}: `make test T=tests/boards/maps.t` builds it")
        return 1
    present = sorted({path.stem for path in [*HERE.glob("*.dts"), *HERE.glob("*.txt")]})
    chosen = options.boards or present
    unknown = [name for name in [*chosen, *BOOTED] if name not in present]
    if unknown:
        print(f"Bail out! no board {' '.join(unknown)}")
        return 1
    booted = [] if options.write else [name for name in chosen if name in BOOTED]
    tap = MATRIX.Tap()
    print(f"1..{len(chosen) + len(booted)}", flush=True)
    for name in chosen:
        tap.report(f"{name}: the map is that of the table and of the oracle", attempt(judge, name, options.write))
    for name in booted:
        tap.report(f"{name}: its memory on QEMU's virt, the kernel boots", attempt(judge_boot, name))
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
