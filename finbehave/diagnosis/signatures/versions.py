"""Signatures: numpy, Python or another library that is of another version than was needed."""

from __future__ import annotations

from finbehave.diagnosis.names import (
    OTHER_CLASSES,
    PANDAS_REMOVED,
    STDLIB_CHANGES,
    STDLIB_PARTS,
    one_of,
)
from finbehave.diagnosis.signatures.form import Phase, Signature
from finbehave.diagnosis.signatures.remedies import LIBRARY, MEASURED, NO_MODULE, NUMPY, PYTHON

NUMPY_SIGNATURES = (
    Signature(
        "numpy-abi",
        ("size changed, may indicate",),
        r"(?P<name>numpy\.\w+) size changed, may indicate binary incompat",
        "numpy and a compiled package in the image were built for each other's other version ({name} changed its size)",
        NUMPY,
        "numpy's troubleshooting guide",
        0.97,
        raised=True,
    ),
    Signature(
        "numpy-abi",
        ("compiled against api version", "compiled against abi version"),
        r"module (?:was )?compiled against (?:API|ABI) version (?P<built>0x[0-9a-f]+) but this version of numpy is "
        r"(?P<there>0x[0-9a-f]+)",
        "a compiled package was built for another numpy (C interface {built}, in the image {there})",
        NUMPY,
        "numpy's troubleshooting guide",
        0.96,
    ),
    Signature(
        "numpy-abi",
        ("compiled using numpy", "multiarray failed to import", "_array_api not found", "numpy c-extensions failed"),
        r"compiled using NumPy 1\.x cannot be run in|numpy\.\w*core\.\w+ failed to import|_ARRAY_API not found"
        r"|Importing the numpy C-extensions failed",
        "a compiled package was built for another numpy than the one in the image",
        NUMPY,
        "numpy's troubleshooting guide",
        0.95,
    ),
    Signature(
        "numpy-abi",
        ("no module named", "can't get attribute"),
        r"(?:No module named '?(?P<module>numpy\.[\w.]+)"
        r"|Can't get attribute '[^']+'? on <module '(?P<module2>numpy[\w.]*)')",
        "the model was saved with another numpy: {module} is not in the one that loads it (numpy 2 moved its core)",
        "pin numpy in environment.yml to the major version of training (a file that names numpy._core was saved with "
        "numpy 2, or needs 1.26.1 or later), or train again with finbehave train --environment environment.yml",
        MEASURED,
        0.96,
        raised=True,
    ),
    Signature(
        "numpy-abi",
        ("bitgenerator", "randomstate_ctor", "generator_ctor", "bit_generator_ctor"),
        r"(?P<name>\w+)'?>? is not a known BitGenerator|__(?:randomstate|generator|bit_generator)_ctor\(\) takes",
        "the model holds a random generator saved with another numpy",
        "pin numpy in environment.yml to the major and minor version of training, or train again with an integer "
        "seed in "
        "the image's numpy: finbehave train --environment environment.yml",
        MEASURED,
        0.96,
        raised=True,
    ),
    Signature(
        "numpy-abi",
        ("numpy",),
        r"module 'numpy(?:\.\w+)*' has no attribute '(?P<name>\w+)'|`?np\.(?P<name2>\w+)`? was removed in the NumPy"
        r"|cannot import name '(?P<name3>\w+)' from 'numpy[\w.]*'",
        "code in the image was written for another numpy: {name} is no longer there",
        NUMPY,
        "numpy 1.24 and 2.0 release notes",
        0.9,
        raised=True,
    ),
    Signature(
        "numpy-abi",
        ("numba needs numpy", "incompatible with numpy", "numpy.generic"),
        r"Numba needs NumPy .{3,40}|this version of pandas is incompatible with numpy"
        r"|Cannot interpret '<attribute 'dtype' of 'numpy\.generic' objects>'",
        "a package in the image does not work with its numpy",
        NUMPY,
        "the packages' own import checks",
        0.93,
        raised=True,
    ),
    Signature(
        "numpy-abi",
        ("undefined symbol",),
        r"undefined symbol: (?P<name>\w*(?:PyArray|npy_|PyUFunc|NPY)\w*)",
        "a compiled package was built for another numpy (undefined symbol {name})",
        NUMPY,
        "the dynamic linker",
        0.9,
    ),
)

