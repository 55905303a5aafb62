#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""readme_lists.t - README.md lists the boot arguments and the commands that are in the tables of the code, and no others."""

import os
import re
from pathlib import Path

ROOT = Path(os.path.abspath(__file__)).parent.parent.parent

# README lists the ways to write one argument or one command in a row; sources: where the tables are.
ARGUMENT = r'\{ "(\w+)",\s+"[^"]*",\s+"[^"]*",\s+set_\w+ \}'
COMMAND = r'COMMAND\(\w+\) = \{\n.*?\.usage = "([^"]*)"'


def sources():
    return [path.read_text() for path in (ROOT / "src").rglob("*.c")]


def arguments_of(texts):
    return {name for text in texts for name in re.findall(ARGUMENT, text)}


def commands_of(texts):
    return {usage for text in texts for usage in re.findall(COMMAND, text, re.S)}


def listed(readme, heading):
    """What stands in code marks in the first column of the table below the heading."""
    section = readme.partition(f"\n### {heading}\n")[2].partition("\n#")[0]
    rows = [re.split(r"(?<!\\)\|", line)[1] for line in section.split("\n") if line.startswith("| `")]
    return [text.replace("\\|", "|") for row in rows for text in re.findall(r"`([^`]*)`", row)]


def differences(readme, texts):
    for heading, listed_name, known in (
        ("Boot arguments", lambda text: text.partition("=")[0], arguments_of(texts)),
        ("Commands", lambda text: text, commands_of(texts)),
    ):
        names = {listed_name(text) for text in listed(readme, heading)}
        yield from (f"{heading}: {name} is not in README.md" for name in sorted(known - names))
        yield from (f"{heading}: {name} is in README.md, and not in src" for name in sorted(names - known))


LIKE_README = "\n### Boot arguments\n\n| `mem=N` | x |\n| `test`, `test=GLOB` | `a=` |\n\n### Commands\n\n| `why ADDRESS` | x |\n| `test [A \\| B]` | x |\n\n## End\n"
LIKE_SOURCE = 'x[] = {\n\t{ "mem", "mem=N", "x", set_mem }, { "test", "test | test=GLOB", "x", set_test },\n};\nCOMMAND(why) = {\n\t.name = "why",\n\t.usage = "why ADDRESS",\n};\nCOMMAND(test) = {\n\t.usage = "test [A | B]",\n};\n'

# what it is | README.md | the sources | what is said, in order
CASES = [
    ("both lists are complete", LIKE_README, LIKE_SOURCE, []),
    ("an argument is not listed", LIKE_README.replace("| `mem=N` | x |\n", ""), LIKE_SOURCE, ["mem is not in README.md"]),
    ("an argument is gone", LIKE_README, LIKE_SOURCE.replace('{ "mem", "mem=N", "x", set_mem }, ', ""), ["mem is in README.md"]),
    ("a command is not listed", LIKE_README.replace("| `why ADDRESS` | x |\n", ""), LIKE_SOURCE, ["why ADDRESS is not"]),
    ("a command has other words", LIKE_README, LIKE_SOURCE.replace("A | B", "A"),
     ["test [A] is not in README.md", "test [A | B] is in README.md"]),
]


def main():
    texts = sources()
    found = list(differences((ROOT / "README.md").read_text(), texts))
    enough = len(arguments_of(texts)) > 10 and len(commands_of(texts)) > 10
    results = [("the lists of README.md are those of the code", not found and enough, found)]
    for what, readme, source, said in CASES:
        got = list(differences(readme, [source]))
        results.append((what, len(got) == len(said) and all(text in line for text, line in zip(said, got)), got))
    print(f"1..{len(results)}")
    for number, (what, ok, got) in enumerate(results, 1):
        print(f"{'ok' if ok else 'not ok'} {number} {what}" + "".join(f"\n# {line}" for line in got if not ok))
    return 0 if all(ok for _, ok, _ in results) else 1


raise SystemExit(main())
