# SPDX-License-Identifier: MIT
"""unwind.py - backtraces go on through a trap: what trap_handle() was called for is above it.

trap.S keeps all registers of what it has interrupted in a struct trap_frame at sp, from its last store before the call
of trap_handle() to the load of sp. Who called trap_entry is nobody: the frame above is at sepc, with those registers.
"""

import re

import gdb
import gdb.unwinder

from acre import layout

NAMES = ["zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", *(f"a{i}" for i in range(8)),
         *(f"s{i}" for i in range(2, 12)), "t3", "t4", "t5", "t6"]  # fmt: skip


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class TrapUnwinder(gdb.unwinder.Unwinder):
    def __init__(self):
        super().__init__("acre-trap")
        self.known = None

    def _saved(self, architecture):
        """[first, last] instruction of trap_entry that has the whole frame at sp."""
        entry = int(gdb.parse_and_eval("(unsigned long)&trap_entry"))
        if self.known is None or self.known[0] != entry:
            code = architecture.disassemble(entry, count=120)
            back = next(i for i, one in enumerate(code) if re.match(r"csrw\s+sepc", one["asm"]))
            stores = [one["addr"] for one in code[:back] if re.match(r"(c\.)?sd", one["asm"])]
            loads = [one["addr"] for one in code[back:] if re.match(r"(c\.)?ld(sp)?\s+sp,", one["asm"])]
            self.known = entry, stores[-1] + 1, loads[0]
        return self.known

    def __call__(self, pending):
        try:
            pc = int(pending.read_register("pc")) % (1 << 64)
            entry, first, last = self._saved(pending.architecture())
        except (gdb.error, StopIteration, IndexError, ValueError):
            return None
        if not first <= pc <= last:
            return None
        sp = int(pending.read_register("sp")) % (1 << 64)
        kind = layout.kind_of("struct trap_frame")
        word = gdb.lookup_type("unsigned long").pointer()
        frame = gdb.Value(sp).cast(word)
        info = pending.create_unwind_info(FrameId(gdb.Value(sp), gdb.Value(entry)))
        for i, name in enumerate(NAMES[1:], 1):
            info.add_saved_register(name, frame[i].cast(pending.read_register(name).type))
        sepc = frame[kind.members["sepc"][0] // 8]
        info.add_saved_register("pc", sepc.cast(pending.read_register("pc").type))
        return info


def register():
    gdb.unwinder.register_unwinder(None, TrapUnwinder(), replace=True)
