#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real programs with our heap as their malloc() do what they do without it, and leave it whole.

    tests/preload/preload.t            the short form, of make test
    tests/preload/preload.t --long     the long one, of make preload-test
"""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import loads  # noqa: E402

OBJECT = TOP / "build/preload/libacre-preload.so"
THREADS = TOP / "build/preload/load_threads"
SLOTS = 8  # slots.h
LONG = "--long" in sys.argv[1:]
ADDRESS_SPACE = 6 << 30  # bytes: RAM of process_heap.c, and the program
SCALE = 6 if LONG else 1
LIMIT = 900  # seconds, of one command: nothing of this is slow, but the machine may be


class Failed(Exception):
    """What is wrong, in words."""


def must(condition, what):
    if not condition:
        raise Failed(what)


class Runner:
    """Runs commands in the folder of the sources, with or without our heap."""

    def __init__(self, folder, preload):
        self.report = folder / "report" if preload else None

    def environment(self, heap, more):
        # A GIT_DIR of the caller's would be the repository that git works on; a cache would keep gcc from work.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        found = {**kept, "LC_ALL": "C", "TZ": "UTC", "CCACHE_DISABLE": "1", **more}
        for name in ("LD_PRELOAD", "PRELOAD_REPORT"):
            found.pop(name, None)
        if heap and self.report:
            found.update(LD_PRELOAD=str(OBJECT), PRELOAD_REPORT=str(self.report))
        return found

    def __call__(self, command, stdin="", heap=True, wait=True, **more):
        options = {"env": self.environment(heap, more), "cwd": TOP, "stderr": subprocess.PIPE}
        if not wait:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    **{**options, "stderr": None})
        ended = subprocess.run(command, input=stdin.encode(), stdout=subprocess.PIPE, timeout=LIMIT, check=False,
                               **options)
        must(ended.returncode == 0, f"{' '.join(command)[:200]} ended with {ended.returncode}: "
                                    f"{ended.stderr.decode()[-2000:]}")
        return ended.stdout + ended.stderr


def looked_at(report):
    """The lines that processes left at their end: (program, what they found, figures)."""
    lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    found = [re.fullmatch(r"\d+ (.*?): (.*?); (.*)", line) for line in lines]
    must(all(found), f"a line of the report is none: {lines}")
    for match in found:
        must(match[2] == "ok", match[0])
    # Newer Debians have the assembler under its long name only.
    return [(re.sub(r"^\w+-linux-gnu-", "", match[1]), match[3]) for match in found]


def run_twice(load):
    """The same folder for both, since its name may be in what comes out."""
    out = []
    with tempfile.TemporaryDirectory(prefix="acre") as temporary:
        for preload in (False, True):
            work = Path(temporary) / "work"
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            runner = Runner(Path(temporary), preload)
            out.append(load(runner, work, SCALE))
        return *out, looked_at(runner.report)


def check_load(name):
    _, load, programs, _ = loads.LOADS[name]
    without, ours, report = run_twice(load)
    must(len(without) > 100, f"it says little: {without!r}")
    where = next((i for i, (a, b) in enumerate(zip(without, ours)) if a != b), min(len(without), len(ours)))
    must(without == ours, f"{len(without)} bytes and {len(ours)}, other from byte {where} on: "
                          f"{without[where:where + 200]!r} is {ours[where:where + 200]!r}")
    count = Counter(program for program, _ in report)
    for program, least in programs.items():
        must(count[program] >= least, f"of {program} {count[program]} have looked at their heap, not {least}: {count}")


# ---- cases of their own -------------------------------------------------------------------------


def three_times_as_many_threads_as_slots_with_children():
    threads, rounds, forks = 3 * SLOTS, 4 if LONG else 1, 3
    arguments = [str(THREADS), str(threads), str(rounds), str(forks), "1"]

    def load(call, folder, scale):
        del folder, scale
        return call(arguments)

    without, ours, report = run_twice(load)
    must(without == ours, f"{without} is {ours}")
    must(len(report) == 1 + rounds * forks, f"{len(report)} processes have looked at their heap")
    shared = [int(re.search(r"shared (\d+)", figures)[1]) for _, figures in report]
    must(max(shared) > 0, "no thread was without a slot")


def a_second_free_is_refused():
    """Else nothing of this could fail."""
    text = "import ctypes; c = ctypes.CDLL(None); c.malloc.restype = ctypes.c_void_p; " \
           "p = ctypes.c_void_p(c.malloc(100)); c.free(p); c.free(p)"
    with tempfile.TemporaryDirectory() as temporary:
        runner = Runner(Path(temporary), True)
        python = str(loads.SYSTEM_PYTHON if loads.SYSTEM_PYTHON.exists() else sys.executable)
        ended = subprocess.run([python, "-c", text], env=runner.environment(True, {}), capture_output=True, check=False)
        must(ended.returncode == -signal.SIGABRT, f"it ended with {ended.returncode}")
        must(b"free already" in ended.stderr, ended.stderr.decode())
        must(not looked_at(runner.report), "it came to its end")


# ---- all ----------------------------------------------------------------------------------------


def too_little_address_space_is_no_failure():
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE - 1, ADDRESS_SPACE - 1))

    ended = subprocess.run([sys.executable, __file__], preexec_fn=limit, capture_output=True, check=False)
    must(ended.returncode == 0 and ended.stdout.startswith(b"1..0 # SKIP "), f"it says {ended.stdout + ended.stderr}")


def cases():
    for name, (programs, _, _, short) in loads.LOADS.items():
        if LONG or short:
            lacking = loads.missing(programs)
            yield (f"{name} does the same with our heap", lambda name=name: check_load(name),
                   f"{', '.join(lacking)} not here" if lacking else None)
    for case in (three_times_as_many_threads_as_slots_with_children, a_second_free_is_refused,
                 too_little_address_space_is_no_failure):
        yield case.__name__.replace("_", " "), case, None
    lacking = loads.missing(["git"])
    yield ("the repository of the caller is left alone", the_repository_of_the_caller_is_left_alone,
           "git not here" if lacking else None)


def run_case(number, name, case, skip):
    if skip:
        print(f"ok {number} - {name} # SKIP {skip}", flush=True)
        return True
    try:
        case()
    except (Failed, OSError, subprocess.SubprocessError) as reason:
        print(f"not ok {number} - {name}")
        print("\n".join(f"# {line}" for line in str(reason).splitlines()), flush=True)
        return False
    print(f"ok {number} - {name}", flush=True)
    return True


def the_repository_of_the_caller_is_left_alone():
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("theirs", "ours"):
            (folder / name).mkdir()
        theirs = folder / "theirs/.git"
        subprocess.run(["git", "init", "-q", str(folder / "theirs")], check=True)
        before = sorted((str(p), p.stat().st_mtime_ns) for p in theirs.rglob("*"))
        os.environ["GIT_DIR"] = str(theirs)
        try:
            loads.git_load(Runner(folder, False), folder / "ours", 1)
        finally:
            del os.environ["GIT_DIR"]
        must(before == sorted((str(p), p.stat().st_mtime_ns) for p in theirs.rglob("*")), "it was written to")


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # one of them aborts, with 4 GiB
    if not OBJECT.exists() or not THREADS.exists():
        print(f"Bail out! {OBJECT.relative_to(TOP)} is not there: make preload")
        return 1
    allowed = resource.getrlimit(resource.RLIMIT_AS)[0]
    if allowed != resource.RLIM_INFINITY and allowed < ADDRESS_SPACE:
        print(f"1..0 # SKIP a process may have {allowed >> 20} MiB of address space here, and this takes {ADDRESS_SPACE >> 20}")
        return 0
    found = list(cases())
    print(f"1..{len(found)}", flush=True)
    passed = [run_case(number, *case) for number, case in enumerate(found, 1)]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
