# SPDX-License-Identifier: MIT
"""why.py - whose a byte is: the sentence of the kernel's command `why` (src/kernel/monitor/why.c), word for word."""

from acre import trace
from acre.frames import FRAME
from acre.map import NONE, PADDR_LIMIT
from acre.words import span

LEN = 400  # WHY_LEN: a sentence has a byte less
RECORDS_NAME = "frame records of bank"  # MM_RECORDS_NAME


def sentence(kernel, address):
    region = kernel.map.find(address)
    words = f"{address:#x}: " + (_region(kernel, region, address) if region else _no_ram(kernel, address))
    for start, end, _, loser in kernel.map.conflicts():
        if start <= address < end:
            kind = kernel.map.kind_name(loser.kind)
            words += f"; claimed by {loser.title} ({kind}) too, {span(loser.start, loser.end)}"
    return words[: LEN - 1]


# ---- no RAM ---------------------------------------------------------------------------------------


def _no_ram(kernel, address):
    if address >= PADDR_LIMIT:
        return f"no physical address: those end at {PADDR_LIMIT:#x}"
    banks = kernel.map.banks
    names = [f"bank {i}, {span(bank.start, bank.end)}" for i, bank in enumerate(banks)]
    above = next((i for i, bank in enumerate(banks) if bank.start > address), len(banks))
    if above == 0:
        words = f"below {names[0]}"
    elif above == len(banks):
        words = f"above {names[-1]}"
    else:
        words = f"between {names[above - 1]}, and {names[above]}"
    for part in kernel.map.outside():
        if address in part:
            kind = kernel.map.kind_name(part.kind)
            words += f"; reserved anyway by {part.title} ({kind}), {span(part.start, part.end)}"
    return "not RAM: " + words


# ---- frames ---------------------------------------------------------------------------------------


def _heap(kernel, address):
    block = kernel.heap.block_of(address)
    return f"in {block.words()}" if block else None


def _frame(kernel, address):
    pfn = address // FRAME
    if not kernel.pool.is_managed(pfn):
        words = "a frame that was taken out of the pool, "
    elif kernel.pool.is_free(pfn):
        words = "in a free frame, "
    else:
        words = "in a frame that is handed out, "
        whose = kernel.harts.area_at(address) or trace.at(kernel, address) or _heap(kernel, address)
        if whose:
            words += f"{whose}, "
    return words + span(pfn * FRAME, (pfn + 1) * FRAME)


def _past(kernel, address):
    past = kernel.pool.past(address // FRAME)
    if not past:
        return ""
    hart = kernel.harts.id_of(past.hart)
    return f"; {past.what} by {kernel.caller(past.site)} on hart {hart}, event {past.number}"


def _usable(kernel, region, address):
    node = f" (NUMA node {region.node})" if region.node != NONE else ""
    where = f", of the usable memory {span(region.start, region.end)} of bank {region.bank}"
    return _frame(kernel, address) + where + node + _past(kernel, address)


# ---- the kernel -----------------------------------------------------------------------------------


def _kernel(kernel, region, address):
    words = f"the kernel's own: {region.name}, {span(region.start, region.end)}"
    function = kernel.symbol_find(address)
    arena = kernel.address("'src/kernel/memory/kernel_heap.c'::heap_arena")
    if function:
        return f"{words}, in {function[0]}+{function[1]:#x}"
    if 0 <= address - arena < len(kernel.variable("'src/kernel/memory/kernel_heap.c'::heap_arena")):
        return f"{words}, {_heap(kernel, address) or 'in no block'}"
    stacks = kernel.harts.area_of(kernel.harts[0], address)
    return f"{words}, {stacks}" if stacks else words


# ---- all other owners -----------------------------------------------------------------------------


def _reserved(region, how):
    return f"inside /reserved-memory/{region.name}, {span(region.start, region.end)}, {how}"


def _firmware(region):
    if region.name.startswith("mmode_"):
        return _reserved(region, "memory of the firmware")
    return f"kept for the firmware, {span(region.start, region.end)}: {region.name}"


def _slack(kernel, region):
    words = f"rounding slack, {span(region.start, region.end)}: the rest of a frame that is not free as a whole"
    neighbours = [kernel.map.find(region.start - 1) if region.start else None, kernel.map.find(region.end)]
    reasons = [n for n in neighbours if n and n.kind > kernel.map.kinds["SLACK"]]
    return words + ("".join(f", beside {n.title}" for n in reasons) or f", at the edge of bank {region.bank}")


def _metadata(region):
    if region.index == NONE:
        return f"the {region.name}, "
    what = "records" if region.name == RECORDS_NAME else "tables"
    return f"the frame pool's own {what} of bank {region.index}, "


def _region(kernel, region, address):
    where = span(region.start, region.end)
    kind = next(name for name, number in kernel.map.kinds.items() if number == region.kind)
    if kind == "USABLE":
        return _usable(kernel, region, address)
    if kind == "SLACK":
        return _slack(kernel, region)
    if kind == "METADATA":
        return _metadata(region) + where
    if kind == "REUSABLE":
        return _reserved(region, "reusable, and not lent to the frame pool")
    if kind == "LENT":
        lent = _reserved(region, "reusable and lent to the frame pool: ")
        return lent + _frame(kernel, address) + _past(kernel, address)
    if kind == "LEFT_OUT":
        return f"RAM that is left out by {region.name}, {where}"
    if kind == "MEMRESERVE":
        return f"inside entry {region.index} of the tree's /memreserve/ block, {where}"
    if kind == "RESERVED":
        return _reserved(region, "reserved")
    if kind == "NO_MAP":
        return _reserved(region, "no-map: not to be touched")
    if kind == "INITRD":
        return f"inside the initrd, as /chosen says, {where}"
    if kind == "DTB":
        firmware = kernel.word_of("sbi_impl_name::name", kernel.variable("kernel_sbi").impl_id, "unknown")
        return f"inside the device tree, {where}, as {firmware} passed it"
    if kind == "KERNEL":
        return _kernel(kernel, region, address)
    if kind == "FIRMWARE":
        return _firmware(region)
    return ""
