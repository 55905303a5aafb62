#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
One image on every board: each machine of this QEMU that OpenSBI can start, each kind of processor, through
U-Boot, and with memory that is much, far apart, or of several nodes. docs/memory-map.md has the table.
"""

import contextlib
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

from acre import (LIMIT, RELEASE, SPIKE, TOP, Failure, Run, Skip, add_case, arguments, boot, case, console_until, isa,
                  main, must, must_equal, note, run, scratch, selftest, some_cases)
from gdbstub import Stub

ENTRY = 0x80200000
FIRMWARE = "opensbi-riscv64-generic-fw_dynamic.bin"
U_BOOT = Path("/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf")
INSTRUCTIONS = 40_000_000  # from entry to the prompt, with 1 TiB


def compiled(folder, source):
    blob = f"{folder}/{source}.dtb"
    run(["dtc", "-q", "-i", TOP / "tests/dts", "-o", blob, TOP / f"tests/dts/boards/{source}.dts"]).must_end_with(0)
    return blob


def firmware():
    """QEMU brings it, for boards that do not take it by themselves."""
    places = ("/usr/share/qemu", "/usr/share/qemu/firmware", "/usr/local/share/qemu", "/usr/share/opensbi")
    found = [Path(place) / FIRMWARE for place in places if (Path(place) / FIRMWARE).exists()]
    must(found, f"no {FIRMWARE} in {', '.join(places)}")
    return found[0]


@contextlib.contextmanager
def where_qemu_can():
    """QEMU 11.1 has the reset vector of microchip-icicle-kit where it loads the firmware, and refuses to start."""
    try:
        yield
    except Failure:
        if re.search(r"ROM regions are overlapping[^~]*mrom\.reset", Run.last.messages):
            raise Skip("this QEMU loads the firmware over its own reset vector") from None
        raise


def board(name, *wanted, dts=None, bootargs="", like=None, **options):
    """
    Add a case: all self-tests on this machine; some of them where another case, `like` this one, runs all.
    `wanted` is what the console must satisfy.
    """
    words = some_cases(bootargs) if like else bootargs

    def one():
        with scratch() as folder, where_qemu_can():
            if dts:
                options["dtb"] = compiled(folder, dts)
            result = selftest(bootargs=words, **options)
        result.must_satisfy(wanted)

    add_case(name, one)


def harts(online, disabled=0, boot_hart=r"\d+"):
    return rf"^harts +{online} of {online} answered, {disabled} disabled; booted on hart {boot_hart}$"


def several(count):
    return f"{count} hart{'s' if count > 1 else ''}"


def ram(size, banks=1):
    return rf"^memory +{size} of RAM in {banks} bank"


def model(name):
    return rf"^machine +{name}$"


# How a run can end where there is no device that takes an exit code.
SEMIHOSTING = {"bootargs": "semihosting", "qemu": ["-semihosting"]}


# ---- machines and processors ------------------------------------------------------------------------

VIRT = model("riscv-virtio,qemu")
U54 = isa("i m a f d c zicsr zifencei", lacks="h v zba zbb zbc zbs sstc")
board("virt", VIRT, harts(1), ram("128 MiB"), isa("i m a f d c h zba zbb zbc zbs"), like="matrix.t")
board("virt, 2 harts", VIRT, harts(2), harts=2, like="matrix.t")
board("virt, aclint=on, 8 harts", VIRT, harts(8), machine="virt,aclint=on", harts=8)
board("virt, aia=aplic-imsic, 4 harts", VIRT, harts(4), isa("smaia ssaia"), machine="virt,aia=aplic-imsic", harts=4)
board("virt, rv64 without the Zb extensions", isa("i m a f d c h", lacks="zba zbb zbc zbs"),
      cpu="rv64,zba=false,zbb=false,zbc=false,zbs=false", like="matrix.t")
board("virt, rv64 with all that is optional", isa("v svinval svnapot svpbmt"),
      cpu="rv64,v=true,svinval=true,svnapot=true,svpbmt=true")
board("virt, rv64 without paging", cpu="rv64,mmu=off")
board("virt, rv64 without memory protection", cpu="rv64,pmp=off")
board("virt, sifive-u54", U54, cpu="sifive-u54", like="matrix.t")
board("virt, shakti-c", U54, cpu="shakti-c")
for count in (1, 2, 4):
    board(f"sifive_u, {several(count)} beside the disabled one", model("SiFive HiFive Unleashed A00"),
          harts(count, disabled=1, boot_hart="[1-4]"), ram("128 MiB"), machine="sifive_u", harts=count + 1,
          like=count < 4 and "4 harts", **SEMIHOSTING)
for count in (1, 2, 4, 8):
    board(f"spike, {several(count)}", model("ucbbar,spike-bare,qemu"), harts(count), ram("128 MiB"), **SPIKE,
          harts=count, like=count < 8 and "8 harts", **SEMIHOSTING)
board("microchip-icicle-kit, with our tree", model("Microchip PolarFire-SoC Icicle Kit"),
      harts(4, disabled=1, boot_hart="[1-4]"), ram(r"1280 MiB|~?1\.25 GiB", banks=2),
      r"^  \[0x0000001000000000, 0x\w+\) .* metadata ", r", 0x0000001010000000\) .* usable ",
      machine="microchip-icicle-kit", harts=5, memory="1537M", dts="icicle", bios=firmware(), **SEMIHOSTING)


# ---- the stress at the prompt, where there is input; tests/boot/stress.t has virt --------------------

STRESS = 100_000
SEED = 4


def stress(name, online, dts=None, **options):
    """Add a case: all harts of this machine use both allocators at once, from the prompt."""

    def one():
        command = f"stress {STRESS} {SEED}"
        with scratch() as folder, where_qemu_can():
            if dts:
                options["dtb"] = compiled(folder, dts)
            result = boot(text=f"{command}\n", **options).must_end_with(0)
        found = re.search(rf"^stress ok: seed {SEED}, {online} harts, (\d+) operations", result.answer(command), re.M)
        must(found and int(found[1]) >= STRESS, f"no 'stress ok' of {online} harts and {STRESS} operations")

    add_case(f"stress on {name}", one)


for count in (1, 2, 4):
    stress(f"sifive_u, {several(count)}", count, machine="sifive_u", harts=count + 1, **SEMIHOSTING)
stress("microchip-icicle-kit, 4 harts", 4, machine="microchip-icicle-kit", harts=5, memory="1537M", dts="icicle",
       bios=firmware(), **SEMIHOSTING)
stress("virt, aclint=on, 8 harts", 8, machine="virt,aclint=on", harts=8)
stress("virt, aia=aplic-imsic, 4 harts", 4, machine="virt,aia=aplic-imsic", harts=4)


# ---- sifive_u: hart 0 cannot run us, and nothing but semihosting ends it ------------------------------

for hart in range(1, 5):

    def on_hart(hart=hart):
        result = selftest(machine="sifive_u", harts=5, bootargs=f"test=machine.* semihosting boothart={hart}",
                          qemu=["-semihosting"])
        result.must_say(harts(4, disabled=1, boot_hart=hart))

    add_case(f"sifive_u, hart {hart} is the boot hart", on_hart)


@case
def sifive_u_does_not_hand_over_to_the_disabled_hart():
    words = "test=machine.* semihosting boothart=0"
    result = selftest(machine="sifive_u", harts=5, bootargs=words, qemu=["-semihosting"])
    result.must_say(r"^warning: boothart=0: the device tree has no such hart enabled; staying on hart [1-4]$")


@case
def a_failure_on_a_board_without_test_device_is_an_exit_code_by_semihosting():
    for board in ({"machine": "sifive_u"}, SPIKE):
        result = boot(**board, harts=2, bootargs="test=nosuchtest.* semihosting", qemu=["-semihosting"])
        result.must_end_with(1)
        must_equal(result.verdict(), "FAIL 1 failed, 0 passed", f"verdict on {board['machine']}")


@case
def sifive_u_without_semihosting_says_that_it_cannot_power_itself_off():
    sentence = r"this board cannot power itself off (SBI_ERR_NOT_SUPPORTED); it is safe to switch it off"
    result = console_until(sentence, machine="sifive_u", harts=2, bootargs="test=bits.*")
    must(sentence in result.text, "it does not say so")
    result.must_say(r"^PASS \d+ passed$")


@case
def sifive_u_can_reboot():
    boot(machine="sifive_u", harts=2, text="harts\nreboot\n").must_end_with(0).must_not_say("cannot reboot")


# ---- U-Boot in between --------------------------------------------------------------------------------

SECTOR = 512
FIRST_SECTOR = 2048  # of the partition
DISK = 16 << 20

EXTLINUX = """\
default acre
label acre
    kernel /Image
    append test poweroff
