"""What changed between releases and does not show in names or keys: values, defaults, meanings.

One engine (``rules``) asks these of every object that is in use. Where a change shows in the names a file imports, in
a state key or in a record's fields, it is in the measured knowledge instead and needs no line here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from finbehave.compat.conditions import (
    Among,
    Condition,
    Flat,
    Has,
    Holds,
    Inside,
    Kind,
    Lacks,
    LearnedFromGaps,
    Length,
    Mentions,
    Present,
)


class Effect(str, Enum):
    """What happens in the target."""

    LOAD = "does not load"
    PREDICT = "loads and then fails when it is asked"
    DRIFT = "loads and answers something else, without an error"
    NO_PROBABILITIES = "loads and predicts, and gives no probabilities any more"
    MAYBE = "may fail or answer something else"


@dataclass(frozen=True)
class Fact:
    """A change, and how an object shows that it is struck by it.

    ``trained`` and ``target`` are version specifiers of ``package``: the object's own, and the target's. Objects of
    other packages than scikit-learn do not say which version saved them: there ``trained`` is empty. A class may be
    named with its module (``scipy.stats._continuous_distns.*`` is every class of that module).
    """

    id: str
    classes: tuple[str, ...]
    trained: str
    target: str
    shows: tuple[Condition, ...]
    effect: Effect
    says: str
    source: str
    package: str = "scikit-learn"


_BINARY = Length("coef_", 1, 1)
_ONLY_PROBABILITIES = frozenset(
    """
    GaussianNB MultinomialNB BernoulliNB ComplementNB CategoricalNB DecisionTreeClassifier ExtraTreeClassifier
    RandomForestClassifier ExtraTreesClassifier KNeighborsClassifier RadiusNeighborsClassifier MLPClassifier
    GaussianProcessClassifier BaggingClassifier
    """.split()
)
"""Classifiers without a decision function."""

FACTS: tuple[Fact, ...] = (
    Fact(
        "logistic-softmax",
        ("LogisticRegression", "LogisticRegressionCV"),
        ">=1.5,<1.8",
        "<1.5",
        (Holds("multi_class", ("deprecated",)), _BINARY),
        Effect.DRIFT,
        "multi_class is stored as 'deprecated', which code before 1.5 takes for multinomial: a binary model's "
        "probabilities come out of a softmax, off by up to 0.15",
        "sklearn/linear_model/_logistic.py, predict_proba: 1.5.0 against 1.4.2",
    ),
    Fact(
        "boosting-loss",
        ("GradientBoostingClassifier", "GradientBoostingRegressor"),
        ">=1.4",
        ">=1.1,<1.4",
        (Has("_loss"),),
        Effect.PREDICT,
        "its loss is one of sklearn._loss, as in boosting since 1.4; older code asks it for what its own losses have",
        "sklearn/ensemble/_gb.py, _raw_predict_init: 1.4.0 against 1.3.2",
    ),
    Fact(
        "sgd-log",
        ("SGDClassifier",),
        "<1.3",
        ">=1.3",
        (Holds("loss", ("log",)),),
        Effect.NO_PROBABILITIES,
        "its loss is called 'log', a name that went with 1.3: predict_proba is only there for 'log_loss'",
        "sklearn/linear_model/_stochastic_gradient.py, _check_proba: 1.3.0 against 1.2.2",
    ),
    Fact(
        "sgd-log-loss",
        ("SGDClassifier",),
        ">=1.1",
        "<1.1",
        (Holds("loss", ("log_loss",)),),
        Effect.NO_PROBABILITIES,
        "its loss is called 'log_loss', a name that came with 1.1: before, predict_proba is only there for 'log'",
        "sklearn/linear_model/_stochastic_gradient.py, _check_proba: 1.1.0 against 1.0.2",
    ),
    Fact(
        "passthrough-is-a-word",
        ("ColumnTransformer",),
        "<1.4",
        ">=1.4",
        (Mentions("transformers_", "passthrough"),),
        Effect.PREDICT,
        "columns passed through are stored as the word 'passthrough'; from 1.4 on a fitted transformer must be there",
        "sklearn/compose/_column_transformer.py, _update_fitted_transformers: 1.4.0 against 1.3.2",
    ),
    Fact(
        "l1-ratio-none",
        ("SelectFromModel",),
        "<1.8",
        ">=1.8",
        (Inside("estimator_", "LogisticRegression", Holds("l1_ratio", (None,))),),
        Effect.PREDICT,
        "features are selected by a LogisticRegression whose l1_ratio is None, with which 1.8 calculates",
        "sklearn/feature_selection/_from_model.py, _calculate_threshold: 1.8.0; l1_ratio=0.0 by default since 1.8.0",
    ),
    Fact(
        "forest-gaps",
        ("RandomForestClassifier", "RandomForestRegressor"),
        ">=1.4",
        "<1.4",
        (LearnedFromGaps(),),
        Effect.PREDICT,
        "its trees learned from missing values, which forests take since 1.4",
        "sklearn/ensemble/_forest.py, allow_nan: 1.4.0",
    ),
    Fact(
        "extra-trees-gaps",
        ("ExtraTreesClassifier", "ExtraTreesRegressor"),
        ">=1.6",
        "<1.6",
        (LearnedFromGaps(),),
        Effect.PREDICT,
        "its trees learned from missing values, which extremely randomised trees take since 1.6",
        "sklearn/ensemble/_forest.py, allow_nan: 1.6.0",
    ),
    Fact(
        "check-array-new-word",
        ("partial",),
        ">=1.6",
        "<1.6",
        (Present("ensure_all_finite"),),
        Effect.PREDICT,
        "a step calls check_array with ensure_all_finite, as that argument is called since 1.6",
        "sklearn/utils/validation.py, check_array: force_all_finite renamed in 1.6.0",
    ),
    Fact(
        "check-array-old-word",
        ("partial",),
        "<1.6",
        ">=1.8",
        (Present("force_all_finite"),),
        Effect.PREDICT,
        "a step calls check_array with force_all_finite, an argument that went with 1.8",
        "sklearn/utils/validation.py, check_array: force_all_finite removed in 1.8.0",
    ),
    Fact(
        "tree-counts",
        ("DecisionTreeClassifier", "ExtraTreeClassifier"),
        "<1.4",
        ">=1.9",
        (Has("tree_"),),
        Effect.DRIFT,
        "trees up to 1.3 store class counts; from 1.9 on they are taken for fractions and no longer divided",
        "sklearn/tree/_classes.py, predict_proba: 1.9.0 against 1.8.0",
    ),
    Fact(
        "extra-tree-counts",
        ("ExtraTreeClassifier",),
        "<1.4",
        ">=1.4",
        (Has("tree_"),),
        Effect.DRIFT,
        "trees up to 1.3 store class counts; newer code takes them for fractions and no longer divides",
        "sklearn/tree/_classes.py, predict_proba: 1.4.0 against 1.3.2",
    ),
    Fact(
        "adaboost-decision",
        ("AdaBoostClassifier",),
        ">=1.3.1,<1.8",
        "<1.3.1",
        (Holds("algorithm", ("SAMME", "deprecated")),),
        Effect.DRIFT,
        "the decision function of SAMME, from which probabilities come, was corrected in 1.3.1",
        "sklearn/ensemble/_weight_boosting.py, decision_function: 1.3.1 against 1.3.0",
    ),
    Fact(
        "adaboost-decision-newer",
        ("AdaBoostClassifier",),
        "<1.3.1",
        ">=1.3.1",
        (Holds("algorithm", ("SAMME",)),),
        Effect.DRIFT,
        "the decision function of SAMME, from which probabilities come, was corrected in 1.3.1",
        "sklearn/ensemble/_weight_boosting.py, decision_function: 1.3.1 against 1.3.0",
    ),
    Fact(
        "adaboost-samme-r",
        ("AdaBoostClassifier",),
        "<1.6",
        ">=1.6",
        (Holds("algorithm", ("SAMME.R",)),),
        Effect.DRIFT,
        "it was fitted with SAMME.R, which 1.6 no longer has and reads as SAMME",
        "sklearn/ensemble/_weight_boosting.py: 1.6.0 against 1.5.2",
    ),
    Fact(
        "infrequent-ignored",
        ("OneHotEncoder",),
        ">=1.1",
        "<1.1",
        (Holds("_infrequent_enabled", (True,)),),
        Effect.DRIFT,
        "rare categories were put together, which came with 1.1: older code gives each a column of its own",
        "sklearn/preprocessing/_encoders.py, min_frequency: 1.1.0",
    ),
    Fact(
        "infrequent-ignored-ordinal",
        ("OrdinalEncoder",),
        ">=1.3",
        "<1.3",
        (Holds("_infrequent_enabled", (True,)),),
        Effect.DRIFT,
        "rare categories were put together, which OrdinalEncoder does since 1.3",
        "sklearn/preprocessing/_encoders.py, OrdinalEncoder min_frequency: 1.3.0",
    ),
    Fact(
        "logistic-one-versus-rest",
        ("LogisticRegression", "LogisticRegressionCV"),
        "<1.8",
        ">=1.8",
        (Holds("multi_class", ("ovr",)), Length("classes_", 3, 10**9)),
        Effect.DRIFT,
        "it was fitted one class against the rest (multi_class='ovr'), which 1.8 no longer has: probabilities come out "
        "of a softmax",
        "sklearn/linear_model/_logistic.py, predict_proba: 1.8.0 against 1.7.2",
    ),
    Fact(
        "pls-unscaled",
        ("PLSRegression", "PLSCanonical", "CCA"),
        "<1.5",
        ">=1.5",
        (Holds("scale", (True,)),),
        Effect.DRIFT,
        "its coefficients are for scaled columns; from 1.5 on they are for columns as they are, and predict no longer "
        "scales",
        "sklearn/cross_decomposition/_pls.py, predict: 1.5.0 against 1.4.2",
    ),
    Fact(
        "pls-scaled",
        ("PLSRegression", "PLSCanonical", "CCA"),
        ">=1.5",
        "<1.5",
        (Holds("scale", (True,)),),
        Effect.DRIFT,
        "its coefficients are for columns as they are, and code before 1.5 scales them once more",
        "sklearn/cross_decomposition/_pls.py, predict: 1.5.0 against 1.4.2",
    ),
    Fact(
        "pls-turned",
        ("PLSRegression", "PLSCanonical", "CCA"),
        ">=1.3",
        "<1.3",
        (Has("coef_"),),
        Effect.PREDICT,
        "its coefficients are stored one row for each target, as since 1.3; older code wants one row for each column",
        "sklearn/cross_decomposition/_pls.py, coef_: 1.3.0 against 1.2.2",
    ),
    Fact(
        "one-versus-one-threshold",
        ("OneVsOneClassifier",),
        "<1.1",
        ">=1.1",
        (Length("classes_", 2, 2), Among("estimators_", _ONLY_PROBABILITIES)),
        Effect.DRIFT,
        "with two classes it decided at 0 whatever its estimator answers; from 1.1 on probabilities are cut at 0.5",
        "sklearn/multiclass.py, OneVsOneClassifier.predict: 1.1.0 against 1.0.2",
    ),
    Fact(
        "one-versus-one-threshold-older",
        ("OneVsOneClassifier",),
        ">=1.1",
        "<1.1",
        (Length("classes_", 2, 2), Among("estimators_", _ONLY_PROBABILITIES)),
        Effect.DRIFT,
        "with two classes code before 1.1 decides at 0 where its estimator answers with probabilities",
        "sklearn/multiclass.py, OneVsOneClassifier.predict: 1.1.0 against 1.0.2",
    ),
    Fact(
        "factorisation-warn",
        ("NMF", "MiniBatchNMF"),
        ">=1.4,<1.6",
        ">=1.6",
        (Holds("n_components", ("warn",)),),
        Effect.PREDICT,
        "n_components is stored as 'warn', which 1.6 no longer understands",
        "sklearn/decomposition/_nmf.py, n_components: 'auto' by default since 1.6.0",
    ),
    Fact(
        "filled-with-objects",
        ("SimpleImputer",),
        ">=1.8",
        "<1.8",
        (Holds("strategy", ("constant",)), Kind("statistics_", "O"), Kind("_fit_dtype", "fiub")),
        Effect.PREDICT,
        "the constant that it fills numbers with is stored as an object, which code before 1.8 refuses to put into "
        "numbers",
        "sklearn/impute/_base.py, transform: 1.8.0 against 1.7.2",
    ),
    Fact(
        "function-names",
        ("FunctionTransformer",),
        "<1.2",
        ">=1.4",
        (Has("feature_names_out"), Lacks("feature_names_in_")),
        Effect.PREDICT,
        "it tells the names of its columns (feature_names_out), for which 1.4 wants the names it was fitted on, and "
        "releases before 1.2 did not keep them",
        "sklearn/preprocessing/_function_transformer.py, transform: 1.4.0 against 1.1.3",
    ),
    Fact(
        "machine-without-probabilities",
        ("SVC", "NuSVC"),
        ">=1.9",
        "<1.9",
        (Holds("probability", ("deprecated",)),),
        Effect.MAYBE,
        "probability is stored as 'deprecated', which older code takes for true: an ensemble around it then asks for "
        "probabilities that were never fitted",
        "sklearn/svm/_base.py, predict_proba: 1.9.0 against 1.8.0",
    ),
    Fact(
        "ridge-flat",
        ("RidgeClassifier", "RidgeClassifierCV"),
        ">=1.6",
        "<1.6",
        (Flat("coef_"),),
        Effect.PREDICT,
        "with two classes its coefficients are stored flat, as since 1.6; older code expects one row for each class",
        "sklearn/linear_model/_ridge.py and _base.py, decision_function: 1.6.0 against 1.5.2",
    ),
    Fact(
        "centroid-probabilities",
        ("NearestCentroid",),
        ">=1.6",
        "<1.6",
        (Has("centroids_"),),
        Effect.NO_PROBABILITIES,
        "its predict_proba came with 1.6",
        "sklearn/neighbors/_nearest_centroid.py, predict_proba: 1.6.0",
    ),
    Fact(
        "spline-coefficients",
        ("scipy.interpolate._bsplines.BSpline",),
        "",
        "<1.17",
        (Present("_c"), Lacks("c")),
        Effect.PREDICT,
        "scipy 1.17 and later keep a spline's coefficients as _c, and older code looks for c",
        "scipy/interpolate/_bsplines.py, BSpline: 1.17.0 against 1.16.3",
        package="scipy",
    ),
    Fact(
        "spline-coefficients-newer",
        ("scipy.interpolate._bsplines.BSpline",),
        "",
        ">=1.17",
        (Present("c"), Lacks("_c")),
        Effect.PREDICT,
        "scipy 1.17 and later keep a spline's coefficients as _c, and this one was saved by older code, as c",
        "scipy/interpolate/_bsplines.py, BSpline: 1.17.0 against 1.16.3",
        package="scipy",
    ),
    Fact(
        "distribution-state",
        ("scipy.stats._continuous_distns.*", "scipy.stats._discrete_distns.*"),
        "",
        "<1.6",
        (Present("_ctor_param"),),
        Effect.LOAD,
        "scipy 1.6 and later keep a distribution's whole state, and older code expects two values",
        "scipy/stats/_distn_infrastructure.py, rv_generic.__setstate__: 1.6.0 against 1.5.4",
        package="scipy",
    ),
)
