# SPDX-License-Identifier: MIT
"""corruptions.py - for gdb_check.t, run in gdb on a dump: each word below is changed in the file, alone, and `acre check`
must name what is broken; then the word is put back.
"""

import random

import gdb
from acre.kernel import current
from acre.memory import Dump

PATH, SEED, RANDOM = ARGUMENTS  # noqa: F821  the test sets it
BANK = "machine.frames.bank[0]"
TREE = f"{BANK}.chunks"
BUDDY = "kernel_heap.runs.buddy"
HART = "'src/kernel/hart/harts.c'::hart_table[1]"
STOCK = f"((struct frame_stock *)((char *){HART} + machine.frames.stocks.offset))"
RUNS = "kernel_heap.runs"


def number(expression):
    return int(gdb.parse_and_eval(f"(unsigned long)({expression})"))


def regions(kind):
    """The first region of a kind."""
    k = current()
    return next(i for i, r in enumerate(k.map.regions) if r.kind == k.map.kinds[kind])


def chunk(of):
    """The first chunk whose byte is one of these."""
    leaf = number(f"{TREE}.leaf")
    found = gdb.selected_inferior().read_memory(leaf, number(f"{TREE}.nchunks"))
    return next(c for c, byte in enumerate(bytes(found)) if byte in of)


def run(kind, after=None):
    """Granule of the first run of a kind, which comes before one of kind @after."""
    region = current().heap.regions[0]
    found = list(region.runs())
    return next(
        (r.start - region.base) // 512
        for r, next_one in zip(found, found[1:])
        if r.kind == kind and after in (None, next_one.kind)
    )


def slab():
    """An expression for a slab of a hart's own that has less objects than bits."""
    heap = current().heap
    found = next(s for n in range(1, heap.large) for s in heap.slabs_of(n) if s.state == 3 and 1 < s.count < 200)
    return f"(*(struct slab *){found.address:#x})", found


