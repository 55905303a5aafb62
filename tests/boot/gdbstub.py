# SPDX-License-Identifier: MIT
"""Looks into a stopped guest through QEMU's GDB stub: 'Debugging with GDB', appendix E, as far as needed."""

import re
import socket
import time

from acre import LIMIT, Failure


class Stub:
    def __init__(self, path):
        """Connect to the stub's socket, which QEMU may not have made yet."""
        end = time.monotonic() + LIMIT
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(LIMIT)
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                self.socket.close()
                if time.monotonic() > end:
                    raise Failure("no GDB stub") from None
                time.sleep(0.02)
        self.received = b""

    def _packet(self):
        while True:
            start = self.received.find(b"$")
            end = self.received.find(b"#", start)
            if start >= 0 and 0 <= end <= len(self.received) - 3:
                body = self.received[start + 1 : end]
                self.received = self.received[end + 3 :]
                self.socket.sendall(b"+")
                return body.decode("ascii")
            try:
                more = self.socket.recv(65536)
            except TimeoutError:
                raise Failure("no answer of the GDB stub") from None
            if not more:
                raise Failure("the GDB stub has gone")
            self.received += more

    def ask(self, request):
        checksum = sum(request.encode("ascii")) % 256
        self.socket.sendall(f"${request}#{checksum:02x}".encode("ascii"))
        return self._packet()

    def go(self):
        """Continue, and do not wait."""
        self.socket.sendall(b"$c#63")

    def stop(self):
        """End what go() began."""
        self.socket.sendall(b"\x03")
        return self._packet()

    def run_to(self, address):
        """Continue until some hart is about to run the instruction at `address`; that hart is asked then."""
        if self.ask(f"Z0,{address:x},4") != "OK":
            raise Failure("no breakpoint")
        stopped = self.ask("c")
        if not stopped.startswith("T05"):
            raise Failure(f"stopped by {stopped}")
        self.ask(f"z0,{address:x},4")

    def register(self, number):
        """x0 to x31, or 32 for the program counter."""
        everything = bytes.fromhex(self.ask("g"))
        return int.from_bytes(everything[8 * number : 8 * number + 8], "little")

    def write_x(self, number, value):
        self.description("target.xml")  # only who has read it may write
        if self.ask(f"P{number:x}={value.to_bytes(8, 'little').hex()}") != "OK":
            raise Failure(f"cannot write x{number}")

    def description(self, name):
        """A file of the target's description, XML."""
        found = ""
        while True:
            reply = self.ask(f"qXfer:features:read:{name}:{len(found):x},800")
            if reply[:1] not in ("m", "l"):
                raise Failure(f"no description {name}")
            found += reply[1:]
            if reply[0] == "l":
                return found

    def write_register(self, name, value):
        """Any register that the target's description names, CSRs of machine mode too; of 64 bits."""
        for file in re.findall(r'href="([^"]+)"', self.description("target.xml")):
            found = re.search(rf'<reg name="{name}"[^>]* regnum="(\d+)"', self.description(file))
            if found:
                reply = self.ask(f"P{int(found[1]):x}={value.to_bytes(8, 'little').hex()}")
                if reply != "OK":
                    raise Failure(f"cannot write {name}: {reply}")
                return
        raise Failure(f"no register {name}")

    def memory(self, address, size):
        found = b""
        while len(found) < size:
            count = min(1024, size - len(found))
            reply = self.ask(f"m{address + len(found):x},{count:x}")
            if reply.startswith("E") and len(reply) == 3:
                raise Failure(f"cannot read {address + len(found):#x}")
            found += bytes.fromhex(reply)
        return found

    def write_memory(self, address, data):
        for at in range(0, len(data), 1024):
            part = data[at : at + 1024]
            if self.ask(f"M{address + at:x},{len(part):x}:{part.hex()}") != "OK":
                raise Failure(f"cannot write {address + at:#x}")

    def release(self):
        """Let the guest run on alone."""
        self.ask("D")
        self.socket.close()
