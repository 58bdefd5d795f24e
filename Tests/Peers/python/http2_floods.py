#!/usr/bin/env python3
"""Peers that flood a churn server by HTTP/2, each beside a bystander on the same loop who must go on getting right answers.

    http2_floods.py PORT --pid PID --customer ID [--only TEXT] [--patient]

PID is the server's, which has one event loop: its memory is read from /proc. Each check prints what ended the flood, or
that nothing needs to: such a flood costs the server no more than its bytes. --patient adds those that the server ends
by a time-out of 30 s. No check is about time.
"""
import argparse
import struct
import sys
import threading

import bystander
import checks
from bystander import GROWTH_BYTES, MIB, resident_bytes
from checks import check, ensure, equal
from http2_frames import *
from http2_frames import Peer

BY_ID = "/churn.v1.Churn/PredictById"
BATCH = "/churn.v1.Churn/PredictBatch"
# What all large requests and answers of a server together may hold.
BUDGET_BYTES = 256 * MIB
options = None


def by_id():
    return message(b"\x09" + struct.pack("<q", options.customer))


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def batch(rows):
    """A request for so many rows, in DATA frames of one stream to come."""
    ids = struct.pack("<q", options.customer) * rows
    inner = b"\x0a" + varint(len(ids)) + ids
    return message(b"\x0a" + varint(len(inner)) + inner)


class Bystander(bystander.Bystander):
    """Calls over and over on a connection of its own."""

    def __init__(self, growth=GROWTH_BYTES):
        self.peer = Peer(options.port, window=LARGEST_WINDOW - WINDOW_BYTES)
        super().__init__(self.call_by_id, options.pid, growth)

    def call_by_id(self):
        stream = self.peer.new_stream()
        self.peer.send(self.peer.headers(stream, self.peer.fields(BY_ID)), frame(DATA, END_STREAM, stream, by_id()))
        answer = self.peer.answer(stream)
        equal(answer.status, 0, "the bystander's status")
        del self.peer.answers[stream]
        return answer.body

    def __exit__(self, *fault):
        try:
            super().__exit__(*fault)
        finally:
            self.peer.socket.close()


def flood(name, *pairs):
    """A check whose function gets a peer of these settings, beside a bystander."""
    def add(function):
        @check(name)
        def _():
            with Bystander() as beside, Peer(options.port, *pairs) as peer:
                return function(peer, beside)

    return add


def until_refused(peer, pieces):
    """Sends pieces until the server takes no more."""
    for piece in pieces:
        if not peer.send(piece):
            return


def sent_away(peer, *codes):
    """Requires the GOAWAY that a flood ends with."""
    while (found := peer.read()) is not None:
        if found.kind == GOAWAY and found.code != NO_ERROR:
            ensure(found.code in codes, f"GOAWAY {CODES[found.code]}, expected {[CODES[code] for code in codes]}")
            return f"ends by GOAWAY {CODES[found.code]} {found.payload[8:].decode()}".rstrip()
    ensure(not codes, "the connection was closed without GOAWAY")
    return "ends by a close"


def goes_on(peer):
    """Requires that the server is still there for this peer."""
    peer.settle(b"going on")
    return "goes on"


# --- Streams that are reset --------------------------------------------------------------------------------


@flood("rapid reset: HEADERS and RST_STREAM, over and over")
def _(peer, _):
    until_refused(peer, (peer.headers(stream, peer.fields(BY_ID)) + reset(stream) for stream in range(1, 100_001, 2)))
    return sent_away(peer, ENHANCE_YOUR_CALM, INTERNAL_ERROR)


@flood("rapid reset of calls that a worker has begun")
def _(peer, _):
    body = batch(20_000)
    for stream in range(1, 401, 2):
        pieces = [body[start:start + FRAME_BYTES] for start in range(0, len(body), FRAME_BYTES)]
        peer.send(peer.headers(stream, peer.fields(BATCH)), *(frame(DATA, 0, stream, piece) for piece in pieces),
                  frame(DATA, END_STREAM, stream), reset(stream))
    return goes_on(peer)