PYTHON_SIGNATURES = (
    Signature(
        "python-version",
        ("unsupported pickle protocol",),
        r"unsupported pickle protocol: (?P<protocol>\d+)",
        "the model was saved by a newer Python: pickle protocol {protocol} is not known to the one in the image",
        "set python to 3.8 or later in environment.yml (the version of training is best), or save the model again with "
        "protocol 4",
        MEASURED,
        0.97,
        raised=True,
    ),
    Signature(
        "python-version",
        (
            "code() ",
            "code expected",
            "bad marshal data",
            "unknown opcode",
            "bad magic number",
            "an integer is required",
            "interpreted as an integer",
            "no locals when",
        ),
        r"code\(\) (?:takes|argument \d+ must)|code expected at (?:least|most) \d+ arguments|bad marshal data"
        r"|unknown opcode|bad magic number in|an integer is required \(got type bytes\)"
        r"|'bytes' object cannot be interpreted as an integer|no locals when (?:deleting|loading)",
        "code in the model file was compiled by another Python than the one in the image",
        PYTHON,
        MEASURED,
        0.93,
        raised=True,
    ),
    Signature(
        "python-version",
        ("requires a different python",),
        r"(?:Package |ERROR: )?'?(?P<pin>[\w.-]+)'?.{0,80}requires a different Python: (?P<python>[\d.]+) not in '"
        r"(?P<needs>[^']+)'",
        "{pin} needs Python {needs}, and the environment has {python}",
        "set python to a version within {needs} in environment.yml, or pin an older {pin}; finbehave deploy MODEL "
        "--plan",
        "pip",
        0.95,
    ),
    Signature(
        "python-version",
        ("require a different python version",),
        r"versions that require a different python version: .{0,4000}?(?P<last>\S+ Requires-Python \S+)\s*$",
        (
            "the Python of the environment does not fit {pin}, which needs {needs}",
            "the Python of the environment does not fit the releases that were asked for ({last})",
        ),
        (
            "set python to {needs} in environment.yml, or pin another version; finbehave deploy MODEL --plan checks it",
            "set python in environment.yml to what the line asks for, or pin another version; finbehave deploy MODEL "
            "--plan "
            "checks it",
        ),
        "pip",
        0.8,
        present=r"No matching distribution found|could not find a version",
        near=(
            r"(?:No matching distribution found for|satisfies the requirement) (?P<pin>[^\s(]+)",
            r"(?<![\w.]){version} Requires-Python (?P<needs>[^;\s]+)",
        ),
    ),
    Signature(
        "python-version",
        ("does not satisfy python",),
        r"(?:requested|current) Python version \((?P<python>[^)]+)\) does not satisfy Python(?P<needs>[^ ]+)",
        "the environment asks for Python {python}, and a pinned package needs {needs}",
        "set python to {needs} in environment.yml, or pin an older version; finbehave deploy MODEL --plan checks it",
        "uv",
        0.9,
    ),
    Signature(
        "python-version",
        ("no module named",),
        NO_MODULE + r"(?P<module>" + one_of(STDLIB_CHANGES) + r")(?:'|$|\s|;)",
        "{module} belongs to the standard library of another Python than the one in the image",
        "set python in environment.yml to a version that has {module} (distutils and imp: up to 3.11; tomllib: from "
        "3.11; "
        "zoneinfo: from 3.9), or upgrade the package that imports it",
        "What's New In Python 3.8 to 3.13",
        0.92,
        raised=True,
    ),
    Signature(
        "python-version",
        ("cannot import name", "has no attribute"),
        r"cannot import name '(?P<name>\w+)' from '(?P<module>" + one_of(STDLIB_PARTS) + r"(?:\.\w+)*)'"
        r"|module '(?P<module2>" + one_of(STDLIB_PARTS) + r")' has no attribute '(?P<name2>\w+)'",
        "{name} is not in the {module} of this Python: code in the image was written for another version",
        PYTHON,
        "What's New In Python 3.8 to 3.13",
        0.85,
        raised=True,
    ),
    Signature(
        "python-version",
        ("is not subscriptable", "unsupported operand type(s) for |"),
        r"TypeError: '(?:type|ABCMeta|function)' object is not subscriptable"
        r"|unsupported operand type\(s\) for \|: '(?:type|_GenericAlias|NoneType|ABCMeta)'",
        "code in the image uses type hints that its Python does not know yet (list[int] from 3.9, X | None from 3.10)",
        PYTHON,
        "PEP 585, PEP 604",
        0.85,
        raised=True,
        phase=Phase.START,
    ),
    Signature(
        "python-version",
        ("syntaxerror",),
        r"^SyntaxError: ",
        "a package in the image is written for another Python",
        PYTHON,
        "what Python says about newer syntax in an installed package",
        0.85,
        raised=True,
        frames=r"(?:site|dist)-packages",
    ),
)

