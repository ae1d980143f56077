"""What changed between releases: each fact strikes what shows it, in the versions it is about, and no others.

Every fact of the table has its line here; the versions are those of its source.
"""

from __future__ import annotations

import functools
import pickle

import numpy
import pytest

from finbehave.compat.case import Case
from finbehave.compat.facts import FACTS
from finbehave.compat.reader import inspect_file
from finbehave.compat.rules import distance
from finbehave.compat.rules_state import known_changes, missing_keys, other_records, unmeasured
from finbehave.compat.target import Target
from finbehave.domain.compat import Verdict

from .forging import Forged, estimator, forged, written

ONE_ROW, THREE = numpy.zeros((1, 3)), numpy.array([0, 1, 2])
TWO = numpy.array([0, 1])
LINEAR, ENSEMBLE = "linear_model._logistic", "ensemble._weight_boosting"


def checked(word):
    from sklearn.utils.validation import check_array

    return lambda version: estimator(
        "preprocessing._function_transformer",
        "FunctionTransformer",
        version,
        func=functools.partial(check_array, **{word: 1}),
    )


def of(module, name, **state):
    return lambda version: estimator(module, name, version, **state)


def selector(version):
    inner = estimator(LINEAR, "LogisticRegression", version, l1_ratio=None, coef_=ONE_ROW)
    return estimator("feature_selection._from_model", "SelectFromModel", version, estimator_=inner)


def one_versus_one(version):
    inner = estimator("naive_bayes", "GaussianNB", version, var_=ONE_ROW)
    return estimator("multiclass", "OneVsOneClassifier", version, classes_=TWO, estimators_=(inner,))


def spline(key):
    bases = [Forged("scipy.interpolate._bsplines", "BSpline", {key: ONE_ROW, "k": 3})]
    return of("preprocessing._polynomial", "SplineTransformer", bsplines_=bases)


def search(version):
    chance = Forged("scipy.stats._continuous_distns", "uniform_gen", {"_ctor_param": {}, "a": 0.0})
    return estimator(
        "model_selection._search", "RandomizedSearchCV", version, best_index_=0, param_distributions=chance
    )


CONSTANT = {"strategy": "constant", "statistics_": numpy.array([0, 1], dtype=object), "_fit_dtype": numpy.dtype("f8")}
PLS = {"scale": True, "coef_": ONE_ROW}
NAMES = {"feature_names_out": "one-to-one"}