@flood("resets that the server is made to send: a window above 2^31-1 on stream after stream")
def _(peer, _):
    for stream in range(1, 20_001, 2):
        peer.send(peer.headers(stream, peer.fields(BY_ID)), window_update(stream, LARGEST_WINDOW))
        if stream % 64 == 1:
            peer.settle()
    return goes_on(peer)


@flood("resets that the server is made to send: malformed requests on stream after stream")
def _(peer, _):
    for stream in range(1, 20_001, 2):
        peer.send(peer.headers(stream, peer.fields(BY_ID, ("connection", "close"))))
        if stream % 64 == 1:
            peer.settle()
    return goes_on(peer)


# --- Header blocks -----------------------------------------------------------------------------------------


@flood("CONTINUATION without an end, empty")
def _(peer, _):
    peer.send(frame(HEADERS, 0, 1, peer.encoded(peer.fields(BY_ID))))
    until_refused(peer, (frame(CONTINUATION, 0, 1) for _ in range(100_000)))
    return sent_away(peer)


@flood("CONTINUATION without an end, full")
def _(peer, _):
    peer.send(frame(HEADERS, 0, 1, peer.encoded(peer.fields(BY_ID))))
    piece = frame(CONTINUATION, 0, 1, (b"\x10\x06x-fill\x7f\x81\x7e" + b"x" * 16_384)[:FRAME_BYTES])
    until_refused(peer, (piece for _ in range(10_000)))
    return sent_away(peer)


def bomb(peer, stream, references, fields=()):
    """A header block of fields of 4,000 bytes, all but the first of them one byte long: they name a table entry."""
    block = peer.encoded(fields)
    large = [("x-bomb", "x" * 4000)]
    block += peer.encoded(large) + peer.encoded(large) * references
    parts = [block[start:start + FRAME_BYTES] for start in range(0, len(block), FRAME_BYTES)]
    middle = (frame(CONTINUATION, 0, stream, part) for part in parts[1:-1])
    return frame(HEADERS, END_STREAM, stream, parts[0]) + b"".join(middle) + frame(CONTINUATION, END_HEADERS, stream, parts[-1])


@flood("header lists of 400 MB from 100 KB of a header block, in the table of HPACK")
def _(peer, _):
    until_refused(peer, (bomb(peer, stream, 100_000, peer.fields(BY_ID)) for stream in range(1, 41, 2)))
    return sent_away(peer, ENHANCE_YOUR_CALM)


@flood("trailers of 400 MB from 100 KB of a header block")
def _(peer, _):
    peer.send(peer.headers(1, peer.fields(BY_ID)), bomb(peer, 1, 100_000))
    return sent_away(peer, ENHANCE_YOUR_CALM, PROTOCOL_ERROR)


