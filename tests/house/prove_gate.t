#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""prove_gate.t - scripts/prove-gate sees what a proof would not be about, and scripts/prove sees what
a prover's good exit code hides.

No prover runs here: the gate reads sources, each time a copy of the real ones with one fault, and
scripts/prove gets a frama-c that says what the case wants it to say.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

HARTS = "src/fdt/fdt_harts.c"

# what it is | file | old text ("" for the end of the file) | new text | words of the complaint
REFUSED = [
    ("a load of the blob outside of the token layer", HARTS, "",
     "uint8_t planted(const struct fdt *f);\n"
     "uint8_t planted(const struct fdt *f)\n{\n\treturn f->structure.base[0];\n}\n",
     "planted loads bytes"),
    ("a load through a string that was handed out", HARTS, "",
     "bool planted(const struct fdt_node *n);\n"
     "bool planted(const struct fdt_node *n)\n{\n\treturn *n->name == 'c';\n}\n",
     "planted loads bytes"),
    ("a load through a cast", HARTS, "",
     "uint32_t planted(const struct fdt *f);\n"
     "uint32_t planted(const struct fdt *f)\n"
     "{\n\treturn *(const uint32_t *)(const void *)f->structure.base;\n}\n",
     "planted casts a pointer to bytes"),
    ("a string that is handed to another layer", HARTS, "",
     '#include "lib/string.h"\nbool planted(const struct fdt_node *n);\n'
     'bool planted(const struct fdt_node *n)\n{\n\treturn strlen(n->name) != 0;\n}\n',
     "planted hands bytes to strlen"),
    ("a loop over bytes that are copied", HARTS, "",
     "void planted(const struct fdt *f, uint8_t *to);\n"
     "void planted(const struct fdt *f, uint8_t *to)\n"
     "{\n\tconst uint8_t *at = f->strings.base;\n\t*to++ = *at++;\n}\n",
     "planted loads bytes"),
    ("a reader whose contract is gone", "src/fdt/fdt_token.c",
     "/*@\n\trequires \\valid_read(block);\n\tassigns \\nothing;\n"
     "\tensures \\result <==> offset + length <= block->size;\n*/\n", "",
     "block_holds has no contract"),
    ("something that is assumed", "src/fdt/fdt.h", "requires \\valid(cursor);",
     "admit requires \\valid(cursor);", "admit: assumed"),
    ("an axiom that nobody listed", "src/fdt/fdt.h", "/*@\n",
     "/*@ axiomatic planted { axiom planted_wrong: 0 == 1; } */\n/*@\n",
     "axiom planted_wrong is not listed"),
    ("a lemma that nobody listed", "src/mm/types.h", "struct range {",
     "//@ lemma planted_lemma: 1 + 1 == 2;\nstruct range {",
     "lemma planted_lemma is not listed"),
    ("a text that may have no end", "src/fdt/fdt_ranges.c", '"#size-cells")) {',
     '(const char *)p->name)) {', "fdt_cells_note: what it hands to fdt_property_is_named is no"),
    ("a second shim", "src/mm/types.h", "struct range {",
     "#ifdef __FRAMAC__\n#endif\nstruct range {", "__FRAMAC__"),
]

# what it is | output of frama-c | goals in its report | words that scripts/prove must say
GOOD = "[wp] 2 goals scheduled\n[wp] Proved goals:    2 / 2\n"
LIES = [
    ("a goal without a proof", "[wp] [Failed] Goal typed_f_ensures\n[wp] Proved goals:    1 / 2\n",
     "typed_f_ensures"),
    ("a goal that ran out of time", "[wp] [CVC4 1.8] Goal typed_f_assigns : Timeout (8s)\n"
     "[wp] Proved goals:    1 / 2\n", "typed_f_assigns"),
    ("no goals at all", "[wp] 0 goals scheduled\n[wp] Proved goals:    0 / 0\n", "no goals"),
    ("no last line", "[wp] 2 goals scheduled\n", "no goals"),
    ("a warning on one line", "[wp] src/x.c:3: Warning: Missing assigns clause\n" + GOOD,
     "Missing assigns clause"),
    ("a warning on two lines", "[wp] src/x.c:3: Warning: \n  Cast with incompatible pointers types "
     "(source: a*) (target: b*)\n" + GOOD, "Cast with incompatible"),
    ("a function that nobody knows", "[kernel:annot:missing-spec] src/x.c:3: Warning: \n"
     "  Neither code nor specification for function f\n" + GOOD, "Neither code nor specification"),
]


class Tap:
    def __init__(self, plan):
        self.number = self.failed = 0
        print("1..%d" % plan)

    def report(self, ok, name, output):
        self.number += 1
        self.failed += not ok
        print("%sok %d - %s" % ("" if ok else "not ", self.number, name))
        if not ok:
            for line in output.splitlines()[-12:]:
                print("# " + line)


