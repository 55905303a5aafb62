#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The traces of programs are whole, the replay finds what a heap does wrong, and the report judges rightly."""

import json
import lzma
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
FOLDER = TOP / "bench/traces"
LIARS = TOP / "build/bench/host/trace_liars"
TRACER = TOP / "build/bench/traces/tracer.so"
THREADS = TOP / "build/preload/load_threads"
MOST_BYTES = 3 << 20

sys.path[:0] = [str(TOP / "scripts"), str(TOP / "tests/support")]
import script_module  # noqa: E402
from tap import case, must, plan, run  # noqa: E402

RECORD, REPORT = (script_module.load(FOLDER / name) for name in ("record", "report"))
PACKED = sorted(FOLDER.glob("*.trace.xz"))


def said_of(files):
    """What trace_liars says: {(file, heap, how): (done, all, what)}, or {file: sentence} for one that is broken."""
    ended = subprocess.run([LIARS, *files], stdout=subprocess.PIPE, text=True, check=False)
    must(ended.returncode == 0, f"trace_liars ended with {ended.returncode}: {ended.stdout[-500:]}")
    found = {}
    for line in ended.stdout.splitlines():
        match = re.fullmatch(r"(\S+) (\S+) (\S+): done (\d+) of (\d+), (.*)", line)
        if match:
            found[match[1], match[2], match[3]] = (int(match[4]), int(match[5]), match[6])
        else:
            found[line.split(": ")[0]] = line.split(": ", 1)[1]
    return found


def unpacked(path):
    return lzma.decompress(path.read_bytes())


