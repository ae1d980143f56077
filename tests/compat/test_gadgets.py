"""Harmless names put together so that they would run something: while a model loads, or when it is asked."""

from __future__ import annotations

import contextlib
import functools

import joblib
import numpy
import pandas
import pytest

from finbehave.domain.compat import Verdict

from .forging import Called, Forged, Given, Named, Pairs, Raw, estimator, forged, written

MADE_BY = "scikit-learn==1.7.2"
FUNCTION_TRANSFORMER = "preprocessing._function_transformer", "FunctionTransformer"
MODEL = estimator("linear_model._base", "LinearRegression", "1.7.2", coef_=0.0, intercept_=0.0, positive=False)
OS = "lib._npyio_impl.os" if hasattr(numpy.lib, "_npyio_impl") else "lib.npyio.os"
"""From numpy to the operating system."""
KERNEL = "sklearn.gaussian_process.kernels", "RBF"


def step(function, **options):
    said = {"validate": False, "accept_sparse": False, "check_inverse": False, "feature_names_out": None}
    said |= {"inverse_func": None, "inv_kw_args": None, "n_features_in_": 2}
    return estimator(*FUNCTION_TRANSFORMER, "1.7.2", func=function, kw_args=options or None, **said)


def steps(*functions):
    named = [(f"step{number}", one) for number, one in enumerate([*functions, MODEL])]
    return estimator("pipeline", "Pipeline", "1.7.2", steps=named, memory=None, verbose=False, transform_input=None)


def partial(function, *args, **options):
    return Given(Called("functools", "partial", (function,)), ((function, args, options, None),))


def unbound(module, name):
    return Called("builtins", "getattr", (Named(module, name), "transform"))


def a_frame_told_to_evaluate(canary):
    code = f"@np.{OS}.system('touch {canary}')"
    return steps(step(Named("pandas", "DataFrame")), step(unbound("pandas", "DataFrame"), func="eval", expr=code))


def a_frame_told_to_write(canary):
    told = {"func": "to_csv", "path_or_buf": str(canary)}
    return steps(step(Named("pandas", "DataFrame")), step(unbound("pandas", "DataFrame"), **told))


def attributes_read_by_name(canary):
    function_transformer = "sklearn." + FUNCTION_TRANSFORMER[0], FUNCTION_TRANSFORMER[1]
    attribute = Named("sklearn.feature_selection._base", "_get_feature_importances")
    return steps(
        step(Named(*function_transformer)),
        step(attribute, getter="transform.__globals__"),
        step(Called("operator", "itemgetter", ("np",))),
        step(attribute, getter=f"{OS}.system"),
        step(Named(*function_transformer)),
        step(unbound(*function_transformer), X=f"touch {canary}"),
    )


def a_file_mapped_for_writing(canary):
    first = step(Called("operator", "itemgetter", (0,)))
    number = step(Named("builtins", "int"))
    return steps(first, first, number, step(partial(Named("numpy", "memmap"), str(canary), "u1", "w+", 0)))


WHEN_ASKED = (a_frame_told_to_evaluate, a_frame_told_to_write, attributes_read_by_name, a_file_mapped_for_writing)


@pytest.mark.parametrize("gadget", WHEN_ASKED)
def test_a_model_that_would_run_something_when_it_is_asked_is_not_run(tmp_path, read, gadget):
    canary = tmp_path / "canary"
    path = written(tmp_path, gadget(canary), "model.joblib")
    report = read(path, MADE_BY)
    assert report.verdict in (Verdict.UNSAFE, Verdict.UNKNOWN), report
    assert report.probe is None
    model = joblib.load(path)
    with contextlib.suppress(Exception):
        model.predict(numpy.full((3, 2), 2.0))
    assert canary.exists(), "the gadget of this test is dead: it proves nothing"


def stack(methods, **more):
    return estimator("ensemble._stacking", "StackingClassifier", "1.7.2", stack_method_=methods, estimators_=[], **more)


SCORE = Named("sklearn.metrics._classification", "accuracy_score")

UNIFORM = Named("scipy.stats._continuous_distns", "uniform_gen")

