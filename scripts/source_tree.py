# SPDX-License-Identifier: MIT
"""source_tree.py - what the files of src/ say of themselves, for check-layers and metrics.

The sources are read as text. That is enough, because clang-format has written all of them: the body of a
function begins with a brace in the first column and ends with one.

A unit is a file with its headers: x.c (or x.S), x.h, x_internal.h and x_contracts.h of one folder are the unit
folder/x.
"""

import functools
import os
import re
import subprocess
import sys

SEAM_HEADERS = ["lib/platform.h", "kernel/rv64/platform_arch.h"]
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
SPLICE = re.compile(r"\\[ \t\v\f\r]*\n")
CONTINUED = re.compile(r"^[^\n]*\\[ \t\v\f\r]*\n(?:[^\n]*\\[ \t\v\f\r]*\n)*[^\n]*", re.M)
DIRECTIVE = re.compile(r"^[ \t]*#[^\n]*", re.M)
QUOTED = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]*)"', re.M)
NM_LINE = re.compile(r"^(?:[0-9a-f]+)? +(?:([0-9a-f]+) +)?([A-Za-z?]) (\S+)$")


@functools.lru_cache(maxsize=None)
def without(text, strings):
    """text without comments, and without string literals if asked; line numbers stay."""

    def blank(match):
        token = match.group(0)
        if token[0] == "/":
            return "\n" * token.count("\n") or " "
        return token[0] * 2 if strings else token

    return TOKEN.sub(blank, text)


@functools.lru_cache(maxsize=None)
def code_of(text):
    """text without comments, strings and the preprocessor's lines; line numbers stay."""
    return DIRECTIVE.sub(lambda m: "\n" * m.group(0).count("\n"), without(text, strings=True))


def spliced(text):
    """text with continued lines joined to their first, as a compiler does before all else; line numbers stay."""
    return CONTINUED.sub(lambda m: SPLICE.sub("", m.group(0)) + "\n" * len(SPLICE.findall(m.group(0))), text)


@functools.lru_cache(maxsize=None)
def read(*path):
    with open(os.path.join(*path), encoding="utf-8", errors="replace") as f:
        return spliced(f.read())


SOURCES = (".c", ".h", ".S")


def sources(src):
    """The sources under a folder, as paths relative to it."""
    for folder, folders, names in os.walk(src):
        folders.sort()
        for name in sorted(names):
            if name.endswith(SOURCES):
                yield os.path.relpath(os.path.join(folder, name), src)


def unit_of(path):
    return re.sub(r"(_internal|_contracts)\.h$|\.\w+$", "", path)


def includes(text):
    return QUOTED.findall(without(text, strings=False))