def in_files(contents):
    """The same for contents: {name: bytes}."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in contents.items():
            (Path(folder) / name).write_bytes(content)
        return said_of([str(Path(folder) / name) for name in contents])


FOUND = in_files({path.name[:-9]: unpacked(path) for path in PACKED})
NAMES = [path.name[:-9] for path in PACKED]


@case
def the_traces_that_record_makes_are_there_and_small():
    must(set(NAMES) == set(RECORD.PROGRAMS), f"{NAMES} are not {list(RECORD.PROGRAMS)}")
    must(sum(path.stat().st_size for path in PACKED) <= MOST_BYTES, "they are too large")


@case
def our_heap_does_all_of_each_rightly_and_stays_whole():
    for name in NAMES:
        for how in ("plain", "thorough"):
            done, of, what = FOUND[name, "acre", how]
            must(done == of and of > 100_000 and what == "ok", f"{name} {how}: {done} of {of}, {what}")


@case
def an_honest_heap_is_blamed_for_nothing():
    for (name, heap, how), (_, _, what) in ((key, value) for key, value in FOUND.items() if key[1] == "honest"):
        must(what == "ok", f"{name} {heap} {how}: {what}")


def lie_is_found(lie, how, words):
    for name in NAMES:
        what = FOUND[name, lie, how][2]
        must(words in what, f"{lie} in {name} {how}: {what}")


@case
def wrong_alignments_lost_contents_and_overwritten_blocks_are_found():
    for how in ("plain", "thorough"):
        lie_is_found("crooked", how, "not aligned")
        lie_is_found("forgets", how, "contents of a block were lost")
        lie_is_found("clobbers", how, "a block was overwritten")


@case
def blocks_that_overlap_are_found_where_every_byte_is_looked_at():
    lie_is_found("overlaps", "thorough", "a block was overwritten")


@case
def a_heap_that_is_full_ends_the_replay_and_is_no_liar():
    for name in NAMES:
        done, of, what = FOUND[name, "full", "plain"]
        must(0 < done < of and what == "ok", f"{name}: {done} of {of}, {what}")


def changed(content, key, value):
    return re.sub(rf"\n{key}\t\d+\n".encode(), f"\n{key}\t{value}\n".encode(), content, count=1)


@case
def files_that_are_broken_are_refused_with_the_reason():
    good = unpacked(min(PACKED, key=lambda path: path.stat().st_size))
    body = good.index(b"\n\n") + 2
    freed = bytearray(good)
    freed[body] = RECORD.FREE  # the first operation, of no block
    found = in_files({
        "empty": b"", "text": b"some text\n", "cut": good[:-1000], "longer": good + b"x", "headless": good[:40],
        "peak": changed(good, "peak_bytes", 5), "frees": changed(good, "frees", 1),
        "none": changed(good, "operations", 0), "huge": changed(good, "operations", 10**18),
        "streams": changed(good, "sizes_bytes", 10**18), "freed": bytes(freed),
        "gone": b"acre trace 1\nprogram\tx\n",
    })
    for name, words in {"empty": "begin with", "text": "begin with", "cut": "shorter or longer",
                        "longer": "shorter or longer", "headless": "header", "peak": "counts", "frees": "counts", "none": "no operations",
                        "streams": "shorter or longer", "huge": "no operations", "freed": "an operation is none",
                        "gone": "header"}.items():
        must(words in str(found.get(name)), f"{name}: {found.get(name, found)}")
    must("cannot be read" in said_of(["/nowhere/at/all"])["all"], "a file that is not there")


@case
def threads_are_merged_in_the_order_of_their_calls_and_children_left_out():
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        env = {**os.environ, "LD_PRELOAD": str(TRACER), "TRACE_OUT": str(raw)}
        subprocess.run([THREADS, "6", "1", "2", "3"], env=env, check=True, stdout=subprocess.DEVNULL)
        packer, calls = RECORD.pack(raw.read_bytes())
        RECORD.save(Path(folder) / "t.trace.xz", "threads", "1", "load_threads", packer, calls, quiet=True)
        found = in_files({"threads": unpacked(Path(folder) / "t.trace.xz")})
    must(packer.numbers > 3000, f"{packer.numbers} blocks")
    done, of, what = found["threads", "acre", "thorough"]
    must(done == of and what == "ok", f"{done} of {of}: {what}")
    must(packer.aligns and bytes(packer.kinds).count(RECORD.CALLOC) > 100, "it has calloc() and alignments")


FIGURES = """trace\tx\tprogram\tx
trace\tx\tversion\t1
trace\tx\tcalls\t10
trace\tx\toperations\t10
trace\tx\treallocations\t1
trace\tx\tcleared\t0
trace\tx\taligned\t0
trace\tx\tpeak_blocks\t3
trace\tx\tpeak_bytes\t1000
"""


def figure(part, size, workload, heap, number, what, value):
    return f"figure\t{part}\t{size}\t1\t{workload}\t{heap}\t{number}\t{what}\t{value}\n"


def judged(talc, arena, live):
    """The targets of one trace where the replay takes 5 ns, ours 10 more."""
    text = "rounds\t100\n" + FIGURES
    for n in range(3):
        text += figure("traces", "bare", "x", "nothing", n, "ns", 5)
        text += figure("traces", "locked", "x", "nothing", n, "ns", 6)
        text += figure("traces", "bare", "x", "acre", n, "ns", 15)
        text += figure("traces", "bare", "x", "talc", n, "ns", 12 + 90 * n)
        text += figure("traces", "locked", "x", "talc", n, "ns", 6 + talc)
    text += figure("traces", "bare", "x", "acre", 0, "arena", arena)
    text += figure("traces", "bare", "x", "acre", 0, "beside", 10)
    for name in REPORT.EDGES:
        for what in ("filled", "mean", "least", "failures"):
            text += figure("edge", "8 MiB", name, "acre", 0, what, live)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "figures").write_text(text, encoding="utf-8")
        must(REPORT.make(str(Path(folder) / "figures"), f"{folder}/out", quiet=True) == 0, "the report failed")
        data = json.loads((Path(folder) / "out.json").read_text(encoding="utf-8"))
        must("<svg" in (Path(folder) / "out.svg").read_text(encoding="utf-8"), "there is no plot")
    return data, [target[3] for target in data["targets"][:4]]


@case
def the_report_subtracts_the_replay_and_holds_ours_against_the_targets():
    data, met = judged(talc=9.6, arena=1130, live=0.86)
    must(met == [True, True, True, True], data["targets"])
    must(data["rounds_percent"] == 100, data["rounds_percent"])
    trace = data["traces"]["x"]
    must(trace["locked"]["acre"]["ns"] == 10 and trace["locked"]["talc"]["ratio"] == 0.96, trace)
    must(trace["bare"]["talc"]["ratio"] == 9.7 and trace["footprint"]["acre"]["ratio"] == 1.14, trace)
    must(judged(talc=9.4, arena=1150, live=0.84)[1] == [False, True, False, False], "all but one are missed")
    must(judged(talc=20, arena=1300, live=0.9)[1] == [False, False, True, True], "no more than 1.3")


@case
def a_quick_look_is_not_put_into_the_documents():
    """By what the program of `make bench-peers` and `make bench-traces` says first."""
    for report in (REPORT, REPORT.PEERS):
        before = [path.read_bytes() for path in (report.DOCUMENT, report.PLOT)]
        for said, words in (("rounds\t10\n", "PEERS_ROUNDS=10"), ("", "PEERS_ROUNDS=None"), ("rounds\t100\n", None)):
            with tempfile.TemporaryDirectory() as folder:
                figures, out = Path(folder) / "figures", f"{folder}/out"
                figures.write_text(said, encoding="utf-8")
                Path(f"{out}.json").write_text(json.dumps({"rounds_percent": REPORT.PEERS.rounds_of(figures)}), encoding="utf-8")
                try:
                    report.put_into_docs(out)
                except SystemExit as refusal:
                    must(words and words in str(refusal), f"{said!r}: {refusal}")
                except FileNotFoundError:
                    must(words is None, f"{said!r} is not refused")  # there are no tables to put there
                else:
                    must(False, f"{said!r}: something was put there")
        must(before == [path.read_bytes() for path in (report.DOCUMENT, report.PLOT)], "a document was changed")


plan()
run()