def cases():
    usable, slack, metadata = regions("USABLE"), regions("SLACK"), regions("METADATA")
    kernel = regions("KERNEL")
    heap_region = next(i for i, r in enumerate(current().map.regions) if r.name == "kernel heap")
    full, stale = chunk((0x8B,)), chunk((0,))
    region, reservation, bank = (f"machine.memmap.{n}" for n in ("region", "reservation", "bank"))
    lead = number(f"{TREE}.lead")
    yield "map: the map is not resolved", "machine.memmap.resolved", "0"
    yield "map: I10: a count is past", "machine.memmap.nregions", "1 << 20"
    yield "map: I10: a count is past", "machine.memmap.nbanks", "1000"
    yield "map: I1: a bank is empty", f"{bank}[0].range.end", "old - (128 << 20)"
    yield "map: I1: a bank ends past", f"{bank}[0].range.end", "1 << 57"
    yield "map: I2: declared memory is in no bank", f"{bank}[0].range.end", "old - 4096"
    yield "map: I2: a bank has memory that nobody", "machine.memmap.declared[0].range.end", "old - 4096"
    yield "map: I3: regions are out of order or overlap", f"{region}[1].range.start", "old - 8"
    yield "map: I3: a region is empty", f"{region}[1].range.end", "0"
    yield "map: I3: a region is of no known kind", f"{region}[1].kind", "77"
    yield "map: I3: a region has no name", f"{region}[1].name", "0"
    yield "map: I4: a region is in a bank that does not", f"{region}[1].bank", "9"
    yield "map: I4: a region is not inside its bank", f"{region}[0].range.start", "0"
    yield "map: I4: a region has not the node", f"{region}[1].numa_node", "3"
    yield "map: I5: memory of a bank is in no region", f"{region}[{usable}].range.end", "old - 4096"
    yield "map: I5: the bytes of all kinds", f"{region}[{usable}].range.end", "old - 4096"
    yield "map: I6: a usable region is not", f"{region}[{usable}].range.end", "old - 8"
    yield "map: I7: a whole frame is lost", f"{region}[{slack}].range.end", "old + 4096"
    yield "map: I8: two regions of one kind", f"{region}[{kernel}].name", f"number('{region}[{kernel + 1}].name')"
    yield "map: I9: reserved memory is in a less", f"{region}[{kernel}].kind", "0"
    yield "ledger: L2: part of the image is not", f"{region}[{kernel}].kind", "0"
    yield "ledger: L2: part of the image is under", f"{region}[{heap_region}].name", f"number('{region}[{kernel}].name')"
    yield "ledger: L3: the frame pool manages not", "machine.frames.managed", "old + 1"
    yield "ledger: L4: frame tables of no bank", f"{region}[{metadata}].index", "7"
    yield "frames: F1: there are no more banks", "machine.frames.nbanks", "old + 9"
    yield "frames: F1: no bank is empty", f"{BANK}.nframes", "0"
    yield "frames: F1: banks lie below", f"{BANK}.first", "1 << 50"
    yield "frames: F2: a bank's bitmaps are whole chunks", f"{BANK}.base", "old + 64"
    yield "frames: F2: a bank's bitmaps cover it", f"{BANK}.nframes", "old + 4096"
    yield "frames: F3: a free frame was inserted", f"{BANK}.free[0]", "old | 1"
    yield "frames: F3: nothing outside of a bank", f"{BANK}.inserted[0]", "old | 1"
    yield "frames: F4: a bank's managed", f"{BANK}.managed", "old - 1"
    yield "frames: F4: the pool's managed", "machine.frames.managed", "old - 1"
    yield "frames: F5: a stock is a word", f"{STOCK}->base", "old + 1 if old < 1 << 44 else 5"
    yield "frames: F5: the bank of a stock", f"{STOCK}->bank", "old - 4096"
    yield "frames: F6: the fast paths", f"{BANK}.fast_nbits", "0"
    yield "frames: C1", f"{BANK}.free[{8 * full + 3}]", "old ^ 1 << 17"
    top = number(f"{TREE}.nlevels") - 1
    beyond = (lead + number(f"{TREE}.nchunks") - 1 >> 3 * top) + 1
    yield "frames: C2", f"*(unsigned char *)({TREE}.level[1] + {lead + stale >> 3})", "7"
    yield "frames: C3", f"*(unsigned char *)({TREE}.level[{top}] + {beyond})", "7"
    yield "frames: C4", f"*(unsigned char *)({TREE}.level[1] + {lead + full >> 3})", "old ^ 0x80"
    yield "frames: C5", f"{TREE}.nfull", "old + 1"
    yield "frames: C6", f"{TREE}.start[0]", "number('machine.frames.bank[0].chunks.nchunks')"
    yield "frames: C7", f"{TREE}.full_from", "number('machine.frames.bank[0].chunks.nchunks')"
    yield "frames: R1", f"*(unsigned int *)({TREE}.runs[0] + {4 * (lead + full)})", "5"
    yield "frames: R2", f"*(unsigned long *)({TREE}.runs[1] + 24 * {lead + stale >> 3} + 8)", "5"
    yield "frames: R3", f"*(unsigned int *)({TREE}.runs[0] + {4 * (lead + stale)})", "5"
    yield from heap_cases()
    yield from other_cases()


