#!/usr/bin/env python3
"""Clients of gRPC that are not ours (grpcio, sync and asyncio; h2 for raw HTTP/2) against a churn server.

    grpc_peer.py PORT --customers FILE.csv [--next-port PORT --drain-pid PID]

Prints one line a check and "N passed, M failed", and ends with status 0 when none failed. In the last check the server
at PORT, which is the process --drain-pid, is told to stop, and the calls go on at --next-port.
"""
import argparse
import asyncio
import atexit
import csv
import importlib
import os
import pathlib
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import time

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_tools import protoc

import checks
import raw_http2
from checks import check, equal

ROOT = pathlib.Path(__file__).resolve().parents[3]
HOST = "127.0.0.1"
TIMEOUT_SECONDS = 60
MESSAGE_LIMIT = 16 * 1024 * 1024
METADATA_LIMIT = 16 * 1024
BY_ID = "/churn.v1.Churn/PredictById"
Code = grpc.StatusCode
options = None


FOLDER = tempfile.mkdtemp(prefix="churn-grpc-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
sys.path.insert(0, FOLDER)
sys.dont_write_bytecode = True


def compile_protos(folder, *names):
    if protoc.main(["protoc", f"--proto_path={folder}", f"--python_out={FOLDER}", f"--grpc_python_out={FOLDER}", *names]):
        sys.exit(f"error: protoc refuses {' '.join(names)} in {folder}")
    importlib.invalidate_caches()


def compiled(name, text):
    """The messages of a proto that the caller writes."""
    pathlib.Path(FOLDER, f"{name}.proto").write_text(text)
    compile_protos(FOLDER, f"{name}.proto")
    return importlib.import_module(f"{name}_pb2")


compile_protos(ROOT / "proto", "churn/v1/churn.proto", "churn/v1/churn_service.proto")
pb = importlib.import_module("churn.v1.churn_pb2")
service_pb = importlib.import_module("churn.v1.churn_service_pb2")
service = importlib.import_module("churn.v1.churn_service_pb2_grpc")


# --- Clients -----------------------------------------------------------------------------------------------


def open_channel(*settings, target=None):
    settings = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), *settings]
    return grpc.insecure_channel(target or f"{HOST}:{options.port}", options=settings)


def stub(channel):
    return service.ChurnStub(channel)


def by_id(customer, **fields):
    return pb.PredictByIdRequest(customer_id=customer, **fields)


def by_ids(customers, **fields):
    return pb.PredictBatchRequest(ids=pb.CustomerIds(customer_id=customers), **fields)


def failure(call, *arguments, **named):
    """The status and text that a call fails with."""
    try:
        call(*arguments, timeout=named.pop("timeout", TIMEOUT_SECONDS), **named)
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise AssertionError("the call succeeded")


