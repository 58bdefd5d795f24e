"""Training against scikit-learn, on one core and one thread, on the same doubles (handed over by file), interleaved.

`fit`: Newton's method of ours against lbfgs with a tolerance that lets it run until it stops by itself; what both reach is
compared with scikit-learn's newton-cholesky. Our time holds the standardisation, theirs does not.
"""
import os

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"
# Before NumPy asks how many cores there are; children inherit it.
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import json
import subprocess
import time
import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler

import bench

# lbfgs says that its line search finds nothing better: the end that it is run to.
warnings.simplefilter("ignore", ConvergenceWarning)

FOLDER = os.path.join(bench.OUT, "data", "training-tiny" if bench.tiny else "training")
PROGRAM = bench.CHURN_BENCH
# Our inertia by theirs, at most.
BOUND = 1.0001


def run(program, *arguments):
    command = [program, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def ours(*arguments):
    """What churn-bench answered, with the time of a run as `ms`."""
    result = json.loads(run(PROGRAM, *arguments))
    result["ms"] = result["ms"][0]
    return result


def timed(body):
    start = time.perf_counter()
    result = body()
    return result, (time.perf_counter() - start) * 1e3


def check(holds, what):
    if not holds:
        raise SystemExit(f"wrong answer: {what}")


def write(name, columns):
    """As ColumnFile.swift reads it."""
    path = os.path.join(FOLDER, name)
    columns = [np.asarray(column, dtype=np.float64) for column in columns]
    with open(path, "wb") as file:
        np.array([len(columns[0]), len(columns)], dtype=np.int64).tofile(file)
        for column in columns:
            column.tofile(file)
    return path


def read(name):
    path = os.path.join(FOLDER, name)
    rows, columns = np.fromfile(path, dtype=np.int64, count=2)
    return path, np.fromfile(path, offset=16).reshape(columns, rows)


def transactions():
    """The real data set; made-up transactions where there is none, and for tests."""
    data = os.environ.get("CHURN_DATA") or os.path.join(bench.ROOT, "../shared/data/online_retail.csv.gz")
    if not bench.tiny and os.path.exists(data):
        return data
    bench.say("made-up transactions")
    path = os.path.join(FOLDER, "transactions.csv")
    run(bench.CHURN, "generate", "--customers", 300 if bench.tiny else 4_400, "--output", path)
    return path


def prepare():
    os.makedirs(FOLDER, exist_ok=True)
    if not os.path.exists(os.path.join(FOLDER, "t10.columns")):
        store = f"sqlite:{FOLDER}/store.sqlite"
        run(bench.CHURN, "ingest", transactions(), "--store", store)
        run(PROGRAM, "training-data", store, FOLDER)


def synthetic(rows, inputs):
    """Correlated inputs with means and spreads of their own, labels drawn from a logistic model of them."""
    random = np.random.default_rng(1)
    mixing = np.eye(inputs) + 0.3 * random.normal(size=(inputs, inputs))
    x = random.normal(size=(rows, inputs)) @ mixing + 3 * random.normal(size=inputs)
    log_odds = 0.5 * (x - x.mean(0)) @ (0.4 * random.normal(size=inputs)) - 0.3
    write(f"synthetic-{rows}.columns", [*x.T, random.random(rows) < 1 / (1 + np.exp(-log_odds))])


def fit(name, what, l2):
    path, columns = read(name)
    x, y = np.ascontiguousarray(columns[:-1].T), columns[-1]
    rows, inputs = x.shape
    scaled, scaling = timed(lambda: StandardScaler().fit_transform(x))

    def weights(solver, tolerance):
        model = LogisticRegression(C=1 / l2, tol=tolerance, max_iter=10_000, solver=solver)
        model, ms = timed(lambda: model.fit(scaled, y))
        return np.r_[model.intercept_, model.coef_[0]], ms

    exact, _ = weights("newton-cholesky", 1e-13)
    reached = {}

    def mine():
        result = ours("fit", path, "--l2", l2)
        check(np.abs(np.array(result["weights"]) - exact).max() <= 1e-9, f"coefficients of {name}")
        return result["ms"]

    def theirs(solver, tolerance):
        found, ms = weights(solver, tolerance)
        reached[solver] = np.abs(found - exact).max()
        check(reached[solver] <= 1e-5, f"{solver}'s coefficients of {name}")
        return ms

    measure = f"fit, {rows:,} x {inputs} {what}"
    bench.say(measure)
    ms = bench.interleaved({
        "churn": mine,
        "lbfgs": lambda: theirs("lbfgs", 1e-12),
        "newton-cholesky": lambda: theirs("newton-cholesky", 1e-12),
    })  # fmt: skip
    bench.emit("training", measure, "ms", ms["churn"],
               [("scikit-learn lbfgs", ms["lbfgs"]), ("scikit-learn newton-cholesky", ms["newton-cholesky"])],
               ms["lbfgs"] / ms["churn"], ">= 5",
               f"ours with standardisation, theirs without it (another {scaling:.1f} ms); farthest coefficient from the "
               f"optimum: ours below 1e-9, lbfgs {reached['lbfgs']:.0e}, which is where it stops")  # fmt: skip


def points():
    _, values = read("rfm.columns")
    logarithms = np.log1p(values)
    scaled = (logarithms - logarithms.mean(1, keepdims=True)) / logarithms.std(1, keepdims=True)
    return write("points.columns", scaled), np.ascontiguousarray(scaled.T)


def kmeans(path, x):
    restarts, best = 200, []

    def mine():
        result = ours("kmeans", path, "--restarts", restarts)
        best.append(result["inertia"])
        return result["ms"]

    def theirs(algorithm, tolerance):
        model = KMeans(4, n_init=restarts, tol=tolerance, algorithm=algorithm, random_state=len(best), max_iter=1_000)
        model, ms = timed(lambda: model.fit(x))
        # The optimum is flat: the best of 200 restarts of either side is within this of the other's.
        check(best[-1] <= BOUND * model.inertia_, "inertia of k-means")
        return ms

    for tolerance, what in ((0, "tol 0, to convergence as ours"), (1e-4, "tol 1e-4, its default")):
        measure = f"k-means, {len(x):,} x 3, k = 4, {restarts} restarts, scikit-learn with {what}"
        bench.say(measure)
        ms = bench.interleaved({
            "churn": mine,
            "lloyd": lambda: theirs("lloyd", tolerance),
            "elkan": lambda: theirs("elkan", tolerance),
        })  # fmt: skip
        bench.emit("training", measure, "ms", ms["churn"],
                   [("scikit-learn lloyd", ms["lloyd"]), ("scikit-learn elkan", ms["elkan"])],
                   min(ms["lloyd"], ms["elkan"]) / ms["churn"], ">= 5",
                   f"against the faster one; our inertia {best[-1]:.4f}")  # fmt: skip


def silhouette(x):
    labels = KMeans(4, n_init=1, random_state=0).fit(x).labels_
    path = write("labelled.columns", [*x.T, labels])
    means = []

    def mine():
        result = ours("silhouette", path)
        means.append(result["mean"])
        return result["ms"]

    def theirs():
        mean, ms = timed(lambda: silhouette_score(x, labels))
        check(abs(mean - means[-1]) <= 1e-9, "silhouette")
        return ms

    measure = f"silhouette, {len(x):,} x 3, k = 4, exact"
    bench.say(measure)
    ms = bench.interleaved({"churn": mine, "scikit-learn": theirs})
    bench.emit("training", measure, "ms", ms["churn"], [("scikit-learn", ms["scikit-learn"])],
               ms["scikit-learn"] / ms["churn"], ">= 3")  # fmt: skip


prepare()
rows = 5_000 if bench.tiny else 1_000_000
if not os.path.exists(os.path.join(FOLDER, f"synthetic-{rows}.columns")):
    synthetic(rows, 16)
fit("t10.columns", "(the forecast's)", l2=100)
fit(f"synthetic-{rows}.columns", "synthetic", l2=1)
path, x = points()
kmeans(path, x)
silhouette(x)
