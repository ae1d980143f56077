"""Signatures: something that is imported and is not in the image."""

from __future__ import annotations

from finbehave.diagnosis.names import DISTRIBUTIONS, NATIVE_MODULES, one_of
from finbehave.diagnosis.signatures.form import Signature
from finbehave.diagnosis.signatures.remedies import CHECK, NO_MODULE

_KNOWN = one_of({name.partition(".")[0] for name in DISTRIBUTIONS})
_ADD = "add {package}, at the version used in training, to environment.yml, then finbehave deploy MODEL; " + CHECK
_BY_PICKLE = r"find_class|__import__\(module|numpy_pickle|_unpickle|pickle\.py:|\.loads?\((?!\S*json)"

SIGNATURES = (
    Signature(
        "missing-package",
        ("mlflow_score_script", "azureml.ai"),
        NO_MODULE + r"(?P<module>azureml\.ai[\w.]*)",
        "{package} is not in the image: the platform's own MLflow score script imports {module}",
        "add {package} to the conda.yaml that travels with the MLflow model (or to environment.yml), then finbehave "
        "deploy "
        "MODEL",
        "Azure's MLflow score script since May 2026",
        0.97,
        raised=True,
    ),
    Signature(
        "missing-package",
        ("no module named",),
        NO_MODULE + r"(?P<module>" + one_of(NATIVE_MODULES) + r")(?:'|$|\s)",
        "the Python in the image was built without {module}: {system} was not there",
        "use another Python or base image in environment.yml (conda's pythons have it), then finbehave deploy MODEL",
        "how CPython builds its optional modules",
        0.9,
        raised=True,
    ),
    Signature(
        "score-script-missing",
        ("no module named 'main'", "no score script found"),
        r"No module named 'main'|No score script found",
        "the server found no score script",
        "name the score script of the deployment (its code folder and scoring_script), then finbehave deploy MODEL",
        "azureml-inference-server-http",
        0.93,
        raised=True,
        present=r"azmlinfsrv|azureml|gunicorn|score script|load_script",
    ),
    Signature(
        "missing-class",
        ("no module named",),
        NO_MODULE + r"(?P<module>(?!" + _KNOWN + r"(?:\.|'|$|\s))[A-Za-z_][\w.]*)",
        "the model holds a class of {module}, a module that is not in the image",
        "ship {module} with the model (a package in environment.yml, or a module beside the score script), or move the "
        "class into one that ships and save the model again; " + CHECK,
        "pickle stores where a class lives, not the class",
        0.85,
        raised=True,
        frames=_BY_PICKLE,
    ),
    Signature(
        "missing-package",
        ("no module named",),
        NO_MODULE + r"(?P<module>" + _KNOWN + r"(?:\.[\w.]+)?)(?:'|$|\s|;)",
        (
            "{package} is not in the image: {alias} is imported and not there",
            "{package} is imported and not in the image",
        ),
        _ADD,
        "Python's import",
        0.95,
        raised=True,
    ),
    Signature(
        "missing-package",
        ("no module named",),
        NO_MODULE + r"(?P<module>[A-Za-z_][\w.]*)",
        "{module} is imported and is not in the image: neither a package there nor a module beside the score script",
        "if it is a package, add {package} at the version used in training to environment.yml; if it is your own "
        "module, put "
        "it into the code folder beside the score script; then finbehave deploy MODEL",
        "Python's import",
        0.9,
        raised=True,
    ),
    Signature(
        "missing-package",
        ("modulenotfounderror",),
        r"ModuleNotFoundError(?::? ?(?:N(?:o(?: m[a-z ']{0,16})?)?)?)?$",
        "a package is not in the image (the log is cut before its name)",
        "get the whole log for its name (finbehave logs --tail 2000), add it to environment.yml, then finbehave "
        "deploy MODEL",
        "Python's import",
        0.7,
        raised=True,
    ),
    Signature(
        "missing-package",
        ("lz4 is not installed",),
        r"LZ4 is not installed",
        "lz4 is not in the image: the model file is compressed with it",
        "add lz4 to environment.yml, or save the model again with joblib.dump(model, file, compress=3), then finbehave "
        "deploy MODEL",
        "joblib",
        0.97,
        raised=True,
    ),
    Signature(
        "missing-package",
        ("required package", "missing optional dependency", "is not installed", "pip install"),
        r"[Rr]equired package (?P<package>[\w.-]+) is missing|Missing optional dependency '(?P<package2>[\w.-]+)'"
        r"|ImportError: .{0,160}?(?:pip|conda) install (?P<package3>[a-zA-Z][\w.-]*)"
        r"|(?:ImportError|ModuleNotFoundError): .{0,80}?[`'\"]?(?P<package4>\b[a-zA-Z][\w.-]+)[`'\"]? is not installed",
        "{package} is not in the image",
        _ADD,
        "the packages' own words, and Azure's inference image",
        0.93,
    ),
    Signature(
        "missing-package",
        ("packagenotfounderror", "distributionnotfound", "no package metadata"),
        r"(?:PackageNotFoundError: "
        r"|No package metadata was found for (?:The '(?P<package>[\w.-]+)')?)(?P<package2>[\w.-]+)?"
        r"|DistributionNotFound: The '(?P<package3>[\w.-]+)",
        "{package} is not in the image",
        _ADD,
        "importlib.metadata, setuptools",
        0.85,
        raised=True,
    ),
    Signature(
        "missing-package",
        ("executable file not found", "command not found", ": not found"),
        r"(?P<package>azmlinfsrv|gunicorn|uvicorn|python3?)['\"]?: (?:executable file not found"
        r"|(?:command )?not found)",
        "{package} is not in the image, so that no server can start",
        "add azureml-inference-server-http (it brings azmlinfsrv and gunicorn) to environment.yml, then finbehave "
        "deploy "
        "MODEL",
        "the shell, and container runtimes",
        0.93,
    ),
    Signature(
        "missing-package",
        ("cannot open shared object file",),
        r"(?P<module>lib[\w+.-]+\.so[\w.]*): cannot open shared object file",
        "a system library is not in the image: {module}",
        "add it to the image (for libgomp.so.1: conda-forge's libgomp in environment.yml, or apt-get install "
        "libgomp1 in "
        "the image), then finbehave deploy MODEL",
        "the dynamic linker",
        0.9,
    ),
)
