"""A well-behaved client beside a peer that is not: it goes on getting right answers, and the server's memory stays bounded."""
import threading

from checks import ensure, equal

MIB = 1 << 20
# What a flood may add to the server's memory for good or for a while: its limits are a few MiB a connection, and a debug
# build's heap needs room.
GROWTH_BYTES = 64 * MIB


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


class Bystander:
    """Makes the same call over and over, from `with` to its end, and fails for a single answer that differs from the first.

    `call` makes one call and returns its answer; `pid` is the server's; `growth` is in bytes."""

    def __init__(self, call, pid, growth=GROWTH_BYTES):
        self.call, self.pid, self.growth = call, pid, growth
        self.count, self.most, self.fault, self.stopping = 0, 0, None, threading.Event()
        self.right = call()
        self.before = resident_bytes(pid)
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            while not self.stopping.is_set():
                equal(self.call(), self.right, "the bystander's answer")
                self.count += 1
                self.most = max(self.most, resident_bytes(self.pid))
        except Exception as error:
            self.fault = error

    def __enter__(self):
        self.thread.start()
        self.wait(20)
        return self

    def wait(self, calls):
        """Until so many more calls are answered."""
        wanted = self.count + calls
        while self.count < wanted and self.thread.is_alive():
            self.stopping.wait(0.001)

    def __exit__(self, kind, *_):
        if kind is None:
            self.wait(20)
        self.stopping.set()
        self.thread.join()
        if kind is None:
            if self.fault:
                raise self.fault
            growth = self.most - self.before
            ensure(growth <= self.growth, f"the server's memory grew by {growth // MIB} MiB")
