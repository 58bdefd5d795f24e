"""The Open Inference Protocol as Triton's own client sees it: HTTP and gRPC, each blocking and asyncio.

    triton_peer.py PORT CUSTOMERS.csv

CUSTOMERS.csv is `churn features`' output. Every probability is compared with the one that the server's own JSON route
gives, bit for bit."""
import argparse
import asyncio
import csv
import json
import math
import queue
import urllib.request

import numpy as np
import tritonclient.grpc as triton_grpc
import tritonclient.grpc.aio as triton_grpc_aio
import tritonclient.http as triton_http
import tritonclient.http.aio as triton_http_aio
from tritonclient.utils import InferenceServerException

import checks
import triton_messages
from checks import check, equal

MODEL = "seed-logistic"
FEATURES = ["Frequency", "Monetary", "AvgOrderValue"]
NOT_FOUND = 5
TIMEOUT_SECONDS = 60
parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("customers")
options = parser.parse_args()
ADDRESS = f"127.0.0.1:{options.port}"
with open(options.customers) as file:
    rows = list(csv.DictReader(file))
IDS = np.array([int(row["customer_id"]) for row in rows], dtype=np.int64)
VALUES = np.array([[float(row[name]) for name in FEATURES] for row in rows], dtype=np.float64)


def same(found, expected, what):
    """Bit for bit."""
    assert found.dtype == expected.dtype and found.shape == expected.shape, f"{what}: {found.dtype} {found.shape}"
    assert found.tobytes() == expected.tobytes(), f"{what}: {found} is not {expected}"


