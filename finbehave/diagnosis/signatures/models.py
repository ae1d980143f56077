"""Signatures: a model file that is not where it is looked for, is no model, or needs a class that is not there."""

from __future__ import annotations

from finbehave.diagnosis.signatures.form import Phase, Signature
from finbehave.diagnosis.signatures.remedies import CHECK

_MODEL_PATH = (
    r"(?P<path>[^'\"]{0,300}(?:azureml-models[^'\"]{0,300}|\.(?:joblib|pkl|pickle|sav|bst|ubj|cbm|onnx|h5|keras|pt"
    r"|pth|dill|skops"
    r"|model|npz?)(?:\.\w{1,4})?|[Mm]odel[\w.-]*(?:/[\w.-]*){0,3}))"
)
_DIRECTORY = (
    'in the score script open os.path.join(os.environ["AZUREML_MODEL_DIR"], "{found}"), then finbehave deploy MODEL',
    'in the score script build the path from os.environ["AZUREML_MODEL_DIR"] and the folder that was registered; '
    "finbehave logs --explain shows what lies there",
)

SIGNATURES = (
    Signature(
        "score-script-missing",
        ("no such file", "filenotfounderror"),
        r"(?:No such file or directory|FileNotFoundError: \[Errno 2\][^:]{0,80}): '?(?P<path>[^']*\.py)\b",
        "the score script is not where the deployment says: {path}",
        "put the file into the code folder of the deployment, or correct the name of the scoring script, then "
        "finbehave "
        "deploy MODEL",
        "azureml-inference-server-http",
        0.93,
        raised=True,
    ),
    Signature(
        "model-not-found",
        ("no such file", "filenotfounderror", "is a directory", "not a directory"),
        r"(?:No such file or directory|FileNotFoundError: \[Errno 2\][^:]{0,80}|Is a directory|Not a directory"
        r"|\[Errno 2[01]\][^:]{0,80}): ['\"]" + _MODEL_PATH,
        (
            "the score script looks for the model in the wrong folder: {path} is not there, {found} is",
            "the score script looks for the model where there is none: {path}",
        ),
        _DIRECTORY,
        "azureml-inference-server-http prints the folder after the traceback",
        0.95,
        raised=True,
    ),
    Signature(
        "model-not-found",
        ("no manifest.json at or below",),
        r"no manifest\.json at or below (?P<path>[^\s,]+), which holds: (?P<why>.{1,160})",
        "there is no package at or below {path}; it holds {why}",
        "register the whole package directory (finbehave register PACKAGE), then finbehave deploy MODEL",
        "finbehave's entry script",
        0.95,
        raised=True,
    ),
    Signature(
        "model-not-found",
        ("azureml_model_dir", "not nonetype"),
        r"KeyError: '(?P<name>AZUREML_MODEL_DIR)'|expected str, bytes or os\.PathLike object, not NoneType"
        r"|join\(\) argument must be str.{0,40}not 'NoneType'",
        "AZUREML_MODEL_DIR is not set: the deployment has no model",
        "name the model in the deployment: finbehave deploy MODEL (locally, set AZUREML_MODEL_DIR to the package's "
        "folder)",
        "azureml-inference-server-http",
        0.85,
        raised=True,
        phase=Phase.START,
        frames=r"MODEL_DIR|:init:|model",
    ),
    Signature(
        "model-not-found",
        (
            "model not found in cache",
            "modelnotfound",
            "mlmodel configuration",
            "savedmodel file does not exist",
            "unable to download user model",
        ),
        r"Model not found in cache|ModelNotFound|Could not find an \"?MLmodel|SavedModel file does not exist"
        r"|[Uu]nable to download user model: not found|No such artifact",
        (
            "the model is not in the folder that the deployment was given; {found} is",
            "the model is not in the folder that the deployment was given",
        ),
        _DIRECTORY,
        "azureml-core, mlflow, Azure's troubleshooting page",
        0.88,
    ),
    Signature(
        "model-not-found",
        ("could not open", "opening", "cannot open"),
        r"(?:Could not open|Cannot open|Opening) (?:file:? ?)?'?" + _MODEL_PATH + r"'?(?: failed|$|\s)",
        (
            "the score script looks for the model in the wrong folder: {path} is not there, {found} is",
            "the score script looks for the model where there is none: {path}",
        ),
        _DIRECTORY,
        "xgboost and lightgbm",
        0.85,
        raised=True,
    ),
    Signature(
        "model-not-found",
        ("not found",),
        r"[Mm]odel (?:with (?:name|id) )?['\"]?(?:azureml:)?(?P<path>[\w.-]+:[\w.-]+)['\"]? (?:was |is |could )?not"
        r" (?:be )?found",
        "the model {path} is not in the registry",
        "finbehave models list shows what is registered; finbehave register PACKAGE adds it",
        "Azure's answer to a deployment of an unknown model",
        0.8,
    ),
    Signature(
        "model-is-pointer",
        ("invalid load key", "git-lfs.github.com", "keyerror: 118"),
        r"invalid load key, 'v'|version https://git-lfs\.github\.com/spec|^KeyError: 118$",  # 118 is that letter
        "the model file is a Git LFS pointer, not the model",
        "git lfs pull, check that the file is as large as it should be, then finbehave register PACKAGE and "
        "finbehave deploy "
        "MODEL",
        "the first letter of a Git LFS pointer, as pickle in C and in Python name it",
        0.95,
        raised=True,
        tentative=True,
        frames=r"load|pickle|\A\Z",
    ),
    Signature(
        "model-is-pointer",
        ("invalid load key", "<!doctype html", "keyerror: 60"),
        r"invalid load key, '<'|<!DOCTYPE html|^KeyError: 60$",  # 60 is that letter
        "the model file is an HTML page, not the model: a download saved the page about it",
        "download the file itself (its raw address, signed in), then finbehave register PACKAGE and finbehave deploy "
        "MODEL",
        "the first letter of an HTML page, as pickle in C and in Python name it",
        0.93,
        raised=True,
        tentative=True,
        frames=r"load|pickle|\A\Z",
    ),
    Signature(
        "model-corrupt",
        (
            "invalid load key",
            "pickle data was truncated",
            "ran out of input",
            "eoferror",
            "unpicklingerror",
            "unpickling stack",
            "could not find mark",
            "persistent_load",
            "stack_global requires str",
            "pickle exhausted",
            "eof: reading",
        ),
        r"invalid load key, |pickle data was truncated|EOFError: Ran out of input|^EOFError$|UnpicklingError: "
        r"|unpickling stack underflow|STACK_GLOBAL requires str|pickle exhausted before"
        r"|EOF: reading .{1,40}, expected \d+ bytes got \d+",
        "the model file is damaged, cut short, or not a pickle at all",
        "copy it again in binary mode and compare its sha256 with the manifest (finbehave models show MODEL), or "
        "train again; " + CHECK,
        "pickle's own errors; bug reports",
        0.88,
        raised=True,
        tentative=True,
    ),
    Signature(
        "model-corrupt",
        (
            "while decompressing",
            "compressed data ended",
            "compressed file ended",
            "not a gzipped file",
            "crc check failed",
            "lzmaerror",
            "badzipfile",
            "incorrect header check",
            "invalid data stream",
            "input format not supported",
        ),
        r"Error -\d+ while decompressing|Compressed (?:data|file) ended|Not a gzipped file|CRC check failed|LZMAError"
        r"|BadZipFile|incorrect header check|Invalid data stream",
        "the compressed model file is damaged or cut short",
        "copy it again in binary mode and compare its sha256 with the manifest (finbehave models show MODEL), or "
        "train again; " + CHECK,
        "zlib, gzip, bz2 and lzma",
        0.88,
        raised=True,
        tentative=True,
        frames=r"load|joblib|pickle|model|\A\Z",
    ),
    Signature(
        "model-corrupt",
        ("digest", "sha256", "tamperedpackage"),
        r"TamperedPackage|(?:model\.joblib|manifest\.json).{0,80}(?:sha256|digest).{0,60}(?:differ|not match|not that)",
        "a file of the package is not the one its manifest names",
        "finbehave models download MODEL fetches a verified copy; register and deploy that",
        "finbehave's packages",
        0.9,
    ),
    Signature(
        "missing-class",
        ("can't get attribute", "has no attribute"),
        r"Can't get attribute '(?P<name>[^']+)'? on <module '(?P<module>__main__|__mp_main__|main|entry_module)'"
        r"|module '(?P<module2>__main__|__mp_main__)' has no attribute '(?P<name2>[^']+)'",
        "{name} was defined in the notebook or script that trained the model ({module}) and is not in the image",
        "move {name} into a module that ships with the model, import it from there in training, train and save again "
        "with "
        "finbehave train; " + CHECK,
        "pickle stores where a class lives, not the class",
        0.97,
        raised=True,
    ),
    Signature(
        "missing-class",
        ("can't get attribute",),
        r"Can't get attribute '(?P<name>[^']+)'? on <module '(?P<module>[\w.]+)'",
        "{name} is not in the {module} that is in the image",
        "ship the version of {module} that the model was trained with, or train and save again with finbehave train; "
        + CHECK,
        "pickle stores where a class lives, not the class",
        0.9,
        raised=True,
    ),
    Signature(
        "missing-class",
        ("can't get attribute",),
        r"Can't get attribute '(?P<name>\w+)",
        "a class that the model holds is not in the image: {name} (the log is cut before its module)",
        "get the whole log (finbehave logs --tail 2000); a class of __main__ belongs into a module that ships with "
        "the model",
        "pickle stores where a class lives, not the class",
        0.6,
        raised=True,
    ),
)
