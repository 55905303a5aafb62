# SPDX-License-Identifier: MIT
"""bench/peers-rv64.json: other people's figures. Columns are rewritten by who has measured them, one by one.

{"source": a sentence, "made": {column: {"what", "way", "compiler", "date"}},
 "columns": {"frame": [column], "heap": [column]}, "chart": those of them that the plot shows,
 "rows": {row: {"what", column: figure, "must", "aim"}}}
"""

import datetime
import json
import re

import figures

KINDS = ("frame", "heap")
ROW = re.compile(r"row (?P<peer>\S+) (?P<name>\S+) (?P<rest>( ?\w+=\S+)+)$")
SHARE = re.compile(r"share (?P<peer>\S+) (?P<name>\S+) per_mille=(?P<value>\d+)$")
BROKEN = re.compile(r"broken (?P<peer>\S+) (?P<name>\S+) (?P<why>.*)$")


def today():
    return datetime.date.today().isoformat()


def rounded(value):
    """As many digits as mean something; a whole number where there are many."""
    return round(value) if value >= 100 else round(value, 1 if value >= 10 else 2)


def cost_of(words, marks):
    """Instructions an operation: what the run says itself, or between the marks of its windows."""
    ops = int(words["ops"])
    if marks is None:
        return (int(words["cost"]) - int(words["less"])) / ops

    def between(which):
        first, n = map(int, which.split("+"))
        return sum(marks[2 * i + 1] - marks[2 * i] for i in range(first, first + n))
    return (between(words["windows"]) - between(words["empty"])) / ops


def read_rows(text, marks=None):
    """({peer: {row: figure}}, sentences about what is broken) of the lines of bench/peers-rv64/rows.h."""
    peers, broken, worst = {}, [], {}
    for line in text.splitlines():
        if found := ROW.match(line):
            words = dict(word.split("=") for word in found["rest"].split())
            peers.setdefault(found["peer"], {})[found["name"]] = rounded(cost_of(words, marks))
            if found["name"].startswith("heap.") and marks is None:
                worst[found["peer"]] = max(worst.get(found["peer"], 0), int(words["worst"]))
        elif found := SHARE.match(line):
            peers.setdefault(found["peer"], {})[found["name"]] = int(found["value"]) / 10
        elif found := BROKEN.match(line):
            broken.append(f"{found['peer']} {found['name']}: {found['why']}")
    for peer, value in worst.items():
        peers[peer]["heap.worst"] = value
    return peers, broken


def put_column(peers, kind, column, rows, made):
    """Replace what is known of one column."""
    if column not in peers["columns"][kind]:
        peers["columns"][kind].append(column)
    peers["made"][column] = made
    for name, row in peers["rows"].items():
        if name.startswith(kind + ".") and column in row:
            del row[column]
    for name, value in rows.items():
        if name.startswith(kind + "."):
            peers["rows"].setdefault(name, {"what": ""})[column] = value


def load(path):
    return figures.load(path)


def save(path, peers):
    """One row a line, those of frames first; in each the columns as they are listed."""
    def lines(items):
        return ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in items)
    order = ["what", *peers["columns"]["frame"], *peers["columns"]["heap"], "must", "aim"]
    rows = [(name, dict(sorted(row.items(), key=lambda item: order.index(item[0]))))
            for name, row in sorted(peers["rows"].items(), key=lambda row: not row[0].startswith("frame."))]
    with open(path, "w", encoding="utf-8") as file:
        file.write("{\n" f'  "source": {json.dumps(peers["source"])},\n'
                   f'  "made": {{\n{lines(peers["made"].items())}\n  }},\n'
                   f'  "columns": {{\n{lines(peers["columns"].items())}\n  }},\n'
                   f'  "chart": {{\n{lines(peers["chart"].items())}\n  }},\n'
                   f'  "rows": {{\n{lines(rows)}\n  }}\n}}\n')
