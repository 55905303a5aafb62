#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""prose.t - scripts/check-prose sees long lines of prose and links that lead nowhere, and no others."""

import os
import sys
from pathlib import Path

ROOT = Path(os.path.abspath(__file__)).parent.parent.parent

sys.path.insert(0, str(ROOT / "scripts"))
import script_module  # noqa: E402

LONG = "word " * 21

# what it is | the text of a page in docs/ | what is said of it; nothing: it is right
PAGES = [
    ("a long line", f"{LONG}\n", "1: 105 columns"),
    ("a long line after code", f"```\ncode\n```\n{LONG}\n", "4: 105 columns"),
    ("a long line after what a tool writes", f"<!-- table: make x writes it -->\n<!-- end of table -->\n{LONG}",
     "3: 105 columns"),
    ("long code, tables and links", f"```\n{LONG}\n```\n    {LONG}\n\t{LONG}\n| {LONG} |\n  | {LONG} |\n"
     f"![{LONG}](performance-kernel.svg)\n", None),
    ("a long line that a tool writes", f"<!-- table: make x writes it -->\n{LONG}\n<!-- end of table -->\n", None),
    ("a link to no file", "[x](nowhere.md)\n", "nowhere.md, which is not there"),
    ("a link to no file in a table", "| [x](nowhere.md) |\n", "nowhere.md, which is not there"),
    ("a link to no heading", "[x](heap.md#nowhere)\n", "no such heading"),
    ("links that lead somewhere", "[x](heap.md#the-rules), [y](../README.md), [z](https://example.org/a#b)\n", None),
]


def main():
    prose = script_module.load(ROOT / "scripts/check-prose")
    print(f"1..{len(PAGES)}")
    failed = 0
    for number, (what, text, said) in enumerate(PAGES, 1):
        found = prose.check(ROOT / "docs/page.md", text)
        ok = found == [] if said is None else len(found) == 1 and said in found[0]
        failed += not ok
        print(f"{'ok' if ok else 'not ok'} {number} {what}" + ("" if ok else f"\n# {found}"))
    return 1 if failed else 0


raise SystemExit(main())
