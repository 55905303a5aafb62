# SPDX-License-Identifier: MIT
"""loads.py - what the programs do. A load runs commands in a folder and returns all that came out, as bytes.

`call(command)` runs one, with or without our heap as its malloc(), and returns its standard output; `scale` is 1 for
the short form, more for the long one.
"""

import random
import shutil
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
SYSTEM_PYTHON = Path("/usr/bin/python3")  # not one that is a script
WORDS = "memory frame heap block object slab run word lock hart free take table root leaf bank order class size".split()

PYTHON = """
import ast, collections, hashlib, json, os, re, sys, threading, zlib
scale = int(sys.argv[1])
folder = os.path.dirname(ast.__file__)
names = sorted(n for n in os.listdir(folder) if n.endswith(".py"))[:12 * scale]
sources = [open(os.path.join(folder, n), encoding="utf-8").read() for n in names]
words = collections.Counter()
for name, source in zip(names, sources):
    tree = ast.parse(source)
    code = compile(tree, name, "exec")
    words.update(re.findall("[A-Za-z_]+", source))
    print(name, hashlib.sha256(ast.dump(tree).encode()).hexdigest(), len(code.co_consts))
text = json.dumps(sorted(words.items()))
packed = zlib.compress(text.encode())
print(json.loads(text) == [list(i) for i in sorted(words.items())])
print(len(packed), zlib.decompress(packed) == text.encode())
results = [None] * 20
def work(i):
    items = {k: [k * i] * (k % 50) for k in range(400 * scale)}
    results[i] = sum(len(v) for v in items.values()) + len("x" * (i * 1000 * scale))
threads = [threading.Thread(target=work, args=(i,)) for i in range(20)]
for t in threads: t.start()
for t in threads: t.join()
print(results)
for n in range(4):
    read, write = os.pipe()
    if os.fork() == 0:
        made = {i: str(i) * n for i in range(20000)}
        os.write(write, str(sum(map(len, made.values()))).encode())
        os._exit(0)
    print(os.read(read, 100), os.wait()[1])
"""


def python_load(call, folder, scale):
    del folder
    python = str(SYSTEM_PYTHON if SYSTEM_PYTHON.exists() else Path(sys.executable))
    hashes = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    out = call([python, "-c", PYTHON, str(scale)], **hashes, PYTHONMALLOC="malloc")
    return out + (call([python, "-c", PYTHON, str(scale)], **hashes) if scale > 1 else b"")


def gcc_load(call, folder, scale):
    """Our own sources, to objects. The driver starts compiler and assembler, which have our heap too."""
    sources = sorted((TOP / "src/mm/heap").glob("*.c"))[: 2 if scale == 1 else None]
    flags = ["-std=c17", "-Isrc", "-Itests/preload/arch", "-I.", "-D_GNU_SOURCE", "-frandom-seed=1"]
    out = b""
    for source in sources:
        for level in ("-O2",) if scale == 1 else ("-O0", "-O2", "-O3"):
            out += call(["gcc", *flags, level, "-g", "-c", str(source.relative_to(TOP)), "-o", str(folder / "o")])
            out += (folder / "o").read_bytes()
    return out


def sqlite_load(call, folder, scale):
    numbers = random.Random(5)
    script = ["CREATE TABLE t(id INTEGER PRIMARY KEY, k TEXT, v INT, note TEXT); CREATE INDEX i ON t(v, k);"]
    for n in range(1500 * scale):
        script.append(f"INSERT INTO t(k, v, note) VALUES('{numbers.choice(WORDS)}{n % 97}', {numbers.randrange(500)}, "
                      f"'{'ab' * numbers.randrange(300)}');")
        if n % 20 == 0:
            script.append(f"SELECT k, count(*), sum(v), max(note) FROM t WHERE v < {n % 500} GROUP BY k "
                          "ORDER BY k LIMIT 9;")
        if n % 90 == 0:
            script.append(f"UPDATE t SET note = note || k WHERE v = {n % 500}; DELETE FROM t WHERE id % 31 = {n % 31};")
    script += ["SELECT group_concat(k) FROM (SELECT k FROM t ORDER BY note, id);", ".dump", "VACUUM;",
               "PRAGMA integrity_check;"]
    out = call(["sqlite3", str(folder / "db")], stdin="PRAGMA synchronous=OFF; BEGIN;" + "\n".join(script).replace(
        "VACUUM;", "COMMIT;\nVACUUM;"))
    return out + (folder / "db").read_bytes()