def heap_cases():
    top, absent, first_free = 22 - 9, run(0), run(1)
    used = run(3, after=1)
    expression, one = slab()
    entry = f"{RUNS}.region[0].entry"
    listed = next(i for i in range(4, 800) if number(f"{RUNS}.bin[{i}]"))
    head = number(f"{RUNS}.bin[{listed}]") - 1
    owner = (one.base - number("kernel_heap.map.region[0].base")) // 4096
    base = number(f"{BUDDY}.region[0].base")
    pair = (base + used * 512 >> 10 << 1) - (base >> 9)
    yield "buddy: I1: there are more orders or regions", f"{BUDDY}.nregions", "99"
    yield "buddy: I1: a region has no memory", f"{BUDDY}.region[0].base", "0"
    yield "buddy: I1: a region is not made of whole granules", f"{BUDDY}.region[0].size", "old - 1"
    yield "buddy: I1: a region has orders", f"{BUDDY}.region[0].norders", "77"
    yield "buddy: I2: the tree of an order is damaged: T1", f"{BUDDY}.region[0].free[0].nlevels", "1"
    yield "buddy: I2: the tree of an order is damaged: T2", f"{BUDDY}.region[0].free[{top}].words[0]", "old | 1 << 60"
    yield "buddy: I2: the tree of an order is damaged: T3", f"{BUDDY}.region[0].free[0].words[{number(f'{BUDDY}.region[0].free[0].start[1]')}]", "old ^ 1"
    yield "buddy: I3", f"{BUDDY}.region[0].free[0].words[{absent // 64}]", f"old | 1 << {absent % 64}"
    yield "buddy: I4", f"{BUDDY}.region[0].free[0].words[{pair // 64}]", f"old | 3 << {pair % 64}"
    yield "buddy: I5: which regions", f"{BUDDY}.where[12]", "old ^ 1"
    yield "buddy: I5: which orders", f"{BUDDY}.nonempty", "old ^ 1 << 12"
    yield "buddy: I6: total_bytes", f"{BUDDY}.total_bytes", "old + 512"
    yield "buddy: I6: free_bytes", f"{BUDDY}.free_bytes", "old + 512"
    yield "runs: R1: a region is not that", f"{RUNS}.region[0].ngranules", "old - 1"
    yield "runs: R2: an end of a region", f"*({entry} - 1)", "0"
    yield "runs: R2: a run is of a kind", f"{entry}[{used}]", "old | 7 << 29"
    yield "runs: R2: a run passes", f"{entry}[{used}]", "old | 1 << 27"
    yield "runs: R2: the ends of a run", f"{entry}[{used}]", "old + 1"
    yield "runs: R2: the tree of starts is damaged: T3", f"{RUNS}.region[0].starts.words[{number(f'{RUNS}.region[0].starts.start[1]')}]", "old ^ 1"
    bit = number(f"{RUNS}.region[0].ngranules") - 1 - (used + 1)
    yield "runs: R2: a bit is set inside", f"{RUNS}.region[0].starts.words[{bit // 64}]", f"old | 1 << {bit % 64}"
    bit += 1
    yield "runs: R2: the start of a run", f"{RUNS}.region[0].starts.words[{bit // 64}]", f"old & ~(1 << {bit % 64})"
    yield "runs: R3: a free block", f"{entry}[{absent}]", "old + 1"
    yield "runs: R3: what is absent", f"{BUDDY}.free_bytes", "old - 512"
    yield "runs: R4", f"{entry}[{used}]", "old & (1 << 29) - 1 | 1 << 29"
    yield "runs: R5: which words", f"{RUNS}.words", "old ^ 1 << 9"
    yield "runs: R5: which lists", f"{RUNS}.nonempty[3]", "old ^ 1 << 9"
    yield "runs: R5: a list has something", f"{RUNS}.bin[{listed}]", "old + 1"
    yield "runs: R5: a free run is on no list", f"{RUNS}.bin[{listed}]", "0"
    yield "runs: R5: a free run does not link back", f"{entry}[{head + 2}]", "7"
    yield "runs: R5: a list has something", f"{entry}[{head + 1}]", f"{first_free + 2}"
    yield "runs: R6: used_bytes", f"{RUNS}.used_bytes", "old + 512"
    yield "runs: R6: the peak", f"{RUNS}.peak_bytes", "0"
    yield "slabs: S1: a slab is not what", f"{expression}.size", "old + 16"
    yield "slabs: S1: a slab has too few", f"{expression}.count", "999"
    yield "slabs: S1: a slab does not lie", f"{expression}.base", "old + 512"
    yield "slabs: S1: a frame of a slab", f"kernel_heap.map.region[0].owner[{owner}]", "0"
    yield "heap: S1: a frame leads to a slab", f"kernel_heap.map.region[0].owner[{owner + 1500}]", hex(one.address)
    yield "slabs: S2", f"{expression}.free[3]", "old | 1 << 63"
    yield "slabs: S3: a slab is on the list", f"{expression}.state", "1"
    yield "slabs: S3: a slab with a free object", f"{expression}.state", "1"
    yield "slabs: S3: a class does not have", f"kernel_heap.slabs.class[{one.number}].nslabs", "old + 1"
    yield "slabs: S3: the list of a class", f"{expression}.prev", "old + 128"
    yield "slabs: S4: a descriptor is lost", "kernel_heap.slabs.nfresh", "old - 1"
    yield "slabs: S5", f"{entry}[{used}]", "old & (1 << 29) - 1 | 2 << 29"
    yield "heap: H1", "kernel_heap.object_limit", "0"
    yield "heap: H2", "kernel_heap.table[0].start", hex(one.base)
    yield "heap: H3: a size does not have", "kernel_heap.class_of[5]", "60"
    yield "heap: H3: a size is served", "kernel_heap.serving[5]", "60"


