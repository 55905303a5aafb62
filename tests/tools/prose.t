#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""prose.t - scripts/check-prose sees each breach of the form of documents, comments and texts, and no others."""

import os
import sys
from pathlib import Path

ROOT = Path(os.path.abspath(__file__)).parent.parent.parent

sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/support")]
import script_module  # noqa: E402
from tap import end, report  # noqa: E402

LONG = "word " * 21
TOP = "# Page\n\nFor readers of tests. It answers nothing.\nRead before: nothing.\n\n"  # lines 1 to 5
ANSWER = "the head of the page does not say what it answers"

# what it is | the text of a page in docs/ after a right head | what is said of it; nothing: it is right
PAGES = [
    ("a long line", f"{LONG}\n", "6: 105 columns"),
    ("a long line after code", f"```\ncode\n```\n{LONG}\n", "9: 105 columns"),
    ("a long line after what a tool writes", f"<!-- table: make x writes it -->\n<!-- end of table -->\n{LONG}",
     "8: 105 columns"),
    ("long code, tables and links", f"```\n{LONG}\n```\n    {LONG}\n\t{LONG}\n| {LONG} |\n  | {LONG} |\n"
     f"![{LONG}](performance-kernel.svg)\n", None),
    ("a long line that a tool writes", f"<!-- table: make x writes it -->\n{LONG}\n<!-- end of table -->\n", None),
    ("a link to no file", "[x](nowhere.md)\n", "nowhere.md, which is not there"),
    ("a link to no file in a table", "| [x](nowhere.md) |\n", "nowhere.md, which is not there"),
    ("a link to no heading", "[x](heap.md#nowhere)\n", "no such heading"),
    ("links that lead somewhere", "[x](heap.md#the-rules), [y](../README.md), [z](https://example.org/a#b)\n", None),
    ("a file that is not there", "Read `lib/nowhere.h`.\n", "lib/nowhere.h, which is not there"),
    ("files that are there, and names that stand for others", "`src/lib/bits.h`, `lib/bits.h`, `heap/heap.h`, "
     "`build/x/y.c`, `src/.../x.c`, `NAME/x.h`, `nowhere.h`\n", None),
    ("a word", "It comes\nafter one stands behind it.\n", "7: 'behind'"),
    ("a word in a table", "| x | all at once |\n", "6: 'at once'"),
    ("words across two lines", "Give it to the harts at\nonce.\n", "6: 'at once'"),
    ("words across two lines of a list", "- Give it to the harts at\n  once.\n", "6: 'at once'"),
    ("'the same' as a noun", "He does the same.\n", "'the same'"),
    ("'the same' as an adjective", "They stay at the same place, at the same time, and have the same size.\n", None),
    ("a sentence that begins with 'One that'", "Harts start. One that does not is named.\n", "'One that'"),
    ("'one that' after its noun", "A hart is named if it is one that did not start.\n", None),
    ("words in code, links and drawings", "`behind`, `at\nonce`, [x](https://example.org/behind)\n\n"
     "    behind\n\n```\nbehind\n```\n", None),
    ("a word that a tool writes", "<!-- table: make x writes it -->\n| behind |\n<!-- end of table -->\n", None),
]
HEADS = [
    ("a page without a paragraph at its head", "# Page\n\n## Part\n\ntext\n", None),
    ("a page that does not say what it answers", TOP.replace("answers", "has"), ANSWER),
    ("a page that does not say for whom it is", TOP.replace("For", "To"), "for whom it is"),
    ("a page that does not say what to read before", TOP.replace("before", "later"), "what to read before"),
]
SOURCES = [
    ("a word in a comment", "int x;\n/*\n * After\n * it, behind it.\n */\n", "4: 'behind'"),
    ("words across two lines of a comment", "/*\n * at\n * once\n */\n", "2: 'at once'"),
    ("a word in a text, but not in a character after it", "char *x = \"He is\\tbehind\"; int c = '\\'';\n", "1: 'behind'"),
    ("words in code and in contracts for the prover", "int behind;\n/*@ requires behind; */\n/* x */\n", None),
]


def cases(prose):
    """(what, found, what must be said of it)"""
    for what, text, said in PAGES:
        yield what, prose.check(ROOT / "docs/page.md", TOP + text), said
    for what, text, said in HEADS:
        found = prose.check(ROOT / "docs/page.md", text)
        yield what, found if said else found[:1], said or "the head of the page"
    listed = prose.not_listed("[x](a.md), [y](b.md#part)", {"a.md", "b.md", "c.md"})
    yield "a page that the index leaves out", listed, "c.md is not in it"
    yield "a README needs no such head", prose.check(ROOT / "src/README.md", "# Folder\n\ntext\n"), None
    for what, text, said in SOURCES:
        yield what, prose.check(ROOT / "src/lib/file.c", text), said


def main():
    for what, found, said in cases(script_module.load(ROOT / "scripts/check-prose")):
        report(found == [] if said is None else len(found) == 1 and said in found[0], what, found)
    end()


main()
