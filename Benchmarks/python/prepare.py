#!/usr/bin/env python3
"""Makes a store of so many customers, and says independently of churn what it must answer.

    prepare.py CHURN CUSTOMERS DIRECTORY

Into DIRECTORY: store.sqlite, by `churn ingest` and `churn features` from a made-up CSV file; as CSV

    features.csv    id, the model's features, probability
    rows.csv        the features and the probability of 100,000 rows, for batches by columns
    model.csv       one row: intercept, threshold, mean, scale and coefficient of each feature

and customers.bin, for Benchmarks/load: id and probability of each customer, 8 bytes each, little-endian.

The probabilities are NumPy's, from the integers in the store and the coefficients in models/seed-logistic: no code is
shared with what they are compared with. Seeded: the same arguments give the same files. Nothing is made twice by the same
version of this program.
"""
import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys

import numpy as np
import pandas as pd

SEED = 20111209
ROWS = 100_000
MODEL = os.path.join(os.path.dirname(__file__), "../../models/seed-logistic/1/model.json")


def write_transactions(path, customers):
    """One to some tens of purchase lines a customer, over a year: the shape of a shop, with few lines a customer so
    that a million of them are ready within a minute."""
    random = np.random.default_rng(SEED)
    # Ids without a pattern: a table of consecutive ids would be easier to look up than real ones.
    ids = np.sort(random.choice(100_000_000, customers, replace=False) + 1)
    invoices = np.minimum(random.geometric(0.4, customers), 30)
    customer = np.repeat(ids, invoices)
    lines = len(customer)
    day = random.integers(0, 373, lines)
    minute = random.integers(8 * 60, 18 * 60, lines)
    time = np.datetime64("2010-12-01T00:00", "m") + (day * 1440 + minute).astype("timedelta64[m]")
    quantity = np.minimum(random.geometric(0.1, lines), 500)
    pence = np.maximum(1, (100 * random.lognormal(1, 1, lines)).astype(np.int64))
    pd.DataFrame(
        {
            "InvoiceNo": np.arange(536_365, 536_365 + lines),
            "StockCode": random.integers(10_000, 14_000, lines),
            "Description": "MADE UP",
            "Quantity": quantity,
            "InvoiceDate": pd.Series(time).dt.strftime("%Y-%m-%d %H:%M"),
            "UnitPrice": [f"{price // 100}.{price % 100:02}" for price in pence.tolist()],
            "CustomerID": customer,
            "Country": "Nowhere",
        }
    ).to_csv(path, index=False)


def main():
    churn, customers, directory = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with open(__file__, "rb") as file:
        version = hashlib.sha256(file.read()).hexdigest()
    with contextlib.suppress(OSError), open(os.path.join(directory, "made-by")) as file:
        if file.read() == version:
            return
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)

    def place(name):
        return os.path.join(directory, name)

    write_transactions(place("transactions.csv"), customers)
    store = "sqlite:" + place("store.sqlite")
    for command in (["ingest", place("transactions.csv")], ["features"]):
        subprocess.run([churn, *command, "--store", store], check=True, stdout=sys.stderr)
    os.remove(place("transactions.csv"))

    with sqlite3.connect(place("store.sqlite")) as database:
        facts = pd.read_sql("SELECT customer, purchase_invoices, amount_milli FROM features ORDER BY customer", database)
    assert len(facts) == customers, "churn lost a customer"

    model = json.load(open(MODEL))
    frequency, monetary = facts["purchase_invoices"].astype(float), facts["amount_milli"] / 1000
    known = {"Frequency": frequency, "Monetary": monetary, "AvgOrderValue": monetary / frequency}
    log_odds = model["intercept"]
    features = {"id": facts["customer"]}
    flat = {"intercept": model["intercept"], "threshold": model["threshold"]}
    for part in model["inputs"]:
        name = part["feature"]
        assert part["transform"] == "identity"
        features[name] = known[name]
        log_odds = log_odds + (known[name] - part["mean"]) / part["scale"] * part["coefficient"]
        flat |= {f"{name}.{key}": part[key] for key in ("mean", "scale", "coefficient")}
    features["probability"] = 1 / (1 + np.exp(-log_odds))
    table = pd.DataFrame(features)

    # repr of a double: what is read back is the same number, bit for bit.
    table.to_csv(place("features.csv"), index=False)
    table.sample(ROWS, replace=len(table) < ROWS, random_state=SEED).drop(columns="id").to_csv(
        place("rows.csv"), index=False
    )
    table[["id", "probability"]].to_records(index=False, column_dtypes={"id": "<i8", "probability": "<f8"}).tofile(
        place("customers.bin")
    )
    pd.DataFrame([flat]).to_csv(place("model.csv"), index=False)
    with open(place("made-by"), "w") as file:
        file.write(version)


if __name__ == "__main__":
    main()
