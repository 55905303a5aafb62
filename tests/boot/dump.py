# SPDX-License-Identifier: MIT
"""A guest whose memory is dumped, and gdb with the commands of scripts/gdb on the dump.

    with scratch() as folder, Guest(folder, harts=2) as guest:
        guest.type("heap\\n")
        guest.dump(f"{folder}/core")
        debug(f"{folder}/core", "acre heap\\n").must_say(...)

It runs under QEMU's GDB stub, so that it can be stopped at an instruction, and has QMP, which dumps.
"""

import json
import os
import select
import shutil
import socket
import subprocess
import threading
import time

from acre import LIMIT, RELEASE, TOP, Failure, Run, Skip, address_of, arguments, must, run
from gdbstub import Stub

GDB = "gdb-multiarch"


def need_gdb():
    if not shutil.which(GDB):
        raise Skip(f"no {GDB}")


def debug(dump, script, kernel=None, folder=None):
    """What gdb says of a dump when it has read these commands; of none, which needs a folder for the script."""
    need_gdb()
    elf = (kernel or RELEASE) / "acre.elf"
    path = f"{folder or os.path.dirname(dump)}/script.gdb"
    with open(path, "w", encoding="ascii") as file:
        file.write(f"source {TOP}/scripts/gdb/load.py\n{script}")
    core = ["-c", dump] if dump else []
    return run([GDB, "-nx", "-batch", "-iex", "set pagination off", elf, *core, "-x", path])


class Guest:
    def __init__(self, folder, kernel=None, **options):
        need_gdb()
        self.folder, self.elf = folder, (kernel or RELEASE) / "acre.elf"
        self.console, self.seen = b"", 0
        load = options.get("load")
        self.moved = int(load, 0) - address_of("image_start", self.elf) if load else 0
        command = arguments(
            kernel=self.elf, gdb=f"{folder}/stub", qemu=["-qmp", f"unix:{folder}/qmp,server=on,wait=off"], **options
        )
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=TOP
        )
        self.runs = False

    def __enter__(self):
        try:
            self.stub = Stub(f"{self.folder}/stub")
            self.qmp = socket.socket(socket.AF_UNIX)
            self.qmp.settimeout(LIMIT)
            self.qmp.connect(f"{self.folder}/qmp")
            self.replies = self.qmp.makefile("r")
            self.ask("qmp_capabilities")
            self.go()
            self.wait("acre> ")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.stdout.close()
        self.process.wait()
        Run(0, self.console, b"")

    # ---- the console ----------------------------------------------------------------------------

    def wait(self, text, times=1):
        """Until the console has said @text so often since the last wait; what it said."""
        end = time.monotonic() + LIMIT
        start = self.seen
        while self.console.count(text.encode(), start) < times:
            must(time.monotonic() < end, f"the console does not say {text!r}")
            if select.select([self.process.stdout], [], [], 1)[0]:
                more = os.read(self.process.stdout.fileno(), 1 << 20)
                must(more, "QEMU has ended")
                self.console += more
        self.seen = len(self.console)
        return self.console[start:].decode("latin-1").replace("\r", "")

    def send(self, text):
        """Type it, and do not wait."""

        def write():
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()

        threading.Thread(target=write, daemon=True).start()

    def type(self, text):
        """Type lines, and wait for the prompt after the last; what the console said."""
        self.send(text)
        return self.wait("acre> ", text.count("\n"))

    # ---- the machine ----------------------------------------------------------------------------

    def ask(self, command, **words):
        self.qmp.sendall(json.dumps({"execute": command, "arguments": words}).encode())
        while True:
            reply = json.loads(self.replies.readline())
            if "error" in reply:
                raise Failure(f"{command}: {reply['error']}")
            if "return" in reply:
                return reply["return"]

    def go(self):
        self.stub.go()
        self.runs = True

    def stop(self):
        if self.runs:
            self.stub.stop()
        self.runs = False

    def stop_in(self, function, typed):
        """Where it enters a function, as it does when these lines are typed."""
        self.stop()
        self.send(typed)
        self.stub.run_to(address_of(function, self.elf) + self.moved)

    def dump(self, path):
        """All of its memory, and the registers of its harts: as the monitor's dump-guest-memory. It stays stopped."""
        self.stop()
        self.ask("dump-guest-memory", paging=False, protocol=f"file:{path}")
