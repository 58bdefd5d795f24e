"""HTTP/2 frame by frame: a peer that sends whatever it is told, right or wrong. Header fields by the package hpack."""
import socket
import struct

import hpack

TIMEOUT_SECONDS = 30
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITISED = 0x1, 0x1, 0x4, 0x8, 0x20

(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM) = range(12)
CODES = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
         "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"]

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)
FRAME_BYTES = 1 << 14
WINDOW_BYTES = (1 << 16) - 1
LARGEST_WINDOW = (1 << 31) - 1


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """A frame; `length` other than the payload's is a lie."""
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(*pairs):
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", key, value) for key, value in pairs))


def window_update(stream, increment):
    return frame(WINDOW_UPDATE, stream=stream, payload=struct.pack(">I", increment))


def reset(stream, code=CANCEL):
    return frame(RST_STREAM, stream=stream, payload=struct.pack(">I", code))


def message(payload=b""):
    """A message as gRPC frames it."""
    return struct.pack(">BI", 0, len(payload)) + payload


class Answer:
    """What came on a stream."""

    def __init__(self):
        self.headers, self.trailers, self.body = {}, {}, bytearray()

    @property
    def status(self):
        """grpc-status, wherever it came; -1 for none."""
        return int({**self.headers, **self.trailers}.get("grpc-status", -1))


class Frame:
    def __init__(self, kind, flags, stream, payload):
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload

    @property
    def code(self):
        """The error code of a RST_STREAM or a GOAWAY frame."""
        return struct.unpack_from(">I", self.payload, 4 if self.kind == GOAWAY else 0)[0]

    def __repr__(self):
        return f"frame of type {self.kind}, flags {self.flags:#x}, stream {self.stream}, {len(self.payload)} bytes"


