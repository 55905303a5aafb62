# SPDX-License-Identifier: MIT
"""trace.py - the last events of a kernel that was booted with trace=on (docs/trace.md)."""

import sys
from pathlib import Path

import gdb

sys.path.append(str(Path(__file__).resolve().parent.parent.parent))
import trace_format  # noqa: E402

FRAME = 1 << 12


def at(kernel, address):
    """Whose the byte is, if it is the trace's."""
    t = kernel.variable("kernel_trace")
    end = t.rings + -(-t.harts * t.stride // FRAME) * FRAME
    return "the events of the trace" if t.rings <= address < end else None


def line(kernel, event):
    def name_of(site):
        found = kernel.symbol_find(site - 1)
        return f"{found[0]}+{found[1] + 1:#x}" if found else None

    return trace_format.line(event, name_of)


def of(kernel):
    try:
        return trace_format.Trace(kernel.memory.read, kernel.address("kernel_trace"))
    except trace_format.NoTrace as reason:
        raise gdb.GdbError(str(reason)) from None


def show(kernel, last):
    trace = of(kernel)
    yield trace.summary()
    for event in trace.merged()[-last:] if last else []:
        yield line(kernel, event)
