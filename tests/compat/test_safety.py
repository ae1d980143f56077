"""A model file that would run code is never loaded, anywhere, and what is not known is not run either."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import joblib
import numpy
import pytest

from finbehave.domain.compat import Severity, Verdict
from finbehave.errors import UnknownModel, UnsafeModel
from finbehave.workflows.check_compat import check_compat

from .forging import Called, Forged, Named, estimator, forged, written


class Shell:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch {self.canary}",)


@pytest.fixture
def canary(tmp_path):
    return tmp_path / "canary"


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_calls_the_shell_is_unsafe_and_its_command_never_runs(tmp_path, canary, settings, protocol):
    path = written(tmp_path, pickle.dumps(Shell(canary), protocol))
    with pytest.raises(UnsafeModel) as caught:
        check_compat(str(path), environments=["scikit-learn==1.7.2"], settings=settings)
    assert caught.value.exit_status == 6
    assert "system" in caught.value.message
    assert caught.value.result.findings[0].severity is Severity.DANGER
    assert caught.value.result.probe is None
    assert not canary.exists()


def test_the_shell_hidden_in_an_array_of_objects_inside_a_joblib_file_is_found(tmp_path, canary, read, pipeline):
    cells = numpy.empty(3, dtype=object)
    cells[:] = ["a", Shell(canary), "b"]
    joblib.dump({"model": pipeline, "extra": cells}, tmp_path / "model.joblib")
    assert read(tmp_path / "model.joblib").verdict is Verdict.UNSAFE
    assert not canary.exists()


def test_the_shell_behind_a_long_honest_model_is_found(tmp_path, canary, read, forest):
    joblib.dump([forest, Shell(canary)], tmp_path / "model.joblib", compress=3)
    assert read(tmp_path / "model.joblib").verdict is Verdict.UNSAFE
    assert not canary.exists()


RAW = {
    "STACK_GLOBAL": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
    "STACK_GLOBAL, memoised": b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x30\x30h\x00h\x01\x93\x8c\x02id\x85R.",
    "INST": b"(S'id'\niposix\nsystem\n.",
    "OBJ": b"(cposix\nsystem\nS'id'\no.",
    "builtins.eval": b"\x80\x03cbuiltins\neval\nX\x01\x00\x00\x001\x85R.",
    "Python 2's name for it": b"\x80\x02c__builtin__\neval\nX\x01\x00\x00\x001\x85R.",
    "NEWOBJ_EX": b"\x80\x04csubprocess\nPopen\n\x8c\x02id\x85}\x92.",
    "getattr to a lever": b"\x80\x04cbuiltins\ngetattr\ncsklearn.base\nclone\n\x8c\x0b__globals__\x86R.",
    "numpy's loader": b"\x80\x03cnumpy\nload\nX\x01\x00\x00\x00x\x85R.",
    "joblib's loader": b"\x80\x03cjoblib\nload\nX\x01\x00\x00\x00x\x85R.",
    "a class changed by BUILD": b"\x80\x03csklearn.base\nBaseEstimator\n}X\x08\x00\x00\x00__init__NsbK\x01.",
    "one global through another": b"\x80\x04csklearn.utils\n\x8c\x02os\x93.",
}


@pytest.mark.parametrize("way", RAW)
def test_every_way_to_reach_code_is_closed(tmp_path, read, way):
    report = read(written(tmp_path, RAW[way]))
    assert report.verdict in (Verdict.UNSAFE, Verdict.UNKNOWN), report
    assert way == "one global through another" or report.verdict is Verdict.UNSAFE


def test_an_extension_code_is_not_followed(tmp_path, read):
    assert read(written(tmp_path, b"\x80\x02\x82\x01.")).verdict in (Verdict.UNKNOWN, Verdict.UNSAFE)


HONEST_NAMES_MISUSED = {
    "a file written by a drawing of a tree": Called("sklearn.tree._export", "export_graphviz", ("model", "/tmp/x")),
    "a method called by its name": Called("sklearn.metrics._scorer", "_cached_call", (None, "object", "write_text")),
    "a library imported by its name": Called("sklearn.utils._set_output", "check_library_installed", ("antigravity",)),
    "a function of numpy": Called("numpy", "histogram", ("a", "b")),
    "a function that models keep": Called("sklearn.feature_selection._univariate_selection", "f_classif", (1, 2)),
    "a method of a known class": Called("sklearn.pipeline", "Pipeline.predict", ("a", "b")),
    "a file's path, which can be written to": Called("pathlib", "PosixPath", ("/tmp/x",)),
    "a walk over an object": Called(
        "builtins", "list", (Forged("sklearn.model_selection._search", "ParameterSampler", {}),)),
}  # fmt: skip


@pytest.mark.parametrize("way", HONEST_NAMES_MISUSED)
def test_what_models_keep_is_not_what_loading_may_call(tmp_path, read, way):
    report = read(written(tmp_path, HONEST_NAMES_MISUSED[way]))
    assert report.verdict is Verdict.UNKNOWN
    assert report.probe is None


def test_a_stack_that_would_call_another_method_than_one_that_predicts_is_unsafe(tmp_path, read):
    def stack(method):
        return estimator("ensemble._stacking", "StackingClassifier", "1.7.2", stack_method_=[method], estimators_=[])

    assert read(written(tmp_path, stack("unlink"))).verdict is Verdict.UNSAFE
    assert read(written(tmp_path, stack("predict_proba")), "scikit-learn==1.7.2").verdict is not Verdict.UNSAFE


def test_functions_that_models_keep_are_known(tmp_path, rows, read):
    from sklearn.feature_selection import SelectKBest, f_classif
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer
    from sklearn.tree import DecisionTreeClassifier

    steps = FunctionTransformer(numpy.log1p), SelectKBest(f_classif, k=2), DecisionTreeClassifier(max_depth=2)
    numbers, labels = rows
    joblib.dump(make_pipeline(*steps).fit(abs(numbers), labels), tmp_path / "model.joblib")
    assert read(tmp_path / "model.joblib").verdict is Verdict.COMPATIBLE


def test_a_scipy_distribution_whose_state_is_code_is_unsafe(tmp_path, read):
    state = {"_parse_arg_template": "import os\nos.system('id')\n"}
    report = read(written(tmp_path, Forged("scipy.stats._continuous_distns", "uniform_gen", state)))
    assert report.verdict is Verdict.UNSAFE


def test_a_real_scipy_distribution_is_known(tmp_path, rows, read):
    from scipy import stats
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import RandomizedSearchCV

    search = RandomizedSearchCV(Ridge(), {"alpha": stats.uniform(0.1, 2)}, n_iter=2, cv=2, random_state=0).fit(*rows)
    joblib.dump(search, tmp_path / "model.joblib")
    assert read(tmp_path / "model.joblib").verdict is Verdict.COMPATIBLE


def test_what_is_not_known_is_not_run_and_says_how_to_answer_for_it(tmp_path, settings):
    path = written(tmp_path, Called("scipy.optimize._optimize", "fmin", ()))
    with pytest.raises(UnknownModel) as caught:
        check_compat(str(path), probe=False, settings=settings)
    assert caught.value.exit_status == 7
    assert "scipy.optimize._optimize.fmin" in caught.value.message
    assert "--trust scipy" in caught.value.remedy


def test_trust_admits_a_module_and_never_what_is_dangerous(tmp_path, read):
    path = written(tmp_path, Called("scipy.optimize._optimize", "fmin", ()))
    assert read(path).verdict is Verdict.UNKNOWN
    assert read(path, trust=["scipy"]).verdict is Verdict.COMPATIBLE
    assert read(written(tmp_path, RAW["STACK_GLOBAL"]), trust=["posix", "os"]).verdict is Verdict.UNSAFE


def test_a_class_of_the_script_is_named_with_the_way_out(tmp_path, settings, read):
    own = Forged("__main__", "ClipAmounts", {"upper": 3})
    model = estimator("linear_model._base", "LinearRegression", "1.7.2", coef_=0.0)
    path = written(tmp_path, estimator("pipeline", "Pipeline", "1.7.2", steps=[("own", own), ("model", model)]))
    report = read(path, "scikit-learn==1.7.2")
    assert report.verdict is Verdict.INCOMPATIBLE
    assert report.findings[0].code == "missing-class"
    assert "__main__.ClipAmounts" in report.findings[0].message
    assert "move ClipAmounts into a module" in report.findings[0].remedy


def test_a_function_of_the_script_inside_a_function_transformer_is_found(tmp_path, read):
    step = estimator(
        "preprocessing._function_transformer", "FunctionTransformer", "1.7.2", func=Named("__main__", "clip")
    )
    report = read(written(tmp_path, step), "scikit-learn==1.7.2")
    assert report.verdict is Verdict.INCOMPATIBLE
    assert "__main__.clip" in report.findings[0].message


def test_a_private_module_is_missing_code_until_it_is_trusted(tmp_path, read):
    path = written(tmp_path, Forged("acme_features.amounts", "Clip", {}))
    report = read(path)
    assert report.findings[0].code == "missing-class"
    assert "--trust acme_features" in report.findings[0].remedy
    assert read(path, trust=["acme_features"]).verdict is not Verdict.UNSAFE


def test_forged_files_do_what_they_would(tmp_path, canary):
    """The canary of these tests is alive: loaded, such a file does leave its mark."""
    pickle.loads(forged(Called("posix", "system", (f"touch {canary}",))))
    assert canary.exists()
