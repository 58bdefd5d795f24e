#!/usr/bin/env python3
"""More clients of gRPC that are not ours against a churn server: what its connections endure, and the services beside
churn.v1's unary methods.

    grpc_services_peer.py PORT --customers FILE.csv [--drain-pid PID] [--rows N]

Prints and ends like grpc_peer.py. In the last check the server, which is the process --drain-pid, is told to stop.
"""
import base64
import functools
import gzip
import importlib
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

import grpc_peer as base
import raw_http2
from grpc_peer import BY_ID, TIMEOUT_SECONDS, Code, by_id, equal, failure, open_channel, stub

CHECKS = []
DATA, GOAWAY = 0, 7
ENHANCE_YOUR_CALM = 11
INVALID = Code.INVALID_ARGUMENT
WATCH_LIMIT = 16
WATCH = "/grpc.health.v1.Health/Watch"
Serving = health_pb2.HealthCheckResponse
check = functools.partial(base.check, among=CHECKS)


def raw():
    return raw_http2.Connection(base.HOST, base.options.port)


def a_customer():
    return base.options.customers[0]


# --- What connections endure -------------------------------------------------------------------------------


@check("a reset of a stream that was never begun leaves the connection and its calls as they are")
def _():
    message = by_id(a_customer()).SerializeToString()
    with raw() as connection:
        equal(connection.call(BY_ID, message).status, 0, "status before")
        # A call is under way meanwhile, and the resets come in pieces of a byte.
        stream = connection.begin(BY_ID)
        for byte in raw_http2.reset_frame(stream + 2) + raw_http2.reset_frame(stream + 40):
            connection.socket.sendall(bytes([byte]))
        connection.send(stream, raw_http2.prefixed(message), end_stream=True)
        equal(connection.wait(stream).status, 0, "status of the call beside it")
        # In one piece with the frames of the next call.
        connection.socket.sendall(raw_http2.reset_frame(stream + 2))
        for _ in range(20):
            equal(connection.call(BY_ID, message).status, 0, "status after")


@check("grpcio: calls that are cancelled right after their start leave the others on their channel alone")
def _():
    with open_channel() as channel:
        churn = stub(channel)
        for _ in range(40):
            calls = [churn.PredictById.future(by_id(a_customer()), timeout=TIMEOUT_SECONDS) for _ in range(50)]
            for call in calls[::2]:
                call.cancel()
            for call in calls[1::2]:
                equal(call.result().customer_id, a_customer(), "customer_id")


@check("a flood of resets of streams that were never begun ends its connection")
def _():
    with raw() as flood:
        try:
            for stream in range(101, 101 + 2 * 5_000, 2):
                flood.socket.sendall(raw_http2.reset_frame(stream))
        except OSError:
            pass
        flood.wait_for_end()
        equal((flood.is_closed, flood.goaway in (ENHANCE_YOUR_CALM, None)), (True, True), f"GOAWAY {flood.goaway}")
    # As few as these are borne; one packet above the limit is read to its end, and so is the answer.
    with raw() as connection:
        connection.socket.sendall(b"".join(raw_http2.reset_frame(stream) for stream in range(101, 2001, 2)))
        message = by_id(a_customer()).SerializeToString()
        equal(connection.call(BY_ID, message).status, 0, "status behind 950 resets")
        connection.socket.sendall(b"".join(raw_http2.reset_frame(stream) for stream in range(2101, 4101, 2)))
        connection.wait_for_end()
        equal((connection.goaway, connection.is_closed), (ENHANCE_YOUR_CALM, True), "GOAWAY")


@check("pings are answered; too many of a client that makes no calls are too_many_pings")
def _():
    message = by_id(a_customer()).SerializeToString()
    with raw() as connection:
        for _ in range(5):
            for index in range(90):
                connection.http2.ping(index.to_bytes(8, "big"))
            connection.flush()
            equal(connection.call(BY_ID, message).status, 0, "status of a call between pings")
        for index in range(300):
            connection.http2.ping(index.to_bytes(8, "big"))
        connection.flush()
        connection.wait_for_end()
        equal((connection.goaway, connection.goaway_text), (ENHANCE_YOUR_CALM, "too_many_pings"), "GOAWAY")


# --- grpc.health.v1 ----------------------------------------------------------------------------------------


