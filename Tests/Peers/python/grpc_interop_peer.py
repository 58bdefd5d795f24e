#!/usr/bin/env python3
"""The interoperability cases of gRPC that unary calls and server streams have, by their names, re-made on churn.v1 by grpcio.

    grpc_interop_peer.py PORT --customers FILE.csv

Left out: cases of client streams and of streams both ways (client_streaming, ping_pong, empty_stream, half_duplex,
custom_metadata's second half), which churn.v1 has none of; cacheable_unary, which needs GET; server_compressed_unary and
server_compressed_streaming, as the server compresses nothing; and all that need credentials.
"""
import functools

import grpc

import grpc_peer as base
from grpc_peer import TIMEOUT_SECONDS, Code, by_id, by_ids, equal, failure, open_channel, pb, stub

CHECKS = []
check = functools.partial(base.check, among=CHECKS)
SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
# The sizes of large_unary: of the request and of the answer.
REQUEST_BYTES, ANSWER_BYTES = 271_828, 314_159


def customers(count):
    known = base.options.customers
    return (known * (count // len(known) + 1))[:count]


def a_customer():
    return base.options.customers[0]


@check("empty_unary: a request of no bytes is answered")
def _():
    request = pb.HealthRequest()
    equal(request.ByteSize(), 0, "bytes of the request")
    with open_channel() as channel:
        equal(stub(channel).Health(request, timeout=TIMEOUT_SECONDS).draining, False, "draining")


def large():
    """A batch whose request and answer are at least as large as those of large_unary."""
    return by_ids(customers(40_000))


@check("large_unary: a large request has a large answer")
def _():
    with open_channel() as channel:
        request = large()
        answer = stub(channel).PredictBatch(request, timeout=TIMEOUT_SECONDS)
        equal(request.ByteSize() >= REQUEST_BYTES and answer.ByteSize() >= ANSWER_BYTES, True, "sizes")
        equal(len(answer.probability), 40_000, "rows")


@check("client_compressed_unary: compressed and not compressed are answered alike")
def _():
    with open_channel() as channel:
        churn, request = stub(channel), large()
        wanted = churn.PredictBatch(request, timeout=TIMEOUT_SECONDS, compression=grpc.Compression.NoCompression)
        for compression in (grpc.Compression.Gzip, grpc.Compression.NoCompression):
            answer = churn.PredictBatch(request, timeout=TIMEOUT_SECONDS, compression=compression)
            equal(answer.SerializeToString() == wanted.SerializeToString(), True, f"equal answers, {compression}")


@check("server_streaming: the parts of an answer come in their order, and are those of the whole")
def _():
    with open_channel() as channel:
        churn, request = stub(channel), by_ids(customers(600_000))
        parts = list(churn.PredictBatchStream(request, timeout=TIMEOUT_SECONDS))
        equal(len(parts) > 1, True, "several parts")
        whole = churn.PredictBatch(request, timeout=TIMEOUT_SECONDS)
        equal([p for part in parts for p in part.probability] == list(whole.probability), True, "equal rows in order")


@check("cancel_after_begin: a stream that is cancelled at once is CANCELLED, and the channel goes on")
def _():
    with open_channel() as channel:
        call = stub(channel).PredictBatchStream(by_ids(customers(600_000)), timeout=TIMEOUT_SECONDS)
        call.cancel()
        equal(call.code(), Code.CANCELLED, "code")
        stub(channel).PredictById(by_id(a_customer()), timeout=TIMEOUT_SECONDS)


@check("cancel_after_first_response: a stream that is cancelled in the middle is CANCELLED, and the channel goes on")
def _():
    with open_channel() as channel:
        call = stub(channel).PredictBatchStream(by_ids(customers(1_000_000)), timeout=TIMEOUT_SECONDS)
        next(call)
        call.cancel()
        try:
            for _ in call:
                pass
            raise AssertionError("the stream ended well")
        except grpc.RpcError as error:
            equal(error.code(), Code.CANCELLED, "code")
        stub(channel).PredictById(by_id(a_customer()), timeout=TIMEOUT_SECONDS)


@check("timeout_on_sleeping_server: a call that takes longer than its deadline is DEADLINE_EXCEEDED")
def _():
    with open_channel() as channel:
        churn, request = stub(channel), by_ids(customers(1_000_000))
        equal(failure(churn.PredictBatch, request, timeout=0.001)[0], Code.DEADLINE_EXCEEDED, "code of a unary call")
        equal(failure(lambda *a, **b: list(churn.PredictBatchStream(*a, **b)), request, timeout=0.001)[0],
              Code.DEADLINE_EXCEEDED, "code of a stream")
        churn.PredictById(by_id(a_customer()), timeout=TIMEOUT_SECONDS)


@check("status_code_and_message: of a unary call and of a stream")
def _():
    with open_channel() as channel:
        churn = stub(channel)
        equal(failure(churn.PredictById, by_id(10**12)), (Code.NOT_FOUND, f"customer {10**12} is not known"), "unary")
        wanted = failure(churn.PredictBatch, by_ids([1], model="no-such-model"))
        equal(wanted[0], Code.NOT_FOUND, "code of a batch")
        equal("no-such-model" in wanted[1], True, f"text of a batch: {wanted[1]}")
        streamed = failure(lambda *a, **b: list(churn.PredictBatchStream(*a, **b)), by_ids([1], model="no-such-model"))
        equal(streamed, wanted, "stream")


@check("special_status_message: characters beyond the BMP arrive as they are, line feeds as the server spells them")
def _():
    with open_channel() as channel:
        code, text = failure(stub(channel).PredictById, by_id(1, model=SPECIAL))
        equal(code, Code.NOT_FOUND, "code")
        spelt = SPECIAL.replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n")
        equal(spelt in text, True, f"text {text!r}")


for case, path in (("unimplemented_method", "/churn.v1.Churn/Unimplemented"),
                   ("unimplemented_service", "/churn.v1.Unimplemented/PredictById")):
    @check(f"{case}: unary and stream are UNIMPLEMENTED")
    def _(path=path):
        with open_channel() as channel:
            equal(failure(channel.unary_unary(path), b"")[0], Code.UNIMPLEMENTED, "code of a unary call")
            call = channel.unary_stream(path)
            equal(failure(lambda *a, **b: list(call(*a, **b)), b"")[0], Code.UNIMPLEMENTED, "code of a stream")
            stub(channel).PredictById(by_id(a_customer()), timeout=TIMEOUT_SECONDS)


@check("custom_metadata: text and binary metadata are taken, by unary calls and streams, and change nothing")
def _():
    metadata = [("x-grpc-test-echo-initial", "test_initial_metadata_value"),
                ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab\x00\xff")]
    with open_channel() as channel:
        churn, request = stub(channel), by_ids(customers(100))
        wanted = churn.PredictBatch(request, timeout=TIMEOUT_SECONDS)
        answer, call = churn.PredictBatch.with_call(request, timeout=TIMEOUT_SECONDS, metadata=metadata)
        equal((answer, list(call.trailing_metadata())), (wanted, []), "answer and trailing metadata")
        parts = list(churn.PredictBatchStream(request, timeout=TIMEOUT_SECONDS, metadata=metadata))
        equal(parts, [wanted], "stream")


@check("concurrent_large_unary: 20 at once on one channel")
def _():
    with open_channel() as channel:
        request = large()
        calls = [stub(channel).PredictBatch.future(request, timeout=TIMEOUT_SECONDS) for _ in range(20)]
        answers = {call.result().SerializeToString() for call in calls}
        equal(len(answers), 1, "different answers")


@check("rpc_soak: 1,000 large and small calls, one after another, on one channel")
def _():
    with open_channel() as channel:
        churn, batch = stub(channel), by_ids(customers(1_000))
        for index in range(1_000):
            churn.PredictById(by_id(a_customer()), timeout=TIMEOUT_SECONDS)
            if index % 10 == 0:
                churn.PredictBatch(batch, timeout=TIMEOUT_SECONDS)


@check("channel_soak: 100 channels, one after another")
def _():
    for index in range(100):
        # A setting of its own keeps grpcio from sharing a connection between channels.
        with open_channel(("churn.index", index)) as channel:
            stub(channel).PredictById(by_id(a_customer()), timeout=TIMEOUT_SECONDS)


if __name__ == "__main__":
    base.main(CHECKS)
