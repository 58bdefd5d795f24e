"""Heap allocations per PredictById at steady state, counted in the running server.

Every allocation is counted with its call stack: ours when the innermost frame that is known belongs to churn or to
protobuf-c, the transport's when it belongs to SwiftNIO, else other. A short run is taken from a long one, so that what
a connection costs to open and to close falls out."""
import bisect
import collections
import contextlib
import mmap
import os
import re
import struct
import subprocess
import tempfile

import harness

FRAMES, STACKS, HEADER = 24, 4096, 32  # of struct counters in Benchmarks/alloc/count-allocations.c
STACK = 16 + 8 * FRAMES
SAMPLING, LOST = 16, 24
OURS = "9ChurnBase|12ChurnServing|11ChurnServer|13ChurnProtocol|10ChurnModel|13ChurnFeatures"
SIDES = {
    "ours": re.compile(rf"\$s\d*(?:{OURS})|churn__v1|protobuf_c_"),
    "transport": re.compile(r"\$s(?:7NIOCore|8NIOPosix|20NIOConcurrencyHelpers)"),
}


class Symbols:
    """Names for addresses within the server's own program."""

    def __init__(self, program, pid):
        listing = subprocess.run(["nm", "--defined-only", program], check=True, capture_output=True, text=True)
        entries = sorted((int(line[:16], 16), line[19:]) for line in listing.stdout.splitlines() if line[17] in "tTwW")
        self.starts, self.names = [start for start, _ in entries], [name for _, name in entries]
        program = os.path.realpath(program)
        with open(f"/proc/{pid}/maps") as lines:
            spans = [line.split() for line in lines if line.rstrip().endswith(program)]
        ends = [tuple(int(end, 16) for end in span[0].split("-")) for span in spans]
        self.base, self.end = min(start for start, _ in ends), max(end for _, end in ends)

    def name(self, address):
        if not self.base <= address < self.end:
            return ""
        # A return address may be the first byte of the next function.
        return self.names[max(0, bisect.bisect_right(self.starts, address - self.base - 1) - 1)]


def side(names):
    for name in names:
        for found, pattern in SIDES.items():
            if pattern.match(name):
                return found
    return "other"


class Counter:
    """The counters of one running server."""

    def __init__(self, counters, symbols, port):
        self.counters, self.symbols, self.port = counters, symbols, port

    def run(self, run):
        """How many each place made during one run, and how many calls that run answered."""
        counters = self.counters
        counters[HEADER:] = bytes(len(counters) - HEADER)
        struct.pack_into("<Q", counters, SAMPLING, 1)
        answers = run()["answers"]
        struct.pack_into("<Q", counters, SAMPLING, 0)
        if struct.unpack_from("<Q", counters, LOST)[0]:
            raise SystemExit("more places allocate than there is room for")
        places = collections.Counter()
        for at in range(HEADER, HEADER + STACKS * STACK, STACK):
            _, count = struct.unpack_from("<QQ", counters, at)
            frames = struct.unpack_from(f"<{FRAMES}Q", counters, at + 16)
            names = [self.symbols.name(frame) for frame in frames if frame]
            if count:
                places[side(names), next((name for name in names if name), "?")] += count
        return places, answers

    def shares(self, run, seconds):
        """Allocations per call, by whose they are, and the number of calls. `run` answers calls for so many seconds."""
        # The first run also shows that the counter counts: opening a connection does allocate.
        if not self.run(lambda: run(seconds))[0]:
            raise SystemExit("nothing was counted")
        short, short_answers = self.run(lambda: run(seconds))
        long, long_answers = self.run(lambda: run(4 * seconds))
        requests = long_answers - short_answers
        sides = collections.Counter()
        for place in set(short) | set(long):
            sides[place[0]] += long[place] - short[place]
        for (whose, first), count in (long - short).most_common(6):
            harness.say(f"  {count:8} more in {requests:,} requests  {whose:9}  {first}")
        return {whose: count / requests for whose, count in sides.items()}, requests


@contextlib.contextmanager
def counted(folder, build=harness.OURS):
    """A server whose allocations are counted."""
    with tempfile.NamedTemporaryFile(dir=harness.OUT) as file:
        environment = {"LD_PRELOAD": f"{harness.OUT}/count-allocations.so", "COUNT_ALLOCATIONS": file.name}
        with harness.churn(folder, environment, build) as (port, child):
            yield Counter(mmap.mmap(file.fileno(), 0), Symbols(build.churn, child.pid), port)
