"""Runs the MongoDB stand-in (see requirements.txt) until the process that started it is gone.

    mongo_server.py PORT DIRECTORY [--replica-set]

With --replica-set it says that it is the primary of one, as servers do that have change streams; it has them anyhow.

A test process that crashes stops nobody, and must not leave servers or their data behind.
"""

import os
import shutil
import sys
import threading
import time

from nx_27017 import handler
from nx_27017.nx_27017 import main


def end_with(parent: int, directory: str) -> None:
    while os.getppid() == parent:
        time.sleep(0.2)
    shutil.rmtree(directory, ignore_errors=True)
    os._exit(0)


def pretend_replica_set(port: str) -> None:
    answer = handler.NeoSQLiteHandler.handle_command

    def answer_as_primary(self, message):
        request, reply = answer(self, message)
        if "isWritablePrimary" in reply:
            me = f"127.0.0.1:{port}"
            reply |= {"setName": "rs0", "setVersion": 1, "hosts": [me], "me": me, "primary": me}
        return request, reply

    handler.NeoSQLiteHandler.handle_command = answer_as_primary


if __name__ == "__main__":
    port, directory, *options = sys.argv[1:]
    if options == ["--replica-set"]:
        pretend_replica_set(port)
    threading.Thread(target=end_with, args=(os.getppid(), directory), daemon=True).start()
    sys.argv = [
        "nx-27017", "--data-dir", directory, "-p", port,
        "--log-file", f"{directory}/log", "--pid-file", f"{directory}/pid",
    ]  # fmt: skip
    sys.exit(main())
