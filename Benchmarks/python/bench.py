"""What the rows of Benchmarks/ share: places, servers that are started and surely stopped, interleaved runs, one line
of JSON a comparison. Standard library only; the peers have an environment of their own."""
import argparse
import contextlib
import json
import os
import shlex
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, ".build/benchmarks")
CHURN = os.path.join(ROOT, ".build/release/churn")
CHURN_BENCH = os.path.join(ROOT, ".build/release/churn-bench")
LOAD = os.path.join(OUT, "load")
PYTHON = os.path.join(ROOT, ".build/venv-benchmarks/bin/python")
HERE = os.path.dirname(os.path.abspath(__file__))

SMALL, LARGE = 4_339, 1_000_000
BATCH_ROWS = 100_000
START_SECONDS = 60

parser = argparse.ArgumentParser()
parser.add_argument("--tiny", action="store_true", help="seconds in all; every part runs, the figures mean nothing")
tiny = parser.parse_args().tiny

RUNS = 1 if tiny else 5
SECONDS = 0.1 if tiny else 1.5
WARM_UP = 0.05 if tiny else 0.3
SIZES = [SMALL] if tiny else [SMALL, LARGE]


# So that what is `running` is stopped too.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def say(text):
    print(text, file=sys.stderr, flush=True)


# --- Data ----------------------------------------------------------------------------------------------------


def data(customers):
    """The folder of a prepared store with its expected answers; see prepare.py. Made once."""
    folder = os.path.join(OUT, "data", str(customers))
    prepare = os.path.join(HERE, "prepare.py")
    subprocess.run([PYTHON, prepare, CHURN, str(customers), folder], check=True, stdout=sys.stderr)
    return folder


# --- Processes -----------------------------------------------------------------------------------------------


def pinned(core, command):
    """The command on one core: the server on 0, what asks it on 1. With one core there is nothing to separate."""
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(cores[core]), *command] if len(cores) > 1 else command


alive = []  # the children that are `running`


@contextlib.contextmanager
def running(command, **options):
    """A child that does not outlive the block, whatever ends it."""
    child = subprocess.Popen(command, **options)
    alive.append(child.pid)
    try:
        yield child
    finally:
        alive.remove(child.pid)
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        for stream in (child.stdin, child.stdout):
            if stream:
                stream.close()


def first_line(child):
    line = child.stdout.readline()
    if not line:
        raise SystemExit(f"{child.args} ended before it was ready, with status {child.wait()}")
    return line


def serve_command(folder, port=0):
    """`churn serve` with one event loop. CHURN_BENCH_SERVE_ARGS adds to it, for comparing two forms of ours."""
    return [
        CHURN, "serve", "--store", f"sqlite:{folder}/store.sqlite", "--models", f"{ROOT}/models",
        "--model", "seed-logistic", "--event-loops", "1", "--log-level", "warning", "--json",
        "--listen", f"127.0.0.1:{port}",
        *shlex.split(os.environ.get("CHURN_BENCH_SERVE_ARGS", "")),
    ]  # fmt: skip


@contextlib.contextmanager
def churn(folder, environment=None):
    """Our server; gives its port and its process. Ready when it has answered for a customer."""
    command = pinned(0, serve_command(folder))
    with running(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}) as child:
        port = json.loads(first_line(child))["port"]
        customer = first_customer(folder)
        deadline = time.monotonic() + START_SECONDS
        while not predict(port, customer):
            if time.monotonic() > deadline or child.poll() is not None:
                raise SystemExit("churn serve does not answer")
            time.sleep(0.01)
        yield port, child


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


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
def grpc(folder):
    command = [f"{OUT}/grpc-server", f"{folder}/features.csv", f"{folder}/model.csv"]
    with running(pinned(0, command), stdout=subprocess.PIPE, text=True) as child:
        yield int(first_line(child))


def lines(*command):
    """The lines that a program prints."""
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)} ended with status {done.returncode}")
    return done.stdout.strip().split("\n")


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


def generate(command):
    """One run of a load generator, on core 1; its JSON. It ends the row when an answer was wrong."""
    command = pinned(1, [str(word) for word in command])
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=300)
    if done.returncode != 0:
        raise SystemExit(f"{shlex.join(command)} ended with status {done.returncode}")
    return json.loads(done.stdout)


def load(*arguments):
    return generate([LOAD, *arguments])


def calls(protocol, port, folder, connections, depth, **more):
    """A closed loop, or with rate= an open one, for one customer a call."""
    options = {"protocol": protocol, "port": port, "ids": f"{folder}/customers.bin", "connections": connections,
               "depth": depth, "seconds": SECONDS, "warmup": WARM_UP, **more}  # fmt: skip
    arguments = [word for key, value in options.items() for word in (f"--{key}", value)]
    return load("open" if "rate" in more else "closed", *arguments)


# --- One call of our own, for readiness ---------------------------------------------------------------------


def first_customer(folder):
    with open(f"{folder}/customers.bin", "rb") as file:
        return struct.unpack("<qd", file.read(16))


def exchange(connection, payload):
    connection.sendall(struct.pack(">I", len(payload)) + payload)
    (length,) = struct.unpack(">I", connection.recv(4, socket.MSG_WAITALL))
    return connection.recv(length, socket.MSG_WAITALL)


def health(port):
    """Whether a new connection is answered with a healthy state: field 6 begins with `08 01`, SERVING."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            answer = exchange(connection, b"\x09" + struct.pack("<Q", 1) + b"\x32\x00")
    except (OSError, struct.error):
        return False
    return answer[9:10] == b"\x32" and b"\x08\x01" in answer[10:14]


def predict(port, expected):
    """Whether a new connection gets the expected probability of the customer."""
    customer, probability = expected
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            method = b"\x22\x09\x09" + struct.pack("<q", customer)
            answer = exchange(connection, b"\x09" + struct.pack("<Q", 1) + method)
    except (OSError, struct.error):
        return False
    if answer[9:10] != b"\x22":
        return False  # a status: not ready yet
    (answered,) = struct.unpack_from("<d", answer, 21)
    if abs(answered - probability) > 1e-12:
        raise SystemExit(f"customer {customer}: {answered}, expected {probability}")
    return True


# --- Results ----------------------------------------------------------------------------------------------------


def cpu_seconds():
    """What all programs of this machine have used, and what this one and its children have."""
    tick = os.sysconf("SC_CLK_TCK")
    with open("/proc/stat") as lines:
        fields = next(lines).split()
    # User, nice and system time, and what the host gave to others.
    everybody = sum(int(fields[at]) for at in (1, 2, 3, 8)) / tick
    finished = os.times()
    ours = finished.user + finished.system + finished.children_user + finished.children_system
    for pid in alive:
        with open(f"/proc/{pid}/stat") as file:
            ours += sum(int(ticks) for ticks in file.read().rpartition(")")[2].split()[11:13]) / tick
    return everybody, ours


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


def emit(row, measure, unit, ours, peers=(), ratio=None, goal="", note="", runs=None):
    """One comparison. `goal` is "<= 1.1" or ">= 3" and holds for the ratio, or for ours where there is none."""
    if disturbance > 0.05:
        note = "; ".join(filter(None, [note, f"not quiet: others used {disturbance:.2f} cores meanwhile"]))
    value, met = ours if ratio is None else ratio, None
    if goal and not tiny:
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