def watch(channel, service):
    request = health_pb2.HealthCheckRequest(service=service)
    return health_pb2_grpc.HealthStub(channel).Watch(request, timeout=TIMEOUT_SECONDS)


@check("List gives the status of every service that Check knows")
def _():
    health = base.compiled("health_list", """
        syntax = "proto3";
        package list;
        message HealthListRequest {}
        message Status { int32 status = 1; }
        message HealthListResponse { map<string, Status> statuses = 1; }
        """)
    with open_channel() as channel:
        call = channel.unary_unary(
            "/grpc.health.v1.Health/List",
            request_serializer=health.HealthListRequest.SerializeToString,
            response_deserializer=health.HealthListResponse.FromString,
        )
        answer = call(health.HealthListRequest(), timeout=TIMEOUT_SECONDS)
        for service, status in answer.statuses.items():
            request = health_pb2.HealthCheckRequest(service=service)
            checked = health_pb2_grpc.HealthStub(channel).Check(request, timeout=TIMEOUT_SECONDS)
            equal(status.status, checked.status, f"status of {service!r}")
        equal({"", "churn.v1.Churn", "inference.GRPCInferenceService"} == set(answer.statuses), True, f"services: {answer.statuses}")


@check("Watch gives the status at once, SERVICE_UNKNOWN for a service that is none, and ends when it is cancelled")
def _():
    with open_channel() as channel:
        for service, status in (("", Serving.SERVING), ("inference.GRPCInferenceService", Serving.SERVING), ("no", Serving.SERVICE_UNKNOWN)):
            call = watch(channel, service)
            equal(next(call).status, status, f"status of {service!r}")
            # Still open: the next one would come with the next change.
            equal(call.is_active(), True, "active")
            call.cancel()
            try:
                next(call)
                raise AssertionError("a second status")
            except grpc.RpcError as error:
                equal(error.code(), Code.CANCELLED, "code")


@check("a connection has so many watches at once, and one that has ended makes room")
def _():
    with open_channel() as channel:
        calls = [watch(channel, "") for _ in range(WATCH_LIMIT)]
        for call in calls:
            equal(next(call).status, Serving.SERVING, "status")
        try:
            next(watch(channel, ""))
            raise AssertionError("one more watch than the limit")
        except grpc.RpcError as error:
            equal(error.code(), Code.RESOURCE_EXHAUSTED, "code")
        calls[3].cancel()
        equal(next(watch(channel, "churn.v1.Churn")).status, Serving.SERVING, "status")
    request = raw_http2.prefixed(b"")
    with raw() as connection:
        # Who watches and is gone leaves nothing behind, nor does one whose request is none.
        for _ in range(3 * WATCH_LIMIT):
            stream = connection.begin(WATCH)
            connection.send(stream, request, end_stream=True)
            while not connection.answers[stream].body:
                connection.read()
            equal(connection.answers[stream].body, bytes([0, 0, 0, 0, 2, 8, 1]), "the message")
            connection.http2.reset_stream(stream)
            connection.flush()
        equal(connection.call(WATCH, b"\xff\xff").status, Code.INVALID_ARGUMENT.value[0], "status of no message")


# --- Server reflection -------------------------------------------------------------------------------------

SERVICES = {
    "churn.v1.Churn", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection", "inference.GRPCInferenceService",
}


def reflection(version):
    """The messages and the method of one version: v1alpha's are grpcio-reflection's, v1's are made from proto/."""
    if version == "v1alpha":
        return reflection_pb2, reflection_pb2_grpc.ServerReflectionStub
    base.compile_protos(base.ROOT / "proto", "grpc/reflection/v1/reflection.proto")
    # grpcio has the package grpc, so that what was made is not found by its place within it.
    sys.path.insert(0, os.path.join(base.FOLDER, "grpc/reflection/v1"))
    messages = importlib.import_module("reflection_pb2")
    return messages, lambda channel: StreamOfReflection(channel, messages)


def without_json_names(file):
    """protoc writes them into a descriptor set, and leaves them out of Python's code: they follow from the names."""
    for message in file.message_type:
        for field in message.field:
            field.ClearField("json_name")
    return file


class StreamOfReflection:
    def __init__(self, channel, messages):
        self.ServerReflectionInfo = channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            request_serializer=messages.ServerReflectionRequest.SerializeToString,
            response_deserializer=messages.ServerReflectionResponse.FromString,
        )


