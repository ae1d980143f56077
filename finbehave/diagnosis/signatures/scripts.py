"""Signatures: a score script that cannot be used, or whose init() or run() raises; and rows that it refuses."""

from __future__ import annotations

from finbehave.diagnosis.signatures.form import Phase, Signature
from finbehave.diagnosis.signatures.remedies import INPUT

_MEND = "correct it in the score script, try it with finbehave check-compat MODEL, then finbehave deploy MODEL"
_ROW = r"row (?P<row>\d+), column '(?P<column>[^']{1,120})': (?P<why>.{1,120})"

SIGNATURES = (
    Signature(
        "score-script-invalid",
        ("function defined", "has no attribute"),
        r"does not have an? (?P<name>init|run)\(\) function defined"
        r"|module '(?:score|main|entry_module|scoring|score_script)' has no attribute '(?P<name2>init|run)'",
        "the score script has no {name}() function",
        "add init() (loads the model once) and run(data) (answers one request) to the score script, then finbehave "
        "deploy "
        "MODEL",
        "azureml-inference-server-http",
        0.98,
    ),
    Signature(
        "score-script-invalid",
        ("run() ", "init() "),
        r"run\(\) (?:cannot accept|needs to accept|cannot be decorated)"
        r"|\b(?P<name>run|init)\(\) (?:takes \d+ positional arguments? but|missing \d+ required positional"
        r"|got an unexpected keyword argument|takes no arguments)",
        "the functions of the score script do not take what the server gives them",
        "write them as def init() and def run(data) (with inference-schema: one argument a parameter), then "
        "finbehave deploy "
        "MODEL",
        "azureml-inference-server-http",
        0.93,
        raised=True,
    ),
    Signature(
        "score-script-invalid",
        ("syntaxerror", "indentationerror", "taberror"),
        r"^(?P<name>SyntaxError|IndentationError|TabError): (?P<why>.{0,120})",
        "the score script is no valid Python: {why}",
        "correct the line that the log shows (python -m py_compile score.py finds it), then finbehave deploy MODEL",
        "Python's compiler",
        0.95,
        raised=True,
        not_frames=r"(?:site|dist)-packages|<unknown>|<string>",
    ),
    Signature(
        "response-not-json",
        ("json serializable", "not json compliant", "keys must be str", "not jsonable"),
        r"Object of type '?(?P<name>[\w.]+)'? is not JSON serializable",
        "run() answers with a {name}, which is no JSON",
        "return predictions.tolist() (float(x) for one number, .isoformat() for a time), then finbehave deploy MODEL",
        "azureml-inference-server-http, json",
        0.97,
        raised=True,
        phase=Phase.RUN,
    ),
    Signature(
        "response-not-json",
        (
            "json serializable",
            "not json compliant",
            "keys must be str",
            "not jsonable",
            "valid response",
            "must return",
            "circular reference",
        ),
        r"is not JSON serializable|not JSON compliant|keys must be str, int|Circular reference detected"
        r"|did not return a valid response|run\(\) must return",
        "run() answers with something that is no JSON",
        "return plain lists, numbers and text (predictions.tolist(); None instead of NaN), then finbehave deploy MODEL",
        "json, flask",
        0.93,
        raised=True,
        phase=Phase.RUN,
    ),
    Signature(
        "input-invalid",
        ("column '",),
        _ROW,
        "a request was refused: row {row}, column {column} {why}",
        INPUT,
        "finbehave's schema check",
        0.9,
        phase=Phase.RUN,
    ),
    Signature(
        "input-invalid",
        ("features, but", "number of features", "features per sample"),
        r"X has (?P<got>\d+) features?, but (?P<name>\w+) is expecting (?P<asked>\d+)"
        r"|[Nn]umber of features (?:of the model|in data).{0,120}|X has \d+ features per sample",
        (
            "a request has {got} columns, the model ({name}) takes {asked}",
            "a request has another number of columns than the model takes",
        ),
        INPUT,
        "scikit-learn, lightgbm",
        0.93,
        raised=True,
        phase=Phase.RUN,
    ),
    Signature(
        "input-invalid",
        (
            "columns are missing",
            "not a column of the dataframe",
            "feature names",
            "feature_names mismatch",
            "not in dataframe",
            "not in index",
            "in the [columns]",
            "columns passed",
        ),
        r"columns are missing: (?P<why>.{1,200})|not a column of the dataframe|[Ff]eature names (?:should match"
        r"|unseen|seen|must)"
        r"|feature_names mismatch|[Cc]olumn '?[\w ]+'? not in dataframe|(?P<why2>\[[^\]]{1,200}\]) not in index"
        r"|are in the \[columns\]|\d+ columns passed, passed data had \d+",
        ("a request lacks columns that the model takes: {why}", "a request has other columns than the model takes"),
        INPUT,
        "scikit-learn, pandas, xgboost, pandera",
        0.93,
        raised=True,
        phase=Phase.RUN,
    ),
    Signature(
        "input-invalid",
        ("could not convert string to float", "unable to parse string", "invalid literal for int"),
        r"could not convert string to float: (?P<why>.{1,80})|Unable to parse string (?P<why2>.{1,80})"
        r"|invalid literal for int\(\) with base 10: (?P<why3>'[^']{0,80}')",
        "a request holds text where the model takes a number: {why}",
        INPUT,
        "numpy, pandas",
        0.9,
        raised=True,
        phase=Phase.RUN,
    ),
    Signature(
        "input-invalid",
        (
            "contains nan",
            "contains infinity",
            "expected 2d array",
            "expected a 2-dimensional",
            "found unknown categories",
            "found array with 0",
            "all scalar values",
            "dtypes for data must",
            "reshape your data",
            "too large for dtype",
        ),
        r"Input (?:\w+ )?contains (?:NaN|infinity)|Expected (?:a )?2D array|Expected a 2-dimensional"
        r"|Found unknown categor"
        r"|Found array with 0 (?:sample|feature)|all scalar values, you must pass an index|dtypes for data must be",
        "a request holds values or a shape that the model does not take",
        INPUT,
        "scikit-learn, pandas, xgboost",
        0.88,
        raised=True,
        phase=Phase.RUN,
    ),
    Signature(
        "input-invalid",
        (
            "validation error",
            "schemaerror",
            "required property",
            "is not provided for the",
            "could not be decoded",
            "json dictionary",
            "malformed json",
            "unprocessable entity",
            "cannot be decoded as utf-8",
        ),
        r"\d+ validation errors? for|SchemaErrors?: |is a required property|A value is not provided for the"
        r"|could not be decoded as JSON|should be a JSON dictionary|malformed JSON|422 Unprocessable"
        r"|cannot be decoded as UTF-8",
        "a request does not have the form that the endpoint takes",
        INPUT,
        "pydantic, pandera, jsonschema, azureml-inference-server-http",
        0.88,
        raised=True,
        phase=Phase.RUN,
    ),
    Signature(
        "input-invalid",
        ("jsondecodeerror", "invalidbody", "invalidrow"),
        r"JSONDecodeError: |InvalidBody: |InvalidRow: ",
        "a request's body is no JSON that the endpoint takes",
        INPUT,
        "json",
        0.85,
        raised=True,
        phase=Phase.RUN,
        frames=r"run|score|invoke|json",
    ),
    Signature(
        "input-invalid",
        ("keyerror:",),
        r"^KeyError: (?P<why>'[^']{1,120}')$",
        "a request lacks {why}, which run() reads from it",
        INPUT,
        "a score script's json.loads(data)[...] and pandas' columns",
        0.75,
        raised=True,
        phase=Phase.RUN,
        frames=r"json\.loads|pandas[/\\]core|raw_data\[|data\[|body\[|payload\[|request\[|_libs\.(?:index|hashtable)",
    ),
)