# fact: how an object that shows it is made, versions that wrote it, targets that it breaks in, targets that read it
ROWS = {
    "logistic-softmax": (
        of(LINEAR, "LogisticRegression", multi_class="deprecated", coef_=ONE_ROW),
        "1.5.2",
        "1.4.2",
        "1.6.1",
    ),
    "boosting-loss": (of("ensemble._gb", "GradientBoostingClassifier", _loss=1), "1.4.2", "1.3.2", "1.5.2"),
    "sgd-log": (
        of("linear_model._stochastic_gradient", "SGDClassifier", loss="log", coef_=ONE_ROW),
        "1.0.2",
        "1.3.0",
        "1.2.2",
    ),
    "sgd-log-loss": (
        of("linear_model._stochastic_gradient", "SGDClassifier", loss="log_loss", coef_=ONE_ROW),
        "1.1.3",
        "1.0.2",
        "1.2.2",
    ),
    "passthrough-is-a-word": (
        of("compose._column_transformer", "ColumnTransformer", transformers_=[("a", "passthrough", [0])]),
        "1.3.2",
        "1.4.2",
        "1.2.2",
    ),
    "l1-ratio-none": (selector, "1.7.2", "1.8.0", "1.6.1"),
    "check-array-new-word": (checked("ensure_all_finite"), "1.6.1", "1.5.2", "1.7.2"),
    "check-array-old-word": (checked("force_all_finite"), "1.5.2", "1.8.0", "1.4.2"),
    "tree-counts": (of("tree._classes", "DecisionTreeClassifier", tree_=1), "1.3.2", "1.9.1", "1.8.0"),
    "extra-tree-counts": (of("tree._classes", "ExtraTreeClassifier", tree_=1), "1.3.2", "1.4.2", "1.3.0"),
    "adaboost-decision": (
        of(ENSEMBLE, "AdaBoostClassifier", algorithm="SAMME", classes_=TWO),
        "1.3.2",
        "1.3.0",
        "1.5.2",
    ),
    "adaboost-decision-newer": (
        of(ENSEMBLE, "AdaBoostClassifier", algorithm="SAMME", classes_=TWO),
        "1.3.0",
        "1.3.2",
        "1.2.2",
    ),
    "adaboost-samme-r": (
        of(ENSEMBLE, "AdaBoostClassifier", algorithm="SAMME.R", classes_=TWO),
        "1.5.2",
        "1.6.1",
        "1.4.2",
    ),
    "infrequent-ignored": (
        of("preprocessing._encoders", "OneHotEncoder", _infrequent_enabled=True),
        "1.3.2",
        "1.0.2",
        "1.1.3",
    ),
    "infrequent-ignored-ordinal": (
        of("preprocessing._encoders", "OrdinalEncoder", _infrequent_enabled=True),
        "1.3.2",
        "1.2.2",
        "1.4.2",
    ),
    "logistic-one-versus-rest": (
        of(LINEAR, "LogisticRegression", multi_class="ovr", classes_=THREE),
        "1.1.3",
        "1.8.0",
        "1.7.2",
    ),
    "pls-unscaled": (of("cross_decomposition._pls", "PLSRegression", **PLS), "1.4.2", "1.5.2", "1.3.2"),
    "pls-scaled": (of("cross_decomposition._pls", "CCA", **PLS), "1.5.2", "1.4.2", "1.7.2"),
    "pls-turned": (of("cross_decomposition._pls", "PLSCanonical", **PLS), "1.3.2", "1.2.2", "1.4.2"),
    "one-versus-one-threshold": (one_versus_one, "1.0.2", "1.1.3", "0.24.2"),
    "one-versus-one-threshold-older": (one_versus_one, "1.1.3", "1.0.2", "1.7.2"),
    "factorisation-warn": (
        of("decomposition._nmf", "NMF", n_components="warn", components_=ONE_ROW),
        "1.5.2",
        "1.6.1",
        "1.4.2",
    ),
    "filled-with-objects": (of("impute._base", "SimpleImputer", **CONSTANT), "1.8.0", "1.7.2", "1.9.1"),
    "function-names": (
        of("preprocessing._function_transformer", "FunctionTransformer", **NAMES),
        "1.1.3",
        "1.4.2",
        "1.3.2",
    ),
    "machine-without-probabilities": (
        of("svm._classes", "SVC", probability="deprecated", classes_=TWO),
        "1.9.1",
        "1.7.2",
        "1.9.1",
    ),
    "ridge-flat": (of("linear_model._ridge", "RidgeClassifier", coef_=numpy.zeros(3)), "1.6.1", "1.5.2", "1.7.2"),
    "centroid-probabilities": (
        of("neighbors._nearest_centroid", "NearestCentroid", centroids_=ONE_ROW),
        "1.6.1",
        "1.5.2",
        "1.7.2",
    ),
}
OTHER_PACKAGES = {
    "spline-coefficients": (spline("_c"), {"scipy": "1.16.3"}, {"scipy": "1.17.1"}),
    "spline-coefficients-newer": (spline("c"), {"scipy": "1.17.1"}, {"scipy": "1.16.3"}),
    "distribution-state": (search, {"scipy": "1.5.4"}, {"scipy": "1.7.3"}),
}
LEARNED = {"forest-gaps": "RandomForestClassifier", "extra-trees-gaps": "ExtraTreesClassifier"}


def says(fact_id):
    return next(fact.says for fact in FACTS if fact.id == fact_id)


def case(path, packages):
    return Case(inspect_file(path), Target("target.yml", "3.11", packages))


def told(path, fact_id, **packages):
    found = [one for one in known_changes(case(path, packages)) if says(fact_id) in one.finding.message]
    return found[0] if found else None


def test_every_fact_has_a_test():
    assert {fact.id for fact in FACTS} == {*ROWS, *OTHER_PACKAGES, *LEARNED}


@pytest.mark.parametrize("fact_id", ROWS)
def test_a_fact_strikes_where_its_source_says(tmp_path, fact_id):
    make, trained, breaks, reads = ROWS[fact_id]
    path = written(tmp_path, make(trained))
    struck = told(path, fact_id, **{"scikit-learn": breaks})
    assert struck is not None
    assert struck.finding.remedy
    assert told(path, fact_id, **{"scikit-learn": reads}) is None


@pytest.mark.parametrize("fact_id", OTHER_PACKAGES)
def test_a_fact_of_another_package_looks_at_that_package(tmp_path, fact_id):
    make, breaks, reads = OTHER_PACKAGES[fact_id]
    path = written(tmp_path, make("1.5.2"))
    struck = told(path, fact_id, **{"scikit-learn": "1.5.2", **breaks})
    assert struck is not None
    assert struck.verdict is Verdict.INCOMPATIBLE
    assert "pin scipy" in struck.finding.remedy
    assert told(path, fact_id, **{"scikit-learn": "1.5.2", **reads}) is None


