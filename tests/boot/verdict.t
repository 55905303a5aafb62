#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Failure is seen: each way in which a run can go wrong, and that the exit code tells of it."""

import re
import subprocess

from acre import (DEBUG, LIMIT, RELEASE, RUN_QEMU, TOP, add_case, address_of, arguments, boot, case, main, must,
                  must_equal, run, scratch)
from gdbstub import Stub

HANG_LIMIT = 10  # seconds for kernels that are meant to hang; a boot takes a fraction of one, a few if all is busy
HERTZ, MTIME = 10000000, 0x200BFF8  # of tests/dts/virt.dtsi
TEST_DEVICE = 0x87FFF000  # of test-device-late.dts


def compiled(folder, source):
    blob = f"{folder}/{source}.dtb"
    run(["dtc", "-q", "-i", TOP / "tests/dts", "-o", blob, TOP / f"tests/dts/{source}.dts"]).must_end_with(0)
    return blob


# ---- self-tests -----------------------------------------------------------------------------------


@case
def a_glob_that_matches_nothing_fails():
    result = boot(bootargs="test=nosuchtest.*").must_end_with(1)
    must_equal(result.verdict(), "FAIL 1 failed, 0 passed", "verdict")


@case
def a_failure_at_the_prompt_is_not_forgotten():
    result = boot(text="test nosuchtest.*\ntest bits.*\n").must_end_with(1)
    result.must_say(r"^FAIL 1 failed, 0 passed$")
    result.must_say(r"^PASS \d+ passed$")


@case
def some_tests_can_be_chosen_by_boot_argument():
    result = boot(bootargs="test=bits.* seed=77").must_end_with(0)
    result.must_say(r"^# seed=77$")
    names = [name for _, _, name in result.cases()]
    must(names and all(name.startswith("bits.") for name in names), f"ran {names}")


@case
def an_exit_code_that_contradicts_the_verdict_is_seen():
    with scratch() as folder:
        liar = f"{folder}/qemu-system-riscv64"
        with open(liar, "w", encoding="ascii") as script:
            script.write("#!/bin/sh\nprintf 'PASS 3 passed\\r\\n'\nexit ${LIAR_CODE}\n")
        run(["chmod", "+x", liar])
        for code, wanted, words in (
            (1, 1, "'PASS 3 passed' was printed, but the exit code is 1"),
            (0, 0, ""),
        ):
            result = run(
                arguments(),
                env={"PATH": f"{folder}:/usr/bin:/bin", "LIAR_CODE": str(code)},
            ).must_end_with(wanted)
            must(words in result.messages, f"it does not say {words}")


@case
def a_run_without_verdict_fails():
    # exit code 0, but nothing was tested
    with scratch() as folder:
        quiet = f"{folder}/qemu-system-riscv64"
        with open(quiet, "w", encoding="ascii") as script:
            script.write("#!/bin/sh\necho all is well\n")
        run(["chmod", "+x", quiet])
        result = run(arguments(), env={"PATH": f"{folder}:/usr/bin:/bin"}).must_end_with(1)
    must("no verdict" in result.messages, "the missing verdict is not named")


@case
def a_hang_is_killed_at_the_limit():
    result = boot(text="crash hang\n", limit=HANG_LIMIT).must_end_with(124)
    must(f"no end within {HANG_LIMIT} s" in result.messages, "the limit is not named")
    must("acre> crash hang" in result.messages, "the last line is not shown")


@case
def nothing_is_left_of_a_run_that_was_killed():
    with scratch() as folder:
        boot_env = {"TMPDIR": folder}
        run(arguments(limit=HANG_LIMIT), b"crash hang\n", env=boot_env).must_end_with(124)
        must_equal(run(["ls", "-A", folder]).text, "", "temporary files")
        # Every QEMU of this run had the folder's name in its environment.
        found = run(["sh", "-c", f"grep -l 'TMPDIR={folder}' /proc/[0-9]*/environ 2>/dev/null; true"], env=boot_env)
        mine = [x for x in found.lines if "qemu" in run(["cat", x.replace("environ", "comm")]).text]
        must_equal(mine, [], "processes")


# ---- panics ---------------------------------------------------------------------------------------

ADDRESS = r"0x[0-9a-f]{16}"


def crashed(way, kernel=None):
    result = boot(text=f"crash {way}\n", kernel=kernel).must_end_with(1)
    result.must_not_say("PANIC inside")
    return result


def callers(result):
    return re.findall(rf"^  by {ADDRESS} (\w+)\+0x", result.text, re.M)


