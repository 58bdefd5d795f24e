"""What Benchmarks/compare measures of two builds, in turn, and what it makes of the pairs."""
import contextlib
import glob
import math
import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from typing import Callable

import harness
import transactions

ROWS = ("1", "2", "3", "5", "6", "8", "9", "11", "13")
WARM_UP_SECONDS = 0.1


# --- Statistics ------------------------------------------------------------------------------------------------


def end_rank(count):
    """The rank of the pairwise mean at which an interval of at least 95 % ends, counted from either side: the largest
    r with P(T < r) <= 0.025, where T is Wilcoxon's signed-rank statistic of so many pairs without a difference. 0 when
    so few pairs have no such interval."""
    ways = [1]  # by T
    for rank in range(1, count + 1):
        ways = [
            (ways[total] if total < len(ways) else 0) + (ways[total - rank] if total >= rank else 0)
            for total in range(len(ways) + rank)
        ]
    below, rank = 0, 0
    while below + ways[rank] <= 0.025 * 2**count:
        below += ways[rank]
        rank += 1
    return rank


@dataclass(frozen=True)
class Ratio:
    """After / before of the same round. The estimate is the median of the pairwise geometric means (Hodges, Lehmann),
    and the interval that of Wilcoxon's signed-rank test: no distribution is assumed but that a ratio and its inverse
    are as likely when nothing differs, which changing the order within every round sees to. None: too few rounds."""

    estimate: float
    low: float | None
    high: float | None


