"""RFC 9113, sections 6 and 7: each type of frame, and error codes."""
import struct

from checks import check, ensure, equal
from http2_cases import *
from http2_frames import *


# --- 6.1 DATA, 6.2 HEADERS, 6.3 PRIORITY, 6.4 RST_STREAM ---------------------------------------------------


@case("6.1", "DATA in one piece, in several, and with padding")
def _(peer):
    works(peer)
    stream = begin(peer)
    body = by_id()
    peer.send(*(frame(DATA, 0, stream, body[index:index + 1]) for index in range(len(body))), frame(DATA, END_STREAM, stream))
    answered(peer, stream)
    stream = begin(peer)
    peer.send(frame(DATA, END_STREAM | PADDED, stream, bytes([6]) + body + bytes(6)))
    answered(peer, stream)


@case("6.1", "DATA of stream 0 is a PROTOCOL_ERROR")
def _(peer):
    peer.send(frame(DATA, END_STREAM, 0, b"test"))
    return peer.connection_error(PROTOCOL_ERROR)


@case("6.1", "padding as long as the payload, or longer, is a PROTOCOL_ERROR")
def _(peer):
    stream = begin(peer)
    peer.send(frame(DATA, END_STREAM | PADDED, stream, b"\x06test!"))
    return peer.connection_error(PROTOCOL_ERROR)


@case("6.1", "padding counts against the window, and is given back")
def _(peer):
    stream = begin(peer)
    for _ in range(2 * (1 << 20) // 256 + 100):
        peer.send(frame(DATA, PADDED, stream, bytes([255]) + bytes(255)))
    finish(peer, stream)


@case("6.2", "HEADERS with padding and with priority")
def _(peer):
    for flags, before, behind in (
        (PADDED, bytes([8]), bytes(8)), (PRIORITISED, struct.pack(">IB", 0, 255), b""),
        (PADDED | PRIORITISED, bytes([8]) + struct.pack(">IB", 1 << 31, 0), bytes(8)),
    ):
        stream = peer.new_stream()
        peer.send(frame(HEADERS, END_HEADERS | flags, stream, before + peer.encoded(peer.fields(BY_ID)) + behind))
        finish(peer, stream)


@case("6.2", "HEADERS of stream 0 is a PROTOCOL_ERROR")
def _(peer):
    peer.send(peer.headers(0, peer.fields(BY_ID), END_HEADERS | END_STREAM))
    return peer.connection_error(PROTOCOL_ERROR)


@case("6.2", "padding longer than the payload is a PROTOCOL_ERROR")
def _(peer):
    block = peer.encoded(peer.fields(BY_ID))
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, bytes([len(block) + 1]) + block))
    return peer.connection_error(PROTOCOL_ERROR)


@case("6.3", "PRIORITY of weights 1 and 256, exclusive, on a stream that depends on another")
def _(peer):
    for weight, dependency in ((0, 0), (255, 0), (15, 1 << 31), (15, 7)):
        peer.send(frame(PRIORITY, 0, 9, struct.pack(">IB", dependency, weight)))
    peer.next_stream = 9
    works(peer)


@case("6.3", "PRIORITY of stream 0 is a PROTOCOL_ERROR")
def _(peer):
    peer.send(frame(PRIORITY, 0, 0, struct.pack(">IB", 0, 255)))
    return peer.connection_error(PROTOCOL_ERROR)


@case("6.3", "PRIORITY of a length other than 5 is a FRAME_SIZE_ERROR; deviates: of the connection, where a stream's would do "
             "(5.4.1: an endpoint may treat a stream error as one of the connection)")
def _(peer):
    stream = begin(peer)
    peer.send(frame(PRIORITY, 0, stream, bytes(4)))
    return peer.connection_error(FRAME_SIZE_ERROR)


@case("6.4", "RST_STREAM of an open stream ends it alone")
def _(peer):
    peer.send(reset(begin(peer)))
    works(peer)


@case("6.4", "RST_STREAM of stream 0 is a PROTOCOL_ERROR")
def _(peer):
    peer.send(reset(0))
    return peer.connection_error(PROTOCOL_ERROR)


