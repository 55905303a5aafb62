# SPDX-License-Identifier: MIT
"""printers.py - structures as `print` and `info locals` show them: in one line, with the words of the commands."""

import gdb
import gdb.printing

from acre.words import size


def _number(value):
    return int(value) % (1 << 64)


class _Printer:
    def __init__(self, value):
        self.value = value


def _words(name):
    """A printer out of a function from a value to words."""
    return lambda function: type(name, (_Printer,), {"to_string": lambda self: function(self.value)})


def _range(value):
    start, end = _number(value["start"]), _number(value["end"])
    return f"[{start:#x}, {end:#x}) {size(max(end - start, 0))}"


acre_range = _words("range")(_range)


@_words("region")
def memmap_region(value):
    kind = str(value["kind"]).replace("MEMMAP_", "").lower().replace("_", " ")
    name = value["name"].string() if _number(value["name"]) else ""
    return f"{_range(value['range'])} {kind} {name}".rstrip()


@_words("lock")
def ticket_lock(value):
    name = value["name"].string() if _number(value["name"]) else "unnamed"
    queue = (_number(value["next"]) - _number(value["serving"])) % (1 << 32)
    holder = _number(value["holder"])
    state = "free" if not queue else f"held by the hart of index {holder - 1}" if holder else "changing hands"
    return f"lock '{name}', {state}" + (f", {queue - 1} waiting" if queue > 1 else "")


@_words("slab")
def slab(value):
    count = _number(value["count"])
    free = sum(bin(_number(value["free"][i])).count("1") for i in range(4))
    state = str(value["state"].cast(gdb.lookup_type("enum slab_state"))).replace("SLAB_", "").lower()
    where = f"{_number(value['size'])} bytes at {_number(value['base']):#x}"
    return f"slab of {count} objects of {where}, {count - free} live, {state}"


@_words("bank")
def frame_bank(value):
    first, count = _number(value["first"]), _number(value["nframes"])
    return f"bank [{first << 12:#x}, {first + count << 12:#x}), {_number(value['managed'])} frames managed"


@_words("cache")
def heap_cache(value):
    if not _number(value["heap"]):
        return "no cache"
    name = value["heap"]["slabs"]["class"][_number(value["class"])]["kind"]["name"]
    return f"cache '{name.string() if _number(name) else '?'}' of class {_number(value['class'])}"


@_words("hart")
def hart(value):
    state = str(value["state"].cast(gdb.lookup_type("enum hart_state"))).replace("HART_", "").lower()
    stack = f"[{_number(value['stack_low']):#x}, {_number(value['stack_high']):#x})"
    return f"hart {_number(value['id'])} (index {_number(value['index'])}), {state}, stack {stack}"


PRINTERS = {
    "acre_range": acre_range,
    "memmap_region": memmap_region,
    "ticket_lock": ticket_lock,
    "slab": slab,
    "frame_bank": frame_bank,
    "heap_cache": heap_cache,
    "hart": hart,
}


def register():
    printers = gdb.printing.RegexpCollectionPrettyPrinter("acre")
    for name, printer in PRINTERS.items():
        printers.add_printer(name, f"^{name}$", printer)
    gdb.printing.register_pretty_printer(None, printers, replace=True)
