# SPDX-License-Identifier: MIT
"""load.py - the commands of scripts/gdb/acre, in any gdb with Python: gdb-multiarch acre.elf -x scripts/gdb/load.py"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import acre  # noqa: E402

acre.load()