@case("6.4", "RST_STREAM of a length other than 4 is a FRAME_SIZE_ERROR")
def _(peer):
    peer.send(frame(RST_STREAM, 0, begin(peer), bytes(3)))
    return peer.connection_error(FRAME_SIZE_ERROR)


# --- 6.5 SETTINGS ------------------------------------------------------------------------------------------


@case("6.5", "SETTINGS with ACK and a payload is a FRAME_SIZE_ERROR")
def _(peer):
    peer.send(frame(SETTINGS, ACK, 0, bytes(1)))
    return peer.connection_error(FRAME_SIZE_ERROR)


@case("6.5", "SETTINGS of a stream is a PROTOCOL_ERROR")
def _(peer):
    peer.send(frame(SETTINGS, 0, 1, struct.pack(">HI", MAX_CONCURRENT_STREAMS, 100)))
    return peer.connection_error(PROTOCOL_ERROR)


@case("6.5", "SETTINGS of a length that is no multiple of 6 is a FRAME_SIZE_ERROR")
def _(peer):
    peer.send(frame(SETTINGS, 0, 0, bytes(3)))
    return peer.connection_error(FRAME_SIZE_ERROR)


for name, key, value, code in (
    ("ENABLE_PUSH of 2 is a PROTOCOL_ERROR", ENABLE_PUSH, 2, PROTOCOL_ERROR),
    ("INITIAL_WINDOW_SIZE of 2^31 is a FLOW_CONTROL_ERROR", INITIAL_WINDOW_SIZE, 1 << 31, FLOW_CONTROL_ERROR),
    ("MAX_FRAME_SIZE below 2^14 is a PROTOCOL_ERROR", MAX_FRAME_SIZE, FRAME_BYTES - 1, PROTOCOL_ERROR),
    ("MAX_FRAME_SIZE of 2^24 is a PROTOCOL_ERROR", MAX_FRAME_SIZE, 1 << 24, PROTOCOL_ERROR),
):
    @case("6.5.2", name)
    def _(peer, key=key, value=value, code=code):
        peer.send(settings((key, value)))
        return peer.connection_error(code)


@case("6.5.2", "an unknown setting is ignored")
def _(peer):
    peer.send(settings((0xFF, 1)))
    works(peer)


@case("6.5.3", "of several values of a setting the last counts", (INITIAL_WINDOW_SIZE, 0))
def _(peer):
    peer.send(settings((INITIAL_WINDOW_SIZE, 100), (INITIAL_WINDOW_SIZE, 1)))
    stream = begin(peer)
    peer.send(frame(DATA, END_STREAM, stream, by_id()))
    while (found := peer.read()).kind != DATA:
        ensure(found, "the connection was closed")
    equal(len(found.payload), 1, "length of the first DATA frame")


@case("6.5.3", "SETTINGS are acknowledged, in their order with pings")
def _(peer):
    peer.send(settings((MAX_CONCURRENT_STREAMS, 10)), frame(PING, payload=b"settings"), settings())
    found = []
    while found.count("settings") < 2 or "ping" not in found:
        read = peer.read()
        if read.flags & ACK and read.kind in (SETTINGS, PING):
            found.append("settings" if read.kind == SETTINGS else "ping")
    equal(found.count("settings"), 2, "acknowledgements")


# --- 6.6 PUSH_PROMISE, 6.7 PING, 6.8 GOAWAY ----------------------------------------------------------------


@case("6.6", "PUSH_PROMISE of a client is a PROTOCOL_ERROR (8.4)")
def _(peer):
    stream = begin(peer)
    peer.send(frame(PUSH_PROMISE, END_HEADERS, stream, struct.pack(">I", 2) + peer.encoded(peer.fields(BY_ID))))
    return peer.connection_error(PROTOCOL_ERROR)


@case("6.7", "PING is answered with its payload")
def _(peer):
    peer.settle(b"h2spec\x00\xff")


@case("6.7", "PING with ACK is not answered")
def _(peer):
    peer.send(frame(PING, ACK, 0, b"invalid!"), frame(PING, payload=b"settled!"))
    while (found := peer.read()).kind != PING:
        pass
    equal(found.payload, b"settled!", "payload of the first PING")


