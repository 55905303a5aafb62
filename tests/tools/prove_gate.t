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

sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "tests/support")]
import script_module  # noqa: E402
from tap import end, report  # noqa: E402

HARTS = "src/fdt/fdt_harts.c"
TOKENS = "src/fdt/fdt_token.c"
MODEL = "tests/proof/eva_token_layer.c"

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
    ("a lemma that nobody listed", "src/mm/types.h", "struct acre_range {",
     "//@ lemma planted_lemma: 1 + 1 == 2;\nstruct acre_range {",
     "lemma planted_lemma is not listed"),
    ("a text that may have no end", "src/fdt/fdt_ranges.c", '"#size-cells")) {',
     '(const char *)p->name)) {', "fdt_cells_note: what it hands to fdt_property_is_named is no"),
    ("more hints for the prover than the code bears", TOKENS, "\tuint32_t padding = ",
     "\t//@ assert end == end;\n" * 20 + "\tuint32_t padding = ",
     "lines in its functions are assertions or ghost code; at most 8%"),
    ("ghost code of many lines", TOKENS, "\tuint32_t padding = ",
     "\t/*@ ghost\n" + "\t\tend = end;\n" * 20 + "\t*/\n\tuint32_t padding = ",
     "lines in its functions are assertions or ghost code; at most 8%"),
    ("a loop contract of nine lines", "src/mm/map/memmap_paint.c", "\t\tloop variant 2 * count - k;\n",
     "\t\tloop variant 2 * count -\n" + "\t\t\t0 -\n" * 5 + "\t\t\tk;\n", "a loop contract of 10 lines; at most 8"),
    ("a contract on top of the code, where it has a header of its own", "src/mm/map/memmap.c",
     "static bool is_reserving(", "/*@\n\tassigns \\nothing;\n*/\nstatic bool is_reserving(",
     "src/mm/map/memmap.c: the contract of is_reserving belongs in src/mm/map/memmap_contracts.h"),
    ("a file that may have more hints and does not", "scripts/prove-gate", "MORE_HINTS = {",
     'MORE_HINTS = {"src/fdt/fdt.c": 9, ', "src/fdt/fdt.c has no more hints than others: delete it"),
    ("a file that may have more hints and is not proved", "scripts/prove-gate", "MORE_HINTS = {",
     'MORE_HINTS = {"src/fdt/planted.c": 9, ', "src/fdt/planted.c is not proved: delete it"),
    ("a function with ghost code in front of it in place of a contract", "src/mm/map/memmap_paint_contracts.h",
     "/*@\n\trequires \\valid_read(winner + (0 .. 2 * count - 1)) && 0 < count <= MEMMAP_MOST_INPUTS;\n"
     "\trequires good_tournament(winner, count);\n\tassigns \\nothing;\n\texits \\false;\n"
     "\tensures \\result == winner[1];\n"
     "\tensures \\result == NO_INPUT || (\\result < count && winner[count + \\result] == \\result);\n*/\n", "",
     "champion has no contract"),
    ("a second shim", "src/mm/types.h", "struct acre_range {",
     "#ifdef __FRAMAC__\n#endif\nstruct acre_range {", "__FRAMAC__"),
    ("a file that neither WP nor Eva is asked about", "scripts/prove",
     'EVA_SOURCES = ["src/fdt/fdt.c", "src/fdt/fdt_harts.c"', 'EVA_SOURCES = ["src/fdt/fdt.c"',
     "walk_to_next_cpu is covered by neither"),
    ("a model of something else than the token layer", MODEL, "",
     "#include \"fdt/fdt.h\"\nuint32_t fdt_boot_hart(const struct fdt *fdt)\n"
     "{\n\treturn fdt->boot_hart;\n}\n", "fdt_boot_hart stands for a function"),
    ("something that is assumed, in a folder of a layer", "src/mm/map/memmap_paint_internal.h", "requires ",
     "admit requires ", "src/mm/map/memmap_paint_internal.h: admit: assumed"),
    ("a unit of a file that is not there", "scripts/prove", '"src/mm/map/memmap_paint.c"', '"src/mm/map/planted.c"',
     "there is no src/mm/map/planted.c, which the unit memmap_paint is about"),
    ("a function to skip that is not there", "scripts/prove", 'skip=["fdt_open"', 'skip=["planted"',
     "there is no function planted in src/fdt/fdt.c or its headers: the unit fdt names it"),
    ("a function to prove that is not there", "scripts/prove", 'MEMMAP_CUTS = ["divide_bank"', 'MEMMAP_CUTS = ["planted"',
     "there is no function planted in src/mm/map/memmap.c or its headers: the unit memmap_cuts names it"),
    ("a word that is not there", "scripts/prove", 'WORDS = ["bits_ctz"', 'WORDS = ["planted"',
     "there is no function planted in src/lib/bits.h or src/lib/bitmap.h: WORDS or INSIDE_WORDS names it"),
    ("a part of a word that is not there", "scripts/prove", 'INSIDE_WORDS = ["bits_count"', 'INSIDE_WORDS = ["planted"',
     "there is no function planted in src/lib/bits.h or src/lib/bitmap.h: WORDS or INSIDE_WORDS names it"),
    ("a file for Eva that is not there", "scripts/prove", 'EVA_SOURCES = ["src/fdt/fdt.c"', 'EVA_SOURCES = ["src/fdt/planted.c"',
     "there is no src/fdt/planted.c, which Eva is about"),
    ("a run of Eva that begins nowhere", "scripts/prove", 'Run("eva_open")', 'Run("eva_planted")',
     "there is no function planted_main in tests/proof/eva_main.c: the run eva_planted begins there"),
    ("a function of Eva's relations that is not there", "scripts/prove", 'EVA_RELATIONS = ["add_checked"',
     'EVA_RELATIONS = ["planted"', "there is no function planted in what Eva runs: EVA_RELATIONS names it"),
    ("an unreached function that is not there", "scripts/prove", '("src/fdt/fdt.c", "fdt_root")', '("src/fdt/fdt.c", "planted")',
     "there is no function planted in src/fdt/fdt.c: UNREACHED names it"),
    ("a function that is renamed where it stands", "src/mm/map/memmap.c", "divide_bank(", "planted(",
     "there is no function divide_bank in src/mm/map/memmap.c or its headers"),
    ("a glob that matches nothing", "scripts/prove-gate", '"src/**/*.[ch]"', '"src/planted/*.[ch]"', "nothing matches "),
    ("the function that makes a text", "scripts/prove-gate", 'MAKES_TEXT = "fdt_block_text"', 'MAKES_TEXT = "planted"',
     "there is no function planted in src/fdt: MAKES_TEXT names it"),
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
    ("no last line, and nothing to count", "[wp] 2 goals scheduled\n", "Proved goals: 0 / 1"),
    ("a warning on one line", "[wp] src/x.c:3: Warning: Missing assigns clause\n" + GOOD,
     "Missing assigns clause"),
    ("a warning on two lines", "[wp] src/x.c:3: Warning: \n  Cast with incompatible pointers types "
     "(source: a*) (target: b*)\n" + GOOD, "Cast with incompatible"),
    ("a function that nobody knows", "[kernel:annot:missing-spec] src/x.c:3: Warning: \n"
     "  Neither code nor specification for function f\n" + GOOD, "Neither code nor specification"),
]
SMOKE_LIES = [
    ("a contract that nothing can meet", "[wp] [Failed] Smoke-test typed_f_wp_smoke_default_requires\n"
     "[wp] Proved goals:    1 / 2\n", "typed_f_wp_smoke_default_requires"),
    ("no smoke test at all", "[wp] Warning: No goal generated\n", "no goals"),
]

