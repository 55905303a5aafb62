# SPDX-License-Identifier: MIT
"""The commands `acre ...` of gdb, pretty printers, backtraces through traps, and harts in `info threads`.

They need nothing of the kernel but its symbols. A file for each idea: memory (bytes), layout (structures), locate and
kernel (which kernel, and where), then what is shown: map, frames, heap, harts, locks, trace, why; check_* and diff.
"""

import gdb

from acre import commands, kernel, printers, unwind
from acre.memory import Unreadable


def _when_stopped(_=None):
    """Symbols where the kernel is, and threads with the names of harts. A kernel that is not there yet has neither."""
    try:
        kernel.current().harts.name_threads()
    except (gdb.error, gdb.GdbError, Unreadable):
        kernel.forget()


def load():
    commands.register()
    printers.register()
    unwind.register()
    kernel.watch()
    gdb.events.stop.connect(_when_stopped)
    gdb.events.before_prompt.connect(_when_loaded)
    _when_stopped()


_seen = None


def _when_loaded():
    """A dump that was loaded at the prompt is no stop."""
    global _seen
    threads = gdb.selected_inferior().threads()
    if threads and not kernel.is_known() and _seen is not threads[0]:
        _seen = threads[0]
        _when_stopped()
