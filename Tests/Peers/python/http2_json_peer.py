#!/usr/bin/env python3
"""JSON over HTTP/2, by clients that are not ours: the same bytes as over HTTP/1.1, the same limits, and what HTTP/2 adds.

    http2_json_peer.py PORT --pid PID --customers FILE.csv [--only TEXT]

FILE.csv is `churn features`' output; PID is the server's, whose memory is read from /proc, and which the last check tells to stop.
"""
import argparse
import csv
import gzip
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import checks
from checks import check, ensure, equal
from http2_frames import *
from http2_frames import Peer

MIB = 1 << 20
BATCH = "/v1/predictions"
KNOWN = "/v1/customers/{}/prediction"
JSON_TYPE = ("-H", "content-type: application/json")
# Rows of a batch whose answer comes in some 30 pieces.
MANY_ROWS = 100_000
# More than a piece. A reader that takes so much now and then is not cut off, however busy the machine is.
SIP_BYTES = 300 * 1024
options = None


def curl(*arguments):
    run = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "60", *arguments], capture_output=True)
    ensure(run.returncode == 0, f"curl {arguments}: {run.stderr.decode()}")
    return run.stdout


def url(target):
    return f"http://127.0.0.1:{options.port}{target}"


def resident_bytes():
    with open(f"/proc/{options.pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


def peak_bytes():
    """The most memory that the server has had since `forget_peak`."""
    with open(f"/proc/{options.pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def forget_peak():
    with open(f"/proc/{options.pid}/clear_refs", "w") as file:
        file.write("5")


def batch(rows):
    known = options.customers
    return json.dumps({"model": "seed-logistic", "customer_ids": (known * (rows // len(known) + 1))[:rows]}).encode()


# --- The same as over HTTP/1.1 -----------------------------------------------------------------------------


def over(version, *arguments):
    """Status, fields and body of an answer, without what depends on time or version."""
    with tempfile.NamedTemporaryFile() as body:
        lines = curl(version, "--dump-header", "-", "--output", body.name, *arguments).decode().split("\r\n")
        # With --head, curl writes the head there too.
        found = b"" if "--head" in arguments else body.read()
    heads = [line for line in lines if line.startswith("HTTP/")]
    fields = dict(line.split(": ", 1) for line in lines if ": " in line)
    for name in ("date", "connection", "transfer-encoding"):
        fields.pop(name, None)
    for name in (b"uptime_ms", b"checked_ms_ago"):
        found = re.sub(b'"%b":[0-9]+' % name, b"", found)
    if b'"uptime_ms"' in found or b'"state"' in found:
        fields.pop("content-length", None)
    return heads[-1].split()[1], fields, found


def both(*arguments):
    first, second = (over(version, *arguments) for version in ("--http1.1", "--http2-prior-knowledge"))
    equal(second, first, f"over HTTP/2 {arguments[-1]}")
    return second


@check("every route has one answer over both versions, with every method")
def _():
    routes = ["/", "/health", "/livez", "/readyz", "/v1/health", "/v1/models", "/openapi.json", "/docs", "/nothing", "/v1/nothing"]
    routes += [KNOWN.format(customer) for customer in (*options.customers[:20], 0, "x", "9223372036854775808")]
    routes += [KNOWN.format(options.customers[0]) + query for query in (
        "?contributions=true", "?model=seed-logistic", "?model=none", "?timeout_ms=0", "?nonsense=1", "?model=%ff")]
    statuses = {both(url(route))[0] for route in routes}
    equal(statuses, {"200", "400", "404"}, "statuses")
    for route in routes[:8]:
        status, fields, body = both("--head", url(route))
        equal((status, "content-length" in fields or route == "/v1/health", body), ("200", True, b""), f"HEAD {route}")
    for method in ("DELETE", "OPTIONS", "PUT", "BREW"):
        for route in ("/", "/livez", BATCH, "/nothing"):
            both("-X", method, url(route))
    equal(both("-X", "OPTIONS", "--request-target", "*", url("/"))[0], "204", "OPTIONS *")


@check("every body is answered alike: the prototype's routes, batches of every format, faults")
def _():
    customer = options.customers[0]
    features = {"Frequency": 7, "Monetary": 4310.0, "AvgOrderValue": 615.7142857142857}
    columns = {"model": "seed-logistic", "features": {name: [value, 1] for name, value in features.items()}}
    for target, body, status in (
            ("/predict_churn_by_id", {"customer_id": customer}, "200"), ("/predict_churn_by_id", {"customer_id": -1}, "200"),
            ("/predict_churn_by_id", {"customer_id": "x"}, "422"), ("/predict_churn_by_id", {}, "422"),
            ("/predict_churn", features, "200"), ("/predict_churn", {"Frequency": 7}, "422"),
            (BATCH, columns, "200"), (BATCH, {}, "400"), (BATCH, {"customer_ids": [1.5]}, "400"),
            (BATCH + "?format=xml", {"customer_ids": [1]}, "400"), (BATCH, {"customer_ids": [1], "model": "none"}, "404"),
            ("/nothing", {}, "404"), ("/livez", {}, "405")):
        equal(both(*JSON_TYPE, "-d", json.dumps(body), url(target))[0], status, f"status of {target} {body}")
    equal(both("-H", "content-type: text/plain", "-d", "{}", url(BATCH))[0], "415", "text/plain")
    equal(both(*JSON_TYPE, "-H", "accept: text/html", "-d", "{}", url(BATCH))[0], "406", "text/html")
    with tempfile.NamedTemporaryFile() as plain, tempfile.NamedTemporaryFile() as packed:
        for rows in (1, 150, 40_000):
            for file, data in ((plain, batch(rows)), (packed, gzip.compress(batch(rows)))):
                file.seek(0)
                file.truncate()
                file.write(data)
                file.flush()
            for form in ("json", "ndjson", "csv"):
                target = url(f"{BATCH}?format={form}")
                status, _, body = both(*JSON_TYPE, "--data-binary", f"@{plain.name}", target)
                equal((status, body.count(b"OK")), ("200", rows), f"rows of {form}")
                again = both(*JSON_TYPE, "-H", "content-encoding: gzip", "--data-binary", f"@{packed.name}", target)
                equal(again[2] == body, True, f"{rows} rows, packed on their way")
                accepts = ("-H", "accept-encoding: gzip")
                _, fields, small = both(*JSON_TYPE, *accepts, "--data-binary", f"@{plain.name}", target)
                is_packed = fields.get("content-encoding") == "gzip"
                equal((gzip.decompress(small) if is_packed else small) == body, True, f"{rows} rows, packed on their way back")
                # One of 150 is answered at once, without packing, if no customer is waited for.
                ensure(is_packed == (rows > 100) or rows == 150, f"whether {rows} rows are packed: {is_packed}")


@check("a tag is known over both versions, and an answer that is known is not sent again")
def _():
    for target in (KNOWN.format(options.customers[0]), "/v1/models", "/openapi.json", "/docs"):
        tag = both(url(target))[1]["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            equal(both("-H", f"if-none-match: {known}", url(target))[0], "304", f"{target} known by {known}")
        equal(both("-H", 'if-none-match: "other"', url(target))[0], "200", f"{target} not known")


@check("limits are those of HTTP/1.1")
def _():
    with tempfile.NamedTemporaryFile() as file:
        file.write(b" " * (17 * 1024))
        file.flush()
        body = ("--data-binary", f"@{file.name}")
        equal(both(*JSON_TYPE, *body, url("/predict_churn"))[0], "413", "a long body")
        # Before the body has come, perhaps in the middle of it: curl must find the answer each time.
        file.write(b" " * MIB)
        file.flush()
        for target, status in (("/predict_churn", "413"), ("/nothing", "404"), ("/livez", "405"), ("/churn.v1.Churn/Health", "415")):
            found = {over("--http2-prior-knowledge", *JSON_TYPE, *body, url(target))[0] for _ in range(20)}
            equal(found, {status}, f"answers to a body that is not wanted by {target}")
    equal(both(url("/" + "a" * 9_000))[0], "414", "a long target")
    equal(both("-X", "BREWBREWBREWBREWBREW", url("/"))[0], "501", "a long method")
    equal(over("--http2-prior-knowledge", "-H", "x: " + "a" * 17_000, url("/"))[0], "431", "a long head")
    many = [part for number in range(101) for part in ("-H", f"x{number}: y")]
    equal(over("--http2-prior-knowledge", *many, url("/"))[0], "431", "many fields")


# --- Streams -----------------------------------------------------------------------------------------------


def begin(peer, method, path, *more, flags=END_HEADERS, content_type="application/json"):
    stream = peer.new_stream()
    peer.send(peer.headers(stream, peer.fields(path, *more, method=method, content_type=content_type), flags))
    return stream


def get(peer, path):
    return peer.answer(begin(peer, "GET", path, flags=END_HEADERS | END_STREAM))


def works(peer):
    equal(bytes(get(peer, "/livez").body), b"ok\n", "another request")


@check("malformed requests are errors of their stream, and the connection goes on")
def _():
    with Peer(options.port) as peer:
        plain = [(":method", "GET"), (":scheme", "http"), (":path", "/livez"), (":authority", "test")]
        for name, value in (("connection", "close"), ("keep-alive", "1"), ("proxy-connection", "close"), ("upgrade", "h2c"),
                            ("transfer-encoding", "chunked"), ("te", "gzip"), ("host", "other"), ("Upper", "x"), ("a b", "x"),
                            (":status", "200"), (":path", "/"), (":unknown", "x")):
            stream = peer.new_stream()
            peer.send(peer.headers(stream, plain + [(name, value)], END_HEADERS | END_STREAM))
            try:
                peer.stream_error(stream, PROTOCOL_ERROR)
            except AssertionError as error:
                raise AssertionError(f"{name}: {error}")
        for left_out in range(3):
            stream = peer.new_stream()
            peer.send(peer.headers(stream, plain[:left_out] + plain[left_out + 1:], END_HEADERS | END_STREAM))
            peer.stream_error(stream, PROTOCOL_ERROR)
        for path in ("", "livez", "http://test/livez"):
            stream = peer.new_stream()
            fields = [(name, path if name == ":path" else value) for name, value in plain]
            peer.send(peer.headers(stream, fields, END_HEADERS | END_STREAM))
            peer.stream_error(stream, PROTOCOL_ERROR)
        works(peer)


@check("a host that is the authority's, in any case, or stands for it, is taken")
def _():
    with Peer(options.port) as peer:
        for fields in ([(":authority", "Test:80"), ("host", "test:80")], [("host", "test")], [(":authority", "test")]):
            # The authority before the path and behind it.
            for order in (-1, 1):
                pseudo = [(":method", "GET"), (":scheme", "http"), (":path", "/livez")]
                ordered = [field for field in fields if field[0][0] == ":"]
                rest = [field for field in fields if field[0][0] != ":"]
                stream = peer.new_stream()
                block = (ordered + pseudo if order < 0 else pseudo + ordered) + rest
                peer.send(peer.headers(stream, block, END_HEADERS | END_STREAM))
                equal(peer.answer(stream).headers[":status"], "200", f"status with {block}")


@check("a body of another length than its content-length is an error of its stream")
def _():
    with Peer(options.port) as peer:
        body = b'{"customer_id":1}'
        for length, pieces in ((len(body) + 1, [body]), (len(body) - 1, [body]), (len(body), [body, b" "]), (5, [b""])):
            stream = begin(peer, "POST", "/predict_churn_by_id", ("content-length", str(length)))
            for number, piece in enumerate(pieces):
                peer.send(frame(DATA, END_STREAM if number == len(pieces) - 1 else 0, stream, piece))
            peer.stream_error(stream, PROTOCOL_ERROR)
        for fields in ([("content-length", "1"), ("content-length", "1")], [("content-length", "+1")], [("content-length", "")]):
            peer.stream_error(begin(peer, "POST", "/predict_churn_by_id", *fields), PROTOCOL_ERROR)
        works(peer)


@check("a body is read however it is cut, with its length known or not, padded, with trailers")
def _():
    body = json.dumps({"customer_id": options.customers[0]}).encode()
    with Peer(options.port) as peer:
        def answer(*frames, length=True):
            more = [("content-length", str(len(body)))] if length else []
            stream = begin(peer, "POST", "/predict_churn_by_id", *more)
            peer.send(*(frame(kind, flags, stream, payload) for kind, flags, payload in frames))
            found = peer.answer(stream)
            equal(found.headers[":status"], "200", "status")
            return bytes(found.body)

        wanted = answer((DATA, END_STREAM, body))
        for length in (True, False):
            equal(answer((DATA, END_STREAM, body), length=length), wanted, "in one frame")
            equal(answer((DATA, 0, body), (DATA, END_STREAM, b""), length=length), wanted, "an empty last frame")
            single = [(DATA, 0, bytes([byte])) for byte in body[:-1]] + [(DATA, END_STREAM, body[-1:])]
            equal(answer(*single, length=length), wanted, "byte by byte")
            padded = bytes([9]) + body + bytes(9)
            equal(answer((DATA, END_STREAM | PADDED, padded), length=length), wanted, "padded")
            # A literal field, not indexed.
            trailers = b"\x00\x06x-test\x02ok"
            equal(answer((DATA, 0, body), (HEADERS, END_HEADERS | END_STREAM, trailers), length=length), wanted, "trailers")
            # One frame in packets of one byte.
            stream = begin(peer, "POST", "/predict_churn_by_id", *([("content-length", str(len(body)))] if length else []))
            whole = frame(DATA, END_STREAM, stream, body)
            for byte in whole:
                peer.send(bytes([byte]))
            equal(bytes(peer.answer(stream).body), wanted, "cut within a frame")


@check("what the head tells already is answered before the body comes, and the rest is not wanted")
def _():
    with Peer(options.port) as peer:
        for path, length, status in (("/predict_churn_by_id", 100_000, "413"), ("/nothing", 100_000, "404"),
                                     (BATCH, 33 << 20, "413"), ("/livez", 100_000, "405")):
            stream = begin(peer, "POST", path, ("content-length", str(length)))
            equal(peer.answer(stream).headers[":status"], status, f"status of {path}")
        # Above the limit of the route, which no head tells.
        stream = begin(peer, "POST", "/predict_churn_by_id")
        for _ in range(5):
            peer.send(frame(DATA, 0, stream, b" " * 4096))
        equal(peer.answer(stream).headers[":status"], "413", "status of a long body")
        # The last stream's request has not ended, and its stream ends all the same.
        while (found := peer.read()).kind != RST_STREAM or found.stream != stream:
            ensure(found.kind != GOAWAY, "the connection was closed")
        equal(found.code, NO_ERROR, "code of the reset")
        # As much as its window holds, and no more of it is let in.
        stream = begin(peer, "POST", "/nothing", ("content-length", str(8 * MIB)))
        peer.answer(stream)
        for _ in range(MIB // FRAME_BYTES):
            peer.send(frame(DATA, 0, stream, bytes(FRAME_BYTES)))
        peer.settle()
        works(peer)


@check("requests on many streams of one connection are each answered with their own")
def _():
    with Peer(options.port, window=LARGEST_WINDOW - WINDOW_BYTES) as peer:
        streams = {}
        for customer in options.customers[:200]:
            streams[begin(peer, "GET", KNOWN.format(customer), flags=END_HEADERS | END_STREAM)] = customer
        waiting = set(streams)
        while waiting:
            found = peer.read()
            ensure(found is not None and found.kind not in (GOAWAY, RST_STREAM), f"{found}")
            if found.kind in (DATA, HEADERS) and found.flags & END_STREAM:
                waiting.discard(found.stream)
        for stream, customer in streams.items():
            equal(json.loads(bytes(peer.answers[stream].body))["customer_id"], customer, "customer")


# --- Readers that take their time --------------------------------------------------------------------------


def request1(body, target):
    head = f"POST {target} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Reader1:
    """One that reads the first bytes of an answer over HTTP/1.1, and stops."""

    def __init__(self, body, target):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", options.port))
        self.socket.sendall(request1(body, target))
        self.data = bytearray(self.socket.recv(1 << 12))
        ensure(self.data.startswith(b"HTTP/1.1 200 OK\r\n"), f"{self.data[:100]}")

    def sip(self):
        wanted = len(self.data) + SIP_BYTES
        while len(self.data) < wanted:
            self.take()

    def take(self):
        piece = self.socket.recv(1 << 16)
        ensure(piece, "the connection was closed")
        self.data += piece

    def finish(self):
        while not self.data.endswith(b"0\r\n\r\n"):
            self.take()
        data = self.data
        rest, body = data[data.index(b"\r\n\r\n") + 4:], bytearray()
        while True:
            line = rest.index(b"\r\n")
            length = int(rest[:line], 16)
            if not length:
                return bytes(body)
            body += rest[line + 2:line + 2 + length]
            rest = rest[line + 4 + length:]

    def close(self):
        self.socket.close()


class Reader2:
    """The same over HTTP/2: the stream's window is what stops it."""

    def __init__(self, body, target):
        self.peer = Peer(options.port, window=LARGEST_WINDOW - WINDOW_BYTES)
        self.stream = begin(self.peer, "POST", target, ("content-length", str(len(body))))
        for start in range(0, len(body), FRAME_BYTES):
            piece = body[start:start + FRAME_BYTES]
            last = start + FRAME_BYTES >= len(body)
            self.peer.send(frame(DATA, END_STREAM if last else 0, self.stream, piece))
        while not (answer := self.peer.answers.get(self.stream)) or len(answer.body) < WINDOW_BYTES:
            ensure(self.peer.read() is not None, "the connection was closed")
        equal(answer.headers[":status"], "200", "status")

    def sip(self):
        wanted = len(self.peer.answers[self.stream].body) + SIP_BYTES
        self.peer.send(window_update(self.stream, SIP_BYTES))
        while len(self.peer.answers[self.stream].body) < wanted:
            ensure(self.peer.read() is not None, "the connection was closed")

    def finish(self):
        self.peer.send(window_update(self.stream, LARGEST_WINDOW // 2))
        return bytes(self.peer.answer(self.stream).body)

    def close(self):
        self.peer.socket.close()


READERS = (("HTTP/1.1", Reader1), ("HTTP/2", Reader2))

for version, Reader in READERS:
    @check(f"readers of large batches that stop hold the rows and one piece each, over {version}")
    def _(Reader=Reader):
        count, body, target = 12, batch(MANY_ROWS), BATCH + "?format=ndjson"
        # What one call takes stays with the server for the next.
        first = Reader(body, target)
        wanted = first.finish()
        first.close()
        equal(wanted.count(b"\n"), MANY_ROWS, "rows")
        before = resident_bytes()
        forget_peak()
        readers = []
        for _ in range(count):
            for reader in readers:
                reader.sip()
            readers.append(Reader(body, target))
        with Peer(options.port) as bystander:
            for _ in range(50):
                works(bystander)
        growth, whole = peak_bytes() - before, count * len(wanted)
        ensure(growth < whole // 2, f"the server's memory grew by {growth // MIB} MiB for answers of {whole // MIB} MiB")
        for reader in readers:
            equal(reader.finish() == wanted, True, "the whole answer, late")
            reader.close()
        return f"{growth // MIB} MiB for answers of {whole // MIB} MiB"


@check("a stream that is cancelled in the middle of a batch gives back what it held, and the connection goes on")
def _():
    body, target = batch(MANY_ROWS), BATCH + "?format=json"
    before = None
    for number in range(30):
        reader = Reader2(body, target)
        reader.peer.send(reset(reader.stream))
        works(reader.peer)
        reader.close()
        if number == 5:
            before = resident_bytes()
    growth = resident_bytes() - before
    ensure(growth < 64 * MIB, f"the server's memory grew by {growth // MIB} MiB")
    return f"grew by {growth // MIB} MiB"


@check("streams whose window is closed hold no more than the answers that fit the budget")
def _():
    with Peer(options.port, (INITIAL_WINDOW_SIZE, 0)) as peer, Peer(options.port) as bystander:
        before = resident_bytes()
        for _ in range(200):
            begin(peer, "GET", "/openapi.json", flags=END_HEADERS | END_STREAM)
        peer.settle()
        works(bystander)
        growth = resident_bytes() - before
        ensure(growth < 64 * MIB, f"the server's memory grew by {growth // MIB} MiB")
        return f"grew by {growth // MIB} MiB"


@check("requests that are reset as soon as they are sent end their connection, and no other")
def _():
    with Peer(options.port) as peer, Peer(options.port) as bystander:
        for _ in range(2_000):
            stream = peer.new_stream()
            head = peer.headers(stream, peer.fields("/v1/models", method="GET", content_type=None), END_HEADERS | END_STREAM)
            if not peer.send(head, reset(stream)):
                break
        while (found := peer.read()) is not None and not (found.kind == GOAWAY and found.code != NO_ERROR):
            pass
        ensure(found is None or found.code in (ENHANCE_YOUR_CALM, INTERNAL_ERROR), f"{found and CODES[found.code]}")
        works(bystander)


# --- Other clients -----------------------------------------------------------------------------------------


@check("nghttp and h2load get the answers of curl")
def _():
    for program in ("nghttp", "h2load"):
        ensure(shutil.which(program), f"there is no {program}; apt-get install nghttp2-client, which ./scripts/test does")
    target = url(KNOWN.format(options.customers[0]))
    found = subprocess.run(["nghttp", target], capture_output=True, check=True, timeout=60).stdout
    equal(found, curl(target), "by nghttp")
    load = subprocess.run(["h2load", "-n", "5000", "-c", "4", "-m", "32", target], capture_output=True, check=True, timeout=120)
    text = load.stdout.decode()
    ensure("5000 succeeded, 0 failed, 0 errored" in text and "5000 2xx" in text, text)


@check("at a drain an answer that is being read is read to its end, a new stream is refused, and the server ends")
def _():
    body, target = batch(MANY_ROWS), BATCH + "?format=ndjson"
    wanted = Reader2(body, target).finish()
    reader = Reader2(body, target)
    os.kill(options.pid, signal.SIGTERM)
    while (found := reader.peer.read()).kind != GOAWAY:
        ensure(found is not None, "the connection was closed")
    # Heard: from its acknowledgement on, the server begins no stream of this connection.
    while found.kind != GOAWAY or struct.unpack_from(">I", found.payload)[0] == LARGEST_WINDOW:
        found = reader.peer.read()
        ensure(found is not None, "the connection was closed")
        if found.kind == PING and not found.flags & ACK:
            reader.peer.send(frame(PING, ACK, payload=found.payload))
    equal(reader.finish() == wanted, True, "the whole answer")
    while reader.peer.read() is not None:
        pass


def main():
    global options
    parser = argparse.ArgumentParser(description="JSON over HTTP/2 against a churn server")
    parser.add_argument("port", type=int)
    parser.add_argument("--pid", type=int, required=True, help="the server's process")
    parser.add_argument("--customers", required=True, metavar="FILE.csv", help="what `churn features` wrote")
    parser.add_argument("--only", default="", help="run the checks with this text in their names")
    options = parser.parse_args()
    with open(options.customers) as file:
        options.customers = [int(row["customer_id"]) for row in csv.DictReader(file)]
    checks.run(options.only)


if __name__ == "__main__":
    main()