UNSAFE = {
    "another class": Given(Forged(*KERNEL), ((None, {"__class__": Named("sklearn.base", "BaseEstimator")}),)),
    "a __setstate__ of its own": Given(Forged(*KERNEL, {"__setstate__": SCORE}), (1,)),
    "an append of its own": Forged(*KERNEL, {"append": SCORE}),
    "an address in memory": Forged(*KERNEL, {"__array_interface__": {"data": (4096, False)}}),
    "an address in a bunch": Called(
        "copyreg", "_reconstructor",
        (Named("sklearn.utils._bunch", "Bunch"), Named("builtins", "dict"), {"__array_interface__": 1}),
    ),
    "a method's name that a call makes": stack([Called("builtins", "str", ("unlink",))]),
    "a method's name behind thousands": stack(["drop"] * 5000 + ["unlink"]),
    "methods' names in a list that a call makes": stack(Called("builtins", "list", (("unlink",),))),
    "a chain's method": estimator("multioutput", "ClassifierChain", "1.7.2", chain_method_="unlink"),
    "a private attribute": estimator(
        "feature_selection._from_model", "SelectFromModel", "1.7.2", importance_getter="__init__.__globals__"
    ),
    "a foundation that opens a file": Called(
        "copyreg", "_reconstructor", (Named("sklearn.base", "BaseEstimator"), Named("numpy", "memmap"), "/etc/hosts")
    ),
    "a generator made by something else": Called(
        "numpy.random._pickle", "__randomstate_ctor", ("roc_auc", Named("sklearn.metrics._scorer", "get_scorer"))
    ),
    "a distribution that a tree makes": Given(
        Called("sklearn.neighbors._kd_tree", "newObj", (UNIFORM,)), ({"_parse_arg_template": "import os"},)
    ),
    "a distribution that a generator makes": Given(
        Called("numpy.random._pickle", "__bit_generator_ctor", (UNIFORM,)), ({"_parse_arg_template": "import os"},)
    ),
    "a distribution that is given pairs": Forged(
        "scipy.stats._continuous_distns", "uniform_gen",
        ({"_parse_arg_template": 0, "import os": 0}, {"a": 0, "b": 0}),
    ),
    "a class that is changed": Given(Called("builtins", "type", (MODEL,)), ((None, {"predict": SCORE}),)),
    "a guard that is paid twice": [
        Called("functools", "partial", (Named("builtins", "getattr"),)),
        Called("copyreg", "__newobj__", (Named("builtins", "getattr"), Named("sklearn.base", "BaseEstimator"), "fit")),
    ],
}  # fmt: skip


@pytest.mark.parametrize("way", UNSAFE)
def test_states_and_arguments_that_no_model_has_are_unsafe(tmp_path, read, way):
    assert read(written(tmp_path, [MODEL, UNSAFE[way]]), MADE_BY).verdict is Verdict.UNSAFE


def test_a_list_of_methods_that_grows_after_it_was_handed_over_is_unsafe(tmp_path, read):
    methods = b"]q\x64"  # an empty list, put into the memo
    later = b"h\x64X\x06\x00\x00\x00unlinka0"
    path = written(tmp_path, [MODEL, stack(Raw(methods)), Raw(later)])
    assert read(path, MADE_BY).verdict is Verdict.UNSAFE


NOT_KNOWN = {
    "a state that a call makes": Given(Forged(*KERNEL), (Called("builtins", "dict", ([("__setstate__", SCORE)],)),)),
    "a frame's state that a call makes": Given(
        Forged("pandas.core.frame", "DataFrame"), (Called("builtins", "dict", ([("__class__", UNIFORM)],)),)
    ),
    "names that a call makes": Forged(*KERNEL, Pairs([(Called("builtins", "str", ("__setstate__",)), SCORE)])),
    "a scorer with the name of a method": Called("sklearn.metrics._scorer", "_Scorer", (SCORE, 1, {}, "unlink")),
    "a maker of scorers": partial(Named("sklearn.metrics._scorer", "make_scorer"), SCORE),
    "a partial of a class": partial(Named("sklearn.base", "BaseEstimator"), 1),
    "a partial that is given a method": partial(
        Named("sklearn.metrics.pairwise", "pairwise_distances"),
        metric=Called("builtins", "getattr", (MODEL, "predict")),
    ),
    "a key that is called": step(Named("builtins", "max"), key=Called("operator", "itemgetter", (0,))),
    "a dict that makes what is not there": Called("collections", "defaultdict", (partial(SCORE),)),
    "a number that is an object": Called(
        numpy.float64(1).__reduce__()[0].__module__, "scalar", (Called("numpy", "dtype", ("O8",)), MODEL)
    ),
    "a count of an object's items": Called("collections", "Counter", (MODEL,)),
    "a class that the file makes": Called("builtins", "type", ("Own", (), {})),
    "a method of a class": step(Named("sklearn.pipeline", "Pipeline.predict")),
    "a method of a frame": Called("builtins", "getattr", (Forged("pandas.core.frame", "DataFrame"), "apply")),
    "an attribute's attribute": Named("pandas.core.arrays.base", "np.ma.core.MaskedArray"),
    "a wrapped function": Forged("numpy", "vectorize", {"pyfunc": SCORE}),
}