def opening(code, end):
    """Where the parenthesis opens that closes just before @end; -1 if none does."""
    depth = 0
    for at in range(end - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(code[at], 0)
        if depth == 0:
            return at
    return -1


def functions(text):
    """(name, is it static, its first line, lines from brace to brace) of each function that is defined."""
    code = code_of(text)
    for body in re.finditer(r"\)\s*\n\{\n(.*?)^\}", code, re.S | re.M):
        start = opening(code, body.start() + 1)
        name = re.compile(r"(\w+)$").search(code[:max(start, 0)], max(start - 100, 0))
        if name is None:
            continue
        head = code[max(code.rfind(c, 0, name.start()) for c in ";}") + 1:name.start()]
        yield (name.group(1), re.search(r"\bstatic\b", head) is not None,
               code.count("\n", 0, name.start()) + 1, body.group(0).lstrip(")\n").count("\n"))


def definitions(path, text):
    """Names of the functions, static ones left out, that a file defines."""
    if path.endswith(".S"):
        return re.findall(r"^(\w+):", without(text, strings=False), re.M)
    return [name for name, static, _, _ in functions(text) if not static]


def prototypes(text):
    """Names of the functions that a header declares and does not define."""
    code = code_of(text)
    # From the inside out: what stands before a body goes with it, a struct's tail goes on to its
    # semicolon.
    while "{" in code:
        flat = re.sub(r"(\)\s*)?\{[^{}]*\}", lambda m: ") static;" if m.group(1) else " ", code)
        if flat == code:
            break
        code = flat
    for statement in code.split(";"):
        name = declared(" ".join(statement.split()))
        if name:
            yield name


def declared(statement):
    """The function that this statement declares; None if it declares none."""
    if re.match(r"(typedef|static|_Static_assert)\b", statement) or statement.endswith(" static"):
        return None
    # Attributes are macros or __attribute__, both with parentheses of their own: the name of the
    # function is what stands before the first parenthesis that comes after a type.
    plain = re.sub(r"__attribute__ ?\(\(.*?\)\)", "", statement)
    plain = re.sub(r"\bacre_(?:printf_like|sized_by|released_by|aligned_to)\([^()]*\)", "", plain)
    match = re.match(r"[\w ]+?[ *]+(\w+) ?\((?!\*)", plain)
    return match.group(1) if match else None


# ---- graphs ----------------------------------------------------------------------------------


def include_graph(src):
    """{unit: {unit that it includes: (file, header)}}."""
    graph = {}
    files = list(sources(src))
    units = {unit_of(path) for path in files}
    for path in files:
        edges = graph.setdefault(unit_of(path), {})
        for header in includes(read(src, path)):
            if unit_of(header) in units and unit_of(header) != unit_of(path):
                edges.setdefault(unit_of(header), (path, header))
    return graph


def cycles(graph):
    """The strongly connected components of more than one node, sorted (R. Tarjan, 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(graph.get(node, ())):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            at = stack.index(node)
            found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return sorted(component for component in found if len(component) > 1)


def seam(src):
    """The names of what the two halves of the seam declare."""
    return {word for path in SEAM_HEADERS if os.path.exists(os.path.join(src, path))
            for word in re.findall(r"\bplatform_\w+", read(src, path))}


# ---- object files ----------------------------------------------------------------------------


class Objects:
    """The symbols of the objects of src/ in a folder of a build, such as build/rv64-release."""

    def __init__(self, root, folder):
        src = os.path.join(root, "src")
        built = {path: os.path.join(folder, "src", os.path.splitext(path)[0] + ".o")
                 for path in sources(src) if path.endswith((".c", ".S"))}
        self.missing = [path for path in built if not os.path.exists(built[path])]
        found = symbols_of([built[path] for path in built if path not in self.missing])
        # source -> [(type as nm has it, name, size)]
        self.symbols = {path: found[built[path]] for path in built if path not in self.missing}
        # What two objects define is chosen when the kernel is linked: it belongs to neither.
        self.home = {}
        for path, symbols in self.symbols.items():
            for kind, name, _ in symbols:
                if kind.isupper() and kind != "U":
                    self.home[name] = path if name not in self.home else None

    def graph(self, leave_out=lambda path, symbol: False):
        """{unit: {unit that it needs: sorted symbols}}, without those for which leave_out is true."""
        graph = {}
        for path in self.symbols:
            edges = graph.setdefault(unit_of(path), {})
            for name, home in self.needs(path):
                if unit_of(home) != unit_of(path) and not leave_out(path, name):
                    edges.setdefault(unit_of(home), []).append(name)
        return graph

    def needs(self, path):
        """(symbol, source that defines it) of each symbol that the object of @path leaves undefined."""
        return [(name, self.home[name]) for kind, name, _ in self.symbols[path]
                if kind == "U" and self.home.get(name)]

    def mutable(self):
        """(source, name, bytes) of each variable that is not constant."""
        return [(path, name, size) for path, symbols in self.symbols.items()
                for kind, name, size in symbols if kind in "bBdDsSgG"]


def symbols_of(files):
    """{object file: [(type, name, size)]}, by one run of nm: there are a hundred files."""
    if not files:
        return {}
    nm = os.environ.get("NM") or os.environ.get("CROSS_COMPILE", "riscv64-unknown-elf-") + "nm"
    try:
        done = subprocess.run([nm, "--print-size", "--print-file-name", *files], check=False, capture_output=True, text=True)
    except OSError as error:
        sys.exit("%s: %s" % (nm, error.strerror))
    if done.returncode != 0:
        sys.exit("%s: %s" % (nm, done.stderr.strip()))
    found = {path: [] for path in files}
    for line in done.stdout.splitlines():
        path, _, rest = line.rpartition(".o:")
        match = NM_LINE.match(rest)
        if match:
            found[path + ".o"].append((match.group(2), match.group(3), int(match.group(1) or "0", 16)))
    return found
