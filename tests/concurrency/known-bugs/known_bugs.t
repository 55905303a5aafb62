#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
known_bugs.t - mistakes in locks and frames that the tools must find, each a patch to the shipped files.

    known_bugs.t [GLOB...]

A patch says in front what it does, which scenarios of the explorer to run, and which tools find it: `explore`,
the interleavings, and `order`, the machine code (tests/concurrency/explore). Each is applied to a copy and compiled;
what it names must fail, for a reason of its own, and a patch that does not apply any more is a failure too.
"""

import fnmatch
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[2]
EXPLORE = TOP / "build/explore"
LIMIT = 240  # seconds: only to notice a hang


class Wrong(Exception):
    pass


def run(*command, **options):
    return subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          **options)


def flags(name):
    return shlex.split((EXPLORE / name).read_text(encoding="utf-8"))


def must(done, what):
    if done.returncode != 0:
        raise Wrong(f"{what}:\n{done.stdout}")


def scenarios():
    """The names of the explorer's scenarios."""
    return run(EXPLORE / "explore", "--list").stdout.split()


def copy_of(patch, folder):
    """src with the patch in it, the rest of the tree by links. The files that it changes."""
    must(run("cp", "-r", TOP / "src", folder / "src"), "copy")
    (folder / "tests").symlink_to(TOP / "tests")
    must(run("patch", "-p1", "--no-backup-if-mismatch", "-i", patch, cwd=folder), "the patch does not apply")
    return compiled(patch.read_text(encoding="utf-8"), folder)


def including(headers, sources):
    """The headers themselves, and those that include one of them, in however many steps."""
    found = set(headers)
    while True:
        more = {name for name, code in sources.items() if name.endswith(".h") and name not in found
                and any(f'#include "{header}"' in code for header in found)}
        if not more:
            return found
        found |= more


def compiled(text, folder):
    """The .c that a patch changes: those themselves, and those of the explorer that include what it changes of headers."""
    files = set(re.findall(r"^\+\+\+ b/src/(\S+\.[ch])$", text, re.M))
    sources = {str(c.relative_to(folder / "src")): c.read_text(encoding="utf-8") for c in folder.glob("src/**/*.[ch]")}
    headers = including({f for f in files if f.endswith(".h")}, sources)
    explored = {str(Path(name).with_suffix(".c")) for name in flags("objects")}
    found = {f"src/{c}" for c, code in sources.items() if c.endswith(".c") and
             (c in files or f"src/{c}" in explored and any(f'#include "{h}"' in code for h in headers))}
    if not found or len(files) != len(re.findall(r"^\+\+\+ ", text, re.M)):
        raise Wrong("it changes no code, or something else as well")
    return sorted(found)


def explore(folder, changed, glob):
    """What the explorer says, or None if it finds nothing."""
    replaced = {}
    for file in changed:
        replaced[EXPLORE / (file[:-2] + ".o")] = folder / (Path(file).stem + ".host.o")
        must(run("gcc", *flags("flags"), "-w", "-c", "-o", replaced[EXPLORE / (file[:-2] + ".o")], file, cwd=folder),
             "it does not compile")
    objects = [EXPLORE / name for name in flags("objects")]
    missing = set(replaced) - set(objects)
    if missing:
        raise Wrong(f"the explorer has no {missing}")
    must(run("gcc", "-no-pie", "-fno-lto", "-o", folder / "explore", *[replaced.get(o, o) for o in objects]), "it does not link")
    done = run(folder / "explore", "--first", glob, timeout=LIMIT)
    failed = re.search(r"^not ok \d+ - (\S+)\n# +(.*)\n# +in interleaving (\d+)", done.stdout, re.M)
    if done.returncode == 0 and re.search(r"^1\.\.[1-9]", done.stdout, re.M):
        return None
    if failed is None:
        raise Wrong(f"the explorer fails, but not in a scenario:\n{done.stdout[-2000:]}")
    return f"{failed.group(1)}, interleaving {failed.group(3)}: {failed.group(2)}"


def order(folder, changed):
    objects = []
    for file in changed:
        objects.append(folder / (Path(file).stem + ".rv64.o"))
        must(run(*flags("rv64"), "-w", "-c", "-o", objects[-1], file, cwd=folder), "it does not compile for RV64")
    done = run(TOP / "tests/concurrency/explore/order.t", *objects)
    failed = re.search(r"^not ok \d+ - .*\n# +(.*)", done.stdout, re.M)
    if failed is None and done.returncode != 0 and not done.stdout.startswith("1..0"):
        raise Wrong(f"order.t fails in another way:\n{done.stdout}")
    return failed.group(1) if failed else None


def check_clean(patches):
    """The machine code of all files that patches change is right as it is (the interleavings: explore.t)."""
    with tempfile.TemporaryDirectory(prefix="acre-planted.") as name:
        folder = Path(name)
        (folder / "src").symlink_to(TOP / "src")
        files = sorted({f for p in patches for f in compiled(p.read_text(encoding="utf-8"), folder)})
        wrong = order(folder, files)
        if wrong is not None:
            raise Wrong(wrong)
    return [" ".join(files)]


def field(text, name):
    found = re.search(rf"^{name}: (.+)$", text, re.M)
    if found is None:
        raise Wrong(f"it has no line '{name}:'")
    return found.group(1)


def check(patch):
    """What found it, for the report."""
    text = patch.read_text(encoding="utf-8")
    glob, wanted = field(text, "Explore"), set(field(text, "Found by").split())
    if glob != "-" and not fnmatch.filter(scenarios(), glob):
        raise Wrong(f"no scenario of the explorer matches {glob}")
    found = {}
    with tempfile.TemporaryDirectory(prefix="acre-planted.") as name:
        folder = Path(name)
        changed = copy_of(patch, folder)
        if glob != "-":
            found["explore"] = explore(folder, changed, glob)
        found["order"] = order(folder, changed)
    found = {tool: why for tool, why in found.items() if why is not None}
    if not found:
        raise Wrong("nothing has found it")
    if set(found) != wanted:
        raise Wrong(f"found by {sorted(found)}, it says {sorted(wanted)}")
    return [field(text, "What")] + [f"{tool}: {why}" for tool, why in found.items()]


def main(argv):
    unmatched = [g for g in argv[1:] or ["*"] if not any(fnmatch.fnmatch(p.stem, g) for p in HERE.glob("*.patch"))]
    if unmatched:
        print(f"Bail out! no patch matches {' '.join(unmatched)}")
        return 2
    missing = [str(f.relative_to(TOP)) for f in (EXPLORE / n for n in ("explore", "flags", "objects", "rv64"))
               if not f.exists()]
    if missing:
        print(f"Bail out! there is no {', '.join(missing)}: run `make test T=tests/concurrency/known-bugs/known_bugs.t`, which builds it")
        return 2
    patches = [p for p in sorted(HERE.glob("*.patch"))
               if not argv[1:] or any(fnmatch.fnmatch(p.stem, g) for g in argv[1:])]
    failed = 0
    cases = [("without-any", lambda: check_clean(patches))]
    cases += [(patch.stem, lambda patch=patch: check(patch)) for patch in patches]
    print(f"1..{len(cases)}")
    for number, (name, case) in enumerate(cases, 1):
        try:
            report, verdict = case(), "ok"
        except (Wrong, subprocess.TimeoutExpired) as why:
            report, verdict = str(why).splitlines(), "not ok"
            failed += 1
        print(f"{verdict} {number} - {name}")
        for line in report:
            print(f"#   {line}")
        sys.stdout.flush()
    return 1 if failed or not patches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
