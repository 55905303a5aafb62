# SPDX-License-Identifier: MIT
"""tap.py - cases, and their verdicts as TAP."""

import sys

_cases = []


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
    failed = 0
    for number, function in enumerate(_cases, 1):
        name = function.__name__.replace("_", " ")
        try:
            function(*arguments)
        except AssertionError as reason:
            failed += 1
            print(f"not ok {number} - {name}")
            print("\n".join(f"# {line}" for line in str(reason).splitlines()))
        else:
            print(f"ok {number} - {name}")
    sys.exit(failed != 0)
