# SPDX-License-Identifier: MIT
"""trace_format.py - the rings of src/kernel/memory/trace_ring.h, read from any memory: of a dump, or of a debugger.

`memory` is a function of an address and a count of bytes, and returns these bytes.
"""

import struct
from collections import namedtuple

MAGIC = b"acretrac"
VERSION = 1
HEADER = struct.Struct("<8sIIQQQQI")  # struct trace
HEAD_BYTES = 64  # of struct trace_ring, before its slots
SLOT = struct.Struct("<4Q")

# enum trace_verb
(NONE, KMALLOC, KZALLOC, KCALLOC, KMALLOC_ALIGNED, KREALLOC_FROM, KREALLOC, KFREE, KFREE_SIZED, KCACHE_ALLOC,
 KCACHE_FREE, FRAMES_TAKEN, FRAMES_FREED) = range(13)
NAMES = ("?", "kmalloc", "kzalloc", "kcalloc", "kmalloc_aligned", "krealloc_from", "krealloc", "kfree", "kfree_sized",
         "kcache_alloc", "kcache_free", "frames_taken", "frames_freed")

Event = namedtuple("Event", "counter hart id number verb address size align_log2 site")


class NoTrace(Exception):
    """There is none, and why."""


class Trace:
    """All that the rings have kept. `events`: of each hart, oldest first."""

    def __init__(self, memory, address):
        fields = HEADER.unpack(memory(address, HEADER.size))
        magic, version, self.harts, self.slots, stride, rings, self.hz, on = fields
        self.on = on != 0
        if magic == bytes(8):
            raise NoTrace("the kernel has no trace: it was not booted with trace=on")
        if magic != MAGIC or version != VERSION:
            raise NoTrace(f"no trace of version {VERSION} at {address:#x}")
        if not self.slots or self.slots & (self.slots - 1) or stride != HEAD_BYTES + self.slots * SLOT.size:
            raise NoTrace(f"the trace at {address:#x} is broken: rings of {self.slots} events, {stride} bytes apart")
        self.written = self.overwritten = 0
        self.events = [self.ring(memory(rings + hart * stride, stride), hart) for hart in range(self.harts)]

    def ring(self, data, hart):
        """The slot of the next event may be half written, so one event less is kept than there are slots."""
        written, hart_id = struct.unpack_from("<2Q", data)
        kept = min(written, self.slots - 1)
        self.written += written
        self.overwritten += written - kept
        found = []
        for number in range(written - kept, written):
            words = SLOT.unpack_from(data, HEAD_BYTES + number % self.slots * SLOT.size)
            found.append(Event(words[0] >> 8, hart, hart_id, number, words[0] & 0xff, words[1],
                               words[2] & (1 << 56) - 1, words[2] >> 56, words[3]))
        return found

    def merged(self):
        """In the order of `trace N` at the prompt: by counter, then by hart."""
        return sorted((event for ring in self.events for event in ring), key=lambda e: (e.counter, e.hart, e.number))

    def summary(self):
        return (f"trace     {'on' if self.on else 'off'}; {self.written} events, of which {self.overwritten} "
                "are overwritten")


def line(event, name_of):
    """As src/kernel/monitor/trace_report.c prints it. `name_of` an address: "function+0x..", or None."""
    name = NAMES[event.verb] if event.verb < len(NAMES) else "?"
    site = name_of(event.site)
    return (f"{event.counter:12}  hart {event.id:<3}  {name:<15}  0x{event.address:010x}  {event.size:8} B  "
            f"by {event.site:#x}{' ' + site if site else ''}")
