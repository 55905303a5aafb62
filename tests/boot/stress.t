#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
All harts use both allocators at once, while their timers' handlers do so too: `stress` at the prompt.
Nothing is held against the clock: how many handlers ran and how many locks were waited for is shown only.
"""

import re

from acre import DEBUG, LONG, add_case, boot, case, main, must, must_equal, note

MANY = 2_000_000
FEW = 400_000
VERY_FEW = 20_000 if LONG else 2_000
LIMIT = 1200  # seconds: a hang. Harts that wait for each other get some hundred turns a second on a busy host
PHASES = 7
VERBS = 18
OK = re.compile(r"^stress ok: seed (\d+), (\d+) harts, (\d+) operations, (\d+) locks, (\d+) waits, (\d+) handlers$", re.M)


def stressed(operations, seed, harts, **options):
    """Run it, insist that nothing was wrong and nothing was left out, and say what it was."""
    command = f"stress {operations} {seed}"
    run = boot(text=command + "\nframes\nheap\n", harts=harts, limit=LIMIT, **options).must_end_with(0)
    answer = run.answer(command)
    found = OK.search(answer)
    must(found, "no 'stress ok'")
    must_equal((int(found[1]), int(found[2])), (seed, harts), "seed and harts")
    must(int(found[3]) >= operations, f"only {found[3]} operations")
    must_equal(len(re.findall(r"^  \w.* operations ", answer, re.M)), PHASES, "phases")
    did = [(verb, int(n)) for line in re.findall(r"^  (?:frames \w+|heap): (.*)$", answer, re.M)
           for verb, n in re.findall(r"(\w+) (\d+)", line)]
    must_equal(len(did), VERBS, "verbs")
    # Few operations may be too few for the rare ones.
    must(operations < MANY or all(n for _, n in did), f"never did anything: {[verb for verb, n in did if not n]}")
    sum_of_phases = sum(int(n) for n in re.findall(r"^  \w.*? +(\d+) operations ", answer, re.M))
    must(sum_of_phases >= operations, f"the phases have only {sum_of_phases} operations")
    # Free, or the heap's, which may grow meanwhile.
    counts = re.findall(r"^frames .* (\d+) free .*\n +the heap has (\d+) of the frames", run.text, re.M)
    before, after = [int(free) + int(heap) for free, heap in counts]
    must_equal(before, after, "frames before and after")
    note(found[0])


# Where harts outnumber the host's processors most of the time goes into waits for locks: few operations.
MOST = 8 if LONG else 4


def two_million():
    stressed(MANY, 20261123, MOST)


add_case(f"{MOST} harts do two million operations", two_million)
for count in (1, 2, 4, 8):

    def some_harts(count=count):
        stressed(FEW, count, count)

    add_case(f"{count} harts", some_harts)


@case
def sixty_four_harts_far_more_than_there_are_processors():
    stressed(VERY_FEW, 1, 64)


@case
def eight_harts_in_a_debug_build_where_the_order_of_locks_is_checked():
    stressed(FEW, 5, 8, kernel=DEBUG / "acre.elf")


@case
def two_harts_with_the_debug_mode_of_the_frames():
    """There nothing is done without the lock, so eight would mostly wait."""
    stressed(FEW // 40, 6, 2, bootargs="frames=debug")


@case
def memory_of_3_gib_in_which_most_is_held_meanwhile():
    stressed(FEW, 7, 4, memory="3G")


@case
def words_that_are_no_numbers_are_refused():
    run = boot(text="stress many\nstress 10 x\nstress 1 2 3\nstress 9223372036854775808\nstress 0\n").must_end_with(0)
    must_equal(run.answer("stress many"), "'many' is no number\n", "answer")
    must_equal(run.answer("stress 10 x"), "'x' is no number\n", "answer")
    run.must_say("^too many words: only & comes after the seed$")
    for number in ("9223372036854775808", "0"):
        must_equal(run.answer(f"stress {number}"), f"'{number}': the number of operations is 1 to 1000000000000\n", "answer")


main()