def must_walk_back_to_the_start(result):
    for function in ("kernel_main", "boot_hart_start"):
        result.must_say(rf"^  by {ADDRESS} {function}\+0x[0-9a-f]+$")


def panics():
    ways = {
        "panic": r"PANIC on hart 0: asked for at the prompt$",
        "badfree": r"PANIC on hart 0: heap: refused to free 0x[0-9a-f]+ for 0x[0-9a-f]+ by_badfree\+?.*: free already",
        "badframe": r"PANIC on hart 0: frame: refused to free 0x0 for 0x[0-9a-f]+ .*not in any bank",
        "oom": r"PANIC on hart 0: out of memory: 9223372036854775807 bytes aligned to 16 .*largest free",
        "lock": r"PANIC on hart 0: lock 'crash' taken twice on one hart",
        "stack": r"stack overflow on hart 0: the guard below 0x[0-9a-f]+ was written to",
    }
    for way, words in ways.items():
        for kernel in (RELEASE, DEBUG):

            def one(way=way, words=words, kernel=kernel):
                result = crashed(way, kernel / "acre.elf")
                result.must_say(words)
                must_walk_back_to_the_start(result)

            add_case(f"crash {way} is reported and fails ({kernel.name})", one)


panics()


@case
def a_trap_below_the_end_of_the_stack_is_reported_from_another_stack():
    result = crashed("stacktrap")
    result.must_say(r"PANIC on hart 0: store access fault$")
    result.must_say(r"the stack of this hart ran over into its guard below 0x[0-9a-f]+$")
    # The walk back is bounded, and the recursion is longer.
    result.must_say(rf"^  by {ADDRESS} recurse\+0x[0-9a-f]+$")


@case
def a_report_near_the_end_of_the_stack_does_not_run_over_itself():
    for kernel in (RELEASE, DEBUG):
        for way in ("stackend", "stackroom"):
            result = crashed(way, kernel / "acre.elf")
            result.must_say(r"PANIC on hart 0: store access fault$")
            result.must_say(rf"^  by {ADDRESS} recurse\+0x[0-9a-f]+$")
            result.must_not_say("ran over")


@case
def a_trap_is_reported_with_all_that_is_known():
    for kernel in (RELEASE, DEBUG):
        result = crashed("trap", kernel / "acre.elf")
        result.must_say(r"^PANIC on hart 0: store access fault$")
        sepc = result.must_say(rf"^sepc ({ADDRESS}) stval 0x00fffffffffffff8 scause 0x7 sstatus 0x").group(1)
        names = "ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6"
        for name in names.split():
            result.must_say(rf"(^|  ?) *{name} {ADDRESS}")
        result.must_say(rf"^  at {sepc} by_trap\+0x[0-9a-f]+$")
        # It calls nothing, so its return address is in no frame.
        must_equal(callers(result)[:2], ["crash_on_purpose", "command_run"], "callers")
        must_walk_back_to_the_start(result)


@case
def a_jump_to_nowhere_names_who_jumped():
    for kernel in (RELEASE, DEBUG):
        result = crashed("jump", kernel / "acre.elf")
        result.must_say(r"^PANIC on hart 0: instruction access fault$")
        result.must_say(r"^  at 0x00fffffffffffff8$")
        must_equal(callers(result)[:3], ["by_jump", "crash_on_purpose", "command_run"], "callers")


@case
def a_panic_on_another_hart_is_reported_in_one_piece_and_fails():
    for harts in (2, 4):
        result = boot(text="crash hart\n", harts=harts).must_end_with(1)
        report = result.text[result.text.index("PANIC") :]
        must(re.match(r"PANIC on hart \d+: asked for at the prompt\n", report), f"torn: {report}")
        must_equal(callers(result), ["panic_there", "hart_main", "hart_start_entry"], "callers")
        must("goes on" not in report, "a hart went on")


BUSY = r"hart \d+ has allocated \d+ times and goes on"


@case
def a_panic_stops_harts_that_allocate_and_those_that_wait_with_interrupts_off():
    for harts in (2, 4, 8):
        for kernel in (RELEASE, DEBUG):
            result = boot(text="crash crowd\n", harts=harts, kernel=kernel / "acre.elf").must_end_with(1)
            before, report = result.text.split("acre> crash crowd\n", 1)[1].split("\nPANIC", 1)
            # Lines before it are whole, and in the report there is nothing else.
            must(all(re.fullmatch(BUSY, line) for line in before.splitlines() if line), f"torn: {before}")
            first, *rest = report.rstrip("\n").split("\n")
            must(re.fullmatch(rf" on hart \d+: asked for at the prompt, while {harts - 1} harts are busy", first), first)
            must_equal(rest[0], "backtrace:", "the line behind the first")
            must(all(re.fullmatch(rf"  by {ADDRESS} \w+\+0x[0-9a-f]+", line) for line in rest[1:]), f"torn: {report}")
            must_walk_back_to_the_start(result)


