"""What the cases of HTTP/2's sections share: a connection that has said hello, and calls over it.

A case that says "deviates" behind its name is one in which nghttp2, or the server in front of it, chooses otherwise than h2spec
wants; it requires that choice, and says why.
"""
import struct

from checks import check, ensure, equal
from http2_frames import DATA, END_HEADERS, END_STREAM, PROTOCOL_ERROR, Peer, frame, message, reset

BY_ID = "/churn.v1.Churn/PredictById"
BATCH = "/churn.v1.Churn/PredictBatch"


class Options:
    """Set before the cases run."""
    port = 0
    customer = 0


def case(section, name, *pairs):
    """A check of a connection that has said hello, with these settings."""
    def add(function):
        @check(f"{section} {name}")
        def _():
            with Peer(Options.port, *pairs) as peer:
                return function(peer)

    return add


def by_id():
    return message(b"\x09" + struct.pack("<q", Options.customer))


def begin(peer, *more, path=BY_ID, flags=END_HEADERS, **named):
    """Sends the header fields of a request; returns its stream."""
    stream = peer.new_stream()
    peer.send(peer.headers(stream, peer.fields(path, *more, **named), flags))
    return stream


def finish(peer, stream):
    """Sends the request's message, and requires its answer."""
    peer.send(frame(DATA, END_STREAM, stream, by_id()))
    answered(peer, stream)


def answered(peer, stream):
    equal(peer.answer(stream).status, 0, "grpc-status")


def works(peer):
    """A whole call."""
    finish(peer, begin(peer))


def refused_fields(peer, fields, trailers=False):
    """Sends a request of these fields, which is malformed: 8.1.1."""
    stream = peer.new_stream()
    if trailers:
        peer.send(peer.headers(stream, peer.fields(BY_ID)), frame(DATA, 0, stream, by_id()))
    peer.send(peer.headers(stream, fields, END_HEADERS | END_STREAM))
    said = peer.stream_error(stream, PROTOCOL_ERROR)
    works(peer)
    return said


def blocked(peer):
    """A stream that the peer has ended, half-closed (remote), whose answer waits for the peer's window."""
    stream = begin(peer)
    peer.send(frame(DATA, END_STREAM, stream, by_id()))
    while not peer.answers.get(stream) or not peer.answers[stream].headers:
        ensure(peer.read(), "the connection was closed")
    return stream


def closed(peer):
    """A stream that both sides have ended."""
    stream = begin(peer)
    finish(peer, stream)
    return stream


def cancelled(peer):
    """A stream that the peer has reset."""
    stream = begin(peer)
    peer.send(reset(stream))
    return stream
