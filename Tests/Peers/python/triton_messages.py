"""Messages of the Open Inference Protocol by gRPC that Triton's client would not send by itself: typed contents, requests
that are wrong, and the description of the service. triton_peer.py runs these checks."""
import math
import struct

import grpc
import numpy as np
from google.protobuf import descriptor_pb2
from tritonclient.grpc import service_pb2, service_pb2_grpc


def typed(name="customer_id", datatype="INT64", shape=(1,), **contents):
    tensor = service_pb2.ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=shape)
    if contents:
        tensor.contents.CopyFrom(service_pb2.InferTensorContents(**contents))
    return tensor


def request(*inputs, raw=(), outputs=(), model="seed-logistic", **fields):
    wanted = [service_pb2.ModelInferRequest.InferRequestedOutputTensor(name=name) for name in outputs]
    return service_pb2.ModelInferRequest(
        model_name=model, inputs=inputs, raw_input_contents=raw, outputs=wanted, **fields
    )


def varint(data, position):
    value = shift = 0
    while True:
        byte, position = data[position], position + 1
        value, shift = value | (byte & 0x7F) << shift, shift + 7
        if byte < 0x80:
            return value, position


def embedded(data, wanted):
    """The texts and messages under one number, of a message that has no others than these and varints."""
    position = 0
    while position < len(data):
        tag, position = varint(data, position)
        value, position = varint(data, position)
        if tag & 7 == 2:
            if tag >> 3 == wanted:
                yield data[position:position + value]
            position += value


