"""Runs the MongoDB stand-in (see requirements.txt) until the process that started it is gone.

    mongo_server.py PORT DIRECTORY

A test process that crashes stops nobody, and must not leave servers or their data behind.
"""

import os
import shutil
import sys
import threading
import time

from nx_27017.nx_27017 import main


def end_with(parent: int, directory: str) -> None:
    while os.getppid() == parent:
        time.sleep(0.2)
    shutil.rmtree(directory, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    port, directory = sys.argv[1:]
    threading.Thread(target=end_with, args=(os.getppid(), directory), daemon=True).start()
    sys.argv = [
        "nx-27017", "--data-dir", directory, "-p", port,
        "--log-file", f"{directory}/log", "--pid-file", f"{directory}/pid",
    ]  # fmt: skip
    sys.exit(main())