@check("reflection v1alpha and v1: services, files with what they import, symbols, and errors that leave the call open")
def _():
    for version in ("v1alpha", "v1"):
        messages, make_stub = reflection(version)
        Request = messages.ServerReflectionRequest
        with open_channel() as channel:
            def ask(*requests, **options):
                return list(make_stub(channel).ServerReflectionInfo(iter(requests), timeout=TIMEOUT_SECONDS, **options))

            def files(**request):
                answer = ask(Request(**request))[0]
                found = [descriptor_pb2.FileDescriptorProto.FromString(file)
                         for file in answer.file_descriptor_response.file_descriptor_proto]
                return [file.name for file in found], found

            answer = ask(Request(host="a", list_services=""))[0]
            equal({service.name for service in answer.list_services_response.service}, SERVICES, "services")
            equal((answer.valid_host, answer.original_request.host), ("a", "a"), "what is repeated")
            names, found = files(file_by_filename="churn/v1/churn_service.proto")
            equal(names, ["churn/v1/churn_service.proto", "churn/v1/churn.proto"], "file and import")
            # As protoc itself reads proto/.
            for file, module in zip(found, (base.service_pb, base.pb)):
                wanted = descriptor_pb2.FileDescriptorProto()
                module.DESCRIPTOR.CopyToProto(wanted)
                equal(without_json_names(file), without_json_names(wanted), file.name)
            for symbol, file in {
                "churn.v1.Churn": "churn/v1/churn_service.proto", "churn.v1.Churn.PredictById": "churn/v1/churn_service.proto",
                "churn.v1.PredictByIdRequest": "churn/v1/churn.proto", "churn.v1.StatusCode": "churn/v1/churn.proto",
                "churn.v1.PredictBatchRequest.rows": "churn/v1/churn.proto", "churn.v1.STATUS_CODE_OK": "churn/v1/churn.proto",
                "churn.v1.PredictByIdRequest.customer_id": "churn/v1/churn.proto",
                "grpc.health.v1.HealthCheckResponse.ServingStatus": "grpc/health/v1/health.proto",
                "grpc.health.v1.HealthCheckResponse.SERVING": "grpc/health/v1/health.proto",
                "grpc.health.v1.HealthListResponse.StatusesEntry.key": "grpc/health/v1/health.proto",
                f"grpc.reflection.{version}.ServerReflection": f"grpc/reflection/{version}/reflection.proto",
            }.items():
                equal(files(file_containing_symbol=symbol)[0][0], file, f"file of {symbol}")
            extension = messages.ExtensionRequest(containing_type="churn.v1.Request", extension_number=9)
            wrong = [
                (Request(file_by_filename="no.proto"), Code.NOT_FOUND), (Request(file_by_filename=""), Code.NOT_FOUND),
                (Request(file_containing_symbol="churn.v1.No"), Code.NOT_FOUND), (Request(), INVALID),
                (Request(file_containing_extension=extension), Code.NOT_FOUND),
                (Request(all_extension_numbers_of_type="churn.v1.Request"), Code.NOT_FOUND),
            ]
            # All in one call, which goes on behind each error.
            for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
                answers = ask(*[request for request, _ in wrong], Request(list_services="x"), compression=compression)
                codes = [answer.error_response.error_code for answer in answers[:-1]]
                equal(codes, [code.value[0] for _, code in wrong], "error codes")
                equal(len(answers[-1].list_services_response.service), len(SERVICES), "services behind the errors")


@check("grpcio-reflection's own client makes a descriptor of every method, and calls by it")
def _():
    with open_channel() as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        equal(set(database.get_services()), SERVICES, "services")
        pool = descriptor_pool.DescriptorPool(database)
        churn = pool.FindServiceByName("churn.v1.Churn")
        equal([method.name for method in churn.methods], ["PredictById", "PredictBatch", "PredictBatchStream", "Health"], "methods")
        request = message_factory.GetMessageClass(churn.methods_by_name["PredictById"].input_type)
        answer = message_factory.GetMessageClass(churn.methods_by_name["PredictById"].output_type)
        call = channel.unary_unary(BY_ID, request.SerializeToString, answer.FromString)
        equal(call(request(customer_id=a_customer())).customer_id, a_customer(), "customer_id")


