"""A log for every cause code, and for the kinds a code comes in. In our own words; none was copied from anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from tests.diagnosis.shapes import (
    BANNER,
    FAILED_BOOT,
    FOLDER,
    INVOKING,
    PROBES,
    SERVING,
    SITE,
    in_import,
    in_init,
    in_our_worker,
    in_run,
    indented,
    server,
)


@dataclass(frozen=True)
class Case:
    """A log, the code of its first cause, words of its evidence, and words that title or remedy must hold."""

    name: str
    code: str
    log: str
    evidence: str
    says: tuple[str, ...] = ()


def _frame(file: str, function: str, source: str) -> str:
    return f'  File "{SITE}/{file}", line 12, in {function}\n    {source}\n'


_UNPICKLE = _frame("pickle.py", "find_class", "__import__(module, level=0)")
_TREE = _frame("sklearn/tree/_classes.py", "predict_proba", "proba = self.tree_.predict(X)")
_IMPUTE = _frame("sklearn/impute/_base.py", "transform", "X = self._validate_input(X)")
_WARNED = (
    f"{SITE}/sklearn/base.py:380: InconsistentVersionWarning: Trying to unpickle estimator SimpleImputer from version "
    "1.2.2 when using version 1.6.1. This might lead to breaking code or invalid results.\n  warnings.warn(\n"
)

_SKLEARN = [
    Case(
        "tree nodes of before 1.3",
        "sklearn-mismatch",
        in_init(
            "ValueError: node array from the pickle has an incompatible dtype:\n"
            "- expected: {'names': ['left_child', 'missing_go_to_left'], 'itemsize': 64}\n"
            "- got     : [('left_child', '<i8')]"
        ),
        "node array",
        ("before scikit-learn 1.3", "check-compat"),
    ),
    Case(
        "tree nodes of 1.3 in an older one",
        "sklearn-mismatch",
        in_our_worker(
            "ValueError: node array from the pickle has an incompatible dtype:\n"
            "- expected: [('left_child', '<i8')]\n- got     : {'names': ['left_child', 'missing_go_to_left']}"
        ),
        "node array",
        ("1.3 or later", "by an older one"),
    ),
    Case(
        "a class that only two versions have",
        "sklearn-mismatch",
        in_init(
            "AttributeError: Can't get attribute '_RemainderColsList' on <module 'sklearn.compose._column_transformer' "
            f"from '{SITE}/sklearn/compose/_column_transformer.py'>",
            _UNPICKLE,
        ),
        "_RemainderColsList",
        ("1.5 or 1.6",),
    ),
    Case(
        "a class that is gone, in Python's newer words",
        "sklearn-mismatch",
        in_init("AttributeError: module 'sklearn.metrics._scorer' has no attribute '_passthrough_scorer'", _UNPICKLE),
        "_passthrough_scorer",
        ("1.2 or older",),
    ),
    Case(
        "losses that moved",
        "sklearn-mismatch",
        in_init("ModuleNotFoundError: No module named 'sklearn._loss'", _UNPICKLE),
        "sklearn._loss",
    ),
    Case(
        "losses under their bare name",
        "sklearn-mismatch",
        in_init("ModuleNotFoundError: No module named '_loss'", _UNPICKLE),
        "'_loss'",
        ("1.5 to 1.8",),
    ),
    Case(
        "a module of before 0.22",
        "sklearn-mismatch",
        in_our_worker("ModuleNotFoundError: No module named 'sklearn.preprocessing.label'", frames=_UNPICKLE),
        "sklearn.preprocessing.label",
        ("before scikit-learn 0.22",),
    ),
    Case(
        "the bundled joblib",
        "sklearn-mismatch",
        in_init("ModuleNotFoundError: No module named 'sklearn.externals.joblib'", _UNPICKLE),
        "sklearn.externals.joblib",
        ("before scikit-learn 0.23",),
    ),
    Case(
        "an attribute of a newer version, at predict, with the warning above",
        "sklearn-mismatch",
        in_run("AttributeError: 'SimpleImputer' object has no attribute '_fill_dtype'", _IMPUTE, before=_WARNED),
        "_fill_dtype",
        ("1.2.2", "1.6.1", "scikit-learn==1.2.2"),
    ),
    Case(
        "an attribute of a newer version, without a warning",
        "sklearn-mismatch",
        in_our_worker(
            "AttributeError: 'ColumnTransformer' object has no attribute '_name_to_fitted_passthrough'",
            running=True,
            frames=_frame("sklearn/compose/_column_transformer.py", "transform", "self._iter(fitted=True)"),
        ),
        "_name_to_fitted_passthrough",
    ),
    Case(
        "a public attribute, read by scikit-learn itself",
        "sklearn-mismatch",
        in_run("AttributeError: 'RandomForestClassifier' object has no attribute 'monotonic_cst'", _TREE),
        "monotonic_cst",
    ),
    Case(
        "a binary layout that changed",
        "sklearn-mismatch",
        in_run(
            "ValueError: Buffer dtype mismatch, expected 'unsigned int' but got 'long long' in "
            "'node_struct.feature_idx'",
            '  File "sklearn/ensemble/_hist_gradient_boosting/_predictor.pyx", line 40, in sklearn.ensemble._predict\n',
        ),
        "Buffer dtype mismatch",
    ),
    Case(
        "passthrough written as a word",
        "sklearn-mismatch",
        in_run(
            "AttributeError: 'str' object has no attribute 'transform'",
            _frame("sklearn/pipeline.py", "_transform_one", "res = transformer.transform(X)"),
        ),
        "'str' object",
    ),
]

_NUMPY = [
    Case(
        "numpy 2 wrote it, numpy 1 reads it",
        "numpy-abi",
        in_init("ModuleNotFoundError: No module named 'numpy._core'", _UNPICKLE),
        "numpy._core",
        ("numpy",),
    ),
    Case(
        "a size that changed",
        "numpy-abi",
        in_import(
            "ValueError: numpy.ndarray size changed, may indicate binary incompatibility. Expected 88 from C header",
            '  File "pandas/_libs/tslib.pyx", line 1, in init pandas._libs.tslib\n',
        ),
        "numpy.ndarray size changed",
        ("environment.yml",),
    ),
    Case(
        "a C interface of another version",
        "numpy-abi",
        BANNER
        + "RuntimeError: module compiled against ABI version 0x1000009 but this version of numpy is 0x2000000\n"
        + in_import("ImportError: numpy.core.multiarray failed to import"),
        "0x1000009",
    ),
    Case(
        "a generator that numpy 1 does not know",
        "numpy-abi",
        in_init("ValueError: <class 'numpy.random._mt19937.MT19937'> is not a known BitGenerator module."),
        "BitGenerator",
    ),
    Case(
        "a generator with one argument more",
        "numpy-abi",
        in_our_worker("TypeError: __randomstate_ctor() takes from 0 to 1 positional arguments but 2 were given"),
        "__randomstate_ctor",
    ),
    Case(
        "an alias that numpy removed",
        "numpy-abi",
        in_import("AttributeError: module 'numpy' has no attribute 'float'. Did you mean: 'float16'?"),
        "has no attribute 'float'",
    ),
    Case(
        "the core of numpy itself",
        "numpy-abi",
        in_import("ModuleNotFoundError: No module named 'numpy.core._multiarray_umath'"),
        "_multiarray_umath",
    ),
]

_PYTHON = [
    Case(
        "a pickle protocol that 3.7 does not know",
        "python-version",
        in_init("ValueError: unsupported pickle protocol: 5"),
        "unsupported pickle protocol",
        ("3.8",),
    ),
    Case(
        "code pickled by value",
        "python-version",
        in_init("TypeError: code() takes at most 16 arguments (18 given)"),
        "code()",
        ("python",),
    ),
    Case(
        "a module that 3.12 dropped",
        "python-version",
        in_import("ModuleNotFoundError: No module named 'distutils'"),
        "distutils",
    ),
    Case(
        "a name that moved inside the standard library",
        "python-version",
        in_import(
            "ImportError: cannot import name 'Mapping' from 'collections' (/opt/lib/python3.10/collections/__init__.py)"
        ),
        "'Mapping' from 'collections'",
    ),
    Case(
        "newer syntax in an installed package",
        "python-version",
        in_import(
            "SyntaxError: invalid syntax", f'  File "{SITE}/newlib/core.py", line 8\n    match value:\n          ^\n'
        ),
        "SyntaxError",
    ),
    Case(
        "pip says so of one package",
        "python-version",
        "ERROR: Package 'shap' requires a different Python: 3.8.18 not in '>=3.9'\n",
        "requires a different Python",
        (">=3.9",),
    ),
]

_PACKAGES = [
    Case(
        "a package that the script imports",
        "missing-package",
        in_import("ModuleNotFoundError: No module named 'catboost'"),
        "catboost",
        ("add catboost", "environment.yml"),
    ),
    Case(
        "a package that is called otherwise where it is installed from",
        "missing-package",
        in_import("ModuleNotFoundError: No module named 'sklearn'"),
        "'sklearn'",
        ("scikit-learn",),
    ),
    Case(
        "a submodule of a package that is not there",
        "missing-package",
        in_import("ModuleNotFoundError: No module named 'azure.storage'"),
        "azure.storage",
        ("azure-storage-blob",),
    ),
    Case(
        "a package that the model needs, old server",
        "missing-package",
        indented(
            """
            2022-03-01 10:00:00,123 | root | INFO | Invoking user's init function
            2022-03-01 10:00:01,123 | root | ERROR | User's init function failed
            2022-03-01 10:00:01,124 | root | ERROR | Encountered Exception Traceback (most recent call last):
              File "/var/azureml-server/aml_blueprint.py", line 163, in register
                main.init()
              File "/var/azureml-app/score.py", line 9, in init
                booster = joblib.load(file)
            ModuleNotFoundError: No module named 'imblearn'

            Worker exiting (pid: 40)
            """
        ),
        "imblearn",
        ("imbalanced-learn",),
    ),
    Case(
        "the image lacks the server",
        "missing-package",
        "A required package azureml-inference-server-http is missing. Please add it before trying again.\n"
        "2025-11-07T06:40:18,801000000+00:00 - gunicorn/finish 100 0\n",
        "required package",
        ("azureml-inference-server-http",),
    ),
    Case(
        "a system library",
        "missing-package",
        in_import("OSError: libgomp.so.1: cannot open shared object file: No such file or directory"),
        "libgomp.so.1",
        ("libgomp",),
    ),
    Case(
        "compression that is not there",
        "missing-package",
        in_our_worker("ValueError: LZ4 is not installed. Install it with pip: see python-lz4"),
        "LZ4",
        ("lz4",),
    ),
    Case(
        "an optional dependency",
        "missing-package",
        in_run("ImportError: Missing optional dependency 'pyarrow'.  Use pip or conda to install pyarrow."),
        "pyarrow",
        ("add pyarrow",),
    ),
]

_CLASSES = [
    Case(
        "a class of the notebook",
        "missing-class",
        in_init("AttributeError: Can't get attribute 'SpendRatio' on <module '__main__' from '/opt/bin/gunicorn'>"),
        "SpendRatio",
        ("move SpendRatio",),
    ),
    Case(
        "a class of the notebook, in Python's newer words",
        "missing-class",
        in_our_worker("AttributeError: module '__main__' has no attribute 'log_amount'"),
        "log_amount",
        ("log_amount",),
    ),
    Case(
        "a class of a module that is not there",
        "missing-class",
        in_init("ModuleNotFoundError: No module named 'bank_features'", _UNPICKLE),
        "bank_features",
        ("bank_features",),
    ),
    Case(
        "a class that its module no longer has",
        "missing-class",
        in_init("AttributeError: Can't get attribute 'Clipper' on <module 'bank.steps' from '/app/bank/steps.py'>"),
        "Clipper",
        ("bank.steps",),
    ),
]

_LIBRARIES = [
    Case(
        "another xgboost",
        "library-mismatch",
        in_run("AttributeError: 'XGBClassifier' object has no attribute 'feature_types'"),
        "feature_types",
        ("xgboost",),
    ),
    Case(
        "another lightgbm",
        "library-mismatch",
        in_run("AttributeError: 'LGBMClassifier' object has no attribute '_class_map'"),
        "_class_map",
        ("lightgbm",),
    ),
    Case(
        "another pandas wrote it",
        "library-mismatch",
        in_init("ModuleNotFoundError: No module named 'pandas.core.indexes.numeric'", _UNPICKLE),
        "pandas.core.indexes.numeric",
        ("pandas",),
    ),
    Case(
        "two web packages that do not fit",
        "library-mismatch",
        in_import("ImportError: cannot import name 'url_quote' from 'werkzeug.urls' (/opt/werkzeug/urls.py)"),
        "url_quote",
        ("werkzeug",),
    ),
    Case(
        "a newer joblib wrote it",
        "library-mismatch",
        in_init("KeyError: 255", _frame("pickle.py", "load", "dispatch[key[0]](self)")),
        "KeyError: 255",
        ("joblib",),
    ),
    Case(
        "an estimator too old for scikit-learn 1.6",
        "library-mismatch",
        in_run("AttributeError: 'super' object has no attribute '__sklearn_tags__'"),
        "__sklearn_tags__",
    ),
    Case(
        "an old helper of scikit-learn, asked for by another package",
        "library-mismatch",
        in_import(
            "ImportError: cannot import name '_MissingValues' from 'sklearn.utils._param_validation' (/x.py)",
            _frame("imblearn/utils/_param_validation.py", "<module>", "from sklearn.utils import x"),
        ),
        "_MissingValues",
    ),
    Case(
        "a saved booster of another version",
        "library-mismatch",
        in_init(
            "xgboost.core.XGBoostError: [06:40:17] Check failed: If you are loading a serialized model (like pickle)"
        ),
        "serialized model",
    ),
]

_MODELS = [
    Case(
        "another folder than the one that was registered",
        "model-not-found",
        in_init(
            f"FileNotFoundError: [Errno 2] No such file or directory: '{FOLDER}/best.pkl'",
            tree=server("Model Directory Contents:", "12/", "    outputs/", "        MLmodel", "        best.pkl")
            + "\n",
        ),
        "best.pkl",
        ("AZUREML_MODEL_DIR", "outputs/best.pkl"),
    ),
    Case(
        "the folder itself is opened",
        "model-not-found",
        in_init(f"IsADirectoryError: [Errno 21] Is a directory: '{FOLDER}'"),
        "Is a directory",
        ("AZUREML_MODEL_DIR",),
    ),
    Case(
        "a deployment without a model",
        "model-not-found",
        in_init(
            "TypeError: expected str, bytes or os.PathLike object, not NoneType",
            '  File "/var/azureml-app/bank/score.py", line 12, in init\n    p = '
            'os.path.join(os.getenv("AZUREML_MODEL_DIR"))\n',
        ),
        "not NoneType",
        ("AZUREML_MODEL_DIR",),
    ),
    Case(
        "our entry script finds no package",
        "model-not-found",
        in_init(f"FileNotFoundError: no manifest.json at or below {FOLDER}, which holds: model.joblib"),
        "no manifest.json",
        ("register",),
    ),
    Case(
        "a Git LFS pointer",
        "model-is-pointer",
        in_init("_pickle.UnpicklingError: invalid load key, 'v'."),
        "invalid load key",
        ("git lfs pull",),
    ),
    Case(
        "an HTML page",
        "model-is-pointer",
        in_our_worker("_pickle.UnpicklingError: invalid load key, '<'."),
        "invalid load key",
        ("HTML",),
    ),
    Case("a file cut short", "model-corrupt", in_init("EOFError: Ran out of input"), "Ran out of input", ("sha256",)),
    Case(
        "a pickle cut short",
        "model-corrupt",
        in_init("_pickle.UnpicklingError: pickle data was truncated"),
        "truncated",
    ),
    Case(
        "bytes that are no pickle",
        "model-corrupt",
        in_our_worker("_pickle.UnpicklingError: invalid load key, '\\x1f'."),
        "invalid load key",
    ),
    Case(
        "a compressed file cut short",
        "model-corrupt",
        in_init("EOFError: Compressed file ended before the end-of-stream marker was reached"),
        "Compressed file ended",
    ),
]

_SCRIPTS = [
    Case(
        "no script where the deployment says",
        "score-script-missing",
        in_import(
            "FileNotFoundError: [Errno 2] No such file or directory: '/var/azureml-app/bank/scores.py'",
            '  File "<frozen importlib._bootstrap_external>", line 1073, in get_data\n',
        ),
        "scores.py",
        ("scores.py",),
    ),
    Case(
        "no run()",
        "score-script-invalid",
        BANNER
        + server(
            "Traceback (most recent call last):\n"
            f'  File "{SITE}/azureml_inference_server_http/server/user_script.py", line 90, in load_script\n'
            "azureml_inference_server_http.server.user_script.UserScriptError: User script at /var/x/score.py does not "
            "have a run() function defined.",
            level="E",
        )
        + "\n"
        + FAILED_BOOT,
        "does not have a run()",
        ("run(data)",),
    ),
    Case(
        "a bracket that is not closed",
        "score-script-invalid",
        in_import(
            "SyntaxError: '(' was never closed",
            '  File "/var/azureml-app/bank/score.py", line 8\n    def run(\n           ^\n',
        ),
        "never closed",
        ("score.py",),
    ),
    Case(
        "an init() that wants an argument",
        "score-script-invalid",
        in_init("TypeError: init() missing 1 required positional argument: 'path'", frames=" \n"),
        "missing 1 required",
    ),
    Case(
        "an exception of the script's own in init()",
        "init-failed",
        in_init("RuntimeError: segment table is older than the model"),
        "segment table",
        ("RuntimeError: segment table",),
    ),
    Case(
        "an exception while the script is imported",
        "init-failed",
        in_import(
            "KeyError: 'RISK_TABLE'",
            '  File "/var/azureml-app/bank/score.py", line 5, in <module>\n    x = os.environ["RISK_TABLE"]\n',
        ),
        "RISK_TABLE",
    ),
    Case(
        "an exception of the script's own in run()",
        "run-failed",
        in_run("ZeroDivisionError: division by zero"),
        "division by zero",
        ("run() raised ZeroDivisionError",),
    ),
    Case(
        "a method that the model never had",
        "run-failed",
        in_run("AttributeError: 'LinearSVC' object has no attribute 'predict_proba'"),
        "predict_proba",
    ),
    Case(
        "an array for an answer",
        "response-not-json",
        in_run("TypeError: Object of type float32 is not JSON serializable"),
        "float32",
        ("tolist()",),
    ),
    Case(
        "a NaN in the answer",
        "response-not-json",
        in_run("ValueError: Out of range float values are not JSON compliant"),
        "not JSON compliant",
    ),
]

_REQUESTS = [
    Case(
        "too many columns",
        "input-invalid",
        in_run("ValueError: X has 9 features, but StandardScaler is expecting 8 features as input."),
        "9 features",
        ("9", "8", "finbehave invoke"),
    ),
    Case(
        "columns that are missing",
        "input-invalid",
        in_run("ValueError: columns are missing: {'tenure', 'age'}"),
        "tenure",
    ),
    Case(
        "text for a number",
        "input-invalid",
        in_our_worker("ValueError: could not convert string to float: 'gold'", running=True),
        "'gold'",
    ),
    Case(
        "a row that our schema refuses",
        "input-invalid",
        "blue answered 422: row 4, column 'amount': \"abc\" is not a number\n",
        "row 4",
        ("amount",),
    ),
    Case(
        "a body that is no JSON",
        "input-invalid",
        in_run(
            "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
            _frame("json/decoder.py", "decode", "x"),
        ),
        "JSONDecodeError",
    ),
    Case(
        "a model of the request's form",
        "input-invalid",
        in_run("pydantic_core._pydantic_core.ValidationError: 1 validation error for Customer\nage\n  Field required"),
        "1 validation error",
    ),
    Case(
        "a value that only the model refuses",
        "input-invalid",
        in_our_worker("ValueError: the model has no finite answer for these values", running=True),
        "no finite answer",
    ),
]

_PROCESSES = [
    Case(
        "a worker killed from outside",
        "out-of-memory",
        BANNER + INVOKING + "2025-11-07 06:40:29,000 E [31] gunicorn.error - Worker (pid:88) was sent SIGKILL! "
        "Perhaps out of memory?\n"
        "2025-11-07 06:40:29,010 I [90] gunicorn.error - Booting worker with pid: 90\n",
        "SIGKILL",
        ("--instance-type",),
    ),
    Case(
        "an older gunicorn",
        "out-of-memory",
        "[2021-01-01 00:00:00 +0000] [8] [WARNING] Worker with pid 12 was terminated due to signal 9\n",
        "signal 9",
    ),
    Case(
        "a worker of ours killed from outside",
        "out-of-memory",
        "worker 4711 of blue was killed by signal 9 (SIGKILL)\n",
        "signal 9",
    ),
    Case("a worker of ours with a native crash", "segfault", "worker 4711 of blue was killed by SIGSEGV\n", "SIGSEGV"),
    Case(
        "a worker of ours that is slow to start", "init-timeout", "blue was not ready within 60 s\n", "60 s", ("60 s",)
    ),
    Case(
        "an array too large",
        "out-of-memory",
        in_run("numpy.core._exceptions._ArrayMemoryError: Unable to allocate 11.2 GiB for an array with shape (90, 9)"),
        "11.2 GiB",
        ("11.2 GiB",),
    ),
    Case(
        "Kubernetes' word", "out-of-memory", "State: Terminated\n  Reason: OOMKilled\n  Exit Code: 137\n", "OOMKilled"
    ),
    Case(
        "the shell's word",
        "out-of-memory",
        "/start.sh: line 12:    57 Killed                  python worker.py\n",
        "Killed",
    ),
    Case(
        "a native crash",
        "segfault",
        BANNER + INVOKING + "2025-11-07 06:40:29,000 W [31] gunicorn.error - Worker (pid:88) was sent SIGSEGV!\n",
        "SIGSEGV",
        ("numpy", "environment.yml"),
    ),
    Case(
        "a native crash that Python reports",
        "segfault",
        'Fatal Python error: Segmentation fault\n\nCurrent thread 0x7f (most recent call first):\n  File "m.py", '
        "line 3 in load\n",
        "Segmentation fault",
    ),
    Case("a native crash by its exit code", "segfault", "container blue exited with code 139\n", "139"),
    Case(
        "an init() that never ends",
        "init-timeout",
        PROBES + BANNER + INVOKING,
        "Invoking",
        ("probes",),
    ),
    Case(
        "a worker stopped in init()",
        "init-timeout",
        BANNER + INVOKING + "2025-11-07 06:45:29,000 C [31] gunicorn.error - WORKER TIMEOUT (pid:88)\n"
        "2025-11-07 06:45:30,000 E [31] gunicorn.error - Worker (pid:88) was sent SIGKILL! Perhaps out of memory?\n",
        "WORKER TIMEOUT",
    ),
    Case(
        "a worker stopped in a request",
        "scoring-timeout",
        BANNER + INVOKING + SERVING + "2025-11-07 06:45:29,000 C [31] gunicorn.error - WORKER TIMEOUT (pid:88)\n"
        "2025-11-07 06:45:30,000 E [31] gunicorn.error - Worker (pid:88) was sent SIGKILL! Perhaps out of memory?\n",
        "WORKER TIMEOUT",
    ),
    Case(
        "the server's own limit",
        "scoring-timeout",
        in_run(
            "azureml_inference_server_http.server.user_script.UserScriptTimeout: Script failed to finish execution "
            "within "
            "the allocated time: 750ms"
        ),
        "750ms",
        ("750ms",),
    ),
    Case("the platform's limit", "scoring-timeout", "HTTP/1.1 408 Request Timeout\nupstream request timeout\n", "408"),
    Case(
        "a probe for another path",
        "probe-misconfigured",
        BANNER + INVOKING + SERVING + "Kind: Pod, Name: x, Type: Warning, Message: Liveness probe failed: HTTP probe "
        "failed with "
        "statuscode: 404\n",
        "statuscode: 404",
        ("31311",),
    ),
    Case(
        "a probe for another port",
        "probe-misconfigured",
        BANNER
        + INVOKING
        + SERVING
        + 'Readiness probe failed: Get "http://10.1.0.4:5001/": dial tcp 10.1.0.4:5001: connect: connection refused\n',
        "5001",
        ("5001", "31311"),
    ),
    Case(
        "no room on the disk",
        "disk-full",
        in_init("OSError: [Errno 28] Auf dem Gerät ist kein Speicherplatz mehr verfügbar: '/tmp/x'"),
        "Errno 28",
        ("space",),
    ),
]

_BUILDS = [
    Case(
        "a release that is not there",
        "image-build-failed",
        "ERROR: Could not find a version that satisfies the requirement pandas==9.9 (from versions: 2.1.0, 2.2.0)\n"
        "ERROR: No matching distribution found for pandas==9.9\n",
        "pandas==9.9",
        ("pandas==9.9", "environment.yml"),
    ),
    Case(
        "pins that conflict, pip",
        "image-build-failed",
        "ERROR: Cannot install numpy==1.19.0 and pandas==2.2.0 because these package versions have conflicting "
        "dependencies.\n"
        "The conflict is caused by:\n    pandas 2.2.0 depends on numpy>=1.22.4\n"
        "ERROR: ResolutionImpossible: for help visit the manual\n",
        "conflicting dependencies",
        ("numpy==1.19.0",),
    ),
    Case(
        "pins that conflict, conda",
        "image-build-failed",
        "Solving environment: ...working... failed\n\nResolvePackageNotFound: \n  - scikit-learn=1.9.9\n",
        "ResolvePackageNotFound",
        ("scikit-learn=1.9.9",),
    ),
    Case(
        "pins that conflict, mamba",
        "image-build-failed",
        "LibMambaUnsatisfiableError: Encountered problems while solving:\n  - nothing provides requested numpy 9.9\n",
        "Unsatisfiable",
        ("numpy 9.9",),
    ),
    Case(
        "pins that conflict, uv",
        "image-build-failed",
        "  × No solution found when resolving dependencies:\n  ╰─▶ Because there is no version of lightgbm==99.0 and "
        "you "
        "require lightgbm==99.0, we can conclude that your requirements are unsatisfiable.\n",
        "No solution found",
        ("lightgbm==99.0",),
    ),
    Case(
        "a package that cannot be compiled",
        "image-build-failed",
        "  error: command 'gcc' failed: No such file or directory\n  ERROR: Failed building wheel for hdbscan\n"
        "ERROR: Could not build wheels for hdbscan, which is required to install pyproject.toml-based projects\n",
        "gcc",
        ("hdbscan",),
    ),
    Case(
        "only the platform's word",
        "image-build-failed",
        "(ImageBuildFailure) Image build failed. See the log.\n",
        "ImageBuildFailure",
    ),
    Case(
        "an image that may not be pulled",
        "image-pull-denied",
        'Failed to pull image "bank.azurecr.io/azureml/x:1": 401 Unauthorized\nBack-off: ImagePullBackOff\n',
        "Failed to pull",
        ("AcrPull",),
    ),
]

_PLATFORM = [
    Case(
        "no quota for the machine",
        "quota",
        '(BadRequest) The request is invalid. {"errors":{"VmSize":["Not enough quota available for Standard_F4s_v2 in '
        'SubscriptionId 0. Current usage/limit: 0/6. Additional needed: 8"]}}\n',
        "Not enough quota",
        ("Standard_F4s_v2", "0/6"),
    ),
    Case(
        "no quota for endpoints",
        "quota",
        "InferencingClientCallFailed: Endpoint Quota reached for subscription 0.\n",
        "Endpoint Quota",
        ("finbehave delete",),
    ),
    Case("too fast", "throttled", "HTTP/1.1 429 Too Many Requests\nretry-after: 7\n", "429", ("Retry-After",)),
    Case(
        "too fast, in the access log",
        "throttled",
        BANNER + INVOKING + SERVING + server("POST /score 429 1.0ms 20") + "\n",
        "429",
    ),
    Case(
        "a key that no longer holds",
        "auth-key",
        "{'error': {'code': 'key_auth_access_denied', 'message': 'Access denied'}}\n",
        "key_auth",
        ("finbehave keys show",),
    ),
    Case(
        "a secret that has expired",
        "auth-token",
        "ClientAuthenticationError: AADSTS7000222: The provided client secret keys are expired.\n",
        "AADSTS7000222",
        ("client secret has expired", "az login"),
    ),
    Case(
        "nobody signed in",
        "auth-token",
        "DefaultAzureCredential failed to retrieve a token from the included credentials.\n",
        "failed to retrieve",
        ("az login",),
    ),
    Case(
        "a role that is missing",
        "role-missing",
        "(AuthorizationFailed) The client 'x' does not have authorization to perform action "
        "'Microsoft.MachineLearningServices/"
        "workspaces/onlineEndpoints/write' over scope '/subscriptions/0'\n",
        "AuthorizationFailed",
        ("onlineEndpoints/write",),
    ),
    Case(
        "an endpoint that is not there",
        "endpoint-not-found",
        "(ResourceNotFound) The Resource "
        "'Microsoft.MachineLearningServices/workspaces/w/onlineEndpoints/spend' under resource group 'g' was not "
        "found.\n",
        "was not found",
        ("spend", "finbehave status"),
    ),
    Case(
        "an endpoint without traffic",
        "no-traffic",
        "No valid deployments to route to. Please check that the "
        "endpoint has at least one deployment with positive weight values\n",
        "No valid deployments",
        ("finbehave traffic set",),
    ),
    Case(
        "somebody else is at it",
        "conflict",
        "Cannot create a deployment in endpoint spend because it is in Updating provisioning state.\n",
        "Updating provisioning state",
    ),
    Case(
        "a name that does not resolve",
        "network-blocked",
        in_init(
            "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='bank.blob.core.windows.net', port=443): "
            "Max retries "
            "exceeded with url: / (Caused by NameResolutionError: [Errno -3] Temporary failure in name resolution)",
            _frame("requests/adapters.py", "send", "raise ConnectionError(e)"),
        ),
        "Max retries",
        ("bank.blob.core.windows.net",),
    ),
    Case(
        "a private workspace",
        "network-blocked",
        "Public network access is disabled for the workspace; use a private endpoint.\n",
        "Public network access",
    ),
    Case(
        "the platform itself",
        "platform-error",
        "(InternalServerError) An internal server error occurred. Please try again.\n",
        "InternalServerError",
    ),
]

CASES: tuple[Case, ...] = (
    *_SKLEARN, *_NUMPY, *_PYTHON, *_PACKAGES, *_CLASSES, *_LIBRARIES, *_MODELS, *_SCRIPTS, *_REQUESTS, *_PROCESSES,
    *_BUILDS, *_PLATFORM,
)  # fmt: skip