@case
def of_harts_that_panic_at_once_one_reports():
    for harts in (2, 8):
        result = boot(text="crash everyone\n", harts=harts).must_end_with(1)
        must_equal(result.text.count("PANIC"), 1, "reports")
        result.must_say(r"^PANIC on hart \d+: asked for at the prompt$")
        result.must_not_say("did not stop")
        must(callers(result)[0] in ("panic_there", "by_everyone"), "it does not begin with who panicked")


@case
def a_hart_that_a_panic_cannot_stop_is_named():
    result = boot(text="crash deaf\n", harts=3).must_end_with(1)
    must_walk_back_to_the_start(result)
    result.must_say(r"^hart \d+ did not stop: its interrupts are off$")


@case
def a_panic_that_cannot_end_the_machine_in_one_way_takes_the_next():
    with scratch() as folder:
        blob = compiled(folder, "test-device-nowhere")
        result = boot(dtb=blob, bootargs="test=bits.* semihosting", qemu=["-semihosting"]).must_end_with(1)
        result.must_say(r"^PANIC on hart 0: store access fault$")
        result.must_not_say("PANIC inside")
        result = boot(dtb=blob, bootargs="semihosting", qemu=["-semihosting"], text="crash panic\n").must_end_with(1)
        must_equal(result.text.count("PANIC inside the report of a panic"), 1, "panics inside")


@case
def a_bad_free_can_be_survived():
    result = boot(text="crash badfree\nframes\n", bootargs="badfree=report").must_end_with(0)
    result.must_say(r"heap: refused to free 0x[0-9a-f]+ .*free already")
    result.must_not_say("PANIC")
    must(" managed " in result.answer("frames"), "the kernel did not go on")


# ---- boot arguments -------------------------------------------------------------------------------


@case
def unknown_boot_arguments_are_reported():
    result = boot(text="\n", bootargs="root=/dev/vda loglevel=loud ro poweroff=now xyz seed=many").must_end_with(0)
    result.must_say(r"^warning: unknown boot arguments: root=/dev/vda ro xyz$")
    for word in ("loglevel=loud", "poweroff=now", "seed=many"):
        result.must_say(rf"^warning: boot argument '{word}': \w+")


@case
def known_boot_arguments_are_not_reported():
    words = "test=bits.* seed=5 poweroff loglevel=info badfree=panic boothart=0"
    boot(bootargs=words).must_end_with(0).must_not_say("^warning: .*boot argument")


@case
def what_comes_after_two_dashes_is_not_for_the_kernel():
    """But what run-qemu adds is."""
    words = "test=bits.* -- single poweroff=now loglevel=loud test"
    result = boot(bootargs=words).must_end_with(0)
    result.must_not_say("^warning: .*boot argument")
    result.must_say(rf"^bootargs +poweroff {re.escape(words)}$")
    must_equal({name.split(".")[0] for _, _, name in result.cases()}, {"bits"}, "suites")


@case
def a_boot_hart_that_is_not_there_is_reported():
    result = boot(text="harts\n", bootargs="boothart=9").must_end_with(0)
    result.must_say(r"^warning: boothart=9: ")
    must("booted on hart 0" in result.answer("harts"), "it did not stay on hart 0")


@case
def warnings_can_be_turned_off():
    result = boot(text="\n", bootargs="boothart=9 loglevel=error xyz").must_end_with(0)
    result.must_not_say("^warning: boothart")
    # Whatever the level, nothing in the arguments is ignored in silence.
    result.must_say(r"^warning: unknown boot arguments: xyz$")


# ---- boards that cannot say how it went -----------------------------------------------------------


@case
def semihosting_tells_the_verdict_where_there_is_no_test_device():
    with scratch() as folder:
        blob = compiled(folder, "no-test-device")
        for glob, code, verdict in (("bits.*", 0, "PASS"), ("nosuchtest.*", 1, "FAIL")):
            words = f"test={glob} semihosting"
            result = boot(dtb=blob, bootargs=words, qemu=["-semihosting"]).must_end_with(code)
            must(result.verdict().startswith(verdict), f"verdict {result.verdict()}")


