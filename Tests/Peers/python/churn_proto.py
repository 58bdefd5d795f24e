"""The messages of proto/churn/v1/churn.proto, as Google's runtime knows them; and frames.

The module is generated when it is first asked for, by protoc, into a temporary folder: what a peer speaks is always
what the contract says today.
"""
import atexit
import importlib
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]


def load():
    """Generates and imports churn.v1. Ends the process, saying what to do, when protoc is missing."""
    protoc = shutil.which("protoc")
    if protoc is None:
        sys.exit("error: protoc is missing; install it (Debian: apt-get install protobuf-compiler)")
    folder = tempfile.mkdtemp(prefix="churn-proto-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run(
        [protoc, f"--proto_path={ROOT / 'proto'}", f"--python_out={folder}", "churn/v1/churn.proto"],
        check=True,
    )
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    return importlib.import_module("churn.v1.churn_pb2")


def frame(message):
    """A message as it goes over the wire: its length in four big-endian bytes, then its bytes."""
    payload = message if isinstance(message, bytes) else message.SerializeToString()
    return struct.pack(">I", len(payload)) + payload