@check("reflection: a request that is none, too long or cut short fails its call, and so does one that never reads")
def _():
    path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
    with raw() as connection:
        def status(body):
            stream = connection.begin(path)
            connection.send(stream, body, end_stream=True)
            return connection.wait(stream).status

        equal(status(b""), 0, "status of no requests")
        for body in (b"\xff\xff", b"\x22\x02\xc3\x28"):
            equal(status(raw_http2.prefixed(body)), INVALID.value[0], "status of no message")
        equal(status(raw_http2.prefixed(b"\x22\x01a")[:-1]), INVALID.value[0], "status of one that is cut short")
        equal(status(raw_http2.prefixed(bytes(5000))), Code.RESOURCE_EXHAUSTED.value[0], "status of one that is too long")
        # Byte by byte, and the answer comes before the end of the request.
        stream = connection.begin(path)
        for byte in raw_http2.prefixed(b"\x3a\x00"):
            connection.send(stream, bytes([byte]))
        while not connection.answers[stream].body:
            connection.read()
        connection.send(stream, b"", end_stream=True)
        equal(connection.wait(stream).status, 0, "status of an orderly call")
    with raw_http2.Connection(base.HOST, base.options.port, acknowledges=False) as connection:
        requests = raw_http2.prefixed(b"\x1a\x14churn/v1/churn.proto") * 500
        stream = connection.begin(path)
        connection.send(stream, requests)
        while not connection.answers[stream].body:
            connection.read()
        # The window is the client's own, of which it gives nothing back; then it does.
        connection.acknowledges = True
        connection.http2.increment_flow_control_window(1 << 24)
        connection.http2.increment_flow_control_window(1 << 24, stream)
        connection.flush()
        answer = connection.wait(stream)
        equal(answer.status, Code.RESOURCE_EXHAUSTED.value[0], f"status of a call that does not read: {answer.message}")