@case
def without_either_the_firmware_ends_it_and_the_printed_verdict_counts():
    with scratch() as folder:
        blob = compiled(folder, "firmware-poweroff")
        result = boot(dtb=blob, bootargs="test=bits.*").must_end_with(0)
        must_equal(result.messages, "", "complaints")
        result = boot(dtb=blob, bootargs="test=nosuchtest.*").must_end_with(1)
        must("but the exit code is 0" in result.messages, "QEMU's 0 was not seen through")


@case
def a_semihosting_call_that_nobody_takes_is_passed_over():
    with scratch() as folder:
        blob = compiled(folder, "firmware-poweroff")
        result = boot(dtb=blob, bootargs="test=bits.* semihosting").must_end_with(0)
        result.must_not_say("PANIC")


@case
def an_emulator_that_goes_on_after_it_was_told_to_end_is_given_a_second():
    """By the guest's clock, which counts instructions here: a microsecond each, so a second is soon over."""
    elf = RELEASE / "acre.elf"
    with scratch() as folder:
        path = f"{folder}/gdb"
        command = arguments(kernel=elf, gdb=path, dtb=compiled(folder, "test-device-late"),
                            bootargs="test=nosuchtest.* poweroff", qemu=["-icount", "shift=10"])
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            try:
                stub = Stub(path)
                times = []
                for function in ("machine_exit", "sbi_shutdown"):
                    stub.run_to(address_of(function, elf))
                    times.append(int.from_bytes(stub.memory(MTIME, 8), "little"))
                told = int.from_bytes(stub.memory(TEST_DEVICE, 4), "little")
            finally:
                process.kill()
    must_equal(told, 1 << 16 | 0x3333, "what the test device was told")
    must(times[1] - times[0] >= HERTZ, f"the firmware was asked after {times[1] - times[0]} ticks")


@case
def a_board_that_cannot_end_says_so_and_waits():
    result = boot(
        machine="sifive_u", harts=2, memory="128M", bootargs="test=bits.*", limit=HANG_LIMIT
    ).must_end_with(124)
    result.must_say(r"^PASS \d+ passed$")
    result.must_say(r"^this board cannot power itself off \(.+\); it is safe to switch it off$")


@case
def a_power_off_that_does_not_come_is_foreseen():
    """The firmware takes the call, tells the device, and never comes back; so does that of older QEMUs' spike."""
    with scratch() as folder:
        blob = compiled(folder, "test-device-late")
        result = boot(dtb=blob, bootargs="test=bits.*", limit=HANG_LIMIT).must_end_with(124)
    result.must_say(r"^PASS \d+ passed\npowering off; if the board stays on, it is safe to switch it off$")
    must("the last line is: PASS" in result.messages, "the verdict is not shown")


# ---- run-qemu itself ------------------------------------------------------------------------------


@case
def a_missing_qemu_is_named_with_the_command_that_installs_it():
    with scratch() as folder:
        for tool in ("bash", "sh", "dirname", "cat", "sed", "grep", "head", "env", "cut", "id"):
            run(["sh", "-c", f"ln -s $(command -v {tool}) {folder}/{tool}"])
        result = run(arguments(), env={"PATH": folder}).must_end_with(1)
    must("qemu-system-riscv64 is missing: make deps, or apt-get install qemu-system" in result.messages, "help")


@case
def wrong_options_are_refused():
    for words, complaint in (
        (["--frobnicate", "1", "k"], "unknown option --frobnicate"),
        (["--memory"], "--memory: unknown, or its value is missing"),
        ([RELEASE / "acre.elf", "second"], "one kernel is enough"),
        (["/no/such/kernel"], "cannot read /no/such/kernel"),
        (["--bios", "none", RELEASE / "acre.elf"], "the kernel runs on an SBI firmware"),
        ([RELEASE / "acre.elf", "--", "-bios", "none"], "the kernel runs on an SBI firmware"),
        (["--limit", "soon", RELEASE / "acre.elf"], "not a number of seconds"),
        ([], "which kernel?"),
    ):
        result = run([RUN_QEMU, *words]).must_end_with(2)
        must(complaint in result.messages, f"{words}: it says {result.messages}")


@case
def a_make_that_fails_fails():
    target = ["make", "-C", TOP, "qemu", f"LIMIT={LIMIT}"]
    run(target + ["BOOTARGS=test=bits.*"]).must_end_with(0)
    run(target + ["BOOTARGS=test=nosuchtest.*"]).must_end_with(2)


main()
