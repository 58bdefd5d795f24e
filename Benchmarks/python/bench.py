"""What the rows of Benchmarks/ share: their settings, their peers, interleaved runs, one line of JSON a comparison.
Standard library only; the peers have an environment of their own."""
import argparse
import contextlib
import json
import os
import statistics
import subprocess
import tempfile
import time

import harness
from harness import *

CHURN = OURS.churn
CHURN_BENCH = os.path.join(OUT, "swift/release/churn-bench")

parser = argparse.ArgumentParser()
parser.add_argument("--tiny", action="store_true", help="seconds in all; every part runs, the figures mean nothing")
tiny = parser.parse_args().tiny

RUNS = 1 if tiny else 5
SECONDS = 0.1 if tiny else 1.5
WARM_UP = 0.05 if tiny else 0.3
SIZES = [SMALL] if tiny else [SMALL, LARGE]


# --- Peers -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def redis(folder):
    """A Redis that keeps nothing on disk, with a value as long as our answer under the id of every customer."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
               "--io-threads", "1", "--dir", OUT]  # fmt: skip
    with running(pinned(0, command), stdout=subprocess.DEVNULL) as child:
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if time.monotonic() > deadline or child.poll() is not None:
                raise SystemExit("redis-server does not answer")
            time.sleep(0.01)
        load("fill", "--port", port, "--ids", f"{folder}/customers.bin", "--value-bytes", 112)
        yield port


@contextlib.contextmanager
def grpc_server(folder):
    """The gRPC C++ peer: its port and its process."""
    command = [f"{OUT}/grpc-server", f"{folder}/features.csv", f"{folder}/model.csv"]
    with running(pinned(0, command), stdout=subprocess.PIPE, text=True) as child:
        yield int(first_line(child)), child


@contextlib.contextmanager
def grpc(folder):
    with grpc_server(folder) as (port, _):
        yield port


@contextlib.contextmanager
def mongodb(folder):
    """The tests' stand-in for MongoDB with the customers of a prepared store: its address and its process."""
    port = free_port()
    script = os.path.join(ROOT, "Tests/Peers/python/mongo_server.py")
    with tempfile.TemporaryDirectory(dir=OUT, ignore_cleanup_errors=True) as place:
        command = [PYTHON, script, str(port), place]
        with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as child:
            if not any("Listening on" in line for line in child.stderr):
                raise SystemExit("the MongoDB stand-in does not start")
            # It must not block on a full pipe.
            with running(["cat"], stdin=child.stderr, stdout=subprocess.DEVNULL):
                uri = f"mongodb://127.0.0.1:{port}/churn"
                lines(CHURN, "store", "copy", f"sqlite:{folder}/store.sqlite", uri)
                lines(CHURN, "features", "--store", uri)
                yield uri, child.pid


# --- Runs ----------------------------------------------------------------------------------------------------------


def calls(*arguments, **options):
    """A loop as harness.calls makes it, of the usual length."""
    return harness.calls(*arguments, **{"seconds": SECONDS, "warmup": WARM_UP, **options})


# --- Results ----------------------------------------------------------------------------------------------------


disturbance = 0.0  # of the last comparison: cores that other programs, or the host, used meanwhile


def interleaved(measures, runs=None):
    """The median of each measure over RUNS rounds, every round one of each: what drifts, drifts for all of them."""
    global disturbance
    values = {name: [] for name in measures}
    begun, before = time.monotonic(), cpu_seconds()
    for _ in range(runs or RUNS):
        for name, measure in measures.items():
            values[name].append(measure())
    after = cpu_seconds()
    disturbance = ((after[0] - before[0]) - (after[1] - before[1])) / (time.monotonic() - begun)
    for name, series in values.items():
        say(f"  {name}: {', '.join(f'{value:,.1f}' for value in series)}")
    return {name: statistics.median(series) for name, series in values.items()}


def emit(row, measure, unit, ours, peers=(), ratio=None, goal="", note="", runs=None, only_quiet=False):
    """One comparison. `goal` is "<= 1.1" or ">= 3" and holds for the ratio, or for ours where there is none. With
    `only_quiet` there is no verdict when others used the machine."""
    if disturbance > 0.05:
        note = "; ".join(filter(None, [note, f"not quiet: others used {disturbance:.2f} cores meanwhile"]))
    value, met = ours if ratio is None else ratio, None
    if goal and not tiny and not (only_quiet and disturbance > 0.05):
        relation, limit = goal.split()[:2]
        met = value <= float(limit) if relation == "<=" else value >= float(limit)
    print(json.dumps({
        "row": row, "measure": measure, "unit": unit, "ours": ours,
        "peers": [{"name": name, "value": value} for name, value in peers],
        "ratio": ratio, "goal": goal, "met": met, "runs": runs or RUNS, "note": note,
    }), flush=True)  # fmt: skip