@check("grpcurl lists and describes the services, and calls them")
def _():
    def run(*arguments):
        program = pathlib.Path(sys.executable).parent / "grpcurl"
        done = subprocess.run([program, "-plaintext", *arguments], capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        equal((done.returncode, done.stderr), (0, ""), f"grpcurl {arguments}")
        return done.stdout

    server = f"{base.HOST}:{base.options.port}"
    equal(set(run(server, "list").split()), SERVICES, "list")
    methods = {f"churn.v1.Churn.{name}" for name in ("Health", "PredictBatch", "PredictBatchStream", "PredictById")}
    equal(set(run(server, "list", "churn.v1.Churn").split()), methods, "list of a service")
    described = run(server, "describe", "churn.v1.Churn")
    equal("rpc PredictBatchStream ( .churn.v1.PredictBatchRequest ) returns ( stream .churn.v1.PredictBatchResponse );"
          in described, True, described)
    equal("sfixed64 customer_id = 1;" in run(server, "describe", "churn.v1.PredictByIdRequest"), True, "a message")
    answer = json.loads(run("-d", json.dumps({"customer_id": str(a_customer())}), server, "churn.v1.Churn/PredictById"))
    with open_channel() as channel:
        wanted = stub(channel).PredictById(by_id(a_customer()), timeout=TIMEOUT_SECONDS)
    equal((int(answer["customerId"]), answer["probability"]), (a_customer(), wanted.probability), "the prediction")
    infer = {"model_name": "seed-logistic", "inputs": [{"name": "customer_id", "datatype": "INT64", "shape": [1],
             "contents": {"int64_contents": [str(a_customer())]}}], "outputs": [{"name": "probability"}]}
    answer = json.loads(run("-d", json.dumps(infer), server, "inference.GRPCInferenceService/ModelInfer"))
    with open_channel() as channel:
        wanted = stub(channel).PredictById(by_id(a_customer(), model="seed-logistic"), timeout=TIMEOUT_SECONDS)
    raw, = struct.unpack("<d", base64.b64decode(answer["rawOutputContents"][0]))
    equal(raw, wanted.probability, "the prediction by the Open Inference Protocol")
    equal(json.loads(run(server, "grpc.health.v1.Health/Check")), {"status": "SERVING"}, "health")
    ids = {"ids": {"customer_id": [str(customer) for customer in base.options.customers]}}
    answer = json.loads(run("-d", json.dumps(ids), server, "churn.v1.Churn/PredictBatchStream"))
    equal(len(answer["probability"]), len(base.options.customers), "rows of a stream")


# --- gzip --------------------------------------------------------------------------------------------------

BATCH = "/churn.v1.Churn/PredictBatch"


@check("grpcio: requests that gzip has compressed have the answers that they have otherwise, small and large")
def _():
    with open_channel() as channel:
        churn = stub(channel)
        ids = base.options.customers
        # Above 64 KiB, which are answered on the loop, in both forms, in one of them, and in none.
        rows = base.options.rows // 4
        for request in (base.by_ids((ids * 300)[:rows]), base.by_ids([ids[0]] * rows), base.by_ids(ids)):
            for call in (churn.PredictBatch, lambda *a, **b: list(churn.PredictBatchStream(*a, **b))[0]):
                wanted = call(request, timeout=TIMEOUT_SECONDS)
                answer = call(request, timeout=TIMEOUT_SECONDS, compression=grpc.Compression.Gzip)
                equal(answer.SerializeToString() == wanted.SerializeToString(), True, "equal answers")
        for customer in ids:
            request = by_id(customer, names=True)
            answer = churn.PredictById(request, timeout=TIMEOUT_SECONDS, compression=grpc.Compression.Gzip)
            equal(answer.customer_id, customer, "customer_id")
        code, text = failure(churn.PredictById, by_id(10**12), compression=grpc.Compression.Gzip)
        equal((code, text), (Code.NOT_FOUND, f"customer {10**12} is not known"), "an unknown customer")


@check("gzip that is damaged is INTERNAL, other encodings are UNIMPLEMENTED and told which there are")
def _():
    message = by_id(a_customer()).SerializeToString()
    large = base.by_ids((base.options.customers * 300)[:200_000]).SerializeToString()
    internal = Code.INTERNAL.value[0]

    def compressed(body, flag=1):
        return struct.pack(">BI", flag, len(body)) + body

    def answered(connection, body, path=BY_ID, encoding="gzip"):
        stream = connection.begin(path, [("grpc-encoding", encoding)] if encoding else [])
        start = 0
        while start < len(body) or not body:
            window = min(connection.http2.local_flow_control_window(stream), connection.http2.max_outbound_frame_size)
            if window == 0:
                connection.read()
                continue
            connection.send(stream, body[start:start + window], end_stream=start + window >= len(body))
            start += window
        return connection.wait(stream)

    with raw() as connection:
        for body, path in ((message, BY_ID), (large, BATCH)):
            whole = gzip.compress(body)
            equal(answered(connection, compressed(whole), path).status, 0, "status of what is whole")
            # A call that names gzip may leave messages as they are.
            equal(answered(connection, raw_http2.prefixed(body), path).status, 0, "status of what is not compressed")
            middle = len(whole) // 2
            damaged = {
                "cut short": whole[:-1], "without its trailer": whole[:-8], "a header alone": whole[:10], "nothing": b"",
                "not gzip": body, "another byte": whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1:],
                "another checksum": whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:],
                "longer by its trailer": whole[:-4] + struct.pack("<I", len(body) + 1),
                "bytes behind it": whole + bytes(8) + struct.pack("<I", len(body)),
            }
            misleading = {"another byte", "cut short", "without its trailer"} if path == BATCH else {"another byte"}
            for what, damage in damaged.items():
                answer = answered(connection, compressed(damage), path)
                # Bytes that are taken for a length may tell of one above the limit.
                wrong = {internal, Code.RESOURCE_EXHAUSTED.value[0]} if what in misleading else {internal}
                equal(answer.status in wrong, True, f"{answer.status} for gzip that is {what}: {answer.message}")
            answer = answered(connection, compressed(whole), path, encoding=None)
            equal(answer.status, internal, "status of the flag without an encoding")
        equal(answered(connection, compressed(message, flag=2)).status, internal, "status of another flag")
        for encoding in ("deflate", "snappy", "GZIP", ""):
            answer = answered(connection, raw_http2.prefixed(message), encoding=encoding or "x")
            equal(answer.status, Code.UNIMPLEMENTED.value[0], f"status of {encoding!r}")
            equal(answer.headers.get("grpc-accept-encoding"), "identity,gzip", "grpc-accept-encoding")
        equal(answered(connection, compressed(gzip.compress(b"")), "/churn.v1.Churn/Health").status, 0, "an empty message")


