"""How the prototype answered for a customer: every transaction of the customer is fetched from MongoDB, and the features are
computed from them for each call. Its HTTP is left out.

    mongo_prototype.py URI CUSTOMERS.bin CALLS CALLERS

CALLERS are waiting for an answer at any time; 40 threads answer them, as many as a FastAPI service has for handlers that
block (anyio's default). Every answer is checked. Prints calls a second and the 99th percentile, with the time that a call
waits for its thread.
"""
import concurrent.futures
import itertools
import json
import math
import os
import struct
import sys
import threading
import time

import pymongo

THREADS = 40
MODEL = os.path.join(os.path.dirname(__file__), "../../models/seed-logistic/1/model.json")

model = json.load(open(MODEL))


def predict(transactions, customer):
    """The body of the handler."""
    lines = list(transactions.find({"customer": customer, "quantity_milli": {"$gte": 0}}))
    monetary = sum(line["amount_milli"] for line in lines) / 1000
    frequency = len({line["invoice"] for line in lines})
    known = {"Frequency": frequency, "Monetary": monetary, "AvgOrderValue": monetary / frequency}
    log_odds = model["intercept"]
    for part in model["inputs"]:
        log_odds += (known[part["feature"]] - part["mean"]) / part["scale"] * part["coefficient"]
    return 1 / (1 + math.exp(-log_odds))


def main():
    uri, ids, calls, callers = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with open(ids, "rb") as file:
        customers = list(itertools.islice(struct.iter_unpack("<qd", file.read()), calls))
    assert len(customers) == calls
    transactions = pymongo.MongoClient(uri, maxPoolSize=THREADS).get_default_database().transactions
    # The stand-in of the tests uses indexes of one field only; MongoDB would use ours.
    transactions.create_index("customer", name="prototype")
    predict(transactions, customers[0][0])

    room = threading.Semaphore(callers)
    latencies = []

    def answer(customer, expected, asked):
        probability = predict(transactions, customer)
        latencies.append(time.monotonic() - asked)
        room.release()
        assert abs(probability - expected) <= 1e-12, f"customer {customer}: {probability}, expected {expected}"

    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
        answers = []
        for customer, expected in customers:
            room.acquire()
            answers.append(threads.submit(answer, customer, expected, time.monotonic()))
        for future in answers:
            future.result()
    taken = time.monotonic() - begun
    p99 = sorted(latencies)[min(calls - 1, calls * 99 // 100)]
    print(json.dumps({"calls_a_second": calls / taken, "p99_ms": 1000 * p99}))


if __name__ == "__main__":
    main()
