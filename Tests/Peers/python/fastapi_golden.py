"""The prototype's API in FastAPI, and what it answers to requests that do not fit: writes Tests/Fixtures/http/fastapi.json.

    fastapi_golden.py [--check]

With --check nothing is written, and a difference is an error. Versions: requirements-http.txt."""
import json
import math
import pathlib
import random
import struct
import sys

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

FIXTURE = pathlib.Path(__file__).parents[2] / "Fixtures/http/fastapi.json"
app = FastAPI(title="Customer Churn Prediction API")


class Features(BaseModel):
    Frequency: float
    Monetary: float
    AvgOrderValue: float


class Customer(BaseModel):
    customer_id: int


@app.get("/")
def root():
    return {"message": "Churn Prediction API is running"}


@app.get("/health")
def health():
    return {}


@app.post("/predict_churn")
def predict_churn(data: Features):
    return data.model_dump()


@app.post("/predict_churn_by_id")
def predict_churn_by_id(data: Customer):
    return {"customer_id": data.customer_id}


FEATURES, BY_ID = "/predict_churn", "/predict_churn_by_id"
JSON = "application/json"
CUSTOMER_IDS = [
    "7", "12347.0", "1e3", "1.5", '"12347"', '" 12347 "', '"+7"', '"-7"', '"1_000"', '"12347.0"', '"1.5"', '"abc"', '""', "null",
    "true", "false", "[]", "[1]", "{}", '{"a":1.50}', "123456789012345678901234567890", "-0", "1e400", '"1e3"', '"0x10"',
    "9223372036854775807", "9223372036854775808", '"٣"', '"007"', '"--7"', '"7.00"', '"7."', '"1__0"', '"_1"', '"1_"',
    "1e19", "-1e3", "0.0", "-0.0", '"-0"',
]
FLOATS = [
    "7", "1.5", '"1.5"', '" 1.5 "', '"1e3"', '"abc"', '""', "null", "true", "false", "[]", '{"a":"ä\\u0000\\n\\u007f\\"\\\\/"}',
    "123456789012345678901234567890", '"1_000.5"', '"+.5"', '"5."', '"0x10"', '"1e"', "1e-7", "1e16", "123456789012345680.0",
    "12345678901234567", '".5"', '"1 2"', '"1__0"', '"_1"', '"1e+3"', '"-"', '"."',
]
BODIES = [
    "", " ", "[]", "[1,2]", "null", "1", "1.50", '"abc"', "true", "{}", '{"other":1}', '{"customer_id":1,"other":2}', "{", "{'a':1}", '{"a"', '{"a":',
    '{"a":1', '{"a":1 "b":2}', '{"a":1,}', '{"customer_id":}', "[1,]", "[1 2]", "1 2", "01", "-", "nul", '"a', '"a\nb"',
    '"a\\x"', '"\\u12g4"', '{"ä":x}', '{"customer_id":1}}', "\ufeff{}",
]


def doubles():
    """Of every magnitude, and those where their texts change form."""
    generator = random.Random(14)
    yield from (0.0, -0.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1e-4, 9.999999999999999e-05)
    for exponent in (15, 16, 17, 21, 22, 53):
        yield from (10.0**exponent, 2.0**exponent, math.nextafter(10.0**exponent, 0), math.nextafter(2.0**exponent, math.inf))
    for _ in range(150):
        value = struct.unpack("d", generator.randbytes(8))[0]
        if math.isfinite(value):
            yield value
        yield generator.uniform(0, 10.0 ** generator.randint(-8, 20))


def cases():
    for value in CUSTOMER_IDS:
        yield "POST", BY_ID, JSON, '{"customer_id":%s}' % value
    for value in FLOATS:
        yield "POST", FEATURES, JSON, '{"Frequency":%s,"Monetary":4310.0,"AvgOrderValue":615.7142857142857}' % value
    yield "POST", BY_ID, JSON, json.dumps({"values": list(doubles())})
    for body in BODIES:
        yield "POST", BY_ID, JSON, body
    for body in ["{}", '{"Monetary":1}', '{"Frequency":null,"Monetary":"x","AvgOrderValue":[]}', "[]", '{"frequency":1}']:
        yield "POST", FEATURES, JSON, body
    for content_type in ["application/json; charset=utf-8", "application/vnd.api+json", "text/plain", "application/octet-stream", None]:
        yield "POST", BY_ID, content_type, '{"customer_id":7}'
    yield "POST", BY_ID, "text/plain", "ä\n"
    yield "GET", "/", None, ""
    for method, path in [
        ("GET", "/nothing"), ("POST", "/nothing"), ("GET", BY_ID), ("PUT", FEATURES), ("POST", "/"), ("DELETE", "/health"),
        ("GET", "/predict_churn/7"), ("OPTIONS", "/"), ("GET", "/%70redict_churn"), ("GET", "/health?a=b"),
    ]:
        yield method, path, None, ""


def answers():
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    for method, path, content_type, body in cases():
        headers = {} if content_type is None else {"content-type": content_type}
        answer = client.request(method, path, content=body.encode(), headers=headers)
        yield {
            "method": method, "path": path, "content_type": content_type, "body": body, "status": answer.status_code,
            "allow": answer.headers.get("allow"), "answer": answer.text,
        }


text = "[\n" + ",\n".join(json.dumps(answer, ensure_ascii=False) for answer in answers()) + "\n]\n"
if "--check" in sys.argv:
    assert FIXTURE.read_text() == text, "FastAPI answers otherwise than recorded; run without --check and read the difference"
else:
    FIXTURE.write_text(text)
