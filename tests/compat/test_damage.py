"""However a model file is damaged, reading it ends in a verdict, and nothing in it runs."""

from __future__ import annotations

import io
import os
import pickle
from functools import cache

import joblib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finbehave.compat.case import Case
from finbehave.compat.inspection import Inspection
from finbehave.compat.reader import inspect_file
from finbehave.compat.target import Target
from finbehave.compat.verdict import assess
from finbehave.domain.compat import Verdict

TARGET = Target(
    "target.yml", "3.11", {"scikit-learn": "1.5.2", "numpy": "1.26.4", "joblib": "1.4.2", "scipy": "1.13.1"}
)
LIMITS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Shell:
    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch {self.canary}",)


@cache
def seeds() -> tuple[bytes, ...]:
    import numpy
    from sklearn.ensemble import RandomForestClassifier

    chance = numpy.random.default_rng(0)
    numbers = chance.normal(size=(60, 3))
    model = RandomForestClassifier(n_estimators=2, max_depth=3, random_state=0).fit(numbers, numbers[:, 0] > 0)
    made = [pickle.dumps(model, protocol) for protocol in (0, 2, 4, 5)]
    for compress in (0, ("zlib", 3), ("lz4", 1)):
        file = io.BytesIO()
        joblib.dump(model, file, compress=compress)
        made.append(file.getvalue())
    return tuple(made)


def read(path, data: bytes) -> tuple[Inspection, Verdict]:
    path.write_bytes(data)
    found = inspect_file(path)
    return found, assess(Case(found, TARGET)).verdict


@LIMITS
@given(data=st.data())
def test_a_damaged_model_gets_a_verdict(tmp_path, data):
    damaged = bytearray(data.draw(st.sampled_from(seeds())))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged)))
        gone = data.draw(st.integers(0, 20))
        damaged[at : at + gone] = data.draw(st.binary(max_size=12))
    found, verdict = read(tmp_path / "model.joblib", bytes(damaged))
    assert verdict in Verdict
    assert found.problem is None or all(found.problem)


@LIMITS
@given(data=st.binary(max_size=400))
def test_bytes_that_are_no_model_get_a_verdict_other_than_compatible_or_hold_no_code(tmp_path, data):
    found, verdict = read(tmp_path / "model.pkl", data)
    assert verdict is not Verdict.COMPATIBLE or not found.dangers


@LIMITS
@given(data=st.data())
def test_a_command_put_anywhere_into_a_model_never_runs_and_makes_it_unsafe_once_named(tmp_path, data):
    canary = tmp_path / "canary"
    model = bytearray(data.draw(st.sampled_from(seeds()[:4])))
    protocol = data.draw(st.integers(0, 4))
    at = data.draw(st.integers(2, len(model)))
    model[at:at] = pickle.dumps(Shell(canary), protocol)[:-1]
    found, verdict = read(tmp_path / "model.pkl", bytes(model))
    assert not canary.exists()
    if found.names & {"posix.system", "nt.system"}:
        assert verdict is Verdict.UNSAFE