class Frames:
    """The other dialect of the same port."""

    def __init__(self):
        self.socket = socket.create_connection((HOST, options.port), timeout=TIMEOUT_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def call(self, **fields):
        payload = pb.Request(call_id=1, **fields).SerializeToString()
        self.socket.sendall(struct.pack(">I", len(payload)) + payload)
        response = pb.Response()
        response.ParseFromString(self.exactly(struct.unpack(">I", self.exactly(4))[0]))
        return response

    def exactly(self, count):
        data = bytearray()
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise EOFError("the connection ended")
            data += piece
        return bytes(data)


# --- Answers -----------------------------------------------------------------------------------------------


@check("a customer by its text, alone, in a batch and in a stream of a batch")
def _():
    with open_channel() as channel:
        churn = stub(channel)
        customer = options.customers[0]
        wanted = churn.PredictById(by_id(customer), timeout=TIMEOUT_SECONDS)
        answer = churn.PredictById(pb.PredictByIdRequest(customer=f" {customer}.0"), timeout=TIMEOUT_SECONDS)
        equal(answer.customer, str(customer), "customer")
        answer.ClearField("customer")
        equal(answer.SerializeToString(), wanted.SerializeToString(), "the answer but for the text")
        code, text = failure(churn.PredictById, pb.PredictByIdRequest(customer="CUST-0001"))
        equal((code, text), (Code.NOT_FOUND, "customer 'CUST-0001' is not known"), "an unknown text")
        code, _ = failure(churn.PredictById, pb.PredictByIdRequest(customer="1.7E+04"))
        equal(code, Code.INVALID_ARGUMENT, "a damaged number")
        texts = [str(customer), "CUST-0001", "1.7E+04"] * 40_000
        request = pb.PredictBatchRequest(customers=pb.CustomerTexts(customer=texts))
        whole = churn.PredictBatch(request, timeout=TIMEOUT_SECONDS)
        equal(whole.status, bytes([0, 5, 3]) * 40_000, "statuses of the batch")
        equal(whole.probability[0], wanted.probability, "probability of the batch")
        parts = list(churn.PredictBatchStream(request, timeout=TIMEOUT_SECONDS))
        equal(b"".join(part.status for part in parts), whole.status, "statuses of the stream")


@check("every customer has one answer in both dialects, bit for bit")
def _():
    with open_channel() as channel, Frames() as frames:
        churn = stub(channel)
        for customer in options.customers:
            request = by_id(customer, contributions=customer % 2 == 0, names=customer % 3 == 0)
            answer = churn.PredictById(request, timeout=TIMEOUT_SECONDS)
            equal(answer.customer_id, customer, "customer_id")
            # Doubles compare by their bytes.
            wanted = frames.call(predict_by_id=request).predict_by_id
            equal(answer.SerializeToString(), wanted.SerializeToString(), f"customer {customer}")


@check("batches by ids and by columns have one answer in both dialects, small and large")
def _():
    with open_channel() as channel, Frames() as frames:
        churn = stub(channel)
        first = churn.PredictById(by_id(options.customers[0], names=True))
        # 10 times 1,000 ids are above the 64 KiB that are answered on the loop.
        for repeat in (1, 10):
            ids = by_ids((options.customers + [10**12]) * repeat)
            columns = pb.PredictBatchRequest(columns=pb.FeatureColumns(column=[
                pb.FeatureColumn(name=name, value=[value] * 1000 * repeat * 4)
                for name, value in zip(first.names, first.features)
            ]))
            for request in (ids, columns):
                answer = churn.PredictBatch(request, timeout=TIMEOUT_SECONDS)
                wanted = frames.call(predict_batch=request).predict_batch
                equal(answer.SerializeToString(), wanted.SerializeToString(), "the batch")
            equal(set(answer.probability), {first.probability}, "probabilities by columns")


@check("the model is a field of the request, and one that contradicts the frames' envelope is refused")
def _():
    customer = options.customers[0]
    with open_channel() as channel, Frames() as frames:
        for model in ("seed-logistic", "seed-logistic@1"):
            equal(stub(channel).PredictById(by_id(customer, model=model)).model, "seed-logistic", "model")
            both = frames.call(model=model, predict_by_id=by_id(customer, model=model))
            equal(both.status.code, 0, "status of equal names")
        answer = frames.call(model="seed-logistic", predict_by_id=by_id(customer, model="other"))
        equal(answer.status.code, Code.INVALID_ARGUMENT.value[0], "status of a contradiction")
        equal(frames.call(predict_by_id=by_id(customer)).status.code, 0, "status of the next call")


@check("Health, and grpc.health.v1 by the client that belongs to it")
def _():
    with open_channel() as channel:
        report = stub(channel).Health(pb.HealthRequest(names=True), timeout=TIMEOUT_SECONDS)
        equal(pb.ServingState.Name(report.state), "SERVING_STATE_SERVING", "state")
        equal(len(report.model[0].feature) > 0, True, "names")
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", "churn.v1.Churn"):
            answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=TIMEOUT_SECONDS)
            equal(answer.status, health_pb2.HealthCheckResponse.SERVING, f"status of {name!r}")
        code, _ = failure(health.Check, health_pb2.HealthCheckRequest(service="nobody"))
        equal(code, Code.NOT_FOUND, "an unknown service")


# --- Failures ----------------------------------------------------------------------------------------------