EVA_ALARM = "[eva:alarm] src/x.c:3: Warning: \n  out of bounds read.\n  assert \\valid_read(p);\n"
EVA_END = ("  No errors or warnings raised during the analysis.\n"
           "  0 alarms generated by the analysis.\n"
           "  No logical properties have been reached by the analysis.\n")
# what it is | what stands in a good output | what shall stand there | words that scripts/prove must say
EVA_LIES = [
    ("an alarm", EVA_END, EVA_ALARM + EVA_END.replace("0 alarms", "1 alarm"),
     "src/x.c:3: out of bounds read. assert \\valid_read(p);"),
    ("an alarm that the summary leaves out", EVA_END, EVA_ALARM + EVA_END, "alarms: 1"),
    ("an alarm in the summary only", "0 alarms", "2 alarms", "alarms: 2"),
    ("no summary", EVA_END, "", "no summary"),
    ("no summary, and no alarm", EVA_END, "", "alarms: 1"),
    ("errors in the summary", EVA_END.splitlines()[0], "  Some errors and warnings have been raised",
     "No errors or warnings"),
    ("a contract that was taken for true", EVA_END.splitlines()[2], "  Preconditions 1 valid",
     "No logical properties"),
    ("a function that is not reached", "  walk_to_next_cpu: 9 stmts out of 9 (100.0%)\n", "",
     "fdt_harts.c: walk_to_next_cpu is not reached"),
    ("a function that is reached in part", "  describe_hart: 9 stmts out of 9 (100.0%)",
     "  describe_hart: 5 stmts out of 9 (55.6%)", "describe_hart: 4 of its 9 statements are not reached"),
    ("a function that nobody knows", EVA_END, "[kernel:annot:missing-spec] src/x.c:3: Warning: \n"
     "  Neither code nor specification for function f\n" + EVA_END, "Neither code nor specification"),
    ("a path that has no end", EVA_END,
     "[nonterm:stmt] src/x.c:3: Warning: \n  non-terminating loop\n" + EVA_END, "non-terminating loop"),
]