def add_checks(check, equal, address, features, ids, values, probabilities, timeout_seconds):
    """Adds the checks, which compare answers with the probabilities of customers by ids and by values."""
    @check("grpc: contents in the fields of their datatypes")
    def _():
        row = values[0].tolist()
        with grpc.insecure_channel(address) as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            for inputs in (
                [typed(int64_contents=[ids[0]])],
                [typed(datatype="BYTES", bytes_contents=[str(ids[0]).encode()])],
                [typed("features", "FP64", (1, 3), fp64_contents=row)],
                [typed(name, "FP64", (1, 1), fp64_contents=[value]) for name, value in zip(features, row)],
            ):
                answer = stub.ModelInfer(request(*inputs, outputs=["probability"]), timeout=timeout_seconds)
                equal(answer.raw_output_contents[0], probabilities[:1].tobytes(), f"probability of {inputs}")
                equal([output.name for output in answer.outputs], ["probability"], "outputs")
            narrow = typed("features", "FP32", (1, 3), fp32_contents=row)
            answer = stub.ModelInfer(request(narrow, outputs=["probability"]), timeout=timeout_seconds)
            assert abs(np.frombuffer(answer.raw_output_contents[0])[0] - probabilities[0]) < 1e-6

    @check("grpc: requests that are wrong are refused by name, small and large, and the next one is answered")
    def _():
        one = struct.pack("<q", 1)
        wrong = [
            (request(), "no inputs"), (request(typed(int64_contents=[1]), model=""), "names no model"),
            (request(typed()), "0 values"), (request(typed(int64_contents=[1, 2])), "2 values"),
            (request(typed(int_contents=[1])), "not of its datatype"),
            (request(typed(datatype="INT32", int_contents=[1])), "INT64 or BYTES"),
            (request(typed(datatype="nonsense")), "INT64 or BYTES"), (request(typed(shape=())), "must have [N] or [N, 1]"),
            (request(typed(shape=(1, 2)), raw=[one]), "must have [N] or [N, 1]"),
            (request(typed(shape=(-1,)), raw=[one]), "limited to"),
            (request(typed(shape=(2**63 - 1,)), raw=[one]), "limited to"),
            (request(typed(shape=(1,) * 9), raw=[one]), "9 dimensions"),
            (request(typed(shape=(2**62 + 1, 3), name="features", datatype="FP64"), raw=[one]), "limited to"),
            (request(typed(shape=(0,)), raw=[b""]), "no rows"), (request(typed(shape=(2,)), raw=[one]), "8 bytes of data"),
            (request(typed(), raw=[one[:7]]), "7 bytes of data"),
            (request(typed(), raw=[one, one]), "2 raw_input_contents and 1 inputs"),
            (request(typed(int64_contents=[1]), raw=[one]), "not of its datatype"),
            (request(typed(datatype="BYTES"), raw=[b"\x05\0\0\0a"]), "end within a value"),
            (request(typed(datatype="BYTES"), raw=[b"\xff\xff\xff\xff"]), "end within a value"),
            (request(typed("customer", int64_contents=[1])), "'INT64', and must have BYTES"),
            (request(typed("features", "FP64", (1, 3), fp64_contents=[1, math.inf, 1])), "row 0 of column Monetary is inf"),
            (request(typed("features", "FP64", (1, 2), fp64_contents=[1, 1])), "must have [N, 3]"),
            (request(typed("Frequency", "FP64", fp64_contents=[1])), "Monetary is missing"),
            (request(typed(int64_contents=[1]), typed(int64_contents=[1])), "stands alone"),
            (request(typed(int64_contents=[1]), outputs=["status", "status"]), "wanted twice"),
            (request(typed(int64_contents=[1]), outputs=["nonsense"]), "no output 'nonsense'"),
            (request(typed(int64_contents=[1]), id="x" * 1025), "1024 characters"),
            (request(*[typed("a", "FP64")] * 257), "257 inputs"),
        ]
        parameters = [
            ("timeout", {"string_param": "1"}), ("timeout", {"int64_param": -1}), ("classification", {"int64_param": 1}),
        ]
        for name, value in parameters:
            bad = request(typed(int64_contents=[1]))
            bad.parameters[name].CopyFrom(service_pb2.InferParameter(**value))
            wrong.append((bad, name))
        with grpc.insecure_channel(address) as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            raw = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
            # A field that the server does not know makes a request large, and nothing else of it.
            filler = b"\xfa\x3f\xf0\xa2\x04" + bytes(70_000)
            for bad, words in wrong:
                for data in (bad.SerializeToString(), bad.SerializeToString() + filler):
                    try:
                        raw(data, timeout=timeout_seconds)
                    except grpc.RpcError as error:
                        equal(error.code(), grpc.StatusCode.INVALID_ARGUMENT, f"status of {bad}"[:1000])
                        assert words in error.details(), f"{str(bad)[:500]}: {error.details()}, not {words}"
                    else:
                        raise AssertionError(f"no error for {bad}"[:1000])
            good = request(typed(), raw=[struct.pack("<q", ids[0])], id="a", outputs=["status"]).SerializeToString()
            answer = service_pb2.ModelInferResponse.FromString(raw(good + filler, timeout=timeout_seconds))
            equal((answer.id, answer.raw_output_contents[0]), ("a", bytes(4)), "behind them")
            for data in (b"\xff", good[:-1], b"\x0a\x02\xff\xfe"):
                try:
                    raw(data, timeout=timeout_seconds)
                except grpc.RpcError as error:
                    equal(error.code(), grpc.StatusCode.INVALID_ARGUMENT, f"status of {data}")
                else:
                    raise AssertionError(f"no error for {data}")
            index = stub.RepositoryIndex(service_pb2.RepositoryIndexRequest(repository_name="a"), timeout=timeout_seconds)
            equal(len(index.models), 0, "models of a repository that there is not")

    @check("the server's description of the service, by reflection, is the client's own as far as it goes")
    def _():
        symbol = b"inference.GRPCInferenceService"
        with grpc.insecure_channel(address) as channel:
            reflect = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
            answer = next(reflect(iter([b"\x22" + bytes([len(symbol)]) + symbol]), timeout=timeout_seconds))
        file, = (file for response in embedded(answer, 4) for file in embedded(response, 1))
        ours, theirs = descriptor_pb2.FileDescriptorProto.FromString(file), descriptor_pb2.FileDescriptorProto()
        service_pb2.DESCRIPTOR.CopyToProto(theirs)
        equal(ours.package, theirs.package, "package")

        def messages(messages, prefix=""):
            for message in messages:
                yield f"{prefix}{message.name}", {
                    field.name: (field.number, field.type, field.label, field.type_name, field.HasField("oneof_index"))
                    for field in message.field
                }
                yield from messages_of(message.nested_type, f"{prefix}{message.name}.")

        messages_of = messages
        known = dict(messages(theirs.message_type))
        for name, fields in messages(ours.message_type):
            equal(fields, known[name], name)
        methods = {method.name: (method.input_type, method.output_type) for method in theirs.service[0].method}
        for method in ours.service[0].method:
            equal((method.input_type, method.output_type), methods[method.name], method.name)
        equal(len(ours.service[0].method), 7, "methods")