@case("6.7", "PING of a stream is a PROTOCOL_ERROR")
def _(peer):
    peer.send(frame(PING, 0, 1, bytes(8)))
    return peer.connection_error(PROTOCOL_ERROR)


@case("6.7", "PING of a length other than 8 is a FRAME_SIZE_ERROR")
def _(peer):
    peer.send(frame(PING, 0, 0, bytes(6)))
    return peer.connection_error(FRAME_SIZE_ERROR)


@case("6.8", "GOAWAY of a stream is a PROTOCOL_ERROR")
def _(peer):
    peer.send(frame(GOAWAY, 0, 1, struct.pack(">II", 0, NO_ERROR)))
    return peer.connection_error(PROTOCOL_ERROR)


@case("6.8", "behind GOAWAY, what was begun is answered")
def _(peer):
    stream = begin(peer)
    peer.send(frame(GOAWAY, 0, 0, struct.pack(">II", 0, NO_ERROR)))
    finish(peer, stream)


# --- 6.9 WINDOW_UPDATE -------------------------------------------------------------------------------------


@case("6.9", "an increment of 0 of the connection is a PROTOCOL_ERROR")
def _(peer):
    peer.send(window_update(0, 0))
    return peer.connection_error(PROTOCOL_ERROR)


@case("6.9", "an increment of 0 of a stream is a PROTOCOL_ERROR; deviates: of the connection, where a stream's would do "
             "(5.4.1)")
def _(peer):
    peer.send(window_update(begin(peer), 0))
    return peer.connection_error(PROTOCOL_ERROR)


@case("6.9", "WINDOW_UPDATE of a length other than 4 is a FRAME_SIZE_ERROR")
def _(peer):
    peer.send(frame(WINDOW_UPDATE, 0, 0, bytes(3)))
    return peer.connection_error(FRAME_SIZE_ERROR)


@case("6.9.1", "no more than the stream's window is sent", (INITIAL_WINDOW_SIZE, 1))
def _(peer):
    stream = begin(peer)
    peer.send(frame(DATA, END_STREAM, stream, by_id()))
    while (found := peer.read()).kind != DATA:
        pass
    equal(len(found.payload), 1, "bytes for a window of 1")
    peer.settle()
    equal(len(peer.answers[stream].body), 1, "bytes in all")
    peer.send(window_update(stream, 3))
    while (found := peer.read()).kind != DATA:
        pass
    equal(len(found.payload), 3, "bytes for 3 more")
    peer.send(window_update(stream, 10_000))
    answered(peer, stream)


@case("6.9.1", "a window of the connection above 2^31-1 is a FLOW_CONTROL_ERROR")
def _(peer):
    peer.send(window_update(0, LARGEST_WINDOW), window_update(0, LARGEST_WINDOW))
    return peer.connection_error(FLOW_CONTROL_ERROR)


@case("6.9.1", "a window of a stream above 2^31-1 is a FLOW_CONTROL_ERROR of the stream")
def _(peer):
    stream = begin(peer)
    peer.send(window_update(stream, LARGEST_WINDOW), window_update(stream, LARGEST_WINDOW))
    return peer.stream_error(stream, FLOW_CONTROL_ERROR)


@case("6.9.2", "a larger INITIAL_WINDOW_SIZE lets waiting streams go on", (INITIAL_WINDOW_SIZE, 0))
def _(peer):
    stream = blocked(peer)
    peer.send(settings((INITIAL_WINDOW_SIZE, 1)))
    while (found := peer.read()).kind != DATA:
        pass
    equal(len(found.payload), 1, "bytes for a window of 1")


@case("6.9.2", "a window may become negative, and counts on from there", (INITIAL_WINDOW_SIZE, 3))
def _(peer):
    stream = begin(peer)
    peer.send(frame(DATA, END_STREAM, stream, by_id()))
    while (found := peer.read()).kind != DATA:
        pass
    equal(len(found.payload), 3, "bytes for a window of 3")
    peer.send(settings((INITIAL_WINDOW_SIZE, 2)), window_update(stream, 2))
    while (found := peer.read()).kind != DATA:
        pass
    equal(len(found.payload), 1, "bytes for a window of -1 + 2")