LIBRARY_SIGNATURES = (
    *(
        Signature(
            "library-mismatch",
            ("object has no attribute",),
            rf"'(?P<name>{classes})' object has no attribute '(?P<attribute>\w+)'",
            "the model was saved with another " + library + ": {name} has no {attribute} in the file",
            LIBRARY.replace("{library}", library),
            f"bug reports of {library} users",
            0.92,
            raised=True,
        )
        for library, classes in OTHER_CLASSES.items()
    ),
    Signature(
        "library-mismatch",
        ("serialized model", "serialisation_header", "model version", "unknown model format", "model format error"),
        r"loading a serialized model|serialisation_header_|Unknown model (?:format|version)|Model format error"
        r"|newer model version|Incorrect model file descriptor",
        "the model was saved with another version of its library (xgboost, lightgbm or catboost)",
        "pin the library in environment.yml to the version used in training, or save the model again with its own "
        "save_model and load that",
        "xgboost's introduction to model IO",
        0.93,
    ),
    Signature(
        "library-mismatch",
        ("can't get attribute", "has no attribute"),
        r"(?:Can't get attribute '(?P<attribute>[^']+)'? on <module '(?P<module>(?P<library>pandas|scipy|xgboost"
        r"|lightgbm|catboost"
        r"|imblearn|category_encoders|cloudpickle|dill|joblib|statsmodels|torch|skops|shap|polars|pyarrow)\b[\w.]*)'"
        r"|module '(?P<module2>(?P<library2>pandas|scipy|xgboost|lightgbm|catboost|imblearn|category_encoders"
        r"|cloudpickle"
        r"|dill|joblib|statsmodels|torch|flask|werkzeug|jinja2|pydantic"
        r"|google)\b[\w.]*)' has no attribute '(?P<attribute2>[^']+)')",
        "the model or the code was made for another {library}: {attribute} is not in {module}",
        LIBRARY,
        MEASURED,
        0.93,
        raised=True,
    ),
    Signature(
        "library-mismatch",
        ("object has no attribute",),
        r"'(?:DataFrame|Series|DataFrameGroupBy|Index|RangeIndex)' object has no attribute '(?P<attribute>"
        + one_of(PANDAS_REMOVED)
        + r")'",
        "the score script was written for another pandas: {attribute} was removed",
        "pin pandas in environment.yml to the version used in training, or replace {attribute} in the score script",
        "pandas 1.0, 2.0 and 3.0 release notes",
        0.9,
        raised=True,
    ),
    Signature(
        "library-mismatch",
        ("stringdtype", "ndarraybacked", "_unpickle_block", "new_block"),
        r"StringDtype\.__init__\(\) takes|NDArrayBacked|_unpickle_block|new_block\(\)",
        "the model holds pandas objects that another pandas saved",
        LIBRARY.replace("{library}", "pandas"),
        MEASURED,
        0.9,
        raised=True,
    ),
    Signature(
        "library-mismatch",
        ("cannot import name",),
        r"cannot import name '(?P<name>\w+)' from '(?:partially initialized module ')?(?P<module>(?P<library>werkzeug"
        r"|flask"
        r"|jinja2|markupsafe|itsdangerous|pydantic|pydantic_core|scipy|pandas|joblib|threadpoolctl|imblearn|xgboost"
        r"|lightgbm"
        r"|typing_extensions|importlib_metadata|google|urllib3|requests|packaging|azureml|azure|mlflow|opentelemetry"
        r"|attr|cloudpickle|setuptools|shap|transformers|torch|numba|dask|pyarrow|cryptography|OpenSSL)\b[\w.]*)'",
        "two packages in the image do not fit each other: {name} is not in this {library}",
        "pin {library} in environment.yml to the version that the importing package was made for, or upgrade that "
        "package; build anew, then finbehave deploy MODEL",
        "flask 2 beside werkzeug 3 and its kind, in bug reports",
        0.9,
        raised=True,
    ),
    Signature(
        "library-mismatch",
        ("no module named",),
        NO_MODULE
        + r"(?P<module>(?P<library>pandas|scipy|xgboost|lightgbm|catboost|imblearn|category_encoders|joblib|statsmodels"
        r"|pydantic|flask|werkzeug|keras|tensorflow|torch|dill|cloudpickle|shap|urllib3|mlflow|polars"
        r"|pyarrow)\.[\w.]+)",
        "the model or the code was made for another {library}: {module} is not in the one in the image",
        LIBRARY,
        MEASURED,
        0.88,
        raised=True,
    ),
    Signature(
        "library-mismatch",
        ("joblib pickle generated with python 2", "did not recognise loaded array", "stack_global requires str"),
        r"joblib pickle generated with python 2|Did not recognise loaded array|STACK_GLOBAL requires str",
        "the model was saved by a newer joblib (1.2 or later) than the one that loads it",
        "pin joblib>=1.2 in environment.yml (best: the version used in training), " + "then finbehave deploy MODEL",
        MEASURED,
        0.85,
        raised=True,
        frames=r"joblib|numpy_pickle",
    ),
    Signature(
        "library-mismatch",
        ("keyerror:", "invalid literal for int() with base 10: b"),
        r"^KeyError: (?!60$|118$)\d{1,12}$|invalid literal for int\(\) with base 10: b['\"]",
        "the model was saved by a newer joblib (1.2 or later) than the one that loads it",
        "pin joblib>=1.2 in environment.yml (best: the version used in training), then finbehave deploy MODEL",
        MEASURED,
        0.85,
        raised=True,
        frames=r"numpy_pickle|joblib[/\\]|pickle\.py:load|dispatch\[key",
    ),
    Signature(
        "library-mismatch",
        ("versionconflict", "descriptors cannot", "been moved to the `pydantic", "currently installed"),
        r"VersionConflict: \((?P<there>[^()]{1,80}) \(.{0,200}?Requirement\.parse\('(?P<asked>[^']+)'\)"
        r"|Descriptors cannot(?: not)? be created directly|`BaseSettings` has been moved"
        r"|requires version '(?P<asked2>[^']+)' or newer of '(?P<library>[^']+)'",
        (
            "a package in the image asks for {asked}, and there is another version",
            "two packages in the image do not fit each other",
        ),
        "pin the package that the line names, in environment.yml, to a version that both accept; build anew, then "
        "finbehave "
        "deploy MODEL",
        "setuptools, protobuf, pydantic and pandas",
        0.9,
    ),
    Signature(
        "library-mismatch",
        ("glibc", "undefined symbol"),
        r"version `(?P<name>GLIBC(?:XX)?_[\d.]+)' not found|undefined symbol: (?P<name2>\w+)",
        "a compiled package was built for another system library ({name})",
        "use a newer base image, or pin the package in environment.yml to a version built for this one; build anew, "
        "then "
        "finbehave deploy MODEL",
        "the dynamic linker",
        0.88,
    ),
)