def copy_of_tree(to):
    for folder in ("src", "scripts", "tests/proof", "tests/host/arch", "docs"):
        if os.path.isdir(os.path.join(ROOT, folder)):
            os.makedirs(os.path.dirname(os.path.join(to, folder)), exist_ok=True)
            subprocess.run(["cp", "-r", os.path.join(ROOT, folder), os.path.join(to, folder)], check=True)


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


def defined(prove, tree, *paths):
    return [(path, name) for path in paths
            for name in prove.DEFINED.findall(prove.read(os.path.join(tree, path)))]


def proved(prove, tree):
    """Names of the functions that WP proves."""
    sources = sorted({unit.source for unit in prove.UNITS})
    return [name for _, name in defined(prove, tree, "src/fdt/fdt_token_internal.h", *sources)]


def eva_output(prove, tree):
    """What Frama-C says when Eva went through everything."""
    functions = defined(prove, tree, *prove.EVA_SOURCES)
    # Every static function of a name that was there before gets a number.
    names = [(path, name if name not in [n for _, n in functions[:i]] else "%s_%d" % (name, i))
             for i, (path, name) in enumerate(functions)]
    places = "".join("  Stats for function <%s/%s>\n" % pair for pair in names)
    counts = [(name, 9 - prove.UNREACHED.get(pair, 0)) for (_, name), pair in zip(names, functions)]
    return places + "".join("  %s: %d stmts out of 9 (%.1f%%)\n" % (name, count, count / .09)
                            for name, count in counts) + EVA_END


def fake_prover(folder, output, code=0, functions=("f",)):
    with open(os.path.join(folder, "says"), "w", encoding="utf-8") as f:
        f.write(output)
    goals = {"f_ensures": {"wp:main": {"total": 2, "valid": 2}}}
    with open(os.path.join(folder, "report"), "w", encoding="utf-8") as f:
        json.dump({"wp:functions": {name: goals for name in functions}}, f)
    stub(folder, "frama-c", 'while [ $# -gt 0 ]; do [ "$1" = -wp-report-json ] && out=$2; shift; done\n'
         "[ -z \"$out\" ] || cp '%s/report' \"$out\"\ncat '%s/says'\nexit %d\n" % (
             folder, folder, code))
    stub(folder, "why3", "exit 0\n")


