"""The transactions that rows 8 and 9 read: the real data set, unpacked once; made up where it is missing."""
import gzip
import os
import shutil
import subprocess

import harness

# From the thirteenth of the first month on: dates of the days before may be read in two ways.
TINY_SKIPPED_LINES = 26_700
TINY_LINES = 3_000


def source():
    """The packed or plain file, or None. As the tests look for it."""
    path = os.environ.get("CHURN_DATA") or os.path.join(harness.ROOT, "../shared/data/online_retail.csv.gz")
    return path if os.path.isfile(path) else None


def file(tiny=False):
    """The path of a plain CSV file and what it is."""
    folder = os.path.join(harness.OUT, "data")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "transactions.csv")
    if not os.path.exists(path):
        partial = path + ".partial"
        packed = source()
        if packed is None:
            harness.say("  no real data set (docs/data.md): made-up transactions")
            subprocess.run([harness.OURS.churn, "generate", "--output", partial], check=True, stdout=subprocess.DEVNULL)
        else:
            with open(packed, "rb") as stored:
                is_gzip = stored.read(2) == b"\x1f\x8b"
            with (gzip.open if is_gzip else open)(packed, "rb") as stored, open(partial, "wb") as plain:
                shutil.copyfileobj(stored, plain, 1 << 20)
        os.replace(partial, path)
    if tiny:
        short = os.path.join(folder, "transactions-tiny.csv")
        with open(path, "rb") as lines, open(short, "wb") as target:
            target.write(lines.readline())
            for _ in range(TINY_SKIPPED_LINES):
                lines.readline()
            for _ in range(TINY_LINES):
                target.write(lines.readline())
        path = short
    return path, f"{os.path.getsize(path) / 1e6:.1f} MB"