def by_id(row, depth, goal):
    """Rows 1 and 2: calls answered a second, against GET."""
    for customers in SIZES:
        folder = data(customers)
        with churn(folder) as (port, _), redis(folder) as redis_port:
            for connections in (16, 64):
                measure = f"PredictById, {customers:,} customers, {connections} connections, depth {depth}"
                say(measure)
                rates = interleaved({
                    "churn": lambda: calls("churn", port, folder, connections, depth)["answers_a_second"],
                    "redis": lambda: calls("resp", redis_port, folder, connections, depth)["answers_a_second"],
                })  # fmt: skip
                emit(row, measure, "calls/s", rates["churn"], [("redis-server GET", rates["redis"])],
                     rates["churn"] / rates["redis"], goal)  # fmt: skip


@contextlib.contextmanager
def in_process(folder, kind, rows):
    """The Python libraries, ready in one process; gives what times each of them once, by name. Not pinned: one process
    may use both cores, as client and server together do."""
    command = [PYTHON, os.path.join(HERE, "in_process.py"), folder, kind, str(rows)]
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:

        def measure(name):
            # The first call of each is the libraries' warm-up.
            for _ in range(1 if tiny else 3):
                child.stdin.write(name + "\n")
                child.stdin.flush()
                taken = float(first_line(child))
            return taken

        yield {name: lambda name=name: measure(name) for name in json.loads(first_line(child))}


ATTEMPTS = 1 if tiny else 3
# A tail is noisier than a rate: more and shorter runs.
TAIL_RUNS = 1 if tiny else 9
spoilt = []  # of the last comparison: how late the generator sent at p99, in us, where that spoilt a run


def p99(protocol, port, folder, connections, rate, **more):
    """Microseconds at p99 of an open loop. A run in which the generator itself was late, mostly because another program
    had its core, says nothing of the server and is repeated."""
    for _ in range(ATTEMPTS):
        result = calls(protocol, port, folder, connections, 1, rate=rate, seconds=min(1, SECONDS), **more)
        if not result["saturated"]:
            break
        spoilt.append(result["late_ns"]["p99"] / 1000)
    return result["latency_ns"]["p99"] / 1000


def tails(measures):
    """Interleaved p99s, and what a reader must know of the runs."""
    spoilt.clear()
    medians = interleaved(measures, TAIL_RUNS)
    late = ", ".join(f"{us:,.0f}" for us in spoilt)
    return medians, f"repeated because the generator was late: {len(spoilt)} runs (p99 {late} us)" if spoilt else ""


def peak(port, folder, connections):
    """Calls a second of a closed loop at depth 1: the median of three."""
    closed = lambda: calls("churn", port, folder, connections, 1)["answers_a_second"]
    return interleaved({"peak": closed}, runs=1 if tiny else 3)["peak"]


def batch(row, kind, goal):
    """Rows 5 and 6: a round trip of 100,000 rows over TCP against libraries in process and against gRPC."""
    customers = SIZES[-1]
    folder, rows, runs = data(customers), BATCH_ROWS, 3 if tiny else 30
    with churn(folder) as (port, _), grpc(folder) as peer_port, in_process(folder, kind, rows) as libraries:
        if kind == "columns":
            ours = ["--rows", f"{folder}/rows.csv"]
            peer = ["columns", peer_port, f"{folder}/rows.csv", runs]
            measure = f"PredictBatch, {rows:,} rows x 3 columns, over TCP"
        else:
            ours = ["--ids", f"{folder}/customers.bin", "--batch-ids", rows]
            peer = ["ids", peer_port, f"{folder}/features.csv", runs, rows]
            measure = f"PredictBatch, {rows:,} random ids of {customers:,} customers, over TCP"
        say(measure)
        times = interleaved({
            "churn": lambda: load("batch", "--port", port, "--runs", runs, *ours)["ns_a_row"],
            "gRPC C++ callback": lambda: generate([f"{OUT}/grpc-load", *peer])["ns_a_row"],
            **libraries,
        })  # fmt: skip
        ours = times.pop("churn")
        note = f"medians of {runs} round trips a run; the libraries are in process and send nothing"
        emit(row, measure, "ns/row", ours, list(times.items()), None, goal, note)
