# SPDX-License-Identifier: MIT
"""harts.py - the harts that the kernel knows: their records, stacks, slots, states, and their threads in gdb."""

import functools

import gdb

from acre import layout
from acre.words import span

TABLE = "'src/kernel/hart/harts.c'::hart_table"
COUNT = "'src/kernel/hart/harts.c'::nharts"
SLOTS = "'src/kernel/hart/hart_slot.c'::slot_table"
SLOT_COUNT = "'src/kernel/hart/hart_slot.c'::nslots"

# src/boot/boot_abi.h: the pieces of a hart's memory, and where each ends.
PIECES = ((0x2000, "the emergency stack"), (0x3000, "the guard below the stack"), (0x7000, "the stack"),
          (0x8000, "the record"))  # fmt: skip
RECORD_OFFSET, AREA_SIZE = 0x7000, 0x8000
GUARD_SIZE = 0x1000


class Harts:
    def __init__(self, kernel):
        self.kernel = kernel
        table = kernel.variable(TABLE)
        count = min(kernel.variable(COUNT), len(table))
        self.records = [kernel.view("struct hart", table[i]) for i in range(count)]

    def __len__(self):
        return len(self.records)

    def __getitem__(self, i):
        return self.records[i]

    def id_of(self, index):
        """The firmware's id of the hart of this index; the index where there is none."""
        return self.records[index].id if index < len(self.records) else index

    def state(self, hart):
        """"running", "parked": an enumerator in lower case."""
        return layout.enumerators("hart_state").get(hart.state, f"hart_{hart.state}")[len("HART_") :].lower()

    def lock_state(self, lock):
        """"free", "hart 3 at 0x80201234 frame_insert+0x14, 2 waiting": as the command `locks` has it."""
        queue = (lock.next - lock.serving) % (1 << 32)
        if not queue:
            return "free"
        if not 0 < lock.holder <= len(self.records):
            return "changing hands"
        found = self.kernel.symbol_find(lock.site - 1)
        return f"hart {self.id_of(lock.holder - 1)} at {lock.site:#x} {found[0] if found else ''}, {queue - 1} waiting"

    # ---- a hart's memory ------------------------------------------------------------------------

    area_size = AREA_SIZE

    @staticmethod
    def area(hart):
        """Where its memory begins."""
        return hart.address - RECORD_OFFSET

    @functools.cached_property
    def slots(self):
        """[(offset, end, name)]"""
        table = self.kernel.variable(SLOTS)
        entries = [table[i] for i in range(min(self.kernel.variable(SLOT_COUNT), len(table)))]
        types = [(e.offset, self.kernel.view("struct hart_slot_type", e.type)) for e in entries]
        return [(offset, offset + kind.size, self.kernel.string(kind.name)) for offset, kind in types]

    def area_of(self, hart, address):
        """say_hart_area(): what of this hart's memory is there; None: nothing."""
        at = address - self.area(hart)
        if not 0 <= at < AREA_SIZE:
            return None
        words = f"{next(what for end, what in PIECES if at < end)} of hart {hart.id}"
        slot = next((name for start, end, name in self.slots if start <= at - RECORD_OFFSET < end), None)
        return f"{words}, in its {slot}" if slot else words

    def area_at(self, address):
        return next(filter(None, (self.area_of(hart, address) for hart in self.records)), None)

    # ---- threads --------------------------------------------------------------------------------

    def of_thread(self, thread):
        """The hart that a thread of gdb is: by its record, which tp points to, unless it is in the firmware."""
        thread.switch()
        frame = gdb.newest_frame()
        tp = int(frame.read_register("tp")) % (1 << 64)
        for hart in self.records:
            if hart.address == tp:
                return hart
        try:
            number = int(frame.read_register("mhartid"))
        except ValueError:  # a dump has no such register: QEMU numbers its threads by processors
            number = thread.ptid[1] - 1
        return next((hart for hart in self.records if hart.id == number), None)

    def threads(self):
        """[(thread, hart or None)], and the selected thread stays that."""
        selected, frame = gdb.selected_thread(), _selected_frame()
        if not selected:
            return []
        try:
            return [(t, self.of_thread(t)) for t in sorted(gdb.selected_inferior().threads(), key=lambda t: t.num)]
        finally:
            selected.switch()
            if frame and frame.is_valid():
                frame.select()

    def name_threads(self):
        """So that `info threads` says which hart each is, and what it does."""
        for thread, hart in self.threads():
            if hart:
                thread.name = f"hart {hart.id} {self.state(hart)}"


def _selected_frame():
    try:
        return gdb.selected_frame()
    except gdb.error:
        return None


# ---- acre harts -----------------------------------------------------------------------------------


def show(kernel):
    harts = kernel.harts
    places = {hart.address: (thread.num, _place(thread)) for thread, hart in harts.threads() if hart}
    for hart in harts:
        thread, place = places.get(hart.address, (None, ""))
        yield f"hart {hart.id}: {harts.state(hart)}, index {hart.index}" + (f", thread {thread} {place}" if thread else "")
        yield f"  stack {span(hart.stack_low, hart.stack_high)}, {_guard(kernel, hart)}; record {hart.address:#x}"
        yield f"  interrupts: {hart.timer_interrupts} of the timer, {hart.software_interrupts} of other harts"
        if hart.panic_depth:
            yield "  it has panicked"
        for start, end, name in harts.slots:
            yield f"  {span(hart.address + start, hart.address + end)} {name}"


def guard_intact(kernel, hart):
    guard = kernel.memory.read(hart.stack_low - GUARD_SIZE, GUARD_SIZE)
    return guard == guard[:8] * (GUARD_SIZE // 8) and guard[:8] == (0x5AFE57ACC5AFE57A).to_bytes(8, "little")


def _guard(kernel, hart):
    return "its guard is intact" if guard_intact(kernel, hart) else "its guard was WRITTEN TO"


def _place(thread):
    selected = gdb.selected_thread()
    try:
        thread.switch()
        frame = gdb.newest_frame()
        return f"at {frame.pc():#x} {frame.name() or '(not the kernel)'}"
    finally:
        selected.switch()
