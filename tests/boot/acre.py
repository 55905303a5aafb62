# SPDX-License-Identifier: MIT
"""Boots the kernel for the tests in this folder, and writes their TAP.

    @case
    def unknown_commands_are_named():
        run = boot(text="frobnicate\\n")
        run.must_say(r"unknown command 'frobnicate'")

    main()

A case fails when it raises Failure; then the end of what the last kernel said is shown. Nothing here
measures time: the limits are there for kernels that hang.
"""

import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
RELEASE = TOP / os.environ.get("ACRE_RELEASE", "build/rv64-release")
DEBUG = TOP / os.environ.get("ACRE_DEBUG", "build/rv64-debug")
HOST = TOP / "build/host-gcc/ktest"
RUN_QEMU = TOP / "scripts/run-qemu"

# Newer QEMUs say that it has Sstc, and OpenSBI believes them: stimecmp traps.
SPIKE = {"machine": "spike", "cpu": "rv64,sstc=off"}

LONG = "--long" in sys.argv[1:]  # more of the same, by hand (docs/testing.md)
LIMIT = 240  # seconds: a hang, not a slow machine
SHOWN = 60  # lines of console after a failure


class Failure(Exception):
    pass


class Skip(Exception):
    """What a case needs is not here."""


def must(condition, what):
    if not condition:
        raise Failure(what)