def results(tree, changed=(), missing=(), alarms=False, unit=None):
    """A folder as scripts/prove leaves it: all is well but for what is @changed or @missing, and for a
    @unit of which there is nothing."""
    folder = os.path.join(tree, "build", "prove")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, exist_ok=True)
    prove = script_module.load(os.path.join(tree, "scripts", "prove"))
    goals = {name: {"g": {"wp:main": {"total": 3, "valid": 3}}} for name in proved(prove, tree)}
    coverage = {path: {} for path in prove.EVA_SOURCES}
    for path, name in defined(prove, tree, *prove.EVA_SOURCES):
        coverage[path][name] = [9, 9 - prove.UNREACHED.get((path, name), 0)]
    for name in changed:
        goals.get(name, {}).get("g", {}).get("wp:main", {}).update(valid=2)
        coverage[HARTS].update({name: [9, 8]} if name in coverage[HARTS] else {})
    for name in missing:
        goals.pop(name, None)
        coverage[HARTS].pop(name, None)
    own = {u.name: {name: goals[name] for name in goals
                    if (name in u.only if u.only else name not in u.skip and
                        name in [n for _, n in defined(prove, tree, u.source)])}
           for u in prove.UNITS}
    if unit:
        del own[unit]
    reports = [(name, {"wp:functions": goals}) for name, goals in own.items()]
    reports += [(r.name, {"alarms": alarms, "sound": not alarms, "coverage": coverage})
                for r in prove.RUNS]
    for name, report in reports:
        with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as f:
            json.dump(report, f)


# what it is | arguments of results() | words of the complaint, none if there shall be none
RESULTS = [
    ("all proved", {}, ""),
    ("a unit that left nothing", {"unit": "fdt_token"}, "contract of fdt_block_cell is not proved"),
    ("a reader with a goal that is not proved", {"changed": ["fdt_block_cell"]},
     "contract of fdt_block_cell is not proved"),
    ("a reader without goals", {"missing": ["fdt_block_string"]},
     "contract of fdt_block_string is not proved"),
    ("a function of the memory map without goals", {"missing": ["carve"]}, "carve is not proved"),
    ("a function without goals in a file that Eva does not see", {"missing": ["end_token"]},
     "end_token is covered by neither"),
    ("a function that no run of Eva reached", {"missing": ["walk_to_next_cpu"]},
     "walk_to_next_cpu is covered by neither"),
    ("a function that no run of Eva got through", {"changed": ["walk_to_next_cpu"]},
     "walk_to_next_cpu is covered by neither"),
    ("runs of Eva with alarms", {"alarms": True}, "fdt_harts_next is covered by neither"),
]


def main():
    with tempfile.TemporaryDirectory(prefix="acre-gate.") as tree:
        copy_of_tree(tree)
        code, output = run(tree, "scripts/prove-gate")
        readers = [line.split()[2] for line in output.splitlines() if "reads bytes:" in line]
        report(code == 0, "the sources as they are pass", output)
        report({"fdt_block_cell", "fdt_block_string", "fdt_block_text"} <= set(readers),
                   "and the functions that read the blob are listed", output)
        for name, path, old, new, words in REFUSED:
            if "__FRAMAC__" in new:
                edit(tree, "src/fdt/fdt.h", "/*@\n", "#ifdef __FRAMAC__\n#endif\n/*@\n")
            good = edit(tree, path, old, new)
            code, output = run(tree, "scripts/prove-gate")
            report(good is not None and code == 1 and words in output, "refused: " + name, output)
            put_back(tree, path, good or "")

        shutil.copytree(os.path.join(ROOT, "src"), os.path.join(tree, "src"), dirs_exist_ok=True)
        for name, arguments, words in RESULTS:
            results(tree, **arguments)
            code, output = run(tree, "scripts/prove-gate", "--results", "build/prove")
            report(code == (1 if words else 0) and words in output,
                       "with results: %s%s" % ("refused: " if words else "", name), output)
        with_prover(tree)
    end()