@check("bombs are refused by what they tell of their length, and by what they unpack to when they tell another")
def _():
    exhausted = Code.RESOURCE_EXHAUSTED.value[0]
    limit = base.MESSAGE_LIMIT
    with raw() as connection, open_channel() as channel:
        for size in (limit + 1, 1 << 28):
            bomb = gzip.compress(bytes(size))
            body = struct.pack(">BI", 1, len(bomb)) + bomb
            lies = [body, body[:-4] + struct.pack("<I", 100), body[:-4] + struct.pack("<I", 100_000)]
            for lie in lies:
                stream = connection.begin(BATCH, [("grpc-encoding", "gzip")])
                for start in range(0, len(lie), 16_000):
                    while connection.http2.local_flow_control_window(stream) < 16_000:
                        connection.read()
                    connection.send(stream, lie[start:start + 16_000])
                connection.send(stream, b"", end_stream=True)
                equal(connection.wait(stream).status, exhausted, f"status of {len(lie)} bytes")
        # The limit itself is taken: it is no gzip that is too long, but no message.
        code, _ = failure(channel.unary_unary(BATCH), bytes(limit), compression=grpc.Compression.Gzip)
        equal(code, INVALID, "code at the limit")
        # Memory that was reserved is given back.
        request = base.by_ids((base.options.customers * 1200)[:base.options.rows])
        for _ in range(20):
            call = stub(channel).PredictBatch.future(request, compression=grpc.Compression.Gzip)
            call.cancel()
        stub(channel).PredictBatch(request, timeout=TIMEOUT_SECONDS, compression=grpc.Compression.Gzip)


# --- PredictBatchStream ------------------------------------------------------------------------------------

STREAM = "/churn.v1.Churn/PredictBatchStream"
MILLION = 1_000_000


def streamed(channel, request, **options):
    return list(base.service.ChurnStub(channel).PredictBatchStream(request, timeout=TIMEOUT_SECONDS, **options))


def rows_of(parts):
    """The rows of all parts, as one answer would have them."""
    probability, decision, status, first = [], b"", b"", 0
    for part in parts:
        equal(part.first_row, first, "first_row")
        rows = len(part.probability)
        probability += part.probability
        decision += part.decision or bytes(rows)
        status += part.status or bytes(rows)
        first += rows
    return probability, decision, status


