#!/usr/bin/env python3
"""A client that shares no code with ours: Python's sockets and Google's protobuf runtime, generated from the .proto.

    wire_peer.py HOST PORT --model NAME --expect ID=PROBABILITY ... --unknown ID
                 [--reference seed_reference.json] [--drain-pid PID]

It checks that the server at HOST:PORT keeps the contract of docs/protocol.md, prints one line a check and "N passed,
M failed", and ends with status 0 when none failed. --drain-pid is the server's process: it is told to stop (SIGTERM)
in the last check.

The time-outs are there so that a fault ends the run; none of them is a claim about speed.
"""
import argparse
import json
import math
import os
import random
import signal
import socket
import struct

import checks
import churn_proto
from checks import check, ensure, equal

pb = churn_proto.load()

TIMEOUT_SECONDS = 60
PAYLOAD_LIMIT = 16 * 1024 * 1024
ROW_LIMIT = 1_000_000
COLUMN_LIMIT = 256
options = None


# --- The client: all of it ---------------------------------------------------------------------------------


class Connection:
    def __init__(self):
        self.socket = socket.create_connection((options.host, options.port), timeout=TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.next_id = random.randrange(1, 1 << 62)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def request(self, **fields):
        self.next_id += 1
        return pb.Request(call_id=self.next_id, **fields)

    def send(self, *messages):
        self.socket.sendall(b"".join(churn_proto.frame(message) for message in messages))

    def receive(self):
        (length,) = struct.unpack(">I", self.exactly(4))
        return pb.Response.FromString(self.exactly(length))

    def exactly(self, count):
        data = bytearray()
        while len(data) < count:
            chunk = self.socket.recv(count - len(data))
            if not chunk:
                raise EOFError(f"the server closed the connection {len(data)} bytes into {count}")
            data += chunk
        return bytes(data)

    def call(self, request):
        self.send(request)
        response = self.receive()
        equal(response.call_id, request.call_id, "the call id of the answer")
        return response

    def until_closed(self):
        """What still comes before the server closes its side."""
        responses = []
        while True:
            try:
                responses.append(self.receive())
            except EOFError:
                return responses


def by_id(connection, customer, model=None, **flags):
    request = connection.request(model=options.model if model is None else model)
    request.predict_by_id.customer_id = customer
    for name, value in flags.items():
        setattr(request.predict_by_id, name, value)
    return request


def batch_by_ids(connection, ids, **fields):
    request = connection.request(model=options.model, **fields)
    request.predict_batch.ids.customer_id.extend(ids)
    if not ids:
        request.predict_batch.ids.SetInParent()
    return request


def batch_by_columns(connection, columns, **fields):
    request = connection.request(model=options.model, **fields)
    request.predict_batch.columns.SetInParent()
    for name, values in columns:
        request.predict_batch.columns.column.add(name=name, value=values)
    return request


# --- Checks ------------------------------------------------------------------------------------------------


def close_to(actual, expected, tolerance, what):
    ensure(abs(actual - expected) <= tolerance, f"{what} is {actual!r}, not {expected!r} within {tolerance}")


def succeeded(response, result):
    equal(status_name(response), "OK", f"status ({response.status.message})")
    equal(response.WhichOneof("result"), result, "result")
    return getattr(response, result)


def failed(response, code, *mentions):
    equal(status_name(response), code, f"status ({response.status.message})")
    equal(response.WhichOneof("result"), None, "result beside a failure")
    for text in mentions:
        ensure(text in response.status.message, f"the message {response.status.message!r} does not name {text!r}")


def status_name(response):
    return pb.StatusCode.Name(response.status.code).removeprefix("STATUS_CODE_")


def answers(connection):
    """The connection still works."""
    customer, probability = next(iter(options.expect.items()))
    body = succeeded(connection.call(by_id(connection, customer)), "predict_by_id")
    close_to(body.probability, probability, 1e-15, "probability")


def another_answers():
    with Connection() as connection:
        answers(connection)


def decision(body, row):
    return bool(body.decision[row]) if body.decision else False


def row_status(body, row):
    return body.status[row] if body.status else pb.STATUS_CODE_OK


def health(connection, names=False):
    request = connection.request()
    request.health.names = names
    if not names:
        request.health.SetInParent()
    return succeeded(connection.call(request), "health")


def model_info(connection):
    found = [model for model in health(connection, names=True).model if model.name == options.model]
    equal(len(found), 1, f"number of models called {options.model}")
    return found[0]


def features_of(connection, ids):
    """Feature rows, by pipelined PredictById."""
    requests = [by_id(connection, customer) for customer in ids]
    connection.send(*requests)
    received = {}
    for _ in requests:
        response = connection.receive()
        received[response.call_id] = succeeded(response, "predict_by_id")
    return [list(received[request.call_id].features) for request in requests]


def columns_of(connection, ids):
    names = list(model_info(connection).feature)
    rows = features_of(connection, ids)
    return [(name, [row[index] for row in rows]) for index, name in enumerate(names)]


@check("Health: serving, with its models, features and store")
def _():
    with Connection() as connection:
        report = health(connection)
        equal(pb.ServingState.Name(report.state), "SERVING_STATE_SERVING", f"state ({report.reason})")
        equal(report.reason, "", "reason")
        equal(report.draining, False, "draining")
        ensure(report.server_version, "server_version is empty")
        ensure(options.model in [model.name for model in report.model], f"{options.model} is not among the models")
        ensure(all(not model.feature for model in report.model), "feature names came without being asked for")
        ensure(report.HasField("features") and report.features.customers > 0, "no features are loaded")
        ensure(report.features.feature_time > 0, "feature_time is missing")
        ensure(report.HasField("store") and report.store.reachable, "the store is not reachable")
        ensure(report.store.kind in ("sqlite", "mongodb"), f"the store's kind is {report.store.kind!r}")
        info = model_info(connection)
        ensure(info.version and info.schema_id and info.feature, "version, schema id or features are missing")
        ensure(0 <= info.threshold <= 1, f"the threshold is {info.threshold}")
        ensure(health(connection).uptime_ms >= report.uptime_ms, "the uptime went back")


@check("PredictById: the expected probabilities")
def _():
    with Connection() as connection:
        info = model_info(connection)
        feature_time = health(connection).features.feature_time
        for customer, probability in options.expect.items():
            body = succeeded(connection.call(by_id(connection, customer)), "predict_by_id")
            equal(body.customer_id, customer, "customer_id")
            close_to(body.probability, probability, 1e-15, f"probability of {customer}")
            equal(body.churn, body.probability >= body.threshold, "decision")
            equal(body.threshold, info.threshold, "threshold")
            equal((body.model, body.model_version), (info.name, info.version), "model")
            equal(body.schema_id, info.schema_id, "schema_id")
            equal(len(body.features), len(info.feature), "number of features")
            equal(body.feature_time, feature_time, "feature_time")
            close_to(1 / (1 + math.exp(-body.log_odds)), body.probability, 1e-15, "sigma(log_odds)")
            ensure(not body.names and not body.contributions, "names or contributions came without being asked for")


@check("PredictById: names and contributions on request")
def _():
    with Connection() as connection:
        info = model_info(connection)
        for customer in options.expect:
            request = by_id(connection, customer, names=True, contributions=True)
            body = succeeded(connection.call(request), "predict_by_id")
            equal(list(body.names), list(info.feature), "names")
            equal(len(body.contributions), len(body.features), "number of contributions")
            total = body.baseline
            for contribution in body.contributions:
                total += contribution
            scale = abs(body.baseline) + sum(abs(value) for value in body.contributions)
            close_to(total, body.log_odds, 1e-14 * max(1, scale), "baseline + contributions")


@check("PredictById: name@version and the default model")
def _():
    with Connection() as connection:
        info = model_info(connection)
        customer, probability = next(iter(options.expect.items()))
        body = succeeded(
            connection.call(by_id(connection, customer, model=f"{info.name}@{info.version}")), "predict_by_id"
        )
        close_to(body.probability, probability, 1e-15, "probability")
        first = health(connection).model[0]
        body = succeeded(connection.call(by_id(connection, customer, model="")), "predict_by_id")
        equal((body.model, body.model_version), (first.name, first.version), "default model")


@check("PredictBatch by ids: bit for bit what PredictById says; an unknown id has status 5 and NaN")
def _():
    with Connection() as connection:
        ids = list(options.expect)
        single = {}
        for customer in ids:
            single[customer] = succeeded(connection.call(by_id(connection, customer)), "predict_by_id")
        asked = [options.unknown] + ids + [ids[0], options.unknown]  # a repeated id is a row of its own
        body = succeeded(connection.call(batch_by_ids(connection, asked)), "predict_batch")
        equal(len(body.probability), len(asked), "rows")
        equal(len(body.status), len(asked), "bytes of status")
        for row, customer in enumerate(asked):
            if customer == options.unknown:
                equal(body.status[row], pb.STATUS_CODE_NOT_FOUND, f"status of row {row}")
                ensure(math.isnan(body.probability[row]), f"probability of row {row} is {body.probability[row]}")
                equal(decision(body, row), False, f"decision of row {row}")
            else:
                equal(body.status[row], pb.STATUS_CODE_OK, f"status of row {row}")
                equal(body.probability[row], single[customer].probability, f"probability of row {row}")
                equal(decision(body, row), single[customer].churn, f"decision of row {row}")
        equal(body.feature_time, single[ids[0]].feature_time, "feature_time")
        equal(body.schema_id, single[ids[0]].schema_id, "schema_id")


@check("PredictBatch: statuses and decisions that are all alike are absent")
def _():
    with Connection() as connection:
        ids = list(options.expect)
        body = succeeded(connection.call(batch_by_ids(connection, ids)), "predict_batch")
        equal(body.status, b"", "status")
        stays = [customer for row, customer in enumerate(ids) if not decision(body, row)]
        goes = [customer for row, customer in enumerate(ids) if decision(body, row)]
        if stays:
            body = succeeded(connection.call(batch_by_ids(connection, stays)), "predict_batch")
            equal(body.decision, b"", "decision")
        if goes:
            body = succeeded(connection.call(batch_by_ids(connection, goes)), "predict_batch")
            equal(body.decision, b"\x01" * len(goes), "decision")


@check("PredictBatch by columns: the same as by ids, with columns in any order")
def _():
    with Connection() as connection:
        ids = list(options.expect)
        columns = columns_of(connection, ids)
        expected = succeeded(connection.call(batch_by_ids(connection, ids)), "predict_batch")
        for order in (columns, columns[::-1], columns[1:] + columns[:1]):
            body = succeeded(connection.call(batch_by_columns(connection, order)), "predict_batch")
            equal(list(body.probability), list(expected.probability), "probabilities")
            equal(body.decision, expected.decision, "decisions")
            equal(body.status, b"", "status")
            equal(body.feature_time, 0, "feature_time")


@check("PredictBatch: the reference rows, by ids and by columns, within 1e-12")
def _():
    if options.reference is None:
        return
    with open(options.reference) as file:
        reference = json.load(file)
    ids = reference["test"]["customer_ids"]
    expected = reference["test"]["p_lbfgs"]
    with Connection() as connection:
        threshold = model_info(connection).threshold
        for request in (batch_by_ids(connection, ids), batch_by_columns(connection, columns_of(connection, ids))):
            body = succeeded(connection.call(request), "predict_batch")
            equal(len(body.probability), len(ids), "rows")
            for row, customer in enumerate(ids):
                close_to(body.probability[row], expected[row], 1e-12, f"probability of {customer}")
                equal(decision(body, row), expected[row] >= threshold, f"decision of {customer}")


@check("NaN and infinity are INVALID_ARGUMENT, naming row and column")
def _():
    with Connection() as connection:
        columns = columns_of(connection, list(options.expect) * 20)
        for value in (math.nan, math.inf, -math.inf):
            for index, (name, _) in enumerate(columns):
                row = 17 + index
                bad = [(column, list(values)) for column, values in columns]
                bad[index][1][row] = value
                response = connection.call(batch_by_columns(connection, bad))
                failed(response, "INVALID_ARGUMENT", f"row {row} ", name)
        answers(connection)


@check("Wrong columns are INVALID_ARGUMENT, naming the column")
def _():
    with Connection() as connection:
        columns = columns_of(connection, list(options.expect))
        (first, values), rest = columns[0], columns[1:]
        for case, wrong, *mentions in [
            ("a missing column", rest, first),
            ("an unknown column", columns + [("NoSuchFeature", values)], "NoSuchFeature"),
            ("a column twice", columns + [columns[0]], first),
            ("a column without a name", columns + [("", values)]),
            ("columns of different length", [(first, values + [1.0])] + rest, first),
            ("no columns", []),
            ("columns without rows", [(name, []) for name, _ in columns]),
            ("too many columns", [(f"c{index}", values) for index in range(COLUMN_LIMIT + 1)]),
        ]:
            try:
                failed(connection.call(batch_by_columns(connection, wrong)), "INVALID_ARGUMENT", *mentions)
            except AssertionError as error:
                raise AssertionError(f"{case}: {error}") from error
        answers(connection)


@check("Unknown customers and models are NOT_FOUND")
def _():
    with Connection() as connection:
        failed(connection.call(by_id(connection, options.unknown)), "NOT_FOUND", str(options.unknown))
        for customer in (0, -1, 2**63 - 1, -(2**63)):
            failed(connection.call(by_id(connection, customer)), "NOT_FOUND")
        customer = next(iter(options.expect))
        for model in ("no-such-model", f"{options.model}@999999", f"{options.model}@", "x" * 10_000, "a\nb"):
            response = connection.call(by_id(connection, customer, model=model))
            failed(response, "NOT_FOUND")
            ensure(len(response.status.message) < 1000, "the message repeats all of a long name")
            ensure("\n" not in response.status.message, "the message is not one line")
        answers(connection)


@check("A customer by its text: a number is itself, another text is its own customer, a damaged number is refused")
def _():
    with Connection() as connection:
        customer, probability = next(iter(options.expect.items()))

        def by_text(text, **fields):
            request = connection.request(model=options.model)
            request.predict_by_id.CopyFrom(pb.PredictByIdRequest(customer=text, **fields))
            return connection.call(request)

        body = succeeded(by_text(f" {customer}.0"), "predict_by_id")
        equal((body.customer_id, body.customer), (customer, str(customer)), "customer")
        close_to(body.probability, probability, 1e-15, "probability")
        equal(succeeded(by_text(str(customer), customer_id=customer), "predict_by_id").customer_id, customer, "both")
        failed(by_text("CUST-0001"), "NOT_FOUND", "'CUST-0001'")
        failed(by_text("0"), "NOT_FOUND")
        for text in (f"{customer}e1", f"{customer}.5", "  ", "a\0b", "x" * 201):
            failed(by_text(text), "INVALID_ARGUMENT")
        failed(by_text("CUST-0001", customer_id=customer), "INVALID_ARGUMENT", "CUST-0001")
        request = connection.request(model=options.model)
        texts = [str(customer), "CUST-0001", "1e5", "", "-1", f"0{customer}"]
        request.predict_batch.customers.customer.extend(texts)
        body = succeeded(connection.call(request), "predict_batch")
        equal(list(body.status), [0, 5, 3, 3, 5, 5], "statuses of the batch")
        close_to(body.probability[0], probability, 1e-15, "probability of the batch")
        answers(connection)


@check("An unknown method, or none, is UNIMPLEMENTED")
def _():
    with Connection() as connection:
        for method in (b"", bytes([0xA2, 0x06, 3, 1, 2, 3]), bytes([0xFA, 0x3F, 0])):  # none; fields 100 and 1023
            request = connection.request()
            connection.send(request.SerializeToString() + method)
            response = connection.receive()
            equal(response.call_id, request.call_id, "call id")
            failed(response, "UNIMPLEMENTED")
        answers(connection)


@check("A batch with neither ids nor columns, or without rows, is INVALID_ARGUMENT")
def _():
    with Connection() as connection:
        request = connection.request()
        request.predict_batch.SetInParent()
        failed(connection.call(request), "INVALID_ARGUMENT")
        failed(connection.call(batch_by_ids(connection, [])), "INVALID_ARGUMENT")
        answers(connection)


@check("Unknown fields are ignored, in the envelope and in a method")
def _():
    with Connection() as connection:
        customer, probability = next(iter(options.expect.items()))
        call = pb.PredictByIdRequest(customer_id=customer).SerializeToString()
        call += bytes([0xA0, 0x06, 0x96, 0x01, 0xFD, 0x07, 1, 2, 3, 4])  # 100: varint, 127: fixed32
        request = connection.request(model=options.model).SerializeToString()
        request += bytes([0x22, len(call)]) + call
        request += bytes([0xA2, 0x06, 5]) + b"hello" + bytes([0xA9, 0x06]) + bytes(8)  # 100: bytes, 101: fixed64
        connection.send(request)
        body = succeeded(connection.receive(), "predict_by_id")
        close_to(body.probability, probability, 1e-15, "probability")


@check("A model's name that is not UTF-8 is INVALID_ARGUMENT")
def _():
    with Connection() as connection:
        request = connection.request().SerializeToString()
        request += bytes([0x1A, 4, 0x73, 0xFF, 0xFE, 0x80])  # field 3
        request += bytes([0x22, 9]) + pb.PredictByIdRequest(customer_id=1).SerializeToString()
        connection.send(request)
        response = connection.receive()  # Google's runtime would refuse the message if it echoed the name
        equal(response.call_id, connection.next_id, "call id")
        failed(response, "INVALID_ARGUMENT", "UTF-8")
    another_answers()


@check("Pipelining: 1,000 requests in one write, each answered once")
def _():
    with Connection() as connection:
        customers = list(options.expect) + [options.unknown]
        requests = {}
        for index in range(1000):
            request = by_id(connection, customers[index % len(customers)])
            requests[request.call_id] = request.predict_by_id.customer_id
        connection.send(*[by_id_message(call_id, customer) for call_id, customer in requests.items()])
        for _ in range(len(requests)):
            response = connection.receive()
            customer = requests.pop(response.call_id, None)
            ensure(customer is not None, f"call id {response.call_id} was not asked for, or is answered twice")
            if customer == options.unknown:
                failed(response, "NOT_FOUND")
            else:
                body = succeeded(response, "predict_by_id")
                equal(body.customer_id, customer, "customer_id")
                close_to(body.probability, options.expect[customer], 1e-15, "probability")
        answers(connection)


def by_id_message(call_id, customer):
    request = pb.Request(call_id=call_id, model=options.model)
    request.predict_by_id.customer_id = customer
    return request


@check("Out of order: a small call sent after a batch of 200,000 rows can be answered first")
def _():
    customers = list(options.expect)
    ids = (customers * (200_000 // len(customers) + 1))[:200_000]
    orders = set()
    with Connection() as connection:
        for _ in range(20):
            large = batch_by_ids(connection, ids)
            small = by_id(connection, customers[0])
            connection.send(large, small)
            responses = [connection.receive(), connection.receive()]
            found = {response.call_id: response for response in responses}
            equal(set(found), {large.call_id, small.call_id}, "call ids")
            equal(len(succeeded(found[large.call_id], "predict_batch").probability), len(ids), "rows")
            body = succeeded(found[small.call_id], "predict_by_id")
            close_to(body.probability, options.expect[customers[0]], 1e-15, "probability")
            orders.add(responses[0].call_id == small.call_id)
            if True in orders:
                return
    raise AssertionError("in 20 rounds the batch was always answered first")


@check("One byte a packet")
def _():
    with Connection() as connection:
        customer, probability = next(iter(options.expect.items()))
        for byte in churn_proto.frame(by_id(connection, customer)):
            connection.socket.sendall(bytes([byte]))
        close_to(succeeded(connection.receive(), "predict_by_id").probability, probability, 1e-15, "probability")


@check("Frames cut at odd places")
def _():
    generator = random.Random(20111209)
    with Connection() as connection:
        customers = list(options.expect)
        requests = [by_id(connection, generator.choice(customers)) for _ in range(50)]
        stream = b"".join(churn_proto.frame(request) for request in requests)
        while stream:
            count = generator.randrange(1, 80)
            connection.socket.sendall(stream[:count])
            stream = stream[count:]
        expected = {request.call_id: request.predict_by_id.customer_id for request in requests}
        for _ in requests:
            response = connection.receive()
            body = succeeded(response, "predict_by_id")
            equal(body.customer_id, expected.pop(response.call_id), "customer_id")


@check("The largest batch is answered; one row more is INVALID_ARGUMENT")
def _():
    customers = list(options.expect)
    ids = (customers * (ROW_LIMIT // len(customers) + 1))[: ROW_LIMIT + 1]
    with Connection() as connection:
        body = succeeded(connection.call(batch_by_ids(connection, ids[:ROW_LIMIT])), "predict_batch")
        equal(len(body.probability), ROW_LIMIT, "rows")
        failed(connection.call(batch_by_ids(connection, ids)), "INVALID_ARGUMENT")
        answers(connection)


@check("A deadline that is long enough changes nothing; one that is not may fail the call, and only that")
def _():
    customers = list(options.expect)
    with Connection() as connection:
        succeeded(connection.call(batch_by_ids(connection, customers, timeout_ms=600_000)), "predict_batch")
        ids = (customers * (ROW_LIMIT // len(customers) + 1))[:ROW_LIMIT]
        response = connection.call(batch_by_ids(connection, ids, timeout_ms=1))
        ensure(status_name(response) in ("OK", "DEADLINE_EXCEEDED"), f"status is {status_name(response)}")
        if status_name(response) == "DEADLINE_EXCEEDED":
            failed(response, "DEADLINE_EXCEEDED")
        answers(connection)


def refused(name, data, code="INVALID_ARGUMENT", call_id=None):
    """`data` ends its connection: at most a status is sent before the end, and nobody else notices."""
    with Connection() as bystander, Connection() as connection:
        connection.socket.sendall(data)
        responses = connection.until_closed()
        ensure(len(responses) <= 1, f"{name}: {len(responses)} answers")
        for response in responses:
            equal(response.call_id, call_id or 0, f"{name}: call id")
            failed(response, code)
        if call_id is not None:
            equal(len(responses), 1, f"{name}: answers")
        answers(bystander)
        another_answers()


@check("A frame without a call id closes its connection, and no other")
def _():
    call = pb.Request()
    call.predict_by_id.customer_id = next(iter(options.expect))
    method = call.SerializeToString()
    call_id = b"\x09" + struct.pack("<Q", 7)
    for name, payload in [
        ("no call_id", method),
        ("call_id 0", b"\x09" + bytes(8) + method),
        ("call_id not first", method + call_id),
        ("call_id as a varint", b"\x08\x07" + method),
        ("call_id overwritten by 0", call_id + method + b"\x09" + bytes(8)),
        ("an empty frame", b""),
    ]:
        if name == "call_id overwritten by 0":
            refused(name, churn_proto.frame(payload), call_id=7)
        else:
            refused(name, churn_proto.frame(payload))


@check("Garbage closes its connection, and no other; with a readable call id it gets a status first")
def _():
    generator = random.Random(541909)
    call_id = b"\x09" + struct.pack("<Q", 99)
    for name, tail in [
        ("noise", b"\xff" * 40),
        ("a varint that never ends", b"\x10" + b"\x80" * 30),
        ("a length beyond the frame", b"\x22\xff\xff\xff\xff\x0f"),
        ("a group", b"\x23\x24"),
        ("a method cut short", b"\x22\x09\x09\x01"),
        ("the model as a varint", b"\x18\x01\x1b"),
        ("packed doubles of 7 bytes", b"\x2a\x0d\x12\x0b\x0a\x09\x12\x07" + bytes(7)),
        ("10,000 levels", nested(10_000)),
    ]:
        refused(name, churn_proto.frame(call_id + tail), call_id=99)
    for index in range(20):
        noise = generator.randbytes(generator.randrange(1, 200))
        if noise[0] != 0x09:
            refused(f"noise {index}", churn_proto.frame(noise))


def nested(depth):
    """A method within itself, `depth` times: each level says that the rest belongs to it."""
    payload = b""
    for _ in range(depth):
        payload = b"\x0a" + varint(len(payload)) + payload
    # As a batch by columns whose column is all of that: deeper than the schema, so the rest must be skipped or refused.
    return b"\x2a" + varint(len(payload)) + payload + b"\xff"


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


@check("A frame above the limit is refused from its header")
def _():
    for length in (PAYLOAD_LIMIT + 1, 2**31 - 1, 2**31, 2**32 - 1):
        refused(f"{length} bytes", struct.pack(">I", length), "RESOURCE_EXHAUSTED")
    # Other protocols that knock at the port, which speaks HTTP besides.
    refused("Redis", b"*1\r\n$4\r\nPING\r\n", "RESOURCE_EXHAUSTED")
    refused("TLS", bytes.fromhex("16030100c8010000c40303") + bytes(190), "RESOURCE_EXHAUSTED")


@check("A client that stops sending still gets its answers")
def _():
    with Connection() as connection:
        customers = list(options.expect)
        connection.send(batch_by_ids(connection, customers * 20_000), by_id(connection, customers[0]))
        connection.socket.shutdown(socket.SHUT_WR)
        equal(len(connection.until_closed()), 2, "answers")


@check("A client that goes away in the middle of a frame, or of an answer, disturbs nobody")
def _():
    customers = list(options.expect)
    with Connection() as bystander:
        for _ in range(20):
            connection = Connection()
            data = churn_proto.frame(batch_by_ids(connection, customers * 10_000))
            connection.socket.sendall(data[: len(data) // 2])
            connection.socket.close()
            connection = Connection()
            connection.socket.sendall(data)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            connection.socket.close()
            answers(bystander)


@check("Draining: a notice, new calls UNAVAILABLE and not processed, Health answered, then the end")
def _():
    if options.drain_pid is None:
        return
    with Connection() as connection:
        answers(connection)
        os.kill(options.drain_pid, signal.SIGTERM)
        notice = connection.receive()
        equal(notice.call_id, 0, "call id of the notice")
        equal(notice.WhichOneof("result"), "notice", "result")
        equal(notice.notice.draining, True, "draining")
        response = connection.call(by_id(connection, next(iter(options.expect))))
        failed(response, "UNAVAILABLE")
        equal(response.status.not_processed, True, "not_processed")
        report = health(connection)
        equal(pb.ServingState.Name(report.state), "SERVING_STATE_NOT_SERVING", "state")
        equal(report.draining, True, "draining")


def main():
    global options
    parser = argparse.ArgumentParser(description="checks a churn server over the wire")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--model", default="seed-logistic")
    parser.add_argument("--expect", nargs="+", required=True, metavar="ID=PROBABILITY")
    parser.add_argument("--unknown", type=int, default=1, help="a customer that does not exist")
    parser.add_argument("--reference", help="seed_reference.json, for the rows of its test set")
    parser.add_argument("--drain-pid", type=int, help="process id of the server, told to stop at the end")
    options = parser.parse_args()
    options.expect = {int(item.split("=")[0]): float(item.split("=")[1]) for item in options.expect}
    checks.run()


if __name__ == "__main__":
    main()