@check("statuses: NOT_FOUND, INVALID_ARGUMENT, UNIMPLEMENTED, with texts that arrive as they were")
def _():
    with open_channel() as channel:
        churn = stub(channel)
        equal(failure(churn.PredictById, by_id(10**12)), (Code.NOT_FOUND, f"customer {10**12} is not known"), "customer")
        code, text = failure(churn.PredictById, by_id(1, model="ä %41 ∑"))
        equal((code, "ä %41 ∑" in text), (Code.NOT_FOUND, True), f"model: {text}")
        equal(failure(churn.PredictBatch, pb.PredictBatchRequest())[0], Code.INVALID_ARGUMENT, "an empty batch")
        raw = channel.unary_unary(BY_ID)
        equal(failure(raw, b"\xff\xff")[0], Code.INVALID_ARGUMENT, "bytes that are no message")
        equal(failure(raw, b"\x7a\x02\xc3\x28")[0], Code.INVALID_ARGUMENT, "a name that is not UTF-8")
        for path in ("/churn.v1.Churn/Nothing", "/nobody.Nothing/PredictById", "/grpc.health.v1.Health/Nothing"):
            equal(failure(channel.unary_unary(path), b"")[0], Code.UNIMPLEMENTED, path)
        code, text = failure(churn.PredictById, by_id(1), compression=grpc.Compression.Deflate)
        equal((code, "identity" in text), (Code.UNIMPLEMENTED, True), f"deflate: {text}")
        # The channel has not suffered.
        churn.PredictById(by_id(options.customers[0]), timeout=TIMEOUT_SECONDS)


@check("a message of the limit is taken, one above is RESOURCE_EXHAUSTED")
def _():
    ids = by_ids((options.customers * 1000)[:1_000_000]).SerializeToString()

    def padded(total):
        # Field 100, which nobody knows, of as many bytes as are missing: 2 of tag, 4 of length.
        missing = total - len(ids) - 6
        length = bytes([missing & 0x7F | 0x80, missing >> 7 & 0x7F | 0x80, missing >> 14 & 0x7F | 0x80, missing >> 21])
        return ids + b"\xa2\x06" + length + bytes(missing)

    with open_channel() as channel:
        raw = channel.unary_unary("/churn.v1.Churn/PredictBatch")
        largest = padded(MESSAGE_LIMIT)
        equal(len(largest), MESSAGE_LIMIT, "length")
        answer = pb.PredictBatchResponse.FromString(raw(largest, timeout=TIMEOUT_SECONDS))
        equal(len(answer.probability), len(options.customers) * 1000, "rows")
        code, text = failure(raw, padded(MESSAGE_LIMIT + 1))
        equal((code, f"{MESSAGE_LIMIT + 1} bytes" in text), (Code.RESOURCE_EXHAUSTED, True), f"above: {text}")
        raw(ids, timeout=TIMEOUT_SECONDS)