def with_prover(tree):
    fake = os.path.join(tree, "fake")
    os.mkdir(fake)
    fake_prover(fake, GOOD)
    code, output = run(tree, "scripts/prove", "fdt_token", path=fake)
    report(code == 0 and "Proved goals: 2 / 2" in output, "prove: all is well", output)
    fake_prover(fake, GOOD, code=1)
    code, output = run(tree, "scripts/prove", "fdt_token", path=fake)
    report(code == 1, "prove: refused: frama-c fails", output)
    for name, says, words in LIES:
        fake_prover(fake, says)
        code, output = run(tree, "scripts/prove", "fdt_token", path=fake)
        report(code == 1 and words in output, "prove: refused: " + name, output)
    fake_prover(fake, "[wp] [Passed] Smoke-test typed_f_wp_smoke_default_requires\n" + GOOD)
    code, output = run(tree, "scripts/prove", "--smoke", "fdt_token", path=fake)
    report(code == 0 and "Smoke tests passed: 2 / 2" in output, "smoke: all is well", output)
    for name, says, words in SMOKE_LIES:
        fake_prover(fake, says)
        code, output = run(tree, "scripts/prove", "--smoke", "fdt_token", path=fake)
        report(code == 1 and words in output, "smoke: refused: " + name, output)
    code, output = run(tree, "scripts/prove", "no_such_unit", path=fake)
    report(code == 2, "prove: a unit that is not there", output)

    prove = script_module.load(os.path.join(tree, "scripts", "prove"))
    good = eva_output(prove, tree)
    fake_prover(fake, good)
    code, output = run(tree, "scripts/prove", "eva_harts", path=fake)
    report(code == 0 and output.splitlines()[-1] == "alarms: 0", "eva: all is well", output)
    for name, old, new, words in EVA_LIES:
        fake_prover(fake, good.replace(old, new))
        code, output = run(tree, "scripts/prove", "eva_harts", path=fake)
        report(old in good and code == 1 and words in output, "eva: refused: " + name, output)
    words_with_prover(tree, fake)
    # A fake z3 cannot do: it would have to say no to a precondition and yes to a promise.
    stub(os.path.join(tree, "scripts"), "prove-words", "exit 0\n")
    fake_prover(fake, GOOD + good, functions=proved(prove, tree))
    code, output = run(tree, "scripts/prove", path=fake)
    goals = 2 * len(prove.UNITS)
    report(code == 0 and output.splitlines()[-2:] == [
        "Proved goals: %d / %d" % (goals, goals), "alarms: 0"], "prove: how a whole run ends", output)
    fake_prover(fake, GOOD + good)
    code, output = run(tree, "scripts/prove", path=fake)
    report(code == 1 and "the contract of fdt_block_cell is not proved" in output,
               "prove: refused: a whole run that the gate does not let through", output)
    stub(os.path.join(tree, "scripts"), "prove-words", "exit 1\n")
    fake_prover(fake, GOOD + good, functions=proved(prove, tree))
    code, output = run(tree, "scripts/prove", path=fake)
    report(code == 1, "prove: refused: a whole run in which a word is not proved", output)


# what it is | function | header, what stands there, what shall stand there | what z3 says | words
WORD_LIES = [
    ("z3 finds a word", "bitmap_rest", None, "sat", "bitmap_rest, with ctz: promise 1 is not proved"),
    ("z3 does not know", "bitmap_rest", None, "timeout", "promise 1 is not proved"),
    ("z3 says yes to all, also that nothing meets a precondition", "bits_ctz", None, "unsat",
     "nothing meets its precondition"),
    ("a function without a contract", "bitmap_from", None, "unsat", "bitmap_from has no contract"),
    ("a word of ACSL that is not known", "bitmap_rest",
     ("src/lib/bitmap.h", "has_bit(word, j) && j >= i % 64", "has_bit(word, j) && \\is_late(j)"),
     "unsat", "bitmap_rest, without ctz: '\\\\is_late'"),
    ("an instruction that is not known", "bitmap_rest",
     ("src/lib/bitmap.h", "word & bitmap_from(i)", "word / (i + 1)"), "unsat",
     "unknown instruction: %div"),
    ("more than one way through", "bitmap_rest",
     ("src/lib/bitmap.h", "word & bitmap_from(i)", "i > 5 ? (word / i) : word"), "unsat",
     "bitmap_rest, with ctz: "),
    ("another axiom", "bitmap_rest",
     ("src/lib/bits.h", "integer i; !has_bit(0, i)", "integer i; !has_bit(1, i)"), "unsat",
     "the axiom is not what is tried here"),
]


def words_with_prover(tree, fake):
    stub(fake, "z3", "echo unsat\n")
    code, output = run(tree, "scripts/prove-words", "bitmap_rest", path=fake)
    report(code == 0 and "3 / 3" in output, "words: all is well", output)
    for name, function, change, says, words in WORD_LIES:
        stub(fake, "z3", "echo %s\n" % says)
        good = edit(tree, *change) if change else ""
        code, output = run(tree, "scripts/prove-words", function, path=fake)
        report(good is not None and code == 1 and words in output, "words: refused: " + name,
                   output)
        if change:
            put_back(tree, change[0], good)


main()
