"""Load and ask, in the environment that runs this file, the artefacts that make.py made in others.

    python use.py RESULTS_FOLDER ARTEFACTS_FOLDER ...

Per folder ``RESULTS_FOLDER/<its name>.json``: artefact -> outcome (``ok``, ``drifts``, ``fails_load``,
``fails_predict``), the largest difference and the error. It unpickles: only for artefacts made here. A child does the
work, so that a crash or a hang is an outcome. Python 3.7+, scikit-learn 0.20+.
"""

import json
import os
import signal
import sys
import warnings

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
warnings.simplefilter("ignore")

import joblib  # noqa: E402
import make  # noqa: E402
import measure  # noqa: E402
import sklearn.ensemble  # noqa: E402, F401
import sklearn.pipeline  # noqa: E402, F401

JUDGED = ("predict", "predict_proba", "transform")
TOLERANCE = 1e-6
SECONDS = 60


def difference(got, want):
    """The largest absolute difference; infinite for another shape, label or gap."""
    if isinstance(want, list):
        if not isinstance(got, list) or len(got) != len(want):
            return float("inf")
        return max([difference(g, w) for g, w in zip(got, want)] or [0.0])
    if got is None or want is None or isinstance(got, str) or isinstance(want, str):
        return 0.0 if got == want else float("inf")
    return abs(float(got) - float(want))


def outcome(folder):
    with open(os.path.join(folder, "golden.json")) as file:
        golden = json.load(file)
    stage = "fails_load"
    try:
        model = joblib.load(os.path.join(folder, golden["file"]))
        stage = "fails_predict"
        X = measure.rows_of(golden["rows"], None)
        worst = 0.0
        for name in [n for n in JUDGED if n in golden["answers"]]:
            worst = max(worst, difference(make.plain(getattr(model, name)(X)), golden["answers"][name]))
    except BaseException as error:
        return [stage, None, ("%s: %s" % (type(error).__name__, " ".join(str(error).split())))[:300]]
    return ["ok" if worst <= TOLERANCE else "drifts", worst if worst < float("inf") else 1e9, ""]


def outcomes(folders):
    """(folder, outcome) of each; one child goes through them, another goes on after the one that killed it."""
    left = list(folders)
    while left:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            for folder in left:
                signal.alarm(SECONDS)
                os.write(writing, (json.dumps(outcome(folder)) + "\n").encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as lines:
            for line in lines:
                yield left.pop(0), json.loads(line.decode())
        os.waitpid(child, 0)
        if left:
            yield left.pop(0), ["fails_load", None, "the process died"]


def main(argv):
    os.makedirs(argv[0], exist_ok=True)
    for root in argv[1:]:
        result = os.path.join(argv[0], os.path.basename(root.rstrip("/")) + ".json")
        if os.path.exists(result):
            continue
        folders = [os.path.join(root, n) for n in sorted(os.listdir(root)) if os.path.exists(os.path.join(root, n, "golden.json"))]
        own = [f for f in folders if os.path.basename(f).startswith("custom__")]
        found = {}
        for batch in [[f for f in folders if f not in own]] + [[f] for f in own]:
            found.update({os.path.basename(folder): answer for folder, answer in outcomes(batch)})
        with open(result + ".part", "w") as out:
            json.dump(found, out, sort_keys=True)
        os.replace(result + ".part", result)


if __name__ == "__main__":
    main(sys.argv[1:])