@flood("header lists at the limit on all streams at once, the next ones above it")
def _(peer, _):
    limit = peer.server_settings[MAX_CONCURRENT_STREAMS]
    for size, status in ((15_000, 0), (17_000, 8)):
        streams = [peer.new_stream() for _ in range(limit)]
        for index, stream in enumerate(streams):
            more = [(f"x-{number}", f"{index:04}" + "x" * 1000) for number in range(size // 1040)]
            peer.send(peer.headers(stream, peer.fields(BY_ID, *more)))
        for stream in streams:
            peer.send(frame(DATA, END_STREAM, stream, by_id()))
        for stream in streams:
            equal(peer.whole(stream).status, status, f"status at {size} bytes")
    return goes_on(peer)


# --- Frames that cost nothing to send ----------------------------------------------------------------------


@flood("pings, whose answers are not read until the server takes no more")
def _(peer, bystander):
    pings = (frame(PING, payload=b"floods!!") * 100 for _ in range(20_000))
    sender = threading.Thread(target=until_refused, args=(peer, pings))
    sender.start()
    bystander.wait(200)
    answered = 0
    while sender.is_alive() and (found := peer.read()) is not None:
        if found.kind == GOAWAY:
            break
        answered += found.kind == PING
    sender.join()
    return f"{answered} answers were read"


@flood("settings, whose acknowledgements are not read, with all streams open")
def _(peer, bystander):
    for stream in range(1, 2 * peer.server_settings[MAX_CONCURRENT_STREAMS], 2):
        peer.send(peer.headers(stream, peer.fields(BY_ID)))
    until_refused(peer, (settings((INITIAL_WINDOW_SIZE, 1000 + size % 2)) for size in range(20_000)))
    return sent_away_or_on(peer)


def sent_away_or_on(peer):
    peer.send(frame(PING, payload=b"flooded!"))
    while (found := peer.read()) is not None:
        if found.kind == GOAWAY:
            return f"ends by GOAWAY {CODES[found.code]}"
        if found.kind == PING and found.payload == b"flooded!":
            return "goes on"
    return "ends by a close"


@flood("a SETTINGS frame of 2,730 entries")
def _(peer, _):
    peer.send(settings(*((INITIAL_WINDOW_SIZE, 1000 + index % 2) for index in range(2730))))
    return sent_away(peer, ENHANCE_YOUR_CALM, INTERNAL_ERROR, PROTOCOL_ERROR, FRAME_SIZE_ERROR)


for name, piece in {
    "empty DATA frames of one request": frame(DATA, 0, 1),
    "PRIORITY frames": frame(PRIORITY, 0, 1, struct.pack(">IB", 0, 15)),
    "frames of an unknown type": frame(0x77, 0, 1, b"x" * 100),
}.items():
    @flood(f"{name}, 100,000 of them, end their connection")
    def _(peer, _, piece=piece):
        peer.send(peer.headers(1, peer.fields(BY_ID)))
        until_refused(peer, (piece * 100 for _ in range(1000)))
        return sent_away(peer, ENHANCE_YOUR_CALM)

    @flood(f"{name}, a few with each call, are no flood")
    def _(peer, _, piece=piece):
        # More than what is taken at once, altogether; and no more answers than there is room for.
        for stream in range(1, 401, 2):
            kind, flags, payload = piece[3], piece[4], piece[9:]
            peer.send(peer.headers(stream, peer.fields(BY_ID)), frame(kind, flags, stream, payload) * 3,
                      frame(DATA, END_STREAM, stream, by_id()))
            equal(peer.whole(stream).status, 0, "status")
        return goes_on(peer)


for name, piece in {
    "DATA frames of nothing but padding": frame(DATA, PADDED, 1, bytes([255]) + bytes(255)),
    "window updates of the connection by 1": window_update(0, 1),
}.items():
    @flood(f"{name}, 100,000 of them")
    def _(peer, _, piece=piece):
        peer.send(peer.headers(1, peer.fields(BY_ID)))
        until_refused(peer, (piece * 100 for _ in range(1000)))
        return sent_away_or_on(peer)


@flood("PRIORITY frames of 100,000 streams that are never begun")
def _(peer, _):
    until_refused(peer, (frame(PRIORITY, 0, stream, struct.pack(">IB", 0, 15)) for stream in range(1, 200_001, 2)))
    return sent_away(peer, ENHANCE_YOUR_CALM)


# --- Answers that are not taken ----------------------------------------------------------------------------


@flood("an answer of 1 MB taken byte by byte", (INITIAL_WINDOW_SIZE, 0))
def _(peer, bystander):
    send_batch(peer, 1, 100_000)
    for _ in range(5_000):
        peer.send(window_update(1, 1))
    while len(peer.answers.get(1, type("", (), {"body": b""})).body) < 5_000:
        ensure(peer.read(), "the connection was closed")
    return goes_on(peer)


def send_batch(peer, stream, rows):
    body = batch(rows)
    peer.send(peer.headers(stream, peer.fields(BATCH)))
    peer.send(*(frame(DATA, END_STREAM if start + FRAME_BYTES >= len(body) else 0, stream, body[start:start + FRAME_BYTES])
                for start in range(0, len(body), FRAME_BYTES)))


def has_begun(peer, stream):
    answer = peer.answers.get(stream)
    return answer is not None and answer.headers


@check("answers that are asked for and not read stay in the memory that is reserved for them")
def _():
    streams = range(1, 41, 2)
    # The heap may still hold as much again as it is allowed to grow by, of what earlier floods have freed. Without the budget
    # it would be 430 MB of answers and their requests.
    with Bystander(BUDGET_BYTES + 2 * GROWTH_BYTES) as bystander:
        peers = []
        for _ in range(6):
            peer = Peer(options.port, (INITIAL_WINDOW_SIZE, 0), window=LARGEST_WINDOW - WINDOW_BYTES)
            peers.append(peer)
            for stream in streams:
                send_batch(peer, stream, 400_000)
            # Each is answered, or refused for want of memory; the answers of one peer are 72 MB.
            while not all(has_begun(peer, stream) for stream in streams):
                ensure(peer.read(), "the connection was closed")
            peer.send(settings((INITIAL_WINDOW_SIZE, LARGEST_WINDOW)))
            bystander.wait(200)
        held = resident_bytes(options.pid) - bystander.before
        statuses = [peers[0].whole(stream).status for stream in streams]
        # What an earlier flood has left may still hold memory, for the first of them.
        ensure(0 in statuses and set(statuses) <= {0, 8}, f"the first peer's answers, once they are read: {statuses}")
        for peer in peers:
            peer.socket.close()
    return f"{held // MIB} MiB held"


def patient():
    """What the server ends by its time-out of 30 s, all at once."""
    @check("what is begun and never finished ends by a time-out")
    def _():
        with Bystander() as bystander:
            limit = bystander.peer.server_settings[MAX_CONCURRENT_STREAMS]
            requests, empty, block, reader = Peer(options.port), Peer(options.port), Peer(options.port), Peer(
                options.port, (INITIAL_WINDOW_SIZE, 0))
            for stream in range(1, 2 * limit, 2):
                requests.send(requests.headers(stream, requests.fields(BY_ID)), frame(DATA, 0, stream, by_id()[:7]))
            empty.send(empty.headers(1, empty.fields(BY_ID)))
            block.send(frame(HEADERS, 0, 1, block.encoded(block.fields(BY_ID))))
            reader.send(reader.headers(1, reader.fields(BY_ID)), frame(DATA, END_STREAM, 1, by_id()))
            sending = threading.Event()

            def keep_sending():
                # Not progress: it does not move the time-out.
                while not sending.wait(0.1) and empty.send(frame(DATA, 0, 1) * 10):
                    pass

            thread = threading.Thread(target=keep_sending)
            thread.start()
            for peer in (requests, empty, block, reader):
                peer.socket.settimeout(60)
            try:
                for stream in range(1, 2 * limit, 2):
                    equal(requests.whole(stream).status, 4, "status of a request without an end")
                equal(empty.whole(1).status, 4, "status of a request that goes on with empty DATA frames")
                block.connection_error(PROTOCOL_ERROR)
                reader.stream_error(1, CANCEL)
            finally:
                sending.set()
                thread.join()
                for peer in (requests, empty, block, reader):
                    peer.socket.close()
        return "requests by DEADLINE_EXCEEDED, half a header block by GOAWAY, an answer by RST_STREAM CANCEL"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="floods a churn server by HTTP/2")
    parser.add_argument("port", type=int)
    parser.add_argument("--pid", type=int, required=True, help="of the server")
    parser.add_argument("--customer", type=int, required=True, help="a customer of the server's store")
    parser.add_argument("--only", default="", help="run the checks with this text in their names")
    parser.add_argument("--patient", action="store_true", help="also wait for the server's time-outs")
    options = parser.parse_args()
    # Between the bystander and the flood, which both have much to do.
    sys.setswitchinterval(0.0005)
    if options.patient:
        patient()
    checks.run(options.only)
