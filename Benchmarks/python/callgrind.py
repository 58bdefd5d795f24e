"""Instructions that the server executes per call and per row of a batch, counted by callgrind.

A count differs between two runs by what the server does by the clock, a few parts in ten thousand, however busy the
machine is. What starting the server and its first calls cost is taken off: every lifetime of the server answers a few
calls of each kind, and all but the first many more of one kind. The kernels are the baseline ones, since valgrind has
no AVX-512; what the kernel of the operating system does is not counted."""
import contextlib
import os
import re
import subprocess
import tempfile

import harness

CUSTOMERS = harness.SMALL
STOP_SECONDS = 120

# What is counted: unit by unit, how many in every lifetime, how many more in one.
KINDS = {
    "PredictById, depth 1": ("call", 1_000, 20_000),
    "PredictById, depth 16": ("call", 1_600, 64_000),
    "PredictBatch by columns": ("row", harness.BATCH_ROWS, 10 * harness.BATCH_ROWS),
    "PredictBatch by ids": ("row", harness.BATCH_ROWS, 10 * harness.BATCH_ROWS),
}


def send(kind, count, port, folder):
    """Has the server answer so many calls, or rows, of one kind. Which frames arrive together depends on the
    generator alone: one connection, and one write at a time."""
    if kind.startswith("PredictById"):
        depth = int(kind.split()[-1])
        harness.calls("churn", port, folder, 1, depth, seconds=1, warmup=0, calls=count)
    else:
        rows = harness.BATCH_ROWS
        what = ["--rows", f"{folder}/rows.csv"] if kind.endswith("columns") else [
            "--ids", f"{folder}/customers.bin", "--batch-ids", rows]  # fmt: skip
        harness.load("batch", "--port", port, "--warmup-runs", 0, "--runs", count // rows, *what)


def lifetime(build, folder, counts):
    """Instructions from the start of a server to its end, with so many of each kind between."""
    with tempfile.TemporaryDirectory(dir=harness.OUT) as place:
        out = os.path.join(place, "callgrind.out")
        under = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", f"--log-file={place}/log"]
        environment = {"CHURN_CPU_LEVEL": "baseline", "LD_PRELOAD": f"{harness.OUT}/sigsuspend.so"}
        with harness.churn(folder, environment, build, under, STOP_SECONDS) as (port, child):
            for kind, count in counts.items():
                send(kind, count, port, folder)
        with contextlib.suppress(OSError), open(out) as lines:
            for line in lines:
                if found := re.match(r"(?:summary|totals): (\d+)", line):
                    return int(found.group(1))
        with open(f"{place}/log") as log:
            raise SystemExit(f"callgrind counted nothing; the server ended with status {child.returncode}\n{log.read()}")


def instructions(build, kinds=tuple(KINDS)):
    """For each kind, instructions per call or per row."""
    folder = harness.data(CUSTOMERS, build)
    with tempfile.TemporaryDirectory(dir=harness.OUT) as place:
        # Valgrind reads debugging information for minutes.
        stripped = os.path.join(place, "churn")
        subprocess.run(["strip", "--strip-debug", "-o", stripped, build.churn], check=True)
        build = harness.Build(build.root, stripped)
        few = {kind: KINDS[kind][1] for kind in kinds}
        base = lifetime(build, folder, few)
        result = {}
        for kind in kinds:
            _, least, more = KINDS[kind]
            result[kind] = (lifetime(build, folder, few | {kind: least + more}) - base) / more
            harness.say(f"  {kind}: {result[kind]:,.1f} instructions per {KINDS[kind][0]}")
    return result