def by_json():
    body = json.dumps({"model": MODEL, "customer_ids": IDS.tolist()}).encode()
    request = urllib.request.Request(f"http://{ADDRESS}/v1/predictions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        found = json.load(answer)["predictions"]
    return np.array([row["probability"] for row in found]), np.array([row["churn"] for row in found])


PROBABILITIES, DECISIONS = by_json()


class Transport:
    """One of the client's modules, with what differs between them."""

    def __init__(self, module, name):
        self.module, self.name = module, name
        self.is_http = "http" in module.__name__

    def input(self, name, values, datatype, binary=True):
        tensor = self.module.InferInput(name, list(values.shape), datatype)
        if self.is_http:
            tensor.set_data_from_numpy(values, binary_data=binary)
        else:
            tensor.set_data_from_numpy(values)
        return tensor

    def output(self, name, binary=True):
        return self.module.InferRequestedOutput(name, **({"binary_data": binary} if self.is_http else {}))

    def forms(self):
        """The same customers in every form that there is: what, inputs, whether the features are narrowed."""
        texts = np.array([str(id) for id in IDS], dtype=np.object_)
        for binary in (True, False) if self.is_http else (True,):
            kind = "binary" if binary else "JSON"
            yield f"ids, {kind}", [self.input("customer_id", IDS, "INT64", binary)], False
            yield f"ids [N, 1], {kind}", [self.input("customer_id", IDS.reshape(-1, 1), "INT64", binary)], False
            yield f"ids as BYTES, {kind}", [self.input("customer_id", texts, "BYTES", binary)], False
            yield f"texts, {kind}", [self.input("customer", texts, "BYTES", binary)], False
            yield f"matrix, {kind}", [self.input("features", VALUES, "FP64", binary)], False
            columns = [self.input(name, VALUES[:, k].copy(), "FP64", binary) for k, name in enumerate(FEATURES)]
            yield f"columns, {kind}", columns[::-1], False
            yield f"floats, {kind}", [self.input("features", VALUES.astype(np.float32), "FP32", binary)], True

    def compare(self, result, what, is_narrow):
        probability, decision, status = (result.as_numpy(name) for name in ("probability", "decision", "status"))
        same(status, np.zeros(len(IDS), dtype=np.int32), f"status of {what}")
        if is_narrow:
            assert np.abs(probability - PROBABILITIES).max() < 1e-6, what
        else:
            same(probability, PROBABILITIES, f"probability of {what}")
            same(decision, DECISIONS, f"decision of {what}")

    def unknown(self):
        return [self.input("customer_id", np.array([0, IDS[0], -1], dtype=np.int64), "INT64")]

    def unknown_texts(self):
        texts = np.array(["CUST-0001", str(IDS[0]), "0"], dtype=np.object_)
        return [self.input("customer", texts, "BYTES")]

    def compare_unknown(self, result):
        equal(result.as_numpy("status").tolist(), [NOT_FOUND, 0, NOT_FOUND], "statuses")
        probability = result.as_numpy("probability")
        assert math.isnan(probability[0]) and math.isnan(probability[2]) and probability[1] == PROBABILITIES[0]

    def faults(self):
        """What, model, inputs, outputs, words of the error."""
        one = np.array([1], dtype=np.int64)
        customer = [self.input("customer_id", one, "INT64")]
        nan = np.array([[1, np.nan, 1]], dtype=np.float64)
        yield "unknown model", "none", customer, None, "'none' is not served"
        yield "unknown output", MODEL, customer, [self.output("nonsense")], "no output 'nonsense'"
        yield "unknown input", MODEL, [self.input("nonsense", VALUES[:, 0].copy(), "FP64")], None, "no feature 'nonsense'"
        yield "NaN", MODEL, [self.input("features", nan, "FP64")], None, "row 0 of column Monetary"
        yield "wrong datatype", MODEL, [self.input("customer_id", one.astype(np.int32), "INT32")], None, "INT64 or BYTES"


def blocking(transport, connect):
    def check_here(name):
        return check(f"{transport.name}: {name}")

    @check_here("server and model metadata, live and ready, and the index")
    def _():
        with connect() as client:
            assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(MODEL)
            assert client.is_model_ready(MODEL, "1") and not client.is_model_ready("none")
            server = client.get_server_metadata() if transport.is_http else client.get_server_metadata(as_json=True)
            equal((server["name"], server["extensions"]), ("churn", ["binary_tensor_data"]), "server")
            keys = {} if transport.is_http else {"as_json": True}
            model = client.get_model_metadata(MODEL, **keys)
            inputs = {tensor["name"]: [int(length) for length in tensor["shape"]] for tensor in model["inputs"]}
            expected = {"customer_id": [-1], "customer": [-1], "features": [-1, 3], **{name: [-1] for name in FEATURES}}
            equal((model["versions"], inputs), (["1"], expected), "model")
            outputs = {tensor["name"]: tensor["datatype"] for tensor in model["outputs"]}
            equal(outputs, {"probability": "FP64", "decision": "BOOL", "status": "INT32"}, "outputs")
            index = client.get_model_repository_index(**keys)
            index = index if transport.is_http else index["models"]
            found = {(model["name"], model["version"]): model["state"] for model in index}
            equal(found[MODEL, "1"], "READY", "state")

    @check_here("every form has the doubles of the server's JSON, bit for bit")
    def _():
        with connect() as client:
            for what, inputs, is_narrow in transport.forms():
                transport.compare(client.infer(MODEL, inputs, request_id="a"), what, is_narrow)
                outputs = [transport.output("status"), transport.output("probability"), transport.output("decision", False)]
                result = client.infer(MODEL, inputs, model_version="1", outputs=outputs, request_id="b")
                transport.compare(result, what, is_narrow)
                response = result.get_response() if transport.is_http else result.get_response(as_json=True)
                equal((response["id"], response["model_version"]), ("b", "1"), "id and version")
                equal([tensor["name"] for tensor in response["outputs"]], ["status", "probability", "decision"], "outputs")
                one = client.infer(MODEL, inputs, outputs=[transport.output("decision")])
                assert one.as_numpy("probability") is None and one.as_numpy("decision") is not None

    @check_here("unknown customers have a status each")
    def _():
        with connect() as client:
            transport.compare_unknown(client.infer(MODEL, transport.unknown()))
            transport.compare_unknown(client.infer(MODEL, transport.unknown_texts()))

    @check_here("errors say what is wrong")
    def _():
        with connect() as client:
            for what, model, inputs, outputs, words in transport.faults():
                try:
                    client.infer(model, inputs, outputs=outputs)
                except InferenceServerException as error:
                    assert words in error.message(), f"{what}: {error}"
                else:
                    raise AssertionError(f"no error for {what}")

    @check_here("a large request, and several at once")
    def _():
        ids = np.resize(IDS, 300_000)
        with connect(concurrency=4) as client:
            inputs = [transport.input("customer_id", ids, "INT64")]
            same(client.infer(MODEL, inputs).as_numpy("probability"), np.resize(PROBABILITIES, len(ids)), "large")
            small = [transport.input("customer_id", IDS[:10], "INT64")]
            if transport.is_http:
                results = [request.get_result() for request in [client.async_infer(MODEL, small) for _ in range(40)]]
            else:
                done = queue.Queue()
                for _ in range(40):
                    client.async_infer(MODEL, small, callback=lambda result, error: done.put(error or result))
                results = [done.get(timeout=TIMEOUT_SECONDS) for _ in range(40)]
            for result in results:
                same(result.as_numpy("probability"), PROBABILITIES[:10], "one of several")


def asynchronous(transport, connect):
    @check(f"{transport.name}: all of it at once")
    def _():
        async def run():
            keys = {} if transport.is_http else {"as_json": True}
            async with connect() as client:
                assert await client.is_server_live() and await client.is_server_ready()
                assert await client.is_model_ready(MODEL) and not await client.is_model_ready("none")
                equal((await client.get_server_metadata(**keys))["name"], "churn", "server")
                equal((await client.get_model_metadata(MODEL, "1", **keys))["versions"], ["1"], "model")
                assert await client.get_model_repository_index(**keys)
                forms = list(transport.forms())
                results = await asyncio.gather(*(client.infer(MODEL, inputs) for _, inputs, _ in forms))
                for result, (what, _, is_narrow) in zip(results, forms):
                    transport.compare(result, what, is_narrow)
                transport.compare_unknown(await client.infer(MODEL, transport.unknown()))
                for what, model, inputs, outputs, words in transport.faults():
                    try:
                        await client.infer(model, inputs, outputs=outputs)
                    except InferenceServerException as error:
                        assert words in error.message(), f"{what}: {error}"
                    else:
                        raise AssertionError(f"no error for {what}")
        asyncio.run(run())


http = Transport(triton_http, "http")


def http_client(concurrency=1):
    timeouts = {"connection_timeout": TIMEOUT_SECONDS, "network_timeout": TIMEOUT_SECONDS}
    return triton_http.InferenceServerClient(ADDRESS, concurrency=concurrency, **timeouts)


def grpc_client(concurrency=1):
    return triton_grpc.InferenceServerClient(ADDRESS)


blocking(http, http_client)
blocking(Transport(triton_grpc, "grpc"), grpc_client)
asynchronous(Transport(triton_grpc_aio, "grpc.aio"), lambda: triton_grpc_aio.InferenceServerClient(ADDRESS))
asynchronous(Transport(triton_http_aio, "http.aio"), lambda: triton_http_aio.InferenceServerClient(ADDRESS))


@check("http: packed requests and packed answers")
def _():
    with http_client() as client:
        for inputs in ([http.input("customer_id", IDS, "INT64", binary)] for binary in (True, False)):
            packing = {"request_compression_algorithm": "gzip", "response_compression_algorithm": "gzip"}
            result = client.infer(MODEL, inputs, **packing)
            http.compare(result, "packed", False)


@check("http: a time-out of a microsecond passes, and one of a minute does not")
def _():
    with http_client() as client:
        inputs = [http.input("customer_id", IDS, "INT64")]
        http.compare(client.infer(MODEL, inputs, timeout=60_000_000), "with a minute", False)
        try:
            client.infer(MODEL, [http.input("customer_id", np.resize(IDS, 200_000), "INT64")], timeout=1)
        except InferenceServerException as error:
            assert "deadline" in error.message(), error
        else:
            raise AssertionError("no error")


@check("grpc: packed requests, and time-outs of the call and of the parameter")
def _():
    rpc = Transport(triton_grpc, "grpc")
    with grpc_client() as client:
        inputs = [rpc.input("customer_id", IDS, "INT64")]
        rpc.compare(client.infer(MODEL, inputs, compression_algorithm="gzip"), "packed", False)
        rpc.compare(client.infer(MODEL, inputs, timeout=60_000_000, client_timeout=60), "with a minute", False)
        large = [rpc.input("customer_id", np.resize(IDS, 200_000), "INT64")]
        for keys in ({"timeout": 1}, {"client_timeout": 0.001}):
            try:
                client.infer(MODEL, large, **keys)
            except InferenceServerException as error:
                equal(error.status(), "StatusCode.DEADLINE_EXCEEDED", f"status with {keys}")
            else:
                raise AssertionError(f"no error with {keys}")


triton_messages.add_checks(check, equal, ADDRESS, FEATURES, IDS, VALUES, PROBABILITIES, TIMEOUT_SECONDS)

checks.run()
