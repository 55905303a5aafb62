# SPDX-License-Identifier: MIT
"""locks.py - the locks of the kernel: what each has seen, who holds it and where it was taken."""


def all_locks(kernel):
    """(name, struct ticket_lock) of each, in the order of the kernel's command `locks`."""
    heap = kernel.heap
    yield _name(kernel, heap.view.lock), heap.view.lock
    for number in range(1, heap.large + 1):
        c = heap.classes[number]
        if number == heap.large:
            what = "one"
        else:
            what = heap.cache_name(number) or (c.size if c.size else "no cache")
        yield f"{_name(kernel, c.lock)} of {what}", c.lock
    for lock in _rest(kernel):
        yield _name(kernel, lock), lock


def _rest(kernel):
    machine = kernel.variable("machine")
    yield kernel.heap.view.runs.lock
    yield machine.frames.lock
    yield machine.reclaim.lock
    yield kernel.variable("'src/lib/print.c'::console").lock


def _name(kernel, lock):
    return kernel.string(lock.name) if lock.name else "unnamed"


def queue(lock):
    return (lock.next - lock.serving) % (1 << 32)


def holds(lock):
    return (lock.wraps << 32 | lock.serving) + (queue(lock) != 0)


def show(kernel):
    """Not those of classes without slabs for which no hart ever waited, as the kernel leaves them out."""
    yield f"{'lock':<14} {'holds':>12} {'waited for':>10} {'failed looks':>12} {'longest':>8}  now"
    idle = {c.lock.address for c in kernel.heap.classes if not c.nslabs}
    for name, lock in all_locks(kernel):
        if lock.address not in idle or lock.contended or queue(lock):
            counts = f"{holds(lock):>12} {lock.contended:>10} {lock.spins:>12} {lock.most_grants:>8}"
            yield f"{name:<14} {counts}  {kernel.harts.lock_state(lock)}"
