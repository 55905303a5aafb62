# SPDX-License-Identifier: MIT
"""The figures of the benchmark: where they are kept, and what better and worse mean.

A set of figures is {isa: {row: {"value": ..., "unit": ..., "worst": ..., "overhead": ...,
"amo": ..., "csr": ..., "div": ..., "fence": ...}}}; what was not measured is left out.
"""

import json
import re

# Beside the value; of all of them less is better.
COSTS = ("worst", "amo", "csr", "div", "fence")
HIGHER_IS_BETTER = {"percent"}
TOLERANCE = 0.03  # of the figure in the file

ROW = re.compile(r"bench (?P<name>\S+) (?P<value>[\d.]+) (?P<unit>\S+)(?P<rest>( \w+=\S+)*)$")
PEER = re.compile(r"peer (?P<peer>\S+) (?P<name>\S+) (?P<value>[\d.]+) (?P<unit>\S+)$")


def number(text):
    return float(text) if "." in text else int(text)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def save(path, figures):
    """One row a line, so that a change of one is one line of a diff."""
    parts = []
    for key, value in figures.items():
        if isinstance(value, dict) and key != "made_by":
            rows = ",\n".join(f"    {json.dumps(n)}: {json.dumps(r)}" for n, r in value.items())
            parts.append(f"  {json.dumps(key)}: {{\n{rows}\n  }}")
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    with open(path, "w", encoding="utf-8") as file:
        file.write("{\n" + ",\n".join(parts) + "\n}\n")


def line(name, row):
    """The line of one row."""
    parts = [f"bench {name} {row['text']} {row['unit']} worst={row.get('worst', '-')}"]
    for key in ("overhead", "amo", "csr", "div", "fence"):
        if key in row:
            parts.append(f"{key}={row[key]:.2f}")
    return " ".join(parts)


def is_worse(old, new, unit, key="value"):
    """By more than is let pass? What comes from nothing, however little, is more."""
    if key == "value" and unit in HIGHER_IS_BETTER:
        return new < old * (1 - TOLERANCE)
    return new > old * (1 + TOLERANCE)


def is_better(old, new, unit, key="value"):
    if key == "value" and unit in HIGHER_IS_BETTER:
        return new > old
    return new < old


def compare(kept, measured):
    """(worse, better): sentences about each figure of `measured` that differs from `kept`."""
    worse, better = [], []
    for isa in sorted(set(kept) | set(measured)):
        old_rows, new_rows = kept.get(isa, {}), measured.get(isa, {})
        for name in list(old_rows) + [n for n in new_rows if n not in old_rows]:
            if name not in new_rows:
                worse.append(f"{isa} {name}: is in the file and was not measured")
            elif name not in old_rows:
                worse.append(f"{isa} {name}: was measured and is not in the file")
            else:
                compare_row(f"{isa} {name}", old_rows[name], new_rows[name], worse, better)
    return worse, better


def compare_row(name, old, new, worse, better):
    for key in ("value",) + COSTS:
        if key not in old or key not in new:
            continue
        unit = new["unit"] if key == "value" else key
        was, now = old[key], new[key]
        change = f" ({100 * (now - was) / was:+.1f}%)" if was else ""
        sentence = f"{name}: {now} {unit}, {was} in the file{change}"
        if is_worse(was, now, new["unit"], key):
            worse.append(sentence)
        elif is_better(was, now, new["unit"], key):
            better.append(sentence)