@pytest.mark.parametrize("way", NOT_KNOWN)
def test_what_could_call_something_else_is_not_known(tmp_path, read, way):
    report = read(written(tmp_path, [MODEL, NOT_KNOWN[way]]), MADE_BY)
    assert report.verdict is Verdict.UNKNOWN, report


@pytest.mark.parametrize("name", ["xgboost.core DMatrix", "lightgbm.basic Booster", "catboost.core Pool"])
def test_a_constructor_that_would_open_a_file_is_not_known(tmp_path, name):
    from finbehave.compat.reader import inspect_file
    from finbehave.compat.safety import Standing, judge_globals

    made, empty = Called(*name.split(), ("/etc/passwd",)), Forged(*name.split())
    for thing, standing in ((made, Standing.UNKNOWN), (empty, Standing.KNOWN)):
        assert judge_globals(inspect_file(written(tmp_path, thing)))[0].standing is standing


HONEST_STEPS = {
    "a partial of numbers": lambda: (functools.partial(numpy.clip, a_min=0.0, a_max=1.0), None),
    "keyword arguments": lambda: (numpy.nan_to_num, {"nan": 0.0, "posinf": numpy.float64(9)}),
    "a frame with names": lambda: (pandas.DataFrame, {"columns": ["a", "b", "c", "d"]}),
    "a method of a fitted scaler": lambda: (_scaler().transform, None),
}


def _scaler():
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit(numpy.random.default_rng(0).normal(size=(9, 4)))


@pytest.mark.parametrize("way", HONEST_STEPS)
def test_what_people_put_into_a_function_transformer_is_known(tmp_path, read, rows, way):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    function, options = HONEST_STEPS[way]()
    model = make_pipeline(FunctionTransformer(function, kw_args=options), LogisticRegression()).fit(*rows)
    joblib.dump(model, tmp_path / "model.joblib")
    assert read(tmp_path / "model.joblib").verdict is Verdict.COMPATIBLE


def test_a_search_over_whole_numbers_is_known(tmp_path, rows, read):
    """Scipy's discrete distributions keep a vectorised method, and text that differs from the continuous ones'."""
    from scipy import stats
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import RandomizedSearchCV

    forest = RandomForestClassifier(n_estimators=2, random_state=0)
    search = RandomizedSearchCV(forest, {"max_depth": stats.randint(1, 5)}, n_iter=2, cv=2, random_state=0).fit(*rows)
    joblib.dump(search, tmp_path / "model.joblib")
    assert read(tmp_path / "model.joblib").verdict is Verdict.COMPATIBLE


def test_a_block_of_a_frame_of_pandas_1_3_is_known(tmp_path, read):
    """That pandas pickles a block as a call of a partial of its ``new_block``."""
    block = Named("pandas.core.internals.blocks", "new_block")
    call = Raw(forged(partial(block, ndim=2))[2:-1] + forged((1.0, 2))[2:-1] + b"R")
    frame = Given(Forged("pandas.core.frame", "DataFrame"), ({"_mgr": call},))
    model = estimator("linear_model._base", "LinearRegression", "1.7.2", coef_=0.0, seen=frame)
    report = read(written(tmp_path, model), MADE_BY)
    assert not [one for one in report.findings if one.code.startswith("unknown")], report
