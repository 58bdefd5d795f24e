#!/usr/bin/env python3
"""Slow, smuggling and flooding clients of a churn server by HTTP/1.1, each beside a bystander on the same loop who must go
on getting right answers.

    http1_floods.py PORT --pid PID --customer ID [--only TEXT] [--patient]

PID is the server's, which has one event loop: its memory is read from /proc. Each check prints what ended it. --patient
adds those that the server ends by time-outs of up to 30 s. No check is about time.
"""
import argparse
import contextlib
import gzip
import itertools
import re
import socket
import threading

import checks
from bystander import GROWTH_BYTES, MIB, Bystander
from checks import check, ensure, equal

# The server's: docs/http.md.
BODY_LIMIT = 32 * MIB
PATIENCE_SECONDS = 60
options = None


class Peer:
    """A connection that sends any bytes and reads whole answers."""

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", options.port), PATIENCE_SECONDS)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """False once the server takes no more."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def send_each(self, pieces):
        """Sends pieces until the server takes no more."""
        for piece in pieces:
            if not self.send(piece):
                return

    def read(self):
        """What has arrived, or nothing at the end. A reset is an end as well: the server may close with input unread."""
        try:
            return self.socket.recv(1 << 16)
        except ConnectionResetError:
            return b""

    def answer(self):
        """Status and body of the next answer, which has a Content-Length; `None` at the end."""
        while b"\r\n\r\n" not in self.rest:
            piece = self.read()
            if not piece:
                equal(self.rest, b"", "the rest of the connection")
                return None
            self.rest += piece
        head, _, body = self.rest.partition(b"\r\n\r\n")
        status = int(re.match(rb"HTTP/1\.1 (\d{3}) ", head).group(1))
        found = re.search(rb"\r\ncontent-length: (\d+)", head)
        length = int(found.group(1)) if found else 0
        while len(body) < length:
            piece = self.read()
            ensure(piece, f"an answer of {length} bytes ended after {len(body)}")
            body += piece
        self.rest = body[length:]
        return status, body[:length]

    def last_answer(self):
        """The status of the only answer before the end."""
        first = self.answer()
        ensure(first, "the connection was closed without an answer")
        equal(self.answer(), None, "what follows the last answer")
        return first[0]


def ending(answer, *statuses):
    """How a flood ended: by an answer of one of these statuses, or by a close in which the answer was lost."""
    ensure(answer is None or answer[0] in statuses, f"answered with {answer}")
    return f"ends by {answer[0]}" if answer else "ends by a close"


def get(target=None):
    return f"GET {target or f'/v1/customers/{options.customer}/prediction'} HTTP/1.1\r\nhost: churn\r\n\r\n".encode()


def post(fields, body=b"", target="/v1/predictions"):
    head = f"POST {target} HTTP/1.1\r\nhost: churn\r\ncontent-type: application/json\r\n{fields}\r\n\r\n"
    return head.encode() + body


def batch(rows):
    return b'{"customer_ids":[' + b",".join([b"%d" % options.customer] * rows) + b"]}"


@contextlib.contextmanager
def bystander(growth=GROWTH_BYTES):
    with Peer() as peer:
        def call():
            peer.send(get())
            status, body = peer.answer()
            equal(status, 200, "the bystander's status")
            return body

        with Bystander(call, options.pid, growth) as found:
            yield found


def beside(name, growth=GROWTH_BYTES):
    """A check that runs beside a bystander; `growth` is what the server's memory may grow by, in bytes."""
    def add(function):
        @check(name)
        def _():
            with bystander(growth) as found:
                return function(found)

    return add


def crowd(stack, count):
    return [stack.enter_context(Peer()) for _ in range(count)]


# --- Slow ---------------------------------------------------------------------------------------------------


@beside("heads that stop half-way, on 300 connections")
def _(found):
    with contextlib.ExitStack() as stack:
        for peer in crowd(stack, 300):
            peer.send(get()[:-2])
        found.wait(100)
    return "held until their time-out, or until they go"


@beside("a request that arrives byte by byte")
def _(_):
    with Peer() as peer:
        for byte in post("content-length: 23", b'{"customer_ids":[12347]}'[:23]) + get():
            peer.send(bytes([byte]))
        equal(peer.answer()[0], 400, "status of the half body")
        equal(peer.answer()[0], 200, "status of what follows")


