#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Interrupts are on: every hart ticks and is interrupted by others, and handlers allocate, whatever it does."""

import re

from acre import DEBUG, RELEASE, add_case, boot, case, main, must, must_equal, selftest

RATES = "tick=1000 ipi=1000"


def all_tests(name, **options):
    def one():
        selftest(**options).must_say(r"^ticks +1000 a second on each hart, and 1000 interrupts to others$")

    add_case(f"all self-tests pass while {name}", one)


all_tests("4 harts tick", harts=4, bootargs=RATES)
all_tests("4 harts tick, debug build", harts=4, bootargs=RATES, kernel=DEBUG / "acre.elf")
all_tests("one hart ticks, and interrupts itself", harts=1, bootargs=RATES)
all_tests("2 harts without Sstc tick", harts=2, cpu="sifive-u54", bootargs=RATES)
all_tests("2 harts tick, and who took a frame is recorded", harts=2, bootargs=f"{RATES} frames=debug")


@case
def sifive_u_ticks_with_its_sparse_harts_and_its_slow_clock():
    words = f"test=h*.* semihosting {RATES}"
    result = selftest(machine="sifive_u", harts=5, bootargs=words, qemu=["-semihosting"])
    result.must_say(r"^harts +4 of 4 answered, 1 disabled")


COUNTS = re.compile(r"^          handlers: (\d+) of ticks, (\d+) of calls, (\d+) calls sent, (.*)$", re.MULTILINE)


def counted(lines, what):
    return sum(int(n) for n in re.findall(rf"{what} (\d+) taken", lines))


@case
def the_prompt_shows_what_handlers_did_on_each_hart():
    # The commands before take some time; whatever it is, ticks have come.
    result = boot(text="test heap.*\nharts\n", harts=3, bootargs=RATES).must_end_with(0)
    answer = result.answer("harts")
    must_equal(len(re.findall(r"^  hart \d+ +(running|parked); interrupts: ", answer, re.MULTILINE)), 3, "harts")
    counts = COUNTS.findall(answer)
    must_equal(len(counts), 3, "harts whose handlers count")
    for ticks, calls, sent, _ in counts:
        must(int(ticks) > 0 and int(calls) > 0 and int(sent) > 0, f"a hart that heard nothing: {answer}")
    must(counted(answer, "frames") > 0, f"no handler took a frame: {answer}")


@case
def sixty_four_harts_tick_and_the_prompt_still_answers():
    result = boot(text="test heap.*\nharts\n", harts=64, bootargs="tick=32 ipi=32").must_end_with(0)
    must_equal(len(COUNTS.findall(result.answer("harts"))), 64, "harts whose handlers count")


@case
def without_the_arguments_nobody_ticks():
    result = boot(text="harts\n", harts=2).must_end_with(0)
    must_equal(COUNTS.findall(result.answer("harts")), [], "handlers that count")
    result.must_not_say(r"^ticks ")


@case
def rates_that_make_no_sense_are_refused_and_named():
    for word in ("tick", "tick=0", "tick=often", "ipi=100001", "ipi="):
        result = boot(text="harts\n", bootargs=word).must_end_with(0)
        result.must_say(rf"^warning: boot argument '{word}': must be how often a second: 1 to 100000$")
        result.must_not_say(r"^ticks ")


@case
def one_rate_alone_is_enough():
    for word, sentence in (("tick=500", "500 a second on each hart, and 0 interrupts to others"),
                           ("ipi=500", "0 a second on each hart, and 500 interrupts to others")):
        result = selftest(harts=2, bootargs=f"test=frame*.* {word}")
        result.must_say(rf"^ticks +{sentence}$")


main()
