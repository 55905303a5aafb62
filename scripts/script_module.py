# SPDX-License-Identifier: MIT
"""script_module.py - a script without .py in its name, as a module: for tests, and for scripts that share code."""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path


def load(path):
    """The script at `path` is run as a module, whose __name__ is that of the file; nothing is cached beside it."""
    loader = importlib.machinery.SourceFileLoader(Path(path).name.replace("-", "_").replace(".", "_"), str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module