@beside("bodies that are announced and not sent, on 100 connections")
def _(found):
    with contextlib.ExitStack() as stack:
        for peer in crowd(stack, 100):
            peer.send(post(f"content-length: {BODY_LIMIT}", b"{"))
        found.wait(100)
    return "cost what has come of them"


@beside("bodies that wait for 100 Continue, on 100 connections")
def _(found):
    with contextlib.ExitStack() as stack:
        peers = crowd(stack, 100)
        for peer in peers:
            peer.send(post("content-length: 5000\r\nexpect: 100-continue"))
        for peer in peers:
            equal(peer.answer(), (100, b""), "the word to go on")
        found.wait(100)


# --- Smuggling ----------------------------------------------------------------------------------------------

HEAD = "POST /v1/predictions HTTP/1.1\r\nhost: churn\r\n"
SMUGGLED = {
    "Content-Length beside Transfer-Encoding": HEAD + "content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding beside Content-Length": HEAD + "transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
    "two lengths that differ": HEAD + "content-length: 2\r\ncontent-length: 40\r\n\r\n{}",
    "two lengths in one field": HEAD + "content-length: 2, 40\r\n\r\n{}",
    "a length with a sign": HEAD + "content-length: +2\r\n\r\n{}",
    "a length in hexadecimal": HEAD + "content-length: 0x2\r\n\r\n{}",
    "a length beyond 64 bits": HEAD + "content-length: 18446744073709551618\r\n\r\n{}",
    "chunked twice": HEAD + "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked before another coding": HEAD + "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "another coding": HEAD + "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a blank before the colon": HEAD + "content-length : 40\r\n\r\n",
    "a folded line": HEAD + "content-length: 2\r\n x: y\r\n\r\n{}",
    "a bare LF in the head": HEAD + "x: y\ncontent-length: 2\r\n\r\n{}",
    "a bare CR in a field": HEAD + "x: y\rcontent-length: 2\r\n\r\n",
    "a NUL in a field": HEAD + "x: \0\r\n\r\n",
    "chunk size with a sign": HEAD + "transfer-encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
    "chunk size in 0x": HEAD + "transfer-encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "chunk size beyond 64 bits": HEAD + "transfer-encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n",
    "a chunk longer than its size": HEAD + "transfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
    "a chunk that ends with a bare LF": HEAD + "transfer-encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
    "HTTP/1.0 with chunks": HEAD.replace("1.1", "1.0") + "transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two hosts": HEAD + "host: other\r\ncontent-length: 2\r\n\r\n{}",
}  # fmt: skip


@beside("a second request smuggled behind one of two meanings")
def _(_):
    for what, request in SMUGGLED.items():
        for pieces in ([request.encode() + get("/livez")], [bytes([byte]) for byte in request.encode()] + [get("/livez")]):
            with Peer() as peer:
                peer.send_each(pieces)
                status = peer.last_answer()
                ensure(400 <= status < 600, f"{what}: answered with {status}")
    return f"{len(SMUGGLED)} kinds, whole and byte by byte: one refusal each, and the end"


@beside("500 smuggling connections, one after another")
def _(_):
    for number in range(500):
        request = list(SMUGGLED.values())[number % len(SMUGGLED)]
        with Peer() as peer:
            peer.send(request.encode() + get("/livez"))
            peer.last_answer()


# --- Floods -------------------------------------------------------------------------------------------------


@beside("a head without an end")
def _(_):
    with Peer() as peer:
        peer.send(get()[:-2])
        peer.send_each(itertools.repeat(b"x-filler: " + b"y" * 1000 + b"\r\n"))
        return ending(peer.answer(), 431)


@beside("a request line without an end")
def _(_):
    with Peer() as peer:
        peer.send(b"GET /")
        peer.send_each(itertools.repeat(b"x" * 4096))
        return ending(peer.answer(), 414)


