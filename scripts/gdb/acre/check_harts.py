# SPDX-License-Identifier: MIT
"""check_harts.py - the table of harts and their memory. The essays number nothing here: K1 to K4 are said below."""

from acre import layout
from acre.harts import COUNT, TABLE, guard_intact


def check(kernel):
    if kernel.variable(COUNT) > len(kernel.variable(TABLE)):
        yield "K1: there are no more harts than the table has room for", f"{kernel.variable(COUNT)}"
    states, areas = layout.enumerators("hart_state"), []
    for i, hart in enumerate(kernel.harts):
        where = f"hart {hart.id}"
        low = kernel.harts.area(hart)
        if hart.index != i:
            yield "K1: a hart has the index of its place in the table", f"{where}: {hart.index} at {i}"
        if hart.state not in states:
            yield "K2: a hart is in a state that there is", f"{where}: {hart.state}"
        if (hart.emergency_high, hart.stack_low, hart.stack_high) != (low + 0x2000, low + 0x3000, hart.address):
            yield "K3: stacks and record lie side by side", where
        elif not guard_intact(kernel, hart):
            yield "K4: the guard below a stack is as it was filled", where
        if any(abs(low - other) < kernel.harts.area_size for other in areas):
            yield "K3: no two harts share memory", where
        areas.append(low)
