#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""names.t - scripts/check-names sees each kind of name that a public header must not have, and no other.

Every case starts from a copy of the real src/ with one header changed.
"""

import contextlib
import io
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

sys.path[:0] = [os.path.join(ROOT, "scripts"), os.path.join(ROOT, "tests/support")]
import script_module  # noqa: E402
from tap import end, report  # noqa: E402

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
    ("a macro that is there on RV64 only", "mm/frame/frame.h", "#ifdef __riscv\n#define PAGE_SIZE 4096\n#endif",
     "src/mm/frame/frame.h: macro PAGE_SIZE"),
    ("a function that is there on RV64 only", "mm/frame/frame.h", "#ifdef __riscv\nint planted(void);\n#endif",
     "src/mm/frame/frame.h: function planted"),
    ("a macro behind a condition of the user", "mm/frame/frame.h", "#ifdef ACRE_PLANTED\n#define PLANTED 1\n#endif",
     "src/mm/frame/frame.h: macro PLANTED"),
    ("a macro that is a module's name alone", "mm/heap/heap.h", "#define HEAP 1", "src/mm/heap/heap.h: macro HEAP"),
    ("the same of a header that only another one includes", "lib/bits.h", "#define BITS 1", "src/lib/bits.h: macro BITS"),
    ("a function that is a module's name alone", "mm/heap/heap.h", "int heap(void);", "src/mm/heap/heap.h: function heap"),
    ("a tag that is a module's name in capitals", "mm/heap/heap.h", "struct HEAP;", "src/mm/heap/heap.h: tag HEAP"),
    ("a function of the header of panics", "lib/panic.h", "void panic(const char *text);", "src/lib/panic.h: function panic"),
    ("a macro of the header of lines", "lib/print.h", "#define LOG_PLANTED 1", "src/lib/print.h: macro LOG_PLANTED"),
    ("a function of the header of formats", "lib/fmt.h", "int format(void);", "src/lib/fmt.h: function format"),
    ("short words for our own files", "lib/panic.h", '#include "lib/assert.h"', "src/lib/assert.h: macro ASSERT"),
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


# Sources of the layers beside those that are there: what it is | file | text | what is said of it
LINKED = [
    ("a function that no header declares", "mm/frame/planted.c", "void panic_now(void); void panic_now(void) {}",
     "src/mm/frame/planted.c: symbol panic_now"),
    ("a variable that no header declares", "lib/planted.c", "int planted;", "src/lib/planted.c: symbol planted"),
    ("a weak function", "fdt/planted.c", "__attribute__((weak)) void planted(void); void planted(void) {}",
     "src/fdt/planted.c: symbol planted"),
    ("a file that is not built", "lib/planted.c", None, None),
]
LINKED_ALLOWED = [
    ("a function of a module", "mm/heap/planted.c", "void heap_planted(void); void heap_planted(void) {}"),
    ("a static function", "mm/heap/planted.c", "__attribute__((used)) static void planted(void) {}"),
    ("a function of the C library", "lib/planted.c", "void memplanted(void); void memplanted(void) {}"),
    ("a function of the kernel", "kernel/planted.c", "void planted(void); void planted(void) {}"),
]
LIFT = os.path.join(ROOT, "build", "lift", "rv64")
CROSS = os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-")


def run(root, allowed=None, objects=()):
    """(code, output) of the check with what it allows, and the given names too."""
    module = script_module.load(os.path.join(ROOT, "scripts", "check-names"))
    module.ALLOWED = {**module.ALLOWED, **(allowed or {})}
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            code = module.main(["check-names", "--root", root, *objects])
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


def with_objects(root, path, text):
    """What is said of the objects of the lift, and of that of this file."""
    built = os.path.join(root, "built")
    os.mkdir(built)
    subprocess.run(["cp", "-r", os.path.join(LIFT, "src"), built], check=True)
    with open(os.path.join(root, "src", path), "w", encoding="utf-8") as f:
        f.write(text or "")
    if text is not None:
        planted = os.path.join(built, "src", os.path.splitext(path)[0] + ".o")
        os.makedirs(os.path.dirname(planted), exist_ok=True)
        subprocess.run([CROSS + "gcc", "-c", "-o", planted, os.path.join(root, "src", path)], check=True)
    return run(root, objects=("--objects", built))


def main():
    @contextlib.contextmanager
    def copy():
        with tempfile.TemporaryDirectory(prefix="acre-names.") as root:
            os.mkdir(os.path.join(root, "tests"))
            subprocess.run(["cp", "-r", os.path.join(ROOT, "src"), root], check=True)
            subprocess.run(["cp", "-r", os.path.join(ROOT, "tests", "lift"), os.path.join(root, "tests")], check=True)
            yield root

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
    code, output = run(ROOT, objects=("--objects", LIFT))
    report(code == 0, "the objects as they are pass", output)
    for name, path, text, said in LINKED:
        with copy() as root:
            code, output = with_objects(root, path, text)
        said = said or "there is no object of src/%s under %s/built" % (path, root)
        report(code == 1 and said in output.split("\n"), "refused in objects: " + name, output)
    for name, path, text in LINKED_ALLOWED:
        with copy() as root:
            code, output = with_objects(root, path, text)
        report(code == 0, "allowed in objects: " + name, output)
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
    end()


main()
