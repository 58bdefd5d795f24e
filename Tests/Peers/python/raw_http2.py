"""HTTP/2 connections whose every frame the caller decides on, by the package h2."""
import socket
import struct

import h2.config
import h2.connection
import h2.events

TIMEOUT_SECONDS = 30


class Answer:
    """What came on a stream: header fields, bytes, trailers, or a reset."""

    def __init__(self):
        self.headers = {}
        self.body = b""
        self.trailers = {}
        self.reset = None

    @property
    def status(self):
        """grpc-status, wherever it came."""
        return int({**self.headers, **self.trailers}.get("grpc-status", -1))

    @property
    def message(self):
        return {**self.headers, **self.trailers}.get("grpc-message", "")


class Connection:
    def __init__(self, host, port, acknowledges=True):
        """`acknowledges`: gives the server room for more when it has read something."""
        self.acknowledges = acknowledges
        self.socket = socket.create_connection((host, port), timeout=TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.http2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.http2.initiate_connection()
        self.answers = {}
        self.ended = set()
        self.goaway = None
        self.goaway_text = ""
        self.is_closed = False
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.http2.data_to_send())

    def begin(self, path, headers=(), method="POST", content_type="application/grpc", end_stream=False):
        """Sends the header fields of a request; returns its stream."""
        stream = self.http2.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "test"), ("te", "trailers")]
        if content_type is not None:
            fields.append(("content-type", content_type))
        self.http2.send_headers(stream, fields + list(headers), end_stream=end_stream)
        self.answers[stream] = Answer()
        self.flush()
        return stream

    def send(self, stream, piece, end_stream=False):
        self.http2.send_data(stream, piece, end_stream=end_stream)
        self.flush()

    def read(self):
        """Takes what one read brings. False at the end of the connection."""
        data = self.socket.recv(1 << 16)
        if not data:
            self.is_closed = True
            return False
        for event in self.http2.receive_data(data):
            stream = getattr(event, "stream_id", None)
            answer = self.answers.get(stream)
            if isinstance(event, h2.events.ResponseReceived):
                answer.headers = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                answer.body += event.data
                if self.acknowledges:
                    self.http2.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, h2.events.TrailersReceived):
                answer.trailers = dict(event.headers)
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(stream)
            elif isinstance(event, h2.events.StreamReset):
                # NO_ERROR behind a whole answer: the rest of the request is not wanted.
                if stream not in self.ended:
                    answer.reset = event.error_code
                    self.ended.add(stream)
            elif isinstance(event, h2.events.ConnectionTerminated):
                self.goaway = event.error_code
                self.goaway_text = (event.additional_data or b"").decode()
        self.flush()
        return True

    def wait(self, stream):
        while stream not in self.ended:
            if not self.read():
                raise EOFError(f"the connection ended before stream {stream} did; GOAWAY {self.goaway}")
        return self.answers[stream]

    def wait_for_end(self):
        """Reads until the server closes."""
        try:
            while self.read():
                pass
        except (ConnectionError, h2.exceptions.ProtocolError):
            self.is_closed = True

    def frames(self):
        """Reads to the server's end, answering nothing: kind, stream and payload of every frame."""
        data = bytearray()
        while piece := self.socket.recv(1 << 16):
            data += piece
        found, position = [], 0
        while position + 9 <= len(data):
            length, kind = int.from_bytes(data[position:position + 3], "big"), data[position + 3]
            stream = int.from_bytes(data[position + 5:position + 9], "big")
            found.append((kind, stream, bytes(data[position + 9:position + 9 + length])))
            position += 9 + length
        return found

    def goaways(self):
        """Reads to the server's end, answering nothing: the last stream and the error of every GOAWAY."""
        fields = [struct.unpack_from(">II", payload) for kind, _, payload in self.frames() if kind == 7]
        return [(last & 0x7FFF_FFFF, code) for last, code in fields]

    def call(self, path, message=b"", headers=(), **options):
        """A unary call whose message comes in one piece."""
        stream = self.begin(path, headers, **options)
        self.send(stream, prefixed(message), end_stream=True)
        return self.wait(stream)


def frame(kind, stream, payload, flags=0):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def reset_frame(stream):
    """RST_STREAM with CANCEL."""
    return frame(3, stream, struct.pack(">I", 8))


def prefixed(message):
    """A message as gRPC frames it."""
    return struct.pack(">BI", 0, len(message)) + message