def ratio(before, after):
    logs = [math.log(b / a) for a, b in zip(before, after, strict=True)]
    means = sorted((logs[i] + logs[j]) / 2 for i in range(len(logs)) for j in range(i, len(logs)))
    middle = (means[(len(means) - 1) // 2] + means[len(means) // 2]) / 2
    rank = end_rank(len(logs))
    ends = (means[rank - 1], means[-rank]) if rank else (None, None)
    return Ratio(math.exp(middle), *(None if end is None else math.exp(end) for end in ends))


# --- Measures --------------------------------------------------------------------------------------------------


@dataclass
class Cell:
    """One line of the table: a cost (less is better) of both builds, by rounds."""

    row: str
    measure: str
    unit: str
    shown: Callable  # from the cost to what the unit says
    run: Callable  # one short run against a Side: its cost, and how many calls or rows it was
    before: list = field(default_factory=list)
    after: list = field(default_factory=list)
    processor_before: list = field(default_factory=list)
    processor_after: list = field(default_factory=list)
    others: float = 0.0  # seconds of processor time that other programs, or the host, used meanwhile
    elapsed: float = 0.0


@dataclass(frozen=True)
class Side:
    build: harness.Build
    folder: str
    port: int = 0
    pid: int = 0


def processor_seconds(pid):
    """What a process has used, to the nanosecond: the sum over its threads."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with contextlib.suppress(OSError), open(path) as file:
            total += int(file.read().split()[0])
    return total / 1e9


def calls_cell(row, customers, connections, depth, seconds):
    def run(side):
        result = harness.calls("churn", side.port, side.folder, connections, depth, seconds, 0)
        return 1 / result["answers_a_second"], result["answers"]

    measure = f"PredictById, {customers:,} customers, {connections} connections, depth {depth}"
    return Cell(row, measure, "calls/s", lambda cost: 1 / cost, run)


def batch_cell(row, kind, customers, seconds):
    rows, runs = harness.BATCH_ROWS, max(3, round(400 * seconds))

    def run(side):
        what = ["--rows", f"{side.folder}/rows.csv"] if kind == "columns" else [
            "--ids", f"{side.folder}/customers.bin", "--batch-ids", rows]  # fmt: skip
        result = harness.load("batch", "--port", side.port, "--runs", runs, "--warmup-runs", 1, *what)
        return result["ns_a_row"], rows * (runs + 1)

    return Cell(row, f"PredictBatch, {rows:,} rows by {kind}, {customers:,} customers", "ns/row", float, run)


def start_cells(customers):
    """Row 11: three figures of one start."""
    measures = (("exec to first Health", "ms"), ("exec to first PredictById", "ms"), ("anonymous memory, idle", "MB"))
    return [Cell("11", f"{what}, {customers:,} customers", unit, float, None) for what, unit in measures]


def program_cell(row, measure, *arguments):
    """A program that runs once and ends. `{place}` in its arguments is a new folder."""

    def run(side):
        with tempfile.TemporaryDirectory(dir=harness.OUT) as place:
            command = [side.build.churn, *(word.format(place=place) for word in arguments)]
            used, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run(harness.pinned(1, command), check=True, stdout=subprocess.DEVNULL)
            elapsed, now = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        return 1000 * elapsed, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime

    return Cell(row, measure, "ms", float, run)


def program_cells(rows, tiny):
    """Rows 8 and 9, as whole programs: an earlier commit may have no other way to be asked."""
    if not {"8", "9"} & set(rows):
        return []
    file, what = transactions.file(tiny)
    cells = [
        program_cell("8", f"churn features FILE, {what}", "features", file, "--output", "{place}/features.csv"),
        program_cell("9", f"churn ingest FILE, {what}", "ingest", "--store", "sqlite:{place}/store.sqlite", file),
    ]
    return [cell for cell in cells if cell.row in rows]


def serving_cells(rows, customers, sizes, seconds):
    """What is asked of a server with so many customers."""
    large = customers == sizes[-1]
    cells = [calls_cell(row, customers, connections, depth, seconds)
             for row, depth in (("1", 16), ("2", 1)) for connections in (16, 64)]  # fmt: skip
    if large:
        cells += [calls_cell("3", customers, 16, depth, seconds) for depth in (1, 16)]
        cells += [batch_cell("5", "columns", customers, seconds), batch_cell("6", "ids", customers, seconds)]
    return [cell for cell in cells if cell.row in rows]


# --- Rounds ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def watched(*cells):
    """Adds up what others used during the block."""
    begun, before = time.monotonic(), harness.cpu_seconds()
    yield
    after, elapsed = harness.cpu_seconds(), time.monotonic() - begun
    for cell in cells:
        cell.others += max(0, (after[0] - before[0]) - (after[1] - before[1]))
        cell.elapsed += elapsed


def mirrored(forward):
    """Before, after, after, before, or the other way round: what drifts evenly within a round falls out."""
    return (0, 1, 1, 0) if forward else (1, 0, 0, 1)


def mean(values):
    return sum(values) / len(values)


def serve_round(builds, customers, cells, forward):
    """Each cell once for either build. Servers are new in every round: where one has its memory is luck, which would
    be the same in all rounds of a server that stays."""
    with contextlib.ExitStack() as stack:
        sides = [None, None]
        for at in (0, 1) if forward else (1, 0):
            folder = harness.data(customers, builds[at])
            port, child = stack.enter_context(harness.churn(folder, build=builds[at]))
            sides[at] = Side(builds[at], folder, port, child.pid)
            harness.calls("churn", port, folder, 16, 16, WARM_UP_SECONDS, 0)
        for cell in cells:
            costs, processor = ([], []), ([], [])
            with watched(cell):
                for at in mirrored(forward):
                    used = processor_seconds(sides[at].pid)
                    cost, count = cell.run(sides[at])
                    costs[at].append(cost)
                    processor[at].append((processor_seconds(sides[at].pid) - used) / count)
            cell.before.append(mean(costs[0]))
            cell.after.append(mean(costs[1]))
            cell.processor_before.append(mean(processor[0]))
            cell.processor_after.append(mean(processor[1]))


def program_round(builds, cells, forward):
    for cell in cells:
        costs, processor = ([], []), ([], [])
        with watched(cell):
            for at in mirrored(forward):
                cost, used = cell.run(Side(builds[at], ""))
                costs[at].append(cost)
                processor[at].append(used)
        cell.before.append(mean(costs[0]))
        cell.after.append(mean(costs[1]))
        cell.processor_before.append(mean(processor[0]))
        cell.processor_after.append(mean(processor[1]))


def start_round(builds, customers, cells, forward):
    figures = ([], [])
    folders = [harness.data(customers, build) for build in builds]
    with watched(*cells):
        for at in mirrored(forward):
            figures[at].append(harness.start(folders[at], builds[at]))
    for at, cell in enumerate(cells):
        cell.before.append(mean([figure[at] for figure in figures[0]]))
        cell.after.append(mean([figure[at] for figure in figures[1]]))


def compare(builds, rows, sizes, rounds, seconds, tiny):
    """The cells of the chosen rows, after so many rounds."""
    serving = {size: serving_cells(rows, size, sizes, seconds) for size in sizes}
    starting = {size: start_cells(size) if "11" in rows else [] for size in sizes}
    programs = program_cells(rows, tiny)
    for number in range(rounds):
        forward = number % 2 == 0
        program_round(builds, programs, forward)
        for size in sizes:
            if serving[size]:
                serve_round(builds, size, serving[size], forward)
            if starting[size]:
                start_round(builds, size, starting[size], forward)
        harness.say(f"  round {number + 1} of {rounds}")
    cells = programs + [cell for part in (serving, starting) for size in sizes for cell in part[size]]
    return sorted(cells, key=lambda cell: int(cell.row))