class Peer:
    def __init__(self, port, *pairs, handshake=True, window=0):
        """Connects, sends the preface and SETTINGS of `pairs`; with `handshake`, waits for what the server says to it.

        `window` is added to the connection's, for a peer that reads much."""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.decoder.max_allowed_table_size = 1 << 16
        self.received = bytearray()
        self.server_settings = {}
        self.next_stream = 1
        self.block = b""
        self.answers = {}
        if handshake:
            self.send(PREFACE, settings(*pairs), window_update(0, window) if window else b"")
            while not self.server_settings:
                if self.read() is None:
                    raise EOFError("the server closed instead of sending SETTINGS")
            self.settle()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    # --- Out

    def send(self, *pieces):
        """False when the server takes no more."""
        try:
            self.socket.sendall(b"".join(pieces))
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def fields(self, path, *more, method="POST", content_type="application/grpc"):
        """The header fields of a request; None leaves one out."""
        wanted = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "test"),
                  ("te", "trailers"), ("content-type", content_type)]
        return [field for field in wanted if field[1] is not None] + list(more)

    def encoded(self, fields):
        return self.encoder.encode(fields)

    def new_stream(self):
        self.next_stream += 2
        return self.next_stream - 2

    def headers(self, stream, fields, flags=END_HEADERS):
        return frame(HEADERS, flags, stream, self.encoded(fields))

    # --- In

    def read(self):
        """The next frame; None at the end of the connection."""
        while len(self.received) < 9 or len(self.received) < 9 + int.from_bytes(self.received[:3], "big"):
            try:
                piece = self.socket.recv(1 << 18)
            except ConnectionResetError:
                piece = b""
            if not piece:
                return None
            self.received += piece
        length = int.from_bytes(self.received[:3], "big")
        found = Frame(self.received[3], self.received[4], int.from_bytes(self.received[5:9], "big") & 0x7FFF_FFFF,
                      bytes(self.received[9:9 + length]))
        del self.received[:9 + length]
        self.note(found)
        return found

    def note(self, found):
        answer = self.answers.setdefault(found.stream, Answer())
        if found.kind == SETTINGS and not found.flags & ACK:
            for position in range(0, len(found.payload), 6):
                key, value = struct.unpack_from(">HI", found.payload, position)
                self.server_settings[key] = value
            self.server_settings.setdefault("seen", True)
            self.send(frame(SETTINGS, ACK))
        elif found.kind in (HEADERS, CONTINUATION):
            self.block += found.payload
            if found.flags & END_HEADERS:
                fields = dict(self.decoder.decode(self.block))
                self.block = b""
                if answer.headers:
                    answer.trailers = fields
                else:
                    answer.headers = fields
        elif found.kind == DATA:
            answer.body += found.payload

    def settle(self, data=b"settled!"):
        """A ping and its answer: everything before it has been dealt with. Fails on an error of the server's."""
        self.send(frame(PING, payload=data))
        while True:
            found = self.read()
            if found is None:
                raise AssertionError("the connection was closed")
            if found.kind == GOAWAY:
                raise AssertionError(f"GOAWAY {CODES[found.code]}")
            if found.kind == PING and found.flags & ACK and found.payload == data:
                return

    def whole(self, stream):
        """The answer on a stream of several, whether or not it has been read by now."""
        answer = self.answers.get(stream)
        return answer if answer and answer.status != -1 else self.answer(stream)

    def answer(self, stream):
        """Waits for the end of a stream."""
        while True:
            found = self.read()
            if found is None:
                raise AssertionError(f"the connection was closed before stream {stream} was")
            if found.kind == GOAWAY and found.code != NO_ERROR:
                raise AssertionError(f"GOAWAY {CODES[found.code]}")
            if found.stream != stream:
                continue
            if found.kind == RST_STREAM:
                raise AssertionError(f"stream {stream} was reset: {CODES[found.code]}")
            if found.kind in (DATA, HEADERS) and found.flags & END_STREAM:
                return self.answers[stream]

    def connection_error(self, *codes, or_close=False):
        """Expects GOAWAY with one of the codes, and a close behind it. With `or_close`, a close alone will do."""
        while True:
            found = self.read()
            if found is None:
                if or_close:
                    return "closed"
                raise AssertionError(f"closed without GOAWAY, expected {[CODES[code] for code in codes]}")
            if found.kind == GOAWAY and found.code != NO_ERROR:
                break
            if found.kind == PING and found.flags & ACK:
                raise AssertionError(f"a ping is answered, expected GOAWAY {[CODES[code] for code in codes]}")
        if found.code not in codes:
            raise AssertionError(f"GOAWAY {CODES[found.code]}, expected {[CODES[code] for code in codes]}")
        self.send(frame(PING, payload=b"too late"))
        while (later := self.read()) is not None:
            if later.kind == PING and later.flags & ACK:
                raise AssertionError("a ping behind GOAWAY is answered")
        return f"GOAWAY {CODES[found.code]}"

    def stream_error(self, stream, *codes):
        """Expects RST_STREAM with one of the codes, and a connection that goes on."""
        while True:
            found = self.read()
            if found is None:
                raise AssertionError("the connection was closed")
            if found.kind == GOAWAY:
                raise AssertionError(f"GOAWAY {CODES[found.code]}, expected RST_STREAM {[CODES[code] for code in codes]}")
            if found.kind == PING and found.flags & ACK:
                raise AssertionError(f"a ping is answered, expected RST_STREAM {[CODES[code] for code in codes]}")
            if found.stream == stream and found.kind == RST_STREAM:
                break
            if found.stream == stream and found.kind in (DATA, HEADERS) and found.flags & END_STREAM:
                raise AssertionError(f"answered {self.answers[stream].headers}, expected {[CODES[code] for code in codes]}")
        if found.code not in codes:
            raise AssertionError(f"RST_STREAM {CODES[found.code]}, expected {[CODES[code] for code in codes]}")
        self.settle()
        return f"RST_STREAM {CODES[found.code]}"