@check("metadata within the limit is taken, above it is RESOURCE_EXHAUSTED")
def _():
    customer = by_id(options.customers[0])
    with raw_http2.Connection(HOST, options.port) as connection:
        for size, status in ((METADATA_LIMIT - 1000, 0), (METADATA_LIMIT, Code.RESOURCE_EXHAUSTED.value[0])):
            pieces = [("x-piece", "x" * 4000)] * (size // 4032) + [("x-rest", "x" * (size % 4032))]
            answer = connection.call(BY_ID, customer.SerializeToString(), pieces)
            equal(answer.status, status, f"status at {size} bytes: {answer.message}")
    with open_channel() as channel:
        # Here the client itself may refuse, by the limit in the server's settings.
        large = [("x-large", "x" * METADATA_LIMIT)]
        equal(failure(stub(channel).PredictById, customer, metadata=large)[0], Code.RESOURCE_EXHAUSTED, "status")


@check("grpc-timeout in every unit")
def _():
    message = by_id(options.customers[0]).SerializeToString()
    late, wrong = Code.DEADLINE_EXCEEDED.value[0], Code.INVALID_ARGUMENT.value[0]
    cases = [("1n", late), ("0m", late), ("99999999H", 0), ("99999999M", 0), ("10S", 0), ("10000m", 0)]
    cases += [("10000000u", 0), ("", wrong), ("5", wrong), ("m", wrong), ("123456789m", wrong), ("1x", wrong), ("-1S", wrong)]
    with raw_http2.Connection(HOST, options.port) as connection:
        for timeout, status in cases:
            answer = connection.call(BY_ID, message, [("grpc-timeout", timeout)])
            equal(answer.status, status, f"status of grpc-timeout {timeout!r}: {answer.message}")


@check("a deadline of the client's, and calls that are cancelled, leave the channel whole")
def _():
    rows = by_ids((options.customers * 1000)[:1_000_000])
    with open_channel() as channel:
        churn = stub(channel)
        equal(failure(churn.PredictBatch, rows, timeout=0.005)[0], Code.DEADLINE_EXCEEDED, "deadline")
        calls = [churn.PredictBatch.future(rows, timeout=TIMEOUT_SECONDS) for _ in range(8)]
        calls += [churn.PredictById.future(by_id(1), timeout=TIMEOUT_SECONDS) for _ in range(100)]
        for call in calls:
            call.cancel()
        # An answer may be there before the cancellation; not all eight, which are one after another on two cores.
        codes = {call.code() for call in calls[:8]}
        if not {Code.CANCELLED} <= codes <= {Code.CANCELLED, Code.OK}:
            raise AssertionError(f"codes of large calls: {codes}")
        churn.PredictById(by_id(options.customers[0]), timeout=TIMEOUT_SECONDS)
    # Memory that was reserved for them has been given back.
    with open_channel() as channel:
        for _ in range(3):
            stub(channel).PredictBatch(rows, timeout=TIMEOUT_SECONDS)


# --- Many calls --------------------------------------------------------------------------------------------


@check("4,000 calls at once on one channel, each with its own answer")
def _():
    with open_channel() as channel:
        churn = stub(channel)
        customers = (options.customers * 4000)[:4000]
        calls = [churn.PredictById.future(by_id(customer), timeout=TIMEOUT_SECONDS) for customer in customers]
        for customer, call in zip(customers, calls):
            equal(call.result().customer_id, customer, "customer_id")


@check("asyncio: 4,000 calls at once, a failure and a cancelled call among them")
def _():
    async def run():
        async with grpc.aio.insecure_channel(f"{HOST}:{options.port}") as channel:
            churn = stub(channel)
            customers = (options.customers * 4000)[:4000]
            answers = await asyncio.gather(*(churn.PredictById(by_id(customer), timeout=60) for customer in customers))
            equal([answer.customer_id for answer in answers], customers, "customers")
            try:
                await churn.PredictById(by_id(10**12))
                raise AssertionError("an unknown customer has an answer")
            except grpc.aio.AioRpcError as error:
                equal(error.code(), Code.NOT_FOUND, "code")
            call = churn.PredictBatch(by_ids((options.customers * 1000)[:400_000]))
            await asyncio.sleep(0)
            call.cancel()
            equal((await churn.Health(pb.HealthRequest())).draining, False, "draining")

    asyncio.run(run())


# --- HTTP/2 as no client of gRPC speaks it -----------------------------------------------------------------


@check("a request in pieces of a byte, and an end that comes by itself")
def _():
    message = raw_http2.prefixed(by_id(options.customers[0]).SerializeToString())
    with raw_http2.Connection(HOST, options.port) as connection:
        stream = connection.begin(BY_ID)
        for index in range(len(message)):
            connection.send(stream, message[index:index + 1])
        connection.send(stream, b"", end_stream=True)
        equal(connection.wait(stream).status, 0, "status")
        # Kept in memory that was reserved: above 4 KiB, below and above what a worker gets.
        for count in (1_000, 20_000):
            rows = raw_http2.prefixed(by_ids((options.customers * 100)[:count]).SerializeToString())
            stream = connection.begin("/churn.v1.Churn/PredictBatch")
            for start in range(0, len(rows), 1000):
                while connection.http2.local_flow_control_window(stream) < 1000:
                    connection.read()
                connection.send(stream, rows[start:start + 1000])
            connection.send(stream, b"", end_stream=True)
            equal(connection.wait(stream).status, 0, f"status of {count} rows")


@check("requests that end too early, or hold two messages, are INVALID_ARGUMENT")
def _():
    message = raw_http2.prefixed(by_id(options.customers[0]).SerializeToString())
    wrong = Code.INVALID_ARGUMENT.value[0]
    with raw_http2.Connection(HOST, options.port) as connection:
        equal(connection.wait(connection.begin(BY_ID, end_stream=True)).status, wrong, "status without a message")
        for body in (message[:3], message[:-1], message + message):
            stream = connection.begin(BY_ID)
            connection.send(stream, body, end_stream=True)
            equal(connection.wait(stream).status, wrong, f"status of {len(body)} bytes")
        equal(connection.call(BY_ID, message[5:]).status, 0, "status of the next call")


@check("a request that is no call of gRPC gets an answer of HTTP")
def _():
    with raw_http2.Connection(HOST, options.port) as connection:
        def status(path, **fields):
            return connection.wait(connection.begin(path, end_stream=True, **fields)).headers[":status"]

        equal(status("/nothing", method="GET", content_type=None), "404", "another page")
        equal(status("/livez", method="GET", content_type=None), "200", "a page")
        equal(status(BY_ID, content_type="application/json"), "415", "JSON")
        equal(status(BY_ID, method="GET"), "405", "GET")
        message = by_id(options.customers[0]).SerializeToString()
        equal(connection.call(BY_ID, message, content_type="application/grpc+proto").status, 0, "with +proto")


@check("HTTP/1.1 is answered, TLS gets a close, and frames are served beside them")
def _():
    close = b"Host: a\r\nConnection: close\r\n\r\n"
    for line, status in ((b"GET / HTTP/1.1\r\n", b"200 OK"), (b"POST / HTTP/1.1\r\n", b"405 Method Not Allowed")):
        with socket.create_connection((HOST, options.port), timeout=TIMEOUT_SECONDS) as connection:
            connection.sendall(line + close)
            answer = b""
            while piece := connection.recv(4096):
                answer += piece
            equal(answer.split(b"\r\n")[0], b"HTTP/1.1 " + status, "first line")
    with socket.create_connection((HOST, options.port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(bytes([0x16, 3, 1, 2, 0]))
        equal(connection.recv(10), b"", "answer to TLS")


@check("a peer that resets streams without end is sent away, and another is served meanwhile")
def _():
    with open_channel() as channel, raw_http2.Connection(HOST, options.port) as flood:
        try:
            for _ in range(5_000):
                flood.http2.reset_stream(flood.begin(BY_ID))
                flood.flush()
        except OSError:
            pass
        flood.wait_for_end()
        equal(flood.is_closed, True, "closed")
        stub(channel).PredictById(by_id(options.customers[0]), timeout=TIMEOUT_SECONDS)


# --- Draining ----------------------------------------------------------------------------------------------


@check("GOAWAY under load: no call fails while the server stops and the next one takes over")
def _():
    if options.drain_pid is None:
        return
    failures, counts, stopping = [], [], threading.Event()

    def load(worker):
        with open_channel(target=f"ipv4:{HOST}:{options.port},{HOST}:{options.next_port}") as channel:
            churn, count = stub(channel), 0
            while not stopping.is_set():
                calls = [churn.PredictById.future(by_id(customer), timeout=60) for customer in options.customers[:50]]
                for call in calls:
                    if call.exception() is not None:
                        failures.append((call.code(), call.details()))
                count += len(calls)
                counts[worker] = count

    counts += [0] * 4
    threads = [threading.Thread(target=load, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()

    def wait_for_calls():
        wanted = [count + 500 for count in counts]
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while any(count < want for count, want in zip(counts, wanted)):
            if time.monotonic() > deadline or failures:
                break
            time.sleep(0.01)

    wait_for_calls()
    with raw_http2.Connection(HOST, options.port) as silent:
        for _ in range(2):
            equal(silent.call(BY_ID, by_id(options.customers[0]).SerializeToString()).status, 0, "status before")
        os.kill(options.drain_pid, signal.SIGTERM)
        # Streams 1 and 3 were served. The second comes too when nobody acknowledges the ping between them.
        equal(silent.goaways(), [(2**31 - 1, 0), (3, 0)], "the two GOAWAY frames")
    wait_for_calls()
    stopping.set()
    for thread in threads:
        thread.join()
    equal(failures[:3], [], f"failures of {sum(counts)} calls")
    print(f"        {sum(counts)} calls, {len(failures)} failed")
    try:
        socket.create_connection((HOST, options.port), timeout=1).close()
        raise AssertionError("the server that was told to stop accepts connections")
    except OSError:
        pass


def main(among=checks.CHECKS):
    global options
    parser = argparse.ArgumentParser(description="checks a churn server by clients of gRPC")
    parser.add_argument("port", type=int)
    parser.add_argument("--customers", required=True, help="the CSV file that the server's store was filled from")
    parser.add_argument("--next-port", type=int, help="of another server with the same answers")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the largest batches")
    parser.add_argument("--drain-pid", type=int, help="process id of the server, told to stop at the end")
    options = parser.parse_args()
    with open(options.customers, newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        column = next(name for name in rows.fieldnames if name.replace(" ", "").lower() == "customerid")
        ids = {int(float(row[column])) for row in rows if row[column]}
    with Frames() as frames:
        known = sorted(ids)
        statuses = frames.call(predict_batch=by_ids(known)).predict_batch.status
        options.customers = [id for index, id in enumerate(known) if not statuses or statuses[index] == 0]
    print(f"{len(options.customers)} customers")
    checks.run(among=among)


if __name__ == "__main__":
    main()