@check("a million rows come in parts that a client takes by default, and are those of one answer, bit for bit")
def _():
    # Without the settings that let larger messages in.
    with grpc.insecure_channel(f"{base.HOST}:{base.options.port}") as default, open_channel() as channel:
        ids = (base.options.customers + [10**12]) * 1200
        for count in (1, 131_072, 131_073, base.options.rows):
            request = base.by_ids(ids[:count])
            parts = streamed(default, request)
            equal(len(parts), -(-count // 131_072), f"parts of {count} rows")
            wanted = rows_of([stub(channel).PredictBatch(request, timeout=TIMEOUT_SECONDS)])
            found = rows_of(parts)
            equal(struct.pack(f"{count}d", *found[0]), struct.pack(f"{count}d", *wanted[0]), "probabilities")
            equal(found[1:], wanted[1:], "decisions and statuses")
            models = {(part.model, part.model_version, part.threshold, part.schema_id) for part in parts}
            equal(len(models), 1, "models of all parts")
        first = stub(channel).PredictById(by_id(base.options.customers[0], names=True))
        columns = [base.pb.FeatureColumn(name=name, value=[value] * 150_000) for name, value in zip(first.names, first.features)]
        found = rows_of(streamed(default, base.pb.PredictBatchRequest(columns=base.pb.FeatureColumns(column=columns))))
        equal(found[0], [first.probability] * 150_000, "probabilities by columns")
        # Found when its part is made; the row is counted from the first of the request.
        columns[0].value[140_000] = float("inf")
        parts = base.service.ChurnStub(default).PredictBatchStream(
            base.pb.PredictBatchRequest(columns=base.pb.FeatureColumns(column=columns)), timeout=TIMEOUT_SECONDS
        )
        equal(len(next(parts).probability), 131_072, "rows of the part before")
        code, text = failure(lambda timeout: next(parts))
        equal((code, "row 140000 of" in text), (INVALID, True), f"an infinite value: {text}")


@check("batches that no part can be made of fail as a whole, with the texts of PredictBatch")
def _():
    uneven = base.pb.FeatureColumns(column=[
        base.pb.FeatureColumn(name="Frequency", value=[1.0] * 3), base.pb.FeatureColumn(name="Monetary", value=[1.0]),
    ])
    requests = [base.pb.PredictBatchRequest(), base.by_ids([]), base.by_ids(range(MILLION + 1)),
                base.pb.PredictBatchRequest(columns=uneven), base.pb.PredictBatchRequest(columns=base.pb.FeatureColumns()),
                base.by_ids([1], model="nobody")]
    with open_channel() as channel:
        for request in requests:
            wanted = failure(stub(channel).PredictBatch, request)
            equal(failure(lambda timeout: streamed(channel, request)), wanted, "failure")
        code, _ = failure(lambda timeout: list(channel.unary_stream(STREAM)(b"\xff\xff", timeout=timeout)))
        equal(code, INVALID, "bytes that are no message")
        code, _ = failure(lambda timeout: list(stub(channel).PredictBatchStream(requests[2], timeout=0.001)))
        equal(code, Code.DEADLINE_EXCEEDED, "a deadline")


@check("readers that stop hold their requests and one part, and what they hold is given back when they cancel")
def _():
    rows = raw_http2.prefixed(base.by_ids((base.options.customers * 1200)[:base.options.rows]).SerializeToString())

    def stalled(connection):
        stream = connection.begin(STREAM)
        start = 0
        while start < len(rows):
            window = min(connection.http2.local_flow_control_window(stream), connection.http2.max_outbound_frame_size)
            if window == 0:
                connection.read()
                continue
            connection.send(stream, rows[start:start + window], end_stream=start + window >= len(rows))
            start += window
        while not connection.answers[stream].body:
            if not connection.read():
                raise EOFError("the connection ended")
        equal(stream in connection.ended, False, f"ended: {connection.answers[stream].headers}")
        return stream

    # 256 MiB are there for all: with the 10 MB of a whole answer each these would be above it.
    for _ in range(2):
        connections = [raw_http2.Connection(base.HOST, base.options.port, acknowledges=False) for _ in range(20)]
        streams = [stalled(connection) for connection in connections]
        with open_channel() as channel:
            stub(channel).PredictById(by_id(a_customer()), timeout=TIMEOUT_SECONDS)
        for connection, stream in zip(connections[:10], streams):
            connection.http2.reset_stream(stream)
            connection.flush()
            equal(connection.call(BY_ID, by_id(a_customer()).SerializeToString()).status, 0, "status after the reset")
        for connection in connections:
            connection.socket.close()
    with open_channel() as channel:
        for _ in range(4):
            request = base.by_ids((base.options.customers * 500)[:base.options.rows // 2])
            calls = [stub(channel).PredictBatchStream(request) for _ in range(8)]
            for call in calls:
                next(call)
                call.cancel()
        equal(len(rows_of(streamed(channel, request))[0]), len(request.ids.customer_id), "rows")


# --- The end -----------------------------------------------------------------------------------------------


@check("who watches hears NOT_SERVING before the server goes away, and its call is ended")
def _():
    if base.options.drain_pid is None:
        return
    request = raw_http2.prefixed(b"")
    with open_channel() as channel, raw() as connection:
        calls = [watch(channel, service) for service in ("", "churn.v1.Churn", "nobody")]
        first = [next(call).status for call in calls]
        equal(first, [Serving.SERVING, Serving.SERVING, Serving.SERVICE_UNKNOWN], "first statuses")
        stream = connection.begin(WATCH)
        connection.send(stream, request, end_stream=True)
        while not connection.answers[stream].body:
            connection.read()
        os.kill(base.options.drain_pid, signal.SIGTERM)
        for call in calls[:2]:
            equal(next(call).status, Serving.NOT_SERVING, "last status")
        for call in calls:
            try:
                raise AssertionError(f"another status: {next(call)}")
            except grpc.RpcError as error:
                equal(error.code(), Code.UNAVAILABLE, "code at the end")
        channel.close()
        frames = connection.frames()
        news = frames.index((DATA, stream, bytes([0, 0, 0, 0, 2, 8, 2])))
        kinds = [kind for kind, _, _ in frames]
        equal(kinds.count(GOAWAY), 2, "GOAWAY frames")
        equal(news < kinds.index(GOAWAY), True, "the status comes before the first GOAWAY")


if __name__ == "__main__":
    base.main(CHECKS)
