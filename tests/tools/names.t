#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""names.t - scripts/check-names sees each kind of name that a public header must not have, and no other.

Every case starts from a copy of the real src/ with one header changed.
"""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import shutil
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# what it is | header | text before its last line | what is said of it
REFUSED = [
    ("a macro", "mm/heap/heap.h", "#define PLANTED 1", "src/mm/heap/heap.h: macro PLANTED"),
    ("a macro that is there in debug builds only", "mm/setup.h", "#ifdef ACRE_DEBUG\n#define PLANTED 1\n#endif",
     "src/mm/setup.h: macro PLANTED"),
    ("a macro that is there in release builds only", "mm/setup.h", "#ifndef ACRE_DEBUG\n#define PLANTED 1\n#endif",
     "src/mm/setup.h: macro PLANTED"),
    ("a guard", "mm/setup.h", "#define PLANTED_H", "src/mm/setup.h: guard PLANTED_H"),
    ("a function", "fdt/fdt.h", "int planted(void);", "src/fdt/fdt.h: function planted"),
    ("an inline function", "mm/types.h", "static inline int planted(void)\n{\n\treturn 1;\n}",
     "src/mm/types.h: function planted"),
    ("a variable", "mm/types.h", "extern int planted;", "src/mm/types.h: variable planted"),
    ("a type", "mm/map/memmap.h", "typedef unsigned planted_t;", "src/mm/map/memmap.h: typedef planted_t"),
    ("a tag", "mm/map/memmap.h", "struct planted {\n\tint a;\n};", "src/mm/map/memmap.h: tag planted"),
    ("a tag without a structure", "mm/map/memmap.h", "union planted;", "src/mm/map/memmap.h: tag planted"),
    ("a tag inside a structure", "mm/map/memmap.h", "struct memmap_p {\n\tstruct planted {\n\t\tint a;\n\t} b;\n};",
     "src/mm/map/memmap.h: tag planted"),
    ("a constant", "lib/status.h", "enum acre_p { PLANTED };", "src/lib/status.h: constant PLANTED"),
    ("a constant of an enum inside a structure", "mm/setup.h", "struct mm_p {\n\tenum { PLANTED } b;\n};",
     "src/mm/setup.h: constant PLANTED"),
    ("a header that only another one includes", "lib/bits.h", "#define PLANTED 1", "src/lib/bits.h: macro PLANTED"),
    ("a prefix that is only the start of a word", "mm/setup.h", "int mmplanted(void);",
     "src/mm/setup.h: function mmplanted"),
    ("a header of the system with words", "mm/setup.h", "#include <stdnoreturn.h>",
     "src/mm/setup.h: include <stdnoreturn.h>"),
    ("a header that is not there", "mm/setup.h", '#include "mm/planted.h"',
     "src/mm/setup.h: there is no src/mm/planted.h"),
    ("an internal header", "mm/setup.h", '#include "mm/heap/heap_internal.h"',
     "src/mm/setup.h: includes mm/heap/heap_internal.h, which is not public"),
]

ALLOWED = [
    ("names of the module", "mm/heap/heap.h",
     "#define HEAP_P 1\nstruct heap_p {\n\tint planted;\n};\nint heap_planted(struct heap_p *planted);\n"
     "static inline int heap_q(void)\n{\n\tint planted = 1;\n\treturn planted;\n}"),
    ("a header that is not public", "mm/heap/heap_internal.h", "int planted(void);"),
    ("a header that defines types", "mm/setup.h", "#include <stdint.h>"),
    ("a name that is only in a comment", "mm/setup.h", "/* #define PLANTED */"),
]


def load():
    path = os.path.join(ROOT, "scripts", "check-names")
    loader = importlib.machinery.SourceFileLoader("check_names", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_names", loader))
    loader.exec_module(module)
    return module


def run(root, allowed=None):
    """(code, output) of the check with what it allows, and the given names too."""
    module = load()
    module.ALLOWED = {**module.ALLOWED, **(allowed or {})}
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            code = module.main(["check-names", "--root", root])
        except SystemExit as end:
            code = 1
            print(end)
    return code, output.getvalue()


def plant(root, header, text):
    path = os.path.join(root, "src", header)
    with open(path, encoding="utf-8") as f:
        body, end, rest = f.read().rpartition("\n#endif")
    with open(path, "w", encoding="utf-8") as f:
        f.write(body + "\n" + text + "\n" + end + rest)


def main():
    failed = number = 0

    def report(ok, name, output):
        nonlocal failed, number
        number += 1
        failed += not ok
        print("%sok %d - %s" % ("" if ok else "not ", number, name))
        if not ok:
            for line in output.splitlines()[:10]:
                print("# " + line)

    @contextlib.contextmanager
    def copy():
        with tempfile.TemporaryDirectory(prefix="acre-names.") as root:
            shutil.copytree(os.path.join(ROOT, "src"), os.path.join(root, "src"))
            shutil.copytree(os.path.join(ROOT, "tests", "lift"), os.path.join(root, "tests", "lift"))
            yield root

    print("1..%d" % (len(REFUSED) + len(ALLOWED) + 5))
    code, output = run(ROOT)
    report(code == 0, "the sources as they are pass", output)
    for name, header, text, said in REFUSED:
        with copy() as root:
            plant(root, header, text)
            code, output = run(root)
        report(code == 1 and said in output.split("\n"), "refused: " + name, output)
    for name, header, text in ALLOWED:
        with copy() as root:
            plant(root, header, text)
            code, output = run(root)
        report(code == 0, "allowed: " + name, output)
    with copy() as root:
        plant(root, "fdt/fdt_info.h", "#define PLANTED 1")
        code, output = run(root, {"fdt/fdt_info.h": "PLANTED"})
        report(code == 0, "a name that the list allows passes", output)
        code, output = run(root, {"fdt/fdt_info.h": "OTHER PLANTED"})
        report(code == 1 and "OTHER is not in src/fdt/fdt_info.h any more" in output,
               "an entry of the list that no header needs is refused", output)
        os.remove(os.path.join(root, "src", "mm", "heap", "heap.h"))
        code, output = run(root)
        report(code == 1 and "there is no src/mm/heap/heap.h" in output, "a public header that is not there is refused", output)
    with copy() as root:
        plant(root, "mm/setup.h", "int planted(")
        code, output = run(root)
        report(code == 1 and "expected" in output, "a header that does not compile is refused", output)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
