"""What starts, sends to and surely stops the servers of Benchmarks/: for the rows (bench.py) and for Benchmarks/compare.
Standard library only; the peers have an environment of their own."""
import contextlib
import ctypes
import functools
import json
import os
import shlex
import signal
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, ".build/benchmarks")
LOAD = os.path.join(OUT, "load")
PYTHON = os.path.join(ROOT, ".build/venv-benchmarks/bin/python")
HERE = os.path.dirname(os.path.abspath(__file__))

SMALL, LARGE = 4_339, 1_000_000
BATCH_ROWS = 100_000
START_SECONDS = 60


@dataclass(frozen=True)
class Build:
    """A checkout of this repository with its release build, or with another program that was made of it."""

    root: str
    program: str = ""

    @property
    def churn(self):
        return self.program or os.path.join(self.root, ".build/release/churn")


OURS = Build(ROOT)

# So that what is `running` is stopped too.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def say(text):
    print(text, file=sys.stderr, flush=True)


# --- Data ----------------------------------------------------------------------------------------------------


@functools.cache
def data(customers, build=OURS):
    """The folder of a prepared store with its expected answers; see prepare.py. Made once, by the build that reads it."""
    folder = os.path.join(build.root, ".build/benchmarks/data", str(customers))
    prepare = os.path.join(HERE, "prepare.py")
    subprocess.run([PYTHON, prepare, build.churn, str(customers), folder], check=True, stdout=sys.stderr)
    return folder


# --- Processes -----------------------------------------------------------------------------------------------


def pinned(core, command):
    """The command on one core: the server on 0, what asks it on 1. With one core there is nothing to separate."""
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(cores[core]), *command] if len(cores) > 1 else command


alive = []  # the children that are `running`


@contextlib.contextmanager
def running(command, stop_seconds=15, **options):
    """A child that does not outlive the block, whatever ends it."""
    child = subprocess.Popen(command, **options)
    alive.append(child.pid)
    try:
        yield child
    finally:
        alive.remove(child.pid)
        child.terminate()
        try:
            child.wait(stop_seconds)
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


def serve_command(folder, port=0, build=OURS):
    """`churn serve` with one event loop. CHURN_BENCH_SERVE_ARGS adds to it, for comparing two forms of ours."""
    return [
        build.churn, "serve", "--store", f"sqlite:{folder}/store.sqlite", "--models", f"{build.root}/models",
        "--model", "seed-logistic", "--event-loops", "1", "--log-level", "warning", "--json",
        "--listen", f"127.0.0.1:{port}",
        *shlex.split(os.environ.get("CHURN_BENCH_SERVE_ARGS", "")),
    ]  # fmt: skip


@contextlib.contextmanager
def churn(folder, environment=None, build=OURS, under=(), stop_seconds=15):
    """Our server; gives its port and its process. Ready when it has answered for a customer. `under` is the command
    line of a program that runs it."""
    command = pinned(0, [*under, *serve_command(folder, build=build)])
    environment = {**os.environ, **(environment or {})}
    with running(command, stop_seconds, stdout=subprocess.PIPE, text=True, env=environment) as child:
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


def lines(*command):
    """The lines that a program prints."""
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)} ended with status {done.returncode}")
    return done.stdout.strip().split("\n")


def generate(command):
    """One run of a load generator, on core 1; its JSON. It ends the row when an answer was wrong."""
    command = pinned(1, [str(word) for word in command])
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=300)
    if done.returncode != 0:
        raise SystemExit(f"{shlex.join(command)} ended with status {done.returncode}")
    return json.loads(done.stdout)


def load(*arguments):
    return generate([LOAD, *arguments])


def calls(protocol, port, folder, connections, depth, seconds, warmup, **more):
    """A closed loop, or with rate= an open one, for one customer a call."""
    options = {"protocol": protocol, "port": port, "ids": f"{folder}/customers.bin", "connections": connections,
               "depth": depth, "seconds": seconds, "warmup": warmup, **more}  # fmt: skip
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
        with connect(port) as connection:
            answer = exchange(connection, b"\x09" + struct.pack("<Q", 1) + b"\x32\x00")
    except (OSError, struct.error):
        return False
    return answer[9:10] == b"\x32" and b"\x08\x01" in answer[10:14]


def connect(port):
    return socket.create_connection(("127.0.0.1", port), 5)


def ask(connection, customer):
    """The probability of a customer, or None for a status: not ready yet, or no such customer."""
    method = b"\x22\x09\x09" + struct.pack("<q", customer)
    answer = exchange(connection, b"\x09" + struct.pack("<Q", 1) + method)
    return struct.unpack_from("<d", answer, 21)[0] if answer[9:10] == b"\x22" else None


def predict(port, expected):
    """Whether a new connection gets the expected probability of the customer."""
    customer, probability = expected
    try:
        with connect(port) as connection:
            answered = ask(connection, customer)
    except (OSError, struct.error):
        return False
    if answered is not None and abs(answered - probability) > 1e-12:
        raise SystemExit(f"customer {customer}: {answered}, expected {probability}")
    return answered is not None


# --- Starting ---------------------------------------------------------------------------------------------------


def anonymous_mb(pid):
    with open(f"/proc/{pid}/smaps_rollup") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:")) / 1000


def until(ready, child, begun):
    """Milliseconds until it is; asked again at once, on the other core."""
    while not ready():
        if time.monotonic() - begun > START_SECONDS or child.poll() is not None:
            raise SystemExit(f"{child.args} does not answer")
    return 1000 * (time.monotonic() - begun)


def start(folder, build=OURS):
    """From exec to the first answered Health and the first right PredictById in ms, and anonymous memory in MB."""
    port, expected = free_port(), first_customer(folder)
    begun = time.monotonic()
    command = pinned(0, serve_command(folder, port, build))
    with running(command, stdout=subprocess.DEVNULL) as child:
        healthy = until(lambda: health(port), child, begun)
        right = until(lambda: predict(port, expected), child, begun)
        return healthy, right, anonymous_mb(child.pid)


# --- What else the machine did ---------------------------------------------------------------------------------


def process_seconds(pid):
    """What a process has used, to the nanosecond, with its threads that have ended: clock_getcpuclockid(3)."""
    clock = ctypes.c_int()
    if ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock)) != 0:
        raise SystemExit(f"process {pid} is gone")
    return time.clock_gettime(clock.value)


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
