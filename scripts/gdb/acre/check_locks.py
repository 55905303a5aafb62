# SPDX-License-Identifier: MIT
"""check_locks.py - I1, I2 and I4 of src/lib/lock.c, as far as one moment shows them; and the order of levels."""

from acre.locks import all_locks, queue


def check(kernel):
    harts = len(kernel.harts)
    for name, lock in all_locks(kernel):
        if queue(lock) > harts:
            yield "I1: next - serving is the number of harts that hold or wait", f"{name}: {queue(lock)} of {harts} harts"
        if lock.holder > harts:
            yield "I2: the holder is a hart", f"{name}: {lock.holder - 1}"
        if lock.holder and not queue(lock):
            yield "I2: a lock that has a holder is held", f"{name}: hart of index {lock.holder - 1}"
        if lock.most_grants >= max(harts, 1):
            yield "I1: no wait sees more holds of others than there are others", f"{name}: {lock.most_grants}"
        if bool(lock.contended) != bool(lock.spins) and not queue(lock):
            yield "I4: holds that were waited for and looks in vain are counted together", name
