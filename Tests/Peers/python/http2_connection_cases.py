"""RFC 9113, sections 3 to 5: beginning, frames, states of streams, errors."""
import struct

from checks import check, ensure, equal
from http2_cases import *
from http2_frames import *


# --- 3.4 Preface -------------------------------------------------------------------------------------------


@check("3.4 the server's preface is a SETTINGS frame, and ours is acknowledged")
def _():
    with Peer(Options.port, handshake=False) as peer:
        peer.send(PREFACE, settings())
        equal(peer.read().kind, SETTINGS, "first frame")
        while not ((found := peer.read()).kind == SETTINGS and found.flags & ACK):
            pass
        works(peer)


@check("3.4 a preface in pieces of a byte")
def _():
    with Peer(Options.port, handshake=False) as peer:
        for byte in PREFACE + settings():
            peer.send(bytes([byte]))
        works(peer)


@check("3.4 a request right behind the preface, before the server's SETTINGS are seen")
def _():
    with Peer(Options.port, handshake=False) as peer:
        peer.send(PREFACE, settings(), peer.headers(1, peer.fields(BY_ID)), frame(DATA, END_STREAM, 1, by_id()))
        answered(peer, 1)


@check("3.4 an invalid preface ends the connection: an answer of HTTP/1.1, which GOAWAY may be left out for")
def _():
    with Peer(Options.port, handshake=False) as peer:
        peer.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX")
        said = b""
        while piece := peer.socket.recv(4096):
            said += piece
        ensure(said.startswith(b"HTTP/1.1 505 "), f"answer {said!r}")


@check("3.4 a first frame that is not SETTINGS is a connection error")
def _():
    with Peer(Options.port, handshake=False) as peer:
        peer.send(PREFACE, frame(PING, payload=bytes(8)))
        return peer.connection_error(PROTOCOL_ERROR)


# --- 4.1 Frame format, 4.2 frame size, 4.3 header compression ----------------------------------------------


@case("4.1", "a frame of an unknown type is ignored")
def _(peer):
    peer.send(frame(0x16, 0xFF, 0, b"unknown"), frame(0xFF, 0, 1, b""))
    works(peer)


@case("4.1", "undefined flags are ignored")
def _(peer):
    peer.send(frame(PING, 0x16, 0, b"settled!"))
    while not ((found := peer.read()).kind == PING and found.flags & ACK):
        pass
    works(peer)


@case("4.1", "the reserved bit of a stream is ignored")
def _(peer):
    peer.send(frame(PING, 0, 1 << 31, b"reserved"))
    peer.settle()


@case("4.2", "a DATA frame of 2^14 bytes is taken")
def _(peer):
    stream = begin(peer, path=BATCH)
    rows = (FRAME_BYTES - 5 - 12) // 8
    ids = struct.pack("<q", Options.customer) * rows
    inner = b"\x0a" + varint(len(ids)) + ids
    body = message(b"\x0a" + varint(len(inner)) + inner)
    ensure(FRAME_BYTES - 16 <= len(body) <= FRAME_BYTES, f"a frame of {len(body)} bytes is not about as large as it may be")
    peer.send(frame(DATA, END_STREAM, stream, body))
    answered(peer, stream)


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


@case("4.2", "a DATA frame above SETTINGS_MAX_FRAME_SIZE is a FRAME_SIZE_ERROR")
def _(peer):
    stream = begin(peer)
    peer.send(frame(DATA, END_STREAM, stream, bytes(FRAME_BYTES + 1)))
    return peer.connection_error(FRAME_SIZE_ERROR)


@case("4.2", "a HEADERS frame above SETTINGS_MAX_FRAME_SIZE is a connection error")
def _(peer):
    block = peer.encoded(peer.fields(BY_ID))
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block + bytes(FRAME_BYTES + 1 - len(block))))
    return peer.connection_error(FRAME_SIZE_ERROR)


@case("4.2", "a frame that is announced as 2^24-1 bytes is refused from its header alone")
def _(peer):
    peer.send(frame(DATA, 0, 1, b"", length=(1 << 24) - 1))
    return peer.connection_error(FRAME_SIZE_ERROR)


