#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
order.t - are acquire and release on the instructions? Reads the machine code of locks and frames.

    order.t [OBJECT...]    of the release kernel, or of object files; what none of them has is skipped

Every path through a function is followed over its jumps, and a path must meet what it must meet, in front of an
access or behind it. What counts as order, in the mapping of the RISC-V psABI:

    acquire    amo*.aq, lr.aq; or a load, then fence with r before and rw behind
    release    amo*.rl; or fence with rw before and w behind, then the store or amo
    full       fence with rw before and rw behind
"""

import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
OBJDUMP = os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-") + "objdump"

FUNCTION = re.compile(r"^[0-9a-f]+ <([^.$>][^>]*)>:$")  # no labels
LINE = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)(?:\s+(.*))?$")
BRANCH = re.compile(r"^(c\.)?b(eq|ne|lt|ge|ltu|geu|eqz|nez|lez|gez|ltz|gtz|gt|le|gtu|leu)$")


class Insn:
    def __init__(self, at, op, args):
        self.at, self.op, self.args = at, op, args or ""

    def target(self):
        found = re.search(r"(?:^|,)([0-9a-f]+) <", self.args)
        return int(found.group(1), 16) if found else None

    def fence(self):
        """(before, behind), or None."""
        if self.op != "fence":
            return None
        before, _, behind = (self.args or "iorw,iorw").partition(",")
        return set(before), set(behind)

    def is_amo(self):
        return self.op.startswith(("amo", "lr.", "sc."))

    def is_load(self):
        return re.match(r"^(c\.)?l(b|h|w|d)u?$", self.op) is not None and not self.is_stack()

    def is_store(self):
        return re.match(r"^(c\.)?s(b|h|w|d)$", self.op) is not None and not self.is_stack()

    def is_stack(self):
        return "(sp)" in self.args or "(s0)" in self.args and self.args.split(",")[0] in ("ra", "s0")

    def acquires(self):
        fence = self.fence()
        return bool(fence and "r" in fence[0] and {"r", "w"} <= fence[1]) or (
            self.is_amo() and re.search(r"\.aq", self.op) is not None)

    def releases(self):
        fence = self.fence()
        return bool(fence and {"r", "w"} <= fence[0] and "w" in fence[1]) or (
            self.is_amo() and re.search(r"rl$", self.op) is not None)

    def is_full(self):
        fence = self.fence()
        return bool(fence and {"r", "w"} <= fence[0] and {"r", "w"} <= fence[1])

    def __str__(self):
        return f"{self.at:x}: {self.op} {self.args}"


class Code:
    """Functions of some files, by name; of copies of one name, the first."""

    def __init__(self, files):
        self.functions = {}
        for file in files:
            text = subprocess.run([OBJDUMP, "-d", "--no-show-raw-insn", file], check=True, text=True,
                                  stdout=subprocess.PIPE).stdout
            insns = None
            for line in text.splitlines():
                name = FUNCTION.match(line)
                if name:
                    insns = self.functions.setdefault(name.group(1), [])
                    continue
                insn = LINE.match(line)
                if insn and insns is not None:
                    args = (insn.group(3) or "").split("#")[0].strip()
                    insns.append(Insn(int(insn.group(1), 16), insn.group(2), args))

    def next_of(self, name, i):
        """Where it can go on from instruction @i of @name: indices; None for leaving the function."""
        insns = self.functions[name]
        insn = insns[i]
        index = {x.at: k for k, x in enumerate(insns)}
        if insn.op in ("ret", "jr", "c.jr", "mret", "sret", "ebreak", "unimp"):
            return [None]
        if insn.op in ("j", "c.j", "tail"):
            return [index.get(insn.target())]
        following = [i + 1] if i + 1 < len(insns) else [None]
        if BRANCH.match(insn.op):
            return following + [index.get(insn.target())]
        return following

    def reach(self, name, start, stop):
        """
        From behind instruction @start: what is met first of what @stop accepts on each path. The set of
        instructions, with None for a path that leaves the function without.
        """
        insns = self.functions[name]
        met, seen, todo = set(), set(), self.next_of(name, start) if start >= 0 else [0]
        todo = list(todo)
        while todo:
            i = todo.pop()
            if i is None:
                met.add(None)
            elif i not in seen:
                seen.add(i)
                if stop(insns[i]):
                    met.add(insns[i])
                else:
                    todo += self.next_of(name, i)
        return met


class Wrong(Exception):
    pass


def each(code, name, accept):
    found = [i for i, insn in enumerate(code.functions[name]) if accept(insn)]
    if not found:
        raise Wrong(f"{name}: there is no such instruction any more")
    return found


def acquired_behind(code, name, accept):
    """Each access that @accept takes is an acquire, or a fence follows before the next access to memory."""
    for i in each(code, name, accept):
        insn = code.functions[name][i]
        if insn.acquires():
            continue
        for met in code.reach(name, i, lambda x: x.acquires() or x.is_load() or x.is_store() or x.is_amo()
                              or x.op in ("jal", "jalr", "call")):
            if met is None or met.fence() is None or not met.acquires():
                raise Wrong(f"{name}: '{insn}' is no acquire; next comes '{met}'")


def released_before(code, name, accept):
    """In front of each access that @accept takes is a release, with no store in between."""
    for i in each(code, name, accept):
        insn = code.functions[name][i]
        if insn.is_amo() and insn.releases():
            continue
        # From the start, and from behind each store: no path leads here without a fence.
        starts = [-1] + [k for k, x in enumerate(code.functions[name])
                         if (x.is_store() or x.is_amo()) and k != i]
        for start in starts:
            if insn in code.reach(name, start, lambda x, insn=insn: x is insn or x.fence() is not None
                                  and x.releases()):
                raise Wrong(f"{name}: '{insn}' is no release")


def full_fence_between(code, name, first, then):
    """From each @first no path leads to @then without a full fence."""
    each(code, name, then)
    for i in each(code, name, first):
        insns = code.functions[name]
        for met in code.reach(name, i, lambda x: x.is_full() or then(x)):
            if met is not None and not met.is_full():
                raise Wrong(f"{name}: no full fence from '{insns[i]}' to '{met}'")


def amo(kind):
    return lambda x: x.op.startswith("amo" + kind)


def last_store_before_interrupts(code, name):
    """What of @name writes last before interrupts come on again: that gives the lock away."""
    insns = code.functions[name]
    writes = [i for i, x in enumerate(insns) if x.is_store() or x.is_amo()]
    last = [i for i in writes
            if any(met is not None and met.op.startswith("csr") for met in code.reach(
                name, i, lambda x: x.is_store() or x.is_amo() or x.op.startswith("csr")))]
    if not last:
        raise Wrong(f"{name}: nothing is written before interrupts come on")
    addresses = {insns[i] for i in last}
    return lambda x: x in addresses


def behind_amo(code, name, kind):
    """The loads that come first behind an amo: of a lock, serving."""
    insns = code.functions[name]
    found = set()
    for i in each(code, name, amo(kind)):
        found |= {x for x in code.reach(name, i, lambda x: x.is_load()) if x is not None}
    return lambda x: x in found


def check_acquire(code):
    acquired_behind(code, "ticket_lock_acquire", behind_amo(code, "ticket_lock_acquire", "add"))


def check_wait(code):
    """The loop that waits: each load of a word whose value is compared."""
    name = "wait_and_hold"
    insns = code.functions[name]
    loads = [i for i, x in enumerate(insns) if x.is_load() and x.op in ("lw", "c.lw", "lwu")]
    in_loop = {insns[i] for i in loads if insns[i] in code.reach(name, i, lambda x, i=i: x is insns[i])}
    if not in_loop:
        raise Wrong(f"{name}: no load in a loop")
    acquired_behind(code, name, lambda x: x in in_loop)


def check_release(code):
    released_before(code, "ticket_lock_release", last_store_before_interrupts(code, "ticket_lock_release"))


def check_mark_stale(code):
    """Of the bytes that it writes, one is a release, and no other is written behind it for that chunk."""
    name = "chunk_tree_mark_stale"
    insns = code.functions[name]
    bytes_ = [i for i in range(len(insns)) if insns[i].op in ("sb", "c.sb")]
    ordered = [i for i in bytes_ if any(
        insns[k].releases() and not any(x.is_store() for x in insns[k + 1:i]) for k in range(max(i - 4, 0), i))]
    if len(ordered) != 1 or len(bytes_) < 2:
        raise Wrong(f"{name}: {len(ordered)} of {len(bytes_)} writes of a byte are releases")
    for i in bytes_:
        met = code.reach(name, i, lambda x: x.releases() or x.op == "ret")
        if i != ordered[0] and any(x is None or x.op == "ret" for x in met):
            raise Wrong(f"{name}: '{insns[i]}' comes behind the release")


def is_byte_load(x):
    return x.op in ("lbu", "lb", "c.lbu")


CHECKS = [
    ("ticket_lock_acquire", "ticket_lock_acquire: what is read behind the ticket is an acquire", check_acquire),
    ("wait_and_hold", "ticket_lock_acquire: so is what is read while it waits", check_wait),
    ("ticket_lock_release", "ticket_lock_release: what gives the lock away is a release", check_release),
    ("frame_alloc", "frame_alloc: the bit is taken with acquire",
     lambda code: acquired_behind(code, "frame_alloc", amo("and"))),
    ("frame_alloc", "frame_alloc: a full fence stands between the bit and the look at the chunk",
     lambda code: full_fence_between(code, "frame_alloc", amo("and"), lambda x: x.op == "lbu" and any(
         f.is_full() for f in code.functions["frame_alloc"]) and x is last_byte_load(code, "frame_alloc"))),
    ("frame_free", "frame_free: the bit is given back with release",
     lambda code: released_before(code, "frame_free", amo("or"))),
    ("frame_free", "frame_free: a full fence stands between the bit and the look at the chunk",
     lambda code: full_fence_between(code, "frame_free", amo("or"), is_byte_load)),
    ("frame_stock_take_from", "the rest of a chunk: the bit is taken with acquire",
     lambda code: acquired_behind(code, "frame_stock_take_from", amo("and"))),
    ("bitmap_atomic_take", "a run is taken with acquire",
     lambda code: acquired_behind(code, "bitmap_atomic_take", lambda x: x.is_amo())),
    ("bitmap_atomic_put", "a run is given back with release",
     lambda code: released_before(code, "bitmap_atomic_put", lambda x: x.is_amo())),
    ("put_back", "what was taken of a run in vain is put back with release",
     lambda code: released_before(code, "put_back", lambda x: x.is_amo())),
    ("chunk_tree_mark_stale", "a chunk is marked stale with release, after the bytes above it", check_mark_stale),
]


def last_byte_load(code, name):
    return [x for x in code.functions[name] if is_byte_load(x)][-1]


def main(argv):
    kernel = TOP / os.environ.get("ACRE_RELEASE", "build/rv64-release") / "acre.elf"
    files = argv[1:] or [str(kernel)]
    code = Code(files)
    checks = [c for c in CHECKS if not argv[1:] or c[0] in code.functions]
    failed = 0
    print(f"1..{len(checks)}")
    for number, (function, what, check) in enumerate(checks, 1):
        try:
            if function not in code.functions:
                raise Wrong(f"there is no function {function}: where is its code now?")
            check(code)
            print(f"ok {number} - {what}")
        except Wrong as why:
            failed += 1
            print(f"not ok {number} - {what}\n#   {why}")
    return 1 if failed or not checks else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
