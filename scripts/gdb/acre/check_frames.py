# SPDX-License-Identifier: MIT
"""check_frames.py - F1 to F6 of src/mm/frame/frame_pool.c, and the tree over each bank."""

from acre import bits, check_tree
from acre.frames import CHUNK, FRAME, FREEING, NONE, TAKEN

LIMIT = 1 << 44  # FRAME_LIMIT


def check(kernel):
    pool = kernel.pool
    wrong = list(_order(pool))
    yield from wrong
    if wrong:
        return
    for i, bank in enumerate(pool.banks):
        wrong = list(_shape(bank, f"bank {i}"))
        yield from wrong
        if not wrong:
            yield from _bits(bank, f"bank {i}")
            yield from check_tree.check(kernel, bank, f"bank {i}")
            yield from _records(kernel, bank, f"bank {i}")
    total = sum(bank.view.managed for bank in pool.banks)
    if total != pool.view.managed:
        yield "F4: the pool's managed is the sum of the banks'", f"{pool.view.managed} and {total}"
    if pool.view.watched != (pool.view.debug or pool.view.observer != 0):
        yield "F6: a pool is watched in debug mode and where it has an observer", f"watched is {pool.view.watched}"
    yield from _stocks(kernel)


def _order(pool):
    end = 0
    if pool.view.nbanks > pool.view.max_banks:
        yield "F1: there are no more banks than there is room for", f"{pool.view.nbanks} of {pool.view.max_banks}"
        return
    for i, bank in enumerate(pool.banks):
        if not bank.nframes:
            yield "F1: no bank is empty", f"bank {i}"
        if bank.first + bank.nframes > LIMIT:
            yield "F1: banks lie below FRAME_LIMIT", f"bank {i}"
        if bank.first < end:
            yield "F1: banks are sorted and disjoint", f"bank {i}"
        end = bank.first + bank.nframes


def _shape(bank, where):
    if bank.base % CHUNK or bank.nbits % CHUNK:
        yield "F2: a bank's bitmaps are whole chunks", where
    elif (
        not 0 <= bank.first - bank.base < CHUNK
        or bank.nbits != bank.view.chunks.nchunks * CHUNK
        or bank.first + bank.nframes > bank.base + bank.nbits
    ):
        yield "F2: a bank's bitmaps cover it", where


def _frames(bank, x, where):
    for first, end in bits.runs(x):
        yield f"{where}, [{(bank.base + first) * FRAME:#x}, {(bank.base + end) * FRAME:#x})"


def _bits(bank, where):
    free, inserted = bank.bits("free"), bank.bits("inserted")
    first = bank.first - bank.base
    inside = ((1 << bank.nframes) - 1) << first
    for place in _frames(bank, free & ~inserted, where):
        yield "F3: a free frame was inserted", place
    for place in _frames(bank, inserted & ~inside, where):
        yield "F3: nothing outside of a bank is inserted", place
    if bank.view.managed != bits.count(inserted):
        yield "F4: a bank's managed counts its inserted frames", f"{where}, {bank.view.managed} and {bits.count(inserted)}"


def _records(kernel, bank, where):
    if bank.view.fast_nbits != (0 if kernel.pool.view.watched else bank.nbits):
        yield "F6: the fast paths reach all of a bank, and nothing of a watched pool", where
    if not bank.view.records:
        return
    events = kernel.memory.words(bank.view.records, 2 * bank.nframes)[1::2]
    out = bank.bits("inserted") & ~bank.bits("free")
    for i, event in enumerate(events):
        if event & 0xFF in (TAKEN, FREEING) and not out >> (bank.first - bank.base + i) & 1:
            yield "F6: a frame is recorded as taken only where it is", f"{where}, {(bank.first + i) * FRAME:#x}"


def _stocks(kernel):
    pool = kernel.pool
    stocks = [("the shared stock", pool.view.shared)]
    for hart in range(min(pool.view.nstocks, len(kernel.harts))):
        stock = pool.stock(hart)
        if stock:
            stocks.append((f"the stock of hart {kernel.harts[hart].id}", stock))
    low = pool.view.bank
    size = kernel.view("struct frame_bank", low).sizeof
    for where, stock in stocks:
        if not low <= stock.bank < low + size * pool.view.max_banks:
            yield "F5: the bank of a stock is one of the pool's", where
        if stock.base == NONE:
            continue
        if not any(0 <= stock.base - b.base < b.nbits and (stock.base - b.base) % 64 == 0 for b in pool.banks):
            yield "F5: a stock is a word of a bank", f"{where}, frame {stock.base:#x}"
        if pool.view.debug and stock.address != pool.view.shared.address:
            yield "F6: in debug mode no hart has a stock", where