@case("4.3", "a header block that HPACK cannot decode is a COMPRESSION_ERROR")
def _(peer):
    # A literal whose length goes beyond the block.
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x00\x10test"))
    return peer.connection_error(COMPRESSION_ERROR)


@case("4.3", "PRIORITY within a header block is a connection error")
def _(peer):
    stream = begin(peer, flags=0)
    peer.send(frame(PRIORITY, 0, stream, struct.pack(">IB", 0, 15)))
    return peer.connection_error(PROTOCOL_ERROR)


@case("4.3", "HEADERS of another stream within a header block is a connection error")
def _(peer):
    stream = begin(peer, flags=0)
    peer.send(frame(HEADERS, END_HEADERS, stream + 2, peer.encoded(peer.fields(BY_ID))))
    return peer.connection_error(PROTOCOL_ERROR)


# --- 5.1 Stream states -------------------------------------------------------------------------------------

SOME_FIELDS = [(":method", "POST"), (":scheme", "http"), (":path", BY_ID)]

for name, make in {
    "DATA": lambda stream: frame(DATA, END_STREAM, stream, b"test"),
    "WINDOW_UPDATE": lambda stream: window_update(stream, 100),
    "CONTINUATION": lambda stream: frame(CONTINUATION, END_HEADERS, stream, b""),
}.items():
    @case("5.1", f"idle: {name} is a PROTOCOL_ERROR of the connection")
    def _(peer, make=make):
        peer.send(make(1))
        return peer.connection_error(PROTOCOL_ERROR)


@case("5.1", "idle: RST_STREAM of a client's stream is overlooked; deviates: the RFC wants a PROTOCOL_ERROR of the connection, and "
             "gRPC's own core sends such resets (grpc#19655)")
def _(peer):
    peer.send(reset(1) + reset(7))
    works(peer)
    peer.send(reset(1000))
    return peer.connection_error(PROTOCOL_ERROR)


@case("5.1", "idle: PRIORITY is taken")
def _(peer):
    peer.send(frame(PRIORITY, 0, 1, struct.pack(">IB", 0, 15)))
    works(peer)


@case("5.1", "half-closed (remote): DATA is STREAM_CLOSED", (INITIAL_WINDOW_SIZE, 0))
def _(peer):
    stream = blocked(peer)
    peer.send(frame(DATA, END_STREAM, stream, b"test"))
    return peer.connection_error(STREAM_CLOSED)


@case("5.1", "half-closed (remote): HEADERS is STREAM_CLOSED", (INITIAL_WINDOW_SIZE, 0))
def _(peer):
    stream = blocked(peer)
    peer.send(peer.headers(stream, peer.fields(BY_ID), END_HEADERS | END_STREAM))
    return peer.connection_error(STREAM_CLOSED)


@case("5.1", "half-closed (remote): CONTINUATION is an error of the connection", (INITIAL_WINDOW_SIZE, 0))
def _(peer):
    stream = blocked(peer)
    peer.send(frame(CONTINUATION, END_HEADERS, stream, b""))
    return peer.connection_error(PROTOCOL_ERROR, STREAM_CLOSED)


@case("5.1", "half-closed (remote): WINDOW_UPDATE lets the answer out", (INITIAL_WINDOW_SIZE, 0))
def _(peer):
    stream = blocked(peer)
    peer.send(window_update(stream, 1000))
    answered(peer, stream)


@case("5.1", "half-closed (remote): PRIORITY changes nothing", (INITIAL_WINDOW_SIZE, 0))
def _(peer):
    stream = blocked(peer)
    peer.send(frame(PRIORITY, 0, stream, struct.pack(">IB", 0, 15)), window_update(stream, 1000))
    answered(peer, stream)


@case("5.1", "half-closed (remote): RST_STREAM ends the stream alone", (INITIAL_WINDOW_SIZE, 0))
def _(peer):
    stream = blocked(peer)
    peer.send(reset(stream))
    peer.settle()


