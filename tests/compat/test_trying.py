"""A model is tried where it is meant to run, in a process of its own; what happens to that process is the answer."""

from __future__ import annotations

import joblib
import numpy
import pytest
import sklearn

from finbehave.domain.compat import Verdict
from finbehave.errors import IncompatibleModel, UnsafeModel
from finbehave.workflows import judging
from finbehave.workflows.check_compat import check_compat

from .forging import Called, estimator, written

HERE = f"scikit-learn=={sklearn.__version__}"
OLDER = "scikit-learn==1.5.2"


@pytest.fixture(scope="module")
def model(pipeline, tmp_path_factory):
    """A logistic regression, which 1.8 and later save without the ``multi_class`` that older code reads."""
    path = tmp_path_factory.mktemp("model") / "model.joblib"
    joblib.dump(pipeline, path)
    return path


def test_a_model_in_an_environment_of_its_own_version_is_compatible(model, settings):
    result = check_compat(str(model), environments=[HERE], settings=settings)
    assert result.verdict is Verdict.COMPATIBLE
    assert result.probe.loaded
    assert result.probe.predicted
    assert result.target.packages["scikit-learn"] == sklearn.__version__


def test_a_package_in_its_own_environment_gives_its_golden_answers(package, settings):
    result = check_compat(str(package), settings=settings)
    assert result.verdict is Verdict.COMPATIBLE
    assert result.probe.max_abs_diff <= 1e-9


def test_several_environments_are_judged_in_the_order_asked_for_and_the_worst_is_on_top(model, settings):
    with pytest.raises(IncompatibleModel) as caught:
        check_compat(str(model), environments=[HERE], matrix=["1.5.2"], settings=settings)
    result = caught.value.result
    assert [target.name for target in result.targets] == [HERE, OLDER]
    assert [target.verdict for target in result.targets] == [Verdict.COMPATIBLE, Verdict.INCOMPATIBLE]
    assert result.name == OLDER
    assert not result.probe.predicted
    assert f"--environment {HERE}" in caught.value.remedy
    assert f"finbehave train --environment {OLDER}" in caught.value.remedy


DEATHS = {
    "SIGSEGV": ("_signal", "raise_signal", (11,), "SIGSEGV, a segmentation fault"),
    "SIGKILL": ("_signal", "raise_signal", (9,), "SIGKILL, as the system does when memory runs out"),
    "more memory than there is": ("builtins", "bytearray", (1 << 45,), "MemoryError"),
}


@pytest.mark.parametrize("death", DEATHS)
def test_a_process_that_dies_of_a_model_is_an_answer(tmp_path, settings, death):
    module, name, args, words = DEATHS[death]
    harmless = estimator("linear_model._base", "LinearRegression", sklearn.__version__, coef_=numpy.zeros(3))
    path = written(tmp_path, {"model": harmless, "more": Called(module, name, args)})
    with pytest.raises(IncompatibleModel) as caught:
        check_compat(str(path), environments=[HERE], trust=["_signal"], settings=settings)
    assert caught.value.exit_status == 5
    assert words in caught.value.message
    assert caught.value.result.probe.loaded is False


def test_a_model_that_hangs_is_given_up(tmp_path, settings, monkeypatch):
    monkeypatch.setattr(judging, "PROBE_SECONDS", 4.0)
    path = written(tmp_path, {"a": Called("time", "sleep", (600,))})
    with pytest.raises(IncompatibleModel) as caught:
        check_compat(str(path), environments=[HERE], trust=["time"], settings=settings)
    assert "did not answer within 4 s" in caught.value.message


def test_what_is_unsafe_is_not_tried_in_any_of_several_environments(tmp_path, settings):
    path = written(tmp_path, Called("posix", "system", (f"touch {tmp_path / 'canary'}",)))
    with pytest.raises(UnsafeModel) as caught:
        check_compat(str(path), environments=[HERE, OLDER], settings=settings)
    assert [target.probe for target in caught.value.result.targets] == [None, None]
    assert not (tmp_path / "canary").exists()