@case("6.9.2", "INITIAL_WINDOW_SIZE that makes a stream's window larger than 2^31-1 is a FLOW_CONTROL_ERROR",
      (INITIAL_WINDOW_SIZE, 0))
def _(peer):
    stream = blocked(peer)
    peer.send(frame(PING, payload=b"ordering"))
    peer.send(settings((INITIAL_WINDOW_SIZE, 1 << 31)))
    while (found := peer.read()) is not None and found.kind != GOAWAY:
        pass
    equal(found and found.code, FLOW_CONTROL_ERROR, f"code of GOAWAY with stream {stream} waiting")


# --- 6.10 CONTINUATION -------------------------------------------------------------------------------------


def in_pieces(peer, stream, pieces, last=END_HEADERS, first=HEADERS):
    block = peer.encoded(peer.fields(BY_ID))
    size = -(-len(block) // pieces)
    parts = [block[index:index + size] for index in range(0, len(block), size)]
    kinds = [first] + [CONTINUATION] * (len(parts) - 1)
    return [frame(kind, last if index == len(parts) - 1 else 0, stream, part)
            for index, (kind, part) in enumerate(zip(kinds, parts))]


@case("6.10", "a header block in several CONTINUATION frames is taken")
def _(peer):
    for pieces in (2, 4, 8):
        stream = peer.new_stream()
        peer.send(*in_pieces(peer, stream, pieces))
        finish(peer, stream)


for name, between in {
    "DATA": lambda stream: frame(DATA, END_STREAM, stream, b"test"),
    "HEADERS": lambda stream: frame(HEADERS, END_HEADERS, stream, b""),
    "SETTINGS": lambda stream: settings(),
    "PING": lambda stream: frame(PING, payload=bytes(8)),
    "WINDOW_UPDATE": lambda stream: window_update(0, 1),
    "CONTINUATION of another stream": lambda stream: frame(CONTINUATION, END_HEADERS, stream + 2, b""),
}.items():
    @case("6.10", f"{name} within a header block is a PROTOCOL_ERROR")
    def _(peer, between=between):
        stream = peer.new_stream()
        first, *_ = in_pieces(peer, stream, 2)
        peer.send(first, between(stream))
        return peer.connection_error(PROTOCOL_ERROR)


@case("6.10", "CONTINUATION of stream 0 is a PROTOCOL_ERROR")
def _(peer):
    stream = peer.new_stream()
    first, *_ = in_pieces(peer, stream, 2)
    peer.send(first, frame(CONTINUATION, END_HEADERS, 0, b""))
    return peer.connection_error(PROTOCOL_ERROR)


for name, pieces in (("HEADERS", 1), ("CONTINUATION", 2)):
    @case("6.10", f"CONTINUATION behind {name} with END_HEADERS is a PROTOCOL_ERROR")
    def _(peer, pieces=pieces):
        stream = peer.new_stream()
        peer.send(*in_pieces(peer, stream, pieces), frame(CONTINUATION, END_HEADERS, stream, b""))
        return peer.connection_error(PROTOCOL_ERROR)


@case("6.10", "CONTINUATION behind DATA is a PROTOCOL_ERROR")
def _(peer):
    stream = begin(peer)
    peer.send(frame(DATA, 0, stream, b""), frame(CONTINUATION, END_HEADERS, stream, b""))
    return peer.connection_error(PROTOCOL_ERROR)


# --- 7 Error codes -----------------------------------------------------------------------------------------


@case("7", "GOAWAY with an unknown code is taken: what was begun is answered, and the connection closed")
def _(peer):
    stream = begin(peer)
    peer.send(frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0xFF)))
    finish(peer, stream)
    while (found := peer.read()) is not None:
        ensure(found.kind != GOAWAY or found.code == NO_ERROR, f"{found}")


@case("7", "RST_STREAM with an unknown code ends its stream alone")
def _(peer):
    peer.send(reset(begin(peer), 0xFF))
    works(peer)