REFUSED_ROWS = Signature(
    "input-invalid",
    ("error: ",),
    r"^(?:ValueError|ArithmeticError|ZeroDivisionError|OverflowError|FloatingPointError): (?P<why>.{1,120})",
    "the model refuses the values of a request: {why}",
    INPUT,
    "finbehave's worker: by scikit-learn's convention a ValueError is about the data",
    0.7,
    raised=True,
    phase=Phase.RUN,
    within=r"answers\.py:_score",
)
"""The last to be tried: what a worker of ours answers with 422."""

INIT_FAILED = Signature(
    "init-failed",
    (),
    "",
    (
        "init() raised {raised}, because of {because}",
        "init() raised {raised}",
    ),
    "see the line of the score script that the traceback names, correct it, then finbehave deploy MODEL; finbehave "
    "logs "
    "--tail 500 shows more",
    "azureml-inference-server-http",
    0.75,
    phase=Phase.START,
)
"""An exception in init() or at import that no signature knows."""

RUN_FAILED = Signature(
    "run-failed",
    (),
    "",
    (
        "run() raised {raised}, because of {because}",
        "run() raised {raised}",
    ),
    "see the line of the score script that the traceback names, correct it, then finbehave deploy MODEL; finbehave "
    "logs "
    "--tail 500 shows more",
    "azureml-inference-server-http",
    0.75,
    phase=Phase.RUN,
)
"""An exception while a request was answered that no signature knows."""
