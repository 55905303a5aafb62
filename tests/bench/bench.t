#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The benchmark can fail: wrong answers of an allocator are found, and worse figures are not let pass; figures
of others are read and written down as they are."""

import copy
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BENCH = TOP / "bench"
LIARS = TOP / "build/bench/host/liars"
ISA = "rv64imac"

sys.path[:0] = [str(BENCH), str(TOP / "scripts"), str(TOP / "tests/support")]
sys.dont_write_bytecode = True
import figures  # noqa: E402  (its folder is no package)
import peers_file  # noqa: E402
import script_module  # noqa: E402
from tap import case, must, plan, run  # noqa: E402

RUN, REPORT = (script_module.load(BENCH / name) for name in ("run", "report"))
BASELINE = figures.load(BENCH / "baseline.json")
PEERS = figures.load(BENCH / "peers-rv64.json")


# ---- what the README says -----------------------------------------------------------------------------


@case
def the_readme_has_the_figures_of_the_files():
    rows = re.findall(r"^\| `(\w+\.\w+)` .* \| \*\*([\d,.]+)\*\* \| ([\d,.]+) \| (\S+) ([\d,.]+) \|$",
                      (TOP / "README.md").read_text(encoding="utf-8"), re.M)
    must(len(rows) >= 7, f"{len(rows)} rows of figures")
    for name, acre, linux, best, figure in rows:
        theirs = PEERS["rows"][name]
        wanted = [BASELINE[ISA][name]["value"], theirs.get("Linux", theirs.get("SLUB")), theirs[best]]
        for said, value in zip((acre, linux, figure), wanted):
            must(said == f"{value:,.0f}", f"{name}: {said} in the README, {value} in the files")


# ---- wrong answers ------------------------------------------------------------------------------------


def findings():
    """(lie, workload, plain or checked) -> (sum, what was found)"""
    said = subprocess.run([LIARS], check=True, stdout=subprocess.PIPE, text=True).stdout
    found = {}
    for line in said.splitlines():
        who, what = line.split(": ", 1)
        lie, workload, how, total = who.split()
        found[lie, workload, how] = (total, what)
    return found


FOUND = findings()


@case
def an_honest_allocator_passes_every_workload():
    honest = {key: what for key, (_, what) in FOUND.items() if key[0] == "honest"}
    must(len(honest) == 2 * (12 + 6), f"{len(honest)} runs")
    for key, what in honest.items():
        must(what == "ok", f"{key}: {what}")


@case
def equal_runs_give_equal_sums_and_other_answers_others():
    for (lie, workload, how), (total, _) in FOUND.items():
        if lie == "honest":
            must(total == FOUND[lie, workload, "plain"][0], f"{workload} {how}")
    must(FOUND["twice", "frame.churn90", "plain"][0] != FOUND["honest", "frame.churn90", "plain"][0],
         "another frame, the same sum")


def lie_is_found(lie, workloads, how, words):
    for workload in workloads:
        what = FOUND[lie, workload, how][1]
        must(words in what, f"{lie} in {workload} {how}: {what}")


SINGLES = ["frame.drain", "frame.free_random", "frame.churn90"]
RUNS = ["frame.run2", "frame.run4", "frame.run8", "frame.run16"]
BLOCKS = ["heap.random200", "heap.realloc3000", "heap.fifo", "heap.lifo", "heap.fixed48", "heap.uniform2048"]


@case
def a_frame_that_is_handed_out_twice_is_found():
    lie_is_found("twice", SINGLES + RUNS, "checked", "a frame was handed out twice")
    lie_is_found("twice", SINGLES[1:] + RUNS, "plain", "a frame was handed out twice")


@case
def a_foreign_frame_is_found():
    lie_is_found("foreign", ["frame.pair"] + SINGLES + RUNS + ["frame.run512_pair"], "checked", "in no bank")
    lie_is_found("foreign", SINGLES[1:] + RUNS, "plain", "in no bank")


@case
def too_few_frames_and_too_many_are_found():
    lie_is_found("none", ["frame.pair"], "checked", "in no bank")
    for how in ("plain", "checked"):
        lie_is_found("none", ["frame.drain"], how, "before every one was taken")
        lie_is_found("none", SINGLES[1:], how, "no frame, though")
    lie_is_found("always", ["frame.drain"], "plain", "more frames than there are")


@case
def runs_that_are_missing_or_crooked_or_invented_are_found():
    for how in ("plain", "checked"):
        lie_is_found("unaligned", RUNS, how, "not aligned")
        must(FOUND["no-huge", "frame.run512_pair", how][1] != "ok", "there are none")
        must(FOUND["always", "frame.run512_none", how][1] != "ok", "there is always one")


@case
def a_free_that_is_refused_is_found():
    for how in ("plain", "checked"):
        for workload in ["frame.pair"] + SINGLES + RUNS + ["frame.run512_pair"]:
            must(FOUND["refuses", workload, how][1] != "ok", f"{workload} {how}")


@case
def blocks_that_overlap_or_are_crooked_or_lose_their_bytes_are_found():
    lie_is_found("overlap", BLOCKS, "checked", "blocks overlap")
    lie_is_found("crooked", BLOCKS, "checked", "not aligned")
    lie_is_found("forgets", ["heap.realloc3000"], "checked", "contents of a block were lost")
    lie_is_found("full", BLOCKS, "plain", "full where it must not be")


# ---- what the kernel says -----------------------------------------------------------------------------


def kernel_is_refused(text, code):
    try:
        RUN.must_be_well(ISA, text, code, "")
    except RUN.Broken as broken:
        return str(broken)
    return None


@case
def a_kernel_that_finds_something_broken_fails_the_run():
    good = "bench frame.pair 5.00 instr worst=9\nPASS 1 passed\n"
    must(kernel_is_refused(good, 0) is None, "a good run")
    broken = kernel_is_refused("bench FAILED frame.pair: a free was refused\nFAIL 1 failed, 0 passed\n", 1)
    must("a free was refused" in broken, broken)
    must(kernel_is_refused(good, 1), "an exit code of 1")
    must(kernel_is_refused("bench frame.pair 5.00 instr worst=9\n", 0), "no verdict")


@case
def expensive_instructions_are_counted_in_the_windows_less_the_stand_ins():
    marks = [[5, 2, 0, 1], [405, 202, 0, 101], [405, 202, 0, 101], [405, 202, 100, 101]]
    text = "bench frame.pair 5.00 instr worst=9 overhead=1.00 ops=100 windows=0+1 less=1+1\n"
    row = RUN.read_rows(text, marks)[0]["frame.pair"]
    must((row["amo"], row["csr"], row["div"], row["fence"]) == (4, 2, -1, 1), row)


# ---- the gate -----------------------------------------------------------------------------------------


def judged(change, *options):
    """Exit code and words of bench/compare when `change` was done to the figures of the file."""
    measured = copy.deepcopy(BASELINE)
    change(measured)
    with tempfile.TemporaryDirectory() as folder:
        path, kept = Path(folder) / "results.json", Path(folder) / "kept.json"
        figures.save(path, measured)
        figures.save(kept, BASELINE)
        ended = subprocess.run([BENCH / "compare", *options, kept, path], stdout=subprocess.PIPE, text=True)
        return ended.returncode, ended.stdout, figures.load(kept)


def scale(row, key, factor):
    def change(measured):
        measured[ISA][row][key] *= factor

    return change


def is_refused(change, words):
    code, text, _ = judged(change)
    must(code == 1 and words in text, f"exit code {code}: {text}")


def is_let_pass(change, words):
    code, text, _ = judged(change)
    must(code == 0 and words in text, f"exit code {code}: {text}")


@case
def the_same_figures_pass():
    is_let_pass(lambda measured: None, "no figure is worse")


@case
def more_instructions_by_more_than_three_in_a_hundred_do_not_pass():
    is_refused(scale("frame.pair", "value", 1.04), f"{ISA} frame.pair")
    is_let_pass(scale("frame.pair", "value", 1.02), "no figure is worse")
    is_refused(scale("heap.random3000", "value", 1.04), "heap.random3000")


@case
def a_worse_worst_case_does_not_pass():
    is_refused(scale("frame.drain", "worst", 1.04), "frame.drain")


@case
def of_a_share_less_is_worse():
    is_refused(scale("frame.huge_survival", "value", 0.96), "frame.huge_survival")
    is_let_pass(scale("frame.huge_survival", "value", 1.04), "are better")


@case
def an_atomic_where_there_was_none_does_not_pass():
    measured = copy.deepcopy(BASELINE)
    kept = copy.deepcopy(BASELINE)
    kept[ISA]["frame.pair"]["amo"] = 0
    measured[ISA]["frame.pair"]["amo"] = 0.5
    del kept["made_by"], measured["made_by"]
    must(any("frame.pair" in s for s in figures.compare(kept, measured)[0]), "it passes")


@case
def a_row_that_is_missing_or_new_does_not_pass():
    is_refused(lambda m: m[ISA].pop("frame.run8"), "frame.run8: is in the file and was not measured")
    is_refused(lambda m: m[ISA].update({"frame.new": {"value": 1, "unit": "instr"}}), "is not in the file")
    is_refused(lambda m: m.pop(ISA), "was not measured")


@case
def better_figures_ask_to_be_written_down_and_are():
    better = scale("frame.pair", "value", 0.5)
    is_let_pass(better, "make bench-update")
    _, _, kept = judged(better, "--update")
    must(kept[ISA]["frame.pair"]["value"] == BASELINE[ISA]["frame.pair"]["value"] * 0.5, "it was not written")
    must(kept[ISA]["frame.drain"] == BASELINE[ISA]["frame.drain"], "another row has changed")


@case
def figures_of_another_compiler_are_shown_and_do_not_count():
    def change(measured):
        measured["made_by"]["compiler"] = "another"
        measured[ISA]["frame.pair"]["value"] *= 2

    is_let_pass(change, "do not count")


# ---- table and plot -----------------------------------------------------------------------------------


@case
def every_row_of_the_file_is_in_the_table():
    table = REPORT.table(BASELINE, PEERS)
    for name in BASELINE[ISA]:
        must(f"`{name}`" in table, name)
    must("<= 80" in table, "bounds")
    for kind, columns in PEERS["columns"].items():
        for name, row in PEERS["rows"].items():
            for column in columns if name.startswith(kind) and name in BASELINE[ISA] else ():
                must(REPORT.short(row.get(column)) in table, f"{column} of {name}")
    for column in PEERS["made"]:
        must(f"| {column} |" in table, f"how {column} came about")


@case
def the_plot_is_an_image_with_a_bar_for_each_figure():
    groups = REPORT.groups(BASELINE, PEERS, "frame")
    root = ElementTree.fromstring(REPORT.chart.draw("title", groups))
    bars = [e for e in root.iter() if e.tag.endswith("rect") and len(e)]
    must(len(bars) == sum(len(group.bars) for group in groups), f"{len(bars)} bars")
    lengths = {e[0].text: float(e.get("width")) for e in bars}
    pair = PEERS["rows"]["frame.pair"]
    nearer, farther = sorted(("bitmap-allocator", "llfree"), key=pair.get)
    must(lengths[f"{nearer}: {pair[nearer]:,}"] < lengths[f"{farther}: {pair[farther]:,}"], lengths)


@case
def the_tables_of_the_document_are_those_of_the_file():
    text = (TOP / "docs/performance.md").read_text(encoding="utf-8")
    for name, row in BASELINE[ISA].items():
        must(f"**{REPORT.short(row['value'])}**" in text, f"{name} is not as in bench/baseline.json")


# ---- the figures of others ------------------------------------------------------------------------------

SAID = """
row talc heap.pair32 ops=100 cost=31600 less=2000 worst=195 windows=0+1 empty=1+1
row talc heap.free_small ops=10 cost=500 less=100 worst=295 windows=3+2 empty=5+2
share talc heap.efficiency per_mille=949
broken talc heap.random200 blocks overlap
"""


@case
def rows_of_others_are_read_less_the_cost_of_the_loop():
    rows, broken = peers_file.read_rows(SAID)
    must(rows == {"talc": {"heap.pair32": 296, "heap.free_small": 40, "heap.efficiency": 94.9, "heap.worst": 295}}, rows)
    must(broken == ["talc heap.random200: blocks overlap"], broken)


@case
def what_a_plugin_counted_stands_between_the_marks_of_the_windows():
    marks = [0, 5000, 6000, 7000] + [0, 0] + [10, 110, 200, 250] + [300, 340, 400, 410]
    rows, _ = peers_file.read_rows(SAID, marks)
    must(rows["talc"]["heap.pair32"] == (5000 - 1000) / 100, rows)
    must(rows["talc"]["heap.free_small"] == (150 - 50) / 10, rows)
    must("heap.worst" not in rows["talc"], "a plugin knows of no single call")


@case
def a_column_is_replaced_and_nothing_else():
    peers = copy.deepcopy(PEERS)
    peers_file.put_column(peers, "heap", "talc", {"heap.pair32": 7, "frame.pair": 8}, {"what": "new"})
    for name, row in peers["rows"].items():
        old = {key: value for key, value in PEERS["rows"][name].items() if key != "talc"}
        must({key: value for key, value in row.items() if key != "talc"} == old, name)
        must(row.get("talc") == (7 if name == "heap.pair32" else None), f"{name}: {row}")
    must(peers["made"]["talc"] == {"what": "new"} and peers["columns"] == PEERS["columns"], "made, columns")


@case
def the_file_of_others_is_as_it_would_be_written():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peers.json"
        peers_file.save(path, PEERS)
        must(path.read_bytes() == (BENCH / "peers-rv64.json").read_bytes(), "it differs")
    for kind, columns in PEERS["columns"].items():
        for column in columns:
            must(set(PEERS["made"][column]) == {"what", "way", "compiler", "date"}, f"{kind}s of {column}")


plan()
run()
