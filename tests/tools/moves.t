#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""moves.t - a file moves or a name changes, and what else names it says so, instead of doing less from then on.

Each case makes one change in a copy of the tree, runs the tool in it, and takes the change back. First every tool
runs in the copy as it is.
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

sys.path.insert(0, os.path.join(ROOT, "tests/support"))
from tap import end, report  # noqa: E402

COPIED = ["Makefile", "mk", "scripts", "src", "tests", "bench", "docs", "kernel.ld"]

DRY = ["make", "--no-print-directory", "-n"]
KERNEL, LIFT, FUZZ = [*DRY, "kernel"], [*DRY, "lift"], [*DRY, "fuzz"]
MUTATE, MUTATIONS = ["scripts/mutate", "--list"], ["scripts/prove-mutations", "--check"]
PLANTED = ["tests/concurrency/known-bugs/known_bugs.t", "lock-release-without-order"]
BENCH, SCALING = [*DRY, "PAYLOAD=bench", "kernel"], [*DRY, "PAYLOAD=scaling", "kernel"]


def moved(path, to):
    @contextlib.contextmanager
    def change(tree):
        os.rename(os.path.join(tree, path), os.path.join(tree, to))
        yield
        os.rename(os.path.join(tree, to), os.path.join(tree, path))

    return change


def gone(folder):
    return moved(folder, "gone")


unchanged = contextlib.nullcontext


def written(path, old, new):
    """A text in a file becomes another one."""

    @contextlib.contextmanager
    def change(tree):
        full = os.path.join(tree, path)
        with open(full, encoding="utf-8") as f:
            text = f.read()
        if not re.search(old, text):
            raise LookupError("%s has no %s" % (path, old))
        with open(full, "w", encoding="utf-8") as f:
            f.write(re.sub(old, new, text))
        yield
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)

    return change