def must_equal(got, wanted, what):
    must(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


class Run:
    """What a boot said and how it ended."""

    last = None

    def __init__(self, code, console, messages):
        self.code = code
        self.text = console.decode("utf-8", "replace").replace("\r", "")
        self.lines = self.text.splitlines()
        self.messages = messages.decode("utf-8", "replace")
        Run.last = self

    def find(self, pattern):
        return re.search(pattern, self.text, re.MULTILINE)

    def must_say(self, pattern):
        found = self.find(pattern)
        must(found, f"it does not say /{pattern}/")
        return found

    def must_not_say(self, pattern):
        must(not self.find(pattern), f"it says /{pattern}/")

    def must_end_with(self, code):
        must_equal(self.code, code, "exit code")
        return self

    def must_have_isa(self, has="", lacks=""):
        """Extensions, by the line that says rv64imac_zba, or in newer machines rv64i i m a c zba."""
        base, *listed = self.must_say(r"^isa +rv64(\w+(?: \w+)*)$").group(1).split(" ")
        letters, *words = base.split("_")
        known = {*letters, *words, *listed}
        must(known.issuperset(has.split()), f"the isa line lists {sorted(known)}, wanted {has}")
        must(known.isdisjoint(lacks.split()), f"the isa line lists {sorted(known)}, not wanted {lacks}")

    def must_satisfy(self, wanted):
        """Patterns that it must say, or functions that look at it."""
        for each in wanted:
            if callable(each):
                each(self)
            else:
                self.must_say(each)

    def verdict(self):
        """The last line that is not empty."""
        return next((line for line in reversed(self.lines) if line.strip()), "")

    def cases(self):
        """The KTAP result lines, [(True for ok, number, name)]."""
        found = re.findall(r"^(not ok|ok) (\d+) (\S+)$", self.text, re.MULTILINE)
        return [(ok == "ok", int(number), name) for ok, number, name in found]

    def answer(self, command):
        """What the kernel said between the echo of `command` and the next prompt."""
        found = re.search(
            r"^acre> " + re.escape(command) + r"\n(.*?)(?=^acre> |\Z)",
            self.text,
            re.MULTILINE | re.DOTALL,
        )
        must(found, f"no echo of {command!r} at the prompt")
        return found.group(1)


def arguments(kernel=None, qemu=(), icount=False, **options):
    """The command line of run-qemu: memory="8G" becomes --memory 8G."""
    command = [str(RUN_QEMU)] + (["--icount"] if icount else [])
    for name, value in options.items():
        if value is not None:
            command += ["--" + name.replace("_", "-"), str(value)]
    return command + [str(kernel or RELEASE / "acre.elf"), "--", *qemu]


def run(command, input=None, limit=2 * LIMIT, env=None):
    """Run a program in a process group of its own, of which nothing is left afterwards."""
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd=TOP,
        env={**os.environ, **(env or {})},
    )
    try:
        console, messages = process.communicate(input, timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        console, messages = process.communicate(timeout=LIMIT)
        Run(process.returncode, console, messages)
        raise Failure(f"no end within {limit} s") from None
    return Run(process.returncode, console, messages)


def address_of(symbol, elf):
    nm = os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-") + "nm"
    table = run([nm, elf]).must_end_with(0)
    return int(table.must_say(rf"^([0-9a-f]+) . {symbol}$").group(1), 16)


def boot(text=None, limit=LIMIT, **options):
    """Boot with `text` typed at the prompt; without, run-qemu has the self-tests run."""
    data = text.encode() if isinstance(text, str) else text
    return run(arguments(limit=limit, **options), data)


def console_until(words, **options):
    """Boot, read until `words` appear, and end QEMU: for a machine that cannot end itself."""
    process = subprocess.Popen(arguments(limit=0, **options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    console = b""
    end = time.monotonic() + LIMIT
    try:
        while words.encode() not in console and time.monotonic() < end:
            if select.select([process.stdout], [], [], 1)[0]:
                more = os.read(process.stdout.fileno(), 65536)
                if not more:
                    break
                console += more
    finally:
        process.terminate()
        process.communicate(timeout=LIMIT)
    return Run(process.returncode, console, b"")


def selftest(**options):
    """Boot, run the self-tests, and insist that all is well with them."""
    return must_pass(boot(**options))


def must_pass(result):
    plan = result.must_say(r"^1\.\.(\d+)$")
    wanted = int(plan.group(1))
    cases = result.cases()
    failed = [name for ok, _, name in cases if not ok]
    must(not failed, f"failed in the kernel: {', '.join(failed)}")
    must_equal(len(cases), wanted, "cases that ran to their end")
    must(all(cases[i][1] == i + 1 for i in range(wanted)), "the cases are not numbered 1, 2, 3 ...")
    must_equal(result.verdict(), f"PASS {wanted} passed", "verdict")
    return result.must_end_with(0)


def isa(has="", lacks=""):
    return lambda run: run.must_have_isa(has, lacks)


def some_cases(bootargs=""):
    """Boot arguments: the cases of harts and heap, for a machine on whose like all of them run."""
    return bootargs if LONG else f"test=h*.* {bootargs}".rstrip()


# ---- TAP ------------------------------------------------------------------------------------------

_cases = []


def case(function):
    _cases.append((function.__name__.replace("_", " "), function))
    return function


def add_case(name, function):
    _cases.append((name, function))


def main():
    """Run the cases, or those whose names contain one of the words on the command line."""
    if not (RELEASE / "acre.elf").exists():
        print("Bail out! No kernel here: `make test T=FILE` builds it")
        sys.exit(1)
    words = [word for word in sys.argv[1:] if word != "--long"]
    unmatched = [word for word in words if not any(word in name for name, _ in _cases)]
    if unmatched:
        print(f"Bail out! No case has '{unmatched[0]}' in its name")
        sys.exit(1)
    chosen = [c for c in _cases if not words or any(word in c[0] for word in words)]
    print(f"1..{len(chosen)}", flush=True)
    failed = 0
    for number, (name, function) in enumerate(chosen, 1):
        Run.last = None
        try:
            function()
        except Failure as failure:
            failed += 1
            print(f"not ok {number} - {name}")
            explain(str(failure))
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}")
        else:
            print(f"ok {number} - {name}")
        sys.stdout.flush()
    sys.exit(failed != 0)


def note(text):
    for line in text.splitlines():
        print(f"# {line}")


def explain(reason):
    note(reason)
    if Run.last is not None:
        end = Run.last.lines[-SHOWN:] + Run.last.messages.splitlines()
        print(f"# exit code {Run.last.code}; the end of what it said:")
        for line in end:
            print(f"#   | {line}")


def scratch():
    """A folder that is gone when the test ends."""
    return tempfile.TemporaryDirectory(prefix="acre-test.")