"""


def tool(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    must(found, f"no {name} here: make deps")
    return found


def bootable_disk(folder):
    """A partition table with one bootable ext2 partition, in it the flat image and how to boot it."""
    tree = Path(folder) / "tree"
    (tree / "extlinux").mkdir(parents=True)
    (tree / "extlinux/extlinux.conf").write_text(EXTLINUX, encoding="ascii")
    shutil.copy(RELEASE / "Image", tree / "Image")
    partition = Path(folder) / "partition"
    run([tool("mke2fs"), "-q", "-t", "ext2", "-d", tree, partition, f"{DISK // 1024}k"]).must_end_with(0)
    entry = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", FIRST_SECTOR, DISK // SECTOR)
    disk = Path(folder) / "disk"
    with open(disk, "wb") as file:
        file.write(bytes(446) + entry + bytes(48) + b"\x55\xaa")
        file.seek(FIRST_SECTOR * SECTOR)
        file.write(partition.read_bytes())
    return disk


@case
def u_boot_boots_it_unattended_from_a_disk():
    must(U_BOOT.exists(), f"no {U_BOOT}: make deps")
    with scratch() as folder:
        drive = f"file={bootable_disk(folder)},format=raw,if=none,id=disk,readonly=on"
        result = selftest(kernel=U_BOOT, memory="256M", harts=2,
                          qemu=["-drive", drive, "-device", "virtio-blk-device,drive=disk"])
    for pattern in (r"^Retrieving file: /Image$", r"^Starting kernel", harts(2), r"^bootargs +test poweroff$",
                    ram("256 MiB"), r"^  \[0x0000000080000000, 0x\w+\) .* firmware "):
        result.must_say(pattern)
    # The tree is in U-Boot's own memory near the end of RAM, wherever that put it.
    tree = result.must_say(r"^  \[0x([0-9a-f]{16}), 0x[0-9a-f]{16}\) .* device tree ").group(1)
    must(int(tree, 16) % 4096 != 0, "the tree begins inside a frame")
    must_equal(f"{int(tree, 16):x}", result.must_say(r"Using Device Tree in place at 0*(\w+)").group(1), "the tree")


# ---- memory -------------------------------------------------------------------------------------------

NUMA = [
    *("-object", "memory-backend-ram,id=m0,size=128M", "-numa", "node,memdev=m0,cpus=0"),
    *("-object", "memory-backend-ram,id=m1,size=64M", "-numa", "node,memdev=m1,cpus=1"),
]
board("two NUMA nodes", harts(2), ram("192 MiB", banks=2), r"^  \[0x0000000088000000, 0x\w+\) .* bank 1$",
      memory="192M", harts=2, qemu=NUMA)


@case
def banks_far_apart_have_tables_of_their_own_and_the_holes_have_none():
    with scratch() as folder:
        result = selftest(dtb=compiled(folder, "far"), memory="1T")
    result.must_say(ram(r"~?1\.\d+ GiB", banks=5))
    for start in ("0000000080000000", "0000001000000000", "0000008000000000", "000000ff00000000"):
        result.must_say(rf"^  \[0x{start}, ")
    result.must_say(r", 0x0000010080000000\)")
    tables = int(result.must_say(r"^  metadata +.* (\d+) bytes$").group(1))
    frames = int(result.must_say(r"^frames +(\d+) managed").group(1))
    note(f"{tables} bytes of tables for {frames} frames in 5 banks")
    must(tables <= frames * 2.05 / 8 + 5 * 4096, "tables are in proportion to what there is")


def counted(result):
    return int(result.must_say(r"^ready +\d+ us after entry, (\d+) instructions$").group(1))


@case
def one_tebibyte_is_ready_within_40_million_instructions():
    small = counted(boot(text="\n", icount=True).must_end_with(0))
    large = counted(boot(text="\n", icount=True, memory="1T").must_end_with(0))
    Run.last.must_say(ram("1 TiB"))
    frames = int(Run.last.must_say(r"^frames +(\d+) managed").group(1))
    note(f"{large} instructions from entry to the prompt with 1 TiB, {small} with 128 MiB")
    note(f"{(large - small) / frames:.4f} for a frame")
    must(large <= INSTRUCTIONS, f"{large} instructions, more than {INSTRUCTIONS}")


board("1 TiB, sparse", ram("1 TiB"), memory="1T", like="8 GiB of matrix.t")
board("1 TiB, sparse, all of which is looked at", ram("1 TiB"), memory="1T", bootargs="test=machine.*")


# ---- the count of instructions ------------------------------------------------------------------------


@case
def instructions_that_are_not_counted_are_not_reported():
    boot(text="\n").must_end_with(0).must_say(r"^ready +\d+ us after entry$")


@case
def a_firmware_that_keeps_the_count_to_itself_is_survived():
    """As such firmware does, mcounteren is set to time alone, just before the kernel is entered."""
    with scratch() as folder:
        path = f"{folder}/gdb"
        command = arguments(gdb=path, bootargs="test=bits.* poweroff")
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            try:
                stub = Stub(path)
                stub.run_to(ENTRY)
                stub.write_register("mcounteren", 2)
                stub.release()
                console, messages = process.communicate(timeout=LIMIT)
            finally:
                process.kill()
    result = Run(process.returncode, console, messages).must_end_with(0)
    result.must_say(r"^ready +\d+ us after entry$")
    result.must_say(r"^PASS \d+ passed$")


# ---- nothing is forgotten -----------------------------------------------------------------------------

TRIED = {"virt", "sifive_u", "spike", "microchip-icicle-kit"}
NOT_FOR_US = {
    "none": "no board",
    "sifive_e": "no supervisor mode, 16 KiB of RAM",
    "shakti_c": "takes no kernel, and gives the firmware no tree",
}


@case
def every_board_of_this_qemu_is_tried_or_it_is_known_why_not():
    offered = {line.split()[0] for line in run(["qemu-system-riscv64", "-M", "help"]).lines[1:] if line.strip()}
    must(TRIED <= offered, f"not in this QEMU: {', '.join(TRIED - offered)}")
    for name in sorted(offered - TRIED):
        note(f"not tried: {name}: {NOT_FOR_US.get(name, 'newer than this list')}")


main()
