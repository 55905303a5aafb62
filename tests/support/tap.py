# SPDX-License-Identifier: MIT
"""tap.py - TAP: verdicts one by one, report() and end(); or cases that are functions, plan() and run()."""

import sys

_cases = []
_verdicts = []


def report(ok, name, said=""):
    """A verdict, and where it is a bad one the last lines of what was said."""
    _verdicts.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(_verdicts)} - {name}", flush=True)
    if not ok:
        for line in str(said).splitlines()[-20:]:
            print(f"# {line[:300]}")


def end():
    """The plan, after all verdicts. Ends the program."""
    print(f"1..{len(_verdicts)}")
    sys.exit(not all(_verdicts))


def case(function):
    _cases.append(function)
    return function


def must(condition, what):
    if not condition:
        raise AssertionError(what)


def plan():
    print(f"1..{len(_cases)}", flush=True)


def run(*arguments):
    """Each case gets the arguments. Ends the program."""
    for function in _cases:
        wrong = None
        try:
            function(*arguments)
        except AssertionError as reason:
            wrong = reason
        report(wrong is None, function.__name__.replace("_", " "), wrong)
    sys.exit(not all(_verdicts))