def copy_of_tree(to):
    for folder in ("src", "scripts", "tests/analyser", "docs"):
        if os.path.isdir(os.path.join(ROOT, folder)):
            shutil.copytree(os.path.join(ROOT, folder), os.path.join(to, folder))


def run(tree, *command, path=None):
    environment = dict(os.environ, PATH=(path + ":" if path else "") + os.environ["PATH"])
    done = subprocess.run(list(command), cwd=tree, env=environment, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def edit(tree, path, old, new):
    full = os.path.join(tree, path)
    with open(full, encoding="utf-8") as f:
        good = f.read()
    if old and old not in good:
        return None
    with open(full, "w", encoding="utf-8") as f:
        f.write(good.replace(old, new, 1) if old else good + new)
    return good


def put_back(tree, path, text):
    with open(os.path.join(tree, path), "w", encoding="utf-8") as f:
        f.write(text)


def stub(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)


def fake_prover(folder, output, code=0):
    with open(os.path.join(folder, "says"), "w", encoding="utf-8") as f:
        f.write(output)
    report = json.dumps({"wp:functions": {"f": {"f_ensures": {"wp:main": {"total": 2, "valid": 2}}}}})
    stub(folder, "frama-c", 'while [ $# -gt 0 ]; do [ "$1" = -wp-report-json ] && out=$2; shift; done\n'
         "echo '%s' >\"$out\"\ncat '%s/says'\nexit %d\n" % (report, folder, code))
    stub(folder, "why3", "exit 0\n")


def results(tree, functions):
    """A folder as scripts/prove leaves it, for these functions of the token layer."""
    folder = os.path.join(tree, "build", "prove")
    os.makedirs(folder, exist_ok=True)
    units = run(tree, "scripts/prove", "--list")[1].split()
    for unit in units:
        goals = {name: {"g": {"wp:main": {"total": t, "valid": v}}} for name, t, v in functions}
        with open(os.path.join(folder, unit + ".json"), "w", encoding="utf-8") as f:
            json.dump({"wp:functions": goals}, f)


def main():
    tap = Tap(2 + len(REFUSED) + 3 + 2 + len(LIES) + 1)
    with tempfile.TemporaryDirectory(prefix="acre-gate.") as tree:
        copy_of_tree(tree)
        code, output = run(tree, "scripts/prove-gate")
        readers = [line.split()[2] for line in output.splitlines() if "reads bytes:" in line]
        tap.report(code == 0, "the sources as they are pass", output)
        tap.report({"fdt_block_cell", "fdt_block_string", "fdt_block_text"} <= set(readers),
                   "and the functions that read the blob are listed", output)
        for name, path, old, new, words in REFUSED:
            if "__FRAMAC__" in new:
                edit(tree, "src/fdt/fdt.h", "/*@\n", "#ifdef __FRAMAC__\n#endif\n/*@\n")
            good = edit(tree, path, old, new)
            code, output = run(tree, "scripts/prove-gate")
            tap.report(good is not None and code == 1 and words in output, "refused: " + name, output)
            put_back(tree, path, good or "")

        copy = shutil.copytree(os.path.join(ROOT, "src"), os.path.join(tree, "src"),
                               dirs_exist_ok=True)
        assert copy
        results(tree, [(name, 3, 3) for name in readers])
        code, output = run(tree, "scripts/prove-gate", "--results", "build/prove")
        tap.report(code == 0, "with results: all proved", output)
        results(tree, [(name, 3, 2 if name == "fdt_block_cell" else 3) for name in readers])
        code, output = run(tree, "scripts/prove-gate", "--results", "build/prove")
        tap.report(code == 1 and "contract of fdt_block_cell is not proved" in output,
                   "with results: refused: a reader with a goal that is not proved", output)
        results(tree, [(name, 3, 3) for name in readers if name != "fdt_block_string"])
        code, output = run(tree, "scripts/prove-gate", "--results", "build/prove")
        tap.report(code == 1 and "contract of fdt_block_string is not proved" in output,
                   "with results: refused: a reader without goals", output)

        fake = os.path.join(tree, "fake")
        os.mkdir(fake)
        fake_prover(fake, GOOD)
        code, output = run(tree, "scripts/prove", "fdt_token", path=fake)
        tap.report(code == 0 and "Proved goals: 2 / 2" in output, "prove: all is well", output)
        fake_prover(fake, GOOD, code=1)
        code, output = run(tree, "scripts/prove", "fdt_token", path=fake)
        tap.report(code == 1, "prove: refused: frama-c fails", output)
        for name, says, words in LIES:
            fake_prover(fake, says)
            code, output = run(tree, "scripts/prove", "fdt_token", path=fake)
            tap.report(code == 1 and words in output, "prove: refused: " + name, output)
        code, output = run(tree, "scripts/prove", "no_such_unit", path=fake)
        tap.report(code == 2, "prove: a unit that is not there", output)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