@beside("empty lines before a request, over and over")
def _(_):
    with Peer() as peer:
        peer.send(get())
        equal(peer.answer()[0], 200, "status of what tells the protocol")
        peer.send_each([b"\r\n" * 100] * 10_000)
        peer.send(get())
        return ending(peer.answer(), 200, 400)


@beside("a body of a million chunks of one byte")
def _(_):
    with Peer() as peer:
        peer.send(post("transfer-encoding: chunked"))
        peer.send_each([b"1\r\n \r\n" * 10_000] * 100)
        peer.send(b"0\r\n\r\n")
        status, _ = peer.answer()
    equal(status, 400, "status of a million blanks")


@beside("a body without an end")
def _(_):
    with Peer() as peer:
        peer.send(post("transfer-encoding: chunked"))
        peer.send_each([b"%x\r\n" % MIB + b" " * MIB + b"\r\n"] * (2 * BODY_LIMIT // MIB))
        return ending(peer.answer(), 413)


@beside("trailers without an end")
def _(_):
    with Peer() as peer:
        peer.send(post("transfer-encoding: chunked", b"0\r\n"))
        peer.send_each([b"x: y\r\n" * 100] * 10_000)
        return ending(peer.answer(), 400, 431)


# The C library keeps up to twice the largest block that was freed.
@beside("a body that gzip makes a thousand times as large", growth=6 * BODY_LIMIT)
def _(_):
    bomb = gzip.compress(b" " * (2 * BODY_LIMIT))
    with Peer() as peer:
        for _ in range(5):
            peer.send(post(f"content-encoding: gzip\r\ncontent-length: {len(bomb)}", bomb))
            answer = peer.answer()
            if answer is None:
                break
            equal(answer[0], 413, "status of a bomb")
    return "ends by 413"


@beside("JSON of a hundred thousand levels")
def _(_):
    with Peer() as peer:
        for opening in (b"[", b'{"customer_ids":', b'{"a":['):
            body = opening * 100_000
            peer.send(post(f"content-length: {len(body)}", body))
            equal(peer.answer()[0], 400, "status")


@beside("requests in a row whose answers are not read")
def _(found):
    with Peer() as peer:
        peer.socket.settimeout(1)
        with contextlib.suppress(TimeoutError):
            peer.send_each([get("/openapi.json") * 10] * 20_000)
        found.wait(100)
    return "the server stops to read"


@beside("batches in a row whose answers are not read, on 20 connections")
def _(found):
    body = batch(20_000)
    with contextlib.ExitStack() as stack:
        for peer in crowd(stack, 20):
            peer.socket.settimeout(1)
            with contextlib.suppress(TimeoutError):
                peer.send_each([post(f"content-length: {len(body)}", body)] * 10)
        found.wait(100)


@beside("connections that come and go, 2,000 of them")
def _(_):
    for number in range(2_000):
        with Peer() as peer:
            if number % 2:
                peer.send(get()[: number % len(get())])


def patient():
    """What the server ends by its time-outs, all at once."""
    @check("what is begun and never finished ends by a time-out")
    def _():
        with bystander(), Peer() as head, Peer() as dripping, Peer() as body:
            head.send(get()[:-2])
            dripping.send(b"GET / HTTP/1.1\r\n")
            body.send(post("content-length: 1000", b"{"))
            stopping = threading.Event()

            def drip():
                # Not progress: a head has its time as a whole.
                while not stopping.wait(0.5) and dripping.send(b"x: y\r\n"):
                    pass

            thread = threading.Thread(target=drip)
            thread.start()
            try:
                for peer, what in ((head, "half a head"), (dripping, "a head that drips"), (body, "half a body")):
                    equal(peer.last_answer(), 408, f"status of {what}")
            finally:
                stopping.set()
                thread.join()
        return "half a head, a head that drips and half a body by 408"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="floods a churn server by HTTP/1.1")
    parser.add_argument("port", type=int)
    parser.add_argument("--pid", type=int, required=True, help="of the server")
    parser.add_argument("--customer", type=int, required=True, help="a customer of the server's store")
    parser.add_argument("--only", default="", help="run the checks with this text in their names")
    parser.add_argument("--patient", action="store_true", help="also wait for the server's time-outs")
    options = parser.parse_args()
    if options.patient:
        patient()
    checks.run(options.only)