def other_cases():
    yield "locks: I1: next - serving", "machine.frames.lock.next", "old + 5"
    yield "locks: I1: no wait sees", "machine.frames.lock.most_grants", "9"
    yield "locks: I2: a lock that has a holder", "machine.frames.lock.holder", "1"
    yield "locks: I2: the holder is a hart", f"{RUNS}.lock.holder", "99"
    yield "locks: I4", "machine.reclaim.lock.contended", "old + 1"
    yield "harts: K1: there are no more", "'src/kernel/hart/harts.c'::nharts", "99999"
    yield "harts: K1: a hart has the index", f"{HART}->index", "7"
    yield "harts: K2", f"{HART}->state", "77"
    yield "harts: K3", f"{HART}->stack_low", "old + 8"
    yield "harts: K4", f"*(unsigned long *)({HART}->stack_low - 8)", "0"
    # Pointers to nowhere.
    yield "map: what is there leads nowhere", "machine.memmap.region", "16"
    yield "frames: what is there leads nowhere", f"{BANK}.free", "8"
    yield "frames: what is there leads nowhere", f"{TREE}.level[0]", "8"
    yield "buddy: what is there leads nowhere", f"{BUDDY}.region[0].free", "8"
    yield "runs: what is there leads nowhere", f"{RUNS}.region[0].entry", "8"
    yield "slabs: what is there leads nowhere", f"{slab()[0]}.next", "8"
    yield "heap: what is there leads nowhere", "kernel_heap.map.region[0].owner", "8"
    yield "harts: what is there leads nowhere", HART, "8"


# ---- changing the file ----------------------------------------------------------------------------


class Changed:
    def __init__(self, address, size, value):
        start, _, at = next(s for s in Dump(PATH).segments if s[0] <= address < s[0] + s[1])
        self.at, self.new = at + address - start, (value % (1 << 8 * size)).to_bytes(size, "little")

    def swap(self):
        with open(PATH, "r+b") as file:
            file.seek(self.at)
            self.old = file.read(len(self.new))
            file.seek(self.at)
            file.write(self.new)
        self.new, self.old = self.old, self.new

    def __enter__(self):
        self.swap()

    def __exit__(self, *_):
        self.swap()


def check():
    return gdb.execute(f"acre check {PATH}", to_string=True)


def one_by_one():
    for wanted, expression, value in list(cases()):
        place = gdb.parse_and_eval(f"&({expression})")
        old = int.from_bytes(gdb.selected_inferior().read_memory(int(place), place.type.target().sizeof), "little")
        with Changed(int(place), place.type.target().sizeof, eval(value, {"old": old, "number": number})):
            said = check()
        good = any(line.startswith(wanted) for line in said.splitlines())
        print(f"{'good' if good else 'BAD'}: {wanted} by {expression}")
        if not good:
            print(said)


def at_random():
    """Words of the structures become anything: whatever is said, it ends, and is no error of Python."""
    choose = random.Random(SEED)
    k = current()
    spans = [(k.address(name), size) for name, size in (("machine", 2048), ("kernel_heap", 60000))]
    spans += [(k.pool.view.bank, 512), (k.map.memmap.region, 512), (k.address("boot_hart_area") + 0x7000, 4096)]
    for _ in range(RANDOM):
        start, size = choose.choice(spans)
        value = choose.choice((0, 1, 8, choose.randrange(1 << 64), choose.randrange(0x80000000, 0x88000000), 1 << 40))
        address = start + choose.randrange(size) // 8 * 8
        with Changed(address, 8, value):
            try:
                print("ended" if check() else f"BAD: nothing said of {value:#x} at {address:#x}")
            except gdb.error as error:
                print(f"BAD: {error} by {value:#x} at {address:#x}")


print("whole:", check().splitlines()[0])
one_by_one()
at_random()
print("whole:", check().splitlines()[0])
