"""Signatures: a model that another scikit-learn saved than the one that uses it."""

from __future__ import annotations

from finbehave.diagnosis.names import SKLEARN_CLASSES, SKLEARN_METHODS, one_of
from finbehave.diagnosis.signatures.form import Signature
from finbehave.diagnosis.signatures.remedies import MEASURED, NO_MODULE, SKLEARN

_SAVED = "the model was saved with scikit-learn {saved} and is used with {installed}: "
_RANGE = "the model was saved with scikit-learn {range}: "
_SKLEARN_CODE = r"sklearn[/\\]"
_OTHER_CODE = (
    r"(?:imblearn|xgboost|lightgbm|catboost|category_encoders|shap|sklearn_pandas|skopt|pyod|mlxtend|flaml)[/\\]"
)

SIGNATURES = (
    Signature(
        "sklearn-mismatch",
        ("node array from the pickle",),
        r"node array from the pickle",
        (
            _SAVED + "tree nodes have another form since 1.3",
            "a tree model was saved before scikit-learn 1.3 and is loaded by 1.3 or later: its nodes lack {field}",
            "a tree model was saved with scikit-learn 1.3 or later and is loaded by an older one: tree nodes changed",
        ),
        SKLEARN,
        MEASURED,
        0.98,
        raised=True,
        near=(r"- expected\b(?:(?!- got).){0,4000}?(?P<field>missing_go_to_left)",),
    ),
    Signature(
        "sklearn-mismatch",
        ("buffer dtype mismatch",),
        r"Buffer dtype mismatch, expected '(?P<expected>[^']+)' but got '?(?P<got>[^']+)",
        (
            _SAVED + "its binary layout changed",
            "the model was saved with another scikit-learn: its binary layout changed ({expected}, {got})",
        ),
        SKLEARN,
        MEASURED,
        0.85,
        raised=True,
        frames=_SKLEARN_CODE + r"|sklearn\.|\A\Z",
    ),
    Signature(
        "sklearn-mismatch",
        ("no module named",),
        NO_MODULE + r"(?P<module>sklearn\.externals(?:\.[\w.]+)?)",
        (_SAVED + "{module} is gone", "the model was saved before scikit-learn 0.23: {module} is gone since"),
        (SKLEARN[0], SKLEARN[2]),
        "scikit-learn 0.23 release notes",
        0.97,
        raised=True,
    ),
    Signature(
        "sklearn-mismatch",
        ("no module named",),
        NO_MODULE
        + r"(?P<module>sklearn\.(?:ensemble\.(?:forest|bagging|gradient_boosting|weight_boosting|voting|base|iforest)"
        r"|tree\.tree|linear_model\.(?:base|logistic|stochastic_gradient|ridge|bayes|coordinate_descent|least_angle)"
        r"|preprocessing\.(?:data|label|imputation)|svm\.(?:classes|base)|neighbors\.(?:classification|regression|base"
        r"|unsupervised|kde|lof)|decomposition\.(?:pca|nmf|truncated_svd|factor_analysis|incremental_pca|base)"
        r"|cluster\.(?:k_means_|birch|dbscan_|hierarchical)|feature_selection\.(?:from_model|univariate_selection"
        r"|variance_threshold|base|rfe)|neural_network\.(?:multilayer_perceptron|rbm)|mixture\.(?:base"
        r"|gaussian_mixture)|metrics\.(?:scorer|classification|ranking)|cross_validation|grid_search|lda|qda"
        r"|learning_curve|utils\.(?:testing|fixes\.sklearn)|gaussian_process\.gpc))\b",
        (
            _SAVED + "{module} was made private",
            "the model was saved before scikit-learn 0.22: {module} is no longer there",
        ),
        (
            SKLEARN[0],
            "serve it with the scikit-learn that saved it (0.21 or older; finbehave check-compat MODEL names it), or "
            "train again with finbehave train --environment environment.yml; no package provides {module}",
        ),
        "scikit-learn 0.22 release notes; measured",
        0.98,
        raised=True,
    ),
    Signature(
        "sklearn-mismatch",
        ("no module named",),
        NO_MODULE + r"(?P<module>sklearn\.\w[\w.]*|_loss(?:\.\w+)?)(?:'|$|;|\s)",
        (
            _SAVED + "{module} is not in it",
            _RANGE + "{module} is not in the one that loads it",
            "the model was saved with another scikit-learn: {module} is not in the one that loads it",
        ),
        SKLEARN,
        MEASURED,
        0.96,
        raised=True,
    ),
    Signature(
        "sklearn-mismatch",
        ("can't get attribute", "has no attribute"),
        r"(?:Can't get attribute '(?P<attribute>[^']+)'? on <module '(?P<module>sklearn[\w.]*)'"
        r"|module '(?P<module2>sklearn[\w.]*)' has no attribute '(?P<attribute2>[^']+)')",
        (
            _SAVED + "{attribute} is not in {module}",
            _RANGE + "{attribute} is not in the {module} that loads it",
            "the model was saved with another scikit-learn: {attribute} is not in {module}",
        ),
        SKLEARN,
        MEASURED,
        0.96,
        raised=True,
    ),
    Signature(
        "library-mismatch",
        ("cannot import name",),
        r"cannot import name '(?P<name>\w+)' from '(?P<module>sklearn[\w.]*)'",
        "{name} cannot be imported from {module}: another package expects another scikit-learn",
        "upgrade the package that imports it, or pin scikit-learn below it in environment.yml; build anew, then "
        "finbehave "
        "deploy MODEL",
        "scikit-learn moved its private helpers in 1.2, 1.3 and 1.6",
        0.9,
        raised=True,
        frames=_OTHER_CODE,
    ),
    Signature(
        "sklearn-mismatch",
        ("cannot import name",),
        r"cannot import name '(?P<name>\w+)' from '(?P<module>sklearn[\w.]*)'",
        "{name} cannot be imported from {module}: the code was written for another scikit-learn",
        SKLEARN,
        "scikit-learn release notes",
        0.85,
        raised=True,
    ),
    Signature(
        "library-mismatch",
        ("__sklearn_tags__",),
        r"object has no attribute '__sklearn_tags__'",
        "another library's estimator is too old for scikit-learn 1.6 or later (no __sklearn_tags__)",
        "upgrade that library (xgboost, lightgbm, imbalanced-learn, category-encoders, or your own class) or pin "
        "scikit-learn<1.6 in environment.yml; finbehave check-compat MODEL --environment environment.yml",
        "scikit-learn 1.6 release notes",
        0.92,
        raised=True,
    ),
    Signature(
        "sklearn-mismatch",
        ("object has no attribute",),
        r"'(?P<name>" + one_of(SKLEARN_CLASSES) + r")' object has no attribute '(?P<attribute>_\w*|"
        r"monotonic_cst|keep_empty_features|multi_class|algorithm|feature_names_out|sparse|sparse_output|var_|sigma_"
        r"|base_estimator|base_estimator_|estimator|handle_unknown|drop|min_frequency|max_categories"
        r"|feature_name_combiner|force_int_remainder_cols|verbose_feature_names_out|transform_input|positive"
        r"|n_features_"
        r"|criterion|ccp_alpha|max_samples|categorical_features|interaction_cst|class_weight|store_cv_results"
        r"|gamma|break_ties|nan_euclidean|metric_params|loss_|init_|dtype|add_indicator|check_inverse|clip|subsample)'",
        (
            _SAVED + "{name} has no {attribute} in the file",
            _RANGE + "{name} has no {attribute} in the file",
            "the model was saved with another scikit-learn: {name} has no {attribute} in the file",
        ),
        SKLEARN,
        MEASURED,
        0.95,
        raised=True,
    ),
    Signature(
        "sklearn-mismatch",
        ("object has no attribute", "has no attribute"),
        r"'(?P<name>" + one_of(SKLEARN_CLASSES) + r")' (?:object )?has no attribute '(?P<attribute>\w+)'",
        _SAVED + "{name} has no {attribute} in the file",
        SKLEARN,
        MEASURED,
        0.85,
        raised=True,
        needs=("drift",),
    ),
    Signature(
        "sklearn-mismatch",
        ("object has no attribute",),
        r"'(?P<name>" + one_of(SKLEARN_CLASSES) + r")' object has no attribute '"
        r"(?!" + one_of(SKLEARN_METHODS) + r"')(?P<attribute>\w+)'",
        "the model was saved with another scikit-learn: {name} has no {attribute} in the file",
        SKLEARN,
        MEASURED,
        0.85,
        raised=True,
        frames=_SKLEARN_CODE + r"|\.(?:predict|predict_proba|transform|decision_function|score)\(|\A\Z",
    ),
    Signature(
        "sklearn-mismatch",
        (
            "'str' object has no attribute 'transform'",
            "unsupported operand type",
            "object has no attribute 'isinstance'",
        ),
        r"'str' object has no attribute 'transform'|unsupported operand type\(s\) for -: 'NoneType' and 'float'"
        r"|'list' object has no attribute 'isinstance'",
        (
            _SAVED + "a value in it means something else now",
            "the model was saved with another scikit-learn: a value in it means something else now",
        ),
        SKLEARN,
        MEASURED,
        0.8,
        raised=True,
        frames=_SKLEARN_CODE,
    ),
    Signature(
        "library-mismatch",
        ("ensure_all_finite", "force_all_finite"),
        r"unexpected keyword argument '(?P<name>ensure_all_finite|force_all_finite)'",
        "another library was written for another scikit-learn: {name} was renamed in 1.6",
        "upgrade that library, or pin scikit-learn to the version used in training, in environment.yml; finbehave "
        "check-compat MODEL --environment environment.yml",
        "scikit-learn 1.6 release notes",
        0.9,
        raised=True,
        frames=_OTHER_CODE,
    ),
    Signature(
        "sklearn-mismatch",
        ("unexpected keyword argument",),
        r"unexpected keyword argument '(?P<name>ensure_all_finite|force_all_finite|squared|sparse|base_estimator"
        r"|normalize|multi_class|presort|affinity|if_delegate_has_method|categorical_features|sample_weight)'",
        (
            _SAVED + "the argument {name} is not known",
            "the model or the code was made for another scikit-learn: the argument {name} is not known",
        ),
        SKLEARN,
        MEASURED,
        0.8,
        raised=True,
        frames=_SKLEARN_CODE + r"|\.(?:predict|predict_proba|transform|load)\(|\A\Z",
    ),
    Signature(
        "sklearn-mismatch",
        ("incompatible checksums",),
        r"Incompatible checksums \(",
        (
            _SAVED + "its compiled classes changed",
            "the model was saved with another scikit-learn: compiled classes changed",
        ),
        SKLEARN,
        "Cython's pickle guard",
        0.8,
        raised=True,
    ),
    Signature(
        "sklearn-mismatch",
        ("init__() takes",),
        r"__c?init__\(\) takes (?:exactly|at (?:least|most)|from) \d+",
        (
            _SAVED + "its compiled classes changed",
            "the model was saved with another scikit-learn: compiled classes changed",
        ),
        SKLEARN,
        "how Cython's classes are pickled",
        0.8,
        raised=True,
        frames=r"sklearn[/\\.]\w+.*\.pyx",
    ),
    Signature(
        "sklearn-mismatch",
        ("inconsistentversionwarning",),
        r"^(?:[\w.]+\.)?InconsistentVersionWarning: ",
        _SAVED + "the version warning was made an error",
        SKLEARN,
        "scikit-learn's model persistence guide",
        0.9,
        raised=True,
    ),
)
