"""Checks by name, run one after another: what every peer in this folder ends with."""
import pathlib
import sys
import traceback

CHECKS = []


def check(name, among=CHECKS):
    """Adds the function below it under a name."""
    def add(function):
        among.append((name, function))
        return function

    return add


def equal(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r}, expected {wanted!r}")


def ensure(condition, message):
    if not condition:
        raise AssertionError(message)


def run(only="", among=CHECKS):
    """Runs the checks whose name contains a text. Prints one line a check and "N passed, M failed", and ends the process
    with status 0 when none failed. A text that a check returns is printed behind its name."""
    chosen = [(name, function) for name, function in among if only in name]
    if not chosen:
        sys.exit(f"error: no check has '{only}' in its name")
    failures = 0
    for name, function in chosen:
        try:
            said = function()
            print(f"ok      {name}" + (f": {said}" if said else ""), flush=True)
        except Exception as error:
            failures += 1
            where = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
            folder = str(pathlib.Path(__file__).parent)
            lines = [f"{pathlib.Path(frame.filename).name}:{frame.lineno}" for frame in where if folder in frame.filename]
            text = f"{type(error).__name__}: {error} ({', '.join(lines)})"
            print(f"FAILED  {name}: {text if len(text) < 2000 else text[:2000] + '...'}", flush=True)
    print(f"{len(chosen) - failures} passed, {failures} failed")
    sys.exit(1 if failures else 0)
