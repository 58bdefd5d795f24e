#!/usr/bin/env python3
"""The in-process peers of the batch rows: a library that has model, features and request in its own memory.

    in_process.py FOLDER columns|ids ROWS

Every line on standard input is a name; it is timed once, compared with the expected probabilities, and answered with
nanoseconds a row. The first line on standard output lists the names. The libraries use the threads they choose to."""
import json
import os
import sys
import time

import numpy as np
import onnxruntime
import pandas as pd
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODEL = os.path.join(os.path.dirname(__file__), "../../models/seed-logistic/1/model.json")
folder, kind, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])

document = json.load(open(MODEL))
names = [part["feature"] for part in document["inputs"]]


def pipeline(named):
    """The scikit-learn pipeline that the artefact describes, put together from its numbers instead of fitted; with the
    names that a fit to a DataFrame leaves, or without."""
    scaler, logistic = StandardScaler(), LogisticRegression()
    scaler.mean_ = np.array([part["mean"] for part in document["inputs"]])
    scaler.scale_ = np.array([part["scale"] for part in document["inputs"]])
    scaler.var_ = scaler.scale_**2
    scaler.n_features_in_ = logistic.n_features_in_ = len(names)
    logistic.coef_ = np.array([[part["coefficient"] for part in document["inputs"]]])
    logistic.intercept_ = np.array([document["intercept"]])
    logistic.classes_ = np.array([0, 1])
    if named:
        scaler.feature_names_in_ = np.array(names, dtype=object)
    return make_pipeline(scaler, logistic)


model, named = pipeline(named=False), pipeline(named=True)
session = onnxruntime.InferenceSession(
    to_onnx(model, np.zeros((1, len(names)), np.float32), options={"zipmap": False}).SerializeToString(),
    providers=["CPUExecutionProvider"],
)


def onnx(matrix):
    return session.run(["probabilities"], {"X": matrix})[0][:, 1]


if kind == "columns":
    table = pd.read_csv(f"{folder}/rows.csv").head(rows)
    expected = table["probability"].to_numpy()
    frame, array = table[names], table[names].to_numpy()
    single = array.astype(np.float32)
    measures = {
        "scikit-learn, plain array": lambda: model.predict_proba(array)[:, 1],
        "scikit-learn, DataFrame": lambda: named.predict_proba(frame)[:, 1],
        "ONNX Runtime, float32": lambda: onnx(single),
    }
else:
    table = pd.read_csv(f"{folder}/features.csv")
    chosen = np.random.default_rng(1).integers(0, len(table), rows)
    expected = table["probability"].to_numpy()[chosen]
    ids = table["id"].to_numpy()[chosen]
    frame = table.set_index("id")[names]
    frame.index.get_indexer(ids[:1])  # pandas builds the hash table of an index at its first use
    array, index = frame.to_numpy(), frame.index
    single = array.astype(np.float32)
    measures = {
        "scikit-learn, DataFrame.loc": lambda: named.predict_proba(frame.loc[ids])[:, 1],
        "scikit-learn, index and array": lambda: model.predict_proba(array[index.get_indexer(ids)])[:, 1],
        "ONNX Runtime, float32": lambda: onnx(single[index.get_indexer(ids)]),
    }

print(json.dumps(list(measures)), flush=True)
for line in sys.stdin:
    name = line.strip()
    begun = time.perf_counter_ns()
    answer = measures[name]()
    taken = time.perf_counter_ns() - begun
    difference = np.abs(answer - expected).max()
    if not difference < (1e-5 if "float32" in name else 1e-12):
        sys.exit(f"{name}: off by {difference}")
    print(taken / rows, flush=True)