for state, make in (("by our RST_STREAM", cancelled), ("by both ends", closed)):
    @case("5.1", f"closed {state}: DATA is STREAM_CLOSED")
    def _(peer, make=make):
        peer.send(frame(DATA, END_STREAM, make(peer), b"test"))
        return peer.connection_error(STREAM_CLOSED)

    @case("5.1", f"closed {state}: HEADERS is STREAM_CLOSED")
    def _(peer, make=make):
        peer.send(peer.headers(make(peer), peer.fields(BY_ID), END_HEADERS | END_STREAM))
        return peer.connection_error(STREAM_CLOSED)

    @case("5.1", f"closed {state}: CONTINUATION is an error of the connection")
    def _(peer, make=make):
        peer.send(frame(CONTINUATION, END_HEADERS, make(peer), b""))
        return peer.connection_error(PROTOCOL_ERROR, STREAM_CLOSED)

    @case("5.1", f"closed {state}: PRIORITY, WINDOW_UPDATE and RST_STREAM are ignored")
    def _(peer, make=make):
        stream = make(peer)
        peer.send(frame(PRIORITY, 0, stream, struct.pack(">IB", 0, 15)), window_update(stream, 10), reset(stream))
        works(peer)


@case("5.1", "closed by the server's RST_STREAM: DATA and trailers that were on their way are ignored")
def _(peer):
    stream = begin(peer, ("grpc-timeout", "wrong"))
    while (found := peer.read()).kind != RST_STREAM or found.stream != stream:
        pass
    equal(found.code, NO_ERROR, "code behind an early answer")
    peer.send(frame(DATA, 0, stream, by_id()), peer.headers(stream, [("x-test", "ok")], END_HEADERS | END_STREAM))
    works(peer)


@case("5.1.1", "a stream of an even number is a PROTOCOL_ERROR")
def _(peer):
    peer.send(peer.headers(2, peer.fields(BY_ID), END_HEADERS | END_STREAM))
    return peer.connection_error(PROTOCOL_ERROR)


@case("5.1.1", "a new stream below the last one is ignored; deviates: the RFC wants a PROTOCOL_ERROR of the connection, and "
               "nghttp2 does not tell such a stream from one that it has reset, whose frames must be tolerated (5.1)")
def _(peer):
    peer.send(peer.headers(5, peer.fields(BY_ID)), peer.headers(3, peer.fields(BY_ID)), frame(DATA, END_STREAM, 5, by_id()))
    answered(peer, 5)
    ensure(3 not in peer.answers, "stream 3 is answered")
    peer.next_stream = 7
    works(peer)


@case("5.1.2", "as many streams as SETTINGS_MAX_CONCURRENT_STREAMS at once, and one more is a PROTOCOL_ERROR; deviates: of "
               "the connection, where a stream's would do (5.4.1)")
def _(peer):
    streams = [begin(peer) for _ in range(peer.server_settings[MAX_CONCURRENT_STREAMS])]
    peer.settle()
    for stream in streams:
        finish(peer, stream)
    for _ in streams:
        begin(peer)
    begin(peer)
    return peer.connection_error(PROTOCOL_ERROR)


# --- 5.3 Priority, 5.4 errors, 5.5 extensions --------------------------------------------------------------


@case("5.3.1", "HEADERS that depend on their own stream: deprecated by RFC 9113, and taken or a PROTOCOL_ERROR")
def _(peer):
    block = struct.pack(">IB", 1, 255) + peer.encoded(peer.fields(BY_ID))
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM | PRIORITISED, 1, block))
    return peer.connection_error(PROTOCOL_ERROR)


@case("5.3.1", "PRIORITY that depends on its own stream: deprecated by RFC 9113, and taken or a PROTOCOL_ERROR")
def _(peer):
    peer.send(frame(PRIORITY, 0, 1, struct.pack(">IB", 1, 255)))
    return peer.connection_error(PROTOCOL_ERROR)


@case("5.4.1", "a connection error sends GOAWAY with the last stream, and closes")
def _(peer):
    works(peer)
    peer.send(frame(PING, 0, 0, b"short"))
    while (found := peer.read()).kind != GOAWAY:
        pass
    equal((struct.unpack_from(">I", found.payload)[0], found.code), (1, FRAME_SIZE_ERROR), "last stream and code")
    while peer.read() is not None:
        pass


@case("5.5", "a frame of an unknown type within a header block is a connection error")
def _(peer):
    stream = begin(peer, flags=0)
    peer.send(frame(0x16, 0, 0, b"unknown"), frame(CONTINUATION, END_HEADERS, stream, b""))
    return peer.connection_error(PROTOCOL_ERROR)