@pytest.mark.parametrize("fact_id", LEARNED)
def test_trees_that_learned_from_gaps_are_told_from_those_that_did_not(tmp_path, rows, fact_id):
    import sklearn.ensemble

    numbers, labels = rows
    gaps = numbers.copy()
    gaps[::3, 0] = numpy.nan
    kind = getattr(sklearn.ensemble, LEARNED[fact_id])
    for name, given in (("gaps", gaps), ("whole", numbers)):
        (tmp_path / name).write_bytes(pickle.dumps(kind(n_estimators=8, random_state=0).fit(given, labels)))
    assert told(tmp_path / "gaps", fact_id, **{"scikit-learn": "1.3.2"}) is not None
    assert told(tmp_path / "whole", fact_id, **{"scikit-learn": "1.3.2"}) is None


def test_a_binary_logistic_regression_drifts_and_one_of_three_classes_does_not(tmp_path):
    three = estimator(LINEAR, "LogisticRegression", "1.5.2", multi_class="deprecated", coef_=numpy.zeros((3, 3)))
    assert told(written(tmp_path, three), "logistic-softmax", **{"scikit-learn": "1.3.2"}) is None


def test_a_key_that_is_only_read_beside_another_is_no_fault_without_it(tmp_path):
    """0.24 keeps no ``feature_names_in_``, without which 1.0 does not look at ``_transformer_to_input_indices``."""
    state = {"transformers_": [], "_columns": [], "_n_features": 1, "sparse_output_": False, "_remainder": ()}
    state |= {"transformers": [], "remainder": "drop", "sparse_threshold": 0, "verbose": False, "n_features_in_": 1}
    for more, struck in (({}, False), ({"feature_names_in_": TWO}, True)):
        path = written(
            tmp_path, estimator("compose._column_transformer", "ColumnTransformer", "0.24.2", **state, **more)
        )
        said = [one.finding.message for one in missing_keys(case(path, {"scikit-learn": "1.0.2"}))]
        assert any("_transformer_to_input_indices" in message for message in said) is struck


def test_an_estimator_of_which_nothing_was_measured_is_not_called_compatible_elsewhere(tmp_path):
    path = written(tmp_path, estimator("covariance._robust_covariance", "MinCovDet", "1.2.2", location_=ONE_ROW))
    assert [one.verdict for one in unmeasured(case(path, {"scikit-learn": "1.7.2"}))] == [Verdict.RISKY]
    assert not list(unmeasured(case(path, {"scikit-learn": "1.2.0"})))


@pytest.mark.parametrize("version", ["2.4.0", "1.99.1"])
def test_a_scikit_learn_of_which_nothing_is_known_is_not_called_compatible(tmp_path, version):
    path = written(tmp_path, estimator("linear_model._base", "LinearRegression", "1.7.2", coef_=ONE_ROW))
    assert [one.verdict for one in distance(case(path, {"scikit-learn": version}))] == [Verdict.RISKY]
    assert not list(distance(case(path, {"scikit-learn": "1.6.0"})))


def test_a_missing_key_says_which_object_lacks_it(tmp_path):
    model = estimator(
        "impute._base", "SimpleImputer", "1.1.3", strategy="mean", statistics_=TWO, _fit_dtype=numpy.dtype("f8")
    )
    path = tmp_path / "model.pkl"
    path.write_bytes(forged(estimator("pipeline", "Pipeline", "1.1.3", steps=[("impute", model)])))
    found = [one.finding for one in missing_keys(case(path, {"scikit-learn": "1.7.2"}))]
    said = next(one for one in found if "SimpleImputer.keep_empty_features" in one.message)
    assert "Pipeline.steps[0] SimpleImputer" in said.message
    assert "scikit-learn==1.1.3" in said.remedy
    assert "finbehave train --environment target.yml" in said.remedy


def test_records_with_fields_that_no_release_knows_are_named(tmp_path):
    """Field names are the file's: whatever stands in them is told, not parsed."""
    nodes = numpy.zeros(2, dtype=[("left child", "i8"), ("a:b", "f8"), ("", "i4")])
    tree = Forged("sklearn.tree._tree", "Tree", {"nodes": nodes})
    path = written(tmp_path, estimator("tree._classes", "DecisionTreeClassifier", "1.2.2", tree_=tree))
    said = [one.finding.message for one in other_records(case(path, {"scikit-learn": "1.2.2"}))]
    assert said
    assert "left child is unknown" in said[0] or "left_child is missing" in said[0]
