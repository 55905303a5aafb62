# SPDX-License-Identifier: MIT
"""acre.py - commands for gdb that show the kernel's memory: `help user-defined` lists them.

They only read, and walk what the debugger can see, so the machine may be stopped anywhere, also in the middle
of a change: a count that does not agree with its bitmap by one says just that.
"""

import os

import gdb

FRAME = 4096


def value(expression):
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error as error:
        raise gdb.GdbError(f"{expression}: {error}") from None


def binary(size):
    for unit, shift in (("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size >= 1 << shift:
            return f"{size / (1 << shift):.2f} {unit}"
    return f"{size} B"


def span(start, end):
    return f"[{start:#018x}, {end:#018x}) {binary(end - start):>12}"


def lock_state(lock):
    holder = int(lock["holder"])
    waiting = (int(lock["next"]) - int(lock["serving"])) % (1 << 32)
    if not waiting:
        return "free"
    return f"held by the hart of index {holder - 1}, {waiting - 1} waiting" if holder else f"{waiting} waiting"


class Command(gdb.Command):
    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_USER)


class Locate(Command):
    """acre-locate [ADDRESS]: find where the kernel was loaded, or take it to be at ADDRESS, and move its symbols there.

    Looked at are the address that `make debug LOAD=` gave, the memory before the program counter and before the trap
    vector of this hart, and the address of the link. The kernel is where its boot header is.
    """

    name = "acre-locate"

    @staticmethod
    def is_header(address):
        """U-Boot knows an image by the same twelve bytes."""
        try:
            return bytes(gdb.selected_inferior().read_memory(address + 0x30, 12)) == b"RISCV\0\0\0RSC\x05"
        except gdb.error:
            return False

    @staticmethod
    def candidates(linked, text):
        load = os.environ.get("ACRE_LOAD")
        if load:
            yield int(load, 0)
        for register in ("$pc", "$stvec"):
            frame = int(value(f"(unsigned long){register}")) // FRAME * FRAME
            yield from range(frame, max(frame - text, -1), -FRAME)
        yield linked

    def invoke(self, argument, from_tty):
        symbols = gdb.current_progspace().filename
        with open(symbols, "rb") as file:
            linked = int.from_bytes(file.read(32)[24:], "little")  # e_entry
        text = int(value("(char *)&text_end - (char *)&text_start"))
        asked = [int(value(argument))] if argument else self.candidates(linked, text)
        found = next((address for address in asked if self.is_header(address)), None)
        if found is None:
            print("no kernel there: once it runs, or is loaded, say acre-locate or acre-locate ADDRESS")
            return
        if found != int(value("(unsigned long)&image_start")):
            gdb.execute(f'symbol-file -o {found - linked:#x} "{symbols}"')
        print(f"the kernel is at {found:#x}")


class Map(Command):
    """acre-map: every region of memory and who owns it."""

    name = "acre-map"

    def invoke(self, argument, from_tty):
        memmap = value("machine.memmap")
        for i in range(int(memmap["nregions"])):
            region = memmap["region"][i]
            kind = str(region["kind"]).replace("MEMMAP_", "").lower()
            text = region["name"].string() if int(region["name"]) else ""
            where = span(int(region["range"]["start"]), int(region["range"]["end"]))
            print(f"{where}  {kind:<10} bank {int(region['bank'])}  {text}")


class Pool(Command):
    """acre-pool: the frame pool, its banks, where harts take single frames, and whether the counters agree."""

    name = "acre-pool"

    @staticmethod
    def bits(words, count):
        """How many of the first @count bits are set."""
        memory = gdb.selected_inferior().read_memory(int(words), count // 8)
        return int.from_bytes(memory, "little").bit_count()

    @staticmethod
    def stock_base(stocks, hart):
        """Where the stock of a hart is: in its record."""
        record = int(value(f"(unsigned long)hart_table[{hart}]"))
        return int(value(f"*(struct frame_stock *){record + int(stocks['offset'])}")["base"])

    def invoke(self, argument, from_tty):
        pool = value("machine.frames")
        banks = [pool["bank"][i] for i in range(int(pool["nbanks"]))]
        free = [self.bits(bank["free"], int(bank["nbits"])) for bank in banks]
        print(f"{int(pool['managed'])} managed, {sum(free)} free; lock {lock_state(pool['lock'])}")
        for i, bank in enumerate(banks):
            first, count = int(bank["first"]), int(bank["nframes"])
            inserted = self.bits(bank["inserted"], int(bank["nbits"]))
            print(f"bank {i}: {span(first * FRAME, (first + count) * FRAME)}")
            print(f"  {int(bank['managed'])} managed, {inserted} inserted, {free[i]} free")
        for hart in range(int(pool["nstocks"])):
            base = self.stock_base(pool["stocks"], hart)
            if base < 1 << 44:
                print(f"hart {hart} takes from {span(base * FRAME, (base + 64) * FRAME)}")


class Heap(Command):
    """acre-heap: the kernel heap: figures, and for each class of objects how many slabs it has."""

    name = "acre-heap"

    def invoke(self, argument, from_tty):
        heap = value("kernel_heap")
        runs, count = heap["runs"], heap["count"]
        total, used = int(runs["buddy"]["total_bytes"]), int(runs["used_bytes"])
        print(f"{binary(total)} in {int(runs['buddy']['nregions'])} region(s), {used} bytes used")
        print(f"lock {lock_state(runs['lock'])}")
        print(", ".join(f"{field.name} {int(count[field])}" for field in count.type.fields()))
        low, high = heap["slabs"]["class"].type.range()
        for i in range(low + 1, high + 1):
            each = heap["slabs"]["class"][i]
            name = each["kind"]["name"]
            what = f"objects of {int(each['size'])} bytes" if int(each["size"]) else "large blocks"
            if int(name):
                what += f" ({name.string()})"
            if int(each["nslabs"]):
                print(f"{what}: {int(each['nslabs'])} slabs")


class Harts(Command):
    """acre-harts: the harts that the kernel knows, with their stacks."""

    name = "acre-harts"

    def invoke(self, argument, from_tty):
        for i in range(int(value("(unsigned long)'src/kernel/hart/harts.c'::nharts"))):
            hart = value(f"*'src/kernel/hart/harts.c'::hart_table[{i}]")
            stack = span(int(hart["stack_low"]), int(hart["stack_high"]))
            state = value(f"(enum hart_state){int(hart['state'])}")
            print(f"index {i}: id {int(hart['id'])}, {state}, stack {stack}")


class Type(Command):
    """acre-type TEXT: type a line at the kernel's console (under `make debug`)."""

    name = "acre-type"

    def invoke(self, argument, from_tty):
        console = os.environ.get("ACRE_CONSOLE")
        if not console:
            raise gdb.GdbError("only under `make debug`; elsewhere the console is where QEMU runs")
        with open(console, "w", encoding="ascii") as pipe:
            pipe.write(argument + "\n")


for command in (Locate, Map, Pool, Heap, Harts, Type):
    command()