def commits(scale):
    numbers = random.Random(4)
    files = {f"{w}.c": [f"{w} {numbers.choice(WORDS)} {n}" for n in range(100)] for w in WORDS}
    stream = []
    for commit in range(60 * scale):
        stream.append(f"commit refs/heads/main\ncommitter A <a@b> {1_600_000_000 + 600 * commit} +0000\ndata 2\nc\n")
        for name in numbers.sample(sorted(files), 3 if commit else len(files)):
            for _ in range(5):
                files[name][numbers.randrange(100)] = " ".join(numbers.choices(WORDS, k=6))
            text = "\n".join(files[name]) + "\n"
            stream.append(f"M 100644 inline {name}\ndata {len(text)}\n{text}\n")
    return "".join(stream)


def git_load(call, folder, scale):
    def git(*words, **more):
        return call(["git", "-C", str(folder), *words], GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null",
                    GIT_PAGER="cat", **more)

    out = git("init", "-q", "-b", "main") + git("fast-import", "--quiet", stdin=commits(scale))
    out += git("log", "-p", "--stat", "-M", "-C") + git("blame", "main", "--", "frame.c")
    out += git("-c", "pack.threads=1", "repack", "-adfq") + git("fsck", "--strict") + git("rev-parse", "main")
    out += git("cat-file", "--batch-all-objects", "--batch-check") + git("grep", "-n", "lock", "main")
    for pack in sorted(folder.glob(".git/objects/pack/*.pack")):
        out += pack.name.encode() + pack.read_bytes()
    return out


LUA = """
for i = 1, 3000 * tonumber(ARGV[1]) do
  redis.call('set', 'k' .. (i * 7919 % 4001), string.rep('v', i % 900))
  redis.call('hset', 'h' .. (i % 37), 'f' .. i, i)
  redis.call('zadd', 'z' .. (i % 11), i * 31 % 1009, 'm' .. i)
  redis.call('rpush', 'l' .. (i % 13), string.rep('x', i % 70))
  if i % 3 == 0 then redis.call('del', 'k' .. (i % 4001)) end
  if i % 5 == 0 then redis.call('append', 'k' .. (i % 900), string.rep('y', i % 300)) end
end
return redis.call('dbsize')
"""


def redis_load(call, folder, scale):
    """
    The server on a socket of its own; it forks to save, reads that again, and is told to end. It is the
    program that checks files of it, by another name: so it comes without the package that starts a service.
    """
    path, program = folder / "s", folder / "redis-server"
    program.symlink_to(shutil.which("redis-check-rdb"))
    server = call([str(program), "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder),
                   "--enable-debug-command", "local"], wait=False)

    def ask(*words):
        return call(["redis-cli", "-s", str(path), *words], heap=False)

    try:
        for _ in range(200):
            if path.exists():
                break
            time.sleep(0.05)
        call(["redis-benchmark", "-s", str(path), "-q", "-c", "20", "-n", str(2000 * scale), "-r", "1000",
              "-t", "set,lpush,lpop,sadd,hset,zadd,mset"], heap=False)
        out = ask("flushall") + ask("eval", LUA, "0", str(scale)) + ask("debug", "digest") + ask("bgsave")
        for _ in range(200):
            if b"rdb_bgsave_in_progress:0" in ask("info", "persistence"):
                break
            time.sleep(0.05)
        out += b"".join(line + b"\n" for line in ask("info", "persistence").splitlines() if b"bgsave_status" in line)
        out += ask("debug", "reload") + ask("debug", "digest") + ask("sort", "l3", "alpha", "limit", "0", "9")
        out += ask("zrange", "z3", "0", "-1", "withscores") + ask("hgetall", "h5") + ask("get", "k17")
        ask("shutdown", "nosave")
        return out + str(server.wait(timeout=60)).encode()
    finally:
        server.kill()
        server.wait()


# name: (programs that it takes, load, programs that must have looked at their heap, in the short form too?)
LOADS = {
    "python3": (["python3"], python_load, {"python3": 1}, True),
    "gcc": (["gcc"], gcc_load, {"gcc": 2, "cc1": 2, "as": 2}, True),
    "sqlite3": (["sqlite3"], sqlite_load, {"sqlite3": 1}, True),
    "git": (["git"], git_load, {"git": 9}, True),
    "redis-server": (["redis-check-rdb", "redis-cli", "redis-benchmark"], redis_load, {"redis-server": 1}, False),
}


def missing(programs):
    return [program for program in programs if shutil.which(program) is None]
