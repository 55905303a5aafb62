#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many frames the heap takes, and what it keeps: heap_max= and heap_keep=."""

from acre import add_case, boot, case, main, must, selftest

CASE = "heap_frames.are_taken_as_far_as_the_heap_may"
PIECE = 2048  # KiB, of frames: what the heap takes at one time, at least, where there are as many

WRONG = "must be a number of bytes that fits in 64 bits"


def figures(words):
    """What the heap took, kept and had free, in KiB, when it was given `words`; and the run."""
    result = selftest(bootargs=f"test={CASE} {words}")
    found = result.must_say(r"^# took (\d+) KiB of frames, gave back all but (\d+) KiB, (\d+) KiB are free$")
    return *map(int, found.groups()), result


def must_take_all(words):
    """Without a limit: at least the 12 MiB that the case asks for, and all of it goes back."""
    taken, kept, _, result = figures(words)
    must(taken >= 12 << 10, f"it took {taken} KiB only")
    must(kept == 0, f"it keeps {kept} KiB")
    return result


@case
def without_a_limit_the_heap_takes_what_it_needs_and_gives_it_back():
    must_take_all("").must_not_say(r"boot argument")


@case
def a_heap_that_may_take_none_takes_none():
    taken, kept, _, result = figures("heap_max=0")
    must(taken == 0 and kept == 0, f"it took {taken} KiB, and keeps {kept} KiB")
    result.must_not_say(r"boot argument")


@case
def no_more_frames_are_taken_than_heap_max():
    for words, most in (("heap_max=5M", 5 << 10), ("heap_max=0x500000", 5 << 10), ("heap_max=3000k", 3000)):
        taken, kept, _, _ = figures(words)
        must(most - PIECE < taken <= most, f"{words}: it took {taken} KiB")
        must(kept == 0, f"{words}: it keeps {kept} KiB")


@case
def the_last_heap_max_counts():
    taken, _, _, result = figures("heap_max=0 heap_max=5M")
    must(0 < taken <= 5 << 10, f"it took {taken} KiB")
    taken, _, _, _ = figures("heap_max=5M heap_max=0")
    must(taken == 0, f"it took {taken} KiB")
    result.must_not_say(r"boot argument")


@case
def as_much_stays_free_as_heap_keep_says():
    taken, kept, free, _ = figures("heap_keep=13M")
    must(free >= 13 << 10, f"{free} KiB are free")
    must(0 < kept < taken, f"of {taken} KiB it keeps {kept} KiB")


@case
def no_more_is_kept_than_there_was():
    taken, kept, _, _ = figures("heap_keep=16777215T")
    must(kept == taken, f"of {taken} KiB it keeps {kept} KiB")


@case
def a_limit_is_above_what_is_kept():
    taken, kept, _, _ = figures("heap_keep=13M heap_max=3M")
    must(PIECE <= taken <= 3 << 10, f"it took {taken} KiB")
    must(kept == taken, f"of {taken} KiB it keeps {kept} KiB")


@case
def the_last_heap_keep_counts():
    _, kept, _, _ = figures("heap_keep=13M heap_keep=0")
    must(kept == 0, f"it keeps {kept} KiB")


def refused(word):
    """It is named with the reason, and has no effect."""

    def check():
        must_take_all(word).must_say(rf"boot argument '{word}': {WRONG}")

    return check


for name in ("heap_max", "heap_keep"):
    for value, what in (
        ("", "without a value"),
        ("=", "that is empty"),
        ("=much", "that is no number"),
        ("=-1", "below 0"),
        ("=12X", "with an unknown suffix"),
        ("=1MM", "with two suffixes"),
        ("=0x", "without a digit"),
        ("=16777216T", "of 2^64 bytes"),
        ("=99999999999999999999", "of 20 digits"),
    ):
        add_case(f"a {name} {what} is refused", refused(name + value))


@case
def a_heap_max_that_is_refused_leaves_the_one_before():
    taken, _, _, result = figures("heap_max=0 heap_max=much")
    must(taken == 0, f"it took {taken} KiB")
    result.must_say(rf"boot argument 'heap_max=much': {WRONG}")


@case
def a_heap_that_may_not_grow_boots_and_answers():
    run = boot(text="heap\n", bootargs="heap_max=0 heap_keep=1G").must_end_with(0)
    run.must_say(r"^heap +8 MiB in 1 region, ")
    run.answer("heap")


main()
