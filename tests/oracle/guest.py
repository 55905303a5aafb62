# SPDX-License-Identifier: MIT
"""Boots the kernel on a device tree, and says what it printed about memory.

    answer, blob, image, dtb = guest.boot(case, "poweroff")

The tree comes out of the guest's memory at the kernel's first instruction, with all that QEMU and the
firmware have put into it.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests/boot"))

from acre import LIMIT, RELEASE, Failure  # noqa: E402
from gdbstub import Stub  # noqa: E402

KERNEL = RELEASE / "acre.elf"
ENTRY = 0x80200000
A1 = 11  # the register
RAM = range(0x80000000, 0x88000000)  # what -m 128M gives

REGION = re.compile(r"^  \[0x([0-9a-f]{16}), 0x([0-9a-f]{16})\) +~?[\d.]+ \w+  (\S.*?)  +(.*)$")


class Boot:
    """What was passed to the kernel, and what it said."""

    def __init__(self, blob, dtb, text, code):
        self.blob, self.dtb, self.text, self.code = blob, dtb, text, code
        self.image = image_range()

    def panicked(self):
        """The panic's first line, or None."""
        found = re.search(r"^.*\bpanic\b.*$", self.text, re.MULTILINE | re.IGNORECASE)
        return found and found.group(0)

    def unplaced(self):
        """How many reservations without an address it could not place."""
        found = re.search(r"(\d+) of \d+ dynamic reservations?\b.*", self.text)
        return int(found[1]) if found else 0

    def regions(self):
        """[(start, end, kind, name)] of RAM, and of what is reserved outside it."""
        lines = self.text.splitlines()
        begin = next((i for i, line in enumerate(lines) if line.startswith("memory  ")), None)
        if begin is None:
            raise Failure("no list of regions")
        end = next((i for i in range(begin, len(lines)) if lines[i].startswith("frames  ")), len(lines))
        edge = next((i for i in range(begin, end) if lines[i].startswith("reserved outside RAM")), end)
        return parse(lines[begin:edge]), parse(lines[edge:end])


def parse(lines):
    found = filter(None, map(REGION.match, lines))
    return [(int(m[1], 16), int(m[2], 16), m[3], m[4].strip()) for m in found]


def image_range():
    """From the first byte of the ELF file's segments to the last."""
    blob = KERNEL.read_bytes()
    at, count = int.from_bytes(blob[32:40], "little"), int.from_bytes(blob[56:58], "little")
    headers = [blob[at + 56 * i : at + 56 * (i + 1)] for i in range(count)]
    loads = [(int.from_bytes(h[24:32], "little"), int.from_bytes(h[40:48], "little")) for h in headers if h[0] == 1]
    return min(start for start, _ in loads), max(start + size for start, size in loads)


def command(dtb, memory, bootargs, socket):
    return (
        ["qemu-system-riscv64", "-machine", "virt", "-m", memory, "-display", "none", "-monitor", "none"]
        + ["-serial", "stdio", "-no-reboot", "-dtb", dtb, "-kernel", str(KERNEL), "-append", bootargs]
        + ["-S", "-chardev", f"socket,id=gdb,path={socket},server=on,wait=off", "-gdb", "chardev:gdb"]
    )


def boot(case, bootargs="poweroff"):
    """Raises Failure if it does not come to an end."""
    with tempfile.TemporaryDirectory(prefix="acre-matrix.") as folder:
        Path(folder, "tree.dtb").write_bytes(case.blob)
        words = command(f"{folder}/tree.dtb", "128M", bootargs, f"{folder}/gdb")
        with subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            try:
                stub = Stub(f"{folder}/gdb")
                stub.run_to(ENTRY)
                dtb = stub.register(A1)
                blob = stub.memory(dtb, int.from_bytes(stub.memory(dtb, 8)[4:], "big"))
                stub.release()
                text, _ = process.communicate(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                raise Failure("no end") from None
            except (OSError, Failure) as failure:
                process.kill()
                text, _ = process.communicate()
                raise Failure(f"{failure}; last heard: {text.decode('utf-8', 'replace')[-400:]}") from None
            finally:
                process.kill()
    return Boot(blob, dtb, text.decode("utf-8", "replace").replace("\r", ""), process.returncode)
