"""HTTP as clients that are not ours see it: Python's http.client and urllib, curl, openapi-spec-validator and schemathesis.

    http_peer.py PORT CUSTOMERS.csv [--examples N]

CUSTOMERS.csv is `churn features`' output; probabilities are compared with the arithmetic of the seed model's file."""
import argparse
import csv
import http.client
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import checks
from checks import check, equal

MODEL = pathlib.Path(__file__).parents[3] / "models/seed-logistic/1/model.json"
TIMEOUT_SECONDS = 60
parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("customers")
parser.add_argument("--examples", type=int, default=15)
options = parser.parse_args()
URL = f"http://127.0.0.1:{options.port}"
model = json.load(open(MODEL))
with open(options.customers) as file:
    customers = {int(row["customer_id"]): row for row in csv.DictReader(file)}


def expected(customer):
    log_odds = model["intercept"]
    for part in model["inputs"]:
        log_odds += (float(customers[customer][part["feature"]]) - part["mean"]) / part["scale"] * part["coefficient"]
    return 1 / (1 + math.exp(-log_odds))


def curl(*arguments):
    run = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", str(TIMEOUT_SECONDS), *arguments], capture_output=True, check=True
    )
    return run.stdout.decode()


def post(target, body):
    request = urllib.request.Request(URL + target, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        return answer.read().decode()


@check("every customer by every route has one double, and it is the model's")
def _():
    connection = http.client.HTTPConnection("127.0.0.1", options.port, timeout=TIMEOUT_SECONDS)
    lines = post("/v1/predictions?format=csv", {"model": "seed-logistic", "customer_ids": list(customers)}).splitlines()
    batch = {int(row["customer_id"]): row for row in csv.DictReader(lines)}
    equal(list(batch), list(customers), "customers of the batch")
    for customer in customers:
        connection.request("GET", f"/v1/customers/{customer}/prediction?model=seed-logistic")
        one = json.loads(connection.getresponse().read())
        body = json.dumps({"customer_id": customer})
        connection.request("POST", "/predict_churn_by_id", body, {"Content-Type": "application/json"})
        prototype = json.loads(connection.getresponse().read())
        equal(prototype["prediction"]["churn_probability"], one["probability"], f"{customer} by the prototype's route")
        equal(float(batch[customer]["probability"]), one["probability"], f"{customer} in the batch")
        equal(batch[customer]["churn"], "true" if one["churn"] else "false", f"decision of {customer}")
        assert abs(one["probability"] - expected(customer)) < 1e-12, customer
        body = json.dumps(prototype["features"])
        connection.request("POST", "/predict_churn", body, {"Content-Type": "application/json"})
        equal(json.loads(connection.getresponse().read()), prototype["prediction"], f"features of {customer}")


@check("curl: keep-alive, HTTP/1.0, HEAD, Expect, chunks, gzip and etags")
def _():
    equal(curl(f"{URL}/livez", f"{URL}/livez", "--write-out", "%{num_connects}"), "ok\n1ok\n0", "two calls, one connection")
    equal(curl("--http1.0", f"{URL}/livez"), "ok\n", "HTTP/1.0")
    assert curl("--head", f"{URL}/v1/models").startswith("HTTP/1.1 200 OK\r\n")
    customer = next(iter(customers))
    body = json.dumps({"customer_id": customer})
    json_type = ("-H", "content-type: application/json")
    plain = curl(*json_type, "-d", body, f"{URL}/predict_churn_by_id")
    for fields in (("-H", "expect: 100-continue"), ("-H", "transfer-encoding: chunked")):
        equal(curl(*json_type, *fields, "-d", body, f"{URL}/predict_churn_by_id"), plain, f"with {fields[1]}")
    body = json.dumps({"customer_ids": list(customers)})
    target = f"{URL}/v1/predictions?format=ndjson"
    plain = curl(*json_type, "-d", body, target)
    equal(len(plain.splitlines()), len(customers), "rows")
    equal(curl("--compressed", *json_type, "-d", body, target), plain, "packed")
    tag = curl("--output", "/dev/null", "--write-out", "%header{etag}", f"{URL}/v1/models")
    equal(curl("-H", f"if-none-match: {tag}", "--write-out", "%{http_code}", f"{URL}/v1/models"), "304", "known by its tag")


@check("a customer by its text: in a path, in percent-encoding, and in batches")
def _():
    customer = next(iter(customers))
    plain = curl(f"{URL}/v1/customers/{customer}/prediction")
    equal(curl(f"{URL}/v1/customers/%20{customer}.0/prediction"), plain, "a number by its text")
    codes = {"CUST-0001": 404, "a%2Fb%40example.com": 404, "1e5": 400, "%FF": 400, "0": 404}
    for text, code in codes.items():
        found = curl("--output", "/dev/null", "--write-out", "%{http_code}", f"{URL}/v1/customers/{text}/prediction")
        equal(int(found), code, text)
    rows = post("/v1/predictions?format=csv", {"customers": [customer, str(customer), "a,b", "1e5"]}).splitlines()
    table = list(csv.DictReader(rows))
    equal([row["customer"] for row in table], [str(customer), str(customer), "a,b", "1e5"], "customers")
    equal([row["status"] for row in table], ["OK", "OK", "NOT_FOUND", "INVALID_ARGUMENT"], "statuses")


@check("urllib raises for problems, which say what is wrong")
def _():
    try:
        urllib.request.urlopen(f"{URL}/v1/customers/0/prediction", timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        equal((error.code, error.headers["content-type"]), (404, "application/problem+json"), "status and type")
        equal(problem["detail"], "customer 0 is not known", "detail")
        return
    raise AssertionError("no error for an unknown customer")


@check("the description is valid OpenAPI 3.1")
def _():
    import openapi_spec_validator

    document = json.loads(curl(f"{URL}/openapi.json"))
    equal(document["openapi"], "3.1.0", "version")
    openapi_spec_validator.validate(document)


def schemathesis(*arguments):
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    # Which models and features there are is not in the description: a valid body may be refused.
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    command = [program, "run", f"{URL}/openapi.json", "--checks", "all", "--seed", "14", "--no-color"]
    command += ["--max-examples", str(options.examples), *arguments]
    # It leaves files where it runs.
    with tempfile.TemporaryDirectory() as folder:
        # A deadline of a millisecond passes on a busy machine, as described: not a fault of the server.
        pathlib.Path(folder, "schemathesis.toml").write_text(
            '[checks]\nnot_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 504]\n'
        )
        run = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert run.returncode == 0, run.stdout


@check("schemathesis finds no answer that the description does not have")
def _():
    schemathesis("--exclude-path-regex", "^/predict_churn", "--exclude-checks", "positive_data_acceptance")


@check("nor on the prototype's routes, which take texts and bools for numbers as pydantic does")
def _():
    exempt = "positive_data_acceptance,negative_data_rejection"
    schemathesis("--include-path-regex", "^/predict_churn", "--exclude-checks", exempt)


checks.run()