# what it is | the change | the tool | words of its complaint
CASES = [
    ("the file without frame pointers", moved("src/mm/frame/frame_single.c", "src/mm/frame/planted.c"), KERNEL,
     "there is no build/rv64-release/src/mm/frame/frame_single.o in what is built"),
    ("the file of memset()", moved("src/lib/string.c", "src/lib/planted.c"), KERNEL,
     "there is no src/lib/string.c in what is built"),
    ("the file that runs on a hart that lacks something", moved("src/kernel/hart/isa.c", "src/kernel/trap/isa.c"), KERNEL,
     "there is no build/rv64-release/src/kernel/hart/isa.o in what is built"),
    ("the file that only passes calls on", moved("src/kernel/memory/kmalloc.c", "src/kernel/memory/planted.c"), KERNEL,
     "there is no build/rv64-release/src/%/kmalloc.o in what is built"),
    ("the file with the ecall", moved("src/sbi/ecall.c", "src/sbi/planted.c"), KERNEL, "there is no src/sbi/ecall.c"),
    ("the prompt", moved("src/kernel/monitor/monitor.c", "src/kernel/monitor/planted.c"), KERNEL,
     "there is no src/kernel/monitor/monitor.c in what is built"),
    ("the cases of memset()", moved("tests/unit/string_test.c", "tests/unit/planted.c"), KERNEL,
     "there is no build/host-gcc/tests/unit/string_test.o in what is built"),
    ("a layer", moved("src/fdt", "src/planted"), KERNEL, "no *.c under src/fdt"),
    ("the one free list of the bench", moved("bench/free_list.c", "bench/planted.c"), BENCH, "bench/free_list.c"),
    ("the lock whose stores are announced", moved("src/lib/lock.c", "src/lib/planted.c"), SCALING,
     "there is no build/rv64-release-scaling/src/lib/lock.o in what is built"),
    ("the payload of the bench", gone("bench/kernel"), KERNEL, "no *.c under bench/kernel"),
    ("the memset() of the lift", written("mk/lift.mk", "LIFT_RV64_OBJ\\)\\): LIFT", "LIFT_HOST_OBJ)): LIFT"), LIFT,
     "there is no build/lift/rv64/src/lib/string.o in what is built"),
    ("headers that fuzzers are built of", written("mk/fuzz.mk", "find,src tests,", "find,src tests/dts,"), KERNEL,
     "no *.h under tests/dts"),
    ("the inputs that fuzzers begin with", moved("tests/fuzz/corpus", "tests/fuzz/planted"), FUZZ,
     "nothing is in tests/fuzz/corpus"),
    ("the same of the frame pool", moved("tests/fuzz/frame/corpus", "tests/fuzz/frame/planted"), FUZZ,
     "nothing is in tests/fuzz/frame/corpus"),
    ("a folder that mutants are made of", moved("src/mm/index", "src/mm/planted"), MUTATE,
     "nothing matches src/mm/index/*.[ch]"),
    ("a mutant of a file that is not there", unchanged, [*MUTATE, "planted"], "0 files under src are called planted.c"),
    ("a function that prove-mutations changes", written("src/mm/map/memmap_paint.c", r"\bsweep\(", "planted("), MUTATIONS,
     "sweep: there is no such function in src/mm/map/memmap_paint.c"),
    ("a line that prove-mutations changes", written("src/mm/map/memmap_paint.c", "from = to;", "from = (to);"), MUTATIONS,
     "sweep: this does not stand there, or elsewhere as well: from = to;"),
    ("a line that prove-mutations changes, in another function", written(
        "scripts/prove-mutations", r'\(PAINT, "sweep"', '(PAINT, "heapsort"'), MUTATIONS,
     "heapsort: this does not stand there"),
    ("a unit that prove-mutations runs", written("scripts/prove", r'Unit\("memmap_paint"', 'Unit("planted"'), MUTATIONS,
     "scripts/prove has no unit memmap_paint of src/mm/map/memmap_paint.c"),
    ("a function without a mutation", unchanged, [*MUTATIONS, "planted"], "planted: no mutation is in it"),
    ("a patch that is not there", unchanged, ["tests/concurrency/known-bugs/known_bugs.t", "planted*"], "no patch matches planted*"),
    ("the scenario of a patch", written("tests/concurrency/known-bugs/lock-release-without-order.patch", "Explore: .*", "Explore: planted.*"),
     PLANTED, "no scenario of the explorer matches planted.*"),
    ("a tree of the matrix", unchanged, ["tests/oracle/oracle.t", "planted*"], "no tree matches planted*"),
    ("the corpus, which the matrix reads as well", moved("tests/fuzz/corpus", "tests/fuzz/planted"), ["tests/oracle/oracle.t"],
     "nothing is in "),
    ("a case of whole boots", unchanged, ["tests/boot/prompt.t", "planted"], "No case has 'planted' in its name"),
]


def run(tree, command):
    # The make that may be running this is none of theirs.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "ACRE_"))}
    done = subprocess.run(command, cwd=tree, env=environment, check=False, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


@contextlib.contextmanager
def what_is_built(tree, command):
    """What make -n would build is not built yet; the others run what make has built."""
    if command[0] == "make":
        yield
        return
    link = os.path.join(tree, "build")
    os.symlink(os.path.join(ROOT, "build"), link)
    yield
    os.remove(link)


def after_change(tree, change, command):
    try:
        with change(tree), what_is_built(tree, command):
            return run(tree, command)
    except (OSError, LookupError) as error:
        return 0, str(error)


def main():
    commands = [KERNEL, BENCH, SCALING, LIFT, FUZZ, MUTATE, MUTATIONS, PLANTED]
    with tempfile.TemporaryDirectory(prefix="acre-moves.") as tree:
        subprocess.run(["cp", "-r", *(os.path.join(ROOT, name) for name in COPIED), tree], check=True)
        for command in commands:
            code, output = after_change(tree, unchanged, command)
            report(code == 0, "as it is: " + " ".join(command), output)
        for name, change, command, words in CASES:
            code, output = after_change(tree, change, command)
            report(code != 0 and words in output, "noticed: " + name, output)
    end()


main()
